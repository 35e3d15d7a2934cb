//! The option bits of the cursor and record calls, with their numbers in the C API (facts/bits.csv). Bits that are not
//! named here are kept as they came; what an unknown bit means is said by each call (spec 09 §7–§9).

bitflags::bitflags! {
    /// Options of [`Cursor::make_key`](super::Cursor::make_key).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct MakeKeyGrbit: u32 {
        /// Forget the key so far.
        const NEW_KEY = 0x1;
        /// The key ends where all keys that begin like it end (old name; partial for Binary).
        const STR_LIMIT = 0x2;
        /// The key ends where all keys whose last text begins like it end (old name).
        const SUB_STR_LIMIT = 0x4;
        /// The data is a complete normalised key.
        const NORMALIZED_KEY = 0x8;
        /// No data means a value of no bytes, not NULL.
        const KEY_DATA_ZERO_LENGTH = 0x10;
        /// The placeholder column of the primary index is given like any other.
        const KEY_OVERRIDE_PRIMARY_INDEX_PLACEHOLDER = 0x20;
        /// Start of all keys that begin with the columns so far.
        const FULL_COLUMN_START_LIMIT = 0x100;
        /// End of all keys that begin with the columns so far.
        const FULL_COLUMN_END_LIMIT = 0x200;
        /// Start of all keys whose last column begins like this one.
        const PARTIAL_COLUMN_START_LIMIT = 0x400;
        /// End of all keys whose last column begins like this one.
        const PARTIAL_COLUMN_END_LIMIT = 0x800;
        const _ = !0;
    }

    /// Options of [`Cursor::seek`](super::Cursor::seek).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct SeekGrbit: u32 {
        /// An entry with this key.
        const EQ = 0x1;
        /// The last entry below it.
        const LT = 0x2;
        /// An entry with this key, else the last below it.
        const LE = 0x4;
        /// An entry with this key, else the first above it.
        const GE = 0x8;
        /// The first entry above it.
        const GT = 0x10;
        /// With `EQ`: an index range over the entries with this key.
        const SET_INDEX_RANGE = 0x20;
        /// With `EQ`: say if it is the only one.
        const CHECK_UNIQUENESS = 0x40;
        const _ = !0;
    }

    /// Options of [`Cursor::set_index_range`](super::Cursor::set_index_range).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct RangeGrbit: u32 {
        /// Entries with the limit's key are inside.
        const INCLUSIVE = 0x1;
        /// The limit is an upper one.
        const UPPER_LIMIT = 0x2;
        /// Only test the current entry.
        const INSTANT_DURATION = 0x4;
        /// Remove the range.
        const REMOVE = 0x8;
        const _ = !0;
    }

    /// Options of [`Cursor::move_by`](super::Cursor::move_by).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct MoveGrbit: u32 {
        /// Each step goes to another key.
        const KEY_NE = 0x1;
        const _ = !0;
    }

    /// Options of [`Cursor::go_to_secondary_bookmark`](super::Cursor::go_to_secondary_bookmark).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct BookmarkGrbit: u32 {
        /// Where there is no such entry, the cursor goes to its place all the same.
        const PERMIT_VIRTUAL_CURRENCY = 0x1;
        const _ = !0;
    }

    /// Options of [`Cursor::get_lock`](super::Cursor::get_lock).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct LockGrbit: u32 {
        /// Others may not write.
        const READ = 0x1;
        /// Others may neither write nor lock.
        const WRITE = 0x2;
        /// The place of the search key instead of the current record.
        const KEY = 0x4;
        const _ = !0;
    }

    /// Options of [`Cursor::escrow_update`](super::Cursor::escrow_update).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct EscrowGrbit: u32 {
        /// Final at once, whatever becomes of the transaction.
        const NO_ROLLBACK = 0x1;
        const _ = !0;
    }

    /// Options of [`Cursor::set_column`](super::Cursor::set_column).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct SetGrbit: u32 {
        /// The data goes behind the value.
        const APPEND_LV = 0x1;
        /// The data goes over the value from an offset on.
        const OVERWRITE_LV = 0x4;
        /// The value is cut or extended.
        const SIZE_LV = 0x8;
        /// No data means a value of no bytes, not NULL.
        const ZERO_LENGTH = 0x20;
        /// The value goes to the long-value tree if it is longer than a reference to it.
        const SEPARATE_LV = 0x40;
        /// The value must differ from the column's others.
        const UNIQUE_MULTI_VALUES = 0x80;
        /// The value must differ from the column's others as index keys do.
        const UNIQUE_NORMALIZED_MULTI_VALUES = 0x100;
        /// NULL means that the column has its default.
        const REVERT_TO_DEFAULT_VALUE = 0x200;
        /// The value stays in the record if it can.
        const INTRINSIC_LV = 0x400;
        /// The value is not compressed.
        const UNCOMPRESSED = 0x1_0000;
        /// The value is compressed.
        const COMPRESSED = 0x2_0000;
        /// The value gets pages in a row.
        const CONTIGUOUS_LV = 0x4_0000;
        const _ = !0;
    }

    /// Options of [`Cursor::update`](super::Cursor::update).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct UpdateGrbit: u32 {
        /// The record must fit the format before Windows XP.
        const CHECK_ESE97_COMPATIBILITY = 0x1;
        /// No version is made: final at once.
        const NO_VERSION = 0x2;
        /// Indexes that are optionally unique are unique for this update.
        const ENFORCE_OPTIONALLY_UNIQUE_INDICES = 0x4;
        const _ = !0;
    }

    /// Options of [`Cursor::retrieve_column`](super::Cursor::retrieve_column).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct RetrieveGrbit: u32 {
        /// From the copy buffer where an update is prepared.
        const COPY = 0x1;
        /// From the key of the current entry.
        const FROM_INDEX = 0x2;
        /// From the bookmark of the record.
        const FROM_PRIMARY_BOOKMARK = 0x4;
        /// Say which value of a multi-valued column the entry stands for.
        const TAG = 0x8;
        /// Count explicit NULLs.
        const NULL = 0x10;
        /// A column that only has its default is NULL.
        const IGNORE_DEFAULT = 0x20;
        /// The identifier of a separated value.
        const LONG_ID = 0x40;
        /// The reference count of a separated value.
        const LONG_VALUE_REF_COUNT = 0x80;
        /// Allow the first column of a tuple index.
        const TUPLE = 0x800;
        /// The number of the record's page.
        const PAGE_NUMBER = 0x1000;
        /// Bytes still free in the copy buffer.
        const COPY_INTRINSIC = 0x2000;
        /// Read ahead, return nothing.
        const PREREAD_ONLY = 0x4000;
        /// With the last: as much of it as there is.
        const PREREAD_MANY = 0x8000;
        /// Bytes the value takes where it is stored.
        const PHYSICAL_SIZE = 0x1_0000;
        /// A reference where the value is not in the record.
        const AS_REF_IF_NOT_IN_RECORD = 0x2_0000;
        const _ = !0;
    }

    /// Options of [`Cursor::enumerate_columns`](super::Cursor::enumerate_columns).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct EnumerateGrbit: u32 {
        /// From the copy buffer where an update is prepared.
        const COPY = 0x1;
        /// Leave tagged columns out that only have their default.
        const IGNORE_DEFAULT = 0x20;
        /// Internal.
        const LOCAL = 0x1_0000;
        /// Which values there are, not what they are.
        const PRESENCE_ONLY = 0x2_0000;
        /// Tagged columns only.
        const TAGGED_ONLY = 0x4_0000;
        /// A column with one value is given without a list.
        const COMPRESS_OUTPUT = 0x8_0000;
        /// Leave defaults out that come from callbacks.
        const IGNORE_USER_DEFINED_DEFAULT = 0x10_0000;
        /// Separated values are not read.
        const IN_RECORD_ONLY = 0x20_0000;
        /// References where values are not in the record.
        const AS_REF_IF_NOT_IN_RECORD = 0x40_0000;
        const _ = !0;
    }

    /// Options of [`Cursor::record_size`](super::Cursor::record_size).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct RecordSizeGrbit: u32 {
        /// Of the copy buffer.
        const IN_COPY_BUFFER = 0x1;
        /// Added to what the caller has (the C face does that).
        const RUNNING_TOTAL = 0x2;
        /// Leave separated values out.
        const LOCAL = 0x4;
    }
}

/// What [`Cursor::prepare`](super::Cursor::prepare) prepares (`JET_prep…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepare {
    /// A new record.
    Insert,
    /// A change of the current record, which is locked at once.
    Replace,
    /// The end of what was prepared.
    Cancel,
    /// A change of the current record, which is locked by the update.
    ReplaceNoLock,
    /// A new record that begins as a copy of the current one.
    InsertCopy,
    /// As [`Self::InsertCopy`], and the update deletes the current one.
    InsertCopyDeleteOriginal,
    /// A copy to read from.
    ReadOnlyCopy,
    /// As [`Self::InsertCopyDeleteOriginal`] with the same autoincrement value: how a primary key changes.
    InsertCopyReplaceOriginal,
    /// As [`Self::Insert`], with the autoincrement value left to the caller.
    InsertMustSetAutoIncrement,
}

impl Prepare {
    /// The one with this number in the C API.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Some(match code {
            0 => Self::Insert,
            2 => Self::Replace,
            3 => Self::Cancel,
            4 => Self::ReplaceNoLock,
            5 => Self::InsertCopy,
            7 => Self::InsertCopyDeleteOriginal,
            8 => Self::ReadOnlyCopy,
            9 => Self::InsertCopyReplaceOriginal,
            10 => Self::InsertMustSetAutoIncrement,
            _ => return None,
        })
    }
}
