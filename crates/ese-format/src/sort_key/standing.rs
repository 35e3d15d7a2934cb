//! How far an index can be used, by its stamp (spec 11 §8.4).

use super::stamp::sealed::Sealed;
use super::{ExactStamp, PrivateStamp, RULES_VERSION, Sort, SortRules, Stamp, WINDOWS_VERSION};
use crate::catalog::{IndexFlags, IndexRow, LcMapFlags, SortVersion};

/// The oldest version whose keys look like ours: 6.2.
const NLS_OLDEST: u32 = 0x0006_0200;
/// Versions that are adopted: their keys were seen to be ours.
const NLS_ADOPTED: [u32; 3] = [0x0006_020D, 0x0006_020E, 0x0006_020F];

/// The stamp of a Windows whose tables are not ours, on an index whose keys were found to be ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdoptedStamp {
    version: SortVersion,
    sort: &'static Sort,
}

impl Sealed for AdoptedStamp {}

impl Stamp for AdoptedStamp {
    fn version(&self) -> SortVersion {
        self.version
    }

    fn sort_id(&self) -> [u8; 16] {
        self.sort.id()
    }
}

/// Who made the keys of an index, and what that allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Windows' version and ours: everything, for text that is certain.
    Exact(ExactStamp),
    /// Our own: everything.
    Private(PrivateStamp),
    /// A related version of Windows: once the index is verified, everything with text that it shows.
    Adopted(AdoptedStamp),
    /// Another version of Windows: reading; once the index is verified, seeks for text that it shows.
    Foreign(AdoptedStamp),
    /// Windows' version and ours, but a sort or flags whose keys are not certain: reading only.
    Unmade,
    /// Nobody knows: reading only.
    Bad,
}

impl Standing {
    /// Of a stored stamp, for an index with these flags.
    #[must_use]
    pub fn of(version: Option<SortVersion>, id: Option<&[u8; 16]>, flags: LcMapFlags) -> Self {
        let (Some(version), Some(id)) = (version, id) else { return Self::Bad };
        if version == RULES_VERSION {
            let private = PrivateStamp::of_id(id);
            return private.map_or(Self::Bad, Self::Private);
        }
        let Some(sort) = Sort::of_id(id) else { return Self::Bad };
        let nls = u32::try_from(version.0 >> 32).unwrap_or_default();
        match ExactStamp::new(sort, flags) {
            Some(exact) if version == WINDOWS_VERSION => return Self::Exact(exact),
            None if version == WINDOWS_VERSION => return Self::Unmade,
            None => return Self::Bad,
            Some(_) => {}
        }
        let stamp = AdoptedStamp { version, sort };
        let is_default = sort.is_same_as(Sort::default_sort());
        match nls {
            _ if NLS_ADOPTED.contains(&nls)
                && (is_default || sort.number() == 0x49 || sort.number() == 0x4A) =>
            {
                Self::Adopted(stamp)
            }
            // Windows' versions; ours have another first byte.
            NLS_OLDEST..0x0100_0000 => Self::Foreign(stamp),
            _ => Self::Bad,
        }
    }

    /// Whether an index of this standing counts as up to date when its database is attached (spec 11 §8.4).
    #[must_use]
    pub fn is_up_to_date(&self) -> bool {
        matches!(self, Self::Exact(_) | Self::Private(_) | Self::Adopted(_) | Self::Unmade)
    }

    /// The word for it in messages.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Exact(_) => "exact",
            Self::Private(_) => "private",
            Self::Adopted(_) => "adopted",
            Self::Foreign(_) => "foreign",
            Self::Unmade => "not certain",
            Self::Bad => "unknown",
        }
    }
}

/// How the text columns of an index become keys.
#[derive(Clone, Copy, Debug)]
pub struct IndexText {
    rules: SortRules,
    standing: Standing,
    is_primary: bool,
}

impl Default for IndexText {
    /// The default sort and flags, under our own stamp: what orders text that no file keeps.
    fn default() -> Self {
        Self::unstored("", crate::catalog::LCMAP_FLAGS_DEFAULT)
    }
}

impl IndexText {
    /// Of an index row.
    #[must_use]
    pub fn of_row(row: &IndexRow) -> Self {
        let flags = row.lcmap_flags();
        let standing = Standing::of(row.sort_version, row.sort_id.as_ref(), flags);
        let sort = match &standing {
            Standing::Exact(stamp) => stamp.sort(),
            Standing::Private(stamp) => stamp.sort(),
            Standing::Adopted(stamp) | Standing::Foreign(stamp) => stamp.sort,
            Standing::Unmade | Standing::Bad => Sort::default_sort(),
        };
        let is_primary = row.flags.contains(IndexFlags::PRIMARY);
        Self { rules: SortRules::new(sort, flags), standing, is_primary }
    }

    /// Of text that is sorted without being stored in a database.
    #[must_use]
    pub fn unstored(locale: &str, flags: LcMapFlags) -> Self {
        let sort = Sort::of_locale(locale);
        let standing = Standing::Private(PrivateStamp::new(sort));
        Self { rules: SortRules::new(sort, flags), standing, is_primary: false }
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &SortRules {
        &self.rules
    }

    /// Who made its keys.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Whether it is the primary index.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.is_primary
    }
}
