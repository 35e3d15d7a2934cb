//! JetSetColumn for columns that are not long (spec 09 §8.3, §8.4).

use ese_format::column_type::{ColumnClass, ColumnType};
use ese_format::error::JetError;
use ese_format::key::{KeyEnd, KeySizes, SegmentColumn, SegmentOrder, TextKeys, normalize};
use ese_format::record::{
    ColumnDefinition, ColumnFlags, ColumnLocation, NewValue, VARIABLE_COLUMN_BYTES_MAX,
};
use ese_format::sort_key::IndexText;

use crate::error::{Error, Result};
use crate::table::copy_buffer::CopyBuffer;
use crate::table::{Completion, Cursor, OpenTable, Prepare, SetGrbit};
use crate::transaction::Session;

use super::search_key::{COMPARED_TEXT, pad_text};
use super::{auto_increment, column_of, refused};

/// The most bytes a value may have.
const VALUE_BYTES_MAX: u32 = 0x7FFF_FFFF;
/// Bits that nobody may set.
const RESERVED: u32 = 0xC000_0000;

/// A value to set.
#[derive(Clone, Copy, Debug, Default)]
pub struct ColumnChange<'a> {
    /// The column, as the API numbers it.
    pub column: u32,
    /// The bytes; none when the caller's pointer is null.
    pub data: &'a [u8],
    /// How many bytes the caller says there are: for [`SetGrbit::SIZE_LV`], where the data does not matter.
    pub bytes: u32,
    /// Options.
    pub grbit: SetGrbit,
    /// Offset in a long value, for [`SetGrbit::OVERWRITE_LV`].
    pub offset: u32,
    /// Number of the value in a tagged column; 0 appends.
    pub itag: u32,
}

impl Cursor {
    /// Sets one value of a column in the copy buffer.
    ///
    /// # Errors
    /// `JET_errPermissionDenied`, `JET_errTransReadOnly`, `JET_errInvalidParameter`, `JET_errUpdateNotPrepared`,
    /// `JET_errInvalidGrbit`, `JET_errBadColumnId`, `JET_errColumnNotFound`, `JET_errInvalidColumnType`,
    /// `JET_errNullInvalid`, `JET_errInvalidBufferSize`, `JET_errColumnTooBig`, `JET_errColumnNoChunk`,
    /// `JET_errMultiValuedDuplicate`, `JET_errMultiValuedDuplicateAfterTruncation`, `JET_errNotInTransaction`,
    /// `JET_errRecordTooBig`, `JET_errSetAutoIncrementTooHigh`. The column is as it was then.
    pub fn set_column(&mut self, session: &mut Session, change: &ColumnChange<'_>) -> Result<Completion> {
        self.check_updatable(session)?;
        if change.bytes > VALUE_BYTES_MAX || change.data.len() > VALUE_BYTES_MAX as usize {
            return refused(JetError::INVALID_PARAMETER, "no value has as many bytes");
        }
        let level = session.level();
        let is_usable = |update: &CopyBuffer| update.kind != Prepare::ReadOnlyCopy && update.level <= level;
        if !self.prepared.as_deref().is_some_and(is_usable) {
            return refused(JetError::UPDATE_NOT_PREPARED, "no update is prepared");
        }
        if change.grbit.bits() & RESERVED != 0 {
            return refused(JetError::INVALID_GRBIT, "an internal option");
        }
        self.refresh_schema(session)?;
        let Some(mut update) = self.prepared.take() else {
            return refused(JetError::UPDATE_NOT_PREPARED, "no update is prepared");
        };
        // A column that was added since the update was prepared can be set.
        if !update.table.is_same(&self.table) {
            update.table = self.table.clone();
        }
        let result = set_in(session, &self.table, &mut update, change);
        self.prepared = Some(update);
        result
    }

    /// Sets several values; the first that is refused ends the call, those before stay set.
    ///
    /// # Errors
    /// As [`Self::set_column`], with the place of the refused one.
    pub fn set_columns(
        &mut self,
        session: &mut Session,
        changes: &[ColumnChange<'_>],
        done: &mut dyn FnMut(usize, Completion),
    ) -> Result<Completion> {
        let mut warning = Completion::Success;
        for (place, change) in changes.iter().enumerate() {
            let completion = self.set_column(session, change)?;
            if warning == Completion::Success {
                warning = completion;
            }
            done(place, completion);
        }
        Ok(warning)
    }
}

/// `table` is the buffer's own, at another place.
fn set_in(
    session: &mut Session,
    table: &OpenTable,
    update: &mut CopyBuffer,
    change: &ColumnChange<'_>,
) -> Result<Completion> {
    let column = column_of(table, change.column)?;
    if column.flags.contains(ColumnFlags::ENCRYPTED) {
        return refused(JetError::COLUMN_NO_ENCRYPTION_KEY, "the column is encrypted");
    }
    check_engine_column(update, column, change)?;
    if column.column_type.is_long() {
        return super::set_long::set_long(session, update, column, change);
    }
    match column.location {
        ColumnLocation::Fixed { size, .. } => {
            set_fixed(session, update, column, change.data, size, change.grbit)
        }
        ColumnLocation::Variable { .. } => set_variable(session, update, column, change),
        ColumnLocation::Tagged { .. } => set_tagged(session, update, column, change),
    }
}

/// Version and autoincrement columns belong to the engine (spec 09 §8.3).
fn check_engine_column(
    update: &CopyBuffer,
    column: &ColumnDefinition,
    change: &ColumnChange<'_>,
) -> Result<()> {
    if column.flags.contains(ColumnFlags::VERSION) && !update.is_insert() {
        return refused(JetError::INVALID_COLUMN_TYPE, "a replace counts the version itself");
    }
    if !column.flags.contains(ColumnFlags::AUTO_INCREMENT) {
        return Ok(());
    }
    if update.kind != Prepare::InsertMustSetAutoIncrement {
        return refused(JetError::INVALID_COLUMN_TYPE, "autoincrement values are drawn");
    }
    let width = auto_increment::width(column);
    if change.data.len() != width {
        return refused(JetError::INVALID_BUFFER_SIZE, "the value has not the size of the column");
    }
    let mut wide = [0; 8];
    wide.iter_mut().zip(change.data).for_each(|(to, from)| *to = *from);
    match u64::from_le_bytes(wide) {
        0 => refused(JetError::INVALID_PARAMETER, "autoincrement values begin with 1"),
        value if value >= auto_increment::peek(&update.table, column)? => {
            refused(JetError::SET_AUTO_INCREMENT_TOO_HIGH, "the value will be given out")
        }
        _ => Ok(()),
    }
}

fn set_fixed(
    session: &mut Session,
    update: &mut CopyBuffer,
    column: &ColumnDefinition,
    data: &[u8],
    size: u16,
    grbit: SetGrbit,
) -> Result<Completion> {
    let size = usize::from(size);
    let sized = column.column_type.fixed_size().is_some();
    let is_null = data.is_empty() && (sized || !grbit.contains(SetGrbit::ZERO_LENGTH));
    if is_null {
        check_nullable(column)?;
        store(session, update, column, 1, NewValue::Null)?;
        return Ok(Completion::Success);
    }
    if (sized && data.len() != size) || data.len() > size {
        return refused(JetError::INVALID_BUFFER_SIZE, "the value has not the size of the column");
    }
    if data.is_empty() {
        let mut blank = Vec::new();
        if column.column_type == ColumnType::Text {
            pad_text(&mut blank, size, column.code_page);
        }
        blank.resize(size, 0);
        store(session, update, column, 1, NewValue::Inline(&blank))?;
        return Ok(Completion::Success);
    }
    store(session, update, column, 1, NewValue::Inline(data))?;
    Ok(Completion::Success)
}

fn set_variable(
    session: &mut Session,
    update: &mut CopyBuffer,
    column: &ColumnDefinition,
    change: &ColumnChange<'_>,
) -> Result<Completion> {
    if change.data.is_empty() && !change.grbit.contains(SetGrbit::ZERO_LENGTH) {
        check_nullable(column)?;
        store(session, update, column, 1, NewValue::Null)?;
        return Ok(Completion::Success);
    }
    let max = match column.bytes_max as usize {
        0 => VARIABLE_COLUMN_BYTES_MAX,
        asked => asked.min(VARIABLE_COLUMN_BYTES_MAX),
    };
    let kept = change.data.get(..max).unwrap_or(change.data);
    store(session, update, column, 1, NewValue::Inline(kept))?;
    Ok(if kept.len() < change.data.len() {
        Completion::Warning(JetError::WRN_COLUMN_MAX_TRUNCATED)
    } else {
        Completion::Success
    })
}

fn set_tagged(
    session: &mut Session,
    update: &mut CopyBuffer,
    column: &ColumnDefinition,
    change: &ColumnChange<'_>,
) -> Result<Completion> {
    let Some(itag) = place_of_value(update, column, change.itag) else {
        return Ok(Completion::Success);
    };
    let data = change.data;
    if data.is_empty() && !change.grbit.contains(SetGrbit::ZERO_LENGTH) {
        return set_null(update, column, change, itag);
    }
    let sized = column.column_type.fixed_size().map(usize::from);
    if sized.is_some_and(|size| data.len() != size && !data.is_empty()) {
        return refused(JetError::INVALID_BUFFER_SIZE, "the value has not the size of the column");
    }
    let max = if column.bytes_max == 0 { VARIABLE_COLUMN_BYTES_MAX } else { column.bytes_max as usize };
    if sized.is_none() && data.len() > max {
        return refused(JetError::COLUMN_TOO_BIG, "the value has more bytes than the column allows");
    }
    check_unique(update, column, itag, data, change.grbit, &mut |update, other| {
        update.intrinsic(column.location, other)
    })?;
    let bit = [if data.iter().any(|byte| *byte != 0) { 0xFF } else { 0 }];
    let stored = if column.column_type == ColumnType::Bit && !data.is_empty() { &bit[..] } else { data };
    store(session, update, column, itag, NewValue::Inline(stored))?;
    Ok(Completion::Success)
}

/// Which value an itag of the API means: one that is there, or the one behind the last.
pub(super) fn place_of_value(update: &CopyBuffer, column: &ColumnDefinition, itag: u32) -> Option<usize> {
    let count = update.record().tagged_count(column.location).unwrap_or(0);
    match itag as usize {
        0 => Some(count + 1),
        itag => Some(itag.min(count + 1)),
    }
}

/// Removes a value, or says that the column is NULL or has its default.
pub(super) fn set_null(
    update: &mut CopyBuffer,
    column: &ColumnDefinition,
    change: &ColumnChange<'_>,
    itag: usize,
) -> Result<Completion> {
    let count = update.record().tagged_count(column.location).unwrap_or(0);
    let beyond = itag > count && (count > 0 || change.itag == 0 || change.itag > 1);
    if beyond {
        return Ok(Completion::Success);
    }
    check_nullable(column)?;
    if count <= 1 && change.grbit.contains(SetGrbit::REVERT_TO_DEFAULT_VALUE) {
        update.revert(column);
    } else {
        update.set(column, itag, NewValue::Null)?;
    }
    Ok(Completion::Success)
}

fn check_nullable(column: &ColumnDefinition) -> Result<()> {
    if column.flags.contains(ColumnFlags::NOT_NULL) {
        return Err(Error::refused(JetError::NULL_INVALID, format!("{:?} must have a value", column.id)));
    }
    Ok(())
}

/// Sets a value; long values move out of the record where it would become too big (spec 04 §3.5).
pub(super) fn store(
    session: &mut Session,
    update: &mut CopyBuffer,
    column: &ColumnDefinition,
    itag: usize,
    value: NewValue<'_>,
) -> Result<()> {
    let bytes = match value {
        NewValue::Inline(bytes) | NewValue::Compressed(bytes) | NewValue::Encrypted(bytes) => bytes.len(),
        NewValue::Null | NewValue::Separated(_) => 8,
    };
    if update.surely_fits(bytes) {
        return update.set(column, itag, value);
    }
    let before = update.clone();
    update.set(column, itag, value)?;
    if update.fits()? {
        return Ok(());
    }
    let just_set = column.column_type.is_long().then_some((column.location, itag));
    super::set_long::make_room(session, update, just_set).inspect_err(|_| *update = before)
}

/// Reads value so-and-so of the column in question, `None` where there is none.
pub(super) type ReadValue<'r> = dyn FnMut(&CopyBuffer, usize) -> Result<Option<Vec<u8>>> + 'r;

/// A value that must differ from the column's others does.
pub(super) fn check_unique(
    update: &CopyBuffer,
    column: &ColumnDefinition,
    itag: usize,
    data: &[u8],
    grbit: SetGrbit,
    read: &mut ReadValue<'_>,
) -> Result<()> {
    let normalized = grbit.contains(SetGrbit::UNIQUE_NORMALIZED_MULTI_VALUES);
    if !normalized && !grbit.contains(SetGrbit::UNIQUE_MULTI_VALUES) {
        return Ok(());
    }
    if column.location.class() != ColumnClass::Tagged {
        return Ok(());
    }
    let count = update.record().tagged_count(column.location).unwrap_or(0);
    let own = if normalized { Some(comparison_key(update, column, data)?) } else { None };
    for other in (1..=count).filter(|other| *other != itag) {
        let Some(value) = read(update, other)? else { continue };
        let jet = match &own {
            None if value == data => JetError::MULTI_VALUED_DUPLICATE,
            Some((key, end)) => {
                let (other_key, other_end) = comparison_key(update, column, &value)?;
                if *key != other_key {
                    continue;
                }
                if (*end, other_end) == (KeyEnd::Whole, KeyEnd::Whole) {
                    JetError::MULTI_VALUED_DUPLICATE
                } else {
                    JetError::MULTI_VALUED_DUPLICATE_AFTER_TRUNCATION
                }
            }
            None => continue,
        };
        return refused(jet, "the column has this value already");
    }
    Ok(())
}

fn comparison_key(update: &CopyBuffer, column: &ColumnDefinition, data: &[u8]) -> Result<(Vec<u8>, KeyEnd)> {
    let mut key = Vec::new();
    let (segment, order) = (SegmentColumn::of(column), SegmentOrder::default());
    let text = TextKeys { index: &IndexText::default(), keeper: &COMPARED_TEXT };
    let end = normalize(&mut key, Some(data), segment, order, KeySizes::of(None, None), text)
        .map_err(|error| update.table.map().file().format_error(error))?;
    Ok((key, end))
}
