//! Floor 3: the page cache. The only way from a page number to the bytes of a page, and from changed bytes to the file.
//!
//! One [`PageCache`] of bounded size serves every database of the process. A database file is attached to it and gives
//! out [`PageGuard`]s: a page under a read latch, whose bytes passed the checks of spec 01 §11.7 when they came from the
//! disk. A single wrong bit is corrected on the way (in memory; the file is not touched) and said in an event.
//!
//! A file with a [`WriteGate`] also gives out [`PageWriteGuard`]s. A page that was changed through one is dirty until it
//! was written, by [`CachedFile::write_back`], by the cleaner ([`PageCache::write_some`]), or by a thread that needs its
//! room; what that takes is told in `write_back.rs`, and how the dirty pages are kept in `dirty.rs`.
//!
//! Invariants:
//! - a guard's page was checked: checksum, page number, structure of header and tags;
//! - a page is read by one thread; others that want it wait on its latch;
//! - a shard's lock is a leaf lock: held for the look into its map only, never over a read of the disk or a latch;
//! - the cache holds no more than its capacity, but for pages that are latched or cannot be written;
//! - a dirty page is not given up before it was written, and not written before its log records are durable.

mod buffer;
mod copy;
mod dirty;
mod file;
mod held;
mod shard;
mod write_back;
mod write_guard;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use ese_format::page_size::PageSize;

pub(crate) use buffer::PageBuffer;
pub use buffer::{PageCopy, PageGuard, PageStamp};
pub use file::{CachedFile, WriteHold};
pub(crate) use shard::HashByPage;
pub use write_back::{OpenGate, WriteBack, WriteGate};
pub use write_guard::PageWriteGuard;

use crate::cache::shard::{PageKey, Shard};
use crate::error::Result;
use crate::io::File;
use crate::lock_order::LeafMutex;

/// Capacity where nobody asks for another: enough for the inner pages of a database of some 10 GB.
pub const CACHE_BYTES_DEFAULT: usize = 64 << 20;

/// Pages the cache holds at least, whatever capacity is asked for: a descent of every cursor has to fit.
pub const CACHE_PAGES_MIN: usize = 16;

/// Shards at most, and the bytes each should have before there is another one.
const SHARDS_MAX: usize = 64;
const SHARD_BYTES_MIN: usize = 1 << 20;

/// The page cache of a process, or of those databases that were opened with it.
#[derive(Debug)]
pub struct PageCache {
    shards: Box<[LeafMutex<Shard>]>,
    shard_bytes: AtomicUsize,
    /// The files attached now, by their ids.
    files: LeafMutex<BTreeMap<u32, Weak<CachedFile>>>,
    counters: Counters,
}

/// The id of the next file that is attached to a cache of this process.
static NEXT_FILE: AtomicU32 = AtomicU32::new(1);

#[derive(Debug, Default)]
struct Counters {
    misses: AtomicU64,
    evictions: AtomicU64,
    corrected: AtomicU64,
    written: AtomicU64,
    writes: AtomicU64,
}

/// What the cache did since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStatistics {
    /// Pages that were here when they were asked for.
    pub hits: u64,
    /// Pages that had to be read.
    pub misses: u64,
    /// Pages given up to make room.
    pub evictions: u64,
    /// Pages with single wrong bits that were corrected.
    pub corrected: u64,
    /// Pages written to their files.
    pub written: u64,
    /// Writes that took: neighbouring pages share one.
    pub writes: u64,
    /// Bytes of the pages held now.
    pub bytes: usize,
}

impl PageCache {
    /// A cache of `bytes`, but at least [`CACHE_PAGES_MIN`] pages of the size its files have.
    #[must_use]
    pub fn new(bytes: usize) -> Arc<Self> {
        let shards = (bytes / SHARD_BYTES_MIN).clamp(1, SHARDS_MAX).next_power_of_two();
        Arc::new(Self {
            shards: (0..shards).map(|_| LeafMutex::default()).collect(),
            shard_bytes: AtomicUsize::new(bytes / shards),
            files: LeafMutex::default(),
            counters: Counters::default(),
        })
    }

    /// Makes a file's pages readable through this cache. Its length is taken now: pages beyond it are errors.
    ///
    /// # Errors
    /// `JET_errDiskIO` when the length cannot be had.
    pub fn attach(self: &Arc<Self>, file: Arc<dyn File>, page_size: PageSize) -> Result<Arc<CachedFile>> {
        let id = NEXT_FILE.fetch_add(1, Ordering::Relaxed);
        let file = Arc::new(CachedFile::new(Arc::clone(self), file, page_size, id)?);
        self.files.lock().insert(id, Arc::downgrade(&file));
        Ok(file)
    }

    /// Sets how many bytes the cache may hold (JET_paramCacheSizeMin and Max). What is too much leaves at once as far as
    /// it is clean and not in use, the rest when room is needed.
    pub fn set_capacity(&self, bytes: usize) {
        let shard_bytes = bytes / self.shards.len();
        self.shard_bytes.store(shard_bytes, Ordering::Relaxed);
        for shard in &self.shards {
            let room = shard.lock().shrink_to(shard_bytes);
            self.counters.evictions.fetch_add(room.given_up, Ordering::Relaxed);
        }
    }

    /// How many bytes the cache may hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shard_bytes() * self.shards.len()
    }

    /// What the cache did so far.
    #[must_use]
    pub fn statistics(&self) -> CacheStatistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheStatistics {
            hits: self.shards.iter().map(|shard| shard.lock().hits()).sum(),
            misses: read(&self.counters.misses),
            evictions: read(&self.counters.evictions),
            corrected: read(&self.counters.corrected),
            written: read(&self.counters.written),
            writes: read(&self.counters.writes),
            bytes: self.shards.iter().map(|shard| shard.lock().bytes()).sum(),
        }
    }

    /// Neighbouring pages go to different shards, and pages of different files do not meet in step.
    fn shard(&self, key: PageKey) -> &LeafMutex<Shard> {
        let mixed = key.page.wrapping_add(key.file.wrapping_mul(0x9E37_79B9));
        let index = mixed as usize & (self.shards.len() - 1);
        self.shards.get(index).expect("the number of shards is a power of two and the mask is one less")
    }

    fn shard_bytes(&self) -> usize {
        self.shard_bytes.load(Ordering::Relaxed)
    }

    fn file(&self, id: u32) -> Option<Arc<CachedFile>> {
        self.files.lock().get(&id).and_then(Weak::upgrade)
    }

    /// Takes out a file that is no more, and its pages.
    fn forget_file(&self, id: u32) {
        self.files.lock().remove(&id);
        for shard in &self.shards {
            shard.lock().remove_file(id);
        }
    }

    fn shard_capacity(&self, page_size: PageSize) -> usize {
        self.shard_bytes().max(CACHE_PAGES_MIN.div_ceil(self.shards.len()) * page_size.bytes())
    }
}
