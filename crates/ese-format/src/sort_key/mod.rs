//! Sort keys of UTF-16 text, as Windows' `LCMapStringEx(…, LCMAP_SORTKEY | flags, …)` makes them at NLS version 6.3.5
//! (spec 11).
//!
//! ```text
//! sort key   primary 01 diacritic 01 case 01 extra 01 special 00
//!
//! primary    SM AW of each weighted unit; SM AW DW of private use; FD FF AW DW of Han; 8 bytes of a cluster of jamo
//! diacritic  one byte of each weighted unit, 2 is none; what is none at the end is left out
//! case       the same; nothing at all if both case and width are ignored
//! extra      W4 FF W5 02 W6 FF W7 FF if the text has kana
//! special    position, AW, CW and DW of each hyphen, apostrophe or control character
//! ```
//!
//! [`SortRules`] make keys: one sort, one set of flags. What comes out is a [`MadeKey`] of one of three certainties, and
//! those are types: a [`SortKey`] of [`Uncertain`] text can be searched with and stored under the [`PrivateStamp`], but
//! there is no way to store it under the [`ExactStamp`], which promises Windows' own bytes.
//!
//! Invariants: a pure function of text, rules and room; bounded memory whatever the text; search keys and stored keys come
//! from the same function.

mod absence;
mod certainty;
mod extra;
mod jamo;
mod make;
mod number;
mod sorts;
mod stamp;
mod standing;
mod tables;
#[cfg(test)]
mod tests;
mod weight_list;
mod witnesses;

pub use absence::WithoutSortKeys;
pub use certainty::{Certainty, MadeKey, Published, SortKey, Storable, Uncertain, Witnessed};
pub use make::SortRules;
pub use stamp::{ExactStamp, PrivateStamp, RULES_VERSION, Stamp, WINDOWS_VERSION, Waived};
pub use standing::{AdoptedStamp, IndexText, Standing};

pub use witnesses::Witnesses;

pub(crate) use absence::are_here;

use crate::catalog::SortVersion;

const NONE: u8 = 0;
/// Units of the CJK scripts have a third primary byte.
const THREE_BYTES: u8 = 1;
/// Diacritics count from the end of the text.
const REVERSE_DIACRITICS: u8 = 2;
/// "ddz" counts as "dz" twice (Hungarian).
const DOUBLE_CONTRACTIONS: u8 = 4;
/// Small letters come after capitals (Latvian).
const INVERSE_CASING: u8 = 8;

/// Whether the library has a sort's exceptions and contractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tables {
    Here,
    LeftOut,
}

/// One of Windows' sorts: what all locales with the same SortID share.
#[derive(Debug, PartialEq, Eq)]
pub struct Sort {
    number: u8,
    locales: &'static [&'static str],
    peculiarities: u8,
    tables: Tables,
    heads: (u16, u16),
    casing: (u16, u16),
}

/// Bytes of a SortID behind its first field: `57EE-1E5C-00B4-D0000BB1E11E` in memory order.
const SORT_ID_TAIL: [u8; 12] = [0xEE, 0x57, 0x5C, 0x1E, 0x00, 0xB4, 0xD0, 0x00, 0x0B, 0xB1, 0xE1, 0x1E];

impl Sort {
    /// The sort of every locale that no other sort names, and of the invariant locale.
    #[must_use]
    pub fn default_sort() -> &'static Self {
        sorts::SORTS.first().expect("the generated list begins with sort 01")
    }

    /// The sort of a locale: of the longest beginning of its name that a sort lists (spec 11 §6).
    #[must_use]
    pub fn of_locale(name: &str) -> &'static Self {
        let mut name = name;
        loop {
            let listed = |sort: &&Sort| sort.locales.iter().any(|locale| locale.eq_ignore_ascii_case(name));
            if let Some(sort) = sorts::SORTS.iter().find(listed) {
                return sort;
            }
            match name.rsplit_once(['-', '_']) {
                Some((shorter, _)) => name = shorter,
                None => return Self::default_sort(),
            }
        }
    }

    /// All sorts.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        sorts::SORTS.iter()
    }

    /// The sort with this SortID.
    #[must_use]
    pub fn of_id(id: &[u8; 16]) -> Option<&'static Self> {
        Self::numbered(*id.first()?).filter(|sort| sort.id() == *id)
    }

    /// The sort with this number.
    fn numbered(number: u8) -> Option<&'static Self> {
        let place = usize::from(number.checked_sub(1)?);
        sorts::SORTS.get(place).filter(|sort| sort.number == number)
    }

    /// Its SortID in memory order.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        sort_id(self.number, [0; 3], SORT_ID_TAIL)
    }

    /// The beginnings of names of locales that it is the sort of; none for sorts that no name leads to, and for the default
    /// one.
    #[must_use]
    pub fn locales(&self) -> &'static [&'static str] {
        self.locales
    }

    /// Its number: the first field of its SortID.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Whether both SortIDs are the same to Windows (spec 11 §6: 49 and 4A).
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let class = |sort: &Self| if sort.number == 0x49 { 0x4A } else { sort.number };
        class(self) == class(other)
    }

    /// Whether keys of this sort can be Windows' at all: its tables are here and all its rules are known.
    #[must_use]
    pub fn is_known_whole(&self) -> bool {
        self.tables == Tables::Here && !self.has(DOUBLE_CONTRACTIONS) && !self.has(INVERSE_CASING)
    }

    /// The sort whose rules are really used for it.
    fn used(&'static self) -> &'static Self {
        match self.tables {
            Tables::Here => self,
            Tables::LeftOut => Self::default_sort(),
        }
    }

    fn has(&self, peculiarity: u8) -> bool {
        self.peculiarities & peculiarity != 0
    }
}

fn sort_id(first: u8, rest: [u8; 3], tail: [u8; 12]) -> [u8; 16] {
    let mut id = [0; 16];
    let (head, end) = id.split_at_mut(4);
    head.copy_from_slice(&[first, rest[0], rest[1], rest[2]]);
    end.copy_from_slice(&tail);
    id
}

/// Whether two stored versions are the same to Windows: all 64 bits, or both of one known family (spec 11 §7).
#[must_use]
pub fn is_same_version(one: SortVersion, other: SortVersion) -> bool {
    const FAMILIES: [&[u32]; 2] = [&[0x0006_0101, 0x0006_0102], &[0x0006_020D, 0x0006_020E, 0x0006_020F]];
    let nls = |version: SortVersion| u32::try_from(version.0 >> 32).unwrap_or_default();
    let related = |family: &&[u32]| family.contains(&nls(one)) && family.contains(&nls(other));
    one.0 != 0 && (one == other || FAMILIES.iter().any(related))
}
