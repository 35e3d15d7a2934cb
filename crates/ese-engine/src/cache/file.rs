//! A file whose pages are read through the cache.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ese_format::checksum::{self, PageVerdict};
use ese_format::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use ese_format::page_size::PageSize;
use parking_lot::{ArcRwLockWriteGuard, RawRwLock, RwLock};

use crate::cache::PageCache;
use crate::cache::buffer::{PageBuffer, PageGuard};
use crate::cache::shard::{Latch, PageKey};
use crate::error::{Error, Result};
use crate::io::File;
use crate::lock_order::{LeafMutex, assert_no_leaf_lock};

/// Header pages before page 1 (spec 01 §1.2).
const RESERVED_PAGES: u64 = 2;

/// Bytes read at once ahead of a scan.
const READ_AHEAD_BYTES: usize = 256 << 10;

/// A database file and its pages in the cache. Dropping it takes the pages out.
#[derive(Debug)]
pub struct CachedFile {
    cache: Arc<PageCache>,
    file: Arc<dyn File>,
    page_size: PageSize,
    id: u32,
    page_count: u32,
    /// A buffer for reading ahead; taken by the thread that does it.
    read_ahead: LeafMutex<Vec<u8>>,
}

type LoadingPage = ArcRwLockWriteGuard<RawRwLock, PageBuffer>;

enum Found {
    Here(Latch),
    ToLoad(LoadingPage),
}

impl CachedFile {
    pub(super) fn new(
        cache: Arc<PageCache>,
        file: Arc<dyn File>,
        page_size: PageSize,
        id: u32,
    ) -> Result<Self> {
        let pages = (file.length()? / page_size.bytes() as u64).saturating_sub(RESERVED_PAGES);
        let page_count = u32::try_from(pages).unwrap_or(u32::MAX);
        Ok(Self { cache, file, page_size, id, page_count, read_ahead: LeafMutex::default() })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        self.file.path()
    }

    /// The page size.
    #[must_use]
    pub fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// Whole pages in the file after the two headers: the highest page number that can be read.
    #[must_use]
    pub fn page_count(&self) -> u32 {
        self.page_count
    }

    /// The cache behind.
    #[must_use]
    pub fn cache(&self) -> &Arc<PageCache> {
        &self.cache
    }

    /// A page under a read latch, read from the file when it is not in the cache.
    ///
    /// # Errors
    /// Naming the page: `JET_errFileIOBeyondEOF` outside the file, `JET_errPageNotInitialized` for a page of zeros,
    /// `JET_errReadVerifyFailure` for a checksum that does not match and cannot be corrected,
    /// `JET_errReadPgnoVerifyFailure` for another page's number, `JET_errDatabaseCorrupted` for a broken page, and
    /// `JET_errDiskIO`.
    pub fn latch(&self, page: u32) -> Result<PageGuard> {
        assert_no_leaf_lock();
        loop {
            match self.find(page) {
                Found::Here(latch) => {
                    // Recursive: a thread may hold two cursors on one page while a writer waits for it.
                    let guard = latch.read_arc_recursive();
                    if guard.is_ready() {
                        self.cache.counters.hits.fetch_add(1, Ordering::Relaxed);
                        return Ok(PageGuard::new(guard, self.page_size, page));
                    }
                    // The thread that was reading it failed and took it out; this one finds out why.
                }
                Found::ToLoad(loading) => return self.load(page, loading),
            }
        }
    }

    /// Reads the pages from `first` on that a scan will want, as many as one read fetches, and keeps those that are good.
    /// Says nothing about the others: whoever latches one of them gets its error.
    /// Returns the last page it looked at.
    pub fn read_ahead(&self, first: u32) -> u32 {
        let page_bytes = self.page_size.bytes();
        let pages = (READ_AHEAD_BYTES.min(self.cache.shard_bytes / 4) / page_bytes).max(1);
        let last = self.page_count.min(first.saturating_add(pages as u32 - 1));
        if first == 0 || first > last {
            return last;
        }
        let mut buffer = std::mem::take(&mut *self.read_ahead.lock());
        buffer.resize((last - first + 1) as usize * page_bytes, 0);
        if let Ok(count) = self.file.read_at(&mut buffer, self.offset(first)) {
            for (page, bytes) in
                (first..).zip(buffer.get(..count).unwrap_or_default().chunks_exact(page_bytes))
            {
                if let Found::ToLoad(mut loading) = self.find(page) {
                    loading.bytes_mut().copy_from_slice(bytes);
                    // An error is kept for the one who asks for the page.
                    drop(self.checked(page, loading));
                }
            }
        }
        *self.read_ahead.lock() = buffer;
        last
    }

    /// An error about bytes of this file.
    #[must_use]
    pub fn format_error(&self, error: FormatError) -> Error {
        Error::format(self.path(), error)
    }

    /// An error about a field of a page of this file.
    #[must_use]
    pub fn page_error(
        &self,
        page: u32,
        offset: u64,
        field: &'static str,
        problem: Problem,
        jet: JetError,
    ) -> Error {
        self.format_error(FormatError::new(FileKind::Database, offset, field, problem, jet).on_page(page))
    }

    fn offset(&self, page: u32) -> u64 {
        (u64::from(page) + RESERVED_PAGES - 1) * self.page_size.bytes() as u64
    }

    fn key(&self, page: u32) -> PageKey {
        PageKey { file: self.id, page }
    }

    fn find(&self, page: u32) -> Found {
        let key = self.key(page);
        let mut shard = self.cache.shard(key).lock();
        if let Some(latch) = shard.find(key) {
            return Found::Here(latch);
        }
        let latch = Arc::new(RwLock::new(PageBuffer::loading(self.page_size.bytes())));
        let loading = latch.write_arc();
        let capacity = self.cache.shard_capacity(self.page_size);
        let evicted = shard.insert(key, latch, self.page_size.bytes(), capacity);
        self.cache.counters.evictions.fetch_add(evicted, Ordering::Relaxed);
        Found::ToLoad(loading)
    }

    fn load(&self, page: u32, mut loading: LoadingPage) -> Result<PageGuard> {
        self.cache.counters.misses.fetch_add(1, Ordering::Relaxed);
        let read = self.read(page, loading.bytes_mut());
        match read {
            Ok(()) => self.checked(page, loading),
            Err(error) => {
                self.cache.shard(self.key(page)).lock().remove(self.key(page));
                Err(error)
            }
        }
    }

    fn read(&self, page: u32, bytes: &mut [u8]) -> Result<()> {
        let needed = bytes.len() as u64;
        let beyond = |available| {
            let problem = Problem::Truncated { needed, available };
            Err(self.page_error(page, 0, "page", problem, JetError::FILE_IO_BEYOND_EOF))
        };
        if page == 0 || page > self.page_count {
            return beyond(0);
        }
        let count = self.file.read_at(bytes, self.offset(page))?;
        if count < bytes.len() { beyond(count as u64) } else { Ok(()) }
    }

    /// Checks a page that was just read; a bad one leaves the cache.
    fn checked(&self, page: u32, mut loading: LoadingPage) -> Result<PageGuard> {
        match self.check(page, loading.bytes_mut()) {
            Ok(()) => {
                loading.set_ready();
                Ok(PageGuard::new(ArcRwLockWriteGuard::downgrade(loading), self.page_size, page))
            }
            Err(error) => {
                self.cache.shard(self.key(page)).lock().remove(self.key(page));
                tracing::error!(path = %self.path().display(), page, %error, "a page is damaged");
                Err(self.format_error(error.on_page(page)))
            }
        }
    }

    /// The checks of spec 01 §11.7.
    fn check(&self, page: u32, bytes: &mut [u8]) -> FormatResult<()> {
        let bad = |field, problem, jet| Err(FormatError::new(FileKind::Database, 0, field, problem, jet));
        let (verdict, wrong) = checksum::repair_page(bytes, self.page_size, page)?;
        match verdict {
            PageVerdict::Good(_) => {}
            PageVerdict::Uninitialized => {
                let problem = Problem::Invalid("every byte is zero");
                return bad("page", problem, JetError::PAGE_NOT_INITIALIZED);
            }
            PageVerdict::Bad { stored, computed, .. } => {
                let problem = Problem::Checksum { stored, computed };
                return bad("checksum", problem, JetError::READ_VERIFY_FAILURE);
            }
            PageVerdict::Correctable(_) => {
                let problem = Problem::Invalid("correcting the wrong bit did not make it match");
                return bad("checksum", problem, JetError::READ_VERIFY_FAILURE);
            }
        }
        PageBuffer::check_structure(bytes, self.page_size, page)?;
        for bit in wrong.iter() {
            self.cache.counters.corrected.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(path = %self.path().display(), page, bit, "a wrong bit was corrected in memory");
        }
        Ok(())
    }
}

impl Drop for CachedFile {
    fn drop(&mut self) {
        for shard in &self.cache.shards {
            shard.lock().remove_file(self.id);
        }
    }
}
