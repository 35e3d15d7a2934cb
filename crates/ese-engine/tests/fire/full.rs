//! Full backups, one after the other, each restored on its own.

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

fn full_backups(scene: Scene, count: u64, truncation_of: impl Fn(&mut Dice) -> LogTruncation) {
    let begun = Instant::now();
    let stage = Stage::set(scene);
    let mut players = Player::all(scene.seed, scene.databases);
    let mut dice = Dice::new(scene.seed ^ 0xF1FE);
    let (mut bytes, mut logs) = (0, 0);
    let mut point = [0; 8];
    stage.under_fire(|| {
        for number in 0..count {
            wait(&mut dice);
            let name = format!("full{number}");
            let taken = stage.take(&name, BackupKind::Full, truncation_of(&mut dice));
            bytes += taken.report.bytes;
            logs += taken.report.generations.len();
            let set = Set::of(&taken);
            let _quiet = stage.progress.pause();
            let place = Place::with(&scene, &set, &[0]);
            let restored = place.restore(&set, &stage.live(), None);
            let restored = restored.unwrap_or_else(|error| panic!("backup {number}: {error}"));
            assert_eq!(restored.warning, None);
            point = place.compare(&mut players, set.bounds());
            if number + 1 == count {
                place.keep(scene.name);
            }
            std::fs::remove_dir_all(&taken.folder).expect("it is ours");
        }
        if scene.circular == Circular::On {
            let refused = stage.try_take("logs", BackupKind::LogsOnly, LogTruncation::Deleted);
            assert_eq!(refused.map(|_| ()).unwrap_err().jet(), JetError::INVALID_BACKUP);
        }
    });
    stage.end();
    report!(
        "{}, seed {}: {count} full backups of {} MB with {logs} logs, each restored and equal to its model, at last {} \
         transactions of {} threads; {:.1} s",
        scene.name,
        scene.seed,
        bytes >> 20,
        point.iter().sum::<u64>(),
        point.len(),
        begun.elapsed().as_secs_f64()
    );
}

#[test]
fn full_backups_under_fire_are_what_was_committed() {
    let scene = Scene {
        name: "fire-full",
        seed: seed(),
        databases: 1,
        circular: Circular::Off,
        page_size: PageSize::K8,
    };
    // Now and then it is a copy.
    full_backups(scene, backups(), |dice| match dice.below(5) {
        0 => LogTruncation::Kept,
        _ => LogTruncation::Deleted,
    });
}

#[test]
fn full_backups_under_fire_with_circular_logging() {
    let scene = Scene {
        name: "fire-circular",
        seed: seed() + 1,
        databases: 1,
        circular: Circular::On,
        page_size: PageSize::K4,
    };
    full_backups(scene, backups().div_ceil(2), |_| LogTruncation::Deleted);
}
