//! An instance as the C interface has it, from JetCreateInstance or JetInit to JetTerm.
//!
//! Invariants: its phase goes Created, Starting, Running, Ending, Ended, back from Ending to Running when JetTerm is
//! refused and from Starting to nowhere: an instance that does not start ends; its engine is there while it is Running or
//! Ending; while a thread is inside a call the instance does not end.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicUsize, Ordering};

use ese_engine::instance::Instance;
use ese_engine::log::LogState;
use ese_format::error::JetError;
use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use widestring::{U16Str, U16String};

use crate::abi::handles::RawHandle;
use crate::parameters::ParameterStore;
use crate::runtime::attachments::TableRegistry;
use crate::runtime::defragmentation::Defragmentation;
use crate::runtime::durable_commits::DurableCommits;
use crate::runtime::engine;

/// Where an instance is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum InstancePhase {
    /// Made, not started.
    Created,
    /// JetInit is at work.
    Starting,
    /// Sessions may begin.
    Running,
    /// JetTerm is at work.
    Ending,
    /// It is no more.
    Ended,
    /// A restore is at work.
    Restoring,
}

/// Whether a call is still answered after the instance was told to stop (spec 09 §1.1 line 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterStop {
    /// It is refused.
    Refused,
    /// It is needed to clean up.
    Answered,
}

/// An instance.
pub struct InstanceContext {
    handle: AtomicUsize,
    name: Option<U16String>,
    display_name: Option<U16String>,
    parameters: RwLock<ParameterStore>,
    phase: AtomicU8,
    stopped: AtomicBool,
    /// The code that every call gets after a fatal error, 0 = none.
    failure: AtomicI32,
    /// Read-locked by every thread inside a call, write-locked by the one that ends the instance.
    calls: RwLock<()>,
    engine: RwLock<Option<Arc<Instance>>>,
    sessions: Mutex<Vec<RawHandle>>,
    tables: Arc<TableRegistry>,
    defragmentation: Defragmentation,
    durable_commits: Mutex<Option<DurableCommits>>,
}

impl InstanceContext {
    /// An instance that is not started.
    #[must_use]
    pub fn new(name: Option<U16String>, display_name: Option<U16String>, parameters: ParameterStore) -> Self {
        Self {
            handle: AtomicUsize::new(0),
            name,
            display_name,
            parameters: RwLock::new(parameters),
            phase: AtomicU8::new(InstancePhase::Created as u8),
            stopped: AtomicBool::new(false),
            failure: AtomicI32::new(0),
            calls: RwLock::new(()),
            engine: RwLock::new(None),
            sessions: Mutex::default(),
            defragmentation: Defragmentation::default(),
            tables: Arc::default(),
            durable_commits: Mutex::default(),
        }
    }

    /// Its handle.
    #[must_use]
    pub fn handle(&self) -> RawHandle {
        self.handle.load(Ordering::Acquire)
    }

    pub(super) fn set_handle(&self, handle: RawHandle) {
        self.handle.store(handle, Ordering::Release);
    }

    /// Its name, where it has one.
    #[must_use]
    pub fn name(&self) -> Option<&U16Str> {
        self.name.as_deref()
    }

    /// The name for events, where it has one.
    #[must_use]
    pub fn display_name(&self) -> Option<&U16Str> {
        self.display_name.as_deref()
    }

    /// Its runs of online defragmentation.
    #[must_use]
    pub fn defragmentation(&self) -> &Defragmentation {
        &self.defragmentation
    }

    /// Its parameters.
    #[must_use]
    pub fn parameters(&self) -> &RwLock<ParameterStore> {
        &self.parameters
    }

    /// A parameter was set: the running engine hears of those that it looks at while it runs.
    pub fn parameter_changed(&self, id: u32) {
        if let Ok(engine) = self.engine() {
            engine::parameter_changed(&engine, id, &self.parameters.read());
        }
    }

    /// Where it is in its life.
    #[must_use]
    pub fn phase(&self) -> InstancePhase {
        match self.phase.load(Ordering::Acquire) {
            0 => InstancePhase::Created,
            1 => InstancePhase::Starting,
            2 => InstancePhase::Running,
            3 => InstancePhase::Ending,
            5 => InstancePhase::Restoring,
            _ => InstancePhase::Ended,
        }
    }

    /// Goes from one phase to the next; false when it is in another one.
    #[must_use]
    pub fn advance(&self, from: InstancePhase, to: InstancePhase) -> bool {
        self.phase.compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The engine started.
    pub fn set_engine(&self, engine: Option<Arc<Instance>>) {
        *self.engine.write() = engine;
    }

    /// The running engine.
    ///
    /// # Errors
    /// `JET_errNotInitialized`.
    pub fn engine(&self) -> Result<Arc<Instance>, JetError> {
        self.engine.read().clone().ok_or(JetError::NOT_INITIALIZED)
    }

    /// Tells it to stop or to go on (JetStopServiceInstance).
    pub fn set_stopped(&self, stopped: bool) {
        self.stopped.store(stopped, Ordering::Release);
        if let Ok(engine) = self.engine() {
            engine.transactions().set_stopped(stopped);
        }
    }

    /// After a fatal error every call gets its code; the first one counts.
    pub fn fail(&self, error: JetError) {
        let _ = self.failure.compare_exchange(0, error.code(), Ordering::AcqRel, Ordering::Acquire);
    }

    /// Fails for good if the engine's log is down. Asked when a call failed, so that calls that succeed pay nothing.
    pub(super) fn fail_with_log(&self) {
        let state = self.engine().ok().and_then(|engine| engine.log().map(|log| log.state()));
        if let Some(LogState::Down(error)) = state {
            self.fail(error);
        }
    }

    /// The fatal error, where there was one.
    #[must_use]
    pub fn failure(&self) -> Option<JetError> {
        let code = self.failure.load(Ordering::Acquire);
        (code != 0).then(|| JetError::from_code(code))
    }

    /// Lets a call in (spec 09 §1.1 lines 4 to 8). The instance does not end while the guard lives.
    ///
    /// # Errors
    /// `JET_errNotInitialized`, `JET_errInitInProgress`, `JET_errTermInProgress`,
    /// `JET_errClientRequestToStopJetService`, the fatal error.
    pub fn enter(&self, after_stop: AfterStop) -> Result<RwLockReadGuard<'_, ()>, JetError> {
        // Recursive: a callback of this thread's own call may make another one while JetTerm waits.
        let inside = self.calls.try_read_recursive().ok_or(JetError::TERM_IN_PROGRESS)?;
        match self.phase() {
            InstancePhase::Created => return Err(JetError::NOT_INITIALIZED),
            InstancePhase::Starting => return Err(JetError::INIT_IN_PROGRESS),
            InstancePhase::Restoring => return Err(JetError::RESTORE_IN_PROGRESS),
            InstancePhase::Ending | InstancePhase::Ended => return Err(JetError::TERM_IN_PROGRESS),
            InstancePhase::Running => {}
        }
        if after_stop == AfterStop::Refused && self.stopped.load(Ordering::Acquire) {
            return Err(JetError::CLIENT_REQUEST_TO_STOP_JET_SERVICE);
        }
        self.failure().map_or(Ok(inside), Err)
    }

    /// Waits until no call is inside, and lets none in while the guard lives.
    pub fn wait_for_calls(&self) -> RwLockWriteGuard<'_, ()> {
        self.calls.write()
    }

    /// The engine runs: the program hears of durable commits from now on, if it asked for that.
    pub fn listen_to_commits(&self) {
        let Ok(engine) = self.engine() else { return };
        let Some(log) = engine.log() else { return };
        let started =
            DurableCommits::start(&self.parameters.read(), self.handle(), log, engine.transactions());
        *self.durable_commits.lock() = started;
    }

    /// The engine ended, cleanly or not.
    pub fn stop_listening(&self, is_clean: bool) {
        let listening = self.durable_commits.lock().take();
        if let Some(listening) = listening {
            listening.end(is_clean);
        }
    }

    /// What programs attached to its tables.
    #[must_use]
    pub fn tables(&self) -> &Arc<TableRegistry> {
        &self.tables
    }

    /// Its sessions.
    #[must_use]
    pub fn sessions(&self) -> Vec<RawHandle> {
        self.sessions.lock().clone()
    }

    pub(super) fn add_session(&self, session: RawHandle) {
        self.sessions.lock().push(session);
    }

    pub(super) fn remove_session(&self, session: RawHandle) {
        self.sessions.lock().retain(|other| *other != session);
    }
}

impl fmt::Debug for InstanceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceContext")
            .field("handle", &self.handle())
            .field("name", &self.name)
            .field("phase", &self.phase())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_let_in_while_the_instance_runs() {
        let instance = InstanceContext::new(None, None, ParameterStore::new());
        let enter = |after_stop| instance.enter(after_stop).map(|_| ());
        assert_eq!(enter(AfterStop::Refused), Err(JetError::NOT_INITIALIZED));
        assert!(instance.advance(InstancePhase::Created, InstancePhase::Starting));
        assert_eq!(enter(AfterStop::Refused), Err(JetError::INIT_IN_PROGRESS));
        assert!(instance.advance(InstancePhase::Starting, InstancePhase::Running));
        assert_eq!(enter(AfterStop::Refused), Ok(()));
        instance.set_stopped(true);
        assert_eq!(enter(AfterStop::Refused), Err(JetError::CLIENT_REQUEST_TO_STOP_JET_SERVICE));
        assert_eq!(enter(AfterStop::Answered), Ok(()));
        instance.set_stopped(false);
        instance.fail(JetError::LOG_WRITE_FAIL);
        instance.fail(JetError::INSTANCE_UNAVAILABLE);
        assert_eq!(enter(AfterStop::Answered), Err(JetError::LOG_WRITE_FAIL));
        let waiting = instance.wait_for_calls();
        assert_eq!(enter(AfterStop::Answered), Err(JetError::TERM_IN_PROGRESS));
        drop(waiting);
        assert!(!instance.advance(InstancePhase::Created, InstancePhase::Starting));
    }
}
