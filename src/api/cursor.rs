//! Cursors: keys, seeks, moves, bookmarks, callbacks, local storage.

use std::ffi::c_void;

use super::not_available;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Open another cursor on the same table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDupCursor(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    ptableid: *mut JET_TABLEID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, ptableid, grbit)
}

/// Primary key bookmark.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetBookmark(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvBookmark: *mut c_void,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pvBookmark, cbMax, pcbActual)
}

/// Read local storage.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLS(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pls: *mut JET_LS,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, pls, grbit)
}

/// Secondary index bookmark.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetSecondaryIndexBookmark(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvSecondaryKey: *mut c_void,
    cbSecondaryKeyMax: u32,
    pcbSecondaryKeyActual: *mut u32,
    pvPrimaryBookmark: *mut c_void,
    cbPrimaryBookmarkMax: u32,
    pcbPrimaryBookmarkActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(
        sesid,
        tableid,
        pvSecondaryKey,
        cbSecondaryKeyMax,
        pcbSecondaryKeyActual,
        pvPrimaryBookmark,
        cbPrimaryBookmarkMax,
        pcbPrimaryBookmarkActual,
        grbit
    )
}

/// Go to a record by bookmark.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGotoBookmark(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvBookmark: *mut c_void,
    cbBookmark: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pvBookmark, cbBookmark)
}

/// Go to a relative position.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGotoPosition(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    precpos: *mut JET_RECPOS,
) -> JET_ERR {
    not_available!(sesid, tableid, precpos)
}

/// Go to an index entry by bookmark.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGotoSecondaryIndexBookmark(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvSecondaryKey: *mut c_void,
    cbSecondaryKey: u32,
    pvPrimaryBookmark: *mut c_void,
    cbPrimaryBookmark: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(
        sesid,
        tableid,
        pvSecondaryKey,
        cbSecondaryKey,
        pvPrimaryBookmark,
        cbPrimaryBookmark,
        grbit
    )
}

/// Build a search key column by column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetMakeKey(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvData: *const c_void,
    cbData: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, pvData, cbData, grbit)
}

/// Move by rows.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetMove(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    cRow: i32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, cRow, grbit)
}

/// Read ahead by keys.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrereadKeys(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    rgpvKeys: *mut *const c_void,
    rgcbKeys: *const u32,
    ckeys: i32,
    pckeysPreread: *mut i32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, rgpvKeys, rgcbKeys, ckeys, pckeysPreread, grbit)
}

/// Run-time record callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRegisterCallback(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    cbtyp: JET_CBTYP,
    pCallback: JET_CALLBACK,
    pvContext: *mut c_void,
    phCallbackId: *mut JET_HANDLE,
) -> JET_ERR {
    not_available!(sesid, tableid, cbtyp, pCallback, pvContext, phCallbackId)
}

/// Current key or search key.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveKey(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvKey: *mut c_void,
    cbMax: u32,
    pcbActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, pvKey, cbMax, pcbActual, grbit)
}

/// Find a key.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSeek(sesid: JET_SESID, tableid: JET_TABLEID, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(sesid, tableid, grbit)
}

/// Filter rows while moving.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCursorFilter(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    rgColumnFilters: *mut JET_INDEX_COLUMN,
    cColumnFilters: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, rgColumnFilters, cColumnFilters, grbit)
}

/// Attach local storage to a cursor or table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetLS(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    ls: JET_LS,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, ls, grbit)
}

/// Remove a callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetUnregisterCallback(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    cbtyp: JET_CBTYP,
    hCallbackId: JET_HANDLE,
) -> JET_ERR {
    not_available!(sesid, tableid, cbtyp, hCallbackId)
}
