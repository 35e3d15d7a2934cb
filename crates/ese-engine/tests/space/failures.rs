//! The log fails, the disk fails, the disk is full, the database may not grow: an error, and nothing has two owners.

use std::io::ErrorKind;

use ese_engine::file_map::Logging;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::model::operate;
use crate::stage::{Dice, Plan, Stage, table};

const PLAN: Plan = Plan { size: PageSize::K4, root_pages: 12, extension: 4, logging: Logging::On };

fn assert_sound(stage: &Stage, what: &str) {
    let report = stage.verify();
    assert!(report.is_sound(), "{what}: {:#?}", report.damage().take(3).collect::<Vec<_>>());
}

#[test]
fn a_log_that_fails_at_any_call_leaves_no_damage() {
    let (mut failed, mut done) = (0, 0);
    for seed in 0..4 {
        let mut stage = Stage::new(PLAN);
        let mut dice = Dice::new(seed);
        for step in 0..400 {
            stage.writer.fails_after = Some(dice.below(12) as u64);
            match operate(&mut stage, &mut dice) {
                Ok(()) => done += 1,
                Err(error) => {
                    assert_eq!(error.jet(), JetError::LOG_DISK_FULL, "{error}");
                    failed += 1;
                    assert_sound(&stage, &format!("seed {seed}, step {step}"));
                }
            }
            stage.writer.fails_after = None;
        }
        assert_sound(&stage, &format!("seed {seed}"));
        stage.check_redo();
    }
    ese_corpus::report!("{failed} operations failed with their log, {done} were done");
    assert!(failed > 200);
}

#[test]
fn a_disk_that_fails_at_any_call_leaves_no_damage() {
    let (mut failed, mut done) = (0, 0);
    for seed in 0..3 {
        let mut stage = Stage::new(PLAN);
        let mut dice = Dice::new(100 + seed);
        for step in 0..300 {
            stage.disk.fail_once(dice.below(3) as u64, ErrorKind::StorageFull);
            match operate(&mut stage, &mut dice) {
                Ok(()) => done += 1,
                Err(error) => {
                    assert_eq!(error.jet(), JetError::DISK_FULL, "{error}");
                    failed += 1;
                    stage.disk.heal();
                    assert_sound(&stage, &format!("seed {seed}, step {step}"));
                }
            }
            stage.disk.heal();
        }
        assert_sound(&stage, &format!("seed {seed}"));
    }
    ese_corpus::report!("{failed} operations failed with the disk, {done} were done");
    assert!(failed > 20);
}

#[test]
fn a_full_disk_is_an_error_and_room_on_it_the_end_of_it() {
    let mut stage = Stage::new(PLAN);
    let root = stage.create(None, table(1)).unwrap();
    stage.disk.set_size(Some(stage.disk.used()));
    let refused = loop {
        match stage.fill(root, 1, 500) {
            Ok(()) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(refused.jet(), JetError::DISK_FULL);
    let nodes = stage.check().counts.entries;
    assert_eq!(stage.fill(root, 1, 500).unwrap_err().jet(), JetError::DISK_FULL);
    assert_eq!(stage.check().counts.entries, nodes);
    stage.disk.set_size(None);
    stage.fill(root, 100, 500).unwrap();
    assert_eq!(stage.check().counts.entries, nodes + 100);
}

#[test]
fn a_database_at_its_largest_size_is_out_of_space() {
    let mut stage = Stage::new(PLAN);
    let root = stage.create(None, table(1)).unwrap();
    stage.map.set_pages_max(21);
    let refused = loop {
        match stage.fill(root, 1, 900) {
            Ok(()) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(refused.jet(), JetError::OUT_OF_DATABASE_SPACE);
    assert_eq!(stage.check().counts.owned_pages, 21, "the last growth is cut to what may be");
    stage.map.set_pages_max(0);
    stage.fill(root, 50, 900).unwrap();
    stage.check();
}
