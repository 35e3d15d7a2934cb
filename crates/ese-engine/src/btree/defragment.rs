//! Defragmentation of a tree while it is used: leaves that are not full take nodes of their neighbours, leaf by leaf, and
//! those that become empty leave the tree (spec 02 §10.3: the partial merges).
//!
//! What may be done at all is what `merge.rs` says; here nodes also move when only some of them fit. The page then stays,
//! and the pointers above get the new border as their key.

use ese_format::log::record::{MergeFlags, MergeType};
use ese_format::node::{NodeView, separator};
use ese_format::page::PageView;

use crate::btree::cursor::Bookmark;
use crate::btree::merge::{Above, LatchedLeaf, LeafMerge, Moved, Surroundings};
use crate::btree::{Author, WritableTree};
use crate::cache::PageWriteGuard;
use crate::error::Result;

/// Of a page's bytes so many must move for a partial merge: one in ten. Less is not worth its log.
const WORTH_MOVING: usize = 10;

/// What the defragmentation of a leaf did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defragmented {
    /// Pages that left the tree.
    pub pages: u32,
    /// Nodes that went to a neighbour while their page stayed.
    pub nodes: u32,
}

/// Where nodes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Towards {
    Left,
    Right,
}

/// Where the leaf is cut.
struct Border {
    moved: Moved,
    separator: Vec<u8>,
}

impl WritableTree {
    /// Defragments the leaf on which `from` lies, the first one if there is none, and gives the bookmark at which to go on:
    /// of the leaf behind it, `None` at the end of the tree. `needed` is as for [`Self::clean`].
    ///
    /// # Errors
    /// Those of the log, of space and of reading pages. The tree is in order.
    pub fn defragment(
        &self,
        author: &mut dyn Author,
        from: Option<&Bookmark>,
        needed: &dyn Fn(&[u8], &[u8]) -> bool,
    ) -> Result<(Defragmented, Option<Bookmark>)> {
        let (key, data) = from.map_or((&[][..], &[][..]), |from| (&from.key, &from.data));
        let Some(behind) = self.leaf_behind(key, data)? else { return Ok((Defragmented::default(), None)) };
        let pages = self.merge(author, key, data, needed)?;
        let nodes = if pages == 0 { self.merge_some(author, key, data)? } else { 0 };
        Ok((Defragmented { pages, nodes }, behind))
    }

    /// The first bookmark of the leaf behind this one, `None` inside if that is the last; nothing for a tree of one page.
    fn leaf_behind(&self, key: &[u8], data: &[u8]) -> Result<Option<Option<Bookmark>>> {
        let path = self.latch_path(key, data)?;
        let Some((leaf, _)) = path.last().filter(|_| path.len() > 1) else { return Ok(None) };
        let next = leaf.view().next();
        if next == 0 {
            return Ok(Some(None));
        }
        let next = self.tree().file().latch(next)?;
        self.check_right_sibling(&leaf.view(), &next.view())?;
        if next.view().line_count() == 0 {
            return Ok(Some(None));
        }
        let first = self.tree().node(&next, 0)?;
        let data = self.bookmark_data(first.data).to_vec();
        Ok(Some(Some(Bookmark { key: first.key().to_vec(), data })))
    }

    /// Moves what fits to the left sibling, or else to the right one; gives the number of nodes.
    fn merge_some(&self, author: &mut dyn Author, key: &[u8], data: &[u8]) -> Result<u32> {
        let _structure = self.locks().structure.lock();
        let Some(surroundings) = self.surroundings(key, data)? else { return Ok(0) };
        for towards in [Towards::Left, Towards::Right] {
            let moved = self.merge_towards(author, &surroundings, towards)?;
            if moved > 0 {
                return Ok(moved);
            }
        }
        Ok(0)
    }

    fn merge_towards(
        &self,
        author: &mut dyn Author,
        surroundings: &Surroundings,
        towards: Towards,
    ) -> Result<u32> {
        let places = self.pages_that_change(surroundings, towards)?;
        if places.is_empty() {
            return Ok(0);
        }
        let file = self.tree().file();
        let mut above = Vec::with_capacity(places.len());
        for (page, _) in &places {
            above.push(file.latch_write(*page)?);
        }
        let pages = self.latch_leaf_and_siblings(surroundings)?;
        let Some(border) = self.border(author, &pages, towards)? else { return Ok(0) };
        for (page, (_, line)) in above.iter().zip(&places) {
            // The pointer to the left sibling is the one before the leaf's.
            let line = if towards == Towards::Left { line.saturating_sub(1) } else { *line };
            if !self.takes_key(&page.view(), line, &border.separator)? {
                return Ok(0);
            }
        }
        let change = |(page, line): &(u32, usize)| Above {
            page: *page,
            line: *line,
            flags: MergeFlags::KEY_CHANGE,
            separator: border.separator.clone(),
        };
        let changes: Vec<Above> = places.iter().map(change).collect();
        let merge_type = match towards {
            Towards::Left => MergeType::PARTIAL_LEFT,
            Towards::Right => MergeType::PARTIAL_RIGHT,
        };
        let leaf = LeafMerge { merge_type, moved: border.moved, separator: &border.separator };
        self.log_merge(author, &changes, above, pages, leaf)?;
        Ok(border.moved.nodes as u32)
    }

    /// The pages above a leaf whose keys say where it meets the sibling, with the lines that lead to the leaf, the highest
    /// first; none when nothing may move there.
    fn pages_that_change(&self, surroundings: &Surroundings, towards: Towards) -> Result<Vec<(u32, usize)>> {
        let may = match towards {
            Towards::Left => surroundings.left != 0 && surroundings.left_is_sibling_of_one_parent,
            Towards::Right => surroundings.right != 0,
        };
        let mut places = Vec::new();
        if !may {
            return Ok(places);
        }
        for (page, line) in surroundings.path.iter().rev().skip(1) {
            places.push((*page, *line));
            // The key of a page's last pointer is also the key of the pointer to that page.
            let is_last = line + 1 >= self.tree().file().latch(*page)?.view().line_count();
            if towards == Towards::Left || !is_last {
                places.reverse();
                return Ok(places);
            }
        }
        // The last leaf of all has no right sibling: the pages contradict each other, and nothing is touched.
        Ok(Vec::new())
    }

    /// How many nodes go to the sibling; `None` when some may not be touched, or too few would.
    fn border(&self, author: &dyn Author, pages: &LatchedLeaf, towards: Towards) -> Result<Option<Border>> {
        let leaf = pages.leaf.view();
        let sibling = match towards {
            Towards::Left => &pages.left,
            Towards::Right => &pages.right,
        };
        let Some(sibling) = sibling.as_ref().map(PageWriteGuard::view) else { return Ok(None) };
        let mut nodes = Vec::with_capacity(leaf.line_count());
        for node in leaf.nodes() {
            let node = node.map_err(self.on_page())?;
            // The cleanup takes it away, or somebody may want to bring it back.
            if node.is_deleted() {
                return Ok(None);
            }
            nodes.push(node);
        }
        let Some(moved) = self.most_that_fit(author, &nodes, &sibling, towards)? else { return Ok(None) };
        if moved.bytes * WORTH_MOVING < leaf.data_bytes() {
            return Ok(None);
        }
        let first_right = match towards {
            Towards::Left => moved.merge_line + 1,
            Towards::Right => moved.merge_line,
        };
        let (Some(left), Some(right)) =
            (first_right.checked_sub(1).and_then(|line| nodes.get(line)), nodes.get(first_right))
        else {
            return Ok(None);
        };
        Ok(Some(Border { moved, separator: separator(left.key(), left.data, right.key(), right.data) }))
    }

    /// As many nodes from that edge of the leaf as the sibling takes; one stays at least.
    fn most_that_fit(
        &self,
        author: &dyn Author,
        nodes: &[NodeView<'_>],
        sibling: &PageView<'_>,
        towards: Towards,
    ) -> Result<Option<Moved>> {
        let prefix = sibling.key_prefix().map_err(self.on_page())?;
        let mut fitting: Option<Moved> = None;
        for taken in 0..nodes.len().saturating_sub(1) {
            let line = match towards {
                Towards::Left => taken,
                Towards::Right => nodes.len() - 1 - taken,
            };
            let Some(node) = nodes.get(line) else { break };
            let before = fitting.unwrap_or_default();
            let moved = Moved { merge_line: line, ..before.and(self.bytes_beside(author, node, prefix)?) };
            if !self.has_room_for(sibling, &moved) {
                break;
            }
            fitting = Some(moved);
        }
        Ok(fitting)
    }
}
