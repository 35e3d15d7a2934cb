//! Floor 4: B+ trees. Tables, secondary indexes, long values and space are all trees of this one kind (spec 02).
//!
//! A [`Tree`] names a root; a [`TreeCursor`] walks its live nodes in order. Nothing a page says is trusted: every page
//! reached must carry the tree's objid and class, a child must be of the level its parent says, siblings must point at
//! each other and be in order, and no path is deeper than [`DEPTH_MAX`]. What breaks a rule ends in the JET error of
//! spec 02 §8.2, naming the page.
//!
//! Latches are taken from parent to child and from left to right, each before the one it was reached from is given up.

mod author;
mod change;
mod clean;
mod cursor;
mod defragment;
mod diff;
mod estimate;
mod glance;
mod image;
mod keepsake;
mod key_heads;
mod leaf;
mod lookup;
mod merge;
mod operation;
mod page_source;
mod room;
mod root_header;
mod search;
mod split;
mod stamp;
mod undo;
mod way;
mod writable;
mod write;

use std::sync::Arc;

use ese_format::error::{JetError, Problem};
use ese_format::node::NodeView;
use ese_format::page::{IndexedNodes, PageFlags, PageView};

pub use crate::apply::DeltaWidth;
pub use author::{Author, Logged, Seen, Stamp, VersionedChange, Versioning, Visibility};
pub use change::{Cleaned, LockKind, UndoImage, UndoneChange, UndoneVersion};
pub use cursor::{Bookmark, SeekOutcome, TreeCursor};
pub use defragment::Defragmented;
pub use estimate::Fraction;
pub use keepsake::LeafOfNode;
pub(crate) use key_heads::{KeyHeads, READS_BEFORE_HEADS};
pub use lookup::FoundNode;
pub use page_source::PageSource;
pub use writable::WritableTree;

use crate::cache::{CachedFile, PageGuard};
use crate::error::Result;

/// Levels of a tree at most (spec 02 §5.1).
pub const DEPTH_MAX: usize = 8;

/// What the nodes of a tree are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TreeKind {
    /// Records of a table, or nothing (the database root).
    Primary,
    /// Entries of a secondary index.
    Index,
    /// Long values.
    LongValue,
}

impl TreeKind {
    fn flags(self) -> PageFlags {
        match self {
            Self::Primary => PageFlags::empty(),
            Self::Index => PageFlags::INDEX,
            Self::LongValue => PageFlags::LONG_VALUE,
        }
    }
}

/// What every page of one tree has in common: kind, being a space tree, and having non-unique keys.
const CLASS: PageFlags = PageFlags::INDEX
    .union(PageFlags::LONG_VALUE)
    .union(PageFlags::SPACE_TREE)
    .union(PageFlags::NON_UNIQUE_KEYS);

/// A B+ tree in an attached database.
#[derive(Clone, Debug)]
pub struct Tree {
    file: Arc<CachedFile>,
    root: u32,
    /// Root of the tree that owns the pages: another page only for space trees.
    fdp: u32,
    objid: u32,
    class: PageFlags,
}

/// Where a descent goes.
#[derive(Clone, Copy, Debug)]
enum Target<'a> {
    First,
    Last,
    Bookmark { key: &'a [u8], data: &'a [u8] },
}

impl Tree {
    /// The tree with this root, which must be a root page of this kind and objid.
    ///
    /// # Errors
    /// Those of reading the root; `JET_errDatabaseCorrupted` naming the page when it is no such root.
    pub fn open(file: &Arc<CachedFile>, root: u32, objid: u32, kind: TreeKind) -> Result<Self> {
        let tree = Self::with_class(file, root, root, objid, kind.flags())?;
        if tree.class.contains(PageFlags::SPACE_TREE) {
            return Err(tree.corrupted(root, "flags", Problem::Invalid("is the root of a space tree")));
        }
        Ok(tree)
    }

    /// The owned- or available-extent tree of this tree, by its root.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn space_tree(&self, root: u32) -> Result<Self> {
        let class = self.class.difference(PageFlags::NON_UNIQUE_KEYS) | PageFlags::SPACE_TREE;
        Self::with_class(&self.file, root, self.root, self.objid, class)
    }

    fn with_class(file: &Arc<CachedFile>, root: u32, fdp: u32, objid: u32, class: PageFlags) -> Result<Self> {
        let page = file.latch(root)?;
        let (flags, found) = (page.view().flags(), page.view().objid());
        let tree = Self { file: Arc::clone(file), root, fdp, objid, class: flags.intersection(CLASS) };
        if !flags.contains(PageFlags::ROOT) {
            return Err(tree.corrupted(root, "flags", Problem::Invalid("is no root page")));
        }
        if found != objid {
            let problem = Problem::Mismatch { found: found.into(), expected: objid.into() };
            return Err(tree.corrupted(root, "objid", problem));
        }
        let either = PageFlags::NON_UNIQUE_KEYS;
        if tree.class.difference(either) != class {
            return Err(tree.corrupted(
                root,
                "flags",
                Problem::Invalid("is the root of another kind of tree"),
            ));
        }
        Ok(tree)
    }

    /// The root page's number.
    #[must_use]
    pub fn root(&self) -> u32 {
        self.root
    }

    /// Root of the tree whose space this is: its own, or for a space tree that of its owner. Log records name it.
    #[must_use]
    pub fn fdp(&self) -> u32 {
        self.fdp
    }

    /// The object id its pages carry.
    #[must_use]
    pub fn objid(&self) -> u32 {
        self.objid
    }

    /// The file it is in.
    #[must_use]
    pub fn file(&self) -> &Arc<CachedFile> {
        &self.file
    }

    /// What its nodes are.
    #[must_use]
    pub fn kind(&self) -> TreeKind {
        if self.class.contains(PageFlags::LONG_VALUE) {
            TreeKind::LongValue
        } else if self.class.contains(PageFlags::INDEX) {
            TreeKind::Index
        } else {
            TreeKind::Primary
        }
    }

    /// Whether two nodes may have equal keys; then equal keys are in the order of their data. Space trees never have any
    /// (spec 02 §1).
    #[must_use]
    pub fn has_duplicate_keys(&self) -> bool {
        self.class.contains(PageFlags::NON_UNIQUE_KEYS) && !self.class.contains(PageFlags::SPACE_TREE)
    }

    /// A cursor before the first node.
    #[must_use]
    pub fn cursor(&self) -> TreeCursor {
        TreeCursor::new(self.clone())
    }

    /// A cursor before the first node, over what this reader sees.
    #[must_use]
    pub fn cursor_seeing(&self, sight: Arc<dyn Visibility>) -> TreeCursor {
        let mut cursor = self.cursor();
        cursor.set_visibility(sight);
        cursor
    }

    /// The root page under a latch, for its external header.
    ///
    /// # Errors
    /// Those of reading a page.
    pub(crate) fn latch_root(&self) -> Result<PageGuard> {
        self.file.latch(self.root)
    }

    /// Levels of the tree: 1 when the root is a leaf.
    ///
    /// # Errors
    /// Those of a descent.
    pub fn depth(&self) -> Result<usize> {
        self.descend(Target::First).map(|(depth, _)| depth)
    }

    /// Calls `visit` with every page of the tree, parents before their children, and each page's level counted from 1 at
    /// the root. A page that two parents name is an error, so that the walk ends.
    ///
    /// # Errors
    /// Those of a descent, and those of `visit`.
    pub fn visit_pages(&self, visit: &mut dyn FnMut(usize, &PageGuard) -> Result<()>) -> Result<()> {
        let mut seen = std::collections::HashSet::new();
        self.visit_below(self.latch_root()?, 1, &mut seen, visit)
    }

    fn visit_below(
        &self,
        page: PageGuard,
        level: usize,
        seen: &mut std::collections::HashSet<u32>,
        visit: &mut dyn FnMut(usize, &PageGuard) -> Result<()>,
    ) -> Result<()> {
        if !seen.insert(page.number()) {
            return Err(self.bad_child(
                page.number(),
                "child",
                Problem::Invalid("is the child of two pages"),
            ));
        }
        visit(level, &page)?;
        if page.view().flags().contains(PageFlags::LEAF) {
            return Ok(());
        }
        self.check_level(&page, level)?;
        for line in 0..page.view().line_count() {
            let child = self.child(&page, line)?;
            self.visit_below(self.latch_child(&page, child)?, level + 1, seen, visit)?;
        }
        Ok(())
    }

    /// The leaf on which the target lies or would lie, and its level.
    fn descend(&self, target: Target<'_>) -> Result<(usize, PageGuard)> {
        self.descend_noting(target, &mut |_| {})
    }

    /// As [`Self::descend`]; the internal pages on the way are shown to `note`.
    fn descend_noting(
        &self,
        target: Target<'_>,
        note: &mut dyn FnMut(&PageGuard),
    ) -> Result<(usize, PageGuard)> {
        let mut page = self.latch_root()?;
        let mut level = 1;
        while !page.view().flags().contains(PageFlags::LEAF) {
            self.check_level(&page, level)?;
            note(&page);
            let child = self.child_towards(&page, target)?;
            page = self.latch_child(&page, child)?;
            level += 1;
        }
        self.check_edge(&page, target)?;
        Ok((level, page))
    }

    fn check_level(&self, page: &PageGuard, level: usize) -> Result<()> {
        if level < DEPTH_MAX {
            return Ok(());
        }
        let problem = Problem::OutOfRange { found: level as u64 + 1, min: 1, max: DEPTH_MAX as u64 };
        Err(self.bad_child(page.number(), "level", problem))
    }

    /// A leaf at the left or right edge has no sibling there (spec 02 §8.2).
    fn check_edge(&self, leaf: &PageGuard, target: Target<'_>) -> Result<()> {
        let (field, sibling) = match target {
            Target::First => ("pgnoPrev", leaf.view().previous()),
            Target::Last => ("pgnoNext", leaf.view().next()),
            Target::Bookmark { .. } => return Ok(()),
        };
        if sibling == 0 {
            return Ok(());
        }
        let problem = Problem::Mismatch { found: sibling.into(), expected: 0 };
        Err(self.bad_child(leaf.number(), field, problem))
    }

    /// The line of an internal page to descend through (spec 02 §5.3): the first whose separator is above the target.
    fn line_towards(&self, page: &PageGuard, target: Target<'_>) -> Result<usize> {
        let nodes = page.view().indexed_nodes().map_err(|error| self.file.format_error(error))?;
        self.line_among(page, &nodes, target)
    }

    fn line_among(&self, page: &PageGuard, nodes: &IndexedNodes<'_>, target: Target<'_>) -> Result<usize> {
        let Some(last) = nodes.len().checked_sub(1) else {
            let problem = Problem::Invalid("an internal page without nodes");
            return Err(self.broken(page.number(), "lines", problem, JetError::BAD_EMPTY_PAGE));
        };
        let (key, data) = match target {
            Target::First => return Ok(0),
            Target::Last => return Ok(last),
            Target::Bookmark { key, data } => (key, data),
        };
        search::line_below(nodes, page.key_heads().map(AsRef::as_ref), key, data)
            .map_err(|error| self.file.format_error(error))
    }

    /// The child of an internal page to descend to.
    fn child_towards(&self, page: &PageGuard, target: Target<'_>) -> Result<u32> {
        let nodes = page.view().indexed_nodes().map_err(|error| self.file.format_error(error))?;
        let line = self.line_among(page, &nodes, target)?;
        let child = nodes.get(line).and_then(|node| node.child_page());
        child.map_err(|error| self.file.format_error(error.on_page(page.number())))
    }

    fn child(&self, page: &PageGuard, line: usize) -> Result<u32> {
        let child = self.node(page, line)?.child_page();
        child.map_err(|error| self.file.format_error(error.on_page(page.number())))
    }

    /// A node of a page of this tree.
    #[inline]
    pub(crate) fn node<'p>(&self, page: &'p PageGuard, line: usize) -> Result<NodeView<'p>> {
        page.node(line).map_err(|error| self.file.format_error(error))
    }

    /// The child of an internal page, checked to be one.
    fn latch_child(&self, parent: &PageGuard, child: u32) -> Result<PageGuard> {
        let page = self.file.latch(child)?;
        self.check_child(&parent.view(), &page.view())?;
        Ok(page)
    }

    /// Checks that a page is a child of this one by tree and level.
    fn check_child(&self, parent: &PageView<'_>, child: &PageView<'_>) -> Result<()> {
        let (above, below) = (parent.flags(), child.flags());
        self.check_member(child, JetError::BAD_PARENT_PAGE_LINK)?;
        if above.contains(PageFlags::PARENT_OF_LEAF) != below.contains(PageFlags::LEAF) {
            let problem = Problem::Invalid("is not of the level its parent says");
            return Err(self.bad_child(child.number(), "flags", problem));
        }
        Ok(())
    }

    /// Whether a page other than the root is one of this tree, in use.
    fn is_member(&self, page: &PageView<'_>) -> bool {
        let flags = page.flags();
        page.objid() == self.objid
            && flags.intersection(CLASS) == self.class
            && !flags.intersects(PageFlags::ROOT | PageFlags::EMPTY | PageFlags::PRE_INIT)
    }

    /// Checks that a page other than the root is one of this tree.
    fn check_member(&self, page: &PageView<'_>, jet: JetError) -> Result<()> {
        if self.is_member(page) {
            return Ok(());
        }
        let number = page.number();
        if page.objid() != self.objid {
            let problem = Problem::Mismatch { found: page.objid().into(), expected: self.objid.into() };
            return Err(self.broken(number, "objid", problem, jet));
        }
        let what = if page.flags().intersection(CLASS) == self.class {
            "is a root, an emptied or an unused page below a root"
        } else {
            "is of another kind of tree"
        };
        Err(self.broken(number, "flags", Problem::Invalid(what), jet))
    }

    fn broken(&self, page: u32, field: &'static str, problem: Problem, jet: JetError) -> crate::error::Error {
        self.file.page_error(page, 0, field, problem, jet)
    }

    fn bad_child(&self, page: u32, field: &'static str, problem: Problem) -> crate::error::Error {
        self.broken(page, field, problem, JetError::BAD_PARENT_PAGE_LINK)
    }

    fn corrupted(&self, page: u32, field: &'static str, problem: Problem) -> crate::error::Error {
        self.broken(page, field, problem, JetError::DATABASE_CORRUPTED)
    }
}
