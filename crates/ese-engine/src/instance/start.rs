//! The start of an instance: JetInit (spec 06 §8, §12; 05 §10).
//!
//! Invariants: the folders are claimed before anything is read; the stream is as recovery leaves it, closed, with no
//! database attached; Init2 is the first record of the run and begins a segment.

use std::sync::{Arc, Weak};

use ese_format::checkpoint::Checkpoint;
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{Init2, Record};
use parking_lot::Mutex;

use crate::backup::Desk;
use crate::cache::PageCache;
use crate::error::Result;
use crate::io::Background;
use crate::lock_order::LeafMutex;
use crate::log::{Log, LogOwner};
use crate::recovery::{
    self, MapEntry, NoControl, RecoveryControl, RecoveryOptions, RecoveryRequest, StopPosition,
};
use crate::redo::RedoCounts;
use crate::table::LongValueCounts;
use crate::transaction::Transactions;

use super::attach::encode;
use super::background::Worker;
use super::checkpoint::{CheckpointState, WriteCheckpoint};
use super::counts::InstanceCounts;
use super::in_use::{PathClaim, PathUse};
use super::settings::{InstanceSettings, RecoveryMode};
use super::{Instance, RunState};

/// What an instance is started with (JetInit4).
#[derive(Clone, Debug)]
pub struct StartRequest {
    /// The settings.
    pub settings: InstanceSettings,
    /// The cache its databases share with others.
    pub cache: Arc<PageCache>,
    /// The grbits of JetInit.
    pub options: RecoveryOptions,
    /// Databases that are elsewhere than the log says; with a map, others are left out unless the options say otherwise.
    pub map: Option<Vec<MapEntry>>,
    /// Where redo stops.
    pub stop: Option<StopPosition>,
}

impl StartRequest {
    /// What JetInit asks for: a cache of its own, every database where the log says.
    #[must_use]
    pub fn new(settings: InstanceSettings) -> Self {
        let cache = PageCache::new(settings.cache_bytes);
        Self { settings, cache, options: RecoveryOptions::REPLAY_UNMAPPED, map: None, stop: None }
    }
}

/// An instance that runs.
#[derive(Clone, Debug)]
pub struct Started {
    /// The instance.
    pub instance: Arc<Instance>,
    /// JET_wrnCommittedLogFilesLost, JET_wrnCommittedLogFilesRemoved.
    pub warning: Option<JetError>,
    /// What recovery did; zeros where there was none.
    pub recovery: RedoCounts,
}

impl Instance {
    /// Starts an instance with a cache of its own.
    ///
    /// # Errors
    /// As [`Self::start_recovering`].
    pub fn start(settings: InstanceSettings) -> Result<Arc<Self>> {
        Ok(Self::start_recovering(StartRequest::new(settings), &mut NoControl)?.instance)
    }

    /// Starts an instance with this cache.
    ///
    /// # Errors
    /// As [`Self::start_recovering`].
    pub fn start_with(settings: InstanceSettings, cache: Arc<PageCache>) -> Result<Arc<Self>> {
        let request = StartRequest { cache, ..StartRequest::new(settings) };
        Ok(Self::start_recovering(request, &mut NoControl)?.instance)
    }

    /// Starts an instance: a new stream in empty folders, one that was closed is continued, any other is recovered
    /// first; `control` is told and asked on the way.
    ///
    /// # Errors
    /// `JET_errTempPathInUse`, `JET_errSystemPathInUse`, `JET_errLogFilePathInUse`; `JET_errInvalidPath` without the
    /// folders; `JET_errFileAccessDenied` when another process has the logs; those of recovery (spec 06 §8.4), of the log
    /// and of the disk.
    pub fn start_recovering(request: StartRequest, control: &mut dyn RecoveryControl) -> Result<Started> {
        let StartRequest { settings, cache, options, map, stop } = request;
        let claims = claim_folders(&settings)?;
        let transactions = Transactions::new(settings.host.clone(), settings.versions);
        transactions.set_count_hook(Arc::new(LongValueCounts));
        let (mut warning, mut recovery) = (None, RedoCounts::default());
        let (log, checkpoint) = match settings.recovery {
            RecoveryMode::On => {
                let (settings, cache, transactions) = (&settings, &cache, &transactions);
                let request = RecoveryRequest { settings, cache, transactions, options, map, stop };
                let recovered = recovery::open_stream(&request, control)?;
                (warning, recovery) = (recovered.warning, recovered.counts);
                (Some(recovered.log), recovered.checkpoint)
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
            backup: Desk::default(),
            slots: LeafMutex::default(),
            temporary_tables: LeafMutex::default(),
            checkpoint: Mutex::new(CheckpointState::new(checkpoint)),
            checkpoint_position: LeafMutex::new(position),
            looked: LeafMutex::new(Lgpos::NULL),
            run_state: LeafMutex::new(RunState::Running),
            claims: LeafMutex::new(claims),
            snapshot: LeafMutex::default(),
            worker: Worker::default(),
        });
        let counts = InstanceCounts { instance: Arc::downgrade(&instance) };
        instance.transactions.set_count_hook(Arc::new(counts));
        if let Some(log) = &instance.log {
            let owner: Weak<Self> = Arc::downgrade(&instance);
            let owner: Weak<dyn LogOwner> = owner;
            log.set_owner(owner);
            if position.is_null() {
                instance.advance_checkpoint(WriteCheckpoint::Always)?;
            }
        }
        if instance.settings.host.background == Background::Threads {
            instance.worker.start(Arc::downgrade(&instance));
        }
        Ok(Started { instance, warning, recovery })
    }
}

/// In the order in which the engine looks (spec 09 §2.5).
pub(crate) fn claim_folders(settings: &InstanceSettings) -> Result<Vec<PathClaim>> {
    let disk = &*settings.host.file_system;
    let base = &settings.base_name;
    let mut claims = vec![PathClaim::new(disk, &settings.temporary_file(), "", PathUse::Temporary)?];
    if settings.recovery == RecoveryMode::On {
        claims.push(PathClaim::new(disk, &settings.system_folder, base, PathUse::System)?);
        claims.push(PathClaim::new(disk, &settings.log_folder, base, PathUse::Log)?);
    }
    Ok(claims)
}

/// Logs Init2 on a fresh segment, and says where it is.
fn begin_run(settings: &InstanceSettings, log: &Log) -> Result<Lgpos> {
    log.start_segment();
    let parameters = log.settings().parameters();
    let record =
        encode(&Record::Init2(Init2 { parameters: &parameters, time: settings.host.clock.logtime() }))?;
    Ok(log.append(&[&record])?.last)
}
