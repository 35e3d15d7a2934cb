//! Arguments as a call gets them: texts in either form, and places for answers.
//!
//! Invariants: a text is read when the call comes to it, not before its handles were checked; a place is written in its
//! length or not at all.

use std::path::PathBuf;

use ese_format::error::JetError;
use widestring::U16String;

use crate::abi::tables::typedefs::{JET_PCSTR, JET_PCWSTR};
use crate::abi::text::{read_ansi, read_wide, wide_of_ansi};
use crate::parameters;

/// Longest path in bytes or units: that of Linux.
const PATH_MAX: usize = 4096;

/// A caller's text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text {
    /// In the A form.
    Ansi(JET_PCSTR),
    /// In the W form.
    Wide(JET_PCWSTR),
}

impl Text {
    /// A text in the A form.
    ///
    /// # Safety
    /// It is NULL or NUL-terminated, and stays so for the length of the call.
    pub(crate) unsafe fn ansi(text: JET_PCSTR) -> Self {
        Self::Ansi(text)
    }

    /// A text in the W form.
    ///
    /// # Safety
    /// As [`Self::ansi`].
    pub(crate) unsafe fn wide(text: JET_PCWSTR) -> Self {
        Self::Wide(text)
    }

    /// The text, `None` for NULL.
    ///
    /// # Errors
    /// `too_long` above `units_max`; JET_errUnicodeTranslationFail for bytes that are no text.
    pub(crate) fn read(self, units_max: usize, too_long: JetError) -> Result<Option<U16String>, JetError> {
        match self {
            // SAFETY: told when the value was made.
            Self::Ansi(text) => match unsafe { read_ansi(text, units_max, too_long) }? {
                Some(bytes) => wide_of_ansi(bytes, parameters::process().read().code_page()).map(Some),
                None => Ok(None),
            },
            // SAFETY: told when the value was made.
            Self::Wide(text) => unsafe { read_wide(text, units_max, too_long) },
        }
    }

    /// The absolute path that the text names, by the rules of spec 08 §5.2; `None` for NULL and for an empty text.
    ///
    /// # Errors
    /// JET_errDatabaseInvalidPath for one that cannot be a path.
    pub(crate) fn path(self) -> Result<Option<PathBuf>, JetError> {
        let invalid = JetError::DATABASE_INVALID_PATH;
        let Some(text) = self.read(PATH_MAX, invalid)? else { return Ok(None) };
        let text = text.to_string().map_err(|_| invalid)?.replace('\\', "/");
        if text.is_empty() {
            return Ok(None);
        }
        std::path::absolute(text).map(Some).map_err(|_| invalid)
    }

    /// As [`Self::path`], where there has to be one.
    ///
    /// # Errors
    /// JET_errDatabaseInvalidPath.
    pub(crate) fn required_path(self) -> Result<PathBuf, JetError> {
        self.path()?.ok_or(JetError::DATABASE_INVALID_PATH)
    }
}

/// A caller's place for an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<T>(*mut T);

impl<T: Copy> Place<T> {
    /// A place.
    ///
    /// # Safety
    /// It is NULL, or may be read and written for the length of the call, aligned or not.
    pub(crate) unsafe fn new(place: *mut T) -> Self {
        Self(place)
    }

    /// The place, where there has to be one.
    ///
    /// # Errors
    /// JET_errInvalidParameter for NULL.
    pub(crate) fn required(self) -> Result<Self, JetError> {
        if self.0.is_null() { Err(JetError::INVALID_PARAMETER) } else { Ok(self) }
    }

    /// What is there, `None` for NULL.
    pub(crate) fn read(self) -> Option<T> {
        // SAFETY: it is not NULL; the rest was told when the value was made.
        (!self.0.is_null()).then(|| unsafe { self.0.read_unaligned() })
    }

    /// Puts the answer there, where there is a place.
    pub(crate) fn write(self, value: T) {
        if !self.0.is_null() {
            // SAFETY: it is not NULL; the rest was told when the value was made.
            unsafe { self.0.write_unaligned(value) };
        }
    }
}

/// A caller's buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    start: *mut u8,
    bytes: usize,
}

impl Buffer {
    /// A buffer.
    ///
    /// # Safety
    /// It is NULL, or its bytes may be written for the length of the call.
    pub(crate) unsafe fn new(start: *mut std::ffi::c_void, bytes: u32) -> Self {
        Self { start: start.cast(), bytes: bytes as usize }
    }

    /// Whether there is none.
    pub(crate) fn is_null(self) -> bool {
        self.start.is_null()
    }

    /// Its length.
    pub(crate) fn bytes(self) -> usize {
        if self.start.is_null() { 0 } else { self.bytes }
    }

    /// Says whether so many bytes fit.
    ///
    /// # Errors
    /// JET_errInvalidParameter for NULL, JET_errBufferTooSmall.
    pub(crate) fn check_room(self, bytes: usize) -> Result<(), JetError> {
        if self.start.is_null() {
            return Err(JetError::INVALID_PARAMETER);
        }
        if bytes > self.bytes { Err(JetError::BUFFER_TOO_SMALL) } else { Ok(()) }
    }

    /// Writes a structure of the interface at its beginning, or as much of the structure as there is room for beyond
    /// `bytes_min`.
    ///
    /// # Errors
    /// JET_errInvalidParameter for NULL, JET_errBufferTooSmall for less than `bytes_min`; nothing is written then.
    pub(crate) fn write_beginning<T: Copy>(self, value: T, bytes_min: usize) -> Result<(), JetError> {
        self.check_room(bytes_min)?;
        let bytes = size_of::<T>().min(self.bytes);
        // SAFETY: that many bytes are there and here; they are copied untyped, padding included.
        unsafe { std::ptr::copy_nonoverlapping((&raw const value).cast::<u8>(), self.start, bytes) };
        Ok(())
    }

    /// Writes a structure of the interface at its beginning.
    ///
    /// # Errors
    /// JET_errInvalidParameter for NULL, JET_errBufferTooSmall for too few bytes; nothing is written then.
    pub(crate) fn write_value<T: Copy>(self, value: T) -> Result<(), JetError> {
        self.write_beginning(value, size_of::<T>())
    }

    /// The part of it from `offset` on; none where there is no such part.
    pub(crate) fn from(self, offset: usize) -> Self {
        match self.bytes().checked_sub(offset) {
            // SAFETY: the offset lies in the buffer or at its end.
            Some(bytes) if !self.start.is_null() => Self { start: unsafe { self.start.add(offset) }, bytes },
            _ => Self { start: std::ptr::null_mut(), bytes: 0 },
        }
    }

    /// No more than its first `bytes`.
    pub(crate) fn beginning(self, bytes: usize) -> Self {
        Self { start: self.start, bytes: self.bytes().min(bytes) }
    }

    /// Where it begins.
    pub(crate) fn start<T>(self) -> *mut T {
        self.start.cast()
    }

    /// Writes `bytes` at its beginning.
    ///
    /// # Errors
    /// JET_errBufferTooSmall when they do not fit; nothing is written then.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<(), JetError> {
        if bytes.len() > self.bytes() {
            return Err(JetError::BUFFER_TOO_SMALL);
        }
        if !bytes.is_empty() {
            // SAFETY: the bytes fit, and are the engine's, so that they do not overlap the caller's.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.start, bytes.len()) };
        }
        Ok(())
    }
}

/// The bytes of a caller's input, empty for NULL.
///
/// # Safety
/// `start` is NULL, or that many bytes may be read for the length of the call.
pub(crate) unsafe fn input<'a>(start: *const std::ffi::c_void, bytes: u32) -> &'a [u8] {
    if start.is_null() || bytes == 0 {
        return &[];
    }
    // SAFETY: told by the caller.
    unsafe { std::slice::from_raw_parts(start.cast(), bytes as usize) }
}

/// More bytes than the longest key and the longest bookmark have.
const KEY_BYTES_BEYOND_ALL: u32 = 2002;

/// The bytes of a key or bookmark, empty for NULL. Of one that is longer than any can be only so much is read that it
/// still is: it is found nowhere, and a length that lies reads little of what is not the caller's.
///
/// # Safety
/// As [`input`].
pub(crate) unsafe fn input_key<'a>(start: *const std::ffi::c_void, bytes: u32) -> &'a [u8] {
    // SAFETY: told by the caller, for no more bytes than it told of.
    unsafe { input(start, bytes.min(KEY_BYTES_BEYOND_ALL)) }
}
