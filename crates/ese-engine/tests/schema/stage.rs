//! A database on a simulated disk with its catalog, and sessions that use it. Nothing is logged.

use std::path::Path;
use std::sync::Arc;

use ese_engine::cache::{CachedFile, OpenGate, PageCache, WriteBack};
use ese_engine::catalog::{
    CatalogSettings, LiveCatalog, NewColumn, NewDatabase, NewIndex, NewTable, OpenedTable, Shadow, TableHold,
    TextSettings,
};
use ese_engine::database::{AcceptedStates, Database, OpenOptions};
use ese_engine::error::Result;
use ese_engine::file_map::{FileFeatures, FileMap, FileMapStart, Logging};
use ese_engine::io::{Access, FileSystem, Host, SimulatedFileSystem};
use ese_engine::space::create_root;
use ese_engine::table::{ColumnChange, ColumnRequest, Cursor, CursorMode, Prepare, UpdateGrbit};
use ese_engine::transaction::{BeginKind, CommitOptions, Session, Transactions, VersionLimits};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::column_type::ColumnId;
use ese_format::database_header::DatabaseHeader;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;
use ese_format::version::DatabaseVersion;

const PATH: &str = "/stage.edb";
const PAGES: u32 = 254;

/// The database and all around it.
pub(crate) struct Stage {
    pub(crate) file: Arc<CachedFile>,
    pub(crate) map: Arc<FileMap>,
    version: DatabaseVersion,
    pub(crate) transactions: Arc<Transactions>,
    pub(crate) catalog: Arc<LiveCatalog>,
}

/// Both copies of the header of a clean database.
fn headers(page_size: PageSize, version: DatabaseVersion, dbtime: u64, objid_last: u32) -> Vec<u8> {
    let mut header = DatabaseHeader::new(page_size);
    header.fields.state = 3.into();
    header.fields.update_major = version.update_major.into();
    header.fields.update_minor = version.update_minor.into();
    header.fields.dbtime = dbtime.into();
    header.fields.objid_last = objid_last.into();
    let page = header.encode();
    [page.as_slice(), page.as_slice()].concat()
}

/// A table open for a session.
pub(crate) struct Opened {
    pub(crate) hold: TableHold,
    pub(crate) cursor: Cursor,
}

impl Stage {
    pub(crate) fn new(page_size: PageSize) -> Self {
        Self::with_version(page_size, DatabaseVersion::new(20, 0))
    }

    pub(crate) fn with_version(page_size: PageSize, version: DatabaseVersion) -> Self {
        let file_system = SimulatedFileSystem::default();
        let path = Path::new(PATH);
        file_system.put(path, headers(page_size, version, 0x40, 0));
        let file = file_system.open(path, Access::ReadWrite).expect("the file was put there");
        let file = PageCache::new(64 << 20).attach(file, page_size).expect("a new file");
        file.set_gate(Arc::new(OpenGate));
        let start = FileMapStart {
            dbid: 1,
            logging: Logging::Off,
            features: FileFeatures::of(version, 4),
            dbtime: 0x40,
            objid_last: 0,
            extension_pages: 256,
        };
        let map = FileMap::new(Arc::clone(&file), start);
        let host = Host::simulated(Arc::new(file_system.clone()), 7);
        let clock = Arc::clone(&host.clock);
        let limits = VersionLimits { store_bytes: 256 << 20, ..VersionLimits::default() };
        let transactions = Transactions::new(host, limits);
        let mut session = transactions.begin_session().expect("the first session");
        session.begin(BeginKind::ReadWrite).expect("level 1");
        let root = create_root(&map, &mut session, PAGES).expect("the root of a new database");
        let new = NewDatabase { version, shadow: Shadow::Kept, clock: Arc::clone(&clock) };
        new.fill(&root, &mut session).expect("the catalog of a new database");
        session.commit(CommitOptions::DURABLE).expect("the creation");
        drop(session);
        let settings =
            CatalogSettings { shadow: Shadow::Kept, version, clock, text: TextSettings::default() };
        let catalog = LiveCatalog::open(&map, settings).expect("a catalog that was just made");
        Self { file, map, version, transactions, catalog }
    }

    pub(crate) fn session(&self) -> Session {
        self.transactions.begin_session().expect("there are numbers left")
    }

    /// Writes everything back and opens the file as a reader does.
    pub(crate) fn reopened(&self) -> Database {
        self.transactions.clean().expect("nothing is in the way of the cleanup");
        self.file.write_back(WriteBack::All).expect("the disk takes all");
        self.file.sync().expect("the disk takes all");
        let file = self.file.file();
        let length = usize::try_from(file.length().expect("a length")).expect("a small file");
        let mut bytes = vec![0; length];
        assert_eq!(file.read_at(&mut bytes, 0).expect("the disk reads"), length);
        let now = headers(self.file.page_size(), self.version, self.map.dbtime(), self.map.objid_last());
        bytes[..now.len()].copy_from_slice(&now);
        let copy = SimulatedFileSystem::default();
        copy.put(Path::new(PATH), bytes);
        let options = OpenOptions {
            file_system: Arc::new(copy),
            states: AcceptedStates::Any,
            ..OpenOptions::default()
        };
        Database::open(PATH, &options).expect("a database that was written")
    }

    /// The verifier finds nothing.
    #[track_caller]
    pub(crate) fn check(&self) -> Database {
        let database = self.reopened();
        let report = verify(&database, &VerifyOptions::default(), &mut |_| {});
        let damage: Vec<String> = report.findings.iter().map(|finding| format!("{finding:?}")).collect();
        assert!(report.is_sound(), "{damage:#?}");
        database
    }

    pub(crate) fn create(&self, session: &mut Session, new: &NewTable<'_>) -> Result<Opened> {
        let opened = self.catalog.create_table(session, new).table?;
        Ok(self.cursor(session, opened))
    }

    pub(crate) fn open(&self, session: &mut Session, name: &str, grbit: u32) -> Result<Opened> {
        let opened = self.catalog.open_table(session, name.as_bytes(), grbit)?;
        Ok(self.cursor(session, opened))
    }

    fn cursor(&self, session: &mut Session, opened: OpenedTable) -> Opened {
        let OpenedTable { table, hold, .. } = opened;
        let (source, schema) = (Arc::clone(table.source()), Arc::clone(table.schema()));
        let cursor = Cursor::open(session, &self.map, source, schema, CursorMode::Updatable);
        Opened { hold, cursor: cursor.expect("the trees are there") }
    }
}

impl Opened {
    pub(crate) fn add_column(
        &mut self,
        stage: &Stage,
        session: &mut Session,
        new: &NewColumn<'_>,
    ) -> Result<ColumnId> {
        let table = self.cursor.table().clone();
        stage.catalog.add_column(session, &table, &self.hold, new).map(|added| added.id)
    }

    pub(crate) fn create_index(
        &mut self,
        stage: &Stage,
        session: &mut Session,
        new: &NewIndex<'_>,
    ) -> Result<()> {
        let table = self.cursor.table().clone();
        stage.catalog.create_indexes(session, &table, &self.hold, std::slice::from_ref(new)).result
    }

    pub(crate) fn column(&mut self, session: &Session, name: &str) -> Option<ColumnId> {
        self.cursor.refresh_schema(session).expect("the table is there");
        let schema = self.cursor.table().schema();
        schema.layout().column_named(name.as_bytes()).map(|column| column.id)
    }

    pub(crate) fn insert(&mut self, session: &mut Session, values: &[(ColumnId, &[u8])]) -> Result<()> {
        self.cursor.prepare(session, Prepare::Insert)?;
        for (column, value) in values {
            self.set(session, *column, value)?;
        }
        let updated = self.cursor.update(session, None, UpdateGrbit::empty());
        if updated.is_err() {
            self.cursor.prepare(session, Prepare::Cancel)?;
        }
        updated.map(|_| ())
    }

    pub(crate) fn set(&mut self, session: &mut Session, column: ColumnId, value: &[u8]) -> Result<()> {
        let bytes = u32::try_from(value.len()).expect("short values");
        let change =
            ColumnChange { column: column.to_api(), data: value, bytes, itag: 1, ..ColumnChange::default() };
        self.cursor.set_column(session, &change).map(|_| ())
    }

    /// The first value of a column of the current record.
    pub(crate) fn get(&mut self, session: &mut Session, column: ColumnId) -> Result<Option<Vec<u8>>> {
        let request = ColumnRequest { column: column.to_api(), itag: 1, ..ColumnRequest::default() };
        let mut buffer = vec![0; 4096];
        let got = self.cursor.retrieve_column(session, &request, &mut buffer)?;
        buffer.truncate(got.actual);
        Ok(got.completion.warning().is_none().then_some(buffer))
    }
}

pub(crate) fn jet<T>(result: Result<T>) -> Option<JetError> {
    result.err().map(|error| error.jet())
}

pub(crate) fn long<'a>(name: &'a str) -> NewColumn<'a> {
    NewColumn { name: name.as_bytes(), column_type: 4, ..NewColumn::default() }
}
