//! A place in a tree and the moves from it.
//!
//! A cursor on a node keeps that leaf latched, so that what it gives out are slices of the page itself. Whoever stays
//! on a node without reading it calls [`TreeCursor::release`]: the cursor then remembers the bookmark, page and dbtime,
//! and finds its place again with the next call: on the same line if the page has not changed, else by bookmark. It
//! also keeps a copy of the node, or of the leaf when it is moving along it, and needs no latch at all while that is
//! what the page holds (see [`super::keepsake`]).

use std::sync::Arc;

use ese_format::error::{JetError, Problem};
use ese_format::node::{NodeFlags, NodeView};
use ese_format::page::PageFlags;

use crate::btree::keepsake::{KeptNode, LeafOfNode, MOVES_BEFORE_COPY};
use crate::btree::search::order_of_node;
use crate::btree::way::Way;
use crate::btree::{Seen, Target, Tree, Visibility};
use crate::cache::{PageCopy, PageGuard};
use crate::error::Result;

/// Hops from leaf to leaf with neighbouring numbers after which a scan reads ahead.
const HOPS_BEFORE_READ_AHEAD: u32 = 2;

/// Key and data that name a node. Data counts only in trees with duplicate keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bookmark {
    /// The whole key.
    pub key: Vec<u8>,
    /// The data of a node in a tree with duplicate keys, else empty.
    pub data: Vec<u8>,
}

/// What a seek found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekOutcome {
    /// A node with the key sought.
    Equal,
    /// The first node above it.
    Greater,
    /// Nothing at or above it: the cursor is after the last node.
    Nothing,
}

#[derive(Debug)]
pub(super) enum Place {
    BeforeFirst,
    AfterLast,
    On {
        page: PageGuard,
        line: usize,
    },
    /// On the node that was kept, [`TreeCursor::kept`], which is as it is in the page.
    OnKept(Released),
    /// On a line of [`TreeCursor::copy`], which was the page when the cursor went there.
    OnCopy {
        line: usize,
    },
    /// The node of [`TreeCursor::bookmark`].
    Released(Released),
    /// The node on a line of [`TreeCursor::copy`].
    ReleasedCopy {
        line: usize,
    },
    /// The same, where the reader sees the node as it is stored; its data lies there in the copy.
    ReleasedPlain {
        line: usize,
        data: (u32, u32),
    },
}

/// Where a node was when its latch was given up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Released {
    pub(super) page: u32,
    pub(super) line: usize,
    pub(super) dbtime: u64,
}

/// What a copy says of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copied {
    Seen,
    Hidden,
    /// It has not as many lines.
    Beyond,
    /// It is not the page any more.
    Stale,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// A cursor over the nodes of a tree that its reader sees: without a [`Visibility`], those that are not flag-deleted.
#[derive(Debug)]
pub struct TreeCursor {
    pub(super) tree: Tree,
    sight: Option<Arc<dyn Visibility>>,
    pub(super) place: Place,
    /// The data of the node the cursor is on, where its reader sees other data than the page holds.
    pub(super) image: Option<Vec<u8>>,
    /// The node that was released; kept so that its buffers are used again.
    pub(super) bookmark: Bookmark,
    /// The node that was released, with the bookmark's key, while the page is known to hold it.
    pub(super) kept: KeptNode,
    /// The leaf that the cursor moves along.
    pub(super) copy: Option<PageCopy>,
    /// The internal pages that it came by.
    pub(super) way: Way,
    /// Moves in a row to the node beside.
    pub(super) moves: u32,
    /// Leaves hopped over since the cursor was last placed: more than the file has pages means going round in a circle.
    pub(super) hops: u32,
    /// Hops to the neighbouring page number in a row.
    neighbour_hops: u32,
    /// The page up to which reading ahead was done.
    read_ahead_to: u32,
}

impl TreeCursor {
    pub(super) fn new(tree: Tree) -> Self {
        Self {
            tree,
            sight: None,
            place: Place::BeforeFirst,
            image: None,
            bookmark: Bookmark::default(),
            kept: KeptNode::default(),
            copy: None,
            way: Way::default(),
            moves: 0,
            hops: 0,
            neighbour_hops: 0,
            read_ahead_to: 0,
        }
    }

    /// From now on the cursor sees what this reader sees. Not to be called on a latched node: [`Self::release`] first.
    pub fn set_visibility(&mut self, sight: Arc<dyn Visibility>) {
        self.sight = Some(sight);
    }

    /// The node the cursor is on or, after [`Self::release`], was on; whether or not it is still there.
    ///
    /// # Errors
    /// As [`Self::node`].
    pub fn bookmark(&self) -> Result<Option<Bookmark>> {
        match &self.place {
            Place::Released(_) | Place::OnKept(_) => Ok(Some(self.bookmark.clone())),
            Place::On { page, line } => {
                let node = self.tree.node(page, *line)?;
                let data = if self.tree.has_duplicate_keys() { node.data.to_vec() } else { Vec::new() };
                Ok(Some(Bookmark { key: node.key().to_vec(), data }))
            }
            Place::OnCopy { line } | Place::ReleasedCopy { line } | Place::ReleasedPlain { line, .. } => {
                let mut bookmark = Bookmark::default();
                self.take_bookmark(&self.copied_node(*line)?, &mut bookmark);
                Ok(Some(bookmark))
            }
            Place::BeforeFirst | Place::AfterLast => Ok(None),
        }
    }

    /// The tree it walks.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// To the first node. False when there is none; the cursor is then before the first.
    ///
    /// # Errors
    /// Those of reading pages, and those of a broken tree (spec 02 §8.2). After an error the cursor is before the first.
    pub fn move_first(&mut self) -> Result<bool> {
        self.go_elsewhere();
        self.move_next()
    }

    /// To the last node. False when there is none; the cursor is then after the last.
    ///
    /// # Errors
    /// As [`Self::move_first`].
    pub fn move_last(&mut self) -> Result<bool> {
        self.go_elsewhere();
        self.place = Place::AfterLast;
        self.move_previous()
    }

    /// To the next node; from before the first to the first. False at the end; the cursor is then after the last.
    ///
    /// # Errors
    /// As [`Self::move_first`].
    pub fn move_next(&mut self) -> Result<bool> {
        self.step(Direction::Forward)
    }

    /// To the node before; from after the last to the last. False at the beginning; the cursor is then before the first.
    ///
    /// # Errors
    /// As [`Self::move_first`].
    pub fn move_previous(&mut self) -> Result<bool> {
        self.step(Direction::Backward)
    }

    /// To the first node at or above a bookmark. With empty `data` that is the first node with this key or a greater one.
    ///
    /// # Errors
    /// As [`Self::move_first`].
    pub fn seek(&mut self, key: &[u8], data: &[u8]) -> Result<SeekOutcome> {
        self.go_elsewhere();
        self.hops = 0;
        let mut page = self.descend_to(key, data)?;
        let whole = self.tree.has_duplicate_keys().then_some(data);
        let mut line = self.tree.first_line_at_or_above(&page, key, whole)?;
        // Separators compare key and data as one string, leaves as two: for a key that has a stored key as its beginning
        // they disagree, and the descent ends too far to the left (spec 02 §5.2).
        while line >= page.view().line_count() {
            let Some(next) = self.next_leaf(page)? else {
                self.place = Place::AfterLast;
                return Ok(SeekOutcome::Nothing);
            };
            page = next;
            line = self.tree.first_line_at_or_above(&page, key, whole)?;
        }
        if !self.settle(page, line)? {
            return Ok(SeekOutcome::Nothing);
        }
        let whole = whole.filter(|data| !data.is_empty());
        let equal = self.node()?.is_some_and(|node| order_of_node(&node, key, whole).is_eq());
        Ok(if equal { SeekOutcome::Equal } else { SeekOutcome::Greater })
    }

    /// The cursor is about to be placed anew.
    pub(super) fn go_elsewhere(&mut self) {
        self.place = Place::BeforeFirst;
        self.copy = None;
        self.moves = 0;
    }

    /// The node the cursor is on, with the data that its reader sees.
    ///
    /// # Errors
    /// A node whose lengths contradict each other: `JET_errNodeCorrupted`.
    pub fn node(&self) -> Result<Option<NodeView<'_>>> {
        let (page, line) = match &self.place {
            Place::On { page, line } => (page, *line),
            Place::OnCopy { line } => {
                return self.copied_node(*line).map(|node| Some(self.as_seen(node)));
            }
            Place::OnKept(_) => return Ok(Some(self.as_seen(self.kept.node(&self.bookmark.key)))),
            _ => return Ok(None),
        };
        self.tree.node(page, line).map(|node| Some(self.as_seen(node)))
    }

    /// The data of the node the cursor is on, as its reader sees it.
    ///
    /// # Errors
    /// As [`Self::node`].
    pub fn data(&self) -> Result<Option<&[u8]>> {
        let stored = match &self.place {
            _ if self.image.is_some() => None,
            Place::On { page, line } => page.view().node_data(*line),
            Place::OnCopy { line } => self.copy.as_ref().and_then(|copy| copy.view().node_data(*line)),
            _ => None,
        };
        // The careful way tells what is wrong with a node, and what of it is seen.
        if stored.is_some() { Ok(stored) } else { Ok(self.node()?.map(|node| node.data)) }
    }

    /// A node with the data that its reader sees.
    fn as_seen<'n>(&'n self, node: NodeView<'n>) -> NodeView<'n> {
        match &self.image {
            Some(image) => NodeView { data: image.as_slice(), ..node },
            None => node,
        }
    }

    fn copied_node(&self, line: usize) -> Result<NodeView<'_>> {
        let copy = self.copy.as_ref().expect("a cursor on a copy has one");
        copy.view().node(line).map_err(|error| self.tree.file().format_error(error))
    }

    /// The leaf and the line the cursor is on.
    #[must_use]
    pub fn position(&self) -> Option<(LeafOfNode, usize)> {
        match &self.place {
            Place::On { page, line } => Some((LeafOfNode::of(page), *line)),
            Place::OnCopy { line } => self.copy.as_ref().map(|copy| (LeafOfNode::of_copy(copy), *line)),
            Place::OnKept(released) => self.kept.leaf().map(|leaf| (leaf, released.line)),
            _ => None,
        }
    }

    fn take_bookmark(&self, node: &NodeView<'_>, bookmark: &mut Bookmark) {
        let Bookmark { key, data } = bookmark;
        key.clear();
        key.extend_from_slice(node.prefix);
        key.extend_from_slice(node.suffix);
        data.clear();
        if self.tree.has_duplicate_keys() {
            data.extend_from_slice(node.data);
        }
    }

    /// Gives the latch up and remembers the place.
    ///
    /// # Errors
    /// As [`Self::node`].
    pub fn release(&mut self) -> Result<()> {
        let (page, line) = match &self.place {
            Place::On { page, line } => (page, *line),
            Place::OnCopy { line } => {
                self.place = Place::ReleasedCopy { line: *line };
                return Ok(());
            }
            Place::OnKept(released) => {
                self.place = Place::Released(*released);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let node = self.tree.node(page, line)?;
        if self.moves >= MOVES_BEFORE_COPY {
            self.copy = Some(page.copy(self.copy.take()));
            self.place = Place::ReleasedCopy { line };
            return Ok(());
        }
        let mut bookmark = std::mem::take(&mut self.bookmark);
        self.take_bookmark(&node, &mut bookmark);
        self.bookmark = bookmark;
        self.kept.keep(page, &node);
        self.place = Place::Released(Released { page: page.number(), line, dbtime: page.view().dbtime() });
        Ok(())
    }

    /// Takes the place again after [`Self::release`]. False when the node is gone for the reader; the cursor is then on
    /// its place, and [`Self::move_next`] and [`Self::move_previous`] go to its neighbours.
    ///
    /// # Errors
    /// As [`Self::move_first`].
    pub fn resume(&mut self) -> Result<bool> {
        self.forget_data_place();
        match self.place {
            Place::Released(released) if self.kept.is_current() => {
                let seen = self.judge(&self.kept.node(&self.bookmark.key));
                if !self.kept.is_current() {
                    return self.latch_again();
                }
                let is_seen = self.take(seen);
                if is_seen {
                    self.place = Place::OnKept(released);
                }
                Ok(is_seen)
            }
            Place::Released(_) => self.latch_again(),
            Place::ReleasedCopy { line } => match self.look_at_copy(line)? {
                Copied::Seen => {
                    self.place = Place::OnCopy { line };
                    Ok(true)
                }
                Copied::Hidden | Copied::Beyond => Ok(false),
                Copied::Stale => {
                    self.leave_copy()?;
                    self.latch_again()
                }
            },
            Place::On { .. } | Place::OnCopy { .. } | Place::OnKept(_) => Ok(true),
            Place::BeforeFirst | Place::AfterLast | Place::ReleasedPlain { .. } => Ok(false),
        }
    }

    /// What is known of the data of a node on the copy is forgotten.
    fn forget_data_place(&mut self) {
        if let Place::ReleasedPlain { line, .. } = self.place {
            self.place = Place::ReleasedCopy { line };
        }
    }

    /// What the copy says of a line, if it is still the page.
    fn look_at_copy(&mut self, line: usize) -> Result<Copied> {
        let Some(copy) = &self.copy else { return Ok(Copied::Stale) };
        let view = copy.view();
        let seen = match view.node_flags(line).and_then(|flags| self.judge_by_flags(flags)) {
            Some(seen) => Some(seen),
            None if line < view.line_count() => Some(self.judge(&self.copied_node(line)?)),
            None => None,
        };
        if !copy.stamp().is_current() {
            return Ok(Copied::Stale);
        }
        let Some(seen) = seen else { return Ok(Copied::Beyond) };
        Ok(if self.take(seen) { Copied::Seen } else { Copied::Hidden })
    }

    /// From a line of the copy to the node that was there.
    fn leave_copy(&mut self) -> Result<()> {
        let (Place::OnCopy { line } | Place::ReleasedCopy { line }) = self.place else { return Ok(()) };
        let mut bookmark = std::mem::take(&mut self.bookmark);
        self.take_bookmark(&self.copied_node(line)?, &mut bookmark);
        self.bookmark = bookmark;
        self.kept.forget();
        if let Some(copy) = &self.copy {
            let released = Released { page: copy.number(), line, dbtime: copy.view().dbtime() };
            self.place = Place::Released(released);
        }
        Ok(())
    }

    /// Latches the place that was released.
    fn latch_again(&mut self) -> Result<bool> {
        let Place::Released(Released { page, line, dbtime }) = self.place else {
            return Ok(matches!(self.place, Place::On { .. }));
        };
        let latched = self.tree.file().latch(page)?;
        let unchanged = latched.view().dbtime() == dbtime && latched.view().objid() == self.tree.objid();
        if unchanged && latched.view().flags().contains(PageFlags::LEAF) && line < latched.view().line_count()
        {
            return self.resume_on(latched, line);
        }
        drop(latched);
        let bookmark = &self.bookmark;
        let (_, leaf) = self.tree.descend(Target::Bookmark { key: &bookmark.key, data: &bookmark.data })?;
        let whole = self.tree.has_duplicate_keys().then_some(bookmark.data.as_slice());
        let line = self.tree.first_line_at_or_above(&leaf, &bookmark.key, whole)?;
        if line >= leaf.view().line_count() {
            return Ok(false);
        }
        let node = self.tree.node(&leaf, line)?;
        if order_of_node(&node, &bookmark.key, whole).is_ne() {
            return Ok(false);
        }
        self.resume_on(leaf, line)
    }

    fn resume_on(&mut self, page: PageGuard, line: usize) -> Result<bool> {
        let visible = self.sees(&page, line)?;
        if visible {
            self.place = Place::On { page, line };
        }
        Ok(visible)
    }

    /// Whether the reader sees the node on this line; what it sees of its data is kept.
    fn sees(&mut self, page: &PageGuard, line: usize) -> Result<bool> {
        let by_flags = page.view().node_flags(line).and_then(|flags| self.judge_by_flags(flags));
        let seen = match by_flags {
            Some(seen) => seen,
            None => self.judge(&self.tree.node(page, line)?),
        };
        Ok(self.take(seen))
    }

    /// What the reader sees of a node.
    fn judge(&self, node: &NodeView<'_>) -> Seen {
        match (self.judge_by_flags(node.flags), &self.sight) {
            (Some(seen), _) => seen,
            (None, Some(sight)) => sight.see(&self.tree, node),
            (None, None) => Seen::AsStored,
        }
    }

    /// What the reader sees of a node, where its flags tell.
    #[inline]
    pub(super) fn judge_by_flags(&self, flags: NodeFlags) -> Option<Seen> {
        let has_versions = flags.contains(NodeFlags::VERSIONED)
            && self.sight.as_ref().is_some_and(|sight| !sight.sees_pages());
        match has_versions {
            true => None,
            false if flags.contains(NodeFlags::DELETED) => Some(Seen::Hidden),
            false => Some(Seen::AsStored),
        }
    }

    /// Keeps what the reader sees of the data of the node it goes to. False when it does not see the node.
    fn take(&mut self, seen: Seen) -> bool {
        let is_seen = !matches!(seen, Seen::Hidden);
        self.image = match seen {
            Seen::Image(image) => Some(image),
            Seen::AsStored | Seen::Hidden => None,
        };
        is_seen
    }

    fn step(&mut self, direction: Direction) -> Result<bool> {
        self.moves = self.moves.saturating_add(1);
        self.forget_data_place();
        if let Place::OnCopy { line } | Place::ReleasedCopy { line } = self.place {
            if self.step_on_copy(line, direction)? {
                return Ok(true);
            }
            self.leave_copy()?;
        }
        if let Place::OnKept(released) = self.place {
            self.place = Place::Released(released);
        }
        if matches!(self.place, Place::Released(_)) && !self.latch_again()? {
            return self.step_from_lost_place(direction);
        }
        let at_edge = match direction {
            Direction::Forward => Place::AfterLast,
            Direction::Backward => Place::BeforeFirst,
        };
        match std::mem::replace(&mut self.place, Place::BeforeFirst) {
            Place::On { page, line } => match direction {
                Direction::Forward => self.settle(page, line + 1),
                Direction::Backward => self.settle_before(page, line),
            },
            Place::BeforeFirst if direction == Direction::Forward => {
                self.hops = 0;
                let (_, page) = self.tree.descend(Target::First)?;
                self.settle(page, 0)
            }
            Place::AfterLast if direction == Direction::Backward => {
                self.hops = 0;
                let (_, page) = self.tree.descend(Target::Last)?;
                let lines = page.view().line_count();
                self.settle_before(page, lines)
            }
            Place::BeforeFirst
            | Place::AfterLast
            | Place::Released(_)
            | Place::OnKept(_)
            | Place::OnCopy { .. }
            | Place::ReleasedCopy { .. }
            | Place::ReleasedPlain { .. } => {
                self.place = at_edge;
                Ok(false)
            }
        }
    }

    /// To the next node of the copy in a direction. False when it does not tell of it.
    fn step_on_copy(&mut self, mut line: usize, direction: Direction) -> Result<bool> {
        loop {
            line = match (direction, line.checked_sub(1)) {
                (Direction::Forward, _) => line + 1,
                (Direction::Backward, Some(before)) => before,
                (Direction::Backward, None) => return Ok(false),
            };
            match self.look_at_copy(line)? {
                Copied::Seen => {
                    self.place = Place::OnCopy { line };
                    return Ok(true);
                }
                Copied::Hidden => {}
                Copied::Beyond => return Ok(false),
                Copied::Stale => {
                    // Where somebody is changing the leaf, copies of it are for nothing.
                    self.moves = 0;
                    return Ok(false);
                }
            }
        }
    }

    /// The node that was released is gone: its neighbours are those of its bookmark. It may be there again by now: it was
    /// here before all the same.
    fn step_from_lost_place(&mut self, direction: Direction) -> Result<bool> {
        let bookmark = std::mem::take(&mut self.bookmark);
        let found = self.seek(&bookmark.key, &bookmark.data)?;
        match direction {
            Direction::Forward if found != SeekOutcome::Equal => Ok(found == SeekOutcome::Greater),
            Direction::Forward | Direction::Backward => self.step(direction),
        }
    }

    /// On the first node seen from `line` on, going to the leaves on the right.
    fn settle(&mut self, mut page: PageGuard, mut line: usize) -> Result<bool> {
        loop {
            let lines = page.view().line_count();
            while line < lines {
                if self.sees(&page, line)? {
                    return Ok(self.land(page, line));
                }
                line += 1;
            }
            match self.next_leaf(page)? {
                Some(next) => (page, line) = (next, 0),
                None => {
                    self.place = Place::AfterLast;
                    return Ok(false);
                }
            }
        }
    }

    /// On the last node seen before `line`, going to the leaves on the left.
    fn settle_before(&mut self, mut page: PageGuard, mut line: usize) -> Result<bool> {
        loop {
            while let Some(before) = line.checked_sub(1) {
                line = before;
                if self.sees(&page, line)? {
                    return Ok(self.land(page, line));
                }
            }
            match self.previous_leaf(page)? {
                Some((previous, lines)) => (page, line) = (previous, lines),
                None => {
                    self.place = Place::BeforeFirst;
                    return Ok(false);
                }
            }
        }
    }

    fn land(&mut self, page: PageGuard, line: usize) -> bool {
        self.place = Place::On { page, line };
        self.hops = 0;
        true
    }

    /// The sibling that a leaf names on this side, none at the end of the tree.
    fn sibling(&self, page: &PageGuard, direction: Direction) -> Result<Option<u32>> {
        let view = page.view();
        let (target, field) = match direction {
            Direction::Forward => (view.next(), "pgnoNext"),
            Direction::Backward => (view.previous(), "pgnoPrev"),
        };
        if target == 0 {
            return Ok(None);
        }
        let bad = |problem| self.tree.broken(page.number(), field, problem, JetError::BAD_PAGE_LINK);
        if view.flags().contains(PageFlags::ROOT) {
            return Err(bad(Problem::Mismatch { found: target.into(), expected: 0 }));
        }
        if self.hops > self.tree.file().page_count() {
            return Err(bad(Problem::Invalid("the leaves go round in a circle")));
        }
        Ok(Some(target))
    }

    /// The leaf on the right, latched before this one is given up.
    fn next_leaf(&mut self, page: PageGuard) -> Result<Option<PageGuard>> {
        let Some(target) = self.sibling(&page, Direction::Forward)? else { return Ok(None) };
        let edge = self.edge_bookmark(&page, Direction::Forward)?;
        let next = self.tree.file().latch(target)?;
        self.check_neighbour(page.number(), edge.as_ref(), &next, Direction::Forward)?;
        self.hops += 1;
        self.notice_neighbours(page.number(), target);
        Ok(Some(next))
    }

    /// The leaf on the left and the line behind the nodes that come before those of this one. Against the order of latches:
    /// this one is given up first. If it changed before the other one was latched, the way is sought from the root.
    fn previous_leaf(&mut self, page: PageGuard) -> Result<Option<(PageGuard, usize)>> {
        let Some(target) = self.sibling(&page, Direction::Backward)? else { return Ok(None) };
        let edge = self.edge_bookmark(&page, Direction::Backward)?;
        let (from, dbtime) = (page.number(), page.view().dbtime());
        drop(page);
        let previous = self.tree.file().latch(target);
        let unchanged = self.tree.file().latch(from).is_ok_and(|page| page.view().dbtime() == dbtime);
        match (edge, previous) {
            (Some(edge), previous) if !unchanged => {
                drop(previous);
                let target = Target::Bookmark { key: &edge.key, data: &edge.data };
                let (_, leaf) = self.tree.descend(target)?;
                let whole = self.tree.has_duplicate_keys().then_some(edge.data.as_slice());
                let line = self.tree.first_line_at_or_above(&leaf, &edge.key, whole)?;
                Ok(Some((leaf, line)))
            }
            (edge, previous) => {
                let previous = previous?;
                self.check_neighbour(from, edge.as_ref(), &previous, Direction::Backward)?;
                self.hops += 1;
                let lines = previous.view().line_count();
                Ok(Some((previous, lines)))
            }
        }
    }

    /// Checks that a leaf is the neighbour that another one says it is: member, link and order.
    fn check_neighbour(
        &self,
        from: u32,
        edge: Option<&Bookmark>,
        next: &PageGuard,
        direction: Direction,
    ) -> Result<()> {
        let link = JetError::BAD_PAGE_LINK;
        self.tree.check_member(&next.view(), link)?;
        let view = next.view();
        let bad = |field, problem, jet| Err(self.tree.broken(next.number(), field, problem, jet));
        let (back, field, line) = match direction {
            Direction::Forward => (view.previous(), "pgnoPrev", 0),
            Direction::Backward => (view.next(), "pgnoNext", view.line_count().saturating_sub(1)),
        };
        if !view.flags().contains(PageFlags::LEAF) {
            return bad("flags", Problem::Invalid("the sibling of a leaf is no leaf"), link);
        }
        if back != from {
            return bad(field, Problem::Mismatch { found: back.into(), expected: from.into() }, link);
        }
        if view.line_count() == 0 {
            let problem = Problem::Invalid("a leaf below a root has no nodes");
            return bad("lines", problem, JetError::BAD_EMPTY_PAGE);
        }
        let Some(edge) = edge else { return Ok(()) };
        let whole = self.tree.has_duplicate_keys().then_some(edge.data.as_slice());
        let order = order_of_node(&self.tree.node(next, line)?, &edge.key, whole);
        let in_order = if direction == Direction::Forward { order.is_gt() } else { order.is_lt() };
        if !in_order {
            return bad("key", Problem::Invalid("is out of order with the leaf beside"), link);
        }
        Ok(())
    }

    /// The bookmark of the node next to the neighbour.
    fn edge_bookmark(&self, page: &PageGuard, direction: Direction) -> Result<Option<Bookmark>> {
        let Some(last) = page.view().line_count().checked_sub(1) else { return Ok(None) };
        let line = if direction == Direction::Forward { last } else { 0 };
        let node = self.tree.node(page, line)?;
        let data = if self.tree.has_duplicate_keys() { node.data.to_vec() } else { Vec::new() };
        Ok(Some(Bookmark { key: node.key().to_vec(), data }))
    }

    fn notice_neighbours(&mut self, from: u32, to: u32) {
        self.neighbour_hops = if to == from.wrapping_add(1) { self.neighbour_hops + 1 } else { 0 };
        if self.neighbour_hops >= HOPS_BEFORE_READ_AHEAD && to >= self.read_ahead_to {
            self.read_ahead_to = self.tree.file().read_ahead(to.saturating_add(1));
        }
    }
}
