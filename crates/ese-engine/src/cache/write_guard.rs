//! The guard through which a page is changed.
//!
//! Invariants: while a guard lives nobody else reads or changes its page; a change is announced with
//! [`PageWriteGuard::mark_changed`] before the guard goes, else it never reaches the file; a new page that nobody
//! announced leaves the cache as it was before.

use std::fmt;
use std::sync::{Arc, Weak};

use ese_format::error::FormatError;
use ese_format::lgpos::Lgpos;
use ese_format::node::NodeView;
use ese_format::page::{PageMut, PageView};
use ese_format::page_size::PageSize;
use ese_format::record::RecordFormat;
use parking_lot::{ArcRwLockWriteGuard, RawRwLock};

use crate::btree::Logged;
use crate::cache::buffer::record_format_of;
use crate::cache::held::{HeldLatch, Mode};
use crate::cache::shard::PageKey;
use crate::cache::{PageBuffer, PageCache, PageGuard};
use crate::thread_statistics;

pub(super) type ExclusiveLatch = ArcRwLockWriteGuard<RawRwLock, PageBuffer>;

/// What becomes of a page whose guard goes without a change.
#[derive(Debug)]
pub(super) enum Unchanged {
    /// It stays: it was here, or read from the file.
    Stays,
    /// It leaves this cache: it was to become a new page.
    Leaves(Weak<PageCache>),
    /// It gets the bytes back that it had before it was to become a new page.
    Gets(Box<[u8]>),
}

/// A page under an exclusive latch.
pub struct PageWriteGuard {
    /// Gone only while the guard is taken apart.
    guard: Option<ExclusiveLatch>,
    size: PageSize,
    key: PageKey,
    unchanged: Unchanged,
    held: Option<HeldLatch>,
}

impl PageWriteGuard {
    pub(super) fn new(mut guard: ExclusiveLatch, size: PageSize, key: PageKey, unchanged: Unchanged) -> Self {
        guard.status().count_latch();
        guard.forget_key_heads();
        Self { guard: Some(guard), size, key, unchanged, held: Some(HeldLatch::new(key, Mode::Write)) }
    }

    fn frame(&self) -> &PageBuffer {
        self.guard.as_ref().expect("the latch is here as long as the guard is")
    }

    fn frame_mut(&mut self) -> &mut PageBuffer {
        self.guard.as_mut().expect("the latch is here as long as the guard is")
    }

    /// The page's number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.key.page
    }

    /// The page, for reading.
    #[inline]
    #[must_use]
    pub fn view(&self) -> PageView<'_> {
        PageView::peek(self.frame().bytes(), self.size, self.key.page)
            .expect("the page was parsed when it was read, and changed by PageMut only")
    }

    /// The page, for changing it. For a new page: zeros, to be built by [`PageMut::create`] over [`Self::buffer`].
    #[must_use]
    pub fn page(&mut self) -> PageMut<'_> {
        let (size, page) = (self.size, self.key.page);
        PageMut::open(self.frame_mut().bytes_mut(), size, page)
            .expect("the page was parsed when it was read, and changed by PageMut only")
    }

    /// The whole page, for building a new one or setting it to an image. Bytes that come from outside, for instance from
    /// a log record, have to pass [`PageView::parse`] before they are copied here.
    #[must_use]
    pub fn buffer(&mut self) -> &mut [u8] {
        self.frame_mut().bytes_mut()
    }

    /// How records on the page are stored.
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

    /// The page was changed, and the change logged there (spec 06 §3.1 step 4).
    pub fn mark_changed(&mut self, logged: Logged) {
        self.note(logged.position, logged.oldest_begin0);
    }

    /// The page was changed in a way that recovery needs not know of, such as a version flag that was cleared. It will
    /// be written some day.
    pub fn mark_untidy(&mut self) {
        self.note(Lgpos::NULL, Lgpos::NULL);
    }

    fn note(&mut self, modified: Lgpos, begin0: Lgpos) {
        self.unchanged = Unchanged::Stays;
        let guard = self.guard.as_mut().expect("the latch is here as long as the guard is");
        guard.set_ready();
        if guard.is_dirty() {
            thread_statistics::page_redirtied();
        } else {
            thread_statistics::page_dirtied();
        }
        if guard.note_change(modified, begin0) {
            let frame = Arc::clone(ArcRwLockWriteGuard::rwlock(guard));
            guard.register(frame, begin0);
        }
    }

    /// Lets readers at the page, without anybody changing it in between.
    #[must_use]
    pub fn downgrade(mut self) -> PageGuard {
        self.undo_unchanged();
        drop(self.held.take());
        let guard = self.guard.take().expect("the latch is here as long as the guard is");
        guard.status().count_latch();
        let held = HeldLatch::new(self.key, Mode::Read);
        PageGuard::new(ArcRwLockWriteGuard::downgrade(guard), self.size, self.key.page, held)
    }

    fn undo_unchanged(&mut self) {
        let Some(guard) = &mut self.guard else { return };
        match std::mem::replace(&mut self.unchanged, Unchanged::Stays) {
            Unchanged::Stays => {}
            Unchanged::Gets(bytes) => drop(guard.exchange(bytes)),
            Unchanged::Leaves(cache) => {
                if let Some(cache) = cache.upgrade() {
                    cache.shard(self.key).lock().remove_frame(self.key, ArcRwLockWriteGuard::rwlock(guard));
                }
            }
        }
    }
}

impl Drop for PageWriteGuard {
    fn drop(&mut self) {
        self.undo_unchanged();
        if let Some(guard) = &self.guard {
            guard.status().count_latch();
        }
    }
}

impl fmt::Debug for PageWriteGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageWriteGuard").field("number", &self.key.page).finish()
    }
}
