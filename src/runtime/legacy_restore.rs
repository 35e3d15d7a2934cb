//! A restore from a folder as a process has it: which instance does it (spec 07 §9.2).
//!
//! Invariants: the instance that restores is in the list of the process as long as the restore lasts, and nobody can start
//! it; one that the program made is as it was afterwards, one that was made for the restore is gone.

use std::path::PathBuf;
use std::sync::Arc;

use ese_engine::legacy_backup::{FolderRestore, MissingFolders, restore_folder};
use ese_engine::recovery::RecoveryControl;
use ese_format::error::JetError;
use widestring::U16String;

use crate::abi::guard::{CallResult, Completion};
use crate::abi::handles::RawHandle;
use crate::abi::tables::params::JET_paramCreatePathIfNotExist;
use crate::runtime::call::on_instance;
use crate::runtime::engine;
use crate::runtime::instance::{InstanceContext, InstancePhase};
use crate::runtime::process::{self, Named};
use crate::runtime::settings;

/// What the instance is called that is made for a restore.
const NAME: &str = "Restore";

/// Which instance restores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restorer {
    /// The only one that the process may have (JetRestore, JetRestore2).
    Only,
    /// The one that the program made, or a new one where it names none (JetRestoreInstance).
    Named(RawHandle),
}

/// The instance while it restores.
#[derive(Debug)]
pub struct PreparedFolderRestore {
    instance: Arc<InstanceContext>,
    /// What it is afterwards.
    after: InstancePhase,
}

impl Drop for PreparedFolderRestore {
    fn drop(&mut self) {
        let _ = self.instance.advance(InstancePhase::Restoring, self.after);
        if self.after == InstancePhase::Ended {
            process::remove_instance(&self.instance);
        }
    }
}

/// Finds the instance, or makes it.
///
/// # Errors
/// `JET_errAlreadyInitialized`, `JET_errInitInProgress`, `JET_errRestoreInProgress`, `JET_errTermInProgress`; `JET_errRunningInMultiInstanceMode`,
/// `JET_errRunningInOneInstanceMode`; `JET_errInvalidParameter` for a handle of none; those of making one.
pub fn prepare(restorer: Restorer) -> Result<PreparedFolderRestore, JetError> {
    let (instance, after) = match restorer {
        Restorer::Only => (process::instance_to_start(Named::Nothing)?, InstancePhase::Ended),
        Restorer::Named(number) if process::is_nil(number) => {
            (process::create_instance(Some(U16String::from_str(NAME)), None)?, InstancePhase::Ended)
        }
        Restorer::Named(number) => {
            (process::instance_of_call(number, JetError::INVALID_PARAMETER)?, InstancePhase::Created)
        }
    };
    if instance.advance(InstancePhase::Created, InstancePhase::Restoring) {
        return Ok(PreparedFolderRestore { instance, after });
    }
    Err(match instance.phase() {
        InstancePhase::Starting => JetError::INIT_IN_PROGRESS,
        InstancePhase::Restoring => JetError::RESTORE_IN_PROGRESS,
        InstancePhase::Running => JetError::ALREADY_INITIALIZED,
        _ => JetError::TERM_IN_PROGRESS,
    })
}

impl PreparedFolderRestore {
    /// The handle of the instance.
    #[must_use]
    pub fn handle(&self) -> RawHandle {
        self.instance.handle()
    }

    /// Restores.
    ///
    /// # Errors
    /// Those of [`restore_folder`].
    pub fn run(
        self,
        source: PathBuf,
        destination: Option<PathBuf>,
        control: &mut dyn RecoveryControl,
    ) -> CallResult {
        on_instance(&self.instance, || {
            let parameters = self.instance.parameters().read().clone();
            let mut settings = settings::settings_of(self.instance.name(), &parameters)?;
            // Logs of any size are restored, and those behind them have the same.
            settings.log_file_kb = None;
            let makes_folders = parameters.number(JET_paramCreatePathIfNotExist) != 0;
            let missing_folders = if makes_folders { MissingFolders::Made } else { MissingFolders::Refused };
            let cache = engine::shared_cache()?;
            let request = FolderRestore { settings, cache, source, destination, missing_folders };
            restore_folder(&request, control)?;
            Ok(Completion::Success)
        })
    }
}
