//! The engine on real databases: what the original engine reads from them, and what damage does.

mod compact;
mod crash_states;
mod damage;
mod expected;
#[allow(dead_code, reason = "shared with the redo tests, which use all of it")]
#[path = "../redo/memory.rs"]
mod memory;
mod original_engine;
mod recovery;
mod restore;
mod samples;
mod sha256;
mod space;
mod text_keys;
mod verify;
