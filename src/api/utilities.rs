//! JetDBUtilities (private): the operations behind the engine's own tool that need no output of their own: compaction and
//! the check of a database. Dumps are `eseutil`'s; it makes them without this call.

use std::ffi::c_void;
use std::path::{Path, PathBuf};

use ese_engine::database::{Database, OpenOptions};
use ese_engine::file_map::Logging;
use ese_engine::instance::{AttachRequest, Attached, Writability};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::error::JetError;

use super::argument::Text;
use super::compact;
use crate::abi::guard::{CallResult, Completion};
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{SessionCall, with_session};
use crate::runtime::instance::AfterStop;

/// What a JET_DBUTIL says, with its texts taken out.
pub(super) struct Utility {
    session: JET_SESID,
    operation: DBUTIL_OP,
    options: JET_GRBIT,
    database: Text,
    /// The new file of a compaction.
    backup: Text,
    callback: *mut c_void,
}

impl Utility {
    /// Reads the structure of the A form.
    ///
    /// # Safety
    /// The pointer is NULL or names a structure whose first four bytes may be read, and all of it where they say its size;
    /// its texts are NULL or NUL-terminated.
    ///
    /// # Errors
    /// JET_errInvalidParameter for NULL and for another size.
    pub(super) unsafe fn ansi(given: *const JET_DBUTIL_A) -> Result<Self, JetError> {
        // SAFETY: told by the caller.
        unsafe { check_size(given.cast(), size_of::<JET_DBUTIL_A>()) }?;
        // SAFETY: it has its size.
        let given = unsafe { given.read_unaligned() };
        // SAFETY: every face of the union is plain bytes, valid for any content.
        let names = unsafe { given.anonymous_48.anonymous_48_1 };
        // SAFETY: the caller's texts are NULL or NUL-terminated.
        let (database, backup) = unsafe { (Text::ansi(names.szDatabase), Text::ansi(names.szBackup)) };
        let (session, operation, options) = (given.sesid, given.op, given.grbitOptions);
        Ok(Self { session, operation, options, database, backup, callback: names.pfnCallback })
    }

    /// Reads the structure of the W form.
    ///
    /// # Safety
    /// As [`Self::ansi`].
    ///
    /// # Errors
    /// As [`Self::ansi`].
    pub(super) unsafe fn wide(given: *const JET_DBUTIL_W) -> Result<Self, JetError> {
        // SAFETY: told by the caller.
        unsafe { check_size(given.cast(), size_of::<JET_DBUTIL_W>()) }?;
        // SAFETY: it has its size.
        let given = unsafe { given.read_unaligned() };
        // SAFETY: every face of the union is plain bytes, valid for any content.
        let names = unsafe { given.anonymous_48.anonymous_48_1 };
        // SAFETY: the caller's texts are NULL or NUL-terminated.
        let (database, backup) = unsafe { (Text::wide(names.szDatabase), Text::wide(names.szBackup)) };
        let (session, operation, options) = (given.sesid, given.op, given.grbitOptions);
        Ok(Self { session, operation, options, database, backup, callback: names.pfnCallback })
    }

    /// Does what is asked for.
    pub(super) fn run(self) -> JET_ERR {
        with_session(self.session, AfterStop::Refused, |call| match self.operation {
            opDBUTILDBDefragment => self.defragment(call),
            opDBUTILEDBRepair if self.options & JET_bitDBUtilOptionDontRepair != 0 => self.check(),
            _ => Err(JetError::FEATURE_NOT_AVAILABLE),
        })
    }

    /// Attaches the database for reading, compacts it, and lets it go.
    fn defragment(self, call: &mut SessionCall<'_>) -> CallResult {
        if call.body()?.engine.level() > 0 {
            return Err(JetError::IN_TRANSACTION);
        }
        let (source, target) = (self.database.required_path()?, self.backup.required_path()?);
        let grbit = if self.options & JET_bitDBUtilOptionStats != 0 { JET_bitCompactStats } else { 0 };
        // SAFETY: a program that asks for this operation gives a JET_PFNSTATUS or NULL there.
        let callback = unsafe { std::mem::transmute::<*mut c_void, JET_PFNSTATUS>(self.callback) };
        let engine = call.instance().engine()?;
        let attach = AttachRequest {
            path: source.clone(),
            writability: Writability::ReadOnly,
            logging: Logging::Off,
            pages_max: 0,
        };
        let attached = engine.attach_database(&call.body()?.engine, &attach)?;
        let compacted = compact::run(call, (source.clone(), target), callback, grbit);
        if matches!(attached, Attached::New(_)) {
            // It was attached here alone.
            drop(attached);
            let detached = engine.detach_database(&call.body()?.engine, &source);
            // What went wrong first is what is told.
            compacted.and_then(|_| Ok(detached?))?;
            return Ok(Completion::Success);
        }
        compacted.map(|_| Completion::Success)
    }

    /// Checks a database that is not attached.
    fn check(self) -> CallResult {
        let path: PathBuf = self.database.required_path()?;
        let database = Database::open(Path::new(&path), &OpenOptions::default())?;
        let report = verify(&database, &VerifyOptions::default(), &mut |_| {});
        if report.is_sound() { Ok(Completion::Success) } else { Err(JetError::DATABASE_CORRUPTED) }
    }
}

/// # Safety
/// The pointer is NULL, or four bytes may be read there.
unsafe fn check_size(given: *const u32, wanted: usize) -> Result<(), JetError> {
    if given.is_null() {
        return Err(JetError::INVALID_PARAMETER);
    }
    // SAFETY: told by the caller.
    let size = unsafe { given.read_unaligned() };
    if size as usize == wanted { Ok(()) } else { Err(JetError::INVALID_PARAMETER) }
}
