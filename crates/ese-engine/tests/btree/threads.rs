//! Readers and writers on one tree at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ese_corpus::report;
use ese_engine::btree::Versioning;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::replay::Replay;
use crate::stage::{Dice, Keys, Plan, Stage};

/// Threads of each kind.
const WRITERS: u16 = 5;
const READERS: u64 = 3;
const KEYS: usize = 4000;

/// Key `index` of a thread: those of all threads lie between each other. Keys divisible by 5 are never deleted.
fn key(thread: u16, index: usize) -> Vec<u8> {
    let mut key = format!("{index:06}").into_bytes();
    key.push(b'a' + thread as u8);
    key.resize(7 + index % 50, b'.');
    key.push(0);
    key
}

fn is_kept(index: usize) -> bool {
    index.is_multiple_of(5)
}

/// Inserts the keys of a thread that are never deleted.
fn fill(stage: &Stage, thread: u16) {
    let mut session = stage.session(30 + thread);
    for index in (0..KEYS).filter(|index| is_kept(*index)) {
        let key = key(thread, index);
        stage.tree.insert(&mut session, &key, &key, Versioning::Unversioned).unwrap();
    }
}

/// A writer of its own keys; gives what it left.
fn write(stage: &Stage, thread: u16, deadline: Instant) -> (BTreeMap<Vec<u8>, Vec<u8>>, u64) {
    let mut dice = Dice::new(u64::from(thread));
    let mut session = stage.session(10 + thread);
    let kept = (0..KEYS).filter(|index| is_kept(*index)).map(|index| key(thread, index));
    let mut mine: BTreeMap<Vec<u8>, Vec<u8>> = kept.map(|key| (key.clone(), key)).collect();
    let mut changes = 0;
    let versions = Arc::clone(&stage.versions);
    let needed = move |key: &[u8], data: &[u8]| versions.needs(key, data);
    while Instant::now() < deadline {
        let index = dice.below(KEYS);
        let key = key(thread, index);
        let length = dice.below(300) + 1;
        let data = vec![dice.next() as u8; length];
        let versioning = if dice.below(2) == 0 { Versioning::Versioned } else { Versioning::Unversioned };
        let result = match (mine.contains_key(&key), dice.below(3)) {
            (true, 0) if !is_kept(index) => {
                mine.remove(&key);
                stage.tree.flag_delete(&mut session, &key, &[], versioning)
            }
            (true, 1) if !is_kept(index) => {
                mine.remove(&key);
                stage.tree.delete(&mut session, &key, &[])
            }
            (true, _) => {
                mine.insert(key.clone(), data.clone());
                stage.tree.replace(&mut session, &key, &data, versioning)
            }
            (false, _) => {
                mine.insert(key.clone(), data.clone());
                stage.tree.insert(&mut session, &key, &data, versioning)
            }
        };
        match result {
            Ok(()) => changes += 1,
            Err(error) => panic!("thread {thread}, key {index}: {error}"),
        }
        session.commit();
        if dice.below(4) == 0 {
            stage.tree.clean(&mut session, &key, &[], &needed).unwrap();
        }
        if dice.below(2000) == 0 {
            // A hole: pages empty and leave the tree.
            let first = dice.below(KEYS);
            for index in (first..KEYS.min(first + 600)).filter(|index| !is_kept(*index)) {
                let key = self::key(thread, index);
                if mine.remove(&key).is_some() {
                    stage.tree.flag_delete(&mut session, &key, &[], Versioning::Unversioned).unwrap();
                    stage.tree.clean(&mut session, &key, &[], &needed).unwrap();
                    changes += 1;
                }
            }
        }
    }
    (mine, changes)
}

/// A reader: whole scans in both directions see every key that is never deleted, in order; seeks find them.
fn read(stage: &Stage, seed: u64, filled: &AtomicBool, done: &AtomicBool) -> u64 {
    let tree = stage.tree.tree();
    let mut dice = Dice::new(seed);
    let kept = usize::from(WRITERS) * (0..KEYS).filter(|index| is_kept(*index)).count();
    let mut scans = 0;
    while !done.load(Ordering::Relaxed) {
        if !filled.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(1));
            continue;
        }
        let forward = dice.below(2) == 0;
        let mut cursor = tree.cursor();
        let mut here = if forward { cursor.move_first() } else { cursor.move_last() }.unwrap();
        let (mut seen, mut last) = (0, None::<Vec<u8>>);
        while here {
            let key = cursor.node().unwrap().expect("on a node").key().to_vec();
            if let Some(last) = &last {
                assert!(if forward { *last < key } else { *last > key }, "a scan goes one way");
            }
            let index: usize = std::str::from_utf8(&key[..6]).unwrap().parse().unwrap();
            seen += usize::from(is_kept(index));
            last = Some(key);
            if dice.below(20) == 0 {
                cursor.release().unwrap();
            }
            here = if forward { cursor.move_next() } else { cursor.move_previous() }.unwrap();
        }
        drop(cursor);
        assert_eq!(seen, kept, "a scan (forward: {forward}) misses nothing that was there all the time");
        for _ in 0..200 {
            let index = dice.below(KEYS / 5) * 5;
            let key = key(dice.below(WRITERS.into()) as u16, index);
            let found = tree.lookup(&key, &[]).unwrap().expect("a key that is never deleted");
            assert!(!found.node().unwrap().is_deleted());
        }
        scans += 1;
    }
    scans
}

fn run(size: PageSize, cache_pages: usize, seconds: u64) {
    let cache_bytes = cache_pages * size.bytes();
    let keeps_records = seconds < 10;
    let stage = Stage::new(Plan { keeps_records, cache_bytes, ..Plan::new(size, Keys::Unique) });
    let (filled, done) = (AtomicBool::new(false), AtomicBool::new(false));
    let fill_count = AtomicU64::new(0);
    let start = Instant::now();
    let deadline = start + Duration::from_secs(seconds);
    let (models, scans) = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|seed| {
                scope.spawn({
                    let (s, f, d) = (&stage, &filled, &done);
                    move || read(s, seed, f, d)
                })
            })
            .collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|thread| {
                let (stage, fill_count, filled) = (&stage, &fill_count, &filled);
                scope.spawn(move || {
                    // Readers begin when every writer has filled in what it never deletes.
                    fill(stage, thread);
                    if fill_count.fetch_add(1, Ordering::AcqRel) + 1 == u64::from(WRITERS) {
                        filled.store(true, Ordering::Release);
                    }
                    write(stage, thread, deadline)
                })
            })
            .collect();
        let models: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        (models, readers.into_iter().map(|reader| reader.join().unwrap()).sum::<u64>())
    });
    let mut expected = BTreeMap::new();
    let mut changes = 0;
    for (model, count) in models {
        expected.extend(model);
        changes += count;
    }
    let live: BTreeMap<_, _> =
        stage.walk().into_iter().filter(|node| !node.deleted).map(|node| (node.key, node.data)).collect();
    assert_eq!(live.len(), expected.len());
    assert!(live == expected);
    let compared = if seconds < 10 { Replay::of(&stage).catch_up(&stage) } else { 0 };
    report!(
        "btree threads {size:?}: {WRITERS} writers and {READERS} readers for {seconds} s: {changes} changes, {scans} scans, {} records, {} pages, {compared} pages equal after redo",
        stage.journal.count(),
        stage.pages.used() + 1,
    );
}

#[test]
fn readers_and_writers_of_one_tree_do_not_disturb_each_other() {
    let seconds =
        std::env::var("ESENT_MODEL_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(3);
    // The second time pages are evicted and read again all the time.
    for (size, cache_pages) in [(PageSize::K4, 100_000), (PageSize::K4, 100), (PageSize::K32, 100_000)] {
        run(size, cache_pages, seconds);
    }
}

#[test]
fn writers_of_one_key_meet_conflicts_and_lose_nothing() {
    let stage = Stage::new(Plan::new(PageSize::K4, Keys::Unique));
    let counts: Vec<(u64, u64)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u16)
            .map(|thread| {
                let stage = &stage;
                scope.spawn(move || {
                    let mut session = stage.session(20 + thread);
                    let (mut won, mut lost) = (0, 0);
                    for index in 0..4000 {
                        let key = format!("{index:05}").into_bytes();
                        match stage.tree.insert(
                            &mut session,
                            &key,
                            &[thread as u8 + 1],
                            Versioning::Versioned,
                        ) {
                            Ok(()) => won += 1,
                            Err(error) => {
                                let expected = [JetError::KEY_DUPLICATE, JetError::WRITE_CONFLICT];
                                assert!(expected.contains(&error.jet()), "{error}");
                                lost += 1;
                            }
                        }
                        session.commit();
                    }
                    (won, lost)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (won, lost): (u64, u64) =
        counts.into_iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    assert_eq!((won, won + lost), (4000, 32_000));
    assert_eq!(stage.walk().len(), 4000);
    Replay::of(&stage).catch_up(&stage);
}
