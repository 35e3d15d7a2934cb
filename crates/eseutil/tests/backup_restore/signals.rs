//! SIGINT and SIGTERM sent to a real process in the middle of its work: it ends in order, with 130 or 143, and nothing that
//! is half done is called done.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ese_engine::io::OsFileSystem;
use ese_engine::restore_environment::{RecoverStatus, RestoreEnvironment};
use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{Said, Stage, assert_sound, copy_folder, eseutil, rows_of, shown, snapshot, spawned};

/// When signals come, in milliseconds after the process listens.
const MOMENTS: [u64; 8] = [0, 2, 5, 10, 20, 40, 80, 160];

fn started(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eseutil"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    spawned(&mut command)
}

fn send(signal: Signal, child: &Child) {
    kill_process(Pid::from_child(child), signal).expect("a child that nobody waited for is there");
}

/// Waits until the process has handlers for both signals, or has ended.
fn wait_until_it_listens(child: &mut Child) {
    let status = format!("/proc/{}/status", child.id());
    let handlers = 1 << (Signal::INT.as_raw() - 1) | 1 << (Signal::TERM.as_raw() - 1);
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end && child.try_wait().expect("it can be asked").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0").trim();
        if u64::from_str_radix(caught, 16).is_ok_and(|caught| caught & handlers == handlers) {
            return;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Runs `eseutil`, and sends it a signal after a while.
fn interrupted(arguments: &[&str], signal: Signal, moment: u64) -> Said {
    let mut child = started(arguments);
    wait_until_it_listens(&mut child);
    std::thread::sleep(Duration::from_millis(moment));
    send(signal, &child);
    Said::of(child.wait_with_output().expect("it ends"))
}

/// The signal of a turn, and the status it makes.
fn signal_of(turn: usize) -> (Signal, i32, &'static str) {
    if turn.is_multiple_of(2) {
        (Signal::INT, 130, "interrupted (SIGINT)")
    } else {
        (Signal::TERM, 143, "terminated (SIGTERM)")
    }
}

fn logs_of(folder: &Path) -> Vec<String> {
    let is_archive = |name: &String| name.ends_with(".log") && name != "edb.log" && name != "edbtmp.log";
    let files = snapshot(folder).into_keys();
    files
        .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .filter(is_archive)
        .collect()
}

#[test]
fn a_backup_stream_that_a_signal_ends_is_no_set_and_truncates_nothing() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(3000);
    let database = shown(stage.database());
    for turn in 0..2 {
        let (signal, status, words) = signal_of(turn);
        let before = logs_of(&stage.live());
        let mut child = started(&["backup", &database, "--stream"]);
        let mut pipe = child.stdout.take().expect("a pipe");
        // The rest does not fit into the pipe: the process is in the middle of its first file, whatever the machine does.
        let mut stream = vec![0; 100_000];
        pipe.read_exact(&mut stream).expect("the backup begins");
        send(signal, &child);
        std::thread::sleep(Duration::from_millis(50));
        pipe.read_to_end(&mut stream).expect("the rest of what was written");
        let said = Said::of(child.wait_with_output().expect("it ends"));
        assert_eq!(said.status, status, "{}", said.errors);
        assert!(said.errors.contains(words) && said.errors.contains("(-801)"), "{}", said.errors);
        assert!((stream.len() as u64) < fs::metadata(stage.database()).expect("it is there").len());
        let file = stage.place("broken.tar");
        fs::write(&file, &stream).expect("it can be written");
        let to = stage.place("nowhere");
        eseutil(["restore", &shown(&file), "--to", &shown(&to)]).failed_with(-4001);
        assert!(!to.exists());
        let after = logs_of(&stage.live());
        assert!(before.iter().all(|log| after.contains(log)), "{before:?} {after:?}");
        assert_sound(stage.database());
    }
    let set = stage.backup("set", &[]);
    eseutil(["verify-backup", &shown(&set)]).succeeded();
}

#[test]
fn a_backup_into_a_folder_is_whole_or_nothing_of_it_is_left() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(3000);
    let database = shown(stage.database());
    let (mut ended, mut whole) = (0, 0);
    for (turn, moment) in MOMENTS.into_iter().enumerate() {
        let (signal, status, words) = signal_of(turn);
        let before = logs_of(&stage.live());
        let to = stage.place(&format!("set{turn}"));
        let said = interrupted(&["backup", &database, "--copy", "--to", &shown(&to)], signal, moment);
        if said.status == 0 {
            eseutil(["verify-backup", &shown(&to)]).succeeded();
            whole += 1;
        } else {
            assert_eq!(said.status, status, "{}", said.errors);
            assert!(said.errors.contains(words), "{}", said.errors);
            assert!(!to.exists(), "{:?}", snapshot(&to).keys());
            ended += 1;
        }
        let after = logs_of(&stage.live());
        assert!(before.iter().all(|log| after.contains(log)), "{before:?} {after:?}");
        assert_sound(stage.database());
    }
    ese_corpus::report!("backups at which a signal came: {ended} left nothing, {whole} were whole");
    assert!(ended > 0);
}

#[test]
fn a_restore_that_a_signal_ends_keeps_its_folder_and_can_be_run_again() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(200);
    let full = stage.backup("full", &[]);
    // Behind the copy: all of it is replayed.
    stage.insert(3000);
    let further = stage.backup("further", &["--incremental"]);
    let expected = rows_of(stage.database());
    let to = stage.place("to");
    let made = ["restore", &shown(&full), &shown(&further), "--to", &shown(&to), "--keep"].map(str::to_owned);
    eseutil(made).succeeded();
    let (destination, folder) = (to.join("a.edb"), stage.place("folder"));
    let mut environment =
        RestoreEnvironment::load(&OsFileSystem, &to.join("restore-in-progress")).expect("it was kept");
    environment.recover_status = RecoverStatus::NotStarted;
    let (mut ended, mut done) = (0, 0);
    for (turn, moment) in MOMENTS.into_iter().enumerate() {
        let (signal, status, words) = signal_of(turn);
        copy_folder(&to.join("restore-in-progress"), &folder);
        environment.save(&OsFileSystem, &folder).expect("it can be written");
        for path in snapshot(&to).into_keys().filter(|path| path.parent() == Some(&to)) {
            fs::remove_file(path).expect("it can be deleted");
        }
        fs::copy(full.join("a.edb"), &destination).expect("it can be copied");
        let logs = logs_with_bytes(&folder);
        let said = interrupted(&["/cc", &shown(&folder)], signal, moment);
        if said.status == 0 {
            done += 1;
        } else {
            assert_eq!(said.status, status, "{}\n{}", said.text, said.errors);
            assert!(said.errors.contains(words), "{}", said.errors);
            assert!(said.text.contains("Operation terminated with error -1000 "), "{}", said.text);
            let left = RestoreEnvironment::load(&OsFileSystem, &folder).expect("it is whole").recover_status;
            assert!(matches!(left, RecoverStatus::NotStarted | RecoverStatus::Started), "{left:?}");
            assert_eq!(logs_with_bytes(&folder), logs);
            ended += 1;
            eseutil(["/cc", &shown(&folder)]).succeeded();
        }
        assert!(!folder.exists(), "{:?}", snapshot(&folder).keys());
        assert_eq!(rows_of(&destination), expected);
        assert_sound(&destination);
    }
    ese_corpus::report!(
        "restores at which a signal came: {ended} ended and were run again, {done} were done"
    );
    assert!(ended > 0);
}

fn logs_with_bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let names = logs_of(folder);
    names.into_iter().map(|name| (name.clone(), fs::read(folder.join(name)).expect("it is there"))).collect()
}

#[test]
fn a_restore_of_sets_that_a_signal_ends_says_what_is_left() {
    let mut stage = Stage::new(&["a.edb"]);
    stage.insert(3000);
    let set = stage.backup("set", &[]);
    let expected = rows_of(stage.database());
    let sources = snapshot(&set);
    let (mut ended, mut done) = (0, 0);
    for (turn, moment) in MOMENTS.into_iter().enumerate() {
        let (signal, status, words) = signal_of(turn);
        let to = stage.place(&format!("to{turn}"));
        let said = interrupted(&["restore", &shown(&set), "--to", &shown(&to)], signal, moment);
        if said.status == 0 {
            done += 1;
        } else {
            assert_eq!(said.status, status, "{}", said.errors);
            assert!(said.errors.contains(words), "{}", said.errors);
            assert_eq!(to.exists(), said.errors.contains("--overwrite"), "{}", said.errors);
            let work = to.join("work");
            eseutil(["restore", &shown(&set), "--to", &shown(&to), "--overwrite", "--work", &shown(&work)])
                .succeeded();
            ended += 1;
        }
        assert_eq!(rows_of(&to.join("a.edb")), expected);
        assert_eq!(snapshot(&set), sources);
    }
    ese_corpus::report!("restores of a set at which a signal came: {ended} ended, {done} were done");
    assert!(ended > 0);
}
