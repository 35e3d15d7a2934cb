//! How an index over text comes to its locale, flags and stamp, and what the information calls say of them.

use std::ffi::c_void;

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;
use esent::api::*;
use esent::parameters::{PARAM_PRIVATE_INDEXES, PARAM_TEXT_CERTAINTY};

use crate::desk::{Desk, Wanted, over_text, private_id, sort_id, utf16, wide};
use crate::harness::{Fixture, Running, create_database, get, set};
use crate::one_at_a_time;

const WINDOWS: (u32, u32) = (0x0006_0305, 0x0006_0305);
const OURS: (u32, u32) = (0x7E06_0305, 0x7E06_0305);

/// An index by its locale's name or number, and what it must say: locale, number, flags, sort.
struct Case {
    name: &'static str,
    given: Given,
    flags: u32,
    locale: &'static str,
    lcid: u32,
    stored_flags: u32,
    /// The sort of an exact stamp, or that of a private one.
    sort: Result<u8, u8>,
}

#[derive(Clone, Copy)]
enum Given {
    Name(&'static str),
    Number(u32),
}

const fn case(
    name: &'static str,
    given: Given,
    flags: u32,
    locale: (&'static str, u32, u32),
    sort: Result<u8, u8>,
) -> Case {
    Case { name, given, flags, locale: locale.0, lcid: locale.1, stored_flags: locale.2, sort }
}

const DEFAULT: u32 = 0x30401;

const CASES: &[Case] = &[
    case("english", Given::Name("en-US"), 0, ("en-US", 0x409, DEFAULT), Ok(1)),
    case("invariant", Given::Name(""), 0, ("", 0x7F, DEFAULT), Ok(1)),
    case("swedish", Given::Name("sv-SE"), 0x400, ("sv-SE", 0x41D, 0x400), Ok(0x1A)),
    case("phonebook", Given::Name("de-DE_phoneb"), 0, ("de-DE_phoneb", 0x10407, DEFAULT), Ok(0x3F)),
    case("french", Given::Name("fr-FR"), 0x402, ("fr-FR", 0x40C, 0x402), Ok(3)),
    case("words", Given::Name("en-US"), 0x1400, ("en-US", 0x409, 0x1400), Ok(1)),
    case("turkish", Given::Name("tr-TR"), 0x0800_0401, ("tr-TR", 0x41F, 0x0800_0401), Ok(0x22)),
    case("hungarian", Given::Name("hu-HU"), 0, ("hu-HU", 0x40E, DEFAULT), Err(4)),
    case("latvian", Given::Name("lv-LV"), 0, ("lv-LV", 0x426, DEFAULT), Err(5)),
    case("japanese", Given::Name("ja-JP"), 0, ("ja-JP", 0x411, DEFAULT), Err(1)),
    case("digits", Given::Name("en-US"), 0x408, ("en-US", 0x409, 0x408), Err(1)),
    case("by number", Given::Number(0x41D), 0, ("sv-SE", 0x41D, DEFAULT), Ok(0x1A)),
    case("by phonebook", Given::Number(0x10407), 0x10400, ("de-DE_phoneb", 0x10407, 0x10400), Ok(0x3F)),
    case("by nothing", Given::Number(0x7F), 0, ("", 0x7F, DEFAULT), Ok(1)),
    case("by the user's", Given::Number(0x400), 0, ("en-US", 0x409, DEFAULT), Ok(1)),
];

/// JetCreateIndex2W or 3W with a JET_UNICODEINDEX.
fn create_by_number(desk: &Desk, name: &str, lcid: u32, flags: u32, second: bool) -> i32 {
    let (mut name, mut key) = (wide(name), wide("+text\0"));
    let mut unicode = JET_UNICODEINDEX { lcid, dwMapFlags: flags };
    let mut index = JET_INDEXCREATE2_W {
        cbStruct: size_of::<JET_INDEXCREATE2_W>() as u32,
        szIndexName: name.as_mut_ptr(),
        szKey: key.as_mut_ptr(),
        cbKey: 2 * key.len() as u32,
        grbit: JET_bitIndexUnicode,
        ulDensity: 90,
        anonymous_40: JET_INDEXCREATE2_W__anonymous_40 { pidxunicode: &raw mut unicode },
        anonymous_48: JET_INDEXCREATE2_W__anonymous_48 { cbVarSegMac: 0 },
        rgconditionalcolumn: std::ptr::null_mut(),
        cConditionalColumn: 0,
        err: 0,
        cbKeyMost: 0,
        pSpacehints: std::ptr::null_mut(),
    };
    let start = &raw mut index;
    // SAFETY: the texts end with zeros, the structures are locals; the older structure is the beginning of the newer.
    unsafe {
        if second {
            return JetCreateIndex3W(desk.session, desk.table, start, 1);
        }
        index.cbStruct = size_of::<JET_INDEXCREATE_W>() as u32;
        JetCreateIndex2W(desk.session, desk.table, (&raw mut index).cast(), 1)
    }
}

fn create(desk: &Desk, case: &Case, second: bool) -> i32 {
    match case.given {
        Given::Name(locale) => desk.create_index(over_text(case.name, locale, case.flags)),
        Given::Number(lcid) => create_by_number(desk, case.name, lcid, case.flags, second),
    }
}

/// The flags in the list of an index's columns, and the language there.
fn listed(desk: &Desk, index: &str) -> (u32, u16) {
    let (code, answer) = desk.index_info(index, size_of::<JET_INDEXLIST>(), JET_IdxInfo);
    assert_eq!(code, 0, "JetGetTableIndexInfo of the list");
    // SAFETY: the answer has the bytes of the structure, all of whose fields are numbers.
    let list = unsafe { answer.as_ptr().cast::<JET_INDEXLIST>().read_unaligned() };
    assert_eq!(list.cRecord, 1);
    let rows = Desk { session: desk.session, table: list.tableid, number: 0, text: 0 };
    assert_eq!(rows.move_by(i32::MIN as u32), 0);
    let flags = u32::from_le_bytes(rows.value(list.columnidLCMapFlags).try_into().expect("four bytes"));
    let language = u16::from_le_bytes(rows.value(list.columnidLangid).try_into().expect("two bytes"));
    let code_page = rows.value(list.columnidCp);
    assert_eq!(code_page, 1200_u16.to_le_bytes());
    rows.close();
    (flags, language)
}

/// Locale and flags in the structures of levels 11 to 13, which stay valid as long as the answer.
fn structures(desk: &Desk, index: &str, case: &Case) {
    let answered = |level| {
        let (code, answer) = desk.index_info(index, 4096, level);
        assert_eq!(code, 0, "JetGetTableIndexInfo {level}");
        answer
    };
    for level in [JET_IdxInfoCreateIndex, JET_IdxInfoCreateIndex2] {
        let answer = answered(level);
        let first = answer.as_ptr().cast::<JET_INDEXCREATE_A>();
        // SAFETY: the answer begins with the structure, whose pointers lead into the answer.
        let (grbit, unicode) = unsafe {
            let made = first.read_unaligned();
            (made.grbit, made.anonymous_40.pidxunicode.read_unaligned())
        };
        assert_ne!(grbit & JET_bitIndexUnicode, 0, "{index} at {level}");
        assert_eq!((unicode.lcid, unicode.dwMapFlags), (case.lcid, case.stored_flags), "{index} at {level}");
    }
    let answer = answered(JET_IdxInfoCreateIndex3);
    // SAFETY: as above; the name ends with a zero.
    let (name, flags) = unsafe {
        let made = answer.as_ptr().cast::<JET_INDEXCREATE3_A>().read_unaligned();
        let unicode = made.pidxunicode.read_unaligned();
        let mut name = Vec::new();
        let mut at = unicode.szLocaleName;
        while at.read_unaligned() != 0 {
            name.push(at.read_unaligned());
            at = at.add(1);
        }
        (String::from_utf16(&name).expect("text"), unicode.dwMapFlags)
    };
    assert_eq!((name.as_str(), flags), (case.locale, case.stored_flags), "{index} at 13");
}

#[test]
fn every_level_says_how_an_index_sorts() {
    let _turn = one_at_a_time();
    let fixture = Fixture::new();
    for second in [false, true] {
        let table = if second { "second" } else { "first" };
        let desk = Desk::create(fixture.session, fixture.dbid, table, 0);
        for case in CASES {
            assert_eq!(create(&desk, case, second), 0, "{}", case.name);
            let expected = match case.sort {
                Ok(sort) => (WINDOWS, sort_id(sort)),
                Err(sort) => (OURS, private_id(sort)),
            };
            assert_eq!(desk.stamp(case.name), expected, "{}", case.name);
            assert_eq!(desk.locale(case.name), case.locale, "{}", case.name);
            assert_eq!(desk.index_number(case.name, JET_IdxInfoLCID), case.lcid, "{}", case.name);
            let language = (case.lcid & 0xFFFF) as u16;
            assert_eq!(listed(&desk, case.name), (case.stored_flags, language), "{}", case.name);
            structures(&desk, case.name, case);
        }
        assert_eq!(desk.index_number("", JET_IdxInfoCount), 1 + CASES.len() as u32);
        // What has no text has neither version nor locale.
        desk.indexed(Wanted { key: "+number\0", locale: None, ..over_text("plain", "", 0) });
        assert_eq!(desk.stamp("plain"), ((0, 0), vec![0; 16]));
        desk.close();
    }
    ese_corpus::report!(
        "{} ways to name a locale: name, number, flags, version and SortID at every level",
        CASES.len()
    );
}

#[test]
fn an_index_that_names_no_locale_has_the_instances() {
    let _turn = one_at_a_time();
    assert_eq!(set(None, JET_paramDatabasePageSize, 8192), 0);
    let mut running = Running::created("defaults");
    let mut handle = running.instance;
    let read = |instance: usize| {
        let mut unicode = JET_UNICODEINDEX { lcid: 7, dwMapFlags: 7 };
        let bytes = size_of::<JET_UNICODEINDEX>() as u32;
        // SAFETY: the place is a local structure, of whose bytes the call is told.
        let code = unsafe {
            let place = (&raw mut unicode).cast::<usize>();
            JetGetSystemParameter(
                instance,
                JET_sesidNil,
                JET_paramUnicodeIndexDefault,
                place,
                std::ptr::null_mut(),
                bytes,
            )
        };
        assert_eq!(code, 0, "JetGetSystemParameter");
        (unicode.lcid, unicode.dwMapFlags)
    };
    let mut write = |lcid, flags| {
        let unicode = JET_UNICODEINDEX { lcid, dwMapFlags: flags };
        let address = (&raw const unicode).cast::<c_void>() as usize;
        // SAFETY: the address is that of a local structure.
        unsafe {
            JetSetSystemParameter(
                &raw mut handle,
                JET_sesidNil,
                JET_paramUnicodeIndexDefault,
                address,
                std::ptr::null(),
            )
        }
    };
    assert_eq!(read(running.instance), (0x409, DEFAULT));
    assert_eq!(write(0x1234, 0), JET_errInvalidLanguageId);
    assert_eq!(write(0x41D, 0x8000_0000), JET_errInvalidLCMapStringFlags);
    assert_eq!(write(0x41D, 0x600), JET_errInvalidLCMapStringFlags);
    assert_eq!(read(running.instance), (0x409, DEFAULT), "what was refused changes nothing");
    assert_eq!(write(0x41D, 0x1), 0);
    assert_eq!(read(running.instance), (0x41D, 0x401));
    running.start();
    assert_eq!(write(0x409, 0), JET_errAlreadyInitialized);
    assert_eq!(write(0x41D, 0x401), 0, "what it is already can be said at any time");
    let session = running.session();
    let (dbid, code) = create_database(session, &running.path("d.edb"), 0);
    assert_eq!(code, 0);
    let desk = Desk::create(session, dbid, "t", 0);
    desk.indexed(Wanted { locale: None, ..over_text("default", "", 0) });
    assert_eq!(desk.stamp("default"), (WINDOWS, sort_id(0x1A)));
    assert_eq!((desk.locale("default").as_str(), listed(&desk, "default")), ("sv-SE", (0x401, 0x41D)));
    desk.indexed(over_text("own", "de-DE", 0));
    assert_eq!(
        (desk.locale("own").as_str(), listed(&desk, "own")),
        ("de-DE", (0x401, 0x407)),
        "flags of its own"
    );
    // Case and width are told apart by one flag each.
    for (number, text) in [(1, "å"), (2, "Å"), (3, "z")] {
        assert_eq!(desk.insert(number, &utf16(text)), 0);
    }
    let order: Vec<u32> = desk.walk("default").into_iter().map(|(_, number)| number).collect();
    assert_eq!(order, [3, 1, 2], "å is the last but one letter, and case does not count");
    assert_eq!(desk.seek(&utf16("Z"), JET_bitSeekEQ), 0);
}

#[test]
fn whoever_wants_more_or_less_certainty_says_so_before_the_start() {
    let _turn = one_at_a_time();
    let refused = JET_errUnicodeNormalizationNotSupported;
    // Private indexes: none, secondary ones, all. Certainty: levels A, B, C.
    for (private, certainty) in [(0, 1), (1, 2), (2, 3)] {
        assert_eq!(set(None, JET_paramDatabasePageSize, 8192), 0);
        let mut running = Running::created("certainty");
        let instance = Some(running.instance);
        assert_eq!(get(running.instance, JET_sesidNil, PARAM_PRIVATE_INDEXES), Ok(1));
        assert_eq!(get(running.instance, JET_sesidNil, PARAM_TEXT_CERTAINTY), Ok(2));
        assert_eq!(set(instance, PARAM_PRIVATE_INDEXES, 3), JET_errInvalidParameter);
        assert_eq!(set(instance, PARAM_TEXT_CERTAINTY, 0), JET_errInvalidParameter);
        assert_eq!(set(instance, PARAM_PRIVATE_INDEXES, private), 0);
        assert_eq!(set(instance, PARAM_TEXT_CERTAINTY, certainty), 0);
        running.start();
        let other = if private == 0 { 1 } else { 0 };
        assert_eq!(set(Some(running.instance), PARAM_PRIVATE_INDEXES, other), JET_errAlreadyInitialized);
        let session = running.session();
        let (dbid, code) = create_database(session, &running.path("d.edb"), 0);
        assert_eq!(code, 0);
        let desk = Desk::create(session, dbid, "t", 0);
        let allowed = |allowed: bool| if allowed { 0 } else { refused };
        let hungarian = over_text("hungarian", "hu-HU", 0);
        assert_eq!(desk.create_index(hungarian), allowed(private >= 1));
        let primary = Wanted { grbit: JET_bitIndexPrimary, ..over_text("primary", "hu-HU", 0) };
        assert_eq!(desk.create_index(primary), allowed(private == 2));
        desk.close();
        let desk = Desk::create(session, dbid, "u", 0);
        desk.indexed(over_text("exact", "en-US", 0));
        let texts = [("abc", 1), ("Ärger", 2), ("жук", 2), ("人々", 3), ("aー", 3)];
        for (number, (text, level)) in (0_u32..).zip(texts) {
            assert_eq!(
                desk.insert(number, &utf16(text)),
                allowed(level <= certainty),
                "{text} at {certainty}"
            );
            assert_eq!(
                desk.insert_replaced(number, &utf16(text)),
                allowed(level <= certainty),
                "{text} at {certainty}, into a row that is there"
            );
        }
        // An index over rows that are there needs the same.
        let bare = Desk::create(session, dbid, "v", 0);
        assert_eq!(bare.insert(1, &utf16("人々")), 0);
        assert_eq!(bare.create_index(over_text("late", "en-US", 0)), allowed(certainty == 3));
        assert_eq!(desk.stamp("exact").0, WINDOWS);
    }
}
