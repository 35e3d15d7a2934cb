//! Checksums of headers, pages and blocks, and the repair of single wrong bits (spec 01 §5.1 and §11).
//!
//! ```text
//! XOR header form   u32 at 0     0x89ABCDEF ^ every later u32 word of the page
//! XOR page form     u32 at 0     the same; u32 at 4 is the page number (engines before Exchange 2003 SP1)
//! ECC form          u64 at 0     low u32: XOR of all words ^ page number; then u16 lo, u16 hi:
//!                                lo = XOR of the numbers of all set bits, hi = the same of their complements
//! large pages       four blocks; block 0 at 0, blocks 1-3 at 40, 48, 56; block 0 covers those three
//! ```
//!
//! Invariants: bytes 0-7 count as zero in a block that begins with the header; all forms are linear over XOR, so one
//! pass gathers everything, and a single wrong bit of an ECC block names itself.
//!
//! Speed: a block is folded, four quarters into one, until one word is left; at each fold the parity of the upper half
//! is one bit of `lo`. All of it is straight XOR over slices, which the compiler turns into vector code without
//! `unsafe`, and reads the page once.

use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::page_size::PageSize;

/// Seed of the XOR forms; also the magic of the database header.
pub const XOR_SEED: u32 = 0x89AB_CDEF;

/// Offset of the page flags, which say the checksum form.
const FLAGS_OFFSET: usize = 36;
/// Page flag: the checksum is in the ECC form.
const FLAG_ECC: u32 = 0x2000;
/// Number of the flag bit [`FLAG_ECC`] in the block: never "corrected".
const FLAG_ECC_BIT: u32 = 36 * 8 + 13;
/// Where the checksums of blocks 1-3 of a large page are kept.
const LATER_CHECKSUMS: usize = 40;
/// Blocks of a large page.
const LARGE_PAGE_BLOCKS: usize = 4;

/// Whether a block begins with a page header, whose first eight bytes hold its own checksum and count as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockStart {
    /// Bytes 0–7 are the place of the checksum.
    Header,
    /// All bytes count.
    Data,
}

/// The two forms of a page checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumForm {
    /// XOR and page number: detects only.
    Xor,
    /// XOR and error-correcting code.
    Ecc,
}

/// What the checksum says of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageVerdict {
    /// Every byte is zero: never written, or trimmed.
    Uninitialized,
    /// As written.
    Good(ChecksumForm),
    /// At most one wrong bit in each block, all located.
    Correctable(WrongBits),
    /// Damaged beyond repair.
    Bad {
        /// The checksum form the page claims.
        form: ChecksumForm,
        /// The first block that cannot be repaired.
        block: usize,
        /// Its stored checksum.
        stored: u64,
        /// Its computed checksum.
        computed: u64,
    },
}

/// The located wrong bits of a page, at most one per block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WrongBits {
    bits: [Option<u32>; LARGE_PAGE_BLOCKS],
}

impl WrongBits {
    /// Numbers of the wrong bits counted from the start of the page: bit `k` is bit `k % 8` of byte `k / 8`.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.bits.iter().flatten().copied()
    }
}

/// Everything one pass over a block gathers.
struct Fold {
    /// XOR of all u64 words.
    all: u64,
    /// Bit numbers of the words with odd parity XORed: the part of `lo` above the six bits inside of a word.
    word_numbers: u32,
}

fn is_odd(word: u64) -> u32 {
    word.count_ones() & 1
}

/// Folds a block of exactly four times `QUARTER` words, a power of two, four quarters at a time until one word is left.
#[inline(always)]
fn fold<const QUARTER: usize>(block: &[u8]) -> Option<Fold> {
    let mut words = [0_u64; QUARTER];
    let (blocks, _) = block.as_chunks::<8>();
    let (first, rest) = blocks.split_at_checked(QUARTER)?;
    let (second, rest) = rest.split_at_checked(QUARTER)?;
    let (third, fourth) = rest.split_at_checked(QUARTER)?;
    // The number of a word's first bit has this weight in its highest bit.
    let mut weight = QUARTER as u32 * 4 * 64 / 2;
    // The block is read once, all other folds are in place: that is what the compiler vectorises best.
    let (mut upper, mut odd) = (0, 0);
    for ((((word, first), second), third), fourth) in
        words.iter_mut().zip(first).zip(second).zip(third).zip(fourth)
    {
        let (second, fourth) = (u64::from_le_bytes(*second), u64::from_le_bytes(*fourth));
        let high = u64::from_le_bytes(*third) ^ fourth;
        upper ^= high;
        odd ^= second ^ fourth;
        *word = u64::from_le_bytes(*first) ^ second ^ high;
    }
    let mut word_numbers = (is_odd(upper) * weight) | (is_odd(odd) * (weight / 2));
    weight /= 4;
    let mut length = QUARTER;
    while length >= 4 {
        length /= 4;
        let (first, rest) = words.split_at_mut(length);
        let (second, rest) = rest.split_at(length);
        let (third, fourth) = rest.split_at(length);
        let (mut upper, mut odd) = (0, 0);
        for (((first, second), third), fourth) in first.iter_mut().zip(second).zip(third).zip(fourth) {
            let high = third ^ fourth;
            upper ^= high;
            odd ^= second ^ fourth;
            *first ^= second ^ high;
        }
        word_numbers |= (is_odd(upper) * weight) | (is_odd(odd) * (weight / 2));
        weight /= 4;
    }
    let [first, second, ..] = *words.as_slice() else { return None };
    let left = if length == 2 { second } else { 0 };
    Some(Fold { all: first ^ left, word_numbers: word_numbers | (is_odd(left) * weight) })
}

impl Fold {
    /// XOR of all little-endian u32 words.
    fn words(&self) -> u32 {
        (self.all ^ (self.all >> 32)) as u32
    }

    /// `lo`: XOR of the numbers of all set bits; and whether their count is odd.
    fn bit_numbers(&self) -> (u32, bool) {
        const MASKS: [u64; 6] = [
            0xAAAA_AAAA_AAAA_AAAA,
            0xCCCC_CCCC_CCCC_CCCC,
            0xF0F0_F0F0_F0F0_F0F0,
            0xFF00_FF00_FF00_FF00,
            0xFFFF_0000_FFFF_0000,
            0xFFFF_FFFF_0000_0000,
        ];
        let inside = MASKS.iter().enumerate().map(|(bit, mask)| is_odd(self.all & mask) << bit);
        (self.word_numbers | inside.sum::<u32>(), is_odd(self.all) == 1)
    }
}

/// The ECC checksum of one block of 2048, 4096 or 8192 bytes (spec 01 §11.3): the low half is the XOR of the words and
/// the page number, the high half the error-correcting code. For a log segment the number is its sector number.
///
/// `None` when the block has no such length.
#[must_use]
pub fn ecc_block(block: &[u8], start: BlockStart, page_number: u32) -> Option<u64> {
    let mut fold = match block.len() {
        2048 => fold::<64>(block),
        4096 => fold::<128>(block),
        8192 => fold::<256>(block),
        _ => None,
    }?;
    if start == BlockStart::Header {
        // Word 0 is in no half that has a number: only the XOR of all knows it.
        fold.all ^= u64_at(block, 0);
    }
    let mask = (block.len() as u32 * 8 - 1) & 0xFFFF;
    let (low, odd) = fold.bit_numbers();
    let high = if odd { low ^ mask } else { low };
    let ecc = (high << 16) | low;
    Some(u64::from(ecc) << 32 | u64::from(fold.words() ^ page_number))
}

/// What the difference of a stored and a computed ECC checksum says of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockVerdict {
    /// No difference.
    Good,
    /// The number of the one wrong bit, counted from the start of the block.
    WrongBit(u32),
    /// More than one wrong bit.
    Bad,
}

/// Judges a block of `block_bytes` by its two checksums (spec 01 §11.5 steps 1–3).
#[must_use]
pub fn judge_block(stored: u64, computed: u64, start: BlockStart, block_bytes: usize) -> BlockVerdict {
    if stored == computed {
        return BlockVerdict::Good;
    }
    let difference = stored ^ computed;
    let ecc = (difference >> 32) as u32;
    let words = difference as u32;
    let bit = ecc & 0xFFFF;
    let mask = (block_bytes as u32).wrapping_mul(8).wrapping_sub(1);
    let single = ((ecc >> 16) ^ ecc) & mask == mask & 0xFFFF && words.count_ones() == 1 && bit <= mask;
    // The XOR half must name the same bit of its word that the code names.
    if !single || words != 1 << (bit % 32) {
        return BlockVerdict::Bad;
    }
    if start == BlockStart::Header && (bit == FLAG_ECC_BIT || bit < 64) {
        return BlockVerdict::Bad;
    }
    BlockVerdict::WrongBit(bit)
}

/// XOR of all little-endian u32 words of `bytes`; bytes behind the last whole word do not count.
fn xor_words(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<8>();
    let all = words.iter().fold(0, |all, word| all ^ u64::from_le_bytes(*word));
    let rest = rest.as_chunks::<4>().0.iter().fold(0, |all, word| all ^ u32::from_le_bytes(*word));
    (all ^ (all >> 32)) as u32 ^ rest
}

/// The u32 word at the start of `bytes`.
fn first_word(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |word| u32::from_le_bytes(*word))
}

/// The XOR checksum over `bytes` without the first word, which is its place (spec 01 §5.1): databases' headers and
/// trailer pages over a page, log headers and checkpoints over 4096 bytes, flush-map headers over 8192.
#[must_use]
pub fn xor_header_checksum(bytes: &[u8]) -> u32 {
    XOR_SEED ^ xor_words(bytes) ^ first_word(bytes)
}

/// Stores the XOR header checksum into the first four bytes.
pub fn seal_header(bytes: &mut [u8]) {
    let checksum = xor_header_checksum(bytes);
    if let Some(place) = bytes.first_chunk_mut() {
        *place = checksum.to_le_bytes();
    }
}

/// Checks the XOR header checksum and gives (stored, computed) when they differ.
///
/// # Errors
/// The two checksums.
pub fn verify_header(bytes: &[u8]) -> Result<(), (u32, u32)> {
    let (stored, computed) = (first_word(bytes), xor_header_checksum(bytes));
    if stored == computed { Ok(()) } else { Err((stored, computed)) }
}

fn page_bytes(bytes: &[u8], size: PageSize) -> FormatResult<&[u8]> {
    bytes.get(..size.bytes()).ok_or_else(|| {
        let problem = Problem::Truncated { needed: size.bytes() as u64, available: bytes.len() as u64 };
        FormatError::new(FileKind::Database, 0, "page", problem, JetError::READ_VERIFY_FAILURE)
    })
}

fn is_zero(bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks::<64>();
    let any = |chunk: &[u8; 64]| {
        chunk.as_chunks::<8>().0.iter().fold(0, |all, lane| all | u64::from_le_bytes(*lane))
    };
    chunks.iter().all(|chunk| any(chunk) == 0) && rest.iter().all(|byte| *byte == 0)
}

fn flags_of(page: &[u8]) -> u32 {
    page.get(FLAGS_OFFSET..).map_or(0, first_word)
}

fn u64_at(page: &[u8], offset: usize) -> u64 {
    page.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn put_u64(page: &mut [u8], offset: usize, value: u64) {
    if let Some(place) = page.get_mut(offset..).and_then(|rest| rest.first_chunk_mut()) {
        *place = value.to_le_bytes();
    }
}

/// Where the checksum of a block is kept in the page.
fn checksum_offset(block: usize) -> usize {
    if block == 0 { 0 } else { LATER_CHECKSUMS + (block - 1) * 8 }
}

/// Bytes of one checksummed block of a page.
fn block_bytes(size: PageSize) -> usize {
    if size.is_large() { size.bytes() / LARGE_PAGE_BLOCKS } else { size.bytes() }
}

fn start_of(block: usize) -> BlockStart {
    if block == 0 { BlockStart::Header } else { BlockStart::Data }
}

fn block_checksum(page: &[u8], size: PageSize, block: usize, page_number: u32) -> u64 {
    let bytes = block_bytes(size);
    page.get(block * bytes..(block + 1) * bytes)
        .and_then(|block_bytes| ecc_block(block_bytes, start_of(block), page_number))
        .unwrap_or_default()
}

fn verify_xor_page(page: &[u8], size: PageSize, page_number: u32) -> PageVerdict {
    let stored = u64_at(page, 0);
    let computed = u64::from(page_number) << 32 | u64::from(xor_header_checksum(page));
    if stored == computed && !size.is_large() {
        PageVerdict::Good(ChecksumForm::Xor)
    } else {
        PageVerdict::Bad { form: ChecksumForm::Xor, block: 0, stored, computed }
    }
}

fn verify_ecc_page(page: &[u8], size: PageSize, page_number: u32) -> PageVerdict {
    let bytes = block_bytes(size);
    let block_bits = bytes as u32 * 8;
    let mut wrong = WrongBits::default();
    let mut stored_flip = None;
    for block in 0..size.bytes() / bytes {
        let place = checksum_offset(block);
        let mut stored = u64_at(page, place);
        if let Some(bit) = stored_flip
            && (place..place + 8).contains(&(bit as usize / 8))
        {
            stored ^= 1 << (bit as usize - place * 8);
        }
        let computed = block_checksum(page, size, block, page_number);
        match judge_block(stored, computed, start_of(block), bytes) {
            BlockVerdict::Good => {}
            BlockVerdict::WrongBit(bit) => {
                wrong.bits[block] = Some(block as u32 * block_bits + bit);
                stored_flip = stored_flip.or((block == 0 && size.is_large()).then_some(bit));
            }
            BlockVerdict::Bad => {
                return PageVerdict::Bad { form: ChecksumForm::Ecc, block, stored, computed };
            }
        }
    }
    if wrong == WrongBits::default() {
        PageVerdict::Good(ChecksumForm::Ecc)
    } else {
        PageVerdict::Correctable(wrong)
    }
}

/// Judges the first page of `bytes` by its checksum (spec 01 §11.5–11.7 steps 1 and 2). The structure of the page, and
/// a large page's own number, are another check: [`crate::page::PageView::parse`].
///
/// # Errors
/// When `bytes` is shorter than a page.
pub fn verify_page(bytes: &[u8], size: PageSize, page_number: u32) -> FormatResult<PageVerdict> {
    let page = page_bytes(bytes, size)?;
    if u64_at(page, 0) == 0 && is_zero(page) {
        return Ok(PageVerdict::Uninitialized);
    }
    Ok(if flags_of(page) & FLAG_ECC == 0 {
        verify_xor_page(page, size, page_number)
    } else {
        verify_ecc_page(page, size, page_number)
    })
}

/// Flips the located wrong bits of a page in place and gives the verdict on what is there afterwards, and the bits that
/// were flipped. A page that is not [`PageVerdict::Correctable`] is left as it is.
///
/// # Errors
/// When `bytes` is shorter than a page.
pub fn repair_page(
    bytes: &mut [u8],
    size: PageSize,
    page_number: u32,
) -> FormatResult<(PageVerdict, WrongBits)> {
    let verdict = verify_page(bytes, size, page_number)?;
    let PageVerdict::Correctable(wrong) = verdict else {
        return Ok((verdict, WrongBits::default()));
    };
    flip(bytes, &wrong);
    let after = verify_page(bytes, size, page_number)?;
    if !matches!(after, PageVerdict::Good(_)) {
        flip(bytes, &wrong);
    }
    Ok((after, wrong))
}

fn flip(bytes: &mut [u8], wrong: &WrongBits) {
    for bit in wrong.iter() {
        if let Some(byte) = bytes.get_mut(bit as usize / 8) {
            *byte ^= 1 << (bit % 8);
        }
    }
}

/// Marks a page as ECC and stores its checksums (spec 01 §11.4, §11.8), ready to be written.
///
/// # Errors
/// When `bytes` is shorter than a page.
pub fn seal_page(bytes: &mut [u8], size: PageSize, page_number: u32) -> FormatResult<()> {
    page_bytes(bytes, size)?;
    let flags = flags_of(bytes) | FLAG_ECC;
    if let Some(place) = bytes.get_mut(FLAGS_OFFSET..).and_then(|rest| rest.first_chunk_mut()) {
        *place = flags.to_le_bytes();
    }
    for block in (0..size.bytes() / block_bytes(size)).rev() {
        let checksum = block_checksum(bytes, size, block, page_number);
        put_u64(bytes, checksum_offset(block), checksum);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
