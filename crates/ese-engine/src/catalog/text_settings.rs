//! What an instance says about the order of text: its default locale, and what is done about indexes whose order is
//! another Windows' (spec 11 §8).

use ese_format::catalog::{LCMAP_FLAGS_DEFAULT, LcMapFlags};
use ese_format::sort_key::Certainty;

/// What an instance that was told nothing sorts by.
pub const LOCALE_DEFAULT: &str = "en-US";

/// Which new indexes may have sort keys that are not certain to be Windows'. They get a stamp that no Windows trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PrivateIndexes {
    /// None: such an index is refused.
    Never,
    /// Secondary ones: they can be built again.
    #[default]
    Secondary,
    /// All.
    Always,
}

/// When the sort keys of stored indexes are looked at (JET_paramEnableIndexChecking).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum IndexChecking {
    /// Never.
    Off,
    /// When a database is attached.
    #[default]
    AtAttach,
    /// When a table is opened.
    AtTableOpen,
}

/// What an instance says about the order of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextSettings {
    /// Locale of indexes that name none (JET_paramUnicodeIndexDefault); empty for the invariant one.
    pub locale: String,
    /// Flags of indexes that give none.
    pub lcmap_flags: LcMapFlags,
    /// How certain keys have to be to be stored under Windows' stamp.
    pub certainty: Certainty,
    /// Which new indexes may be private.
    pub private_indexes: PrivateIndexes,
    /// When stored indexes are looked at.
    pub checking: IndexChecking,
}

impl Default for TextSettings {
    fn default() -> Self {
        Self {
            locale: LOCALE_DEFAULT.to_owned(),
            lcmap_flags: LCMAP_FLAGS_DEFAULT,
            certainty: Certainty::default(),
            private_indexes: PrivateIndexes::default(),
            checking: IndexChecking::default(),
        }
    }
}
