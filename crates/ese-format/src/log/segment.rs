//! Segments: the 4096-byte blocks of a version-8 log, their checksums, and where a log's data ends (spec 05 §5).
//!
//! ```text
//! 0   u64     checksum: the ECC form of a small database page, page number = segment number
//! 8   LGPOS   (generation, segment number, 0)
//! 16  LOGTIME when the first byte went in; zero if there is only padding
//! 24  12 bytes reserved
//! 36  u32     0x2000, at the place of a page's flags
//! 40  records to the end of the segment
//! ```
//!
//! A partly filled segment i is written twice: at i, and the same bytes as its shadow at i+1, where they verify with
//! number i only. A recycled file keeps valid segments of an older generation; only their LGPOS tells them apart.
//!
//! Invariants: behind an empty segment nothing valid follows; the valid segments of a log are 1..=last without a gap.

use std::borrow::Cow;

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::checksum::{BlockStart, BlockVerdict, ecc_block, judge_block};
use crate::error::{FileKind, FormatError, JetError, Problem};
use crate::lgpos::Lgpos;
use crate::logtime::Logtime;

use super::version::LogVersion;

/// Bytes of a segment.
pub const SEGMENT_BYTES: usize = 4096;
/// Bytes in front of the records of a segment.
pub const SEGMENT_HEADER_BYTES: usize = size_of::<SegmentHeader>();
/// The flag word of every segment.
pub const SEGMENT_FLAGS: u32 = 0x2000;

/// The header of a segment in its stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SegmentHeader {
    /// The checksum.
    pub checksum: U64,
    /// Where the segment belongs.
    pub position: Lgpos,
    /// When its first byte was written.
    pub started: Logtime,
    /// Zero.
    pub reserved: [u8; 12],
    /// [`SEGMENT_FLAGS`].
    pub flags: U32,
}

const _: () = assert!(size_of::<SegmentHeader>() == 40);

impl SegmentHeader {
    /// The header at the start of a segment's bytes, unchecked; `None` for too few bytes.
    #[must_use]
    pub fn of(segment: &[u8]) -> Option<&Self> {
        Self::ref_from_prefix(segment).ok().map(|(header, _)| header)
    }
}

/// Where the bytes of a valid segment came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentSource {
    /// They are as written.
    InPlace,
    /// One wrong bit was put right: its number from the start of the segment.
    Repaired {
        /// Bit number.
        bit: u32,
    },
    /// The segment was torn; this is its shadow.
    Shadow,
}

/// A valid segment.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    number: u16,
    bytes: Cow<'a, [u8]>,
    source: SegmentSource,
}

impl Segment<'_> {
    /// Number of the segment in its file; 0 is the file's header.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    /// All 4096 bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where they came from.
    #[must_use]
    pub fn source(&self) -> SegmentSource {
        self.source
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &SegmentHeader {
        SegmentHeader::ref_from_prefix(&self.bytes).expect("a segment has 4096 bytes").0
    }
}

/// Where the segments of a log end, and why.
#[derive(Clone, Debug)]
pub(crate) struct SegmentScan<'a> {
    /// The valid segments, 1..=last.
    pub(crate) segments: Vec<Segment<'a>>,
    /// The first segment that breaks the rules, with the reason.
    pub(crate) damage: Option<(u16, FormatError)>,
}

/// What a scan of a file's bytes found, without the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentsFound {
    /// The last valid segment; they are 1..=last.
    last: u16,
    /// Those whose bytes are not the file's.
    replaced: Vec<(u16, Box<[u8]>, SegmentSource)>,
    damage: Option<(u16, FormatError)>,
}

impl SegmentsFound {
    /// The segments of the file of which this was found.
    pub(crate) fn segments_of<'a>(&'a self, file: &'a [u8]) -> SegmentScan<'a> {
        let in_place = |number| Segment {
            number,
            bytes: segment_at(file, number).into(),
            source: SegmentSource::InPlace,
        };
        // Too short a file is none that was scanned.
        let held = u16::try_from(file.len() / SEGMENT_BYTES).unwrap_or(u16::MAX).saturating_sub(1);
        let mut segments: Vec<_> = (1..=self.last.min(held)).map(in_place).collect();
        for (number, bytes, source) in &self.replaced {
            if let Some(segment) = segments.get_mut(usize::from(*number).saturating_sub(1)) {
                *segment = Segment { number: *number, bytes: (&**bytes).into(), source: *source };
            }
        }
        SegmentScan { segments, damage: self.damage.clone() }
    }
}

impl SegmentScan<'_> {
    /// What was found, without the bytes of the file.
    pub(crate) fn found(&self) -> SegmentsFound {
        let replaced = self.segments.iter().filter(|segment| segment.source != SegmentSource::InPlace);
        SegmentsFound {
            last: self.segments.last().map_or(0, Segment::number),
            replaced: replaced
                .map(|segment| (segment.number, segment.bytes().into(), segment.source))
                .collect(),
            damage: self.damage.clone(),
        }
    }
}

/// The verdict on the bytes of one segment.
enum Verdict<'a> {
    Good(Cow<'a, [u8]>, SegmentSource),
    Bad { stored: u64, computed: u64 },
}

/// Finds the valid segments of a file's bytes (spec 05 §5.5). `generation` and `version` are those of its header.
pub(crate) fn scan(file: &[u8], generation: i32, version: LogVersion) -> SegmentScan<'_> {
    let count = u16::try_from(file.len() / SEGMENT_BYTES).unwrap_or(u16::MAX);
    let mut scan = SegmentScan { segments: Vec::new(), damage: None };
    let mut empty_seen = false;
    for number in 1..count.saturating_sub(1) {
        match judge(file, number, generation, version, empty_seen) {
            Ok(Some(segment)) => scan.segments.push(segment),
            Ok(None) => empty_seen = true,
            Err(damage) => {
                scan.damage = Some((number, damage));
                break;
            }
        }
    }
    scan
}

/// The valid segment at `number`, nothing if it is empty, or why neither is possible.
fn judge(
    file: &[u8],
    number: u16,
    generation: i32,
    version: LogVersion,
    empty_seen: bool,
) -> Result<Option<Segment<'_>>, FormatError> {
    let corrupt = |field, problem| {
        let offset = u64::from(number) * SEGMENT_BYTES as u64;
        FormatError::new(FileKind::Log, offset, field, problem, JetError::LOG_FILE_CORRUPT)
    };
    let bytes = segment_at(file, number);
    let here = Lgpos::new(generation, number, 0);
    match verify(bytes, number) {
        Verdict::Good(bytes, source) => {
            let position = SegmentHeader::ref_from_prefix(&bytes).map(|(header, _)| header.position);
            match position.unwrap_or_default().cmp(&here) {
                std::cmp::Ordering::Less => Ok(None),
                std::cmp::Ordering::Greater => {
                    Err(corrupt("segment lgpos", Problem::Invalid("lies behind the segment's own place")))
                }
                std::cmp::Ordering::Equal if empty_seen => {
                    Err(corrupt("segment", Problem::Invalid("is valid behind an empty one")))
                }
                std::cmp::Ordering::Equal => Ok(Some(Segment { number, bytes, source })),
            }
        }
        Verdict::Bad { .. } if number > 1 && verifies_as(bytes, number - 1) => Ok(None),
        Verdict::Bad { .. } if version >= LogVersion::ZERO_FILL && bytes.iter().all(|byte| *byte == 0) => {
            Ok(None)
        }
        Verdict::Bad { .. } if empty_seen => {
            Err(corrupt("segment", Problem::Invalid("is damaged and behind an empty one")))
        }
        Verdict::Bad { stored, computed } => {
            let shadow = segment_at(file, number + 1);
            let position = SegmentHeader::ref_from_prefix(shadow).map(|(header, _)| header.position);
            if verifies_as(shadow, number) && position == Ok(here) {
                return Ok(Some(Segment { number, bytes: shadow.into(), source: SegmentSource::Shadow }));
            }
            Err(corrupt("segment checksum", Problem::Checksum { stored, computed }))
        }
    }
}

/// The bytes of a segment, empty if the file has no such segment.
fn segment_at(file: &[u8], number: u16) -> &[u8] {
    let start = usize::from(number) * SEGMENT_BYTES;
    file.get(start..start + SEGMENT_BYTES).unwrap_or_default()
}

/// Whether the bytes verify with this number as they are.
fn verifies_as(bytes: &[u8], number: u16) -> bool {
    matches!(verify(bytes, number), Verdict::Good(_, SegmentSource::InPlace))
}

fn verify(bytes: &[u8], number: u16) -> Verdict<'_> {
    let (Some(computed), Some(stored)) = (segment_checksum(bytes, number), bytes.first_chunk()) else {
        return Verdict::Bad { stored: 0, computed: 0 };
    };
    let stored = u64::from_le_bytes(*stored);
    if stored == computed {
        return Verdict::Good(bytes.into(), SegmentSource::InPlace);
    }
    match judge_block(stored, computed, BlockStart::Header, SEGMENT_BYTES) {
        BlockVerdict::WrongBit(bit) => {
            let mut repaired = bytes.to_vec();
            if let Some(byte) = repaired.get_mut(bit as usize / 8) {
                *byte ^= 1 << (bit % 8);
            }
            Verdict::Good(repaired.into(), SegmentSource::Repaired { bit })
        }
        _ => Verdict::Bad { stored, computed },
    }
}

/// The checksum of a segment's 4096 bytes, its first eight taken as zero (spec 05 §5.2). `None` for another length.
#[must_use]
pub fn segment_checksum(bytes: &[u8], number: u16) -> Option<u64> {
    (bytes.len() == SEGMENT_BYTES).then(|| ecc_block(bytes, BlockStart::Header, u32::from(number)))?
}
