//! Fixed-size types in keys (spec 04 §7.1).

use crate::column_type::ColumnType;

/// Source byte of each key byte of a GUID.
const GUID_ORDER: [usize; 16] = [10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3];
/// The same in an index in .NET order.
const GUID_ORDER_DOT_NET: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/// Which of the two orders GUIDs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum GuidOrder {
    /// As Windows compares them.
    #[default]
    Windows,
    /// As .NET compares them.
    DotNet,
}

impl GuidOrder {
    fn source_bytes(self) -> &'static [usize; 16] {
        match self {
            Self::Windows => &GUID_ORDER,
            Self::DotNet => &GUID_ORDER_DOT_NET,
        }
    }
}

/// What is done to the big-endian bytes of a number.
enum Mapping {
    AsIs,
    FlipSign,
    Float,
}

fn mapping(column_type: ColumnType) -> Option<Mapping> {
    Some(match column_type {
        ColumnType::UnsignedByte
        | ColumnType::UnsignedShort
        | ColumnType::UnsignedLong
        | ColumnType::UnsignedLongLong => Mapping::AsIs,
        ColumnType::Short | ColumnType::Long | ColumnType::Currency | ColumnType::LongLong => {
            Mapping::FlipSign
        }
        ColumnType::IeeeSingle | ColumnType::IeeeDouble | ColumnType::DateTime => Mapping::Float,
        _ => return None,
    })
}

/// Appends the key bytes of a value that has the size of its type.
pub(super) fn append(value: &[u8], column_type: ColumnType, guid_order: GuidOrder, key: &mut Vec<u8>) {
    match column_type {
        ColumnType::Bit => key.push(if value.first() == Some(&0) { 0x00 } else { 0xFF }),
        ColumnType::Guid => key.extend(guid_order.source_bytes().iter().filter_map(|from| value.get(*from))),
        _ => match value.len() {
            1 => append_number::<1>(value, column_type, key),
            2 => append_number::<2>(value, column_type, key),
            4 => append_number::<4>(value, column_type, key),
            _ => append_number::<8>(value, column_type, key),
        },
    }
}

/// Appends the key bytes of a number of `N` bytes; nothing for a value that has not as many.
#[inline]
fn append_number<const N: usize>(value: &[u8], column_type: ColumnType, key: &mut Vec<u8>) {
    let Ok(mut bytes) = <[u8; N]>::try_from(value) else { return };
    bytes.reverse();
    match (mapping(column_type), bytes.first().is_some_and(|first| first & 0x80 != 0)) {
        (None | Some(Mapping::AsIs), _) => {}
        (Some(Mapping::Float), true) => bytes.iter_mut().for_each(|byte| *byte = !*byte),
        (Some(Mapping::FlipSign | Mapping::Float), _) => flip_top_bit(&mut bytes),
    }
    key.extend_from_slice(&bytes);
}

/// The value whose key bytes these are; `None` for types that have no such form.
pub(super) fn invert(key: &[u8], column_type: ColumnType, guid_order: GuidOrder) -> Option<Vec<u8>> {
    match column_type {
        ColumnType::Bit => Some(key.to_vec()),
        ColumnType::Guid => {
            let mut value = vec![0; 16];
            for (byte, place) in key.iter().zip(guid_order.source_bytes()) {
                *value.get_mut(*place)? = *byte;
            }
            Some(value)
        }
        _ => {
            let mut bytes = key.to_vec();
            match (mapping(column_type)?, key.first().is_some_and(|first| first & 0x80 != 0)) {
                (Mapping::AsIs, _) => {}
                (Mapping::Float, false) => bytes.iter_mut().for_each(|byte| *byte = !*byte),
                (Mapping::FlipSign, _) | (Mapping::Float, true) => flip_top_bit(&mut bytes),
            }
            bytes.reverse();
            Some(bytes)
        }
    }
}

fn flip_top_bit(bytes: &mut [u8]) {
    if let Some(first) = bytes.first_mut() {
        *first ^= 0x80;
    }
}
