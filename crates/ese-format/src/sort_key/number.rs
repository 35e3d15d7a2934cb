//! Runs of digits that count as numbers (spec 11 §4.8). One source only: keys are [`super::Uncertain`].

use super::make::Unit;

/// The zeros of the scripts with decimal digits.
const ZEROS: [u16; 28] = [
    0x0030, 0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900,
    0xAA50, 0xFF10,
];
/// Digits of one number.
const DIGITS_MAX: usize = 19;
const SM_AW: [u8; 2] = [0x0D, 0x02];

/// The value of a digit and the zero of its script.
fn digit(unit: &Unit) -> Option<(u16, u8)> {
    let unit = u16::from_le_bytes(*unit);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&unit))?;
    Some((*zero, u8::try_from(unit - zero).ok()?))
}

/// One number.
pub(super) struct Run {
    weights: [u8; 16],
    bytes: usize,
    units: usize,
}

impl Run {
    /// The number that begins at `place`; `None` if no decimal digit does.
    pub(super) fn at(units: &[Unit], place: usize) -> Option<Self> {
        let rest = units.get(place..)?;
        let (zero, _) = digit(rest.first()?)?;
        let digits = rest.iter().take(DIGITS_MAX).map_while(digit).take_while(|(of, _)| *of == zero);
        let mut values = [0u8; DIGITS_MAX];
        let mut count = 0;
        for (place, (_, value)) in values.iter_mut().zip(digits) {
            *place = value;
            count += 1;
        }
        let values = values.get(..count)?;
        let zeros = values.iter().take_while(|value| **value == 0).count();
        let significant = values.get(zeros..)?;
        let mut run = Self { weights: [0; 16], bytes: 0, units: count };
        run.push(SM_AW[0]);
        run.push(SM_AW[1]);
        run.push(u8::try_from(significant.len()).ok()?.wrapping_add(2));
        let (first, pairs) = significant.split_at_checked(significant.len() % 2)?;
        if let Some(digit) = first.first() {
            run.push(0x20 | (digit + 2));
        }
        for pair in pairs.as_chunks::<2>().0 {
            run.push((pair[0] + 2) << 4 | (pair[1] + 2));
        }
        run.push(0xFE - u8::try_from(zeros).ok()?);
        Some(run)
    }

    pub(super) fn weights(&self) -> &[u8] {
        self.weights.get(..self.bytes).unwrap_or_default()
    }

    pub(super) fn units(&self) -> usize {
        self.units.max(1)
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.weights.get_mut(self.bytes) {
            *place = byte;
            self.bytes += 1;
        }
    }
}
