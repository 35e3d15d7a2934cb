//! A tree that can be changed: its pages, the map of its database, and its locks.

use std::sync::Arc;

use crate::btree::{Tree, TreeKind};
use crate::error::Result;
use crate::file_map::{FileMap, TreeLocks};

/// A B+ tree of an attached, writable database. Clones are handles to the same tree.
#[derive(Clone, Debug)]
pub struct WritableTree {
    tree: Tree,
    map: Arc<FileMap>,
    locks: Arc<TreeLocks>,
}

impl WritableTree {
    /// The tree with this root.
    ///
    /// # Errors
    /// As [`Tree::open`].
    pub fn open(map: &Arc<FileMap>, root: u32, objid: u32, kind: TreeKind) -> Result<Self> {
        let tree = Tree::open(map.file(), root, objid, kind)?;
        Ok(Self { tree, map: Arc::clone(map), locks: map.tree_locks(root) })
    }

    /// The tree, for reading.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The map of its database.
    #[must_use]
    pub fn map(&self) -> &Arc<FileMap> {
        &self.map
    }

    /// Its locks.
    #[must_use]
    pub fn locks(&self) -> &Arc<TreeLocks> {
        &self.locks
    }
}
