//! What works today, function by function: the one table behind `COMPAT.md`.
//!
//! A function that is not in [`STATES`] is not yet there: it returns JET_errFeatureNotAvailable.

use std::fmt::Write;

use crate::abi::tables::functions::FUNCTIONS;
use crate::abi::tables::{Form, Function, Visibility};

/// How far a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As the original, but for what the note says.
    Yes,
    /// Usable, with the limits the note says.
    Partial,
    /// Returns JET_errFeatureNotAvailable.
    NotYet,
}

impl State {
    fn shown(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partial => "partial",
            Self::NotYet => "not yet",
        }
    }
}

/// What a defragmentation does and does not.
const DEFRAGMENTS: &str = "leaves are merged as they become small, with a run or without; the end of a run's time is told by the next call";

/// The functions that do something: name without A or W, state, note.
const STATES: &[(&str, State, &str)] = &[
    ("JetAddColumn", State::Yes, ""),
    ("JetAttachDatabase", State::Yes, ""),
    ("JetAttachDatabase2", State::Yes, ""),
    ("JetAttachDatabase3", State::Partial, "of the parameters JET_dbparamDbSizeMaxPages has an effect"),
    ("JetAttachDatabaseWithStreaming", State::Yes, "JET_errFeatureNotAvailable always, as the original"),
    ("JetBeginExternalBackup", State::Yes, ""),
    ("JetBeginExternalBackupInstance", State::Yes, ""),
    (
        "JetBackup",
        State::Yes,
        "the empty .pat markers are in the copy only; an atomic incremental goes into `old`",
    ),
    ("JetBackupInstance", State::Yes, "as JetBackup"),
    ("JetBeginSession", State::Yes, ""),
    ("JetBeginSurrogateBackup", State::Yes, ""),
    ("JetBeginTransaction", State::Yes, ""),
    ("JetBeginTransaction2", State::Yes, ""),
    ("JetBeginTransaction3", State::Yes, "the id for traces is not kept"),
    ("JetCloseDatabase", State::Yes, ""),
    ("JetCloseFile", State::Yes, ""),
    ("JetCloseFileInstance", State::Yes, ""),
    ("JetCloseTable", State::Yes, ""),
    ("JetCommitTransaction", State::Yes, ""),
    ("JetCommitTransaction2", State::Yes, ""),
    (
        "JetCompact",
        State::Yes,
        "text indexes whose keys are another Windows' are copied with their stamp, not made anew; no temporary database is used",
    ),
    ("JetComputeStats", State::Yes, ""),
    ("JetConfigureProcessForCrashDump", State::Yes, "success, without effect on Linux"),
    ("JetCreateDatabase", State::Yes, ""),
    ("JetCreateDatabase2", State::Yes, ""),
    ("JetCreateDatabase3", State::Partial, "of the parameters JET_dbparamDbSizeMaxPages has an effect"),
    ("JetCreateDatabaseWithStreaming", State::Yes, "JET_errFeatureNotAvailable always, as the original"),
    (
        "JetCreateIndex",
        State::Partial,
        "deferred population is JET_errFeatureNotAvailable; text of Chinese, Japanese, Korean, Hungarian and Latvian is sorted by our own rules, under a stamp that no Windows trusts",
    ),
    ("JetCreateIndex2", State::Partial, "as JetCreateIndex"),
    ("JetCreateIndex3", State::Partial, "as JetCreateIndex"),
    ("JetCreateIndex4", State::Partial, "as JetCreateIndex"),
    ("JetCreateInstance", State::Yes, ""),
    ("JetCreateInstance2", State::Yes, ""),
    ("JetCreateTable", State::Yes, ""),
    ("JetCreateTableColumnIndex", State::Partial, "as JetCreateIndex"),
    (
        "JetCreateTableColumnIndex2",
        State::Partial,
        "as JetCreateIndex; a stored callback is looked for in `library` and `library.so`",
    ),
    ("JetCreateTableColumnIndex3", State::Partial, "as JetCreateTableColumnIndex2"),
    ("JetCreateTableColumnIndex4", State::Partial, "as JetCreateTableColumnIndex2"),
    ("JetCreateTableColumnIndex5", State::Partial, "as JetCreateTableColumnIndex2"),
    (
        "JetDBUtilities",
        State::Partial,
        "compaction (the new file is szBackup) and the check of a database; other operations are JET_errFeatureNotAvailable: eseutil has the dumps",
    ),
    ("JetDefragment", State::Partial, DEFRAGMENTS),
    ("JetDefragment2", State::Partial, DEFRAGMENTS),
    ("JetDefragment3", State::Yes, "JET_errInvalidParameter always, as the original"),
    ("JetDelete", State::Yes, ""),
    ("JetDeleteColumn", State::Yes, ""),
    ("JetDeleteColumn2", State::Yes, ""),
    ("JetDeleteIndex", State::Yes, ""),
    ("JetDeleteTable", State::Yes, ""),
    ("JetDeleteTable2", State::Yes, ""),
    ("JetDetachDatabase", State::Yes, ""),
    ("JetDetachDatabase2", State::Yes, ""),
    ("JetDupCursor", State::Yes, ""),
    ("JetDupSession", State::Yes, ""),
    ("JetEnableMultiInstance", State::Yes, ""),
    (
        "JetEndExternalBackup",
        State::Yes,
        "JET_errBackupAbortByServer after a stop, errBackupAbortByCaller before the logs were listed; the original says success",
    ),
    ("JetEndExternalBackupInstance", State::Yes, "as JetEndExternalBackup"),
    ("JetEndExternalBackupInstance2", State::Yes, "as JetEndExternalBackup"),
    ("JetEndSession", State::Yes, "a refused call cancels nothing"),
    ("JetEndSurrogateBackup", State::Yes, "refused for a local backup, which the original ends"),
    ("JetEnumerateColumns", State::Yes, ""),
    ("JetEscrowUpdate", State::Yes, "JET_cbtypFinalize is called by the update that comes to zero"),
    ("JetExternalRestore", State::Yes, ""),
    ("JetExternalRestore2", State::Yes, "the two target folders are taken as documented, not exchanged"),
    ("JetFreeBuffer", State::Yes, "NULL is taken; what was not given out is JET_errInvalidParameter"),
    ("JetGetAttachInfo", State::Yes, ""),
    ("JetGetAttachInfoInstance", State::Yes, ""),
    ("JetGetBookmark", State::Yes, ""),
    (
        "JetGetColumnInfo",
        State::Yes,
        "in the W form lists are not sought by name: UTF-16 has no sort keys yet",
    ),
    ("JetGetCurrentIndex", State::Yes, ""),
    ("JetGetCursorInfo", State::Yes, ""),
    ("JetGetDatabaseFileInfo", State::Partial, "not level 13 (upgrade)"),
    ("JetGetDatabaseInfo", State::Yes, ""),
    ("JetGetErrorInfoW", State::Yes, ""),
    (
        "JetGetIndexInfo",
        State::Yes,
        "in the W form lists are not sought by name: UTF-16 has no sort keys yet",
    ),
    ("JetGetInstanceInfo", State::Yes, ""),
    ("JetGetInstanceMiscInfo", State::Yes, "level 0; the others are private"),
    ("JetGetLS", State::Yes, ""),
    ("JetGetLock", State::Yes, ""),
    ("JetGetLogInfo", State::Yes, ""),
    ("JetGetLogInfoInstance", State::Yes, ""),
    ("JetGetLogInfoInstance2", State::Yes, "the size of JET_LOGINFO is checked in the W form too"),
    ("JetGetMaxDatabaseSize", State::Yes, ""),
    (
        "JetGetObjectInfo",
        State::Yes,
        "in the W form lists are not sought by name: UTF-16 has no sort keys yet",
    ),
    ("JetGetRecordPosition", State::Yes, ""),
    ("JetGetRecordSize", State::Yes, ""),
    ("JetGetRecordSize2", State::Yes, ""),
    ("JetGetRecordSize3", State::Yes, ""),
    ("JetGetSecondaryIndexBookmark", State::Yes, ""),
    ("JetGetSessionInfo", State::Yes, ""),
    ("JetGetSessionParameter", State::Yes, ""),
    ("JetGetSystemParameter", State::Partial, "JET_paramPrintFunction reads as 0"),
    (
        "JetGetTableColumnInfo",
        State::Yes,
        "in the W form lists are not sought by name: UTF-16 has no sort keys yet",
    ),
    (
        "JetGetTableIndexInfo",
        State::Yes,
        "in the W form lists are not sought by name: UTF-16 has no sort keys yet",
    ),
    ("JetGetTableInfo", State::Yes, "no encryption (level 14)"),
    ("JetGetThreadStats", State::Yes, "counts of pages, log records and the time of reads; the rest is 0"),
    ("JetGetTruncateLogInfoInstance", State::Yes, ""),
    (
        "JetGetVersion",
        State::Yes,
        "answers as Windows 10.0 build 26100; without an instance the session is not looked at",
    ),
    ("JetGotoBookmark", State::Yes, ""),
    ("JetGotoPosition", State::Yes, "by estimates, as the original"),
    ("JetGotoSecondaryIndexBookmark", State::Yes, ""),
    ("JetGrowDatabase", State::Yes, ""),
    ("JetIdle", State::Yes, ""),
    ("JetIndexRecordCount", State::Yes, ""),
    ("JetIndexRecordCount2", State::Yes, ""),
    ("JetInit", State::Yes, ""),
    ("JetInit2", State::Yes, ""),
    (
        "JetInit3",
        State::Yes,
        "logtimeStop of JET_RSTINFO is reserved and not looked at, as documented; what a callback answers to progress does not \
         count",
    ),
    ("JetInit4", State::Partial, "as JetInit3; parameters of single databases in the map have no effect"),
    ("JetIntersectIndexes", State::Yes, ""),
    (
        "JetMakeKey",
        State::Yes,
        "text that an index of another Windows does not show is JET_errUnicodeNormalizationNotSupported",
    ),
    ("JetMove", State::Yes, ""),
    ("JetOSSnapshotAbort", State::Yes, ""),
    ("JetOSSnapshotEnd", State::Yes, ""),
    (
        "JetOSSnapshotFreeze",
        State::Yes,
        "for snapshots of a Linux volume, or copies of the files, until the thaw",
    ),
    ("JetOSSnapshotGetFreezeInfo", State::Yes, ""),
    ("JetOSSnapshotPrepare", State::Yes, ""),
    ("JetOSSnapshotPrepareInstance", State::Yes, ""),
    ("JetOSSnapshotThaw", State::Yes, ""),
    ("JetOSSnapshotTruncateLog", State::Yes, ""),
    ("JetOSSnapshotTruncateLogInstance", State::Yes, ""),
    ("JetOpenDatabase", State::Yes, ""),
    (
        "JetOpenFile",
        State::Yes,
        "opens databases, archived logs and patch files of the instance, nothing else",
    ),
    ("JetOpenFileInstance", State::Yes, "as JetOpenFile"),
    (
        "JetOpenFileSectionInstance",
        State::Yes,
        "as JetOpenFile; JET_wrnNyi for several sections, as the original",
    ),
    ("JetOpenTable", State::Yes, ""),
    ("JetOpenTempTable", State::Yes, ""),
    ("JetOpenTempTable2", State::Yes, ""),
    ("JetOpenTempTable3", State::Yes, ""),
    ("JetOpenTemporaryTable", State::Yes, ""),
    ("JetOpenTemporaryTable2", State::Yes, ""),
    ("JetPrepareUpdate", State::Yes, ""),
    ("JetPrereadIndexRanges", State::Yes, "checked; nothing is read ahead"),
    ("JetPrereadKeys", State::Yes, "checked; nothing is read ahead"),
    ("JetPrereadTablesW", State::Yes, "nothing is read ahead"),
    ("JetReadFile", State::Yes, "a handle that is not open is JET_errInvalidParameter"),
    ("JetReadFileInstance", State::Yes, "as JetReadFile"),
    ("JetRegisterCallback", State::Yes, ""),
    ("JetRenameColumn", State::Yes, ""),
    ("JetRenameTable", State::Yes, ""),
    ("JetResetSessionContext", State::Yes, ""),
    ("JetResetTableSequential", State::Yes, "a hint"),
    ("JetResizeDatabase", State::Partial, "files are not made smaller"),
    ("JetRestore", State::Yes, ""),
    ("JetRestore2", State::Yes, ""),
    ("JetRestoreInstance", State::Yes, "the instance can be started afterwards"),
    (
        "JetRetrieveColumn",
        State::Partial,
        "no encryption; a default from a callback is asked for by JetRetrieveColumn and JetRetrieveColumns, not for keys",
    ),
    ("JetRetrieveColumns", State::Partial, "as JetRetrieveColumn"),
    ("JetRetrieveKey", State::Yes, ""),
    ("JetRetrieveTaggedColumnList", State::Yes, ""),
    ("JetRollback", State::Yes, ""),
    ("JetSeek", State::Yes, ""),
    ("JetSetColumn", State::Partial, "no encryption"),
    ("JetSetColumnDefaultValue", State::Yes, ""),
    ("JetSetColumns", State::Partial, "no encryption"),
    ("JetSetCurrentIndex", State::Yes, ""),
    ("JetSetCurrentIndex2", State::Yes, ""),
    ("JetSetCurrentIndex3", State::Yes, ""),
    ("JetSetCurrentIndex4", State::Yes, ""),
    ("JetSetCursorFilter", State::Yes, ""),
    ("JetSetDatabaseSize", State::Yes, ""),
    ("JetSetIndexRange", State::Yes, ""),
    ("JetSetLS", State::Yes, "JET_cbtypFreeTableLS comes with the table's deletion, the detach or the end"),
    ("JetSetMaxDatabaseSize", State::Yes, ""),
    ("JetSetSessionContext", State::Yes, ""),
    ("JetSetSessionParameter", State::Yes, "what is for traces is kept and has no effect"),
    (
        "JetSetSystemParameter",
        State::Partial,
        "values are checked and kept; JET_paramDatabasePageSize 4096 to 32768",
    ),
    (
        "JetSetTableInfo",
        State::Partial,
        "JET_errFeatureNotAvailable after the checks of the handles: no encryption",
    ),
    ("JetSetTableSequential", State::Yes, "a hint"),
    ("JetSnapshotStart", State::Yes, "JET_wrnNyi always, as the original"),
    ("JetSnapshotStop", State::Yes, "JET_wrnNyi always, as the original"),
    ("JetStopBackup", State::Yes, ""),
    ("JetStopBackupInstance", State::Yes, ""),
    ("JetStopService", State::Yes, ""),
    ("JetStopServiceInstance", State::Yes, "counts and the building of indexes end early"),
    ("JetStopServiceInstance2", State::Partial, "parts have no effect"),
    ("JetTerm", State::Yes, ""),
    ("JetTerm2", State::Yes, ""),
    ("JetTruncateLog", State::Yes, ""),
    ("JetTruncateLogInstance", State::Yes, ""),
    ("JetUnregisterCallback", State::Yes, ""),
    ("JetUpdate", State::Yes, ""),
    ("JetUpdate2", State::Yes, ""),
];

/// State and note of a function.
#[must_use]
pub fn state(function: &Function) -> (State, &'static str) {
    STATES
        .iter()
        .find(|(base, ..)| *base == function.base)
        .map_or((State::NotYet, ""), |(_, state, note)| (*state, *note))
}

/// The text of `COMPAT.md`.
#[must_use]
pub fn markdown() -> String {
    let count = |wanted: State| FUNCTIONS.iter().filter(|function| state(function).0 == wanted).count();
    let mut text = String::from("# What works\n\n");
    text += "Every function that libesent exports, with its state. Written by `cargo run -p abi-tool` from `src/compat.rs`;\n";
    text += "a test fails when this list, the exports of `libesent.so` and the code disagree. A difference from the original\n";
    text += "that is not told here is a bug.\n\n";
    text += "- **yes**: as the original, but for what the note says\n";
    text += "- **partial**: usable, with the limits that the note says\n";
    text += "- **not yet**: exported with its exact signature; reads no argument, changes nothing, returns JET_errFeatureNotAvailable\n\n";
    let _ = writeln!(
        text,
        "{} functions: {} yes, {} partial, {} not yet. Not exported on Linux: `ese`, `DllRegisterServer`, `DebugExtension*`.\n\
         `libesent_version`, the library's own, comes on top.\n",
        FUNCTIONS.len(),
        count(State::Yes),
        count(State::Partial),
        count(State::NotYet)
    );
    text += "| function | state | form | note |\n|---|---|---|---|\n";
    for function in FUNCTIONS {
        let form = match function.form {
            Form::Single => "",
            Form::Ansi => "A",
            Form::Wide | Form::WideOnly => "W",
            Form::AnsiAlias => "A, old name",
        };
        let kept_back = if function.visibility == Visibility::Public { "" } else { ", not in the header" };
        let form = format!("{form}{kept_back}");
        let (state, note) = state(function);
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {note} |",
            function.name,
            state.shown(),
            form.trim_start_matches(", ")
        );
    }
    text
}
