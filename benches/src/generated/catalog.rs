//! The catalog of a generated database: the rows of the system tables and of "Measured", in three orders.

use anyhow::{Context, Result, ensure};
use ese_format::catalog::columns::{COLUMNS, FDP_LAST_SET_TIME};
use ese_format::catalog::{
    CatalogRow, ColumnRow, IndexFlags, IndexRow, IndexSegment, LCMAP_FLAGS_DEFAULT, ObjectName, RowKind,
    TableDefinition, TableFlags, TableRow,
};
use ese_format::column_type::{CodePage, ColumnType};
use ese_format::key::{KeySizes, NoTextKey, SegmentColumn, SegmentOrder, TextKeys, normalize};
use ese_format::page_size::PageSize;
use ese_format::record::{ColumnFlags, RecordFormat};
use ese_format::sort_key::IndexText;

use super::bulk_load::Entry;
use super::{CATALOG, MEASURED_OBJID, MEASURED_ROOT, NAME_INDEX, ROOT_OBJECTS_INDEX, SHADOW};

/// Density of the catalog's trees in percent (spec 03 §14.2).
const DENSITY: u32 = 80;
/// Code page of every catalog column.
const WESTERN: u32 = 1252;
/// Segments of the catalog's indexes (spec 03 §4): FIDs.
const ID_SEGMENTS: [u16; 3] = [1, 2, 3];
const NAME_SEGMENTS: [u16; 3] = [1, 2, 128];
const ROOT_OBJECTS_SEGMENTS: [u16; 2] = [8, 128];

/// The catalog's three trees.
pub(super) struct Content {
    pub(super) rows: Vec<Entry>,
    pub(super) names: Vec<Entry>,
    pub(super) root_objects: Vec<Entry>,
}

fn name(text: &str) -> Result<ObjectName> {
    Ok(ObjectName::new(text.as_bytes())?)
}

fn table_row(objid: u32, table: &str, root: u32, flags: TableFlags, pages: u32) -> Result<CatalogRow> {
    let row = TableRow {
        fdp_page: root,
        density: DENSITY,
        flags,
        pages,
        root_flag: Some(0xFF),
        ..TableRow::default()
    };
    Ok(CatalogRow { objid_table: objid, id: objid, name: name(table)?, kind: RowKind::Table(row) })
}

fn index_row(
    table: u32,
    objid: u32,
    index: &str,
    root: u32,
    flags: IndexFlags,
    fids: &[u16],
) -> Result<CatalogRow> {
    let locale = "en-US".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let row = IndexRow {
        fdp_page: root,
        density: DENSITY,
        flags: flags | IndexFlags::EXTENDED_SEGMENTS,
        locale_id: 0,
        segments: fids.iter().map(|fid| IndexSegment::ascending(*fid)).collect(),
        conditions: Vec::new(),
        key_most: None,
        var_seg_mac: None,
        tuple_limits: None,
        lcmap_flags: Some(LCMAP_FLAGS_DEFAULT),
        locale_name: Some(locale),
        sort_version: None,
        sort_id: None,
        stats: None,
        space_hints: None,
        fdp_last_set_time: None,
    };
    Ok(CatalogRow { objid_table: table, id: objid, name: name(index)?, kind: RowKind::Index(row) })
}

fn column_row(table: u32, fid: u16, column: &str, row: ColumnRow) -> Result<CatalogRow> {
    Ok(CatalogRow { objid_table: table, id: u32::from(fid), name: name(column)?, kind: RowKind::Column(row) })
}

fn column(
    column_type: ColumnType,
    bytes_max: u32,
    flags: ColumnFlags,
    code_page: u32,
    offset: Option<u16>,
) -> ColumnRow {
    ColumnRow {
        column_type,
        bytes_max,
        flags,
        code_page,
        record_offset: offset,
        default: None,
        callback: None,
        callback_data: None,
        callback_dependencies: None,
    }
}

/// The rows that the catalog and its shadow have about themselves.
fn system_rows() -> Result<Vec<CatalogRow>> {
    let system = TableFlags::SYSTEM | TableFlags::FIXED_DDL;
    let primary = IndexFlags::UNIQUE | IndexFlags::NO_NULL_SEGMENT | IndexFlags::PRIMARY;
    let unique = IndexFlags::UNIQUE;
    let mut rows = vec![
        table_row(CATALOG.objid, "MSysObjects", CATALOG.root, system, 20)?,
        index_row(CATALOG.objid, CATALOG.objid, "Id", CATALOG.root, primary, &ID_SEGMENTS)?,
        index_row(
            CATALOG.objid,
            NAME_INDEX.objid,
            "Name",
            NAME_INDEX.root,
            unique | IndexFlags::NO_NULL_SEGMENT,
            &NAME_SEGMENTS,
        )?,
        index_row(
            CATALOG.objid,
            ROOT_OBJECTS_INDEX.objid,
            "RootObjects",
            ROOT_OBJECTS_INDEX.root,
            unique | IndexFlags::ALLOW_SOME_NULLS,
            &ROOT_OBJECTS_SEGMENTS,
        )?,
        table_row(SHADOW.objid, "MSysObjectsShadow", SHADOW.root, system, 5)?,
        index_row(SHADOW.objid, SHADOW.objid, "Id", SHADOW.root, primary, &ID_SEGMENTS)?,
    ];
    for table in [CATALOG.objid, SHADOW.objid] {
        for described in COLUMNS.into_iter().filter(|column| column.fid != FDP_LAST_SET_TIME) {
            let fixed = described.column_type.fixed_size();
            let bytes_max = match fixed {
                Some(size) => u32::from(size),
                None if described.column_type.is_long() => 0,
                None => 255,
            };
            // The self-describing rows all say offset 4 (spec 04 §1.2).
            let row = column(described.column_type, bytes_max, described.flags, WESTERN, fixed.map(|_| 4));
            rows.push(column_row(table, described.fid, described.name, row)?);
        }
    }
    Ok(rows)
}

fn measured_rows() -> Result<Vec<CatalogRow>> {
    let plain = ColumnFlags::empty();
    let primary = IndexFlags::UNIQUE | IndexFlags::NO_NULL_SEGMENT | IndexFlags::PRIMARY;
    let objid = MEASURED_OBJID;
    Ok(vec![
        table_row(objid, "Measured", MEASURED_ROOT, TableFlags::empty(), 0)?,
        column_row(objid, 1, "Id", column(ColumnType::Long, 4, ColumnFlags::NOT_NULL, 0, Some(4)))?,
        column_row(objid, 2, "Made", column(ColumnType::DateTime, 8, plain, 0, Some(8)))?,
        column_row(objid, 3, "Number", column(ColumnType::LongLong, 8, plain, 0, Some(16)))?,
        column_row(objid, 128, "Name", column(ColumnType::Text, 255, plain, WESTERN, None))?,
        column_row(objid, 256, "Payload", column(ColumnType::LongBinary, 0, plain, 0, None))?,
        index_row(objid, objid, "Id", MEASURED_ROOT, primary, &[1])?,
    ])
}

/// The table "Measured" as its rows describe it.
pub(super) fn measured() -> Result<TableDefinition> {
    Ok(TableDefinition::from_rows(&measured_rows()?, None)?)
}

fn segment(key: &mut Vec<u8>, value: &[u8], column_type: ColumnType) -> Result<()> {
    let column = SegmentColumn {
        column_type,
        fixed_bytes: column_type.fixed_size(),
        code_page: if column_type.is_text() { CodePage::WESTERN } else { CodePage::NONE },
    };
    normalize(
        key,
        Some(value),
        column,
        SegmentOrder::default(),
        KeySizes::of(None, None),
        TextKeys { index: &IndexText::default(), keeper: &NoTextKey },
    )?;
    Ok(())
}

fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|left, right| left.key.cmp(&right.key));
    entries
}

/// The catalog of a database of this page size.
pub(super) fn content(size: PageSize) -> Result<Content> {
    let rows = [system_rows()?, measured_rows()?].concat();
    let mut content = Content { rows: Vec::new(), names: Vec::new(), root_objects: Vec::new() };
    for row in rows {
        let row_type = u16::from(row.row_type() as u8).to_le_bytes();
        let mut id_key = Vec::new();
        segment(&mut id_key, &row.objid_table.to_le_bytes(), ColumnType::Long)?;
        segment(&mut id_key, &row_type, ColumnType::Short)?;
        let mut name_key = id_key.clone();
        segment(&mut id_key, &row.id.to_le_bytes(), ColumnType::Long)?;
        segment(&mut name_key, row.name.as_bytes(), ColumnType::Text)?;
        if matches!(row.kind, RowKind::Table(_)) {
            let mut key = Vec::new();
            segment(&mut key, &[0xFF], ColumnType::Bit)?;
            segment(&mut key, row.name.as_bytes(), ColumnType::Text)?;
            content.root_objects.push(Entry { key, data: id_key.clone() });
        }
        content.names.push(Entry { key: name_key, data: id_key.clone() });
        let data = row.encode(RecordFormat::of(size)).with_context(|| format!("{:?}", row.name))?;
        content.rows.push(Entry { key: id_key, data });
    }
    ensure!(!content.root_objects.is_empty(), "a catalog has tables");
    Ok(Content {
        rows: sorted(content.rows),
        names: sorted(content.names),
        root_objects: sorted(content.root_objects),
    })
}
