//! A disk in memory that behaves as badly as a real one may, and the same way for the same seed.
//!
//! Every file has two images: what a read sees, and what survives a power cut. [`File::sync`] copies the sectors
//! written since the last one from the first to the second. [`SimulatedFileSystem::cut_power`] decides for every other
//! sector whether it had reached the disk; a write that spans sectors can so be torn. Creating, renaming and removing
//! are durable at once, as the trait promises.
//!
//! Any call can be made to fail: the n-th from now on, as an I/O error or for want of space.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{Error, IoOperation, Result};
use crate::io::{Access, Existing, File, FileSystem};

/// Bytes that a disk writes as one: all of them or none.
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
    files: BTreeMap<PathBuf, Arc<Mutex<Node>>>,
    /// Calls that still succeed, and how the one after them fails.
    fails_after: Option<(u64, io::ErrorKind)>,
    /// Files opened before the last power cut are gone.
    boots: u64,
}

#[derive(Debug, Default)]
struct Node {
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
        match &mut self.fails_after {
            Some((0, kind)) => Err(Error::io(operation, path, offset, (*kind).into())),
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn node(&self, operation: IoOperation, path: &Path) -> Result<Arc<Mutex<Node>>> {
        let missing = || Error::io(operation, path, None, io::ErrorKind::NotFound.into());
        self.files.get(path).map(Arc::clone).ok_or_else(missing)
    }
}

impl Node {
    fn resize(&mut self, length: usize) {
        let (from, to) = (self.seen.len().min(length), self.seen.len().max(length));
        self.seen.resize(length, 0);
        self.unsynced.extend(from / SECTOR_BYTES..to.div_ceil(SECTOR_BYTES));
    }

    fn sync(&mut self) {
        self.durable.resize(self.seen.len(), 0);
        for sector in std::mem::take(&mut self.unsynced) {
            self.keep(sector);
        }
    }

    /// The sector as it is seen becomes durable, as far as the durable image reaches.
    fn keep(&mut self, sector: usize) {
        let start = sector * SECTOR_BYTES;
        let end = (start + SECTOR_BYTES).min(self.seen.len()).min(self.durable.len());
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
    /// Puts a durable file with this content on the disk, replacing one that is there.
    pub fn put(&self, path: impl Into<PathBuf>, content: Vec<u8>) {
        let node = Node { durable: content.clone(), seen: content, ..Node::default() };
        self.disk.lock().files.insert(path.into(), Arc::new(Mutex::new(node)));
    }

    /// What a reader of the file sees.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let node = self.disk.lock().files.get(path).map(Arc::clone)?;
        let seen = node.lock().seen.clone();
        Some(seen)
    }

    /// Lets `calls` more calls succeed and every one after them fail with `kind`.
    pub fn fail_after(&self, calls: u64, kind: io::ErrorKind) {
        self.disk.lock().fails_after = Some((calls, kind));
    }

    /// Ends [`Self::fail_after`].
    pub fn heal(&self) {
        self.disk.lock().fails_after = None;
    }

    /// Cuts the power: every open file becomes useless, and what was not synced is lost as `loss` says.
    pub fn cut_power(&self, loss: PowerLoss) {
        let mut disk = self.disk.lock();
        disk.boots += 1;
        let mut generator = match loss {
            PowerLoss::LosesAllUnsynced => None,
            PowerLoss::KeepsSome { seed } => Some(Generator(seed | 1)),
        };
        for node in disk.files.values() {
            node.lock().lose_power(&mut generator);
        }
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
        disk.call(IoOperation::Create, path, None)?;
        if let Some(node) = disk.files.get(path) {
            if existing == Existing::Keep {
                return Err(Error::io(IoOperation::Create, path, None, io::ErrorKind::AlreadyExists.into()));
            }
            let file = self.opened(&disk, path, Arc::clone(node), Access::ReadWrite)?;
            node.lock().resize(0);
            return Ok(file);
        }
        let node = Arc::new(Mutex::new(Node::default()));
        disk.files.insert(path.to_owned(), Arc::clone(&node));
        self.opened(&disk, path, node, Access::ReadWrite)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let mut disk = self.disk.lock();
        disk.call(IoOperation::Rename, from, None)?;
        let node = disk.node(IoOperation::Rename, from)?;
        disk.files.remove(from);
        disk.files.insert(to.to_owned(), node);
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<()> {
        let mut disk = self.disk.lock();
        disk.call(IoOperation::Remove, path, None)?;
        disk.node(IoOperation::Remove, path)?;
        disk.files.remove(path);
        Ok(())
    }

    fn list(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut disk = self.disk.lock();
        disk.call(IoOperation::List, folder, None)?;
        Ok(disk.files.keys().filter(|path| path.parent() == Some(folder)).cloned().collect())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.disk.lock().files.contains_key(path)
    }
}

impl SimulatedFile {
    fn call(&self, operation: IoOperation, offset: Option<u64>) -> Result<()> {
        let mut disk = self.disk.lock();
        if disk.boots != self.boot {
            return Err(Error::io(operation, &self.path, offset, io::ErrorKind::BrokenPipe.into()));
        }
        disk.call(operation, &self.path, offset)
    }

    fn may_write(&self, operation: IoOperation, offset: u64) -> Result<usize> {
        let failed = |kind: io::ErrorKind| Error::io(operation, &self.path, Some(offset), kind.into());
        if self.access == Access::Read {
            return Err(failed(io::ErrorKind::PermissionDenied));
        }
        usize::try_from(offset).map_err(|_| failed(io::ErrorKind::FileTooLarge))
    }
}

impl Drop for SimulatedFile {
    fn drop(&mut self) {
        if self.disk.lock().boots == self.boot {
            let mut node = self.node.lock();
            match self.access {
                Access::Read => node.readers = node.readers.saturating_sub(1),
                Access::ReadWrite => node.writers = node.writers.saturating_sub(1),
            }
        }
    }
}

impl File for SimulatedFile {
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
        self.call(IoOperation::Write, Some(offset))?;
        let start = self.may_write(IoOperation::Write, offset)?;
        let mut node = self.node.lock();
        let end = start.saturating_add(bytes.len());
        if end > node.seen.len() {
            node.resize(end);
        }
        if let Some(target) = node.seen.get_mut(start..end) {
            target.copy_from_slice(bytes);
        }
        node.unsynced.extend(start / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES));
        Ok(())
    }

    fn length(&self) -> Result<u64> {
        self.call(IoOperation::Resize, None)?;
        Ok(self.node.lock().seen.len() as u64)
    }

    fn set_length(&self, length: u64) -> Result<()> {
        self.call(IoOperation::Resize, Some(length))?;
        let length = self.may_write(IoOperation::Resize, length)?;
        self.node.lock().resize(length);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.call(IoOperation::Sync, None)?;
        self.node.lock().sync();
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
}
