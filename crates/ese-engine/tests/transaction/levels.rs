//! Levels, what they log, and what commits and rollbacks answer (spec 09 §5.1; spec 06 §3.3, §3.5).

use std::sync::Arc;
use std::thread;

use ese_engine::error::Result;
use ese_engine::io::Background;
use ese_engine::transaction::{
    AlterationHook, BeginKind, CommitOptions, Durability, LEVEL_MAX, LEVEL_MAX_INTERNAL, RollbackScope,
    Session, VersionLimits,
};
use ese_format::error::JetError;
use ese_format::log::record::Record;
use parking_lot::Mutex;

use crate::stage::{Plan, Stage, code, commit};

fn options(grbit: u32) -> CommitOptions {
    CommitOptions::parse(grbit, 0, 0).unwrap()
}

#[test]
fn applications_get_seven_levels_and_the_engine_three_more() {
    let stage = Stage::new();
    let mut session = stage.session();
    for _ in 0..LEVEL_MAX {
        session.begin(BeginKind::ReadWrite).unwrap();
    }
    assert_eq!(code(session.begin(BeginKind::ReadWrite)), JetError::TRANS_TOO_DEEP);
    for _ in LEVEL_MAX..LEVEL_MAX_INTERNAL {
        session.begin(BeginKind::Internal).unwrap();
    }
    assert_eq!(code(session.begin(BeginKind::Internal)), JetError::TRANS_TOO_DEEP);
    session.rollback_scope(RollbackScope::All).unwrap();
    assert_eq!(session.level(), 0);
}

#[test]
fn at_level_0_there_is_nothing_to_end() {
    let stage = Stage::new();
    let mut session = stage.session();
    assert_eq!(code(session.commit(CommitOptions::DURABLE)), JetError::NOT_IN_TRANSACTION);
    assert_eq!(code(session.rollback()), JetError::NOT_IN_TRANSACTION);
}

#[test]
fn grbits_of_commit() {
    for bad in [0x4, 0x2 | 0x8, 0x1 | 0x2, 0x10 | 0x1, 0x40, 0x8000_0000] {
        assert_eq!(code(CommitOptions::parse(bad, 0, 0)), JetError::INVALID_GRBIT, "{bad:#x}");
    }
    assert_eq!(code(CommitOptions::parse(0, 0, 100)), JetError::INVALID_PARAMETER);
    let lazy = CommitOptions::parse(0, 1, 100).unwrap();
    assert_eq!(lazy.durability, Durability::Lazy { within_milliseconds: 100 });
    assert_eq!(CommitOptions::parse(0x20, 0, 0).unwrap(), CommitOptions::DURABLE);
}

#[test]
fn waiting_and_rolling_work_at_any_level_and_commit_nothing() {
    let stage = Stage::new();
    let mut session = stage.session();
    for grbit in [0x2, 0x8, 0x10] {
        assert_eq!(session.commit(options(grbit)).unwrap(), None);
    }
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.insert(&mut session, "1", "ten").unwrap();
    let generation = stage.log.generation();
    for grbit in [0x2, 0x8, 0x10] {
        assert_eq!(session.commit(options(grbit)).unwrap(), None);
        assert_eq!(session.level(), 1);
    }
    assert_eq!(stage.log.generation(), generation + 1);
    session.rollback().unwrap();
    assert_eq!(stage.keys(&session), Vec::<String>::new());
}

#[test]
fn a_durable_commit_is_on_disk_and_a_lazy_one_may_wait() {
    let stage = Stage::new();
    let mut session = stage.begun();
    stage.insert(&mut session, "1", "ten").unwrap();
    let id = session.commit(CommitOptions::LAZY).unwrap().unwrap();
    assert!(stage.log.durable_tip() < id.position);
    assert_eq!(stage.text(&stage.session(), "1").as_deref(), Some("ten"), "it is seen before it is durable");
    session.commit(options(0x2)).unwrap();
    assert!(stage.log.durable_tip() >= id.position);
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.insert(&mut session, "2", "twenty").unwrap();
    let next = session.commit(CommitOptions::DURABLE).unwrap().unwrap();
    assert!(stage.log.durable_tip() >= next.position && next.position > id.position);
    session.set_commit_default(1);
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.insert(&mut session, "3", "thirty").unwrap();
    let lazy = session.commit(CommitOptions::DURABLE).unwrap().unwrap();
    assert!(stage.log.durable_tip() < lazy.position, "the session's default is lazy");
    stage.session().commit(options(0x8)).unwrap();
    assert!(stage.log.durable_tip() >= lazy.position, "waiting for all commits");
    assert_eq!(stage.transactions.durable_commit(), Some(lazy));
}

#[test]
fn a_lazy_commit_with_a_time_is_durable_in_time() {
    for background in [Background::Inline, Background::Threads] {
        let stage = Stage::with(Plan { background, ..Plan::default() });
        let mut session = stage.begun();
        stage.insert(&mut session, "1", "ten").unwrap();
        let options = CommitOptions::parse(1, 0, 50).unwrap();
        let id = session.commit(options).unwrap().unwrap();
        let begin = std::time::Instant::now();
        while stage.log.durable_tip() < id.position {
            assert!(begin.elapsed().as_secs() < 10, "{background:?}: not durable after ten seconds");
            thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

#[test]
fn nothing_is_logged_for_transactions_that_change_nothing() {
    let stage = Stage::new();
    let begin = stage.log.tip();
    let mut session = stage.begun();
    session.begin(BeginKind::ReadWrite).unwrap();
    assert_eq!(session.commit(CommitOptions::DURABLE).unwrap(), None);
    assert_eq!(session.commit(CommitOptions::DURABLE).unwrap(), None);
    session.begin(BeginKind::ReadOnly).unwrap();
    session.rollback().unwrap();
    assert_eq!(stage.log.tip(), begin);
}

#[test]
fn begins_are_logged_with_the_first_change_and_levels_that_changed_nothing_are_not() {
    let stage = Stage::new();
    let mut session = stage.begun();
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.insert(&mut session, "1", "ten").unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    session.commit(CommitOptions::DURABLE).unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.insert(&mut session, "2", "twenty").unwrap();
    session.rollback().unwrap();
    for _ in 0..3 {
        commit(&mut session);
    }
    let shown = stage.records_logged(|record| match record {
        Record::Begin0(begin) => format!("begin0 {}+{}", begin.levels.from(), begin.levels.count()),
        Record::Begin(begin) => format!("begin {}+{}", begin.levels.from(), begin.levels.count()),
        Record::Commit(commit) => format!("commit to {}", commit.level_to),
        Record::Rollback(rollback) => format!("rollback {}", rollback.level_count),
        Record::Insert(insert) => format!("insert at {}", insert.node.page.level),
        other => other.record_type().name().to_owned(),
    });
    let expected = [
        "begin0 0+2",
        "insert at 2",
        "begin 2+2",
        "insert at 4",
        "Undo",
        "rollback 1",
        "commit to 2",
        "commit to 1",
        "Commit0",
    ];
    // What follows is the cleanup of the undone insert.
    assert_eq!(shown.get(..expected.len()).unwrap(), expected);
}

#[test]
fn ids_of_commits_grow_along_the_log_and_begins_are_multiples_of_four() {
    let stage = Stage::new();
    let (mut first, mut second) = (stage.begun(), stage.begun());
    stage.insert(&mut second, "2", "twenty").unwrap();
    stage.insert(&mut first, "1", "ten").unwrap();
    commit(&mut second);
    commit(&mut first);
    let begins: Vec<u32> = begins_and_commits(&stage, |record| match record {
        Record::Begin0(begin) => Some(begin.trx_begin0),
        _ => None,
    });
    let commits = begins_and_commits(&stage, |record| match record {
        Record::Commit0(commit) => Some(commit.trx_commit0),
        _ => None,
    });
    assert_eq!((begins, commits), (vec![8, 4], vec![12, 16]));
    let mut reader = stage.session();
    reader.begin(BeginKind::ReadOnly).unwrap();
    assert_eq!(reader.begin0(), Some(18));
}

fn begins_and_commits(stage: &Stage, pick: impl Fn(&Record<'_>) -> Option<u32>) -> Vec<u32> {
    stage.records_logged(pick).into_iter().flatten().collect()
}

#[test]
fn a_rollback_takes_back_one_level_or_all() {
    let stage = Stage::new();
    let mut session = stage.begun();
    stage.insert(&mut session, "1", "level one").unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.replace(&mut session, "1", "level two").unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.replace(&mut session, "1", "level three").unwrap();
    commit(&mut session);
    assert_eq!(stage.text(&session, "1").as_deref(), Some("level three"));
    session.rollback().unwrap();
    assert_eq!((session.level(), stage.text(&session, "1").as_deref()), (1, Some("level one")));
    session.begin(BeginKind::ReadWrite).unwrap();
    session.rollback_scope(RollbackScope::All).unwrap();
    assert_eq!((session.level(), stage.text(&session, "1")), (0, None));
}

#[test]
fn every_undo_has_its_before_image_in_front_of_it() {
    let stage = Stage::new();
    stage.given(&[("1", "ten"), ("2", "twenty")]);
    let mut session = stage.begun();
    stage.replace(&mut session, "1", "eleven").unwrap();
    stage.delete(&mut session, "2").unwrap();
    stage.insert(&mut session, "3", "thirty").unwrap();
    session.rollback().unwrap();
    let names = stage.logged();
    let undo = names.iter().position(|name| name == "Undo").unwrap();
    let tail = names.get(undo..undo + 6).unwrap();
    assert_eq!(tail, ["Undo", "UndoInfo", "Undo", "UndoInfo", "Undo", "Rollback"]);
}

#[test]
fn the_checkpoint_stays_before_open_transactions() {
    let stage = Stage::new();
    assert_eq!(stage.transactions.checkpoint_bound(), None);
    let mut first = stage.begun();
    assert_eq!(stage.transactions.checkpoint_bound(), None, "nothing is logged yet");
    let tip = stage.log.tip();
    stage.insert(&mut first, "1", "ten").unwrap();
    assert_eq!(stage.transactions.checkpoint_bound(), Some(tip));
    assert_eq!(stage.file.oldest_begin0(), Some(tip));
    let mut second = stage.begun();
    stage.insert(&mut second, "2", "twenty").unwrap();
    commit(&mut first);
    assert!(stage.transactions.checkpoint_bound() > Some(tip));
    second.rollback().unwrap();
    assert_eq!(stage.transactions.checkpoint_bound(), None);
}

#[test]
fn session_numbers_are_used_again_and_limited() {
    let limits = VersionLimits { sessions: 2, ..VersionLimits::default() };
    let stage = Stage::with(Plan { limits, ..Plan::default() });
    let first = stage.session();
    let second = stage.session();
    assert_ne!(first.procid(), second.procid());
    assert_eq!(code(stage.transactions.begin_session()), JetError::OUT_OF_SESSIONS);
    let procid = first.procid();
    drop(first);
    let system = stage.transactions.begin_system_session().unwrap();
    assert_eq!(system.procid(), procid, "the engine's own do not count");
    assert!(stage.transactions.begin_session().is_ok());
}

#[test]
fn the_end_of_a_session_takes_its_work_back() {
    let stage = Stage::new();
    let mut session = stage.begun();
    stage.insert(&mut session, "1", "ten").unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.insert(&mut session, "2", "twenty").unwrap();
    session.end().unwrap();
    drop(session);
    let mut session = stage.begun();
    stage.insert(&mut session, "3", "thirty").unwrap();
    drop(session);
    assert_eq!(stage.keys(&stage.session()), Vec::<String>::new());
    assert_eq!(stage.transactions.user_sessions(), 0);
}

#[test]
fn a_transaction_belongs_to_its_thread() {
    let stage = Stage::new();
    let mut session = stage.begun();
    stage.insert(&mut session, "1", "ten").unwrap();
    thread::scope(|scope| {
        let elsewhere = scope.spawn(|| {
            let refused = [
                code(session.begin(BeginKind::ReadWrite)),
                code(session.commit(CommitOptions::DURABLE)),
                code(session.rollback()),
                code(session.end()),
            ];
            assert_eq!(refused, [JetError::SESSION_SHARING_VIOLATION; 4]);
            assert_eq!(stage.text(&session, "1").as_deref(), Some("ten"));
        });
        elsewhere.join().unwrap();
    });
    assert_eq!(session.level(), 1);
    commit(&mut session);
}

#[test]
fn a_failed_log_leaves_the_transaction_to_be_rolled_back() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let mut session = stage.begun();
    stage.replace(&mut session, "1", "eleven").unwrap();
    stage.disk.fail_after(0, std::io::ErrorKind::Other);
    let failed = code(session.commit(CommitOptions::DURABLE));
    assert_eq!(failed, JetError::LOG_WRITE_FAIL);
    assert_eq!(session.level(), 1);
    assert_eq!(stage.text(&stage.session(), "1").as_deref(), Some("ten"), "what is not durable is not seen");
    assert_eq!(code(session.rollback()), JetError::ROLLBACK_ERROR);
    assert_eq!(code(session.begin(BeginKind::ReadWrite)), JetError::ROLLBACK_ERROR);
    assert!(!stage.transactions.has_failed_rollback());
    drop(session);
    assert!(stage.transactions.has_failed_rollback(), "nobody is left to try it again");
    assert_eq!(stage.transactions.user_transactions(), 0);
    assert!(stage.transactions.checkpoint_bound().is_some(), "recovery finds its begin");
    assert_eq!(stage.text(&stage.session(), "1").as_deref(), Some("ten"));
}

#[test]
fn a_transaction_that_must_roll_back_cannot_commit() {
    let stage = Stage::new();
    let mut session = stage.begun();
    session.require_rollback();
    assert_eq!(code(session.commit(CommitOptions::DURABLE)), JetError::MUST_ROLLBACK);
    session.rollback().unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    commit(&mut session);
}

#[test]
fn an_unlogged_database_writes_no_log_and_rolls_back() {
    let stage = Stage::with(Plan { logging: ese_engine::file_map::Logging::Off, ..Plan::default() });
    let begin = stage.log.tip();
    stage.given(&[("1", "\x05\0\0\0")]);
    let mut session = stage.begun();
    let reader = stage.begun();
    stage.add(&mut session, "1", 7).unwrap();
    assert_eq!((stage.number(&session, "1"), stage.number(&reader, "1")), (Some(12), Some(5)));
    session.rollback().unwrap();
    assert_eq!((stage.number(&session, "1"), stage.number(&reader, "1")), (Some(5), Some(5)));
    stage.write_pages();
    assert_eq!(stage.log.tip(), begin);
}

/// Tells what was called.
#[derive(Debug)]
struct Witness {
    name: &'static str,
    calls: Arc<Mutex<Vec<String>>>,
}

impl AlterationHook for Witness {
    fn rolled_back(&mut self, session: &mut Session) -> Result<()> {
        self.calls.lock().push(format!("{} back at {}", self.name, session.level()));
        Ok(())
    }

    fn committed(&mut self) {
        self.calls.lock().push(format!("{} committed", self.name));
    }

    fn obsolete(&mut self, session: &mut Session) -> Result<()> {
        self.calls.lock().push(format!("{} obsolete at {}", self.name, session.level()));
        Ok(())
    }
}

#[test]
fn alterations_of_the_floor_above_take_their_turn() {
    let stage = Stage::new();
    let calls: Arc<Mutex<Vec<String>>> = Arc::default();
    let witness = |name| Box::new(Witness { name, calls: Arc::clone(&calls) });
    let taken = || std::mem::take(&mut *calls.lock());
    let reader = stage.begun();
    let mut session = stage.begun();
    session.alter(witness("first")).unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    session.alter(witness("second")).unwrap();
    session.alter(witness("third")).unwrap();
    session.rollback().unwrap();
    assert_eq!(taken(), ["third back at 2", "second back at 2"]);
    session.alter(witness("fourth")).unwrap();
    let mark = session.mark().unwrap();
    assert!(session.sees(&mark) && !reader.sees(&mark) && !stage.session().sees(&mark));
    commit(&mut session);
    assert_eq!(taken(), ["first committed", "fourth committed"], "the reader may need what was before");
    assert!(!reader.sees(&mark) && stage.session().sees(&mark) && stage.begun().sees(&mark));
    drop(reader);
    stage.transactions.clean().unwrap();
    assert_eq!(taken(), ["first obsolete at 2", "fourth obsolete at 2"]);
}
