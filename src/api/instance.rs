//! Instances: start, stop, and what the process runs.

use std::ffi::{c_char, c_void};

use super::{always, not_available};
use crate::abi::structs::*;
use crate::abi::tables::errors::JET_errSuccess;
use crate::abi::tables::typedefs::*;

/// Choose memory for crash dumps.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetConfigureProcessForCrashDump(grbit: JET_GRBIT) -> JET_ERR {
    always!(JET_errSuccess; grbit)
}

/// Allocate a named instance with display name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateInstance2A(
    pinstance: *mut JET_INSTANCE,
    szInstanceName: JET_PCSTR,
    szDisplayName: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(pinstance, szInstanceName, szDisplayName, grbit)
}

/// Allocate a named instance with display name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateInstance2W(
    pinstance: *mut JET_INSTANCE,
    szInstanceName: JET_PCWSTR,
    szDisplayName: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(pinstance, szInstanceName, szDisplayName, grbit)
}

/// Allocate an instance; switches process to multi-instance mode.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateInstanceA(
    pinstance: *mut JET_INSTANCE,
    szInstanceName: JET_PCSTR,
) -> JET_ERR {
    not_available!(pinstance, szInstanceName)
}

/// Allocate an instance; switches process to multi-instance mode.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateInstanceW(
    pinstance: *mut JET_INSTANCE,
    szInstanceName: JET_PCWSTR,
) -> JET_ERR {
    not_available!(pinstance, szInstanceName)
}

/// Set global parameters and choose multi-instance mode.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEnableMultiInstanceA(
    psetsysparam: *mut JET_SETSYSPARAM_A,
    csetsysparam: u32,
    pcsetsucceed: *mut u32,
) -> JET_ERR {
    not_available!(psetsysparam, csetsysparam, pcsetsucceed)
}

/// Set global parameters and choose multi-instance mode.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEnableMultiInstanceW(
    psetsysparam: *mut JET_SETSYSPARAM_W,
    csetsysparam: u32,
    pcsetsucceed: *mut u32,
) -> JET_ERR {
    not_available!(psetsysparam, csetsysparam, pcsetsucceed)
}

/// Free memory returned by the engine.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetFreeBuffer(pbBuf: *mut c_char) -> JET_ERR {
    not_available!(pbBuf)
}

/// List instances and databases.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetInstanceInfoA(
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_A,
) -> JET_ERR {
    not_available!(pcInstanceInfo, paInstanceInfo)
}

/// List instances and databases.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetInstanceInfoW(
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_W,
) -> JET_ERR {
    not_available!(pcInstanceInfo, paInstanceInfo)
}

/// Log signature and similar of an instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetInstanceMiscInfo(
    instance: JET_INSTANCE,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(instance, pvResult, cbMax, InfoLevel)
}

/// Start an instance (create implicit one if needed), run crash recovery.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit(pinstance: *mut JET_INSTANCE) -> JET_ERR {
    not_available!(pinstance)
}

/// JetInit with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit2(pinstance: *mut JET_INSTANCE, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(pinstance, grbit)
}

/// JetInit2 with database path map and stop position.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit3A(
    pinstance: *mut JET_INSTANCE,
    prstInfo: *mut JET_RSTINFO_A,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(pinstance, prstInfo, grbit)
}

/// JetInit2 with database path map and stop position.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit3W(
    pinstance: *mut JET_INSTANCE,
    prstInfo: *mut JET_RSTINFO_W,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(pinstance, prstInfo, grbit)
}

/// JetInit3 with context callback and per-database options (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit4A(
    pinstance: *mut JET_INSTANCE,
    prstInfo: *mut JET_RSTINFO2_A,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(pinstance, prstInfo, grbit)
}

/// JetInit3 with context callback and per-database options (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit4W(
    pinstance: *mut JET_INSTANCE,
    prstInfo: *mut JET_RSTINFO2_W,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(pinstance, prstInfo, grbit)
}

/// Prepare for quick shutdown.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStopService() -> JET_ERR {
    not_available!()
}

/// Prepare an instance for quick shutdown.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStopServiceInstance(instance: JET_INSTANCE) -> JET_ERR {
    not_available!(instance)
}

/// Stop or resume selected services.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStopServiceInstance2(instance: JET_INSTANCE, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(instance, grbit)
}

/// Stop an instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetTerm(instance: JET_INSTANCE) -> JET_ERR {
    not_available!(instance)
}

/// Stop an instance with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetTerm2(instance: JET_INSTANCE, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(instance, grbit)
}
