//! The units that the keys of an index were seen to agree about (spec 11 §8.5).

use super::make::is_witnessed;
use super::tables::default_weights;

const WORDS: usize = 0x1_0000 / 64;

/// A set of UTF-16 units.
#[derive(Clone, Debug)]
pub struct Witnesses {
    words: Box<[u64; WORDS]>,
}

impl Default for Witnesses {
    /// The units that real keys of NLS versions 6.2 show.
    fn default() -> Self {
        let mut witnesses = Self { words: Box::new([0; WORDS]) };
        for unit in 0..=u16::MAX {
            // What has no weight here may have one elsewhere.
            if is_witnessed(unit) && (default_weights(unit)[0] != 0 || unit == 0) {
                witnesses.add_unit(unit);
            }
        }
        witnesses
    }
}

impl Witnesses {
    /// Adds the units of a text whose key is whole and was made again.
    pub fn add(&mut self, text: &[u8]) {
        for unit in text.as_chunks::<2>().0 {
            let unit = u16::from_le_bytes(*unit);
            if default_weights(unit)[0] != 0 {
                self.add_unit(unit);
            }
        }
    }

    /// Adds all of another set.
    pub fn join(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(other.words.iter()) {
            *word |= more;
        }
    }

    /// The first unit of a text that is not in the set.
    #[must_use]
    pub fn first_unknown(&self, text: &[u8]) -> Option<u16> {
        let units = text.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
        units.into_iter().find(|unit| !self.has(*unit))
    }

    /// How many units there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    fn has(&self, unit: u16) -> bool {
        self.words.get(usize::from(unit / 64)).is_some_and(|word| word >> (unit % 64) & 1 != 0)
    }

    fn add_unit(&mut self, unit: u16) {
        if let Some(word) = self.words.get_mut(usize::from(unit / 64)) {
            *word |= 1 << (unit % 64);
        }
    }
}
