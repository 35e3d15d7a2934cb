//! The hard-wired schema of `MSysObjects` and `MSysObjectsShadow` (spec 03 §2).

use std::sync::LazyLock;

use crate::column_type::{CodePage, ColumnClass, ColumnId, ColumnType, class_of};
use crate::record::{ColumnDefinition, ColumnFlags, ColumnLocation, RECORD_HEADER_BYTES, TableLayout};

/// One column of the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogColumn {
    /// FID.
    pub fid: u16,
    /// Name.
    pub name: &'static str,
    /// Type.
    pub column_type: ColumnType,
    /// Whether every row has it.
    pub flags: ColumnFlags,
}

macro_rules! catalog_columns {
    ($($constant:ident = $fid:literal, $name:literal, $column_type:ident, $flags:ident;)*) => {
        $(#[doc = concat!("FID of `", $name, "`.")] pub const $constant: u16 = $fid;)*

        /// Every column, in the order in which a new catalog describes itself.
        pub const COLUMNS: [CatalogColumn; 29] = [$(CatalogColumn {
            fid: $fid,
            name: $name,
            column_type: ColumnType::$column_type,
            flags: $flags,
        },)*];
    };
}

const REQUIRED: ColumnFlags = ColumnFlags::NOT_NULL;
const OPTIONAL: ColumnFlags = ColumnFlags::empty();

catalog_columns! {
    OBJID_TABLE = 1, "ObjidTable", Long, REQUIRED;
    TYPE = 2, "Type", Short, REQUIRED;
    ID = 3, "Id", Long, REQUIRED;
    NAME = 128, "Name", Text, REQUIRED;
    COLTYP_OR_FDP = 4, "ColtypOrPgnoFDP", Long, REQUIRED;
    SPACE_USAGE = 5, "SpaceUsage", Long, REQUIRED;
    FLAGS = 6, "Flags", Long, REQUIRED;
    PAGES_OR_LOCALE = 7, "PagesOrLocale", Long, REQUIRED;
    STATS = 129, "Stats", Binary, OPTIONAL;
    ROOT_FLAG = 8, "RootFlag", Bit, OPTIONAL;
    TEMPLATE_TABLE = 130, "TemplateTable", Text, OPTIONAL;
    RECORD_OFFSET = 9, "RecordOffset", Short, OPTIONAL;
    DEFAULT_VALUE = 131, "DefaultValue", Binary, OPTIONAL;
    KEY_FIELDS = 132, "KeyFldIDs", Binary, OPTIONAL;
    VAR_SEG_MAC = 133, "VarSegMac", Binary, OPTIONAL;
    CONDITIONAL_COLUMNS = 134, "ConditionalColumns", Binary, OPTIONAL;
    LCMAP_FLAGS = 10, "LCMapFlags", Long, OPTIONAL;
    KEY_MOST = 11, "KeyMost", UnsignedShort, OPTIONAL;
    TUPLE_LIMITS = 135, "TupleLimits", Binary, OPTIONAL;
    VERSION = 136, "Version", Binary, OPTIONAL;
    SORT_ID = 137, "SortID", Binary, OPTIONAL;
    CALLBACK_DATA = 256, "CallbackData", LongBinary, OPTIONAL;
    CALLBACK_DEPENDENCIES = 257, "CallbackDependencies", LongBinary, OPTIONAL;
    SEPARATE_LV = 258, "SeparateLV", LongBinary, OPTIONAL;
    SPACE_HINTS = 259, "SpaceHints", LongBinary, OPTIONAL;
    SPACE_DEFERRED_LV_HINTS = 260, "SpaceDeferredLVHints", LongBinary, OPTIONAL;
    LOCALE_NAME = 261, "LocaleName", LongBinary, OPTIONAL;
    LV_CHUNK_MAX = 12, "LVChunkMax", Long, OPTIONAL;
    FDP_LAST_SET_TIME = 13, "PgnoFDPLastSetTime", DateTime, OPTIONAL;
}

/// The catalog's layout: offsets add up in FID order, whatever the self-describing rows say.
pub static LAYOUT: LazyLock<TableLayout> = LazyLock::new(|| {
    let mut ordered = COLUMNS;
    ordered.sort_by_key(|column| column.fid);
    let mut offset = RECORD_HEADER_BYTES as u16;
    let definitions = ordered.into_iter().map(|column| {
        let size = column.column_type.fixed_size().unwrap_or(0);
        let location = match (class_of(column.fid), u8::try_from(column.fid)) {
            (Some(ColumnClass::Fixed), Ok(fid)) => {
                let location = ColumnLocation::Fixed { fid, offset, size };
                offset += size;
                location
            }
            (_, Ok(fid)) => ColumnLocation::Variable { fid },
            _ => ColumnLocation::Tagged { fid: column.fid, derived: false },
        };
        ColumnDefinition {
            id: ColumnId::own(column.fid),
            name: column.name.as_bytes().to_vec(),
            column_type: column.column_type,
            location,
            bytes_max: bytes_max(column.column_type),
            flags: column.flags,
            // Every column of the catalog says 1252, whatever its type (spec 03 §8.6).
            code_page: CodePage::WESTERN,
            default: None,
        }
    });
    TableLayout::new(definitions.collect(), false)
});

/// `SpaceUsage` of a column of this type that was created without a maximum: the size, 255, or no limit.
#[must_use]
pub(super) fn bytes_max(column_type: ColumnType) -> u32 {
    match (column_type.fixed_size(), column_type.is_long()) {
        (Some(size), _) => u32::from(size),
        (None, true) => 0,
        (None, false) => 255,
    }
}
