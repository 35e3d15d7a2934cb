//! `/mh`: the database header (spec 10 §6.1).
use std::path::Path;

use ese_format::error::JetError;

use crate::command_line::{DumpOptions, Settings};
use crate::failure::{CommandResult, Failure};
use crate::output::Output;

/// Dumps a database header.
///
/// # Errors
/// When the file cannot be read or both copies are bad.
pub fn run(
    _source: &Path,
    _options: &DumpOptions,
    _settings: &Settings,
    _out: &mut Output<'_>,
) -> CommandResult {
    Err(Failure::from(JetError::FEATURE_NOT_AVAILABLE))
}
