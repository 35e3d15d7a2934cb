//! Redo of operations on one node, with the versions they make (spec 06 §9.6.2).

use ese_format::log::record::{
    FlagInsertAndReplaceData, NodeOperation, PageOperationFlags, Record, Undo, UndoInfo, VersionedOperation,
};
use ese_format::node::KeyRef;
use ese_format::page::PageView;

use super::access::{Access, Change};
use super::database::{RedoDatabase, RedoPage, RedoPages};
use super::version::{ImageLogged, RedoChange};
use super::version_list::NewVersion;
use super::{At, Redo, RedoCounts, RedoSession, log_corrupted};
use crate::apply::{self, DeltaWidth, UndoneChange};
use crate::error::{Error, Result};

/// The bookmark of a node and what was in it before the change.
#[derive(Clone, Copy)]
pub(super) struct Before<'a> {
    pub(super) key: KeyRef<'a>,
    pub(super) data: &'a [u8],
}

pub(super) fn is_versioned(operation: &NodeOperation) -> bool {
    operation.page.flags.contains(PageOperationFlags::VERSIONED) && operation.rceid != 0
}

/// A version of the operation's node.
pub(super) fn version_of<'a>(
    operation: &NodeOperation,
    key: KeyRef<'a>,
    data: &'a [u8],
    change: UndoneChange<'a>,
) -> NewVersion<'a> {
    let is_unique = operation.page.flags.contains(PageOperationFlags::UNIQUE);
    let needs_image = matches!(change, UndoneChange::Replace { .. } | UndoneChange::FlagDelete);
    NewVersion {
        dbid: operation.page.dbid,
        fdp: operation.fdp,
        objid: operation.objid,
        key,
        data: (!is_unique).then_some(data),
        rceid: operation.rceid,
        level: operation.page.level,
        change,
        image: if needs_image { ImageLogged::No } else { ImageLogged::Yes },
        held_page: needs_image.then_some(operation.page.page_number),
    }
}

fn change_of(operation: &NodeOperation) -> Change {
    let page = &operation.page;
    Change { page: page.page_number, before: page.dbtime_before, after: page.dbtime }
}

impl Redo {
    /// Repeats a node record that stands for itself.
    pub(super) fn node_record<P: RedoPages>(
        &mut self,
        at: At,
        record: &Record<'_>,
        database: &mut RedoDatabase<P>,
    ) -> Result<()> {
        let Some(operation) = record.node_operation() else { return Ok(()) };
        let procid = operation.page.procid;
        let session = self.sessions.entry(procid).or_insert_with(|| RedoSession::new(procid, &self.held));
        match record {
            Record::UndoInfo(undo_info) => {
                rebuild_version(&mut self.counts, session, undo_info);
                Ok(())
            }
            Record::Undo(undo) => redo_undo(&mut self.counts, at, undo, session, database),
            _ => redo_node(&mut self.counts, at, record, operation, session, database),
        }
    }
}

/// Makes the versions of a record, and applies it where its page needs it.
fn redo_node<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    record: &Record<'_>,
    operation: &NodeOperation,
    session: &mut RedoSession,
    database: &mut RedoDatabase<P>,
) -> Result<()> {
    let is_versioned = is_versioned(operation);
    let Access::Needed(mut page) = database.existing(counts, at, change_of(operation))? else {
        if is_versioned {
            make_versions(counts, record, operation, None, session);
        }
        return Ok(());
    };
    check_tree(&page, operation, at)?;
    if is_versioned {
        let keeps_before = matches!(
            record,
            Record::Replace(_)
                | Record::ReplaceD(_)
                | Record::FlagDelete(_)
                | Record::FlagInsertAndReplaceData(_)
        );
        let view = page.view();
        let before = if keeps_before { Some(node_before(&view, operation.page.line)?) } else { None };
        make_versions(counts, record, operation, before, session);
    }
    apply::node(record, &mut page.page()).map_err(|error| at_record(error, at))?;
    page.mark_changed(at.position, at.start);
    Ok(())
}

/// The error of an operation, with its record.
pub(super) fn at_record(error: apply::ApplyError, at: At) -> Error {
    Error::refused(error.jet(), format!("log record at {}: {error}", at.position))
}

/// A page that is changed belongs to the record's tree.
pub(super) fn check_tree<G: RedoPage>(page: &G, operation: &NodeOperation, at: At) -> Result<()> {
    if operation.objid == 0 || page.view().objid() == operation.objid {
        Ok(())
    } else {
        Err(log_corrupted(at.position, "the page of a node belongs to another tree"))
    }
}

/// The node on a line.
pub(super) fn node_before<'p>(page: &'p PageView<'_>, line: u16) -> Result<Before<'p>> {
    let node = page.node(line.into()).map_err(|error| Error::refused(error.jet(), error.to_string()))?;
    Ok(Before { key: node.key(), data: node.data })
}

fn make_versions(
    counts: &mut RedoCounts,
    record: &Record<'_>,
    operation: &NodeOperation,
    before: Option<Before<'_>>,
    session: &mut RedoSession,
) {
    let version = match record {
        Record::Insert(insert) => {
            let key = KeyRef::new(insert.prefix, insert.suffix);
            version_of(operation, key, insert.data, UndoneChange::Insert)
        }
        Record::FlagInsert(insert) => {
            version_of(operation, KeyRef::from(insert.key), insert.data, UndoneChange::Insert)
        }
        Record::FlagInsertAndReplaceData(insert) => {
            let old = before.map(|before| (operation.page.page_number, before.data));
            return re_insert_versions(counts, insert, old, session);
        }
        Record::Replace(_) | Record::ReplaceD(_) | Record::FlagDelete(_) => {
            let Some(Before { key, data }) = before else { return session.defer(operation.rceid) };
            let change = match record {
                Record::FlagDelete(_) => UndoneChange::FlagDelete,
                _ => UndoneChange::Replace { before: data },
            };
            version_of(operation, key, data, change)
        }
        Record::Delta(delta) => {
            let (offset, width, added) = (delta.offset, DeltaWidth::Four, delta.delta.into());
            let change = UndoneChange::Delta { offset, width, delta: added };
            version_of(operation, KeyRef::from(delta.key), delta.bookmark_data, change)
        }
        Record::Delta64(delta) => {
            let (offset, width, added) = (delta.offset, DeltaWidth::Eight, delta.delta);
            let change = UndoneChange::Delta { offset, width, delta: added };
            version_of(operation, KeyRef::from(delta.key), delta.bookmark_data, change)
        }
        _ => return,
    };
    counts.versions += 1;
    session.add_version(&version);
}

/// The two versions of a FlagInsertAndReplaceData: the insert's always, the replace's where the old data is known, with
/// the page it was on.
pub(super) fn re_insert_versions(
    counts: &mut RedoCounts,
    record: &FlagInsertAndReplaceData<'_>,
    old_data: Option<(u32, &[u8])>,
    session: &mut RedoSession,
) {
    let key = KeyRef::from(record.key);
    counts.versions += 1;
    session.add_version(&version_of(&record.node, key, record.data, UndoneChange::Insert));
    if record.rceid_replace == 0 {
        return;
    }
    match old_data {
        Some((page, before)) => {
            let version = version_of(&record.node, key, record.data, UndoneChange::Replace { before });
            counts.versions += 1;
            let (rceid, held_page) = (record.rceid_replace, Some(page));
            session.add_version(&NewVersion { rceid, held_page, ..version });
        }
        None => session.defer(record.rceid_replace),
    }
}

/// UndoInfo: the version of a change that its page had already.
fn rebuild_version(counts: &mut RedoCounts, session: &mut RedoSession, record: &UndoInfo<'_>) {
    let operation = &record.node;
    if session.level() == 0 {
        return;
    }
    if session.has_version(operation.rceid) {
        return session.image_is_logged(operation.rceid);
    }
    let change = match record.operation {
        VersionedOperation::REPLACE => UndoneChange::Replace { before: record.before_image },
        VersionedOperation::FLAG_DELETE => UndoneChange::FlagDelete,
        _ => return,
    };
    let version = version_of(operation, KeyRef::from(record.key), record.bookmark_data, change);
    counts.versions += 1;
    session.add_version(&NewVersion {
        level: operation.page.level.min(session.level()),
        image: ImageLogged::Yes,
        held_page: None,
        ..version
    });
}

fn redo_undo<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    record: &Undo<'_>,
    session: &mut RedoSession,
    database: &mut RedoDatabase<P>,
) -> Result<()> {
    let operation = &record.node;
    let version = session.remove_version(operation.rceid);
    let Access::Needed(mut page) = database.existing(counts, at, change_of(operation))? else {
        return Ok(());
    };
    check_tree(&page, operation, at)?;
    let line = operation.page.line;
    if node_before(&page.view(), line)?.key.to_vec() != record.key {
        return Err(log_corrupted(at.position, "the node of an undo is another one"));
    }
    let change = match (record.operation, version.map(|version| version.change)) {
        (VersionedOperation::INSERT, _) => RedoChange::Insert,
        (VersionedOperation::FLAG_DELETE, _) => RedoChange::FlagDelete,
        (VersionedOperation::REPLACE, Some(change @ RedoChange::Replace { .. }))
        | (
            VersionedOperation::DELTA | VersionedOperation::DELTA64,
            Some(change @ RedoChange::Delta { .. }),
        ) => change,
        _ => return Err(log_corrupted(at.position, "an undo of a version that is not known")),
    };
    apply::undo(&mut page.page(), line.into(), change.undone(), operation.page.dbtime)
        .map_err(|error| at_record(error, at))?;
    page.mark_changed(at.position, at.start);
    Ok(())
}
