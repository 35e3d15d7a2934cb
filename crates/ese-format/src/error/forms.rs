//! The forms in which one JET code is written by tools and libraries (spec 07 §16).
//!
//! ```text
//! engine form           32-bit two's complement              -530 = 0xFFFFFDEE = 4294966766
//! backup-library form   0xC8000000 + |error|                 -530 = 0xC8000212 = 3355443730
//!                       0x88000000 + warning                 +578 = 0x88000242
//! ```
//!
//! Invariants: a code outside ±65535 has no library form; the library's own codes (facility 0x7FF) and those of its callbacks
//! (0x7FE) are never taken for JET codes; both directions agree for every code.

use super::JetError;

/// Severity "error", facility of the engine in the backup library's codes.
const LIBRARY_ERROR: u32 = 0xC800_0000;
/// Severity "warning", the same facility.
const LIBRARY_WARNING: u32 = 0x8800_0000;
/// The upper half of a backup library's own codes.
const LIBRARY_OWN: u32 = 0xC7FF;
/// The upper half of the codes of its callbacks.
const LIBRARY_CALLBACK: u32 = 0xC7FE;
/// Longest text that is looked at.
const TEXT_BYTES_MAX: usize = 64;

/// Why a number or a word stands for no JET code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoJetCode {
    /// A code of the backup client library itself; 0xC7FF1004 says that the JET code is the thread's last error.
    OfLibrary,
    /// A code of a callback of the backup client library.
    OfCallback,
    /// Any other number.
    OfNobody,
    /// No number, and no name of a code.
    NoNumber,
}

impl std::fmt::Display for NoJetCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OfLibrary => {
                "not a JET code: it is one of the backup client library itself (facility 0x7FF)"
            }
            Self::OfCallback => {
                "not a JET code: it is one of a callback of the backup client library (facility 0x7FE)"
            }
            Self::OfNobody => "not a JET code",
            Self::NoNumber => "neither a number nor the name of a JET code",
        })
    }
}

impl JetError {
    /// The engine form: two's complement in 32 bits.
    #[must_use]
    pub const fn engine_form(self) -> u32 {
        self.code().cast_unsigned()
    }

    /// The form of the backup client library, 0 for success; `None` for codes beyond 65535, which it cannot say.
    #[must_use]
    pub const fn library_form(self) -> Option<u32> {
        let size = self.code().unsigned_abs();
        match (self.code(), size) {
            (0, _) => Some(0),
            (_, 0x1_0000..) => None,
            (..0, _) => Some(LIBRARY_ERROR + size),
            (_, _) => Some(LIBRARY_WARNING + size),
        }
    }

    /// The code that a 32-bit number stands for, in whichever form.
    ///
    /// # Errors
    /// [`NoJetCode`].
    pub fn from_form(form: u32) -> Result<Self, NoJetCode> {
        let low = (form & 0xFFFF).cast_signed();
        let code = match form >> 16 {
            0xC800 => -low,
            0x8800 | 0 => low,
            0xFFFF => form.cast_signed(),
            LIBRARY_OWN => return Err(NoJetCode::OfLibrary),
            LIBRARY_CALLBACK => return Err(NoJetCode::OfCallback),
            _ => return Err(NoJetCode::OfNobody),
        };
        // Zero is success in its own form only; -65536 is no code at all.
        if (low == 0 && form != 0) || code == -0x1_0000 {
            return Err(NoJetCode::OfNobody);
        }
        Ok(Self::from_code(code))
    }

    /// The code that a text stands for: a decimal number, signed or not, hexadecimal with `0x`, or the name of a code.
    ///
    /// # Errors
    /// [`NoJetCode`].
    pub fn from_text(text: &str) -> Result<Self, NoJetCode> {
        let text = text.trim();
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return Err(NoJetCode::NoNumber);
        }
        if let Some(info) = super::JET_ERRORS.iter().find(|info| info.name.eq_ignore_ascii_case(text)) {
            return Ok(Self::from_code(info.value));
        }
        let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        let number = match hexadecimal {
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
                i64::from_str_radix(digits, 16)
            }
            Some(_) => return Err(NoJetCode::NoNumber),
            None => text.parse::<i64>(),
        }
        .map_err(|error| match error.kind() {
            std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => NoJetCode::OfNobody,
            _ => NoJetCode::NoNumber,
        })?;
        let form = match (u32::try_from(number), i32::try_from(number)) {
            (Ok(form), _) => form,
            (_, Ok(signed)) => signed.cast_unsigned(),
            _ => return Err(NoJetCode::OfNobody),
        };
        Self::from_form(form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of spec 07 §16: code, backup-library form, its decimal, engine form, its decimal.
    const ROWS: &[(i32, u32, u64, u32, u64)] = &[
        (-505, 0xC800_01F9, 3_355_443_705, 0xFFFF_FE07, 4_294_966_791),
        (-506, 0xC800_01FA, 3_355_443_706, 0xFFFF_FE06, 4_294_966_790),
        (-520, 0xC800_0208, 3_355_443_720, 0xFFFF_FDF8, 4_294_966_776),
        (-521, 0xC800_0209, 3_355_443_721, 0xFFFF_FDF7, 4_294_966_775),
        (-523, 0xC800_020B, 3_355_443_723, 0xFFFF_FDF5, 4_294_966_773),
        (-526, 0xC800_020E, 3_355_443_726, 0xFFFF_FDF2, 4_294_966_770),
        (-530, 0xC800_0212, 3_355_443_730, 0xFFFF_FDEE, 4_294_966_766),
        (-533, 0xC800_0215, 3_355_443_733, 0xFFFF_FDEB, 4_294_966_763),
        (-535, 0xC800_0217, 3_355_443_735, 0xFFFF_FDE9, 4_294_966_761),
        (-538, 0xC800_021A, 3_355_443_738, 0xFFFF_FDE6, 4_294_966_758),
        (-543, 0xC800_021F, 3_355_443_743, 0xFFFF_FDE1, 4_294_966_753),
        (-544, 0xC800_0220, 3_355_443_744, 0xFFFF_FDE0, 4_294_966_752),
        (-550, 0xC800_0226, 3_355_443_750, 0xFFFF_FDDA, 4_294_966_746),
        (-552, 0xC800_0228, 3_355_443_752, 0xFFFF_FDD8, 4_294_966_744),
        (-553, 0xC800_0229, 3_355_443_753, 0xFFFF_FDD7, 4_294_966_743),
        (-554, 0xC800_022A, 3_355_443_754, 0xFFFF_FDD6, 4_294_966_742),
        (-555, 0xC800_022B, 3_355_443_755, 0xFFFF_FDD5, 4_294_966_741),
        (-556, 0xC800_022C, 3_355_443_756, 0xFFFF_FDD4, 4_294_966_740),
        (-557, 0xC800_022D, 3_355_443_757, 0xFFFF_FDD3, 4_294_966_739),
        (-560, 0xC800_0230, 3_355_443_760, 0xFFFF_FDD0, 4_294_966_736),
        (-561, 0xC800_0231, 3_355_443_761, 0xFFFF_FDCF, 4_294_966_735),
        (-577, 0xC800_0241, 3_355_443_777, 0xFFFF_FDBF, 4_294_966_719),
        (-610, 0xC800_0262, 3_355_443_810, 0xFFFF_FD9E, 4_294_966_686),
        (-611, 0xC800_0263, 3_355_443_811, 0xFFFF_FD9D, 4_294_966_685),
        (-612, 0xC800_0264, 3_355_443_812, 0xFFFF_FD9C, 4_294_966_684),
        (-615, 0xC800_0267, 3_355_443_815, 0xFFFF_FD99, 4_294_966_681),
        (-1003, 0xC800_03EB, 3_355_444_203, 0xFFFF_FC15, 4_294_966_293),
        (-1018, 0xC800_03FA, 3_355_444_218, 0xFFFF_FC06, 4_294_966_278),
        (-1206, 0xC800_04B6, 3_355_444_406, 0xFFFF_FB4A, 4_294_966_090),
        (-1811, 0xC800_0713, 3_355_445_011, 0xFFFF_F8ED, 4_294_965_485),
        (578, 0x8800_0242, 2_281_701_954, 0x0000_0242, 578),
    ];

    #[test]
    fn every_row_of_the_table_goes_both_ways_in_every_form() {
        for &(code, library, library_decimal, engine, engine_decimal) in ROWS {
            let error = JetError::from_code(code);
            assert_eq!(error.library_form(), Some(library), "{code}");
            assert_eq!(error.engine_form(), engine, "{code}");
            assert_eq!((u64::from(library), u64::from(engine)), (library_decimal, engine_decimal), "{code}");
            for text in [
                code.to_string(),
                library_decimal.to_string(),
                engine_decimal.to_string(),
                format!("0x{library:x}"),
                format!("0X{library:08X}"),
                format!("{engine:#010x}"),
                library.cast_signed().to_string(),
                error.name().to_owned(),
                error.name().to_uppercase(),
            ] {
                assert_eq!(JetError::from_text(&text), Ok(error), "{text}");
            }
        }
        assert_eq!(ROWS.len(), 31);
    }

    #[test]
    fn every_known_code_comes_back_from_both_forms() {
        for info in super::super::JET_ERRORS {
            let error = JetError::from_code(info.value);
            let library = error.library_form().expect("no known code is above 65535");
            assert_eq!(JetError::from_form(library), Ok(error), "{}", info.name);
            assert_eq!(JetError::from_form(error.engine_form()), Ok(error), "{}", info.name);
        }
    }

    #[test]
    fn what_is_no_jet_code_is_told_from_one() {
        for (text, expected) in [
            ("0xC7FF1004", NoJetCode::OfLibrary),
            ("3355381764", NoJetCode::OfLibrary),
            ("0xC7FE0001", NoJetCode::OfCallback),
            ("0x80004005", NoJetCode::OfNobody),
            ("0xC8000000", NoJetCode::OfNobody),
            ("0x88000000", NoJetCode::OfNobody),
            ("0xFFFF0000", NoJetCode::OfNobody),
            ("-65536", NoJetCode::OfNobody),
            ("65536", NoJetCode::OfNobody),
            ("4294967296", NoJetCode::OfNobody),
            ("-99999999999999999999", NoJetCode::OfNobody),
            ("0x1FFFFFFFFFFFFFFFFF", NoJetCode::OfNobody),
            ("", NoJetCode::NoNumber),
            ("0x", NoJetCode::NoNumber),
            ("0x-5", NoJetCode::NoNumber),
            ("--5", NoJetCode::NoNumber),
            ("JET_errNothing", NoJetCode::NoNumber),
        ] {
            assert_eq!(JetError::from_text(text), Err(expected), "{text:?}");
        }
        assert_eq!(JetError::from_text("0"), Ok(JetError::SUCCESS));
        assert_eq!(JetError::from_text(" -65535\n"), Ok(JetError::from_code(-65535)));
        assert_eq!(JetError::from_code(-65536).library_form(), None);
        assert_eq!(JetError::from_code(i32::MIN).library_form(), None);
    }
}
