//! Trees that nobody can reach any more, until their pages are free: older transactions may still have versions in them
//! that a rollback takes back on their pages.

use std::sync::Arc;

use crate::btree::{TreeKind, WritableTree};
use crate::catalog::table_use::TableUse;
use crate::error::Result;
use crate::file_map::FileMap;
use crate::transaction::{AlterationHook, BeginKind, CommitOptions, Session, Transactions};

/// A tree that is nobody's any more.
#[derive(Clone, Debug)]
pub(crate) struct DeletedTree {
    pub(crate) objid: u32,
    pub(crate) root: u32,
    pub(crate) kind: TreeKind,
    /// The table it is a part of: it goes with the table where that is deleted too.
    table: Option<Arc<TableUse>>,
}

impl DeletedTree {
    /// The tree of a table, to be deleted with everything in its space.
    pub(crate) fn of_table(objid: u32, root: u32) -> Self {
        Self { objid, root, kind: TreeKind::Primary, table: None }
    }

    /// An index or the long values of a table, to be deleted.
    pub(super) fn of_part(table: &Arc<TableUse>, (objid, root): (u32, u32), kind: TreeKind) -> Self {
        Self { objid, root, kind, table: Some(Arc::clone(table)) }
    }

    /// Gives the pages of the tree back.
    ///
    /// # Errors
    /// Those of space and of the log. The pages are leaked then.
    pub(crate) fn free(&self, map: &Arc<FileMap>, session: &mut Session) -> Result<()> {
        if self.table.as_ref().is_some_and(|table| table.is_deleted()) {
            return Ok(());
        }
        let tree = WritableTree::open(map, self.root, self.objid, self.kind)?;
        crate::space::delete_tree(&tree, session)
    }
}

/// Who gives a tree back when its time has come.
pub(crate) trait TreeOwner: std::fmt::Debug + Send + Sync {
    /// Gives it back, in a transaction.
    ///
    /// # Errors
    /// Those of space and of the log.
    fn give_back(&self, session: &mut Session, tree: &DeletedTree) -> Result<()>;

    /// The file it is in.
    fn file_of_trees(&self) -> u32;
}

/// Waits until no transaction is left that was open when the tree was given up.
#[derive(Debug)]
struct Waiting {
    owner: Arc<dyn TreeOwner>,
    tree: DeletedTree,
}

impl AlterationHook for Waiting {
    fn rolled_back(&mut self, _: &mut Session) -> Result<()> {
        Ok(())
    }

    fn committed(&mut self) {}

    fn obsolete(&mut self, session: &mut Session) -> Result<()> {
        self.owner.give_back(session, &self.tree)
    }

    fn file(&self) -> Option<u32> {
        Some(self.owner.file_of_trees())
    }
}

/// Frees the pages of a tree when every transaction has ended that is open now.
///
/// # Errors
/// Those of beginning a session.
pub(crate) fn free_later(
    transactions: &Arc<Transactions>,
    owner: Arc<dyn TreeOwner>,
    tree: DeletedTree,
) -> Result<()> {
    let mut session = transactions.begin_system_session()?;
    session.begin(BeginKind::Internal)?;
    session.alter(Box::new(Waiting { owner, tree }))?;
    session.commit(CommitOptions::LAZY).map(|_| ())
}
