//! Errors: the JET code that every error ends as, and the format error that says where the bytes are wrong.
//!
//! Invariants: [`JetError`] is the one home of JET codes; every [`FormatError`] names the kind of file, the offset
//! and the field, and maps to exactly one JET code.

mod forms;

use std::fmt;

pub use forms::NoJetCode;

macro_rules! jet_errors {
    ($(($const_name:ident, $value:literal, $jet_name:literal, $public:literal, $meaning:literal),)*) => {
        impl JetError {
            $(#[doc = $meaning] #[doc = ""] #[doc = concat!("`", $jet_name, "`")] pub const $const_name: JetError = JetError($value);)*
        }

        /// Every known code, negative codes first, by size; an alias follows the name it stands for.
        pub const JET_ERRORS: &[JetErrorInfo] = &[
            $(JetErrorInfo { value: $value, name: $jet_name, public: $public, meaning: $meaning },)*
        ];
    };
}

/// A JET result code: 0 success, negative an error, positive a warning (spec 08).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JetError(i32);

/// What is known of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JetErrorInfo {
    /// The code.
    pub value: i32,
    /// Its name in the C header, `JET_err…` or `JET_wrn…`.
    pub name: &'static str,
    /// Whether the public C header names it.
    pub public: bool,
    /// What it means, in one sentence.
    pub meaning: &'static str,
}

#[rustfmt::skip]
mod codes_table {
    use super::{JetError, JetErrorInfo};
    include!("codes.rs");
}
pub use codes_table::JET_ERRORS;

impl JetError {
    /// The error with this code, known or not.
    #[must_use]
    pub const fn from_code(code: i32) -> Self {
        Self(code)
    }

    /// The code as it crosses the C ABI.
    #[must_use]
    pub const fn code(self) -> i32 {
        self.0
    }

    /// Name and meaning, where the code is known.
    #[must_use]
    pub fn info(self) -> Option<&'static JetErrorInfo> {
        JET_ERRORS.iter().find(|info| info.value == self.0)
    }

    /// The name in the C header, or `JET_errUnknown`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.info().map_or("JET_errUnknown", |info| info.name)
    }
}

impl fmt::Debug for JetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

impl fmt::Display for JetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)?;
        self.info().map_or(Ok(()), |info| write!(f, ": {}", info.meaning))
    }
}

impl std::error::Error for JetError {}

/// The kinds of file the engine reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A database (`.edb`, `.dat`, `.mdb`, …).
    Database,
    /// A transaction log (`.log`).
    Log,
    /// A checkpoint file (`.chk`).
    Checkpoint,
    /// A flush map (`.jfm`).
    FlushMap,
    /// A reserve log (`.jrs`).
    ReserveLog,
    /// A legacy patch file (`.pat`).
    Patch,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "database",
            Self::Log => "log",
            Self::Checkpoint => "checkpoint",
            Self::FlushMap => "flush map",
            Self::ReserveLog => "reserve log",
            Self::Patch => "patch file",
        })
    }
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Fewer bytes than the structure needs.
    Truncated {
        /// Bytes needed.
        needed: u64,
        /// Bytes there.
        available: u64,
    },
    /// The stored checksum is not the computed one.
    Checksum {
        /// As stored.
        stored: u64,
        /// As computed over the bytes.
        computed: u64,
    },
    /// A value that must be one certain value is another.
    Mismatch {
        /// As stored.
        found: u64,
        /// As it must be.
        expected: u64,
    },
    /// A value lies outside its bounds.
    OutOfRange {
        /// As stored.
        found: u64,
        /// Lowest allowed value.
        min: u64,
        /// Highest allowed value.
        max: u64,
    },
    /// Correct, but nothing this engine can read.
    Unsupported(&'static str),
    /// Fields that contradict each other, or a rule that the field breaks.
    Invalid(&'static str),
    /// Text with a unit whose sort key is not certain to be the one of Windows.
    UncertainText {
        /// The first such unit.
        unit: u16,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, available } => write!(f, "needs {needed} bytes, {available} are there"),
            Self::Checksum { stored, computed } => write!(f, "stored {stored:#x}, computed {computed:#x}"),
            Self::Mismatch { found, expected } => write!(f, "is {found:#x}, must be {expected:#x}"),
            Self::UncertainText { unit } => {
                write!(f, "has U+{unit:04X}, whose sort key is not certain to be the one of Windows")
            }
            Self::OutOfRange { found, min, max } => {
                write!(f, "is {found:#x}, must lie in {min:#x}..={max:#x}")
            }
            Self::Unsupported(what) => write!(f, "not supported: {what}"),
            Self::Invalid(what) => f.write_str(what),
        }
    }
}

/// Bytes that are not what the format says: which file kind, where, which field, and the JET code it ends as.
///
/// Boxed inside so that `Result<_, FormatError>` stays one word wide on hot paths.
#[derive(Clone, PartialEq, Eq)]
pub struct FormatError(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    kind: FileKind,
    page: Option<u32>,
    offset: u64,
    field: &'static str,
    problem: Problem,
    jet: JetError,
}

/// The result of reading or writing a format.
pub type FormatResult<T> = Result<T, FormatError>;

impl FormatError {
    /// An error at `offset` bytes from the start of the structure being read; callers further out add their own base
    /// with [`Self::offset_by`] and the page with [`Self::on_page`].
    #[must_use]
    pub fn new(kind: FileKind, offset: u64, field: &'static str, problem: Problem, jet: JetError) -> Self {
        Self(Box::new(Details { kind, page: None, offset, field, problem, jet }))
    }

    /// The same error, its offset counted from a place `base` bytes further out.
    #[must_use]
    pub fn offset_by(mut self, base: u64) -> Self {
        self.0.offset = self.0.offset.saturating_add(base);
        self
    }

    /// The same error with the page it is on (the innermost page named first is kept).
    #[must_use]
    pub fn on_page(mut self, page_number: u32) -> Self {
        self.0.page.get_or_insert(page_number);
        self
    }

    /// The same error ending as another JET code.
    #[must_use]
    pub fn with_jet(mut self, jet: JetError) -> Self {
        self.0.jet = jet;
        self
    }

    /// The kind of file.
    #[must_use]
    pub fn kind(&self) -> FileKind {
        self.0.kind
    }

    /// The page, where the error is on one.
    #[must_use]
    pub fn page(&self) -> Option<u32> {
        self.0.page
    }

    /// Offset in bytes: in the page where [`Self::page`] is given, else in the file or structure.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.0.offset
    }

    /// The field by the name this crate's byte maps give it.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.0.field
    }

    /// What is wrong with it.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.0.problem
    }

    /// The JET code this error ends as.
    #[must_use]
    pub fn jet(&self) -> JetError {
        self.0.jet
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { kind, page, offset, field, problem, jet } = &*self.0;
        write!(f, "{kind}: ")?;
        if let Some(page) = page {
            write!(f, "page {page}: ")?;
        }
        write!(f, "{field} at offset {offset:#x}: {problem} [{} ({})]", jet.name(), jet.code())
    }
}

impl fmt::Debug for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for FormatError {}
