//! Placing records into the segments of one generation (spec 05 §3.3, §5.4).
//!
//! ```text
//! fits                              copy it
//! fewer than 32 bytes left          zeros to the end, then the next segment
//! else                              FragmentBegin and as much as fits, Fragments at the start of the segments behind
//! ```
//!
//! A pure builder: it keeps whole segments in memory and writes nothing anywhere.
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

/// The segments of one generation while records are added to them.
#[derive(Clone, Debug)]
pub struct SegmentBuilder {
    generation: i32,
    /// Segments of the file, the header's included.
    file_segments: u16,
    /// Whole segments from number 1 on; the last may be partly filled.
    bytes: Vec<u8>,
    /// Bytes used of the last segment, its header included; [`SEGMENT_BYTES`] when a new one is due.
    used: usize,
}

impl SegmentBuilder {
    /// The empty body of a log file of this many segments, header included.
    #[must_use]
    pub fn new(generation: i32, file_segments: u16) -> Self {
        Self { generation, file_segments, bytes: Vec::new(), used: SEGMENT_BYTES }
    }

    /// Where the next record goes: the LGPOS it will have.
    #[must_use]
    pub fn next_position(&self) -> Lgpos {
        match u16::try_from(self.used) {
            Ok(ib) if self.used < SEGMENT_BYTES => Lgpos::new(self.generation, self.last_segment(), ib),
            _ => Lgpos::new(self.generation, self.last_segment().saturating_add(1), 0),
        }
    }

    /// Number of the last segment that has been begun; 0 for none.
    #[must_use]
    pub fn last_segment(&self) -> u16 {
        u16::try_from(self.bytes.len() / SEGMENT_BYTES).unwrap_or(u16::MAX)
    }

    /// Leaves the rest of the current segment zero: a run of the engine or of recovery starts on a fresh one.
    pub fn start_segment(&mut self) {
        self.used = SEGMENT_BYTES;
    }

    /// Whether a record of this length has its place in this generation.
    #[must_use]
    pub fn has_room(&self, length: usize) -> bool {
        let mut probe = Placing::new(self.last_segment(), self.used);
        let last_byte = probe.end_of(length);
        let limit = usize::from(self.file_segments).saturating_sub(1) * SEGMENT_BYTES;
        last_byte < limit
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

    /// The segments so far, each with its checksum, as they go to offset 4096 of the file.
    #[must_use]
    pub fn sealed(&self) -> Vec<u8> {
        let mut sealed = self.bytes.clone();
        for (index, segment) in sealed.chunks_exact_mut(SEGMENT_BYTES).enumerate() {
            // A file has at most 65535 segments and `has_room` kept to that.
            let number = (index + 1) as u16;
            if let (Some(checksum), Some(place)) =
                (segment_checksum(segment, number), segment.first_chunk_mut())
            {
                *place = checksum.to_le_bytes();
            }
        }
        sealed
    }

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

    /// Offset in the file behind a record of this length.
    fn end_of(&mut self, length: usize) -> usize {
        let mut left = SEGMENT_BYTES - self.used;
        if left < length && left < SMALLEST_CUT {
            self.segment += 1;
            self.used = SEGMENT_HEADER_BYTES;
            left = SEGMENT_BYTES - self.used;
        }
        if left >= length {
            return self.segment * SEGMENT_BYTES + self.used + length;
        }
        let rest = length - (left - FRAGMENT_BEGIN_BYTES);
        let room = SEGMENT_BYTES - SEGMENT_HEADER_BYTES - FRAGMENT_BYTES;
        let full = (rest - 1) / room;
        let last = rest - full * room;
        (self.segment + full + 1) * SEGMENT_BYTES + SEGMENT_HEADER_BYTES + FRAGMENT_BYTES + last
    }
}
