//! Pages: header, tag array, flags, the structural check, and editing under the free-space rules (spec 01 §8–§10).
//!
//! ```text
//! 0   u64 checksum              24  u32 objid            34  u16 itag state: bits 0-11 number of tags,
//! 8   u64 dbtime                28  u16 free bytes                           bits 12-14 reserved tags (0 means 1)
//! 16  u32 previous page         30  u16 uncommitted      36  u32 flags
//! 20  u32 next page             32  u16 first free byte
//! large pages only:             40  3 × u64 checksums    64  u32 page number  68  12 bytes zero
//! 40 or 80 …                    items, in any order
//! … page size                   tag i at page size - 4(i+1): u16 length, u16 offset from the end of the header
//! ```
//!
//! Tag 0 is the *external header* (space header, split buffer or key prefix, spec 02 §3); line `k` is tag
//! `k + reserved`. On small pages the three node flags are the top bits of a tag's offset word, on large pages the top
//! bits of the line's first word; other unused bits of a tag are noise.
//!
//! Invariants (spec 01 §10.1): lengths of all items + free bytes + 4 per tag = page size - header; items do not
//! overlap and end at or before the first free byte; every line has at least one byte.

mod check;
mod edit;
mod view;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub use self::edit::{EditError, NewPage, PageMut, ReservedTagForm};
pub use self::view::{IndexedNodes, Line, PageView, Tag};

/// Bytes of a tag.
pub const TAG_BYTES: usize = 4;
/// Highest number of tags a page can say it has.
pub const TAGS_MAX: usize = 0x0FFF;
/// Highest legal page number (spec 01 §1.2).
pub const PAGE_NUMBER_MAX: u32 = 0x7FEF_FFFF;

/// The first 40 bytes of every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PageHeader {
    /// @0 checksum, see [`crate::checksum`].
    pub checksum: U64,
    /// @8 dbtime of the last change.
    pub dbtime: U64,
    /// @16 left sibling, 0 = none.
    pub previous: U32,
    /// @20 right sibling, 0 = none.
    pub next: U32,
    /// @24 object id of the owning tree.
    pub objid: U32,
    /// @28 free bytes, contiguous or not.
    pub free: U16,
    /// @30 part of the free bytes that a rollback may claim.
    pub uncommitted_free: U16,
    /// @32 first byte behind all items, from the end of the header; may be too high.
    pub first_free: U16,
    /// @34 number of tags and of reserved tags.
    pub itag_state: U16,
    /// @36 see [`PageFlags`].
    pub flags: U32,
}

/// What large pages have behind [`PageHeader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct LargePageHeader {
    /// @40 checksums of blocks 1–3.
    pub checksums: [U64; 3],
    /// @64 the page's own number.
    pub page_number: U32,
    /// @68 zero.
    pub reserved: [u8; 12],
}

const _: () = assert!(size_of::<PageHeader>() == 40);
const _: () = assert!(size_of::<LargePageHeader>() == 40);

impl PageHeader {
    /// The flags, unknown bits included.
    #[must_use]
    #[inline]
    pub fn flags(&self) -> PageFlags {
        PageFlags::from_bits_retain(self.flags.get())
    }

    /// Number of tags, the reserved ones included.
    #[must_use]
    #[inline]
    pub fn tag_count(&self) -> usize {
        usize::from(self.itag_state.get() & 0x0FFF)
    }

    /// Number of reserved tags: at least 1, except on a page without tags.
    #[must_use]
    #[inline]
    pub fn reserved_tags(&self) -> usize {
        usize::from(self.itag_state.get() >> 12).max(1).min(self.tag_count())
    }

    /// Whether the header counts its reserved tags (update major 270 and up) or implies one.
    #[must_use]
    pub fn counts_reserved_tags(&self) -> bool {
        self.itag_state.get() >> 12 != 0
    }
}

bitflags! {
    /// Flags of a page (spec 01 §8.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct PageFlags: u32 {
        /// Root of a tree, space trees included.
        const ROOT = 0x0_0001;
        /// Leaf.
        const LEAF = 0x0_0002;
        /// Internal page whose children are leaves.
        const PARENT_OF_LEAF = 0x0_0004;
        /// Emptied and unlinked.
        const EMPTY = 0x0_0008;
        /// Being repaired.
        const REPAIR = 0x0_0010;
        /// Of an owned- or available-extent tree.
        const SPACE_TREE = 0x0_0020;
        /// Of a secondary index.
        const INDEX = 0x0_0040;
        /// Of a long-value tree.
        const LONG_VALUE = 0x0_0080;
        /// Obsolete: streaming file's available space.
        const STREAMING_AVAILABLE = 0x0_0100;
        /// Obsolete: streaming file's owner map.
        const STREAMING_OWNER_MAP = 0x0_0200;
        /// Keys are not unique; ordered by key and data.
        const NON_UNIQUE_KEYS = 0x0_0400;
        /// Records in the format of update major 9 and up.
        const NEW_RECORD_FORMAT = 0x0_0800;
        /// Checksum in the ECC form.
        const NEW_CHECKSUM_FORMAT = 0x0_2000;
        /// Free bytes were overwritten.
        const SCRUBBED = 0x0_4000;
        /// Low bit of the flush type.
        const FLUSH_TYPE_LOW = 0x0_8000;
        /// High bit of the flush type.
        const FLUSH_TYPE_HIGH = 0x1_0000;
        /// Allocated, not yet used.
        const PRE_INIT = 0x2_0000;
        /// Reverted by a snapshot; the tree may only be deleted.
        const TREE_DELETE = 0x4_0000;
    }
}

/// The mark of a page's last write (spec 01 §12.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FlushType {
    /// Not tracked, or not known.
    #[default]
    Unknown = 0,
    /// First of the circle.
    Rock = 1,
    /// Second.
    Paper = 2,
    /// Third; [`Self::Rock`] follows.
    Scissors = 3,
}

impl FlushType {
    /// The type in the two low bits of `bits`.
    #[must_use]
    pub fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Unknown,
            1 => Self::Rock,
            2 => Self::Paper,
            _ => Self::Scissors,
        }
    }

    /// The two bits.
    #[must_use]
    pub fn bits(self) -> u8 {
        self as u8
    }

    /// The type that the next write stamps.
    #[must_use]
    pub fn successor(self) -> Self {
        match self {
            Self::Unknown | Self::Scissors => Self::Rock,
            Self::Rock => Self::Paper,
            Self::Paper => Self::Scissors,
        }
    }
}

impl PageFlags {
    const FLUSH_TYPE_SHIFT: u32 = 15;
    const FLUSH_TYPE_MASK: u32 = 3 << Self::FLUSH_TYPE_SHIFT;

    /// The flush type.
    #[must_use]
    pub fn flush_type(self) -> FlushType {
        FlushType::from_bits((self.bits() >> Self::FLUSH_TYPE_SHIFT) as u8 & 3)
    }

    /// The same flags with another flush type.
    #[must_use]
    pub fn with_flush_type(self, flush_type: FlushType) -> Self {
        let bits = self.bits() & !Self::FLUSH_TYPE_MASK;
        Self::from_bits_retain(bits | u32::from(flush_type.bits()) << Self::FLUSH_TYPE_SHIFT)
    }

    /// Whether nodes are ordered by key and data: non-unique trees, but never their space trees (spec 02 §1).
    #[must_use]
    pub fn is_non_unique(self) -> bool {
        self.contains(Self::NON_UNIQUE_KEYS) && !self.contains(Self::SPACE_TREE)
    }
}

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod tests;
