//! Lists of paths as programs get them: each with its NUL, and one more behind the last (spec 07 §3.4, §3.8).
//!
//! Invariant: nothing is written in the A form when a path does not fit; the W form gives what fits, cut anywhere.

use std::path::PathBuf;

use ese_format::error::JetError;
use widestring::U16String;

use super::argument::{Buffer, Place};
use crate::abi::guard::{CallResult, Completion};
use crate::abi::text::ansi_of_wide;
use crate::parameters;

/// What a call tells of the size of a list in the W form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// What the whole list needs.
    Needed,
    /// What was copied, where there is a buffer.
    Copied,
}

/// A caller's place for a list in the A form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NarrowList {
    buffer: Buffer,
    actual: Place<u32>,
}

impl NarrowList {
    pub(crate) fn new(buffer: Buffer, actual: Place<u32>) -> Self {
        Self { buffer, actual }
    }

    /// Writes the list; without a buffer, or with an empty one, only its size.
    ///
    /// # Errors
    /// JET_errBufferTooSmall, and the error of a path that the code page has no form for; nothing is written then.
    pub(crate) fn answer(self, paths: &[PathBuf]) -> CallResult {
        let code_page = parameters::process().read().code_page();
        let mut list = Vec::new();
        for path in paths {
            list.extend(ansi_of_wide(&wide(path), code_page)?);
            list.push(0);
        }
        list.push(0);
        if self.buffer.bytes() > 0 {
            self.buffer.write(&list)?;
        }
        self.actual.write(size(list.len())?);
        Ok(Completion::Success)
    }
}

/// A caller's place for a list in the W form; its sizes are in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WideList {
    buffer: Buffer,
    actual: Place<u32>,
}

impl WideList {
    pub(crate) fn new(buffer: Buffer, actual: Place<u32>) -> Self {
        Self { buffer, actual }
    }

    /// Writes as much of the list as there is room for.
    ///
    /// # Errors
    /// JET_errOutOfMemory for a list of more than 4 GB.
    pub(crate) fn answer(self, paths: &[PathBuf], told: Told) -> CallResult {
        let mut list = Vec::new();
        for path in paths {
            list.extend(wide(path).as_slice().iter().flat_map(|unit| unit.to_le_bytes()));
            list.extend([0, 0]);
        }
        list.extend([0, 0]);
        let copied = list.get(..self.buffer.bytes()).unwrap_or(&list);
        self.buffer.write(copied)?;
        let told = match told {
            Told::Copied if !self.buffer.is_null() => copied.len(),
            Told::Copied | Told::Needed => list.len(),
        };
        self.actual.write(size(told)?);
        Ok(Completion::Success)
    }
}

fn wide(path: &std::path::Path) -> U16String {
    U16String::from_str(&path.to_string_lossy())
}

fn size(bytes: usize) -> Result<u32, JetError> {
    u32::try_from(bytes).map_err(|_| JetError::OUT_OF_MEMORY)
}
