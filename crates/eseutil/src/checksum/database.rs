//! The pages of a database (or the copies of a checkpoint), read in 256 KB pieces by all processors.
//!
//! Piece `n` is read and judged by worker `n mod workers`; the results come back through one short queue per worker, so
//! that they are taken in file order and memory stays bounded however far one worker is behind.
//!
//! Invariants: every whole page is judged exactly once; an incomplete last page is not counted; findings are printed in
//! the order of the file.

use std::io::{self, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use ese_format::error::{FileKind, FormatError, JetError, Problem};
use ese_format::page_size::PageSize;
use serde_json::{Value, json};

use super::pages::{Damage, Finding, Geometry, Sums, judge, page_number};
use crate::command_line::ChecksumOptions;
use crate::failure::{CommandResult, Failure};
use crate::output::{Output, Renderer};
use crate::progress::Progress;
use crate::source_file::SourceFile;
use crate::text_forms::u64_json;

/// Bytes of one read, as in the original: it also fits the processor's second-level cache.
const READ_BYTES: u64 = 256 * 1024;
/// Results waiting per worker.
const QUEUE_LENGTH: usize = 4;
/// Pages listed in the JSON document at most.
const LISTED_MAX: usize = 10_000;
const MEGABYTE: u64 = 1024 * 1024;

/// What a worker tells about one piece.
struct Piece {
    sums: Sums,
    findings: Vec<Finding>,
    read_time: Duration,
    error: Option<io::Error>,
}

/// Times of the reads.
#[derive(Default)]
struct Reads {
    count: u64,
    total: Duration,
    slowest: Duration,
}

/// Reads and judges a file, and says what was found.
pub(super) fn run(
    file: &SourceFile,
    size: PageSize,
    kind: FileKind,
    options: &ChecksumOptions,
    out: &mut Output<'_>,
) -> CommandResult {
    if options.skip_database.is_wanted() {
        out.frame(format_args!("\n"))?;
        return Ok(());
    }
    let pages = file.length() / size.bytes() as u64;
    let geometry = Geometry { size, pages, header_pages: 2 };
    let name: String = file.path().to_string_lossy().chars().take(64).collect();
    write!(out, "\nFile: {name}\n\n")?;
    let mut progress = Progress::begin("Checksum Status", file.length(), out)?;
    let started = Instant::now();
    let mut run = Run::new(file, kind, size);
    each_piece(file, geometry, options.pause_after_reads, |number, piece| {
        run.take(number, piece, out)?;
        let done = number.saturating_add(1).saturating_mul(READ_BYTES).min(file.length());
        Ok(progress.advance(done, out)?)
    })?;
    progress.complete(out)?;
    run.finish(&geometry, started.elapsed(), out)
}

/// What the pages of a database came to, for commands that look at several files.
#[derive(Debug)]
pub(crate) struct PageReport {
    /// Pages, header copies and trailer among them.
    pub(crate) seen: u64,
    /// Pages of which one wrong bit is known.
    pub(crate) correctable: u64,
    /// Pages beyond repair.
    pub(crate) bad: u64,
    /// The first of those, each named.
    pub(crate) failures: Vec<Failure>,
}

/// Failures that a report keeps.
const FAILURES_KEPT_MAX: usize = 100;

/// Looks at every page of a database, or of a backup copy with its trailer; `advanced` hears how many bytes are done.
///
/// # Errors
/// When the file cannot be read; those of `advanced`.
pub(crate) fn look_at_pages(
    file: &SourceFile,
    size: PageSize,
    mut advanced: impl FnMut(u64) -> CommandResult,
) -> CommandResult<PageReport> {
    let geometry = Geometry { size, pages: file.length() / size.bytes() as u64, header_pages: 2 };
    let named = Run::new(file, FileKind::Database, size);
    let (mut sums, mut failures, mut unread) = (Sums::default(), Vec::new(), None);
    each_piece(file, geometry, None, |number, piece| {
        sums.add(&piece.sums);
        let bad =
            piece.findings.iter().filter(|finding| !matches!(finding.damage, Damage::Correctable { .. }));
        failures.extend(bad.map(|finding| named.failure(finding)).take(FAILURES_KEPT_MAX - failures.len()));
        if let Some(error) = &piece.error {
            unread.get_or_insert_with(|| Failure::of_io(error, file.path()));
        }
        advanced(number.saturating_add(1).saturating_mul(READ_BYTES).min(file.length()))
    })?;
    match unread {
        Some(failure) => Err(failure),
        None => Ok(PageReport { seen: sums.seen, correctable: sums.correctable, bad: sums.bad, failures }),
    }
}

/// Has every piece of a file read and judged, and takes them in their order.
fn each_piece(
    file: &SourceFile,
    geometry: Geometry,
    pause_after_reads: Option<u32>,
    mut take: impl FnMut(u64, &Piece) -> CommandResult,
) -> CommandResult {
    let pieces = file.length().div_ceil(READ_BYTES);
    thread::scope(|scope| {
        let queues = start_workers(scope, file, geometry, pause_after_reads, pieces);
        for (number, queue) in (0..pieces).zip(queues.iter().cycle()) {
            let Ok(piece) = queue.recv() else { break };
            take(number, &piece)?;
        }
        Ok(())
    })
}

fn start_workers<'scope, 'env>(
    scope: &'scope thread::Scope<'scope, 'env>,
    file: &'env SourceFile,
    geometry: Geometry,
    pause_after_reads: Option<u32>,
    pieces: u64,
) -> Vec<Receiver<Piece>> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    // A pause between reads makes sense for one reader only.
    let workers = if pause_after_reads.is_some() { 1 } else { processors.clamp(1, pieces.max(1)) };
    (0..workers)
        .map(|first| {
            let (sender, receiver) = sync_channel(QUEUE_LENGTH);
            scope.spawn(move || {
                work(file, &geometry, pause_after_reads, (first, workers, pieces), &sender);
            });
            receiver
        })
        .collect()
}

/// Reads and judges every `step`th piece from `first` on, until all are done or nobody listens.
fn work(
    file: &SourceFile,
    geometry: &Geometry,
    pause_after_reads: Option<u32>,
    (first, step, pieces): (u64, u64, u64),
    results: &SyncSender<Piece>,
) {
    let mut buffer = vec![0; READ_BYTES as usize];
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    for number in (first..pieces).step_by(step) {
        let offset = number.saturating_mul(READ_BYTES);
        if let Some(reads) = pause_after_reads.filter(|&reads| reads > 0)
            && number > 0
            && number % u64::from(reads) == 0
        {
            thread::sleep(Duration::from_secs(1));
        }
        let started = Instant::now();
        let read = file.read_at(offset, &mut buffer);
        let read_time = started.elapsed();
        let mut findings = Vec::new();
        let piece = match read {
            Ok(count) => {
                let first_index = offset / geometry.size.bytes() as u64;
                let sums =
                    judge(buffer.get(..count).unwrap_or_default(), first_index, geometry, &mut findings);
                Piece { sums, findings, read_time, error: None }
            }
            Err(error) => Piece { sums: Sums::default(), findings, read_time, error: Some(error) },
        };
        if results.send(piece).is_err() {
            return;
        }
    }
}

/// The run as seen from the thread that prints.
struct Run<'a> {
    file: &'a SourceFile,
    kind: FileKind,
    size: PageSize,
    sums: Sums,
    reads: Reads,
    listed: Vec<Value>,
    first_error: Option<Failure>,
}

impl<'a> Run<'a> {
    fn new(file: &'a SourceFile, kind: FileKind, size: PageSize) -> Self {
        let (sums, reads) = (Sums::default(), Reads::default());
        Self { file, kind, size, sums, reads, listed: Vec::new(), first_error: None }
    }

    fn take(&mut self, number: u64, piece: &Piece, out: &mut Output<'_>) -> io::Result<()> {
        self.sums.add(&piece.sums);
        self.reads.count = self.reads.count.saturating_add(1);
        self.reads.total = self.reads.total.saturating_add(piece.read_time);
        self.reads.slowest = self.reads.slowest.max(piece.read_time);
        for finding in &piece.findings {
            self.report(finding, out)?;
        }
        if let Some(error) = &piece.error {
            let offset = number.saturating_mul(READ_BYTES);
            let failure = Failure::of_io(error, self.file.path());
            let (code, text) = match &failure {
                Failure::Jet(jet) => (jet.error.code(), crate::failure::error_text(jet.error)),
                Failure::Output(_) => (0, ""),
            };
            out.complain(format_args!(
                "Read at offset 0x{offset:016x} for {READ_BYTES} bytes failed with error {code} ({text})."
            ))?;
            self.first_error.get_or_insert(failure);
        }
        Ok(())
    }

    /// One line on standard error per page with something wrong; the first bad one becomes the failure.
    fn report(&mut self, finding: &Finding, out: &mut Output<'_>) -> io::Result<()> {
        let page = page_number(finding.index);
        let file = if out.renderer() == Renderer::Plain {
            format!("{}: ", self.file.path().display())
        } else {
            String::new()
        };
        match finding.damage {
            Damage::Header { .. } => {
                out.complain(format_args!("{file}ERROR: page {page} (header) checksum failed"))?;
            }
            Damage::Bad { .. } => out.complain(format_args!("{file}ERROR: page {page} checksum failed"))?,
            Damage::Correctable { bit } => out.complain(format_args!(
                "{file}WARNING: page {page} checksum verification failed but the corruption ( bit {bit} ) can be \
                 corrected"
            ))?,
        }
        if self.listed.len() < LISTED_MAX {
            self.listed.push(self.to_json(finding));
        }
        if self.first_error.is_none() && !matches!(finding.damage, Damage::Correctable { .. }) {
            self.first_error = Some(self.failure(finding));
        }
        Ok(())
    }

    fn failure(&self, finding: &Finding) -> Failure {
        let (field, stored, computed) = match finding.damage {
            Damage::Header { stored, computed } => {
                let field = match finding.index {
                    0 => "checksum of the primary header",
                    1 => "checksum of the shadow header",
                    _ => "checksum of the trailer page",
                };
                (field, stored.into(), computed.into())
            }
            Damage::Bad { stored, computed } => ("checksum", stored, computed),
            Damage::Correctable { .. } => ("checksum", 0, 0),
        };
        let problem = Problem::Checksum { stored, computed };
        let error = FormatError::new(self.kind, 0, field, problem, JetError::DATABASE_CORRUPTED);
        let error = match u32::try_from(page_number(finding.index)) {
            Ok(page @ 1..) => error.on_page(page),
            _ => error,
        };
        Failure::of_format(error, self.file.path())
    }

    fn to_json(&self, finding: &Finding) -> Value {
        let page_bytes = self.size.bytes() as u64;
        let mut value = json!({
            "page": page_number(finding.index),
            "file_offset": finding.index.saturating_mul(page_bytes),
            "field": "checksum",
        });
        match finding.damage {
            Damage::Header { stored, computed } => {
                value["problem"] = json!("bad header checksum");
                value["stored"] = json!(stored);
                value["computed"] = json!(computed);
            }
            Damage::Bad { stored, computed } => {
                value["problem"] = json!("bad checksum");
                value["stored"] = json!(format!("{stored:#018x}"));
                value["computed"] = json!(format!("{computed:#018x}"));
            }
            Damage::Correctable { bit } => {
                value["problem"] = json!("correctable");
                value["bit"] = json!(bit);
            }
        }
        value
    }

    fn finish(self, geometry: &Geometry, elapsed: Duration, out: &mut Output<'_>) -> CommandResult {
        let Sums { seen, bad, correctable, uninitialized, highest_dbtime } = self.sums;
        let (dbtime, dbtime_page) =
            highest_dbtime.map_or((0, 0), |(dbtime, index)| (dbtime, page_number(index)));
        writeln!(out, "\n")?;
        writeln!(out, "{seen} pages seen")?;
        writeln!(out, "{bad} bad checksums")?;
        writeln!(out, "{correctable} correctable checksums")?;
        writeln!(out, "{uninitialized} uninitialized pages")?;
        writeln!(out, "0 wrong page numbers")?;
        writeln!(out, "0x{dbtime:x} highest dbtime (pgno 0x{dbtime_page:x})\n")?;
        self.reads.write(seen, geometry, elapsed, out)?;
        out.set("page_size", geometry.size.bytes());
        out.set("pages_seen", seen);
        out.set("bad", bad);
        out.set("correctable", correctable);
        out.set("uninitialized", uninitialized);
        out.set("wrong_page_numbers", 0);
        out.set("highest_dbtime", json!({ "dbtime": u64_json(dbtime), "page": dbtime_page }));
        let omitted = bad.saturating_add(correctable).saturating_sub(self.listed.len() as u64);
        out.set("damaged", self.listed);
        out.set("damaged_not_listed", omitted);
        write!(out, "\n\n\n")?;
        match self.first_error {
            None => Ok(()),
            Some(failure) => {
                write!(out, "\n\n")?;
                Err(failure)
            }
        }
    }
}

impl Reads {
    /// The statistics as the original prints them: whole megabytes, at least one second, the fastest read always 0.
    fn write(
        &self,
        seen: u64,
        geometry: &Geometry,
        elapsed: Duration,
        out: &mut Output<'_>,
    ) -> io::Result<()> {
        let megabytes = seen / (MEGABYTE / geometry.size.bytes() as u64);
        let seconds = elapsed.as_secs().max(1);
        let total = self.total.as_millis();
        let per_read = total.checked_div(u128::from(self.count)).unwrap_or_default();
        writeln!(out, "{} reads performed", self.count)?;
        writeln!(out, "{megabytes} MB read")?;
        writeln!(out, "{seconds} seconds taken")?;
        writeln!(out, "{} MB/second", megabytes / seconds)?;
        writeln!(out, "{total} milliseconds used")?;
        writeln!(out, "{per_read} milliseconds per read")?;
        writeln!(out, "{} milliseconds for the slowest read", self.slowest.as_millis())?;
        writeln!(out, "0 milliseconds for the fastest read")
    }
}
