//! The extra part: what tells kana of equal primary weight apart (spec 11 §4.5).

use super::make::Base;

/// The four groups of the extra part, one byte of each for each kana.
#[derive(Debug, Default)]
pub(super) struct Kana {
    size: Vec<u8>,
    repetition: Vec<u8>,
    kind: Vec<u8>,
    width: Vec<u8>,
    /// Where the last mark of repetition or length was, and what it repeated.
    pub(super) last_base: Option<(usize, Base)>,
}

impl Kana {
    /// First primary byte of a kana.
    pub(super) const SM: u8 = 0x22;
    /// Repetition weight of a kana that repeats nothing.
    pub(super) const ORDINARY: u8 = 0x03;

    const BASE: u8 = 0xC4;
    const SIZE_BIT: u8 = 0x02;
    const KIND_BIT: u8 = 0x20;
    const WIDTH_BIT: u8 = 0x01;

    pub(super) fn add(&mut self, cw: u8, repetition: u8, nonspace: bool) {
        if nonspace {
            self.size.push(Self::BASE | cw & Self::SIZE_BIT);
            self.repetition.push(repetition);
        }
        self.kind.push(Self::BASE | cw & Self::KIND_BIT);
        self.width.push(Self::BASE | cw & Self::WIDTH_BIT);
    }

    /// The groups without the defaults at their ends; `None` if the text has no kana.
    pub(super) fn groups(&self) -> Option<[&[u8]; 4]> {
        fn significant(group: &[u8], default: u8) -> &[u8] {
            let end = group.iter().rposition(|byte| *byte != default).map_or(0, |last| last + 1);
            group.get(..end).unwrap_or_default()
        }
        (!self.kind.is_empty()).then(|| {
            [
                significant(&self.size, Self::BASE | Self::SIZE_BIT),
                significant(&self.repetition, Self::ORDINARY),
                significant(&self.kind, Self::BASE | Self::KIND_BIT),
                significant(&self.width, Self::BASE | Self::WIDTH_BIT),
            ]
        })
    }
}
