//! System parameters as the settings of an instance of the engine.

use std::path::{Path, PathBuf};

use ese_engine::catalog::{IndexChecking, PrivateIndexes, TextSettings};
use ese_engine::instance::{InstanceSettings, RecoveryMode, Rollover};
use ese_engine::io::Host;
use ese_engine::log::Circular;
use ese_engine::transaction::VersionLimits;
use ese_format::catalog::LcMapFlags;
use ese_format::error::JetError;
use ese_format::log::names::{GenerationDigits, LogExtension};
use ese_format::page_size::PageSize;
use ese_format::sort_key::Certainty;
use widestring::{U16Str, U16String};

use crate::abi::locale;
use crate::abi::tables::bits::*;
use crate::abi::tables::params::*;
use crate::parameters::{self, PARAM_PRIVATE_INDEXES, PARAM_TEXT_CERTAINTY, ParameterStore};

/// The size of log files that stands for "not set".
const LOG_FILE_KB_DEFAULT: usize = 5120;
/// Bytes of the page cache at most unless the program asks for more: the original's limit of 2,000,000,000 pages means
/// "as much as the machine gives".
const CACHE_BYTES_MAX: usize = 256 << 20;
/// The unit of JET_paramLogBuffers.
const SECTOR_BYTES: usize = 512;
/// The file of the temporary database where only a folder is named.
const TEMPORARY_FILE: &str = "tmp.edb";

fn text_of(text: &U16Str) -> Result<String, JetError> {
    text.to_string().map_err(|_| JetError::INVALID_PATH)
}

fn folder_of(parameters: &ParameterStore, id: u32) -> Result<PathBuf, JetError> {
    let text = text_of(&parameters.text(id))?;
    if text.is_empty() {
        return Err(JetError::INVALID_PATH);
    }
    std::path::absolute(text).map_err(|_| JetError::INVALID_PATH)
}

/// The file of the temporary database: behind the system path where it is relative (spec 08 §5.1).
fn temporary_path(text: &U16String, system_folder: &Path) -> Result<PathBuf, JetError> {
    let text = text_of(text)?;
    if text.is_empty() {
        return Ok(system_folder.join(TEMPORARY_FILE));
    }
    let path = system_folder.join(&text);
    Ok(if text.ends_with('/') { path.join(TEMPORARY_FILE) } else { path })
}

/// Bytes of the page cache: JET_paramCacheSizeMax pages, within what a process may take unasked.
#[must_use]
pub fn cache_bytes(page_size: PageSize) -> usize {
    let process = parameters::process().read();
    let (min, max) = (process.number(JET_paramCacheSizeMin), process.number(JET_paramCacheSizeMax));
    let bytes = |pages: usize| pages.saturating_mul(page_size.bytes());
    bytes(max).min(CACHE_BYTES_MAX.max(bytes(min).min(usize::MAX / 2))).max(bytes(min.min(max)))
}

/// The page size of the process.
///
/// # Errors
/// `JET_errInvalidParameter` for one that there is not.
pub fn page_size() -> Result<PageSize, JetError> {
    let bytes = parameters::process().read().number(JET_paramDatabasePageSize);
    u32::try_from(bytes).ok().and_then(PageSize::from_bytes).ok_or(JetError::INVALID_PARAMETER)
}

/// The settings of an instance with these parameters.
///
/// # Errors
/// `JET_errInvalidPath` for a folder that is none, `JET_errInvalidParameter`.
pub fn settings_of(name: Option<&U16Str>, parameters: &ParameterStore) -> Result<InstanceSettings, JetError> {
    let number = |id| parameters.number(id);
    let is_on = |id| number(id) != 0;
    let narrow = |id| u32::try_from(number(id)).unwrap_or(u32::MAX);
    let page_size = page_size()?;
    let system_folder = folder_of(parameters, JET_paramSystemPath)?;
    let names = narrow(JET_paramLegacyFileNames);
    let version_page = parameters::process().read().number(JET_paramVerPageSize);
    let version_bytes = |id| number(id).saturating_mul(version_page);
    let recovery = text_of(&parameters.text(JET_paramRecovery))?;
    let alternate = parameters.text(JET_paramAlternateDatabaseRecoveryPath);
    let mut settings = InstanceSettings::in_folder(Host::system(), &system_folder);
    settings.name = name.map_or(Ok(String::new()), text_of)?;
    settings.log_folder = folder_of(parameters, JET_paramLogFilePath)?;
    settings.temporary_path = temporary_path(&parameters.text(JET_paramTempPath), &system_folder)?;
    settings.base_name = text_of(&parameters.text(JET_paramBaseName))?;
    settings.recovery =
        if recovery.eq_ignore_ascii_case("on") { RecoveryMode::On } else { RecoveryMode::Off };
    settings.extension =
        if names & JET_bitESE98FileNames != 0 { LogExtension::Log } else { LogExtension::Jtx };
    settings.digits = if names & JET_bitEightDotThreeSoftCompat != 0 {
        GenerationDigits::FiveThenEight
    } else {
        GenerationDigits::Eight
    };
    settings.log_file_kb = Some(number(JET_paramLogFileSize))
        .filter(|kb| *kb != LOG_FILE_KB_DEFAULT)
        .and_then(|kb| u32::try_from(kb).ok());
    settings.log_buffer_bytes =
        number(JET_paramLogBuffers).saturating_mul(SECTOR_BYTES).clamp(64 << 10, 64 << 20);
    settings.circular = if is_on(JET_paramCircularLog) { Circular::On } else { Circular::Off };
    settings.rollover =
        if is_on(JET_paramAggressiveLogRollover) { Rollover::Aggressive } else { Rollover::WhenFull };
    settings.page_size = page_size;
    settings.cache_bytes = cache_bytes(page_size);
    settings.extension_pages = narrow(JET_paramDbExtensionSize);
    settings.checkpoint_depth = number(JET_paramCheckpointDepthMax) as u64;
    settings.checkpoint_too_deep = narrow(JET_paramCheckpointTooDeep);
    settings.engine_format_version = narrow(JET_paramEngineFormatVersion);
    settings.versions = VersionLimits {
        store_bytes: version_bytes(JET_paramMaxVerPages),
        preferred_bytes: version_bytes(JET_paramPreferredVerPages),
        transaction_percent: narrow(JET_paramMaxTransactionSize),
        sessions: number(JET_paramMaxSessions),
    };
    settings.temporary_tables_max = narrow(JET_paramMaxTemporaryTables);
    settings.alternate_database_folder = if alternate.is_empty() {
        None
    } else {
        Some(folder_of(parameters, JET_paramAlternateDatabaseRecoveryPath)?)
    };
    settings.text = text_settings(parameters)?;
    settings.delete_old_logs = is_on(JET_paramDeleteOldLogs);
    settings.delete_out_of_range_logs = is_on(JET_paramDeleteOutOfRangeLogs);
    settings.cleanup_mismatched_logs = is_on(JET_paramCleanupMismatchedLogFiles);
    Ok(settings)
}

/// How an instance with these parameters sorts text.
fn text_settings(parameters: &ParameterStore) -> Result<TextSettings, JetError> {
    let (lcid, flags) = parameters.unicode_index();
    let locale = locale::name_of(lcid).ok_or(JetError::INVALID_LANGUAGE_ID)?;
    let cleans = parameters.number(JET_paramEnableIndexCleanup) != 0;
    let checking = match parameters.number(JET_paramEnableIndexChecking) {
        0 => IndexChecking::Off,
        2 => IndexChecking::AtTableOpen,
        _ if cleans => IndexChecking::AtAttach,
        _ => IndexChecking::Off,
    };
    Ok(TextSettings {
        locale: locale.to_owned(),
        lcmap_flags: LcMapFlags::from_bits_retain(flags),
        private_indexes: match parameters.number(PARAM_PRIVATE_INDEXES) {
            0 => PrivateIndexes::Never,
            1 => PrivateIndexes::Secondary,
            _ => PrivateIndexes::Always,
        },
        certainty: match parameters.number(PARAM_TEXT_CERTAINTY) {
            1 => Certainty::Witnessed,
            2 => Certainty::Published,
            _ => Certainty::Uncertain,
        },
        checking,
    })
}
