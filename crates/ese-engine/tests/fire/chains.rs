//! A full backup and the backups of logs behind it: every prefix of a chain of incrementals, each differential alone.

use std::time::Instant;

use ese_corpus::report;
use ese_engine::backup::{BackupKind, LogTruncation};
use ese_engine::file_map::Logging;
use ese_engine::instance::{AttachRequest, Instance, TermKind, Writability};
use ese_engine::log::Circular;
use ese_format::page_size::PageSize;

use crate::model::{Dice, Player};
use crate::restored::{Place, Set};
use crate::stage::{Scene, Stage, wait};
use crate::{backups, seed};

const LINKS: u64 = 5;

/// Which logs a restore needs beside the full backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chain {
    /// All that were taken since.
    Incremental,
    /// The last.
    Differential,
}

fn chains(scene: Scene, count: u64, chain: Chain) {
    let begun = Instant::now();
    let stage = Stage::set(scene);
    let mut players = Player::all(scene.seed, scene.databases);
    let mut dice = Dice::new(scene.seed ^ 0xC4A1);
    let truncation = match chain {
        Chain::Incremental => LogTruncation::Deleted,
        Chain::Differential => LogTruncation::Kept,
    };
    let (mut restores, mut logs) = (0, 0);
    stage.under_fire(|| {
        for number in 0..count {
            wait(&mut dice);
            let full = stage.take(&format!("full{number}"), BackupKind::Full, LogTruncation::Deleted);
            let mut links = Vec::new();
            for link in 0..=LINKS {
                if link > 0 {
                    wait(&mut dice);
                    let name = format!("logs{number}-{link}");
                    links.push(stage.take(&name, BackupKind::LogsOnly, truncation));
                }
                let wanted = match chain {
                    Chain::Incremental => links.iter().collect(),
                    Chain::Differential => links.last().into_iter().collect(),
                };
                let set = Set { full: &full, logs: wanted };
                let _quiet = stage.progress.pause();
                let place = Place::with(&scene, &set, &[0]);
                let restored = place.restore(&set, &stage.live(), None);
                restored.unwrap_or_else(|error| panic!("chain {number}, link {link}: {error}"));
                place.compare(&mut players, set.bounds());
                starts_again(&place);
                restores += 1;
                if number + 1 == count && link == LINKS {
                    place.keep(scene.name);
                }
            }
            logs += links.iter().map(|taken| taken.report.generations.len()).sum::<usize>();
            for taken in links.iter().chain([&full]) {
                std::fs::remove_dir_all(&taken.folder).expect("it is ours");
            }
        }
    });
    stage.end();
    report!(
        "{}, seed {}: {count} chains of a full backup and {LINKS} of logs ({logs} logs), {restores} restores equal to \
         their model; {:.1} s",
        scene.name,
        scene.seed,
        begun.elapsed().as_secs_f64()
    );
}

/// What was restored can be worked on at once, with the log that the restore began.
fn starts_again(place: &Place) {
    let instance = Instance::start(place.settings()).expect("a restore leaves a log to go on with");
    let mut session = instance.transactions().begin_session().expect("the first session");
    let request = AttachRequest {
        path: place.database(0),
        writability: Writability::Writable,
        logging: Logging::On,
        pages_max: 0,
    };
    instance.attach_database(&session, &request).expect("a restored database is clean");
    session.end().expect("it is in no transaction");
    instance.stop(TermKind::Complete).expect("nothing is in use");
}

fn scene(name: &'static str, seed: u64, page_size: PageSize) -> Scene {
    Scene { name, seed, databases: 1, circular: Circular::Off, page_size }
}

#[test]
fn every_prefix_of_a_chain_of_incrementals_is_what_was_committed() {
    let scene = scene("fire-incremental", seed() + 2, PageSize::K16);
    chains(scene, backups().div_ceil(10), Chain::Incremental);
}

#[test]
fn every_differential_is_what_was_committed() {
    let scene = scene("fire-differential", seed() + 3, PageSize::K4);
    chains(scene, backups().div_ceil(10), Chain::Differential);
}
