//! What stands around every call: a panic becomes JET_errInternalError, never an unwind into C.
//!
//! Invariants: no panic crosses [`guard`], whatever the call, its hook, or the panic's own value do; the hook runs exactly
//! when the call panicked, so that what the call worked on can be taken out of service (design, rule 3).

use std::panic::{AssertUnwindSafe, catch_unwind};

use ese_format::error::JetError;

use super::tables::errors::{JET_errInternalError, JET_errSuccess};
use super::tables::typedefs::JET_ERR;

/// How a call ended that did what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// Without remark.
    Success,
    /// With a warning: a positive code.
    Warning(JetError),
}

/// How a call ended.
pub type CallResult = Result<Completion, JetError>;

/// Runs `call` and gives C its code. When it panics, `on_panic` is told and the code is JET_errInternalError.
pub fn guard(on_panic: impl FnOnce(), call: impl FnOnce() -> CallResult) -> JET_ERR {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(Completion::Success)) => JET_errSuccess,
        Ok(Ok(Completion::Warning(code)) | Err(code)) => code.code(),
        Err(panic) => {
            // Dropping the panic's value, or the hook, could panic in turn.
            std::mem::forget(panic);
            if let Err(second) = catch_unwind(AssertUnwindSafe(on_panic)) {
                std::mem::forget(second);
            }
            JET_errInternalError
        }
    }
}

/// [`guard`] for a call that works on no instance: nothing has to be taken out of service.
pub fn guard_process(call: impl FnOnce() -> CallResult) -> JET_ERR {
    guard(|| (), call)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn results_cross_as_their_codes() {
        assert_eq!(guard_process(|| Ok(Completion::Success)), 0);
        assert_eq!(guard_process(|| Ok(Completion::Warning(JetError::from_code(1004)))), 1004);
        assert_eq!(guard_process(|| Err(JetError::INVALID_NAME)), -1002);
    }

    #[test]
    fn a_panic_becomes_an_internal_error_and_takes_its_object_out_of_service() {
        let available = Cell::new(true);
        let code = guard(|| available.set(false), || panic!("on purpose"));
        assert_eq!((code, available.get()), (-107, false));
        assert_eq!(guard(|| available.set(true), || Ok(Completion::Success)), 0);
        assert!(!available.get(), "the hook ran without a panic");
    }

    #[test]
    fn a_panic_inside_the_hook_or_the_panic_value_stays_inside() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("while dropping");
            }
        }
        assert_eq!(guard(|| panic!("in the hook"), || panic!("on purpose")), JET_errInternalError);
        assert_eq!(guard_process(|| std::panic::panic_any(Bomb)), JET_errInternalError);
    }
}
