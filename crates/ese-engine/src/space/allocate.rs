//! Pages for a tree's splits, and extents for its children (spec 02 §13.2–§13.6).

use ese_format::error::JetError;
use ese_format::space::{BITMAP_PAGES, Extent, Growth, Pool, Space};

use crate::btree::{Author, WritableTree};
use crate::error::{Error, Result};
use crate::space::owned::OwnedSpace;
use crate::space_policy::{SpacePolicy, SpacePolicyFlags};

/// Pages of a secondary extent at least, once a tree is not small any more.
const SECONDARY_PAGES: u32 = 16;
/// Pages a tree owns at most while it is small, and by how many it then grows.
const SMALL_TREE_PAGES: u32 = 16;
const SMALL_GROWTH_PAGES: u32 = 4;
/// Part of the primary extent that a tree grows by.
const SECONDARY_FRACTION: u32 = 4;
/// A rest of fewer pages than this is given away with the extent it is left of: in a tree, and at the root.
const FRAGMENT_PAGES: u32 = 8;
const ROOT_FRAGMENT_PAGES: u32 = 4;
/// Below these a new tree gets exactly its pages from the root: pages of the database, and where the extent begins.
const SMALL_DATABASE_PAGES: u64 = 254;
const EARLY_PAGES: u32 = 128;

/// What an extent is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The primary extent of a new tree.
    NewTree,
    /// A further extent of a tree.
    Secondary,
}

/// Whether more pages than were asked for may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// So many that no rest is left which is of little use.
    Rounded,
    /// Never: JET_bitSpaceHintsUtilizeExactExtents.
    Exact,
}

impl Fit {
    /// What a tree of this policy wants.
    pub(super) fn of(policy: &SpacePolicy) -> Self {
        if policy.flags.contains(SpacePolicyFlags::EXACT_EXTENTS) { Self::Exact } else { Self::Rounded }
    }
}

/// How many pages are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Fewer are of no use.
    pub(super) min: u32,
    /// So many if they are there.
    pub(super) preferred: u32,
    pub(super) purpose: Purpose,
    pub(super) fit: Fit,
}

impl WritableTree {
    /// Takes pages for the tree from what it owns, near page `near` where that is possible; the tree grows where it has
    /// none. The pages' contents mean nothing. Logged in the author's name, final at once.
    ///
    /// # Errors
    /// `JET_errOutOfDatabaseSpace` at the largest size of the database, `JET_errDiskFull`, and those of the log and of
    /// reading pages. No page is then taken; pages that could not be given back are leaked.
    pub fn allocate_pages(&self, author: &mut dyn Author, near: u32, count: u32) -> Result<Vec<u32>> {
        let mut space = OwnedSpace::lock(self)?;
        let mut pages = Vec::new();
        while (pages.len() as u64) < u64::from(count) {
            match space.take_page(author, near) {
                Ok(page) => pages.push(page),
                Err(error) => {
                    for page in pages {
                        // The first error is the one to tell; a page that cannot be given back is leaked.
                        if let Err(also) = space.free(author, Extent { last: page, count: 1 }) {
                            tracing::warn!(page, error = %also, "a page is leaked");
                        }
                    }
                    return Err(error);
                }
            }
        }
        Ok(pages)
    }
}

impl OwnedSpace<'_> {
    /// One page for the tree itself.
    fn take_page(&mut self, author: &mut dyn Author, near: u32) -> Result<u32> {
        if let Space::Single { pages, free } = self.space {
            if let Some(extent) = self.take_from_bitmap(author, pages, free, 1)? {
                return Ok(extent.last);
            }
            self.convert(author, self.secondary(1))?;
        }
        if let Some(page) = self.take_available(author, near)? {
            return Ok(page);
        }
        self.grow_tree(author)?;
        let page = self.take_available(author, near)?;
        page.ok_or_else(|| self.out_of_space())
    }

    /// The first run of `count` free pages that have a bit (spec 02 §13.2).
    fn take_from_bitmap(
        &mut self,
        author: &mut dyn Author,
        pages: u32,
        free: u32,
        count: u32,
    ) -> Result<Option<Extent>> {
        let bits = pages.saturating_sub(1).min(BITMAP_PAGES);
        if count == 0 || count > bits {
            return Ok(None);
        }
        let run = if count >= 32 { u32::MAX } else { (1u32 << count) - 1 };
        let Some(bit) = (0..=bits - count).find(|bit| free >> bit & run == run) else { return Ok(None) };
        self.set_space(author, Space::Single { pages, free: free & !(run << bit) })?;
        Ok(Some(Extent { last: self.tree.tree().root() + bit + count, count }))
    }

    /// A page of the available extents, near page `near` (spec 02 §13.3).
    fn take_available(&self, author: &mut dyn Author, near: u32) -> Result<Option<u32>> {
        let available = self.trees()?.available;
        let next = near.saturating_add(1);
        let continuous = available.pool(Pool::Continuous)?;
        if let Some(extent) = continuous.into_iter().find(|extent| extent.count > 0 && extent.first() == next)
        {
            return available.take_first(author, Pool::Continuous, extent, 1).map(|taken| Some(taken.last));
        }
        let behind = available.ending_from(next)?;
        let extent = match behind {
            Some(extent) => Some(extent),
            None => available.find(|_| true)?,
        };
        if let Some(extent) = extent {
            return available.take_first(author, Pool::General, extent, 1).map(|taken| Some(taken.first()));
        }
        // Pages kept for contiguous growth elsewhere are better than a new extent.
        let continuous = available.pool(Pool::Continuous)?;
        match continuous.into_iter().find(|extent| extent.count > 0) {
            Some(extent) => {
                available.take_first(author, Pool::Continuous, extent, 1).map(|taken| Some(taken.first()))
            }
            None => Ok(None),
        }
    }

    /// A secondary extent for the tree's own use, of the size that its growth says (spec 02 §13.6).
    fn grow_tree(&mut self, author: &mut dyn Author) -> Result<()> {
        if self.is_database_root() {
            return self.extend_available(author, self.secondary(1));
        }
        let Space::Multiple { owned_root, growth } = self.space else { return Ok(()) };
        let (last, next, is_small) = match growth {
            Growth::Primary(pages) => (pages, pages / SECONDARY_FRACTION, self.is_small(pages)?),
            Growth::LastRequest(pages) => (pages, pages, false),
        };
        let pages = if is_small { SMALL_GROWTH_PAGES } else { next.max(SECONDARY_PAGES) };
        let pages = pages.max(self.tree.policy().extent_after(last));
        if pages != last {
            self.set_space(author, Space::Multiple { owned_root, growth: Growth::LastRequest(pages) })?;
        }
        self.extend_available(author, self.secondary(pages))
    }

    /// A further extent of so many pages, or what there is.
    fn secondary(&self, pages: u32) -> Wanted {
        let fit = Fit::of(self.tree.policy());
        Wanted { min: 1, preferred: pages, purpose: Purpose::Secondary, fit }
    }

    fn is_small(&self, primary_pages: u32) -> Result<bool> {
        Ok(primary_pages < SMALL_TREE_PAGES
            && self.has_small_root()?
            && self.trees()?.owned.pages()? <= u64::from(SMALL_TREE_PAGES))
    }

    /// A new extent, owned and available.
    pub(super) fn extend_available(&mut self, author: &mut dyn Author, wanted: Wanted) -> Result<()> {
        let extent = self.acquire(author, wanted)?;
        if extent.count == 0 {
            return Ok(());
        }
        self.make_available(author, extent)
    }

    /// A new extent, owned: from the parent, or of the file, which grows.
    pub(super) fn acquire(&mut self, author: &mut dyn Author, wanted: Wanted) -> Result<Extent> {
        self.refill(author)?;
        if self.is_database_root() {
            return self.grow_file(author, wanted);
        }
        let parent = self.parent()?;
        let extent = OwnedSpace::lock(&parent)?.give(author, wanted)?;
        self.trees()?.owned.insert(author, extent)?;
        Ok(extent)
    }

    /// An extent for a child (spec 02 §13.4).
    pub(super) fn give(&mut self, author: &mut dyn Author, wanted: Wanted) -> Result<Extent> {
        if let Space::Single { pages, free } = self.space {
            for count in [wanted.preferred, wanted.min] {
                if let Some(extent) = self.take_from_bitmap(author, pages, free, count)? {
                    return Ok(extent);
                }
            }
            // The second extent is made so large that the child's is in it.
            self.convert(author, wanted)?;
            if let Some(extent) = self.take_run(author, wanted)? {
                return Ok(extent);
            }
        }
        if self.serves_children()
            && let Some(extent) = self.take_run(author, wanted)?
        {
            return Ok(extent);
        }
        if !self.is_database_root() {
            // What the parent gives goes through to the child, all of it.
            return self.acquire(author, wanted);
        }
        self.extend_available(author, wanted)?;
        self.take_run(author, wanted)?.ok_or_else(|| self.out_of_space())
    }

    /// The front of the first available extent that is large enough.
    fn take_run(&mut self, author: &mut dyn Author, wanted: Wanted) -> Result<Option<Extent>> {
        let trees = self.trees()?;
        let Some(extent) = trees.available.find(|extent| extent.count >= wanted.min)? else {
            return Ok(None);
        };
        let pages = wanted.preferred.min(extent.count);
        let all = if wanted.fit == Fit::Exact {
            false
        } else if self.is_database_root() {
            let exact = wanted.purpose == Purpose::NewTree
                && extent.first() < EARLY_PAGES
                && trees.owned.pages()? < SMALL_DATABASE_PAGES;
            extent.count < pages + if exact { 1 } else { ROOT_FRAGMENT_PAGES }
        } else {
            extent.count == pages || pages >= FRAGMENT_PAGES && extent.count < pages + FRAGMENT_PAGES
        };
        let pages = if all { extent.count } else { pages };
        trees.available.take_first(author, Pool::General, extent, pages).map(Some)
    }

    pub(super) fn out_of_space(&self) -> Error {
        let about = format!("{}: pages", self.tree.tree().file().path().display());
        Error::refused(JetError::OUT_OF_DATABASE_SPACE, about)
    }
}
