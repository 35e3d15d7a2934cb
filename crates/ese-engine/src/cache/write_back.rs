//! Changed pages on their way to the file.
//!
//! A batch of pages takes four steps: under each page's read latch the gate is passed and the bytes are copied; the log
//! is flushed once for all of them; each copy gets the next flush type and its checksums (spec 01 §11.8, §12.3); copies
//! of neighbouring pages go to the file in one write. No latch is held over the flush or the write.
//!
//! Who writes: [`CachedFile::write_back`] for the checkpoint and at detach, [`PageCache::write_some`] so that pages that
//! will be given up soon are clean by then, and, when that was not enough, the thread that needs room.
//!
//! Invariants:
//! - no page reaches the file before the log records of its changes are durable (spec 06 §3.2 W1), nor before the gate
//!   let it pass (W2, W3, W6);
//! - one thread at a time writes pages of a file, so that no page is in two writes;
//! - a thread that needs room waits for no latch, and for another writer only so long: it may hold latches that the
//!   other waits for;
//! - after an error the pages are dirty as before.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ese_format::checksum;
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::page::{FlushType, PageMut, PageView};

use crate::cache::dirty::WriteOutcome;
use crate::cache::held;
use crate::cache::shard::{PageKey, Room};
use crate::cache::{CachedFile, PageCache};
use crate::error::{Error, Result};
use crate::lock_order::assert_no_leaf_lock;

/// Bytes of pages that are written as one batch.
const BATCH_BYTES: usize = 512 << 10;

/// How long a thread that needs room waits for another one that is writing the same file.
const PATIENCE: Duration = Duration::from_millis(20);

/// What a page has to pass before it is written to its file (spec 06 §3.2).
pub trait WriteGate: fmt::Debug + Send + Sync {
    /// Whether the page may be written now; one that may not stays dirty, and is asked for again another time. The page
    /// is read-latched.
    fn may_write(&self, _page: &PageView<'_>) -> bool {
        true
    }

    /// Makes the log ready for a page that is about to be written: logs the before-images of uncommitted changes (W3),
    /// raises the waypoint (W2, W6). The page is read-latched. Returns `modified`, or the position of the newest record
    /// it logged.
    ///
    /// # Errors
    /// Those of the log; the page is not written then.
    fn before_write(&self, page: &PageView<'_>, modified: Lgpos) -> Result<Lgpos>;

    /// Returns when every log record that begins at or before `through` is durable (W1).
    ///
    /// # Errors
    /// Those of the log; nothing is written then.
    fn make_durable(&self, through: Lgpos) -> Result<()>;
}

/// The gate of a file that is not logged: always open.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenGate;

impl WriteGate for OpenGate {
    fn before_write(&self, _page: &PageView<'_>, modified: Lgpos) -> Result<Lgpos> {
        Ok(modified)
    }

    fn make_durable(&self, _through: Lgpos) -> Result<()> {
        Ok(())
    }
}

/// Which changed pages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteBack {
    /// All of them.
    All,
    /// Those with changes of a transaction that began before this position, so that the checkpoint can come there.
    OldestBefore(Lgpos),
}

/// Whether a thread may wait for the latch of a page it is to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Latching {
    Waits,
    Skips,
}

/// A page whose bytes were copied.
struct Copied {
    page: u32,
    flush_type: FlushType,
}

impl CachedFile {
    /// Writes changed pages, in the order of their numbers, and returns how many. The pages that were dirty when the call
    /// began are in the file when it returns; they are durable after [`CachedFile::sync`]. The calling thread may hold
    /// no page latched for writing.
    ///
    /// # Errors
    /// Those of the gate; `JET_errDiskFull`, `JET_errDiskIO`. Pages that were not written are still dirty.
    pub fn write_back(&self, which: WriteBack) -> Result<u64> {
        assert_no_leaf_lock();
        held::assert_no_write_latch();
        let pages = match which {
            WriteBack::All => self.dirty.all(),
            WriteBack::OldestBefore(position) => self.dirty.older_than(position),
        };
        let mut written = 0;
        for batch in pages.chunks(self.batch_pages()) {
            let mut buffer = self.writer.lock();
            written += self.write_batch(&mut buffer, batch, Latching::Waits)?;
        }
        Ok(written)
    }

    /// Writes those of these pages that are dirty, and their dirty neighbours, without waiting for a latch.
    fn write_victims(&self, pages: &[u32]) -> Result<u64> {
        let Some(mut buffer) = self.writer.try_lock_for(PATIENCE) else { return Ok(0) };
        let mut written = 0;
        for pages in pages.chunks(self.batch_pages()) {
            let batch = self.dirty.around(pages, self.batch_pages());
            written += self.write_batch(&mut buffer, &batch, Latching::Skips)?;
        }
        Ok(written)
    }

    fn batch_pages(&self) -> usize {
        BATCH_BYTES / self.page_size.bytes()
    }

    /// Writes one batch of pages in the order of their numbers.
    fn write_batch(&self, buffer: &mut Vec<u8>, pages: &[u32], latching: Latching) -> Result<u64> {
        if pages.is_empty() {
            return Ok(0);
        }
        let Some(gate) = self.gate() else {
            let about = format!("{}: changed pages and no gate", self.path().display());
            return Err(Error::refused(JetError::INTERNAL_ERROR, about));
        };
        let mut copied = Vec::with_capacity(pages.len());
        let outcome =
            self.copy_pages(buffer, pages, latching, gate.as_ref(), &mut copied).and_then(|through| {
                if !through.is_null() && !copied.is_empty() {
                    gate.make_durable(through)?;
                }
                Ok(())
            });
        let mut written = 0;
        let outcome = outcome.and_then(|()| self.write_runs(buffer, &copied, &mut written));
        // What is left after an error was copied and not written.
        for left in copied.get(written..).unwrap_or_default() {
            self.dirty.end_write(left.page, WriteOutcome::Failed);
        }
        self.cache.counters.written.fetch_add(written as u64, Ordering::Relaxed);
        outcome.map(|()| written as u64)
    }

    /// Copies the pages behind each other into the buffer and gives the position through which the log has to be
    /// durable.
    fn copy_pages(
        &self,
        buffer: &mut Vec<u8>,
        pages: &[u32],
        latching: Latching,
        gate: &dyn WriteGate,
        copied: &mut Vec<Copied>,
    ) -> Result<Lgpos> {
        buffer.clear();
        let mut through = Lgpos::NULL;
        for page in pages {
            let Some(latch) = self.dirty.frame(*page) else { continue };
            let guard = match latching {
                // This thread may have a cursor on the page while another one waits to write it.
                Latching::Waits => latch.read_recursive(),
                Latching::Skips => match latch.try_read_recursive() {
                    Some(guard) => guard,
                    None => continue,
                },
            };
            let view = PageView::peek(guard.bytes(), self.page_size, *page)
                .map_err(|error| self.format_error(error))?;
            if !gate.may_write(&view) {
                continue;
            }
            let status = guard.status();
            let raised = gate.before_write(&view, status.modified())?;
            status.raise_modified(raised);
            if !self.dirty.begin_write(*page) {
                continue;
            }
            through = through.max(status.modified());
            copied.push(Copied { page: *page, flush_type: status.flush_type().successor() });
            buffer.extend_from_slice(guard.bytes());
        }
        Ok(through)
    }

    /// Seals the copies and writes them, neighbours in one write. `written` counts those that are in the file.
    fn write_runs(&self, buffer: &mut [u8], copied: &[Copied], written: &mut usize) -> Result<()> {
        let page_bytes = self.page_size.bytes();
        for (copy, bytes) in copied.iter().zip(buffer.chunks_exact_mut(page_bytes)) {
            let failed = |error| self.format_error(error);
            PageMut::open(bytes, self.page_size, copy.page).map_err(failed)?.set_flush_type(copy.flush_type);
            checksum::seal_page(bytes, self.page_size, copy.page).map_err(failed)?;
        }
        let mut rest = &*buffer;
        for run in copied.chunk_by(|one, next| one.page.checked_add(1) == Some(next.page)) {
            let Some(first) = run.first() else { continue };
            let Some((bytes, behind)) = rest.split_at_checked(run.len() * page_bytes) else { break };
            rest = behind;
            self.file.write_at(bytes, self.offset(first.page))?;
            self.cache.counters.writes.fetch_add(1, Ordering::Relaxed);
            for copy in run {
                self.dirty.end_write(copy.page, WriteOutcome::Written(copy.flush_type));
            }
            *written += run.len();
        }
        Ok(())
    }
}

impl PageCache {
    /// One step of the cleaner: writes changed pages that will have to make room soon, and returns how many. To be called
    /// now and then by a thread that holds no latch. Waits for nobody, and may so leave pages out.
    ///
    /// # Errors
    /// The first error of a file; pages that were not written are still dirty.
    pub fn write_some(&self) -> Result<u64> {
        assert_no_leaf_lock();
        let mut victims = Vec::new();
        self.add_soon_given_up(&mut victims);
        self.write_keys(&victims)
    }

    /// Adds the pages of all shards that will have to make room soon.
    fn add_soon_given_up(&self, victims: &mut Vec<PageKey>) {
        let capacity = self.shard_bytes();
        for shard in &self.shards {
            victims.extend(shard.lock().soon_given_up(capacity));
        }
    }

    /// Makes room in the shard of a page by writing pages that are in the way. An error only when the shard is twice as
    /// full as it may be and nothing can be done about it.
    pub(super) fn make_room(&self, key: PageKey, in_use: &[PageKey], capacity: usize) -> Result<()> {
        // The log is flushed before pages are written: what other shards will want written soon is written with them.
        let mut victims = in_use.to_vec();
        self.add_soon_given_up(&mut victims);
        let wrote = self.write_keys(&victims);
        let (room, bytes) = {
            let mut shard = self.shard(key).lock();
            let room: Room = shard.shrink_to(capacity);
            (room, shard.bytes())
        };
        self.counters.evictions.fetch_add(room.given_up, Ordering::Relaxed);
        match wrote {
            Err(error) if bytes > capacity.saturating_mul(2) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "changed pages cannot be written to make room");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    fn write_keys(&self, keys: &[PageKey]) -> Result<u64> {
        let mut files: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for key in keys {
            files.entry(key.file).or_default().push(key.page);
        }
        let (mut written, mut first_error) = (0, None);
        for (id, pages) in &mut files {
            let Some(file) = self.file(*id) else { continue };
            pages.sort_unstable();
            match file.write_victims(pages) {
                Ok(count) => written += count,
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        first_error.map_or(Ok(written), Err)
    }
}
