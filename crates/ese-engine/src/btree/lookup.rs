//! The one-shot search: from the root to one node.

use ese_format::node::NodeView;

use crate::btree::search::order_of_node;
use crate::btree::{Target, Tree};
use crate::cache::PageGuard;
use crate::error::Result;

/// A node and the leaf it is on, latched. The node may be flag-deleted.
#[derive(Debug)]
pub struct FoundNode {
    tree: Tree,
    page: PageGuard,
    line: usize,
}

impl FoundNode {
    /// The node.
    ///
    /// # Errors
    /// A node whose lengths contradict each other: `JET_errNodeCorrupted`.
    pub fn node(&self) -> Result<NodeView<'_>> {
        self.tree.node(&self.page, self.line)
    }

    /// The leaf.
    #[must_use]
    pub fn page(&self) -> &PageGuard {
        &self.page
    }

    /// Its line.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}

impl Tree {
    /// The node with this bookmark, flag-deleted or not. `data` counts only in trees with duplicate keys. One descent, no
    /// allocation.
    ///
    /// # Errors
    /// Those of reading pages, and those of a broken tree (spec 02 §8.2).
    pub fn lookup(&self, key: &[u8], data: &[u8]) -> Result<Option<FoundNode>> {
        let data = if self.has_duplicate_keys() { data } else { &[] };
        let (_, page) = self.descend(Target::Bookmark { key, data })?;
        let whole = self.has_duplicate_keys().then_some(data);
        let line = self.first_line_at_or_above(&page, key, whole)?;
        if line >= page.view().line_count() || order_of_node(&self.node(&page, line)?, key, whole).is_ne() {
            return Ok(None);
        }
        Ok(Some(FoundNode { tree: self.clone(), page, line }))
    }
}
