//! `/k`: every checksum of a file (spec 10 §4.5).
use std::path::Path;

use ese_format::error::JetError;

use crate::command_line::{ChecksumOptions, Settings};
use crate::failure::{CommandResult, Failure};
use crate::output::Output;

/// Checks one file.
///
/// # Errors
/// JET_errDatabaseCorrupted when a page is bad; whatever keeps the file from being read.
pub fn run(
    _source: &Path,
    _options: &ChecksumOptions,
    _settings: &Settings,
    _out: &mut Output<'_>,
) -> CommandResult {
    Err(Failure::from(JetError::FEATURE_NOT_AVAILABLE))
}
