//! One walk over a log that gives every record to what was asked for: text, totals, page references, CSV, JSON.
//!
//! Invariant: all of them see the same records in the same order, each decoded once.

use std::io::{self, Write};

use ese_format::lgpos::Lgpos;
use ese_format::log::record::Nop;
use ese_format::log::{LogHeader, Record, RecordType};
use serde_json::{Value, json};

use crate::command_line::Verbosity;
use crate::text_forms::{LogtimeText, lgpos_json};

use super::csv::{CsvFile, CsvRecord};
use super::header_block::hexadecimal;
use super::io_summary::IoSummary;
use super::page_references;
use super::record_names::{dump_name, type_name};
use super::record_text::{self, TextStyle};
use super::statistics::Statistics;
use super::text::PrefixLgpos;
use super::walk::{Event, WalkedRecord};

/// Records that the JSON document lists at most: it is built in memory.
const RECORDS_LISTED_MAX: usize = 200_000;

/// Where records go besides the totals.
#[derive(Default)]
pub(super) struct Sinks<'a> {
    /// Text of every record.
    pub(super) text: Option<&'a mut dyn Write>,
    /// CSV lines.
    pub(super) csv: Option<&'a mut CsvFile>,
    /// Members of a JSON array.
    pub(super) json: Option<&'a mut Vec<Value>>,
}

/// What the records of one log add up to.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) statistics: Statistics,
    pub(super) io: IoSummary,
    /// Framed records whose content has another length than their type's layout.
    pub(super) length_mismatches: u64,
    /// Records that were not listed in the JSON document any more.
    pub(super) unlisted: u64,
}

/// Whether damage cut a walk short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damaged {
    No,
    Yes,
}

/// The examination of one log.
pub(super) struct Examination<'a> {
    style: TextStyle,
    sinks: Sinks<'a>,
    totals: Totals,
    line: String,
}

impl<'a> Examination<'a> {
    pub(super) fn new(header: &LogHeader, verbosity: Verbosity, sinks: Sinks<'a>) -> Self {
        let style = TextStyle { verbosity, commit_context: header.version().commit_context_layout() };
        Self { style, sinks, totals: Totals::default(), line: String::new() }
    }

    /// Takes what the walk met next.
    pub(super) fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Segment(segment) => {
                let Some(text) = &mut self.sinks.text else { return Ok(()) };
                writeln!(
                    text,
                    "Segment Checksum: {}, LGPOS ({}), logtimeStart {}",
                    hexadecimal(segment.checksum.get()),
                    PrefixLgpos(segment.position),
                    LogtimeText(&segment.started),
                )
            }
            Event::Record(record) => self.record(record),
        }
    }

    fn record(&mut self, walked: &WalkedRecord<'_>) -> io::Result<()> {
        let code = walked.record.record_type() as u8;
        let bytes = walked.bytes.len() as u64;
        // Padding counts byte by byte: each is a record of its own.
        let records = if let Record::Nop(_) = walked.record { bytes } else { 1 };
        self.totals.statistics.add(code, records, bytes);
        if is_length_mismatch(&walked.record) {
            self.totals.length_mismatches += 1;
        }
        for reference in page_references::of_record(&walked.record) {
            self.totals.io.add(&reference);
        }
        if let Some(csv) = &mut self.sinks.csv {
            csv.record(&CsvRecord {
                position: walked.position,
                bytes: walked.bytes,
                record: &walked.record,
            })?;
        }
        if self.sinks.text.is_none() && self.sinks.json.is_none() {
            return Ok(());
        }
        self.line.clear();
        record_text::write(&mut self.line, &walked.record, self.style).map_err(io::Error::other)?;
        if let Some(text) = &mut self.sinks.text {
            writeln!(text, ">{} {}", PrefixLgpos(walked.position), self.line)?;
            if let Record::Nop(Nop { count: count @ 2.. }) = walked.record {
                writeln!(text, ">{:17}NOPEnd    (Total NOPs: {count})", "")?;
            }
        }
        if let Some(json) = &mut self.sinks.json {
            if json.len() < RECORDS_LISTED_MAX {
                json.push(record_json(walked, &self.line));
            } else {
                self.totals.unlisted += 1;
            }
        }
        Ok(())
    }

    /// Shows the padding that stands for a log without records, and hands out the totals.
    pub(super) fn finish(mut self, start: Lgpos, damaged: Damaged) -> io::Result<Totals> {
        if let (Some(text), Damaged::No, 0) =
            (&mut self.sinks.text, damaged, self.totals.statistics.total().records)
        {
            let nop = RecordType::Nop as u8;
            writeln!(text, ">{} {:<9}", PrefixLgpos(start), dump_name(nop))?;
            self.totals.statistics.add(nop, 1, 1);
        }
        Ok(self.totals)
    }
}

/// A type whose content is known, kept undecoded because the frame has another length.
fn is_length_mismatch(record: &Record<'_>) -> bool {
    let free = |code| matches!(code, 75 | 82..=91);
    matches!(record, Record::Ignored(ignored) if !free(ignored.record_type as u8))
}

fn record_json(walked: &WalkedRecord<'_>, line: &str) -> Value {
    let code = walked.record.record_type() as u8;
    json!({
        "lgpos": lgpos_json(walked.position),
        "type": code,
        "name": type_name(code),
        "bytes": walked.bytes.len(),
        "text": line.get(9..).unwrap_or_default().trim(),
    })
}
