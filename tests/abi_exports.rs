//! What `libesent.so` exports, what the facts list, what the code declares and what COMPAT.md tells: all the same names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use esent::abi::tables::functions::FUNCTIONS;

/// The names of the facts that are no part of the API and stay out on Linux (spec 08 §12).
const NOT_EXPORTED: [&str; 5] = [
    "DebugExtensionInitialize",
    "DebugExtensionNotify",
    "DebugExtensionUninitialize",
    "DllRegisterServer",
    "ese",
];

/// The library's own export.
const OWN: &str = "libesent_version";

/// The shared library that Cargo built beside this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let folder = test.parent().expect("a test is in a folder");
    let path = folder.join("libesent.so");
    assert!(path.is_file(), "{} was not built", path.display());
    path
}

fn declared() -> BTreeSet<String> {
    FUNCTIONS.iter().map(|function| function.name.to_owned()).chain([OWN.to_owned()]).collect()
}

#[test]
fn the_library_exports_exactly_what_the_code_declares() {
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library()).output();
    let Ok(output) = output else {
        ese_corpus::report!("SKIPPED exports of libesent.so: no nm here");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("symbol names are ASCII");
    let exported: BTreeSet<String> =
        text.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect();
    let declared = declared();
    let (extra, missing): (Vec<_>, Vec<_>) =
        (exported.difference(&declared).collect(), declared.difference(&exported).collect());
    assert!(
        extra.is_empty() && missing.is_empty(),
        "exported but not declared {extra:?}, declared but not exported {missing:?}"
    );
    ese_corpus::report!("libesent.so: {} functions and {OWN} exported", exported.len() - 1);
}

#[test]
fn the_code_declares_every_function_of_the_facts() {
    let Some(folder) = ese_corpus::facts() else { return ese_corpus::skipped("exports against the facts") };
    let text = fs::read_to_string(folder.join("functions.csv")).expect("the facts hold the functions");
    let facts: BTreeSet<String> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .filter(|name| !NOT_EXPORTED.contains(name))
        .chain([OWN])
        .map(str::to_owned)
        .collect();
    assert!(facts.len() > 300, "only {} functions in the facts", facts.len());
    assert_eq!(facts, declared());
    ese_corpus::report!("functions.csv: {} functions, all declared", facts.len() - 1);
}

#[test]
fn compat_md_lists_every_function_with_its_state() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("COMPAT.md");
    let committed = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut listed = BTreeSet::new();
    for line in committed.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let name = cells.next().unwrap_or_default().trim_matches('`').to_owned();
        let state = cells.next().unwrap_or_default();
        assert!(matches!(state, "yes" | "partial" | "not yet"), "{name}: {state}");
        assert!(listed.insert(name.clone()), "{name} is listed twice");
    }
    listed.insert(OWN.to_owned());
    assert_eq!(listed, declared());
    assert_eq!(committed, esent::compat::markdown(), "COMPAT.md is stale: cargo run -p abi-tool");
}
