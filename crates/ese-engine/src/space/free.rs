//! Pages go back (spec 02 §13.9).

use ese_format::error::{JetError, Problem};
use ese_format::space::{BITMAP_PAGES, Extent, Pool, Space};

use crate::btree::{Author, WritableTree};
use crate::error::Result;
use crate::space::owned::OwnedSpace;

impl WritableTree {
    /// Gives the tree back pages that no page of it points at any more. An extent that is free as a whole goes back to the
    /// parent. Logged in the author's name, final at once.
    ///
    /// # Errors
    /// `JET_errSPAvailExtCorrupted` when one of them is free already; those of the log and of reading pages. The pages are
    /// then leaked, which is tolerated.
    pub fn free_pages(&self, author: &mut dyn Author, first: u32, count: u32) -> Result<()> {
        if first == 0 || count == 0 {
            return Ok(());
        }
        let last = first.saturating_add(count - 1);
        OwnedSpace::lock(self)?.free(author, Extent { last, count })
    }
}

impl OwnedSpace<'_> {
    /// Takes a run back.
    pub(super) fn free(&mut self, author: &mut dyn Author, run: Extent) -> Result<()> {
        match self.space {
            Space::Single { pages, free } => self.set_bits(author, pages, free, run),
            Space::Multiple { .. } => self.free_into_trees(author, run),
        }
    }

    fn set_bits(&mut self, author: &mut dyn Author, pages: u32, free: u32, run: Extent) -> Result<()> {
        let root = self.tree.tree().root();
        let mut bits = 0u32;
        for page in run.pages() {
            match page.checked_sub(root.saturating_add(1)) {
                Some(bit) if bit < BITMAP_PAGES && bit < pages.saturating_sub(1) => bits |= 1 << bit,
                // Not of this tree, or without a bit: such a page counts as free already.
                _ => return Ok(()),
            }
        }
        if free & bits != 0 {
            return Err(self.is_free(run));
        }
        self.set_space(author, Space::Single { pages, free: free | bits })
    }

    fn free_into_trees(&mut self, author: &mut dyn Author, run: Extent) -> Result<()> {
        self.refill(author)?;
        let trees = self.trees()?;
        let owner = trees.owned.ending_from(run.last)?;
        let Some(owner) = owner.filter(|owner| owner.first() <= run.first()) else {
            let (first, root) = (run.first(), self.tree.tree().root());
            tracing::warn!(
                first,
                count = run.count,
                root,
                "pages that are freed are not of one owned extent"
            );
            return Ok(());
        };
        let mut joined = self.join_continuous(author, run, owner)?;
        let behind = trees.available.ending_from(joined.first())?;
        if behind.is_some_and(|behind| behind.first() <= joined.last) {
            return Err(self.is_free(run));
        }
        if let Some(before) = trees.available.ending_with(joined.first() - 1)?
            && before.first() >= owner.first()
        {
            trees.available.remove(author, Pool::General, before.last)?;
            joined.count += before.count;
        }
        let after = behind.filter(|after| after.first() == joined.last + 1 && after.last <= owner.last);
        if let Some(after) = after {
            joined = Extent { last: after.last, count: joined.count + after.count };
        }
        if joined == owner && !self.is_database_root() {
            return self.return_extent(author, owner, after.is_some());
        }
        match after {
            Some(_) => trees.available.set_count(author, Pool::General, joined),
            None => trees.available.insert(author, joined),
        }
    }

    /// A place kept for contiguous growth that begins where the run ends goes into the run.
    fn join_continuous(&self, author: &mut dyn Author, run: Extent, owner: Extent) -> Result<Extent> {
        let available = self.trees()?.available;
        for extent in available.pool(Pool::Continuous)? {
            let is_marker = extent.count == 0 && extent.last == run.last;
            let is_behind = extent.count > 0 && extent.first() == run.last + 1 && extent.last <= owner.last;
            if is_marker || is_behind {
                available.remove(author, Pool::Continuous, extent.last)?;
                let last = if is_behind { extent.last } else { run.last };
                return Ok(Extent { last, count: run.count + extent.count });
            }
        }
        Ok(run)
    }

    /// An extent that is free as a whole leaves AE, then OE, and goes to the parent.
    fn return_extent(&mut self, author: &mut dyn Author, extent: Extent, is_listed: bool) -> Result<()> {
        let trees = self.trees()?;
        if is_listed {
            trees.available.remove(author, Pool::General, extent.last)?;
        }
        trees.owned.remove(author, Pool::General, extent.last)?;
        let parent = self.parent()?;
        OwnedSpace::lock(&parent)?.free(author, extent)
    }

    fn is_free(&self, run: Extent) -> crate::error::Error {
        let problem = Problem::Invalid("is free already");
        let jet = JetError::SP_AVAIL_EXT_CORRUPTED;
        self.tree.tree().file().page_error(run.first(), 0, "freed page", problem, jet)
    }
}
