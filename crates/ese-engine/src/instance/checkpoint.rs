//! The checkpoint: where redo would start, moved forward as pages reach their files (spec 06 §5).
//!
//! ```text
//! candidate = min(durable tip of the log, begin of every open transaction, oldest unwritten change, waypoints)
//! then: data files synced, headers (lowest required generation), checkpoint file
//! ```
//!
//! Invariants: the checkpoint in the file never goes back; it is no further than anything that redo would need; it
//! stands still while a database is being attached, created or detached.

use ese_format::attach_list::AttachListBuilder;
use ese_format::checkpoint::{Checkpoint, CheckpointFlags, FILE_TYPE_CHECKPOINT};
use ese_format::lgpos::Lgpos;
use ese_format::log::segment::SEGMENT_BYTES;
use ese_format::logtime::Logtime;

use crate::backup::Extent;
use crate::cache::WriteBack;
use crate::error::{Error, Result};
use crate::log::{HeaderFacts, Log, checkpoint_file};

use super::Instance;

/// The checkpoint of an instance.
#[derive(Debug)]
pub(super) struct CheckpointState {
    /// As in the file.
    pub(super) current: Box<Checkpoint>,
    /// Who wants it to stand still.
    holders: u32,
}

impl CheckpointState {
    pub(super) fn new(current: Box<Checkpoint>) -> Self {
        Self { current, holders: 0 }
    }
}

/// While it lives, the checkpoint stands still.
#[derive(Debug)]
pub(super) struct CheckpointHold<'i>(&'i Instance);

impl<'i> CheckpointHold<'i> {
    pub(super) fn new(instance: &'i Instance) -> Self {
        instance.checkpoint.lock().holders += 1;
        Self(instance)
    }
}

impl Drop for CheckpointHold<'_> {
    fn drop(&mut self) {
        self.0.checkpoint.lock().holders -= 1;
    }
}

/// Whether the file of the checkpoint is written although it did not move by a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteCheckpoint {
    WhenMoved,
    Always,
}

impl Instance {
    /// The checkpoint in the checkpoint file; null without a log.
    #[must_use]
    pub fn checkpoint(&self) -> Lgpos {
        *self.checkpoint_position.lock()
    }

    /// The checkpoint as its file has it, with nobody writing it meanwhile.
    pub(crate) fn read_checkpoint(&self, log: &Log) -> Result<Box<Checkpoint>> {
        let _nobody_writes = self.checkpoint.lock();
        let settings = log.settings();
        checkpoint_file::read(&*settings.host.file_system, &settings.checkpoint_path())
    }

    /// Moves the checkpoint as far as it may go now.
    ///
    /// # Errors
    /// Those of syncing the databases and writing their headers. That the checkpoint file cannot be written is no error:
    /// redo then starts earlier.
    pub fn update_checkpoint(&self) -> Result<()> {
        self.advance_checkpoint(WriteCheckpoint::WhenMoved)
    }

    /// The checkpoint file says from now on where the logs of the last backup were fixed.
    pub(crate) fn note_backup_position(&self, extent: Extent, position: Lgpos, time: Logtime) {
        let mut state = self.checkpoint.lock();
        match extent {
            Extent::Full => {
                state.current.full_backup = position;
                state.current.full_backup_time = time;
            }
            Extent::LogsOnly => {
                state.current.incremental_backup = position;
                state.current.incremental_backup_time = time;
            }
        }
    }

    /// Writes what [`Self::note_backup_position`] noted. That it cannot be written is no error.
    pub(crate) fn write_backup_position(&self) {
        if let Err(error) = self.advance_checkpoint(WriteCheckpoint::Always) {
            tracing::warn!("the checkpoint does not know of the backup: {error}");
        }
    }

    pub(super) fn advance_checkpoint(&self, write: WriteCheckpoint) -> Result<()> {
        let Some(log) = self.log.as_deref() else { return Ok(()) };
        let mut state = self.checkpoint.lock();
        if state.holders > 0 {
            return Ok(());
        }
        let candidate = self.checkpoint_candidate(log).max(state.current.checkpoint);
        let before = state.current.checkpoint;
        let moved = (candidate.generation, candidate.isec) != (before.generation, before.isec);
        if !moved && write == WriteCheckpoint::WhenMoved {
            return Ok(());
        }
        for database in self.databases().iter().filter(|database| database.is_logged()) {
            database.checkpoint_advances(candidate)?;
        }
        state.current.checkpoint = candidate;
        state.current.database_consistency = candidate;
        let mut flags = state.current.checkpoint_flags();
        flags.insert(CheckpointFlags::ATTACH_LIST);
        state.current.flags = flags.bits();
        state.current.attach_list = *self.attach_list(candidate)?;
        self.write_checkpoint(&state);
        Ok(())
    }

    /// The clean end of a run: the checkpoint is the record that says so, and no database is attached (spec 05 §11).
    pub(super) fn end_checkpoint(&self, term: Lgpos) {
        let mut state = self.checkpoint.lock();
        state.current.checkpoint = term;
        state.current.database_consistency = term;
        let mut flags = state.current.checkpoint_flags();
        flags.remove(CheckpointFlags::ATTACH_LIST);
        state.current.flags = flags.bits();
        state.current.attach_list[0] = 0;
        self.write_checkpoint(&state);
    }

    fn write_checkpoint(&self, state: &CheckpointState) {
        let Some(log) = self.log.as_deref() else { return };
        let settings = log.settings();
        let mut written = Box::new(*state.current);
        written.signature = log.signature();
        written.parameters = settings.parameters();
        written.file_type = FILE_TYPE_CHECKPOINT.into();
        let disk = &*settings.host.file_system;
        match checkpoint_file::write(disk, &settings.checkpoint_path(), &written) {
            Ok(()) => {
                *self.checkpoint_position.lock() = state.current.checkpoint;
                self.look_at_depth(log.generation());
            }
            Err(error) => tracing::warn!("the checkpoint stays where it was: {error}"),
        }
    }

    fn checkpoint_candidate(&self, log: &Log) -> Lgpos {
        // In this order: what begins or changes later lies behind what was read before.
        let mut candidate = log.durable_tip();
        if let Some(begin) = self.transactions.checkpoint_bound() {
            candidate = candidate.min(begin);
        }
        for database in self.databases().iter().filter(|database| database.is_logged()) {
            if let Some(oldest) = database.file().oldest_begin0() {
                candidate = candidate.min(oldest);
            }
            candidate = candidate.min(Lgpos::new(database.waypoint(), u16::MAX, u16::MAX));
        }
        if candidate.isec.get() == 0 { Lgpos::new(candidate.generation.get(), 1, 0) } else { candidate }
    }

    /// The databases that were attached before `first`, as headers and the checkpoint store them.
    fn attach_list(&self, first: Lgpos) -> Result<Box<[u8; ese_format::attach_list::ATTACH_LIST_BYTES]>> {
        let mut list = AttachListBuilder::default();
        for database in self.databases() {
            if let Some(info) = database.attach_info(first) {
                let path = database.path();
                list.push(info, &path.to_string_lossy()).map_err(|error| Error::format(path, error))?;
            }
        }
        Ok(Box::new(list.build()))
    }

    pub(super) fn facts_for_header(&self, first: Lgpos) -> HeaderFacts {
        match self.attach_list(first) {
            Ok(attach_list) => HeaderFacts { attach_list, checkpoint: self.checkpoint() },
            Err(error) => {
                // Attaching checked that the list has room.
                tracing::error!("the header of a log has no attach list: {error}");
                HeaderFacts { checkpoint: self.checkpoint(), ..HeaderFacts::default() }
            }
        }
    }

    /// Lets no transaction begin to write while too many generations lie between the checkpoint and the newest one.
    pub(super) fn look_at_depth(&self, newest: i32) {
        let depth = newest.saturating_sub(self.checkpoint().generation.get());
        let limit = i32::try_from(self.settings.checkpoint_too_deep).unwrap_or(i32::MAX);
        self.transactions.set_checkpoint_too_deep(depth > limit);
    }

    /// Writes pages whose oldest change is further behind the tip of the log than the checkpoint is to be.
    ///
    /// # Errors
    /// Those of writing pages.
    pub(super) fn clean_by_depth(&self) -> Result<()> {
        let Some(log) = self.log.as_deref() else { return Ok(()) };
        let Some(limit) = position_before(log, log.tip(), self.settings.checkpoint_depth) else {
            return Ok(());
        };
        for database in self.databases().iter().filter(|database| database.is_logged()) {
            if database.file().oldest_begin0().is_some_and(|oldest| oldest < limit) {
                database.file().write_back(WriteBack::OldestBefore(limit))?;
            }
        }
        Ok(())
    }
}

/// The position so many bytes of log before another one; `None` before the first generation.
fn position_before(log: &Log, tip: Lgpos, bytes: u64) -> Option<Lgpos> {
    let file_bytes = log.settings().file_bytes().max(1);
    let generation = u64::try_from(tip.generation.get()).ok()?;
    let offset = generation * file_bytes + u64::from(tip.isec.get()) * SEGMENT_BYTES as u64;
    let before = offset.checked_sub(bytes)?;
    let segment = u16::try_from(before % file_bytes / SEGMENT_BYTES as u64).ok()?;
    let generation = i32::try_from(before / file_bytes).ok().filter(|generation| *generation > 0)?;
    Some(Lgpos::new(generation, segment, 0))
}
