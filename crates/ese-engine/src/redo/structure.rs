//! Redo of splits, merges and moves: changes of several pages, each page by itself (spec 06 §9.7).

use ese_format::log::record::{
    DBTIME_NIL, Merge2, MergeType, NodeOperation, PageMove, PageMoveFlags, Record, Split2, SplitOperation,
    SplitType,
};
use ese_format::node::KeyRef;
use ese_format::page::{PageMut, PageView};

use super::access::{Access, Change, image_error};
use super::database::{RedoDatabase, RedoPage, RedoPages};
use super::node::{at_record, is_versioned, re_insert_versions, version_of};
use super::version_list::NewVersion;
use super::{At, Redo, RedoCounts, RedoSession, log_corrupted};
use crate::apply::{self, LevelOperation, MergePages, MovePages, SplitPages, UndoneChange};
use crate::error::{Error, Result};

/// Pages that one record names, none of them twice; 0 is no page.
pub(super) fn check_distinct(at: At, pages: &[u32]) -> Result<()> {
    let mut named: Vec<u32> = pages.iter().copied().filter(|page| *page != 0).collect();
    named.sort_unstable();
    if named.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(log_corrupted(at.position, "a record names a page twice"));
    }
    Ok(())
}

fn mark<G: RedoPage>(access: &mut Access<G>, at: At) {
    if let Some(page) = access.needed() {
        page.mark_changed(at.position, at.start);
    }
}

impl Redo {
    /// Repeats the records of one macro.
    pub(super) fn macro_records<P: RedoPages>(
        &mut self,
        at: At,
        records: &[Record<'_>],
        database: &mut RedoDatabase<P>,
    ) -> Result<()> {
        let splits: Vec<&Split2<'_>> = records
            .iter()
            .filter_map(|record| if let Record::Split2(split) = record { Some(split) } else { None })
            .collect();
        let merges: Vec<&Merge2<'_>> = records
            .iter()
            .filter_map(|record| if let Record::Merge2(merge) = record { Some(merge) } else { None })
            .collect();
        let moves_root = records.iter().any(|record| matches!(record, Record::RootPageMove(_)));
        match (splits.is_empty(), merges.is_empty(), moves_root) {
            (false, true, false) => {
                let leaf = records.iter().find(|record| record.node_operation().is_some());
                self.split(at, &splits, leaf, database)
            }
            (true, false, false) => merge(&mut self.counts, at, &merges, database),
            (true, true, _) => self.other_macro(at, records, database),
            _ => Err(log_corrupted(at.position, "a macro of several operations")),
        }
    }

    fn split<P: RedoPages>(
        &mut self,
        at: At,
        levels: &[&Split2<'_>],
        leaf: Option<&Record<'_>>,
        database: &mut RedoDatabase<P>,
    ) -> Result<()> {
        for (index, level) in levels.iter().enumerate() {
            match levels.get(index + 1) {
                Some(below) if below.split.is_parent_level() && level.split.is_parent_level() => {}
                Some(below) => {
                    split_level(&mut self.counts, at, level, &LevelOperation::above(below), database)?;
                }
                None => self.split_lowest(at, level, leaf, database)?,
            }
        }
        Ok(())
    }

    /// The lowest level of a split, with the operation that caused it and its versions.
    fn split_lowest<P: RedoPages>(
        &mut self,
        at: At,
        level: &Split2<'_>,
        leaf: Option<&Record<'_>>,
        database: &mut RedoDatabase<P>,
    ) -> Result<()> {
        let operation = match leaf {
            None => LevelOperation::None,
            Some(record) => LevelOperation::of_leaf(record)
                .ok_or_else(|| log_corrupted(at.position, "a split with another operation than a write"))?,
        };
        let replaced = split_level(&mut self.counts, at, level, &operation, database)?;
        let Some((record, node)) = leaf.and_then(|record| Some((record, record.node_operation()?))) else {
            return Ok(());
        };
        if is_versioned(node) {
            self.split_versions(record, node, replaced);
        }
        Ok(())
    }

    fn split_versions(&mut self, record: &Record<'_>, node: &NodeOperation, replaced: Option<Replaced>) {
        let procid = node.page.procid;
        let session = self.sessions.entry(procid).or_insert_with(|| RedoSession::new(procid, &self.held));
        match record {
            Record::Insert(insert) => {
                let key = KeyRef::new(insert.prefix, insert.suffix);
                self.counts.versions += 1;
                session.add_version(&version_of(node, key, insert.data, UndoneChange::Insert));
            }
            Record::FlagInsertAndReplaceData(insert) => {
                let old = replaced.as_ref().map(|old| (old.page, &*old.data));
                re_insert_versions(&mut self.counts, insert, old, session);
            }
            Record::Replace(_) => match replaced {
                Some(Replaced { page, key, data }) => {
                    let change = UndoneChange::Replace { before: &data };
                    self.counts.versions += 1;
                    let version = version_of(node, KeyRef::from(&*key), &data, change);
                    session.add_version(&NewVersion { held_page: Some(page), ..version });
                }
                None => session.defer(node.rceid),
            },
            _ => {}
        }
    }

    /// A macro that neither splits nor merges: the move of a root, or single records.
    fn other_macro<P: RedoPages>(
        &mut self,
        at: At,
        records: &[Record<'_>],
        database: &mut RedoDatabase<P>,
    ) -> Result<()> {
        let owned_root = records.iter().find_map(|record| match record {
            Record::PageMove(page) if page.move_flags.contains(PageMoveFlags::OWNED_EXTENTS_ROOT) => {
                Some(page.destination_page)
            }
            _ => None,
        });
        for record in records {
            match record {
                Record::PageMove(record) => {
                    let is_root = record.move_flags.contains(PageMoveFlags::ROOT);
                    let owned_root = owned_root.filter(|_| is_root);
                    move_page(&mut self.counts, at, record, owned_root, database)?;
                }
                Record::NewPage(_) => super::tree::redo(&mut self.counts, at, record, database)?,
                Record::RootPageMove(_) => {}
                _ => self.node_record(at, record, database)?,
            }
        }
        Ok(())
    }
}

/// The node that a split replaced, as it was.
struct Replaced {
    /// The page it is on after the split.
    page: u32,
    key: Vec<u8>,
    data: Vec<u8>,
}

/// One level; gives the node that is replaced, where the page that holds it needed the change.
fn split_level<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    level: &Split2<'_>,
    operation: &LevelOperation<'_>,
    database: &mut RedoDatabase<P>,
) -> Result<Option<Replaced>> {
    let split = &level.split;
    let after = split.page.dbtime;
    let source_change = Change { page: split.page.page_number, before: split.page.dbtime_before, after };
    let form = database.reserved_tags();
    if split.is_parent_level() {
        let mut source = database.existing(counts, at, source_change)?;
        check_objid(&source, split.objid, at)?;
        let mut page = source.needed().map(RedoPage::page);
        let pages = SplitPages { source: page.as_mut(), ..SplitPages::default() };
        apply::split_level(level, operation, pages, form).map_err(|error| at_record(error, at))?;
        mark(&mut source, at);
        return Ok(None);
    }
    check_distinct(at, &[split.page.page_number, split.new_page, split.right_page])?;
    let mut source = database.existing(counts, at, source_change)?;
    check_objid(&source, split.objid, at)?;
    let mut new = database.built(counts, at, split.new_page, after)?;
    let right_before = split.right_dbtime_before;
    let right_change = Change { page: split.right_page, before: right_before, after };
    let mut right = match split.right_page {
        0 => Access::Absent,
        _ if right_before == DBTIME_NIL => Access::Absent,
        _ => database.existing(counts, at, right_change)?,
    };
    let mut scratch = Vec::new();
    if new.is_needed() && !source.is_needed() && split.needs_image() {
        scratch = database.image(level.before_image(), split.page.page_number)?;
        counts.restored += 1;
    }
    let is_replace = [SplitOperation::REPLACE, SplitOperation::FLAG_INSERT_AND_REPLACE_DATA]
        .contains(&split.split_operation);
    let on_new = split.split_type == SplitType::VERTICAL || split.operation_line >= split.split_line;
    let holder_needed = if on_new { new.is_needed() } else { source.is_needed() };
    let size = database.pages().page_size();
    let mut outside = open_scratch(&mut scratch, size, split.page.page_number, split.objid)?;
    let mut source_page = source.needed().map(RedoPage::page);
    let source_now = source_page.as_mut().or(outside.as_mut());
    let replaced = match &source_now {
        Some(page) if is_replace && holder_needed => {
            let node = page
                .view()
                .node(split.operation_line.into())
                .map_err(|error| Error::refused(error.jet(), error.to_string()))?;
            let page = if on_new { split.new_page } else { split.page.page_number };
            Some(Replaced { page, key: node.key().to_vec(), data: node.data.to_vec() })
        }
        _ => None,
    };
    let mut new_page = new.needed().map(RedoPage::page);
    let mut right_page = right.needed().map(RedoPage::page);
    let pages = SplitPages { source: source_now, new: new_page.as_mut(), right: right_page.as_mut() };
    apply::split_level(level, operation, pages, form).map_err(|error| at_record(error, at))?;
    mark(&mut source, at);
    mark(&mut new, at);
    mark(&mut right, at);
    Ok(replaced)
}

/// The source of moved nodes as it was before its record, checked, beside the database: the page itself is newer and stays so,
/// since records that brought it there may be of transactions that redo does not repeat.
fn open_scratch(
    scratch: &mut [u8],
    size: ese_format::page_size::PageSize,
    number: u32,
    objid: u32,
) -> Result<Option<PageMut<'_>>> {
    if scratch.is_empty() {
        return Ok(None);
    }
    let view =
        PageView::parse(scratch, size, number).map_err(|error| image_error(number, error.to_string()))?;
    if view.objid() != objid {
        return Err(image_error(number, "is of another tree".to_owned()));
    }
    let page = PageMut::open(scratch, size, number);
    page.map(Some).map_err(|error| Error::refused(error.jet(), error.to_string()))
}

fn check_objid<G: RedoPage>(access: &Access<G>, objid: u32, at: At) -> Result<()> {
    match access {
        Access::Needed(page) if page.view().objid() != objid => {
            Err(log_corrupted(at.position, "a page belongs to another tree than its record"))
        }
        _ => Ok(()),
    }
}

fn merge<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    levels: &[&Merge2<'_>],
    database: &mut RedoDatabase<P>,
) -> Result<()> {
    let Some((leaf, above)) = levels.split_last() else { return Ok(()) };
    for (level, below) in above.iter().zip(levels.iter().skip(1)) {
        let page = &level.merge.page;
        let change = Change { page: page.page_number, before: page.dbtime_before, after: page.dbtime };
        let mut access = database.existing(counts, at, change)?;
        check_objid(&access, level.merge.objid, at)?;
        if let Some(page) = access.needed() {
            apply::merge_parent(level, below, &mut page.page()).map_err(|error| at_record(error, at))?;
        }
        mark(&mut access, at);
    }
    merge_leaf(counts, at, leaf, database)
}

fn merge_leaf<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    leaf: &Merge2<'_>,
    database: &mut RedoDatabase<P>,
) -> Result<()> {
    let merge = &leaf.merge;
    let (number, after) = (merge.page.page_number, merge.page.dbtime);
    check_distinct(at, &[number, merge.left_page, merge.right_page])?;
    let change = Change { page: number, before: merge.page.dbtime_before, after };
    let mut page = database.existing(counts, at, change)?;
    check_objid(&page, merge.objid, at)?;
    let mut sibling = |page: u32, before: u64| {
        if page == 0 || before == DBTIME_NIL {
            return Ok(Access::Absent);
        }
        database.existing(counts, at, Change { page, before, after })
    };
    let mut left = sibling(merge.left_page, merge.left_dbtime_before)?;
    let mut right = sibling(merge.right_page, merge.right_dbtime_before)?;
    check_objid(&left, merge.objid, at)?;
    check_objid(&right, merge.objid, at)?;
    let goes_right = [MergeType::FULL_RIGHT, MergeType::PARTIAL_RIGHT].contains(&merge.merge_type);
    let destination_needed = if goes_right { right.is_needed() } else { left.is_needed() };
    let mut scratch = Vec::new();
    if merge.needs_image() && destination_needed && !page.is_needed() {
        scratch = database.image(leaf.before_image(), number)?;
        counts.restored += 1;
    }
    let mut outside = open_scratch(&mut scratch, database.pages().page_size(), number, merge.objid)?;
    let mut page_now = page.needed().map(RedoPage::page);
    let (mut left_now, mut right_now) =
        (left.needed().map(RedoPage::page), right.needed().map(RedoPage::page));
    let pages = MergePages {
        page: page_now.as_mut().or(outside.as_mut()),
        left: left_now.as_mut(),
        right: right_now.as_mut(),
    };
    apply::merge_leaf(leaf, pages).map_err(|error| at_record(error, at))?;
    mark(&mut page, at);
    mark(&mut left, at);
    mark(&mut right, at);
    Ok(())
}

/// Moves a page that is no root.
pub(super) fn page_move<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    record: &PageMove<'_>,
    database: &mut RedoDatabase<P>,
) -> Result<()> {
    move_page(counts, at, record, None, database)
}

/// Moves a page; a root whose owned-extent tree moves with it learns where to.
fn move_page<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    record: &PageMove<'_>,
    owned_root: Option<u32>,
    database: &mut RedoDatabase<P>,
) -> Result<()> {
    let (number, after) = (record.page.page_number, record.page.dbtime);
    let named = [number, record.destination_page, record.parent_page, record.left_page, record.right_page];
    check_distinct(at, &named)?;
    let change = Change { page: number, before: record.page.dbtime_before, after };
    let mut source = database.existing(counts, at, change)?;
    check_objid(&source, record.objid, at)?;
    let mut destination = database.built(counts, at, record.destination_page, after)?;
    let mut other = |page: u32, before: u64| database.existing(counts, at, Change { page, before, after });
    let mut parent = other(record.parent_page, record.parent_dbtime_before)?;
    let mut left = other(record.left_page, record.left_dbtime_before)?;
    let mut right = other(record.right_page, record.right_dbtime_before)?;
    let size = database.pages().page_size();
    let mut scratch = Vec::new();
    if destination.is_needed() && !source.is_needed() {
        scratch = apply::move_source_image(record, size).map_err(|error| at_record(error, at))?;
        counts.restored += 1;
    }
    let mut outside = open_scratch(&mut scratch, size, number, record.objid)?;
    let mut source_now = source.needed().map(RedoPage::page);
    let mut destination_now = destination.needed().map(RedoPage::page);
    let mut others = [&mut parent, &mut left, &mut right].map(|access| access.needed().map(RedoPage::page));
    let [parent_now, left_now, right_now] = &mut others;
    let pages = MovePages {
        source: source_now.as_mut().or(outside.as_mut()),
        destination: destination_now.as_mut(),
        parent: parent_now.as_mut(),
        left: left_now.as_mut(),
        right: right_now.as_mut(),
    };
    apply::page_move(record, pages).map_err(|error| at_record(error, at))?;
    if let (Some(page), Some(owned_root)) = (&mut destination_now, owned_root) {
        apply::set_owned_extents_root(page, owned_root).map_err(|error| at_record(error, at))?;
    }
    for access in [&mut source, &mut destination, &mut parent, &mut left, &mut right] {
        mark(access, at);
    }
    Ok(())
}
