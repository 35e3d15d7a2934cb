//! The process: which mode it is in, and which instances it has (spec 09 §2.1, 08 §7).
//!
//! Invariants: there is a mode as long as there is an instance; in single mode there is one instance at most; the list
//! and the table of handles hold the same instances.

use std::sync::Arc;

use ese_format::error::JetError;
use parking_lot::Mutex;
use widestring::{U16Str, U16String};

use crate::abi::handles::{HandleKind, HandleTable, RawHandle};
use crate::abi::tables::enums::JET_instanceNil;
use crate::abi::tables::params::JET_paramMaxInstances;
use crate::parameters::{self, NewValue, Phase};
use crate::runtime::cursor::CursorContext;
use crate::runtime::engine;
use crate::runtime::event_log;
use crate::runtime::instance::{InstanceContext, InstancePhase};
use crate::runtime::session::SessionContext;

/// How the process uses instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Not decided: there is no instance.
    #[default]
    None,
    /// One, made by JetInit; calls do not name it.
    Single,
    /// Any number, made by JetCreateInstance; calls name them.
    Multi,
}

/// Every live instance by its handle.
pub static INSTANCES: HandleTable<InstanceContext> = HandleTable::new(HandleKind::Instance);
/// Every live session by its handle.
pub static SESSIONS: HandleTable<SessionContext> = HandleTable::new(HandleKind::Session);
/// Every live cursor by its handle.
pub static CURSORS: HandleTable<CursorContext> = HandleTable::new(HandleKind::Cursor);

#[derive(Debug, Default)]
struct Process {
    mode: Mode,
    instances: Vec<Arc<InstanceContext>>,
    /// The parameters that JetEnableMultiInstance set, when it chose the mode.
    set_at_start: Vec<u32>,
}

static PROCESS: Mutex<Process> =
    Mutex::new(Process { mode: Mode::None, instances: Vec::new(), set_at_start: Vec::new() });

/// Whether a number in the place of an instance handle names none.
#[must_use]
pub fn is_nil(instance: RawHandle) -> bool {
    instance == 0 || instance == JET_instanceNil
}

/// The mode of the process.
#[must_use]
pub fn mode() -> Mode {
    PROCESS.lock().mode
}

/// The instances, in the order in which they were made.
#[must_use]
pub fn instances() -> Vec<Arc<InstanceContext>> {
    PROCESS.lock().instances.clone()
}

impl Process {
    fn add(
        &mut self,
        name: Option<U16String>,
        display_name: Option<U16String>,
    ) -> Result<Arc<InstanceContext>, JetError> {
        event_log::begin();
        let max = parameters::process().read().number(JET_paramMaxInstances);
        if self.instances.len() >= max {
            return Err(JetError::TOO_MANY_INSTANCES);
        }
        if self.instances.iter().any(|other| other.name() == name.as_deref()) {
            return Err(JetError::INSTANCE_NAME_IN_USE);
        }
        let values = parameters::process().read().clone();
        let instance = Arc::new(InstanceContext::new(name, display_name, values));
        instance.set_handle(INSTANCES.insert(Arc::clone(&instance))?);
        self.instances.push(Arc::clone(&instance));
        Ok(instance)
    }
}

/// Makes an instance with a name (JetCreateInstance).
///
/// # Errors
/// `JET_errRunningInOneInstanceMode`, `JET_errTooManyInstances`, `JET_errInstanceNameInUse`.
pub fn create_instance(
    name: Option<U16String>,
    display_name: Option<U16String>,
) -> Result<Arc<InstanceContext>, JetError> {
    let mut process = PROCESS.lock();
    if process.mode == Mode::Single {
        return Err(JetError::RUNNING_IN_ONE_INSTANCE_MODE);
    }
    let instance = process.add(name, display_name)?;
    process.mode = Mode::Multi;
    Ok(instance)
}

/// What a caller of JetInit says about the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Nothing: no place for a handle.
    Nothing,
    /// There is a place for a handle, and this number in it.
    Number(RawHandle),
}

/// The instance that JetInit is to start, made where there is none yet.
///
/// # Errors
/// `JET_errAlreadyInitialized`, `JET_errRunningInMultiInstanceMode`, those of making one; `JET_errInvalidInstance` for a
/// handle of none.
pub fn instance_to_start(named: Named) -> Result<Arc<InstanceContext>, JetError> {
    let mut process = PROCESS.lock();
    let given = match named {
        Named::Number(number) if !is_nil(number) => Some(number),
        Named::Nothing | Named::Number(_) => None,
    };
    match (process.mode, given) {
        (Mode::None, _) => {
            let instance = process.add(None, None)?;
            process.mode = Mode::Single;
            Ok(instance)
        }
        (Mode::Single, _) => Err(JetError::ALREADY_INITIALIZED),
        (Mode::Multi, Some(number)) => INSTANCES.get(number),
        (Mode::Multi, None) if named == Named::Nothing => Err(JetError::RUNNING_IN_MULTI_INSTANCE_MODE),
        (Mode::Multi, None) => process.add(None, None),
    }
}

/// The instance that a call names. `unknown` is the answer for a number that is no instance's.
///
/// # Errors
/// `JET_errInvalidParameter` where the call has to name one and does not, or there is none; `unknown`.
pub fn instance_of_call(number: RawHandle, unknown: JetError) -> Result<Arc<InstanceContext>, JetError> {
    let process = PROCESS.lock();
    match process.mode {
        Mode::None if is_nil(number) => Err(JetError::INVALID_PARAMETER),
        Mode::None => Err(unknown),
        Mode::Single => process.instances.first().map(Arc::clone).ok_or(JetError::INVALID_PARAMETER),
        Mode::Multi if is_nil(number) => Err(JetError::INVALID_PARAMETER),
        Mode::Multi => INSTANCES.get(number).map_err(|_| unknown),
    }
}

/// The one instance, for calls that can name none.
///
/// # Errors
/// `JET_errInvalidParameter` without an instance, `JET_errRunningInMultiInstanceMode`.
pub fn only_instance() -> Result<Arc<InstanceContext>, JetError> {
    let process = PROCESS.lock();
    match process.mode {
        Mode::Multi => Err(JetError::RUNNING_IN_MULTI_INSTANCE_MODE),
        Mode::Single | Mode::None => {
            process.instances.first().map(Arc::clone).ok_or(JetError::INVALID_PARAMETER)
        }
    }
}

/// Takes out an instance that ended. With the last one the mode ends.
pub fn remove_instance(instance: &InstanceContext) {
    let mut process = PROCESS.lock();
    process.instances.retain(|other| other.handle() != instance.handle());
    // Where it is not there any more, somebody else was faster.
    let _ = INSTANCES.remove(instance.handle());
    if process.instances.is_empty() {
        process.mode = Mode::None;
        process.set_at_start.clear();
    }
}

/// The table of values that a parameter call addresses (spec 08 §6.2).
#[derive(Clone, Debug)]
pub struct ParameterTarget {
    /// The instance; without one the process.
    pub instance: Option<Arc<InstanceContext>>,
    /// The session that the caller named, where that counts.
    pub session: Option<Arc<SessionContext>>,
    /// What is running.
    pub phase: Phase,
}

/// The table of values that a parameter call addresses.
///
/// # Errors
/// `JET_errInvalidSesid`, `JET_errInvalidInstance`; `JET_errInitInProgress`, `JET_errTermInProgress`.
pub fn parameter_target(
    instance: Option<RawHandle>,
    session: RawHandle,
) -> Result<ParameterTarget, JetError> {
    let process = PROCESS.lock();
    let (instance, session) = match process.mode {
        Mode::None => (None, None),
        Mode::Single => {
            let session = SESSIONS.get(session).ok();
            (process.instances.first().map(Arc::clone), session)
        }
        Mode::Multi if !is_nil(session) => {
            let session = SESSIONS.get(session)?;
            (Some(Arc::clone(session.instance())), Some(session))
        }
        Mode::Multi => match instance {
            Some(number) if !is_nil(number) => (Some(INSTANCES.get(number)?), None),
            _ => (None, None),
        },
    };
    let phase = match instance.as_ref().map(|instance| instance.phase()) {
        Some(InstancePhase::Starting) => return Err(JetError::INIT_IN_PROGRESS),
        Some(InstancePhase::Restoring) => return Err(JetError::RESTORE_IN_PROGRESS),
        Some(InstancePhase::Ending | InstancePhase::Ended) => return Err(JetError::TERM_IN_PROGRESS),
        Some(InstancePhase::Running) => Phase::Running,
        Some(InstancePhase::Created) => Phase::HasInstances,
        None if process.mode == Mode::None => Phase::NoInstance,
        None => Phase::HasInstances,
    };
    Ok(ParameterTarget { instance, session, phase })
}

/// A parameter of the process was set: running engines hear of those that they look at while they run.
pub fn parameter_changed(id: u32) {
    for instance in instances() {
        if let Ok(engine) = instance.engine() {
            engine::parameter_changed(&engine, id, &parameters::process().read());
        }
    }
}

/// One parameter for JetEnableMultiInstance.
#[derive(Debug)]
pub struct StartParameter {
    /// Its number.
    pub id: u32,
    /// The value of one that is no text.
    pub number: usize,
    /// The value of one that is text, or why it cannot be had.
    pub text: Result<U16String, JetError>,
}

impl StartParameter {
    fn value(&self) -> Result<NewValue<'_>, JetError> {
        if parameters::is_text(self.id) {
            let text: &U16Str = self.text.as_deref().map_err(|error| *error)?;
            Ok(NewValue::Text(text))
        } else {
            Ok(NewValue::Number(self.number))
        }
    }
}

/// How JetEnableMultiInstance ended.
#[derive(Debug)]
pub struct Enabled {
    /// The answer for each parameter looked at.
    pub answers: Vec<Result<(), JetError>>,
    /// The answer of the call.
    pub result: Result<(), JetError>,
}

/// Chooses multi-instance mode after setting these parameters, or compares them when the mode is chosen already
/// (spec 09 §2.3).
#[must_use]
pub fn enable_multi_instance(parameters: &[StartParameter]) -> Enabled {
    let mut process = PROCESS.lock();
    match process.mode {
        Mode::Single => Enabled { answers: Vec::new(), result: Err(JetError::RUNNING_IN_ONE_INSTANCE_MODE) },
        Mode::None => {
            let mut answers = Vec::new();
            for parameter in parameters {
                let set = parameter.value().and_then(|value| {
                    parameters::process().write().set(parameter.id, value, Phase::NoInstance)
                });
                answers.push(set);
                if let Err(error) = set {
                    return Enabled { answers, result: Err(error) };
                }
            }
            process.mode = Mode::Multi;
            process.set_at_start = parameters.iter().map(|parameter| parameter.id).collect();
            Enabled { answers, result: Ok(()) }
        }
        Mode::Multi => {
            let conflict = Err(JetError::SYSTEM_PARAMETER_CONFLICT);
            let mut answers = Vec::new();
            for parameter in parameters {
                let unknown_at_start = parameters::is_fixed_at_start(parameter.id)
                    && !process.set_at_start.contains(&parameter.id);
                let same = parameter
                    .value()
                    .and_then(|value| parameters::process().read().holds(parameter.id, value))
                    .unwrap_or(false);
                if unknown_at_start || !same {
                    answers.push(conflict);
                    return Enabled { answers, result: conflict };
                }
                answers.push(Ok(()));
            }
            let missing = process.set_at_start.iter().any(|id| {
                parameters::is_fixed_at_start(*id) && parameters.iter().all(|parameter| parameter.id != *id)
            });
            let result = if missing { conflict } else { Err(JetError::SYSTEM_PARAMS_ALREADY_SET) };
            Enabled { answers, result }
        }
    }
}
