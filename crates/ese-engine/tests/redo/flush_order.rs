//! Spec 06 §20.2: pages may reach the disk in any order. Every page starts from some earlier image of itself, or from none.

use std::sync::Arc;

use ese_corpus::{corpus, report, skipped};
use ese_engine::redo::Redo;
use parking_lot::Mutex;

use crate::memory::{History, MemoryPages, OneDatabase, Watch};
use crate::rebuild::{WINDOWS, replay_tail};
use crate::sets::{Logs, bytes_of, feed, header_of, one_database};

const TRIALS: u64 = 40;

/// A sequence that a seed decides (SplitMix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

/// Pages that each begin somewhere in their history.
fn mixture(history: &History, target_size: ese_format::page_size::PageSize, seed: u64) -> MemoryPages {
    let mut chance = Chance(seed);
    let pages = MemoryPages::new(target_size);
    for (number, images) in history {
        if let Some(image) = images.get(chance.below(images.len() + 1)) {
            pages.put(*number, image.clone());
        }
    }
    pages
}

fn try_all(name: &str, history: &History, file: &[u8], replay: impl Fn(&mut OneDatabase) -> u64) {
    let size = header_of(file).page_size();
    let (mut pages, mut nodes, mut different, mut restored) = (0, 0, 0, 0);
    for seed in 0..TRIALS {
        let mut target = one_database(mixture(history, size, seed), 1, i32::MAX);
        restored += replay(&mut target);
        let compared = target.database.pages().compare(
            file,
            |page| history.contains_key(&page),
            |page, problem| {
                report!("{name}, seed {seed}: page {page}: {problem}");
            },
        );
        pages += compared.pages;
        nodes += compared.nodes;
        different += compared.different;
    }
    report!(
        "{name}: seeds 0..{TRIALS}, {pages} pages, {nodes} nodes, {different} different, {restored} restored from images"
    );
    assert_eq!(different, 0, "{name}");
    assert!(pages > 0 && restored > 0, "{name}");
}

#[test]
fn pages_reach_the_disk_in_any_order() {
    let Some(corpus) = corpus() else { return skipped("pages_reach_the_disk_in_any_order") };
    for set in ["crash-A", "crash-B", "crash-E", "crash-G"] {
        let file = bytes_of(&corpus, &format!("ese/{set}/recovered/crash.edb"));
        let logs = Logs::of(&corpus, &[&format!("ese/{set}/dirty"), &format!("ese/{set}/recovered")]);
        let replay = |target: &mut OneDatabase| {
            let mut redo = Redo::new();
            logs.visit(|record| {
                if let Err(error) = feed(&mut redo, record, target) {
                    panic!("{set}, {}: {:?}: {error}", record.position, record.record_type());
                }
            });
            target.database.check_maps().expect("no page stays put off");
            redo.counts().restored
        };
        let history = Arc::new(Mutex::new(History::new()));
        let watched = MemoryPages::watched(header_of(&file).page_size(), Watch::Keep(Arc::clone(&history)));
        replay(&mut one_database(watched, 1, 0));
        let history = std::mem::take(&mut *history.lock());
        try_all(set, &history, &file, replay);
    }
}

#[test]
fn pages_of_windows_reach_the_disk_in_any_order() {
    let Some(corpus) = corpus() else { return skipped("pages_of_windows_reach_the_disk_in_any_order") };
    for (name, folder, database) in WINDOWS {
        let file = bytes_of(&corpus, database);
        let size = header_of(&file).page_size();
        let logs = Logs::of(&corpus, &[folder]);
        let history = Arc::new(Mutex::new(History::new()));
        let watched = MemoryPages::watched(size, Watch::Keep(Arc::clone(&history)));
        replay_tail(&logs, &mut one_database(watched, 1, i32::MAX), size);
        let history = std::mem::take(&mut *history.lock());
        try_all(name, &history, &file, |target| replay_tail(&logs, target, size).restored);
    }
}
