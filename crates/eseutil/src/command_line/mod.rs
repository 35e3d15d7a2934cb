//! What a command line asks for: one command table behind two grammars (spec 10 §1, §10).
//!
//! The first argument decides: `-x` or `/x` is a Windows mode ([`classic`]), a word is a verb ([`long`]). Global
//! options (`--json` and the like) are taken out before either grammar looks, so they go with both.
//!
//! Invariant: both grammars build the same [`Command`]; no command knows which one was used, but for the renderer.

pub mod backup_restore;
pub mod classic;
mod classic_dump;
mod classic_maintenance;
mod globals;
pub mod long;
mod words;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ese_format::page_size::PageSize;

use backup_restore::{BackupOptions, BackupPlace, PendingOptions, RestoreRunOptions, RestoreSetsOptions};

use crate::failure::ExitRule;
use crate::log_dump::CsvEncoding;
use crate::output::Renderer;

/// A whole command line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// What to do.
    pub command: Command,
    /// How to do and show it.
    pub settings: Settings,
}

/// What holds for every command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How results are shown.
    pub renderer: Renderer,
    /// Whether the banner is printed (classic renderer only).
    pub banner: Banner,
    /// Page size given by the user, who wants no guess from the file.
    pub page_size: Option<PageSize>,
    /// What the user said about progress.
    pub progress: ProgressWish,
    /// How the exit status is made.
    pub exit_rule: ExitRule,
    /// How lines end.
    pub line_ends: LineEnds,
    /// How a CSV file of log records is encoded.
    pub csv_encoding: CsvEncoding,
}

/// Whether the banner is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banner {
    /// As Windows' tool does.
    Shown,
    /// `/o`, `--quiet`.
    Hidden,
}

/// What the user said about progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressWish {
    /// A live bar on a terminal, else the ruler of Windows' tool.
    Auto,
    /// The ruler.
    Plain,
    /// Nothing.
    None,
}

/// How lines of text end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnds {
    /// Line feed.
    Lf,
    /// Carriage return and line feed (`--crlf`).
    CrLf,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Show what is in a file (`/m…`, `dump …`).
    Dump(Dump),
    /// Recompute every checksum of files (`/k`, `checksum`).
    Checksum(ChecksumOptions),
    /// Write all rows of tables (`export`).
    Export(ExportOptions),
    /// List the tables (`tables`).
    Tables(PathBuf),
    /// Say what a file is (`info`).
    Info(Vec<PathBuf>),
    /// Check that a database is sound (`/g`, `check`).
    Check(CheckOptions),
    /// Compact a database (`/d`, `compact`).
    Compact(CompactOptions),
    /// Recover the databases of a log stream (`/r`, `recover`).
    Recover(RecoverOptions),
    /// Show `Restore.env` of a folder (`/cm`, `restore show`).
    RestoreShow(PathBuf),
    /// Run hard recovery of a folder with `Restore.env` (`/cc`, `restore run`).
    RestoreRun(RestoreRunOptions),
    /// Restore backup sets from beginning to end (`restore`).
    RestoreSets(RestoreSetsOptions),
    /// Show, write or carry out a "Restore in Progress" record (`restore pending`).
    RestorePending(PendingOptions),
    /// Take a backup (`backup`).
    Backup(BackupOptions),
    /// Say what backup sets are good for (`verify-backup`).
    VerifyBackup(Vec<PathBuf>),
    /// Translate error codes (`error`).
    ErrorCodes(Vec<String>),
    /// A mode of Windows' tool that this version does not have.
    Unavailable(&'static str),
    /// Windows' help (`/?`).
    ClassicHelp,
    /// Our help: of one verb, or of all.
    Help(Option<String>),
    /// Name and version.
    Version,
}

/// A dump of one kind from one or more files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump {
    /// What is dumped.
    pub kind: DumpKind,
    /// The files; the Windows switches name exactly one.
    pub sources: Vec<PathBuf>,
    /// Everything else that was said.
    pub options: DumpOptions,
}

/// What is dumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DumpKind {
    /// Database header (`/mh`).
    Header,
    /// Checkpoint (`/mk`).
    Checkpoint,
    /// One log or a set of logs (`/ml`).
    Log,
    /// Tables, columns and indexes (`/mm`).
    MetaData,
    /// Space usage per tree (`/ms`).
    Space,
    /// What every page is used for (`/mc`).
    SpaceCategory,
    /// Every node of every tree (`/mn`).
    Nodes,
    /// Flush map (`/mp`).
    FlushMap,
    /// One page (`/m /p`).
    Page,
    /// One node, by its line (`/m /n`).
    Node,
    /// One node, by its tag (`/m /i`).
    Tag,
    /// The node at a bookmark (`/m /p /k`).
    Seek,
    /// Revert snapshot (`/mr`).
    RevertSnapshot,
    /// Fast trace log (`/mt`).
    TraceLog,
    /// Cache file (`/mb`).
    CacheFile,
}

/// How much a dump shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Without `/v`.
    #[default]
    Summary,
    /// `/v1`: structure.
    Structure,
    /// `/v`, `/v2`: structure and data.
    Data,
}

/// Log generations `first..=last`, of which an end may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerationRange {
    /// First generation.
    pub first: u32,
    /// Last generation; open without one.
    pub last: Option<u32>,
}

/// Pages `first..=last`; the end is open without `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRange {
    /// First page.
    pub first: u32,
    /// Last page; to the end without one.
    pub last: Option<u32>,
}

/// Whether a part of a dump was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Not asked for.
    #[default]
    No,
    /// Asked for.
    Yes,
}

impl Wanted {
    /// Whether it was asked for.
    #[must_use]
    pub fn is_wanted(self) -> bool {
        self == Self::Yes
    }
}

/// How deep `/ms` goes into space trees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpaceTrees {
    /// Not shown.
    #[default]
    Hidden,
    /// `/d1`: their rows.
    Rows,
    /// `/d2`: rows and extents.
    Extents,
}

/// The options of all dumps; each reads those that are its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DumpOptions {
    /// `/v`, `/v1`, `/v2`.
    pub verbosity: Verbosity,
    /// `/t<table>`.
    pub table: Option<String>,
    /// `/s`: the I/O table of a log.
    pub io_table: Wanted,
    /// `/c<file>`: CSV of log records into this file.
    pub csv_file: Option<PathBuf>,
    /// `/csv` of `/ms`: comma-separated columns.
    pub csv_columns: Wanted,
    /// `/r<gen>[-<gen>]` of `/ml`.
    pub generations: Option<GenerationRange>,
    /// `/l` of `/ms`.
    pub leaks: Wanted,
    /// `/d1`, `/d2` of `/ms`.
    pub space_trees: SpaceTrees,
    /// `/f<list>` of `/ms`: names as given, known to be fields or sets; `/f` of `/mc`.
    pub fields: Vec<String>,
    /// `/f` of `/mc`: full categorization.
    pub full_categorization: Wanted,
    /// `/a` of `/mn`: deleted nodes too.
    pub deleted_nodes: Wanted,
    /// `/p<page>`: the page as given, -1 and 0 being the header copies.
    pub page: Option<i64>,
    /// `/p<first>:<last>` of `/mc`.
    pub pages: Option<PageRange>,
    /// Line of `/n`, tag of `/i`; -1 means all.
    pub line: Option<i64>,
    /// `/k<hex>`, as typed.
    pub key: Option<String>,
    /// `/d<hex>` after `/k`, as typed.
    pub data: Option<String>,
}

/// Options of a checksum run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChecksumOptions {
    /// The files; the Windows switches name exactly one.
    pub sources: Vec<PathBuf>,
    /// `/e`: do not read the database at all.
    pub skip_database: Wanted,
    /// `/t<db>`: name shown as the temporary database.
    pub temporary: Option<PathBuf>,
    /// `--pause=N`: sleep a second after this many reads.
    pub pause_after_reads: Option<u32>,
}

/// Options of an integrity check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// The databases; the Windows switches name exactly one.
    pub sources: Vec<PathBuf>,
    /// `/t<db>`: name shown as the temporary database.
    pub temporary: Option<PathBuf>,
    /// `/f<prefix>`: what the name of the report file begins with.
    pub report_prefix: Option<String>,
    /// `/b`: do not rebuild and compare indexes.
    pub skip_indexes: Wanted,
    /// `/n`: statistics of the tables.
    pub statistics: Wanted,
    /// `--yes`: a database that is not clean is checked without asking.
    pub assume_yes: Wanted,
}

/// Options of a compaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactOptions {
    /// The database.
    pub source: PathBuf,
    /// `/t<db>`, `--to`: the new file; without one a name beside the source.
    pub target: Option<PathBuf>,
    /// Whether a file of that name goes first, as Windows' tool does.
    pub replaces_target: Wanted,
    /// `/p`, `--to`: the new file does not take the place of the old one.
    pub keeps_source: Wanted,
    /// `/b<db>`, `--backup`: the old file keeps this name.
    pub backup: Option<PathBuf>,
    /// `/n`: statistics.
    pub statistics: Wanted,
    /// `/x<n>`: pages by which the new file grows.
    pub extension_pages: Option<u32>,
    /// `/c<n>`: pages of the cache.
    pub cache_pages: Option<u32>,
}

/// Options of a recovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoverOptions {
    /// The base name of the logs.
    pub base_name: String,
    /// `/l`: folder of the logs, as typed.
    pub logs: Option<String>,
    /// `/s`: folder of the checkpoint, as typed.
    pub system: Option<String>,
    /// `/d`: folder of all databases; no text for the current one.
    pub databases: Option<Option<String>>,
    /// `/n`: databases that are elsewhere.
    pub moved: Vec<MovedDatabase>,
    /// `/n*`: databases that are not named stay where the log says.
    pub unnamed_stay: Wanted,
    /// `/i`: databases may be missing.
    pub ignore_missing: Wanted,
    /// `/t`: delete the logs that are not needed any more.
    pub truncate: Wanted,
    /// `/u`: stop before undo.
    pub without_undo: Wanted,
    /// `/u<gen>`: stop behind this generation.
    pub stop_generation: Option<i32>,
    /// `/a`: commits at the end may be lost.
    pub accept_loss: Wanted,
    /// `/e`: a new stream where there is none.
    pub may_be_empty: Wanted,
    /// `/v`: every step.
    pub verbose: Wanted,
    /// `/m`: pages of the temporary database.
    pub temporary_pages: Option<u32>,
    /// `/c8`: eight digits in the names of logs.
    pub eight_digits: Wanted,
}

/// A database that is not where the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedDatabase {
    /// Where it is.
    pub new: String,
    /// Where the log says; `None`: its identity tells.
    pub old: Option<String>,
}

impl MovedDatabase {
    /// `new` or `new:old`; the colon behind a drive letter does not count.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let has_drive = text.as_bytes().get(1) == Some(&b':')
            && text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
        let from = if has_drive { 2 } else { 0 };
        let colon = text.get(from..).and_then(|rest| rest.find(':')).map(|at| at + from);
        let (new, old) = match colon {
            Some(at) => (text.get(..at), text.get(at + 1..)),
            None => (Some(text), None),
        };
        let old = old.filter(|old| !old.is_empty()).map(str::to_owned);
        Self { new: new.unwrap_or_default().to_owned(), old }
    }
}

/// How rows are exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object a line.
    #[default]
    JsonLines,
    /// Comma-separated values, a header line per table.
    Csv,
}

/// Options of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportOptions {
    /// The database.
    pub source: PathBuf,
    /// One table, or all.
    pub table: Option<String>,
    /// How rows are written.
    pub format: ExportFormat,
    /// `--raw`: DateTime as the stored double.
    pub raw_dates: Wanted,
}

/// A command line that cannot be understood, with the text the classic tool prints before its help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageError {
    /// Sentences as printed, line ends included (empty: help without a sentence), then help.
    Classic(String),
    /// No source: not followed by help, but by JET_errInvalidParameter (spec 10 §1.5).
    MissingSource {
        /// The sentence.
        sentence: &'static str,
        /// Empty lines between the sentence and the ending line.
        blank_lines: usize,
        /// `/o` hides the banner here.
        banner: Banner,
    },
    /// The long forms: one sentence for standard error.
    Long(String),
}

impl UsageError {
    /// A classic usage error with its usual prefix.
    #[must_use]
    pub fn sentence(sentence: impl AsRef<str>) -> Self {
        Self::Classic(format!("Usage Error: {}\n\n", sentence.as_ref()))
    }

    /// The help without a sentence.
    #[must_use]
    pub fn silent() -> Self {
        Self::Classic(String::new())
    }

    /// The sentence alone, for `--json`.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Classic(text) if text.trim().is_empty() => "Usage error",
            Self::Classic(text) => text.trim(),
            Self::MissingSource { sentence, .. } => sentence,
            Self::Long(text) => text,
        }
    }
}

/// Understands a command line; `arguments` start with the program's own name.
///
/// # Errors
/// [`UsageError`], with the settings as far as they were understood.
pub fn parse(arguments: &[OsString]) -> Result<Invocation, (UsageError, Settings)> {
    let program = arguments.first().map(Path::new);
    let rest = arguments.get(1..).unwrap_or_default();
    let (mut settings, rest) = globals::take(rest).map_err(|(error, settings)| (error, *settings))?;
    if let Some(help) = globals::help_request(&rest) {
        settings.renderer = globals::plain_unless_json(settings.renderer);
        return Ok(Invocation { command: help, settings });
    }
    // A word that is no verb is answered as Windows' tool answers it.
    let is_verb = rest.first().and_then(|first| first.to_str()).is_some_and(long::is_verb);
    let parsed = if is_verb && !words::is_esentutl(program) {
        settings.renderer = globals::plain_unless_json(settings.renderer);
        long::parse(&rest)
    } else {
        let has_restore = !words::is_esentutl(program);
        if has_restore {
            classic::parse(&rest, &mut settings)
        } else {
            classic::parse_as_windows(&rest, &mut settings)
        }
    };
    match parsed {
        Ok(Command::Export(_)) if settings.renderer == Renderer::Json => {
            let sentence = "export writes JSON lines by itself (--format jsonl); leave --json out";
            Err((UsageError::Long(sentence.to_owned()), settings))
        }
        Ok(Command::Backup(options))
            if settings.renderer == Renderer::Json && options.place == BackupPlace::Stream =>
        {
            let sentence = "with --stream standard output is the backup; leave --json out";
            Err((UsageError::Long(sentence.to_owned()), settings))
        }
        Ok(command) => Ok(Invocation { command, settings }),
        Err(error) => Err((error, settings)),
    }
}

#[cfg(test)]
mod tests;
