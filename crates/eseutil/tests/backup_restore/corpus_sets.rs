//! The original engine's backup sets: verified, shown and restored by `eseutil` to the rows that the original engine read from
//! its own restore of them.

use std::path::{Path, PathBuf};

use ese_corpus::{corpus, files, report, skipped};
use serde_json::Value;

use crate::stage::{assert_sound, eseutil, shown, snapshot};

/// One restore of the original engine: the sets, and what it read afterwards.
const CASES: &[(&str, &[&str], &str, &str)] = &[
    ("ese/backup-full", &["full"], "expected-restored.jsonl", "restored"),
    ("ese/backup-incremental", &["full", "incr1"], "expected-restored-incr1.jsonl", "restored-incr1"),
    (
        "ese/backup-incremental",
        &["full", "incr1", "incr2"],
        "expected-restored-incr2.jsonl",
        "restored-incr2",
    ),
    ("ese/legacy", &["bk/new"], "expected-restored-bk.jsonl", "restored-bk"),
    ("ese/legacy", &["bk2"], "expected-restored-bk2.jsonl", "restored-bk2"),
];

fn unpack(corpus: &Path, folder: &str, to: &Path) -> PathBuf {
    let target = to.join(folder.replace('/', "-"));
    std::fs::create_dir_all(&target).expect("a folder can be made");
    for file in files(&corpus.join(folder)) {
        file.unpack_into(&target);
    }
    target
}

/// The rows of a dump of the original engine: bookmark order is that of the primary index.
fn expected_rows(corpus: &Path, name: &str) -> Vec<Value> {
    let bytes = ese_corpus::file(corpus, name).expect("the dump is in the corpus").bytes();
    let lines = String::from_utf8(bytes).expect("a dump is text");
    lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a dump is JSON"))
        .filter(|line| line.get("v").is_some())
        .collect()
}

#[test]
fn the_original_engines_sets_restore_to_their_expected_rows() {
    let Some(corpus) = corpus() else {
        return skipped("the_original_engines_sets_restore_to_their_expected_rows");
    };
    let mut rows = 0;
    for (set, parts, dump, restored) in CASES {
        let stage = tempfile::tempdir().expect("a temporary folder can be made");
        let folders: Vec<PathBuf> =
            parts.iter().map(|part| unpack(&corpus, &format!("{set}/{part}"), stage.path())).collect();
        let reference = unpack(&corpus, &format!("{set}/{restored}"), stage.path());
        let before: Vec<_> = folders.iter().map(|folder| snapshot(folder)).collect();
        let sets: Vec<String> = folders.iter().map(|folder| shown(folder)).collect();
        let verified = eseutil(["verify-backup".to_owned()].into_iter().chain(sets.clone())).succeeded();
        assert!(verified.text.contains("Nothing is wrong."), "{set}: {}", verified.text);
        let to = stage.path().join("to");
        let arguments = ["restore".to_owned()].into_iter().chain(sets).chain(["--to".to_owned(), shown(&to)]);
        eseutil(arguments).succeeded();
        let database = to.join("src.edb");
        assert_sound(&database);
        assert!(folders.iter().map(|folder| snapshot(folder)).eq(before), "{set}: the sets are only read");
        let export = |database: &Path| eseutil(["export", &shown(database), "--raw"]).succeeded().text;
        let ours = export(&database);
        assert!(
            ours == export(&reference.join("src.edb")),
            "{set} {parts:?}: rows differ from the original's restore"
        );
        let expected = expected_rows(&corpus, &format!("{set}/{dump}"));
        assert_eq!(ours.lines().count(), expected.len(), "{set} {parts:?}");
        rows += expected.len();
        let header = eseutil(["/mh", &shown(&database)]).succeeded().text;
        assert!(header.contains("State: Clean Shutdown"), "{header}");
    }
    report!("the original engine's sets: {} restores, {rows} rows as expected", CASES.len());
}

#[test]
fn each_prefix_of_the_chain_is_a_point() {
    let Some(corpus) = corpus() else { return skipped("each_prefix_of_the_chain_is_a_point") };
    let stage = tempfile::tempdir().expect("a temporary folder can be made");
    let sets = ["full", "incr1", "incr2"]
        .map(|part| unpack(&corpus, &format!("ese/backup-incremental/{part}"), stage.path()));
    let arguments = ["verify-backup".to_owned(), "--json".to_owned()]
        .into_iter()
        .chain(sets.iter().map(|set| shown(set)));
    let json = eseutil(arguments).succeeded().json();
    let points = json["result"]["points"].as_array().expect("a list").clone();
    let through: Vec<_> = points.iter().map(|point| point["through_log"].as_i64()).collect();
    assert_eq!(through, [Some(0xF), Some(0x13), Some(0x14)]);
    assert_eq!(json["result"]["restorable"], true);
    // Without the full set, and with a gap, nothing can be restored.
    eseutil(["verify-backup", &shown(&sets[1])]).failed_with(-560);
    eseutil(["restore", &shown(&sets[1]), "--to", &shown(&stage.path().join("none"))]).failed_with(-560);
    assert!(!stage.path().join("none").exists());
    report!("points of the original engine's chain: {through:X?}");
}

#[test]
fn logs_behind_a_gap_between_sets_are_not_left_out_in_silence() {
    let Some(corpus) = corpus() else {
        return skipped("logs_behind_a_gap_between_sets_are_not_left_out_in_silence");
    };
    let stage = tempfile::tempdir().expect("a temporary folder can be made");
    let sets = ["full", "incr2"]
        .map(|part| unpack(&corpus, &format!("ese/backup-incremental/{part}"), stage.path()));
    for generation in 0xD..=0x10 {
        std::fs::remove_file(sets[1].join(format!("edb{generation:08X}.log"))).expect("it is there");
    }
    let verified = eseutil(["verify-backup", &shown(&sets[0]), &shown(&sets[1])]).failed_with(-557);
    assert!(verified.errors.contains("edb00000011.log: logs 0x10-0x10"), "{}", verified.errors);
    let to = stage.path().join("to");
    eseutil(["restore", &shown(&sets[0]), &shown(&sets[1]), "--to", &shown(&to)]).failed_with(-557);
    assert!(!to.exists(), "nothing was touched");
    eseutil(["restore", &shown(&sets[0]), "--to", &shown(&to)]).succeeded();
}

#[test]
fn a_log_that_lost_its_segments_is_found_and_named() {
    let Some(corpus) = corpus() else { return skipped("a_log_that_lost_its_segments_is_found_and_named") };
    let stage = tempfile::tempdir().expect("a temporary folder can be made");
    let set = unpack(&corpus, "ese/legacy/bk2", stage.path());
    // The one segment that is used of this log: what is left reads well, and ends early.
    let log = set.join("edb00000009.log");
    let mut bytes = std::fs::read(&log).expect("it is there");
    bytes[4096..8192].fill(0);
    std::fs::write(&log, bytes).expect("it can be written");
    let verified = eseutil(["verify-backup", &shown(&set)]).failed_with(-590);
    assert!(
        verified.errors.contains("edb00000009.log: the checksum over its segments"),
        "{}",
        verified.errors
    );
    assert!(verified.text.contains("CANNOT be restored"), "{}", verified.text);
    let to = stage.path().join("to");
    let restored = eseutil(["restore", &shown(&set), "--to", &shown(&to)]).failed_with(-590);
    assert!(restored.errors.contains("edb00000009.log"), "{}", restored.errors);
}

#[test]
fn the_folder_of_an_atomic_legacy_backup_is_its_set() {
    let Some(corpus) = corpus() else { return skipped("the_folder_of_an_atomic_legacy_backup_is_its_set") };
    let stage = tempfile::tempdir().expect("a temporary folder can be made");
    let unpacked = unpack(&corpus, "ese/legacy/bk/new", stage.path());
    let bk = stage.path().join("bk");
    std::fs::create_dir(&bk).expect("a folder can be made");
    for name in ["old", "new"] {
        let before = if name == "old" { unpacked.clone() } else { bk.join("old") };
        std::fs::rename(before, bk.join(name)).expect("the name is free");
        let verified = eseutil(["verify-backup", &shown(&bk)]).succeeded();
        assert!(verified.text.contains("Nothing is wrong."), "{}", verified.text);
        let to = stage.path().join(format!("to-{name}"));
        eseutil(["restore", &shown(&bk), "--to", &shown(&to)]).succeeded();
        assert_sound(&to.join("src.edb"));
    }
}

#[test]
fn mh_shows_the_backup_information_of_copies_and_patch_files() {
    let Some(corpus) = corpus() else {
        return skipped("mh_shows_the_backup_information_of_copies_and_patch_files");
    };
    let stage = tempfile::tempdir().expect("a temporary folder can be made");
    let set = unpack(&corpus, "ese/backup-full/full", stage.path());
    let said = eseutil(["/mh", &shown(&set.join("src.edb"))]).succeeded().text;
    assert!(said.contains("Patch Current Full Backup:\n        Log Gen: 5-13 (0x5-0xd)"), "{said}");
    // A patch file of old: two header pages, whose slot names the logs of its set.
    let bytes = std::fs::read(set.join("src.edb")).expect("it is there");
    let mut header = ese_format::database_header::choose_header(&bytes).expect("a copy").header;
    header.fields.backup_full_current.generation_low = 0x36.into();
    header.fields.backup_full_current.generation_high = 0x3F.into();
    let page = header.encode();
    let patch = stage.path().join("priv.pat");
    std::fs::write(&patch, [page.clone(), page].concat()).expect("it can be written");
    let said = eseutil(["/MH", &shown(&patch)]).succeeded().text;
    assert!(said.contains("Log Gen: 54-63 (0x36-0x3f)"), "{said}");
    // The marker that JetBackup leaves has nothing to show.
    std::fs::write(&patch, "").expect("it can be written");
    let said = eseutil(["/mh", &shown(&patch)]);
    assert!(said.status != 0 && said.errors.contains("empty patch file"), "{}\n{}", said.text, said.errors);
}
