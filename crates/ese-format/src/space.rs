//! Space: who owns which pages, as stored in root pages and in the owned- and available-extent trees (spec 02 §3, §12).
//!
//! ```text
//! space header, tag 0 of a root: 16 bytes           extended root header, more than 16 bytes
//! 0   i32  pages of the primary extent, or with v2  0   u8   1: space header follows, 2: auto-increment follows
//!          pages last asked for                     1   16   space header
//! 4   u32  root page of the parent tree, 0 = none   17  u64  highest auto-increment value handed out
//! 8   u8   1 multiple extents, 2 non-unique, 4 v2
//! 9   3 × 0                                         split buffer, tag 0 of a space tree's root: 16 bytes
//! 12  u32  bitmap of free pages behind the root,    0   u32 last page   4   u32 pages left    twice
//!          or root page of the owned-extent tree
//!
//! extent node   key: [0x80 | pool]  u32 big-endian last page      data: u32 pages
//! ```
//!
//! Invariants: the available-extent root is the page behind the owned-extent root; only the available-extent tree has
//! pools; owned extents are disjoint and hold at least one page.

use bitflags::bitflags;
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::node::{KeyRef, NodeView};

/// Highest page number an extent may end with (spec 02 §12.3).
pub const EXTENT_LAST_PAGE_MAX: u32 = 0x7FEF_FFFE;
/// Pages behind the root of a single-extent tree that have a bit.
pub const BITMAP_PAGES: u32 = 32;
/// Bytes of the bare space header and of the split buffer.
pub const SPACE_HEADER_BYTES: usize = 16;

bitflags! {
    /// Flags of a space header.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct SpaceFlags: u8 {
        /// Extents are kept in trees.
        const MULTIPLE_EXTENT = 1;
        /// The tree's keys are not unique.
        const NON_UNIQUE = 2;
        /// The first field is the size of the last request.
        const VERSION_2 = 4;
    }
}

/// A space header in its stored form.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct SpaceHeader {
    /// Pages of the primary extent, or pages last asked for, by [`SpaceFlags::VERSION_2`].
    pub pages: U32,
    /// Root page of the parent tree; 0 for the database root.
    pub parent: U32,
    /// See [`SpaceFlags`].
    pub flags: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// Bitmap of free pages, or root page of the owned-extent tree.
    pub bitmap_or_owned_root: U32,
}

const _: () = assert!(size_of::<SpaceHeader>() == SPACE_HEADER_BYTES);

/// What a space header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// One extent that begins with the root page.
    Single {
        /// Pages of the extent, the root included.
        pages: u32,
        /// Bit `i` set: page root + 1 + `i` is free.
        free: u32,
    },
    /// Extents in two trees.
    Multiple {
        /// Root of the owned-extent tree.
        owned_root: u32,
        /// Size of the primary extent, or of the last request.
        growth: Growth,
    },
}

/// The first field of the space header of a multiple-extent tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Pages of the primary extent.
    Primary(u32),
    /// Pages of the last secondary extent asked for.
    LastRequest(u32),
}

fn space_error(offset: u64, field: &'static str, problem: Problem) -> FormatError {
    FormatError::new(FileKind::Database, offset, field, problem, JetError::DATABASE_CORRUPTED)
}

impl SpaceHeader {
    /// The header that says this, of a tree under `parent`.
    #[must_use]
    pub fn new(space: Space, parent: u32, is_non_unique: NonUnique) -> Self {
        let mut flags = SpaceFlags::empty();
        flags.set(SpaceFlags::NON_UNIQUE, is_non_unique == NonUnique::Yes);
        let (pages, last) = match space {
            Space::Single { pages, free } => (pages, free),
            Space::Multiple { owned_root, growth } => {
                flags |= SpaceFlags::MULTIPLE_EXTENT;
                match growth {
                    Growth::Primary(pages) => (pages, owned_root),
                    Growth::LastRequest(pages) => {
                        flags |= SpaceFlags::VERSION_2;
                        (pages, owned_root)
                    }
                }
            }
        };
        Self {
            pages: pages.into(),
            parent: parent.into(),
            flags: flags.bits(),
            reserved: [0; 3],
            bitmap_or_owned_root: last.into(),
        }
    }

    /// The flags, unknown bits included.
    #[must_use]
    pub fn flags(&self) -> SpaceFlags {
        SpaceFlags::from_bits_retain(self.flags)
    }

    /// What the header says.
    ///
    /// # Errors
    /// -1206 for a negative number of pages, a primary extent without pages, or an impossible owned-extent root.
    pub fn space(&self) -> FormatResult<Space> {
        let pages = self.pages.get();
        let range = |found: u32, min: u32, max: u32| Problem::OutOfRange {
            found: found.into(),
            min: min.into(),
            max: max.into(),
        };
        if pages > EXTENT_LAST_PAGE_MAX {
            return Err(space_error(0, "pages", range(pages, 0, EXTENT_LAST_PAGE_MAX)));
        }
        let last = self.bitmap_or_owned_root.get();
        if !self.flags().contains(SpaceFlags::MULTIPLE_EXTENT) {
            if pages == 0 {
                return Err(space_error(0, "pages", range(0, 1, EXTENT_LAST_PAGE_MAX)));
            }
            return Ok(Space::Single { pages, free: last });
        }
        if last == 0 || last >= EXTENT_LAST_PAGE_MAX {
            return Err(space_error(12, "owned-extent root", range(last, 1, EXTENT_LAST_PAGE_MAX - 1)));
        }
        let version_2 = self.flags().contains(SpaceFlags::VERSION_2);
        let growth = if version_2 { Growth::LastRequest(pages) } else { Growth::Primary(pages) };
        Ok(Space::Multiple { owned_root: last, growth })
    }
}

impl Space {
    /// Root of the available-extent tree.
    #[must_use]
    pub fn available_root(&self) -> Option<u32> {
        match self {
            Self::Single { .. } => None,
            Self::Multiple { owned_root, .. } => Some(owned_root.saturating_add(1)),
        }
    }

    /// The free pages of a single-extent tree with this root (spec 02 §12.2), nothing for a multiple-extent tree.
    pub fn free_pages(&self, root: u32) -> impl Iterator<Item = u32> + use<> {
        let (pages, free) = match *self {
            Self::Single { pages, free } => (pages, free),
            Self::Multiple { .. } => (0, 0),
        };
        // Pages without a bit are free, but only a conversion to multiple extents can use them.
        (0..pages.saturating_sub(1))
            .filter(move |bit| *bit >= BITMAP_PAGES || free >> bit & 1 == 1)
            .map(move |bit| root.saturating_add(1).saturating_add(bit))
    }
}

/// Whether a tree's keys are non-unique, as its space header repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonUnique {
    /// Ordered by key and data.
    Yes,
    /// Ordered by key.
    No,
}

const PRESENT_SPACE: u8 = 1;
const PRESENT_AUTO_INCREMENT: u8 = 2;

/// Tag 0 of the root page of a normal tree: the bare space header, or the extended form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootHeader {
    /// Where the tree's pages are.
    pub space: Option<SpaceHeader>,
    /// Highest auto-increment value handed out.
    pub auto_increment: Option<u64>,
    /// Whether it is stored in the extended form; never goes back to bare.
    pub form: RootHeaderForm,
    /// Presence bits that are not known, and the bytes behind the known fields.
    pub unknown: (u8, Vec<u8>),
}

/// The two forms of [`RootHeader`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RootHeaderForm {
    /// 16 bytes, nothing but the space header.
    #[default]
    Bare,
    /// A byte that says which fields follow.
    Extended,
}

impl RootHeader {
    /// The header in the bare form.
    #[must_use]
    pub fn bare(space: SpaceHeader) -> Self {
        Self { space: Some(space), ..Self::default() }
    }

    /// Decodes tag 0 of a root page (spec 02 §3.2).
    ///
    /// # Errors
    /// -1206 when the bytes end before the fields they say follow.
    pub fn decode(item: &[u8]) -> FormatResult<Self> {
        if item.is_empty() {
            return Ok(Self::default());
        }
        if item.len() == SPACE_HEADER_BYTES {
            return Ok(Self { space: SpaceHeader::read_from_bytes(item).ok(), ..Self::default() });
        }
        let (present, mut rest) = item.split_first().map_or((0, item), |(present, rest)| (*present, rest));
        let truncated = |field, needed: usize, rest: &[u8]| {
            let problem = Problem::Truncated { needed: needed as u64, available: rest.len() as u64 };
            space_error((item.len() - rest.len()) as u64, field, problem)
        };
        let mut header = Self { form: RootHeaderForm::Extended, ..Self::default() };
        if present & PRESENT_SPACE != 0 {
            let (space, behind) = SpaceHeader::read_from_prefix(rest)
                .map_err(|_| truncated("space header", SPACE_HEADER_BYTES, rest))?;
            header.space = Some(space);
            rest = behind;
        }
        if present & PRESENT_AUTO_INCREMENT != 0 {
            let (value, behind) =
                rest.split_first_chunk().ok_or_else(|| truncated("auto-increment", 8, rest))?;
            header.auto_increment = Some(u64::from_le_bytes(*value));
            rest = behind;
        }
        header.unknown = (present & !(PRESENT_SPACE | PRESENT_AUTO_INCREMENT), rest.to_vec());
        Ok(header)
    }

    /// The stored form: bare as long as it is bare and only the space header exists.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let space = self.space.as_ref().map_or(&[][..], |space| space.as_bytes());
        if self.form == RootHeaderForm::Bare && self.auto_increment.is_none() && self.unknown.0 == 0 {
            return space.to_vec();
        }
        let mut present = self.unknown.0;
        present |= if self.space.is_some() { PRESENT_SPACE } else { 0 };
        present |= if self.auto_increment.is_some() { PRESENT_AUTO_INCREMENT } else { 0 };
        let mut item = vec![present];
        item.extend_from_slice(space);
        item.extend(self.auto_increment.iter().flat_map(|value| value.to_le_bytes()));
        item.extend_from_slice(&self.unknown.1);
        item
    }
}

/// A run of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Extent {
    /// The last page.
    pub last: u32,
    /// Number of pages.
    pub count: u32,
}

impl Extent {
    /// The first page; behind `last` when the extent has no pages.
    #[must_use]
    pub fn first(&self) -> u32 {
        self.last.saturating_add(1).saturating_sub(self.count)
    }

    /// The pages, ascending.
    #[must_use]
    pub fn pages(&self) -> std::ops::Range<u32> {
        self.first()..self.last.saturating_add(1)
    }
}

/// What an extent of an available-extent tree is kept for (spec 02 §12.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pool {
    /// Any use.
    #[default]
    General,
    /// Contiguous growth; an extent without pages marks the place.
    Continuous,
    /// Single pages beyond the end of the file, database root only.
    Shelved,
}

impl Pool {
    fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::General),
            1 => Some(Self::Continuous),
            2 => Some(Self::Shelved),
            _ => None,
        }
    }
}

/// Which of the two space trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpaceTree {
    /// Extents the tree owns.
    Owned,
    /// Extents free inside of them.
    Available,
}

impl SpaceTree {
    fn error(self, offset: u64, field: &'static str, problem: Problem) -> FormatError {
        let jet = match self {
            Self::Owned => JetError::SP_OWN_EXT_CORRUPTED,
            Self::Available => JetError::SP_AVAIL_EXT_CORRUPTED,
        };
        FormatError::new(FileKind::Database, offset, field, problem, jet)
    }
}

/// A node of a space tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ExtentNode {
    /// The pages.
    pub extent: Extent,
    /// What they are kept for; owned extents have no pool but the general one.
    pub pool: Pool,
}

/// First byte of the key of an extent in a pool other than the general one.
const POOL_MARKER: u8 = 0x80;

impl ExtentNode {
    /// Decodes a node of a space tree's leaf.
    ///
    /// # Errors
    /// -343 (owned) or -341 (available) for a key or data that is no extent.
    pub fn decode(node: &NodeView<'_>, tree: SpaceTree) -> FormatResult<Self> {
        let (pool, last_page) = Self::decode_key(node.key(), tree)?;
        let count = node.data.try_into().map(u32::from_le_bytes).map_err(|_| {
            let problem = Problem::Mismatch { found: node.data.len() as u64, expected: 4 };
            tree.error(0, "pages", problem)
        })?;
        let lowest = if pool == Pool::Continuous { 0 } else { 1 };
        if !(lowest..=last_page).contains(&count) {
            let problem =
                Problem::OutOfRange { found: count.into(), min: lowest.into(), max: last_page.into() };
            return Err(tree.error(0, "pages", problem));
        }
        Ok(Self { extent: Extent { last: last_page, count }, pool })
    }

    fn decode_key(key: KeyRef<'_>, tree: SpaceTree) -> FormatResult<(Pool, u32)> {
        let mut bytes = [0; 5];
        let length = key.len();
        if !(4..=5).contains(&length) {
            let problem = Problem::OutOfRange { found: length as u64, min: 4, max: 5 };
            return Err(tree.error(0, "extent key", problem));
        }
        for (place, byte) in bytes.iter_mut().zip(key.prefix.iter().chain(key.suffix)) {
            *place = *byte;
        }
        let [first, second, third, fourth, fifth] = bytes;
        let (pool, last) = if length == 4 {
            (Pool::General, u32::from_be_bytes([first, second, third, fourth]))
        } else {
            let pool = (first & !7 == POOL_MARKER).then(|| Pool::from_bits(first & 7)).flatten();
            let pool = pool.filter(|pool| *pool != Pool::General && tree == SpaceTree::Available);
            let problem = Problem::Mismatch { found: first.into(), expected: POOL_MARKER.into() };
            (
                pool.ok_or_else(|| tree.error(0, "pool", problem))?,
                u32::from_be_bytes([second, third, fourth, fifth]),
            )
        };
        if !(1..=EXTENT_LAST_PAGE_MAX).contains(&last) {
            let problem =
                Problem::OutOfRange { found: last.into(), min: 1, max: EXTENT_LAST_PAGE_MAX.into() };
            return Err(tree.error(0, "last page", problem));
        }
        Ok((pool, last))
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        let last = self.extent.last.to_be_bytes();
        match self.pool {
            Pool::General => last.to_vec(),
            Pool::Continuous => [&[POOL_MARKER | 1], &last[..]].concat(),
            Pool::Shelved => [&[POOL_MARKER | 2], &last[..]].concat(),
        }
    }

    /// The data.
    #[must_use]
    pub fn data(&self) -> [u8; 4] {
        self.extent.count.to_le_bytes()
    }
}

/// Tag 0 of the root of a space tree: two runs of pages kept for its own splits (spec 02 §12.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SplitBuffer {
    /// The two runs; the last page of a run without pages is stale.
    pub runs: [Extent; 2],
}

impl SplitBuffer {
    /// Decodes tag 0 of a space tree's root; no bytes are an empty buffer.
    ///
    /// # Errors
    /// -1206 for a length other than 0 and 16, or a run that begins before page 1 or ends beyond the last legal page.
    pub fn decode(item: &[u8]) -> FormatResult<Self> {
        if item.is_empty() {
            return Ok(Self::default());
        }
        let words = <[U32; 4]>::read_from_bytes(item).map_err(|_| {
            let problem = Problem::Mismatch { found: item.len() as u64, expected: SPACE_HEADER_BYTES as u64 };
            space_error(0, "split buffer", problem)
        })?;
        let [last, count, last_2, count_2] = words.map(U32::get);
        let buffer = Self { runs: [Extent { last, count }, Extent { last: last_2, count: count_2 }] };
        for (index, run) in buffer.runs.iter().enumerate() {
            if run.count > 0 && (run.last > EXTENT_LAST_PAGE_MAX || run.count > run.last) {
                let problem = Problem::OutOfRange { found: run.count.into(), min: 0, max: run.last.into() };
                return Err(space_error(index as u64 * 8 + 4, "split buffer", problem));
            }
        }
        Ok(buffer)
    }

    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> [u8; SPACE_HEADER_BYTES] {
        let [first, second] = self.runs;
        let words = [first.last, first.count, second.last, second.count].map(U32::new);
        let mut bytes = [0; SPACE_HEADER_BYTES];
        bytes.copy_from_slice(words.as_bytes());
        bytes
    }

    /// Pages left in both runs.
    #[must_use]
    pub fn pages_left(&self) -> u32 {
        self.runs.iter().fold(0, |pages, run| pages.saturating_add(run.count))
    }

    /// Takes the next page: the first of the run that has fewer pages, the first run on a tie.
    pub fn take(&mut self) -> Option<u32> {
        let run = self.runs.iter_mut().filter(|run| run.count > 0).min_by_key(|run| run.count)?;
        let page = run.first();
        run.count -= 1;
        Some(page)
    }

    /// Gives back a page that was taken last; whether it fitted before one of the runs.
    #[must_use]
    pub fn give_back(&mut self, page: u32) -> bool {
        let Some(run) =
            self.runs.iter_mut().find(|run| run.count > 0 && run.first() == page.saturating_add(1))
        else {
            return false;
        };
        run.count += 1;
        true
    }
}

#[cfg(test)]
mod tests;
