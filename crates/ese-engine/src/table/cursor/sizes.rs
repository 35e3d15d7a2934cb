//! Record sizes and the list of tagged columns (spec 09 §9.7).

use ese_format::error::JetError;
use ese_format::record::{ColumnLocation, Value};

use crate::error::Result;
use crate::table::{Cursor, RecordSizeGrbit, RetrieveGrbit};
use crate::transaction::Session;

use super::refused;
use super::retrieve::copy_in_hand;
use super::values::{Presence, RecordInHand};

/// Bytes of the tag and of the lengths of a node.
const NODE_OVERHEAD_BYTES: u64 = 4 + 2 + 2;
/// Bytes of the entry of a tagged column.
const TAGGED_ENTRY_BYTES: u64 = 4;

/// What a record takes, as JET_RECSIZE3 has it: bytes and counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the C struct, named for what they count")]
pub struct RecordSize {
    pub data: u64,
    pub long_value_data: u64,
    pub overhead: u64,
    pub long_value_overhead: u64,
    pub non_tagged_columns: u64,
    pub tagged_columns: u64,
    pub long_values: u64,
    pub multi_values: u64,
    pub compressed_columns: u64,
    pub data_compressed: u64,
    pub long_value_data_compressed: u64,
    pub intrinsic_long_value_data: u64,
    pub intrinsic_long_value_data_compressed: u64,
    pub intrinsic_long_values: u64,
    pub key: u64,
}

bitflags::bitflags! {
    /// What is said of a column in the list of tagged columns.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct TaggedSummaryFlags: u16 {
        /// A long column.
        const LONG = 0x1;
        /// It only has its default.
        const DEFAULT = 0x2;
        /// It is NULL although it has a default.
        const NULL_OVERRIDE = 0x4;
        /// A column of the template table.
        const DERIVED = 0x8;
    }
}

/// A tagged column of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaggedColumnSummary {
    /// The column, as the API numbers it.
    pub column: u32,
    /// How many values it has.
    pub count: u16,
    /// More of it.
    pub flags: TaggedSummaryFlags,
}

impl Cursor {
    /// What the current record, or the copy buffer, takes.
    ///
    /// # Errors
    /// `JET_errInvalidGrbit`, `JET_errUpdateNotPrepared`, `JET_errNoCurrentRecord`, `JET_errRecordDeleted`, those of damaged
    /// values.
    pub fn record_size(&mut self, session: &mut Session, grbit: RecordSizeGrbit) -> Result<RecordSize> {
        if RecordSizeGrbit::from_bits(grbit.bits()).is_none() {
            return refused(JetError::INVALID_GRBIT, "an option that is not known");
        }
        let local = grbit.contains(RecordSizeGrbit::LOCAL);
        self.in_snapshot(session, true, |cursor, session| {
            if grbit.contains(RecordSizeGrbit::IN_COPY_BUFFER) {
                let Some(update) = &mut cursor.prepared else {
                    return refused(JetError::UPDATE_NOT_PREPARED, "no update is prepared");
                };
                return size_of(&copy_in_hand(update, Self::sight(session))?, 0, local);
            }
            cursor.with_sight(session, |cursor, session| {
                cursor.on_record(session)?;
                let key = cursor.bookmark_bytes()?.len() as u64;
                size_of(&cursor.record_in_hand(Self::sight(session))?, key, local)
            })
        })
    }

    /// The tagged columns of the current record from `first` on, and whether it is the copy buffer's.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord`, `JET_errRecordDeleted`, those of damaged records.
    pub fn tagged_column_list(
        &mut self,
        session: &mut Session,
        first: u32,
        grbit: RetrieveGrbit,
    ) -> Result<Vec<TaggedColumnSummary>> {
        self.in_snapshot(session, true, |cursor, session| {
            if cursor.reads_copy(grbit)
                && let Some(update) = &mut cursor.prepared
            {
                return tagged_list(&copy_in_hand(update, Self::sight(session))?, first);
            }
            cursor.with_sight(session, |cursor, session| {
                cursor.on_record(session)?;
                tagged_list(&cursor.record_in_hand(Self::sight(session))?, first)
            })
        })
    }
}

fn tagged_list(record: &RecordInHand<'_>, first: u32) -> Result<Vec<TaggedColumnSummary>> {
    let mut list = Vec::new();
    for found in record.tagged()? {
        let column = found.column.id.to_api();
        if column & 0xFFFF < first & 0xFFFF {
            continue;
        }
        let mut flags = TaggedSummaryFlags::empty();
        flags.set(TaggedSummaryFlags::LONG, found.column.column_type.is_long());
        flags.set(TaggedSummaryFlags::DEFAULT, found.state == Presence::Default);
        flags.set(TaggedSummaryFlags::NULL_OVERRIDE, found.state == Presence::ExplicitNull);
        let derived = matches!(found.column.location, ColumnLocation::Tagged { derived: true, .. });
        flags.set(TaggedSummaryFlags::DERIVED, derived);
        let count = u16::try_from(found.count()).unwrap_or(u16::MAX);
        list.push(TaggedColumnSummary { column, count, flags });
    }
    Ok(list)
}

fn size_of(record: &RecordInHand<'_>, key: u64, local: bool) -> Result<RecordSize> {
    let mut size = RecordSize { key, ..RecordSize::default() };
    for found in record.untagged()? {
        if found.state == Presence::Stored {
            size.non_tagged_columns += 1;
            let value = found.values.get(1).map_err(|error| record.failed(error))?;
            let bytes = record.size(value)? as u64;
            size.data += bytes;
            size.data_compressed += bytes;
        }
    }
    for found in record.tagged()? {
        if found.state != Presence::Stored {
            continue;
        }
        size.tagged_columns += 1;
        size.overhead += TAGGED_ENTRY_BYTES;
        size.multi_values += (found.count() as u64).saturating_sub(1);
        for value in found.values.iter() {
            let value = value.map_err(|error| record.failed(error))?;
            add_tagged(record, value, found.column.column_type.is_long(), local, &mut size)?;
        }
    }
    let stored = record.view.bytes().len() as u64;
    size.overhead =
        size.overhead.max(stored.saturating_sub(size.data_compressed)) + key + NODE_OVERHEAD_BYTES;
    Ok(size)
}

fn add_tagged(
    record: &RecordInHand<'_>,
    value: Value<'_>,
    is_long: bool,
    local: bool,
    size: &mut RecordSize,
) -> Result<()> {
    if let Value::Separated(id) = value {
        size.long_values += 1;
        if local {
            return Ok(());
        }
        let bytes = record.size(value)? as u64;
        let chunk = record.table.existing_long_values()?.reader().chunk_bytes().max(1);
        let chunks = bytes.div_ceil(u64::from(chunk));
        size.long_value_data += bytes;
        size.long_value_data_compressed += bytes;
        let key = id.width() as u64;
        size.long_value_overhead += (chunks + 1) * (NODE_OVERHEAD_BYTES + key) + chunks * 4 + 8;
        return Ok(());
    }
    let bytes = record.size(value)? as u64;
    let stored = match value {
        Value::Compressed(stored) => {
            size.compressed_columns += 1;
            stored.len() as u64
        }
        _ => bytes,
    };
    size.data += bytes;
    size.data_compressed += stored;
    if is_long {
        size.intrinsic_long_values += 1;
        size.intrinsic_long_value_data += bytes;
        size.intrinsic_long_value_data_compressed += stored;
    }
    Ok(())
}
