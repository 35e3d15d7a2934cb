//! The grammar of Windows' tool: mode, modifier, source and switches in any order (spec 10 §1).

use std::ffi::OsString;
use std::path::PathBuf;

use ese_format::page_size::PageSize;

use super::backup_restore::RestoreSwitches;
use super::classic_dump::DumpSwitches;
use super::classic_maintenance::{
    ChecksumSwitches, CopySwitches, DefragmentSwitches, IntegritySwitches, RecoverySwitches, SecureSwitches,
};
use super::words::{self, Word, Words};
use super::{Banner, Command, Settings, UsageError};

/// The switches of one mode.
pub(super) trait Switches {
    /// Letters that tell a switch from a path: `24813o!ev` of all modes (spec 10 §1.3), and the mode's own.
    const LETTERS: &'static str;
    /// Whether `/efv…` belongs to the mode.
    const FORMAT_VERSION: FormatVersion;
    /// What is said when there is no source, and how many empty lines follow it.
    const MISSING_SOURCE: (&'static str, usize);
    /// The source when none is named.
    const DEFAULT_SOURCE: Option<&'static str> = None;

    /// Takes one switch: `whole` as typed, `letter` in lower case, `attached` what follows it.
    fn switch(
        &mut self,
        whole: &str,
        letter: char,
        attached: &str,
        words: &mut Words,
    ) -> Result<(), UsageError>;

    /// The command, when everything is read.
    fn finish(self, source: PathBuf) -> Result<Command, UsageError>;
}

/// Whether a mode takes `/efv…`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FormatVersion {
    Taken,
    Unknown,
}

/// As [`parse`], where the program was started under the name of Windows' tool, which has no restore mode.
///
/// # Errors
/// As [`parse`].
pub fn parse_as_windows(arguments: &[OsString], settings: &mut Settings) -> Result<Command, UsageError> {
    let mode = arguments.first().and_then(|first| first.to_string_lossy().chars().nth(1));
    if mode.is_some_and(|letter| letter.eq_ignore_ascii_case(&'c')) {
        return Err(UsageError::sentence("Invalid mode."));
    }
    parse(arguments, settings)
}

/// Understands everything after the program's name.
///
/// # Errors
/// [`UsageError`] with the sentence of the original.
pub fn parse(arguments: &[OsString], settings: &mut Settings) -> Result<Command, UsageError> {
    let Some(first) = arguments.first() else {
        return Err(UsageError::sentence("No mode specified."));
    };
    if !words::begins_with_switch(first) {
        return Err(UsageError::sentence("Mode selection must be preceded by '-' or '/'."));
    }
    let text = first.to_string_lossy();
    let mode = text.chars().nth(1).map(|letter| letter.to_ascii_lowercase());
    let attached: String = text.chars().skip(2).collect();
    let further = arguments.get(1..).unwrap_or_default();
    match mode {
        Some('?') => Ok(Command::ClassicHelp),
        Some('m') => parse_dump(&attached, further, settings),
        Some('c') => parse_restore(&attached, further, settings),
        Some('d') => parse_mode(DefragmentSwitches::default(), &attached, further, settings),
        Some('r') => parse_mode(RecoverySwitches::default(), &attached, further, settings),
        Some('g') => parse_mode(IntegritySwitches::check(), &attached, further, settings),
        Some('p') => parse_mode(IntegritySwitches::repair(), &attached, further, settings),
        Some('k') => parse_mode(ChecksumSwitches::default(), &attached, further, settings),
        Some('y') => parse_mode(CopySwitches::default(), &attached, further, settings),
        Some('z') => parse_mode(SecureSwitches, &attached, further, settings),
        _ => Err(UsageError::sentence("Invalid mode.")),
    }
}

/// `/m…`: the modifier is attached, or stands alone among the further arguments (spec 10 §1.1).
fn parse_dump(attached: &str, further: &[OsString], settings: &mut Settings) -> Result<Command, UsageError> {
    let mut letters = attached.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        let switches =
            DumpSwitches::with_modifier(letter).ok_or_else(|| UsageError::sentence("Invalid mode."))?;
        return parse_mode(switches, "", further, settings);
    }
    let place = further.iter().position(|argument| {
        let text = argument.to_string_lossy();
        text.chars().count() == 2
            && text.starts_with(['-', '/'])
            && text.chars().nth(1).is_some_and(|letter| DumpSwitches::with_modifier(letter).is_some())
    });
    let Some(place) = place else {
        return parse_mode(DumpSwitches::header(), attached, further, settings);
    };
    let letter = further.get(place).and_then(|argument| argument.to_string_lossy().chars().nth(1));
    let switches = letter.and_then(DumpSwitches::with_modifier).unwrap_or_else(DumpSwitches::header);
    let rest: Vec<_> = further
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != place)
        .map(|(_, argument)| argument.clone())
        .collect();
    parse_mode(switches, attached, &rest, settings)
}

/// `/c…`: the modifier is attached, or stands alone among the further arguments; without one there is no mode.
fn parse_restore(
    attached: &str,
    further: &[OsString],
    settings: &mut Settings,
) -> Result<Command, UsageError> {
    let invalid = || UsageError::sentence("Invalid mode.");
    let mut letters = attached.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        let switches = RestoreSwitches::with_modifier(letter).ok_or_else(invalid)?;
        return parse_mode(switches, "", further, settings);
    }
    let modifier = |argument: &OsString| {
        let text = argument.to_string_lossy();
        let is_switch = text.chars().count() == 2 && text.starts_with(['-', '/']);
        text.chars().nth(1).filter(|_| is_switch).and_then(RestoreSwitches::with_modifier)
    };
    let place = further.iter().position(|argument| modifier(argument).is_some());
    let switches = place.and_then(|place| modifier(further.get(place)?)).ok_or_else(invalid)?;
    let rest = further.iter().enumerate().filter(|(index, _)| Some(*index) != place);
    let rest: Vec<_> = rest.map(|(_, argument)| argument.clone()).collect();
    parse_mode(switches, attached, &rest, settings)
}

fn parse_mode<S: Switches>(
    mut switches: S,
    attached: &str,
    further: &[OsString],
    settings: &mut Settings,
) -> Result<Command, UsageError> {
    let first = (!attached.is_empty()).then(|| OsString::from(attached));
    let mut words = Words::new(first.into_iter().chain(further.iter().cloned()), S::LETTERS);
    let mut source: Option<PathBuf> = None;
    let mut shadow_copy = false;
    while let Some(word) = words.next() {
        let (whole, body) = match word {
            Word::Plain(value) if source.is_none() => {
                source = Some(value.into());
                continue;
            }
            Word::Plain(value) => {
                return Err(UsageError::sentence(format!(
                    "Invalid argument '{}'. Options must be preceded by '-' or '/'.",
                    value.to_string_lossy()
                )));
            }
            Word::Switch { whole, body } => (whole, body),
        };
        if common_switch(&body, settings) {
            continue;
        }
        if let Some(arguments) = shadow_copy_arguments(&body) {
            shadow_copy = true;
            for _ in 0..arguments {
                words.next_value();
            }
            continue;
        }
        if body.to_ascii_lowercase().starts_with("efv") {
            format_version::<S>(&whole, &body)?;
            continue;
        }
        let mut characters = body.chars();
        let Some(letter) = characters.next() else {
            return Err(invalid_option(&whole));
        };
        switches.switch(&whole, letter.to_ascii_lowercase(), characters.as_str(), &mut words)?;
    }
    let Some(source) = source.or_else(|| S::DEFAULT_SOURCE.map(PathBuf::from)) else {
        let (sentence, blank_lines) = S::MISSING_SOURCE;
        return Err(UsageError::MissingSource { sentence, blank_lines, banner: settings.banner });
    };
    let command = switches.finish(source)?;
    Ok(if shadow_copy { Command::Unavailable("Volume Shadow Copy (/vss)") } else { command })
}

/// The error for a switch that the mode does not know.
pub(super) fn invalid_option(whole: &str) -> UsageError {
    UsageError::sentence(format!("Invalid option '{whole}'."))
}

/// A switch that every mode has; only its first character counts, but for the whole word `config`.
fn common_switch(body: &str, settings: &mut Settings) -> bool {
    if body.to_ascii_lowercase().starts_with("config") {
        return true;
    }
    let size = match body.chars().next() {
        Some('2') => PageSize::K2,
        Some('4') => PageSize::K4,
        Some('8') => PageSize::K8,
        Some('1') => PageSize::K16,
        Some('3') => PageSize::K32,
        Some('o' | 'O') => {
            settings.banner = Banner::Hidden;
            return true;
        }
        first => return first == Some('!'),
    };
    settings.page_size = Some(size);
    true
}

/// How many arguments a shadow copy word takes; none if it is no such word.
fn shadow_copy_arguments(body: &str) -> Option<usize> {
    match body.to_ascii_lowercase().as_str() {
        "vss" | "vsspause" => Some(0),
        "vsssystempath" => Some(1),
        "vssrec" => Some(2),
        _ => None,
    }
}

/// `/efv<n>`, `/efvUsePersistedFormat`, `/efvUseEngineDefault`.
fn format_version<S: Switches>(whole: &str, body: &str) -> Result<(), UsageError> {
    if S::FORMAT_VERSION == FormatVersion::Unknown {
        return Err(invalid_option(whole));
    }
    let value = body.get(3..).unwrap_or_default().trim_start_matches(':');
    let is_word =
        ["UsePersistedFormat", "UseEngineDefault"].iter().any(|word| word.eq_ignore_ascii_case(value));
    if is_word || value.parse::<u32>().is_ok() {
        Ok(())
    } else {
        Err(UsageError::sentence("Invalid api version specification."))
    }
}
