//! The limits of the version store (spec 09 §5.4).

use ese_engine::transaction::{BeginKind, CommitOptions, VersionLimits};
use ese_format::error::JetError;

use crate::stage::{Plan, Stage, code, commit};

fn stage(store_bytes: usize, transaction_percent: u32) -> Stage {
    let limits =
        VersionLimits { store_bytes, preferred_bytes: store_bytes, transaction_percent, sessions: 16 };
    Stage::with(Plan { limits, ..Plan::default() })
}

#[test]
fn a_full_store_refuses_changes_and_the_transaction_can_be_rolled_back() {
    let stage = stage(64 << 10, 100);
    let old = stage.begun();
    let mut session = stage.begun();
    let mut done = 0;
    let refused = loop {
        match stage.insert(&mut session, &format!("{done:06}"), "data") {
            Ok(()) => done += 1,
            Err(error) => break error.jet(),
        }
    };
    assert_eq!(refused, JetError::VERSION_STORE_OUT_OF_MEMORY);
    assert!((100..1000).contains(&done), "{done} changes fit into 64 KB");
    assert!(stage.transactions.store_use().bytes <= 64 << 10);
    assert!(stage.transactions.store_use().is_nearly_full);
    assert_eq!(stage.keys(&session).len(), done);
    session.rollback().unwrap();
    drop(old);
    assert_eq!(stage.keys(&session).len(), 0);
    assert_eq!(stage.transactions.store_use().bytes, 0);
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.insert(&mut session, "again", "data").unwrap();
}

#[test]
fn what_nobody_needs_makes_room_before_a_change_is_refused() {
    let stage = stage(64 << 10, 100);
    let mut session = stage.session();
    stage.given(&[("1", "ten")]);
    for round in 0..2000 {
        session.begin(BeginKind::ReadWrite).unwrap();
        stage.replace(&mut session, "1", &format!("round {round}")).unwrap();
        session.commit(CommitOptions::LAZY).unwrap();
    }
    assert_eq!(stage.text(&session, "1").as_deref(), Some("round 1999"));
}

#[test]
fn an_old_reader_keeps_the_store_full_until_it_ends() {
    let stage = stage(64 << 10, 100);
    stage.given(&[("1", "ten")]);
    let mut reader = stage.session();
    reader.begin(BeginKind::ReadOnly).unwrap();
    let mut session = stage.session();
    let mut rounds = 0;
    let refused = loop {
        session.begin(BeginKind::ReadWrite).unwrap();
        if let Err(error) = stage.replace(&mut session, "1", "other") {
            break error.jet();
        }
        rounds += 1;
        commit(&mut session);
    };
    assert_eq!((refused, rounds > 100), (JetError::VERSION_STORE_OUT_OF_MEMORY, true));
    assert_eq!(stage.text(&reader, "1").as_deref(), Some("ten"));
    assert_eq!(code(reader.check_read()), JetError::VERSION_STORE_OUT_OF_MEMORY, "the oldest only reads");
    assert!(session.check_read().is_ok());
    reader.rollback().unwrap();
    session.rollback().unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.replace(&mut session, "1", "other").unwrap();
    reader.begin(BeginKind::ReadOnly).unwrap();
    assert!(reader.check_read().is_ok());
}

#[test]
fn the_oldest_transaction_may_use_only_its_share() {
    let stage = stage(64 << 10, 50);
    let mut oldest = stage.begun();
    let mut done = 0;
    let refused = loop {
        match stage.insert(&mut oldest, &format!("{done:06}"), "data") {
            Ok(()) => done += 1,
            Err(error) => break error.jet(),
        }
    };
    assert_eq!(refused, JetError::VERSION_STORE_OUT_OF_MEMORY);
    assert!(stage.transactions.store_use().bytes <= 32 << 10);
    stage.transactions.set_transaction_percent(100);
    stage.insert(&mut oldest, "more", "data").unwrap();
}
