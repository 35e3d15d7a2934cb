//! Replays every input that a fuzz run once found something with, and real bytes with bits flipped, through the fuzz entries.

mod fuzz_entries;
mod fuzz_seeds;

use std::fs;
use std::path::Path;

use fuzz_entries::TARGETS;

/// A small generator of numbers (xorshift), so that every run flips the same bits.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

fn mutated(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut input = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let place = numbers.below(input.len());
        match numbers.below(4) {
            0 => input.truncate(place),
            1 => input.resize(input.len() + numbers.below(16), 0xFF),
            choice => {
                if let Some(byte) = input.get_mut(place) {
                    *byte =
                        if choice == 2 { *byte ^ 1 << numbers.below(8) } else { numbers.below(256) as u8 };
                }
            }
        }
    }
    input
}

#[test]
fn every_regression_input_of_the_fuzz_targets_is_survived() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions");
    let mut replayed = 0;
    for target in TARGETS {
        let inputs = fs::read_dir(folder.join(target.name)).into_iter().flatten().flatten();
        for path in inputs.map(|entry| entry.path()).filter(|path| path.is_file()) {
            ese_corpus::report!("{}", path.display());
            (target.run)(&fs::read(&path).expect("a regression input is readable"));
            replayed += 1;
        }
        for length in [0, 1, 2, 3, 4, 5, 8, 16, 40, 80, 668, 4096, 65536] {
            for fill in [0x00, 0x01, 0x7F, 0xFF] {
                (target.run)(&vec![fill; length]);
            }
        }
    }
    ese_corpus::report!("{replayed} regression inputs replayed through {} targets", TARGETS.len());
}

#[test]
fn real_bytes_with_a_few_of_them_changed_are_survived() {
    const CHANGED_PER_SEED: usize = 4;
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("real_bytes_with_a_few_of_them_changed_are_survived");
    };
    let mut numbers = Numbers(0x1234_5678_9ABC_DEF1);
    let all = fuzz_seeds::collect(&corpus);
    for target in TARGETS {
        let seeds = all.of(target.name);
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for seed in &seeds {
            (target.run)(seed);
            for _ in 0..CHANGED_PER_SEED {
                (target.run)(&mutated(seed, &mut numbers));
            }
        }
        ese_corpus::report!(
            "{}: {} real inputs, {} changed ones",
            target.name,
            seeds.len(),
            seeds.len() * CHANGED_PER_SEED
        );
    }
}
