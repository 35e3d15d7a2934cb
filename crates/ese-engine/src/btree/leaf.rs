//! Finding the leaf that a change goes to, and latching it for writing.
//!
//! The descent is optimistic: read latches down to the leaf's parent, a write latch on the leaf, the child latched
//! before the parent is given up. Where the last insert of this handle was at the end of a leaf, that leaf is tried
//! first: it is the right one if the bookmark lies between its nodes, or beyond its last one and it is the last leaf. A
//! page that left the tree meanwhile does not pass: its flags say so, or its object id. So is the leaf where a cursor saw
//! the record that it now locks or replaces.

use ese_format::error::{FormatError, FormatResult};
use ese_format::node::KeyRef;
use ese_format::page::{PageFlags, PageView};

use crate::btree::search::{first_at_or_above, order_of_node};
use crate::btree::writable::NO_LINE;
use crate::btree::{Target, WritableTree};
use crate::cache::PageWriteGuard;
use crate::error::{Error, Result};

/// A place in a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The node with the bookmark is on this line.
    Found(usize),
    /// There is no such node; it would be on this line.
    Missing(usize),
}

/// Whether a page is the leaf of a bookmark.
enum Holds {
    /// It may be another one.
    Perhaps,
    /// It is, and the bookmark is between its nodes or one of theirs.
    Within,
    /// It is, and the bookmark would be on the line behind the last.
    Behind(usize),
}

impl WritableTree {
    /// The data of a bookmark as it counts in this tree.
    pub(super) fn bookmark_data<'d>(&self, data: &'d [u8]) -> &'d [u8] {
        if self.tree().has_duplicate_keys() { data } else { &[] }
    }

    /// An error about bytes of a page.
    pub(super) fn on_page(&self) -> impl Fn(FormatError) -> Error + '_ {
        |error| self.tree().file().format_error(error)
    }

    /// Where a bookmark is, or would be, in a leaf.
    pub(super) fn place_in(&self, leaf: &PageView<'_>, key: &[u8], data: &[u8]) -> Result<Place> {
        let find = || -> FormatResult<Place> {
            let whole = self.tree().has_duplicate_keys().then_some(data);
            let line = first_at_or_above(leaf, key, whole)?;
            if line < leaf.line_count() && order_of_node(&leaf.node(line)?, key, whole).is_eq() {
                return Ok(Place::Found(line));
            }
            Ok(Place::Missing(line))
        };
        find().map_err(self.on_page())
    }

    /// The leaf on which this bookmark lies or would lie, write-latched.
    pub(super) fn latch_leaf(&self, key: &[u8], data: &[u8]) -> Result<PageWriteGuard> {
        self.latch_leaf_and_place(key, data).map(|(leaf, _)| leaf)
    }

    /// As [`Self::latch_leaf`], with the place of the bookmark where it was found on the way.
    pub(super) fn latch_leaf_and_place(
        &self,
        key: &[u8],
        data: &[u8],
    ) -> Result<(PageWriteGuard, Option<Place>)> {
        let data = self.bookmark_data(data);
        match self.latch_hinted_leaf(key, data) {
            Some(latched) => Ok(latched),
            None => Ok((self.latch_leaf_from_root(key, data)?, None)),
        }
    }

    fn latch_leaf_from_root(&self, key: &[u8], data: &[u8]) -> Result<PageWriteGuard> {
        let tree = self.tree();
        let target = Target::Bookmark { key, data };
        'from_root: loop {
            let mut page = tree.latch_root()?;
            let mut level = 1;
            while !page.view().flags().contains(PageFlags::LEAF) {
                tree.check_level(&page, level)?;
                let child = tree.child_towards(&page, target)?;
                if page.view().flags().contains(PageFlags::PARENT_OF_LEAF) {
                    let leaf = tree.file().latch_write(child)?;
                    tree.check_child(&page.view(), &leaf.view())?;
                    return Ok(leaf);
                }
                page = tree.latch_child(&page, child)?;
                level += 1;
            }
            // The root is the leaf. It may become a parent before it is latched again.
            drop(page);
            let root = tree.file().latch_write(tree.root())?;
            if !root.view().flags().contains(PageFlags::LEAF) {
                continue 'from_root;
            }
            return Ok(root);
        }
    }

    /// Remembers the leaf of an insert at its end, forgets it after one elsewhere.
    pub(super) fn hint(&self, leaf: &PageView<'_>, line: usize) {
        let at_end = line + 1 >= leaf.line_count() && !leaf.flags().contains(PageFlags::ROOT);
        self.set_hint(if at_end { leaf.number() } else { 0 }, NO_LINE);
    }

    /// The next change is probably on this page: whoever makes it has just seen the node there.
    pub(crate) fn expect_at(&self, page: u32, line: u32) {
        if page != self.tree().root() {
            self.set_hint(page, line);
        }
    }

    fn latch_hinted_leaf(&self, key: &[u8], data: &[u8]) -> Option<(PageWriteGuard, Option<Place>)> {
        let (hinted, line) = self.hinted();
        if hinted == 0 {
            return None;
        }
        // A hint that cannot be followed costs a descent, nothing else.
        let leaf = self.tree().file().try_latch_write(hinted).ok().flatten()?;
        if let Some(line) = line.filter(|line| self.is_on_line(&leaf.view(), *line, key)) {
            return Some((leaf, Some(Place::Found(line))));
        }
        let holds = self.holds_bookmark(&leaf.view(), key, data).unwrap_or(Holds::Perhaps);
        match holds {
            Holds::Perhaps => None,
            Holds::Behind(line) => Some((leaf, Some(Place::Missing(line)))),
            Holds::Within => Some((leaf, None)),
        }
    }

    /// Whether a page is a leaf of this tree with the node of a key on this line; trees with unique keys only.
    fn is_on_line(&self, page: &PageView<'_>, line: usize, key: &[u8]) -> bool {
        !self.tree().has_duplicate_keys()
            && self.tree().is_member(page)
            && page.flags().contains(PageFlags::LEAF)
            && line < page.line_count()
            && page.node(line).is_ok_and(|node| node.key() == KeyRef::from(key))
    }

    /// Whether a page is for certain the leaf of this tree on which the bookmark belongs.
    fn holds_bookmark(&self, page: &PageView<'_>, key: &[u8], data: &[u8]) -> FormatResult<Holds> {
        let lines = page.line_count();
        if !self.tree().is_member(page) || !page.flags().contains(PageFlags::LEAF) || lines == 0 {
            return Ok(Holds::Perhaps);
        }
        let whole = self.tree().has_duplicate_keys().then_some(data);
        let last = order_of_node(&page.node(lines - 1)?, key, whole);
        if last.is_lt() {
            return Ok(if page.next() == 0 { Holds::Behind(lines) } else { Holds::Perhaps });
        }
        let first = order_of_node(&page.node(0)?, key, whole);
        Ok(if first.is_le() { Holds::Within } else { Holds::Perhaps })
    }
}
