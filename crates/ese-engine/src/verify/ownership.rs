//! The space of one tree: what it owns lies in what its parent owns, its extents are in order, and each of its pages
//! has one use (spec 02 §12.3–§12.8).

use ese_format::error::JetError;
use ese_format::page::PageFlags;
use ese_format::space::{Extent, Pool, Space, SpaceFlags, SpaceTree};

use crate::btree::Tree;
use crate::space::TreeSpace;
use crate::verify::pages::{Claims, Owner, Use};
use crate::verify::report::{Place, VerifyReport};
use crate::verify::walk::{Walk, Walked};

/// Pages that are never free: root, owned and available extents of the database (spec 02 §12.3).
const FIRST_AVAILABLE: u32 = 4;

/// The parent of a tree in space.
#[derive(Clone, Debug, Default)]
pub(super) struct Parent {
    /// Its root page, 0 above the database root.
    pub(super) root: u32,
    /// What it owns; `None` where that is not known.
    pub(super) owned: Option<Vec<Extent>>,
    /// What its children own so far, with their names.
    children: Vec<(Extent, Place)>,
}

impl Parent {
    /// A parent with these extents.
    pub(super) fn new(root: u32, owned: Option<Vec<Extent>>) -> Self {
        Self { root, owned, children: Vec::new() }
    }

    /// The extents of all children are disjoint.
    pub(super) fn check_children(mut self, report: &mut VerifyReport) {
        self.children.sort_by_key(|(extent, _)| extent.first());
        for pair in self.children.windows(2) {
            if let [(left, other), (right, place)] = pair
                && right.first() <= left.last
            {
                let what = format!(
                    "owns pages {} to {}, and {other} owns pages {} to {}",
                    right.first(),
                    right.last,
                    left.first(),
                    left.last
                );
                report.damage_on(place, right.first(), JetError::SP_OWN_EXT_CORRUPTED, what);
            }
        }
    }
}

/// Walks a tree and its space trees and claims all pages that are its own. Returns what the walk of the tree came to,
/// and what it owns.
pub(super) struct SpaceCheck<'a> {
    pub(super) claims: &'a mut Claims,
    pub(super) report: &'a mut VerifyReport,
    pub(super) dbtime: Option<u64>,
}

impl SpaceCheck<'_> {
    /// Checks what `tree` owns, under `parent`; `depth` is 0 for the database, 1 for a table, 2 below.
    pub(super) fn check(
        &mut self,
        tree: &Tree,
        place: &Place,
        parent: &mut Parent,
        depth: u8,
    ) -> Option<Vec<Extent>> {
        let space = match TreeSpace::read(tree) {
            Ok(space) => space,
            Err(error) => {
                self.claims.is_incomplete = true;
                self.report.failed(&place.part("space"), &error);
                return None;
            }
        };
        self.header(tree, place, &space, parent.root);
        let owned: Vec<_> = space.owned.iter().map(|listed| listed.node.extent).collect();
        self.owned(tree, place, &owned, parent);
        self.claims.add_owner(Owner { place: place.clone(), extents: owned.clone(), depth });
        self.space_trees(tree, place, &space);
        self.available(place, &space, &owned);
        self.split_buffers(place, &space, &owned);
        Some(owned)
    }

    /// Walks a tree whose space was checked, with the pages it may have.
    pub(super) fn walk(
        &mut self,
        tree: &Tree,
        place: &Place,
        owned: Option<&[Extent]>,
        visit: crate::verify::walk::Visit<'_>,
    ) -> Walked {
        self.claims.set_bounds(owned);
        let walked = Walk::new(tree, place, self.claims, self.report, self.dbtime).run(visit);
        self.claims.set_bounds(None);
        self.claims.is_incomplete |= walked.is_damaged;
        self.report.counts.pages += walked.pages;
        walked
    }

    fn header(&mut self, tree: &Tree, place: &Place, space: &TreeSpace, parent_root: u32) {
        let (root, header) = (tree.root(), &space.header);
        let corrupted = JetError::DATABASE_CORRUPTED;
        if header.parent.get() != parent_root {
            let what = format!("the space header names {} as parent, not {parent_root}", header.parent.get());
            self.report.damage_on(place, root, corrupted, what);
        }
        let page_says = match tree.file().latch(root) {
            Ok(page) => page.view().flags().contains(PageFlags::NON_UNIQUE_KEYS),
            Err(_) => return,
        };
        if header.flags().contains(SpaceFlags::NON_UNIQUE) != page_says {
            let what = "space header and page flags disagree about unique keys";
            self.report.damage_on(place, root, corrupted, what);
        }
    }

    fn owned(&mut self, tree: &Tree, place: &Place, owned: &[Extent], parent: &mut Parent) {
        let corrupted = JetError::SP_OWN_EXT_CORRUPTED;
        if !owned.iter().any(|extent| extent.pages().contains(&tree.root())) {
            self.report.damage_on(place, tree.root(), corrupted, "the tree does not own its root page");
        }
        for extent in owned {
            let said = format!("pages {} to {}", extent.first(), extent.last);
            if extent.last > self.claims.pages() {
                let what = format!("owns {said}, beyond the end of the file");
                self.report.damage_on(place, extent.first(), corrupted, what);
            }
            if let Some(above) = &parent.owned
                && !lies_in_one(above, *extent)
            {
                let what = format!("owns {said}, which is no part of one extent of its parent");
                self.report.damage_on(place, extent.first(), corrupted, what);
            }
            parent.children.push((*extent, place.clone()));
        }
    }

    fn space_trees(&mut self, tree: &Tree, place: &Place, space: &TreeSpace) {
        let (Space::Multiple { owned_root, .. }, Some(available_root)) =
            (space.space, space.space.available_root())
        else {
            return;
        };
        let owned: Vec<_> = space.owned.iter().map(|listed| listed.node.extent).collect();
        for (which, root) in [(SpaceTree::Owned, owned_root), (SpaceTree::Available, available_root)] {
            let place = place.part(match which {
                SpaceTree::Owned => "owned extents",
                SpaceTree::Available => "available extents",
            });
            match tree.space_tree(root) {
                Ok(tree) => {
                    self.walk(&tree, &place, Some(&owned), &mut |_, _, _| {});
                }
                Err(error) => {
                    self.claims.is_incomplete = true;
                    self.report.failed(&place, &error);
                }
            }
        }
    }

    fn available(&mut self, place: &Place, space: &TreeSpace, owned: &[Extent]) {
        let corrupted = JetError::SP_AVAIL_EXT_CORRUPTED;
        let is_root = space.header.parent.get() == 0;
        for listed in &space.available {
            let extent = listed.node.extent;
            let said = format!("pages {} to {} are free", extent.first(), extent.last);
            match listed.node.pool {
                Pool::Shelved if is_root => continue,
                Pool::Shelved => {
                    let what = format!("{said} beyond the end of the file, in a tree that is not the root");
                    self.report.damage_on(place, listed.page, corrupted, what);
                    continue;
                }
                Pool::General | Pool::Continuous if extent.count == 0 => continue,
                Pool::General | Pool::Continuous => {}
            }
            if extent.first() < FIRST_AVAILABLE {
                self.report.damage_on(place, listed.page, corrupted, format!("{said}, which none may be"));
            }
            if !lies_in_one(owned, extent) {
                let what = format!("{said} and are no part of one owned extent");
                self.report.damage_on(place, listed.page, corrupted, what);
            }
            self.claim(place, extent, Use::Available);
        }
    }

    fn split_buffers(&mut self, place: &Place, space: &TreeSpace, owned: &[Extent]) {
        for run in space.split_buffers.iter().flat_map(|buffer| buffer.runs).filter(|run| run.count > 0) {
            if !lies_in_one(owned, run) {
                let what = format!("the split buffer's pages {} to {} are not owned", run.first(), run.last);
                self.report.damage_on(place, run.first(), JetError::SP_OWN_EXT_CORRUPTED, what);
            }
            self.claim(place, run, Use::SplitBuffer);
        }
    }

    /// Claims a run, saying no more than once that it is not free to be claimed.
    fn claim(&mut self, place: &Place, extent: Extent, for_use: Use) {
        for page in extent.pages() {
            if !self.claims.claim(page, for_use, place, self.report) {
                return;
            }
        }
    }
}

/// Whether a run lies inside one of the extents, which are ascending.
fn lies_in_one(extents: &[Extent], run: Extent) -> bool {
    let behind = extents.partition_point(|extent| extent.last < run.last);
    extents.get(behind).is_some_and(|extent| extent.first() <= run.first())
}
