//! The folder that is restored from is the backup: whatever lies in it, and however the restore ends, it stays as it was
//! (spec 07 §9.2, T71). And the sets that the original engine wrote, restored through the C interface.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;

use crate::folder::*;
use crate::folders::{ProcessFolders, content, folder, names, restorer};
use crate::harness::*;
use crate::source::*;
use crate::{Form, alone, cursor::Cursor};

/// Everything below a folder: files with their bytes, links with where they lead, folders.
fn all_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            found.insert(
                path.clone(),
                std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes(),
            );
        } else if path.is_dir() {
            found.extend(all_below(&path));
            found.insert(path, Vec::new());
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

/// A full set with an incremental one behind it, in a folder with everything that may lie about in it; the rows.
fn littered_set(form: Form, bk: &Path) -> [Vec<i32>; 2] {
    let source = Source::new(Circular::Off);
    assert_eq!(back_up(form, Some(source.instance()), Some(bk), 0, None), 0);
    source.insert(&source.a, 50..90);
    assert_eq!(back_up(form, Some(source.instance()), Some(bk), JET_bitBackupIncremental, None), 0);
    let expected = [rows(source.session, source.a.dbid), rows(source.session, source.b.dbid)];
    source.insert(&source.a, 90..99);
    let home = source.running.folder.path().to_path_buf();
    assert_eq!(end_session(source.session), 0);
    assert_eq!(term(source.instance(), JET_bitTermComplete), 0);
    // What goes on behind the set must not be replayed: it is none of it.
    for name in ["edb.log", "edb.chk"] {
        std::fs::copy(home.join(name), bk.join(name)).unwrap();
    }
    for name in ["edbtmp.log", "edbres00001.jrs", "tmp.edb", "notes.txt", "other.edb"] {
        std::fs::write(bk.join(name), format!("mine: {name}")).unwrap();
    }
    std::fs::create_dir(bk.join("deeper")).unwrap();
    std::fs::write(bk.join("deeper").join("edb00001.log"), b"mine").unwrap();
    std::os::unix::fs::symlink(&home, bk.join("a-link")).unwrap();
    expected
}

#[test]
fn a_restore_leaves_everything_in_its_source_as_it_was() {
    let _alone = alone();
    for form in [Form::Ansi, Form::Wide] {
        let place = tempfile::tempdir().unwrap();
        let bk = folder(place.path().join("bk"));
        let expected = littered_set(form, &bk);
        let before = all_below(&bk);
        assert!(before.len() > 12, "{:?}", before.keys());
        let check = |what: &str| {
            let now = all_below(&bk);
            assert!(
                now.keys().eq(before.keys()),
                "{what} {form:?}: {:?} and not {:?}",
                now.keys(),
                before.keys()
            );
            assert!(now == before, "{what} {form:?} changed bytes of its source");
        };
        // JetRestoreInstance.
        let running = restorer("restorer");
        let to = folder(running.path("to"));
        assert_eq!(restore(form, Some(running.instance), &bk, Some(&to), None), 0, "JetRestoreInstance");
        check("JetRestoreInstance");
        let (instance, code) = init(running.instance);
        assert_eq!(code, 0, "JetInit after the restore");
        let (session, code) = begin_session(instance);
        assert_eq!(code, 0);
        for (name, expected) in ["a.edb", "b.edb"].into_iter().zip(&expected) {
            assert_eq!(&rows_of_file(session, &to.join(name)), expected, "{name} {form:?}");
        }
        assert_eq!(end_session(session), 0);
        assert_eq!(term(instance, JET_bitTermComplete), 0);
        drop(running);
        // JetRestore2, in the mode with one instance; JetRestore writes to where the databases were.
        let home = folder(place.path().join("home"));
        {
            let _parameters = ProcessFolders::of(&folder(home.join("logs")));
            let to = folder(home.join("to"));
            assert_eq!(restore(form, None, &bk, Some(&to), None), 0, "JetRestore2");
            check("JetRestore2");
        }
        {
            let _parameters = ProcessFolders::of(&folder(home.join("others")));
            let gone = restore(form, None, &bk, None, None);
            // The folder of the databases went with the instance that was backed up.
            assert!([0, JET_errInvalidPath, JET_errFileNotFound].contains(&gone), "{gone}");
            check("JetRestore");
        }
        // One that breaks off in the middle, and refused ones.
        let running = restorer("again");
        let to = folder(running.path("to"));
        let code = restore(form, Some(running.instance), &bk, Some(&to), Some(breaks_off));
        assert_eq!(code, JET_errOutOfMemory, "the callback's answer ends it");
        check("a restore that broke off");
        drop(running);
        let running = restorer("refused");
        let log = folder(running.path("foreign"));
        std::fs::write(log.join("edb00001.log"), b"none").unwrap();
        assert_eq!(set_text(Some(running.instance), JET_paramLogFilePath, &log), 0);
        let to = folder(running.path("to"));
        assert!(restore(form, Some(running.instance), &bk, Some(&to), None) < 0);
        check("a refused restore");
    }
}

/// Ends a restore at its second log.
extern "system" fn breaks_off(_: usize, snp: u32, snt: u32, about: *mut std::ffi::c_void) -> i32 {
    if snp != JET_snpRecoveryControl || snt != JET_sntOpenLog {
        return 0;
    }
    // SAFETY: what recovery asks comes with this structure.
    let control = unsafe { about.cast::<esent::abi::structs::JET_RECOVERYCONTROL>().read_unaligned() };
    // SAFETY: the step says which member it is.
    let opened = unsafe { control.anonymous_24.OpenLog };
    static FIRST: std::sync::Mutex<Option<u32>> = std::sync::Mutex::new(None);
    let mut first = FIRST.lock().unwrap();
    let generation = opened.lGenNext;
    if generation > *first.get_or_insert(generation) { JET_errOutOfMemory } else { 0 }
}

/// The columns of the sets' table that are compared.
const COLUMNS: [(&str, u32); 4] = [("Id", 1), ("Txn", 2), ("Pay", 128), ("Txt", 129)];

/// The rows of a table of the original engine's sets, in its order: the first value of each column, in hexadecimal.
fn records(session: usize, dbid: u32) -> Vec<[String; 4]> {
    let (cursor, code) = Cursor::open(session, dbid, c"T", 0);
    assert_eq!(code, 0, "JetOpenTable");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut found = Vec::new();
    let mut moved = cursor.step(JET_MoveFirst, 0);
    while moved == 0 {
        found.push(COLUMNS.map(|(_, column)| hex(&cursor.retrieve(column, 255, 0, 0, 1).bytes)));
        moved = cursor.step(JET_MoveNext, 0);
    }
    assert_eq!(moved, JET_errNoCurrentRecord);
    assert_eq!(cursor.close(), 0);
    found
}

#[test]
fn the_folders_that_the_original_engine_backed_up_into_restore_to_their_rows() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped(
            "the_folders_that_the_original_engine_backed_up_into_restore_to_their_rows",
        );
    };
    let _alone = alone();
    for form in [Form::Ansi, Form::Wide] {
        for (source, dump, number) in
            [("bk", "expected-restored-bk.jsonl", 1500), ("bk2", "expected-restored-bk2.jsonl", 2000)]
        {
            let place = tempfile::tempdir().unwrap();
            let bk = folder(place.path().join("bk"));
            let from = format!("ese/legacy/{source}{}", if source == "bk" { "/new" } else { "" });
            // An atomic set is named by the folder above it.
            let unpacked = if source == "bk" { folder(bk.join("new")) } else { bk.clone() };
            for file in ese_corpus::files(&corpus.join(&from)) {
                file.unpack_into(&unpacked);
            }
            let expected = ese_corpus::file(&corpus, &format!("ese/legacy/{dump}")).expect("the rows");
            let expected = rows_of_dump(&expected.bytes());
            assert_eq!(expected.len(), number, "rows");
            let before = content(&unpacked);
            let running = restorer("restorer");
            assert_eq!(set(Some(running.instance), JET_paramLogFileSize, 128), 0);
            let to = folder(running.path("to"));
            let (heard, code) =
                told(|callback| restore(form, Some(running.instance), &bk, Some(&to), callback));
            assert_eq!(code, 0, "{source}");
            assert_eq!(content(&unpacked), before, "{source}");
            assert!(heard.iter().filter(|told| told.0 == JET_snpRestore).count() > 2, "{heard:?}");
            assert!(names(&to).contains(&"src.edb".to_owned()), "{:?}", names(&to));
            assert_eq!(header_of(&to.join("src.edb")).fields.state.get(), 3, "clean");
            let (instance, code) = init(running.instance);
            assert_eq!(code, 0);
            let (session, code) = begin_session(instance);
            assert_eq!(code, 0);
            let path = to.join("src.edb");
            assert!(attach(session, &path, 0) >= 0);
            let (dbid, code) = open(session, &path, 0);
            assert_eq!(code, 0);
            assert!(records(session, dbid) == expected, "{source}: other rows");
            ese_corpus::report!("legacy/{source} through JetRestoreInstance {form:?}: {number} rows equal");
            assert_eq!(end_session(session), 0);
            assert_eq!(term(instance, JET_bitTermComplete), 0);
        }
    }
}

/// The rows of a dump.
fn rows_of_dump(dump: &[u8]) -> Vec<[String; 4]> {
    let lines = String::from_utf8_lossy(dump).into_owned();
    let lines =
        lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON"));
    let row = |line: serde_json::Value| {
        let values = line.get("v")?;
        Some(COLUMNS.map(|(name, _)| values[name][0].as_str().unwrap_or_default().to_owned()))
    };
    lines.filter_map(row).collect()
}
