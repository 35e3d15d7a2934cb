//! SIGNATURE: the identity of a database, a log set or a header write (spec 01 §2.3).
//!
//! ```text
//! 0   u32      random number
//! 4   LOGTIME  time of creation
//! 12  16 bytes computer name, zero in every current writer
//! ```
//!
//! Invariant: two signatures are equal only when all 28 bytes are.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::logtime::Logtime;

/// An identity in its stored form. All zero: not set.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Signature {
    /// Any random number.
    pub random: U32,
    /// When it was made.
    pub created: Logtime,
    /// ANSI, zero-padded.
    pub computer_name: [u8; 16],
}

const _: () = assert!(size_of::<Signature>() == 28);

impl Signature {
    /// Whether the signature is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }
}
