//! Which latches a thread holds, in debug builds: a thread that waits for a page it has latched itself waits for ever.
//! Nothing of this is in a release build.

#[cfg(debug_assertions)]
use std::cell::RefCell;
#[cfg(debug_assertions)]
use std::collections::HashMap;

use crate::cache::shard::PageKey;

#[cfg(debug_assertions)]
#[derive(Clone, Copy, Default)]
struct Latches {
    reading: u32,
    writing: u32,
}

#[cfg(debug_assertions)]
thread_local! {
    static HELD: RefCell<HashMap<PageKey, Latches>> = RefCell::default();
}

/// How a page is latched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Read,
    Write,
}

/// Notes a latch as long as it lives.
#[derive(Debug)]
pub(super) struct HeldLatch {
    #[cfg(debug_assertions)]
    key: PageKey,
    #[cfg(debug_assertions)]
    mode: Mode,
}

#[cfg(debug_assertions)]
impl HeldLatch {
    pub(super) fn new(key: PageKey, mode: Mode) -> Self {
        HELD.with_borrow_mut(|held| {
            let latches = held.entry(key).or_default();
            match mode {
                Mode::Read => latches.reading += 1,
                Mode::Write => latches.writing += 1,
            }
        });
        Self { key, mode }
    }
}

#[cfg(debug_assertions)]
impl Drop for HeldLatch {
    fn drop(&mut self) {
        // At the end of a thread its table may be gone before its last guard.
        let _ = HELD.try_with(|held| {
            let mut held = held.borrow_mut();
            let Some(latches) = held.get_mut(&self.key) else { return };
            match self.mode {
                Mode::Read => latches.reading = latches.reading.saturating_sub(1),
                Mode::Write => latches.writing = latches.writing.saturating_sub(1),
            }
            if latches.reading == 0 && latches.writing == 0 {
                held.remove(&self.key);
            }
        });
    }
}

/// Asserts that this thread may wait for a latch of this mode on a page.
#[cfg(debug_assertions)]
pub(super) fn assert_may_wait(key: PageKey, mode: Mode) {
    HELD.with_borrow(|held| {
        let Some(latches) = held.get(&key) else { return };
        let free = latches.writing == 0 && (mode == Mode::Read || latches.reading == 0);
        assert!(free, "this thread has page {} latched and would wait for itself", key.page);
    });
}

/// Asserts that this thread holds no page for writing: it is about to wait for any page.
#[cfg(debug_assertions)]
pub(super) fn assert_no_write_latch() {
    HELD.with_borrow(|held| {
        let writing = held.iter().find(|(_, latches)| latches.writing > 0).map(|(key, _)| key.page);
        assert!(writing.is_none(), "page {writing:?} is write-latched by the thread that writes pages back");
    });
}

#[cfg(not(debug_assertions))]
impl HeldLatch {
    #[inline]
    pub(super) fn new(_key: PageKey, _mode: Mode) -> Self {
        Self {}
    }
}

/// Nothing in a release build.
#[cfg(not(debug_assertions))]
#[inline]
pub(super) fn assert_may_wait(_key: PageKey, _mode: Mode) {}

/// Nothing in a release build.
#[cfg(not(debug_assertions))]
#[inline]
pub(super) fn assert_no_write_latch() {}
