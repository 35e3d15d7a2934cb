//! The snapshot sessions of the process, by the numbers that programs know them by (spec 07 §10).
//!
//! Invariants: numbers count up from 1 and none comes again; a session is here from JetOSSnapshotPrepare until it ends.
//! No lock is held while a session works.

use std::collections::BTreeMap;
use std::sync::Arc;

use ese_engine::instance::Instance;
use ese_engine::snapshot::SnapshotSession;
use ese_format::error::JetError;
use parking_lot::Mutex;

use crate::abi::tables::typedefs::JET_OSSNAPID;
use crate::runtime::instance::{InstanceContext, InstancePhase};
use crate::runtime::process;

#[derive(Debug, Default)]
struct Sessions {
    last: JET_OSSNAPID,
    live: BTreeMap<JET_OSSNAPID, Arc<SnapshotSession>>,
}

static SESSIONS: Mutex<Sessions> = Mutex::new(Sessions { last: 0, live: BTreeMap::new() });

/// Gives a session its number.
#[must_use]
pub fn add(session: SnapshotSession) -> JET_OSSNAPID {
    let mut sessions = SESSIONS.lock();
    sessions.last += 1;
    let number = sessions.last;
    sessions.live.insert(number, Arc::new(session));
    number
}

/// The session of a number.
///
/// # Errors
/// `JET_errOSSnapshotInvalidSnapId`.
pub fn get(number: JET_OSSNAPID) -> Result<Arc<SnapshotSession>, JetError> {
    SESSIONS.lock().live.get(&number).cloned().ok_or(JetError::OS_SNAPSHOT_INVALID_SNAP_ID)
}

/// A session has ended.
pub fn remove(number: JET_OSSNAPID) {
    let ended = SESSIONS.lock().live.remove(&number);
    // Dropping it takes locks of its own.
    drop(ended);
}

/// The engines that run, in the order in which their instances were made.
#[must_use]
pub fn running() -> Vec<Arc<Instance>> {
    let running =
        process::instances().into_iter().filter(|instance| instance.phase() == InstancePhase::Running);
    running.filter_map(|instance| instance.engine().ok()).collect()
}

/// The instances of a session as the program knows them.
#[must_use]
pub fn instances_of(session: &SnapshotSession) -> Vec<Arc<InstanceContext>> {
    let members = session.instances();
    let is_member = |instance: &InstanceContext| {
        let engine = instance.engine();
        engine.is_ok_and(|engine| members.iter().any(|member| Arc::ptr_eq(member, &engine)))
    };
    process::instances().into_iter().filter(|instance| is_member(instance)).collect()
}
