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
    ("links out of a folder", links),
    ("pipes where files should be", pipes),
    ("folders that cannot be written to", not_writable),
    ("a map with a database twice", duplicates),
    ("a map with empty and unknown names", strange_names),
    ("ranges that are none", ranges),
    ("everything else in the folders", the_set_is_only_read),
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
        assert_eq!(stage.refused(), JET_errDatabaseInvalidName);
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

/// Whoever can put a link into one of the folders does not choose what is read or written elsewhere.
fn links(form: Form) {
    let log = |stage: &Stage| stage.log_in("bk", source().set.low + 1);
    let copy = Stage::copy_of_a;
    let new_log = |stage: &Stage| stage.path("log").join("edbtmp.log");
    let checkpoint = |stage: &Stage| stage.path("sys").join("edb.chk");
    let temporary = |stage: &Stage| stage.path("sys").join("tmp.edb");
    type Place = dyn Fn(&Stage) -> std::path::PathBuf;
    let places: [(&str, &Place); 5] = [
        ("log", &log),
        ("copy", &copy),
        ("new log", &new_log),
        ("checkpoint", &checkpoint),
        ("temporary database", &temporary),
    ];
    for (what, place) in places {
        for dangling in [false, true] {
            let stage = Stage::new(form);
            let outside = tempfile::tempdir().unwrap();
            let (target, link) = (outside.path().join("mine"), place(&stage));
            std::fs::create_dir_all(link.parent().unwrap()).unwrap();
            let bytes = std::fs::read(&link).unwrap_or_else(|_| b"mine".to_vec());
            if !dangling {
                std::fs::write(&target, &bytes).unwrap();
            }
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(&target, &link).unwrap();
            let before = stage.content();
            let code = stage.restore();
            // A log that is none is missing.
            assert_eq!(code, JET_errInvalidPath, "{what}, dangling: {dangling}");
            assert!(stage.content() == before, "{what}");
            assert!(link.is_symlink(), "{what}");
            if dangling {
                assert!(!target.exists(), "{what}: a file was made elsewhere");
            } else {
                assert_eq!(std::fs::read(&target).unwrap(), bytes, "{what}: a file elsewhere was changed");
            }
        }
    }
}

fn pipes(form: Form) {
    let pipe = |path: &Path| {
        let _ = std::fs::remove_file(path);
        let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo");
        assert!(made.success());
    };
    let stage = Stage::new(form);
    pipe(&stage.log_in("bk", source().set.low + 1));
    assert_eq!(stage.refused(), JET_errFileAccessDenied);
    let stage = Stage::new(form);
    pipe(&stage.copy_of_a());
    assert_eq!(stage.refused(), JET_errFileAccessDenied);
}

/// Not even the superuser makes files there.
fn not_writable(form: Form) {
    let mut stage = Stage::new(form);
    stage.call.log = "/proc/sys/esent".into();
    assert_eq!(stage.refused(), JET_errInvalidPath);
    let mut stage = Stage::new(form);
    stage.call.system = "/proc/sys/esent".into();
    assert_eq!(stage.refused(), JET_errInvalidPath);
    let mut stage = Stage::new(form);
    stage.call.map[0].1 = Some("/proc/version".into());
    assert!([JET_errFileAccessDenied, JET_errDatabaseCorrupted].contains(&stage.refused()));
}

fn duplicates(form: Form) {
    let mut stage = Stage::new(form);
    let first = stage.call.map[0].clone();
    stage.call.map.push(first.clone());
    assert_eq!(stage.refused(), JET_errDatabaseSignInUse, "the same entry twice");
    // The same file under two names.
    let mut stage = Stage::new(form);
    let roundabout = stage.path("db").join("..").join("db").join("a.edb");
    stage.call.map.push((Some("/elsewhere/a.edb".into()), Some(words(&roundabout))));
    assert_eq!(stage.refused(), JET_errDatabaseSignInUse);
    // Two old names, copies of one stream.
    let mut stage = Stage::new(form);
    let second = stage.path("db/again.edb");
    std::fs::copy(stage.copy_of_a(), &second).unwrap();
    stage.call.map.push((Some("/elsewhere/a.edb".into()), Some(words(&second))));
    assert_eq!(stage.refused(), JET_errDatabaseSignInUse);
    let mut stage = Stage::new(form);
    for _ in 0..20 {
        stage.call.map.push(first.clone());
    }
    assert_eq!(stage.refused(), JET_errInvalidParameter, "more than a log can have");
}

/// Which copy is which database their signatures say; the old names need not be right (spec 07 §11.9).
fn strange_names(form: Form) {
    for old in ["", "Z:\\none\\at\\all.edb", "../../a.edb"] {
        let mut stage = Stage::new(form);
        stage.call.map[0].0 = Some(old.to_owned());
        assert_eq!(stage.restore(), 0, "{old:?}");
        assert_eq!(stage.rows(), source().rows);
    }
    let mut stage = Stage::new(form);
    stage.call.map[0].0 = None;
    assert_eq!(stage.restore(), 0, "no old name");
    // A database that the set does not know.
    let mut stage = Stage::new(form);
    let stranger = stage.path("db/stranger.edb");
    std::fs::write(&stranger, &other_source().set.databases[0].1).unwrap();
    stage.call.map.push((Some("/elsewhere/stranger.edb".into()), Some(words(&stranger))));
    assert_eq!(stage.refused(), JET_errDatabasePatchFileMismatch);
    let mut stage = Stage::new(form);
    stage.call.map.push((Some("/elsewhere/none.edb".into()), Some(words(&stage.path("db/none.edb")))));
    assert_eq!(stage.refused(), JET_errFileNotFound);
}

fn ranges(form: Form) {
    let (low, high) = (source().set.low as i32, source().set.high as i32);
    let none =
        [(0, high), (0, 0), (high, low), (-1, high), (low, -1), (i32::MIN, i32::MAX), (i32::MAX, i32::MIN)];
    for (low, high) in none {
        let mut stage = Stage::new(form);
        (stage.call.low, stage.call.high) = (low, high);
        assert_eq!(stage.refused(), JET_errInvalidParameter, "{low}-{high}");
        let before = stage.content();
        assert_eq!(stage.restore2(), JET_errInvalidParameter, "{low}-{high} of JetExternalRestore2");
        assert!(stage.content() == before);
    }
}

/// Of the folder of the set only logs that are none of it go (T102): all else, and every log of the set, stays to the byte,
/// whether the restore succeeds, is refused or breaks off.
fn the_set_is_only_read(form: Form) {
    let littered = || {
        let stage = Stage::new(form);
        for name in ["notes.txt", "edb.chk", "other.edb", "edbres00001.jrs", "a.pat", "xyz00001.log"] {
            std::fs::write(stage.path("bk").join(name), if name == "a.pat" { "" } else { "mine" }).unwrap();
        }
        std::fs::create_dir(stage.path("bk/deeper")).unwrap();
        std::fs::write(stage.path("bk/deeper/edb00001.log"), b"mine").unwrap();
        stage
    };
    let of_the_set = |stage: &Stage| {
        let folder = stage.path("bk");
        let mut content = stage.content();
        content.retain(|path, _| path.starts_with(&folder));
        content.insert(folder.join("deeper"), std::fs::read(folder.join("deeper/edb00001.log")).unwrap());
        content
    };
    let stage = littered();
    let before = of_the_set(&stage);
    assert!(before.len() > 8);
    assert_eq!(stage.restore(), 0);
    assert!(of_the_set(&stage) == before, "JetExternalRestore");
    let stage = littered();
    assert_eq!(stage.restore2(), 0);
    assert!(
        of_the_set(&stage)
            == before
                .iter()
                .map(|(path, bytes)| (stage.path("bk").join(path.file_name().unwrap()), bytes.clone()))
                .collect(),
        "JetExternalRestore2"
    );
    let stage = littered();
    let before = of_the_set(&stage);
    std::fs::write(stage.copy_of_b(), &source().closed).unwrap();
    assert_eq!(stage.refused(), JET_errRestoreOfNonBackupDatabase);
    assert!(of_the_set(&stage) == before, "a refused restore");
    let stage = littered();
    let before = of_the_set(&stage);
    let answer = (
        esent::abi::tables::enums::JET_snpRecoveryControl,
        esent::abi::tables::enums::JET_sntBeginUndo,
        JET_errOutOfMemory,
    );
    assert_eq!(stage.restore_answering(Some(answer)).0, JET_errOutOfMemory);
    assert!(of_the_set(&stage) == before, "a restore that broke off before undo");
}
