//! What is refused, in plain words and before anything is touched: files in use, folders that cannot be right, sets with
//! something missing or wrong.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::stage::{Stage, copy_folder, eseutil, shown, snapshot};

fn backup_of(stage: &Stage, to: &Path) -> Vec<String> {
    vec!["backup".to_owned(), shown(stage.database()), "--to".to_owned(), shown(to)]
}

#[test]
fn a_database_that_another_process_has_open_is_said_to_be_locked() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(100);
    let set = stage.backup("set", &[]);
    let (instance, session, databases) = stage.running();
    let said = eseutil(backup_of(&stage, &stage.place("second"))).failed_with(-1032);
    assert!(
        said.errors.contains("in use by another process") && said.errors.contains("JetBeginExternalBackup")
    );
    let said =
        eseutil(["restore", &shown(&set), "--to", &shown(&stage.live()), "--overwrite"]).failed_with(-1032);
    assert!(said.errors.contains("in use by another process"), "{}", said.errors);
    drop((session, databases));
    instance.stop(ese_engine::instance::TermKind::Complete).expect("it stops");
}

#[test]
fn logs_that_do_not_go_on_behind_the_set_are_refused_before_a_database_is_replaced() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(100);
    let set = stage.backup("set", &[]);
    stage.insert(3000);
    let is_archive = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.len() > "edbtmp.log".len() && path.extension().is_some_and(|end| end == "log")
    };
    let archives = snapshot(&stage.live());
    let newest: Vec<_> = archives.keys().filter(is_archive).rev().take(2).collect();
    fs::remove_file(newest[1]).expect("it is there");
    let before = snapshot(stage.path());
    let replaced = ["restore", &shown(&set), "--to", &shown(&stage.live()), "--overwrite"].map(str::to_owned);
    let said = eseutil(replaced.clone()).failed_with(-565);
    assert!(said.errors.contains("--set-only"), "{}", said.errors);
    assert!(snapshot(stage.path()) == before, "something was changed");
    let alone = replaced.into_iter().chain(["--set-only".to_owned()]);
    eseutil(alone).succeeded();
}

#[test]
fn folders_that_cannot_be_right_are_refused() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(100);
    let set = stage.backup("set", &[]);
    let file = stage.place("file");
    fs::write(&file, "x").expect("a file can be written");
    let link = stage.place("link");
    symlink(stage.live(), &link).expect("a link can be made");
    let before = snapshot(stage.path());
    for (to, code) in [
        (set.clone(), -504),
        (stage.live(), -504),
        (link.clone(), -504),
        (file.clone(), -1023),
        (file.join("below"), -1023),
    ] {
        eseutil(backup_of(&stage, &to)).failed_with(code);
    }
    let to = stage.place("to");
    let restore = |sets: &[&Path], options: &[&str]| {
        let sets = sets.iter().map(|set| shown(set));
        let options = options.iter().map(|&option| option.to_owned());
        eseutil(["restore".to_owned()].into_iter().chain(sets).chain(options))
    };
    let (to_text, set_text, file_text) = (shown(&to), shown(&set), shown(&file));
    let live_text = shown(&stage.live());
    restore(&[&stage.place("none")], &["--to", &to_text]).failed_with(-1023);
    // Too short for a stream.
    restore(&[&file], &["--to", &to_text]).failed_with(-4001);
    restore(&[&stage.live().join("a.edb")], &["--to", &to_text]).failed_with(-1023);
    restore(&[&set], &["--to", &set_text]).failed_with(-1023);
    restore(&[&set], &["--to", &file_text]).failed_with(-1023);
    restore(&[&set], &["--to", &to_text, "--work", &set_text]).failed_with(-1023);
    restore(&[&set], &["--to", &to_text, "--work", &live_text]).failed_with(-1814);
    restore(&[&set], &["--to", &live_text]).failed_with(-1814);
    restore(&[&set], &["--to", &to_text, "--map", "other.edb=/tmp/x.edb"]).failed_with(-1203);
    restore(&[&set], &["--to", &to_text, "--map", &format!("a.edb={set_text}/x.edb")]).failed_with(-1023);
    restore(&[&set], &["--to", &to_text, "--only", "other.edb"]).failed_with(-1203);
    restore(&[&set, &set], &["--to", &to_text]).failed_with(-1222);
    restore(&[&stage.live()], &["--to", &to_text]).failed_with(-615);
    assert!(!to.exists());
    assert_eq!(snapshot(stage.path()), before);
}

/// A set, spoilt by `spoil`, with what `verify-backup` and `restore` must say.
fn spoilt(name: &str, set: &Path, spoil: impl Fn(&Path), code: i32, named: &str) -> PathBuf {
    let folder = set.with_file_name(format!("spoilt-{name}"));
    copy_folder(set, &folder);
    spoil(&folder);
    let before = snapshot(&folder);
    let to = set.with_file_name(format!("to-{name}"));
    let said = eseutil(["verify-backup", &shown(&folder)]).failed_with(code);
    assert!(said.errors.contains(named), "{name}: {} is not named in {}", named, said.errors);
    let restored = eseutil(["restore", &shown(&folder), "--to", &shown(&to)]);
    assert_ne!(restored.status, 0, "{name}: {}", restored.text);
    assert!(
        restored.errors.contains(named) || restored.text.contains(named),
        "{name}: {named} is not named in {}{}",
        restored.text,
        restored.errors
    );
    assert_eq!(snapshot(&folder), before, "{name}: a set is only read");
    to
}

#[test]
fn a_spoilt_set_is_told_file_by_file() {
    let set_of = |stage: &mut Stage| {
        stage.insert(600);
        let set = stage.backup("set", &[]);
        // With the logs of an incremental set in it: one line of logs behind the copy.
        stage.insert(600);
        copy_folder(&stage.backup("incremental", &["--incremental"]), &set);
        set
    };
    let (mut stage, mut other) = (Stage::new(&["a.edb"]), Stage::new(&["a.edb"]));
    let (set, foreign) = (set_of(&mut stage), set_of(&mut other));
    let logs: Vec<String> = snapshot(&set)
        .keys()
        .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
        .filter(|name| name.ends_with(".log"))
        .collect();
    assert!(logs.len() >= 3, "{logs:?}");
    let (first, middle) = (logs[0].as_str(), logs[1].as_str());
    let flip = |folder: &Path, name: &str, at: usize| {
        let path = folder.join(name);
        let mut bytes = fs::read(&path).expect("it is there");
        let at = if at == usize::MAX { bytes.len() - 4096 + 60 } else { at };
        bytes[at] ^= 0xFF;
        fs::write(&path, bytes).expect("it can be written");
    };
    let cut = |folder: &Path, name: &str, bytes: u64| {
        let file = fs::OpenOptions::new().write(true).open(folder.join(name)).expect("it is there");
        file.set_len(bytes).expect("it can be cut");
    };
    let remove = |folder: &Path, name: &str| fs::remove_file(folder.join(name)).expect("it is there");
    let swap = |folder: &Path| {
        fs::rename(folder.join(first), folder.join("x")).expect("it is there");
        fs::rename(folder.join(middle), folder.join(first)).expect("it is there");
        fs::rename(folder.join("x"), folder.join(middle)).expect("it is there");
    };
    let strange = |name: &'static str| {
        let foreign = foreign.clone();
        move |folder: &Path| {
            fs::copy(foreign.join(name), folder.join(name)).expect("both have it");
        }
    };
    let foreign_log = |folder: &Path| {
        fs::copy(foreign.join(middle), folder.join(middle)).expect("both have it");
    };
    spoilt("log-data", &set, |folder| flip(folder, middle, 4096 + 200), -501, middle);
    let untouched = [
        spoilt("log-missing", &set, |folder| remove(folder, middle), -557, "missing"),
        spoilt("first-log-missing", &set, |folder| remove(folder, first), -543, "a.edb"),
        spoilt("log-cut", &set, |folder| cut(folder, middle, 70_000), -541, middle),
        spoilt("log-empty", &set, |folder| cut(folder, middle, 0), -501, middle),
        spoilt("log-header", &set, |folder| flip(folder, middle, 100), -501, middle),
        spoilt("page", &set, |folder| flip(folder, "a.edb", 4096 * 6 + 500), -1206, "page 5"),
        spoilt("trailer", &set, |folder| flip(folder, "a.edb", usize::MAX), -535, "a.edb"),
        spoilt("database-cut", &set, |folder| cut(folder, "a.edb", 4096 * 40), -535, "a.edb"),
        spoilt("no-header", &set, |folder| cut(folder, "a.edb", 100), -1206, "a.edb"),
        spoilt("no-database", &set, |folder| remove(folder, "a.edb"), -560, "no set has a database"),
        spoilt("swapped", &set, swap, -515, first),
        spoilt("foreign-database", &set, strange("a.edb"), -552, "a.edb"),
        spoilt("foreign-log", &set, foreign_log, -530, middle),
    ];
    for to in &untouched {
        assert!(!to.exists(), "{}", to.display());
    }
    ese_corpus::report!(
        "spoilt sets: {} told, {} restores refused before anything was made",
        untouched.len() + 1,
        untouched.len()
    );
}

#[test]
fn a_database_of_another_stream_is_not_attached_by_mistake() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(50);
    let other = Stage::new(&["b.edb"]);
    fs::copy(other.database(), stage.live().join("b.edb")).expect("it can be copied");
    let before = snapshot(stage.path());
    let arguments = ["backup", &shown(&stage.live().join("b.edb")), "--to", &shown(&stage.place("set"))]
        .map(str::to_owned);
    eseutil(&arguments).failed_with(-530);
    let alone = stage.place("alone");
    fs::create_dir(&alone).expect("a folder can be made");
    fs::copy(other.database(), alone.join("b.edb")).expect("it can be copied");
    let said = eseutil(["backup", &shown(&alone.join("b.edb")), "--to", &shown(&stage.place("set"))])
        .failed_with(-528);
    assert!(said.errors.contains("--new-stream"), "{}", said.errors);
    fs::remove_dir_all(&alone).expect("it is there");
    assert_eq!(snapshot(stage.path()), before);
}
