//! Column values back out of keys (spec 04 §7.8).

use super::number::{self, GuidOrder};
use super::segment::{SegmentColumn, SegmentForm, SegmentOrder};
use super::{KeySizes, PREFIX_NULL, PREFIX_NULL_HIGH, PREFIX_VALUE, PREFIX_ZERO_LENGTH, binary};

/// What a key says of one of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPart {
    /// NULL.
    Null,
    /// The value.
    Value(Vec<u8>),
    /// The key does not tell: text, a key that was cut, or what lies behind.
    NotTold,
}

/// The values of the columns of a key, one for each segment. A key that fills its size may have been cut and tells
/// nothing; nor do segments behind UTF-16 text or behind bytes that are no segment.
#[must_use]
pub fn invert(key: &[u8], segments: &[(SegmentColumn, SegmentOrder)], sizes: KeySizes) -> Vec<KeyPart> {
    let may_be_cut = key.len() >= usize::from(sizes.key_most);
    let mut rest = (!may_be_cut && sizes.var_seg_mac.is_none()).then_some(key);
    let part = |(column, order): &(SegmentColumn, SegmentOrder)| {
        let (part, behind) =
            rest.map_or((KeyPart::NotTold, None), |bytes| first_part(bytes, *column, *order));
        rest = behind;
        part
    };
    segments.iter().map(part).collect()
}

/// The part at the start of `key`, and what lies behind it where that can be told.
fn first_part(key: &[u8], column: SegmentColumn, order: SegmentOrder) -> (KeyPart, Option<&[u8]>) {
    let plain = |byte: u8| if order.descending { !byte } else { byte };
    let Some((prefix, rest)) = key.split_first() else { return (KeyPart::NotTold, None) };
    match plain(*prefix) {
        PREFIX_NULL | PREFIX_NULL_HIGH => (KeyPart::Null, Some(rest)),
        PREFIX_ZERO_LENGTH => (KeyPart::Value(Vec::new()), Some(rest)),
        PREFIX_VALUE => value_part(rest, column, order.guid_order, plain),
        _ => (KeyPart::NotTold, None),
    }
}

fn value_part(
    rest: &[u8],
    column: SegmentColumn,
    guid_order: GuidOrder,
    plain: impl Fn(u8) -> u8,
) -> (KeyPart, Option<&[u8]>) {
    let told = match column.form() {
        SegmentForm::Number => {
            let size = column.column_type.fixed_size().map_or(0, usize::from);
            rest.split_at_checked(size).and_then(|(bytes, behind)| {
                let bytes: Vec<u8> = bytes.iter().map(|byte| plain(*byte)).collect();
                Some((number::invert(&bytes, column.column_type, guid_order)?, behind))
            })
        }
        SegmentForm::Binary => {
            let bytes: Vec<u8> = rest.iter().map(|byte| plain(*byte)).collect();
            binary::invert(&bytes).and_then(|(value, taken)| Some((value, rest.get(taken..)?)))
        }
        SegmentForm::Western => {
            let end = rest.iter().position(|byte| plain(*byte) == 0);
            return (KeyPart::NotTold, end.and_then(|end| rest.get(end + 1..)));
        }
        SegmentForm::FixedBinary => {
            let size = column.fixed_bytes.map_or(0, usize::from);
            let split = rest.split_at_checked(size);
            split.map(|(bytes, behind)| (bytes.iter().map(|byte| plain(*byte)).collect(), behind))
        }
        SegmentForm::Unicode => None,
    };
    told.map_or((KeyPart::NotTold, None), |(value, behind)| (KeyPart::Value(value), Some(behind)))
}
