//! Backups beside `cp` and SQLite's online backup, and hard recovery beside reading the same logs, in one run.
//! `backups [MEGABYTES] [FOLDER]`. It prints times and ratios and never fails on a timing.

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
const RUNS: u32 = 3;
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

/// Seconds of the fastest of some runs.
fn fastest(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let begun = Instant::now();
        work()?;
        best = best.min(begun.elapsed().as_secs_f64());
    }
    Ok(best)
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

fn print_rate(title: &str, bytes: u64, seconds: f64) {
    println!("{title:52}{:10.0} MB/s", bytes as f64 / seconds / 1e6);
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
        let begun = Instant::now();
        let mut rows = 0;
        while begun.elapsed() < WRITING {
            fill(session.as_mut(), first + rows..first + rows + BATCH as u64, Write::Insert)?;
            rows += BATCH as u64;
        }
        let rate = rows as f64 / begun.elapsed().as_secs_f64();
        is_done.store(true, Ordering::Release);
        if let Some(other) = other {
            let runs = other.join().expect("a bench does not panic")?;
            println!("  ({runs} backups meanwhile)");
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

    let by_cat = fastest(|| read_through(&file).map(drop))?;
    let by_stream = fastest(|| stream(store, BackupKind::Full, None).map(drop))?;
    print_rate("reading the file", bytes, by_cat);
    print_rate("streaming it, checksums looked at, to nowhere", bytes, by_stream);
    let by_cp = fastest(|| copy_with_cp(&file, &copies.join("cp")))?;
    let by_backup = fastest(|| stream(store, BackupKind::Full, Some(&copies)).map(drop))?;
    print_rate("cp", bytes, by_cp);
    print_rate("streaming backup into a folder", bytes, by_backup);

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
    println!("backup beside cp: {:.0} % (wanted: 80 or more)", 100.0 * by_cp / by_backup);
    let rate = |bytes: u64, seconds: f64| bytes as f64 / seconds;
    println!("backup beside SQLite's: {:.2} times", rate(bytes, by_backup) / rate(sqlite_bytes, by_sqlite));

    let alone = writing(store, 1 << 40, None)?;
    let beside = writing(store, 1 << 41, Some(&|| stream(store, BackupKind::Full, Some(&copies)).map(drop)))?;
    println!(
        "rows a second: {alone:.0} alone, {beside:.0} beside backups: {:.0} % slower (wanted: below 30)",
        100.0 * (1.0 - beside / alone)
    );
    Ok(())
}

fn recovering(folder: &Path, store: &Libesent, rows: u64) -> Result<()> {
    let set = folder.join("set");
    let target = folder.join("restored");
    std::fs::create_dir(&set)?;
    std::fs::create_dir(&target)?;
    let full = stream(store, BackupKind::Full, Some(&set))?;
    fill(store.session()?.as_mut(), (1 << 42)..(1 << 42) + rows, Write::Insert)?;
    fill(store.session()?.as_mut(), (1 << 42)..(1 << 42) + rows, Write::Update)?;
    let logs = stream(store, BackupKind::LogsOnly, Some(&set))?;
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
    let begun = Instant::now();
    let restored = restore(&request, &mut NoControl)?;
    let by_recovery = begun.elapsed().as_secs_f64();
    println!("{} MB of logs: {:?}", bytes >> 20, restored.counts);
    print_rate("reading the logs", bytes, by_reading);
    print_rate("hard recovery, undo and clean headers included (wanted: 150)", bytes, by_recovery);
    println!("hard recovery beside reading: {:.2}", by_reading / by_recovery);
    Ok(())
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let megabytes = match arguments.next() {
        Some(text) => text.parse().context("megabytes")?,
        None => MEGABYTES_DEFAULT,
    };
    let place = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(place)?;
    let rows = (megabytes << 20) / ROW_BYTES;
    std::fs::create_dir(folder.path().join("esent"))?;
    let store = Libesent::open(&folder.path().join("esent"), CACHE_BYTES, Circular::Off)?;
    fill(store.session()?.as_mut(), 0..rows, Write::Insert)?;
    streaming(folder.path(), &store, rows)?;
    recovering(folder.path(), &store, rows)
}
