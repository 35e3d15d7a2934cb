//! The bytes of a page in the cache, and the guard through which they are read.

use std::fmt;

use ese_format::error::FormatError;
use ese_format::node::NodeView;
use ese_format::page::{PageFlags, PageView};
use ese_format::page_size::PageSize;
use ese_format::record::RecordFormat;
use parking_lot::{ArcRwLockReadGuard, RawRwLock};

/// A page-sized buffer behind a latch. Until it is ready its bytes mean nothing; one that could not be read never is.
pub(crate) struct PageBuffer {
    bytes: Box<[u8]>,
    ready: bool,
}

impl PageBuffer {
    pub(super) fn loading(page_bytes: usize) -> Self {
        Self { bytes: vec![0; page_bytes].into_boxed_slice(), ready: false }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }

    pub(super) fn set_ready(&mut self) {
        self.ready = true;
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    pub(super) fn check_structure(bytes: &[u8], size: PageSize, page: u32) -> Result<(), FormatError> {
        PageView::parse(bytes, size, page).map(|_| ())
    }
}

impl fmt::Debug for PageBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageBuffer").field("bytes", &self.bytes.len()).field("ready", &self.ready).finish()
    }
}

/// A checked page under a read latch. It stays in the cache, and nobody changes it, while the guard lives.
pub struct PageGuard {
    guard: ArcRwLockReadGuard<RawRwLock, PageBuffer>,
    size: PageSize,
    number: u32,
}

impl PageGuard {
    pub(super) fn new(guard: ArcRwLockReadGuard<RawRwLock, PageBuffer>, size: PageSize, number: u32) -> Self {
        Self { guard, size, number }
    }

    /// The page's number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The page.
    #[must_use]
    pub fn view(&self) -> PageView<'_> {
        PageView::peek(&self.guard.bytes, self.size, self.number)
            .expect("the page was parsed when it was read, and nobody changed it since")
    }

    /// How records on the page are stored: pages without the flag are from before Windows XP (spec 04 §1.8).
    #[must_use]
    pub fn record_format(&self) -> RecordFormat {
        if self.view().flags().contains(PageFlags::NEW_RECORD_FORMAT) {
            RecordFormat::of(self.size)
        } else {
            RecordFormat::BeforeXp
        }
    }

    /// A node of the page.
    ///
    /// # Errors
    /// `JET_errBadLineCount`, `JET_errNodeCorrupted`.
    pub fn node(&self, line: usize) -> Result<NodeView<'_>, FormatError> {
        self.view().node(line)
    }
}

impl fmt::Debug for PageGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageGuard").field("number", &self.number).finish()
    }
}
