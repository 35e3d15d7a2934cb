//! Indexes come and go, and columns with them, while other threads change the records.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ese_corpus::report;
use ese_engine::catalog::{NewIndex, NewTable};
use ese_engine::table::MoveGrbit;
use ese_engine::transaction::{BeginKind, CommitOptions};
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::stage::{Stage, jet, long};

const WRITERS: usize = 3;
const TIME: Duration = Duration::from_secs(3);

/// What another thread may be the reason for.
fn is_conflict(error: JetError) -> bool {
    let conflicts = [
        JetError::WRITE_CONFLICT,
        JetError::KEY_DUPLICATE,
        JetError::RECORD_DELETED,
        JetError::NO_CURRENT_RECORD,
        JetError::INDEX_IN_USE,
    ];
    conflicts.contains(&error)
}

#[test]
fn an_index_built_among_writers_has_every_entry() {
    let stage = Stage::new(PageSize::K4);
    let mut session = stage.session();
    let columns = [long("k"), long("v")];
    let primary = [NewIndex { name: b"pk", key: b"+k\0\0", grbit: 2, ..NewIndex::default() }];
    let new = NewTable { name: b"t", columns: &columns, indexes: &primary, ..NewTable::default() };
    drop(stage.create(&mut session, &new).expect("a new table"));
    let (stop, writes) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut built, mut refused) = (0u64, 0u64);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (stage, stop, writes) = (&stage, &stop, &writes);
            scope.spawn(move || {
                let mut session = stage.session();
                let mut opened = stage.open(&mut session, "t", 0).expect("the table is there");
                let k = opened.column(&session, "k").expect("a column");
                let v = opened.column(&session, "v").expect("a column");
                let mut seed = writer as u64 + 1;
                while !stop.load(Ordering::Relaxed) {
                    seed =
                        seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let key = ((seed >> 33) % 2000) as i32;
                    session.begin(BeginKind::ReadWrite).expect("level 1");
                    let value = (seed >> 40) as i32;
                    let values = [(k, &key.to_le_bytes()[..]), (v, &value.to_le_bytes()[..])];
                    let changed = if seed >> 20 & 3 == 0 {
                        let found = opened.cursor.move_first(&mut session);
                        let by = (seed >> 50) as i32 % 20;
                        found
                            .and_then(|()| opened.cursor.move_by(&mut session, by, MoveGrbit::empty()))
                            .and_then(|()| opened.cursor.delete(&mut session))
                    } else {
                        opened.insert(&mut session, &values)
                    };
                    if let Some(error) = jet(changed) {
                        assert!(is_conflict(error), "writer {writer}: {error}");
                    }
                    if seed >> 25 & 7 == 0 {
                        session.rollback().expect("a rollback");
                        let _ = opened.cursor.after_rollback(&mut session, 0);
                    } else {
                        session.commit(CommitOptions::LAZY).expect("a commit");
                        writes.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let began = Instant::now();
        let mut opened = stage.open(&mut session, "t", 0).expect("the table is there");
        while began.elapsed() < TIME {
            let keys: [&[u8]; 2] = [b"+v\0\0", b"-v\0+k\0\0"];
            for (place, key) in keys.into_iter().enumerate() {
                let name = format!("i{place}");
                let new = NewIndex { name: name.as_bytes(), key, ..NewIndex::default() };
                let created = opened.create_index(&stage, &mut session, &new);
                match jet(created) {
                    None => built += 1,
                    Some(JetError::INDEX_DUPLICATE) => {}
                    Some(error) => {
                        assert!(is_conflict(error), "creating an index: {error}");
                        refused += 1;
                    }
                }
            }
            if began.elapsed() + TIME / 10 < TIME {
                for name in [&b"i0"[..], b"i1"] {
                    let deleted = jet(stage.catalog.delete_index(&mut session, &opened.hold, name));
                    let fine = matches!(deleted, None | Some(JetError::INDEX_NOT_FOUND));
                    assert!(fine, "deleting an index: {deleted:?}");
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(built > 0, "no index was ever built");
    drop(session);
    let database = stage.check();
    let schema = database.catalog().table_named(b"t").expect("the table is there");
    assert_eq!(schema.indexes().len(), 3, "the last indexes stay and were verified");
    report!(
        "threads: {} transactions of {WRITERS} writers, {built} indexes built, {refused} refused",
        writes.into_inner()
    );
}
