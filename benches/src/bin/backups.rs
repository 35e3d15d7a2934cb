//! Backups beside `cp` and SQLite's online backup, and hard recovery beside reading the same logs, in one run.
//! `backups [MEGABYTES] [FOLDER] [backup|recovery]`. It prints times and ratios and never fails on a timing. What is
//! compared is run in turns; beside the time on the clock stands the processor's, which others on the machine do not
//! lengthen.

use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ese_benches::engines::{Commit, DATABASE, Libesent, Session, Sqlite, Store, Write};
use ese_engine::backup::{BackupFile, BackupKind, BackupReport, BackupSink, LogTruncation, StreamRequest};
use ese_engine::cache::PageCache;
use ese_engine::error::Error;
use ese_engine::instance::InstanceSettings;
use ese_engine::io::Host;
use ese_engine::log::Circular;
use ese_engine::recovery::{GenerationRange, MapEntry, MapOptions, NoControl};
use ese_engine::restore::{RestoreOptions, RestoreRequest, restore};
use ese_format::error::JetError;

const MEGABYTES_DEFAULT: u64 = 256;
/// Bytes that a row takes with what surrounds it, roughly.
const ROW_BYTES: u64 = 128;
const BATCH: usize = 1000;
const CACHE_BYTES: usize = 128 << 20;
const CHUNK_BYTES: usize = 1 << 20;
/// How often a step is run; the fastest counts.
const RUNS: u32 = 5;
/// Parts of a second that the kernel counts times of processes in (USER_HZ, the same on every Linux).
const TICKS_PER_SECOND: f64 = 100.0;
/// How long writers are counted.
const WRITING: Duration = Duration::from_secs(4);

/// Where a stream goes: into files, or nowhere.
#[derive(Debug)]
struct Sink<'p> {
    folder: Option<&'p Path>,
    file: Option<File>,
}

fn failed(error: std::io::Error) -> Error {
    Error::refused(JetError::DISK_IO, error.to_string())
}

impl BackupSink for Sink<'_> {
    fn begin_file(&mut self, file: BackupFile<'_>, _bytes: u64) -> Result<(), Error> {
        if let (Some(folder), Some(name)) = (self.folder, file.path().file_name()) {
            self.file = Some(File::create(folder.join(name)).map_err(failed)?);
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes).map_err(failed))
    }

    fn end_file(&mut self) -> Result<(), Error> {
        self.file = None;
        Ok(())
    }

    fn complete(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

fn stream(store: &Libesent, kind: BackupKind, folder: Option<&Path>) -> Result<BackupReport> {
    let truncation = LogTruncation::Deleted;
    let mut sink = Sink { folder, file: None };
    Ok(store.instance().stream_backup(StreamRequest { kind, truncation }, &mut sink)?)
}

/// What a step took.
#[derive(Clone, Copy, Debug)]
struct Taken {
    /// On the clock.
    seconds: f64,
    /// Of the processor, in this process and in those it waited for.
    processor: f64,
}

impl Taken {
    const NEVER: Self = Self { seconds: f64::MAX, processor: f64::MAX };

    fn by(work: impl FnOnce() -> Result<()>) -> Result<Self> {
        let (begun, processor) = (Instant::now(), processor_seconds()?);
        work()?;
        Ok(Self { seconds: begun.elapsed().as_secs_f64(), processor: processor_seconds()? - processor })
    }

    /// The better of both, on either measure.
    fn or(self, other: Self) -> Self {
        Self { seconds: self.seconds.min(other.seconds), processor: self.processor.min(other.processor) }
    }
}

/// User and system time of this process and of its children that have ended.
fn processor_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name of the program may hold anything; behind its bracket, fields 3 and on: utime is field 14, cstime 17.
    let behind = stat.rsplit_once(')').context("/proc/self/stat")?.1;
    let times = behind.split_whitespace().skip(11).take(4);
    let ticks = times.map(|field| Ok(field.parse::<u64>()?)).sum::<Result<u64>>()?;
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

/// Where the time of a thread went.
#[derive(Clone, Copy, Debug)]
struct Shares {
    running: f64,
    /// Able to run, with other threads on the processors.
    queued: f64,
}

impl Shares {
    /// Of the calling thread so far, in seconds.
    fn so_far() -> Result<Self> {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
        let mut nanoseconds = stat.split_whitespace().map(|field| field.parse::<f64>());
        let mut next =
            || nanoseconds.next().context("/proc/thread-self/schedstat").and_then(|field| Ok(field? / 1e9));
        Ok(Self { running: next()?, queued: next()? })
    }
}

/// The fastest of some runs.
fn fastest(mut work: impl FnMut() -> Result<()>) -> Result<Taken> {
    (0..RUNS).try_fold(Taken::NEVER, |best, _| Ok(best.or(Taken::by(&mut work)?)))
}

/// The fastest of some runs of two steps that take turns.
fn fastest_of_both(
    mut one: impl FnMut() -> Result<()>,
    mut other: impl FnMut() -> Result<()>,
) -> Result<(Taken, Taken)> {
    (0..RUNS).try_fold((Taken::NEVER, Taken::NEVER), |best, _| {
        Ok((best.0.or(Taken::by(&mut one)?), best.1.or(Taken::by(&mut other)?)))
    })
}

fn read_through(path: &Path) -> Result<u64> {
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut bytes = 0;
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(bytes),
            count => bytes += count as u64,
        }
    }
}

fn fill(session: &mut dyn Session, keys: std::ops::Range<u64>, write: Write) -> Result<()> {
    let keys: Vec<u64> = keys.collect();
    keys.chunks(BATCH).try_for_each(|batch| session.write(batch, write, Commit::Lazy))
}

fn copy_with_cp(from: &Path, to: &Path) -> Result<()> {
    let status = Command::new("cp").args(["--reflink=never", "--"]).arg(from).arg(to).status()?;
    ensure!(status.success(), "cp failed");
    Ok(())
}

fn print_rate(title: &str, bytes: u64, taken: Taken) {
    let megabytes = bytes as f64 / 1e6;
    let per_processor = megabytes / taken.processor.max(1.0 / TICKS_PER_SECOND);
    println!("{title:52}{:8.0} MB/s{per_processor:8.0} MB/s of processor time", megabytes / taken.seconds);
}

/// Rows a second that a writer commits, a thousand at a time, while `beside` runs over and over.
fn writing(store: &Libesent, first: u64, beside: Option<&(dyn Fn() -> Result<()> + Sync)>) -> Result<f64> {
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let other = beside.map(|beside| {
            scope.spawn(|| -> Result<u64> {
                let mut runs = 0;
                while !is_done.load(Ordering::Acquire) {
                    beside()?;
                    runs += 1;
                }
                Ok(runs)
            })
        });
        let mut session = store.session()?;
        let (begun, before) = (Instant::now(), Shares::so_far()?);
        let mut rows = 0;
        while begun.elapsed() < WRITING {
            fill(session.as_mut(), first + rows..first + rows + BATCH as u64, Write::Insert)?;
            rows += BATCH as u64;
        }
        let (seconds, after) = (begun.elapsed().as_secs_f64(), Shares::so_far()?);
        let (running, queued) = (after.running - before.running, after.queued - before.queued);
        println!(
            "  the writer ran {:.0} % of the time, waited for a processor {:.0} %, for others {:.0} %; \
             {:.0} rows a second of its running",
            100.0 * running / seconds,
            100.0 * queued / seconds,
            100.0 * (seconds - running - queued) / seconds,
            rows as f64 / running
        );
        let rate = rows as f64 / seconds;
        is_done.store(true, Ordering::Release);
        if let Some(other) = other {
            let runs = other.join().expect("a bench does not panic")?;
            println!("  ({runs} runs of the other meanwhile)");
        }
        Ok(rate)
    })
}

fn streaming(folder: &Path, store: &Libesent, rows: u64) -> Result<()> {
    let file = folder.join("esent").join(DATABASE);
    let copies = folder.join("copies");
    std::fs::create_dir(&copies)?;
    let bytes = read_through(&file)?;
    println!("database of {} MB, warm", bytes >> 20);

    let (by_cat, by_stream) = fastest_of_both(
        || read_through(&file).map(drop),
        || stream(store, BackupKind::Full, None).map(drop),
    )?;
    print_rate("reading the file", bytes, by_cat);
    let mut streamed = 0;
    let (by_cp, by_backup) = fastest_of_both(
        || copy_with_cp(&file, &copies.join("cp")),
        || {
            streamed = stream(store, BackupKind::Full, Some(&copies))?.bytes;
            Ok(())
        },
    )?;
    print_rate("streaming it, checksums looked at, to nowhere", streamed, by_stream);
    print_rate("cp", bytes, by_cp);
    print_rate("streaming backup into a folder, with its logs", streamed, by_backup);

    std::fs::create_dir(folder.join("sqlite"))?;
    let sqlite = Sqlite::create(&folder.join("sqlite"), CACHE_BYTES)?;
    fill(sqlite.session()?.as_mut(), 0..rows, Write::Insert)?;
    let source = rusqlite::Connection::open(folder.join("sqlite/sqlite.db"))?;
    let sqlite_bytes = read_through(&folder.join("sqlite/sqlite.db"))?;
    let by_sqlite = fastest(|| {
        let mut copy = rusqlite::Connection::open(copies.join("sqlite"))?;
        let backup = rusqlite::backup::Backup::new(&source, &mut copy)?;
        Ok(backup.run_to_completion(1000, Duration::ZERO, None)?)
    })?;
    print_rate("SQLite's online backup", sqlite_bytes, by_sqlite);
    let rate = |bytes: u64, taken: Taken| bytes as f64 / taken.seconds;
    let beside_cp = rate(streamed, by_backup) / rate(bytes, by_cp);
    println!("backup beside cp: {:.0} % (wanted: 80 or more)", 100.0 * beside_cp);
    let beside_sqlite = rate(streamed, by_backup) / rate(sqlite_bytes, by_sqlite);
    println!("backup beside SQLite's: {beside_sqlite:.2} times");

    let alone = writing(store, 1 << 40, None)?;
    let beside = writing(store, 1 << 41, Some(&|| stream(store, BackupKind::Full, Some(&copies)).map(drop)))?;
    let beside_cp = writing(store, 3 << 40, Some(&|| copy_with_cp(&file, &copies.join("cp"))))?;
    let slower = |rate: f64| 100.0 * (1.0 - rate / alone);
    println!(
        "rows a second: {alone:.0} alone, {beside:.0} beside backups: {:.0} % slower (wanted: below 30)",
        slower(beside)
    );
    println!("rows a second beside cp over and over: {beside_cp:.0}, {:.0} % slower", slower(beside_cp));
    Ok(())
}

/// The store is closed before the restore: its own threads would be counted with it.
fn recovering(folder: &Path, store: Libesent, rows: u64) -> Result<()> {
    let set = folder.join("set");
    let target = folder.join("restored");
    std::fs::create_dir(&set)?;
    std::fs::create_dir(&target)?;
    let full = stream(&store, BackupKind::Full, Some(&set))?;
    fill(store.session()?.as_mut(), (1 << 42)..(1 << 42) + rows, Write::Insert)?;
    fill(store.session()?.as_mut(), (1 << 42)..(1 << 42) + rows, Write::Update)?;
    let logs = stream(&store, BackupKind::LogsOnly, Some(&set))?;
    drop(store);
    copy_with_cp(&set.join(DATABASE), &target.join(DATABASE))?;
    let log_files = || -> Result<Vec<PathBuf>> {
        let paths = std::fs::read_dir(&set)?.map(|entry| Ok(entry?.path()));
        let is_log = |path: &Result<PathBuf>| {
            path.as_ref().map_or(true, |path| path.extension() == Some("log".as_ref()))
        };
        paths.filter(is_log).collect()
    };
    let mut bytes = 0;
    let by_reading = fastest(|| {
        bytes = log_files()?.iter().map(|path| read_through(path)).sum::<Result<u64>>()?;
        Ok(())
    })?;
    let request = RestoreRequest {
        settings: InstanceSettings::in_folder(Host::system(), &target),
        cache: PageCache::new(CACHE_BYTES),
        backup_folder: set.clone(),
        given: GenerationRange { low: full.generations.start, high: logs.generations.end - 1 },
        map: vec![MapEntry { logged: None, path: target.join(DATABASE), options: MapOptions::default() }],
        target: None,
        options: RestoreOptions::empty(),
    };
    let mut counts = None;
    let by_recovery = Taken::by(|| {
        counts = Some(restore(&request, &mut NoControl)?.counts);
        Ok(())
    })?;
    println!("{} MB of logs: {counts:?}", bytes >> 20);
    print_rate("reading the logs", bytes, by_reading);
    print_rate("hard recovery, undo and clean headers included (wanted: 150)", bytes, by_recovery);
    println!("hard recovery beside reading: {:.2}", by_reading.seconds / by_recovery.seconds);
    Ok(())
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let megabytes = match arguments.next() {
        Some(text) => text.parse().context("megabytes")?,
        None => MEGABYTES_DEFAULT,
    };
    let place = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let part = arguments.next();
    let is_wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let folder = tempfile::tempdir_in(place)?;
    let rows = (megabytes << 20) / ROW_BYTES;
    std::fs::create_dir(folder.path().join("esent"))?;
    let store = Libesent::open(&folder.path().join("esent"), CACHE_BYTES, Circular::Off)?;
    fill(store.session()?.as_mut(), 0..rows, Write::Insert)?;
    if is_wanted("backup") {
        streaming(folder.path(), &store, rows)?;
    }
    if is_wanted("recovery") {
        recovering(folder.path(), store, rows)?;
    }
    Ok(())
}
