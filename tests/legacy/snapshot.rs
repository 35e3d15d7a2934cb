//! A program's view of snapshots: calls with plain arguments.

use std::ffi::CStr;
use std::path::PathBuf;

use esent::abi::structs::{JET_INSTANCE_INFO_A, JET_INSTANCE_INFO_W};
use esent::api::*;
use widestring::U16CStr;

use crate::Form;

/// An instance and its databases, as a list tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) instance: usize,
    pub(crate) name: String,
    pub(crate) databases: Vec<PathBuf>,
}

/// JetOSSnapshotPrepare; the number, and the code.
pub(crate) fn prepare(grbit: u32) -> (usize, i32) {
    let mut number = 0;
    // SAFETY: the place is a local.
    let code = unsafe { JetOSSnapshotPrepare(&raw mut number, grbit) };
    (number, code)
}

/// JetOSSnapshotPrepareInstance.
pub(crate) fn prepare_instance(number: usize, instance: usize, grbit: u32) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetOSSnapshotPrepareInstance(number, instance, grbit) }
}

/// JetOSSnapshotThaw.
pub(crate) fn thaw(number: usize, grbit: u32) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetOSSnapshotThaw(number, grbit) }
}

/// JetOSSnapshotTruncateLog.
pub(crate) fn truncate(number: usize, grbit: u32) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetOSSnapshotTruncateLog(number, grbit) }
}

/// JetOSSnapshotTruncateLogInstance.
pub(crate) fn truncate_instance(number: usize, instance: usize, grbit: u32) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetOSSnapshotTruncateLogInstance(number, instance, grbit) }
}

/// JetOSSnapshotEnd.
pub(crate) fn end(number: usize, grbit: u32) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetOSSnapshotEnd(number, grbit) }
}

/// JetOSSnapshotAbort.
pub(crate) fn abort(number: usize, grbit: u32) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetOSSnapshotAbort(number, grbit) }
}

/// JetOSSnapshotFreeze; its list, and the code.
pub(crate) fn freeze(form: Form, number: usize, grbit: u32) -> (Vec<Listed>, i32) {
    match form {
        // SAFETY: the places are locals.
        Form::Ansi => narrow(|count, list| unsafe { JetOSSnapshotFreezeA(number, count, list, grbit) }),
        // SAFETY: the places are locals.
        Form::Wide => wide(|count, list| unsafe { JetOSSnapshotFreezeW(number, count, list, grbit) }),
    }
}

/// JetOSSnapshotGetFreezeInfo; its list, and the code.
pub(crate) fn freeze_info(form: Form, number: usize, grbit: u32) -> (Vec<Listed>, i32) {
    match form {
        Form::Ansi => {
            // SAFETY: the places are locals.
            narrow(|count, list| unsafe { JetOSSnapshotGetFreezeInfoA(number, count, list, grbit) })
        }
        // SAFETY: the places are locals.
        Form::Wide => wide(|count, list| unsafe { JetOSSnapshotGetFreezeInfoW(number, count, list, grbit) }),
    }
}

fn narrow(call: impl FnOnce(*mut u32, *mut *mut JET_INSTANCE_INFO_A) -> i32) -> (Vec<Listed>, i32) {
    let (mut count, mut list) = (0, std::ptr::null_mut());
    let code = call(&raw mut count, &raw mut list);
    // SAFETY: the call gave NUL-terminated texts.
    let text = |text: *mut std::ffi::c_char| unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned();
    let mut listed = Vec::new();
    for index in 0..count as usize {
        // SAFETY: the list has so many structures, each with so many names.
        let (info, names) = unsafe {
            let info = list.add(index).read();
            (info, std::slice::from_raw_parts(info.szDatabaseFileName, info.cDatabases))
        };
        let databases = names.iter().map(|name| PathBuf::from(text(*name))).collect();
        listed.push(Listed { instance: info.hInstanceId, name: text(info.szInstanceName), databases });
    }
    if code == 0 {
        // SAFETY: the block came from the call.
        assert_eq!(unsafe { JetFreeBuffer(list.cast()) }, 0);
    }
    (listed, code)
}

fn wide(call: impl FnOnce(*mut u32, *mut *mut JET_INSTANCE_INFO_W) -> i32) -> (Vec<Listed>, i32) {
    let (mut count, mut list) = (0, std::ptr::null_mut());
    let code = call(&raw mut count, &raw mut list);
    // SAFETY: the call gave NUL-terminated texts.
    let text = |text: *mut u16| unsafe { U16CStr::from_ptr_str(text) }.to_string().unwrap();
    let mut listed = Vec::new();
    for index in 0..count as usize {
        // SAFETY: the list has so many structures, each with so many names.
        let (info, names) = unsafe {
            let info = list.add(index).read();
            (info, std::slice::from_raw_parts(info.szDatabaseFileName, info.cDatabases))
        };
        let databases = names.iter().map(|name| PathBuf::from(text(*name))).collect();
        listed.push(Listed { instance: info.hInstanceId, name: text(info.szInstanceName), databases });
    }
    if code == 0 {
        // SAFETY: the block came from the call.
        assert_eq!(unsafe { JetFreeBuffer(list.cast()) }, 0);
    }
    (listed, code)
}
