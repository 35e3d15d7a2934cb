//! What trees look like after typical loads, and what is logged for it.

use ese_engine::btree::{TreeKind, Versioning, WritableTree};
use ese_engine::space_policy::SpacePolicy;
use ese_format::log::record::{MergeType, Record, RecordType, SplitType};
use ese_format::page::{PageFlags, PageView};
use ese_format::page_size::PageSize;
use ese_format::space::RootHeader;

use crate::replay::Replay;
use crate::stage::{Dice, Keys, OBJID, Plan, ROOT, Session, Stage};

const UNVERSIONED: Versioning = Versioning::Unversioned;

fn stage(size: PageSize) -> (Stage, Session) {
    let stage = Stage::new(Plan::new(size, Keys::Unique));
    let session = stage.session(5);
    (stage, session)
}

fn key(number: u32) -> Vec<u8> {
    [b"\x7F".as_slice(), &number.to_be_bytes()].concat()
}

/// Calls `look` with every leaf, from left to right.
fn leaves(stage: &Stage, look: &mut dyn FnMut(&PageView<'_>)) {
    let mut leaves = Vec::new();
    let tree = stage.tree.tree();
    let mut visit = |_: usize, page: &ese_engine::cache::PageGuard| {
        if page.view().flags().contains(PageFlags::LEAF) {
            leaves.push(page.number());
        }
        Ok(())
    };
    tree.visit_pages(&mut visit).unwrap();
    for leaf in leaves {
        look(&stage.file.latch(leaf).unwrap().view());
    }
}

fn types(stage: &Stage) -> Vec<RecordType> {
    let records = stage.journal.records.lock();
    records.iter().map(|bytes| Record::decode(bytes).unwrap().record_type()).collect()
}

#[test]
fn appended_leaves_are_filled_to_the_density_and_begin_with_their_prefix() {
    for (density, reserve) in [(80, 8192 / 5), (100, 0), (50, 8192 / 2)] {
        let (stage, mut session) = stage(PageSize::K8);
        let tree = stage.tree.clone().with_policy(SpacePolicy { density, ..SpacePolicy::default() });
        for number in 0..2000 {
            tree.insert(&mut session, &key(number), &[1; 90], UNVERSIONED).unwrap();
        }
        let (mut full, mut last_free) = (0, 0);
        leaves(&stage, &mut |leaf| {
            if leaf.next() != 0 {
                let free = leaf.free_bytes();
                assert!((reserve..reserve + 110).contains(&free), "density {density}: {free} bytes free");
                full += 1;
            }
            if leaf.previous() != 0 {
                let first = leaf.node(0).unwrap();
                assert_eq!(leaf.key_prefix().unwrap(), first.key().to_vec());
                assert!(first.suffix.is_empty());
            }
            last_free = leaf.free_bytes();
        });
        assert!(full > 20 && last_free > 0);
        assert_eq!(stage.walk().len(), 2000);
    }
}

#[test]
fn an_append_logs_one_macro_without_an_image() {
    let (stage, mut session) = stage(PageSize::K4);
    let mut number = 0;
    // The root becomes a parent first; the next split is an append.
    while stage.tree.tree().depth().unwrap() == 1 || stage.pages.used() < 2 {
        stage.journal.records.lock().clear();
        stage.tree.insert(&mut session, &key(number), &[1; 90], UNVERSIONED).unwrap();
        number += 1;
    }
    use RecordType as T;
    let expected = [T::NewPage, T::MacroBegin, T::Split2, T::Split2, T::Insert, T::MacroCommit, T::MacroInfo];
    assert_eq!(types(&stage), expected);
    let records = stage.journal.records.lock();
    let (Record::Split2(parent), Record::Split2(leaf)) =
        (Record::decode(&records[2]).unwrap(), Record::decode(&records[3]).unwrap())
    else {
        panic!("two splits");
    };
    assert!(parent.split.is_parent_level() && parent.split.page.page_number == ROOT);
    assert_eq!((leaf.split.split_type, leaf.image.len()), (SplitType::APPEND, 0));
    assert_eq!(leaf.split.parent_page, ROOT);
}

#[test]
fn inserts_at_one_place_fill_their_pages() {
    let (stage, mut session) = stage(PageSize::K4);
    for number in 0..400 {
        stage.tree.insert(&mut session, &key(number * 1_000_000), &[1; 60], UNVERSIONED).unwrap();
    }
    let before = stage.pages.used();
    for number in 0..4000 {
        stage.tree.insert(&mut session, &key(200_000_001 + number), &[1; 60], UNVERSIONED).unwrap();
    }
    let (bytes, pages) = (4000 * 75, stage.pages.used() - before);
    assert!(pages * 4052 < bytes * 12 / 10, "{pages} pages for {bytes} bytes");
    assert_eq!(stage.walk().len(), 4400);
}

#[test]
fn a_root_without_room_for_its_header_is_split() {
    for deep in [false, true] {
        let (stage, mut session) = stage(PageSize::K4);
        let mut number = 0;
        let is_full = |stage: &Stage| {
            let root = stage.file.latch(ROOT).unwrap();
            let is_leaf = root.view().flags().contains(PageFlags::LEAF);
            is_leaf != deep && root.view().free_bytes() < 9
        };
        let tree = stage.tree.clone().with_policy(SpacePolicy { density: 100, ..SpacePolicy::default() });
        while !is_full(&stage) {
            // Long keys, so that a root above leaves fills up too.
            let key = [&key(number)[..], &vec![b'k'; number as usize % 230 + 1]].concat();
            tree.insert(&mut session, &key, &[1; 5], UNVERSIONED).unwrap();
            number += 7919;
            number %= 100_003;
            if stage.tree.tree().depth().unwrap() > if deep { 2 } else { 1 } {
                break;
            }
        }
        let nodes = stage.walk();
        let depth = stage.tree.tree().depth().unwrap();
        stage.tree.edit_root_header(&mut session, &|header| header.auto_increment = Some(77)).unwrap();
        let root = stage.file.latch(ROOT).unwrap();
        let header = RootHeader::decode(root.view().external_header().unwrap()).unwrap();
        assert_eq!((header.auto_increment, header.space.is_some()), (Some(77), true));
        drop(root);
        assert!(stage.walk() == nodes);
        assert!(stage.tree.tree().depth().unwrap() >= depth);
        Replay::of(&stage).catch_up(&stage);
    }
}

#[test]
fn a_tree_that_loses_its_last_node_is_a_root_again() {
    let (stage, mut session) = stage(PageSize::K4);
    for number in 0..12_000 {
        stage.tree.insert(&mut session, &key(number), &[1; 90], UNVERSIONED).unwrap();
    }
    assert_eq!(stage.tree.tree().depth().unwrap(), 3);
    for number in 0..12_000 {
        stage.tree.flag_delete(&mut session, &key(number), &[], UNVERSIONED).unwrap();
    }
    for number in 0..12_000 {
        stage.tree.clean(&mut session, &key(number), &[], &|_, _| false).unwrap();
    }
    assert_eq!((stage.walk().len(), stage.pages.used()), (0, 0));
    assert_eq!(stage.tree.tree().depth().unwrap(), 1);
    assert!(types(&stage).contains(&RecordType::EmptyTree));
    Replay::of(&stage).catch_up(&stage);
    let again = WritableTree::open(&stage.map, ROOT, OBJID, TreeKind::Primary).unwrap();
    again.insert(&mut session, &key(1), &[1], UNVERSIONED).unwrap();
}

/// Defragments the whole tree; pages given up and nodes moved.
fn defragment(stage: &Stage, session: &mut Session) -> (u32, u32) {
    let (mut done, mut from) = ((0, 0), None);
    loop {
        let (leaf, next) = stage.tree.defragment(session, from.as_ref(), &|_, _| false).unwrap();
        done = (done.0 + leaf.pages, done.1 + leaf.nodes);
        if next.is_none() {
            return done;
        }
        from = next;
    }
}

#[test]
fn a_defragmented_tree_has_fewer_and_fuller_leaves() {
    for (size, keys, seed) in [(PageSize::K4, 9000, 1), (PageSize::K8, 9000, 2), (PageSize::K32, 20_000, 3)] {
        let (stage, mut session) = stage(size);
        let mut dice = Dice::new(seed);
        let mut order: Vec<u32> = (0..keys).collect();
        for place in (1..order.len()).rev() {
            order.swap(place, dice.below(place + 1));
        }
        for number in &order {
            let bytes = 20 + dice.below(150);
            stage.tree.insert(&mut session, &key(*number), &vec![1; bytes], UNVERSIONED).unwrap();
        }
        for number in order.iter().filter(|number| *number % 5 < 2) {
            stage.tree.flag_delete(&mut session, &key(*number), &[], UNVERSIONED).unwrap();
            stage.tree.clean(&mut session, &key(*number), &[], &|_, _| false).unwrap();
        }
        let (nodes, pages) = (stage.walk(), stage.pages.used());
        let done = defragment(&stage, &mut session);
        assert!(stage.walk() == nodes, "no node is lost or changed");
        let after = stage.pages.used();
        println!(
            "{size:?}: {pages} pages, {after} after the defragmentation: {done:?} pages given up and nodes moved"
        );
        assert_eq!(pages - after, done.0 as usize);
        assert!(after * 10 < pages * 9 && done.1 > 0);
        let kinds = merge_types(&stage);
        assert!(kinds.contains(&MergeType::PARTIAL_LEFT), "{kinds:?}");
        assert!(kinds.contains(&MergeType::PARTIAL_RIGHT), "{kinds:?}");
        assert!(kinds.contains(&MergeType::FULL_LEFT) || kinds.contains(&MergeType::FULL_RIGHT), "{kinds:?}");
        assert!(defragment(&stage, &mut session).0 <= done.0 / 10, "a second time there is little to do");
        Replay::of(&stage).catch_up(&stage);
    }
}

/// The kinds of merges that were logged.
fn merge_types(stage: &Stage) -> Vec<MergeType> {
    let records = stage.journal.records.lock();
    let merges = records.iter().filter_map(|bytes| match Record::decode(bytes).unwrap() {
        Record::Merge2(merge) => Some(merge.merge.merge_type),
        _ => None,
    });
    merges.collect()
}

#[test]
fn nodes_that_somebody_needs_stay_where_they_are() {
    let (stage, mut session) = stage(PageSize::K4);
    for number in 0..300 {
        stage.tree.insert(&mut session, &key(number), &[1; 90], UNVERSIONED).unwrap();
    }
    for number in 0..300 {
        stage.tree.flag_delete(&mut session, &key(number), &[], Versioning::Versioned).unwrap();
    }
    let pages = stage.pages.used();
    let versions = std::sync::Arc::clone(&stage.versions);
    let needed = move |key: &[u8], data: &[u8]| versions.needs(key, data);
    for number in 0..300 {
        let cleaned = stage.tree.clean(&mut session, &key(number), &[], &needed).unwrap();
        assert_eq!((cleaned.nodes, cleaned.pages), (0, 0));
    }
    assert_eq!((stage.walk().len(), stage.pages.used()), (300, pages));
    session.commit();
    for number in 0..300 {
        stage.tree.clean(&mut session, &key(number), &[], &needed).unwrap();
    }
    assert_eq!(stage.walk().len(), 0);
}

#[test]
fn a_page_ahead_of_its_database_sets_the_clock_forward_but_not_for_ever() {
    for (ahead, expected) in
        [(1000, None), (u64::MAX / 2, Some(ese_format::error::JetError::DB_TIME_CORRUPTED))]
    {
        let (stage, mut session) = stage(PageSize::K4);
        let dbtime = stage.map.dbtime() + ahead;
        let mut root = stage.file.latch_write(ROOT).unwrap();
        root.page().set_dbtime(dbtime);
        root.mark_untidy();
        drop(root);
        let result = stage.tree.insert(&mut session, &key(1), &[1], UNVERSIONED);
        assert_eq!(result.err().map(|error| error.jet()), expected);
        let root = stage.file.latch(ROOT).unwrap();
        assert_eq!(root.view().dbtime() > dbtime, expected.is_none());
        assert_eq!(stage.map.dbtime() > dbtime, expected.is_none());
    }
}
