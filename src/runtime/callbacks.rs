//! Calling the program: record callbacks, the run-time callback, functions that a catalog names (spec 09 §1.6, §13.3).
//!
//! Invariants: no lock of the session or of a cursor is held while the program runs; the thread may make calls on the
//! session meanwhile, others may not; on the cursor that the callback was given only those calls are let in that neither
//! move nor change it; what the program did to session and cursor is looked at anew afterwards.

use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Arc;

use ese_format::error::JetError;

use crate::abi::tables::enums::{JET_cbtypOnlineDefragCompleted, JET_tableidNil};
use crate::abi::tables::params::{
    JET_paramDisableCallbacks, JET_paramEnablePersistedCallbacks, JET_paramRuntimeCallback,
};
use crate::abi::tables::typedefs::{JET_CALLBACK, JET_CBTYP, JET_DBID, JET_ERR, JET_SESID};
use crate::parameters::ParameterStore;
use crate::runtime::attachments::FreedStorage;
use crate::runtime::call::SessionCall;
use crate::runtime::cursor::CursorContext;
use crate::runtime::instance::InstanceContext;

/// A function of the program.
type Function = unsafe extern "system" fn(
    usize,
    u32,
    usize,
    JET_CBTYP,
    *mut c_void,
    *mut c_void,
    *mut c_void,
    usize,
) -> JET_ERR;

/// A callback of the program and the context it gave with it.
#[derive(Clone, Copy, Debug)]
pub struct Callback {
    function: Function,
    /// An address that only the program follows.
    context: usize,
}

/// What a callback is called for.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    session: JET_SESID,
    dbid: u32,
    tableid: usize,
    kind: JET_CBTYP,
    arguments: [*mut c_void; 2],
}

impl Callback {
    /// A callback with its context.
    #[must_use]
    pub fn new(function: Function, context: *mut c_void) -> Self {
        Self { function, context: context as usize }
    }

    /// The same function with another context.
    #[must_use]
    pub fn with_context(self, context: *mut c_void) -> Self {
        Self { context: context as usize, ..self }
    }

    fn call(self, occasion: Occasion) -> JET_ERR {
        let Occasion { session, dbid, tableid, kind, arguments: [first, second] } = occasion;
        // SAFETY: the program registered a function of this type and answers for it until it takes it back; the
        // arguments are those that its type of callback is promised.
        unsafe {
            (self.function)(session, dbid, tableid, kind, first, second, self.context as *mut c_void, 0)
        }
    }
}

/// Whether the program's stored callbacks are called (spec 09 §13.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredCallbacks {
    /// They are left alone: JET_paramDisableCallbacks.
    Ignored,
    /// What needs one fails: the default.
    Refused,
    /// They are looked for in the library they name: JET_paramEnablePersistedCallbacks.
    Resolved,
}

impl StoredCallbacks {
    /// What an instance's parameters say.
    #[must_use]
    pub fn of(parameters: &ParameterStore) -> Self {
        if parameters.number(JET_paramDisableCallbacks) != 0 {
            Self::Ignored
        } else if parameters.number(JET_paramEnablePersistedCallbacks) == 0 {
            Self::Refused
        } else {
            Self::Resolved
        }
    }

    /// What to call for the function that a catalog names, or why there is nothing; `None` where it is to be ignored.
    #[must_use]
    pub fn callback(self, name: &[u8]) -> Option<Result<Callback, JetError>> {
        match self {
            Self::Ignored => None,
            Self::Refused => Some(Err(JetError::CALLBACK_FAILED)),
            Self::Resolved => Some(resolve(name)),
        }
    }
}

// Of the C library, which the standard library is linked with already.
unsafe extern "C" {
    fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// Resolve all symbols of the library at once.
const RTLD_NOW: c_int = 2;

/// The function that `library!function` names. The library is looked for as the dynamic linker does, under its name and
/// with `.so` behind it; it stays loaded.
///
/// # Errors
/// `JET_errCallbackNotResolved`.
pub fn resolve(name: &[u8]) -> Result<Callback, JetError> {
    let not_resolved = JetError::CALLBACK_NOT_RESOLVED;
    let bang = name.iter().position(|byte| *byte == b'!').ok_or(not_resolved)?;
    let (library, function) = name.split_at(bang);
    let function = function.strip_prefix(b"!").filter(|name| !name.is_empty()).ok_or(not_resolved)?;
    let function = CString::new(function).map_err(|_| not_resolved)?;
    if library.is_empty() {
        return Err(not_resolved);
    }
    for ending in [&b""[..], b".so"] {
        let library = CString::new([library, ending].concat()).map_err(|_| not_resolved)?;
        // SAFETY: the name is a text of C. That the library runs code when it is loaded is what the program asked for
        // with JET_paramEnablePersistedCallbacks.
        let library = unsafe { dlopen(library.as_ptr(), RTLD_NOW) };
        if library.is_null() {
            continue;
        }
        // SAFETY: the library was just opened, and is never closed; the name is a text of C.
        let address = unsafe { dlsym(library, function.as_ptr()) };
        if !address.is_null() {
            // SAFETY: the program answers for the functions it names in its databases being JET_CALLBACKs.
            let function = unsafe { std::mem::transmute::<*mut c_void, Function>(address) };
            return Ok(Callback::new(function, std::ptr::null_mut()));
        }
    }
    Err(not_resolved)
}

/// Calls the callbacks of a type on a cursor's table, in the order of their registration; the first that answers with an
/// error is the last.
///
/// # Errors
/// That of the callback; those of a session or cursor that the program ended meanwhile.
pub fn run(
    call: &mut SessionCall<'_>,
    cursor: &CursorContext,
    kind: JET_CBTYP,
    arguments: [*mut c_void; 2],
) -> Result<(), JetError> {
    ask(call, cursor, kind, arguments).map(|_| ())
}

/// As [`run`]; gives the answer of the last one.
///
/// # Errors
/// As [`run`].
pub fn ask(
    call: &mut SessionCall<'_>,
    cursor: &CursorContext,
    kind: JET_CBTYP,
    arguments: [*mut c_void; 2],
) -> Result<JET_ERR, JetError> {
    let Some(attachments) = cursor.attachments().filter(|attachments| attachments.wants(kind)) else {
        return Ok(0);
    };
    let mut answer = 0;
    for callback in attachments.callbacks(kind) {
        answer = ask_one(call, cursor, callback?, kind, arguments)?;
    }
    Ok(answer)
}

/// Calls one callback with a cursor; gives its answer.
///
/// # Errors
/// As [`run`].
pub fn ask_one(
    call: &mut SessionCall<'_>,
    cursor: &CursorContext,
    callback: Callback,
    kind: JET_CBTYP,
    arguments: [*mut c_void; 2],
) -> Result<JET_ERR, JetError> {
    let occasion = Occasion {
        session: call.session.handle(),
        dbid: cursor.dbid(),
        tableid: cursor.handle(),
        kind,
        arguments,
    };
    let code = {
        let _given = cursor.give_to_callback();
        call.held.while_in_callback(|| callback.call(occasion))
    };
    call.body()?;
    cursor.body().map(|_| ())?;
    if code < 0 { Err(JetError::from_code(code)) } else { Ok(code) }
}

/// Tells a program that a defragmentation of a database has ended. Its answer does not count.
///
/// # Errors
/// Those of a session that the program ended meanwhile.
pub fn tell_defragmented(
    call: &mut SessionCall<'_>,
    dbid: JET_DBID,
    callback: Callback,
) -> Result<(), JetError> {
    let occasion = Occasion {
        session: call.session.handle(),
        dbid,
        tableid: JET_tableidNil,
        kind: JET_cbtypOnlineDefragCompleted,
        arguments: [std::ptr::null_mut(); 2],
    };
    call.held.while_in_callback(|| callback.call(occasion));
    call.body().map(|_| ())
}

/// The run-time callback of an instance, if the program set one.
#[must_use]
pub fn runtime_callback(instance: &InstanceContext) -> Option<Callback> {
    let address = instance.parameters().read().number(JET_paramRuntimeCallback);
    // SAFETY: a JET_CALLBACK is an address or NULL, and so is the number; the program answers for it being one.
    let function = unsafe { std::mem::transmute::<usize, JET_CALLBACK>(address) };
    function.map(|function| Callback::new(function, std::ptr::null_mut()))
}

/// Tells the program of local storage that a call freed. Its answers do not count: what they were about is gone.
pub fn tell_freed(call: &mut SessionCall<'_>) {
    let freed = call.session.freed().take();
    if freed.is_empty() {
        return;
    }
    let Some(callback) = runtime_callback(call.instance()) else { return };
    let session = call.session.handle();
    call.held.while_in_callback(|| tell(callback, session, &freed));
}

/// As [`tell_freed`], where the session is no more.
pub fn tell_freed_at_end(instance: &Arc<InstanceContext>, session: JET_SESID, freed: &[FreedStorage]) {
    if let Some(callback) = runtime_callback(instance).filter(|_| !freed.is_empty()) {
        tell(callback, session, freed);
    }
}

fn tell(callback: Callback, session: JET_SESID, freed: &[FreedStorage]) {
    for storage in freed {
        let occasion = Occasion {
            session,
            dbid: storage.dbid,
            tableid: storage.tableid,
            kind: storage.kind,
            arguments: [storage.storage as *mut c_void, std::ptr::null_mut()],
        };
        callback.call(occasion);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_name_no_function_are_not_resolved() {
        for name in
            [&b""[..], b"!", b"lib", b"lib!", b"!function", b"no/such/library!function", b"libc.so.6!\0"]
        {
            assert_eq!(resolve(name).err(), Some(JetError::CALLBACK_NOT_RESOLVED), "{name:?}");
        }
        assert_eq!(resolve(b"libc.so.6!no_such_function").err(), Some(JetError::CALLBACK_NOT_RESOLVED));
        assert!(resolve(b"libc.so.6!abs").is_ok(), "a function that there is");
    }
}
