//! One shard of the page cache: the map from a page to its frame, and the choice of the frame to give up.
//!
//! Eviction is S3-FIFO: pages enter a *small* queue that holds a tenth of the shard; only those used again before they
//! reach its end move to the *main* queue, the others leave and are remembered by name. A page that comes back while
//! its name is remembered goes to the main queue at once. A scan over a million pages therefore passes through the small
//! queue and leaves the pages that are in use (roots, inner pages, the catalog) where they are.
//!
//! Invariants: every key of the map is in exactly one of the two queues; a frame whose latch is shared with anyone
//! outside the map is never given up: those that are latched, and those that are dirty, which the index of dirty pages
//! holds too. When too many are, the shard holds more than its capacity and names the ones it would give up, so that
//! they can be written.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::cache::PageBuffer;
use crate::cache::dirty::PageStatus;

/// The name of a page: which file, and which page of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PageKey {
    pub(super) file: u32,
    pub(super) page: u32,
}

/// Spreads page names over a map. They are small numbers that files are asked for by, nobody's to choose: what protects
/// maps of foreign keys would cost more than the look into the map.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PageHasher(u64);

impl Hasher for PageHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        let mixed = (self.0.rotate_left(32) ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

pub(crate) type HashByPage = BuildHasherDefault<PageHasher>;

pub(super) type Latch = Arc<RwLock<PageBuffer>>;

/// Uses counted per page: more say nothing more about the future.
const USES_MAX: u8 = 3;
/// Uses in the small queue that show that a page is no scan's.
const USES_TO_STAY: u8 = 2;
/// The small queue's share of the capacity is one part in this many.
const SMALL_QUEUE_SHARE: usize = 10;
/// Frames in use that are passed over in one search for room, in each of the two queues, before it is given up.
const PASSED_OVER_MAX: usize = 32;
/// Pages near the end of the queues that the cleaner looks at in one step.
const CLEANER_LOOKS_MAX: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queue {
    Small,
    Main,
}

#[derive(Debug)]
struct Entry {
    latch: Latch,
    status: Arc<PageStatus>,
    bytes: usize,
    uses: u8,
    queue: Queue,
}

/// However a frame leaves the cache, what was copied from it is no longer vouched for.
impl Drop for Entry {
    fn drop(&mut self) {
        self.status.set_gone();
    }
}

/// What a search for room came to.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Pages given up.
    pub(super) given_up: u64,
    /// Pages that would have been given up were they not in use; empty when the shard fits its capacity.
    pub(super) in_use: Vec<PageKey>,
}

/// What became of the page at the end of a queue.
#[derive(Clone, Copy, Debug)]
enum Look {
    GivenUp,
    InUse(PageKey),
    Kept,
    Empty,
}

#[derive(Debug, Default)]
pub(super) struct Shard {
    entries: HashMap<PageKey, Entry, HashByPage>,
    small: VecDeque<PageKey>,
    main: VecDeque<PageKey>,
    small_bytes: usize,
    bytes: usize,
    left: VecDeque<PageKey>,
    left_names: HashSet<PageKey, HashByPage>,
    hits: u64,
}

impl Shard {
    /// The latch of a page that is here, counting one use.
    #[inline]
    pub(super) fn find(&mut self, key: PageKey) -> Option<Latch> {
        let entry = self.entries.get_mut(&key)?;
        entry.uses = (entry.uses + 1).min(USES_MAX);
        self.hits += 1;
        Some(Arc::clone(&entry.latch))
    }

    /// Times a page was found here.
    pub(super) fn hits(&self) -> u64 {
        self.hits
    }

    pub(super) fn holds(&self, key: PageKey) -> bool {
        self.entries.contains_key(&key)
    }

    /// Takes in a page that is not here, and gives up others until the shard fits `capacity` bytes again.
    pub(super) fn insert(
        &mut self,
        key: PageKey,
        (latch, status): (Latch, Arc<PageStatus>),
        bytes: usize,
        capacity: usize,
    ) -> Room {
        debug_assert!(!self.holds(key));
        let queue = if self.left_names.remove(&key) { Queue::Main } else { Queue::Small };
        self.entries.insert(key, Entry { latch, status, bytes, uses: 0, queue });
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

    /// Forgets a page if this is its frame.
    pub(super) fn remove_frame(&mut self, key: PageKey, frame: &Latch) {
        if self.entries.get(&key).is_some_and(|entry| Arc::ptr_eq(&entry.latch, frame)) {
            self.remove(key);
        }
    }

    /// The pages of a file from `first` on.
    pub(super) fn pages_from(&self, file: u32, first: u32) -> Vec<PageKey> {
        self.entries.keys().filter(|key| key.file == file && key.page >= first).copied().collect()
    }

    /// Pages that will soon be given up and are in use by somebody: to be written if they are dirty. None while the
    /// shard is far from full.
    pub(super) fn soon_given_up(&self, capacity: usize) -> Vec<PageKey> {
        if self.bytes < capacity / 4 * 3 {
            return Vec::new();
        }
        let old =
            |queue: &'_ VecDeque<PageKey>, share: usize| queue.len().div_ceil(share).min(CLEANER_LOOKS_MAX);
        let small = self.small.iter().take(old(&self.small, 2));
        let main = self.main.iter().take(old(&self.main, 4));
        let in_use =
            |key: &&PageKey| self.entries.get(key).is_some_and(|entry| Arc::strong_count(&entry.latch) > 1);
        small.chain(main).filter(in_use).copied().collect()
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

    /// Gives up pages until the shard fits `capacity` bytes.
    pub(super) fn shrink_to(&mut self, capacity: usize) -> Room {
        let mut room = Room::default();
        let mut passed_over = [0, 0];
        // Every frame is looked at no more often than its uses allow; those in use are passed over.
        let mut looks = self.entries.len() * usize::from(USES_MAX + 1);
        while self.bytes > capacity && looks > 0 {
            looks -= 1;
            let [small_passed, main_passed] = &mut passed_over;
            let small_first = self.small_bytes > capacity / SMALL_QUEUE_SHARE || self.main.is_empty();
            let from_small =
                small_first && *small_passed < PASSED_OVER_MAX || *main_passed >= PASSED_OVER_MAX;
            if from_small && *small_passed >= PASSED_OVER_MAX {
                break;
            }
            let (look, passed) = if from_small {
                (self.look_at_small(), small_passed)
            } else {
                (self.look_at_main(), main_passed)
            };
            match look {
                Look::GivenUp => room.given_up += 1,
                Look::InUse(key) => {
                    *passed += 1;
                    room.in_use.push(key);
                }
                Look::Kept => {}
                Look::Empty => *passed = PASSED_OVER_MAX,
            }
        }
        if self.bytes <= capacity {
            room.in_use.clear();
        }
        room
    }

    /// Looks at the oldest page of the small queue.
    fn look_at_small(&mut self) -> Look {
        let Some(key) = self.small.pop_front() else { return Look::Empty };
        let Some(entry) = self.entries.get_mut(&key) else { return Look::Kept };
        if entry.uses >= USES_TO_STAY {
            entry.uses = 0;
            entry.queue = Queue::Main;
            self.small_bytes -= entry.bytes;
            self.main.push_back(key);
            return Look::Kept;
        }
        if Arc::strong_count(&entry.latch) > 1 {
            self.small.push_back(key);
            return Look::InUse(key);
        }
        self.small_bytes -= entry.bytes;
        self.bytes -= entry.bytes;
        self.entries.remove(&key);
        self.remember(key);
        Look::GivenUp
    }

    /// Looks at the oldest page of the main queue.
    fn look_at_main(&mut self) -> Look {
        let Some(key) = self.main.pop_front() else { return Look::Empty };
        let Some(entry) = self.entries.get_mut(&key) else { return Look::Kept };
        let in_use = Arc::strong_count(&entry.latch) > 1;
        if entry.uses > 0 || in_use {
            let used = entry.uses > 0;
            entry.uses = entry.uses.saturating_sub(1);
            self.main.push_back(key);
            return if used { Look::Kept } else { Look::InUse(key) };
        }
        self.bytes -= entry.bytes;
        self.entries.remove(&key);
        Look::GivenUp
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
    use ese_format::page_size::PageSize;

    use super::*;
    use crate::cache::dirty::DirtyPages;

    const PAGE: usize = PageSize::K4.bytes();

    fn touch(shard: &mut Shard, page: u32, capacity: usize) -> bool {
        let key = PageKey { file: 1, page };
        if shard.find(key).is_some() {
            return true;
        }
        let buffer = PageBuffer::loading(PageSize::K4, page, &Arc::new(DirtyPages::default()));
        let status = Arc::clone(buffer.status());
        shard.insert(key, (Arc::new(RwLock::new(buffer)), status), PAGE, capacity);
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
    fn a_shard_full_of_pages_in_use_names_the_oldest_of_them() {
        let (mut shard, capacity) = (Shard::default(), 50 * PAGE);
        let held: Vec<Latch> = (0..50)
            .map(|page| {
                touch(&mut shard, page, capacity);
                Arc::clone(&shard.entries[&PageKey { file: 1, page }].latch)
            })
            .collect();
        assert!(!shard.soon_given_up(capacity).is_empty());
        let buffer = PageBuffer::loading(PageSize::K4, 99, &Arc::new(DirtyPages::default()));
        let status = Arc::clone(buffer.status());
        let frame = (Arc::new(RwLock::new(buffer)), status);
        let room = shard.insert(PageKey { file: 1, page: 99 }, frame, PAGE, 10 * PAGE);
        assert_eq!(room.given_up, 0);
        assert_eq!(room.in_use.first(), Some(&PageKey { file: 1, page: 0 }));
        assert!(room.in_use.len() <= 2 * PASSED_OVER_MAX);
        drop(held);
        let room = shard.shrink_to(10 * PAGE);
        assert!(room.in_use.is_empty() && room.given_up == 41, "{room:?}");
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
