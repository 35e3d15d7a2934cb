//! Volume snapshots.

use super::{always, not_available};
use crate::abi::structs::*;
use crate::abi::tables::errors::JET_wrnNyi;
use crate::abi::tables::typedefs::*;

/// Cancel the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotAbort(snapId: JET_OSSNAPID, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(snapId, grbit)
}

/// End the snapshot session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotEnd(snapId: JET_OSSNAPID, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(snapId, grbit)
}

/// Stop writes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotFreezeA(
    snapId: JET_OSSNAPID,
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_A,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(snapId, pcInstanceInfo, paInstanceInfo, grbit)
}

/// Stop writes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotFreezeW(
    snapId: JET_OSSNAPID,
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_W,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(snapId, pcInstanceInfo, paInstanceInfo, grbit)
}

/// Instances and databases in the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotGetFreezeInfoA(
    snapId: JET_OSSNAPID,
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_A,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(snapId, pcInstanceInfo, paInstanceInfo, grbit)
}

/// Instances and databases in the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotGetFreezeInfoW(
    snapId: JET_OSSNAPID,
    pcInstanceInfo: *mut u32,
    paInstanceInfo: *mut *mut JET_INSTANCE_INFO_W,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(snapId, pcInstanceInfo, paInstanceInfo, grbit)
}

/// Begin a snapshot session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotPrepare(psnapId: *mut JET_OSSNAPID, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(psnapId, grbit)
}

/// Name an instance for the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotPrepareInstance(
    snapId: JET_OSSNAPID,
    instance: JET_INSTANCE,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(snapId, instance, grbit)
}

/// Allow writes again.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotThaw(snapId: JET_OSSNAPID, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(snapId, grbit)
}

/// Delete logs after the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotTruncateLog(snapId: JET_OSSNAPID, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(snapId, grbit)
}

/// As before for one instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOSSnapshotTruncateLogInstance(
    snapId: JET_OSSNAPID,
    instance: JET_INSTANCE,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(snapId, instance, grbit)
}

/// Old snapshot call (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSnapshotStartA(
    instance: JET_INSTANCE,
    szDatabases: JET_PSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    always!(JET_wrnNyi; instance, szDatabases, grbit)
}

/// Old snapshot call (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSnapshotStartW(
    instance: JET_INSTANCE,
    szDatabases: JET_PWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    always!(JET_wrnNyi; instance, szDatabases, grbit)
}

/// Old snapshot call (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSnapshotStop(instance: JET_INSTANCE, grbit: JET_GRBIT) -> JET_ERR {
    always!(JET_wrnNyi; instance, grbit)
}
