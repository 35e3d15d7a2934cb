//! The structure of one tree: order, separators that bound their subtrees, siblings, levels, flags (spec 02 §6, §8).
//!
//! Unlike a cursor the walk goes on behind damage: a page that cannot be read takes its subtree out and nothing else.

use ese_format::error::JetError;
use ese_format::node::{KeyRef, NodeView};
use ese_format::page::PageFlags;

use crate::btree::{DEPTH_MAX, Tree};
use crate::cache::PageGuard;
use crate::error::Result;
use crate::verify::pages::{Claims, Use};
use crate::verify::report::{Place, VerifyReport};

/// What every page of a tree has in common.
const CLASS: PageFlags = PageFlags::INDEX
    .union(PageFlags::LONG_VALUE)
    .union(PageFlags::SPACE_TREE)
    .union(PageFlags::NON_UNIQUE_KEYS);

/// What the walk of a tree came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Walked {
    /// Live nodes of leaves.
    pub(super) nodes: u64,
    /// Bytes of their keys and data.
    pub(super) bytes: u64,
    /// Pages reached.
    pub(super) pages: u64,
    /// Whether something was wrong with the tree: cursors may fail on it.
    pub(super) is_damaged: bool,
}

/// Called with every live node of a leaf, in order.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&mut VerifyReport, &PageGuard, &NodeView<'_>);

/// Walks one tree.
pub(super) struct Walk<'a> {
    tree: &'a Tree,
    place: &'a Place,
    /// Pages of the tree are claimed here.
    claims: &'a mut Claims,
    report: &'a mut VerifyReport,
    /// The dbtime no page may be above; `None` where that is not known.
    dbtime: Option<u64>,
    class: PageFlags,
    leaf_level: Option<usize>,
    last_leaf: LastLeaf,
    last_bookmark: Option<(Vec<u8>, Vec<u8>)>,
    walked: Walked,
}

/// The leaf left of the one that comes next.
#[derive(Clone, Copy, Debug)]
enum LastLeaf {
    None,
    Page {
        number: u32,
        next: u32,
    },
    /// Behind a subtree that could not be read.
    Unknown,
}

/// What the separators above say of a subtree: `low <= bookmark < high`.
#[derive(Clone, Copy)]
struct Bounds<'b> {
    low: Option<&'b [u8]>,
    high: Option<&'b [u8]>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        tree: &'a Tree,
        place: &'a Place,
        claims: &'a mut Claims,
        report: &'a mut VerifyReport,
        dbtime: Option<u64>,
    ) -> Self {
        Self {
            tree,
            place,
            claims,
            report,
            dbtime,
            class: PageFlags::empty(),
            leaf_level: None,
            last_leaf: LastLeaf::None,
            last_bookmark: None,
            walked: Walked::default(),
        }
    }

    /// Walks the whole tree.
    pub(super) fn run(mut self, visit: Visit<'_>) -> Walked {
        match self.tree.file().latch(self.tree.root()) {
            Ok(root) => {
                self.class = root.view().flags().intersection(CLASS);
                self.page(&root, 1, Bounds { low: None, high: None }, visit);
                if let LastLeaf::Page { number, next } = self.last_leaf
                    && next != 0
                {
                    self.bad(
                        number,
                        JetError::BAD_PAGE_LINK,
                        format!("the last leaf has the right sibling {next}"),
                    );
                }
            }
            Err(error) => self.failed(&error),
        }
        self.walked
    }

    fn bad(&mut self, page: u32, jet: JetError, what: impl Into<String>) {
        self.walked.is_damaged = true;
        self.report.damage_on(self.place, page, jet, what);
    }

    fn failed(&mut self, error: &crate::error::Error) {
        self.walked.is_damaged = true;
        self.last_leaf = LastLeaf::Unknown;
        self.report.failed(self.place, error);
    }

    /// A page and all below it.
    fn page(&mut self, page: &PageGuard, level: usize, bounds: Bounds<'_>, visit: Visit<'_>) {
        let number = page.number();
        if !self.claims.claim(number, Use::Tree, self.place, self.report) {
            self.walked.is_damaged = true;
            self.last_leaf = LastLeaf::Unknown;
            return;
        }
        self.walked.pages += 1;
        self.member(page, level);
        let view = page.view();
        let is_leaf = view.flags().contains(PageFlags::LEAF);
        let done = if is_leaf {
            self.leaf(page, level, bounds, visit)
        } else if level >= DEPTH_MAX {
            self.last_leaf = LastLeaf::Unknown;
            let what = format!("the tree has more than {DEPTH_MAX} levels");
            self.bad(number, JetError::BAD_PARENT_PAGE_LINK, what);
            Ok(())
        } else {
            self.internal(page, level, bounds, visit)
        };
        if let Err(error) = done {
            self.failed(&error);
        }
    }

    /// Whether the page is one of this tree, at a place where it may be.
    fn member(&mut self, page: &PageGuard, level: usize) {
        let (number, view) = (page.number(), page.view());
        let flags = view.flags();
        if view.objid() != self.tree.objid() {
            let what = format!("belongs to object {}, not to {}", view.objid(), self.tree.objid());
            self.bad(number, JetError::BAD_PARENT_PAGE_LINK, what);
        }
        if flags.intersection(CLASS) != self.class {
            self.bad(number, JetError::BAD_PARENT_PAGE_LINK, "is of another kind of tree than the root");
        }
        if flags.contains(PageFlags::ROOT) != (level == 1) {
            self.bad(number, JetError::BAD_PARENT_PAGE_LINK, "has the root flag wrong for its level");
        }
        if flags.intersects(PageFlags::EMPTY | PageFlags::PRE_INIT) {
            self.bad(number, JetError::BAD_PARENT_PAGE_LINK, "is marked as emptied or not yet used");
        }
        if let Some(dbtime) = self.dbtime.filter(|dbtime| view.dbtime() > *dbtime) {
            let what = format!("dbtime {:#x} is larger than the database's {dbtime:#x}", view.dbtime());
            self.bad(number, JetError::DB_TIME_CORRUPTED, what);
        }
    }

    fn leaf(&mut self, page: &PageGuard, level: usize, bounds: Bounds<'_>, visit: Visit<'_>) -> Result<()> {
        let (number, view) = (page.number(), page.view());
        let wanted = *self.leaf_level.get_or_insert(level);
        if level != wanted {
            let what = format!("is a leaf on level {level}, others are on level {wanted}");
            self.bad(number, JetError::BAD_PARENT_PAGE_LINK, what);
        }
        self.links(page);
        if view.line_count() == 0 && level > 1 {
            self.bad(number, JetError::BAD_EMPTY_PAGE, "a leaf below the root has no nodes");
        }
        let whole = self.tree.has_duplicate_keys();
        for line in 0..view.line_count() {
            let node = match self.tree.node(page, line) {
                Ok(node) => node,
                Err(error) => {
                    // The lines behind can still be read.
                    self.walked.is_damaged = true;
                    self.report.failed(self.place, &error);
                    continue;
                }
            };
            if node.key().is_empty() {
                self.bad(number, JetError::NODE_CORRUPTED, format!("line {line} has a key without bytes"));
            }
            self.order(number, line, &node, whole);
            if line == 0 || line + 1 == view.line_count() {
                self.bounds(number, line, &node, whole, bounds);
            }
            if !node.is_deleted() {
                self.walked.nodes += 1;
                self.walked.bytes += (node.key().len() + node.data.len()) as u64;
                visit(self.report, page, &node);
            }
        }
        Ok(())
    }

    /// The links between the leaves.
    fn links(&mut self, page: &PageGuard) {
        let (number, view) = (page.number(), page.view());
        let bad = JetError::BAD_PAGE_LINK;
        match self.last_leaf {
            LastLeaf::None if view.previous() != 0 => {
                self.bad(number, bad, format!("the first leaf has the left sibling {}", view.previous()));
            }
            LastLeaf::Page { number: left, next } => {
                if next != number {
                    self.bad(left, bad, format!("has the right sibling {next} instead of {number}"));
                }
                if view.previous() != left {
                    let what = format!("has the left sibling {} instead of {left}", view.previous());
                    self.bad(number, bad, what);
                }
            }
            LastLeaf::None | LastLeaf::Unknown => {}
        }
        self.last_leaf = LastLeaf::Page { number, next: view.next() };
    }

    /// Strictly ascending over the whole tree.
    fn order(&mut self, page: u32, line: usize, node: &NodeView<'_>, whole: bool) {
        let data = if whole { node.data } else { &[] };
        if let Some((key, last)) = &mut self.last_bookmark {
            let order = node.key().cmp(&KeyRef::from(key.as_slice()));
            let is_above = order.then_with(|| data.cmp(last.as_slice())).is_gt();
            key.clear();
            key.extend_from_slice(node.prefix);
            key.extend_from_slice(node.suffix);
            last.clear();
            last.extend_from_slice(data);
            if !is_above {
                self.bad(
                    page,
                    JetError::DATABASE_CORRUPTED,
                    format!("line {line} is not above the node before it"),
                );
            }
            return;
        }
        self.last_bookmark = Some((node.key().to_vec(), data.to_vec()));
    }

    /// Separators compare with key and data as one string.
    fn bounds(&mut self, page: u32, line: usize, node: &NodeView<'_>, whole: bool, bounds: Bounds<'_>) {
        let data = if whole { node.data } else { &[] };
        let bookmark = [node.prefix, node.suffix, data].concat();
        if bounds.low.is_some_and(|low| bookmark.as_slice() < low) {
            let what = format!("line {line} is below the separator left of its page");
            self.bad(page, JetError::BAD_PARENT_PAGE_LINK, what);
        }
        if bounds.high.is_some_and(|high| bookmark.as_slice() >= high) {
            let what = format!("line {line} is not below the separator of its page");
            self.bad(page, JetError::BAD_PARENT_PAGE_LINK, what);
        }
    }

    fn internal(
        &mut self,
        page: &PageGuard,
        level: usize,
        bounds: Bounds<'_>,
        visit: Visit<'_>,
    ) -> Result<()> {
        let (number, view) = (page.number(), page.view());
        if view.previous() != 0 || view.next() != 0 {
            self.bad(number, JetError::BAD_PAGE_LINK, "an internal page has siblings");
        }
        let Some(last) = view.line_count().checked_sub(1) else {
            self.last_leaf = LastLeaf::Unknown;
            self.bad(number, JetError::BAD_EMPTY_PAGE, "an internal page has no nodes");
            return Ok(());
        };
        let mut low = bounds.low.map(<[u8]>::to_vec);
        for line in 0..=last {
            let node = self.tree.node(page, line)?;
            let key = node.key().to_vec();
            self.separator(number, line, line == last, &key, low.as_deref(), bounds);
            let high = if key.is_empty() { None } else { Some(key.as_slice()) };
            let below = Bounds { low: low.as_deref(), high };
            match node.child_page().map_err(|error| self.tree.file().format_error(error.on_page(number))) {
                Ok(child) => self.child(page, child, level, below, visit),
                Err(error) => self.failed(&error),
            }
            low = Some(key);
        }
        Ok(())
    }

    /// Keys of an internal page ascend; the last is the key above it, or none on the right edge (spec 02 §6.2).
    fn separator(
        &mut self,
        page: u32,
        line: usize,
        is_last: bool,
        key: &[u8],
        low: Option<&[u8]>,
        bounds: Bounds<'_>,
    ) {
        let corrupted = JetError::DATABASE_CORRUPTED;
        if is_last {
            if key != bounds.high.unwrap_or_default() {
                let what = format!("the key of its last line {line} is not the separator above");
                self.bad(page, JetError::BAD_PARENT_PAGE_LINK, what);
            }
        } else if key.is_empty() {
            self.bad(page, JetError::NODE_CORRUPTED, format!("line {line} has a key without bytes"));
        }
        if !key.is_empty() && low.is_some_and(|low| key <= low) {
            self.bad(page, corrupted, format!("separator {line} is not above the one before it"));
        }
    }

    fn child(&mut self, parent: &PageGuard, child: u32, level: usize, bounds: Bounds<'_>, visit: Visit<'_>) {
        let page = match self.tree.file().latch(child) {
            Ok(page) => page,
            Err(error) => return self.failed(&error),
        };
        let says_leaf = parent.view().flags().contains(PageFlags::PARENT_OF_LEAF);
        if says_leaf != page.view().flags().contains(PageFlags::LEAF) {
            self.bad(child, JetError::BAD_PARENT_PAGE_LINK, "is not of the level its parent says");
        }
        self.page(&page, level + 1, bounds, visit);
    }
}
