//! The rooms of `eseutil`: one grammar for the Windows switches and one for the long forms, one command table, and the
//! commands as functions that write into a [`output::Output`] and say how they ended (spec 10).
//!
//! Invariants: a command never touches the process (arguments, standard streams, exit status) itself; what it prints
//! as text and what it leaves for `--json` come from the same parsed values; every failure is a
//! [`failure::Failure`] with a JET error.

#![forbid(unsafe_code)]

pub mod backup;
mod backup_set;
pub mod checkpoint_dump;
pub mod checksum;
pub mod command_line;
pub mod compact;
pub mod dispatch;
pub mod error_code;
pub mod export;
pub mod failure;
pub mod flush_map_dump;
pub mod header_dump;
pub mod info;
pub mod integrity;
pub mod interruption;
pub mod log_dump;
pub mod meta_dump;
pub mod output;
pub mod program;
pub mod progress;
pub mod recovery;
pub mod restore;
pub mod source_file;
pub mod space_dump;
mod space_hints;
pub mod text_forms;
pub mod usage;
pub mod verify_backup;
