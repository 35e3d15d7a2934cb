//! A database on tape (spec 07 §4, §5): its header twice, its pages, the trailer.
//!
//! ```text
//! 0            header, marked as a copy of this backup        (N+2)·P   trailer
//! P            the same again
//! 2P           pages 1 ..= N, N the last that the database owns
//! ```
//!
//! Invariants: the header was copied before N was looked up, so that what it requires covers every page that goes out; a
//! page goes out as the file held it while nobody was writing it, checked, with a single wrong bit put right; the
//! trailer's generations are those of the moment behind the last page.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ese_format::backup_info::BackupInfo;
use ese_format::checksum::{self, PageVerdict};
use ese_format::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use ese_format::page::PageView;
use ese_format::page_size::PageSize;
use ese_format::trailer::Trailer;
use ese_format::version::DatabaseVersion;

use crate::error::{Error, Result};
use crate::instance::AttachedDatabase;
use crate::io::Background;
use crate::log::Log;

use super::{StreamPart, refused, shown};

/// Since when a trailer says which generations are required (spec 07 §2.3).
const GENERATIONS_SINCE: DatabaseVersion = DatabaseVersion::new(160, 360);
/// Header pages of a stream.
const HEADER_PAGES: u64 = 2;
/// Bytes of a file that are read while nobody writes to it.
const GROUP_BYTES: usize = 256 << 10;
/// How often a page that is damaged is read again, and the unit of the pauses before that.
const READS_AGAIN: u32 = 16;
const PAUSE: Duration = Duration::from_millis(100);

/// The stream of one database.
#[derive(Debug)]
pub(super) struct DatabaseStream {
    database: Arc<AttachedDatabase>,
    log: Arc<Log>,
    page_size: PageSize,
    /// The header as it goes out, until it has.
    header: Option<Vec<u8>>,
    /// The next page, and the last.
    next: u32,
    last: u32,
    /// Mark, time and lowest generation of the backup.
    info: BackupInfo,
    /// What the trailer says, once it is out.
    trailer: Option<BackupInfo>,
}

impl DatabaseStream {
    /// Opens a stream at its beginning or at a page of it.
    ///
    /// # Errors
    /// `JET_errInvalidParameter` for an offset that divides a page or lies in the headers; those of reading the space of
    /// the database.
    pub(super) fn open(
        database: &Arc<AttachedDatabase>,
        log: &Arc<Log>,
        mark: BackupInfo,
        copy_low: i32,
        part: StreamPart,
    ) -> Result<Self> {
        let mut info = mark;
        info.generation_low = copy_low.unsigned_abs().into();
        info.generation_high = 0.into();
        let mut header = database.header();
        header.fields.backup_full_current = info;
        let page_size = header.page_size();
        let encoded = header.encode();
        let last = database.last_page()?;
        let (header, next) = match part {
            StreamPart::Whole | StreamPart::From(0) => (Some(encoded), 1),
            StreamPart::From(offset) => (None, first_page(offset, page_size, last)?),
        };
        Ok(Self {
            database: Arc::clone(database),
            log: Arc::clone(log),
            page_size,
            header,
            next,
            last,
            info,
            trailer: None,
        })
    }

    pub(super) fn database(&self) -> &Arc<AttachedDatabase> {
        &self.database
    }

    /// Where in the whole stream it is.
    pub(super) fn offset(&self) -> u64 {
        let pages = if self.header.is_some() { 0 } else { u64::from(self.next) + HEADER_PAGES - 1 };
        pages * self.page_size.bytes() as u64
    }

    /// Bytes of the whole stream.
    pub(super) fn bytes(&self) -> u64 {
        (u64::from(self.last) + HEADER_PAGES + 1) * self.page_size.bytes() as u64
    }

    /// What the trailer said, once it is out.
    pub(super) fn trailer(&self) -> Option<BackupInfo> {
        self.trailer
    }

    /// The next bytes: as many whole pages as there is room for, and the trailer with the last ones when there is still
    /// room for it (spec 07 §4).
    pub(super) fn read(&mut self, buffer: &mut [u8], stop: &AtomicBool) -> Result<usize> {
        let page_bytes = self.page_size.bytes();
        let mut filled = 0;
        if let Some(header) = &self.header {
            for place in buffer.chunks_exact_mut(page_bytes).take(HEADER_PAGES as usize) {
                place.copy_from_slice(header);
                filled += page_bytes;
            }
            self.header = None;
        }
        let rest = buffer.get_mut(filled..).unwrap_or_default();
        filled += self.read_pages(rest, stop)?;
        if self.next > self.last && self.trailer.is_none() {
            let rest = buffer.get_mut(filled..).unwrap_or_default();
            if let Some(place) = rest.get_mut(..page_bytes) {
                let trailer = self.make_trailer();
                place.copy_from_slice(&trailer.encode(self.page_size));
                self.trailer = Some(trailer.backup);
                filled += page_bytes;
            }
        }
        Ok(filled)
    }

    /// The next pages, group by group.
    fn read_pages(&mut self, buffer: &mut [u8], stop: &AtomicBool) -> Result<usize> {
        let page_bytes = self.page_size.bytes();
        let mut filled = 0;
        for group in buffer.chunks_mut(GROUP_BYTES) {
            let left = u64::from(self.last.saturating_add(1).saturating_sub(self.next));
            let pages = left.min((group.len() / page_bytes) as u64) as usize;
            let Some(group) = group.get_mut(..pages * page_bytes).filter(|group| !group.is_empty()) else {
                break;
            };
            if stop.load(Ordering::Acquire) {
                return stopped();
            }
            let read = self.database.file().read_unwritten(self.next, group);
            for (page, bytes) in (self.next..).zip(group.chunks_exact_mut(page_bytes)) {
                let checked = match &read {
                    Ok(()) => self.check(page, bytes),
                    Err(_) => self
                        .database
                        .file()
                        .read_unwritten(page, bytes)
                        .and_then(|()| self.check(page, bytes)),
                };
                if let Err(error) = checked {
                    self.read_again(page, bytes, error, stop)?;
                }
            }
            self.next += pages as u32;
            filled += group.len();
        }
        Ok(filled)
    }

    /// Checks a page as it was read. One of zeros is as good as any: the database never wrote it.
    fn check(&self, page: u32, bytes: &mut [u8]) -> Result<()> {
        let failed = |error: FormatError| Error::format(self.database.path(), error.on_page(page));
        let (verdict, wrong) = checksum::repair_page(bytes, self.page_size, page).map_err(failed)?;
        match verdict {
            PageVerdict::Uninitialized => return Ok(()),
            PageVerdict::Good(_) => {}
            PageVerdict::Bad { stored, computed, .. } => {
                let problem = Problem::Checksum { stored, computed };
                return Err(failed(damaged("checksum", problem)));
            }
            PageVerdict::Correctable(_) => {
                let problem = Problem::Invalid("correcting the wrong bit did not make it match");
                return Err(failed(damaged("checksum", problem)));
            }
        }
        // Of a small page the checksum says which it is.
        if self.page_size.is_large() {
            PageView::peek(bytes, self.page_size, page).and_then(check_number).map_err(failed)?;
        }
        for bit in wrong.iter() {
            let path = shown(self.database.path());
            tracing::warn!(event = 399, %path, page, bit, "a wrong bit was put right in the copy");
        }
        Ok(())
    }

    /// A disk that fails now may not fail the next time (spec 07 §3.6).
    fn read_again(&self, page: u32, bytes: &mut [u8], error: Error, stop: &AtomicBool) -> Result<()> {
        let mut error = error;
        for time in 1..=READS_AGAIN {
            let path = shown(self.database.path());
            tracing::error!(event = 474, %path, page, time, %error, "a page cannot be read for a backup");
            self.pause(time, stop)?;
            let read = self.database.file().read_unwritten(page, bytes);
            match read.and_then(|()| self.check(page, bytes)) {
                Ok(()) => return Ok(()),
                Err(again) => error = again,
            }
        }
        Err(error)
    }

    fn pause(&self, units: u32, stop: &AtomicBool) -> Result<()> {
        for _ in 0..units {
            if stop.load(Ordering::Acquire) {
                return stopped();
            }
            // A machine without threads has no time of its own either.
            if self.database.host().background == Background::Threads {
                std::thread::sleep(PAUSE);
            }
        }
        Ok(())
    }

    /// What recovery of this copy needs, as of now.
    fn make_trailer(&self) -> Trailer {
        let header = self.database.header();
        let fields = &header.fields;
        let committed = fields.generation_max_committed.get();
        let mut backup = self.info;
        backup.generation_high = self.log.generation().unsigned_abs().max(committed).into();
        let mut trailer = Trailer {
            backup,
            database_signature: fields.database_signature,
            log_signature: fields.log_signature,
            ..Trailer::default()
        };
        if header.version().has(GENERATIONS_SINCE) {
            trailer.generation_min_required = fields.generation_min_required;
            trailer.generation_max_required = fields.generation_max_required;
            trailer.generation_max_committed = fields.generation_max_committed;
            trailer.time_generation_max_required = fields.time_generation_max_required;
            trailer.time_generation_max_committed = fields.time_generation_max_create;
        }
        trailer
    }
}

/// The page that a stream without headers begins with.
fn first_page(offset: u64, page_size: PageSize, last: u32) -> Result<u32> {
    let page_bytes = page_size.bytes() as u64;
    let page = offset / page_bytes;
    if !offset.is_multiple_of(page_bytes) || page < HEADER_PAGES {
        return refused(JetError::INVALID_PARAMETER, format!("a stream from byte {offset}"));
    }
    let beyond = u64::from(last) + 1;
    Ok(u32::try_from((page - HEADER_PAGES + 1).min(beyond)).unwrap_or(last))
}

fn check_number(page: PageView<'_>) -> FormatResult<()> {
    let found = page.large_header().map_or(page.number(), |header| header.page_number.get());
    if found == page.number() {
        return Ok(());
    }
    let problem = Problem::Mismatch { found: found.into(), expected: page.number().into() };
    Err(damaged("page number", problem).with_jet(JetError::READ_PGNO_VERIFY_FAILURE))
}

fn damaged(field: &'static str, problem: Problem) -> FormatError {
    FormatError::new(FileKind::Database, 0, field, problem, JetError::READ_VERIFY_FAILURE)
}

fn stopped<T>() -> Result<T> {
    refused(JetError::BACKUP_ABORT_BY_SERVER, "the backup was told to stop")
}
