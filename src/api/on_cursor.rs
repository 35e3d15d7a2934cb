//! Calls on a cursor of a session, as all record and cursor functions begin.

use ese_engine::transaction::Session;
use ese_format::error::JetError;

use crate::abi::guard::{CallResult, Completion};
use crate::abi::tables::typedefs::{JET_ERR, JET_SESID, JET_TABLEID};
use crate::runtime::call::{SessionCall, with_cursor, with_given_cursor};
use crate::runtime::cursor::CursorContext;
use crate::runtime::engine_cursor::EngineCursor;
use crate::runtime::instance::AfterStop;

/// What a call on a cursor works with.
pub(crate) struct CursorCall<'c> {
    /// The engine's session.
    pub(crate) session: &'c mut Session,
    /// The engine's cursor.
    pub(crate) cursor: &'c mut EngineCursor,
}

/// Runs a call on a cursor, after the checks of spec 09 §1.1.
pub(crate) fn on_cursor(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    call: impl FnOnce(&mut CursorCall<'_>) -> CallResult,
) -> JET_ERR {
    with_cursor(sesid, tableid, AfterStop::Refused, |session, cursor| run(session, cursor, call))
}

/// As [`on_cursor`], for calls that a callback may make on the cursor it was given (spec 09 §1.6).
pub(crate) fn on_given_cursor(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    call: impl FnOnce(&mut CursorCall<'_>) -> CallResult,
) -> JET_ERR {
    with_given_cursor(sesid, tableid, AfterStop::Refused, |session, cursor| run(session, cursor, call))
}

/// Runs a part of a call on a cursor.
pub(crate) fn run<T>(
    session: &mut SessionCall<'_>,
    cursor: &CursorContext,
    call: impl FnOnce(&mut CursorCall<'_>) -> Result<T, JetError>,
) -> Result<T, JetError> {
    let body = session.body()?;
    let mut cursor = cursor.body()?;
    call(&mut CursorCall { session: &mut body.engine, cursor: &mut cursor })
}

/// How a call of the table floor ended, as the interface says it.
pub(crate) fn completed(completion: ese_engine::table::Completion) -> Completion {
    completion.warning().map_or(Completion::Success, Completion::Warning)
}
