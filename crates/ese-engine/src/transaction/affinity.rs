//! To which thread a transaction belongs (spec 09 §3): the one that began it, or whichever holds the session context
//! under which it was begun.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use ese_format::error::JetError;

use crate::error::{Error, Result};

/// A number of this thread that no other thread has or had. The standard library's own allocates on the main thread, for
/// good.
#[must_use]
pub fn thread_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    if NUMBER.get() == 0 {
        NUMBER.set(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    NUMBER.get()
}

/// Who a transaction belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Thread(u64),
    Context(u64),
}

/// A session's context and its transaction's owner.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Affinity {
    context: Option<(u64, u64)>,
    owner: Option<Owner>,
}

impl Affinity {
    /// JetSetSessionContext.
    pub(super) fn set_context(&mut self, context: u64) -> Result<()> {
        if context == 0 || context == u64::MAX {
            return Err(Error::refused(JetError::INVALID_PARAMETER, "a session context of no or all bits"));
        }
        if self.context.is_some() {
            return Err(Error::refused(JetError::SESSION_CONTEXT_ALREADY_SET, "the session has a context"));
        }
        self.context = Some((context, thread_number()));
        Ok(())
    }

    /// JetResetSessionContext.
    pub(super) fn reset_context(&mut self) -> Result<()> {
        match self.context {
            Some((_, holder)) if holder == thread_number() => {
                self.context = None;
                Ok(())
            }
            _ => {
                let about = "no context, or one of another thread";
                Err(Error::refused(JetError::SESSION_CONTEXT_NOT_SET_BY_THIS_THREAD, about))
            }
        }
    }

    /// The context, 0 for none.
    pub(super) fn context(&self) -> u64 {
        self.context.map_or(0, |(context, _)| context)
    }

    /// Whether another thread holds the session's context.
    pub(super) fn is_held_elsewhere(&self) -> bool {
        self.context.is_some_and(|(_, holder)| holder != thread_number())
    }

    /// A transaction begins.
    pub(super) fn bind(&mut self) {
        let owner = self.context.map(|(context, _)| Owner::Context(context));
        self.owner = Some(owner.unwrap_or_else(|| Owner::Thread(thread_number())));
    }

    /// The transaction is over.
    pub(super) fn unbind(&mut self) {
        self.owner = None;
    }

    /// Whether this thread may begin, commit and roll back.
    pub(super) fn check(&self) -> Result<()> {
        let here = thread_number();
        let mine = match self.owner {
            None => true,
            Some(Owner::Thread(owner)) => owner == here,
            Some(Owner::Context(owner)) => self.context == Some((owner, here)),
        };
        if mine {
            return Ok(());
        }
        Err(Error::refused(JetError::SESSION_SHARING_VIOLATION, "the transaction belongs to another thread"))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn elsewhere<R: Send>(call: impl FnOnce() -> R + Send) -> R {
        thread::scope(|scope| scope.spawn(call).join().expect("the other thread asserts nothing"))
    }

    fn code(outcome: Result<()>) -> Option<JetError> {
        outcome.err().map(|error| error.jet())
    }

    #[test]
    fn a_transaction_belongs_to_the_thread_that_began_it() {
        let mut affinity = Affinity::default();
        assert!(elsewhere(|| affinity.check()).is_ok());
        affinity.bind();
        assert!(affinity.check().is_ok());
        assert_eq!(code(elsewhere(|| affinity.check())), Some(JetError::SESSION_SHARING_VIOLATION));
        affinity.unbind();
        assert!(elsewhere(|| affinity.check()).is_ok());
    }

    #[test]
    fn a_context_carries_a_transaction_from_thread_to_thread() {
        let mut affinity = Affinity::default();
        affinity.set_context(5).unwrap();
        affinity.bind();
        assert_eq!(code(affinity.set_context(5)), Some(JetError::SESSION_CONTEXT_ALREADY_SET));
        let mut copy = affinity;
        let refused = elsewhere(move || copy.reset_context());
        assert_eq!(code(refused), Some(JetError::SESSION_CONTEXT_NOT_SET_BY_THIS_THREAD));
        affinity.reset_context().unwrap();
        assert_eq!(code(affinity.check()), Some(JetError::SESSION_SHARING_VIOLATION));
        let mut copy = affinity;
        elsewhere(move || {
            copy.set_context(5).unwrap();
            copy.check()
        })
        .unwrap();
        let mut copy = affinity;
        let other_context = elsewhere(move || {
            copy.set_context(6).unwrap();
            copy.check()
        });
        assert_eq!(code(other_context), Some(JetError::SESSION_SHARING_VIOLATION));
    }

    #[test]
    fn contexts_without_bits_or_with_all_are_refused() {
        for context in [0, u64::MAX] {
            let refused = Affinity::default().set_context(context);
            assert_eq!(code(refused), Some(JetError::INVALID_PARAMETER));
        }
    }
}
