//! Wrong text, wrong lengths, locales that do not exist and flags that do not combine, through the C interface.

use std::time::Instant;

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::api::*;

use crate::desk::{Desk, Wanted, column, over_text, units, utf16};
use crate::harness::Fixture;
use crate::one_at_a_time;

#[test]
fn surrogates_odd_bytes_and_zeros_are_text_like_any_other() {
    let _turn = one_at_a_time();
    let fixture = Fixture::new();
    let desk = Desk::create(fixture.session, fixture.dbid, "t", 0);
    let keyed =
        Wanted { key: "+text\0+number\0", grbit: JET_bitIndexPrimary, ..over_text("primary", "en-US", 0) };
    desk.indexed(keyed);
    desk.indexed(over_text("by_text", "en-US", 0));
    desk.indexed(Wanted { key: "-text\0", ..over_text("down", "sv-SE", 0x400) });
    desk.indexed(Wanted { grbit: JET_bitIndexTuples, ..over_text("pieces", "en-US", 0) });
    let texts: Vec<Vec<u8>> = vec![
        units(&[0xDC00, 0xD800, 0x61]),
        units(&[0xD83E]),
        units(&[0xDD8A, 0x62]),
        [&utf16("odd")[..], b"x"].concat(),
        b"x".to_vec(),
        units(&[0]),
        units(&[0x61, 0, 0x62]),
        units(&[0, 0, 0x61, 0, 0]),
        units(&[0xFFFF, 0xFFFE, 0xFDD0]),
        units(&[0xFEFF, 0x61]),
        units(&[0x300; 300]),
        Vec::new(),
    ];
    for (number, text) in (0_u32..).zip(&texts) {
        assert_eq!(desk.insert(number, text), 0, "{text:02X?}");
    }
    for index in ["by_text", "down"] {
        desk.use_index(index);
        for text in &texts {
            assert_eq!(desk.seek(text, JET_bitSeekEQ), 0, "{index} {text:02X?}");
            assert_eq!(desk.key(0), {
                assert_eq!(desk.make_key(text, 0), 0);
                desk.key(JET_bitRetrieveCopy)
            });
        }
    }
    // What a key does not show is not there (spec 11 §1): the last odd byte, zeros, units without weight.
    let key = |text: &[u8]| {
        desk.use_index("by_text");
        assert_eq!(desk.make_key(text, 0), 0);
        desk.key(JET_bitRetrieveCopy)
    };
    assert_eq!(key(&[&utf16("odd")[..], b"x"].concat()), key(&utf16("ODD")));
    assert_eq!(key(&units(&[0x61, 0, 0x62])), key(&utf16("ab")));
    assert_eq!(key(&units(&[0xFEFF, 0x61, 0, 0])), key(&utf16("a")));
    // A text of one odd byte, or of zeros, is not empty: it has a key of nothing but separators.
    assert_eq!(key(&units(&[0])), [0x7F, 1, 1, 1, 1, 0]);
    assert_eq!(key(b"x"), [0x7F, 1, 1, 1, 1, 0]);
    assert_eq!(key(b""), [0x40]);
    assert_eq!(desk.walk("").len(), texts.len());
}

#[test]
fn absurd_lengths_have_bounded_answers() {
    let _turn = one_at_a_time();
    let fixture = Fixture::new();
    let desk = Desk::create(fixture.session, fixture.dbid, "t", 0);
    let mut short = column(JET_coltypLongText, 1200, 0);
    short.cbMax = 1000;
    let short = desk.add_column("short", short);
    desk.indexed(over_text("by_text", "en-US", 0));
    desk.indexed(Wanted { key_most: 1000, ..over_text("long", "en-US", 0) });
    // Two gigabytes that nobody has written yet: they cost nothing until somebody reads them all.
    let huge = vec![0_u8; (1 << 31) + 2];
    let begun = Instant::now();
    let set = |column, bytes: u32, grbit| {
        // SAFETY: the value is longer than any number of bytes that is told.
        unsafe {
            JetSetColumn(
                desk.session,
                desk.table,
                column,
                huge.as_ptr().cast(),
                bytes,
                grbit,
                std::ptr::null_mut(),
            )
        }
    };
    desk.prepare(JET_prepInsert);
    assert_eq!(set(desk.text, 0x8000_0000, 0), JET_errInvalidParameter);
    assert_eq!(set(desk.text, u32::MAX, 0), JET_errInvalidParameter);
    assert_eq!(set(short, 0x7FFF_FFFF, 0), JET_errColumnTooBig);
    assert_eq!(set(short, 1002, JET_bitSetAppendLV), JET_errColumnTooBig);
    desk.cancel();
    // Keys of two gigabytes of zeros, which have no weight; with 255 bytes of key only the first 127 units count.
    let make_key = |index: &str, bytes: u32| {
        desk.use_index(index);
        // SAFETY: the value is longer than any number of bytes that is told.
        unsafe { JetMakeKey(desk.session, desk.table, huge.as_ptr().cast(), bytes, JET_bitNewKey) }
    };
    assert_eq!(make_key("by_text", 0x7FFF_FFFF), 0);
    assert_eq!(desk.key(JET_bitRetrieveCopy), [0x7F, 1, 1, 1, 1, 0]);
    assert_eq!(make_key("by_text", 0x8000_0001), 0);
    assert_eq!(make_key("long", 0x0800_0000), 0);
    assert_eq!(desk.key(JET_bitRetrieveCopy), [0x7F, 1, 1, 1, 1, 0]);
    // Where letters come behind more zeros than a key has bytes, the stored key and the sought one both have them.
    let mut late = vec![0_u8; 20_000];
    late.extend(utf16("late letters"));
    assert_eq!(desk.insert(1, &late), 0);
    desk.use_index("long");
    assert_eq!(desk.seek(&utf16("LATE letters"), JET_bitSeekEQ), 0);
    assert_eq!(desk.seek(&late, JET_bitSeekEQ), 0);
    // A megabyte of letters is cut to what the key has room for, and found.
    let long: Vec<u8> = utf16("x").repeat(1 << 19);
    assert_eq!(desk.insert(2, &long), 0);
    for index in ["by_text", "long"] {
        desk.use_index(index);
        assert_eq!(desk.seek(&long, JET_bitSeekEQ), 0);
        assert_eq!(desk.number_here(), 2);
    }
    ese_corpus::report!("absurd lengths answered in {:.1} s", begun.elapsed().as_secs_f64());
}

#[test]
fn locales_that_do_not_exist_and_flags_that_do_not_combine_are_refused() {
    let _turn = one_at_a_time();
    let fixture = Fixture::new();
    let desk = Desk::create(fixture.session, fixture.dbid, "t", 0);
    let long = "x".repeat(84);
    for locale in
        ["xx-XX", "english", "en_US", "en-US_nosort", "no such place!", "日本", &long, "de-DE_phoneb_phoneb"]
    {
        assert_eq!(desk.create_index(over_text("wrong", locale, 0)), JET_errInvalidLanguageId, "{locale}");
    }
    // Anything with the bit for capitals or none of LCMAP_SORTKEY, and bits that no sort key has (spec 03 §9.5).
    for flags in [0x600, 0x201, 0x1, 0x30001, 0x8000_0400, 0x440, 0x0100_0400, 0x4400, u32::MAX] {
        let code = desk.create_index(over_text("wrong", "en-US", flags));
        assert_eq!(code, JET_errInvalidLCMapStringFlags, "{flags:X}");
    }
    // LCMAP_UPPERCASE came with a later format than the one databases have unless a program asks for it.
    assert_eq!(desk.create_index(over_text("capitals", "en-US", 0x200)), JET_errInvalidLCMapStringFlags);
    let no_pointer = {
        let (mut name, mut key) = (crate::desk::wide("none"), crate::desk::wide("+text\0"));
        let mut index = JET_INDEXCREATE3_W {
            cbStruct: size_of::<JET_INDEXCREATE3_W>() as u32,
            szIndexName: name.as_mut_ptr(),
            szKey: key.as_mut_ptr(),
            cbKey: 2 * key.len() as u32,
            grbit: JET_bitIndexUnicode,
            ulDensity: 90,
            pidxunicode: std::ptr::null_mut(),
            anonymous_48: JET_INDEXCREATE3_W__anonymous_48 { cbVarSegMac: 0 },
            rgconditionalcolumn: std::ptr::null_mut(),
            cConditionalColumn: 0,
            err: 0,
            cbKeyMost: 0,
            pSpacehints: std::ptr::null_mut(),
        };
        // SAFETY: the texts end with zeros, the structure is a local.
        unsafe { JetCreateIndex4W(desk.session, desk.table, &raw mut index, 1) }
    };
    assert_eq!(no_pointer, JET_errIndexInvalidDef);
    assert_eq!(
        desk.index_number("", JET_IdxInfoCount),
        1,
        "the order of the rows alone: nothing of a refused index stays"
    );
}
