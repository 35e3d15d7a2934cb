//! Column compression (spec 04 §4): what long values of compressed columns are stored as.
//!
//! ```text
//! byte 0, bits 3..7  scheme          bits 0..2  data of the scheme
//!   1 (08..0F)  7-bit ASCII          read and written
//!   2 (10..17)  7-bit Unicode        read and written
//!   3 (18)      XPRESS, plain LZ77   read and written
//!   4 (20)      scrubbed filler      told apart, never data
//!   5 (28) XPRESS9 · 6 (30) XPRESS10 · 7 (38) LZ4      refused: no file shows them
//! ```
//!
//! Invariants: a decoder appends to the caller's buffer and never beyond the maximum the caller stated; an encoder's
//! result is always shorter than its input, or there is none.

mod seven_bit;
mod xpress;

use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};

/// How a compressed value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// 1: bytes below 0x80 packed into 7 bits.
    SevenBitAscii,
    /// 2: UTF-16 units below 0x80 packed into 7 bits.
    SevenBitUnicode,
    /// 3: plain LZ77.
    Xpress,
    /// 4: overwritten by scrubbing; there is no data any more.
    Scrubbed,
    /// 5: not supported.
    Xpress9,
    /// 6: not supported.
    Xpress10,
    /// 7: not supported.
    Lz4,
}

fn failed(offset: usize, problem: Problem) -> FormatError {
    FormatError::new(
        FileKind::Database,
        offset as u64,
        "compressed value",
        problem,
        JetError::DECOMPRESSION_FAILED,
    )
}

impl Scheme {
    /// The scheme of a stored value.
    ///
    /// # Errors
    /// No bytes, or a first byte no scheme has: `JET_errDecompressionFailed`.
    pub fn of(stored: &[u8]) -> FormatResult<Self> {
        let first =
            *stored.first().ok_or_else(|| failed(0, Problem::Truncated { needed: 1, available: 0 }))?;
        match (first >> 3, first & 7) {
            (1, _) => Ok(Self::SevenBitAscii),
            (2, _) => Ok(Self::SevenBitUnicode),
            (3, 0) => Ok(Self::Xpress),
            (4, 0) => Ok(Self::Scrubbed),
            (5, 0) => Ok(Self::Xpress9),
            (6, 0) => Ok(Self::Xpress10),
            (7, 0) => Ok(Self::Lz4),
            _ => Err(failed(0, Problem::Invalid("names no compression scheme"))),
        }
    }
}

/// Which part of a value the caller wants.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// All of it; more than the maximum is an error.
    Whole,
    /// At most the maximum.
    Beginning,
}

/// Appends the whole value that `stored` stands for.
///
/// # Errors
/// Damage, a value longer than `max_bytes`, scrubbed data or a scheme that is not supported:
/// `JET_errDecompressionFailed`; `into` is then as it was.
pub fn decompress(stored: &[u8], max_bytes: usize, into: &mut Vec<u8>) -> FormatResult<()> {
    inflate(stored, max_bytes, Wanted::Whole, into)
}

/// Appends the first `max_bytes` bytes, or all if there are fewer, of the value that `stored` stands for.
///
/// # Errors
/// As [`decompress`], as far as the damage lies in the part that was wanted.
pub fn decompress_beginning(stored: &[u8], max_bytes: usize, into: &mut Vec<u8>) -> FormatResult<()> {
    inflate(stored, max_bytes, Wanted::Beginning, into)
}

fn inflate(stored: &[u8], max_bytes: usize, wanted: Wanted, into: &mut Vec<u8>) -> FormatResult<()> {
    let size = decompressed_size(stored)?;
    if wanted == Wanted::Whole && size > max_bytes {
        let problem = Problem::OutOfRange { found: size as u64, min: 0, max: max_bytes as u64 };
        return Err(failed(0, problem));
    }
    let start = into.len();
    let bytes = size.min(max_bytes);
    let result = match Scheme::of(stored)? {
        Scheme::SevenBitAscii => {
            seven_bit::unpack(stored, seven_bit::Unit::Ascii, bytes, into);
            Ok(())
        }
        Scheme::SevenBitUnicode => {
            seven_bit::unpack(stored, seven_bit::Unit::Unicode, bytes, into);
            Ok(())
        }
        _ => xpress::inflate(stored, bytes, into),
    };
    if result.is_err() {
        into.truncate(start);
    }
    result
}

/// Bytes of the value that `stored` stands for, without inflating it.
///
/// # Errors
/// As [`decompress`], for what the first bytes show.
pub fn decompressed_size(stored: &[u8]) -> FormatResult<usize> {
    match Scheme::of(stored)? {
        Scheme::SevenBitAscii => seven_bit::symbol_count(stored),
        Scheme::SevenBitUnicode => Ok(seven_bit::symbol_count(stored)?.saturating_mul(2)),
        Scheme::Xpress => xpress::declared_size(stored),
        Scheme::Scrubbed => Err(failed(0, Problem::Invalid("was scrubbed: there is no data any more"))),
        Scheme::Xpress9 => Err(failed(0, Problem::Unsupported("XPRESS9"))),
        Scheme::Xpress10 => Err(failed(0, Problem::Unsupported("XPRESS10"))),
        Scheme::Lz4 => Err(failed(0, Problem::Unsupported("LZ4"))),
    }
}

/// What a column's writer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompressionPolicy {
    /// Values shorter than this are not tried with XPRESS (`JET_paramMinDataForXpress`).
    pub xpress_min_bytes: usize,
}

impl Default for CompressionPolicy {
    fn default() -> Self {
        Self { xpress_min_bytes: 1024 }
    }
}

/// Appends the shortest form of `data` that the policy allows, and says whether there is one (spec 04 §4.6; where Windows
/// keeps an XPRESS stream that is longer than 7-bit ASCII would be, the shorter form is taken).
///
/// The result is always shorter than `data`. Whether it is worth storing (an intrinsic value must not become shorter
/// than a long-value identifier) is the caller's to judge.
#[must_use]
pub fn compress(data: &[u8], policy: CompressionPolicy, into: &mut Vec<u8>) -> Compressed {
    if !looks_compressible(data) {
        return Compressed::No;
    }
    let start = into.len();
    let packed =
        seven_bit::Unit::of(data).map(|unit| (unit, seven_bit::packed_size(unit.symbols(data.len()))));
    let have_xpress =
        data.len() >= policy.xpress_min_bytes && xpress::compress(data, xpress::Effort::HIGH, into);
    let shortest = if have_xpress { into.len() - start } else { data.len() };
    match packed {
        Some((unit, size)) if size < shortest => {
            into.truncate(start);
            seven_bit::pack(data, unit, into);
            Compressed::Yes
        }
        _ if have_xpress => Compressed::Yes,
        _ => Compressed::No,
    }
}

/// Appends the XPRESS form of a page image for a log record if it is shorter: little effort, and never another scheme
/// (spec 05 §8.6).
#[must_use]
pub fn compress_image(page: &[u8], into: &mut Vec<u8>) -> Compressed {
    if xpress::compress(page, xpress::Effort::LOW, into) { Compressed::Yes } else { Compressed::No }
}

/// Whether [`compress`] appended a shorter form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compressed {
    /// A shorter form was appended.
    Yes,
    /// There is none worth having; nothing was appended.
    No,
}

/// Pieces of 128 bytes and more are measured: bytes that are spread too evenly will not shrink (spec 04 §4.6 step 1).
fn looks_compressible(data: &[u8]) -> bool {
    const MEASURED_FROM_BYTES: usize = 128;
    const MEASURED_BYTES_MAX: usize = 1024;
    const CHI_SQUARE_MIN: u64 = 500;
    if data.len() < MEASURED_FROM_BYTES {
        return true;
    }
    let sample = data.get(..MEASURED_BYTES_MAX).unwrap_or(data);
    let mut counts = [0u64; 256];
    for byte in sample {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    // chi² = Σ (count − n/256)² / (n/256), multiplied out to stay in integers: Σ (256·count − n)² / (256·n).
    let n = sample.len() as u64;
    let sum: u64 = counts.iter().map(|count| (256 * count).abs_diff(n).pow(2)).sum();
    sum >= CHI_SQUARE_MIN * 256 * n
}

#[cfg(test)]
mod tests;
