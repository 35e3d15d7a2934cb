//! The logs behind a set: do those in the log folder, or a running instance's, go on where the set ends?
//! (spec 07 §11.4, step B)
//!
//! Invariants: headers alone are read; a log that does not fit below the set or in its range is forgotten as soon as a
//! later one reads well; one that does not fit behind the set is an error.

use std::path::Path;

use ese_format::error::JetError;
use ese_format::log::header::LogHeader;

use crate::error::{Error, Result};
use crate::io::FileSystem;
use crate::log::{LogFolder, LogHeaderFile};

use super::given::GivenLogs;

/// Where the logs behind a set are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Beyond<'a> {
    /// What is in the folder.
    pub folder: &'a LogFolder,
    /// Whether it is the folder of the set.
    pub is_backup_folder: bool,
    /// The last log of a running instance that is taken; `None` where no instance uses the folder.
    pub target_high: Option<i32>,
}

/// What a log in the folder means for the walk.
enum Step {
    /// It fits.
    Fits,
    /// It does not fit, which may not matter.
    Passed {
        jet: JetError,
        /// Where the walk goes on.
        next: i64,
        /// Whether what comes there has to follow what was read last, if it had to here.
        keeps_line: bool,
    },
    /// It does not fit behind the set.
    Refused(JetError),
}

/// Walks through the folder.
///
/// # Errors
/// -557, -565, -610, -611; those of reading a header.
pub fn check_beyond(disk: &dyn FileSystem, given: &GivenLogs, beyond: &Beyond<'_>) -> Result<()> {
    let range = given.set().given;
    let gen_high = i64::from(range.high);
    let archives = beyond.folder.archives();
    let low = archives.first_key_value().map_or(0, |(generation, _)| i64::from(*generation));
    let mut high = archives.last_key_value().map_or(0, |(generation, _)| i64::from(*generation));
    if let Some(target_high) = beyond.target_high {
        if archives.is_empty() {
            let about = "the logs of the running instance are gone";
            return Err(Error::refused(JetError::MISSING_RESTORE_LOG_FILES, about));
        }
        high = target_high.into();
    }
    let with_current = if beyond.target_high.is_some() { 0 } else { 1 };
    let mut previous: Box<LogHeader> = Box::new(*given.last());
    let mut ready = low > gen_high;
    let mut wrong: Option<Error> = None;
    let mut generation = low;
    while generation <= high + with_current {
        let path = if generation == 0 || generation == high + 1 {
            // No archived log at all, or the one behind the last.
            let Some(current) = beyond.folder.current() else { break };
            if generation == 0 {
                generation = gen_high + 1;
                high = gen_high;
            }
            current
        } else {
            match i32::try_from(generation).ok().and_then(|generation| archives.get(&generation)) {
                Some(path) => path.as_path(),
                None if generation > gen_high => {
                    return Err(missing(JetError::MISSING_CURRENT_LOG_FILES, generation));
                }
                None if beyond.is_backup_folder => {
                    return Err(missing(JetError::MISSING_RESTORE_LOG_FILES, generation));
                }
                None => {
                    generation = gen_high + 1;
                    continue;
                }
            }
        };
        let log = LogHeaderFile::read(disk, path)?;
        let step = judge(given, &previous, &log.header, generation, ready);
        previous = log.header;
        match step {
            Step::Fits => {
                wrong = None;
                ready = true;
                generation += 1;
            }
            Step::Passed { jet, next, keeps_line } => {
                ready &= keeps_line;
                wrong = Some(does_not_fit(jet, path));
                generation = next;
            }
            Step::Refused(jet) => return Err(does_not_fit(jet, path)),
        }
    }
    wrong.map_or(Ok(()), Err)
}

fn judge(given: &GivenLogs, previous: &LogHeader, log: &LogHeader, generation: i64, ready: bool) -> Step {
    let range = given.set().given;
    let (low, high) = (i64::from(range.low), i64::from(range.high));
    let behind = high + 1;
    let not_contiguous = JetError::EXISTING_LOG_FILE_IS_NOT_CONTIGUOUS;
    let out_of_line = |next| Step::Passed { jet: not_contiguous, next, keeps_line: true };
    if log.signature != given.set().stream {
        let jet = JetError::EXISTING_LOG_FILE_HAS_BAD_SIGNATURE;
        let foreign = |next| Step::Passed { jet, next, keeps_line: false };
        return match generation {
            _ if generation < low => foreign(low),
            _ if generation <= high => foreign(generation + 1),
            _ => Step::Refused(jet),
        };
    }
    if ready && log.previous_created != previous.created {
        return match generation {
            _ if generation < low => out_of_line(generation + 1),
            _ if generation <= high => out_of_line(behind),
            _ => Step::Refused(not_contiguous),
        };
    }
    if generation == low - 1 && log.created != given.first().previous_created {
        return Step::Passed { jet: not_contiguous, next: low, keeps_line: false };
    }
    if generation == low && log.created != given.first().created {
        return out_of_line(behind);
    }
    if generation == behind && log.previous_created != given.last().created {
        return Step::Refused(not_contiguous);
    }
    Step::Fits
}

fn missing(jet: JetError, generation: i64) -> Error {
    Error::refused(jet, format!("generation {generation:#x} behind the set is missing"))
}

fn does_not_fit(jet: JetError, path: &Path) -> Error {
    let error = Error::refused(jet, format!("{} does not go on where the set ends", path.display()));
    tracing::warn!(%error, "a log that is there already");
    error
}

/// The current log is the one that redo will want when the archived ones are through.
///
/// # Errors
/// `JET_errInvalidLogSequence`.
pub(super) fn check_current_follows(
    disk: &dyn FileSystem,
    given: &GivenLogs,
    folder: &LogFolder,
) -> Result<()> {
    let Some(current) = folder.current() else { return Ok(()) };
    let mut wanted = given.set().given.high.saturating_add(1);
    while folder.archives().contains_key(&wanted) {
        wanted = wanted.saturating_add(1);
    }
    let found = LogHeaderFile::read(disk, current)?.header.generation.get();
    if found == wanted {
        return Ok(());
    }
    let about = format!("{} is generation {found:#x}, behind the logs comes {wanted:#x}", current.display());
    Err(Error::refused(JetError::INVALID_LOG_SEQUENCE, about))
}
