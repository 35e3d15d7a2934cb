//! The files of a log stream as they are found: which there are, what one generation holds, and how a power cut's
//! traces are put right before the stream is read and continued (spec 05 §2, §5.5; 06 §8.2).
//!
//! A power cut leaves the last [`unsynced_segments`] segments in any mixture of old and new sectors. Strict readers
//! take such a tail for corruption, since an engine on a disk that writes in order cannot leave it. [`mend_tail`]
//! tells it from damage and cuts it off; nothing in it was ever acknowledged.
//!
//! Invariants: scanning changes nothing; mending touches segments behind the last valid one, or a torn segment with a
//! good shadow, and leaves the rest alone; mending again after a power cut in the middle of it comes to the same end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_format::error::{FormatError, JetError};
use ese_format::lgpos::Lgpos;
use ese_format::log::header::{LOG_HEADER_BYTES, LogHeader};
use ese_format::log::names::{self, LogExtension, LogName};
use ese_format::log::segment::{
    SEGMENT_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader, SegmentSource, SegmentsFound,
};
use ese_format::log::{LogEnd, LogFile, segment};

use super::writer::unsynced_segments;
use super::{LastFile, LogPlace, Onward};
use crate::error::{Error, Result};
use crate::io::{Access, File, FileSystem};

/// Bytes that a disk writes as one.
const SECTOR_BYTES: usize = 512;

/// Which files of a stream a folder holds.
#[derive(Clone, Debug)]
pub struct LogFolder {
    extension: LogExtension,
    current: Option<PathBuf>,
    temporary: Option<PathBuf>,
    archives: BTreeMap<i32, PathBuf>,
    has_five_digits: bool,
    reserves: Vec<PathBuf>,
}

impl LogFolder {
    /// Looks for the files of a stream of this base name. Logs with the `preferred` extension win over those with the
    /// other one (spec 05 §2 rule 3).
    ///
    /// # Errors
    /// Those of listing the folder.
    pub fn scan(
        disk: &dyn FileSystem,
        folder: &Path,
        base_name: &str,
        preferred: LogExtension,
    ) -> Result<Self> {
        let paths = disk.list(folder)?;
        let other = match preferred {
            LogExtension::Log => LogExtension::Jtx,
            LogExtension::Jtx => LogExtension::Log,
        };
        let found = Self::of(&paths, base_name, preferred);
        let elsewhere = Self::of(&paths, base_name, other);
        Ok(if found.is_empty() && !elsewhere.is_empty() { elsewhere } else { found })
    }

    /// As [`Self::scan`], for logs of this extension and no other.
    ///
    /// # Errors
    /// Those of listing the folder.
    pub fn scan_only(
        disk: &dyn FileSystem,
        folder: &Path,
        base_name: &str,
        extension: LogExtension,
    ) -> Result<Self> {
        Ok(Self::of(&disk.list(folder)?, base_name, extension))
    }

    fn of(paths: &[PathBuf], base_name: &str, wanted: LogExtension) -> Self {
        let mut found = Self {
            extension: wanted,
            current: None,
            temporary: None,
            archives: BTreeMap::new(),
            has_five_digits: false,
            reserves: Vec::new(),
        };
        for path in paths {
            let name = path.file_name().and_then(|name| name.to_str());
            match name.and_then(|name| names::parse(base_name, name)) {
                Some(LogName::Current(extension)) if extension == wanted => {
                    found.current = Some(path.clone());
                }
                Some(LogName::Temporary(extension)) if extension == wanted => {
                    found.temporary = Some(path.clone());
                }
                Some(LogName::Archived { generation, digits, extension }) if extension == wanted => {
                    found.has_five_digits |= digits == 5;
                    found.archives.insert(generation, path.clone());
                }
                Some(LogName::Reserve { .. }) => found.reserves.push(path.clone()),
                _ => {}
            }
        }
        found
    }

    /// Whether there is neither a current nor an archived log.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.current.is_none() && self.archives.is_empty()
    }

    /// The extension of the logs that were found; the preferred one where there are none.
    #[must_use]
    pub fn extension(&self) -> LogExtension {
        self.extension
    }

    /// The current log.
    #[must_use]
    pub fn current(&self) -> Option<&Path> {
        self.current.as_deref()
    }

    /// The log that was being prepared; its content means nothing.
    #[must_use]
    pub fn temporary(&self) -> Option<&Path> {
        self.temporary.as_deref()
    }

    /// The archived logs by the generation in their names.
    #[must_use]
    pub fn archives(&self) -> &BTreeMap<i32, PathBuf> {
        &self.archives
    }

    /// Whether an archived log has five digits in its name: `JET_errLogGenerationMismatch` where eight are asked for.
    #[must_use]
    pub fn has_five_digits(&self) -> bool {
        self.has_five_digits
    }

    /// The reserve logs.
    #[must_use]
    pub fn reserves(&self) -> &[PathBuf] {
        &self.reserves
    }
}

/// The header of a log file, and how long the file is.
#[derive(Clone, Debug)]
pub struct LogHeaderFile {
    /// Where the file is.
    pub path: Arc<Path>,
    /// The checked header.
    pub header: Box<LogHeader>,
    /// Bytes of the file.
    pub bytes: u64,
}

impl LogHeaderFile {
    /// Reads the header.
    ///
    /// # Errors
    /// Those of opening the file and of [`LogHeader::read`].
    pub fn read(disk: &dyn FileSystem, path: &Path) -> Result<Self> {
        let file = disk.open(path, Access::Read)?;
        let path = Arc::clone(file.path());
        let mut bytes = vec![0; LOG_HEADER_BYTES];
        let count = file.read_at(&mut bytes, 0)?;
        bytes.truncate(count);
        let header = LogHeader::read(&bytes).map_err(|error| Error::format(&path, error))?;
        Ok(Self { header: Box::new(*header), bytes: file.length()?, path })
    }
}

/// The bytes of one generation's file. Checksums are computed once, when it is read.
#[derive(Clone, Debug)]
pub struct Generation {
    path: Arc<Path>,
    bytes: Vec<u8>,
    found: Option<SegmentsFound>,
}

impl Generation {
    /// Reads the file, after its header and its length.
    ///
    /// # Errors
    /// Those of opening it, of [`LogHeader::read`], and `JET_errLogFileSizeMismatch`.
    pub fn read(disk: &dyn FileSystem, path: &Path) -> Result<Self> {
        Self::read_file(&*disk.open(path, Access::Read)?)
    }

    fn read_file(file: &dyn File) -> Result<Self> {
        let path = Arc::clone(file.path());
        let mut bytes = vec![0; LOG_HEADER_BYTES];
        let count = file.read_at(&mut bytes, 0)?;
        bytes.truncate(count);
        let failed = |error: FormatError| Error::format(&path, error);
        let expected = LogHeader::read(&bytes).map_err(failed)?.file_bytes();
        let found = file.length()?;
        // The reader of the whole file says how it differs; a file that is too long is not read to its end.
        let length = usize::try_from(found.min(expected.saturating_add(1))).unwrap_or(usize::MAX);
        bytes.resize(length, 0);
        let count = file.read_at(&mut bytes, 0)?;
        bytes.truncate(count);
        let found = LogFile::read(&bytes).map_err(failed)?.found();
        Ok(Self { path, bytes, found })
    }

    /// Whether no segment behind this one holds what was written there for this generation: the segment is where the
    /// last write was.
    #[must_use]
    pub fn is_last_written(&self, number: u16) -> bool {
        let Ok(log) = self.log() else { return false };
        let generation = log.header().generation.get();
        let count = u16::try_from(self.bytes.len() / SEGMENT_BYTES).unwrap_or(u16::MAX);
        (number.saturating_add(1)..count).all(|later| {
            let bytes = segment_at(&self.bytes, usize::from(later));
            let stored = bytes.first_chunk::<8>().copied();
            let is_whole = stored == segment::segment_checksum(bytes, later).map(u64::to_le_bytes);
            let position = SegmentHeader::of(bytes).map(|header| header.position).unwrap_or_default();
            !(is_whole && position == Lgpos::new(generation, later, 0))
        })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The log in the bytes: header, end of data, records.
    ///
    /// # Errors
    /// None for a file that [`Self::read`] gave.
    pub fn log(&self) -> Result<LogFile<'_>> {
        LogFile::read_again(&self.bytes, self.found.as_ref())
            .map_err(|error| Error::format(&self.path, error))
    }

    /// How the stream is continued behind this generation.
    ///
    /// # Errors
    /// `JET_errLogFileCorrupt` when the end of its data cannot be found.
    pub fn place(&self, last_file: LastFile, onward: Onward) -> Result<LogPlace> {
        let log = self.log()?;
        if let Some(damage) = log.damage() {
            return Err(Error::format(&self.path, damage.error.clone()));
        }
        // A version-7 stream is never continued (spec 05 §12).
        let onward = if log.header().version().is_segmented() { onward } else { Onward::NextGeneration };
        Ok(LogPlace {
            header: Box::new(*log.header()),
            end: log.end_of_data(),
            accumulated: log.accumulated_checksum(),
            last_file,
            onward,
        })
    }
}

/// What [`mend_tail`] found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mended {
    /// Nothing was wrong.
    Sound,
    /// Segments were put right from their shadow, or a wrong bit of theirs was.
    Restored,
    /// Behind this position lay what a power cut left of the last writes; it is gone.
    Cut(Lgpos),
    /// The file is damaged in a way that no power cut explains; nothing was changed.
    Damaged,
}

/// Puts right what a power cut did to the last generation of a stream. `proven` is a position that was durable for
/// certain, such as the checkpoint's; null for none: damage before its segment is no trace of a power cut.
///
/// # Errors
/// Those of [`Generation::read`] and of writing.
pub fn mend_tail(disk: &dyn FileSystem, path: &Path, proven: Lgpos) -> Result<Mended> {
    let file = disk.open(path, Access::ReadWrite)?;
    let mut generation = Generation::read_file(&*file)?;
    let log = generation.log()?;
    if !log.header().version().is_segmented() {
        return Ok(if log.damage().is_some() { Mended::Damaged } else { Mended::Sound });
    }
    let mut mended = Mended::Sound;
    if let Some((number, shadow)) = shadow_of_senseless_segment(&log, generation.bytes()) {
        file.write_at(&shadow, offset_of(usize::from(number)))?;
        file.sync()?;
        generation = Generation::read_file(&*file)?;
        mended = Mended::Restored;
    }
    let log = generation.log()?;
    let end = sound_end(&log);
    if let Some(end) = end {
        // What lies before it was durable, not what begins there.
        if end < proven || !is_explained_by_power_cut(&log, generation.bytes(), end) {
            return Ok(Mended::Damaged);
        }
    }
    let repaired = log.segments().iter().filter(|segment| segment.source() != SegmentSource::InPlace);
    let mut wrote = false;
    for repaired in repaired {
        file.write_at(repaired.bytes(), offset_of(usize::from(repaired.number())))?;
        wrote = true;
    }
    if wrote {
        file.sync()?;
        mended = Mended::Restored;
    }
    if let Some(end) = end {
        cut_behind(&*file, generation.bytes(), usize::from(end.isec.get()))?;
        mended = Mended::Cut(end);
    }
    Ok(mended)
}

/// The shadow of the last valid segment, where that segment verifies but its records make no sense and the shadow's
/// do: the power went while the segment was written again, and its checksum does not see what is missing. The shadow
/// may hold what was acknowledged; the writer leaves it alone until the segment is durable.
fn shadow_of_senseless_segment(log: &LogFile<'_>, bytes: &[u8]) -> Option<(u16, Vec<u8>)> {
    if log.damage().is_some() {
        return None;
    }
    let number = sound_end(log)?.isec.get();
    let last = log.segments().last()?;
    if last.number() != number || last.source() != SegmentSource::InPlace {
        return None;
    }
    let shadow = segment_at(bytes, usize::from(number) + 1);
    let stored = shadow.first_chunk::<8>().copied()?;
    if segment::segment_checksum(shadow, number).map(u64::to_le_bytes) != Some(stored) {
        return None;
    }
    let mut restored = bytes.to_vec();
    let start = usize::from(number) * SEGMENT_BYTES;
    restored.get_mut(start..start + SEGMENT_BYTES)?.copy_from_slice(shadow);
    let log = LogFile::read(&restored).ok()?;
    (log.damage().is_none() && sound_end(&log).is_none()).then(|| (number, shadow.to_vec()))
}

/// Where a damaged log must end: behind its last valid segment, or before the segment whose records make no sense.
fn sound_end(log: &LogFile<'_>) -> Option<Lgpos> {
    if log.damage().is_some() {
        return Some(log.end_of_data());
    }
    // The checksum of a segment does not see a lost sector whose bytes repeat themselves; its records do.
    let mut records = log.records();
    let read = records.by_ref().count();
    match records.end() {
        Some(LogEnd::Damaged(damage)) if read > 0 => {
            Some(Lgpos::new(damage.position.generation.get(), damage.position.isec.get(), 0))
        }
        _ => None,
    }
}

/// Zeros what lies behind the last valid segment, the first of it last: until then it still looks like what it is.
fn cut_behind(file: &dyn File, bytes: &[u8], first: usize) -> Result<()> {
    let zeros = [0; SEGMENT_BYTES];
    for number in (first..bytes.len() / SEGMENT_BYTES).rev() {
        if number == first {
            file.sync()?;
        }
        if segment_at(bytes, number).iter().any(|byte| *byte != 0) {
            file.write_at(&zeros, offset_of(number))?;
        }
    }
    file.sync()
}

/// Whether everything behind the last valid segment is old, or new, or a mixture of the sectors of both, and no more
/// than could have been on its way at one time.
fn is_explained_by_power_cut(log: &LogFile<'_>, bytes: &[u8], end: Lgpos) -> bool {
    let first = usize::from(end.isec.get());
    let generation = log.header().generation.get();
    let mut last_touched = first;
    for number in first..bytes.len() / SEGMENT_BYTES {
        match classify(bytes, number, generation) {
            Trace::Old => {}
            Trace::Touched => last_touched = number,
            Trace::Unexplained => return false,
        }
    }
    let most = usize::from(unsynced_segments(log.header().file_sectors.get())) + 1;
    last_touched + 1 - first <= most
}

/// What a power cut can have done to a segment.
enum Trace {
    /// Nothing: it is empty, or left over from an older generation.
    Old,
    /// It was written, in whole or in part.
    Touched,
    Unexplained,
}

fn classify(bytes: &[u8], number: usize, generation: i32) -> Trace {
    let segment = segment_at(bytes, number);
    if segment.iter().all(|byte| *byte == 0) {
        return Trace::Old;
    }
    let Ok(number16) = u16::try_from(number) else { return Trace::Unexplained };
    let here = Lgpos::new(generation, number16, 0);
    let position = SegmentHeader::of(segment).map(|header| header.position).unwrap_or_default();
    let verifies = |number| segment::segment_checksum(segment, number).map(u64::to_le_bytes);
    let stored = segment.first_chunk::<8>().copied();
    if stored == verifies(number16) {
        return match position.cmp(&here) {
            std::cmp::Ordering::Less => Trace::Old,
            std::cmp::Ordering::Equal => Trace::Touched,
            std::cmp::Ordering::Greater => Trace::Unexplained,
        };
    }
    if position > here {
        return Trace::Unexplained;
    }
    let is_shadow = number16 > 1 && stored == verifies(number16 - 1);
    if is_shadow || position != here || has_old_sector(segment, segment_at(bytes, number - 1)) {
        Trace::Touched
    } else {
        Trace::Unexplained
    }
}

/// Whether a sector behind the header's holds what was there before the segment was written: zeros, or what an earlier
/// shadow of the segment before it held (a first part of that segment's bytes, then zeros).
fn has_old_sector(segment: &[u8], before: &[u8]) -> bool {
    let sectors = segment.chunks_exact(SECTOR_BYTES).zip(before.chunks_exact(SECTOR_BYTES));
    sectors.skip(1).any(|(sector, before)| {
        let filled = sector.len() - sector.iter().rev().take_while(|byte| **byte == 0).count();
        sector.get(..filled) == before.get(..filled)
    })
}

fn segment_at(bytes: &[u8], number: usize) -> &[u8] {
    let start = number * SEGMENT_BYTES;
    bytes.get(start..start + SEGMENT_BYTES).unwrap_or_default()
}

fn offset_of(number: usize) -> u64 {
    (number * SEGMENT_BYTES) as u64
}

const _: () = assert!(SEGMENT_HEADER_BYTES <= SECTOR_BYTES);

impl LogFolder {
    /// The last generation of the stream and how its file is called; `None` for an empty folder.
    ///
    /// # Errors
    /// Those of [`Generation::read`].
    pub fn last_generation(&self, disk: &dyn FileSystem) -> Result<Option<(Generation, LastFile)>> {
        if let Some(current) = self.current() {
            return Ok(Some((Generation::read(disk, current)?, LastFile::Current)));
        }
        let Some((number, path)) = self.archives.last_key_value() else { return Ok(None) };
        let generation = Generation::read(disk, path)?;
        let stored = generation.log()?.header().generation.get();
        if stored != *number {
            let about = format!("{} holds generation {stored:#x}", path.display());
            return Err(Error::refused(JetError::LOG_GENERATION_MISMATCH, about));
        }
        Ok(Some((generation, LastFile::Archived)))
    }
}
