//! The log standing still, for a snapshot of the volume (spec 07 §10.2).
//!
//! ```text
//! roll    everything before it written, the last generation archived, the next one complete under the temporary name
//! stay    everything written up to the record, the prepared file deleted
//! then    whoever flushes waits; whoever appends waits when the buffer is full
//! thaw    the temporary file gets the name of the current log; writing goes on
//! ```
//!
//! Invariants: between freeze and thaw no file of the stream changes; what was durable before is in the files as
//! recovery expects it after a power cut; a freeze that fails leaves the log running, or down as any failed write does.

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use parking_lot::MutexGuard;

use crate::error::{Error, Result};

use super::buffer::{NewGeneration, Piece, Tail};
use super::writer::BegunRoll;
use super::{Log, LogState, Shared, TakeDownOnPanic};

/// Where the log stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreezeAt<'r> {
    /// Between two generations; this record will be the first of the next one.
    NextGeneration(&'r [u8]),
    /// Behind this record.
    Record(&'r [u8]),
}

/// A log that stands still as long as this lives.
#[derive(Debug)]
pub struct FrozenLog<'l> {
    log: &'l Log,
    record: Lgpos,
    last_complete: i32,
    begun: Option<(NewGeneration, BegunRoll)>,
    is_thawed: bool,
}

impl Log {
    /// Brings the log to a standstill.
    ///
    /// # Errors
    /// `JET_errLogDiskFull` while reserve logs are in use; those of writing: the log is down then.
    pub fn freeze(&self, at: FreezeAt<'_>) -> Result<FrozenLog<'_>> {
        if self.state() == LogState::Quiesced {
            return Err(Error::refused(JetError::LOG_DISK_FULL, "the log lives on its reserve"));
        }
        match at {
            FreezeAt::NextGeneration(record) => self.freeze_between(record),
            FreezeAt::Record(record) => self.freeze_behind(record),
        }
    }

    fn freeze_between(&self, record: &[u8]) -> Result<FrozenLog<'_>> {
        let clock = &*self.settings.host.clock;
        let mut shared = self.shared_without_writer()?;
        let last_complete = shared.buffer.generation();
        shared.buffer.roll(clock)?;
        let mut batch = shared.buffer.take(Tail::Leave);
        let Some(Piece::Roll(new)) = batch.pieces.pop() else {
            // A roll is the last piece it queues.
            return Err(Error::refused(JetError::INTERNAL_ERROR, "a generation ended without a roll"));
        };
        let position = shared.buffer.place(record, clock);
        shared.writing = true;
        let end = batch.end;
        let outcome = MutexGuard::unlocked(&mut shared, || {
            let on_panic = TakeDownOnPanic(self);
            let outcome = self.write_batch(batch).and_then(|_| self.begin_roll(new));
            std::mem::forget(on_panic);
            outcome
        });
        match outcome {
            Ok(begun) => {
                // Those who wait for records of the old generation have what they want.
                shared.buffer.durable = shared.buffer.durable.max(end);
                self.written.notify_all();
                drop(shared);
                let begun = Some((new, begun));
                Ok(FrozenLog { log: self, record: position, last_complete, begun, is_thawed: false })
            }
            Err(error) => {
                shared.writing = false;
                self.written.notify_all();
                shared.failed(&error);
                Err(error)
            }
        }
    }

    fn freeze_behind(&self, record: &[u8]) -> Result<FrozenLog<'_>> {
        let appended = self.append(&[record])?;
        self.flush_unfilled(appended.last)?;
        self.shared_without_writer()?.writing = true;
        let last_complete = appended.last.generation.get();
        let frozen =
            FrozenLog { log: self, record: appended.last, last_complete, begun: None, is_thawed: false };
        // On an error dropping it lets the log go on.
        self.supply.lock().discard_prepared(&self.settings)?;
        Ok(frozen)
    }

    /// The buffer, while nobody writes.
    fn shared_without_writer(&self) -> Result<MutexGuard<'_, Shared>> {
        let mut shared = self.shared.lock();
        loop {
            shared.check_up()?;
            if !shared.writing {
                return Ok(shared);
            }
            self.written.wait(&mut shared);
        }
    }
}

impl FrozenLog<'_> {
    /// Where the record of the freeze is: on the disk only if the log stands behind it.
    #[must_use]
    pub fn record(&self) -> Lgpos {
        self.record
    }

    /// The last generation that a copy taken now holds: all of it, or as much as there is of it.
    #[must_use]
    pub fn last_generation(&self) -> i32 {
        self.last_complete
    }

    /// Lets the log go on.
    ///
    /// # Errors
    /// Those of the roll that was left half done: the log is down then.
    pub fn thaw(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.is_thawed, true) {
            return Ok(());
        }
        let log = self.log;
        let outcome = match self.begun.take() {
            Some((new, begun)) => {
                let on_panic = TakeDownOnPanic(log);
                let outcome = log.finish_roll(new, begun);
                std::mem::forget(on_panic);
                outcome
            }
            None => {
                log.supply.lock().give_temporary_back();
                Ok(())
            }
        };
        let mut shared = log.shared.lock();
        shared.writing = false;
        log.written.notify_all();
        outcome.inspect_err(|error| shared.failed(error))
    }
}

impl Drop for FrozenLog<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::error!("a log that stood still does not go on: {error}");
        }
    }
}
