//! A tree with one extent gets space trees of its own (spec 02 §13.5).

use ese_format::error::{JetError, Problem};
use ese_format::log::record::{ConvertFdp2, ConvertFields, Record};
use ese_format::page::PageFlags;
use ese_format::space::{Extent, Space};

use crate::apply::{self, ConvertPages};
use crate::btree::{Author, WritableTree};
use crate::cache::PageWriteGuard;
use crate::error::Result;
use crate::space::allocate::Wanted;
use crate::space::new_page::{NewPages, root_operation};
use crate::space::owned::OwnedSpace;

/// The roots of both space trees.
const SPACE_ROOTS: u32 = 2;

impl OwnedSpace<'_> {
    /// Converts the tree, with a second extent that has room for what is wanted. One record, three pages.
    pub(super) fn convert(&mut self, author: &mut dyn Author, wanted: Wanted) -> Result<()> {
        let Space::Single { pages, free } = self.space else { return Ok(()) };
        let min = wanted.min.saturating_add(SPACE_ROOTS);
        let preferred = min.max(wanted.preferred).max(self.tree.policy().extent_after(pages));
        let parent = self.parent()?;
        let secondary = OwnedSpace::lock(&parent)?.give(author, Wanted { min, preferred, ..wanted })?;
        self.change_form(author, pages, free, secondary)?;
        self.reload()
    }

    fn change_form(&self, author: &mut dyn Author, pages: u32, free: u32, secondary: Extent) -> Result<()> {
        let (tree, map) = (self.tree, self.tree.map());
        let mut root = map.file().latch_write(tree.tree().root())?;
        let mut new = NewPages::latch(map, tree.tree().objid(), secondary.first(), SPACE_ROOTS)?;
        let flags = root.view().flags();
        let kind =
            flags - (PageFlags::ROOT | PageFlags::LEAF | PageFlags::PARENT_OF_LEAF | PageFlags::SCRUBBED);
        let mut records = Vec::new();
        new.announce(author, &mut records);
        let page = root_operation(map, author, tree.tree().root(), flags, root.view().dbtime());
        check_dbtime(tree, &root, page.dbtime)?;
        let record = ConvertFdp2 {
            convert: ConvertFields {
                page,
                objid: tree.tree().objid(),
                owned_extents_page: secondary.first(),
                available_extents_page: secondary.first() + 1,
                parent_fdp: self.parent_root(),
                secondary_first_page: secondary.first(),
                primary_pages: pages as i32,
                secondary_pages: secondary.count as i32,
            },
            available_bitmap: free,
            page_flags: kind.bits(),
        };
        records.push(Record::ConvertFdp2(record));
        let logged = author.log(map, &records)?;
        let form = map.features().reserved_tags;
        for (role, mut guard) in std::mem::take(&mut new.guards).into_iter().enumerate() {
            let mut page = new.blank(&mut guard)?;
            let mut pages = ConvertPages::default();
            match role {
                0 => pages.owned = Some(&mut page),
                _ => pages.available = Some(&mut page),
            }
            apply::convert_fdp(&record, pages, form)?;
            guard.mark_changed(logged);
        }
        let changed = ConvertPages { root: Some(&mut root.page()), ..ConvertPages::default() };
        apply::convert_fdp(&record, changed, form)?;
        root.mark_changed(logged);
        Ok(())
    }
}

/// The dbtime of a change is above the page's (spec 02 §11.1).
fn check_dbtime(tree: &WritableTree, page: &PageWriteGuard, dbtime: u64) -> Result<()> {
    let found = page.view().dbtime();
    if found < dbtime {
        return Ok(());
    }
    let problem = Problem::OutOfRange { found, min: 0, max: dbtime.saturating_sub(1) };
    Err(tree.tree().file().page_error(page.number(), 8, "dbtime", problem, JetError::DB_TIME_CORRUPTED))
}
