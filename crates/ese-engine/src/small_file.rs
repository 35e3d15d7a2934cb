//! Small text files of our own beside databases and logs: read whole, within a bound, and replaced as a whole.
//!
//! Invariants: nothing but a regular file is opened, so a pipe of the same name stops nobody; a file is either the old one or
//! the new one whenever the power fails, and the new one is durable when [`replace`] returns; a link of the name of the file or of its
//! forerunner is replaced, never followed, by a write.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ese_format::error::JetError;

use crate::error::{Error, Result};
use crate::io::{Access, Existing, FileSystem};

/// What the name of a file ends with while it is being written.
const FORERUNNER: &str = ".new";

/// All bytes of a file that has at most `most` of them.
///
/// # Errors
/// `JET_errFileNotFound` where there is no regular file; `JET_errFileAccessDenied` for a folder; `too_large` with more
/// bytes; those of the disk.
pub fn read(disk: &dyn FileSystem, path: &Path, most: u64, too_large: JetError) -> Result<Vec<u8>> {
    if disk.is_folder(path) {
        let about = format!("{} is a folder", path.display());
        return Err(Error::refused(JetError::FILE_ACCESS_DENIED, about));
    }
    if !disk.is_file(path) {
        let about = format!("there is no file {}", path.display());
        return Err(Error::refused(JetError::FILE_NOT_FOUND, about));
    }
    let file = disk.open(path, Access::Read)?;
    let length = file.length()?;
    if length > most {
        let about = format!("{} has {length} bytes, at most {most} are read", path.display());
        return Err(Error::refused(too_large, about));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let count = file.read_at(&mut bytes, 0)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Writes a file beside its name, makes it durable and renames it.
///
/// # Errors
/// Those of the disk; the file is as it was then.
pub fn replace(disk: &dyn FileSystem, path: &Path, bytes: &[u8]) -> Result<()> {
    let forerunner = forerunner_of(path);
    remove_if_there(disk, &forerunner)?;
    let file = disk.create(&forerunner, Existing::Keep)?;
    let written = file.write_at(bytes, 0).and_then(|()| file.sync());
    drop(file);
    written.and_then(|()| disk.rename(&forerunner, path)).inspect_err(|_| {
        // The first failure is the one to tell; what is left behind is replaced by the next write.
        let _ = disk.remove(&forerunner);
    })
}

/// Deletes a file that may be gone already.
///
/// # Errors
/// Those of the disk, `JET_errFileNotFound` excepted.
pub fn remove_if_there(disk: &dyn FileSystem, path: &Path) -> Result<()> {
    match disk.remove(path) {
        Err(error) if error.jet() == JetError::FILE_NOT_FOUND => Ok(()),
        result => result,
    }
}

fn forerunner_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(FORERUNNER);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::OsFileSystem;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path().join("x"), folder.path().join("elsewhere"));
        std::fs::write(&elsewhere, "precious").unwrap();
        for link in [&path, &forerunner_of(&path)] {
            std::os::unix::fs::symlink(&elsewhere, link).unwrap();
        }
        replace(&OsFileSystem, &path, b"first").unwrap();
        replace(&OsFileSystem, &path, b"second").unwrap();
        assert_eq!(read(&OsFileSystem, &path, 6, JetError::INVALID_PARAMETER).unwrap(), b"second");
        assert_eq!(std::fs::read(&elsewhere).unwrap(), b"precious");
        let too_large = read(&OsFileSystem, &path, 5, JetError::FILE_INVALID_TYPE).unwrap_err();
        assert_eq!(too_large.jet(), JetError::FILE_INVALID_TYPE);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let any = JetError::INVALID_PARAMETER;
        let missing = read(&OsFileSystem, &folder.path().join("none"), 9, any).unwrap_err();
        assert_eq!(missing.jet(), JetError::FILE_NOT_FOUND);
        let no_file = read(&OsFileSystem, folder.path(), 9, any).unwrap_err();
        assert_eq!(no_file.jet(), JetError::FILE_ACCESS_DENIED);
        remove_if_there(&OsFileSystem, &folder.path().join("none")).unwrap();
    }
}
