//! JetRetrieveColumn and JetRetrieveColumns (spec 09 §9.1–§9.5).

use ese_format::column_type::{ColumnClass, ColumnId};
use ese_format::error::JetError;
use ese_format::key::{EntryKey, KeyPart, KeySizes, SegmentColumn, invert};
use ese_format::record::{ColumnDefinition, ColumnFlags, RecordView};

use crate::error::{Error, Result};
use crate::table::{Completion, Cursor, RetrieveGrbit};
use crate::transaction::Session;

use super::place::entry_key;
use super::values::{Found, Presence, RecordInHand, copy_from};
use super::{Currency, refused};

/// Bits of the engine's own.
const INTERNAL: u32 = 0xC000_0000;
/// Bits of streaming files, which are gone.
const STREAMING: u32 = 0x700;

/// What is wanted of a column.
#[derive(Clone, Copy, Debug, Default)]
pub struct ColumnRequest {
    /// The column, as the API numbers it; 0 counts through the tagged columns.
    pub column: u32,
    /// Options.
    pub grbit: RetrieveGrbit,
    /// First byte wanted of a long value.
    pub offset: u32,
    /// Number of the value in a tagged column.
    pub itag: u32,
}

/// What a column gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retrieved {
    /// Success, `JET_wrnBufferTruncated`, `JET_wrnColumnNull`, `JET_wrnColumnSetNull`, `JET_wrnSeparateLongValue`.
    pub completion: Completion,
    /// Bytes there are from the offset on; the buffer has as many of them as fit.
    pub actual: usize,
    /// The column the value is of (`columnidNextTagged`); 0 behind the last tagged one.
    pub column: u32,
    /// Number of the value, where [`RetrieveGrbit::TAG`] asked for it; of values, where the request's itag is 0 in
    /// [`Cursor::retrieve_item`].
    pub itag: u32,
}

impl Retrieved {
    pub(super) fn of(column: u32, itag: u32, actual: usize, completion: Completion) -> Self {
        Self { completion, actual, column, itag }
    }

    /// A value of which `actual` bytes exist and `room` were asked for.
    pub(super) fn value(column: u32, itag: u32, actual: usize, room: usize) -> Self {
        let completion = if actual > room {
            Completion::Warning(JetError::WRN_BUFFER_TRUNCATED)
        } else {
            Completion::Success
        };
        Self::of(column, itag, actual, completion)
    }

    pub(super) fn null(column: u32, itag: u32) -> Self {
        Self::of(column, itag, 0, Completion::Warning(JetError::WRN_COLUMN_NULL))
    }
}

impl Cursor {
    /// A value of a column of the current record, or of the copy buffer.
    ///
    /// # Errors
    /// `JET_errInvalidGrbit`, `JET_errFeatureNotAvailable`, `JET_errBadColumnId`, `JET_errColumnNotFound`,
    /// `JET_errBadItagSequence`, `JET_errInvalidBufferSize`, `JET_errNoCurrentRecord`, `JET_errRecordDeleted`,
    /// `JET_errIndexTuplesCannotRetrieveFromIndex`, `JET_errColumnNoEncryptionKey`, those of damaged values.
    pub fn retrieve_column(
        &mut self,
        session: &mut Session,
        request: &ColumnRequest,
        buffer: &mut [u8],
    ) -> Result<Retrieved> {
        self.retrieve(session, request, buffer, Counting::Refused)
    }

    /// As [`Self::retrieve_column`] for one item of JetRetrieveColumns: an itag of 0 asks how many values there are.
    ///
    /// # Errors
    /// As [`Self::retrieve_column`].
    pub fn retrieve_item(
        &mut self,
        session: &mut Session,
        request: &ColumnRequest,
        buffer: &mut [u8],
    ) -> Result<Retrieved> {
        self.retrieve(session, request, buffer, Counting::Allowed)
    }

    fn retrieve(
        &mut self,
        session: &mut Session,
        request: &ColumnRequest,
        buffer: &mut [u8],
        counting: Counting,
    ) -> Result<Retrieved> {
        check_options(request.grbit)?;
        self.refresh_schema(session)?;
        if request.grbit.is_empty()
            && let Some(retrieved) = self.retrieve_at_once(request, buffer, counting)
        {
            return Ok(retrieved);
        }
        let column = self.column(request.column);
        let is_missing = request.column != 0 && column.is_err();
        let needs_snapshot = request.column == 0 || column.is_ok_and(|column| column.column_type.is_long());
        self.in_snapshot(session, needs_snapshot, |cursor, session| {
            if cursor.reads_copy(request.grbit) {
                return cursor.retrieve_from_copy(session, request, buffer, counting);
            }
            if needs_snapshot {
                cursor.refresh_schema(session)?;
            }
            cursor.parking(session, |cursor, session| {
                let from_key = RetrieveGrbit::FROM_INDEX | RetrieveGrbit::FROM_PRIMARY_BOOKMARK;
                if request.grbit.intersects(from_key) {
                    return cursor.retrieve_from_key(session, request, buffer);
                }
                if request.grbit.contains(RetrieveGrbit::PAGE_NUMBER) {
                    return cursor.page_number(session, buffer);
                }
                if is_missing {
                    cursor.column(request.column)?;
                }
                cursor.on_record(session)?;
                let record = cursor.record_in_hand(Self::sight(session))?;
                from_record(&record, request, buffer, counting)
            })
        })
    }

    /// A fixed or variable column that the record holds, where the tree cursor can tell without a latch what the record is.
    /// `None` where there is more to it.
    #[inline]
    fn retrieve_at_once(
        &self,
        request: &ColumnRequest,
        buffer: &mut [u8],
        counting: Counting,
    ) -> Option<Retrieved> {
        let asks_for_value = request.itag != 0 || counting == Counting::Refused;
        if self.secondary.is_some() || self.currency != Currency::OnEntry || !asks_for_value {
            return None;
        }
        let id = ColumnId::from_api(request.column)?;
        let column = self.table.schema().layout().column(id).filter(|column| !column.is_deleted())?;
        let is_plain = !column.column_type.is_long() && !column.flags.contains(ColumnFlags::ESCROW_UPDATE);
        if !is_plain || column.location.class() == ColumnClass::Tagged {
            return None;
        }
        let (record, _) = self.primary.glance()?;
        let actual = copy_from(RecordView::stored_value(record, column.location)?, buffer);
        Some(Retrieved::value(column.id.to_api(), 1, actual, buffer.len()))
    }

    pub(super) fn reads_copy(&self, grbit: RetrieveGrbit) -> bool {
        grbit.contains(RetrieveGrbit::COPY) && self.prepared.is_some()
    }

    fn retrieve_from_copy(
        &mut self,
        session: &mut Session,
        request: &ColumnRequest,
        buffer: &mut [u8],
        counting: Counting,
    ) -> Result<Retrieved> {
        let sight = Self::sight(session);
        let Some(update) = &mut self.prepared else {
            return refused(JetError::UPDATE_NOT_PREPARED, "no update is prepared");
        };
        if request.grbit.contains(RetrieveGrbit::COPY_INTRINSIC) {
            let max = update.table.limits().record_bytes_max;
            let free = max.saturating_sub(update.encode()?.len()) as u32;
            let actual = copy_from(&free.to_le_bytes(), buffer);
            return Ok(Retrieved::value(request.column, 1, actual, buffer.len()));
        }
        let record = copy_in_hand(update, sight)?;
        from_record(&record, request, buffer, counting)
    }

    /// The latched record.
    pub(super) fn record_in_hand<'r>(
        &'r self,
        sight: &'r crate::table::seen::Sight,
    ) -> Result<RecordInHand<'r>> {
        let page = self.primary.position().map_or(0, |(page, _)| page.number());
        Ok(RecordInHand { table: &self.table, view: self.record_view()?, update: None, sight, page })
    }

    /// The number of the record's page.
    fn page_number(&mut self, session: &mut Session, buffer: &mut [u8]) -> Result<Retrieved> {
        self.on_record(session)?;
        let page = self.primary.position().map_or(0, |(page, _)| page.number());
        let actual = copy_from(&page.to_le_bytes(), buffer);
        Ok(Retrieved::value(0, 1, actual, buffer.len()))
    }

    /// A key column, out of the key where the key tells it (spec 09 §9.3).
    fn retrieve_from_key(
        &mut self,
        session: &mut Session,
        request: &ColumnRequest,
        buffer: &mut [u8],
    ) -> Result<Retrieved> {
        let from_bookmark = request.grbit.contains(RetrieveGrbit::FROM_PRIMARY_BOOKMARK);
        self.resolve_deferred(session)?;
        let index = if from_bookmark { self.table.primary_index() } else { self.current_index() };
        let column = self.column(request.column)?.clone();
        let not_there = || Error::refused(JetError::COLUMN_NOT_FOUND, "the index has not this column");
        let index = index.cloned().ok_or_else(not_there)?;
        let mut segments = Vec::new();
        let mut place = None;
        for at in 0..index.row.segments.len() {
            let (segment, order) = self.segment(&index, at)?;
            if segment.id == column.id && place.is_none() {
                place = Some(at);
            }
            segments.push((SegmentColumn::of(segment), order));
        }
        let place = place.ok_or_else(not_there)?;
        let of_tuples = index.row.tuple_limits.is_some() && place == 0;
        if of_tuples && !request.grbit.contains(RetrieveGrbit::TUPLE) {
            let about = "the first column of a tuple index is a part of a value";
            return refused(JetError::INDEX_TUPLES_CANNOT_RETRIEVE_FROM_INDEX, about);
        }
        let is_secondary = !from_bookmark && self.secondary.is_some();
        let key = self.key_of_place(from_bookmark)?;
        let itag = if is_secondary && request.grbit.contains(RetrieveGrbit::TAG) {
            self.itag_of_entry(session, &index, &key)?
        } else {
            1
        };
        let sizes = KeySizes::of(index.row.key_most, index.row.var_seg_mac);
        match invert(&key, &segments, sizes).into_iter().nth(place) {
            Some(KeyPart::Value(bytes)) => {
                let actual = copy_from(&bytes, buffer);
                return Ok(Retrieved::value(request.column, itag, actual, buffer.len()));
            }
            Some(KeyPart::Null) => return Ok(Retrieved::null(request.column, itag)),
            _ => {}
        }
        let multi_valued = is_secondary && column.flags.contains(ColumnFlags::MULTI_VALUED);
        let itag = if multi_valued { self.itag_of_entry(session, &index, &key)? } else { itag };
        self.on_record(session)?;
        let sight = Self::sight(session);
        let record = self.record_in_hand(sight)?;
        let grbit = RetrieveGrbit::empty();
        let request = ColumnRequest { grbit, itag: itag.max(1), ..*request };
        from_record(&record, &request, buffer, Counting::Refused)
    }

    /// The key of the entry, or the bookmark of the record; also when it is gone.
    fn key_of_place(&self, of_record: bool) -> Result<Vec<u8>> {
        if self.currency != super::Currency::OnEntry {
            return refused(JetError::NO_CURRENT_RECORD, "the cursor is on no entry");
        }
        if of_record {
            return self.bookmark_bytes();
        }
        let key = self.entry_key()?;
        key.ok_or_else(|| Error::refused(JetError::NO_CURRENT_RECORD, "the cursor is on no entry"))
    }

    /// The number of the value whose entry has this key.
    fn itag_of_entry(
        &mut self,
        session: &mut Session,
        index: &ese_format::catalog::IndexDefinition,
        key: &[u8],
    ) -> Result<u32> {
        if self.on_record(session).is_err() {
            return Ok(1);
        }
        let sight = Self::sight(session);
        let record = self.record_view()?;
        let mut itag = 1;
        loop {
            match entry_key(&self.table, index, record, itag, sight)? {
                EntryKey::Key(other) if other == key => return Ok(itag as u32),
                EntryKey::Key(_) => itag += 1,
                EntryKey::NoEntry | EntryKey::NoSuchValue => return Ok(1),
            }
        }
    }
}

/// Whether an itag of 0 asks for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    Allowed,
    Refused,
}

fn check_options(grbit: RetrieveGrbit) -> Result<()> {
    if grbit.is_empty() {
        return Ok(());
    }
    let both = RetrieveGrbit::FROM_INDEX | RetrieveGrbit::FROM_PRIMARY_BOOKMARK;
    let alone = |bit: RetrieveGrbit, with: RetrieveGrbit| {
        grbit.contains(bit) && !grbit.difference(bit | with).is_empty()
    };
    let invalid = grbit.bits() & INTERNAL != 0
        || grbit.contains(both)
        || (grbit.contains(RetrieveGrbit::TUPLE) && !grbit.contains(RetrieveGrbit::FROM_INDEX))
        || alone(RetrieveGrbit::PAGE_NUMBER, RetrieveGrbit::empty())
        || (grbit.contains(RetrieveGrbit::PREREAD_MANY) && !grbit.contains(RetrieveGrbit::PREREAD_ONLY))
        || (grbit.contains(RetrieveGrbit::PHYSICAL_SIZE) && !grbit.contains(RetrieveGrbit::COPY));
    if invalid {
        return refused(JetError::INVALID_GRBIT, "options that do not go together");
    }
    if grbit.bits() & STREAMING != 0 || grbit.contains(RetrieveGrbit::AS_REF_IF_NOT_IN_RECORD) {
        return refused(JetError::FEATURE_NOT_AVAILABLE, "streaming files and column references");
    }
    Ok(())
}

/// The record of a copy buffer.
pub(super) fn copy_in_hand<'u>(
    update: &'u mut crate::table::copy_buffer::CopyBuffer,
    sight: &'u crate::table::seen::Sight,
) -> Result<RecordInHand<'u>> {
    update.encode()?;
    let update = &*update;
    Ok(RecordInHand {
        table: &update.table,
        view: update.encoded_view()?,
        update: Some(update),
        sight,
        page: 0,
    })
}

pub(super) fn from_record<'r>(
    record: &RecordInHand<'r>,
    request: &ColumnRequest,
    buffer: &mut [u8],
    counting: Counting,
) -> Result<Retrieved> {
    if request.column == 0 {
        return from_any_tagged(record, request, buffer, counting);
    }
    let column = record.column(request.column)?;
    let found = record.find(column)?;
    let tagged = column.location.class() == ColumnClass::Tagged;
    if request.itag == 0 && counting == Counting::Allowed {
        let count = found.count() as u32;
        return Ok(Retrieved::of(request.column, count, 0, Completion::Success));
    }
    if tagged && request.itag == 0 {
        return refused(JetError::BAD_ITAG_SEQUENCE, "values are counted from 1");
    }
    let ignored =
        tagged && found.state == Presence::Default && request.grbit.contains(RetrieveGrbit::IGNORE_DEFAULT);
    let itag = if tagged { request.itag } else { 1 };
    let asks_program = found.state == Presence::Absent
        && column.flags.contains(ColumnFlags::USER_DEFINED_DEFAULT)
        && itag == 1
        && !request.grbit.contains(RetrieveGrbit::IGNORE_DEFAULT);
    if asks_program {
        return refused(JetError::CALLBACK_FAILED, "the default is the program's affair");
    }
    if ignored || itag as usize > found.count() {
        return Ok(Retrieved::null(request.column, itag));
    }
    give(record, found, itag, request, buffer)
}

/// Counts through the values of all tagged columns (spec 09 §9.2).
fn from_any_tagged<'r>(
    record: &RecordInHand<'r>,
    request: &ColumnRequest,
    buffer: &mut [u8],
    counting: Counting,
) -> Result<Retrieved> {
    let nulls = request.grbit.contains(RetrieveGrbit::NULL);
    let ignore_default = request.grbit.contains(RetrieveGrbit::IGNORE_DEFAULT);
    if request.itag == 0 && counting == Counting::Refused {
        return refused(JetError::BAD_ITAG_SEQUENCE, "values are counted from 1");
    }
    let mut before = 0u32;
    for found in record.tagged()? {
        let steps = match found.state {
            Presence::Default if ignore_default => 0,
            Presence::ExplicitNull => u32::from(nulls),
            _ => found.count() as u32,
        };
        let itag = request.itag.checked_sub(before).filter(|itag| (1..=steps).contains(itag));
        if let Some(itag) = itag {
            let id = found.column.id.to_api();
            if found.state == Presence::ExplicitNull {
                let set_null = Completion::Warning(JetError::WRN_COLUMN_SET_NULL);
                return Ok(Retrieved::of(id, itag, 0, set_null));
            }
            return give(record, found, itag, request, buffer);
        }
        before += steps;
    }
    if request.itag == 0 {
        return Ok(Retrieved::of(0, before, 0, Completion::Success));
    }
    Ok(Retrieved::null(0, request.itag))
}

/// Gives one value out, or what the special options ask of it (spec 09 §9.4).
fn give<'r>(
    record: &RecordInHand<'r>,
    found: Found<'r>,
    itag: u32,
    request: &ColumnRequest,
    buffer: &mut [u8],
) -> Result<Retrieved> {
    let column: &ColumnDefinition = found.column;
    let id = column.id.to_api();
    let value = found.values.get(itag as usize).map_err(|error| record.failed(error))?;
    let special = super::retrieve_special::special(record, value, id, itag, request, buffer)?;
    if let Some(special) = special {
        return Ok(special);
    }
    let offset = if column.column_type.is_long() { request.offset } else { 0 };
    let actual = record.copy(value, offset, buffer)?;
    if column.flags.contains(ColumnFlags::ESCROW_UPDATE) && buffer.len() < actual {
        return refused(JetError::INVALID_BUFFER_SIZE, "a number is read whole");
    }
    Ok(Retrieved::value(id, itag, actual, buffer.len()))
}
