//! Telling the program which commits are durable: JET_paramDurableCommitCallback (spec 09 §5.1).
//!
//! A thread of the instance waits for the log and calls the program when a commit became durable since the last call; the
//! id it tells is the highest below which every commit is on disk. Only instances with the parameter have the thread.
//!
//! Invariants: ids never go back; the program may make no calls meanwhile; after the thread was stopped nobody calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ese_engine::log::Log;
use ese_engine::transaction::{CommitId, Transactions};
use ese_format::lgpos::Lgpos;
use parking_lot::Mutex;

use crate::abi::handles::RawHandle;
use crate::abi::tables::bits::JET_bitDurableCommitCallbackLogUnavailable;
use crate::abi::tables::params::JET_paramDurableCommitCallback;
use crate::abi::tables::typedefs::{JET_GRBIT, JET_PFNDURABLECOMMITCALLBACK};
use crate::api::commit_id;
use crate::parameters::ParameterStore;
use crate::runtime::call::without_calls;

/// The longest the thread sleeps without looking whether it is to end.
const LOOK: Duration = Duration::from_millis(100);

/// The program's function, and the instance it is told of.
#[derive(Clone, Copy, Debug)]
struct Listener {
    function: JET_PFNDURABLECOMMITCALLBACK,
    instance: RawHandle,
}

impl Listener {
    fn tell(self, commit: &CommitId, grbit: JET_GRBIT) {
        let Some(function) = self.function else { return };
        let mut id = commit_id(&commit.signature, commit.position);
        // SAFETY: the program set a function of this type and answers for it; the id is a local it may read and write.
        // Its answer has no meaning.
        without_calls(|| unsafe { function(self.instance, &raw mut id, grbit) });
    }
}

/// The thread of an instance.
#[derive(Debug)]
pub struct DurableCommits {
    listener: Listener,
    log: Arc<Log>,
    transactions: Arc<Transactions>,
    stopped: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl DurableCommits {
    /// Starts telling, where the parameters name a function.
    #[must_use]
    pub fn start(
        parameters: &ParameterStore,
        instance: RawHandle,
        log: &Arc<Log>,
        transactions: &Arc<Transactions>,
    ) -> Option<Self> {
        let address = parameters.number(JET_paramDurableCommitCallback);
        // SAFETY: such a function is an address or NULL, and so is the number; the program answers for it being one.
        let function = unsafe { std::mem::transmute::<usize, JET_PFNDURABLECOMMITCALLBACK>(address) };
        function?;
        let listener = Listener { function, instance };
        let commits = Self {
            listener,
            log: Arc::clone(log),
            transactions: Arc::clone(transactions),
            stopped: Arc::default(),
            thread: Mutex::default(),
        };
        let (log, transactions) = (Arc::clone(log), Arc::clone(transactions));
        let stopped = Arc::clone(&commits.stopped);
        let builder = std::thread::Builder::new().name("ese-commits".into());
        // Without a thread the program hears of its commits at the end only.
        if let Ok(thread) = builder.spawn(move || listen(listener, &log, &transactions, &stopped)) {
            *commits.thread.lock() = Some(thread);
        }
        Some(commits)
    }

    /// Ends the telling; `is_clean` once the instance ended cleanly: then the program hears of the last commit once more.
    pub fn end(self, is_clean: bool) {
        self.stopped.store(true, Ordering::Release);
        self.log.wake_waiters();
        if let Some(thread) = self.thread.lock().take() {
            // A thread that panicked tells nothing any more.
            let _ = thread.join();
        }
        if let Some(commit) = self.transactions.durable_commit().filter(|_| is_clean) {
            self.listener.tell(&commit, 0);
        }
    }
}

fn listen(listener: Listener, log: &Log, transactions: &Transactions, stopped: &AtomicBool) {
    let (mut looked, mut told) = (Lgpos::NULL, Lgpos::NULL);
    while !stopped.load(Ordering::Acquire) {
        let durable = log.wait_beyond(looked, LOOK);
        let commit = transactions.durable_commit();
        if let Some(commit) = commit.as_ref().filter(|commit| commit.position > told) {
            listener.tell(commit, 0);
            told = commit.position;
        }
        match durable {
            Ok(durable) => looked = durable,
            Err(_) => {
                let commit = commit.unwrap_or(CommitId { signature: log.signature(), position: told });
                listener.tell(&commit, JET_bitDurableCommitCallbackLogUnavailable);
                return;
            }
        }
    }
}
