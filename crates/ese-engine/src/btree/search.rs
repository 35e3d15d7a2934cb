//! Search inside a page (spec 02 §5.3).

use std::cmp::Ordering;

use ese_format::error::FormatResult;
use ese_format::node::{KeyRef, NodeView};
use ese_format::page::PageView;

use crate::btree::Tree;
use crate::cache::PageGuard;
use crate::error::Result;

/// A leaf's node against a bookmark: key first, then data where keys may be equal. Data `None` compares keys alone
/// (spec 02 §5.2).
#[inline]
pub(super) fn order_of_node(node: &NodeView<'_>, key: &[u8], data: Option<&[u8]>) -> Ordering {
    let keys = node.key().cmp(&KeyRef::from(key));
    match data {
        Some(data) => keys.then_with(|| node.data.cmp(data)),
        None => keys,
    }
}

/// The first line of a leaf at or above a bookmark; the number of lines when there is none.
pub(super) fn first_at_or_above(page: &PageView<'_>, key: &[u8], data: Option<&[u8]>) -> FormatResult<usize> {
    let nodes = page.indexed_nodes()?;
    let (mut low, mut high) = (0, nodes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if order_of_node(&nodes.get(middle)?, key, data).is_lt() {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// The line of an internal page to descend through: the first whose separator is above `key` and `data` in one. The
/// last node of the right edge has no key: it is above everything (spec 02 §6.2). The page has lines.
pub(super) fn line_below(page: &PageView<'_>, key: &[u8], data: &[u8]) -> FormatResult<usize> {
    let sought = if data.is_empty() { KeyRef::from(key) } else { KeyRef::new(key, data) };
    let nodes = page.indexed_nodes()?;
    let (mut low, mut high) = (0, nodes.len().saturating_sub(1));
    while low < high {
        let middle = low + (high - low) / 2;
        let separator = nodes.get(middle)?.key();
        if separator.is_empty() || separator > sought {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

impl Tree {
    /// [`first_at_or_above`] on a latched leaf of this tree.
    pub(super) fn first_line_at_or_above(
        &self,
        page: &PageGuard,
        key: &[u8],
        data: Option<&[u8]>,
    ) -> Result<usize> {
        first_at_or_above(&page.view(), key, data).map_err(|error| self.file.format_error(error))
    }
}
