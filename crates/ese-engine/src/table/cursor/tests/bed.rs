//! A database in memory with one table, without a catalog: what cursors need and nothing else.

use std::path::Path;
use std::sync::{Arc, Mutex};

use ese_format::catalog::{
    CatalogRow, ColumnRow, IndexFlags, IndexRow, IndexSegment, ObjectName, RowKind, TableDefinition, TableRow,
};
use ese_format::column_type::{CodePage, ColumnClass, ColumnType, class_of};
use ese_format::page_size::PageSize;
use ese_format::record::ColumnFlags;
use ese_format::version::DatabaseVersion;

use crate::btree::{TreeKind, WritableTree};
use crate::cache::{OpenGate, PageCache};
use crate::catalog::TableSchema;
use crate::error::Result;
use crate::file_map::{FileFeatures, FileMap, FileMapStart, Logging};
use crate::io::{Access, FileSystem, Host, SimulatedFileSystem};
use crate::space::{NewTree, SpaceKind, Uniqueness, create_root, create_tree};
use crate::space_policy::SpacePolicy;
use crate::table::{Cursor, CursorMode, LongValueCounts, SchemaSource};
use crate::transaction::{Session, Transactions, VersionLimits};

/// Bytes of the cache of a bed.
const CACHE_BYTES: usize = 64 << 20;
/// Pages of a new database.
const PAGES: u32 = 128;

/// A column of the table to be made.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) fid: u16,
    pub(super) column_type: ColumnType,
    pub(super) flags: ColumnFlags,
    pub(super) bytes_max: u32,
    pub(super) default: Option<Vec<u8>>,
}

/// A column.
pub(super) fn column(name: &'static str, fid: u16, column_type: ColumnType) -> Column {
    let bytes_max = match (column_type.fixed_size(), column_type.is_long()) {
        (Some(size), _) => u32::from(size),
        (None, true) => 0,
        (None, false) => 255,
    };
    Column { name, fid, column_type, flags: ColumnFlags::empty(), bytes_max, default: None }
}

impl Column {
    pub(super) fn flags(mut self, flags: ColumnFlags) -> Self {
        self.flags |= flags;
        self
    }

    pub(super) fn max(mut self, bytes: u32) -> Self {
        self.bytes_max = bytes;
        self
    }

    pub(super) fn default(mut self, default: &[u8]) -> Self {
        self.default = Some(default.to_vec());
        self.flags(ColumnFlags::DEFAULT)
    }
}

/// An index of the table to be made.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) name: &'static str,
    pub(super) flags: IndexFlags,
    pub(super) segments: Vec<IndexSegment>,
}

/// An index that has entries for NULLs.
pub(super) fn index(name: &'static str, fids: &[u16]) -> Index {
    let flags = IndexFlags::ALLOW_ALL_NULLS
        | IndexFlags::ALLOW_FIRST_NULL
        | IndexFlags::ALLOW_SOME_NULLS
        | IndexFlags::EXTENDED_SEGMENTS;
    let segments = fids.iter().map(|fid| IndexSegment::ascending(*fid)).collect();
    Index { name, flags, segments }
}

impl Index {
    pub(super) fn flags(mut self, flags: IndexFlags) -> Self {
        self.flags |= flags;
        self
    }

    pub(super) fn without(mut self, flags: IndexFlags) -> Self {
        self.flags -= flags;
        self
    }

    pub(super) fn unique(self) -> Self {
        self.flags(IndexFlags::UNIQUE)
    }

    pub(super) fn primary(self) -> Self {
        self.flags(IndexFlags::UNIQUE | IndexFlags::PRIMARY)
    }
}

/// Knows one schema, which never changes but for its tree of long values.
#[derive(Debug)]
struct Keeper {
    schema: Arc<TableSchema>,
    transactions: Arc<Transactions>,
    root: WritableTree,
    made: Mutex<u32>,
}

impl SchemaSource for Keeper {
    fn generation(&self, _session: &Session) -> u64 {
        1
    }

    fn schema(&self, _session: &Session, _objid: u32) -> Result<Arc<TableSchema>> {
        Ok(Arc::clone(&self.schema))
    }

    fn maintained_schema(&self, _session: &Session, _objid: u32) -> Result<Arc<TableSchema>> {
        Ok(Arc::clone(&self.schema))
    }

    fn create_long_values(&self, _session: &mut Session, _table: &TableSchema) -> Result<(u32, u32)> {
        *self.made.lock().unwrap() += 1;
        let mut session = self.transactions.begin_system_session()?;
        super::super::transact(&mut session, |session| {
            let tree = create_tree(&self.root, session, new_tree(TreeKind::LongValue, Uniqueness::Unique))?;
            Ok((tree.tree().objid(), tree.tree().root()))
        })
    }
}

fn new_tree(kind: TreeKind, unique: Uniqueness) -> NewTree {
    NewTree { kind, unique, pages: 1, space: SpaceKind::Single, policy: SpacePolicy::default() }
}

/// A database with one table.
#[derive(Debug)]
pub(super) struct Bed {
    pub(super) map: Arc<FileMap>,
    pub(super) transactions: Arc<Transactions>,
    keeper: Arc<Keeper>,
    schema: Arc<TableSchema>,
}

impl Bed {
    /// A database of this page size with this table.
    pub(super) fn new(page_size: PageSize, columns: &[Column], indexes: &[Index]) -> Self {
        let file_system = Arc::new(SimulatedFileSystem::default());
        let path = Path::new("/bed.edb");
        file_system.put(path, vec![0; page_size.bytes() * 2]);
        let file = file_system.open(path, Access::ReadWrite).unwrap();
        let file = PageCache::new(CACHE_BYTES).attach(file, page_size).unwrap();
        file.set_gate(Arc::new(OpenGate));
        let features = FileFeatures::of(DatabaseVersion::new(300, 0), 60);
        let start = FileMapStart {
            dbid: 1,
            logging: Logging::Off,
            features,
            dbtime: 0x41,
            objid_last: 20,
            extension_pages: 64,
        };
        let map = FileMap::new(Arc::clone(&file), start);
        let host = Host::simulated(file_system, 1);
        let limits =
            VersionLimits { store_bytes: 1 << 30, preferred_bytes: 1 << 30, ..VersionLimits::default() };
        let transactions = Transactions::new(host, limits);
        transactions.set_count_hook(Arc::new(LongValueCounts));
        let mut session = transactions.begin_session().unwrap();
        let (schema, root) = super::super::transact(&mut session, |session| {
            let root = create_root(&map, session, PAGES)?;
            Ok((make_table(&root, session, columns, indexes)?, root))
        })
        .unwrap();
        drop(session);
        let keeper = Arc::new(Keeper {
            schema: Arc::clone(&schema),
            transactions: Arc::clone(&transactions),
            root,
            made: Mutex::new(0),
        });
        Self { map, transactions, keeper, schema }
    }

    pub(super) fn session(&self) -> Session {
        self.transactions.begin_session().unwrap()
    }

    pub(super) fn cursor(&self, session: &mut Session) -> Cursor {
        self.cursor_with(session, CursorMode::Updatable)
    }

    pub(super) fn cursor_with(&self, session: &mut Session, mode: CursorMode) -> Cursor {
        let keeper: Arc<dyn SchemaSource> = Arc::clone(&self.keeper) as Arc<dyn SchemaSource>;
        Cursor::open(session, &self.map, keeper, Arc::clone(&self.schema), mode).unwrap()
    }

    /// How often a tree of long values was made.
    pub(super) fn long_value_trees_made(&self) -> u32 {
        *self.keeper.made.lock().unwrap()
    }
}

fn make_table(
    root: &WritableTree,
    session: &mut Session,
    columns: &[Column],
    indexes: &[Index],
) -> Result<Arc<TableSchema>> {
    let primary = create_tree(root, session, new_tree(TreeKind::Primary, Uniqueness::Unique))?;
    let objid = primary.tree().objid();
    let row = |id, name: &str, kind| CatalogRow {
        objid_table: objid,
        id,
        name: ObjectName::new(name.as_bytes()).unwrap(),
        kind,
    };
    let fdp_page = primary.tree().root();
    let mut rows =
        vec![row(objid, "t", RowKind::Table(TableRow { fdp_page, density: 80, ..TableRow::default() }))];
    let mut ordered = columns.to_vec();
    ordered.sort_by_key(|column| column.fid);
    let mut offset = 4;
    for column in &ordered {
        let fixed = class_of(column.fid) == Some(ColumnClass::Fixed);
        let record_offset = fixed.then_some(offset);
        if fixed {
            offset += column.bytes_max as u16;
        }
        let western = u32::from(CodePage::WESTERN.0);
        let kind = RowKind::Column(ColumnRow {
            column_type: column.column_type,
            bytes_max: column.bytes_max,
            flags: column.flags,
            code_page: if column.column_type.is_text() { western } else { 0 },
            record_offset,
            default: column.default.clone(),
            callback: None,
            callback_data: None,
            callback_dependencies: None,
        });
        rows.push(row(u32::from(column.fid), column.name, kind));
    }
    for index in indexes {
        let is_primary = index.flags.contains(IndexFlags::PRIMARY);
        let unique =
            if index.flags.contains(IndexFlags::UNIQUE) { Uniqueness::Unique } else { Uniqueness::NonUnique };
        let tree = if is_primary {
            primary.clone()
        } else {
            create_tree(&primary, session, new_tree(TreeKind::Index, unique))?
        };
        let kind = RowKind::Index(index_row(index, tree.tree().root()));
        rows.push(row(tree.tree().objid(), index.name, kind));
    }
    let definition = TableDefinition::from_rows(&rows, None).expect("the rows of a table");
    Ok(Arc::new(TableSchema::new(definition, None)))
}

fn index_row(index: &Index, fdp_page: u32) -> IndexRow {
    IndexRow {
        fdp_page,
        density: 80,
        flags: index.flags,
        locale_id: 0,
        segments: index.segments.clone(),
        conditions: Vec::new(),
        key_most: None,
        var_seg_mac: None,
        tuple_limits: None,
        lcmap_flags: None,
        locale_name: None,
        sort_version: None,
        sort_id: None,
        stats: None,
        space_hints: None,
        fdp_last_set_time: None,
    }
}
