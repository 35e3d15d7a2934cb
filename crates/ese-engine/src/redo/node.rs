//! Redo of operations on one node, with the versions they make (spec 06 §9.6.2).

use ese_format::log::record::{
    FlagInsertAndReplaceData, NodeOperation, PageOperationFlags, Record, Undo, UndoInfo, VersionedOperation,
};

use super::access::{Access, Change};
use super::database::{RedoDatabase, RedoPage, RedoPages};
use super::version::{ImageLogged, RedoChange, RedoVersion};
use super::{At, Redo, RedoCounts, RedoSession, log_corrupted};
use crate::apply::{self, DeltaWidth};
use crate::error::{Error, Result};

/// The bookmark of a node and what was in it before the change.
pub(super) struct Before {
    pub(super) key: Vec<u8>,
    pub(super) data: Vec<u8>,
}

pub(super) fn is_versioned(operation: &NodeOperation) -> bool {
    operation.page.flags.contains(PageOperationFlags::VERSIONED) && operation.rceid != 0
}

/// A version of the operation's node.
pub(super) fn version_of(
    operation: &NodeOperation,
    key: Vec<u8>,
    data: &[u8],
    change: RedoChange,
) -> RedoVersion {
    let is_unique = operation.page.flags.contains(PageOperationFlags::UNIQUE);
    let needs_image = matches!(change, RedoChange::Replace { .. } | RedoChange::FlagDelete);
    RedoVersion {
        dbid: operation.page.dbid,
        fdp: operation.fdp,
        objid: operation.objid,
        key,
        data: (!is_unique).then(|| data.to_vec()),
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
            _ => {
                let before = redo_node(&mut self.counts, at, record, operation, database)?;
                if is_versioned(operation) {
                    make_versions(&mut self.counts, record, operation, before, session);
                }
                Ok(())
            }
        }
    }
}

/// Applies the record where its page needs it; gives what was there before, if so.
fn redo_node<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    record: &Record<'_>,
    operation: &NodeOperation,
    database: &mut RedoDatabase<P>,
) -> Result<Option<Before>> {
    let Access::Needed(mut page) = database.existing(counts, at, change_of(operation))? else {
        return Ok(None);
    };
    check_tree(&page, operation, at)?;
    let keeps_before = matches!(
        record,
        Record::Replace(_)
            | Record::ReplaceD(_)
            | Record::FlagDelete(_)
            | Record::FlagInsertAndReplaceData(_)
    );
    let before = if keeps_before && is_versioned(operation) {
        Some(node_before(&page, operation.page.line)?)
    } else {
        None
    };
    apply::node(record, &mut page.page()).map_err(|error| at_record(error, at))?;
    page.mark_changed(at.position, at.start);
    Ok(before)
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

pub(super) fn node_before<G: RedoPage>(page: &G, line: u16) -> Result<Before> {
    let node =
        page.view().node(line.into()).map_err(|error| Error::refused(error.jet(), error.to_string()))?;
    Ok(Before { key: node.key().to_vec(), data: node.data.to_vec() })
}

fn make_versions(
    counts: &mut RedoCounts,
    record: &Record<'_>,
    operation: &NodeOperation,
    before: Option<Before>,
    session: &mut RedoSession,
) {
    let mut add = |version| {
        counts.versions += 1;
        session.add_version(version);
    };
    match record {
        Record::Insert(insert) => {
            let key = [insert.prefix, insert.suffix].concat();
            add(version_of(operation, key, insert.data, RedoChange::Insert));
        }
        Record::FlagInsert(insert) => {
            add(version_of(operation, insert.key.to_vec(), insert.data, RedoChange::Insert));
        }
        Record::FlagInsertAndReplaceData(insert) => {
            let old = before.map(|before| (operation.page.page_number, before.data));
            re_insert_versions(counts, insert, old, session);
        }
        Record::Replace(_) | Record::ReplaceD(_) => match before {
            Some(Before { key, data }) => {
                let change = RedoChange::Replace { before: data.clone() };
                add(version_of(operation, key, &data, change));
            }
            None => session.defer(operation.rceid),
        },
        Record::FlagDelete(_) => match before {
            Some(Before { key, data }) => add(version_of(operation, key, &data, RedoChange::FlagDelete)),
            None => session.defer(operation.rceid),
        },
        Record::Delta(delta) => {
            let change = RedoChange::Delta {
                offset: delta.offset,
                width: DeltaWidth::Four,
                delta: delta.delta.into(),
            };
            add(version_of(operation, delta.key.to_vec(), delta.bookmark_data, change));
        }
        Record::Delta64(delta) => {
            let change =
                RedoChange::Delta { offset: delta.offset, width: DeltaWidth::Eight, delta: delta.delta };
            add(version_of(operation, delta.key.to_vec(), delta.bookmark_data, change));
        }
        _ => {}
    }
}

/// The two versions of a FlagInsertAndReplaceData: the insert's always, the replace's where the old data is known, with
/// the page it was on.
pub(super) fn re_insert_versions(
    counts: &mut RedoCounts,
    record: &FlagInsertAndReplaceData<'_>,
    old_data: Option<(u32, Vec<u8>)>,
    session: &mut RedoSession,
) {
    counts.versions += 1;
    session.add_version(version_of(&record.node, record.key.to_vec(), record.data, RedoChange::Insert));
    if record.rceid_replace == 0 {
        return;
    }
    match old_data {
        Some((page, before)) => {
            let change = RedoChange::Replace { before };
            let version = version_of(&record.node, record.key.to_vec(), record.data, change);
            counts.versions += 1;
            let (rceid, held_page) = (record.rceid_replace, Some(page));
            session.add_version(RedoVersion { rceid, held_page, ..version });
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
        VersionedOperation::REPLACE => RedoChange::Replace { before: record.before_image.to_vec() },
        VersionedOperation::FLAG_DELETE => RedoChange::FlagDelete,
        _ => return,
    };
    let version = version_of(operation, record.key.to_vec(), record.bookmark_data, change);
    counts.versions += 1;
    session.add_version(RedoVersion {
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
    if node_before(&page, line)?.key != record.key {
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
