//! Two databases of one instance: restored together they are of one point; one of them alone needs the logs up to where the
//! other one was detached (spec 07 §11.9).

use std::time::Instant;

use ese_corpus::report;
use ese_engine::backup::{BackupKind, LogTruncation};
use ese_engine::log::Circular;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::model::{Dice, Player};
use crate::restored::{Place, Set};
use crate::stage::{Scene, Stage, wait};
use crate::{backups, seed};

#[test]
fn two_databases_are_restored_together_and_each_alone() {
    let begun = Instant::now();
    let scene = Scene {
        name: "fire-databases",
        seed: seed() + 4,
        databases: 2,
        circular: Circular::Off,
        page_size: PageSize::K32,
    };
    let count = backups().div_ceil(5);
    let stage = Stage::set(scene);
    let mut players = Player::all(scene.seed, scene.databases);
    let mut dice = Dice::new(scene.seed ^ 0xDA7A);
    let live = stage.live();
    let mut refused = 0;
    let last = stage.under_fire(|| {
        let mut last = None;
        for number in 0..count {
            wait(&mut dice);
            let taken = stage.take(&format!("full{number}"), BackupKind::Full, LogTruncation::Deleted);
            wait(&mut dice);
            let logs = stage.take(&format!("logs{number}"), BackupKind::LogsOnly, LogTruncation::Kept);
            let _quiet = stage.progress.pause();
            for set in [Set::of(&taken), Set { full: &taken, logs: vec![&logs] }] {
                let place = Place::with(&scene, &set, &[0, 1]);
                let restored = place.restore(&set, &live, None);
                restored.unwrap_or_else(|error| panic!("backup {number}, both: {error}"));
                place.compare(&mut players, set.bounds());
                for alone in [0, 1] {
                    let place = Place::with(&scene, &set, &[alone]);
                    let error =
                        place.restore(&set, &live, None).expect_err("the other one is attached still");
                    assert_eq!(error.jet(), JetError::ATTACHED_DATABASE_MISMATCH, "{error}");
                    refused += 1;
                }
            }
            last = Some(taken);
        }
        last.expect("there is one backup at least")
    });
    let end = (stage.progress.acknowledged(), stage.progress.asked());
    let (_folder, _) = stage.end();
    let set = Set::of(&last);
    for alone in [0, 1] {
        let place = Place::with(&scene, &set, &[alone]);
        place.add_logs_of(&live);
        let restored = place.restore(&set, &live, None);
        restored.unwrap_or_else(|error| panic!("database {alone} alone: {error}"));
        // All that was committed is in the logs.
        let point = place.compare(&mut players, end);
        assert_eq!(point, end.0);
        place.keep(if alone == 0 { "fire-first-alone" } else { "fire-second-alone" });
    }
    report!(
        "{}, seed {}: {} restores of two databases equal to their model and of one point, {refused} of one alone refused \
         (-1216), both alone to the end of the logs; {:.1} s",
        scene.name,
        scene.seed,
        2 * count,
        begun.elapsed().as_secs_f64()
    );
}
