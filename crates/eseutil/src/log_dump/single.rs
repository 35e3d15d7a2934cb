//! One log: dump, CSV or verification, as text and for `--json` (spec 10 §6.3.1).
//!
//! Invariant: what is known before damage is met is shown; the verdict line is the last one.

use std::io::{self, Write};
use std::path::Path;

use ese_format::error::FormatError;
use ese_format::lgpos::Lgpos;
use ese_format::log::LogHeader;
use serde_json::{Map, Value, json};

use crate::failure::{CommandResult, Failure};
use crate::output::{Output, Renderer};
use crate::text_forms::lgpos_json;

use super::csv::CsvFile;
use super::examination::{Damaged, Examination, Sinks, Totals};
use super::header_block::{self, hexadecimal};
use super::text::LastLgpos;
use super::walk::Walk;
use super::{LogDumpOptions, LogPurpose, base_of, source, write_error};

/// What the examination of one log found.
pub(super) struct Examined {
    /// Where its data ends.
    pub(super) end: Lgpos,
    /// XOR of the checksums of its segments up to there.
    pub(super) accumulated: u64,
    pub(super) totals: Totals,
    /// Why its data ends too early.
    pub(super) damage: Option<FormatError>,
    /// Records for the JSON document, when they were asked for.
    records: Option<Vec<Value>>,
}

impl Examined {
    /// The sentence about damage.
    pub(super) fn damage_sentence(&self, damage: &FormatError) -> String {
        format!("Log damaged (unusable). Last Lgpos: {}. Error {}.", LastLgpos(self.end), damage.jet().code())
    }

    /// Success, or the failure that names the place of the damage.
    pub(super) fn into_result(self, file: &Path) -> CommandResult {
        let Some(damage) = self.damage else { return Ok(()) };
        Err(Failure::of_format(damage, file).with_detail(format!("damaged at lgpos {}", LastLgpos(self.end))))
    }

    /// What the JSON document says of the log, its header included.
    pub(super) fn to_json(&self, header: &LogHeader, checkpoint: Option<Lgpos>) -> Map<String, Value> {
        let page_bytes = page_bytes(header);
        let total = self.totals.statistics.total();
        let mut members = Map::new();
        let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
        match header_block::to_json(header, checkpoint) {
            Ok(header) => set("header", header),
            Err(error) => set("header", json!({ "error": error.to_string() })),
        };
        set("last_lgpos", lgpos_json(self.end));
        set("accumulated_segment_checksum", json!(hexadecimal(self.accumulated)));
        set("records_total", json!(total.records));
        set("bytes_total", json!(total.bytes));
        set("histogram", self.totals.statistics.to_json());
        set("unknown_types", json!(self.totals.statistics.unknown_types()));
        set("length_mismatches", json!(self.totals.length_mismatches));
        set("page_references", json!(self.totals.io.references()));
        set("io", self.totals.io.to_json(page_bytes));
        set("damage", self.damage.as_ref().map_or(Value::Null, |damage| json!(damage.to_string())));
        if let Some(records) = &self.records {
            set("records", json!(records));
            set("records_left_out", json!(self.totals.unlisted));
        }
        members
    }
}

/// Bytes of a database page for the I/O table; the default where the header names none.
fn page_bytes(header: &LogHeader) -> u64 {
    header.page_size().map_or(4096, |size| size.bytes() as u64)
}

/// Walks a log whose header is good. Text of the records goes to `out` if wanted, CSV lines to `csv`.
pub(super) fn examine(
    walk: &Walk<'_>,
    options: &LogDumpOptions,
    out: &mut Output<'_>,
    mut csv: Option<&mut CsvFile>,
) -> CommandResult<Examined> {
    if let Some(csv) = &mut csv {
        csv.header(walk.header()).map_err(|error| Failure::of_io(&error, csv.path()))?;
    }
    let wants_records = options.shows_records();
    let as_json = out.renderer() == Renderer::Json;
    let mut records = (wants_records && as_json).then(Vec::new);
    let sinks = Sinks {
        text: (wants_records && !as_json).then_some(out as &mut dyn Write),
        csv: csv.as_deref_mut(),
        json: records.as_mut(),
    };
    let mut examination = Examination::new(walk.header(), options.verbosity, sinks);
    let damage = walk.events(|event| examination.take(event))?;
    let damaged = if damage.is_some() { Damaged::Yes } else { Damaged::No };
    let totals = examination.finish(walk.start(), damaged)?;
    if let (Some(csv), None) = (&mut csv, &damage) {
        csv.end().map_err(|error| Failure::of_io(&error, csv.path()))?;
    }
    let (end, damage) = damage.map_or((walk.end(), None), |(position, error)| (position, Some(error)));
    Ok(Examined { end, accumulated: walk.accumulated(), totals, damage, records })
}

/// Writes the dump of one log from `lGeneration:` to the page references; the caller adds the verdict.
pub(super) fn dump(
    walk: &Walk<'_>,
    full_path: &Path,
    options: &LogDumpOptions,
    checkpoint: Option<Lgpos>,
    out: &mut Output<'_>,
) -> CommandResult<Examined> {
    header_block::write(walk.header(), checkpoint, out)?;
    writeln!(out)?;
    if !options.shows_records() {
        let examined = examine(walk, options, out, None)?;
        if examined.damage.is_none() {
            write_end(walk, out)?;
            write_references(walk, &examined, options, out)?;
        }
        return Ok(examined);
    }
    if walk.damage().is_none() {
        write_end(walk, out)?;
    }
    let examined = examine(walk, options, out, None)?;
    if examined.damage.is_some() {
        writeln!(out, "      Last Lgpos: {}\n", LastLgpos(examined.end))?;
        writeln!(out, "Log Damaged (unusable): {}\n", full_path.display())?;
    }
    examined.totals.statistics.write(out)?;
    if examined.damage.is_none() {
        write_references(walk, &examined, options, out)?;
    }
    Ok(examined)
}

fn write_end(walk: &Walk<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "      Last Lgpos: {}", LastLgpos(walk.end()))?;
    writeln!(out, "      Accumulated segment checksum: {}", hexadecimal(walk.accumulated()))
}

fn write_references(
    walk: &Walk<'_>,
    examined: &Examined,
    options: &LogDumpOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let io = &examined.totals.io;
    writeln!(out, "\nNumber of database page references:  {}", io.references())?;
    if options.io_table.is_wanted() || options.shows_records() {
        writeln!(out)?;
        io.write(page_bytes(walk.header()), out)?;
    }
    Ok(())
}

/// `/ml FILE` and `/k FILE`.
pub(super) fn run(options: &LogDumpOptions, out: &mut Output<'_>) -> CommandResult {
    let result = run_body(options, out);
    if options.purpose == LogPurpose::Dump {
        out.frame(format_args!("\n"))?;
    }
    result
}

fn run_body(options: &LogDumpOptions, out: &mut Output<'_>) -> CommandResult {
    let shown = options.source.as_path();
    out.frame(format_args!("\n"))?;
    if options.purpose == LogPurpose::Dump {
        writeln!(out, "      Base name: {}\n      Log file: {}", base_of(shown), shown.display())?;
    }
    let mut csv = open_csv(options, out)?;
    let bytes = match source::read(&options.located(shown), shown) {
        Ok(bytes) => bytes,
        Err(unreadable) => {
            write_error(16, &unreadable.sentence, out)?;
            return Err(unreadable.failure);
        }
    };
    let walk = Walk::open(&bytes).map_err(|error| Failure::of_format(error, shown))?;
    let checkpoint = super::checkpoint(options, &base_of(shown));
    let examined = match (options.purpose, &mut csv) {
        (LogPurpose::Dump, None) => dump(&walk, &options.full(shown), options, checkpoint, out)?,
        (_, csv) => examine(&walk, options, out, csv.as_mut())?,
    };
    for (name, value) in examined.to_json(walk.header(), checkpoint) {
        out.set(&name, value);
    }
    if let Some(csv) = csv {
        csv.finish().map_err(|error| Failure::of_io(&error, shown))?;
    }
    match &examined.damage {
        None if options.csv_file.is_some() => {}
        None => {
            let blank = if options.purpose == LogPurpose::Dump { "\n" } else { "" };
            writeln!(out, "{blank}Integrity check passed for log file: {}", shown.display())?;
        }
        Some(_) if options.shows_records() => {}
        Some(damage) => {
            let sentence = examined.damage_sentence(damage);
            if options.csv_file.is_some() {
                writeln!(out)?;
            }
            write_error(if options.csv_file.is_some() { 16 } else { 6 }, &sentence, out)?;
        }
    }
    examined.into_result(shown)
}

/// Creates the CSV file that was asked for, and says so.
pub(super) fn open_csv(options: &LogDumpOptions, out: &mut Output<'_>) -> CommandResult<Option<CsvFile>> {
    let Some(path) = &options.csv_file else { return Ok(None) };
    writeln!(out, "      Csv file: {}", path.display())?;
    match CsvFile::create(&options.located(path), options.csv_encoding) {
        Ok(file) => Ok(Some(file)),
        Err(error) => Err(Failure::of_io(&error, path)),
    }
}
