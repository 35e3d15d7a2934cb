//! Records that lie: an error, never a panic, a hang or a page latched twice.

use ese_corpus::{corpus, report, skipped};
use ese_engine::error::Result;
use ese_engine::redo::{Redo, Verdict, verdict};
use ese_format::error::JetError;
use ese_format::log::record::{DBTIME_NIL, ImageFlags, MacroMark, NewPage, Record, RecordType, SplitType};
use ese_format::page::PageMut;
use ese_format::page_size::PageSize;

use crate::flush_order::Chance;
use crate::memory::{MemoryPages, OneDatabase, Watch};
use crate::sets::{Logs, begin_everywhere, one_database};

#[test]
fn the_redo_rule_has_five_cases() {
    let cases = [
        (10, 7, 10, Verdict::Applied),
        (12, 7, 10, Verdict::Applied),
        (7, 7, 10, Verdict::Needed),
        (5, DBTIME_NIL, 10, Verdict::Needed),
        (5, 7, 10, Verdict::TooOld),
        (8, 7, 10, Verdict::TooNew),
    ];
    for (page, before, after, expected) in cases {
        assert_eq!(verdict(page, before, after), expected, "{page} {before} {after}");
    }
}

/// The stored records of a set's logs with their positions, up to the first recovery.
fn records_of(folders: &[&str]) -> Option<Vec<(ese_format::lgpos::Lgpos, Vec<u8>)>> {
    let corpus = corpus()?;
    let mut records = Vec::new();
    Logs::of(&corpus, folders).visit(|record| records.push((record.position, record.bytes.to_vec())));
    Some(records)
}

fn feed_bytes(
    redo: &mut Redo,
    position: ese_format::lgpos::Lgpos,
    bytes: &[u8],
    target: &mut OneDatabase,
) -> Result<()> {
    match Record::decode(bytes) {
        Ok(record) if Redo::takes(record.record_type()) => redo.record(position, &record, bytes, target),
        _ => Ok(()),
    }
}

#[test]
fn mutated_records_end_in_errors() {
    const SEEDS: u64 = 300;
    let Some(records) = records_of(&["ese/crash-E/dirty"]) else {
        return skipped("mutated_records_end_in_errors");
    };
    let (mut refused, mut survived, mut mutations) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut chance = Chance(seed);
        let pages = MemoryPages::watched(PageSize::K4, Watch::Nothing);
        let mut target = one_database(pages, 1, if seed % 2 == 0 { 0 } else { i32::MAX });
        let mut redo = Redo::new();
        let mut failed = false;
        for (position, bytes) in &records {
            let mut bytes = bytes.clone();
            if bytes.len() > 8 && chance.below(400) == 0 {
                let at = 1 + chance.below(bytes.len().min(120) - 1);
                bytes[at] = chance.below(256) as u8;
                mutations += 1;
            }
            if feed_bytes(&mut redo, *position, &bytes, &mut target).is_err() {
                failed = true;
                break;
            }
        }
        if failed { refused += 1 } else { survived += 1 }
    }
    report!(
        "mutated records: seeds 0..{SEEDS}, {mutations} mutations, {refused} replays refused, {survived} went through"
    );
    assert!(refused > 0);
}

/// Replays up to the first macro whose last split needs an image, then gives its records to `change`.
fn with_first_image_split(
    records: &[(ese_format::lgpos::Lgpos, Vec<u8>)],
    change: impl Fn(&mut Vec<Vec<u8>>, &OneDatabase),
) -> Result<()> {
    let mut target = one_database(MemoryPages::new(PageSize::K4), 1, i32::MAX);
    let mut redo = Redo::new();
    let mut pending: Option<(MacroMark, Vec<Vec<u8>>)> = None;
    for (position, bytes) in records {
        let record = Record::decode(bytes).expect("a record of the corpus");
        match (&record, &mut pending) {
            (Record::MacroBegin(mark), None) => pending = Some((*mark, Vec::new())),
            (Record::MacroCommit(_), Some((mark, members))) => {
                let needs_image = members.iter().any(|member| {
                    matches!(Record::decode(member), Ok(Record::Split2(split))
                        if split.split.needs_image() && split.split.split_type == SplitType::RIGHT)
                });
                if needs_image {
                    change(members, &target);
                }
                let begin = Record::MacroBegin(*mark).encode().expect("a short record");
                feed_bytes(&mut redo, *position, &begin, &mut target)?;
                for member in members.iter() {
                    feed_bytes(&mut redo, *position, member, &mut target)?;
                }
                feed_bytes(&mut redo, *position, bytes, &mut target)?;
                pending = None;
                if needs_image {
                    return Ok(());
                }
            }
            (_, Some((mark, members)))
                if record.page_operation().is_some_and(|page| page.dbtime == mark.dbtime) =>
            {
                members.push(bytes.clone());
            }
            _ => feed_bytes(&mut redo, *position, bytes, &mut target)?,
        }
    }
    panic!("no split with an image in this set");
}

fn edit_split(members: &mut [Vec<u8>], edit: impl Fn(&mut ese_format::log::record::Split2<'_>)) {
    for member in members {
        let copy = member.clone();
        if let Ok(Record::Split2(mut split)) = Record::decode(&copy)
            && split.split.needs_image()
        {
            edit(&mut split);
            *member = Record::Split2(split).encode().expect("fits");
        }
    }
}

#[test]
fn contradictions_are_named() {
    let Some(records) = records_of(&["ese/crash-B/dirty"]) else {
        return skipped("contradictions_are_named");
    };
    let refused = |change: &dyn Fn(&mut Vec<Vec<u8>>, &OneDatabase)| {
        with_first_image_split(&records, change).map_err(|error| error.jet())
    };
    assert_eq!(refused(&|_, _| {}), Ok(()), "the split as it was logged");

    // The split page was written, the new one not, and the image is missing.
    let source_is_newer = |members: &[Vec<u8>], target: &OneDatabase| {
        for member in members {
            if let Ok(Record::Split2(split)) = Record::decode(member) {
                let number = split.split.page.page_number;
                let mut bytes = target.database.pages().get(number).expect("was built");
                PageMut::open(&mut bytes, PageSize::K4, number).unwrap().set_dbtime(split.split.page.dbtime);
                target.database.pages().put(number, bytes);
            }
        }
    };
    assert_eq!(
        refused(&|members, target| source_is_newer(members, target)),
        Ok(()),
        "restored from its image"
    );
    let missing = refused(&|members, target| {
        source_is_newer(members, target);
        edit_split(members, |split| split.image = &[]);
    });
    assert_eq!(missing, Err(JetError::DATABASE_BUFFER_DEPENDENCIES_CORRUPTED));
    let packed_otherwise = refused(&|members, target| {
        source_is_newer(members, target);
        edit_split(members, |split| split.image_flags = ImageFlags::empty());
    });
    assert_eq!(packed_otherwise, Err(JetError::LOG_CORRUPTED));

    type Lie = (&'static str, &'static dyn Fn(&mut ese_format::log::record::Split2<'_>), JetError);
    let cases: [Lie; 6] = [
        ("line count", &|split| split.split.line_count += 1, JetError::LOG_CORRUPTED),
        ("split line", &|split| split.split.split_line = 4000, JetError::LOG_CORRUPTED),
        ("prefix line", &|split| split.split.prefix_line_new = 4000, JetError::LOG_CORRUPTED),
        (
            "a page twice",
            &|split| split.split.new_page = split.split.page.page_number,
            JetError::LOG_CORRUPTED,
        ),
        ("older page", &|split| split.split.page.dbtime_before -= 1, JetError::DB_TIME_TOO_NEW),
        ("other tree", &|split| split.split.objid += 1, JetError::LOG_CORRUPTED),
    ];
    for (name, edit, expected) in cases {
        assert_eq!(refused(&|members, _| edit_split(members, edit)), Err(expected), "{name}");
    }
}

#[test]
fn lost_updates_are_excused_only_where_something_cuts_the_page_off() {
    let Some(records) = records_of(&["ese/crash-B/dirty"]) else {
        return skipped("lost_updates_are_excused_only_where_something_cuts_the_page_off");
    };
    let replay = |required: i32, remove: u32| {
        let mut target = one_database(MemoryPages::new(PageSize::K4), 1, required);
        let mut redo = Redo::new();
        for (index, (position, bytes)) in records.iter().enumerate() {
            if index == records.len() * 9 / 10 {
                target.database.pages().put(remove, vec![0; 4096]);
            }
            feed_bytes(&mut redo, *position, bytes, &mut target).map_err(|error| error.jet())?;
        }
        target.database.check_maps().map_err(|error| error.jet())
    };
    let is_change = |bytes: &Vec<u8>| bytes.first() == Some(&(RecordType::Insert as u8));
    let last = records.iter().rev().find(|(_, bytes)| is_change(bytes)).expect("an insert");
    let page = Record::decode(&last.1).unwrap().page_operation().expect("an insert has one").page_number;
    assert_eq!(replay(0, page), Err(JetError::PAGE_NOT_INITIALIZED), "outside of the required range at once");
    assert_eq!(replay(i32::MAX, page), Err(JetError::PAGE_NOT_INITIALIZED), "inside of it at the end");
}

#[test]
fn a_page_newer_than_the_required_range_is_refused() {
    let mut target = one_database(MemoryPages::new(PageSize::K4), 1, 0);
    let mut redo = Redo::new();
    begin_everywhere(&mut redo, &mut target);
    let Some(records) = records_of(&["ese/crash-B/dirty"]) else {
        return skipped("a_page_newer_than_the_required_range_is_refused");
    };
    let insert =
        records.iter().position(|(_, bytes)| bytes[0] == RecordType::Insert as u8).expect("an insert");
    for (position, bytes) in records.get(..=insert).expect("so many") {
        feed_bytes(&mut redo, *position, bytes, &mut target).unwrap();
    }
    let (position, bytes) = &records[insert];
    let again = feed_bytes(&mut redo, *position, bytes, &mut target).map_err(|error| error.jet());
    assert_eq!(again, Err(JetError::DB_TIME_BEYOND_MAX_REQUIRED));
}

#[test]
fn old_forms_without_images_are_refused() {
    let mut target = one_database(MemoryPages::new(PageSize::K4), 1, 0);
    let mut redo = Redo::new();
    begin_everywhere(&mut redo, &mut target);
    let mut refused = 0;
    for (code, length) in [(26_u8, 60_usize), (27, 102), (28, 88)] {
        let mut bytes = vec![0; length];
        bytes[0] = code;
        let record = Record::decode(&bytes).expect("zeros are fields");
        let result = redo.record(ese_format::lgpos::Lgpos::new(1, 1, 1), &record, &bytes, &mut target);
        assert_eq!(result.map_err(|error| error.jet()), Err(JetError::BAD_LOG_VERSION));
        refused += 1;
    }
    assert_eq!(refused, 3);
    let new = NewPage { procid: 1, dbid: 1, page_number: 0, objid: 1, dbtime: 1 };
    let bytes = Record::NewPage(new).encode().unwrap();
    let result = feed_bytes(&mut redo, ese_format::lgpos::Lgpos::new(1, 1, 2), &bytes, &mut target);
    assert_eq!(result.map_err(|error| error.jet()), Err(JetError::LOG_CORRUPTED), "page 0");
}
