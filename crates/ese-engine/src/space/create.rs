//! Trees are made and deleted (spec 02 §13.1, §13.10).

use std::sync::Arc;

use ese_format::catalog::DATABASE_ROOT;
use ese_format::error::JetError;
use ese_format::log::record::{CreateMultipleExtentFdp, CreateSingleExtentFdp, DBTIME_NIL, Record};
use ese_format::page::PageFlags;
use ese_format::space::{Extent, Space};

use crate::apply::{self, CreatePages};
use crate::btree::{Author, TreeKind, WritableTree};
use crate::error::{Error, Result};
use crate::file_map::FileMap;
use crate::space::allocate::{Fit, Purpose, Wanted};
use crate::space::grow::extend_file;
use crate::space::new_page::{NewPages, root_operation};
use crate::space::owned::OwnedSpace;
use crate::space_policy::SpacePolicy;

/// Pages of a tree with space trees at least: its root and theirs.
const ROOTS: u32 = 3;

/// How a tree keeps track of its space in the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpaceKind {
    /// One extent and a bitmap, as almost all trees begin.
    #[default]
    Single,
    /// Space trees from the first page on: the system's trees.
    Multiple,
}

/// A tree to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewTree {
    /// What its nodes are.
    pub kind: TreeKind,
    /// Whether keys are unique.
    pub unique: Uniqueness,
    /// Pages of its first extent, at least 1.
    pub pages: u32,
    /// How it keeps track of them.
    pub space: SpaceKind,
    /// How it takes more.
    pub policy: SpacePolicy,
}

/// Whether a tree may have equal keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Uniqueness {
    /// Ordered by key.
    #[default]
    Unique,
    /// Ordered by key and data.
    NonUnique,
}

impl NewTree {
    fn page_flags(self) -> PageFlags {
        let kind = match self.kind {
            TreeKind::Primary => PageFlags::empty(),
            TreeKind::Index => PageFlags::INDEX,
            TreeKind::LongValue => PageFlags::LONG_VALUE,
        };
        match self.unique {
            Uniqueness::Unique => kind,
            Uniqueness::NonUnique => kind | PageFlags::NON_UNIQUE_KEYS,
        }
    }
}

/// Makes a tree under `parent`, with a new object id and pages of the parent. What was made is not undone with the
/// author's transaction: whoever gives up calls [`delete_tree`].
///
/// # Errors
/// As [`WritableTree::allocate_pages`], and `JET_errOutOfObjectIDs`. Pages that were taken already are leaked.
pub fn create_tree(parent: &WritableTree, author: &mut dyn Author, new: NewTree) -> Result<WritableTree> {
    let lowest = if new.space == SpaceKind::Multiple { ROOTS } else { 1 };
    let pages = new.pages.max(lowest);
    let wanted =
        Wanted { min: pages, preferred: pages, purpose: Purpose::NewTree, fit: Fit::of(&new.policy) };
    let map = parent.map();
    let objid = map.next_objid()?;
    let extent = OwnedSpace::lock(parent)?.give(author, wanted)?;
    build(map, author, new, Place { objid, parent: parent.tree().root(), extent })?;
    map.set_space_policy(extent.first(), new.policy);
    WritableTree::open(map, extent.first(), objid, new.kind)
}

/// Makes the root of a new database, pages 1 to 3, in a file that becomes `pages` long.
///
/// # Errors
/// As [`WritableTree::allocate_pages`].
pub fn create_root(map: &Arc<FileMap>, author: &mut dyn Author, pages: u32) -> Result<WritableTree> {
    let pages = pages.max(ROOTS);
    let (objid, root) = DATABASE_ROOT;
    extend_file(map, author, pages)?;
    let new = NewTree {
        kind: TreeKind::Primary,
        unique: Uniqueness::Unique,
        pages,
        space: SpaceKind::Multiple,
        policy: SpacePolicy::default(),
    };
    map.saw_objid(objid);
    build(map, author, new, Place { objid, parent: 0, extent: Extent { last: pages, count: pages } })?;
    WritableTree::open(map, root, objid, TreeKind::Primary)
}

/// Where a new tree is.
#[derive(Clone, Copy)]
struct Place {
    objid: u32,
    parent: u32,
    extent: Extent,
}

/// Logs and builds the pages of a new tree.
fn build(map: &FileMap, author: &mut dyn Author, new: NewTree, place: Place) -> Result<()> {
    let (first, flags) = (place.extent.first(), new.page_flags());
    let primary_pages = i32::try_from(place.extent.count)
        .map_err(|_| Error::refused(JetError::INVALID_PARAMETER, "pages of a new tree"))?;
    let roots = if new.space == SpaceKind::Multiple { ROOTS } else { 1 };
    let mut pages = NewPages::latch(map, place.objid, first, roots)?;
    let mut records = Vec::new();
    pages.announce(author, &mut records);
    let page = root_operation(map, author, first, flags, DBTIME_NIL);
    let single = CreateSingleExtentFdp {
        page,
        objid: place.objid,
        parent_fdp: place.parent,
        primary_pages,
        page_flags: flags.bits(),
    };
    let multiple = CreateMultipleExtentFdp {
        page,
        objid: place.objid,
        owned_extents_page: first + 1,
        available_extents_page: first + 2,
        parent_fdp: place.parent,
        primary_pages,
        page_flags: flags.bits(),
    };
    records.push(match new.space {
        SpaceKind::Single => Record::CreateSingleExtentFdp(single),
        SpaceKind::Multiple => Record::CreateMultipleExtentFdp(multiple),
    });
    let logged = author.log(map, &records)?;
    let form = map.features().reserved_tags;
    for (role, mut guard) in std::mem::take(&mut pages.guards).into_iter().enumerate() {
        let mut page = pages.blank(&mut guard)?;
        let mut changed = CreatePages::default();
        match (new.space, role) {
            (SpaceKind::Single, _) => apply::create_single_extent_fdp(&single, &mut page, form)?,
            (SpaceKind::Multiple, role) => {
                *match role {
                    0 => &mut changed.root,
                    1 => &mut changed.owned,
                    _ => &mut changed.available,
                } = Some(&mut page);
                apply::create_multiple_extent_fdp(&multiple, changed, form)?;
            }
        }
        guard.mark_changed(logged);
    }
    Ok(())
}

/// Gives all pages of a tree back to its parent. They are not rewritten. Nobody may use the tree any more. Not atomic: a
/// crash in the middle leaks what was not given back yet.
///
/// # Errors
/// Those of the log and of reading pages. What was not given back is then leaked.
pub fn delete_tree(tree: &WritableTree, author: &mut dyn Author) -> Result<()> {
    let space = OwnedSpace::lock(tree)?;
    let extents = match space.space {
        Space::Single { pages, .. } => {
            let last = tree.tree().root().saturating_add(pages.saturating_sub(1));
            vec![Extent { last, count: pages }]
        }
        Space::Multiple { .. } => space.trees()?.owned.all()?,
    };
    tree.map().set_space_policy(tree.tree().root(), SpacePolicy::default());
    let parent = space.parent()?;
    for extent in extents {
        OwnedSpace::lock(&parent)?.free(author, extent)?;
    }
    Ok(())
}
