//! Floor 7: recovery. From whatever a crash left to databases that hold the committed state and nothing else
//! (spec 06 §8–§13).
//!
//! ```text
//! look      which logs there are, was the stream closed, where does the checkpoint say to begin   plan
//! redo      generation by generation, record by record; databases attached as the log attaches    driver, databases
//! check     every database the log has attached is here, every generation it needs was there
//! undo      what was not committed is taken back, like any rollback, and logged                   undo
//! end       headers clean, RecoveryQuit2, checkpoint
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `hard` | the same for the copies and the logs of a backup (spec 07 §11) |
//! | `backup_copy` | is this file a backup copy, and what becomes of its trailer |
//! | `attach` | is this file the database that the log means? |
//! | `location` | where to look for it: map, alternate folder, logged path |
//! | `control` | what the application is told and asked |
//! | `pages` | the pages of redo: the cache, and which of them may not be written yet |
//!
//! Invariants: nothing is changed in a file before it is certain that it belongs to the stream; a failed or interrupted
//! recovery can be begun again and comes to the same end; a header becomes clean only when every page is in the file.

mod attach;
mod backup_copy;
mod control;
mod databases;
mod driver;
mod hard;
mod location;
mod options;
mod pages;
mod plan;
mod progress;
mod stream;
mod undo;

pub use attach::{AttachDecision, AttachSource, Deferral, LoggedAttach, decide};
pub use backup_copy::{BackupCopy, GenerationRange};
pub use control::{
    MissingLogAction, NoControl, OpenLogReason, RecoveringDatabase, RecoveryControl, RecoveryEvent,
    RecoveryProgress,
};
pub use hard::{SetLogs, SetReplay, SetReplayed, TargetLogs, replay_set};
pub use options::{MapEntry, MapOptions, RecoveryOptions, StopPosition};

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use ese_format::checkpoint::{Checkpoint, FILE_TYPE_CHECKPOINT};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::signature::Signature;

use crate::cache::PageCache;
use crate::error::{Error, Result};
use crate::instance::{GenerationFile, InstanceSettings, draw_signature};
use crate::log::{LastFile, Log, LogFolder, LogOwner, LogSettings, Onward, checkpoint_file};
use crate::redo::{Redo, RedoCounts};
use crate::transaction::Transactions;

use control::OpenLogReason as Reason;
use databases::{Databases, LeftPages, Slot, Surroundings};
use driver::Driver;
pub(crate) use driver::answered;
use location::Locations;
use plan::{Found, Plan};
use stream::{OpenGeneration, Stream};
use undo::{Owner, Undo};

/// What a recovery is asked for.
#[derive(Clone, Debug)]
pub struct RecoveryRequest<'a> {
    /// The settings of the instance.
    pub settings: &'a InstanceSettings,
    /// The cache its databases share.
    pub cache: &'a Arc<PageCache>,
    /// Its transactions: what redo finds unfinished is rolled back by them, and their numbers go on behind what it met.
    pub transactions: &'a Arc<Transactions>,
    /// The grbits of JetInit.
    pub options: RecoveryOptions,
    /// Databases that are elsewhere than the log says; with a map, others are left out.
    pub map: Option<Vec<MapEntry>>,
    /// Where to stop.
    pub stop: Option<StopPosition>,
}

/// A stream that is ready for a run of the engine.
#[derive(Debug)]
pub struct Recovered {
    /// The log, open behind its last record.
    pub log: Arc<Log>,
    /// The checkpoint as it is in the file; zeros for a new stream.
    pub checkpoint: Box<Checkpoint>,
    /// JET_wrnCommittedLogFilesLost, JET_wrnCommittedLogFilesRemoved.
    pub warning: Option<JetError>,
    /// What redo did.
    pub counts: RedoCounts,
}

/// Makes the stream of an instance ready: a new one where there is none, one that was closed is opened, any other is
/// recovered (spec 06 §8.2).
///
/// # Errors
/// Spec 06 §8.4. `JET_errRecoveredWithoutUndo` and its like are the success of a recovery that was to stop early.
pub fn open_stream(request: &RecoveryRequest<'_>, control: &mut dyn RecoveryControl) -> Result<Recovered> {
    check_request(request)?;
    let stream = Stream::look(request.settings)?;
    let options = request.options.with_implied();
    match plan::make(request, options, &stream, control)? {
        Plan::NewStream => new_stream(request, &stream),
        Plan::Closed { generation, checkpoint } => {
            tell_do(&stream, options, control)?;
            if has_other_size(request, &stream, &generation) {
                return instead_of_mismatched(request, &stream, &generation, None, RedoCounts::default());
            }
            let log = open_behind(&stream, &generation, VersionOf::Settings, None)?;
            Ok(Recovered { log, checkpoint, warning: None, counts: RedoCounts::default() })
        }
        Plan::Recover(found) => {
            answered(control.progress(RecoveryProgress::Begin), "the progress callback")?;
            let outcome = recover(request, options, &stream, *found, &[], control);
            let told = match &outcome {
                Ok(_) => control.progress(RecoveryProgress::Complete),
                Err(error) if is_early_stop(error.jet()) => control.progress(RecoveryProgress::Complete),
                Err(_) => control.progress(RecoveryProgress::Fail),
            };
            let recovered = outcome?;
            answered(told, "the progress callback")?;
            tell_do(&stream, options, control)?;
            Ok(recovered)
        }
    }
}

fn is_early_stop(jet: JetError) -> bool {
    [JetError::RECOVERED_WITHOUT_UNDO, JetError::RECOVERED_WITHOUT_UNDO_DATABASES_CONSISTENT].contains(&jet)
}

/// Combinations that are refused before anything is looked at (spec 06 §8.1).
fn check_request(request: &RecoveryRequest<'_>) -> Result<()> {
    let settings = request.settings;
    if request.options.contains(RecoveryOptions::KEEP_ATTACHED) {
        let about = "JET_bitKeepDbAttachedAtEndOfRecovery";
        return Err(Error::refused(JetError::FEATURE_NOT_AVAILABLE, about));
    }
    if request.stop.is_some() && (settings.delete_old_logs || settings.delete_out_of_range_logs) {
        return Err(Error::refused(JetError::INVALID_PARAMETER, "a place to stop, and logs to delete"));
    }
    let keeps = request.options.contains(RecoveryOptions::KEEP_ATTACHED);
    let circular = settings.circular == crate::log::Circular::On;
    if settings.cleanup_mismatched_logs && (keeps || !circular) {
        return Err(Error::refused(JetError::INVALID_SETTINGS, "JET_paramCleanupMismatchedLogFiles"));
    }
    Ok(())
}

/// The ordinary start of the instance: -584 where the application wanted no undo.
fn tell_do(stream: &Stream, options: RecoveryOptions, control: &mut dyn RecoveryControl) -> Result<()> {
    let default = if options.contains(RecoveryOptions::WITHOUT_UNDO) {
        JetError::RECOVERED_WITHOUT_UNDO_DATABASES_CONSISTENT
    } else {
        JetError::from_code(0)
    };
    let path = stream.current_path();
    let event = RecoveryEvent::OpenLog {
        generation: 0,
        is_current: true,
        reason: Reason::Do,
        path: &path,
        databases: &[],
    };
    answered(control.decide(&event, default), "the recovery callback")
}

fn new_stream(request: &RecoveryRequest<'_>, stream: &Stream) -> Result<Recovered> {
    let checkpoint = stream.settings.checkpoint_path();
    if stream.disk.is_file(&checkpoint) {
        stream.disk.remove(&checkpoint)?;
    }
    let log = Log::create(stream.settings.clone(), draw_signature(&request.settings.host))?;
    let checkpoint = Box::new(Checkpoint::zeroed());
    Ok(Recovered { log, checkpoint, warning: None, counts: RedoCounts::default() })
}

/// In which version a log goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum VersionOf {
    /// At least in that of the settings; a generation of an older one is not continued.
    Settings,
    /// In its own.
    Log,
}

/// Whether the logs have another size than the program asked for, so that the stream cannot go on.
fn has_other_size(request: &RecoveryRequest<'_>, stream: &Stream, last: &OpenGeneration) -> bool {
    let header = &last.header;
    header.version().is_segmented()
        && request.settings.log_file_kb.is_some()
        && header.file_sectors.get() != stream.settings.file_segments
}

/// Behind a recovery that left the databases consistent: a new stream in the place of one whose logs have another size
/// (JET_paramCleanupMismatchedLogFiles, spec 06 §12). The last log goes last: until then the old stream is closed and
/// whole at its end.
///
/// # Errors
/// `JET_errLogFileSizeMismatchDatabasesConsistent` where the program did not ask for that.
fn instead_of_mismatched(
    request: &RecoveryRequest<'_>,
    stream: &Stream,
    last: &OpenGeneration,
    warning: Option<JetError>,
    counts: RedoCounts,
) -> Result<Recovered> {
    if !request.settings.cleanup_mismatched_logs {
        let about = format!("{} has another size", last.generation.path().display());
        return Err(Error::refused(JetError::LOG_FILE_SIZE_MISMATCH_DATABASES_CONSISTENT, about));
    }
    let settings = &stream.settings;
    let scan = || LogFolder::scan(&*stream.disk, &settings.folder, &settings.base_name, settings.extension);
    let folder = scan()?;
    tracing::warn!("the logs of {} have another size and go", settings.folder.display());
    let prepared = folder.temporary().map(std::path::Path::to_path_buf);
    let reserves = (1..=settings.reserve_files).map(|number| settings.reserve_path(number));
    let spare = prepared.into_iter().chain(reserves).filter(|path| stream.disk.is_file(path));
    for path in folder.archives().values().cloned().chain(spare) {
        stream.disk.remove(&path)?;
    }
    if let Some(current) = folder.current() {
        stream.disk.remove(current)?;
    }
    Ok(Recovered { warning, counts, ..new_stream(request, stream)? })
}

/// Opens the log behind a generation, at the generation's own size.
fn open_behind(
    stream: &Stream,
    last: &OpenGeneration,
    version: VersionOf,
    owner: Option<Weak<dyn LogOwner>>,
) -> Result<Arc<Log>> {
    let mut settings = stream.settings.clone();
    let header = &last.header;
    let is_segmented = header.version().is_segmented();
    if is_segmented {
        settings.file_segments = header.file_sectors.get();
        if version == VersionOf::Log {
            settings.version = header.version();
        }
    }
    Log::open_owned(settings, last.generation.place(last.file, Onward::SameGeneration)?, owner)
}

/// `copies` are the files that a restore found to be these databases.
fn recover(
    request: &RecoveryRequest<'_>,
    options: RecoveryOptions,
    stream: &Stream,
    found: Found,
    copies: &[(Signature, PathBuf)],
    control: &mut dyn RecoveryControl,
) -> Result<Recovered> {
    let Found { start, attachments, signature, mut checkpoint } = found;
    let redo = Redo::new();
    let settings = request.settings;
    let first = &start.first.header;
    let around = Surroundings {
        host: settings.host.clone(),
        cache: Arc::clone(request.cache),
        locations: Locations {
            map: request.map.clone(),
            identities: copies.to_vec(),
            alternate_folder: settings.alternate_database_folder.clone(),
            replay_unmapped: options.contains(RecoveryOptions::REPLAY_UNMAPPED),
        },
        options,
        stream: signature,
        page_size: settings.page_size,
        held: Arc::clone(redo.held_pages()),
        hard: stream.set,
    };
    let generation = GenerationFile { generation: first.generation.get(), created: first.created };
    let databases = Databases { around, slots: std::collections::BTreeMap::new(), generation };
    let mut driver = Driver::new(stream, databases, redo, options, control);
    driver.stop = request.stop;
    driver.deletes_out_of_range = settings.delete_out_of_range_logs;
    driver.redo_from = if start.from.is_null() {
        Lgpos::new(generation.generation, first.header_sectors.get(), 0)
    } else {
        start.from
    };
    driver.position = driver.redo_from;
    let first_path = Arc::clone(start.first.generation.path());
    let replayed = driver
        .tell_open(generation.generation, start.first.file, &first_path, Reason::Redo)
        .and_then(|()| driver.attach_stored(&attachments))
        .and_then(|()| driver.run(start))
        .and_then(|last| driver.check_end(&last).map(|()| last));
    let last = match replayed {
        Ok(last) => last,
        Err(error) => {
            let pages = if is_early_stop(error.jet()) { LeftPages::Written } else { LeftPages::Forgotten };
            driver.databases.leave_dirty(pages);
            return Err(error);
        }
    };
    let counts = driver.redo.counts();
    request.transactions.saw_trx(driver.redo.trx_newest());
    let (end, redo_from) = (driver.end, driver.redo_from);
    let Driver { mut databases, redo, .. } = driver;
    databases.remove_unfinished_creations()?;
    // A restore that ends with logs of others ends in a log of its own.
    let is_own_end = stream.set.is_none() || last.file == LastFile::Current;
    let quit = match end.quit.filter(|_| is_own_end) {
        // The log ends with Term or RecoveryQuit: nothing is open, nothing is attached.
        Some(quit) => {
            let log = open_behind(stream, &last, VersionOf::Log, None)?;
            (log, quit)
        }
        None => {
            let sessions =
                redo.into_sessions().inspect_err(|_| databases.leave_dirty(LeftPages::Forgotten))?;
            let owner = Owner::of(databases, checkpoint.checkpoint, last.header.version().update_major);
            let weak: Weak<Owner> = Arc::downgrade(&owner);
            let weak: Weak<dyn LogOwner> = weak;
            let log = open_behind(stream, &last, VersionOf::Log, Some(weak))?;
            let ends_with_mark =
                end.last_mark.filter(|_| end.ends_with_mark && sessions.is_empty() && is_own_end);
            let undo = Undo {
                log: &log,
                transactions: request.transactions,
                redo_from,
                ends_with_mark,
                owner: &owner,
            };
            let ended = undo.run(sessions)?;
            (log, ended.quit)
        }
    };
    let (log, quit) = quit;
    let last_generation = log.generation();
    checkpoint.checkpoint = quit;
    checkpoint.database_consistency = quit;
    checkpoint.signature = signature;
    checkpoint.flags = 0;
    checkpoint.file_type = FILE_TYPE_CHECKPOINT.into();
    checkpoint.parameters = log.settings().parameters();
    checkpoint.attach_list.fill(0);
    checkpoint_file::write(&*stream.disk, &stream.settings.checkpoint_path(), &checkpoint)?;
    if has_other_size(request, stream, &last) {
        drop(log);
        return instead_of_mismatched(request, stream, &last, end.warning, counts);
    }
    if options.contains(RecoveryOptions::TRUNCATE_LOGS) {
        truncate(stream, last_generation);
    }
    Ok(Recovered { log, checkpoint, warning: end.warning, counts })
}

/// Deletes the archived logs below a generation, lowest first, until one cannot be deleted.
fn truncate(stream: &Stream, generation: i32) {
    let folder = LogFolder::scan(
        &*stream.disk,
        &stream.settings.folder,
        &stream.settings.base_name,
        stream.settings.extension,
    );
    let Ok(folder) = folder else { return };
    for (_, path) in folder.archives().range(..generation) {
        if let Err(error) = stream.disk.remove(path) {
            tracing::warn!(%error, "an old log stays");
            return;
        }
    }
}

impl Stream {
    /// The files of the stream that these settings name.
    fn look(settings: &InstanceSettings) -> Result<Self> {
        let disk = Arc::clone(&settings.host.file_system);
        let mut log_settings: LogSettings = settings.log_settings()?;
        let folder = LogFolder::scan(&*disk, &settings.log_folder, &settings.base_name, settings.extension)
            .map_err(|error| match error.jet() {
            JetError::FILE_NOT_FOUND => Error::refused(JetError::INVALID_PATH, error.to_string()),
            _ => error,
        })?;
        log_settings.extension = folder.extension();
        Ok(Self { disk, settings: log_settings, folder, earlier: Vec::new(), set: None })
    }
}

impl Databases {
    /// Deletes the files of databases whose CreateDBFinish never came.
    fn remove_unfinished_creations(&mut self) -> Result<()> {
        let unfinished: Vec<u8> =
            self.attached().filter(|(_, attached)| attached.is_unfinished).map(|(dbid, _)| dbid).collect();
        for dbid in unfinished {
            if let Some(Slot::Attached(attached)) = self.slots.remove(&dbid) {
                self.close(*attached, Lgpos::NULL)?;
            }
        }
        Ok(())
    }
}
