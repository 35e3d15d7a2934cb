use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::column_type::{CodePage, ColumnId, ColumnType};
use crate::error::FormatResult;
use crate::long_value::LongValueId;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits")).collect()
}

fn column(
    fid: u16,
    column_type: ColumnType,
    location: ColumnLocation,
    default: Option<&[u8]>,
) -> ColumnDefinition {
    ColumnDefinition {
        id: ColumnId::own(fid),
        name: format!("c{fid}").into_bytes(),
        column_type,
        location,
        bytes_max: column_type.fixed_size().map_or(0, u32::from),
        flags: if default.is_some() { ColumnFlags::DEFAULT } else { ColumnFlags::empty() },
        code_page: if column_type.is_text() { CodePage::WESTERN } else { CodePage::NONE },
        default: default.map(<[u8]>::to_vec),
    }
}

fn fixed(fid: u8, offset: u16, column_type: ColumnType, default: Option<&[u8]>) -> ColumnDefinition {
    let size = column_type.fixed_size().expect("a fixed-size type");
    column(fid.into(), column_type, ColumnLocation::Fixed { fid, offset, size }, default)
}

fn variable(fid: u8, default: Option<&[u8]>) -> ColumnDefinition {
    column(fid.into(), ColumnType::Binary, ColumnLocation::Variable { fid }, default)
}

fn tagged(fid: u16, column_type: ColumnType, default: Option<&[u8]>) -> ColumnDefinition {
    column(fid, column_type, ColumnLocation::Tagged { fid, derived: false }, default)
}

/// Three fixed, two variable and four tagged columns, some with defaults.
fn layout() -> TableLayout {
    TableLayout::new(
        vec![
            fixed(1, 4, ColumnType::Long, None),
            fixed(2, 8, ColumnType::Short, Some(&[7, 0])),
            fixed(3, 10, ColumnType::Bit, None),
            variable(128, None),
            variable(129, Some(b"default")),
            tagged(256, ColumnType::Long, None),
            tagged(257, ColumnType::LongBinary, None),
            tagged(258, ColumnType::Text, Some(b"tagged default")),
            tagged(259, ColumnType::LongText, Some(b"long default")),
        ],
        false,
    )
}

fn id(fid: u16) -> ColumnId {
    ColumnId::own(fid)
}

fn set(record: &mut RecordBuilder, layout: &TableLayout, fid: u16, itag: usize, value: NewValue<'_>) {
    let column = layout.column(id(fid)).expect("a column of the layout");
    record.set(layout, column, itag, value).expect("a value the column can hold");
}

fn built(values: &[(u16, usize, NewValue<'_>)], format: RecordFormat) -> Vec<u8> {
    let layout = layout();
    let mut record = RecordBuilder::new(format);
    for (fid, itag, value) in values {
        set(&mut record, &layout, *fid, *itag, *value);
    }
    record.to_bytes().expect("a small record")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

const ONE: NewValue<'_> = NewValue::Inline(&[1, 0, 0, 0]);
const TWO: NewValue<'_> = NewValue::Inline(&[2, 0, 0, 0]);
const THREE: NewValue<'_> = NewValue::Inline(&[3, 0, 0, 0]);

#[test]
fn the_first_record_of_basic_edb_has_thirteen_fixed_columns_and_no_null() {
    let record = bytes(
        "0D7F4C00 01000000 00 D5 C7FA 37F833FF C9B000B41DC00400 0000803F 43614724F9806941 0000000080AFE140 C907CC00\
         37F833FFFFFFFFFF F10A363F6667DC469AF20DACF295C2A1 3905 00E0",
    );
    let view = RecordView::parse(&record, RecordFormat::SmallPage).expect("a record");
    assert_eq!((view.fixed_last(), view.variable_last()), (13, 127));
    assert_eq!(view.fixed(1, 4, 4), Ok(Value::Inline(&[1, 0, 0, 0])));
    assert_eq!(view.fixed(13, 72, 2), Ok(Value::Inline(&[0x39, 5])));
    assert_eq!(view.fixed(14, 74, 2), Ok(Value::Absent));
    assert_eq!(view.variable(128), Ok(Value::Absent));
    view.check().expect("a good record");
}

#[test]
fn a_null_bit_counts_whatever_the_slot_holds() {
    let record = bytes(
        "0D7F4C00 01000000 00 D5 2A2A 37F833FF C9B000B41DC00400 0000803F 43614724F9806941 0000000080AFE140\
         C907CC00 37F833FFFFFFFFFF F10A363F6667DC469AF20DACF295C2A1 3905 08E0",
    );
    let view = RecordView::parse(&record, RecordFormat::SmallPage).expect("a record");
    assert_eq!(view.fixed(4, 10, 2), Ok(Value::Null));
}

#[test]
fn variable_columns_can_be_null_empty_or_filled() {
    let record = bytes("00 82 0400 0100 0180 0100 AB");
    let view = RecordView::parse(&record, RecordFormat::SmallPage).expect("a record");
    assert_eq!(view.variable(128), Ok(Value::Inline(&[0xAB])));
    assert_eq!(view.variable(129), Ok(Value::Null));
    assert_eq!(view.variable(130), Ok(Value::Inline(&[])));
    assert_eq!(view.variable(131), Ok(Value::Absent));
}

#[test]
fn the_smallest_record_has_four_bytes() {
    let record = RecordBuilder::new(RecordFormat::SmallPage).to_bytes().expect("a record");
    assert_eq!(hex(&record), "007F0400");
    RecordView::parse(&record, RecordFormat::SmallPage).expect("a record").check().expect("a good record");
}

#[test]
fn headers_that_lie_are_corruption() {
    let lies = [
        "",
        "007F04",
        "807F0400",
        "007E0400",
        "007F0300",
        "017F0400",
        "00800400",
        "00800400FF7F",
        "007FFFFF",
        "007F0400 000104",
        "007F0400 00010000",
        "007F0400 00010500",
        "007F0400 00010800",
    ];
    for lie in lies {
        let lie = bytes(lie);
        let error = RecordView::parse(&lie, RecordFormat::SmallPage).expect_err("a lie");
        assert_eq!(error.jet(), JetError::DATABASE_CORRUPTED, "{lie:02x?}");
    }
}

#[test]
fn two_values_of_multi_edb_have_the_short_form_and_three_separated_ones_an_array() {
    let area = bytes("0001 0840 0901 0C40  18 01 00 FF  09 0680 0A80 0E80 01000000 02000000 03000000");
    let record: Vec<u8> = bytes("007F0400").into_iter().chain(area).collect();
    let view = RecordView::parse(&record, RecordFormat::SmallPage).expect("a record");
    let bits = view.tagged(256, false).expect("an entry").expect("is there");
    assert_eq!(
        bits.iter().collect::<FormatResult<Vec<_>>>(),
        Ok(vec![Value::Inline(&[0]), Value::Inline(&[0xFF])])
    );
    let long = view.tagged(265, false).expect("an entry").expect("is there");
    let ids = [1, 2, 3].map(|number| Value::Separated(LongValueId::new(number).expect("an identifier")));
    assert_eq!(long.iter().collect::<FormatResult<Vec<_>>>(), Ok(ids.to_vec()));
    assert_eq!(long.get(4), Ok(Value::Null));
    assert!(view.tagged(257, false).expect("no entry").is_none());
    let rebuilt =
        RecordBuilder::from_view(&view, RecordFormat::SmallPage).and_then(|record| record.to_bytes());
    assert_eq!(rebuilt, Ok(record));
}

#[test]
fn only_the_first_of_several_values_is_compressed() {
    let area = bytes("0001 0440  0B 0400 0700 0E E1 70  AA BB");
    let record: Vec<u8> = bytes("007F0400").into_iter().chain(area).collect();
    let view = RecordView::parse(&record, RecordFormat::SmallPage).expect("a record");
    let column = view.tagged(256, false).expect("an entry").expect("is there");
    assert_eq!(column.get(1), Ok(Value::Compressed(&[0x0E, 0xE1, 0x70])));
    assert_eq!(column.get(2), Ok(Value::Inline(&[0xAA, 0xBB])));
}

#[test]
fn offsets_on_large_pages_have_fifteen_bits() {
    let mut area = bytes("0001 0840 0101 0948");
    area.resize(0x4008, 0);
    area.splice(0..4, bytes("0001 0800"));
    area.splice(4..8, bytes("0101 0840"));
    area.extend([0x20]);
    let record: Vec<u8> = bytes("007F0400").into_iter().chain(area).collect();
    let view = RecordView::parse(&record, RecordFormat::LargePage).expect("a record");
    let column = view.tagged(256, false).expect("an entry").expect("is there");
    assert!(matches!(column.get(1), Ok(Value::Inline(value)) if value.len() == 0x3FFF));
    assert!(view.tagged(257, false).expect("an entry").expect("is there").is_null());
    let rebuilt =
        RecordBuilder::from_view(&view, RecordFormat::LargePage).and_then(|record| record.to_bytes());
    assert_eq!(rebuilt, Ok(record));
}

#[test]
fn info_bytes_that_contradict_themselves_are_corruption() {
    for info in [0x80, 0x02, 0x04, 0x40, 0x07, 0x0D, 0x45, 0x11, 0x19, 0x10, 0x49, 0x20] {
        let record: Vec<u8> = bytes("007F0400 0001 0440").into_iter().chain([info, 1, 0, 0, 0, 0]).collect();
        let view = RecordView::parse(&record, RecordFormat::SmallPage).expect("the header is good");
        assert!(view.tagged(256, false).is_err(), "{info:02x}");
        assert!(view.check().is_err());
    }
}

#[test]
fn records_from_before_windows_xp_can_be_read() {
    let area =
        bytes("0001 0400 01000000  0001 0400 02000000  0101 0180 00  0201 0580 01 07000000  0301 0040");
    let record: Vec<u8> = bytes("007F0400").into_iter().chain(area).collect();
    let view = RecordView::parse(&record, RecordFormat::BeforeXp).expect("a record");
    view.check().expect("a good record");
    let first = view.tagged(256, false).expect("an entry").expect("is there");
    assert_eq!((first.count(), first.get(2)), (2, Ok(Value::Inline(&[2, 0, 0, 0]))));
    let empty = view.tagged(257, false).expect("an entry").expect("is there");
    assert_eq!(empty.get(1), Ok(Value::Inline(&[])));
    let separated = view.tagged(258, false).expect("an entry").expect("is there");
    assert_eq!(separated.get(1), Ok(Value::Separated(LongValueId::new(7).expect("an identifier"))));
    assert!(view.tagged(259, false).expect("an entry").expect("is there").is_null());
    let rebuilt =
        RecordBuilder::from_view(&view, RecordFormat::SmallPage).and_then(|record| record.to_bytes());
    let expected = "007F0400 00011040 01011A40 02011B40 03012020 1804 01000000 02000000 01 05 07000000";
    assert_eq!(hex(&rebuilt.expect("a record")), expected.replace(' ', ""));
}

#[test]
fn a_tagged_column_changes_its_form_with_its_values_on_small_pages() {
    let small = |values: &[(u16, usize, NewValue<'_>)]| hex(&built(values, RecordFormat::SmallPage)[4..]);
    assert_eq!(small(&[(256, 1, ONE)]), "0001040001000000");
    assert_eq!(small(&[(256, 1, ONE), (256, 2, TWO)]), "0001044018040100000002000000");
    assert_eq!(
        small(&[(256, 1, ONE), (256, 2, TWO), (256, 3, THREE)]),
        "000104400806000A000E00010000000200000003000000"
    );
    let down_to_two = [(256, 1, ONE), (256, 2, TWO), (256, 3, THREE), (256, 1, NewValue::Null)];
    assert_eq!(small(&down_to_two), "000104400804000800020000000300 0000".replace(' ', ""));
    let down_to_one = [&down_to_two[..], &[(256, 1, NewValue::Null)]].concat();
    assert_eq!(small(&down_to_one), "0001040003000000");
    let down_to_none = [&down_to_one[..], &[(256, 1, NewValue::Null)]].concat();
    assert_eq!(small(&down_to_none), "");
}

#[test]
fn on_large_pages_two_values_have_an_array_and_every_value_an_info_byte() {
    let large = |values: &[(u16, usize, NewValue<'_>)]| hex(&built(values, RecordFormat::LargePage)[4..]);
    assert_eq!(large(&[(256, 1, ONE)]), "000104000001000000");
    assert_eq!(
        large(&[(256, 1, ONE), (256, 2, TWO)]),
        "00010400080400080001000000 02000000".replace(' ', "")
    );
    assert_eq!(large(&[(258, 1, NewValue::Null)]), "0201040020");
}

#[test]
fn a_separated_value_that_is_left_alone_moves_its_flag_to_the_info_byte() {
    let separated = NewValue::Separated(LongValueId::new(9).expect("an identifier"));
    let values = [(257, 1, NewValue::Inline(b"x")), (257, 2, separated), (257, 1, NewValue::Null)];
    assert_eq!(hex(&built(&values, RecordFormat::SmallPage)[4..]), "010104400509000000");
    let wide = NewValue::Separated(LongValueId::WIDE_FIRST);
    assert_eq!(hex(&built(&[(257, 1, wide)], RecordFormat::SmallPage)[4..]), "01010440050100008000000080");
}

#[test]
fn null_over_a_default_is_stored_and_reverting_takes_it_out() {
    let layout = layout();
    let mut record = RecordBuilder::new(RecordFormat::SmallPage);
    set(&mut record, &layout, 258, 1, NewValue::Null);
    set(&mut record, &layout, 259, 1, NewValue::Null);
    assert_eq!(hex(&record.to_bytes().expect("a record")), "007F04000201082003010820");
    let stored = record.to_bytes().expect("a record");
    let view = RecordView::parse(&stored, RecordFormat::SmallPage).expect("a record");
    let text = layout.column(id(258)).expect("a column");
    assert_eq!(view.value(text, 1), Ok(Value::Null));
    record.revert_to_default(text);
    let stored = record.to_bytes().expect("a record");
    let view = RecordView::parse(&stored, RecordFormat::SmallPage).expect("a record");
    assert_eq!(view.value(text, 1), Ok(Value::Inline(b"tagged default")));
}

#[test]
fn the_default_record_holds_fixed_and_variable_defaults_only() {
    let record = RecordBuilder::with_defaults(&layout(), RecordFormat::SmallPage).expect("defaults fit");
    assert_eq!(hex(&record.to_bytes().expect("a record")), "02810B002A2A2A2A0700FD0080070064656661756C74");
}

#[test]
fn growing_the_fixed_area_fills_in_defaults_and_nulls() {
    let record = built(&[(3, 1, NewValue::Inline(&[5]))], RecordFormat::SmallPage);
    assert_eq!(hex(&record), "037F0C002A2A2A2A0700FFF9");
    let nulled = built(&[(3, 1, NewValue::Inline(&[5])), (2, 1, NewValue::Null)], RecordFormat::SmallPage);
    assert_eq!(hex(&nulled), "037F0C002A2A2A2A2A2AFFFB");
}

#[test]
fn values_a_column_cannot_hold_are_refused_with_their_own_codes() {
    let layout = layout();
    let mut record = RecordBuilder::new(RecordFormat::SmallPage);
    let long = [0; 256];
    let id1 = LongValueId::new(1).expect("an identifier");
    let refusals = [
        (1, 1, NewValue::Inline(&[1, 2]), JetError::INVALID_BUFFER_SIZE),
        (1, 2, ONE, JetError::BAD_ITAG_SEQUENCE),
        (256, 0, ONE, JetError::BAD_ITAG_SEQUENCE),
        (256, 1, NewValue::Inline(&[1]), JetError::INVALID_BUFFER_SIZE),
        (256, 1, NewValue::Separated(id1), JetError::INVALID_COLUMN_TYPE),
        (128, 1, NewValue::Inline(&long), JetError::COLUMN_TOO_BIG),
        (258, 1, NewValue::Inline(&long), JetError::COLUMN_TOO_BIG),
        (257, 2, NewValue::Compressed(&[8, 0]), JetError::INVALID_PARAMETER),
        (257, 2, NewValue::Encrypted(&[8, 0]), JetError::ENCRYPTION_BAD_ITAG),
    ];
    for (fid, itag, value, jet) in refusals {
        let column = layout.column(id(fid)).expect("a column");
        assert_eq!(record.set(&layout, column, itag, value).expect_err("refused").jet(), jet, "{fid} {itag}");
    }
    let huge = vec![0; 0x2000];
    set(&mut record, &layout, 257, 1, NewValue::Inline(&huge));
    set(&mut record, &layout, 258, 1, NewValue::Inline(b"behind"));
    assert_eq!(record.to_bytes().expect_err("offsets have 13 bits").jet(), JetError::RECORD_TOO_BIG);
}

#[test]
fn fixed_text_is_padded_with_spaces_and_fixed_binary_with_zeros() {
    let slot = |fid: u8, offset, column_type, code_page| {
        let mut definition =
            column(fid.into(), column_type, ColumnLocation::Fixed { fid, offset, size: 5 }, None);
        definition.code_page = code_page;
        definition
    };
    let layout = TableLayout::new(
        vec![
            slot(1, 4, ColumnType::Text, CodePage::WESTERN),
            slot(2, 9, ColumnType::Binary, CodePage::NONE),
            slot(3, 14, ColumnType::Text, CodePage::UNICODE),
        ],
        false,
    );
    let mut record = RecordBuilder::new(RecordFormat::SmallPage);
    for fid in 1..=3 {
        set(&mut record, &layout, fid, 1, NewValue::Inline(b"a\0"));
    }
    let stored = record.to_bytes().expect("a record");
    assert_eq!(&stored[4..19], b"a\0   a\0\0\0\0a\0 \0 ");
}

/// What a model of one column holds: `None` for absent, else the values, none for NULL.
type Model = BTreeMap<u16, Option<Vec<Vec<u8>>>>;

#[derive(Clone, Debug)]
enum Step {
    Set(u16, usize, Vec<u8>),
    Null(u16, usize),
    Revert(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let fids = prop::sample::select(vec![1u16, 2, 3, 128, 129, 256, 257, 258, 259]);
    (fids, 1..5usize, prop::collection::vec(any::<u8>(), 0..200), 0..6u8).prop_map(
        |(fid, itag, mut value, kind)| {
            match fid {
                1 | 256 => value.resize(4, 1),
                2 => value.resize(2, 1),
                3 => value = vec![if value.len() % 2 == 0 { 0 } else { 0xFF }],
                _ => {}
            }
            let itag = if fid < 256 { 1 } else { itag };
            match kind {
                0 => Step::Null(fid, itag),
                1 => Step::Revert(fid),
                _ => Step::Set(fid, itag, value),
            }
        },
    )
}

/// The rules of spec 04 §1.6, told of values instead of bytes.
fn apply_to_model(model: &mut Model, layout: &TableLayout, step: &Step) {
    let (Step::Set(fid, ..) | Step::Null(fid, _) | Step::Revert(fid)) = step;
    for covered in layout.columns() {
        let same_class = crate::column_type::class_of(*fid) == Some(covered.location.class());
        let covered_fid = covered.location.fid();
        let grows = !matches!(step, Step::Revert(_)) && *fid < 256;
        if grows && same_class && covered_fid <= *fid {
            let default: Vec<Vec<u8>> = covered.default.iter().cloned().collect();
            model.entry(covered_fid).or_insert(None).get_or_insert(default);
        }
    }
    let has_default = layout.column(id(*fid)).is_some_and(|column| column.default.is_some());
    let place = model.entry(*fid).or_insert(None);
    match step {
        Step::Set(_, itag, value) => {
            let values = place.get_or_insert_default();
            match values.get_mut(itag - 1) {
                Some(old) => old.clone_from(value),
                None => values.push(value.clone()),
            }
        }
        Step::Null(fid, _) if *fid < 256 => *place = Some(Vec::new()),
        Step::Null(_, itag) => match place {
            Some(values) if values.len() > 1 || (*itag > 1 && !values.is_empty()) => {
                if *itag <= values.len() {
                    values.remove(itag - 1);
                }
            }
            _ => *place = has_default.then(Vec::new),
        },
        Step::Revert(fid) if *fid >= 256 => *place = None,
        Step::Revert(_) => {}
    }
}

proptest! {
    #[test]
    fn records_hold_what_was_set_in_every_format(
        steps in prop::collection::vec(step(), 0..30), large in any::<bool>(),
    ) {
        let format = if large { RecordFormat::LargePage } else { RecordFormat::SmallPage };
        let layout = layout();
        let mut record = RecordBuilder::new(format);
        let mut model = Model::new();
        for step in &steps {
            match step {
                Step::Set(fid, itag, value) => set(&mut record, &layout, *fid, *itag, NewValue::Inline(value)),
                Step::Null(fid, itag) => set(&mut record, &layout, *fid, *itag, NewValue::Null),
                Step::Revert(fid) => record.revert_to_default(layout.column(id(*fid)).expect("a column")),
            }
            apply_to_model(&mut model, &layout, step);
            let stored = record.to_bytes().expect("a small record");
            record = RecordBuilder::from_view(&RecordView::parse(&stored, format).expect("ours"), format).expect("ours");
            prop_assert_eq!(record.to_bytes().expect("a small record"), stored);
        }
        let stored = record.to_bytes().expect("a small record");
        let view = RecordView::parse(&stored, format).expect("our own");
        view.check().expect("our own");
        for column in layout.columns() {
            let values = view.values(column.location).expect("our own");
            let expected = model.get(&column.location.fid()).cloned().flatten();
            let absent = values.get(1) == Ok(Value::Absent);
            prop_assert_eq!(absent, expected.is_none());
            let found: Vec<Vec<u8>> = values.iter().map(|value| match value.expect("our own") {
                Value::Inline(bytes) => bytes.to_vec(),
                other => panic!("{other:?}"),
            }).collect();
            prop_assert_eq!(found, expected.unwrap_or_default());
        }
    }

    #[test]
    fn hostile_records_never_panic(mut record in prop::collection::vec(any::<u8>(), 0..200), tame in any::<bool>()) {
        if tame && record.len() > 4 {
            record[0] %= 10;
            record[1] = 127 + record[1] % 5;
            record[2] = 4 + record[2] % 40;
            record[3] = 0;
        }
        for format in [RecordFormat::SmallPage, RecordFormat::LargePage, RecordFormat::BeforeXp] {
            let Ok(view) = RecordView::parse(&record, format) else { continue };
            let checked = view.check();
            for column in layout().columns() {
                if let Ok(values) = view.values(column.location) {
                    values.iter().for_each(drop);
                }
            }
            let builder = RecordBuilder::from_view(&view, format);
            if let (Ok(builder), true) = (builder, checked.is_ok() && format != RecordFormat::BeforeXp) {
                let rebuilt = builder.to_bytes().expect("it was a record");
                let again = RecordView::parse(&rebuilt, format).expect("our own");
                again.check().expect("our own");
            }
        }
    }
}
