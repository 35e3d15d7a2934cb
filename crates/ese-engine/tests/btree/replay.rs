//! Redo of what a stage logged, on pages of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use ese_engine::error::{Error, Result};
use ese_engine::redo::{Redo, RedoDatabase, RedoDatabaseStart, RedoPage, RedoPages, RedoTarget};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::Record;
use ese_format::node::NodeFlags;
use ese_format::page::{PageFlags, PageMut, PageView, ReservedTagForm};
use ese_format::page_size::PageSize;
use parking_lot::lock_api::ArcMutexGuard;
use parking_lot::{Mutex, RawMutex};

use crate::stage::{OBJID, ROOT, Stage, position};

/// Pages in memory.
#[derive(Debug)]
pub(crate) struct PageMap {
    size: PageSize,
    pages: Mutex<BTreeMap<u32, Arc<Mutex<Vec<u8>>>>>,
}

pub(crate) struct MapPage {
    bytes: ArcMutexGuard<RawMutex, Vec<u8>>,
    size: PageSize,
    number: u32,
}

impl RedoPage for MapPage {
    fn view(&self) -> PageView<'_> {
        PageView::peek(&self.bytes, self.size, self.number).unwrap()
    }

    fn page(&mut self) -> PageMut<'_> {
        PageMut::open(&mut self.bytes, self.size, self.number).unwrap()
    }

    fn mark_changed(&mut self, _: Lgpos, _: Lgpos) {}
}

impl PageMap {
    fn page(&self, number: u32, latch: Arc<Mutex<Vec<u8>>>) -> MapPage {
        let bytes = latch.try_lock_arc().expect("redo latches no page twice");
        MapPage { bytes, size: self.size, number }
    }
}

impl RedoPages for PageMap {
    type Page = MapPage;

    fn page_size(&self) -> PageSize {
        self.size
    }

    fn latch(&self, page: u32) -> Result<MapPage> {
        let found = self.pages.lock().get(&page).map(Arc::clone);
        let latch = found.ok_or_else(|| Error::refused(JetError::PAGE_NOT_INITIALIZED, "zeros"))?;
        Ok(self.page(page, latch))
    }

    fn latch_new(&self, page: u32) -> Result<MapPage> {
        let zeros = || Arc::new(Mutex::new(vec![0; self.size.bytes()]));
        let latch = Arc::clone(self.pages.lock().entry(page).or_insert_with(zeros));
        Ok(self.page(page, latch))
    }

    fn page_count(&self) -> u32 {
        u32::MAX
    }

    fn set_page_count(&self, _: u32) -> Result<()> {
        Ok(())
    }
}

struct Target(RedoDatabase<PageMap>);

impl RedoTarget for Target {
    type Pages = PageMap;

    fn database(&mut self, dbid: u8) -> Option<&mut RedoDatabase<PageMap>> {
        assert_eq!(dbid, 1);
        Some(&mut self.0)
    }
}

/// A replay that follows a stage.
pub(crate) struct Replay {
    redo: Redo,
    target: Target,
    done: usize,
}

impl Replay {
    /// The replay of a stage from its first record on.
    pub(crate) fn of(stage: &Stage) -> Self {
        let first = BTreeMap::from([(ROOT, Arc::new(Mutex::new(stage.first_root.clone())))]);
        let pages = PageMap { size: stage.file.page_size(), pages: Mutex::new(first) };
        let start = RedoDatabaseStart {
            reserved_tags: ReservedTagForm::Counted,
            attached: Lgpos::NULL,
            required_through: 0,
            last_resize: Lgpos::NULL,
            dbtime: 0x41,
            objid_last: OBJID,
        };
        Self { redo: Redo::new(), target: Target(RedoDatabase::new(pages, start)), done: 0 }
    }

    /// Replays what was logged since the last time, and compares all pages; gives the number of pages.
    pub(crate) fn catch_up(&mut self, stage: &Stage) -> usize {
        let records = stage.journal.records.lock();
        for (index, bytes) in records.iter().enumerate().skip(self.done) {
            let record = Record::decode(bytes).unwrap();
            self.redo
                .record(position(index), &record, bytes, &mut self.target)
                .unwrap_or_else(|error| panic!("record {index}, {record:?}: {error}"));
        }
        self.done = records.len();
        drop(records);
        let pages = self.target.0.pages().pages.lock();
        for (number, bytes) in pages.iter() {
            let bytes = bytes.lock();
            let replayed = PageView::parse(&bytes, stage.file.page_size(), *number).unwrap();
            let page = stage.file.latch(*number).unwrap();
            assert_same(&page.view(), &replayed);
        }
        pages.len()
    }
}

/// Both pages say the same.
fn assert_same(done: &PageView<'_>, redone: &PageView<'_>) {
    let number = done.number();
    let flags = |page: &PageView<'_>| {
        page.flags() - PageFlags::NEW_CHECKSUM_FORMAT - PageFlags::FLUSH_TYPE_LOW - PageFlags::FLUSH_TYPE_HIGH
    };
    let head = |page: &PageView<'_>| {
        (page.dbtime(), page.previous(), page.next(), page.objid(), page.free_bytes(), page.line_count())
    };
    assert_eq!(head(done), head(redone), "page {number}");
    assert_eq!(flags(done), flags(redone), "page {number}");
    assert_eq!(done.external_header().unwrap(), redone.external_header().unwrap(), "page {number}");
    for line in 0..done.line_count() {
        let (left, right) = (done.node(line).unwrap(), redone.node(line).unwrap());
        let bare = |flags: NodeFlags| flags - NodeFlags::VERSIONED;
        assert_eq!(
            (bare(left.flags), left.prefix, left.suffix, left.data),
            (bare(right.flags), right.prefix, right.suffix, right.data),
            "page {number}, line {line}"
        );
    }
}
