//! Transactions that redo found unfinished.

use ese_engine::apply::DeltaWidth;
use ese_engine::btree::Versioning;
use ese_engine::redo::{ImageLogged, RedoChange, RedoVersion};
use ese_engine::transaction::{BeginKind, RecoveredTransaction, RollbackScope};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::Record;

use crate::stage::{Stage, code};

const START: RecoveredTransaction =
    RecoveredTransaction { procid: 7, trx_begin0: 0x100, level: 2, start: Lgpos::NULL };

fn version(rceid: u32, level: u8, key: &str, change: RedoChange, image: ImageLogged) -> RedoVersion {
    RedoVersion {
        dbid: 1,
        fdp: 4,
        objid: 9,
        key: key.into(),
        data: None,
        rceid,
        level,
        change,
        image,
        held_page: None,
    }
}

#[test]
fn an_unfinished_transaction_is_rolled_back_with_logging() {
    let stage = Stage::new();
    stage.given(&[("1", "ten"), ("2", "twenty"), ("3", "\x05\0\0\0")]);
    // The pages as redo leaves them: with the changes of the transaction.
    let mut redo = stage.begun();
    let records = &stage.records;
    records.replace(&mut redo, b"1", b"eleven", Versioning::Unversioned).unwrap();
    records.flag_delete(&mut redo, b"2", &[], Versioning::Unversioned).unwrap();
    records.delta(&mut redo, b"3", 0, DeltaWidth::Four, 6, Versioning::Unversioned).unwrap();
    records.insert(&mut redo, b"4", b"forty", Versioning::Unversioned).unwrap();
    drop(redo);
    let before = stage.logged().len();
    let replace = RedoChange::Replace { before: b"ten".to_vec() };
    let delta = RedoChange::Delta { offset: 0, width: DeltaWidth::Four, delta: 6 };
    let versions = [
        version(0x501, 1, "1", replace, ImageLogged::No),
        version(0x503, 1, "2", RedoChange::FlagDelete, ImageLogged::Yes),
        version(0x505, 2, "3", delta, ImageLogged::Yes),
        version(0x507, 2, "4", RedoChange::Insert, ImageLogged::Yes),
    ];
    let start = RecoveredTransaction { start: stage.log.tip(), ..START };
    let versions = versions.into_iter().map(|version| (stage.records.clone(), version));
    let mut session = stage.transactions.recover(start, versions).unwrap();
    assert_eq!((session.procid(), session.level(), session.begin0()), (7, 2, Some(0x100)));
    assert_eq!(stage.transactions.checkpoint_bound(), Some(start.start));
    let shown =
        |session: &_| (stage.text(session, "1"), stage.text(session, "2"), stage.number(session, "3"));
    let committed = (Some("ten".to_owned()), Some("twenty".to_owned()), Some(5));
    assert_eq!(shown(&stage.session()), committed);
    session.rollback_scope(RollbackScope::All).unwrap();
    assert_eq!(shown(&stage.session()), committed);
    assert_eq!(stage.text(&stage.session(), "4"), None);
    let undone = stage.records_logged(|record| match record {
        Record::Undo(undo) => {
            let page = &undo.node.page;
            format!(
                "undo {:#x} of {} at {} for {} {:#x}",
                undo.node.rceid, undo.version_level, page.level, page.procid, page.trx_begin0
            )
        }
        other => other.record_type().name().to_owned(),
    });
    let expected = [
        "undo 0x507 of 2 at 2 for 7 0x100",
        "undo 0x505 of 2 at 2 for 7 0x100",
        "Rollback",
        "undo 0x503 of 1 at 1 for 7 0x100",
        "UndoInfo",
        "undo 0x501 of 1 at 1 for 7 0x100",
        "Rollback",
    ];
    assert_eq!(undone.get(before..before + expected.len()).unwrap(), expected);
}

#[test]
fn numbers_go_on_behind_those_of_the_log() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let insert = version(0x8001, 1, "1", RedoChange::Insert, ImageLogged::Yes);
    let session = stage.transactions.recover(START, [(stage.records.clone(), insert)]).unwrap();
    let mut next = stage.begun();
    assert!(next.begin0() > Some(0x100));
    stage.insert(&mut next, "2", "twenty").unwrap();
    drop(session);
    next.rollback().unwrap();
    let rceids = stage.records_logged(|record| match record {
        Record::Insert(insert) => insert.node.rceid,
        _ => 0,
    });
    assert!(rceids.contains(&0x8003), "{rceids:x?}");
}

#[test]
fn lying_logs_are_refused() {
    let stage = Stage::new();
    let recover = |start| stage.transactions.recover(start, []);
    let _seven = recover(START).unwrap();
    for bad in [
        START,
        RecoveredTransaction { procid: 8, level: 0, ..START },
        RecoveredTransaction { procid: 8, level: 11, ..START },
        RecoveredTransaction { procid: 0xFFFF, ..START },
    ] {
        assert_eq!(code(recover(bad)), JetError::LOG_FILE_CORRUPT, "{bad:?}");
    }
    let mut others: Vec<_> = (0..8).map(|_| stage.session()).collect();
    assert!(others.iter().all(|session| session.procid() != 7));
    others[0].begin(BeginKind::ReadWrite).unwrap();
}
