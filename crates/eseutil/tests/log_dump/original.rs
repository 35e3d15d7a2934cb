//! Every stored output of the original tool, and the runs that must print it.

use std::fs;
use std::path::{Path, PathBuf};

use ese_corpus::{CorpusFile, corpus, file, files, skipped};
use eseutil::command_line::{GenerationRange, Verbosity, Wanted};
use eseutil::log_dump::{CsvEncoding, LogDumpOptions, LogPurpose};

use crate::agreement::{Agreement, fail_on_differences};
use crate::running::{APT, BELKASOFT, copy_of, plain, run};

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
    ese_corpus::report!(
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
    ese_corpus::report!(
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
        ese_corpus::report!("CSV as {encoding:?}: {} lines equal", agreement.equal);
        fail_on_differences(&agreement);
    }
}
