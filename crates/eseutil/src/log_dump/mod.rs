//! `/ml` and the log half of `/k`: one log or a set of logs (spec 10 §6.3).
//!
//! ```text
//! source names a file                 one log: header block, records, totals, I/O table, verdict   [single]
//! source has three characters         a set: every archive in order, the current log last          [set]
//!
//! one log:  [source] reads the file and checks its header and length
//!           [walk]   gives segments and records in order and says how the log ends
//!           [examination] hands every record to what was asked for: text, totals, page references, CSV, JSON
//! ```
//!
//! Invariants: memory is bounded by one log file (256 MB by its own header) and what one log's distinct pages take;
//! the text between start line and ending line is the original's, blank lines included; every failure names the file,
//! and the place in it where bytes are wrong.

mod csv;
mod examination;
mod header_block;
mod io_summary;
mod page_references;
mod record_names;
mod record_text;
mod set;
mod set_files;
mod single;
mod source;
mod statistics;
mod text;
mod walk;

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use ese_format::checkpoint::{CHECKPOINT_FILE_BYTES, Checkpoint};
use ese_format::lgpos::Lgpos;
use ese_format::log::names::{self, LogExtension};

use crate::command_line::{DumpOptions, GenerationRange, Verbosity, Wanted};
use crate::failure::CommandResult;
use crate::output::Output;

pub use csv::CsvEncoding;
pub(crate) use header_block::{Environment, attachment_json, environment_json};

/// What is wanted of a log or a set of logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDumpOptions {
    /// A log file, or the base name of a set.
    pub source: PathBuf,
    /// The folder that relative names start from and that holds the checkpoint.
    pub current_folder: PathBuf,
    /// Dump, or verify as `/k` does.
    pub purpose: LogPurpose,
    /// `/v`, `/v1`, `/v2`.
    pub verbosity: Verbosity,
    /// `/s`: the I/O table.
    pub io_table: Wanted,
    /// `/c<file>`.
    pub csv_file: Option<PathBuf>,
    /// How that file is encoded.
    pub csv_encoding: CsvEncoding,
    /// `/r<gen>[-<gen>]`, of a set.
    pub generations: Option<GenerationRange>,
}

/// Why a log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPurpose {
    /// `/ml`.
    Dump,
    /// `/k`.
    Verify,
}

impl LogDumpOptions {
    /// What `/ml` wants.
    #[must_use]
    pub fn of_dump(source: &Path, options: &DumpOptions) -> Self {
        Self {
            source: source.to_owned(),
            current_folder: PathBuf::from("."),
            purpose: LogPurpose::Dump,
            verbosity: options.verbosity,
            io_table: options.io_table,
            csv_file: options.csv_file.clone(),
            csv_encoding: CsvEncoding::default(),
            generations: options.generations,
        }
    }

    /// What `/k` wants.
    #[must_use]
    pub fn of_checksum(source: &Path) -> Self {
        Self { purpose: LogPurpose::Verify, ..Self::of_dump(source, &DumpOptions::default()) }
    }

    /// Where a name given by the user leads.
    fn located(&self, name: &Path) -> PathBuf {
        self.current_folder.join(name)
    }

    /// The full path of a file, as sets show it.
    fn full(&self, path: &Path) -> PathBuf {
        let located = self.located(path);
        std::path::absolute(&located).unwrap_or(located)
    }

    /// Whether records are shown.
    fn shows_records(&self) -> bool {
        self.purpose == LogPurpose::Dump && self.csv_file.is_none() && self.verbosity > Verbosity::Summary
    }
}

/// Dumps or verifies logs. Starts right after the start line and, with [`LogPurpose::Verify`], the label line.
///
/// # Errors
/// The first thing that is wrong.
pub fn run(options: &LogDumpOptions, out: &mut Output<'_>) -> CommandResult {
    let result = match set_base(options) {
        Some(base) => set::run(options, &base, out),
        None => single::run(options, out),
    };
    let blank_lines = match (options.purpose, &result) {
        (LogPurpose::Dump, _) | (LogPurpose::Verify, Ok(())) => 2,
        (LogPurpose::Verify, Err(_)) => 4,
    };
    out.frame(format_args!("{}", "\n".repeat(blank_lines)))?;
    result
}

/// The base name, when the source is a set: three characters without an extension that name no file.
fn set_base(options: &LogDumpOptions) -> Option<String> {
    let base = options.source.file_name()?.to_str()?;
    let is_base = base.chars().count() == 3 && !base.contains('.');
    (is_base && !options.located(&options.source).is_file()).then(|| base.to_owned())
}

/// The base name of the set that a log file belongs to: the first three characters of its name.
fn base_of(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().chars().take(3).collect()).unwrap_or_default()
}

/// Where the checkpoint of the set stands, read from the current folder as the original does; none when no file can be
/// read as one.
fn checkpoint(options: &LogDumpOptions, base: &str) -> Option<Lgpos> {
    [LogExtension::Jtx, LogExtension::Log].into_iter().find_map(|extension| {
        let path = options.located(Path::new(&names::checkpoint(base, extension)));
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(CHECKPOINT_FILE_BYTES as u64).read_to_end(&mut bytes).ok()?;
        Checkpoint::read(&bytes).ok().map(|(checkpoint, _)| checkpoint.checkpoint)
    })
}

/// Writes the sentence of an error under the line of the file it is about.
fn write_error(indent: usize, sentence: &str, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{:indent$}ERROR: {sentence}", "")
}
