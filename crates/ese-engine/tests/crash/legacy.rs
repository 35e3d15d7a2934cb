//! Backups into folders and snapshots on the simulated disk: the power goes at every write of one. The instance comes back
//! with what it had acknowledged, the set before is still there, and the next backup works (spec 07 §9, §10).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ese_engine::backup::BackupKind;
use ese_engine::cache::PageCache;
use ese_engine::catalog::Shadow;
use ese_engine::error::Result;
use ese_engine::file_map::Logging;
use ese_engine::instance::{CreateRequest, Instance, TermKind};
use ese_engine::io::{Existing, FileSystem, Host, PowerLoss, SimulatedFileSystem};
use ese_engine::legacy_backup::{
    Atomicity, FolderBackup, FolderRestore, MissingFolders, Watcher, restore_folder,
};
use ese_engine::log::Circular;
use ese_engine::recovery::NoControl;
use ese_engine::snapshot::{Ending, SnapshotOptions, SnapshotSession, Truncation};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};

use crate::model::Rows;
use crate::workload::{DATABASE, Table, Workload, attach_again, create_table, rows_at, rows_of};

const FOLDER: &str = "/bk";

fn workload(circular: Circular) -> Workload {
    Workload {
        name: "legacy",
        seed: 11,
        transactions: 0,
        changes: 0,
        bytes: 0,
        circular,
        cache_pages: 64,
        durable_of_ten: 10,
    }
}

fn disk() -> SimulatedFileSystem {
    SimulatedFileSystem::with_sectors("edb", 4096)
}

fn loss_of(call: u64) -> PowerLoss {
    if call.is_multiple_of(3) {
        PowerLoss::LosesAllUnsynced
    } else {
        PowerLoss::KeepsSome { seed: call * 5 + 1 }
    }
}

/// A running instance with its table, and what the table holds.
struct Stage {
    instance: Arc<Instance>,
    session: Session,
    table: Table,
    rows: Rows,
}

impl Stage {
    fn new(disk: &SimulatedFileSystem, circular: Circular) -> Self {
        let instance = Instance::start(workload(circular).settings(disk)).unwrap();
        let mut session = instance.transactions().begin_session().unwrap();
        let request = CreateRequest {
            path: DATABASE.into(),
            grbit: 0,
            existing: Existing::Keep,
            logging: Logging::On,
            shadow: Shadow::Kept,
            pages_max: 0,
        };
        let database = instance.create_database(&mut session, &request).unwrap();
        create_table(&database, &mut session).unwrap();
        let table = Table::open(&database, &mut session).unwrap();
        let mut stage = Self { instance, session, table, rows: Rows::new() };
        stage.write(0..120).unwrap();
        stage
    }

    /// Rows, each in a durable transaction of its own.
    fn write(&mut self, keys: std::ops::Range<i32>) -> Result<()> {
        for key in keys {
            let value = vec![key as u8; 300];
            self.session.begin(BeginKind::ReadWrite)?;
            self.table.insert(&mut self.session, key, &value)?;
            self.session.commit(CommitOptions::DURABLE)?;
            self.table.cursor.after_commit(0);
            self.rows.insert(key, value);
            self.instance.work_inline()?;
        }
        Ok(())
    }

    fn back_up(&self, kind: BackupKind, atomicity: Atomicity) -> Result<()> {
        back_up(&self.instance, kind, atomicity)
    }

    /// A crash: nothing is ended.
    fn leave(self) -> Rows {
        self.rows
    }
}

fn back_up(instance: &Instance, kind: BackupKind, atomicity: Atomicity) -> Result<()> {
    let request =
        FolderBackup { folder: FOLDER.into(), kind, atomicity, missing_folders: MissingFolders::Refused };
    let mut watcher = Watcher { told: &mut |_| (), ends: &|| None };
    instance.back_up_to_folder(&request, &mut watcher)
}

/// What a restore from a folder brings back; `place` is where nothing was restored before.
fn restored_rows(disk: &SimulatedFileSystem, place: &str) -> Rows {
    let mut settings = workload(Circular::Off).settings(disk);
    settings.host = Host::simulated(Arc::new(disk.clone()), 99);
    let (place, logs) = (Path::new(place), Path::new(place).join("logs"));
    settings.temporary_path = logs.join("tmp.edb");
    settings.system_folder.clone_from(&logs);
    settings.log_folder = logs;
    let request = FolderRestore {
        settings,
        cache: PageCache::new(4 << 20),
        source: FOLDER.into(),
        destination: Some(place.to_owned()),
        missing_folders: MissingFolders::Made,
    };
    restore_folder(&request, &mut NoControl).expect("a complete set is restored");
    let name = Path::new(DATABASE).file_name().unwrap();
    rows_at(Arc::new(disk.clone()), &place.join(name)).expect("the table is there")
}

/// The instance comes back with these rows at least, and backs up and ends as if nothing had been.
fn comes_back(disk: &SimulatedFileSystem, circular: Circular, rows: &Rows, at: &str) {
    let instance = Instance::start(workload(circular).settings(disk))
        .unwrap_or_else(|error| panic!("{at}: recovery: {error}"));
    attach_again(&instance, disk);
    back_up(&instance, BackupKind::Full, Atomicity::Atomic)
        .unwrap_or_else(|error| panic!("{at}: the next backup: {error}"));
    instance.stop(TermKind::Complete).unwrap_or_else(|error| panic!("{at}: {error}"));
    drop(instance);
    assert_eq!(rows_of(disk).as_ref(), Some(rows), "{at}");
    assert_eq!(&restored_rows(disk, "/next"), rows, "{at}: from the next backup");
}

/// Runs `act` with the power going at every n-th of its writes; `check` looks at what is left.
fn every_write(
    circular: Circular,
    name: &str,
    prepare: impl Fn(&mut Stage),
    act: impl Fn(&mut Stage) -> Result<()>,
    check: impl Fn(&SimulatedFileSystem, &Rows, &str),
) {
    let (mut points, mut call, mut total) = (0, 0, 0);
    loop {
        let disk = disk();
        let mut stage = Stage::new(&disk, circular);
        prepare(&mut stage);
        let before = disk.write_calls();
        disk.cut_power_at(call, loss_of(call));
        let outcome = act(&mut stage);
        if !disk.is_off() {
            outcome.unwrap_or_else(|error| panic!("{name} without a power cut: {error}"));
            assert!(points > 10, "{name}: {points} writes");
            break;
        }
        total = total.max(disk.write_calls() - before);
        let rows = stage.leave();
        disk.reboot();
        let at = format!("{name}, power cut at call {call}");
        check(&disk, &rows, &at);
        comes_back(&disk, circular, &rows, &at);
        points += 1;
        call += 1;
    }
    ese_corpus::report!("{name}: {points} of {total} power cuts tried, 0 failures");
}

#[test]
fn a_power_cut_in_a_backup_into_a_folder_leaves_the_set_before() {
    every_write(
        Circular::Off,
        "an atomic backup over another",
        |stage| {
            stage.back_up(BackupKind::Full, Atomicity::Atomic).unwrap();
            stage.write(120..150).unwrap();
        },
        |stage| stage.back_up(BackupKind::Full, Atomicity::Atomic),
        |disk, rows, at| {
            // The set before, or the new one, which has all.
            let found = restored_rows(disk, "/before");
            assert!(found.len() == 120 || &found == rows, "{at}: {} rows", found.len());
            assert!(found.iter().all(|(key, value)| rows.get(key) == Some(value)), "{at}");
        },
    );
    every_write(
        Circular::Off,
        "logs added to an atomic set",
        |stage| {
            stage.back_up(BackupKind::Full, Atomicity::Atomic).unwrap();
            stage.write(120..150).unwrap();
        },
        |stage| stage.back_up(BackupKind::LogsOnly, Atomicity::Atomic),
        |_, _, _| (),
    );
    every_write(
        Circular::On,
        "a first atomic backup with circular logging",
        |_| (),
        |stage| stage.back_up(BackupKind::Full, Atomicity::Atomic),
        |_, _, _| (),
    );
}

fn snapshot(stage: &mut Stage) -> Result<()> {
    let session =
        SnapshotSession::prepare(SnapshotOptions::CONTINUE_AFTER_THAW, &[Arc::clone(&stage.instance)])?;
    session.freeze(Duration::from_secs(60))?;
    session.thaw().1?;
    session.truncate(Truncation::Deletes, None)?;
    session.end(Ending::Normal)?;
    stage.instance.log().expect("it logs").flush_all()
}

#[test]
fn a_power_cut_in_a_snapshot_loses_nothing() {
    for (circular, name) in
        [(Circular::Off, "a snapshot"), (Circular::On, "a snapshot with circular logging")]
    {
        every_write(circular, name, |_| (), snapshot, |_, _, _| ());
        let disk = disk();
        let mut stage = Stage::new(&disk, circular);
        snapshot(&mut stage).unwrap();
        let database = stage.instance.database_at(Path::new(DATABASE)).unwrap();
        assert_eq!(database.header().fields.backup_type_full_previous.get(), 1);
        assert_eq!(stage.instance.backup_holder(), None);
    }
}

#[test]
fn what_is_copied_while_an_instance_stands_still_recovers() {
    for circular in [Circular::Off, Circular::On] {
        let disk = disk();
        let mut stage = Stage::new(&disk, circular);
        let session =
            SnapshotSession::prepare(SnapshotOptions::empty(), &[Arc::clone(&stage.instance)]).unwrap();
        session.freeze(Duration::from_secs(60)).unwrap();
        let copy = self::disk();
        for path in disk.list(Path::new("/x")).unwrap() {
            copy.put(&path, disk.content(&path).unwrap());
        }
        assert_eq!(disk.is_file(Path::new("/x/edb.log")), circular == Circular::On);
        session.thaw().1.unwrap();
        let rows = stage.rows.clone();
        stage.write(120..130).unwrap();
        drop(stage);
        let instance = Instance::start(workload(circular).settings(&copy)).expect("the copy recovers");
        instance.stop(TermKind::Complete).unwrap();
        drop(instance);
        assert_eq!(rows_of(&copy), Some(rows));
    }
}
