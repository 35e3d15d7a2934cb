//! The rows of the catalog as typed structs, one for each type of row (spec 03 §3, §7–§10).

use std::borrow::Cow;

use super::corrupted;
use super::flags::{IndexFlags, TableFlags};
use super::index_segment::{
    IndexSegment, SegmentUse, decode_old_segments, decode_segments, encode_old_segments, encode_segments,
};
use super::index_text::{LCMAP_FLAGS_DEFAULT, LcMapFlags, SORT_ID_BYTES, SortVersion, TupleLimits};
use super::name::ObjectName;
use super::record::{CatalogLong, CatalogRecord};
use super::space_hints::{PersistedSpaceHints, SpaceHintsKind};
use crate::column_type::{CodePage, ColumnType};
use crate::error::{FormatResult, Problem};
use crate::long_value::LongValueId;
use crate::record::{ColumnFlags, RecordFormat, RecordView};

/// The type of a row, in the order in which a table's rows lie in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum RowType {
    /// A table.
    Table = 1,
    /// A column.
    Column = 2,
    /// An index.
    Index = 3,
    /// A long-value tree.
    LongValue = 4,
    /// A table callback.
    Callback = 5,
    /// Obsolete: free space of a streaming file.
    SlvAvail = 6,
    /// Obsolete: owners of the pages of a streaming file.
    SlvOwnerMap = 7,
}

impl RowType {
    /// The type with this code.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Some(match code {
            1 => Self::Table,
            2 => Self::Column,
            3 => Self::Index,
            4 => Self::LongValue,
            5 => Self::Callback,
            6 => Self::SlvAvail,
            7 => Self::SlvOwnerMap,
            _ => return None,
        })
    }
}

/// A row of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogRow {
    /// Object id of the table the row belongs to.
    pub objid_table: u32,
    /// Table: its object id. Column: its FID. Index and long value: object id of the tree. Callback: 5.
    pub id: u32,
    /// Name; `LV` and `CB` for long values and callbacks.
    pub name: ObjectName,
    /// What the row describes.
    pub kind: RowKind,
}

/// What a row describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A table.
    Table(TableRow),
    /// A column.
    Column(ColumnRow),
    /// An index.
    Index(IndexRow),
    /// A long-value tree.
    LongValue(LongValueRow),
    /// A table callback.
    Callback(CallbackRow),
    /// A row of the streaming-file days, to be ignored.
    Obsolete(ObsoleteRow),
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TableRow {
    /// Root page of the primary tree.
    pub fdp_page: u32,
    /// Density of the primary tree in percent.
    pub density: u32,
    /// Flags.
    pub flags: TableFlags,
    /// Pages asked for at creation; 0 for the default of one.
    pub pages: u32,
    /// The byte that marks root objects; FF in every table row.
    pub root_flag: Option<u8>,
    /// Result of computing statistics: see [`Self::statistics`].
    pub stats: Option<Vec<u8>>,
    /// Name of the template table of a derived table.
    pub template_table: Option<ObjectName>,
    /// Preferred size up to which long values stay in the record.
    pub separate_lv: Option<u32>,
    /// Space hints beyond density and initial size.
    pub space_hints: Option<PersistedSpaceHints>,
    /// Space hints for the long-value tree to come.
    pub deferred_lv_hints: Option<PersistedSpaceHints>,
    /// Chunk size of long values where it is not the default.
    pub lv_chunk_bytes: Option<u32>,
    /// FILETIME at which the root page was last set.
    pub fdp_last_set_time: Option<u64>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRow {
    /// Type; [`ColumnType::Nil`] for a deleted column.
    pub column_type: ColumnType,
    /// Most bytes of a value, 0 for no limit; the slot's size for fixed columns.
    pub bytes_max: u32,
    /// Flags.
    pub flags: ColumnFlags,
    /// Code page in the low word; the high word is kept as found.
    pub code_page: u32,
    /// Offset of a fixed column in the record.
    pub record_offset: Option<u16>,
    /// Default value.
    pub default: Option<Vec<u8>>,
    /// `dll!function` of a user-defined default.
    pub callback: Option<Vec<u8>>,
    /// Data for that function.
    pub callback_data: Option<LongColumn>,
    /// FIDs that function depends on, u16 each.
    pub callback_dependencies: Option<LongColumn>,
}

impl ColumnRow {
    /// The code page of text.
    #[must_use]
    pub fn code_page(&self) -> CodePage {
        let [low, high, ..] = self.code_page.to_le_bytes();
        CodePage(u16::from_le_bytes([low, high]))
    }
}

/// A long column of the catalog that may have been separated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LongColumn {
    /// The bytes.
    Inline(Vec<u8>),
    /// In the catalog's long-value tree.
    Separated(LongValueId),
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexRow {
    /// Root page of the tree; the table's for a primary index.
    pub fdp_page: u32,
    /// Density in percent.
    pub density: u32,
    /// Flags as stored; see [`IndexFlags::when_loaded`].
    pub flags: IndexFlags,
    /// Locale id of files before Windows 8; 0 where [`Self::locale_name`] counts.
    pub locale_id: u32,
    /// Key columns, most significant first.
    pub segments: Vec<IndexSegment>,
    /// Conditions under which a record has an entry.
    pub conditions: Vec<IndexSegment>,
    /// Most bytes of a key where the row says so; 255 else.
    pub key_most: Option<u16>,
    /// Most bytes of each variable-length segment where the row says so; no limit else.
    pub var_seg_mac: Option<u16>,
    /// Limits of a tuple index; its presence makes it one.
    pub tuple_limits: Option<TupleLimits>,
    /// How text becomes a sort key.
    pub lcmap_flags: Option<LcMapFlags>,
    /// Locale name, UTF-16 without terminator.
    pub locale_name: Option<Vec<u8>>,
    /// Sort version of an index over UTF-16 text.
    pub sort_version: Option<SortVersion>,
    /// Sort id of an index over UTF-16 text.
    pub sort_id: Option<[u8; SORT_ID_BYTES]>,
    /// Result of computing statistics.
    pub stats: Option<Vec<u8>>,
    /// Space hints beyond the density.
    pub space_hints: Option<PersistedSpaceHints>,
    /// FILETIME at which the root page was last set.
    pub fdp_last_set_time: Option<u64>,
}

/// A long-value tree.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LongValueRow {
    /// Root page of the tree.
    pub fdp_page: u32,
    /// Density in percent.
    pub density: u32,
    /// Flags; 0.
    pub flags: u32,
    /// Pages asked for; 1.
    pub pages: u32,
    /// Space hints beyond the density.
    pub space_hints: Option<PersistedSpaceHints>,
    /// FILETIME at which the root page was last set.
    pub fdp_last_set_time: Option<u64>,
}

/// A table callback.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CallbackRow {
    /// Callback types (`JET_cbtyp`).
    pub callback_types: u32,
    /// `dll!function`.
    pub function: Vec<u8>,
}

/// A row of a type no engine uses any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObsoleteRow {
    /// Its type.
    pub row_type: RowType,
    /// Root page of the tree it names.
    pub fdp_page: u32,
    /// `SpaceUsage`.
    pub density: u32,
    /// `Flags`.
    pub flags: u32,
    /// `PagesOrLocale`.
    pub pages: u32,
}

impl CatalogRow {
    /// Reads a record of `MSysObjects` or its shadow.
    ///
    /// # Errors
    /// An unknown row type, or a column whose content breaks its rules: `JET_errCatalogCorrupted`.
    pub fn decode(view: &RecordView<'_>) -> FormatResult<Self> {
        Self::from_record(&CatalogRecord::decode(view)?)
    }

    /// The record's bytes, as Windows writes them.
    ///
    /// # Errors
    /// A value too long for its column: `JET_errColumnTooBig` or `JET_errRecordTooBig`.
    pub fn encode(&self, format: RecordFormat) -> FormatResult<Vec<u8>> {
        self.to_record().encode(format)
    }

    /// The type of the row.
    #[must_use]
    pub fn row_type(&self) -> RowType {
        match &self.kind {
            RowKind::Table(_) => RowType::Table,
            RowKind::Column(_) => RowType::Column,
            RowKind::Index(_) => RowType::Index,
            RowKind::LongValue(_) => RowType::LongValue,
            RowKind::Callback(_) => RowType::Callback,
            RowKind::Obsolete(row) => row.row_type,
        }
    }

    /// Makes a typed row of the catalog's columns.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn from_record(record: &CatalogRecord<'_>) -> FormatResult<Self> {
        let row_type = RowType::from_code(record.row_type).ok_or_else(|| {
            let problem = Problem::OutOfRange { found: u64::from(record.row_type), min: 1, max: 7 };
            corrupted("Type", problem)
        })?;
        let kind = match row_type {
            RowType::Table => RowKind::Table(TableRow::from_record(record)?),
            RowType::Column => RowKind::Column(ColumnRow::from_record(record)?),
            RowType::Index => RowKind::Index(IndexRow::from_record(record)?),
            RowType::LongValue => RowKind::LongValue(LongValueRow {
                fdp_page: record.coltyp_or_fdp,
                density: record.space_usage,
                flags: record.flags,
                pages: record.pages_or_locale,
                space_hints: hints(&record.space_hints, SpaceHintsKind::IndexOrLongValue)?,
                fdp_last_set_time: record.fdp_last_set_time,
            }),
            RowType::Callback => RowKind::Callback(CallbackRow {
                callback_types: record.flags,
                function: record.template_table.as_deref().unwrap_or_default().to_vec(),
            }),
            RowType::SlvAvail | RowType::SlvOwnerMap => RowKind::Obsolete(ObsoleteRow {
                row_type,
                fdp_page: record.coltyp_or_fdp,
                density: record.space_usage,
                flags: record.flags,
                pages: record.pages_or_locale,
            }),
        };
        let name = ObjectName::from_catalog(&record.name)?;
        Ok(Self { objid_table: record.objid_table, id: record.id, name, kind })
    }

    /// The catalog's columns for this row.
    #[must_use]
    pub fn to_record(&self) -> CatalogRecord<'_> {
        let mut record = CatalogRecord {
            objid_table: self.objid_table,
            row_type: self.row_type() as u16,
            id: self.id,
            name: Cow::Borrowed(self.name.as_bytes()),
            ..CatalogRecord::default()
        };
        match &self.kind {
            RowKind::Table(row) => row.fill(&mut record),
            RowKind::Column(row) => row.fill(&mut record),
            RowKind::Index(row) => row.fill(&mut record),
            RowKind::LongValue(row) => {
                record.coltyp_or_fdp = row.fdp_page;
                record.space_usage = row.density;
                record.flags = row.flags;
                record.pages_or_locale = row.pages;
                record.space_hints = encode_hints(row.space_hints, SpaceHintsKind::IndexOrLongValue);
                record.fdp_last_set_time = row.fdp_last_set_time;
            }
            RowKind::Callback(row) => {
                record.flags = row.callback_types;
                record.template_table = Some(Cow::Borrowed(&row.function));
            }
            RowKind::Obsolete(row) => {
                record.coltyp_or_fdp = row.fdp_page;
                record.space_usage = row.density;
                record.flags = row.flags;
                record.pages_or_locale = row.pages;
            }
        }
        record
    }
}

impl TableRow {
    /// Items, keys and pages counted, and the OLE date of the count, where statistics were computed (spec 03 §6.4).
    #[must_use]
    pub fn statistics(&self) -> Option<[u32; 3]> {
        statistics(self.stats.as_deref()?)
    }

    fn from_record(record: &CatalogRecord<'_>) -> FormatResult<Self> {
        let template = record.template_table.as_deref();
        Ok(Self {
            fdp_page: record.coltyp_or_fdp,
            density: record.space_usage,
            flags: TableFlags::from_bits_retain(record.flags),
            pages: record.pages_or_locale,
            root_flag: record.root_flag,
            stats: owned(&record.stats),
            template_table: template.map(ObjectName::from_catalog).transpose()?,
            separate_lv: record
                .separate_lv
                .as_ref()
                .map(|value| number(inline(value)?, "SeparateLV"))
                .transpose()?,
            space_hints: hints(&record.space_hints, SpaceHintsKind::Table)?,
            deferred_lv_hints: hints(&record.space_deferred_lv_hints, SpaceHintsKind::DeferredLongValue)?,
            lv_chunk_bytes: record.lv_chunk_max,
            fdp_last_set_time: record.fdp_last_set_time,
        })
    }

    fn fill<'a>(&'a self, record: &mut CatalogRecord<'a>) {
        record.coltyp_or_fdp = self.fdp_page;
        record.space_usage = self.density;
        record.flags = self.flags.bits();
        record.pages_or_locale = self.pages;
        record.root_flag = self.root_flag;
        record.stats = borrowed(&self.stats);
        record.template_table = self.template_table.as_ref().map(|name| Cow::Borrowed(name.as_bytes()));
        record.separate_lv = self.separate_lv.map(|bytes| owned_long(bytes.to_le_bytes().to_vec()));
        record.space_hints = encode_hints(self.space_hints, SpaceHintsKind::Table);
        record.space_deferred_lv_hints =
            encode_hints(self.deferred_lv_hints, SpaceHintsKind::DeferredLongValue);
        record.lv_chunk_max = self.lv_chunk_bytes;
        record.fdp_last_set_time = self.fdp_last_set_time;
    }
}

impl ColumnRow {
    fn from_record(record: &CatalogRecord<'_>) -> FormatResult<Self> {
        let long = |column: &Option<CatalogLong<'_>>| {
            column.as_ref().map(|value| match value {
                CatalogLong::Inline(bytes) => LongColumn::Inline(bytes.to_vec()),
                CatalogLong::Separated(id) => LongColumn::Separated(*id),
            })
        };
        let flags = ColumnFlags::from_bits_retain(record.flags);
        let default = owned(&record.default_value);
        let has_own_default =
            flags.contains(ColumnFlags::DEFAULT) && !flags.contains(ColumnFlags::USER_DEFINED_DEFAULT);
        if has_own_default && default.as_ref().is_none_or(Vec::is_empty) {
            return Err(corrupted(
                "DefaultValue",
                Problem::Invalid("is empty, but the flags say there is one"),
            ));
        }
        Ok(Self {
            column_type: ColumnType::from_code(record.coltyp_or_fdp),
            bytes_max: record.space_usage,
            flags,
            code_page: record.pages_or_locale,
            record_offset: record.record_offset,
            default,
            callback: owned(&record.template_table),
            callback_data: long(&record.callback_data),
            callback_dependencies: long(&record.callback_dependencies),
        })
    }

    fn fill<'a>(&'a self, record: &mut CatalogRecord<'a>) {
        fn long(column: &Option<LongColumn>) -> Option<CatalogLong<'_>> {
            column.as_ref().map(|value| match value {
                LongColumn::Inline(bytes) => CatalogLong::Inline(Cow::Borrowed(bytes)),
                LongColumn::Separated(id) => CatalogLong::Separated(*id),
            })
        }
        record.coltyp_or_fdp = self.column_type.code();
        record.space_usage = self.bytes_max;
        record.flags = self.flags.bits();
        record.pages_or_locale = self.code_page;
        record.record_offset = self.record_offset;
        record.default_value = borrowed(&self.default);
        record.template_table = borrowed(&self.callback);
        record.callback_data = long(&self.callback_data);
        record.callback_dependencies = long(&self.callback_dependencies);
    }
}

impl IndexRow {
    /// As [`TableRow::statistics`].
    #[must_use]
    pub fn statistics(&self) -> Option<[u32; 3]> {
        statistics(self.stats.as_deref()?)
    }

    /// How text becomes a sort key, the default where the row does not say.
    #[must_use]
    pub fn lcmap_flags(&self) -> LcMapFlags {
        self.lcmap_flags.unwrap_or(LCMAP_FLAGS_DEFAULT)
    }

    /// The locale name as text; `None` where the row has none (a locale id, or the invariant locale).
    #[must_use]
    pub fn locale(&self) -> Option<String> {
        let (units, _) = self.locale_name.as_deref()?.as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        Some(String::from_utf16_lossy(&units))
    }

    fn from_record(record: &CatalogRecord<'_>) -> FormatResult<Self> {
        let flags = IndexFlags::from_bits_retain(record.flags);
        let segments = |column: &Option<Cow<'_, [u8]>>, used_as| {
            let bytes = column.as_deref().unwrap_or_default();
            if flags.contains(IndexFlags::EXTENDED_SEGMENTS) {
                decode_segments(bytes)
            } else {
                decode_old_segments(bytes, used_as)
            }
        };
        let sort_id = record.sort_id.as_deref().map(|bytes| {
            let found = bytes.len() as u64;
            bytes
                .try_into()
                .map_err(|_| corrupted("SortID", Problem::Mismatch { found, expected: SORT_ID_BYTES as u64 }))
        });
        let var_seg_mac = record.var_seg_mac.as_deref().map(|bytes| {
            let found = bytes.len() as u64;
            let number = bytes.try_into().map(u16::from_le_bytes);
            number.map_err(|_| corrupted("VarSegMac", Problem::Mismatch { found, expected: 2 }))
        });
        let locale = record.locale_name.as_ref().map(inline).transpose()?;
        Ok(Self {
            fdp_page: record.coltyp_or_fdp,
            density: record.space_usage,
            flags,
            locale_id: record.pages_or_locale,
            segments: segments(&record.key_fields, SegmentUse::Key)?,
            conditions: segments(&record.conditional_columns, SegmentUse::Condition)?,
            key_most: record.key_most,
            var_seg_mac: var_seg_mac.transpose()?,
            tuple_limits: record.tuple_limits.as_deref().map(TupleLimits::decode).transpose()?,
            lcmap_flags: record.lcmap_flags.map(LcMapFlags::from_bits_retain),
            locale_name: locale.map(<[u8]>::to_vec),
            sort_version: record.version.as_deref().map(SortVersion::decode).transpose()?,
            sort_id: sort_id.transpose()?,
            stats: owned(&record.stats),
            space_hints: hints(&record.space_hints, SpaceHintsKind::IndexOrLongValue)?,
            fdp_last_set_time: record.fdp_last_set_time,
        })
    }

    fn fill<'a>(&'a self, record: &mut CatalogRecord<'a>) {
        let segments = |segments: &[IndexSegment]| {
            let extended = self.flags.contains(IndexFlags::EXTENDED_SEGMENTS);
            let encoded = if extended { encode_segments(segments) } else { encode_old_segments(segments) };
            (!encoded.is_empty()).then_some(Cow::Owned(encoded))
        };
        record.coltyp_or_fdp = self.fdp_page;
        record.space_usage = self.density;
        record.flags = self.flags.bits();
        record.pages_or_locale = self.locale_id;
        record.key_fields = segments(&self.segments);
        record.conditional_columns = segments(&self.conditions);
        record.key_most = self.key_most;
        record.var_seg_mac = self.var_seg_mac.map(|bytes| Cow::Owned(bytes.to_le_bytes().to_vec()));
        record.tuple_limits = self.tuple_limits.map(|limits| Cow::Owned(limits.encode()));
        record.lcmap_flags = self.lcmap_flags.map(|flags| flags.bits());
        record.locale_name = self.locale_name.as_deref().map(|name| CatalogLong::Inline(Cow::Borrowed(name)));
        record.version = self.sort_version.map(|version| Cow::Owned(version.0.to_le_bytes().to_vec()));
        record.sort_id = self.sort_id.as_ref().map(|id| Cow::Borrowed(id.as_slice()));
        record.stats = borrowed(&self.stats);
        record.space_hints = encode_hints(self.space_hints, SpaceHintsKind::IndexOrLongValue);
        record.fdp_last_set_time = self.fdp_last_set_time;
    }
}

fn statistics(stats: &[u8]) -> Option<[u32; 3]> {
    match stats.as_chunks::<4>().0 {
        [items, keys, pages, _, _] => Some([items, keys, pages].map(|count| u32::from_le_bytes(*count))),
        _ => None,
    }
}

fn owned(column: &Option<Cow<'_, [u8]>>) -> Option<Vec<u8>> {
    column.as_deref().map(<[u8]>::to_vec)
}

fn borrowed(column: &Option<Vec<u8>>) -> Option<Cow<'_, [u8]>> {
    column.as_deref().map(Cow::Borrowed)
}

fn owned_long(bytes: Vec<u8>) -> CatalogLong<'static> {
    CatalogLong::Inline(Cow::Owned(bytes))
}

fn inline<'v>(column: &'v CatalogLong<'_>) -> FormatResult<&'v [u8]> {
    match column {
        CatalogLong::Inline(bytes) => Ok(bytes),
        CatalogLong::Separated(_) => {
            Err(corrupted("catalog column", Problem::Invalid("is short, but separated")))
        }
    }
}

fn number(bytes: &[u8], field: &'static str) -> FormatResult<u32> {
    let found = bytes.len() as u64;
    bytes
        .try_into()
        .map(u32::from_le_bytes)
        .map_err(|_| corrupted(field, Problem::Mismatch { found, expected: 4 }))
}

fn hints(
    column: &Option<CatalogLong<'_>>,
    kind: SpaceHintsKind,
) -> FormatResult<Option<PersistedSpaceHints>> {
    column.as_ref().map(|value| PersistedSpaceHints::decode(inline(value)?, kind)).transpose()
}

fn encode_hints(hints: Option<PersistedSpaceHints>, kind: SpaceHintsKind) -> Option<CatalogLong<'static>> {
    hints.and_then(|hints| hints.encode(kind)).map(owned_long)
}
