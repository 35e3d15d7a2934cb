//! A temporary table and its cursor.

use std::sync::Arc;

use ese_format::column_type::ColumnId;
use ese_format::error::JetError;

use crate::btree::Versioning;
use crate::error::{Error, Result};
use crate::table::{
    Completion, Cursor, CursorMode, MoveGrbit, OpenTable, SchemaSource, SeekGrbit, UpdateGrbit, Updated,
};
use crate::temp::call::{Phase, Reach, TemporaryCall, check};
use crate::temp::keeper::{TemporaryTables, TemporaryTree};
use crate::temp::request::{Keyed, Kind, NewTemporaryTable, Planned, TemporaryGrbit};
use crate::transaction::Session;

/// Bytes of a bookmark in a sort.
const SORT_BOOKMARK_BYTES: usize = 4;

/// A cursor over a temporary table.
#[derive(Debug)]
pub struct TemporaryTable {
    keeper: Arc<TemporaryTables>,
    tree: Arc<TemporaryTree>,
    planned: Arc<Planned>,
    phase: Phase,
    cursor: Cursor,
    rows: u32,
    /// Bookmarks given out in a sort, which are numbers to the caller.
    bookmarks: Vec<Vec<u8>>,
}

impl TemporaryTable {
    /// Opens a temporary table (spec 09 §12.1).
    ///
    /// # Errors
    /// `JET_errTooManySorts`, `JET_errCannotMaterializeForwardOnlySort`, `JET_errInvalidParameter`,
    /// `JET_errInvalidCodePage`, `JET_errInvalidColumnType`, `JET_errRecordTooBig`, `JET_errTooManyColumns`,
    /// `JET_errUnicodeNormalizationNotSupported` for a key of UTF-16 text, those of space.
    pub fn open(
        keeper: &Arc<TemporaryTables>,
        session: &mut Session,
        new: &NewTemporaryTable<'_>,
    ) -> Result<Self> {
        let planned = Arc::new(new.plan(keeper.map().file().page_size(), keeper.version())?);
        let keyed = if planned.is_keyed() { Keyed::Yes } else { Keyed::No };
        let (tree, schema) = keeper.create(session, &planned, keyed, None)?;
        let source: Arc<dyn SchemaSource> = Arc::clone(keeper) as Arc<dyn SchemaSource>;
        let cursor = Cursor::open(session, keeper.map(), source, schema, CursorMode::Updatable)?;
        let phase = match planned.kind {
            Kind::Sort => Phase::Inserting,
            Kind::Materialized => Phase::Materialized,
        };
        Ok(Self { keeper: Arc::clone(keeper), tree, planned, phase, cursor, rows: 0, bookmarks: Vec::new() })
    }

    /// The ids of the columns, in the order of the request.
    #[must_use]
    pub fn column_ids(&self) -> &[ColumnId] {
        &self.planned.ids
    }

    /// The cursor, for a call that [`Self::admit`] let through.
    pub fn cursor(&mut self) -> &mut Cursor {
        &mut self.cursor
    }

    /// Whether rows still go in before any is read.
    #[must_use]
    pub fn is_inserting(&self) -> bool {
        self.phase == Phase::Inserting
    }

    /// Rows inserted, for JetGetTableInfo level 0.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Says whether a call is allowed now, and ends the insert phase for one that reads: to be called first for every call
    /// on the table but closing it. Moves, seeks, updates and bookmarks then go through the table, all else to the cursor.
    ///
    /// # Errors
    /// `JET_errIllegalOperation`, `JET_errInvalidOperation`, `JET_errNoCurrentRecord`, and those of sorting.
    pub fn admit(&mut self, session: &mut Session, call: TemporaryCall) -> Result<()> {
        check(self.phase, call)?;
        if self.phase == Phase::Inserting && matches!(call, TemporaryCall::MoveForward | TemporaryCall::Seek)
        {
            self.begin_reading(session)?;
            if call == TemporaryCall::Seek {
                check(self.phase, call)?;
            }
        }
        Ok(())
    }

    /// JetMove by a number of rows.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord`, those of [`Self::admit`].
    pub fn move_by(&mut self, session: &mut Session, rows: i32, grbit: MoveGrbit) -> Result<()> {
        let call = if rows < 0 { TemporaryCall::MoveBackward } else { TemporaryCall::MoveForward };
        let first = self.phase == Phase::Inserting;
        self.admit(session, call)?;
        if first && rows == 0 {
            return self.cursor.move_first(session);
        }
        self.cursor.move_by(session, rows, grbit)
    }

    /// JetMove to the first row.
    ///
    /// # Errors
    /// As [`Self::move_by`].
    pub fn move_first(&mut self, session: &mut Session) -> Result<()> {
        self.admit(session, TemporaryCall::MoveForward)?;
        self.cursor.move_first(session)
    }

    /// JetMove to the last row.
    ///
    /// # Errors
    /// As [`Self::move_by`].
    pub fn move_last(&mut self, session: &mut Session) -> Result<()> {
        self.admit(session, TemporaryCall::MoveForward)?;
        self.cursor.move_last(session)
    }

    /// JetSeek. In a sort, a row beside the key sought is as good as one with it.
    ///
    /// # Errors
    /// `JET_errRecordNotFound`, those of [`Self::admit`] and of the cursor.
    pub fn seek(&mut self, session: &mut Session, grbit: SeekGrbit) -> Result<Completion> {
        self.admit(session, TemporaryCall::Seek)?;
        let completion = self.cursor.seek(session, grbit)?;
        let beside = completion.warning() == Some(JetError::WRN_SEEK_NOT_EQUAL);
        let sort = matches!(self.phase, Phase::Reading(_));
        Ok(if beside && sort { Completion::Success } else { completion })
    }

    /// JetUpdate. In a sort, a row whose key is there already counts as inserted and is forgotten; no bookmark comes back.
    ///
    /// # Errors
    /// Those of [`Self::admit`] and of the cursor.
    pub fn update(
        &mut self,
        session: &mut Session,
        room: Option<usize>,
        grbit: UpdateGrbit,
    ) -> Result<Option<Updated>> {
        self.admit(session, TemporaryCall::Update)?;
        if self.phase != Phase::Inserting {
            return self.cursor.update(session, room, grbit).map(Some);
        }
        match self.cursor.update(session, None, grbit | UpdateGrbit::NO_VERSION) {
            Ok(_) => {}
            Err(error) if error.jet() == JetError::KEY_DUPLICATE => {
                self.cursor.prepare(session, crate::table::Prepare::Cancel)?;
            }
            Err(error) => return Err(error),
        }
        self.rows = self.rows.saturating_add(1);
        Ok(None)
    }

    /// JetGetBookmark: four bytes in a sort.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord`, those of [`Self::admit`].
    pub fn bookmark(&mut self, session: &mut Session) -> Result<Vec<u8>> {
        self.admit(session, TemporaryCall::Bookmark)?;
        let bookmark = self.cursor.bookmark()?;
        if self.phase == Phase::Materialized {
            return Ok(bookmark);
        }
        let known = self.bookmarks.iter().position(|known| *known == bookmark);
        let place = known.unwrap_or_else(|| {
            self.bookmarks.push(bookmark);
            self.bookmarks.len() - 1
        });
        Ok(u32::try_from(place).unwrap_or(u32::MAX).to_le_bytes().to_vec())
    }

    /// JetGotoBookmark.
    ///
    /// # Errors
    /// `JET_errInvalidBookmark`, those of [`Self::admit`] and of the cursor.
    pub fn go_to_bookmark(&mut self, session: &mut Session, bookmark: &[u8]) -> Result<()> {
        self.admit(session, TemporaryCall::Bookmark)?;
        if self.phase == Phase::Materialized {
            return self.cursor.go_to_bookmark(session, bookmark);
        }
        let place: Option<[u8; SORT_BOOKMARK_BYTES]> = bookmark.try_into().ok();
        let place = place.and_then(|place| usize::try_from(u32::from_le_bytes(place)).ok());
        match place.and_then(|place| self.bookmarks.get(place)) {
            Some(bookmark) => self.cursor.go_to_bookmark(session, bookmark),
            None => Err(Error::refused(JetError::INVALID_BOOKMARK, "bookmark of a sort")),
        }
    }

    /// JetDupCursor: a cursor on the first row.
    ///
    /// # Errors
    /// Those of [`Self::admit`].
    pub fn duplicate(&mut self, session: &mut Session) -> Result<Self> {
        self.admit(session, TemporaryCall::Duplicate)?;
        Ok(Self {
            keeper: Arc::clone(&self.keeper),
            tree: Arc::clone(&self.tree),
            planned: Arc::clone(&self.planned),
            phase: self.phase,
            cursor: self.cursor.duplicate(session),
            rows: self.rows,
            bookmarks: Vec::new(),
        })
    }

    /// Closes the cursor; the table goes with its last one.
    ///
    /// # Errors
    /// Those of cancelling a prepared update. The cursor is closed all the same.
    pub fn close(self, session: &mut Session) -> Result<()> {
        self.cursor.close(session)
    }

    /// The end of the insert phase: a prepared update is cancelled, and the cursor is before the first row.
    fn begin_reading(&mut self, session: &mut Session) -> Result<()> {
        if self.cursor.has_prepared_update() {
            self.cursor.prepare(session, crate::table::Prepare::Cancel)?;
        }
        let grbit = self.planned.grbit;
        self.phase = if grbit.contains(TemporaryGrbit::UPDATABLE) {
            if !grbit.contains(TemporaryGrbit::INDEXED) {
                self.forget_key(session)?;
            }
            Phase::Materialized
        } else if grbit.intersects(TemporaryGrbit::SCROLLABLE | TemporaryGrbit::INDEXED) {
            Phase::Reading(Reach::Everywhere)
        } else {
            Phase::Reading(Reach::Forward)
        };
        if self.cursor.move_first(session).is_ok() {
            // Before the first row: there is none there, and that is what is wanted.
            let _ = self.cursor.move_by(session, -1, MoveGrbit::empty());
        }
        Ok(())
    }

    /// Turns a sort into a table in the same order without a key: rows inserted from now on go to its end (spec 09 §12.2).
    fn forget_key(&mut self, session: &mut Session) -> Result<()> {
        let base = Arc::clone(&self.tree);
        let (tree, schema) = self.keeper.create(session, &self.planned, Keyed::No, Some(base))?;
        let source: Arc<dyn SchemaSource> = Arc::clone(&self.keeper) as Arc<dyn SchemaSource>;
        let map = self.keeper.map();
        let table = OpenTable::open(map, Arc::clone(&source), Arc::clone(&schema))?;
        let mut number = 0_u32;
        let mut cursor = self.cursor.table().primary().tree().cursor();
        while cursor.move_next()? {
            let Some(data) = cursor.node()?.map(|node| node.data.to_vec()) else { break };
            cursor.release()?;
            number += 1;
            table.primary().insert(session, &number.to_be_bytes(), &data, Versioning::Unversioned)?;
        }
        drop(cursor);
        if let Some(place) = map.table_state(self.tree.objid).long_values.get() {
            // The records refer to long values of the sort, whose tree stays as long as this one.
            let _ = map.table_state(tree.objid).long_values.set(*place);
        }
        self.cursor = Cursor::open(session, map, source, schema, CursorMode::Updatable)?;
        self.tree = tree;
        Ok(())
    }
}
