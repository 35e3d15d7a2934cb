//! LGPOS: a place in the log stream (spec 01 §2.1).
//!
//! ```text
//! 0  u16 ib      byte offset inside the sector
//! 2  u16 isec    sector number in the log file
//! 4  i32 gen     log generation
//! ```
//!
//! Invariant: order is generation, then sector, then byte. All zero is "none".

use std::cmp::Ordering;
use std::fmt;

use zerocopy::little_endian::{I32, U16};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A place in the log stream, in its stored form.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Lgpos {
    /// Byte offset inside the sector.
    pub ib: U16,
    /// Sector number in the log file, header sectors included.
    pub isec: U16,
    /// Log generation, from 1; 0 in the null position.
    pub generation: I32,
}

const _: () = assert!(size_of::<Lgpos>() == 8);

impl Lgpos {
    /// No position.
    pub const NULL: Self = Self { ib: U16::ZERO, isec: U16::ZERO, generation: I32::ZERO };

    /// The position `generation:isec:ib`.
    #[must_use]
    pub fn new(generation: i32, isec: u16, ib: u16) -> Self {
        Self { ib: ib.into(), isec: isec.into(), generation: generation.into() }
    }

    /// Whether this is no position.
    #[must_use]
    pub fn is_null(&self) -> bool {
        *self == Self::NULL
    }

    fn sort_key(&self) -> (i32, u16, u16) {
        (self.generation.get(), self.isec.get(), self.ib.get())
    }
}

impl Ord for Lgpos {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sort_key().cmp(&other.sort_key())
    }
}

impl PartialOrd for Lgpos {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Lgpos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}:{:X}:{:X}", self.generation.get(), self.isec.get(), self.ib.get())
    }
}
