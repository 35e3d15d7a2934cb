//! One level of a merge (spec 06 §9.7, spec 02 §10.3).

use ese_format::log::record::{Merge2, MergeFields, MergeFlags, MergeType};
use ese_format::node::{KeyRef, NodeFlags, NodeImage};
use ese_format::page::PageMut;

use super::{ApplyResult, contradiction, on_page};

/// The pages of the leaf level; those that need the change.
#[derive(Debug, Default)]
pub struct MergePages<'p, 'b> {
    /// The page that loses nodes, or leaves the tree.
    pub page: Option<&'p mut PageMut<'b>>,
    /// Its left sibling.
    pub left: Option<&'p mut PageMut<'b>>,
    /// Its right sibling.
    pub right: Option<&'p mut PageMut<'b>>,
}

/// Where the nodes of a merged leaf go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Destination {
    Nowhere,
    Left,
    Right,
}

/// The nodes that move, and what happens to their page.
struct Plan {
    destination: Destination,
    /// First line that moves, and the one behind the last.
    moved: (usize, usize),
    leaves_the_tree: bool,
}

impl Plan {
    fn of(merge: &MergeFields, lines: usize) -> Option<Self> {
        let line = usize::from(merge.merge_line);
        let (destination, moved, leaves_the_tree) = match merge.merge_type {
            MergeType::EMPTY_PAGE => (Destination::Nowhere, (0, lines), true),
            MergeType::FULL_RIGHT => (Destination::Right, (line, lines), true),
            MergeType::PARTIAL_RIGHT => (Destination::Right, (line, lines), false),
            MergeType::FULL_LEFT => (Destination::Left, (0, line + 1), true),
            MergeType::PARTIAL_LEFT => (Destination::Left, (0, line + 1), false),
            _ => return None,
        };
        (moved.0 <= moved.1 && moved.1 <= lines).then_some(Self { destination, moved, leaves_the_tree })
    }
}

struct MovedNode {
    key: Vec<u8>,
    data: Vec<u8>,
    flags: NodeFlags,
}

/// Merges a leaf with a sibling, or takes an empty one out of the tree. Where nodes move, `page` must be there if their
/// destination is. Every sibling handed in is stamped, also one whose content stays.
///
/// # Errors
/// [`super::ApplyError`] when the pages are not those the record was made for.
pub fn merge_leaf(record: &Merge2<'_>, pages: MergePages<'_, '_>) -> ApplyResult {
    let merge = &record.merge;
    let number = merge.page.page_number;
    let MergePages { page, left, right } = pages;
    let lines = page.as_ref().map_or(usize::from(merge.merge_line) + 1, |page| page.view().line_count());
    let Some(plan) = Plan::of(merge, lines) else {
        return contradiction(number, "a leaf merge of an unknown type, or of lines that the page has not");
    };
    let destination = match plan.destination {
        Destination::Nowhere => None,
        Destination::Left => Some(&left),
        Destination::Right => Some(&right),
    };
    let nodes = match (&page, destination) {
        (Some(page), Some(Some(_))) => moved_nodes(page, plan.moved)?,
        (None, Some(Some(_))) => return contradiction(number, "a merge lacks the page its nodes come from"),
        _ => Vec::new(),
    };
    if let Some(left) = left {
        if plan.destination == Destination::Left {
            take_in(left, left.view().line_count(), &nodes, merge)?;
        }
        if plan.leaves_the_tree {
            left.set_next(merge.right_page);
        }
        left.set_dbtime(merge.page.dbtime);
    }
    if let Some(right) = right {
        if plan.destination == Destination::Right {
            take_in(right, 0, &nodes, merge)?;
        }
        if plan.leaves_the_tree {
            right.set_previous(merge.left_page);
        }
        right.set_dbtime(merge.page.dbtime);
    }
    if let Some(page) = page {
        if plan.leaves_the_tree {
            page.empty();
        } else {
            for line in (plan.moved.0..plan.moved.1).rev() {
                page.delete_line(line).map_err(on_page(number))?;
            }
        }
        page.set_dbtime(merge.page.dbtime);
    }
    Ok(())
}

/// Changes a page above the leaf. `below` is the record of the next lower level: its separator is used here.
///
/// # Errors
/// [`super::ApplyError`] when the page is not the one the record was made for.
pub fn merge_parent(record: &Merge2<'_>, below: &Merge2<'_>, page: &mut PageMut<'_>) -> ApplyResult {
    let (merge, line) = (&record.merge, usize::from(record.merge.page.line));
    let number = page.view().number();
    let below_type = below.merge.merge_type;
    let both = MergeFlags::DELETE_NODE | MergeFlags::KEY_CHANGE;
    if merge.flags.contains(MergeFlags::EMPTY_PAGE) {
        page.empty();
    } else if merge.flags.contains(both) && below_type == MergeType::FULL_LEFT {
        let Some(left_line) = line.checked_sub(1) else {
            return contradiction(number, "a page merged to the left is the first child of its parent");
        };
        let flags = page.view().node(line)?.flags;
        let left_page = below.merge.left_page.to_le_bytes();
        page.replace_data(line, &left_page, flags).map_err(on_page(number))?;
        page.delete_line(left_line).map_err(on_page(number))?;
    } else {
        if merge.flags.contains(MergeFlags::DELETE_NODE) {
            delete_pointer(page, line)?;
        }
        if merge.flags.contains(MergeFlags::KEY_CHANGE) {
            let line = if below_type == MergeType::PARTIAL_LEFT { line.checked_sub(1) } else { Some(line) };
            let Some(line) = line else {
                return contradiction(number, "a page merged to the left is the first child of its parent");
            };
            change_key(page, line, below.separator_key)?;
        }
    }
    page.set_dbtime(merge.page.dbtime);
    Ok(())
}

/// The nodes of these lines that are not deleted.
fn moved_nodes(page: &PageMut<'_>, lines: (usize, usize)) -> ApplyResult<Vec<MovedNode>> {
    let view = page.view();
    let mut nodes = Vec::with_capacity(lines.1 - lines.0);
    for line in lines.0..lines.1 {
        let node = view.node(line)?;
        if !node.is_deleted() {
            nodes.push(MovedNode { key: node.key().to_vec(), data: node.data.to_vec(), flags: node.flags });
        }
    }
    Ok(nodes)
}

fn take_in(page: &mut PageMut<'_>, at: usize, nodes: &[MovedNode], merge: &MergeFields) -> ApplyResult {
    let number = page.view().number();
    let prefix = page.view().key_prefix()?.to_vec();
    for (index, node) in nodes.iter().enumerate() {
        let Ok(image) = NodeImage::for_page(KeyRef::from(&node.key[..]), &node.data, &prefix) else {
            return contradiction(number, "a key is too long for a node");
        };
        let mut counts = [0; 4];
        let flags = image.flags(node.flags);
        page.insert_line(at + index, &image.parts(&mut counts), flags).map_err(on_page(number))?;
    }
    page.set_uncommitted_free_bytes(merge.uncommitted_freed_destination.into());
    Ok(())
}

/// Deletes a pointer; where it was the last one and had the null key, the new last one gets it.
fn delete_pointer(page: &mut PageMut<'_>, line: usize) -> ApplyResult {
    let number = page.view().number();
    let lines = page.view().line_count();
    let takes_null_key = line + 1 == lines && page.view().node(line)?.key().is_empty();
    page.delete_line(line).map_err(on_page(number))?;
    match line.checked_sub(1) {
        Some(last) if takes_null_key => change_key(page, last, &[]),
        _ => Ok(()),
    }
}

/// Stores a pointer again under another key.
fn change_key(page: &mut PageMut<'_>, line: usize, key: &[u8]) -> ApplyResult {
    let number = page.view().number();
    let node = page.view().node(line)?;
    let (data, old_flags) = (node.data.to_vec(), node.flags);
    let prefix = page.view().key_prefix()?.to_vec();
    let Ok(image) = NodeImage::for_page(KeyRef::from(key), &data, &prefix) else {
        return contradiction(number, "a separator is too long for a node");
    };
    let mut counts = [0; 4];
    let flags = image.flags(old_flags);
    page.delete_line(line).map_err(on_page(number))?;
    page.insert_line(line, &image.parts(&mut counts), flags).map_err(on_page(number))
}
