//! Floor 6: tables.
//!
//! Of a database opened for reading, a [`Table`] is opened from its schema, a [`TableCursor`] walks it in the order of the
//! primary tree or of an index, and a [`Row`] gives out its columns. Of an attached database, an [`OpenTable`] is what
//! the [`Cursor`]s of sessions stand on: they read what their transactions see and change records, with all that hangs
//! on a record: index entries, long values, numbers.

mod at_zero;
mod completion;
mod copy_buffer;
mod cursor;
mod grbit;
mod index_keys;
mod long_value;
mod long_value_store;
mod open_table;
mod pending;
mod record_copy;
mod row;
mod seen;
mod table_cursor;

use std::sync::Arc;

use ese_format::catalog::IndexDefinition;
use ese_format::error::JetError;
use ese_format::long_value::chunk_bytes_default;
use once_cell::sync::OnceCell;

pub use at_zero::AtZero;
pub(crate) use at_zero::delete_at_zero;
pub use completion::Completion;
pub use cursor::{
    AfterRollback, ColumnChange, ColumnRequest, ColumnSelection, Cursor, CursorMode, EnumeratedColumn,
    EnumeratedValue, Enumeration, EscrowUpdated, FilterItem, FilterRelation, IndexStart, PreparedChange,
    RecordPosition, RecordSize, Retrieved, StoredLongValues, TaggedColumnSummary, TaggedSummaryFlags,
    Updated,
};
pub use grbit::{
    BookmarkGrbit, EnumerateGrbit, EscrowGrbit, LockGrbit, MakeKeyGrbit, MoveGrbit, Prepare, RangeGrbit,
    RecordSizeGrbit, RetrieveGrbit, SeekGrbit, SetGrbit, UpdateGrbit,
};
pub use long_value::{LongValueReader, LongValueTree};
pub use long_value_store::{LongValueCounts, LongValueStore};
pub use open_table::{OpenTable, SchemaSource};
pub use record_copy::{CopiedRecords, Damaged};
pub(crate) use record_copy::{copy_entries, copy_records};
pub use row::{ColumnValue, Row, RowValues, ValueSource};
pub use table_cursor::TableCursor;

use crate::btree::{Tree, TreeKind};
use crate::catalog::TableSchema;
use crate::database::Database;
use crate::error::{Error, Result};

/// An open table. Clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct Table {
    database: Database,
    schema: Arc<TableSchema>,
    primary: Tree,
    long_values: Arc<OnceCell<LongValueTree>>,
}

impl Table {
    pub(crate) fn open(database: &Database, schema: Arc<TableSchema>) -> Result<Self> {
        let definition = schema.definition();
        let primary =
            Tree::open(database.file(), definition.table.fdp_page, definition.objid, TreeKind::Primary)?;
        Ok(Self { database: database.clone(), schema, primary, long_values: Arc::default() })
    }

    /// The database it is in.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Its schema.
    #[must_use]
    pub fn schema(&self) -> &Arc<TableSchema> {
        &self.schema
    }

    /// The tree of its records.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.primary
    }

    /// A cursor before the first row, in the order of the primary tree.
    #[must_use]
    pub fn cursor(&self) -> TableCursor {
        TableCursor::new(self.clone())
    }

    /// A cursor before the first entry of an index, by its name in bytes of code page 1252; letters a–z count as A–Z. The
    /// primary index gives the order of the primary tree.
    ///
    /// # Errors
    /// `JET_errIndexNotFound`; `JET_errCantUseDeferredPopulateIndex` for one that is not complete; those of reading its
    /// root.
    pub fn index_cursor(&self, name: impl AsRef<[u8]>) -> Result<TableCursor> {
        let name = name.as_ref();
        let place = self.schema.indexes().iter().position(|index| index.name.is(name));
        let Some(place) = place else {
            let about = format!("table {}, index {}", self.schema.name(), String::from_utf8_lossy(name));
            return Err(Error::refused(JetError::INDEX_NOT_FOUND, about));
        };
        TableCursor::with_index(self.clone(), place)
    }

    /// The tree of an index of this table.
    ///
    /// # Errors
    /// Those of reading its root.
    pub fn index_tree(&self, index: &IndexDefinition) -> Result<Tree> {
        if index.is_primary() {
            return Ok(self.primary.clone());
        }
        Tree::open(self.database.file(), index.row.fdp_page, index.objid, TreeKind::Index)
    }

    /// The tree of its long values, where it ever separated one.
    ///
    /// # Errors
    /// Those of reading its root.
    pub fn long_value_tree(&self) -> Result<Option<&LongValueTree>> {
        if let Some(tree) = self.long_values.get() {
            return Ok(Some(tree));
        }
        let definition = self.schema.definition();
        let Some((objid, row)) = &definition.long_values else { return Ok(None) };
        let tree = Tree::open(self.database.file(), row.fdp_page, *objid, TreeKind::LongValue)?;
        let chunk_bytes = definition.table.lv_chunk_bytes.filter(|bytes| *bytes > 0);
        let chunk_bytes = chunk_bytes.unwrap_or_else(|| chunk_bytes_default(self.database.page_size()));
        Ok(Some(self.long_values.get_or_init(|| LongValueTree::new(tree, chunk_bytes))))
    }

    /// The tree of its long values, which a record refers to.
    fn long_values(&self) -> Result<&LongValueTree> {
        self.long_value_tree()?.ok_or_else(|| {
            let about =
                format!("table {} refers to a long value and has no tree for them", self.schema.name());
            Error::refused(JetError::LV_CORRUPTED, about)
        })
    }
}
