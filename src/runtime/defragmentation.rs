//! Online defragmentation as programs see it: which databases one was started for, and since when (spec 09 §13.1).
//!
//! Leaves that became small are merged by the cleanup of versions, at all times: a run has nothing of its own to move, so
//! that it is what it began with, a cleanup, and its state.
//!
//! A run ends when it is stopped, when its pass is done where passes were limited, and when its time is over, which the
//! next call about it sees. Who ends it tells the program's callback.
//!
//! Invariant: a database has at most one run; that of a detached database is none, and nobody is told of its end.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ese_engine::instance::AttachedDatabase;
use ese_format::error::JetError;
use parking_lot::Mutex;

use crate::abi::tables::typedefs::JET_DBID;
use crate::runtime::call::SessionCall;
use crate::runtime::callbacks::{self, Callback};

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To start a run.
    Start {
        /// Passes at most; `None` = without end.
        passes: Option<u32>,
        /// Seconds at most; `None` = without end.
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
    callback: Option<Callback>,
}

/// The program's callback of a run that ended, which it is to be told of.
#[must_use]
#[derive(Debug, Default)]
pub struct Ended(Option<Callback>);

impl Ended {
    /// Tells the program, if it wants to know; no lock is held meanwhile.
    ///
    /// # Errors
    /// Those of a session that the program ended meanwhile.
    pub fn tell(self, call: &mut SessionCall<'_>, dbid: JET_DBID) -> Result<(), JetError> {
        self.0.map_or(Ok(()), |callback| callbacks::tell_defragmented(call, dbid, callback))
    }
}

/// The runs of an instance.
#[derive(Debug, Default)]
pub struct Defragmentation(Mutex<Vec<Run>>);

impl Defragmentation {
    /// Starts a run, and gives the one before it whose time was over; `None` while there is one.
    pub fn start(
        &self,
        database: &Arc<AttachedDatabase>,
        seconds: Option<u32>,
        callback: Option<Callback>,
    ) -> Option<Ended> {
        let mut runs = self.0.lock();
        let before = take(&mut runs, database);
        let ended = match before {
            Some(run) if run.is_running() => {
                runs.push(run);
                return None;
            }
            Some(run) => Ended(run.callback),
            None => Ended::default(),
        };
        let most = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        runs.push(Run { database: Arc::downgrade(database), started: Instant::now(), most, callback });
        Some(ended)
    }

    /// Stops the run of a database: the seconds that it took, `None` when there was none or its time was over.
    pub fn stop(&self, database: &Arc<AttachedDatabase>) -> (Option<u32>, Ended) {
        let Some(run) = take(&mut self.0.lock(), database) else { return (None, Ended::default()) };
        let seconds = u32::try_from(run.started.elapsed().as_secs()).unwrap_or(u32::MAX);
        (run.is_running().then_some(seconds), Ended(run.callback))
    }
}

impl Run {
    fn is_running(&self) -> bool {
        self.most.is_none_or(|most| self.started.elapsed() < most)
    }
}

/// Takes out the run of a database, and those of databases that are detached.
fn take(runs: &mut Vec<Run>, database: &Arc<AttachedDatabase>) -> Option<Run> {
    runs.retain(|run| run.database.strong_count() > 0);
    let database = Arc::downgrade(database);
    let place = runs.iter().position(|run| run.database.ptr_eq(&database))?;
    Some(runs.swap_remove(place))
}
