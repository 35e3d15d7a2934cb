//! The start of an instance: JetInit (spec 06 §8, §12; 05 §10).
//!
//! Invariants: the folders are claimed before anything is read; a stream is continued only behind a record that says it
//! was closed, and that the checkpoint names; Init2 is the first record of the run and begins a segment.

use std::path::Path;
use std::sync::Arc;

use ese_format::checkpoint::Checkpoint;
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{Init2, Record};
use parking_lot::Mutex;

use crate::cache::PageCache;
use crate::error::{Error, Result};
use crate::io::Background;
use crate::lock_order::LeafMutex;
use crate::log::{
    Generation, LastFile, Log, LogFolder, LogOwner, LogSettings, Mended, Onward, checkpoint_file, mend_tail,
};
use crate::transaction::Transactions;

use super::attach::encode;
use super::background::Worker;
use super::checkpoint::{CheckpointState, WriteCheckpoint};
use super::header_file::draw_signature;
use super::in_use::{PathClaim, PathUse};
use super::settings::{InstanceSettings, RecoveryMode};
use super::{Instance, RunState};

/// What is found in the folders of an instance.
#[derive(Debug)]
enum Stream {
    /// No log at all.
    None,
    /// The current log ends with the record that the checkpoint names (spec 06 §8.2 row 5).
    Closed(Generation),
    /// Anything else.
    Open,
}

impl Instance {
    /// Starts an instance with a cache of its own.
    ///
    /// # Errors
    /// As [`Self::start_with`].
    pub fn start(settings: InstanceSettings) -> Result<Arc<Self>> {
        let cache = PageCache::new(settings.cache_bytes);
        Self::start_with(settings, cache)
    }

    /// Starts an instance: a new stream in empty folders, one that was closed is continued, any other is recovered
    /// first.
    ///
    /// # Errors
    /// `JET_errTempPathInUse`, `JET_errSystemPathInUse`, `JET_errLogFilePathInUse`; `JET_errInvalidPath` without the
    /// folders; `JET_errFileAccessDenied` when another process has the logs; those of recovery (spec 06 §8.4), of the log
    /// and of the disk.
    pub fn start_with(settings: InstanceSettings, cache: Arc<PageCache>) -> Result<Arc<Self>> {
        let claims = claim_folders(&settings)?;
        let transactions = Transactions::new(settings.host.clone(), settings.versions);
        let (log, checkpoint) = match settings.recovery {
            RecoveryMode::On => {
                let (log, checkpoint) = open_stream(&settings, &cache, &transactions)?;
                (Some(log), checkpoint)
            }
            RecoveryMode::Off => (None, Box::new(Checkpoint::zeroed())),
        };
        let begun = log.as_deref().map_or(Ok(Lgpos::NULL), |log| begin_run(&settings, log))?;
        transactions.set_log(log.clone());
        let position = checkpoint.checkpoint;
        let instance = Arc::new(Self {
            settings,
            cache,
            transactions,
            log,
            begun,
            administration: Mutex::new(()),
            slots: LeafMutex::default(),
            temporary_tables: LeafMutex::default(),
            checkpoint: Mutex::new(CheckpointState::new(checkpoint)),
            checkpoint_position: LeafMutex::new(position),
            looked: LeafMutex::new(Lgpos::NULL),
            run_state: LeafMutex::new(RunState::Running),
            claims: LeafMutex::new(claims),
            worker: Worker::default(),
        });
        if let Some(log) = &instance.log {
            let owner: std::sync::Weak<Self> = Arc::downgrade(&instance);
            let owner: std::sync::Weak<dyn LogOwner> = owner;
            log.set_owner(owner);
            if position.is_null() {
                instance.advance_checkpoint(WriteCheckpoint::Always)?;
            }
        }
        if instance.settings.host.background == Background::Threads {
            instance.worker.start(Arc::downgrade(&instance));
        }
        Ok(instance)
    }
}

/// In the order in which the engine looks (spec 09 §2.5).
fn claim_folders(settings: &InstanceSettings) -> Result<Vec<PathClaim>> {
    let disk = &*settings.host.file_system;
    let base = &settings.base_name;
    let mut claims = vec![PathClaim::new(disk, &settings.temporary_file(), "", PathUse::Temporary)?];
    if settings.recovery == RecoveryMode::On {
        claims.push(PathClaim::new(disk, &settings.system_folder, base, PathUse::System)?);
        claims.push(PathClaim::new(disk, &settings.log_folder, base, PathUse::Log)?);
    }
    Ok(claims)
}

/// The stream, ready for the records of a run, and the checkpoint it has; a null one for a new stream.
fn open_stream(
    settings: &InstanceSettings,
    cache: &Arc<PageCache>,
    transactions: &Arc<Transactions>,
) -> Result<(Arc<Log>, Box<Checkpoint>)> {
    let disk = &*settings.host.file_system;
    let mut log_settings = settings.log_settings()?;
    let invalid = |error: Error| match error.jet() {
        JetError::FILE_NOT_FOUND => Error::refused(JetError::INVALID_PATH, error.to_string()),
        _ => error,
    };
    let folder = LogFolder::scan(disk, &settings.log_folder, &settings.base_name, settings.extension)
        .map_err(invalid)?;
    log_settings.extension = folder.extension();
    let checkpoint_path = log_settings.checkpoint_path();
    match look_at(settings, &folder, &checkpoint_path)? {
        Stream::None => {
            if disk.is_file(&checkpoint_path) {
                disk.remove(&checkpoint_path)?;
            }
            let log = Log::create(log_settings, draw_signature(&settings.host))?;
            Ok((log, Box::new(Checkpoint::zeroed())))
        }
        Stream::Closed(current) => {
            check_sizes(settings, &current, &mut log_settings)?;
            let place = current.place(LastFile::Current, Onward::SameGeneration)?;
            drop(current);
            let log = Log::open(log_settings, place)?;
            let checkpoint = checkpoint_file::read(disk, &checkpoint_path)?;
            Ok((log, checkpoint))
        }
        Stream::Open => recover(settings, log_settings, cache, transactions),
    }
}

/// What state the stream is in. Traces of a power cut at its end are put right on the way.
fn look_at(settings: &InstanceSettings, folder: &LogFolder, checkpoint_path: &Path) -> Result<Stream> {
    let disk = &*settings.host.file_system;
    let Some(current) = folder.current() else {
        return Ok(if folder.is_empty() { Stream::None } else { Stream::Open });
    };
    let checkpoint = checkpoint_file::read(disk, checkpoint_path).ok();
    let proven = checkpoint.as_ref().map_or(Lgpos::NULL, |checkpoint| checkpoint.checkpoint);
    if mend_tail(disk, current, proven)? == Mended::Damaged {
        return Ok(Stream::Open);
    }
    let generation = Generation::read(disk, current)?;
    let log = generation.log()?;
    let ours = checkpoint.filter(|checkpoint| checkpoint.signature == log.header().signature);
    let end = log.clean_end().map(|(position, _)| position);
    let closed = ours.is_some_and(|checkpoint| Some(checkpoint.checkpoint) == end);
    Ok(if closed { Stream::Closed(generation) } else { Stream::Open })
}

/// An existing stream keeps its size unless another one was asked for, which it cannot have (spec 06 §12).
fn check_sizes(
    settings: &InstanceSettings,
    current: &Generation,
    log_settings: &mut LogSettings,
) -> Result<()> {
    let log = current.log()?;
    let header = log.header();
    if header.page_size().is_some_and(|size| size != settings.page_size) {
        let about = format!("{} is for pages of another size", current.path().display());
        return Err(Error::refused(JetError::PAGE_SIZE_MISMATCH, about));
    }
    if settings.log_file_kb.is_some() && header.file_sectors.get() != log_settings.file_segments {
        let jet = JetError::LOG_FILE_SIZE_MISMATCH_DATABASES_CONSISTENT;
        return Err(Error::refused(jet, format!("{} has another size", current.path().display())));
    }
    if header.version().is_segmented() {
        log_settings.file_segments = header.file_sectors.get();
    }
    Ok(())
}

fn recover(
    settings: &InstanceSettings,
    log_settings: LogSettings,
    cache: &Arc<PageCache>,
    transactions: &Arc<Transactions>,
) -> Result<(Arc<Log>, Box<Checkpoint>)> {
    let _ = (cache, transactions, log_settings);
    let about = format!("the logs in {} were not closed", settings.log_folder.display());
    Err(Error::refused(JetError::LOG_DISABLED_DUE_TO_RECOVERY_FAILURE, about))
}

/// Logs Init2 on a fresh segment, and says where it is.
fn begin_run(settings: &InstanceSettings, log: &Log) -> Result<Lgpos> {
    log.start_segment();
    let parameters = log.settings().parameters();
    let record =
        encode(&Record::Init2(Init2 { parameters: &parameters, time: settings.host.clock.logtime() }))?;
    Ok(log.append(&[&record])?.last)
}
