//! An instance whose files stand still, so that a snapshot of their volume is a set that recovery takes (spec 07 §10.2).
//!
//! ```text
//! administration   nobody attaches, creates, detaches, stops
//! checkpoint       no checkpoint, and with it no header, is written
//! pages, lengths   of every database but the temporary one
//! log              between two generations, or behind the record (circular logging)
//! sync             a snapshot of a Linux volume sees what was synced
//! ```
//!
//! Pages come before the log: who writes pages waits for the log, and must have come to its end. All is given back in
//! the opposite order. Calls meanwhile wait where they would write; none fails.

use std::sync::Arc;

use ese_format::lgpos::Lgpos;
use ese_format::logtime::Logtime;
use parking_lot::MutexGuard;

use crate::backup::Extent;
use crate::cache::CachedFile;
use crate::error::Result;
use crate::log::{FreezeAt, FrozenLog, Log};

use super::Instance;

/// What the log knows while the instance stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoodStill {
    /// Where the record of the freeze is.
    pub(crate) record: Lgpos,
    /// The last generation in a copy taken now.
    pub(crate) last_generation: i32,
    /// Generation of the checkpoint in the checkpoint file.
    pub(crate) checkpoint: i32,
    /// The lowest archived generation.
    pub(crate) lowest_archive: Option<i32>,
}

/// What to freeze an instance with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standstill<'r> {
    /// Where the log stops.
    pub(crate) at: FreezeAt<'r>,
    /// The time in that record.
    pub(crate) time: Logtime,
    /// For the checkpoint.
    pub(crate) extent: Extent,
}

impl Instance {
    /// Runs `meanwhile` while no file of the instance changes.
    ///
    /// # Errors
    /// Those of bringing the log to a standstill, of syncing, of `meanwhile`, and of letting the log go on.
    pub(crate) fn stand_still(
        &self,
        log: &Arc<Log>,
        how: Standstill<'_>,
        meanwhile: &mut dyn FnMut(StoodStill) -> Result<()>,
    ) -> Result<()> {
        let _administration = self.administration.lock();
        self.check_runs()?;
        let mut checkpoint = self.checkpoint.lock();
        let files: Vec<Arc<CachedFile>> =
            self.databases().iter().map(|database| Arc::clone(database.file())).collect();
        let _pages: Vec<_> = files.iter().map(|file| file.hold_writes()).collect();
        let frozen: FrozenLog<'_> = log.freeze(how.at)?;
        match how.extent {
            Extent::Full => {
                checkpoint.current.full_backup = frozen.record();
                checkpoint.current.full_backup_time = how.time;
            }
            Extent::LogsOnly => {
                checkpoint.current.incremental_backup = frozen.record();
                checkpoint.current.incremental_backup_time = how.time;
            }
        }
        files.iter().try_for_each(|file| file.sync())?;
        let still = StoodStill {
            record: frozen.record(),
            last_generation: frozen.last_generation(),
            checkpoint: checkpoint.current.checkpoint.generation.get(),
            lowest_archive: log.lowest_archive(),
        };
        let done = meanwhile(still);
        frozen.thaw().and(done)
    }

    /// Waits until nobody attaches, creates, detaches or stops; nobody does while the guard lives.
    pub(crate) fn administration(&self) -> MutexGuard<'_, ()> {
        self.administration.lock()
    }

    /// Whether it was not stopped yet.
    pub(crate) fn is_running(&self) -> bool {
        self.check_runs().is_ok()
    }
}
