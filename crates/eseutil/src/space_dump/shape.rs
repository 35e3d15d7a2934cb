//! Reads the pages of one tree for the figures of its row.

use ese_engine::btree::Tree;
use ese_engine::error::Result;
use ese_format::error::FormatResult;
use ese_format::long_value::{LongValueKey, LongValueRoot};
use ese_format::node::{NodeFlags, NodeView};
use ese_format::page::{PageFlags, PageView};

use super::long_values::LongValues;
use super::row::Shape;

/// The shape of a tree; long values are told to `long_values` as they are met.
///
/// # Errors
/// Those of reading its pages; corruption where they do not form a tree.
pub(crate) fn read(tree: &Tree, mut long_values: Option<&mut LongValues>) -> Result<Shape> {
    let mut shape = Shape::default();
    let mut leaves = Vec::new();
    tree.visit_pages(&mut |level, page| {
        shape.depth = shape.depth.max(u32::try_from(level).unwrap_or(u32::MAX));
        let view = page.view();
        let added = if view.flags().contains(PageFlags::LEAF) {
            leaves.push(page.number());
            add_leaf(&mut shape, &view, long_values.as_deref_mut())
        } else {
            add_internal(&mut shape, &view)
        };
        added.map_err(|error| tree.file().format_error(error.on_page(page.number())))
    })?;
    shape.data_pages = leaves.len() as u64;
    add_runs(&mut shape, &leaves);
    if let Some(long_values) = long_values {
        long_values.close();
    }
    Ok(shape)
}

fn add_internal(shape: &mut Shape, page: &PageView<'_>) -> FormatResult<()> {
    shape.internal_pages += 1;
    shape.internal_free.add(page.free_bytes() as u64);
    shape.internal_nodes.add(page.line_count() as u64);
    shape.internal_node_histogram.add(page.line_count() as u64);
    for node in page.nodes() {
        let node = node?;
        shape.internal_keys.add(node.key().len() as u64);
        if node.flags.contains(NodeFlags::COMPRESSED) {
            shape.internal_key_compression.add(node.prefix.len() as u64);
        }
    }
    Ok(())
}

/// Runs of neighbouring pages, and how often a scan in key order has to start over further ahead in the file.
fn add_runs(shape: &mut Shape, leaves: &[u32]) {
    let mut length = 0;
    let mut previous = None;
    for page in leaves {
        let continues = previous.is_some_and(|previous: u32| previous.checked_add(1) == Some(*page));
        if !continues {
            if length > 0 {
                shape.run_histogram.add(length);
            }
            shape.runs += 1;
            length = 0;
            if previous.is_none_or(|previous| *page < previous) {
                shape.forward_scans += 1;
            }
        }
        length += 1;
        previous = Some(*page);
    }
    if length > 0 {
        shape.run_histogram.add(length);
    }
}

fn add_leaf(
    shape: &mut Shape,
    page: &PageView<'_>,
    mut long_values: Option<&mut LongValues>,
) -> FormatResult<()> {
    let leaves = &mut shape.leaves;
    leaves.free.add(page.free_bytes() as u64);
    leaves.nodes.add(page.line_count() as u64);
    leaves.node_histogram.add(page.line_count() as u64);
    for node in page.nodes() {
        let node = node?;
        leaves.keys.add(node.key().len() as u64);
        leaves.data.add(node.data.len() as u64);
        if node.flags.contains(NodeFlags::COMPRESSED) {
            leaves.key_compression.add(node.prefix.len() as u64);
        }
        if node.flags.contains(NodeFlags::VERSIONED) {
            leaves.versioned_nodes += 1;
        }
        if node.is_deleted() {
            leaves.unreclaimed.add(node.data.len() as u64);
        } else if let Some(long_values) = long_values.as_deref_mut() {
            add_long_value(long_values, &node, page.number());
        }
    }
    Ok(())
}

/// A node that is neither a root nor a chunk counts as a chunk without a root: a corrupted value.
fn add_long_value(long_values: &mut LongValues, node: &NodeView<'_>, page: u32) {
    match (LongValueKey::decode(&node.key().to_vec()), LongValueRoot::decode(node.data)) {
        (Ok(LongValueKey::Root(id)), Ok(root)) => {
            long_values.root(id.number(), root.reference_count, root.size, page);
        }
        (Ok(LongValueKey::Chunk(id, _)), _) => {
            long_values.chunk(id.number(), node.data.len() as u64, page);
        }
        _ => long_values.chunk(0, 0, page),
    }
}
