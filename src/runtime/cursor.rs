//! A cursor as the C interface has it.
//!
//! Invariants: only the thread inside a call on the cursor's session touches the engine's cursor; a closed one has none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use ese_engine::table::AfterRollback;
use ese_engine::transaction::Session;
use ese_format::error::JetError;
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

use crate::abi::handles::RawHandle;
use crate::runtime::attachments::{AttachedTable, FreedStorage, TableAttachments};
use crate::runtime::engine_cursor::EngineCursor;

/// A cursor.
#[derive(Debug)]
pub struct CursorContext {
    handle: AtomicUsize,
    /// Its place among the cursors of its session.
    order: AtomicU64,
    session: RawHandle,
    dbid: u32,
    /// Its table and what is attached to it; none for a temporary one.
    table: Option<AttachedTable>,
    /// Callbacks that have been given the cursor and have not returned.
    in_callbacks: AtomicU32,
    body: Mutex<Option<EngineCursor>>,
}

/// A cursor in the hands of a callback, as long as it lives.
#[derive(Debug)]
#[must_use]
pub struct GivenToCallback<'c>(&'c CursorContext);

impl Drop for GivenToCallback<'_> {
    fn drop(&mut self) {
        self.0.in_callbacks.fetch_sub(1, Ordering::Relaxed);
    }
}

impl CursorContext {
    /// A cursor of a session on a database, still without a handle.
    #[must_use]
    pub fn new(session: RawHandle, dbid: u32, cursor: EngineCursor, table: Option<AttachedTable>) -> Self {
        Self {
            handle: AtomicUsize::new(0),
            order: AtomicU64::new(0),
            session,
            dbid,
            table,
            in_callbacks: AtomicU32::new(0),
            body: Mutex::new(Some(cursor)),
        }
    }

    /// Its handle.
    #[must_use]
    pub fn handle(&self) -> RawHandle {
        self.handle.load(Ordering::Acquire)
    }

    pub(super) fn set_handle(&self, handle: RawHandle, order: u64) {
        self.handle.store(handle, Ordering::Release);
        self.order.store(order, Ordering::Release);
    }

    pub(super) fn order(&self) -> u64 {
        self.order.load(Ordering::Acquire)
    }

    /// The handle of the session that opened it.
    #[must_use]
    pub fn session(&self) -> RawHandle {
        self.session
    }

    /// The number of its database.
    #[must_use]
    pub fn dbid(&self) -> u32 {
        self.dbid
    }

    /// What is attached to its table; `None` for a temporary one.
    #[must_use]
    pub fn attachments(&self) -> Option<&Arc<TableAttachments>> {
        self.table.as_ref().map(AttachedTable::attachments)
    }

    /// A callback is given the cursor.
    pub fn give_to_callback(&self) -> GivenToCallback<'_> {
        self.in_callbacks.fetch_add(1, Ordering::Relaxed);
        GivenToCallback(self)
    }

    /// Whether a callback has it.
    #[must_use]
    pub fn is_in_callback(&self) -> bool {
        self.in_callbacks.load(Ordering::Relaxed) > 0
    }

    /// Its local storage, which leaves it.
    pub(super) fn take_local_storage(&self) -> Option<FreedStorage> {
        let storage = self.body.lock().as_mut()?.local_storage.take()?;
        Some(FreedStorage::of_cursor(self.dbid, self.handle(), storage))
    }

    /// The engine's cursor, for the thread inside a call.
    ///
    /// # Errors
    /// `JET_errInvalidTableId` when it was closed.
    pub fn body(&self) -> Result<MappedMutexGuard<'_, EngineCursor>, JetError> {
        MutexGuard::try_map(self.body.lock(), Option::as_mut).map_err(|_| JetError::INVALID_TABLE_ID)
    }

    pub(super) fn blocks_commit(&self) -> bool {
        self.body.lock().as_mut().is_some_and(|body| body.blocks_commit())
    }

    pub(super) fn after_commit(&self, level: u8) {
        if let Some(body) = &mut *self.body.lock() {
            body.cursor().after_commit(level);
        }
    }

    /// What becomes of it after a rollback; one that is closed is gone.
    pub(super) fn after_rollback(&self, session: &mut Session, level: u8) -> AfterRollback {
        let mut body = self.body.lock();
        body.as_mut().map_or(AfterRollback::Gone, |body| body.after_rollback(session, level))
    }

    pub(super) fn forget(&self) {
        drop(self.body.lock().take());
    }

    pub(super) fn close(&self, session: &mut Session) {
        let cursor = self.body.lock().take();
        if let Some(Err(error)) = cursor.map(|cursor| cursor.close(session)) {
            // It is closed all the same: what it prepared was in memory.
            let _ = error;
        }
    }
}
