//! A database whose pages are in memory, and its comparison with a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use ese_engine::error::{Error, Result};
use ese_engine::redo::{RedoDatabase, RedoPage, RedoPages, RedoTarget};
use ese_format::checksum;
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::page::{PageFlags, PageMut, PageView};
use ese_format::page_size::PageSize;
use parking_lot::lock_api::ArcRwLockWriteGuard;
use parking_lot::{Mutex, RawRwLock, RwLock};

/// Flags that differ between two images of one page.
const IMAGE_FLAGS: PageFlags = PageFlags::NEW_CHECKSUM_FORMAT
    .union(PageFlags::SCRUBBED)
    .union(PageFlags::FLUSH_TYPE_LOW)
    .union(PageFlags::FLUSH_TYPE_HIGH);

/// What is done with every changed page.
#[derive(Clone, Default)]
pub(crate) enum Watch {
    /// Its structure is checked: honest logs never break one.
    #[default]
    Check,
    /// Nothing: the log may lie.
    Nothing,
    /// It is kept, behind all its earlier images.
    Keep(Arc<Mutex<History>>),
}

/// All images of each page, oldest first.
pub(crate) type History = BTreeMap<u32, Vec<Vec<u8>>>;

/// Pages by their numbers.
pub(crate) struct MemoryPages {
    size: PageSize,
    pages: Mutex<BTreeMap<u32, Arc<RwLock<Vec<u8>>>>>,
    count: Mutex<u32>,
    watch: Watch,
}

impl MemoryPages {
    pub(crate) fn new(size: PageSize) -> Self {
        Self::watched(size, Watch::Check)
    }

    pub(crate) fn watched(size: PageSize, watch: Watch) -> Self {
        Self { size, pages: Mutex::default(), count: Mutex::default(), watch }
    }

    /// The pages of a database file, those of zeros left out.
    pub(crate) fn of_file(size: PageSize, file: &[u8]) -> Self {
        let pages = Self::new(size);
        for (number, bytes) in pages_of(size, file) {
            let mut bytes = bytes.to_vec();
            // A reader puts one wrong bit right, which is what a torn write may leave.
            checksum::repair_page(&mut bytes, size, number).expect("a page");
            pages.put(number, bytes);
        }
        *pages.count.lock() = (file.len() / size.bytes()).saturating_sub(2) as u32;
        pages
    }

    pub(crate) fn put(&self, number: u32, bytes: Vec<u8>) {
        self.pages.lock().insert(number, Arc::new(RwLock::new(bytes)));
    }

    pub(crate) fn get(&self, number: u32) -> Option<Vec<u8>> {
        self.pages.lock().get(&number).map(|page| page.read().clone())
    }

    pub(crate) fn numbers(&self) -> Vec<u32> {
        self.pages.lock().keys().copied().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.pages.lock().len()
    }

    fn latch_at(&self, number: u32) -> Option<MemoryPage> {
        let page = self.pages.lock().get(&number).cloned()?;
        Some(MemoryPage { size: self.size, number, bytes: page.write_arc(), watch: self.watch.clone() })
    }
}

/// The pages of a file that are not zeros, from page 1.
pub(crate) fn pages_of(size: PageSize, file: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let pages = file.chunks_exact(size.bytes()).skip(2).zip(1..);
    pages.filter(|(bytes, _)| bytes.iter().any(|byte| *byte != 0)).map(|(bytes, number)| (number, bytes))
}

pub(crate) struct MemoryPage {
    size: PageSize,
    number: u32,
    bytes: ArcRwLockWriteGuard<RawRwLock, Vec<u8>>,
    watch: Watch,
}

impl RedoPage for MemoryPage {
    fn view(&self) -> PageView<'_> {
        PageView::peek(&self.bytes, self.size, self.number).expect("a page of memory is a page")
    }

    fn page(&mut self) -> PageMut<'_> {
        PageMut::open(&mut self.bytes, self.size, self.number).expect("a page of memory is a page")
    }

    fn mark_changed(&mut self, _position: Lgpos, _oldest_begin0: Lgpos) {
        match &self.watch {
            Watch::Check => {
                let parsed = PageView::parse(&self.bytes, self.size, self.number);
                assert!(parsed.is_ok(), "redo made a page that is none: {parsed:?}");
            }
            Watch::Nothing => {}
            Watch::Keep(history) => {
                history.lock().entry(self.number).or_default().push(self.bytes.clone());
            }
        }
    }
}

impl RedoPages for MemoryPages {
    type Page = MemoryPage;

    fn page_size(&self) -> PageSize {
        self.size
    }

    fn latch(&self, page: u32) -> Result<MemoryPage> {
        let latched = self.latch_at(page).filter(|page| page.bytes.iter().any(|byte| *byte != 0));
        latched.ok_or_else(|| {
            let is_inside = page <= *self.count.lock();
            let jet = if is_inside { JetError::PAGE_NOT_INITIALIZED } else { JetError::FILE_IO_BEYOND_EOF };
            Error::refused(jet, format!("page {page}"))
        })
    }

    fn latch_new(&self, page: u32) -> Result<MemoryPage> {
        self.put(page, vec![0; self.size.bytes()]);
        let mut count = self.count.lock();
        *count = page.max(*count);
        Ok(self.latch_at(page).expect("was put there"))
    }

    fn page_count(&self) -> u32 {
        *self.count.lock()
    }

    fn set_page_count(&self, pages: u32) -> Result<()> {
        *self.count.lock() = pages;
        self.pages.lock().retain(|number, _| *number <= pages);
        Ok(())
    }
}

/// One database, attached from the start under one number.
pub(crate) struct OneDatabase {
    pub(crate) dbid: u8,
    pub(crate) database: RedoDatabase<MemoryPages>,
}

impl RedoTarget for OneDatabase {
    type Pages = MemoryPages;

    fn database(&mut self, dbid: u8) -> Option<&mut RedoDatabase<MemoryPages>> {
        (dbid == self.dbid).then_some(&mut self.database)
    }
}

/// Pages and nodes compared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Compared {
    pub(crate) pages: usize,
    pub(crate) nodes: usize,
    pub(crate) different: usize,
}

/// Whether two images are one page: header (spec 06 §20.1), tag 0, and every node.
pub(crate) fn difference(found: &PageView<'_>, expected: &PageView<'_>) -> Option<String> {
    let header = |page: &PageView<'_>| {
        let flags = (page.flags() - IMAGE_FLAGS).bits();
        (
            page.dbtime(),
            page.previous(),
            page.next(),
            page.objid(),
            flags,
            page.line_count(),
            page.free_bytes(),
        )
    };
    if header(found) != header(expected) {
        return Some(format!("header {:x?}, expected {:x?}", header(found), header(expected)));
    }
    if found.external_header() != expected.external_header() {
        return Some("tag 0".to_owned());
    }
    for (line, (found, expected)) in found.nodes().zip(expected.nodes()).enumerate() {
        let (found, expected) = (found.expect("a node"), expected.expect("a node"));
        let parts = |node: &ese_format::node::NodeView<'_>| {
            (node.is_deleted(), node.prefix.len(), node.key().to_vec(), node.data.to_vec())
        };
        if parts(&found) != parts(&expected) {
            let text = |node| format!("{:x?}", parts(node)).chars().take(120).collect::<String>();
            return Some(format!("node {line}: {}, expected {}", text(&found), text(&expected)));
        }
    }
    None
}

impl MemoryPages {
    /// Compares these pages with those of a file, both ways; `is_asked` chooses pages.
    pub(crate) fn compare(
        &self,
        file: &[u8],
        is_asked: impl Fn(u32) -> bool,
        mut complain: impl FnMut(u32, String),
    ) -> Compared {
        let mut compared = Compared::default();
        for (number, bytes) in pages_of(self.size, file).filter(|(number, _)| is_asked(*number)) {
            let expected = PageView::parse(bytes, self.size, number).expect("the file's page");
            compared.pages += 1;
            compared.nodes += expected.line_count();
            let problem = match self.get(number) {
                None => Some("missing in the replay".to_owned()),
                Some(found) => {
                    let found = PageView::parse(&found, self.size, number).expect("a page of the replay");
                    difference(&found, &expected)
                }
            };
            if let Some(problem) = problem {
                compared.different += 1;
                complain(number, problem);
            }
        }
        let in_file: Vec<u32> = pages_of(self.size, file).map(|(number, _)| number).collect();
        for number in self.numbers().into_iter().filter(|number| is_asked(*number)) {
            if in_file.binary_search(&number).is_err() {
                compared.different += 1;
                complain(number, "missing in the file".to_owned());
            }
        }
        compared
    }
}
