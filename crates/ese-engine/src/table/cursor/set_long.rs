//! JetSetColumn for long columns (spec 09 §8.5, 04 §3.5).

use ese_format::compression::{self, Compressed, CompressionPolicy};
use ese_format::error::JetError;
use ese_format::long_value::{LONG_VALUE_BYTES_MAX, LongValueId};
use ese_format::record::{
    ColumnDefinition, ColumnFlags, ColumnLocation, NewValue, Value, intrinsic_bytes_preferred,
};

use crate::error::{Error, Result};
use crate::table::copy_buffer::CopyBuffer;
use crate::table::pending::PendingLong;
use crate::table::{Completion, Prepare, SetGrbit};
use crate::transaction::Session;

use super::set_column::{ColumnChange, check_unique, place_of_value, set_null, store};
use super::{refused, transact};

/// Bytes that a long value may have in memory between the preparation of an update and the update.
const PENDING_BYTES_MAX: usize = 4 << 20;

/// The smallest share of a page that is tried as a threshold before everything is separated.
const SHARE_OF_PAGE_LAST: usize = 64;

/// What a change makes of the value that is there.
enum Edit<'a> {
    Null,
    Nothing,
    Whole(&'a [u8]),
    /// Bytes at an offset at or below the length; everything behind them goes with `cut`.
    Write {
        at: u32,
        bytes: &'a [u8],
        cut: bool,
    },
    Resize(u32),
}

pub(super) fn set_long(
    session: &mut Session,
    update: &mut CopyBuffer,
    column: &ColumnDefinition,
    change: &ColumnChange<'_>,
) -> Result<Completion> {
    check_options(update, change)?;
    if session.level() == 0 {
        return refused(JetError::NOT_IN_TRANSACTION, "a long value wants a transaction");
    }
    let Some(itag) = place_of_value(update, column, change.itag) else { return Ok(Completion::Success) };
    let length = length_of(session, update, column, itag)?;
    let whole = matches!(edit_of(change, length)?, Edit::Whole(_));
    if whole {
        let visible = Some(session.visibility());
        check_unique(update, column, itag, change.data, change.grbit, &mut |update, other| {
            whole_value(&visible, update, column.location, other)
        })?;
    }
    match edit_of(change, length)? {
        Edit::Nothing => Ok(Completion::Success),
        Edit::Null => set_null(update, column, change, itag),
        Edit::Whole(bytes) => {
            check_size(column, bytes.len() as u64)?;
            store_value(session, update, column, itag, bytes, change.grbit)?;
            Ok(Completion::Success)
        }
        Edit::Write { at, bytes, cut } => {
            let end = u64::from(at) + bytes.len() as u64;
            let longer = if cut { end } else { end.max(u64::from(length.unwrap_or(0))) };
            check_size(column, longer)?;
            edit_value(session, update, column, itag, change.grbit, &mut |value| {
                value.write(at, bytes);
                if cut {
                    value.set_size(u32::try_from(end).unwrap_or(LONG_VALUE_BYTES_MAX));
                }
            })
        }
        Edit::Resize(size) => {
            check_size(column, u64::from(size))?;
            edit_value(session, update, column, itag, change.grbit, &mut |value| value.set_size(size))
        }
    }
}

/// The options that only long columns judge.
fn check_options(update: &CopyBuffer, change: &ColumnChange<'_>) -> Result<()> {
    let grbit = change.grbit;
    let partial = SetGrbit::APPEND_LV | SetGrbit::OVERWRITE_LV | SetGrbit::SIZE_LV;
    let unique = SetGrbit::UNIQUE_MULTI_VALUES | SetGrbit::UNIQUE_NORMALIZED_MULTI_VALUES;
    if grbit.intersects(unique) && grbit.intersects(partial) {
        return refused(JetError::INVALID_GRBIT, "a part of a value cannot be unique");
    }
    if !grbit.contains(SetGrbit::CONTIGUOUS_LV) {
        return Ok(());
    }
    if !grbit.contains(SetGrbit::SEPARATE_LV) {
        return refused(JetError::INVALID_GRBIT, "a value with pages in a row is separated");
    }
    if (change.bytes as usize) < update.table.page_size().bytes() {
        return refused(JetError::INVALID_BUFFER_SIZE, "a value with pages in a row fills one");
    }
    if !update.is_insert() {
        return refused(JetError::INVALID_PARAMETER, "a value with pages in a row is a new one");
    }
    Ok(())
}

/// The table of spec 09 §8.5. `length` is that of the value there, if there is one.
fn edit_of<'a>(change: &ColumnChange<'a>, length: Option<u32>) -> Result<Edit<'a>> {
    let (data, grbit) = (change.data, change.grbit);
    let zero_length = grbit.contains(SetGrbit::ZERO_LENGTH);
    let part = grbit.intersection(SetGrbit::APPEND_LV | SetGrbit::OVERWRITE_LV | SetGrbit::SIZE_LV);
    let no_chunk = |at: u32| at > length.unwrap_or(0);
    if part == SetGrbit::APPEND_LV {
        return Ok(match length {
            None => Edit::Whole(data),
            Some(_) if data.is_empty() => Edit::Nothing,
            Some(at) => Edit::Write { at, bytes: data, cut: false },
        });
    }
    if part == SetGrbit::OVERWRITE_LV || part == SetGrbit::OVERWRITE_LV | SetGrbit::SIZE_LV {
        let cut = part.contains(SetGrbit::SIZE_LV);
        if cut && data.is_empty() {
            return Ok(if zero_length { Edit::Whole(&[]) } else { Edit::Null });
        }
        if no_chunk(change.offset) {
            return refused(JetError::COLUMN_NO_CHUNK, "the value ends before the offset");
        }
        return Ok(match length {
            None => Edit::Whole(data),
            Some(_) if data.is_empty() => Edit::Nothing,
            Some(_) => Edit::Write { at: change.offset, bytes: data, cut },
        });
    }
    if part == SetGrbit::SIZE_LV {
        return Ok(match change.bytes {
            0 if zero_length => Edit::Whole(&[]),
            0 => Edit::Null,
            size => Edit::Resize(size),
        });
    }
    Ok(if data.is_empty() && !zero_length { Edit::Null } else { Edit::Whole(data) })
}

fn check_size(column: &ColumnDefinition, bytes: u64) -> Result<()> {
    let max = if column.bytes_max == 0 { LONG_VALUE_BYTES_MAX } else { column.bytes_max };
    if bytes > u64::from(max) {
        return refused(JetError::COLUMN_TOO_BIG, "the value has more bytes than the column allows");
    }
    Ok(())
}

/// Bytes of the value at this place, `None` when there is none.
fn length_of(
    session: &mut Session,
    update: &CopyBuffer,
    column: &ColumnDefinition,
    itag: usize,
) -> Result<Option<u32>> {
    let failed = |error| update.table.map().file().format_error(error);
    let bytes = match update.record().tagged_value(column.location, itag) {
        None | Some(Value::Absent | Value::Null) => return Ok(None),
        Some(Value::Inline(bytes)) => bytes.len(),
        Some(Value::Compressed(stored)) => compression::decompressed_size(stored).map_err(failed)?,
        Some(Value::Encrypted(_)) => {
            return refused(JetError::COLUMN_NO_ENCRYPTION_KEY, "the value is encrypted");
        }
        Some(Value::Separated(id)) => match update.pending.get(&id) {
            Some(pending) => pending.size() as usize,
            None => {
                let store = update.table.existing_long_values()?;
                store.root(id, &Some(session.visibility()))?.size as usize
            }
        },
    };
    Ok(u32::try_from(bytes).ok())
}

/// All bytes of a value of the copy buffer.
pub(super) fn whole_value(
    sight: &crate::table::seen::Sight,
    update: &CopyBuffer,
    location: ColumnLocation,
    itag: usize,
) -> Result<Option<Vec<u8>>> {
    let Some(Value::Separated(id)) = update.record().tagged_value(location, itag) else {
        return update.intrinsic(location, itag);
    };
    let mut bytes = Vec::new();
    append_separated(sight, update, id, 0, usize::MAX, &mut bytes)?;
    Ok(Some(bytes))
}

/// Appends bytes of a separated value of the copy buffer, pending or stored.
pub(super) fn append_separated(
    sight: &crate::table::seen::Sight,
    update: &CopyBuffer,
    id: LongValueId,
    offset: u32,
    count: usize,
    into: &mut Vec<u8>,
) -> Result<()> {
    let Some(pending) = update.pending.get(&id) else {
        return update.table.existing_long_values()?.append_range(id, offset, count, sight, into);
    };
    pending.append_range(offset, count, into, &mut |base, at, bytes, into| {
        update.table.existing_long_values()?.append_range(base, at, bytes, sight, into)
    })
}

/// Changes a part of a value, or makes one where there is none.
fn edit_value(
    session: &mut Session,
    update: &mut CopyBuffer,
    column: &ColumnDefinition,
    itag: usize,
    grbit: SetGrbit,
    edit: &mut dyn FnMut(&mut PendingLong),
) -> Result<Completion> {
    let compress = wants_compression(column, grbit);
    let Some(Value::Separated(id)) = update.record().tagged_value(column.location, itag) else {
        let content = update.intrinsic(column.location, itag)?.unwrap_or_default();
        let mut value = PendingLong::new(content, compress);
        edit(&mut value);
        // Two gigabytes of zeros are a size, not a buffer.
        if value.size() as usize > preferred_bytes(update, grbit) {
            separate(session, update, column, itag, value)?;
            return Ok(Completion::Success);
        }
        let mut bytes = Vec::new();
        value.append_range(0, usize::MAX, &mut bytes, &mut |_, _, _, _| Ok(()))?;
        store_value(session, update, column, itag, &bytes, grbit)?;
        return Ok(Completion::Success);
    };
    if let Some(value) = update.pending.get_mut(&id) {
        edit(value);
        update.note_change(column.id);
        spill(session, update, column, itag, id)?;
        return Ok(Completion::Success);
    }
    let store = update.table.existing_long_values()?;
    let root = store.root(id, &Some(session.visibility()))?;
    let mut value = PendingLong::over(id, root.size, compress);
    edit(&mut value);
    let shared = root.reference_count > 1 || update.kind == Prepare::InsertCopy;
    if !shared {
        update.pending.insert(id, value);
        update.note_change(column.id);
        return Ok(Completion::Success);
    }
    let copy = store.draw_id()?;
    super::set_column::store(session, update, column, itag, NewValue::Separated(copy))?;
    update.pending.insert(copy, value);
    Ok(Completion::Warning(JetError::WRN_COPY_LONG_VALUE))
}

/// Writes a pending value to the tree that has grown too large to be kept in memory until the update. A cancelled update
/// gives it up again.
fn spill(
    session: &mut Session,
    update: &mut CopyBuffer,
    column: &ColumnDefinition,
    itag: usize,
    id: LongValueId,
) -> Result<()> {
    let large = |value: &&PendingLong| value.patch_bytes() > PENDING_BYTES_MAX;
    let Some(value) = update.pending.get(&id).filter(large) else { return Ok(()) };
    let store = update.table.existing_long_values()?;
    let own = update.referenced.contains(&id) && value.base() == Some(id);
    // What the stored record holds stays as it is until the update: the change goes to a copy.
    let target = if value.base() == Some(id) && !own { store.draw_id()? } else { id };
    transact(session, |session| {
        if own { store.apply(session, target, value) } else { store.create(session, target, value) }
    })?;
    let written = PendingLong::over(target, value.size(), value.compress);
    update.spilled_level = update.spilled_level.max(session.level());
    if !own {
        update.referenced.push(target);
    }
    if target != id {
        update.set(column, itag, NewValue::Separated(target))?;
        update.pending.remove(&id);
    }
    update.pending.insert(target, written);
    Ok(())
}

fn wants_compression(column: &ColumnDefinition, grbit: SetGrbit) -> bool {
    let by_column = column.flags.contains(ColumnFlags::COMPRESSED);
    grbit.contains(SetGrbit::COMPRESSED) || (by_column && !grbit.contains(SetGrbit::UNCOMPRESSED))
}

/// The most bytes of a value that stays in the record (spec 04 §3.5).
fn preferred_bytes(update: &CopyBuffer, grbit: SetGrbit) -> usize {
    let limits = update.table.limits();
    let id_bytes = update.table.long_value_id_bytes();
    if grbit.contains(SetGrbit::SEPARATE_LV) {
        id_bytes
    } else if grbit.contains(SetGrbit::INTRINSIC_LV) {
        limits.intrinsic_bytes_max()
    } else {
        let asked = update.table.schema().definition().table.separate_lv;
        intrinsic_bytes_preferred(asked, limits, id_bytes)
    }
}

/// Stores a whole value: in the record, compressed or not, or separated (spec 04 §3.5).
fn store_value(
    session: &mut Session,
    update: &mut CopyBuffer,
    column: &ColumnDefinition,
    itag: usize,
    bytes: &[u8],
    grbit: SetGrbit,
) -> Result<()> {
    let id_bytes = update.table.long_value_id_bytes();
    let compress = wants_compression(column, grbit);
    if bytes.len() > preferred_bytes(update, grbit) {
        return separate(session, update, column, itag, PendingLong::new(bytes.to_vec(), compress));
    }
    let mut shorter = Vec::new();
    let is_shorter = compress
        && itag == 1
        && compression::compress(bytes, CompressionPolicy::default(), &mut shorter) == Compressed::Yes
        && shorter.len() >= id_bytes;
    let value = if is_shorter { NewValue::Compressed(&shorter) } else { NewValue::Inline(bytes) };
    store(session, update, column, itag, value)
}

/// Gives a value a new identifier; it will be written by the update.
fn separate(
    session: &mut Session,
    update: &mut CopyBuffer,
    column: &ColumnDefinition,
    itag: usize,
    value: PendingLong,
) -> Result<()> {
    let id = update.table.long_values_for_writing(session)?.draw_id()?;
    let is_there = update.record().tagged_value(column.location, itag).is_some();
    if is_there || update.surely_fits(8) {
        update.set(column, itag, NewValue::Separated(id))?;
    } else {
        store(session, update, column, itag, NewValue::Separated(id))?;
    }
    update.pending.insert(id, value);
    Ok(())
}

/// Moves long values out of a record that is too big: the one just set if it is larger than half a page, then all above
/// a threshold that is halved until the record fits (spec 04 §3.5).
///
/// # Errors
/// `JET_errRecordTooBig`.
pub(super) fn make_room(
    session: &mut Session,
    update: &mut CopyBuffer,
    just_set: Option<(ColumnLocation, usize)>,
) -> Result<()> {
    let page_bytes = update.table.page_size().bytes();
    if let Some((location, itag)) = just_set {
        let bytes = update.intrinsic(location, itag)?;
        if let Some(bytes) = bytes.filter(|bytes| bytes.len() > page_bytes / 2) {
            move_out(session, update, location, itag, bytes)?;
            if update.fits()? {
                return Ok(());
            }
        }
    }
    let id_bytes = update.table.long_value_id_bytes();
    let mut share = 2;
    loop {
        let threshold = if share > SHARE_OF_PAGE_LAST { id_bytes } else { page_bytes / share };
        let large: Vec<_> = update
            .record()
            .intrinsic_long_values()
            .filter(|(_, _, bytes)| bytes.len() > threshold)
            .map(|(location, itag, _)| (location, itag))
            .collect();
        for (location, itag) in large {
            if let Some(bytes) = update.intrinsic(location, itag)? {
                move_out(session, update, location, itag, bytes)?;
            }
        }
        if update.fits()? {
            return Ok(());
        }
        if share > SHARE_OF_PAGE_LAST {
            return Err(Error::refused(JetError::RECORD_TOO_BIG, "the record does not fit a page"));
        }
        share *= 2;
    }
}

fn move_out(
    session: &mut Session,
    update: &mut CopyBuffer,
    location: ColumnLocation,
    itag: usize,
    bytes: Vec<u8>,
) -> Result<()> {
    let table = update.table.clone();
    let ColumnLocation::Tagged { fid, derived } = location else { return Ok(()) };
    let Some(column) = table.schema().layout().column_at(fid, derived) else { return Ok(()) };
    let id = table.long_values_for_writing(session)?.draw_id()?;
    let compress = column.flags.contains(ColumnFlags::COMPRESSED);
    let was_changed = update.changed.contains(&column.id);
    update.set(column, itag, NewValue::Separated(id))?;
    if !was_changed {
        update.changed.retain(|changed| *changed != column.id);
    }
    update.pending.insert(id, PendingLong::new(bytes, compress));
    Ok(())
}
