//! The trees of a whole database file in memory, for tests: every live node of a tree in key order.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

use ese_format::catalog::{CatalogRow, RowKind, TableDefinition, TableFlags};
use ese_format::database_header::{DatabaseState, choose_header};
use ese_format::error::FormatResult;
use ese_format::key::LongValueSource;
use ese_format::long_value::{self, LongValueId, LongValueKey, LongValueRoot};
use ese_format::page::{PageFlags, PageView};
use ese_format::page_size::PageSize;
use ese_format::record::{RecordFormat, RecordView};

/// A live node of a leaf page.
pub(crate) struct Node {
    pub(crate) key: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

/// A cleanly closed database and everything its catalog describes.
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) page_size: PageSize,
    pub(crate) format: RecordFormat,
    bytes: Vec<u8>,
    pub(crate) catalog: Vec<Node>,
    pub(crate) tables: Vec<TableDefinition>,
}

impl Database {
    fn open(name: String, bytes: Vec<u8>) -> Option<Self> {
        let header = choose_header(&bytes).ok()?.header;
        let is_temporary = header.fields.objid_last.get() == 0;
        if header.state() != Some(DatabaseState::CleanShutdown) || is_temporary {
            return None;
        }
        let page_size = header.page_size();
        let format = RecordFormat::of(page_size);
        let mut database = Self { name, page_size, format, bytes, catalog: Vec::new(), tables: Vec::new() };
        database.catalog = database.tree(4);
        database.tables = database.read_tables();
        Some(database)
    }

    fn read_tables(&self) -> Vec<TableDefinition> {
        let mut by_table: BTreeMap<u32, Vec<CatalogRow>> = BTreeMap::new();
        for node in &self.catalog {
            let row = self.catalog_row(node);
            by_table.entry(row.objid_table).or_default().push(row);
        }
        let is_derived = |rows: &[CatalogRow]| match &rows[0].kind {
            RowKind::Table(table) => table.flags.contains(TableFlags::DERIVED),
            _ => false,
        };
        let mut tables: Vec<TableDefinition> = Vec::new();
        let (derived, plain): (Vec<_>, Vec<_>) = by_table.into_values().partition(|rows| is_derived(rows));
        for rows in plain.into_iter().chain(derived) {
            let RowKind::Table(table) = &rows[0].kind else { panic!("{}: no table row", self.name) };
            let template = table.template_table.as_ref().map(|name| {
                let found = tables.iter().find(|table| table.name.is(name.as_bytes()));
                found.expect("the template of a derived table exists")
            });
            let definition = TableDefinition::from_rows(&rows, template);
            tables
                .push(definition.unwrap_or_else(|error| panic!("{} {:?}: {error}", self.name, rows[0].name)));
        }
        tables
    }

    pub(crate) fn catalog_row(&self, node: &Node) -> CatalogRow {
        let view = RecordView::parse(&node.data, self.format).expect("a catalog record");
        CatalogRow::decode(&view).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn page(&self, number: u32) -> PageView<'_> {
        let start = (number as usize + 1) * self.page_size.bytes();
        let bytes = &self.bytes[start..start + self.page_size.bytes()];
        PageView::parse(bytes, self.page_size, number)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Every node of the tree that is not flag-deleted.
    pub(crate) fn tree(&self, root: u32) -> Vec<Node> {
        let mut page = self.page(root);
        let mut seen = HashSet::new();
        while !page.flags().contains(PageFlags::LEAF) {
            assert!(seen.insert(page.number()), "{}: a cycle", self.name);
            let first = page.node(0).expect("an internal page has nodes");
            page = self.page(first.child_page().expect("a child"));
        }
        let mut nodes = Vec::new();
        loop {
            assert!(seen.insert(page.number()), "{}: a cycle", self.name);
            for node in page.nodes() {
                let node = node.expect("a node");
                if !node.is_deleted() {
                    nodes.push(Node { key: node.key().to_vec(), data: node.data.to_vec() });
                }
            }
            if page.next() == 0 {
                return nodes;
            }
            page = self.page(page.next());
        }
    }

    /// The records of a table.
    pub(crate) fn records(&self, table: &TableDefinition) -> Vec<Node> {
        self.tree(table.table.fdp_page)
    }

    /// The long values of a table.
    pub(crate) fn long_values(&self, table: &TableDefinition) -> LongValues {
        let default = long_value::chunk_bytes_default(self.page_size);
        let chunk_bytes = table.table.lv_chunk_bytes.unwrap_or(default);
        let mut values = LongValues { chunk_bytes, ..LongValues::default() };
        let Some((_, row)) = &table.long_values else { return values };
        for node in self.tree(row.fdp_page) {
            match LongValueKey::decode(&node.key).expect("a long-value key") {
                LongValueKey::Root(id) => {
                    values.roots.insert(id, LongValueRoot::decode(&node.data).expect("a root"));
                }
                LongValueKey::Chunk(id, offset) => {
                    values.chunks.entry(id).or_default().insert(offset, node.data);
                }
            }
        }
        values
    }
}

/// The long-value tree of one table.
#[derive(Default)]
pub(crate) struct LongValues {
    pub(crate) chunk_bytes: u32,
    pub(crate) roots: HashMap<LongValueId, LongValueRoot>,
    pub(crate) chunks: HashMap<LongValueId, BTreeMap<u32, Vec<u8>>>,
}

impl LongValueSource for &LongValues {
    fn read(&self, id: LongValueId, bytes_max: usize, into: &mut Vec<u8>) -> FormatResult<()> {
        let size = self.roots[&id].size;
        let start = into.len();
        for (offset, stored) in self.chunks.get(&id).into_iter().flatten() {
            if into.len() - start >= bytes_max {
                break;
            }
            let expected = long_value::chunk_expected_bytes(size, self.chunk_bytes, *offset)?;
            long_value::append_chunk(stored, expected, into)?;
        }
        into.truncate(start.saturating_add(bytes_max));
        Ok(())
    }
}

/// Every cleanly closed database of the corpus; `None` where there is no corpus.
pub(crate) fn databases() -> Option<&'static [Database]> {
    static DATABASES: OnceLock<Option<Vec<Database>>> = OnceLock::new();
    let databases = DATABASES.get_or_init(|| {
        let corpus = ese_corpus::corpus()?;
        let files = ese_corpus::files_ending(&corpus, &[".edb", ".dat", ".mdb"]);
        let databases = files.into_iter().filter_map(|file| Database::open(file.name.clone(), file.bytes()));
        let databases: Vec<Database> = databases.collect();
        ese_corpus::report!("{} clean databases", databases.len());
        Some(databases)
    });
    let databases = databases.as_deref()?;
    assert!(databases.len() >= 20, "the corpus has more clean databases than {}", databases.len());
    Some(databases)
}
