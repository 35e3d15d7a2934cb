//! Taking versions back on their pages (spec 06 §11.2).

use ese_format::log::record::{DBTIME_NIL, Record, Undo, UndoInfo, VersionedOperation};
use ese_format::page::PageView;

use crate::apply;
use crate::btree::leaf::Place;
use crate::btree::stamp::Dbtimes;
use crate::btree::{Author, DeltaWidth, UndoImage, UndoneChange, UndoneVersion, WritableTree};
use crate::error::Result;

impl WritableTree {
    /// Takes a version back on the page: logs its before-image if that is pending, then the undo. The version is the
    /// caller's to forget afterwards; it must be there still, so that the page keeps room for others of the node.
    ///
    /// # Errors
    /// Those of the log and of reading pages; `JET_errRecordDeleted` when the node is not there.
    pub fn undo(&self, author: &mut dyn Author, undone: &UndoneVersion<'_>) -> Result<()> {
        let data = self.bookmark_data(undone.data);
        let mut leaf = self.latch_leaf(undone.key, data)?;
        let Place::Found(line) = self.place_in(&leaf.view(), undone.key, data)? else {
            return Err(self.no_such_node());
        };
        let claim = self.claim_after(author, &leaf.view(), line, undone)?;
        let view = leaf.view();
        let stamp = author.stamp();
        let nil = Dbtimes { before: DBTIME_NIL, after: DBTIME_NIL };
        let operation =
            |dbtimes, line| self.node_operation(stamp, view.number(), dbtimes, line, undone.rceid);
        let undo_info = undo_info(undone, data, operation(nil, 0));
        let dbtimes = Dbtimes { before: view.dbtime(), after: self.draw_dbtime(&[view])? };
        let mut node = operation(dbtimes, line);
        // The undo makes no version (annotated record 19: flags 04).
        node.page.flags -= ese_format::log::record::PageOperationFlags::VERSIONED;
        let undo = Record::Undo(Undo {
            node,
            operation: operation_of(&undone.change),
            version_level: undone.level,
            key: undone.key,
            bookmark_data: data,
        });
        let claimed = view.uncommitted_free_bytes();
        let records: Vec<Record<'_>> = undo_info.into_iter().chain([undo]).collect();
        let logged = author.log(self.map(), &records)?;
        apply::undo(&mut leaf.page(), line, applied(&undone.change), dbtimes.after)?;
        leaf.mark_changed(logged);
        self.add_claim(&mut leaf, claimed, claim);
        Ok(())
    }

    /// How the bytes that rollbacks may claim change with this undo.
    fn claim_after(
        &self,
        author: &dyn Author,
        leaf: &PageView<'_>,
        line: usize,
        undone: &UndoneVersion<'_>,
    ) -> Result<isize> {
        let UndoneChange::Replace { before, .. } = undone.change else { return Ok(0) };
        let node = leaf.node(line).map_err(self.on_page())?;
        let bytes = self.rollback_bytes(author, &node).max(before.len());
        Ok(bytes.saturating_sub(before.len()) as isize - bytes.saturating_sub(node.data.len()) as isize)
    }
}

fn operation_of(change: &UndoneChange<'_>) -> VersionedOperation {
    match change {
        UndoneChange::Insert => VersionedOperation::INSERT,
        UndoneChange::Replace { .. } => VersionedOperation::REPLACE,
        UndoneChange::FlagDelete { .. } => VersionedOperation::FLAG_DELETE,
        UndoneChange::Delta { width: DeltaWidth::Four, .. } => VersionedOperation::DELTA,
        UndoneChange::Delta { width: DeltaWidth::Eight, .. } => VersionedOperation::DELTA64,
    }
}

fn applied<'a>(change: &UndoneChange<'a>) -> apply::UndoneChange<'a> {
    match *change {
        UndoneChange::Insert => apply::UndoneChange::Insert,
        UndoneChange::Replace { before, .. } => apply::UndoneChange::Replace { before },
        UndoneChange::FlagDelete { .. } => apply::UndoneChange::FlagDelete,
        UndoneChange::Delta { offset, delta, width } => apply::UndoneChange::Delta { offset, width, delta },
    }
}

/// The before-image, where it is not in the log.
fn undo_info<'a>(
    undone: &UndoneVersion<'a>,
    bookmark_data: &'a [u8],
    mut node: ese_format::log::record::NodeOperation,
) -> Option<Record<'a>> {
    node.page.flags -= ese_format::log::record::PageOperationFlags::VERSIONED;
    let (before_image, max_size, size_delta) = match undone.change {
        // Node data is shorter than a page: its sizes fit.
        UndoneChange::Replace { before, max_bytes, set_aside, image: UndoImage::Pending } => {
            (before, max_bytes as i16, set_aside as i16)
        }
        UndoneChange::FlagDelete { image: UndoImage::Pending } => (&[][..], 0, 0),
        _ => return None,
    };
    Some(Record::UndoInfo(UndoInfo {
        node,
        operation: operation_of(&undone.change),
        max_size,
        size_delta,
        key: undone.key,
        bookmark_data,
        before_image,
    }))
}
