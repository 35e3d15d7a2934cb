//! How long changes take. Run by hand: `cargo test -p ese-engine --test btree speed -- --ignored`.

use std::time::Instant;

use ese_corpus::report;
use ese_engine::btree::Versioning;
use ese_format::page_size::PageSize;

use crate::stage::{Dice, Keys, Plan, Stage};

const ROWS: u64 = 300_000;

fn measure(name: &str, mut change: impl FnMut(u64)) {
    let start = Instant::now();
    for row in 0..ROWS {
        change(row);
    }
    report!("btree speed, {name}: {} ns each", start.elapsed().as_nanos() / u128::from(ROWS));
}

fn mixed(row: u64) -> [u8; 8] {
    row.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()
}

#[test]
#[ignore = "a measurement"]
fn changes_one_by_one() {
    for size in [PageSize::K8, PageSize::K32] {
        let plan = Plan { keeps_records: false, ..Plan::new(size, Keys::Unique) };
        let data = [7_u8; 100];
        let unversioned = Versioning::Unversioned;
        let stage = Stage::new(plan);
        let mut session = stage.session(1);
        measure("sequential insert", |row| {
            stage.tree.insert(&mut session, &row.to_be_bytes(), &data, unversioned).unwrap();
        });
        let stage = Stage::new(plan);
        let mut session = stage.session(1);
        measure("random insert", |row| {
            stage.tree.insert(&mut session, &mixed(row), &data, unversioned).unwrap();
        });
        measure("random replace", |row| {
            let data = [row as u8; 100];
            stage.tree.replace(&mut session, &mixed(row), &data, unversioned).unwrap();
        });
        let mut dice = Dice::new(3);
        measure("random lookup", |_| {
            let key = mixed(dice.next() % ROWS);
            assert!(stage.tree.tree().lookup(&key, &[]).unwrap().is_some());
        });
        let mut cursor = stage.tree.tree().cursor();
        measure("scan", |_| assert!(cursor.move_next().unwrap()));
        drop(cursor);
        measure("random delete", |row| stage.tree.delete(&mut session, &mixed(row), &[]).unwrap());
    }
}
