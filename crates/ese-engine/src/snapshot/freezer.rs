//! The thread that holds the instances of a session still.
//!
//! It takes all locks itself, so that they are given back in order whoever asks for it: the call that thaws, or the
//! clock. The state between it and the session is one value; whoever changes it first decides whether a freeze timed
//! out.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ese_format::error::JetError;
use parking_lot::{Condvar, Mutex};

use super::member::Member;
use crate::background_thread;
use crate::error::{Error, Result};

/// How far the thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Bringing the instances to a standstill.
    Freezing,
    /// They stand still.
    Frozen,
    /// They are to go on.
    Thawing,
    /// They went on by themselves.
    TimedOut,
    /// They could not be brought to a standstill.
    Failed,
}

/// How a freeze came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thaw {
    /// It was asked for.
    Asked,
    /// Nobody asked for it in time.
    TimedOut,
}

#[derive(Debug)]
struct Signal {
    progress: Mutex<Progress>,
    changed: Condvar,
}

impl Signal {
    /// The instances stand still: returns when they are to go on.
    fn wait_for_thaw(&self, for_most: Duration) {
        let deadline = Instant::now().checked_add(for_most);
        let mut progress = self.progress.lock();
        *progress = Progress::Frozen;
        self.changed.notify_all();
        while *progress == Progress::Frozen {
            let is_late = match deadline {
                Some(deadline) => self.changed.wait_until(&mut progress, deadline).timed_out(),
                None => {
                    self.changed.wait(&mut progress);
                    false
                }
            };
            if is_late && *progress == Progress::Frozen {
                *progress = Progress::TimedOut;
            }
        }
    }
}

/// The thread, as the session has it.
#[derive(Debug)]
pub(super) struct Freezer {
    signal: Arc<Signal>,
    thread: JoinHandle<Result<()>>,
}

impl Freezer {
    /// Brings all members to a standstill. On an error all of them go on.
    ///
    /// # Errors
    /// `JET_errOutOfThreads`; those of [`Member::freeze`].
    pub(super) fn start(members: &Arc<Mutex<Vec<Member>>>, for_most: Duration) -> Result<Self> {
        let signal = Arc::new(Signal { progress: Mutex::new(Progress::Freezing), changed: Condvar::new() });
        let (theirs, members) = (Arc::clone(&signal), Arc::clone(members));
        let thread = std::thread::Builder::new()
            .name("ese-snapshot".into())
            .spawn(move || run(&theirs, &mut members.lock(), for_most))
            .map_err(|error| Error::refused(JetError::OUT_OF_THREADS, format!("a snapshot: {error}")))?;
        let freezer = Self { signal, thread };
        let mut progress = freezer.signal.progress.lock();
        while *progress == Progress::Freezing {
            freezer.signal.changed.wait(&mut progress);
        }
        let has_failed = *progress == Progress::Failed;
        drop(progress);
        if has_failed {
            return Err(freezer.join().err().unwrap_or_else(panicked));
        }
        Ok(freezer)
    }

    /// Whether the instances went on by themselves.
    pub(super) fn has_timed_out(&self) -> bool {
        *self.signal.progress.lock() == Progress::TimedOut
    }

    /// Lets the instances go on, if they do not yet; they do when this returns.
    pub(super) fn thaw(self) -> (Thaw, Result<()>) {
        let thaw = {
            let mut progress = self.signal.progress.lock();
            match *progress {
                Progress::TimedOut => Thaw::TimedOut,
                _ => {
                    *progress = Progress::Thawing;
                    Thaw::Asked
                }
            }
        };
        self.signal.changed.notify_all();
        (thaw, self.join())
    }

    fn join(self) -> Result<()> {
        self.thread.join().unwrap_or_else(|panic| {
            // Dropping the panic's value could panic in turn.
            std::mem::forget(panic);
            Err(panicked())
        })
    }
}

fn panicked() -> Error {
    Error::refused(JetError::INTERNAL_ERROR, "the thread of a snapshot panicked")
}

fn run(signal: &Signal, members: &mut [Member], for_most: Duration) -> Result<()> {
    background_thread::mark();
    let outcome = background_thread::step(|| {
        freeze_all(members, &mut || {
            signal.wait_for_thaw(for_most);
            Ok(())
        })
    });
    let has_timed_out = {
        let mut progress = signal.progress.lock();
        if *progress == Progress::Freezing {
            *progress = Progress::Failed;
        }
        *progress == Progress::TimedOut
    };
    if has_timed_out {
        tracing::warn!(event = 2004, milliseconds = for_most.as_millis(), "a freeze lasted too long");
        members.iter().for_each(Member::give_up);
    }
    signal.changed.notify_all();
    outcome
}

/// One instance inside the other, so that the last to stand still is the first to go on.
fn freeze_all(members: &mut [Member], innermost: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    match members.split_first_mut() {
        Some((first, rest)) => first.freeze(&mut || freeze_all(rest, innermost)),
        None => innermost(),
    }
}
