//! The real disk.

use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FallocateFlags, OFlags};
use rustix::io::Errno;

use crate::error::{Error, IoOperation, Result};
use crate::io::{Access, Existing, File, FileSystem};

/// The file system of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFileSystem;

#[derive(Debug)]
struct OsFile {
    path: Arc<Path>,
    file: fs::File,
    /// It was let go of: others may have it.
    is_gone: AtomicBool,
}

impl OsFile {
    /// Locks are advisory and belong to the open file; the kernel drops them with it, also when the process dies. A file
    /// system that knows no locks is accepted: there is nobody to be kept out by them.
    fn locked(path: &Path, file: fs::File, access: Access) -> Result<Arc<dyn File>> {
        let locked = match access {
            Access::Read => file.try_lock_shared(),
            Access::ReadWrite => file.try_lock(),
        };
        match locked {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let in_use = io::Error::new(io::ErrorKind::WouldBlock, "another process has it open");
                return Err(Error::io(IoOperation::Lock, path, None, in_use));
            }
            Err(fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(fs::TryLockError::Error(error)) => {
                return Err(Error::io(IoOperation::Lock, path, None, error));
            }
        }
        Ok(Arc::new(Self { path: Arc::from(path), file, is_gone: AtomicBool::new(false) }))
    }
}

/// Bytes of zeros that are written at once where the file system allocates nothing by itself.
const ZEROS_BYTES: usize = 1 << 18;

impl OsFile {
    fn may_write(&self, operation: IoOperation, offset: u64) -> Result<()> {
        if self.is_gone.load(Ordering::Acquire) {
            let gone = io::Error::new(io::ErrorKind::PermissionDenied, "it was let go of");
            return Err(Error::io(operation, &self.path, Some(offset), gone));
        }
        Ok(())
    }

    /// Extends the file by zeros that have their place on the disk.
    fn grow(&self, from: u64, to: u64) -> io::Result<()> {
        loop {
            match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), from, to - from) {
                Ok(()) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => return self.grow_by_writing(from, to),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// [`Self::grow`] on a file system that knows no allocation ahead.
    fn grow_by_writing(&self, from: u64, to: u64) -> io::Result<()> {
        let zeros = vec![0; ZEROS_BYTES];
        let mut offset = from;
        while offset < to {
            let count = (to - offset).min(ZEROS_BYTES as u64);
            self.file.write_all_at(zeros.get(..count as usize).unwrap_or(&zeros), offset)?;
            offset += count;
        }
        Ok(())
    }
}

fn sync_folder_of(path: &Path, operation: IoOperation) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| Error::io(operation, folder, None, error))
}

impl FileSystem for OsFileSystem {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn File>> {
        let failed = |error| Error::io(IoOperation::Open, path, None, error);
        let file = fs::OpenOptions::new()
            .read(true)
            .write(access == Access::ReadWrite)
            // A pipe without a writer would keep us waiting.
            .custom_flags(OFlags::NONBLOCK.bits() as i32)
            .open(path)
            .map_err(failed)?;
        // Opening a folder or a pipe for reading succeeds; nothing else than a plain file can be a database or a log.
        let kind = file.metadata().map_err(failed)?.file_type();
        if kind.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        if !kind.is_file() {
            return Err(failed(io::Error::new(io::ErrorKind::PermissionDenied, "it is no file")));
        }
        OsFile::locked(path, file, access)
    }

    fn create(&self, path: &Path, existing: Existing) -> Result<Arc<dyn File>> {
        let failed = |error| Error::io(IoOperation::Create, path, None, error);
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true);
        match existing {
            Existing::Keep => options.create_new(true),
            // Not truncated before the lock says that nobody else uses it.
            // What is replaced is what the folder holds, never a file elsewhere that a link leads to.
            Existing::Replace if path.is_symlink() => {
                return Err(failed(io::Error::new(io::ErrorKind::PermissionDenied, "it is a link")));
            }
            Existing::Replace => options
                .create(true)
                .truncate(false)
                .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32),
        };
        let file = options.open(path).map_err(failed)?;
        let file = OsFile::locked(path, file, Access::ReadWrite)?;
        file.set_length(0)?;
        sync_folder_of(path, IoOperation::Create)?;
        Ok(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to).map_err(|error| Error::io(IoOperation::Rename, from, None, error))?;
        sync_folder_of(to, IoOperation::Rename)?;
        if from.parent() != to.parent() {
            sync_folder_of(from, IoOperation::Rename)?;
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<()> {
        fs::remove_file(path).map_err(|error| Error::io(IoOperation::Remove, path, None, error))?;
        sync_folder_of(path, IoOperation::Remove)
    }

    fn list(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let failed = |error| Error::io(IoOperation::List, folder, None, error);
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if !entry.file_type().map_err(failed)?.is_dir() {
                paths.push(entry.path());
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn list_folders(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let failed = |error| Error::io(IoOperation::List, folder, None, error);
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_type().map_err(failed)?.is_dir() {
                paths.push(entry.path());
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn remove_folder(&self, folder: &Path) -> Result<()> {
        fs::remove_dir(folder).map_err(|error| Error::io(IoOperation::Remove, folder, None, error))?;
        sync_folder_of(folder, IoOperation::Remove)
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn create_folder(&self, folder: &Path) -> Result<()> {
        let failed = |error| Error::io(IoOperation::Create, folder, None, error);
        // Each one is durable when the folder above it was synced.
        let missing: Vec<_> = folder.ancestors().take_while(|path| !path.is_dir()).collect();
        for path in missing.into_iter().rev() {
            match fs::create_dir(path) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed(error)),
                _ => sync_folder_of(path, IoOperation::Create)?,
            }
        }
        if folder.is_dir() { Ok(()) } else { Err(failed(std::io::ErrorKind::NotADirectory.into())) }
    }

    fn full_path(&self, path: &Path) -> PathBuf {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if let Ok(whole) = absolute.canonicalize() {
            return whole;
        }
        let named = absolute
            .parent()
            .and_then(|folder| Some(folder.canonicalize().ok()?.join(absolute.file_name()?)));
        named.unwrap_or(absolute)
    }

    fn leads_out(&self, path: &Path) -> bool {
        let is_inside = || {
            let target = path.canonicalize().ok()?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
            Some(target.starts_with(folder))
        };
        path.is_symlink() && is_inside() != Some(true)
    }
}

impl File for OsFile {
    fn path(&self) -> &Arc<Path> {
        &self.path
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io(IoOperation::Read, &self.path, Some(offset), error)),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.may_write(IoOperation::Write, offset)?;
        self.file
            .write_all_at(bytes, offset)
            .map_err(|error| Error::io(IoOperation::Write, &self.path, Some(offset), error))
    }

    fn length(&self) -> Result<u64> {
        self.file
            .metadata()
            .map(|metadata| metadata.len())
            .map_err(|error| Error::io(IoOperation::Resize, &self.path, None, error))
    }

    /// What a file grows by has its place on the disk when this returns: a full disk shows here, where a call can be
    /// refused, and not when a changed page is written.
    fn set_length(&self, length: u64) -> Result<()> {
        self.may_write(IoOperation::Resize, length)?;
        let failed = |error| Error::io(IoOperation::Resize, &self.path, Some(length), error);
        let before = self.file.metadata().map_err(failed)?.len();
        if length <= before {
            return self.file.set_len(length).map_err(failed);
        }
        self.grow(before, length).map_err(|error| {
            // What was not allocated as a whole would be a hole at the end of the file.
            if let Err(left) = self.file.set_len(before) {
                tracing::warn!(
                    "{}: it did not grow, and has another length now: {left}",
                    self.path.display()
                );
            }
            failed(error)
        })
    }

    fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| Error::io(IoOperation::Sync, &self.path, None, error))
    }

    fn let_go(&self) {
        if self.is_gone.swap(true, Ordering::AcqRel) {
            return;
        }
        match self.file.unlock() {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(error) => {
                tracing::warn!("{}: its lock stays until it is closed: {error}", self.path.display());
            }
        }
    }
}

/// A closed file is free. The lock belongs to what was opened, and a child that the program is starting has that too, until
/// it executes: closing alone would leave it locked for as long.
impl Drop for OsFile {
    fn drop(&mut self) {
        self.let_go();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ese_format::error::JetError;

    #[test]
    fn a_closed_file_is_free_although_a_child_on_its_way_has_it_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("edb.log");
        let file = fs::OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap();
        // What fork gives a child.
        let of_the_child = file.try_clone().unwrap();
        let opened = OsFile::locked(&path, file, Access::ReadWrite).unwrap();
        assert_eq!(
            OsFileSystem.open(&path, Access::ReadWrite).map(drop).unwrap_err().jet(),
            JetError::FILE_ACCESS_DENIED
        );
        drop(opened);
        OsFileSystem.open(&path, Access::ReadWrite).expect("it is free");
        drop(of_the_child);
    }

    #[test]
    fn a_file_that_was_let_go_of_is_free_and_can_only_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.edb");
        for disk in [&OsFileSystem as &dyn FileSystem, &crate::io::SimulatedFileSystem::default()] {
            let file = disk.create(&path, Existing::Keep).unwrap();
            file.write_at(b"old", 0).unwrap();
            file.let_go();
            let next = disk.open(&path, Access::ReadWrite).unwrap();
            next.write_at(b"new", 0).unwrap();
            let mut seen = [0; 3];
            assert_eq!((file.read_at(&mut seen, 0).unwrap(), &seen), (3, b"new"));
            assert_eq!(file.write_at(b"old", 0).unwrap_err().jet(), JetError::FILE_ACCESS_DENIED);
            assert_eq!(file.set_length(0).unwrap_err().jet(), JetError::FILE_ACCESS_DENIED);
            file.let_go();
            drop(file);
            assert!(disk.open(&path, Access::Read).is_err(), "the lock of the next one stays");
            drop(next);
            assert!(disk.open(&path, Access::ReadWrite).is_ok());
        }
    }

    #[test]
    fn a_writer_keeps_everyone_out_and_readers_keep_writers_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.edb");
        let disk = OsFileSystem;
        let writer = disk.create(&path, Existing::Keep).unwrap();
        assert_eq!(disk.open(&path, Access::Read).unwrap_err().jet(), JetError::FILE_ACCESS_DENIED);
        drop(writer);
        let _first = disk.open(&path, Access::Read).unwrap();
        let _second = disk.open(&path, Access::Read).unwrap();
        assert_eq!(disk.open(&path, Access::ReadWrite).unwrap_err().jet(), JetError::FILE_ACCESS_DENIED);
    }

    #[test]
    fn failures_to_open_give_the_documented_codes() {
        let folder = tempfile::tempdir().unwrap();
        let disk = OsFileSystem;
        let missing = folder.path().join("none.edb");
        assert_eq!(disk.open(&missing, Access::Read).unwrap_err().jet(), JetError::FILE_NOT_FOUND);
        assert_eq!(disk.open(folder.path(), Access::Read).unwrap_err().jet(), JetError::FILE_ACCESS_DENIED);
        disk.create(&missing, Existing::Keep).unwrap();
        assert_eq!(disk.create(&missing, Existing::Keep).unwrap_err().jet(), JetError::FILE_ALREADY_EXISTS);
    }

    #[test]
    fn what_a_file_grows_by_has_its_place_on_the_disk() {
        use std::os::unix::fs::MetadataExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.edb");
        let file = OsFileSystem.create(&path, Existing::Keep).unwrap();
        file.write_at(&[7; 100], 0).unwrap();
        file.set_length(1 << 20).unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.len(), 1 << 20);
        assert!(metadata.blocks() * 512 >= 1 << 20, "{} blocks", metadata.blocks());
        let mut grown = vec![9; 1 << 20];
        assert_eq!(file.read_at(&mut grown, 0).unwrap(), 1 << 20);
        assert!(grown[..100].iter().all(|byte| *byte == 7) && grown[100..].iter().all(|byte| *byte == 0));
        // More than any disk has: refused at once, and the file is as it was.
        assert!(file.set_length(1 << 62).is_err());
        assert_eq!(file.length().unwrap(), 1 << 20);
        file.set_length(10).unwrap();
        assert_eq!(file.length().unwrap(), 10);
    }

    #[test]
    fn growing_by_writing_gives_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.edb");
        let file = OsFile {
            path: path.as_path().into(),
            file: fs::File::create_new(&path).unwrap(),
            is_gone: AtomicBool::new(false),
        };
        file.grow_by_writing(3, ZEROS_BYTES as u64 + 5).unwrap();
        assert!(fs::read(&path).unwrap() == vec![0; ZEROS_BYTES + 5]);
    }

    #[test]
    fn reads_end_with_the_file_and_writes_extend_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.edb");
        let file = OsFileSystem.create(&path, Existing::Keep).unwrap();
        file.write_at(b"abc", 4).unwrap();
        let mut buffer = [9; 8];
        assert_eq!(file.read_at(&mut buffer, 2).unwrap(), 5);
        assert_eq!(&buffer[..5], b"\0\0abc");
        file.set_length(6).unwrap();
        assert_eq!(file.length().unwrap(), 6);
        let renamed = folder.path().join("y.edb");
        OsFileSystem.rename(&path, &renamed).unwrap();
        assert_eq!(OsFileSystem.list(folder.path()).unwrap(), std::slice::from_ref(&renamed));
        OsFileSystem.remove(&renamed).unwrap();
        assert!(!OsFileSystem.is_file(&renamed));
    }
}
