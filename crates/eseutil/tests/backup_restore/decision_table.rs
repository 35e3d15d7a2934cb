//! Spec 07 §14.5 and the rows of §17.5 that run hard recovery: each cell of the replay decision table is a folder, a command line and
//! what must come of it.

use std::fs;
use std::path::{Path, PathBuf};

use ese_engine::io::OsFileSystem;
use ese_engine::restore_environment::{
    CircularAtBackup, EnvironmentDatabase, Guid, RecoverStatus, RestoreEnvironment, RestoreMode,
};
use ese_format::log::LogHeader;

use crate::stage::{Stage, assert_sound, copy_folder, eseutil, rows_of, shown, snapshot};

/// A stream with a full set, logs behind it, and logs of another stream.
struct Scene {
    stage: Stage,
    set: PathBuf,
    at_set: Vec<String>,
    further: PathBuf,
    at_further: Vec<String>,
    foreign: PathBuf,
}

fn scene() -> Scene {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(400);
    let set = stage.backup("set", &[]);
    let at_set = rows_of(stage.database());
    stage.insert(400);
    let further = stage.backup("further", &["--incremental"]);
    let at_further = rows_of(stage.database());
    let mut other = Stage::new(&["a.edb"]);
    other.insert(900);
    let foreign_set = other.backup("set", &[]);
    let foreign = stage.place("foreign");
    copy_folder(&foreign_set, &foreign);
    Scene { stage, set, at_set, further, at_further, foreign }
}

fn generations(folder: &Path) -> Vec<(i32, PathBuf)> {
    let logs = snapshot(folder).into_keys().filter(|path| path.extension().is_some_and(|kind| kind == "log"));
    let mut found: Vec<_> = logs
        .map(|path| {
            let bytes = fs::read(&path).expect("it is there");
            (LogHeader::read(&bytes).expect("a log").generation.get(), path)
        })
        .collect();
    found.sort();
    found
}

/// Where logs lie that are no part of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extra {
    None,
    /// In the restore folder, going on behind the set.
    Folder,
    /// There, with a gap.
    FolderWithGap,
    /// In the running folder, going on behind the set.
    Running,
    /// There, with a gap.
    RunningWithGap,
    /// There, of another stream.
    RunningForeign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The rows of the set.
    Set,
    /// Those of all logs.
    Further,
    /// One of these codes.
    Fails(&'static [i32]),
}

struct Prepared {
    folder: PathBuf,
    running: PathBuf,
    database: PathBuf,
}

impl Scene {
    fn prepare(&self, name: &str, mode: RestoreMode, circular: CircularAtBackup, extra: Extra) -> Prepared {
        let place = self.stage.place(name);
        let prepared = Prepared {
            folder: place.join("folder"),
            running: place.join("running"),
            database: place.join("db/a.edb"),
        };
        for folder in [&prepared.folder, &prepared.running, &place.join("db")] {
            fs::create_dir_all(folder).expect("a folder can be made");
        }
        let logs = generations(&self.set);
        let high = logs.last().expect("a set has logs").0;
        let put = |logs: &[(i32, PathBuf)], to: &Path| {
            for (_, path) in logs {
                fs::copy(path, to.join(path.file_name().expect("a name"))).expect("it can be copied");
            }
        };
        put(&logs, &prepared.folder);
        fs::copy(self.set.join("a.edb"), &prepared.database).expect("it can be copied");
        let behind: Vec<_> =
            generations(&self.further).into_iter().filter(|(generation, _)| *generation > high).collect();
        assert!(behind.len() >= 3, "{behind:?}");
        let foreign: Vec<_> =
            generations(&self.foreign).into_iter().filter(|(generation, _)| *generation > high).collect();
        match extra {
            Extra::None => {}
            Extra::Folder => put(&behind, &prepared.folder),
            Extra::FolderWithGap => put(&behind[1..], &prepared.folder),
            Extra::Running => put(&behind, &prepared.running),
            Extra::RunningWithGap => put(&behind[1..], &prepared.running),
            Extra::RunningForeign => {
                assert!(!foreign.is_empty());
                put(&foreign, &prepared.running);
            }
        }
        let header = fs::read(&logs[0].1).expect("it is there");
        let stream = LogHeader::read(&header).expect("a log").signature;
        let database = fs::read(&prepared.database).expect("it is there");
        let identity = ese_format::database_header::choose_header(&database)
            .expect("a copy")
            .header
            .fields
            .database_signature;
        let environment = RestoreEnvironment {
            running_log_path: shown(&prepared.running),
            running_system_path: shown(&prepared.running),
            source_instance: "source".to_owned(),
            circular,
            mode,
            databases: vec![EnvironmentDatabase {
                display_name: "a".to_owned(),
                guid: Guid::default(),
                source_file: shown(self.stage.database()),
                destination_file: prepared.database.clone(),
                signature: identity,
                unknown: Vec::new(),
            }],
            ..RestoreEnvironment::new("edb", (logs[0].0, high), stream)
        };
        environment.save(&OsFileSystem, &prepared.folder).expect("it can be written");
        prepared
    }
}

/// Name, mode, further arguments, circular logging at the backup, what else is there, what comes of it.
type Cell<'c> = (&'c str, RestoreMode, &'c [&'c str], CircularAtBackup, Extra, Outcome);

#[test]
fn t141_every_cell_of_the_replay_decision_table() {
    use CircularAtBackup::{No, Yes};
    use RestoreMode::{Normal, RecoveryGroup, Victimized};
    const MISMATCH: Outcome = Outcome::Fails(&[-610, -611, -565]);
    let scene = scene();
    let cells: &[Cell<'_>] = &[
        ("listed, normal", Normal, &[], No, Extra::None, Outcome::Set),
        ("listed, victimized", Victimized, &[], No, Extra::None, Outcome::Set),
        ("listed, /t", Normal, &["/t"], No, Extra::None, Outcome::Set),
        ("listed, group", RecoveryGroup, &[], No, Extra::None, Outcome::Set),
        ("folder, normal", Normal, &[], No, Extra::Folder, Outcome::Set),
        ("folder, victimized", Victimized, &[], No, Extra::Folder, Outcome::Further),
        ("folder, /t", Normal, &["/t"], No, Extra::Folder, Outcome::Further),
        ("folder, group", RecoveryGroup, &[], No, Extra::Folder, Outcome::Set),
        ("folder with a gap, normal", Normal, &[], No, Extra::FolderWithGap, Outcome::Set),
        ("folder with a gap, victimized", Victimized, &[], No, Extra::FolderWithGap, MISMATCH),
        ("folder with a gap, /t", Normal, &["/t"], No, Extra::FolderWithGap, MISMATCH),
        ("folder with a gap, group", RecoveryGroup, &[], No, Extra::FolderWithGap, Outcome::Set),
        ("running, normal", Normal, &[], No, Extra::Running, Outcome::Further),
        ("running, named", Victimized, &["/tsource"], No, Extra::Running, Outcome::Further),
        ("running, victimized", Victimized, &[], No, Extra::Running, Outcome::Set),
        ("running, /t", Normal, &["/t"], No, Extra::Running, Outcome::Set),
        ("running, group", RecoveryGroup, &[], No, Extra::Running, Outcome::Further),
        ("running with a gap, normal", Normal, &[], No, Extra::RunningWithGap, MISMATCH),
        ("running with a gap, victimized", Victimized, &[], No, Extra::RunningWithGap, Outcome::Set),
        ("running with a gap, /t", Normal, &["/t"], No, Extra::RunningWithGap, Outcome::Set),
        ("running with a gap, group", RecoveryGroup, &[], No, Extra::RunningWithGap, MISMATCH),
        ("running foreign, normal", Normal, &[], No, Extra::RunningForeign, MISMATCH),
        ("running foreign, /t", Normal, &["/t"], No, Extra::RunningForeign, Outcome::Set),
        ("running foreign, group", RecoveryGroup, &[], No, Extra::RunningForeign, MISMATCH),
        ("circular, foreign, normal", Normal, &[], Yes, Extra::RunningForeign, Outcome::Set),
        ("circular, gap, normal", Normal, &[], Yes, Extra::RunningWithGap, Outcome::Set),
        ("circular, gap, victimized", Victimized, &[], Yes, Extra::RunningWithGap, Outcome::Set),
        ("circular, gap, group", RecoveryGroup, &[], Yes, Extra::RunningWithGap, Outcome::Set),
        ("another instance", Normal, &["/tother"], No, Extra::None, Outcome::Fails(&[-577])),
    ];
    for (index, (name, mode, switches, circular, extra, outcome)) in cells.iter().enumerate() {
        let prepared = scene.prepare(&format!("cell{index}"), *mode, *circular, *extra);
        let before = snapshot(&prepared.folder);
        let copy = fs::read(&prepared.database).expect("it is there");
        let folder = shown(&prepared.folder);
        let arguments: Vec<&str> =
            ["/cc", folder.as_str()].into_iter().chain(switches.iter().copied()).collect();
        let said = eseutil(&arguments);
        match outcome {
            Outcome::Set | Outcome::Further => {
                assert_eq!(said.status, 0, "{name}: {}\n{}", said.text, said.errors);
                assert_sound(&prepared.database);
                let expected = if *outcome == Outcome::Set { &scene.at_set } else { &scene.at_further };
                assert!(rows_of(&prepared.database) == *expected, "{name}");
                assert!(!prepared.folder.exists(), "{name}: {:?}", snapshot(&prepared.folder).keys());
            }
            Outcome::Fails(codes) => {
                assert_ne!(said.status, 0, "{name}: {}", said.text);
                let known = codes.iter().any(|code| said.text.contains(&format!("with error {code} ")));
                assert!(known, "{name}: {}\n{}", said.text, said.errors);
                let after = snapshot(&prepared.folder);
                assert!(before.keys().eq(after.keys()), "{name}: nothing is deleted");
                assert_eq!(fs::read(&prepared.database).expect("it is there"), copy, "{name}");
            }
        }
    }
    ese_corpus::report!("T141: {} cells of the replay decision table", cells.len());
}

#[test]
fn t139_the_folder_goes_after_success_unless_it_is_to_be_kept() {
    let scene = scene();
    let normal = |name: &str| scene.prepare(name, RestoreMode::Normal, CircularAtBackup::No, Extra::None);
    let prepared = normal("kept");
    let logs = generations(&prepared.folder).len();
    eseutil(["/cc", &shown(&prepared.folder), "/k"]).succeeded();
    assert_eq!(generations(&prepared.folder).len(), logs);
    let environment = RestoreEnvironment::load(&OsFileSystem, &prepared.folder).expect("it is kept");
    assert_eq!((environment.recover_status, environment.recover_error), (RecoverStatus::Ended, 0));
    assert!(environment.recover_time.is_set());
    // What is no file of a restore stays, and the folder with it; links are not followed.
    let prepared = normal("with-more");
    fs::write(prepared.folder.join("notes.txt"), "mine").expect("it can be written");
    let elsewhere = scene.stage.place("precious.log");
    fs::write(&elsewhere, "precious").expect("it can be written");
    std::os::unix::fs::symlink(&elsewhere, prepared.folder.join("edb00999.log")).expect("a link can be made");
    fs::write(prepared.folder.join("a.pat"), "").expect("it can be written");
    let said = eseutil(["restore", "run", &shown(&prepared.folder), "--folder-alone"]);
    // A link among the logs that does not lead to one keeps the set from being used at all.
    if said.status == 0 {
        assert_eq!(fs::read_to_string(prepared.folder.join("notes.txt")).expect("it is kept"), "mine");
        assert!(!prepared.folder.join("Restore.env").exists() && !prepared.folder.join("a.pat").exists());
    }
    assert_eq!(fs::read_to_string(&elsewhere).expect("it is kept"), "precious");
}

#[test]
fn t138_t140_a_failure_deletes_nothing_and_is_written_down() {
    let scene = scene();
    let prepared =
        scene.prepare("foreign-running", RestoreMode::Normal, CircularAtBackup::No, Extra::RunningForeign);
    let logs = generations(&prepared.folder);
    let said = eseutil(["/cc", &shown(&prepared.folder)]);
    assert!(said.text.contains("Error returned from hard recovery (0xC8000262)."), "{}", said.text);
    said.failed_with(-610);
    assert_eq!(generations(&prepared.folder), logs);
    let environment = RestoreEnvironment::load(&OsFileSystem, &prepared.folder).expect("it is kept");
    assert_eq!((environment.recover_status, environment.recover_error), (RecoverStatus::Ended, 0xC800_0262));
    // With what stood in its way left out, the same folder succeeds.
    eseutil(["/cc", &shown(&prepared.folder), "/t"]).succeeded();
    assert_eq!(rows_of(&prepared.database), scene.at_set);

    let prepared = scene.prepare("wrong-stream", RestoreMode::Normal, CircularAtBackup::No, Extra::None);
    let mut environment = RestoreEnvironment::load(&OsFileSystem, &prepared.folder).expect("it is good");
    environment.log_signature.random = 77.into();
    environment.save(&OsFileSystem, &prepared.folder).expect("it can be written");
    let before = snapshot(&prepared.folder);
    eseutil(["/cc", &shown(&prepared.folder)]).failed_with(-530);
    assert_eq!(snapshot(&prepared.folder), before);

    let prepared = scene.prepare("wrong-database", RestoreMode::Normal, CircularAtBackup::No, Extra::None);
    let mut environment = RestoreEnvironment::load(&OsFileSystem, &prepared.folder).expect("it is good");
    environment.databases[0].signature.random = 77.into();
    environment.save(&OsFileSystem, &prepared.folder).expect("it can be written");
    eseutil(["/cc", &shown(&prepared.folder)]).failed_with(-531);

    let prepared = scene.prepare("log-gone", RestoreMode::Normal, CircularAtBackup::No, Extra::None);
    fs::remove_file(&generations(&prepared.folder)[0].1).expect("it is there");
    let before = snapshot(&prepared.folder);
    eseutil(["/cc", &shown(&prepared.folder)]).failed_with(-557);
    assert_eq!(snapshot(&prepared.folder), before);
}
