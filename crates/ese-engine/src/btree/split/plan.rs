//! What a split will do, level by level, decided from the pages alone (spec 02 §9.2–9.6).
//!
//! A plan begins at the highest page that changes and ends at the leaf, or higher: when a level has to be split without
//! the separator that the level below wants to give it, nothing happens below, and the change is tried again afterwards.

use ese_format::error::JetError;
use ese_format::log::record::{SplitOperation, SplitType};
use ese_format::node::{KeyRef, NodeImage, NodeView, separator};
use ese_format::page::{PageFlags, PageView, TAG_BYTES, TAGS_MAX};

use super::line_table::{Cut, Half, LineTable, TableOperation, usable_bytes};
use crate::error::{Error, Result};

/// A page of the path from the root, and the line that leads down.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathPage<'a> {
    pub(super) page: PageView<'a>,
    pub(super) line: usize,
}

/// What happens to one page of the path.
#[derive(Debug)]
pub(super) struct LevelPlan {
    pub(super) page: u32,
    pub(super) line: usize,
    /// How it is split; `None` when it only takes the separator of the level below.
    pub(super) split: Option<SplitPlan>,
}

/// How a page is split.
#[derive(Debug)]
pub(super) struct SplitPlan {
    pub(super) split_type: SplitType,
    pub(super) operation: SplitOperation,
    pub(super) split_line: usize,
    pub(super) line_count: usize,
    pub(super) prefix_line_split: Option<usize>,
    pub(super) prefix_line_new: Option<usize>,
    pub(super) prefix_old: Vec<u8>,
    pub(super) prefix_new: Vec<u8>,
    pub(super) separator: Vec<u8>,
    pub(super) claim_source: usize,
    pub(super) claim_new: usize,
    pub(super) new_flags: PageFlags,
    pub(super) source_flags: PageFlags,
}

/// A plan, or the reason why there is none.
#[derive(Debug)]
pub(super) enum Planned {
    /// From the highest page that changes downwards. `done`: the leaf operation is part of it.
    Plan { levels: Vec<LevelPlan>, done: bool },
    /// A page above the ones given would have to change.
    NeedsHigher,
}

/// The operation on the leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeafOperation<'a> {
    pub(super) table: TableOperation<'a>,
    pub(super) split: SplitOperation,
}

/// Which cut suits an internal page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Below {
    /// The leaf was appended to.
    Appends,
    Other,
}

/// Plans the split of the last page of `path`.
///
/// # Errors
/// `JET_errRecordTooBig` when no split can make room, and nodes whose lengths contradict each other.
pub(super) fn plan(
    path: &[PathPage<'_>],
    operation: &LeafOperation<'_>,
    most: &dyn Fn(&NodeView<'_>) -> usize,
) -> Result<Planned> {
    plan_level(path, operation.table, operation.split, Below::Other, most)
}

/// Plans a vertical split of the root alone, to make room in it.
pub(super) fn plan_root(root: &PageView<'_>, most: &dyn Fn(&NodeView<'_>) -> usize) -> Result<LevelPlan> {
    let (split, _) = vertical(root, TableOperation::None, SplitOperation::NONE, most)?;
    Ok(LevelPlan { page: root.number(), line: 0, split: Some(split) })
}

fn plan_level(
    path: &[PathPage<'_>],
    operation: TableOperation<'_>,
    kind: SplitOperation,
    below: Below,
    most: &dyn Fn(&NodeView<'_>) -> usize,
) -> Result<Planned> {
    let Some((this, above)) = path.split_last() else { return Ok(Planned::NeedsHigher) };
    let page = &this.page;
    let line = match operation {
        TableOperation::None => 0,
        TableOperation::Insert { line, .. } | TableOperation::Replace { line, .. } => line,
    };
    let number = page.number();
    if page.flags().contains(PageFlags::ROOT) {
        let (split, done) = vertical(page, operation, kind, most)?;
        let line = if done { line } else { 0 };
        return Ok(Planned::Plan {
            levels: vec![LevelPlan { page: number, line, split: Some(split) }],
            done,
        });
    }
    let (split, done) = sideways(page, operation, kind, below, most)?;
    let Some(parent) = above.last() else { return Ok(Planned::NeedsHigher) };
    let line = if done { line } else { 0 };
    let level = |split| LevelPlan { page: number, line, split: Some(split) };
    if takes_separator(&parent.page, &split.separator)? {
        let receives = LevelPlan { page: parent.page.number(), line: parent.line, split: None };
        return Ok(Planned::Plan { levels: vec![receives, level(split)], done });
    }
    let child = [0; 4];
    let insert = TableOperation::Insert { line: parent.line, key: &split.separator, data: &child };
    let appends = split.split_type == SplitType::APPEND || below == Below::Appends;
    let below = if appends { Below::Appends } else { Below::Other };
    match plan_level(above, insert, SplitOperation::INSERT, below, most)? {
        Planned::Plan { mut levels, done: true } => {
            levels.push(level(split));
            Ok(Planned::Plan { levels, done })
        }
        other => Ok(other),
    }
}

/// Whether an internal page has room for a pointer with this separator.
fn takes_separator(page: &PageView<'_>, separator: &[u8]) -> Result<bool> {
    let prefix = page.key_prefix().map_err(damaged)?;
    let image = NodeImage::for_page(KeyRef::from(separator), &[0; 4], prefix);
    let bytes = image.map_err(|error| Error::refused(error, "a separator"))?.len() + TAG_BYTES;
    Ok(bytes <= page.free_bytes() && page.tag_count() < TAGS_MAX)
}

fn damaged(error: ese_format::error::FormatError) -> Error {
    Error::refused(error.jet(), error.to_string())
}

fn hopeless(page: &PageView<'_>) -> Error {
    Error::refused(JetError::RECORD_TOO_BIG, format!("no split of page {} makes room", page.number()))
}

fn prefix_line(half: &Half) -> Option<usize> {
    half.prefix.map(|prefix| prefix.line)
}

/// The split of a root: all its lines go to a page below.
pub(super) fn vertical(
    page: &PageView<'_>,
    operation: TableOperation<'_>,
    kind: SplitOperation,
    most: &dyn Fn(&NodeView<'_>) -> usize,
) -> Result<(SplitPlan, bool)> {
    let table = LineTable::of(page, operation, most).map_err(damaged)?;
    let whole = table.half(0, table.len());
    let (table, whole, kind) = if table.fits(&whole) {
        (table, whole, kind)
    } else {
        let table = LineTable::of(page, TableOperation::None, most).map_err(damaged)?;
        let whole = table.half(0, table.len());
        if !table.fits(&whole) || table.len() == 0 {
            return Err(hopeless(page));
        }
        (table, whole, SplitOperation::NONE)
    };
    let flags = page.flags();
    let was_leaf = flags.contains(PageFlags::LEAF);
    let mut source_flags = flags - PageFlags::LEAF - PageFlags::REPAIR - PageFlags::PARENT_OF_LEAF;
    source_flags.set(PageFlags::PARENT_OF_LEAF, was_leaf);
    let plan = SplitPlan {
        split_type: SplitType::VERTICAL,
        operation: kind,
        split_line: 0,
        line_count: table.len(),
        prefix_line_split: None,
        prefix_line_new: prefix_line(&whole),
        prefix_old: Vec::new(),
        prefix_new: Vec::new(),
        separator: Vec::new(),
        claim_source: 0,
        claim_new: whole.claim,
        new_flags: flags - PageFlags::ROOT,
        source_flags,
    };
    let done = kind != SplitOperation::NONE || matches!(operation, TableOperation::None);
    Ok((plan, done))
}

/// The split of any other page, into itself and a right sibling.
pub(super) fn sideways(
    page: &PageView<'_>,
    operation: TableOperation<'_>,
    kind: SplitOperation,
    below: Below,
    most: &dyn Fn(&NodeView<'_>) -> usize,
) -> Result<(SplitPlan, bool)> {
    let is_leaf = page.flags().contains(PageFlags::LEAF);
    if let TableOperation::Insert { line, key, data } = operation
        && is_leaf
        && line == page.line_count()
        && line > 0
        && page.next() == 0
    {
        return Ok((append(page, key, data)?, true));
    }
    let table = LineTable::of(page, operation, most).map_err(damaged)?;
    if let Some((cut, with_operation)) = choose_cut(page, &table, operation, below, is_leaf)
        && with_operation
    {
        return Ok((right(page, &table, &cut, kind, is_leaf)?, true));
    }
    let whole = LineTable::of(page, TableOperation::None, most).map_err(damaged)?;
    let hot = hot_point(&table, operation, is_leaf).and_then(|line| whole.cut_at(line));
    let cut = hot.or_else(|| whole.even_cut()).or_else(|| whole.any_cut()).ok_or_else(|| hopeless(page))?;
    Ok((right(page, &whole, &cut, SplitOperation::NONE, is_leaf)?, false))
}

/// The line of an insert that follows others one behind the other.
fn hot_point(table: &LineTable<'_>, operation: TableOperation<'_>, is_leaf: bool) -> Option<usize> {
    match operation {
        TableOperation::Insert { line, .. } if is_leaf && table.is_hot_point(line) => Some(line),
        _ => None,
    }
}

/// Where to cut a table with the operation in it, and whether that is wanted: a hot point in the middle of a page is
/// split off without the operation.
fn choose_cut(
    page: &PageView<'_>,
    table: &LineTable<'_>,
    operation: TableOperation<'_>,
    below: Below,
    is_leaf: bool,
) -> Option<(Cut, bool)> {
    if let Some(line) = hot_point(table, operation, is_leaf) {
        if line + 1 == table.len()
            && let Some(cut) = table.cut_at(line)
        {
            return Some((cut, true));
        }
        if line + 1 < table.len() {
            return None;
        }
    }
    if below == Below::Appends
        && let Some(cut) = table.last_cut()
    {
        return Some((cut, true));
    }
    let prepends =
        is_leaf && page.previous() == 0 && matches!(operation, TableOperation::Insert { line: 0, .. });
    if prepends && let Some(cut) = table.cut_at(1) {
        return Some((cut, true));
    }
    table.even_cut().map(|cut| (cut, true))
}

/// The new node alone goes to a new last page.
fn append(page: &PageView<'_>, key: &[u8], data: &[u8]) -> Result<SplitPlan> {
    const PREFIX_COUNT: usize = 2;
    const LINE_OVERHEAD: usize = 6;
    let lines = page.line_count();
    let last = page.node(lines - 1).map_err(damaged)?;
    let with_prefix = LINE_OVERHEAD + PREFIX_COUNT + key.len() + data.len();
    let prefixed = key.len() > PREFIX_COUNT && with_prefix <= usable_bytes(page);
    Ok(SplitPlan {
        split_type: SplitType::APPEND,
        operation: SplitOperation::INSERT,
        split_line: lines,
        line_count: lines + 1,
        prefix_line_split: None,
        prefix_line_new: prefixed.then_some(0),
        prefix_old: Vec::new(),
        prefix_new: Vec::new(),
        separator: separator(last.key(), last.data, KeyRef::from(key), data),
        claim_source: page.uncommitted_free_bytes(),
        claim_new: 0,
        new_flags: page.flags(),
        source_flags: page.flags(),
    })
}

fn right(
    page: &PageView<'_>,
    table: &LineTable<'_>,
    cut: &Cut,
    operation: SplitOperation,
    is_leaf: bool,
) -> Result<SplitPlan> {
    let prefix_line_split = prefix_line(&cut.left);
    Ok(SplitPlan {
        split_type: SplitType::RIGHT,
        operation,
        split_line: cut.line,
        line_count: table.len(),
        prefix_line_split,
        prefix_line_new: prefix_line(&cut.right),
        prefix_old: page.key_prefix().map_err(damaged)?.to_vec(),
        prefix_new: prefix_line_split.map_or_else(Vec::new, |line| table.key(line)),
        // Between leaves the shortest separator; an internal page gives up the key of the last line that stays.
        separator: if is_leaf { table.separator(cut.line) } else { table.key(cut.line - 1) },
        claim_source: if is_leaf { cut.left.claim } else { 0 },
        claim_new: if is_leaf { cut.right.claim } else { 0 },
        new_flags: page.flags(),
        source_flags: page.flags(),
    })
}
