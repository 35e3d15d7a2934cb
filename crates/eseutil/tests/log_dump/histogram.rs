//! Every log of the corpus walked to its end, and the histograms of spec 05 §14.

use std::collections::BTreeMap;
use std::path::Path;

use ese_corpus::{corpus, files_ending, skipped};
use eseutil::output::Renderer;
use serde_json::Value;

use crate::running::{APT, BELKASOFT, copy_of, plain, run_as};

/// Spec 05 §14 item 4: generation, valid segments, records without NOP bytes, histogram.
const HISTOGRAMS: &[(&str, &str, u64, &str)] = &[
    (
        APT,
        "SRU.log",
        281,
        "Insert 137, Commit 48, Begin 47, Split2 9, MacroCommit 5, MacroInfo 5, MacroBegin 4, NOP2 4, NewPage 4, Replace 4, ShutDownMark 3, Term2 3, Delete 2, Init2 2, AttachDB 1, Commit0 1, ExtendDB 1, SetDbVersion 1",
    ),
    (
        APT,
        "SRU00019.log",
        755,
        "Insert 412, Commit 141, Begin 139, Split2 16, MacroBegin 8, MacroCommit 8, MacroInfo 8, NewPage 8, Replace 6, Delete 3, Begin0 2, Commit0 2, ExtendDB 1, SetExternalHeader 1",
    ),
    (
        APT,
        "SRU0001A.log",
        691,
        "Insert 368, Commit 126, Begin 125, Split2 20, MacroBegin 10, MacroCommit 10, MacroInfo 10, NewPage 10, Replace 10, Begin0 1, Commit0 1",
    ),
    (
        APT,
        "SRU0001B.log",
        582,
        "Insert 302, Commit 100, Begin 99, Split2 22, MacroBegin 11, MacroCommit 11, MacroInfo 11, NewPage 11, Replace 10, Delete 2, Begin0 1, Commit0 1, ExtendDB 1",
    ),
    (
        APT,
        "SRU0001C.log",
        584,
        "Insert 308, Begin 103, Commit 103, Split2 20, MacroBegin 10, MacroCommit 10, MacroInfo 10, NewPage 10, Replace 10",
    ),
    (
        APT,
        "SRU0001D.log",
        593,
        "Insert 312, Commit 104, Begin 103, Split2 20, MacroBegin 10, MacroCommit 10, MacroInfo 10, NewPage 10, Replace 9, Delete 2, Begin0 1, Commit0 1, ExtendDB 1",
    ),
    (
        APT,
        "SRU0001E.log",
        572,
        "Insert 296, Commit 99, Begin 98, Split2 22, MacroBegin 11, MacroCommit 11, MacroInfo 11, NewPage 11, Replace 11, Begin0 1, Commit0 1",
    ),
    (
        APT,
        "SRU0001F.log",
        584,
        "Insert 309, Begin 102, Commit 102, Split2 19, MacroBegin 10, NewPage 10, MacroCommit 9, MacroInfo 9, Replace 9, Delete 3, ExtendDB 2",
    ),
    (
        APT,
        "SRUtmp.log",
        586,
        "Insert 310, Begin 103, Commit 103, Split2 20, MacroBegin 10, MacroCommit 10, MacroInfo 10, NewPage 10, Replace 10",
    ),
    (BELKASOFT, "SRU.log", 0, ""),
    (
        BELKASOFT,
        "SRU0004E.log",
        379,
        "Insert 192, Begin 63, Commit 63, Split2 16, MacroBegin 8, MacroCommit 8, MacroInfo 8, Replace 8, NOP2 3, AttachDB 2, Delete 2, Init2 2, Begin0 1, ExtendDB 1, ShutDownMark 1, Term2 1",
    ),
    (
        BELKASOFT,
        "SRU0004F.log",
        625,
        "Insert 329, Commit 108, Begin 105, Split2 23, MacroBegin 12, MacroCommit 12, MacroInfo 12, Replace 12, Begin0 3, Commit0 3, Delete 2, SetExternalHeader 2, ConvertFDP2 1, ExtendDB 1",
    ),
    (
        BELKASOFT,
        "SRU00050.log",
        276,
        "Insert 138, Commit 46, Begin 44, Split2 8, NOP2 7, MacroBegin 4, MacroCommit 4, MacroInfo 4, AttachDB 3, Init2 3, Replace 3, ShutDownMark 3, Begin0 2, Commit0 2, Term2 2, Delete 1, RecoveryQuit2 1, RecoveryUndo2 1",
    ),
    (
        BELKASOFT,
        "SRU00051.log",
        273,
        "Insert 148, Commit 48, Begin 44, Commit0 4, NOP2 4, Split2 4, Begin0 3, AttachDB 2, Init2 2, MacroBegin 2, MacroCommit 2, MacroInfo 2, Replace 2, ShutDownMark 2, Term2 2, Delete 1, ExtendDB 1",
    ),
];

fn json_of(folder: &Path, source: &str) -> Value {
    let (text, result, code) = run_as(&plain(folder, Path::new(source)), Renderer::Json);
    assert_eq!(text, "", "{source}: --json prints nothing but the document");
    assert_eq!(code, 0, "{source}: {result}");
    result
}

fn histogram(result: &Value) -> BTreeMap<String, u64> {
    let histogram = result["histogram"].as_object().expect("a histogram");
    histogram.iter().map(|(name, row)| (name.clone(), row["records"].as_u64().expect("a count"))).collect()
}

#[test]
fn the_json_histogram_of_every_windows_log_equals_the_specification() {
    let Some(data) = corpus() else {
        return skipped("the_json_histogram_of_every_windows_log_equals_the_specification");
    };
    let mut records = 0;
    for &(input, name, expected_records, expected) in HISTOGRAMS {
        let folder = copy_of(&data, input);
        let result = json_of(folder.path(), name);
        let mut found = histogram(&result);
        found.remove("NOP");
        let expected: BTreeMap<String, u64> = expected
            .split(", ")
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                let (name, count) = entry.rsplit_once(' ').expect("name and count");
                (name.to_owned(), count.parse().expect("a count"))
            })
            .collect();
        assert_eq!(found, expected, "{input}/{name}");
        assert_eq!(found.values().sum::<u64>(), expected_records, "{input}/{name}");
        records += expected_records;
    }
    ese_corpus::report!(
        "{} logs of Windows, {records} records: histograms equal spec 05 section 14",
        HISTOGRAMS.len()
    );
}

/// Types that occur in spec 05 §14 items 4 and 10.
const TYPES_MET: &[&str] = &[
    "Insert",
    "Commit",
    "Begin",
    "Undo",
    "FlagDelete",
    "Split2",
    "Delete",
    "UndoInfo",
    "Replace",
    "NewPage",
    "MacroCommit",
    "MacroBegin",
    "MacroInfo",
    "Begin0",
    "Commit0",
    "NOP2",
    "Trace",
    "SetExternalHeader",
    "Merge2",
    "ReplaceD",
    "Delta",
    "CreateSingleExtentFDP",
    "ConvertFDP2",
    "Delta64",
    "CreateMultipleExtentFDP",
    "MacroInfo2",
    "Backup2",
    "ShutDownMark",
    "ExtendDB",
    "Init2",
    "CreateDB",
    "SetDbVersion",
    "CreateDBFinish",
    "Term2",
    "RecoveryUndo2",
    "RecoveryQuit2",
    "Rollback",
    "MacroAbort",
    "FlagInsertAndReplaceData",
    "AttachDB",
    "NOP",
];

#[test]
fn every_log_in_the_corpus_is_walked_to_its_end_without_an_unknown_type() {
    let Some(data) = corpus() else {
        return skipped("every_log_in_the_corpus_is_walked_to_its_end_without_an_unknown_type");
    };
    let mut total: BTreeMap<String, u64> = BTreeMap::new();
    let (mut logs, mut not_logs) = (0, 0);
    for log in files_ending(&data, &[".log"]) {
        let bytes = log.bytes();
        if bytes.iter().all(|&byte| byte == 0) {
            not_logs += 1;
            continue;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        log.unpack_into(folder.path());
        let result = json_of(folder.path(), log.file_name());
        assert_eq!(result["unknown_types"], 0, "{}", log.name);
        assert_eq!(result["length_mismatches"], 0, "{}", log.name);
        for (name, records) in histogram(&result) {
            *total.entry(name).or_default() += records;
        }
        logs += 1;
    }
    assert!(logs > 0, "no logs in the corpus");
    for name in total.keys() {
        assert!(TYPES_MET.contains(&name.as_str()), "{name} occurs in no log that spec 05 lists");
    }
    let records: u64 = total.values().sum();
    ese_corpus::report!(
        "{logs} logs walked to their end ({not_logs} all zero), {records} records: {total:?}"
    );
}
