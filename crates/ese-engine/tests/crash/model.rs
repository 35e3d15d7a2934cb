//! What a table should hold: the states that it went through, one for each commit.

use std::collections::BTreeMap;

/// Rows by their key.
pub(crate) type Rows = BTreeMap<i32, Vec<u8>>;

/// What a run did until its power went.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// Whether creating the database was acknowledged.
    pub(crate) created: bool,
    /// The rows after each commit that was begun, in order; without the first, the table has none.
    pub(crate) states: Vec<Rows>,
    /// How many of them were acknowledged as durable.
    pub(crate) durable: usize,
}

impl History {
    /// Whether these rows may be found after the power came back: those of a commit that was begun, and none before the
    /// last that was acknowledged.
    pub(crate) fn allows(&self, rows: &Rows) -> bool {
        let nothing = self.durable == 0 && rows.is_empty();
        nothing || self.states.iter().skip(self.durable.saturating_sub(1)).any(|state| state == rows)
    }
}

/// A sequence that a seed decides.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn roll(&mut self, sides: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as u32 % sides.max(1)
    }

    /// Bytes without a period: sectors of one repeated byte have the checksum of zeros (docs/format/log-tail.md).
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.roll(256) as u8).collect()
    }
}
