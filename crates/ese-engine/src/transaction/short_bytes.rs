//! Bytes that never change and are few as a rule: the names of nodes in versions. Those that fit lie in place, so that
//! a version of a node with a short key is one allocation.

use std::fmt;
use std::ops::Deref;

use ese_format::node::KeyRef;

/// Bytes that lie in place.
const IN_PLACE: usize = 30;

/// Bytes that never change.
#[derive(Clone)]
pub(super) enum ShortBytes {
    InPlace { length: u8, bytes: [u8; IN_PLACE] },
    Apart(Box<[u8]>),
}

impl From<KeyRef<'_>> for ShortBytes {
    #[inline]
    fn from(key: KeyRef<'_>) -> Self {
        let (prefix, suffix) = (key.prefix, key.suffix);
        let end = prefix.len() + suffix.len();
        let mut bytes = [0; IN_PLACE];
        if let Some(place) = bytes.get_mut(..end) {
            let (front, behind) = place.split_at_mut(prefix.len());
            front.copy_from_slice(prefix);
            behind.copy_from_slice(suffix);
            return Self::InPlace { length: end as u8, bytes };
        }
        Self::Apart([prefix, suffix].concat().into_boxed_slice())
    }
}

impl From<&[u8]> for ShortBytes {
    fn from(bytes: &[u8]) -> Self {
        Self::from(KeyRef::from(bytes))
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
                let key = KeyRef::new(&all[..cut], &all[cut..end]);
                assert_eq!(*ShortBytes::from(key), all[..end]);
            }
        }
    }
}
