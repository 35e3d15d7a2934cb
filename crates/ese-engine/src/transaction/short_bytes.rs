//! Bytes that never change and are few as a rule: the names of nodes in versions. Those that fit lie in place, so that
//! a version of a node with a short key is one allocation.

use std::fmt;
use std::ops::Deref;

/// Bytes that lie in place.
const IN_PLACE: usize = 30;

/// Bytes that never change.
#[derive(Clone)]
pub(super) enum ShortBytes {
    InPlace { length: u8, bytes: [u8; IN_PLACE] },
    Apart(Box<[u8]>),
}

impl ShortBytes {
    /// These pieces, one behind the other.
    #[inline]
    pub(super) fn of(pieces: [&[u8]; 3]) -> Self {
        let end = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        if end > IN_PLACE {
            return Self::Apart(pieces.concat().into_boxed_slice());
        }
        let mut bytes = [0; IN_PLACE];
        let mut rest = &mut bytes[..];
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            let Some((place, behind)) = rest.split_at_mut_checked(piece.len()) else { break };
            place.copy_from_slice(piece);
            rest = behind;
        }
        Self::InPlace { length: end as u8, bytes }
    }
}

impl Deref for ShortBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::InPlace { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or(bytes),
            Self::Apart(bytes) => bytes,
        }
    }
}

impl fmt::Debug for ShortBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_every_length_come_back_as_they_were() {
        let all: Vec<u8> = (0..80).collect();
        for end in 0..all.len() {
            for cut in [0, end / 3, end] {
                let (middle, rest) = all[cut..end].split_at((end - cut) / 2);
                assert_eq!(*ShortBytes::of([&all[..cut], middle, rest]), all[..end]);
            }
        }
    }
}
