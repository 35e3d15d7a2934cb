//! Cursors of sessions over whole databases: random rows against a model, and databases of others changed by us.

mod change;
mod long_values;
mod model;
mod reuse;
#[path = "../schema/stage.rs"]
#[allow(dead_code, reason = "the stage has more than these tests use")]
mod stage;
mod threads;
mod windows;
