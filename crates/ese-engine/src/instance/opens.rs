//! Which sessions have an attached database open, and how often (spec 09 §4.4).
//!
//! Invariant: while one session holds it exclusively, no other has it open.

use std::collections::BTreeMap;

use ese_format::error::JetError;

use crate::error::{Error, Result};

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Others may open it too.
    Shared,
    /// Nobody has it open yet, and nobody else may open it (JET_bitDbExclusive).
    Exclusive,
}

/// What a close left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterClose {
    /// The session still has it open.
    StillOpen,
    /// It was the session's last: its cursors on the database close with it.
    Closed,
}

/// The opens of one database.
#[derive(Debug, Default)]
pub(super) struct Opens {
    by_session: BTreeMap<u64, u32>,
    exclusive: Option<u64>,
}

impl Opens {
    pub(super) fn open(&mut self, session: u64, mode: OpenMode) -> Result<()> {
        if self.exclusive.is_some_and(|holder| holder != session) {
            return Err(Error::refused(JetError::DATABASE_LOCKED, "another session has it exclusively"));
        }
        if mode == OpenMode::Exclusive {
            if !self.by_session.is_empty() {
                return Err(Error::refused(JetError::DATABASE_IN_USE, "it is open already"));
            }
            self.exclusive = Some(session);
        }
        *self.by_session.entry(session).or_default() += 1;
        Ok(())
    }

    pub(super) fn close(&mut self, session: u64) -> Result<AfterClose> {
        let Some(count) = self.by_session.get_mut(&session) else {
            return Err(Error::refused(JetError::INVALID_DATABASE_ID, "the session does not have it open"));
        };
        *count -= 1;
        let closed = *count == 0;
        if closed {
            self.by_session.remove(&session);
        }
        if self.exclusive == Some(session) {
            self.exclusive = None;
        }
        Ok(if closed { AfterClose::Closed } else { AfterClose::StillOpen })
    }

    pub(super) fn close_all(&mut self, session: u64) {
        self.by_session.remove(&session);
        if self.exclusive == Some(session) {
            self.exclusive = None;
        }
    }

    pub(super) fn count(&self, session: u64) -> u32 {
        self.by_session.get(&session).copied().unwrap_or_default()
    }

    pub(super) fn is_exclusive_of(&self, session: u64) -> bool {
        self.exclusive == Some(session)
    }

    pub(super) fn is_open(&self) -> bool {
        !self.by_session.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(outcome: Result<T>) -> Option<JetError> {
        outcome.err().map(|error| error.jet())
    }

    #[test]
    fn every_open_needs_its_close() {
        let mut opens = Opens::default();
        opens.open(1, OpenMode::Shared).unwrap();
        opens.open(1, OpenMode::Shared).unwrap();
        opens.open(2, OpenMode::Shared).unwrap();
        assert_eq!(opens.count(1), 2);
        assert_eq!(opens.close(1).unwrap(), AfterClose::StillOpen);
        assert_eq!(opens.close(1).unwrap(), AfterClose::Closed);
        assert_eq!(code(opens.close(1)), Some(JetError::INVALID_DATABASE_ID));
        assert!(opens.is_open());
        opens.close_all(2);
        assert!(!opens.is_open());
    }

    #[test]
    fn an_exclusive_open_keeps_others_out_until_its_first_close() {
        let mut opens = Opens::default();
        opens.open(1, OpenMode::Shared).unwrap();
        assert_eq!(code(opens.open(1, OpenMode::Exclusive)), Some(JetError::DATABASE_IN_USE));
        opens.close(1).unwrap();
        opens.open(1, OpenMode::Exclusive).unwrap();
        opens.open(1, OpenMode::Shared).unwrap();
        assert_eq!(code(opens.open(2, OpenMode::Shared)), Some(JetError::DATABASE_LOCKED));
        assert_eq!(code(opens.open(1, OpenMode::Exclusive)), Some(JetError::DATABASE_IN_USE));
        opens.close(1).unwrap();
        opens.open(2, OpenMode::Shared).unwrap();
    }
}
