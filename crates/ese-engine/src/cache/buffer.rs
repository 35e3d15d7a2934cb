//! The bytes of a page in the cache, and the guard through which they are read.

use std::fmt;
use std::sync::Arc;

use ese_format::error::FormatError;
use ese_format::lgpos::Lgpos;
use ese_format::node::NodeView;
use ese_format::page::{PageFlags, PageView};
use ese_format::page_size::PageSize;
use ese_format::record::RecordFormat;
use parking_lot::{ArcRwLockReadGuard, RawRwLock};

use crate::cache::dirty::{DirtyPages, PageState, PageStatus};
use crate::cache::held::HeldLatch;
use crate::cache::shard::Latch;

/// A page-sized buffer behind a latch. Until it is ready its bytes mean nothing; one that could not be read never is.
pub(crate) struct PageBuffer {
    bytes: Box<[u8]>,
    ready: bool,
    page: u32,
    status: Arc<PageStatus>,
    /// While the page is dirty: at or after the begin that the index of dirty pages has for it.
    oldest_begin0: Lgpos,
    home: Arc<DirtyPages>,
}

impl PageBuffer {
    pub(super) fn loading(size: PageSize, page: u32, home: &Arc<DirtyPages>) -> Self {
        Self {
            bytes: vec![0; size.bytes()].into_boxed_slice(),
            ready: false,
            page,
            status: Arc::new(PageStatus::new()),
            oldest_begin0: Lgpos::NULL,
            home: Arc::clone(home),
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }

    pub(super) fn set_ready(&mut self) {
        self.ready = true;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Puts other bytes in the place of those that are here, and gives these back.
    pub(super) fn exchange(&mut self, bytes: Box<[u8]>) -> Box<[u8]> {
        std::mem::replace(&mut self.bytes, bytes)
    }

    pub(super) fn status(&self) -> &Arc<PageStatus> {
        &self.status
    }

    /// Takes note of a change. True when the index of dirty pages has to hear of it too.
    pub(super) fn note_change(&mut self, modified: Lgpos, begin0: Lgpos) -> bool {
        self.status.raise_modified(modified);
        let covered = begin0.is_null() || (!self.oldest_begin0.is_null() && self.oldest_begin0 <= begin0);
        !covered || self.status.state() != PageState::Dirty
    }

    /// Whether it differs from what the file holds.
    pub(super) fn is_dirty(&self) -> bool {
        self.status.state() == PageState::Dirty
    }

    /// Tells the index of dirty pages of a change. `frame` is the frame of this buffer.
    pub(super) fn register(&mut self, frame: Latch, begin0: Lgpos) {
        self.oldest_begin0 = self.home.register(self.page, frame, &self.status, begin0);
    }

    pub(super) fn check_structure(bytes: &[u8], size: PageSize, page: u32) -> Result<PageFlags, FormatError> {
        PageView::parse(bytes, size, page).map(|view| view.flags())
    }
}

impl fmt::Debug for PageBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageBuffer")
            .field("page", &self.page)
            .field("ready", &self.ready)
            .field("state", &self.status.state())
            .finish()
    }
}

/// A checked page under a read latch. It stays in the cache, and nobody changes it, while the guard lives.
pub struct PageGuard {
    guard: ArcRwLockReadGuard<RawRwLock, PageBuffer>,
    size: PageSize,
    number: u32,
    _held: HeldLatch,
}

impl PageGuard {
    pub(super) fn new(
        guard: ArcRwLockReadGuard<RawRwLock, PageBuffer>,
        size: PageSize,
        number: u32,
        held: HeldLatch,
    ) -> Self {
        Self { guard, size, number, _held: held }
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
            .expect("the page was parsed when it was read, and changed by PageMut only")
    }

    /// How records on the page are stored: pages without the flag are from before Windows XP (spec 04 §1.8).
    #[must_use]
    pub fn record_format(&self) -> RecordFormat {
        record_format_of(&self.view())
    }

    /// A node of the page.
    ///
    /// # Errors
    /// `JET_errBadLineCount`, `JET_errNodeCorrupted`.
    pub fn node(&self, line: usize) -> Result<NodeView<'_>, FormatError> {
        self.view().node(line)
    }
}

/// How records on a page are stored.
pub(super) fn record_format_of(view: &PageView<'_>) -> RecordFormat {
    if view.flags().contains(PageFlags::NEW_RECORD_FORMAT) {
        RecordFormat::of(view.size())
    } else {
        RecordFormat::BeforeXp
    }
}

impl fmt::Debug for PageGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageGuard").field("number", &self.number).finish()
    }
}
