//! Restores beside the running instance, with its logs: everything acknowledged before the restore is restored, while the
//! writers write on.

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
fn restores_beside_the_running_instance_have_all_that_was_acknowledged() {
    let begun = Instant::now();
    let scene = Scene {
        name: "fire-target",
        seed: seed() + 5,
        databases: 1,
        circular: Circular::Off,
        page_size: PageSize::K8,
    };
    let count = backups().div_ceil(4);
    let stage = Stage::set(scene);
    let mut players = Player::all(scene.seed, scene.databases);
    let mut dice = Dice::new(scene.seed ^ 0x7A26);
    let mut written_meanwhile = 0;
    stage.under_fire(|| {
        for number in 0..count {
            wait(&mut dice);
            let full = stage.take(&format!("full{number}"), BackupKind::Full, LogTruncation::Deleted);
            let mut links = Vec::new();
            for link in 0..dice.below(3) {
                wait(&mut dice);
                let name = format!("logs{number}-{link}");
                links.push(stage.take(&name, BackupKind::LogsOnly, LogTruncation::Deleted));
            }
            wait(&mut dice);
            let set = Set { full: &full, logs: links.iter().collect() };
            let place = Place::with(&scene, &set, &[0]);
            let least = stage.progress.acknowledged();
            let restored = place.restore(&set, &stage.live(), Some(&stage.instance));
            let restored = restored.unwrap_or_else(|error| panic!("backup {number}: {error}"));
            let most = stage.progress.asked();
            assert_eq!(restored.warning, Some(JetError::WRN_TARGET_INSTANCE_RUNNING));
            let _quiet = stage.progress.pause();
            let point = place.compare(&mut players, (least, most));
            written_meanwhile += most.iter().sum::<u64>() - point.iter().sum::<u64>();
            if number + 1 == count {
                place.keep(scene.name);
            }
        }
    });
    stage.end();
    report!(
        "{}, seed {}: {count} restores beside the running instance, which committed {written_meanwhile} transactions \
         during them; each equal to its model; {:.1} s",
        scene.name,
        scene.seed,
        begun.elapsed().as_secs_f64()
    );
}
