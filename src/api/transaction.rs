//! Transactions (spec 09 §5.1).

use std::ffi::c_void;

use ese_engine::transaction::{BeginKind, CommitAction, CommitId, CommitNote, CommitOptions, LEVEL_MAX};
use ese_format::error::JetError;
use ese_format::log::record::CommitContextFlags;

use super::answer::commit_id;
use super::argument::Place;
use super::not_available;
use crate::abi::guard::{CallResult, Completion};
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{SessionCall, with_session};
use crate::runtime::instance::AfterStop;
use crate::runtime::session::SessionBody;

/// Begin a (nested) transaction.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginTransaction(sesid: JET_SESID) -> JET_ERR {
    with_session(sesid, AfterStop::Refused, |call| begin(call, 0))
}

/// Begin with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginTransaction2(sesid: JET_SESID, grbit: JET_GRBIT) -> JET_ERR {
    with_session(sesid, AfterStop::Refused, |call| begin(call, grbit))
}

/// Begin with a caller-chosen id for tracing.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginTransaction3(
    sesid: JET_SESID,
    trxid: i64,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // The id is for traces, which there are none of.
    let _ = trxid;
    with_session(sesid, AfterStop::Refused, |call| begin(call, grbit))
}

/// Commit the innermost transaction.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCommitTransaction(sesid: JET_SESID, grbit: JET_GRBIT) -> JET_ERR {
    with_session(sesid, AfterStop::Refused, |call| {
        commit(call, grbit, 0)?;
        Ok(Completion::Success)
    })
}

/// Commit with durable-commit id and delay.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCommitTransaction2(
    sesid: JET_SESID,
    grbit: JET_GRBIT,
    cmsecDurableCommit: u32,
    pCommitId: *mut JET_COMMIT_ID,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(pCommitId) };
    with_session(sesid, AfterStop::Refused, |call| {
        if let Some(commit) = commit(call, grbit, cmsecDurableCommit)? {
            place.write(commit_id(&commit.signature, commit.position));
        }
        Ok(Completion::Success)
    })
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
    with_session(sesid, AfterStop::Answered, |call| {
        if grbit & !(JET_bitRollbackAll | JET_bitRollbackRedoCallback) != 0 {
            return Err(JetError::INVALID_GRBIT);
        }
        let body = call.body()?;
        if body.engine.level() == 0 {
            return Err(JetError::NOT_IN_TRANSACTION);
        }
        let note = commit_note(body, grbit).filter(|_| grbit & JET_bitRollbackRedoCallback != 0);
        loop {
            body.engine.set_commit_note(note.clone());
            let rolled_back = body.roll_back_level();
            body.engine.set_commit_note(None);
            rolled_back?;
            if body.engine.level() == 0 || grbit & JET_bitRollbackAll == 0 {
                return Ok(Completion::Success);
            }
        }
    })
}

fn begin(call: &mut SessionCall<'_>, grbit: JET_GRBIT) -> CallResult {
    let body = call.body()?;
    if body.engine.level() >= LEVEL_MAX {
        return Err(JetError::TRANS_TOO_DEEP);
    }
    let reads = grbit & JET_bitTransactionReadOnly != 0;
    body.engine.begin(if reads { BeginKind::ReadOnly } else { BeginKind::ReadWrite })?;
    Ok(Completion::Success)
}

/// What the program wants in the log behind the end of its transaction.
fn commit_note(body: &SessionBody, grbit: JET_GRBIT) -> Option<CommitNote> {
    let parameters = &body.parameters;
    if parameters.commit_context.is_empty() {
        return None;
    }
    let is_set =
        |id: &u32| parameters.traced.get(id).is_some_and(|value| value.iter().any(|byte| *byte != 0));
    let mut flags = CommitContextFlags::empty();
    flags.set(CommitContextFlags::CALLBACK, grbit & JET_bitCommitRedoCallback != 0);
    flags.set(CommitContextFlags::CUSTOMER_DATA, is_set(&JET_sesparamCommitContextContainsCustomerData));
    flags.set(CommitContextFlags::PRE_COMMIT, is_set(&JET_sesparamCommitContextNeedPreCommitCallback));
    Some(CommitNote { bytes: parameters.commit_context.clone(), flags })
}

fn commit(
    call: &mut SessionCall<'_>,
    grbit: JET_GRBIT,
    within_milliseconds: u32,
) -> Result<Option<CommitId>, JetError> {
    let engine = call.instance().engine()?;
    let body = call.body()?;
    let options = CommitOptions::parse(grbit, body.engine.commit_default(), within_milliseconds)?;
    let commits = options.action == CommitAction::Commit;
    if commits {
        body.may_commit()?;
    }
    let note = commits.then(|| commit_note(body, grbit)).flatten();
    body.engine.set_commit_note(note);
    let commit = body.engine.commit(options);
    body.engine.set_commit_note(None);
    let commit = commit?;
    if commits {
        body.committed();
        if body.engine.level() == 0 {
            engine.work_inline()?;
        }
    }
    Ok(commit)
}
