//! What a transaction does, in order: versions of nodes, and alterations of the floor above.

use std::sync::Arc;

use crate::error::Result;
use crate::file_map::AtRollback;
use crate::transaction::session::Session;
use crate::transaction::state::TransactionState;
use crate::transaction::version::{Change, Version};

/// What the floor above does with something that a transaction changed beside nodes: a schema, a tree to be freed.
/// Hooks take their turn among the versions of their transaction.
pub trait AlterationHook: std::fmt::Debug + Send {
    /// The level is rolled back; versions and hooks made later are taken back already. The session is in the
    /// transaction still.
    ///
    /// # Errors
    /// Leave the transaction half rolled back: `JET_errRollbackError`. The hook is called again when it is tried again.
    fn rolled_back(&mut self, session: &mut Session) -> Result<()>;

    /// The outermost level was committed; whoever begins from now on sees it. Hooks are called in the order in which
    /// they were registered.
    fn committed(&mut self);

    /// No transaction that began before the commit is left. Called by the cleanup, in a transaction of its own.
    ///
    /// # Errors
    /// Are told to the event log; the hook is not called again.
    fn obsolete(&mut self, session: &mut Session) -> Result<()> {
        let _ = session;
        Ok(())
    }

    /// What a rollback of the program does with it: where it stays it is told [`Self::committed`] and
    /// [`Self::obsolete`] instead of [`Self::rolled_back`].
    fn at_rollback(&self) -> AtRollback {
        AtRollback::Undone
    }

    /// The file that it is about, so that a detached one is forgotten.
    fn file(&self) -> Option<u32> {
        None
    }
}

/// Something that a transaction did, in order.
#[derive(Debug)]
pub(super) enum Step {
    /// It made a version, in the tree with this index among the transaction's.
    Version { version: Arc<Version>, tree: usize },
    /// It altered something of the floor above.
    Alteration(Box<dyn AlterationHook>),
}

impl Step {
    /// Whether it is kept until its commit is durable: versions whose before-images the log may need before a page is
    /// written, counts that others act upon, and what the floor above does with trees.
    pub(super) fn waits_for_durability(&self) -> bool {
        let Self::Version { version, .. } = self else { return true };
        !matches!(version.change, Change::Insert | Change::WriteLock | Change::ReadLock)
    }
}

/// The handle by which others know a transaction that writes.
#[derive(Clone, Debug)]
pub struct TransactionMark(pub(super) Arc<TransactionState>);

impl TransactionMark {
    /// Whether it is committed.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        self.0.commit().is_some()
    }
}

impl PartialEq for TransactionMark {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for TransactionMark {}
