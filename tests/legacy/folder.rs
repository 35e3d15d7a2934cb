//! A program's view of backups into folders and restores from them: calls with plain arguments.

use std::ffi::c_void;
use std::path::Path;
use std::sync::Mutex;

use esent::abi::structs::JET_SNPROG;
use esent::abi::tables::enums::*;
use esent::abi::tables::typedefs::JET_PFNSTATUS;
use esent::api::*;

use crate::Form;
use crate::harness::text;
use crate::source::wide;

/// What a callback was told: whose it is, which step, and how far of how much.
pub(crate) type Told = (u32, u32, u32, u32);

static TOLD: Mutex<Vec<Told>> = Mutex::new(Vec::new());

/// Notes what it is told. Its answer is an error, which has no effect on progress.
extern "system" fn note(session: usize, snp: u32, snt: u32, about: *mut c_void) -> i32 {
    assert_eq!(session, JET_sesidNil);
    let mut told = (snp, snt, 0, 0);
    if snp != JET_snpRecoveryControl && !about.is_null() {
        // SAFETY: every other step comes with a progress.
        let progress = unsafe { about.cast::<JET_SNPROG>().read_unaligned() };
        assert_eq!(progress.cbStruct, 12);
        told = (snp, snt, progress.cunitDone, progress.cunitTotal);
    }
    TOLD.lock().unwrap().push(told);
    if snp == JET_snpRecoveryControl { 0 } else { -1 }
}

/// Runs a call with a callback; what that was told, and the code.
pub(crate) fn told(call: impl FnOnce(JET_PFNSTATUS) -> i32) -> (Vec<Told>, i32) {
    TOLD.lock().unwrap().clear();
    let code = call(Some(note));
    (std::mem::take(&mut TOLD.lock().unwrap()), code)
}

/// JetBackupInstance, or JetBackup without an instance.
pub(crate) fn back_up(
    form: Form,
    instance: Option<usize>,
    folder: Option<&Path>,
    grbit: u32,
    callback: JET_PFNSTATUS,
) -> i32 {
    let (narrow, wide) = (folder.map(text), folder.map(wide));
    let narrow = narrow.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    let wide = wide.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    // SAFETY: the texts are NULL or end with a zero, the callback takes what it is told.
    unsafe {
        match (form, instance) {
            (Form::Ansi, Some(instance)) => JetBackupInstanceA(instance, narrow, grbit, callback),
            (Form::Wide, Some(instance)) => JetBackupInstanceW(instance, wide, grbit, callback),
            (Form::Ansi, None) => JetBackupA(narrow, grbit, callback),
            (Form::Wide, None) => JetBackupW(wide, grbit, callback),
        }
    }
}

/// JetRestoreInstance; without an instance JetRestore2, or JetRestore where there is no destination.
pub(crate) fn restore(
    form: Form,
    instance: Option<usize>,
    source: &Path,
    destination: Option<&Path>,
    callback: JET_PFNSTATUS,
) -> i32 {
    let (source_narrow, source_wide) = (text(source), wide(source));
    let (narrow, wide) = (destination.map(text), destination.map(wide));
    let narrow = narrow.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    let wide = wide.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    // SAFETY: the texts are NULL or end with a zero, the callback takes what it is told.
    unsafe {
        match (form, instance, destination) {
            (Form::Ansi, Some(instance), _) => {
                JetRestoreInstanceA(instance, source_narrow.as_ptr(), narrow, callback)
            }
            (Form::Wide, Some(instance), _) => {
                JetRestoreInstanceW(instance, source_wide.as_ptr(), wide, callback)
            }
            (Form::Ansi, None, Some(_)) => JetRestore2A(source_narrow.as_ptr(), narrow, callback),
            (Form::Wide, None, Some(_)) => JetRestore2W(source_wide.as_ptr(), wide, callback),
            (Form::Ansi, None, None) => JetRestoreA(source_narrow.as_ptr(), callback),
            (Form::Wide, None, None) => JetRestoreW(source_wide.as_ptr(), callback),
        }
    }
}
