//! Space: random use of many trees beside a model, with redo of what was logged, with the power cut behind every record,
//! with failing logs and disks; growth as the original engine grows.

mod crash;
mod failures;
mod growth;
mod hints;
#[path = "../redo/memory.rs"]
#[allow(dead_code, reason = "shared with the redo tests, which use all of it")]
mod memory;
mod model;
mod stage;
mod threads;
