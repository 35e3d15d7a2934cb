//! Output that nobody reads to its end (`eseutil … | head -c 100`): no panic, no complaint about standard output, an ordinary
//! exit status, whatever the command.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

/// Bytes that the reader takes before it goes away.
const TAKEN: [usize; 2] = [0, 100];

/// Runs `eseutil` with a reader that takes so many bytes and goes away.
fn run(arguments: &[&str], folder: &Path, taken: usize) -> (i32, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_eseutil"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let mut pipe = child.stdout.take().expect("a pipe");
    let mut bytes = vec![0; taken];
    let mut have = 0;
    while have < taken {
        match pipe.read(&mut bytes[have..]).expect("a pipe can be read") {
            0 => break,
            count => have += count,
        }
    }
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let status = output.status.code().unwrap_or_else(|| panic!("{arguments:?}: killed: {}", output.status));
    (status, errors)
}

/// What is in the folder: the original's files under these names.
const SAMPLES: &[(&str, &str)] = &[
    ("tables/basic.edb", "basic.edb"),
    ("tables/large.edb", "big.dat"),
    ("srum-belkasoft/Dirty/SRU.chk", "SRU.chk"),
    ("srum-belkasoft/Dirty/SRUDB.jfm", "SRUDB.jfm"),
    ("srum-belkasoft/Dirty/SRU00051.log", "SRU00051.log"),
];

/// Every mode that prints, on which file.
const MODES: &[&[&str]] = &[
    &["/?"],
    &["--help"],
    &["--version"],
    &["nonsense"],
    &["/mh", "basic.edb"],
    &["/mh", "basic.edb", "/v"],
    &["/mk", "SRU.chk"],
    &["/ml", "SRU00051.log"],
    &["/ml", "SRU00051.log", "/v2"],
    &["/ml", "SRU"],
    &["/mm", "big.dat"],
    &["/mm", "big.dat", "/v"],
    &["/ms", "big.dat"],
    &["/ms", "big.dat", "/v"],
    &["/mf", "SRUDB.jfm"],
    &["/mn", "basic.edb"],
    &["/k", "big.dat"],
    &["/g", "basic.edb", "/o"],
    &["/r", "SRU"],
    &["/cm", "."],
    &["/cc", "."],
    &["/d", "basic.edb"],
    &["/y", "basic.edb"],
    &["dump", "header", "basic.edb"],
    &["dump", "checkpoint", "SRU.chk"],
    &["dump", "log", "SRU00051.log"],
    &["dump", "meta", "big.dat"],
    &["dump", "space", "big.dat"],
    &["dump", "header", "basic.edb", "--json"],
    &["dump", "meta", "big.dat", "--json"],
    &["dump", "space", "big.dat", "--json"],
    &["dump", "log", "SRU00051.log", "--json"],
    &["checksum", "big.dat", "--json"],
    &["check", "basic.edb", "--yes"],
    &["export", "basic.edb", "basic"],
    &["export", "big.dat", "MSysObjects"],
    &["tables", "big.dat"],
    &["info", "big.dat"],
    &["error", "-530", "0xc8000212"],
    &["verify-backup", "."],
    &["restore", "show", "."],
    &["restore", "pending", "."],
];

fn folder() -> (tempfile::TempDir, usize) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut found = 0;
    if let Some(corpus) = ese_corpus::corpus() {
        for (sample, name) in SAMPLES {
            let file = ese_corpus::file(&corpus.join("windows"), sample);
            let bytes = file.unwrap_or_else(|| panic!("{sample} is missing")).bytes();
            fs::write(folder.path().join(name), bytes).expect("it can be written");
            found += 1;
        }
    }
    (folder, found)
}

#[test]
fn every_mode_ends_ordinarily_when_its_reader_goes_away() {
    let (folder, found) = folder();
    let mut runs = 0;
    for mode in MODES {
        for line_ends in [&[][..], &["--crlf"]] {
            for taken in TAKEN {
                let arguments = [mode, line_ends].concat();
                let (status, errors) = run(&arguments, folder.path(), taken);
                assert!((0..=5).contains(&status) || status == 255, "{arguments:?}: {status}: {errors}");
                for word in ["panicked", "failed printing", "Broken pipe", "RUST_BACKTRACE"] {
                    assert!(!errors.contains(word), "{arguments:?}: {errors}");
                }
                runs += 1;
            }
        }
    }
    ese_corpus::report!("{runs} runs of {} modes without a reader, {found} original files", MODES.len());
}
