//! Every exported function of tiers 1 to 3 as a call with words for arguments.

use std::ffi::c_void;

use esent::abi::tables::typedefs::*;
use esent::api::*;

/// What a word of a call becomes: a number cut to its width, an address, or a function.
trait FromWord {
    fn from_word(word: u64) -> Self;
}

macro_rules! numbers {
    ($($number:ty)*) => { $(impl FromWord for $number {
        fn from_word(word: u64) -> Self {
            word as Self
        }
    })* };
}

numbers! { usize u32 i32 u64 i64 }

impl<T> FromWord for *const T {
    fn from_word(word: u64) -> Self {
        word as usize as Self
    }
}

impl<T> FromWord for *mut T {
    fn from_word(word: u64) -> Self {
        word as usize as Self
    }
}

/// Says that all is well.
extern "system" fn status(_: JET_SESID, _: JET_SNP, _: JET_SNT, _: *mut c_void) -> JET_ERR {
    0
}

impl FromWord for JET_PFNSTATUS {
    fn from_word(word: u64) -> Self {
        (word != 0).then_some(status)
    }
}

/// Says that all is well.
extern "system" fn callback(
    _: JET_SESID,
    _: JET_DBID,
    _: JET_TABLEID,
    _: JET_CBTYP,
    _: *mut c_void,
    _: *mut c_void,
    _: *mut c_void,
    _: JET_API_PTR,
) -> JET_ERR {
    0
}

impl FromWord for JET_CALLBACK {
    fn from_word(word: u64) -> Self {
        (word != 0).then_some(callback)
    }
}

/// Bytes in front of what [`reallocate`] gives, which hold its length.
const HEAD: usize = 16;

/// The caller's memory for JetEnumerateColumns: the context is a list of what is to be freed after the call.
extern "system" fn reallocate(context: *mut c_void, place: *mut c_void, bytes: u32) -> *mut c_void {
    // SAFETY: the driver passes a list of its own thread, or NULL.
    let Some(list) = (unsafe { context.cast::<Vec<Box<[u128]>>>().as_mut() }) else {
        return std::ptr::null_mut();
    };
    let start_of =
        |block: &mut Box<[u128]>| block.as_mut_ptr().cast::<u8>().wrapping_add(HEAD).cast::<c_void>();
    let old = list.iter_mut().position(|block| start_of(block) == place);
    if bytes == 0 {
        if let Some(old) = old {
            list.swap_remove(old);
        }
        return std::ptr::null_mut();
    }
    let mut block = vec![0_u128; (bytes as usize).div_ceil(16) + 1].into_boxed_slice();
    if let Some(old) = old {
        let before = list.swap_remove(old);
        let count = before.len().min(block.len());
        block[..count].copy_from_slice(&before[..count]);
    }
    list.push(block);
    list.last_mut().map_or(std::ptr::null_mut(), start_of)
}

impl FromWord for JET_PFNREALLOC {
    fn from_word(word: u64) -> Self {
        (word != 0).then_some(reallocate)
    }
}

/// A call by its name.
pub(crate) struct Call {
    pub(crate) name: &'static str,
    /// # Safety
    /// As many words as the function has parameters, each of what its parameter says.
    pub(crate) run: unsafe fn(&[u64]) -> JET_ERR,
}

macro_rules! calls {
    ($($name:ident($($argument:ident)*);)*) => {
        /// The calls, in the order of their names.
        pub(crate) const CALLS: &[Call] = &[$(Call {
            name: stringify!($name),
            run: {
                #[allow(unused_mut, reason = "some functions have no parameters")]
                unsafe fn run(words: &[u64]) -> JET_ERR {
                    let mut words = words.iter().copied();
                    $(let $argument = FromWord::from_word(words.next().expect("a word for each parameter"));)*
                    let _ = words;
                    // SAFETY: told by the caller.
                    unsafe { $name($($argument),*) }
                }
                run
            },
        },)*];
    };
}

calls! {
    JetAddColumnA(a b c d e f g);
    JetAddColumnW(a b c d e f g);
    JetAttachDatabase2A(a b c d);
    JetAttachDatabase2W(a b c d);
    JetAttachDatabaseA(a b c);
    JetAttachDatabaseW(a b c);
    JetBackupA(a b c);
    JetBackupInstanceA(a b c d);
    JetBackupInstanceW(a b c d);
    JetBackupW(a b c);
    JetBeginExternalBackup(a);
    JetBeginExternalBackupInstance(a b);
    JetBeginSessionA(a b c d);
    JetBeginSessionW(a b c d);
    JetBeginTransaction(a);
    JetBeginTransaction2(a b);
    JetBeginTransaction3(a b c);
    JetCloseDatabase(a b c);
    JetCloseFile(a);
    JetCloseFileInstance(a b);
    JetCloseTable(a b);
    JetCommitTransaction(a b);
    JetCommitTransaction2(a b c d);
    JetCompactA(a b c d e f);
    JetCompactW(a b c d e f);
    JetComputeStats(a b);
    JetCreateDatabase2A(a b c d e);
    JetCreateDatabase2W(a b c d e);
    JetCreateDatabaseA(a b c d e);
    JetCreateDatabaseW(a b c d e);
    JetCreateIndex2A(a b c d);
    JetCreateIndex2W(a b c d);
    JetCreateIndex3A(a b c d);
    JetCreateIndex3W(a b c d);
    JetCreateIndex4A(a b c d);
    JetCreateIndex4W(a b c d);
    JetCreateIndexA(a b c d e f g);
    JetCreateIndexW(a b c d e f g);
    JetCreateInstance2A(a b c d);
    JetCreateInstance2W(a b c d);
    JetCreateInstanceA(a b);
    JetCreateInstanceW(a b);
    JetCreateTableA(a b c d e f);
    JetCreateTableColumnIndex2A(a b c);
    JetCreateTableColumnIndex2W(a b c);
    JetCreateTableColumnIndex3A(a b c);
    JetCreateTableColumnIndex3W(a b c);
    JetCreateTableColumnIndex4A(a b c);
    JetCreateTableColumnIndex4W(a b c);
    JetCreateTableColumnIndexA(a b c);
    JetCreateTableColumnIndexW(a b c);
    JetCreateTableW(a b c d e f);
    JetDBUtilitiesA(a);
    JetDBUtilitiesW(a);
    JetDefragment2A(a b c d e f g);
    JetDefragment2W(a b c d e f g);
    JetDefragmentA(a b c d e f);
    JetDefragmentW(a b c d e f);
    JetDelete(a b);
    JetDeleteColumn2A(a b c d);
    JetDeleteColumn2W(a b c d);
    JetDeleteColumnA(a b c);
    JetDeleteColumnW(a b c);
    JetDeleteIndexA(a b c);
    JetDeleteIndexW(a b c);
    JetDeleteTableA(a b c);
    JetDeleteTableW(a b c);
    JetDetachDatabase2A(a b c);
    JetDetachDatabase2W(a b c);
    JetDetachDatabaseA(a b);
    JetDetachDatabaseW(a b);
    JetDupCursor(a b c d);
    JetDupSession(a b);
    JetEnableMultiInstanceA(a b c);
    JetEnableMultiInstanceW(a b c);
    JetEndExternalBackup();
    JetEndExternalBackupInstance(a);
    JetEndExternalBackupInstance2(a b);
    JetEndSession(a b);
    JetEnumerateColumns(a b c d e f g h i j);
    JetEscrowUpdate(a b c d e f g h i);
    JetExternalRestore2A(a b c d e f g h i j);
    JetExternalRestore2W(a b c d e f g h i j);
    JetExternalRestoreA(a b c d e f g h);
    JetExternalRestoreW(a b c d e f g h);
    JetFreeBuffer(a);
    JetGetAttachInfoA(a b c);
    JetGetAttachInfoInstanceA(a b c d);
    JetGetAttachInfoInstanceW(a b c d);
    JetGetAttachInfoW(a b c);
    JetGetBookmark(a b c d e);
    JetGetColumnInfoA(a b c d e f g);
    JetGetColumnInfoW(a b c d e f g);
    JetGetCurrentIndexA(a b c d);
    JetGetCurrentIndexW(a b c d);
    JetGetCursorInfo(a b c d e);
    JetGetDatabaseFileInfoA(a b c d);
    JetGetDatabaseFileInfoW(a b c d);
    JetGetDatabaseInfoA(a b c d e);
    JetGetDatabaseInfoW(a b c d e);
    JetGetErrorInfoW(a b c d e);
    JetGetIndexInfoA(a b c d e f g);
    JetGetIndexInfoW(a b c d e f g);
    JetGetInstanceInfoA(a b);
    JetGetInstanceInfoW(a b);
    JetGetInstanceMiscInfo(a b c d);
    JetGetLS(a b c d);
    JetGetLock(a b c);
    JetGetLogInfoA(a b c);
    JetGetLogInfoInstance2A(a b c d e);
    JetGetLogInfoInstance2W(a b c d e);
    JetGetLogInfoInstanceA(a b c d);
    JetGetLogInfoInstanceW(a b c d);
    JetGetLogInfoW(a b c);
    JetGetObjectInfoA(a b c d e f g h);
    JetGetObjectInfoW(a b c d e f g h);
    JetGetRecordPosition(a b c d);
    JetGetRecordSize(a b c d);
    JetGetRecordSize2(a b c d);
    JetGetSecondaryIndexBookmark(a b c d e f g h i);
    JetGetSessionParameter(a b c d e);
    JetGetSystemParameterA(a b c d e f);
    JetGetSystemParameterW(a b c d e f);
    JetGetTableColumnInfoA(a b c d e f);
    JetGetTableColumnInfoW(a b c d e f);
    JetGetTableIndexInfoA(a b c d e f);
    JetGetTableIndexInfoW(a b c d e f);
    JetGetTableInfoA(a b c d e);
    JetGetTableInfoW(a b c d e);
    JetGetThreadStats(a b);
    JetGetTruncateLogInfoInstanceA(a b c d);
    JetGetTruncateLogInfoInstanceW(a b c d);
    JetGetVersion(a b);
    JetGotoBookmark(a b c d);
    JetGotoPosition(a b c);
    JetGotoSecondaryIndexBookmark(a b c d e f g);
    JetGrowDatabase(a b c d);
    JetIdle(a b);
    JetIndexRecordCount(a b c d);
    JetIndexRecordCount2(a b c d);
    JetInit(a);
    JetInit2(a b);
    JetInit3A(a b c);
    JetInit3W(a b c);
    JetIntersectIndexes(a b c d e);
    JetMakeKey(a b c d e);
    JetMove(a b c d);
    JetOSSnapshotAbort(a b);
    JetOSSnapshotEnd(a b);
    JetOSSnapshotFreezeA(a b c d);
    JetOSSnapshotFreezeW(a b c d);
    JetOSSnapshotGetFreezeInfoA(a b c d);
    JetOSSnapshotGetFreezeInfoW(a b c d);
    JetOSSnapshotPrepare(a b);
    JetOSSnapshotPrepareInstance(a b c);
    JetOSSnapshotThaw(a b);
    JetOSSnapshotTruncateLog(a b);
    JetOSSnapshotTruncateLogInstance(a b c);
    JetOpenDatabaseA(a b c d e);
    JetOpenDatabaseW(a b c d e);
    JetOpenFileA(a b c d);
    JetOpenFileInstanceA(a b c d e);
    JetOpenFileInstanceW(a b c d e);
    JetOpenFileW(a b c d);
    JetOpenTableA(a b c d e f g);
    JetOpenTableW(a b c d e f g);
    JetOpenTempTable(a b c d e f);
    JetOpenTempTable2(a b c d e f g);
    JetOpenTempTable3(a b c d e f g);
    JetOpenTemporaryTable(a b);
    JetOpenTemporaryTable2(a b);
    JetPrepareUpdate(a b c);
    JetPrereadIndexRanges(a b c d e f g h);
    JetPrereadKeys(a b c d e f g);
    JetReadFile(a b c d);
    JetReadFileInstance(a b c d e);
    JetRegisterCallback(a b c d e f);
    JetRenameColumnA(a b c d e);
    JetRenameColumnW(a b c d e);
    JetRenameTableA(a b c d);
    JetRenameTableW(a b c d);
    JetResetSessionContext(a);
    JetResetTableSequential(a b c);
    JetResizeDatabase(a b c d e);
    JetRestore2A(a b c);
    JetRestore2W(a b c);
    JetRestoreA(a b);
    JetRestoreInstanceA(a b c d);
    JetRestoreInstanceW(a b c d);
    JetRestoreW(a b);
    JetRetrieveColumn(a b c d e f g h);
    JetRetrieveColumns(a b c d);
    JetRetrieveKey(a b c d e f);
    JetRollback(a b);
    JetSeek(a b c);
    JetSetColumn(a b c d e f g);
    JetSetColumnDefaultValueA(a b c d e f g);
    JetSetColumnDefaultValueW(a b c d e f g);
    JetSetColumns(a b c d);
    JetSetCurrentIndex2A(a b c d);
    JetSetCurrentIndex2W(a b c d);
    JetSetCurrentIndex3A(a b c d e);
    JetSetCurrentIndex3W(a b c d e);
    JetSetCurrentIndex4A(a b c d e f);
    JetSetCurrentIndex4W(a b c d e f);
    JetSetCurrentIndexA(a b c);
    JetSetCurrentIndexW(a b c);
    JetSetCursorFilter(a b c d e);
    JetSetDatabaseSizeA(a b c d);
    JetSetDatabaseSizeW(a b c d);
    JetSetIndexRange(a b c);
    JetSetLS(a b c d);
    JetSetSessionContext(a b);
    JetSetSessionParameter(a b c d);
    JetSetSystemParameterA(a b c d e);
    JetSetSystemParameterW(a b c d e);
    JetSetTableSequential(a b c);
    JetStopBackup();
    JetStopBackupInstance(a);
    JetStopService();
    JetStopServiceInstance(a);
    JetStopServiceInstance2(a b);
    JetTerm(a);
    JetTerm2(a b);
    JetTruncateLog();
    JetTruncateLogInstance(a);
    JetUnregisterCallback(a b c d);
    JetUpdate(a b c d e);
    JetUpdate2(a b c d e f);
}
