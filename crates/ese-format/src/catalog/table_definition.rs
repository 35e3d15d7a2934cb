//! From catalog rows to a table: the reader's algorithm of spec 03 §16.

use super::columns::LAYOUT as CATALOG_LAYOUT;
use super::corrupted;
use super::flags::TableFlags;
use super::name::ObjectName;
use super::rows::{CallbackRow, CatalogRow, ColumnRow, IndexRow, LongValueRow, RowKind, RowType, TableRow};
use super::{MSYSOBJECTS, MSYSOBJECTS_SHADOW};
use crate::column_type::{ColumnClass, ColumnId, ColumnType, class_of};
use crate::error::{FormatResult, JetError, Problem};
use crate::record::{ColumnDefinition, ColumnFlags, ColumnLocation, RECORD_HEADER_BYTES, TableLayout};

/// A table with everything the catalog says about it.
#[derive(Clone, Debug)]
pub struct TableDefinition {
    /// Object id.
    pub objid: u32,
    /// Name.
    pub name: ObjectName,
    /// The table row.
    pub table: TableRow,
    /// The columns, inherited ones included.
    pub layout: TableLayout,
    /// The indexes in the order of their object ids; the primary one, if any, comes first.
    pub indexes: Vec<IndexDefinition>,
    /// Object id of the long-value tree, and its row.
    pub long_values: Option<(u32, LongValueRow)>,
    /// The table's callback.
    pub callback: Option<CallbackRow>,
}

/// An index of a table.
#[derive(Clone, Debug)]
pub struct IndexDefinition {
    /// Object id of its tree.
    pub objid: u32,
    /// Name.
    pub name: ObjectName,
    /// The index row. In a derived table, segments that name inherited columns carry the template flag.
    pub row: IndexRow,
}

impl TableDefinition {
    /// Puts together the rows of one table, in the order of the catalog's primary index. A derived table needs its
    /// template, put together before.
    ///
    /// # Errors
    /// Rows that are out of order, missing, of another table, or that contradict each other: `JET_errCatalogCorrupted`;
    /// a derived table whose own column lies among the inherited ones: `JET_errDerivedColumnCorruption`.
    pub fn from_rows(rows: &[CatalogRow], template: Option<&Self>) -> FormatResult<Self> {
        let Some((CatalogRow { objid_table, name, kind: RowKind::Table(table), .. }, rest)) =
            rows.split_first()
        else {
            return Err(corrupted("catalog row", Problem::Invalid("is not the row of a table")));
        };
        if table.flags.contains(TableFlags::DERIVED) != template.is_some() {
            return Err(corrupted("TemplateTable", Problem::Invalid("and the flags disagree")));
        }
        check_order(*objid_table, rest)?;
        let mut definition = Self {
            objid: *objid_table,
            name: name.clone(),
            table: table.clone(),
            layout: TableLayout::default(),
            indexes: Vec::new(),
            long_values: None,
            callback: None,
        };
        let mut columns = Vec::new();
        for row in rest {
            match &row.kind {
                RowKind::Column(column) => columns.push((row, column)),
                RowKind::Index(index) => definition.indexes.push(IndexDefinition {
                    objid: row.id,
                    name: row.name.clone(),
                    row: index.clone(),
                }),
                RowKind::LongValue(tree) => definition.long_values = Some((row.id, tree.clone())),
                RowKind::Callback(callback) => definition.callback = Some(callback.clone()),
                RowKind::Table(_) | RowKind::Obsolete(_) => {}
            }
        }
        definition.layout = match *objid_table {
            objid if objid == MSYSOBJECTS.0 || objid == MSYSOBJECTS_SHADOW.0 => CATALOG_LAYOUT.clone(),
            _ => layout(&columns, table.flags, template)?,
        };
        definition.check_segments()?;
        Ok(definition)
    }

    /// The primary index, if the table has one.
    #[must_use]
    pub fn primary_index(&self) -> Option<&IndexDefinition> {
        self.indexes.iter().find(|index| index.is_primary())
    }

    /// Every segment must name a live column.
    fn check_segments(&self) -> FormatResult<()> {
        let segments =
            self.indexes.iter().flat_map(|index| index.row.segments.iter().chain(&index.row.conditions));
        for segment in segments {
            let of_template = segment.flags.contains(super::SegmentFlags::TEMPLATE_COLUMN);
            let column = self.layout.key_column(segment.fid, of_template);
            if column.is_none_or(ColumnDefinition::is_deleted) {
                return Err(corrupted("KeyFldIDs", Problem::Invalid("name a column that does not exist")));
            }
        }
        Ok(())
    }
}

impl IndexDefinition {
    /// Whether this is the primary index.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.row.flags.contains(super::IndexFlags::PRIMARY)
    }
}

/// Rows lie in the order of their types and belong to the same table; callbacks are last.
fn check_order(objid_table: u32, rows: &[CatalogRow]) -> FormatResult<()> {
    let mut last = RowType::Table;
    for row in rows {
        let row_type = row.row_type();
        if row.objid_table != objid_table || row_type < last || row_type == RowType::Table {
            return Err(corrupted("Type", Problem::Invalid("is out of order among the rows of a table")));
        }
        last = row_type;
    }
    Ok(())
}

fn layout(
    rows: &[(&CatalogRow, &ColumnRow)],
    flags: TableFlags,
    template: Option<&TableDefinition>,
) -> FormatResult<TableLayout> {
    let is_template = flags.contains(TableFlags::TEMPLATE);
    let mut columns = template.map_or_else(Vec::new, |template| inherited(&template.layout));
    let mut fixed_end = template.map_or(RECORD_HEADER_BYTES as u16, |template| template.layout.fixed_end());
    let mut fixed_next = template.map_or(1, |template| next_fixed(&template.layout));
    for (row, column) in rows {
        let fid = u16::try_from(row.id).ok().filter(|fid| class_of(*fid).is_some());
        let fid = fid.ok_or_else(|| corrupted("Id", Problem::Invalid("is no column's")))?;
        let id = if is_template { ColumnId::template(fid) } else { ColumnId::own(fid) };
        let location = match (class_of(fid), u8::try_from(fid)) {
            (Some(ColumnClass::Fixed), Ok(fid)) => {
                if fid < fixed_next {
                    return Err(corrupted("Id", Problem::Invalid("is that of an inherited column"))
                        .with_jet(JetError::DERIVED_COLUMN_CORRUPTION));
                }
                columns.extend((fixed_next..fid).map(|missing| {
                    let slot = missing_column(missing, fixed_end, is_template);
                    fixed_end = fixed_end.saturating_add(1);
                    slot
                }));
                fixed_next = fid.saturating_add(1);
                let size = u16::try_from(column.bytes_max).ok().filter(|size| *size <= 255);
                let size =
                    size.ok_or_else(|| corrupted("SpaceUsage", Problem::Invalid("is no fixed column's")))?;
                let offset = column.record_offset.unwrap_or(fixed_end);
                fixed_end = offset.saturating_add(size);
                ColumnLocation::Fixed { fid, offset, size }
            }
            (_, Ok(fid)) => ColumnLocation::Variable { fid },
            _ => ColumnLocation::Tagged { fid, derived: false },
        };
        columns.push(definition(row, column, id, location));
    }
    Ok(TableLayout::new(columns, template.is_some()))
}

/// The template's columns as they appear in the records of a derived table.
fn inherited(template: &TableLayout) -> Vec<ColumnDefinition> {
    let marked = |column: &ColumnDefinition| {
        let location = match column.location {
            // Templates of the first format leave no mark in derived records (spec 04 §1.7).
            ColumnLocation::Tagged { fid, .. } => {
                ColumnLocation::Tagged { fid, derived: column.flags.contains(ColumnFlags::TEMPLATE_COLUMN) }
            }
            place => place,
        };
        ColumnDefinition { location, ..column.clone() }
    };
    template.columns().iter().map(marked).collect()
}

fn next_fixed(template: &TableLayout) -> u8 {
    let fixed = template.columns().iter().filter_map(|column| match column.location {
        ColumnLocation::Fixed { fid, .. } => Some(fid),
        _ => None,
    });
    fixed.max().map_or(1, |last| last.saturating_add(1))
}

/// A fixed column whose row is gone: it still has a slot (spec 03 §8.4).
fn missing_column(fid: u8, offset: u16, is_template: bool) -> ColumnDefinition {
    let id = if is_template { ColumnId::template(fid.into()) } else { ColumnId::own(fid.into()) };
    ColumnDefinition {
        id,
        name: Vec::new(),
        column_type: ColumnType::Nil,
        location: ColumnLocation::Fixed { fid, offset, size: 1 },
        bytes_max: 1,
        flags: ColumnFlags::empty(),
        code_page: crate::column_type::CodePage::NONE,
        default: None,
    }
}

fn definition(
    row: &CatalogRow,
    column: &ColumnRow,
    id: ColumnId,
    location: ColumnLocation,
) -> ColumnDefinition {
    ColumnDefinition {
        id,
        name: row.name.as_bytes().to_vec(),
        column_type: column.column_type,
        location,
        bytes_max: column.bytes_max,
        flags: column.flags,
        code_page: column.code_page(),
        default: column.default.clone().filter(|_| column.flags.contains(ColumnFlags::DEFAULT)),
    }
}
