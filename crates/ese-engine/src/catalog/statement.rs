//! One DDL statement: a nested transaction that is undone whole when it fails, and what it leaves for the end of the
//! transaction around it (spec 09 §1.5, §5.6).

use std::sync::{Arc, Weak};

use ese_format::error::JetError;

use crate::catalog::deleted_tree::DeletedTree;
use crate::catalog::live::LiveCatalog;
use crate::catalog::table_use::{DroppedIndex, TableUse};
use crate::error::{Error, Result};
use crate::file_map::AtRollback;
use crate::transaction::{AlterationHook, BeginKind, CommitOptions, Session};

/// Runs `work` in a transaction of its own inside the session's; nothing of it remains when it fails. At level 0 the commit
/// is durable, unless the session's default says otherwise.
///
/// # Errors
/// `JET_errTransReadOnly` in a transaction that may only read, those of `work` and of the commit.
pub(crate) fn run<T>(session: &mut Session, work: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
    let options = CommitOptions::parse(0, session.commit_default(), 0)?;
    session.begin(BeginKind::Internal)?;
    let level = session.level();
    let result = session
        .check_may_write()
        .and_then(|()| work(session))
        .and_then(|value| session.commit(options).map(|_| value));
    if let Err(error) = &result
        && session.level() == level
    {
        session.rollback().inspect_err(|second| {
            tracing::error!(%error, %second, "a statement that failed could not be undone");
        })?;
    }
    result
}

/// What a statement did to a table, in the eyes of the others that use it.
#[derive(Clone, Debug)]
pub(super) enum Alteration {
    /// It was created; undone, its tree is to be freed.
    Created(DeletedTree),
    /// It was deleted; done, its tree is to be freed.
    Deleted(DeletedTree),
    /// Its rows changed.
    Changed,
    /// A tree of it was created; undone, the tree is to be freed.
    TreeCreated(DeletedTree),
    /// An index was deleted; done, its tree is to be freed.
    IndexDeleted(Box<DroppedIndex>, DeletedTree),
}

/// Waits for the end of the transaction in which a table was altered.
#[derive(Debug)]
pub(super) struct PendingAlteration {
    catalog: Weak<LiveCatalog>,
    table: Arc<TableUse>,
    /// Number of the alteration in the table's list.
    number: u64,
    alteration: Alteration,
}

impl PendingAlteration {
    /// Notes an alteration of a table by the session's present transaction.
    ///
    /// # Errors
    /// `JET_errTransReadOnly`.
    pub(super) fn note(
        catalog: &Arc<LiveCatalog>,
        session: &mut Session,
        table: &Arc<TableUse>,
        alteration: Alteration,
    ) -> Result<()> {
        let mark = session.mark()?;
        let dropped = match &alteration {
            Alteration::IndexDeleted(dropped, _) => Some(dropped.as_ref()),
            _ => None,
        };
        let number = table.begin_change(mark, dropped);
        catalog.changed(table);
        let pending = Self { catalog: Arc::downgrade(catalog), table: Arc::clone(table), number, alteration };
        session.alter(Box::new(pending))
    }

    fn tell(&self) {
        if let Some(catalog) = self.catalog.upgrade() {
            catalog.changed(&self.table);
        }
    }
}

impl AlterationHook for PendingAlteration {
    fn rolled_back(&mut self, session: &mut Session) -> Result<()> {
        let created = match &self.alteration {
            Alteration::Created(tree) => {
                self.table.complete_deletion();
                Some(tree)
            }
            Alteration::TreeCreated(tree) => Some(tree),
            Alteration::Deleted(_) => {
                self.table.undo_deletion();
                None
            }
            Alteration::IndexDeleted(..) | Alteration::Changed => None,
        };
        self.table.end_change(self.number);
        self.tell();
        if let (Some(tree), Some(catalog)) = (created, self.catalog.upgrade()) {
            // Others may have kept the index up: its pages are free when they are done.
            let freed = catalog.free_later(session.transactions(), tree.clone());
            if let Err(error) = freed {
                tracing::error!(objid = tree.objid, %error, "the pages of a tree that was given up are lost");
            }
        }
        Ok(())
    }

    fn committed(&mut self) {
        match &self.alteration {
            Alteration::Deleted(_) => self.table.complete_deletion(),
            Alteration::IndexDeleted(dropped, _) => self.table.end_drop(dropped.index.objid),
            _ => {}
        }
        self.tell();
    }

    fn obsolete(&mut self, session: &mut Session) -> Result<()> {
        self.table.end_change(self.number);
        self.tell();
        match (&self.alteration, self.catalog.upgrade()) {
            (Alteration::Deleted(tree) | Alteration::IndexDeleted(_, tree), Some(catalog)) => {
                catalog.free_tree(session, tree)
            }
            _ => Ok(()),
        }
    }

    fn at_rollback(&self) -> AtRollback {
        self.catalog.upgrade().map_or(AtRollback::Undone, |catalog| catalog.map.at_rollback())
    }

    fn file(&self) -> Option<u32> {
        self.catalog.upgrade().map(|catalog| catalog.file_id())
    }
}

/// Refuses DDL in a transaction that may only read, before anything else is looked at.
pub(super) fn check_may_alter(session: &Session) -> Result<()> {
    if session.is_read_only() {
        return Err(Error::refused(JetError::TRANS_READ_ONLY, "the transaction may only read"));
    }
    Ok(())
}

/// Refuses DDL that ends at once for everybody inside a transaction.
pub(super) fn check_unversioned(session: &Session, unversioned: bool) -> Result<()> {
    if unversioned && session.level() > 0 {
        return Err(Error::refused(JetError::IN_TRANSACTION, "unversioned changes of a schema"));
    }
    Ok(())
}
