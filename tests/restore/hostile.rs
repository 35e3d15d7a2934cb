//! Maps, ranges and paths of hostile or careless callers, and sets that are damaged in other ways than the plan's.

use std::path::Path;

use esent::abi::tables::errors::*;

use crate::Row;
use crate::bed::Form;
use crate::stage::{Stage, other_source, source, words};

pub(crate) const ROWS: &[Row] = &[
    ("a huge range", huge_range),
    ("no new path", no_new_path),
    ("files where folders should be", files_as_folders),
    ("the same folder for everything", one_folder),
    ("a base name that is none", base_names),
    ("logs in the wrong order by name", logs_out_of_order),
    ("a bit of a page", bit_of_a_page),
    ("a bit of a log", bit_of_a_log),
    ("garbage as a log", garbage_log),
    ("a patch file", patch_files),
    ("a database of another backup", foreign_copy),
];

fn huge_range(form: Form) {
    let mut stage = Stage::new(form);
    stage.call.high = i32::MAX;
    assert_eq!(stage.refused(), JET_errFileNotFound);
    stage.call.low = i32::MAX;
    assert_eq!(stage.refused(), JET_errFileNotFound);
}

fn no_new_path(form: Form) {
    for new in [None, Some(String::new())] {
        let mut stage = Stage::new(form);
        stage.call.map[1].1 = new;
        assert_eq!(stage.refused(), JET_errDatabaseInvalidPath);
    }
}

fn files_as_folders(form: Form) {
    let fresh = |field: fn(&mut Stage, std::path::PathBuf)| {
        let mut stage = Stage::new(form);
        let file = stage.path("bk/a-file");
        std::fs::write(&file, b"x").unwrap();
        field(&mut stage, file);
        stage.refused()
    };
    let codes = [
        fresh(|stage, file| stage.call.log = file),
        fresh(|stage, file| stage.call.system = file),
        fresh(|stage, file| stage.call.backup = file),
        fresh(|stage, file| stage.call.log = file.join("below")),
    ];
    assert_eq!(codes, [JET_errInvalidPath; 4]);
    let mut stage = Stage::new(form);
    stage.call.map[0].1 = Some(words(&stage.path("db")));
    assert_eq!(stage.refused(), JET_errFileAccessDenied, "a folder as a database");
    let mut stage = Stage::new(form);
    stage.call.backup = stage.path("nowhere");
    assert_eq!(stage.refused(), JET_errInvalidPath);
}

fn one_folder(form: Form) {
    let mut stage = Stage::new(form);
    (stage.call.log, stage.call.system) = (stage.path("bk"), stage.path("bk"));
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
}

fn base_names(form: Form) {
    for name in [*b"ed\0\0", *b"\0\0\0\0", *b"edbx"] {
        let mut stage = Stage::new(form);
        stage.call.base_name = name;
        let before = stage.content();
        assert_eq!(stage.restore2(), JET_errInvalidParameter, "{name:?}");
        assert!(stage.content() == before);
    }
    let mut stage = Stage::new(form);
    stage.call.base_name = *b"xyz\0";
    assert_eq!(stage.restore2(), JET_errFileNotFound);
}

fn logs_out_of_order(form: Form) {
    let stage = Stage::new(form);
    let (left, right) = (stage.log_in("bk", source().set.low + 1), stage.log_in("bk", source().set.low + 2));
    let bytes = std::fs::read(&left).unwrap();
    std::fs::copy(&right, &left).unwrap();
    std::fs::write(&right, bytes).unwrap();
    assert_eq!(stage.refused(), JET_errGivenLogFileIsNotContiguous);
}

fn flip(path: &Path, at: usize, mask: u8) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= mask;
    std::fs::write(path, bytes).unwrap();
}

/// One wrong bit is put right; several in a page that redo needs are told.
fn bit_of_a_page(form: Form) {
    let stage = Stage::new(form);
    flip(&stage.copy_of_a(), 2 * 4096 + 3 * 4096 + 200, 4);
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
    let stage = Stage::new(form);
    for page in 1..60 {
        for at in [100, 700, 1500] {
            flip(&stage.copy_of_a(), 4096 + page * 4096 + at, 0x5A);
        }
    }
    assert_eq!(stage.restore(), JET_errReadVerifyFailure);
}

fn bit_of_a_log(form: Form) {
    let stage = Stage::new(form);
    flip(&stage.log_in("bk", source().set.low), 4096 + 300, 8);
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
    let stage = Stage::new(form);
    flip(&stage.log_in("bk", source().set.low), 60, 8);
    assert_eq!(stage.refused(), JET_errLogFileCorrupt, "its header has a checksum that puts nothing right");
}

fn garbage_log(form: Form) {
    let stage = Stage::new(form);
    let path = stage.log_in("bk", source().set.high);
    let length = std::fs::read(&path).unwrap().len();
    std::fs::write(&path, vec![0xEE; length]).unwrap();
    assert_eq!(stage.refused(), JET_errLogFileCorrupt);
    std::fs::write(&path, b"").unwrap();
    assert_eq!(stage.refused(), JET_errLogFileCorrupt);
}

fn patch_files(form: Form) {
    for length in [0, 8192] {
        let stage = Stage::new(form);
        std::fs::write(stage.path("db/a.pat"), vec![0; length]).unwrap();
        std::fs::write(stage.path("bk/b.pat"), vec![0; length]).unwrap();
        assert_eq!(stage.restore(), 0);
    }
    let stage = Stage::new(form);
    std::fs::write(stage.path("bk/a.pat"), vec![0; 5000]).unwrap();
    assert_eq!(stage.refused(), JET_errBadPatchPage);
    let stage = Stage::new(form);
    std::fs::write(stage.path("bk/a.pat"), &other_source().closed).unwrap();
    assert_eq!(stage.refused(), JET_errDatabasePatchFileMismatch);
}

fn foreign_copy(form: Form) {
    let stage = Stage::new(form);
    std::fs::write(stage.copy_of_a(), &other_source().set.databases[0].1).unwrap();
    assert_eq!(stage.refused(), JET_errDatabasePatchFileMismatch);
}
