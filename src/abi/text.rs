//! Text between the A and W forms and the engine (spec 08 §4).
//!
//! Paths, parameters and instance names are UTF-16 inside; the A form has them in the process's A code page, UTF-8 or
//! Windows-1252. Object names (tables, columns, indexes) are Windows-1252 bytes inside, as in the catalog.
//!
//! Invariants: a caller's text is read up to the limit of what it is for and never further; nothing is converted with
//! loss: what cannot be converted is an error; an output buffer is written in its length or not at all.

use std::ffi::c_char;

use ese_format::error::JetError;
use widestring::{U16Str, U16String};

use super::tables::typedefs::{JET_PCSTR, JET_PCWSTR, WCHAR};

/// Longest object name in bytes of code page 1252 (JET_cbNameMost of the A form).
pub const NAME_BYTES_MAX: usize = 64;

/// The code page of text in A forms, except what lies in record data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnsiCodePage {
    /// 65001, the default: UTF-8.
    Utf8,
    /// 1252: every byte is a character, as on a Western European Windows.
    Windows1252,
}

/// The characters of bytes 0x80 to 0x9F in code page 1252; the five undefined bytes stand for themselves, as Windows has it.
const WINDOWS_1252_HIGH: [u16; 32] = [
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152,
    0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122,
    0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
];

/// The UTF-16 unit of a byte of code page 1252.
#[must_use]
pub fn unit_of_1252(byte: u8) -> u16 {
    byte.checked_sub(0x80)
        .and_then(|index| WINDOWS_1252_HIGH.get(usize::from(index)).copied())
        .unwrap_or(u16::from(byte))
}

/// The byte of code page 1252 for a UTF-16 unit, where there is one.
#[must_use]
pub fn byte_of_1252(unit: u16) -> Option<u8> {
    match u8::try_from(unit) {
        Ok(byte) if !(0x80..0xA0).contains(&byte) => Some(byte),
        _ => {
            let index = WINDOWS_1252_HIGH.iter().position(|high| *high == unit)?;
            u8::try_from(0x80 + index).ok()
        }
    }
}

/// A-form text as UTF-16.
///
/// # Errors
/// JET_errUnicodeTranslationFail where the bytes are not text of the code page.
pub fn wide_of_ansi(bytes: &[u8], code_page: AnsiCodePage) -> Result<U16String, JetError> {
    match code_page {
        AnsiCodePage::Utf8 => std::str::from_utf8(bytes)
            .map(U16String::from_str)
            .map_err(|_| JetError::UNICODE_TRANSLATION_FAIL),
        AnsiCodePage::Windows1252 => {
            Ok(bytes.iter().map(|byte| unit_of_1252(*byte)).collect::<Vec<_>>().into())
        }
    }
}

/// UTF-16 as A-form text.
///
/// # Errors
/// JET_errUnicodeTranslationFail where the code page has no form for it.
pub fn ansi_of_wide(text: &U16Str, code_page: AnsiCodePage) -> Result<Vec<u8>, JetError> {
    match code_page {
        AnsiCodePage::Utf8 => {
            text.to_string().map(String::into_bytes).map_err(|_| JetError::UNICODE_TRANSLATION_FAIL)
        }
        AnsiCodePage::Windows1252 => {
            let bytes: Option<Vec<u8>> = text.as_slice().iter().map(|unit| byte_of_1252(*unit)).collect();
            bytes.ok_or(JetError::UNICODE_TRANSLATION_FAIL)
        }
    }
}

/// The name of a table, column, index or template: code page 1252, checked, trailing blanks cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName(Vec<u8>);

impl ObjectName {
    /// Checks the bytes of a name in code page 1252 (spec 08 §4.2).
    ///
    /// # Errors
    /// JET_errInvalidName where a rule is broken.
    pub fn from_1252(bytes: &[u8]) -> Result<Self, JetError> {
        let forbidden = |byte: &u8| *byte < 0x20 || matches!(byte, b'!' | b'.' | b'[' | b']');
        let end = bytes.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
        if bytes.len() > NAME_BYTES_MAX
            || end == 0
            || bytes.first() == Some(&b' ')
            || bytes.iter().any(forbidden)
        {
            return Err(JetError::INVALID_NAME);
        }
        Ok(Self(bytes.get(..end).unwrap_or_default().to_vec()))
    }

    /// A name as the W form gives it.
    ///
    /// # Errors
    /// JET_errInvalidName where a rule is broken or a character is not in code page 1252.
    pub fn from_wide(text: &U16Str) -> Result<Self, JetError> {
        Self::from_1252(&ansi_of_wide(text, AnsiCodePage::Windows1252).map_err(|_| JetError::INVALID_NAME)?)
    }

    /// A name as the A form gives it.
    ///
    /// # Errors
    /// JET_errInvalidName where a rule is broken, the bytes are not text, or a character is not in code page 1252.
    pub fn from_ansi(bytes: &[u8], code_page: AnsiCodePage) -> Result<Self, JetError> {
        Self::from_wide(&wide_of_ansi(bytes, code_page).map_err(|_| JetError::INVALID_NAME)?)
    }

    /// The bytes in code page 1252, as the catalog holds them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The bytes before the NUL of a caller's text; `None` for NULL.
///
/// # Errors
/// `too_long` when there is no NUL within `bytes_max` bytes and one more.
///
/// # Safety
/// `text` is NULL or points to bytes that may be read up to their NUL, or at least `bytes_max` and one more of them.
pub unsafe fn read_ansi<'a>(
    text: JET_PCSTR,
    bytes_max: usize,
    too_long: JetError,
) -> Result<Option<&'a [u8]>, JetError> {
    if text.is_null() {
        return Ok(None);
    }
    let mut length = 0;
    // SAFETY: no byte before this one is the NUL, and no more than `bytes_max` lie before it.
    while unsafe { *text.add(length) } != 0 {
        length += 1;
        if length > bytes_max {
            return Err(too_long);
        }
    }
    // SAFETY: `length` bytes were just read; the caller keeps them for the length of the call.
    Ok(Some(unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) }))
}

/// The units before the NUL of a caller's text; `None` for NULL.
///
/// # Errors
/// `too_long` when there is no NUL within `units_max` units and one more.
///
/// # Safety
/// `text` is NULL or points to aligned units that may be read up to their NUL, or at least `units_max` and one more.
pub unsafe fn read_wide(
    text: JET_PCWSTR,
    units_max: usize,
    too_long: JetError,
) -> Result<Option<U16String>, JetError> {
    if text.is_null() {
        return Ok(None);
    }
    let mut units = Vec::new();
    loop {
        // SAFETY: no unit before this one is the NUL, and no more than `units_max` lie before it. Programs packed by
        // other compilers may hold text at odd addresses.
        let unit = unsafe { text.add(units.len()).read_unaligned() };
        if unit == 0 {
            return Ok(Some(U16String::from_vec(units)));
        }
        if units.len() == units_max {
            return Err(too_long);
        }
        units.push(unit);
    }
}

/// Writes A-form text and its NUL where both fit into `buffer_bytes`; else leaves the buffer as it is.
///
/// # Errors
/// JET_errBufferTooSmall where they do not fit.
///
/// # Safety
/// `buffer` points to `buffer_bytes` bytes that may be written.
pub unsafe fn write_ansi(buffer: *mut c_char, buffer_bytes: usize, text: &[u8]) -> Result<(), JetError> {
    if text.len() >= buffer_bytes {
        return Err(JetError::BUFFER_TOO_SMALL);
    }
    // SAFETY: text and NUL fit; the caller's buffer is no part of `text`, which is the engine's.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast::<u8>(), text.len());
        *buffer.add(text.len()) = 0;
    }
    Ok(())
}

/// Writes W-form text and its NUL; where they do not fit, as much of it as fits, and the NUL.
///
/// # Errors
/// JET_errBufferTooSmall where they do not fit.
///
/// # Safety
/// `buffer` points to `buffer_bytes` bytes that may be written.
pub unsafe fn write_wide(buffer: *mut WCHAR, buffer_bytes: usize, text: &U16Str) -> Result<(), JetError> {
    let Some(room) = (buffer_bytes / size_of::<WCHAR>()).checked_sub(1) else {
        return Err(JetError::BUFFER_TOO_SMALL);
    };
    let written = text.len().min(room);
    // SAFETY: `written` units and the NUL fit into the buffer, bytewise since it may lie at an odd address; it is no part
    // of `text`, which is the engine's.
    unsafe {
        std::ptr::copy_nonoverlapping(
            text.as_ptr().cast::<u8>(),
            buffer.cast::<u8>(),
            written * size_of::<WCHAR>(),
        );
        buffer.add(written).write_unaligned(0);
    }
    if written < text.len() { Err(JetError::BUFFER_TOO_SMALL) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str) -> U16String {
        U16String::from_str(text)
    }

    #[test]
    fn every_byte_of_1252_survives_the_way_to_utf16_and_back() {
        for byte in 0..=u8::MAX {
            assert_eq!(byte_of_1252(unit_of_1252(byte)), Some(byte));
        }
        assert_eq!(unit_of_1252(0x80), 0x20AC);
        assert_eq!(unit_of_1252(0x81), 0x0081);
        assert_eq!(byte_of_1252(0x80), None, "U+0080 is not in the code page: its byte is the euro sign");
        assert_eq!(byte_of_1252(0x0416), None);
    }

    #[test]
    fn a_form_text_is_utf8_or_1252_and_never_converted_with_loss() {
        assert_eq!(wide_of_ansi("Größe €".as_bytes(), AnsiCodePage::Utf8).unwrap(), wide("Größe €"));
        assert_eq!(wide_of_ansi(b"Gr\xF6\xDFe \x80", AnsiCodePage::Windows1252).unwrap(), wide("Größe €"));
        assert_eq!(ansi_of_wide(&wide("Größe €"), AnsiCodePage::Windows1252).unwrap(), b"Gr\xF6\xDFe \x80");
        assert_eq!(
            wide_of_ansi(b"\xFF", AnsiCodePage::Utf8).unwrap_err(),
            JetError::UNICODE_TRANSLATION_FAIL
        );
        assert_eq!(
            ansi_of_wide(&wide("Ж"), AnsiCodePage::Windows1252).unwrap_err(),
            JetError::UNICODE_TRANSLATION_FAIL
        );
        let half_a_pair = U16String::from_vec(vec![0xD800]);
        assert_eq!(
            ansi_of_wide(&half_a_pair, AnsiCodePage::Utf8).unwrap_err(),
            JetError::UNICODE_TRANSLATION_FAIL
        );
    }

    #[test]
    fn object_names_follow_the_rules_of_spec_08_4_2() {
        let name = |bytes: &[u8]| ObjectName::from_1252(bytes).map(|name| name.as_bytes().to_vec());
        assert_eq!(name(&[b'a'; 64]).unwrap(), vec![b'a'; 64]);
        assert_eq!(name(b"x ").unwrap(), b"x");
        for wrong in
            [&[b'a'; 65][..], &[b' '; 3], b"", b" x", b"a.b", b"a!b", b"a[b", b"a]b", b"a\x1F", b"\0"]
        {
            assert_eq!(name(wrong).unwrap_err(), JetError::INVALID_NAME);
        }
        let mut with_blank = vec![b'a'; 64];
        with_blank.push(b' ');
        assert_eq!(name(&with_blank).unwrap_err(), JetError::INVALID_NAME, "even a blank is a 65th byte");
        assert_eq!(ObjectName::from_wide(&wide("ä")).unwrap().as_bytes(), b"\xE4");
        assert_eq!(ObjectName::from_wide(&wide("Ж")).unwrap_err(), JetError::INVALID_NAME);
        assert_eq!(ObjectName::from_ansi("ä".as_bytes(), AnsiCodePage::Utf8).unwrap().as_bytes(), b"\xE4");
        assert_eq!(ObjectName::from_ansi(b"\xE4", AnsiCodePage::Windows1252).unwrap().as_bytes(), b"\xE4");
        assert_eq!(ObjectName::from_ansi(b"\xE4", AnsiCodePage::Utf8).unwrap_err(), JetError::INVALID_NAME);
    }

    #[test]
    fn text_is_read_to_its_nul_and_no_further_than_its_limit() {
        let long = [b'a' as c_char; 8];
        // SAFETY: the arrays are NUL-terminated or longer than the limit.
        unsafe {
            assert_eq!(read_ansi(std::ptr::null(), 4, JetError::INVALID_NAME).unwrap(), None);
            assert_eq!(read_ansi(c"abcd".as_ptr(), 4, JetError::INVALID_NAME).unwrap(), Some(&b"abcd"[..]));
            assert_eq!(
                read_ansi(long.as_ptr(), 4, JetError::INVALID_NAME).unwrap_err(),
                JetError::INVALID_NAME
            );
            assert_eq!(
                read_wide([0x61, 0x62, 0].as_ptr(), 2, JetError::INVALID_NAME).unwrap().unwrap(),
                wide("ab")
            );
            assert_eq!(
                read_wide([0x61; 4].as_ptr(), 2, JetError::INVALID_NAME).unwrap_err(),
                JetError::INVALID_NAME
            );
            assert_eq!(read_wide(std::ptr::null(), 2, JetError::INVALID_NAME).unwrap(), None);
        }
    }

    #[test]
    fn a_short_buffer_keeps_its_bytes_in_the_a_form_and_takes_a_terminated_prefix_in_the_w_form() {
        let mut narrow = [0x7F as c_char; 4];
        let mut units = [0x7F_u16; 4];
        // SAFETY: the sizes are those of the arrays.
        unsafe {
            assert_eq!(write_ansi(narrow.as_mut_ptr(), 4, b"abcd").unwrap_err(), JetError::BUFFER_TOO_SMALL);
            assert_eq!(narrow, [0x7F; 4]);
            write_ansi(narrow.as_mut_ptr(), 4, b"abc").unwrap();
            assert_eq!(narrow, [0x61, 0x62, 0x63, 0]);
            assert_eq!(
                write_wide(units.as_mut_ptr(), 7, &wide("abcd")).unwrap_err(),
                JetError::BUFFER_TOO_SMALL
            );
            assert_eq!(units, [0x61, 0x62, 0, 0x7F]);
            write_wide(units.as_mut_ptr(), 8, &wide("abc")).unwrap();
            assert_eq!(units, [0x61, 0x62, 0x63, 0]);
            assert_eq!(write_wide(units.as_mut_ptr(), 1, &wide("")).unwrap_err(), JetError::BUFFER_TOO_SMALL);
        }
    }
}
