//! Sessions, their context and parameters (spec 09 §3).

use std::ffi::c_void;

use ese_format::error::JetError;

use super::argument::{Buffer, Place, input};
use crate::abi::guard::{CallResult, Completion};
use crate::abi::structs::JET_SESSIONINFO;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{with_instance, with_session};
use crate::runtime::instance::{AfterStop, InstanceContext};
use crate::runtime::session::{self, SessionContext};

/// Bytes of the context for durable-commit callbacks at most.
const COMMIT_CONTEXT_BYTES_MAX: usize = 30_000;
/// Characters of the texts that only traces show.
const TRACE_TEXT_UNITS_MAX: usize = 160;

/// Open a session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginSessionA(
    instance: JET_INSTANCE,
    psesid: *mut JET_SESID,
    szUserName: JET_PCSTR,
    szPassword: JET_PCSTR,
) -> JET_ERR {
    let _ = (szUserName, szPassword);
    // SAFETY: the caller's place is NULL or may be written.
    begin_session(instance, unsafe { Place::new(psesid) })
}

/// Open a session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginSessionW(
    instance: JET_INSTANCE,
    psesid: *mut JET_SESID,
    szUserName: JET_PCWSTR,
    szPassword: JET_PCWSTR,
) -> JET_ERR {
    let _ = (szUserName, szPassword);
    // SAFETY: the caller's place is NULL or may be written.
    begin_session(instance, unsafe { Place::new(psesid) })
}

fn begin_session(instance: JET_INSTANCE, place: Place<JET_SESID>) -> JET_ERR {
    with_instance(instance, JetError::INVALID_PARAMETER, AfterStop::Refused, |instance| {
        open_session(instance, place)
    })
}

fn open_session(instance: &std::sync::Arc<InstanceContext>, place: Place<JET_SESID>) -> CallResult {
    let place = place.required()?;
    let session = instance.engine()?.transactions().begin_session()?;
    place.write(SessionContext::open(instance, session)?.handle());
    Ok(Completion::Success)
}

/// Open another session like this one.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDupSession(sesid: JET_SESID, psesid: *mut JET_SESID) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(psesid) };
    with_session(sesid, AfterStop::Refused, |call| open_session(call.instance(), place))
}

/// Close a session and everything it holds.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndSession(sesid: JET_SESID, grbit: JET_GRBIT) -> JET_ERR {
    let _ = grbit;
    with_session(sesid, AfterStop::Answered, |call| {
        let engine = &call.body()?.engine;
        if engine.is_held_elsewhere() {
            return Err(JetError::SESSION_IN_USE);
        }
        engine.check_thread()?;
        session::end(call.session, &mut call.held)?;
        Ok(Completion::Success)
    })
}

/// Session details (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetSessionInfo(
    sesid: JET_SESID,
    pvResult: *mut c_void,
    cbMax: u32,
    ulInfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written in its length.
    let place = unsafe { Place::new(pvResult.cast::<JET_SESSIONINFO>()) };
    with_session(sesid, AfterStop::Answered, |call| {
        if ulInfoLevel != JET_SessionInfo {
            return Err(JetError::INVALID_PARAMETER);
        }
        if (cbMax as usize) < size_of::<JET_SESSIONINFO>() {
            return Err(JetError::BUFFER_TOO_SMALL);
        }
        let engine = &call.body()?.engine;
        place.required()?.write(JET_SESSIONINFO {
            ulTrxBegin0: engine.begin0().unwrap_or(u32::MAX),
            ulTrxLevel: engine.level().into(),
            ulProcid: engine.procid().into(),
            ulFlags: 0,
            ulTrxContext: engine.context() as JET_API_PTR,
        });
        Ok(Completion::Success)
    })
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
    // SAFETY: the caller's buffer and place are NULL or may be written, the buffer in its length.
    let (buffer, actual) = unsafe { (Buffer::new(pvParam, cbParamMax), Place::new(pcbParamActual)) };
    with_session(sesid, AfterStop::Refused, |call| {
        let size = ParameterSize::of(sesparamid)?;
        if buffer.is_null() && actual.required().is_err() {
            return Err(JetError::INVALID_PARAMETER);
        }
        let body = call.body()?;
        let value = match sesparamid {
            JET_sesparamCommitDefault => body.engine.commit_default().to_ne_bytes().to_vec(),
            JET_sesparamCommitGenericContext => body.parameters.commit_context.clone(),
            JET_sesparamTransactionLevel => u32::from(body.engine.level()).to_ne_bytes().to_vec(),
            id => body.parameters.traced.get(&id).cloned().unwrap_or_else(|| size.initial()),
        };
        actual.write(u32::try_from(value.len()).unwrap_or(u32::MAX));
        if buffer.is_null() {
            return Ok(Completion::Success);
        }
        match size {
            ParameterSize::Exactly(bytes) if buffer.bytes() != bytes => Err(JetError::INVALID_BUFFER_SIZE),
            _ => buffer.write(&value).map(|()| Completion::Success),
        }
    })
}

/// End the binding.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetResetSessionContext(sesid: JET_SESID) -> JET_ERR {
    with_session(sesid, AfterStop::Answered, |call| {
        call.body()?.engine.reset_context()?;
        Ok(Completion::Success)
    })
}

/// Bind a session to a context so threads may share it.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetSessionContext(sesid: JET_SESID, ulContext: JET_API_PTR) -> JET_ERR {
    with_session(sesid, AfterStop::Refused, |call| {
        // All ones of the width of the argument are no context.
        let value = if ulContext == JET_API_PTR::MAX { u64::MAX } else { ulContext as u64 };
        call.body()?.engine.set_context(value)?;
        Ok(Completion::Success)
    })
}

/// Set a session parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetSessionParameter(
    sesid: JET_SESID,
    sesparamid: u32,
    pvParam: *mut c_void,
    cbParam: u32,
) -> JET_ERR {
    with_session(sesid, AfterStop::Refused, |call| {
        let size = ParameterSize::of(sesparamid)?;
        if pvParam.is_null() && cbParam != 0 {
            return Err(JetError::INVALID_PARAMETER);
        }
        // SAFETY: the caller's bytes may be read in their length.
        let value = unsafe { input(pvParam, cbParam) };
        let body = call.body()?;
        let parameters = &mut body.parameters;
        match sesparamid {
            JET_sesparamTransactionLevel => return Err(JetError::FEATURE_NOT_AVAILABLE),
            JET_sesparamCommitGenericContext => {
                parameters.commit_context.clear();
                if value.len() > COMMIT_CONTEXT_BYTES_MAX {
                    return Err(JetError::INVALID_BUFFER_SIZE);
                }
                parameters.commit_context.extend_from_slice(value);
            }
            JET_sesparamCommitDefault => {
                let bytes = value.try_into().map_err(|_| JetError::INVALID_BUFFER_SIZE)?;
                body.engine.set_commit_default(u32::from_ne_bytes(bytes));
            }
            id => {
                if !size.admits(value.len()) {
                    return Err(JetError::INVALID_BUFFER_SIZE);
                }
                parameters.traced.insert(id, value.to_vec());
            }
        }
        Ok(Completion::Success)
    })
}

/// How long the value of a session parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ParameterSize {
    /// That many bytes.
    Exactly(usize),
    /// Up to that many.
    AtMost(usize),
}

impl ParameterSize {
    /// The size of a parameter's value (spec 09 §3).
    fn of(id: u32) -> Result<Self, JetError> {
        Ok(match id {
            JET_sesparamCommitDefault
            | JET_sesparamTransactionLevel
            | JET_sesparamCorrelationID
            | JET_sesparamCachePriority
            | JET_sesparamIOSessTraceFlags
            | JET_sesparamIOPriority
            | JET_sesparamCommitContextContainsCustomerData
            | JET_sesparamCommitContextNeedPreCommitCallback => Self::Exactly(4),
            JET_sesparamCommitGenericContext => Self::AtMost(COMMIT_CONTEXT_BYTES_MAX),
            JET_sesparamOperationContext => Self::Exactly(8),
            JET_sesparamClientComponentDesc
            | JET_sesparamClientActionDesc
            | JET_sesparamClientActionContextDesc => Self::AtMost(TRACE_TEXT_UNITS_MAX * 2),
            JET_sesparamClientActivityId => Self::AtMost(40),
            _ => return Err(JetError::INVALID_SESPARAM_ID),
        })
    }

    fn admits(self, bytes: usize) -> bool {
        match self {
            Self::Exactly(exactly) => bytes == exactly,
            Self::AtMost(most) => bytes <= most,
        }
    }

    /// The value before it is set.
    fn initial(self) -> Vec<u8> {
        match self {
            Self::Exactly(bytes) => vec![0; bytes],
            Self::AtMost(_) => Vec::new(),
        }
    }
}
