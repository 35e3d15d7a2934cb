//! A copy of a real database, attached for writing in memory.

use std::path::Path;
use std::sync::Arc;

use ese_engine::cache::{CachedFile, OpenGate, PageCache, WriteBack};
use ese_engine::catalog::{CatalogSettings, LiveCatalog, Shadow};
use ese_engine::database::{Database, OpenOptions};
use ese_engine::file_map::{FileFeatures, FileMap, FileMapStart, Logging};
use ese_engine::io::{Access, FileSystem, Host, SimulatedFileSystem};
use ese_engine::table::{Cursor, CursorMode, LongValueCounts};
use ese_engine::transaction::{Session, Transactions, VersionLimits};
use ese_format::database_header::{DatabaseHeader, PROBE_BYTES, choose_header};
use ese_format::version::DatabaseVersion;

const PATH: &str = "/copy.edb";

/// The copy.
pub(crate) struct Attached {
    file_system: SimulatedFileSystem,
    file: Arc<CachedFile>,
    map: Arc<FileMap>,
    header: DatabaseHeader,
    pub(crate) transactions: Arc<Transactions>,
    pub(crate) catalog: Arc<LiveCatalog>,
}

impl Attached {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let header = choose_header(&bytes[..PROBE_BYTES.min(bytes.len())]).expect("a good header").header;
        let page_size = header.page_size();
        let file_system = SimulatedFileSystem::default();
        let path = Path::new(PATH);
        file_system.put(path, bytes);
        let file = file_system.open(path, Access::ReadWrite).expect("the file was put there");
        let file = PageCache::new(64 << 20).attach(file, page_size).expect("whole pages");
        file.set_gate(Arc::new(OpenGate));
        let fields = &header.fields;
        let version = DatabaseVersion::new(fields.update_major.get(), fields.update_minor.get());
        let start = FileMapStart {
            dbid: 1,
            logging: Logging::Off,
            features: FileFeatures::of(version, 60),
            dbtime: fields.dbtime.get(),
            objid_last: fields.objid_last.get(),
            extension_pages: 64,
        };
        let map = FileMap::new(Arc::clone(&file), start);
        let host = Host::simulated(Arc::new(file_system.clone()), 3);
        let clock = Arc::clone(&host.clock);
        let limits =
            VersionLimits { store_bytes: 1 << 30, preferred_bytes: 1 << 30, ..VersionLimits::default() };
        let transactions = Transactions::new(host, limits);
        transactions.set_count_hook(Arc::new(LongValueCounts));
        let settings = CatalogSettings { shadow: Shadow::Kept, version, clock };
        let catalog = LiveCatalog::open(&map, settings).expect("the catalog of a sound database");
        Self { file_system, file, map, header, transactions, catalog }
    }

    pub(crate) fn session(&self) -> Session {
        self.transactions.begin_session().expect("there are numbers left")
    }

    pub(crate) fn cursor(&self, session: &mut Session, table: &str) -> Cursor {
        let opened = self.catalog.open_table(session, table.as_bytes(), 0).expect("the table is there");
        let (source, schema) = (Arc::clone(opened.table.source()), Arc::clone(opened.table.schema()));
        Cursor::open(session, &self.map, source, schema, CursorMode::Updatable).expect("its trees are there")
    }

    /// Cleans, writes everything back with a header that says so, and opens the file as a reader does.
    pub(crate) fn detached(mut self) -> Database {
        while self.transactions.clean().expect("nothing is in the way of the cleanup") > 0 {}
        self.file.write_back(WriteBack::All).expect("the disk takes all");
        self.file.sync().expect("the disk takes all");
        self.header.fields.dbtime = self.map.dbtime().into();
        self.header.fields.objid_last = self.map.objid_last().into();
        let page = self.header.encode();
        let file = self.file.file();
        let mut bytes = vec![0; usize::try_from(file.length().expect("a length")).expect("a small file")];
        file.read_at(&mut bytes, 0).expect("the disk reads");
        bytes[..page.len()].copy_from_slice(&page);
        bytes[page.len()..2 * page.len()].copy_from_slice(&page);
        let copy = SimulatedFileSystem::default();
        copy.put(Path::new(PATH), bytes);
        drop(self.file_system);
        let options = OpenOptions { file_system: Arc::new(copy), ..OpenOptions::default() };
        Database::open(PATH, &options).expect("a database that was written")
    }
}
