//! An owned- or available-extent tree being changed.

use std::sync::Arc;

use ese_format::page::PageFlags;
use ese_format::space::{Extent, ExtentNode, Pool, SpaceTree, SplitBuffer};

use crate::btree::{Author, SeekOutcome, TreeCursor, Versioning, WritableTree};
use crate::error::Result;
use crate::space::page_source::SplitBufferPages;

/// Free bytes of a root that is a leaf, below which the tree may soon split (spec 02 §13.8).
pub(super) const ROOMY_ROOT_BYTES: usize = 100;

/// A space tree of a tree whose space lock is held.
#[derive(Clone, Debug)]
pub(super) struct ExtentTree {
    tree: WritableTree,
    which: SpaceTree,
}

impl ExtentTree {
    /// The space tree with this root, of `owner`.
    pub(super) fn open(owner: &WritableTree, root: u32, which: SpaceTree) -> Result<Self> {
        let tree = owner.tree().space_tree(root)?;
        Ok(Self { tree: WritableTree::with_pages(owner.map(), tree, Arc::new(SplitBufferPages)), which })
    }

    /// Its split buffer.
    pub(super) fn split_buffer(&self) -> Result<SplitBuffer> {
        split_buffer(&self.tree)
    }

    pub(super) fn set_split_buffer(&self, author: &mut dyn Author, buffer: &SplitBuffer) -> Result<()> {
        self.tree.set_root_header_bytes(author, &buffer.encode())
    }

    /// Pages that its next split may take (spec 02 §13.8).
    pub(super) fn pages_for_splits(&self) -> Result<u32> {
        let root = self.tree.tree().latch_root()?;
        let (flags, free) = (root.view().flags(), root.view().free_bytes());
        let pages = if flags.contains(PageFlags::LEAF) {
            if free >= ROOMY_ROOT_BYTES { 0 } else { 2 }
        } else if flags.contains(PageFlags::PARENT_OF_LEAF) {
            3
        } else {
            4
        };
        Ok(if self.which == SpaceTree::Owned { 2 * pages } else { pages })
    }

    /// Free bytes of the root while it is a leaf.
    pub(super) fn leaf_root_free_bytes(&self) -> Result<Option<usize>> {
        let root = self.tree.tree().latch_root()?;
        Ok(root.view().flags().contains(PageFlags::LEAF).then(|| root.view().free_bytes()))
    }

    /// The first general extent that ends at `page` or behind.
    pub(super) fn ending_from(&self, page: u32) -> Result<Option<Extent>> {
        let mut cursor = self.tree.tree().cursor();
        if cursor.seek(&general(page, 0).key(), &[])? == SeekOutcome::Nothing {
            return Ok(None);
        }
        Ok(self.node(&cursor)?.filter(|node| node.pool == Pool::General).map(|node| node.extent))
    }

    /// The general extent that ends with `page`.
    pub(super) fn ending_with(&self, page: u32) -> Result<Option<Extent>> {
        Ok(self.ending_from(page)?.filter(|extent| extent.last == page))
    }

    /// The first general extent, in order, that `wanted` takes.
    pub(super) fn find(&self, wanted: impl Fn(&Extent) -> bool) -> Result<Option<Extent>> {
        let mut cursor = self.tree.tree().cursor();
        while cursor.move_next()? {
            match self.node(&cursor)? {
                Some(ExtentNode { extent, pool: Pool::General }) if wanted(&extent) => {
                    return Ok(Some(extent));
                }
                Some(ExtentNode { pool: Pool::General, .. }) => {}
                _ => break,
            }
        }
        Ok(None)
    }

    /// All nodes of a pool other than the general one, whose nodes lie before them.
    pub(super) fn pool(&self, pool: Pool) -> Result<Vec<Extent>> {
        let mut extents = Vec::new();
        let mut cursor = self.tree.tree().cursor();
        let first = ExtentNode { extent: Extent::default(), pool };
        let mut here = cursor.seek(&first.key(), &[])? != SeekOutcome::Nothing;
        while here {
            match self.node(&cursor)? {
                Some(node) if node.pool == pool => extents.push(node.extent),
                _ => break,
            }
            here = cursor.move_next()?;
        }
        Ok(extents)
    }

    /// All extents of the general pool.
    pub(super) fn all(&self) -> Result<Vec<Extent>> {
        let mut extents = Vec::new();
        let mut cursor = self.tree.tree().cursor();
        while cursor.move_next()? {
            match self.node(&cursor)? {
                Some(ExtentNode { extent, pool: Pool::General }) => extents.push(extent),
                _ => break,
            }
        }
        Ok(extents)
    }

    /// The last extent of the general pool.
    pub(super) fn last(&self) -> Result<Option<Extent>> {
        let mut cursor = self.tree.tree().cursor();
        let mut here = cursor.move_last()?;
        while here {
            match self.node(&cursor)? {
                Some(ExtentNode { extent, pool: Pool::General }) => return Ok(Some(extent)),
                _ => here = cursor.move_previous()?,
            }
        }
        Ok(None)
    }

    /// Pages of all general extents.
    pub(super) fn pages(&self) -> Result<u64> {
        Ok(self.all()?.iter().map(|extent| u64::from(extent.count)).sum())
    }

    pub(super) fn insert(&self, author: &mut dyn Author, extent: Extent) -> Result<()> {
        let node = general(extent.last, extent.count);
        self.tree.insert(author, &node.key(), &node.data(), Versioning::Unversioned)
    }

    /// Sets how many pages the extent that ends with `last` has.
    pub(super) fn set_count(&self, author: &mut dyn Author, pool: Pool, extent: Extent) -> Result<()> {
        let node = ExtentNode { extent, pool };
        self.tree.replace(author, &node.key(), &node.data(), Versioning::Unversioned)
    }

    /// Removes the extent that ends with `last`. On a single page its node goes at once; in a larger tree it is marked
    /// and the leaf is cleaned, so that no leaf stays behind without nodes.
    pub(super) fn remove(&self, author: &mut dyn Author, pool: Pool, last: u32) -> Result<()> {
        let key = ExtentNode { extent: Extent { last, count: 0 }, pool }.key();
        if self.leaf_root_free_bytes()?.is_some() {
            return self.tree.delete(author, &key, &[]);
        }
        self.tree.flag_delete(author, &key, &[], Versioning::Unversioned)?;
        self.tree.clean(author, &key, &[], &|_, _| false).map(drop)
    }

    /// Takes the first page of an extent.
    pub(super) fn take_first(
        &self,
        author: &mut dyn Author,
        pool: Pool,
        extent: Extent,
        count: u32,
    ) -> Result<Extent> {
        let taken = Extent { last: extent.first().saturating_add(count).saturating_sub(1), count };
        if count >= extent.count {
            self.remove(author, pool, extent.last)?;
            return Ok(extent);
        }
        let left = Extent { count: extent.count - count, ..extent };
        self.set_count(author, pool, left)?;
        Ok(taken)
    }

    fn node(&self, cursor: &TreeCursor) -> Result<Option<ExtentNode>> {
        let (Some(node), Some((page, _))) = (cursor.node()?, cursor.position()) else { return Ok(None) };
        let decoded = ExtentNode::decode(&node, self.which)
            .map_err(|error| self.tree.tree().file().format_error(error.on_page(page.number())))?;
        Ok(Some(decoded))
    }
}

/// A node of the general pool.
fn general(last: u32, count: u32) -> ExtentNode {
    ExtentNode { extent: Extent { last, count }, pool: Pool::General }
}

/// The split buffer of a space tree.
pub(super) fn split_buffer(tree: &WritableTree) -> Result<SplitBuffer> {
    let root = tree.tree().latch_root()?;
    root.view()
        .external_header()
        .and_then(SplitBuffer::decode)
        .map_err(|error| tree.tree().file().format_error(error.on_page(tree.tree().root())))
}
