use proptest::prelude::*;

use super::*;
use crate::catalog::IndexFlags;
use crate::column_type::{CodePage, ColumnType};
use crate::error::FormatResult;
use crate::sort_key::IndexText;

const WHOLE: KeySizes = KeySizes { key_most: 255, var_seg_mac: None };

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn fixed(column_type: ColumnType) -> SegmentColumn {
    SegmentColumn { column_type, fixed_bytes: column_type.fixed_size(), code_page: CodePage::NONE }
}

fn varying(column_type: ColumnType, code_page: CodePage) -> SegmentColumn {
    SegmentColumn { column_type, fixed_bytes: None, code_page }
}

const BINARY: SegmentColumn =
    SegmentColumn { column_type: ColumnType::Binary, fixed_bytes: None, code_page: CodePage::NONE };
const ASCII: SegmentColumn =
    SegmentColumn { column_type: ColumnType::Text, fixed_bytes: None, code_page: CodePage::WESTERN };
const DESCENDING: SegmentOrder =
    SegmentOrder { descending: true, nulls_high: false, guid_order: GuidOrder::Windows };

fn key_of(
    value: Option<&[u8]>,
    column: SegmentColumn,
    order: SegmentOrder,
    sizes: KeySizes,
) -> (Vec<u8>, KeyEnd) {
    let mut key = Vec::new();
    let end = normalize(&mut key, value, column, order, sizes, no_text(&IndexText::default()))
        .expect("a value of the type");
    (key, end)
}

fn plain_key(value: &[u8], column: SegmentColumn) -> String {
    hex(&key_of(Some(value), column, SegmentOrder::default(), WHOLE).0)
}

#[test]
fn the_keys_of_index_edb_are_computed() {
    let vectors = [
        (ColumnType::Bit, "00", "7F00"),
        (ColumnType::Short, "C7FA", "7F7AC7"),
        (ColumnType::Long, "37F833FF", "7F7F33F837"),
        (ColumnType::Currency, "C9B000B41DC00400", "7F8004C01DB400B0C9"),
        (ColumnType::IeeeSingle, "0000803F", "7FBF800000"),
        (ColumnType::IeeeDouble, "43614724F9806941", "7FC16980F924476143"),
        (ColumnType::DateTime, "0000000080AFE140", "7FC0E1AF8000000000"),
        (ColumnType::UnsignedLong, "C907CC00", "7F00CC07C9"),
        (ColumnType::Guid, "F10A363F6667DC469AF20DACF295C2A1", "7F0DACF295C2A19AF2DC466667F10A363F"),
        (ColumnType::UnsignedShort, "3905", "7F0539"),
        (ColumnType::Long, "96000000", "7F80000096"),
    ];
    for (column_type, value, key) in vectors {
        assert_eq!(plain_key(&bytes(value), fixed(column_type)), key, "{column_type}");
    }
    assert_eq!(plain_key(b"Simple ASCII text", ASCII), "7F53494D504C45204153434949205445585400");
    assert_eq!(plain_key(b"test binary data", BINARY), "7F746573742062696E09617279206461746108");
    let year = key_of(Some(&[0xE5, 7]), fixed(ColumnType::UnsignedShort), DESCENDING, WHOLE);
    assert_eq!(hex(&year.0), "80F81A");
    let address = bytes("00000000000000000000000000000001");
    assert_eq!(plain_key(&address, BINARY), "7F000000000000000009000000000000000108");
}

#[test]
fn nulls_and_empty_values_are_a_prefix_byte() {
    let high = SegmentOrder { nulls_high: true, ..SegmentOrder::default() };
    let prefix = |value: Option<&[u8]>, order| hex(&key_of(value, BINARY, order, WHOLE).0);
    assert_eq!(prefix(None, SegmentOrder::default()), "00");
    assert_eq!(prefix(None, DESCENDING), "FF");
    assert_eq!(prefix(None, high), "C0");
    assert_eq!(prefix(Some(&[]), SegmentOrder::default()), "40");
    assert_eq!(prefix(Some(&[]), DESCENDING), "BF");
}

#[test]
fn guids_of_a_dot_net_index_sort_by_their_text() {
    let order = SegmentOrder::of(IndexFlags::DOT_NET_GUID, false);
    let guid = bytes("000102030405060708090A0B0C0D0E0F");
    let key = key_of(Some(&guid), fixed(ColumnType::Guid), order, WHOLE).0;
    assert_eq!(hex(&key), "7F03020100050407060 8090A0B0C0D0E0F".replace(' ', ""));
}

#[test]
fn a_cut_by_the_key_size_is_a_truncation_and_one_by_the_segment_size_is_not() {
    let long = vec![b'x'; 300];
    let (key, end) = key_of(Some(&long), BINARY, SegmentOrder::default(), WHOLE);
    assert_eq!((key.len(), end), (255, KeyEnd::Truncated));
    let sizes = KeySizes::of(None, Some(20));
    let (key, end) = key_of(Some(&long), BINARY, SegmentOrder::default(), sizes);
    assert_eq!((key.len(), end), (20, KeyEnd::Whole));
    assert_eq!(KeySizes::of(None, Some(255)).var_seg_mac, None);
    let tiny = KeySizes { key_most: 3, var_seg_mac: None };
    let (key, end) = key_of(Some(&[1, 0, 0, 0]), fixed(ColumnType::Long), SegmentOrder::default(), tiny);
    assert_eq!((hex(&key).as_str(), end), ("7F8000", KeyEnd::Truncated));
}

#[test]
fn keys_of_255_bytes_look_at_255_bytes_of_the_source_only() {
    let value: Vec<u8> = (0..=255).cycle().take(300).collect();
    let sizes = KeySizes { key_most: 1000, var_seg_mac: None };
    assert_eq!(key_of(Some(&value), BINARY, SegmentOrder::default(), sizes).0.len(), 1 + 38 * 9);
    let text = vec![b'a'; 253];
    let (key, end) = key_of(Some(&text), ASCII, SegmentOrder::default(), WHOLE);
    assert_eq!((key.len(), key.last(), end), (255, Some(&0), KeyEnd::Whole));
}

#[test]
fn the_byte_that_no_longer_fits_an_ascii_key_is_lowered_by_0x20_whatever_it_is() {
    let sizes = KeySizes { key_most: 5, var_seg_mac: None };
    let ascii = |text: &[u8]| {
        let (key, end) = key_of(Some(text), ASCII, SegmentOrder::default(), sizes);
        (hex(&key), end)
    };
    assert_eq!(ascii(b"abc"), ("7F41424300".to_owned(), KeyEnd::Whole));
    assert_eq!(ascii(b"abcd"), ("7F41424344".to_owned(), KeyEnd::Truncated));
    assert_eq!(ascii(b"abcA"), ("7F41424321".to_owned(), KeyEnd::Truncated));
    assert_eq!(ascii(b"abc\0xyz"), ("7F41424300".to_owned(), KeyEnd::Whole));
    assert_eq!(ascii(b"a\0cdefg"), ("7F4100".to_owned(), KeyEnd::Whole));
    assert_eq!(plain_key(b"\xE4\xC4z{", ASCII), "7FE4C45A7B00");
}

#[test]
fn values_of_the_wrong_size_and_utf16_text_are_refused() {
    let refused = |value: &[u8], column| {
        let mut key = Vec::new();
        normalize(
            &mut key,
            Some(value),
            column,
            SegmentOrder::default(),
            WHOLE,
            no_text(&IndexText::default()),
        )
        .expect_err("refused")
        .jet()
    };
    assert_eq!(refused(&[1, 2, 3], fixed(ColumnType::Long)), JetError::INVALID_BUFFER_SIZE);
    assert_eq!(refused(&[], fixed(ColumnType::Long)), JetError::INVALID_BUFFER_SIZE);
    let unicode = varying(ColumnType::LongText, CodePage::UNICODE);
    assert_eq!(refused(b"a\0", unicode), JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED);
}

/// A sort key as spec 04 §7.7 has it in its example.
struct ExampleText;

impl TextKey for ExampleText {
    fn append_sort_key(
        &self,
        _index: &IndexText,
        _text: &[u8],
        _room: usize,
        key: &mut Vec<u8>,
    ) -> FormatResult<KeyEnd> {
        key.extend_from_slice(&[0xCE, 0x93, 0x16, 1, 1, 1, 1, 0]);
        Ok(KeyEnd::Whole)
    }
}

fn no_text(index: &IndexText) -> TextKeys<'_> {
    TextKeys { index, keeper: &NoTextKey }
}

fn search(value: Option<&[u8]>, column: SegmentColumn, order: SegmentOrder, limit: ColumnLimit) -> String {
    let mut key = SearchKey::new(KeySizes { key_most: 11, var_seg_mac: None }, &ExampleText);
    key.push(value, column, order, Some(limit)).expect("a limit of this type");
    let again = key.push(value, column, order, None).expect_err("made");
    assert_eq!(again.jet(), JetError::KEY_IS_MADE);
    hex(key.as_bytes())
}

#[test]
fn limits_cut_and_fill_search_keys() {
    let unicode = varying(ColumnType::Text, CodePage::UNICODE);
    let plain = SegmentOrder::default();
    let text = |limit| search(Some(b"x\0"), unicode, plain, limit);
    assert_eq!(text(ColumnLimit::FullStart), "7FCE93160101010100");
    assert_eq!(text(ColumnLimit::PartialStart), "7FCE9316");
    assert_eq!(text(ColumnLimit::PartialEnd), "7FCE9316FFFFFFFFFFFFFFFF");
    assert_eq!(text(ColumnLimit::SubString), text(ColumnLimit::PartialEnd));
    assert_eq!(text(ColumnLimit::FullEnd), "7FCE93160101010100FFFFFF");
    assert_eq!(search(Some(b"x\0"), unicode, DESCENDING, ColumnLimit::PartialStart), "80316CE9");
    let ascii = |limit| search(Some(b"ab"), ASCII, plain, limit);
    assert_eq!(ascii(ColumnLimit::PartialStart), "7F4142");
    assert_eq!(ascii(ColumnLimit::PartialEnd), "7F4142FFFFFFFFFFFFFFFFFF");
    assert_eq!(ascii(ColumnLimit::String), "7F414200FFFFFFFFFFFFFFFF");
    let binary = |limit| search(Some(b"ab"), BINARY, plain, limit);
    assert_eq!(binary(ColumnLimit::PartialStart), "7F6162");
    assert_eq!(binary(ColumnLimit::PartialEnd), "7F6162FFFFFFFFFFFFFF");
    assert_eq!(binary(ColumnLimit::String), binary(ColumnLimit::PartialEnd));
    assert_eq!(search(None, BINARY, plain, ColumnLimit::PartialEnd), "00FFFFFFFFFFFFFFFFFFFFFF");
    assert_eq!(search(Some(&[5]), fixed(ColumnType::UnsignedByte), plain, ColumnLimit::SubString), "7F05");
}

#[test]
fn partial_limits_of_numbers_are_refused() {
    let mut key = SearchKey::new(WHOLE, &NoTextKey);
    let number = fixed(ColumnType::UnsignedByte);
    for limit in [ColumnLimit::PartialStart, ColumnLimit::PartialEnd] {
        let error = key.push(Some(&[5]), number, SegmentOrder::default(), Some(limit)).expect_err("refused");
        assert_eq!(error.jet(), JetError::INVALID_GRBIT);
    }
    key.set_normalized(&[1; 300]);
    assert_eq!(key.as_bytes().len(), 256);
}

const NUMBERS: [ColumnType; 14] = [
    ColumnType::Bit,
    ColumnType::UnsignedByte,
    ColumnType::Short,
    ColumnType::Long,
    ColumnType::Currency,
    ColumnType::IeeeSingle,
    ColumnType::IeeeDouble,
    ColumnType::DateTime,
    ColumnType::UnsignedLong,
    ColumnType::LongLong,
    ColumnType::Guid,
    ColumnType::UnsignedShort,
    ColumnType::UnsignedLongLong,
    ColumnType::LongBinary,
];

fn any_value() -> impl Strategy<Value = (SegmentColumn, Option<Vec<u8>>, bool)> {
    let column = prop::sample::select(NUMBERS.to_vec());
    (column, prop::option::of(prop::collection::vec(any::<u8>(), 0..40)), any::<bool>()).prop_map(
        |(column_type, mut value, descending)| {
            if let (Some(value), Some(size)) = (&mut value, column_type.fixed_size()) {
                value.resize(size.into(), 0x55);
                if column_type == ColumnType::Bit {
                    value[0] = if value[0] % 2 == 0 { 0 } else { 0xFF };
                }
            }
            let column =
                if column_type.is_long() { varying(column_type, CodePage::NONE) } else { fixed(column_type) };
            (column, value, descending)
        },
    )
}

proptest! {
    #[test]
    fn keys_of_numbers_compare_as_the_numbers_do(left in any::<i64>(), right in any::<i64>()) {
        let key = |value: i64, column_type, size: usize| {
            key_of(Some(&value.to_le_bytes()[..size]), fixed(column_type), SegmentOrder::default(), WHOLE).0
        };
        let ordered = |column_type, size| key(left, column_type, size).cmp(&key(right, column_type, size));
        prop_assert_eq!(ordered(ColumnType::LongLong, 8), left.cmp(&right));
        prop_assert_eq!(ordered(ColumnType::Currency, 8), left.cmp(&right));
        prop_assert_eq!(ordered(ColumnType::Long, 4), (left as i32).cmp(&(right as i32)));
        prop_assert_eq!(ordered(ColumnType::Short, 2), (left as i16).cmp(&(right as i16)));
        prop_assert_eq!(ordered(ColumnType::UnsignedLongLong, 8), (left as u64).cmp(&(right as u64)));
        prop_assert_eq!(ordered(ColumnType::UnsignedByte, 1), (left as u8).cmp(&(right as u8)));
        let (l, r) = (f64::from_bits(left as u64), f64::from_bits(right as u64));
        prop_assert_eq!(ordered(ColumnType::IeeeDouble, 8), l.total_cmp(&r));
        let (l, r) = (f32::from_bits(left as u32), f32::from_bits(right as u32));
        prop_assert_eq!(ordered(ColumnType::IeeeSingle, 4), l.total_cmp(&r));
    }

    #[test]
    fn keys_of_binary_values_compare_as_the_bytes_do(
        left in prop::collection::vec(0..3u8, 0..30), right in prop::collection::vec(0..3u8, 0..30),
    ) {
        for (order, expected) in [(SegmentOrder::default(), left.cmp(&right)), (DESCENDING, right.cmp(&left))] {
            let left = key_of(Some(&left), BINARY, order, WHOLE).0;
            let right = key_of(Some(&right), BINARY, order, WHOLE).0;
            prop_assert_eq!(left.cmp(&right), expected);
        }
    }

    #[test]
    fn values_come_back_out_of_keys(columns in prop::collection::vec(any_value(), 1..6)) {
        let sizes = KeySizes { key_most: 1000, var_seg_mac: None };
        let mut key = Vec::new();
        let mut segments = Vec::new();
        for (column, value, descending) in &columns {
            let order = SegmentOrder { descending: *descending, ..SegmentOrder::default() };
            normalize(&mut key, value.as_deref(), *column, order, sizes, no_text(&IndexText::default())).expect("a good value");
            segments.push((*column, order));
        }
        let parts = invert(&key, &segments, sizes);
        let expected: Vec<KeyPart> = columns.into_iter()
            .map(|(_, value, _)| value.map_or(KeyPart::Null, KeyPart::Value)).collect();
        prop_assert_eq!(parts, expected);
    }

    #[test]
    fn hostile_keys_never_panic(key in prop::collection::vec(any::<u8>(), 0..60), columns in prop::collection::vec(any_value(), 1..6)) {
        let segments: Vec<_> = columns.iter().map(|(column, _, descending)| {
            (*column, SegmentOrder { descending: *descending, ..SegmentOrder::default() })
        }).collect();
        prop_assert_eq!(invert(&key, &segments, WHOLE).len(), segments.len());
    }
}
