//! Flags of table and index rows (spec 03 §7, §9.1).

bitflags::bitflags! {
    /// `Flags` of a table row.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct TableFlags: u32 {
        /// A system table (`JET_bitObjectSystem`).
        const SYSTEM = 0x8000_0000;
        /// No columns or indexes may be added or deleted (`JET_bitObjectTableFixedDDL`).
        const FIXED_DDL = 0x4000_0000;
        /// A template table; always with [`Self::FIXED_DDL`].
        const TEMPLATE = 0x2000_0000;
        /// Derived from a template table.
        const DERIVED = 0x1000_0000;
        /// With [`Self::SYSTEM`]: created like any other table.
        const SYSTEM_DYNAMIC = 0x0800_0000;
        /// Derived tables may have tagged columns only.
        const NO_FIXED_OR_VARIABLE_COLUMNS_IN_DERIVED = 0x0400_0000;
        const _ = !0;
    }

    /// `Flags` of an index row: the low word is known as fidb, the high word as fIDX.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct IndexFlags: u32 {
        /// No two entries with equal keys.
        const UNIQUE = 0x0001;
        /// A record whose key segments are all NULL has an entry.
        const ALLOW_ALL_NULLS = 0x0002;
        /// A record whose first key segment is NULL has an entry.
        const ALLOW_FIRST_NULL = 0x0004;
        /// A record with some NULL key segment has an entry.
        const ALLOW_SOME_NULLS = 0x0008;
        /// A NULL key segment is an error.
        const NO_NULL_SEGMENT = 0x0010;
        /// The primary index.
        const PRIMARY = 0x0020;
        /// The caller named a locale.
        const LOCALE_SET = 0x0040;
        /// Some key column is multi-valued.
        const MULTI_VALUED = 0x0080;
        /// Belongs to a template table.
        const TEMPLATE = 0x0100;
        /// Inherited from the template table.
        const DERIVED = 0x0200;
        /// Some key column is UTF-16 text.
        const LOCALIZED_TEXT = 0x0400;
        /// NULL sorts after all values.
        const NULLS_HIGH = 0x0800;
        /// Obsolete; ignored.
        const UNICODE_FIXUP = 0x1000;
        /// All combinations of the values of multi-valued columns have entries.
        const CROSS_PRODUCT = 0x2000;
        /// A key that had to be cut is an error.
        const NO_TRUNCATION = 0x4000;
        /// Values of multi-valued columns go together by their place.
        const NESTED_TABLE = 0x8000;
        /// Segment arrays have the 4-byte form; always set when writing.
        const EXTENDED_SEGMENTS = 0x0001_0000;
        /// GUIDs sort as .NET does.
        const DOT_NET_GUID = 0x0002_0000;
        /// Not completely built; must not be used.
        const DEFERRED_POPULATE = 0x0004_0000;
        /// Optionally unique.
        const OPTIONALLY_UNIQUE = 0x0008_0000;
        const _ = !0;
    }
}

impl IndexFlags {
    /// The flags with those put right that follow from others: an index without entries for a NULL first segment has
    /// none for all-NULL keys (spec 03 §9.1).
    #[must_use]
    pub fn when_loaded(self) -> Self {
        if self.contains(Self::ALLOW_FIRST_NULL) { self } else { self.difference(Self::ALLOW_ALL_NULLS) }
    }
}
