//! Real inputs for the fuzz targets, taken from the corpus: a fuzzer that starts from them reaches deeper, and bits
//! flipped in them are the damage that happens.

mod database;
mod log;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Most seeds that a target keeps.
const SEEDS_MAX: usize = 400;
/// Bytes of the longest seed: more slow a fuzzer down without telling it anything new.
const SEED_BYTES_MAX: usize = 40_000;

/// Seeds by the name of the target.
#[derive(Default)]
pub(crate) struct Seeds(BTreeMap<&'static str, BTreeSet<Vec<u8>>>);

impl Seeds {
    fn add(&mut self, target: &'static str, seed: Vec<u8>) {
        if seed.len() <= SEED_BYTES_MAX {
            self.0.entry(target).or_default().insert(seed);
        }
    }

    /// The seeds of a target: all, or as many as are kept, spread over all there are.
    #[must_use]
    pub(crate) fn of(&self, target: &str) -> Vec<&[u8]> {
        let Some(all) = self.0.get(target) else { return Vec::new() };
        let step = all.len().div_ceil(SEEDS_MAX).max(1);
        all.iter().step_by(step).map(Vec::as_slice).collect()
    }
}

/// The seeds of every target.
#[must_use]
pub(crate) fn collect(corpus: &Path) -> Seeds {
    let mut seeds = Seeds::default();
    for file in ese_corpus::files(corpus) {
        let name = file.file_name().to_lowercase();
        if name.ends_with(".edb") || name.ends_with(".dat") || name.ends_with(".mdb") {
            database::collect(&file.bytes(), &mut seeds);
        } else if name.ends_with(".log") {
            log::collect_log(&file.bytes(), &mut seeds);
        } else if name.ends_with(".chk") {
            log::collect_checkpoint(&file.bytes(), &mut seeds);
        } else if name.ends_with(".jfm") {
            log::collect_flush_map(&file.bytes(), &mut seeds);
        }
    }
    seeds
}
