//! 7-bit packing: schemes 1 (ASCII) and 2 (UTF-16 units below 0x80), spec 04 §4.1.
//!
//! ```text
//! byte 0   bits 3..7 scheme, bits 0..2 used bits of the last byte − 1
//! byte 1.. symbols of 7 bits, least significant bit first
//! ```

use super::failed;
use crate::error::{FormatResult, Problem};

/// What one symbol stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// One byte.
    Ascii,
    /// One byte and a zero.
    Unicode,
}

impl Unit {
    /// The denser unit that can hold `data`, if any.
    pub(super) fn of(data: &[u8]) -> Option<Self> {
        let (units, rest) = data.as_chunks::<2>();
        if rest.is_empty() && units.iter().all(|[low, high]| *low < 0x80 && *high == 0) {
            Some(Self::Unicode)
        } else {
            data.is_ascii().then_some(Self::Ascii)
        }
    }

    /// Symbols for `bytes` bytes.
    pub(super) fn symbols(self, bytes: usize) -> usize {
        match self {
            Self::Ascii => bytes,
            Self::Unicode => bytes / 2,
        }
    }

    fn scheme_bits(self) -> u8 {
        match self {
            Self::Ascii => 1 << 3,
            Self::Unicode => 2 << 3,
        }
    }
}

/// Bytes that `symbols` symbols take, the first byte included.
pub(super) fn packed_size(symbols: usize) -> usize {
    symbols.saturating_mul(7).div_ceil(8).saturating_add(1)
}

/// The number of symbols in a stored value.
pub(super) fn symbol_count(stored: &[u8]) -> FormatResult<usize> {
    let (Some(first), Some(whole_bytes)) = (stored.first(), stored.len().checked_sub(2)) else {
        return Err(failed(0, Problem::Truncated { needed: 2, available: stored.len() as u64 }));
    };
    let bits = whole_bytes.saturating_mul(8).saturating_add(usize::from(first & 7) + 1);
    if !bits.is_multiple_of(7) {
        return Err(failed(0, Problem::Invalid("its bits are no whole number of 7-bit symbols")));
    }
    Ok(bits / 7)
}

/// Appends the first `bytes` bytes; the caller has checked that there are as many.
pub(super) fn unpack(stored: &[u8], unit: Unit, bytes: usize, into: &mut Vec<u8>) {
    let end = into.len() + bytes;
    into.reserve(bytes + 1);
    let (mut window, mut bits) = (0u32, 0u32);
    let mut packed = stored.iter().skip(1);
    while into.len() < end {
        if bits < 7 {
            window |= u32::from(packed.next().copied().unwrap_or(0)) << bits;
            bits += 8;
        }
        into.push(window.to_le_bytes()[0] & 0x7F);
        if unit == Unit::Unicode {
            into.push(0);
        }
        window >>= 7;
        bits -= 7;
    }
    into.truncate(end);
}

/// Appends the packed form of `data`, which [`Unit::of`] has found to fit `unit` and which is not empty.
pub(super) fn pack(data: &[u8], unit: Unit, into: &mut Vec<u8>) {
    let head = into.len();
    into.push(0);
    let (mut window, mut bits) = (0u32, 0u32);
    let step = if unit == Unit::Unicode { 2 } else { 1 };
    for symbol in data.iter().step_by(step) {
        window |= u32::from(*symbol & 0x7F) << bits;
        bits += 7;
        if bits >= 8 {
            into.push(window.to_le_bytes()[0]);
            window >>= 8;
            bits -= 8;
        }
    }
    let used_bits = if bits == 0 { 8 } else { bits };
    if bits > 0 {
        into.push(window.to_le_bytes()[0]);
    }
    if let Some(first) = into.get_mut(head) {
        *first = unit.scheme_bits() | (used_bits - 1).to_le_bytes()[0];
    }
}
