//! Pages set aside for the splits of a tree's own space trees (spec 02 §13.8).
//!
//! An insert into OE or AE may split it, and the split needs pages before it can say where they come from. So before any
//! insert there is room for it, or there are pages in the tree's split buffer. With room for [`ROOMY_ROOT_BYTES`] on a
//! root that is a leaf, the inserts of one operation fit without a split; that is what the refill itself relies on.
//!
//! [`ROOMY_ROOT_BYTES`]: crate::space::extent_tree::ROOMY_ROOT_BYTES

use ese_format::space::{Extent, Pool};

use crate::btree::Author;
use crate::error::Result;
use crate::space::allocate::{Fit, Purpose, Wanted};
use crate::space::extent_tree::ExtentTree;
use crate::space::owned::OwnedSpace;

/// Free bytes of OE's root while it is a leaf, or pages in its buffer, with which it takes another node for certain.
const SAFE_ROOT_BYTES: usize = 80;
const SAFE_BUFFER_PAGES: u32 = 2;

/// Pages put into a buffer at once, by how many are needed.
const RUN_PAGES: [u32; 3] = [2, 8, 16];

impl OwnedSpace<'_> {
    /// Sees to it that both space trees can take the inserts of one operation. OE's buffer comes first, since filling
    /// AE's may insert into OE.
    pub(super) fn refill(&mut self, author: &mut dyn Author) -> Result<()> {
        let trees = self.trees()?;
        self.refill_tree(author, &trees.owned)?;
        self.refill_tree(author, &trees.available)
    }

    fn refill_tree(&mut self, author: &mut dyn Author, tree: &ExtentTree) -> Result<()> {
        loop {
            let needed = tree.pages_for_splits()?;
            let buffer = tree.split_buffer()?;
            if buffer.pages_left() >= needed {
                return Ok(());
            }
            let pages = RUN_PAGES
                .into_iter()
                .find(|pages| *pages >= needed)
                .unwrap_or_else(|| needed.next_power_of_two());
            let source = self.run_for_splits(author, pages)?;
            if self.owned_takes_an_insert()? {
                self.list(author, source.new_extent)?;
                self.put_into_buffer(author, tree, source.run)?;
            } else {
                self.put_into_buffer(author, tree, source.run)?;
                self.list(author, source.new_extent)?;
            }
            if source.rest.count > 0 {
                self.trees()?.available.insert(author, source.rest)?;
            }
        }
    }

    /// A run of owned pages that are nowhere else: from the available ones where that only shortens an extent, else of a
    /// new extent, which is not listed yet.
    fn run_for_splits(&mut self, author: &mut dyn Author, pages: u32) -> Result<Source> {
        let available = self.trees()?.available;
        if let Some(extent) = available.find(|extent| extent.count > pages)? {
            let run = available.take_first(author, Pool::General, extent, pages)?;
            return Ok(Source { run, new_extent: None, rest: Extent::default() });
        }
        let wanted = Wanted { min: pages, preferred: pages, purpose: Purpose::Secondary, fit: Fit::Rounded };
        let extent = if self.is_database_root() {
            self.lengthen_file(author, wanted)?
        } else {
            let parent = self.parent()?;
            OwnedSpace::lock(&parent)?.give(author, wanted)?
        };
        let (run, rest) = split(extent, pages);
        Ok(Source { run, new_extent: Some(extent), rest })
    }

    /// Whether OE can take another node, by its room or by its buffer (spec 02 §13.8).
    fn owned_takes_an_insert(&self) -> Result<bool> {
        let owned = self.trees()?.owned;
        let has_room = owned.leaf_root_free_bytes()?.is_some_and(|free| free >= SAFE_ROOT_BYTES);
        Ok(has_room || owned.split_buffer()?.pages_left() >= SAFE_BUFFER_PAGES)
    }

    fn list(&self, author: &mut dyn Author, extent: Option<Extent>) -> Result<()> {
        extent.map_or(Ok(()), |extent| self.trees()?.owned.insert(author, extent))
    }

    /// Puts a run into the emptier place of a buffer; what was there becomes available.
    fn put_into_buffer(&self, author: &mut dyn Author, tree: &ExtentTree, run: Extent) -> Result<()> {
        let mut buffer = tree.split_buffer()?;
        let [first, second] = &mut buffer.runs;
        let place = if second.count < first.count { second } else { first };
        let displaced = std::mem::replace(place, run);
        tree.set_split_buffer(author, &buffer)?;
        if displaced.count > 0 {
            self.trees()?.available.insert(author, displaced)?;
        }
        Ok(())
    }
}

/// Pages for a split buffer.
struct Source {
    run: Extent,
    /// The new extent that the run is of, where it is not of an owned one.
    new_extent: Option<Extent>,
    /// What is left of that.
    rest: Extent,
}

/// The first `pages` of an extent, and the rest.
fn split(extent: Extent, pages: u32) -> (Extent, Extent) {
    let count = pages.min(extent.count);
    let run = Extent { last: extent.last - (extent.count - count), count };
    (run, Extent { last: extent.last, count: extent.count - count })
}
