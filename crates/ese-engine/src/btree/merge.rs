//! Taking pages out of a tree: empty ones, and those whose nodes fit beside them (spec 02 §10.3–10.4).
//!
//! Works under the structure lock of the tree. What happens above the leaf follows from pages that nobody else changes
//! meanwhile; what is done to the leaf is decided with everything latched: the pages above from the highest that changes
//! down, then left sibling, leaf, right sibling. The pages that leave the tree are given back at the end, with no latch
//! held; if the process dies before that they are leaked.
//!
//! What fits only in part stays where it is: that is for the defragmentation (`defragment.rs`).
//!
//! Not done (spec 02 §10.3): a leaf with a deleted node that somebody needs; the last leaf of the tree when it is the only
//! child of its parent; moves to the left of a leaf that is the first child of its parent, or the last leaf.

use ese_format::error::JetError;
use ese_format::log::record::{DBTIME_NIL, EmptyTree, Merge2, MergeFields, MergeFlags, MergeType, Record};
use ese_format::node::{KeyRef, NodeFlags, NodeImage, NodeView};
use ese_format::page::{PageFlags, PageView, TAG_BYTES, TAGS_MAX};

use crate::apply::{self, MergePages};
use crate::btree::clean::Needed;
use crate::btree::image::PackedImage;
use crate::btree::stamp::Dbtimes;
use crate::btree::{Author, WritableTree};
use crate::cache::PageWriteGuard;
use crate::error::{Error, Result};
use crate::file_map::Logging;

/// What happens to a page above the leaf.
#[derive(Debug)]
pub(super) struct Above {
    pub(super) page: u32,
    pub(super) line: usize,
    pub(super) flags: MergeFlags,
    /// The largest key of this page afterwards, for the page above.
    pub(super) separator: Vec<u8>,
}

/// What leads to a leaf, and what stands beside it.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// Pages and lines from the root to the leaf.
    pub(super) path: Vec<(u32, usize)>,
    /// What taking the leaf out means for the pages above, the highest first; `None` when it must stay.
    removal: Option<Vec<Above>>,
    /// Whether it is the only leaf.
    alone: bool,
    pub(super) left: u32,
    pub(super) right: u32,
    /// Whether the left sibling has the same parent.
    pub(super) left_is_sibling_of_one_parent: bool,
    /// Bytes that the live nodes of the leaf take there.
    live_bytes: usize,
}

/// Nodes that go to a sibling.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moved {
    /// Bytes they take there.
    pub(super) bytes: usize,
    /// The same with what rollbacks may claim.
    pub(super) most: usize,
    pub(super) nodes: usize,
    /// The first line that goes to the right, or the last that goes to the left.
    pub(super) merge_line: usize,
}

impl Moved {
    /// Another node goes there.
    pub(super) fn and(self, (bytes, most): (usize, usize)) -> Self {
        let Self { nodes, merge_line, .. } = self;
        Self { bytes: self.bytes + bytes, most: self.most + most, nodes: nodes + 1, merge_line }
    }
}

/// What happens to a leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeafMerge<'s> {
    pub(super) merge_type: MergeType,
    pub(super) moved: Moved,
    /// The new border between the leaf and the sibling, where both stay.
    pub(super) separator: &'s [u8],
}

impl LeafMerge<'_> {
    fn leaves_the_tree(&self) -> bool {
        !matches!(self.merge_type, MergeType::PARTIAL_LEFT | MergeType::PARTIAL_RIGHT)
    }
}

/// A leaf and its siblings, latched.
pub(super) struct LatchedLeaf {
    pub(super) left: Option<PageWriteGuard>,
    pub(super) leaf: PageWriteGuard,
    pub(super) right: Option<PageWriteGuard>,
}

impl WritableTree {
    /// Takes the leaf of this bookmark out of the tree if it is of no use; gives the number of pages that left.
    pub(super) fn merge(
        &self,
        author: &mut dyn Author,
        key: &[u8],
        data: &[u8],
        needed: Needed<'_>,
    ) -> Result<u32> {
        let _structure = self.locks().structure.lock();
        let surroundings = self.surroundings(key, data)?;
        let freed = match &surroundings {
            Some(surroundings) if surroundings.alone => self.empty_tree(author, surroundings, needed)?,
            Some(surroundings) if self.may_fit(surroundings)? => {
                self.merge_leaf(author, surroundings, needed)?
            }
            _ => Vec::new(),
        };
        for page in &freed {
            self.give_back(author, *page);
        }
        Ok(freed.len() as u32)
    }

    pub(super) fn surroundings(&self, key: &[u8], data: &[u8]) -> Result<Option<Surroundings>> {
        let guards = self.latch_path(key, data)?;
        let Some(((leaf, _), above)) = guards.split_last() else { return Ok(None) };
        let Some((parent, parent_line)) = above.last() else { return Ok(None) };
        let (left, right) = (leaf.view().previous(), leaf.view().next());
        let alone = above.iter().all(|(page, _)| page.view().line_count() == 1);
        let views: Vec<(PageView<'_>, usize)> =
            above.iter().map(|(page, line)| (page.view(), *line)).collect();
        let left_is_sibling_of_one_parent = match parent_line.checked_sub(1) {
            Some(before) => self.tree().child(parent, before)? == left,
            None => false,
        };
        let live_bytes = self.live_bytes(&leaf.view())?;
        Ok(Some(Surroundings {
            live_bytes,
            path: guards.iter().map(|(guard, line)| (guard.number(), *line)).collect(),
            removal: if alone { None } else { self.removal(&views)? },
            alone,
            left,
            right,
            left_is_sibling_of_one_parent,
        }))
    }

    fn live_bytes(&self, leaf: &PageView<'_>) -> Result<usize> {
        let mut bytes = 0;
        for line in 0..leaf.line_count() {
            let line = leaf.line(line).map_err(self.on_page())?;
            if !line.flags.contains(NodeFlags::DELETED) {
                bytes += line.bytes.len() + TAG_BYTES;
            }
        }
        Ok(bytes)
    }

    /// Whether a leaf is empty or a sibling has about the room for its nodes: a look, before anybody is kept waiting.
    fn may_fit(&self, surroundings: &Surroundings) -> Result<bool> {
        if surroundings.live_bytes == 0 {
            return Ok(true);
        }
        let needed = surroundings.live_bytes + self.density_reserve();
        for (page, counts) in
            [(surroundings.right, true), (surroundings.left, surroundings.left_is_sibling_of_one_parent)]
        {
            if page != 0 && counts && self.tree().file().latch(page)?.view().free_bytes() >= needed {
                return Ok(surroundings.right != 0);
            }
        }
        Ok(false)
    }

    /// What taking the last page of a path out means for the pages above it (spec 02 §10.3), the highest first.
    fn removal(&self, above: &[(PageView<'_>, usize)]) -> Result<Option<Vec<Above>>> {
        let mut changes = Vec::new();
        let mut levels = above.iter().rev();
        let separator = loop {
            let Some((page, line)) = levels.next() else { return Ok(None) };
            let change = |flags, separator| Above { page: page.number(), line: *line, flags, separator };
            let lines = page.line_count();
            let key = |line| Ok::<_, Error>(page.node(line).map_err(self.on_page())?.key().to_vec());
            if lines == 1 {
                if page.flags().contains(PageFlags::ROOT) || key(0)?.is_empty() {
                    return Ok(None);
                }
                changes.push(change(MergeFlags::EMPTY_PAGE, Vec::new()));
                continue;
            }
            if line + 1 < lines || key(*line)?.is_empty() {
                changes.push(change(MergeFlags::DELETE_NODE, Vec::new()));
                break None;
            }
            // The last pointer goes: the one before it is the largest now, and the pages above have to say so.
            let largest = key(line - 1)?;
            changes.push(change(MergeFlags::DELETE_NODE, largest.clone()));
            break Some(largest);
        };
        if let Some(separator) = separator {
            loop {
                let Some((page, line)) = levels.next() else { return Ok(None) };
                if !self.takes_key(page, *line, &separator)? {
                    return Ok(None);
                }
                changes.push(Above {
                    page: page.number(),
                    line: *line,
                    flags: MergeFlags::KEY_CHANGE,
                    separator: separator.clone(),
                });
                if line + 1 < page.line_count() {
                    break;
                }
            }
        }
        changes.reverse();
        Ok(Some(changes))
    }

    /// Whether a pointer can get another key.
    pub(super) fn takes_key(&self, page: &PageView<'_>, line: usize, key: &[u8]) -> Result<bool> {
        let old = page.line(line).map_err(self.on_page())?.bytes.len();
        let prefix = page.key_prefix().map_err(self.on_page())?;
        let image = NodeImage::for_page(KeyRef::from(key), &[0; 4], prefix);
        let new = image.map_err(|error| Error::refused(error, "a separator"))?.len();
        Ok(new <= old + page.free_bytes())
    }

    /// Latches a leaf between its siblings, left to right.
    pub(super) fn latch_leaf_and_siblings(&self, surroundings: &Surroundings) -> Result<LatchedLeaf> {
        let file = self.tree().file();
        let latch = |page: u32| (page != 0).then(|| file.latch_write(page)).transpose();
        let left = latch(surroundings.left)?;
        let leaf = file.latch_write(surroundings.path.last().map_or(0, |(page, _)| *page))?;
        let right = latch(surroundings.right)?;
        if let Some(left) = &left {
            self.check_right_sibling(&left.view(), &leaf.view())?;
        }
        if let Some(right) = &right {
            self.check_right_sibling(&leaf.view(), &right.view())?;
        }
        Ok(LatchedLeaf { left, leaf, right })
    }

    /// Merges a leaf that is not the only one; gives the pages that left the tree.
    fn merge_leaf(
        &self,
        author: &mut dyn Author,
        surroundings: &Surroundings,
        needed: Needed<'_>,
    ) -> Result<Vec<u32>> {
        let file = self.tree().file();
        let parent = surroundings.path.iter().rev().nth(1).copied();
        let (Some(removal), Some(parent)) = (&surroundings.removal, parent) else { return Ok(Vec::new()) };
        let mut above = Vec::with_capacity(removal.len());
        for change in removal {
            above.push(file.latch_write(change.page)?);
        }
        let pages = self.latch_leaf_and_siblings(surroundings)?;
        let Some((merge_type, moved)) = self.choose(author, surroundings, &pages, needed)? else {
            return Ok(Vec::new());
        };
        let only_parent;
        let mut changes: &[Above] = removal;
        if merge_type == MergeType::FULL_LEFT {
            let flags = MergeFlags::DELETE_NODE | MergeFlags::KEY_CHANGE;
            only_parent = [Above { page: parent.0, line: parent.1, flags, separator: Vec::new() }];
            changes = &only_parent;
            above.drain(..above.len() - 1);
        }
        let mut freed = vec![pages.leaf.number()];
        let emptied = changes.iter().filter(|change| change.flags.contains(MergeFlags::EMPTY_PAGE));
        freed.extend(emptied.map(|change| change.page));
        let leaf = LeafMerge { merge_type, moved, separator: &[] };
        self.log_merge(author, changes, above, pages, leaf)?;
        Ok(freed)
    }

    /// How a leaf is merged, or not.
    fn choose(
        &self,
        author: &dyn Author,
        surroundings: &Surroundings,
        pages: &LatchedLeaf,
        needed: Needed<'_>,
    ) -> Result<Option<(MergeType, Moved)>> {
        let view = pages.leaf.view();
        let (mut garbage, mut deleted) = (0, 0);
        for node in view.nodes() {
            let node = node.map_err(self.on_page())?;
            deleted += usize::from(node.is_deleted());
            garbage += usize::from(self.is_garbage(&node, needed));
        }
        if garbage == view.line_count() {
            return Ok(Some((MergeType::EMPTY_PAGE, Moved::default())));
        }
        let Some(right) = &pages.right else { return Ok(None) };
        if garbage < deleted {
            return Ok(None);
        }
        if let Some(moved) = self.fits_beside(author, &view, &right.view())? {
            return Ok(Some((MergeType::FULL_RIGHT, moved)));
        }
        match &pages.left {
            Some(left) if surroundings.left_is_sibling_of_one_parent => {
                let moved = self.fits_beside(author, &view, &left.view())?;
                let last = view.line_count().saturating_sub(1);
                Ok(moved.map(|moved| (MergeType::FULL_LEFT, Moved { merge_line: last, ..moved })))
            }
            _ => Ok(None),
        }
    }

    /// What the live nodes of a leaf take on a sibling, if they fit there with room left for appends.
    fn fits_beside(
        &self,
        author: &dyn Author,
        leaf: &PageView<'_>,
        sibling: &PageView<'_>,
    ) -> Result<Option<Moved>> {
        let prefix = sibling.key_prefix().map_err(self.on_page())?;
        let mut moved = Moved::default();
        for node in leaf.nodes() {
            let node = node.map_err(self.on_page())?;
            if node.is_deleted() {
                continue;
            }
            moved = moved.and(self.bytes_beside(author, &node, prefix)?);
        }
        Ok(self.has_room_for(sibling, &moved).then_some(moved))
    }

    /// Bytes that a node takes on a page with this prefix, and with what rollbacks may claim.
    pub(super) fn bytes_beside(
        &self,
        author: &dyn Author,
        node: &NodeView<'_>,
        prefix: &[u8],
    ) -> Result<(usize, usize)> {
        let image = NodeImage::for_page(node.key(), node.data, prefix);
        let bytes = image.map_err(|error| Error::refused(error, "a key"))?.len() + TAG_BYTES;
        Ok((bytes, bytes + self.claim(author, node)))
    }

    /// Whether a page takes these nodes, with room left for appends.
    pub(super) fn has_room_for(&self, sibling: &PageView<'_>, moved: &Moved) -> bool {
        let free = sibling.free_bytes().saturating_sub(sibling.uncommitted_free_bytes());
        moved.most + self.density_reserve() <= free && sibling.tag_count() + moved.nodes <= TAGS_MAX
    }

    /// Logs a merge and applies it.
    pub(super) fn log_merge(
        &self,
        author: &mut dyn Author,
        changes: &[Above],
        mut above: Vec<PageWriteGuard>,
        mut pages: LatchedLeaf,
        merge: LeafMerge<'_>,
    ) -> Result<()> {
        let moves = merge.merge_type != MergeType::EMPTY_PAGE;
        if moves {
            author.log_undo_images(self.map(), &pages.leaf.view())?;
        }
        let latched: Vec<PageView<'_>> = above
            .iter()
            .chain([&pages.leaf])
            .chain(pages.left.as_ref())
            .chain(pages.right.as_ref())
            .map(PageWriteGuard::view)
            .collect();
        let dbtime = self.draw_dbtime(&latched)?;
        let image = match self.map().logging() {
            Logging::On if moves => PackedImage::of(&pages.leaf.view(), dbtime),
            _ => PackedImage::default(),
        };
        let mut records = Vec::with_capacity(changes.len() + 1);
        for (index, (change, page)) in changes.iter().zip(&above).enumerate() {
            let parent = index.checked_sub(1).and_then(|above_it| above.get(above_it));
            let fields = MergeFields {
                flags: change.flags,
                ..self.merge_fields(author, page, parent, change.line, dbtime)
            };
            records.push(Merge2 {
                merge: fields,
                image_flags: Default::default(),
                separator_key: &change.separator,
                image: &[],
            });
        }
        let leaf = self.leaf_merge_fields(author, &pages, above.last(), &merge, dbtime);
        let (image_flags, image) = (image.flags, &image.bytes[..]);
        records.push(Merge2 { merge: leaf, image_flags, separator_key: merge.separator, image });
        let list = page_list(&records);
        let merges = records.iter().map(|record| Record::Merge2(*record));
        let all = self.as_macro(author, dbtime, [], merges, &list);
        let logged = author.log(self.map(), &all)?;
        for ((page, record), below) in above.iter_mut().zip(&records).zip(records.iter().skip(1)) {
            apply::merge_parent(record, below, &mut page.page())?;
            page.mark_changed(logged);
        }
        pages.apply(&records[records.len() - 1])?;
        for page in [Some(&mut pages.leaf), pages.left.as_mut(), pages.right.as_mut()].into_iter().flatten() {
            page.mark_changed(logged);
        }
        Ok(())
    }

    fn merge_fields(
        &self,
        author: &dyn Author,
        page: &PageWriteGuard,
        parent: Option<&PageWriteGuard>,
        line: usize,
        dbtime: u64,
    ) -> MergeFields {
        let dbtimes = Dbtimes { before: page.view().dbtime(), after: dbtime };
        MergeFields {
            page: self.page_operation(author.stamp(), page.number(), dbtimes, line),
            right_page: 0,
            right_dbtime_before: DBTIME_NIL,
            left_page: 0,
            left_dbtime_before: DBTIME_NIL,
            parent_page: parent.map_or(0, PageWriteGuard::number),
            parent_dbtime_before: parent.map_or(DBTIME_NIL, |parent| parent.view().dbtime()),
            fdp: self.tree().fdp(),
            objid: self.tree().objid(),
            size_total: 0,
            max_size_total: 0,
            uncommitted_freed_destination: 0,
            merge_line: 0,
            flags: MergeFlags::empty(),
            merge_type: MergeType::NONE,
        }
    }

    fn leaf_merge_fields(
        &self,
        author: &dyn Author,
        pages: &LatchedLeaf,
        parent: Option<&PageWriteGuard>,
        merge: &LeafMerge<'_>,
        dbtime: u64,
    ) -> MergeFields {
        let LeafMerge { merge_type, moved, .. } = *merge;
        let number = |page: &Option<PageWriteGuard>| page.as_ref().map_or(0, PageWriteGuard::number);
        let before =
            |page: &Option<PageWriteGuard>| page.as_ref().map_or(DBTIME_NIL, |page| page.view().dbtime());
        let destination = match merge_type {
            MergeType::FULL_RIGHT | MergeType::PARTIAL_RIGHT => pages.right.as_ref(),
            MergeType::FULL_LEFT | MergeType::PARTIAL_LEFT => pages.left.as_ref(),
            _ => None,
        };
        let claimed = destination.map_or(0, |page| page.view().uncommitted_free_bytes());
        MergeFields {
            right_page: number(&pages.right),
            right_dbtime_before: before(&pages.right),
            left_page: number(&pages.left),
            left_dbtime_before: before(&pages.left),
            // What fits on a page has fewer bytes, and fewer lines, than a u16 can say.
            size_total: moved.bytes as u16,
            max_size_total: moved.most as u16,
            uncommitted_freed_destination: destination.map_or(0, |_| claimed + moved.most - moved.bytes)
                as u16,
            merge_line: moved.merge_line as u16,
            // Partial merges have no flag at the leaf (spec 05 §8.7).
            flags: if merge.leaves_the_tree() { MergeFlags::EMPTY_PAGE } else { MergeFlags::empty() },
            merge_type,
            ..self.merge_fields(author, &pages.leaf, parent, 0, dbtime)
        }
    }

    /// Makes a tree with one leaf, whose nodes nobody needs, an empty root (spec 02 §10.4).
    fn empty_tree(
        &self,
        author: &mut dyn Author,
        surroundings: &Surroundings,
        needed: Needed<'_>,
    ) -> Result<Vec<u32>> {
        let file = self.tree().file();
        let mut pages = Vec::with_capacity(surroundings.path.len());
        for (page, _) in &surroundings.path {
            pages.push(file.latch_write(*page)?);
        }
        let Some((root, below)) = pages.split_first_mut() else { return Ok(Vec::new()) };
        let Some(leaf) = below.last() else { return Ok(Vec::new()) };
        let view = leaf.view();
        if view.previous() != 0 || view.next() != 0 {
            let problem = ese_format::error::Problem::Invalid("the only leaf has a sibling");
            return Err(self.tree().broken(view.number(), "siblings", problem, JetError::BAD_PAGE_LINK));
        }
        for node in view.nodes() {
            if !self.is_garbage(&node.map_err(self.on_page())?, needed) {
                return Ok(Vec::new());
            }
        }
        let views: Vec<PageView<'_>> = below.iter().map(PageWriteGuard::view).chain([root.view()]).collect();
        let dbtimes = Dbtimes { before: root.view().dbtime(), after: self.draw_dbtime(&views)? };
        let mut list = Vec::with_capacity(below.len() * 16);
        for page in below.iter() {
            let view = page.view();
            list.extend_from_slice(&view.dbtime().to_le_bytes());
            list.extend_from_slice(&view.number().to_le_bytes());
            list.extend_from_slice(&view.flags().bits().to_le_bytes());
        }
        let node = self.node_operation(author.stamp(), root.number(), dbtimes, 0, 0);
        let logged = author.log(self.map(), &[Record::EmptyTree(EmptyTree { node, list: &list })])?;
        for page in below.iter_mut() {
            apply::empty_tree_page(&mut page.page(), dbtimes.after);
            page.mark_changed(logged);
        }
        apply::empty_tree_root(&mut root.page(), dbtimes.after)?;
        root.mark_changed(logged);
        Ok(below.iter().map(PageWriteGuard::number).collect())
    }
}

impl LatchedLeaf {
    fn apply(&mut self, record: &Merge2<'_>) -> Result<()> {
        let mut page = self.leaf.page();
        let mut left = self.left.as_mut().map(PageWriteGuard::page);
        let mut right = self.right.as_mut().map(PageWriteGuard::page);
        let pages = MergePages { page: Some(&mut page), left: left.as_mut(), right: right.as_mut() };
        apply::merge_leaf(record, pages)?;
        Ok(())
    }
}

/// The pages of a macro as MacroInfo lists them.
fn page_list(merges: &[Merge2<'_>]) -> Vec<u8> {
    let pages = merges.iter().flat_map(|record| {
        let merge = &record.merge;
        [merge.page.page_number, merge.left_page, merge.right_page]
    });
    pages.filter(|page| *page != 0).flat_map(u32::to_le_bytes).collect()
}
