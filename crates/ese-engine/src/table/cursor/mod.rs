//! The cursor of a session: where it stands, what it seeks, and the record it changes (spec 09 §6–§9).
//!
//! A cursor follows the order of the primary tree or of one secondary index. Its place is kept by tree cursors, which
//! give their latches up before a call returns. The record it reads and changes is the one its entry names.
//!
//! Invariants: no latch is held between calls; every call is made by the session that opened the cursor, which the C face
//! checks; what a call sees is what its session's transaction sees, at level 0 the newest that is committed.

mod auto_increment;
mod conflict;
mod enumerate;
mod filter;
mod index_upkeep;
mod navigate;
mod place;
mod position;
mod prepare;
mod retrieve;
mod retrieve_special;
mod search_key;
mod seek;
mod set_column;
mod set_long;
mod sizes;
mod update;
mod values;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use ese_format::catalog::IndexDefinition;
use ese_format::column_type::ColumnId;
use ese_format::error::{JetError, Problem};
use ese_format::record::{ColumnDefinition, RecordView};

pub use enumerate::{ColumnSelection, EnumeratedColumn, EnumeratedValue, Enumeration};
pub use filter::{FilterItem, FilterRelation};
pub use place::{IndexStart, StoredLongValues};
pub use position::RecordPosition;
pub use retrieve::{ColumnRequest, Retrieved};
pub use set_column::ColumnChange;
pub use sizes::{RecordSize, TaggedColumnSummary, TaggedSummaryFlags};
pub use update::{EscrowUpdated, Updated};

use crate::btree::{Bookmark, SeekOutcome, TreeCursor};
use crate::error::{Error, Result};
use crate::file_map::FileMap;
use crate::table::copy_buffer::CopyBuffer;
use crate::table::seen::{self, Sight};
use crate::table::{OpenTable, Prepare, SchemaSource};
use crate::transaction::{BeginKind, CommitOptions, Session};
use filter::CursorFilter;
use search_key::SearchState;

/// What a cursor may do to its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorMode {
    /// Read and change.
    Updatable,
    /// Read: changing calls are `JET_errPermissionDenied`.
    ReadOnly,
}

/// Where a cursor is in the order it follows (spec 09 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Currency {
    /// It will go to the first entry when a record is asked for.
    DeferredFirst,
    BeforeFirst,
    AfterLast,
    /// On an entry, which may have been deleted since.
    OnEntry,
    /// At a key without an entry: [`Cursor::virtual_place`].
    OnVirtual,
}

/// What a prepared update will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreparedChange {
    /// Insert a record; a copy may delete its original as well.
    Insert,
    /// Change the record it was prepared on.
    Replace,
}

/// A limit that moves in its direction do not pass.
#[derive(Clone, Debug)]
struct IndexRange {
    limit: Vec<u8>,
    end: RangeEnd,
    inclusive: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RangeEnd {
    Lower,
    Upper,
}

/// A secondary index that a cursor follows.
#[derive(Debug)]
struct SecondaryOrder {
    /// Its place in the schema.
    place: usize,
    entries: TreeCursor,
    /// Transaction level at which it was selected.
    level: u8,
}

/// What becomes of a cursor when its session rolls a level back (spec 09 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum AfterRollback {
    /// It stays open.
    Kept,
    /// It was opened at that level: it must be closed.
    Gone,
}

/// A cursor over a table.
#[derive(Debug)]
pub struct Cursor {
    table: OpenTable,
    schema_seen: SchemaSeen,
    mode: CursorMode,
    currency: Currency,
    primary: TreeCursor,
    secondary: Option<SecondaryOrder>,
    /// Bookmark of the record that calls on the record mean while a secondary index is current.
    record: Option<Vec<u8>>,
    /// Whether the primary tree cursor is on that record.
    record_sought: bool,
    virtual_place: Bookmark,
    search: SearchState,
    range: Option<IndexRange>,
    filter: Option<CursorFilter>,
    prepared: Option<Box<CopyBuffer>>,
    /// The copy buffer of the last update, for its memory.
    spare: Option<Box<CopyBuffer>>,

    opened_level: u8,
    navigated_level: u8,
    procid: u16,
}

/// When a cursor last asked for its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SchemaSeen {
    generation: u64,
    begin0: Option<u32>,
}

fn refused<T>(jet: JetError, about: &str) -> Result<T> {
    Err(Error::refused(jet, about))
}

impl Cursor {
    /// A cursor over a table, before its first record with the move to it deferred (spec 09 §6.1).
    ///
    /// # Errors
    /// Those of reading the roots of its trees.
    pub fn open(
        session: &mut Session,
        map: &Arc<FileMap>,
        source: Arc<dyn SchemaSource>,
        schema: Arc<crate::catalog::TableSchema>,
        mode: CursorMode,
    ) -> Result<Self> {
        Ok(Self::over(session, OpenTable::open(map, source, schema)?, mode))
    }

    /// A cursor over a table that is open already, as [`Self::open`].
    #[must_use]
    pub fn over(session: &Session, table: OpenTable, mode: CursorMode) -> Self {
        // How old the schema is that the table was opened with, nobody knows here: the first call looks.
        let schema_seen = SchemaSeen { generation: u64::MAX, begin0: session.begin0() };
        Self {
            primary: table.primary().tree().cursor_seeing(session.visibility()),
            table,
            schema_seen,
            mode,
            currency: Currency::DeferredFirst,
            secondary: None,
            record: None,
            record_sought: false,
            virtual_place: Bookmark::default(),
            search: SearchState::default(),
            range: None,
            filter: None,
            prepared: None,
            spare: None,

            opened_level: session.level(),
            navigated_level: 0,
            procid: session.procid(),
        }
    }

    /// Another cursor over the same table with the same rights: primary order, the move to the first record deferred, no
    /// key, nothing prepared.
    #[must_use]
    pub fn duplicate(&self, session: &mut Session) -> Self {
        Self::over(session, self.table.clone(), self.mode)
    }

    /// Closes the cursor; a prepared update is cancelled.
    ///
    /// # Errors
    /// Those of giving long values up that the update had counted. The cursor is closed all the same.
    pub fn close(mut self, session: &mut Session) -> Result<()> {
        self.cancel_update(session)
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &OpenTable {
        &self.table
    }

    /// Whether it may change the table.
    #[must_use]
    pub fn mode(&self) -> CursorMode {
        self.mode
    }

    /// Whether an update is prepared.
    #[must_use]
    pub fn has_prepared_update(&self) -> bool {
        self.prepared.is_some()
    }

    /// What [`Self::update`] would do; `None` where nothing is prepared, or a copy for reading only.
    #[must_use]
    pub fn prepared_change(&self) -> Option<PreparedChange> {
        self.prepared.as_ref().and_then(|update| match update.kind {
            Prepare::ReadOnlyCopy => None,
            Prepare::Replace | Prepare::ReplaceNoLock => Some(PreparedChange::Replace),
            _ => Some(PreparedChange::Insert),
        })
    }

    /// Whether the session may not commit its outermost level before this cursor's update is finished or cancelled: it
    /// has written a separated long value (spec 09 §5.2).
    #[must_use]
    pub fn blocks_commit(&self) -> bool {
        self.prepared.as_ref().is_some_and(|update| update.has_separated_changes())
    }

    /// The current index; `None` where the order is that of a table without a primary index.
    #[must_use]
    pub fn current_index(&self) -> Option<&IndexDefinition> {
        match &self.secondary {
            Some(order) => self.table.schema().indexes().get(order.place),
            None => self.table.primary_index(),
        }
    }

    /// To be called when the session has committed down to `level`.
    pub fn after_commit(&mut self, level: u8) {
        self.opened_level = self.opened_level.min(level);
        self.navigated_level = self.navigated_level.min(level);
        if let Some(order) = &mut self.secondary {
            order.level = order.level.min(level);
        }
        if let Some(update) = &mut self.prepared {
            update.level = update.level.min(level);
            update.spilled_level = update.spilled_level.min(level);
        }
    }

    /// To be called when the session has rolled back down to `level`.
    pub fn after_rollback(&mut self, session: &mut Session, level: u8) -> AfterRollback {
        if self.prepared.as_ref().is_some_and(|update| update.level.max(update.spilled_level) > level) {
            // What the update counted and wrote went with the transaction.
            self.forget_update();
        }
        if self.opened_level > level {
            self.forget_update();
            return AfterRollback::Gone;
        }
        if self.secondary.as_ref().is_some_and(|order| order.level > level) {
            self.secondary = None;
            self.record = None;
            self.range = None;
            self.search.forget();
            self.currency = Currency::BeforeFirst;
        }
        if self.navigated_level > level {
            self.currency = Currency::BeforeFirst;
            self.record_sought = false;
            if self.secondary.is_none() {
                self.record = None;
            }
            self.navigated_level = level;
        }
        // Schema changes of the level are gone.
        self.schema_seen.generation = u64::MAX;
        let _ = self.refresh_schema(session);
        AfterRollback::Kept
    }

    /// To be called when the session added or deleted a column of the table through this cursor: it is then before the
    /// first record (spec 09 §6.3).
    pub fn after_column_change(&mut self) {
        self.currency = Currency::BeforeFirst;
        self.record = None;
    }

    /// Takes the schema over that the session sees now. Called by every call that depends on it; costs a comparison when
    /// nothing changed.
    ///
    /// # Errors
    /// Those of reading the catalog.
    #[inline]
    pub fn refresh_schema(&mut self, session: &Session) -> Result<()> {
        let generation = self.table.source().generation(session);
        let now = SchemaSeen { generation, begin0: session.begin0() };
        if now == self.schema_seen { Ok(()) } else { self.take_schema(session, now) }
    }

    /// Takes over the schema that the session sees.
    fn take_schema(&mut self, session: &Session, now: SchemaSeen) -> Result<()> {
        let source = self.table.source();
        let schema = source.schema(session, self.table.schema().definition().objid)?;
        self.schema_seen = now;
        if Arc::ptr_eq(&schema, self.table.schema()) {
            return Ok(());
        }
        let followed = self.secondary.as_ref().and_then(|order| self.table.index_at(order.place).ok());
        let followed = followed.map(|(index, _)| index.objid);
        self.table = self.table.with_schema(schema)?;
        let place = followed
            .and_then(|objid| self.table.schema().indexes().iter().position(|index| index.objid == objid));
        match (&mut self.secondary, place) {
            (Some(order), Some(place)) => order.place = place,
            (Some(_), None) => {
                self.secondary = None;
                self.record = None;
                self.currency = Currency::BeforeFirst;
            }
            (None, _) => {}
        }
        Ok(())
    }

    // ---- what the parts have in common ----

    /// What this session sees now.
    fn sight(session: &Session) -> &Sight {
        session.sight()
    }

    /// Gives all latches up; the last thing a call does.
    fn park(&mut self) -> Result<()> {
        self.primary.release()?;
        match &mut self.secondary {
            Some(order) => order.entries.release(),
            None => Ok(()),
        }
    }

    /// Runs one call: takes schema changes over, does it, parks.
    fn with_sight<T>(
        &mut self,
        session: &mut Session,
        call: impl FnOnce(&mut Self, &mut Session) -> Result<T>,
    ) -> Result<T> {
        self.refresh_schema(session)?;
        self.parking(session, call)
    }

    /// Runs one call whose schema is the newest already, and parks.
    fn parking<T>(
        &mut self,
        session: &mut Session,
        call: impl FnOnce(&mut Self, &mut Session) -> Result<T>,
    ) -> Result<T> {
        let result = call(self, session);
        let parked = self.park();
        let value = result?;
        parked.map(|()| value)
    }

    /// Reads several nodes as of one moment: at level 0 in a transaction of its own, where that is needed. That level is
    /// the engine's: a place that the cursor comes to in it belongs to level 0.
    fn in_snapshot<T>(
        &mut self,
        session: &mut Session,
        needed: bool,
        read: impl FnOnce(&mut Self, &mut Session) -> Result<T>,
    ) -> Result<T> {
        if !needed || session.level() > 0 {
            return read(self, session);
        }
        let navigated_level = self.navigated_level;
        session.begin(BeginKind::ReadOnly)?;
        let result = read(self, session);
        session.rollback()?;
        self.navigated_level = navigated_level;
        result
    }

    fn check_updatable(&self, session: &Session) -> Result<()> {
        if self.mode == CursorMode::ReadOnly {
            return refused(JetError::PERMISSION_DENIED, "the cursor is for reading only");
        }
        if session.is_read_only() {
            return refused(JetError::TRANS_READ_ONLY, "the transaction is for reading only");
        }
        Ok(())
    }

    /// The tree cursor of the order that is followed.
    fn entries(&mut self) -> &mut TreeCursor {
        match &mut self.secondary {
            Some(order) => &mut order.entries,
            None => &mut self.primary,
        }
    }

    fn entries_ref(&self) -> &TreeCursor {
        self.secondary.as_ref().map_or(&self.primary, |order| &order.entries)
    }

    /// The deferred move to the first entry, where it is due.
    fn resolve_deferred(&mut self, session: &Session) -> Result<()> {
        if self.currency != Currency::DeferredFirst {
            return Ok(());
        }
        if self.step_to_end(session, RangeEnd::Lower)? {
            return Ok(());
        }
        self.currency = Currency::BeforeFirst;
        refused(JetError::NO_CURRENT_RECORD, "the index is empty")
    }

    /// Latches the current entry.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord` on none, `JET_errRecordDeleted` when it is gone.
    fn on_entry(&mut self, session: &Session) -> Result<()> {
        self.resolve_deferred(session)?;
        if self.currency != Currency::OnEntry {
            return refused(JetError::NO_CURRENT_RECORD, "the cursor is on no entry");
        }
        if !self.entries().resume()? {
            return refused(JetError::RECORD_DELETED, "the entry under the cursor is gone");
        }
        Ok(())
    }

    /// Latches the record that calls on the record mean.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord`, `JET_errRecordDeleted`.
    fn on_record(&mut self, session: &Session) -> Result<()> {
        self.resolve_deferred(session)?;
        if self.secondary.is_none() {
            return self.on_entry(session);
        }
        let Some(bookmark) = &self.record else {
            return refused(JetError::NO_CURRENT_RECORD, "the cursor is on no record");
        };
        let here = if self.record_sought {
            self.primary.resume()?
        } else {
            self.primary.seek(bookmark, &[])? == SeekOutcome::Equal
        };
        self.record_sought = here;
        if here {
            return Ok(());
        }
        // An entry that is still there without its record is damage; one that went with it is not.
        let entry_lives = self.currency == Currency::OnEntry && self.entries().resume()?;
        // In a unique index another record may have got the key since.
        let bookmark = self.record.as_deref().unwrap_or_default();
        let names_it = entry_lives && self.entries_ref().node()?.is_some_and(|node| node.data == bookmark);
        if !names_it {
            return refused(JetError::RECORD_DELETED, "the record under the cursor is gone");
        }
        let page = self.entries_ref().position().map_or(0, |(page, _)| page.number());
        let problem = Problem::Invalid("an index entry points to no record");
        let jet = JetError::SECONDARY_INDEX_CORRUPTED;
        Err(self.table.map().file().page_error(page, 0, "bookmark", problem, jet))
    }

    /// The latched record.
    fn record_view(&self) -> Result<RecordView<'_>> {
        let Some((page, _)) = self.primary.position() else {
            return refused(JetError::NO_CURRENT_RECORD, "the cursor is on no record");
        };
        let data = seen::data(&self.primary)?.unwrap_or_default();
        RecordView::parse(data, page.record_format())
            .map_err(|error| self.table.map().file().format_error(error.on_page(page.number())))
    }

    /// Remembers which record the entry that was just reached names.
    fn arrived(&mut self, session: &Session) -> Result<()> {
        self.currency = Currency::OnEntry;
        self.navigated_level = self.navigated_level.max(session.level());
        if let Some(order) = &self.secondary {
            let data = order.entries.node()?.map(|node| node.data).unwrap_or_default();
            let record = self.record.get_or_insert_default();
            record.clear();
            record.extend_from_slice(data);
            self.record_sought = false;
        }
        Ok(())
    }

    /// The cursor is on no entry and no record now.
    fn left(&mut self, session: &Session, currency: Currency) {
        self.currency = currency;
        self.record = None;
        self.record_sought = false;
        self.navigated_level = self.navigated_level.max(session.level());
    }

    /// The bookmark of the current record, latched or not.
    fn bookmark_bytes(&self) -> Result<Vec<u8>> {
        if self.secondary.is_some() {
            return self
                .record
                .clone()
                .ok_or_else(|| Error::refused(JetError::NO_CURRENT_RECORD, "the cursor is on no record"));
        }
        match self.primary.node()? {
            Some(node) => Ok(node.key().to_vec()),
            None => self
                .primary
                .bookmark()?
                .map(|bookmark| bookmark.key)
                .ok_or_else(|| Error::refused(JetError::NO_CURRENT_RECORD, "the cursor is on no record")),
        }
    }

    /// The column with this number of the API.
    ///
    /// # Errors
    /// `JET_errBadColumnId`, `JET_errColumnNotFound`.
    fn column(&self, columnid: u32) -> Result<&ColumnDefinition> {
        column_of(&self.table, columnid)
    }
}

/// Makes a change in a transaction of its own inside the session's, or alone: all of it or nothing.
fn transact<T>(session: &mut Session, change: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
    session.begin(BeginKind::Internal)?;
    match change(session).and_then(|value| session.commit(CommitOptions::DURABLE).map(|_| value)) {
        Ok(value) => Ok(value),
        Err(error) => {
            session.rollback().inspect_err(|second| {
                tracing::error!(%error, %second, "a change that failed could not be undone");
            })?;
            Err(error)
        }
    }
}

/// The column of a table with this number of the API.
fn column_of(table: &OpenTable, columnid: u32) -> Result<&ColumnDefinition> {
    let Some(id) = ColumnId::from_api(columnid) else {
        return refused(JetError::BAD_COLUMN_ID, "no column can have this id");
    };
    let column = table.schema().layout().column(id).filter(|column| !column.is_deleted());
    column.ok_or_else(|| Error::refused(JetError::COLUMN_NOT_FOUND, format!("{id:?}")))
}
