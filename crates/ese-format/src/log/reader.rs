//! Reading one log file from its bytes: its records in order, and how it ends.
//!
//! ```text
//! header -> end of data (segments: spec 05 §5.5, version 7: §12) -> records, fragments put together
//! ```
//!
//! Three ends are told apart ([`LogEnd`]): the data ends on a record's border; the data ends inside a record (the last
//! write was torn); something is damaged, with the place of the damage and its field.
//!
//! Invariants: records are given in the order of their positions; every record given decodes, and its decoded length
//! is the length it takes in the file; memory is bounded by the file's length.

use std::borrow::Cow;
use std::fmt;

use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::lgpos::Lgpos;

use super::header::LogHeader;
use super::legacy::Stream;
use super::record::{Fragment, FragmentBegin, Record, RecordType};
use super::segment::{SEGMENT_BYTES, SEGMENT_HEADER_BYTES, Segment, SegmentScan, SegmentsFound, scan};

/// Below this many bytes the rest of a segment is padding in front of the next record, not the end of a run.
const PADDING_LIMIT: usize = 32;
/// Bytes in front of the piece of a FragmentBegin.
const FRAGMENT_BEGIN_BYTES: usize = 7;
/// Bytes in front of the piece of a Fragment.
const FRAGMENT_BYTES: usize = 3;
/// Bytes of records that a whole segment holds.
const SEGMENT_ROOM: usize = SEGMENT_BYTES - SEGMENT_HEADER_BYTES;

/// What is wrong with a log, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDamage {
    /// The record, or the segment with byte 0.
    pub position: Lgpos,
    /// Offset in the file, field, problem and JET code.
    pub error: FormatError,
}

impl fmt::Display for LogDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}", self.position, self.error)
    }
}

impl std::error::Error for LogDamage {}

/// How the reading of a log's records ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEnd {
    /// The data ends where a record ends.
    Complete,
    /// The data ends inside the record begun here: its last part was never written.
    TornRecord(Lgpos),
    /// The log is damaged; nothing behind the damage was read.
    Damaged(LogDamage),
}

/// One record of a log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord<'a> {
    /// The record's LGPOS as other records and headers name it (spec 05 §5.3): where the record before it ended,
    /// unless a run of the engine or of recovery began it on a fresh segment.
    pub position: Lgpos,
    /// Where the record before it ended, padding not counted: the position that dumps print.
    pub reader_position: Lgpos,
    /// Segment (or version-7 sector) of its first byte.
    pub first_segment: u16,
    /// Segment (or version-7 sector) of its last byte.
    pub last_segment: u16,
    /// Offset of its first byte in its first segment (or sector).
    pub offset: u16,
    /// Its bytes, put together where they were in fragments.
    pub bytes: Cow<'a, [u8]>,
    /// The bytes decoded, where they are the file's.
    pub(super) decoded: Option<Record<'a>>,
}

impl LogRecord<'_> {
    /// The decoded record.
    ///
    /// # Errors
    /// None for a record that a reader gave.
    pub fn decode(&self) -> FormatResult<Record<'_>> {
        self.decoded.map_or_else(|| Record::decode(&self.bytes), Ok)
    }

    /// The type.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        self.bytes.first().and_then(|code| RecordType::from_code(*code)).unwrap_or(RecordType::Nop)
    }

    /// Whether it was cut into fragments.
    #[must_use]
    pub fn is_fragmented(&self) -> bool {
        matches!(self.bytes, Cow::Owned(_))
    }

    /// Whether it is padding of either kind.
    #[must_use]
    pub fn is_padding(&self) -> bool {
        matches!(self.record_type(), RecordType::Nop | RecordType::Nop2)
    }
}

#[derive(Clone, Debug)]
enum Body<'a> {
    Segments(SegmentScan<'a>),
    Stream(Stream<'a>),
}

/// A log file: checked header, and the part of its body that holds data.
#[derive(Clone, Debug)]
pub struct LogFile<'a> {
    header: &'a LogHeader,
    body: Body<'a>,
    damage: Option<LogDamage>,
}

impl<'a> LogFile<'a> {
    /// Opens the bytes of a whole log file: checks the header and the size, finds the end of the data.
    ///
    /// Damage of the body is no error here, see [`Self::damage`]: what lies before it can be read.
    ///
    /// # Errors
    /// Those of [`LogHeader::read`]; JET_errLogFileSizeMismatch.
    pub fn read(file: &'a [u8]) -> FormatResult<Self> {
        let header = LogHeader::read(file)?;
        if file.len() as u64 != header.file_bytes() {
            let problem = Problem::Mismatch { found: file.len() as u64, expected: header.file_bytes() };
            return Err(FormatError::new(
                FileKind::Log,
                12,
                "file sectors",
                problem,
                JetError::LOG_FILE_SIZE_MISMATCH,
            ));
        }
        let generation = header.generation.get();
        if !header.version().is_segmented() {
            let (stream, damage) = Stream::read(file, header);
            let damage = damage.map(|(offset, error)| LogDamage { position: stream.lgpos(offset), error });
            return Ok(Self { header, body: Body::Stream(stream), damage });
        }
        let scanned = scan(file, generation, header.version());
        Ok(Self::of_segments(header, scanned))
    }

    fn of_segments(header: &'a LogHeader, scanned: SegmentScan<'a>) -> Self {
        let generation = header.generation.get();
        let damage = scanned
            .damage
            .clone()
            .map(|(number, error)| LogDamage { position: Lgpos::new(generation, number, 0), error });
        Self { header, body: Body::Segments(scanned), damage }
    }

    /// What was found in the file, for opening the same bytes again without computing a checksum; `None` in version 7.
    #[must_use]
    pub fn found(&self) -> Option<SegmentsFound> {
        match &self.body {
            Body::Segments(scan) => Some(scan.found()),
            Body::Stream(_) => None,
        }
    }

    /// Opens the bytes of a file that was read before. `found` is what [`Self::found`] gave for the same bytes; without
    /// it the file is read as by [`Self::read`].
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_again(file: &'a [u8], found: Option<&'a SegmentsFound>) -> FormatResult<Self> {
        let Some(found) = found else { return Self::read(file) };
        let header = LogHeader::read(file)?;
        Ok(Self::of_segments(header, found.segments_of(file)))
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &'a LogHeader {
        self.header
    }

    /// The valid segments, in order; none in version 7.
    #[must_use]
    pub fn segments(&self) -> &[Segment<'a>] {
        match &self.body {
            Body::Segments(scan) => &scan.segments,
            Body::Stream(_) => &[],
        }
    }

    /// XOR of the checksums of all valid segments, as the next generation's header must name it (spec 05 §4.4).
    #[must_use]
    pub fn accumulated_checksum(&self) -> u64 {
        self.segments().iter().fold(0, |sum, segment| sum ^ segment.header().checksum.get())
    }

    /// Where the data ends: the segment behind the last valid one, or the byte behind the last of a version-7 stream.
    #[must_use]
    pub fn end_of_data(&self) -> Lgpos {
        match &self.body {
            Body::Segments(scan) => {
                let last = scan.segments.last().map_or(0, Segment::number);
                Lgpos::new(self.header.generation.get(), last.saturating_add(1), 0)
            }
            Body::Stream(stream) => stream.lgpos(stream.end()),
        }
    }

    /// What is wrong with the body, if the end of its data could not be found soundly.
    #[must_use]
    pub fn damage(&self) -> Option<&LogDamage> {
        self.damage.as_ref()
    }

    /// The records, padding included (a run of NOP bytes is one record).
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        let walk = match &self.body {
            Body::Segments(scan) => Walk::Segments(SegmentWalk::new(&scan.segments, self.header)),
            Body::Stream(stream) => Walk::Stream(stream.walk()),
        };
        Records { walk, damage: self.damage.as_ref(), end: None }
    }

    /// The record that says the log was closed normally, where the last record that is no padding does so: Term,
    /// Term2, RecoveryQuit and its later forms (spec 05 §5.5). Its position is (segment, offset) with 0 for the first
    /// byte of a segment, which is what a checkpoint holds after a clean end.
    #[must_use]
    pub fn clean_end(&self) -> Option<(Lgpos, RecordType)> {
        let last_segment = self.segments().last().map(Segment::number);
        let record = self.records().filter(|record| !record.is_padding()).last()?;
        if last_segment.is_some_and(|last| last != record.last_segment) || self.damage.is_some() {
            return None;
        }
        let ends = matches!(
            record.record_type(),
            RecordType::Term
                | RecordType::Term2
                | RecordType::RecoveryQuit
                | RecordType::RecoveryQuit2
                | RecordType::RecoveryQuitKeepAttachments
        );
        let first = if last_segment.is_some() { SEGMENT_HEADER_BYTES } else { 0 };
        let ib = if usize::from(record.offset) == first { 0 } else { record.offset };
        let position = Lgpos::new(self.header.generation.get(), record.first_segment, ib);
        ends.then_some((position, record.record_type()))
    }
}

/// The records of a log file. After the last one [`Self::end`] says how the log ended.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    walk: Walk<'a>,
    damage: Option<&'a LogDamage>,
    end: Option<LogEnd>,
}

#[derive(Clone, Debug)]
enum Walk<'a> {
    Segments(SegmentWalk<'a>),
    Stream(super::legacy::StreamWalk<'a>),
}

/// What one step of a walk gives.
pub(super) enum Step<'a> {
    Record(LogRecord<'a>),
    End(LogEnd),
}

impl Records<'_> {
    /// How the log ended, once the iterator has given `None`.
    #[must_use]
    pub fn end(&self) -> Option<&LogEnd> {
        self.end.as_ref()
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = LogRecord<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.end.is_some() {
            return None;
        }
        let step = match &mut self.walk {
            Walk::Segments(walk) => walk.step(),
            Walk::Stream(walk) => walk.step(),
        };
        match step {
            Step::Record(record) => Some(record),
            Step::End(end) => {
                self.end = Some(match (end, self.damage) {
                    (LogEnd::Damaged(damage), _) => LogEnd::Damaged(damage),
                    (_, Some(damage)) => LogEnd::Damaged(damage.clone()),
                    (end, None) => end,
                });
                None
            }
        }
    }
}

/// The way through the segments of a version-8 log.
#[derive(Clone, Debug)]
struct SegmentWalk<'a> {
    segments: &'a [Segment<'a>],
    generation: i32,
    /// Index of the current segment in `segments`.
    index: usize,
    /// Offset of the next byte in it.
    offset: usize,
    /// Where the last record that is no NOP ended.
    previous_end: Lgpos,
}

impl<'a> SegmentWalk<'a> {
    fn new(segments: &'a [Segment<'a>], header: &LogHeader) -> Self {
        let generation = header.generation.get();
        let previous_end = Lgpos::new(generation, 1, 0);
        Self { segments, generation, index: 0, offset: SEGMENT_HEADER_BYTES, previous_end }
    }

    fn step(&mut self) -> Step<'a> {
        loop {
            let Some(segment) = self.segments.get(self.index) else {
                return Step::End(LogEnd::Complete);
            };
            let bytes = segment.bytes().get(self.offset..).unwrap_or_default();
            if bytes.is_empty() {
                self.enter(self.index + 1);
                continue;
            }
            match self.read(segment.number(), bytes) {
                Ok(Some(step)) => return step,
                // A record that was never finished: the next one starts a segment.
                Ok(None) => {}
                Err(error) => {
                    let position = self.lgpos(segment.number(), self.offset);
                    return Step::End(LogEnd::Damaged(LogDamage { position, error }));
                }
            }
        }
    }

    fn enter(&mut self, index: usize) {
        self.index = index;
        self.offset = SEGMENT_HEADER_BYTES;
    }

    fn read(&mut self, number: u16, bytes: &'a [u8]) -> FormatResult<Option<Step<'a>>> {
        let at = self.file_offset(number, self.offset);
        let record = Record::decode(bytes).map_err(|error| error.offset_by(at))?;
        match record {
            Record::FragmentBegin(begin) => self.read_fragments(number, begin),
            Record::Fragment(_) => Err(self.corrupt(at, "record type", "a fragment of no record")),
            _ => {
                let taken = bytes.get(..record.encoded_len()).unwrap_or(bytes);
                let mut given = self.give(number, number, record.record_type(), taken.into());
                given.decoded = Some(record);
                self.offset += taken.len();
                if record.record_type() != RecordType::Nop {
                    self.previous_end = self.lgpos(number, self.offset);
                }
                Ok(Some(Step::Record(given)))
            }
        }
    }

    /// Puts a fragmented record together; `None` when it was left unfinished and a later run went on behind it.
    fn read_fragments(&mut self, number: u16, begin: FragmentBegin<'a>) -> FormatResult<Option<Step<'a>>> {
        let at = self.file_offset(number, self.offset);
        let total = usize::try_from(begin.total).unwrap_or(usize::MAX);
        if self.offset + FRAGMENT_BEGIN_BYTES + begin.piece.len() != SEGMENT_BYTES
            || begin.piece.len() >= total
        {
            return Err(self.corrupt(at + 1, "FragmentBegin.piece", "does not fill its segment"));
        }
        let mut whole = Vec::with_capacity(total.min(SEGMENT_BYTES * (self.segments.len() - self.index)));
        whole.extend_from_slice(begin.piece);
        let mut index = self.index;
        while whole.len() < total {
            index += 1;
            let Some(segment) = self.segments.get(index) else {
                let position = self.position(number, self.offset, RecordType::FragmentBegin);
                return Ok(Some(Step::End(LogEnd::TornRecord(position))));
            };
            let bytes = segment.bytes().get(SEGMENT_HEADER_BYTES..).unwrap_or_default();
            let at = self.file_offset(segment.number(), SEGMENT_HEADER_BYTES);
            let expected = (total - whole.len()).min(SEGMENT_ROOM - FRAGMENT_BYTES);
            match Record::decode(bytes).map_err(|error| error.offset_by(at))? {
                Record::Fragment(Fragment { piece }) if piece.len() == expected => {
                    whole.extend_from_slice(piece);
                }
                Record::Fragment(_) => {
                    return Err(self.corrupt(
                        at + 1,
                        "Fragment.piece",
                        "is not the rest, nor fills its segment",
                    ));
                }
                other if starts_recovery(&other) => {
                    self.enter(index);
                    self.previous_end = Lgpos::new(self.generation, segment.number(), 0);
                    return Ok(None);
                }
                _ => return Err(self.corrupt(at, "record type", "breaks into a fragmented record")),
            }
        }
        let last_piece =
            whole.len() - begin.piece.len() - (index - self.index - 1) * (SEGMENT_ROOM - FRAGMENT_BYTES);
        self.give_whole(number, index, whole, last_piece).map(Some)
    }

    fn give_whole(
        &mut self,
        number: u16,
        index: usize,
        whole: Vec<u8>,
        last_piece: usize,
    ) -> FormatResult<Step<'a>> {
        let first_piece = SEGMENT_BYTES - self.offset - FRAGMENT_BEGIN_BYTES;
        let start = self.file_offset(number, self.offset + FRAGMENT_BEGIN_BYTES);
        let record_type = match Record::decode(&whole) {
            Ok(record) if record.encoded_len() == whole.len() && is_fragmentable(&record) => {
                record.record_type()
            }
            Ok(record) => {
                let problem =
                    Problem::Mismatch { found: whole.len() as u64, expected: record.encoded_len() as u64 };
                let jet = JetError::LOG_FILE_CORRUPT;
                return Err(FormatError::new(FileKind::Log, start, "FragmentBegin.total", problem, jet));
            }
            Err(error) => {
                let inside = usize::try_from(error.offset()).unwrap_or(usize::MAX);
                let at = match inside.checked_sub(first_piece) {
                    None => start,
                    Some(behind) => {
                        let piece = behind / (SEGMENT_ROOM - FRAGMENT_BYTES);
                        let skipped = (piece * (SEGMENT_ROOM - FRAGMENT_BYTES) + first_piece) as u64;
                        let segment = (usize::from(number) + 1 + piece) * SEGMENT_BYTES;
                        let content = (segment + SEGMENT_HEADER_BYTES + FRAGMENT_BYTES) as u64;
                        content.saturating_sub(skipped)
                    }
                };
                return Err(error.offset_by(at));
            }
        };
        let last = self.segments.get(index).map_or(number, Segment::number);
        let given = self.give(number, last, record_type, whole.into());
        self.enter(index);
        self.offset += FRAGMENT_BYTES + last_piece;
        self.previous_end = self.lgpos(last, self.offset);
        Ok(Step::Record(given))
    }

    fn give(&self, first: u16, last: u16, record_type: RecordType, bytes: Cow<'a, [u8]>) -> LogRecord<'a> {
        LogRecord {
            position: self.position(first, self.offset, record_type),
            reader_position: self.previous_end,
            first_segment: first,
            last_segment: last,
            offset: self.offset as u16,
            bytes,
            decoded: None,
        }
    }

    /// The LGPOS of a byte of a segment, in the stored form (spec 05 §5.3).
    fn lgpos(&self, number: u16, offset: usize) -> Lgpos {
        match u16::try_from(offset) {
            _ if offset == SEGMENT_HEADER_BYTES => Lgpos::new(self.generation, number, 0),
            Ok(ib) if offset < SEGMENT_BYTES => Lgpos::new(self.generation, number, ib),
            _ => Lgpos::new(self.generation, number.saturating_add(1), 0),
        }
    }

    /// The LGPOS of the record whose first byte is here: padding in front of it belongs to it.
    fn position(&self, number: u16, offset: usize, record_type: RecordType) -> Lgpos {
        let here = self.lgpos(number, offset);
        let previous = self.previous_end;
        let left = SEGMENT_BYTES - usize::from(previous.ib.get());
        let padded = offset == SEGMENT_HEADER_BYTES
            && u32::from(previous.isec.get()) + 1 == u32::from(number)
            && left < PADDING_LIMIT
            && !starts_run(record_type);
        if padded { previous } else { here }
    }

    fn file_offset(&self, number: u16, offset: usize) -> u64 {
        (usize::from(number) * SEGMENT_BYTES + offset) as u64
    }

    fn corrupt(&self, offset: u64, field: &'static str, what: &'static str) -> FormatError {
        FormatError::new(FileKind::Log, offset, field, Problem::Invalid(what), JetError::LOG_FILE_CORRUPT)
    }
}

/// Whether a run of the engine, or of recovery, begins with this record, on a fresh segment.
fn starts_run(record_type: RecordType) -> bool {
    use RecordType::{Init, Init2, RecoveryUndo, RecoveryUndo2};
    matches!(record_type, Init | Init2 | RecoveryUndo | RecoveryUndo2)
}

/// Whether recovery may have written this record behind one that a crash left unfinished (spec 05 §5.5).
fn starts_recovery(record: &Record<'_>) -> bool {
    match record {
        Record::RecoveryUndo(_) | Record::RecoveryUndo2(_) | Record::UndoInfo(_) => true,
        Record::FragmentBegin(begin) => begin.piece.first() == Some(&(RecordType::UndoInfo as u8)),
        _ => false,
    }
}

fn is_fragmentable(record: &Record<'_>) -> bool {
    !matches!(record, Record::Nop(_) | Record::FragmentBegin(_) | Record::Fragment(_))
}
