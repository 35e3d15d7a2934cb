//! The segment arrays `KeyFldIDs` and `ConditionalColumns` (spec 03 §9.2).
//!
//! ```text
//! 4-byte form   u8 flags, u8 0, u16 FID          2-byte form (before update 7)   i16, negative = descending
//! ```

use super::corrupted;
use crate::error::{FormatResult, Problem};

/// Most segments of a key, and most conditions.
pub const KEY_SEGMENTS_MAX: usize = 16;

bitflags::bitflags! {
    /// Flags of a segment.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct SegmentFlags: u8 {
        /// The column belongs to the template table.
        const TEMPLATE_COLUMN = 0x80;
        /// Descending (keys only).
        const DESCENDING = 0x40;
        /// The column must be NULL (conditions only); without it, it must not be.
        const MUST_BE_NULL = 0x20;
        const _ = !0;
    }
}

/// A column of a key, or a condition on a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IndexSegment {
    /// Flags.
    pub flags: SegmentFlags,
    /// FID of the column.
    pub fid: u16,
}

impl IndexSegment {
    /// An ascending segment over a column of the table itself.
    #[must_use]
    pub const fn ascending(fid: u16) -> Self {
        Self { flags: SegmentFlags::empty(), fid }
    }

    /// A descending segment over a column of the table itself.
    #[must_use]
    pub const fn descending(fid: u16) -> Self {
        Self { flags: SegmentFlags::DESCENDING, fid }
    }
}

/// What an array lists; decides what the sign of an old entry means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SegmentUse {
    Key,
    Condition,
}

/// Reads a segment array in the 4-byte form.
///
/// # Errors
/// A length that is no multiple of 4, or too many segments: `JET_errCatalogCorrupted`.
pub fn decode_segments(bytes: &[u8]) -> FormatResult<Vec<IndexSegment>> {
    let (entries, rest) = bytes.as_chunks::<4>();
    check_count(entries.len(), rest)?;
    Ok(entries
        .iter()
        .map(|[flags, _, low, high]| IndexSegment {
            flags: SegmentFlags::from_bits_retain(*flags),
            fid: u16::from_le_bytes([*low, *high]),
        })
        .collect())
}

/// Reads a segment array in the 2-byte form.
pub(super) fn decode_old_segments(bytes: &[u8], used_as: SegmentUse) -> FormatResult<Vec<IndexSegment>> {
    let (entries, rest) = bytes.as_chunks::<2>();
    check_count(entries.len(), rest)?;
    let negative = match used_as {
        SegmentUse::Key => SegmentFlags::DESCENDING,
        SegmentUse::Condition => SegmentFlags::MUST_BE_NULL,
    };
    Ok(entries
        .iter()
        .map(|entry| {
            let number = i16::from_le_bytes(*entry);
            let flags = if number < 0 { negative } else { SegmentFlags::empty() };
            IndexSegment { flags, fid: number.unsigned_abs() }
        })
        .collect())
}

fn check_count(count: usize, rest: &[u8]) -> FormatResult<()> {
    if !rest.is_empty() || count > KEY_SEGMENTS_MAX {
        return Err(corrupted("segment array", Problem::Invalid("has a length no segment array has")));
    }
    Ok(())
}

/// The array in the 4-byte form.
#[must_use]
pub fn encode_segments(segments: &[IndexSegment]) -> Vec<u8> {
    let entry = |segment: &IndexSegment| {
        let [low, high] = segment.fid.to_le_bytes();
        [segment.flags.bits(), 0, low, high]
    };
    segments.iter().flat_map(entry).collect()
}

/// The array in the 2-byte form, for rows that have it.
pub(super) fn encode_old_segments(segments: &[IndexSegment]) -> Vec<u8> {
    let negative = SegmentFlags::DESCENDING | SegmentFlags::MUST_BE_NULL;
    let entry = |segment: &IndexSegment| {
        let number =
            if segment.flags.intersects(negative) { segment.fid.wrapping_neg() } else { segment.fid };
        number.to_le_bytes()
    };
    segments.iter().flat_map(entry).collect()
}
