//! libesent beside SQLite and redb: the same rows, one run, ratios. `engines [ROWS] [FOLDER]`.
//!
//! Every step runs on every store, one store after the other, on files in a folder of its own. The table says how many
//! operations a second each did, and how many times as fast libesent was. It never fails on a timing.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ese_benches::engines::{Commit, Create, STORES, Session, Store, Write};

/// Rows where nobody says how many.
const ROWS_DEFAULT: u64 = 200_000;
/// Rows of one transaction in the steps that are not about commits.
const BATCH: usize = 1000;
/// Cache of every store in the steps that fit into it, and in the one that does not.
const CACHE_BYTES: usize = 256 << 20;
/// Bytes that a row takes with what surrounds it, roughly: for a database four times the cache.
const ROW_BYTES: u64 = 128;
/// How long durable commits are counted.
const COMMITTING: Duration = Duration::from_secs(3);
const THREADS: u64 = 8;

/// A sequence that visits 0..count once each, in no order: four rounds of a Feistel network over as many bits as `count`
/// needs, skipping what is too large.
fn shuffled(count: u64, salt: u64) -> impl Iterator<Item = u64> {
    let half = (count.next_power_of_two().trailing_zeros()).div_ceil(2).max(1);
    let mask = (1 << half) - 1;
    let mix = move |part: u64, round: u64| {
        let mixed = (part + (round << 32) + salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 29 ^ mixed) & mask
    };
    let permuted = move |at: u64| {
        let (left, right) =
            (0..4).fold((at >> half, at & mask), |(left, right), round| (right, left ^ mix(right, round)));
        left << half | right
    };
    (0..1 << (2 * half)).map(permuted).filter(move |key| *key < count)
}

fn in_batches(keys: impl Iterator<Item = u64>, mut work: impl FnMut(&[u64]) -> Result<()>) -> Result<u64> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut done = 0;
    for key in keys {
        batch.push(key);
        if batch.len() == BATCH {
            work(&batch)?;
            done += batch.len() as u64;
            batch.clear();
        }
    }
    if !batch.is_empty() {
        work(&batch)?;
        done += batch.len() as u64;
    }
    Ok(done)
}

/// Operations a second of some work that says how many it did.
fn rate(work: impl FnOnce() -> Result<u64>) -> Result<f64> {
    let begun = Instant::now();
    let done = work()?;
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

fn write_all(session: &mut dyn Session, keys: impl Iterator<Item = u64>, write: Write) -> Result<f64> {
    rate(|| in_batches(keys, |batch| session.write(batch, write, Commit::Lazy)))
}

fn durable_commits(store: &dyn Store, threads: u64, first_key: u64) -> Result<f64> {
    rate(|| {
        let end = Instant::now() + COMMITTING;
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|thread| {
                    scope.spawn(move || -> Result<u64> {
                        let mut session = store.session()?;
                        let mut done = 0;
                        while Instant::now() < end {
                            session.write(
                                &[first_key + thread * 10_000_000 + done],
                                Write::Insert,
                                Commit::Durable,
                            )?;
                            done += 1;
                        }
                        Ok(done)
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().expect("a bench does not panic")).sum()
        })
    })
}

/// One step of the comparison: its title, and the operations a second of a store whose number of rows is given.
struct Step {
    title: &'static str,
    run: fn(&dyn Store, u64) -> Result<f64>,
}

const STEPS: [Step; 7] = [
    Step {
        title: "sequential insert",
        run: |store, rows| write_all(store.session()?.as_mut(), 0..rows, Write::Insert),
    },
    Step {
        title: "random insert",
        run: |store, rows| {
            let keys = shuffled(rows, 1).map(|key| key + rows);
            write_all(store.session()?.as_mut(), keys, Write::Insert)
        },
    },
    Step {
        title: "point read",
        run: |store, rows| {
            let mut session = store.session()?;
            rate(|| in_batches(shuffled(2 * rows, 2), |batch| session.read(batch).map(|_| ())))
        },
    },
    Step {
        title: "full scan",
        run: |store, rows| {
            let mut session = store.session()?;
            rate(|| {
                let (count, _) = session.scan()?;
                ensure!(count == 2 * rows, "the scan found {count} rows of {}", 2 * rows);
                Ok(count)
            })
        },
    },
    Step {
        title: "random update",
        run: |store, rows| write_all(store.session()?.as_mut(), shuffled(2 * rows, 3), Write::Update),
    },
    Step { title: "durable commit, 1 thread", run: |store, _| durable_commits(store, 1, 1 << 40) },
    Step { title: "durable commit, 8 threads", run: |store, _| durable_commits(store, THREADS, 1 << 41) },
];

/// The last step has a store of its own, with a cache of a quarter of the rows.
const GROWTH: &str = "random insert to 4 x cache";

fn grow(create: Create, folder: &Path, rows: u64) -> Result<f64> {
    let place = tempfile::tempdir_in(folder)?;
    let store = create(place.path(), (rows * ROW_BYTES / 4) as usize)?;
    write_all(store.session()?.as_mut(), shuffled(rows, 5), Write::Insert)
}

fn print_row(title: &str, rates: &[f64]) {
    print!("{title:28}");
    rates.iter().for_each(|rate| print!("{rate:12.0}"));
    if let Some((ours, others)) = rates.split_first() {
        others.iter().for_each(|rate| print!("{:12.2}", ours / rate));
    }
    println!();
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rows = match arguments.next() {
        Some(text) => text.parse().context("the number of rows")?,
        None => ROWS_DEFAULT,
    };
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let places: Vec<_> = STORES.iter().map(|_| tempfile::tempdir_in(&folder)).collect::<Result<_, _>>()?;
    let stores: Vec<_> = STORES
        .iter()
        .zip(&places)
        .map(|(create, place)| create(place.path(), CACHE_BYTES))
        .collect::<Result<_>>()?;
    print!("{:28}", "operations a second");
    stores.iter().for_each(|store| print!("{:>12}", store.name()));
    stores.iter().skip(1).for_each(|store| print!("{:>12}", format!("x {}", store.name())));
    println!();
    // Step by step, so that all stores meet the machine in the same mood.
    for step in STEPS {
        let rates: Vec<_> =
            stores.iter().map(|store| (step.run)(store.as_ref(), rows)).collect::<Result<_>>()?;
        print_row(step.title, &rates);
    }
    drop(stores);
    let rates: Vec<_> =
        STORES.iter().map(|create| grow(*create, &folder, 2 * rows)).collect::<Result<_>>()?;
    print_row(GROWTH, &rates);
    Ok(())
}
