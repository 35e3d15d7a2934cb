//! The engine on real databases: what the original engine reads from them, and what damage does.

mod crash_states;
mod damage;
mod expected;
#[path = "../redo/memory.rs"]
mod memory;
mod original_engine;
mod recovery;
mod samples;
mod sha256;
mod space;
mod verify;
