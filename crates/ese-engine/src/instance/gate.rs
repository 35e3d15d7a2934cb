//! What a changed page of a logged database has to pass before it is written (spec 06 §3.2).
//!
//! Invariants: the before-images of uncommitted changes on the page are in the log (W3); the header on the disk names
//! the generation of its newest change (W2, W6); that change is durable (W1, in [`WriteGate::make_durable`]).

use std::sync::{Arc, Weak};

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::page::PageView;

use crate::cache::WriteGate;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::transaction::Transactions;

use super::attached::AttachedDatabase;
use super::header_file::GenerationFile;

/// The gate of one database.
#[derive(Debug)]
pub(super) struct LoggedGate {
    log: Arc<Log>,
    transactions: Arc<Transactions>,
    database: Weak<AttachedDatabase>,
}

impl LoggedGate {
    pub(super) fn new(
        log: &Arc<Log>,
        transactions: &Arc<Transactions>,
        database: &Arc<AttachedDatabase>,
    ) -> Arc<Self> {
        Arc::new(Self {
            log: Arc::clone(log),
            transactions: Arc::clone(transactions),
            database: Arc::downgrade(database),
        })
    }

    fn raise_waypoint(&self, database: &AttachedDatabase, modified: Lgpos) -> Result<()> {
        let wanted = modified.generation.get();
        if wanted <= database.waypoint() {
            return Ok(());
        }
        // Writing the log gives the generation its file, and its file raises the waypoint.
        self.log.flush_unfilled(modified)?;
        if wanted <= database.waypoint() {
            return Ok(());
        }
        let (generation, created) = self.log.newest_file();
        let mut state = database.lock_header();
        if state.file.raise_max(GenerationFile { generation, created }) {
            database.write_header(&mut state)?;
        }
        database.passed(&state);
        if wanted <= database.waypoint() {
            return Ok(());
        }
        let about = format!("a page changed in generation {wanted:#x}, which has no log yet");
        Err(Error::refused(JetError::LOG_WRITE_FAIL, about))
    }
}

impl WriteGate for LoggedGate {
    fn before_write(&self, page: &PageView<'_>, modified: Lgpos) -> Result<Lgpos> {
        let Some(database) = self.database.upgrade() else {
            return Err(Error::refused(JetError::DATABASE_NOT_FOUND, "the database is detached"));
        };
        let modified = modified.max(self.transactions.log_undo_images(database.map(), page)?);
        if !modified.is_null() {
            self.raise_waypoint(&database, modified)?;
        }
        Ok(modified)
    }

    fn make_durable(&self, through: Lgpos) -> Result<()> {
        self.log.flush_unfilled(through)
    }
}

/// The gate of a database that the instance has let go: nothing passes.
#[derive(Debug)]
pub(super) struct ClosedGate;

impl WriteGate for ClosedGate {
    fn before_write(&self, _page: &PageView<'_>, _modified: Lgpos) -> Result<Lgpos> {
        Err(Error::refused(JetError::DATABASE_NOT_FOUND, "the database is detached"))
    }

    fn make_durable(&self, _through: Lgpos) -> Result<()> {
        Err(Error::refused(JetError::DATABASE_NOT_FOUND, "the database is detached"))
    }
}
