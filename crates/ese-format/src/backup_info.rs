//! BKINFO: the mark of one backup in a header (spec 01 §2.4).
//!
//! ```text
//! 0   LGPOS    the backup mark
//! 8   LOGTIME  time of the mark
//! 16  u32      lowest log generation of the set
//! 20  u32      highest log generation, 0 while the backup is incomplete
//! ```

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::lgpos::Lgpos;
use crate::logtime::Logtime;

/// The mark of one backup in its stored form. All zero: none.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct BackupInfo {
    /// Identity of the backup in the log stream.
    pub mark: Lgpos,
    /// Time of the mark.
    pub time: Logtime,
    /// Lowest log generation of the backup set.
    pub generation_low: U32,
    /// Highest log generation of the backup set; 0 while the backup is incomplete.
    pub generation_high: U32,
}

const _: () = assert!(size_of::<BackupInfo>() == 24);
