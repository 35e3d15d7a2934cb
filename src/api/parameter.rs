//! System parameters and resource parameters.
//!
//! While the process has no instance (which this version cannot make yet) every call addresses the table of the process,
//! whatever instance and session it names (spec 08 §6.2).

use widestring::{U16Str, U16String};

use super::not_available;
use crate::abi::guard::{CallResult, Completion, guard_process};
use crate::abi::structs::JET_UNICODEINDEX;
use crate::abi::tables::errors::ERRORS;
use crate::abi::tables::typedefs::*;
use crate::abi::text::{
    AnsiCodePage, ansi_of_wide, read_ansi, read_wide, wide_of_ansi, write_ansi, write_wide,
};
use crate::parameters::{self, NewValue, Phase, Reading, TEXT_UNITS_MAX};
use ese_format::error::JetError;

/// Most bytes of UTF-8 in [`TEXT_UNITS_MAX`] units.
const TEXT_BYTES_MAX: usize = 3 * TEXT_UNITS_MAX;

/// Set a system parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetSystemParameterA(
    pinstance: *mut JET_INSTANCE,
    sesid: JET_SESID,
    paramid: u32,
    lParam: JET_API_PTR,
    szParam: JET_PCSTR,
) -> JET_ERR {
    let _ = (pinstance, sesid);
    guard_process(|| {
        set(paramid, lParam, || {
            // SAFETY: the caller's text is NULL or NUL-terminated.
            let bytes = unsafe { read_ansi(szParam, TEXT_BYTES_MAX, JetError::INVALID_PARAMETER) }?
                .unwrap_or_default();
            wide_of_ansi(bytes, code_page())
        })
    })
}

/// Set a system parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetSystemParameterW(
    pinstance: *mut JET_INSTANCE,
    sesid: JET_SESID,
    paramid: u32,
    lParam: JET_API_PTR,
    szParam: JET_PCWSTR,
) -> JET_ERR {
    let _ = (pinstance, sesid);
    guard_process(|| {
        set(paramid, lParam, || {
            // SAFETY: the caller's text is NULL or NUL-terminated.
            let text = unsafe { read_wide(szParam, TEXT_UNITS_MAX, JetError::INVALID_PARAMETER) }?;
            Ok(text.unwrap_or_default())
        })
    })
}

/// Read a system parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetSystemParameterA(
    instance: JET_INSTANCE,
    sesid: JET_SESID,
    paramid: u32,
    plParam: *mut JET_API_PTR,
    szParam: JET_PSTR,
    cbMax: u32,
) -> JET_ERR {
    let _ = (instance, sesid);
    guard_process(|| {
        // SAFETY: the caller's number and buffer are NULL or may be read and written, the buffer in its length.
        unsafe {
            get(paramid, plParam, szParam.is_null() || cbMax == 0, cbMax, |text, _| {
                write_ansi(szParam, cbMax as usize, &ansi_of_wide(text, code_page())?)
            })
        }
    })
}

/// Read a system parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetSystemParameterW(
    instance: JET_INSTANCE,
    sesid: JET_SESID,
    paramid: u32,
    plParam: *mut JET_API_PTR,
    szParam: JET_PWSTR,
    cbMax: u32,
) -> JET_ERR {
    let _ = (instance, sesid);
    guard_process(|| {
        // SAFETY: the caller's number and buffer are NULL or may be read and written, the buffer in its length.
        unsafe {
            get(paramid, plParam, szParam.is_null() || cbMax == 0, cbMax, |text, when_short| {
                let room = cbMax as usize / size_of::<WCHAR>();
                if when_short == WhenShort::Untouched && text.len() >= room {
                    return Err(JetError::BUFFER_TOO_SMALL);
                }
                write_wide(szParam, cbMax as usize, text)
            })
        }
    })
}

/// Resource manager query (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetResourceParam(
    instance: JET_INSTANCE,
    resoper: JET_RESOPER,
    resid: JET_RESID,
    pulParam: *mut JET_API_PTR,
) -> JET_ERR {
    not_available!(instance, resoper, resid, pulParam)
}

/// Resource manager setting (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetResourceParam(
    instance: JET_INSTANCE,
    resoper: JET_RESOPER,
    resid: JET_RESID,
    ulParam: JET_API_PTR,
) -> JET_ERR {
    not_available!(instance, resoper, resid, ulParam)
}

fn code_page() -> AnsiCodePage {
    parameters::process().read().code_page()
}

/// Sets a parameter of the process; the caller's text is looked at only where the parameter is text.
fn set(id: u32, number: usize, text: impl FnOnce() -> Result<U16String, JetError>) -> CallResult {
    let text = if parameters::is_text(id) { Some(text()?) } else { None };
    let value = text.as_deref().map_or(NewValue::Number(number), NewValue::Text);
    parameters::process().write().set(id, value, Phase::NoInstance)?;
    Ok(Completion::Success)
}

/// What a text that does not fit leaves in a W buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WhenShort {
    /// As much of it as fits, terminated.
    Prefix,
    /// What was there.
    Untouched,
}

/// Reads a parameter of the process into the caller's number or text.
///
/// # Safety
/// `number` is NULL or may be read and written; it points to a JET_UNICODEINDEX where the parameter says so and
/// `bytes_max` allows it.
unsafe fn get(
    id: u32,
    number: *mut JET_API_PTR,
    no_buffer: bool,
    bytes_max: u32,
    write_text: impl FnOnce(&U16Str, WhenShort) -> Result<(), JetError>,
) -> CallResult {
    let reading = parameters::process().read().get(id)?;
    let needs_number = !matches!(reading, Reading::Text(_) | Reading::Nothing);
    let needs_buffer = matches!(reading, Reading::Text(_) | Reading::ErrorText);
    if (needs_number && number.is_null()) || (needs_buffer && no_buffer) {
        return Err(JetError::INVALID_PARAMETER);
    }
    // SAFETY: `number` is not NULL where it is used; programs may hold it at an odd address.
    unsafe {
        match reading {
            Reading::Number(value) => number.write_unaligned(value),
            Reading::Narrow(value) => number.cast::<u32>().write_unaligned(value),
            Reading::Text(text) => write_text(&text, WhenShort::Prefix)?,
            Reading::UnicodeIndex { lcid, flags } => {
                if (bytes_max as usize) < size_of::<JET_UNICODEINDEX>() {
                    return Err(JetError::INVALID_PARAMETER);
                }
                number
                    .cast::<JET_UNICODEINDEX>()
                    .write_unaligned(JET_UNICODEINDEX { lcid, dwMapFlags: flags });
            }
            // The code is the low half of the number, sign or no sign above it.
            Reading::ErrorText => {
                write_text(&error_text(number.read_unaligned() as u32 as JET_ERR)?, WhenShort::Untouched)?;
            }
            Reading::Nothing => {}
        }
    }
    Ok(Completion::Success)
}

/// `NAME, meaning` of a code.
fn error_text(code: JET_ERR) -> Result<U16String, JetError> {
    let error = ERRORS
        .iter()
        .find(|error| error.value == code && error.alias_of.is_empty())
        .ok_or(JetError::INVALID_PARAMETER)?;
    Ok(U16String::from_str(&format!("{}, {}", error.name, error.meaning.replace('\\', ""))))
}
