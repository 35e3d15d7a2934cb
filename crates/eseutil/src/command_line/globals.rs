//! Options that go with every command and with both grammars (spec 10 §10.2).
//!
//! Invariant: they all begin with two dashes, so no Windows command line contains one.

use std::ffi::OsString;

use ese_format::page_size::PageSize;

use super::{Banner, Command, LineEnds, ProgressWish, Settings, UsageError};
use crate::failure::ExitRule;
use crate::log_dump::CsvEncoding;
use crate::output::Renderer;

/// What holds when nothing is said.
fn defaults() -> Settings {
    Settings {
        renderer: Renderer::Classic,
        banner: Banner::Shown,
        page_size: None,
        progress: ProgressWish::Auto,
        exit_rule: ExitRule::Classes,
        line_ends: LineEnds::Lf,
        csv_encoding: CsvEncoding::Utf8,
    }
}

/// Takes the global options out of `arguments`; those after `--` stay.
pub(super) fn take(arguments: &[OsString]) -> Result<(Settings, Vec<OsString>), (UsageError, Box<Settings>)> {
    let mut settings = defaults();
    let mut rest = Vec::with_capacity(arguments.len());
    let mut all = arguments.iter();
    while let Some(argument) = all.next() {
        if argument == "--" {
            rest.push(argument.clone());
            rest.extend(all.cloned());
            break;
        }
        match argument.to_str().map(|text| apply(text, &mut settings)) {
            Some(Ok(true)) => {}
            Some(Err(error)) => return Err((error, Box::new(settings))),
            Some(Ok(false)) | None => rest.push(argument.clone()),
        }
    }
    Ok((settings, rest))
}

/// Applies one argument if it is a global option.
fn apply(argument: &str, settings: &mut Settings) -> Result<bool, UsageError> {
    let (name, value) = match argument.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (argument, None),
    };
    match (name, value) {
        ("--json", None) => settings.renderer = Renderer::Json,
        ("--quiet", None) => settings.banner = Banner::Hidden,
        ("--csv-utf16", None) => settings.csv_encoding = CsvEncoding::Utf16,
        ("--crlf", None) => settings.line_ends = LineEnds::CrLf,
        ("--no-progress", None) => settings.progress = ProgressWish::None,
        ("--progress", Some("auto")) => settings.progress = ProgressWish::Auto,
        ("--progress", Some("plain")) => settings.progress = ProgressWish::Plain,
        ("--progress", Some("none")) => settings.progress = ProgressWish::None,
        ("--exit-code", Some("low8")) => settings.exit_rule = ExitRule::Low8,
        ("--page-size", Some(size)) => settings.page_size = Some(page_size(size)?),
        ("--progress" | "--exit-code" | "--page-size", _) => {
            return Err(UsageError::Long(format!("'{argument}' is not a value of {name}")));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn page_size(text: &str) -> Result<PageSize, UsageError> {
    text.parse()
        .ok()
        .and_then(|bytes: u32| {
            PageSize::from_bytes(bytes).or_else(|| PageSize::from_bytes(bytes.checked_mul(1024)?))
        })
        .ok_or_else(|| {
            UsageError::Long(format!("'{text}' is no page size: 2048, 4096, 8192, 16384 or 32768"))
        })
}

/// The help or version that is asked for in a long form, wherever it stands.
pub(super) fn help_request(arguments: &[OsString]) -> Option<Command> {
    let first = arguments.first()?.to_str()?;
    if arguments.iter().any(|argument| argument == "--help") {
        let is_verb = !first.starts_with(['-', '/']);
        return Some(Command::Help(is_verb.then(|| verb_words(arguments))));
    }
    match first {
        "--version" | "version" => Some(Command::Version),
        "help" => {
            Some(Command::Help(arguments.get(1).map(|_| verb_words(arguments.get(1..).unwrap_or_default()))))
        }
        _ => None,
    }
}

fn verb_words(arguments: &[OsString]) -> String {
    let words: Vec<_> = arguments
        .iter()
        .filter_map(|argument| argument.to_str())
        .take_while(|word| !word.starts_with('-'))
        .take(2)
        .collect();
    words.join(" ")
}

/// The renderer of the long forms.
pub(super) fn plain_unless_json(renderer: Renderer) -> Renderer {
    if renderer == Renderer::Json { Renderer::Json } else { Renderer::Plain }
}
