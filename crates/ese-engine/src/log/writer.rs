//! Writing batches into log files: segments, shadows, and the change from one generation to the next (spec 05 §3.2,
//! §5.5).
//!
//! ```text
//! no shadow lies behind the first segment    write everything, sync
//! its shadow does                            write it, sync, then what follows (or itself again), sync
//! roll                                       next file filled with zeros, header, sync; rename, rename
//! ```
//!
//! Invariants: a segment is written only after all before it were synced, but for [`unsynced_segments`] of them, so
//! that a torn tail is short; a partly filled segment on the disk has its shadow behind it; a generation is complete
//! and synced before its file is renamed.

use std::sync::Arc;

use ese_format::attach_list::ATTACH_LIST_BYTES;
use ese_format::lgpos::Lgpos;
use ese_format::log::header::{FILE_TYPE_LOG, LOG_HEADER_BYTES, LogFlags, LogHeader};
use ese_format::log::segment::SEGMENT_BYTES;
use ese_format::log::writer::SegmentRun;
use ese_format::signature::Signature;
use parking_lot::Mutex;

use crate::error::Result;
use crate::io::File;

use super::LogSettings;
use super::buffer::{Batch, NewGeneration, Piece};
use super::supply::{NextFile, Supply};

/// What the instance knows when a log is created and the log does not.
#[derive(Clone, Debug)]
pub struct HeaderFacts {
    /// The databases that were attached before the first position of the generation, as stored.
    pub attach_list: Box<[u8; ATTACH_LIST_BYTES]>,
    /// The checkpoint in the checkpoint file.
    pub checkpoint: Lgpos,
}

impl Default for HeaderFacts {
    fn default() -> Self {
        Self { attach_list: Box::new([0; ATTACH_LIST_BYTES]), checkpoint: Lgpos::NULL }
    }
}

/// Segments that may be on their way to the disk at one time in a file of this many: with the power, any of them may
/// be lost, and nothing else.
pub(super) fn unsynced_segments(file_segments: u16) -> u16 {
    (file_segments / 16).clamp(2, 128)
}

/// The file of the current generation.
#[derive(Debug)]
struct CurrentFile {
    file: Arc<dyn File>,
    generation: i32,
    flags: LogFlags,
    file_segments: u16,
    /// XOR of the checksums of all full segments.
    accumulated: u64,
    /// The segment that is partly filled on the disk, with its shadow behind it.
    shadowed: Option<u16>,
    /// Whether the write over the last shadow was not followed by a sync.
    loose: bool,
}

/// A roll whose first half is done.
#[derive(Debug)]
pub(super) struct BegunRoll {
    next: NextFile,
    flags: LogFlags,
}

/// Where a writer goes on.
#[derive(Debug)]
pub(super) struct WriterStart {
    /// The last generation's file, where it is still called the current log.
    pub(super) file: Option<Arc<dyn File>>,
    pub(super) generation: i32,
    pub(super) flags: LogFlags,
    pub(super) file_segments: u16,
    pub(super) accumulated: u64,
}

/// The one who writes.
#[derive(Debug)]
pub(super) struct Writer {
    signature: Signature,
    current: Option<CurrentFile>,
    /// Flags and accumulated checksum of the last generation.
    last: (LogFlags, u64),
    /// Memory of the segments that were written last.
    spent: Vec<u8>,
}

impl Writer {
    pub(super) fn new(signature: Signature, start: Option<WriterStart>) -> Self {
        let last = start.as_ref().map_or((LogFlags::default(), 0), |start| (start.flags, start.accumulated));
        let current = start.and_then(|start| {
            Some(CurrentFile {
                file: start.file?,
                generation: start.generation,
                flags: start.flags,
                file_segments: start.file_segments,
                accumulated: start.accumulated,
                shadowed: None,
                loose: false,
            })
        });
        Self { signature, current, last, spent: Vec::new() }
    }

    /// Writes a batch and makes it durable. `began` is told of each generation that begins with it.
    pub(super) fn write(
        &mut self,
        batch: Batch,
        settings: &LogSettings,
        rolling: &Rolling<'_>,
    ) -> Result<()> {
        let mut pieces = batch.pieces.into_iter().peekable();
        let mut partial = batch.partial;
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Segments(run) => {
                    let last = if pieces.peek().is_none() { partial.take() } else { None };
                    self.spent = self.current_file()?.write(run, last)?;
                }
                Piece::Roll(new) => self.roll(new, settings, rolling)?,
            }
        }
        if let Some(partial) = partial {
            self.current_file()?
                .write(SegmentRun { first: partial.first, bytes: Vec::new() }, Some(partial))?;
        }
        Ok(())
    }

    /// The memory of the segments that were written last.
    pub(super) fn take_spent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.spent)
    }

    fn current_file(&mut self) -> Result<&mut CurrentFile> {
        let missing = || {
            let jet = ese_format::error::JetError::MISSING_LOG_FILE;
            crate::error::Error::refused(jet, "there is no current log to write to")
        };
        self.current.as_mut().ok_or_else(missing)
    }

    /// Steps 1 to 8 of spec 05 §3.2.
    fn roll(&mut self, new: NewGeneration, settings: &LogSettings, rolling: &Rolling<'_>) -> Result<()> {
        let facts = (rolling.facts)(Lgpos::new(new.generation, 0, 0));
        let begun = self.begin_roll(new, settings, rolling.supply, &facts)?;
        let next = self.finish_roll(new, begun, settings, rolling.supply)?;
        (rolling.began)(new, next)
    }

    /// The first half: the next generation's file is complete under the temporary name, and the current log is archived.
    pub(super) fn begin_roll(
        &mut self,
        new: NewGeneration,
        settings: &LogSettings,
        supply: &Mutex<Supply>,
        facts: &HeaderFacts,
    ) -> Result<BegunRoll> {
        if let Some(current) = &self.current {
            self.last = (current.flags, current.accumulated);
        }
        let mut supply = supply.lock();
        let next = supply.next_file(settings, facts.checkpoint.generation.get())?;
        let header = self.header(new, settings, facts, &next);
        next.file.write_at(header.bytes(), 0)?;
        next.file.sync()?;
        if let Some(mut closed) = self.current.take() {
            if closed.loose {
                closed.sync()?;
            }
            let archived = settings.archived_path(closed.generation);
            settings.host.file_system.rename(&settings.current_path(), &archived)?;
            supply.archived(closed.generation, archived);
        }
        Ok(BegunRoll { next, flags: header.log_flags() })
    }

    /// The second half: the new generation's file gets the name of the current log.
    pub(super) fn finish_roll(
        &mut self,
        new: NewGeneration,
        begun: BegunRoll,
        settings: &LogSettings,
        supply: &Mutex<Supply>,
    ) -> Result<NextFile> {
        let mut supply = supply.lock();
        settings.host.file_system.rename(&settings.temporary_path(), &settings.current_path())?;
        supply.give_temporary_back();
        let BegunRoll { next, flags } = begun;
        self.last = (flags, 0);
        self.current = Some(CurrentFile {
            file: Arc::clone(&next.file),
            generation: new.generation,
            flags,
            file_segments: settings.file_segments,
            accumulated: 0,
            shadowed: None,
            loose: false,
        });
        Ok(next)
    }

    fn header(
        &self,
        new: NewGeneration,
        settings: &LogSettings,
        facts: &HeaderFacts,
        next: &NextFile,
    ) -> LogHeader {
        let (flags_before, accumulated) = self.last;
        let mut flags = LogFlags::default();
        flags.set(LogFlags::RESERVE, next.from_reserve);
        flags.set(LogFlags::CIRCULAR, settings.circular == super::Circular::On);
        flags.set(
            LogFlags::CIRCULAR_BEFORE,
            flags_before.intersects(LogFlags::CIRCULAR | LogFlags::CIRCULAR_BEFORE),
        );
        let version = settings.version;
        let mut header = LogHeader::zeroed();
        header.generation = new.generation.into();
        header.sector_bytes = (SEGMENT_BYTES as u16).into();
        header.header_sectors = 1.into();
        header.file_sectors = settings.file_segments.into();
        header.page_size = (settings.page_size.bytes() as u16).into();
        header.created = new.created;
        header.previous_created = new.previous_created;
        header.major = version.major.into();
        header.minor = version.minor.into();
        header.update_major = version.update_major.into();
        header.signature = self.signature;
        header.parameters = settings.parameters();
        header.flags = flags.bits();
        header.checkpoint = facts.checkpoint;
        header.update_minor = version.update_minor.into();
        header.previous_accumulated_checksum =
            if version.has_accumulated_checksum() { accumulated } else { 0 }.into();
        header.engine_format_version = settings.engine_format_version.into();
        header.file_type = FILE_TYPE_LOG.into();
        header.attach_list = *facts.attach_list;
        header.seal();
        header
    }
}

/// What a writer needs when a generation ends.
pub(super) struct Rolling<'a> {
    pub(super) supply: &'a Mutex<Supply>,
    pub(super) facts: &'a dyn Fn(Lgpos) -> HeaderFacts,
    pub(super) began: &'a dyn Fn(NewGeneration, NextFile) -> Result<()>,
}

const _: () = assert!(LOG_HEADER_BYTES == SEGMENT_BYTES);

impl CurrentFile {
    /// Writes full segments and, behind them, a partly filled one with its shadow; then they are durable.
    /// Gives the memory back in which the full ones were.
    fn write(&mut self, mut full: SegmentRun, partial: Option<SegmentRun>) -> Result<Vec<u8>> {
        let first = full.first;
        let only_one_became_full = full.count() == 1 && partial.is_none();
        self.accumulated ^= full.seal();
        let mut bytes = full.bytes;
        let shadowed = partial.map(|mut partial| {
            partial.seal();
            bytes.extend_from_slice(&partial.bytes);
            bytes.extend_from_slice(&partial.bytes);
            partial.first
        });
        let rewritten = self.shadowed == Some(first);
        self.shadowed = shadowed;
        if !rewritten {
            self.write_rounds(first, &bytes)?;
            return Ok(bytes);
        }
        let (one, behind) = bytes.split_at(SEGMENT_BYTES.min(bytes.len()));
        self.write_rounds(first, one)?;
        if only_one_became_full {
            // It takes the place of the old shadow; until the roll nothing depends on when it gets there.
            self.file.write_at(one, offset_of(first.saturating_add(1)))?;
            self.loose = true;
        } else {
            self.write_rounds(first.saturating_add(1), behind)?;
        }
        Ok(bytes)
    }

    fn write_rounds(&mut self, first: u16, bytes: &[u8]) -> Result<()> {
        let round = usize::from(unsynced_segments(self.file_segments)) * SEGMENT_BYTES;
        let mut offset = offset_of(first);
        for bytes in bytes.chunks(round) {
            self.file.write_at(bytes, offset)?;
            self.sync()?;
            offset += bytes.len() as u64;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync()?;
        self.loose = false;
        Ok(())
    }
}

fn offset_of(segment: u16) -> u64 {
    u64::from(segment) * SEGMENT_BYTES as u64
}
