//! Whether a database that the log speaks of is the file that is there, and belongs to this place of the log
//! (spec 06 §9.9).

use ese_format::database_header::{DatabaseHeader, DatabaseState};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::signature::Signature;

/// What the log says of an attachment: an AttachDB record, or an entry of an attach list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedAttach {
    /// Position of the AttachDB or CreateDB record.
    pub attach: Lgpos,
    /// Where the database was consistent before.
    pub consistent: Lgpos,
    /// Identity of the database.
    pub database: Signature,
    /// Identity of the stream it was used with before.
    pub stream: Signature,
}

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachSource {
    /// The attach list at the start of redo.
    List,
    /// The record, at lgposRedo.
    Record,
}

/// Why a database is not attached now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deferral {
    /// There is no such file.
    Missing,
    /// Somebody else has it.
    AccessDenied,
    /// It belongs to another stream, or is another database.
    Foreign,
    /// A later record will attach it, or a create of it was never finished.
    Later,
    /// It was closed cleanly at a later place of this stream.
    ConsistentInFuture,
    /// It is not in the map, and only those in the map are recovered.
    Skipped,
}

/// What to do with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachDecision {
    /// Its header is of this attachment.
    AttachAsIs,
    /// Its header is that of before the attach, which never reached it.
    AttachAnew,
    /// Its records are not for it.
    Defer(Deferral),
}

/// Decides about a file with this header. `redo` is lgposRedo.
///
/// # Errors
/// -551, -1216, -1206, -1226, -1935.
pub fn decide(
    header: &DatabaseHeader,
    logged: &LoggedAttach,
    stream: &Signature,
    source: AttachSource,
    redo: Lgpos,
) -> Result<AttachDecision, JetError> {
    use AttachDecision::{AttachAnew, AttachAsIs, Defer};
    match header.state() {
        Some(DatabaseState::JustCreated) => return Ok(Defer(Deferral::Later)),
        Some(DatabaseState::IncrementalReseedInProgress) => {
            return Err(JetError::DATABASE_INCOMPLETE_INCREMENTAL_RESEED);
        }
        Some(DatabaseState::RevertInProgress) => return Err(JetError::DATABASE_INCOMPLETE_REVERT),
        Some(
            DatabaseState::DirtyShutdown
            | DatabaseState::CleanShutdown
            | DatabaseState::DirtyAndPatchedShutdown,
        ) => {}
        _ => return Err(JetError::DATABASE_CORRUPTED),
    }
    let fields = &header.fields;
    let is_clean = header.state() == Some(DatabaseState::CleanShutdown);
    let same_database = fields.database_signature == logged.database;
    // A consistency that lies ahead of the record was none when it was written.
    let consistent = if logged.consistent >= redo { Lgpos::NULL } else { logged.consistent };
    if fields.log_signature != *stream {
        if fields.log_signature != logged.stream {
            return Ok(Defer(Deferral::Foreign));
        }
        return match (same_database, fields.lgpos_consistent == consistent) {
            (true, true) => Ok(AttachAnew),
            (true, false) => Err(JetError::CONSISTENT_TIME_MISMATCH),
            (false, _) => Ok(Defer(Deferral::Foreign)),
        };
    }
    let found = fields.lgpos_consistent;
    if found == consistent || found.is_null() || logged.stream != *stream {
        if !same_database {
            return Ok(Defer(Deferral::Foreign));
        }
        let here = fields.lgpos_attach.cmp(&logged.attach);
        return match here {
            std::cmp::Ordering::Equal if is_clean => Ok(Defer(Deferral::ConsistentInFuture)),
            std::cmp::Ordering::Equal => Ok(AttachAsIs),
            std::cmp::Ordering::Less if source == AttachSource::Record && logged.stream == *stream => {
                Ok(AttachAnew)
            }
            std::cmp::Ordering::Less => Err(JetError::ATTACHED_DATABASE_MISMATCH),
            std::cmp::Ordering::Greater => Ok(Defer(Deferral::Later)),
        };
    }
    if found > consistent && (source == AttachSource::List || found > redo) {
        return Ok(Defer(Deferral::ConsistentInFuture));
    }
    if same_database { Err(JetError::CONSISTENT_TIME_MISMATCH) } else { Ok(Defer(Deferral::Foreign)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ese_format::page_size::PageSize;

    const STREAM: u32 = 7;

    fn signature(random: u32) -> Signature {
        Signature { random: random.into(), ..Signature::default() }
    }

    fn at(generation: i32, isec: u16, ib: u16) -> Lgpos {
        Lgpos::new(generation, isec, ib)
    }

    fn header(state: DatabaseState, stream: u32, consistent: Lgpos, attach: Lgpos) -> DatabaseHeader {
        let mut header = DatabaseHeader::new(PageSize::K4);
        header.fields.state = state.raw().into();
        header.fields.database_signature = signature(1);
        header.fields.log_signature = signature(stream);
        header.fields.lgpos_consistent = consistent;
        header.fields.lgpos_attach = attach;
        header
    }

    fn logged(stream: u32, consistent: Lgpos, attach: Lgpos) -> LoggedAttach {
        LoggedAttach { attach, consistent, database: signature(1), stream: signature(stream) }
    }

    fn decision(
        header: &DatabaseHeader,
        logged: &LoggedAttach,
        source: AttachSource,
    ) -> Result<AttachDecision, JetError> {
        decide(header, logged, &signature(STREAM), source, logged.attach)
    }

    #[test]
    fn the_dirty_set_of_windows_11_is_attached_by_its_last_record() {
        // Spec 06 §9.9, the trace for W11R Dirty.
        use AttachDecision::{AttachAsIs, Defer};
        let found = header(DatabaseState::DirtyShutdown, STREAM, at(0x5C, 7, 0x36), at(0x5C, 9, 0x268));
        let list = logged(STREAM, at(0x5B, 0xC, 0xB16), at(0x5B, 0xE, 0x268));
        let in_list = decide(&found, &list, &signature(STREAM), AttachSource::List, at(0x5C, 1, 0));
        assert_eq!(in_list, Ok(Defer(Deferral::ConsistentInFuture)));
        let records = [
            (at(0x5C, 3, 0x268), at(0x5C, 1, 0x36), Defer(Deferral::ConsistentInFuture)),
            (at(0x5C, 6, 0x268), at(0x5C, 4, 0x36), Defer(Deferral::ConsistentInFuture)),
            (at(0x5C, 9, 0x268), at(0x5C, 7, 0x36), AttachAsIs),
        ];
        for (attach, consistent, expected) in records {
            let record = logged(STREAM, consistent, attach);
            assert_eq!(decision(&found, &record, AttachSource::Record), Ok(expected), "{attach}");
        }
    }

    #[test]
    fn headers_that_the_attach_never_reached() {
        let before = at(4, 5, 6);
        let record = logged(STREAM, before, at(5, 1, 0));
        let clean = header(DatabaseState::CleanShutdown, STREAM, before, at(3, 1, 0));
        assert_eq!(decision(&clean, &record, AttachSource::Record), Ok(AttachDecision::AttachAnew), "C22");
        assert_eq!(decision(&clean, &record, AttachSource::List), Err(JetError::ATTACHED_DATABASE_MISMATCH));
        let from_elsewhere = logged(3, before, at(5, 1, 0));
        let foreign = header(DatabaseState::CleanShutdown, 3, before, at(9, 1, 0));
        assert_eq!(decision(&foreign, &from_elsewhere, AttachSource::Record), Ok(AttachDecision::AttachAnew));
        let older = header(DatabaseState::CleanShutdown, 3, at(4, 5, 5), at(9, 1, 0));
        assert_eq!(
            decision(&older, &from_elsewhere, AttachSource::Record),
            Err(JetError::CONSISTENT_TIME_MISMATCH)
        );
        let stranger = header(DatabaseState::CleanShutdown, 8, before, at(9, 1, 0));
        let expected = Ok(AttachDecision::Defer(Deferral::Foreign));
        assert_eq!(decision(&stranger, &from_elsewhere, AttachSource::Record), expected);
    }

    #[test]
    fn old_copies_and_odd_states_are_refused() {
        let record = logged(STREAM, at(4, 5, 6), at(5, 1, 0));
        let older = header(DatabaseState::CleanShutdown, STREAM, at(4, 1, 1), at(3, 1, 0));
        assert_eq!(decision(&older, &record, AttachSource::Record), Err(JetError::CONSISTENT_TIME_MISMATCH));
        let mut other = older.clone();
        other.fields.database_signature = signature(2);
        let expected = Ok(AttachDecision::Defer(Deferral::Foreign));
        assert_eq!(decision(&other, &record, AttachSource::Record), expected);
        for (state, expected) in [
            (DatabaseState::IncrementalReseedInProgress, JetError::DATABASE_INCOMPLETE_INCREMENTAL_RESEED),
            (DatabaseState::RevertInProgress, JetError::DATABASE_INCOMPLETE_REVERT),
            (DatabaseState::BeingConverted, JetError::DATABASE_CORRUPTED),
        ] {
            let odd = header(state, STREAM, at(4, 5, 6), at(5, 1, 0));
            assert_eq!(decision(&odd, &record, AttachSource::Record), Err(expected));
        }
    }
}
