//! The thread that cleans and makes lazy commits durable (`Background::Threads`).
//!
//! Invariant: it keeps nothing alive: it ends when it is asked to, or when the transactions are dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ese_format::error::JetError;
use parking_lot::{Condvar, Mutex};

use crate::background_thread;
use crate::transaction::Transactions;

/// The longest a lazy commit waits for the disk, and dropped transactions for the end of their thread.
const ROUND: Duration = Duration::from_secs(1);

/// Rest between two rounds, so that one round cleans after many commits.
const REST: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
struct Wishes {
    stop: bool,
    clean: bool,
    write: bool,
    flush_by: Option<Instant>,
}

/// The thread, and what is asked of it.
#[derive(Debug, Default)]
pub(super) struct Worker {
    wishes: Mutex<Wishes>,
    /// Set while `clean` is: whoever finds it set need not take the lock.
    awake: AtomicBool,
    changed: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    /// Starts the thread. Without one, the ends of transactions do its work.
    pub(super) fn start(worker: &Arc<Self>, transactions: &Weak<Transactions>) {
        let (mine, transactions) = (Arc::clone(worker), Weak::clone(transactions));
        let builder = thread::Builder::new().name("ese-versions".to_owned());
        match builder.spawn(move || mine.run(&transactions)) {
            Ok(handle) => *worker.thread.lock() = Some(handle),
            Err(error) => tracing::error!(%error, "no thread for the version cleanup"),
        }
    }

    /// There is something to clean.
    pub(super) fn wake(&self) {
        if self.awake.swap(true, Ordering::AcqRel) {
            return;
        }
        self.wishes.lock().clean = true;
        self.changed.notify_one();
    }

    /// The log buffer is to be written.
    pub(super) fn write_log(&self) {
        self.wishes.lock().write = true;
        self.changed.notify_one();
    }

    /// Commits so far are to be durable in so many milliseconds.
    pub(super) fn flush_within(&self, milliseconds: u32) {
        let by = Instant::now() + Duration::from_millis(milliseconds.into());
        let mut wishes = self.wishes.lock();
        if wishes.flush_by.is_none_or(|earlier| by < earlier) {
            wishes.flush_by = Some(by);
            self.changed.notify_one();
        }
    }

    pub(super) fn ask_to_stop(&self) {
        self.wishes.lock().stop = true;
        self.changed.notify_one();
    }

    /// Stops the thread and waits for its end.
    fn stop(&self) {
        self.ask_to_stop();
        let handle = self.thread.lock().take();
        if let Some(handle) = handle.filter(|_| !background_thread::is_one())
            && handle.join().is_err()
        {
            tracing::error!("the thread of the version cleanup panicked");
        }
    }

    fn run(&self, transactions: &Weak<Transactions>) {
        background_thread::mark();
        let mut rested_until = Instant::now();
        let mut round_at = Instant::now() + ROUND;
        while let Some(work) = self.next(&mut rested_until, &mut round_at) {
            let Some(transactions) = transactions.upgrade() else { break };
            match background_thread::step(|| transactions.work(work)) {
                Ok(()) => {}
                Err(error) if error.jet() == JetError::INSTANCE_UNAVAILABLE => {
                    transactions.take_log_down(&error);
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, "the version cleanup waits");
                    rested_until = Instant::now() + ROUND;
                }
            }
        }
    }

    /// Waits for something to do. `None`: stop.
    fn next(&self, rested_until: &mut Instant, round_at: &mut Instant) -> Option<Work> {
        let mut wishes = self.wishes.lock();
        loop {
            if wishes.stop {
                return None;
            }
            let now = Instant::now();
            let flush = wishes.flush_by.is_some_and(|by| by <= now) || *round_at <= now;
            let clean = wishes.clean && *rested_until <= now;
            let write = std::mem::take(&mut wishes.write);
            if flush || clean || write {
                if flush {
                    wishes.flush_by = None;
                    *round_at = now + ROUND;
                }
                if clean {
                    wishes.clean = false;
                    self.awake.store(false, Ordering::Release);
                }
                if flush || clean {
                    *rested_until = now + REST;
                }
                return Some(Work { flush, write, clean: flush || clean });
            }
            let clean_at = wishes.clean.then_some(*rested_until);
            let next = [Some(*round_at), clean_at, wishes.flush_by].into_iter().flatten().min();
            self.changed.wait_until(&mut wishes, next.unwrap_or(*round_at));
        }
    }
}

/// What a round does.
#[derive(Clone, Copy, Debug)]
struct Work {
    flush: bool,
    write: bool,
    clean: bool,
}

impl Transactions {
    fn work(self: &Arc<Self>, work: Work) -> crate::error::Result<()> {
        if work.flush {
            self.wait_for_commits()?;
        } else if work.write
            && let Some(log) = self.log()
        {
            log.write_behind()?;
        }
        if work.clean { self.clean_in_background() } else { Ok(()) }
    }

    /// A thread of the engine ended in a panic: what it left half done must not be made durable.
    pub(crate) fn take_log_down(&self, why: &crate::error::Error) {
        if let Some(log) = self.log() {
            log.take_down(why.jet(), &why.to_string());
        }
    }

    /// Stops the thread of the cleanup; from now on [`Self::clean`] is called by whoever wants it.
    pub fn stop_background(&self) {
        self.worker.stop();
    }
}
