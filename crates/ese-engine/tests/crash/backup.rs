//! Backups on the simulated disk: the stream as the chapter has it, page by page while others write, and the power cut at
//! every write of a backup (spec 07 §4, §5, §17.1 T60).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_engine::backup::{
    BackupFile, BackupKind, BackupSink, BeginOptions, EndOptions, FILE_HANDLE, FolderSink, LogTruncation,
    StreamPart, StreamRequest,
};
use ese_engine::catalog::Shadow;
use ese_engine::error::Result;
use ese_engine::file_map::Logging;
use ese_engine::instance::{
    AttachRequest, AttachedDatabase, CreateRequest, Instance, StartRequest, TermKind, Writability,
};
use ese_engine::io::{Existing, FileSystem, PowerLoss, SimulatedFileSystem};
use ese_engine::log::Circular;
use ese_engine::recovery::{NoControl, RecoveryOptions};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_format::checksum::{PageVerdict, verify_page};
use ese_format::database_header::{DatabaseHeader, HeaderFields};
use ese_format::error::JetError;
use ese_format::log::LogFile;
use ese_format::log::record::{BackupPhase, BackupScope, Record};
use ese_format::page_size::PageSize;
use ese_format::trailer::Trailer;

use crate::model::{Dice, History, Rows};
use crate::workload::{DATABASE, Table, Workload, create_table, rows_at};

pub(crate) const PAGE: usize = 4096;
pub(crate) const FULL: StreamRequest =
    StreamRequest { kind: BackupKind::Full, truncation: LogTruncation::Deleted };
const COPY: StreamRequest = StreamRequest { kind: BackupKind::Full, truncation: LogTruncation::Kept };
pub(crate) const INCREMENTAL: StreamRequest =
    StreamRequest { kind: BackupKind::LogsOnly, truncation: LogTruncation::Deleted };

pub(crate) fn workload(seed: u64, circular: Circular) -> Workload {
    Workload {
        name: "backup",
        seed,
        transactions: 0,
        changes: 6,
        bytes: 700,
        circular,
        cache_pages: 40,
        durable_of_ten: 10,
    }
}

fn disk() -> SimulatedFileSystem {
    SimulatedFileSystem::with_sectors("edb", PAGE)
}

/// A running instance with its table, and what the table holds.
pub(crate) struct Stage {
    disk: SimulatedFileSystem,
    workload: Workload,
    pub(crate) instance: Arc<Instance>,
    session: Session,
    table: Table,
    rows: Rows,
    /// The rows that the last commit was to leave, whether it came to its end or not.
    attempted: Rows,
    dice: Dice,
}

impl Stage {
    pub(crate) fn new(workload: Workload) -> Self {
        Self::on(disk(), workload).expect("nothing fails")
    }

    fn on(disk: SimulatedFileSystem, workload: Workload) -> Result<Self> {
        let instance = Instance::start(workload.settings(&disk))?;
        let mut session = instance.transactions().begin_session()?;
        let request = CreateRequest {
            path: DATABASE.into(),
            grbit: 0,
            existing: Existing::Keep,
            logging: Logging::On,
            shadow: Shadow::Kept,
            pages_max: 0,
        };
        let database = instance.create_database(&mut session, &request)?;
        create_table(&database, &mut session)?;
        let table = Table::open(&database, &mut session)?;
        let dice = Dice::new(workload.seed);
        Ok(Self { disk, workload, instance, session, table, rows: Rows::new(), attempted: Rows::new(), dice })
    }

    fn database(&self) -> Arc<AttachedDatabase> {
        self.instance.database_at(Path::new(DATABASE)).expect("it is attached")
    }

    fn header(&self) -> HeaderFields {
        self.database().header().fields
    }

    /// One durable transaction.
    fn write(&mut self) -> Result<()> {
        self.session.begin(BeginKind::ReadWrite)?;
        let mut after = self.rows.clone();
        for _ in 0..=self.dice.roll(self.workload.changes) {
            let key = self.dice.roll(400) as i32;
            let count = self.dice.roll(self.workload.bytes) as usize + 1;
            let value = self.dice.bytes(count);
            match (after.contains_key(&key), self.dice.roll(4)) {
                (false, _) => {
                    self.table.insert(&mut self.session, key, &value)?;
                    after.insert(key, value);
                }
                (true, 0) => {
                    self.table.delete(&mut self.session, key)?;
                    after.remove(&key);
                }
                (true, _) => {
                    self.table.replace(&mut self.session, key, &value)?;
                    after.insert(key, value);
                }
            }
        }
        self.attempted = after.clone();
        self.session.commit(CommitOptions::DURABLE)?;
        self.table.cursor.after_commit(0);
        self.rows = after;
        self.instance.work_inline()
    }

    fn write_many(&mut self, transactions: usize) {
        for _ in 0..transactions {
            self.write().expect("nothing fails");
        }
    }

    /// Writes until so many more generations have begun.
    pub(crate) fn write_generations(&mut self, generations: i32) {
        let log = Arc::clone(self.instance.log().expect("it logs"));
        let goal = log.generation() + generations;
        while log.generation() < goal {
            self.write().expect("nothing fails");
        }
    }

    /// A full backup in reads of `pages` pages, with a transaction before every read of a database.
    fn back_up_under_way(&mut self, pages: usize) -> Set {
        let mut set = Set::default();
        self.instance.begin_external_backup(BeginOptions::empty()).unwrap();
        for path in self.instance.backup_databases().unwrap() {
            let stream = self.read_file(&path, pages, true);
            set.files.push((path, stream));
        }
        let logs = self.instance.backup_logs().unwrap();
        set.rows = self.rows.clone();
        for path in &logs.paths {
            let stream = self.read_file(path, pages, false);
            set.files.push((path.clone(), stream));
        }
        self.instance.truncate_logs().unwrap();
        self.instance.end_external_backup(EndOptions::NORMAL).unwrap();
        set
    }

    fn read_file(&mut self, path: &Path, pages: usize, writing: bool) -> Vec<u8> {
        let opened = self.instance.open_backup_file(Ok(Some(path.to_owned())), StreamPart::Whole).unwrap();
        let mut stream = Vec::new();
        let mut buffer = vec![0; pages * PAGE];
        loop {
            if writing {
                self.write().unwrap();
            }
            let count = self.instance.read_backup_file(opened.handle, &mut buffer).unwrap();
            if count == 0 {
                break;
            }
            stream.extend_from_slice(&buffer[..count]);
        }
        self.instance.close_backup_file(opened.handle).unwrap();
        assert_eq!(stream.len() as u64, opened.bytes);
        stream
    }
}

/// The files of a backup and the rows that they hold.
#[derive(Default)]
struct Set {
    files: Vec<(PathBuf, Vec<u8>)>,
    rows: Rows,
}

impl Set {
    /// The disk of a machine that has nothing but this set.
    fn on_a_new_disk(&self) -> SimulatedFileSystem {
        let disk = disk();
        for (path, content) in &self.files {
            disk.put(path, content.clone());
        }
        disk
    }

    /// What recovery makes of the set alone, its copy told to need all logs of the set (spec 07 §11.7).
    fn recovered(&self, workload: &Workload) -> Rows {
        let disk = self.on_a_new_disk();
        let copy = disk.content(Path::new(DATABASE)).expect("the set has the database");
        disk.put(DATABASE, self.adopted(copy));
        let mut request = StartRequest::new(workload.settings(&disk));
        request.options |= RecoveryOptions::ALLOW_BACKUP_COPIES | RecoveryOptions::ALLOW_MISSING_CURRENT_LOG;
        let started = Instance::start_recovering(request, &mut NoControl).expect("the set is whole");
        started.instance.stop(TermKind::Complete).expect("nothing fails");
        rows_at(Arc::new(disk), Path::new(DATABASE)).expect("the table is there")
    }
}

impl Set {
    fn adopted(&self, mut copy: Vec<u8>) -> Vec<u8> {
        let is_log = |path: &Path| path.extension().is_some_and(|extension| extension == "log");
        let logs = self.files.iter().filter(|(path, _)| is_log(path));
        let generation = |content: &[u8]| LogFile::read(content).unwrap().header().generation.get();
        let highest = logs.map(|(_, content)| generation(content)).max().unwrap().unsigned_abs();
        let trailer = Trailer::decode(&copy[copy.len() - PAGE..], PageSize::K4).unwrap();
        let mut header = DatabaseHeader::decode(&copy[..PAGE]).unwrap();
        trailer.check_belongs_to(&header).unwrap();
        assert!(trailer.backup.generation_high.get() <= highest);
        let fields = &mut header.fields;
        fields.backup_full_current.generation_high = highest.into();
        fields.generation_max_required = highest.into();
        fields.generation_max_committed = highest.into();
        fields.time_generation_max_create = Default::default();
        fields.time_generation_max_required = Default::default();
        let page = header.encode();
        copy[..PAGE].copy_from_slice(&page);
        copy[PAGE..2 * PAGE].copy_from_slice(&page);
        copy.truncate(copy.len() - PAGE);
        copy
    }
}

/// A sink that keeps nothing but the files.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
}

impl BackupSink for Memory {
    fn begin_file(&mut self, file: BackupFile<'_>, _bytes: u64) -> Result<()> {
        self.files.push((file.path().to_owned(), Vec::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.files.last_mut().expect("a file was begun").1.extend_from_slice(bytes);
        Ok(())
    }

    fn end_file(&mut self) -> Result<()> {
        Ok(())
    }

    fn complete(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A Backup2 record: phase, scope, dbid, generations, position.
type Step = (BackupPhase, BackupScope, u8, (u32, u32), String);

/// The Backup2 records of a log.
fn steps_of(content: &[u8]) -> Vec<Step> {
    let log = LogFile::read(content).unwrap();
    let mut steps = Vec::new();
    for record in log.records() {
        if let Ok(Record::Backup2(step)) = record.decode() {
            let range = (step.info.generation_low.get(), step.info.generation_high.get());
            steps.push((step.phase, step.scope, step.dbid, range, record.position.to_string()));
        }
    }
    steps
}

#[test]
fn the_stream_of_a_database_is_header_header_pages_trailer() {
    let mut stage = Stage::new(workload(3, Circular::Off));
    stage.write_generations(3);
    let before = stage.header();
    let mut memory = Memory::default();
    let report = stage.instance.stream_backup(FULL, &mut memory).unwrap();
    let (path, stream) = &memory.files[0];
    assert_eq!(path, Path::new(DATABASE));
    let file = stage.disk.content(Path::new(DATABASE)).unwrap();
    let pages = stream.len() / PAGE;
    assert_eq!(stream.len(), file.len() + PAGE, "all pages of the file are owned, and there is a trailer");
    assert_eq!(stream[..PAGE], stream[PAGE..2 * PAGE]);
    let header = DatabaseHeader::decode(&stream[..PAGE]).unwrap();
    let current = header.fields.backup_full_current;
    assert!(header.needs_trailer() && header.is_backup_copy());
    assert_eq!(current.generation_low.get(), report.generations.start.unsigned_abs());
    for number in 1..=(pages - 3) as u32 {
        let page = &stream[(number as usize + 1) * PAGE..][..PAGE];
        let verdict = verify_page(page, PageSize::K4, number).unwrap();
        assert!(matches!(verdict, PageVerdict::Good(_) | PageVerdict::Uninitialized), "page {number}");
    }
    let trailer = Trailer::decode(&stream[(pages - 1) * PAGE..], PageSize::K4).unwrap();
    trailer.check_belongs_to(&header).unwrap();
    assert_eq!(trailer.backup.generation_high.get() as i32, report.generations.end - 1);
    assert_eq!(trailer.database_signature, before.database_signature);
    let logs: Vec<_> = memory.files[1..].iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(logs.len(), report.generations.len());
    let after = stage.header();
    assert_eq!(after.backup_full_current, Default::default(), "the live file is no copy");
    assert_eq!(after.backup_full_previous.mark, current.mark);
    assert_eq!(after.backup_full_previous.generation_high.get() as i32, report.generations.end - 1);
}

#[test]
fn the_log_tells_each_step_of_a_backup() {
    let mut stage = Stage::new(workload(4, Circular::Off));
    stage.write_generations(3);
    let log = Arc::clone(stage.instance.log().unwrap());
    let generation = log.generation();
    let report = stage.instance.stream_backup(FULL, &mut Memory::default()).unwrap();
    log.flush_all().unwrap();
    let closed = stage.disk.content(&log.archive_path(generation)).unwrap();
    let steps = steps_of(&closed);
    assert_eq!(steps.len(), 1);
    assert_eq!((steps[0].0, steps[0].1), (BackupPhase::BEGIN, BackupScope::FULL));
    let current = stage.disk.content(Path::new("/x/edb.log")).unwrap();
    let steps = steps_of(&current);
    let phases: Vec<_> = steps.iter().map(|step| (step.0, step.2)).collect();
    let expected = [
        (BackupPhase::PREPARE_LOGS, 0),
        (BackupPhase::TRUNCATE, 0),
        (BackupPhase::UPDATE, 1),
        (BackupPhase::STOP, 0),
    ];
    assert_eq!(phases, expected);
    assert_eq!(steps[0].4, format!("{:X}:1:0", report.generations.end), "the first record of its generation");
    let saved = (report.generations.start.unsigned_abs(), report.generations.end.unsigned_abs() - 1);
    assert_eq!(steps[2].3, saved);
    let lowest = log.lowest_archive().unwrap();
    assert_eq!(steps[1].3.1 as i32, lowest, "logs up to there were deleted");
}

#[test]
fn backups_under_way_are_whole() {
    let mut taken = 0;
    for seed in 0..6 {
        for circular in [Circular::Off, Circular::On] {
            let workload = workload(seed, circular);
            let mut stage = Stage::new(workload);
            stage.write_many(60);
            for pages in [3, 7] {
                let set = stage.back_up_under_way(pages);
                let rows = set.recovered(&workload);
                assert!(
                    rows == set.rows,
                    "seed {seed}, {circular:?}: {} of {} rows",
                    rows.len(),
                    set.rows.len()
                );
                taken += 1;
            }
        }
    }
    ese_corpus::report!("backup: {taken} backups with transactions between the reads recover to their rows");
}

#[test]
fn a_full_backup_and_its_incrementals_are_whole() {
    let workload = workload(9, Circular::Off);
    let mut stage = Stage::new(workload);
    stage.write_many(80);
    let mut set = stage.back_up_under_way(5);
    for _ in 0..5 {
        stage.write_many(25);
        let mut memory = Memory::default();
        stage.instance.stream_backup(INCREMENTAL, &mut memory).unwrap();
        set.rows = stage.rows.clone();
        for (path, content) in memory.files {
            set.files.retain(|(other, _)| *other != path);
            set.files.push((path, content));
        }
        assert!(set.recovered(&workload) == set.rows);
    }
    let fields = stage.header();
    assert!(fields.backup_incremental_previous.mark > fields.backup_full_previous.mark);
}

#[test]
fn what_a_backup_may_truncate_is_what_no_database_needs() {
    let mut stage = Stage::new(workload(11, Circular::Off));
    stage.write_generations(4);
    let log = Arc::clone(stage.instance.log().unwrap());
    stage.instance.begin_external_backup(BeginOptions::empty()).unwrap();
    // The database is not streamed: nothing may go.
    assert!(stage.instance.logs_to_truncate().unwrap().paths.is_empty());
    assert_eq!(stage.instance.truncate_logs().unwrap_err().jet(), JetError::LOG_FILE_NOT_COPIED);
    stage.instance.end_external_backup(EndOptions::ABORT).unwrap();
    assert_eq!(log.lowest_archive(), Some(1));
    assert_eq!(stage.header().backup_full_previous, Default::default());
    stage.instance.stream_backup(COPY, &mut Memory::default()).unwrap();
    assert_eq!(log.lowest_archive(), Some(1));
    assert_ne!(stage.header().backup_copy_previous, Default::default());
    let error = stage.instance.stream_backup(INCREMENTAL, &mut Memory::default()).unwrap_err();
    assert_eq!(error.jet(), JetError::MISSING_FULL_BACKUP, "a copy is no full backup");
    stage.instance.stream_backup(FULL, &mut Memory::default()).unwrap();
    assert_eq!(log.lowest_archive(), Some(stage.instance.checkpoint().generation.get()));
}

#[test]
fn a_damaged_page_is_named_and_its_database_leaves_the_backup() {
    let mut stage = Stage::new(workload(12, Circular::Off));
    stage.write_generations(2);
    let one_bit = 7 * PAGE + 300;
    stage.disk.damage(Path::new(DATABASE), one_bit, &mut |bytes| bytes[0] ^= 4);
    let mut memory = Memory::default();
    stage.instance.stream_backup(COPY, &mut memory).unwrap();
    let page = &memory.files[0].1[7 * PAGE..8 * PAGE];
    assert!(
        matches!(verify_page(page, PageSize::K4, 6).unwrap(), PageVerdict::Good(_)),
        "put right in the copy"
    );
    stage.disk.damage(Path::new(DATABASE), 7 * PAGE + 2000, &mut |bytes| bytes[0] ^= 4);
    stage.instance.begin_external_backup(BeginOptions::empty()).unwrap();
    stage.instance.open_backup_file(Ok(Some(DATABASE.into())), StreamPart::Whole).unwrap();
    let error = stage.instance.read_backup_file(FILE_HANDLE, &mut vec![0; 64 * PAGE]).unwrap_err();
    assert_eq!(error.jet(), JetError::READ_VERIFY_FAILURE);
    assert_eq!(error.format_error().and_then(|error| error.page()), Some(6));
    let closed = stage.instance.close_backup_file(FILE_HANDLE).unwrap_err();
    assert_eq!(closed.jet(), JetError::INVALID_PARAMETER, "the engine closed it");
    stage.instance.backup_logs().unwrap();
    stage.instance.end_external_backup(EndOptions::NORMAL).unwrap();
    assert_eq!(stage.header().backup_full_previous, Default::default());
}

/// A run with a copy, a full and an incremental backup into folders of the same disk.
fn run_with_backups(stage: &mut Stage, history: &mut History) -> Result<()> {
    let file_system: Arc<dyn FileSystem> = Arc::new(stage.disk.clone());
    for (number, request) in [COPY, FULL, INCREMENTAL, FULL].into_iter().enumerate() {
        for _ in 0..6 {
            let outcome = stage.write();
            history.states.push(stage.attempted.clone());
            outcome?;
            history.durable = history.states.len();
        }
        let mut sink = FolderSink::new(Arc::clone(&file_system), format!("/set{number}"));
        stage.instance.stream_backup(request, &mut sink)?;
    }
    Ok(())
}

#[test]
fn a_power_cut_at_any_write_of_a_backup_harms_nothing() {
    let workload = Workload { changes: 3, ..workload(21, Circular::Off) };
    let prepare = || {
        let mut stage = Stage::new(workload);
        stage.write_many(40);
        let history = History { created: true, states: vec![stage.rows.clone()], durable: 1 };
        (stage, history)
    };
    let total = {
        let (mut stage, mut history) = prepare();
        let before = stage.disk.write_calls();
        run_with_backups(&mut stage, &mut history).unwrap();
        stage.disk.write_calls() - before
    };
    let all = std::env::var("ESENT_CRASH").is_ok_and(|value| value == "all");
    let step = if all { 1 } else { (total / 90).max(1) };
    let mut points = 0;
    for call in (0..total).step_by(step as usize) {
        let (mut stage, mut history) = prepare();
        let loss = if call.is_multiple_of(3) {
            PowerLoss::LosesAllUnsynced
        } else {
            PowerLoss::KeepsSome { seed: call * 5 + 1 }
        };
        let disk = stage.disk.clone();
        disk.cut_power_at(call, loss);
        let outcome = run_with_backups(&mut stage, &mut history);
        assert!(disk.is_off(), "call {call}: {outcome:?}");
        drop(stage);
        disk.reboot();
        after_the_cut(&workload, &disk, &history, call);
        points += 1;
    }
    ese_corpus::report!("backup: {points} power cuts at {total} writes: rows kept, the next backup recovers");
}

/// Restarts, backs up at once, and compares both the running database and the backup with what was acknowledged.
fn after_the_cut(workload: &Workload, disk: &SimulatedFileSystem, history: &History, call: u64) {
    let instance =
        Instance::start(workload.settings(disk)).unwrap_or_else(|error| panic!("call {call}: {error}"));
    let session = instance.transactions().begin_session().unwrap();
    let request = AttachRequest {
        path: DATABASE.into(),
        writability: Writability::Writable,
        logging: Logging::On,
        pages_max: 0,
    };
    instance.attach_database(&session, &request).unwrap();
    let mut memory = Memory::default();
    instance.stream_backup(FULL, &mut memory).unwrap_or_else(|error| panic!("call {call}: {error}"));
    let set = Set { files: memory.files, rows: Rows::new() };
    drop(session);
    instance.stop(TermKind::Complete).unwrap();
    drop(instance);
    let running = rows_at(Arc::new(disk.clone()), Path::new(DATABASE)).unwrap();
    assert!(history.allows(&running), "call {call}: {} rows", running.len());
    assert!(set.recovered(workload) == running, "call {call}: the backup behind the cut");
}
