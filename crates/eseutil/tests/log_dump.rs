//! `/ml` and `/k` of logs, compared line by line with what the original tool printed (data/ese/eseutil, log-text).
//!
//! Between the start line and the ending line every line must be equal, blank ones included. The only difference let
//! through is the one that INDEX.md names for this output: the read columns of the I/O table, where an unstable sort
//! of the original decides.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ese_corpus::{CorpusFile, corpus, file, files, files_ending, skipped};
use ese_format::log::segment::segment_checksum;
use eseutil::command_line::{DumpOptions, GenerationRange, Verbosity, Wanted};
use eseutil::failure::Failure;
use eseutil::log_dump::{self, CsvEncoding, LogDumpOptions, LogPurpose};
use eseutil::output::{Output, ProgressStyle, Renderer};
use serde_json::Value;

const BELKASOFT: &str = "windows/srum-belkasoft/Dirty";
const APT: &str = "windows/srum-aptsimulator";

/// What is done to the copy of the logs before the dump.
#[derive(Clone, Copy)]
enum Damage {
    Remove(&'static str),
    Swap(&'static str, &'static str),
    Flip(&'static str, &'static [(usize, u8)]),
    Zero(&'static str, usize, usize),
    Cut(&'static str, u64),
    ReplaceByApt(&'static str, &'static str),
    /// All logs go into this subfolder; checkpoint and database stay.
    LogsIntoFolder(&'static str),
}

/// How much of the stored output there is.
#[derive(Clone, Copy, PartialEq)]
enum Stored {
    Whole,
    /// The last lines only.
    Tail,
    /// Record, environment and statistics lines were removed.
    Skeleton,
}

struct Case {
    expected: &'static str,
    input: &'static str,
    source: &'static str,
    damage: &'static [Damage],
    verbosity: Verbosity,
    purpose: LogPurpose,
    io_summary: bool,
    csv: Option<&'static str>,
    range: Option<(u32, Option<u32>)>,
    stored: Stored,
}

const fn case(expected: &'static str, source: &'static str) -> Case {
    Case {
        expected,
        input: BELKASOFT,
        source,
        damage: &[],
        verbosity: Verbosity::Summary,
        purpose: LogPurpose::Dump,
        io_summary: false,
        csv: None,
        range: None,
        stored: Stored::Whole,
    }
}

impl Case {
    const fn apt(mut self) -> Self {
        self.input = APT;
        self
    }
    const fn data(mut self) -> Self {
        self.verbosity = Verbosity::Data;
        self
    }
    const fn structure(mut self) -> Self {
        self.verbosity = Verbosity::Structure;
        self
    }
    const fn io(mut self) -> Self {
        self.io_summary = true;
        self
    }
    const fn verify(mut self) -> Self {
        self.purpose = LogPurpose::Verify;
        self
    }
    const fn csv(mut self, name: &'static str) -> Self {
        self.csv = Some(name);
        self
    }
    const fn range(mut self, first: u32, last: Option<u32>) -> Self {
        self.range = Some((first, last));
        self
    }
    const fn damaged(mut self, damage: &'static [Damage]) -> Self {
        self.damage = damage;
        self
    }
    const fn stored(mut self, stored: Stored) -> Self {
        self.stored = stored;
        self
    }
}

const TWO_BITS_IN_SEGMENT_3: &[Damage] =
    &[Damage::Flip("SRU0004F.log", &[(3 * 4096 + 1000, 3), (3 * 4096 + 1200, 0)])];
const ONE_HEADER_BIT: &[Damage] = &[Damage::Flip("SRU0004F.log", &[(100, 0)])];
const MISSING_4F: &[Damage] = &[Damage::Remove("SRU0004F.log")];
const SWAPPED: &[Damage] = &[Damage::Swap("SRU0004E.log", "SRU0004F.log")];
const IN_SUBFOLDER: &[Damage] = &[Damage::LogsIntoFolder("sub")];

/// Every stored output of `/ml` and of `/k` on logs, but `ml-v3` (a usage error) and the recovery runs' own logs.
const CASES: &[Case] = &[
    case("ml-SRU00051", "SRU00051.log"),
    case("ml-SRU0004E", "SRU0004E.log"),
    case("ml-SRU", "SRU.log"),
    case("ml-v1-SRU00051", "SRU00051.log").structure(),
    case("ml-v-SRU00051", "SRU00051.log").data(),
    case("ml-v-SRU00050", "SRU00050.log").data(),
    case("ml-v-SRU0004F", "SRU0004F.log").data(),
    case("ml-v-SRU", "SRU.log").data(),
    case("ml-s-SRU00051", "SRU00051.log").io(),
    case("ml-csv-SRU00051", "SRU00051.log").csv("SRU51.csv"),
    case("ml-set", "SRU"),
    case("ml-set-range", "SRU").range(0x4F, Some(0x50)),
    case("ml-set-range1", "SRU").range(0x50, None),
    case("ml-set-range-missing", "SRU").range(0x60, Some(0x70)),
    case("ml-set-csv", "SRU").csv("set.csv"),
    case("l-sub-set", "sub/SRU").damaged(IN_SUBFOLDER),
    case("l-sub-single", "sub/SRU00051.log").damaged(IN_SUBFOLDER),
    case("ml-set-apt", "SRU").apt(),
    case("ml-v-apt-SRU0001F", "SRU0001F.log").apt().data(),
    case("ml-v-apt-SRU", "SRU.log").apt().data(),
    case("ml-missing", "SRU000FF.log"),
    case("ml-set-missing", "ABC"),
    case("ml-on-db", "SRUDB.dat"),
    case("ml-on-jrs", "SRUres00001.jrs"),
    case("ml-tmp", "SRUtmp.log"),
    case("k-belka-log", "SRU00051.log").verify(),
    case("k-belka-set", "SRU").verify(),
    case("k-set-missing", "ABC").verify(),
    case("l-miss4f", "SRU").damaged(MISSING_4F),
    case("l-miss4f50", "SRU").damaged(&[Damage::Remove("SRU0004F.log"), Damage::Remove("SRU00050.log")]),
    case("l-miss51", "SRU").damaged(&[Damage::Remove("SRU00051.log")]),
    case("l-misscur", "SRU").damaged(&[Damage::Remove("SRU.log")]),
    case("l-swap", "SRU").damaged(SWAPPED),
    case("l-bit1", "SRU").damaged(&[Damage::Flip("SRU0004F.log", &[(3 * 4096 + 1000, 3)])]),
    case("l-bit2", "SRU").damaged(TWO_BITS_IN_SEGMENT_3),
    case("l-bit2-single", "SRU0004F.log").damaged(TWO_BITS_IN_SEGMENT_3),
    case("l-bit2-single-k", "SRU0004F.log").damaged(TWO_BITS_IN_SEGMENT_3).verify(),
    case("l-bit2-single-v-tail", "SRU0004F.log").damaged(TWO_BITS_IN_SEGMENT_3).data().stored(Stored::Tail),
    case("l-bit2last", "SRU")
        .damaged(&[Damage::Flip("SRU00051.log", &[(0xA * 4096 + 1000, 3), (0xA * 4096 + 1200, 0)])]),
    case("l-hdr", "SRU").damaged(ONE_HEADER_BIT),
    case("l-hdr-single", "SRU0004F.log").damaged(ONE_HEADER_BIT),
    case("l-hdr0", "SRU").damaged(&[Damage::Zero("SRU0004F.log", 0, 4096)]),
    case("l-trunc", "SRU").damaged(&[Damage::Cut("SRU0004F.log", 40000)]),
    case("l-zeroseg", "SRU").damaged(&[Damage::Zero("SRU0004F.log", 5 * 4096, 4096)]),
    case("l-apt1", "SRU").damaged(&[Damage::ReplaceByApt("SRU0004F.log", "SRU0001F.log")]),
    case("l-miss4f-v-skeleton", "SRU").damaged(MISSING_4F).data().stored(Stored::Skeleton),
    case("l-swap-v-skeleton", "SRU").damaged(SWAPPED).data().stored(Stored::Skeleton),
    case("l-hdr-v-skeleton", "SRU").damaged(ONE_HEADER_BIT).data().stored(Stored::Skeleton),
];

/// Outputs that are no log dump although their names begin like one, or that show files a recovery run wrote.
const NOT_DUMPS_OF_STORED_LOGS: &[&str] = &["ml-v3.txt", "ml-csv-SRU00051.csv.txt"];

fn damage(folder: &Path, data: &Path, damage: Damage) {
    let change = |name: &str, edit: &dyn Fn(&mut Vec<u8>)| {
        let path = folder.join(name);
        let mut bytes = fs::read(&path).expect("the file to damage is there");
        edit(&mut bytes);
        fs::write(&path, bytes).expect("the copy can be written");
    };
    match damage {
        Damage::Remove(name) => fs::remove_file(folder.join(name)).expect("the file to remove is there"),
        Damage::Swap(left, right) => {
            let third = folder.join("third");
            fs::rename(folder.join(left), &third).expect("rename");
            fs::rename(folder.join(right), folder.join(left)).expect("rename");
            fs::rename(third, folder.join(right)).expect("rename");
        }
        Damage::Flip(name, bits) => change(name, &|bytes| {
            for &(offset, bit) in bits {
                bytes[offset] ^= 1 << bit;
            }
        }),
        Damage::Zero(name, start, length) => change(name, &|bytes| bytes[start..start + length].fill(0)),
        Damage::Cut(name, length) => {
            let opened = fs::OpenOptions::new().write(true).open(folder.join(name)).expect("open");
            opened.set_len(length).expect("cut");
        }
        Damage::ReplaceByApt(name, other) => {
            let replacement = file(data, &format!("{APT}/{other}")).expect("the APT log is in the corpus");
            fs::write(folder.join(name), replacement.bytes()).expect("the copy can be written");
        }
        Damage::LogsIntoFolder(name) => {
            fs::create_dir(folder.join(name)).expect("create folder");
            for entry in fs::read_dir(folder).expect("list").flatten() {
                if entry.path().extension().is_some_and(|extension| extension == "log") {
                    fs::rename(entry.path(), folder.join(name).join(entry.file_name())).expect("rename");
                }
            }
            // The original ran in a folder without a checkpoint.
            fs::remove_file(folder.join("SRU.chk")).expect("the checkpoint is there");
        }
    }
}

fn copy_of(data: &Path, input: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inputs = files(&data.join(input));
    assert!(!inputs.is_empty(), "{input} holds no files");
    for input in inputs {
        input.unpack_into(folder.path());
    }
    folder
}

/// Runs a dump and gives the text and the JET code it ended with.
fn run(request: &LogDumpOptions) -> (String, i32) {
    let (text, _, code) = run_as(request, Renderer::Classic);
    (text, code)
}

fn run_as(request: &LogDumpOptions, renderer: Renderer) -> (String, Value, i32) {
    let (mut text, mut errors) = (Vec::new(), Vec::new());
    let mut output = Output::new(&mut text, &mut errors, renderer, ProgressStyle::None);
    let code = match log_dump::run(request, &mut output) {
        Ok(()) => 0,
        Err(Failure::Jet(failure)) => failure.error.code(),
        Err(Failure::Output(error)) => panic!("a vector takes every byte: {error}"),
    };
    let result = Value::Object(std::mem::take(&mut output.report.result));
    drop(output);
    (String::from_utf8(text).expect("dumps are UTF-8"), result, code)
}

fn request(folder: &Path, case: &Case) -> LogDumpOptions {
    LogDumpOptions {
        purpose: case.purpose,
        verbosity: case.verbosity,
        io_table: if case.io_summary { Wanted::Yes } else { Wanted::No },
        csv_file: case.csv.map(PathBuf::from),
        generations: case.range.map(|(first, last)| GenerationRange { first, last }),
        ..plain(folder, Path::new(case.source))
    }
}

/// A dump without any option.
fn plain(folder: &Path, source: &Path) -> LogDumpOptions {
    LogDumpOptions {
        current_folder: folder.to_owned(),
        ..LogDumpOptions::of_dump(source, &DumpOptions::default())
    }
}

/// The lines between the start line and the ending line, and the stored exit status.
fn stored_body(text: &str) -> (Vec<&str>, Option<i32>) {
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|line| line.starts_with("Initiating ")).map_or(0, |found| found + 1);
    let end =
        lines.iter().rposition(|line| line.starts_with("Operation ")).expect("a dump has an ending line");
    let status = lines.iter().rev().find_map(|line| line.strip_prefix("exit status: ")?.parse().ok());
    (lines[start..end].to_vec(), status)
}

/// Whether a line survived when the stored skeletons were made.
fn in_skeleton(line: &str) -> bool {
    let removed = line.starts_with('>')
        || line.starts_with("Segment Checksum")
        || line.contains("Env SystemPath")
        || line.contains("Env (CircLog")
        || line.contains("(     on,")
        || line.contains("% /");
    !removed
}

/// What a comparison of two texts found.
#[derive(Default)]
struct Agreement {
    equal: usize,
    read_columns: usize,
    differences: Vec<String>,
}

impl Agreement {
    fn compare(&mut self, name: &str, expected: &[&str], found: &[&str]) {
        let both = expected.len().max(found.len());
        for index in 0..both {
            match (expected.get(index), found.get(index)) {
                (Some(left), Some(right)) if left == right => self.equal += 1,
                (Some(left), Some(right)) if differs_in_read_columns_alone(left, right) => {
                    self.read_columns += 1
                }
                (left, right) => self.differences.push(format!(
                    "{name}: line {}\n  original: {}\n  libesent: {}",
                    index + 1,
                    left.map_or("(none)".to_owned(), |line| format!("{line:?}")),
                    right.map_or("(none)".to_owned(), |line| format!("{line:?}")),
                )),
            }
        }
    }
}

/// INDEX.md: "# Reads", "# Pages Read" and the sums of the log I/O table may be off by a few pages.
fn differs_in_read_columns_alone(expected: &str, found: &str) -> bool {
    let columns = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (left, right) = (columns(expected), columns(found));
    let numbers =
        |row: &[String]| row.iter().skip(1).map(|cell| cell.parse::<i64>().ok()).collect::<Option<Vec<_>>>();
    let (Some(left_numbers), Some(right_numbers)) = (numbers(&left), numbers(&right)) else { return false };
    let is_row = left.first() == right.first()
        && left.first().is_some_and(|label| label == "Total" || label.parse::<u8>().is_ok())
        && left_numbers.len() == 8
        && right_numbers.len() == 8;
    is_row
        && [0, 1, 6, 7].into_iter().all(|column| left_numbers[column] == right_numbers[column])
        && [2, 4].into_iter().all(|column| (left_numbers[column] - right_numbers[column]).abs() <= 2)
        && right_numbers[3] - right_numbers[5] == left_numbers[3] - left_numbers[5]
        && (0..=40).contains(&(right_numbers[5] - left_numbers[5]))
}

fn fail_on_differences(agreement: &Agreement) {
    assert!(
        agreement.differences.is_empty(),
        "{} lines differ:\n{}",
        agreement.differences.len(),
        agreement.differences.iter().take(30).cloned().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn every_stored_log_dump_of_the_original_is_printed_line_by_line() {
    let Some(data) = corpus() else {
        return skipped("every_stored_log_dump_of_the_original_is_printed_line_by_line");
    };
    let mut agreement = Agreement::default();
    for case in CASES {
        let stored =
            file(&data, &format!("ese/eseutil/{}.txt", case.expected)).expect("the stored output is there");
        let stored = String::from_utf8(stored.bytes()).expect("stored outputs are UTF-8");
        let folder = copy_of(&data, case.input);
        for &one in case.damage {
            damage(folder.path(), &data, one);
        }
        let (text, code) = run(&request(folder.path(), case));
        let here = folder.path().to_str().expect("temporary folders have plain names");
        let text = text
            .replace(&format!("{here}/sub/"), "<CURDIR>\\sub\\")
            .replace(&format!("{here}/"), "<CURDIR>\\");
        // The label line of /k on one log is written before the log is looked at, by the command's caller.
        let is_set = case.source.len() == 3;
        let text = match case.purpose {
            LogPurpose::Verify if !is_set => format!("      Log File: {}\n{text}", case.source),
            _ => text,
        };
        let (expected, status) = stored_body(&stored);
        if let Some(status) = status {
            assert_eq!(code, status, "{}: the JET error it ends with", case.expected);
        }
        let found: Vec<&str> = text.lines().collect();
        match case.stored {
            Stored::Whole => agreement.compare(case.expected, &expected, &found),
            Stored::Tail => {
                let start = found.len().saturating_sub(expected.len());
                agreement.compare(case.expected, &expected, &found[start..]);
            }
            Stored::Skeleton => {
                let expected: Vec<&str> = expected.into_iter().filter(|line| in_skeleton(line)).collect();
                let found: Vec<&str> = found.into_iter().filter(|line| in_skeleton(line)).collect();
                agreement.compare(case.expected, &expected, &found);
            }
        }
    }
    println!(
        "{} stored dumps: {} lines equal, {} differ in the read columns of the I/O table alone, {} differ",
        CASES.len(),
        agreement.equal,
        agreement.read_columns,
        agreement.differences.len()
    );
    fail_on_differences(&agreement);
}

#[test]
fn no_stored_log_dump_is_left_out_of_the_comparison() {
    let Some(data) = corpus() else { return skipped("no_stored_log_dump_is_left_out_of_the_comparison") };
    let stored = files(&data.join("ese/eseutil"));
    let dumps: Vec<&CorpusFile> = stored
        .iter()
        .filter(|file| file.name.starts_with("ml-") || file.name.starts_with("l-"))
        .filter(|file| !NOT_DUMPS_OF_STORED_LOGS.contains(&file.name.as_str()))
        .collect();
    assert!(!dumps.is_empty(), "no stored outputs in the corpus");
    for dump in dumps {
        let name = dump.name.trim_end_matches(".txt");
        assert!(CASES.iter().any(|case| case.expected == name), "{name} is compared by no case");
    }
}

#[test]
fn every_log_text_of_the_crash_and_fresh_sets_is_printed_line_by_line() {
    let Some(data) = corpus() else {
        return skipped("every_log_text_of_the_crash_and_fresh_sets_is_printed_line_by_line");
    };
    let texts: Vec<CorpusFile> = files(&data.join("ese"))
        .into_iter()
        .filter(|file| file.file_name().starts_with("eseutil-ml-v"))
        .collect();
    assert!(!texts.is_empty(), "no log texts in the corpus");
    let mut agreement = Agreement::default();
    for stored in &texts {
        let text = String::from_utf8(stored.bytes()).expect("log texts are UTF-8");
        let command = text.lines().next().expect("a log text begins with its command");
        let windows_path = command
            .strip_prefix("command: eseutil /ml ")
            .and_then(|rest| rest.strip_suffix(" /v"))
            .expect("a command");
        let (windows_folder, name) = windows_path.rsplit_once('\\').expect("a path");
        let relative = windows_folder.trim_start_matches("C:\\ese\\").replace('.', "/");
        let log =
            file(&data, &format!("ese/{relative}/{name}")).unwrap_or_else(|| panic!("no log for {command}"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = log.unpack_into(folder.path());
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let request = LogDumpOptions { verbosity: Verbosity::Data, ..plain(elsewhere.path(), &path) };
        let (found, code) = run(&request);
        assert_eq!(code, 0, "{}", stored.name);
        let found = found.replace(path.to_str().expect("a plain name"), windows_path);
        agreement.compare(&stored.name, &stored_body(&text).0, &found.lines().collect::<Vec<_>>());
    }
    println!(
        "{} log texts: {} lines equal, {} differ in the read columns of the I/O table alone, {} differ",
        texts.len(),
        agreement.equal,
        agreement.read_columns,
        agreement.differences.len()
    );
    fail_on_differences(&agreement);
}

#[test]
fn the_csv_file_equals_the_stored_one() {
    let Some(data) = corpus() else { return skipped("the_csv_file_equals_the_stored_one") };
    let stored = file(&data, "ese/eseutil/ml-csv-SRU00051.csv.txt").expect("the stored CSV is there").bytes();
    let stored = String::from_utf8(stored).expect("it is stored as UTF-8");
    for encoding in [CsvEncoding::Utf8, CsvEncoding::Utf16] {
        let folder = copy_of(&data, BELKASOFT);
        let mut request = request(folder.path(), &case("", "SRU00051.log"));
        request.csv_file = Some(PathBuf::from("out.csv"));
        request.csv_encoding = encoding;
        assert_eq!(run(&request).1, 0);
        let bytes = fs::read(folder.path().join("out.csv")).expect("the CSV file was written");
        let text = match encoding {
            CsvEncoding::Utf8 => String::from_utf8(bytes).expect("UTF-8 was asked for"),
            CsvEncoding::Utf16 => {
                assert_eq!(bytes[..2], [0xFF, 0xFE], "a byte order mark");
                let units: Vec<u16> =
                    bytes[2..].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                String::from_utf16(&units).expect("UTF-16 was asked for")
            }
        };
        assert!(text.ends_with("LTEL\r\n"), "lines end with CR LF");
        let mut agreement = Agreement::default();
        let text = text.replace("\r\n", "\n");
        agreement.compare("csv", &stored.lines().collect::<Vec<_>>(), &text.lines().collect::<Vec<_>>());
        println!("CSV as {encoding:?}: {} lines equal", agreement.equal);
        fail_on_differences(&agreement);
    }
}

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
    println!("{} logs of Windows, {records} records: histograms equal spec 05 section 14", HISTOGRAMS.len());
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
    println!("{logs} logs walked to their end ({not_logs} all zero), {records} records: {total:?}");
}

/// A seeded source of numbers, so that a failing run can be repeated.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

/// Makes the checksums of header and segments fit their bytes again, so that damage reaches the records.
fn seal(log: &mut [u8]) {
    let words = log[4..4096].chunks_exact(4);
    let sum = words
        .fold(0x89AB_CDEF_u32, |sum, word| sum ^ u32::from_le_bytes(word.try_into().expect("four bytes")));
    log[..4].copy_from_slice(&sum.to_le_bytes());
    for (number, segment) in log.chunks_exact_mut(4096).enumerate().skip(1) {
        if segment.iter().any(|&byte| byte != 0) {
            let number = u16::try_from(number).expect("a log has at most 65535 segments");
            let sum = segment_checksum(segment, number).expect("4096 bytes");
            segment[..8].copy_from_slice(&sum.to_le_bytes());
        }
    }
}

/// Runs a dump that may fail; what it says about a failure must name the file and the place or the reason.
fn survives(options: &LogDumpOptions, renderer: Renderer, what: &str) -> bool {
    let (mut text, mut errors) = (Vec::new(), Vec::new());
    let mut output = Output::new(&mut text, &mut errors, renderer, ProgressStyle::None);
    match log_dump::run(options, &mut output) {
        Ok(()) => true,
        Err(Failure::Jet(failure)) => {
            assert!(failure.error.code() < 0, "{what}: {failure}");
            assert!(failure.file.is_some(), "{what}: {failure} names no file");
            assert!(failure.format.is_some() || failure.detail.is_some(), "{what}: {failure} names no place");
            false
        }
        Err(Failure::Output(error)) => panic!("{what}: a vector takes every byte: {error}"),
    }
}

#[test]
fn a_log_with_any_bytes_behind_good_checksums_is_dumped_or_refused_and_never_a_panic() {
    const TEST: &str = "a_log_with_any_bytes_behind_good_checksums_is_dumped_or_refused_and_never_a_panic";
    let Some(data) = corpus() else { return skipped(TEST) };
    let sources = [
        format!("{BELKASOFT}/SRU0004F.log"),
        format!("{BELKASOFT}/SRU00050.log"),
        "ese/types-32k/edb00000014.log".to_owned(),
        "ese/backup-full/full/edb0000000E.log".to_owned(),
        "ese/crash-E/recovered/edb.log".to_owned(),
    ];
    let mut numbers = Numbers(0x5EED);
    let (mut dumped, mut refused) = (0, 0);
    for source in sources {
        let original = file(&data, &source).unwrap_or_else(|| panic!("{source} is in the corpus")).bytes();
        let folder = tempfile::tempdir().expect("a temporary folder");
        for round in 0..50 {
            let mut log = original.clone();
            for _ in 0..=numbers.next(4) {
                let at = match numbers.next(4) {
                    0 => 4 + numbers.next(4092),
                    _ => 4096 + numbers.next(log.len() - 4096),
                };
                let length = 1 + numbers.next(4);
                for byte in log.iter_mut().skip(at).take(length) {
                    *byte = if round % 3 == 0 { 0xFF } else { numbers.next(256) as u8 };
                }
            }
            seal(&mut log);
            let name = "edb00000001.log";
            fs::write(folder.path().join(name), &log).expect("the copy can be written");
            let what = format!("{source}, round {round}");
            let data = LogDumpOptions { verbosity: Verbosity::Data, ..plain(folder.path(), Path::new(name)) };
            let csv = LogDumpOptions { csv_file: Some(PathBuf::from("x.csv")), ..data.clone() };
            let set = LogDumpOptions { source: PathBuf::from("edb"), ..data.clone() };
            let good = [
                (&data, Renderer::Classic),
                (&csv, Renderer::Classic),
                (&set, Renderer::Plain),
                (&data, Renderer::Json),
            ]
            .map(|(options, renderer)| survives(options, renderer, &what));
            if good[0] { dumped += 1 } else { refused += 1 }
        }
    }
    println!(
        "{} damaged logs: {dumped} dumped to their end, {refused} refused with file and place",
        dumped + refused
    );
    assert!(dumped > 0 && refused > 0, "the damage reaches both ends");
}

#[test]
fn a_log_cut_at_any_length_is_refused() {
    let Some(data) = corpus() else { return skipped("a_log_cut_at_any_length_is_refused") };
    let original = file(&data, &format!("{BELKASOFT}/SRU00051.log")).expect("it is in the corpus").bytes();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = plain(folder.path(), Path::new("SRU00051.log"));
    for length in [0, 1, 671, 4095, 4096, 4097, 40_000, original.len() - 1] {
        fs::write(folder.path().join("SRU00051.log"), &original[..length]).expect("the copy can be written");
        let expected = if length < 4096 { -501 } else { -541 };
        assert_eq!(run(&options).1, expected, "cut to {length} bytes");
        assert!(!survives(&options, Renderer::Json, "cut"));
    }
}

#[test]
fn a_header_that_claims_more_than_the_file_has_is_refused_unread() {
    let Some(data) = corpus() else {
        return skipped("a_header_that_claims_more_than_the_file_has_is_refused_unread");
    };
    let mut log = file(&data, &format!("{BELKASOFT}/SRU00051.log")).expect("it is in the corpus").bytes();
    log[12..14].copy_from_slice(&[0xFF, 0xFF]);
    seal(&mut log);
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("a.log"), &log).expect("the copy can be written");
    assert_eq!(run(&plain(folder.path(), Path::new("a.log"))).1, -541);
}

/// A version-7 log built by the rules of spec 05 §12: one sector with records, three unused.
fn legacy_log(records: &[u8]) -> Vec<u8> {
    let mut log = vec![0; 4096];
    for (at, value) in [(4, 1_u32), (8, 8 << 16 | 512), (12, 12), (32, 7), (36, 3704), (40, 17)] {
        log[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    let length = u32::try_from(records.len()).expect("a short list");
    let words = records.chunks(4).map(|chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        u32::from_le_bytes(word)
    });
    let sum = words.fold(0xFEED_BEAF ^ length ^ 0xD1 ^ 1, |sum, word| sum ^ word);
    log.push(42);
    for field in [0, length, 0, sum, 0] {
        log.extend_from_slice(&field.to_le_bytes());
    }
    log.push(0xD1);
    log.extend_from_slice(records);
    log.resize(4096 + 512, 0);
    log.extend((0..3 * 512_usize).map(|index| match index % 512 {
        place if place % 16 == 0 => (0xDA + place) as u8,
        _ => 0xDA,
    }));
    let words = log[4..4096].chunks_exact(4);
    let sum = words
        .fold(0x89AB_CDEF_u32, |sum, word| sum ^ u32::from_le_bytes(word.try_into().expect("four bytes")));
    log[..4].copy_from_slice(&sum.to_le_bytes());
    log
}

#[test]
fn a_log_of_windows_7_shows_its_range_checksums_and_counts_its_padding() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let records = [5, 9, 0, 0x11, 0, 0, 0, 6, 9, 0, 1];
    fs::write(folder.path().join("edb00001.log"), legacy_log(&records)).expect("the log can be written");
    let options =
        LogDumpOptions { verbosity: Verbosity::Data, ..plain(folder.path(), Path::new("edb00001.log")) };
    let (text, code) = run(&options);
    assert_eq!(code, 0, "{text}");
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.starts_with('>')).take(5).collect();
    assert!(lines[0].starts_with(">00000001,0008,0000 Checksum  (0x0,0xB,0x0 checksum [0x"), "{lines:?}");
    assert_eq!(
        lines[1..],
        [
            ">00000001,0008,0016 Begin     (9,from:1,to:2)",
            ">00000001,0008,001A NOP      ",
            ">                 NOPEnd    (Total NOPs: 3)",
            ">00000001,0008,001D Commit    (9,to:1)",
        ]
    );
    assert!(text.contains("\nNOP              3             1 "), "{text}");
}
