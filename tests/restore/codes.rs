//! The results that a restore is documented to have, one test each, named after it: the rows that bring it about.

use crate::Row;
use crate::rows::ROWS;

fn rows(names: &[&str]) -> Vec<Row> {
    let found: Vec<Row> = ROWS.iter().filter(|(name, _)| names.contains(name)).copied().collect();
    assert_eq!(found.len(), names.len(), "rows of the plan");
    found
}

macro_rules! results {
    ($($name:ident: $($row:literal),+;)*) => {
        $(
            #[test]
            #[allow(non_snake_case, reason = "named after the result")]
            fn $name() {
                crate::run(stringify!($name), &rows(&[$($row),+]));
            }
        )*
    };
}

results! {
    JET_errSuccess: "T73", "T123";
    JET_wrnTargetInstanceRunning: "T117";
    JET_errInvalidParameter: "T74", "T75", "T81", "T82";
    JET_errRunningInOneInstanceMode: "T78";
    JET_errBadRestoreTargetInstance: "T76", "T77";
    JET_errLogFilePathInUse: "T79";
    JET_errSystemPathInUse: "T80";
    JET_errDatabaseSignInUse: "T83";
    JET_errFileNotFound: "T84", "T124";
    JET_errBadLogSignature: "T85";
    JET_errGivenLogFileIsNotContiguous: "T86";
    JET_errLogFileSizeMismatch: "T87";
    JET_errStartingRestoreLogTooHigh: "T88";
    JET_errEndingRestoreLogTooLow: "T89", "T114";
    JET_errRestoreOfNonBackupDatabase: "T91";
    JET_errBadPatchPage: "T92", "T93", "T101";
    JET_errDatabasePatchFileMismatch: "T94", "T95";
    JET_errDatabaseCorrupted: "T96", "T99";
    JET_errPageSizeMismatch: "T98";
    JET_errInvalidPath: "T100";
    JET_errMissingCurrentLogFiles: "T104";
    JET_errExistingLogFileHasBadSignature: "T105";
    JET_errExistingLogFileIsNotContiguous: "T106";
    JET_errAttachedDatabaseMismatch: "T109";
    JET_errLogTornWriteDuringHardRestore: "T111";
    JET_errLogCorruptDuringHardRestore: "T112";
    JET_errSoftRecoveryOnBackupDatabase: "T120", "T121";
    JET_errMissingFullBackup: "T122";
}
