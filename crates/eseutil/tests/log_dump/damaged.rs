//! Logs with wrong bytes, and one of the old format built by hand.

use std::fs;
use std::path::{Path, PathBuf};

use ese_corpus::{corpus, file, skipped};
use ese_format::log::segment::segment_checksum;
use eseutil::command_line::Verbosity;
use eseutil::failure::Failure;
use eseutil::log_dump::{self, LogDumpOptions};
use eseutil::output::{Output, ProgressStyle, Renderer};

use crate::running::{BELKASOFT, plain, run};

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
    ese_corpus::report!(
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
