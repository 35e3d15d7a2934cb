//! Point reads and scans of libesent alone, for a profiler: `point_reads [ROUNDS]`.

use anyhow::Result;
use ese_benches::engines::{Commit, Libesent, Write};

const ROWS: u64 = 100_000;
const BATCH: usize = 1000;

fn main() -> Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(20), |text| text.parse())?;
    let place = tempfile::tempdir()?;
    let store = Libesent::create(place.path(), 256 << 20)?;
    let mut session = store.session()?;
    let keys: Vec<u64> = (0..ROWS).collect();
    for batch in keys.chunks(BATCH) {
        session.write(batch, Write::Insert, Commit::Lazy)?;
    }
    let mut sum = 0;
    for round in 0..rounds {
        let mixed: Vec<u64> = keys.iter().map(|key| (key * 7919 + round) % ROWS).collect();
        for batch in mixed.chunks(BATCH) {
            sum += session.read(batch)?;
        }
        sum += session.scan()?.1;
    }
    println!("{sum}");
    Ok(())
}
