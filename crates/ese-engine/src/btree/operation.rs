//! A change of one leaf node, from finding out what it is to the changed page: the same steps whether the page has room
//! or is split first.
//!
//! ```text
//! prepare    what is there decides what is done: an insert over a deleted node brings that one back
//! need       what it takes of the page
//! versions   made, or an error: nothing was changed
//! record     what is logged
//! perform    all of it on a page that has room
//! ```

use ese_format::error::JetError;
use ese_format::log::record::{
    FlagInsert, FlagInsertAndReplaceData, Insert, Record, Replace, SplitOperation,
};
use ese_format::node::{KeyRef, NodeImage};
use ese_format::page::{PageView, TAG_BYTES};

use crate::apply;
use crate::btree::diff::{form_of, shorter_diff};
use crate::btree::leaf::Place;
use crate::btree::room::Need;
use crate::btree::stamp::Dbtimes;
use crate::btree::{Author, VersionedChange, Versioning, WritableTree};
use crate::cache::PageWriteGuard;
use crate::error::{Error, Result};

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Insert,
    Replace,
}

/// A change that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) intent: Intent,
    pub(super) key: &'a [u8],
    pub(super) data: &'a [u8],
    pub(super) versioning: Versioning,
}

/// What is done to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Insert,
    FlagInsert,
    FlagInsertAndReplaceData,
    Replace,
}

/// A change and the line it is made on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation<'a> {
    pub(super) action: Action,
    pub(super) line: usize,
    pub(super) key: &'a [u8],
    pub(super) data: &'a [u8],
    pub(super) versioning: Versioning,
}

/// The versions an operation made; 0 for none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Versions {
    first: u32,
    replace: u32,
}

impl Versions {
    /// Takes them back, the newest first.
    pub(super) fn withdraw(self, author: &mut dyn Author) {
        for rceid in [self.replace, self.first] {
            if rceid != 0 {
                author.withdraw(rceid);
            }
        }
    }
}

impl Operation<'_> {
    /// What a split says follows it.
    pub(super) fn of_split(&self) -> SplitOperation {
        match self.action {
            Action::Insert => SplitOperation::INSERT,
            // A re-insert of the same data takes no room: it never follows a split.
            Action::FlagInsert => SplitOperation::NONE,
            Action::FlagInsertAndReplaceData => SplitOperation::FLAG_INSERT_AND_REPLACE_DATA,
            Action::Replace => SplitOperation::REPLACE,
        }
    }
}

impl WritableTree {
    /// What a request comes to on its leaf.
    ///
    /// # Errors
    /// A node that is there, or is not, as the request cannot use it.
    pub(super) fn prepare<'a>(&self, leaf: &PageView<'_>, request: &Request<'a>) -> Result<Operation<'a>> {
        let place = self.place_in(leaf, request.key, self.bookmark_data(request.data))?;
        self.prepare_at(leaf, request, place)
    }

    /// As [`Self::prepare`], where the place of the bookmark is known.
    pub(super) fn prepare_at<'a>(
        &self,
        leaf: &PageView<'_>,
        request: &Request<'a>,
        place: Place,
    ) -> Result<Operation<'a>> {
        let Request { intent, key, data, versioning } = *request;
        let operation = |action, line| Ok(Operation { action, line, key, data, versioning });
        match (intent, place) {
            (Intent::Insert, Place::Missing(line)) => operation(Action::Insert, line),
            (Intent::Insert, Place::Found(line)) => {
                if !leaf.node(line).map_err(self.on_page())?.is_deleted() {
                    return Err(self.duplicate());
                }
                if self.tree().has_duplicate_keys() {
                    operation(Action::FlagInsert, line)
                } else {
                    operation(Action::FlagInsertAndReplaceData, line)
                }
            }
            (Intent::Replace, Place::Found(line)) => operation(Action::Replace, line),
            (Intent::Replace, Place::Missing(_)) => Err(self.no_such_node()),
        }
    }

    fn duplicate(&self) -> Error {
        if self.tree().has_duplicate_keys() {
            Error::refused(JetError::MULTI_VALUED_INDEX_VIOLATION, "the record has this index entry already")
        } else {
            let about = format!("there is a node with this key in tree {}", self.tree().objid());
            Error::refused(JetError::KEY_DUPLICATE, about)
        }
    }

    pub(super) fn no_such_node(&self) -> Error {
        Error::refused(JetError::RECORD_DELETED, "there is no node with this bookmark")
    }

    /// What an operation takes of its page.
    pub(super) fn need(
        &self,
        author: &dyn Author,
        leaf: &PageView<'_>,
        operation: &Operation<'_>,
    ) -> Result<Need> {
        let bytes = |error: JetError| Error::refused(error, "a key is too long for a node");
        match operation.action {
            Action::Insert => {
                let prefix = leaf.key_prefix().map_err(self.on_page())?;
                let key = KeyRef::from(operation.key);
                let image = NodeImage::for_page(key, operation.data, prefix).map_err(bytes)?;
                let (line, prefix) = (image.len(), usize::from(image.prefix_length().unwrap_or(0)));
                let appends = operation.line == leaf.line_count() && leaf.next() == 0;
                // A node that is alone on its page may fill it.
                let spare = if appends && operation.line > 0 { self.density_reserve() } else { 0 };
                let bytes = (line + TAG_BYTES) as isize;
                Ok(Need { bytes, spare, tags: 1, prefix, ..Need::default() })
            }
            Action::FlagInsert => Ok(Need::default()),
            Action::FlagInsertAndReplaceData | Action::Replace => {
                let node = leaf.node(operation.line).map_err(self.on_page())?;
                let (old, new) = (node.data.len(), operation.data.len());
                let before = self.rollback_bytes(author, &node);
                let after = self.rollback_bytes_after(before, operation.versioning, old);
                let claim = after.saturating_sub(new) as isize - before.saturating_sub(old) as isize;
                Ok(Need { bytes: new as isize - old as isize, claim, ..Need::default() })
            }
        }
    }

    /// What a rollback may put back after a replace of `old` bytes.
    pub(super) fn rollback_bytes_after(&self, before: usize, versioning: Versioning, old: usize) -> usize {
        match versioning {
            Versioning::Versioned if !self.tree().has_duplicate_keys() => before.max(old),
            _ => before,
        }
    }

    /// Makes the versions of an operation.
    ///
    /// # Errors
    /// Those of [`Author::version`]; none is left behind then.
    pub(super) fn make_versions(
        &self,
        author: &mut dyn Author,
        leaf: &PageView<'_>,
        operation: &Operation<'_>,
    ) -> Result<Versions> {
        let (key, data) = (operation.key, self.bookmark_data(operation.data));
        let mut versions = Versions::default();
        if operation.versioning == Versioning::Unversioned {
            return Ok(versions);
        }
        if operation.action != Action::Replace {
            versions.first = author.version(self, key, data, VersionedChange::Insert)?;
        }
        if matches!(operation.action, Action::Replace | Action::FlagInsertAndReplaceData) {
            let old = leaf.node(operation.line).map_err(self.on_page())?.data;
            let change = VersionedChange::Replace { old, new_bytes: operation.data.len() };
            versions.replace =
                author.version(self, key, data, change).inspect_err(|_| versions.withdraw(author))?;
        }
        Ok(versions)
    }

    /// Whether a replace meets a node that is gone. Asked after the versions were made: a deletion that another
    /// transaction has not committed is a conflict first.
    pub(super) fn is_gone(&self, leaf: &PageView<'_>, operation: &Operation<'_>) -> Result<bool> {
        let replaces = operation.action == Action::Replace;
        Ok(replaces && leaf.node(operation.line).map_err(self.on_page())?.is_deleted())
    }

    /// The record of an operation on this page. `diff` is what a ReplaceD would say, where that is to be logged.
    pub(super) fn operation_record<'r>(
        &self,
        author: &dyn Author,
        leaf: &PageView<'_>,
        operation: &Operation<'r>,
        versions: Versions,
        dbtimes: Dbtimes,
        form: RecordForm<'r>,
    ) -> Result<Record<'r>> {
        let rceid = if operation.action == Action::Replace { versions.replace } else { versions.first };
        let node = self.node_operation(author.stamp(), leaf.number(), dbtimes, operation.line, rceid);
        let Operation { key, data, .. } = *operation;
        Ok(match operation.action {
            Action::Insert => {
                let prefix = match form {
                    RecordForm::InPlace { prefix, .. } => prefix,
                    RecordForm::BehindSplit => 0,
                };
                let (prefix, suffix) = key.split_at_checked(prefix).unwrap_or((&[], key));
                Record::Insert(Insert { node, prefix, suffix, data })
            }
            Action::FlagInsert => Record::FlagInsert(FlagInsert { node, key, data }),
            Action::FlagInsertAndReplaceData => {
                let rceid_replace = versions.replace;
                Record::FlagInsertAndReplaceData(FlagInsertAndReplaceData { node, rceid_replace, key, data })
            }
            Action::Replace => {
                let old = leaf.node(operation.line).map_err(self.on_page())?.data.len();
                let form_of = form_of(leaf.size());
                // Node data is shorter than a page.
                let (old_length, new_length) = (old as u16, data.len() as u16);
                let replace = |payload| Replace { node, form: form_of, old_length, new_length, payload };
                match form {
                    RecordForm::InPlace { diff: Some(diff), .. } => Record::ReplaceD(replace(diff)),
                    _ => Record::Replace(Replace {
                        form: ese_format::log::record::DiffForm::Small,
                        ..replace(data)
                    }),
                }
            }
        })
    }

    /// Does an operation on a page that has room for it.
    ///
    /// # Errors
    /// Those of versions, dbtimes and the log. Nothing was changed.
    pub(super) fn perform(
        &self,
        author: &mut dyn Author,
        leaf: &mut PageWriteGuard,
        operation: &Operation<'_>,
        need: &Need,
    ) -> Result<()> {
        let versions = self.make_versions(author, &leaf.view(), operation)?;
        self.perform_versioned(author, leaf, operation, need, versions)
            .inspect_err(|_| versions.withdraw(author))
    }

    fn perform_versioned(
        &self,
        author: &mut dyn Author,
        leaf: &mut PageWriteGuard,
        operation: &Operation<'_>,
        need: &Need,
        versions: Versions,
    ) -> Result<()> {
        let view = leaf.view();
        if self.is_gone(&view, operation)? {
            return Err(self.no_such_node());
        }
        let diff = match operation.action {
            Action::Replace => {
                let old = view.node(operation.line).map_err(self.on_page())?.data;
                shorter_diff(old, operation.data, view.size())
            }
            _ => None,
        };
        let dbtimes = Dbtimes { before: view.dbtime(), after: self.draw_dbtime(&[view])? };
        let form = RecordForm::InPlace { diff: diff.as_deref(), prefix: need.prefix };
        let record = self.operation_record(author, &view, operation, versions, dbtimes, form)?;
        let claimed = view.uncommitted_free_bytes();
        self.log_and_apply(author, leaf, &record)?;
        self.add_claim(leaf, claimed, need.claim);
        Ok(())
    }

    /// Logs the record of a change of one page, and changes it.
    pub(super) fn log_and_apply(
        &self,
        author: &mut dyn Author,
        page: &mut PageWriteGuard,
        record: &Record<'_>,
    ) -> Result<()> {
        let logged = author.log(self.map(), std::slice::from_ref(record))?;
        apply::node(record, &mut page.page())?;
        page.mark_changed(logged);
        Ok(())
    }
}

/// How an operation is logged.
#[derive(Clone, Copy, Debug)]
pub(super) enum RecordForm<'r> {
    /// By itself.
    InPlace {
        /// The diff of a replace, where that is shorter than the data.
        diff: Option<&'r [u8]>,
        /// Bytes of an inserted key that the page's prefix gives.
        prefix: usize,
    },
    /// Behind the split that makes room for it: whole key, whole data.
    BehindSplit,
}
