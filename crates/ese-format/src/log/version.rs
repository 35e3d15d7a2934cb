//! Versions of the log format (spec 05 §6).
//!
//! Stored in four parts: major (8, or 7 up to Windows 7), minor (constant: 4000, or 3704), update major, update minor.
//!
//! Invariant: an update major above the reader's maximum is refused; an update minor never is.

use std::fmt;

use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::page_size::PageSize;

/// Major version of the segmented format.
pub const MAJOR: u32 = 8;
/// Constant minor version of the segmented format.
pub const MINOR: u32 = 4000;
/// Major version of Windows XP to 7.
pub const LEGACY_MAJOR: u32 = 7;
/// Constant minor version of Windows XP to 7.
pub const LEGACY_MINOR: u32 = 3704;
/// Highest update major that is read.
pub const UPDATE_MAJOR_MAX: u32 = 130;
/// Lowest update major of version 7 that has pages above 8 KB.
const LEGACY_LARGE_PAGES: u32 = 14;

/// The version of a log, ordered as (major, minor, update major, update minor).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogVersion {
    /// 8, or 7.
    pub major: u32,
    /// 4000, or 3704.
    pub minor: u32,
    /// Decides whether an engine can read the log.
    pub update_major: u32,
    /// Decides what a log may contain.
    pub update_minor: u32,
}

impl LogVersion {
    /// The highest version that is read.
    pub const MAX: Self = Self::segmented(UPDATE_MAJOR_MAX, 280);
    /// Unused segments are zero from here on; before, they held a pattern.
    pub const ZERO_FILL: Self = Self::segmented(2, 0);
    /// The checkpoint's attach list counts from here on.
    pub const CHECKPOINT_ATTACH_LIST: Self = Self::segmented(4, 3);

    /// Version 8.4000 with these updates.
    #[must_use]
    pub const fn segmented(update_major: u32, update_minor: u32) -> Self {
        Self { major: MAJOR, minor: MINOR, update_major, update_minor }
    }

    /// Whether the body consists of segments; else it is a version-7 stream.
    #[must_use]
    pub const fn is_segmented(self) -> bool {
        self.major >= MAJOR
    }

    /// Whether the header carries the checksum accumulated over the previous generation (spec 05 §4.4).
    #[must_use]
    pub const fn has_accumulated_checksum(self) -> bool {
        self.is_segmented() && self.update_minor >= 13
    }

    /// Which layout a CommitCtx record has.
    #[must_use]
    pub const fn commit_context_layout(self) -> super::record::CommitContextLayout {
        let new = self.update_major > 5
            || (self.update_major == 5 && self.update_minor >= 2)
            || (self.update_major == 4 && self.update_minor >= 8);
        if new { super::record::CommitContextLayout::New } else { super::record::CommitContextLayout::Old }
    }

    /// Whether this engine reads logs of this version for databases of this page size.
    ///
    /// # Errors
    /// JET_errBadLogVersion.
    pub fn check_readable(self, page_size: Option<PageSize>) -> FormatResult<()> {
        let refuse = |offset, field, problem| {
            Err(FormatError::new(FileKind::Log, offset, field, problem, JetError::BAD_LOG_VERSION))
        };
        let minor = match self.major {
            MAJOR => MINOR,
            LEGACY_MAJOR => LEGACY_MINOR,
            _ => {
                let problem = Problem::OutOfRange {
                    found: u64::from(self.major),
                    min: u64::from(LEGACY_MAJOR),
                    max: u64::from(MAJOR),
                };
                return refuse(32, "major version", problem);
            }
        };
        if self.minor != minor {
            let problem = Problem::Mismatch { found: u64::from(self.minor), expected: u64::from(minor) };
            return refuse(36, "minor version", problem);
        }
        let large = page_size.is_some_and(PageSize::is_large);
        let (min, max) = match self.major {
            LEGACY_MAJOR if large => (LEGACY_LARGE_PAGES, u32::MAX),
            LEGACY_MAJOR => (0, u32::MAX),
            _ => (0, UPDATE_MAJOR_MAX),
        };
        if !(min..=max).contains(&self.update_major) {
            let problem = Problem::OutOfRange {
                found: u64::from(self.update_major),
                min: u64::from(min),
                max: u64::from(max),
            };
            return refuse(40, "update major version", problem);
        }
        Ok(())
    }
}

impl fmt::Display for LogVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.major, self.minor, self.update_major, self.update_minor)
    }
}
