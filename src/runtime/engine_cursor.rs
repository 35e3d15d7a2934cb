//! What is behind a cursor's handle: a cursor over a table of a database, or over a temporary table.
//!
//! Temporary tables say which calls they take in which phase (spec 09 §12); every call names itself, and those on
//! ordinary tables pass.

use ese_engine::btree::Bookmark;
use ese_engine::catalog::TableHold;
use ese_engine::table::{
    AfterRollback, BookmarkGrbit, Completion, Cursor, IndexStart, MoveGrbit, PreparedChange, SeekGrbit,
    UpdateGrbit,
};
use ese_engine::temp::{TemporaryCall, TemporaryTable};
use ese_engine::transaction::Session;
use ese_format::catalog::TableDefinition;
use ese_format::error::JetError;

/// A cursor of the engine.
#[derive(Debug)]
pub struct EngineCursor {
    kind: CursorKind,
    /// What JetSetLS put there.
    pub local_storage: Option<usize>,
}

#[derive(Debug)]
enum CursorKind {
    Table { cursor: Box<Cursor>, hold: TableHold },
    Temporary(Box<TemporaryTable>),
}

/// What an update left for the caller: the bookmark, and whether a record was inserted.
pub struct UpdateOutcome {
    /// The bookmark; empty where there is none.
    pub bookmark: Vec<u8>,
    /// Whether a record was inserted.
    pub inserted: bool,
}

impl EngineCursor {
    /// A cursor over a table of a database.
    #[must_use]
    pub fn over_table(cursor: Cursor, hold: TableHold) -> Self {
        Self { kind: CursorKind::Table { cursor: Box::new(cursor), hold }, local_storage: None }
    }

    /// A cursor over a temporary table.
    #[must_use]
    pub fn over_temporary(table: TemporaryTable) -> Self {
        Self { kind: CursorKind::Temporary(Box::new(table)), local_storage: None }
    }

    /// The definition of its table; none for a temporary one.
    #[must_use]
    pub fn definition(&self) -> Option<&TableDefinition> {
        match &self.kind {
            CursorKind::Table { cursor, .. } => Some(cursor.table().schema().definition()),
            CursorKind::Temporary(_) => None,
        }
    }

    /// What JetUpdate would do now; `None` where nothing is prepared that changes the table.
    #[must_use]
    pub fn prepared_change(&self) -> Option<PreparedChange> {
        match &self.kind {
            CursorKind::Table { cursor, .. } => cursor.prepared_change(),
            CursorKind::Temporary(_) => None,
        }
    }

    /// Whether a callback before a delete is worth calling: the cursor may change the table and is on a record.
    ///
    /// # Errors
    /// Those the delete would end with.
    pub fn check_deletable(&mut self, session: &mut Session) -> Result<(), JetError> {
        match &mut self.kind {
            CursorKind::Table { cursor, .. } => Ok(cursor.check_deletable(session)?),
            CursorKind::Temporary(_) => Ok(()),
        }
    }

    /// The hold on its table; none for a temporary one.
    #[must_use]
    pub fn hold(&self) -> Option<&TableHold> {
        match &self.kind {
            CursorKind::Table { hold, .. } => Some(hold),
            CursorKind::Temporary(_) => None,
        }
    }

    /// The temporary table.
    pub fn temporary(&mut self) -> Option<&mut TemporaryTable> {
        match &mut self.kind {
            CursorKind::Table { .. } => None,
            CursorKind::Temporary(table) => Some(table),
        }
    }

    /// The engine's cursor for a call, which a temporary table may refuse.
    ///
    /// # Errors
    /// Those of the table's phase.
    pub fn admit(&mut self, session: &mut Session, call: TemporaryCall) -> Result<&mut Cursor, JetError> {
        match &mut self.kind {
            CursorKind::Table { cursor, .. } => Ok(cursor),
            CursorKind::Temporary(table) => {
                table.admit(session, call)?;
                Ok(table.cursor())
            }
        }
    }

    /// The engine's cursor, for calls that are allowed at any time.
    pub fn cursor(&mut self) -> &mut Cursor {
        match &mut self.kind {
            CursorKind::Table { cursor, .. } => cursor,
            CursorKind::Temporary(table) => table.cursor(),
        }
    }

    /// The cursor over a table of a database and its hold on it.
    ///
    /// # Errors
    /// `otherwise` for a temporary table.
    pub fn over_database(&mut self, otherwise: JetError) -> Result<(&mut Cursor, &TableHold), JetError> {
        match &mut self.kind {
            CursorKind::Table { cursor, hold } => Ok((cursor, hold)),
            CursorKind::Temporary(_) => Err(otherwise),
        }
    }

    /// JetMove by a number of rows.
    ///
    /// # Errors
    /// Those of the move.
    pub fn move_by(&mut self, session: &mut Session, rows: i32, grbit: MoveGrbit) -> Result<(), JetError> {
        match &mut self.kind {
            CursorKind::Table { cursor, .. } => Ok(cursor.move_by(session, rows, grbit)?),
            CursorKind::Temporary(table) => Ok(table.move_by(session, rows, grbit)?),
        }
    }

    /// JetMove to the first row.
    ///
    /// # Errors
    /// Those of the move.
    pub fn move_first(&mut self, session: &mut Session) -> Result<(), JetError> {
        match &mut self.kind {
            CursorKind::Table { cursor, .. } => Ok(cursor.move_first(session)?),
            CursorKind::Temporary(table) => Ok(table.move_first(session)?),
        }
    }

    /// JetMove to the last row.
    ///
    /// # Errors
    /// Those of the move.
    pub fn move_last(&mut self, session: &mut Session) -> Result<(), JetError> {
        match &mut self.kind {
            CursorKind::Table { cursor, .. } => Ok(cursor.move_last(session)?),
            CursorKind::Temporary(table) => Ok(table.move_last(session)?),
        }
    }

    /// JetSeek.
    ///
    /// # Errors
    /// Those of the seek.
    pub fn seek(&mut self, session: &mut Session, grbit: SeekGrbit) -> Result<Completion, JetError> {
        match &mut self.kind {
            CursorKind::Table { cursor, .. } => Ok(cursor.seek(session, grbit)?),
            CursorKind::Temporary(table) => Ok(table.seek(session, grbit)?),
        }
    }

    /// JetUpdate.
    ///
    /// # Errors
    /// Those of the update.
    pub fn update(
        &mut self,
        session: &mut Session,
        room: Option<usize>,
        grbit: UpdateGrbit,
    ) -> Result<UpdateOutcome, JetError> {
        let updated = match &mut self.kind {
            CursorKind::Table { cursor, .. } => Some(cursor.update(session, room, grbit)?),
            CursorKind::Temporary(table) => table.update(session, room, grbit)?,
        };
        Ok(match updated {
            Some(updated) => UpdateOutcome { bookmark: updated.bookmark, inserted: updated.inserted },
            None => UpdateOutcome { bookmark: Vec::new(), inserted: true },
        })
    }

    /// JetGetBookmark.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord`.
    pub fn bookmark(&mut self, session: &mut Session) -> Result<Vec<u8>, JetError> {
        match &mut self.kind {
            CursorKind::Table { cursor, .. } => Ok(cursor.bookmark()?),
            CursorKind::Temporary(table) => Ok(table.bookmark(session)?),
        }
    }

    /// JetGotoBookmark.
    ///
    /// # Errors
    /// Those of going there.
    pub fn go_to_bookmark(&mut self, session: &mut Session, bookmark: &[u8]) -> Result<(), JetError> {
        match &mut self.kind {
            CursorKind::Table { cursor, .. } => Ok(cursor.go_to_bookmark(session, bookmark)?),
            CursorKind::Temporary(table) => Ok(table.go_to_bookmark(session, bookmark)?),
        }
    }

    /// JetGotoSecondaryIndexBookmark.
    ///
    /// # Errors
    /// Those of going there.
    pub fn go_to_secondary_bookmark(
        &mut self,
        session: &mut Session,
        place: &Bookmark,
        grbit: BookmarkGrbit,
    ) -> Result<(), JetError> {
        let cursor = self.admit(session, TemporaryCall::Other)?;
        Ok(cursor.go_to_secondary_bookmark(session, place, grbit)?)
    }

    /// JetSetCurrentIndex.
    ///
    /// # Errors
    /// `JET_errIndexNotFound`, those of placing the cursor.
    pub fn set_current_index(
        &mut self,
        session: &mut Session,
        name: &[u8],
        start: IndexStart,
    ) -> Result<(), JetError> {
        let (cursor, hold) = self.over_database(JetError::ILLEGAL_OPERATION)?;
        let result = cursor.set_current_index(session, name, start);
        note_current_index(cursor, hold);
        Ok(result?)
    }

    /// JetDupCursor.
    ///
    /// # Errors
    /// `JET_errIllegalOperation` for a sort.
    pub fn duplicate(&mut self, session: &mut Session) -> Result<Self, JetError> {
        Ok(match &mut self.kind {
            CursorKind::Table { cursor, hold } => {
                Self::over_table(cursor.duplicate(session), hold.duplicate())
            }
            CursorKind::Temporary(table) => Self::over_temporary(table.duplicate(session)?),
        })
    }

    /// Whether the session may not commit its outermost level while the cursor is as it is (spec 09 §5.2).
    #[must_use]
    pub fn blocks_commit(&self) -> bool {
        match &self.kind {
            CursorKind::Table { cursor, .. } => cursor.blocks_commit(),
            CursorKind::Temporary(_) => false,
        }
    }

    /// A level was committed; the session is at `level` now.
    pub fn after_commit(&mut self, level: u8) {
        self.cursor().after_commit(level);
    }

    /// A level was rolled back; the session is at `level` now.
    pub fn after_rollback(&mut self, session: &mut Session, level: u8) -> AfterRollback {
        let after = self.cursor().after_rollback(session, level);
        if let CursorKind::Table { cursor, hold } = &self.kind {
            note_current_index(cursor, hold);
        }
        after
    }

    /// It is closed.
    ///
    /// # Errors
    /// Those of cancelling what it prepared.
    pub fn close(self, session: &mut Session) -> Result<(), JetError> {
        match self.kind {
            CursorKind::Table { cursor, .. } => Ok(cursor.close(session)?),
            CursorKind::Temporary(table) => Ok(table.close(session)?),
        }
    }
}

/// Tells the table which secondary index the cursor follows, so that nobody deletes it.
fn note_current_index(cursor: &Cursor, hold: &TableHold) {
    let primary = cursor.table().schema().definition().objid;
    let current = cursor.current_index().map(|index| index.objid).filter(|objid| *objid != primary);
    hold.set_current_index(current);
}
