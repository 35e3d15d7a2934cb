//! The body of a version-7 log: one stream of records with range checksums in it (spec 05 §12). Read only.
//!
//! ```text
//! sector (usually 512 bytes)
//! | tail of a record | Checksum record | records ...        | records ... |
//! |<- bytes before ->|<-   22 bytes  ->|<-        bytes after          ->|
//!                                      |<-  next: distance to the next Checksum record, 0 in the last
//! ```
//!
//! Records cross sectors freely; there are no fragments and no segment headers. The last sector may be followed by its
//! shadow, a copy whose checksum is changed by a constant. Unused space holds a pattern.
//!
//! Invariants: only bytes under a checked range are given; a broken chain is told from its torn end.
//!
//! No real file of this version is at hand: everything here comes from the specification and is tested on streams
//! built by the tests.

use std::borrow::Cow;

use crate::error::{FileKind, FormatError, JetError, Problem};
use crate::lgpos::Lgpos;

use super::header::{LOG_HEADER_BYTES, LogHeader};
use super::reader::{LogDamage, LogEnd, LogRecord, Step};
use super::record::{RangeChecksum, Record, RecordType};

/// Bytes of a Checksum record.
const CHECKSUM_BYTES: usize = 22;
const SEED: u32 = 0xFEED_BEAF;
const SHORT_SEED: u32 = 0xDEAD_C0DE;
/// What the checksum of a shadow sector differs by.
const SHADOW: u32 = 0x5AD0_5EC7;
/// Length of the pattern of unused space.
const PATTERN_BYTES: usize = 512;

/// Whether a Checksum record is looked at in its place or in a shadow sector.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Own,
    Shadow,
}

/// A checked range: its Checksum record, and how far records may reach.
#[derive(Clone, Copy, Debug)]
struct Range {
    /// Offset of the Checksum record.
    start: usize,
    /// Records of this range end here at the latest.
    stop: usize,
    /// A record cut off at `stop` was never finished and is dropped.
    cut: bool,
}

/// The data of a version-7 log.
#[derive(Clone, Debug)]
pub(crate) struct Stream<'a> {
    bytes: Cow<'a, [u8]>,
    generation: i32,
    sector: usize,
    ranges: Vec<Range>,
}

/// What stands against a Checksum record.
enum Fault {
    /// Its own fields are impossible.
    Fields(&'static str, Problem),
    /// The range fails; the first sector of it is good.
    TornRange,
    /// The range fails.
    Range { stored: u32, computed: u32 },
}

impl<'a> Stream<'a> {
    /// Follows the chain of Checksum records; also gives the offset and the reason of the first break in it.
    pub(crate) fn read(file: &'a [u8], header: &LogHeader) -> (Self, Option<(usize, FormatError)>) {
        let sector = usize::from(header.sector_bytes.get()).max(1);
        let generation = header.generation.get();
        let mut stream = Self { bytes: file.into(), generation, sector, ranges: Vec::new() };
        let mut at = LOG_HEADER_BYTES;
        let damage = loop {
            let mut checked = stream.check(at, Place::Own);
            if checked.is_err() && stream.restore_from_shadow(at) {
                checked = stream.check(at, Place::Own);
            }
            match checked {
                Ok(checksum) => {
                    let behind = at + CHECKSUM_BYTES;
                    let stop = behind + checksum.bytes_after as usize;
                    stream.push(at, stop, checksum.bytes_before);
                    if checksum.next == 0 {
                        break stream.check_unused(stop);
                    }
                    // `check` made sure that every chain goes forward inside the file.
                    at = behind + checksum.next as usize;
                }
                Err(Fault::TornRange) => {
                    stream.push(at, at - at % sector + sector, stream.bytes_before(at));
                    if let Some(range) = stream.ranges.last_mut() {
                        range.cut = true;
                    }
                    break None;
                }
                Err(Fault::Fields(field, problem)) => break Some((at, corrupt(at, field, problem))),
                Err(Fault::Range { stored, computed }) => {
                    let problem = Problem::Checksum { stored: stored.into(), computed: computed.into() };
                    break Some((at, corrupt(at + 13, "Checksum.checksum", problem)));
                }
            }
        };
        if let (Some(_), Some(last)) = (&damage, stream.ranges.last_mut()) {
            // The tail of its last record lies in what is damaged.
            last.cut = true;
        }
        (stream, damage)
    }

    /// Adds a range, and says of the one before whether its last record runs on into the new one.
    fn push(&mut self, start: usize, stop: usize, bytes_before: u32) {
        if let Some(previous) = self.ranges.last_mut() {
            previous.cut = bytes_before == 0 && !start.is_multiple_of(self.sector);
            if !previous.cut {
                previous.stop = start;
            }
        }
        self.ranges.push(Range { start, stop, cut: false });
    }

    fn bytes_before(&self, at: usize) -> u32 {
        self.checksum_at(at).map_or(0, |checksum| checksum.bytes_before)
    }

    fn checksum_at(&self, at: usize) -> Option<RangeChecksum> {
        match Record::decode(self.bytes.get(at..)?) {
            Ok(Record::Checksum(checksum)) => Some(checksum),
            _ => None,
        }
    }

    /// Checks fields and checksums of the Checksum record at `at`.
    fn check(&self, at: usize, place: Place) -> Result<RangeChecksum, Fault> {
        let Some(checksum) = self.checksum_at(at) else {
            return Err(Fault::Fields(
                "record type",
                Problem::Invalid("no Checksum record where one must be"),
            ));
        };
        self.check_fields(at, &checksum)?;
        let before = at - checksum.bytes_before as usize..at;
        let behind = at + CHECKSUM_BYTES;
        let sector_end = at - at % self.sector + self.sector;
        let seed = if place == Place::Shadow { SEED ^ SHADOW } else { SEED };
        let after = behind..behind + checksum.bytes_after as usize;
        let computed = self.sum(seed, &checksum, before.clone(), after);
        let range_good = computed == checksum.checksum;
        let short = self.sum(SHORT_SEED, &checksum, before, behind.min(sector_end)..sector_end);
        let short_used = checksum.short_flag == RangeChecksum::SHORT_USED;
        match (range_good, short == checksum.short_checksum) {
            (true, short_good) if short_good || !short_used => Ok(checksum),
            (true, _) => Err(Fault::Range { stored: checksum.short_checksum, computed: short }),
            (false, true) if short_used && checksum.next == 0 => Err(Fault::TornRange),
            (false, _) => Err(Fault::Range { stored: checksum.checksum, computed }),
        }
    }

    fn check_fields(&self, at: usize, checksum: &RangeChecksum) -> Result<(), Fault> {
        let invalid = |field, what| Err(Fault::Fields(field, Problem::Invalid(what)));
        let in_sector = at % self.sector;
        let sector_end = at - in_sector + self.sector;
        let behind = at + CHECKSUM_BYTES;
        let before = checksum.bytes_before as usize;
        if before != 0 && (before != in_sector || before > self.sector - CHECKSUM_BYTES) {
            return invalid("Checksum.bytes_before", "is neither 0 nor the record's offset in its sector");
        }
        let Some(end) =
            behind.checked_add(checksum.bytes_after as usize).filter(|end| *end <= self.bytes.len())
        else {
            return invalid("Checksum.bytes_after", "leaves the file");
        };
        let leaves_sector = end > sector_end;
        let flag_fits = match checksum.short_flag {
            RangeChecksum::SHORT_USED => leaves_sector && end.is_multiple_of(self.sector),
            RangeChecksum::SHORT_UNUSED => !leaves_sector && checksum.short_checksum == 0,
            _ => false,
        };
        if !flag_fits {
            return invalid("Checksum.short_flag", "contradicts the range");
        }
        if checksum.next == 0 {
            return Ok(());
        }
        let next = behind.saturating_add(checksum.next as usize);
        let next_sector = end..end.saturating_add(self.sector);
        if !end.is_multiple_of(self.sector) || !next_sector.contains(&next) || next >= self.bytes.len() {
            return invalid("Checksum.next", "is not in the sector behind the range");
        }
        Ok(())
    }

    fn sum(
        &self,
        seed: u32,
        checksum: &RangeChecksum,
        before: std::ops::Range<usize>,
        after: std::ops::Range<usize>,
    ) -> u32 {
        let fields = checksum.bytes_before
            ^ checksum.bytes_after
            ^ checksum.next
            ^ u32::from(checksum.short_flag)
            ^ self.generation.cast_unsigned();
        let words = |range| xor_words(self.bytes.get(range).unwrap_or_default());
        seed ^ fields ^ words(before) ^ words(after)
    }

    /// Puts the shadow of the sector of `at` in its place if the shadow holds. Only the last sector has one.
    fn restore_from_shadow(&mut self, at: usize) -> bool {
        let start = at - at % self.sector;
        let (own, shadow) = (start..start + self.sector, start + self.sector..start + 2 * self.sector);
        let Some(copy) = self.bytes.get(shadow).map(<[u8]>::to_vec) else {
            return false;
        };
        let mut restored = self.clone();
        restored.bytes.to_mut()[own].copy_from_slice(&copy);
        match restored.check(at, Place::Shadow) {
            Ok(checksum) if checksum.next == 0 => {
                let sum_at = at + 13..at + 17;
                let sum = checksum.checksum ^ SHADOW;
                restored.bytes.to_mut()[sum_at].copy_from_slice(&sum.to_le_bytes());
                *self = restored;
                true
            }
            _ => false,
        }
    }

    /// Behind the last range: at most one shadow sector, then the pattern of unused space.
    fn check_unused(&self, end: usize) -> Option<(usize, FormatError)> {
        let first = end.next_multiple_of(self.sector);
        let unused = |from: usize| self.bytes.get(from..).unwrap_or_default();
        if is_pattern(unused(first)) {
            return None;
        }
        let last_range = self.ranges.last()?;
        let at_in_shadow = last_range.start % self.sector + first;
        let shadow_holds = last_range.start / self.sector + 1 == first / self.sector
            && self.checksum_at(at_in_shadow).is_some_and(|checksum| {
                self.checksum_at(last_range.start)
                    .is_some_and(|own| checksum.checksum == own.checksum ^ SHADOW)
            });
        if shadow_holds && is_pattern(unused(first.saturating_add(self.sector))) {
            return None;
        }
        let problem = Problem::Invalid("is neither unused nor a shadow, and behind the last range");
        Some((first, corrupt(first, "sector", problem)))
    }

    /// Offset behind the last byte of data.
    pub(crate) fn end(&self) -> usize {
        self.ranges.last().map_or(LOG_HEADER_BYTES, |range| range.stop)
    }

    /// The LGPOS of an offset in the file.
    pub(crate) fn lgpos(&self, offset: usize) -> Lgpos {
        let isec = u16::try_from(offset / self.sector).unwrap_or(u16::MAX);
        // A sector has at most 4096 bytes.
        Lgpos::new(self.generation, isec, (offset % self.sector) as u16)
    }

    pub(super) fn walk(&self) -> StreamWalk<'_> {
        let offset = self.ranges.first().map_or(0, |range| range.start);
        StreamWalk { bytes: &self.bytes, stream: self, range: 0, offset, previous_end: offset }
    }
}

fn corrupt(offset: usize, field: &'static str, problem: Problem) -> FormatError {
    FormatError::new(FileKind::Log, offset as u64, field, problem, JetError::LOG_FILE_CORRUPT)
}

/// XOR of the bytes as little-endian words; a rest of one to three bytes counts as the low bytes of a word.
fn xor_words(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<4>();
    let mut last = [0; 4];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    words.iter().fold(u32::from_le_bytes(last), |sum, word| sum ^ u32::from_le_bytes(*word))
}

/// Whether the bytes, which start at a multiple of 512 or of a smaller sector, are the pattern of unused space.
fn is_pattern(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(index, byte)| {
        let place = index % PATTERN_BYTES;
        let expected = if place.is_multiple_of(16) { (0xDA + place) as u8 } else { 0xDA };
        *byte == expected
    })
}

/// The way through the records of a version-7 stream.
#[derive(Clone, Debug)]
pub(super) struct StreamWalk<'a> {
    bytes: &'a [u8],
    stream: &'a Stream<'a>,
    range: usize,
    offset: usize,
    previous_end: usize,
}

impl<'a> StreamWalk<'a> {
    pub(super) fn step(&mut self) -> Step<'a> {
        loop {
            let Some(range) = self.stream.ranges.get(self.range).copied() else {
                return Step::End(LogEnd::Complete);
            };
            if self.offset >= range.stop {
                self.enter_next();
                continue;
            }
            let bytes = self.bytes.get(self.offset..range.stop).unwrap_or_default();
            match Record::decode(bytes) {
                Ok(Record::Checksum(_)) if self.offset != range.start => {
                    return self
                        .damaged("record type", Problem::Invalid("a Checksum record outside its chain"));
                }
                Ok(record) => return Step::Record(self.give(bytes, record)),
                Err(error) if matches!(error.problem(), Problem::Truncated { .. }) && range.cut => {
                    if self.range + 1 == self.stream.ranges.len() {
                        return Step::End(LogEnd::TornRecord(self.stream.lgpos(self.offset)));
                    }
                    self.enter_next();
                }
                Err(error) => {
                    let position = self.stream.lgpos(self.offset);
                    let error = error.offset_by(self.offset as u64);
                    return Step::End(LogEnd::Damaged(LogDamage { position, error }));
                }
            }
        }
    }

    fn enter_next(&mut self) {
        self.range += 1;
        if let Some(range) = self.stream.ranges.get(self.range) {
            self.offset = range.start;
            self.previous_end = range.start;
        }
    }

    fn give(&mut self, bytes: &'a [u8], record: Record<'a>) -> LogRecord<'a> {
        let taken = bytes.get(..record.encoded_len()).unwrap_or(bytes);
        let position = self.stream.lgpos(self.offset);
        let reader_position = self.stream.lgpos(self.previous_end);
        let last = self.stream.lgpos(self.offset + taken.len().saturating_sub(1));
        self.offset += taken.len();
        if record.record_type() != RecordType::Nop {
            self.previous_end = self.offset;
        }
        LogRecord {
            position,
            reader_position,
            first_segment: position.isec.get(),
            last_segment: last.isec.get(),
            offset: position.ib.get(),
            bytes: taken.into(),
            decoded: Some(record),
        }
    }

    fn damaged(&self, field: &'static str, problem: Problem) -> Step<'a> {
        let position = self.stream.lgpos(self.offset);
        let error = corrupt(self.offset, field, problem);
        Step::End(LogEnd::Damaged(LogDamage { position, error }))
    }
}
