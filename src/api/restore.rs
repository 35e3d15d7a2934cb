//! Reverting to snapshots of the engine's own.

use std::ffi::c_void;

use super::not_available;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Facts of a revert snapshot (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetRBSFileInfoA(
    szRBSFileName: JET_PCSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(szRBSFileName, pvResult, cbMax, InfoLevel)
}

/// Facts of a revert snapshot (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetRBSFileInfoW(
    szRBSFileName: JET_PCWSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(szRBSFileName, pvResult, cbMax, InfoLevel)
}

/// Cancel a revert (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRBSCancelRevert(instance: JET_INSTANCE) -> JET_ERR {
    not_available!(instance)
}

/// Execute a revert (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRBSExecuteRevert(
    instance: JET_INSTANCE,
    grbit: JET_GRBIT,
    prbsrevertinfomisc: *mut JET_RBSREVERTINFOMISC,
) -> JET_ERR {
    not_available!(instance, grbit, prbsrevertinfomisc)
}

/// Prepare a revert (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRBSPrepareRevert(
    instance: JET_INSTANCE,
    jltRevertExpected: JET_LOGTIME,
    cpgCache: i32,
    grbit: JET_GRBIT,
    pjltRevertActual: *mut JET_LOGTIME,
) -> JET_ERR {
    not_available!(instance, jltRevertExpected, cpgCache, grbit, pjltRevertActual)
}
