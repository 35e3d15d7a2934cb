//! One level of a split (spec 06 §9.7, spec 02 §9.5–9.6).
//!
//! The lines of the split page, with the operation that caused the split among them, are the *line table*. Its lines from
//! the split line on go to the new page, the others stay:
//!
//! ```text
//! vertical   all lines to the new page; the root keeps one node: null key -> new page
//! right      the first ones stay under a new prefix, the rest go to the new page
//! append     only the new node goes to the new page
//! ```
//!
//! Invariants: node flags move with their nodes; prefixes are those the record names; the pages of one level are
//! independent of each other, save that the new page needs the split page as it was before (from the page itself, or
//! from the record's image: the caller's affair).

use ese_format::log::record::{Record, Split2, SplitFields, SplitOperation, SplitType};
use ese_format::node::{KeyRef, NodeFlags, NodeImage};
use ese_format::page::{PageFlags, PageMut, PageView, ReservedTagForm};

use super::create::start_page;
use super::node::versioned;
use super::{ApplyResult, contradiction, logged_flags, on_page};

/// The pages of one level; those that need the change.
#[derive(Debug, Default)]
pub struct SplitPages<'p, 'b> {
    /// The page that is split, or gets the separator.
    pub source: Option<&'p mut PageMut<'b>>,
    /// The new page.
    pub new: Option<&'p mut PageMut<'b>>,
    /// The old right sibling of a leaf.
    pub right: Option<&'p mut PageMut<'b>>,
}

/// What is done on a level besides splitting it.
#[derive(Clone, Copy, Debug)]
pub enum LevelOperation<'a> {
    /// Nothing.
    None,
    /// A node is inserted in a leaf.
    Insert {
        /// Its key.
        key: KeyRef<'a>,
        /// Its data.
        data: &'a [u8],
        /// Versioned or none.
        flags: NodeFlags,
    },
    /// A leaf node's data is replaced.
    Replace {
        /// The new data.
        data: &'a [u8],
        /// Versioned or none.
        flags: NodeFlags,
    },
    /// A deleted leaf node comes back with other data.
    FlagInsertAndReplaceData {
        /// The new data.
        data: &'a [u8],
        /// Versioned or none.
        flags: NodeFlags,
    },
    /// The level below was split: a pointer to its left half is inserted, the next pointer goes to its right half.
    Child {
        /// The separator.
        separator: &'a [u8],
        /// The page that was split.
        left: u32,
        /// The new page.
        right: u32,
    },
}

impl<'a> LevelOperation<'a> {
    /// The operation of a leaf, from the record that follows its split in the macro.
    #[must_use]
    pub fn of_leaf(record: &Record<'a>) -> Option<Self> {
        Some(match record {
            Record::Insert(insert) => Self::Insert {
                key: KeyRef::new(insert.prefix, insert.suffix),
                data: insert.data,
                flags: versioned(&insert.node),
            },
            Record::Replace(replace) => {
                Self::Replace { data: replace.payload, flags: versioned(&replace.node) }
            }
            Record::FlagInsertAndReplaceData(record) => {
                Self::FlagInsertAndReplaceData { data: record.data, flags: versioned(&record.node) }
            }
            _ => return None,
        })
    }

    /// The operation of a level above the one that this record splits.
    #[must_use]
    pub fn above(below: &Split2<'a>) -> Self {
        Self::Child {
            separator: below.parent_key,
            left: below.split.page.page_number,
            right: below.split.new_page,
        }
    }

    /// Whether the record announces this operation.
    fn agrees_with(&self, operation: SplitOperation) -> bool {
        match self {
            Self::None => operation == SplitOperation::NONE,
            Self::Insert { .. } | Self::Child { .. } => operation == SplitOperation::INSERT,
            Self::Replace { .. } => operation == SplitOperation::REPLACE,
            Self::FlagInsertAndReplaceData { .. } => {
                operation == SplitOperation::FLAG_INSERT_AND_REPLACE_DATA
            }
        }
    }
}

#[derive(Clone, Copy)]
struct TableLine<'a> {
    key: KeyRef<'a>,
    data: &'a [u8],
    flags: NodeFlags,
}

/// The line table, or the part of it that is known.
struct LineTable<'a> {
    /// Number of the first line in `lines`.
    first: usize,
    lines: Vec<TableLine<'a>>,
}

impl<'a> LineTable<'a> {
    fn range(&self, from: usize, to: usize) -> Option<&[TableLine<'a>]> {
        self.lines.get(from.checked_sub(self.first)?..to.checked_sub(self.first)?)
    }
}

/// Splits one level, or gives it the separator of the level below where the record has no new page.
///
/// `new` without `source` is possible where the record needs no image ([`SplitFields::needs_image`]): the new page gets
/// the new node only.
///
/// # Errors
/// [`super::ApplyError`] when the pages are not those the record was made for.
pub fn split_level(
    record: &Split2<'_>,
    operation: &LevelOperation<'_>,
    pages: SplitPages<'_, '_>,
    form: ReservedTagForm,
) -> ApplyResult {
    let split = &record.split;
    if split.is_parent_level() {
        return pages.source.map_or(Ok(()), |page| insert_separator(split, operation, page));
    }
    let number = split.page.page_number;
    if !operation.agrees_with(split.split_operation) {
        return contradiction(number, "a split is followed by another operation than it announces");
    }
    let SplitPages { source, new, right } = pages;
    // The lines of a page that is appended to stay where they are.
    let is_append = split.split_type == SplitType::APPEND
        && split.operation_line == split.split_line
        && matches!(operation, LevelOperation::Insert { .. });
    if is_append && let Some(source) = &source {
        check_append(split, &source.view())?;
    }
    let before = source.as_ref().filter(|_| !is_append);
    let before = before.map(|page| (page.bytes().to_vec(), page.view().size()));
    let pointers = pointers_of(operation);
    let table = match &before {
        Some((bytes, size)) => {
            whole_table(split, operation, &pointers, &PageView::peek(bytes, *size, number)?)?
        }
        None if new.is_some() => inserted_line_only(split, operation)?,
        None => LineTable { first: 0, lines: Vec::new() },
    };
    if let Some(new) = new {
        build_new_page(split, &table, new, form)?;
    }
    if let Some(source) = source {
        change_source(record, &table, source)?;
    }
    if let Some(right) = right {
        right.set_previous(split.new_page);
        right.set_dbtime(split.page.dbtime);
    }
    Ok(())
}

/// Whether the level is one of leaves: its new page says so.
fn is_leaf(split: &SplitFields) -> bool {
    PageFlags::from_bits_retain(split.new_page_flags).contains(PageFlags::LEAF)
}

/// Node data of the two pointers of a [`LevelOperation::Child`].
fn pointers_of(operation: &LevelOperation<'_>) -> [[u8; 4]; 2] {
    match operation {
        LevelOperation::Child { left, right, .. } => [left.to_le_bytes(), right.to_le_bytes()],
        _ => Default::default(),
    }
}

fn whole_table<'a>(
    split: &SplitFields,
    operation: &LevelOperation<'a>,
    pointers: &'a [[u8; 4]; 2],
    page: &PageView<'a>,
) -> ApplyResult<LineTable<'a>> {
    let at = usize::from(split.operation_line);
    let mut lines = Vec::with_capacity(page.line_count() + 1);
    for node in page.nodes() {
        let node = node?;
        lines.push(TableLine { key: node.key(), data: node.data, flags: node.flags });
    }
    let misplaced = || contradiction(page.number(), "the operation of a split is on a line the page has not");
    match *operation {
        LevelOperation::None => {}
        LevelOperation::Insert { key, data, flags } if at <= lines.len() => {
            lines.insert(at, TableLine { key, data, flags });
        }
        LevelOperation::Replace { data, flags } => {
            let Some(line) = lines.get_mut(at) else { return misplaced() };
            *line = TableLine { data, flags: line.flags | flags, ..*line };
        }
        LevelOperation::FlagInsertAndReplaceData { data, flags } => {
            let Some(line) = lines.get_mut(at) else { return misplaced() };
            *line = TableLine { data, flags: (line.flags - NodeFlags::DELETED) | flags, ..*line };
        }
        LevelOperation::Child { separator, .. } => {
            let [left, right] = pointers;
            let Some(next) = lines.get_mut(at) else { return misplaced() };
            next.data = right;
            let key = KeyRef::from(separator);
            lines.insert(at, TableLine { key, data: left, flags: NodeFlags::empty() });
        }
        LevelOperation::Insert { .. } => return misplaced(),
    }
    if lines.len() != usize::from(split.line_count) || usize::from(split.split_line) > lines.len() {
        return contradiction(page.number(), "a split page has another number of lines than the record says");
    }
    Ok(LineTable { first: 0, lines })
}

/// Whether the new node of an append comes behind the last line of its page.
fn check_append(split: &SplitFields, page: &PageView<'_>) -> ApplyResult {
    let lines = page.line_count();
    if usize::from(split.operation_line) > lines {
        return contradiction(page.number(), "the operation of a split is on a line the page has not");
    }
    if usize::from(split.line_count) != lines + 1 || usize::from(split.split_line) != lines {
        return contradiction(page.number(), "a split page has another number of lines than the record says");
    }
    Ok(())
}

/// The table of a split whose new page gets the new node only, without the split page.
fn inserted_line_only<'a>(split: &SplitFields, operation: &LevelOperation<'a>) -> ApplyResult<LineTable<'a>> {
    let lines = match *operation {
        LevelOperation::Insert { key, data, flags }
            if !split.needs_image() && split.operation_line == split.split_line =>
        {
            vec![TableLine { key, data, flags }]
        }
        _ => return contradiction(split.page.page_number, "a split lacks the page that is split"),
    };
    Ok(LineTable { first: split.operation_line.into(), lines })
}

fn build_new_page(
    split: &SplitFields,
    table: &LineTable<'_>,
    page: &mut PageMut<'_>,
    form: ReservedTagForm,
) -> ApplyResult {
    let number = page.view().number();
    start_page(page, split.objid, split.page.dbtime, logged_flags(split.new_page_flags), form)?;
    let Some(lines) = table.range(split.split_line.into(), table.first + table.lines.len()) else {
        return contradiction(number, "no lines go to the new page of a split");
    };
    let mut prefix = Vec::new();
    if let Ok(line) = usize::try_from(split.prefix_line_new) {
        let Some(line) = lines.get(line) else {
            return contradiction(number, "the prefix of a new page is of a line that it has not");
        };
        prefix = line.key.to_vec();
    }
    fill(page, &prefix, lines)?;
    if is_leaf(split) {
        page.set_uncommitted_free_bytes(split.uncommitted_freed_destination.into());
        if split.split_type != SplitType::VERTICAL {
            page.set_previous(split.page.page_number);
            page.set_next(split.right_page);
        }
    }
    Ok(())
}

/// Gives a page without lines this prefix and these lines.
fn fill(page: &mut PageMut<'_>, prefix: &[u8], lines: &[TableLine<'_>]) -> ApplyResult {
    let number = page.view().number();
    page.set_external_header(&[prefix]).map_err(on_page(number))?;
    for (index, line) in lines.iter().enumerate() {
        let Ok(image) = NodeImage::for_page(line.key, line.data, prefix) else {
            return contradiction(number, "a key is too long for a node");
        };
        let mut counts = [0; 4];
        let flags = image.flags(line.flags);
        page.insert_line(index, &image.parts(&mut counts), flags).map_err(on_page(number))?;
    }
    Ok(())
}

fn change_source(record: &Split2<'_>, table: &LineTable<'_>, page: &mut PageMut<'_>) -> ApplyResult {
    let split = &record.split;
    let number = page.view().number();
    match split.split_type {
        SplitType::VERTICAL => make_parent(split, page)?,
        SplitType::RIGHT => {
            let Some(lines) = table.range(0, split.split_line.into()) else {
                return contradiction(number, "no lines stay on a split page");
            };
            page.clear();
            fill(page, record.prefix_new, lines)?;
        }
        SplitType::APPEND => {}
        _ => return contradiction(number, "a split of an unknown type"),
    }
    if is_leaf(split) && split.split_type != SplitType::VERTICAL {
        page.set_next(split.new_page);
        page.set_uncommitted_free_bytes(split.uncommitted_freed_source.into());
    }
    page.set_dbtime(split.page.dbtime);
    Ok(())
}

/// Makes a root the parent of the new page that has its lines now.
fn make_parent(split: &SplitFields, page: &mut PageMut<'_>) -> ApplyResult {
    let number = page.view().number();
    let header = page.view().external_header()?.to_vec();
    let present = page.view().flags();
    page.clear();
    page.set_external_header(&[&header]).map_err(on_page(number))?;
    let child = split.new_page.to_le_bytes();
    let Ok(image) = NodeImage::stored(None, KeyRef::default(), &child) else {
        return contradiction(number, "a null key is too long");
    };
    let mut counts = [0; 4];
    page.insert_line(0, &image.parts(&mut counts), NodeFlags::empty()).map_err(on_page(number))?;
    let flags = logged_flags(split.split_page_flags) | PageFlags::NEW_RECORD_FORMAT;
    page.set_flags(flags.with_flush_type(present.flush_type()));
    Ok(())
}

/// Puts the separator of the level below into a page that is not split itself.
fn insert_separator(
    split: &SplitFields,
    operation: &LevelOperation<'_>,
    page: &mut PageMut<'_>,
) -> ApplyResult {
    let number = page.view().number();
    let LevelOperation::Child { separator, left, right } = *operation else {
        return contradiction(number, "a split level without a new page has no level below");
    };
    let key = KeyRef::from(separator);
    let line = first_line_not_below(&page.view(), key)?;
    let flags = page.view().node(line)?.flags;
    page.replace_data(line, &right.to_le_bytes(), flags).map_err(on_page(number))?;
    let prefix = page.view().key_prefix()?.to_vec();
    let data = left.to_le_bytes();
    let Ok(image) = NodeImage::for_page(key, &data, &prefix) else {
        return contradiction(number, "a separator is too long for a node");
    };
    let mut counts = [0; 4];
    let flags = image.flags(NodeFlags::empty());
    page.insert_line(line, &image.parts(&mut counts), flags).map_err(on_page(number))?;
    page.set_dbtime(split.page.dbtime);
    Ok(())
}

/// The first line of an internal page whose key is not below `key`; a null key is above everything.
fn first_line_not_below(page: &PageView<'_>, key: KeyRef<'_>) -> ApplyResult<usize> {
    let (mut low, mut high) = (0, page.line_count());
    while low < high {
        let middle = low + (high - low) / 2;
        let at = page.node(middle)?.key();
        if at.is_empty() || at >= key {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}
