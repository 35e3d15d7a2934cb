//! Well-known system tables: their names, and the catalog rows a new database starts with (spec 03 §12–§14).

use super::columns::{self, COLUMNS};
use super::flags::{IndexFlags, TableFlags};
use super::index_segment::IndexSegment;
use super::index_text::LCMAP_FLAGS_DEFAULT;
use super::name::ObjectName;
use super::rows::{CatalogRow, ColumnRow, IndexRow, RowKind, TableRow};
use super::{MSYSOBJECTS, MSYSOBJECTS_NAME_INDEX, MSYSOBJECTS_ROOT_OBJECTS_INDEX, MSYSOBJECTS_SHADOW};
use crate::column_type::{CodePage, ColumnClass, ColumnType, class_of};
use crate::page_size::PageSize;
use crate::record::ColumnFlags;

/// Names of tables that are reported as system tables, whoever made them (spec 03 §12).
pub const SYSTEM_TABLES: [&str; 13] = [
    "MSysObjects",
    "MSysObjectsShadow",
    "MSysObjids",
    "MSysLocales",
    "MSysDatabaseMaintenance",
    "MSysDefrag1",
    "MSysDefrag2",
    "MSysOLD2",
    "MSysScan1",
    "MSysUnicodeFixupVer1",
    "MSysUnicodeFixupVer2",
    "MSysExtentPageCountCache",
    "MSysDeferredPopulateKeys",
];

/// Whether a table of this name is a system table.
#[must_use]
pub fn is_system_table(name: &ObjectName) -> bool {
    SYSTEM_TABLES.iter().any(|system| name.is(system.as_bytes()))
}

/// Object id of `MSysObjids` in a new database.
pub const MSYSOBJIDS_OBJID: u32 = 6;
/// Object id of `MSysLocales` in a new database.
pub const MSYSLOCALES_OBJID: u32 = 7;
/// Object id of the first table of an application.
pub const FIRST_USER_OBJID: u32 = 8;

/// Which columns a new catalog describes itself with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogGeneration {
    /// 27 columns and a shadow of nine pages: Windows 8 to 8.1.
    Windows8,
    /// 28 columns: Windows 10, and what this engine writes.
    Windows10,
    /// 29 columns, `MSysLocales` with two more: databases of update 250 and later.
    Windows11 {
        /// FILETIME to stamp on `MSysObjids` and `MSysLocales`.
        created: u64,
    },
}

impl CatalogGeneration {
    fn has(self, fid: u16) -> bool {
        match fid {
            columns::LV_CHUNK_MAX => self != Self::Windows8,
            columns::FDP_LAST_SET_TIME => matches!(self, Self::Windows11 { .. }),
            _ => true,
        }
    }

    fn created(self) -> Option<u64> {
        match self {
            Self::Windows11 { created } => Some(created),
            Self::Windows8 | Self::Windows10 => None,
        }
    }

    fn shadow_pages(self, page_size: PageSize) -> u32 {
        match (self, page_size) {
            (Self::Windows8, _) => 9,
            (_, PageSize::K2) => 6,
            _ => 5,
        }
    }
}

/// The catalog rows of a new database, in the order in which they are inserted.
#[must_use]
pub fn new_database_rows(generation: CatalogGeneration, page_size: PageSize) -> Vec<CatalogRow> {
    let shadow_pages = generation.shadow_pages(page_size);
    let objids_page = MSYSOBJECTS_SHADOW.1 + shadow_pages;
    let primary = IndexFlags::UNIQUE | IndexFlags::PRIMARY;
    let any_null = IndexFlags::ALLOW_ALL_NULLS | IndexFlags::ALLOW_FIRST_NULL | IndexFlags::ALLOW_SOME_NULLS;
    let mut rows = Vec::new();
    for (root, name, pages) in
        [(MSYSOBJECTS, "MSysObjects", 20), (MSYSOBJECTS_SHADOW, "MSysObjectsShadow", shadow_pages)]
    {
        let flags = TableFlags::SYSTEM | TableFlags::FIXED_DDL;
        rows.push(table(name, root, 80, flags, pages, None));
        rows.extend(COLUMNS.iter().filter(|column| generation.has(column.fid)).map(|described| {
            let record_offset = (class_of(described.fid) == Some(ColumnClass::Fixed)).then_some(4);
            let own = column(
                root.0,
                described.name,
                described.fid,
                described.column_type,
                described.flags,
                record_offset,
            );
            with_code_page(own, CodePage::WESTERN)
        }));
    }
    let id_segments = [columns::OBJID_TABLE, columns::TYPE, columns::ID];
    let name_segments = [columns::OBJID_TABLE, columns::TYPE, columns::NAME];
    let root_segments = [columns::ROOT_FLAG, columns::NAME];
    let id_flags = primary | IndexFlags::NO_NULL_SEGMENT;
    let name_flags = IndexFlags::UNIQUE | IndexFlags::NO_NULL_SEGMENT;
    let root_flags = IndexFlags::UNIQUE | IndexFlags::ALLOW_SOME_NULLS;
    rows.push(index(MSYSOBJECTS.0, "Id", MSYSOBJECTS, 80, id_flags, &id_segments, None));
    rows.push(index(MSYSOBJECTS_SHADOW.0, "Id", MSYSOBJECTS_SHADOW, 80, id_flags, &id_segments, None));
    rows.push(index(MSYSOBJECTS.0, "Name", MSYSOBJECTS_NAME_INDEX, 80, name_flags, &name_segments, None));
    let root_objects = MSYSOBJECTS_ROOT_OBJECTS_INDEX;
    rows.push(index(MSYSOBJECTS.0, "RootObjects", root_objects, 80, root_flags, &root_segments, None));

    let created = generation.created();
    let objids = (MSYSOBJIDS_OBJID, objids_page);
    let dynamic = TableFlags::SYSTEM | TableFlags::SYSTEM_DYNAMIC;
    let none = ColumnFlags::empty();
    rows.push(table("MSysObjids", objids, 100, dynamic | TableFlags::FIXED_DDL, 0, created));
    rows.push(column(objids.0, "objid", 256, ColumnType::Long, none, None));
    rows.push(column(objids.0, "objidTable", 257, ColumnType::Long, none, None));
    rows.push(column(objids.0, "type", 258, ColumnType::Short, none, None));
    rows.push(index(objids.0, "primary", objids, 100, primary | any_null, &[256], created));

    let locales = (MSYSLOCALES_OBJID, objids_page + 1);
    rows.push(table("MSysLocales", locales, 92, dynamic, 0, created));
    rows.push(column(locales.0, "Key", 128, ColumnType::Binary, none, None));
    rows.push(column(locales.0, "Type", 1, ColumnType::UnsignedByte, ColumnFlags::NOT_NULL, Some(4)));
    let escrow = ColumnFlags::DEFAULT | ColumnFlags::ESCROW_UPDATE;
    rows.push(with_default(column(locales.0, "iValue", 2, ColumnType::Long, escrow, Some(5)), &[0; 4]));
    let key_flags = primary | any_null | IndexFlags::NO_TRUNCATION;
    rows.push(index(locales.0, "KeyPrimary", locales, 92, key_flags, &[128], created));
    if created.is_some() {
        rows.push(column(locales.0, "rgbValue", 256, ColumnType::LongBinary, none, None));
        rows.push(column(locales.0, "i64Value", 3, ColumnType::Currency, none, Some(9)));
    }
    rows
}

fn row(objid_table: u32, id: u32, name: &str, kind: RowKind) -> CatalogRow {
    let name = ObjectName::from_catalog(name.as_bytes()).expect("the names of system tables are short");
    CatalogRow { objid_table, id, name, kind }
}

fn table(
    name: &str,
    (objid, fdp_page): (u32, u32),
    density: u32,
    flags: TableFlags,
    pages: u32,
    fdp_last_set_time: Option<u64>,
) -> CatalogRow {
    let described = TableRow {
        fdp_page,
        density,
        flags,
        pages,
        root_flag: Some(0xFF),
        fdp_last_set_time,
        ..TableRow::default()
    };
    row(objid, objid, name, RowKind::Table(described))
}

fn column(
    objid_table: u32,
    name: &str,
    fid: u16,
    column_type: ColumnType,
    flags: ColumnFlags,
    record_offset: Option<u16>,
) -> CatalogRow {
    let described = ColumnRow {
        column_type,
        bytes_max: columns::bytes_max(column_type),
        flags,
        code_page: 0,
        record_offset,
        default: None,
        callback: None,
        callback_data: None,
        callback_dependencies: None,
    };
    row(objid_table, u32::from(fid), name, RowKind::Column(described))
}

fn with_code_page(mut described: CatalogRow, code_page: CodePage) -> CatalogRow {
    if let RowKind::Column(column) = &mut described.kind {
        column.code_page = u32::from(code_page.0);
    }
    described
}

fn with_default(mut described: CatalogRow, default: &[u8]) -> CatalogRow {
    if let RowKind::Column(column) = &mut described.kind {
        column.default = Some(default.to_vec());
    }
    described
}

fn index(
    objid_table: u32,
    name: &str,
    (objid, fdp_page): (u32, u32),
    density: u32,
    flags: IndexFlags,
    fids: &[u16],
    fdp_last_set_time: Option<u64>,
) -> CatalogRow {
    let described = IndexRow {
        fdp_page,
        density,
        flags: flags | IndexFlags::EXTENDED_SEGMENTS,
        locale_id: 0,
        segments: fids.iter().map(|fid| IndexSegment::ascending(*fid)).collect(),
        conditions: Vec::new(),
        key_most: None,
        var_seg_mac: None,
        tuple_limits: None,
        lcmap_flags: Some(LCMAP_FLAGS_DEFAULT),
        locale_name: Some("en-US".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        sort_version: None,
        sort_id: None,
        stats: None,
        space_hints: None,
        fdp_last_set_time,
    };
    row(objid_table, objid, name, RowKind::Index(described))
}
