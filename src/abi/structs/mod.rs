//! Every structure of the C interface, A and W forms and all versions of each, with its layout pinned at compile time.
//!
//! Invariant: a structure has on every target the sizes and offsets of spec 08 §2.4; a target where Rust would lay one
//! out differently does not compile. An unnamed union of C is a field `anonymous_OFFSET`, a group of bit-fields a field
//! `bits_OFFSET`; the layout table beside the structures says what C calls their members.

pub mod column;
pub mod cursor;
pub mod database;
pub mod database_private;
pub mod index;
pub mod instance;
pub mod object;
pub mod page;
pub mod position;
pub mod record;
pub mod recovery;
pub mod schema_change;
pub mod table;
pub mod test_hook;
pub mod utilities;

pub use self::column::*;
pub use self::cursor::*;
pub use self::database::*;
pub use self::database_private::*;
pub use self::index::*;
pub use self::instance::*;
pub use self::object::*;
pub use self::page::*;
pub use self::position::*;
pub use self::record::*;
pub use self::recovery::*;
pub use self::schema_change::*;
pub use self::table::*;
pub use self::test_hook::*;
pub use self::utilities::*;

/// What every file of structures needs.
mod prelude {
    pub(super) use std::ffi::{c_char, c_void};

    pub(super) use super::*;
    pub(super) use crate::abi::tables::typedefs::*;
}

use crate::abi::tables::Visibility;

/// Length of the opaque identifier in [`JET_INDEXID`]: a pointer and eight bytes.
pub const JET_INDEXID_BYTES: usize = size_of::<usize>() + 8;

/// How C packs a structure (spec 08 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// No holes, alignment 1.
    Byte,
    /// pack(8) on 64-bit targets, pack(4) on 32-bit ones.
    Natural,
}

/// One field of a structure, or one bit-field.
#[derive(Clone, Copy, Debug)]
pub struct FieldLayout {
    /// Its name in C, after the name of the inner structure it is in.
    pub name: &'static str,
    /// Its type in C.
    pub c_type: &'static str,
    /// Offset and size in bytes on 64-bit targets.
    pub place_64: (usize, usize),
    /// Offset and size in bytes on 32-bit targets.
    pub place_32: (usize, usize),
    /// `bit FIRST width WIDTH` and `union@OFFSET`, where they apply.
    pub bits_or_union: &'static str,
    /// The lowest `JET_VERSION` that shows it; 0: always there.
    pub since: u16,
}

/// One structure.
#[derive(Clone, Copy, Debug)]
pub struct StructLayout {
    /// Its name in C.
    pub name: &'static str,
    /// Its tag in C; empty where the C header gives it none.
    pub tag: &'static str,
    /// Size in bytes on 64-bit targets.
    pub size_64: usize,
    /// Size in bytes on 32-bit targets.
    pub size_32: usize,
    /// Whether the public header shows it.
    pub visibility: Visibility,
    /// The lowest `JET_VERSION` that shows it; 0: always there.
    pub since: u16,
    /// Its packing.
    pub packing: Packing,
    /// `A` or `W` for the two forms of one structure, else `-`.
    pub variant: &'static str,
    /// Its fields in the order of the C declaration.
    pub fields: &'static [FieldLayout],
}

/// Pins sizes and offsets at compile time and keeps them, with what Rust's types cannot say, as a table.
macro_rules! layout_table {
    ($($name:ident { tag $tag:literal, size $size_64:literal $size_32:literal, $visibility:ident, $since:literal, $packing:ident, variant $variant:literal;
        $($path:ident $(.$inner:ident)* : $kind:ty, $field:literal, $c_type:literal,
            $offset_64:literal $bytes_64:literal, $offset_32:literal $bytes_32:literal, $bits:literal, $field_since:literal;)*
    })*) => {
        $(
            const _: () = assert!(size_of::<$name>() == if cfg!(target_pointer_width = "64") { $size_64 } else { $size_32 });
            $(const _: () = assert!(
                core::mem::offset_of!($name, $path $(.$inner)*) == if cfg!(target_pointer_width = "64") { $offset_64 } else { $offset_32 }
                    && size_of::<$kind>() == if cfg!(target_pointer_width = "64") { $bytes_64 } else { $bytes_32 },
                $field
            );)*
        )*

        /// The layouts of this file.
        pub(super) const LAYOUTS: &[super::StructLayout] = &[$(super::StructLayout {
            name: stringify!($name),
            tag: $tag,
            size_64: $size_64,
            size_32: $size_32,
            visibility: crate::abi::tables::Visibility::$visibility,
            since: $since,
            packing: super::Packing::$packing,
            variant: $variant,
            fields: &[$(super::FieldLayout {
                name: $field,
                c_type: $c_type,
                place_64: ($offset_64, $bytes_64),
                place_32: ($offset_32, $bytes_32),
                bits_or_union: $bits,
                since: $field_since,
            },)*],
        },)*];
    };
}
use layout_table;

/// Every structure, in an order in which each comes after those it holds by value.
pub fn layouts() -> impl Iterator<Item = &'static StructLayout> {
    [
        position::LAYOUTS,
        database::LAYOUTS,
        database_private::LAYOUTS,
        object::LAYOUTS,
        column::LAYOUTS,
        index::LAYOUTS,
        table::LAYOUTS,
        record::LAYOUTS,
        cursor::LAYOUTS,
        instance::LAYOUTS,
        recovery::LAYOUTS,
        schema_change::LAYOUTS,
        page::LAYOUTS,
        utilities::LAYOUTS,
        test_hook::LAYOUTS,
    ]
    .into_iter()
    .flatten()
}
