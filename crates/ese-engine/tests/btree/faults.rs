//! Logs, page sources and disks that fail at any call: an error, nothing changed, the tree in order.

use std::io::ErrorKind;

use ese_corpus::report;
use ese_engine::btree::Versioning;
use ese_engine::error::Result;
use ese_format::page_size::PageSize;

use crate::replay::Replay;
use crate::stage::{Dice, Fuse, Keys, Plan, Session, Stage, Stored};

/// A change that is tried until it succeeds.
#[derive(Clone, Copy, Debug)]
enum Attempt {
    Insert,
    Replace,
    Delete,
    Clean,
}

struct Trial {
    stage: Stage,
    session: Session,
    dice: Dice,
    failures: u64,
}

fn key(index: usize) -> Vec<u8> {
    let mut key = format!("{:05}", index * 7919 % 10_007).into_bytes();
    key.resize(5 + index % 120, b'x');
    key.push(0);
    key
}

impl Trial {
    fn new(plan: Plan) -> Self {
        let stage = Stage::new(plan);
        let session = stage.session(5);
        Self { stage, session, dice: Dice::new(7), failures: 0 }
    }

    fn attempt(&mut self, attempt: Attempt, key: &[u8], data: &[u8], versioning: Versioning) -> Result<()> {
        let (tree, session) = (&self.stage.tree, &mut self.session);
        match attempt {
            Attempt::Insert => tree.insert(session, key, data, versioning),
            Attempt::Replace => tree.replace(session, key, data, versioning),
            Attempt::Delete => tree.flag_delete(session, key, &[], versioning),
            Attempt::Clean => tree.clean(session, key, &[], &|_, _| false).map(|_| ()),
        }
    }

    /// Tries a change with each of its calls failing in turn.
    fn insist(&mut self, attempt: Attempt, index: usize, light: &dyn Fn(&Stage, u64), heal: &dyn Fn(&Stage)) {
        let key = key(index);
        let length = self.dice.below(900) + 1;
        let data = vec![self.dice.next() as u8; length];
        let versioning = match attempt {
            Attempt::Delete => Versioning::Unversioned,
            _ if index.is_multiple_of(2) => Versioning::Versioned,
            _ => Versioning::Unversioned,
        };
        let before = live(&self.stage);
        for calls in 0.. {
            assert!(calls < 500, "{attempt:?} does not come to an end");
            let versions = self.session.made.len();
            light(&self.stage, calls);
            let result = self.attempt(attempt, &key, &data, versioning);
            heal(&self.stage);
            match result {
                Ok(()) => break,
                Err(_) => {
                    self.failures += 1;
                    assert_eq!(self.session.made.len(), versions, "{attempt:?}: a version was left behind");
                    assert!(live(&self.stage) == before, "{attempt:?} failed and changed something");
                }
            }
        }
        self.session.commit();
    }
}

fn live(stage: &Stage) -> Vec<Stored> {
    stage.walk().into_iter().filter(|node| !node.deleted).collect()
}

fn run(plan: Plan, steps: usize, light: &dyn Fn(&Stage, u64), heal: &dyn Fn(&Stage)) -> (Trial, usize) {
    let mut trial = Trial::new(plan);
    for index in 0..steps {
        trial.insist(Attempt::Insert, index, light, heal);
        if index % 3 == 2 {
            trial.insist(Attempt::Replace, index - 1, light, heal);
        }
    }
    for index in 0..steps {
        trial.insist(Attempt::Delete, index, light, heal);
        trial.insist(Attempt::Clean, index, light, heal);
    }
    let pages = trial.stage.pages.used() + 1;
    (trial, pages)
}

/// Lights the one fuse or the other.
fn with_fuse(fuse: impl Fn(&Stage) -> &Fuse, name: &str) {
    let light = |stage: &Stage, calls: u64| fuse(stage).light(calls);
    let heal = |stage: &Stage| fuse(stage).put_out();
    let (trial, pages) = run(Plan::new(PageSize::K4, Keys::Unique), 120, &light, &heal);
    assert_eq!(live(&trial.stage), []);
    let compared = Replay::of(&trial.stage).catch_up(&trial.stage);
    assert!(trial.failures > 0);
    report!(
        "btree faults, {name}: {} failed calls, {pages} pages left, {compared} pages equal after redo",
        trial.failures
    );
}

#[test]
fn a_log_that_fails_changes_nothing() {
    with_fuse(|stage| &stage.journal.fuse, "log");
}

#[test]
fn a_page_source_that_fails_changes_nothing() {
    with_fuse(|stage| &stage.pages.fuse, "space");
}

#[test]
fn a_disk_that_fails_changes_nothing() {
    // So small a cache that pages are read and written all the time.
    let plan = Plan { cache_bytes: 4096 * 16, ..Plan::new(PageSize::K4, Keys::Unique) };
    let light = |stage: &Stage, calls: u64| stage.file_system.fail_once(calls, ErrorKind::Other);
    let heal = |stage: &Stage| stage.file_system.fail_once(u64::MAX, ErrorKind::Other);
    let (trial, pages) = run(plan, 500, &light, &heal);
    assert_eq!(live(&trial.stage), []);
    let compared = Replay::of(&trial.stage).catch_up(&trial.stage);
    assert!(trial.failures > 0);
    report!(
        "btree faults, disk: {} failed calls, {pages} pages left, {compared} pages equal after redo",
        trial.failures
    );
}
