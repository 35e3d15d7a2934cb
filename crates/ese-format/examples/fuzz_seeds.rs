//! Writes real inputs for the fuzz targets into `FOLDER/TARGET/`: `cargo run -p ese-format --example fuzz_seeds -- FOLDER`.

#[path = "../tests/fuzz_entries/mod.rs"]
mod fuzz_entries;
#[path = "../tests/fuzz_seeds/mod.rs"]
mod fuzz_seeds;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: fuzz_seeds FOLDER");
        return ExitCode::FAILURE;
    };
    let Some(corpus) = ese_corpus::corpus() else {
        ese_corpus::skipped("fuzz_seeds");
        return ExitCode::SUCCESS;
    };
    let seeds = fuzz_seeds::collect(&corpus);
    for fuzz_entries::Target { name, run } in fuzz_entries::TARGETS {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).expect("the corpus folder can be made");
        let inputs = seeds.of(name);
        for (number, seed) in inputs.iter().enumerate() {
            // A real input that a target cannot take is better met here than in a long run.
            run(seed);
            fs::write(folder.join(format!("seed-{number:04}")), seed).expect("a seed can be written");
        }
        println!("{name}: {} seeds", inputs.len());
    }
    ExitCode::SUCCESS
}
