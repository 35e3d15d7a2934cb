//! A snapshot session: the calls between JetOSSnapshotPrepare and JetOSSnapshotEnd (spec 07 §10.1).
//!
//! Invariant: a session that is dropped is aborted first: its instances go on and are free.

use std::sync::{Arc, Weak};
use std::time::Duration;

use ese_format::error::JetError;
use parking_lot::Mutex;

use super::SnapshotOptions;
use super::freezer::{Freezer, Thaw};
use super::member::{Claimed, Member};
use crate::error::{Error, Result};
use crate::instance::Instance;

/// How a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The copy was made: headers are told.
    Normal,
    /// It was not.
    Abort,
}

/// What a call to truncate does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncation {
    /// All databases were copied: logs that nobody needs are deleted.
    Deletes,
    /// Nothing is deleted, and will not be by a later call.
    KeepsAll,
}

/// Whether an instance that was named took part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncated {
    /// It did, or none was named.
    Yes,
    /// It is not in the session: nothing was done.
    NotInSession,
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterThaw {
    /// It does, and has to be ended.
    GoesOn,
    /// It has ended.
    Ended,
}

#[derive(Debug)]
enum Phase {
    Prepared,
    Frozen(Freezer),
    TimedOut,
    /// Logs may be truncated, any number of times.
    Thawed,
    Ended,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Those who take part, as the program sees them.
    instances: Vec<Weak<Instance>>,
    /// Locked by the freezer while it works.
    members: Arc<Mutex<Vec<Member>>>,
}

/// A session.
#[derive(Debug)]
pub struct SnapshotSession {
    options: SnapshotOptions,
    state: Mutex<State>,
}

fn out_of_sequence() -> Error {
    Error::refused(JetError::OS_SNAPSHOT_INVALID_SEQUENCE, "not now in a snapshot session")
}

impl SnapshotSession {
    /// Begins a session with these instances, but for those that are in another one; with
    /// [`SnapshotOptions::EXPLICIT_PREPARE`] with none.
    ///
    /// # Errors
    /// Those of the log.
    pub fn prepare(options: SnapshotOptions, instances: &[Arc<Instance>]) -> Result<Self> {
        let state = State { phase: Phase::Prepared, instances: Vec::new(), members: Arc::default() };
        let session = Self { options, state: Mutex::new(state) };
        if options.contains(SnapshotOptions::EXPLICIT_PREPARE) {
            return Ok(session);
        }
        for instance in instances {
            match session.prepare_instance(instance) {
                Err(error) if error.jet() != JetError::OS_SNAPSHOT_NOT_ALLOWED => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(session)
    }

    /// Takes another instance in.
    ///
    /// # Errors
    /// `JET_errOSSnapshotInvalidSequence` after the freeze, `JET_errOSSnapshotNotAllowed` for an instance that is in a
    /// session or keeps no log; those of the log.
    pub fn prepare_instance(&self, instance: &Arc<Instance>) -> Result<()> {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Prepared) {
            return Err(out_of_sequence());
        }
        let member = Member::join(instance, self.options)?;
        state.members.lock().push(member);
        state.instances.push(Arc::downgrade(instance));
        Ok(())
    }

    /// The state as of now.
    fn state(&self) -> parking_lot::MutexGuard<'_, State> {
        let mut state = self.state.lock();
        state.look_at_clock();
        state
    }

    /// The instances that take part and still run.
    #[must_use]
    pub fn instances(&self) -> Vec<Arc<Instance>> {
        self.state().instances.iter().filter_map(Weak::upgrade).collect()
    }

    /// Brings all instances to a standstill: the volume may be copied until [`Self::thaw`], or until `for_most` is over.
    ///
    /// # Errors
    /// `JET_errOSSnapshotInvalidSequence` the second time; `JET_errOSSnapshotNotAllowed` when an instance is being backed
    /// up or ends, `JET_errMissingFullBackup`, `JET_errInvalidBackup`, `JET_errMissingFileToBackup` for an incremental
    /// one, `JET_errOutOfThreads`, those of log and disk: everything goes on then, and the instances have left the
    /// session.
    pub fn freeze(&self, for_most: Duration) -> Result<()> {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Prepared) {
            return Err(out_of_sequence());
        }
        tracing::info!(event = 2001, "a freeze begins");
        match state.begin_freeze(for_most) {
            Ok(freezer) => {
                state.phase = Phase::Frozen(freezer);
                Ok(())
            }
            Err(error) => {
                tracing::error!(event = 2002, "the freeze failed: {error}");
                state.instances.clear();
                Err(error)
            }
        }
    }

    /// Lets the instances go on. Without [`SnapshotOptions::CONTINUE_AFTER_THAW`] the session ends, too.
    ///
    /// # Errors
    /// `JET_errOSSnapshotTimeOut` when they went on by themselves before; `JET_errOSSnapshotInvalidSequence` when they
    /// never stood still. Those of the log. Whether the session ended is told in any case.
    pub fn thaw(&self) -> (AfterThaw, Result<()>) {
        let mut state = self.state();
        let outcome = match std::mem::replace(&mut state.phase, Phase::Thawed) {
            Phase::Frozen(freezer) => {
                let (thaw, outcome) = freezer.thaw();
                if thaw == Thaw::TimedOut {
                    state.phase = Phase::TimedOut;
                }
                outcome
            }
            Phase::TimedOut => {
                state.phase = Phase::TimedOut;
                Ok(())
            }
            other => {
                state.phase = other;
                return (AfterThaw::GoesOn, Err(out_of_sequence()));
            }
        };
        let has_timed_out = matches!(state.phase, Phase::TimedOut);
        let outcome = outcome.and(if has_timed_out {
            Err(Error::refused(JetError::OS_SNAPSHOT_TIME_OUT, "the instances went on by themselves"))
        } else {
            Ok(())
        });
        if self.options.contains(SnapshotOptions::CONTINUE_AFTER_THAW) {
            return (AfterThaw::GoesOn, outcome);
        }
        let ending = if outcome.is_ok() { Ending::Normal } else { Ending::Abort };
        let ended = state.finish(ending);
        (AfterThaw::Ended, outcome.and(ended))
    }

    /// Deletes logs that are superfluous now, of one instance or of all.
    ///
    /// # Errors
    /// `JET_errOSSnapshotInvalidSequence` before the thaw, after a time-out and for a copy; those of
    /// [`Member::truncate`].
    pub fn truncate(&self, truncation: Truncation, only: Option<&Arc<Instance>>) -> Result<Truncated> {
        let state = self.state();
        if !matches!(state.phase, Phase::Thawed) || self.options.contains(SnapshotOptions::COPY) {
            return Err(out_of_sequence());
        }
        let mut members = state.members.lock();
        let mut found = Truncated::NotInSession;
        for member in members.iter_mut() {
            if only.is_none_or(|only| member.is_of(only)) {
                found = Truncated::Yes;
                member.truncate(truncation == Truncation::Deletes)?;
            }
        }
        Ok(if only.is_none() { Truncated::Yes } else { found })
    }

    /// Ends the session. Aborting lets instances go on that stand still.
    ///
    /// # Errors
    /// `JET_errOSSnapshotInvalidSequence` for a normal end of a session that stands still or timed out: it goes on. Those
    /// of the log: it has ended.
    pub fn end(&self, ending: Ending) -> Result<()> {
        let mut state = self.state();
        if ending == Ending::Normal && matches!(state.phase, Phase::Frozen(_) | Phase::TimedOut) {
            return Err(out_of_sequence());
        }
        state.finish(ending)
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.state().phase, Phase::Ended)
    }
}

impl State {
    fn look_at_clock(&mut self) {
        let is_late = matches!(&self.phase, Phase::Frozen(freezer) if freezer.has_timed_out());
        if !is_late {
            return;
        }
        if let Phase::Frozen(freezer) = std::mem::replace(&mut self.phase, Phase::TimedOut)
            && let (_, Err(error)) = freezer.thaw()
        {
            tracing::error!("an instance that stood still does not go on: {error}");
        }
    }

    fn begin_freeze(&mut self, for_most: Duration) -> Result<Freezer> {
        {
            let mut members = self.members.lock();
            members.retain(|member| member.instance().is_some());
            for claimed in 0..members.len() {
                let Some(Err(error)) = members.get(claimed).map(Member::claim) else { continue };
                for (index, member) in members.drain(..).enumerate() {
                    member.leave(Claimed::No);
                    if index < claimed {
                        member.give_up();
                    }
                }
                return Err(error);
            }
        }
        Freezer::start(&self.members, for_most).inspect_err(|_| {
            for member in self.members.lock().drain(..) {
                member.leave(Claimed::Yes);
            }
        })
    }

    fn finish(&mut self, ending: Ending) -> Result<()> {
        let mut outcome = Ok(());
        match std::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Frozen(freezer) => outcome = freezer.thaw().1,
            Phase::Ended => return Ok(()),
            Phase::Prepared | Phase::TimedOut | Phase::Thawed => {}
        }
        for member in self.members.lock().drain(..) {
            outcome = outcome.and(member.end(ending == Ending::Normal));
        }
        let event = if ending == Ending::Normal { 2006 } else { 2007 };
        tracing::info!(event, "a snapshot session ends");
        outcome
    }
}

impl Drop for SnapshotSession {
    fn drop(&mut self) {
        if let Err(error) = self.state.get_mut().finish(Ending::Abort) {
            tracing::warn!("the end of a snapshot session that was given up: {error}");
        }
    }
}
