//! What is known of one column, and where it lies in a record.

use crate::column_type::{CodePage, ColumnClass, ColumnId, ColumnType};

bitflags::bitflags! {
    /// Persisted flags of a column (spec 03 §8.5).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct ColumnFlags: u32 {
        /// NULL is refused.
        const NOT_NULL = 0x0001;
        /// Goes up by one with each replace.
        const VERSION = 0x0002;
        /// Numbered by the engine.
        const AUTO_INCREMENT = 0x0004;
        /// May hold several values.
        const MULTI_VALUED = 0x0008;
        /// Has a default value.
        const DEFAULT = 0x0010;
        /// Changed in place by delta operations.
        const ESCROW_UPDATE = 0x0020;
        /// A callback runs when it reaches zero.
        const FINALIZE = 0x0040;
        /// The default comes from a callback.
        const USER_DEFINED_DEFAULT = 0x0080;
        /// Belongs to a template table; derived records mark its tagged values.
        const TEMPLATE_COLUMN = 0x0100;
        /// The record goes when it reaches zero.
        const DELETE_ON_ZERO = 0x0200;
        /// Stands in the primary index for a column that is gone.
        const PRIMARY_INDEX_PLACEHOLDER = 0x0800;
        /// Values are compressed.
        const COMPRESSED = 0x1000;
        /// Values are encrypted.
        const ENCRYPTED = 0x2000;
        const _ = !0;
    }
}

/// Where in a record a column is found. Sizes and offsets in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnLocation {
    /// A slot at a fixed place, counted from the start of the record.
    Fixed {
        /// FID, 1..=127.
        fid: u8,
        /// Offset of the slot.
        offset: u16,
        /// Size of the slot.
        size: u16,
    },
    /// An entry of the variable area.
    Variable {
        /// FID, 128..=255.
        fid: u8,
    },
    /// An entry of the tagged area, if the record has one.
    Tagged {
        /// FID, 256 and up.
        fid: u16,
        /// Whether the entry carries the derived bit: template columns in records of a derived table.
        derived: bool,
    },
}

impl ColumnLocation {
    /// The FID.
    #[must_use]
    pub fn fid(self) -> u16 {
        match self {
            Self::Fixed { fid, .. } | Self::Variable { fid } => u16::from(fid),
            Self::Tagged { fid, .. } => fid,
        }
    }

    /// The storage class.
    #[must_use]
    pub fn class(self) -> ColumnClass {
        match self {
            Self::Fixed { .. } => ColumnClass::Fixed,
            Self::Variable { .. } => ColumnClass::Variable,
            Self::Tagged { .. } => ColumnClass::Tagged,
        }
    }
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Identifier as the API knows it.
    pub id: ColumnId,
    /// Name, bytes of code page 1252.
    pub name: Vec<u8>,
    /// Type; [`ColumnType::Nil`] for a deleted column that still has a slot.
    pub column_type: ColumnType,
    /// Where it lies in a record.
    pub location: ColumnLocation,
    /// Most bytes of a value, 0 for no limit.
    pub bytes_max: u32,
    /// Flags.
    pub flags: ColumnFlags,
    /// Code page of text.
    pub code_page: CodePage,
    /// The default value as a record would hold it, where the column has one.
    pub default: Option<Vec<u8>>,
}

impl ColumnDefinition {
    /// Whether the column was deleted and only its place in records remains.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.column_type == ColumnType::Nil
    }

    /// Whether values are UTF-16 text.
    #[must_use]
    pub fn is_unicode_text(&self) -> bool {
        self.column_type.is_text() && self.code_page == CodePage::UNICODE
    }
}
