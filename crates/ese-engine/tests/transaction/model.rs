//! Snapshot isolation beside a model: the list of everything that was committed, in order.
//!
//! Several sessions do random things to a few keys: nested levels, rollbacks, deltas, locks, pages written in between,
//! cleanup whenever a transaction ends. After each step the session that made it reads; now and then all do.

use std::collections::BTreeMap;

use ese_engine::btree::LockKind;
use ese_engine::io::{Entropy, Host};
use ese_engine::transaction::{BeginKind, CommitOptions, RollbackScope, Session};
use ese_format::error::JetError;

use crate::stage::{Stage, code};

const KEYS: usize = 6;
const SESSIONS: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Set(Option<Vec<u8>>),
    Add(i32),
    ReadLock,
    WriteLock,
}

/// An event, whose it is, and when it was committed.
#[derive(Clone, Debug)]
struct Entry {
    session: usize,
    level: usize,
    commit: Option<u64>,
    event: Event,
}

#[derive(Debug, Default)]
struct Model {
    clock: u64,
    /// Of each key, in the order of the events.
    entries: BTreeMap<usize, Vec<Entry>>,
    snapshots: [Option<u64>; SESSIONS],
    levels: [usize; SESSIONS],
}

impl Model {
    fn sees(&self, session: usize, entry: &Entry) -> bool {
        match entry.commit {
            Some(commit) => self.snapshots[session].is_none_or(|snapshot| commit <= snapshot),
            None => entry.session == session,
        }
    }

    /// What a session reads: what was committed before its begin, in the order of the commits, then its own changes.
    fn read(&self, session: usize, key: usize) -> Option<Vec<u8>> {
        let mut entries: Vec<&Entry> =
            self.entries.get(&key).into_iter().flatten().filter(|entry| self.sees(session, entry)).collect();
        entries.sort_by_key(|entry| entry.commit.unwrap_or(u64::MAX));
        let mut value = None;
        for entry in entries {
            match (&entry.event, &mut value) {
                (Event::Set(new), _) => value.clone_from(new),
                (Event::Add(delta), Some(data)) => add(data, *delta),
                _ => {}
            }
        }
        value
    }

    /// What a session is told when it does this (spec 09 §5.5).
    fn verdict(&self, session: usize, key: usize, what: What) -> Option<JetError> {
        let mut against =
            self.entries.get(&key).into_iter().flatten().filter(|entry| !self.sees(session, entry));
        let conflict = against.any(|entry| {
            !matches!((what, &entry.event), (What::ReadLock, Event::ReadLock) | (What::Add, Event::Add(_)))
        });
        let there = self.read(session, key).is_some();
        match what {
            What::Insert => (conflict || there).then_some(JetError::KEY_DUPLICATE),
            _ if conflict => Some(JetError::WRITE_CONFLICT),
            _ => (!there).then_some(JetError::RECORD_DELETED),
        }
    }

    fn note(&mut self, session: usize, key: usize, event: Event) {
        let level = self.levels[session];
        self.entries.entry(key).or_default().push(Entry { session, level, commit: None, event });
    }

    fn commit(&mut self, session: usize) {
        let level = self.levels[session];
        self.levels[session] -= 1;
        if level == 1 {
            self.clock += 1;
            self.snapshots[session] = None;
        }
        for entry in self.entries.values_mut().flatten().filter(|entry| entry.session == session) {
            if entry.commit.is_none() && entry.level == level {
                entry.level -= 1;
                entry.commit = (level == 1).then_some(self.clock);
            }
        }
    }

    fn roll_back(&mut self, session: usize) {
        let level = self.levels[session];
        for entries in self.entries.values_mut() {
            entries.retain(|entry| entry.session != session || entry.commit.is_some() || entry.level < level);
        }
        self.levels[session] -= 1;
        if level == 1 {
            self.snapshots[session] = None;
        }
    }
}

fn add(data: &mut [u8], delta: i32) {
    let number = data.first_chunk_mut::<4>().expect("values begin with a number");
    *number = i32::from_le_bytes(*number).wrapping_add(delta).to_le_bytes();
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Insert,
    Replace,
    Delete,
    Add,
    ReadLock,
    WriteLock,
}

struct Play {
    stage: Stage,
    sessions: Vec<Session>,
    model: Model,
    dice: std::sync::Arc<dyn Entropy>,
    done: BTreeMap<&'static str, u64>,
}

fn name(key: usize) -> String {
    format!("key {key}")
}

impl Play {
    fn new(seed: u64) -> Self {
        let stage = Stage::new();
        let dice = Host::simulated(stage.disk.clone(), seed).entropy;
        let sessions = (0..SESSIONS).map(|_| stage.session()).collect();
        Self { stage, sessions, model: Model::default(), dice, done: BTreeMap::new() }
    }

    fn draw(&self, below: usize) -> usize {
        (self.dice.next() % below as u64) as usize
    }

    fn count(&mut self, what: &'static str) {
        *self.done.entry(what).or_default() += 1;
    }

    fn step(&mut self) {
        let session = self.draw(SESSIONS);
        match self.draw(100) {
            _ if self.model.levels[session] == 0 => self.begin(session),
            0..8 => self.begin(session),
            8..22 => self.commit(session),
            22..30 => self.roll_back(session),
            30..32 => {
                self.stage.write_pages();
                self.count("pages written");
            }
            32..34 => {
                self.stage.transactions.clean().unwrap();
            }
            34..36 => self.check_everything(),
            _ => self.change(session),
        }
        self.check(session);
    }

    fn begin(&mut self, session: usize) {
        if self.model.levels[session] == 4 {
            return;
        }
        self.sessions[session].begin(BeginKind::ReadWrite).unwrap();
        self.model.levels[session] += 1;
        self.model.snapshots[session].get_or_insert(self.model.clock);
        self.count("begins");
    }

    fn commit(&mut self, session: usize) {
        let options = if self.draw(2) == 0 { CommitOptions::LAZY } else { CommitOptions::DURABLE };
        self.sessions[session].commit(options).unwrap();
        self.model.commit(session);
        self.count("commits");
    }

    fn roll_back(&mut self, session: usize) {
        if self.draw(4) == 0 {
            self.sessions[session].rollback_scope(RollbackScope::All).unwrap();
            while self.model.levels[session] > 0 {
                self.model.roll_back(session);
            }
        } else {
            self.sessions[session].rollback().unwrap();
            self.model.roll_back(session);
        }
        self.count("rollbacks");
    }

    fn change(&mut self, session: usize) {
        const ALL: [What; 8] = [
            What::Insert,
            What::Insert,
            What::Replace,
            What::Replace,
            What::Delete,
            What::Add,
            What::ReadLock,
            What::WriteLock,
        ];
        let (what, key) = (ALL[self.draw(ALL.len())], self.draw(KEYS));
        let mut value = (self.draw(1000) as i32).to_le_bytes().to_vec();
        value.resize(4 + self.draw(60), b'.');
        let delta = self.draw(9) as i32 - 4;
        let expected = self.model.verdict(session, key, what);
        let (stage, author, name) = (&self.stage, &mut self.sessions[session], name(key));
        let data = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        // Values are bytes; the stage takes text.
        value.iter_mut().take(4).for_each(|byte| *byte &= 0x7F);
        let (outcome, event) = match what {
            What::Insert => (stage.insert(author, &name, &data(&value)), Event::Set(Some(value))),
            What::Replace => (stage.replace(author, &name, &data(&value)), Event::Set(Some(value))),
            What::Delete => (stage.delete(author, &name), Event::Set(None)),
            What::Add => (stage.add(author, &name, delta.into()).map(|_| ()), Event::Add(delta)),
            What::ReadLock => (stage.lock(author, &name, LockKind::Read), Event::ReadLock),
            What::WriteLock => (stage.lock(author, &name, LockKind::Write), Event::WriteLock),
        };
        match expected {
            None => {
                outcome.unwrap_or_else(|error| panic!("{what:?} of {name} by {session}: {error}"));
                self.model.note(session, key, event);
                self.count("changes");
            }
            Some(jet) => {
                assert_eq!(code(outcome), jet, "{what:?} of {name} by session {session}");
                self.count("refusals");
            }
        }
    }

    fn check(&mut self, session: usize) {
        let expected: Vec<(Vec<u8>, Vec<u8>)> = (0..KEYS)
            .filter_map(|key| Some((name(key).into_bytes(), self.model.read(session, key)?)))
            .collect();
        let found = self.stage.scan(&self.sessions[session], &self.stage.records);
        assert_eq!(found, expected, "what session {session} sees");
        let key = self.draw(KEYS);
        let found = self.stage.read(&self.sessions[session], &name(key));
        assert_eq!(found, self.model.read(session, key), "what session {session} reads under {}", name(key));
        self.count("reads");
    }

    fn check_everything(&mut self) {
        for session in 0..SESSIONS {
            self.check(session);
        }
    }

    fn end(&mut self) {
        for session in 0..SESSIONS {
            while self.model.levels[session] > 0 {
                if self.draw(2) == 0 { self.commit(session) } else { self.roll_back(session) }
            }
        }
        self.check_everything();
        self.stage.transactions.clean().unwrap();
        self.stage.transactions.clean().unwrap();
        assert!(self.stage.transactions.is_clean());
        assert_eq!(self.stage.deleted(), Vec::<String>::new(), "deleted nodes are left");
        self.check_everything();
    }
}

#[test]
fn every_session_sees_its_snapshot_and_nothing_else() {
    let seeds = std::env::var("ESE_MODEL_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(60u64);
    let first = std::env::var("ESE_MODEL_FIRST").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1u64);
    let mut done: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in first..first + seeds {
        let played = std::panic::catch_unwind(|| {
            let mut play = Play::new(seed);
            (0..1500).for_each(|_| play.step());
            play.end();
            play.done
        });
        match played {
            Ok(counts) => {
                counts.into_iter().for_each(|(what, count)| *done.entry(what).or_default() += count);
            }
            Err(failure) => {
                ese_corpus::report!("seed {seed} fails: ESE_MODEL_FIRST={seed} ESE_MODEL_SEEDS=1");
                std::panic::resume_unwind(failure);
            }
        }
    }
    ese_corpus::report!("seeds {first} to {}: {done:?}", first + seeds - 1);
}
