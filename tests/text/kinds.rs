//! Kinds of indexes over text: descending, with further columns, cut keys, several values, pieces, conditions; and the limits
//! that make a range of them.

use std::collections::BTreeSet;

use ese_format::catalog::LcMapFlags;
use ese_format::sort_key::{Sort, SortRules};
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::api::*;

use crate::desk::{Desk, Wanted, column, over_text, texts, units, utf16};
use crate::harness::Fixture;
use crate::one_at_a_time;

fn sort_key(locale: &str, text: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    let rules = SortRules::new(Sort::of_locale(locale), LcMapFlags::from_bits_retain(0x30401));
    rules.make(text, 1999, &mut key).search();
    key
}

/// The primary weights of a text.
fn weights(locale: &str, text: &[u8]) -> Vec<u8> {
    let key = sort_key(locale, text);
    let end = key.iter().position(|byte| *byte == 1).expect("a separator");
    key[..end].to_vec()
}

/// The numbers between a key with one limit and a key with another.
fn between(desk: &Desk, index: &str, text: &[u8], (start, end): (u32, u32)) -> BTreeSet<u32> {
    desk.use_index(index);
    assert_eq!(desk.make_key(text, start), 0);
    // SAFETY: any numbers may be passed.
    let code = unsafe { JetSeek(desk.session, desk.table, JET_bitSeekGE) };
    if code == JET_errRecordNotFound {
        return BTreeSet::new();
    }
    assert!(code >= 0, "JetSeek {code}");
    assert_eq!(desk.make_key(text, end), 0);
    // SAFETY: as above.
    let code =
        unsafe { JetSetIndexRange(desk.session, desk.table, JET_bitRangeUpperLimit | JET_bitRangeInclusive) };
    let mut found = BTreeSet::new();
    if code == JET_errNoCurrentRecord {
        return found;
    }
    assert_eq!(code, 0, "JetSetIndexRange");
    loop {
        found.insert(desk.number_here());
        if desk.move_by(1) != 0 {
            return found;
        }
    }
}

#[test]
fn limits_take_the_texts_that_begin_alike_or_are_equal() {
    let _turn = one_at_a_time();
    let fixture = Fixture::new();
    let desk = Desk::create(fixture.session, fixture.dbid, "t", 0);
    let locale = "sv-SE";
    desk.indexed(over_text("up", locale, 0));
    desk.indexed(Wanted { key: "-text\0", ..over_text("down", locale, 0) });
    desk.indexed(Wanted { key: "+text\0-number\0", ..over_text("both", locale, 0) });
    let mut all = texts(400);
    let words =
        ["år", "År 1", "ÅRE", "ar", "Ärla", "ärlig", "z", "Zå", "zäta", "co-op", "coop", "COOPER", "\0a", ""];
    all.extend(words.map(utf16));
    for (number, text) in (0_u32..).zip(&all) {
        assert_eq!(desk.insert(number, text), 0);
    }
    let matching = |is: &dyn Fn(&[u8]) -> bool| -> BTreeSet<u32> {
        (0_u32..).zip(&all).filter(|(_, text)| is(text)).map(|(number, _)| number).collect()
    };
    let mut ranges = 0;
    for text in all.iter().filter(|text| !text.is_empty()) {
        // The beginning of a text, up to some units.
        for prefix in [&text[..text.len().min(2)], &text[..text.len().min(6)], &text[..]] {
            let prefix_weights = weights(locale, prefix);
            let alike =
                matching(&|other| !other.is_empty() && sort_key(locale, other).starts_with(&prefix_weights));
            let partial = (JET_bitPartialColumnStartLimit, JET_bitPartialColumnEndLimit);
            for index in ["up", "down", "both"] {
                assert_eq!(between(&desk, index, prefix, partial), alike, "{index} {prefix:02X?}");
            }
            // The old name of the upper one.
            let old = (JET_bitPartialColumnStartLimit, JET_bitSubStrLimit);
            assert_eq!(between(&desk, "up", prefix, old), alike, "{prefix:02X?}");
            ranges += 4;
        }
        // All rows with an equal text, whatever the other column has.
        let equal = matching(&|other| !other.is_empty() && sort_key(locale, other) == sort_key(locale, text));
        for limits in [(JET_bitFullColumnStartLimit, JET_bitFullColumnEndLimit), (0, JET_bitStrLimit)] {
            assert_eq!(between(&desk, "both", text, limits), equal, "{text:02X?}");
            ranges += 1;
        }
    }
    ese_corpus::report!("{ranges} ranges by limits over text, each with the rows that its texts say");
}

#[test]
fn several_values_pieces_conditions_and_cut_keys_have_their_entries() {
    let _turn = one_at_a_time();
    let fixture = Fixture::new();
    let multi = JET_bitColumnTagged | JET_bitColumnMultiValued;
    let desk = Desk::create(fixture.session, fixture.dbid, "t", multi);
    let mark = desk.add_column("mark", column(JET_coltypLong, 0, 0));
    desk.indexed(over_text("values", "de-DE_phoneb", 0));
    desk.indexed(Wanted { grbit: JET_bitIndexTuples, ..over_text("pieces", "en-US", 0) });
    desk.indexed(Wanted { condition: Some("mark"), ..over_text("marked", "", 0) });
    desk.indexed(Wanted {
        grbit: JET_bitIndexUnique | JET_bitIndexDisallowTruncation,
        ..over_text("whole", "en-US", 0x400)
    });
    let rows: [(u32, &[&str], bool); 4] = [
        (1, &["Müller", "Meier", "großartig"], true),
        (2, &["Mueller X", "Straße"], false),
        (3, &["naïve façade"], true),
        (4, &["Zürich", "STRASSE 7"], false),
    ];
    for (number, values, marked) in rows {
        desk.prepare(JET_prepInsert);
        assert_eq!(desk.set(desk.number, &number.to_le_bytes(), 1), 0);
        for (itag, value) in (1_u32..).zip(values) {
            assert_eq!(desk.set(desk.text, &utf16(value), itag), 0);
        }
        if marked {
            assert_eq!(desk.set(mark, &1_u32.to_le_bytes(), 1), 0);
        }
        assert_eq!(desk.update(), 0);
    }
    let found = |index: &str, text: &str| -> Option<u32> {
        desk.use_index(index);
        (desk.seek(&utf16(text), JET_bitSeekEQ) == 0).then(|| desk.number_here())
    };
    for (number, values, marked) in rows {
        for value in values {
            assert_eq!(found("values", &value.to_uppercase().replace("SS", "ß")), Some(number), "{value}");
            assert_eq!(found("marked", value), marked.then_some(number), "{value}");
            assert_eq!(found("whole", value), Some(number), "{value}");
        }
    }
    // A phone book sorts ü as ue; elsewhere it is a u with a mark.
    assert_eq!(found("values", "MUELLER"), Some(1));
    assert_eq!(found("whole", "Mueller"), None);
    // Every piece of three to ten characters of every value, by its first ten.
    for (piece, number) in
        [("ÜLLER", 1), ("großar", 1), ("grossartig", 1), ("ïve faça", 3), ("Stras", 2), ("SSE 7", 4)]
    {
        desk.use_index("pieces");
        assert_eq!(desk.make_key(&utf16(piece), JET_bitPartialColumnStartLimit), 0);
        // SAFETY: any numbers may be passed.
        assert!(unsafe { JetSeek(desk.session, desk.table, JET_bitSeekGE) } >= 0, "{piece}");
        assert_eq!(desk.number_here(), number, "{piece}");
    }
    assert_eq!(desk.make_key(&utf16("zu"), 0), JET_errIndexTuplesKeyTooSmall);
    // Two texts with one key are one too many for a unique index; one that has no room is too long for one that is not cut.
    let insert = |text: &[u8]| desk.insert(9, text);
    assert_eq!(insert(&utf16("Meier")), JET_errKeyDuplicate);
    assert_eq!(insert(&utf16("meier")), 0, "case counts there");
    assert_eq!(insert(&utf16("mei\u{AD}er")), JET_errKeyDuplicate, "what has no weight does not count");
    assert_eq!(insert(&units(&[0x62; 300])), JET_errKeyTruncated);
    assert_eq!(desk.walk("values").len(), 9);
}
