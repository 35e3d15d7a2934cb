//! Random changes of one tree beside a map.

use std::collections::btree_map::Entry;

use ese_corpus::report;
use ese_engine::btree::{
    DeltaWidth, LockKind, SeekOutcome, UndoImage, UndoneChange, UndoneVersion, Versioning,
};
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::replay::Replay;
use crate::stage::{Change, Dice, Keys, Model, Plan, Session, Stage, Version};

/// Bytes that a rollback may claim for a node with data of this length.
pub(crate) fn claim(stage: &Stage, key: &[u8], length: usize) -> usize {
    let all = stage.versions.by_node.lock();
    let of_node = all.get(&(key.to_vec(), Vec::new()));
    let before = of_node.into_iter().flatten().map(|version| match &version.change {
        Change::Replace { before } => before.len(),
        _ => 0,
    });
    before.max().unwrap_or(0).saturating_sub(length)
}

/// How long keys and data are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    pub(crate) key: usize,
    /// Of a hundred nodes so many have data up to the longest that fits.
    pub(crate) long_data: usize,
    pub(crate) data: usize,
}

/// A random workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) plan: Plan,
    pub(crate) seed: u64,
    pub(crate) keys: usize,
    pub(crate) lengths: Lengths,
    pub(crate) operations: usize,
    /// Operations after which the tree is walked and the replay compared.
    pub(crate) checked_every: usize,
}

/// Key and data of a node.
type Named = (Vec<u8>, Vec<u8>);

struct Run {
    workload: Workload,
    stage: Stage,
    session: Session,
    model: Model,
    dice: Dice,
    /// What to put back into the model on a rollback, oldest first.
    undo: Vec<(Named, Option<Vec<u8>>)>,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    inserts: u64,
    replaces: u64,
    deletes: u64,
    undone: u64,
    cleaned_nodes: u64,
    freed_pages: u64,
    compared_pages: u64,
    most_pages: usize,
    checks: u64,
}

impl Run {
    fn new(workload: Workload) -> Self {
        let stage = Stage::new(workload.plan);
        let session = stage.session(5);
        let dice = Dice::new(workload.seed);
        Self {
            workload,
            stage,
            session,
            model: Model::new(),
            dice,
            undo: Vec::new(),
            counts: Counts::default(),
        }
    }

    fn duplicates(&self) -> bool {
        self.workload.plan.keys == Keys::Duplicates
    }

    /// Key number `index`: the same one every time. No key is the beginning of another.
    fn key(&self, index: usize) -> Vec<u8> {
        let mut dice = Dice::new(index as u64 ^ 0xABCD);
        let mut key = format!("{:03}", index % 7).into_bytes();
        if index.is_multiple_of(3) {
            key.extend_from_slice(b"a common beginning of many");
        }
        let more = dice.below(self.workload.lengths.key.saturating_sub(key.len() + 9).max(1));
        key.extend(dice.bytes(more).into_iter().map(|byte| byte % 5 + 1));
        key.extend_from_slice(format!("{index:08x}").as_bytes());
        key.push(0);
        key
    }

    fn data(&mut self, key: &[u8]) -> Vec<u8> {
        let size = self.workload.plan.size;
        let most = size.bytes() - size.header_bytes() - 12 - key.len();
        if self.duplicates() {
            // Few different ones, so that keys meet again.
            let index = self.dice.below(40);
            let mut data = vec![b'd'; index % 11 + 1];
            data.extend_from_slice(&(index as u32).to_be_bytes());
            return data;
        }
        let length = if self.dice.below(100) < self.workload.lengths.long_data {
            self.dice.below(most) + 1
        } else {
            self.dice.below(self.workload.lengths.data.min(most)) + 1
        };
        let byte = self.dice.next() as u8;
        let mut data = vec![byte; length];
        data[length / 2] = self.dice.next() as u8;
        data
    }

    fn some_key(&mut self) -> Vec<u8> {
        let index = self.dice.below(self.workload.keys);
        self.key(index)
    }

    fn versioning(&mut self, of: &(Vec<u8>, Vec<u8>)) -> Versioning {
        // A node with a version is changed with versions only, or a rollback would find another one.
        if self.session.versions.needs(&of.0, &of.1) || self.dice.below(4) > 0 {
            Versioning::Versioned
        } else {
            Versioning::Unversioned
        }
    }

    fn remember(&mut self, node: (Vec<u8>, Vec<u8>), before: Option<Vec<u8>>, versioning: Versioning) {
        if versioning == Versioning::Versioned {
            self.undo.push((node, before));
        }
    }

    fn insert(&mut self, key: Vec<u8>) {
        let data = self.data(&key);
        let node = (key.clone(), if self.duplicates() { data.clone() } else { Vec::new() });
        let versioning = self.versioning(&node);
        let result = self.stage.tree.insert(&mut self.session, &key, &data, versioning);
        match self.model.entry(node.clone()) {
            Entry::Occupied(_) => {
                let code = result.expect_err("the node is there").jet();
                let expected = match self.workload.plan.keys {
                    Keys::Unique => JetError::KEY_DUPLICATE,
                    Keys::Duplicates => JetError::MULTI_VALUED_INDEX_VIOLATION,
                };
                assert_eq!(code, expected);
            }
            Entry::Vacant(entry) => {
                result.unwrap();
                entry.insert(data);
                self.counts.inserts += 1;
                self.remember(node, None, versioning);
            }
        }
    }

    fn replace(&mut self, key: Vec<u8>) {
        let data = self.data(&key);
        let node = (key.clone(), Vec::new());
        let versioning = self.versioning(&node);
        let result = self.stage.tree.replace(&mut self.session, &key, &data, versioning);
        match self.model.get_mut(&node) {
            Some(value) => {
                result.unwrap();
                let before = std::mem::replace(value, data);
                self.counts.replaces += 1;
                self.remember(node, Some(before), versioning);
            }
            None => assert_eq!(result.expect_err("no node").jet(), JetError::RECORD_DELETED),
        }
    }

    fn delete(&mut self, node: (Vec<u8>, Vec<u8>)) {
        let versioning = self.versioning(&node);
        let physically = versioning == Versioning::Unversioned && self.dice.below(2) == 0;
        let (tree, session) = (&self.stage.tree, &mut self.session);
        let result = if physically {
            tree.delete(session, &node.0, &node.1)
        } else {
            tree.flag_delete(session, &node.0, &node.1, versioning)
        };
        match self.model.remove(&node) {
            Some(before) => {
                result.unwrap();
                self.counts.deletes += 1;
                self.remember(node, Some(before), versioning);
            }
            // A node that is flag-deleted can be taken away.
            None if physically => drop(result),
            None => assert_eq!(result.expect_err("no node").jet(), JetError::RECORD_DELETED),
        }
    }

    fn delta(&mut self, key: Vec<u8>) {
        let node = (key.clone(), Vec::new());
        let Some(data) = self.model.get(&node).filter(|data| data.len() >= 8).cloned() else { return };
        let versioning = self.versioning(&node);
        let at = (data.len() - 8) as u16;
        let delta = self.dice.next() as i64;
        let (tree, session) = (&self.stage.tree, &mut self.session);
        let old = tree.delta(session, &key, at, DeltaWidth::Eight, delta, versioning).unwrap();
        let before = i64::from_le_bytes(data[data.len() - 8..].try_into().unwrap());
        assert_eq!(old, before);
        let mut changed = data.clone();
        changed[data.len() - 8..].copy_from_slice(&before.wrapping_add(delta).to_le_bytes());
        self.model.insert(node.clone(), changed);
        self.remember(node, Some(data), versioning);
    }

    fn some_node(&mut self) -> (Vec<u8>, Vec<u8>) {
        let key = self.some_key();
        let from = (key.clone(), Vec::new());
        match self.model.range(from.clone()..).next() {
            Some((node, _)) if self.dice.below(10) > 0 => node.clone(),
            _ => from,
        }
    }

    fn rollback(&mut self) {
        let made: Vec<_> = self.session.made.drain(..).collect();
        for ((key, data), rceid) in made.into_iter().rev() {
            let version = {
                let all = self.stage.versions.by_node.lock();
                let of_node = &all[&(key.clone(), data.clone())];
                of_node.iter().find(|version| version.rceid == rceid).unwrap().clone()
            };
            undo(&self.stage, &mut self.session, &key, &data, &version);
            let mut all = self.stage.versions.by_node.lock();
            let of_node = all.get_mut(&(key.clone(), data.clone())).unwrap();
            of_node.retain(|version| version.rceid != rceid);
            if of_node.is_empty() {
                all.remove(&(key, data));
            }
            self.counts.undone += 1;
        }
        for (node, before) in self.undo.drain(..).rev() {
            match before {
                Some(before) => drop(self.model.insert(node, before)),
                None => drop(self.model.remove(&node)),
            }
        }
    }

    fn commit(&mut self) {
        self.session.commit();
        self.undo.clear();
    }

    fn clean(&mut self) {
        let (key, data) = self.some_node();
        let versions = std::sync::Arc::clone(&self.stage.versions);
        let needed = move |key: &[u8], data: &[u8]| versions.needs(key, data);
        let cleaned = self.stage.tree.clean(&mut self.session, &key, &data, &needed).unwrap();
        self.counts.cleaned_nodes += u64::from(cleaned.nodes);
        self.counts.freed_pages += u64::from(cleaned.pages);
    }

    fn look(&mut self) {
        let (key, data) = self.some_node();
        let tree = self.stage.tree.tree();
        let found = tree.lookup(&key, &data).unwrap();
        let expected = self.model.get(&(key.clone(), data.clone()));
        let live = found.filter(|found| !found.node().unwrap().is_deleted());
        assert_eq!(live.as_ref().map(|found| found.node().unwrap().data), expected.map(Vec::as_slice));
        drop(live);
        let mut cursor = tree.cursor();
        let outcome = cursor.seek(&key, &data).unwrap();
        let mut behind = self.model.range((key.clone(), data.clone())..);
        let next = behind.next();
        assert_eq!(outcome == SeekOutcome::Nothing, next.is_none());
        let here = cursor.node().unwrap().map(|node| node.key().to_vec());
        assert_eq!(here, next.map(|(node, _)| node.0.clone()));
        let before = self.model.range(..(key, data)).next_back();
        cursor.release().unwrap();
        let moved = cursor.move_previous().unwrap();
        assert_eq!(moved, before.is_some());
        let here = cursor.node().unwrap().map(|node| node.key().to_vec());
        assert_eq!(here, before.map(|(node, _)| node.0.clone()));
    }

    fn step(&mut self, growth: usize) {
        match self.dice.below(100) {
            chance if chance < growth => {
                let key = self.some_key();
                self.insert(key);
            }
            chance if chance < 60 => {
                let (key, data) = self.some_node();
                if self.duplicates() {
                    self.delete((key, data));
                } else {
                    self.replace(key);
                }
            }
            chance if chance < 80 => {
                let node = self.some_node();
                self.delete(node);
            }
            chance if chance < 84 && !self.duplicates() => {
                let (key, _) = self.some_node();
                self.delta(key);
            }
            84 => {
                let (key, data) = self.some_node();
                let there = self.model.contains_key(&(key.clone(), data.clone()));
                let result = self.stage.tree.lock(&mut self.session, &key, &data, LockKind::Write);
                assert_eq!(result.is_ok(), there);
            }
            chance if chance < 93 => self.clean(),
            chance if chance < 95 => self.look(),
            chance if chance < 97 => self.rollback(),
            97 => self.commit(),
            _ => {}
        }
    }

    fn check(&mut self, replay: &mut Option<Replay>) {
        let live: Vec<_> = self.stage.walk().into_iter().filter(|node| !node.deleted).collect();
        assert_eq!(live.len(), self.model.len());
        for (node, ((key, _), data)) in live.iter().zip(&self.model) {
            assert_eq!((&node.key, &node.data), (key, data));
        }
        let mut cursor = self.stage.tree.tree().cursor();
        let mut count = 0;
        while cursor.move_next().unwrap() {
            count += 1;
        }
        assert_eq!(count, self.model.len());
        if let Some(replay) = replay {
            self.counts.compared_pages += replay.catch_up(&self.stage) as u64;
        }
        self.counts.most_pages = self.counts.most_pages.max(self.stage.pages.used() + 1);
        self.counts.checks += 1;
    }
}

/// Takes a version back.
pub(crate) fn undo(stage: &Stage, session: &mut Session, key: &[u8], data: &[u8], version: &Version) {
    let change = match &version.change {
        Change::Insert => UndoneChange::Insert,
        Change::Replace { before } => {
            UndoneChange::Replace { before, max_bytes: 0, set_aside: 0, image: UndoImage::Pending }
        }
        Change::FlagDelete => UndoneChange::FlagDelete { image: UndoImage::Pending },
        Change::Delta { offset, delta, .. } => {
            UndoneChange::Delta { offset: *offset, delta: *delta, width: DeltaWidth::Eight }
        }
        Change::Lock => return,
    };
    let undone = UndoneVersion { rceid: version.rceid, level: 1, key, data, change };
    stage.tree.undo(session, &undone).unwrap();
}

/// Runs a workload: grows, stays, shrinks, and again.
pub(crate) fn run(workload: Workload) {
    let mut run = Run::new(workload);
    let mut replay = workload.plan.keeps_records.then(|| Replay::of(&run.stage));
    // Trees with duplicate keys lose nodes where others have theirs replaced.
    let growths = if run.duplicates() { [59, 45, 20] } else { [50, 35, 12] };
    for operation in 0..workload.operations {
        let growth = growths[operation * 6 / workload.operations % 3];
        run.step(growth);
        if operation % workload.checked_every == workload.checked_every - 1 {
            run.check(&mut replay);
        }
    }
    run.rollback();
    run.check(&mut replay);
    let depth = run.stage.tree.tree().depth().unwrap();
    report!(
        "btree model {:?} {:?} seed {}: {} operations, {} nodes and {} pages at the end, depth {depth}, {:?}",
        workload.plan.size,
        workload.plan.keys,
        workload.seed,
        workload.operations,
        run.model.len(),
        run.stage.pages.used() + 1,
        run.counts,
    );
}

/// `count`, or as many times that as `ESENT_MODEL_SCALE` says.
fn operations(count: usize) -> usize {
    let scale = std::env::var("ESENT_MODEL_SCALE").ok().and_then(|scale| scale.parse().ok());
    count * scale.unwrap_or(1)
}

fn workload(size: PageSize, keys: Keys, seed: u64) -> Workload {
    Workload {
        plan: Plan::new(size, keys),
        seed,
        keys: 3000,
        lengths: Lengths { key: 60, long_data: 2, data: 200 },
        operations: operations(60_000),
        checked_every: 5_000,
    }
}

const SIZES: [PageSize; 4] = [PageSize::K4, PageSize::K8, PageSize::K16, PageSize::K32];

#[test]
fn unique_trees_of_every_page_size_do_what_a_map_does() {
    for size in SIZES {
        run(workload(size, Keys::Unique, 1));
    }
}

#[test]
fn trees_with_duplicate_keys_of_every_page_size_do_what_a_map_does() {
    for size in SIZES {
        run(Workload { keys: 300, ..workload(size, Keys::Duplicates, 2) });
    }
}

#[test]
fn long_keys_and_full_pages_do_what_a_map_does() {
    for size in SIZES {
        let key = if size == PageSize::K4 { 1000 } else { 2000 };
        let lengths = Lengths { key, long_data: 40, data: 300 };
        run(Workload {
            keys: 600,
            lengths,
            operations: operations(20_000),
            ..workload(size, Keys::Unique, 3)
        });
        run(Workload {
            keys: 300,
            lengths,
            operations: operations(20_000),
            ..workload(size, Keys::Duplicates, 4)
        });
    }
}
