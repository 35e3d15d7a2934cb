//! From a database made here through `backup`, `verify-backup` and `restore` to the same rows again.

use std::fs;
use std::process::{Command, Stdio};

use ese_engine::log::Circular;

use crate::stage::{Stage, assert_sound, eseutil, fed, finished, rows_of, shown, snapshot};

#[test]
fn a_chain_of_a_full_and_incremental_sets_restores_to_every_point() {
    let mut stage = Stage::new(&["a.edb", "b.edb"]);
    stage.insert(400);
    let mut sets = vec![stage.backup("full", &[])];
    let mut expected = vec![rows_of(stage.database())];
    for number in 0..3 {
        stage.insert(250);
        sets.push(stage.backup(&format!("incremental{number}"), &["--incremental"]));
        expected.push(rows_of(stage.database()));
    }
    let verified = eseutil(["verify-backup".to_owned()].into_iter().chain(sets.iter().map(|set| shown(set))))
        .succeeded();
    assert!(verified.text.contains("Nothing is wrong."), "{}", verified.text);
    let source = snapshot(stage.path());
    for length in 1..=sets.len() {
        let to = stage.place(&format!("restored{length}"));
        let chain = sets[..length].iter().map(|set| shown(set));
        let arguments =
            ["restore".to_owned()].into_iter().chain(chain).chain(["--to".to_owned(), shown(&to)]);
        let said = eseutil(arguments).succeeded();
        assert!(said.text.contains("Restored "), "{}", said.text);
        for name in ["a.edb", "b.edb"] {
            assert_sound(&to.join(name));
            assert_eq!(rows_of(&to.join(name)), expected[length - 1], "{name} of {length} sets");
        }
        assert!(!to.join("restore-in-progress").exists());
    }
    // Neither the sets nor the databases that run were touched.
    let now = snapshot(stage.path());
    assert!(source.iter().all(|(path, bytes)| now.get(path) == Some(bytes)));
    ese_corpus::report!("chain: {} points of 2 databases, {} rows at the last", sets.len(), stage.rows());
}

#[test]
fn differential_sets_go_on_behind_the_full_one_and_delete_nothing() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(300);
    let full = stage.backup("full", &[]);
    let mut expected = Vec::new();
    for number in 0..2 {
        stage.insert(200);
        let json = eseutil([
            "backup",
            &shown(stage.database()),
            "--differential",
            "--to",
            &shown(&stage.place(&format!("d{number}"))),
            "--json",
        ])
        .succeeded()
        .json();
        assert_eq!(json["result"]["deleted_logs"], 0);
        expected = rows_of(stage.database());
    }
    let to = stage.place("restored");
    eseutil(["restore", &shown(&full), &shown(&stage.place("d1")), "--to", &shown(&to)]).succeeded();
    assert_eq!(rows_of(&to.join("a.edb")), expected);
}

#[test]
fn a_set_streams_to_standard_output_as_tar() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(300);
    let expected = rows_of(stage.database());
    let folder = stage.place("set");
    fs::create_dir(&folder).expect("a folder can be made");
    let stream = fs::File::create(stage.place("set.tar")).expect("a file can be made");
    let mut command = Command::new(env!("CARGO_BIN_EXE_eseutil"));
    command.args(["backup", &shown(stage.database()), "--stream"]);
    let done = finished(command.stdout(stream).stderr(Stdio::piped()));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stderr).contains("full backup to standard output"));
    let unpacked = finished(Command::new("tar").args(["xf", "../set.tar"]).current_dir(&folder));
    assert!(unpacked.status.success());
    eseutil(["verify-backup", &shown(&folder)]).succeeded();
    let to = stage.place("restored");
    eseutil(["restore", &shown(&folder), "--to", &shown(&to)]).succeeded();
    assert_eq!(rows_of(&to.join("a.edb")), expected);
    // The stream itself is a set: as a file, and on standard input. Nothing of its unpacking is left, and it is only read.
    let (tar, before) = (stage.place("set.tar"), fs::read(stage.place("set.tar")).expect("it is there"));
    let to = stage.place("from-file");
    eseutil(["restore", &shown(&tar), "--to", &shown(&to)]).succeeded();
    assert_sound(&to.join("a.edb"));
    assert_eq!(rows_of(&to.join("a.edb")), expected);
    let to = stage.place("from-input");
    let mut command = Command::new(env!("CARGO_BIN_EXE_eseutil"));
    command.args(["restore", "-", "--to", &shown(&to)]);
    let done = fed(&mut command, fs::File::open(&tar).expect("it is there"));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(rows_of(&to.join("a.edb")), expected);
    assert!(fs::read(&tar).expect("it is there") == before);
    // One that breaks off anywhere is no set, and nothing is made.
    for bytes in [0, 100, 512, 5000, before.len() / 2, before.len() - 1024] {
        fs::write(stage.place("cut.tar"), &before[..bytes]).expect("a file can be written");
        let to = stage.place("from-cut");
        let said =
            eseutil(["restore", &shown(&stage.place("cut.tar")), "--to", &shown(&to)]).failed_with(-4001);
        assert!(said.errors.contains("cut.tar"), "{}", said.errors);
        assert!(!to.exists(), "{bytes} bytes");
    }
    let left: Vec<_> = fs::read_dir(stage.path())
        .expect("it is there")
        .map(|entry| entry.expect("listed").file_name())
        .collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("eseutil-stream")), "{left:?}");
}

#[test]
fn one_database_of_a_set_is_restored_without_the_others() {
    let mut stage = Stage::new(&["a.edb", "b.edb"]);
    stage.insert(300);
    let set = stage.backup("set", &[]);
    let expected = rows_of(stage.database());
    let before = snapshot(&set);
    for name in ["a.edb", "b.edb"] {
        let to = stage.place(&format!("only-{name}"));
        eseutil(["restore", &shown(&set), "--to", &shown(&to), "--only", name]).succeeded();
        assert_sound(&to.join(name));
        assert_eq!(rows_of(&to.join(name)), expected, "{name}");
        let other = if name == "a.edb" { "b.edb" } else { "a.edb" };
        assert!(!to.join(other).exists(), "{other}");
    }
    assert!(snapshot(&set) == before, "a set is only read");
}

#[test]
fn a_restored_stream_goes_on_and_can_be_backed_up_again() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(200);
    let set = stage.backup("set", &[]);
    let expected = rows_of(stage.database());
    let to = stage.place("restored");
    eseutil(["restore", &shown(&set), "--to", &shown(&to)]).succeeded();
    // The new log is in the folder: the same base name starts on it.
    let again = stage.place("set2");
    eseutil(["backup", &shown(&to.join("a.edb")), "--to", &shown(&again)]).succeeded();
    eseutil(["verify-backup", &shown(&again)]).succeeded();
    let to = stage.place("restored2");
    eseutil(["restore", &shown(&again), "--to", &shown(&to)]).succeeded();
    assert_eq!(rows_of(&to.join("a.edb")), expected);
}

#[test]
fn databases_go_where_the_map_says_and_one_can_be_replaced() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(200);
    let set = stage.backup("set", &[]);
    let expected = rows_of(stage.database());
    let to = stage.place("restored");
    let place = stage.place("elsewhere").join("renamed.edb");
    let map = format!("a.edb={}", shown(&place));
    eseutil(["restore", &shown(&set), "--to", &shown(&to), "--map", &map]).succeeded();
    assert_eq!(rows_of(&place), expected);
    let old = format!("{}={}", shown(stage.database()), shown(&stage.place("by-old-path.edb")));
    eseutil(["restore", &shown(&set), "--to", &shown(&stage.place("restored3")), "--map", &old]).succeeded();
    assert_eq!(rows_of(&stage.place("by-old-path.edb")), expected);
    // Lost rows come back from the logs that the instance still has.
    stage.insert(100);
    let newest = rows_of(stage.database());
    fs::remove_file(stage.database()).expect("it is there");
    eseutil(["restore", &shown(&set), "--to", &shown(&stage.live())]).succeeded();
    assert_sound(stage.database());
    assert_eq!(rows_of(stage.database()), newest);
    // Without them it is what it was.
    let replaced = ["restore", &shown(&set), "--to", &shown(&stage.live()), "--overwrite", "--set-only"]
        .map(str::to_owned);
    eseutil(replaced).succeeded();
    assert_eq!(rows_of(stage.database()), expected);
}

#[test]
fn circular_logging_allows_full_sets_and_refuses_incremental_ones() {
    let mut stage = Stage::with(&["a.edb"], Circular::On);
    stage.insert(300);
    let set = stage.backup("set", &[]);
    let expected = rows_of(stage.database());
    let incremental =
        ["backup", &shown(stage.database()), "--incremental", "--to", &shown(&stage.place("i"))]
            .map(str::to_owned);
    eseutil(incremental).failed_with(-526);
    assert!(!stage.place("i").exists());
    let to = stage.place("restored");
    eseutil(["restore", &shown(&set), "--to", &shown(&to)]).succeeded();
    assert_eq!(rows_of(&to.join("a.edb")), expected);
}

#[test]
fn a_database_that_was_not_closed_is_recovered_before_it_is_backed_up() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(100);
    stage.insert_and_crash(200);
    let json = eseutil(["info", &shown(stage.database()), "--json"]).succeeded().json();
    assert_eq!(json["result"]["state"]["text"], "Dirty Shutdown", "{json}");
    let set = stage.backup("set", &[]);
    let expected = rows_of(stage.database());
    assert!(expected.len() >= 100, "{}", expected.len());
    let to = stage.place("restored");
    eseutil(["restore", &shown(&set), "--to", &shown(&to)]).succeeded();
    assert_sound(&to.join("a.edb"));
    assert_eq!(rows_of(&to.join("a.edb")), expected);
}
