//! The diff of a ReplaceD against the node's old data (spec 05 §8.4).
//!
//! ```text
//! pages up to 8 KB:  u16  bits 0-12 old offset, 0x2000 same length, 0x4000 insert, 0x8000 two-byte lengths
//! larger pages:      u16 old offset, u8 flags 0x20, 0x40, 0x80 of the same meaning; bits 0-4 are noise
//! then cbNew (u8 or u16), cbOld (same width, only with neither "same length" nor "insert"), cbNew bytes
//! ```
//!
//! Invariants of a sound diff list: offsets ascend and do not overlap, none leaves the old data, the result has the
//! length the record names.

use crate::error::{FormatResult, Problem};

use super::layout::{Input, record_error};
use super::node::DiffForm;

/// Bytes of the fixed part in front of the diffs, for offsets in errors.
const DIFFS_AT: usize = 50;
const SAME_LENGTH: u8 = 0x20;
const INSERT: u8 = 0x40;
const TWO_BYTE_LENGTHS: u8 = 0x80;
const FLAGS: u8 = SAME_LENGTH | INSERT | TWO_BYTE_LENGTHS;

/// What one diff does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffKind {
    /// As many old bytes are replaced as there are new ones; the old length is not stored.
    SameLength,
    /// New bytes go between old ones; no old length is stored.
    Insert,
    /// Both lengths are stored. No new bytes: a deletion.
    Replace,
}

/// One change of a run of old bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diff<'a> {
    /// Where in the old data.
    pub offset: u16,
    /// How the lengths are told.
    pub kind: DiffKind,
    /// Whether lengths are stored in two bytes.
    pub two_byte_lengths: bool,
    /// The undefined low bits of the flag byte in the large form.
    pub noise: u8,
    /// Old bytes that go.
    pub old_length: u16,
    /// Bytes that come.
    pub new: &'a [u8],
}

/// The diffs of one ReplaceD, in stored order.
#[derive(Clone, Debug)]
pub struct Diffs<'a> {
    input: Input<'a>,
    form: DiffForm,
    failed: bool,
}

impl<'a> Diffs<'a> {
    /// The diffs in `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8], form: DiffForm) -> Self {
        Self { input: Input::starting_at(bytes, DIFFS_AT), form, failed: false }
    }

    /// Applies the diffs to `old`; the result has `new_length` bytes.
    ///
    /// # Errors
    /// A diff that is cut off, goes backwards, leaves `old`, or a result of another length.
    pub fn apply(self, old: &[u8], new_length: usize) -> FormatResult<Vec<u8>> {
        let mut result = Vec::with_capacity(new_length.min(usize::from(u16::MAX)));
        let mut position = 0;
        for diff in self {
            let diff = diff?;
            let offset = usize::from(diff.offset);
            let outside = || {
                let problem = Problem::OutOfRange {
                    found: u64::from(diff.offset),
                    min: position as u64,
                    max: old.len() as u64,
                };
                record_error(DIFFS_AT, "ReplaceD.diff.offset", problem)
            };
            let kept = old.get(position..offset).ok_or_else(outside)?;
            let after = offset + usize::from(diff.old_length);
            if after > old.len() || result.len() + kept.len() + diff.new.len() > new_length {
                return Err(outside());
            }
            result.extend_from_slice(kept);
            result.extend_from_slice(diff.new);
            position = after;
        }
        result.extend_from_slice(&old[position..]);
        if result.len() != new_length {
            let problem = Problem::Mismatch { found: result.len() as u64, expected: new_length as u64 };
            return Err(record_error(48, "ReplaceD.new_length", problem));
        }
        Ok(result)
    }

    fn read(&mut self) -> FormatResult<Diff<'a>> {
        let header: u16 = self.input.field("ReplaceD.diff.header")?;
        let (offset, flags) = match self.form {
            DiffForm::Small => (header & 0x1FFF, (header >> 8) as u8 & FLAGS),
            DiffForm::Large => (header, self.input.field("ReplaceD.diff.flags")?),
        };
        let two_byte_lengths = flags & TWO_BYTE_LENGTHS != 0;
        let new_length = self.read_length(two_byte_lengths)?;
        let (kind, old_length) = if flags & INSERT != 0 {
            (DiffKind::Insert, 0)
        } else if flags & SAME_LENGTH != 0 {
            (DiffKind::SameLength, new_length)
        } else {
            (DiffKind::Replace, self.read_length(two_byte_lengths)?)
        };
        let new = self.input.take(usize::from(new_length), "ReplaceD.diff.new")?;
        Ok(Diff { offset, kind, two_byte_lengths, noise: flags & !FLAGS, old_length, new })
    }

    fn read_length(&mut self, two_bytes: bool) -> FormatResult<u16> {
        if two_bytes {
            self.input.field("ReplaceD.diff.length")
        } else {
            self.input.field::<u8>("ReplaceD.diff.length").map(u16::from)
        }
    }
}

impl<'a> Iterator for Diffs<'a> {
    type Item = FormatResult<Diff<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.input.is_empty() {
            return None;
        }
        let diff = self.read();
        self.failed = diff.is_err();
        Some(diff)
    }
}

/// Packs diffs for a ReplaceD.
///
/// # Errors
/// An offset, length or kind that the form cannot say.
pub fn encode_diffs(diffs: &[Diff<'_>], form: DiffForm) -> FormatResult<Vec<u8>> {
    let mut out = Vec::new();
    for diff in diffs {
        encode_diff(diff, form, &mut out)?;
    }
    Ok(out)
}

fn encode_diff(diff: &Diff<'_>, form: DiffForm, out: &mut Vec<u8>) -> FormatResult<()> {
    let impossible = |field, what| record_error(DIFFS_AT, field, Problem::Invalid(what));
    let new_length =
        u16::try_from(diff.new.len()).map_err(|_| impossible("ReplaceD.diff.new", "longer than a page"))?;
    let kind = match diff.kind {
        DiffKind::Insert if diff.old_length == 0 => INSERT,
        DiffKind::SameLength if diff.old_length == new_length => SAME_LENGTH,
        DiffKind::Replace => 0,
        _ => return Err(impossible("ReplaceD.diff.kind", "the kind contradicts the lengths")),
    };
    let width = if diff.two_byte_lengths { TWO_BYTE_LENGTHS } else { 0 };
    match form {
        DiffForm::Small if diff.offset > 0x1FFF => {
            return Err(impossible("ReplaceD.diff.offset", "beyond 13 bits"));
        }
        DiffForm::Small => {
            out.extend_from_slice(&(diff.offset | u16::from(kind | width) << 8).to_le_bytes());
        }
        DiffForm::Large => {
            out.extend_from_slice(&diff.offset.to_le_bytes());
            out.push(kind | width | diff.noise & !FLAGS);
        }
    }
    let old_length = (diff.kind == DiffKind::Replace).then_some(diff.old_length);
    for length in [Some(new_length), old_length].into_iter().flatten() {
        match u8::try_from(length) {
            _ if diff.two_byte_lengths => out.extend_from_slice(&length.to_le_bytes()),
            Ok(length) => out.push(length),
            Err(_) => return Err(impossible("ReplaceD.diff.length", "needs two bytes")),
        }
    }
    out.extend_from_slice(diff.new);
    Ok(())
}
