//! External restore as a process has it: the instance that restores, and the running one whose logs are wanted
//! (spec 07 §11.2).
//!
//! Invariants: the instance that restores is in the list of the process as long as the restore lasts, with a name of its
//! own, and nobody can start it; a running target does not end while its logs are used.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_engine::io::{FileSystem, OsFileSystem};
use ese_engine::recovery::{GenerationRange, MapEntry, RecoveryControl};
use ese_engine::restore::{RestoreOptions, RestoreRequest, restore};
use ese_format::error::JetError;
use widestring::{U16Str, U16String};

use crate::abi::guard::{CallResult, Completion};
use crate::abi::handles::RawHandle;
use crate::abi::tables::params::{
    JET_paramBaseName, JET_paramLogFilePath, JET_paramSystemPath, JET_paramTempPath,
};
use crate::parameters::{NewValue, ParameterStore, Phase};
use crate::runtime::call::on_instance;
use crate::runtime::engine;
use crate::runtime::instance::{AfterStop, InstanceContext, InstancePhase};
use crate::runtime::process;
use crate::runtime::settings;

/// Characters of a base name.
const BASE_NAME_UNITS: usize = 3;

/// The folders of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreFolders {
    /// Of its logs.
    pub log: PathBuf,
    /// Of its checkpoint.
    pub system: PathBuf,
}

/// What a caller wants restored, but for the databases.
#[derive(Clone, Debug)]
pub struct LogsWanted {
    /// Where the checkpoint goes; `None` for the process's own folder.
    pub system_folder: Option<PathBuf>,
    /// Where the new logs go.
    pub log_folder: Option<PathBuf>,
    /// Where the logs of the set are; `None` for the current folder.
    pub backup_folder: Option<PathBuf>,
    /// Which they are.
    pub given: GenerationRange,
    /// How their names begin; `None` for the process's own.
    pub base_name: Option<U16String>,
    /// The running instance whose logs are wanted.
    pub target_name: Option<U16String>,
    /// The folders of the instance, running or not, whose logs are wanted.
    pub target_folders: Option<RestoreFolders>,
}

/// The instance that restores; leaves the list of the process when it is dropped.
#[derive(Debug)]
struct Restoring(Arc<InstanceContext>);

impl Drop for Restoring {
    fn drop(&mut self) {
        let _ = self.0.advance(InstancePhase::Restoring, InstancePhase::Ended);
        process::remove_instance(&self.0);
    }
}

/// A restore whose instances are found.
#[derive(Debug)]
pub struct PreparedRestore {
    restoring: Restoring,
    target: Option<Arc<InstanceContext>>,
    backup_folder: PathBuf,
    given: GenerationRange,
}

/// Rows 6 to 11 of spec 07 §11.2. `number` counts the restores of the process.
///
/// # Errors
/// `JET_errBadRestoreTargetInstance`, those of entering a running instance, `JET_errTooManyInstances`,
/// `JET_errInstanceNameInUse`, `JET_errInvalidParameter` for a base name, `JET_errInvalidPath`.
pub fn prepare(wanted: LogsWanted, number: u32) -> Result<PreparedRestore, JetError> {
    let target = find_target(&wanted)?;
    if let Some(target) = &target {
        drop(target.enter(AfterStop::Refused)?);
        check_base_name(target, wanted.base_name.as_deref())?;
    }
    let name = format!("Restore{number:04}");
    let name = match target.as_ref().and_then(|target| target.name()) {
        Some(target) => format!("{}  - {name}", target.to_string_lossy()),
        None => name,
    };
    let instance = process::create_instance(Some(U16String::from_str(&name)), None)?;
    let is_starting = instance.advance(InstancePhase::Created, InstancePhase::Restoring);
    let restoring = Restoring(instance);
    if !is_starting {
        return Err(JetError::INIT_IN_PROGRESS);
    }
    // The folders of an instance that does not run become the restore's own.
    let own = wanted.target_folders.filter(|_| target.is_none());
    let (system, log) = match own {
        Some(folders) => (Some(folders.system), Some(folders.log)),
        None => (wanted.system_folder, wanted.log_folder),
    };
    set_parameters(&restoring.0, system.as_deref(), log.as_deref(), wanted.base_name.as_deref())?;
    let backup_folder = match wanted.backup_folder {
        Some(folder) => folder,
        None => std::env::current_dir().map_err(|_| JetError::INVALID_PATH)?,
    };
    Ok(PreparedRestore { restoring, target, backup_folder, given: wanted.given })
}

/// The running instance that a caller names.
fn find_target(wanted: &LogsWanted) -> Result<Option<Arc<InstanceContext>>, JetError> {
    let runs = |instance: &Arc<InstanceContext>| {
        !matches!(instance.phase(), InstancePhase::Created | InstancePhase::Ended)
    };
    let mut running = process::instances().into_iter().filter(runs);
    if let Some(name) = &wanted.target_name {
        let found = running.find(|instance| instance.name() == Some(name));
        return found.map(Some).ok_or(JetError::BAD_RESTORE_TARGET_INSTANCE);
    }
    let Some(folders) = &wanted.target_folders else { return Ok(None) };
    let disk = OsFileSystem;
    let is_same = |left: &Path, right: &Path| disk.full_path(left) == disk.full_path(right);
    Ok(running.find(|instance| {
        instance.engine().is_ok_and(|engine| {
            let settings = engine.settings();
            is_same(&settings.log_folder, &folders.log) && is_same(&settings.system_folder, &folders.system)
        })
    }))
}

/// A set with other names than the running instance's logs is none of that instance.
fn check_base_name(target: &InstanceContext, base_name: Option<&U16Str>) -> Result<(), JetError> {
    let theirs = target.parameters().read().text(JET_paramBaseName);
    let default = crate::parameters::process().read().text(JET_paramBaseName);
    let first = |name: &U16Str| name.to_string_lossy().chars().take(BASE_NAME_UNITS).collect::<String>();
    let ours = first(base_name.unwrap_or(&default));
    if first(&theirs).eq_ignore_ascii_case(&ours) {
        Ok(())
    } else {
        Err(JetError::BAD_RESTORE_TARGET_INSTANCE)
    }
}

fn set_parameters(
    instance: &InstanceContext,
    system: Option<&Path>,
    log: Option<&Path>,
    base_name: Option<&U16Str>,
) -> Result<(), JetError> {
    let mut parameters = instance.parameters().write();
    if let Some(system) = system {
        set_folder(&mut parameters, JET_paramSystemPath, system)?;
        set_folder(&mut parameters, JET_paramTempPath, system)?;
    }
    if let Some(log) = log {
        set_folder(&mut parameters, JET_paramLogFilePath, log)?;
    }
    if let Some(base_name) = base_name {
        parameters.set(JET_paramBaseName, NewValue::Text(base_name), Phase::HasInstances)?;
    }
    if parameters.text(JET_paramBaseName).len() != BASE_NAME_UNITS {
        return Err(JetError::INVALID_PARAMETER);
    }
    Ok(())
}

fn set_folder(parameters: &mut ParameterStore, id: u32, folder: &Path) -> Result<(), JetError> {
    let text = folder.to_str().ok_or(JetError::INVALID_PATH)?;
    let text = U16String::from_str(&format!("{}/", text.trim_end_matches('/')));
    parameters.set(id, NewValue::Text(&text), Phase::HasInstances).map_err(|_| JetError::INVALID_PATH)
}

impl PreparedRestore {
    /// The handle of the instance that restores.
    #[must_use]
    pub fn handle(&self) -> RawHandle {
        self.restoring.0.handle()
    }

    /// Restores these databases.
    ///
    /// # Errors
    /// Those of [`restore`].
    pub fn run(self, map: Vec<MapEntry>, control: &mut dyn RecoveryControl) -> CallResult {
        let instance = Arc::clone(&self.restoring.0);
        on_instance(&instance, || {
            let parameters = instance.parameters().read().clone();
            let mut settings = settings::settings_of(instance.name(), &parameters)?;
            // Logs of any size are restored, and those behind them have the same.
            settings.log_file_kb = None;
            let target = self.target.as_ref();
            let _inside = target.map(|target| target.enter(AfterStop::Refused)).transpose()?;
            let engine = target.map(|target| target.engine()).transpose()?;
            let request = RestoreRequest {
                settings,
                cache: engine::shared_cache()?,
                backup_folder: self.backup_folder.clone(),
                given: self.given,
                map,
                target: engine.as_deref(),
                options: RestoreOptions::empty(),
            };
            let restored = restore(&request, control)?;
            Ok(restored.warning.map_or(Completion::Success, Completion::Warning))
        })
    }
}
