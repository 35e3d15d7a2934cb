//! Databases: create, attach, open, size (spec 09 §4).

use std::ffi::c_void;
use std::path::Path;
use std::sync::Arc;

use ese_engine::catalog::{IndexChecking, Shadow, StaleIndex, StaleIndexes};
use ese_engine::file_map::{AtRollback, Logging};
use ese_engine::instance::{
    AttachRequest, Attached, AttachedDatabase, CreateRequest, Instance, OpenMode, Resize, Writability,
    set_database_size,
};
use ese_engine::io::Existing;
use ese_format::error::JetError;

use super::argument::{Buffer, Place, Text};
use super::database_info::{self, NameForm};
use super::not_available;
use crate::abi::guard::Completion;
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::params::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{SessionCall, with_database, with_session};
use crate::runtime::instance::AfterStop;

/// Parameters of one database at most.
const PARAMETERS_MAX: u32 = 1024;
/// Attach with maximum size.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabase2A(
    sesid: JET_SESID,
    szFilename: JET_PCSTR,
    cpgDatabaseSizeMax: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let path = unsafe { Text::ansi(szFilename) };
    attach(sesid, path, grbit, || Ok(cpgDatabaseSizeMax))
}

/// Attach with maximum size.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabase2W(
    sesid: JET_SESID,
    szFilename: JET_PCWSTR,
    cpgDatabaseSizeMax: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let path = unsafe { Text::wide(szFilename) };
    attach(sesid, path, grbit, || Ok(cpgDatabaseSizeMax))
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
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let path = unsafe { Text::ansi(szFilename) };
    // SAFETY: the caller's array has so many elements, whose values may be read in their length.
    attach(sesid, path, grbit, || unsafe { size_limit(rgsetdbparam, csetdbparam) })
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
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let path = unsafe { Text::wide(szFilename) };
    // SAFETY: the caller's array has so many elements, whose values may be read in their length.
    attach(sesid, path, grbit, || unsafe { size_limit(rgsetdbparam, csetdbparam) })
}

/// Attach a database file to the instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabaseA(
    sesid: JET_SESID,
    szFilename: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let path = unsafe { Text::ansi(szFilename) };
    attach(sesid, path, grbit, || Ok(0))
}

/// Attach a database file to the instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAttachDatabaseW(
    sesid: JET_SESID,
    szFilename: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let path = unsafe { Text::wide(szFilename) };
    attach(sesid, path, grbit, || Ok(0))
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
    let _ = grbit;
    with_session(sesid, AfterStop::Answered, |call| {
        let session = call.session.handle();
        call.body()?.close_database(session, dbid)?;
        Ok(Completion::Success)
    })
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
    // SAFETY: the caller's text is NULL or NUL-terminated, its place NULL or may be written.
    let (path, place) = unsafe { (Text::ansi(szFilename), Place::new(pdbid)) };
    create(sesid, path, place, grbit, || Ok(cpgDatabaseSizeMax))
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
    // SAFETY: the caller's text is NULL or NUL-terminated, its place NULL or may be written.
    let (path, place) = unsafe { (Text::wide(szFilename), Place::new(pdbid)) };
    create(sesid, path, place, grbit, || Ok(cpgDatabaseSizeMax))
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
    // SAFETY: the caller's text is NULL or NUL-terminated, its place NULL or may be written.
    let (path, place) = unsafe { (Text::ansi(szFilename), Place::new(pdbid)) };
    // SAFETY: the caller's array has so many elements, whose values may be read in their length.
    create(sesid, path, place, grbit, || unsafe { size_limit(rgsetdbparam, csetdbparam) })
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
    // SAFETY: the caller's text is NULL or NUL-terminated, its place NULL or may be written.
    let (path, place) = unsafe { (Text::wide(szFilename), Place::new(pdbid)) };
    // SAFETY: the caller's array has so many elements, whose values may be read in their length.
    create(sesid, path, place, grbit, || unsafe { size_limit(rgsetdbparam, csetdbparam) })
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
    let _ = szConnect;
    // SAFETY: the caller's text is NULL or NUL-terminated, its place NULL or may be written.
    let (path, place) = unsafe { (Text::ansi(szFilename), Place::new(pdbid)) };
    create(sesid, path, place, grbit, || Ok(0))
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
    let _ = szConnect;
    // SAFETY: the caller's text is NULL or NUL-terminated, its place NULL or may be written.
    let (path, place) = unsafe { (Text::wide(szFilename), Place::new(pdbid)) };
    create(sesid, path, place, grbit, || Ok(0))
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
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let path = unsafe { Text::ansi(szFilename) };
    detach(sesid, path, grbit)
}

/// Detach with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDetachDatabase2W(
    sesid: JET_SESID,
    szFilename: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let path = unsafe { Text::wide(szFilename) };
    detach(sesid, path, grbit)
}

/// Detach a database (NULL name: all).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDetachDatabaseA(sesid: JET_SESID, szFilename: JET_PCSTR) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let path = unsafe { Text::ansi(szFilename) };
    detach(sesid, path, 0)
}

/// Detach a database (NULL name: all).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDetachDatabaseW(sesid: JET_SESID, szFilename: JET_PCWSTR) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let path = unsafe { Text::wide(szFilename) };
    detach(sesid, path, 0)
}

/// Facts of a database file by name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetDatabaseFileInfoA(
    szDatabaseName: JET_PCSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated, its buffer NULL or writable in its length.
    let (path, buffer) = unsafe { (Text::ansi(szDatabaseName), Buffer::new(pvResult, cbMax)) };
    database_info::by_name(path, buffer, InfoLevel)
}

/// Facts of a database file by name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetDatabaseFileInfoW(
    szDatabaseName: JET_PCWSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated, its buffer NULL or writable in its length.
    let (path, buffer) = unsafe { (Text::wide(szDatabaseName), Buffer::new(pvResult, cbMax)) };
    database_info::by_name(path, buffer, InfoLevel)
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
    // SAFETY: the caller's buffer is NULL or writable in its length.
    let buffer = unsafe { Buffer::new(pvResult, cbMax) };
    database_info::by_number(sesid, dbid, buffer, InfoLevel, NameForm::Ansi)
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
    // SAFETY: the caller's buffer is NULL or writable in its length.
    let buffer = unsafe { Buffer::new(pvResult, cbMax) };
    database_info::by_number(sesid, dbid, buffer, InfoLevel, NameForm::Wide)
}

/// Read the size limit (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetMaxDatabaseSize(
    sesid: JET_SESID,
    dbid: JET_DBID,
    pcpg: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(pcpg) };
    with_database(sesid, dbid, AfterStop::Refused, |_, database| {
        if grbit != 0 {
            return Err(JetError::INVALID_GRBIT);
        }
        place.required()?.write(database.map().pages_max());
        Ok(Completion::Success)
    })
}

/// Grow an open database.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGrowDatabase(
    sesid: JET_SESID,
    dbid: JET_DBID,
    cpg: u32,
    pcpgReal: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    resize(sesid, dbid, cpg, unsafe { Place::new(pcpgReal) }, JET_bitResizeDatabaseOnlyGrow)
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
    let _ = szConnect;
    // SAFETY: the caller's text is NULL or NUL-terminated, its place NULL or may be written.
    let (path, place) = unsafe { (Text::ansi(szFilename), Place::new(pdbid)) };
    open(sesid, path, place, grbit)
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
    let _ = szConnect;
    // SAFETY: the caller's text is NULL or NUL-terminated, its place NULL or may be written.
    let (path, place) = unsafe { (Text::wide(szFilename), Place::new(pdbid)) };
    open(sesid, path, place, grbit)
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
    // SAFETY: the caller's place is NULL or may be written.
    resize(sesid, dbid, cpgTarget, unsafe { Place::new(pcpgActual) }, grbit)
}

/// Set the size of a detached database file.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetDatabaseSizeA(
    sesid: JET_SESID,
    szDatabaseName: JET_PCSTR,
    cpg: u32,
    pcpgReal: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated, its place NULL or may be written.
    let (path, place) = unsafe { (Text::ansi(szDatabaseName), Place::new(pcpgReal)) };
    set_size(sesid, path, cpg, place)
}

/// Set the size of a detached database file.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetDatabaseSizeW(
    sesid: JET_SESID,
    szDatabaseName: JET_PCWSTR,
    cpg: u32,
    pcpgReal: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated, its place NULL or may be written.
    let (path, place) = unsafe { (Text::wide(szDatabaseName), Place::new(pcpgReal)) };
    set_size(sesid, path, cpg, place)
}

/// Set the size limit (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetMaxDatabaseSize(
    sesid: JET_SESID,
    dbid: JET_DBID,
    cpg: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    with_database(sesid, dbid, AfterStop::Refused, |_, database| {
        if grbit != 0 {
            return Err(JetError::INVALID_GRBIT);
        }
        database.map().set_pages_max(cpg);
        Ok(Completion::Success)
    })
}

/// The limit of pages among the parameters of a database (spec 09 §4.1).
///
/// # Safety
/// `parameters` has `count` elements, whose values may be read in their length.
unsafe fn size_limit(parameters: *const JET_SETDBPARAM, count: u32) -> Result<u32, JetError> {
    if (parameters.is_null() && count != 0) || count > PARAMETERS_MAX {
        return Err(JetError::INVALID_PARAMETER);
    }
    let mut limit = 0;
    for index in 0..count as usize {
        // SAFETY: the caller's array has more elements than this index.
        let parameter = unsafe { parameters.add(index).read_unaligned() };
        let known = (JET_dbparamDbSizeMaxPages..JET_dbparamMaxValueInvalid).contains(&parameter.dbparamid);
        if !known || parameter.pvParam.is_null() || parameter.cbParam as usize != size_of::<u32>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        if parameter.dbparamid == JET_dbparamDbSizeMaxPages {
            // SAFETY: the value is there and has four bytes.
            limit = unsafe { parameter.pvParam.cast::<u32>().read_unaligned() };
        }
    }
    Ok(limit)
}

/// Refuses what is only done outside of transactions.
fn outside_of_transactions(call: &mut SessionCall<'_>) -> Result<(), JetError> {
    if call.body()?.engine.level() > 0 { Err(JetError::IN_TRANSACTION) } else { Ok(()) }
}

fn logging_of(grbit: JET_GRBIT) -> Logging {
    if grbit & JET_bitDbRecoveryOff != 0 { Logging::Off } else { Logging::On }
}

/// The call's session opens a database.
fn open_for(
    call: &mut SessionCall<'_>,
    attached: &Arc<AttachedDatabase>,
    mode: OpenMode,
) -> Result<u32, JetError> {
    attached.open(call.session.handle() as u64, mode)?;
    let dbid = u32::from(attached.dbid());
    call.body()?.databases.insert(dbid, Arc::clone(attached));
    Ok(dbid)
}

fn create(
    session: JET_SESID,
    path: Text,
    place: Place<JET_DBID>,
    grbit: JET_GRBIT,
    pages_max: impl FnOnce() -> Result<u32, JetError>,
) -> JET_ERR {
    with_session(session, AfterStop::Refused, |call| {
        let place = place.required()?;
        place.write(JET_dbidNil);
        outside_of_transactions(call)?;
        if grbit & JET_bitDbVersioningOff != 0 && grbit & JET_bitDbRecoveryOff == 0 {
            return Err(JetError::CANNOT_DISABLE_VERSIONING);
        }
        let path = path.required_path()?;
        one_database(call, None)?;
        let request = CreateRequest {
            grbit,
            existing: if grbit & JET_bitDbOverwriteExisting != 0 {
                Existing::Replace
            } else {
                Existing::Keep
            },
            logging: logging_of(grbit),
            shadow: if grbit & JET_bitDbShadowingOff != 0 { Shadow::Off } else { Shadow::Kept },
            pages_max: pages_max()?,
            path,
        };
        if request.path.is_dir() {
            return Err(JetError::DATABASE_DUPLICATE);
        }
        create_folder(call, &request.path)?;
        let instance = call.instance().engine()?;
        let attached = instance.create_database(&mut call.body()?.engine, &request)?;
        if grbit & JET_bitDbVersioningOff != 0 {
            attached.map().set_at_rollback(AtRollback::Kept);
        }
        place.write(open_for(call, &attached, OpenMode::Shared)?);
        Ok(Completion::Success)
    })
}

/// Makes the folder of a new file where the program asked for that (JET_paramCreatePathIfNotExist).
fn create_folder(call: &SessionCall<'_>, path: &Path) -> Result<(), JetError> {
    let wanted = call.instance().parameters().read().number(JET_paramCreatePathIfNotExist) != 0;
    match path.parent() {
        Some(folder) if wanted => std::fs::create_dir_all(folder).map_err(|_| JetError::INVALID_PATH),
        _ => Ok(()),
    }
}

fn attach(
    session: JET_SESID,
    path: Text,
    grbit: JET_GRBIT,
    pages_max: impl FnOnce() -> Result<u32, JetError>,
) -> JET_ERR {
    with_session(session, AfterStop::Refused, |call| {
        outside_of_transactions(call)?;
        if grbit & JET_bitDbVersioningOff != 0 {
            return Err(JetError::CANNOT_DISABLE_VERSIONING);
        }
        let path = path.required_path()?;
        let reads = grbit & JET_bitDbReadOnly != 0;
        if reads && grbit & JET_bitDbDeleteUnicodeIndexes != 0 {
            return Err(JetError::INVALID_GRBIT);
        }
        let request = AttachRequest {
            writability: if reads { Writability::ReadOnly } else { Writability::Writable },
            logging: logging_of(grbit),
            pages_max: pages_max()?,
            path,
        };
        let instance = call.instance().engine()?;
        let checking = instance.settings().text.checking;
        let stale = if grbit & JET_bitDbDeleteUnicodeIndexes != 0 {
            StaleIndexes::AllTextDeleted
        } else if checking != IndexChecking::AtAttach {
            StaleIndexes::Kept
        } else if grbit & JET_bitDbDeleteCorruptIndexes != 0 {
            StaleIndexes::Deleted
        } else {
            StaleIndexes::Refused
        };
        let (attached, mended) = instance.attach_database_with(&call.body()?.engine, &request, stale)?;
        match attached {
            Attached::New(_) if mended.iter().any(StaleIndex::is_deleted) => {
                Ok(Completion::Warning(JetError::WRN_CORRUPT_INDEX_DELETED))
            }
            Attached::New(_) => Ok(Completion::Success),
            Attached::Already(_) => Ok(Completion::Warning(JetError::WRN_DATABASE_ATTACHED)),
        }
    })
}

fn detach(session: JET_SESID, path: Text, grbit: JET_GRBIT) -> JET_ERR {
    with_session(session, AfterStop::Answered, |call| {
        if grbit & JET_bitForceDetach != 0 {
            return Err(JetError::FORCE_DETACH_NOT_ALLOWED);
        }
        outside_of_transactions(call)?;
        let engine = call.instance().engine()?;
        let session = &call.body()?.engine;
        let detached = match path.path()? {
            Some(path) => engine.detach_database(session, &path),
            None => engine.detach_all(session),
        };
        let attached: Vec<u32> = engine.databases().iter().map(|database| database.dbid().into()).collect();
        let is_gone = |dbid| !attached.contains(&dbid);
        call.session.freed().add(call.instance().tables().remove_databases(is_gone));
        detached.map(|()| Completion::Success).map_err(JetError::from)
    })
}

fn open(session: JET_SESID, path: Text, place: Place<JET_DBID>, grbit: JET_GRBIT) -> JET_ERR {
    with_session(session, AfterStop::Refused, |call| {
        let place = place.required()?;
        place.write(JET_dbidNil);
        let path = path.required_path()?;
        let engine = call.instance().engine()?;
        let attached = find(&engine, &path)?;
        one_database(call, Some(attached.dbid().into()))?;
        let mode = if grbit & JET_bitDbExclusive != 0 { OpenMode::Exclusive } else { OpenMode::Shared };
        place.write(open_for(call, &attached, mode)?);
        Ok(Completion::Success)
    })
}

/// Refuses a second user database in a session where the program wants it so (JET_paramOneDatabasePerSession).
fn one_database(call: &mut SessionCall<'_>, wanted: Option<u32>) -> Result<(), JetError> {
    let one_only = call.instance().parameters().read().number(JET_paramOneDatabasePerSession) != 0;
    if one_only && call.body()?.databases.keys().any(|other| *other != 0 && Some(*other) != wanted) {
        return Err(JetError::ONE_DATABASE_PER_SESSION);
    }
    Ok(())
}

/// The attached database at a path.
fn find(engine: &Instance, path: &Path) -> Result<Arc<AttachedDatabase>, JetError> {
    if engine.settings().temporary_file() == path {
        return Err(JetError::INVALID_DATABASE);
    }
    engine.database_at(path).ok_or(JetError::DATABASE_NOT_FOUND)
}

/// Sets the size of a file that is not attached (spec 09 §4.5).
fn set_size(session: JET_SESID, path: Text, pages: u32, place: Place<u32>) -> JET_ERR {
    with_session(session, AfterStop::Refused, |call| {
        let path = path.required_path()?;
        let place = place.required()?;
        if database_info::attached_at(&path).is_some() {
            return Err(JetError::FILE_ACCESS_DENIED);
        }
        let engine = call.instance().engine()?;
        place.write(set_database_size(&*engine.settings().host.file_system, &path, pages)?);
        Ok(Completion::Success)
    })
}

/// Makes an open database larger or smaller; the target counts the header pages (spec 09 §4.5).
fn resize(session: JET_SESID, dbid: JET_DBID, target: u32, place: Place<u32>, grbit: JET_GRBIT) -> JET_ERR {
    with_database(session, dbid, AfterStop::Refused, |call, database| {
        place.write(0);
        let how = match grbit {
            0 => Resize::Either,
            JET_bitResizeDatabaseOnlyGrow => Resize::Grow,
            JET_bitResizeDatabaseOnlyShrink => Resize::Shrink,
            _ => return Err(JetError::INVALID_GRBIT),
        };
        if database.writability() == Writability::ReadOnly {
            return Err(JetError::PERMISSION_DENIED);
        }
        let shrinks = call.instance().parameters().read().number(JET_paramEnableShrinkDatabase);
        if how == Resize::Shrink && shrinks & JET_bitShrinkDatabaseOn as usize == 0 {
            return Err(JetError::FEATURE_NOT_AVAILABLE);
        }
        place.write(database.resize(&mut call.body()?.engine, target, how)?);
        Ok(Completion::Success)
    })
}
