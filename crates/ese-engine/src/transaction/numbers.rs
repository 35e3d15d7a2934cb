//! The numbers of transactions, versions and commits.
//!
//! ```text
//! trx      u32, steps of 4; begins and logged commits; 2 above the newest for read-only begins   spec 05 §9, 06 §3.3
//! rceid    u32, odd                                                                              spec 06 §3.3
//! commit   u64, never in a file: the order in which transactions became visible
//! ```
//!
//! Invariants: no number is given twice (trx and rceid wrap around); a snapshot is the newest commit number, and every
//! transaction with that number or a lesser one shows as committed to whoever read it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::lock_order::LeafMutex;
use crate::transaction::state::TransactionState;

/// Distance of transaction ids.
const TRX_STEP: u32 = 4;

/// Distance of version ids.
const RCEID_STEP: u32 = 2;

/// The counters of an instance.
#[derive(Debug)]
pub(super) struct Numbers {
    trx: AtomicU32,
    rceid: AtomicU32,
    session: AtomicU64,
    commit: AtomicU64,
    publishing: LeafMutex<()>,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            trx: AtomicU32::new(0),
            rceid: AtomicU32::new(1),
            session: AtomicU64::new(1),
            commit: AtomicU64::new(1),
            publishing: LeafMutex::default(),
        }
    }
}

/// Whether `later` comes after `earlier` on the ring of numbers.
pub(super) fn is_after(later: u32, earlier: u32) -> bool {
    later.wrapping_sub(earlier).cast_signed() > 0
}

impl Numbers {
    /// The id of a begin or of a commit.
    pub(super) fn next_trx(&self) -> u32 {
        self.trx.fetch_add(TRX_STEP, Ordering::AcqRel).wrapping_add(TRX_STEP)
    }

    /// The id of a begin that will log nothing.
    pub(super) fn read_only_trx(&self) -> u32 {
        self.trx.load(Ordering::Acquire).wrapping_add(TRX_STEP / 2)
    }

    /// Later ids come after this one.
    pub(super) fn saw_trx(&self, trx: u32) {
        let whole = trx.wrapping_add(TRX_STEP - 1) & !(TRX_STEP - 1);
        let raise = |newest| is_after(whole, newest).then_some(whole);
        let _ = self.trx.fetch_update(Ordering::AcqRel, Ordering::Acquire, raise);
    }

    /// The id of a version.
    pub(super) fn next_rceid(&self) -> u32 {
        self.rceid.fetch_add(RCEID_STEP, Ordering::AcqRel)
    }

    /// Later version ids come after this one.
    pub(super) fn saw_rceid(&self, rceid: u32) {
        let next = rceid.wrapping_add(RCEID_STEP) | 1;
        let raise = |present| is_after(next, present).then_some(next);
        let _ = self.rceid.fetch_update(Ordering::AcqRel, Ordering::Acquire, raise);
    }

    /// A number for a session, for as long as the instance lives.
    pub(super) fn next_session(&self) -> u64 {
        self.session.fetch_add(1, Ordering::Relaxed)
    }

    /// The newest commit. Sequentially consistent with the snapshots that sessions publish.
    pub(super) fn newest_commit(&self) -> u64 {
        self.commit.load(Ordering::SeqCst)
    }

    /// Makes a transaction committed.
    pub(super) fn publish(&self, transaction: &TransactionState) -> u64 {
        let _one_at_a_time = self.publishing.lock();
        let number = self.commit.load(Ordering::Relaxed) + 1;
        transaction.set_committed(number);
        self.commit.store(number, Ordering::SeqCst);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_on_behind_what_redo_met_also_around_the_end_of_the_numbers() {
        let numbers = Numbers::default();
        numbers.saw_trx(0x7FFF_FFF1);
        assert_eq!(numbers.next_trx(), 0x7FFF_FFF8);
        numbers.saw_trx(0xE000_0001);
        numbers.saw_trx(0xFFFF_FFF9);
        // Half a ring back at most: an older number.
        numbers.saw_trx(0xE000_0001);
        assert_eq!((numbers.next_trx(), numbers.next_trx()), (0, 4));
        assert_eq!(numbers.read_only_trx(), 6);
        numbers.saw_rceid(0x7000_0001);
        assert_eq!((numbers.next_rceid(), numbers.next_rceid()), (0x7000_0003, 0x7000_0005));
    }
}
