//! Before-images on their way to the log, before a page that lost them goes to the file (spec 06 §3.2 W3, §3.4).
//!
//! Redo rebuilds the version of a replace or of a deletion from the page, if the page was not written since; if it was,
//! from an UndoInfo record. So before such a page is written, each of its changes is either in the log with an UndoInfo,
//! or its transaction's end is durable before the page is.

use std::sync::Arc;

use ese_format::lgpos::Lgpos;
use ese_format::log::record::{
    DBTIME_NIL, NodeOperation, PageOperation, PageOperationFlags, Record, UndoInfo, VersionedOperation,
};
use ese_format::node::NodeFlags;
use ese_format::page::{PageFlags, PageView};

use crate::error::{Error, Result};
use crate::file_map::{FileMap, Logging};
use crate::log::Log;
use crate::transaction::Transactions;
use crate::transaction::commit::encode;
use crate::transaction::version::{Change, NodeName, Version};

impl Transactions {
    /// Logs the before-images of this page that are not in the log yet, and gives the position that has to be durable
    /// before the page is written: that of the last UndoInfo, or of the last commit among the page's versions. Null when
    /// there is nothing of the kind. The page is latched.
    ///
    /// # Errors
    /// Those of the log, and of a page that is broken.
    pub fn log_undo_images(&self, file: &FileMap, page: &PageView<'_>) -> Result<Lgpos> {
        let flags = page.flags();
        let plain_leaf = flags.contains(PageFlags::LEAF) && !flags.contains(PageFlags::SPACE_TREE);
        if file.logging() == Logging::Off || !plain_leaf || self.store.count() == 0 {
            return Ok(Lgpos::NULL);
        }
        let Some(log) = self.log() else { return Ok(Lgpos::NULL) };
        let has_duplicate_keys = flags.contains(PageFlags::NON_UNIQUE_KEYS);
        let mut versions = Vec::new();
        for node in page.nodes() {
            let node = node.map_err(|error| file.file().format_error(error.on_page(page.number())))?;
            if node.flags.contains(NodeFlags::VERSIONED) {
                let data = if has_duplicate_keys { node.data } else { &[] };
                let name = NodeName { file: file.file().id(), objid: page.objid(), key: node.key(), data };
                self.store.with_undo_images(&name, &mut versions);
            }
        }
        // In the order in which they were made.
        versions.sort_by_key(|version| version.rceid);
        versions
            .iter()
            .try_fold(Lgpos::NULL, |last, version| Ok(last.max(log_undo_image(&log, file, page, version)?)))
    }
}

/// Logs one before-image if that is due, and gives the position on which the version depends.
fn log_undo_image(log: &Log, file: &FileMap, page: &PageView<'_>, version: &Arc<Version>) -> Result<Lgpos> {
    let progress = version.transaction.log.lock();
    if version.is_gone() {
        return Ok(Lgpos::NULL);
    }
    if let Some(position) = progress.ended.or_else(|| version.undo_image()) {
        return Ok(position);
    }
    if progress.levels == 0 {
        return Ok(Lgpos::NULL);
    }
    let mut bytes = Vec::new();
    encode(&mut bytes, &undo_info(file, page, version)?)?;
    let position = log.append(&[&bytes])?.last;
    version.set_undo_image(position);
    Ok(position)
}

fn undo_info<'v>(file: &FileMap, page: &PageView<'_>, version: &'v Version) -> Result<Record<'v>> {
    let (operation, before_image, max_bytes, set_aside) = match &version.change {
        Change::Replace { before, max_bytes, set_aside } => {
            (VersionedOperation::REPLACE, &**before, *max_bytes, *set_aside)
        }
        _ => (VersionedOperation::FLAG_DELETE, &[][..], 0, 0),
    };
    let too_large = |_| {
        let about = format!("a before-image of {} bytes", before_image.len());
        Error::refused(ese_format::error::JetError::INTERNAL_ERROR, about)
    };
    let mut flags = PageOperationFlags::empty();
    flags.set(PageOperationFlags::UNIQUE, !page.flags().contains(PageFlags::NON_UNIQUE_KEYS));
    Ok(Record::UndoInfo(UndoInfo {
        node: NodeOperation {
            page: PageOperation {
                procid: version.transaction.procid,
                dbid: file.dbid(),
                page_number: page.number(),
                dbtime: DBTIME_NIL,
                dbtime_before: DBTIME_NIL,
                trx_begin0: version.transaction.trx_begin0,
                level: version.level(),
                line: 0,
                flags,
            },
            rceid: version.rceid,
            fdp: version.fdp,
            objid: version.objid,
        },
        operation,
        max_size: i16::try_from(max_bytes).map_err(too_large)?,
        size_delta: set_aside,
        key: version.key(),
        bookmark_data: version.data(),
        before_image,
    }))
}
