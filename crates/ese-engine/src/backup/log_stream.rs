//! A log on tape: the file, unchanged, its segments checked on the way (spec 07 §3.6, §4).
//!
//! Invariant: a segment goes out when its checksum holds, when one wrong bit was put right in the copy, when it is zero,
//! or when it is the shadow of the one before it.

use std::sync::Arc;

use ese_format::checksum::{BlockStart, BlockVerdict, judge_block};
use ese_format::error::{FileKind, FormatError, JetError, Problem};
use ese_format::log::header::LogHeader;
use ese_format::log::segment::{SEGMENT_BYTES, segment_checksum};

use crate::error::{Error, Result};
use crate::io::File;

use super::shown;

/// The stream of one archived log.
#[derive(Debug)]
pub(super) struct LogStream {
    file: Arc<dyn File>,
    generation: i32,
    offset: u64,
    bytes: u64,
    /// Whether its body consists of segments: that of a log of before Windows 8 does not, and goes out as it is.
    is_segmented: bool,
}

impl LogStream {
    /// # Errors
    /// Those of the disk. Damage is told by the read that comes to it.
    pub(super) fn open(file: Arc<dyn File>, generation: i32, offset: u64) -> Result<Self> {
        let bytes = file.length()?;
        let mut header = vec![0; SEGMENT_BYTES];
        let count = file.read_at(&mut header, 0)?;
        header.truncate(count);
        let is_segmented = LogHeader::read(&header).map_or(true, |header| header.version().is_segmented());
        Ok(Self { file, generation, offset, bytes, is_segmented })
    }

    pub(super) fn generation(&self) -> i32 {
        self.generation
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        let read = buffer.get_mut(..count).unwrap_or_default();
        if self.is_segmented {
            let first = self.offset / SEGMENT_BYTES as u64;
            for (number, segment) in (first..).zip(read.chunks_mut(SEGMENT_BYTES)) {
                self.check(number, segment)?;
            }
        }
        self.offset = self.offset.saturating_add(count as u64);
        Ok(count)
    }

    fn check(&self, number: u64, segment: &mut [u8]) -> Result<()> {
        let failed = |field, problem| {
            let offset = number.saturating_mul(SEGMENT_BYTES as u64);
            let jet = JetError::LOG_READ_VERIFY_FAILURE;
            Err(Error::format(self.file.path(), FormatError::new(FileKind::Log, offset, field, problem, jet)))
        };
        if number == 0 {
            return match LogHeader::read(segment) {
                Ok(_) => Ok(()),
                Err(error) => failed("log header", error.problem().clone()),
            };
        }
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        let stored = segment.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        if stored == 0 && segment.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let Some(computed) = segment_checksum(segment, number) else {
            return failed("segment", Problem::Invalid("is cut off"));
        };
        if stored == computed || segment_checksum(segment, number.wrapping_sub(1)) == Some(stored) {
            return Ok(());
        }
        let BlockVerdict::WrongBit(bit) = judge_block(stored, computed, BlockStart::Header, SEGMENT_BYTES)
        else {
            return failed("segment checksum", Problem::Checksum { stored, computed });
        };
        if let Some(byte) = segment.get_mut(bit as usize / 8) {
            *byte ^= 1 << (bit % 8);
        }
        let path = shown(self.file.path());
        tracing::warn!(event = 399, %path, segment = number, bit, "a wrong bit was put right in the copy");
        Ok(())
    }
}
