//! `/ml` and the log half of `/k`: one log or a set of logs (spec 10 §6.3).

use std::path::{Path, PathBuf};

use ese_format::error::JetError;

use crate::command_line::{DumpOptions, GenerationRange, Verbosity, Wanted};
use crate::failure::{CommandResult, Failure};
use crate::output::Output;

/// What is wanted of a log or a set of logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDumpOptions {
    /// A log file, or the base name of a set.
    pub source: PathBuf,
    /// Dump, or verify as `/k` does.
    pub purpose: LogPurpose,
    /// `/v`, `/v1`, `/v2`.
    pub verbosity: Verbosity,
    /// `/s`: the I/O table.
    pub io_table: Wanted,
    /// `/c<file>`.
    pub csv_file: Option<PathBuf>,
    /// `/r<gen>[-<gen>]`, of a set.
    pub generations: Option<GenerationRange>,
}

/// Why a log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPurpose {
    /// `/ml`.
    Dump,
    /// `/k`.
    Verify,
}

impl LogDumpOptions {
    /// What `/ml` wants.
    #[must_use]
    pub fn of_dump(source: &Path, options: &DumpOptions) -> Self {
        Self {
            source: source.to_owned(),
            purpose: LogPurpose::Dump,
            verbosity: options.verbosity,
            io_table: options.io_table,
            csv_file: options.csv_file.clone(),
            generations: options.generations,
        }
    }

    /// What `/k` wants.
    #[must_use]
    pub fn of_checksum(source: &Path) -> Self {
        Self { purpose: LogPurpose::Verify, ..Self::of_dump(source, &DumpOptions::default()) }
    }
}

/// Dumps or verifies logs. Starts right after the start line and, with [`LogPurpose::Verify`], the label line.
///
/// # Errors
/// The first thing that is wrong.
pub fn run(options: &LogDumpOptions, out: &mut Output<'_>) -> CommandResult {
    let _ = (options, out);
    Err(Failure::from(JetError::FEATURE_NOT_AVAILABLE))
}
