//! The bytes of a page in the cache, and the guard through which they are read.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ese_format::error::FormatError;
use ese_format::lgpos::Lgpos;
use ese_format::node::NodeView;
use ese_format::page::{PageFlags, PageView};
use ese_format::page_size::PageSize;
use ese_format::record::RecordFormat;
use once_cell::sync::OnceCell;
use parking_lot::{ArcRwLockReadGuard, RawRwLock};

use crate::btree::{KeyHeads, READS_BEFORE_HEADS};
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
    /// Reads since the last change, as far as they are counted, and what they made worth having.
    reads: AtomicU32,
    /// A cell of once_cell, as everywhere in the engine: the thread sanitizer does not see the ordering inside std's.
    key_heads: OnceCell<Option<Arc<KeyHeads>>>,
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
            reads: AtomicU32::new(0),
            key_heads: OnceCell::new(),
        }
    }

    /// Somebody is about to change the page.
    pub(super) fn forget_key_heads(&mut self) {
        *self.reads.get_mut() = 0;
        if self.key_heads.get_mut().is_some() {
            self.key_heads = OnceCell::new();
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
    #[inline]
    pub fn view(&self) -> PageView<'_> {
        PageView::peek(&self.guard.bytes, self.size, self.number)
            .expect("the page was parsed when it was read, and changed by PageMut only")
    }

    /// The heads of the page's keys, where they are known or worth making.
    #[inline]
    pub(crate) fn key_heads(&self) -> Option<&Arc<KeyHeads>> {
        if let Some(heads) = self.guard.key_heads.get() {
            return heads.as_ref();
        }
        // Readers that count at once count less.
        let reads = self.guard.reads.load(Ordering::Relaxed);
        if reads < READS_BEFORE_HEADS {
            self.guard.reads.store(reads + 1, Ordering::Relaxed);
            return None;
        }
        self.guard.key_heads.get_or_init(|| KeyHeads::of(&self.view()).map(Arc::new)).as_ref()
    }

    /// What tells later whether the page is as it is now.
    #[must_use]
    #[inline]
    pub fn stamp(&self) -> PageStamp {
        PageStamp { status: Arc::clone(&self.guard.status), latched: self.guard.status.latched() }
    }

    /// A copy of the page, in the room of an earlier one.
    #[must_use]
    pub fn copy(&self, room: Option<PageCopy>) -> PageCopy {
        let bytes = match room {
            Some(mut room) if room.bytes.len() == self.guard.bytes.len() => {
                room.bytes.copy_from_slice(&self.guard.bytes);
                room.bytes
            }
            _ => self.guard.bytes.clone(),
        };
        let format = self.record_format();
        PageCopy { bytes, size: self.size, number: self.number, format, stamp: self.stamp() }
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
    #[inline]
    pub fn node(&self, line: usize) -> Result<NodeView<'_>, FormatError> {
        self.view().node(line)
    }
}

/// When bytes of a page were copied: tells without a latch whether they are still those of the page.
///
/// Who looks at a copy, and at what is only changed with the page write-latched, and finds the stamp current then, saw
/// both as under a latch.
#[derive(Clone, Debug)]
pub struct PageStamp {
    status: Arc<PageStatus>,
    latched: u64,
}

impl PageStamp {
    /// Whether nobody had the page write-latched since, and it is in the cache.
    #[must_use]
    #[inline]
    pub fn is_current(&self) -> bool {
        self.status.is_at(self.latched)
    }
}

/// A copy of a page, read without a latch as long as its stamp is current.
pub struct PageCopy {
    bytes: Box<[u8]>,
    size: PageSize,
    number: u32,
    format: RecordFormat,
    stamp: PageStamp,
}

impl PageCopy {
    /// The page.
    #[must_use]
    #[inline]
    pub fn view(&self) -> PageView<'_> {
        PageView::peek(&self.bytes, self.size, self.number).expect("it is a copy of a page that was parsed")
    }

    /// The page's number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How records on the page are stored.
    #[must_use]
    pub fn record_format(&self) -> RecordFormat {
        self.format
    }

    /// The bytes of the page.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// When it was copied.
    #[must_use]
    pub fn stamp(&self) -> &PageStamp {
        &self.stamp
    }
}

impl fmt::Debug for PageCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageCopy").field("number", &self.number).field("stamp", &self.stamp).finish()
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
