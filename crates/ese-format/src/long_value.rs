//! Long values: the tree that holds what is too long for a record (spec 04 §3).
//!
//! ```text
//! root   key  LID                       4 or 8 bytes, big-endian
//!        data 0  u32  reference count
//!             4  u32  size of the value, uncompressed
//!             8  u8   flags, only there when not 0: 01 = chunks are encrypted
//! chunk  key  LID, then the chunk's byte offset in the value as u32, both big-endian
//!        data the bytes, or fewer bytes that inflate to them
//! ```
//!
//! Invariants: chunk *k* has offset *k·C* and holds C bytes, the last one the remainder; there are no holes. A chunk that
//! is stored shorter than it should be is compressed; there is no flag. Bit 63 of a LID says that it has 8 bytes; the
//! top bit of a 4-byte LID is 0, so the two never collide.

use std::fmt;

use crate::compression;
use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::little_endian::u32_at;
use crate::page_size::PageSize;

/// The largest long value: 2 GiB − 1 (spec 04 §2).
pub const LONG_VALUE_BYTES_MAX: u32 = 0x7FFF_FFFF;

fn corrupted(offset: u64, field: &'static str, problem: Problem) -> FormatError {
    FormatError::new(FileKind::Database, offset, field, problem, JetError::LV_CORRUPTED)
}

/// The identifier (LID) of a separated value, 4 or 8 bytes wide.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LongValueId(u64);

impl LongValueId {
    const WIDE: u64 = 1 << 63;
    /// The highest 4-byte identifier that is ever given out.
    pub const NARROW_LAST: Self = Self(0x7FFF_FEFF);
    /// The first 8-byte identifier.
    pub const WIDE_FIRST: Self = Self(0x8000_0000_8000_0001);
    /// The last 8-byte identifier that is ever given out.
    pub const WIDE_LAST: Self = Self(0x80FF_FFFE_FFFF_FFFF);

    /// The identifier with this number: bit 63 set makes it an 8-byte one, else it must lie in 1..=0x7FFFFFFF.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (number & Self::WIDE != 0 || (1..=0x7FFF_FFFF).contains(&number)).then_some(Self(number))
    }

    /// Reads the reference a record holds: 4 or 8 bytes, little-endian.
    ///
    /// # Errors
    /// Any other length, a zero, a 4-byte one with its top bit set or an 8-byte one with its top bit clear:
    /// `JET_errDatabaseCorrupted`.
    pub fn from_record(bytes: &[u8]) -> FormatResult<Self> {
        let number = match bytes.len() {
            4 => bytes.first_chunk().map(|chunk| u64::from(u32::from_le_bytes(*chunk))),
            8 => bytes.first_chunk().map(|chunk| u64::from_le_bytes(*chunk)),
            _ => None,
        };
        number.and_then(Self::new).filter(|id| id.width() == bytes.len()).ok_or_else(|| {
            corrupted(0, "long-value reference", Problem::Invalid("is no identifier of 4 or 8 bytes"))
                .with_jet(JetError::DATABASE_CORRUPTED)
        })
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// 4 or 8.
    #[must_use]
    pub const fn width(self) -> usize {
        if self.0 & Self::WIDE == 0 { 4 } else { 8 }
    }

    /// Appends the reference as a record holds it, little-endian.
    pub fn append_to_record(self, into: &mut Vec<u8>) {
        let [a, b, c, d, ..] = self.0.to_le_bytes();
        match self.width() {
            4 => into.extend_from_slice(&[a, b, c, d]),
            _ => into.extend_from_slice(&self.0.to_le_bytes()),
        }
    }

    /// Appends the identifier as keys of the tree begin with it, big-endian.
    pub fn append_to_key(self, into: &mut Vec<u8>) {
        let start = into.len();
        self.append_to_record(into);
        if let Some(written) = into.get_mut(start..) {
            written.reverse();
        }
    }
}

impl fmt::Debug for LongValueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LID {:#x}", self.0)
    }
}

/// What a key of the long-value tree names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongValueKey {
    /// The root of a value.
    Root(LongValueId),
    /// The chunk of a value that starts at this byte of it.
    Chunk(LongValueId, u32),
}

impl LongValueKey {
    /// Tells the four key forms apart by their length and, at 8 bytes, by the top bit.
    ///
    /// # Errors
    /// No such form: `JET_errLVCorrupted`.
    pub fn decode(key: &[u8]) -> FormatResult<Self> {
        let wide = key.first().is_some_and(|byte| byte & 0x80 != 0);
        let (id_bytes, offset_bytes) = match (key.len(), wide) {
            (4, false) | (8, true) => (key, None),
            (8, false) | (12, true) => {
                let (id, offset) = key.split_at(key.len() - 4);
                (id, offset.first_chunk::<4>())
            }
            _ => return Err(corrupted(0, "long-value key", Problem::Invalid("has none of the four forms"))),
        };
        let number = id_bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        let id = LongValueId::new(number).ok_or_else(|| {
            corrupted(0, "long-value key", Problem::Invalid("holds an identifier that is never used"))
        })?;
        Ok(match offset_bytes {
            None => Self::Root(id),
            Some(offset) => Self::Chunk(id, u32::from_be_bytes(*offset)),
        })
    }

    /// Appends the key.
    pub fn encode(self, into: &mut Vec<u8>) {
        match self {
            Self::Root(id) => id.append_to_key(into),
            Self::Chunk(id, offset) => {
                id.append_to_key(into);
                into.extend_from_slice(&offset.to_be_bytes());
            }
        }
    }

    /// The value the node belongs to.
    #[must_use]
    pub fn id(self) -> LongValueId {
        match self {
            Self::Root(id) | Self::Chunk(id, _) => id,
        }
    }
}

bitflags::bitflags! {
    /// Flags of a long value's root.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LongValueFlags: u8 {
        /// The chunks are encrypted.
        const ENCRYPTED = 0x01;
        const _ = !0;
    }
}

/// The data of a root node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongValueRoot {
    /// How many values in records point here; see [`Self::is_partially_deleted`].
    pub reference_count: u32,
    /// Bytes of the value, uncompressed.
    pub size: u32,
    /// Flags; stored only when there are any.
    pub flags: LongValueFlags,
}

impl LongValueRoot {
    const PARTIALLY_DELETED: u32 = u32::MAX;

    /// Reads the 8 or 9 bytes of a root.
    ///
    /// # Errors
    /// Any other length, or a size above [`LONG_VALUE_BYTES_MAX`]: `JET_errLVCorrupted`.
    pub fn decode(data: &[u8]) -> FormatResult<Self> {
        let available = data.len() as u64;
        let (Some(reference_count), Some(size), 8 | 9) = (u32_at(data, 0), u32_at(data, 4), data.len())
        else {
            return Err(corrupted(
                0,
                "long-value root",
                Problem::OutOfRange { found: available, min: 8, max: 9 },
            ));
        };
        if size > LONG_VALUE_BYTES_MAX {
            let max = u64::from(LONG_VALUE_BYTES_MAX);
            return Err(corrupted(
                4,
                "long-value size",
                Problem::OutOfRange { found: u64::from(size), min: 0, max },
            ));
        }
        let flags = LongValueFlags::from_bits_retain(data.get(8).copied().unwrap_or(0));
        Ok(Self { reference_count, size, flags })
    }

    /// Appends the root's data.
    pub fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.reference_count.to_le_bytes());
        into.extend_from_slice(&self.size.to_le_bytes());
        if !self.flags.is_empty() {
            into.push(self.flags.bits());
        }
    }

    /// Whether a deletion stopped half-way: such a value does not exist any more.
    #[must_use]
    pub fn is_partially_deleted(&self) -> bool {
        self.reference_count == Self::PARTIALLY_DELETED
    }
}

/// Bytes of a chunk where the catalog's table row does not say otherwise (spec 04 §3.3).
#[must_use]
pub const fn chunk_bytes_default(page_size: PageSize) -> u32 {
    match page_size {
        PageSize::K2 => 1966,
        PageSize::K4 => 4014,
        PageSize::K8 => 8110,
        PageSize::K16 => 4050,
        PageSize::K32 => 8150,
    }
}

/// The chunk that holds byte `position` of a value, as the chunk's own offset. `chunk_bytes` of 0 counts as 1.
#[must_use]
pub fn chunk_offset_of(position: u32, chunk_bytes: u32) -> u32 {
    position - position % chunk_bytes.max(1)
}

/// Bytes, uncompressed, of the chunk at `chunk_offset` in a value of `size` bytes.
///
/// # Errors
/// An offset that is no multiple of the chunk size or not below the size: `JET_errLVCorrupted`.
pub fn chunk_expected_bytes(size: u32, chunk_bytes: u32, chunk_offset: u32) -> FormatResult<u32> {
    if chunk_bytes == 0 || !chunk_offset.is_multiple_of(chunk_bytes) {
        return Err(corrupted(0, "chunk offset", Problem::Invalid("is no multiple of the chunk size")));
    }
    match size.checked_sub(chunk_offset) {
        Some(rest) if rest > 0 => Ok(rest.min(chunk_bytes)),
        _ => {
            let max = u64::from(size).saturating_sub(1);
            Err(corrupted(
                0,
                "chunk offset",
                Problem::OutOfRange { found: u64::from(chunk_offset), min: 0, max },
            ))
        }
    }
}

/// How a chunk is stored: the length alone decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkForm {
    /// As it is.
    Raw,
    /// Compressed.
    Compressed,
}

impl ChunkForm {
    /// The form of a chunk stored in `stored_bytes` that stands for `expected_bytes`.
    ///
    /// # Errors
    /// A chunk longer than it may be: `JET_errLVCorrupted`.
    pub fn of(stored_bytes: usize, expected_bytes: u32) -> FormatResult<Self> {
        match (stored_bytes as u64).cmp(&u64::from(expected_bytes)) {
            std::cmp::Ordering::Equal => Ok(Self::Raw),
            std::cmp::Ordering::Less => Ok(Self::Compressed),
            std::cmp::Ordering::Greater => {
                let (found, max) = (stored_bytes as u64, u64::from(expected_bytes));
                Err(corrupted(0, "chunk length", Problem::OutOfRange { found, min: 0, max }))
            }
        }
    }
}

/// Appends the `expected_bytes` bytes a chunk stands for.
///
/// # Errors
/// A chunk that is too long, or that does not inflate to exactly this length: `JET_errLVCorrupted`; one compressed by a
/// scheme this engine has not: `JET_errDecompressionFailed`.
pub fn append_chunk(stored: &[u8], expected_bytes: u32, into: &mut Vec<u8>) -> FormatResult<()> {
    match ChunkForm::of(stored.len(), expected_bytes)? {
        ChunkForm::Raw => into.extend_from_slice(stored),
        ChunkForm::Compressed => {
            let expected = usize::try_from(expected_bytes).unwrap_or(usize::MAX);
            let start = into.len();
            compression::decompress(stored, expected, into)?;
            let found = into.len() - start;
            if found != expected {
                into.truncate(start);
                let problem = Problem::Mismatch { found: found as u64, expected: u64::from(expected_bytes) };
                return Err(corrupted(0, "inflated chunk length", problem));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(bytes: &[u8]) -> LongValueKey {
        let decoded = LongValueKey::decode(bytes).expect("a key of one of the four forms");
        let mut encoded = Vec::new();
        decoded.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        decoded
    }

    #[test]
    fn the_four_key_forms_are_told_apart_by_length_and_top_bit() {
        let narrow = LongValueId::new(2).expect("in range");
        let wide = LongValueId::WIDE_FIRST;
        assert_eq!(key(&[0, 0, 0, 2]), LongValueKey::Root(narrow));
        assert_eq!(key(&[0, 0, 0, 2, 0, 0, 0x0F, 0xAE]), LongValueKey::Chunk(narrow, 4014));
        assert_eq!(key(&[0x80, 0, 0, 0, 0x80, 0, 0, 1]), LongValueKey::Root(wide));
        assert_eq!(key(&[0x80, 0, 0, 0, 0x80, 0, 0, 1, 0, 0, 0x0F, 0xAE]), LongValueKey::Chunk(wide, 4014));
    }

    #[test]
    fn keys_of_no_form_are_corruption() {
        for bytes in [&[][..], &[0; 4], &[0x80, 0, 0, 1], &[0; 8], &[0; 12], &[1; 5], &[0x80; 13]] {
            let error = LongValueKey::decode(bytes).expect_err("no such key");
            assert_eq!(error.jet(), JetError::LV_CORRUPTED);
        }
    }

    #[test]
    fn references_of_the_wrong_width_are_corruption() {
        for bytes in [&[][..], &[0; 4], &[1, 0, 0, 0x80], &[1, 0, 0, 0, 0, 0, 0, 0], &[1, 2, 3]] {
            let error = LongValueId::from_record(bytes).expect_err("no such reference");
            assert_eq!(error.jet(), JetError::DATABASE_CORRUPTED);
        }
        let id = LongValueId::from_record(&[1, 0, 0, 0x80, 0, 0, 0, 0x80]).expect("a wide reference");
        assert_eq!(id, LongValueId::WIDE_FIRST);
    }

    #[test]
    fn the_root_of_multi_edb_says_one_reference_and_1093_bytes() {
        let data = [1, 0, 0, 0, 0x45, 4, 0, 0];
        let root = LongValueRoot::decode(&data).expect("a root");
        assert_eq!((root.reference_count, root.size, root.flags), (1, 1093, LongValueFlags::empty()));
        let mut encoded = Vec::new();
        root.encode(&mut encoded);
        assert_eq!(encoded, data);
    }

    #[test]
    fn the_last_chunk_of_65536_bytes_holds_1312() {
        assert_eq!(chunk_expected_bytes(65536, 4014, 64224), Ok(1312));
        assert_eq!(chunk_expected_bytes(65536, 4014, 0), Ok(4014));
        assert!(chunk_expected_bytes(65536, 4014, 68238).is_err());
        assert!(chunk_expected_bytes(65536, 4014, 1).is_err());
        assert!(chunk_expected_bytes(0, 4014, 0).is_err());
        assert!(chunk_expected_bytes(10, 0, 0).is_err());
        assert_eq!(chunk_offset_of(65535, 4014), 64224);
    }

    #[test]
    fn a_chunk_of_full_length_is_raw_whatever_its_first_byte() {
        let mut value = Vec::new();
        append_chunk(&[0x18, 0, 0, 1], 4, &mut value).expect("raw");
        assert_eq!(value, [0x18, 0, 0, 1]);
        assert_eq!(append_chunk(&[0; 5], 4, &mut value).expect_err("too long").jet(), JetError::LV_CORRUPTED);
    }
}
