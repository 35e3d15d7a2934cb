//! Online defragmentation as programs see it: which databases one was started for, and since when (spec 09 §13.1).
//!
//! Leaves that became small are merged by the cleanup of versions, at all times: a run has nothing of its own to move, so
//! that it is what it began with, a cleanup, and its state.
//!
//! Invariant: a database has at most one run; that of a detached database is none.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ese_engine::instance::AttachedDatabase;
use parking_lot::Mutex;

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To start a run, for so many seconds at most.
    Start {
        /// `None` = without end.
        seconds: Option<u32>,
    },
    /// To stop it.
    Stop,
    /// To defragment one tree.
    OneTree,
    /// To defragment the trees that need it.
    AllTrees,
}

/// A run.
#[derive(Debug)]
struct Run {
    database: Weak<AttachedDatabase>,
    started: Instant,
    most: Option<Duration>,
}

impl Run {
    fn is_over(&self) -> bool {
        self.database.strong_count() == 0 || self.most.is_some_and(|most| self.started.elapsed() >= most)
    }
}

/// The runs of an instance.
#[derive(Debug, Default)]
pub struct Defragmentation(Mutex<Vec<Run>>);

impl Defragmentation {
    /// Starts a run; false when there is one.
    #[must_use]
    pub fn start(&self, database: &Arc<AttachedDatabase>, seconds: Option<u32>) -> bool {
        let mut runs = self.0.lock();
        runs.retain(|run| !run.is_over());
        let database = Arc::downgrade(database);
        if runs.iter().any(|run| run.database.ptr_eq(&database)) {
            return false;
        }
        let most = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        runs.push(Run { database, started: Instant::now(), most });
        true
    }

    /// Stops the run of a database: the seconds that it took, `None` when there was none.
    #[must_use]
    pub fn stop(&self, database: &Arc<AttachedDatabase>) -> Option<u32> {
        let mut runs = self.0.lock();
        runs.retain(|run| !run.is_over());
        let database = Arc::downgrade(database);
        let place = runs.iter().position(|run| run.database.ptr_eq(&database))?;
        let run = runs.swap_remove(place);
        Some(u32::try_from(run.started.elapsed().as_secs()).unwrap_or(u32::MAX))
    }
}
