//! Whether this thread is one of the engine's own.
//!
//! The last reference to an instance can be let go of by its own background thread, which must not wait for itself. And
//! nobody looks at how such a thread ended: a panic in it has to reach those who wait for its work.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ese_format::error::JetError;

use crate::error::{Error, Result};

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

/// Runs a step of a thread's work.
///
/// # Errors
/// Those of the step; `JET_errInstanceUnavailable` when it panicked: what it worked on is not to be used any more.
pub(crate) fn step(work: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        // Dropping the panic's value could panic in turn.
        std::mem::forget(panic);
        Err(Error::refused(JetError::INSTANCE_UNAVAILABLE, "a thread of the engine panicked"))
    })
}
