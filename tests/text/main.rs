//! Indexes over UTF-16 text as programs use them: creation by names and numbers of locales, what the information calls say
//! of them, indexes of another Windows, wrong text, intersections and temporary tables; and recovery, backup and restore
//! with no sort keys at all.
//!
//! Tests run one after the other: the process has one mode and one table of parameters, and one test does without sort keys.

mod adopted;
#[path = "../backup/bed.rs"]
#[allow(dead_code, reason = "another test's, which uses all of it")]
mod bed;
mod definitions;
mod desk;
#[path = "../behaviour/harness.rs"]
#[allow(dead_code, reason = "another test's, which uses all of it")]
mod harness;
mod kinds;
mod recovery;
mod restamp;
mod sets;
#[path = "../restore/stage.rs"]
#[allow(dead_code, reason = "another test's, which uses all of it")]
mod stage;
mod wrong;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tests that make instances take turns.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
