//! System parameters and resource parameters (spec 08 §6, 09 §2.4).

use widestring::{U16Str, U16String};

use super::argument::{Place, Text};
use super::not_available;
use crate::abi::guard::{CallResult, Completion, guard_process};
use crate::abi::locale;
use crate::abi::structs::JET_UNICODEINDEX;
use crate::abi::tables::errors::ERRORS;
use crate::abi::tables::params::*;
use crate::abi::tables::typedefs::*;
use crate::abi::text::{AnsiCodePage, ansi_of_wide, write_ansi, write_wide};
use crate::parameters::{self, NewValue, Reading, TEXT_UNITS_MAX};
use crate::runtime::engine;
use crate::runtime::process::{self, ParameterTarget};
use ese_format::error::JetError;

/// Set a system parameter.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetSystemParameterA(
    pinstance: *mut JET_INSTANCE,
    sesid: JET_SESID,
    paramid: u32,
    lParam: JET_API_PTR,
    szParam: JET_PCSTR,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be read, its text NULL or NUL-terminated.
    let (instance, text) = unsafe { (Place::new(pinstance), Text::ansi(szParam)) };
    set(instance, sesid, paramid, lParam, text)
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
    // SAFETY: the caller's place is NULL or may be read, its text NULL or NUL-terminated.
    let (instance, text) = unsafe { (Place::new(pinstance), Text::wide(szParam)) };
    set(instance, sesid, paramid, lParam, text)
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
    guard_process(|| {
        // SAFETY: the caller's number and buffer are NULL or may be read and written, the buffer in its length.
        unsafe {
            get(instance, sesid, paramid, plParam, szParam.is_null() || cbMax == 0, cbMax, |text, _| {
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
    guard_process(|| {
        // SAFETY: the caller's number and buffer are NULL or may be read and written, the buffer in its length.
        unsafe {
            get(
                instance,
                sesid,
                paramid,
                plParam,
                szParam.is_null() || cbMax == 0,
                cbMax,
                |text, when_short| {
                    let room = cbMax as usize / size_of::<WCHAR>();
                    if when_short == WhenShort::Untouched && text.len() >= room {
                        return Err(JetError::BUFFER_TOO_SMALL);
                    }
                    write_wide(szParam, cbMax as usize, text)
                },
            )
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

/// Most bytes of UTF-8 in [`TEXT_UNITS_MAX`] units.
const TEXT_BYTES_MAX: usize = 3 * TEXT_UNITS_MAX;

/// Sets a parameter; the caller's text is looked at only where the parameter is text.
fn set(instance: Place<JET_INSTANCE>, session: JET_SESID, id: u32, number: usize, text: Text) -> JET_ERR {
    guard_process(|| {
        parameters::check_exists(id)?;
        let target = process::parameter_target(instance.read(), session)?;
        let text = if parameters::is_text(id) {
            let units_max = if matches!(text, Text::Ansi(_)) { TEXT_BYTES_MAX } else { TEXT_UNITS_MAX };
            Some(text.read(units_max, JetError::INVALID_PARAMETER)?.unwrap_or_default())
        } else {
            None
        };
        if id == JET_paramUnicodeIndexDefault {
            return set_unicode_index(&target, number);
        }
        let value = text.as_deref().map_or(NewValue::Number(number), NewValue::Text);
        match &target.instance {
            Some(instance) if !parameters::is_of_process(id) => {
                instance.parameters().write().set(id, value, target.phase)?;
                instance.parameter_changed(id);
            }
            _ => {
                parameters::process().write().set(id, value, target.phase)?;
                process::parameter_changed(id);
            }
        }
        Ok(Completion::Success)
    })
}

/// Sets the locale and flags of indexes that name none, from the JET_UNICODEINDEX at an address.
fn set_unicode_index(target: &ParameterTarget, address: usize) -> CallResult {
    // SAFETY: the program says that a structure is there, or passes NULL.
    let unicode = unsafe { Place::new(address as *mut JET_UNICODEINDEX).read() };
    let unicode = unicode.ok_or(JetError::INVALID_PARAMETER)?;
    locale::name_of(unicode.lcid).ok_or(JetError::INVALID_LANGUAGE_ID)?;
    let (lcid, flags) = (unicode.lcid, unicode.dwMapFlags);
    match &target.instance {
        Some(instance) => instance.parameters().write().set_unicode_index(lcid, flags, target.phase)?,
        None => parameters::process().write().set_unicode_index(lcid, flags, target.phase)?,
    }
    Ok(Completion::Success)
}

/// What a parameter of the target reads as; some know only a session or a running instance.
fn reading(target: &ParameterTarget, id: u32) -> Result<Reading, JetError> {
    if let (JET_paramTransactionLevel, Some(session)) = (id, &target.session) {
        let level = session.hold()?.body()?.engine.level();
        return Ok(Reading::Number(level.into()));
    }
    if id == JET_paramCacheSize {
        return Ok(Reading::Number(engine::cached_pages()));
    }
    match &target.instance {
        Some(instance) if !parameters::is_of_process(id) => instance.parameters().read().get(id),
        _ => parameters::process().read().get(id),
    }
}

/// What a text that does not fit leaves in a W buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WhenShort {
    /// As much of it as fits, terminated.
    Prefix,
    /// What was there.
    Untouched,
}

/// Reads a parameter into the caller's number or text.
///
/// # Safety
/// `number` is NULL or may be read and written; it points to a JET_UNICODEINDEX where the parameter says so and
/// `bytes_max` allows it.
unsafe fn get(
    instance: JET_INSTANCE,
    session: JET_SESID,
    id: u32,
    number: *mut JET_API_PTR,
    no_buffer: bool,
    bytes_max: u32,
    write_text: impl FnOnce(&U16Str, WhenShort) -> Result<(), JetError>,
) -> CallResult {
    parameters::check_exists(id)?;
    let reading = reading(&process::parameter_target(Some(instance), session)?, id)?;
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
