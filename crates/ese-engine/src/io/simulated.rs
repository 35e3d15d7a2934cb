//! A disk in memory that behaves as badly as a real one may, and the same way for the same seed.
//!
//! Every file has two images: what a read sees, and what survives a power cut. [`File::sync`] copies the sectors
//! written since the last one from the first to the second. [`SimulatedFileSystem::cut_power`] decides for every other
//! sector whether it had reached the disk; a write that spans sectors can so be torn. Creating, renaming and removing
//! are durable at once, as the trait promises.
//!
//! Any call can be made to fail: the n-th from now on, as an I/O error or for want of space, once or for good; and the
//! disk can be given a size. [`SimulatedFileSystem::cut_power_at`] cuts the power in the middle of the n-th call that
//! writes; what is lost is decided at [`SimulatedFileSystem::reboot`], so that a workload can be run once for each of
//! its writes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::error::{Error, IoOperation, Result};
use crate::io::{Access, Existing, File, FileSystem};

/// Bytes that a disk writes as one, all of them or none, unless [`SimulatedFileSystem::with_sectors`] says otherwise.
const SECTOR_BYTES: usize = 512;

/// What a power cut does to sectors that were written and not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerLoss {
    /// None of them reached the disk.
    LosesAllUnsynced,
    /// Each one reached it or not, as a generator with this seed says.
    KeepsSome {
        /// Seed of the generator.
        seed: u64,
    },
}

/// A disk in memory.
#[derive(Clone, Debug, Default)]
pub struct SimulatedFileSystem {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Default)]
struct Disk {
    /// Bytes that are written as one in files with this extension; in others it is [`SECTOR_BYTES`].
    sectors: Option<(&'static str, usize)>,
    files: BTreeMap<PathBuf, Arc<Mutex<Node>>>,
    /// Folders that were made: they are there without files, too.
    folders: BTreeSet<PathBuf>,
    /// Calls that still succeed, and how those after them fail.
    fails_after: Option<(u64, io::ErrorKind)>,
    /// Calls that still succeed, and how the one after them fails.
    fails_once: Option<(u64, io::ErrorKind)>,
    /// Calls since the disk was made, and those that wrote.
    calls: u64,
    write_calls: u64,
    /// Writing calls that still succeed, and what is lost when the power goes in the one after them.
    cut: Option<(u64, PowerLoss)>,
    /// What the power that is gone took with it; it does so when it comes back.
    off: Option<PowerLoss>,
    /// Bytes that all files together may have.
    size: Option<u64>,
    /// Files opened before the last power cut are gone.
    boots: u64,
}

/// How far a writing call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// To its end.
    Whole,
    /// The power goes while it is under way.
    Cut(PowerLoss),
}

impl Fate {
    /// Whether a call that the disk does as one thing has happened.
    fn happens(self, salt: u64) -> bool {
        match self {
            Self::Whole => true,
            Self::Cut(PowerLoss::LosesAllUnsynced) => false,
            Self::Cut(PowerLoss::KeepsSome { seed }) => Generator((seed ^ salt) | 1).flips_heads(),
        }
    }

    fn end(self, operation: IoOperation, path: &Path) -> Result<()> {
        match self {
            Self::Whole => Ok(()),
            Self::Cut(_) => Err(Error::io(operation, path, None, io::ErrorKind::BrokenPipe.into())),
        }
    }
}

#[derive(Debug, Default)]
struct Node {
    sector: usize,
    seen: Vec<u8>,
    durable: Vec<u8>,
    unsynced: BTreeSet<usize>,
    readers: usize,
    writers: usize,
}

#[derive(Debug)]
struct SimulatedFile {
    path: Arc<Path>,
    disk: Arc<Mutex<Disk>>,
    node: Arc<Mutex<Node>>,
    access: Access,
    boot: u64,
    /// It was let go of: others may have it.
    is_gone: AtomicBool,
}

/// xorshift64*: small, seedable, and good enough to choose sectors.
struct Generator(u64);

impl Generator {
    fn flips_heads(&mut self) -> bool {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 63 == 1
    }
}

impl Disk {
    /// Counts a call, and fails it when its time has come. Once failing, the disk stays so until told otherwise.
    fn call(&mut self, operation: IoOperation, path: &Path, offset: Option<u64>) -> Result<()> {
        let failed = |kind: io::ErrorKind| Err(Error::io(operation, path, offset, kind.into()));
        if self.off.is_some() {
            return failed(io::ErrorKind::BrokenPipe);
        }
        self.calls += 1;
        match &mut self.fails_once {
            Some((0, kind)) => {
                let kind = *kind;
                self.fails_once = None;
                return failed(kind);
            }
            Some((left, _)) => *left -= 1,
            None => {}
        }
        match &mut self.fails_after {
            Some((0, kind)) => return failed(*kind),
            Some((left, _)) => *left -= 1,
            None => {}
        }
        Ok(())
    }

    /// As [`Self::call`], for a call that writes: the power may go in it.
    fn write_call(&mut self, operation: IoOperation, path: &Path, offset: Option<u64>) -> Result<Fate> {
        self.call(operation, path, offset)?;
        self.write_calls += 1;
        match &mut self.cut {
            Some((0, loss)) => {
                let loss = *loss;
                self.cut = None;
                self.off = Some(loss);
                Ok(Fate::Cut(loss))
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(Fate::Whole)
            }
            None => Ok(Fate::Whole),
        }
    }

    /// Whether a file may grow by this many bytes.
    fn check_space(&self, growth: usize, path: &Path) -> Result<()> {
        let Some(size) = self.size.filter(|_| growth > 0) else { return Ok(()) };
        let used: u64 = self.files.values().map(|node| node.lock().seen.len() as u64).sum();
        if used.saturating_add(growth as u64) > size {
            return Err(Error::io(IoOperation::Write, path, None, io::ErrorKind::StorageFull.into()));
        }
        Ok(())
    }

    fn lose_power(&mut self, loss: PowerLoss) {
        self.boots += 1;
        self.off = None;
        self.cut = None;
        let mut generator = match loss {
            PowerLoss::LosesAllUnsynced => None,
            PowerLoss::KeepsSome { seed } => Some(Generator(seed | 1)),
        };
        for node in self.files.values() {
            node.lock().lose_power(&mut generator);
        }
    }

    fn sector_of(&self, path: &Path) -> usize {
        let of_extension =
            |(extension, bytes)| path.extension().is_some_and(|found| found == extension).then_some(bytes);
        self.sectors.and_then(of_extension).unwrap_or(SECTOR_BYTES)
    }

    fn files_below(&self, folder: &Path) -> Vec<PathBuf> {
        self.files.keys().filter(|path| path.starts_with(folder) && *path != folder).cloned().collect()
    }

    fn node(&self, operation: IoOperation, path: &Path) -> Result<Arc<Mutex<Node>>> {
        let missing = || Error::io(operation, path, None, io::ErrorKind::NotFound.into());
        self.files.get(path).map(Arc::clone).ok_or_else(missing)
    }
}

impl Node {
    fn new(sector: usize, content: Vec<u8>) -> Self {
        Self { sector, durable: content.clone(), seen: content, ..Self::default() }
    }

    fn resize(&mut self, length: usize) {
        let (from, to) = (self.seen.len().min(length), self.seen.len().max(length));
        self.seen.resize(length, 0);
        self.unsynced.extend(from / self.sector..to.div_ceil(self.sector));
    }

    fn sync(&mut self) {
        self.durable.resize(self.seen.len(), 0);
        for sector in std::mem::take(&mut self.unsynced) {
            self.keep(sector);
        }
    }

    /// The sector as it is seen becomes durable, as far as the durable image reaches.
    fn keep(&mut self, sector: usize) {
        let start = sector * self.sector;
        let end = (start + self.sector).min(self.seen.len()).min(self.durable.len());
        if let (Some(from), Some(to)) = (self.seen.get(start..end), self.durable.get_mut(start..end)) {
            to.copy_from_slice(from);
        }
    }

    fn lose_power(&mut self, generator: &mut Option<Generator>) {
        if let Some(generator) = generator {
            if generator.flips_heads() {
                self.durable.resize(self.seen.len(), 0);
            }
            for sector in std::mem::take(&mut self.unsynced) {
                if generator.flips_heads() {
                    self.keep(sector);
                }
            }
        }
        self.unsynced.clear();
        self.seen.clone_from(&self.durable);
        (self.readers, self.writers) = (0, 0);
    }
}

impl SimulatedFileSystem {
    /// An empty disk that writes so many bytes of files with this extension as one: 4096 for databases, as today's
    /// disks do, whose pages of 4 KB are then never torn.
    #[must_use]
    pub fn with_sectors(extension: &'static str, bytes: usize) -> Self {
        let disk = Disk { sectors: Some((extension, bytes.max(1))), ..Disk::default() };
        Self { disk: Arc::new(Mutex::new(disk)) }
    }

    /// Puts a durable file with this content on the disk, replacing one that is there.
    pub fn put(&self, path: impl Into<PathBuf>, content: Vec<u8>) {
        let mut disk = self.disk.lock();
        let path = path.into();
        let node = Node::new(disk.sector_of(&path), content);
        disk.files.insert(path, Arc::new(Mutex::new(node)));
    }

    /// What a reader of the file sees.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let node = self.disk.lock().files.get(path).map(Arc::clone)?;
        let seen = node.lock().seen.clone();
        Some(seen)
    }

    /// Changes what a file holds behind the back of everybody, as a bad disk does: what is read and what is durable.
    /// Nothing where the file ends before `offset`.
    pub fn damage(&self, path: &Path, offset: usize, change: &mut dyn FnMut(&mut [u8])) {
        let Some(node) = self.disk.lock().files.get(path).map(Arc::clone) else { return };
        let mut node = node.lock();
        let node = &mut *node;
        if let Some(bytes) = node.seen.get_mut(offset..) {
            change(bytes);
        }
        node.durable.clone_from(&node.seen);
        node.unsynced.clear();
    }

    /// Lets `calls` more calls succeed and every one after them fail with `kind`.
    pub fn fail_after(&self, calls: u64, kind: io::ErrorKind) {
        self.disk.lock().fails_after = Some((calls, kind));
    }

    /// Ends [`Self::fail_after`] and [`Self::fail_once`].
    pub fn heal(&self) {
        let mut disk = self.disk.lock();
        disk.fails_after = None;
        disk.fails_once = None;
    }

    /// Lets `calls` more calls succeed and fails the one after them, and no other, with `kind`.
    pub fn fail_once(&self, calls: u64, kind: io::ErrorKind) {
        self.disk.lock().fails_once = Some((calls, kind));
    }

    /// Gives the disk a size in bytes, or none: what does not fit fails with `JET_errDiskFull`.
    pub fn set_size(&self, bytes: Option<u64>) {
        self.disk.lock().size = bytes;
    }

    /// Bytes that all files have.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.disk.lock().files.values().map(|node| node.lock().seen.len() as u64).sum()
    }

    /// Calls so far: what [`Self::fail_once`] counts.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.disk.lock().calls
    }

    /// Calls that wrote so far: writes, resizes, creates, renames, removes and syncs.
    #[must_use]
    pub fn write_calls(&self) -> u64 {
        self.disk.lock().write_calls
    }

    /// Lets `calls` more writing calls succeed and cuts the power in the one after them: that call fails, a write of it
    /// counts as not synced, and so does every call behind it until [`Self::reboot`].
    pub fn cut_power_at(&self, calls: u64, loss: PowerLoss) {
        self.disk.lock().cut = Some((calls, loss));
    }

    /// Whether [`Self::cut_power_at`] has come to its call.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.disk.lock().off.is_some()
    }

    /// Turns the power on again. Whether or not [`Self::cut_power_at`] has come to its call, every open file becomes
    /// useless, and what was not synced is lost as it was told.
    pub fn reboot(&self) {
        let mut disk = self.disk.lock();
        let planned = disk.cut.map(|(_, loss)| loss);
        let loss = disk.off.or(planned).unwrap_or(PowerLoss::LosesAllUnsynced);
        disk.lose_power(loss);
    }

    /// Cuts the power: every open file becomes useless, and what was not synced is lost as `loss` says.
    pub fn cut_power(&self, loss: PowerLoss) {
        self.disk.lock().lose_power(loss);
    }

    fn opened(
        &self,
        disk: &Disk,
        path: &Path,
        node: Arc<Mutex<Node>>,
        access: Access,
    ) -> Result<Arc<dyn File>> {
        {
            let mut locks = node.lock();
            let free = locks.writers == 0 && (access == Access::Read || locks.readers == 0);
            if !free {
                return Err(Error::io(IoOperation::Lock, path, None, io::ErrorKind::WouldBlock.into()));
            }
            match access {
                Access::Read => locks.readers += 1,
                Access::ReadWrite => locks.writers += 1,
            }
        }
        let disk_handle = Arc::clone(&self.disk);
        Ok(Arc::new(SimulatedFile {
            path: Arc::from(path),
            disk: disk_handle,
            node,
            access,
            boot: disk.boots,
            is_gone: AtomicBool::new(false),
        }))
    }
}

impl FileSystem for SimulatedFileSystem {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn File>> {
        let mut disk = self.disk.lock();
        disk.call(IoOperation::Open, path, None)?;
        let node = disk.node(IoOperation::Open, path)?;
        self.opened(&disk, path, node, access)
    }

    fn create(&self, path: &Path, existing: Existing) -> Result<Arc<dyn File>> {
        let mut disk = self.disk.lock();
        let fate = disk.write_call(IoOperation::Create, path, None)?;
        if !fate.happens(disk.write_calls) {
            fate.end(IoOperation::Create, path)?;
        }
        if let Some(node) = disk.files.get(path) {
            if existing == Existing::Keep {
                return Err(Error::io(IoOperation::Create, path, None, io::ErrorKind::AlreadyExists.into()));
            }
            let node = Arc::clone(node);
            let file = self.opened(&disk, path, Arc::clone(&node), Access::ReadWrite)?;
            // Closing a file looks at the disk.
            drop(disk);
            node.lock().resize(0);
            return fate.end(IoOperation::Create, path).map(|()| file);
        }
        let node = Arc::new(Mutex::new(Node::new(disk.sector_of(path), Vec::new())));
        disk.files.insert(path.to_owned(), Arc::clone(&node));
        fate.end(IoOperation::Create, path)?;
        self.opened(&disk, path, node, Access::ReadWrite)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let mut disk = self.disk.lock();
        let fate = disk.write_call(IoOperation::Rename, from, None)?;
        let moved = disk.files_below(from);
        if moved.is_empty() && !disk.folders.contains(from) {
            disk.node(IoOperation::Rename, from)?;
        }
        if fate.happens(disk.write_calls) {
            if disk.folders.remove(from) {
                disk.folders.insert(to.to_owned());
            }
            for path in moved.into_iter().chain([from.to_owned()]) {
                let Some(node) = disk.files.remove(&path) else { continue };
                let renamed = match path.strip_prefix(from) {
                    Ok(below) if !below.as_os_str().is_empty() => to.join(below),
                    _ => to.to_owned(),
                };
                disk.files.insert(renamed, node);
            }
        }
        fate.end(IoOperation::Rename, from)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        let mut disk = self.disk.lock();
        let fate = disk.write_call(IoOperation::Remove, path, None)?;
        disk.node(IoOperation::Remove, path)?;
        if fate.happens(disk.write_calls) {
            disk.files.remove(path);
        }
        fate.end(IoOperation::Remove, path)
    }

    fn list(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut disk = self.disk.lock();
        disk.call(IoOperation::List, folder, None)?;
        Ok(disk.files.keys().filter(|path| path.parent() == Some(folder)).cloned().collect())
    }

    /// The folders that have files below them, and those that were made.
    fn list_folders(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut disk = self.disk.lock();
        disk.call(IoOperation::List, folder, None)?;
        let child = |path: &PathBuf| {
            let below = path.strip_prefix(folder).ok()?;
            Some(folder.join(below.components().next()?))
        };
        let with_files = disk.files.keys().filter(|path| path.parent() != Some(folder)).filter_map(child);
        let made = disk.folders.iter().filter_map(child);
        let found: BTreeSet<PathBuf> = with_files.chain(made).collect();
        Ok(found.into_iter().collect())
    }

    fn remove_folder(&self, folder: &Path) -> Result<()> {
        let mut disk = self.disk.lock();
        let fate = disk.write_call(IoOperation::Remove, folder, None)?;
        if !disk.files_below(folder).is_empty() {
            let not_empty = io::ErrorKind::DirectoryNotEmpty.into();
            return Err(Error::io(IoOperation::Remove, folder, None, not_empty));
        }
        if fate.happens(disk.write_calls) {
            disk.folders.remove(folder);
        }
        fate.end(IoOperation::Remove, folder)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.disk.lock().files.contains_key(path)
    }

    /// Folders are the paths without an extension, and need not be made.
    fn is_folder(&self, path: &Path) -> bool {
        path.extension().is_none() && !self.is_file(path)
    }

    /// There are no folders that are not there, unless a file is in the way.
    fn create_folder(&self, folder: &Path) -> Result<()> {
        let mut disk = self.disk.lock();
        disk.call(IoOperation::Create, folder, None)?;
        if disk.files.contains_key(folder) {
            let in_the_way = io::ErrorKind::NotADirectory.into();
            return Err(Error::io(IoOperation::Create, folder, None, in_the_way));
        }
        Ok(())
    }

    fn identity(&self) -> usize {
        Arc::as_ptr(&self.disk).addr()
    }
}

impl SimulatedFile {
    /// The disk, unless it lost its power since the file was opened.
    fn disk(&self, operation: IoOperation, offset: Option<u64>) -> Result<MutexGuard<'_, Disk>> {
        let disk = self.disk.lock();
        if disk.boots != self.boot {
            return Err(Error::io(operation, &self.path, offset, io::ErrorKind::BrokenPipe.into()));
        }
        Ok(disk)
    }

    fn call(&self, operation: IoOperation, offset: Option<u64>) -> Result<()> {
        self.disk(operation, offset)?.call(operation, &self.path, offset)
    }

    fn may_write(&self, operation: IoOperation, offset: u64) -> Result<usize> {
        let failed = |kind: io::ErrorKind| Error::io(operation, &self.path, Some(offset), kind.into());
        if self.access == Access::Read || self.is_gone.load(Ordering::Acquire) {
            return Err(failed(io::ErrorKind::PermissionDenied));
        }
        usize::try_from(offset).map_err(|_| failed(io::ErrorKind::FileTooLarge))
    }
}

impl Drop for SimulatedFile {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl File for SimulatedFile {
    fn let_go(&self) {
        let is_first = !self.is_gone.swap(true, Ordering::AcqRel);
        if is_first && self.disk.lock().boots == self.boot {
            let mut node = self.node.lock();
            match self.access {
                Access::Read => node.readers = node.readers.saturating_sub(1),
                Access::ReadWrite => node.writers = node.writers.saturating_sub(1),
            }
        }
    }

    fn path(&self) -> &Arc<Path> {
        &self.path
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.call(IoOperation::Read, Some(offset))?;
        let node = self.node.lock();
        let rest =
            usize::try_from(offset).ok().and_then(|offset| node.seen.get(offset..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(from), Some(to)) = (rest.get(..count), buffer.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let mut disk = self.disk(IoOperation::Write, Some(offset))?;
        let fate = disk.write_call(IoOperation::Write, &self.path, Some(offset))?;
        let start = self.may_write(IoOperation::Write, offset)?;
        let end = start.saturating_add(bytes.len());
        let length = self.node.lock().seen.len();
        disk.check_space(end.saturating_sub(length), &self.path)?;
        let mut node = self.node.lock();
        if end > node.seen.len() {
            node.resize(end);
        }
        if let Some(target) = node.seen.get_mut(start..end) {
            target.copy_from_slice(bytes);
        }
        let sector = node.sector;
        node.unsynced.extend(start / sector..end.div_ceil(sector));
        fate.end(IoOperation::Write, &self.path)
    }

    fn length(&self) -> Result<u64> {
        self.call(IoOperation::Resize, None)?;
        Ok(self.node.lock().seen.len() as u64)
    }

    fn set_length(&self, length: u64) -> Result<()> {
        let mut disk = self.disk(IoOperation::Resize, Some(length))?;
        let fate = disk.write_call(IoOperation::Resize, &self.path, Some(length))?;
        let length = self.may_write(IoOperation::Resize, length)?;
        let before = self.node.lock().seen.len();
        disk.check_space(length.saturating_sub(before), &self.path)?;
        self.node.lock().resize(length);
        fate.end(IoOperation::Resize, &self.path)
    }

    fn sync(&self) -> Result<()> {
        let mut disk = self.disk(IoOperation::Sync, None)?;
        match disk.write_call(IoOperation::Sync, &self.path, None)? {
            Fate::Whole => self.node.lock().sync(),
            fate @ Fate::Cut(_) => return fate.end(IoOperation::Sync, &self.path),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ese_format::error::JetError;

    fn written_then_cut(loss: PowerLoss) -> Vec<u8> {
        let disk = SimulatedFileSystem::default();
        let path = Path::new("/x.edb");
        let file = disk.create(path, Existing::Keep).unwrap();
        file.write_at(&[1; 4096], 0).unwrap();
        file.sync().unwrap();
        file.write_at(&[2; 4096], 0).unwrap();
        disk.cut_power(loss);
        assert_eq!(file.read_at(&mut [0], 0).unwrap_err().jet(), JetError::DISK_IO);
        disk.content(path).unwrap()
    }

    #[test]
    fn a_power_cut_keeps_what_was_synced() {
        assert_eq!(written_then_cut(PowerLoss::LosesAllUnsynced), vec![1; 4096]);
    }

    #[test]
    fn a_power_cut_tears_a_write_at_sectors_and_the_same_way_for_the_same_seed() {
        let torn = written_then_cut(PowerLoss::KeepsSome { seed: 7 });
        assert_eq!(torn, written_then_cut(PowerLoss::KeepsSome { seed: 7 }));
        assert!(torn.contains(&1) && torn.contains(&2));
        assert!(torn.chunks(SECTOR_BYTES).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
    }

    #[test]
    fn the_call_that_was_told_to_fail_fails_and_those_before_it_do_not() {
        let disk = SimulatedFileSystem::default();
        let file = disk.create(Path::new("/x.edb"), Existing::Keep).unwrap();
        disk.fail_after(2, io::ErrorKind::StorageFull);
        file.write_at(b"a", 0).unwrap();
        file.write_at(b"b", 1).unwrap();
        assert_eq!(file.write_at(b"c", 2).unwrap_err().jet(), JetError::DISK_FULL);
        disk.heal();
        assert_eq!(disk.content(Path::new("/x.edb")).unwrap(), b"ab");
    }

    #[test]
    fn locks_are_given_back_when_the_file_is_closed() {
        let disk = SimulatedFileSystem::default();
        let path = Path::new("/x.edb");
        disk.put(path, vec![0; 10]);
        let reader = disk.open(path, Access::Read).unwrap();
        assert_eq!(disk.open(path, Access::ReadWrite).unwrap_err().jet(), JetError::FILE_ACCESS_DENIED);
        drop(reader);
        disk.open(path, Access::ReadWrite).unwrap();
    }

    #[test]
    fn the_power_goes_in_the_middle_of_the_write_it_was_told_and_stays_off() {
        let run = |calls, loss| {
            let disk = SimulatedFileSystem::default();
            let path = Path::new("/x.edb");
            disk.cut_power_at(calls, loss);
            let write = || -> Result<()> {
                let file = disk.create(path, Existing::Keep)?;
                file.write_at(&[1; 1024], 0)?;
                file.sync()?;
                file.write_at(&[2; 1024], 0)?;
                file.sync()?;
                disk.rename(path, Path::new("/y.edb"))
            };
            let outcome = write();
            assert_eq!(outcome.is_err(), disk.is_off());
            assert!(!disk.is_off() || disk.open(path, Access::Read).is_err());
            disk.reboot();
            (disk.content(path), disk.content(Path::new("/y.edb")), disk.write_calls())
        };
        assert_eq!(run(0, PowerLoss::LosesAllUnsynced), (None, None, 1));
        assert_eq!(run(1, PowerLoss::LosesAllUnsynced), (Some(vec![]), None, 2));
        assert_eq!(run(3, PowerLoss::LosesAllUnsynced), (Some(vec![1; 1024]), None, 4));
        assert_eq!(run(4, PowerLoss::LosesAllUnsynced), (Some(vec![1; 1024]), None, 5));
        assert_eq!(run(5, PowerLoss::LosesAllUnsynced), (Some(vec![2; 1024]), None, 6));
        let torn = |seed| run(3, PowerLoss::KeepsSome { seed }).0.unwrap();
        assert!((0..32).any(|seed| torn(seed).contains(&1) && torn(seed).contains(&2)));
        let renamed = |seed| run(5, PowerLoss::KeepsSome { seed }).1.is_some();
        assert!((0..32).any(renamed) && !(0..32).all(renamed));
    }

    #[test]
    fn a_disk_with_a_size_fills_up() {
        let disk = SimulatedFileSystem::default();
        disk.set_size(Some(1000));
        let file = disk.create(Path::new("/x.edb"), Existing::Keep).unwrap();
        file.write_at(&[0; 900], 0).unwrap();
        assert_eq!(file.write_at(&[0; 200], 900).unwrap_err().jet(), JetError::DISK_FULL);
        file.write_at(&[0; 200], 700).unwrap();
        assert_eq!(file.set_length(1001).unwrap_err().jet(), JetError::DISK_FULL);
        disk.set_size(None);
        file.set_length(1001).unwrap();
        assert_eq!(disk.used(), 1001);
    }

    #[test]
    fn a_call_can_fail_once() {
        let disk = SimulatedFileSystem::default();
        disk.fail_once(1, io::ErrorKind::Other);
        let file = disk.create(Path::new("/x.edb"), Existing::Keep).unwrap();
        assert_eq!(file.sync().unwrap_err().jet(), JetError::DISK_IO);
        file.sync().unwrap();
    }
}
