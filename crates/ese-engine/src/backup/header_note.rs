//! What a backup leaves in the header of a database: the same function when it ends and when its record is redone
//! (spec 07 §8).

use ese_format::backup_info::BackupInfo;
use ese_format::database_header::HeaderFields;
use ese_format::log::record::{BackupMethod, BackupScope};

/// A backup as headers remember it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderNote {
    /// How it was taken.
    pub method: BackupMethod,
    /// How much it took, and whether logs were truncated: which slot it belongs into.
    pub scope: BackupScope,
    /// Mark, time and generations.
    pub info: BackupInfo,
}

/// Whether a header took note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It did.
    Changed,
    /// Its slot holds a later backup, or there is no slot for this scope.
    Unchanged,
}

impl HeaderNote {
    /// Writes the note into its slot, unless a later backup is there.
    pub fn apply(&self, fields: &mut HeaderFields) -> Noted {
        let (slot, kind) = match self.scope {
            BackupScope::FULL => (&mut fields.backup_full_previous, &mut fields.backup_type_full_previous),
            BackupScope::COPY => (&mut fields.backup_copy_previous, &mut fields.backup_type_copy_previous),
            BackupScope::INCREMENTAL => {
                (&mut fields.backup_incremental_previous, &mut fields.backup_type_incremental_previous)
            }
            BackupScope::DIFFERENTIAL => {
                (&mut fields.backup_differential_previous, &mut fields.backup_type_differential_previous)
            }
            _ => return Noted::Unchanged,
        };
        if slot.mark > self.info.mark {
            return Noted::Unchanged;
        }
        *slot = self.info;
        *kind = stored_kind(self.method).into();
        if self.scope == BackupScope::FULL {
            fields.backup_incremental_previous = BackupInfo::default();
            fields.backup_differential_previous = BackupInfo::default();
            fields.backup_type_incremental_previous = 0.into();
            fields.backup_type_differential_previous = 0.into();
        }
        let truncated = matches!(self.scope, BackupScope::FULL | BackupScope::INCREMENTAL);
        if truncated && self.method == BackupMethod::NORMAL {
            fields.backup_snapshot_current = BackupInfo::default();
            fields.backup_type_incremental_previous = 0.into();
        }
        Noted::Changed
    }
}

/// The type in a header: a surrogate counts as a snapshot of the operating system.
#[must_use]
pub fn stored_kind(method: BackupMethod) -> u32 {
    match method {
        BackupMethod::SURROGATE => BackupMethod::OS_SNAPSHOT.0,
        other => other.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ese_format::lgpos::Lgpos;

    fn note(scope: BackupScope, generation: i32) -> HeaderNote {
        let mark = Lgpos::new(generation, 1, 0);
        let info = BackupInfo { mark, generation_low: 1.into(), ..BackupInfo::default() };
        HeaderNote { method: BackupMethod::NORMAL, scope, info }
    }

    #[test]
    fn a_full_backup_takes_the_place_of_the_logs_that_were_saved_before_it() {
        let mut fields = HeaderFields::default();
        for scope in [BackupScope::INCREMENTAL, BackupScope::DIFFERENTIAL, BackupScope::COPY] {
            assert_eq!(note(scope, 3).apply(&mut fields), Noted::Changed);
        }
        assert_eq!(note(BackupScope::FULL, 5).apply(&mut fields), Noted::Changed);
        assert_eq!(fields.backup_full_previous, note(BackupScope::FULL, 5).info);
        assert_eq!(fields.backup_copy_previous, note(BackupScope::COPY, 3).info);
        assert_eq!(fields.backup_incremental_previous, BackupInfo::default());
        assert_eq!(fields.backup_differential_previous, BackupInfo::default());
    }

    #[test]
    fn an_earlier_mark_never_takes_the_place_of_a_later_one() {
        let mut fields = HeaderFields::default();
        for scope in
            [BackupScope::FULL, BackupScope::COPY, BackupScope::INCREMENTAL, BackupScope::DIFFERENTIAL]
        {
            assert_eq!(note(scope, 7).apply(&mut fields), Noted::Changed);
            let before = fields;
            assert_eq!(note(scope, 6).apply(&mut fields), Noted::Unchanged);
            assert_eq!(fields, before);
            assert_eq!(note(scope, 7).apply(&mut fields), Noted::Changed);
        }
    }

    #[test]
    fn a_surrogate_is_stored_as_a_snapshot_of_the_operating_system() {
        let mut fields = HeaderFields::default();
        let surrogate = HeaderNote { method: BackupMethod::SURROGATE, ..note(BackupScope::FULL, 2) };
        surrogate.apply(&mut fields);
        assert_eq!(fields.backup_type_full_previous.get(), 1);
    }
}
