//! The whole engine beside a model: sessions that a seed lets take turns do everything that the engine can do with
//! records, cursors, transactions and schemas, on a disk that loses its power now and then.
//!
//! The model says beforehand what every call answers: the error, the record, the key, the entry the cursor comes to. After
//! every crash the database must be as it was after some commit that is not older than the last durable one, the verifier
//! must find it sound, and the run goes on with what was found.
//!
//! `ESENT_MODEL_SEEDS=a..b` chooses seeds, `ESENT_MODEL_OPERATIONS=n` how many operations each has. A seed that fails is
//! told with its last operations; alone it does the same again.

mod definitions;
mod dice;
mod keys;
mod kind;
mod navigate;
mod outage;
mod place;
mod play;
mod records;
mod stage;
mod state;
mod versions;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use play::{Counts, Play, Trace};

/// Seeds and operations of an ordinary run.
const SEEDS: Range<u64> = 1..13;
const OPERATIONS: u64 = 1500;

/// Seeds that have found something, and how many operations it takes.
const REGRESSIONS: [(u64, u64); 17] = [
    // A session that outlived its instance kept the log open.
    (6, 400),
    // The places of long values in records: an explicit NULL that got a long value.
    (10, 600),
    // A key of a unique index that another record got while a cursor was there.
    (13, 1500),
    // A place that a cursor came to in the engine's own level.
    (14, 800),
    (26, 700),
    // A record's number that was given out again while its deletion was not committed.
    (20, 310),
    // The same with autoincrement values.
    (157, 330),
    // A duplicate of a cursor that had not seen a change of the schema.
    (2017, 10000),
    (2124, 10000),
    // A column of another session's, with a default, that a record grew beyond.
    (177, 600),
    // An index that somebody else had deleted, over a column that was deleted since.
    (121, 600),
    // A segment torn while it was written again, whose checksum did not see it: the shadow holds what was durable.
    (2215, 10000),
    // Tuples of a fixed Binary column, of which one's key began another's: the search went to the wrong leaf.
    (2250, 6000),
    // A unique index that a transaction had made and deleted refused its records.
    (2475, 7500),
    // A table with a long-value tree that is younger than the transaction that deletes the table.
    (2484, 2500),
    // An index and then its column deleted by a transaction that did not commit, and a record written by another meanwhile.
    (2637, 6200),
    // An archived log whose last write was not durable when its file was renamed.
    (2690, 9600),
];

fn seeds() -> Range<u64> {
    let asked = std::env::var("ESENT_MODEL_SEEDS").ok();
    let parsed = asked.as_deref().map(|text| {
        let (first, end) = text.split_once("..").unwrap_or((text, ""));
        let first: u64 = first.parse().expect("ESENT_MODEL_SEEDS=a..b");
        first..end.parse().unwrap_or(first + 1)
    });
    parsed.unwrap_or(SEEDS)
}

fn operations() -> u64 {
    let asked = std::env::var("ESENT_MODEL_OPERATIONS").ok();
    asked.map_or(OPERATIONS, |text| text.parse().expect("ESENT_MODEL_OPERATIONS=n"))
}

/// Plays a seed to its end.
fn play(seed: u64, operations: u64, trace: &Trace) -> Counts {
    let mut play = Play::new(seed, Rc::clone(trace));
    for _ in 0..operations {
        play.turn();
    }
    play.end()
}

fn add(total: &mut Counts, counts: Counts) {
    total.operations += counts.operations;
    total.commits += counts.commits;
    total.rollbacks += counts.rollbacks;
    total.conflicts += counts.conflicts;
    total.refusals += counts.refusals;
    total.crashes += counts.crashes;
    total.second_crashes += counts.second_crashes;
    total.restarts += counts.restarts;
    total.verified += counts.verified;
    total.lost_commits += counts.lost_commits;
    for (kind, count) in counts.kinds {
        *total.kinds.entry(kind).or_default() += count;
    }
}

fn told(counts: &Counts) -> String {
    format!(
        "{} operations, {} commits, {} rollbacks, {} refusals of which {} conflicts, {} crashes and {} more in recovery, \
         {} restarts, {} verified, {} lazy commits lost",
        counts.operations,
        counts.commits,
        counts.rollbacks,
        counts.refusals,
        counts.conflicts,
        counts.crashes,
        counts.second_crashes,
        counts.restarts,
        counts.verified,
        counts.lost_commits
    )
}

/// Plays seeds one after the other; tells the one that fails.
fn play_all(seeds: impl Iterator<Item = (u64, u64)>) -> Counts {
    let mut total = Counts::default();
    for (seed, operations) in seeds {
        let trace: Trace = Rc::new(RefCell::new(VecDeque::new()));
        match catch_unwind(AssertUnwindSafe(|| play(seed, operations, &trace))) {
            Ok(counts) => {
                ese_corpus::report!("seed {seed}: {}", told(&counts));
                add(&mut total, counts);
            }
            Err(failure) => {
                for line in trace.borrow().iter() {
                    ese_corpus::report!("  {line}");
                }
                let again = format!("ESENT_MODEL_SEEDS={seed} ESENT_MODEL_OPERATIONS={operations}");
                ese_corpus::report!("seed {seed} fails: {again}");
                resume_unwind(failure);
            }
        }
    }
    total
}

#[test]
fn everything_the_engine_does_is_what_the_model_says() {
    let (seeds, operations) = (seeds(), operations());
    let total = play_all(seeds.clone().map(|seed| (seed, operations)));
    ese_corpus::report!("seeds {seeds:?}: {}; {:?}", told(&total), total.kinds);
}

#[test]
fn seeds_that_once_found_something_find_nothing() {
    let total = play_all(REGRESSIONS.into_iter());
    ese_corpus::report!("{} seeds that once failed: {}", REGRESSIONS.len(), told(&total));
}
