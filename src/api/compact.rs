//! JetCompact: its arguments, and what the program is told meanwhile (spec 09 §13.1).

use std::ffi::c_void;
use std::path::PathBuf;

use ese_engine::compact::{CompactProgress, CompactRequest, CompactStatistics, compact};
use ese_engine::table::Damaged;
use ese_format::error::JetError;

use super::argument::Text;
use crate::abi::guard::Completion;
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{SessionCall, with_session};
use crate::runtime::instance::AfterStop;

/// Where the statistics go: the current folder (spec 10 §4.1).
const STATISTICS_FILE: &str = "DFRGINFO.TXT";
/// The bits of JetCompact. To keep the source is what it does anyway.
const KNOWN_BITS: JET_GRBIT = JET_bitCompactStats | JET_bitCompactRepair | JET_bitCompactPreserveOriginal;

/// JetCompact, once its texts are known. `conversion` is the caller's JET_CONVERT, which nothing takes any more.
pub(super) fn compact_database(
    session: JET_SESID,
    (source, target): (Text, Text),
    callback: JET_PFNSTATUS,
    conversion: *const c_void,
    grbit: JET_GRBIT,
) -> JET_ERR {
    with_session(session, AfterStop::Refused, |call| {
        if call.body()?.engine.level() > 0 {
            return Err(JetError::IN_TRANSACTION);
        }
        if !conversion.is_null() {
            return Err(JetError::FEATURE_NOT_AVAILABLE);
        }
        if grbit & !KNOWN_BITS != 0 {
            return Err(JetError::INVALID_GRBIT);
        }
        let (source, target) = (source.required_path()?, target.required_path()?);
        run(call, (source, target), callback, grbit)?;
        Ok(Completion::Success)
    })
}

/// Compacts an attached database for a session.
///
/// # Errors
/// Those of [`compact`], and what the callback answers.
pub(super) fn run(
    call: &mut SessionCall<'_>,
    (source, target): (PathBuf, PathBuf),
    callback: JET_PFNSTATUS,
    grbit: JET_GRBIT,
) -> Result<CompactStatistics, JetError> {
    let has = |bit| grbit & bit != 0;
    let request = CompactRequest {
        source,
        target,
        damaged: if has(JET_bitCompactRepair) { Damaged::LeftOut } else { Damaged::Refused },
        statistics: has(JET_bitCompactStats).then(|| PathBuf::from(STATISTICS_FILE)),
    };
    let mut told = Told { session: call.session.handle(), callback, last: None };
    let engine = call.instance().engine()?;
    let compacted = compact(&engine, &mut call.body()?.engine, &request, &mut |progress| {
        told.tell(progress)
            .map_err(|answer| ese_engine::error::Error::refused(answer, "the callback's answer"))
    });
    match &compacted {
        Ok(_) => told.end(JET_sntComplete)?,
        // The first failure is the one to return.
        Err(_) => drop(told.end(JET_sntFail)),
    }
    compacted.map_err(JetError::from)
}

/// What the program was told.
struct Told {
    session: JET_SESID,
    callback: JET_PFNSTATUS,
    last: Option<CompactProgress>,
}

impl Told {
    /// Begin, or how many pages are done.
    fn tell(&mut self, progress: CompactProgress) -> Result<(), JetError> {
        let first = self.last.is_none();
        if self.last == Some(progress) {
            return Ok(());
        }
        self.last = Some(progress);
        self.call(if first { JET_sntBegin } else { JET_sntProgress }, progress)
    }

    /// The end, for a program that was told of the beginning.
    fn end(&mut self, snt: JET_SNT) -> Result<(), JetError> {
        match self.last {
            Some(progress) => self.call(snt, progress),
            None => Ok(()),
        }
    }

    fn call(&self, snt: JET_SNT, progress: CompactProgress) -> Result<(), JetError> {
        let Some(callback) = self.callback else { return Ok(()) };
        let mut told = JET_SNPROG {
            cbStruct: size_of::<JET_SNPROG>() as u32,
            cunitDone: progress.done,
            cunitTotal: progress.total,
        };
        // SAFETY: the program gave the function for this; the structure is a local and has the length it says.
        let answer = unsafe { callback(self.session, JET_snpCompact, snt, (&raw mut told).cast()) };
        if answer < 0 { Err(JetError::from_code(answer)) } else { Ok(()) }
    }
}
