//! Tables with primary and secondary indexes over text through a crash, a backup and a restore, while nobody in the process
//! can make a sort key: redo and undo take the keys that the log has (spec 11 §8.7).

use std::path::{Path, PathBuf};

use ese_engine::database::{Database, OpenOptions};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::sort_key::WithoutSortKeys;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;

use crate::bed::{Bed, Form, Set, Setup};
use crate::desk::{Desk, Wanted, column, over_text, texts};
use crate::harness::{attach, begin, begin_session, commit, create_database, init, open, rollback, term};
use crate::one_at_a_time;
use crate::stage::{Restored, Stage};

/// Table, locale and flags of its primary index and of one secondary one.
const TABLES: [(&str, &str, u32); 5] = [
    ("english", "en-US", 0),
    ("invariant", "", 0),
    ("swedish", "sv-SE", 0),
    ("phonebook", "de-DE_phoneb", 0),
    ("cases", "en-US", 0x400),
];
/// The order of each table's indexes: primary, secondary, downwards under our own stamp, pieces of the text.
const INDEXES: [&str; 4] = ["", "by_text", "hungarian", "pieces"];

const ROWS: u32 = 240;

/// Everything that all indexes of all tables have, in their order.
type Content = Vec<Vec<(Vec<u8>, u32)>>;

fn make_tables(session: usize, dbid: u32) -> Vec<Desk> {
    TABLES
        .iter()
        .map(|(name, locale, flags)| {
            let desk = Desk::create(session, dbid, name, 0);
            desk.add_column("key", column(JET_coltypLongText, 1200, 0));
            let plain = Wanted { key_most: 1000, ..over_text("by_text", locale, *flags) };
            let grbit = JET_bitIndexPrimary;
            desk.indexed(Wanted { name: "primary", key: "+key\0+number\0", grbit, ..plain });
            desk.indexed(plain);
            desk.indexed(Wanted { key: "-text\0", ..over_text("hungarian", "hu-HU", 0) });
            let grbit = JET_bitIndexTuples;
            desk.indexed(Wanted { grbit, ..over_text("pieces", locale, *flags) });
            desk
        })
        .collect()
}

/// A new row: the text is in the primary index, and in a column of the secondary ones.
fn insert(desk: &Desk, number: u32, text: &[u8]) -> i32 {
    desk.prepare(JET_prepInsert);
    assert_eq!(desk.set(desk.number, &number.to_le_bytes(), 1), 0, "JetSetColumn");
    assert_eq!(desk.set(desk.column_named("key"), text, 1), 0, "JetSetColumn");
    assert_eq!(desk.set(desk.text, text, 1), 0, "JetSetColumn");
    desk.update()
}

/// Rows come, change and go, in durable transactions of twenty.
fn work(desks: &[Desk], texts: &[Vec<u8>], first: u32) {
    for desk in desks {
        for (place, text) in (0_u32..).zip(texts) {
            if place % 20 == 0 {
                assert_eq!(begin(desk.session), 0);
            }
            assert_eq!(insert(desk, first + place, text), 0, "JetUpdate of {text:02X?}");
            if place % 20 == 19 || place as usize + 1 == texts.len() {
                assert_eq!(commit(desk.session, 0), 0);
            }
        }
        alter(desk, texts, 3);
    }
}

/// Changes every so many-th text, and deletes the row behind it.
fn alter(desk: &Desk, texts: &[Vec<u8>], step: usize) {
    assert_eq!(begin(desk.session), 0);
    desk.use_index("by_text");
    for pair in texts.chunks_exact(step) {
        assert!(desk.seek(&pair[0], JET_bitSeekEQ) >= 0, "{:02X?}", pair[0]);
        let changed = [&pair[0][..], &[0xE5, 0, 0x41, 0]].concat();
        assert_eq!(desk.replace(&changed), 0);
        if desk.seek(&pair[1], JET_bitSeekEQ) == 0 {
            assert_eq!(desk.delete(), 0);
        }
    }
    assert_eq!(commit(desk.session, 0), 0);
}

fn content(desks: &[Desk]) -> Content {
    desks.iter().flat_map(|desk| INDEXES.map(|index| desk.walk(index))).collect()
}

fn entries(content: &Content) -> usize {
    content.iter().map(Vec::len).sum()
}

/// Every file of a folder.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

fn put_back(folder: &Path, image: &[(PathBuf, Vec<u8>)]) {
    for (path, _) in files(folder) {
        std::fs::remove_file(path).unwrap();
    }
    for (path, bytes) in image {
        std::fs::write(path, bytes).unwrap();
    }
}

/// What a bed went through.
struct Past {
    bed: Bed,
    database: PathBuf,
    /// A backup, and what the tables had then.
    set: Set,
    at_backup: Content,
    /// All files while a transaction was open, and what was committed.
    crash: Vec<(PathBuf, Vec<u8>)>,
    at_crash: Content,
}

fn live() -> Past {
    let mut bed = Bed::created(Form::W, Setup { databases: 0, ..Setup::default() });
    bed.start();
    let database = bed.path("texts.edb");
    let (dbid, code) = create_database(bed.session, &database, 0);
    assert_eq!(code, 0, "JetCreateDatabase");
    bed.databases.push(database.clone());
    // Whoever made a table has it alone.
    make_tables(bed.session, dbid).into_iter().for_each(Desk::close);
    let desks = TABLES.map(|(name, ..)| Desk::open(bed.session, dbid, name));
    let texts = texts(ROWS as usize);
    work(&desks, &texts[..140], 0);
    // The logs of the backup have what changed after its pages were read.
    let mut set = Set::default();
    assert_eq!(bed.begin(0), 0, "JetBeginExternalBackup");
    let copy = bed.stream(&database, 16);
    set.databases.push((database.clone(), copy));
    work(&desks, &texts[140..190], 140);
    bed.stream_logs(&mut set);
    assert_eq!(bed.end(JET_bitBackupEndNormal), 0, "JetEndExternalBackup");
    let at_backup = content(&desks);
    work(&desks, &texts[190..], 190);
    let at_crash = content(&desks);
    // Somebody is in the middle of something, and the log has it all.
    let (other, code) = begin_session(bed.instance);
    assert_eq!(code, 0);
    let (dbid, code) = open(other, &database, 0);
    assert_eq!(code, 0, "JetOpenDatabase");
    assert_eq!(begin(other), 0);
    for (name, ..) in TABLES {
        let desk = Desk::open(other, dbid, name);
        desk.use_index("by_text");
        for (place, text) in (0_u32..).zip(&texts[100..140]) {
            assert_eq!(insert(&desk, 1000 + place, &[&text[..], &text[..]].concat()), 0);
            if desk.seek(text, JET_bitSeekEQ) == 0 {
                let code = if place % 2 == 0 { desk.delete() } else { desk.replace(&texts[place as usize]) };
                assert_eq!(code, 0);
            }
        }
    }
    // A durable commit of somebody else takes everything before it to the disk.
    assert_eq!(begin(bed.session), 0);
    assert_eq!(insert(&desks[0], 5000, &texts[7]), 0);
    assert_eq!(commit(bed.session, 0), 0);
    let mut at_crash = at_crash;
    for (place, index) in INDEXES.into_iter().enumerate() {
        at_crash[place] = desks[0].walk(index);
    }
    let crash = files(&bed.path(""));
    assert_eq!(rollback(other, JET_bitRollbackAll), 0);
    assert_eq!(bed.term(JET_bitTermAbrupt), 0, "JetTerm2");
    Past { bed, database, set, at_backup, crash, at_crash }
}

/// Starts an instance where files lie, which recovers them.
fn recover(system: &Path, log: &Path, database: &Path) -> (usize, usize, Vec<Desk>) {
    let (instance, code) = init(Restored::create(system, log));
    assert_eq!(code, 0, "JetInit");
    let (session, code) = begin_session(instance);
    assert_eq!(code, 0, "JetBeginSession");
    assert_eq!(attach(session, database, 0), 0, "JetAttachDatabase");
    let (dbid, code) = open(session, database, 0);
    assert_eq!(code, 0, "JetOpenDatabase");
    (instance, session, TABLES.map(|(name, ..)| Desk::open(session, dbid, name)).into())
}

/// With sort keys again: every text is found where it is, and rows go in as before.
fn use_again(desks: &[Desk], content: &Content) {
    for (desk, indexes) in desks.iter().zip(content.chunks(INDEXES.len())) {
        desk.use_index("");
        let mut texts = Vec::new();
        let mut code = desk.move_by(i32::MIN as u32);
        let key = desk.column_named("key");
        while code == 0 {
            texts.push((desk.value(key), desk.value(desk.text), desk.number_here()));
            code = desk.move_by(1);
        }
        assert_eq!(texts.len(), indexes[0].len());
        for (key, text, number) in &texts {
            desk.use_index("");
            assert_eq!(desk.make_key(key, 0), 0);
            assert_eq!(desk.add_to_key(&number.to_le_bytes()), 0);
            assert_eq!(desk.seek_made(JET_bitSeekEQ), 0, "{key:02X?}");
            assert_eq!(desk.number_here(), *number);
            for index in ["by_text", "hungarian"] {
                desk.use_index(index);
                assert_eq!(desk.seek(text, JET_bitSeekEQ), 0, "{text:02X?}");
            }
        }
        assert_eq!(insert(desk, 9000, &crate::desk::utf16("a new row, Ärger")), 0);
    }
}

/// No finding, and every index compared with its rows.
fn verified(database: &Path) -> u64 {
    let database = Database::open(database, &OpenOptions::default()).expect("a clean file");
    let report = verify(&database, &VerifyOptions::default(), &mut |_| ());
    assert!(report.is_sound() && report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(report.counts.indexes_not_compared, 0);
    report.counts.indexes_compared
}

#[test]
fn tables_over_text_come_through_crash_and_restore_with_no_sort_keys() {
    let _turn = one_at_a_time();
    let past = live();
    let folder = past.bed.path("");
    put_back(&folder, &past.crash);
    // Redo and undo.
    let without = WithoutSortKeys::begin();
    let (instance, _, desks) = recover(&folder, &folder, &past.database);
    assert_eq!(without.refused(), 0, "recovery asked for sort keys");
    let found = content(&desks);
    assert_eq!(without.refused(), 0, "a walk asked for sort keys");
    assert!(found == past.at_crash, "other entries than were committed");
    desks[0].use_index("by_text");
    assert_eq!(desks[0].seek(b"a\0", JET_bitSeekGE), JET_errUnicodeNormalizationNotSupported);
    assert_eq!(insert(&desks[0], 1, b"a\0"), JET_errUnicodeNormalizationNotSupported);
    assert!(without.refused() >= 2, "the switch does nothing");
    drop(without);
    use_again(&desks, &found);
    assert_eq!(term(instance, JET_bitTermComplete), 0);
    let compared = verified(&past.database);
    // The backup, in other folders.
    let stage = Stage::of(Form::W, &past.set);
    let copy = stage.path("db/texts.edb");
    let without = WithoutSortKeys::begin();
    assert_eq!(stage.restore(), 0, "JetExternalRestore");
    let (instance, _, desks) = recover(&stage.call.system, &stage.call.log, &copy);
    let restored = content(&desks);
    assert_eq!(without.refused(), 0, "the restore asked for sort keys");
    assert!(restored == past.at_backup, "other entries than at the backup");
    drop(without);
    use_again(&desks, &restored);
    assert_eq!(term(instance, JET_bitTermComplete), 0);
    assert_eq!(verified(&copy), compared);
    ese_corpus::report!(
        "with no sort keys: {} entries of {} indexes over text recovered, {} restored; {compared} indexes compared with their rows afterwards",
        entries(&found),
        found.len(),
        entries(&restored),
    );
}
