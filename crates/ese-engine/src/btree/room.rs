//! Whether a change fits on a page, and what of its free bytes a rollback may claim (spec 02 §9.1, §11.3).
//!
//! cbUncommittedFree of a leaf is the sum, over the nodes with uncommitted replaces, of what the longest before-image has
//! more than the node has now. A change may use the rest of the free bytes only, so that a rollback never splits. A commit
//! leaves the sum too high; it is counted anew when it stands in the way.

use ese_format::node::{NodeFlags, NodeView};
use ese_format::page::{PageView, TAGS_MAX};

use crate::btree::{Author, WritableTree};
use crate::cache::PageWriteGuard;
use crate::error::Result;

/// What a change needs of a leaf.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Need {
    /// Bytes it takes; negative when it gives some back.
    pub(super) bytes: isize,
    /// Change of what a rollback may claim.
    pub(super) claim: isize,
    /// Bytes that must stay free besides.
    pub(super) spare: usize,
    /// Tags it takes.
    pub(super) tags: usize,
    /// Bytes of an inserted key that the page's prefix gives.
    pub(super) prefix: usize,
}

impl WritableTree {
    /// Bytes of data that a rollback may put into this node.
    pub(super) fn rollback_bytes(&self, author: &dyn Author, node: &NodeView<'_>) -> usize {
        if !node.flags.contains(NodeFlags::VERSIONED) || self.tree().has_duplicate_keys() {
            return 0;
        }
        author.rollback_bytes(self, &node.key().to_vec())
    }

    /// The same for the nodes of this page: where nothing may be claimed nobody has to be asked.
    pub(super) fn rollback_bytes_on(
        &self,
        author: &dyn Author,
        page: &PageView<'_>,
        node: &NodeView<'_>,
    ) -> usize {
        if page.uncommitted_free_bytes() == 0 { 0 } else { self.rollback_bytes(author, node) }
    }

    /// Bytes that a rollback may claim for this node.
    pub(super) fn claim(&self, author: &dyn Author, node: &NodeView<'_>) -> usize {
        self.rollback_bytes(author, node).saturating_sub(node.data.len())
    }

    /// Bytes that rollbacks may claim on this page.
    pub(super) fn claims(&self, author: &dyn Author, leaf: &PageView<'_>) -> Result<usize> {
        let mut sum = 0;
        if leaf.uncommitted_free_bytes() == 0 {
            return Ok(0);
        }
        for node in leaf.nodes() {
            sum += self.claim(author, &node.map_err(self.on_page())?);
        }
        Ok(sum)
    }

    /// Whether a leaf has room; its claims are counted anew if they stand in the way.
    pub(super) fn has_room(
        &self,
        author: &dyn Author,
        leaf: &mut PageWriteGuard,
        need: &Need,
    ) -> Result<bool> {
        let view = leaf.view();
        if view.tag_count() + need.tags > TAGS_MAX {
            return Ok(false);
        }
        if is_free(&view, need) {
            return Ok(true);
        }
        if view.uncommitted_free_bytes() == 0 {
            return Ok(false);
        }
        let claims = self.claims(author, &view)?;
        if claims < view.uncommitted_free_bytes() {
            leaf.page().set_uncommitted_free_bytes(claims);
            leaf.mark_untidy();
        }
        Ok(is_free(&leaf.view(), need))
    }

    /// Sets the claims of a leaf after a change.
    pub(super) fn add_claim(&self, leaf: &mut PageWriteGuard, before: usize, change: isize) {
        leaf.page().set_uncommitted_free_bytes(before.saturating_add_signed(change));
    }
}

fn is_free(view: &PageView<'_>, need: &Need) -> bool {
    let claimed = view.uncommitted_free_bytes().saturating_add_signed(need.claim);
    view.free_bytes() as isize - need.bytes >= (need.spare + claimed) as isize
}
