//! Escrow columns that came to zero (spec 09 §8.9): records with `JET_bitColumnDeleteOnZero` are deleted in the background
//! when no transaction needs them.
//!
//! Invariant: the number is read again before the record goes; a record that is in another transaction's hands stays, and
//! is asked about again when that one's own count is settled.

use std::sync::Arc;

use ese_format::error::JetError;
use ese_format::record::{ColumnDefinition, ColumnFlags, ColumnLocation};

use crate::btree::WritableTree;
use crate::error::Result;
use crate::table::{ColumnRequest, Cursor, CursorMode, RetrieveGrbit, SchemaSource};
use crate::transaction::Session;

/// What an escrow column asks for when its number is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtZero {
    /// The program is told: `JET_bitColumnFinalize`.
    Finalized,
    /// The record is deleted: `JET_bitColumnDeleteOnZero`.
    Deleted,
}

impl AtZero {
    /// What a column's flags say.
    pub(super) fn of(flags: ColumnFlags) -> Option<Self> {
        if flags.contains(ColumnFlags::DELETE_ON_ZERO) {
            Some(Self::Deleted)
        } else if flags.contains(ColumnFlags::FINALIZE) {
            Some(Self::Finalized)
        } else {
            None
        }
    }
}

/// The most bytes of an escrow column.
const NUMBER_BYTES_MAX: usize = 8;

/// Deletes the record with this bookmark if the number at `offset` is zero and its column deletes records at zero.
/// `records` is the table's primary tree, `session` in a transaction.
///
/// # Errors
/// Those of reading the schema and of deleting the record.
pub(crate) fn delete_at_zero(
    session: &mut Session,
    records: &WritableTree,
    source: Arc<dyn SchemaSource>,
    bookmark: &[u8],
    offset: u16,
) -> Result<()> {
    let schema = match source.schema(session, records.tree().objid()) {
        Ok(schema) => schema,
        // The table was deleted meanwhile.
        Err(error) if error.jet() == JetError::OBJECT_NOT_FOUND => return Ok(()),
        Err(error) => return Err(error),
    };
    let is_it = |column: &&ColumnDefinition| {
        AtZero::of(column.flags) == Some(AtZero::Deleted)
            && matches!(column.location, ColumnLocation::Fixed { offset: at, .. } if at == offset)
    };
    let Some(column) = schema.columns().find(is_it).map(|column| column.id.to_api()) else { return Ok(()) };
    let mut cursor = Cursor::open(session, records.map(), source, schema, CursorMode::Updatable)?;
    match cursor.go_to_bookmark(session, bookmark) {
        Ok(()) => {}
        Err(error) if error.jet() == JetError::RECORD_DELETED => return Ok(()),
        Err(error) => return Err(error),
    }
    let request = ColumnRequest { column, grbit: RetrieveGrbit::empty(), offset: 0, itag: 1 };
    let mut number = [0; NUMBER_BYTES_MAX];
    let read = cursor.retrieve_column(session, &request, &mut number)?;
    let is_zero = read.actual > 0 && number.iter().all(|byte| *byte == 0);
    if is_zero {
        cursor.delete(session)?;
    }
    cursor.close(session)
}
