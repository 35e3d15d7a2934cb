//! The file grows (spec 02 §13.7).

use ese_format::log::record::{ExtendDb, Record};
use ese_format::space::{EXTENT_LAST_PAGE_MAX, Extent, Growth, Pool, Space};

use crate::btree::{Author, WritableTree};
use crate::error::Result;
use crate::file_map::FileMap;
use crate::space::allocate::{Fit, Purpose, Wanted};
use crate::space::owned::OwnedSpace;

/// Header pages before page 1; growth is aligned with them counted.
const HEADER_PAGES: u32 = 2;
/// Part of the primary extent that the root grows by.
const SECONDARY_FRACTION: u32 = 4;

impl OwnedSpace<'_> {
    /// Makes the file longer and the new pages the root's; what is returned is in the OE of the root and nowhere else.
    pub(super) fn grow_file(&mut self, author: &mut dyn Author, wanted: Wanted) -> Result<Extent> {
        let extent = self.lengthen_file(author, wanted)?;
        self.trees()?.owned.insert(author, extent)?;
        Ok(extent)
    }

    /// Makes the file longer. The new pages belong to nobody yet.
    pub(super) fn lengthen_file(&self, author: &mut dyn Author, wanted: Wanted) -> Result<Extent> {
        let last = self.trees()?.owned.last()?.map_or(0, |extent| extent.last);
        let pages = self.growth(last, wanted)?;
        let extent = Extent { last: last + pages, count: pages };
        extend_file(self.tree.map(), author, extent.last)?;
        Ok(extent)
    }

    /// By how many pages the file grows behind its last owned page.
    fn growth(&self, last: u32, wanted: Wanted) -> Result<u32> {
        let map = self.tree.map();
        let step = map.extension_pages().max(1);
        let next = match self.space {
            Space::Multiple { growth: Growth::Primary(pages), .. } => pages / SECONDARY_FRACTION,
            Space::Multiple { growth: Growth::LastRequest(pages), .. } => pages,
            Space::Single { .. } => 0,
        };
        let limit = match map.pages_max() {
            0 => EXTENT_LAST_PAGE_MAX,
            pages => pages.min(EXTENT_LAST_PAGE_MAX),
        };
        let room = limit.saturating_sub(last);
        let wished = wanted.preferred.max(step).max(next);
        let mut pages = wished.checked_next_multiple_of(step).unwrap_or(wished);
        let over = (last + HEADER_PAGES) % step;
        if over != 0 {
            pages =
                if pages.saturating_sub(over) >= wanted.min { pages - over } else { pages + (step - over) };
        }
        if room < wanted.min || room == 0 {
            return Err(self.out_of_space());
        }
        Ok(pages.min(room))
    }

    /// Puts new pages of the root, or a new extent of a tree, among the available ones. Pages that a shrink shelved are
    /// not among them: they were given away already (spec 02 §12.3).
    pub(super) fn make_available(&mut self, author: &mut dyn Author, extent: Extent) -> Result<()> {
        let available = self.trees()?.available;
        let mut shelved: Vec<_> = Vec::new();
        if self.is_database_root() {
            shelved = available.pool(Pool::Shelved)?;
            shelved.retain(|page| extent.pages().contains(&page.last));
        }
        let mut first = extent.first();
        for page in shelved {
            self.refill(author)?;
            if page.last > first {
                available.insert(author, Extent { last: page.last - 1, count: page.last - first })?;
            }
            available.remove(author, Pool::Shelved, page.last)?;
            first = page.last + 1;
        }
        if first <= extent.last {
            available.insert(author, Extent { last: extent.last, count: extent.last - first + 1 })?;
        }
        Ok(())
    }
}

/// Makes the file end with page `last`, and logs it. The file grows first: a growth that the disk refuses must not be in
/// the log, where recovery would try it again at every start. After a crash in between the file is longer than its space
/// says; the pages belong to nobody until it grows into them.
pub(super) fn extend_file(map: &FileMap, author: &mut dyn Author, last: u32) -> Result<()> {
    let file = map.file();
    if file.page_count() < last {
        file.set_page_count(last)?;
        file.sync()?;
    }
    let record = Record::ExtendDb(ExtendDb { dbid: map.dbid(), last_page: last });
    author.log(map, &[record]).map(|_| ())
}

/// Makes the database own at least `pages` pages, as JetSetDatabaseSize and JetResizeDatabase ask, and returns how many
/// it owns then. A database is never made smaller.
///
/// # Errors
/// As [`WritableTree::allocate_pages`].
pub fn resize_file(root: &WritableTree, author: &mut dyn Author, pages: u32) -> Result<u32> {
    let mut space = OwnedSpace::lock(root)?;
    let last = space.trees()?.owned.last()?.map_or(0, |extent| extent.last);
    if pages <= last {
        return Ok(last);
    }
    let more = pages - last;
    space.extend_available(
        author,
        Wanted { min: more, preferred: more, purpose: Purpose::Secondary, fit: Fit::Rounded },
    )?;
    Ok(space.trees()?.owned.last()?.map_or(0, |extent| extent.last))
}
