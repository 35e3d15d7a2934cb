//! A database root on a simulated disk, trees below it, and a log that is a list.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ese_engine::btree::{Author, Logged, Stamp, Tree, TreeKind, VersionedChange, Versioning, WritableTree};
use ese_engine::cache::{CachedFile, OpenGate, PageCache};
use ese_engine::error::{Error, Result};
use ese_engine::file_map::{FileFeatures, FileMap, FileMapStart, Logging};
use ese_engine::io::{Access, FileSystem, SimulatedFileSystem};
use ese_engine::redo::{Redo, RedoDatabase, RedoDatabaseStart};
use ese_engine::space::{NewTree, SpaceKind, Uniqueness, create_root, create_tree, delete_tree};
use ese_engine::space_policy::SpacePolicy;
use ese_engine::verify::{TreeFamily, VerifyReport, verify_trees};
use ese_format::checksum::seal_page;
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{Begin0, BeginLevels, Record};
use ese_format::page::{PageView, ReservedTagForm};
use ese_format::page_size::PageSize;
use ese_format::version::DatabaseVersion;

use crate::memory::{MemoryPages, OneDatabase, difference};

const PATH: &str = "/space.edb";
const PROCID: u16 = 5;

/// The only author.
pub(crate) struct Writer {
    pub(crate) records: Vec<Vec<u8>>,
    /// Calls of the log that still succeed.
    pub(crate) fails_after: Option<u64>,
}

fn position(index: usize) -> Lgpos {
    Lgpos::new(1 + (index >> 15) as i32, 8 + (index & 0x7FFF) as u16, 0)
}

impl Author for Writer {
    fn stamp(&self) -> Stamp {
        Stamp { procid: PROCID, trx_begin0: 4, level: 1 }
    }

    fn log(&mut self, map: &FileMap, records: &[Record<'_>]) -> Result<Logged> {
        match &mut self.fails_after {
            Some(0) => {
                self.fails_after = None;
                return Err(Error::refused(JetError::LOG_DISK_FULL, "the log of the test"));
            }
            Some(left) => *left -= 1,
            None => {}
        }
        if map.logging() == Logging::Off {
            return Ok(Logged { position: Lgpos::NULL, oldest_begin0: Lgpos::NULL });
        }
        self.records.extend(records.iter().map(|record| record.encode().expect("a record can be encoded")));
        Ok(Logged { position: position(self.records.len() - 1), oldest_begin0: position(0) })
    }

    fn version(&mut self, _: &WritableTree, _: &[u8], _: &[u8], _: VersionedChange<'_>) -> Result<u32> {
        panic!("space makes no versions");
    }

    fn withdraw(&mut self, _: u32) {
        panic!("space makes no versions");
    }

    fn rollback_bytes(&self, _: &WritableTree, _: &[u8]) -> usize {
        0
    }

    fn log_undo_images(&mut self, _: &FileMap, _: &PageView<'_>) -> Result<()> {
        Ok(())
    }
}

/// A tree below the root.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) tree: WritableTree,
    /// Root of the table it belongs to, `None` for tables.
    pub(crate) parent: Option<u32>,
    /// Pages that were allocated and are in nobody's use.
    pub(crate) held: Vec<u32>,
    pub(crate) next_key: u32,
}

/// When a tree was there, in records of the log.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    root: u32,
    objid: u32,
    kind: TreeKind,
    parent: Option<u32>,
    begin: usize,
    end: usize,
}

pub(crate) struct Stage {
    pub(crate) disk: SimulatedFileSystem,
    pub(crate) file: Arc<CachedFile>,
    pub(crate) map: Arc<FileMap>,
    pub(crate) root: WritableTree,
    pub(crate) writer: Writer,
    pub(crate) members: BTreeMap<u32, Member>,
    lives: Vec<Life>,
    size: PageSize,
}

/// How a stage begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) size: PageSize,
    pub(crate) root_pages: u32,
    pub(crate) extension: u32,
    pub(crate) logging: Logging,
}

impl Stage {
    pub(crate) fn new(plan: Plan) -> Self {
        let Plan { size, root_pages, extension, logging } = plan;
        let disk = SimulatedFileSystem::default();
        disk.put(Path::new(PATH), vec![0; size.bytes() * 2]);
        let file = disk.open(Path::new(PATH), Access::ReadWrite).unwrap();
        let file = PageCache::new(256 << 20).attach(file, size).unwrap();
        file.set_gate(Arc::new(OpenGate));
        let map = FileMap::new(
            Arc::clone(&file),
            FileMapStart {
                dbid: 1,
                logging,
                features: FileFeatures::of(DatabaseVersion::new(300, 0), 60),
                dbtime: 0,
                objid_last: 0,
                extension_pages: extension,
            },
        );
        let mut writer = Writer { records: Vec::new(), fails_after: None };
        let levels = BeginLevels::new(0, 1).unwrap();
        let begin = Begin0 { procid: PROCID, levels, trx_begin0: 4 };
        writer.log(&map, &[Record::Begin0(begin)]).unwrap();
        let root = create_root(&map, &mut writer, root_pages).unwrap();
        Self { disk, file, map, root, writer, members: BTreeMap::new(), lives: Vec::new(), size }
    }

    /// Makes a tree under a table, or a table under the database root, and returns its root page.
    pub(crate) fn create(&mut self, parent: Option<u32>, new: NewTree) -> Result<u32> {
        let above = parent.map_or(&self.root, |parent| &self.members[&parent].tree);
        let tree = create_tree(above, &mut self.writer, new)?;
        let root = tree.tree().root();
        let begin = self.writer.records.len();
        let objid = tree.tree().objid();
        self.lives.push(Life { root, objid, kind: new.kind, parent, begin, end: usize::MAX });
        let member = Member { tree, parent, held: Vec::new(), next_key: 0 };
        assert!(self.members.insert(root, member).is_none(), "page {root} is the root of two trees");
        Ok(root)
    }

    /// Deletes a tree; with a table go its children, whose pages are the table's.
    pub(crate) fn delete(&mut self, root: u32) -> Result<()> {
        let gone: Vec<u32> = self
            .members
            .iter()
            .filter(|(number, member)| **number == root || member.parent == Some(root))
            .map(|(number, _)| *number)
            .collect();
        let now = self.writer.records.len();
        for life in self.lives.iter_mut().filter(|life| life.end == usize::MAX && gone.contains(&life.root)) {
            life.end = now;
        }
        let tree = self.members[&root].tree.clone();
        for number in gone {
            self.members.remove(&number);
        }
        delete_tree(&tree, &mut self.writer)
    }

    /// Inserts `count` nodes of `bytes` bytes at the end of a tree.
    pub(crate) fn fill(&mut self, root: u32, count: u32, bytes: usize) -> Result<()> {
        let member = self.members.get_mut(&root).unwrap();
        for _ in 0..count {
            let key = member.next_key.to_be_bytes();
            let data = vec![0x5A; bytes];
            member.tree.insert(&mut self.writer, &key, &data, Versioning::Unversioned)?;
            member.next_key += 1;
        }
        Ok(())
    }

    /// A stage of its own author on the same file, for another thread.
    pub(crate) fn writer(&self) -> Writer {
        Writer { records: Vec::new(), fails_after: None }
    }

    /// Takes over the trees that another thread made.
    pub(crate) fn adopt(&mut self, tree: WritableTree, parent: Option<u32>, kind: TreeKind, held: Vec<u32>) {
        let (root, objid) = (tree.tree().root(), tree.tree().objid());
        self.lives.push(Life { root, objid, kind, parent, begin: 0, end: usize::MAX });
        let member = Member { tree, parent, held, next_key: 0 };
        assert!(self.members.insert(root, member).is_none(), "page {root} is the root of two trees");
    }

    fn family(&self, file: &Arc<CachedFile>, alive: &[Life]) -> TreeFamily {
        let open = |life: &Life| Tree::open(file, life.root, life.objid, life.kind).unwrap();
        let tables = alive.iter().filter(|life| life.parent.is_none());
        let children = |table: &Life| {
            let of_table = alive.iter().filter(|life| life.parent == Some(table.root));
            let child = |life: &Life| TreeFamily {
                tree: open(life),
                name: format!("child {}", life.root),
                children: Vec::new(),
            };
            of_table.map(child).collect()
        };
        let table = |life: &Life| TreeFamily {
            tree: open(life),
            name: format!("table {}", life.root),
            children: children(life),
        };
        let tree = Tree::open(file, 1, 1, TreeKind::Primary).unwrap();
        TreeFamily { tree, name: "root".to_owned(), children: tables.map(table).collect() }
    }

    /// The verifier over all trees there are.
    pub(crate) fn verify(&self) -> VerifyReport {
        let alive: Vec<_> = self.lives.iter().filter(|life| life.end == usize::MAX).cloned().collect();
        verify_trees(&self.family(&self.file, &alive), Some(self.map.dbtime()))
    }

    /// No damage; the leaked pages are those that are held.
    pub(crate) fn check(&self) -> VerifyReport {
        let report = self.verify();
        assert!(report.is_sound(), "{:#?}", report.damage().take(5).collect::<Vec<_>>());
        let held: usize = self.members.values().map(|member| member.held.len()).sum();
        assert_eq!(report.counts.leaked_pages, held as u64, "{:#?}", report.findings);
        report
    }

    /// Redo of the first `records` records, on nothing.
    pub(crate) fn replay(&self, records: usize) -> RedoDatabase<MemoryPages> {
        let start = RedoDatabaseStart {
            reserved_tags: ReservedTagForm::Counted,
            attached: Lgpos::NULL,
            required_through: 0,
            last_resize: Lgpos::NULL,
            dbtime: 0,
            objid_last: 0,
        };
        let database = RedoDatabase::new(MemoryPages::new(self.size), start);
        let mut target = OneDatabase { dbid: 1, database };
        let mut redo = Redo::new();
        for (index, bytes) in self.writer.records.iter().take(records).enumerate() {
            let record = Record::decode(bytes).unwrap();
            redo.record(position(index), &record, bytes, &mut target)
                .unwrap_or_else(|error| panic!("record {index}, {record:?}: {error}"));
        }
        target.database
    }

    /// Redo of everything gives the same pages.
    pub(crate) fn check_redo(&self) -> usize {
        let replayed = self.replay(self.writer.records.len());
        let pages = replayed.pages();
        for number in pages.numbers() {
            let bytes = pages.get(number).unwrap();
            let redone = PageView::parse(&bytes, self.size, number).unwrap();
            let done = self.file.latch(number).unwrap();
            assert_eq!(difference(&done.view(), &redone), None, "page {number}");
        }
        pages.len()
    }

    /// The verifier over what the first `records` records make: what is found after a crash behind them.
    pub(crate) fn verify_after_crash(&self, records: usize) -> VerifyReport {
        use ese_engine::redo::RedoPages;
        let replayed = self.replay(records);
        let pages = replayed.pages();
        let count = pages.page_count();
        let bytes = self.size.bytes();
        let mut image = vec![0; bytes * (count as usize + 2)];
        for number in pages.numbers() {
            let mut page = pages.get(number).unwrap();
            seal_page(&mut page, self.size, number).unwrap();
            let at = bytes * (number as usize + 1);
            image[at..at + bytes].copy_from_slice(&page);
        }
        let disk = SimulatedFileSystem::default();
        disk.put(Path::new(PATH), image);
        let file = disk.open(Path::new(PATH), Access::Read).unwrap();
        let file = PageCache::new(64 << 20).attach(file, self.size).unwrap();
        let alive: Vec<_> =
            self.lives.iter().filter(|life| life.begin <= records && records < life.end).cloned().collect();
        verify_trees(&self.family(&file, &alive), None)
    }
}

/// A table of so many pages.
pub(crate) fn table(pages: u32) -> NewTree {
    NewTree {
        kind: TreeKind::Primary,
        unique: Uniqueness::Unique,
        pages,
        space: SpaceKind::Single,
        policy: SpacePolicy::default(),
    }
}

/// An index of one page.
pub(crate) fn index() -> NewTree {
    NewTree {
        kind: TreeKind::Index,
        unique: Uniqueness::Unique,
        pages: 1,
        space: SpaceKind::Single,
        policy: SpacePolicy::default(),
    }
}

/// Numbers that a seed decides.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }
}
