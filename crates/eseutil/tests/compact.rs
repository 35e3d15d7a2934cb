//! `/d` and `compact`: the new file in the place of the old one, what is kept beside it, and refusals.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ese_engine::database::{Database, OpenOptions};
use ese_engine::verify::{VerifyOptions, verify};

fn eseutil(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_eseutil"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

/// Rows of every table that an application made.
fn rows(database: &Path) -> Vec<(String, usize)> {
    let database = Database::open(database, &OpenOptions::default()).unwrap();
    let report = verify(&database, &VerifyOptions::default(), &mut |_| {});
    assert!(report.is_sound(), "{:?}", report.findings);
    let mut found = Vec::new();
    for schema in database.tables().unwrap() {
        let name = schema.name();
        if name.starts_with("MSys") {
            continue;
        }
        let table = database.open_table(&name).unwrap();
        let mut cursor = table.cursor();
        let mut count = 0;
        while cursor.move_next().unwrap() {
            count += 1;
        }
        found.push((name, count));
    }
    found.sort();
    found
}

/// A folder with a database of the corpus called `a.edb`.
fn folder_with(corpus: &Path, name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = ese_corpus::file(&corpus.join("windows"), name).unwrap();
    fs::write(folder.path().join("a.edb"), file.bytes()).unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_database_is_compacted_in_its_place_or_beside_it() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("a_database_is_compacted_in_its_place_or_beside_it");
    };
    let folder = folder_with(&corpus, "tables/index.edb");
    let path = |name: &str| folder.path().join(name);
    let before = rows(&path("a.edb"));
    let bytes = fs::read(path("a.edb")).unwrap();
    assert!(!before.is_empty());
    fs::set_permissions(path("a.edb"), fs::Permissions::from_mode(0o640)).unwrap();

    // Beside it.
    let done = eseutil(folder.path(), &["compact", "a.edb", "--to=b.edb"]);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(fs::read(path("a.edb")).unwrap(), bytes);
    assert_eq!(rows(&path("b.edb")), before);
    assert_eq!(fs::metadata(path("b.edb")).unwrap().permissions().mode() & 0o777, 0o640);
    let again = eseutil(folder.path(), &["compact", "a.edb", "--to=b.edb"]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(String::from_utf8_lossy(&again.stderr).contains("JET_errDatabaseDuplicate"), "{again:?}");

    // In its place, the old one kept.
    let done = eseutil(folder.path(), &["compact", "a.edb", "--backup=old.edb", "--json"]);
    assert!(done.status.success(), "{done:?}");
    let document: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(document["result"]["bytes_before"], bytes.len());
    assert_eq!(document["result"]["records"], before.iter().map(|(_, count)| count).sum::<usize>());
    assert_eq!(fs::read(path("old.edb")).unwrap(), bytes);
    assert_eq!(rows(&path("a.edb")), before);
    assert_eq!(fs::metadata(path("a.edb")).unwrap().permissions().mode() & 0o777, 0o640);

    // The Windows switches, and a flush map that was the old file's.
    fs::write(path("a.jfm"), "stale").unwrap();
    let done = eseutil(folder.path(), &["/d", "a.edb", "/n"]);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(rows(&path("a.edb")), before);
    let statistics = fs::read_to_string(path("DFRGINFO.TXT")).unwrap();
    assert_eq!(statistics.lines().filter(|line| line.split('\t').count() == 15).count(), before.len() + 1);
    assert_eq!(names(folder.path()), ["DFRGINFO.TXT", "a.edb", "b.edb", "old.edb"]);
}

#[test]
fn of_a_link_the_database_is_compacted_that_it_leads_to() {
    use std::os::unix::fs::{MetadataExt, symlink};

    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("of_a_link_the_database_is_compacted_that_it_leads_to");
    };
    let folder = folder_with(&corpus, "tables/index.edb");
    let path = |name: &str| folder.path().join(name);
    let before = rows(&path("a.edb"));
    let (bytes, inode) = (fs::read(path("a.edb")).unwrap(), fs::metadata(path("a.edb")).unwrap().ino());
    fs::create_dir(path("links")).unwrap();
    symlink("../a.edb", path("links/b.edb")).unwrap();
    let done = eseutil(&path("links"), &["compact", "b.edb", "--backup=../old.edb"]);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(fs::read_link(path("links/b.edb")).unwrap(), Path::new("../a.edb"));
    assert!(!path("old.edb").is_symlink() && fs::read(path("old.edb")).unwrap() == bytes);
    assert_eq!(rows(&path("a.edb")), before);
    assert_ne!(fs::metadata(path("a.edb")).unwrap().ino(), inode, "the file itself has its successor");
    assert_eq!(names(folder.path()), ["a.edb", "links", "old.edb"]);
    assert_eq!(names(&path("links")), ["b.edb"]);
}

#[test]
fn a_compaction_that_cannot_be_done_leaves_everything_as_it_was() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("a_compaction_that_cannot_be_done_leaves_everything_as_it_was");
    };
    let folder = folder_with(&corpus, "tables/basic.edb");
    let path = |name: &str| folder.path().join(name);
    let bytes = fs::read(path("a.edb")).unwrap();
    fs::write(path("other.edb"), "not a database").unwrap();
    let refusals: [(&[&str], i32); 7] = [
        (&["compact", "a.edb", "--to=a.edb"], 1),
        (&["compact", "a.edb", "--to=./a.edb"], 1),
        (&["compact", "a.edb", "--to=nowhere/b.edb"], 5),
        (&["compact", "a.edb", "--to=b.edb", "--backup=c.edb"], 2),
        (&["compact", "a.edb", "--to=b.edb", "--in-place"], 2),
        (&["compact", "other.edb"], 1),
        (&["compact", "missing.edb"], 5),
    ];
    for (arguments, status) in refusals {
        let refused = eseutil(folder.path(), arguments);
        assert_eq!(refused.status.code(), Some(status), "{arguments:?}: {refused:?}");
    }
    // Locked by somebody else.
    let file = fs::File::open(path("a.edb")).unwrap();
    file.lock().unwrap();
    let refused = eseutil(folder.path(), &["compact", "a.edb"]);
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    drop(file);
    // Damage in the middle: a page of the table is zeros.
    let mut damaged = bytes.clone();
    let mut tried = 0;
    for page in 31..60 {
        let place = (page + 1) * 4096;
        if damaged[place..place + 4096].iter().all(|byte| *byte == 0) {
            continue;
        }
        for (offset, bits) in [(101, 0xFF), (206, 0x5A), (307, 0x33), (1000, 0x77)] {
            damaged[place + offset] ^= bits;
        }
        tried += 1;
    }
    assert!(tried > 0);
    fs::write(path("damaged.edb"), &damaged).unwrap();
    let refused = eseutil(folder.path(), &["compact", "damaged.edb"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert_eq!(fs::read(path("damaged.edb")).unwrap(), damaged);
    assert_eq!(fs::read(path("a.edb")).unwrap(), bytes);
    assert_eq!(names(folder.path()), ["a.edb", "damaged.edb", "other.edb"]);
}
