//! Cleanup: deleted nodes leave their pages, empty and nearly empty pages leave the tree (spec 02 §10.1–10.2).
//!
//! A node that any transaction may still want to see or bring back is not touched; who knows that is the caller.

use ese_format::error::FormatResult;
use ese_format::log::record::{DiffForm, NodeDelete, Record, Replace, SetExternalHeader};
use ese_format::node::{NodeFlags, NodeView};
use ese_format::page::{PageFlags, PageView};

use crate::apply;
use crate::btree::stamp::Dbtimes;
use crate::btree::{Author, Cleaned, WritableTree};
use crate::cache::PageWriteGuard;
use crate::error::{Error, Result};

/// Whether there is any version of the node with this key, and data in trees with duplicate keys.
pub(super) type Needed<'n> = &'n dyn Fn(&[u8], &[u8]) -> bool;

/// The one byte of data of a deleted node that has to stay on its page.
const FILLER: [u8; 1] = [0];

impl WritableTree {
    /// Cleans the leaf on which this bookmark lies: removes its flag-deleted nodes and the version flags of others where
    /// `needed` (asked with key, and data in trees with duplicate keys, while the leaf is latched) knows no version, and
    /// takes pages out of the tree that became empty or whose nodes fit beside.
    ///
    /// # Errors
    /// Those of the log, of space and of reading pages. The tree is in order, and may be less clean than it could be.
    pub fn clean(
        &self,
        author: &mut dyn Author,
        key: &[u8],
        data: &[u8],
        needed: &dyn Fn(&[u8], &[u8]) -> bool,
    ) -> Result<Cleaned> {
        let mut leaf = self.latch_leaf(key, data)?;
        let nodes = self.remove_deleted(author, &mut leaf, needed)?;
        self.clear_version_flags(&mut leaf, needed)?;
        self.reset_prefix(author, &mut leaf)?;
        let merges = self.may_merge(&leaf.view(), nodes, needed)?;
        drop(leaf);
        let pages = if merges { self.merge(author, key, self.bookmark_data(data), needed)? } else { 0 };
        if merges && pages == 0 {
            self.shrink_last_node(author, key, data, needed)?;
        }
        Ok(Cleaned { nodes, pages })
    }

    /// Whether a deleted node may go for good.
    pub(super) fn is_garbage(&self, node: &NodeView<'_>, needed: Needed<'_>) -> bool {
        if !node.is_deleted() {
            return false;
        }
        let data = self.bookmark_data(node.data);
        !needed(&node.key().to_vec(), data)
    }

    /// Removes the deleted nodes that nobody needs, all but the last line of a page that is not the root.
    fn remove_deleted(
        &self,
        author: &mut dyn Author,
        leaf: &mut PageWriteGuard,
        needed: Needed<'_>,
    ) -> Result<u32> {
        let view = leaf.view();
        let mut left = view.line_count();
        let least = usize::from(!view.flags().contains(PageFlags::ROOT));
        let mut lines = Vec::new();
        for line in (0..view.line_count()).rev() {
            let node = view.node(line).map_err(self.on_page())?;
            if left > least && self.is_garbage(&node, needed) {
                lines.push(line);
                left -= 1;
            }
        }
        if lines.is_empty() {
            return Ok(0);
        }
        let mut before = view.dbtime();
        let mut records = Vec::with_capacity(lines.len());
        for line in &lines {
            let dbtimes = Dbtimes { before, after: self.draw_dbtime(&[view])? };
            let node = self.node_operation(author.stamp(), view.number(), dbtimes, *line, 0);
            records.push(Record::Delete(NodeDelete { node }));
            before = dbtimes.after;
        }
        let logged = author.log(self.map(), &records)?;
        for record in &records {
            apply::node(record, &mut leaf.page())?;
        }
        leaf.mark_changed(logged);
        Ok(lines.len() as u32)
    }

    /// Takes the version flag from nodes of which there is no version any more: readers need not ask for them. Not logged
    /// (spec 02 §11.3).
    fn clear_version_flags(&self, leaf: &mut PageWriteGuard, needed: Needed<'_>) -> Result<()> {
        let mut stale = Vec::new();
        for (line, node) in leaf.view().nodes().enumerate() {
            let node = node.map_err(self.on_page())?;
            if node.flags.contains(NodeFlags::VERSIONED)
                && !needed(&node.key().to_vec(), self.bookmark_data(node.data))
            {
                stale.push((line, node.flags - NodeFlags::VERSIONED));
            }
        }
        let number = leaf.number();
        for (line, flags) in &stale {
            let set = leaf.page().set_line_flags(*line, *flags);
            set.map_err(|error| Error::refused(error.jet(), format!("page {number}: {error}")))?;
        }
        if !stale.is_empty() {
            leaf.mark_untidy();
        }
        Ok(())
    }

    /// Gives up the part of a page's prefix that no node uses (spec 02 §7.3).
    pub(super) fn reset_prefix(&self, author: &mut dyn Author, leaf: &mut PageWriteGuard) -> Result<()> {
        let Some(header) = unused_prefix(&leaf.view()).map_err(self.on_page())? else { return Ok(()) };
        self.log_line(author, leaf, 0, 0, |node| {
            Record::SetExternalHeader(SetExternalHeader { node, header: &header })
        })
    }

    /// Whether a leaf is worth the look at its neighbours that a merge takes: it could go, or lost nodes (`removed`) and is
    /// half empty.
    fn may_merge(&self, leaf: &PageView<'_>, removed: u32, needed: Needed<'_>) -> Result<bool> {
        if leaf.flags().contains(PageFlags::ROOT) {
            return Ok(false);
        }
        let mut garbage = 0;
        for node in leaf.nodes() {
            let node = node.map_err(self.on_page())?;
            garbage += usize::from(self.is_garbage(&node, needed));
        }
        let used = leaf.data_bytes().saturating_sub(leaf.free_bytes());
        Ok(garbage == leaf.line_count() || (removed > 0 && 2 * used <= leaf.data_bytes()))
    }

    /// Gives a deleted node that has to stay, because it is alone on its page, one byte of data. The root of a long value
    /// keeps what it has.
    fn shrink_last_node(
        &self,
        author: &mut dyn Author,
        key: &[u8],
        data: &[u8],
        needed: Needed<'_>,
    ) -> Result<()> {
        if self.tree().has_duplicate_keys() || self.tree().class.contains(PageFlags::LONG_VALUE) {
            return Ok(());
        }
        let mut leaf = self.latch_leaf(key, data)?;
        let view = leaf.view();
        if view.line_count() != 1 || view.flags().contains(PageFlags::ROOT) {
            return Ok(());
        }
        let node = view.node(0).map_err(self.on_page())?;
        if node.data.len() == FILLER.len() || !self.is_garbage(&node, needed) {
            return Ok(());
        }
        // Node data is shorter than a page.
        let (old_length, new_length) = (node.data.len() as u16, FILLER.len() as u16);
        self.log_line(author, &mut leaf, 0, 0, |node| {
            let form = DiffForm::Small;
            Record::Replace(Replace { node, form, old_length, new_length, payload: &FILLER })
        })
    }
}

/// What the prefix of a page should be instead, if a part of it is of no use.
fn unused_prefix(leaf: &PageView<'_>) -> FormatResult<Option<Vec<u8>>> {
    let prefix = leaf.key_prefix()?;
    if prefix.is_empty() || leaf.flags().contains(PageFlags::ROOT) {
        return Ok(None);
    }
    let mut used = 0;
    for node in leaf.nodes() {
        used = used.max(node?.prefix.len());
    }
    let reset = used == 0 || (leaf.line_count() == 1 && used < prefix.len());
    Ok(reset.then(|| prefix.get(..used).unwrap_or_default().to_vec()))
}
