//! Operations on one node, and the undo of each (spec 06 §9.6.2, §11.2).
//!
//! Freed bytes that a rollback may claim are kept in the page's cbUncommittedFree: a versioned replace that shrinks its
//! node adds to it, the undo of one that grows it back takes from it. The value may be too high (a commit does not lower
//! it, nor a growth within the same transaction), never too low: an undo always finds its room.

use ese_format::log::record::{
    FlagInsert, FlagInsertAndReplaceData, Insert, NodeOperation, PageOperationFlags, Record, Replace,
};
use ese_format::node::{KeyRef, NodeFlags, NodeImage, NodeView};
use ese_format::page::{PageFlags, PageMut};

use super::{ApplyResult, contradiction, on_page};

/// Bytes of a counter inside a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeltaWidth {
    /// An i32: Delta.
    Four,
    /// An i64: Delta64.
    Eight,
}

impl DeltaWidth {
    /// Number of bytes.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Four => 4,
            Self::Eight => 8,
        }
    }
}

/// What a version says must be undone on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoneChange<'a> {
    /// The node was inserted: it becomes deleted, and stays.
    Insert,
    /// The node was deleted: it is there again.
    FlagDelete,
    /// Its data was replaced: this was there before.
    Replace {
        /// The data before.
        before: &'a [u8],
    },
    /// `delta` was added to a counter.
    Delta {
        /// Offset of the counter in the data.
        offset: u16,
        /// Bytes of the counter.
        width: DeltaWidth,
        /// What was added.
        delta: i64,
    },
}

/// Applies an Insert, FlagInsert, FlagInsertAndReplaceData, FlagDelete, Replace, ReplaceD, Delete, Delta, Delta64 or
/// SetExternalHeader to its page.
///
/// # Errors
/// [`super::ApplyError`] when page and record contradict each other, or the record is none of these.
pub fn node(record: &Record<'_>, page: &mut PageMut<'_>) -> ApplyResult {
    let number = page.view().number();
    let Some(operation) = record.node_operation() else {
        return contradiction(number, "the record is no operation on a node");
    };
    match record {
        Record::Insert(insert) => insert_node(insert, page)?,
        Record::FlagInsert(flag_insert) => flag_insert_node(flag_insert, page)?,
        Record::FlagInsertAndReplaceData(record) => flag_insert_and_replace(record, page)?,
        Record::FlagDelete(_) => {
            let line = line_of(operation);
            let flags = page.view().node(line)?.flags | NodeFlags::DELETED | versioned(operation);
            page.set_line_flags(line, flags).map_err(on_page(number))?;
        }
        Record::Delete(_) => page.delete_line(line_of(operation)).map_err(on_page(number))?,
        Record::Replace(replace) => {
            if replace.payload.len() != usize::from(replace.new_length) {
                return contradiction(number, "the data of a Replace has another length than it says");
            }
            replace_node(replace, replace.payload, page)?;
        }
        Record::ReplaceD(replace) => {
            let old = page.view().node(line_of(operation))?.data;
            let data = replace.apply(old)?;
            replace_node(replace, &data, page)?;
        }
        Record::Delta(delta) => {
            let key = KeyRef::from(delta.key);
            change_counter(page, operation, key, delta.offset, DeltaWidth::Four, delta.delta.into())?;
        }
        Record::Delta64(delta) => {
            let key = KeyRef::from(delta.key);
            change_counter(page, operation, key, delta.offset, DeltaWidth::Eight, delta.delta)?;
        }
        Record::SetExternalHeader(record) => set_external_header(record.header, page)?,
        _ => return contradiction(number, "the record is no change of one node"),
    }
    page.set_dbtime(operation.page.dbtime);
    Ok(())
}

/// Takes a change of the node on `line` back and stamps `dbtime`: what an Undo record means.
///
/// # Errors
/// [`super::ApplyError`] when there is no such node, or the change does not fit it.
pub fn undo(page: &mut PageMut<'_>, line: usize, undone: UndoneChange<'_>, dbtime: u64) -> ApplyResult {
    let number = page.view().number();
    let node = page.view().node(line)?;
    let flags = node.flags;
    match undone {
        UndoneChange::Insert => {
            page.set_line_flags(line, flags | NodeFlags::DELETED).map_err(on_page(number))?;
        }
        UndoneChange::FlagDelete => {
            page.set_line_flags(line, flags - NodeFlags::DELETED).map_err(on_page(number))?;
        }
        UndoneChange::Replace { before } => {
            let growth = before.len().saturating_sub(node.data.len());
            let reserved = page.view().uncommitted_free_bytes().saturating_sub(growth);
            page.replace_data(line, before, flags).map_err(on_page(number))?;
            page.set_uncommitted_free_bytes(reserved);
        }
        UndoneChange::Delta { offset, width, delta } => {
            add_to_counter(page, line, offset, width, delta.wrapping_neg())?;
        }
    }
    page.set_dbtime(dbtime);
    Ok(())
}

/// The counter at `offset` of a node's data.
#[must_use]
pub fn counter(data: &[u8], offset: u16, width: DeltaWidth) -> Option<i64> {
    let behind = data.get(usize::from(offset)..)?;
    match width {
        DeltaWidth::Four => behind.first_chunk().map(|bytes| i32::from_le_bytes(*bytes).into()),
        DeltaWidth::Eight => behind.first_chunk().map(|bytes| i64::from_le_bytes(*bytes)),
    }
}

/// Adds to the counter at `offset` of the data of the node on `line`, with wrap-around; no dbtime is stamped.
///
/// # Errors
/// [`super::ApplyError`] when the data has no counter there.
pub fn add_to_counter(
    page: &mut PageMut<'_>,
    line: usize,
    offset: u16,
    width: DeltaWidth,
    delta: i64,
) -> ApplyResult {
    let number = page.view().number();
    let Some(old) = counter(page.view().node(line)?.data, offset, width) else {
        return contradiction(number, "a counter lies outside of its node's data");
    };
    let new = old.wrapping_add(delta);
    let result = match width {
        DeltaWidth::Four => page.overwrite_data(line, offset.into(), &(new as i32).to_le_bytes()),
        DeltaWidth::Eight => page.overwrite_data(line, offset.into(), &new.to_le_bytes()),
    };
    result.map_err(on_page(number))
}

fn line_of(operation: &NodeOperation) -> usize {
    operation.page.line.into()
}

/// The version flag, where the operation made a version.
pub(super) fn versioned(operation: &NodeOperation) -> NodeFlags {
    if operation.page.flags.contains(PageOperationFlags::VERSIONED) {
        NodeFlags::VERSIONED
    } else {
        NodeFlags::empty()
    }
}

fn insert_node(record: &Insert<'_>, page: &mut PageMut<'_>) -> ApplyResult {
    let number = page.view().number();
    if page.view().key_prefix()?.get(..record.prefix.len()) != Some(record.prefix) {
        return contradiction(number, "the page does not have the prefix of an inserted key");
    }
    let prefix_length = u16::try_from(record.prefix.len()).ok().filter(|length| *length > 0);
    let image = NodeImage::stored(prefix_length, KeyRef::from(record.suffix), record.data);
    let Ok(image) = image else { return contradiction(number, "an inserted key is too long for a node") };
    if record.data.is_empty() {
        return contradiction(number, "an inserted node has no data");
    }
    let flags = image.flags(versioned(&record.node));
    let mut counts = [0; 4];
    page.insert_line(line_of(&record.node), &image.parts(&mut counts), flags).map_err(on_page(number))
}

/// The node a re-insert names: it must be there, deleted, with that key.
fn deleted_node<'p>(
    page: &'p PageMut<'_>,
    operation: &NodeOperation,
    key: &[u8],
) -> ApplyResult<NodeView<'p>> {
    let view = page.view();
    let node = view.node(line_of(operation))?;
    if !node.is_deleted() || node.key() != KeyRef::from(key) {
        return contradiction(view.number(), "the node of a re-insert is another one, or not deleted");
    }
    Ok(node)
}

fn flag_insert_node(record: &FlagInsert<'_>, page: &mut PageMut<'_>) -> ApplyResult {
    let flags = deleted_node(page, &record.node, record.key)?.flags;
    let flags = (flags - NodeFlags::DELETED) | versioned(&record.node);
    page.set_line_flags(line_of(&record.node), flags).map_err(on_page(page.view().number()))
}

fn flag_insert_and_replace(record: &FlagInsertAndReplaceData<'_>, page: &mut PageMut<'_>) -> ApplyResult {
    let node = deleted_node(page, &record.node, record.key)?;
    let (flags, old_bytes) = ((node.flags - NodeFlags::DELETED) | versioned(&record.node), node.data.len());
    put_data(page, &record.node, record.data, flags, old_bytes)
}

fn replace_node(record: &Replace<'_>, data: &[u8], page: &mut PageMut<'_>) -> ApplyResult {
    let view = page.view();
    let node = view.node(line_of(&record.node))?;
    let old_bytes = node.data.len();
    if old_bytes != usize::from(record.old_length) {
        return contradiction(view.number(), "the data before a replace has another length");
    }
    let flags = node.flags | versioned(&record.node);
    put_data(page, &record.node, data, flags, old_bytes)
}

/// Puts new data into a node and keeps what a rollback would need to undo that.
fn put_data(
    page: &mut PageMut<'_>,
    operation: &NodeOperation,
    data: &[u8],
    flags: NodeFlags,
    old_bytes: usize,
) -> ApplyResult {
    let reserved = page.view().uncommitted_free_bytes();
    page.replace_data(line_of(operation), data, flags).map_err(on_page(page.view().number()))?;
    let is_leaf = page.view().flags().contains(PageFlags::LEAF);
    if is_leaf && !versioned(operation).is_empty() {
        page.set_uncommitted_free_bytes(reserved + old_bytes.saturating_sub(data.len()));
    }
    Ok(())
}

fn change_counter(
    page: &mut PageMut<'_>,
    operation: &NodeOperation,
    key: KeyRef<'_>,
    offset: u16,
    width: DeltaWidth,
    delta: i64,
) -> ApplyResult {
    let (number, line) = (page.view().number(), line_of(operation));
    let node = page.view().node(line)?;
    if node.key() != key {
        return contradiction(number, "the node of a counter is another one");
    }
    let flags = node.flags | versioned(operation);
    add_to_counter(page, line, offset, width, delta)?;
    page.set_line_flags(line, flags).map_err(on_page(number))
}

/// Sets tag 0; a prefix may not lose bytes that nodes of the page use.
fn set_external_header(header: &[u8], page: &mut PageMut<'_>) -> ApplyResult {
    let view = page.view();
    let number = view.number();
    if !view.flags().contains(PageFlags::ROOT) {
        let mut used = 0;
        for node in view.nodes() {
            used = used.max(node?.prefix.len());
        }
        if header.get(..used).is_none() || header.get(..used) != view.key_prefix()?.get(..used) {
            return contradiction(number, "a new prefix does not have what nodes of the page use of it");
        }
    }
    page.set_external_header(&[header]).map_err(on_page(number))
}
