//! The target of key normalisation.

use ese_format::column_type::{CodePage, ColumnType};
use ese_format::key::{
    ColumnLimit, GuidOrder, KeyEnd, KeyPart, KeySizes, SearchKey, SegmentColumn, SegmentOrder, StoredText,
    TextKeys, invert, normalize,
};

use ese_format::sort_key::{Certainty, IndexText};

use super::take;

const LIMITS: [Option<ColumnLimit>; 7] = [
    None,
    Some(ColumnLimit::FullStart),
    Some(ColumnLimit::FullEnd),
    Some(ColumnLimit::PartialStart),
    Some(ColumnLimit::PartialEnd),
    Some(ColumnLimit::SubString),
    Some(ColumnLimit::String),
];

/// Bytes 0-5: column type, order, sizes, code page, limit, length of the first value; then two values of the column.
pub(super) fn key_normalisation(input: &[u8]) {
    let mut rest = input;
    let [coltyp, order, sizes, code_page, limit, first_length] = take(&mut rest);
    let fixed = code_page & 1 == 1;
    let (first, second) = rest.split_at(usize::from(first_length).min(rest.len()));
    let column_type = ColumnType::from_code(u32::from(coltyp % 20));
    let column = SegmentColumn {
        column_type,
        fixed_bytes: fixed.then_some(first.len() as u16),
        code_page: if code_page & 2 == 2 { CodePage::UNICODE } else { CodePage::WESTERN },
    };
    let order = SegmentOrder {
        descending: order & 1 == 1,
        nulls_high: order & 2 == 2,
        guid_order: if order & 4 == 4 { GuidOrder::DotNet } else { GuidOrder::Windows },
    };
    let sizes = KeySizes::of(Some(u16::from(sizes) * 8), (sizes % 3 == 0).then_some(20));
    let first_key = key_of(Some(first), column, order, sizes);
    let second_key = key_of(Some(second), column, order, sizes);
    let null_key = key_of(None, column, order, sizes);
    if let (Some((first_key, KeyEnd::Whole)), Some((second_key, KeyEnd::Whole))) = (&first_key, &second_key)
        && column_type.is_binary()
        && !fixed
        && sizes.var_seg_mac.is_none()
        && first.len().max(second.len()) <= 255
    {
        let ordering = first.cmp(second);
        assert_eq!(first_key.cmp(second_key), if order.descending { ordering.reverse() } else { ordering });
    }
    if let (Some((null, KeyEnd::Whole)), Some((first_key, KeyEnd::Whole))) = (null_key, first_key) {
        let expected = if order.nulls_high == order.descending {
            std::cmp::Ordering::Less
        } else {
            std::cmp::Ordering::Greater
        };
        assert_eq!(null.cmp(&first_key), expected);
        match invert(&first_key, &[(column, order)], sizes).first() {
            // A Bit that is not 00 is FF in keys; of 255-byte keys, not every source byte counts.
            Some(KeyPart::Value(value)) if sizes.key_most != 255 && column_type != ColumnType::Bit => {
                assert_eq!(value, first, "{column:?} {order:?}");
            }
            Some(KeyPart::Null) => panic!("a value came back as NULL"),
            _ => {}
        }
    }
    let _ = invert(rest, &[(column, order), (column, order)], sizes);
    let mut search = SearchKey::new(sizes, StoredText::needing(Certainty::Published));
    let _ = search.push(Some(first), column, order, None);
    let _ = search.push(Some(second), column, order, LIMITS[usize::from(limit) % LIMITS.len()]);
}

fn key_of(
    value: Option<&[u8]>,
    column: SegmentColumn,
    order: SegmentOrder,
    sizes: KeySizes,
) -> Option<(Vec<u8>, KeyEnd)> {
    let mut key = Vec::new();
    let end = normalize(
        &mut key,
        value,
        column,
        order,
        sizes,
        TextKeys { index: &IndexText::default(), keeper: StoredText::needing(Certainty::Published) },
    )
    .ok()?;
    assert!(key.len() <= usize::from(sizes.key_most));
    Some((key, end))
}
