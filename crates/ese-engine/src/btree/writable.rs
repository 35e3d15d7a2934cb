//! A tree that can be changed: its pages, the map of its database, and its locks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ese_format::page::PageFlags;

use crate::btree::{PageSource, Tree, TreeKind};
use crate::error::Result;
use crate::file_map::{FileMap, TreeLocks};
use crate::space_policy::SpacePolicy;

/// The density of trees whose leaves are always filled.
const FULL: u8 = 100;

/// A B+ tree of an attached, writable database. Clones are handles to the same tree.
#[derive(Debug)]
pub struct WritableTree {
    tree: Tree,
    map: Arc<FileMap>,
    locks: Arc<TreeLocks>,
    pages: Arc<dyn PageSource>,
    policy: SpacePolicy,
    /// The leaf at whose end this handle made its last change, or on which the next one is expected; 0 when there is none.
    hinted_leaf: AtomicU32,
    /// The line of that leaf on which the node of the next change is expected; [`NO_LINE`] when none is.
    hinted_line: AtomicU32,
}

/// No line.
pub(super) const NO_LINE: u32 = u32::MAX;

impl Clone for WritableTree {
    fn clone(&self) -> Self {
        Self {
            tree: self.tree.clone(),
            map: Arc::clone(&self.map),
            locks: Arc::clone(&self.locks),
            pages: Arc::clone(&self.pages),
            policy: self.policy,
            hinted_leaf: AtomicU32::new(self.hinted_leaf.load(Ordering::Relaxed)),
            hinted_line: AtomicU32::new(self.hinted_line.load(Ordering::Relaxed)),
        }
    }
}

impl WritableTree {
    /// The tree with this root. It grows into pages that it owns, by the policy that the map knows.
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
        let is_space_tree = tree.class.contains(PageFlags::SPACE_TREE);
        let policy = if is_space_tree { SpacePolicy::default() } else { map.space_policy(tree.root()) };
        let (hinted_leaf, hinted_line) = (AtomicU32::new(0), AtomicU32::new(NO_LINE));
        Self { tree, map: Arc::clone(map), locks, pages, policy, hinted_leaf, hinted_line }
            .with_policy(policy)
    }

    /// The same with another policy than the map's. Leaves of space trees and of long values are always filled.
    #[must_use]
    pub fn with_policy(mut self, policy: SpacePolicy) -> Self {
        let is_full = self.tree.class.intersects(PageFlags::SPACE_TREE | PageFlags::LONG_VALUE);
        self.policy = SpacePolicy { density: if is_full { FULL } else { policy.density }, ..policy };
        self
    }

    /// How it takes its pages.
    #[must_use]
    pub fn policy(&self) -> &SpacePolicy {
        &self.policy
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
        usize::from(FULL.saturating_sub(self.policy.density)) * self.tree.file().page_size().bytes() / 100
    }

    /// The leaf that the next change may go to, 0 for none, and the line on which its node may be.
    pub(super) fn hinted(&self) -> (u32, Option<usize>) {
        let line = self.hinted_line.load(Ordering::Relaxed);
        (self.hinted_leaf.load(Ordering::Relaxed), (line != NO_LINE).then_some(line as usize))
    }

    /// Says where the next change may go. Two threads that say so at once may give a place that is neither's: whoever
    /// follows it finds out.
    pub(super) fn set_hint(&self, leaf: u32, line: u32) {
        self.hinted_leaf.store(leaf, Ordering::Relaxed);
        self.hinted_line.store(line, Ordering::Relaxed);
    }
}
