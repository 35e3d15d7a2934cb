//! Placing records into the segments of one generation (spec 05 §3.3, §5.4).
//!
//! ```text
//! fits                              copy it
//! fewer than 32 bytes left          zeros to the end, then the next segment
//! else                              FragmentBegin and as much as fits, Fragments at the start of the segments behind
//! ```
//!
//! A pure builder: it keeps segments in memory and writes nothing anywhere. Whoever writes takes the full ones away
//! ([`SegmentBuilder::take_full`]), so that an addition costs the bytes it adds, whatever the generation holds already.
//!
//! Invariants: a record is in one generation only; the last segment of a file stays free for a shadow, and one byte of
//! the segment before it stays free after every record.

use zerocopy::IntoBytes;

use crate::lgpos::Lgpos;
use crate::logtime::Logtime;

use super::record::RecordType;
use super::segment::{SEGMENT_BYTES, SEGMENT_FLAGS, SEGMENT_HEADER_BYTES, SegmentHeader, segment_checksum};

/// Records are not cut when fewer bytes than this are left: padding takes them.
const SMALLEST_CUT: usize = 32;
const FRAGMENT_BEGIN_BYTES: usize = 7;
const FRAGMENT_BYTES: usize = 3;

/// Bytes of a NOP2 in front of its zeros.
const NOP2_FRAME_BYTES: usize = 5;

/// The segments of one generation while records are added to them.
#[derive(Clone, Debug)]
pub struct SegmentBuilder {
    generation: i32,
    /// Segments of the file, the header's included.
    file_segments: u16,
    /// Segments that were taken away or were in the file before: `bytes` begins with the one behind them.
    taken: u16,
    /// Whole segments; the last may be partly filled.
    bytes: Vec<u8>,
    /// Bytes used of the last segment, its header included; [`SEGMENT_BYTES`] when a new one is due.
    used: usize,
}

/// Segments that follow each other in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentRun {
    /// Number of the first.
    pub first: u16,
    /// Their bytes, without checksums until [`Self::seal`].
    pub bytes: Vec<u8>,
}

impl SegmentRun {
    /// How many they are.
    #[must_use]
    pub fn count(&self) -> u16 {
        u16::try_from(self.bytes.len() / SEGMENT_BYTES).unwrap_or(u16::MAX)
    }

    /// Stores the checksum of each, and returns all of them XORed: what they add to the accumulated checksum (spec 05
    /// §4.4).
    pub fn seal(&mut self) -> u64 {
        let mut accumulated = 0;
        for (number, segment) in (self.first..).zip(self.bytes.chunks_exact_mut(SEGMENT_BYTES)) {
            if let (Some(checksum), Some(place)) =
                (segment_checksum(segment, number), segment.first_chunk_mut())
            {
                *place = checksum.to_le_bytes();
                accumulated ^= checksum;
            }
        }
        accumulated
    }
}

impl SegmentBuilder {
    /// The empty body of a log file of this many segments, header included.
    #[must_use]
    pub fn new(generation: i32, file_segments: u16) -> Self {
        Self::resume(generation, file_segments, 0)
    }

    /// The body of a log file whose segments up to `last` are filled: records go on behind them.
    #[must_use]
    pub fn resume(generation: i32, file_segments: u16, last: u16) -> Self {
        Self { generation, file_segments, taken: last, bytes: Vec::new(), used: SEGMENT_BYTES }
    }

    /// The generation.
    #[must_use]
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// Where the next record goes: the LGPOS it will have.
    #[must_use]
    #[inline]
    pub fn next_position(&self) -> Lgpos {
        match u16::try_from(self.used) {
            Ok(ib) if self.used < SEGMENT_BYTES => Lgpos::new(self.generation, self.last_segment(), ib),
            _ => Lgpos::new(self.generation, self.last_segment().saturating_add(1), 0),
        }
    }

    /// Number of the last segment that has been begun; 0 for none.
    #[must_use]
    #[inline]
    pub fn last_segment(&self) -> u16 {
        let held = u16::try_from(self.bytes.len() / SEGMENT_BYTES).unwrap_or(u16::MAX);
        self.taken.saturating_add(held)
    }

    /// Bytes held in memory.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the last segment is partly filled.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.used < SEGMENT_BYTES
    }

    /// Whether a record of this length would begin a segment.
    #[must_use]
    pub fn begins_segment(&self, length: usize) -> bool {
        self.left() < length || self.left() == 0
    }

    /// Leaves the rest of the current segment zero: a run of the engine or of recovery starts on a fresh one.
    pub fn start_segment(&mut self) {
        self.used = SEGMENT_BYTES;
    }

    /// Whether a record of this length has its place in this generation.
    #[must_use]
    pub fn has_room(&self, length: usize) -> bool {
        self.has_room_for(&[length])
    }

    /// Whether records of these lengths have their place in this generation, one behind the other.
    #[must_use]
    pub fn has_room_for(&self, lengths: &[usize]) -> bool {
        let mut probe = Placing::new(self.last_segment(), self.used);
        let limit = usize::from(self.file_segments).saturating_sub(1) * SEGMENT_BYTES;
        lengths.iter().all(|length| probe.place(*length) < limit)
    }

    /// Adds a record's bytes. `now` becomes the start time of every segment begun by it. `None` when the generation
    /// has no room: the log must roll.
    pub fn append(&mut self, record: &[u8], now: Logtime) -> Option<Lgpos> {
        if !self.has_room(record.len()) {
            return None;
        }
        let position = self.next_position();
        if self.left() < record.len() && self.left() < SMALLEST_CUT {
            self.used = SEGMENT_BYTES;
        }
        if self.left() == 0 {
            self.begin_segment(now);
        }
        if self.left() >= record.len() {
            self.put(record);
            return Some(position);
        }
        let (piece, mut rest) = record.split_at(self.left() - FRAGMENT_BEGIN_BYTES);
        self.put(&[RecordType::FragmentBegin as u8]);
        self.put(&u32::try_from(record.len()).ok()?.to_le_bytes());
        self.put_piece(piece);
        while !rest.is_empty() {
            self.begin_segment(now);
            let (piece, behind) = rest.split_at(rest.len().min(self.left() - FRAGMENT_BYTES));
            self.put(&[RecordType::Fragment as u8]);
            self.put_piece(piece);
            rest = behind;
        }
        Some(position)
    }

    /// Adds a record that leaves bytes of the current segment free behind it: the common case, without the arithmetic of
    /// the others. `None` for any other record; nothing has changed then.
    #[inline]
    pub fn append_within_segment(&mut self, record: &[u8]) -> Option<Lgpos> {
        let is_last = self.last_segment().saturating_add(2) >= self.file_segments;
        if self.left() <= record.len() || is_last {
            return None;
        }
        let position = self.next_position();
        self.put(record);
        Some(position)
    }

    /// Fills the rest of the current segment with a NOP2 record, so that it need not be written again (spec 05 §5.5).
    /// With fewer than five bytes left nothing happens, nor in the last segment that holds records, of which a byte
    /// stays free. Whether the last segment is full now.
    pub fn fill_segment(&mut self) -> bool {
        let left = self.left();
        let is_last = self.last_segment().saturating_add(2) >= self.file_segments;
        if left >= NOP2_FRAME_BYTES && !is_last {
            let zeros = (left - NOP2_FRAME_BYTES) as u32;
            self.put(&[RecordType::Nop2 as u8]);
            self.put(&zeros.to_le_bytes());
            // Segments begin as zeros.
            self.used = SEGMENT_BYTES;
        }
        self.used == SEGMENT_BYTES
    }

    /// Takes the segments away to which nothing will be added; their checksums are due.
    #[must_use]
    pub fn take_full(&mut self) -> SegmentRun {
        self.take_full_leaving(&mut Vec::new())
    }

    /// As [`Self::take_full`]; what is added from now on goes into `room`, whose content is forgotten.
    #[must_use]
    pub fn take_full_leaving(&mut self, room: &mut Vec<u8>) -> SegmentRun {
        let partial = if self.used < SEGMENT_BYTES { SEGMENT_BYTES } else { 0 };
        let full = self.bytes.len().saturating_sub(partial);
        let first = self.taken.saturating_add(1);
        if full == 0 {
            return SegmentRun { first, bytes: Vec::new() };
        }
        let mut rest = std::mem::take(room);
        rest.clear();
        rest.extend_from_slice(self.bytes.get(full..).unwrap_or_default());
        let mut bytes = std::mem::replace(&mut self.bytes, rest);
        bytes.truncate(full);
        let run = SegmentRun { first, bytes };
        self.taken = self.taken.saturating_add(run.count());
        run
    }

    /// A copy of the last segment, where it is partly filled; its checksum is due.
    #[must_use]
    pub fn partial(&self) -> Option<SegmentRun> {
        let start = self.bytes.len().checked_sub(SEGMENT_BYTES).filter(|_| self.used < SEGMENT_BYTES)?;
        Some(SegmentRun { first: self.last_segment(), bytes: self.bytes.get(start..)?.to_vec() })
    }

    /// The segments in memory, each with its checksum, as they go into the file behind those taken away.
    #[must_use]
    pub fn sealed(&self) -> Vec<u8> {
        let mut run = SegmentRun { first: self.taken.saturating_add(1), bytes: self.bytes.clone() };
        run.seal();
        run.bytes
    }

    #[inline]
    fn left(&self) -> usize {
        SEGMENT_BYTES - self.used
    }

    fn begin_segment(&mut self, started: Logtime) {
        let position = Lgpos::new(self.generation, self.last_segment().saturating_add(1), 0);
        let header = SegmentHeader {
            checksum: 0.into(),
            position,
            started,
            reserved: [0; 12],
            flags: SEGMENT_FLAGS.into(),
        };
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.resize(self.bytes.len() + SEGMENT_BYTES - SEGMENT_HEADER_BYTES, 0);
        self.used = SEGMENT_HEADER_BYTES;
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let start = self.bytes.len() - self.left();
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        self.used += bytes.len();
    }

    fn put_piece(&mut self, piece: &[u8]) {
        // A piece is shorter than a segment.
        self.put(&(piece.len() as u16).to_le_bytes());
        self.put(piece);
    }
}

/// The arithmetic of placing without the bytes.
struct Placing {
    segment: usize,
    used: usize,
}

impl Placing {
    fn new(last_segment: u16, used: usize) -> Self {
        Self { segment: usize::from(last_segment), used }
    }

    /// Places a record of this length and returns the offset in the file behind it.
    fn place(&mut self, length: usize) -> usize {
        let mut left = SEGMENT_BYTES - self.used;
        if left < length && left < SMALLEST_CUT {
            self.segment += 1;
            self.used = SEGMENT_HEADER_BYTES;
            left = SEGMENT_BYTES - self.used;
        }
        if left >= length {
            self.used += length;
        } else {
            let rest = length - (left - FRAGMENT_BEGIN_BYTES);
            let room = SEGMENT_BYTES - SEGMENT_HEADER_BYTES - FRAGMENT_BYTES;
            let full = (rest - 1) / room;
            let last = rest - full * room;
            self.segment += full + 1;
            self.used = SEGMENT_HEADER_BYTES + FRAGMENT_BYTES + last;
        }
        self.segment * SEGMENT_BYTES + self.used
    }
}
