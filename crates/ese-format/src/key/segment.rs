//! One segment of a key.

use super::number::{self, GuidOrder};
use super::text::TextKeys;
use super::{
    KeyEnd, KeySizes, PREFIX_NULL, PREFIX_NULL_HIGH, PREFIX_VALUE, PREFIX_ZERO_LENGTH, binary, refused,
    western,
};
use crate::catalog::IndexFlags;
use crate::column_type::{CodePage, ColumnType};
use crate::error::{FormatResult, JetError, Problem};
use crate::record::{ColumnDefinition, ColumnLocation};

/// What of a column decides how its values are normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentColumn {
    /// Type.
    pub column_type: ColumnType,
    /// Size of the slot of a fixed column; `None` for variable and tagged ones. Binary has two forms.
    pub fixed_bytes: Option<u16>,
    /// Code page of text.
    pub code_page: CodePage,
}

impl SegmentColumn {
    /// Of a column.
    #[must_use]
    pub fn of(column: &ColumnDefinition) -> Self {
        let fixed_bytes = match column.location {
            ColumnLocation::Fixed { size, .. } => Some(size),
            _ => None,
        };
        Self { column_type: column.column_type, fixed_bytes, code_page: column.code_page }
    }

    /// Of the substrings of a column in a tuple index. Those of fixed Binary have no common length, and no key may begin
    /// another one (spec 02 §5.2), so they take the form of varying Binary (docs/format/records-and-keys.md).
    #[must_use]
    pub fn of_substrings(column: &ColumnDefinition) -> Self {
        let of_values = Self::of(column);
        let fixed_bytes = of_values.fixed_bytes.filter(|_| of_values.column_type != ColumnType::Binary);
        Self { fixed_bytes, ..of_values }
    }

    /// How the column's values are laid out in a key.
    pub(super) fn form(self) -> SegmentForm {
        match (self.column_type, self.fixed_bytes) {
            (ColumnType::Text | ColumnType::LongText, _) if self.code_page == CodePage::UNICODE => {
                SegmentForm::Unicode
            }
            (ColumnType::Text | ColumnType::LongText, _) => SegmentForm::Western,
            (ColumnType::Binary, Some(_)) => SegmentForm::FixedBinary,
            (fixed, _) if fixed.fixed_size().is_some() => SegmentForm::Number,
            _ => SegmentForm::Binary,
        }
    }
}

/// The forms of a segment's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SegmentForm {
    Number,
    FixedBinary,
    Binary,
    Western,
    Unicode,
}

/// How the segments of an index compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SegmentOrder {
    /// Descending.
    pub descending: bool,
    /// NULL comes after all values (before them where the segment descends).
    pub nulls_high: bool,
    /// Order of GUIDs.
    pub guid_order: GuidOrder,
}

impl SegmentOrder {
    /// Of a segment in an index with these flags.
    #[must_use]
    pub fn of(index: IndexFlags, descending: bool) -> Self {
        Self {
            descending,
            nulls_high: index.contains(IndexFlags::NULLS_HIGH),
            guid_order: if index.contains(IndexFlags::DOT_NET_GUID) {
                GuidOrder::DotNet
            } else {
                GuidOrder::Windows
            },
        }
    }
}

/// Appends the segment of one value (`None` is NULL) to `key`, which holds the segments before it.
///
/// # Errors
/// A value that has not the size of its type: `JET_errInvalidBufferSize`; text that `text` refuses.
pub fn normalize(
    key: &mut Vec<u8>,
    value: Option<&[u8]>,
    column: SegmentColumn,
    order: SegmentOrder,
    sizes: KeySizes,
    text: TextKeys<'_>,
) -> FormatResult<KeyEnd> {
    let start = key.len();
    let available = usize::from(sizes.key_most).saturating_sub(start);
    if available == 0 {
        return Ok(KeyEnd::Truncated);
    }
    // Most keys are numbers that fit.
    if let (Some(value), Some(size)) = (value, column.column_type.fixed_size())
        && value.len() == usize::from(size)
        && value.len() < available
        && column.form() == SegmentForm::Number
        && !order.descending
    {
        key.push(PREFIX_VALUE);
        number::append(value, column.column_type, order.guid_order, key);
        return Ok(KeyEnd::Whole);
    }
    let end = match value {
        None => {
            key.push(if order.nulls_high { PREFIX_NULL_HIGH } else { PREFIX_NULL });
            KeyEnd::Whole
        }
        Some([]) if column.column_type.fixed_size().is_none() => {
            key.push(PREFIX_ZERO_LENGTH);
            KeyEnd::Whole
        }
        Some(value) => {
            key.push(PREFIX_VALUE);
            append_value(key, value, column, order.guid_order, sizes, available, text)?
        }
    };
    if order.descending {
        key.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
    }
    Ok(end)
}

fn append_value(
    key: &mut Vec<u8>,
    value: &[u8],
    column: SegmentColumn,
    guid_order: GuidOrder,
    sizes: KeySizes,
    available: usize,
    text: TextKeys<'_>,
) -> FormatResult<KeyEnd> {
    let start = key.len() - 1;
    let form = column.form();
    let source = value.get(..sizes.source_bytes_max(column.code_page.character_bytes())).unwrap_or(value);
    let segment_max = sizes.var_seg_mac.map_or(available, |most| available.min(usize::from(most)));
    match form {
        SegmentForm::Number => {
            let size = column.column_type.fixed_size().map_or(0, usize::from);
            if value.len() != size {
                let problem = Problem::Mismatch { found: value.len() as u64, expected: size as u64 };
                return Err(refused("key segment", problem, JetError::INVALID_BUFFER_SIZE));
            }
            number::append(value, column.column_type, guid_order, key);
            return Ok(cut(key, start, available, available));
        }
        SegmentForm::FixedBinary => key.extend_from_slice(value),
        SegmentForm::Binary => binary::append(source, key),
        SegmentForm::Unicode => {
            let room = segment_max.saturating_sub(1);
            let end = text.keeper.append_sort_key(text.index, source, room, key)?;
            return Ok(if segment_max < available { KeyEnd::Whole } else { end });
        }
        SegmentForm::Western => {
            let end = western::append_western(source, segment_max.saturating_sub(1), key);
            return Ok(if segment_max < available { KeyEnd::Whole } else { end });
        }
    }
    Ok(cut(key, start, segment_max, available))
}

/// Cuts the segment at `start` to `segment_max` bytes; only a cut for want of room in the key is a truncation.
fn cut(key: &mut Vec<u8>, start: usize, segment_max: usize, available: usize) -> KeyEnd {
    let whole = key.len() - start;
    key.truncate(start.saturating_add(segment_max));
    if whole > segment_max && segment_max == available { KeyEnd::Truncated } else { KeyEnd::Whole }
}
