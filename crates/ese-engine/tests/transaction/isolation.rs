//! Who sees what (spec 09 §5.3) and who is in whose way (§5.5).

use ese_engine::btree::{LockKind, Versioning};
use ese_engine::transaction::{BeginKind, RollbackScope, Session};
use ese_format::error::JetError;

use crate::stage::{Stage, code, commit};

/// An i32 as the data of a node.
const ZERO: &str = "\0\0\0\0rest";

// ------------------------------------------------------------------------------------------------ what is seen

#[test]
fn an_older_transaction_does_not_see_an_insert() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let (mut writer, mut reader) = (stage.begun(), stage.begun());
    stage.insert(&mut writer, "6", "sixty").unwrap();
    assert_eq!(stage.text(&reader, "6"), None);
    assert_eq!(stage.keys(&reader), ["1"]);
    commit(&mut writer);
    assert_eq!((stage.text(&reader, "6"), stage.keys(&reader)), (None, vec!["1".to_owned()]));
    commit(&mut reader);
    assert_eq!(stage.text(&reader, "6").as_deref(), Some("sixty"));
    reader.begin(BeginKind::ReadWrite).unwrap();
    assert_eq!(stage.keys(&reader), ["1", "6"]);
}

#[test]
fn an_older_transaction_sees_what_was_replaced() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let (mut writer, reader, outside) = (stage.begun(), stage.begun(), stage.session());
    stage.replace(&mut writer, "1", "eleven, and longer").unwrap();
    let seen = |session: &Session| stage.text(session, "1").unwrap();
    assert_eq!((seen(&reader), seen(&outside)), ("ten".to_owned(), "ten".to_owned()));
    assert_eq!(seen(&writer), "eleven, and longer");
    commit(&mut writer);
    assert_eq!(seen(&reader), "ten");
    assert_eq!(seen(&outside), "eleven, and longer");
}

#[test]
fn an_older_transaction_sees_what_was_deleted() {
    let stage = Stage::new();
    stage.given(&[("1", "ten"), ("2", "twenty")]);
    let (mut writer, mut reader) = (stage.begun(), stage.begun());
    stage.delete(&mut writer, "1").unwrap();
    assert_eq!(stage.text(&writer, "1"), None, "one's own deletion is seen at once");
    assert_eq!(stage.text(&reader, "1").as_deref(), Some("ten"));
    commit(&mut writer);
    assert_eq!(stage.keys(&reader), ["1", "2"]);
    commit(&mut reader);
    assert_eq!(stage.keys(&reader), ["2"], "outside of a transaction the newest is seen");
}

#[test]
fn own_changes_are_seen_at_all_levels_and_by_all_cursors() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let mut session = stage.begun();
    stage.replace(&mut session, "1", "eleven").unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.insert(&mut session, "2", "twenty").unwrap();
    let all = |session: &Session| stage.scan(session, &stage.records);
    let expected = [("1", "eleven"), ("2", "twenty")].map(|(key, data)| (key.into(), data.into()));
    assert_eq!(all(&session), expected);
    assert_eq!(all(&session), expected);
}

#[test]
fn the_snapshot_is_taken_at_begin_and_nested_begins_take_none() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let mut reader = stage.begun();
    let mut writer = stage.begun();
    stage.replace(&mut writer, "1", "eleven").unwrap();
    commit(&mut writer);
    reader.begin(BeginKind::ReadWrite).unwrap();
    assert_eq!(stage.text(&reader, "1").as_deref(), Some("ten"));
    reader.rollback_scope(RollbackScope::All).unwrap();
    reader.begin(BeginKind::ReadOnly).unwrap();
    assert_eq!(stage.text(&reader, "1").as_deref(), Some("eleven"));
}

#[test]
fn a_chain_of_versions_shows_each_reader_its_own() {
    let stage = Stage::new();
    stage.given(&[("1", "a")]);
    let mut readers = vec![(stage.begun(), Some("a"))];
    let mut writer = stage.session();
    let states: [(&str, Option<&str>); 5] = [
        ("replace", Some("bb")),
        ("delete", None),
        ("insert", Some("c")),
        ("replace", Some("dddd")),
        ("delete", None),
    ];
    for (change, state) in states {
        writer.begin(BeginKind::ReadWrite).unwrap();
        match (change, state) {
            ("replace", Some(data)) => stage.replace(&mut writer, "1", data).unwrap(),
            ("insert", Some(data)) => stage.insert(&mut writer, "1", data).unwrap(),
            _ => stage.delete(&mut writer, "1").unwrap(),
        }
        commit(&mut writer);
        readers.push((stage.begun(), state));
    }
    for (reader, state) in &readers {
        assert_eq!(stage.text(reader, "1").as_deref(), *state);
    }
}

#[test]
fn deltas_show_what_was_committed_before_the_begin_and_ones_own() {
    let stage = Stage::new();
    stage.given(&[("1", ZERO)]);
    let (mut first, mut second, third) = (stage.begun(), stage.begun(), stage.begun());
    assert_eq!(stage.add(&mut first, "1", 3).unwrap(), 0);
    assert_eq!(stage.add(&mut second, "1", 4).unwrap(), 3, "the number on the page, with others' deltas");
    assert_eq!(stage.add(&mut first, "1", 10).unwrap(), 7);
    let numbers = |session: &Session| stage.number(session, "1").unwrap();
    assert_eq!((numbers(&first), numbers(&second), numbers(&third)), (13, 4, 0));
    commit(&mut first);
    assert_eq!((numbers(&second), numbers(&third), numbers(&stage.session())), (4, 0, 13));
    commit(&mut second);
    assert_eq!((numbers(&third), numbers(&stage.session())), (0, 17));
}

#[test]
fn a_rolled_back_delta_leaves_those_of_others() {
    let stage = Stage::new();
    stage.given(&[("1", ZERO)]);
    let (mut first, mut second) = (stage.begun(), stage.begun());
    stage.add(&mut first, "1", 3).unwrap();
    stage.add(&mut second, "1", 4).unwrap();
    first.rollback().unwrap();
    assert_eq!(stage.number(&second, "1"), Some(4));
    commit(&mut second);
    assert_eq!(stage.number(&stage.session(), "1"), Some(4));
}

#[test]
fn unversioned_changes_are_seen_by_everybody_at_once() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let (mut writer, reader) = (stage.begun(), stage.begun());
    stage.records.replace(&mut writer, b"1", b"now", Versioning::Unversioned).unwrap();
    assert_eq!(stage.text(&reader, "1").as_deref(), Some("now"));
    writer.rollback().unwrap();
    assert_eq!(stage.text(&reader, "1").as_deref(), Some("now"));
}

#[test]
fn entries_with_equal_keys_are_seen_one_by_one() {
    let stage = Stage::new();
    let mut session = stage.begun();
    for data in ["a", "b"] {
        stage.index.insert(&mut session, b"key", data.as_bytes(), Versioning::Versioned).unwrap();
    }
    commit(&mut session);
    let (mut writer, reader) = (stage.begun(), stage.begun());
    stage.index.flag_delete(&mut writer, b"key", b"a", Versioning::Versioned).unwrap();
    stage.index.insert(&mut writer, b"key", b"c", Versioning::Versioned).unwrap();
    let data = |session: &Session| -> Vec<Vec<u8>> {
        stage.scan(session, &stage.index).into_iter().map(|(_, data)| data).collect()
    };
    assert_eq!(data(&writer), [b"b", b"c"]);
    assert_eq!(data(&reader), [b"a", b"b"]);
    commit(&mut writer);
    assert_eq!(data(&reader), [b"a", b"b"]);
    assert_eq!(data(&stage.session()), [b"b", b"c"]);
}

#[test]
fn a_rollback_brings_everything_back() {
    let stage = Stage::new();
    stage.given(&[("1", "ten"), ("2", "twenty"), ("3", ZERO)]);
    let before = stage.scan(&stage.session(), &stage.records);
    let mut session = stage.begun();
    stage.replace(&mut session, "1", "a much longer value than there was").unwrap();
    stage.replace(&mut session, "1", "x").unwrap();
    stage.delete(&mut session, "2").unwrap();
    stage.insert(&mut session, "2", "again").unwrap();
    stage.add(&mut session, "3", 99).unwrap();
    stage.insert(&mut session, "4", "forty").unwrap();
    stage.delete(&mut session, "4").unwrap();
    session.rollback().unwrap();
    assert_eq!(stage.scan(&session, &stage.records), before);
    assert_eq!(session.level(), 0);
}

// ------------------------------------------------------------------------------------------------ who is in whose way

/// What another session did before, with an older snapshot at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theirs {
    Replace,
    Delete,
    Delta,
    ReadLock,
    WriteLock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mine {
    Replace,
    Delete,
    Delta,
    ReadLock,
    WriteLock,
    Insert,
}

const THEIRS: [Theirs; 5] =
    [Theirs::Replace, Theirs::Delete, Theirs::Delta, Theirs::ReadLock, Theirs::WriteLock];
const MINE: [Mine; 6] =
    [Mine::Replace, Mine::Delete, Mine::Delta, Mine::ReadLock, Mine::WriteLock, Mine::Insert];

/// Spec 09 §5.5: what I get when theirs is active against me.
fn expected(mine: Mine, theirs: Theirs) -> Option<JetError> {
    match (mine, theirs) {
        (Mine::Insert, _) => Some(JetError::KEY_DUPLICATE),
        (Mine::ReadLock, Theirs::ReadLock) | (Mine::Delta, Theirs::Delta) => None,
        _ => Some(JetError::WRITE_CONFLICT),
    }
}

fn act(stage: &Stage, session: &mut Session, mine: Mine) -> Option<JetError> {
    let outcome = match mine {
        Mine::Replace => stage.replace(session, "1", "mine"),
        Mine::Delete => stage.delete(session, "1"),
        Mine::Delta => stage.add(session, "1", 1).map(|_| ()),
        Mine::ReadLock => stage.lock(session, "1", LockKind::Read),
        Mine::WriteLock => stage.lock(session, "1", LockKind::Write),
        Mine::Insert => stage.insert(session, "1", "mine"),
    };
    outcome.err().map(|error| error.jet())
}

fn do_theirs(stage: &Stage, session: &mut Session, theirs: Theirs) {
    let outcome = match theirs {
        Theirs::Replace => stage.replace(session, "1", "theirs"),
        Theirs::Delete => stage.delete(session, "1"),
        Theirs::Delta => stage.add(session, "1", 1).map(|_| ()),
        Theirs::ReadLock => stage.lock(session, "1", LockKind::Read),
        Theirs::WriteLock => stage.lock(session, "1", LockKind::Write),
    };
    outcome.unwrap();
}

#[test]
fn a_node_is_active_against_me_while_uncommitted_and_until_i_begin_anew() {
    for theirs in THEIRS {
        for mine in MINE {
            let stage = Stage::new();
            stage.given(&[("1", ZERO)]);
            let (mut other, mut me) = (stage.begun(), stage.begun());
            do_theirs(&stage, &mut other, theirs);
            let uncommitted = act(&stage, &mut me, mine);
            assert_eq!(uncommitted, expected(mine, theirs), "{mine:?} on an uncommitted {theirs:?}");
            me.rollback().unwrap();
            me.begin(BeginKind::ReadWrite).unwrap();
            commit(&mut other);
            let too_new = act(&stage, &mut me, mine);
            assert_eq!(too_new, expected(mine, theirs), "{mine:?} on a {theirs:?} committed after my begin");
            me.rollback().unwrap();
            me.begin(BeginKind::ReadWrite).unwrap();
            let anew = act(&stage, &mut me, mine);
            let after = match (mine, theirs) {
                (Mine::Insert, Theirs::Delete) => None,
                (Mine::Insert, _) => Some(JetError::KEY_DUPLICATE),
                (_, Theirs::Delete) => Some(JetError::RECORD_DELETED),
                _ => None,
            };
            assert_eq!(anew, after, "{mine:?} in a transaction begun after the commit of {theirs:?}");
        }
    }
}

#[test]
fn what_was_rolled_back_is_in_nobodys_way() {
    for theirs in THEIRS {
        for mine in MINE {
            let stage = Stage::new();
            stage.given(&[("1", ZERO)]);
            let (mut other, mut me) = (stage.begun(), stage.begun());
            do_theirs(&stage, &mut other, theirs);
            other.rollback().unwrap();
            let expected = (mine == Mine::Insert).then_some(JetError::KEY_DUPLICATE);
            assert_eq!(act(&stage, &mut me, mine), expected, "{mine:?} on a rolled back {theirs:?}");
        }
    }
}

#[test]
fn my_own_changes_are_not_in_my_way() {
    for theirs in THEIRS {
        for mine in MINE {
            let stage = Stage::new();
            stage.given(&[("1", ZERO)]);
            let mut me = stage.begun();
            do_theirs(&stage, &mut me, theirs);
            me.begin(BeginKind::ReadWrite).unwrap();
            let expected = match (mine, theirs) {
                (Mine::Insert, Theirs::Delete) => None,
                (Mine::Insert, _) => Some(JetError::KEY_DUPLICATE),
                (_, Theirs::Delete) => Some(JetError::RECORD_DELETED),
                _ => None,
            };
            assert_eq!(act(&stage, &mut me, mine), expected, "{mine:?} after my own {theirs:?}");
        }
    }
}

#[test]
fn a_shared_lock_or_delta_cannot_be_raised_while_another_has_one() {
    for (shared, mine) in [
        (Theirs::ReadLock, Mine::Replace),
        (Theirs::Delta, Mine::Delete),
        (Theirs::ReadLock, Mine::WriteLock),
    ] {
        let stage = Stage::new();
        stage.given(&[("1", ZERO)]);
        let (mut other, mut me) = (stage.begun(), stage.begun());
        do_theirs(&stage, &mut other, shared);
        do_theirs(&stage, &mut me, shared);
        assert_eq!(
            act(&stage, &mut me, mine),
            Some(JetError::WRITE_CONFLICT),
            "{mine:?} after a shared {shared:?}"
        );
        commit(&mut other);
        assert_eq!(
            act(&stage, &mut me, mine),
            Some(JetError::WRITE_CONFLICT),
            "also after the other committed"
        );
        me.rollback().unwrap();
        me.begin(BeginKind::ReadWrite).unwrap();
        assert_eq!(act(&stage, &mut me, mine), None, "not in a new transaction");
    }
}

#[test]
fn unique_keys_are_checked_against_all_data() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let (mut first, mut second) = (stage.begun(), stage.begun());
    stage.insert(&mut first, "6", "sixty").unwrap();
    assert_eq!(
        code(stage.insert(&mut second, "6", "mine")),
        JetError::KEY_DUPLICATE,
        "an uncommitted insert"
    );
    first.rollback().unwrap();
    stage.insert(&mut second, "6", "mine").unwrap();
    assert_eq!(stage.text(&second, "6").as_deref(), Some("mine"));
    commit(&mut second);
    let mut third = stage.begun();
    stage.delete(&mut third, "1").unwrap();
    stage.insert(&mut third, "1", "eleven").unwrap();
    assert_eq!(stage.text(&third, "1").as_deref(), Some("eleven"), "deleted and inserted by one transaction");
}

#[test]
fn two_transactions_change_neighbours() {
    let stage = Stage::new();
    stage.given(&[("1", "ten"), ("2", "twenty")]);
    let (mut first, mut second) = (stage.begun(), stage.begun());
    stage.replace(&mut first, "1", "one").unwrap();
    stage.replace(&mut second, "2", "two").unwrap();
    commit(&mut first);
    commit(&mut second);
    let all = stage.scan(&stage.session(), &stage.records);
    assert_eq!(all, [("1", "one"), ("2", "two")].map(|(key, data)| (key.into(), data.into())));
}

#[test]
fn a_lock_set_at_a_level_that_was_rolled_back_is_gone() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let (mut first, mut second) = (stage.begun(), stage.begun());
    first.begin(BeginKind::ReadWrite).unwrap();
    stage.lock(&mut first, "1", LockKind::Write).unwrap();
    assert_eq!(code(stage.replace(&mut second, "1", "mine")), JetError::WRITE_CONFLICT);
    first.rollback().unwrap();
    stage.replace(&mut second, "1", "mine").unwrap();
}

#[test]
fn transactions_that_only_read_may_read_lock_and_nothing_else() {
    let stage = Stage::new();
    stage.given(&[("1", ZERO)]);
    let mut reader = stage.session();
    reader.begin(BeginKind::ReadOnly).unwrap();
    for mine in MINE {
        let expected = (mine != Mine::ReadLock).then_some(JetError::TRANS_READ_ONLY);
        let expected = if mine == Mine::Insert { Some(JetError::KEY_DUPLICATE) } else { expected };
        assert_eq!(act(&stage, &mut reader, mine), expected, "{mine:?}");
    }
    assert_eq!(code(stage.insert(&mut reader, "2", "new")), JetError::TRANS_READ_ONLY);
    reader.rollback().unwrap();
    let mut writer = stage.begun();
    writer.begin(BeginKind::ReadOnly).unwrap();
    stage.insert(&mut writer, "2", "the flag counts at level 0 only").unwrap();
}

#[test]
fn outside_of_a_transaction_nothing_is_written() {
    let stage = Stage::new();
    assert_eq!(code(stage.insert(&mut stage.session(), "1", "ten")), JetError::NOT_IN_TRANSACTION);
    assert_eq!(stage.keys(&stage.session()), Vec::<String>::new());
}
