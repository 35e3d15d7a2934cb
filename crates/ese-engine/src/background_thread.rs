//! Whether this thread is one of the engine's own.
//!
//! The last reference to an instance can be let go of by its own background thread, which must not wait for itself.

use std::cell::Cell;

thread_local! {
    static IS_ONE: Cell<bool> = const { Cell::new(false) };
}

/// This thread is the engine's from now on.
pub(crate) fn mark() {
    IS_ONE.set(true);
}

/// Whether this thread is the engine's.
pub(crate) fn is_one() -> bool {
    // At the end of a thread its marks may be gone.
    IS_ONE.try_with(Cell::get).unwrap_or(false)
}
