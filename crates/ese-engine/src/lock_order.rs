//! The order of locks (docs/architecture.md), asserted in debug builds.
//!
//! A *leaf lock* guards a map or a counter and is held for a look into it, nothing else: while a thread holds one it
//! takes no other lock and no latch. Everything that is held longer is a latch on a page.

#[cfg(debug_assertions)]
use std::cell::Cell;
use std::ops::{Deref, DerefMut};

use parking_lot::{Mutex, MutexGuard};

#[cfg(debug_assertions)]
thread_local! {
    static LEAF_LOCKS_HELD: Cell<u32> = const { Cell::new(0) };
}

/// Asserts that this thread may wait for a latch or another lock.
#[inline]
pub(crate) fn assert_no_leaf_lock() {
    #[cfg(debug_assertions)]
    assert_eq!(LEAF_LOCKS_HELD.get(), 0, "a leaf lock is held: nothing may be waited for");
}

/// Takes note of how many leaf locks this thread holds; nothing in a release build.
#[inline]
fn note_leaf_locks(held: u32) {
    #[cfg(debug_assertions)]
    LEAF_LOCKS_HELD.set(held);
    let _ = held;
}

/// A mutex at the end of the order of locks.
#[derive(Debug, Default)]
pub(crate) struct LeafMutex<T>(Mutex<T>);

impl<T> LeafMutex<T> {
    /// The lock of this value.
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Takes the lock.
    #[inline]
    pub(crate) fn lock(&self) -> LeafGuard<'_, T> {
        assert_no_leaf_lock();
        let guard = self.0.lock();
        note_leaf_locks(1);
        LeafGuard(guard)
    }
}

/// The lock, held.
pub(crate) struct LeafGuard<'m, T>(MutexGuard<'m, T>);

impl<T> Drop for LeafGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        note_leaf_locks(0);
    }
}

impl<T> Deref for LeafGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for LeafGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a leaf lock is held")]
    fn a_second_lock_under_a_leaf_lock_is_caught() {
        let (first, second) = (LeafMutex::<u8>::default(), LeafMutex::<u8>::default());
        let _held = first.lock();
        drop(second.lock());
    }

    #[test]
    fn locks_one_after_the_other_are_fine() {
        let (first, second) = (LeafMutex::<u8>::default(), LeafMutex::<u8>::default());
        *first.lock() += 1;
        *second.lock() += 1;
        let one = *first.lock();
        assert_eq!(one + *second.lock(), 2);
    }
}
