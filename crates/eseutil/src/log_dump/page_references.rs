//! Which database pages a log record is about: for the I/O table, the reference count and the CSV (spec 10 §6.3.1).
//!
//! Invariant: pages are given in the order in which the original lists them; absent pages (number 0) are left out.

use ese_format::log::record::{
    ConvertFields, DBTIME_NIL, EmptyTree, MergeFields, PageMove, PageOperation, Record, SplitFields,
};

/// Whether redo needs what a page held before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The page must be read.
    Read,
    /// The page is new: it is only written.
    Overwrite,
}

/// One page that a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageReference {
    /// Database number.
    pub(crate) dbid: u8,
    /// The page.
    pub(crate) page: u32,
    /// Object id of its tree, 0 where the record does not say.
    pub(crate) objid: u32,
    /// Whether the page is read.
    pub(crate) access: Access,
    /// dbtime of the page before.
    pub(crate) dbtime_before: u64,
    /// dbtime of the page after.
    pub(crate) dbtime_after: u64,
}

impl PageReference {
    /// A page that a record only mentions.
    pub(crate) fn marker(dbid: u8, page: u32, access: Access) -> Self {
        Self { dbid, page, objid: 0, access, dbtime_before: 0, dbtime_after: 0 }
    }
}

/// The pages of one operation that share database, object and the dbtime after.
struct Pages<'a> {
    operation: &'a PageOperation,
    objid: u32,
    found: Vec<PageReference>,
}

impl<'a> Pages<'a> {
    fn of(operation: &'a PageOperation, objid: u32) -> Self {
        Self { operation, objid, found: Vec::new() }
    }

    fn push(&mut self, page: u32, access: Access, dbtime_before: u64) -> &mut Self {
        if page != 0 {
            self.found.push(PageReference {
                dbid: self.operation.dbid,
                page,
                objid: self.objid,
                access,
                dbtime_before,
                dbtime_after: self.operation.dbtime,
            });
        }
        self
    }

    fn itself(&mut self) -> &mut Self {
        self.push(self.operation.page_number, Access::Read, self.operation.dbtime_before)
    }

    fn new_page(&mut self, page: u32) -> &mut Self {
        self.push(page, Access::Overwrite, DBTIME_NIL)
    }

    fn read(&mut self, page: u32, dbtime_before: u64) -> &mut Self {
        self.push(page, Access::Read, dbtime_before)
    }
}

/// The pages that replaying `record` touches.
pub(crate) fn of_record(record: &Record<'_>) -> Vec<PageReference> {
    match record {
        Record::Split(split) => of_split(&split.split),
        Record::Split2(split) => of_split(&split.split),
        Record::Merge(merge) => of_merge(&merge.merge),
        Record::Merge2(merge) => of_merge(&merge.merge),
        Record::EmptyTree(record) => of_empty_tree(record),
        Record::PageMove(record) => of_page_move(record),
        Record::CreateMultipleExtentFdp(record) => {
            let mut pages = Pages::of(&record.page, record.objid);
            pages.itself().new_page(record.owned_extents_page).new_page(record.available_extents_page);
            pages.found
        }
        Record::CreateSingleExtentFdp(record) => {
            let mut pages = Pages::of(&record.page, record.objid);
            pages.new_page(record.page.page_number);
            pages.found
        }
        Record::ConvertFdp(record) => of_convert(&record.convert),
        Record::ConvertFdp2(record) => of_convert(&record.convert),
        Record::NewPage(record) => vec![PageReference {
            objid: record.objid,
            dbtime_before: DBTIME_NIL,
            dbtime_after: record.dbtime,
            ..PageReference::marker(record.dbid, record.page_number, Access::Overwrite)
        }],
        Record::ScanCheck(check) => of_scan(check.dbid, check.page_number, check.page_dbtime),
        Record::ScanCheck2(check) => of_scan(check.dbid, check.page_number, check.page_dbtime),
        Record::ExtentFreed(freed) => of_extent(&freed.extent, 0),
        Record::ExtentFreed2(freed) => of_extent(&freed.extent, freed.dbtime),
        // A before-image for undo changes no page: the original does not count it.
        Record::UndoInfo(_) => Vec::new(),
        _ => record.node_operation().map_or_else(Vec::new, |node| {
            let mut pages = Pages::of(&node.page, node.objid);
            pages.itself();
            pages.found
        }),
    }
}

/// The pages that a record lists without touching them: CSV lines, but no I/O.
pub(crate) fn mentioned(record: &Record<'_>) -> Vec<PageReference> {
    match record {
        Record::MacroInfo(info) => {
            info.pages().map(|page| PageReference::marker(1, page, Access::Read)).collect()
        }
        Record::MacroInfo2(info) => {
            info.pages().map(|page| PageReference::marker(info.dbid, page, Access::Read)).collect()
        }
        Record::UndoInfo(info) => {
            let mut pages = Pages::of(&info.node.page, info.node.objid);
            pages.itself();
            pages.found
        }
        _ => Vec::new(),
    }
}

fn of_split(split: &SplitFields) -> Vec<PageReference> {
    let mut pages = Pages::of(&split.page, split.objid);
    pages
        .itself()
        .new_page(split.new_page)
        .read(split.parent_page, split.parent_dbtime_before)
        .read(split.right_page, split.right_dbtime_before);
    pages.found
}

fn of_merge(merge: &MergeFields) -> Vec<PageReference> {
    let mut pages = Pages::of(&merge.page, merge.objid);
    pages
        .itself()
        .read(merge.right_page, merge.right_dbtime_before)
        .read(merge.left_page, merge.left_dbtime_before)
        .read(merge.parent_page, merge.parent_dbtime_before);
    pages.found
}

fn of_empty_tree(record: &EmptyTree<'_>) -> Vec<PageReference> {
    let mut pages = Pages::of(&record.node.page, record.node.objid);
    pages.itself();
    for page in record.pages() {
        pages.read(page.page_number, page.dbtime_before);
    }
    pages.found
}

fn of_page_move(record: &PageMove<'_>) -> Vec<PageReference> {
    let mut pages = Pages::of(&record.page, record.objid);
    pages
        .itself()
        .new_page(record.destination_page)
        .read(record.parent_page, record.parent_dbtime_before)
        .read(record.left_page, record.left_dbtime_before)
        .read(record.right_page, record.right_dbtime_before);
    pages.found
}

fn of_convert(convert: &ConvertFields) -> Vec<PageReference> {
    let mut pages = Pages::of(&convert.page, convert.objid);
    pages.itself().new_page(convert.owned_extents_page).new_page(convert.available_extents_page);
    pages.found
}

fn of_scan(dbid: u8, page: u32, page_dbtime: u64) -> Vec<PageReference> {
    // "Scan pass finished" names no page.
    if page == ese_format::log::record::SCAN_PASS_FINISHED {
        return Vec::new();
    }
    let reference = PageReference::marker(dbid, page, Access::Read);
    vec![PageReference { dbtime_before: page_dbtime, dbtime_after: page_dbtime, ..reference }]
}

fn of_extent(extent: &ese_format::log::record::FreedExtent, dbtime: u64) -> Vec<PageReference> {
    let reference = PageReference::marker(extent.dbid, extent.first_page, Access::Read);
    vec![PageReference { dbtime_after: dbtime, ..reference }]
}
