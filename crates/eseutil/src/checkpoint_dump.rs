//! `/mk`: the checkpoint (spec 10 §6.2).
use std::path::Path;

use ese_format::error::JetError;

use crate::failure::{CommandResult, Failure};
use crate::output::Output;

/// Dumps a checkpoint file.
///
/// # Errors
/// When the file cannot be read or is no checkpoint.
pub fn run(_source: &Path, _out: &mut Output<'_>) -> CommandResult {
    Err(Failure::from(JetError::FEATURE_NOT_AVAILABLE))
}
