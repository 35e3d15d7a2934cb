//! What each thread does, from a seed alone: the same for the one who does it and for the one who checks it.

use std::collections::BTreeMap;

pub(crate) const THREADS: usize = 8;
/// Keys of a thread in each database; the one behind them is its counter's.
const KEYS: u64 = 250;
/// Keys of all threads, one behind the other.
const KEYS_OF_A_THREAD: i32 = 1_000_000;
const COUNTER: i32 = KEYS_OF_A_THREAD - 1;

/// Rows of a database, by their keys.
pub(crate) type Rows = BTreeMap<i32, Vec<u8>>;

/// Numbers that a seed decides.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// A value: the same bytes for the same number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    number: u64,
    bytes: usize,
}

impl Value {
    pub(crate) fn content(self) -> Vec<u8> {
        let mut dice = Dice(self.number);
        (0..self.bytes.div_ceil(8)).flat_map(|_| dice.next().to_le_bytes()).take(self.bytes).collect()
    }
}

/// One change of one database.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Insert(Value),
    Replace(Value),
    Delete,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Durable,
    Lazy,
    RolledBack,
}

/// Changes by database and key, in their order.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) changes: Vec<(usize, i32, Change)>,
    pub(crate) ending: Ending,
}

/// A thread's work.
#[derive(Clone, Debug)]
pub(crate) struct Player {
    thread: usize,
    dice: Dice,
    /// Its rows in each database.
    rows: Vec<BTreeMap<i32, Value>>,
    committed: u64,
}

impl Player {
    pub(crate) fn all(seed: u64, databases: usize) -> Vec<Self> {
        let player = |thread| Self {
            thread,
            dice: Dice(seed.wrapping_mul(1000) + thread as u64),
            rows: vec![BTreeMap::new(); databases],
            committed: 0,
        };
        (0..THREADS).map(player).collect()
    }

    /// The key of a thread's counter.
    pub(crate) fn counter(thread: usize) -> i32 {
        thread as i32 * KEYS_OF_A_THREAD + COUNTER
    }

    pub(crate) fn thread(&self) -> usize {
        self.thread
    }

    /// Transactions that were committed.
    pub(crate) fn committed(&self) -> u64 {
        self.committed
    }

    fn value(&mut self) -> Value {
        let most = match self.dice.below(60) {
            0 => 9000,
            1..=6 => 1500,
            _ => 300,
        };
        Value { number: self.dice.next(), bytes: 1 + self.dice.below(most) as usize }
    }

    /// A change of one key, or the deletion of a range.
    fn changes(&mut self, rows: &mut [BTreeMap<i32, Value>], into: &mut Vec<(usize, i32, Change)>) {
        let database = self.dice.below(rows.len() as u64) as usize;
        let key = self.thread as i32 * KEYS_OF_A_THREAD + self.dice.below(KEYS) as i32;
        let rows = &mut rows[database];
        if self.dice.below(150) == 0 {
            let keys: Vec<i32> = rows.range(key..key + 120).map(|(key, _)| *key).collect();
            for key in keys {
                rows.remove(&key);
                into.push((database, key, Change::Delete));
            }
            return;
        }
        let change = match (rows.contains_key(&key), self.dice.below(4)) {
            (false, _) => Change::Insert(self.value()),
            (true, 0) => Change::Delete,
            (true, _) => Change::Replace(self.value()),
        };
        match change {
            Change::Insert(value) | Change::Replace(value) => rows.insert(key, value),
            Change::Delete => rows.remove(&key),
        };
        into.push((database, key, change));
    }

    /// The next transaction, which is taken for done.
    pub(crate) fn play(&mut self) -> Transaction {
        let mut after = self.rows.clone();
        let mut changes = Vec::new();
        for _ in 0..=self.dice.below(6) {
            self.changes(&mut after, &mut changes);
        }
        let ending = match self.dice.below(12) {
            0 => Ending::RolledBack,
            1..=3 => Ending::Durable,
            _ => Ending::Lazy,
        };
        if ending != Ending::RolledBack {
            self.rows = after;
            self.committed += 1;
        }
        Transaction { changes, ending }
    }

    /// Plays on until so many transactions are committed.
    pub(crate) fn play_to(&mut self, committed: u64) {
        assert!(self.committed <= committed, "restored points ascend");
        while self.committed < committed {
            self.play();
        }
    }

    /// What it has in a database, its counter among it.
    pub(crate) fn rows_in(&self, database: usize) -> Rows {
        let mut rows: Rows = self.rows[database].iter().map(|(key, value)| (*key, value.content())).collect();
        if self.committed > 0 {
            rows.insert(Self::counter(self.thread), self.committed.to_le_bytes().to_vec());
        }
        rows
    }
}
