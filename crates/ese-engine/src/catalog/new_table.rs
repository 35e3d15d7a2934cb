//! A table to be created with its columns and indexes: what a caller gives, and what it gets to know about each part
//! (spec 09 §10.2).

use ese_format::column_type::ColumnId;
use ese_format::error::JetError;

use crate::catalog::{ColumnMaximum, NewColumn, NewIndex, SpaceHints, TableCreateGrbit};
use crate::error::Result;

/// A callback registered with the table.
#[derive(Clone, Copy, Debug)]
pub struct NewCallback<'a> {
    /// `dll!function`.
    pub function: &'a [u8],
    /// `JET_cbtyp…`
    pub types: u32,
}

/// A table as a caller asks for it. Names in bytes of code page 1252.
#[derive(Clone, Debug, Default)]
pub struct NewTable<'a> {
    /// Name.
    pub name: &'a [u8],
    /// Name of the template table, for a derived one.
    pub template: Option<&'a [u8]>,
    /// Pages to begin with; 0 for one.
    pub pages: u32,
    /// Density in percent; 0 for 80.
    pub density: u32,
    /// Columns.
    pub columns: &'a [NewColumn<'a>],
    /// Indexes.
    pub indexes: &'a [NewIndex<'a>],
    /// Callback.
    pub callback: Option<NewCallback<'a>>,
    /// `JET_bitTableCreate…`
    pub grbit: u32,
    /// Space hints of a table without a primary index; stand in for pages and density.
    pub space_hints: Option<SpaceHints>,
    /// Space hints of the long-value tree to come.
    pub long_value_hints: Option<SpaceHints>,
    /// Largest long value the record keeps of its own accord; 0 for the default.
    pub separate_lv: u32,
    /// Bytes of a long-value chunk; 0 for the default.
    pub lv_chunk_bytes: u32,
}

impl NewTable<'_> {
    /// The `JET_bitTableCreate…` bits.
    #[must_use]
    pub fn grbit(&self) -> TableCreateGrbit {
        TableCreateGrbit::from_bits_retain(self.grbit)
    }
}

/// What became of one column or index: the `err` of its structure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ItemOutcome {
    /// The call ended before it: `err` stays as it was.
    #[default]
    Untouched,
    /// It is legal.
    Done,
    /// It was refused for what it is.
    Failed(JetError),
}

/// What became of a table to be created. `T` is the cursor's hold on it.
#[derive(Debug)]
pub struct TableCreation<T> {
    /// Things done before the end, good or bad: the table, each column, each index, the callback.
    pub created: u32,
    /// Ids of the columns that were added, in the order of the request.
    pub column_ids: Vec<ColumnId>,
    /// Of each column in the order of the request.
    pub columns: Vec<ItemOutcome>,
    /// Of each index in the order of the request.
    pub indexes: Vec<ItemOutcome>,
    /// Whether some column's maximum was cut.
    pub maximum: ColumnMaximum,
    /// The table, open exclusively; or why there is none. Nothing remains of it then.
    pub table: Result<T>,
}
