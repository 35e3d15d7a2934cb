//! Clusters of conjoining jamo, old Hangul (spec 11 §4.7). One source only: keys are [`super::Uncertain`].

use super::make::Unit;
use super::tables::{self, default_weights};

const LEADING_FILLER: u16 = 0x115F;
const VOWEL_FILLER: u16 = 0x1160;
/// Stands before the first syllable.
const BEFORE_SYLLABLES: u16 = 0x3260;
const FIRST_SYLLABLE: u16 = 0xAC00;
const FILL: u8 = 0x80;
const NO_TRAILING: u8 = 0x02;

fn is_leading(unit: u16) -> bool {
    matches!(unit, 0x1100..=0x115F | 0xA960..=0xA97C)
}

fn is_vowel(unit: u16) -> bool {
    matches!(unit, 0x1160..=0x11A7 | 0xD7B0..=0xD7C6)
}

fn is_trailing(unit: u16) -> bool {
    matches!(unit, 0x11A8..=0x11FF | 0xD7CB..=0xD7FB)
}

/// A leading, a vowel and a trailing jamo that count as one.
pub(super) struct Cluster {
    leading: u16,
    vowel: u16,
    trailing: Option<u16>,
    /// How many units it takes.
    pub(super) units: usize,
}

impl Cluster {
    pub(super) fn at(units: &[Unit], place: usize) -> Self {
        let mut end = place;
        let mut take = |is_kind: fn(u16) -> bool| {
            let unit = units.get(end).map(|unit| u16::from_le_bytes(*unit)).filter(|unit| is_kind(*unit));
            end += usize::from(unit.is_some());
            unit
        };
        let (leading, vowel, trailing) = (take(is_leading), take(is_vowel), take(is_trailing));
        let is_old = |unit: u16| tables::jamo(unit).is_old;
        let (leading, vowel) = (leading.unwrap_or(LEADING_FILLER), vowel.unwrap_or(VOWEL_FILLER));
        if is_old(leading) || is_old(vowel) || trailing.is_some_and(is_old) {
            return Self { leading, vowel, trailing, units: end.saturating_sub(place).max(1) };
        }
        Self { leading, vowel: VOWEL_FILLER, trailing: None, units: 1 }
    }

    pub(super) fn weights(&self) -> [u8; 8] {
        let leading = tables::jamo(self.leading);
        let vowel = tables::jamo(self.vowel);
        let trailing = self.trailing.map(tables::jamo);
        let trailing_index =
            trailing.map_or(0, |jamo| jamo.trailing).max(leading.trailing).max(vowel.trailing);
        let l = u16::from(leading.leading.max(vowel.leading));
        let v = u16::from(leading.vowel.max(vowel.vowel));
        let mut syllable = FIRST_SYLLABLE + (l * 21 + v) * 28 + u16::from(trailing_index);
        let mut fill = 0;
        if self.leading == LEADING_FILLER || self.vowel == VOWEL_FILLER {
            syllable -= 1;
            fill = FILL;
        }
        if syllable < FIRST_SYLLABLE {
            syllable = BEFORE_SYLLABLES;
        }
        let [sm, aw, ..] = default_weights(syllable);
        let trailing_weight = trailing.map_or(NO_TRAILING, |jamo| jamo.weight);
        [sm, aw, 0xFF, leading.weight | fill, 0xFF, vowel.weight, 0xFF, trailing_weight]
    }
}
