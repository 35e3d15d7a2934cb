//! What the engine did for the calls of one thread (JetGetThreadStats).
//!
//! Invariant: counting costs an addition to a number that no other thread touches; numbers wrap, as the original's do.

use std::cell::Cell;
use std::time::Instant;

/// Counts since the thread began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadStatistics {
    /// Pages that were latched.
    pub pages_referenced: u32,
    /// Those of them that were not in the cache and had to be read.
    pub pages_read: u32,
    /// Pages that were read because they will be wanted.
    pub pages_read_ahead: u32,
    /// Pages that were as on the disk and were changed.
    pub pages_dirtied: u32,
    /// Changes of pages that were changed already.
    pub pages_redirtied: u32,
    /// Log records.
    pub log_records: u32,
    /// Their bytes.
    pub log_bytes: u32,
    /// How long reading pages took, in microseconds.
    pub read_microseconds: u64,
}

struct Counts {
    pages_referenced: Cell<u32>,
    pages_read: Cell<u32>,
    pages_read_ahead: Cell<u32>,
    pages_dirtied: Cell<u32>,
    pages_redirtied: Cell<u32>,
    log_records: Cell<u32>,
    log_bytes: Cell<u32>,
    read_microseconds: Cell<u64>,
}

thread_local! {
    static COUNTS: Counts = const { Counts {
        pages_referenced: Cell::new(0),
        pages_read: Cell::new(0),
        pages_read_ahead: Cell::new(0),
        pages_dirtied: Cell::new(0),
        pages_redirtied: Cell::new(0),
        log_records: Cell::new(0),
        log_bytes: Cell::new(0),
        read_microseconds: Cell::new(0),
    } };
}

/// What the engine did for this thread so far.
#[must_use]
pub fn of_this_thread() -> ThreadStatistics {
    COUNTS.with(|counts| ThreadStatistics {
        pages_referenced: counts.pages_referenced.get(),
        pages_read: counts.pages_read.get(),
        pages_read_ahead: counts.pages_read_ahead.get(),
        pages_dirtied: counts.pages_dirtied.get(),
        pages_redirtied: counts.pages_redirtied.get(),
        log_records: counts.log_records.get(),
        log_bytes: counts.log_bytes.get(),
        read_microseconds: counts.read_microseconds.get(),
    })
}

fn add(number: &Cell<u32>, more: u32) {
    number.set(number.get().wrapping_add(more));
}

/// A page was latched.
#[inline]
pub(crate) fn page_referenced() {
    COUNTS.with(|counts| add(&counts.pages_referenced, 1));
}

/// A page was read since `begun`.
pub(crate) fn page_read(begun: Instant) {
    let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    COUNTS.with(|counts| {
        add(&counts.pages_read, 1);
        counts.read_microseconds.set(counts.read_microseconds.get().wrapping_add(took));
    });
}

/// Pages were read ahead.
pub(crate) fn pages_read_ahead(pages: u32) {
    COUNTS.with(|counts| add(&counts.pages_read_ahead, pages));
}

/// A page was changed that was as on the disk.
pub(crate) fn page_dirtied() {
    COUNTS.with(|counts| add(&counts.pages_dirtied, 1));
}

/// A page was changed again.
pub(crate) fn page_redirtied() {
    COUNTS.with(|counts| add(&counts.pages_redirtied, 1));
}

/// A record went to the log.
pub(crate) fn record_logged(bytes: usize) {
    COUNTS.with(|counts| {
        add(&counts.log_records, 1);
        add(&counts.log_bytes, bytes as u32);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_counts_for_itself() {
        let before = of_this_thread();
        page_referenced();
        record_logged(40);
        record_logged(2);
        std::thread::spawn(|| {
            page_dirtied();
            assert_eq!(of_this_thread(), ThreadStatistics { pages_dirtied: 1, ..Default::default() });
        })
        .join()
        .unwrap();
        let now = of_this_thread();
        assert_eq!(now.pages_referenced.wrapping_sub(before.pages_referenced), 1);
        assert_eq!(now.log_records.wrapping_sub(before.log_records), 2);
        assert_eq!(now.log_bytes.wrapping_sub(before.log_bytes), 42);
        assert_eq!(now.pages_dirtied, before.pages_dirtied);
    }
}
