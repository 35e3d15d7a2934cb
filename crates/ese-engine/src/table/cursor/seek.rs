//! JetSeek (spec 09 §7.2).

use ese_format::error::JetError;
use ese_format::node::KeyRef;

use crate::btree::{Bookmark, SeekOutcome};
use crate::error::Result;
use crate::table::{Completion, Cursor, RangeGrbit, SeekGrbit};
use crate::transaction::Session;

use super::navigate::Direction;
use super::{Currency, refused};

const DIRECTIONS: SeekGrbit =
    SeekGrbit::EQ.union(SeekGrbit::LT).union(SeekGrbit::LE).union(SeekGrbit::GE).union(SeekGrbit::GT);

impl Cursor {
    /// Goes to an entry by the search key, which is used up. A prepared update is cancelled and an index range removed
    /// once there are a key and a direction.
    ///
    /// # Errors
    /// `JET_errInvalidParameter` without a direction, `JET_errKeyNotMade`, `JET_errInvalidGrbit` with several directions,
    /// `JET_errRecordNotFound` (the table of spec 09 §7.2 says where the cursor then is); those of the trees, which leave
    /// it before the first.
    pub fn seek(&mut self, session: &mut Session, grbit: SeekGrbit) -> Result<Completion> {
        let direction = grbit.intersection(DIRECTIONS);
        if direction.is_empty() {
            return refused(JetError::INVALID_PARAMETER, "a seek says which way");
        }
        self.search.usable_key()?;
        if direction.bits().count_ones() > 1 {
            return refused(JetError::INVALID_GRBIT, "a seek goes one way");
        }
        self.cancel_update(session)?;
        session.check_read()?;
        self.range = None;
        // Nothing on the way looks at the search key, and the cursor may be lent while the key is.
        let mut search = std::mem::take(&mut self.search);
        let result = search.usable_key().and_then(|key| self.seek_in_sight(session, key, direction, grbit));
        search.use_up();
        self.search = search;
        result
    }

    fn seek_in_sight(
        &mut self,
        session: &mut Session,
        key: &[u8],
        direction: SeekGrbit,
        grbit: SeekGrbit,
    ) -> Result<Completion> {
        self.with_sight(session, |cursor, session| {
            let sought = cursor.seek_key(session, key, direction);
            let failed = sought.as_ref().err().map(crate::error::Error::jet);
            if failed.is_some_and(|jet| jet != JetError::RECORD_NOT_FOUND) {
                cursor.left(session, Currency::BeforeFirst);
            }
            match sought? {
                Completion::Success if direction == SeekGrbit::EQ => cursor.after_equal(session, key, grbit),
                completion => Ok(completion),
            }
        })
    }

    fn seek_key(&mut self, session: &Session, key: &[u8], direction: SeekGrbit) -> Result<Completion> {
        let sees_all = self.secondary.is_none() && self.filter.is_none();
        if direction == SeekGrbit::EQ && sees_all && self.primary.seek_at_once(key) {
            self.arrived(session)?;
            return Ok(Completion::Success);
        }
        let outcome = self.entries().seek(key, &[])?;
        if direction == SeekGrbit::EQ {
            if outcome == SeekOutcome::Equal {
                self.arrived(session)?;
                if self.passes_filter()? {
                    return Ok(Completion::Success);
                }
            }
            self.left(session, Currency::OnVirtual);
            self.virtual_place = Bookmark { key: key.to_vec(), data: Vec::new() };
            return refused(JetError::RECORD_NOT_FOUND, "no entry has this key");
        }
        let towards = if direction.intersects(SeekGrbit::GE | SeekGrbit::GT) {
            Direction::Forward
        } else {
            Direction::Backward
        };
        let found = match (outcome, direction) {
            (SeekOutcome::Equal, SeekGrbit::GE | SeekGrbit::LE) => true,
            (SeekOutcome::Equal, SeekGrbit::GT) => self.pass_equal(key)?,
            (SeekOutcome::Greater, SeekGrbit::GE | SeekGrbit::GT) => true,
            (_, SeekGrbit::LE | SeekGrbit::LT) => self.entries().move_previous()?,
            _ => false,
        };
        let found = found && {
            self.arrived(session)?;
            self.passes_filter()? || self.step(session, towards)?
        };
        if !found {
            self.left(
                session,
                match towards {
                    Direction::Forward => Currency::AfterLast,
                    Direction::Backward => Currency::BeforeFirst,
                },
            );
            return refused(JetError::RECORD_NOT_FOUND, "no entry lies beyond this key");
        }
        let equal = self.entries_ref().node()?.is_some_and(|node| node.key() == KeyRef::from(key));
        let asked_for_equal = direction.intersects(SeekGrbit::GE | SeekGrbit::LE);
        Ok(match (asked_for_equal, equal) {
            (true, false) => Completion::Warning(JetError::WRN_SEEK_NOT_EQUAL),
            _ => Completion::Success,
        })
    }

    /// From the first entry with a key to the first behind them. False when there is none.
    fn pass_equal(&mut self, key: &[u8]) -> Result<bool> {
        loop {
            if !self.entries().move_next()? {
                return Ok(false);
            }
            let same = self.entries_ref().node()?.is_some_and(|node| node.key() == KeyRef::from(key));
            if !same {
                return Ok(true);
            }
        }
    }

    /// The extra bits of a seek for an equal key, on the entry it found.
    fn after_equal(&mut self, session: &mut Session, key: &[u8], grbit: SeekGrbit) -> Result<Completion> {
        if grbit.contains(SeekGrbit::CHECK_UNIQUENESS) && self.is_only_entry(session, key)? {
            return Ok(Completion::Warning(JetError::WRN_UNIQUE_KEY));
        }
        if grbit.contains(SeekGrbit::SET_INDEX_RANGE) {
            let limits = RangeGrbit::INCLUSIVE | RangeGrbit::UPPER_LIMIT;
            self.limit_moves(session, key.to_vec(), limits)?;
        }
        Ok(Completion::Success)
    }

    fn is_only_entry(&mut self, session: &Session, key: &[u8]) -> Result<bool> {
        let tree = self.entries_ref().tree().clone();
        if !tree.has_duplicate_keys() {
            return Ok(true);
        }
        let mut walker = crate::table::seen::cursor_over(&tree, Self::sight(session));
        if walker.seek(key, &[])? != SeekOutcome::Equal || !walker.move_next()? {
            return Ok(true);
        }
        Ok(walker.node()?.is_none_or(|node| node.key() != KeyRef::from(key)))
    }
}
