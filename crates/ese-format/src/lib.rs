//! Bytes to meaning and back: every file format of the Extensible Storage Engine.
//!
//! Floor 0 of the house: no I/O, no threads, no clock. Nothing read is trusted: every decoder returns a
//! [`error::FormatError`] naming file kind, offset and field instead of panicking, and allocates no more than its
//! input warrants. Encoders and decoders are inverse.

#![forbid(unsafe_code)]

#[cfg(test)]
mod corpus_databases;
mod little_endian;

pub mod attach_list;
pub mod backup_info;
pub mod catalog;
pub mod checkpoint;
pub mod checksum;
pub mod column_type;
pub mod compression;
pub mod database_header;
pub mod error;
pub mod file_type;
pub mod flush_map;
pub mod key;
pub mod lgpos;
pub mod log;
pub mod logtime;
pub mod long_value;
pub mod node;
pub mod page;
pub mod page_size;
pub mod record;
pub mod reserve;
pub mod signature;
pub mod sort_key;
pub mod space;
pub mod trailer;
pub mod version;
