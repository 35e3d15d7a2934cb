//! What JetRetrieveColumn tells of a value other than its bytes (spec 09 §9.4).

use ese_format::error::JetError;
use ese_format::record::Value;

use crate::error::Result;
use crate::table::{Completion, RetrieveGrbit};

use super::retrieve::{ColumnRequest, Retrieved};
use super::values::{RecordInHand, copy_from};

/// What the options ask of a value beside its bytes; `None` when they ask for the bytes.
pub(super) fn special(
    record: &RecordInHand<'_>,
    value: Value<'_>,
    column: u32,
    itag: u32,
    request: &ColumnRequest,
    buffer: &mut [u8],
) -> Result<Option<Retrieved>> {
    let grbit = request.grbit;
    if grbit.contains(RetrieveGrbit::PREREAD_ONLY) {
        return Ok(Some(Retrieved::of(column, itag, 0, Completion::Success)));
    }
    if grbit.contains(RetrieveGrbit::PHYSICAL_SIZE) {
        let bytes = match value {
            Value::Inline(bytes) | Value::Compressed(bytes) | Value::Encrypted(bytes) => bytes.len(),
            Value::Separated(_) => record.size(value)?,
            Value::Absent | Value::Null => 0,
        };
        return Ok(Some(Retrieved::of(column, itag, bytes, Completion::Success)));
    }
    if !grbit.intersects(RetrieveGrbit::LONG_ID | RetrieveGrbit::LONG_VALUE_REF_COUNT) {
        return Ok(None);
    }
    let Value::Separated(id) = value else { return Ok(Some(Retrieved::null(column, itag))) };
    let actual = if grbit.contains(RetrieveGrbit::LONG_ID) {
        let mut bytes = Vec::new();
        id.append_to_record(&mut bytes);
        if buffer.len() >= 8 {
            bytes.resize(8, 0);
        }
        copy_from(&bytes, buffer)
    } else {
        let count = record.long_value_root(value)?.map_or(0, |root| root.reference_count);
        copy_from(&count.to_le_bytes(), buffer)
    };
    let separate = Completion::Warning(JetError::WRN_SEPARATE_LONG_VALUE);
    Ok(Some(Retrieved::of(column, itag, actual, separate)))
}
