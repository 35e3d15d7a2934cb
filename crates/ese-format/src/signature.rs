//! SIGNATURE: the identity of a database, a log set or a header write (spec 01 §2.3).
//!
//! ```text
//! 0   u32      random number
//! 4   LOGTIME  time of creation
//! 12  16 bytes computer name, zero in every current writer
//! ```
//!
//! Invariant: two signatures are equal only when all 28 bytes are.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::logtime::Logtime;

/// An identity in its stored form. All zero: not set.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Signature {
    /// Any random number.
    pub random: U32,
    /// When it was made.
    pub created: Logtime,
    /// ANSI, zero-padded.
    pub computer_name: [u8; 16],
}

const _: () = assert!(size_of::<Signature>() == 28);

impl Signature {
    /// Whether the signature is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }

    /// The stored bytes in hexadecimal, 56 digits (`Restore.env`, spec 07 §14.2).
    #[must_use]
    pub fn hexadecimal(&self) -> String {
        self.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// The signature of such digits, of either case.
    #[must_use]
    pub fn from_hexadecimal(digits: &str) -> Option<Self> {
        if digits.len() != 2 * size_of::<Self>() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let (pairs, _) = digits.as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = pairs.iter().map(byte).collect::<Option<_>>()?;
        Self::read_from_bytes(&bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_a_signature_give_it_back() {
        let signature = Signature { random: 0xA1B2_C3D4.into(), ..Signature::default() };
        let digits = signature.hexadecimal();
        assert!(digits.len() == 56 && digits.starts_with("D4C3B2A1"));
        assert_eq!(Signature::from_hexadecimal(&digits.to_lowercase()), Some(signature));
        assert_eq!(Signature::from_hexadecimal(&digits[1..]), None);
        assert_eq!(Signature::from_hexadecimal(&digits.replacen('D', "+", 1)), None);
    }
}
