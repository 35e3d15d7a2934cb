//! What everybody may know of one transaction that writes: whether it is committed, and what the log knows of it.
//!
//! Invariants: the commit number is set once, when every change of the transaction becomes visible at one stroke; after
//! the end of the transaction is in the log, no before-image of it is appended any more: who appends one holds `log`
//! from the look at it to the append, and so does who appends the end.

use std::sync::atomic::{AtomicU64, Ordering};

use ese_format::lgpos::Lgpos;
use parking_lot::Mutex;

/// The commit number of a transaction that is not committed.
const UNCOMMITTED: u64 = 0;

/// What the log knows of a transaction.
#[derive(Debug, Default)]
pub(super) struct LogProgress {
    /// Levels that were begun in the log; 0 until its Begin0 is there.
    pub(super) levels: u8,
    /// Position of its Commit0 or of its last Rollback.
    pub(super) ended: Option<Lgpos>,
}

/// A transaction that writes.
#[derive(Debug)]
pub(super) struct TransactionState {
    /// Number of its session, never used again.
    pub(super) session: u64,
    /// Session number in records.
    pub(super) procid: u16,
    /// Its id.
    pub(super) trx_begin0: u32,
    commit: AtomicU64,
    pub(super) log: Mutex<LogProgress>,
}

impl TransactionState {
    pub(super) fn new(session: u64, procid: u16, trx_begin0: u32) -> Self {
        let log = Mutex::new(LogProgress::default());
        Self { session, procid, trx_begin0, commit: AtomicU64::new(UNCOMMITTED), log }
    }

    /// Makes all its changes visible to those who begin from now on.
    pub(super) fn set_committed(&self, number: u64) {
        self.commit.store(number, Ordering::Release);
    }

    /// Its commit number, when it is committed.
    pub(super) fn commit(&self) -> Option<u64> {
        Some(self.commit.load(Ordering::Acquire)).filter(|number| *number != UNCOMMITTED)
    }
}
