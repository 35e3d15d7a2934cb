//! Indexes: definition, choice and ranges.

use std::ffi::c_char;

use super::not_available;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Create several indexes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex2A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE_A,
    cIndexCreate: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pindexcreate, cIndexCreate)
}

/// Create several indexes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex2W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE_W,
    cIndexCreate: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pindexcreate, cIndexCreate)
}

/// As before with space hints.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex3A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE2_A,
    cIndexCreate: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pindexcreate, cIndexCreate)
}

/// As before with space hints.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex3W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE2_W,
    cIndexCreate: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pindexcreate, cIndexCreate)
}

/// As before with locale names.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex4A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE3_A,
    cIndexCreate: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pindexcreate, cIndexCreate)
}

/// As before with locale names.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex4W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE3_W,
    cIndexCreate: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pindexcreate, cIndexCreate)
}

/// Create an index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndexA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
    grbit: JET_GRBIT,
    szKey: *const c_char,
    cbKey: u32,
    lDensity: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, grbit, szKey, cbKey, lDensity)
}

/// Create an index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndexW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
    grbit: JET_GRBIT,
    szKey: *const WCHAR,
    cbKey: u32,
    lDensity: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, grbit, szKey, cbKey, lDensity)
}

/// Delete an index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteIndexA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName)
}

/// Delete an index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteIndexW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName)
}

/// Name of the current index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetCurrentIndexA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PSTR,
    cbIndexName: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, cbIndexName)
}

/// Name of the current index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetCurrentIndexW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PWSTR,
    cbIndexName: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, cbIndexName)
}

/// Count entries up to a limit.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetIndexRecordCount(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pcrec: *mut u32,
    crecMax: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pcrec, crecMax)
}

/// Count with 64 bits (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetIndexRecordCount2(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pcrec: *mut u64,
    crecMax: u64,
) -> JET_ERR {
    not_available!(sesid, tableid, pcrec, crecMax)
}

/// Records common to several ranges.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetIntersectIndexes(
    sesid: JET_SESID,
    rgindexrange: *mut JET_INDEXRANGE,
    cindexrange: u32,
    precordlist: *mut JET_RECORDLIST,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, rgindexrange, cindexrange, precordlist, grbit)
}

/// Read one range ahead (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrereadIndexRange(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pIndexRange: *const JET_INDEX_RANGE,
    cPageCacheMin: u32,
    cPageCacheMax: u32,
    grbit: JET_GRBIT,
    pcPageCacheActual: *mut u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pIndexRange, cPageCacheMin, cPageCacheMax, grbit, pcPageCacheActual)
}

/// Read ahead by ranges.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrereadIndexRanges(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    rgIndexRanges: *const JET_INDEX_RANGE,
    cIndexRanges: u32,
    pcRangesPreread: *mut u32,
    rgcolumnidPreread: *const JET_COLUMNID,
    ccolumnidPreread: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(
        sesid,
        tableid,
        rgIndexRanges,
        cIndexRanges,
        pcRangesPreread,
        rgcolumnidPreread,
        ccolumnidPreread,
        grbit
    )
}

/// Choose with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex2A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, grbit)
}

/// Choose with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex2W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, grbit)
}

/// Choose with value number.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex3A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
    grbit: JET_GRBIT,
    itagSequence: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, grbit, itagSequence)
}

/// Choose with value number.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex3W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
    grbit: JET_GRBIT,
    itagSequence: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, grbit, itagSequence)
}

/// Choose by JET\_INDEXID.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex4A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
    pindexid: *mut JET_INDEXID,
    grbit: JET_GRBIT,
    itagSequence: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, pindexid, grbit, itagSequence)
}

/// Choose by JET\_INDEXID.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex4W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
    pindexid: *mut JET_INDEXID,
    grbit: JET_GRBIT,
    itagSequence: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, pindexid, grbit, itagSequence)
}

/// Choose an index by name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndexA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName)
}

/// Choose an index by name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndexW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName)
}

/// Limit moves by the current key.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetIndexRange(
    sesid: JET_SESID,
    tableidSrc: JET_TABLEID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableidSrc, grbit)
}
