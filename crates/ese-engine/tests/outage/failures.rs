//! The disk fails: one call, every call from some point on, or for want of space. A call that needs it returns an error
//! that the documentation has for it, its transaction can be rolled back, and nothing that was acknowledged is lost:
//! recovery brings back exactly what was committed, and the verifier is content.
//!
//! By default every n-th call fails; `ESENT_OUTAGE_STEP=1` tries them all.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use ese_engine::io::PowerLoss;
use ese_format::error::JetError;

use crate::stage::{Machine, Relief, Survival};
use crate::workload::Workload;

/// Points that are tried of each workload and each kind of failure where nobody asks for all.
const POINTS_DEFAULT: u64 = 50;
/// A cache so small that pages are read again and written while transactions are open.
const CACHE_PAGES: usize = 18;

/// What a failing disk may answer (spec 09 §1, spec 05 §3.4): the disk's own errors, those of a log that cannot be
/// written, and what follows from them for the session and for the instance.
const DOCUMENTED: [JetError; 7] = [
    JetError::DISK_IO,
    JetError::DISK_FULL,
    JetError::LOG_WRITE_FAIL,
    JetError::LOG_DISK_FULL,
    JetError::ROLLBACK_ERROR,
    JetError::INSTANCE_UNAVAILABLE,
    JetError::CHECKPOINT_FILE_NOT_FOUND,
];

/// What the failures of a workload came to.
#[derive(Default)]
struct Tally {
    points: u64,
    calls: u64,
    ended: u64,
    errors: BTreeMap<i32, u64>,
}

impl Tally {
    fn add(&mut self, survival: &Survival, when: &str) {
        self.points += 1;
        self.ended += u64::from(!survival.finished);
        for error in &survival.errors {
            assert!(DOCUMENTED.contains(error), "{when}: {error:?} is not what a disk's failure gives");
            *self.errors.entry(error.code()).or_default() += 1;
        }
    }

    fn report(&self, what: &str) {
        ese_corpus::report!(
            "{what}: {} points of {} calls, {} runs ended there, 0 failures; codes {:?}",
            self.points,
            self.calls,
            self.ended,
            self.errors
        );
    }
}

fn machine(workload: &Workload) -> Machine {
    Machine::new(workload).with_cache(CACHE_PAGES)
}

fn step_of(calls: u64) -> usize {
    let asked = std::env::var("ESENT_OUTAGE_STEP").ok().and_then(|text| text.parse().ok());
    let step = asked.unwrap_or((calls / POINTS_DEFAULT).max(1));
    usize::try_from(step).expect("a small number")
}

/// The calls that the workload makes when nothing fails.
fn calls_of(workload: &Workload) -> u64 {
    let machine = machine(workload);
    let survival = machine.survive(workload, Relief::Never);
    assert!(survival.finished && survival.errors.is_empty(), "{}: {:?}", workload.name, survival.errors);
    machine.disk().calls()
}

/// Half of the machines lose their power after the failure, the others only their process.
fn recovered(machine: &Machine, workload: &Workload, survival: &Survival, point: u64, when: &str) {
    machine.disk().heal();
    machine.disk().set_size(None);
    match point % 4 {
        0 => machine.disk().cut_power(PowerLoss::LosesAllUnsynced),
        1 => machine.disk().cut_power(PowerLoss::KeepsSome { seed: point }),
        _ => {}
    }
    let most = survival.acknowledged + usize::from(survival.unsure);
    machine.check(workload, survival.acknowledged..=most, when);
}

/// How calls fail from a point on.
#[derive(Clone, Copy, Debug)]
enum Lasting {
    Once,
    ForGood,
}

fn fails_everywhere(workload: &Workload, kind: ErrorKind, lasting: Lasting) {
    let calls = calls_of(workload);
    let mut tally = Tally { calls, ..Tally::default() };
    for call in (0..calls).step_by(step_of(calls)) {
        let machine = machine(workload);
        match lasting {
            Lasting::Once => machine.disk().fail_once(call, kind),
            Lasting::ForGood => machine.disk().fail_after(call, kind),
        }
        let survival = machine.survive(workload, Relief::Never);
        let when = format!("{}: {kind:?} {lasting:?} at call {call}", workload.name);
        tally.add(&survival, &when);
        recovered(&machine, workload, &survival, call, &when);
    }
    assert!(tally.ended > 0 && !tally.errors.is_empty(), "{}: nobody noticed", workload.name);
    tally.report(&format!("{}, {kind:?} {lasting:?}", workload.name));
}

fn workloads() -> [Workload; 5] {
    [
        Workload::inserts(11, 120),
        Workload::changes(12, 80),
        Workload::long_values(13, 50),
        Workload::rollbacks(14, 80),
        Workload::definitions(15, 60),
    ]
}

#[test]
fn one_call_that_fails_loses_nothing() {
    for workload in workloads() {
        fails_everywhere(&workload, ErrorKind::Other, Lasting::Once);
    }
}

#[test]
fn one_call_without_space_loses_nothing() {
    for workload in workloads() {
        fails_everywhere(&workload, ErrorKind::StorageFull, Lasting::Once);
    }
}

#[test]
fn a_disk_that_fails_for_good_loses_nothing() {
    for workload in workloads() {
        fails_everywhere(&workload, ErrorKind::Other, Lasting::ForGood);
    }
}

#[test]
fn a_disk_that_takes_no_call_for_want_of_space_loses_nothing() {
    for workload in workloads() {
        fails_everywhere(&workload, ErrorKind::StorageFull, Lasting::ForGood);
    }
}

/// Disks of every size between what an empty database needs and what the workload needs: growth fails, what is there
/// can still be written. On half of them somebody makes space then, and the instance goes on.
#[test]
fn a_disk_that_is_full_and_stays_so_loses_nothing() {
    for workload in workloads() {
        let least = {
            let machine = machine(&workload);
            let _running = machine.begin().expect("there is space enough");
            machine.disk().used()
        };
        let needed = {
            let machine = machine(&workload);
            assert!(machine.survive(&workload, Relief::Never).finished);
            machine.disk().used()
        };
        let blocks = (needed - least) / 4096;
        let mut tally = Tally { calls: blocks, ..Tally::default() };
        for block in (0..blocks).step_by(step_of(blocks)) {
            let machine = machine(&workload);
            machine.disk().set_size(Some(least + block * 4096));
            let relief = if block.is_multiple_of(2) { Relief::Never } else { Relief::Space };
            let survival = machine.survive(&workload, relief);
            let when = format!("{}: a disk of {block} free blocks, {relief:?}", workload.name);
            tally.add(&survival, &when);
            assert!(
                relief == Relief::Never
                    || survival.finished
                    || survival.errors.contains(&JetError::LOG_WRITE_FAIL),
                "{when}: there was space again, and still {:?}",
                survival.errors
            );
            recovered(&machine, &workload, &survival, block, &when);
        }
        tally.report(&format!("{}, a full disk (points are sizes, calls are blocks)", workload.name));
    }
}
