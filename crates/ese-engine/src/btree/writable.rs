//! A tree that can be changed: its pages, the map of its database, and its locks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ese_format::page::PageFlags;

use crate::btree::{PageSource, Tree, TreeKind};
use crate::error::Result;
use crate::file_map::{FileMap, TreeLocks};

/// Percent of a leaf that appended records fill, unless the schema says otherwise (spec 02 §9.1).
pub const DENSITY_DEFAULT: u8 = 80;

/// A B+ tree of an attached, writable database. Clones are handles to the same tree.
#[derive(Debug)]
pub struct WritableTree {
    tree: Tree,
    map: Arc<FileMap>,
    locks: Arc<TreeLocks>,
    pages: Arc<dyn PageSource>,
    density: u8,
    /// The leaf at whose end this handle made its last change, 0 when there is none: where the next one may go.
    hinted_leaf: AtomicU32,
}

impl Clone for WritableTree {
    fn clone(&self) -> Self {
        Self {
            tree: self.tree.clone(),
            map: Arc::clone(&self.map),
            locks: Arc::clone(&self.locks),
            pages: Arc::clone(&self.pages),
            density: self.density,
            hinted_leaf: AtomicU32::new(self.hinted_leaf.load(Ordering::Relaxed)),
        }
    }
}

impl WritableTree {
    /// The tree with this root. It grows into pages that it owns, and fills its leaves to [`DENSITY_DEFAULT`].
    ///
    /// # Errors
    /// As [`Tree::open`].
    pub fn open(map: &Arc<FileMap>, root: u32, objid: u32, kind: TreeKind) -> Result<Self> {
        Ok(Self::with_pages(map, Tree::open(map.file(), root, objid, kind)?, crate::space::own_pages()))
    }

    /// This tree, growing into pages of `pages`: space trees, which grow into their split buffers, and tests.
    #[must_use]
    pub fn with_pages(map: &Arc<FileMap>, tree: Tree, pages: Arc<dyn PageSource>) -> Self {
        let locks = map.tree_locks(tree.root());
        let full = tree.class.intersects(PageFlags::SPACE_TREE | PageFlags::LONG_VALUE);
        Self {
            tree,
            map: Arc::clone(map),
            locks,
            pages,
            density: if full { 100 } else { DENSITY_DEFAULT },
            hinted_leaf: AtomicU32::new(0),
        }
    }

    /// The same, its leaves filled to `percent` by appends: the density of a table or index, 20 to 100. Space trees and
    /// long values are always filled.
    #[must_use]
    pub fn with_density(mut self, percent: u8) -> Self {
        if !self.tree.class.intersects(PageFlags::SPACE_TREE | PageFlags::LONG_VALUE) {
            self.density = percent.clamp(20, 100);
        }
        self
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

    /// Whether it keeps the extents of another tree.
    #[must_use]
    pub fn is_space_tree(&self) -> bool {
        self.tree.class.contains(PageFlags::SPACE_TREE)
    }

    /// Where it gets its pages.
    pub(super) fn pages(&self) -> &Arc<dyn PageSource> {
        &self.pages
    }

    /// Bytes of a leaf that appends leave free (spec 02 §9.1).
    pub(super) fn density_reserve(&self) -> usize {
        usize::from(100 - self.density) * self.tree.file().page_size().bytes() / 100
    }

    /// The leaf that the next change may go to.
    pub(super) fn hinted_leaf(&self) -> &AtomicU32 {
        &self.hinted_leaf
    }
}
