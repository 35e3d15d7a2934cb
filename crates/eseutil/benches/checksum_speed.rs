//! `eseutil /k` on a generated 1 GB database beside `cat FILE >/dev/null`, both from a warm cache: the time of each and
//! their ratio are printed; the run fails below 60 % of `cat`.
//!
//! `cargo bench -p eseutil --bench checksum_speed`; `ESEUTIL_BENCH_MEGABYTES` makes the file smaller or larger.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ese_format::checksum::seal_page;
use ese_format::database_header::DatabaseHeader;
use ese_format::page_size::PageSize;

const RUNS: usize = 5;
const RATIO_MIN: f64 = 0.6;

/// Writes a database whose pages are full of bytes and carry their right checksums.
fn generate(path: &Path, megabytes: u32) -> std::io::Result<u32> {
    let size = PageSize::K4;
    let pages = megabytes.saturating_mul(256).saturating_sub(2);
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let header = DatabaseHeader::new(size).encode();
    file.write_all(&header)?;
    file.write_all(&header)?;
    let mut page: Vec<u8> =
        (0..size.bytes()).map(|index| (index.wrapping_mul(2_654_435_761) >> 8) as u8).collect();
    for number in 1..=pages {
        if let Some(place) = page.get_mut(100..104) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        seal_page(&mut page, size, number).expect("the page is whole");
        file.write_all(&page)?;
    }
    file.flush()?;
    Ok(pages)
}

/// The fastest of some runs: the one least disturbed by others on the machine.
fn fastest(mut command: impl FnMut() -> Command) -> Duration {
    (0..RUNS)
        .map(|_| {
            let started = Instant::now();
            let status = command().stdout(Stdio::null()).status().expect("the program can be started");
            assert!(status.success(), "{status}");
            started.elapsed()
        })
        .min()
        .expect("there are runs")
}

fn main() {
    let megabytes =
        std::env::var("ESEUTIL_BENCH_MEGABYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(1024);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("generated.edb");
    let pages = generate(&path, megabytes).expect("the database can be written");
    let cat = || {
        let mut command = Command::new("cat");
        command.arg(&path);
        command
    };
    let checksum = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eseutil"));
        command.arg("/k").arg(&path);
        command
    };
    // Once each, to fill the cache.
    fastest(cat);
    let (cat, checksum) = (fastest(cat), fastest(checksum));
    let ratio = cat.as_secs_f64() / checksum.as_secs_f64();
    let rate = |time: Duration| f64::from(megabytes) / time.as_secs_f64();
    println!("{pages} pages, {megabytes} MB, best of {RUNS}");
    println!("cat        {:>8.0} MB/s  {cat:?}", rate(cat));
    println!("eseutil /k {:>8.0} MB/s  {checksum:?}", rate(checksum));
    println!("eseutil /k runs at {:.0} % of cat", ratio * 100.0);
    assert!(ratio >= RATIO_MIN, "slower than {RATIO_MIN} of cat");
}
