//! Names of objects on their way between the caller's texts and the catalog's bytes of code page 1252, and buffers that
//! take as much as they hold.

use std::ffi::c_void;

use ese_format::error::JetError;
use widestring::{U16Str, U16String};

use super::argument::{Buffer, Text};
use crate::abi::text::{AnsiCodePage, ansi_of_wide, wide_of_ansi};
use crate::parameters;

/// A text as bytes of code page 1252, `None` for NULL.
///
/// # Errors
/// JET_errInvalidName for one that is longer, or that the code page does not have.
pub(crate) fn read_name(text: Text, units_max: usize) -> Result<Option<Vec<u8>>, JetError> {
    let text = text.read(units_max, JetError::INVALID_NAME).map_err(|_| JetError::INVALID_NAME)?;
    text.map(|text| bytes_of_1252(&text).ok_or(JetError::INVALID_NAME)).transpose()
}

/// UTF-16 as bytes of code page 1252, where it has them all.
pub(crate) fn bytes_of_1252(text: &U16Str) -> Option<Vec<u8>> {
    ansi_of_wide(text, AnsiCodePage::Windows1252).ok()
}

/// Bytes of code page 1252 as UTF-16.
pub(crate) fn wide_of_1252(bytes: &[u8]) -> U16String {
    wide_of_ansi(bytes, AnsiCodePage::Windows1252).unwrap_or_default()
}

/// Bytes of code page 1252 as the A form has them.
///
/// # Errors
/// JET_errUnicodeTranslationFail.
pub(crate) fn ansi_of_1252(bytes: &[u8]) -> Result<Vec<u8>, JetError> {
    ansi_of_wide(&wide_of_1252(bytes), parameters::process().read().code_page())
}

/// Writes as many of the bytes as fit, and says how many that were.
pub(crate) fn write_prefix(buffer: Buffer, bytes: &[u8]) -> usize {
    let written = bytes.len().min(buffer.bytes());
    // What fits is written.
    let _ = buffer.write(bytes.get(..written).unwrap_or_default());
    written
}

/// A caller's buffer, empty for NULL.
///
/// # Safety
/// `start` is NULL, or that many bytes may be written for the length of the call.
pub(crate) unsafe fn output<'a>(start: *mut c_void, bytes: u32) -> &'a mut [u8] {
    if start.is_null() || bytes == 0 {
        return &mut [];
    }
    // SAFETY: told by the caller; what is in C's memory is bytes.
    unsafe { std::slice::from_raw_parts_mut(start.cast(), bytes as usize) }
}
