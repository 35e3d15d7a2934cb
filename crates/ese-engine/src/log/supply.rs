//! Where the next log file comes from, and which old ones go: the temporary file, reserve logs, circular logging
//! (spec 05 §3.2 step 1, §3.4, §3.5).
//!
//! ```text
//! prepared before             take it
//! circular, oldest unneeded   the oldest archived log becomes the next one
//! else                        a new file
//! disk full                   the highest reserve log
//! ```
//!
//! Invariants: the file given is of full size, all zeros, and synced, so that writing to it needs no more space;
//! archived logs go from the lowest upward.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_format::error::JetError;
use ese_format::log::names;
use ese_format::log::segment::SEGMENT_BYTES;
use ese_format::reserve::{self, ReserveVerdict};

use crate::error::{Error, Result};
use crate::io::{Access, Existing, File};

use super::{Circular, LogFolder, LogSettings};

/// Generations behind the checkpoint that circular logging keeps.
const GENERATIONS_KEPT: i32 = 2;
/// Bytes of zeros that are written at once.
const FILL_BYTES: usize = 1 << 18;

/// The file of the next generation, still under the temporary name.
#[derive(Debug)]
pub(super) struct NextFile {
    pub(super) file: Arc<dyn File>,
    pub(super) from_reserve: bool,
}

/// What became of logs that were to be deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Logs deleted.
    pub deleted: u32,
    /// Logs that were not there.
    pub missing: u32,
}

/// The files of the stream beside the current log.
#[derive(Debug, Default)]
pub(super) struct Supply {
    archives: BTreeMap<i32, PathBuf>,
    reserves: BTreeSet<u32>,
    prepared: Option<Arc<dyn File>>,
    /// The archived logs that somebody wants to keep: each from a generation on.
    held_from: Vec<i32>,
    /// The temporary file is somebody's: none is made meanwhile.
    temporary_taken: bool,
}

impl Supply {
    pub(super) fn new(folder: &LogFolder) -> Self {
        let archives = folder.archives().iter().map(|(generation, path)| (*generation, path.clone()));
        Self { archives: archives.collect(), ..Self::default() }
    }

    pub(super) fn archived(&mut self, generation: i32, path: PathBuf) {
        self.archives.insert(generation, path);
    }

    pub(super) fn hold(&mut self, from: i32) {
        self.held_from.push(from);
    }

    pub(super) fn release(&mut self, from: i32) {
        if let Some(place) = self.held_from.iter().position(|held| *held == from) {
            self.held_from.swap_remove(place);
        }
    }

    /// Whether nobody holds this generation.
    fn may_go(&self, generation: i32) -> bool {
        self.held_from.iter().all(|from| generation < *from)
    }

    pub(super) fn path_of(&self, generation: i32) -> Option<PathBuf> {
        self.archives.get(&generation).cloned()
    }

    /// Deletes archived logs from the lowest upward; stops at the first that cannot be deleted.
    pub(super) fn delete(
        &mut self,
        settings: &LogSettings,
        generations: std::ops::Range<i32>,
    ) -> Result<Deleted> {
        let disk = &settings.host.file_system;
        let mut done = Deleted::default();
        for generation in generations {
            let known = self.archives.get(&generation).cloned();
            let path = known.unwrap_or_else(|| settings.archived_path(generation));
            match disk.remove(&path) {
                Ok(()) => done.deleted += 1,
                Err(error) if error.jet() == JetError::FILE_NOT_FOUND => done.missing += 1,
                Err(error) => return Err(error),
            }
            self.archives.remove(&generation);
        }
        Ok(done)
    }

    pub(super) fn lowest_archive(&self) -> Option<i32> {
        self.archives.first_key_value().map(|(generation, _)| *generation)
    }

    /// Makes the next file ahead of time. A full disk is no error here.
    pub(super) fn prepare(&mut self, settings: &LogSettings, checkpoint: i32) -> Result<()> {
        if self.prepared.is_none() && !self.temporary_taken {
            match self.make(settings, checkpoint) {
                Ok(file) => self.prepared = Some(file),
                Err(error) if error.jet() == JetError::DISK_FULL => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The temporary file may be made again.
    pub(super) fn give_temporary_back(&mut self) {
        self.temporary_taken = false;
    }

    /// Deletes the file that was made ahead of time; no other is made until the temporary name is given back.
    pub(super) fn discard_prepared(&mut self, settings: &LogSettings) -> Result<()> {
        self.temporary_taken = true;
        let disk = &settings.host.file_system;
        let temporary = settings.temporary_path();
        if self.prepared.take().is_some() || disk.is_file(&temporary) {
            disk.remove(&temporary)?;
        }
        Ok(())
    }

    /// The file of the next generation, under the temporary name until that is given back.
    ///
    /// # Errors
    /// `JET_errLogDiskFull` when the disk is full and the reserve logs are used up.
    pub(super) fn next_file(&mut self, settings: &LogSettings, checkpoint: i32) -> Result<NextFile> {
        self.temporary_taken = true;
        if let Some(file) = self.prepared.take() {
            return Ok(NextFile { file, from_reserve: false });
        }
        match self.make(settings, checkpoint) {
            Ok(file) => Ok(NextFile { file, from_reserve: false }),
            Err(error) if error.jet() == JetError::DISK_FULL => {
                let file = self.take_reserve(settings)?;
                Ok(NextFile { file, from_reserve: true })
            }
            Err(error) => Err(error),
        }
    }

    fn make(&mut self, settings: &LogSettings, checkpoint: i32) -> Result<Arc<dyn File>> {
        let temporary = settings.temporary_path();
        let disk = &settings.host.file_system;
        let reused = self.reuse_oldest(settings, checkpoint)?;
        let file = match reused {
            Some(file) => file,
            None => disk.create(&temporary, Existing::Replace)?,
        };
        match fill_with_zeros(&*file, settings.file_bytes()) {
            Ok(()) => Ok(file),
            Err(error) => {
                // What could not be made whole must not take space from the reserve.
                drop(file);
                if let Err(left) = disk.remove(&temporary) {
                    tracing::warn!("an unfinished log stays: {left}");
                }
                Err(error)
            }
        }
    }

    /// Circular logging: the lowest archived log under the temporary name, when no recovery needs it; and those that
    /// are longer out of need are deleted.
    fn reuse_oldest(&mut self, settings: &LogSettings, checkpoint: i32) -> Result<Option<Arc<dyn File>>> {
        if settings.circular == Circular::Off {
            return Ok(None);
        }
        let disk = &settings.host.file_system;
        let mut reused = None;
        let oldest = self.lowest_archive().filter(|oldest| *oldest < checkpoint && self.may_go(*oldest));
        if let Some(path) = oldest.and_then(|oldest| self.archives.remove(&oldest)) {
            let temporary = settings.temporary_path();
            disk.rename(&path, &temporary)?;
            reused = Some(disk.open(&temporary, Access::ReadWrite)?);
        }
        while let Some(oldest) = self.lowest_archive() {
            if oldest >= checkpoint.saturating_sub(GENERATIONS_KEPT) || !self.may_go(oldest) {
                break;
            }
            let path = self.path_of(oldest).unwrap_or_else(|| settings.archived_path(oldest));
            if let Err(error) = disk.remove(&path) {
                tracing::warn!("an old log stays: {error}");
                break;
            }
            self.archives.remove(&oldest);
        }
        Ok(reused)
    }

    fn take_reserve(&mut self, settings: &LogSettings) -> Result<Arc<dyn File>> {
        let Some(number) = self.reserves.pop_last() else {
            return Err(Error::refused(
                JetError::LOG_DISK_FULL,
                "the disk is full and no reserve log is left",
            ));
        };
        let disk = &settings.host.file_system;
        let temporary = settings.temporary_path();
        disk.rename(&settings.reserve_path(number), &temporary)?;
        let file = disk.open(&temporary, Access::ReadWrite)?;
        fill_with_zeros(&*file, settings.file_bytes())?;
        Ok(file)
    }

    /// Keeps the reserve logs that are as they must be, deletes the others, and makes those that are missing.
    ///
    /// # Errors
    /// `JET_errLogDiskFull` when there is no room for them.
    pub(super) fn keep_reserves(&mut self, settings: &LogSettings) -> Result<()> {
        let disk = &settings.host.file_system;
        for path in disk.list(&settings.folder)? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let judge = |bytes| {
                reserve::judge(
                    &settings.base_name,
                    name,
                    bytes,
                    settings.file_bytes(),
                    settings.reserve_files,
                )
            };
            // The length matters only for files that are reserve logs by their name.
            let Some(mut verdict) = judge(settings.file_bytes()) else { continue };
            if verdict == ReserveVerdict::Keep {
                let bytes = disk.open(&path, Access::Read)?.length()?;
                verdict = judge(bytes).unwrap_or(ReserveVerdict::Delete);
            }
            match (verdict, names::parse(&settings.base_name, name)) {
                (ReserveVerdict::Keep, Some(names::LogName::Reserve { number }))
                    if path == settings.reserve_path(number) =>
                {
                    self.reserves.insert(number);
                }
                _ => disk.remove(&path)?,
            }
        }
        self.make_reserves(settings)
    }

    /// Makes the reserve logs that are missing.
    pub(super) fn make_reserves(&mut self, settings: &LogSettings) -> Result<()> {
        let disk = &settings.host.file_system;
        for number in 1..=settings.reserve_files {
            if self.reserves.contains(&number) {
                continue;
            }
            let path = settings.reserve_path(number);
            let made = disk
                .create(&path, Existing::Replace)
                .and_then(|file| fill_with_zeros(&*file, settings.file_bytes()));
            match made {
                Ok(()) => {
                    self.reserves.insert(number);
                }
                Err(error) if error.jet() == JetError::DISK_FULL => {
                    remove_if_there(settings, &path);
                    return Err(Error::refused(JetError::LOG_DISK_FULL, "no space for reserve logs"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn remove_if_there(settings: &LogSettings, path: &Path) {
    let disk = &settings.host.file_system;
    if disk.is_file(path)
        && let Err(error) = disk.remove(path)
    {
        tracing::warn!("an unfinished reserve log stays: {error}");
    }
}

/// Gives the file this length and nothing but zeros, durably.
fn fill_with_zeros(file: &dyn File, bytes: u64) -> Result<()> {
    if file.length()? != bytes {
        file.set_length(bytes)?;
    }
    let zeros = vec![0; FILL_BYTES.min(usize::try_from(bytes).unwrap_or(FILL_BYTES))];
    let mut offset = 0;
    while offset < bytes {
        let count = (bytes - offset).min(zeros.len() as u64);
        file.write_at(zeros.get(..count as usize).unwrap_or(&zeros), offset)?;
        offset += count;
    }
    file.sync()
}

const _: () = assert!(FILL_BYTES.is_multiple_of(SEGMENT_BYTES));
