//! Numbers that a seed decides (SplitMix64).

#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(0x2545_F491_4F6C_DD1D))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`; 0 where that is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        of.get(self.below(of.len()))
    }

    /// Bytes that shrink or do not, as it comes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        match self.below(3) {
            0 => {
                let mut bytes = Vec::with_capacity(count + 8);
                while bytes.len() < count {
                    bytes.extend_from_slice(&self.next().to_le_bytes());
                }
                bytes.truncate(count);
                bytes
            }
            1 => vec![self.next() as u8; count],
            _ => (0..count).map(|at| b'a' + ((at / 7) % 20) as u8).collect(),
        }
    }

    /// Text of letters.
    pub(crate) fn text(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| b"abcXYZmnop"[self.below(10)]).collect()
    }
}
