//! Spec 07 §20.3: the logs of a set, and those behind it, as hard recovery looks at them (§11.3, §11.4), on Windows' own log
//! streams. Rows of sets that are not in the corpus use one that is.

use std::fs;
use std::path::{Path, PathBuf};

use ese_engine::io::OsFileSystem;
use ese_engine::log::LogFolder;
use ese_engine::recovery::GenerationRange;
use ese_engine::restore::{Beyond, GivenLogs, check_beyond};
use ese_format::error::JetError;
use ese_format::log::names::LogExtension;
use ese_format::page_size::PageSize;

const BASE: &str = "SRU";

/// What is looked at, the backup's folder, its lowest and highest generation, the folder of the logs, the code.
type Row<'r> = (&'r str, &'r Path, (i32, i32), &'r Path, i32);

/// Folders made of Windows' logs.
struct Bed {
    place: tempfile::TempDir,
    apt: PathBuf,
    belkasoft: PathBuf,
    made: std::cell::Cell<u32>,
}

impl Bed {
    /// A folder with these files: source folder, name there, name here.
    fn folder(&self, files: &[(&Path, &str, &str)]) -> PathBuf {
        self.made.set(self.made.get() + 1);
        let folder = self.place.path().join(self.made.get().to_string());
        fs::create_dir(&folder).expect("a folder can be made");
        for (source, name, here) in files {
            fs::copy(source.join(name), folder.join(here)).expect("it can be copied");
        }
        folder
    }

    /// A folder with these files under their own names.
    fn some_of(&self, source: &Path, names: &[&str]) -> PathBuf {
        let files: Vec<_> = names.iter().map(|name| (source, *name, *name)).collect();
        self.folder(&files)
    }
}

/// Steps A and B: the code they end with.
fn steps(backup: &Path, (low, high): (i32, i32), log_folder: &Path) -> i32 {
    let disk = &OsFileSystem;
    let given = GenerationRange { low, high };
    let (extension, page_size) = (LogExtension::Log, PageSize::K4);
    let looked = GivenLogs::examine(disk, backup, BASE, extension, given, page_size).and_then(|logs| {
        let there = LogFolder::scan_only(disk, log_folder, BASE, logs.set().extension)?;
        let is_backup_folder = backup == log_folder;
        check_beyond(disk, &logs, &Beyond { folder: &there, is_backup_folder, target_high: None })
    });
    looked.map_or_else(|error| error.jet().code(), |()| JetError::SUCCESS.code())
}

#[test]
fn spec_07_20_3_steps_a_and_b_on_windows_log_streams() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("spec_07_20_3_steps_a_and_b_on_windows_log_streams");
    };
    let windows = corpus.join("windows");
    let bed = Bed {
        place: tempfile::tempdir().expect("a temporary folder can be made"),
        apt: windows.join("srum-aptsimulator"),
        belkasoft: windows.join("srum-belkasoft/Dirty"),
        made: std::cell::Cell::new(0),
    };
    let (apt, belkasoft) = (bed.apt.as_path(), bed.belkasoft.as_path());
    let with_gap = bed.some_of(apt, &["SRU0001C.log", "SRU0001E.log"]);
    let behind =
        bed.some_of(apt, &["SRU0001C.log", "SRU0001D.log", "SRU0001E.log", "SRU0001F.log", "SRU.log"]);
    let renamed = bed.folder(&[(apt, "SRU00019.log", "SRU00019.log"), (apt, "SRU0001B.log", "SRU0001A.log")]);
    let mixed = bed.folder(&[
        (belkasoft, "SRU0004E.log", "SRU0004E.log"),
        (belkasoft, "SRU0004F.log", "SRU0004F.log"),
        (apt, "SRU00019.log", "SRU00050.log"),
    ]);
    let two_behind = bed.some_of(belkasoft, &["SRU00050.log", "SRU.log"]);
    let empty = bed.folder(&[]);
    let rows: [Row<'_>; 14] = [
        ("all that are archived", apt, (0x19, 0x1F), apt, 0),
        ("0x20 is the current log", apt, (0x19, 0x20), apt, -1811),
        ("0x18 is only a recycled log", apt, (0x18, 0x1F), apt, -1811),
        ("a gap behind the set", apt, (0x19, 0x1B), &with_gap, -565),
        ("no gap behind the set", apt, (0x19, 0x1B), &behind, 0),
        ("0x1B under the name of 0x1A", &renamed, (0x19, 0x1A), &renamed, -556),
        ("all that are archived, dirty", belkasoft, (0x4E, 0x51), belkasoft, 0),
        ("one log", belkasoft, (0x51, 0x51), belkasoft, 0),
        ("one log, nothing behind it", belkasoft, (0x51, 0x51), &empty, 0),
        ("another stream behind the set", belkasoft, (0x4E, 0x51), apt, -610),
        ("another stream behind the set, newer", apt, (0x19, 0x1F), belkasoft, -610),
        ("a log of another stream in the set", &mixed, (0x4E, 0x50), &mixed, -530),
        ("a gap before the current log", belkasoft, (0x4E, 0x4F), &two_behind, -611),
        ("beyond what is there", belkasoft, (0x4E, 0x52), belkasoft, -1811),
    ];
    let wrong: Vec<_> = rows
        .iter()
        .map(|(what, backup, range, logs, code)| (what, code, steps(backup, *range, logs)))
        .filter(|(_, expected, found)| *expected != found)
        .collect();
    ese_corpus::report!("steps A and B: {} of {} rows of §20.3", rows.len() - wrong.len(), rows.len());
    assert!(wrong.is_empty(), "{wrong:?}");
}
