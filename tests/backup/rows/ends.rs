//! Rows T36 to T56: lists of logs, their truncation, and how a backup ends.

use std::ptr::null_mut;

use esent::abi::structs::{JET_LOGINFO_A, JET_LOGINFO_W};
use esent::abi::tables::bits::*;
use esent::abi::tables::errors::*;
use esent::api::*;

use super::{ABORT, INCREMENTAL, NORMAL};
use crate::bed::{Bed, Form, Pages, Set, SlotBytes, Slots, generation_of};
use crate::harness::{attach, begin, detach};

pub(super) fn t36(form: Form) {
    let bed = Bed::in_full(form);
    let opened = bed.open(&bed.databases[0]);
    let refused = JET_errInvalidBackupSequence;
    assert_eq!((bed.log_info().0, bed.truncate_info().0, bed.truncate()), (refused, refused, refused));
    assert_eq!(bed.close(opened.handle), 0);
    assert_eq!((bed.log_info().0, bed.truncate_info().0, bed.truncate()), (0, 0, JET_errLogFileNotCopied));
}

pub(super) fn t37(form: Form) {
    let bed = Bed::in_full(form);
    let before = bed.archives();
    let (code, needed, _) = bed.logs_raw(None);
    assert_eq!(code, 0);
    let (code, actual, first) = bed.logs_raw(Some(needed));
    assert_eq!((code, actual), (0, needed));
    assert_eq!(bed.logs_raw(Some(needed)), (0, needed, first));
    assert_eq!(bed.archives().len(), before.len() + 1, "the log rolled once");
}

pub(super) fn t38(_: Form) {
    let bed = Bed::in_full(Form::W);
    let (code, actual, bytes) = bed.logs_raw(Some(4));
    assert_eq!((code, actual), (0, 4));
    assert_eq!(bytes, bed.logs_raw(Some(100)).2[..4]);
    let bed = {
        drop(bed);
        Bed::in_full(Form::A)
    };
    assert_eq!(bed.logs_raw(Some(4)), (JET_errBufferTooSmall, 7, vec![0xEE; 4]));
}

pub(super) fn t39(form: Form) {
    let bed = Bed::in_full(form);
    let mut narrow = JET_LOGINFO_A { cbSize: 15, ulGenLow: 9, ulGenHigh: 9, szBaseName: [0; 4] };
    let mut wide = JET_LOGINFO_W { cbSize: 15, ulGenLow: 9, ulGenHigh: 9, szBaseName: [0; 4] };
    // SAFETY: no buffer, the places are locals.
    unsafe {
        let code = JetGetLogInfoInstance2(bed.instance, null_mut(), 0, null_mut(), &raw mut narrow);
        assert_eq!((code, narrow.ulGenLow), (JET_errInvalidParameter, 9));
        let code = JetGetLogInfoInstance2W(bed.instance, null_mut(), 0, null_mut(), &raw mut wide);
        assert_eq!((code, wide.ulGenLow), (JET_errInvalidParameter, 9));
    }
    assert_eq!(bed.range().0, bed.checkpoint());
}

pub(super) fn t40(form: Form) {
    let bed = Bed::in_logs(form);
    let before = bed.archives();
    assert_eq!(bed.truncate(), JET_errLogFileNotCopied);
    assert_eq!(bed.archives(), before);
}

pub(super) fn t41(form: Form) {
    let bed = Bed::in_full(form);
    assert_eq!(bed.truncate(), JET_errInvalidBackupSequence);
}

pub(super) fn t42(form: Form) {
    let bed = Bed::in_logs(form);
    let mut set = Set::default();
    bed.stream_logs(&mut set);
    let listed = bed.truncate_info().1;
    assert_eq!(bed.truncate(), 0);
    let lowest = bed.archives()[0];
    let last = listed.last().and_then(|path| generation_of(path.file_name()?.to_str()?)).unwrap();
    assert_eq!(lowest, last + 1, "what was listed is gone");
    assert_eq!(lowest, bed.checkpoint().min(set.high + 1));
    assert_eq!(bed.end(NORMAL), 0);
    drop(bed);
    let bed = Bed::in_full(form);
    let mut set = Set::default();
    bed.stream_logs(&mut set);
    let before = bed.archives();
    assert_eq!(bed.truncate(), 0);
    assert_eq!(bed.archives(), before, "no database was streamed");
}

pub(super) fn t43(form: Form) {
    let bed = Bed::in_full(form);
    for grbit in [0, 3, 0x100, 0x200, 0x300, 0x203, 0x400] {
        assert_eq!(bed.end(grbit), JET_errInvalidParameter, "{grbit:#x}");
    }
    assert_eq!(bed.log_info().0, 0);
    assert_eq!(bed.end(0x401), 0, "unknown bits beside a known one");
}

pub(super) fn t44(form: Form) {
    let bed = Bed::new(form);
    assert_eq!((bed.end(NORMAL), bed.end(ABORT)), (JET_errNoBackup, JET_errNoBackup));
}

pub(super) fn t45(form: Form) {
    let bed = Bed::in_full(form);
    bed.stream(&bed.databases[0], 16);
    assert_eq!(bed.end(NORMAL), -800, "errBackupAbortByCaller");
    assert_eq!(bed.slots(0), Slots::NONE);
    assert_eq!(bed.end(NORMAL), JET_errNoBackup);
}

pub(super) fn t46(form: Form) {
    let bed = Bed::in_full(form);
    let opened = bed.open(&bed.databases[0]);
    assert_eq!(bed.stop(), 0);
    let stopped = JET_errBackupAbortByServer;
    assert_eq!(bed.open(&bed.databases[1]).code, stopped);
    assert_eq!(bed.read(opened.handle, &mut Pages::new(4096 * 8)).0, stopped);
    assert_eq!(bed.attach_info(None).0, stopped);
    assert_eq!((bed.log_info().0, bed.truncate_info().0, bed.truncate()), (stopped, stopped, stopped));
    assert_eq!(bed.close(opened.handle), 0);
    assert_eq!(bed.end(NORMAL), stopped);
    assert_eq!(bed.slots(0), Slots::NONE);
    assert_eq!(bed.begin(0), 0, "the next one is not stopped");
    assert_eq!(bed.log_info().0, 0);
    assert_eq!(bed.stop(), 0);
    assert_eq!(bed.end(NORMAL), stopped, "in status Logs");
}

pub(super) fn t47(form: Form) {
    let mut bed = Bed::new(form);
    bed.full(false, NORMAL);
    let copied = bed.slots(0).copy;
    let set = bed.full(true, NORMAL);
    for database in [0, 1] {
        let slots = bed.slots(database);
        let streamed = Slots::of(&set.databases[database].1).current;
        assert_eq!(slots.full.generations(), (set.low, set.high));
        assert_eq!(slots.full.0[..16], streamed.0[..16], "the mark and its time");
        assert_eq!(
            (slots.full_type, slots.incremental, slots.differential),
            (0, SlotBytes::NONE, SlotBytes::NONE)
        );
        assert_eq!(slots.current, SlotBytes::NONE);
    }
    assert_eq!(bed.slots(0).copy, copied, "the copy is still known");
}

pub(super) fn t48(form: Form) {
    let mut bed = Bed::new(form);
    let before = bed.archives();
    let set = bed.full(false, NORMAL);
    let slots = bed.slots(0);
    assert_eq!((slots.full, slots.copy.generations()), (SlotBytes::NONE, (set.low, set.high)));
    assert!(before.iter().all(|log| bed.archives().contains(log)));
}

pub(super) fn t49(form: Form) {
    let mut bed = Bed::new(form);
    let before = bed.archives();
    let set = bed.full(false, NORMAL | JET_bitBackupTruncateDone);
    let slots = bed.slots(0);
    assert_eq!((slots.full.generations(), slots.copy), ((set.low, set.high), SlotBytes::NONE));
    assert!(before.iter().all(|log| bed.archives().contains(log)));
}

pub(super) fn t50(form: Form) {
    let mut bed = Bed::new(form);
    let before = bed.archives();
    bed.full(true, NORMAL | JET_bitBackupNoDbHeaderUpdate);
    assert_eq!(bed.slots(0), Slots::NONE);
    assert!(bed.archives()[0] > before[0], "logs are deleted all the same");
}

pub(super) fn t51(form: Form) {
    let mut bed = Bed::new(form);
    let full = bed.full(true, NORMAL);
    bed.insert(0, 100);
    let kept = bed.archives();
    let differential = bed.logs_only(false);
    let slots = bed.slots(0);
    assert_eq!(slots.differential.generations(), (differential.low, differential.high));
    assert_eq!(slots.differential.mark(), (differential.high as i32 + 1, 1, 0), "its PrepareLogs record");
    assert_eq!(slots.incremental, SlotBytes::NONE);
    assert_eq!(differential.low, kept[0], "all logs that are there");
    assert!(differential.high > full.high);
    bed.insert(0, 100);
    let incremental = bed.logs_only(true);
    let slots = bed.slots(0);
    assert_eq!(slots.incremental.generations(), (incremental.low, incremental.high));
    assert!(bed.archives()[0] >= kept[0]);
    bed.full(true, NORMAL);
    let slots = bed.slots(0);
    assert_eq!((slots.incremental, slots.differential), (SlotBytes::NONE, SlotBytes::NONE));
}

pub(super) fn t52(form: Form) {
    let mut bed = Bed::in_full(form);
    let refused = JET_errBackupInProgress;
    let other = bed.path("other.edb");
    assert_eq!(attach(bed.session, &other, 0), JET_errFileNotFound, "the path comes first");
    std::fs::copy(&bed.databases[0], &other).unwrap();
    assert_eq!(attach(bed.session, &other, 0), refused);
    assert_eq!(detach(bed.session, &bed.databases[0].clone(), 0), refused);
    assert_eq!(bed.term(JET_bitTermComplete), refused);
    assert_eq!(bed.term(0), refused);
    bed.stream(&bed.databases[0], 16);
    assert_eq!(bed.end(ABORT), 0);
    assert_eq!(bed.begin(0), 0, "a refused end changes nothing");
    assert_eq!(bed.end(ABORT), 0);
    assert_eq!(bed.term(JET_bitTermComplete), 0);
}

pub(super) fn t53(form: Form) {
    let mut bed = Bed::new(form);
    let refused = JET_errSurrogateBackupInProgress;
    // SAFETY: any number may be passed.
    unsafe {
        assert_eq!(JetBeginSurrogateBackup(bed.instance, 2, 1, 0), JET_errInvalidParameter);
        assert_eq!(JetBeginSurrogateBackup(bed.instance, 1, 0x7000, 0), JET_errInvalidParameter);
        assert_eq!(JetBeginSurrogateBackup(bed.instance, 1, 1, 0), 0);
    }
    assert_eq!(bed.begin(0), refused);
    let other = bed.path("other.edb");
    std::fs::copy(&bed.databases[0], &other).unwrap();
    assert_eq!(attach(bed.session, &other, 0), refused);
    assert_eq!(detach(bed.session, &bed.databases[0].clone(), 0), refused);
    assert_eq!(bed.term(JET_bitTermComplete), refused);
    assert_eq!(bed.end(NORMAL), refused, "of another kind");
    let none = JET_errNoBackup;
    assert_eq!((bed.attach_info(None).0, bed.open(&other).code, bed.close(0)), (none, none, none));
    assert_eq!((bed.log_info().0, bed.truncate_info().0, bed.truncate()), (none, none, none));
    // SAFETY: any number may be passed.
    unsafe {
        assert_eq!(JetEndSurrogateBackup(bed.instance, ABORT), 0);
        assert_eq!(bed.begin(0), 0);
        assert_eq!(JetEndSurrogateBackup(bed.instance, NORMAL), JET_errBackupInProgress);
    }
    assert_eq!(bed.end(ABORT), 0);
    assert_eq!(bed.slots(0), Slots::NONE);
}

pub(super) fn t54(form: Form) {
    let mut bed = Bed::in_full(form);
    bed.stream(&bed.databases[0], 16);
    assert_eq!(begin(bed.session), 0);
    assert_eq!(bed.term(JET_bitTermStopBackup), JET_errTooManyActiveUsers);
    assert_eq!(crate::harness::rollback(bed.session, 0), 0);
    assert_eq!(bed.attach_info(None).0, 0, "a refused end changes nothing");
    assert_eq!(bed.term(JET_bitTermStopBackup), 0);
    assert_eq!(bed.slots(0), Slots::NONE);
}

pub(super) fn t55(form: Form) {
    let mut bed = Bed::in_full(form);
    // SAFETY: any number may be passed.
    unsafe { assert_eq!(JetStopServiceInstance(bed.instance), 0) };
    let stopped = JET_errClientRequestToStopJetService;
    assert_eq!((bed.end(ABORT), bed.attach_info(None).0, bed.close(0)), (stopped, stopped, stopped));
    assert_eq!(bed.stop(), 0);
    assert_eq!(bed.term(JET_bitTermAbrupt), 0);
    assert_eq!(bed.slots(0), Slots::NONE);
}

pub(super) fn t56(form: Form) {
    let mut bed = Bed::new(form);
    bed.full(true, NORMAL);
    bed.insert(0, 150);
    let saved = bed.slots(0).full.generations().1;
    for generation in bed.archives().into_iter().filter(|generation| *generation <= saved + 1) {
        std::fs::remove_file(bed.path(&format!("edb{generation:05X}.log"))).unwrap();
    }
    assert_eq!(bed.begin(INCREMENTAL), 0);
    assert_eq!(bed.log_info().0, JET_errMissingFileToBackup);
    assert_eq!(bed.end(ABORT), 0);
}
