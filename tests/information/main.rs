//! The information calls through the C interface: what they tell of the databases of the corpus is what the original engine
//! told of them, what they tell of a table is what was made, and wrong arguments are the documented errors.

#[path = "../behaviour/harness.rs"]
#[allow(dead_code, reason = "shared with the tests of the facts' rows")]
mod harness;

mod calls;
mod corpus;
#[path = "../../crates/ese-engine/tests/corpus/expected.rs"]
#[allow(dead_code, reason = "rows are compared by the tests of the engine")]
mod expected;
mod fixture;
#[allow(non_upper_case_globals, reason = "levels are named as in the C header")]
mod lists;
mod maintenance;
mod positions;
#[path = "../../crates/ese-engine/tests/corpus/samples.rs"]
#[allow(dead_code, reason = "opened here through the C interface")]
mod samples;
mod tables;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One test at a time: the process has one table of parameters.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
