//! Sessions, their context and parameters.

use std::ffi::c_void;

use super::not_available;
use crate::abi::tables::typedefs::*;

/// Open a session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginSessionA(
    instance: JET_INSTANCE,
    psesid: *mut JET_SESID,
    szUserName: JET_PCSTR,
    szPassword: JET_PCSTR,
) -> JET_ERR {
    not_available!(instance, psesid, szUserName, szPassword)
}

/// Open a session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginSessionW(
    instance: JET_INSTANCE,
    psesid: *mut JET_SESID,
    szUserName: JET_PCWSTR,
    szPassword: JET_PCWSTR,
) -> JET_ERR {
    not_available!(instance, psesid, szUserName, szPassword)
}

/// Open another session like this one.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDupSession(sesid: JET_SESID, psesid: *mut JET_SESID) -> JET_ERR {
    not_available!(sesid, psesid)
}

/// Close a session and everything it holds.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndSession(sesid: JET_SESID, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(sesid, grbit)
}

/// Session details (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetSessionInfo(
    sesid: JET_SESID,
    pvResult: *mut c_void,
    cbMax: u32,
    ulInfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, pvResult, cbMax, ulInfoLevel)
}

/// Read a session parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetSessionParameter(
    sesid: JET_SESID,
    sesparamid: u32,
    pvParam: *mut c_void,
    cbParamMax: u32,
    pcbParamActual: *mut u32,
) -> JET_ERR {
    not_available!(sesid, sesparamid, pvParam, cbParamMax, pcbParamActual)
}

/// End the binding.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetResetSessionContext(sesid: JET_SESID) -> JET_ERR {
    not_available!(sesid)
}

/// Bind a session to a context so threads may share it.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetSessionContext(sesid: JET_SESID, ulContext: JET_API_PTR) -> JET_ERR {
    not_available!(sesid, ulContext)
}

/// Set a session parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetSessionParameter(
    sesid: JET_SESID,
    sesparamid: u32,
    pvParam: *mut c_void,
    cbParam: u32,
) -> JET_ERR {
    not_available!(sesid, sesparamid, pvParam, cbParam)
}
