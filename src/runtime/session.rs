//! A session as the C interface has it: the engine's session, the databases and cursors it has open, and the threads
//! that may use it (spec 09 §3).
//!
//! Invariants: one thread at a time is inside a call on a session. Which thread may end a transaction the engine's session
//! knows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use ese_engine::instance::{AfterClose, AttachedDatabase};
use ese_engine::table::AfterRollback;
use ese_engine::transaction::{RollbackScope, Session, thread_number};
use ese_format::error::JetError;
use parking_lot::{Mutex, MutexGuard};

use crate::abi::handles::RawHandle;
use crate::runtime::attachments::FreedQueue;
use crate::runtime::cursor::CursorContext;
use crate::runtime::instance::InstanceContext;
use crate::runtime::process::{CURSORS, SESSIONS};

/// What JetSetSessionParameter keeps beside the engine's session; only the first has an effect.
#[derive(Clone, Debug, Default)]
pub struct SessionParameters {
    /// What the durable-commit callback is told.
    pub commit_context: Vec<u8>,
    /// The others by their numbers, as their bytes.
    pub traced: BTreeMap<u32, Vec<u8>>,
}

/// What only the thread inside a call touches.
#[derive(Debug)]
pub struct SessionBody {
    /// The engine's session.
    pub engine: Session,
    /// The open databases by their dbids.
    pub databases: BTreeMap<u32, Arc<AttachedDatabase>>,
    /// The open cursors by their handles, in the order in which they were opened.
    pub cursors: BTreeMap<u64, Arc<CursorContext>>,
    /// Its parameters.
    pub parameters: SessionParameters,
    freed: Arc<FreedQueue>,
    next_cursor: u64,
}

/// A session.
#[derive(Debug)]
pub struct SessionContext {
    handle: AtomicUsize,
    instance: Arc<InstanceContext>,
    /// The thread inside a call, 0 = none.
    caller: AtomicU64,
    /// Whether that thread is in a callback of the program. Only it changes this.
    in_callback: AtomicBool,
    freed: Arc<FreedQueue>,
    /// `None` after the session ended.
    body: Mutex<Option<SessionBody>>,
}

/// The session of a call, held by the thread that is inside.
pub struct Held<'s> {
    session: &'s SessionContext,
    guard: MutexGuard<'s, Option<SessionBody>>,
    /// Whether the call is made from a callback of another one.
    from_callback: bool,
}

impl Held<'_> {
    /// What only this thread touches.
    ///
    /// # Errors
    /// `JET_errInvalidSesid` when the session ended while the call came in.
    pub fn body(&mut self) -> Result<&mut SessionBody, JetError> {
        self.guard.as_mut().ok_or(JetError::INVALID_SESID)
    }

    /// Lets this thread's callback make calls on the session, and nobody else.
    pub fn while_in_callback<R>(&mut self, callback: impl FnOnce() -> R) -> R {
        self.session.in_callback.store(true, Ordering::Relaxed);
        let result = MutexGuard::unlocked(&mut self.guard, callback);
        self.session.in_callback.store(false, Ordering::Relaxed);
        result
    }

    /// Takes the body out: the session ends.
    pub(super) fn take(&mut self) -> Option<SessionBody> {
        self.guard.take()
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.from_callback {
            self.session.in_callback.store(true, Ordering::Relaxed);
        } else {
            self.session.caller.store(0, Ordering::Release);
        }
    }
}

impl SessionContext {
    /// Makes a session of an instance and gives it a handle.
    ///
    /// # Errors
    /// `JET_errOutOfSessions`.
    pub fn open(instance: &Arc<InstanceContext>, engine: Session) -> Result<Arc<Self>, JetError> {
        let freed = Arc::new(FreedQueue::default());
        let body = SessionBody {
            engine,
            databases: BTreeMap::new(),
            cursors: BTreeMap::new(),
            parameters: SessionParameters::default(),
            freed: Arc::clone(&freed),
            next_cursor: 0,
        };
        let session = Arc::new(Self {
            handle: AtomicUsize::new(0),
            instance: Arc::clone(instance),
            caller: AtomicU64::new(0),
            in_callback: AtomicBool::new(false),
            freed,
            body: Mutex::new(Some(body)),
        });
        let handle = SESSIONS.insert(Arc::clone(&session))?;
        session.handle.store(handle, Ordering::Release);
        instance.add_session(handle);
        Ok(session)
    }

    /// Its handle.
    #[must_use]
    pub fn handle(&self) -> RawHandle {
        self.handle.load(Ordering::Acquire)
    }

    /// Its instance.
    #[must_use]
    pub fn instance(&self) -> &Arc<InstanceContext> {
        &self.instance
    }

    /// Lets this thread in (spec 09 §1.1 lines 10 and 11).
    ///
    /// # Errors
    /// `JET_errInvalidOperation` when this thread is inside already, `JET_errSessionSharingViolation` when another one is.
    pub fn hold(&self) -> Result<Held<'_>, JetError> {
        let thread = thread_number();
        if self.caller.load(Ordering::Acquire) == thread {
            if !self.in_callback.load(Ordering::Relaxed) {
                return Err(JetError::INVALID_OPERATION);
            }
            // Others look whose turn it is and go: there is no long wait.
            let guard = self.body.lock();
            self.in_callback.store(false, Ordering::Relaxed);
            return Ok(Held { session: self, guard, from_callback: true });
        }
        match self.body.try_lock() {
            Some(guard) if self.caller.load(Ordering::Acquire) == 0 => {
                self.caller.store(thread, Ordering::Release);
                Ok(Held { session: self, guard, from_callback: false })
            }
            _ => Err(JetError::SESSION_SHARING_VIOLATION),
        }
    }

    /// Local storage that calls on the session freed.
    #[must_use]
    pub fn freed(&self) -> &FreedQueue {
        &self.freed
    }
}

impl SessionBody {
    /// The database with a number, where the session has it open.
    ///
    /// # Errors
    /// `JET_errInvalidDatabaseId`.
    pub fn database(&self, dbid: u32) -> Result<&Arc<AttachedDatabase>, JetError> {
        self.databases.get(&dbid).ok_or(JetError::INVALID_DATABASE_ID)
    }

    /// Keeps a cursor that was opened, and gives it a handle.
    ///
    /// # Errors
    /// `JET_errOutOfCursors`.
    pub fn add_cursor(&mut self, cursor: &Arc<CursorContext>) -> Result<RawHandle, JetError> {
        let handle = CURSORS.insert(Arc::clone(cursor))?;
        cursor.set_handle(handle, self.next_cursor);
        self.cursors.insert(self.next_cursor, Arc::clone(cursor));
        self.next_cursor += 1;
        Ok(handle)
    }

    /// Closes a cursor: what it prepared is cancelled, its handle is dead.
    pub fn close_cursor(&mut self, cursor: &CursorContext) {
        self.cursors.remove(&cursor.order());
        // Where the handle is dead already there is nothing left to do.
        let _ = CURSORS.remove(cursor.handle());
        self.freed.add(cursor.take_local_storage());
        cursor.close(&mut self.engine);
    }

    /// Closes the cursors on a database.
    pub fn close_cursors_on(&mut self, dbid: u32) {
        let on_it: Vec<_> = self.cursors.values().filter(|cursor| cursor.dbid() == dbid).cloned().collect();
        for cursor in on_it {
            self.close_cursor(&cursor);
        }
    }

    /// Whether the session may commit its level now.
    ///
    /// # Errors
    /// `JET_errInvalidOperation` for an outermost level with an update prepared that cannot outlive it.
    pub fn may_commit(&self) -> Result<(), JetError> {
        if self.engine.level() == 1 && self.cursors.values().any(|cursor| cursor.blocks_commit()) {
            return Err(JetError::INVALID_OPERATION);
        }
        Ok(())
    }

    /// A level was committed: cursors of that level belong to the one below (spec 09 §5.2).
    pub fn committed(&mut self) {
        let level = self.engine.level();
        for cursor in self.cursors.values() {
            cursor.after_commit(level);
        }
    }

    /// Rolls one level back: cursors opened there are closed.
    ///
    /// # Errors
    /// Those of rolling back.
    pub fn roll_back_level(&mut self) -> Result<(), JetError> {
        self.engine.rollback_scope(RollbackScope::Level)?;
        let level = self.engine.level();
        let cursors: Vec<_> = self.cursors.values().cloned().collect();
        for cursor in cursors {
            if cursor.after_rollback(&mut self.engine, level) == AfterRollback::Gone {
                self.close_cursor(&cursor);
            }
        }
        Ok(())
    }

    /// Rolls everything back and closes everything: the session ends.
    ///
    /// # Errors
    /// Those of rolling back; what can be closed is closed.
    fn end(mut self, session: RawHandle) -> Result<(), JetError> {
        let mut result = Ok(());
        while self.engine.level() > 0 && result.is_ok() {
            result = self.roll_back_level();
        }
        for cursor in self.cursors.values().cloned().collect::<Vec<_>>().iter().rev() {
            self.close_cursor(cursor);
        }
        for database in self.databases.values() {
            database.close_all(session as u64);
        }
        result
    }

    /// Closes a database once. With the session's last close its cursors on it are closed, too.
    ///
    /// # Errors
    /// `JET_errInvalidDatabaseId`.
    pub fn close_database(&mut self, session: RawHandle, dbid: u32) -> Result<(), JetError> {
        let database = Arc::clone(self.database(dbid)?);
        if database.close(session as u64)? == AfterClose::Closed {
            self.close_cursors_on(dbid);
            self.databases.remove(&dbid);
        }
        Ok(())
    }
}

/// Ends a session that this thread holds: everything is rolled back and closed, its handle is dead.
///
/// # Errors
/// Those of rolling back; the session ends all the same.
pub fn end(session: &SessionContext, held: &mut Held<'_>) -> Result<(), JetError> {
    let Some(body) = held.take() else { return Err(JetError::INVALID_SESID) };
    // Where the handle is dead already there is nothing left to do.
    let _ = SESSIONS.remove(session.handle());
    session.instance.remove_session(session.handle());
    body.end(session.handle())
}

/// Takes a session out whose instance ends dirty: its handles are dead, and what it changed is not taken back.
pub fn abandon(session: &SessionContext, held: &mut Held<'_>) -> Option<Session> {
    let mut body = held.take()?;
    // Where the handles are dead already there is nothing left to do.
    let _ = SESSIONS.remove(session.handle());
    session.instance.remove_session(session.handle());
    for cursor in std::mem::take(&mut body.cursors).into_values() {
        let _ = CURSORS.remove(cursor.handle());
        body.freed.add(cursor.take_local_storage());
        cursor.forget();
    }
    Some(body.engine)
}
