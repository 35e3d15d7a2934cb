//! XPRESS, the plain LZ77 form: scheme 3, spec 04 §4.2.
//!
//! ```text
//! 0  u8   0x18
//! 1  u16  bytes of the plain data
//! 3  …    flag words (u32, most significant bit first) and the 32 items each decides on:
//!           0  one literal byte
//!           1  a match: u16 = (distance − 1) << 3 | L; L = 7 goes on with a nibble (two matches share a byte),
//!              nibble 15 with a byte, byte 255 with a u16 that is L itself; length = L + 3
//! ```
//!
//! Invariants of what is written, which Windows' decoder checks: the output ends exactly at the declared size; at least
//! one flag bit follows the last item, and all that follow are 1. The stream is at least 8 bytes and no match starts in
//! the last 8 bytes of the data.

use super::failed;
use crate::error::{FormatResult, Problem};
use crate::little_endian::{u16_at, u32_at};

const HEADER_BYTES: usize = 3;
const DISTANCE_MAX: usize = 8192;
const MATCH_BYTES_MIN: usize = 3;
/// Longest match whose L fits the last form of a length.
const MATCH_BYTES_MAX: usize = 0xFFFF + MATCH_BYTES_MIN;
/// Data this short, and streams this short, are not written.
const STREAM_BYTES_MIN: usize = 8;
/// L from which on each longer form of a length is used.
const LENGTH_IN_NIBBLE: usize = 7;
const LENGTH_IN_BYTE: usize = LENGTH_IN_NIBBLE + 15;
const LENGTH_IN_WORD: usize = LENGTH_IN_BYTE + 255;

/// The size the value says it has.
pub(super) fn declared_size(stored: &[u8]) -> FormatResult<usize> {
    u16_at(stored, 1).map(usize::from).ok_or_else(|| {
        failed(1, Problem::Truncated { needed: HEADER_BYTES as u64, available: stored.len() as u64 })
    })
}

struct Input<'a> {
    stored: &'a [u8],
    position: usize,
    /// Position of the byte whose high nibble the next long match takes.
    half_byte: Option<u8>,
}

impl Input<'_> {
    fn truncated(&self, needed: usize) -> crate::error::FormatError {
        let available = self.stored.len().saturating_sub(self.position);
        failed(self.position, Problem::Truncated { needed: needed as u64, available: available as u64 })
    }

    fn byte(&mut self) -> FormatResult<u8> {
        let byte = *self.stored.get(self.position).ok_or_else(|| self.truncated(1))?;
        self.position += 1;
        Ok(byte)
    }

    fn word(&mut self) -> FormatResult<usize> {
        let word = u16_at(self.stored, self.position).ok_or_else(|| self.truncated(2))?;
        self.position += 2;
        Ok(usize::from(word))
    }

    fn flags(&mut self) -> FormatResult<u32> {
        let flags = u32_at(self.stored, self.position).ok_or_else(|| self.truncated(4))?;
        self.position += 4;
        Ok(flags)
    }

    fn nibble(&mut self) -> FormatResult<usize> {
        if let Some(byte) = self.half_byte.take() {
            return Ok(usize::from(byte >> 4));
        }
        let byte = self.byte()?;
        self.half_byte = Some(byte);
        Ok(usize::from(byte & 15))
    }

    /// Distance and length of a match.
    fn matched(&mut self) -> FormatResult<(usize, usize)> {
        let word = self.word()?;
        let mut length = word & 7;
        if length == LENGTH_IN_NIBBLE {
            length += self.nibble()?;
        }
        if length == LENGTH_IN_BYTE {
            length += usize::from(self.byte()?);
        }
        if length == LENGTH_IN_WORD {
            length = self.word()?;
            if length < LENGTH_IN_WORD {
                let problem =
                    Problem::OutOfRange { found: length as u64, min: LENGTH_IN_WORD as u64, max: 0xFFFF };
                return Err(failed(self.position, problem));
            }
        }
        Ok(((word >> 3) + 1, length + MATCH_BYTES_MIN))
    }
}

/// Appends the first `bytes` bytes of the value; `bytes` is no more than the declared size.
pub(super) fn inflate(stored: &[u8], bytes: usize, into: &mut Vec<u8>) -> FormatResult<()> {
    let mut input = Input { stored, position: HEADER_BYTES, half_byte: None };
    let start = into.len();
    let end = start + bytes;
    into.reserve(bytes);
    let (mut flags, mut decisions_left) = (0u32, 0u32);
    while into.len() < end {
        if decisions_left == 0 {
            flags = input.flags()?;
            decisions_left = 32;
        }
        let is_match = flags >> 31 == 1;
        flags <<= 1;
        decisions_left -= 1;
        if !is_match {
            into.push(input.byte()?);
            continue;
        }
        let at = input.position;
        let (distance, length) = input.matched()?;
        let from = into.len().checked_sub(distance).filter(|from| *from >= start);
        let from =
            from.ok_or_else(|| failed(at, Problem::Invalid("a match reaches back before the data")))?;
        copy_match(into, from, length.min(end - into.len()));
    }
    Ok(())
}

/// Appends `length` bytes from position `from` on, bytes that it appends itself included.
fn copy_match(into: &mut Vec<u8>, from: usize, length: usize) {
    let distance = into.len() - from;
    let mut left = length;
    while left > 0 {
        let step = left.min(distance);
        into.extend_from_within(from..from + step);
        left -= step;
    }
}

struct Output<'a> {
    into: &'a mut Vec<u8>,
    flags_at: usize,
    flags: u32,
    decisions: u32,
    half_byte_at: Option<usize>,
}

impl Output<'_> {
    fn decide(&mut self, bit: u32) {
        self.flags = self.flags << 1 | bit;
        self.decisions += 1;
    }

    /// After an item: a full flag word is put in its place, and the place of the next one reserved.
    fn item_done(&mut self) {
        if self.decisions == 32 {
            self.store_flags(self.flags);
            self.reserve_flags();
        }
    }

    fn reserve_flags(&mut self) {
        self.flags_at = self.into.len();
        self.into.extend_from_slice(&[0; 4]);
        (self.flags, self.decisions) = (0, 0);
    }

    fn store_flags(&mut self, flags: u32) {
        if let Some(place) = self.into.get_mut(self.flags_at..self.flags_at + 4) {
            place.copy_from_slice(&flags.to_le_bytes());
        }
    }

    fn literal(&mut self, byte: u8) {
        self.decide(0);
        self.into.push(byte);
        self.item_done();
    }

    fn matched(&mut self, distance: usize, length: usize) {
        self.decide(1);
        let length = length - MATCH_BYTES_MIN;
        let word = (distance - 1) << 3 | length.min(LENGTH_IN_NIBBLE);
        self.into.extend_from_slice(&low_word(word));
        if length >= LENGTH_IN_NIBBLE {
            self.nibble((length - LENGTH_IN_NIBBLE).min(15).to_le_bytes()[0]);
        }
        if length >= LENGTH_IN_BYTE {
            self.into.push((length - LENGTH_IN_BYTE).min(255).to_le_bytes()[0]);
        }
        if length >= LENGTH_IN_WORD {
            self.into.extend_from_slice(&low_word(length));
        }
        self.item_done();
    }

    fn nibble(&mut self, nibble: u8) {
        match self.half_byte_at.take() {
            Some(at) => {
                if let Some(byte) = self.into.get_mut(at) {
                    *byte |= nibble << 4;
                }
            }
            None => {
                self.half_byte_at = Some(self.into.len());
                self.into.push(nibble);
            }
        }
    }

    /// The rest of the last flag word is 1s; there is always such a rest.
    fn finish(&mut self) {
        let unused = 32 - self.decisions;
        let used = if self.decisions == 0 { 0 } else { self.flags << unused };
        let ones = if unused == 32 { u32::MAX } else { (1u32 << unused) - 1 };
        self.store_flags(used | ones);
    }
}

fn low_word(value: usize) -> [u8; 2] {
    let [low, high, ..] = value.to_le_bytes();
    [low, high]
}

/// How hard matches are looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Earlier places that are compared before the longest match so far is taken.
    chain: usize,
    /// A match of this length is taken at once.
    good: usize,
    /// Places inside a match that later ones are found by.
    remembered: usize,
}

impl Effort {
    /// Values that are kept.
    pub(super) const HIGH: Self = Self { chain: 32, good: usize::MAX, remembered: usize::MAX };
    /// Log records, while pages are latched.
    pub(super) const LOW: Self = Self { chain: 3, good: 24, remembered: 8 };
}

/// Appends the compressed form of `data` if it is shorter, and says whether it did.
pub(super) fn compress(data: &[u8], effort: Effort, into: &mut Vec<u8>) -> bool {
    let Ok(size) = u16::try_from(data.len()) else { return false };
    if data.len() <= STREAM_BYTES_MIN {
        return false;
    }
    let start = into.len();
    into.push(3 << 3);
    into.extend_from_slice(&size.to_le_bytes());
    let mut output = Output { into, flags_at: 0, flags: 0, decisions: 0, half_byte_at: None };
    output.reserve_flags();
    let mut finder = MatchFinder::new(data);
    let mut position = 0;
    while let Some(byte) = data.get(position) {
        if output.into.len() - start >= data.len() {
            break;
        }
        if let Some((distance, length)) = finder.find(position, effort) {
            output.matched(distance, length);
            let remembered = length.min(effort.remembered);
            (position..position + remembered).for_each(|passed| finder.insert(passed));
            position += length;
        } else {
            output.literal(*byte);
            finder.insert(position);
            position += 1;
        }
    }
    output.finish();
    let written = into.len() - start;
    if written >= data.len() || written < STREAM_BYTES_MIN + HEADER_BYTES || position < data.len() {
        into.truncate(start);
        return false;
    }
    true
}

/// Number of leading bytes that both have in common.
fn common_length(left: &[u8], right: &[u8]) -> usize {
    let (left_words, right_words) = (left.as_chunks::<8>().0, right.as_chunks::<8>().0);
    for (index, (left_word, right_word)) in left_words.iter().zip(right_words).enumerate() {
        let different = u64::from_le_bytes(*left_word) ^ u64::from_le_bytes(*right_word);
        if different != 0 {
            return index * 8 + (different.trailing_zeros() / 8) as usize;
        }
    }
    let whole = left_words.len().min(right_words.len()) * 8;
    let rest = left.iter().zip(right).skip(whole).take_while(|(left, right)| left == right);
    whole + rest.count()
}

/// Chains of positions with equal hashes of their first three bytes.
struct MatchFinder<'a> {
    data: &'a [u8],
    heads: Vec<u16>,
    previous: Vec<u16>,
}

impl<'a> MatchFinder<'a> {
    const HASH_BITS: u32 = 12;
    const NONE: u16 = u16::MAX;

    fn new(data: &'a [u8]) -> Self {
        Self { data, heads: vec![Self::NONE; 1 << Self::HASH_BITS], previous: vec![Self::NONE; data.len()] }
    }

    fn hash(&self, position: usize) -> Option<usize> {
        let [a, b, c] = *self.data.get(position..)?.first_chunk()?;
        let mixed = u32::from_le_bytes([a, b, c, 0]).wrapping_mul(0x9E37_79B1);
        usize::try_from(mixed >> (32 - Self::HASH_BITS)).ok()
    }

    fn insert(&mut self, position: usize) {
        let (Some(hash), Ok(place)) = (self.hash(position), u16::try_from(position)) else { return };
        if let (Some(head), Some(previous)) = (self.heads.get_mut(hash), self.previous.get_mut(position)) {
            *previous = std::mem::replace(head, place);
        }
    }

    /// Distance and length of the longest match found for `position`.
    fn find(&self, position: usize, effort: Effort) -> Option<(usize, usize)> {
        let ahead = self.data.get(position..)?;
        if ahead.len() <= STREAM_BYTES_MIN {
            return None;
        }
        let mut candidate = self.heads.get(self.hash(position)?).copied()?;
        let mut best: Option<(usize, usize)> = None;
        for _ in 0..effort.chain {
            if candidate == Self::NONE {
                break;
            }
            let from = usize::from(candidate);
            let distance = position - from;
            if distance > DISTANCE_MAX {
                break;
            }
            let behind = self.data.get(from..)?;
            let length = common_length(behind, ahead).min(MATCH_BYTES_MAX);
            if length >= MATCH_BYTES_MIN && best.is_none_or(|(_, longest)| length > longest) {
                best = Some((distance, length));
                if length >= effort.good {
                    break;
                }
            }
            candidate = self.previous.get(from).copied()?;
        }
        best
    }
}
