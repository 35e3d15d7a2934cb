//! The way through one log as a dump shows it: segments where the reader enters them, records in order.
//!
//! Invariants: a segment comes before the record that starts in it or continues into it, and every valid segment comes
//! once; padding of version-8 logs is left out, that of version-7 logs is a record.

use std::io;

use ese_format::error::{FormatError, FormatResult};
use ese_format::lgpos::Lgpos;
use ese_format::log::{LogEnd, LogFile, LogHeader, Record, RecordType, SegmentHeader};

/// What is met on the way.
pub(super) enum Event<'a> {
    /// The reader enters a segment.
    Segment(&'a SegmentHeader),
    /// A record.
    Record(WalkedRecord<'a>),
}

/// A record on the way.
pub(super) struct WalkedRecord<'a> {
    /// The position it is shown at: where the record before it ended.
    pub(super) position: Lgpos,
    /// Its bytes, put together.
    pub(super) bytes: &'a [u8],
    /// What they mean.
    pub(super) record: Record<'a>,
}

/// A log file and the place where it ends.
pub(super) struct Walk<'a> {
    log: LogFile<'a>,
}

impl<'a> Walk<'a> {
    /// Opens the bytes of a whole log.
    ///
    /// # Errors
    /// A header that is not good, a length that is not the header's.
    pub(super) fn open(bytes: &'a [u8]) -> FormatResult<Self> {
        LogFile::read(bytes).map(|log| Self { log })
    }

    pub(super) fn header(&self) -> &LogHeader {
        self.log.header()
    }

    /// The position of the first record.
    pub(super) fn start(&self) -> Lgpos {
        let header = self.header();
        Lgpos::new(header.generation.get(), header.header_sectors.get(), 0)
    }

    /// Where the data ends, as far as the segments say.
    pub(super) fn end(&self) -> Lgpos {
        self.log.end_of_data()
    }

    /// XOR of the checksums of the valid segments.
    pub(super) fn accumulated(&self) -> u64 {
        self.log.accumulated_checksum()
    }

    /// Damage that was found before any record was read.
    pub(super) fn damage(&self) -> Option<&FormatError> {
        self.log.damage().map(|damage| &damage.error)
    }

    /// Gives everything to `visit`, in order; then the damage that ended the way, with its place.
    ///
    /// # Errors
    /// Those of `visit`.
    pub(super) fn events(
        &self,
        mut visit: impl FnMut(&Event<'_>) -> io::Result<()>,
    ) -> io::Result<Option<(Lgpos, FormatError)>> {
        let mut segments = self.log.segments().iter().peekable();
        let shows_padding = !self.header().version().is_segmented();
        let mut records = self.log.records();
        for record in records.by_ref() {
            while let Some(segment) = segments.next_if(|segment| segment.number() <= record.last_segment) {
                visit(&Event::Segment(segment.header()))?;
            }
            if record.record_type() == RecordType::Nop && !shows_padding {
                continue;
            }
            match record.decode() {
                Ok(decoded) => visit(&Event::Record(WalkedRecord {
                    // Version 7 has no segments: positions there are plain offsets.
                    position: if shows_padding { record.position } else { record.reader_position },
                    bytes: &record.bytes,
                    record: decoded,
                }))?,
                Err(error) => return Ok(Some((record.position, error))),
            }
        }
        match records.end() {
            Some(LogEnd::Damaged(damage)) if self.damage() == Some(&damage.error) => {
                Ok(Some((self.end(), damage.error.clone())))
            }
            Some(LogEnd::Damaged(damage)) => Ok(Some((damage.position, damage.error.clone()))),
            _ => {
                segments.try_for_each(|segment| visit(&Event::Segment(segment.header())))?;
                Ok(None)
            }
        }
    }
}
