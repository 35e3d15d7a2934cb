//! Floor 7: an instance - one log stream, its databases, and everything that happens to them as a whole.
//!
//! ```text
//! start    folders claimed -> stream new, or closed cleanly and continued, or recovered -> Init2
//! attach   AttachDB, header dirty        create   CreateDB ... CreateDBFinish, header dirty
//! running  headers follow the log's generations, pages pass the gate, the checkpoint moves
//! detach   DetachDB, header clean        stop     ShutDownMark, headers clean, Term2, checkpoint
//! ```
//!
//! Invariants: a database header on the disk names every generation whose changes may be in the file; a database that
//! is attached for writing is dirty on the disk until its clean header is written behind all its pages; locks:
//! `administration`, then the checkpoint, then a header; none of them is waited for with a latch held, but for a header,
//! which is held over its own reads and writes only.

mod attach;
mod attached;
mod background;
mod checkpoint;
mod counts;
mod create;
mod gate;
mod header_file;
mod in_use;
mod opens;
mod settings;
mod size;
mod standstill;
mod start;
mod stop;
mod temporary;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod text_tests;

use std::sync::Arc;

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::logtime::Logtime;
use parking_lot::Mutex;

use crate::backup::Desk;
use crate::cache::PageCache;
use crate::error::{Error, Result};
use crate::lock_order::LeafMutex;
use crate::log::{HeaderFacts, Log, LogOwner};
use crate::snapshot::Membership;
use crate::temp::TemporaryTables;
use crate::transaction::Transactions;

use background::Worker;
use checkpoint::CheckpointState;
use in_use::PathClaim;

pub(crate) use attach::encode;
pub use attach::{AttachRequest, Attached, DATABASES_MAX};
pub use attached::{AttachedDatabase, Writability};
pub use create::CreateRequest;
pub use header_file::{AttachedLogging, GenerationFile, HeaderFile, draw_signature};
pub use opens::{AfterClose, OpenMode};
pub use settings::{
    CHECKPOINT_DEPTH_DEFAULT, EXTENSION_PAGES_DEFAULT, InstanceSettings, LOG_FILE_KB_DEFAULT, RecoveryMode,
    Rollover,
};
pub use size::{DatabaseSizes, Resize, set_database_size};
pub(crate) use standstill::{Standstill, StoodStill};
pub(crate) use start::claim_folders;
pub use start::{StartRequest, Started};
pub use stop::TermKind;

/// Whether an instance runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunState {
    Running,
    Stopped,
}

/// An instance that was started.
#[derive(Debug)]
pub struct Instance {
    settings: InstanceSettings,
    cache: Arc<PageCache>,
    transactions: Arc<Transactions>,
    /// None with [`RecoveryMode::Off`].
    log: Option<Arc<Log>>,
    /// Where this run's Init2 is.
    begun: Lgpos,
    /// Held by whoever attaches, creates, detaches or stops.
    pub(crate) administration: Mutex<()>,
    /// The external backup that runs.
    pub(crate) backup: Desk,
    /// By dbid; 0 is the temporary database.
    slots: LeafMutex<[Option<Arc<AttachedDatabase>>; DATABASES_MAX + 1]>,
    temporary_tables: LeafMutex<Option<Arc<TemporaryTables>>>,
    checkpoint: Mutex<CheckpointState>,
    /// The checkpoint in the file, for those who may not wait for `checkpoint`.
    checkpoint_position: LeafMutex<Lgpos>,
    /// The tip of the log when work was last done inline.
    looked: LeafMutex<Lgpos>,
    run_state: LeafMutex<RunState>,
    claims: LeafMutex<Vec<PathClaim>>,
    /// Which snapshot it takes part in.
    snapshot: LeafMutex<Membership>,
    worker: Worker,
}

impl Instance {
    /// What it is run with.
    #[must_use]
    pub fn settings(&self) -> &InstanceSettings {
        &self.settings
    }

    /// Its log; none with [`RecoveryMode::Off`].
    #[must_use]
    pub fn log(&self) -> Option<&Arc<Log>> {
        self.log.as_ref()
    }

    /// Its sessions and versions.
    #[must_use]
    pub fn transactions(&self) -> &Arc<Transactions> {
        &self.transactions
    }

    /// The cache its databases are read through.
    #[must_use]
    pub fn cache(&self) -> &Arc<PageCache> {
        &self.cache
    }

    /// Which snapshot it takes part in.
    pub(crate) fn snapshot(&self) -> &LeafMutex<Membership> {
        &self.snapshot
    }

    /// Asked before new work begins (spec 05 §3.4).
    ///
    /// # Errors
    /// `JET_errLogDiskFull` while reserve logs are in use, the log's own error when it is down.
    pub fn admit_new_work(&self) -> Result<()> {
        self.log.as_ref().map_or(Ok(()), |log| log.admit_new_work())
    }

    /// Takes a database away without writing anything of it.
    fn let_go(&self, database: &AttachedDatabase) {
        database.file().discard_changes();
        self.transactions.forget_file(database.file().id());
        self.remove(database);
    }

    pub(crate) fn check_runs(&self) -> Result<()> {
        match *self.run_state.lock() {
            RunState::Running => Ok(()),
            RunState::Stopped => {
                Err(Error::refused(JetError::NOT_INITIALIZED, "the instance has been stopped"))
            }
        }
    }
}

impl LogOwner for Instance {
    fn header_facts(&self, first: Lgpos) -> HeaderFacts {
        self.facts_for_header(first)
    }

    fn generation_began(&self, generation: i32, created: Logtime) -> Result<()> {
        let newest = GenerationFile { generation, created };
        self.look_at_depth(generation);
        self.databases().iter().try_for_each(|database| database.generation_began(newest))
    }
}

impl Drop for Instance {
    /// An instance that was not stopped leaves its files as a crash would; work that waits for its databases would keep
    /// them open.
    fn drop(&mut self) {
        self.worker.stop();
        self.transactions.stop_background();
        for dbid in 0..=DATABASES_MAX {
            if let Some(database) = self.database(dbid as u8) {
                self.let_go(&database);
            }
        }
        self.transactions.set_log(None);
    }
}
