//! How a call that did its work ends.

use ese_format::error::JetError;

/// Success, perhaps with a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completion {
    /// Without one.
    #[default]
    Success,
    /// With this one, a positive JET code.
    Warning(JetError),
}

impl Completion {
    /// The warning, if there is one.
    #[must_use]
    pub fn warning(self) -> Option<JetError> {
        match self {
            Self::Success => None,
            Self::Warning(warning) => Some(warning),
        }
    }
}
