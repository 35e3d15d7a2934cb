//! Writes of libesent alone, for a profiler: `writes STEP [ROWS] [FOLDER]`, a step being `sequential`, `random`,
//! `update`, `durable` or `grow`. It tells the rows a second of that step, and of the inserts before an update.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use ese_benches::engines::{Commit, Libesent, Session, Store, Write};

/// Rows of one transaction.
const BATCH: usize = 1000;
/// Cache that holds everything.
const CACHE_BYTES: usize = 256 << 20;
/// Bytes that a row takes with what surrounds it, roughly.
const ROW_BYTES: u64 = 128;

/// The keys 0..rows in no order: a full cycle of steps that share no factor with the number of rows.
fn mixed(rows: u64) -> Vec<u64> {
    let common = |mut a: u64, mut b: u64| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let step = (rows * 3 / 5 + 1..).find(|step| common(*step, rows) == 1).unwrap_or(1);
    (0..rows).map(|at| at * step % rows).collect()
}

fn timed(title: &str, session: &mut dyn Session, keys: &[u64], write: Write) -> Result<()> {
    let begun = Instant::now();
    for batch in keys.chunks(BATCH) {
        session.write(batch, write, Commit::Lazy)?;
    }
    println!("{title:12}{:12.0}", keys.len() as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let step = arguments.next().context("which step?")?;
    let rows: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let place = tempfile::tempdir_in(folder)?;
    let cache_bytes = if step == "grow" { (rows * ROW_BYTES / 4) as usize } else { CACHE_BYTES };
    let store = Libesent::create(place.path(), cache_bytes)?;
    let mut session = store.session()?;
    let ascending: Vec<u64> = (0..rows).collect();
    match step.as_str() {
        "sequential" => timed("sequential", session.as_mut(), &ascending, Write::Insert)?,
        "random" | "grow" => timed(&step, session.as_mut(), &mixed(rows), Write::Insert)?,
        "update" => {
            timed("sequential", session.as_mut(), &ascending, Write::Insert)?;
            timed("update", session.as_mut(), &mixed(rows), Write::Update)?;
        }
        "durable" => {
            let begun = Instant::now();
            for key in &ascending {
                session.write(&[*key], Write::Insert, Commit::Durable)?;
            }
            println!("{step:12}{:12.0}", rows as f64 / begun.elapsed().as_secs_f64());
        }
        other => bail!("there is no step {other}"),
    }
    Ok(())
}
