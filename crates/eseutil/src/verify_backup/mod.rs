//! `verify-backup`: whether backup sets are whole, and what can be restored from them to which point.
//!
//! Every page of every database and every record of every log is read; signatures, trailers and the line of the logs are
//! compared within a set and from set to set. Nothing is changed.
//!
//! Invariants: "restorable" is said only of a sound copy with an unbroken line of sound logs through all that it needs; every
//! fault names its file, and the page or the place where there is one.

use std::io::Write;
use std::path::{Path, PathBuf};

use ese_engine::io::OsFileSystem;
use ese_engine::log::Generation;
use ese_format::error::JetError;
use ese_format::log::LogEnd;
use ese_format::logtime::Logtime;
use ese_format::signature::Signature;
use serde_json::{Value, json};

use crate::backup_set::{BackupSet, Chain, CopyForm, Flaw, Reach, SetLog, range_text};
use crate::checksum::look_at_pages;
use crate::failure::{CommandResult, Failure};
use crate::output::{Output, ProgressStyle};
use crate::progress::Progress;
use crate::source_file::SourceFile;
use crate::text_forms::{LogtimeText, logtime_json};

/// Verifies sets, in the order in which they were made.
///
/// # Errors
/// That of the first fault; JET_errMissingFullBackup where no set has a database.
pub fn run(folders: &[PathBuf], out: &mut Output<'_>) -> CommandResult {
    let mut sets = folders.iter().map(|folder| BackupSet::read(folder)).collect::<CommandResult<Vec<_>>>()?;
    read_everything(&mut sets, out)?;
    let mut chain = Chain::default();
    let (mut points, mut entries) = (Vec::new(), Vec::new());
    for set in &sets {
        chain.push(set);
        points.extend(points_of(&chain));
        show_set(set, out)?;
        entries.push(set_json(set));
    }
    chain.check_line();
    show_points(&points, &chain, out)?;
    out.set("sets", entries);
    out.set("points", points.iter().map(Point::to_json).collect::<Vec<Value>>());
    let last = last_points(&points, &chain);
    let is_restorable = !last.is_empty() && last.iter().all(|point| point.is_restorable());
    out.set("restorable", is_restorable);
    let chain_flaws = std::mem::take(&mut chain.flaws);
    let unreached = unreachable_failure(&last, &chain);
    let flaws: Vec<Flaw> = sets.into_iter().flat_map(|set| set.flaws).chain(chain_flaws).collect();
    finish(flaws, unreached, out)
}

/// Tells every fault; the first is what the command ends with.
fn finish(flaws: Vec<Flaw>, unreached: Option<Failure>, out: &mut Output<'_>) -> CommandResult {
    let mut failures: Vec<Failure> = flaws.into_iter().map(|flaw| flaw.failure).chain(unreached).collect();
    if failures.is_empty() {
        writeln!(out, "Nothing is wrong.")?;
        return Ok(());
    }
    writeln!(out, "{} problem(s) found.", failures.len())?;
    let first = failures.remove(0);
    for failure in &failures {
        out.note_damage(failure)?;
    }
    Err(first)
}

/// Reads every page and every record.
fn read_everything(sets: &mut [BackupSet], out: &mut Output<'_>) -> CommandResult {
    let bytes = |set: &BackupSet| {
        let databases: u64 = set.databases.iter().map(|database| database.bytes).sum();
        let logs: u64 = set.logs.values().map(|log| log.bytes).sum();
        databases.saturating_add(logs)
    };
    let total = sets.iter().map(bytes).sum();
    // The dotted ruler is for Windows' switches, which have no such command.
    let shows = out.progress() == ProgressStyle::Live;
    let mut bar = if shows { Some(Progress::begin("Verifying", total, out)?) } else { None };
    let mut done: u64 = 0;
    for set in &mut *sets {
        let mut flaws = Vec::new();
        for database in &set.databases {
            let file = SourceFile::open(&database.path)?;
            let report = look_at_pages(&file, database.page_size, |bytes| match &mut bar {
                Some(bar) => Ok(bar.advance(done.saturating_add(bytes), out)?),
                None => Ok(()),
            })?;
            done = done.saturating_add(database.bytes);
            if !report.failures.is_empty() {
                out.warn(format!(
                    "{}: {} of {} pages are damaged",
                    database.path.display(),
                    report.bad,
                    report.seen
                ));
            }
            if report.correctable > 0 {
                let sentence = format!(
                    "{}: {} pages have one wrong bit, which a restore puts right",
                    database.path.display(),
                    report.correctable
                );
                writeln!(out, "WARNING: {sentence}")?;
                out.warn(sentence);
            }
            flaws.extend(report.failures.into_iter().map(|failure| Flaw { failure }));
        }
        for log in set.logs.values_mut() {
            match read_log(&log.path) {
                Ok(accumulated) => log.accumulated = accumulated,
                Err(failure) => {
                    log.is_sound = false;
                    flaws.push(Flaw { failure });
                }
            }
            done = done.saturating_add(log.bytes);
            if let Some(bar) = &mut bar {
                bar.advance(done, out)?;
            }
        }
        set.flaws.append(&mut flaws);
    }
    check_accumulated(sets);
    if let Some(bar) = bar {
        bar.complete(out)?;
    }
    Ok(())
}

/// A log that lost its last segments reads well by itself; the one behind it knows what the checksum over all of them was.
fn check_accumulated(sets: &mut [BackupSet]) {
    let known: Vec<Follower> =
        sets.iter().flat_map(|set| set.logs.values()).filter_map(Follower::of).collect();
    for set in sets {
        let mut flaws = Vec::new();
        for log in set.logs.values_mut().filter(|log| log.is_sound) {
            let Some(accumulated) = log.accumulated else { continue };
            let follower = known.iter().find(|next| next.follows(log) && next.accumulated != accumulated);
            if let Some(next) = follower {
                log.is_sound = false;
                let what = format!(
                    "the checksum over its segments is {accumulated:#018x}, {} says {:#018x}: segments are missing or others",
                    next.path.display(),
                    next.accumulated
                );
                let jet = JetError::LOG_SEQUENCE_CHECKSUM_MISMATCH;
                flaws.push(Flaw { failure: Failure::of_file(jet, &log.path).with_detail(what) });
            }
        }
        set.flaws.append(&mut flaws);
    }
}

/// What a log says of the one before it.
struct Follower {
    path: PathBuf,
    generation: i32,
    stream: Signature,
    previous_created: Logtime,
    accumulated: u64,
}

impl Follower {
    fn of(log: &SetLog) -> Option<Self> {
        Some(Self {
            path: log.path.clone(),
            generation: log.generation,
            stream: log.stream,
            previous_created: log.previous_created,
            accumulated: log.previous_accumulated?,
        })
    }

    fn follows(&self, log: &SetLog) -> bool {
        self.generation == log.generation.saturating_add(1)
            && self.stream == log.stream
            && self.previous_created == log.created
    }
}

/// Reads a log to its end; the checksum over its segments, where the version has one.
fn read_log(path: &Path) -> CommandResult<Option<u64>> {
    let generation =
        Generation::read(&OsFileSystem, path).map_err(|error| Failure::of_engine(&error, path))?;
    let log = generation.log().map_err(|error| Failure::of_engine(&error, path))?;
    if let Some(damage) = log.damage() {
        return Err(Failure::of_format(damage.error.clone(), path));
    }
    let mut records = log.records();
    records.by_ref().for_each(drop);
    match records.end() {
        Some(LogEnd::Damaged(damage)) => Err(Failure::of_format(damage.error.clone(), path)),
        Some(LogEnd::TornRecord(position)) => {
            let what = format!("the log ends inside the record at {position}");
            Err(Failure::of_file(JetError::LOG_FILE_CORRUPT, path).with_detail(what))
        }
        Some(LogEnd::Complete) | None => {
            Ok(log.header().version().is_segmented().then(|| log.accumulated_checksum()))
        }
    }
}

/// How far one database can be brought with the sets up to one of them.
struct Point {
    database: String,
    identity: String,
    reach: Reach,
    needed: (i32, i32),
    sets: Vec<PathBuf>,
}

impl Point {
    fn is_restorable(&self) -> bool {
        matches!(self.reach, Reach::Through { .. })
    }

    fn to_json(&self) -> Value {
        let (generation, time) = match &self.reach {
            Reach::Through { generation, created } => (json!(generation), logtime_json(created)),
            _ => (Value::Null, Value::Null),
        };
        json!({
            "database": self.database,
            "signature": self.identity,
            "restorable": self.is_restorable(),
            "through_log": generation,
            "log_created": time,
            "needs_logs": { "low": self.needed.0, "high": self.needed.1 },
            "sets": self.sets.iter().map(|set| set.to_string_lossy()).collect::<Vec<_>>(),
        })
    }
}

fn points_of(chain: &Chain<'_>) -> Vec<Point> {
    let point = |database: &&crate::backup_set::SetDatabase| Point {
        database: database.name.clone(),
        identity: database.identity.hexadecimal(),
        reach: chain.reach(database),
        needed: database.needed,
        sets: chain.folders(),
    };
    chain.databases.iter().map(point).collect()
}

/// What the sets come to together.
fn last_points<'p>(points: &'p [Point], chain: &Chain<'_>) -> Vec<&'p Point> {
    let from = points.len().saturating_sub(chain.databases.len());
    points.get(from..).unwrap_or_default().iter().collect()
}

fn unreachable_failure(last: &[&Point], chain: &Chain<'_>) -> Option<Failure> {
    if chain.databases.is_empty() {
        let what = "no set has a database: without a full backup its logs restore nothing";
        return Some(Failure::from(JetError::MISSING_FULL_BACKUP).with_detail(what));
    }
    let point = last.iter().find(|point| !point.is_restorable())?;
    let path = chain.databases.iter().find(|database| database.name == point.database)?.path.clone();
    let (jet, what) = match point.reach {
        Reach::Missing(generation) => {
            let what = format!(
                "needs the logs {}, and log 0x{generation:X} is missing or damaged",
                range_text(point.needed)
            );
            (JetError::REQUIRED_LOG_FILES_MISSING, what)
        }
        Reach::NoCopy => (
            JetError::RESTORE_OF_NON_BACKUP_DATABASE,
            "is an ordinary database, no backup copy: it can be attached as it is, or recovered with its logs".to_owned(),
        ),
        // The trailer has been told already.
        Reach::BadCopy | Reach::Through { .. } => return None,
    };
    Some(Failure::of_file(jet, &path).with_detail(what))
}

fn show_set(set: &BackupSet, out: &mut Output<'_>) -> CommandResult {
    writeln!(out, "{}", set.folder.display())?;
    for database in &set.databases {
        let form = match database.form {
            CopyForm::Raw => "backup copy",
            CopyForm::Adopted => "backup copy that a restore began with",
            CopyForm::Ordinary => "ordinary database",
        };
        let pages = database.bytes / database.page_size.bytes() as u64;
        write!(out, "  {}: {form}, {pages} pages of {} bytes", database.name, database.page_size.bytes())?;
        match database.form {
            CopyForm::Ordinary => writeln!(out)?,
            _ => writeln!(
                out,
                ", begun {}, needs logs {}",
                LogtimeText(&database.marked),
                range_text(database.needed)
            )?,
        }
    }
    match (set.range(), &set.base_name) {
        (Some(range), Some(base)) => {
            writeln!(out, "  logs {} of base name {base}: {} file(s)", range_text(range), set.logs.len())?;
        }
        _ => writeln!(out, "  no logs")?,
    }
    for name in &set.other_files {
        writeln!(out, "  {name}: not part of a backup")?;
    }
    for flaw in &set.flaws {
        if let Failure::Jet(failure) = &flaw.failure {
            writeln!(out, "  PROBLEM: {failure}")?;
        }
    }
    writeln!(out)?;
    Ok(())
}

fn show_points(points: &[Point], chain: &Chain<'_>, out: &mut Output<'_>) -> CommandResult {
    for point in points {
        let sets: Vec<String> = point.sets.iter().map(|set| set.display().to_string()).collect();
        let sets = sets.join(", ");
        match &point.reach {
            Reach::Through { generation, created } => writeln!(
                out,
                "{} can be restored to the end of log 0x{generation:X} (begun {}) from {sets}",
                point.database,
                LogtimeText(created)
            )?,
            Reach::Missing(generation) => writeln!(
                out,
                "{} CANNOT be restored from {sets}: it needs the logs {}, and log 0x{generation:X} is missing or damaged",
                point.database,
                range_text(point.needed)
            )?,
            Reach::NoCopy => writeln!(out, "{} is no backup copy", point.database)?,
            Reach::BadCopy => {
                writeln!(out, "{} CANNOT be restored from {sets}: its trailer is bad", point.database)?;
            }
        }
    }
    if let Some(gap) = chain.gap() {
        writeln!(out, "{gap}")?;
    }
    for flaw in &chain.flaws {
        if let Failure::Jet(failure) = &flaw.failure {
            writeln!(out, "PROBLEM: {failure}")?;
        }
    }
    Ok(())
}

fn set_json(set: &BackupSet) -> Value {
    let databases = set.databases.iter().map(|database| {
        json!({
            "name": database.name,
            "bytes": database.bytes,
            "page_size": database.page_size.bytes(),
            "signature": database.identity.hexadecimal(),
            "form": match database.form {
                CopyForm::Raw => "raw",
                CopyForm::Adopted => "adopted",
                CopyForm::Ordinary => "ordinary",
            },
            "needs_logs": { "low": database.needed.0, "high": database.needed.1 },
            "begun": logtime_json(&database.marked),
        })
    });
    let problems = set.flaws.iter().filter_map(|flaw| match &flaw.failure {
        Failure::Jet(failure) => Some(failure.to_json()),
        Failure::Output(_) => None,
    });
    json!({
        "folder": set.folder.to_string_lossy(),
        "base_name": set.base_name,
        "databases": databases.collect::<Vec<_>>(),
        "logs": set.range().map(|(low, high)| json!({ "low": low, "high": high, "files": set.logs.len() })),
        "other_files": set.other_files,
        "problems": problems.collect::<Vec<_>>(),
    })
}
