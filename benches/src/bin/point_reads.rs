//! Point reads and scans of libesent alone, for a profiler: `point_reads [ROUNDS OF READS] [SCANS]`.

use std::time::{Duration, Instant};

use anyhow::Result;
use ese_benches::engines::{Commit, Libesent, Write};

const ROWS: u64 = 100_000;
const BATCH: usize = 1000;

fn main() -> Result<()> {
    let argument = |place| std::env::args().nth(place).map_or(Ok(20), |text| text.parse::<u64>());
    let (rounds, scans) = (argument(1)?, argument(2)?);
    let place = tempfile::tempdir()?;
    let store = Libesent::create(place.path(), 256 << 20)?;
    let mut session = store.session()?;
    let keys: Vec<u64> = (0..ROWS).collect();
    for batch in keys.chunks(BATCH) {
        session.write(batch, Write::Insert, Commit::Lazy)?;
    }
    let mut sum = 0;
    let begun = Instant::now();
    for round in 0..rounds {
        let mixed: Vec<u64> = keys.iter().map(|key| (key * 7919 + round) % ROWS).collect();
        for batch in mixed.chunks(BATCH) {
            sum += session.read(batch)?;
        }
    }
    let read = begun.elapsed();
    for _ in 0..scans {
        sum += session.scan()?.1;
    }
    let nanoseconds = |time: Duration, rounds: u64| time.as_nanos() as u64 / (rounds * ROWS).max(1);
    println!("{} ns a read, {} ns a row scanned ({sum})", nanoseconds(read, rounds), nanoseconds(begun.elapsed() - read, scans));
    Ok(())
}
