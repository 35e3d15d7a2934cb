//! `/g` and `check`: verdicts, exit statuses and report files beside those of the original tool.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ese_corpus::{corpus, file, skipped};
use tempfile::TempDir;

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_eseutil"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder with a file of the corpus in it.
fn folder_with(test: &str, name: &str) -> Option<TempDir> {
    let Some(corpus) = corpus() else {
        skipped(test);
        return None;
    };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    file(&corpus, name).unwrap_or_else(|| panic!("{name} is in the corpus")).unpack_into(folder.path());
    Some(folder)
}

/// Lines of a report without what depends on the run: first line, threads, seconds, empty lines.
fn report_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty() && !line.starts_with("Creating ") && !line.starts_with("*****"))
        .map(|line| line.split(" after ").next().unwrap_or(line))
        .map(|line| match line.split('\t').collect::<Vec<_>>().as_slice() {
            [table, _thread, rest] => format!("{table} {rest}"),
            _ => line.to_owned(),
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn reports_of_sound_databases_have_the_originals_lines() {
    let test = "reports_of_sound_databases_have_the_originals_lines";
    let cases = [
        ("g-basic", "windows/tables/basic.edb", "basic"),
        ("g-apt", "windows/srum-aptsimulator/SRUDB.dat", "SRUDB"),
        ("g-belka-clean", "windows/srum-belkasoft/Clean/SRUDB.dat", "SRUDB"),
        ("g-large", "windows/tables/large.edb", "large"),
    ];
    let mut lines = 0;
    for (stored, name, prefix) in cases {
        let Some(folder) = folder_with(test, name) else { return };
        let database = name.rsplit('/').next().unwrap_or_default();
        let output = run(&["/g", database], folder.path());
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output));
        let ours = fs::read_to_string(folder.path().join(format!("{prefix}.INTEG.RAW"))).unwrap();
        let corpus = corpus().unwrap();
        let theirs = fs::read_to_string(corpus.join(format!("ese/eseutil/{stored}.INTEG.RAW.txt"))).unwrap();
        let (ours, theirs) = (report_lines(&ours), report_lines(&theirs));
        lines += theirs.len();
        assert_eq!(ours, theirs, "{stored}");
    }
    ese_corpus::report!("4 integrity reports agree with the original's, {lines} lines");
}

#[test]
fn a_damaged_catalog_is_corrupted_and_the_report_names_the_page() {
    let test = "a_damaged_catalog_is_corrupted_and_the_report_names_the_page";
    let Some(folder) = folder_with(test, "windows/tables/basic.edb") else { return };
    let path = folder.path().join("basic.edb");
    let sound = fs::read(&path).unwrap();
    type Damage = (&'static str, fn(&mut Vec<u8>), &'static str);
    let damages: [Damage; 4] = [
        (
            "two bits of page 5",
            |bytes| {
                bytes[25576] ^= 8;
                bytes[25776] ^= 1;
            },
            "page 5",
        ),
        ("page 31 of zeros", |bytes| bytes[131_072..135_168].fill(0), "page 31"),
        ("pages 4 and 5 exchanged", |bytes| bytes[5 * 4096..7 * 4096].rotate_left(4096), "page 4"),
        ("cut behind page 18", |bytes| bytes.truncate(81_920), "beyond the end of the file"),
    ];
    for (what, damage, named) in damages {
        let mut damaged = sound.clone();
        damage(&mut damaged);
        fs::write(&path, damaged).unwrap();
        let output = run(&["/g", "basic.edb"], folder.path());
        assert_eq!(output.status.code(), Some(1), "{what}");
        assert!(text(&output).contains("Integrity check completed.  Database is CORRUPTED!\n"), "{what}");
        assert!(text(&output).contains("-1206 (JET_errDatabaseCorrupted"), "{what}");
        let report = fs::read_to_string(folder.path().join("basic.INTEG.RAW")).unwrap();
        let error = report.lines().find(|line| line.contains("ERROR: ") && line.contains(named));
        assert!(error.is_some(), "{what}: {report}");
    }
}

#[test]
fn a_dirty_database_is_refused_or_checked_and_corrupted_all_the_same() {
    let test = "a_dirty_database_is_refused_or_checked_and_corrupted_all_the_same";
    let Some(folder) = folder_with(test, "windows/srum-belkasoft/Dirty/SRUDB.dat") else { return };
    let refused = run(&["/g", "SRUDB.dat"], folder.path());
    assert_eq!(refused.status.code(), Some(4));
    let said = text(&refused);
    assert!(
        said.contains("not up-to-date") && said.contains("Recovery") && !said.contains("Scanning"),
        "{said}"
    );
    let report = fs::read_to_string(folder.path().join("SRUDB.INTEG.RAW")).unwrap();
    assert!(report.contains("ERROR: database was not shutdown cleanly (Dirty Shutdown)\n"), "{report}");
    let checked = run(&["/g", "SRUDB.dat", "/o"], folder.path());
    assert_eq!(checked.status.code(), Some(1));
    assert!(text(&checked).contains("Database is CORRUPTED!"), "{}", text(&checked));
    let long = run(&["check", "SRUDB.dat", "--yes", "--json"], folder.path());
    let document: serde_json::Value = serde_json::from_slice(&long.stdout).unwrap();
    assert_eq!(document["error"]["code"], -1206);
    assert!(document["result"]["counts"]["rows"].as_u64().is_some_and(|rows| rows > 1000), "{document}");
}

#[test]
fn the_long_form_writes_no_report_unless_asked_and_lists_findings() {
    let test = "the_long_form_writes_no_report_unless_asked_and_lists_findings";
    let Some(folder) = folder_with(test, "windows/tables/index.edb") else { return };
    let output = run(&["check", "index.edb", "--json"], folder.path());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["result"]["errors"], 0);
    let compared = &document["result"]["counts"]["indexes_compared"];
    assert!(compared.as_u64().is_some_and(|indexes| indexes >= 17), "{document}");
    let missing = run(&["check", "nothing.edb"], folder.path());
    assert_eq!(missing.status.code(), Some(5));
    let asked = run(&["check", "index.edb", "--report", "there"], folder.path());
    assert_eq!(asked.status.code(), Some(0));
    assert!(folder.path().join("there.INTEG.RAW").is_file());
}
