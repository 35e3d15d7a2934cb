//! Which pages of a file are dirty, and since when.
//!
//! A page's state is `Clean`, `Dirty` or `Writing`. It is changed under the lock of the file's [`DirtyPages`] only, and
//! read without it under the page's latch:
//!
//! ```text
//! Clean   -> Dirty     by a change, page write-latched
//! Dirty   -> Writing   by whoever writes it, page read-latched while its bytes are copied
//! Writing -> Clean     the write is complete and nobody changed the page meanwhile
//! Writing -> Dirty     the write failed, or the page was changed meanwhile
//! ```
//!
//! Invariants:
//! - a page that is not `Clean` has an entry here, and the entry holds the page's frame: shared frames are never given
//!   up (see [`super::shard`]), so that a dirty page stays in the cache until it was written;
//! - an entry's begin is at or before the begin of every transaction whose change of the page is not in the file;
//! - under an exclusive latch a state of `Dirty` does not change, so that a change to a dirty page needs no lock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};

use ese_format::lgpos::Lgpos;
use ese_format::page::FlushType;

use crate::cache::shard::Latch;
use crate::lock_order::LeafMutex;

/// Where a page is between memory and file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum PageState {
    Clean = 0,
    Dirty = 1,
    Writing = 2,
}

/// What is known of a page without its latch.
#[derive(Debug)]
pub(super) struct PageStatus {
    state: AtomicU8,
    /// The newest log record in the page, as [`pack`] makes it a number.
    modified: AtomicU64,
    /// The flush type of the page in the file, as far as it is known (spec 01 §12.3).
    flush_type: AtomicU8,
    /// How often the page was write-latched and given up again since it came into the cache: odd while it is latched.
    latched: AtomicU64,
    /// It left the cache: what becomes of the page is told elsewhere.
    gone: AtomicBool,
}

impl PageStatus {
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU8::new(0),
            modified: AtomicU64::new(0),
            flush_type: AtomicU8::new(0),
            latched: AtomicU64::new(0),
            gone: AtomicBool::new(false),
        }
    }

    /// The page was write-latched, or is about to be given up. Who calls has the latch.
    pub(super) fn count_latch(&self) {
        self.latched.store(self.latched.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// Write latches so far.
    pub(super) fn latched(&self) -> u64 {
        self.latched.load(Ordering::Acquire)
    }

    /// The frame left the cache.
    pub(super) fn set_gone(&self) {
        self.gone.store(true, Ordering::Release);
    }

    /// Whether the page is in the cache and was not write-latched since this count.
    pub(super) fn is_at(&self, latched: u64) -> bool {
        self.latched() == latched && !self.gone.load(Ordering::Acquire)
    }

    pub(super) fn state(&self) -> PageState {
        match self.state.load(Ordering::Acquire) {
            0 => PageState::Clean,
            1 => PageState::Dirty,
            _ => PageState::Writing,
        }
    }

    fn set_state(&self, state: PageState) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// The newest log record whose change the page holds and the file may not.
    pub(super) fn modified(&self) -> Lgpos {
        unpack(self.modified.load(Ordering::Acquire))
    }

    pub(super) fn raise_modified(&self, position: Lgpos) {
        self.modified.fetch_max(pack(position), Ordering::AcqRel);
    }

    pub(super) fn flush_type(&self) -> FlushType {
        FlushType::from_bits(self.flush_type.load(Ordering::Acquire))
    }

    pub(super) fn set_flush_type(&self, flush_type: FlushType) {
        self.flush_type.store(flush_type.bits(), Ordering::Release);
    }
}

/// A position as a number of the same order; null is 0. Generations are not negative.
fn pack(position: Lgpos) -> u64 {
    let generation = u64::from(position.generation.get().cast_unsigned());
    generation << 32 | u64::from(position.isec.get()) << 16 | u64::from(position.ib.get())
}

fn unpack(number: u64) -> Lgpos {
    let generation = ((number >> 32) as u32).cast_signed();
    Lgpos::new(generation, (number >> 16) as u16, number as u16)
}

/// The earlier of two begins, of which each may be null: none.
pub(super) fn earlier_begin(one: Lgpos, other: Lgpos) -> Lgpos {
    if one.is_null() || (!other.is_null() && other < one) { other } else { one }
}

#[derive(Debug)]
struct DirtyPage {
    frame: Latch,
    status: Arc<PageStatus>,
    oldest_begin0: Lgpos,
    /// While the page is being written: the begin of the changes made since its bytes were copied.
    changed_since: Option<Lgpos>,
}

#[derive(Debug, Default)]
struct Index {
    pages: BTreeMap<u32, DirtyPage>,
    /// The pages with a begin, oldest first.
    by_begin0: BTreeSet<(Lgpos, u32)>,
    closed: bool,
}

impl Index {
    fn move_begin0(&mut self, page: u32, from: Lgpos, to: Lgpos) {
        if from != to {
            if !from.is_null() {
                self.by_begin0.remove(&(from, page));
            }
            if !to.is_null() {
                self.by_begin0.insert((to, page));
            }
        }
    }

    fn remove(&mut self, page: u32) -> Option<DirtyPage> {
        let entry = self.pages.remove(&page)?;
        self.move_begin0(page, entry.oldest_begin0, Lgpos::NULL);
        entry.status.set_state(PageState::Clean);
        Some(entry)
    }
}

/// How the write of a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteOutcome {
    /// The file has it, with this flush type.
    Written(FlushType),
    /// It has not, or nobody knows.
    Failed,
}

/// The dirty pages of one file.
#[derive(Debug, Default)]
pub(super) struct DirtyPages {
    index: LeafMutex<Index>,
    count: AtomicUsize,
}

impl DirtyPages {
    /// How many pages are dirty or being written.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// The least begin of all.
    pub(super) fn oldest_begin0(&self) -> Option<Lgpos> {
        self.index.lock().by_begin0.first().map(|(begin0, _)| *begin0)
    }

    /// Takes note of a change, and gives the begin of all changes to the page that no write has picked up. The page is
    /// write-latched.
    pub(super) fn register(&self, page: u32, frame: Latch, status: &Arc<PageStatus>, begin0: Lgpos) -> Lgpos {
        let mut index = self.index.lock();
        if index.closed {
            return begin0;
        }
        let Some(entry) = index.pages.get_mut(&page) else {
            let status = Arc::clone(status);
            status.set_state(PageState::Dirty);
            let entry = DirtyPage { frame, status, oldest_begin0: begin0, changed_since: None };
            index.pages.insert(page, entry);
            index.move_begin0(page, Lgpos::NULL, begin0);
            self.count.store(index.pages.len(), Ordering::Relaxed);
            return begin0;
        };
        if entry.status.state() == PageState::Writing {
            let since = entry.changed_since.map_or(begin0, |since| earlier_begin(since, begin0));
            entry.changed_since = Some(since);
            return since;
        }
        let (before, after) = (entry.oldest_begin0, earlier_begin(entry.oldest_begin0, begin0));
        entry.oldest_begin0 = after;
        index.move_begin0(page, before, after);
        after
    }

    /// Every page, in the order of their numbers.
    pub(super) fn all(&self) -> Vec<u32> {
        self.index.lock().pages.keys().copied().collect()
    }

    /// The pages whose begin is before `position`, in the order of their numbers.
    pub(super) fn older_than(&self, position: Lgpos) -> Vec<u32> {
        let index = self.index.lock();
        let mut pages: Vec<u32> = index.by_begin0.range(..(position, 0)).map(|(_, page)| *page).collect();
        drop(index);
        pages.sort_unstable();
        pages
    }

    /// Of these pages those that are dirty, each with its dirty neighbours, `limit` at most, in the order of their
    /// numbers.
    pub(super) fn around(&self, pages: &[u32], limit: usize) -> Vec<u32> {
        let index = self.index.lock();
        let mut chosen = BTreeSet::new();
        for page in pages.iter().filter(|page| index.pages.contains_key(page)) {
            let behind = (*page..).take_while(|next| index.pages.contains_key(next));
            for next in behind {
                if chosen.len() >= limit || !chosen.insert(next) {
                    break;
                }
            }
            let before = (1..*page).rev().take_while(|next| index.pages.contains_key(next));
            for next in before {
                if chosen.len() >= limit || !chosen.insert(next) {
                    break;
                }
            }
        }
        chosen.into_iter().collect()
    }

    /// The frame of a page that is dirty and not being written.
    pub(super) fn frame(&self, page: u32) -> Option<Latch> {
        let index = self.index.lock();
        let entry = index.pages.get(&page)?;
        (entry.status.state() == PageState::Dirty).then(|| Arc::clone(&entry.frame))
    }

    /// Begins the write of a page, which is read-latched: what changes from now on is not in it. False when there is
    /// nothing to be written.
    pub(super) fn begin_write(&self, page: u32) -> bool {
        let mut index = self.index.lock();
        let Some(entry) = index.pages.get_mut(&page) else { return false };
        if entry.status.state() != PageState::Dirty {
            return false;
        }
        entry.changed_since = None;
        entry.status.set_state(PageState::Writing);
        true
    }

    /// Ends the write of a page.
    pub(super) fn end_write(&self, page: u32, outcome: WriteOutcome) {
        let mut index = self.index.lock();
        let Some(entry) = index.pages.get_mut(&page) else { return };
        if entry.status.state() != PageState::Writing {
            return;
        }
        let before = entry.oldest_begin0;
        let since = entry.changed_since.take();
        let after = match (outcome, since) {
            (WriteOutcome::Written(_), since) => since,
            (WriteOutcome::Failed, since) => Some(earlier_begin(before, since.unwrap_or(Lgpos::NULL))),
        };
        if let WriteOutcome::Written(flush_type) = outcome {
            entry.status.set_flush_type(flush_type);
        }
        if let Some(after) = after {
            entry.oldest_begin0 = after;
            entry.status.set_state(PageState::Dirty);
            index.move_begin0(page, before, after);
            return;
        }
        let gone = index.remove(page);
        self.count.store(index.pages.len(), Ordering::Relaxed);
        drop(index);
        drop(gone);
    }

    /// Forgets the changes of the pages from `first` on and names them.
    pub(super) fn forget_from(&self, first: u32) -> Vec<u32> {
        let mut index = self.index.lock();
        let pages: Vec<u32> = index.pages.range(first..).map(|(page, _)| *page).collect();
        let gone: Vec<_> = pages.iter().filter_map(|page| index.remove(*page)).collect();
        self.count.store(index.pages.len(), Ordering::Relaxed);
        drop(index);
        drop(gone);
        pages
    }

    /// Forgets everything for good: changes made from now on through guards that are still there are lost.
    pub(super) fn close(&self) {
        self.index.lock().closed = true;
        self.forget_from(0);
    }
}

#[cfg(test)]
mod tests {
    use ese_format::page_size::PageSize;
    use parking_lot::RwLock;

    use super::*;
    use crate::cache::PageBuffer;

    fn at(generation: i32) -> Lgpos {
        Lgpos::new(generation, 8, 16)
    }

    struct Page {
        frame: Latch,
        status: Arc<PageStatus>,
    }

    fn page_of(dirty: &Arc<DirtyPages>, number: u32) -> Page {
        let buffer = PageBuffer::loading(PageSize::K4, number, dirty);
        let status = Arc::clone(buffer.status());
        Page { frame: Arc::new(RwLock::new(buffer)), status }
    }

    impl Page {
        fn change(&self, dirty: &DirtyPages, number: u32, begin0: Lgpos) {
            dirty.register(number, Arc::clone(&self.frame), &self.status, begin0);
        }
    }

    #[test]
    fn positions_keep_their_order_as_numbers() {
        let positions = [Lgpos::NULL, Lgpos::new(1, 8, 0), Lgpos::new(1, 9, 0), Lgpos::new(2, 8, 0xFFFF)];
        assert!(positions.windows(2).all(|pair| pack(pair[0]) < pack(pair[1])));
        assert!(positions.iter().all(|position| unpack(pack(*position)) == *position));
    }

    #[test]
    fn the_oldest_begin_is_the_least_of_all_dirty_pages() {
        let dirty = Arc::new(DirtyPages::default());
        let (one, two) = (page_of(&dirty, 1), page_of(&dirty, 2));
        one.change(&dirty, 1, at(5));
        two.change(&dirty, 2, at(7));
        two.change(&dirty, 2, Lgpos::NULL);
        one.change(&dirty, 1, at(9));
        assert_eq!((dirty.oldest_begin0(), dirty.count()), (Some(at(5)), 2));
        two.change(&dirty, 2, at(3));
        assert_eq!(dirty.oldest_begin0(), Some(at(3)));
        assert_eq!(dirty.older_than(at(5)), [2]);
        assert!(dirty.begin_write(2));
        dirty.end_write(2, WriteOutcome::Written(FlushType::Rock));
        assert_eq!((dirty.oldest_begin0(), two.status.state()), (Some(at(5)), PageState::Clean));
    }

    #[test]
    fn a_change_during_a_write_keeps_the_page_dirty_with_the_begin_of_that_change() {
        let dirty = Arc::new(DirtyPages::default());
        let page = page_of(&dirty, 4);
        page.change(&dirty, 4, at(2));
        assert!(dirty.begin_write(4));
        assert!(!dirty.begin_write(4), "no two writes of one page");
        page.change(&dirty, 4, at(8));
        assert_eq!(dirty.oldest_begin0(), Some(at(2)), "the older change is not in the file yet");
        dirty.end_write(4, WriteOutcome::Written(FlushType::Rock));
        assert_eq!((dirty.oldest_begin0(), page.status.state()), (Some(at(8)), PageState::Dirty));
    }

    #[test]
    fn a_failed_write_leaves_the_oldest_begin_as_it_was() {
        let dirty = Arc::new(DirtyPages::default());
        let page = page_of(&dirty, 4);
        page.change(&dirty, 4, at(2));
        assert!(dirty.begin_write(4));
        page.change(&dirty, 4, at(8));
        dirty.end_write(4, WriteOutcome::Failed);
        assert_eq!((dirty.oldest_begin0(), page.status.state()), (Some(at(2)), PageState::Dirty));
    }

    #[test]
    fn neighbours_come_along_up_to_the_limit() {
        let dirty = Arc::new(DirtyPages::default());
        for number in [3, 4, 5, 9, 10, 20] {
            page_of(&dirty, number).change(&dirty, number, Lgpos::NULL);
        }
        assert_eq!(dirty.around(&[4, 9, 15], 100), [3, 4, 5, 9, 10]);
        assert_eq!(dirty.around(&[4, 9], 2).len(), 2);
        assert_eq!(dirty.forget_from(9), [9, 10, 20]);
        assert_eq!(dirty.all(), [3, 4, 5]);
    }

    #[test]
    fn nothing_is_noted_after_the_end() {
        let dirty = Arc::new(DirtyPages::default());
        let page = page_of(&dirty, 4);
        page.change(&dirty, 4, at(2));
        dirty.close();
        page.change(&dirty, 4, at(3));
        assert_eq!((dirty.count(), dirty.oldest_begin0()), (0, None));
    }
}
