//! A tree on a simulated disk, with a log that is a list, versions that are a map, and pages that come from a counter.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use ese_engine::btree::{Author, Logged, PageSource, Stamp, Tree, TreeKind, VersionedChange, WritableTree};
use ese_engine::cache::{CachedFile, OpenGate, PageCache};
use ese_engine::error::{Error, Result};
use ese_engine::file_map::{FileFeatures, FileMap, FileMapStart, Logging};
use ese_engine::io::{Access, FileSystem, SimulatedFileSystem};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{Begin0, BeginLevels, Record};
use ese_format::page::{NewPage, PageFlags, PageMut, PageView, ReservedTagForm};
use ese_format::page_size::PageSize;
use ese_format::version::DatabaseVersion;
use parking_lot::Mutex;

pub(crate) const ROOT: u32 = 4;
pub(crate) const OBJID: u32 = 9;
const HEADER: [u8; 16] = [20, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0];
const NON_UNIQUE_HEADER: [u8; 16] = [20, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0];

/// Which tree is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    Unique,
    Duplicates,
}

/// Counts down the calls that may still succeed.
#[derive(Debug)]
pub(crate) struct Fuse(AtomicU64);

impl Fuse {
    const OUT: u64 = u64::MAX;

    pub(crate) fn never() -> Self {
        Self(AtomicU64::new(Self::OUT))
    }

    /// The call after `calls` others fails, once.
    pub(crate) fn light(&self, calls: u64) {
        self.0.store(calls, Ordering::SeqCst);
    }

    pub(crate) fn put_out(&self) {
        self.0.store(Self::OUT, Ordering::SeqCst);
    }

    fn burn(&self, what: &str) -> Result<()> {
        let left = self.0.load(Ordering::SeqCst);
        if left == Self::OUT {
            return Ok(());
        }
        self.0.store(left.checked_sub(1).unwrap_or(Self::OUT), Ordering::SeqCst);
        if left == 0 { Err(Error::refused(JetError::LOG_DISK_FULL, what)) } else { Ok(()) }
    }
}

/// What was logged, in order.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) records: Mutex<Vec<Vec<u8>>>,
    pub(crate) fuse: Fuse,
    count: AtomicU64,
    keeps: bool,
}

/// The position of a record.
pub(crate) fn position(index: usize) -> Lgpos {
    Lgpos::new(1 + (index >> 15) as i32, 8 + (index & 0x7FFF) as u16, 0)
}

impl Journal {
    pub(crate) fn new(keeps: bool) -> Self {
        Self { records: Mutex::default(), fuse: Fuse::never(), count: AtomicU64::new(0), keeps }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn append(&self, records: &[Record<'_>]) -> Result<Lgpos> {
        self.fuse.burn("log")?;
        self.count.fetch_add(records.len() as u64, Ordering::Relaxed);
        if !self.keeps {
            return Ok(position(1));
        }
        let mut all = self.records.lock();
        for record in records {
            all.push(record.encode().expect("a record can be encoded"));
        }
        Ok(position(all.len() - 1))
    }
}

type Bookmark = (Vec<u8>, Vec<u8>);

/// An uncommitted version.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) rceid: u32,
    pub(crate) author: u16,
    pub(crate) change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Insert,
    Replace { before: Vec<u8> },
    FlagDelete,
    Delta { offset: u16, delta: i64, width: u8 },
    Lock,
}

/// All uncommitted versions, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    pub(crate) by_node: Mutex<HashMap<Bookmark, Vec<Version>>>,
    rceid: AtomicU32,
}

impl Versions {
    pub(crate) fn needs(&self, key: &[u8], data: &[u8]) -> bool {
        self.by_node.lock().contains_key(&(key.to_vec(), data.to_vec()))
    }
}

/// A session.
pub(crate) struct Session {
    pub(crate) procid: u16,
    pub(crate) journal: Arc<Journal>,
    pub(crate) versions: Arc<Versions>,
    /// Its versions, oldest first.
    pub(crate) made: Vec<(Bookmark, u32)>,
    begun: bool,
}

impl Session {
    pub(crate) fn commit(&mut self) {
        let mut all = self.versions.by_node.lock();
        for (bookmark, rceid) in self.made.drain(..) {
            forget(&mut all, &bookmark, rceid);
        }
    }
}

fn forget(all: &mut HashMap<Bookmark, Vec<Version>>, bookmark: &Bookmark, rceid: u32) {
    let Some(of_node) = all.get_mut(bookmark) else { return };
    of_node.retain(|version| version.rceid != rceid);
    if of_node.is_empty() {
        all.remove(bookmark);
    }
}

impl Author for Session {
    fn stamp(&self) -> Stamp {
        Stamp { procid: self.procid, trx_begin0: u32::from(self.procid) * 4, level: 1 }
    }

    fn log(&mut self, map: &FileMap, records: &[Record<'_>]) -> Result<Logged> {
        if map.logging() == Logging::Off {
            return Ok(Logged { position: Lgpos::NULL, oldest_begin0: Lgpos::NULL });
        }
        if !self.begun {
            let levels = BeginLevels::new(0, 1).expect("one level");
            let begin = Begin0 { procid: self.procid, levels, trx_begin0: self.stamp().trx_begin0 };
            self.journal.append(&[Record::Begin0(begin)])?;
            self.begun = true;
        }
        Ok(Logged { position: self.journal.append(records)?, oldest_begin0: position(0) })
    }

    fn version(
        &mut self,
        tree: &WritableTree,
        key: &[u8],
        data: &[u8],
        change: VersionedChange<'_>,
    ) -> Result<u32> {
        assert!(data.is_empty() || tree.tree().has_duplicate_keys());
        let mut all = self.versions.by_node.lock();
        let bookmark = (key.to_vec(), data.to_vec());
        let of_node = all.entry(bookmark.clone()).or_default();
        if of_node.iter().any(|version| version.author != self.procid) {
            return Err(Error::refused(JetError::WRITE_CONFLICT, "another session's version"));
        }
        let change = match change {
            VersionedChange::Insert => Change::Insert,
            VersionedChange::Replace { old, .. } => Change::Replace { before: old.to_vec() },
            VersionedChange::FlagDelete => Change::FlagDelete,
            VersionedChange::Delta { offset, delta, width } => Change::Delta { offset, delta, width },
            VersionedChange::ReadLock | VersionedChange::WriteLock => Change::Lock,
        };
        let rceid = self.versions.rceid.fetch_add(2, Ordering::Relaxed) + 1;
        of_node.push(Version { rceid, author: self.procid, change });
        self.made.push((bookmark, rceid));
        Ok(rceid)
    }

    fn withdraw(&mut self, rceid: u32) {
        let place = self.made.iter().position(|(_, made)| *made == rceid).expect("a version that was made");
        let (bookmark, _) = self.made.remove(place);
        forget(&mut self.versions.by_node.lock(), &bookmark, rceid);
    }

    fn rollback_bytes(&self, _: &WritableTree, key: &[u8]) -> usize {
        let all = self.versions.by_node.lock();
        let of_node = all.get(&(key.to_vec(), Vec::new()));
        let before = of_node.into_iter().flatten().map(|version| match &version.change {
            Change::Replace { before } => before.len(),
            _ => 0,
        });
        before.max().unwrap_or(0)
    }

    fn log_undo_images(&mut self, _: &FileMap, _: &PageView<'_>) -> Result<()> {
        self.journal.fuse.burn("undo images")
    }
}

/// Pages from a counter, and those that were given back.
#[derive(Debug)]
pub(crate) struct Pages {
    next: AtomicU32,
    pub(crate) free: Mutex<Vec<u32>>,
    pub(crate) fuse: Fuse,
    /// Pages that could not be given back.
    leaked: AtomicU32,
}

impl PageSource for Pages {
    fn allocate(&self, tree: &WritableTree, _: &mut dyn Author, _: u32, count: u32) -> Result<Vec<u32>> {
        self.fuse.burn("space")?;
        (0..count)
            .map(|_| {
                if let Some(page) = self.free.lock().pop() {
                    return Ok(page);
                }
                let page = self.next.fetch_add(1, Ordering::SeqCst);
                let file = tree.tree().file();
                if page > file.page_count() {
                    file.set_page_count((page + 1).next_power_of_two()).inspect_err(|_| {
                        self.leaked.fetch_add(1, Ordering::SeqCst);
                    })?;
                }
                Ok(page)
            })
            .collect()
    }

    fn free(&self, _: &WritableTree, _: &mut dyn Author, page: u32) -> Result<()> {
        self.fuse.burn("space").inspect_err(|_| {
            self.leaked.fetch_add(1, Ordering::SeqCst);
        })?;
        let mut free = self.free.lock();
        assert!(!free.contains(&page), "page {page} is given back twice");
        free.push(page);
        Ok(())
    }
}

impl Pages {
    /// Pages that are in use.
    pub(crate) fn used(&self) -> usize {
        let given = self.next.load(Ordering::SeqCst) as usize - FIRST_PAGE as usize;
        given - self.free.lock().len() - self.leaked.load(Ordering::SeqCst) as usize
    }
}

const FIRST_PAGE: u32 = 5;

/// The tree and all around it.
pub(crate) struct Stage {
    pub(crate) file_system: SimulatedFileSystem,
    pub(crate) file: Arc<CachedFile>,
    pub(crate) map: Arc<FileMap>,
    pub(crate) tree: WritableTree,
    pub(crate) journal: Arc<Journal>,
    pub(crate) versions: Arc<Versions>,
    pub(crate) pages: Arc<Pages>,
    /// The root page before any change.
    pub(crate) first_root: Vec<u8>,
}

/// What a stage is built for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) size: PageSize,
    pub(crate) keys: Keys,
    pub(crate) logging: Logging,
    /// Whether the journal keeps its records.
    pub(crate) keeps_records: bool,
    pub(crate) cache_bytes: usize,
}

impl Plan {
    pub(crate) fn new(size: PageSize, keys: Keys) -> Self {
        Self { size, keys, logging: Logging::On, keeps_records: true, cache_bytes: 256 << 20 }
    }
}

impl Stage {
    pub(crate) fn new(plan: Plan) -> Self {
        let Plan { size, keys, .. } = plan;
        let file_system = SimulatedFileSystem::default();
        let path = Path::new("/tree.edb");
        file_system.put(path, vec![0; size.bytes() * 18]);
        let file = file_system.open(path, Access::ReadWrite).unwrap();
        let file = PageCache::new(plan.cache_bytes).attach(file, size).unwrap();
        file.set_gate(Arc::new(OpenGate));
        let kind = match keys {
            Keys::Unique => PageFlags::empty(),
            Keys::Duplicates => PageFlags::INDEX | PageFlags::NON_UNIQUE_KEYS,
        };
        let mut root = file.latch_new(ROOT).unwrap();
        let new = NewPage {
            objid: OBJID,
            dbtime: 0x41,
            flags: PageFlags::ROOT | PageFlags::LEAF | PageFlags::NEW_CHECKSUM_FORMAT | kind,
            reserved_tags: ReservedTagForm::Counted,
        };
        let header = if keys == Keys::Unique { HEADER } else { NON_UNIQUE_HEADER };
        PageMut::create(root.buffer(), size, ROOT, new).unwrap().set_external_header(&[&header]).unwrap();
        let first_root = root.view().bytes().to_vec();
        root.mark_untidy();
        drop(root);
        let features = FileFeatures::of(DatabaseVersion::new(300, 0), 60);
        let map = FileMap::new(
            Arc::clone(&file),
            FileMapStart {
                dbid: 1,
                logging: plan.logging,
                features,
                dbtime: 0x41,
                objid_last: OBJID,
                extension_pages: 16,
            },
        );
        let kind = if keys == Keys::Unique { TreeKind::Primary } else { TreeKind::Index };
        let tree = Tree::open(&file, ROOT, OBJID, kind).unwrap();
        let pages = Arc::new(Pages {
            next: AtomicU32::new(FIRST_PAGE),
            free: Mutex::default(),
            fuse: Fuse::never(),
            leaked: AtomicU32::new(0),
        });
        let tree = WritableTree::with_pages(&map, tree, Arc::clone(&pages) as Arc<dyn PageSource>);
        Self {
            file_system,
            file,
            map,
            tree,
            journal: Arc::new(Journal::new(plan.keeps_records)),
            versions: Arc::default(),
            pages,
            first_root,
        }
    }

    pub(crate) fn session(&self, procid: u16) -> Session {
        Session {
            procid,
            journal: Arc::clone(&self.journal),
            versions: Arc::clone(&self.versions),
            made: Vec::new(),
            begun: false,
        }
    }

    /// Every node of the leaves, deleted ones too, in order; checks what spec 02 §8 demands of the tree on the way.
    pub(crate) fn walk(&self) -> Vec<Stored> {
        crate::walk::walk(self)
    }
}

/// A node as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) key: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) deleted: bool,
}

/// Numbers that a seed decides.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// A map from bookmarks to data: what the tree should hold.
pub(crate) type Model = BTreeMap<Bookmark, Vec<u8>>;
