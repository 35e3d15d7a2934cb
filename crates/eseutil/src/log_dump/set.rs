//! A set of logs: every archive in the order of its generation, the current log last, each checked against the one
//! before (spec 10 §6.3.3).
//!
//! Invariants: one log is in memory at a time; the first error decides how the command ends, every error is told; a
//! log is compared with its predecessor only when that one's own place in the stream is known.

use std::io::Write;
use std::path::Path;

use ese_format::error::{FileKind, FormatError, JetError, Problem};
use ese_format::lgpos::Lgpos;
use ese_format::log::LogHeader;
use ese_format::log::version::LogVersion;
use ese_format::logtime::Logtime;
use ese_format::signature::Signature;
use serde_json::{Value, json};

use crate::failure::{CommandResult, Failure, JetFailure};
use crate::output::{Output, Renderer};
use crate::text_forms::{LogtimeText, SignatureText};

use super::csv::CsvFile;
use super::set_files::{LogSet, SetFile};
use super::statistics::Statistics;
use super::walk::Walk;
use super::{LogDumpOptions, single, source, write_error};

/// The end that an open range shows: one above the highest generation that recovery accepts (spec 05 §1).
const OPEN_RANGE_END: u32 = 0x7FFF_FA01;

/// What the next log is compared with.
struct Previous {
    generation: i32,
    created: Logtime,
    signature: Signature,
    version: LogVersion,
    accumulated: u64,
}

/// Why a log does not fit into its set.
struct Misfit {
    /// Lines of the sentence.
    sentence: Vec<String>,
    error: FormatError,
}

impl Misfit {
    fn new(sentence: String, offset: u64, field: &'static str, problem: Problem, jet: JetError) -> Self {
        Self { sentence: vec![sentence], error: FormatError::new(FileKind::Log, offset, field, problem, jet) }
    }
}

/// The run over one set.
struct SetRun<'a> {
    options: &'a LogDumpOptions,
    csv: Option<CsvFile>,
    checkpoint: Option<Lgpos>,
    previous: Option<Previous>,
    first_failure: Option<Box<JetFailure>>,
    entries: Vec<Value>,
    statistics: Statistics,
    shown: usize,
}

/// `/ml BASE` and `/k BASE`.
pub(super) fn run(options: &LogDumpOptions, base: &str, out: &mut Output<'_>) -> CommandResult {
    let blank_lines = if options.csv_file.is_some() { 2 } else { 1 };
    out.frame(format_args!("{}", "\n".repeat(blank_lines)))?;
    let csv = single::open_csv(options, out)?;
    let indent = if options.shows_records() { 6 } else { 5 };
    writeln!(out, "Verifying log files...\n{:indent$}Base name: {base}", "")?;
    if let Some(range) = options.generations {
        let last = range.last.unwrap_or(OPEN_RANGE_END);
        writeln!(out, "{:indent$}Log generation range: 0x{:X}-0x{last:X}", "", range.first)?;
    }
    out.set("base_name", base);
    let folder = match options.source.parent() {
        Some(parent) => options.full(parent),
        None => options.full(Path::new(".")),
    };
    let set = LogSet::find(&folder, base).map_err(|error| Failure::of_io(&error, &folder))?;
    if set.is_empty() {
        let nothing = Failure::of_file(JetError::FILE_NOT_FOUND, &folder.join(format!("{base}.log")));
        return Err(nothing.with_detail("no log of this set"));
    }
    writeln!(out)?;
    let mut run = SetRun {
        options,
        csv,
        checkpoint: super::checkpoint(options, base),
        previous: None,
        first_failure: None,
        entries: Vec::new(),
        statistics: Statistics::default(),
        shown: 0,
    };
    run.all(&set, out)?;
    run.finish(out)
}

impl SetRun<'_> {
    fn all(&mut self, set: &LogSet, out: &mut Output<'_>) -> CommandResult {
        let mut before: Option<u32> = None;
        for file in set.in_range(self.options.generations) {
            if let (Some(before), Some(generation)) = (before, file.generation) {
                let (first_missing, last_missing) = (before.saturating_add(1), generation.saturating_sub(1));
                if first_missing <= last_missing {
                    self.missing(set, first_missing, last_missing, file, out)?;
                }
            }
            before = file.generation.or(before);
            self.one(file, out)?;
        }
        Ok(())
    }

    fn finish(mut self, out: &mut Output<'_>) -> CommandResult {
        writeln!(out)?;
        if let Some(csv) = self.csv.take() {
            let path = csv.path().to_owned();
            csv.finish().map_err(|error| Failure::of_io(&error, &path))?;
        }
        out.set("logs", Value::Array(std::mem::take(&mut self.entries)));
        out.set("histogram", self.statistics.to_json());
        match self.first_failure {
            None => Ok(writeln!(out, "No damaged log files were found.")?),
            Some(failure) => Err(Failure::Jet(failure)),
        }
    }

    /// Between two dumps stand two empty lines; lists of files have none.
    fn separate(&mut self, out: &mut Output<'_>) -> CommandResult {
        if self.options.shows_records() && self.shown > 0 {
            writeln!(out)?;
        }
        self.shown += 1;
        Ok(())
    }

    /// Generations that no file has.
    fn missing(
        &mut self,
        set: &LogSet,
        first: u32,
        last: u32,
        next: &SetFile,
        out: &mut Output<'_>,
    ) -> CommandResult {
        self.separate(out)?;
        let names = set.missing_names(first, last, next);
        let plural = if first == last { "" } else { "s" };
        writeln!(out, "      Missing log file{plural}: {names}")?;
        if self.options.shows_records() {
            writeln!(out)?;
        }
        self.entries.push(json!({
            "missing": names, "first_generation": first, "last_generation": last,
            "error": { "code": JetError::MISSING_LOG_FILE.code(), "name": JetError::MISSING_LOG_FILE.name() },
        }));
        self.previous = None;
        let failure = Failure::of_file(JetError::MISSING_LOG_FILE, &next.path);
        self.note(failure.with_detail(format!("missing before this log: {names}")), out)
    }

    fn one(&mut self, file: &SetFile, out: &mut Output<'_>) -> CommandResult {
        self.separate(out)?;
        let records = self.options.shows_records();
        write!(out, "      Log file: {}", file.path.display())?;
        if records || self.csv.is_some() {
            writeln!(out)?;
        }
        let result = self.examine(file, out);
        let entry = self.entries.len();
        match result {
            Ok(()) if records => writeln!(out)?,
            Ok(()) => writeln!(out, " - OK")?,
            Err(Failure::Jet(failure)) => {
                if records {
                    writeln!(out)?;
                }
                if let Some(entry) = self.entries.get_mut(entry.saturating_sub(1)) {
                    entry["error"] = failure.to_json();
                }
                self.note(Failure::Jet(failure), out)?;
            }
            Err(output) => return Err(output),
        }
        Ok(())
    }

    /// Looks into one file; the text of an error is written here, under the file's line.
    fn examine(&mut self, file: &SetFile, out: &mut Output<'_>) -> CommandResult {
        self.entries.push(json!({ "file": file.path.to_string_lossy(), "error": null }));
        let bytes = match source::read(&file.path, &file.path) {
            Ok(bytes) => bytes,
            Err(unreadable) => {
                self.previous = None;
                self.under_file_line(&[unreadable.sentence], out)?;
                return Err(unreadable.failure);
            }
        };
        let walk = Walk::open(&bytes).map_err(|error| Failure::of_format(error, &file.path))?;
        if let Some(misfit) = self.gap_before(walk.header()) {
            self.previous = None;
            self.under_file_line(&misfit.sentence, out)?;
            return Err(Failure::of_format(misfit.error, &file.path));
        }
        let examined = if self.options.shows_records() {
            single::dump(&walk, &file.path, self.options, self.checkpoint, out)?
        } else {
            single::examine(&walk, self.options, out, self.csv.as_mut())?
        };
        self.statistics.merge(&examined.totals.statistics);
        if let Some(Value::Object(entry)) = self.entries.last_mut() {
            entry.extend(examined.to_json(walk.header(), self.checkpoint));
        }
        let misfit = self.misfit(walk.header(), file.generation);
        let comparable =
            misfit.as_ref().is_none_or(|misfit| misfit.error.jet() != JetError::LOG_GENERATION_MISMATCH);
        self.previous = comparable.then(|| Previous::of(walk.header(), examined.accumulated));
        if let Some(damage) = examined.damage.as_ref() {
            if !self.options.shows_records() {
                self.under_file_line(&[examined.damage_sentence(damage)], out)?;
            }
            return examined.into_result(&file.path);
        }
        if self.options.shows_records() {
            writeln!(out, "\nIntegrity check passed for log file: {}", file.path.display())?;
        }
        match misfit {
            None => Ok(()),
            Some(misfit) => {
                if self.options.shows_records() {
                    writeln!(out)?;
                    self.lines(6, 16, &misfit.sentence, out)?;
                } else {
                    self.under_file_line(&misfit.sentence, out)?;
                }
                Err(Failure::of_format(misfit.error, &file.path))
            }
        }
    }

    /// Writes an error 16 columns in, below the line of the file, which is still open in a list.
    fn under_file_line(&self, sentence: &[String], out: &mut Output<'_>) -> CommandResult {
        if !self.options.shows_records() {
            writeln!(out)?;
        }
        self.lines(16, 26, sentence, out)
    }

    fn lines(
        &self,
        first: usize,
        further: usize,
        sentence: &[String],
        out: &mut Output<'_>,
    ) -> CommandResult {
        for (index, line) in sentence.iter().enumerate() {
            if index == 0 {
                write_error(first, line, out)?;
            } else {
                writeln!(out, "{:further$}{line}", "")?;
            }
        }
        Ok(())
    }

    /// Keeps the first failure; later ones are told on standard error at once.
    fn note(&mut self, failure: Failure, out: &mut Output<'_>) -> CommandResult {
        let Failure::Jet(failure) = failure else { return Err(failure) };
        if self.first_failure.is_none() {
            self.first_failure = Some(failure);
        } else if out.renderer() != Renderer::Json {
            out.complain(format_args!("eseutil: {failure}"))?;
        }
        Ok(())
    }

    /// A log that is not the next generation.
    fn gap_before(&self, header: &LogHeader) -> Option<Misfit> {
        let expected = self.previous.as_ref()?.generation.checked_add(1)?;
        let found = header.generation.get();
        (found != expected).then(|| {
            let sentence = format!(
                "Missing log file(s). Log file is generation {found} (0x{found:X}), but expected generation is \
                 {expected} (0x{expected:X})."
            );
            let problem =
                Problem::Mismatch { found: u64::from(found.unsigned_abs()), expected: u64::from(expected.unsigned_abs()) };
            Misfit::new(sentence, 4, "generation", problem, JetError::MISSING_LOG_FILE)
        })
    }

    /// What else does not fit: the name, the time, the stream, the checksum of the generation before.
    fn misfit(&self, header: &LogHeader, name_generation: Option<u32>) -> Option<Misfit> {
        let found = header.generation.get();
        if let Some(expected) = name_generation.filter(|expected| *expected != found.unsigned_abs()) {
            let sentence = format!(
                "Mismatched log generation {found} (0x{found:X}) with log file name. Expected generation {expected} \
                 (0x{expected:X})."
            );
            let problem =
                Problem::Mismatch { found: u64::from(found.unsigned_abs()), expected: u64::from(expected) };
            return Some(Misfit::new(sentence, 4, "generation", problem, JetError::LOG_GENERATION_MISMATCH));
        }
        let previous = self.previous.as_ref()?;
        previous
            .wrong_time(header)
            .or_else(|| previous.wrong_checksum(header))
            .or_else(|| previous.wrong_stream(header))
    }
}

impl Previous {
    fn of(header: &LogHeader, accumulated: u64) -> Self {
        Self {
            generation: header.generation.get(),
            created: header.created,
            signature: header.signature,
            version: header.version(),
            accumulated,
        }
    }

    fn wrong_time(&self, header: &LogHeader) -> Option<Misfit> {
        (meaningful(header.previous_created) != meaningful(self.created)).then(|| {
            let sentence = format!(
                "Invalid log sequence. Previous generation time is [{}], but expected [{}].",
                LogtimeText(&header.previous_created),
                LogtimeText(&self.created)
            );
            let problem = Problem::Invalid("is not the creation time of the generation before");
            Misfit::new(sentence, 24, "previous created", problem, JetError::INVALID_LOG_SEQUENCE)
        })
    }

    fn wrong_checksum(&self, header: &LogHeader) -> Option<Misfit> {
        let (found, expected) = (header.previous_accumulated_checksum.get(), self.accumulated);
        let stored = header.version().has_accumulated_checksum() && self.version.is_segmented();
        (stored && found != expected).then(|| {
            let sentence = format!(
                "Invalid log sequence. Previous generation accumulated segment checksum is 0x{found:016x}, but \
                 expected 0x{expected:016x}."
            );
            let problem = Problem::Mismatch { found, expected };
            let jet = JetError::LOG_SEQUENCE_CHECKSUM_MISMATCH;
            Misfit::new(sentence, 653, "previous accumulated checksum", problem, jet)
        })
    }

    fn wrong_stream(&self, header: &LogHeader) -> Option<Misfit> {
        (header.signature != self.signature).then(|| {
            let problem = Problem::Invalid("is not that of the generation before");
            let sentence = format!("Invalid log signature: {}", SignatureText(&header.signature));
            let mut misfit = Misfit::new(sentence, 44, "signature", problem, JetError::BAD_LOG_SIGNATURE);
            misfit.sentence.push(format!("Expected signature: {}", SignatureText(&self.signature)));
            misfit
        })
    }
}

/// A time without the bits that real files fill with noise.
fn meaningful(time: Logtime) -> Logtime {
    Logtime { high: time.high & 0x0F, ..time }
}
