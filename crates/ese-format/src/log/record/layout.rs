//! How a record's packed layout is written down once and used three ways: decode, encode, length.
//!
//! A layout is a list of fixed fields, of the lengths stored among them, and of the variable parts that follow in
//! their own order. [`record_layout!`] turns that list into a struct, its decoder and its encoder, so the two
//! cannot disagree; lengths are never fields of the struct, they are those of its slices.
//!
//! Invariants: no byte is read outside the input; decode followed by encode gives the same bytes.

use zerocopy::FromBytes;

use crate::backup_info::BackupInfo;
use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::lgpos::Lgpos;
use crate::log::header::LogParameters;
use crate::logtime::Logtime;
use crate::signature::Signature;

/// What is left of the bytes of one record, and how far the reading got.
#[derive(Clone, Debug)]
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Input whose first byte is `offset` bytes inside the record.
    pub(crate) fn starting_at(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline]
    pub(crate) fn take(&mut self, length: usize, field: &'static str) -> FormatResult<&'a [u8]> {
        let Some((taken, rest)) = self.bytes.split_at_checked(length) else {
            let problem = Problem::Truncated { needed: length as u64, available: self.bytes.len() as u64 };
            return Err(record_error(self.offset, field, problem));
        };
        self.bytes = rest;
        self.offset += length;
        Ok(taken)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes;
        self.offset += rest.len();
        self.bytes = &[];
        rest
    }

    #[inline]
    pub(crate) fn field<T: Field<'a>>(&mut self, field: &'static str) -> FormatResult<T> {
        T::read(self, field)
    }
}

/// An error inside a record, `offset` bytes from its start.
#[cold]
pub(crate) fn record_error(offset: usize, field: &'static str, problem: Problem) -> FormatError {
    FormatError::new(FileKind::Log, offset as u64, field, problem, JetError::LOG_FILE_CORRUPT)
}

/// A fixed-size part of a record.
pub(crate) trait Field<'a>: Sized {
    /// Bytes it takes.
    const SIZE: usize;
    fn read(input: &mut Input<'a>, field: &'static str) -> FormatResult<Self>;
    fn write(&self, out: &mut Vec<u8>);
}

/// A stored length of a variable part.
pub(crate) trait Length: for<'a> Field<'a> {
    fn count(self) -> usize;
    fn of(length: usize) -> Option<Self>;
}

/// What follows the type byte (or the frame) of a record.
pub(crate) trait Layout<'a>: Sized {
    /// Bytes of the fixed part.
    const FIXED: usize;
    fn decode(input: &mut Input<'a>) -> FormatResult<Self>;
    fn encode(&self, out: &mut Vec<u8>) -> FormatResult<()>;
    fn encoded_len(&self) -> usize;
    /// Whether stored counts agree with the bytes that are there; a framed record that fails is left undecoded.
    fn is_consistent(&self) -> bool {
        true
    }
}

macro_rules! integer_fields {
    ($($integer:ty),*) => { $(
        impl<'a> Field<'a> for $integer {
            const SIZE: usize = size_of::<$integer>();
            #[inline]
            fn read(input: &mut Input<'a>, field: &'static str) -> FormatResult<Self> {
                let bytes = input.take(size_of::<$integer>(), field)?;
                Ok(Self::from_le_bytes(bytes.try_into().expect("take returns exactly the bytes asked for")))
            }
            #[inline]
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    )* };
}
integer_fields!(u8, u16, u32, u64, i16, i32, i64);

macro_rules! length_fields {
    ($($integer:ty),*) => { $(
        impl Length for $integer {
            fn count(self) -> usize {
                self as usize
            }
            fn of(length: usize) -> Option<Self> {
                Self::try_from(length).ok()
            }
        }
    )* };
}
length_fields!(u16, u32);

macro_rules! stored_fields {
    ($($stored:ty),*) => { $(
        impl<'a> Field<'a> for $stored {
            const SIZE: usize = size_of::<$stored>();
            #[inline]
            fn read(input: &mut Input<'a>, field: &'static str) -> FormatResult<Self> {
                let bytes = input.take(size_of::<$stored>(), field)?;
                Ok(Self::read_from_bytes(bytes).expect("take returns exactly the bytes asked for"))
            }
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(zerocopy::IntoBytes::as_bytes(self));
            }
        }
    )* };
}
stored_fields!(Lgpos, Logtime, Signature, BackupInfo);

impl<'a, const N: usize> Field<'a> for [u8; N] {
    const SIZE: usize = N;
    fn read(input: &mut Input<'a>, field: &'static str) -> FormatResult<Self> {
        Ok(input.take(N, field)?.try_into().expect("take returns exactly the bytes asked for"))
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl<'a> Field<'a> for &'a LogParameters {
    const SIZE: usize = size_of::<LogParameters>();
    fn read(input: &mut Input<'a>, field: &'static str) -> FormatResult<Self> {
        let bytes = input.take(size_of::<LogParameters>(), field)?;
        Ok(LogParameters::ref_from_bytes(bytes).expect("the size is exact and the type is unaligned"))
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(zerocopy::IntoBytes::as_bytes(*self));
    }
}

/// The error of an encoder whose variable part is longer than its stored length can say.
pub(crate) fn too_long(out: &[u8], field: &'static str, length: usize, max: u64) -> FormatError {
    let problem = Problem::OutOfRange { found: length as u64, min: 0, max };
    record_error(out.len(), field, problem).with_jet(JetError::INVALID_PARAMETER)
}

/// Fields that several records share, in their stored order.
macro_rules! field_group {
    ($(#[$meta:meta])* pub struct $name:ident { $( $(#[$fmeta:meta])* $field:ident : $ftype:ty ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name { $( $(#[$fmeta])* pub $field: $ftype ),* }

        impl<'a> $crate::log::record::layout::Field<'a> for $name {
            const SIZE: usize = 0 $( + <$ftype as $crate::log::record::layout::Field<'a>>::SIZE )*;
            #[inline]
            fn read(
                input: &mut $crate::log::record::layout::Input<'a>,
                _field: &'static str,
            ) -> $crate::error::FormatResult<Self> {
                Ok(Self { $( $field: input.field(concat!(stringify!($name), ".", stringify!($field)))? ),* })
            }
            #[inline]
            fn write(&self, out: &mut Vec<u8>) {
                $( $crate::log::record::layout::Field::write(&self.$field, out); )*
            }
        }
    };
}
pub(crate) use field_group;

/// A record's layout behind its type byte: runs of fixed fields and stored lengths, then the variable parts, then
/// (in framed records only) whatever the frame still holds.
macro_rules! record_layout {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $(<$life:lifetime>)? {
            $(
                fields { $( $(#[$fmeta:meta])* $field:ident : $ftype:ty ),* $(,)? }
                $( lengths { $( $length:ident : $ltype:ty ),* $(,)? } )?
            )+
            $( tail { $( $(#[$tmeta:meta])* $tail:ident ),* $(,)? } )?
            $( rest { $(#[$rmeta:meta])* $rest:ident } )?
            $( consistent |$record:ident| $consistent:expr )?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name $(<$life>)? {
            $( $( $(#[$fmeta])* pub $field: $ftype, )* )+
            $( $( $(#[$tmeta])* pub $tail: &'a [u8], )* )?
            $( $(#[$rmeta])* pub $rest: &'a [u8], )?
        }

        impl<'a> $crate::log::record::layout::Layout<'a> for $name $(<$life>)? {
            const FIXED: usize = 0
                $(
                    $( + <$ftype as $crate::log::record::layout::Field<'a>>::SIZE )*
                    $( $( + <$ltype as $crate::log::record::layout::Field<'a>>::SIZE )* )?
                )+;

            #[allow(unused_variables, reason = "a record may be its type byte alone")]
            fn decode(
                input: &mut $crate::log::record::layout::Input<'a>,
            ) -> $crate::error::FormatResult<Self> {
                $(
                    $( let $field: $ftype =
                        input.field(concat!(stringify!($name), ".", stringify!($field)))?; )*
                    $( $( let $length: $ltype =
                        input.field(concat!(stringify!($name), ".", stringify!($length), " (length)"))?; )* )?
                )+
                $( $( let $tail = input.take(
                    $crate::log::record::layout::Length::count($tail),
                    concat!(stringify!($name), ".", stringify!($tail)),
                )?; )* )?
                $( let $rest = input.rest(); )?
                Ok(Self { $( $( $field, )* )+ $( $( $tail, )* )? $( $rest, )? })
            }

            #[allow(unused_variables, reason = "a record may be its type byte alone")]
            fn encode(&self, out: &mut Vec<u8>) -> $crate::error::FormatResult<()> {
                $(
                    $( $crate::log::record::layout::Field::write(&self.$field, out); )*
                    $( $(
                        let length = <$ltype as $crate::log::record::layout::Length>::of(self.$length.len())
                            .ok_or_else(|| $crate::log::record::layout::too_long(
                                out,
                                concat!(stringify!($name), ".", stringify!($length)),
                                self.$length.len(),
                                u64::from(<$ltype>::MAX),
                            ))?;
                        $crate::log::record::layout::Field::write(&length, out);
                    )* )?
                )+
                $( $( out.extend_from_slice(self.$tail); )* )?
                $( out.extend_from_slice(self.$rest); )?
                Ok(())
            }

            fn encoded_len(&self) -> usize {
                Self::FIXED $( $( + self.$tail.len() )* )? $( + self.$rest.len() )?
            }

            $(
                fn is_consistent(&self) -> bool {
                    let $record = self;
                    $consistent
                }
            )?
        }
    };
}
pub(crate) use record_layout;

/// A stored number whose known values have names; unknown values are kept.
macro_rules! stored_enum {
    (
        $(#[$meta:meta])*
        pub struct $name:ident($integer:ty) { $( $(#[$vmeta:meta])* $value:ident = $code:literal ),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub $integer);

        impl $name {
            $( $(#[$vmeta])* pub const $value: Self = Self($code); )*

            /// The name of a known value.
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                match self.0 { $( $code => Some(stringify!($value)), )* _ => None }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, "{name}({})", self.0),
                    None => write!(f, "{}({})", stringify!($name), self.0),
                }
            }
        }

        impl<'a> $crate::log::record::layout::Field<'a> for $name {
            const SIZE: usize = size_of::<$integer>();
            #[inline]
            fn read(
                input: &mut $crate::log::record::layout::Input<'a>,
                field: &'static str,
            ) -> $crate::error::FormatResult<Self> {
                Ok(Self(input.field(field)?))
            }
            fn write(&self, out: &mut Vec<u8>) {
                $crate::log::record::layout::Field::write(&self.0, out);
            }
        }
    };
}
pub(crate) use stored_enum;

/// A stored set of bits; unknown bits are kept.
macro_rules! stored_bits {
    (
        $(#[$meta:ident $($margs:tt)*])*
        pub struct $name:ident($integer:ty) { $( $(#[$vmeta:ident $($vargs:tt)*])* $value:ident = $bits:literal ),* $(,)? }
    ) => {
        bitflags::bitflags! {
            $(#[$meta $($margs)*])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
            pub struct $name: $integer { $( $(#[$vmeta $($vargs)*])* const $value = $bits; )* const _ = !0; }
        }

        impl<'a> $crate::log::record::layout::Field<'a> for $name {
            const SIZE: usize = size_of::<$integer>();
            #[inline]
            fn read(
                input: &mut $crate::log::record::layout::Input<'a>,
                field: &'static str,
            ) -> $crate::error::FormatResult<Self> {
                Ok(Self::from_bits_retain(input.field(field)?))
            }
            #[inline]
            fn write(&self, out: &mut Vec<u8>) {
                $crate::log::record::layout::Field::write(&self.bits(), out);
            }
        }
    };
}
pub(crate) use stored_bits;
