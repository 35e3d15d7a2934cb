//! What an instance is run with: the system parameters that the engine itself reads.

use std::path::{Path, PathBuf};

use ese_format::error::JetError;
use ese_format::log::names::{GenerationDigits, LogExtension};
use ese_format::log::segment::SEGMENT_BYTES;
use ese_format::log::version::LogVersion;
use ese_format::page_size::PageSize;
use ese_format::reserve::{RESERVE_LOG_COUNT, RESERVE_LOG_COUNT_AGGRESSIVE};
use ese_format::version::{
    self, DatabaseVersion, EFV_ALLOW_HIGHER_PERSISTED_FORMAT, EFV_DEFAULT, EFV_USE_ENGINE_DEFAULT,
    EFV_USE_PERSISTED_FORMAT,
};

use crate::cache::CACHE_BYTES_DEFAULT;
use crate::catalog::TextSettings;
use crate::error::{Error, Result};
use crate::io::Host;
use crate::log::{Circular, LogSettings};
use crate::transaction::VersionLimits;

/// Whether an instance logs and recovers (JET_paramRecovery).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryMode {
    /// It does.
    On,
    /// There is no log and no checkpoint; dirty databases cannot be attached.
    Off,
}

/// How eagerly the log rolls (JET_paramAggressiveLogRollover).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollover {
    /// When a generation is full.
    WhenFull,
    /// Also at create, attach, detach, and at the ends of runs and recoveries.
    Aggressive,
}

/// Bytes of a log generation unless set otherwise (JET_paramLogFileSize: 5120 KB).
pub const LOG_FILE_KB_DEFAULT: u32 = 5120;
/// Bytes of log between checkpoint and tip that are aimed at (JET_paramCheckpointDepthMax).
pub const CHECKPOINT_DEPTH_DEFAULT: u64 = 20 << 20;
/// The default of JET_paramCheckpointTooDeep.
const CHECKPOINT_TOO_DEEP_DEFAULT: u32 = 65_536;
/// Pages by which files grow (JET_paramDbExtensionSize).
pub const EXTENSION_PAGES_DEFAULT: u32 = 256;

/// The settings of an instance.
#[derive(Clone, Debug)]
pub struct InstanceSettings {
    /// The machine.
    pub host: Host,
    /// Name for people; empty for none.
    pub name: String,
    /// JET_paramSystemPath: the folder of the checkpoint.
    pub system_folder: PathBuf,
    /// JET_paramLogFilePath: the folder of the logs.
    pub log_folder: PathBuf,
    /// JET_paramTempPath: the file of the temporary database, or the folder it goes to.
    pub temporary_path: PathBuf,
    /// JET_paramBaseName.
    pub base_name: String,
    /// JET_paramRecovery.
    pub recovery: RecoveryMode,
    /// JET_paramLegacyFileNames bit 1.
    pub extension: LogExtension,
    /// JET_paramLegacyFileNames bit 2.
    pub digits: GenerationDigits,
    /// JET_paramLogFileSize in KB; `None` when it was never set: an existing stream keeps its size.
    pub log_file_kb: Option<u32>,
    /// JET_paramLogBuffers, in bytes.
    pub log_buffer_bytes: usize,
    /// JET_paramCircularLog.
    pub circular: Circular,
    /// JET_paramAggressiveLogRollover.
    pub rollover: Rollover,
    /// JET_paramDatabasePageSize.
    pub page_size: PageSize,
    /// JET_paramCacheSizeMax, in bytes: the cache when the instance has none to share.
    pub cache_bytes: usize,
    /// JET_paramDbExtensionSize.
    pub extension_pages: u32,
    /// JET_paramCheckpointDepthMax.
    pub checkpoint_depth: u64,
    /// Generations between the checkpoint and the newest log at which changes are refused (JET_paramCheckpointTooDeep).
    pub checkpoint_too_deep: u32,
    /// JET_paramEngineFormatVersion.
    pub engine_format_version: u32,
    /// JET_paramMaxSessions, JET_paramMaxVerPages and their like.
    pub versions: VersionLimits,
    /// How text is sorted.
    pub text: TextSettings,
    /// JET_paramMaxTemporaryTables.
    pub temporary_tables_max: u32,
    /// JET_paramAlternateDatabaseRecoveryPath.
    pub alternate_database_folder: Option<PathBuf>,
    /// JET_paramDeleteOldLogs.
    pub delete_old_logs: bool,
    /// JET_paramDeleteOutOfRangeLogs.
    pub delete_out_of_range_logs: bool,
    /// JET_paramCleanupMismatchedLogFiles.
    pub cleanup_mismatched_logs: bool,
}

impl InstanceSettings {
    /// The engine's defaults, with every file in `folder`.
    #[must_use]
    pub fn in_folder(host: Host, folder: &Path) -> Self {
        Self {
            host,
            name: String::new(),
            system_folder: folder.to_owned(),
            log_folder: folder.to_owned(),
            temporary_path: folder.join("tmp.edb"),
            base_name: "edb".into(),
            recovery: RecoveryMode::On,
            extension: LogExtension::Log,
            digits: GenerationDigits::FiveThenEight,
            log_file_kb: None,
            log_buffer_bytes: 1 << 20,
            circular: Circular::Off,
            rollover: Rollover::WhenFull,
            page_size: PageSize::K4,
            cache_bytes: CACHE_BYTES_DEFAULT,
            extension_pages: EXTENSION_PAGES_DEFAULT,
            checkpoint_depth: CHECKPOINT_DEPTH_DEFAULT,
            checkpoint_too_deep: CHECKPOINT_TOO_DEEP_DEFAULT,
            engine_format_version: EFV_USE_ENGINE_DEFAULT,
            versions: VersionLimits::default(),
            text: TextSettings::default(),
            temporary_tables_max: 20,
            alternate_database_folder: None,
            delete_old_logs: false,
            delete_out_of_range_logs: false,
            cleanup_mismatched_logs: false,
        }
    }

    /// The row of the table of engine formats that new files are written in.
    ///
    /// # Errors
    /// -619 and -620 for a version that does not exist; `JET_errInvalidOperation` for "what the file has", which a new
    /// file cannot answer.
    pub fn format_of_new_files(&self) -> Result<&'static version::EngineFormat> {
        let requested = self.engine_format_version;
        let refused = |jet| Error::refused(jet, format!("engine format version {requested:#x}"));
        let efv = match requested {
            EFV_USE_ENGINE_DEFAULT => EFV_DEFAULT,
            EFV_USE_PERSISTED_FORMAT => return Err(refused(JetError::INVALID_OPERATION)),
            _ if requested & EFV_ALLOW_HIGHER_PERSISTED_FORMAT == EFV_ALLOW_HIGHER_PERSISTED_FORMAT => {
                requested & !EFV_ALLOW_HIGHER_PERSISTED_FORMAT
            }
            efv => efv,
        };
        version::engine_format(efv).map_err(refused)
    }

    /// The version of new databases.
    ///
    /// # Errors
    /// As [`Self::format_of_new_files`].
    pub fn database_version(&self) -> Result<DatabaseVersion> {
        Ok(self.format_of_new_files()?.database)
    }

    /// The version new log generations have at least.
    #[must_use]
    pub fn log_version(&self) -> LogVersion {
        let (update_major, update_minor) =
            self.format_of_new_files().ok().and_then(|format| format.log_update).unwrap_or((5, 16));
        LogVersion::segmented(update_major, update_minor)
    }

    /// Segments of a new log file.
    ///
    /// # Errors
    /// `JET_errInvalidParameter` for a size that no log has.
    pub fn log_file_segments(&self) -> Result<u16> {
        let kb = u64::from(self.log_file_kb.unwrap_or(LOG_FILE_KB_DEFAULT));
        u16::try_from(kb * 1024 / SEGMENT_BYTES as u64)
            .ok()
            .filter(|segments| *segments >= 4)
            .ok_or_else(|| Error::refused(JetError::INVALID_PARAMETER, format!("a log file of {kb} KB")))
    }

    /// The settings of the log. A stream that exists may have other extensions and another size.
    ///
    /// # Errors
    /// As [`Self::log_file_segments`].
    pub fn log_settings(&self) -> Result<LogSettings> {
        Ok(LogSettings {
            host: self.host.clone(),
            folder: self.log_folder.clone(),
            system_folder: self.system_folder.clone(),
            base_name: self.base_name.clone(),
            extension: self.extension,
            digits: self.digits,
            file_segments: self.log_file_segments()?,
            circular: self.circular,
            page_size: self.page_size,
            version: self.log_version(),
            engine_format_version: self.format_of_new_files().map_or(EFV_DEFAULT, |format| format.efv),
            reserve_files: match self.rollover {
                Rollover::WhenFull => RESERVE_LOG_COUNT,
                Rollover::Aggressive => RESERVE_LOG_COUNT_AGGRESSIVE,
            },
            buffer_bytes: self.log_buffer_bytes,
        })
    }

    /// The file of the temporary database.
    #[must_use]
    pub fn temporary_file(&self) -> PathBuf {
        let names_a_file = self.temporary_path.extension().is_some();
        if names_a_file { self.temporary_path.clone() } else { self.temporary_path.join("tmp.edb") }
    }

    /// Logical pages of a new database (spec 01 §1.3).
    #[must_use]
    pub fn initial_pages(&self) -> u32 {
        const BASE: u32 = 30;
        const REST: u32 = 224;
        BASE + if self.extension_pages == EXTENSION_PAGES_DEFAULT {
            REST
        } else {
            self.extension_pages.min(REST)
        }
    }
}
