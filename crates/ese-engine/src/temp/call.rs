//! Which calls a temporary table takes in which phase (spec 09 §12.3–§12.5).

use ese_format::error::JetError;

use crate::error::{Error, Result};
use crate::table::Prepare;

/// A call on the cursor of a temporary table. JetCloseTable is always allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemporaryCall {
    /// JetMove, by a number of rows that is not negative, or to the first or last.
    MoveForward,
    /// JetMove by a negative number of rows.
    MoveBackward,
    /// JetSeek.
    Seek,
    /// JetMakeKey.
    MakeKey,
    /// JetSetIndexRange.
    SetIndexRange,
    /// JetPrepareUpdate.
    Prepare(Prepare),
    /// JetSetColumn and JetSetColumns.
    SetColumn,
    /// JetUpdate.
    Update,
    /// JetDelete and JetEscrowUpdate.
    Delete,
    /// JetRetrieveColumn(s), JetEnumerateColumns, JetRetrieveKey, JetGetRecordSize.
    Retrieve,
    /// JetGetBookmark and JetGotoBookmark.
    Bookmark,
    /// JetDupCursor.
    Duplicate,
    /// JetGetTableInfo level 0.
    ObjectInformation,
    /// JetGetTableInfo levels 1, 2 and 12: what only tables of a catalog have.
    CatalogInformation,
    /// JetGetTableInfo, other levels.
    OtherInformation,
    /// JetGetCursorInfo.
    CursorInformation,
    /// JetSetLS and JetGetLS.
    LocalStorage,
    /// JetGetLock, JetSetCurrentIndex, JetGetCurrentIndex, JetGetRecordPosition, JetGotoPosition, JetIndexRecordCount,
    /// JetGetTableColumnInfo, JetGetTableIndexInfo, secondary bookmarks, callbacks, DDL.
    Other,
}

/// In which phase a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// A sort that takes rows.
    Inserting,
    /// A sort that gives rows out; whether moves backwards, seeks and ranges are wanted.
    Reading(Reach),
    /// A table.
    Materialized,
}

/// How a sort is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// From the first row to the last.
    Forward,
    /// In every direction: Scrollable or Indexed.
    Everywhere,
}

/// Whether a call is allowed.
pub(super) fn check(phase: Phase, call: TemporaryCall) -> Result<()> {
    use TemporaryCall as Call;
    let refused = |jet| Err(Error::refused(jet, format!("{call:?} on a temporary table, {phase:?}")));
    let illegal = || refused(JetError::ILLEGAL_OPERATION);
    match phase {
        Phase::Inserting => match call {
            Call::MakeKey | Call::MoveForward | Call::Seek | Call::SetColumn | Call::Update => Ok(()),
            Call::Prepare(Prepare::Insert | Prepare::Cancel) => Ok(()),
            Call::Prepare(_) => refused(JetError::NO_CURRENT_RECORD),
            Call::CatalogInformation | Call::OtherInformation => refused(JetError::INVALID_OPERATION),
            _ => illegal(),
        },
        Phase::Reading(reach) => match call {
            Call::MoveForward | Call::MakeKey | Call::Retrieve | Call::Bookmark => Ok(()),
            Call::Duplicate | Call::ObjectInformation | Call::LocalStorage => Ok(()),
            Call::MoveBackward | Call::Seek | Call::SetIndexRange if reach == Reach::Everywhere => Ok(()),
            Call::CatalogInformation | Call::OtherInformation => refused(JetError::INVALID_OPERATION),
            _ => illegal(),
        },
        Phase::Materialized => match call {
            Call::CatalogInformation => refused(JetError::INVALID_OPERATION),
            Call::Other => illegal(),
            _ => Ok(()),
        },
    }
}
