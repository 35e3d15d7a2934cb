//! The "Restore in Progress" record through `restore pending`.

use std::fs;

use ese_engine::instance::{Instance, InstanceSettings, TermKind};
use ese_engine::io::{Host, OsFileSystem};
use ese_engine::restore_in_progress::{FILE_NAME, RecordState, RestoreInProgress};

use crate::stage::{Stage, assert_sound, copy_folder, eseutil, rows_of, shown, snapshot};

#[test]
fn a_record_is_written_shown_and_checked() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let system = shown(folder.path());
    let none = eseutil(["restore", "pending", &system]).succeeded();
    assert!(none.text.contains("nothing to do"), "{}", none.text);
    eseutil(["restore", "pending", &system, "--run"]).succeeded();
    let create = [
        "restore",
        "pending",
        &system,
        "--create",
        "--low",
        "36",
        "--high",
        "0x3F",
        "--backup-logs",
        "/restore/sg1",
    ];
    let made = create.iter().copied().chain(["--map", "C:\\o\\P.EDB=/n/P.EDB"]);
    eseutil(made).succeeded();
    let record =
        RestoreInProgress::load(&OsFileSystem, folder.path()).expect("it is good").expect("it is there");
    assert_eq!((record.low_log, record.high_log, record.map[0].old.as_str()), (0x36, 0x3F, "C:\\o\\P.EDB"));
    let shown_again = eseutil(["restore", "pending", &system]).succeeded();
    assert!(shown_again.text.contains("0x36-0x3F") && shown_again.text.contains("C:\\o\\P.EDB -> /n/P.EDB"));
    let json = eseutil(["restore", "pending", &system, "--json"]).succeeded().json();
    assert_eq!(json["result"]["record"]["state"], "pending");
    // A wrong one is told from none.
    fs::write(folder.path().join(FILE_NAME), "no export").expect("it can be written");
    eseutil(["restore", "pending", &system]).failed_with(-1812);
    eseutil(["restore", "pending", &system, "--run"]).failed_with(-1812);
    assert_eq!(eseutil(create.iter().copied()).status, 2, "without a map");
}

#[test]
fn t144_a_record_whose_logs_were_replayed_is_deleted_and_nothing_else_happens() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let system = shown(folder.path());
    eseutil([
        "restore",
        "pending",
        &system,
        "--create",
        "--low=1",
        "--high=2",
        "--backup-logs=/none",
        "--map=/a=/b",
    ])
    .succeeded();
    let mut record = RestoreInProgress::load(&OsFileSystem, folder.path()).expect("good").expect("there");
    record.state = RecordState::Recovered;
    record.save(&OsFileSystem, folder.path()).expect("it can be written");
    let said = eseutil(["restore", "pending", &system, "--run", "--json"]).succeeded();
    assert_eq!(said.json()["result"]["done"], "deleted");
    assert!(snapshot(folder.path()).is_empty());
}

#[test]
fn t145_a_start_of_the_engine_takes_no_notice_of_a_record() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let system = shown(folder.path());
    eseutil([
        "restore",
        "pending",
        &system,
        "--create",
        "--low=1",
        "--high=2",
        "--backup-logs=/none",
        "--map=/a=/b",
    ])
    .succeeded();
    let before = fs::read(folder.path().join(FILE_NAME)).expect("it is there");
    let instance =
        Instance::start(InstanceSettings::in_folder(Host::system(), folder.path())).expect("it starts");
    instance.stop(TermKind::Complete).expect("it stops");
    assert_eq!(fs::read(folder.path().join(FILE_NAME)).expect("it is still there"), before);
}

#[test]
fn a_pending_record_is_carried_out_once() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(300);
    let set = stage.backup("set", &[]);
    let expected = rows_of(stage.database());
    let target = stage.place("target");
    copy_folder(&set, &target);
    let database = target.join("a.edb");
    let generations = eseutil(["verify-backup", &shown(&set), "--json"]).succeeded().json();
    let logs = &generations["result"]["sets"][0]["logs"];
    let number = |name: &str| format!("{:X}", logs[name].as_i64().expect("a generation"));
    eseutil([
        "restore",
        "pending",
        &shown(&target),
        "--create",
        "--low",
        &number("low"),
        "--high",
        &number("high"),
        "--backup-logs",
        &shown(&target),
        "--map",
        &format!("{}={}", shown(stage.database()), shown(&database)),
    ])
    .succeeded();
    let done = eseutil(["restore", "pending", &shown(&target), "--run", "--json"]).succeeded();
    assert_eq!(done.json()["result"]["done"], "recovered");
    assert_sound(&database);
    assert_eq!(rows_of(&database), expected);
    let again = eseutil(["restore", "pending", &shown(&target), "--run", "--json"]).succeeded();
    assert_eq!(again.json()["result"]["done"], "deleted");
    assert!(!target.join(FILE_NAME).exists());
}
