//! Patch files of old backups (spec 07 §2.6): `.pat` beside the copy or among the logs of the set.
//!
//! Their absence is normal. A file of no bytes is the marker that folder backups leave, one of two pages an empty patch
//! file. Page images were written by engines whose logs cannot be replayed without them and whose log versions this
//! engine does not replay, so that a file with images is never one for the copy at hand.

use std::path::{Path, PathBuf};

use ese_format::error::JetError;

use crate::error::{Error, Result};
use crate::instance::HeaderFile;
use crate::io::{Access, FileSystem};
use crate::recovery::BackupCopy;

/// Bytes of a patch file without images.
const EMPTY_BYTES: u64 = 8192;
/// Bytes of its pages.
const PAGE_BYTES: u64 = 4096;

/// Looks for the patch file of a copy.
///
/// # Errors
/// `JET_errBadPatchPage` for a file that is no patch file, `JET_errDatabasePatchFileMismatch` for one of another backup.
pub(super) fn check(disk: &dyn FileSystem, copy: &BackupCopy, backup_folder: &Path) -> Result<()> {
    let Some(stem) = copy.path().file_stem() else { return Ok(()) };
    let name = PathBuf::from(stem).with_extension("pat");
    let beside = copy.path().with_file_name(&name);
    let among = backup_folder.join(&name);
    [beside, among].iter().filter(|path| disk.is_file(path)).try_for_each(|path| check_file(disk, path, copy))
}

fn check_file(disk: &dyn FileSystem, path: &Path, copy: &BackupCopy) -> Result<()> {
    let file = disk.open(path, Access::Read)?;
    let bytes = file.length()?;
    if bytes == 0 || bytes == EMPTY_BYTES {
        return Ok(());
    }
    let refused = |jet, what: &str| Err(Error::refused(jet, format!("{} {what}", path.display())));
    if bytes % PAGE_BYTES != 0 || bytes < EMPTY_BYTES {
        return refused(JetError::BAD_PATCH_PAGE, "is no patch file");
    }
    let Ok(pair) = HeaderFile::read_pair(&*file) else {
        return refused(JetError::BAD_PATCH_PAGE, "has no header");
    };
    let (patch, fields) = (&pair.header.fields, &copy.header().fields);
    let is_of_copy = patch.database_signature == fields.database_signature
        && patch.log_signature == fields.log_signature
        && patch.backup_full_current.mark == fields.backup_full_current.mark;
    if is_of_copy {
        refused(JetError::BAD_PATCH_PAGE, "has images of pages, which no log of this format leaves out")
    } else {
        refused(JetError::DATABASE_PATCH_FILE_MISMATCH, "belongs to another backup")
    }
}
