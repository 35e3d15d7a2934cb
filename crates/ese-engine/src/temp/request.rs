//! A temporary table to be opened: which combinations are legal, and the rows that describe it (spec 09 §12.1).

use ese_format::catalog::schema::FIRST_USER_OBJID;
use ese_format::catalog::{
    CatalogRow, IndexDefinition, IndexFlags, IndexRow, IndexSegment, KEY_SEGMENTS_MAX, LCMAP_FLAGS_DEFAULT,
    LcMapFlags, ObjectName, RowKind, TableDefinition, TableRow,
};
use ese_format::column_type::ColumnId;
use ese_format::error::JetError;
use ese_format::key::KEY_MOST_DEFAULT;
use ese_format::page_size::PageSize;
use ese_format::record::{RecordLimits, index_key_bytes_max};
use ese_format::sort_key::{PrivateStamp, Sort, Stamp};
use ese_format::version::DatabaseVersion;

use crate::catalog::{ColumnGrbit, LOCALE_DEFAULT, NewColumn, NewDefault, NewLocale};
use crate::catalog::{checked_text, column_numbers::ColumnNumbers, plan_temporary_column};
use crate::error::{Error, Result};

bitflags::bitflags! {
    /// `JET_bitTT…`
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct TemporaryGrbit: u32 {
        /// Seeks and ranges are wanted.
        const INDEXED = 0x1;
        /// Rows with equal keys count once.
        const UNIQUE = 0x2;
        /// Rows are changed after the first read.
        const UPDATABLE = 0x4;
        /// Moves go backwards too.
        const SCROLLABLE = 0x8;
        /// NULL sorts after all values.
        const SORT_NULLS_HIGH = 0x10;
        /// A B-tree from the start: duplicates are refused at the insert.
        const FORCE_MATERIALIZATION = 0x20;
        /// One pass; rows with equal keys are all kept.
        const FORWARD_ONLY = 0x40;
        /// Long values stay in their records.
        const INTRINSIC_LVS_ONLY = 0x80;
        /// GUIDs sort as .NET compares them.
        const DOT_NET_GUID = 0x100;
        // Others are accepted and mean nothing (spec 09 §12.1).
        const _ = !0;
    }
}

/// A column of a temporary table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewTemporaryColumn {
    /// `JET_coltyp…`
    pub column_type: u32,
    /// Code page of text; 0 for 1252.
    pub code_page: u32,
    /// Most bytes of a value; 0 for the type's own maximum.
    pub bytes_max: u32,
    /// `JET_bitColumn…`, with the two that make it part of the key.
    pub grbit: u32,
}

/// A temporary table as a caller asks for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewTemporaryTable<'a> {
    /// Columns.
    pub columns: &'a [NewTemporaryColumn],
    /// `JET_bitTT…`
    pub grbit: u32,
    /// Most bytes of a key; 0 for 255.
    pub key_most: u32,
    /// Most bytes of a variable-length segment; 0 for the key's.
    pub var_seg_mac: u32,
    /// What orders the rows.
    pub order: RowOrder,
    /// What orders UTF-16 text; `None` for the default.
    pub locale: Option<&'a NewLocale>,
}

/// What orders the rows of a temporary table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowOrder {
    /// The key columns.
    #[default]
    Key,
    /// Their insertion: whoever inserts them has them in the order that the key columns stand for, which need not be of a
    /// kind that keys are made of. A hidden number is the key.
    Insertion,
}

/// How rows get their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rows first, reading afterwards.
    Sort,
    /// A table like any other.
    Materialized,
}

/// A legal table without its tree.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) grbit: TemporaryGrbit,
    pub(super) kind: Kind,
    pub(super) ids: Vec<ColumnId>,
    columns: Vec<CatalogRow>,
    index: Option<IndexRow>,
}

fn refused<T>(jet: JetError, about: &str) -> Result<T> {
    Err(Error::refused(jet, format!("temporary table: {about}")))
}

impl NewTemporaryTable<'_> {
    /// Checks a request in the order of spec 09 §12.1.
    pub(super) fn plan(&self, page_size: PageSize, version: DatabaseVersion) -> Result<Planned> {
        let grbit = TemporaryGrbit::from_bits_retain(self.grbit);
        let has = |bit| grbit.contains(bit);
        let forward_only = has(TemporaryGrbit::FORWARD_ONLY);
        let materializing = TemporaryGrbit::INDEXED
            | TemporaryGrbit::UPDATABLE
            | TemporaryGrbit::SCROLLABLE
            | TemporaryGrbit::FORCE_MATERIALIZATION;
        if forward_only && grbit.intersects(materializing) {
            return refused(JetError::CANNOT_MATERIALIZE_FORWARD_ONLY_SORT, "forward only and more");
        }
        let (key_most, var_seg_mac) = self.key_sizes(page_size)?;
        let mut numbers = ColumnNumbers::default();
        let mut columns = Vec::new();
        let mut ids = Vec::new();
        let mut segments = Vec::new();
        let mut has_long_values = false;
        for (place, column) in self.columns.iter().enumerate() {
            let row = column.plan(place, version, &mut numbers)?;
            let RowKind::Column(definition) = &row.kind else { continue };
            has_long_values |= definition.column_type.is_long();
            let fid = u16::try_from(row.id).unwrap_or(u16::MAX);
            ids.push(ColumnId::own(fid));
            let asked = ColumnGrbit::from_bits_retain(column.grbit);
            let in_key = self.order == RowOrder::Key && asked.contains(ColumnGrbit::TEMPORARY_KEY);
            if in_key && segments.len() < KEY_SEGMENTS_MAX {
                let descending = asked.contains(ColumnGrbit::TEMPORARY_DESCENDING);
                segments.push(if descending {
                    IndexSegment::descending(fid)
                } else {
                    IndexSegment::ascending(fid)
                });
            }
            columns.push(row);
        }
        let kept_out = has_long_values && !has(TemporaryGrbit::INTRINSIC_LVS_ONLY);
        let keyless = segments.is_empty() && self.order == RowOrder::Key;
        let materialized = keyless || kept_out || has(TemporaryGrbit::FORCE_MATERIALIZATION);
        if forward_only && (materialized || has_long_values) {
            let about = "forward only, but it must be materialised";
            return refused(JetError::CANNOT_MATERIALIZE_FORWARD_ONLY_SORT, about);
        }
        if forward_only && !has(TemporaryGrbit::UNIQUE) || self.order == RowOrder::Insertion {
            // Rows with equal keys are all kept: their order of insertion makes the keys differ.
            let sequence = NewTemporaryColumn { column_type: 4, ..NewTemporaryColumn::default() };
            let mut row = sequence.plan(self.columns.len(), version, &mut numbers)?;
            if let RowKind::Column(column) = &mut row.kind {
                column.flags |= ese_format::record::ColumnFlags::AUTO_INCREMENT;
            }
            segments.push(IndexSegment::ascending(u16::try_from(row.id).unwrap_or(u16::MAX)));
            columns.push(row);
        }
        columns.sort_by_key(|row| row.id);
        let text = text_of(self.locale, version)?;
        let index =
            (!segments.is_empty()).then(|| index_row(grbit, segments, (key_most, var_seg_mac), &text));
        let kind = if materialized { Kind::Materialized } else { Kind::Sort };
        let planned = Planned { grbit, kind, ids, columns, index };
        planned.check_record(page_size)?;
        Ok(planned)
    }

    fn key_sizes(&self, page_size: PageSize) -> Result<(u16, Option<u16>)> {
        let range = KEY_MOST_DEFAULT..=index_key_bytes_max(page_size);
        let key_most = match u16::try_from(self.key_most) {
            Ok(0) => KEY_MOST_DEFAULT,
            Ok(asked) if range.contains(&asked) => asked,
            _ => return refused(JetError::INVALID_PARAMETER, "no key is that large"),
        };
        match u16::try_from(self.var_seg_mac) {
            Ok(0) => Ok((key_most, None)),
            Ok(asked) if asked <= key_most => Ok((key_most, Some(asked))),
            _ => refused(JetError::INVALID_PARAMETER, "segments larger than the key"),
        }
    }
}

impl NewTemporaryColumn {
    /// The catalog row this column would have.
    fn plan(
        &self,
        place: usize,
        version: DatabaseVersion,
        numbers: &mut ColumnNumbers,
    ) -> Result<CatalogRow> {
        let known = ColumnGrbit::FIXED
            | ColumnGrbit::TAGGED
            | ColumnGrbit::NOT_NULL
            | ColumnGrbit::MULTI_VALUED
            | ColumnGrbit::COMPRESSED;
        let name = place.to_string();
        let new = NewColumn {
            name: name.as_bytes(),
            column_type: self.column_type,
            grbit: ColumnGrbit::from_bits_retain(self.grbit).intersection(known).bits(),
            bytes_max: self.bytes_max,
            code_page: self.code_page,
            default: NewDefault::None,
        };
        plan_temporary_column(&new, version, numbers)
    }
}

/// Locale and flags of a request.
fn text_of(locale: Option<&NewLocale>, version: DatabaseVersion) -> Result<(String, LcMapFlags)> {
    let Some(locale) = locale else { return Ok((LOCALE_DEFAULT.to_owned(), LCMAP_FLAGS_DEFAULT)) };
    let flags = checked_text(locale, version)?;
    Ok((locale.name.clone(), flags.unwrap_or(LCMAP_FLAGS_DEFAULT)))
}

fn index_row(
    grbit: TemporaryGrbit,
    segments: Vec<IndexSegment>,
    (key_most, var_seg_mac): (u16, Option<u16>),
    (locale, lcmap_flags): &(String, LcMapFlags),
) -> IndexRow {
    // No file keeps these keys: our own rules are good enough for any text.
    let stamp = PrivateStamp::new(Sort::of_locale(locale));
    let mut flags = IndexFlags::UNIQUE
        | IndexFlags::PRIMARY
        | IndexFlags::ALLOW_ALL_NULLS
        | IndexFlags::ALLOW_FIRST_NULL
        | IndexFlags::ALLOW_SOME_NULLS
        | IndexFlags::EXTENDED_SEGMENTS;
    flags.set(IndexFlags::NULLS_HIGH, grbit.contains(TemporaryGrbit::SORT_NULLS_HIGH));
    flags.set(IndexFlags::DOT_NET_GUID, grbit.contains(TemporaryGrbit::DOT_NET_GUID));
    IndexRow {
        fdp_page: 0,
        density: 100,
        flags,
        locale_id: 0,
        segments,
        conditions: Vec::new(),
        key_most: (key_most != KEY_MOST_DEFAULT).then_some(key_most),
        var_seg_mac,
        tuple_limits: None,
        lcmap_flags: Some(*lcmap_flags),
        locale_name: None,
        sort_version: Some(stamp.version()),
        sort_id: Some(stamp.sort_id()),
        stats: None,
        space_hints: None,
        fdp_last_set_time: None,
    }
}

/// Whether the rows of a table have its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyed {
    /// They have.
    Yes,
    /// They are in the order in which they were inserted.
    No,
}

impl Planned {
    /// The definition of the table with this tree.
    pub(super) fn definition(&self, objid: u32, root: u32, keyed: Keyed) -> Result<TableDefinition> {
        // Low object ids are the catalog's in other databases, and mean its columns.
        const ANY_OBJID: u32 = FIRST_USER_OBJID;
        let failed = |error: ese_format::error::FormatError| Error::refused(error.jet(), error.to_string());
        let name = |bytes: &[u8]| ObjectName::from_catalog(bytes).map_err(failed);
        let table = TableRow { fdp_page: root, density: 100, root_flag: Some(0xFF), ..TableRow::default() };
        let mut rows = vec![CatalogRow {
            objid_table: ANY_OBJID,
            id: ANY_OBJID,
            name: name(b"temporary table")?,
            kind: RowKind::Table(table),
        }];
        rows.extend(self.columns.iter().map(|row| CatalogRow { objid_table: ANY_OBJID, ..row.clone() }));
        if let (Some(index), Keyed::Yes) = (&self.index, keyed) {
            let index = IndexRow { fdp_page: root, ..index.clone() };
            rows.push(CatalogRow {
                objid_table: ANY_OBJID,
                id: ANY_OBJID,
                name: name(b"primary")?,
                kind: RowKind::Index(index),
            });
        }
        let definition = TableDefinition::from_rows(&rows, None).map_err(failed)?;
        let indexes = definition.indexes.iter().map(|index| IndexDefinition { objid, ..index.clone() });
        Ok(TableDefinition { objid, indexes: indexes.collect(), ..definition })
    }

    /// Whether rows have a key at all.
    pub(super) fn is_keyed(&self) -> bool {
        self.index.is_some()
    }

    fn check_record(&self, page_size: PageSize) -> Result<()> {
        let definition = self.definition(1, 1, Keyed::Yes)?;
        let fixed = definition.layout.fixed_end();
        let key = definition.primary_index().map(|index| index.row.key_most.unwrap_or(KEY_MOST_DEFAULT));
        if usize::from(fixed) > RecordLimits::new(page_size, key).record_bytes_max {
            return refused(JetError::RECORD_TOO_BIG, "the fixed columns");
        }
        Ok(())
    }
}
