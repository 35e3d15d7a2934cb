//! Where in its order a cursor is, as a fraction, and going to such a place (spec 09 §7.7).

use ese_format::error::JetError;

use crate::btree::{Fraction, SeekOutcome};
use crate::error::Result;
use crate::table::Cursor;
use crate::transaction::Session;

use super::{Currency, refused};

/// A place in an index, as JET_RECPOS says it: an estimate, of which only `below` in proportion to `total` means
/// something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordPosition {
    /// Entries before it.
    pub below: u64,
    /// Entries at it.
    pub here: u64,
    /// Entries.
    pub total: u64,
}

impl Cursor {
    /// Where the current entry is.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord`, `JET_errFilteredMoveNotSupported` with a filter, those of the trees.
    pub fn record_position(&mut self, session: &mut Session) -> Result<RecordPosition> {
        if self.filter.is_some() {
            return refused(JetError::FILTERED_MOVE_NOT_SUPPORTED, "a position with a filter");
        }
        self.with_sight(session, |cursor, session| {
            cursor.resolve_deferred(session)?;
            let place = match cursor.currency {
                Currency::OnEntry => cursor.entries_ref().bookmark()?.unwrap_or_default(),
                Currency::OnVirtual => cursor.virtual_place.clone(),
                _ => return refused(JetError::NO_CURRENT_RECORD, "the cursor is on no entry"),
            };
            let Fraction { below, total } = cursor.entries_ref().tree().estimate(&place.key, &place.data)?;
            Ok(RecordPosition { below, here: 1, total })
        })
    }

    /// Goes to an entry at about this fraction of the index; nothing of nothing is the first. A prepared update is
    /// cancelled, the index range and the search key go.
    ///
    /// # Errors
    /// `JET_errInvalidParameter` for more than all, `JET_errFilteredMoveNotSupported` with a filter,
    /// `JET_errRecordNotFound` in an empty index, those of the trees.
    pub fn go_to_position(&mut self, session: &mut Session, below: u64, total: u64) -> Result<()> {
        if self.filter.is_some() {
            return refused(JetError::FILTERED_MOVE_NOT_SUPPORTED, "a position with a filter");
        }
        if below > total {
            return refused(JetError::INVALID_PARAMETER, "more than all entries lie before the place");
        }
        self.cancel_update(session)?;
        self.range = None;
        self.search.use_up();
        self.with_sight(session, |cursor, session| {
            let near = cursor.entries_ref().tree().bookmark_near(Fraction { below, total })?;
            let found = match near {
                Some(place) => {
                    let entries = cursor.entries();
                    entries.seek(&place.key, &place.data)? != SeekOutcome::Nothing || entries.move_last()?
                }
                None => false,
            };
            if found {
                return cursor.arrived(session);
            }
            cursor.left(session, Currency::BeforeFirst);
            refused(JetError::RECORD_NOT_FOUND, "the index is empty")
        })
    }
}
