//! Lists of weights that are short, and mostly the default, in most texts.

const INLINE: usize = 48;

/// Bytes, the first few without an allocation.
#[derive(Debug)]
pub(super) struct ShortBytes {
    inline: [u8; INLINE],
    len: usize,
    /// All of them, once there are more.
    long: Vec<u8>,
}

impl ShortBytes {
    pub(super) fn new() -> Self {
        Self { inline: [0; INLINE], len: 0, long: Vec::new() }
    }

    pub(super) fn push(&mut self, byte: u8) {
        if let Some(place) = self.inline.get_mut(self.len) {
            *place = byte;
        } else {
            if self.long.is_empty() {
                self.long.extend_from_slice(&self.inline);
            }
            self.long.push(byte);
        }
        self.len += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        if self.len <= INLINE { self.inline.get_mut(..self.len).unwrap_or_default() } else { &mut self.long }
    }
}

/// The weight that stands for nothing special.
pub(super) const DEFAULT_WEIGHT: u8 = 2;

/// Diacritic or case weights. A run of defaults at the end is only counted.
#[derive(Debug)]
pub(super) struct WeightList {
    stored: ShortBytes,
    defaults: usize,
}

impl WeightList {
    pub(super) fn new() -> Self {
        Self { stored: ShortBytes::new(), defaults: 0 }
    }

    pub(super) fn push(&mut self, weight: u8) {
        if weight == DEFAULT_WEIGHT {
            self.defaults += 1;
        } else {
            self.store_defaults();
            self.stored.push(weight);
        }
    }

    pub(super) fn push_default(&mut self) {
        self.defaults += 1;
    }

    /// Adds a mark's weight to the last one, modulo 256; the mark's alone where there is none.
    pub(super) fn add_to_last(&mut self, weight: u8) {
        if self.defaults > 0 {
            self.defaults -= 1;
            self.push(weight.wrapping_add(DEFAULT_WEIGHT));
        } else if let Some(last) = self.stored.as_mut_slice().last_mut() {
            *last = last.wrapping_add(weight);
        } else {
            self.push(weight);
        }
    }

    /// The weights from the last to the first.
    pub(super) fn reverse(&mut self) {
        self.store_defaults();
        self.stored.as_mut_slice().reverse();
    }

    /// The weights without those at the end that say nothing.
    pub(super) fn significant(&mut self) -> &[u8] {
        let stored = self.stored.as_mut_slice();
        let end = stored.iter().rposition(|weight| *weight > DEFAULT_WEIGHT).map_or(0, |last| last + 1);
        stored.get(..end).unwrap_or_default()
    }

    fn store_defaults(&mut self) {
        for _ in 0..self.defaults {
            self.stored.push(DEFAULT_WEIGHT);
        }
        self.defaults = 0;
    }
}
