//! The system catalog: the rows of `MSysObjects` and its shadow as typed structs (spec 03).
//!
//! ```text
//! row         Type  describes                                   Id
//! table        1    one table; first of its cluster             = ObjidTable
//! column       2    one column, deleted ones too (coltyp 0)     FID
//! index        3    one index; the primary one has the          objid of its tree
//!                   table's objid
//! long value   4    the long-value tree, once there is one      objid of its tree
//! callback     5    the table's callback                        5
//! ```
//!
//! Invariants: the schema of the catalog is hard-wired ([`columns`]); the rows in which it describes itself are never
//! used to read it. A row decodes into [`CatalogRecord`], every column of the catalog by name, and from there into a
//! [`CatalogRow`]; encoding goes the same way back and gives the same bytes.

pub mod columns;
mod flags;
mod index_segment;
mod index_text;
mod name;
mod record;
mod rows;
pub mod schema;
mod space_hints;
mod table_definition;

#[cfg(test)]
mod tests;

pub use flags::{IndexFlags, TableFlags};
pub use index_segment::{IndexSegment, KEY_SEGMENTS_MAX, SegmentFlags, decode_segments, encode_segments};
pub use index_text::{LCMAP_FLAGS_DEFAULT, LcMapFlags, SORT_ID_BYTES, SortVersion, TupleLimits};
pub use name::{NAME_BYTES_MAX, ObjectName};
pub use record::{CatalogLong, CatalogRecord};
pub use rows::{
    CallbackRow, CatalogRow, ColumnRow, IndexRow, LongColumn, LongValueRow, ObsoleteRow, RowKind, RowType,
    TableRow,
};
pub use space_hints::{PersistedSpaceHints, SpaceHintsKind};
pub use table_definition::{IndexDefinition, TableDefinition};

use crate::error::{FileKind, FormatError, JetError, Problem};

/// Object id and FDP page of the database root.
pub const DATABASE_ROOT: (u32, u32) = (1, 1);
/// Object id and FDP page of `MSysObjects`.
pub const MSYSOBJECTS: (u32, u32) = (2, 4);
/// Object id and FDP page of `MSysObjectsShadow`.
pub const MSYSOBJECTS_SHADOW: (u32, u32) = (3, 24);
/// Object id and FDP page of the index `Name` of `MSysObjects`.
pub const MSYSOBJECTS_NAME_INDEX: (u32, u32) = (4, 7);
/// Object id and FDP page of the index `RootObjects` of `MSysObjects`.
pub const MSYSOBJECTS_ROOT_OBJECTS_INDEX: (u32, u32) = (5, 10);
/// The highest object id that is ever given out.
pub const OBJID_LAST: u32 = 0xFFFF_FF00;

fn corrupted(field: &'static str, problem: Problem) -> FormatError {
    FormatError::new(FileKind::Database, 0, field, problem, JetError::CATALOG_CORRUPTED)
}
