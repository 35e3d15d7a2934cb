//! What the API calls the flags of columns and indexes: `JET_bitColumn…` and `JET_bitIndex…` as the information calls
//! report them (spec 03 §8.5, §9.1).

use ese_format::catalog::{IndexDefinition, IndexFlags};
use ese_format::column_type::ColumnClass;
use ese_format::record::{ColumnDefinition, ColumnFlags};

bitflags::bitflags! {
    /// `JET_bitColumn…` of a column.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct ColumnGrbit: u32 {
        /// `JET_bitColumnFixed`
        const FIXED = 0x1;
        /// `JET_bitColumnTagged`
        const TAGGED = 0x2;
        /// `JET_bitColumnNotNULL`
        const NOT_NULL = 0x4;
        /// `JET_bitColumnVersion`
        const VERSION = 0x8;
        /// `JET_bitColumnAutoincrement`
        const AUTO_INCREMENT = 0x10;
        /// `JET_bitColumnUpdatable`: every information call reports it, creating ignores it.
        const UPDATABLE = 0x20;
        /// `JET_bitColumnTTKey`: part of a temporary table's key.
        const TEMPORARY_KEY = 0x40;
        /// `JET_bitColumnTTDescending`: in descending order there.
        const TEMPORARY_DESCENDING = 0x80;
        /// `JET_bitColumnMultiValued`
        const MULTI_VALUED = 0x400;
        /// `JET_bitColumnEscrowUpdate`
        const ESCROW_UPDATE = 0x800;
        /// `JET_bitColumnUnversioned`: visible to all when the call returns.
        const UNVERSIONED = 0x1000;
        /// `JET_bitColumnMaybeNull`
        const MAYBE_NULL = 0x2000;
        /// `JET_bitColumnFinalize`
        const FINALIZE = 0x4000;
        /// `JET_bitColumnUserDefinedDefault`
        const USER_DEFINED_DEFAULT = 0x8000;
        /// `JET_bitColumnDeleteOnZero`
        const DELETE_ON_ZERO = 0x2_0000;
        /// `JET_bitColumnCompressed`
        const COMPRESSED = 0x8_0000;
        /// `JET_bitColumnEncrypted`
        const ENCRYPTED = 0x10_0000;
        // Bits no column knows are ignored, not refused (spec 09 §10.3).
        const _ = !0;
    }

    /// `JET_bitIndex…` of an index.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct IndexGrbit: u32 {
        /// `JET_bitIndexUnique`
        const UNIQUE = 0x1;
        /// `JET_bitIndexPrimary`
        const PRIMARY = 0x2;
        /// `JET_bitIndexDisallowNull`
        const DISALLOW_NULL = 0x4;
        /// `JET_bitIndexIgnoreNull`
        const IGNORE_NULL = 0x8;
        /// `JET_bitIndexIgnoreAnyNull`
        const IGNORE_ANY_NULL = 0x20;
        /// `JET_bitIndexIgnoreFirstNull`
        const IGNORE_FIRST_NULL = 0x40;
        /// `JET_bitIndexEmpty`: no entries are built.
        const EMPTY = 0x100;
        /// `JET_bitIndexUnversioned`: visible to all when the call returns.
        const UNVERSIONED = 0x200;
        /// `JET_bitIndexSortNullsHigh`
        const SORT_NULLS_HIGH = 0x400;
        /// `JET_bitIndexUnicode`: a locale is given.
        const UNICODE = 0x800;
        /// `JET_bitIndexTuples`
        const TUPLES = 0x1000;
        /// `JET_bitIndexTupleLimits`: limits of a tuple index are given.
        const TUPLE_LIMITS = 0x2000;
        /// `JET_bitIndexCrossProduct`
        const CROSS_PRODUCT = 0x4000;
        /// `JET_bitIndexKeyMost`
        const KEY_MOST = 0x8000;
        /// `JET_bitIndexDisallowTruncation`
        const DISALLOW_TRUNCATION = 0x1_0000;
        /// `JET_bitIndexNestedTable`
        const NESTED_TABLE = 0x2_0000;
        /// `JET_bitIndexDotNetGuid`
        const DOT_NET_GUID = 0x4_0000;
        /// `JET_bitIndexDeferredPopulateCreate`
        const DEFERRED_POPULATE_CREATE = 0x10_0000;
        /// `JET_bitIndexOptionallyUnique`
        const OPTIONALLY_UNIQUE = 0x40_0000;
        // Bits no index knows are ignored, not refused (spec 09 §10.6).
        const _ = !0;
    }

    /// `JET_bitTableCreate…`
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct TableCreateGrbit: u32 {
        /// `JET_bitTableCreateFixedDDL`
        const FIXED_DDL = 0x1;
        /// `JET_bitTableCreateTemplateTable`
        const TEMPLATE = 0x2;
        /// `JET_bitTableCreateNoFixedVarColumnsInDerivedTables`: never implemented anywhere.
        const NO_FIXED_OR_VARIABLE_COLUMNS_IN_DERIVED = 0x4;
        /// `JET_bitTableCreateImmutableStructure`: the caller's structure is not written.
        const IMMUTABLE_STRUCTURE = 0x8;
        /// `JET_bitTableCreateSystemTable`: for the engine alone.
        const SYSTEM = 0x8000_0000;
        const _ = !0;
    }

    /// `JET_bitTable…` of an open call.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct TableOpenGrbit: u32 {
        /// `JET_bitTableDenyWrite`
        const DENY_WRITE = 0x1;
        /// `JET_bitTableDenyRead`
        const DENY_READ = 0x2;
        /// `JET_bitTableReadOnly`
        const READ_ONLY = 0x4;
        /// Also where text is sorted by another version of Windows, whose keys are like ours.
        const ALLOW_OUT_OF_DATE = 0x100;
        /// `JET_bitTableUpdatable`
        const UPDATABLE = 0x8;
        /// `JET_bitTablePermitDDL`
        const PERMIT_DDL = 0x10;
        /// `JET_bitTableDelete`: for the engine alone.
        const DELETE = 0x1000_0000;
        /// `JET_bitTableCreate`: for the engine alone.
        const CREATE = 0x2000_0000;
        const _ = !0;
    }
}

/// Key bytes of an index whose row names no other maximum; only larger ones are reported (spec 03 §9.1).
const KEY_MOST_DEFAULT: u16 = 255;

impl ColumnGrbit {
    /// What `JetGetColumnInfo` reports of a column.
    #[must_use]
    pub fn of(column: &ColumnDefinition) -> Self {
        let class = match column.location.class() {
            ColumnClass::Fixed => Self::FIXED,
            ColumnClass::Variable => Self::empty(),
            ColumnClass::Tagged => Self::TAGGED,
        };
        let pairs = [
            (ColumnFlags::NOT_NULL, Self::NOT_NULL),
            (ColumnFlags::VERSION, Self::VERSION),
            (ColumnFlags::AUTO_INCREMENT, Self::AUTO_INCREMENT),
            (ColumnFlags::MULTI_VALUED, Self::MULTI_VALUED),
            (ColumnFlags::ESCROW_UPDATE, Self::ESCROW_UPDATE),
            (ColumnFlags::FINALIZE, Self::FINALIZE),
            (ColumnFlags::USER_DEFINED_DEFAULT, Self::USER_DEFINED_DEFAULT),
            (ColumnFlags::DELETE_ON_ZERO, Self::DELETE_ON_ZERO),
            (ColumnFlags::COMPRESSED, Self::COMPRESSED),
            (ColumnFlags::ENCRYPTED, Self::ENCRYPTED),
        ];
        let has = |flag| column.flags.contains(flag);
        pairs.into_iter().filter(|(flag, _)| has(*flag)).fold(class, |grbit, (_, bit)| grbit | bit)
    }
}

impl IndexGrbit {
    /// What `JetGetIndexInfo` reports of an index.
    #[must_use]
    pub fn of(index: &IndexDefinition) -> Self {
        let flags = index.row.flags.when_loaded();
        let has = |flag| flags.contains(flag);
        let mut grbit = Self::empty();
        grbit.set(Self::PRIMARY | Self::UNIQUE, has(IndexFlags::PRIMARY));
        grbit.set(Self::UNIQUE, has(IndexFlags::UNIQUE) || has(IndexFlags::PRIMARY));
        grbit.set(Self::TUPLES, index.row.tuple_limits.is_some());
        grbit.set(Self::CROSS_PRODUCT, has(IndexFlags::CROSS_PRODUCT));
        grbit.set(Self::NESTED_TABLE, has(IndexFlags::NESTED_TABLE));
        grbit.set(Self::DOT_NET_GUID, has(IndexFlags::DOT_NET_GUID));
        grbit.set(Self::DEFERRED_POPULATE_CREATE, has(IndexFlags::DEFERRED_POPULATE));
        grbit.set(Self::DISALLOW_TRUNCATION, has(IndexFlags::NO_TRUNCATION));
        grbit.set(Self::KEY_MOST, index.row.key_most.is_some_and(|most| most > KEY_MOST_DEFAULT));
        if has(IndexFlags::NO_NULL_SEGMENT) {
            return grbit | Self::DISALLOW_NULL;
        }
        grbit.set(Self::IGNORE_NULL, !has(IndexFlags::ALLOW_ALL_NULLS));
        grbit.set(Self::IGNORE_FIRST_NULL, !has(IndexFlags::ALLOW_FIRST_NULL));
        grbit.set(Self::IGNORE_ANY_NULL, !has(IndexFlags::ALLOW_SOME_NULLS));
        grbit.set(Self::SORT_NULLS_HIGH, has(IndexFlags::NULLS_HIGH));
        grbit
    }
}
