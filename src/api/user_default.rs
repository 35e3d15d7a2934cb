//! Columns whose default the program computes (spec 09 §9.2, §13.3): what a retrieval does when the record has no value.

use std::ffi::c_void;

use ese_engine::table::Completion as Retrieval;
use ese_format::error::JetError;

use super::on_cursor::run;
use crate::abi::tables::enums::JET_cbtypUserDefinedDefaultValue;
use crate::runtime::call::SessionCall;
use crate::runtime::callbacks::{self, StoredCallbacks};
use crate::runtime::cursor::CursorContext;

/// A value that the program gave.
#[derive(Clone, Copy, Debug)]
pub(super) struct UserDefault {
    /// Its bytes, which may be more than there was room for.
    pub(super) actual: usize,
    /// Success, `JET_wrnBufferTruncated`, `JET_wrnColumnNull`.
    pub(super) completion: Retrieval,
}

/// Asks the program for the default of a column: the function registered for the table, else the one that the catalog
/// names for the column.
///
/// # Errors
/// `JET_errCallbackFailed` where nobody may be asked, `JET_errCallbackNotResolved`, that of the callback.
pub(super) fn user_default(
    call: &mut SessionCall<'_>,
    cursor: &CursorContext,
    columnid: u32,
    buffer: &mut [u8],
) -> Result<UserDefault, JetError> {
    let kind = JET_cbtypUserDefinedDefaultValue;
    let room = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    let mut bytes = room;
    let place: *mut c_void = if room == 0 { std::ptr::null_mut() } else { buffer.as_mut_ptr().cast() };
    let arguments = [place, (&raw mut bytes).cast()];
    let answer = if cursor.attachments().is_some_and(|attachments| attachments.wants(kind)) {
        callbacks::ask(call, cursor, kind, arguments)?
    } else {
        let policy = StoredCallbacks::of(&call.instance().parameters().read());
        if policy == StoredCallbacks::Ignored {
            return Ok(UserDefault { actual: 0, completion: Retrieval::Warning(JetError::WRN_COLUMN_NULL) });
        }
        let (name, data) = stored(call, cursor, columnid)?;
        let callback = policy.callback(&name).unwrap_or(Err(JetError::CALLBACK_FAILED))?;
        // The data live until the callback has returned.
        let callback = callback.with_context(data.as_ptr().cast_mut().cast());
        callbacks::ask_one(call, cursor, callback, kind, arguments)?
    };
    let completion = match answer {
        _ if answer == JetError::WRN_COLUMN_NULL.code() => Retrieval::Warning(JetError::WRN_COLUMN_NULL),
        _ if bytes > room || answer == JetError::WRN_BUFFER_TRUNCATED.code() => {
            Retrieval::Warning(JetError::WRN_BUFFER_TRUNCATED)
        }
        _ => Retrieval::Success,
    };
    Ok(UserDefault { actual: bytes as usize, completion })
}

/// The function that the catalog names for a column, and the bytes for it.
fn stored(
    call: &mut SessionCall<'_>,
    cursor: &CursorContext,
    columnid: u32,
) -> Result<(Vec<u8>, Vec<u8>), JetError> {
    let database = std::sync::Arc::clone(call.body()?.database(cursor.dbid())?);
    run(call, cursor, |call| {
        let objid = call.cursor.definition().map(|definition| definition.objid);
        let objid = objid.ok_or(JetError::CALLBACK_FAILED)?;
        let found = database.catalog()?.default_callback(call.session, objid, columnid)?;
        found.ok_or(JetError::CALLBACK_FAILED)
    })
}
