//! Search inside a page (spec 02 §5.3).

use std::cmp::Ordering;

use ese_format::error::FormatResult;
use ese_format::node::{KeyRef, NodeView, compare_bytes};
use ese_format::page::{IndexedNodes, PageView};

use crate::btree::{KeyHeads, Tree};
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

/// A key that a page is searched for, and how it stands to the page's prefix: worked out once for all its nodes.
struct Sought<'a> {
    key: KeyRef<'a>,
    /// Bytes that it has in common with the prefix.
    common: usize,
    /// How a node stands to it that begins with more of the prefix.
    beyond: Ordering,
}

impl<'a> Sought<'a> {
    #[inline]
    fn on(nodes: &IndexedNodes<'_>, key: KeyRef<'a>) -> Self {
        let prefix = nodes.prefix();
        if prefix.is_empty() {
            return Self { key, common: 0, beyond: Ordering::Equal };
        }
        let common = key.common_prefix(KeyRef::from(prefix));
        let behind = KeyRef::from(prefix.get(common..).unwrap_or_default()).cmp(&key.skip(common));
        Self { key, common, beyond: behind }
    }

    /// A node's key, as it is stored, against the one sought.
    #[inline]
    fn order(&self, prefix: usize, suffix: &[u8]) -> Ordering {
        if prefix > self.common {
            return self.beyond;
        }
        let rest = self.key.skip(prefix);
        if rest.prefix.is_empty() {
            compare_bytes(suffix, rest.suffix)
        } else {
            KeyRef::from(suffix).cmp(&rest)
        }
    }
}

/// The first line of a leaf at or above a bookmark; the number of lines when there is none.
pub(super) fn first_at_or_above(page: &PageView<'_>, key: &[u8], data: Option<&[u8]>) -> FormatResult<usize> {
    first_among(page, None, key, data)
}

/// As [`first_at_or_above`], with the heads of the page's keys where they are known.
pub(super) fn first_among(
    page: &PageView<'_>,
    heads: Option<&KeyHeads>,
    key: &[u8],
    data: Option<&[u8]>,
) -> FormatResult<usize> {
    let nodes = page.indexed_nodes()?;
    let lines = heads.map_or(0..nodes.len(), |heads| heads.lines_like(KeyRef::from(key)));
    let (mut low, mut high) = (lines.start, lines.end);
    if low == high {
        return Ok(low);
    }
    let sought = Sought::on(&nodes, KeyRef::from(key));
    while low < high {
        let middle = low + (high - low) / 2;
        let keys = match nodes.stored_key(middle) {
            Some((prefix, suffix)) => sought.order(prefix, suffix),
            None => nodes.get(middle)?.key().cmp(&sought.key),
        };
        let is_below = match data.filter(|_| keys.is_eq()) {
            Some(data) => nodes.get(middle)?.data < data,
            None => keys.is_lt(),
        };
        if is_below {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// The node of a leaf with this key, and its line, by the heads of the page's keys. `None` where there is none, or it is
/// not in order.
#[inline]
pub(super) fn node_with_key<'p>(
    page: &PageView<'p>,
    heads: &KeyHeads,
    key: &[u8],
) -> Option<(usize, NodeView<'p>)> {
    let key = KeyRef::from(key);
    heads.lines_like(key).find_map(|line| {
        let node = page.node(line).ok()?;
        (node.key() == key).then_some((line, node))
    })
}

/// The line of an internal page to descend through: the first whose separator is above `key` and `data` in one. The
/// last node of the right edge has no key: it is above everything (spec 02 §6.2). The page has lines.
pub(super) fn line_below(
    nodes: &IndexedNodes<'_>,
    heads: Option<&KeyHeads>,
    key: &[u8],
    data: &[u8],
) -> FormatResult<usize> {
    let key = if data.is_empty() { KeyRef::from(key) } else { KeyRef::new(key, data) };
    let last = nodes.len().saturating_sub(1);
    let lines = heads.map_or(0..last, |heads| heads.lines_like(key));
    let (mut low, mut high) = (lines.start.min(last), lines.end.min(last));
    if low == high {
        return Ok(low);
    }
    let sought = Sought::on(nodes, key);
    while low < high {
        let middle = low + (high - low) / 2;
        let is_above = match nodes.stored_key(middle) {
            Some((0, [])) => true,
            Some((prefix, suffix)) => sought.order(prefix, suffix).is_gt(),
            None => {
                let separator = nodes.get(middle)?.key();
                separator.is_empty() || separator > sought.key
            }
        };
        if is_above {
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
        first_among(&page.view(), page.key_heads().map(AsRef::as_ref), key, data)
            .map_err(|error| self.file.format_error(error))
    }
}
