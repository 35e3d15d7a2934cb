//! `/g`: the verifier of the engine over a closed database (spec 10 §4.3). The database is opened read-only.
//!
//! A database that is not clean is asked about first; checked all the same, it counts as corrupted, whatever its pages
//! say.

mod report_file;

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::time::Instant;

use ese_engine::database::{AcceptedStates, Database, OpenOptions};
use ese_engine::error::Error;
use ese_engine::verify::{Finding, IndexCheck, Severity, VerifyOptions, VerifyReport, verify};
use ese_format::database_header::{DatabaseHeader, DatabaseState};
use ese_format::error::JetError;
use serde_json::{Value, json};

use crate::command_line::{Banner, CheckOptions, Settings};
use crate::failure::{CommandResult, Failure};
use crate::output::{Output, Renderer};
use crate::progress::Progress;
use crate::source_file::{self, SourceFile};
use crate::text_forms::LogtimeText;

/// Checks one database.
///
/// # Errors
/// JET_errDatabaseCorrupted when damage was found; JET_errDatabaseDirtyShutdown for a database that is not clean, when
/// nobody wanted it checked all the same; whatever keeps it from being opened.
pub fn run(
    source: &Path,
    options: &CheckOptions,
    settings: &Settings,
    out: &mut Output<'_>,
) -> CommandResult {
    let started = Instant::now();
    let opened = SourceFile::open(source).and_then(|file| Ok((file.header()?.header, file.length())));
    let (header, length) = match opened {
        Ok(opened) => opened,
        Err(failure) => return Err(source_file::access_error_line(failure, source, out)?),
    };
    let temporary = match &options.temporary {
        Some(temporary) => temporary.display().to_string(),
        None => format!("TEMPINTEG{}.EDB", process::id()),
    };
    out.frame(format_args!("Initiating INTEGRITY mode...\n"))?;
    out.frame(format_args!("        Database: {}\n", source.display()))?;
    out.frame(format_args!("  Temp. Database: {temporary}\n"))?;
    out.frame(format_args!("\nChecking database integrity.\n\n"))?;
    if options.statistics.is_wanted() {
        out.complain(format_args!("eseutil: /n: this version writes no table statistics"))?;
    }
    let is_clean = header.state() == Some(DatabaseState::CleanShutdown);
    let file = report_file::ReportFile::begin(source, options, settings, length, is_clean)?;
    if !is_clean && !accept_dirty(options, settings, out)? {
        file.refused(started)?;
        return Err(Failure::of_file(JetError::DATABASE_DIRTY_SHUTDOWN, source));
    }
    let checked = check(source, options, settings, out)?;
    file.checked(&checked, is_clean, started)?;
    tell(&checked, is_clean, &header, source, out)
}

/// What a check came to: a report, or what kept the catalog from being opened.
enum Checked {
    Report(Box<VerifyReport>, Option<Database>),
    NotOpened(Error),
}

impl Checked {
    fn is_sound(&self) -> bool {
        matches!(self, Self::Report(report, _) if report.is_sound())
    }

    /// Whether some tables were out of reach.
    fn is_catalog_damaged(&self) -> bool {
        match self {
            Self::Report(report, _) => report.damage().any(|finding| {
                finding.place.table.as_deref().is_none_or(|table| table.starts_with("MSysObjects"))
            }),
            Self::NotOpened(_) => true,
        }
    }
}

fn check(
    source: &Path,
    options: &CheckOptions,
    settings: &Settings,
    out: &mut Output<'_>,
) -> CommandResult<Checked> {
    let open =
        OpenOptions { states: AcceptedStates::Any, page_size: settings.page_size, ..OpenOptions::default() };
    let mut bar = Progress::begin("Scanning Status", 100, out)?;
    let database = match Database::open(source, &open) {
        Ok(database) => database,
        Err(error) => {
            out.frame(format_args!("\n"))?;
            return Ok(Checked::NotOpened(error));
        }
    };
    let indexes =
        if options.skip_indexes.is_wanted() { IndexCheck::StructureOnly } else { IndexCheck::Rebuild };
    let options = VerifyOptions { indexes, ..VerifyOptions::default() };
    let mut lost = None;
    let report = verify(&database, &options, &mut |progress| {
        let percent = progress.pages_done.saturating_mul(100).checked_div(progress.pages_total).unwrap_or(0);
        // Output that went away is told once the check is over.
        if let Err(error) = bar.advance(percent, out) {
            lost.get_or_insert(error);
        }
    });
    if let Some(error) = lost {
        return Err(error.into());
    }
    let checked = Checked::Report(Box::new(report), Some(database));
    if checked.is_catalog_damaged() {
        // As the original's, the bar stops where the catalog ends it.
        out.frame(format_args!("\n"))?;
    } else {
        bar.complete(out)?;
        out.frame(format_args!("\n"))?;
    }
    Ok(checked)
}

/// Says what was found.
fn tell(
    checked: &Checked,
    is_clean: bool,
    header: &DatabaseHeader,
    source: &Path,
    out: &mut Output<'_>,
) -> CommandResult {
    let is_sound = is_clean && checked.is_sound();
    match checked {
        Checked::Report(report, _) => {
            describe(report, out);
            if out.renderer() == Renderer::Plain {
                for finding in &report.findings {
                    writeln!(out, "{finding}")?;
                }
                let kept = report.findings.len() as u64;
                let all = report.errors.saturating_add(report.warnings);
                if all > kept {
                    writeln!(out, "{} more findings are not listed", all - kept)?;
                }
            } else {
                tell_of_stale_indexes(report, out)?;
            }
        }
        Checked::NotOpened(error) => {
            if out.renderer() == Renderer::Plain {
                writeln!(out, "ERROR: the catalog cannot be opened: {error}")?;
            }
        }
    }
    if is_sound {
        out.frame(format_args!("\n"))?;
        writeln!(out, "Integrity check successful.")?;
        out.frame(format_args!("\n"))?;
        return Ok(());
    }
    if !checked.is_catalog_damaged() {
        out.frame(format_args!("\n"))?;
    }
    writeln!(out, "Integrity check completed.  Database is CORRUPTED!")?;
    let backup = header.fields.backup_full_previous.time;
    if backup.year() > 1900 {
        let when = LogtimeText(&backup);
        writeln!(out, "Database is CORRUPTED, the last full backup of this database was on {when}")?;
    }
    out.frame(format_args!("\n\n\n\n"))?;
    Err(failure_of(checked, source))
}

/// In the forms that list no findings: which indexes another Windows made, and what to do about them.
fn tell_of_stale_indexes(report: &VerifyReport, out: &mut Output<'_>) -> CommandResult {
    let is_stale = |finding: &&Finding| finding.jet == JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED;
    for finding in report.findings.iter().filter(is_stale) {
        out.complain(format_args!("eseutil: {finding}"))?;
    }
    Ok(())
}

/// The failure: JET_errDatabaseCorrupted, with the first damage as its reason.
fn failure_of(checked: &Checked, source: &Path) -> Failure {
    let failure = Failure::of_file(JetError::DATABASE_CORRUPTED, source);
    match checked {
        Checked::Report(report, _) => match report.damage().next() {
            Some(first) => failure.with_detail(format!("{} errors, the first: {first}", report.errors)),
            None => failure.with_detail("the database was not closed cleanly"),
        },
        Checked::NotOpened(error) => Failure::of_engine(error, source).with_jet(JetError::DATABASE_CORRUPTED),
    }
}

fn describe(report: &VerifyReport, out: &mut Output<'_>) {
    let findings: Vec<Value> = report.findings.iter().map(finding_json).collect();
    for warning in report.findings.iter().filter(|finding| finding.severity == Severity::Warning) {
        out.warn(warning.to_string());
    }
    let counts = report.counts;
    out.set("errors", report.errors);
    out.set("warnings", report.warnings);
    out.set("findings", findings);
    out.set(
        "counts",
        json!({
            "tables": counts.tables,
            "trees": counts.trees,
            "pages": counts.pages,
            "rows": counts.rows,
            "entries": counts.entries,
            "indexes_compared": counts.indexes_compared,
            "indexes_not_compared": counts.indexes_not_compared,
            "long_values": counts.long_values,
            "owned_pages": counts.owned_pages,
            "file_pages": counts.file_pages,
            "leaked_pages": counts.leaked_pages,
        }),
    );
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "severity": match finding.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "code": finding.jet.code(),
        "name": finding.jet.name(),
        "table": finding.place.table,
        "part": finding.place.part,
        "page": finding.page,
        "what": finding.what,
    })
}

/// Whether a database that is not clean is checked: `/o` and `--yes` say so, else the person at the terminal.
fn accept_dirty(options: &CheckOptions, settings: &Settings, out: &mut Output<'_>) -> io::Result<bool> {
    let told = options.assume_yes.is_wanted() || settings.banner == Banner::Hidden;
    out.frame(format_args!(
        "The database is not up-to-date: its log files may hold changes that\n\
         were not written into it yet, and what is found wrong now may be\n\
         right once they are.\n\n\
         Run 'Recovery' first to bring the database up to date.\n\n\n"
    ))?;
    if told {
        return Ok(true);
    }
    let accepted = io::stdin().is_terminal() && io::stderr().is_terminal() && {
        out.complain(format_args!("Check it all the same? [y/N]"))?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        matches!(answer.trim(), "y" | "Y" | "yes")
    };
    if !accepted {
        out.frame(format_args!("\n\n\n"))?;
    }
    Ok(accepted)
}

/// The folder's file the report goes to, where one is wanted.
fn report_path(source: &Path, options: &CheckOptions, settings: &Settings) -> Option<PathBuf> {
    let is_windows_form = settings.renderer == Renderer::Classic;
    let prefix = match (&options.report_prefix, is_windows_form) {
        (Some(prefix), _) => prefix.clone(),
        (None, true) => source.file_stem()?.to_string_lossy().into_owned(),
        (None, false) => return None,
    };
    Some(PathBuf::from(format!("{prefix}.INTEG.RAW")))
}
