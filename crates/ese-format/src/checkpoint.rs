//! The checkpoint file: where redo starts (spec 05 §11).
//!
//! 8192 bytes: the same 4096-byte block twice.
//!
//! ```text
//! 0   u32 checksum (XOR)                   631 LGPOS   incremental backup
//! 4   LGPOS checkpoint at the full backup  639 LOGTIME incremental backup
//! 12  LGPOS checkpoint                     647 u8      flags, bit 0: the attach list counts
//! 20  SIGNATURE signLog (28)               648 LGPOS   consistency of the databases
//! 48  DBMS_PARAM (567)                     656 reserved (11)
//! 615 LGPOS   full backup                  667 u32     file type, 4
//! 623 LOGTIME full backup                  671 reserved (8)
//!                                          679 attach list (2048), 2727 padding (1369)
//! ```
//!
//! Invariants: copy 1 is written first and wins when it is good; a file with no good copy counts as missing.

use bitflags::bitflags;
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::attach_list::{ATTACH_LIST_BYTES, AttachList};
use crate::checksum::xor_header_checksum;
use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::lgpos::Lgpos;
use crate::log::header::LogParameters;
use crate::log::version::LogVersion;
use crate::logtime::Logtime;
use crate::signature::Signature;

/// Bytes of one copy.
pub const CHECKPOINT_BYTES: usize = 4096;
/// Bytes of the file.
pub const CHECKPOINT_FILE_BYTES: usize = 2 * CHECKPOINT_BYTES;
/// File type of a checkpoint.
pub const FILE_TYPE_CHECKPOINT: u32 = 4;

bitflags! {
    /// Flags of a checkpoint.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct CheckpointFlags: u8 {
        /// The attach list is that of the checkpoint's own position.
        const ATTACH_LIST = 0x01;
        const _ = !0;
    }
}

/// One copy of the checkpoint in its stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Checkpoint {
    /// XOR checksum of all that follows.
    pub checksum: U32,
    /// The checkpoint at the last full backup.
    pub full_backup_checkpoint: Lgpos,
    /// Where redo starts; after a clean end the Term2 or RecoveryQuit2 record.
    pub checkpoint: Lgpos,
    /// Identity of the stream.
    pub signature: Signature,
    /// Parameters of the run, for information.
    pub parameters: LogParameters,
    /// Where the last full backup began.
    pub full_backup: Lgpos,
    /// When it did.
    pub full_backup_time: Logtime,
    /// Where the last incremental backup began.
    pub incremental_backup: Lgpos,
    /// When it did.
    pub incremental_backup_time: Logtime,
    /// [`CheckpointFlags`].
    pub flags: u8,
    /// From where the databases are consistent, not before the checkpoint; null in old files.
    pub database_consistency: Lgpos,
    /// Zero.
    pub reserved: [u8; 11],
    /// 4; 0 in old files.
    pub file_type: U32,
    /// Zero.
    pub reserved_behind: [u8; 8],
    /// The databases attached at the checkpoint.
    pub attach_list: [u8; ATTACH_LIST_BYTES],
    /// Zero.
    pub padding: [u8; 1369],
}

const _: () = assert!(size_of::<Checkpoint>() == CHECKPOINT_BYTES);
const _: () = assert!(std::mem::offset_of!(Checkpoint, flags) == 647);
const _: () = assert!(std::mem::offset_of!(Checkpoint, file_type) == 667);
const _: () = assert!(std::mem::offset_of!(Checkpoint, attach_list) == 679);

/// Which copy of the checkpoint was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointCopy {
    /// At offset 0.
    First,
    /// At offset 4096: the first is damaged.
    Second,
}

fn error(offset: usize, field: &'static str, problem: Problem, jet: JetError) -> FormatError {
    FormatError::new(FileKind::Checkpoint, offset as u64, field, problem, jet)
}

impl Checkpoint {
    /// A checkpoint of zeros, to be filled and sealed.
    #[must_use]
    pub fn zeroed() -> Self {
        Self::new_zeroed()
    }

    /// The checkpoint in the bytes of a file: the first copy if it is good, else the second.
    ///
    /// # Errors
    /// JET_errCheckpointCorrupt when neither is good (the problem is the first's); JET_errFileInvalidType.
    pub fn read(file: &[u8]) -> FormatResult<(&Self, CheckpointCopy)> {
        let (checkpoint, copy) = match Self::read_copy(file, CheckpointCopy::First) {
            Ok(checkpoint) => (checkpoint, CheckpointCopy::First),
            Err(first) => match Self::read_copy(file, CheckpointCopy::Second) {
                Ok(checkpoint) => (checkpoint, CheckpointCopy::Second),
                Err(_) => return Err(first),
            },
        };
        if !matches!(checkpoint.file_type.get(), 0 | FILE_TYPE_CHECKPOINT) {
            let problem = Problem::Mismatch {
                found: u64::from(checkpoint.file_type.get()),
                expected: u64::from(FILE_TYPE_CHECKPOINT),
            };
            return Err(error(667, "file type", problem, JetError::FILE_INVALID_TYPE));
        }
        Ok((checkpoint, copy))
    }

    /// One copy, its checksum checked.
    ///
    /// # Errors
    /// JET_errCheckpointCorrupt.
    pub fn read_copy(file: &[u8], copy: CheckpointCopy) -> FormatResult<&Self> {
        let start = match copy {
            CheckpointCopy::First => 0,
            CheckpointCopy::Second => CHECKPOINT_BYTES,
        };
        let bytes = file.get(start..).unwrap_or_default();
        let Ok((checkpoint, _)) = Self::ref_from_prefix(bytes) else {
            let problem =
                Problem::Truncated { needed: CHECKPOINT_BYTES as u64, available: bytes.len() as u64 };
            return Err(error(start, "checkpoint", problem, JetError::CHECKPOINT_CORRUPT));
        };
        let computed = checkpoint.computed_checksum();
        if computed != checkpoint.checksum.get() {
            let problem = Problem::Checksum {
                stored: u64::from(checkpoint.checksum.get()),
                computed: u64::from(computed),
            };
            return Err(error(start, "checksum", problem, JetError::CHECKPOINT_CORRUPT));
        }
        Ok(checkpoint)
    }

    /// The checksum over the present bytes.
    #[must_use]
    pub fn computed_checksum(&self) -> u32 {
        xor_header_checksum(self.as_bytes())
    }

    /// Stores the checksum: the last step before it is written.
    pub fn seal(&mut self) {
        self.checksum = self.computed_checksum().into();
    }

    /// The bytes of this copy, as they are written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }

    /// The bytes of the file: this copy twice.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        self.as_bytes().repeat(2)
    }

    /// The flags.
    #[must_use]
    pub fn checkpoint_flags(&self) -> CheckpointFlags {
        CheckpointFlags::from_bits_retain(self.flags)
    }

    /// Where the databases are consistent from: the checkpoint itself in old files.
    #[must_use]
    pub fn consistent_from(&self) -> Lgpos {
        if self.database_consistency.is_null() { self.checkpoint } else { self.database_consistency }
    }

    /// The databases attached at the checkpoint, when the list counts: bit 0 is set and the log of the checkpoint's
    /// generation has at least version 8.4000.4.3. Else the log header's list holds.
    #[must_use]
    pub fn attachments(&self, log_version: LogVersion) -> Option<AttachList<'_>> {
        let counts = self.checkpoint_flags().contains(CheckpointFlags::ATTACH_LIST)
            && log_version >= LogVersion::CHECKPOINT_ATTACH_LIST;
        counts.then(|| AttachList::new(&self.attach_list, FileKind::Checkpoint))
    }
}
