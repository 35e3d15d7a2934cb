//! What a cursor keeps of a leaf when it gives the latch up: a node, or the whole leaf.
//!
//! A cursor that is read from again and again, or moved from node to node, need not latch its leaf each time: what it
//! copied is the page as long as its [`PageStamp`] is current. What a reader sees of a node is judged first and the stamp
//! looked at then: versions are made and taken back under the exclusive latch of the page, and a stamp is not current
//! while somebody has it.

use ese_format::node::{NodeFlags, NodeView};
use ese_format::record::RecordFormat;

use crate::cache::{PageCopy, PageGuard, PageStamp};

/// Largest data of a node that is kept.
const NODE_BYTES_MAX: usize = 1024;

/// Moves in a row, each to the node beside, after which the whole leaf is kept.
pub(super) const MOVES_BEFORE_COPY: u32 = 2;

/// The page a node is on, as far as it says how to read the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafOfNode {
    number: u32,
    format: RecordFormat,
}

impl LeafOfNode {
    pub(super) fn of(page: &PageGuard) -> Self {
        Self { number: page.number(), format: page.record_format() }
    }

    pub(super) fn of_copy(page: &PageCopy) -> Self {
        Self { number: page.number(), format: page.record_format() }
    }

    /// The page's number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How records on the page are stored.
    #[must_use]
    pub fn record_format(&self) -> RecordFormat {
        self.format
    }
}

/// A node that is kept; its key is the bookmark's.
#[derive(Debug, Default)]
pub(super) struct KeptNode {
    leaf: Option<(PageStamp, LeafOfNode)>,
    flags: NodeFlags,
    data: Vec<u8>,
}

impl KeptNode {
    /// Keeps the data of a node, if it is not large.
    pub(super) fn keep(&mut self, page: &PageGuard, node: &NodeView<'_>) {
        self.data.clear();
        if node.data.len() > NODE_BYTES_MAX {
            self.leaf = None;
            return;
        }
        self.flags = node.flags;
        self.data.extend_from_slice(node.data);
        self.leaf = Some((page.stamp(), LeafOfNode::of(page)));
    }

    pub(super) fn forget(&mut self) {
        self.leaf = None;
    }

    pub(super) fn is_current(&self) -> bool {
        self.leaf.as_ref().is_some_and(|(stamp, _)| stamp.is_current())
    }

    /// Data, flags and leaf of the node.
    #[inline]
    pub(super) fn stored(&self) -> Option<(&[u8], NodeFlags, LeafOfNode)> {
        self.leaf.as_ref().map(|(_, leaf)| (self.data.as_slice(), self.flags, *leaf))
    }

    pub(super) fn leaf(&self) -> Option<LeafOfNode> {
        self.leaf.as_ref().map(|(_, leaf)| *leaf)
    }

    /// The node, with the key that the bookmark has.
    pub(super) fn node<'k>(&'k self, key: &'k [u8]) -> NodeView<'k> {
        NodeView { flags: self.flags, prefix: &[], suffix: key, data: &self.data }
    }
}
