//! `/r`: what JetInit does to a stream that was not closed, and nothing else (spec 10 §4.2). The instance is started,
//! recovers, and is stopped again.
//!
//! Under the Windows switches the text is that of the original tool: a ruler, or with `/v` a line for every step.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use ese_engine::instance::{Instance, InstanceSettings, StartRequest, TermKind};
use ese_engine::io::{FileSystem, Host, OsFileSystem};
use ese_engine::log::{Generation, LogFolder};
use ese_engine::recovery::{
    MapEntry, MapOptions, MissingLogAction, OpenLogReason, RecoveryControl, RecoveryEvent, RecoveryOptions,
    RecoveryProgress, StopPosition,
};
use ese_format::error::JetError;
use ese_format::log::names::{GenerationDigits, LogExtension};
use ese_format::page_size::PageSize;
use serde_json::json;

use crate::command_line::{RecoverOptions, Settings};
use crate::failure::{CommandResult, Failure};
use crate::output::{Output, Renderer};
use crate::progress::Progress;

/// Characters of a base name.
const BASE_NAME_CHARACTERS: usize = 3;
/// Codes at which losing the last logs may be a way out.
const LOSSY_WAY_OUT: [JetError; 3] =
    [JetError::MISSING_LOG_FILE, JetError::COMMITTED_LOG_FILES_MISSING, JetError::COMMITTED_LOG_FILE_CORRUPT];

/// Recovers a stream.
///
/// # Errors
/// Those of JetInit, among them JET_errRecoveredWithoutUndo where that was asked for.
pub fn run(options: &RecoverOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    say_what(options, out)?;
    let folder = env::current_dir()?;
    let place = |typed: &Option<String>| match typed {
        Some(typed) => folder.join(typed),
        None => folder.clone(),
    };
    let mut instance = InstanceSettings::in_folder(Host::system(), &place(&options.logs));
    instance.system_folder = place(&options.system);
    instance.base_name.clone_from(&options.base_name);
    instance.digits = match options.eight_digits.is_wanted() {
        true => GenerationDigits::Eight,
        false => GenerationDigits::FiveThenEight,
    };
    instance.page_size = settings.page_size.or_else(|| page_size_of(&instance)).unwrap_or(PageSize::K4);
    instance.delete_out_of_range_logs = options.accept_loss.is_wanted() && options.stop_generation.is_none();
    instance.alternate_database_folder = options.databases.as_ref().map(&place);
    let mut steps = Steps::new(options, out);
    let outcome = if options.base_name.chars().count() == BASE_NAME_CHARACTERS {
        start(options, instance, &folder, &mut steps)
    } else {
        Err(Failure::from(JetError::INVALID_PARAMETER))
    };
    let Steps { bar, began, lost, .. } = steps;
    drop(bar);
    if let Some(lost) = lost {
        return Err(lost.into());
    }
    let spoke = began || options.verbose.is_wanted();
    match &outcome {
        Ok(()) => out.frame(format_args!("{}", if spoke { "\n\n" } else { "\n" }))?,
        Err(failure) => {
            let first = if spoke { "\n" } else { "" };
            if matches!(failure, Failure::Jet(jet) if LOSSY_WAY_OUT.contains(&jet.error)) {
                out.frame(format_args!(
                    "{first}\n\n  \tRecovery has indicated that there might be a lossy recovery option.  \
                     Run recovery with the /a argument.\n\n\n"
                ))?;
            } else {
                out.frame(format_args!("{first}\n\n\n"))?;
            }
        }
    }
    outcome
}

/// The start lines.
fn say_what(options: &RecoverOptions, out: &mut Output<'_>) -> CommandResult {
    let shown = |typed: &Option<String>| typed.clone().unwrap_or_else(|| "<current directory>".to_owned());
    out.frame(format_args!("Initiating RECOVERY mode...\n"))?;
    out.frame(format_args!("    Logfile base name: {}\n", options.base_name))?;
    if let Some(pages) = options.temporary_pages {
        out.frame(format_args!("   Temp database size: {pages}\n"))?;
    }
    out.frame(format_args!("            Log files: {}\n", shown(&options.logs)))?;
    out.frame(format_args!("         System files: {}\n", shown(&options.system)))?;
    if let Some(folder) = &options.databases {
        out.frame(format_args!("   Database Directory: {}\n", shown(folder)))?;
    }
    for moved in &options.moved {
        match &moved.old {
            Some(old) => out.frame(format_args!(
                "   New Database Location: {}, Original Database Location: {old}\n",
                moved.new
            ))?,
            None => out.frame(format_args!("   New Database Location: {}\n", moved.new))?,
        }
    }
    if !options.moved.is_empty() && options.unnamed_stay.is_wanted() {
        out.frame(format_args!("   Default Database Location: yes\n"))?;
    }
    out.frame(format_args!("\nPerforming soft recovery...\n"))?;
    Ok(())
}

/// The page size that the first readable log of the stream names.
fn page_size_of(settings: &InstanceSettings) -> Option<PageSize> {
    let disk: &dyn FileSystem = &OsFileSystem;
    let folder = LogFolder::scan(disk, &settings.log_folder, &settings.base_name, LogExtension::Log).ok()?;
    let logs = folder.current().into_iter().chain(folder.archives().values().map(PathBuf::as_path));
    logs.filter_map(|path| Generation::read(disk, path).ok())
        .find_map(|generation| generation.log().ok().and_then(|log| log.header().page_size()))
}

fn start(
    options: &RecoverOptions,
    settings: InstanceSettings,
    folder: &Path,
    steps: &mut Steps<'_, '_>,
) -> CommandResult {
    let mut wanted = RecoveryOptions::empty();
    for (option, bit) in [
        (options.ignore_missing, RecoveryOptions::IGNORE_MISSING_DATABASES),
        (options.truncate, RecoveryOptions::TRUNCATE_LOGS),
        (options.without_undo, RecoveryOptions::WITHOUT_UNDO),
        (options.accept_loss, RecoveryOptions::IGNORE_LOST_LOGS),
        (options.unnamed_stay, RecoveryOptions::REPLAY_UNMAPPED),
    ] {
        wanted.set(bit, option.is_wanted());
    }
    wanted.set(RecoveryOptions::STREAM_MUST_EXIST, !options.may_be_empty.is_wanted());
    let map: Vec<MapEntry> = options
        .moved
        .iter()
        .map(|moved| MapEntry {
            logged: moved.old.clone(),
            path: folder.join(&moved.new),
            options: MapOptions::empty(),
        })
        .collect();
    let log_folder = settings.log_folder.clone();
    let mut request = StartRequest::new(settings);
    request.options = wanted;
    request.map = (!map.is_empty()).then_some(map);
    request.stop = options.stop_generation.map(StopPosition::AfterGeneration);
    let failed = |error: ese_engine::error::Error| Failure::of_engine(&error, &log_folder);
    let started = Instance::start_recovering(request, steps).map_err(failed)?;
    let out = &mut *steps.out;
    let counts = started.recovery;
    out.set("redone", counts.redone);
    out.set("built", counts.built);
    out.set("already_applied", counts.applied);
    out.set("restored", counts.restored);
    out.set("versions", counts.versions);
    out.set("warning", started.warning.map_or(json!(null), |warning| json!(warning.name())));
    if let Some(warning) = started.warning {
        out.warn(warning.to_string());
    }
    started.instance.stop(TermKind::Complete).map_err(failed)
}

/// Shows the steps of a recovery.
struct Steps<'o, 'a> {
    out: &'o mut Output<'a>,
    verbose: bool,
    without_undo: bool,
    bar: Option<Progress>,
    /// Whether redo began.
    began: bool,
    /// Output that went away.
    lost: Option<std::io::Error>,
}

impl<'o, 'a> Steps<'o, 'a> {
    fn new(options: &RecoverOptions, out: &'o mut Output<'a>) -> Self {
        Self {
            out,
            verbose: options.verbose.is_wanted(),
            without_undo: options.without_undo.is_wanted(),
            bar: None,
            began: false,
            lost: None,
        }
    }

    fn line(&mut self, text: &str) {
        if self.verbose {
            let written = match self.out.renderer() {
                Renderer::Plain => writeln!(self.out, "{}", text.trim()),
                _ => self.out.frame(format_args!("{text}\n")),
            };
            if let Err(error) = written {
                self.lost.get_or_insert(error);
            }
        }
    }

    fn keep(&mut self, result: std::io::Result<()>) {
        if let Err(error) = result {
            self.lost.get_or_insert(error);
        }
    }
}

fn which(is_current: bool) -> &'static str {
    if is_current { "fCurrent" } else { "eArchive" }
}

/// What the original's own callback is told of undo and of the start behind it: it always asks for the former to be left
/// out, and says otherwise when it is asked.
const BEGIN_UNDO_SHOWN: i32 = JetError::RECOVERED_WITHOUT_UNDO.code();
const DO_SHOWN: i32 = JetError::RECOVERED_WITHOUT_UNDO_DATABASES_CONSISTENT.code();

impl RecoveryControl for Steps<'_, '_> {
    fn decide(&mut self, event: &RecoveryEvent<'_>, default: JetError) -> JetError {
        match event {
            RecoveryEvent::OpenLog { generation, is_current, reason, path, databases } => {
                let (reason, shown) = match reason {
                    OpenLogReason::Checking => ("Patching", default.code()),
                    OpenLogReason::Redo => ("ForRedo ", default.code()),
                    OpenLogReason::Undo => ("ForUndo ", default.code()),
                    OpenLogReason::Do => ("ForDo   ", DO_SHOWN),
                };
                self.line(&format!(
                    "        OpenLog   : {reason}: errDefault={shown}, lGenNext={generation}, {}, {} DBs, szFile={}",
                    which(*is_current),
                    databases.len(),
                    path.display()
                ));
            }
            RecoveryEvent::OpenCheckpoint { .. } => {
                self.line(&format!("        OpenCheckp: errDefault={}", default.code()));
            }
            RecoveryEvent::MissingLog { generation, is_current, next, path, databases } => {
                let next = match next {
                    MissingLogAction::MustFail => "JET_MissingLogMustFail",
                    MissingLogAction::ContinueToRedo => "JET_MissingLogContinueToRedo",
                    MissingLogAction::ContinueTryCurrentLog => "JET_MissingLogContinueTryCurrentLog",
                    MissingLogAction::ContinueToUndo => "JET_MissingLogContinueToUndo",
                    MissingLogAction::CreateNewLogStream => "JET_MissingLogCreateNewLogStream",
                };
                self.line(&format!(
                    "        MissingLog: errDefault={}, lGenNext={generation}, {}, {next}, {} DBs, szFile={}",
                    default.code(),
                    which(*is_current),
                    databases.len(),
                    path.display()
                ));
            }
            RecoveryEvent::BeginUndo { databases } => {
                self.line(&format!(
                    "        BeginUndo : errDefault={BEGIN_UNDO_SHOWN}, {} DBs",
                    databases.len()
                ));
            }
            RecoveryEvent::SignalErrorCondition => {
                self.line(&format!("        ErrCond   : errDefault={}", default.code()));
            }
            _ => {}
        }
        // The run behind a recovery is this tool's own, and short.
        let is_do = matches!(event, RecoveryEvent::OpenLog { reason: OpenLogReason::Do, .. });
        if is_do && !self.without_undo { JetError::from_code(0) } else { default }
    }

    fn progress(&mut self, progress: RecoveryProgress) -> JetError {
        match progress {
            RecoveryProgress::Begin => {
                self.began = true;
                self.line("    Beginning Verbose Recovery ---------------- ");
                if !self.verbose && self.out.renderer() != Renderer::Json {
                    match Progress::begin("Restore Status", 100, self.out) {
                        Ok(bar) => self.bar = Some(bar),
                        Err(error) => self.keep(Err(error)),
                    }
                }
            }
            RecoveryProgress::Percent(percent) => {
                if let Some(mut bar) = self.bar.take() {
                    let advanced = bar.advance(percent.into(), self.out);
                    self.bar = Some(bar);
                    self.keep(advanced);
                }
            }
            RecoveryProgress::Complete => {
                self.line("        Status: Complete!\n");
                if let Some(bar) = self.bar.take() {
                    let completed = bar.complete(self.out).and_then(|()| self.out.frame(format_args!("\n")));
                    self.keep(completed);
                }
            }
            RecoveryProgress::Fail => {
                self.line("        Status: Got FAIL status!");
                if let Some(bar) = self.bar.take() {
                    let failed = bar.fail(self.out);
                    self.keep(failed);
                }
            }
        }
        JetError::from_code(0)
    }
}
