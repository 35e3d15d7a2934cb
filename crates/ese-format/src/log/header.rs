//! The log file header: segment 0 (spec 05 §4).
//!
//! ```text
//! 0    u32 checksum (XOR)        44   SIGNATURE signLog (28)      661  u32 efv of the writing engine
//! 4    i32 generation            72   DBMS_PARAM (567)            665  u16 reserved
//! 8    u16 bytes per sector      639  u8  flags                   667  u32 file type, 3
//! 10   u16 header sectors        640  LGPOS checkpoint            671  attach list (2048)
//! 12   u16 file sectors          648  u32 update minor            2719 padding (1377)
//! 14   u16 page size             652  u8  sector size seen
//! 16   LOGTIME created           653  u64 accumulated checksum of
//! 24   LOGTIME previous created           the previous generation
//! 32   u32 major, 36 minor, 40 update major
//!
//! DBMS_PARAM: 0 system path (261, ANSI), 261 log path (261), 522 u8 flags, 523 u32 sessions, 527 open tables,
//! 531 version pages, 535 cursors, 539 log buffers, 543 log file sectors, 547 cache size, 551 reserved (16)
//! ```
//!
//! Invariants: a [`LogHeader`] got from [`LogHeader::read`] has a good checksum, a known file type, a readable version
//! and sector sizes that make sense; the header is written once and never changed.

use std::borrow::Cow;

use bitflags::bitflags;
use zerocopy::little_endian::{I32, U16, U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::attach_list::{ATTACH_LIST_BYTES, AttachList, ansi_text};
use crate::checksum::xor_header_checksum;
use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::lgpos::Lgpos;
use crate::logtime::Logtime;
use crate::page_size::PageSize;
use crate::signature::Signature;

use super::version::LogVersion;

/// Bytes of a log header, in every version.
pub const LOG_HEADER_BYTES: usize = 4096;
/// File type of a log.
pub const FILE_TYPE_LOG: u32 = 3;
/// Bytes of a path in the parameters.
pub const PARAMETER_PATH_BYTES: usize = 261;

bitflags! {
    /// Flags of a log file.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct LogFlags: u8 {
        /// The file was a reserve log.
        const RESERVE = 0x01;
        /// Circular logging is on.
        const CIRCULAR = 0x02;
        /// Circular logging was on in the generation before.
        const CIRCULAR_BEFORE = 0x04;
        const _ = !0;
    }
}

/// The parameters of a run (DBMS_PARAM), in their stored form. Only the file's sectors and the flag ever matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct LogParameters {
    /// System path, ANSI, terminated; what lies behind is not cleared.
    pub system_path: [u8; PARAMETER_PATH_BYTES],
    /// Log path, the same.
    pub log_path: [u8; PARAMETER_PATH_BYTES],
    /// Bit 0: circular logging.
    pub flags: u8,
    /// Most sessions.
    pub sessions: U32,
    /// Most open tables.
    pub open_tables: U32,
    /// Most version pages.
    pub version_pages: U32,
    /// Most cursors.
    pub cursors: U32,
    /// Log buffers.
    pub log_buffers: U32,
    /// Sectors of a log file.
    pub log_file_sectors: U32,
    /// Largest cache.
    pub cache_size_max: U32,
    /// Zero.
    pub reserved: [u8; 16],
}

const _: () = assert!(size_of::<LogParameters>() == 567);

impl LogParameters {
    /// Parameters of zeros.
    #[must_use]
    pub fn zeroed() -> Self {
        Self::new_zeroed()
    }

    /// Whether circular logging is on.
    #[must_use]
    pub fn is_circular(&self) -> bool {
        self.flags & 1 != 0
    }

    /// The system path as text.
    #[must_use]
    pub fn system_path_text(&self) -> Cow<'_, str> {
        ansi_text(&self.system_path)
    }

    /// The log path as text.
    #[must_use]
    pub fn log_path_text(&self) -> Cow<'_, str> {
        ansi_text(&self.log_path)
    }
}

/// A log file header in its stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct LogHeader {
    /// XOR checksum of all that follows.
    pub checksum: U32,
    /// Generation, from 1.
    pub generation: I32,
    /// Bytes of a sector: 4096 in version 8, the volume's in version 7.
    pub sector_bytes: U16,
    /// Sectors of the header.
    pub header_sectors: U16,
    /// Sectors of the file.
    pub file_sectors: U16,
    /// Page size of the databases; 0 means 4096.
    pub page_size: U16,
    /// When this generation was created.
    pub created: Logtime,
    /// When the generation before was; zero in the first.
    pub previous_created: Logtime,
    /// Major version.
    pub major: U32,
    /// Minor version, constant.
    pub minor: U32,
    /// Update major version.
    pub update_major: U32,
    /// Identity of the stream.
    pub signature: Signature,
    /// Parameters of the run that created the file.
    pub parameters: LogParameters,
    /// [`LogFlags`].
    pub flags: u8,
    /// The checkpoint when the file was created.
    pub checkpoint: Lgpos,
    /// Update minor version.
    pub update_minor: U32,
    /// What is known of the disk's sector size: 0 unknown, 1 it matches, 2–5 it was 512–4096, 255 another.
    pub disk_sector_size: u8,
    /// XOR of all segment checksums of the generation before.
    pub previous_accumulated_checksum: U64,
    /// Highest engine format version of the writing engine.
    pub engine_format_version: U32,
    /// Zero.
    pub reserved: U16,
    /// 3; 0 in old logs.
    pub file_type: U32,
    /// The databases attached when the file was created.
    pub attach_list: [u8; ATTACH_LIST_BYTES],
    /// Zero.
    pub padding: [u8; 1377],
}

const _: () = assert!(size_of::<LogHeader>() == LOG_HEADER_BYTES);
const _: () = assert!(std::mem::offset_of!(LogHeader, flags) == 639);
const _: () = assert!(std::mem::offset_of!(LogHeader, file_type) == 667);
const _: () = assert!(std::mem::offset_of!(LogHeader, attach_list) == 671);

fn error(offset: usize, field: &'static str, problem: Problem, jet: JetError) -> FormatError {
    FormatError::new(FileKind::Log, offset as u64, field, problem, jet)
}

impl LogHeader {
    /// A header of zeros, to be filled and sealed.
    #[must_use]
    pub fn zeroed() -> Self {
        Self::new_zeroed()
    }

    /// The checked header at the start of a log file's bytes: checksum, file type, version, sector sizes, in the
    /// order in which an engine looks.
    ///
    /// # Errors
    /// JET_errLogFileCorrupt (short, checksum, sizes), JET_errDatabase500Format and its like (formats of before 2000),
    /// JET_errFileInvalidType, JET_errBadLogVersion.
    pub fn read(file: &[u8]) -> FormatResult<&Self> {
        let Ok((header, _)) = Self::ref_from_prefix(file) else {
            let problem =
                Problem::Truncated { needed: LOG_HEADER_BYTES as u64, available: file.len() as u64 };
            return Err(error(0, "log header", problem, JetError::LOG_FILE_CORRUPT));
        };
        let computed = header.computed_checksum();
        if computed != header.checksum.get() {
            let problem =
                Problem::Checksum { stored: u64::from(header.checksum.get()), computed: u64::from(computed) };
            return Err(error(0, "checksum", problem, JetError::LOG_FILE_CORRUPT));
        }
        header.refuse_ancient()?;
        if !matches!(header.file_type.get(), 0 | FILE_TYPE_LOG) {
            let problem = Problem::Mismatch {
                found: u64::from(header.file_type.get()),
                expected: u64::from(FILE_TYPE_LOG),
            };
            return Err(error(667, "file type", problem, JetError::FILE_INVALID_TYPE));
        }
        header.version().check_readable(header.page_size())?;
        header.check_sizes()?;
        Ok(header)
    }

    /// Formats of before Exchange 2000, told by constants at places of their own (spec 05 §4.1).
    fn refuse_ancient(&self) -> FormatResult<()> {
        let bytes = self.as_bytes();
        let word =
            |at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk).map(|word| u32::from_le_bytes(*word));
        let ancient = if word(24) == Some(4) && matches!(word(28), Some(909 | 995)) && word(32) == Some(0) {
            Some((24, JetError::DATABASE_500_FORMAT))
        } else if word(20) == Some(443) && word(24) == Some(0) && word(28) == Some(0) {
            Some((20, JetError::DATABASE_400_FORMAT))
        } else if word(44) == Some(0) && word(48) == Some(0x0CA_0001) {
            Some((48, JetError::DATABASE_200_FORMAT))
        } else {
            None
        };
        match ancient {
            Some((at, jet)) => Err(error(at, "version", Problem::Unsupported("a log of before 2000"), jet)),
            None => Ok(()),
        }
    }

    fn check_sizes(&self) -> FormatResult<()> {
        let sector = self.sector_bytes.get();
        let legacy = !self.version().is_segmented();
        let sound =
            if legacy { sector.is_power_of_two() && (128..=4096).contains(&sector) } else { sector == 4096 };
        if !sound {
            let problem = Problem::Mismatch { found: u64::from(sector), expected: LOG_HEADER_BYTES as u64 };
            return Err(error(8, "sector bytes", problem, JetError::LOG_FILE_CORRUPT));
        }
        let expected = LOG_HEADER_BYTES as u64 / u64::from(sector);
        let found = u64::from(self.header_sectors.get());
        if found != expected {
            let problem = Problem::Mismatch { found, expected };
            return Err(error(10, "header sectors", problem, JetError::LOG_FILE_CORRUPT));
        }
        if self.generation.get() < 1 {
            let problem = Problem::Invalid("a generation below 1");
            return Err(error(4, "generation", problem, JetError::LOG_FILE_CORRUPT));
        }
        Ok(())
    }

    /// The checksum over the header's present bytes.
    #[must_use]
    pub fn computed_checksum(&self) -> u32 {
        xor_header_checksum(self.as_bytes())
    }

    /// Stores the checksum: the last step before the header is written.
    pub fn seal(&mut self) {
        self.checksum = self.computed_checksum().into();
    }

    /// The bytes of the header, as they are written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }

    /// The version in its four parts.
    #[must_use]
    pub fn version(&self) -> LogVersion {
        LogVersion {
            major: self.major.get(),
            minor: self.minor.get(),
            update_major: self.update_major.get(),
            update_minor: self.update_minor.get(),
        }
    }

    /// The page size, when it is one.
    #[must_use]
    pub fn page_size(&self) -> Option<PageSize> {
        PageSize::from_header_field(u32::from(self.page_size.get()))
    }

    /// The flags.
    #[must_use]
    pub fn log_flags(&self) -> LogFlags {
        LogFlags::from_bits_retain(self.flags)
    }

    /// Bytes the file must have.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        u64::from(self.file_sectors.get()) * u64::from(self.sector_bytes.get())
    }

    /// The databases attached when the file was created.
    #[must_use]
    pub fn attachments(&self) -> AttachList<'_> {
        AttachList::new(&self.attach_list, FileKind::Log)
    }

    /// Whether this log follows `previous`: generation, creation time and stream (spec 05 §4.4).
    ///
    /// # Errors
    /// JET_errInvalidLogSequence, or JET_errBadLogSignature for another stream.
    pub fn check_follows(&self, previous: &Self) -> FormatResult<()> {
        let expected = i64::from(previous.generation.get()) + 1;
        if i64::from(self.generation.get()) != expected {
            let problem = Problem::Mismatch {
                found: u64::from(self.generation.get().unsigned_abs()),
                expected: expected.unsigned_abs(),
            };
            return Err(error(4, "generation", problem, JetError::INVALID_LOG_SEQUENCE));
        }
        if self.previous_created != previous.created {
            let problem = Problem::Invalid("is not the creation time of the generation before");
            return Err(error(24, "previous created", problem, JetError::INVALID_LOG_SEQUENCE));
        }
        if self.signature != previous.signature {
            let problem = Problem::Invalid("is not that of the generation before");
            return Err(error(44, "signature", problem, JetError::BAD_LOG_SIGNATURE));
        }
        Ok(())
    }

    /// Whether this log was made behind one whose segments have this accumulated checksum (spec 05 §4.4); versions that
    /// keep none always say so.
    ///
    /// # Errors
    /// JET_errLogSequenceChecksumMismatch.
    pub fn check_previous_checksum(&self, accumulated: u64) -> FormatResult<()> {
        let stored = self.previous_accumulated_checksum.get();
        if !self.version().has_accumulated_checksum() || stored == accumulated {
            return Ok(());
        }
        let problem = Problem::Checksum { stored, computed: accumulated };
        Err(error(653, "previous accumulated checksum", problem, JetError::LOG_SEQUENCE_CHECKSUM_MISMATCH))
    }
}
