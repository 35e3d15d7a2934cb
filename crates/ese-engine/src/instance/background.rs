//! The work that no call waits for: pages written ahead of the checkpoint and of eviction, the checkpoint moved, the
//! next log prepared. Versions and lazy commits have a thread of their own ([`crate::transaction`]).
//!
//! With [`Background::Threads`] one thread of the instance does it, a few times a second; with [`Background::Inline`]
//! whoever ends a transaction calls [`Instance::work_inline`], and the same work is done at the same place every time.
//!
//! Invariant: the thread holds the instance only while it works, and ends when the instance is stopped or gone.

use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ese_format::error::JetError;
use parking_lot::{Condvar, Mutex};

use crate::background_thread;
use crate::error::Result;
use crate::io::Background;

use super::Instance;

/// How long the thread sleeps.
const PAUSE: Duration = Duration::from_millis(50);
/// How often the checkpoint is looked at where no log rolled.
const CHECKPOINT_LOOK: Duration = Duration::from_secs(1);

/// The thread of an instance.
#[derive(Debug, Default)]
pub(super) struct Worker {
    signal: Arc<(Mutex<bool>, Condvar)>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    pub(super) fn start(&self, instance: Weak<Instance>) {
        let signal = Arc::clone(&self.signal);
        let started =
            std::thread::Builder::new().name("ese-background".into()).spawn(move || run(&signal, &instance));
        match started {
            Ok(thread) => *self.thread.lock() = Some(thread),
            // The instance runs without: threads that need room or a checkpoint do the work themselves.
            Err(error) => tracing::error!("no thread for background work: {error}"),
        }
    }

    /// Ends the thread and waits for it.
    pub(super) fn stop(&self) {
        *self.signal.0.lock() = true;
        self.signal.1.notify_all();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread
            && !background_thread::is_one()
            && thread.join().is_err()
        {
            tracing::error!("the background thread ended in a panic");
        }
    }
}

fn run(signal: &(Mutex<bool>, Condvar), instance: &Weak<Instance>) {
    background_thread::mark();
    let mut last = LastDone { checkpoint: Instant::now(), generation: 0 };
    loop {
        {
            let mut stopped = signal.0.lock();
            if !*stopped {
                signal.1.wait_for(&mut stopped, PAUSE);
            }
            if *stopped {
                return;
            }
        }
        let Some(instance) = instance.upgrade() else { return };
        match background_thread::step(|| instance.background_step(&mut last)) {
            Ok(()) => {}
            Err(error) if error.jet() == JetError::INSTANCE_UNAVAILABLE => {
                instance.transactions.take_log_down(&error);
                return;
            }
            Err(error) => tracing::warn!("background work: {error}"),
        }
    }
}

/// When the thread did what it does less often.
#[derive(Debug)]
struct LastDone {
    checkpoint: Instant,
    generation: i32,
}

impl Instance {
    fn background_step(&self, last: &mut LastDone) -> Result<()> {
        let Some(log) = &self.log else {
            return self.cache.write_some().map(|_| ());
        };
        log.write_behind()?;
        self.cache.write_some()?;
        self.clean_by_depth()?;
        let generation = log.generation();
        if generation != last.generation || last.checkpoint.elapsed() >= CHECKPOINT_LOOK {
            self.update_checkpoint()?;
            log.prepare_next(self.checkpoint().generation.get())?;
            last.generation = generation;
            last.checkpoint = Instant::now();
        }
        Ok(())
    }

    /// The work of the background, done by the calling thread where the instance has no thread of its own: called at
    /// the end of transactions, with no latch and no lock held. Nothing for an instance with a thread.
    ///
    /// # Errors
    /// Those of writing pages and the log; the caller's transaction is not affected.
    pub fn work_inline(&self) -> Result<()> {
        if self.settings.host.background != Background::Inline {
            return Ok(());
        }
        self.transactions.clean()?;
        self.cache.write_some()?;
        let Some(log) = &self.log else { return Ok(()) };
        let tip = log.tip();
        let looked = {
            let mut looked = self.looked.lock();
            std::mem::replace(&mut *looked, tip)
        };
        // A segment of the log is the least by which a checkpoint moves.
        if (looked.generation, looked.isec) == (tip.generation, tip.isec) {
            return Ok(());
        }
        self.clean_by_depth()?;
        if looked.generation != tip.generation {
            self.update_checkpoint()?;
        }
        Ok(())
    }
}
