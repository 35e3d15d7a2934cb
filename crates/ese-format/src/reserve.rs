//! Reserve logs: space kept for the moment when the disk is full (spec 05 §3.4).
//!
//! A reserve log has the size of a log and no content that means anything: all zeros, or noise.
//!
//! Invariants: its bytes are never interpreted; one that becomes a log is zeroed first.

use crate::log::names::{self, LogName};

/// Reserve logs that an instance keeps.
pub const RESERVE_LOG_COUNT: u32 = 2;
/// Reserve logs that an instance keeps with aggressive log rollover.
pub const RESERVE_LOG_COUNT_AGGRESSIVE: u32 = 10;

/// What to do with a reserve log found at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReserveVerdict {
    /// Keep it.
    Keep,
    /// Delete it: another size, or a number above the count.
    Delete,
}

/// Judges a reserve log of this base name by its name and size; `None` when the name is not one of a reserve log.
/// The reserve logs of before Server 2003 (`res1.log`, `res2.log`) are deleted.
#[must_use]
pub fn judge(base: &str, file_name: &str, bytes: u64, log_bytes: u64, count: u32) -> Option<ReserveVerdict> {
    if ["res1.log", "res2.log"].iter().any(|old| file_name.eq_ignore_ascii_case(old)) {
        return Some(ReserveVerdict::Delete);
    }
    let keep = match names::parse(base, file_name) {
        Some(LogName::Reserve { number }) => (1..=count).contains(&number) && bytes == log_bytes,
        _ => {
            let reserve = names::reserve_log(base, 1);
            let prefix = file_name.get(..base.len() + 3)?;
            let ours = reserve.get(..base.len() + 3).is_some_and(|ours| ours.eq_ignore_ascii_case(prefix));
            let extension = file_name.get(file_name.len().checked_sub(4)?..)?;
            if !(ours && extension.eq_ignore_ascii_case(".jrs")) {
                return None;
            }
            false
        }
    };
    Some(if keep { ReserveVerdict::Keep } else { ReserveVerdict::Delete })
}

/// Whether the bytes may become a log as they are; else they must be zeroed first.
#[must_use]
pub fn is_zeroed(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
