//! Preparing and cancelling updates, locks (spec 09 §8.1, §8.8).

use ese_format::error::JetError;
use ese_format::record::{NewValue, RecordFormat};

use crate::btree::LockKind;
use crate::error::Result;
use crate::table::copy_buffer::{CopyBuffer, Original};
use crate::table::{Cursor, LockGrbit, Prepare};
use crate::transaction::Session;

use super::{auto_increment, refused, transact};

impl Cursor {
    /// Begins an update, or cancels the one begun.
    ///
    /// # Errors
    /// `JET_errUpdateNotPrepared` for nothing to cancel, `JET_errAlreadyPrepared`, `JET_errPermissionDenied`,
    /// `JET_errTransReadOnly`, `JET_errNoCurrentRecord`, `JET_errRecordDeleted`, `JET_errNotInTransaction`,
    /// `JET_errWriteConflict`, `JET_errSessionWriteConflict`, `JET_errIllegalOperation`,
    /// `JET_errOutOfAutoincrementValues`. Nothing is prepared then.
    pub fn prepare(&mut self, session: &mut Session, kind: Prepare) -> Result<()> {
        if kind == Prepare::Cancel {
            if self.prepared.is_none() {
                return refused(JetError::UPDATE_NOT_PREPARED, "there is nothing to cancel");
            }
            return self.cancel_update(session);
        }
        if self.prepared.is_some() {
            return refused(JetError::ALREADY_PREPARED, "an update is prepared");
        }
        if kind != Prepare::ReadOnlyCopy {
            self.check_updatable(session)?;
        }
        let update = match kind {
            Prepare::Insert | Prepare::InsertMustSetAutoIncrement => {
                self.refresh_schema(session)?;
                self.new_record(session, kind)?
            }
            _ => self.copy_of_record(session, kind)?,
        };
        self.prepared = Some(update);
        Ok(())
    }

    /// A copy buffer with an empty record, in the memory of the last one.
    fn copy_buffer(&mut self, session: &Session, kind: Prepare) -> Box<CopyBuffer> {
        let when = (session.level(), session.begin0());
        match self.spare.take() {
            Some(mut buffer) => {
                buffer.restart(kind, when, &self.table);
                buffer
            }
            None => Box::new(CopyBuffer::new(kind, when, self.table.clone())),
        }
    }

    fn new_record(&mut self, session: &mut Session, kind: Prepare) -> Result<Box<CopyBuffer>> {
        let mut update = self.copy_buffer(session, kind);
        update.begin_with_defaults();
        if kind == Prepare::Insert {
            self.number_record(session, &mut update)?;
        } else {
            let free = auto_increment::column(&self.table).is_some_and(|column| column.default.is_none());
            if !free {
                return refused(JetError::ILLEGAL_OPERATION, "the table has no autoincrement column to set");
            }
        }
        Ok(update)
    }

    /// Draws the autoincrement value of a new record.
    fn number_record(&self, session: &mut Session, update: &mut CopyBuffer) -> Result<()> {
        if auto_increment::column(&update.table).is_none() {
            return Ok(());
        }
        let table = update.table.clone();
        let Some(column) = auto_increment::column(&table) else { return Ok(()) };
        let value = auto_increment::draw(session, &table, column)?;
        let bytes = value.to_le_bytes();
        let width = auto_increment::width(column).min(bytes.len());
        update.set(column, 1, NewValue::Inline(bytes.get(..width).unwrap_or_default()))
    }

    fn copy_of_record(&mut self, session: &mut Session, kind: Prepare) -> Result<Box<CopyBuffer>> {
        let original = self.with_sight(session, |cursor, session| {
            cursor.on_record(session)?;
            let record = cursor.record_view()?.bytes().to_vec();
            let at = cursor
                .primary
                .position()
                .map(|(page, line)| (page.record_format(), page.number(), line as u32));
            let (format, page, line) =
                at.unwrap_or_else(|| (RecordFormat::of(cursor.table.page_size()), 0, 0));
            Ok(Original { bookmark: cursor.bookmark_bytes()?, image: record, format, page, line })
        })?;
        let in_transaction = session.level() > 0;
        if !in_transaction && matches!(kind, Prepare::InsertCopy | Prepare::ReadOnlyCopy) {
            return refused(JetError::NOT_IN_TRANSACTION, "a copy wants a transaction");
        }
        let mut update = self.copy_buffer(session, kind);
        update.begin_with(&original)?;
        let replaces = matches!(kind, Prepare::Replace | Prepare::ReplaceNoLock);
        let locks = matches!(
            kind,
            Prepare::Replace | Prepare::InsertCopyDeleteOriginal | Prepare::InsertCopyReplaceOriginal
        );
        if replaces {
            self.claim(&original.bookmark)?;
        }
        let begun = self.begin_copy(session, &mut update, &original, locks && in_transaction);
        if begun.is_err() && replaces {
            self.unclaim(&original.bookmark);
        }
        begun?;
        update.original = Some(original);
        Ok(update)
    }

    fn begin_copy(
        &mut self,
        session: &mut Session,
        update: &mut CopyBuffer,
        original: &Original,
        lock: bool,
    ) -> Result<()> {
        if lock {
            self.table.primary().expect_at(original.page, original.line);
            self.table.primary().lock(session, &original.bookmark, &[], LockKind::Write)?;
        }
        if update.kind == Prepare::InsertCopy {
            self.share_long_values(session, update)?;
        }
        if update.is_insert() {
            let table = update.table.clone();
            if update.kind != Prepare::InsertCopyReplaceOriginal {
                self.number_record(session, update)?;
            }
            if let Some(version) = table.special_columns().version
                && let Some(column) = table.schema().layout().column(version)
            {
                update.set(column, 1, NewValue::Null)?;
            }
            update.changed.clear();
        }
        Ok(())
    }

    /// The copy refers to the long values of its original.
    fn share_long_values(&mut self, session: &mut Session, update: &mut CopyBuffer) -> Result<()> {
        let ids: Vec<_> = update.record().separated_values().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let store = self.table.existing_long_values()?;
        transact(session, |session| ids.iter().try_for_each(|id| store.add_reference(session, *id)))?;
        update.referenced = ids;
        Ok(())
    }

    /// Two cursors of one session may not replace one record at a time (spec 09 §5.5).
    fn claim(&self, bookmark: &[u8]) -> Result<()> {
        if self.table.state().prepared.lock().insert((self.procid, bookmark.to_vec())) {
            return Ok(());
        }
        refused(JetError::SESSION_WRITE_CONFLICT, "another cursor of the session replaces this record")
    }

    fn unclaim(&self, bookmark: &[u8]) {
        self.table.state().prepared.lock().remove(&(self.procid, bookmark.to_vec()));
    }

    /// Drops the copy buffer.
    pub(super) fn forget_update(&mut self) {
        let Some(update) = self.prepared.take() else { return };
        if matches!(update.kind, Prepare::Replace | Prepare::ReplaceNoLock)
            && let Some(original) = &update.original
        {
            self.unclaim(&original.bookmark);
        }
        self.spare = Some(update);
    }

    /// Drops the copy buffer, if there is one, and what it counted.
    pub(super) fn cancel_update(&mut self, session: &mut Session) -> Result<()> {
        let Some(update) = &mut self.prepared else { return Ok(()) };
        let ids = std::mem::take(&mut update.referenced);
        self.forget_update();
        if ids.is_empty() || session.level() == 0 {
            return Ok(());
        }
        let store = self.table.existing_long_values()?;
        transact(session, |session| ids.iter().try_for_each(|id| store.release(session, *id)))
    }

    /// Locks the current record, or the place of the search key in the current index, until the transaction ends.
    ///
    /// # Errors
    /// `JET_errNotInTransaction`, `JET_errInvalidGrbit` for not exactly one kind, `JET_errPermissionDenied` and
    /// `JET_errTransReadOnly` for a write lock, `JET_errKeyNotMade`, `JET_errNoCurrentRecord`, `JET_errRecordDeleted`,
    /// `JET_errWriteConflict`.
    pub fn get_lock(&mut self, session: &mut Session, grbit: LockGrbit) -> Result<()> {
        if session.level() == 0 {
            return refused(JetError::NOT_IN_TRANSACTION, "a lock wants a transaction");
        }
        let kind = match (grbit.contains(LockGrbit::READ), grbit.contains(LockGrbit::WRITE)) {
            (true, false) => LockKind::Read,
            (false, true) => LockKind::Write,
            _ => return refused(JetError::INVALID_GRBIT, "a lock is one for reading or one for writing"),
        };
        if kind == LockKind::Write {
            self.check_updatable(session)?;
        }
        if grbit.contains(LockGrbit::KEY) {
            let key = self.search.usable_key()?.to_vec();
            let tree = match &self.secondary {
                Some(order) => self.table.index_at(order.place)?.1,
                None => self.table.primary(),
            };
            let absent = [JetError::RECORD_NOT_FOUND, JetError::RECORD_DELETED, JetError::NO_CURRENT_RECORD];
            // Where no entry has the key there is nothing that others could change.
            return match tree.lock(session, &key, &[], kind) {
                Err(error) if absent.contains(&error.jet()) => Ok(()),
                locked => locked,
            };
        }
        let bookmark = self.with_sight(session, |cursor, session| {
            cursor.on_record(session)?;
            cursor.bookmark_bytes()
        })?;
        self.table.primary().lock(session, &bookmark, &[], kind)
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        self.forget_update();
    }
}
