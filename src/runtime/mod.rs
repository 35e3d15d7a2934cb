//! What stands behind the handles of the C interface: the process and its mode, instances, sessions, cursors, and the
//! checks that come before every call (spec 09 §1.1).
//!
//! ```text
//! process    mode, list of instances, tables of handles
//! instance   InstanceContext: parameters, phase, stop and failure marks, opened databases, the running engine
//! session    SessionContext: the engine's session, its open databases and cursors, who may end its transaction
//! cursor     CursorContext: whose it is, and the engine's cursor
//! attachments  callbacks and local storage of tables and cursors
//! callbacks  calling the program
//! defragmentation  what JetDefragment was asked for
//! restore    external restore: the instance that restores, the one whose logs are wanted
//! durable_commits  telling the program of durable commits
//! event_log  where events go
//! call       what stands around a call with a session, a cursor or an instance
//! legacy_restore  restores from folders
//! snapshots  snapshot sessions by their numbers
//! engine     starting the engine, and what of it sits behind database and cursor handles
//! ```
//!
//! Invariants: one thread at a time is inside a call on a session, and it alone touches the session's state and that of
//! its cursors; an instance ends only while no call is inside; after a panic its instance is unavailable.
//!
//! Order of locks: process -> instance (phase, opens, list of sessions) -> session -> cursor. The tables of handles are
//! looked into and left.

#![allow(non_upper_case_globals, reason = "parameters and bits are named as in the C header")]

pub mod attachments;
pub mod call;
pub mod callbacks;
pub mod cursor;
pub mod defragmentation;
pub mod durable_commits;
pub mod engine;
pub mod engine_cursor;
pub mod event_log;
pub mod instance;
pub mod legacy_restore;
pub mod process;
pub mod restore;
pub mod session;
pub mod settings;
pub mod snapshots;
