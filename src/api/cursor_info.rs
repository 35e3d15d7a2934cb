//! Where a cursor is and whether its record may be changed: JetGetRecordPosition and JetGetCursorInfo (spec 09 §7.7, §11.2).

use std::ffi::c_void;

use ese_engine::temp::TemporaryCall;
use ese_format::error::JetError;

use super::argument::Buffer;
use super::on_cursor::on_given_cursor;
use crate::abi::guard::Completion;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Estimate the record's relative position.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetRecordPosition(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    precpos: *mut JET_RECPOS,
    cbRecpos: u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or may be written in its length.
    let answer = unsafe { Buffer::new(precpos.cast(), cbRecpos) };
    on_given_cursor(sesid, tableid, |call| {
        if answer.bytes() < size_of::<JET_RECPOS>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        let cursor = call.cursor.admit(call.session, TemporaryCall::Other)?;
        let position = cursor.record_position(call.session)?;
        let (below, total) = (position.below, position.total);
        if answer.bytes() < size_of::<JET_RECPOS2>() {
            let (below, total) = in_32_bits(below, total);
            answer.write_value(JET_RECPOS {
                cbStruct: size_of::<JET_RECPOS>() as u32,
                centriesLT: below,
                centriesInRange: position.here as u32,
                centriesTotal: total,
            })?;
        } else {
            answer.write_value(JET_RECPOS2 {
                cbStruct: size_of::<JET_RECPOS2>() as u32,
                centriesLTDeprecated: below as u32,
                centriesInRangeDeprecated: position.here as u32,
                centriesTotalDeprecated: total as u32,
                centriesLT: below,
                centriesTotal: total,
            })?;
        }
        Ok(Completion::Success)
    })
}

/// The same fraction in numbers of 32 bits: only the fraction means something.
fn in_32_bits(below: u64, total: u64) -> (u32, u32) {
    let excess = u64::BITS - total.leading_zeros();
    let shift = excess.saturating_sub(u32::BITS);
    ((below >> shift) as u32, (total >> shift) as u32)
}

/// Check for conflicting updates of the current record.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetCursorInfo(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // There is no answer but the code.
    let _ = pvResult;
    on_given_cursor(sesid, tableid, |call| {
        let cursor = call.cursor.admit(call.session, TemporaryCall::CursorInformation)?;
        if cbMax != 0 || InfoLevel != 0 {
            return Err(JetError::INVALID_PARAMETER);
        }
        cursor.check_conflict(call.session)?;
        Ok(Completion::Success)
    })
}

#[cfg(test)]
mod tests {
    use super::in_32_bits;

    #[test]
    fn a_fraction_stays_the_same_in_fewer_bits() {
        assert_eq!(in_32_bits(3, 5), (3, 5));
        assert_eq!(in_32_bits(u64::from(u32::MAX), u64::from(u32::MAX)), (u32::MAX, u32::MAX));
        assert_eq!(in_32_bits(1 << 40, 1 << 41), (1 << 30, 1 << 31));
        assert_eq!(in_32_bits(0, u64::MAX), (0, u32::MAX));
    }
}
