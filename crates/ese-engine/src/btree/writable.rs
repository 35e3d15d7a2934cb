//! A tree that can be changed: its pages, the map of its database, and its locks.

use std::sync::Arc;

use ese_format::page::PageFlags;

use crate::btree::{PageSource, Tree, TreeKind};
use crate::error::Result;
use crate::file_map::{FileMap, TreeLocks};

/// A B+ tree of an attached, writable database. Clones are handles to the same tree.
#[derive(Clone, Debug)]
pub struct WritableTree {
    tree: Tree,
    map: Arc<FileMap>,
    locks: Arc<TreeLocks>,
    pages: Arc<dyn PageSource>,
}

impl WritableTree {
    /// The tree with this root. It grows into pages that it owns.
    ///
    /// # Errors
    /// As [`Tree::open`].
    pub fn open(map: &Arc<FileMap>, root: u32, objid: u32, kind: TreeKind) -> Result<Self> {
        Self::with_pages(map, Tree::open(map.file(), root, objid, kind)?, crate::space::own_pages())
    }

    /// This tree, growing into pages of `pages`: space trees, which grow into their split buffers, and tests.
    ///
    /// # Errors
    /// None today.
    pub fn with_pages(map: &Arc<FileMap>, tree: Tree, pages: Arc<dyn PageSource>) -> Result<Self> {
        let locks = map.tree_locks(tree.root());
        Ok(Self { tree, map: Arc::clone(map), locks, pages })
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

    /// Where it gets its pages.
    #[allow(dead_code, reason = "splits land next")]
    pub(super) fn pages(&self) -> &Arc<dyn PageSource> {
        &self.pages
    }

    /// Whether it keeps the extents of another tree.
    #[must_use]
    pub fn is_space_tree(&self) -> bool {
        self.tree.class.contains(PageFlags::SPACE_TREE)
    }
}
