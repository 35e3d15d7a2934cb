//! Databases: create, attach, open, size.

use std::ffi::c_void;

use super::not_available;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Attach with maximum size.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabase2A(
    sesid: JET_SESID,
    szFilename: JET_PCSTR,
    cpgDatabaseSizeMax: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, cpgDatabaseSizeMax, grbit)
}

/// Attach with maximum size.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabase2W(
    sesid: JET_SESID,
    szFilename: JET_PCWSTR,
    cpgDatabaseSizeMax: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, cpgDatabaseSizeMax, grbit)
}

/// Attach with parameters (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabase3A(
    sesid: JET_SESID,
    szFilename: JET_PCSTR,
    rgsetdbparam: *mut JET_SETDBPARAM,
    csetdbparam: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, rgsetdbparam, csetdbparam, grbit)
}

/// Attach with parameters (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabase3W(
    sesid: JET_SESID,
    szFilename: JET_PCWSTR,
    rgsetdbparam: *mut JET_SETDBPARAM,
    csetdbparam: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, rgsetdbparam, csetdbparam, grbit)
}

/// Attach a database file to the instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabaseA(
    sesid: JET_SESID,
    szFilename: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, grbit)
}

/// Attach a database file to the instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabaseW(
    sesid: JET_SESID,
    szFilename: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, grbit)
}

/// Obsolete streaming-file attach; returns JET\_errFeatureNotAvailable.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabaseWithStreamingA(
    sesid: JET_SESID,
    szDbFileName: JET_PCSTR,
    szSLVFileName: JET_PCSTR,
    szSLVRootName: JET_PCSTR,
    cpgDatabaseSizeMax: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szDbFileName, szSLVFileName, szSLVRootName, cpgDatabaseSizeMax, grbit)
}

/// Obsolete streaming-file attach; returns JET\_errFeatureNotAvailable.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabaseWithStreamingW(
    sesid: JET_SESID,
    szDbFileName: JET_PCWSTR,
    szSLVFileName: JET_PCWSTR,
    szSLVRootName: JET_PCWSTR,
    cpgDatabaseSizeMax: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szDbFileName, szSLVFileName, szSLVRootName, cpgDatabaseSizeMax, grbit)
}

/// Close a database in a session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCloseDatabase(
    sesid: JET_SESID,
    dbid: JET_DBID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, grbit)
}

/// Create with maximum size.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateDatabase2A(
    sesid: JET_SESID,
    szFilename: JET_PCSTR,
    cpgDatabaseSizeMax: u32,
    pdbid: *mut JET_DBID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, cpgDatabaseSizeMax, pdbid, grbit)
}

/// Create with maximum size.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateDatabase2W(
    sesid: JET_SESID,
    szFilename: JET_PCWSTR,
    cpgDatabaseSizeMax: u32,
    pdbid: *mut JET_DBID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, cpgDatabaseSizeMax, pdbid, grbit)
}

/// Create with parameters (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateDatabase3A(
    sesid: JET_SESID,
    szFilename: JET_PCSTR,
    pdbid: *mut JET_DBID,
    rgsetdbparam: *mut JET_SETDBPARAM,
    csetdbparam: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, pdbid, rgsetdbparam, csetdbparam, grbit)
}

/// Create with parameters (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateDatabase3W(
    sesid: JET_SESID,
    szFilename: JET_PCWSTR,
    pdbid: *mut JET_DBID,
    rgsetdbparam: *mut JET_SETDBPARAM,
    csetdbparam: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, pdbid, rgsetdbparam, csetdbparam, grbit)
}

/// Create, attach and open a database.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateDatabaseA(
    sesid: JET_SESID,
    szFilename: JET_PCSTR,
    szConnect: JET_PCSTR,
    pdbid: *mut JET_DBID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, szConnect, pdbid, grbit)
}

/// Create, attach and open a database.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateDatabaseW(
    sesid: JET_SESID,
    szFilename: JET_PCWSTR,
    szConnect: JET_PCWSTR,
    pdbid: *mut JET_DBID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, szConnect, pdbid, grbit)
}

/// Obsolete streaming-file create; returns JET\_errFeatureNotAvailable.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateDatabaseWithStreamingA(
    sesid: JET_SESID,
    szDbFileName: JET_PCSTR,
    szSLVFileName: JET_PCSTR,
    szSLVRootName: JET_PCSTR,
    cpgDatabaseSizeMax: u32,
    pdbid: *mut JET_DBID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szDbFileName, szSLVFileName, szSLVRootName, cpgDatabaseSizeMax, pdbid, grbit)
}

/// Obsolete streaming-file create; returns JET\_errFeatureNotAvailable.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateDatabaseWithStreamingW(
    sesid: JET_SESID,
    szDbFileName: JET_PCWSTR,
    szSLVFileName: JET_PCWSTR,
    szSLVRootName: JET_PCWSTR,
    cpgDatabaseSizeMax: u32,
    pdbid: *mut JET_DBID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szDbFileName, szSLVFileName, szSLVRootName, cpgDatabaseSizeMax, pdbid, grbit)
}

/// Make an encryption key (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateEncryptionKey(
    encryptionAlgorithm: u32,
    pvKey: *mut c_void,
    cbKey: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(encryptionAlgorithm, pvKey, cbKey, pcbActual)
}

/// Detach with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDetachDatabase2A(
    sesid: JET_SESID,
    szFilename: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, grbit)
}

/// Detach with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDetachDatabase2W(
    sesid: JET_SESID,
    szFilename: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, grbit)
}

/// Detach a database (NULL name: all).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDetachDatabaseA(sesid: JET_SESID, szFilename: JET_PCSTR) -> JET_ERR {
    not_available!(sesid, szFilename)
}

/// Detach a database (NULL name: all).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDetachDatabaseW(sesid: JET_SESID, szFilename: JET_PCWSTR) -> JET_ERR {
    not_available!(sesid, szFilename)
}

/// Facts of a database file by name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetDatabaseFileInfoA(
    szDatabaseName: JET_PCSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(szDatabaseName, pvResult, cbMax, InfoLevel)
}

/// Facts of a database file by name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetDatabaseFileInfoW(
    szDatabaseName: JET_PCWSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(szDatabaseName, pvResult, cbMax, InfoLevel)
}

/// Facts of an open database.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetDatabaseInfoA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, dbid, pvResult, cbMax, InfoLevel)
}

/// Facts of an open database.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetDatabaseInfoW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, dbid, pvResult, cbMax, InfoLevel)
}

/// Read the size limit (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetMaxDatabaseSize(
    sesid: JET_SESID,
    dbid: JET_DBID,
    pcpg: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, pcpg, grbit)
}

/// Grow an open database.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGrowDatabase(
    sesid: JET_SESID,
    dbid: JET_DBID,
    cpg: u32,
    pcpgReal: *mut u32,
) -> JET_ERR {
    not_available!(sesid, dbid, cpg, pcpgReal)
}

/// Open an attached database in a session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenDatabaseA(
    sesid: JET_SESID,
    szFilename: JET_PCSTR,
    szConnect: JET_PCSTR,
    pdbid: *mut JET_DBID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, szConnect, pdbid, grbit)
}

/// Open an attached database in a session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenDatabaseW(
    sesid: JET_SESID,
    szFilename: JET_PCWSTR,
    szConnect: JET_PCWSTR,
    pdbid: *mut JET_DBID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szFilename, szConnect, pdbid, grbit)
}

/// Grow or shrink an open database.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetResizeDatabase(
    sesid: JET_SESID,
    dbid: JET_DBID,
    cpgTarget: u32,
    pcpgActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, cpgTarget, pcpgActual, grbit)
}

/// Set the size of a detached database file.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetDatabaseSizeA(
    sesid: JET_SESID,
    szDatabaseName: JET_PCSTR,
    cpg: u32,
    pcpgReal: *mut u32,
) -> JET_ERR {
    not_available!(sesid, szDatabaseName, cpg, pcpgReal)
}

/// Set the size of a detached database file.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetDatabaseSizeW(
    sesid: JET_SESID,
    szDatabaseName: JET_PCWSTR,
    cpg: u32,
    pcpgReal: *mut u32,
) -> JET_ERR {
    not_available!(sesid, szDatabaseName, cpg, pcpgReal)
}

/// Set the size limit (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetMaxDatabaseSize(
    sesid: JET_SESID,
    dbid: JET_DBID,
    cpg: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, cpg, grbit)
}
