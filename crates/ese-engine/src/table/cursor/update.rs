//! JetUpdate, JetDelete and JetEscrowUpdate (spec 09 §8.6, §8.7, §8.9).
//!
//! Invariants: a change is one nested transaction: all of it or nothing; it is made without a latch of this cursor; the
//! copy buffer outlives an update that fails.

use std::sync::Arc;

use ese_format::catalog::IndexDefinition;
use ese_format::error::JetError;
use ese_format::long_value::LongValueId;
use ese_format::record::{ColumnFlags, ColumnLocation, NewValue, RecordFormat, RecordView};

use crate::btree::{DeltaWidth, SeekOutcome, Versioning};
use crate::error::{Error, Result};
use crate::table::copy_buffer::{CopyBuffer, Original};
use crate::table::seen;
use crate::table::{AtZero, Cursor, EscrowGrbit, OpenTable, Prepare, UpdateGrbit};
use crate::transaction::Session;

use super::index_upkeep::{
    OptionalUniqueness, change_entries, check_optionally_unique, delete_entries, depends_on, insert_entries,
    keys_of_record, primary_key,
};
use super::{refused, transact};

/// The last number a record of a table without a primary index can have.
const SEQUENCE_LAST: u32 = 0x7FFF_FEFF;

/// What an update did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// The bookmark of the record.
    pub bookmark: Vec<u8>,
    /// Whether a record was inserted: the bookmark then fits the room the caller has for it.
    pub inserted: bool,
}

/// What an escrow update found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscrowUpdated {
    /// The number before, as it is on the page.
    pub before: Vec<u8>,
    /// What the column asks for at zero, if the number is zero now.
    pub at_zero: Option<AtZero>,
}

impl Cursor {
    /// Finishes the prepared update. The cursor does not move. `room` is how many bytes the caller has for the bookmark of
    /// an inserted record, `None` when it wants none.
    ///
    /// # Errors
    /// `JET_errUpdateNotPrepared`, `JET_errUpdateMustVersion`, `JET_errNullInvalid`, `JET_errAutoIncrementNotSet`,
    /// `JET_errNullKeyDisallowed`, `JET_errKeyTruncated`, `JET_errKeyDuplicate`, `JET_errBufferTooSmall`,
    /// `JET_errRecordPrimaryChanged`, `JET_errWriteConflict`, `JET_errRecordDeleted`, `JET_errRecordTooBig`,
    /// `JET_errUnicodeNormalizationNotSupported`, those of the trees. Everything is undone then, and the update is still
    /// prepared.
    pub fn update(
        &mut self,
        session: &mut Session,
        room: Option<usize>,
        grbit: UpdateGrbit,
    ) -> Result<Updated> {
        let Some(mut update) = self.prepared.take() else {
            return refused(JetError::UPDATE_NOT_PREPARED, "no update is prepared");
        };
        let done =
            self.check_updatable(session).and_then(|()| self.park()).and_then(|()| match update.kind {
                Prepare::ReadOnlyCopy => {
                    refused(JetError::UPDATE_NOT_PREPARED, "the copy is for reading only")
                }
                Prepare::Replace | Prepare::ReplaceNoLock => self.replace(session, &mut update, grbit),
                _ => self.insert(session, &mut update, room, grbit),
            });
        // Put back so that one place forgets it.
        self.prepared = Some(update);
        if done.is_ok() {
            self.forget_update();
        }
        done
    }

    /// Makes a change of a record in a transaction of its own, with the table as the session sees it and with every
    /// index that must be kept up.
    fn change_records<T>(
        &mut self,
        session: &mut Session,
        scope: Scope,
        change: impl FnOnce(&mut Session, Tables<'_>) -> Result<T>,
    ) -> Result<T> {
        self.refresh_schema(session)?;
        let objid = self.table.schema().definition().objid;
        let source = self.table.source();
        let (mut change, mut changed) = (Some(change), None);
        source.changing_records(session, objid, &mut |session, schema| {
            let same = Arc::ptr_eq(&schema, self.table.schema());
            let maintained = if same { self.table.clone() } else { self.table.with_schema(schema)? };
            let tables = Tables { seen: &self.table, maintained: &maintained };
            let is_one_node =
                scope == Scope::Record && session.level() > 0 && !maintained.has_secondary_indexes();
            if let Some(change) = change.take() {
                changed = Some(if is_one_node {
                    change(session, tables)?
                } else {
                    transact(session, |session| change(session, tables))?
                });
            }
            Ok(())
        })?;
        changed.ok_or_else(|| Error::refused(JetError::INTERNAL_ERROR, "a change was not made"))
    }

    // ---- insert ----

    fn insert(
        &mut self,
        session: &mut Session,
        update: &mut CopyBuffer,
        room: Option<usize>,
        grbit: UpdateGrbit,
    ) -> Result<Updated> {
        self.refresh_schema(session)?;
        let versioning = if grbit.contains(UpdateGrbit::NO_VERSION) {
            let objid = self.table.schema().definition().objid;
            if !self.table.source().is_new(session, objid) {
                let about = "only a table of this transaction can be filled without versions";
                return refused(JetError::UPDATE_MUST_VERSION, about);
            }
            Versioning::Unversioned
        } else {
            Versioning::Versioned
        };
        check_required(&self.table, update)?;
        let scope = if update.original.is_none() { Scope::of(update) } else { Scope::More };
        self.change_records(session, scope, |session, tables| {
            insert_record(session, tables, update, room, (versioning, uniqueness_of(grbit)))
        })
    }

    // ---- replace ----

    fn replace(
        &mut self,
        session: &mut Session,
        update: &mut CopyBuffer,
        grbit: UpdateGrbit,
    ) -> Result<Updated> {
        if grbit.contains(UpdateGrbit::NO_VERSION) {
            return refused(JetError::UPDATE_MUST_VERSION, "a replace makes a version");
        }
        let Some(original) = update.original.take() else {
            return refused(JetError::UPDATE_NOT_PREPARED, "no record was copied");
        };
        let replaced = self.replace_original(session, update, &original, uniqueness_of(grbit));
        let updated = Updated { bookmark: original.bookmark.clone(), inserted: false };
        update.original = Some(original);
        replaced.map(|()| updated)
    }

    fn replace_original(
        &mut self,
        session: &mut Session,
        update: &mut CopyBuffer,
        original: &Original,
        uniqueness: OptionalUniqueness,
    ) -> Result<()> {
        if update.changed.is_empty() && update.pending.is_empty() {
            return Ok(());
        }
        let held = separated_of(&self.table, original)?;
        let scope = if held.is_empty() { Scope::of(update) } else { Scope::More };
        self.change_records(session, scope, |session, tables| {
            check_still_the_same(session, tables.seen, update, original)?;
            replace_record(session, tables, update, original, (&held, uniqueness))
        })
    }

    // ---- delete ----

    /// Deletes the current record with its index entries and long values. A prepared update is cancelled.
    ///
    /// # Errors
    /// `JET_errPermissionDenied`, `JET_errTransReadOnly`, `JET_errAlreadyPrepared` while a copy is prepared that deletes
    /// its original, `JET_errNoCurrentRecord`, `JET_errRecordDeleted`, `JET_errWriteConflict`,
    /// `JET_errSecondaryIndexCorrupted`, those of the trees. Nothing has changed then.
    pub fn delete(&mut self, session: &mut Session) -> Result<()> {
        self.check_updatable(session)?;
        let moves = |update: &CopyBuffer| {
            matches!(update.kind, Prepare::InsertCopyDeleteOriginal | Prepare::InsertCopyReplaceOriginal)
        };
        if self.prepared.as_deref().is_some_and(moves) {
            return refused(JetError::ALREADY_PREPARED, "a copy is prepared that deletes its original");
        }
        self.cancel_update(session)?;
        let original = self.current_original(session)?;
        let held = separated_of(&self.table, &original)?;
        let scope = if held.is_empty() { Scope::Record } else { Scope::More };
        self.change_records(session, scope, |session, tables| {
            delete_record(session, tables, &original, &held, &[])
        })
    }

    /// Whether there is a record that [`Self::delete`] may delete.
    ///
    /// # Errors
    /// `JET_errPermissionDenied`, `JET_errTransReadOnly`, `JET_errNoCurrentRecord`, `JET_errRecordDeleted`.
    pub fn check_deletable(&mut self, session: &mut Session) -> Result<()> {
        self.check_updatable(session)?;
        self.with_sight(session, |cursor, session| cursor.on_record(session))
    }

    /// A copy of the current record, with no latch left.
    fn current_original(&mut self, session: &mut Session) -> Result<Original> {
        self.with_sight(session, |cursor, session| {
            cursor.on_record(session)?;
            let image = cursor.record_view()?.bytes().to_vec();
            let at = cursor
                .primary
                .position()
                .map(|(page, line)| (page.record_format(), page.number(), line as u32));
            let (format, page, line) =
                at.unwrap_or_else(|| (RecordFormat::of(cursor.table.page_size()), 0, 0));
            Ok(Original { bookmark: cursor.bookmark_bytes()?, image, format, page, line })
        })
    }

    // ---- escrow ----

    /// Adds to the number in an escrow column of the current record.
    /// `delta` has 4 or 8 bytes, as the column; `old_room` is the caller's room for the bytes before, 0 when they are not
    /// wanted.
    ///
    /// # Errors
    /// `JET_errNotInTransaction`, `JET_errPermissionDenied`, `JET_errTransReadOnly`, `JET_errAlreadyPrepared`,
    /// `JET_errBadColumnId`, `JET_errColumnNotFound`, `JET_errInvalidBufferSize`, `JET_errInvalidOperation` for another
    /// kind of column, `JET_errNoCurrentRecord`, `JET_errRecordDeleted`, `JET_errWriteConflict`.
    pub fn escrow_update(
        &mut self,
        session: &mut Session,
        columnid: u32,
        delta: &[u8],
        old_room: usize,
        grbit: EscrowGrbit,
    ) -> Result<EscrowUpdated> {
        if session.level() == 0 {
            return refused(JetError::NOT_IN_TRANSACTION, "an escrow update wants a transaction");
        }
        self.check_updatable(session)?;
        if self.prepared.is_some() {
            return refused(JetError::ALREADY_PREPARED, "an update is prepared");
        }
        self.refresh_schema(session)?;
        let column = self.column(columnid)?;
        let ColumnLocation::Fixed { offset, size, .. } = column.location else {
            return refused(JetError::INVALID_BUFFER_SIZE, "the column has no fixed size");
        };
        let (location, flags, bytes) = (column.location, column.flags, usize::from(size));
        if delta.len() != bytes || (old_room > 0 && old_room < bytes) {
            return refused(JetError::INVALID_BUFFER_SIZE, "a number has the size of its column");
        }
        let (width, delta) = match (delta.first_chunk::<4>(), delta.first_chunk::<8>()) {
            (_, Some(delta)) => (DeltaWidth::Eight, i64::from_le_bytes(*delta)),
            (Some(delta), None) => (DeltaWidth::Four, i64::from(i32::from_le_bytes(*delta))),
            _ => return refused(JetError::INVALID_OPERATION, "the column is no escrow column"),
        };
        if !flags.contains(ColumnFlags::ESCROW_UPDATE) {
            return refused(JetError::INVALID_OPERATION, "the column is no escrow column");
        }
        let original = self.current_original(session)?;
        check_escrow_value(&self.table, &original, location)?;
        let versioning = if grbit.contains(EscrowGrbit::NO_ROLLBACK) {
            Versioning::Unversioned
        } else {
            Versioning::Versioned
        };
        let tree = self.table.primary().clone();
        let before = transact(session, |session| {
            tree.delta(session, &original.bookmark, offset, width, delta, versioning)
        })?;
        let mut old = before.to_le_bytes().to_vec();
        old.truncate(bytes);
        let now = before.wrapping_add(delta);
        let is_zero = match width {
            DeltaWidth::Four => now as i32 == 0,
            DeltaWidth::Eight => now == 0,
        };
        Ok(EscrowUpdated { before: old, at_zero: AtZero::of(flags).filter(|_| is_zero) })
    }
}

/// What a change of a record changes beside index entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The record's node: the tree does that or nothing. Without index entries no transaction has to hold it together.
    Record,
    /// Long values or another record too.
    More,
}

impl Scope {
    /// Of an update with regard to its long values.
    fn of(update: &CopyBuffer) -> Self {
        let none = update.pending.is_empty() && update.referenced.is_empty();
        if none && update.record().separated_values().next().is_none() { Self::Record } else { Self::More }
    }
}

/// A table whose record changes.
#[derive(Clone, Copy)]
struct Tables<'t> {
    /// As the session sees it.
    seen: &'t OpenTable,
    /// With the indexes of others that must be kept up, and the columns of others.
    maintained: &'t OpenTable,
}

impl Tables<'_> {
    /// Columns that the session does not see get their defaults in a record that has a place for them.
    fn fill_unseen(self, update: &mut CopyBuffer) -> Result<()> {
        let (seen, maintained) = (self.seen.schema(), self.maintained.schema());
        if Arc::ptr_eq(seen, maintained) { Ok(()) } else { update.fill_unseen(maintained) }
    }
}

/// An escrow column has a value in every record (spec 04 §2.2); one that says otherwise is not counted in.
fn check_escrow_value(table: &OpenTable, original: &Original, location: ColumnLocation) -> Result<()> {
    let failed = |error| table.map().file().format_error(error);
    let view = RecordView::parse(&original.image, original.format).map_err(failed)?;
    let has_value = view.values(location).map_err(failed)?.count() > 0;
    if has_value { Ok(()) } else { refused(JetError::INVALID_OPERATION, "the record has no number there") }
}

/// Every column that must have a value has one.
fn check_required(table: &OpenTable, update: &CopyBuffer) -> Result<()> {
    for id in &table.special_columns().required {
        let Some(column) = table.schema().layout().column(*id) else { continue };
        if update.record().has_value(column.location) {
            continue;
        }
        if column.flags.contains(ColumnFlags::AUTO_INCREMENT) {
            return refused(JetError::AUTO_INCREMENT_NOT_SET, "the autoincrement column was not set");
        }
        if column.flags.contains(ColumnFlags::VERSION) {
            continue;
        }
        return Err(Error::refused(JetError::NULL_INVALID, format!("{id:?} has no value")));
    }
    let unset = |id| {
        let column = table.schema().layout().column(id);
        column.is_some_and(|column| !update.record().has_value(column.location))
    };
    if update.kind == Prepare::InsertMustSetAutoIncrement
        && table.special_columns().auto_increment.is_some_and(unset)
    {
        return refused(JetError::AUTO_INCREMENT_NOT_SET, "the autoincrement column was not set");
    }
    Ok(())
}

/// Sets the version column of a record.
fn set_version(table: &OpenTable, update: &mut CopyBuffer, value: Option<i32>) -> Result<()> {
    let Some(id) = table.special_columns().version else { return Ok(()) };
    let Some(column) = table.schema().layout().column(id) else { return Ok(()) };
    match value {
        Some(value) => update.set(column, 1, NewValue::Inline(&value.to_le_bytes())),
        None if update.record().has_value(column.location) => Ok(()),
        None => update.set(column, 1, NewValue::Inline(&[0; 4])),
    }
}

fn uniqueness_of(grbit: UpdateGrbit) -> OptionalUniqueness {
    if grbit.contains(UpdateGrbit::ENFORCE_OPTIONALLY_UNIQUE_INDICES) {
        OptionalUniqueness::Enforced
    } else {
        OptionalUniqueness::Ignored
    }
}

fn insert_record(
    session: &mut Session,
    tables: Tables<'_>,
    update: &mut CopyBuffer,
    room: Option<usize>,
    (versioning, uniqueness): (Versioning, OptionalUniqueness),
) -> Result<Updated> {
    let table = tables.seen;
    set_version(table, update, None)?;
    let kept: Vec<LongValueId> = update.record().separated_values().collect();
    if let Some(original) = update.original.clone()
        && matches!(update.kind, Prepare::InsertCopyDeleteOriginal | Prepare::InsertCopyReplaceOriginal)
    {
        check_still_the_same(session, table, update, &original)?;
        delete_record(session, tables, &original, &separated_of(table, &original)?, &kept)?;
    }
    write_long_values(session, table, update)?;
    release_others(session, table, &update.referenced, &kept)?;
    tables.fill_unseen(update)?;
    let view = sized_view(table, update)?;
    let bookmark = match table.primary_index() {
        Some(index) => primary_key(table, index, view, session)?,
        None => next_sequence_key(table)?,
    };
    if room.is_some_and(|room| room < bookmark.len()) {
        return refused(JetError::BUFFER_TOO_SMALL, "the bookmark does not fit");
    }
    let keys = keys_of_record(tables.maintained, view, None, session)?;
    table.primary().insert(session, &bookmark, view.bytes(), versioning)?;
    insert_entries(session, tables.maintained, &keys, &bookmark, versioning)?;
    if uniqueness == OptionalUniqueness::Enforced {
        check_optionally_unique(tables.maintained, &keys, &bookmark)?;
    }
    Ok(Updated { bookmark, inserted: true })
}

fn replace_record(
    session: &mut Session,
    tables: Tables<'_>,
    update: &mut CopyBuffer,
    original: &Original,
    (held, uniqueness): (&[LongValueId], OptionalUniqueness),
) -> Result<()> {
    let table = tables.seen;
    let failed = |error| table.map().file().format_error(error);
    let old = RecordView::parse(&original.image, original.format).map_err(failed)?;
    if let Some(version) = next_version(table, old)? {
        set_version(table, update, Some(version))?;
    }
    // The old keys first: they are made of the long values as they were.
    let before = keys_of_record(tables.maintained, old, Some(&update.changed), session)?;
    write_long_values(session, table, update)?;
    let changed = update.changed.clone();
    let kept: Vec<LongValueId> = update.record().separated_values().collect();
    tables.fill_unseen(update)?;
    let view = sized_view(table, update)?;
    check_primary_key(table, view, &changed, original, session)?;
    table.primary().expect_at(original.page, original.line);
    table.primary().replace(session, &original.bookmark, view.bytes(), Versioning::Versioned)?;
    let after = keys_of_record(tables.maintained, view, Some(&changed), session)?;
    change_entries(session, tables.maintained, (&before, &after), &original.bookmark)?;
    if uniqueness == OptionalUniqueness::Enforced {
        check_optionally_unique(tables.maintained, &after, &original.bookmark)?;
    }
    release_others(session, table, &update.referenced, &kept)?;
    release_others(session, table, held, &kept)
}

/// Deletes a record, its entries, and the long values that it held but for those that another record takes over.
fn delete_record(
    session: &mut Session,
    tables: Tables<'_>,
    original: &Original,
    held: &[LongValueId],
    taken_over: &[LongValueId],
) -> Result<()> {
    let table = tables.seen;
    let failed = |error| table.map().file().format_error(error);
    let view = RecordView::parse(&original.image, original.format).map_err(failed)?;
    let keys = keys_of_record(tables.maintained, view, None, session)?;
    table.primary().expect_at(original.page, original.line);
    table.primary().flag_delete(session, &original.bookmark, &[], Versioning::Versioned)?;
    delete_entries(session, tables.maintained, &keys, &original.bookmark)?;
    release_others(session, table, held, taken_over)
}

/// The long values that a stored record refers to, each as often as it does.
fn separated_of(table: &OpenTable, original: &Original) -> Result<Vec<LongValueId>> {
    use ese_format::record::Value;
    let failed = |error| table.map().file().format_error(error);
    let view = RecordView::parse(&original.image, original.format).map_err(failed)?;
    let mut ids = Vec::new();
    for column in view.tagged_area().iter() {
        for value in column.map_err(failed)?.iter() {
            if let Value::Separated(id) = value.map_err(failed)? {
                ids.push(id);
            }
        }
    }
    Ok(ids)
}

/// Gives up the references of `held` that are not among `kept`.
fn release_others(
    session: &mut Session,
    table: &OpenTable,
    held: &[LongValueId],
    kept: &[LongValueId],
) -> Result<()> {
    if held.is_empty() {
        return Ok(());
    }
    let mut kept = kept.to_vec();
    for id in held {
        if let Some(place) = kept.iter().position(|other| other == id) {
            kept.swap_remove(place);
            continue;
        }
        table.existing_long_values()?.release(session, *id)?;
    }
    Ok(())
}

/// Writes the long values that are pending and still in the record.
fn write_long_values(session: &mut Session, table: &OpenTable, update: &CopyBuffer) -> Result<()> {
    if update.pending.is_empty() {
        return Ok(());
    }
    let store = table.existing_long_values()?;
    for id in update.record().separated_values() {
        let Some(value) = update.pending.get(&id) else { continue };
        if value.base() == Some(id) {
            store.apply(session, id, value)?;
        } else {
            store.create(session, id, value)?;
        }
    }
    Ok(())
}

fn sized_view<'u>(table: &OpenTable, update: &'u mut CopyBuffer) -> Result<RecordView<'u>> {
    let max = table.limits().record_bytes_max;
    let view = update.view()?;
    if view.bytes().len() > max {
        let about = format!("record of {} bytes, {max} at most", view.bytes().len());
        return Err(Error::refused(JetError::RECORD_TOO_BIG, about));
    }
    Ok(view)
}

/// The last number that a record of the table has got. One that is being deleted counts: the deletion may be undone.
fn last_sequence_number(table: &OpenTable, last: &mut Option<u32>) -> Result<u32> {
    if let Some(number) = *last {
        return Ok(number);
    }
    let mut cursor = seen::cursor_over_all(table.primary().tree());
    cursor.move_last()?;
    let key = cursor.node()?.map(|node| node.key().to_vec()).unwrap_or_default();
    let number = key.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    *last = Some(number);
    Ok(number)
}

/// The key of a new record in a table without a primary index (spec 04 §6.1).
fn next_sequence_key(table: &OpenTable) -> Result<Vec<u8>> {
    let mut last = table.state().sequence.lock();
    let before = last_sequence_number(table, &mut last)?;
    if before >= SEQUENCE_LAST {
        return refused(JetError::OUT_OF_SEQUENTIAL_INDEX_VALUES, "record numbers of the table");
    }
    *last = Some(before + 1);
    Ok((before + 1).to_be_bytes().to_vec())
}

/// What the version column of a record will be.
fn next_version(table: &OpenTable, old: RecordView<'_>) -> Result<Option<i32>> {
    use ese_format::record::Value;
    let Some(id) = table.special_columns().version else { return Ok(None) };
    let Some(column) = table.schema().layout().column(id) else { return Ok(None) };
    let failed = |error| table.map().file().format_error(error);
    let stored = old.value(column, 1).map_err(failed)?;
    let before = match stored {
        Value::Inline(bytes) => bytes.first_chunk().map_or(0, |bytes| i32::from_le_bytes(*bytes)),
        _ => 0,
    };
    Ok(Some(before.wrapping_add(1)))
}

/// A replace keeps the record's primary key.
fn check_primary_key(
    table: &OpenTable,
    view: RecordView<'_>,
    changed: &[ese_format::column_type::ColumnId],
    original: &Original,
    session: &Session,
) -> Result<()> {
    let concerned = |index: &&IndexDefinition| depends_on(table, index, changed);
    let Some(index) = table.primary_index().filter(concerned) else { return Ok(()) };
    if primary_key(table, index, view, session)? == original.bookmark {
        return Ok(());
    }
    refused(JetError::RECORD_PRIMARY_CHANGED, "a replace keeps the primary key")
}

/// An update that was prepared outside of this transaction finds the record as it was then, or is in conflict.
fn check_still_the_same(
    session: &mut Session,
    table: &OpenTable,
    update: &CopyBuffer,
    original: &Original,
) -> Result<()> {
    if update.level > 0 && update.begin0 == session.begin0() {
        return Ok(());
    }
    let mut cursor = seen::cursor_over(table.primary().tree(), &Some(session.visibility()));
    if cursor.seek(&original.bookmark, &[])? != SeekOutcome::Equal {
        return refused(JetError::RECORD_DELETED, "the record was deleted since");
    }
    if seen::data(&cursor)? != Some(original.image.as_slice()) {
        return refused(JetError::WRITE_CONFLICT, "the record was changed since");
    }
    Ok(())
}
