//! System parameters and resource parameters.

use super::not_available;
use crate::abi::tables::typedefs::*;

/// Resource manager query (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetResourceParam(
    instance: JET_INSTANCE,
    resoper: JET_RESOPER,
    resid: JET_RESID,
    pulParam: *mut JET_API_PTR,
) -> JET_ERR {
    not_available!(instance, resoper, resid, pulParam)
}

/// Read a system parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetSystemParameterA(
    instance: JET_INSTANCE,
    sesid: JET_SESID,
    paramid: u32,
    plParam: *mut JET_API_PTR,
    szParam: JET_PSTR,
    cbMax: u32,
) -> JET_ERR {
    not_available!(instance, sesid, paramid, plParam, szParam, cbMax)
}

/// Read a system parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetSystemParameterW(
    instance: JET_INSTANCE,
    sesid: JET_SESID,
    paramid: u32,
    plParam: *mut JET_API_PTR,
    szParam: JET_PWSTR,
    cbMax: u32,
) -> JET_ERR {
    not_available!(instance, sesid, paramid, plParam, szParam, cbMax)
}

/// Resource manager setting (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetResourceParam(
    instance: JET_INSTANCE,
    resoper: JET_RESOPER,
    resid: JET_RESID,
    ulParam: JET_API_PTR,
) -> JET_ERR {
    not_available!(instance, resoper, resid, ulParam)
}

/// Set a system parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetSystemParameterA(
    pinstance: *mut JET_INSTANCE,
    sesid: JET_SESID,
    paramid: u32,
    lParam: JET_API_PTR,
    szParam: JET_PCSTR,
) -> JET_ERR {
    not_available!(pinstance, sesid, paramid, lParam, szParam)
}

/// Set a system parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetSystemParameterW(
    pinstance: *mut JET_INSTANCE,
    sesid: JET_SESID,
    paramid: u32,
    lParam: JET_API_PTR,
    szParam: JET_PCWSTR,
) -> JET_ERR {
    not_available!(pinstance, sesid, paramid, lParam, szParam)
}
