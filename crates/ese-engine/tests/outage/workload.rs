//! Workloads: transactions that a seed decides, and what they leave behind.

use std::collections::BTreeMap;

/// One change inside a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Inserts a row, or replaces its value.
    Put { key: u32, value: Vec<u8> },
    /// Deletes a row that is there.
    Delete { key: u32 },
    /// Creates a table of this number with so many rows.
    CreateTable { number: u32, rows: u32 },
    /// Deletes that table.
    DeleteTable { number: u32 },
    /// Creates an index over the values of the main table.
    CreateIndex { number: u32 },
    /// Deletes that index.
    DeleteIndex { number: u32 },
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Commit,
    RollBack,
}

/// A transaction.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) changes: Vec<Change>,
    pub(crate) end: End,
}

/// What is in the database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) rows: BTreeMap<u32, Vec<u8>>,
    pub(crate) tables: BTreeMap<u32, u32>,
    pub(crate) indexes: BTreeMap<u32, ()>,
}

impl Content {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Put { key, value } => {
                self.rows.insert(*key, value.clone());
            }
            Change::Delete { key } => {
                self.rows.remove(key);
            }
            Change::CreateTable { number, rows } => {
                self.tables.insert(*number, *rows);
            }
            Change::DeleteTable { number } => {
                self.tables.remove(number);
            }
            Change::CreateIndex { number } => {
                self.indexes.insert(*number, ());
            }
            Change::DeleteIndex { number } => {
                self.indexes.remove(number);
            }
        }
    }
}

/// A list of transactions.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<Step>,
}

/// SplitMix64.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn value(&mut self, most: u64) -> Vec<u8> {
        let (length, byte) = (1 + self.below(most), self.next() as u8);
        (0..length).map(|at| byte.wrapping_add((at % 251) as u8)).collect()
    }
}

impl Workload {
    fn of(
        name: &'static str,
        seed: u64,
        count: usize,
        mut draw: impl FnMut(&mut Chance, &Content) -> Step,
    ) -> Self {
        let mut chance = Chance(seed);
        let mut content = Content::default();
        let mut steps = Vec::new();
        for _ in 0..count {
            let step = draw(&mut chance, &content);
            if step.end == End::Commit {
                step.changes.iter().for_each(|change| content.apply(change));
            }
            steps.push(step);
        }
        Self { name, steps }
    }

    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// What the first `count` transactions leave behind.
    pub(crate) fn content_after(&self, count: usize) -> Content {
        let mut content = Content::default();
        for step in self.steps.iter().take(count).filter(|step| step.end == End::Commit) {
            step.changes.iter().for_each(|change| content.apply(change));
        }
        content
    }

    pub(crate) fn inserts(seed: u64, count: usize) -> Self {
        Self::of("inserts", seed, count, |chance, _| Step {
            changes: (0..1 + chance.below(6))
                .map(|_| Change::Put { key: chance.below(100_000) as u32, value: chance.value(200) })
                .collect(),
            end: End::Commit,
        })
    }

    pub(crate) fn changes(seed: u64, count: usize) -> Self {
        Self::of("changes", seed, count, |chance, content| {
            let mut now = content.clone();
            let changes = (0..1 + chance.below(6)).map(|_| Self::change(chance, &mut now, 200)).collect();
            Step { changes, end: End::Commit }
        })
    }

    pub(crate) fn long_values(seed: u64, count: usize) -> Self {
        Self::of("long values", seed, count, |chance, content| {
            let mut now = content.clone();
            let changes = (0..1 + chance.below(3)).map(|_| Self::change(chance, &mut now, 20_000)).collect();
            Step { changes, end: End::Commit }
        })
    }

    pub(crate) fn rollbacks(seed: u64, count: usize) -> Self {
        Self::of("rollbacks", seed, count, |chance, content| {
            let mut now = content.clone();
            let changes = (0..1 + chance.below(8)).map(|_| Self::change(chance, &mut now, 300)).collect();
            Step { changes, end: if chance.below(2) == 0 { End::Commit } else { End::RollBack } }
        })
    }

    pub(crate) fn definitions(seed: u64, count: usize) -> Self {
        let mut next = 0;
        Self::of("definitions", seed, count, move |chance, content| {
            next += 1;
            let table = content.tables.keys().next().copied();
            let index = content.indexes.keys().next().copied();
            let change = match (chance.below(5), table, index) {
                (0, ..) => Change::CreateTable { number: next, rows: chance.below(40) as u32 },
                (1, Some(number), _) => Change::DeleteTable { number },
                (2, _, None) => Change::CreateIndex { number: next },
                (3, _, Some(number)) => Change::DeleteIndex { number },
                _ => Self::change(chance, &mut content.clone(), 200),
            };
            Step { changes: vec![change], end: End::Commit }
        })
    }

    /// A put or a delete among few keys, so that rows are met again.
    fn change(chance: &mut Chance, now: &mut Content, most: u64) -> Change {
        let key = chance.below(60) as u32;
        let change = if now.rows.contains_key(&key) && chance.below(3) == 0 {
            Change::Delete { key }
        } else {
            Change::Put { key, value: chance.value(most) }
        };
        now.apply(&change);
        change
    }
}
