//! Before-images in the log before a page is written (spec 06 §3.2 W3, §3.4).

use ese_engine::transaction::{BeginKind, CommitOptions};
use ese_format::log::record::{DBTIME_NIL, Record, VersionedOperation};

use crate::stage::{Stage, commit};

type Image = (u32, u16, u8, Vec<u8>, Vec<u8>);

fn images(stage: &Stage) -> Vec<Image> {
    let image = |record: &Record<'_>| match record {
        Record::UndoInfo(info) => {
            assert_eq!((info.node.page.dbtime, info.node.page.dbtime_before), (DBTIME_NIL, DBTIME_NIL));
            let level = info.node.page.level;
            Some((info.node.rceid, info.operation.0, level, info.key.to_vec(), info.before_image.to_vec()))
        }
        _ => None,
    };
    stage.records_logged(image).into_iter().flatten().collect()
}

#[test]
fn a_written_page_has_the_before_images_of_open_transactions_in_the_log() {
    let stage = Stage::new();
    stage.given(&[("1", "ten"), ("2", "twenty"), ("3", "\0\0\0\0")]);
    let (mut first, mut second) = (stage.begun(), stage.begun());
    stage.replace(&mut first, "1", "eleven").unwrap();
    second.begin(BeginKind::ReadWrite).unwrap();
    stage.delete(&mut second, "2").unwrap();
    stage.insert(&mut second, "4", "forty").unwrap();
    stage.add(&mut first, "3", 1).unwrap();
    assert_eq!(images(&stage), []);
    stage.write_pages();
    let logged = images(&stage);
    let shown: Vec<_> =
        logged.iter().map(|(_, oper, level, key, before)| (*oper, *level, &key[..], &before[..])).collect();
    let expected: [(u16, u8, &[u8], &[u8]); 2] =
        [(VersionedOperation::REPLACE.0, 1, b"1", b"ten"), (VersionedOperation::FLAG_DELETE.0, 2, b"2", b"")];
    assert_eq!(shown, expected, "inserts and deltas need none");
    stage.write_pages();
    assert_eq!(images(&stage), logged, "none is logged twice");
    first.rollback().unwrap();
    second.rollback().unwrap();
    assert_eq!(images(&stage), logged, "also not by the undo");
}

#[test]
fn an_image_is_of_the_level_that_its_version_has_come_to() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let mut session = stage.begun();
    session.begin(BeginKind::ReadWrite).unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.replace(&mut session, "1", "eleven").unwrap();
    commit(&mut session);
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.write_pages();
    let levels: Vec<u8> = images(&stage).into_iter().map(|(_, _, level, _, _)| level).collect();
    assert_eq!(levels, [2]);
}

#[test]
fn after_the_end_of_a_transaction_the_page_waits_for_its_record_instead() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    stage.write_pages();
    let mut session = stage.begun();
    stage.replace(&mut session, "1", "eleven").unwrap();
    let id = session.commit(CommitOptions::LAZY).unwrap().unwrap();
    assert!(stage.log.durable_tip() < id.position);
    stage.write_pages();
    assert!(stage.log.durable_tip() >= id.position, "the page is on disk, so its commit is");
    assert_eq!(images(&stage), []);
}

#[test]
fn a_version_taken_back_has_no_image() {
    let stage = Stage::new();
    stage.given(&[("1", "ten"), ("2", "twenty")]);
    let mut session = stage.begun();
    stage.replace(&mut session, "2", "other").unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    stage.delete(&mut session, "1").unwrap();
    session.rollback().unwrap();
    let of_undo = images(&stage).len();
    stage.write_pages();
    let keys: Vec<_> = images(&stage).into_iter().skip(of_undo).map(|(_, _, _, key, _)| key).collect();
    assert_eq!(keys, [b"2"]);
}

#[test]
fn an_image_says_how_much_of_the_page_is_set_aside() {
    let stage = Stage::new();
    let (long, short) = ("x".repeat(177), "x".repeat(77));
    stage.given(&[("grows", &short), ("shrinks", &long)]);
    let mut session = stage.begun();
    stage.replace(&mut session, "grows", &long).unwrap();
    stage.replace(&mut session, "shrinks", &short).unwrap();
    stage.replace(&mut session, "shrinks", &"x".repeat(100)).unwrap();
    stage.write_pages();
    let sizes = stage.records_logged(|record| match record {
        Record::UndoInfo(info) => Some((info.before_image.len(), info.max_size, info.size_delta)),
        _ => None,
    });
    let sizes: Vec<_> = sizes.into_iter().flatten().collect();
    // The forms met in real logs (docs/format/undo-info.md): 99 -> 132: 132, 0; 1776 -> 776: 1776, 1000.
    assert_eq!(sizes, [(77, 177, 0), (177, 177, 100), (77, 177, -23)]);
}
