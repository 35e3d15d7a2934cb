//! What making a tree and converting one have in common: records about new pages, and blank pages.

use ese_format::log::record::{NewPage, PageOperation, PageOperationFlags, Record};
use ese_format::page::{PageFlags, PageMut};

use crate::btree::Author;
use crate::cache::PageWriteGuard;
use crate::error::Result;
use crate::file_map::FileMap;

/// Pages that are becoming those of one object.
pub(super) struct NewPages<'m> {
    pub(super) map: &'m FileMap,
    pub(super) objid: u32,
    pub(super) guards: Vec<PageWriteGuard>,
}

impl<'m> NewPages<'m> {
    /// Latches `count` pages from `first` on. Until they are changed nothing of them stays.
    pub(super) fn latch(map: &'m FileMap, objid: u32, first: u32, count: u32) -> Result<Self> {
        let guards = (first..first.saturating_add(count)).map(|page| map.file().latch_new(page));
        Ok(Self { map, objid, guards: guards.collect::<Result<_>>()? })
    }

    /// The records that come before the first use of the pages, where the log has such (spec 05 §8.9).
    pub(super) fn announce(&self, author: &dyn Author, records: &mut Vec<Record<'_>>) {
        if !self.map.features().new_page_records {
            return;
        }
        records.extend(self.guards.iter().map(|guard| {
            Record::NewPage(NewPage {
                procid: author.stamp().procid,
                dbid: self.map.dbid(),
                page_number: guard.number(),
                objid: self.objid,
                dbtime: self.map.next_dbtime(),
            })
        }));
    }

    /// The page of one of the guards, blank. What builds it sets its dbtime.
    pub(super) fn blank<'g>(&self, guard: &'g mut PageWriteGuard) -> Result<PageMut<'g>> {
        let (file, page) = (self.map.file(), guard.number());
        PageMut::allocate(guard.buffer(), file.page_size(), page, self.objid, 0)
            .map_err(|error| file.format_error(error.on_page(page)))
    }
}

/// The beginning of a record about the root of a tree whose pages have these flags, with a new dbtime.
pub(super) fn root_operation(
    map: &FileMap,
    author: &dyn Author,
    root: u32,
    flags: PageFlags,
    dbtime_before: u64,
) -> PageOperation {
    let stamp = author.stamp();
    let mut operation_flags = PageOperationFlags::empty();
    operation_flags.set(PageOperationFlags::UNIQUE, !flags.contains(PageFlags::NON_UNIQUE_KEYS));
    PageOperation {
        procid: stamp.procid,
        dbid: map.dbid(),
        page_number: root,
        dbtime: map.next_dbtime(),
        dbtime_before,
        trx_begin0: stamp.trx_begin0,
        level: stamp.level,
        line: 0,
        flags: operation_flags,
    }
}
