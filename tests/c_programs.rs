//! The C and C++ programs of `c_tests/` and `examples-c/`, compiled against `include/esent.h` with every warning an error,
//! at every standard, with and without JET_UNICODE, for every Windows level; then run, once under valgrind.

mod programs;

use std::process::Command;

use ese_engine::database::{Database, OpenOptions};
use ese_engine::verify::{VerifyOptions, verify};
use tempfile::TempDir;

use programs::{build_as, compile, compilers, library_folder, quietly, root, runs, with_own_library};

const LEVELS: [&str; 9] =
    ["0x0500", "0x0501", "0x0502", "0x0600", "0x0601", "0x0602", "0x0603", "0x0A00", "0xFFFF"];

/// The programs that need nothing but a folder.
const PROGRAMS: [&str; 7] = [
    "c_tests/plain_names.c",
    "c_tests/both_forms.c",
    "c_tests/instances.c",
    "c_tests/recovery.c",
    "c_tests/callbacks.c",
    "c_tests/information.c",
    "c_tests/compact.c",
];

/// No define, and JET_UNICODE.
fn forms() -> [Vec<String>; 2] {
    [vec![], vec!["-DJET_UNICODE".to_owned()]]
}

#[test]
fn the_header_compiles_without_a_warning_everywhere() {
    let folder = TempDir::new().expect("a temporary folder");
    let source = folder.path().join("header_only.c");
    std::fs::write(&source, "#include <esent.h>\n#include <esent.h>\nint main(void) { return 0; }\n")
        .expect("a small file");
    let mut compiled = 0;
    for (compiler, language, standards) in compilers() {
        for standard in standards {
            for form in forms() {
                let levels = LEVELS.iter().map(|level| format!("-DJET_VERSION={level}"));
                for level in levels.chain([
                    "-DWINVER=0x0601".to_owned(),
                    "-D_JET_NOPROTOTYPES".to_owned(),
                    "-DNOTHING".to_owned(),
                ]) {
                    quietly(
                        compile(compiler, language, standard)
                            .args(&form)
                            .arg(level)
                            .arg("-fsyntax-only")
                            .arg(&source),
                    );
                    compiled += 1;
                }
            }
        }
    }
    ese_corpus::report!("esent.h: {compiled} compilations without a warning");
}

#[test]
fn programs_compile_without_a_warning_and_run() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut ran = 0;
    for (compiler, language, standards) in compilers() {
        for standard in standards {
            for form in forms() {
                for source in PROGRAMS {
                    let program = build_as(&folder, compiler, language, standard, &form, source);
                    quietly(Command::new(program).env("TMPDIR", folder.path()));
                    ran += 1;
                }
            }
        }
    }
    ese_corpus::report!("{ran} programs compiled and run");
}

#[test]
fn programs_of_every_windows_level_link_to_the_names_of_their_time() {
    let folder = TempDir::new().expect("a temporary folder");
    for (compiler, language, standards) in compilers() {
        let standard = standards.first().expect("a compiler has a standard");
        for level in LEVELS {
            // Before 0x0600 there is no JET_UNICODE for functions: the A names are the unsuffixed exports.
            let defines = [format!("-DJET_VERSION={level}")];
            quietly(&mut Command::new(build_as(
                &folder,
                compiler,
                language,
                standard,
                &defines,
                "c_tests/plain_names.c",
            )));
        }
    }
}

#[test]
fn the_example_says_who_it_is_and_compiles_by_the_command_in_its_head() {
    let folder = TempDir::new().expect("a temporary folder");
    let (compiler, language, standards) = compilers()[0];
    let standard = standards.first().expect("a compiler has a standard");
    let program = build_as(&folder, compiler, language, standard, &[], "examples-c/hello.c");
    let output = Command::new(program).output().expect("the program runs");
    let said = String::from_utf8(output.stdout).expect("the program speaks ASCII");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        said,
        format!("libesent {version} answers as Windows 10.0, build 26100\npage size 8192, logs in ./\n")
    );

    let source = std::fs::read_to_string(root().join("examples-c/hello.c")).expect("the example is there");
    let line =
        source.lines().find_map(|line| line.strip_prefix(" *   cc ")).expect("the example tells its command");
    let command = format!("cc {line}")
        .replace("target/release", &library_folder().to_string_lossy())
        .replace("$PWD//", "/");
    let command = command
        .replace("-o hello && ./hello", &format!("-o {0}/hello && {0}/hello", folder.path().display()));
    let output = Command::new("sh").arg("-c").arg(&command).current_dir(root()).output().expect("a shell");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        said,
        "{command}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_program_runs_clean_under_valgrind() {
    if !runs("valgrind") {
        ese_corpus::report!("SKIPPED valgrind: not here");
        return;
    }
    let folder = TempDir::new().expect("a temporary folder");
    let (compiler, language, standards) = compilers()[0];
    for source in PROGRAMS {
        let program = build_as(&folder, compiler, language, standards[0], &["-g".to_owned()], source);
        quietly(Command::new("valgrind").args(VALGRIND).arg(program).env("TMPDIR", folder.path()));
    }
}

#[test]
fn programs_run_clean_with_the_sanitizers_of_the_c_side() {
    let folder = TempDir::new().expect("a temporary folder");
    let (compiler, language, standards) = compilers()[0];
    let sanitized = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let sanitized = sanitized.map(str::to_owned);
    for source in PROGRAMS {
        let program = build_as(&folder, compiler, language, standards[0], &sanitized, source);
        quietly(Command::new(program).env("TMPDIR", folder.path()));
    }
}

/// What a lost block is: nothing points to it. What only a lazily made constant of the library holds is none.
const VALGRIND: [&str; 5] = [
    "-q",
    "--error-exitcode=9",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect",
    "--errors-for-leak-kinds=definite,indirect",
];

/// Seconds that the threads of `transfers.c` run where nobody asks for another number (`ESENT_TRANSFER_SECONDS`).
const TRANSFER_SECONDS_DEFAULT: &str = "10";

fn folder_for_data() -> (TempDir, String) {
    let folder = TempDir::new().expect("a temporary folder");
    let path = format!("{}/", folder.path().display());
    (folder, path)
}

fn output_of(command: &mut Command) -> String {
    let output = with_own_library(command).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {} {said}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_table_of_people_is_there_the_next_time() {
    let programs = TempDir::new().expect("a temporary folder");
    let program = programs::build(&programs, "examples-c/first_table.c");
    let (_data, folder) = folder_for_data();
    let first = output_of(Command::new(&program).arg(&folder));
    assert_eq!(first, "by_id:\n   1  Grace Hopper\n   2  Ada\nby_name:\n   2  Ada\n   1  Grace Hopper\n");
    let second = output_of(Command::new(&program).arg(&folder));
    assert!(second.contains("   4  Ada\n"), "{second}");
    if runs("valgrind") {
        quietly(Command::new("valgrind").args(VALGRIND).arg(&program).arg(&folder));
    }
}

#[test]
fn readers_see_one_sum_whatever_eight_threads_do() {
    let programs = TempDir::new().expect("a temporary folder");
    let program = programs::build(&programs, "c_tests/transfers.c");
    let (_data, folder) = folder_for_data();
    let seconds = std::env::var("ESENT_TRANSFER_SECONDS").unwrap_or_else(|_| TRANSFER_SECONDS_DEFAULT.into());
    let said = output_of(Command::new(&program).args([&folder, &seconds]));
    ese_corpus::report!("transfers, {seconds} s: {}", said.trim().replace('\n', "; "));
}

/// Seconds that the threads of `bank.c` run where nobody asks for another number (`ESENT_CONCURRENCY_SECONDS`): a minute in
/// CI, an hour for who has it.
const BANK_SECONDS_DEFAULT: &str = "8";

#[test]
fn a_bank_keeps_its_books_whatever_eight_threads_do() {
    let programs = TempDir::new().expect("a temporary folder");
    let program = programs::build(&programs, "c_tests/bank.c");
    let (data, folder) = folder_for_data();
    let seconds = std::env::var("ESENT_CONCURRENCY_SECONDS").unwrap_or_else(|_| BANK_SECONDS_DEFAULT.into());
    let said = output_of(Command::new(&program).args([&folder, &seconds]));
    ese_corpus::report!("bank, {seconds} s: {}", said.trim().replace('\n', "; "));
    let database = Database::open(data.path().join("bank.edb"), &OpenOptions::default())
        .expect("a stopped instance left it clean");
    let report = verify(&database, &VerifyOptions::default(), &mut |_| ());
    assert!(report.is_sound(), "{:?}", report.damage().collect::<Vec<_>>());
}
