//! Doing without sort keys, to show of a piece of work that it needs none: redo, undo, backup and restore take the finished
//! keys that the log and the pages have (spec 11 §8.7).

use std::sync::atomic::{AtomicU64, Ordering};

/// How many [`WithoutSortKeys`] there are.
static ABSENCES: AtomicU64 = AtomicU64::new(0);
/// How many keys were asked for while there was one.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// As long as one lives, nobody in the process gets a sort key made from the tables: who asks for one gets
/// `JET_errUnicodeNormalizationNotSupported`. For tests.
#[derive(Debug)]
pub struct WithoutSortKeys {
    refused_before: u64,
}

impl WithoutSortKeys {
    /// From here on there are no sort keys.
    #[must_use]
    pub fn begin() -> Self {
        ABSENCES.fetch_add(1, Ordering::SeqCst);
        Self { refused_before: REFUSED.load(Ordering::SeqCst) }
    }

    /// How many keys were asked for since.
    #[must_use]
    pub fn refused(&self) -> u64 {
        REFUSED.load(Ordering::SeqCst).saturating_sub(self.refused_before)
    }
}

impl Drop for WithoutSortKeys {
    fn drop(&mut self) {
        ABSENCES.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether a key that is asked for now may be made.
#[inline]
pub(crate) fn are_here() -> bool {
    ABSENCES.load(Ordering::Relaxed) == 0 || refuse()
}

#[cold]
fn refuse() -> bool {
    REFUSED.fetch_add(1, Ordering::SeqCst);
    false
}
