//! Instances: start, stop, and what the process runs (spec 09 §2).

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use ese_engine::instance::TermKind;
use ese_engine::recovery::RecoveryOptions;
use ese_format::error::JetError;

use super::always;
use super::answer::signature;
use super::argument::{Buffer, Place, Text};
use super::instance_list;
use super::restore_info::{self, RestoreInfo};
use crate::abi::guard::{CallResult, Completion, guard_process};
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::errors::JET_errSuccess;
use crate::abi::tables::params::JET_paramCommitDefault;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{check_outermost, on_instance, with_instance};
use crate::runtime::callbacks;
use crate::runtime::engine;
use crate::runtime::instance::{AfterStop, InstanceContext, InstancePhase};
use crate::runtime::process::SESSIONS;
use crate::runtime::process::{self, Named, StartParameter};
use crate::runtime::session;

/// Longest name of an instance in units.
const NAME_UNITS_MAX: usize = 4096;
/// Parameters of one JetEnableMultiInstance at most.
const START_PARAMETERS_MAX: usize = 4096;
/// The bits of JetStopServiceInstance2.
const STOP_PARTS: JET_GRBIT = JET_bitStopServiceBackgroundUserTasks
    | JET_bitStopServiceQuiesceCaches
    | JET_bitStopServiceStopAndEmitLog;

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
    let _ = grbit;
    // SAFETY: the caller's place is NULL or may be written, its texts NULL or NUL-terminated.
    unsafe { create(Place::new(pinstance), Text::ansi(szInstanceName), Text::ansi(szDisplayName)) }
}

/// Allocate a named instance with display name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateInstance2W(
    pinstance: *mut JET_INSTANCE,
    szInstanceName: JET_PCWSTR,
    szDisplayName: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    let _ = grbit;
    // SAFETY: the caller's place is NULL or may be written, its texts NULL or NUL-terminated.
    unsafe { create(Place::new(pinstance), Text::wide(szInstanceName), Text::wide(szDisplayName)) }
}

/// Allocate an instance; switches process to multi-instance mode.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateInstanceA(
    pinstance: *mut JET_INSTANCE,
    szInstanceName: JET_PCSTR,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written, its text NULL or NUL-terminated.
    unsafe { create(Place::new(pinstance), Text::ansi(szInstanceName), Text::ansi(std::ptr::null())) }
}

/// Allocate an instance; switches process to multi-instance mode.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateInstanceW(
    pinstance: *mut JET_INSTANCE,
    szInstanceName: JET_PCWSTR,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written, its text NULL or NUL-terminated.
    unsafe { create(Place::new(pinstance), Text::wide(szInstanceName), Text::wide(std::ptr::null())) }
}

/// Set global parameters and choose multi-instance mode.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEnableMultiInstanceA(
    psetsysparam: *mut JET_SETSYSPARAM_A,
    csetsysparam: u32,
    pcsetsucceed: *mut u32,
) -> JET_ERR {
    guard_process(|| {
        check_array(psetsysparam, csetsysparam)?;
        let mut parameters = Vec::new();
        for index in 0..csetsysparam as usize {
            // SAFETY: the caller's array has so many elements, whose texts are NULL or NUL-terminated.
            let (item, text) = unsafe {
                let item = psetsysparam.add(index).read_unaligned();
                (item, Text::ansi(item.sz))
            };
            parameters.push(StartParameter { id: item.paramid, number: item.lParam, text: text_value(text) });
        }
        // SAFETY: the caller's place is NULL or may be written.
        enable(&parameters, unsafe { Place::new(pcsetsucceed) }, |index, code| {
            // SAFETY: the caller's array has more elements than this index, and may be written.
            unsafe { (&raw mut (*psetsysparam.add(index)).err).write_unaligned(code) }
        })
    })
}

/// Set global parameters and choose multi-instance mode.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEnableMultiInstanceW(
    psetsysparam: *mut JET_SETSYSPARAM_W,
    csetsysparam: u32,
    pcsetsucceed: *mut u32,
) -> JET_ERR {
    guard_process(|| {
        check_array(psetsysparam, csetsysparam)?;
        let mut parameters = Vec::new();
        for index in 0..csetsysparam as usize {
            // SAFETY: the caller's array has so many elements, whose texts are NULL or NUL-terminated.
            let (item, text) = unsafe {
                let item = psetsysparam.add(index).read_unaligned();
                (item, Text::wide(item.sz))
            };
            parameters.push(StartParameter { id: item.paramid, number: item.lParam, text: text_value(text) });
        }
        // SAFETY: the caller's place is NULL or may be written.
        enable(&parameters, unsafe { Place::new(pcsetsucceed) }, |index, code| {
            // SAFETY: the caller's array has more elements than this index, and may be written.
            unsafe { (&raw mut (*psetsysparam.add(index)).err).write_unaligned(code) }
        })
    })
}

/// Free memory returned by the engine.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetFreeBuffer(pbBuf: *mut c_char) -> JET_ERR {
    guard_process(|| instance_list::free(pbBuf))
}

/// List instances and databases.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetInstanceInfoA(
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_A,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or may be written.
    let (count, list) = unsafe { (Place::new(pcInstanceInfo), Place::new(paInstanceInfo)) };
    guard_process(|| instance_list::narrow(count, list, &process::instances()))
}

/// List instances and databases.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetInstanceInfoW(
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_W,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or may be written.
    let (count, list) = unsafe { (Place::new(pcInstanceInfo), Place::new(paInstanceInfo)) };
    guard_process(|| instance_list::wide(count, list, &process::instances()))
}

/// Log signature and similar of an instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetInstanceMiscInfo(
    instance: JET_INSTANCE,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or may be written in its length.
    let buffer = unsafe { Buffer::new(pvResult, cbMax) };
    with_instance(instance, JetError::INVALID_INSTANCE, AfterStop::Refused, |instance| {
        if InfoLevel != JET_InstanceMiscInfoLogSignature {
            return Err(JetError::INVALID_PARAMETER);
        }
        if buffer.bytes() < size_of::<JET_SIGNATURE>() {
            return Err(JetError::BUFFER_TOO_SMALL);
        }
        let stored = instance.engine()?.log().map(|log| log.signature()).unwrap_or_default();
        // SAFETY: the buffer has room for the structure.
        unsafe { Place::new(pvResult.cast()) }.write(signature(&stored));
        Ok(Completion::Success)
    })
}

/// Start an instance (create implicit one if needed), run crash recovery.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit(pinstance: *mut JET_INSTANCE) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be read and written.
    unsafe { init(Place::new(pinstance), JET_bitReplayMissingMapEntryDB, || Ok(RestoreInfo::default())) }
}

/// JetInit with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit2(pinstance: *mut JET_INSTANCE, grbit: JET_GRBIT) -> JET_ERR {
    let grbit = grbit | JET_bitReplayMissingMapEntryDB;
    // SAFETY: the caller's place is NULL or may be read and written.
    unsafe { init(Place::new(pinstance), grbit, || Ok(RestoreInfo::default())) }
}

/// JetInit2 with database path map and stop position.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit3A(
    pinstance: *mut JET_INSTANCE,
    prstInfo: *mut JET_RSTINFO_A,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be read and written, its structure NULL or readable in its length.
    unsafe { init(Place::new(pinstance), grbit, || restore_info::narrow(prstInfo)) }
}

/// JetInit2 with database path map and stop position.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit3W(
    pinstance: *mut JET_INSTANCE,
    prstInfo: *mut JET_RSTINFO_W,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be read and written, its structure NULL or readable in its length.
    unsafe { init(Place::new(pinstance), grbit, || restore_info::wide(prstInfo)) }
}

/// JetInit3 with context callback and per-database options (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit4A(
    pinstance: *mut JET_INSTANCE,
    prstInfo: *mut JET_RSTINFO2_A,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be read and written, its structure NULL or readable in its length.
    unsafe { init(Place::new(pinstance), grbit, || restore_info::narrow2(prstInfo)) }
}

/// JetInit3 with context callback and per-database options (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetInit4W(
    pinstance: *mut JET_INSTANCE,
    prstInfo: *mut JET_RSTINFO2_W,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be read and written, its structure NULL or readable in its length.
    unsafe { init(Place::new(pinstance), grbit, || restore_info::wide2(prstInfo)) }
}

/// Prepare for quick shutdown.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStopService() -> JET_ERR {
    guard_process(|| {
        let instance = process::only_instance()?;
        stop_service(&instance, JET_bitStopServiceAll)
    })
}

/// Prepare an instance for quick shutdown.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStopServiceInstance(instance: JET_INSTANCE) -> JET_ERR {
    guard_process(|| {
        let instance = process::instance_of_call(instance, JetError::INVALID_INSTANCE)?;
        stop_service(&instance, JET_bitStopServiceAll)
    })
}

/// Stop or resume selected services.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStopServiceInstance2(instance: JET_INSTANCE, grbit: JET_GRBIT) -> JET_ERR {
    guard_process(|| {
        let instance = process::instance_of_call(instance, JetError::INVALID_INSTANCE)?;
        stop_service(&instance, grbit)
    })
}

/// Stop an instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetTerm(instance: JET_INSTANCE) -> JET_ERR {
    term(instance, JET_bitTermAbrupt)
}

/// Stop an instance with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetTerm2(instance: JET_INSTANCE, grbit: JET_GRBIT) -> JET_ERR {
    term(instance, grbit)
}

/// Makes an instance.
fn create(place: Place<JET_INSTANCE>, name: Text, display_name: Text) -> JET_ERR {
    guard_process(|| {
        let place = place.required()?;
        place.write(JET_instanceNil);
        let name = name.read(NAME_UNITS_MAX, JetError::INVALID_PARAMETER)?;
        let display_name = display_name.read(NAME_UNITS_MAX, JetError::INVALID_PARAMETER)?;
        place.write(process::create_instance(name, display_name)?.handle());
        Ok(Completion::Success)
    })
}

/// Refuses an array that is there without elements or the other way round.
fn check_array<T>(array: *const T, elements: u32) -> Result<(), JetError> {
    if array.is_null() != (elements == 0) || elements as usize > START_PARAMETERS_MAX {
        return Err(JetError::INVALID_PARAMETER);
    }
    Ok(())
}

/// A text parameter's new value; NULL counts as empty.
fn text_value(text: Text) -> Result<widestring::U16String, JetError> {
    let text = text.read(crate::parameters::TEXT_UNITS_MAX, JetError::INVALID_PARAMETER)?;
    Ok(text.unwrap_or_default())
}

/// Chooses multi-instance mode; `answer` takes the code of each parameter.
fn enable(
    parameters: &[StartParameter],
    succeeded: Place<u32>,
    answer: impl Fn(usize, JET_ERR),
) -> CallResult {
    let enabled = process::enable_multi_instance(parameters);
    let mut count = 0;
    for (index, item) in enabled.answers.iter().enumerate() {
        answer(index, item.err().map_or(JET_errSuccess, |error| error.code()));
        count += u32::from(item.is_ok());
    }
    succeeded.write(count);
    enabled.result.map(|()| Completion::Success)
}

/// Starts an instance, made where the caller names none (spec 09 §2.5).
fn init(
    place: Place<JET_INSTANCE>,
    grbit: JET_GRBIT,
    info: impl FnOnce() -> Result<RestoreInfo, JetError>,
) -> JET_ERR {
    guard_process(|| {
        let info = info()?;
        let named = place.read().map_or(Named::Nothing, Named::Number);
        let instance = process::instance_to_start(named)?;
        if !instance.advance(InstancePhase::Created, InstancePhase::Starting) {
            return Err(match instance.phase() {
                InstancePhase::Starting => JetError::INIT_IN_PROGRESS,
                InstancePhase::Restoring => JetError::RESTORE_IN_PROGRESS,
                InstancePhase::Running => JetError::ALREADY_INITIALIZED,
                _ => JetError::TERM_IN_PROGRESS,
            });
        }
        let started = on_instance(&instance, || start(&instance, info, grbit));
        match started {
            Ok(_) => place.write(instance.handle()),
            Err(_) => {
                instance.set_engine(None);
                let _ = instance.advance(InstancePhase::Starting, InstancePhase::Ended);
                process::remove_instance(&instance);
                place.write(0);
            }
        }
        started
    })
}

fn start(instance: &InstanceContext, info: RestoreInfo, grbit: JET_GRBIT) -> CallResult {
    let parameters = instance.parameters().read().clone();
    let options = RecoveryOptions::from_bits_truncate(grbit);
    let mut control = info.control(instance.handle(), options);
    let RestoreInfo { map, stop, .. } = info;
    let recovery = engine::Recovery { options, map, stop };
    let started = engine::start(instance.name(), &parameters, recovery, &mut control)?;
    started.instance.transactions().set_commit_default(parameters.number(JET_paramCommitDefault) as u32);
    instance.set_engine(Some(started.instance));
    instance.listen_to_commits();
    if instance.advance(InstancePhase::Starting, InstancePhase::Running) {
        Ok(started.warning.map_or(Completion::Success, Completion::Warning))
    } else {
        Err(JetError::TERM_IN_PROGRESS)
    }
}

/// Ends an instance (spec 09 §2.6).
fn term(instance: JET_INSTANCE, grbit: JET_GRBIT) -> JET_ERR {
    guard_process(|| {
        check_outermost()?;
        let instance = process::instance_of_call(instance, JetError::INVALID_PARAMETER)?;
        if instance.advance(InstancePhase::Created, InstancePhase::Ended) {
            process::remove_instance(&instance);
            return Ok(Completion::Success);
        }
        if !instance.advance(InstancePhase::Running, InstancePhase::Ending) {
            return Err(match instance.phase() {
                InstancePhase::Starting => JetError::INIT_IN_PROGRESS,
                InstancePhase::Restoring => JetError::RESTORE_IN_PROGRESS,
                _ => JetError::TERM_IN_PROGRESS,
            });
        }
        let ended = on_instance(&instance, || end(&instance, grbit));
        if instance.phase() == InstancePhase::Ending {
            let _ = instance.advance(InstancePhase::Ending, InstancePhase::Ended);
            process::remove_instance(&instance);
        }
        ended
    })
}

/// Ends a running instance once no call is inside. It runs on when a session is in a transaction.
fn end(instance: &Arc<InstanceContext>, grbit: JET_GRBIT) -> CallResult {
    let _alone = instance.wait_for_calls();
    let ending = match instance.failure() {
        _ if grbit & JET_bitTermDirty != 0 => TermKind::Dirty,
        Some(_) => TermKind::Dirty,
        None if grbit & JET_bitTermAbrupt != 0 => TermKind::Abrupt,
        None => TermKind::Complete,
    };
    let engine = instance.engine()?;
    let ends_backup = grbit & (JET_bitTermAbrupt | JET_bitTermStopBackup) != 0;
    if ending == TermKind::Complete
        && !ends_backup
        && let Err(error) = engine.check_no_backup()
    {
        // The instance stays usable, and the backup goes on.
        let _ = instance.advance(InstancePhase::Ending, InstancePhase::Running);
        return Err(error.into());
    }
    let sessions: Vec<_> =
        instance.sessions().into_iter().filter_map(|handle| SESSIONS.get(handle).ok()).collect();
    if ending != TermKind::Dirty {
        for session in &sessions {
            if session.hold()?.body()?.engine.level() > 0 {
                // The instance stays usable.
                let _ = instance.advance(InstancePhase::Ending, InstancePhase::Running);
                return Err(JetError::TOO_MANY_ACTIVE_USERS);
            }
        }
    }
    if ending != TermKind::Dirty {
        engine.cancel_backup();
    }
    let mut abandoned = Vec::new();
    for session in &sessions {
        let mut held = session.hold()?;
        let ended = if ending == TermKind::Dirty {
            abandoned.extend(session::abandon(session, &mut held));
            Ok(())
        } else {
            session::end(session, &mut held)
        };
        drop(held);
        callbacks::tell_freed_at_end(instance, session.handle(), &session.freed().take());
        ended?;
    }
    callbacks::tell_freed_at_end(instance, JET_sesidNil, &instance.tables().remove_databases(|_| true));
    instance.set_engine(None);
    let stopped = engine.stop(ending);
    instance.stop_listening(stopped.is_ok());
    // Rolled back when the instance has stopped: nothing of it reaches a file any more.
    drop(abandoned);
    match instance.failure() {
        Some(failure) => Err(failure),
        None => stopped.map(|()| Completion::Success).map_err(JetError::from),
    }
}

/// Stops or resumes services (spec 09 §2.8).
fn stop_service(instance: &InstanceContext, grbit: JET_GRBIT) -> CallResult {
    if instance.phase() != InstancePhase::Running {
        return Err(JetError::NOT_INITIALIZED);
    }
    let parts = grbit & !JET_bitStopServiceResume;
    if parts & !STOP_PARTS != 0 {
        return Err(JetError::INVALID_GRBIT);
    }
    if grbit & JET_bitStopServiceResume != 0 {
        if parts & JET_bitStopServiceStopAndEmitLog != 0 {
            return Err(JetError::INVALID_GRBIT);
        }
        if parts == 0 {
            instance.set_stopped(false);
        }
    } else if parts == JET_bitStopServiceAll {
        instance.set_stopped(true);
    } else if parts & JET_bitStopServiceStopAndEmitLog != 0 {
        // The log takes nothing any more, and there is nobody to give it to.
        instance.fail(JetError::LOG_WRITE_FAIL);
        return Ok(Completion::Warning(JetError::WRN_CALLBACK_NOT_REGISTERED));
    }
    Ok(Completion::Success)
}
