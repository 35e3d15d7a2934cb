//! A row of the catalog with every column by its name, whatever the type of the row (spec 03 §2, §5).

use std::borrow::Cow;

use super::columns::{self as fid, LAYOUT};
use super::corrupted;
use crate::column_type::ColumnId;
use crate::error::{FormatResult, JetError, Problem};
use crate::long_value::LongValueId;
use crate::record::{ColumnDefinition, NewValue, RecordBuilder, RecordFormat, RecordView, Value};

/// A long column of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogLong<'a> {
    /// The bytes.
    Inline(Cow<'a, [u8]>),
    /// Held in the catalog's own long-value tree.
    Separated(LongValueId),
}

/// The 29 columns of the catalog. `None` is NULL.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)] // The fields are the columns of spec 03 §2, in its order and under its names.
pub struct CatalogRecord<'a> {
    pub objid_table: u32,
    pub row_type: u16,
    pub id: u32,
    pub name: Cow<'a, [u8]>,
    pub coltyp_or_fdp: u32,
    pub space_usage: u32,
    pub flags: u32,
    pub pages_or_locale: u32,
    pub stats: Option<Cow<'a, [u8]>>,
    pub root_flag: Option<u8>,
    pub template_table: Option<Cow<'a, [u8]>>,
    pub record_offset: Option<u16>,
    pub default_value: Option<Cow<'a, [u8]>>,
    pub key_fields: Option<Cow<'a, [u8]>>,
    pub var_seg_mac: Option<Cow<'a, [u8]>>,
    pub conditional_columns: Option<Cow<'a, [u8]>>,
    pub lcmap_flags: Option<u32>,
    pub key_most: Option<u16>,
    pub tuple_limits: Option<Cow<'a, [u8]>>,
    pub version: Option<Cow<'a, [u8]>>,
    pub sort_id: Option<Cow<'a, [u8]>>,
    pub callback_data: Option<CatalogLong<'a>>,
    pub callback_dependencies: Option<CatalogLong<'a>>,
    pub separate_lv: Option<CatalogLong<'a>>,
    pub space_hints: Option<CatalogLong<'a>>,
    pub space_deferred_lv_hints: Option<CatalogLong<'a>>,
    pub locale_name: Option<CatalogLong<'a>>,
    pub lv_chunk_max: Option<u32>,
    pub fdp_last_set_time: Option<u64>,
}

struct Reader<'r, 'a>(&'r RecordView<'a>);

impl<'a> Reader<'_, 'a> {
    fn value(&self, fid: u16) -> FormatResult<Value<'a>> {
        let column = definition(fid)?;
        let value = self.0.values(column.location).and_then(|values| values.get(1));
        value.map_err(|error| error.with_jet(JetError::CATALOG_CORRUPTED))
    }

    fn number<const N: usize>(&self, fid: u16) -> FormatResult<Option<[u8; N]>> {
        match self.value(fid)? {
            Value::Inline(bytes) => match bytes.try_into() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(corrupted(
                    "catalog column",
                    Problem::Mismatch { found: bytes.len() as u64, expected: N as u64 },
                )),
            },
            _ => Ok(None),
        }
    }

    fn required<const N: usize>(&self, fid: u16, field: &'static str) -> FormatResult<[u8; N]> {
        self.number(fid)?.ok_or_else(|| corrupted(field, Problem::Invalid("is NULL")))
    }

    fn required_u32(&self, fid: u16, field: &'static str) -> FormatResult<u32> {
        self.required(fid, field).map(u32::from_le_bytes)
    }

    fn bytes(&self, fid: u16) -> FormatResult<Option<Cow<'a, [u8]>>> {
        Ok(match self.value(fid)? {
            Value::Inline(bytes) => Some(Cow::Borrowed(bytes)),
            _ => None,
        })
    }

    fn long(&self, fid: u16) -> FormatResult<Option<CatalogLong<'a>>> {
        match self.value(fid)? {
            Value::Absent | Value::Null => Ok(None),
            Value::Inline(bytes) => Ok(Some(CatalogLong::Inline(Cow::Borrowed(bytes)))),
            Value::Separated(id) => Ok(Some(CatalogLong::Separated(id))),
            Value::Compressed(_) | Value::Encrypted(_) => {
                Err(corrupted("catalog column", Problem::Invalid("is compressed or encrypted")))
            }
        }
    }
}

fn definition(fid: u16) -> FormatResult<&'static ColumnDefinition> {
    LAYOUT
        .column(ColumnId::own(fid))
        .ok_or_else(|| corrupted("catalog column", Problem::Invalid("does not exist")))
}

impl<'a> CatalogRecord<'a> {
    /// Reads every column of a record of `MSysObjects` or its shadow.
    ///
    /// # Errors
    /// A column that does not lie in the record or has a size its type has not, a NULL where there must be a value:
    /// `JET_errCatalogCorrupted`.
    pub fn decode(view: &RecordView<'a>) -> FormatResult<Self> {
        let row = Reader(view);
        Ok(Self {
            objid_table: row.required_u32(fid::OBJID_TABLE, "ObjidTable")?,
            row_type: row.required(fid::TYPE, "Type").map(u16::from_le_bytes)?,
            id: row.required_u32(fid::ID, "Id")?,
            name: row.bytes(fid::NAME)?.ok_or_else(|| corrupted("Name", Problem::Invalid("is NULL")))?,
            coltyp_or_fdp: row.required_u32(fid::COLTYP_OR_FDP, "ColtypOrPgnoFDP")?,
            space_usage: row.required_u32(fid::SPACE_USAGE, "SpaceUsage")?,
            flags: row.required_u32(fid::FLAGS, "Flags")?,
            pages_or_locale: row.required_u32(fid::PAGES_OR_LOCALE, "PagesOrLocale")?,
            stats: row.bytes(fid::STATS)?,
            root_flag: row.number(fid::ROOT_FLAG)?.map(|[byte]| byte),
            template_table: row.bytes(fid::TEMPLATE_TABLE)?,
            record_offset: row.number(fid::RECORD_OFFSET)?.map(u16::from_le_bytes),
            default_value: row.bytes(fid::DEFAULT_VALUE)?,
            key_fields: row.bytes(fid::KEY_FIELDS)?,
            var_seg_mac: row.bytes(fid::VAR_SEG_MAC)?,
            conditional_columns: row.bytes(fid::CONDITIONAL_COLUMNS)?,
            lcmap_flags: row.number(fid::LCMAP_FLAGS)?.map(u32::from_le_bytes),
            key_most: row.number(fid::KEY_MOST)?.map(u16::from_le_bytes),
            tuple_limits: row.bytes(fid::TUPLE_LIMITS)?,
            version: row.bytes(fid::VERSION)?,
            sort_id: row.bytes(fid::SORT_ID)?,
            callback_data: row.long(fid::CALLBACK_DATA)?,
            callback_dependencies: row.long(fid::CALLBACK_DEPENDENCIES)?,
            separate_lv: row.long(fid::SEPARATE_LV)?,
            space_hints: row.long(fid::SPACE_HINTS)?,
            space_deferred_lv_hints: row.long(fid::SPACE_DEFERRED_LV_HINTS)?,
            locale_name: row.long(fid::LOCALE_NAME)?,
            lv_chunk_max: row.number(fid::LV_CHUNK_MAX)?.map(u32::from_le_bytes),
            fdp_last_set_time: row.number(fid::FDP_LAST_SET_TIME)?.map(u64::from_le_bytes),
        })
    }

    /// The record's bytes, as Windows writes them.
    ///
    /// # Errors
    /// A value too long for its column: `JET_errColumnTooBig` or `JET_errRecordTooBig`.
    pub fn encode(&self, format: RecordFormat) -> FormatResult<Vec<u8>> {
        let mut record = RecordBuilder::new(format);
        let mut set = |fid: u16, value: Option<&[u8]>| match value {
            Some(bytes) => record.set(&LAYOUT, definition(fid)?, 1, NewValue::Inline(bytes)),
            None => Ok(()),
        };
        set(fid::OBJID_TABLE, Some(&self.objid_table.to_le_bytes()))?;
        set(fid::TYPE, Some(&self.row_type.to_le_bytes()))?;
        set(fid::ID, Some(&self.id.to_le_bytes()))?;
        set(fid::NAME, Some(&self.name))?;
        set(fid::COLTYP_OR_FDP, Some(&self.coltyp_or_fdp.to_le_bytes()))?;
        set(fid::SPACE_USAGE, Some(&self.space_usage.to_le_bytes()))?;
        set(fid::FLAGS, Some(&self.flags.to_le_bytes()))?;
        set(fid::PAGES_OR_LOCALE, Some(&self.pages_or_locale.to_le_bytes()))?;
        set(fid::ROOT_FLAG, self.root_flag.map(|byte| [byte]).as_ref().map(<[u8; 1]>::as_slice))?;
        set(fid::RECORD_OFFSET, self.record_offset.map(u16::to_le_bytes).as_ref().map(<[u8; 2]>::as_slice))?;
        set(fid::LCMAP_FLAGS, self.lcmap_flags.map(u32::to_le_bytes).as_ref().map(<[u8; 4]>::as_slice))?;
        set(fid::KEY_MOST, self.key_most.map(u16::to_le_bytes).as_ref().map(<[u8; 2]>::as_slice))?;
        set(fid::LV_CHUNK_MAX, self.lv_chunk_max.map(u32::to_le_bytes).as_ref().map(<[u8; 4]>::as_slice))?;
        set(
            fid::FDP_LAST_SET_TIME,
            self.fdp_last_set_time.map(u64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice),
        )?;
        for (fid, bytes) in self.variable_columns() {
            set(fid, bytes.as_deref())?;
        }
        for (fid, value) in self.long_columns() {
            let value = match value {
                None => continue,
                Some(CatalogLong::Inline(bytes)) => NewValue::Inline(bytes),
                Some(CatalogLong::Separated(id)) => NewValue::Separated(*id),
            };
            record.set(&LAYOUT, definition(fid)?, 1, value)?;
        }
        record.to_bytes()
    }

    fn variable_columns(&self) -> [(u16, &Option<Cow<'a, [u8]>>); 9] {
        [
            (fid::STATS, &self.stats),
            (fid::TEMPLATE_TABLE, &self.template_table),
            (fid::DEFAULT_VALUE, &self.default_value),
            (fid::KEY_FIELDS, &self.key_fields),
            (fid::VAR_SEG_MAC, &self.var_seg_mac),
            (fid::CONDITIONAL_COLUMNS, &self.conditional_columns),
            (fid::TUPLE_LIMITS, &self.tuple_limits),
            (fid::VERSION, &self.version),
            (fid::SORT_ID, &self.sort_id),
        ]
    }

    fn long_columns(&self) -> [(u16, &Option<CatalogLong<'a>>); 6] {
        [
            (fid::CALLBACK_DATA, &self.callback_data),
            (fid::CALLBACK_DEPENDENCIES, &self.callback_dependencies),
            (fid::SEPARATE_LV, &self.separate_lv),
            (fid::SPACE_HINTS, &self.space_hints),
            (fid::SPACE_DEFERRED_LV_HINTS, &self.space_deferred_lv_hints),
            (fid::LOCALE_NAME, &self.locale_name),
        ]
    }
}
