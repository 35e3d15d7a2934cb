//! The catalog of an attached, writable database: schemas as sessions see them, and who has which table open.
//!
//! A schema is read under the session's snapshot as long as some open transaction may see another one, and shared as
//! soon as all see the same. `generation` tells cursors when to ask again: while schemas differ between sessions it gives
//! another number each time.
//!
//! Locks: a statement holds the table's DDL turn, then (building an index) its records, before any lock of a tree.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use ese_format::catalog::{
    CatalogRow, DATABASE_ROOT, IndexDefinition, IndexFlags, LongColumn, RowKind, TableDefinition, TableFlags,
};
use ese_format::error::JetError;
use ese_format::key::StoredText;
use ese_format::page_size::PageSize;
use ese_format::sort_key::Witnesses;
use ese_format::version::DatabaseVersion;

use crate::btree::{TreeKind, WritableTree};
use crate::catalog::deleted_tree::{self, DeletedTree, TreeOwner};
use crate::catalog::locales::LocalesTable;
use crate::catalog::reading::CatalogReader;
use crate::catalog::table_use::{DroppedIndex, Newest, Sight, TableUse};
use crate::catalog::verified_text::VerifiedIndexes;
use crate::catalog::writing::{CatalogTrees, ObjidTable, Shadow};
use crate::catalog::{TableHold, TableOpenGrbit, TableSchema, TextSettings};
use crate::error::{Error, Result};
use crate::file_map::FileMap;
use crate::io::Clock;
use crate::lock_order::LeafMutex;
use crate::table::{OpenTable, SchemaSource};
use crate::transaction::{Session, Transactions};

/// What a [`LiveCatalog`] begins with.
#[derive(Clone, Debug)]
pub struct CatalogSettings {
    /// Whether the shadow catalog is kept.
    pub shadow: Shadow,
    /// The version of the database.
    pub version: DatabaseVersion,
    /// Tells when a tree got its root.
    pub clock: Arc<dyn Clock>,
    /// How text is sorted.
    pub text: TextSettings,
}

/// Since when rows say when their tree got its root (spec 03 §2.1).
const FDP_LAST_SET_TIME: DatabaseVersion = DatabaseVersion::new(230, 500);

/// The catalog of an attached database.
#[derive(Debug)]
pub struct LiveCatalog {
    pub(super) map: Arc<FileMap>,
    pub(super) trees: CatalogTrees,
    pub(super) objids: Option<ObjidTable>,
    /// Where indexes over UTF-16 text are counted, in databases that do.
    locales: Option<LocalesTable>,
    pub(super) text: TextSettings,
    verified: VerifiedIndexes,
    pub(super) version: DatabaseVersion,
    clock: Arc<dyn Clock>,
    this: Weak<Self>,
    generation: AtomicU64,
    /// Whether sessions may see different schemas of some table, and of which.
    is_unsettled: AtomicBool,
    unsettled: LeafMutex<Vec<Arc<TableUse>>>,
    tables: LeafMutex<HashMap<u32, Arc<TableUse>, BuildHasherDefault<ObjidHasher>>>,
}

/// The hasher of maps by object id, which is drawn one after the other: each change of a record looks into one.
#[derive(Clone, Copy, Debug, Default)]
struct ObjidHasher(u64);

impl Hasher for ObjidHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, objid: u32) {
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        self.0 = (self.0 ^ u64::from(objid)).wrapping_mul(SPREAD);
        self.0 ^= self.0 >> 32;
    }
}

/// A table that was opened.
#[derive(Debug)]
pub struct OpenedTable {
    /// The table for its cursor.
    pub table: OpenTable,
    /// The cursor's hold on it.
    pub hold: TableHold,
    /// `JET_wrnPrimaryIndexOutOfDate` or `JET_wrnSecondaryIndexOutOfDate` where text is sorted by another Windows.
    pub out_of_date: Option<JetError>,
}

impl LiveCatalog {
    /// The catalog of a database that has one.
    ///
    /// # Errors
    /// Those of reading the roots of its trees.
    pub fn open(map: &Arc<FileMap>, settings: CatalogSettings) -> Result<Arc<Self>> {
        let trees = CatalogTrees::open(map, settings.shadow)?;
        let reader = CatalogReader::new(trees.objects().tree(), None);
        let objids = match reader.table_row_named(b"MSysObjids")? {
            Some(row) => {
                let rows = reader.rows_of(row.objid_table)?;
                let schema = reader.schema_of(&rows, &mut |_| Err(reader.not_found(b"MSysObjids")))?;
                Some(ObjidTable::open(map, &schema)?)
            }
            None => None,
        };
        let locales = match reader.table_row_named(b"MSysLocales")? {
            Some(row) => {
                let rows = reader.rows_of(row.objid_table)?;
                let schema = reader.schema_of(&rows, &mut |_| Err(reader.not_found(b"MSysLocales")))?;
                Some(LocalesTable::open(map, schema)?)
            }
            None => None,
        };
        Ok(Arc::new_cyclic(|this| Self {
            map: Arc::clone(map),
            trees,
            objids,
            locales,
            text: settings.text,
            verified: VerifiedIndexes::default(),
            version: settings.version,
            clock: settings.clock,
            this: Weak::clone(this),
            generation: AtomicU64::new(1),
            is_unsettled: AtomicBool::new(false),
            unsettled: LeafMutex::default(),
            tables: LeafMutex::default(),
        }))
    }

    /// Opens a table for a cursor (spec 09 §6.1, §6.2). What the bits demand of each other is checked here.
    ///
    /// # Errors
    /// `JET_errInvalidGrbit`, `JET_errInvalidName`, `JET_errObjectNotFound`, `JET_errTableLocked`, `JET_errTableInUse`, and
    /// those of reading the catalog.
    pub fn open_table(&self, session: &Session, name: &[u8], grbit: u32) -> Result<OpenedTable> {
        let grbit = TableOpenGrbit::from_bits_retain(grbit);
        check_open_grbit(grbit)?;
        let name = super::new_column::object_name(name)?;
        let reader = self.reader(session);
        let row = reader.table_row_named(name.as_bytes())?;
        let row = row.ok_or_else(|| reader.not_found(name.as_bytes()))?;
        let table = self.table_use(row.objid_table);
        let mut grbit = grbit;
        if is_catalog_itself(row.objid_table) {
            grbit |= TableOpenGrbit::READ_ONLY;
        }
        let hold = table.open(session.procid(), grbit)?;
        if grbit.contains(TableOpenGrbit::PERMIT_DDL) {
            self.check_permit_ddl(session, &row)?;
            hold.permit_ddl();
        }
        let schema = self.schema(session, row.objid_table)?;
        let out_of_date = self.check_text(&schema, grbit)?;
        Ok(OpenedTable { table: self.open_schema(schema)?, hold, out_of_date })
    }

    /// A fixed schema is changed only when nothing of the table is unfinished; a template's only while no table derived
    /// from it is in use.
    fn check_permit_ddl(&self, session: &Session, row: &CatalogRow) -> Result<()> {
        let in_use = |why: &str| Err(Error::refused(JetError::TABLE_IN_USE, format!("{}: {why}", row.name)));
        if !self.table_use(row.objid_table).is_settled() {
            return in_use("its last change is not seen by all");
        }
        let RowKind::Table(table) = &row.kind else { return Ok(()) };
        if table.flags.contains(TableFlags::TEMPLATE) {
            let derived = |other: &CatalogRow| match &other.kind {
                RowKind::Table(other) => {
                    other.template_table.as_ref().is_some_and(|name| name.is(row.name.as_bytes()))
                }
                _ => false,
            };
            let mut rows = self.reader(session).table_rows()?.into_iter().filter(derived);
            if rows.any(|other| self.table_use(other.objid_table).is_open()) {
                return in_use("a table derived from it is open");
            }
        }
        Ok(())
    }

    /// The function that computes the default of a column, by its name in the catalog, and the bytes for it. `columnid` is
    /// the column's number in the API.
    ///
    /// # Errors
    /// Those of reading the catalog.
    pub fn default_callback(
        &self,
        session: &Session,
        objid: u32,
        columnid: u32,
    ) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
        let rows = self.reader(session).rows_of(objid)?;
        let row = rows.into_iter().find_map(|row| match row.kind {
            RowKind::Column(column) if row.id == columnid => Some(column),
            _ => None,
        });
        Ok(row.and_then(|column| {
            let data = match column.callback_data {
                Some(LongColumn::Inline(bytes)) => bytes,
                _ => Vec::new(),
            };
            Some((column.callback?, data))
        }))
    }

    pub(super) fn open_schema(&self, schema: Arc<TableSchema>) -> Result<OpenTable> {
        let source: Arc<dyn SchemaSource> = self.shared();
        OpenTable::open(&self.map, source, schema)
    }

    /// The schema of a table by its name, as the session sees it.
    ///
    /// # Errors
    /// `JET_errObjectNotFound`, and those of reading the catalog.
    pub fn schema_named(&self, session: &Session, name: &[u8]) -> Result<Arc<TableSchema>> {
        let reader = self.reader(session);
        let row = reader.table_row_named(name)?.ok_or_else(|| reader.not_found(name))?;
        self.schema(session, row.objid_table)
    }

    /// Gives the pages of a deleted tree back.
    pub(super) fn free_tree(&self, session: &mut Session, tree: &DeletedTree) -> Result<()> {
        if tree.kind == TreeKind::Primary {
            // A table whose creation was undone may have got long values, which are there for everybody at once: their row
            // goes with it.
            let rows = self.reader(session).rows_of(tree.objid)?;
            rows.iter().try_for_each(|row| self.delete_row(session, row))?;
            self.tables.lock().remove(&tree.objid);
        }
        tree.free(&self.map, session)
    }

    pub(super) fn free_later(&self, transactions: &Arc<Transactions>, tree: DeletedTree) -> Result<()> {
        deleted_tree::free_later(transactions, self.shared(), tree)
    }

    pub(super) fn file_id(&self) -> u32 {
        self.map.file().id()
    }

    /// Takes note that sessions may see different schemas of a table from now on, or other ones than before.
    pub(super) fn changed(&self, table: &Arc<TableUse>) {
        let mut unsettled = self.unsettled.lock();
        if !unsettled.iter().any(|known| Arc::ptr_eq(known, table)) {
            unsettled.push(Arc::clone(table));
        }
        self.is_unsettled.store(true, Ordering::Release);
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn milliseconds(&self) -> u64 {
        self.clock.milliseconds()
    }

    /// When a root is set now, as rows say it; `None` in databases whose rows do not.
    pub(super) fn fdp_time(&self) -> Option<u64> {
        self.version.has(FDP_LAST_SET_TIME).then(|| filetime(self.clock.as_ref()))
    }

    pub(super) fn shared(&self) -> Arc<Self> {
        self.this.upgrade().expect("whoever calls holds a reference")
    }

    pub(super) fn reader(&self, session: &Session) -> CatalogReader {
        CatalogReader::new(self.trees.objects().tree(), Some(session.visibility()))
    }

    /// What the pages say, uncommitted rows of others included.
    pub(super) fn stored(&self) -> CatalogReader {
        CatalogReader::new(self.trees.objects().tree(), None)
    }

    pub(super) fn table_use(&self, objid: u32) -> Arc<TableUse> {
        let mut tables = self.tables.lock();
        Arc::clone(tables.entry(objid).or_insert_with(|| TableUse::new(objid)))
    }

    pub(super) fn page_size(&self) -> PageSize {
        self.map.file().page_size()
    }

    pub(super) fn locales(&self) -> Option<&LocalesTable> {
        self.locales.as_ref()
    }

    pub(super) fn root_tree(&self) -> Result<WritableTree> {
        let (objid, root) = DATABASE_ROOT;
        WritableTree::open(&self.map, root, objid, TreeKind::Primary)
    }

    /// Adds a row to the catalog, and to `MSysObjids` if it stands for a tree; an index over UTF-16 text is counted.
    pub(super) fn insert_row(&self, session: &mut Session, row: &CatalogRow) -> Result<()> {
        if let (Some(locales), RowKind::Index(index)) = (&self.locales, &row.kind)
            && index.flags.contains(IndexFlags::LOCALIZED_TEXT)
        {
            locales.count(session.transactions(), index)?;
        }
        self.trees.insert(session, row)?;
        match &self.objids {
            Some(objids) => objids.insert(session, row),
            None => Ok(()),
        }
    }

    /// Deletes a row from the catalog, and from `MSysObjids` before (spec 03 §11.4).
    pub(super) fn delete_row(&self, session: &mut Session, row: &CatalogRow) -> Result<()> {
        let delete = |session: &mut Session| {
            if let Some(objids) = &self.objids {
                objids.delete(session, row)?;
            }
            self.trees.delete(session, row)
        };
        match row.kind {
            // The engine makes it in a transaction of its own, when the first long value comes.
            RowKind::LongValue(_) => session.beyond_snapshot(delete),
            _ => delete(session),
        }
    }
}

impl TreeOwner for LiveCatalog {
    fn give_back(&self, session: &mut Session, tree: &DeletedTree) -> Result<()> {
        self.free_tree(session, tree)
    }

    fn file_of_trees(&self) -> u32 {
        self.file_id()
    }
}

impl SchemaSource for LiveCatalog {
    fn generation(&self, session: &Session) -> u64 {
        if !self.is_unsettled.load(Ordering::Acquire) {
            return self.generation.load(Ordering::Acquire);
        }
        if session.level() > 0 {
            // What a snapshot holds changes with an alteration only, and each of those is told.
            return self.generation.load(Ordering::Acquire);
        }
        self.settle();
        self.generation.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn schema(&self, session: &Session, objid: u32) -> Result<Arc<TableSchema>> {
        if self.is_unsettled.load(Ordering::Acquire) {
            self.settle();
        }
        self.schema_of_use(session, &self.table_use(objid))
    }

    fn maintained_schema(&self, session: &Session, objid: u32) -> Result<Arc<TableSchema>> {
        self.maintained_schema_of(session, &self.table_use(objid))
    }

    fn changing_records(
        &self,
        session: &mut Session,
        objid: u32,
        change: &mut dyn FnMut(&mut Session, Arc<TableSchema>) -> Result<()>,
    ) -> Result<()> {
        let table = self.table_use(objid);
        let _shared = table.change_records();
        let schema = self.maintained_schema_of(session, &table)?;
        change(session, schema)
    }

    fn is_new(&self, session: &Session, objid: u32) -> bool {
        self.table_use(objid).is_created_by(session)
    }

    fn witnesses(
        &self,
        session: &Session,
        table: &OpenTable,
        index: &IndexDefinition,
    ) -> Result<Arc<Witnesses>> {
        self.verified.witnesses(session, table, index)
    }

    fn stored_text(&self) -> &'static StoredText {
        StoredText::needing(self.text.certainty)
    }

    fn create_long_values(&self, session: &mut Session, table: &TableSchema) -> Result<(u32, u32)> {
        self.create_long_value_tree(session.transactions(), table)
    }
}

impl LiveCatalog {
    /// Forgets the tables whose alterations everybody sees.
    fn settle(&self) {
        let tables = self.unsettled.lock().clone();
        let settled: Vec<_> = tables.into_iter().filter(|table| table.is_settled()).collect();
        if settled.is_empty() {
            return;
        }
        let mut unsettled = self.unsettled.lock();
        unsettled.retain(|table| !settled.iter().any(|known| Arc::ptr_eq(known, table)));
        self.is_unsettled.store(!unsettled.is_empty(), Ordering::Release);
        drop(unsettled);
        // A table that was altered after it was found settled counts as unsettled again.
        for table in settled.iter().filter(|table| !table.is_settled()) {
            self.changed(table);
        }
    }

    /// The schema for the upkeep of indexes.
    fn maintained_schema_of(&self, session: &Session, table: &TableUse) -> Result<Arc<TableSchema>> {
        if let Some(schema) = table.newest_seen_by(session) {
            return Ok(schema);
        }
        if table.is_settled() {
            return self.schema_of_use(session, table);
        }
        let version = table.version();
        // The schema that is kept is that of everybody who has deleted no index.
        let is_common = !table.has_own_drop(session);
        if let Some(schema) = table.maintained(version).filter(|_| is_common) {
            return self.check_primary(session, schema);
        }
        let reader = self.stored();
        let rows = reader.rows_of(table.objid())?;
        let stored = reader.schema_of(&rows, &mut |template| self.schema(session, template))?;
        let dropping = table.dropped_by_others(session);
        let schema = if dropping.is_empty() {
            stored
        } else {
            let mut definition: TableDefinition = stored.definition().clone();
            let known = |dropped: &DroppedIndex| {
                stored.indexes().iter().any(|other| other.objid == dropped.index.objid)
            };
            for dropped in dropping.into_iter().filter(|dropped| !known(dropped)) {
                definition.layout = definition.layout.with_columns(dropped.columns);
                definition.indexes.push(dropped.index);
            }
            definition.indexes.sort_by_key(|index| index.objid);
            Arc::new(TableSchema::new(definition, stored.template().cloned()))
        };
        if is_common {
            table.keep_maintained(version, &schema);
        }
        self.check_primary(session, schema)
    }

    /// The schema of a table as the session sees it.
    fn schema_of_use(&self, session: &Session, table: &TableUse) -> Result<Arc<TableSchema>> {
        let objid = table.objid();
        let sight = table.sight_of(session);
        if let Sight { newest: Newest::Seen(Some(schema)), .. } = sight {
            return Ok(schema);
        }
        let reader = self.reader(session);
        let mut rows = reader.rows_of(objid)?;
        // An index that another session has dropped is gone, and so may be its columns.
        let dropped = table.dropped();
        rows.retain(|row| !(matches!(row.kind, RowKind::Index(_)) && dropped.contains(&row.id)));
        if !matches!(rows.first().map(|row| &row.kind), Some(RowKind::Table(_))) {
            return Err(Error::refused(JetError::OBJECT_NOT_FOUND, format!("table with object id {objid}")));
        }
        let schema = reader.schema_of(&rows, &mut |template| self.schema(session, template))?;
        if let Newest::Seen(None) = sight.newest {
            table.keep_newest(sight.version, &schema);
        }
        Ok(schema)
    }
}

impl LiveCatalog {
    /// Records have other keys under a primary index: nobody may change the table who does not see it.
    fn check_primary(&self, session: &Session, maintained: Arc<TableSchema>) -> Result<Arc<TableSchema>> {
        let definition = maintained.definition();
        let is_seen =
            || self.schema(session, definition.objid).map(|own| own.definition().primary_index().is_some());
        if definition.primary_index().is_some() && !is_seen()? {
            let about = format!("the primary index of {} is another transaction's", maintained.name());
            return Err(Error::refused(JetError::WRITE_CONFLICT_PRIMARY_INDEX, about));
        }
        Ok(maintained)
    }
}

/// The time as FILETIME: 100 ns since 1601.
pub(super) fn filetime(clock: &dyn Clock) -> u64 {
    const MILLISECONDS_1601_TO_1970: u64 = 11_644_473_600_000;
    const FILETIME_PER_MILLISECOND: u64 = 10_000;
    clock.milliseconds().saturating_add(MILLISECONDS_1601_TO_1970).saturating_mul(FILETIME_PER_MILLISECOND)
}

fn check_open_grbit(grbit: TableOpenGrbit) -> Result<()> {
    let has = |bit| grbit.contains(bit);
    let internal = grbit.intersects(TableOpenGrbit::DELETE | TableOpenGrbit::CREATE);
    let deny_read = has(TableOpenGrbit::DENY_READ);
    let permit = has(TableOpenGrbit::PERMIT_DDL);
    let read_only = has(TableOpenGrbit::READ_ONLY);
    let invalid = internal
        || (permit && !deny_read)
        || (deny_read && read_only && !permit)
        || (read_only && has(TableOpenGrbit::UPDATABLE));
    if invalid {
        return Err(Error::refused(JetError::INVALID_GRBIT, "opening a table"));
    }
    Ok(())
}

/// Whether an object is the catalog or its shadow.
pub(super) fn is_catalog_itself(objid: u32) -> bool {
    use ese_format::catalog::{MSYSOBJECTS, MSYSOBJECTS_SHADOW};
    objid == MSYSOBJECTS.0 || objid == MSYSOBJECTS_SHADOW.0
}
