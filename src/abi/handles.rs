//! Handles: the numbers that programs hold for instances, sessions, cursors, files and snapshots.
//!
//! A handle is looked up, never followed. It is laid out, from bit 0:
//!
//! | bits | what |
//! |---|---|
//! | 18 | slot |
//! | 10 | generation of the slot, counted up each time it is freed |
//! | 3 | kind, 1 to 5 |
//!
//! Invariants: a handle is neither 0 nor all ones and stays below 2^31 (spec 08 §7); a number of another kind, of a freed
//! object or made up is refused with the documented error of the kind; a slot rests until [`SLOTS_AT_REST`] others were
//! freed after it, so that a stale handle is met by a stranger only after 2^20 closings.

use std::collections::VecDeque;
use std::sync::Arc;

use ese_format::error::JetError;
use parking_lot::RwLock;

const SLOT_BITS: u32 = 18;
const GENERATION_BITS: u32 = 10;
const GENERATION_MASK: u32 = (1 << GENERATION_BITS) - 1;
const SLOT_MASK: u32 = (1 << SLOT_BITS) - 1;

/// Most objects of one kind at a time.
pub const SLOTS_MAX: usize = 1 << SLOT_BITS;

/// Freed slots that are kept unused while new ones can still be made.
pub const SLOTS_AT_REST: usize = 1 << 10;

/// What a handle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandleKind {
    /// JET_INSTANCE.
    Instance,
    /// JET_SESID.
    Session,
    /// JET_TABLEID.
    Cursor,
    /// JET_HANDLE: a file opened for backup.
    File,
    /// JET_OSSNAPID.
    Snapshot,
}

impl HandleKind {
    const fn tag(self) -> u32 {
        match self {
            Self::Instance => 1,
            Self::Session => 2,
            Self::Cursor => 3,
            Self::File => 4,
            Self::Snapshot => 5,
        }
    }

    /// What a call returns for a number that is no live handle of this kind.
    #[must_use]
    pub const fn invalid(self) -> JetError {
        match self {
            Self::Instance => JetError::INVALID_INSTANCE,
            Self::Session => JetError::INVALID_SESID,
            Self::Cursor => JetError::INVALID_TABLE_ID,
            Self::File => JetError::INVALID_PARAMETER,
            Self::Snapshot => JetError::OS_SNAPSHOT_INVALID_SNAP_ID,
        }
    }

    /// What a call returns when there is no room for another object of this kind.
    #[must_use]
    pub const fn exhausted(self) -> JetError {
        match self {
            Self::Instance => JetError::TOO_MANY_INSTANCES,
            Self::Session => JetError::OUT_OF_SESSIONS,
            Self::Cursor => JetError::OUT_OF_CURSORS,
            Self::File | Self::Snapshot => JetError::OUT_OF_MEMORY,
        }
    }
}

/// A number as a program holds it.
pub type RawHandle = usize;

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    object: Option<Arc<T>>,
}

#[derive(Debug)]
struct Slots<T> {
    slots: Vec<Slot<T>>,
    /// Freed slots, the longest at rest first.
    free: VecDeque<u32>,
}

/// The live objects of one kind.
#[derive(Debug)]
pub struct HandleTable<T> {
    kind: HandleKind,
    inner: RwLock<Slots<T>>,
}

impl<T> HandleTable<T> {
    /// A table without objects.
    #[must_use]
    pub const fn new(kind: HandleKind) -> Self {
        Self { kind, inner: RwLock::new(Slots { slots: Vec::new(), free: VecDeque::new() }) }
    }

    /// Gives `object` a handle.
    ///
    /// # Errors
    /// [`HandleKind::exhausted`] when [`SLOTS_MAX`] objects are alive.
    pub fn insert(&self, object: Arc<T>) -> Result<RawHandle, JetError> {
        let mut inner = self.inner.write();
        let fresh = inner.slots.len();
        let reuse = inner.free.len() > SLOTS_AT_REST || fresh >= SLOTS_MAX;
        let index = match reuse.then(|| inner.free.pop_front()).flatten() {
            Some(index) => index,
            None if fresh < SLOTS_MAX => {
                inner.slots.push(Slot { generation: 0, object: None });
                u32::try_from(fresh).map_err(|_| self.kind.exhausted())?
            }
            None => return Err(self.kind.exhausted()),
        };
        let slot = inner.slots.get_mut(index as usize).ok_or(self.kind.exhausted())?;
        slot.object = Some(object);
        Ok(self.handle(index, slot.generation))
    }

    /// The object behind `handle`.
    ///
    /// # Errors
    /// [`HandleKind::invalid`] for every number that is not the handle of a live object of this table.
    pub fn get(&self, handle: RawHandle) -> Result<Arc<T>, JetError> {
        let (index, generation) = self.parts(handle)?;
        let inner = self.inner.read();
        inner
            .slots
            .get(index as usize)
            .filter(|slot| slot.generation == generation)
            .and_then(|slot| slot.object.clone())
            .ok_or(self.kind.invalid())
    }

    /// Takes the object behind `handle` out of the table; the handle is stale from then on.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn remove(&self, handle: RawHandle) -> Result<Arc<T>, JetError> {
        let (index, generation) = self.parts(handle)?;
        let mut inner = self.inner.write();
        let slot = inner.slots.get_mut(index as usize).filter(|slot| slot.generation == generation);
        let Some((slot, object)) = slot.and_then(|slot| slot.object.take().map(|object| (slot, object)))
        else {
            return Err(self.kind.invalid());
        };
        slot.generation = (slot.generation + 1) & GENERATION_MASK;
        inner.free.push_back(index);
        Ok(object)
    }

    /// How many objects are alive.
    #[must_use]
    pub fn len(&self) -> usize {
        let inner = self.inner.read();
        inner.slots.len() - inner.free.len()
    }

    /// Whether no object is alive.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn handle(&self, index: u32, generation: u32) -> RawHandle {
        (self.kind.tag() << (SLOT_BITS + GENERATION_BITS) | generation << SLOT_BITS | index) as RawHandle
    }

    fn parts(&self, handle: RawHandle) -> Result<(u32, u32), JetError> {
        let number = u32::try_from(handle).map_err(|_| self.kind.invalid())?;
        if number >> (SLOT_BITS + GENERATION_BITS) != self.kind.tag() {
            return Err(self.kind.invalid());
        }
        Ok((number & SLOT_MASK, number >> SLOT_BITS & GENERATION_MASK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_handle_finds_its_object_and_stays_below_two_to_the_31() {
        let table = HandleTable::new(HandleKind::Snapshot);
        let handles: Vec<_> = (0..5000).map(|number| table.insert(Arc::new(number)).unwrap()).collect();
        for (number, handle) in handles.iter().enumerate() {
            assert_eq!(*table.get(*handle).unwrap(), number);
            assert!(*handle != 0 && *handle < 1 << 31);
        }
        assert_eq!(table.len(), 5000);
    }

    #[test]
    fn nil_made_up_foreign_and_stale_handles_give_the_documented_error() {
        let instances = HandleTable::new(HandleKind::Instance);
        let sessions = HandleTable::new(HandleKind::Session);
        let cursors = HandleTable::new(HandleKind::Cursor);
        let instance = instances.insert(Arc::new(())).unwrap();
        let session = sessions.insert(Arc::new(())).unwrap();
        let cursor = cursors.insert(Arc::new(())).unwrap();
        for number in [
            0,
            1,
            usize::MAX,
            usize::MAX - 1,
            1 << 31,
            instance + 1,
            instance + (1 << SLOT_BITS),
            session,
            cursor,
        ] {
            assert_eq!(instances.get(number).unwrap_err(), JetError::INVALID_INSTANCE);
        }
        assert_eq!(sessions.get(cursor).unwrap_err(), JetError::INVALID_SESID);
        assert_eq!(cursors.get(session).unwrap_err(), JetError::INVALID_TABLE_ID);
        assert!(sessions.remove(session).is_ok());
        assert_eq!(sessions.get(session).unwrap_err(), JetError::INVALID_SESID);
        assert_eq!(sessions.remove(session).unwrap_err(), JetError::INVALID_SESID);
        assert!(sessions.is_empty());
    }

    #[test]
    fn a_closed_handle_stays_stale_through_a_million_openings() {
        let table = HandleTable::new(HandleKind::Cursor);
        let first = table.insert(Arc::new(0)).unwrap();
        table.remove(first).unwrap();
        for number in 1..1_000_000_u32 {
            let handle = table.insert(Arc::new(number)).unwrap();
            assert_ne!(handle, first);
            table.remove(handle).unwrap();
        }
        assert_eq!(table.get(first).unwrap_err(), JetError::INVALID_TABLE_ID);
    }

    #[test]
    fn a_full_table_refuses_and_recovers() {
        let table = HandleTable::new(HandleKind::Session);
        let object = Arc::new(());
        let last = (0..SLOTS_MAX).map(|_| table.insert(object.clone()).unwrap()).last().unwrap();
        assert_eq!(table.insert(object.clone()).unwrap_err(), JetError::OUT_OF_SESSIONS);
        table.remove(last).unwrap();
        let again = table.insert(object).unwrap();
        assert_ne!(again, last);
    }
}
