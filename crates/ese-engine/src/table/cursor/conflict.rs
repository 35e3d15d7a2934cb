//! Whether somebody else is changing the current record: the question of JetGetCursorInfo (spec 09 §11.2).

use ese_format::error::JetError;

use crate::error::Result;
use crate::table::Cursor;
use crate::transaction::Session;

use super::{Currency, refused};

impl Cursor {
    /// Checks that no other session has changed the current record without having committed it.
    ///
    /// # Errors
    /// `JET_errWriteConflict` when one has, `JET_errNoCurrentRecord`, `JET_errRecordDeleted`.
    pub fn check_conflict(&mut self, session: &mut Session) -> Result<()> {
        if self.currency == Currency::DeferredFirst {
            return refused(JetError::NO_CURRENT_RECORD, "the move to the first record is still to be made");
        }
        let bookmark = self.with_sight(session, |cursor, session| {
            cursor.on_record(session)?;
            cursor.bookmark_bytes()
        })?;
        if session.is_changed_by_another(self.table.primary(), &bookmark) {
            return refused(JetError::WRITE_CONFLICT, "another session is changing the record");
        }
        Ok(())
    }
}
