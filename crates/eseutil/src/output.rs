//! Where a command writes: text for people and scripts, values for `--json`, complaints for standard error.
//!
//! Invariants: under [`Renderer::Json`] all text goes nowhere and only [`Report`] is shown; the frame (banner, start
//! line, label lines, ending) is written under [`Renderer::Classic`] alone, so that the body of a dump is the same
//! text for the Windows switches and for the long forms.

use std::fmt;
use std::io::{self, Write};

use serde_json::{Map, Value};

use crate::failure::{CommandResult, Failure};
use crate::interruption::{Interruption, Interruptions, RECOVERY_ENDS_WITH};

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renderer {
    /// Line by line what Windows' tool prints, frame included.
    Classic,
    /// The body alone, errors on standard error: the long forms.
    Plain,
    /// One JSON document.
    Json,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressStyle {
    /// The dotted ruler of Windows' tool, in the text.
    Ruler,
    /// A live bar on standard error, redrawn in place.
    Live,
    /// Nothing.
    None,
}

/// What a command leaves for `--json`.
#[derive(Debug, Default)]
pub struct Report {
    /// Members of the document's `result`.
    pub result: Map<String, Value>,
    /// Sentences that are no errors.
    pub warnings: Vec<String>,
    /// Damage that did not keep the command from its end: it succeeds, but not with status 0.
    pub damage: Vec<Value>,
}

/// Where a command writes.
pub struct Output<'a> {
    text: &'a mut dyn Write,
    errors: &'a mut dyn Write,
    renderer: Renderer,
    progress: ProgressStyle,
    interruptions: Interruptions,
    /// What `--json` shows in the end.
    pub report: Report,
}

impl<'a> Output<'a> {
    /// Text to `text`, complaints to `errors`.
    pub fn new(
        text: &'a mut dyn Write,
        errors: &'a mut dyn Write,
        renderer: Renderer,
        progress: ProgressStyle,
    ) -> Self {
        Self {
            text,
            errors,
            renderer,
            progress,
            interruptions: Interruptions::default(),
            report: Report::default(),
        }
    }

    /// The same, of a process that hears these signals.
    #[must_use]
    pub fn heeding(mut self, interruptions: &Interruptions) -> Self {
        self.interruptions = interruptions.clone();
        self
    }

    /// The signals that may end the command.
    #[must_use]
    pub fn interruptions(&self) -> &Interruptions {
        &self.interruptions
    }

    /// The signal that asks for the end.
    #[must_use]
    pub fn interruption(&self) -> Option<Interruption> {
        self.interruptions.pending()
    }

    /// Goes on, unless a signal asks for the end: then a command that restores ends here.
    ///
    /// # Errors
    /// The failure of a command that a signal ended.
    pub(crate) fn go_on(&self) -> CommandResult {
        match self.interruption() {
            Some(interruption) => Err(Failure::interrupted(interruption, RECOVERY_ENDS_WITH)),
            None => Ok(()),
        }
    }

    /// How results are shown.
    #[must_use]
    pub fn renderer(&self) -> Renderer {
        self.renderer
    }

    /// How progress is shown; none at all under `--json` unless live.
    #[must_use]
    pub fn progress(&self) -> ProgressStyle {
        match (self.renderer, self.progress) {
            (Renderer::Json | Renderer::Plain, ProgressStyle::Ruler) => ProgressStyle::None,
            (_, style) => style,
        }
    }

    /// Writes a piece of the frame: seen by users of the Windows switches only.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn frame(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        if self.renderer == Renderer::Classic { self.text.write_fmt(text) } else { Ok(()) }
    }

    /// Standard output itself, for bytes that are no text.
    pub fn raw(&mut self) -> &mut dyn Write {
        self.text
    }

    /// Puts a member into the JSON document's `result`.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.report.result.insert(name.to_owned(), value.into());
    }

    /// Notes a warning for the JSON document; the text form of it is the command's own.
    pub fn warn(&mut self, sentence: impl Into<String>) {
        self.report.warnings.push(sentence.into());
    }

    /// Notes damage that the command could do without (one of two copies, a correctable bit that was asked about): the
    /// command succeeds, the exit status does not say 0.
    ///
    /// # Errors
    /// When standard error cannot be written.
    pub fn note_damage(&mut self, failure: &Failure) -> io::Result<()> {
        if let Failure::Jet(failure) = failure {
            self.report.damage.push(failure.to_json());
            self.complain(format_args!("eseutil: {failure}"))?;
        }
        Ok(())
    }

    /// Writes one line to standard error, also under `--json`.
    ///
    /// # Errors
    /// When standard error cannot be written.
    pub fn complain(&mut self, line: fmt::Arguments<'_>) -> io::Result<()> {
        self.text.flush()?;
        writeln!(self.errors, "{line}")
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.renderer == Renderer::Json { Ok(bytes.len()) } else { self.text.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.text.flush()
    }
}

/// Turns every line feed into CR LF, for `--crlf`.
pub struct CrLf<'a> {
    inner: &'a mut dyn Write,
}

impl<'a> CrLf<'a> {
    /// Writes through to `inner`.
    pub fn new(inner: &'a mut dyn Write) -> Self {
        Self { inner }
    }
}

impl Write for CrLf<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            match piece.split_last() {
                Some((b'\n', line)) => {
                    self.inner.write_all(line)?;
                    self.inner.write_all(b"\r\n")?;
                }
                _ => self.inner.write_all(piece)?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_the_text_back_and_the_frame_is_for_windows_switches_alone() {
        for (renderer, expected) in
            [(Renderer::Classic, "label\nbody\n"), (Renderer::Plain, "body\n"), (Renderer::Json, "")]
        {
            let (mut text, mut errors) = (Vec::new(), Vec::new());
            let mut output = Output::new(&mut text, &mut errors, renderer, ProgressStyle::Ruler);
            output.frame(format_args!("label\n")).expect("a vector takes every byte");
            writeln!(output, "body").expect("a vector takes every byte");
            drop(output);
            assert_eq!(String::from_utf8_lossy(&text), expected, "{renderer:?}");
        }
    }

    #[test]
    fn crlf_ends_every_line_with_two_bytes() {
        let mut text = Vec::new();
        write!(CrLf::new(&mut text), "a\n\nb").expect("a vector takes every byte");
        assert_eq!(text, b"a\r\n\r\nb");
    }
}
