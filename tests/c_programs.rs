//! The C and C++ programs of `c_tests/` and `examples-c/`, compiled against `include/esent.h` with every warning an error,
//! at every standard, with and without JET_UNICODE, for every Windows level; then run, once under valgrind.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-pedantic", "-Werror"];
const LEVELS: [&str; 9] =
    ["0x0500", "0x0501", "0x0502", "0x0600", "0x0601", "0x0602", "0x0603", "0x0A00", "0xFFFF"];
/// Compiler, its language for a file that ends in `.c`, the standards.
const COMPILERS: [(&str, &str, &[&str]); 4] = [
    ("gcc", "c", &["c99", "c11"]),
    ("clang", "c", &["c99", "c11"]),
    ("g++", "c++", &["c++11", "c++20"]),
    ("clang++", "c++", &["c++11", "c++20"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder where Cargo built `libesent.so` beside this test.
fn library_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    test.parent().expect("a test is in a folder").to_owned()
}

fn runs(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The compilers that are here; a missing one is said, and none at all is a failure of the test.
fn compilers() -> Vec<(&'static str, &'static str, &'static [&'static str])> {
    let (here, missing): (Vec<_>, Vec<_>) = COMPILERS.into_iter().partition(|(compiler, ..)| runs(compiler));
    for (compiler, ..) in missing {
        ese_corpus::report!("SKIPPED {compiler}: not here");
    }
    assert!(!here.is_empty(), "no C compiler here");
    here
}

/// A compiler told how to see the header, with every warning an error.
fn compile(compiler: &str, language: &str, standard: &str) -> Command {
    let mut command = Command::new(compiler);
    command.arg(format!("-std={standard}")).args(WARNINGS).arg("-I").arg(root().join("include"));
    command.args(["-x", language]);
    command
}

/// Runs a command that must succeed in silence.
fn quietly(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {} {said}", output.status);
}

/// Compiles and links `source`, and gives back the program.
fn build(
    folder: &TempDir,
    compiler: &str,
    language: &str,
    standard: &str,
    defines: &[String],
    source: &str,
) -> PathBuf {
    let program = folder.path().join("program");
    let libraries = library_folder();
    quietly(
        compile(compiler, language, standard)
            .args(defines)
            .arg(root().join(source))
            .arg("-L")
            .arg(&libraries)
            .arg(format!("-Wl,-rpath,{}", libraries.display()))
            .arg("-lesent")
            .arg("-o")
            .arg(&program),
    );
    program
}

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
                for source in ["c_tests/plain_names.c", "c_tests/both_forms.c"] {
                    quietly(&mut Command::new(build(&folder, compiler, language, standard, &form, source)));
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
            quietly(&mut Command::new(build(
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
    let program = build(&folder, compiler, language, standard, &[], "examples-c/hello.c");
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
    for source in ["c_tests/plain_names.c", "c_tests/both_forms.c"] {
        let program = build(&folder, compiler, language, standards[0], &["-g".to_owned()], source);
        quietly(
            Command::new("valgrind").args(["-q", "--error-exitcode=9", "--leak-check=full"]).arg(program),
        );
    }
}
