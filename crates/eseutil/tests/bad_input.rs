//! Damaged, cut, empty and foreign files: every command ends with an error that names the file, and never panics.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Commands that read one file of any kind.
const COMMANDS: &[&[&str]] = &[
    &["/mh"],
    &["/mh", "/v"],
    &["/mh", "/8"],
    &["/mk"],
    &["/mp"],
    &["/mp", "/p0", "/v"],
    &["/k"],
    &["/k", "/4"],
    &["/ml", "/v"],
    &["/mm", "/v"],
    &["/ms", "/v"],
    &["/ms", "/f#all", "/d2", "/l"],
    &["export"],
    &["tables"],
];

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_eseutil"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the program can be started")
}

/// Runs a command and checks what must hold whatever the file is.
fn run_soundly(command: &[&str], name: &str, folder: &Path) -> Output {
    let arguments: Vec<_> =
        command.iter().take(1).chain([&name]).chain(command.iter().skip(1)).copied().collect();
    let output = run(&arguments, folder);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
    let status =
        output.status.code().unwrap_or_else(|| panic!("{arguments:?} was killed: {:?}", output.status));
    assert!([0, 1, 4, 5].contains(&status), "{arguments:?} ends with {status}");
    output
}

fn sample(corpus: &Path, name: &str) -> Vec<u8> {
    ese_corpus::file(&corpus.join("windows"), name).unwrap_or_else(|| panic!("{name} is missing")).bytes()
}

const SAMPLES: &[(&str, &str)] = &[
    ("tables/basic.edb", "basic.edb"),
    ("tables/large.edb", "large.edb"),
    ("srum-belkasoft/Dirty/SRU.chk", "SRU.chk"),
    ("srum-belkasoft/Dirty/SRUDB.jfm", "SRUDB.jfm"),
    ("srum-belkasoft/Dirty/SRU00051.log", "SRU00051.log"),
];

#[test]
fn a_cut_file_of_any_kind_ends_in_an_error_or_a_result_but_never_in_a_panic() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped(
            "a_cut_file_of_any_kind_ends_in_an_error_or_a_result_but_never_in_a_panic",
        );
    };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut runs = 0;
    for (sample_name, name) in SAMPLES {
        let bytes = sample(&corpus, sample_name);
        for length in [1, 8, 667, 671, 4095, 4096, 4097, 8192, 12288, 40000, 65535] {
            fs::write(folder.path().join(name), bytes.get(..length).unwrap_or(&bytes))
                .expect("it can be written");
            for command in COMMANDS {
                run_soundly(command, name, folder.path());
                runs += 1;
            }
        }
    }
    ese_corpus::report!("{runs} runs on cut files");
    assert!(runs > 0);
}

#[test]
fn an_empty_file_is_refused_by_every_command_with_status_1() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("empty.edb"), b"").expect("it can be written");
    for command in COMMANDS {
        let output = run_soundly(command, "empty.edb", folder.path());
        assert_eq!(output.status.code(), Some(if *command == ["/k", "/4"] { 0 } else { 1 }), "{command:?}");
    }
}

#[test]
fn flipped_bytes_in_the_first_pages_never_panic() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("flipped_bytes_in_the_first_pages_never_panic");
    };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut runs = 0;
    for (sample_name, name) in SAMPLES {
        let good = sample(&corpus, sample_name);
        // A stride without a common factor with any structure's size.
        for offset in (0..good.len().min(20_000)).step_by(2_003) {
            let mut bytes = good.clone();
            for byte in bytes.iter_mut().skip(offset).take(16) {
                *byte = !*byte;
            }
            fs::write(folder.path().join(name), &bytes).expect("it can be written");
            for command in COMMANDS {
                run_soundly(command, name, folder.path());
                runs += 1;
            }
        }
    }
    ese_corpus::report!("{runs} runs on flipped files");
    assert!(runs > 0);
}

#[test]
fn a_folder_and_a_missing_file_are_refused_with_status_5_and_their_name() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::create_dir(folder.path().join("folder.edb")).expect("it can be made");
    for name in ["folder.edb", "missing.edb"] {
        for command in [&["/mh"][..], &["/mk"], &["/k"], &["dump", "header"], &["checksum"]] {
            let mut arguments = command.to_vec();
            arguments.push(name);
            let output = run(&arguments, folder.path());
            let both = [output.stdout.as_slice(), &output.stderr].concat();
            let text = String::from_utf8_lossy(&both).into_owned();
            let missing_map = command == ["/mp"] && name == "missing.edb";
            assert_eq!(output.status.code(), Some(5), "{arguments:?} {missing_map}: {text}");
            assert!(text.contains(name), "{arguments:?}: {text}");
        }
    }
}

fn copy_of_basic(corpus: &Path) -> (TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    (folder, sample(corpus, "tables/basic.edb"))
}

#[test]
fn one_bit_too_many_is_one_bad_page_named_in_text_and_json() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("one_bit_too_many_is_one_bad_page_named_in_text_and_json");
    };
    let (folder, mut bytes) = copy_of_basic(&corpus);
    // Page 10 starts at (10 + 1) × 4096; two bits of it cannot be corrected.
    for offset in [11 * 4096 + 100, 11 * 4096 + 300] {
        if let Some(byte) = bytes.get_mut(offset) {
            *byte ^= 4;
        }
    }
    fs::write(folder.path().join("bad.edb"), &bytes).expect("it can be written");
    let output = run(&["/k", "bad.edb"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("ERROR: page 10 checksum failed"), "{errors}");
    assert!(errors.contains("bad.edb: database: page 10: checksum"), "{errors}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("\n1 bad checksums\n"));
    let output = run(&["checksum", "--json", "bad.edb"], folder.path());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(document["result"]["bad"], 1);
    assert_eq!(document["result"]["damaged"][0]["page"], 10);
    assert_eq!(document["error"]["code"], -1206);
    assert_eq!(document["error"]["name"], "JET_errDatabaseCorrupted");
    assert_eq!((&document["error"]["page"], &document["error"]["field"]), (&10.into(), &"checksum".into()));
}

#[test]
fn a_single_wrong_bit_is_correctable_and_no_failure() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("a_single_wrong_bit_is_correctable_and_no_failure");
    };
    let (folder, mut bytes) = copy_of_basic(&corpus);
    if let Some(byte) = bytes.get_mut(11 * 4096 + 100) {
        *byte ^= 4;
    }
    fs::write(folder.path().join("bit.edb"), &bytes).expect("it can be written");
    let output = run(&["/k", "bit.edb"], folder.path());
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\n1 correctable checksums\n"));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("page 10 checksum verification failed but the corruption ( bit 802 )")
    );
}

#[test]
fn every_command_gives_one_json_document_whatever_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("junk.edb"), [0x5A; 30_000]).expect("it can be written");
    // Export writes JSON lines by itself.
    for command in COMMANDS.iter().filter(|command| command.first() != Some(&"export")) {
        let mut arguments = command.to_vec();
        arguments.extend(["junk.edb", "--json"]);
        let output = run(&arguments, folder.path());
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{arguments:?}: {error}: {}", String::from_utf8_lossy(&output.stdout))
        });
        assert!(document["error"]["code"].as_i64().is_some_and(|code| code < 0), "{arguments:?}: {document}");
        assert_eq!(document["error"]["file"], "junk.edb", "{arguments:?}: {document}");
    }
}
