//! Types of columns, and values of them.

use ese_engine::catalog::ColumnGrbit;
use ese_format::column_type::ColumnType;

use crate::dice::Dice;

/// How values of a column are made and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// This many bytes.
    Sized(usize),
    Bit,
    /// A fixed column, padded with this byte.
    Padded(usize, u8),
    /// At most so many bytes.
    Short(usize),
    /// A long value.
    Long,
}

/// Where in a record the column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Fixed,
    Variable,
    Tagged,
}

/// Type and storage of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) column_type: ColumnType,
    pub(crate) shape: Shape,
    pub(crate) class: Class,
    pub(crate) multi_valued: bool,
    pub(crate) compressed: bool,
}

const fn plain(column_type: ColumnType, shape: Shape) -> Kind {
    Kind { column_type, shape, class: Class::Fixed, multi_valued: false, compressed: false }
}

const fn variable(column_type: ColumnType, bytes: usize) -> Kind {
    Kind { class: Class::Variable, ..plain(column_type, Shape::Short(bytes)) }
}

const fn tagged(column_type: ColumnType, shape: Shape) -> Kind {
    Kind { class: Class::Tagged, multi_valued: true, ..plain(column_type, shape) }
}

const fn long(column_type: ColumnType, multi_valued: bool, compressed: bool) -> Kind {
    Kind { class: Class::Tagged, multi_valued, compressed, ..plain(column_type, Shape::Long) }
}

pub(crate) const LONG: Kind = plain(ColumnType::Long, Shape::Sized(4));
pub(crate) const LONG_LONG: Kind = plain(ColumnType::LongLong, Shape::Sized(8));
pub(crate) const NAME: Kind = variable(ColumnType::Text, 40);

/// Every type in every class it can have.
pub(crate) const KINDS: [Kind; 25] = [
    plain(ColumnType::Bit, Shape::Bit),
    plain(ColumnType::UnsignedByte, Shape::Sized(1)),
    plain(ColumnType::Short, Shape::Sized(2)),
    LONG,
    plain(ColumnType::Currency, Shape::Sized(8)),
    plain(ColumnType::IeeeSingle, Shape::Sized(4)),
    plain(ColumnType::IeeeDouble, Shape::Sized(8)),
    plain(ColumnType::DateTime, Shape::Sized(8)),
    plain(ColumnType::UnsignedLong, Shape::Sized(4)),
    LONG_LONG,
    plain(ColumnType::Guid, Shape::Sized(16)),
    plain(ColumnType::UnsignedShort, Shape::Sized(2)),
    plain(ColumnType::Binary, Shape::Padded(20, 0)),
    plain(ColumnType::Text, Shape::Padded(12, b' ')),
    variable(ColumnType::Binary, 120),
    variable(ColumnType::Text, 100),
    tagged(ColumnType::Long, Shape::Sized(4)),
    tagged(ColumnType::Short, Shape::Sized(2)),
    tagged(ColumnType::Binary, Shape::Short(60)),
    tagged(ColumnType::Text, Shape::Short(40)),
    tagged(ColumnType::Bit, Shape::Bit),
    long(ColumnType::LongBinary, true, false),
    long(ColumnType::LongBinary, false, true),
    long(ColumnType::LongText, false, false),
    long(ColumnType::LongBinary, false, false),
];

impl Kind {
    pub(crate) fn is_long(&self) -> bool {
        self.shape == Shape::Long
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self.column_type, ColumnType::Text | ColumnType::LongText)
    }

    pub(crate) fn grbit(&self) -> u32 {
        let mut grbit = ColumnGrbit::empty();
        grbit.set(ColumnGrbit::FIXED, self.class == Class::Fixed);
        grbit.set(ColumnGrbit::TAGGED, self.class == Class::Tagged && !self.is_long());
        grbit.set(ColumnGrbit::MULTI_VALUED, self.multi_valued);
        grbit.set(ColumnGrbit::COMPRESSED, self.compressed);
        grbit.bits()
    }

    pub(crate) fn bytes_max(&self) -> u32 {
        match self.shape {
            Shape::Padded(size, _) | Shape::Short(size) => size as u32,
            _ => 0,
        }
    }

    fn content(&self, dice: &mut Dice, count: usize) -> Vec<u8> {
        if self.is_text() { dice.text(count) } else { dice.bytes(count) }
    }

    /// A value as it is set.
    pub(crate) fn value(&self, dice: &mut Dice, long_bytes_max: usize) -> Vec<u8> {
        match self.shape {
            Shape::Bit => vec![dice.below(3) as u8],
            // Few different ones, so that indexes have equal keys.
            Shape::Sized(size) if dice.one_in(2) => vec![dice.below(4) as u8; size],
            Shape::Sized(size) => {
                let mut bytes = Vec::new();
                while bytes.len() < size {
                    bytes.extend_from_slice(&dice.next().to_le_bytes());
                }
                bytes.truncate(size);
                bytes
            }
            Shape::Padded(size, _) => {
                let count = 1 + dice.below(size);
                self.content(dice, count)
            }
            Shape::Short(max) => {
                let count = if dice.one_in(3) { dice.below(max + 1) } else { dice.below(4) };
                self.content(dice, count)
            }
            Shape::Long => {
                let count = match dice.below(60) {
                    0 => dice.below(long_bytes_max),
                    1..=5 => dice.below(12_000),
                    6..=17 => dice.below(2_000),
                    _ => dice.below(150),
                };
                self.content(dice, count)
            }
        }
    }

    /// What a value that was set is read as.
    pub(crate) fn stored(&self, set: &[u8]) -> Vec<u8> {
        match self.shape {
            Shape::Bit => vec![if set.first() == Some(&0) { 0 } else { 0xFF }],
            Shape::Padded(size, filler) => {
                let mut stored = set.to_vec();
                stored.resize(size, filler);
                stored
            }
            _ => set.to_vec(),
        }
    }
}
