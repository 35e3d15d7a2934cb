//! What an index says about who made its sort keys: sort version and SortID (spec 11 §8.1, §8.2).

use super::{Certainty, Sort, sort_id};
use crate::catalog::{LcMapFlags, SortVersion};

/// Windows' version that the tables are of, in both halves: 6.3.5, Windows 10 2004 to 22H2.
pub const WINDOWS_VERSION: SortVersion = SortVersion(0x0006_0305_0006_0305);

/// The version of our own rules where they are not certain to be Windows'. To be changed whenever they change a key.
pub const RULES_VERSION: SortVersion = SortVersion(0x7E06_0305_7E06_0305);

/// Bytes of a private SortID behind its first field.
const PRIVATE_ID_TAIL: [u8; 12] = [0x65, 0x73, 0x74, 0x6E, 0, 0, 0, 0, 0, 0, 0, 0];

pub(super) mod sealed {
    pub trait Sealed {}
    impl Sealed for super::ExactStamp {}
    impl Sealed for super::PrivateStamp {}
    impl<S: super::Stamp> Sealed for super::Waived<S> {}
}

/// A stamp on an index.
pub trait Stamp: sealed::Sealed {
    /// `Version` of the catalog row.
    fn version(&self) -> SortVersion;
    /// `SortID` of the catalog row, in memory order.
    fn sort_id(&self) -> [u8; 16];
}

/// Windows' stamp: the keys are Windows' own, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExactStamp {
    sort: &'static Sort,
}

impl ExactStamp {
    /// For an index of this sort with these flags; `None` where the rules are not certain.
    #[must_use]
    pub fn new(sort: &'static Sort, flags: LcMapFlags) -> Option<Self> {
        let certain = LcMapFlags::SORT_KEY
            | LcMapFlags::IGNORE_CASE
            | LcMapFlags::IGNORE_NON_SPACE
            | LcMapFlags::IGNORE_SYMBOLS
            | LcMapFlags::STRING_SORT
            | LcMapFlags::IGNORE_KANA_TYPE
            | LcMapFlags::IGNORE_WIDTH
            | LcMapFlags::LINGUISTIC_CASING;
        (sort.is_known_whole() && certain.contains(flags)).then_some(Self { sort })
    }

    /// The sort.
    pub(super) fn sort(&self) -> &'static Sort {
        self.sort
    }
}

impl Stamp for ExactStamp {
    fn version(&self) -> SortVersion {
        WINDOWS_VERSION
    }

    fn sort_id(&self) -> [u8; 16] {
        self.sort.id()
    }
}

/// A stamp for which somebody gave up, in so many words, that all keys are certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waived<S> {
    stamp: S,
}

impl<S: Stamp> Waived<S> {
    /// The stamp, where `needed` asks for no certainty at all.
    #[must_use]
    pub fn by(stamp: S, needed: Certainty) -> Option<Self> {
        (needed == Certainty::Uncertain).then_some(Self { stamp })
    }
}

impl<S: Stamp> Stamp for Waived<S> {
    fn version(&self) -> SortVersion {
        self.stamp.version()
    }

    fn sort_id(&self) -> [u8; 16] {
        self.stamp.sort_id()
    }
}

/// Our own stamp: no Windows trusts the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivateStamp {
    used: &'static Sort,
}

impl PrivateStamp {
    /// For an index of this sort.
    #[must_use]
    pub fn new(sort: &'static Sort) -> Self {
        Self { used: sort.used() }
    }

    /// The one with this SortID.
    #[must_use]
    pub fn of_id(id: &[u8; 16]) -> Option<Self> {
        let used = Sort::numbered(*id.last()?)?;
        let stamp = Self { used };
        (stamp.sort_id() == *id).then_some(stamp)
    }

    /// The sort whose rules are used.
    pub(super) fn sort(&self) -> &'static Sort {
        self.used
    }
}

impl Stamp for PrivateStamp {
    fn version(&self) -> SortVersion {
        RULES_VERSION
    }

    fn sort_id(&self) -> [u8; 16] {
        // {6C696265-7365-6E74-0000-0000000000NN}
        let mut id = sort_id(0x65, [0x62, 0x69, 0x6C], PRIVATE_ID_TAIL);
        if let Some(last) = id.last_mut() {
            *last = self.used.number();
        }
        id
    }
}
