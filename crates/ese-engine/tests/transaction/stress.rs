//! Many threads: money is moved, and every snapshot has the same sum.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ese_engine::io::Background;
use ese_engine::transaction::{BeginKind, CommitOptions, RollbackScope, Session, VersionLimits};
use ese_format::error::JetError;

use crate::stage::{Plan, Stage};

const ACCOUNTS: usize = 200;
const EACH: i64 = 1000;

/// How long: `ESE_STRESS_SECONDS`, or two seconds.
fn duration() -> Duration {
    let asked = std::env::var("ESE_STRESS_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(asked.unwrap_or(2))
}

fn name(account: usize) -> String {
    format!("account {account:04}")
}

/// A balance and something behind it, of changing length.
fn data(balance: i64, length: usize) -> String {
    format!("{balance:08}{}", "x".repeat(length))
}

fn balance(data: &[u8]) -> i64 {
    std::str::from_utf8(&data[..8]).unwrap().trim().parse().unwrap()
}

#[derive(Default)]
struct Counts {
    moved: AtomicU64,
    conflicts: AtomicU64,
    sums: AtomicU64,
    taken_back: AtomicU64,
}

/// Moves money between two accounts; whether it was committed.
fn transfer(stage: &Stage, session: &mut Session, draw: &mut dyn FnMut() -> u64, counts: &Counts) {
    let (from, to) = (draw() as usize % ACCOUNTS, draw() as usize % ACCOUNTS);
    if from == to {
        return;
    }
    session.begin(BeginKind::ReadWrite).unwrap();
    let mut step = |account: usize, change: i64| {
        let key = name(account);
        let present = balance(&stage.read(session, &key).unwrap());
        if draw().is_multiple_of(8) {
            session.begin(BeginKind::ReadWrite).unwrap();
            let tried = stage.replace(session, &key, "00000000 to be taken back");
            session.rollback().unwrap();
            tried?;
        }
        stage.replace(session, &key, &data(present + change, draw() as usize % 100))
    };
    let moved = step(from, -1).and_then(|()| step(to, 1));
    match moved {
        Ok(()) if draw().is_multiple_of(10) => {
            session.rollback().unwrap();
            counts.taken_back.fetch_add(1, Ordering::Relaxed);
        }
        Ok(()) => {
            let options =
                if draw().is_multiple_of(16) { CommitOptions::DURABLE } else { CommitOptions::LAZY };
            session.commit(options).unwrap();
            counts.moved.fetch_add(1, Ordering::Relaxed);
        }
        Err(error) => {
            assert_eq!(error.jet(), JetError::WRITE_CONFLICT, "{error}");
            session.rollback_scope(RollbackScope::All).unwrap();
            counts.conflicts.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn check_sum(stage: &Stage, session: &mut Session, counts: &Counts) {
    session.begin(BeginKind::ReadOnly).unwrap();
    for _ in 0..2 {
        let all = stage.scan(session, &stage.records);
        assert_eq!(all.len(), ACCOUNTS);
        let sum: i64 = all.iter().map(|(_, data)| balance(data)).sum();
        assert_eq!(sum, ACCOUNTS as i64 * EACH);
    }
    session.commit(CommitOptions::DURABLE).unwrap();
    counts.sums.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn every_snapshot_has_the_same_sum_while_eight_threads_move_money() {
    let limits =
        VersionLimits { store_bytes: 64 << 20, preferred_bytes: 64 << 20, ..VersionLimits::default() };
    // A cache that holds a part of the tree: pages are written while transactions are open.
    let plan = Plan { background: Background::Threads, limits, cache_bytes: 64 << 10, ..Plan::default() };
    let stage = Stage::with(plan);
    let accounts: Vec<(String, String)> =
        (0..ACCOUNTS).map(|account| (name(account), data(EACH, account % 100))).collect();
    let given: Vec<(&str, &str)> = accounts.iter().map(|(key, data)| (&key[..], &data[..])).collect();
    stage.given(&given);
    let (counts, stop, until) = (Counts::default(), AtomicBool::new(false), Instant::now() + duration());
    thread::scope(|scope| {
        let (stage, counts, stop) = (&stage, &counts, &stop);
        for seed in 0..6u64 {
            scope.spawn(move || {
                let host = ese_engine::io::Host::simulated(stage.disk.clone(), seed);
                let mut draw = || host.entropy.next();
                let mut session = stage.session();
                while !stop.load(Ordering::Relaxed) {
                    transfer(stage, &mut session, &mut draw, counts);
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(move || {
                let mut session = stage.session();
                while !stop.load(Ordering::Relaxed) {
                    check_sum(stage, &mut session, counts);
                }
            });
        }
        while Instant::now() < until {
            thread::sleep(Duration::from_millis(30));
            stage.write_pages();
        }
        stop.store(true, Ordering::Relaxed);
    });
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (moved, sums) = (read(&counts.moved), read(&counts.sums));
    ese_corpus::report!(
        "{moved} transfers, {} conflicts, {} taken back, {sums} sums, all equal",
        read(&counts.conflicts),
        read(&counts.taken_back)
    );
    assert!(moved > 50 && sums > 5, "{moved} transfers and {sums} sums");
    stage.transactions.stop_background();
    stage.transactions.clean().unwrap();
    assert!(stage.transactions.is_clean());
    let mut session = stage.session();
    check_sum(&stage, &mut session, &counts);
}

#[test]
fn deltas_that_are_taken_back_never_show() {
    const COUNTERS: usize = 3;
    let stage = Stage::with(Plan { background: Background::Threads, ..Plan::default() });
    let name = |counter: usize| format!("counter {counter}");
    let names: Vec<String> = (0..COUNTERS).map(name).collect();
    let given: Vec<(&str, &str)> = names.iter().map(|key| (&key[..], "\0\0\0\0")).collect();
    stage.given(&given);
    let (committed, undone, reads) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (stop, until) = (AtomicBool::new(false), Instant::now() + duration());
    thread::scope(|scope| {
        let (stage, names, stop) = (&stage, &names, &stop);
        let (committed, undone, reads) = (&committed, &undone, &reads);
        for seed in 0..4u64 {
            scope.spawn(move || {
                let host = ese_engine::io::Host::simulated(stage.disk.clone(), seed);
                let mut session = stage.session();
                while !stop.load(Ordering::Relaxed) {
                    session.begin(BeginKind::ReadWrite).unwrap();
                    let counter = &names[host.entropy.next() as usize % COUNTERS];
                    stage.add(&mut session, counter, 1 << 16).unwrap();
                    stage.add(&mut session, counter, 1 - (1 << 16)).unwrap();
                    if host.entropy.next().is_multiple_of(4) {
                        session.commit(CommitOptions::LAZY).unwrap();
                        committed.fetch_add(1, Ordering::Relaxed);
                    } else {
                        session.rollback().unwrap();
                        undone.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(move || {
                let mut session = stage.session();
                let mut last = [0; COUNTERS];
                while !stop.load(Ordering::Relaxed) {
                    session.begin(BeginKind::ReadOnly).unwrap();
                    let numbers =
                        || [0, 1, 2].map(|counter| stage.number(&session, &names[counter]).unwrap());
                    let (first, again) = (numbers(), numbers());
                    assert_eq!(first, again, "one snapshot");
                    assert!(
                        first.iter().zip(last).all(|(now, before)| *now >= before),
                        "{first:?} after {last:?}"
                    );
                    assert!(first.iter().all(|number| *number < 1 << 16), "{first:?}: a half of a change");
                    last = first;
                    session.commit(CommitOptions::DURABLE).unwrap();
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while Instant::now() < until {
            thread::sleep(Duration::from_millis(30));
            stage.write_pages();
        }
        stop.store(true, Ordering::Relaxed);
    });
    let sum: i32 = names.iter().map(|key| stage.number(&stage.session(), key).unwrap()).sum();
    let committed = committed.into_inner();
    assert_eq!(sum as u64, committed);
    let (undone, reads) = (undone.into_inner(), reads.into_inner());
    ese_corpus::report!("{committed} deltas committed, {undone} taken back, {reads} snapshots read");
    assert!(committed > 50 && reads > 50);
}
