//! How an index normalises text, and the limits of tuple indexes (spec 03 §9.4, §9.5).

use std::fmt;

use super::corrupted;
use crate::error::{FormatResult, Problem};
use crate::little_endian::{u32_at, u64_at};

/// Bytes of `SortID`.
pub const SORT_ID_BYTES: usize = 16;

bitflags::bitflags! {
    /// `LCMapFlags`: how text is turned into sort keys.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct LcMapFlags: u32 {
        /// `NORM_IGNORECASE`
        const IGNORE_CASE = 0x0000_0001;
        /// `NORM_IGNORENONSPACE`
        const IGNORE_NON_SPACE = 0x0000_0002;
        /// `NORM_IGNORESYMBOLS`
        const IGNORE_SYMBOLS = 0x0000_0004;
        /// `SORT_DIGITSASNUMBERS`
        const DIGITS_AS_NUMBERS = 0x0000_0008;
        /// `LINGUISTIC_IGNORECASE`
        const LINGUISTIC_IGNORE_CASE = 0x0000_0010;
        /// `LINGUISTIC_IGNOREDIACRITIC`
        const LINGUISTIC_IGNORE_DIACRITIC = 0x0000_0020;
        /// `LCMAP_UPPERCASE`: no sort key, but the upper-cased text itself.
        const UPPERCASE = 0x0000_0200;
        /// `LCMAP_SORTKEY`
        const SORT_KEY = 0x0000_0400;
        /// `LCMAP_BYTEREV`
        const BYTE_REVERSED = 0x0000_0800;
        /// `SORT_STRINGSORT`
        const STRING_SORT = 0x0000_1000;
        /// `NORM_IGNOREKANATYPE`
        const IGNORE_KANA_TYPE = 0x0001_0000;
        /// `NORM_IGNOREWIDTH`
        const IGNORE_WIDTH = 0x0002_0000;
        /// `NORM_LINGUISTIC_CASING`
        const LINGUISTIC_CASING = 0x0800_0000;
        const _ = !0;
    }
}

/// The flags of an index whose creator asked for none.
pub const LCMAP_FLAGS_DEFAULT: LcMapFlags = LcMapFlags::from_bits_retain(0x0003_0401);

/// The sort version an index was built with: NLS version in the high half, defined version in the low.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SortVersion(pub u64);

impl SortVersion {
    /// Reads `Version`.
    ///
    /// # Errors
    /// Any length but 8: `JET_errCatalogCorrupted`.
    pub fn decode(bytes: &[u8]) -> FormatResult<Self> {
        let version = u64_at(bytes, 0).filter(|_| bytes.len() == 8);
        version
            .map(Self)
            .ok_or_else(|| corrupted("Version", Problem::Mismatch { found: bytes.len() as u64, expected: 8 }))
    }
}

impl fmt::Display for SortVersion {
    /// The NLS version as people write it, and which Windows has it (spec 11 §7): `6.4.3, Windows 11`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nls = u32::try_from(self.0 >> 32).unwrap_or_default();
        let windows = match nls {
            0 => return f.write_str("none"),
            0x0000_0001 => "Windows Server 2003",
            0x0004_0500 | 0x0005_0100 => "Windows Vista",
            0x0006_0100..=0x0006_0102 => "Windows 7",
            0x0006_020D => "Windows 8",
            0x0006_020E => "Windows 8.1",
            0x0006_020F => "Windows 10 1803 to 1909",
            0x0006_0305 => "Windows 10 2004 to 22H2",
            0x0006_0403 => "Windows 11 21H2",
            0x7E00_0000..=0x7EFF_FFFF => "libesent",
            _ => "an unknown Windows",
        };
        write!(f, "{}.{}.{}, {windows}", nls >> 16 & 0xFF, nls >> 8 & 0xFF, nls & 0xFF)
    }
}

impl fmt::Debug for SortVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

/// The limits of a tuple index, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TupleLimits {
    /// Shortest substring that is indexed.
    pub length_min: u32,
    /// Longest substring.
    pub length_max: u32,
    /// Most substrings of one value.
    pub tuples_max: u32,
    /// Increment and start; `None` where the row has the short form, which means 1 and 0.
    pub increment_and_start: Option<(u32, u32)>,
}

impl TupleLimits {
    /// The limits of a tuple index whose creator asked for none.
    pub const DEFAULT: Self =
        Self { length_min: 3, length_max: 10, tuples_max: 0x7FFF, increment_and_start: Some((1, 0)) };

    /// Reads `TupleLimits`: 12 or 20 bytes.
    ///
    /// # Errors
    /// Any other length, or limits that contradict each other or the bounds: `JET_errCatalogCorrupted`.
    pub fn decode(bytes: &[u8]) -> FormatResult<Self> {
        let (Some(length_min), Some(length_max), Some(tuples_max), 12 | 20) =
            (u32_at(bytes, 0), u32_at(bytes, 4), u32_at(bytes, 8), bytes.len())
        else {
            let problem = Problem::OutOfRange { found: bytes.len() as u64, min: 12, max: 20 };
            return Err(corrupted("TupleLimits", problem));
        };
        let increment_and_start = u32_at(bytes, 12).zip(u32_at(bytes, 16));
        let limits = Self { length_min, length_max, tuples_max, increment_and_start };
        let (increment, start) = (limits.increment(), limits.start());
        let within = (2..=255).contains(&length_min)
            && (length_min..=255).contains(&length_max)
            && tuples_max <= 0x7FFF
            && increment.max(start) <= 0xFFFF;
        within
            .then_some(limits)
            .ok_or_else(|| corrupted("TupleLimits", Problem::Invalid("lie outside the bounds")))
    }

    /// The row's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (increment, start) = self.increment_and_start.unzip();
        let fields = [Some(self.length_min), Some(self.length_max), Some(self.tuples_max), increment, start];
        fields.into_iter().flatten().flat_map(u32::to_le_bytes).collect()
    }

    /// Characters from the start of one substring to that of the next.
    #[must_use]
    pub fn increment(&self) -> u32 {
        self.increment_and_start.map_or(1, |(increment, _)| increment)
    }

    /// Characters before the first substring.
    #[must_use]
    pub fn start(&self) -> u32 {
        self.increment_and_start.map_or(0, |(_, start)| start)
    }
}
