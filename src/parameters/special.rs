//! Parameters with rules of their own (spec 08 §6.4 and §6.5, 09 §2.4).

#![allow(non_upper_case_globals, reason = "the parameters are named as in the C header")]

use ese_format::error::JetError;

use super::{ParameterStore, Reading};
use crate::abi::tables::Parameter;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::params::*;

/// Locale of indexes that name none: en-US.
pub(super) const DEFAULT_LCID: u32 = 0x0409;

/// Flags of indexes that name none: a sort key, without regard to case, kana type and width (spec 04 §9.1).
pub(super) const DEFAULT_MAP_FLAGS: u32 = 0x0003_0401;

/// The flags that sort keys may have (spec 03 §9.5), beside LCMAP_SORTKEY.
const MAP_FLAGS: u32 = 0x0803_1C3F;
/// LCMAP_UPPERCASE: text in capitals instead of sort keys.
const MAP_UPPERCASE: u32 = 0x0000_0200;

/// Whether an index may have these flags.
pub(super) fn are_map_flags(flags: u32) -> bool {
    flags == MAP_UPPERCASE || flags & !MAP_FLAGS == 0
}

/// The engine format version written where none is asked for (spec 00, decision 1).
const FORMAT_DEFAULT: usize = JET_efvExchange2016Cu1Rtm as usize;

/// The highest engine format version written (spec 00, decision 1).
const FORMAT_MAX: usize = JET_efvLgposLastResize as usize;

/// The flags a commit takes.
const COMMIT_BITS: usize = (JET_bitCommitLazyFlush
    | JET_bitWaitLastLevel0Commit
    | JET_bitWaitAllLevel0Commit
    | JET_bitForceNewLog
    | JET_bitCommitRedoCallback) as usize;

/// The flags of JET_paramEnableShrinkDatabase.
const SHRINK_BITS: usize =
    (JET_bitShrinkDatabaseOn | JET_bitShrinkDatabaseRealtime | JET_bitShrinkDatabasePeriodically) as usize;

/// Bytes of a page before its data: pages above 8 KiB have the large header (spec 01).
fn page_header_bytes(page_bytes: usize) -> usize {
    if page_bytes > 8192 { 80 } else { 40 }
}

/// Bytes of one entry of a page's tag array.
const TAG_BYTES: usize = 4;

/// The error for a number outside the range of a parameter.
pub(super) fn out_of_range(parameter: &Parameter) -> JetError {
    if parameter.id == JET_paramEnableShrinkDatabase {
        JetError::INVALID_GRBIT
    } else {
        JetError::INVALID_PARAMETER
    }
}

/// The number that a parameter stores when it is set to `number`, which lies in its range.
///
/// # Errors
/// Those of the parameter.
pub(super) fn checked(parameter: &Parameter, number: usize) -> Result<usize, JetError> {
    match parameter.id {
        JET_paramCommitDefault if number & !COMMIT_BITS != 0 => Err(JetError::INVALID_PARAMETER),
        JET_paramEnableShrinkDatabase if number & !SHRINK_BITS != 0 => Err(JetError::INVALID_GRBIT),
        JET_paramEngineFormatVersion => engine_format_version(number),
        // Whoever has the pointer sets it with its own call.
        JET_paramUnicodeIndexDefault => Err(JetError::INVALID_PARAMETER),
        _ => Ok(number),
    }
}

fn engine_format_version(asked: usize) -> Result<usize, JetError> {
    const ENGINE_DEFAULT: usize = JET_efvUseEngineDefault as usize;
    const PERSISTED: usize = JET_efvUsePersistedFormat as usize;
    const ALLOW_HIGHER: usize = JET_efvAllowHigherPersistedFormat as usize;
    if asked == ENGINE_DEFAULT || asked == PERSISTED {
        return Ok(asked);
    }
    let version = if asked & ALLOW_HIGHER == ALLOW_HIGHER { asked & !ALLOW_HIGHER } else { asked };
    match version {
        FORMAT_DEFAULT | FORMAT_MAX => Ok(asked),
        _ if version < FORMAT_DEFAULT => Err(JetError::ENGINE_FORMAT_VERSION_NO_LONGER_SUPPORTED_TOO_LOW),
        _ if version > FORMAT_MAX => Err(JetError::ENGINE_FORMAT_VERSION_NOT_YET_IMPLEMENTED_TOO_HIGH),
        _ => Err(JetError::INVALID_PARAMETER),
    }
}

/// What reading parameter `id` gives, where it is not simply what is stored.
pub(super) fn reading(store: &ParameterStore, id: u32) -> Option<Result<Reading, JetError>> {
    let page_bytes = store.number(JET_paramDatabasePageSize);
    Some(match id {
        // A session or a running instance is needed.
        JET_paramTransactionLevel | JET_paramRecoveryCurrentLogfile => Err(JetError::INVALID_PARAMETER),
        JET_paramErrorToString => Ok(Reading::ErrorText),
        JET_paramUnicodeIndexDefault => {
            let (lcid, flags) = store.unicode_index();
            Ok(Reading::UnicodeIndex { lcid, flags })
        }
        JET_paramCommitDefault => Ok(Reading::Narrow(u32::try_from(store.number(id)).unwrap_or(u32::MAX))),
        // The pages in the cache: there is none without an instance.
        JET_paramCacheSize => Ok(Reading::Number(0)),
        JET_paramEngineFormatVersion if store.number(id) == JET_efvUseEngineDefault as usize => {
            Ok(Reading::Number(FORMAT_DEFAULT))
        }
        JET_paramKeyMost => Ok(Reading::Number(key_bytes_max(page_bytes))),
        JET_paramLVChunkSizeMost => Ok(Reading::Number(chunk_bytes_max(page_bytes))),
        JET_paramRecordSizeMost => {
            Ok(Reading::Number(page_bytes.saturating_sub(page_header_bytes(page_bytes) + TAG_BYTES)))
        }
        _ => return None,
    })
}

/// The longest key of an index (spec 08 §6.5).
fn key_bytes_max(page_bytes: usize) -> usize {
    match page_bytes {
        2048 => 500,
        4096 => 1000,
        _ => 2000,
    }
}

/// The longest piece of a separated long value (spec 08 §6.5).
fn chunk_bytes_max(page_bytes: usize) -> usize {
    match page_bytes {
        16384 => 4050,
        32768 => 8150,
        _ => page_bytes.saturating_sub(JET_cbColumnLVPageOverhead as usize),
    }
}
