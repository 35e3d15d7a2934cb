//! Transactions.

use std::ffi::c_void;

use super::not_available;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Begin a (nested) transaction.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginTransaction(sesid: JET_SESID) -> JET_ERR {
    not_available!(sesid)
}

/// Begin with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginTransaction2(sesid: JET_SESID, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(sesid, grbit)
}

/// Begin with a caller-chosen id for tracing.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginTransaction3(
    sesid: JET_SESID,
    trxid: i64,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, trxid, grbit)
}

/// Commit the innermost transaction.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCommitTransaction(sesid: JET_SESID, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(sesid, grbit)
}

/// Commit with durable-commit id and delay.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCommitTransaction2(
    sesid: JET_SESID,
    grbit: JET_GRBIT,
    cmsecDurableCommit: u32,
    pCommitId: *mut JET_COMMIT_ID,
) -> JET_ERR {
    not_available!(sesid, grbit, cmsecDurableCommit, pCommitId)
}

/// Two-phase commit, step 1 (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrepareToCommitTransaction(
    sesid: JET_SESID,
    pvData: *const c_void,
    cbData: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, pvData, cbData, grbit)
}

/// Roll back the innermost (or every) transaction.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRollback(sesid: JET_SESID, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(sesid, grbit)
}
