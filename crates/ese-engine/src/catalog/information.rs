//! What the information calls tell of objects, columns and indexes, as plain values (spec 09 §11). The C face turns them
//! into structures and temporary tables.

use std::sync::Arc;

use ese_format::catalog::{
    IndexDefinition, RowKind, SegmentFlags, SortVersion, TableFlags, TableRow, TupleLimits,
};
use ese_format::column_type::{CodePage, ColumnId, ColumnType};
use ese_format::error::JetError;
use ese_format::key::KEY_MOST_DEFAULT;
use ese_format::long_value::chunk_bytes_default;
use ese_format::record::ColumnDefinition;

use crate::catalog::live::LiveCatalog;
use crate::catalog::{ColumnGrbit, IndexGrbit, SpaceHints, TableSchema};
use crate::error::{Error, Result};
use crate::transaction::Session;

/// What every table allows: updates, bookmarks, rollback (`JET_bitTableInfo…`).
pub const TABLE_INFO_GRBIT: u32 = 7;
/// `JET_objtypTable`
pub const OBJECT_TYPE_TABLE: u32 = 1;
/// Language id that is reported for every index without a locale id of its own (spec 09 §11.1).
pub const LANGUAGE_EN_US: u16 = 0x0409;

/// One object of the container "Tables".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInformation {
    /// Object id.
    pub objid: u32,
    /// Name, bytes of code page 1252.
    pub name: Vec<u8>,
    /// `JET_bitObject…`
    pub flags: u32,
    /// Records, as computing statistics found them; 0 without statistics.
    pub records: u32,
    /// Pages of the primary tree, likewise.
    pub pages: u32,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnInformation {
    /// Id.
    pub id: ColumnId,
    /// Name, bytes of code page 1252.
    pub name: Vec<u8>,
    /// Type.
    pub column_type: ColumnType,
    /// Code page as it is stored: columns of the catalog have one even where they are not text.
    pub code_page: CodePage,
    /// Most bytes; 0 for no limit.
    pub bytes_max: u32,
    /// `JET_bitColumn…`
    pub grbit: ColumnGrbit,
    /// The default as it is stored.
    pub default: Option<Vec<u8>>,
    /// The table and the column it was inherited from, else the column itself.
    pub base_table: Vec<u8>,
    /// Likewise.
    pub base_column: Vec<u8>,
}

/// One index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexInformation {
    /// Object id of its tree.
    pub objid: u32,
    /// Name, bytes of code page 1252.
    pub name: Vec<u8>,
    /// `JET_bitIndex…`
    pub grbit: IndexGrbit,
    /// Different keys, entries and pages, as computing statistics found them; 0 without statistics.
    pub keys: u32,
    /// Entries.
    pub entries: u32,
    /// Pages.
    pub pages: u32,
    /// Its key columns, most significant first.
    pub columns: Vec<IndexColumnInformation>,
    /// Its conditions.
    pub conditions: Vec<IndexColumnInformation>,
    /// `LCMapString` flags.
    pub lcmap_flags: u32,
    /// Locale id of old files; 0 where the name counts.
    pub locale_id: u32,
    /// Locale name; empty for an index without UTF-16 text (spec 09 §11.2).
    pub locale: String,
    /// The stored locale name, whatever the columns.
    pub stored_locale: String,
    /// Sort version of an index over UTF-16 text.
    pub sort_version: Option<SortVersion>,
    /// Sort id of one.
    pub sort_id: Option<[u8; 16]>,
    /// Most bytes of a key.
    pub key_most: u16,
    /// Most bytes of a variable-length segment.
    pub var_seg_mac: u16,
    /// Limits of a tuple index.
    pub tuple_limits: Option<TupleLimits>,
    /// Density and the other space hints.
    pub space: SpaceHints,
}

/// A key column or a condition of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexColumnInformation {
    /// The column.
    pub id: ColumnId,
    /// Its name, bytes of code page 1252.
    pub name: Vec<u8>,
    /// Its type.
    pub column_type: ColumnType,
    /// Its code page; 0 for what is not text.
    pub code_page: CodePage,
    /// Key column: whether it sorts downwards. Condition: whether it must be NULL.
    pub is_marked: bool,
}

/// In which order columns are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnOrder {
    /// By name.
    Name,
    /// By id.
    Id,
}

impl LiveCatalog {
    /// All tables the session sees, in the order of their names.
    ///
    /// # Errors
    /// Those of reading the catalog.
    pub fn objects(&self, session: &Session) -> Result<Vec<ObjectInformation>> {
        let rows = self.reader(session).table_rows()?;
        Ok(rows
            .into_iter()
            .filter_map(|row| match &row.kind {
                RowKind::Table(table) => {
                    Some(object_information(row.objid_table, row.name.as_bytes(), table))
                }
                _ => None,
            })
            .collect())
    }

    /// One table.
    ///
    /// # Errors
    /// `JET_errObjectNotFound`, and those of reading the catalog.
    pub fn object(&self, session: &Session, name: &[u8]) -> Result<ObjectInformation> {
        self.schema_named(session, name).map(|schema| schema.object_information())
    }
}

fn object_information(objid: u32, name: &[u8], table: &TableRow) -> ObjectInformation {
    let [records, _, pages] = table.statistics().unwrap_or_default();
    let told = TableFlags::SYSTEM
        | TableFlags::FIXED_DDL
        | TableFlags::TEMPLATE
        | TableFlags::DERIVED
        | TableFlags::SYSTEM_DYNAMIC
        | TableFlags::NO_FIXED_OR_VARIABLE_COLUMNS_IN_DERIVED;
    ObjectInformation {
        objid,
        name: name.to_vec(),
        flags: table.flags.intersection(told).bits(),
        records,
        pages,
    }
}

impl TableSchema {
    /// What the object calls tell of the table.
    #[must_use]
    pub fn object_information(&self) -> ObjectInformation {
        let definition = self.definition();
        object_information(definition.objid, definition.name.as_bytes(), &definition.table)
    }

    /// All columns, template's included.
    #[must_use]
    pub fn column_information(self: &Arc<Self>, order: ColumnOrder) -> Vec<ColumnInformation> {
        let mut columns: Vec<_> = self.columns().map(|column| self.told_of_column(column)).collect();
        match order {
            ColumnOrder::Name => columns.sort_by_cached_key(|column| column.name.to_ascii_uppercase()),
            ColumnOrder::Id => columns.sort_by_key(|column| column.id.to_api()),
        }
        columns
    }

    /// The column with this name.
    ///
    /// # Errors
    /// `JET_errColumnNotFound`.
    pub fn column_information_named(&self, name: &[u8]) -> Result<ColumnInformation> {
        let column = self.layout().column_named(name).filter(|_| !name.is_empty());
        column.map(|column| self.told_of_column(column)).ok_or_else(|| {
            let about = format!("table {}, column {}", self.name(), String::from_utf8_lossy(name));
            Error::refused(JetError::COLUMN_NOT_FOUND, about)
        })
    }

    /// The column with this id.
    ///
    /// # Errors
    /// `JET_errColumnNotFound`.
    pub fn column_information_of(&self, id: ColumnId) -> Result<ColumnInformation> {
        let column = self.layout().column(id).filter(|column| !column.is_deleted());
        column.map(|column| self.told_of_column(column)).ok_or_else(|| {
            Error::refused(JetError::COLUMN_NOT_FOUND, format!("table {}, {id:?}", self.name()))
        })
    }

    /// All indexes in the order of their names. The order of a table without a primary index is not one of them.
    #[must_use]
    pub fn index_information(&self) -> Vec<IndexInformation> {
        let mut indexes: Vec<_> = self.indexes().iter().map(|index| self.told_of_index(index)).collect();
        indexes.sort_by_cached_key(|index| index.name.to_ascii_uppercase());
        indexes
    }

    /// The index with this name.
    ///
    /// # Errors
    /// `JET_errIndexNotFound`.
    pub fn index_information_named(&self, name: &[u8]) -> Result<IndexInformation> {
        let index = self.indexes().iter().find(|index| index.name.is(name));
        index.map(|index| self.told_of_index(index)).ok_or_else(|| {
            let about = format!("table {}, index {}", self.name(), String::from_utf8_lossy(name));
            Error::refused(JetError::INDEX_NOT_FOUND, about)
        })
    }

    /// `JET_IdxInfoCount`: the primary order, which is always there, and the secondary indexes.
    #[must_use]
    pub fn index_count(&self) -> u32 {
        let secondary = self.indexes().iter().filter(|index| !index.is_primary()).count();
        u32::try_from(secondary).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The name of the template table; empty for a table without one.
    #[must_use]
    pub fn template_name(&self) -> &[u8] {
        self.definition().table.template_table.as_ref().map_or(&[], |name| name.as_bytes())
    }

    /// Bytes of a long-value chunk.
    #[must_use]
    pub fn chunk_bytes(&self, page_size: ese_format::page_size::PageSize) -> u32 {
        let asked = self.definition().table.lv_chunk_bytes.filter(|bytes| *bytes > 0);
        asked.unwrap_or_else(|| chunk_bytes_default(page_size))
    }

    fn told_of_column(&self, column: &ColumnDefinition) -> ColumnInformation {
        let base = self.template().filter(|_| column.id.is_template());
        let base_table = base.map_or(&self.definition().name, |template| &template.definition().name);
        ColumnInformation {
            id: column.id,
            name: column.name.clone(),
            column_type: column.column_type,
            code_page: column.code_page,
            bytes_max: column.bytes_max,
            grbit: ColumnGrbit::of(column) | ColumnGrbit::UPDATABLE,
            default: column.default.clone(),
            base_table: base_table.as_bytes().to_vec(),
            base_column: column.name.clone(),
        }
    }

    fn told_of_index(&self, index: &IndexDefinition) -> IndexInformation {
        let row = &index.row;
        let table = &self.definition().table;
        let [entries, keys, pages] = if index.is_primary() {
            table.statistics().unwrap_or_default()
        } else {
            row.statistics().unwrap_or_default()
        };
        let column = |segment: &ese_format::catalog::IndexSegment, mark: SegmentFlags| {
            let of_template = segment.flags.contains(SegmentFlags::TEMPLATE_COLUMN);
            let column = self.layout().key_column(segment.fid, of_template)?;
            Some(IndexColumnInformation {
                id: column.id,
                name: column.name.clone(),
                column_type: column.column_type,
                code_page: if column.column_type.is_text() { column.code_page } else { CodePage::NONE },
                is_marked: segment.flags.contains(mark),
            })
        };
        let keys_of = row.segments.iter();
        let columns: Vec<_> =
            keys_of.filter_map(|segment| column(segment, SegmentFlags::DESCENDING)).collect();
        let is_unicode = columns.iter().any(|column| column.code_page == CodePage::UNICODE);
        let key_most = row.key_most.unwrap_or(KEY_MOST_DEFAULT);
        let stored_locale = row.locale().unwrap_or_default();
        let initial_bytes = row.space_hints.map_or(0, |hints| hints.initial_bytes);
        IndexInformation {
            objid: index.objid,
            name: index.name.as_bytes().to_vec(),
            grbit: IndexGrbit::of(index),
            keys,
            entries,
            pages,
            conditions: row
                .conditions
                .iter()
                .filter_map(|segment| column(segment, SegmentFlags::MUST_BE_NULL))
                .collect(),
            columns,
            lcmap_flags: row.lcmap_flags().bits(),
            locale_id: row.locale_id,
            locale: if is_unicode { stored_locale.clone() } else { String::new() },
            stored_locale,
            sort_version: row.sort_version,
            sort_id: row.sort_id,
            key_most,
            var_seg_mac: row.var_seg_mac.unwrap_or(key_most),
            tuple_limits: row.tuple_limits,
            space: SpaceHints::of_row(row.density, initial_bytes, row.space_hints),
        }
    }
}

impl IndexInformation {
    /// The key string that creates such an index: `+name\0-name\0\0`.
    #[must_use]
    pub fn key_string(&self) -> Vec<u8> {
        let mut key = Vec::new();
        for column in &self.columns {
            key.push(if column.is_marked { b'-' } else { b'+' });
            key.extend_from_slice(&column.name);
            key.push(0);
        }
        key.push(0);
        key
    }
}
