//! Normalised keys: column values turned into bytes that `memcmp` puts in index order (spec 04 §6–§8).
//!
//! ```text
//! key       segments of the key columns, one after the other, at most KeyMost bytes
//! segment   00  NULL        C0  NULL in an index with NULLs high
//!           40  zero length
//!           7F  value …     all bytes complemented where the segment descends
//!
//! value     integers        big-endian, top bit flipped if signed
//!           IEEE numbers    big-endian, all bits complemented if negative, else the top bit flipped
//!           GUID            bytes 10..15 8 9 6 7 4 5 0..3, or 3 2 1 0 5 4 7 6 8..15 in .NET order
//!           Binary, fixed   as it is
//!           Binary          chunks of 8 bytes, each followed by 09; the last one padded and followed by its length
//!           Text, 1252      a–z made A–Z, up to the first 00, then 00
//!           Text, UTF-16    the sort key that a [`TextKey`] makes
//! ```
//!
//! Invariants: keys compare as their values do, up to the place where a key is cut; nothing follows a cut segment.

mod binary;
mod entries;
mod invert;
mod number;
mod search;
mod segment;
mod text;
mod western;

#[cfg(test)]
mod tests;

pub use entries::{
    EntryKey, IndexKeys, KeySource, LongValueSource, NoLongValues, Presence, RecordSource,
    primary_key_bytes_max,
};
pub use invert::{KeyPart, invert};
pub use number::GuidOrder;
pub use search::{ColumnLimit, SearchKey};
pub use segment::{SegmentColumn, SegmentOrder, normalize};
pub use text::{
    ComparedText, NoTextKey, SearchedText, StoredText, TextKey, TextKeys, TextPurpose, VerifiedText,
};

use crate::error::{FileKind, FormatError, JetError, Problem};

/// Key size where the catalog row does not say: also the size at which the source of variable segments is cut first.
pub const KEY_MOST_DEFAULT: u16 = 255;

/// Prefix byte of a NULL segment.
pub const PREFIX_NULL: u8 = 0x00;
/// Prefix byte of a NULL segment in an index with NULLs high.
pub const PREFIX_NULL_HIGH: u8 = 0xC0;
/// Prefix byte of a zero-length segment.
pub const PREFIX_ZERO_LENGTH: u8 = 0x40;
/// Prefix byte of a segment with a value.
pub const PREFIX_VALUE: u8 = 0x7F;

/// How large a key and its segments may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySizes {
    /// Most bytes of the key.
    pub key_most: u16,
    /// Most bytes of one variable-length segment, where that is less.
    pub var_seg_mac: Option<u16>,
}

impl KeySizes {
    /// The sizes of an index row.
    #[must_use]
    pub fn of(key_most: Option<u16>, var_seg_mac: Option<u16>) -> Self {
        let key_most = key_most.unwrap_or(KEY_MOST_DEFAULT);
        Self { key_most, var_seg_mac: var_seg_mac.filter(|bytes| *bytes < key_most) }
    }

    /// Bytes of a value's source that count at all: 255 in keys of exactly that size, whole characters only.
    fn source_bytes_max(self, character_bytes: usize) -> usize {
        match self.key_most {
            KEY_MOST_DEFAULT => {
                usize::from(KEY_MOST_DEFAULT) / character_bytes.max(1) * character_bytes.max(1)
            }
            _ => usize::MAX,
        }
    }
}

/// Whether a key or segment is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEnd {
    /// Nothing was cut off for want of room in the key.
    Whole,
    /// The key is full and something did not fit.
    Truncated,
}

fn refused(field: &'static str, problem: Problem, jet: JetError) -> FormatError {
    FormatError::new(FileKind::Database, 0, field, problem, jet)
}
