//! How a command fails: the JET error, what is known about the place, and the exit status it becomes.
//!
//! The status rule (docs/eseutil.md): 0 success; 1 any JET error, damaged and malformed files of every kind included;
//! 2 a usage error; 4 the database is not clean (-550); 5 the file cannot be opened; 130 and 143 a signal. Spec 10 §2.5 has a separate status for damage; issue 2 asks for 1 there, which is the rule here.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use ese_format::error::{FormatError, JetError};
use serde_json::{Value, json};

use crate::interruption::Interruption;

/// Why a command did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// A JET error, with what is known about it.
    Jet(Box<JetFailure>),
    /// Standard output went away.
    Output(io::Error),
}

/// A JET error and where it was met.
#[derive(Debug)]
pub struct JetFailure {
    /// The code.
    pub error: JetError,
    /// The file it is about.
    pub file: Option<PathBuf>,
    /// The bytes that are wrong, when bytes are.
    pub format: Option<FormatError>,
    /// A sentence for standard error, when neither says enough.
    pub detail: Option<String>,
    /// The signal that asked for it.
    pub interruption: Option<Interruption>,
}

/// The result of a command.
pub type CommandResult<T = ()> = Result<T, Failure>;

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<JetError> for Failure {
    fn from(error: JetError) -> Self {
        Self::Jet(Box::new(JetFailure { error, file: None, format: None, detail: None, interruption: None }))
    }
}

impl Failure {
    /// An error about a file as a whole.
    #[must_use]
    pub fn of_file(error: JetError, file: &Path) -> Self {
        Self::from(error).about(file)
    }

    /// Bytes of `file` that are not what the format says.
    #[must_use]
    pub fn of_format(error: FormatError, file: &Path) -> Self {
        Self::Jet(Box::new(JetFailure {
            error: error.jet(),
            file: Some(file.to_owned()),
            format: Some(error),
            detail: None,
            interruption: None,
        }))
    }

    /// A command that a signal ended before it was done.
    #[must_use]
    pub fn interrupted(interruption: Interruption, error: JetError) -> Self {
        let mut failure = Self::from(error).with_detail(interruption.to_string());
        if let Self::Jet(failure) = &mut failure {
            failure.interruption = Some(interruption);
        }
        failure
    }

    /// What the engine says of `file`: the bytes that are wrong where bytes are, else the sentence.
    #[must_use]
    pub fn of_engine(error: &ese_engine::error::Error, file: &Path) -> Self {
        match error.format_error() {
            Some(format) => Self::of_format(format.clone(), file).with_jet(error.jet()),
            None => Self::of_file(error.jet(), file).with_detail(error.to_string()),
        }
    }

    /// An operating system error met on `file`, as the JET error it stands for.
    #[must_use]
    pub fn of_io(error: &io::Error, file: &Path) -> Self {
        Self::of_file(jet_of_io(error), file).with_detail(error.to_string())
    }

    /// The same failure ending as another code.
    #[must_use]
    pub fn with_jet(mut self, error: JetError) -> Self {
        if let Self::Jet(failure) = &mut self {
            failure.error = error;
        }
        self
    }

    /// The same failure, about this file unless it names another.
    #[must_use]
    pub fn about(mut self, file: &Path) -> Self {
        if let Self::Jet(failure) = &mut self {
            failure.file.get_or_insert_with(|| file.to_owned());
        }
        self
    }

    /// The same failure with a sentence for standard error.
    #[must_use]
    pub fn with_detail(mut self, sentence: impl Into<String>) -> Self {
        if let Self::Jet(failure) = &mut self {
            failure.detail = Some(sentence.into());
        }
        self
    }
}

/// The JET error that an operating system error becomes.
#[must_use]
pub fn jet_of_io(error: &io::Error) -> JetError {
    match error.kind() {
        io::ErrorKind::NotFound => JetError::FILE_NOT_FOUND,
        io::ErrorKind::PermissionDenied | io::ErrorKind::IsADirectory | io::ErrorKind::ReadOnlyFilesystem => {
            JetError::FILE_ACCESS_DENIED
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => {
            JetError::INVALID_PATH
        }
        io::ErrorKind::AlreadyExists => JetError::FILE_ALREADY_EXISTS,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            JetError::DISK_FULL
        }
        io::ErrorKind::OutOfMemory => JetError::OUT_OF_MEMORY,
        io::ErrorKind::UnexpectedEof => JetError::FILE_IO_BEYOND_EOF,
        _ => JetError::DISK_IO,
    }
}

impl JetFailure {
    /// The exit status of a command that ended so.
    #[must_use]
    pub fn status(&self, rule: ExitRule) -> u8 {
        self.interruption.map_or_else(|| rule.status(self.error), Interruption::status)
    }

    /// The sentence for standard error: file, page and field. None when the code says all there is.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let what = match (&self.format, &self.detail) {
            (Some(format), Some(detail)) => format!("{detail}: {format}"),
            (Some(format), None) => format.to_string(),
            (None, Some(detail)) => detail.clone(),
            (None, None) => return None,
        };
        Some(match &self.file {
            Some(file) => format!("{}: {what}", file.display()),
            None => what,
        })
    }

    /// The document's `error` member.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut value = json!({
            "code": self.error.code(),
            "name": self.error.name(),
            "text": error_text(self.error),
        });
        if let Some(file) = &self.file {
            value["file"] = json!(file.to_string_lossy());
        }
        if let Some(format) = &self.format {
            value["file_kind"] = json!(format.kind().to_string());
            value["page"] = json!(format.page());
            value["offset"] = json!(format.offset());
            value["field"] = json!(format.field());
            value["problem"] = json!(format.problem().to_string());
        }
        if let Some(detail) = &self.detail {
            value["detail"] = json!(detail);
        }
        value
    }
}

impl fmt::Display for JetFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.sentence(), &self.file) {
            (Some(sentence), _) => f.write_str(&sentence)?,
            (None, Some(file)) => write!(f, "{}: {}", file.display(), error_text(self.error))?,
            (None, None) => f.write_str(error_text(self.error))?,
        }
        // The format error has said its own code; another one, which the command ends with, is said beside it.
        match &self.format {
            Some(format) if format.jet() == self.error => Ok(()),
            _ => write!(f, " [{} ({})]", self.error.name(), self.error.code()),
        }
    }
}

/// How exit statuses are made from errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExitRule {
    /// Few statuses that a shell script can tell apart.
    #[default]
    Classes,
    /// The low eight bits of the JET error: what a Windows script sees through Wine or WSL.
    Low8,
}

/// The exit status of a usage error.
pub const USAGE_STATUS: u8 = 2;

impl ExitRule {
    /// The exit status of a command that ended with `error`.
    #[must_use]
    pub fn status(self, error: JetError) -> u8 {
        match self {
            Self::Low8 => error.code().to_le_bytes()[0],
            Self::Classes => class_status(error),
        }
    }
}

fn class_status(error: JetError) -> u8 {
    match error {
        JetError::SUCCESS => 0,
        JetError::DATABASE_DIRTY_SHUTDOWN => 4,
        JetError::FILE_NOT_FOUND
        | JetError::FILE_ACCESS_DENIED
        | JetError::INVALID_PATH
        | JetError::CHECKPOINT_FILE_NOT_FOUND => 5,
        _ => 1,
    }
}

/// The text Windows' tool shows for a code, which scripts grep; other codes show the meaning of the facts table.
#[must_use]
pub fn error_text(error: JetError) -> &'static str {
    match SHOWN_TEXTS.iter().find(|(code, _)| *code == error.code()) {
        Some((_, text)) => text,
        None => error.info().map_or("unknown", |info| info.meaning),
    }
}

/// The name Windows' tool shows for a code.
#[must_use]
pub fn error_name(error: JetError) -> &'static str {
    error.info().map_or("unknown", |info| info.name)
}

/// Texts of the ending line as stored outputs of the original show them (data/ese/eseutil).
const SHOWN_TEXTS: &[(i32, &str)] = &[
    (-501, "Log file is corrupt"),
    (-513, "Name of logfile does not match internal generation number"),
    (-515, "Timestamp in next log does not match expected"),
    (-528, "Current log file missing"),
    (-541, "actual log file size does not match JET_paramLogFileSize"),
    (-542, "Could not locate checkpoint file"),
    (
        -550,
        "Database was not shutdown cleanly. Recovery must first be run to properly complete database operations for \
         the previous shutdown.",
    ),
    (-579, "Soft recovery successfully replayed all operations, but the Undo phase of recovery was skipped"),
    (-1003, "Invalid API parameter"),
    (-1018, "Checksum error on a database page"),
    (-1023, "Invalid file path"),
    (-1028, "Not a database file"),
    (-1032, "Cannot access file, the file is locked or in use"),
    (-1045, "Invalid bookmark"),
    (-1206, "Non database file or corrupted db"),
    (
        -1216,
        "An outstanding database attachment has been detected at the start or end of recovery, but database is \
         missing or does not match attachment info",
    ),
    (-1305, "No such table or object"),
    (-1811, "File not found"),
    (-1812, "Invalid file type"),
    (-1814, "File already exists"),
    (-4001, "a read was issued to a location beyond EOF (writes will expand the file)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_ends_with_status_1_and_the_low_bits_only_on_request() {
        for error in [JetError::DATABASE_CORRUPTED, JetError::LOG_FILE_CORRUPT, JetError::READ_VERIFY_FAILURE]
        {
            assert_eq!(ExitRule::Classes.status(error), 1, "{error}");
        }
        assert_eq!(ExitRule::Low8.status(JetError::DATABASE_CORRUPTED), 0x4A);
        assert_eq!(ExitRule::Classes.status(JetError::DATABASE_DIRTY_SHUTDOWN), 4);
        assert_eq!(ExitRule::Classes.status(JetError::FILE_NOT_FOUND), 5);
    }

    #[test]
    fn a_failure_names_file_page_and_field() {
        use ese_format::error::{FileKind, Problem};
        let format = FormatError::new(
            FileKind::Database,
            0,
            "checksum",
            Problem::Checksum { stored: 1, computed: 2 },
            JetError::READ_VERIFY_FAILURE,
        )
        .on_page(5);
        let Failure::Jet(failure) = Failure::of_format(format, Path::new("a.edb")) else {
            panic!("a format error is a JET failure");
        };
        let sentence = failure.to_string();
        assert!(
            sentence.contains("a.edb") && sentence.contains("page 5") && sentence.contains("checksum"),
            "{sentence}"
        );
        assert_eq!(failure.to_json()["page"], 5);
        assert_eq!(failure.to_json()["name"], "JET_errReadVerifyFailure");
    }
}
