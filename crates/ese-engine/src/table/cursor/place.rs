//! Bookmarks and the choice of the current index (spec 09 §7.5, §7.6).

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use ese_format::catalog::IndexDefinition;
use ese_format::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use ese_format::key::{EntryKey, IndexKeys, LongValueSource, RecordSource};
use ese_format::long_value::LongValueId;
use ese_format::record::RecordView;

use crate::btree::{Bookmark, SeekOutcome, Visibility};
use crate::error::{Error, Result};
use crate::table::seen::{self, Sight};
use crate::table::{BookmarkGrbit, Cursor, OpenTable};
use crate::transaction::Session;

use super::search_key::COMPARED_TEXT;
use super::{Currency, SecondaryOrder, refused};

/// Where a cursor goes when another index is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexStart {
    /// To the first entry, when a record is asked for.
    First,
    /// To the entry of the record it is on, made from this value of the first multi-valued key column (0 counts as 1).
    SameRecord {
        /// Number of the value.
        itag: u32,
    },
}

impl Cursor {
    /// Follows another index from now on, by its name in bytes of code page 1252; no name is the primary order. A
    /// prepared update is cancelled whatever the result.
    ///
    /// # Errors
    /// `JET_errIndexNotFound`, `JET_errCantUseDeferredPopulateIndex`, `JET_errFilteredMoveNotSupported` with a filter; to
    /// the same record also `JET_errNoCurrentRecord` (on no record: the index stays; or the record has no entry: the new
    /// one is current), `JET_errRecordDeleted`, `JET_errBadItagSequence`.
    pub fn set_current_index(&mut self, session: &mut Session, name: &[u8], start: IndexStart) -> Result<()> {
        if self.filter.is_some() {
            return refused(JetError::FILTERED_MOVE_NOT_SUPPORTED, "another index with a filter");
        }
        self.cancel_update(session)?;
        self.with_sight(session, |cursor, session| {
            let place = match name {
                [] => None,
                name => Some(cursor.table.index_named(name)?),
            };
            cursor.select(session, place, start)
        })
    }

    fn select(&mut self, session: &mut Session, place: Option<usize>, start: IndexStart) -> Result<()> {
        let is_primary =
            |place: &usize| self.table.index_at(*place).is_ok_and(|(index, _)| index.is_primary());
        let place = place.filter(|place| !is_primary(place));
        let bookmark = match start {
            IndexStart::First => None,
            IndexStart::SameRecord { .. } => Some(self.record_to_keep()?),
        };
        let current = self.secondary.as_ref().map(|order| order.place);
        if current != place {
            self.search.forget();
        }
        self.range = None;
        if current != place || start == IndexStart::First {
            self.secondary = match place {
                None => None,
                Some(place) => {
                    let entries =
                        seen::cursor_over(self.table.index_at(place)?.1.tree(), Self::sight(session));
                    Some(SecondaryOrder { place, entries, level: session.level() })
                }
            };
        }
        self.left(session, Currency::DeferredFirst);
        let (Some(bookmark), IndexStart::SameRecord { itag }) = (bookmark, start) else { return Ok(()) };
        self.currency = Currency::BeforeFirst;
        self.go_to_record(session, &bookmark)?;
        self.seek_entry_of_record(session, &bookmark, itag.max(1))
    }

    /// The bookmark of the record the cursor is on, deleted or not.
    fn record_to_keep(&self) -> Result<Vec<u8>> {
        if self.currency != Currency::OnEntry {
            return refused(JetError::NO_CURRENT_RECORD, "the cursor is on no record");
        }
        self.bookmark_bytes()
    }

    /// Latches the record with this bookmark in the primary tree.
    fn go_to_record(&mut self, session: &Session, bookmark: &[u8]) -> Result<()> {
        let found = self.primary.seek(bookmark, &[])? == SeekOutcome::Equal;
        if !found {
            return refused(JetError::RECORD_DELETED, "there is no such record (any more)");
        }
        if self.secondary.is_none() {
            return self.arrived(session);
        }
        self.record = Some(bookmark.to_vec());
        self.record_sought = true;
        Ok(())
    }

    /// With a secondary index current and the record latched: to its entry.
    fn seek_entry_of_record(&mut self, session: &Session, bookmark: &[u8], itag: u32) -> Result<()> {
        let Some(order) = &self.secondary else { return Ok(()) };
        let index = self.table.index_at(order.place)?.0.clone();
        let record = self.record_view()?;
        let key = entry_key(&self.table, &index, record, itag as usize, Self::sight(session));
        let key = match key? {
            EntryKey::Key(key) => key,
            EntryKey::NoEntry => {
                return refused(JetError::NO_CURRENT_RECORD, "the record has no entry in the index");
            }
            EntryKey::NoSuchValue => {
                return refused(JetError::BAD_ITAG_SEQUENCE, "the record has not as many values");
            }
        };
        let Some(order) = &mut self.secondary else { return Ok(()) };
        let data = if order.entries.tree().has_duplicate_keys() { bookmark } else { &[] };
        let found = order.entries.seek(&key, data)? == SeekOutcome::Equal;
        let same = found && order.entries.node()?.is_some_and(|node| node.data == bookmark);
        if !same {
            return refused(JetError::NO_CURRENT_RECORD, "the record has no entry in the index");
        }
        self.arrived(session)?;
        self.record_sought = true;
        Ok(())
    }

    /// The bookmark of the record: its key in the primary tree. Also of one that was deleted under the cursor.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord` on none, also before a deferred move.
    pub fn bookmark(&self) -> Result<Vec<u8>> {
        match (self.currency, &self.secondary) {
            (Currency::OnEntry, _) => self.bookmark_bytes(),
            _ => refused(JetError::NO_CURRENT_RECORD, "the cursor is on no record"),
        }
    }

    /// Goes to the record with this bookmark. A prepared update is cancelled, the index range and the search key go.
    ///
    /// # Errors
    /// `JET_errInvalidBookmark` for no bytes; `JET_errRecordDeleted` for no such record: the cursor stays where it is;
    /// `JET_errNoCurrentRecord` when the record has no entry in the current index: it can be read all the same.
    pub fn go_to_bookmark(&mut self, session: &mut Session, bookmark: &[u8]) -> Result<()> {
        if bookmark.is_empty() {
            return refused(JetError::INVALID_BOOKMARK, "a bookmark has bytes");
        }
        self.cancel_update(session)?;
        self.range = None;
        self.search.use_up();
        self.with_sight(session, |cursor, session| {
            let mut probe = seen::cursor_over(cursor.primary.tree(), Self::sight(session));
            if probe.seek(bookmark, &[])? != SeekOutcome::Equal {
                return refused(JetError::RECORD_DELETED, "there is no such record");
            }
            cursor.primary = probe;
            if cursor.secondary.is_none() {
                return cursor.arrived(session);
            }
            cursor.left(session, Currency::BeforeFirst);
            cursor.record = Some(bookmark.to_vec());
            cursor.record_sought = true;
            cursor.seek_entry_of_record(session, bookmark, 1)
        })
    }

    /// Key of the current entry of a secondary index, and bookmark of its record.
    ///
    /// # Errors
    /// `JET_errNoCurrentIndex` in the primary order, `JET_errNoCurrentRecord`, `JET_errRecordDeleted`.
    pub fn secondary_bookmark(&mut self, session: &mut Session) -> Result<Bookmark> {
        if self.secondary.is_none() {
            return refused(JetError::NO_CURRENT_INDEX, "the primary order is current");
        }
        self.with_sight(session, |cursor, session| {
            cursor.on_entry(session)?;
            let node = cursor.entries_ref().node()?;
            Ok(node
                .map(|node| Bookmark { key: node.key().to_vec(), data: node.data.to_vec() })
                .unwrap_or_default())
        })
    }

    /// Goes to an entry of the current secondary index. A prepared update is cancelled, the index range and the search key
    /// go.
    ///
    /// # Errors
    /// `JET_errNoCurrentIndex` in the primary order, `JET_errInvalidBookmark`; `JET_errRecordDeleted` when there is no
    /// such entry: the cursor stays, or with [`BookmarkGrbit::PERMIT_VIRTUAL_CURRENCY`] goes where the entry would be; in
    /// a unique index it is on the entry of another record.
    pub fn go_to_secondary_bookmark(
        &mut self,
        session: &mut Session,
        place: &Bookmark,
        grbit: BookmarkGrbit,
    ) -> Result<()> {
        let Some(order) = &self.secondary else {
            return refused(JetError::NO_CURRENT_INDEX, "the primary order is current");
        };
        let is_unique = !order.entries.tree().has_duplicate_keys();
        if place.key.is_empty() || (place.data.is_empty() && !is_unique) {
            return refused(JetError::INVALID_BOOKMARK, "a bookmark of an entry has key and record");
        }
        self.cancel_update(session)?;
        self.range = None;
        self.search.use_up();
        self.with_sight(session, |cursor, session| {
            let mut probe = seen::cursor_over(cursor.entries_ref().tree(), Self::sight(session));
            let data: &[u8] = if is_unique { &[] } else { &place.data };
            let here = probe.seek(&place.key, data)? == SeekOutcome::Equal;
            let other =
                here && !place.data.is_empty() && probe.node()?.is_some_and(|node| node.data != place.data);
            if here && let Some(order) = &mut cursor.secondary {
                order.entries = probe;
                cursor.arrived(session)?;
            } else if grbit.contains(BookmarkGrbit::PERMIT_VIRTUAL_CURRENCY) {
                cursor.left(session, Currency::OnVirtual);
                cursor.virtual_place = Bookmark { key: place.key.clone(), data: data.to_vec() };
            }
            if here && !other {
                return Ok(());
            }
            refused(JetError::RECORD_DELETED, "there is no such entry")
        })
    }
}

/// The key of the entry that value `itag` of a record gives in an index.
pub(super) fn entry_key(
    table: &OpenTable,
    index: &IndexDefinition,
    record: RecordView<'_>,
    itag: usize,
    sight: &Sight,
) -> Result<EntryKey> {
    let keys = IndexKeys::new(&index.row, table.schema().layout(), &COMPARED_TEXT)
        .map_err(|error| table.map().file().format_error(error))?;
    with_key_source(table, record, sight, |source| keys.entry_key(source, itag))
}

/// Runs what builds keys of a record; the failure of a long value comes out as it was.
pub(super) fn with_key_source<T>(
    table: &OpenTable,
    record: RecordView<'_>,
    sight: &Sight,
    build: impl FnOnce(&RecordSource<'_, &StoredLongValues<'_>>) -> FormatResult<T>,
) -> Result<T> {
    let long_values = StoredLongValues { table, sight: Cow::Borrowed(sight), failure: RefCell::new(None) };
    let built = build(&RecordSource { record, long_values: &long_values });
    built.map_err(|error| {
        let failure = long_values.take_failure();
        failure.unwrap_or_else(|| table.map().file().format_error(error))
    })
}

/// The long values of a table as a reader builds keys from them. What fails below formats, in a tree or on the disk, is
/// kept aside while a format error takes its place on the way up.
#[derive(Debug)]
pub struct StoredLongValues<'t> {
    table: &'t OpenTable,
    sight: Cow<'t, Sight>,
    failure: RefCell<Option<Error>>,
}

impl<'t> StoredLongValues<'t> {
    /// Those of a table, as this reader sees them.
    #[must_use]
    pub fn new(table: &'t OpenTable, sight: Arc<dyn Visibility>) -> Self {
        Self { table, sight: Cow::Owned(Some(sight)), failure: RefCell::new(None) }
    }

    /// The failure that a format error stands for.
    #[must_use]
    pub fn take_failure(&self) -> Option<Error> {
        self.failure.take()
    }
}

impl LongValueSource for &StoredLongValues<'_> {
    fn read(&self, id: LongValueId, bytes_max: usize, into: &mut Vec<u8>) -> FormatResult<()> {
        let store = self.table.existing_long_values();
        let read = store.and_then(|store| store.append_range(id, 0, bytes_max, &self.sight, into));
        read.map_err(|failure| {
            let jet = failure.jet();
            self.failure.replace(Some(failure));
            FormatError::new(FileKind::Database, 0, "long value", Problem::Invalid("cannot be read"), jet)
        })
    }
}
