//! Nodes: what a line of a page holds, key order, prefixes and separators (spec 02 §4–§7).
//!
//! ```text
//! u16 prefix length     only if the Compressed flag is set: bytes taken from the start of the page's prefix
//! u16 suffix length     low 13 bits of both are the length; on large pages the top 3 of the first are the flags
//! suffix                key = page prefix[..prefix length] ++ suffix
//! data                  the rest of the line, at least one byte; on internal pages a u32 child page number
//! ```
//!
//! Invariants: keys are compared as unsigned bytes, a proper prefix is smaller; a node stored with a prefix gains at
//! least a byte by it (prefix length ≥ 3); nodes of root pages have none.

use std::cmp::Ordering;

use bitflags::bitflags;

use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};

/// Bits of a count word that are a length.
const LENGTH_MASK: u16 = 0x1FFF;
/// Position of the flags in a word that carries them.
const FLAGS_SHIFT: u32 = 13;
/// Bytes of the prefix count: what a shared prefix must exceed to be worth it.
const PREFIX_OVERHEAD: usize = 2;

bitflags! {
    /// Flags of a node.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct NodeFlags: u8 {
        /// Had a version when it was last written; a hint only.
        const VERSIONED = 1;
        /// Logically gone; its space is not reclaimed yet.
        const DELETED = 2;
        /// The key shares a prefix with the page.
        const COMPRESSED = 4;
    }
}

impl NodeFlags {
    /// The flags in the top three bits of a word.
    #[must_use]
    #[inline]
    pub fn from_word(word: u16) -> Self {
        Self::from_bits_truncate((word >> FLAGS_SHIFT) as u8)
    }

    /// The word with these flags in its top three bits.
    #[must_use]
    pub fn put_into(self, word: u16) -> u16 {
        word & LENGTH_MASK | u16::from(self.bits()) << FLAGS_SHIFT
    }
}

/// A key in up to two pieces, compared as if they were one. Also a leaf's key and data in one, the way separators are
/// compared (spec 02 §5.2).
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyRef<'a> {
    /// The first bytes.
    pub prefix: &'a [u8],
    /// The bytes behind them.
    pub suffix: &'a [u8],
}

impl<'a> KeyRef<'a> {
    /// A key of two pieces.
    #[must_use]
    pub fn new(prefix: &'a [u8], suffix: &'a [u8]) -> Self {
        Self { prefix, suffix }
    }

    /// Bytes of the key.
    #[must_use]
    pub fn len(&self) -> usize {
        self.prefix.len() + self.suffix.len()
    }

    /// Whether the key has no bytes: on an internal page, "above everything".
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key in one piece.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        [self.prefix, self.suffix].concat()
    }

    /// The key without its first `count` bytes.
    #[must_use]
    #[inline]
    pub fn skip(&self, count: usize) -> Self {
        let from_prefix = count.min(self.prefix.len());
        let from_suffix = (count - from_prefix).min(self.suffix.len());
        Self {
            prefix: self.prefix.get(from_prefix..).unwrap_or_default(),
            suffix: self.suffix.get(from_suffix..).unwrap_or_default(),
        }
    }

    /// The first `count` bytes of the key, fewer where it is shorter.
    #[must_use]
    pub fn take(&self, count: usize) -> Self {
        let from_prefix = count.min(self.prefix.len());
        let from_suffix = (count - from_prefix).min(self.suffix.len());
        Self {
            prefix: self.prefix.get(..from_prefix).unwrap_or_default(),
            suffix: self.suffix.get(..from_suffix).unwrap_or_default(),
        }
    }

    /// Number of leading bytes that both keys share.
    #[must_use]
    pub fn common_prefix(&self, other: KeyRef<'_>) -> usize {
        if self.prefix.is_empty() && other.prefix.is_empty() {
            return common_bytes(self.suffix, other.suffix);
        }
        let (mut left, mut right, mut common) = (*self, other, 0);
        loop {
            let (left_piece, right_piece) = (left.first_piece(), right.first_piece());
            let length = left_piece.len().min(right_piece.len());
            let same = common_bytes(left_piece, right_piece);
            common += same;
            if same < length || length == 0 {
                return common;
            }
            (left, right) = (left.skip(length), right.skip(length));
        }
    }

    fn first_piece(&self) -> &'a [u8] {
        if self.prefix.is_empty() { self.suffix } else { self.prefix }
    }
}

impl<'a> From<&'a [u8]> for KeyRef<'a> {
    fn from(key: &'a [u8]) -> Self {
        Self { prefix: &[], suffix: key }
    }
}

/// Number of leading bytes that two byte strings share, found eight at a time.
#[inline]
fn common_bytes(left: &[u8], right: &[u8]) -> usize {
    let ((left_words, _), (right_words, _)) = (left.as_chunks::<8>(), right.as_chunks::<8>());
    let mut common = 0;
    for (left, right) in left_words.iter().zip(right_words) {
        let different = u64::from_le_bytes(*left) ^ u64::from_le_bytes(*right);
        if different != 0 {
            return common + (different.trailing_zeros() / 8) as usize;
        }
        common += 8;
    }
    let (left, right) = (left.get(common..).unwrap_or_default(), right.get(common..).unwrap_or_default());
    common + left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

/// The order of two byte strings. Keys are short and most of them share their first bytes: eight bytes at a time, without
/// a call.
#[inline]
#[must_use]
pub fn compare_bytes(left: &[u8], right: &[u8]) -> Ordering {
    let word = |bytes: &[u8; 8]| u64::from_be_bytes(*bytes);
    let (Some(left_first), Some(right_first)) = (left.first_chunk(), right.first_chunk()) else {
        return left.cmp(right);
    };
    let first = word(left_first).cmp(&word(right_first));
    let common = left.len().min(right.len());
    if first.is_ne() || common > 16 {
        return first.then_with(|| left.cmp(right));
    }
    // The first eight bytes are the same, and the last eight that both have overlap them or lie behind them.
    let last = |bytes: &[u8]| bytes.get(..common).and_then(<[u8]>::last_chunk).map(word);
    last(left).cmp(&last(right)).then(left.len().cmp(&right.len()))
}

impl Ord for KeyRef<'_> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        if self.prefix.is_empty() && other.prefix.is_empty() {
            return compare_bytes(self.suffix, other.suffix);
        }
        if other.prefix.is_empty() {
            return match other.suffix.split_at_checked(self.prefix.len()) {
                Some((first, rest)) => {
                    compare_bytes(self.prefix, first).then_with(|| compare_bytes(self.suffix, rest))
                }
                None => compare_bytes(self.prefix, other.suffix),
            };
        }
        let (mut left, mut right) = (*self, *other);
        loop {
            let (left_piece, right_piece) = (left.first_piece(), right.first_piece());
            let length = left_piece.len().min(right_piece.len());
            let order = left_piece.get(..length).cmp(&right_piece.get(..length));
            if order.is_ne() || length == 0 {
                return order.then(left.len().cmp(&right.len()));
            }
            (left, right) = (left.skip(length), right.skip(length));
        }
    }
}

impl PartialOrd for KeyRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for KeyRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for KeyRef<'_> {}

/// A node being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeView<'a> {
    /// The flags.
    pub flags: NodeFlags,
    /// The part of the key that the page's prefix gives.
    pub prefix: &'a [u8],
    /// The rest of the key.
    pub suffix: &'a [u8],
    /// The data, at least one byte.
    pub data: &'a [u8],
}

fn node_error(offset: usize, field: &'static str, found: usize, max: usize) -> FormatError {
    let problem = Problem::OutOfRange { found: found as u64, min: 0, max: max as u64 };
    FormatError::new(FileKind::Database, offset as u64, field, problem, JetError::NODE_CORRUPTED)
}

/// The length in the count word at `offset`.
#[inline]
fn count_at(line: &[u8], offset: usize, field: &'static str) -> FormatResult<usize> {
    line.get(offset..)
        .and_then(|rest| rest.first_chunk())
        .map(|word| usize::from(u16::from_le_bytes(*word) & LENGTH_MASK))
        .ok_or_else(|| node_error(offset, field, 2, line.len().saturating_sub(offset)))
}

impl<'a> NodeView<'a> {
    /// A line taken apart: bytes of the page's prefix, rest of the key, data. `None` where a length does not fit:
    /// [`Self::decode`] tells which.
    #[inline]
    pub(crate) fn split(line: &'a [u8], flags: NodeFlags) -> Option<(usize, &'a [u8], &'a [u8])> {
        let length = |word: [u8; 2]| usize::from(u16::from_le_bytes(word) & LENGTH_MASK);
        let (first, rest) = line.split_first_chunk()?;
        let (prefix, suffix, rest) = if flags.contains(NodeFlags::COMPRESSED) {
            let (second, rest) = rest.split_first_chunk()?;
            (length(*first), length(*second), rest)
        } else {
            (0, length(*first), rest)
        };
        let (suffix, data) = rest.split_at_checked(suffix)?;
        (!data.is_empty()).then_some((prefix, suffix, data))
    }

    /// Decodes the bytes of a line of a page with the key prefix `page_prefix` (empty on roots).
    ///
    /// # Errors
    /// -358 when a length does not fit, or no byte of data is left.
    #[inline]
    pub fn decode(line: &'a [u8], flags: NodeFlags, page_prefix: &'a [u8]) -> FormatResult<Self> {
        let mut at = 0;
        let mut prefix: &[u8] = &[];
        if flags.contains(NodeFlags::COMPRESSED) {
            let length = count_at(line, at, "prefix length")?;
            prefix = page_prefix
                .get(..length)
                .ok_or_else(|| node_error(at, "prefix length", length, page_prefix.len()))?;
            at += 2;
        }
        let suffix_length = count_at(line, at, "suffix length")?;
        at += 2;
        let behind = line.get(at..).unwrap_or_default();
        match behind.split_at_checked(suffix_length) {
            Some((suffix, data)) if !data.is_empty() => Ok(Self { flags, prefix, suffix, data }),
            _ => Err(node_error(at - 2, "suffix length", suffix_length, behind.len().saturating_sub(1))),
        }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> KeyRef<'a> {
        KeyRef { prefix: self.prefix, suffix: self.suffix }
    }

    /// Whether the node is logically gone.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.flags.contains(NodeFlags::DELETED)
    }

    /// The child page of a node on an internal page.
    ///
    /// # Errors
    /// -358 when the data is no page number.
    pub fn child_page(&self) -> FormatResult<u32> {
        let child = self.data.try_into().map(u32::from_le_bytes).ok();
        child
            .filter(|page| (1..=crate::page::PAGE_NUMBER_MAX).contains(page))
            .ok_or_else(|| node_error(0, "child page", self.data.len(), 4))
    }

    /// The stored form of this node, whatever rule chose it.
    #[must_use]
    pub fn image(&self) -> NodeImage<'a> {
        let compressed = self.flags.contains(NodeFlags::COMPRESSED);
        NodeImage {
            prefix_length: compressed.then_some(self.prefix.len() as u16),
            suffix: KeyRef::from(self.suffix),
            data: self.data,
        }
    }
}

/// A node to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NodeImage<'a> {
    prefix_length: Option<u16>,
    suffix: KeyRef<'a>,
    data: &'a [u8],
}

impl<'a> NodeImage<'a> {
    /// A node stored against a page's prefix by the rule of an insert: as much of it as matches, if that is more than
    /// two bytes (spec 02 §7.2). Roots have an empty prefix.
    ///
    /// # Errors
    /// -408 when the key is longer than a node can say.
    pub fn for_page(key: KeyRef<'a>, data: &'a [u8], page_prefix: &[u8]) -> Result<Self, JetError> {
        if key.len() > LENGTH_MASK.into() {
            return Err(JetError::KEY_TOO_BIG);
        }
        let common = key.common_prefix(KeyRef::from(page_prefix));
        Ok(if common > PREFIX_OVERHEAD {
            Self { prefix_length: Some(common as u16), suffix: key.skip(common), data }
        } else {
            Self { prefix_length: None, suffix: key, data }
        })
    }

    /// A node stored as a log record says: with so many bytes of the page's prefix, whatever rule chose them.
    ///
    /// # Errors
    /// -408 when the rest of the key is longer than a node can say.
    pub fn stored(prefix_length: Option<u16>, suffix: KeyRef<'a>, data: &'a [u8]) -> Result<Self, JetError> {
        if suffix.len() > LENGTH_MASK.into() || prefix_length.is_some_and(|length| length > LENGTH_MASK) {
            return Err(JetError::KEY_TOO_BIG);
        }
        Ok(Self { prefix_length, suffix, data })
    }

    /// Bytes of the line, its tag not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count_bytes() + self.suffix.len() + self.data.len()
    }

    /// Whether the line would have no bytes: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    fn count_bytes(&self) -> usize {
        if self.prefix_length.is_some() { 4 } else { 2 }
    }

    /// Bytes of the page's prefix that the node uses; `None` for a node stored without one.
    #[must_use]
    pub fn prefix_length(&self) -> Option<u16> {
        self.prefix_length
    }

    /// `flags` with Compressed as this image needs it.
    #[must_use]
    pub fn flags(&self, mut flags: NodeFlags) -> NodeFlags {
        flags.set(NodeFlags::COMPRESSED, self.prefix_length.is_some());
        flags
    }

    /// The pieces of the line in order, the counts put into `counts`: what [`crate::page::PageMut::insert_line`] takes.
    pub fn parts<'b>(&'b self, counts: &'b mut [u8; 4]) -> [&'b [u8]; 4] {
        let suffix_length = (self.suffix.len() as u16).to_le_bytes();
        let first = self.prefix_length.map_or(suffix_length, u16::to_le_bytes);
        *counts = [first[0], first[1], suffix_length[0], suffix_length[1]];
        let counts = counts.get(..self.count_bytes()).unwrap_or_default();
        [counts, self.suffix.prefix, self.suffix.suffix, self.data]
    }

    /// Appends the line to `out`.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        let mut counts = [0; 4];
        for part in self.parts(&mut counts) {
            out.extend_from_slice(part);
        }
    }
}

/// The prefix chosen for a set of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixChoice {
    /// The line whose whole key becomes the prefix.
    pub line: usize,
    /// Bytes won, the prefix itself and the counts paid.
    pub savings: usize,
    /// First line that uses the prefix.
    pub first: usize,
    /// Last line that uses the prefix.
    pub last: usize,
}

/// Chooses the prefix of a page for lines in key order (spec 02 §7.3): `common[i]` is the number of leading bytes that
/// keys `i - 1` and `i` share, `common[0]` does not count. `None`: no prefix is worth it.
#[must_use]
pub fn choose_prefix(common: &[usize]) -> Option<PrefixChoice> {
    let lines = common.len();
    let gain = |line: usize| match common.get(line) {
        Some(shared) if line > 0 => shared.saturating_sub(PREFIX_OVERHEAD),
        _ => 0,
    };
    if lines == 2 {
        let savings = gain(1).saturating_sub(2);
        return (savings > 0).then_some(PrefixChoice { line: 1, savings, first: 0, last: 1 });
    }
    let mut best: Option<PrefixChoice> = None;
    for line in 1..lines.saturating_sub(1) {
        let inner = line != 1 && line != lines - 2;
        let right_is_as_good = inner && gain(line + 1) >= gain(line);
        let left_is_better =
            line > 1 && line != lines - 2 && gain(line - 1) > gain(line) && gain(line + 1) < gain(line);
        if right_is_as_good || left_is_better {
            continue;
        }
        let choice = savings_of(line, lines, gain);
        if choice.savings > best.map_or(0, |best| best.savings) {
            best = Some(choice);
        }
    }
    best
}

/// What a prefix made of this line's key would save on both sides of it.
fn savings_of(line: usize, lines: usize, gain: impl Fn(usize) -> usize) -> PrefixChoice {
    let (mut total, mut first, mut last) = (0, line, line);
    let mut lowest = usize::MAX;
    while gain(first) > 0 {
        lowest = lowest.min(gain(first));
        total += lowest;
        first -= 1;
    }
    lowest = usize::MAX;
    while last + 1 < lines && gain(last + 1) > 0 {
        last += 1;
        lowest = lowest.min(gain(last));
        total += lowest;
    }
    PrefixChoice { line, savings: total.saturating_sub(2), first, last }
}

/// The separator between the last node kept left and the first node moved right (spec 02 §6.3): the shortest key above
/// the one and not above the other. Where the keys are equal, data decides.
#[must_use]
pub fn separator(left: KeyRef<'_>, left_data: &[u8], right: KeyRef<'_>, right_data: &[u8]) -> Vec<u8> {
    let common = left.common_prefix(right);
    if common < right.len() {
        return right.take(common + 1).to_vec();
    }
    let common = KeyRef::from(left_data).common_prefix(KeyRef::from(right_data));
    let mut key = right.to_vec();
    key.extend(right_data.iter().take(common + 1));
    key
}

#[cfg(test)]
mod tests;
