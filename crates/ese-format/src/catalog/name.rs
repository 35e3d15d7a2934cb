//! Names of tables, columns and indexes (spec 03 §12).

use std::fmt;

use super::corrupted;
use crate::column_type::western_character;
use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};

/// Most bytes of a name.
pub const NAME_BYTES_MAX: usize = 64;

/// A name as the catalog stores it: bytes of code page 1252, without a terminator.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName(Vec<u8>);

impl ObjectName {
    /// A name found in a catalog: anything but too long a name is taken as it is.
    ///
    /// # Errors
    /// More than [`NAME_BYTES_MAX`] bytes: `JET_errCatalogCorrupted`.
    pub fn from_catalog(bytes: &[u8]) -> FormatResult<Self> {
        if bytes.len() > NAME_BYTES_MAX {
            let problem =
                Problem::OutOfRange { found: bytes.len() as u64, min: 0, max: NAME_BYTES_MAX as u64 };
            return Err(corrupted("Name", problem));
        }
        Ok(Self(bytes.to_vec()))
    }

    /// A name given by an application, trailing spaces stripped.
    ///
    /// # Errors
    /// Empty, starting with a space, too long (trailing spaces count) or with a forbidden byte: `JET_errInvalidName`.
    pub fn new(bytes: &[u8]) -> FormatResult<Self> {
        let refuse =
            |problem| Err(FormatError::new(FileKind::Database, 0, "name", problem, JetError::INVALID_NAME));
        if bytes.len() > NAME_BYTES_MAX {
            let (found, max) = (bytes.len() as u64, NAME_BYTES_MAX as u64);
            return refuse(Problem::OutOfRange { found, min: 1, max });
        }
        let forbidden = |byte: &u8| matches!(byte, 0..=0x1F | b'!' | b'.' | b'[' | b']');
        if bytes.first().is_none_or(|first| *first == b' ') || bytes.iter().any(forbidden) {
            return refuse(Problem::Invalid("is empty, starts with a space or has a forbidden character"));
        }
        let end = bytes.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
        Ok(Self(bytes.get(..end).unwrap_or(bytes).to_vec()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the names are the same to the engine: a–z counts as A–Z, nothing else.
    #[must_use]
    pub fn is(&self, other: &[u8]) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.0.iter().map(|byte| western_character(*byte)).collect();
        f.pad(&text)
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
