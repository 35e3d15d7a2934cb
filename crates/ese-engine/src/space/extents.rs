//! Reading all of a tree's space (spec 02 §12.7), for dumps and the verifier.
//!
//! Extents are checked to lie among legal pages and not to overlap; that no page has two owners across trees is a
//! verifier's question.

use ese_format::error::{JetError, Problem};
use ese_format::space::{
    Extent, ExtentNode, Growth, Pool, RootHeader, Space, SpaceHeader, SpaceTree, SplitBuffer,
};

use crate::btree::{Tree, WritableTree};
use crate::error::Result;

/// The space of one tree.
#[derive(Clone, Debug)]
pub struct TreeSpace {
    /// The root's external header.
    pub root_header: RootHeader,
    /// Its space header.
    pub header: SpaceHeader,
    /// What the header says.
    pub space: Space,
    /// Every extent the tree owns, ascending; what its children own is inside.
    pub owned: Vec<ListedExtent>,
    /// The free pages: general and continuous pools, bitmap runs joined.
    pub available: Vec<ListedExtent>,
    /// Pages kept back for splits of the owned- and the available-extent tree.
    pub split_buffers: [SplitBuffer; 2],
}

/// An extent and where it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedExtent {
    /// The page that lists it: of a space tree, or the root of a single-extent tree.
    pub page: u32,
    /// The pages, and what they are kept for.
    pub node: ExtentNode,
}

impl TreeSpace {
    /// Reads the space of a tree.
    ///
    /// # Errors
    /// `JET_errDatabaseCorrupted` for a root without a space header, `JET_errSPOwnExtCorrupted` and
    /// `JET_errSPAvailExtCorrupted` for extents that are none or overlap, and those of walking the space trees.
    pub fn read(tree: &Tree) -> Result<Self> {
        let file = tree.file();
        let on_root = |error: ese_format::error::FormatError| file.format_error(error.on_page(tree.root()));
        let root = tree.latch_root()?;
        let root_header = root.view().external_header().and_then(RootHeader::decode).map_err(on_root)?;
        let Some(header) = root_header.space else {
            let problem = Problem::Invalid("the root has no space header");
            return Err(file.page_error(
                tree.root(),
                0,
                "space header",
                problem,
                JetError::DATABASE_CORRUPTED,
            ));
        };
        let space = header.space().map_err(on_root)?;
        drop(root);
        let mut read = Self {
            root_header,
            header,
            space,
            owned: Vec::new(),
            available: Vec::new(),
            split_buffers: [SplitBuffer::default(); 2],
        };
        match (space, space.available_root()) {
            (Space::Multiple { owned_root, .. }, Some(available_root)) => {
                read.read_trees(tree, owned_root, available_root)?;
            }
            (Space::Single { pages, .. }, _) => read.read_single(tree.root(), pages),
            (Space::Multiple { .. }, None) => {}
        }
        Ok(read)
    }

    /// Pages the tree owns.
    #[must_use]
    pub fn owned_pages(&self) -> u64 {
        self.owned.iter().map(|listed| u64::from(listed.node.extent.count)).sum()
    }

    /// Pages that are free.
    #[must_use]
    pub fn available_pages(&self) -> u64 {
        self.pages_of(|pool| pool != Pool::Shelved)
    }

    /// Pages that a shrink put aside: beyond the end of the file, and not owned now.
    #[must_use]
    pub fn shelved_pages(&self) -> u64 {
        self.pages_of(|pool| pool == Pool::Shelved)
    }

    fn pages_of(&self, wanted: impl Fn(Pool) -> bool) -> u64 {
        let nodes = self.available.iter().map(|listed| listed.node);
        nodes.filter(|node| wanted(node.pool)).map(|node| u64::from(node.extent.count)).sum()
    }

    /// Pages kept back for splits of the space trees.
    #[must_use]
    pub fn split_buffer_pages(&self) -> u64 {
        self.split_buffers.iter().flat_map(|buffer| buffer.runs).map(|run| u64::from(run.count)).sum()
    }

    /// Pages of the primary extent: as the header says, or the owned extent that begins with the root (spec 02 §3.1).
    #[must_use]
    pub fn primary_pages(&self, root: u32) -> Option<u32> {
        match self.space {
            Space::Single { pages, .. } => Some(pages),
            Space::Multiple { growth: Growth::Primary(pages), .. } => Some(pages),
            Space::Multiple { growth: Growth::LastRequest(_), .. } => self
                .owned
                .iter()
                .map(|listed| listed.node.extent)
                .find(|extent| extent.first() == root)
                .map(|extent| extent.count),
        }
    }

    fn read_single(&mut self, root: u32, pages: u32) {
        let listed =
            |extent| ListedExtent { page: root, node: ExtentNode { extent, ..ExtentNode::default() } };
        self.owned.push(listed(Extent { last: root.saturating_add(pages.saturating_sub(1)), count: pages }));
        for page in self.space.free_pages(root) {
            match self.available.last_mut() {
                Some(run) if run.node.extent.last.checked_add(1) == Some(page) => {
                    run.node.extent.last = page;
                    run.node.extent.count += 1;
                }
                _ => self.available.push(listed(Extent { last: page, count: 1 })),
            }
        }
    }

    fn read_trees(&mut self, owner: &Tree, owned_root: u32, available_root: u32) -> Result<()> {
        let (owned, owned_buffer) = read_extents(owner, owned_root, SpaceTree::Owned)?;
        let (available, available_buffer) = read_extents(owner, available_root, SpaceTree::Available)?;
        self.owned = owned;
        self.available = available;
        self.split_buffers = [owned_buffer, available_buffer];
        Ok(())
    }
}

impl WritableTree {
    /// All of the tree's space, with nobody changing it meanwhile.
    ///
    /// # Errors
    /// As [`TreeSpace::read`].
    pub fn space(&self) -> Result<TreeSpace> {
        let _locked = self.locks().space.lock();
        TreeSpace::read(self.tree())
    }
}

/// All live extents of a space tree, and its split buffer.
fn read_extents(owner: &Tree, root: u32, which: SpaceTree) -> Result<(Vec<ListedExtent>, SplitBuffer)> {
    let file = owner.file();
    let tree = owner.space_tree(root)?;
    let on_page = |page, error: ese_format::error::FormatError| file.format_error(error.on_page(page));
    let buffer = tree
        .latch_root()?
        .view()
        .external_header()
        .and_then(SplitBuffer::decode)
        .map_err(|error| on_page(root, error))?;
    let mut extents: Vec<ListedExtent> = Vec::new();
    let mut cursor = tree.cursor();
    while cursor.move_next()? {
        let (Some(node), Some((page, _))) = (cursor.node()?, cursor.position()) else { break };
        let page = page.number();
        let node = ExtentNode::decode(&node, which).map_err(|error| on_page(page, error))?;
        let overlaps = extents
            .last()
            .is_some_and(|last| last.node.pool == node.pool && node.extent.first() <= last.node.extent.last);
        if overlaps && node.extent.count > 0 {
            let jet = match which {
                SpaceTree::Owned => JetError::SP_OWN_EXT_CORRUPTED,
                SpaceTree::Available => JetError::SP_AVAIL_EXT_CORRUPTED,
            };
            let problem = Problem::Invalid("overlaps the extent before it");
            return Err(file.page_error(page, 0, "extent", problem, jet));
        }
        extents.push(ListedExtent { page, node });
    }
    Ok((extents, buffer))
}
