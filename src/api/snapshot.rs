//! Volume snapshots (spec 07 §10). Parameters are looked at before the session.

use std::sync::Arc;
use std::time::Duration;

use ese_engine::instance::Instance;
use ese_engine::snapshot::{AfterThaw, Ending, SnapshotOptions, SnapshotSession, Truncated, Truncation};
use ese_format::error::JetError;

use super::always;
use super::argument::Place;
use super::instance_list;
use crate::abi::guard::{CallResult, Completion, guard_process};
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::errors::JET_wrnNyi;
use crate::abi::tables::params::JET_paramOSSnapshotTimeout;
use crate::abi::tables::typedefs::*;
use crate::parameters;
use crate::runtime::process::{self, Mode};
use crate::runtime::snapshots;

/// Refuses bits that mean nothing to a call.
fn check_bits(grbit: JET_GRBIT, known: JET_GRBIT) -> Result<(), JetError> {
    if grbit & !known == 0 { Ok(()) } else { Err(JetError::INVALID_GRBIT) }
}

/// Cancel the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotAbort(snapId: JET_OSSNAPID, grbit: JET_GRBIT) -> JET_ERR {
    guard_process(|| {
        check_bits(grbit, 0)?;
        end(snapId, Ending::Abort)
    })
}

/// End the snapshot session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotEnd(snapId: JET_OSSNAPID, grbit: JET_GRBIT) -> JET_ERR {
    guard_process(|| {
        check_bits(grbit, JET_bitAbortSnapshot)?;
        end(snapId, if grbit & JET_bitAbortSnapshot != 0 { Ending::Abort } else { Ending::Normal })
    })
}

/// Stop writes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotFreezeA(
    snapId: JET_OSSNAPID,
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_A,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or may be written.
    let (count, list) = unsafe { (Place::new(pcInstanceInfo), Place::new(paInstanceInfo)) };
    guard_process(|| {
        let session = listed(snapId, count, list, grbit)?;
        freeze(&session)?;
        instance_list::narrow(count, list, &snapshots::instances_of(&session))
            .inspect_err(|_| give_up(snapId, &session))
    })
}

/// Stop writes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotFreezeW(
    snapId: JET_OSSNAPID,
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_W,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or may be written.
    let (count, list) = unsafe { (Place::new(pcInstanceInfo), Place::new(paInstanceInfo)) };
    guard_process(|| {
        let session = listed(snapId, count, list, grbit)?;
        freeze(&session)?;
        instance_list::wide(count, list, &snapshots::instances_of(&session))
            .inspect_err(|_| give_up(snapId, &session))
    })
}

/// Instances and databases in the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotGetFreezeInfoA(
    snapId: JET_OSSNAPID,
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_A,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or may be written.
    let (count, list) = unsafe { (Place::new(pcInstanceInfo), Place::new(paInstanceInfo)) };
    guard_process(|| {
        let session = listed(snapId, count, list, grbit)?;
        instance_list::narrow(count, list, &snapshots::instances_of(&session))
    })
}

/// Instances and databases in the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotGetFreezeInfoW(
    snapId: JET_OSSNAPID,
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_W,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or may be written.
    let (count, list) = unsafe { (Place::new(pcInstanceInfo), Place::new(paInstanceInfo)) };
    guard_process(|| {
        let session = listed(snapId, count, list, grbit)?;
        instance_list::wide(count, list, &snapshots::instances_of(&session))
    })
}

/// Begin a snapshot session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotPrepare(psnapId: *mut JET_OSSNAPID, grbit: JET_GRBIT) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(psnapId) };
    guard_process(|| {
        let options = SnapshotOptions::from_bits(grbit).ok_or(JetError::INVALID_GRBIT)?;
        let place = place.required()?;
        if process::mode() == Mode::None {
            return Err(JetError::NOT_INITIALIZED);
        }
        place.write(snapshots::add(SnapshotSession::prepare(options, &snapshots::running())?));
        Ok(Completion::Success)
    })
}

/// Name an instance for the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotPrepareInstance(
    snapId: JET_OSSNAPID,
    instance: JET_INSTANCE,
    grbit: JET_GRBIT,
) -> JET_ERR {
    guard_process(|| {
        check_bits(grbit, 0)?;
        let engine = engine_of(instance)?;
        snapshots::get(snapId)?.prepare_instance(&engine)?;
        Ok(Completion::Success)
    })
}

/// Allow writes again.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotThaw(snapId: JET_OSSNAPID, grbit: JET_GRBIT) -> JET_ERR {
    guard_process(|| {
        check_bits(grbit, 0)?;
        let (after, outcome) = snapshots::get(snapId)?.thaw();
        if after == AfterThaw::Ended {
            snapshots::remove(snapId);
        }
        outcome?;
        Ok(Completion::Success)
    })
}

/// Delete logs after the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotTruncateLog(snapId: JET_OSSNAPID, grbit: JET_GRBIT) -> JET_ERR {
    guard_process(|| {
        check_bits(grbit, JET_bitAllDatabasesSnapshot)?;
        truncate(snapId, grbit, None)
    })
}

/// As before for one instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotTruncateLogInstance(
    snapId: JET_OSSNAPID,
    instance: JET_INSTANCE,
    grbit: JET_GRBIT,
) -> JET_ERR {
    guard_process(|| {
        check_bits(grbit, JET_bitAllDatabasesSnapshot)?;
        truncate(snapId, grbit, Some(&engine_of(instance)?))
    })
}

/// The session of a call that gives a list.
fn listed<I: Copy>(
    number: JET_OSSNAPID,
    count: Place<u32>,
    list: Place<*mut I>,
    grbit: JET_GRBIT,
) -> Result<Arc<SnapshotSession>, JetError> {
    check_bits(grbit, 0)?;
    count.required()?;
    list.required()?;
    snapshots::get(number)
}

fn engine_of(instance: JET_INSTANCE) -> Result<Arc<Instance>, JetError> {
    process::instance_of_call(instance, JetError::INVALID_PARAMETER)?.engine()
}

fn freeze(session: &SnapshotSession) -> Result<(), JetError> {
    let milliseconds = parameters::process().read().number(JET_paramOSSnapshotTimeout);
    Ok(session.freeze(Duration::from_millis(milliseconds as u64))?)
}

/// The program is not told what stands still: it goes on, and the session ends.
fn give_up(number: JET_OSSNAPID, session: &SnapshotSession) {
    if let Err(error) = session.end(Ending::Abort) {
        // What the program is told is why there is no list.
        let _ = error;
    }
    snapshots::remove(number);
}

fn truncate(number: JET_OSSNAPID, grbit: JET_GRBIT, only: Option<&Arc<Instance>>) -> CallResult {
    let truncation =
        if grbit & JET_bitAllDatabasesSnapshot != 0 { Truncation::Deletes } else { Truncation::KeepsAll };
    match snapshots::get(number)?.truncate(truncation, only)? {
        Truncated::Yes => Ok(Completion::Success),
        Truncated::NotInSession => Err(JetError::from_code(JET_wrnNyi)),
    }
}

fn end(number: JET_OSSNAPID, ending: Ending) -> CallResult {
    let session = snapshots::get(number)?;
    let outcome = session.end(ending);
    if session.has_ended() {
        snapshots::remove(number);
    }
    outcome?;
    Ok(Completion::Success)
}

/// Old snapshot call (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSnapshotStartA(
    instance: JET_INSTANCE,
    szDatabases: JET_PSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    always!(JET_wrnNyi; instance, szDatabases, grbit)
}

/// Old snapshot call (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSnapshotStartW(
    instance: JET_INSTANCE,
    szDatabases: JET_PWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    always!(JET_wrnNyi; instance, szDatabases, grbit)
}

/// Old snapshot call (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSnapshotStop(instance: JET_INSTANCE, grbit: JET_GRBIT) -> JET_ERR {
    always!(JET_wrnNyi; instance, grbit)
}
