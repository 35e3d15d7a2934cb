//! The power goes at every writing call of several workloads, and again at writing calls of the recovery behind it.
//!
//! By default only every n-th call is tried; `ESENT_CRASH=all` tries them all.

use ese_engine::instance::{Instance, TermKind};
use ese_engine::io::{PowerLoss, SimulatedFileSystem};
use ese_engine::log::Circular;

use crate::model::History;
use crate::workload::{Workload, attach_again, rows_of};

/// Logs and the checkpoint are torn at 512 bytes. A page of 4 KB is whole or not there at all: nothing in the format
/// puts a torn page together again (docs/format/log-tail.md).
fn disk() -> SimulatedFileSystem {
    SimulatedFileSystem::with_sectors("edb", 4096)
}

const WORKLOADS: [Workload; 4] = [
    Workload {
        name: "small rows, every commit durable",
        seed: 1,
        transactions: 60,
        changes: 4,
        bytes: 200,
        circular: Circular::Off,
        cache_pages: 256,
        durable_of_ten: 10,
    },
    Workload {
        name: "lazy commits, small cache",
        seed: 2,
        transactions: 80,
        changes: 6,
        bytes: 400,
        circular: Circular::On,
        cache_pages: 24,
        durable_of_ten: 2,
    },
    Workload {
        name: "long values, circular logging",
        seed: 3,
        transactions: 40,
        changes: 3,
        bytes: 9000,
        circular: Circular::On,
        cache_pages: 48,
        durable_of_ten: 5,
    },
    Workload {
        name: "large transactions, small cache",
        seed: 4,
        transactions: 8,
        changes: 60,
        bytes: 700,
        circular: Circular::Off,
        cache_pages: 20,
        durable_of_ten: 7,
    },
];

fn step_of(total: u64, wanted: u64) -> u64 {
    let all = std::env::var("ESENT_CRASH").is_ok_and(|value| value == "all");
    if all { 1 } else { (total / wanted).max(1) }
}

fn loss_of(call: u64) -> PowerLoss {
    if call.is_multiple_of(4) {
        PowerLoss::LosesAllUnsynced
    } else {
        PowerLoss::KeepsSome { seed: call * 7 + 1 }
    }
}

/// Recovers and compares.
fn check(workload: &Workload, disk: &SimulatedFileSystem, history: &History, at: &str) {
    let instance = Instance::start(workload.settings(disk))
        .unwrap_or_else(|error| panic!("{}, {at}: recovery: {error}", workload.name));
    attach_again(&instance, disk);
    instance.stop(TermKind::Complete).unwrap_or_else(|error| panic!("{}, {at}: {error}", workload.name));
    drop(instance);
    if !history.created && disk.content(crate::workload::DATABASE.as_ref()).is_none() {
        return;
    }
    let rows = rows_of(disk);
    let found = rows.clone().unwrap_or_default();
    assert!(
        history.allows(&found) && (rows.is_some() || history.durable == 0),
        "{}, {at}: {} rows found, of {} states {} durable",
        workload.name,
        found.len(),
        history.states.len(),
        history.durable
    );
}

/// Runs the workload until the power goes at this call; what it had done.
fn cut(workload: &Workload, disk: &SimulatedFileSystem, call: u64) -> History {
    let mut history = History::default();
    disk.cut_power_at(call, loss_of(call));
    let outcome = workload.run(disk, &mut history);
    assert!(disk.is_off(), "{}, call {call}: {outcome:?}", workload.name);
    disk.reboot();
    history
}

fn writes_of(workload: &Workload) -> u64 {
    let disk = disk();
    let mut history = History::default();
    workload.run(&disk, &mut history).unwrap_or_else(|error| panic!("{}: {error}", workload.name));
    let total = disk.write_calls();
    check(workload, &disk, &history, "without a power cut");
    total
}

fn every_write(workload: &Workload) {
    let total = writes_of(workload);
    let step = step_of(total, 150);
    let mut points = 0;
    for call in (0..total).step_by(step as usize) {
        let disk = disk();
        let history = cut(workload, &disk, call);
        check(workload, &disk, &history, &format!("power cut at call {call}"));
        points += 1;
    }
    println!("{}: {points} of {total} power cuts tried, 0 failures", workload.name);
}

fn every_write_of_recovery(workload: &Workload) {
    let total = writes_of(workload);
    let (mut first_cuts, mut second_cuts) = (0, 0);
    for call in (0..total).step_by(step_of(total, 12) as usize) {
        first_cuts += 1;
        let mut again = 0;
        loop {
            let disk = disk();
            let history = cut(workload, &disk, call);
            disk.cut_power_at(again, loss_of(call + again));
            let recovered = Instance::start(workload.settings(&disk));
            let over = !disk.is_off();
            drop(recovered);
            disk.reboot();
            if over {
                break;
            }
            check(workload, &disk, &history, &format!("power cuts at call {call} and {again} of recovery"));
            second_cuts += 1;
            again += step_of(60, 12);
        }
    }
    println!("{}: {second_cuts} second power cuts in {first_cuts} recoveries, 0 failures", workload.name);
}

/// One call to the disk fails, and the run ends there; nothing that was acknowledged is lost.
fn every_failing_call(workload: &Workload, kind: std::io::ErrorKind) {
    let calls = {
        let disk = disk();
        workload.run(&disk, &mut History::default()).expect("nothing fails");
        disk.calls()
    };
    let (mut failed, mut points) = (0, 0);
    for call in (0..calls).step_by(step_of(calls, 60) as usize) {
        let disk = disk();
        let mut history = History::default();
        disk.fail_once(call, kind);
        failed += u32::from(workload.run(&disk, &mut history).is_err());
        disk.heal();
        check(workload, &disk, &history, &format!("{kind} at call {call}"));
        points += 1;
    }
    println!("{}: {kind} at {points} of {calls} calls, {failed} runs ended by it, 0 failures", workload.name);
}

#[test]
fn a_failing_call_loses_nothing() {
    every_failing_call(&WORKLOADS[0], std::io::ErrorKind::Other);
    every_failing_call(&WORKLOADS[1], std::io::ErrorKind::StorageFull);
    every_failing_call(&WORKLOADS[3], std::io::ErrorKind::Other);
}

#[test]
fn small_rows_survive_a_power_cut_at_every_write() {
    every_write(&WORKLOADS[0]);
}

#[test]
fn lazy_commits_survive_a_power_cut_at_every_write() {
    every_write(&WORKLOADS[1]);
}

#[test]
fn long_values_survive_a_power_cut_at_every_write() {
    every_write(&WORKLOADS[2]);
}

#[test]
fn large_transactions_survive_a_power_cut_at_every_write() {
    every_write(&WORKLOADS[3]);
}

#[test]
fn a_second_power_cut_at_every_write_of_recovery_is_survived() {
    for workload in &WORKLOADS {
        every_write_of_recovery(workload);
    }
}
