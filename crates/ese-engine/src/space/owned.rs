//! The space of a tree while it is changed: its lock, its header, its space trees.

use ese_format::catalog::{
    DATABASE_ROOT, MSYSOBJECTS, MSYSOBJECTS_NAME_INDEX, MSYSOBJECTS_ROOT_OBJECTS_INDEX, MSYSOBJECTS_SHADOW,
};
use ese_format::error::{JetError, Problem};
use ese_format::page::PageFlags;
use ese_format::space::{NonUnique, RootHeader, Space, SpaceFlags, SpaceHeader, SpaceTree};
use parking_lot::MutexGuard;

use crate::btree::{Author, TreeKind, WritableTree};
use crate::error::Result;
use crate::space::extent_tree::ExtentTree;
use crate::space_policy::SpacePolicyFlags;

/// The trees that search their own free pages for a child's extent (spec 02 §13.4).
const SYSTEM_TREES: [(u32, u32); 5] =
    [DATABASE_ROOT, MSYSOBJECTS, MSYSOBJECTS_NAME_INDEX, MSYSOBJECTS_ROOT_OBJECTS_INDEX, MSYSOBJECTS_SHADOW];

/// A tree's space under its lock.
#[derive(Debug)]
pub(super) struct OwnedSpace<'t> {
    pub(super) tree: &'t WritableTree,
    _locked: MutexGuard<'t, ()>,
    header: SpaceHeader,
    pub(super) space: Space,
    trees: Option<SpaceTrees>,
}

/// The space trees of a tree with several extents.
#[derive(Clone, Debug)]
pub(super) struct SpaceTrees {
    pub(super) owned: ExtentTree,
    pub(super) available: ExtentTree,
}

impl<'t> OwnedSpace<'t> {
    /// Waits for the lock and reads the header.
    pub(super) fn lock(tree: &'t WritableTree) -> Result<Self> {
        let locked = tree.locks().space.lock();
        let header = read_header(tree)?;
        let space = decode(tree, &header)?;
        let mut owned = Self { tree, _locked: locked, header, space, trees: None };
        owned.open_trees()?;
        Ok(owned)
    }

    /// The space trees.
    ///
    /// # Errors
    /// `JET_errDatabaseCorrupted` for a tree with a single extent, of which nobody asks.
    pub(super) fn trees(&self) -> Result<SpaceTrees> {
        self.trees.clone().ok_or_else(|| {
            let problem = Problem::Invalid("has no space trees");
            let root = self.tree.tree().root();
            self.tree.tree().file().page_error(
                root,
                12,
                "space header",
                problem,
                JetError::DATABASE_CORRUPTED,
            )
        })
    }

    fn open_trees(&mut self) -> Result<()> {
        if let (Space::Multiple { owned_root, .. }, Some(available_root)) =
            (self.space, self.space.available_root())
        {
            self.trees = Some(SpaceTrees {
                owned: ExtentTree::open(self.tree, owned_root, SpaceTree::Owned)?,
                available: ExtentTree::open(self.tree, available_root, SpaceTree::Available)?,
            });
        }
        Ok(())
    }

    /// Whether this is the tree that owns all pages of the database.
    pub(super) fn is_database_root(&self) -> bool {
        self.header.parent.get() == 0
    }

    /// Root page of the parent, 0 above the database root.
    pub(super) fn parent_root(&self) -> u32 {
        self.header.parent.get()
    }

    /// Whether extents for children are looked for among its own free pages (spec 02 §13.4).
    pub(super) fn serves_children(&self) -> bool {
        SYSTEM_TREES.contains(&(self.tree.tree().objid(), self.tree.tree().root()))
            || self.tree.policy().flags.contains(SpacePolicyFlags::UTILIZE_PARENT_SPACE)
    }

    /// The tree it gets its extents from: a table, or the database root.
    pub(super) fn parent(&self) -> Result<WritableTree> {
        let map = self.tree.map();
        let root = self.parent_root();
        let objid = map.file().latch(root)?.view().objid();
        WritableTree::open(map, root, objid, TreeKind::Primary)
    }

    /// Writes what the header says of the space; auto-increment and the rest of it stay.
    pub(super) fn set_space(&mut self, author: &mut dyn Author, space: Space) -> Result<()> {
        let header = SpaceHeader::new(space, self.parent_root(), self.uniqueness());
        self.tree.edit_root_header(author, &|root| root.space = Some(header))?;
        self.header = header;
        self.space = space;
        Ok(())
    }

    /// Takes note of a header that another record changed.
    pub(super) fn reload(&mut self) -> Result<()> {
        self.header = read_header(self.tree)?;
        self.space = decode(self.tree, &self.header)?;
        self.open_trees()
    }

    fn uniqueness(&self) -> NonUnique {
        if self.header.flags().contains(SpaceFlags::NON_UNIQUE) { NonUnique::Yes } else { NonUnique::No }
    }

    /// Whether the tree is still of the size that grows in small steps: its root a leaf, or the parent of a few.
    pub(super) fn has_small_root(&self) -> Result<bool> {
        const SMALL_ROOT_LINES: usize = 16;
        let root = self.tree.tree().latch_root()?;
        let (flags, lines) = (root.view().flags(), root.view().line_count());
        Ok(flags.contains(PageFlags::LEAF)
            || flags.contains(PageFlags::PARENT_OF_LEAF) && lines < SMALL_ROOT_LINES)
    }
}

/// The external header of a tree's root.
pub(super) fn read_root_header(tree: &WritableTree) -> Result<RootHeader> {
    let root = tree.tree().latch_root()?;
    root.view()
        .external_header()
        .and_then(RootHeader::decode)
        .map_err(|error| tree.tree().file().format_error(error.on_page(tree.tree().root())))
}

fn read_header(tree: &WritableTree) -> Result<SpaceHeader> {
    read_root_header(tree)?.space.ok_or_else(|| {
        let problem = Problem::Invalid("the root has no space header");
        let (file, root) = (tree.tree().file(), tree.tree().root());
        file.page_error(root, 0, "space header", problem, JetError::DATABASE_CORRUPTED)
    })
}

fn decode(tree: &WritableTree, header: &SpaceHeader) -> Result<Space> {
    header.space().map_err(|error| tree.tree().file().format_error(error.on_page(tree.tree().root())))
}
