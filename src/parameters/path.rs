//! Folders and paths as parameter values (spec 08 §5): separators, completion, lengths.
//!
//! Invariant: a folder that a store holds is empty, the default `./`, or absolute with a separator at its end.

use std::path::Path;

use ese_format::error::JetError;
use widestring::{U16Str, U16String};

use super::TEXT_UNITS_MAX;
use crate::abi::tables::{Parameter, ParameterKind};

/// Most bytes of UTF-8 in a completed folder or path: PATH_MAX less room for a file name (spec 08 §5.2).
const PATH_BYTES_MAX: usize = 4096 - 16;

/// The text that a parameter stores when it is set to `text`.
///
/// # Errors
/// JET_errInvalidParameter for a text shorter or longer than the parameter takes, JET_errInvalidPath for a path that is
/// not text, holds a NUL or cannot be completed.
pub(super) fn completed(parameter: &Parameter, text: &U16Str) -> Result<U16String, JetError> {
    let is_path = matches!(parameter.kind, ParameterKind::Folder | ParameterKind::Path);
    // Paths have the limit of Linux, but for the parameter that takes none at all.
    let max = if is_path && parameter.max > 0 { PATH_BYTES_MAX } else { parameter.max.min(TEXT_UNITS_MAX) };
    if !(parameter.min..=max).contains(&text.len()) {
        return Err(JetError::INVALID_PARAMETER);
    }
    if !is_path || text.is_empty() {
        return Ok(text.to_owned());
    }
    let given = text.to_string().map_err(|_| JetError::INVALID_PATH)?.replace('\\', "/");
    if given.contains('\0') {
        return Err(JetError::INVALID_PATH);
    }
    if parameter.kind == ParameterKind::Path && !given.contains('/') {
        return Ok(U16String::from_str(&given));
    }
    let absolute = std::path::absolute(Path::new(&given)).map_err(|_| JetError::INVALID_PATH)?;
    let mut absolute = absolute.into_os_string().into_string().map_err(|_| JetError::INVALID_PATH)?;
    let wants_separator = parameter.kind == ParameterKind::Folder || given.ends_with('/');
    if wants_separator && !absolute.ends_with('/') {
        absolute.push('/');
    }
    if absolute.len() > PATH_BYTES_MAX {
        return Err(JetError::INVALID_PARAMETER);
    }
    Ok(U16String::from_str(&absolute))
}
