//! One step of one store, for a profiler: `steps STEP [ROWS] [FOLDER] [STORE]`, a step being `sequential`, `random`,
//! `update`, `durable`, `grow`, `read` or `scan`, a store `libesent`, `SQLite` or `redb`. It tells the rows a second.
//!
//! What comes before the step is not in `measured`, so that a profiler can be told to look there only.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use ese_benches::engines::{Commit, STORES, Session, Store, Write};

/// Rows of one transaction.
const BATCH: usize = 1000;
/// Cache that holds everything.
const CACHE_BYTES: usize = 256 << 20;
/// Bytes that a row takes with what surrounds it, roughly.
const ROW_BYTES: u64 = 128;
/// Rows that are written before anything is measured: what a store does once it has done then.
const WARM_UP: u64 = 2000;

/// So many keys behind the first ones in no order: a full cycle of steps that share no factor with the number of rows.
fn mixed(rows: u64) -> Vec<u64> {
    let common = |mut a: u64, mut b: u64| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let step = (rows * 3 / 5 + 1..).find(|step| common(*step, rows) == 1).unwrap_or(1);
    (0..rows).map(|at| WARM_UP + at * step % rows).collect()
}

fn write(session: &mut dyn Session, keys: &[u64], write: Write) -> Result<()> {
    keys.chunks(BATCH).try_for_each(|batch| session.write(batch, write, Commit::Lazy))
}

#[inline(never)]
fn measured(step: &str, session: &mut dyn Session, rows: u64) -> Result<()> {
    let ascending: Vec<u64> = (WARM_UP..WARM_UP + rows).collect();
    match step {
        "sequential" => write(session, &ascending, Write::Insert),
        "random" | "grow" => write(session, &mixed(rows), Write::Insert),
        "update" => write(session, &mixed(rows), Write::Update),
        "durable" => {
            ascending.iter().try_for_each(|key| session.write(&[*key], Write::Insert, Commit::Durable))
        }
        "read" => mixed(rows).chunks(BATCH).try_for_each(|batch| session.read(batch).map(|_| ())),
        "scan" => session.scan().map(|_| ()),
        other => bail!("there is no step {other}"),
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let step = arguments.next().context("which step?")?;
    let rows: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let name = arguments.next().unwrap_or_else(|| "libesent".to_owned());
    let place = tempfile::tempdir_in(folder)?;
    let cache_bytes = if step == "grow" { (rows * ROW_BYTES / 4) as usize } else { CACHE_BYTES };
    let opened = |number: usize, create: &ese_benches::engines::Create| -> Result<Box<dyn Store>> {
        let place = place.path().join(number.to_string());
        std::fs::create_dir(&place)?;
        create(&place, cache_bytes)
    };
    let mut store = None;
    for (number, create) in STORES.iter().enumerate() {
        let candidate = opened(number, create)?;
        if candidate.name() == name {
            store = Some(candidate);
            break;
        }
    }
    let store = store.with_context(|| format!("there is no store {name}"))?;
    let mut session = store.session()?;
    write(session.as_mut(), &(0..WARM_UP).collect::<Vec<_>>(), Write::Insert)?;
    if matches!(step.as_str(), "update" | "read" | "scan") {
        write(session.as_mut(), &(WARM_UP..WARM_UP + rows).collect::<Vec<_>>(), Write::Insert)?;
    }
    let begun = Instant::now();
    measured(&step, session.as_mut(), rows)?;
    println!("{step:12}{:12.0}", rows as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}
