//! The rows of the table "Measured".

use anyhow::{Context, Result};
use ese_format::catalog::TableDefinition;
use ese_format::column_type::{CodePage, ColumnType};
use ese_format::key::{KeySizes, NoTextKey, SegmentColumn, SegmentOrder, TextKeys, normalize};
use ese_format::page_size::PageSize;
use ese_format::record::{NewValue, RecordBuilder, RecordFormat};
use ese_format::sort_key::IndexText;

use super::catalog;

/// Bytes of the payload of a row.
const PAYLOAD_BYTES: usize = 900;
/// 2026-01-01 as the stored double, days since 1899-12-30.
const FIRST_DAY: f64 = 46_023.0;

/// Makes rows, one after the other.
pub(super) struct Rows {
    table: TableDefinition,
    format: RecordFormat,
    count: u32,
    noise: u64,
}

impl Rows {
    pub(super) fn new(size: PageSize) -> Result<Self> {
        let table = catalog::measured()?;
        Ok(Self { table, format: RecordFormat::of(size), count: 0, noise: 0x9E37_79B9_7F4A_7C15 })
    }

    /// Rows made so far.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    fn noise(&mut self) -> u64 {
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 7;
        self.noise ^= self.noise << 17;
        self.noise
    }

    /// Key and data of the next row.
    pub(super) fn next_row(&mut self) -> Result<(Vec<u8>, Vec<u8>)> {
        let id = i32::try_from(self.count).context("the table has too many rows")?;
        let number = self.noise() as i64;
        let mut payload = Vec::with_capacity(PAYLOAD_BYTES);
        while payload.len() < PAYLOAD_BYTES {
            payload.extend_from_slice(&self.noise().to_le_bytes());
        }
        payload.truncate(PAYLOAD_BYTES);
        let name = format!("row {id} of the table");
        let made = FIRST_DAY + f64::from(id) / 86_400.0;
        let values: [(&[u8], &[u8]); 5] = [
            (b"Id", &id.to_le_bytes()),
            (b"Made", &made.to_le_bytes()),
            (b"Number", &number.to_le_bytes()),
            (b"Name", name.as_bytes()),
            (b"Payload", &payload),
        ];
        let layout = &self.table.layout;
        let mut record = RecordBuilder::new(self.format);
        for (column, value) in values {
            let column = layout.column_named(column).context("a column of the table")?;
            record.set(layout, column, 1, NewValue::Inline(value))?;
        }
        let segment =
            SegmentColumn { column_type: ColumnType::Long, fixed_bytes: Some(4), code_page: CodePage::NONE };
        let mut key = Vec::new();
        let sizes = KeySizes::of(None, None);
        normalize(
            &mut key,
            Some(&id.to_le_bytes()),
            segment,
            SegmentOrder::default(),
            sizes,
            TextKeys { index: &IndexText::default(), keeper: &NoTextKey },
        )?;
        self.count += 1;
        Ok((key, record.to_bytes()?))
    }
}
