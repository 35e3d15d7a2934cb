//! How certain a sort key is to be the one that Windows makes (spec 11 §0), as types.
//!
//! ```text
//! Witnessed   level A   keys in real database files show it
//! Published   level B   Microsoft's table; the rule in two sources that agree
//! Uncertain   level C   one source only, or sources that differ
//! ```

use std::marker::PhantomData;

use super::stamp::{ExactStamp, PrivateStamp, Stamp, Waived};
use super::standing::AdoptedStamp;
use crate::key::KeyEnd;

/// All units are among those that real index keys show.
#[derive(Debug)]
pub enum Witnessed {}

/// All units and rules are published and confirmed.
#[derive(Debug)]
pub enum Published {}

/// Some unit or rule is not certain.
#[derive(Debug)]
pub enum Uncertain {}

/// How certain a key has to be to be stored under Windows' stamp (spec 11 §8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Certainty {
    /// Level A alone.
    Witnessed,
    /// Levels A and B.
    #[default]
    Published,
    /// Any key: a Windows may then read an index whose keys are not its own.
    Uncertain,
}

/// A certainty that is enough for a stamp.
pub trait Storable<S: Stamp> {}

impl Storable<ExactStamp> for Witnessed {}
impl Storable<ExactStamp> for Published {}
impl Storable<AdoptedStamp> for Witnessed {}
impl Storable<AdoptedStamp> for Published {}
impl Storable<PrivateStamp> for Witnessed {}
impl Storable<PrivateStamp> for Published {}
impl Storable<PrivateStamp> for Uncertain {}
impl<S: Stamp> Storable<Waived<S>> for Uncertain {}

/// A sort key at the end of a buffer, of certainty `C`. It goes away again unless [`Self::store`] or [`Self::search`] keeps
/// it.
///
/// A key of uncertain text is not stored under Windows' stamp:
///
/// ```compile_fail,E0277
/// use ese_format::sort_key::{ExactStamp, SortKey, Uncertain};
/// fn store(key: SortKey<'_, Uncertain>, stamp: &ExactStamp) {
///     key.store(stamp);
/// }
/// ```
/// Any other is:
/// ```
/// use ese_format::sort_key::{ExactStamp, Published, SortKey};
/// fn store(key: SortKey<'_, Published>, stamp: &ExactStamp) {
///     key.store(stamp);
/// }
/// ```
#[derive(Debug)]
pub struct SortKey<'k, C> {
    buffer: &'k mut Vec<u8>,
    /// Where what goes away begins.
    kept: usize,
    end: KeyEnd,
    certainty: PhantomData<C>,
}

impl<'k, C> SortKey<'k, C> {
    pub(super) fn new(buffer: &'k mut Vec<u8>, start: usize, end: KeyEnd) -> Self {
        Self { buffer, kept: start, end, certainty: PhantomData }
    }

    /// Keeps the key for an index with this stamp.
    pub fn store<S: Stamp>(self, _stamp: &S) -> KeyEnd
    where
        C: Storable<S>,
    {
        self.keep()
    }

    /// Keeps the key to search with: a wrong one finds nothing, and harms nothing.
    pub fn search(self) -> KeyEnd {
        self.keep()
    }

    fn keep(mut self) -> KeyEnd {
        self.kept = self.buffer.len();
        self.end
    }
}

impl<C> Drop for SortKey<'_, C> {
    fn drop(&mut self) {
        self.buffer.truncate(self.kept);
    }
}

/// A sort key of whatever certainty its text allows.
#[derive(Debug)]
pub enum MadeKey<'k> {
    /// Level A.
    Witnessed(SortKey<'k, Witnessed>),
    /// Level B.
    Published(SortKey<'k, Published>),
    /// Level C, and the first unit that makes it so.
    Uncertain(SortKey<'k, Uncertain>, u16),
}

impl MadeKey<'_> {
    /// Keeps the key to search with.
    pub fn search(self) -> KeyEnd {
        match self {
            Self::Witnessed(key) => key.search(),
            Self::Published(key) => key.search(),
            Self::Uncertain(key, _) => key.search(),
        }
    }

    /// Keeps the key for an index with the private stamp.
    pub fn store_private(self, stamp: &PrivateStamp) -> KeyEnd {
        match self {
            Self::Witnessed(key) => key.store(stamp),
            Self::Published(key) => key.store(stamp),
            Self::Uncertain(key, _) => key.store(stamp),
        }
    }
}

/// The level as the loop over the units keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Witnessed,
    Published,
    Uncertain,
}
