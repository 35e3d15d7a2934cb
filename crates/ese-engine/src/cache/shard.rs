//! One shard of the page cache: the map from a page to its frame, and the choice of the frame to give up.
//!
//! Eviction is S3-FIFO: pages enter a *small* queue that holds a tenth of the shard; only those used again before they
//! reach its end move to the *main* queue, the others leave and are remembered by name. A page that comes back while
//! its name is remembered goes to the main queue at once. A scan over a million pages therefore passes through the small
//! queue and leaves the pages that are in use (roots, inner pages, the catalog) where they are.
//!
//! Invariants: every key of the map is in exactly one of the two queues; a frame whose latch is shared with anyone
//! outside the map is never given up, so that when all frames are latched the shard holds more than its capacity until
//! one is free.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::cache::PageBuffer;

/// The name of a page: which file, and which page of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PageKey {
    pub(super) file: u32,
    pub(super) page: u32,
}

pub(super) type Latch = Arc<RwLock<PageBuffer>>;

/// Uses counted per page: more say nothing more about the future.
const USES_MAX: u8 = 3;
/// Uses in the small queue that show that a page is no scan's.
const USES_TO_STAY: u8 = 2;
/// The small queue's share of the capacity is one part in this many.
const SMALL_QUEUE_SHARE: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queue {
    Small,
    Main,
}

#[derive(Debug)]
struct Entry {
    latch: Latch,
    bytes: usize,
    uses: u8,
    queue: Queue,
}

#[derive(Debug, Default)]
pub(super) struct Shard {
    entries: HashMap<PageKey, Entry>,
    small: VecDeque<PageKey>,
    main: VecDeque<PageKey>,
    small_bytes: usize,
    bytes: usize,
    left: VecDeque<PageKey>,
    left_names: HashSet<PageKey>,
}

impl Shard {
    /// The latch of a page that is here, counting one use.
    pub(super) fn find(&mut self, key: PageKey) -> Option<Latch> {
        let entry = self.entries.get_mut(&key)?;
        entry.uses = (entry.uses + 1).min(USES_MAX);
        Some(Arc::clone(&entry.latch))
    }

    pub(super) fn holds(&self, key: PageKey) -> bool {
        self.entries.contains_key(&key)
    }

    /// Takes in a page that is not here, and gives up others until the shard fits `capacity` bytes again. Returns how
    /// many it gave up.
    pub(super) fn insert(&mut self, key: PageKey, latch: Latch, bytes: usize, capacity: usize) -> u64 {
        debug_assert!(!self.holds(key));
        let queue = if self.left_names.remove(&key) { Queue::Main } else { Queue::Small };
        self.entries.insert(key, Entry { latch, bytes, uses: 0, queue });
        self.bytes += bytes;
        match queue {
            Queue::Small => {
                self.small_bytes += bytes;
                self.small.push_back(key);
            }
            Queue::Main => self.main.push_back(key),
        }
        self.shrink_to(capacity)
    }

    /// Forgets a page, for instance one that could not be read.
    pub(super) fn remove(&mut self, key: PageKey) {
        if let Some(entry) = self.entries.remove(&key) {
            self.bytes -= entry.bytes;
            let queue = match entry.queue {
                Queue::Small => {
                    self.small_bytes -= entry.bytes;
                    &mut self.small
                }
                Queue::Main => &mut self.main,
            };
            if let Some(place) = queue.iter().rposition(|other| *other == key) {
                queue.remove(place);
            }
        }
    }

    /// Forgets every page of a file.
    pub(super) fn remove_file(&mut self, file: u32) {
        let other = |key: &PageKey| key.file != file;
        let (mut bytes, mut small_bytes) = (0, 0);
        self.entries.retain(|key, entry| {
            let keep = other(key);
            if !keep {
                bytes += entry.bytes;
                small_bytes += if entry.queue == Queue::Small { entry.bytes } else { 0 };
            }
            keep
        });
        self.bytes -= bytes;
        self.small_bytes -= small_bytes;
        self.small.retain(other);
        self.main.retain(other);
        self.left.retain(other);
        self.left_names.retain(other);
    }

    /// Bytes of all pages here.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn shrink_to(&mut self, capacity: usize) -> u64 {
        let mut given_up = 0;
        // Every frame is looked at no more often than its uses allow; latched ones are passed over.
        let mut looks = self.entries.len() * usize::from(USES_MAX + 1);
        while self.bytes > capacity && looks > 0 {
            looks -= 1;
            let from_small = self.small_bytes > capacity / SMALL_QUEUE_SHARE || self.main.is_empty();
            given_up += u64::from(if from_small { self.look_at_small() } else { self.look_at_main() });
        }
        given_up
    }

    /// Whether the oldest page of the small queue was given up.
    fn look_at_small(&mut self) -> bool {
        let Some(key) = self.small.pop_front() else { return false };
        let Some(entry) = self.entries.get_mut(&key) else { return false };
        if entry.uses >= USES_TO_STAY {
            entry.uses = 0;
            entry.queue = Queue::Main;
            self.small_bytes -= entry.bytes;
            self.main.push_back(key);
            return false;
        }
        if Arc::strong_count(&entry.latch) > 1 {
            self.small.push_back(key);
            return false;
        }
        self.small_bytes -= entry.bytes;
        self.bytes -= entry.bytes;
        self.entries.remove(&key);
        self.remember(key);
        true
    }

    /// Whether the oldest page of the main queue was given up.
    fn look_at_main(&mut self) -> bool {
        let Some(key) = self.main.pop_front() else { return false };
        let Some(entry) = self.entries.get_mut(&key) else { return false };
        if entry.uses > 0 || Arc::strong_count(&entry.latch) > 1 {
            entry.uses = entry.uses.saturating_sub(1);
            self.main.push_back(key);
            return false;
        }
        self.bytes -= entry.bytes;
        self.entries.remove(&key);
        true
    }

    fn remember(&mut self, key: PageKey) {
        if self.left_names.insert(key) {
            self.left.push_back(key);
        }
        while self.left.len() > self.entries.len().max(1) {
            if let Some(oldest) = self.left.pop_front() {
                self.left_names.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4096;

    fn touch(shard: &mut Shard, page: u32, capacity: usize) -> bool {
        let key = PageKey { file: 1, page };
        if shard.find(key).is_some() {
            return true;
        }
        shard.insert(key, Arc::new(RwLock::new(PageBuffer::loading(PAGE))), PAGE, capacity);
        false
    }

    #[test]
    fn a_scan_does_not_drive_out_the_pages_in_use() {
        let (mut shard, capacity) = (Shard::default(), 40 * PAGE);
        for _ in 0..4 {
            (0..20).for_each(|page| {
                touch(&mut shard, page, capacity);
            });
        }
        for page in 1000..5000 {
            touch(&mut shard, page, capacity);
            assert!(shard.bytes() <= capacity);
        }
        let kept = (0..20).filter(|page| shard.holds(PageKey { file: 1, page: *page })).count();
        assert!(kept >= 18, "{kept} of 20 pages survived the scan");
    }

    #[test]
    fn a_latched_page_stays_and_goes_when_it_is_free() {
        let (mut shard, capacity) = (Shard::default(), 4 * PAGE);
        touch(&mut shard, 1, capacity);
        let latched = shard.find(PageKey { file: 1, page: 1 }).unwrap();
        (2..100).for_each(|page| {
            touch(&mut shard, page, capacity);
        });
        assert!(shard.holds(PageKey { file: 1, page: 1 }));
        drop(latched);
        (100..200).for_each(|page| {
            touch(&mut shard, page, capacity);
        });
        assert!(!shard.holds(PageKey { file: 1, page: 1 }));
    }

    #[test]
    fn forgetting_leaves_no_trace() {
        let mut shard = Shard::default();
        (0..50).for_each(|page| {
            touch(&mut shard, page, 10 * PAGE);
        });
        shard.remove(PageKey { file: 1, page: 49 });
        shard.remove_file(1);
        assert_eq!((shard.bytes, shard.small_bytes, shard.small.len(), shard.main.len()), (0, 0, 0, 0));
        assert_eq!((shard.left.len(), shard.left_names.len(), shard.entries.len()), (0, 0, 0));
    }
}
