//! Callbacks on records and local storage (spec 09 §13.3, §13.4), and how a change of a record stands between its callbacks.

use std::ffi::c_void;

use ese_engine::transaction::{BeginKind, CommitOptions};
use ese_format::error::JetError;

use super::argument::Place;
use super::on_cursor::{CursorCall, run};
use crate::abi::guard::Completion;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{SessionCall, with_given_cursor};
use crate::runtime::callbacks::{self, Callback};
use crate::runtime::cursor::CursorContext;
use crate::runtime::instance::AfterStop;

/// The arguments of callbacks that have none.
const NO_ARGUMENTS: [*mut c_void; 2] = [std::ptr::null_mut(); 2];

/// The callbacks that a change stands between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// Called in the change's transaction; an error takes the change back.
    pub(super) before: JET_CBTYP,
    /// Called when the change is made.
    pub(super) after: JET_CBTYP,
}

/// Changes a record between the callbacks of its table. What the callbacks before it change is part of the change: all
/// of it is done or nothing. An error of one behind it is the call's answer, and the change stays.
///
/// # Errors
/// Those of the change and of the callbacks; `JET_errCallbackFailed` for a callback that left the session at another level
/// than it found it at.
pub(super) fn between_callbacks<T>(
    call: &mut SessionCall<'_>,
    cursor: &CursorContext,
    around: Around,
    change: impl FnOnce(&mut CursorCall<'_>) -> Result<T, JetError>,
) -> Result<T, JetError> {
    let wants = |types| cursor.attachments().is_some_and(|attachments| attachments.wants(types));
    let changed = if wants(around.before) {
        behind_callbacks(call, cursor, around.before, change)?
    } else {
        run(call, cursor, change)?
    };
    callbacks::run(call, cursor, around.after, NO_ARGUMENTS)?;
    Ok(changed)
}

fn behind_callbacks<T>(
    call: &mut SessionCall<'_>,
    cursor: &CursorContext,
    before: JET_CBTYP,
    change: impl FnOnce(&mut CursorCall<'_>) -> Result<T, JetError>,
) -> Result<T, JetError> {
    let session = &mut call.body()?.engine;
    session.begin(BeginKind::Internal)?;
    let level = session.level();
    let outcome = callbacks::run(call, cursor, before, NO_ARGUMENTS).and_then(|()| {
        if call.body()?.engine.level() != level {
            return Err(JetError::CALLBACK_FAILED);
        }
        let changed = run(call, cursor, change)?;
        let body = call.body()?;
        body.may_commit()?;
        body.engine.commit(CommitOptions::DURABLE)?;
        body.committed();
        Ok(changed)
    });
    while outcome.is_err() && call.body()?.engine.level() >= level {
        call.body()?.roll_back_level()?;
    }
    outcome
}

/// Calls the callbacks for a column that reached zero.
///
/// # Errors
/// Those of the callbacks.
pub(super) fn finalize(call: &mut SessionCall<'_>, cursor: &CursorContext) -> Result<(), JetError> {
    callbacks::run(call, cursor, JET_cbtypFinalize, NO_ARGUMENTS)
}

/// Run-time record callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRegisterCallback(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    cbtyp: JET_CBTYP,
    pCallback: JET_CALLBACK,
    pvContext: *mut c_void,
    phCallbackId: *mut JET_HANDLE,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(phCallbackId) };
    with_given_cursor(sesid, tableid, AfterStop::Refused, |_, cursor| {
        let place = place.required()?;
        let function = pCallback.filter(|_| cbtyp != JET_cbtypNull).ok_or(JetError::INVALID_PARAMETER)?;
        let attachments = cursor.attachments().ok_or(JetError::ILLEGAL_OPERATION)?;
        place.write(attachments.register(cbtyp, Callback::new(function, pvContext)));
        Ok(Completion::Success)
    })
}

/// Remove a callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetUnregisterCallback(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    cbtyp: JET_CBTYP,
    hCallbackId: JET_HANDLE,
) -> JET_ERR {
    with_given_cursor(sesid, tableid, AfterStop::Refused, |_, cursor| {
        let attachments = cursor.attachments().ok_or(JetError::ILLEGAL_OPERATION)?;
        attachments.unregister(cbtyp, hCallbackId)?;
        Ok(Completion::Success)
    })
}

/// Runs `change` on the local storage that the bits name.
fn on_local_storage<T>(
    call: &mut SessionCall<'_>,
    cursor: &CursorContext,
    grbit: JET_GRBIT,
    change: impl FnOnce(&mut Option<JET_LS>) -> Result<T, JetError>,
) -> Result<T, JetError> {
    match (grbit & JET_bitLSCursor != 0, grbit & JET_bitLSTable != 0) {
        (true, true) => Err(JetError::INVALID_GRBIT),
        (false, true) => {
            let attachments = cursor.attachments().ok_or(JetError::ILLEGAL_OPERATION)?;
            change(&mut attachments.local_storage().lock())
        }
        (_, false) => run(call, cursor, |call| change(&mut call.cursor.local_storage)),
    }
}

/// Read local storage.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLS(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pls: *mut JET_LS,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(pls) };
    with_given_cursor(sesid, tableid, AfterStop::Refused, |call, cursor| {
        let place = place.required()?;
        place.write(JET_LSNil);
        on_local_storage(call, cursor, grbit, |storage| {
            let resets = grbit & JET_bitLSReset != 0;
            match *storage {
                Some(value) => place.write(value),
                None if resets => {}
                None => return Err(JetError::LS_NOT_SET),
            }
            if resets {
                *storage = None;
            }
            Ok(Completion::Success)
        })
    })
}

/// Attach local storage to a cursor or table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetLS(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    ls: JET_LS,
    grbit: JET_GRBIT,
) -> JET_ERR {
    with_given_cursor(sesid, tableid, AfterStop::Refused, |call, cursor| {
        let has_callback = callbacks::runtime_callback(call.instance()).is_some();
        on_local_storage(call, cursor, grbit, |storage| {
            if !has_callback {
                return Err(JetError::LS_CALLBACK_NOT_SPECIFIED);
            }
            if grbit & JET_bitLSReset != 0 {
                // What was there is the program's affair: it is not told.
                *storage = None;
            } else if storage.is_some() {
                return Err(JetError::LS_ALREADY_SET);
            } else {
                *storage = Some(ls).filter(|ls| *ls != JET_LSNil);
            }
            Ok(Completion::Success)
        })
    })
}
