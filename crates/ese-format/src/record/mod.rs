//! Records: the data of a leaf node in a table's primary tree (spec 04 §1).
//!
//! ```text
//! 0                u8   last fixed FID in the record, 0..127        nFixed
//! 1                u8   last variable FID, 127..255                 nVar = it − 127
//! 2                u16  end of the null bitmap                      ibEndOfFixed
//! 4                     fixed columns, in FID order, without gaps
//!                       null bitmap, (nFixed + 7) / 8 bytes, 1 = NULL, unused bits 1
//! ibEndOfFixed     u16  × nVar: bit 15 NULL, bits 0..14 end offset in the next area
//!                       variable columns
//!                       tagged columns, up to the end of the node's data; see [`tagged`]
//! ```
//!
//! Invariants: a column beyond the last one the record holds is *absent* and reads as its default; one whose NULL bit is
//! set is NULL even where it has a default; zero length is neither. The slot of a NULL fixed column means nothing and is
//! written as `2A`.
//!
//! [`RecordView`] reads without allocating; [`RecordBuilder`] writes what Windows would.

mod builder;
mod column;
mod layout;
mod limits;
pub mod tagged;
mod view;

#[cfg(test)]
mod tests;

pub use builder::{NewValue, RecordBuilder, TaggedShape};
pub use column::{ColumnDefinition, ColumnFlags, ColumnLocation};
pub use layout::TableLayout;
pub use limits::{RecordLimits, index_key_bytes_max, intrinsic_bytes_preferred, node_bytes_max};
pub use view::{ColumnValues, FixedSlot, RecordView, Value};

use crate::error::{FileKind, FormatError, JetError, Problem};
use crate::page_size::PageSize;

/// Bytes before the first fixed column.
pub const RECORD_HEADER_BYTES: usize = 4;
/// What the engine fills slots of NULL fixed columns with.
pub const NULL_SLOT_FILL: u8 = 0x2A;
/// Most bytes of a variable column, and of any default value.
pub const VARIABLE_COLUMN_BYTES_MAX: usize = 255;

/// How tagged columns are stored; depends on the page, not on the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordFormat {
    /// Pages of 2, 4 and 8 KiB: 13-bit offsets, flags beside them.
    SmallPage,
    /// Pages of 16 and 32 KiB: 15-bit offsets, every value has an extended-info byte.
    LargePage,
    /// Pages without the new-record-format flag, written before Windows XP: read only.
    BeforeXp,
}

impl RecordFormat {
    /// The format of records on pages of this size that carry the new-record-format flag, as all do since Windows XP.
    #[must_use]
    pub fn of(page_size: PageSize) -> Self {
        if page_size.is_large() { Self::LargePage } else { Self::SmallPage }
    }
}

fn corrupted(offset: usize, field: &'static str, problem: Problem) -> FormatError {
    FormatError::new(FileKind::Database, offset as u64, field, problem, JetError::DATABASE_CORRUPTED)
}

fn truncated(offset: usize, field: &'static str, needed: usize, available: usize) -> FormatError {
    corrupted(offset, field, Problem::Truncated { needed: needed as u64, available: available as u64 })
}
