//! A file whose pages are read and changed through the cache.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ese_format::checksum::{self, PageVerdict};
use ese_format::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use ese_format::lgpos::Lgpos;
use ese_format::page_size::PageSize;
use parking_lot::{ArcRwLockWriteGuard, Mutex, MutexGuard, RwLock};

use crate::cache::PageCache;
use crate::cache::buffer::{PageBuffer, PageGuard};
use crate::cache::dirty::DirtyPages;
use crate::cache::held::{self, HeldLatch, Mode};
use crate::cache::shard::{Latch, PageKey};
use crate::cache::write_back::WriteGate;
use crate::cache::write_guard::{ExclusiveLatch, PageWriteGuard, Unchanged};
use crate::error::{Error, Result};
use crate::io::File;
use crate::lock_order::{LeafMutex, assert_no_leaf_lock};
use crate::thread_statistics;

/// Header pages before page 1 (spec 01 §1.2).
const RESERVED_PAGES: u64 = 2;

/// Bytes read at once ahead of a scan.
const READ_AHEAD_BYTES: usize = 256 << 10;

/// How long a reader lets a waiting writer go first before it joins the readers that are at the page.
const WRITERS_FIRST: Duration = Duration::from_millis(1);

/// A database file and its pages in the cache. Dropping it takes the pages out; changes that were not written back are
/// lost.
#[derive(Debug)]
pub struct CachedFile {
    pub(super) cache: Arc<PageCache>,
    pub(super) file: Arc<dyn File>,
    pub(super) page_size: PageSize,
    id: u32,
    page_count: AtomicU32,
    pub(super) dirty: Arc<DirtyPages>,
    writable: AtomicBool,
    gate: LeafMutex<Option<Arc<dyn WriteGate>>>,
    /// Held by the thread that writes pages of this file, with the buffer it does it from: a page is never in two
    /// writes at once. Who holds a page write-latched never waits for it without a limit.
    pub(super) writer: Mutex<Vec<u8>>,
    /// Held by whoever changes the length of the file, over nothing else.
    length: Mutex<()>,
    /// A buffer for reading ahead; taken by the thread that does it.
    read_ahead: LeafMutex<Vec<u8>>,
}

/// While it lives, nothing is written to the pages of a file ([`CachedFile::hold_writes`]).
#[derive(Debug)]
pub struct WriteHold<'f> {
    _writer: MutexGuard<'f, Vec<u8>>,
    _length: MutexGuard<'f, ()>,
}

enum Found {
    Here(Latch),
    ToLoad(ExclusiveLatch),
}

impl CachedFile {
    pub(super) fn new(
        cache: Arc<PageCache>,
        file: Arc<dyn File>,
        page_size: PageSize,
        id: u32,
    ) -> Result<Self> {
        let pages = (file.length()? / page_size.bytes() as u64).saturating_sub(RESERVED_PAGES);
        let page_count = AtomicU32::new(u32::try_from(pages).unwrap_or(u32::MAX));
        Ok(Self {
            cache,
            file,
            page_size,
            id,
            page_count,
            dirty: Arc::default(),
            writable: AtomicBool::new(false),
            gate: LeafMutex::default(),
            writer: Mutex::default(),
            length: Mutex::default(),
            read_ahead: LeafMutex::default(),
        })
    }

    /// A number that no other file has, or had, that was ever attached to a cache of this process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        self.file.path()
    }

    /// The file itself, for its headers. Its pages are read and written through the cache only.
    #[must_use]
    pub fn file(&self) -> &Arc<dyn File> {
        &self.file
    }

    /// The page size.
    #[must_use]
    pub fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// Whole pages in the file after the two headers: the highest page number that can be read.
    #[must_use]
    pub fn page_count(&self) -> u32 {
        self.page_count.load(Ordering::Acquire)
    }

    /// The cache behind.
    #[must_use]
    pub fn cache(&self) -> &Arc<PageCache> {
        &self.cache
    }

    /// Makes the file writable: every page passes this gate on its way to the disk. A later gate takes the place of an
    /// earlier one.
    pub fn set_gate(&self, gate: Arc<dyn WriteGate>) {
        *self.gate.lock() = Some(gate);
        self.writable.store(true, Ordering::Release);
    }

    /// Returns when every log record that begins at or before `through` is durable. At once for a file without a gate.
    ///
    /// # Errors
    /// Those of the log.
    pub fn make_durable(&self, through: Lgpos) -> Result<()> {
        self.gate().map_or(Ok(()), |gate| gate.make_durable(through))
    }

    pub(super) fn gate(&self) -> Option<Arc<dyn WriteGate>> {
        self.gate.lock().clone()
    }

    /// Makes the file so many pages long behind its headers. A longer one ends with zeros; a shorter one loses its last
    /// pages, changed or not, and none of them may be latched. The change is durable after [`Self::sync`].
    ///
    /// # Errors
    /// `JET_errDiskFull`, `JET_errDiskIO`: the file is as long as it was.
    pub fn set_page_count(&self, pages: u32) -> Result<()> {
        assert_no_leaf_lock();
        let length = (u64::from(pages) + RESERVED_PAGES) * self.page_size.bytes() as u64;
        if pages >= self.page_count() {
            let _length = self.length.lock();
            self.file.set_length(length)?;
            self.page_count.store(pages, Ordering::Release);
            return Ok(());
        }
        held::assert_no_write_latch();
        // Nobody is writing one of the pages that go, or the file would grow again.
        let _writer = self.writer.lock();
        let _length = self.length.lock();
        self.file.set_length(length)?;
        self.page_count.store(pages, Ordering::Release);
        self.forget_from(pages + 1);
        Ok(())
    }

    /// Makes every write before this call durable.
    ///
    /// # Errors
    /// `JET_errDiskIO`.
    pub fn sync(&self) -> Result<()> {
        assert_no_leaf_lock();
        self.file.sync()
    }

    /// Waits until no page of the file is being written, and lets none be written, and the file keep its length, as long
    /// as the hold lives. Those who need room for other pages go on without it. Who holds this waits for no latch.
    #[must_use]
    pub fn hold_writes(&self) -> WriteHold<'_> {
        assert_no_leaf_lock();
        held::assert_no_write_latch();
        let writer = self.writer.lock();
        WriteHold { _writer: writer, _length: self.length.lock() }
    }

    /// Gives the file to others, although threads may still hold it for a moment, as those do that look for room in the
    /// cache: nothing of it is written any more, and its lock is gone when this returns.
    pub fn let_go(&self) {
        let _nothing_is_on_its_way = self.hold_writes();
        self.file.let_go();
    }

    /// The least begin of a transaction with changes in pages that are not in the file: the checkpoint stays at or
    /// before it (spec 06 §5.1). Pages that were written count no more, and are durable after the next [`Self::sync`].
    #[must_use]
    pub fn oldest_begin0(&self) -> Option<Lgpos> {
        self.dirty.oldest_begin0()
    }

    /// Pages whose changes are not in the file.
    #[must_use]
    pub fn dirty_pages(&self) -> usize {
        self.dirty.count()
    }

    /// Forgets every change that is not in the file, as a crash would. No page may be latched for writing.
    pub fn discard_changes(&self) {
        held::assert_no_write_latch();
        let _writer = self.writer.lock();
        for page in self.dirty.forget_from(0) {
            let key = self.key(page);
            self.cache.shard(key).lock().remove(key);
        }
    }

    fn forget_from(&self, first: u32) {
        self.dirty.forget_from(first);
        for shard in &self.cache.shards {
            let mut shard = shard.lock();
            for key in shard.pages_from(self.id, first) {
                shard.remove(key);
            }
        }
    }

    /// A page under a read latch, read from the file when it is not in the cache.
    ///
    /// # Errors
    /// Naming the page: `JET_errFileIOBeyondEOF` outside the file, `JET_errPageNotInitialized` for a page of zeros,
    /// `JET_errReadVerifyFailure` for a checksum that does not match and cannot be corrected,
    /// `JET_errReadPgnoVerifyFailure` for another page's number, `JET_errDatabaseCorrupted` for a broken page, and
    /// `JET_errDiskIO`. A cache twice as full as it may be, because changed pages cannot be written, gives the error of
    /// the write.
    pub fn latch(&self, page: u32) -> Result<PageGuard> {
        assert_no_leaf_lock();
        let key = self.key(page);
        loop {
            match self.find(key)? {
                Found::Here(latch) => {
                    let guard = latch.try_read_arc().unwrap_or_else(|| {
                        held::assert_may_wait(key, Mode::Read);
                        // Recursive in the end: a thread may hold two cursors on one page while a writer waits for it.
                        latch.try_read_arc_for(WRITERS_FIRST).unwrap_or_else(|| latch.read_arc_recursive())
                    });
                    if guard.is_ready() {
                        thread_statistics::page_referenced();
                        return Ok(PageGuard::new(
                            guard,
                            self.page_size,
                            page,
                            HeldLatch::new(key, Mode::Read),
                        ));
                    }
                    // The thread that was reading it failed and took it out; this one finds out why.
                }
                Found::ToLoad(loading) => {
                    thread_statistics::page_referenced();
                    let guard = ArcRwLockWriteGuard::downgrade(self.load(key, loading)?);
                    return Ok(PageGuard::new(guard, self.page_size, page, HeldLatch::new(key, Mode::Read)));
                }
            }
        }
    }

    /// A page under an exclusive latch, read from the file when it is not in the cache. This thread may not have the
    /// page latched already.
    ///
    /// # Errors
    /// As [`Self::latch`], and `JET_errDatabaseFileReadOnly` for a file without a gate.
    pub fn latch_write(&self, page: u32) -> Result<PageWriteGuard> {
        assert_no_leaf_lock();
        self.may_write()?;
        let key = self.key(page);
        loop {
            let exclusive = match self.find(key)? {
                Found::Here(latch) => match latch.try_write_arc() {
                    Some(exclusive) => exclusive,
                    None => {
                        held::assert_may_wait(key, Mode::Write);
                        latch.write_arc()
                    }
                },
                Found::ToLoad(loading) => self.load(key, loading)?,
            };
            if exclusive.is_ready() {
                thread_statistics::page_referenced();
                return Ok(PageWriteGuard::new(exclusive, self.page_size, key, Unchanged::Stays));
            }
        }
    }

    /// As [`Self::latch_write`], but `None` instead of waiting for another thread.
    ///
    /// # Errors
    /// As [`Self::latch_write`].
    pub fn try_latch_write(&self, page: u32) -> Result<Option<PageWriteGuard>> {
        assert_no_leaf_lock();
        self.may_write()?;
        let key = self.key(page);
        let exclusive = match self.find(key)? {
            Found::Here(latch) => latch.try_write_arc().filter(|exclusive| exclusive.is_ready()),
            Found::ToLoad(loading) => Some(self.load(key, loading)?),
        };
        Ok(exclusive.map(|exclusive| PageWriteGuard::new(exclusive, self.page_size, key, Unchanged::Stays)))
    }

    /// A page under an exclusive latch, as zeros, for the caller to build; nothing is read. What the page held before is
    /// gone once the guard was told of the change; without that everything is as it was before the call.
    ///
    /// # Errors
    /// `JET_errFileIOBeyondEOF` outside the file, `JET_errDatabaseFileReadOnly` for a file without a gate.
    pub fn latch_new(&self, page: u32) -> Result<PageWriteGuard> {
        assert_no_leaf_lock();
        self.may_write()?;
        self.check_number(page)?;
        let key = self.key(page);
        loop {
            let (exclusive, unchanged) = match self.find(key)? {
                Found::ToLoad(loading) => (loading, Unchanged::Leaves(Arc::downgrade(&self.cache))),
                Found::Here(latch) => {
                    held::assert_may_wait(key, Mode::Write);
                    let mut exclusive = latch.write_arc();
                    if !exclusive.is_ready() {
                        continue;
                    }
                    let zeros = vec![0; self.page_size.bytes()].into_boxed_slice();
                    let before = exclusive.exchange(zeros);
                    (exclusive, Unchanged::Gets(before))
                }
            };
            return Ok(PageWriteGuard::new(exclusive, self.page_size, key, unchanged));
        }
    }

    /// Reads the pages from `first` on that a scan will want, as many as one read fetches, and keeps those that are good.
    /// Says nothing about the others: whoever latches one of them gets its error.
    /// Returns the last page it looked at.
    pub fn read_ahead(&self, first: u32) -> u32 {
        let page_bytes = self.page_size.bytes();
        let pages = (READ_AHEAD_BYTES.min(self.cache.shard_bytes() / 4) / page_bytes).max(1);
        let last = self.page_count().min(first.saturating_add(pages as u32 - 1));
        if first == 0 || first > last {
            return last;
        }
        // Frames first, bytes then: a page that is in the cache may be newer than the file, and may be written and given
        // up between the two.
        let mut loading: Vec<(u32, ExclusiveLatch)> = Vec::new();
        for page in first..=last {
            if !self.cache.shard(self.key(page)).lock().holds(self.key(page))
                && let Ok(Found::ToLoad(exclusive)) = self.find(self.key(page))
            {
                loading.push((page, exclusive));
            }
        }
        let (Some((from, _)), Some((to, _))) = (loading.first(), loading.last()) else { return last };
        thread_statistics::pages_read_ahead(loading.len() as u32);
        let (from, to) = (*from, *to);
        let mut buffer = std::mem::take(&mut *self.read_ahead.lock());
        buffer.resize((to - from + 1) as usize * page_bytes, 0);
        let count = self.file.read_at(&mut buffer, self.offset(from)).unwrap_or(0);
        for (page, mut exclusive) in loading {
            let place = (page - from) as usize * page_bytes;
            match buffer.get(..count).and_then(|read| read.get(place..place + page_bytes)) {
                Some(bytes) => {
                    exclusive.bytes_mut().copy_from_slice(bytes);
                    // An error is kept for the one who asks for the page.
                    drop(self.checked(self.key(page), exclusive));
                }
                None => self.give_up_loading(self.key(page), &exclusive),
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

    pub(super) fn offset(&self, page: u32) -> u64 {
        (u64::from(page) + RESERVED_PAGES - 1) * self.page_size.bytes() as u64
    }

    fn key(&self, page: u32) -> PageKey {
        PageKey { file: self.id, page }
    }

    fn may_write(&self) -> Result<()> {
        if self.writable.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(Error::refused(JetError::DATABASE_FILE_READ_ONLY, self.path().display().to_string()))
    }

    fn find(&self, key: PageKey) -> Result<Found> {
        let mut shard = self.cache.shard(key).lock();
        if let Some(latch) = shard.find(key) {
            return Ok(Found::Here(latch));
        }
        let buffer = PageBuffer::loading(self.page_size, key.page, &self.dirty);
        let status = Arc::clone(buffer.status());
        let latch = Arc::new(RwLock::new(buffer));
        let loading = latch.write_arc();
        let capacity = self.cache.shard_capacity(self.page_size);
        let room = shard.insert(key, (latch, status), self.page_size.bytes(), capacity);
        drop(shard);
        self.cache.counters.evictions.fetch_add(room.given_up, Ordering::Relaxed);
        if !room.in_use.is_empty()
            && let Err(error) = self.cache.make_room(key, &room.in_use, capacity)
        {
            self.give_up_loading(key, &loading);
            return Err(error);
        }
        Ok(Found::ToLoad(loading))
    }

    /// Takes a page out whose bytes could not be had; its frame is never ready, and those who wait for it look again.
    fn give_up_loading(&self, key: PageKey, loading: &ExclusiveLatch) {
        self.cache.shard(key).lock().remove_frame(key, ArcRwLockWriteGuard::rwlock(loading));
    }

    fn load(&self, key: PageKey, mut loading: ExclusiveLatch) -> Result<ExclusiveLatch> {
        self.cache.counters.misses.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        match self.read(key.page, loading.bytes_mut()) {
            Ok(()) => {
                thread_statistics::page_read(begun);
                self.checked(key, loading)
            }
            Err(error) => {
                self.give_up_loading(key, &loading);
                Err(error)
            }
        }
    }

    pub(super) fn beyond_end(&self, page: u32, available: u64) -> Error {
        let problem = Problem::Truncated { needed: self.page_size.bytes() as u64, available };
        self.page_error(page, 0, "page", problem, JetError::FILE_IO_BEYOND_EOF)
    }

    fn check_number(&self, page: u32) -> Result<()> {
        if page == 0 || page > self.page_count() { Err(self.beyond_end(page, 0)) } else { Ok(()) }
    }

    fn read(&self, page: u32, bytes: &mut [u8]) -> Result<()> {
        self.check_number(page)?;
        let count = self.file.read_at(bytes, self.offset(page))?;
        if count < bytes.len() { Err(self.beyond_end(page, count as u64)) } else { Ok(()) }
    }

    /// Checks a page that was just read; a bad one leaves the cache.
    fn checked(&self, key: PageKey, mut loading: ExclusiveLatch) -> Result<ExclusiveLatch> {
        match self.check(key.page, &mut loading) {
            Ok(()) => {
                loading.set_ready();
                Ok(loading)
            }
            Err(error) => {
                self.give_up_loading(key, &loading);
                tracing::error!(path = %self.path().display(), page = key.page, %error, "a page is damaged");
                Err(self.format_error(error.on_page(key.page)))
            }
        }
    }

    /// The checks of spec 01 §11.7.
    fn check(&self, page: u32, loading: &mut PageBuffer) -> FormatResult<()> {
        let bad = |field, problem, jet| Err(FormatError::new(FileKind::Database, 0, field, problem, jet));
        let (verdict, wrong) = checksum::repair_page(loading.bytes_mut(), self.page_size, page)?;
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
        let flags = PageBuffer::check_structure(loading.bytes(), self.page_size, page)?;
        loading.status().set_flush_type(flags.flush_type());
        for bit in wrong.iter() {
            self.cache.counters.corrected.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(path = %self.path().display(), page, bit, "a wrong bit was corrected in memory");
        }
        Ok(())
    }
}

impl Drop for CachedFile {
    fn drop(&mut self) {
        self.dirty.close();
        self.cache.forget_file(self.id);
    }
}
