//! Column types, code pages and column identifiers (spec 03 §8.1–8.3, spec 04 §1.1 and §2).
//!
//! Invariant: the storage class of a column follows from its identifier alone, never from its type:
//!
//! ```text
//! FID   0        1 .. 127     128 .. 255      256 .. 65248
//!       unused   fixed        variable        tagged
//! ```

use std::fmt;

/// What a column holds. Codes are the persisted ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// 0: a deleted column.
    Nil,
    /// 1: one byte, 0 or 0xFF.
    Bit,
    /// 2: one unsigned byte.
    UnsignedByte,
    /// 3: two bytes, signed.
    Short,
    /// 4: four bytes, signed.
    Long,
    /// 5: eight bytes, signed.
    Currency,
    /// 6: IEEE single.
    IeeeSingle,
    /// 7: IEEE double.
    IeeeDouble,
    /// 8: IEEE double, days since 1899-12-30.
    DateTime,
    /// 9: up to 255 bytes.
    Binary,
    /// 10: up to 255 bytes of text.
    Text,
    /// 11: up to 2 GiB − 1.
    LongBinary,
    /// 12: up to 2 GiB − 1 of text.
    LongText,
    /// 13: obsolete.
    Slv,
    /// 14: four bytes, unsigned.
    UnsignedLong,
    /// 15: eight bytes, signed.
    LongLong,
    /// 16: sixteen bytes in Windows' structure order.
    Guid,
    /// 17: two bytes, unsigned.
    UnsignedShort,
    /// 18: eight bytes, unsigned.
    UnsignedLongLong,
    /// Any later type: bytes whose meaning is not known.
    Unknown(u32),
}

impl ColumnType {
    const CODES: [Self; 19] = [
        Self::Nil,
        Self::Bit,
        Self::UnsignedByte,
        Self::Short,
        Self::Long,
        Self::Currency,
        Self::IeeeSingle,
        Self::IeeeDouble,
        Self::DateTime,
        Self::Binary,
        Self::Text,
        Self::LongBinary,
        Self::LongText,
        Self::Slv,
        Self::UnsignedLong,
        Self::LongLong,
        Self::Guid,
        Self::UnsignedShort,
        Self::UnsignedLongLong,
    ];

    /// The type with this persisted code.
    #[must_use]
    pub fn from_code(code: u32) -> Self {
        let index = usize::try_from(code).unwrap_or(usize::MAX);
        Self::CODES.get(index).copied().unwrap_or(Self::Unknown(code))
    }

    /// The persisted code.
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Self::Unknown(code) => code,
            Self::Nil => 0,
            Self::Bit => 1,
            Self::UnsignedByte => 2,
            Self::Short => 3,
            Self::Long => 4,
            Self::Currency => 5,
            Self::IeeeSingle => 6,
            Self::IeeeDouble => 7,
            Self::DateTime => 8,
            Self::Binary => 9,
            Self::Text => 10,
            Self::LongBinary => 11,
            Self::LongText => 12,
            Self::Slv => 13,
            Self::UnsignedLong => 14,
            Self::LongLong => 15,
            Self::Guid => 16,
            Self::UnsignedShort => 17,
            Self::UnsignedLongLong => 18,
        }
    }

    /// Bytes of every value, for the types that have one size.
    #[must_use]
    pub fn fixed_size(self) -> Option<u16> {
        match self {
            Self::Bit | Self::UnsignedByte => Some(1),
            Self::Short | Self::UnsignedShort => Some(2),
            Self::Long | Self::UnsignedLong | Self::IeeeSingle => Some(4),
            Self::Currency | Self::IeeeDouble | Self::DateTime | Self::LongLong | Self::UnsignedLongLong => {
                Some(8)
            }
            Self::Guid => Some(16),
            _ => None,
        }
    }

    /// LongBinary or LongText: always tagged, may be compressed or separated.
    #[must_use]
    pub fn is_long(self) -> bool {
        matches!(self, Self::LongBinary | Self::LongText)
    }

    /// Text or LongText.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::LongText)
    }

    /// Binary or LongBinary.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Binary | Self::LongBinary)
    }

    /// The class a new column of this type gets when the creator asks for none (spec 03 §8.2).
    #[must_use]
    pub fn default_class(self) -> ColumnClass {
        match self {
            Self::LongBinary | Self::LongText => ColumnClass::Tagged,
            _ if self.fixed_size().is_some() => ColumnClass::Fixed,
            _ => ColumnClass::Variable,
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(code) => write!(f, "coltyp {code}"),
            known => write!(f, "{known:?}"),
        }
    }
}

/// The code page of a text column (spec 03 §8.6). The engine never converts: text is bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct CodePage(pub u16);

impl CodePage {
    /// No text.
    pub const NONE: Self = Self(0);
    /// UTF-16, little-endian.
    pub const UNICODE: Self = Self(1200);
    /// Windows' Western code page.
    pub const WESTERN: Self = Self(1252);

    /// Bytes of one character for the purposes of keys: 2 for UTF-16, else 1.
    #[must_use]
    pub fn character_bytes(self) -> usize {
        if self == Self::UNICODE { 2 } else { 1 }
    }
}

/// Where in a record a column lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnClass {
    /// At a fixed offset in every record that reaches it.
    Fixed,
    /// In the array of at most 255-byte values.
    Variable,
    /// In the sparse array of tagged values.
    Tagged,
}

impl ColumnClass {
    /// The first FID of the class.
    #[must_use]
    pub const fn first_fid(self) -> u16 {
        match self {
            Self::Fixed => FID_FIXED_FIRST,
            Self::Variable => FID_VARIABLE_FIRST,
            Self::Tagged => FID_TAGGED_FIRST,
        }
    }

    /// The last FID of the class.
    #[must_use]
    pub const fn last_fid(self) -> u16 {
        match self {
            Self::Fixed => FID_FIXED_LAST,
            Self::Variable => FID_VARIABLE_LAST,
            Self::Tagged => FID_TAGGED_LAST,
        }
    }
}

/// First FID of a fixed column.
pub const FID_FIXED_FIRST: u16 = 1;
/// Last FID of a fixed column.
pub const FID_FIXED_LAST: u16 = 127;
/// First FID of a variable column.
pub const FID_VARIABLE_FIRST: u16 = 128;
/// Last FID of a variable column.
pub const FID_VARIABLE_LAST: u16 = 255;
/// First FID of a tagged column.
pub const FID_TAGGED_FIRST: u16 = 256;
/// Last FID of a tagged column.
pub const FID_TAGGED_LAST: u16 = 0xFEE0;

/// A column identifier: the FID in the low word and, in bit 31, whether the column belongs to a template table. The bit
/// is known to the API and in memory; catalog rows never carry it (spec 03 §8.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(u32);

impl ColumnId {
    const TEMPLATE: u32 = 0x8000_0000;

    /// A column of the table itself.
    #[must_use]
    pub const fn own(fid: u16) -> Self {
        Self(fid as u32)
    }

    /// A column of the template table.
    #[must_use]
    pub const fn template(fid: u16) -> Self {
        Self(fid as u32 | Self::TEMPLATE)
    }

    /// The identifier with this number, as the API knows it; `None` if bits are set that no column has, or the FID is 0
    /// or beyond the last tagged one.
    #[must_use]
    pub fn from_api(number: u32) -> Option<Self> {
        let id = Self(number);
        (number & !(Self::TEMPLATE | 0xFFFF) == 0 && id.class().is_some()).then_some(id)
    }

    /// The number as the API knows it.
    #[must_use]
    pub const fn to_api(self) -> u32 {
        self.0
    }

    /// The FID.
    #[must_use]
    pub const fn fid(self) -> u16 {
        let [low, high, ..] = self.0.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    /// Whether the column belongs to a template table.
    #[must_use]
    pub const fn is_template(self) -> bool {
        self.0 & Self::TEMPLATE != 0
    }

    /// The storage class, `None` for a FID that no column can have.
    #[must_use]
    pub fn class(self) -> Option<ColumnClass> {
        class_of(self.fid())
    }
}

impl fmt::Debug for ColumnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}{}", self.fid(), if self.is_template() { " of the template" } else { "" })
    }
}

/// The storage class of a FID, `None` for 0 and for what lies beyond the last tagged one.
#[must_use]
pub fn class_of(fid: u16) -> Option<ColumnClass> {
    [ColumnClass::Fixed, ColumnClass::Variable, ColumnClass::Tagged]
        .into_iter()
        .find(|class| (class.first_fid()..=class.last_fid()).contains(&fid))
}

/// The character of a byte in Windows code page 1252; the five unassigned bytes are the C1 controls of the same number.
#[must_use]
pub fn western_character(byte: u8) -> char {
    const HIGH: [u16; 32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152,
        0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122,
        0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
    ];
    byte.checked_sub(0x80)
        .and_then(|high| HIGH.get(usize::from(high)))
        .and_then(|code| char::from_u32(u32::from(*code)))
        .unwrap_or(char::from(byte))
}

/// The byte of a character in Windows code page 1252, if it has one.
#[must_use]
pub fn western_byte(character: char) -> Option<u8> {
    (0..=255).find(|byte| western_character(*byte) == character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_leads_to_a_type_with_the_same_code() {
        for code in 0..40 {
            assert_eq!(ColumnType::from_code(code).code(), code);
        }
    }

    #[test]
    fn the_class_of_a_column_follows_from_its_fid() {
        assert_eq!(class_of(0), None);
        assert_eq!(class_of(127), Some(ColumnClass::Fixed));
        assert_eq!(class_of(128), Some(ColumnClass::Variable));
        assert_eq!(class_of(256), Some(ColumnClass::Tagged));
        assert_eq!(class_of(65248), Some(ColumnClass::Tagged));
        assert_eq!(class_of(65249), None);
    }

    #[test]
    fn api_numbers_of_columns_survive_and_foreign_bits_are_refused() {
        assert_eq!(ColumnId::from_api(0x8000_0100), Some(ColumnId::template(256)));
        assert_eq!(ColumnId::template(256).to_api(), 0x8000_0100);
        assert_eq!(ColumnId::from_api(0x0001_0100), None);
        assert_eq!(ColumnId::from_api(0), None);
    }

    #[test]
    fn western_bytes_and_characters_are_inverse() {
        for byte in 0..=255 {
            assert_eq!(western_byte(western_character(byte)), Some(byte));
        }
        assert_eq!(western_character(0x80), '€');
        assert_eq!(western_character(0xE9), 'é');
    }
}
