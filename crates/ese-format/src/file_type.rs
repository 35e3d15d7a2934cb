//! The file type that every kind of file keeps at the unaligned offset 667, and telling files apart (spec 01 §3).
//!
//! ```text
//! 0    u32  XOR checksum over 4096 bytes (log, checkpoint), 8192 (flush map) or a page (database)
//! 667  u32  file type
//! ```
//!
//! Invariant: a type counts only when the checksum of its own length holds; a zero file is of no type.

use crate::checksum::verify_header;
use crate::error::FileKind;

/// Offset of the file type in every header.
pub const FILE_TYPE_OFFSET: usize = 667;

/// Bytes a log header or one copy of a checkpoint is checksummed over.
const LOG_HEADER_BYTES: usize = 4096;
/// Bytes a flush-map header is checksummed over.
const FLUSH_MAP_HEADER_BYTES: usize = 8192;

/// The values found at offset 667.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum FileType {
    /// Files older than file types.
    Unknown = 0,
    /// A database; a temporary database says this too.
    Database = 1,
    /// The streaming file of Exchange 2000, obsolete.
    StreamingFile = 2,
    /// A transaction log.
    Log = 3,
    /// A checkpoint.
    Checkpoint = 4,
    /// A temporary database; never seen.
    TemporaryDatabase = 5,
    /// A trace log.
    TraceLog = 6,
    /// A flush map.
    FlushMap = 7,
    /// A file behind a block cache.
    CachedFile = 8,
    /// A block cache.
    CachingFile = 9,
    /// A revert snapshot.
    Snapshot = 10,
    /// A checkpoint of reverting to a snapshot.
    SnapshotRevertCheckpoint = 11,
}

impl FileType {
    const ALL: [Self; 12] = [
        Self::Unknown,
        Self::Database,
        Self::StreamingFile,
        Self::Log,
        Self::Checkpoint,
        Self::TemporaryDatabase,
        Self::TraceLog,
        Self::FlushMap,
        Self::CachedFile,
        Self::CachingFile,
        Self::Snapshot,
        Self::SnapshotRevertCheckpoint,
    ];

    /// The type of this value, where there is one.
    #[must_use]
    pub fn from_raw(raw: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(raw).ok()?).copied()
    }

    /// The stored value.
    #[must_use]
    pub fn raw(self) -> u32 {
        self as u32
    }

    /// The value stored in a header, whatever it is; `None` when the bytes end before it.
    #[must_use]
    pub fn raw_in(header: &[u8]) -> Option<u32> {
        header.get(FILE_TYPE_OFFSET..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }
}

/// Tells the kind of a file by its first bytes (up to 65536 are looked at). Only a header whose checksum holds counts:
/// a damaged file, a reserve log or an empty file is `None`.
#[must_use]
pub fn identify(first_bytes: &[u8]) -> Option<FileKind> {
    let checked = |length: usize| first_bytes.get(..length).is_some_and(|bytes| verify_header(bytes).is_ok());
    match FileType::raw_in(first_bytes).and_then(FileType::from_raw) {
        Some(FileType::Log) if checked(LOG_HEADER_BYTES) => Some(FileKind::Log),
        Some(FileType::Checkpoint) if checked(LOG_HEADER_BYTES) => Some(FileKind::Checkpoint),
        Some(FileType::FlushMap) if checked(FLUSH_MAP_HEADER_BYTES) => Some(FileKind::FlushMap),
        _ => is_database(first_bytes).then_some(FileKind::Database),
    }
}

/// Whether either copy of a database header is there.
fn is_database(first_bytes: &[u8]) -> bool {
    crate::database_header::choose_header(first_bytes)
        .is_ok_and(|pair| pair.header.fields.magic.get() == crate::database_header::MAGIC)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ese_corpus::{corpus, files, skipped};

    use super::*;

    #[test]
    fn every_file_of_the_corpus_is_told_by_its_bytes_as_by_its_name() {
        let Some(folder) = corpus() else { return skipped("file kinds") };
        let mut counts: BTreeMap<(String, Option<&str>), usize> = BTreeMap::new();
        for file in files(&folder) {
            let bytes = file.bytes();
            let extension = file.name.rsplit('.').next().unwrap_or_default().to_lowercase();
            let found = identify(&bytes);
            let expected: &[Option<FileKind>] = match &*extension {
                "jfm" => &[Some(FileKind::FlushMap)],
                "chk" => &[Some(FileKind::Checkpoint)],
                "log" => &[Some(FileKind::Log), None],
                "edb" | "mdb" => &[Some(FileKind::Database)],
                "txt" | "jsonl" | "md" | "csv" | "jrs" => &[None],
                _ => &[found],
            };
            assert!(expected.contains(&found), "{}: {found:?}", file.name);
            // A log that is no log was made ahead of its use: no byte of it counts.
            let is_blank = extension != "log" || found.is_some() || bytes.iter().all(|byte| *byte == 0);
            assert!(is_blank || file.name.contains("tmp"), "{}", file.name);
            let name = found.map(|kind| match kind {
                FileKind::Database => "database",
                FileKind::Log => "log",
                FileKind::Checkpoint => "checkpoint",
                FileKind::FlushMap => "flush map",
                FileKind::ReserveLog | FileKind::Patch => "other",
            });
            *counts.entry((extension, name)).or_insert(0) += 1;
        }
        ese_corpus::report!("{counts:?}");
        assert!(counts.values().sum::<usize>() > 0);
    }

    #[test]
    fn a_kind_is_told_only_when_its_checksum_holds() {
        for (length, file_type, kind) in [
            (4096, FileType::Log, FileKind::Log),
            (4096, FileType::Checkpoint, FileKind::Checkpoint),
            (8192, FileType::FlushMap, FileKind::FlushMap),
        ] {
            let mut header = vec![0; length];
            header[FILE_TYPE_OFFSET] = file_type.raw() as u8;
            crate::checksum::seal_header(&mut header);
            assert_eq!(identify(&header), Some(kind));
            header[100] ^= 1;
            assert_eq!(identify(&header), None);
            assert_eq!(identify(&header[..length - 1]), None);
        }
        assert_eq!(identify(&[]), None);
        assert_eq!(FileType::from_raw(12), None);
    }
}
