//! Two trees of one database, a log, and sessions.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ese_engine::btree::{
    Author, DeltaWidth, LockKind, PageSource, SeekOutcome, Tree, TreeCursor, TreeKind, Versioning,
    WritableTree,
};
use ese_engine::cache::{CachedFile, PageCache, WriteBack, WriteGate};
use ese_engine::error::Result;
use ese_engine::file_map::{FileFeatures, FileMap, FileMapStart, Logging};
use ese_engine::io::{Access, Background, FileSystem, Host, SimulatedFileSystem};
use ese_engine::log::{Circular, Log, LogSettings};
use ese_engine::transaction::{BeginKind, CommitId, CommitOptions, Session, Transactions, VersionLimits};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::LogFile;
use ese_format::log::names::{GenerationDigits, LogExtension};
use ese_format::log::version::LogVersion;
use ese_format::page::{NewPage, PageFlags, PageMut, PageView, ReservedTagForm};
use ese_format::page_size::PageSize;
use ese_format::signature::Signature;
use ese_format::version::DatabaseVersion;
use parking_lot::Mutex;

const RECORDS_ROOT: u32 = 4;
const INDEX_ROOT: u32 = 5;
const SIZE: PageSize = PageSize::K4;

/// Pages from a counter.
#[derive(Debug)]
struct Pages {
    next: AtomicU32,
    free: Mutex<Vec<u32>>,
}

impl PageSource for Pages {
    fn allocate(&self, tree: &WritableTree, _: &mut dyn Author, _: u32, count: u32) -> Result<Vec<u32>> {
        (0..count)
            .map(|_| {
                if let Some(page) = self.free.lock().pop() {
                    return Ok(page);
                }
                let page = self.next.fetch_add(1, Ordering::SeqCst);
                let file = tree.tree().file();
                if page > file.page_count() {
                    file.set_page_count((page + 1).next_power_of_two())?;
                }
                Ok(page)
            })
            .collect()
    }

    fn free(&self, _: &WritableTree, _: &mut dyn Author, page: u32) -> Result<()> {
        self.free.lock().push(page);
        Ok(())
    }
}

/// What a page passes on its way to the file.
#[derive(Debug)]
struct Gate {
    transactions: Arc<Transactions>,
    log: Arc<Log>,
    map: Arc<FileMap>,
}

impl WriteGate for Gate {
    fn before_write(&self, page: &PageView<'_>, modified: Lgpos) -> Result<Lgpos> {
        Ok(modified.max(self.transactions.log_undo_images(&self.map, page)?))
    }

    fn make_durable(&self, through: Lgpos) -> Result<()> {
        self.log.flush(through)
    }
}

/// What a stage is built for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) background: Background,
    pub(crate) limits: VersionLimits,
    pub(crate) logging: Logging,
    pub(crate) cache_bytes: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            background: Background::Inline,
            limits: VersionLimits::default(),
            logging: Logging::On,
            cache_bytes: 64 << 20,
        }
    }
}

/// An instance as far as transactions know one.
pub(crate) struct Stage {
    pub(crate) transactions: Arc<Transactions>,
    pub(crate) log: Arc<Log>,
    pub(crate) file: Arc<CachedFile>,
    /// A tree with unique keys.
    pub(crate) records: WritableTree,
    /// A tree with duplicate keys.
    pub(crate) index: WritableTree,
    pub(crate) disk: Arc<SimulatedFileSystem>,
}

fn settings(host: &Host) -> LogSettings {
    LogSettings {
        host: host.clone(),
        folder: PathBuf::from("/log"),
        system_folder: PathBuf::from("/log"),
        base_name: "edb".to_owned(),
        extension: LogExtension::Log,
        digits: GenerationDigits::FiveThenEight,
        file_segments: 256,
        circular: Circular::Off,
        page_size: SIZE,
        version: LogVersion::segmented(60, 140),
        engine_format_version: 0,
        reserve_files: 0,
        buffer_bytes: 1 << 20,
    }
}

fn create_root(file: &CachedFile, page: u32, objid: u32, kind: PageFlags, space_flags: u8) {
    let header = [20, 0, 0, 0, 1, 0, 0, 0, space_flags, 0, 0, 0, 5, 0, 0, 0];
    let mut root = file.latch_new(page).unwrap();
    let new = NewPage {
        objid,
        dbtime: 0x41,
        flags: PageFlags::ROOT | PageFlags::LEAF | PageFlags::NEW_CHECKSUM_FORMAT | kind,
        reserved_tags: ReservedTagForm::Counted,
    };
    PageMut::create(root.buffer(), SIZE, page, new).unwrap().set_external_header(&[&header]).unwrap();
    root.mark_untidy();
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Plan::default())
    }

    pub(crate) fn with(plan: Plan) -> Self {
        let disk = Arc::new(SimulatedFileSystem::default());
        let mut host = Host::simulated(Arc::clone(&disk) as Arc<dyn FileSystem>, 7);
        host.background = plan.background;
        let log =
            Log::create(settings(&host), Signature { random: 7.into(), ..Signature::default() }).unwrap();
        let transactions = Transactions::new(host.clone(), plan.limits);
        transactions.set_log(Some(Arc::clone(&log)));
        disk.put("/tree.edb", vec![0; SIZE.bytes() * 18]);
        let file = host.file_system.open(Path::new("/tree.edb"), Access::ReadWrite).unwrap();
        let file = PageCache::new(plan.cache_bytes).attach(file, SIZE).unwrap();
        let features = FileFeatures::of(DatabaseVersion::new(300, 0), 60);
        let start = FileMapStart {
            dbid: 1,
            logging: plan.logging,
            features,
            dbtime: 0x41,
            objid_last: 20,
            extension_pages: 16,
        };
        let map = FileMap::new(Arc::clone(&file), start);
        let gate = Gate { transactions: transactions.clone(), log: log.clone(), map: map.clone() };
        file.set_gate(Arc::new(gate));
        create_root(&file, RECORDS_ROOT, 9, PageFlags::empty(), 1);
        create_root(&file, INDEX_ROOT, 10, PageFlags::INDEX | PageFlags::NON_UNIQUE_KEYS, 3);
        let pages: Arc<dyn PageSource> = Arc::new(Pages { next: AtomicU32::new(6), free: Mutex::default() });
        let tree = |root, objid, kind| {
            let tree = Tree::open(&file, root, objid, kind).unwrap();
            WritableTree::with_pages(&map, tree, Arc::clone(&pages))
        };
        let records = tree(RECORDS_ROOT, 9, TreeKind::Primary);
        let index = tree(INDEX_ROOT, 10, TreeKind::Index);
        Self { transactions, log, file, records, index, disk }
    }

    pub(crate) fn session(&self) -> Session {
        self.transactions.begin_session().unwrap()
    }

    /// A session in a transaction.
    pub(crate) fn begun(&self) -> Session {
        let mut session = self.session();
        session.begin(BeginKind::ReadWrite).unwrap();
        session
    }

    pub(crate) fn insert(&self, session: &mut Session, key: &str, data: &str) -> Result<()> {
        self.records.insert(session, key.as_bytes(), data.as_bytes(), Versioning::Versioned)
    }

    pub(crate) fn replace(&self, session: &mut Session, key: &str, data: &str) -> Result<()> {
        self.records.replace(session, key.as_bytes(), data.as_bytes(), Versioning::Versioned)
    }

    pub(crate) fn delete(&self, session: &mut Session, key: &str) -> Result<()> {
        self.records.flag_delete(session, key.as_bytes(), &[], Versioning::Versioned)
    }

    /// Adds to the i32 at the beginning of the data.
    pub(crate) fn add(&self, session: &mut Session, key: &str, delta: i64) -> Result<i64> {
        self.records.delta(session, key.as_bytes(), 0, DeltaWidth::Four, delta, Versioning::Versioned)
    }

    pub(crate) fn lock(&self, session: &mut Session, key: &str, lock: LockKind) -> Result<()> {
        self.records.lock(session, key.as_bytes(), &[], lock)
    }

    /// Commits these nodes, each in the same transaction.
    pub(crate) fn given(&self, nodes: &[(&str, &str)]) {
        let mut session = self.begun();
        for (key, data) in nodes {
            self.insert(&mut session, key, data).unwrap();
        }
        session.commit(CommitOptions::DURABLE).unwrap();
    }

    pub(crate) fn cursor(&self, session: &Session, tree: &WritableTree) -> TreeCursor {
        let mut cursor = tree.tree().cursor();
        cursor.set_visibility(session.visibility());
        cursor
    }

    /// What a session reads under a key.
    pub(crate) fn read(&self, session: &Session, key: &str) -> Option<Vec<u8>> {
        let mut cursor = self.cursor(session, &self.records);
        match cursor.seek(key.as_bytes(), &[]).unwrap() {
            SeekOutcome::Equal => Some(cursor.node().unwrap().unwrap().data.to_vec()),
            _ => None,
        }
    }

    pub(crate) fn text(&self, session: &Session, key: &str) -> Option<String> {
        self.read(session, key).map(|data| String::from_utf8(data).unwrap())
    }

    pub(crate) fn number(&self, session: &Session, key: &str) -> Option<i32> {
        self.read(session, key).map(|data| i32::from_le_bytes(*data.first_chunk().unwrap()))
    }

    /// Everything a session sees of a tree, in order.
    pub(crate) fn scan(&self, session: &Session, tree: &WritableTree) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut cursor = self.cursor(session, tree);
        let mut all = Vec::new();
        while cursor.move_next().unwrap() {
            let node = cursor.node().unwrap().unwrap();
            all.push((node.key().to_vec(), node.data.to_vec()));
        }
        all
    }

    pub(crate) fn keys(&self, session: &Session) -> Vec<String> {
        let text = |(key, _): (Vec<u8>, Vec<u8>)| String::from_utf8(key).unwrap();
        self.scan(session, &self.records).into_iter().map(text).collect()
    }

    /// Flag-deleted nodes that are left on the pages of the records, by key.
    pub(crate) fn deleted(&self) -> Vec<String> {
        let mut found = Vec::new();
        let collect = &mut |_: usize, page: &ese_engine::cache::PageGuard| {
            if page.view().flags().contains(PageFlags::LEAF) {
                for node in page.view().nodes().map(|node| node.unwrap()).filter(|node| node.is_deleted()) {
                    found.push(String::from_utf8(node.key().to_vec()).unwrap());
                }
            }
            Ok(())
        };
        self.records.tree().visit_pages(collect).unwrap();
        found
    }

    pub(crate) fn write_pages(&self) {
        self.file.write_back(WriteBack::All).unwrap();
    }

    /// The names of the records that are in the log, padding left out.
    pub(crate) fn logged(&self) -> Vec<String> {
        self.records_logged(|record| record.record_type().name().to_owned())
    }

    /// What `show` makes of each record in the log.
    pub(crate) fn records_logged<R>(
        &self,
        show: impl Fn(&ese_format::log::record::Record<'_>) -> R,
    ) -> Vec<R> {
        self.log.flush_all().unwrap();
        let mut all = Vec::new();
        for generation in 1..=self.log.generation() {
            let settings = self.log.settings();
            let archived = settings.archived_path(generation);
            let current = generation == self.log.generation();
            let path = if current { settings.current_path() } else { archived };
            let content = self.disk.content(&path).unwrap();
            let file = LogFile::read(&content).unwrap();
            for record in file.records().filter(|record| !record.is_padding()) {
                all.push(show(&record.decode().unwrap()));
            }
        }
        all
    }
}

/// The code of a refused call.
pub(crate) fn code<T: std::fmt::Debug>(outcome: Result<T>) -> JetError {
    outcome.expect_err("the call is refused").jet()
}

pub(crate) fn commit(session: &mut Session) -> Option<CommitId> {
    session.commit(CommitOptions::DURABLE).unwrap()
}
