//! Transaction log files: names, header, segments, records (spec 05).
//!
//! ```text
//! segment 0        header, 4096 bytes: generation, versions, identity, attach list       [header]
//! segments 1..n-2  4096 bytes each: 40-byte header with its own checksum, then records   [segment]
//! segment n-1      never holds records of its own, only the shadow of segment n-2
//! ```
//!
//! Logs of major version 7 have no segments but one stream of bytes with range checksums in it ([`legacy`]).
//!
//! [`LogFile`] takes the bytes of a whole file, finds the end of its data, and gives its records in order.
//!
//! Invariants: nothing behind the end of data is ever given; a damaged segment ends the reading with an error that
//! says which one; memory is bounded by the length of the file.

pub mod header;
pub mod legacy;
pub mod names;
pub mod reader;
pub mod record;
pub mod segment;
pub mod version;
pub mod writer;

pub use header::{LOG_HEADER_BYTES, LogFlags, LogHeader, LogParameters};
pub use reader::{LogDamage, LogEnd, LogFile, LogRecord, Records};
pub use record::{Record, RecordType};
pub use segment::{Segment, SegmentHeader, SegmentSource};
pub use version::LogVersion;
