//! One run from arguments to exit status: the frame around every command (spec 10 §2).
//!
//! ```text
//! <empty line>
//! banner (four lines, one empty)         unless /o
//! Initiating … mode...                   the command's own
//! body, empty lines included             the command's own
//! Operation completed successfully in S.MS seconds.  + 2 line ends
//! Operation terminated with error …                  + 4 line ends
//! ```
//!
//! Under `--json` there is one document instead, under the long forms the body alone.

use std::ffi::OsString;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use ese_format::error::JetError;
use serde_json::{Value, json};

use crate::command_line::{self, Banner, Command, Invocation, LineEnds, ProgressWish, Settings, UsageError};
use crate::dispatch;
use crate::failure::{self, CommandResult, ExitRule, Failure, JetFailure, USAGE_STATUS};
use crate::interruption::Interruptions;
use crate::output::{CrLf, Output, ProgressStyle, Renderer, Report};
use crate::usage;

/// Whether a person watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// Both streams go to a terminal.
    Live,
    /// Output is captured.
    None,
}

/// Runs one command line and returns the exit status. `arguments` start with the program's name; a command that ends in
/// order at a signal has the process listen to `interruptions`.
pub fn run(
    arguments: impl Iterator<Item = OsString>,
    out: &mut dyn Write,
    errors: &mut dyn Write,
    terminal: Terminal,
    interruptions: &Interruptions,
) -> u8 {
    let arguments: Vec<_> = arguments.collect();
    let parsed = command_line::parse(&arguments);
    let settings = match &parsed {
        Ok(invocation) => invocation.settings.clone(),
        Err((_, settings)) => settings.clone(),
    };
    let mut crlf;
    let out: &mut dyn Write = if settings.line_ends == LineEnds::CrLf {
        crlf = CrLf::new(out);
        &mut crlf
    } else {
        out
    };
    let done = match parsed {
        Ok(invocation) => run_command(&invocation, &arguments, out, errors, terminal, interruptions),
        Err((error, settings)) => usage_error(&error, &settings, &arguments, out, errors),
    };
    // Nothing can be said any more when the output is gone; the status says it.
    done.unwrap_or(1)
}

fn run_command(
    Invocation { command, settings }: &Invocation,
    arguments: &[OsString],
    out: &mut dyn Write,
    errors: &mut dyn Write,
    terminal: Terminal,
    interruptions: &Interruptions,
) -> io::Result<u8> {
    match command {
        Command::ClassicHelp => {
            writeln!(out)?;
            usage::banner(out)?;
            usage::classic_help(out, &usage::program_name(arguments.first().map(OsString::as_os_str)))?;
            return Ok(0);
        }
        Command::Help(verb) => {
            usage::long_help(out, verb.as_deref())?;
            return Ok(0);
        }
        Command::Version => {
            writeln!(out, "eseutil {} (libesent)", env!("CARGO_PKG_VERSION"))?;
            return Ok(0);
        }
        _ => {}
    }
    if settings.renderer == Renderer::Classic {
        writeln!(out)?;
        if settings.banner == Banner::Shown {
            usage::banner(out)?;
        }
    }
    let progress = match (settings.progress, terminal) {
        (ProgressWish::None, _) => ProgressStyle::None,
        (ProgressWish::Auto, Terminal::Live) => ProgressStyle::Live,
        (ProgressWish::Auto | ProgressWish::Plain, _) => ProgressStyle::Ruler,
    };
    let started = Instant::now();
    let mut output = Output::new(out, errors, settings.renderer, progress).heeding(interruptions);
    if dispatch::ends_in_order(command) {
        interruptions.listen()?;
    }
    let result = dispatch::run(command, settings, &mut output);
    let elapsed = started.elapsed();
    let report = std::mem::take(&mut output.report);
    let frame =
        Frame { settings, elapsed, command: dispatch::name(command), sources: dispatch::sources(command) };
    frame.finish(result, report, out, errors)
}

/// What is known at the end of a run.
struct Frame<'a> {
    settings: &'a Settings,
    elapsed: Duration,
    command: &'static str,
    sources: Vec<String>,
}

impl Frame<'_> {
    fn finish(
        &self,
        result: CommandResult,
        report: Report,
        out: &mut dyn Write,
        errors: &mut dyn Write,
    ) -> io::Result<u8> {
        let failure = match result {
            Ok(()) => None,
            Err(Failure::Output(error)) => return Err(error),
            Err(Failure::Jet(failure)) => Some(failure),
        };
        let status = match &failure {
            Some(failure) => failure.status(self.settings.exit_rule),
            None => u8::from(!report.damage.is_empty() && self.settings.exit_rule == ExitRule::Classes),
        };
        match self.settings.renderer {
            Renderer::Json => self.document(failure.as_deref(), report, out)?,
            Renderer::Classic => self.ending(failure.as_deref(), out, errors)?,
            Renderer::Plain => {
                out.flush()?;
                if let Some(failure) = failure {
                    writeln!(errors, "eseutil: {failure}")?;
                }
            }
        }
        out.flush()?;
        Ok(status)
    }

    fn ending(
        &self,
        failure: Option<&JetFailure>,
        out: &mut dyn Write,
        errors: &mut dyn Write,
    ) -> io::Result<()> {
        // The milliseconds are not padded: 15 ms prints 0.15, as in the original (spec 10 §2.4).
        let time = format!("{}.{}", self.elapsed.as_secs(), self.elapsed.subsec_millis());
        match failure {
            None => write!(out, "Operation completed successfully in {time} seconds.\n\n"),
            Some(failure) => {
                let (name, text) = (failure::error_name(failure.error), failure::error_text(failure.error));
                let code = failure.error.code();
                write!(
                    out,
                    "Operation terminated with error {code} ({name}, {text}) after {time} seconds.\n\n\n\n"
                )?;
                out.flush()?;
                failure.sentence().map_or(Ok(()), |sentence| writeln!(errors, "eseutil: {sentence}"))
            }
        }
    }

    fn document(&self, failure: Option<&JetFailure>, report: Report, out: &mut dyn Write) -> io::Result<()> {
        let document = json!({
            "tool": "eseutil",
            "version": env!("CARGO_PKG_VERSION"),
            "command": self.command,
            "source": self.sources,
            "result": report.result,
            "error": failure.map_or(Value::Null, JetFailure::to_json),
            "damage": report.damage,
            "elapsed": self.elapsed.as_secs_f64(),
            "warnings": report.warnings,
        });
        serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
        writeln!(out)
    }
}

fn usage_error(
    error: &UsageError,
    settings: &Settings,
    arguments: &[OsString],
    out: &mut dyn Write,
    errors: &mut dyn Write,
) -> io::Result<u8> {
    let status = if settings.exit_rule == ExitRule::Low8 { u8::MAX } else { USAGE_STATUS };
    if settings.renderer == Renderer::Json {
        let document = json!({
            "tool": "eseutil",
            "version": env!("CARGO_PKG_VERSION"),
            "command": null,
            "source": [],
            "result": {},
            "error": {
                "code": JetError::INVALID_PARAMETER.code(),
                "name": JetError::INVALID_PARAMETER.name(),
                "text": error.text(),
            },
            "elapsed": 0.0,
            "warnings": [],
        });
        serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(status);
    }
    match error {
        UsageError::Classic(sentences) => {
            write!(out, "\n{sentences}")?;
            usage::banner(out)?;
            usage::classic_help(out, &usage::program_name(arguments.first().map(OsString::as_os_str)))?;
            Ok(status)
        }
        UsageError::MissingSource { sentence, blank_lines, banner } => {
            writeln!(out)?;
            if *banner == Banner::Shown {
                usage::banner(out)?;
            }
            writeln!(out, "Usage Error: {sentence}")?;
            write!(out, "{}", "\n".repeat(*blank_lines))?;
            let (code, name, text) = (
                JetError::INVALID_PARAMETER.code(),
                failure::error_name(JetError::INVALID_PARAMETER),
                failure::error_text(JetError::INVALID_PARAMETER),
            );
            write!(
                out,
                "Operation terminated with error {code} ({name}, {text}) after 0.0 seconds.\n\n\n\n"
            )?;
            Ok(match settings.exit_rule {
                ExitRule::Low8 => ExitRule::Low8.status(JetError::INVALID_PARAMETER),
                ExitRule::Classes => USAGE_STATUS,
            })
        }
        UsageError::Long(sentence) => {
            writeln!(errors, "eseutil: {sentence}")?;
            Ok(status)
        }
    }
}
