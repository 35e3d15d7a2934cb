//! The logs of a set, before anything is done with them (spec 07 §11.3).
//!
//! Invariants: headers alone are read; the first thing wrong, in the order of the generations, is the error.

use std::path::Path;

use ese_format::error::JetError;
use ese_format::log::header::LogHeader;
use ese_format::log::names::{self, GenerationDigits, LogExtension};
use ese_format::page_size::PageSize;

use crate::error::{Error, Result};
use crate::io::FileSystem;
use crate::log::{LogFolder, LogHeaderFile};
use crate::recovery::{GenerationRange, SetLogs};

/// The logs of a set: all there, of one stream, of one size, without a gap.
#[derive(Clone, Debug)]
pub struct GivenLogs {
    set: SetLogs,
    first: Box<LogHeader>,
    last: Box<LogHeader>,
}

impl GivenLogs {
    /// Looks at the logs of a range in a folder. Where the first is not there with the preferred extension, the other
    /// one counts, for all.
    ///
    /// # Errors
    /// -1811 for one that is missing, -501, -514 and their like, -530, -541, -556, -1213.
    pub fn examine(
        disk: &dyn FileSystem,
        path: &Path,
        base_name: &str,
        preferred: LogExtension,
        given: GenerationRange,
        page_size: PageSize,
    ) -> Result<Self> {
        let other = match preferred {
            LogExtension::Log => LogExtension::Jtx,
            LogExtension::Jtx => LogExtension::Log,
        };
        let scan = |extension| LogFolder::scan_only(disk, path, base_name, extension);
        let has_first = |folder: &LogFolder| folder.archives().contains_key(&given.low);
        let (mut extension, mut folder) = (preferred, scan(preferred)?);
        if !has_first(&folder) {
            let elsewhere = scan(other)?;
            if has_first(&elsewhere) {
                (extension, folder) = (other, elsewhere);
            }
        }
        let mut chain: Option<(Box<LogHeader>, LogHeaderFile)> = None;
        for generation in given.low..=given.high {
            let Some(log) = folder.archives().get(&generation) else {
                let digits = if folder.has_five_digits() {
                    GenerationDigits::FiveThenEight
                } else {
                    GenerationDigits::Eight
                };
                let file = path.join(names::archived_log(base_name, generation, digits, extension));
                let about = format!("{}: there is no such log of the set", file.display());
                return Err(Error::refused(JetError::FILE_NOT_FOUND, about));
            };
            check_no_link(disk, log)?;
            let log = LogHeaderFile::read(disk, log)?;
            let first = match chain {
                None => log.header.clone(),
                Some((first, previous)) => {
                    check_next(&first, &previous, &log)?;
                    first
                }
            };
            check_sizes(&log, page_size)?;
            chain = Some((first, log));
        }
        let empty = || Error::refused(JetError::INVALID_PARAMETER, format!("the logs {given}"));
        let (first, last) = chain.ok_or_else(empty)?;
        let set = SetLogs { path: path.to_owned(), folder, given, stream: first.signature, extension };
        Ok(Self { set, first, last: last.header })
    }

    /// The logs.
    #[must_use]
    pub fn set(&self) -> &SetLogs {
        &self.set
    }

    /// Header of the first.
    #[must_use]
    pub fn first(&self) -> &LogHeader {
        &self.first
    }

    /// Header of the last.
    #[must_use]
    pub fn last(&self) -> &LogHeader {
        &self.last
    }
}

/// Whoever can put a link into a folder of files to restore must not choose by it what is read or written elsewhere.
///
/// # Errors
/// `JET_errInvalidPath` for a link that leads out of its folder.
pub fn check_no_link(disk: &dyn FileSystem, path: &Path) -> Result<()> {
    if disk.leads_out(path) {
        let about = format!("{} is a link that leads out of its folder", path.display());
        return Err(Error::refused(JetError::INVALID_PATH, about));
    }
    Ok(())
}

/// A log behind another one. Creation times are compared for being the same, never for their order: clocks run
/// backwards in real sets.
fn check_next(first: &LogHeader, previous: &LogHeaderFile, log: &LogHeaderFile) -> Result<()> {
    let refused = |jet, what: &str| Err(Error::refused(jet, format!("{} {what}", log.path.display())));
    if log.header.signature != first.signature {
        return refused(JetError::BAD_LOG_SIGNATURE, "is of another stream");
    }
    if log.bytes != previous.bytes {
        return refused(JetError::LOG_FILE_SIZE_MISMATCH, "has another size than the log before");
    }
    if log.header.previous_created != previous.header.created {
        return refused(JetError::GIVEN_LOG_FILE_IS_NOT_CONTIGUOUS, "does not follow the log before");
    }
    Ok(())
}

fn check_sizes(log: &LogHeaderFile, page_size: PageSize) -> Result<()> {
    if log.header.page_size() != Some(page_size) {
        let bytes = log.header.page_size().map_or(0, PageSize::bytes);
        let about = format!("{} is of pages of {bytes} bytes", log.path.display());
        return Err(Error::refused(JetError::PAGE_SIZE_MISMATCH, about));
    }
    if log.bytes != log.header.file_bytes() {
        let about =
            format!("{} has {} bytes, not {}", log.path.display(), log.bytes, log.header.file_bytes());
        return Err(Error::refused(JetError::LOG_FILE_SIZE_MISMATCH, about));
    }
    Ok(())
}
