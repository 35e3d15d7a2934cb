//! The backup programs of `examples-c/` as somebody else uses them: compiled by the command in their heads, by every C
//! compiler without a warning, and run: a full and two incremental backups, a restore, the main job.

mod programs;

use std::path::{Path, PathBuf};
use std::process::Command;

use ese_corpus::report;
use ese_engine::database::{Database, OpenOptions};
use ese_engine::verify::{VerifyOptions, verify};
use tempfile::TempDir;

use programs::{library_folder, root, runs, with_own_library};

const SOURCES: [&str; 3] = ["backup.c", "restore.c", "main_job.c"];

/// The command in a program's head, for this compiler, with the library beside this test.
fn command_of(source: &str, compiler: &str, program: &Path, more: &str) -> String {
    let path = root().join("examples-c").join(source);
    let text = std::fs::read_to_string(path).expect("the example is there");
    let said = text.lines().find_map(|line| line.trim_start_matches([' ', '*']).strip_prefix("cc "));
    let said = said.unwrap_or_else(|| panic!("{source} tells no command"));
    let (said, output) = said.split_once(" -o ").expect("the command names its program");
    assert!(output.starts_with(source.trim_end_matches(".c")), "{source}: {output}");
    let libraries = library_folder().display().to_string();
    let said = said.replace("$PWD/target/release", &libraries).replace("target/release", &libraries);
    format!("{compiler} -Wall -Wextra -Werror {more} {said} -o {}", program.display())
}

fn compiler() -> &'static str {
    if runs("gcc") { "gcc" } else { "clang" }
}

/// Compiles a program by the command in its head.
fn build(folder: &TempDir, source: &str, compiler: &str, more: &str) -> PathBuf {
    let program = folder.path().join(source.trim_end_matches(".c"));
    said_by(
        Command::new("sh").arg("-c").arg(command_of(source, compiler, &program, more)).current_dir(root()),
    );
    program
}

/// What a program that succeeds says; nothing on stderr.
fn said_by(command: &mut Command) -> String {
    let output = with_own_library(command).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && failed.is_empty(), "{command:?}: {}\n{said}{failed}", output.status);
    said.into_owned()
}

fn is_sound(path: &Path) {
    let database = Database::open(path, &OpenOptions::default()).expect("a restored database is clean");
    let report = verify(&database, &VerifyOptions::default(), &mut |_| ());
    assert!(report.is_sound(), "{:?}", report.damage().collect::<Vec<_>>());
}

/// The folders of a job: of the instance, of the set, of what is restored.
struct Job {
    folder: TempDir,
}

impl Job {
    fn new() -> Self {
        let job = Self { folder: TempDir::new().expect("a temporary folder") };
        for name in ["live", "set", "restored", "beyond"] {
            std::fs::create_dir(job.path(name)).expect("an empty folder");
        }
        job
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds numbers to the table of `c_tests/numbers.c`; how many there were.
    fn add_numbers(&self, program: &Path, folder: &str, count: u32) -> String {
        let folder = format!("{}/", self.path(folder).display());
        said_by(Command::new(program).arg(folder).arg(count.to_string()))
    }
}

const DATABASE: &str = "numbers.edb";

#[test]
fn every_c_compiler_takes_them_by_the_command_in_their_heads() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut compiled = 0;
    for compiler in ["gcc", "clang"].into_iter().filter(|compiler| runs(compiler)) {
        for source in SOURCES {
            for more in ["", "-O2", "-DJET_VERSION=0x0600"] {
                build(&folder, source, compiler, more);
                compiled += 1;
            }
        }
    }
    assert!(compiled > 0, "no C compiler here");
    report!("{compiled} compilations of backup programs without a warning");
}

#[test]
fn a_full_and_two_incremental_backups_are_restored_with_every_row() {
    let programs = TempDir::new().expect("a temporary folder");
    let compiler = compiler();
    let numbers = programs::build(&programs, "c_tests/numbers.c");
    let backup = build(&programs, "backup.c", compiler, "-g");
    let restore = build(&programs, "restore.c", compiler, "-g");
    let job = Job::new();
    let live = job.path("live");
    assert_eq!(job.add_numbers(&numbers, "live", 1000), "found 0, wrong 0\n");
    let back_up = |kind: &str| {
        let mut command = Command::new(&backup);
        said_by(command.arg(kind).arg(live.join(DATABASE)).arg(&live).arg(job.path("set")))
    };
    let full = back_up("full");
    assert!(full.starts_with("1 databases ("), "{full}");
    for found in [1000, 1700] {
        assert_eq!(job.add_numbers(&numbers, "live", 700), format!("found {found}, wrong 0\n"));
        let logs = back_up("incremental");
        assert!(logs.starts_with("0 databases (0 bytes) and "), "{logs}");
    }
    // Numbers that no backup has, but the logs.
    job.add_numbers(&numbers, "live", 300);
    for (target, survived, rows) in [("restored", None, 2400), ("beyond", Some(&live), 2700)] {
        let mut command = Command::new(&restore);
        let said = said_by(command.arg(job.path("set")).arg(job.path(target)).args(survived));
        assert!(said.contains("restored into "), "{said}");
        is_sound(&job.path(target).join(DATABASE));
        // The program goes on in the new place.
        for found in [rows, rows + 10] {
            assert_eq!(job.add_numbers(&numbers, target, 10), format!("found {found}, wrong 0\n"));
        }
    }
    report!(
        "a full and two incremental backups by backup.c: 2400 rows from the set, 2700 with the logs that survived"
    );
}

/// What a lost block is: nothing points to it.
const VALGRIND: [&str; 6] = [
    "-q",
    "--error-exitcode=9",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect",
    "--errors-for-leak-kinds=definite,indirect",
    "--trace-children=no",
];

#[test]
fn a_backup_and_a_restore_run_clean_under_valgrind() {
    if !runs("valgrind") {
        report!("SKIPPED valgrind: not here");
        return;
    }
    let programs = TempDir::new().expect("a temporary folder");
    let compiler = compiler();
    let numbers = programs::build(&programs, "c_tests/numbers.c");
    let backup = build(&programs, "backup.c", compiler, "-g");
    let restore = build(&programs, "restore.c", compiler, "-g");
    let job = Job::new();
    let live = job.path("live");
    job.add_numbers(&numbers, "live", 100);
    let valgrind = |program: &Path| {
        let mut command = Command::new("valgrind");
        command.args(VALGRIND).arg(program);
        command
    };
    for kind in ["full", "incremental"] {
        said_by(valgrind(&backup).arg(kind).arg(live.join(DATABASE)).arg(&live).arg(job.path("set")));
    }
    said_by(valgrind(&restore).arg(job.path("set")).arg(job.path("restored")));
    is_sound(&job.path("restored").join(DATABASE));
    assert_eq!(job.add_numbers(&numbers, "restored", 0), "found 100, wrong 0\n");
}

#[test]
fn the_main_job_loses_nothing() {
    let programs = TempDir::new().expect("a temporary folder");
    let program = build(&programs, "main_job.c", compiler(), "-g");
    let job = TempDir::new().expect("a temporary folder");
    let mut command = Command::new(&program);
    let output = with_own_library(command.arg(job.path())).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}{failed}", output.status);
    assert!(said.ends_with("Nothing was lost.\n"), "{said}");
    assert_eq!(said.matches("; 0 missing, 0 wrong").count(), 2, "{said}");
    for folder in ["restored-with-logs", "restored-from-backup"] {
        is_sound(&job.path().join(folder).join("demo.edb"));
    }
    for line in said.lines().filter(|line| line.contains("backup:") || line.contains("checked:")) {
        report!("main job: {}", line.trim());
    }
}
