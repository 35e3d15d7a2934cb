//! Indexes that another Windows made: the file of a Windows 10 1809, as it is and under later stamps (spec 11 §8.4, §8.5).

use std::path::{Path, PathBuf};

use esent::abi::tables::bits::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;

use crate::desk::{Desk, over_text, utf16};
use crate::harness::{Running, attach, close, detach, open, set};
use crate::one_at_a_time;
use crate::restamp::restamp;

const WINDOWS_1809: u32 = 0x0006_020F;
const WINDOWS_11: u32 = 0x0006_0403;
/// No version before 6.2 has keys like ours.
const WINDOWS_7: u32 = 0x0006_0101;

/// A table of the sample with an index over text: table, column, index.
struct Place {
    table: String,
    column: String,
    index: String,
}

/// The sample in a folder, and where its indexes over text are.
fn sample(folder: &Path, test: &str) -> Option<(PathBuf, Vec<Place>)> {
    let Some(corpus) = ese_corpus::corpus() else {
        ese_corpus::skipped(test);
        return None;
    };
    let bytes = ese_corpus::file(&corpus, "windows/tables/index.edb").expect("the sample").bytes();
    let path = folder.join("index.edb");
    std::fs::write(&path, bytes).expect("a file");
    let options = ese_engine::database::OpenOptions::default();
    let database = ese_engine::database::Database::open(&path, &options).expect("a clean file");
    let mut places = Vec::new();
    for schema in database.tables().expect("the catalog") {
        for index in schema.indexes().iter().filter(|index| index.row.sort_version.is_some()) {
            let fid = index.row.segments[0].fid;
            let column = schema.columns().find(|column| column.id.fid() == fid).expect("its column");
            places.push(Place {
                table: schema.name().to_string(),
                column: String::from_utf8(column.name.clone()).expect("ASCII"),
                index: index.name.to_string(),
            });
        }
    }
    Some((path, places))
}

/// A started instance with the sample's page size; index checking as asked.
fn started(checking: usize) -> Running {
    assert_eq!(set(None, JET_paramDatabasePageSize, 4096), 0);
    let mut running = Running::created("adopted");
    assert_eq!(set(Some(running.instance), JET_paramEnableIndexChecking, checking), 0);
    running.start();
    running
}

/// A cursor on a table of the sample: its text column, and no number.
fn cursor(session: usize, dbid: u32, place: &Place) -> Desk {
    Desk::open_columns(session, dbid, &place.table, None, &place.column).expect("the table opens")
}

#[test]
fn a_windows_index_takes_what_it_shows_and_keeps_its_stamp() {
    let _turn = one_at_a_time();
    let running = started(1);
    let test = "a_windows_index_takes_what_it_shows_and_keeps_its_stamp";
    let Some((path, places)) = sample(running.folder.path(), test) else { return };
    let session = running.session();
    assert_eq!(attach(session, &path, 0), 0);
    let (dbid, code) = open(session, &path, 0);
    assert_eq!(code, 0);
    let (mut texts, mut used) = (0, 0);
    for place in &places {
        let desk = cursor(session, dbid, place);
        let stamp = desk.stamp(&place.index);
        assert_eq!(stamp, ((WINDOWS_1809, WINDOWS_1809), crate::desk::sort_id(1)));
        // Every text that is there is found.
        desk.use_index(&place.index);
        let mut stored = Vec::new();
        let mut code = desk.move_by(i32::MIN as u32);
        while code == 0 {
            stored.push(desk.value(desk.text));
            code = desk.move_by(1);
        }
        for text in stored.iter().filter(|text| !text.is_empty()) {
            assert_eq!(desk.seek(text, JET_bitSeekEQ), 0, "{}: {text:02X?}", place.index);
            texts += 1;
        }
        // Units that real keys show may be sought and stored; any other is refused, in seeks too, and one that has no
        // weight here as well, since it may have one there.
        for known in ["abc", "HELLO", "co-op's"] {
            assert!([0, JET_errRecordNotFound].contains(&desk.seek(&utf16(known), JET_bitSeekEQ)));
        }
        for unknown in ["ж", "Ärger", "\u{378}", "a\u{AD}", "\u{FDD0}"] {
            let refused = JET_errUnicodeNormalizationNotSupported;
            assert_eq!(desk.make_key(&utf16(unknown), 0), refused, "{unknown:?}");
            if desk.is_writable() {
                assert_eq!(desk.insert_text(&utf16(unknown)), refused, "{unknown:?}");
            }
        }
        if desk.is_writable() {
            let code = desk.insert_text(&utf16("abc"));
            assert_eq!(code, 0, "{} of {}", place.index, place.table);
            assert_eq!(desk.seek(&utf16("ABC"), JET_bitSeekEQ), 0);
            used += 1;
        }
        assert_eq!(desk.stamp(&place.index), stamp, "the stamp stays what its writer said");
        desk.close();
    }
    assert_eq!(close(session, dbid), 0);
    assert_eq!(detach(session, &path, 0), 0);
    assert!(used >= 1 && texts >= 2, "{used} indexes took text, {texts} texts were there");
    ese_corpus::report!("{} adopted indexes: {texts} texts found, {used} took new ones", places.len());
}

#[test]
fn later_and_older_stamps_refuse_the_attach_and_say_which_index_it_is() {
    let _turn = one_at_a_time();
    let test = "later_and_older_stamps_refuse_the_attach_and_say_which_index_it_is";
    for version in [WINDOWS_11, WINDOWS_7] {
        let running = started(1);
        let Some((path, places)) = sample(running.folder.path(), test) else { return };
        let mut bytes = std::fs::read(&path).unwrap();
        let changed = restamp(&mut bytes, WINDOWS_1809, version);
        // Each row is in the catalog and in its shadow; the count is in a record and in its key.
        assert_eq!(changed, 2 * places.len() + 2, "places with a stamp");
        std::fs::write(&path, &bytes).unwrap();
        let session = running.session();
        assert_eq!(attach(session, &path, 0), JET_errSecondaryIndexCorrupted);
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "a refused attach changes nothing");
        // Reading is never refused, and an index can be walked.
        assert_eq!(attach(session, &path, JET_bitDbReadOnly), 0);
        let (dbid, code) = open(session, &path, JET_bitDbReadOnly);
        assert_eq!(code, 0);
        for place in &places {
            let desk = cursor(session, dbid, place);
            desk.use_index(&place.index);
            assert!([0, -1603].contains(&desk.move_by(i32::MIN as u32)));
            // What a later Windows made is looked at first and then sought in; of an older one nothing is known.
            let expected: &[i32] = if version == WINDOWS_11 {
                &[0, JET_errRecordNotFound]
            } else {
                &[JET_errSecondaryIndexCorrupted]
            };
            assert!(expected.contains(&desk.seek(&utf16("abc"), JET_bitSeekEQ)), "{version:X}");
            desk.close();
        }
        assert_eq!(close(session, dbid), 0);
        assert_eq!(detach(session, &path, 0), 0);
        // It goes where the caller wants that, and can be made again; the next attach finds nothing to say.
        assert_eq!(attach(session, &path, JET_bitDbDeleteCorruptIndexes), JET_wrnCorruptIndexDeleted);
        let (dbid, code) = open(session, &path, 0);
        assert_eq!(code, 0);
        let place = &places[0];
        let desk = cursor(session, dbid, place);
        assert_eq!(desk.index_info(&place.index, 16, 17).0, JET_errIndexNotFound);
        let key = format!("+{}\0", place.column);
        desk.close();
        let desk = cursor(session, dbid, place);
        desk.indexed(crate::desk::Wanted { key: &key, ..over_text(&place.index, "en-US", 0) });
        assert_eq!(desk.stamp(&place.index).0, (0x0006_0305, 0x0006_0305));
        desk.close();
        assert_eq!(close(session, dbid), 0);
        assert_eq!(detach(session, &path, 0), 0);
        assert_eq!(attach(session, &path, 0), 0);
    }
}

#[test]
fn where_checking_waits_for_the_table_its_opening_says_it() {
    let _turn = one_at_a_time();
    let running = started(2);
    let test = "where_checking_waits_for_the_table_its_opening_says_it";
    let Some((path, places)) = sample(running.folder.path(), test) else { return };
    let mut bytes = std::fs::read(&path).unwrap();
    restamp(&mut bytes, WINDOWS_1809, WINDOWS_11);
    std::fs::write(&path, &bytes).unwrap();
    let session = running.session();
    assert_eq!(attach(session, &path, 0), 0);
    let (dbid, code) = open(session, &path, 0);
    assert_eq!(code, 0);
    let table = &places[0].table;
    let code = |grbit| Desk::open_code(session, dbid, table, grbit);
    assert_eq!(code(0), JET_errSecondaryIndexCorrupted);
    assert_eq!(code(JET_bitTableReadOnly), JET_wrnSecondaryIndexOutOfDate);
    assert_eq!(code(JET_bitTableAllowOutOfDate), JET_wrnSecondaryIndexOutOfDate);
}
