//! What the tool says about indexes over text that another Windows made (spec 11 §8.4).

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

#[path = "../../../tests/text/restamp.rs"]
mod restamp;

const WINDOWS_1809: u32 = 0x0006_020F;
const WINDOWS_11: u32 = 0x0006_0403;

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_eseutil"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

#[test]
fn a_stale_index_is_named_with_what_to_do_about_it() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("a_stale_index_is_named_with_what_to_do_about_it");
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut bytes = ese_corpus::file(&corpus, "windows/tables/index.edb").expect("the sample").bytes();
    let path = folder.path().join("index.edb");
    fs::write(&path, &bytes).unwrap();
    // As its Windows left it: its keys are ours, there is nothing to say.
    let output = run(&["check", "index.edb", "--json"], folder.path());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(document["result"]["warnings"], 0, "{document}");
    // Under the stamp of another Windows each index is named, with its table, its version and what can be done.
    assert!(restamp::restamp(&mut bytes, WINDOWS_1809, WINDOWS_11) > 0);
    fs::write(&path, &bytes).unwrap();
    let output = run(&["check", "index.edb", "--json"], folder.path());
    assert_eq!(output.status.code(), Some(0), "a stale index is no damage");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = document["result"]["findings"].as_array().expect("findings").clone();
    let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
    for index in ["IxUnicode", "IxLongUnicode"] {
        let about = texts.iter().find(|text| text.contains(&format!("{index}\"")) || text.contains(index));
        let about = about.unwrap_or_else(|| panic!("{index} in {texts:?}"));
        for said in [
            "another version of Windows",
            "6.4.3",
            "Delete it and create it again",
            "neither searched nor changed",
        ] {
            assert!(about.contains(said), "{said:?} in {about}");
        }
    }
    let plain = run(&["check", "index.edb"], folder.path());
    let plain = String::from_utf8_lossy(&plain.stdout).into_owned();
    // People read it too, and so does whoever looks into the report.
    let output = run(&["/g", "index.edb"], folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let report = fs::read_to_string(folder.path().join("index.INTEG.RAW")).unwrap();
    let said = [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat();
    for text in [&plain, &report, &said] {
        let warned = text.lines().filter(|line| line.contains("another version of Windows")).count();
        assert!(warned >= 2, "{warned} lines of {text}");
    }
    ese_corpus::report!("{} stale indexes named with what to do", texts.len());
}
