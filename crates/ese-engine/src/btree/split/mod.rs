//! Making room: splits of leaves and of what is above them, as one logged macro (spec 02 §9, spec 05 §8.5, §10).
//!
//! ```text
//! structure lock of the tree     nobody else changes a page above the leaves, or a link between leaves
//! estimate                       path and plan under read latches, all given up again
//! pages                          taken without any latch
//! write latches                  from the highest page that changes down, then the leaf, its right sibling, new pages
//! plan again                     the leaf may have changed: room now, or more pages needed: begin again
//! before-images, versions        may fail: nothing was changed
//! log                            NewPage.., MacroBegin, Split2 from the top down, leaf operation, MacroCommit, MacroInfo
//! apply                          the same functions as redo
//! ```
//!
//! Pages that were taken and not used are given back at the end, with no latch held.

mod line_table;
mod plan;

use ese_format::log::record::{
    DBTIME_NIL, MacroInfo, MacroInfo2, MacroMark, NewPage, PageOperationFlags, Record, Split2, SplitFields,
    SplitOperation, SplitType,
};
use ese_format::node::NodeView;
use ese_format::page::{PageFlags, PageView};

use self::line_table::TableOperation;
use self::plan::{LeafOperation, LevelPlan, PathPage, Planned};
use crate::apply::{self, LevelOperation, SplitPages};
use crate::btree::image::PackedImage;
use crate::btree::operation::{Action, Operation, RecordForm, Request, Versions};
use crate::btree::stamp::Dbtimes;
use crate::btree::writable::NO_LINE;
use crate::btree::{Author, Logged, WritableTree};
use crate::cache::{PageGuard, PageWriteGuard};
use crate::error::Result;
use crate::file_map::Logging;

/// Records that few macros have more of: a leaf and its parent, the operation, and what frames them.
const RECORDS_MOSTLY: usize = 8;

/// What became of a request for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SplitOutcome {
    /// The change that needed room was made.
    Done,
    /// It was not; it is to be tried again from the root.
    Again,
}

impl SplitOutcome {
    pub(super) fn is_done(self) -> bool {
        self == Self::Done
    }
}

/// The pages from the root to a leaf, and the line of each that leads down.
type Path = Vec<(u32, usize)>;

/// What an attempt under write latches came to.
enum Attempt {
    Outcome(SplitOutcome),
    /// The plan is another one now; it has to be estimated again.
    Changed,
}

/// What is to be split and why.
#[derive(Clone, Copy)]
enum Reason<'a> {
    /// A change needs room on its leaf.
    Change(&'a Request<'a>),
    /// The root needs room for its header.
    Root,
}

impl WritableTree {
    /// Makes a change that found no room, splitting its leaf, or makes room for it.
    ///
    /// # Errors
    /// As [`WritableTree::insert`]. The change was not made; the tree is in order.
    pub(super) fn split_for(&self, author: &mut dyn Author, request: &Request<'_>) -> Result<SplitOutcome> {
        self.split(author, Reason::Change(request))
    }

    /// Moves the lines of the root to a new page.
    pub(super) fn split_root(&self, author: &mut dyn Author) -> Result<SplitOutcome> {
        self.split(author, Reason::Root)
    }

    fn split(&self, author: &mut dyn Author, reason: Reason<'_>) -> Result<SplitOutcome> {
        let _structure = self.locks().structure.lock();
        let mut pages = Vec::new();
        let outcome = self.split_locked(author, reason, &mut pages);
        for page in pages {
            self.give_back(author, page);
        }
        outcome
    }

    /// Gives a page back that is not in the tree. Where that fails the page is leaked, which is tolerated (spec 02 §10.3).
    pub(super) fn give_back(&self, author: &mut dyn Author, page: u32) {
        if let Err(error) = self.pages().free(self, author, page) {
            tracing::warn!(page, root = self.tree().root(), %error, "a page could not be given back");
        }
    }

    fn split_locked(
        &self,
        author: &mut dyn Author,
        reason: Reason<'_>,
        pages: &mut Vec<u32>,
    ) -> Result<SplitOutcome> {
        loop {
            let (path, near) = self.estimate(author, reason)?;
            for near in near.iter().skip(pages.len()) {
                pages.extend(self.pages().allocate(self, author, *near, 1)?);
            }
            if let Attempt::Outcome(outcome) = self.attempt(author, reason, &path, pages)? {
                return Ok(outcome);
            }
        }
    }

    /// The pages that a split would latch, from the highest that changes to the leaf, and near which pages it wants new
    /// ones.
    fn estimate(&self, author: &dyn Author, reason: Reason<'_>) -> Result<(Path, Vec<u32>)> {
        let Reason::Change(request) = reason else {
            let root = self.tree().latch_root()?;
            let most = |node: &NodeView<'_>| self.rollback_bytes_on(author, &root.view(), node);
            let level = plan::plan_root(&root.view(), &most)?;
            return Ok((vec![(level.page, 0)], vec![level.page]));
        };
        let guards = self.latch_path(request.key, self.bookmark_data(request.data))?;
        let path: Vec<PathPage<'_>> =
            guards.iter().map(|(guard, line)| PathPage { page: guard.view(), line: *line }).collect();
        let Some(leaf) = path.last() else { return Ok(Default::default()) };
        let operation = self.prepare(&leaf.page, request)?;
        let most = |node: &NodeView<'_>| self.rollback_bytes_on(author, &leaf.page, node);
        let planned = plan::plan(&path, &self.leaf_operation(author, &leaf.page, &operation)?, &most)?;
        let Planned::Plan { levels, .. } = planned else { return Ok(Default::default()) };
        let near: Vec<u32> =
            levels.iter().filter(|level| level.split.is_some()).map(|level| level.page).collect();
        let highest = levels.first().map_or(0, |level| level.page);
        let changed = guards.iter().map(|(guard, line)| (guard.number(), *line));
        Ok((changed.skip_while(|(page, _)| *page != highest).collect(), near))
    }

    /// Root to leaf under read latches, for as long as there is the structure lock.
    pub(super) fn latch_path(&self, key: &[u8], data: &[u8]) -> Result<Vec<(PageGuard, usize)>> {
        let tree = self.tree();
        let target = crate::btree::Target::Bookmark { key, data };
        let mut path = Vec::new();
        let mut page = tree.latch_root()?;
        while !page.view().flags().contains(PageFlags::LEAF) {
            tree.check_level(&page, path.len() + 1)?;
            let line = tree.line_towards(&page, target)?;
            let child = tree.latch_child(&page, tree.child(&page, line)?)?;
            path.push((page, line));
            page = child;
        }
        path.push((page, 0));
        Ok(path)
    }

    /// An operation as the line table sees it.
    fn leaf_operation<'a>(
        &self,
        author: &dyn Author,
        leaf: &PageView<'_>,
        operation: &Operation<'a>,
    ) -> Result<LeafOperation<'a>> {
        let Operation { line, key, data, .. } = *operation;
        let table = match operation.action {
            Action::Insert => TableOperation::Insert { line, key, data },
            Action::FlagInsert => TableOperation::None,
            Action::FlagInsertAndReplaceData | Action::Replace => {
                let node = leaf.node(line).map_err(self.on_page())?;
                let before = self.rollback_bytes(author, &node);
                let most = self.rollback_bytes_after(before, operation.versioning, node.data.len());
                TableOperation::Replace { line, data, most }
            }
        };
        Ok(LeafOperation { table, split: operation.of_split() })
    }

    /// Splits under write latches, if the plan still needs no more than these pages.
    fn attempt(
        &self,
        author: &mut dyn Author,
        reason: Reason<'_>,
        path: &Path,
        pages: &mut Vec<u32>,
    ) -> Result<Attempt> {
        let mut guards = Vec::with_capacity(path.len());
        for (page, _) in path {
            guards.push(self.tree().file().latch_write(*page)?);
        }
        let Some(leaf) = guards.last_mut() else { return Ok(Attempt::Changed) };
        let Reason::Change(request) = reason else {
            let view = leaf.view();
            let most = |node: &NodeView<'_>| self.rollback_bytes_on(author, &view, node);
            let levels = vec![plan::plan_root(&leaf.view(), &most)?];
            self.execute(author, guards, &levels, None, pages)?;
            return Ok(Attempt::Outcome(SplitOutcome::Again));
        };
        if !leaf.view().flags().contains(PageFlags::LEAF) {
            return Ok(Attempt::Changed);
        }
        let operation = self.prepare(&leaf.view(), request)?;
        let need = self.need(author, &leaf.view(), &operation)?;
        if self.has_room(author, leaf, &need)? {
            return Ok(Attempt::Outcome(SplitOutcome::Again));
        }
        let views: Vec<PathPage<'_>> = guards
            .iter()
            .zip(path)
            .map(|(guard, (_, line))| PathPage { page: guard.view(), line: *line })
            .collect();
        let Some(leaf) = views.last().map(|leaf| leaf.page) else { return Ok(Attempt::Changed) };
        let most = |node: &NodeView<'_>| self.rollback_bytes_on(author, &leaf, node);
        let leaf_operation = self.leaf_operation(author, &leaf, &operation)?;
        let Planned::Plan { levels, done } = plan::plan(&views, &leaf_operation, &most)? else {
            return Ok(Attempt::Changed);
        };
        if levels.iter().filter(|level| level.split.is_some()).count() > pages.len() {
            return Ok(Attempt::Changed);
        }
        self.execute(author, guards, &levels, done.then_some(&operation), pages)?;
        Ok(Attempt::Outcome(if done { SplitOutcome::Done } else { SplitOutcome::Again }))
    }

    /// Does what was planned, with the pages latched. `pages` loses those that are used.
    fn execute(
        &self,
        author: &mut dyn Author,
        guards: Vec<PageWriteGuard>,
        levels: &[LevelPlan],
        operation: Option<&Operation<'_>>,
        pages: &mut Vec<u32>,
    ) -> Result<()> {
        let mut split = LatchedSplit::latch(self, guards, levels, pages)?;
        for level in &split.levels {
            if level.moves_nodes() && level.page.view().flags().contains(PageFlags::LEAF) {
                author.log_undo_images(self.map(), &level.page.view())?;
            }
        }
        let versions = match (operation, split.levels.last()) {
            (Some(operation), Some(leaf)) => self.make_versions(author, &leaf.page.view(), operation)?,
            _ => Versions::default(),
        };
        let logged =
            split.log(self, author, operation, versions).inspect_err(|_| versions.withdraw(author))?;
        for guard in split.all_pages() {
            guard.mark_changed(logged);
        }
        if let Some(new) = split.page_of_append() {
            self.set_hint(new, NO_LINE);
        }
        pages.drain(..split.levels.iter().filter(|level| level.new.is_some()).count());
        Ok(())
    }
}

/// One level of a split, its pages write-latched.
struct LatchedLevel<'p> {
    plan: &'p LevelPlan,
    page: PageWriteGuard,
    new: Option<PageWriteGuard>,
    right: Option<PageWriteGuard>,
}

impl LatchedLevel<'_> {
    /// Whether nodes that were on the page leave it.
    fn moves_nodes(&self) -> bool {
        let Some(split) = &self.plan.split else { return false };
        let only_the_new_one = split.operation == SplitOperation::INSERT
            && split.split_line == self.plan.line
            && split.split_line + 1 == split.line_count;
        match split.split_type {
            SplitType::VERTICAL => true,
            SplitType::RIGHT => !only_the_new_one,
            _ => false,
        }
    }
}

/// All levels of a split, the highest first.
struct LatchedSplit<'p> {
    levels: Vec<LatchedLevel<'p>>,
}

impl<'p> LatchedSplit<'p> {
    fn latch(
        tree: &WritableTree,
        guards: Vec<PageWriteGuard>,
        plans: &'p [LevelPlan],
        pages: &[u32],
    ) -> Result<Self> {
        let file = tree.tree().file();
        let mut levels: Vec<LatchedLevel<'p>> = Vec::with_capacity(plans.len());
        let mut pages = pages.iter();
        let mut guards = guards.into_iter();
        for plan in plans {
            let Some(page) = guards.by_ref().find(|guard| guard.number() == plan.page) else { break };
            levels.push(LatchedLevel { plan, page, new: None, right: None });
        }
        for level in &mut levels {
            let Some(split) = &level.plan.split else { continue };
            let next = level.page.view().next();
            if split.split_type == SplitType::RIGHT && next != 0 {
                let right = file.latch_write(next)?;
                tree.check_right_sibling(&level.page.view(), &right.view())?;
                level.right = Some(right);
            }
            if let Some(new) = pages.next() {
                level.new = Some(file.latch_new(*new)?);
            }
        }
        Ok(Self { levels })
    }

    /// The new leaf that begins with the node for which the split was made, alone: the next one probably follows it.
    fn page_of_append(&self) -> Option<u32> {
        let leaf = self.levels.last()?;
        let split = leaf.plan.split.as_ref()?;
        let appends = split.operation == SplitOperation::INSERT && split.split_type != SplitType::VERTICAL;
        leaf.new.as_ref().filter(|_| appends && !leaf.moves_nodes()).map(PageWriteGuard::number)
    }

    fn all_pages(&mut self) -> impl Iterator<Item = &mut PageWriteGuard> {
        self.levels.iter_mut().flat_map(|level| {
            [Some(&mut level.page), level.new.as_mut(), level.right.as_mut()].into_iter().flatten()
        })
    }

    /// Logs the whole split and applies it.
    fn log(
        &mut self,
        tree: &WritableTree,
        author: &mut dyn Author,
        operation: Option<&Operation<'_>>,
        versions: Versions,
    ) -> Result<Logged> {
        if let (Some(operation), Some(leaf)) = (operation, self.levels.last())
            && tree.is_gone(&leaf.page.view(), operation)?
        {
            return Err(tree.no_such_node());
        }
        let new_pages = self.new_page_records(tree, author);
        let old_pages: Vec<PageView<'_>> = self
            .levels
            .iter()
            .flat_map(|level| [Some(level.page.view()), level.right.as_ref().map(PageWriteGuard::view)])
            .flatten()
            .collect();
        let dbtime = tree.draw_dbtime(&old_pages)?;
        let images: Vec<PackedImage> = self
            .levels
            .iter()
            .map(|level| match tree.map().logging() {
                Logging::On if level.moves_nodes() => PackedImage::of(&level.page.view(), dbtime),
                _ => PackedImage::default(),
            })
            .collect();
        let splits: Vec<Split2<'_>> = (0..self.levels.len())
            .map(|index| self.split_record(tree, author, index, dbtime, images.get(index)))
            .collect();
        let leaf_record = match (operation, self.levels.last()) {
            (Some(operation), Some(leaf)) => {
                let dbtimes = Dbtimes::inside_macro(dbtime);
                let form = RecordForm::BehindSplit;
                let view = leaf.page.view();
                Some(tree.operation_record(author, &view, operation, versions, dbtimes, form)?)
            }
            _ => None,
        };
        let list = page_list(&splits);
        let records = macro_of(tree, author, dbtime, &new_pages, &splits, leaf_record.as_ref(), &list);
        let logged = author.log(tree.map(), &records)?;
        // `splits` and `records` borrow prefixes from the plans and images only: the pages can change.
        self.apply(tree, &splits, leaf_record.as_ref())?;
        Ok(logged)
    }

    fn new_page_records(&self, tree: &WritableTree, author: &dyn Author) -> Vec<NewPage> {
        if !tree.map().features().new_page_records {
            return Vec::new();
        }
        let new = self.levels.iter().filter_map(|level| level.new.as_ref());
        new.map(|page| NewPage {
            procid: author.stamp().procid,
            dbid: tree.map().dbid(),
            page_number: page.number(),
            objid: tree.tree().objid(),
            dbtime: tree.map().next_dbtime(),
        })
        .collect()
    }

    fn split_record<'r>(
        &self,
        tree: &WritableTree,
        author: &dyn Author,
        index: usize,
        dbtime: u64,
        image: Option<&'r PackedImage>,
    ) -> Split2<'r>
    where
        'p: 'r,
    {
        let level = &self.levels[index];
        let before = |page: &PageWriteGuard| page.view().dbtime();
        let dbtimes = Dbtimes { before: before(&level.page), after: dbtime };
        let mut page = tree.page_operation(author.stamp(), level.page.number(), dbtimes, 0);
        page.flags -= PageOperationFlags::VERSIONED;
        let (fdp, objid) = (tree.tree().fdp(), tree.tree().objid());
        let line = level.plan.line;
        let level_plan: &'p LevelPlan = level.plan;
        let Some(plan) = &level_plan.split else {
            return Split2 {
                split: SplitFields { operation_line: line as u16, ..no_split(page, fdp, objid) },
                image_flags: Default::default(),
                parent_key: &[],
                prefix_old: &[],
                prefix_new: &[],
                image: &[],
            };
        };
        let parent = index.checked_sub(1).and_then(|above| self.levels.get(above)).map(|above| &above.page);
        let right = level.right.as_ref();
        let line_or_none = |line: Option<usize>| line.map_or(-1, |line| line as i32);
        let split = SplitFields {
            page,
            new_page: level.new.as_ref().map_or(0, PageWriteGuard::number),
            right_page: right.map_or(0, PageWriteGuard::number),
            right_dbtime_before: right.map_or(DBTIME_NIL, before),
            parent_page: parent.map_or(0, PageWriteGuard::number),
            parent_dbtime_before: parent.map_or(DBTIME_NIL, before),
            fdp,
            objid,
            split_type: plan.split_type,
            split_operation: plan.operation,
            // A page has fewer lines than a u16 can say, and fewer bytes.
            operation_line: line as u16,
            split_line: plan.split_line as u16,
            line_count: plan.line_count as u16,
            new_page_flags: plan.new_flags.bits(),
            split_page_flags: plan.source_flags.bits(),
            uncommitted_freed_source: plan.claim_source as u16,
            uncommitted_freed_destination: plan.claim_new as u16,
            prefix_line_split: line_or_none(plan.prefix_line_split),
            prefix_line_new: line_or_none(plan.prefix_line_new),
        };
        Split2 {
            split,
            image_flags: image.map_or_else(Default::default, |image| image.flags),
            parent_key: &plan.separator,
            prefix_old: &plan.prefix_old,
            prefix_new: &plan.prefix_new,
            image: image.map_or(&[], |image| &image.bytes),
        }
    }

    /// Changes the pages: the same as redo of the records.
    fn apply(
        &mut self,
        tree: &WritableTree,
        splits: &[Split2<'_>],
        leaf_record: Option<&Record<'_>>,
    ) -> Result<()> {
        let form = tree.map().features().reserved_tags;
        for (index, (level, split)) in self.levels.iter_mut().zip(splits).enumerate() {
            let operation = match splits.get(index + 1) {
                Some(below) => LevelOperation::above(below),
                None => leaf_record.and_then(LevelOperation::of_leaf).unwrap_or(LevelOperation::None),
            };
            let mut page = level.page.page();
            let mut new = level.new.as_mut().map(PageWriteGuard::page);
            let mut right = level.right.as_mut().map(PageWriteGuard::page);
            let pages = SplitPages { source: Some(&mut page), new: new.as_mut(), right: right.as_mut() };
            apply::split_level(split, &operation, pages, form)?;
        }
        Ok(())
    }
}

/// The record of a level that only takes a separator (spec 05 §8.5).
fn no_split(page: ese_format::log::record::PageOperation, fdp: u32, objid: u32) -> SplitFields {
    SplitFields {
        page,
        new_page: 0,
        right_page: 0,
        right_dbtime_before: DBTIME_NIL,
        parent_page: 0,
        parent_dbtime_before: DBTIME_NIL,
        fdp,
        objid,
        split_type: SplitType(0),
        split_operation: SplitOperation::NONE,
        operation_line: 0,
        split_line: 0,
        line_count: 0,
        new_page_flags: 0,
        split_page_flags: 0,
        uncommitted_freed_source: 0,
        uncommitted_freed_destination: 0,
        prefix_line_split: 0,
        prefix_line_new: 0,
    }
}

/// The pages of a macro as MacroInfo lists them.
fn page_list(splits: &[Split2<'_>]) -> Vec<u8> {
    let pages = splits.iter().flat_map(|split| {
        let split = &split.split;
        [split.page.page_number, split.new_page, split.right_page]
    });
    pages.filter(|page| *page != 0).flat_map(u32::to_le_bytes).collect()
}

fn macro_of<'r>(
    tree: &WritableTree,
    author: &dyn Author,
    dbtime: u64,
    new_pages: &[NewPage],
    splits: &[Split2<'r>],
    leaf_record: Option<&Record<'r>>,
    list: &'r [u8],
) -> Vec<Record<'r>> {
    let new_pages = new_pages.iter().map(|new| Record::NewPage(*new));
    let changes = splits.iter().map(|split| Record::Split2(*split)).chain(leaf_record.copied());
    tree.as_macro(author, dbtime, new_pages, changes, list)
}

impl WritableTree {
    /// Records of one change of several pages, between the marks that make them one, behind those of `before`.
    pub(super) fn as_macro<'r>(
        &self,
        author: &dyn Author,
        dbtime: u64,
        before: impl IntoIterator<Item = Record<'r>>,
        changes: impl IntoIterator<Item = Record<'r>>,
        list: &'r [u8],
    ) -> Vec<Record<'r>> {
        let mark = MacroMark { procid: author.stamp().procid, dbtime };
        let dbid = self.map().dbid();
        let info = if dbid == 1 {
            Record::MacroInfo(MacroInfo { list })
        } else {
            Record::MacroInfo2(MacroInfo2 { dbid, count: (list.len() / 4) as u32, list })
        };
        let mut records = Vec::with_capacity(RECORDS_MOSTLY);
        records.extend(before);
        records.push(Record::MacroBegin(mark));
        records.extend(changes);
        records.push(Record::MacroCommit(mark));
        records.push(info);
        records
    }
}

#[cfg(test)]
mod corpus_tests;
