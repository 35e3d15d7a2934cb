//! The power goes at every write call of a workload, and again at every write call of the recovery that follows.
//!
//! A workload is a list of transactions, decided by a seed. Whatever the machine does, after recovery the tables hold
//! what the first k transactions left, where k is at least the number of transactions that were acknowledged as durable
//! and at most one more; the verifier finds the database sound; and the instance can go on.
//!
//! `ESENT_OUTAGE_STEP=1` tries every write call; without it every n-th, so that the run stays short.

mod compact;
mod damage;
mod failures;
mod stage;
mod workload;

use ese_engine::io::PowerLoss;

use stage::{Machine, Outcome};
use workload::Workload;

/// Write calls between two cuts where nobody asks for another number.
const STEP_DEFAULT: u64 = 5;

fn step() -> u64 {
    std::env::var("ESENT_OUTAGE_STEP").ok().and_then(|text| text.parse().ok()).unwrap_or(STEP_DEFAULT)
}

/// What a power cut at call `calls` does to what was not synced: all three kinds of machines take turns.
fn loss(calls: u64) -> PowerLoss {
    match calls % 3 {
        0 => PowerLoss::LosesAllUnsynced,
        _ => PowerLoss::KeepsSome { seed: calls },
    }
}

/// Runs the workload with the power cut at every `step`-th write call; returns how many cuts there were.
fn cut_everywhere(workload: &Workload, first: u64) -> u64 {
    let whole = Machine::new(workload);
    assert_eq!(whole.run(workload), Outcome::Finished(workload.len()), "{}: without a cut", workload.name);
    whole.check(workload, workload.len()..=workload.len(), "without a cut");
    let calls = whole.write_calls();
    let mut cuts = 0;
    for cut in (first..calls).step_by(usize::try_from(step()).expect("a small number")) {
        let machine = Machine::new(workload);
        machine.cut_power_at(cut, loss(cut));
        let outcome = machine.run(workload);
        machine.reboot();
        let (least, most) = match outcome {
            Outcome::Finished(all) => (all, all),
            Outcome::Died { acknowledged } => (acknowledged, acknowledged + 1),
        };
        machine.check(workload, least..=most, &format!("cut at call {cut}"));
        cuts += 1;
    }
    cuts
}

/// Cuts the power in the middle of the workload, and again at every `step`-th write call of the recovery.
fn cut_recovery_everywhere(workload: &Workload) -> u64 {
    let whole = Machine::new(workload);
    whole.run(workload);
    let cut = whole.write_calls() * 2 / 3;
    let mut cuts = 0;
    for again in (0..).step_by(usize::try_from(step()).expect("a small number")) {
        let machine = Machine::new(workload);
        machine.cut_power_at(cut, loss(cut));
        let Outcome::Died { acknowledged } = machine.run(workload) else { panic!("the cut came too late") };
        machine.reboot();
        machine.cut_power_at(again, loss(again + 1));
        let recovered = machine.recover();
        machine.reboot();
        machine.check(
            workload,
            acknowledged..=acknowledged + 1,
            &format!("cut at call {cut} and at call {again} of recovery"),
        );
        cuts += 1;
        if recovered {
            break;
        }
    }
    cuts
}

fn survives_everything(workload: &Workload) {
    let cuts = cut_everywhere(workload, 0);
    let again = cut_recovery_everywhere(workload);
    ese_corpus::report!(
        "{}: {} transactions, {cuts} power cuts, {again} more during recovery, 0 failures",
        workload.name,
        workload.len()
    );
}

#[test]
fn inserts_that_split_pages_survive_every_power_cut() {
    survives_everything(&Workload::inserts(1, 60));
}

#[test]
fn changes_of_every_kind_survive_every_power_cut() {
    survives_everything(&Workload::changes(2, 60));
}

#[test]
fn long_values_survive_every_power_cut() {
    survives_everything(&Workload::long_values(3, 30));
}

#[test]
fn rollbacks_leave_no_trace_after_any_power_cut() {
    survives_everything(&Workload::rollbacks(4, 50));
}

#[test]
fn tables_and_indexes_that_come_and_go_survive_every_power_cut() {
    survives_everything(&Workload::definitions(5, 30));
}
