//! Names of log files (spec 05 §2).
//!
//! ```text
//! <base>.log  <base>.jtx            the current log
//! <base>tmp.log                     the next log, being prepared
//! <base>XXXXX.log <base>XXXXXXXX.log  archived generation, 5 or 8 hexadecimal digits
//! <base>resXXXXX.jrs                reserve log
//! <base>.chk  <base>.jcp            checkpoint
//! ```
//!
//! Invariants: names are compared without regard to case; written digits are upper case; what is none of these names
//! is none of our business.

/// Highest generation that fits into five digits.
pub const FIVE_DIGIT_MAX: i32 = 0xF_FFFF;

/// The pair of extensions of a stream: log and checkpoint always change together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogExtension {
    /// `.log` and `.chk`.
    Log,
    /// `.jtx` and `.jcp`.
    Jtx,
}

impl LogExtension {
    /// Extension of logs.
    #[must_use]
    pub const fn log(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Jtx => "jtx",
        }
    }

    /// Extension of the checkpoint.
    #[must_use]
    pub const fn checkpoint(self) -> &'static str {
        match self {
            Self::Log => "chk",
            Self::Jtx => "jcp",
        }
    }
}

/// How many digits the names of archived logs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenerationDigits {
    /// Five while the generation fits, else eight (JET_bitEightDotThreeSoftCompat).
    FiveThenEight,
    /// Always eight.
    Eight,
}

/// What a file name of a stream stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogName {
    /// The current log.
    Current(LogExtension),
    /// The next log, being prepared; its content is never trusted.
    Temporary(LogExtension),
    /// An archived log.
    Archived {
        /// Generation by the name.
        generation: i32,
        /// 5 or 8.
        digits: u8,
        /// Which extension.
        extension: LogExtension,
    },
    /// A reserve log.
    Reserve {
        /// Number, from 1.
        number: u32,
    },
    /// The checkpoint.
    Checkpoint(LogExtension),
}

/// The name of the current log.
#[must_use]
pub fn current_log(base: &str, extension: LogExtension) -> String {
    format!("{base}.{}", extension.log())
}

/// The name of the next log while it is prepared.
#[must_use]
pub fn temporary_log(base: &str, extension: LogExtension) -> String {
    format!("{base}tmp.{}", extension.log())
}

/// The name of an archived log.
#[must_use]
pub fn archived_log(
    base: &str,
    generation: i32,
    digits: GenerationDigits,
    extension: LogExtension,
) -> String {
    let extension = extension.log();
    match digits {
        GenerationDigits::FiveThenEight if generation <= FIVE_DIGIT_MAX => {
            format!("{base}{generation:05X}.{extension}")
        }
        _ => format!("{base}{generation:08X}.{extension}"),
    }
}

/// The name of a reserve log; numbers go from 1.
#[must_use]
pub fn reserve_log(base: &str, number: u32) -> String {
    format!("{base}res{number:05X}.jrs")
}

/// The name of the checkpoint.
#[must_use]
pub fn checkpoint(base: &str, extension: LogExtension) -> String {
    format!("{base}.{}", extension.checkpoint())
}

/// What `file_name` (without folder) stands for in the stream of this base name. `None`: not a file of the stream.
#[must_use]
pub fn parse(base: &str, file_name: &str) -> Option<LogName> {
    let (stem, extension) = file_name.rsplit_once('.')?;
    let prefix = stem.get(..base.len())?;
    let rest = stem.get(base.len()..)?;
    if !prefix.eq_ignore_ascii_case(base) {
        return None;
    }
    match extension.to_ascii_lowercase().as_str() {
        "log" => parse_log(rest, LogExtension::Log),
        "jtx" => parse_log(rest, LogExtension::Jtx),
        "chk" if rest.is_empty() => Some(LogName::Checkpoint(LogExtension::Log)),
        "jcp" if rest.is_empty() => Some(LogName::Checkpoint(LogExtension::Jtx)),
        "jrs" => {
            let digits = rest.get(3..).filter(|_| rest[..3].eq_ignore_ascii_case("res"))?;
            (digits.len() == 5).then(|| hexadecimal(digits))?.map(|number| LogName::Reserve { number })
        }
        _ => None,
    }
}

fn parse_log(rest: &str, extension: LogExtension) -> Option<LogName> {
    if rest.is_empty() {
        return Some(LogName::Current(extension));
    }
    if rest.eq_ignore_ascii_case("tmp") {
        return Some(LogName::Temporary(extension));
    }
    let digits = u8::try_from(rest.len()).ok().filter(|digits| matches!(digits, 5 | 8))?;
    let generation = i32::try_from(hexadecimal(rest)?).ok().filter(|generation| *generation > 0)?;
    Some(LogName::Archived { generation, digits, extension })
}

/// The number in hexadecimal digits, signs and spaces refused.
fn hexadecimal(digits: &str) -> Option<u32> {
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}
