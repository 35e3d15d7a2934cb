//! What a backup writes into the log: Backup2 records and notes for readers (spec 07 §2.4).

use ese_format::backup_info::BackupInfo;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{Backup2, BackupMethod, BackupPhase, BackupScope, Record, Trace};
use ese_format::logtime::Logtime;

use crate::error::Result;
use crate::instance::encode;
use crate::log::Log;

/// The number of the engine's own session in its notes.
const PROCID_OF_BACKUP: u16 = 1;

/// The bytes of a Backup2 record.
pub(crate) fn record(
    phase: BackupPhase,
    method: BackupMethod,
    scope: BackupScope,
    dbid: u8,
    info: BackupInfo,
) -> Result<Vec<u8>> {
    encode(&Record::Backup2(Backup2 { phase, method, scope, dbid, info, reserved: 0, path: &[] }))
}

/// A BKINFO that says nothing but a time.
pub(crate) fn at(time: Logtime) -> BackupInfo {
    BackupInfo { time, ..BackupInfo::default() }
}

/// Logs a step; says where.
pub(crate) fn note(
    log: &Log,
    phase: BackupPhase,
    (method, scope): (BackupMethod, BackupScope),
    info: BackupInfo,
) -> Result<Lgpos> {
    Ok(log.append(&[&record(phase, method, scope, 0, info)?])?.last)
}

/// Logs a note for readers. That it could not be logged is no error: nothing reads it back.
pub(crate) fn trace(log: &Log, time: Logtime, text: &str) {
    let mut bytes = format!("[{}] {text}", shown(time)).into_bytes();
    bytes.push(0);
    let note = Record::Trace(Trace { procid: PROCID_OF_BACKUP, text: &bytes });
    if let Err(error) = encode(&note).and_then(|note| log.append(&[&note])) {
        tracing::warn!("a note of the backup is not in the log: {error}");
    }
}

/// A time as notes have it: month/day/year, the hour without a leading zero.
fn shown(time: Logtime) -> String {
    format!(
        "{:02}/{:02}/{:04} {}:{:02}:{:02}.{:03}",
        time.month,
        time.day,
        time.year(),
        time.hours,
        time.minutes,
        time.seconds,
        time.milliseconds()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_the_original_does() {
        // spec 07 §22.1: 37 2f 03 15 0b 7e 1f 0c is 3:47:55.783.
        let bytes = [0x37, 0x2F, 0x03, 0x15, 0x0B, 0x7E, 0x1F, 0x0C];
        let [seconds, minutes, hours, day, month, year_since_1900, low, high] = bytes;
        let time = Logtime { seconds, minutes, hours, day, month, year_since_1900, low, high };
        assert_eq!(shown(time), "11/21/2026 3:47:55.783");
    }
}
