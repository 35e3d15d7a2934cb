//! Floor 7: snapshots of the volume (JetOSSnapshot…, spec 07 §10). The engine writes nothing between freeze and thaw;
//! the copy is made by others, and recovered like what a crash leaves.
//!
//! ```text
//! Prepared -> Frozen -> Thawed -> Truncated -> Ended
//!                \---> TimedOut ------------->
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`SnapshotSession`] | the states of one session and its calls |
//! | `member` | what the session does to one instance: records, ranges, logs to delete, headers |
//! | `freezer` | the thread that holds the instances still, until thaw or time-out |
//!
//! Invariants: an instance is in one session at most; between freeze and end it counts as being backed up; every session
//! that froze thaws, at the latest after its time-out; a session keeps no instance alive that its program ends.

mod freezer;
mod member;
mod session;

use bitflags::bitflags;

pub use session::{AfterThaw, Ending, SnapshotSession, Truncated, Truncation};

bitflags! {
    /// The grbits of JetOSSnapshotPrepare.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct SnapshotOptions: u32 {
        /// JET_bitIncrementalSnapshot: of the logs only.
        const INCREMENTAL = 0x1;
        /// JET_bitCopySnapshot: no logs are deleted, and no later backup is based on it.
        const COPY = 0x2;
        /// JET_bitContinueAfterThaw: thawing does not end the session.
        const CONTINUE_AFTER_THAW = 0x4;
        /// JET_bitExplicitPrepare: only instances that are named take part.
        const EXPLICIT_PREPARE = 0x8;
    }
}

/// How an instance stands to snapshots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Membership {
    /// It is in no session.
    #[default]
    None,
    /// It is in one.
    Joined,
}
