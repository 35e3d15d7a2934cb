//! A safe Extensible Storage Engine.
//!
//! The floors of the house over the formats of `ese-format`, each importing only from those below it:
//!
//! ```text
//! 7  verify                     the verifier
//! 6  database  table  catalog    a file opened, cursors and rows, the schema
//! 4  btree  space                search and moves in trees, who owns which pages
//! 3  cache                       pages under latches
//! 1  io                          the real disk and the simulated one
//! ```
//!
//! Today everything is read only: [`database::Database::open`] is the door.

#![forbid(unsafe_code)]

pub mod apply;
mod background_thread;
pub mod backup;
pub mod btree;
pub mod cache;
pub mod catalog;
pub mod compact;
pub mod database;
pub mod error;
pub mod file_map;
pub mod instance;
pub mod io;
pub mod legacy_backup;
mod lock_order;
pub mod log;
pub mod recovery;
pub mod redo;
pub mod restore;
pub mod restore_environment;
pub mod restore_in_progress;
pub mod small_file;
pub mod snapshot;
pub mod space;
pub mod space_policy;
pub mod table;
mod table_state;
pub mod temp;
pub mod thread_statistics;
pub mod transaction;
pub mod verify;
