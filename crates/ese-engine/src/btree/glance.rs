//! What a cursor does without a latch, or with one only: reading the node it has given the latch of up, going to the node
//! beside on a copy, seeking a node that is plain to see.
//!
//! Each of these says `None` or false where it cannot tell: the page has changed, the node has versions, something is
//! wrong. Nothing has happened then, and the ways of [`super::cursor`] find out.

use ese_format::page::PageFlags;

use crate::btree::cursor::{Place, Released, TreeCursor};
use crate::btree::keepsake::LeafOfNode;
use crate::btree::search::node_with_key;
use crate::btree::{Seen, Target};
use crate::cache::PageGuard;

impl TreeCursor {
    /// The data of the node that was released, and its leaf.
    #[inline]
    pub(crate) fn glance(&self) -> Option<(&[u8], LeafOfNode)> {
        match self.place {
            Place::Released(_) => {
                let (data, flags, leaf) = self.kept.stored()?;
                // In this order: versions are made while the page is latched.
                let is_plain = matches!(self.judge_by_flags(flags), Some(Seen::AsStored));
                (is_plain && self.kept.is_current()).then_some((data, leaf))
            }
            Place::ReleasedPlain { data: (from, to), .. } => {
                // Nobody made a version of the node meanwhile: who does changes the page's stamp.
                let copy = self.copy.as_ref().filter(|copy| copy.stamp().is_current())?;
                Some((copy.bytes().get(from as usize..to as usize)?, LeafOfNode::of_copy(copy)))
            }
            _ => None,
        }
    }

    /// From a node on the copy, released, to the one behind it, released too.
    #[inline]
    pub(crate) fn hop_forward(&mut self) -> bool {
        match self.place {
            Place::ReleasedPlain { line, .. } | Place::ReleasedCopy { line } => self.hop_to(line + 1),
            _ => false,
        }
    }

    /// From a node on the copy, released, to the one in front of it, released too.
    #[inline]
    pub(crate) fn hop_backward(&mut self) -> bool {
        match self.place {
            Place::ReleasedPlain { line, .. } | Place::ReleasedCopy { line } => {
                line.checked_sub(1).is_some_and(|line| self.hop_to(line))
            }
            _ => false,
        }
    }

    #[inline]
    fn hop_to(&mut self, line: usize) -> bool {
        let Some(copy) = &self.copy else { return false };
        let Some((data, flags)) = copy.view().node_place(line) else { return false };
        let is_plain = matches!(self.judge_by_flags(flags), Some(Seen::AsStored));
        if !is_plain || !copy.stamp().is_current() {
            return false;
        }
        self.image = None;
        self.moves = self.moves.saturating_add(1);
        // A page has fewer bytes than a u32 can say.
        self.place = Place::ReleasedPlain { line, data: (data.start as u32, data.end as u32) };
        true
    }

    /// To the node with this key, whose latch is given up at once.
    pub(crate) fn seek_at_once(&mut self, key: &[u8]) -> bool {
        if self.tree.has_duplicate_keys() {
            return false;
        }
        let Some(leaf) = self.leaf_by_way(key) else { return false };
        let view = leaf.view();
        let Some(heads) = leaf.key_heads() else { return false };
        let Some((line, node)) = node_with_key(&view, heads, key) else { return false };
        let is_plain = matches!(self.judge_by_flags(node.flags), Some(Seen::AsStored));
        if !is_plain {
            return false;
        }
        self.go_elsewhere();
        self.hops = 0;
        self.image = None;
        self.bookmark.key.clear();
        self.bookmark.key.extend_from_slice(key);
        self.bookmark.data.clear();
        self.kept.keep(&leaf, &node);
        self.place = Place::Released(Released { page: leaf.number(), line, dbtime: view.dbtime() });
        true
    }

    /// The leaf of a key, by the internal pages that the cursor knows.
    pub(super) fn leaf_by_way(&self, key: &[u8]) -> Option<PageGuard> {
        let (number, passed) = self.way.leaf_towards(self.tree.root(), key)?;
        let leaf = self.tree.file().latch(number).ok()?;
        let view = leaf.view();
        let is_leaf = self.tree.is_member(&view) && view.flags().contains(PageFlags::LEAF);
        (is_leaf && self.way.holds(&passed)).then_some(leaf)
    }

    /// The leaf on which a bookmark lies or would lie; the pages on the way are kept.
    pub(super) fn descend_to(&mut self, key: &[u8], data: &[u8]) -> crate::error::Result<PageGuard> {
        if data.is_empty()
            && let Some(leaf) = self.leaf_by_way(key)
        {
            return Ok(leaf);
        }
        let Self { tree, way, .. } = self;
        way.begin_descent();
        let (_, leaf) = tree.descend_noting(Target::Bookmark { key, data }, &mut |page| way.note(page))?;
        Ok(leaf)
    }
}
