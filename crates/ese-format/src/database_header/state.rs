//! The state of a database and the fields that go with it (spec 01 §4.2).

use super::{DatabaseHeader, FIELD_STATE};
use crate::error::{FormatError, FormatResult, JetError, Problem};
use crate::logtime::Logtime;
use crate::version::DatabaseVersion;

/// The state of a database (header offset 52).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum DatabaseState {
    /// Being created; the catalog is not complete.
    JustCreated = 1,
    /// Attached, or not detached cleanly.
    DirtyShutdown = 2,
    /// Usable without logs.
    CleanShutdown = 3,
    /// Interrupted conversion of the format.
    BeingConverted = 4,
    /// Obsolete.
    ForceDetach = 5,
    /// Exchange's incremental reseed.
    IncrementalReseedInProgress = 6,
    /// Patched: must be replayed up to the highest required generation.
    DirtyAndPatchedShutdown = 7,
    /// Exchange's revert to a snapshot.
    RevertInProgress = 8,
}

impl DatabaseState {
    /// The state of this stored value.
    #[must_use]
    pub fn from_raw(raw: u32) -> Option<Self> {
        Some(match raw {
            1 => Self::JustCreated,
            2 => Self::DirtyShutdown,
            3 => Self::CleanShutdown,
            4 => Self::BeingConverted,
            5 => Self::ForceDetach,
            6 => Self::IncrementalReseedInProgress,
            7 => Self::DirtyAndPatchedShutdown,
            8 => Self::RevertInProgress,
            _ => return None,
        })
    }

    /// The stored value.
    #[must_use]
    pub fn raw(self) -> u32 {
        self as u32
    }

    /// Whether a header of this state may be written over one of the state `before` (`None`: no state yet).
    #[must_use]
    pub fn may_follow(self, before: Option<Self>) -> bool {
        use DatabaseState as S;
        match before {
            None => self == S::JustCreated,
            Some(S::JustCreated) => self == S::DirtyShutdown,
            Some(S::DirtyShutdown) => {
                matches!(self, S::CleanShutdown | S::IncrementalReseedInProgress | S::RevertInProgress)
            }
            Some(S::CleanShutdown) => matches!(self, S::DirtyShutdown | S::RevertInProgress),
            Some(S::BeingConverted) => self == S::CleanShutdown,
            Some(S::ForceDetach) => false,
            Some(S::IncrementalReseedInProgress) => {
                matches!(self, S::DirtyAndPatchedShutdown | S::DirtyShutdown)
            }
            Some(S::DirtyAndPatchedShutdown) => {
                matches!(self, S::DirtyShutdown | S::IncrementalReseedInProgress | S::RevertInProgress)
            }
            Some(S::RevertInProgress) => matches!(
                self,
                S::DirtyAndPatchedShutdown | S::CleanShutdown | S::DirtyShutdown | S::JustCreated
            ),
        }
    }

    /// The error of opening a database in this state outside recovery and repair; `None` for a clean one.
    #[must_use]
    pub fn open_error(self, is_backup_copy: bool) -> Option<JetError> {
        Some(match self {
            Self::CleanShutdown => return None,
            Self::BeingConverted => JetError::DATABASE_INCOMPLETE_UPGRADE,
            Self::IncrementalReseedInProgress => JetError::DATABASE_INCOMPLETE_INCREMENTAL_RESEED,
            Self::RevertInProgress => JetError::DATABASE_INCOMPLETE_REVERT,
            _ if is_backup_copy => JetError::SOFT_RECOVERY_ON_BACKUP_DATABASE,
            _ => JetError::DATABASE_DIRTY_SHUTDOWN,
        })
    }
}

/// The log generations a dirty header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequiredGenerations {
    /// Lowest needed; also the lowest for a consistent state.
    pub min: u32,
    /// Highest needed; also the highest committed.
    pub max: u32,
    /// Creation time of the log of generation `max`.
    pub created: Logtime,
}

/// A change of state, with the values that must go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// A new file.
    JustCreated,
    /// Attached; without generations when the database is not logged.
    Attached(Option<RequiredGenerations>),
    /// Detached cleanly.
    Detached,
    /// An incremental reseed begins.
    Reseeding,
    /// Patched: these generations must be replayed.
    Patched(RequiredGenerations),
    /// A revert begins.
    Reverting,
}

/// The version that keeps the creation time of the highest required log.
const SINCE_TIME_GENERATION_MAX_REQUIRED: DatabaseVersion = DatabaseVersion::new(150, 0);

impl DatabaseHeader {
    /// The state; `None` for a value that no engine writes.
    #[must_use]
    pub fn state(&self) -> Option<DatabaseState> {
        DatabaseState::from_raw(self.fields.state.get())
    }

    /// Changes the state and the fields that must go with it.
    ///
    /// # Errors
    /// When no engine changes from the present state into the new one.
    pub fn change_state(&mut self, change: StateChange) -> FormatResult<()> {
        let next = match change {
            StateChange::JustCreated => DatabaseState::JustCreated,
            StateChange::Attached(_) => DatabaseState::DirtyShutdown,
            StateChange::Detached => DatabaseState::CleanShutdown,
            StateChange::Reseeding => DatabaseState::IncrementalReseedInProgress,
            StateChange::Patched(_) => DatabaseState::DirtyAndPatchedShutdown,
            StateChange::Reverting => DatabaseState::RevertInProgress,
        };
        if !next.may_follow(self.state()) || (self.state().is_none() && self.fields.state.get() != 0) {
            let problem = Problem::Invalid("no such change of state");
            return Err(self.error(FIELD_STATE, problem, JetError::INVALID_OPERATION));
        }
        match change {
            StateChange::JustCreated | StateChange::Attached(None) | StateChange::Detached => {
                self.set_generations(0, 0, Logtime::default());
            }
            StateChange::Attached(Some(generations)) | StateChange::Patched(generations) => {
                self.set_generations(generations.min, generations.max, generations.created);
            }
            StateChange::Reseeding | StateChange::Reverting => {}
        }
        if next != DatabaseState::DirtyShutdown {
            self.fields.generation_pre_redo_min_consistent = 0.into();
            self.fields.generation_pre_redo_min_required = 0.into();
        }
        self.fields.state = next.raw().into();
        Ok(())
    }

    fn set_generations(&mut self, min: u32, max: u32, created: Logtime) {
        let keeps_time = self.version().has(SINCE_TIME_GENERATION_MAX_REQUIRED);
        let fields = &mut self.fields;
        fields.generation_min_required = min.into();
        fields.generation_min_consistent = min.into();
        fields.generation_max_required = max.into();
        fields.generation_max_committed = max.into();
        fields.time_generation_max_create = created;
        fields.time_generation_max_required = if keeps_time { created } else { Logtime::default() };
    }

    pub(super) fn error(&self, field: (u64, &'static str), problem: Problem, jet: JetError) -> FormatError {
        FormatError::new(crate::error::FileKind::Database, field.0, field.1, problem, jet)
    }
}
