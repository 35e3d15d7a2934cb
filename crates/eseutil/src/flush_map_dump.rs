//! `/mp`: the flush map (spec 10 §6.9).
use std::path::Path;

use ese_format::error::JetError;

use crate::command_line::DumpOptions;
use crate::failure::{CommandResult, Failure};
use crate::output::Output;

/// Dumps a flush map.
///
/// # Errors
/// When the file cannot be read or is no flush map.
pub fn run(_source: &Path, _options: &DumpOptions, _out: &mut Output<'_>) -> CommandResult {
    Err(Failure::from(JetError::FEATURE_NOT_AVAILABLE))
}
