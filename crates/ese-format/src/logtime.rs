//! LOGTIME: a wall-clock time in eight bytes (spec 01 §2.2).
//!
//! ```text
//! 0  u8 seconds   1  u8 minutes   2  u8 hours
//! 3  u8 day       4  u8 month, from 1
//! 5  u8 year - 1900
//! 6  bit 0 UTC, bits 1-7 milliseconds (low 7 bits)
//! 7  bit 0 snapshot, bits 1-3 milliseconds (high 3 bits), bits 4-7 garbage in real files
//! ```
//!
//! Invariant: the bytes are kept as they are; comparisons of whole signatures include the garbage.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A wall-clock time in its stored form. All zero: not set.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Logtime {
    /// 0–59.
    pub seconds: u8,
    /// 0–59.
    pub minutes: u8,
    /// 0–23.
    pub hours: u8,
    /// 1–31.
    pub day: u8,
    /// 1–12.
    pub month: u8,
    /// Years since 1900.
    pub year_since_1900: u8,
    /// Bit 0: UTC; bits 1–7: low seven bits of the milliseconds.
    pub low: u8,
    /// Bit 0: OS snapshot (API copy only); bits 1–3: high three bits of the milliseconds; the rest is noise.
    pub high: u8,
}

const _: () = assert!(size_of::<Logtime>() == 8);

impl Logtime {
    /// Whether the time is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }

    /// The full year.
    #[must_use]
    pub fn year(&self) -> u16 {
        1900 + u16::from(self.year_since_1900)
    }

    /// Milliseconds, 0–1023 as stored (0–999 in a sound time).
    #[must_use]
    pub fn milliseconds(&self) -> u16 {
        u16::from(self.low >> 1) | (u16::from(self.high >> 1 & 7) << 7)
    }

    /// Whether the time is UTC; old engines wrote local time.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        self.low & 1 != 0
    }
}
