//! The engine's hard recovery, watched: a bar for the Windows switches and for terminals, counts for `--json`.

use std::path::{Path, PathBuf};

use ese_engine::cache::PageCache;
use ese_engine::instance::InstanceSettings;
use ese_engine::io::{Host, OsFileSystem};
use ese_engine::log::LogFolder;
use ese_engine::recovery::{GenerationRange, MapEntry, RecoveryControl, RecoveryEvent, RecoveryProgress};
use ese_engine::restore::{RestoreOptions, RestoreRequest, restore};
use ese_format::error::JetError;
use ese_format::log::names::{GenerationDigits, LogExtension};
use ese_format::page_size::PageSize;

use crate::backup::in_use_or;
use crate::failure::{CommandResult, Failure};
use crate::interruption::{RECOVERY_ENDS_WITH, UntilInterrupted};
use crate::output::{Output, Renderer};
use crate::progress::Progress;

/// What hard recovery is given.
#[derive(Debug)]
pub(super) struct Plan {
    /// The folder of the logs of the set.
    pub(super) backup_folder: PathBuf,
    /// The first and the last of them.
    pub(super) given: (i32, i32),
    pub(super) base_name: String,
    pub(super) extension: LogExtension,
    pub(super) page_size: PageSize,
    /// Where the new log goes.
    pub(super) log_folder: PathBuf,
    /// Where the checkpoint goes.
    pub(super) system_folder: PathBuf,
    pub(super) map: Vec<MapEntry>,
}

/// Runs it.
///
/// # Errors
/// Those of JetExternalRestore.
pub(super) fn recover(plan: Plan, out: &mut Output<'_>) -> CommandResult {
    let mut settings = InstanceSettings::in_folder(Host::system(), &plan.log_folder);
    settings.name = "Restore0001".to_owned();
    settings.system_folder = plan.system_folder;
    settings.temporary_path = settings.system_folder.join(format!("tmp{}.edb", std::process::id()));
    settings.base_name = plan.base_name;
    settings.extension = plan.extension;
    settings.page_size = plan.page_size;
    settings.digits = digits_of(&plan.backup_folder, &settings);
    let (low, high) = plan.given;
    let backup_folder = plan.backup_folder.clone();
    let request = RestoreRequest {
        cache: PageCache::new(settings.cache_bytes),
        settings,
        backup_folder: plan.backup_folder,
        given: GenerationRange { low, high },
        map: plan.map,
        target: None,
        options: RestoreOptions::LEAVE_OUT_UNMAPPED,
    };
    let interruptions = out.interruptions().clone();
    let mut watch = Watch { out, bar: None, signals: UntilInterrupted(&interruptions) };
    let restored = restore(&request, &mut watch);
    let Watch { out, bar, .. } = watch;
    // What became of the databases is what counts, whether or not anybody still reads the output.
    let restored = restored.map_err(|error| match interruptions.pending() {
        Some(interruption) if error.jet() == RECOVERY_ENDS_WITH => {
            Failure::interrupted(interruption, RECOVERY_ENDS_WITH).about(&backup_folder)
        }
        _ => failed(&error, &backup_folder),
    });
    if let Some(bar) = bar {
        let _ = bar.fail(out);
    }
    let restored = restored?;
    out.set("redone", restored.counts.redone);
    out.set("generation", restored.generation);
    Ok(())
}

fn digits_of(folder: &Path, settings: &InstanceSettings) -> GenerationDigits {
    let logs = LogFolder::scan(&OsFileSystem, folder, &settings.base_name, settings.extension);
    match logs {
        Ok(logs) if !logs.archives().is_empty() && !logs.has_five_digits() => GenerationDigits::Eight,
        _ => GenerationDigits::FiveThenEight,
    }
}

/// What the engine says, and what can be done about it.
pub(super) fn failed(error: &ese_engine::error::Error, folder: &Path) -> Failure {
    // The file with the damage, not only the folder it is in.
    let file = match error {
        ese_engine::error::Error::Format(damage) => &*damage.path,
        _ => folder,
    };
    let failure = in_use_or(error, file);
    let hint = match error.jet() {
        JetError::EXISTING_LOG_FILE_HAS_BAD_SIGNATURE
        | JetError::EXISTING_LOG_FILE_IS_NOT_CONTIGUOUS
        | JetError::MISSING_CURRENT_LOG_FILES => {
            "the logs in the log folder of the instance do not go on where the set ends: supply those that are missing, or \
             leave them out (/t, --folder-alone, --set-only)"
        }
        JetError::ATTACHED_DATABASE_MISMATCH => {
            "the logs have a further database attached that is not among those restored: restore all of the set, or let logs \
             follow in which it is detached"
        }
        JetError::LOG_FILE_PATH_IN_USE => "stop the instance that uses these folders",
        _ => return failure,
    };
    failure.with_detail(format!("{}; {hint}", super::show::reason(error)))
}

/// Shows how far it is.
struct Watch<'o, 'a> {
    out: &'o mut Output<'a>,
    bar: Option<Progress>,
    signals: UntilInterrupted<'o>,
}

impl RecoveryControl for Watch<'_, '_> {
    fn decide(&mut self, event: &RecoveryEvent<'_>, default: JetError) -> JetError {
        self.signals.decide(event, default)
    }

    fn progress(&mut self, progress: RecoveryProgress) -> JetError {
        match progress {
            RecoveryProgress::Begin if self.out.renderer() != Renderer::Json => {
                // A bar that cannot be drawn is left out: the restore goes on.
                self.bar = Progress::begin("Restore Status", 100, self.out).ok();
            }
            RecoveryProgress::Percent(percent) => {
                self.bar = self
                    .bar
                    .take()
                    .and_then(|mut bar| bar.advance(percent.into(), self.out).is_ok().then_some(bar));
            }
            RecoveryProgress::Complete => {
                if let Some(bar) = self.bar.take() {
                    let _ = bar.complete(self.out);
                }
            }
            RecoveryProgress::Begin | RecoveryProgress::Fail => {}
        }
        self.signals.progress(progress)
    }
}
