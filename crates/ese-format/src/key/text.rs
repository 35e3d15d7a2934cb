//! UTF-16 text in keys: who may keep which sort key (spec 04 §9, spec 11 §8).
//!
//! A sort key is made by the [`IndexText`] of its index; a [`TextKey`] decides whether it stays.
//!
//! ```text
//!                 exact          private   adopted, foreign      bad
//! StoredText      as is needed   all       none                  none
//! SearchedText    all            all       none                  none
//! VerifiedText    levels A, B    all       A, B of known units   none
//! ```
//!
//! What [`StoredText`] needs is levels A and B, unless somebody wants more or waives it.

use super::{KeyEnd, refused};
use crate::error::{FormatError, FormatResult, JetError, Problem};
use crate::sort_key::{self, Certainty, IndexText, MadeKey, SortKey, Standing, Storable, Waived, Witnesses};

/// Who may keep which sort keys.
pub trait TextKey: Send + Sync {
    /// Appends the sort key of `text`, UTF-16 little-endian, its final `00` included, without a prefix byte; what is longer
    /// than `room` is cut. An odd last byte counts for nothing.
    ///
    /// # Errors
    /// A text whose key is not certain to be what Windows makes: `JET_errUnicodeNormalizationNotSupported`; an index whose
    /// keys cannot be made: `JET_errSecondaryIndexCorrupted`, `JET_errPrimaryIndexCorrupted`.
    fn append_sort_key(
        &self,
        index: &IndexText,
        text: &[u8],
        room: usize,
        key: &mut Vec<u8>,
    ) -> FormatResult<KeyEnd>;
}

/// An index's way with text, and who may keep keys of it.
#[derive(Clone, Copy)]
pub struct TextKeys<'a> {
    /// The index's way.
    pub index: &'a IndexText,
    /// Who keeps.
    pub keeper: &'a dyn TextKey,
}

/// Refuses every text.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTextKey;

impl TextKey for NoTextKey {
    fn append_sort_key(
        &self,
        _index: &IndexText,
        _text: &[u8],
        _room: usize,
        _key: &mut Vec<u8>,
    ) -> FormatResult<KeyEnd> {
        Err(not_supported(Problem::Unsupported("sort keys of UTF-16 text")))
    }
}

/// Keeps keys to be stored.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoredText {
    /// How certain keys have to be under Windows' stamp.
    pub needed: Certainty,
}

impl StoredText {
    /// Whoever keeps keys of this certainty.
    #[must_use]
    pub fn needing(needed: Certainty) -> &'static Self {
        static WITNESSED: StoredText = StoredText { needed: Certainty::Witnessed };
        static PUBLISHED: StoredText = StoredText { needed: Certainty::Published };
        static UNCERTAIN: StoredText = StoredText { needed: Certainty::Uncertain };
        match needed {
            Certainty::Witnessed => &WITNESSED,
            Certainty::Published => &PUBLISHED,
            Certainty::Uncertain => &UNCERTAIN,
        }
    }
}

impl TextKey for StoredText {
    fn append_sort_key(
        &self,
        index: &IndexText,
        text: &[u8],
        room: usize,
        key: &mut Vec<u8>,
    ) -> FormatResult<KeyEnd> {
        let made = made(index, text, room, key)?;
        match index.standing() {
            Standing::Exact(stamp) => match (made, Waived::by(stamp, self.needed)) {
                (MadeKey::Published(_), _) if self.needed == Certainty::Witnessed => {
                    let unit = index.rules().first_unwitnessed(text);
                    Err(uncertain(unit.unwrap_or_default()))
                }
                (MadeKey::Uncertain(key, _), Some(waived)) => Ok(key.store(&waived)),
                (made, _) => store_certain(made, &stamp),
            },
            Standing::Private(stamp) => Ok(made.store_private(&stamp)),
            Standing::Unmade => {
                Err(not_supported(Problem::Unsupported("sort keys of this locale or with these flags")))
            }
            Standing::Adopted(_) | Standing::Foreign(_) | Standing::Bad => Err(stale(index)),
        }
    }
}

/// Keeps keys to search with.
#[derive(Clone, Copy, Debug, Default)]
pub struct SearchedText;

impl TextKey for SearchedText {
    fn append_sort_key(
        &self,
        index: &IndexText,
        text: &[u8],
        room: usize,
        key: &mut Vec<u8>,
    ) -> FormatResult<KeyEnd> {
        match index.standing() {
            Standing::Exact(_) | Standing::Private(_) => Ok(made(index, text, room, key)?.search()),
            Standing::Unmade => {
                Err(not_supported(Problem::Unsupported("sort keys of this locale or with these flags")))
            }
            Standing::Adopted(_) | Standing::Foreign(_) | Standing::Bad => Err(stale(index)),
        }
    }
}

/// What the keys of a verified index are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPurpose {
    /// To be stored in it.
    Store,
    /// To search it.
    Search,
}

/// Keeps keys of an index all of whose keys were made again, as long as its texts show every unit.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedText<'w> {
    /// The units that the index shows.
    pub witnesses: &'w Witnesses,
    /// What for.
    pub purpose: TextPurpose,
}

impl TextKey for VerifiedText<'_> {
    fn append_sort_key(
        &self,
        index: &IndexText,
        text: &[u8],
        room: usize,
        key: &mut Vec<u8>,
    ) -> FormatResult<KeyEnd> {
        let (stamp, is_foreign) = match index.standing() {
            Standing::Adopted(stamp) => (stamp, false),
            Standing::Foreign(stamp) => (stamp, true),
            _ if self.purpose == TextPurpose::Search => {
                return SearchedText.append_sort_key(index, text, room, key);
            }
            _ => return StoredText::default().append_sort_key(index, text, room, key),
        };
        if is_foreign && self.purpose == TextPurpose::Store {
            return Err(stale(index));
        }
        if let Some(unit) = self.witnesses.first_unknown(text) {
            return Err(uncertain(unit));
        }
        store_certain(made(index, text, room, key)?, &stamp)
    }
}

/// Keeps every key, for comparing with stored ones only.
#[derive(Clone, Copy, Debug, Default)]
pub struct ComparedText;

impl TextKey for ComparedText {
    fn append_sort_key(
        &self,
        index: &IndexText,
        text: &[u8],
        room: usize,
        key: &mut Vec<u8>,
    ) -> FormatResult<KeyEnd> {
        Ok(made(index, text, room, key)?.search())
    }
}

/// The one place where keys of indexes are made.
pub(super) fn made<'k>(
    index: &IndexText,
    text: &[u8],
    room: usize,
    key: &'k mut Vec<u8>,
) -> FormatResult<MadeKey<'k>> {
    if sort_key::are_here() {
        Ok(index.rules().make(text, room, key))
    } else {
        Err(not_supported(Problem::Unsupported("sort keys, which are switched off")))
    }
}

/// Keeps a key that is certain.
fn store_certain<S>(made: MadeKey<'_>, stamp: &S) -> FormatResult<KeyEnd>
where
    S: crate::sort_key::Stamp,
    crate::sort_key::Witnessed: Storable<S>,
    crate::sort_key::Published: Storable<S>,
{
    match made {
        MadeKey::Witnessed(key) => Ok(SortKey::store(key, stamp)),
        MadeKey::Published(key) => Ok(SortKey::store(key, stamp)),
        MadeKey::Uncertain(_, unit) => Err(uncertain(unit)),
    }
}

fn uncertain(unit: u16) -> FormatError {
    not_supported(Problem::UncertainText { unit })
}

fn not_supported(problem: Problem) -> FormatError {
    refused("key segment", problem, JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED)
}

fn stale(index: &IndexText) -> FormatError {
    let jet = if index.is_primary() {
        JetError::PRIMARY_INDEX_CORRUPTED
    } else {
        JetError::SECONDARY_INDEX_CORRUPTED
    };
    refused("key segment", Problem::Invalid("is of an index with sort keys of another version"), jet)
}
