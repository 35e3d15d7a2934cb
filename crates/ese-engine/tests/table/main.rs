//! Cursors of sessions over whole databases: random rows against a model, and databases of others changed by us.

mod attached;
mod model;
#[path = "../schema/stage.rs"]
#[allow(dead_code, reason = "the stage has more than these tests use")]
mod stage;
mod threads;
mod windows;
