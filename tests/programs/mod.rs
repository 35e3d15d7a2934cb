//! Compiling the C and C++ programs of the project against `include/esent.h` and the library beside the running test.

#![allow(dead_code, reason = "every test uses its own part of this")]

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-pedantic", "-Werror"];
/// Compiler, its language for a file that ends in `.c`, the standards.
const COMPILERS: [(&str, &str, &[&str]); 4] = [
    ("gcc", "c", &["c99", "c11"]),
    ("clang", "c", &["c99", "c11"]),
    ("g++", "c++", &["c++11", "c++20"]),
    ("clang++", "c++", &["c++11", "c++20"]),
];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder where Cargo built `libesent.so` beside this test.
pub(crate) fn library_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    test.parent().expect("a test is in a folder").to_owned()
}

pub(crate) fn runs(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The compilers that are here; a missing one is said, and none at all is a failure of the test.
pub(crate) fn compilers() -> Vec<(&'static str, &'static str, &'static [&'static str])> {
    let (here, missing): (Vec<_>, Vec<_>) = COMPILERS.into_iter().partition(|(compiler, ..)| runs(compiler));
    for (compiler, ..) in missing {
        ese_corpus::report!("SKIPPED {compiler}: not here");
    }
    assert!(!here.is_empty(), "no C compiler here");
    here
}

/// A compiler told how to see the header, with every warning an error.
pub(crate) fn compile(compiler: &str, language: &str, standard: &str) -> Command {
    let mut command = Command::new(compiler);
    command.arg(format!("-std={standard}")).args(WARNINGS).arg("-I").arg(root().join("include"));
    command.args(["-x", language]);
    command
}

/// A program finds the library it was linked with, and not one that an earlier `cargo build` left where Cargo's own
/// search path looks first.
pub(crate) fn with_own_library(command: &mut Command) -> &mut Command {
    command.env_remove("LD_LIBRARY_PATH")
}

/// Runs a command that must succeed in silence.
pub(crate) fn quietly(command: &mut Command) {
    let output = with_own_library(command).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {} {said}", output.status);
}

/// Compiles and links `source`, and gives back the program.
pub(crate) fn build_as(
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
            .args(["-lesent", "-pthread"])
            .arg("-o")
            .arg(&program),
    );
    program
}

/// Compiles and links a program in the way of the first compiler that is here, with threads.
pub(crate) fn build(folder: &TempDir, source: &str) -> PathBuf {
    let (compiler, language, standards) = compilers()[0];
    let standard = standards.first().expect("a compiler has a standard");
    let defines = ["-D_POSIX_C_SOURCE=200809L".to_owned(), "-pthread".to_owned(), "-g".to_owned()];
    let program = build_as(folder, compiler, language, standard, &defines, source);
    let named = folder.path().join(Path::new(source).file_stem().expect("a source has a name"));
    std::fs::rename(program, &named).expect("a rename in one folder");
    named
}
