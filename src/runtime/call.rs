//! What stands around a call: handles are looked up and the checks of spec 09 §1.1 made in their order, then the call
//! runs, and a panic makes its instance unavailable.

use std::cell::Cell;
use std::sync::Arc;

use ese_engine::instance::AttachedDatabase;
use ese_format::error::JetError;

use crate::abi::guard::{CallResult, Completion, guard, guard_process};
use crate::abi::handles::RawHandle;
use crate::abi::tables::typedefs::JET_ERR;
use crate::runtime::callbacks::{self, StoredCallbacks};
use crate::runtime::cursor::CursorContext;
use crate::runtime::engine_cursor::EngineCursor;
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

    /// Gives a cursor of the engine its handle, and the share in what is attached to its table.
    ///
    /// # Errors
    /// `JET_errOutOfCursors`, `JET_errInvalidSesid`.
    pub fn add_cursor(&mut self, dbid: u32, cursor: EngineCursor) -> Result<RawHandle, JetError> {
        let stored = StoredCallbacks::of(&self.instance().parameters().read());
        let table = cursor.definition().map(|definition| {
            let callback = definition.callback.as_ref();
            let callback =
                callback.and_then(|row| Some((row.callback_types, stored.callback(&row.function)?)));
            self.instance().tables().open((dbid, definition.objid), callback)
        });
        let context = Arc::new(CursorContext::new(self.session.handle(), dbid, cursor, table));
        self.body()?.add_cursor(&context)
    }
}

thread_local! {
    /// Calls that this thread is inside.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Whether this thread may make no calls.
    static IS_BARRED: Cell<bool> = const { Cell::new(false) };
}

/// This thread is inside a call, as long as it lives.
struct Inside(());

impl Inside {
    fn enter() -> Result<Self, JetError> {
        if IS_BARRED.get() {
            return Err(JetError::INVALID_OPERATION);
        }
        DEPTH.set(DEPTH.get() + 1);
        Ok(Self(()))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Refuses a call that cannot be made from inside another one: it would wait for itself.
///
/// # Errors
/// `JET_errInvalidOperation`.
pub fn check_outermost() -> Result<(), JetError> {
    if DEPTH.get() > 0 || IS_BARRED.get() { Err(JetError::INVALID_OPERATION) } else { Ok(()) }
}

/// Runs a callback that may make no calls: they are refused meanwhile (spec 09 §1.6).
pub fn without_calls<R>(callback: impl FnOnce() -> R) -> R {
    let before = IS_BARRED.replace(true);
    let result = callback();
    IS_BARRED.set(before);
    result
}

/// Runs a part of a call that works on an instance: after a panic the instance is unavailable, and after a call that
/// failed because the log cannot be written any more every call gets that error (spec 09 §1.1 line 7).
fn guarded(instance: &InstanceContext, call: impl FnOnce() -> CallResult) -> CallResult {
    let code = guard(|| instance.fail(JetError::INSTANCE_UNAVAILABLE), call);
    match code {
        0 => Ok(Completion::Success),
        code if code > 0 => Ok(Completion::Warning(JetError::from_code(code))),
        code => {
            instance.fail_with_log();
            Err(JetError::from_code(code))
        }
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
        let _thread = Inside::enter()?;
        let _inside = instance.enter(after_stop)?;
        let mut held = session.hold()?;
        held.body()?;
        let mut let_in = SessionCall { session, held };
        let result = call(&mut let_in);
        callbacks::tell_freed(&mut let_in);
        result
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

/// A call with a session and one of its cursors, which no callback has at the moment.
pub fn with_cursor(
    session: RawHandle,
    cursor: RawHandle,
    after_stop: AfterStop,
    call: impl FnOnce(&mut SessionCall<'_>, &Arc<CursorContext>) -> CallResult,
) -> JET_ERR {
    with_given_cursor(session, cursor, after_stop, |session, cursor| {
        if cursor.is_in_callback() {
            return Err(JetError::ILLEGAL_OPERATION);
        }
        call(session, cursor)
    })
}

/// A call with a session and one of its cursors that a callback may make on the cursor it was given (spec 09 §1.6).
pub fn with_given_cursor(
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
    guard_process(|| in_instance(&process::instance_of_call(instance, unknown)?, after_stop, call))
}

/// A call that names no instance, with the only one there is (spec 07 §3.2).
pub fn with_only_instance(
    after_stop: AfterStop,
    call: impl FnOnce(&Arc<InstanceContext>) -> CallResult,
) -> JET_ERR {
    guard_process(|| in_instance(&process::only_instance()?, after_stop, call))
}

fn in_instance(
    instance: &Arc<InstanceContext>,
    after_stop: AfterStop,
    call: impl FnOnce(&Arc<InstanceContext>) -> CallResult,
) -> CallResult {
    guarded(instance, || {
        let _thread = Inside::enter()?;
        let _inside = instance.enter(after_stop)?;
        call(instance)
    })
}

/// A call that works on no instance, or on one of its own, and calls the program: from there nothing can be ended.
pub fn with_process(call: impl FnOnce() -> CallResult) -> JET_ERR {
    guard_process(|| {
        let _thread = Inside::enter()?;
        call()
    })
}

/// A call that starts or ends an instance: nothing is checked, but a panic makes the instance unavailable.
pub fn on_instance(instance: &InstanceContext, call: impl FnOnce() -> CallResult) -> CallResult {
    guarded(instance, call)
}
