//! `MSysLocales`: how many indexes were made with which sort keys (spec 03 §13.2).
//!
//! Invariant: the count of a combination is at least the number of its indexes. It is raised in a transaction of its own, so
//! that it stays when the index is rolled back; a count that is too high harms nobody, one that is too low hides indexes
//! from whoever looks for stale ones.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ese_format::catalog::{IndexRow, SortVersion};
use ese_format::error::JetError;
use ese_format::record::{NewValue, RecordBuilder, RecordFormat, RecordView, Value};

use crate::btree::{SeekOutcome, TreeKind, Versioning, WritableTree};
use crate::catalog::TableSchema;
use crate::catalog::new_database::{StoreValue, locale_record};
use crate::catalog::statement;
use crate::error::{Error, Result};
use crate::file_map::FileMap;
use crate::transaction::{Session, Transactions};

/// Longest key of the store, in characters.
const KEY_UNITS_MAX: usize = 111;
/// How often and how long a count waits for another one's transaction.
const RETRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(2);

/// The table, where the database has one.
#[derive(Debug)]
pub(super) struct LocalesTable {
    map: Arc<FileMap>,
    schema: Arc<TableSchema>,
    tree: WritableTree,
}

/// The key in the store of what an index is sorted by.
pub(super) fn store_key(locale: &str, version: SortVersion, id: &[u8; 16]) -> Option<String> {
    let mut key = format!("LocaleName={locale},SortID=");
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    for (place, byte) in order.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            key.push('-');
        }
        // Writing to a string does not fail.
        let _ = write!(key, "{:02x}", id.get(byte).copied().unwrap_or_default());
    }
    let _ = write!(key, ",Ver={:x}", version.0);
    (key.encode_utf16().count() <= KEY_UNITS_MAX).then_some(key)
}

impl LocalesTable {
    pub(super) fn open(map: &Arc<FileMap>, schema: Arc<TableSchema>) -> Result<Self> {
        let definition = schema.definition();
        let tree = WritableTree::open(map, definition.table.fdp_page, definition.objid, TreeKind::Primary)?;
        Ok(Self { map: Arc::clone(map), schema, tree })
    }

    /// The sort versions and SortIDs that indexes were made with; those with a number for a locale have no SortID.
    ///
    /// # Errors
    /// Those of trees and records.
    pub(super) fn combinations(&self) -> Result<Vec<(SortVersion, Option<[u8; 16]>)>> {
        let failed = |error: ese_format::error::FormatError| self.map.file().format_error(error);
        let format = RecordFormat::of(self.map.file().page_size());
        let column = |name: &[u8]| {
            self.schema.layout().column_named(name).ok_or_else(|| {
                Error::refused(JetError::CATALOG_CORRUPTED, "MSysLocales has not the columns it should have")
            })
        };
        let (key, count) = (column(b"Key")?, column(b"iValue")?);
        let mut found = Vec::new();
        let mut cursor = self.tree.tree().cursor();
        while cursor.move_next()? {
            let Some(node) = cursor.node()? else { break };
            let record = RecordView::parse(node.data, format).map_err(failed)?;
            let bytes = |column| -> Result<Vec<u8>> {
                Ok(match record.value(column, 1).map_err(failed)? {
                    Value::Inline(bytes) => bytes.to_vec(),
                    _ => Vec::new(),
                })
            };
            if bytes(count)?.iter().all(|byte| *byte == 0) {
                continue;
            }
            let units: Vec<u16> =
                bytes(key)?.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
            found.extend(parse_key(&String::from_utf16_lossy(&units)));
        }
        Ok(found)
    }

    /// Counts an index over UTF-16 text.
    ///
    /// # Errors
    /// `JET_errInvalidLanguageId` for a name that is too long for the table; those of trees and of the log.
    pub(super) fn count(&self, transactions: &Arc<Transactions>, index: &IndexRow) -> Result<()> {
        let (Some(version), Some(id)) = (index.sort_version, index.sort_id) else { return Ok(()) };
        let locale = index.locale().unwrap_or_default();
        let key = store_key(&locale, version, &id).ok_or_else(|| {
            Error::refused(JetError::INVALID_LANGUAGE_ID, format!("locale {locale}: the name is too long"))
        })?;
        let mut session = transactions.begin_system_session()?;
        for _ in 0..RETRIES {
            let counted = statement::run(&mut session, |session| self.count_once(session, &key));
            match counted {
                Err(error) if is_passing(error.jet()) => std::thread::sleep(PAUSE),
                other => return other,
            }
        }
        statement::run(&mut session, |session| self.count_once(session, &key))
    }

    fn count_once(&self, session: &mut Session, key: &str) -> Result<()> {
        let (stored_key, first) = locale_record(&self.schema, &self.map, key, StoreValue::Number, 1)?;
        let Some(record) = self.record(session, &stored_key)? else {
            return self.tree.insert(session, &stored_key, &first, Versioning::Versioned);
        };
        let raised = self.raised(&record)?;
        self.tree.replace(session, &stored_key, &raised, Versioning::Versioned)
    }

    fn record(&self, session: &Session, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut cursor = self.tree.tree().cursor_seeing(session.visibility());
        if cursor.seek(key, &[])? != SeekOutcome::Equal {
            return Ok(None);
        }
        Ok(cursor.node()?.map(|node| node.data.to_vec()))
    }

    /// The record with its count raised by one.
    fn raised(&self, record: &[u8]) -> Result<Vec<u8>> {
        let failed = |error: ese_format::error::FormatError| self.map.file().format_error(error);
        let format = RecordFormat::of(self.map.file().page_size());
        let layout = self.schema.layout();
        let column = layout.column_named(b"iValue").ok_or_else(|| {
            Error::refused(JetError::CATALOG_CORRUPTED, "MSysLocales has not the columns it should have")
        })?;
        let view = RecordView::parse(record, format).map_err(failed)?;
        let mut builder = RecordBuilder::from_view(&view, format).map_err(failed)?;
        let count = builder.fixed_value(column.location).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        let raised = i32::from_le_bytes(count.unwrap_or_default()).saturating_add(1);
        builder.set(layout, column, 1, NewValue::Inline(&raised.to_le_bytes())).map_err(failed)?;
        builder.to_bytes().map_err(failed)
    }
}

/// Version and SortID in a key of the store; `None` for one that is no count of indexes. What cannot be read counts as a
/// version that nobody knows.
fn parse_key(key: &str) -> Option<(SortVersion, Option<[u8; 16]>)> {
    let key = key.trim_end_matches('\0');
    let is_count = key.starts_with("LocaleName=") || key.starts_with("LCID=");
    let version = key.rsplit_once(",Ver=").filter(|_| is_count).map(|(_, version)| version);
    let version =
        u64::from_str_radix(version.filter(|_| is_count).unwrap_or_default(), 16).unwrap_or_default();
    is_count
        .then(|| (SortVersion(version), key.split_once(",SortID=").and_then(|(_, rest)| parse_guid(rest))))
}

/// The GUID at the beginning of a text, in memory order.
fn parse_guid(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> = text
        .bytes()
        .take(36)
        .filter(|byte| *byte != b'-')
        .map(|byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let mut guid = [0; 16];
    for (byte, place) in
        digits.as_chunks::<2>().0.iter().zip([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15])
    {
        *guid.get_mut(place)? = byte[0] << 4 | byte[1];
    }
    (digits.len() == 32).then_some(guid)
}

/// Whether another transaction is at the same row and will be gone soon.
fn is_passing(error: JetError) -> bool {
    matches!(error, JetError::WRITE_CONFLICT | JetError::KEY_DUPLICATE | JetError::RECORD_DELETED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_store_are_read_as_they_are_written() {
        let id = ese_format::sort_key::Sort::of_locale("sv-SE").id();
        let key = store_key("sv-SE", SortVersion(0x0006_0305_0006_0305), &id).unwrap();
        assert_eq!(key, "LocaleName=sv-SE,SortID=0000001a-57ee-1e5c-00b4-d0000bb1e11e,Ver=6030500060305");
        assert_eq!(parse_key(&format!("{key}\0")), Some((SortVersion(0x0006_0305_0006_0305), Some(id))));
        assert_eq!(
            parse_key("LCID=1033,Ver=6010100060101\0"),
            Some((SortVersion(0x0006_0101_0006_0101), None))
        );
        assert_eq!(parse_key("LocaleName=en-US"), Some((SortVersion(0), None)));
        assert_eq!(parse_key("MSysLocalesConsistent\0"), None);
        assert_eq!(store_key(&"x".repeat(60), SortVersion(0), &id), None);
    }
}
