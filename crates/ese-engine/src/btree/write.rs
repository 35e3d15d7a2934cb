//! Changes to nodes (spec 02 §9, §10.1; spec 05 §8.3).
//!
//! Each of them takes a leaf under a write latch, makes its versions, logs one record and changes the page. One that
//! finds no room gives its latch up and asks for a split, then begins again.

use ese_format::error::JetError;
use ese_format::log::record::{Delta, Delta64, NodeDelete, Record};
use ese_format::node::{NodeFlags, NodeView};
use ese_format::page::{PageFlags, TAG_BYTES};

use crate::apply;
use crate::btree::leaf::Place;
use crate::btree::operation::{Action, Intent, Operation, Request};
use crate::btree::stamp::Dbtimes;
use crate::btree::{Author, DeltaWidth, LockKind, VersionedChange, Versioning, WritableTree};
use crate::cache::PageWriteGuard;
use crate::error::{Error, Result};

/// What a node takes on a page besides key and data: a tag and two length words. A node that is alone with its own key as
/// the page's prefix takes all of it, so the longest record leaves room for both words (spec 04 §2.1).
const NODE_OVERHEAD: usize = 8;

/// Bytes that two keys one behind the other have at most: what a separator may be (spec 02 §5.1).
const KEY_BYTES_MAX: usize = 4000;

impl WritableTree {
    /// Inserts a node. Over a flag-deleted one with the same bookmark that one comes back with this data.
    ///
    /// # Errors
    /// `JET_errKeyDuplicate` (unique keys) and `JET_errMultiValuedIndexViolation` when there is such a node,
    /// `JET_errRecordTooBig` when no page could hold it, those of [`Author::version`], of the log, of space and of reading
    /// pages. Nothing was changed.
    pub fn insert(
        &self,
        author: &mut dyn Author,
        key: &[u8],
        data: &[u8],
        versioning: Versioning,
    ) -> Result<()> {
        self.check_size(key, data)?;
        self.change(author, &Request { intent: Intent::Insert, key, data, versioning })
    }

    /// Replaces the data of a node; trees with unique keys only.
    ///
    /// # Errors
    /// `JET_errRecordDeleted` when there is no such node; otherwise as [`Self::insert`].
    pub fn replace(
        &self,
        author: &mut dyn Author,
        key: &[u8],
        data: &[u8],
        versioning: Versioning,
    ) -> Result<()> {
        if self.tree().has_duplicate_keys() {
            return Err(Error::refused(JetError::INTERNAL_ERROR, "data of an index entry is never replaced"));
        }
        self.check_size(key, data)?;
        self.change(author, &Request { intent: Intent::Replace, key, data, versioning })
    }

    fn change(&self, author: &mut dyn Author, request: &Request<'_>) -> Result<()> {
        loop {
            let (mut leaf, place) = self.latch_leaf_and_place(request.key, request.data)?;
            let operation = match place {
                Some(place) => self.prepare_at(&leaf.view(), request, place)?,
                None => self.prepare(&leaf.view(), request)?,
            };
            let need = self.need(author, &leaf.view(), &operation)?;
            if self.has_room(author, &mut leaf, &need)? || self.drop_prefix(author, &mut leaf, &operation)? {
                self.perform(author, &mut leaf, &operation, &need)?;
                if operation.action == Action::Insert {
                    self.hint(&leaf.view(), operation.line);
                }
                return Ok(());
            }
            drop(leaf);
            if self.split_for(author, request)?.is_done() {
                return Ok(());
            }
        }
    }

    /// Makes room on a page with one node, which cannot be split, by giving up what it does not use of its prefix.
    fn drop_prefix(
        &self,
        author: &mut dyn Author,
        leaf: &mut PageWriteGuard,
        operation: &Operation<'_>,
    ) -> Result<bool> {
        if leaf.view().line_count() != 1 || operation.action == Action::Insert {
            return Ok(false);
        }
        self.reset_prefix(author, leaf)?;
        let need = self.need(author, &leaf.view(), operation)?;
        self.has_room(author, leaf, &need)
    }

    /// A node that no page could hold is refused before anything is looked for.
    fn check_size(&self, key: &[u8], data: &[u8]) -> Result<()> {
        let size = self.tree().file().page_size();
        let usable = size.bytes() - size.header_bytes() - TAG_BYTES;
        if key.len() > KEY_BYTES_MAX {
            return Err(Error::refused(JetError::KEY_TOO_BIG, format!("a key of {} bytes", key.len())));
        }
        if key.is_empty() || data.is_empty() {
            return Err(Error::refused(JetError::INTERNAL_ERROR, "a node without key or without data"));
        }
        if NODE_OVERHEAD + key.len() + data.len() > usable {
            let about = format!("a node of {} bytes on a page for {usable}", key.len() + data.len());
            return Err(Error::refused(JetError::RECORD_TOO_BIG, about));
        }
        Ok(())
    }

    /// Latches the leaf of a node that has to be there.
    fn latch_node(&self, key: &[u8], data: &[u8]) -> Result<(PageWriteGuard, usize)> {
        let (leaf, place) = self.latch_leaf_and_place(key, data)?;
        let place = match place {
            Some(place) => place,
            None => self.place_in(&leaf.view(), key, self.bookmark_data(data))?,
        };
        match place {
            Place::Found(line) => Ok((leaf, line)),
            Place::Missing(_) => Err(self.no_such_node()),
        }
    }

    /// Makes a version of a node that must not be deleted, 0 for none.
    fn version_of(
        &self,
        author: &mut dyn Author,
        node: &NodeView<'_>,
        key: &[u8],
        data: &[u8],
        change: VersionedChange<'_>,
        versioning: Versioning,
    ) -> Result<u32> {
        let rceid = match versioning {
            Versioning::Versioned => author.version(self, key, self.bookmark_data(data), change)?,
            Versioning::Unversioned => 0,
        };
        // A deletion that another transaction has not committed is a conflict first.
        if node.is_deleted() {
            withdraw(author, rceid);
            return Err(self.no_such_node());
        }
        Ok(rceid)
    }

    /// Sets the deleted flag of a node. `data` counts in trees with duplicate keys.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn flag_delete(
        &self,
        author: &mut dyn Author,
        key: &[u8],
        data: &[u8],
        versioning: Versioning,
    ) -> Result<()> {
        let (mut leaf, line) = self.latch_node(key, data)?;
        let node = leaf.node(line).map_err(self.on_page())?;
        let rceid = self.version_of(author, &node, key, data, VersionedChange::FlagDelete, versioning)?;
        self.log_line(author, &mut leaf, line, rceid, |node| Record::FlagDelete(NodeDelete { node }))
            .inspect_err(|_| withdraw(author, rceid))
    }

    /// Adds `delta` to the number at `offset` of a node's data and gives the number that was there.
    ///
    /// # Errors
    /// As [`Self::replace`]; `JET_errInvalidParameter` when the data has no such number, or `delta` is wider than it.
    pub fn delta(
        &self,
        author: &mut dyn Author,
        key: &[u8],
        offset: u16,
        width: DeltaWidth,
        delta: i64,
        versioning: Versioning,
    ) -> Result<i64> {
        let outside = || Error::refused(JetError::INVALID_PARAMETER, "a number that the data does not have");
        let (mut leaf, line) = self.latch_node(key, &[])?;
        let node = leaf.node(line).map_err(self.on_page())?;
        let old = apply::counter(node.data, offset, width).ok_or_else(outside)?;
        let narrow = i32::try_from(delta);
        if width == DeltaWidth::Four && narrow.is_err() {
            return Err(outside());
        }
        let change = VersionedChange::Delta { offset, delta, width: width.bytes() as u8 };
        let rceid = self.version_of(author, &node, key, &[], change, versioning)?;
        let record = |node| match (width, narrow) {
            (DeltaWidth::Four, Ok(delta)) => {
                Record::Delta(Delta { node, delta, offset, key, bookmark_data: &[] })
            }
            _ => Record::Delta64(Delta64 { node, delta, offset, key, bookmark_data: &[] }),
        };
        self.log_line(author, &mut leaf, line, rceid, record).inspect_err(|_| withdraw(author, rceid))?;
        Ok(old)
    }

    /// Keeps others from changing a node until the transaction ends. Nothing is logged.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn lock(&self, author: &mut dyn Author, key: &[u8], data: &[u8], lock: LockKind) -> Result<()> {
        let change = match lock {
            LockKind::Read => VersionedChange::ReadLock,
            LockKind::Write => VersionedChange::WriteLock,
        };
        let (mut leaf, line) = self.latch_node(key, data)?;
        let node = leaf.node(line).map_err(self.on_page())?;
        let flags = node.flags;
        self.version_of(author, &node, key, data, change, Versioning::Versioned)?;
        if !flags.contains(NodeFlags::VERSIONED) {
            let number = leaf.number();
            let set = leaf.page().set_line_flags(line, flags | NodeFlags::VERSIONED);
            set.map_err(|error| Error::refused(error.jet(), format!("page {number}: {error}")))?;
            leaf.mark_untidy();
        }
        Ok(())
    }

    /// Removes a node from its page, without a version: space trees, cleanup. The last node of a page that is not the root
    /// stays, flag-deleted (spec 02 §8).
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn delete(&self, author: &mut dyn Author, key: &[u8], data: &[u8]) -> Result<()> {
        let (mut leaf, line) = self.latch_node(key, data)?;
        let view = leaf.view();
        if view.line_count() > 1 || view.flags().contains(PageFlags::ROOT) {
            return self.log_line(author, &mut leaf, line, 0, |node| Record::Delete(NodeDelete { node }));
        }
        if view.node(line).map_err(self.on_page())?.is_deleted() {
            return Ok(());
        }
        self.log_line(author, &mut leaf, line, 0, |node| Record::FlagDelete(NodeDelete { node }))
    }

    /// Logs and applies a record about one line that takes no room.
    pub(super) fn log_line<'r>(
        &self,
        author: &mut dyn Author,
        page: &mut PageWriteGuard,
        line: usize,
        rceid: u32,
        record: impl FnOnce(ese_format::log::record::NodeOperation) -> Record<'r>,
    ) -> Result<()> {
        let view = page.view();
        let dbtimes = Dbtimes { before: view.dbtime(), after: self.draw_dbtime(&[view])? };
        let node = self.node_operation(author.stamp(), page.number(), dbtimes, line, rceid);
        self.log_and_apply(author, page, &record(node))
    }
}

fn withdraw(author: &mut dyn Author, rceid: u32) {
    if rceid != 0 {
        author.withdraw(rceid);
    }
}
