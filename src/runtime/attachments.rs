//! What programs attach to tables and cursors: record callbacks and local storage (spec 09 §13.3, §13.4).
//!
//! Attachments of a table belong to the process, not to a transaction: they are there for every cursor on the table, and
//! no rollback takes them back. They go with the table: when it is deleted, its database detached, or the instance ends.
//!
//! Invariants: the types of a table's callbacks are those of its list, read without a lock by every change; a table
//! without a cursor and without anything attached is not in the list; local storage leaves here once, to whoever tells
//! the program that it is free.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use ese_format::error::JetError;
use parking_lot::Mutex;

use crate::abi::handles::RawHandle;
use crate::abi::tables::enums::{JET_cbtypFreeCursorLS, JET_cbtypFreeTableLS, JET_tableidNil};
use crate::runtime::callbacks::Callback;

/// The number of the next callback that is registered in the process.
static NEXT_CALLBACK: AtomicUsize = AtomicUsize::new(1);

/// A callback of a table.
#[derive(Clone, Copy, Debug)]
struct Registered {
    /// Its JET_HANDLE; 0 for the one that the catalog names.
    handle: usize,
    types: u32,
    /// What to call, or why that cannot be called.
    callback: Result<Callback, JetError>,
}

/// What is attached to a table.
#[derive(Debug, Default)]
pub struct TableAttachments {
    types: AtomicU32,
    callbacks: Mutex<Vec<Registered>>,
    local_storage: Mutex<Option<usize>>,
    /// Cursors on the table.
    cursors: AtomicUsize,
}

impl TableAttachments {
    /// Whether there is a callback of one of these types.
    #[must_use]
    pub fn wants(&self, types: u32) -> bool {
        self.types.load(Ordering::Acquire) & types != 0
    }

    /// The callbacks of a type, in the order in which they were registered.
    #[must_use]
    pub fn callbacks(&self, types: u32) -> Vec<Result<Callback, JetError>> {
        let callbacks = self.callbacks.lock();
        callbacks.iter().filter(|known| known.types & types != 0).map(|known| known.callback).collect()
    }

    /// Adds a callback; gives its handle.
    pub fn register(&self, types: u32, callback: Callback) -> usize {
        let handle = NEXT_CALLBACK.fetch_add(1, Ordering::Relaxed);
        self.add(Registered { handle, types, callback: Ok(callback) });
        handle
    }

    fn add(&self, registered: Registered) {
        self.callbacks.lock().push(registered);
        self.types.fetch_or(registered.types, Ordering::AcqRel);
    }

    /// Takes a callback out.
    ///
    /// # Errors
    /// `JET_errInvalidParameter` for one that is not there, or of other types.
    pub fn unregister(&self, types: u32, handle: usize) -> Result<(), JetError> {
        let mut callbacks = self.callbacks.lock();
        let is_it = |known: &Registered| handle != 0 && known.handle == handle && known.types & types != 0;
        let place = callbacks.iter().position(is_it).ok_or(JetError::INVALID_PARAMETER)?;
        callbacks.remove(place);
        let left = callbacks.iter().fold(0, |types, known| types | known.types);
        self.types.store(left, Ordering::Release);
        Ok(())
    }

    /// The table's local storage.
    #[must_use]
    pub fn local_storage(&self) -> &Mutex<Option<usize>> {
        &self.local_storage
    }

    fn is_empty(&self) -> bool {
        self.callbacks.lock().iter().all(|known| known.handle == 0) && self.local_storage.lock().is_none()
    }
}

/// A table of an instance: number of its database, object id.
type TableName = (u32, u32);

/// The tables of an instance that have a cursor or something attached.
#[derive(Debug, Default)]
pub struct TableRegistry {
    tables: Mutex<HashMap<TableName, Arc<TableAttachments>>>,
}

impl TableRegistry {
    /// A cursor on a table. `stored` is the callback of the catalog: its types, and what to call.
    #[must_use]
    pub fn open(
        self: &Arc<Self>,
        name: TableName,
        stored: Option<(u32, Result<Callback, JetError>)>,
    ) -> AttachedTable {
        let mut tables = self.tables.lock();
        let attachments = Arc::clone(tables.entry(name).or_insert_with(|| {
            let attachments = TableAttachments::default();
            if let Some((types, callback)) = stored {
                attachments.add(Registered { handle: 0, types, callback });
            }
            Arc::new(attachments)
        }));
        attachments.cursors.fetch_add(1, Ordering::Relaxed);
        AttachedTable { registry: Arc::clone(self), name, attachments }
    }

    /// A table is no more. Gives its local storage.
    #[must_use]
    pub fn remove_table(&self, dbid: u32, objid: u32) -> Option<FreedStorage> {
        let removed = self.tables.lock().remove(&(dbid, objid))?;
        freed_of(dbid, &removed)
    }

    /// The tables that `goes` names by their databases' numbers are no more. Gives their local storage.
    #[must_use]
    pub fn remove_databases(&self, goes: impl Fn(u32) -> bool) -> Vec<FreedStorage> {
        let mut freed = Vec::new();
        self.tables.lock().retain(|(dbid, _), attachments| {
            let is_gone = goes(*dbid);
            if is_gone {
                freed.extend(freed_of(*dbid, attachments));
            }
            !is_gone
        });
        freed
    }
}

fn freed_of(dbid: u32, attachments: &TableAttachments) -> Option<FreedStorage> {
    let storage = attachments.local_storage.lock().take()?;
    Some(FreedStorage { dbid, tableid: JET_tableidNil, kind: JET_cbtypFreeTableLS, storage })
}

/// A cursor's share in what is attached to its table; given back when it is dropped.
#[derive(Debug)]
pub struct AttachedTable {
    registry: Arc<TableRegistry>,
    name: TableName,
    attachments: Arc<TableAttachments>,
}

impl AttachedTable {
    /// What is attached to the table.
    #[must_use]
    pub fn attachments(&self) -> &Arc<TableAttachments> {
        &self.attachments
    }
}

impl Drop for AttachedTable {
    fn drop(&mut self) {
        let mut tables = self.registry.tables.lock();
        let is_last = self.attachments.cursors.fetch_sub(1, Ordering::Relaxed) == 1;
        // The name may stand for another table by now.
        let is_same = tables.get(&self.name).is_some_and(|known| Arc::ptr_eq(known, &self.attachments));
        if is_last && is_same && self.attachments.is_empty() {
            tables.remove(&self.name);
        }
    }
}

/// Local storage that its program is to be told of.
#[derive(Clone, Copy, Debug)]
pub struct FreedStorage {
    /// Where it was.
    pub dbid: u32,
    /// The cursor that had it; JET_tableidNil where it was the table's.
    pub tableid: RawHandle,
    /// JET_cbtypFreeCursorLS or JET_cbtypFreeTableLS.
    pub kind: u32,
    /// What JetSetLS was given.
    pub storage: usize,
}

impl FreedStorage {
    /// That of a cursor.
    #[must_use]
    pub fn of_cursor(dbid: u32, tableid: RawHandle, storage: usize) -> Self {
        Self { dbid, tableid, kind: JET_cbtypFreeCursorLS, storage }
    }
}

/// Local storage that a call of a session freed, until the call tells the program.
#[derive(Debug, Default)]
pub struct FreedQueue {
    is_filled: AtomicBool,
    waiting: Mutex<Vec<FreedStorage>>,
}

impl FreedQueue {
    /// Adds to it.
    pub fn add(&self, freed: impl IntoIterator<Item = FreedStorage>) {
        let mut waiting = self.waiting.lock();
        waiting.extend(freed);
        self.is_filled.store(!waiting.is_empty(), Ordering::Release);
    }

    /// Takes everything out. Costs one look at a flag where there is nothing.
    #[must_use]
    pub fn take(&self) -> Vec<FreedStorage> {
        if !self.is_filled.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        std::mem::take(&mut *self.waiting.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "system" fn nothing(
        _: usize,
        _: u32,
        _: usize,
        _: u32,
        _: *mut std::ffi::c_void,
        _: *mut std::ffi::c_void,
        _: *mut std::ffi::c_void,
        _: usize,
    ) -> i32 {
        0
    }

    fn callback() -> Callback {
        Callback::new(nothing, std::ptr::null_mut())
    }

    #[test]
    fn callbacks_stay_with_the_table_while_nobody_has_it_open_and_leave_one_by_one() {
        let registry = Arc::new(TableRegistry::default());
        let first = registry.open((1, 7), None);
        let handle = first.attachments().register(0x6, callback());
        let other = first.attachments().register(0x20, callback());
        drop(first);
        let again = registry.open((1, 7), None);
        let attachments = Arc::clone(again.attachments());
        assert!(attachments.wants(0x2) && attachments.wants(0x4) && attachments.wants(0x20));
        assert_eq!(attachments.callbacks(0x2).len(), 1);
        assert_eq!(attachments.unregister(0x20, handle), Err(JetError::INVALID_PARAMETER));
        assert_eq!(attachments.unregister(0x2, handle), Ok(()));
        assert_eq!(attachments.unregister(0x2, handle), Err(JetError::INVALID_PARAMETER));
        assert!(!attachments.wants(0x6) && attachments.wants(0x20));
        assert_eq!(attachments.unregister(0x20, other), Ok(()));
        drop(again);
        assert!(registry.tables.lock().is_empty(), "nothing attached, no cursor");
    }

    #[test]
    fn storage_of_a_table_is_given_out_once_when_its_database_goes() {
        let registry = Arc::new(TableRegistry::default());
        let table = registry.open((2, 7), None);
        *table.attachments().local_storage().lock() = Some(99);
        let elsewhere = registry.open((3, 7), None);
        *elsewhere.attachments().local_storage().lock() = Some(100);
        drop(table);
        let freed = registry.remove_databases(|dbid| dbid == 2);
        assert_eq!(freed.iter().map(|freed| freed.storage).collect::<Vec<_>>(), [99]);
        assert!(registry.remove_databases(|dbid| dbid == 2).is_empty());
        assert_eq!(registry.remove_table(3, 7).map(|freed| freed.storage), Some(100));
    }

    #[test]
    fn a_stored_callback_cannot_be_taken_out() {
        let registry = Arc::new(TableRegistry::default());
        let table = registry.open((1, 7), Some((0x2, Err(JetError::CALLBACK_FAILED))));
        assert!(table.attachments().wants(0x2));
        assert!(matches!(table.attachments().callbacks(0x2).as_slice(), [Err(JetError::CALLBACK_FAILED)]));
        assert_eq!(table.attachments().unregister(0x2, 0), Err(JetError::INVALID_PARAMETER));
    }
}
