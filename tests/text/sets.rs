//! Text where indexes are intersected, and in temporary tables.

use std::collections::BTreeSet;

use ese_format::catalog::LcMapFlags;
use ese_format::sort_key::{Sort, SortRules};
use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::api::*;

use crate::desk::{Desk, column, over_text, texts, utf16, wide};
use crate::harness::Fixture;
use crate::one_at_a_time;

fn sort_key(locale: &str, flags: u32, text: &[u8]) -> Vec<u8> {
    let rules = SortRules::new(Sort::of_locale(locale), LcMapFlags::from_bits_retain(flags));
    let mut key = Vec::new();
    rules.make(text, 1999, &mut key).search();
    key
}

/// Whether the key of a text begins with the primary weights of another.
fn begins_with(locale: &str, text: &[u8], prefix: &[u8]) -> bool {
    let prefix = sort_key(locale, 0x30401, prefix);
    let weights = prefix.iter().position(|byte| *byte == 1).expect("a separator");
    sort_key(locale, 0x30401, text).starts_with(&prefix[..weights])
}

/// A range of all texts that begin like this one.
fn range_over(desk: &Desk, index: &str, prefix: &[u8]) {
    desk.use_index(index);
    assert_eq!(desk.make_key(prefix, JET_bitPartialColumnStartLimit), 0);
    // SAFETY: any numbers may be passed.
    unsafe {
        assert!(JetSeek(desk.session, desk.table, JET_bitSeekGE) >= 0, "JetSeek");
        assert_eq!(desk.make_key(prefix, JET_bitPartialColumnEndLimit), 0);
        let grbit = JET_bitRangeUpperLimit | JET_bitRangeInclusive;
        assert_eq!(JetSetIndexRange(desk.session, desk.table, grbit), 0, "JetSetIndexRange");
    }
}

#[test]
fn ranges_of_texts_are_intersected() {
    let _turn = one_at_a_time();
    let fixture = Fixture::new();
    let (session, dbid) = (fixture.session, fixture.dbid);
    let desk = Desk::create(session, dbid, "people", 0);
    let town = desk.add_column("town", column(JET_coltypLongText, 1200, 0));
    desk.indexed(over_text("name", "sv-SE", 0));
    desk.indexed(crate::desk::Wanted { key: "+town\0", ..over_text("town", "de-DE_phoneb", 0) });
    desk.close();
    let desk = Desk::open(session, dbid, "people");
    let names = ["Ärlig", "ärta", "Arla", "Åre", "Zorn", "Örn", "arm", "ÄRR", "Adam"];
    let towns = ["Köln", "Koeln", "Kolberg", "köthen", "Kiel", "Bonn", "KOELLN"];
    let mut rows = Vec::new();
    for number in 0..400_u32 {
        let name = utf16(&format!("{}{}", names[number as usize % names.len()], number % 13));
        let place = utf16(towns[(number / 3) as usize % towns.len()]);
        desk.prepare(JET_prepInsert);
        assert_eq!(desk.set(desk.number, &number.to_le_bytes(), 1), 0);
        assert_eq!(desk.set(desk.text, &name, 1), 0);
        assert_eq!(desk.set(town, &place, 1), 0);
        assert_eq!(desk.update(), 0);
        rows.push((name, place));
    }
    let mut found_in_all = 0;
    for (name, place) in [("är", "köl"), ("ar", "ko"), ("år", "k"), ("Z", "KOEL"), ("ör", "b"), ("ä", "x")]
    {
        let (name, place) = (utf16(name), utf16(place));
        let (first, second) = (Desk::open(session, dbid, "people"), Desk::open(session, dbid, "people"));
        let expected: BTreeSet<u32> = (0_u32..)
            .zip(&rows)
            .filter(|(_, (text, town))| {
                begins_with("sv-SE", text, &name) && begins_with("de-DE_phoneb", town, &place)
            })
            .map(|(number, _)| number)
            .collect();
        range_over(&first, "name", &name);
        if place == utf16("x") {
            // Nothing at all is in the second one.
            second.use_index("town");
            assert_eq!(second.seek(&place, JET_bitSeekGE), JET_errRecordNotFound);
            first.close();
            second.close();
            continue;
        }
        range_over(&second, "town", &place);
        let mut ranges = [&first, &second].map(|desk| JET_INDEXRANGE {
            cbStruct: size_of::<JET_INDEXRANGE>() as u32,
            tableid: desk.table,
            grbit: JET_bitRecordInIndex,
        });
        let mut list = JET_RECORDLIST {
            cbStruct: size_of::<JET_RECORDLIST>() as u32,
            tableid: 0,
            cRecord: 0,
            columnidBookmark: 0,
        };
        // SAFETY: the ranges are two, the list is a local.
        let code = unsafe { JetIntersectIndexes(session, ranges.as_mut_ptr(), 2, &raw mut list, 0) };
        assert_eq!(code, 0, "JetIntersectIndexes");
        let bookmarks = Desk { session, table: list.tableid, number: 0, text: 0 };
        let mut found = BTreeSet::new();
        let mut code = bookmarks.move_by(i32::MIN as u32);
        while code == 0 {
            let mut bookmark = bookmarks.value(list.columnidBookmark);
            let bytes = bookmark.len() as u32;
            // SAFETY: the bookmark has its length.
            let gone = unsafe { JetGotoBookmark(session, desk.table, bookmark.as_mut_ptr().cast(), bytes) };
            assert_eq!(gone, 0, "JetGotoBookmark");
            assert!(found.insert(desk.number_here()), "a row is there once");
            code = bookmarks.move_by(1);
        }
        bookmarks.close();
        assert_eq!((found.len() as u32, &found), (list.cRecord, &expected), "{name:02X?} {place:02X?}");
        found_in_all += found.len();
        first.close();
        second.close();
    }
    assert!(found_in_all > 20, "{found_in_all}");
    ese_corpus::report!("{found_in_all} rows in intersections of ranges over text");
}

/// How a temporary table is asked for.
#[derive(Clone, Copy, Debug)]
enum Opening {
    /// JetOpenTempTable3 by the number of a locale.
    Number(u32),
    /// JetOpenTemporaryTable2 by its name.
    Name(&'static str),
}

fn open_temporary(session: usize, opening: Opening, flags: u32, grbit: u32) -> (i32, Desk) {
    let key = JET_bitColumnTTKey;
    let columns = [column(JET_coltypLongText, 1200, key), column(JET_coltypLong, 0, 0)];
    let (mut ids, mut table) = ([0_u32; 2], 0);
    let code = match opening {
        Opening::Number(lcid) => {
            let mut unicode = JET_UNICODEINDEX { lcid, dwMapFlags: flags };
            // SAFETY: the lists have two items, the rest are locals.
            unsafe {
                JetOpenTempTable3(
                    session,
                    columns.as_ptr(),
                    2,
                    &raw mut unicode,
                    grbit,
                    &raw mut table,
                    ids.as_mut_ptr(),
                )
            }
        }
        Opening::Name(name) => {
            let mut name = wide(name);
            let mut unicode = JET_UNICODEINDEX2 { szLocaleName: name.as_mut_ptr(), dwMapFlags: flags };
            let mut opened = JET_OPENTEMPORARYTABLE2 {
                cbStruct: size_of::<JET_OPENTEMPORARYTABLE2>() as u32,
                prgcolumndef: columns.as_ptr(),
                ccolumn: 2,
                pidxunicode: &raw mut unicode,
                grbit,
                prgcolumnid: ids.as_mut_ptr(),
                cbKeyMost: 1000,
                cbVarSegMac: 0,
                tableid: 0,
            };
            // SAFETY: the lists have two items, the rest are locals.
            let code = unsafe { JetOpenTemporaryTable2(session, &raw mut opened) };
            table = opened.tableid;
            code
        }
    };
    (code, Desk { session, table, text: ids[0], number: ids[1] })
}

#[test]
fn temporary_tables_sort_text_by_their_locale() {
    let _turn = one_at_a_time();
    let fixture = Fixture::new();
    let session = fixture.session;
    let mut all = texts(300);
    // What is not certain to be Windows' is sorted all the same: nobody but us sees it.
    all.extend(["人々", "aー", "Ängel", "angel", "Zebra", "ärta", "Öl", "oel"].map(utf16));
    let cases = [
        (Opening::Number(0x41D), "sv-SE", 0),
        (Opening::Number(0x10407), "de-DE_phoneb", 0x400),
        (Opening::Name("sv-SE"), "sv-SE", 0x400),
        (Opening::Name("de-DE_phoneb"), "de-DE_phoneb", 0),
        (Opening::Name(""), "", 0),
        (Opening::Name("hu-HU"), "hu-HU", 0),
    ];
    for (opening, locale, flags) in cases {
        let (code, table) = open_temporary(session, opening, flags, JET_bitTTIndexed | JET_bitTTScrollable);
        assert_eq!(code, 0, "{opening:?}");
        for (number, text) in (0_u32..).zip(&all) {
            // A key that is there already is refused, or left out later.
            assert!([0, JET_errKeyDuplicate].contains(&table.insert(number, text)), "{text:02X?}");
        }
        let rules = if flags == 0 { 0x30401 } else { flags };
        // Of equal keys the first row stays.
        let mut expected: Vec<(Vec<u8>, u32)> =
            (0_u32..).zip(&all).map(|(number, text)| (sort_key(locale, rules, text), number)).collect();
        expected.sort();
        expected.dedup_by(|later, earlier| later.0 == earlier.0);
        let mut found = Vec::new();
        let mut code = table.move_by(i32::MIN as u32);
        while code == 0 {
            found.push(table.number_here());
            code = table.move_by(1);
        }
        let expected: Vec<u32> = expected.into_iter().map(|(_, number)| number).collect();
        assert_eq!(found, expected, "{opening:?}");
        for text in &all {
            assert_eq!(table.seek(text, JET_bitSeekEQ), 0, "{opening:?} {text:02X?}");
        }
        table.close();
    }
    let wrong = |opening, flags| open_temporary(session, opening, flags, JET_bitTTIndexed).0;
    assert_eq!(wrong(Opening::Number(0x1234), 0), JET_errInvalidLanguageId);
    assert_eq!(wrong(Opening::Name("xx-XX"), 0), JET_errInvalidLanguageId);
    assert_eq!(wrong(Opening::Name("en-US"), 0x8000_0400), JET_errInvalidLCMapStringFlags);
    ese_corpus::report!(
        "{} texts in {} temporary tables, in the order of their locales",
        all.len(),
        cases.len()
    );
}

#[test]
fn names_of_objects_have_no_case_whatever_the_locale() {
    let _turn = one_at_a_time();
    let fixture = Fixture::new();
    let desk = Desk::create(fixture.session, fixture.dbid, "Idle", 0);
    desk.indexed(over_text("Index", "tr-TR", 0));
    desk.use_index("iNDEX");
    desk.close();
    Desk::open(fixture.session, fixture.dbid, "iDLE").close();
    let code = Desk::open_code(fixture.session, fixture.dbid, "İdle", 0);
    assert!(code < 0, "{code}: a dotted capital is another letter, or none at all");
}
