//! The power goes behind every single record: what redo makes of the rest has leaks at worst, never a page with two
//! owners.

use ese_engine::file_map::Logging;
use ese_format::page_size::PageSize;

use crate::model::operate;
use crate::stage::{Dice, Plan, Stage};

#[test]
fn a_crash_behind_any_record_leaks_and_never_gives_a_page_two_owners() {
    let (mut points, mut leaks) = (0, 0);
    for (seed, size, extension) in [(1, PageSize::K2, 1), (2, PageSize::K4, 16), (3, PageSize::K4, 4)] {
        let plan = Plan { size, root_pages: 8, extension, logging: Logging::On };
        let mut stage = Stage::new(plan);
        let first = stage.writer.records.len();
        let mut dice = Dice::new(seed);
        for _ in 0..120 {
            operate(&mut stage, &mut dice).unwrap();
        }
        for records in first..stage.writer.records.len() {
            let report = stage.verify_after_crash(records);
            assert!(
                report.is_sound(),
                "seed {seed}, behind record {records}: {:#?}",
                report.damage().take(3).collect::<Vec<_>>()
            );
            leaks += u64::from(report.counts.leaked_pages > 0);
            points += 1;
        }
    }
    ese_corpus::report!("{points} crashes, {leaks} of them with leaked or held pages, 0 with damage");
    assert!(points > 1000);
}
