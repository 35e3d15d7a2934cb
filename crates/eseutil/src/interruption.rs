//! SIGINT and SIGTERM: the first asks a command to end in order, the second ends the process as it always does.
//!
//! Invariants: a signal changes nothing but a flag; commands look at it between two pieces of their work, and not any more
//! once that is done: what is complete is said to be complete. Commands that do not look end at the first signal.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ese_engine::recovery::{RecoveryControl, RecoveryEvent, RecoveryProgress};
use ese_format::error::JetError;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// What the recovery that is ended by a signal ends with.
pub(crate) const RECOVERY_ENDS_WITH: JetError = JetError::TERM_IN_PROGRESS;
/// What the backup that is ended by a signal ends with.
pub(crate) const BACKUP_ENDS_WITH: JetError = JetError::BACKUP_ABORT_BY_SERVER;

/// A signal that asks for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// SIGINT: somebody typed Ctrl-C.
    Interrupt,
    /// SIGTERM: the machine or its service manager wants the process to end.
    Terminate,
}

impl Interruption {
    fn signal(self) -> i32 {
        match self {
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
        }
    }

    /// The exit status of what was ended by it: 128 and the number of the signal (spec 10 §2.5).
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "interrupted (SIGINT)",
            Self::Terminate => "terminated (SIGTERM)",
        })
    }
}

/// The signals that came so far; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Interruptions {
    /// The number of the last one, 0 before the first.
    last: Arc<AtomicUsize>,
}

impl Interruptions {
    /// Makes the process listen. From the second signal on it ends at once.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen(&self) -> io::Result<()> {
        let is_second = Arc::new(AtomicBool::new(false));
        for interruption in [Interruption::Interrupt, Interruption::Terminate] {
            let signal = interruption.signal();
            // In this order: the first signal finds the flag down and puts it up.
            flag::register_conditional_default(signal, Arc::clone(&is_second))?;
            flag::register(signal, Arc::clone(&is_second))?;
            flag::register_usize(signal, Arc::clone(&self.last), usize::from(interruption.status()))?;
        }
        Ok(())
    }

    /// The signal that came, if one did.
    #[must_use]
    pub fn pending(&self) -> Option<Interruption> {
        let last = self.last.load(Ordering::Relaxed);
        [Interruption::Interrupt, Interruption::Terminate]
            .into_iter()
            .find(|interruption| usize::from(interruption.status()) == last)
    }
}

/// A recovery that ends at a signal; nobody else is asked.
#[derive(Debug)]
pub(crate) struct UntilInterrupted<'i>(pub(crate) &'i Interruptions);

impl UntilInterrupted<'_> {
    /// The answer to the recovery at any moment but its last.
    pub(crate) fn answer(&self, default: JetError) -> JetError {
        match self.0.pending() {
            Some(_) => RECOVERY_ENDS_WITH,
            None => default,
        }
    }
}

impl RecoveryControl for UntilInterrupted<'_> {
    fn decide(&mut self, _event: &RecoveryEvent<'_>, default: JetError) -> JetError {
        self.answer(default)
    }

    fn progress(&mut self, progress: RecoveryProgress) -> JetError {
        match progress {
            RecoveryProgress::Begin | RecoveryProgress::Percent(_) => self.answer(JetError::SUCCESS),
            RecoveryProgress::Complete | RecoveryProgress::Fail => JetError::SUCCESS,
        }
    }
}
