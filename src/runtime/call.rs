//! What stands around a call: handles are looked up and the checks of spec 09 §1.1 made in their order, then the call
//! runs, and a panic makes its instance unavailable.

use std::sync::Arc;

use ese_engine::instance::AttachedDatabase;
use ese_format::error::JetError;

use crate::abi::guard::{CallResult, Completion, guard, guard_process};
use crate::abi::handles::RawHandle;
use crate::abi::tables::typedefs::JET_ERR;
use crate::runtime::cursor::CursorContext;
use crate::runtime::instance::{AfterStop, InstanceContext};
use crate::runtime::process::{self, CURSORS, Mode, SESSIONS};
use crate::runtime::session::{Held, SessionBody, SessionContext};

/// A call with a session, let in.
pub struct SessionCall<'c> {
    /// The session.
    pub session: &'c Arc<SessionContext>,
    /// Its state, which only this call touches.
    pub held: Held<'c>,
}

impl SessionCall<'_> {
    /// The session's instance.
    #[must_use]
    pub fn instance(&self) -> &Arc<InstanceContext> {
        self.session.instance()
    }

    /// The session's state.
    ///
    /// # Errors
    /// `JET_errInvalidSesid` when the session ended while the call came in.
    pub fn body(&mut self) -> Result<&mut SessionBody, JetError> {
        self.held.body()
    }
}

/// Runs a part of a call that works on an instance: after a panic the instance is unavailable.
fn guarded(instance: &InstanceContext, call: impl FnOnce() -> CallResult) -> CallResult {
    let code = guard(|| instance.fail(JetError::INSTANCE_UNAVAILABLE), call);
    match code {
        0 => Ok(Completion::Success),
        code if code > 0 => Ok(Completion::Warning(JetError::from_code(code))),
        code => Err(JetError::from_code(code)),
    }
}

/// A call with a session.
pub fn with_session(
    session: RawHandle,
    after_stop: AfterStop,
    call: impl FnOnce(&mut SessionCall<'_>) -> CallResult,
) -> JET_ERR {
    guard_process(|| in_session(&live_session(session)?, after_stop, call))
}

/// The session behind a number. Without any instance a number that could be a session's is told that (spec 09 §1.1,
/// facts/behaviour.csv row 219).
fn live_session(session: RawHandle) -> Result<Arc<SessionContext>, JetError> {
    SESSIONS.get(session).map_err(|error| {
        let could_be = !process::is_nil(session);
        if could_be && process::mode() == Mode::None { JetError::NOT_INITIALIZED } else { error }
    })
}

fn in_session(
    session: &Arc<SessionContext>,
    after_stop: AfterStop,
    call: impl FnOnce(&mut SessionCall<'_>) -> CallResult,
) -> CallResult {
    let instance = session.instance();
    guarded(instance, || {
        let _inside = instance.enter(after_stop)?;
        let mut held = session.hold()?;
        held.body()?;
        call(&mut SessionCall { session, held })
    })
}

/// A call with a session and a database that the session has open.
pub fn with_database(
    session: RawHandle,
    dbid: u32,
    after_stop: AfterStop,
    call: impl FnOnce(&mut SessionCall<'_>, &Arc<AttachedDatabase>) -> CallResult,
) -> JET_ERR {
    with_session(session, after_stop, |session| {
        let database = Arc::clone(session.body()?.database(dbid)?);
        call(session, &database)
    })
}

/// A call with a session and one of its cursors.
pub fn with_cursor(
    session: RawHandle,
    cursor: RawHandle,
    after_stop: AfterStop,
    call: impl FnOnce(&mut SessionCall<'_>, &Arc<CursorContext>) -> CallResult,
) -> JET_ERR {
    guard_process(|| {
        let session = live_session(session)?;
        let cursor = CURSORS.get(cursor)?;
        if cursor.session() != session.handle() {
            return Err(JetError::SESID_TABLE_ID_MISMATCH);
        }
        in_session(&session, after_stop, |session| call(session, &cursor))
    })
}

/// A call with a running instance. `unknown` is the answer for a number that is no instance's.
pub fn with_instance(
    instance: RawHandle,
    unknown: JetError,
    after_stop: AfterStop,
    call: impl FnOnce(&Arc<InstanceContext>) -> CallResult,
) -> JET_ERR {
    guard_process(|| {
        let instance = process::instance_of_call(instance, unknown)?;
        guarded(&instance, || {
            let _inside = instance.enter(after_stop)?;
            call(&instance)
        })
    })
}

/// A call that starts or ends an instance: nothing is checked, but a panic makes the instance unavailable.
pub fn on_instance(instance: &InstanceContext, call: impl FnOnce() -> CallResult) -> CallResult {
    guarded(instance, call)
}
