//! Floor 6: the catalog: the tables that describe all others (spec 03).
//!
//! A [`Catalog`] reads `MSysObjects` of a database opened for reading. A [`LiveCatalog`] is that of an attached database:
//! schemas as sessions see them, who has which table open, and DDL. What a caller asks for ([`NewTable`], [`NewColumn`],
//! [`NewIndex`]) is checked and planned first, as rows without places, and then becomes rows and trees.
//!
//! The trees of the catalog and its columns are hard-wired; rows become a [`TableSchema`] when a table is first asked
//! for, and are kept from then on. Look-ups go the way the engine's do: a name through the index `RootObjects`, a table
//! through the range of its rows in the primary order.
//!
//! Invariants: a schema was put together from rows in their order, all of one table; a template is never derived itself,
//! so that loading ends. The catalog lock is held while no page is latched.

pub(crate) mod column_numbers;
mod columns;
mod copied_table;
mod create_index;
mod create_table;
pub(crate) mod deleted_tree;
mod drop_and_rename;
mod grbit;
mod information;
mod live;
mod locale_names;
mod locales;
mod long_values;
mod new_column;
mod new_database;
mod new_index;
mod new_table;
mod reading;
mod schema;
mod sorted_entries;
mod space_hints;
mod stale_indexes;
pub(crate) mod statement;
mod statistics;
mod table_use;
mod text_settings;
mod verified_text;
mod writing;

use std::collections::HashMap;
use std::sync::Arc;

use ese_format::catalog::{CatalogRow, MSYSOBJECTS, RowKind};
use ese_format::error::{FileKind, FormatError, JetError, Problem};

pub use columns::{AddedColumn, ColumnScope, RenamedColumn};
pub use create_index::IndexCreation;
pub(crate) use create_index::UniqueKeys;
pub use grbit::{ColumnGrbit, IndexGrbit, TableCreateGrbit, TableOpenGrbit};
pub use information::{
    ColumnInformation, ColumnOrder, IndexColumnInformation, IndexInformation, LANGUAGE_EN_US,
    OBJECT_TYPE_TABLE, ObjectInformation, TABLE_INFO_GRBIT,
};
pub use live::{CatalogSettings, LiveCatalog, OpenedTable};
pub(crate) use new_column::plan_temporary_column;
pub use new_column::{ColumnMaximum, NewColumn, NewDefault};
pub use new_database::NewDatabase;
pub(crate) use new_index::checked_text;
pub use new_index::{KeyColumn, NewCondition, NewIndex, NewLocale, parse_key};
pub use new_table::{ItemOutcome, NewCallback, NewTable, TableCreation};
pub use schema::TableSchema;
pub use space_hints::SpaceHints;
pub use stale_indexes::{StaleIndex, StaleIndexes};
pub use table_use::{CursorAccess, FixedSchema, TableHold};
pub use text_settings::{IndexChecking, LOCALE_DEFAULT, PrivateIndexes, TextSettings};
pub use writing::Shadow;

use crate::btree::{Tree, TreeCursor, TreeKind};
use crate::cache::CachedFile;
use crate::catalog::reading::{CatalogReader, objid_key};
use crate::error::{Error, Result};
use crate::lock_order::LeafMutex;

/// The catalog of an open database.
#[derive(Debug)]
pub struct Catalog {
    file: Arc<CachedFile>,
    objects: Tree,
    /// Tables by their objid, as far as they were asked for.
    schemas: LeafMutex<HashMap<u32, Arc<TableSchema>>>,
}

impl Catalog {
    /// The catalog of a database: its root must be where it is in every one.
    ///
    /// # Errors
    /// Those of reading the root of `MSysObjects`.
    pub(crate) fn open(file: &Arc<CachedFile>) -> Result<Self> {
        let (objid, root) = MSYSOBJECTS;
        let objects = Tree::open(file, root, objid, TreeKind::Primary)?;
        Ok(Self { file: Arc::clone(file), objects, schemas: LeafMutex::default() })
    }

    /// The schema of the table with this name, in bytes of code page 1252; letters a–z count as A–Z.
    ///
    /// # Errors
    /// `JET_errObjectNotFound`; `JET_errCatalogCorrupted` and those of reading trees.
    pub fn table_named(&self, name: &[u8]) -> Result<Arc<TableSchema>> {
        let reader = self.reader();
        let row = reader.table_row_named(name)?.ok_or_else(|| reader.not_found(name))?;
        self.table(row.objid_table)
    }

    /// The schema of the table with this objid.
    ///
    /// # Errors
    /// As [`Self::table_named`].
    pub fn table(&self, objid: u32) -> Result<Arc<TableSchema>> {
        if let Some(schema) = self.schemas.lock().get(&objid) {
            return Ok(Arc::clone(schema));
        }
        let rows = self.reader().rows_of(objid)?;
        self.load(&rows)
    }

    /// The schemas of all tables in the order of their objids, system tables included.
    ///
    /// # Errors
    /// As [`Self::table_named`].
    pub fn tables(&self) -> Result<Vec<Arc<TableSchema>>> {
        let mut tables = Vec::new();
        let reader = self.reader();
        let mut cursor = self.objects.cursor();
        let mut here = cursor.move_first()?;
        let mut last = 0;
        while here {
            let objid = reader.row(&cursor)?.objid_table;
            if objid <= last {
                return Err(self.out_of_order(&cursor, objid));
            }
            last = objid;
            let kept = self.schemas.lock().get(&objid).map(Arc::clone);
            match kept {
                Some(schema) => {
                    tables.push(schema);
                    self.skip(&mut cursor, objid)?;
                }
                // Rows without a table row belong to nobody: left-overs of the streaming file (spec 03 §3).
                None if !matches!(reader.row(&cursor)?.kind, RowKind::Table(_)) => {
                    self.skip(&mut cursor, objid)?;
                }
                None => tables.push(self.load(&reader.rows_at(&mut cursor, objid)?)?),
            }
            here = cursor.position().is_some();
        }
        Ok(tables)
    }

    /// Every row of the catalog in its primary order, decoded.
    ///
    /// # Errors
    /// As [`Self::table_named`].
    pub fn rows(&self) -> Result<Vec<CatalogRow>> {
        let mut rows = Vec::new();
        let reader = self.reader();
        let mut cursor = self.objects.cursor();
        while cursor.move_next()? {
            rows.push(reader.row(&cursor)?);
        }
        Ok(rows)
    }

    /// The tree of `MSysObjects`.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.objects
    }

    fn reader(&self) -> CatalogReader {
        CatalogReader::new(&self.objects, None)
    }

    /// The schema of the table that these rows describe, kept from now on.
    fn load(&self, rows: &[CatalogRow]) -> Result<Arc<TableSchema>> {
        let schema = self.reader().schema_of(rows, &mut |objid| self.table(objid))?;
        let objid = schema.definition().objid;
        Ok(Arc::clone(self.schemas.lock().entry(objid).or_insert(schema)))
    }

    /// Moves behind the rows of a table.
    fn skip(&self, cursor: &mut TreeCursor, objid: u32) -> Result<()> {
        cursor.seek(&objid_key(objid.saturating_add(1)), &[])?;
        Ok(())
    }

    /// Rows that go back to a table that was left would never end.
    fn out_of_order(&self, cursor: &TreeCursor, objid: u32) -> Error {
        let page = cursor.position().map_or(self.objects.root(), |(page, _)| page.number());
        let problem = Problem::Invalid("is out of order");
        let error =
            FormatError::new(FileKind::Database, 0, "ObjidTable", problem, JetError::CATALOG_CORRUPTED);
        tracing::error!(path = %self.file.path().display(), page, objid, "the catalog is out of order");
        self.file.format_error(error.on_page(page))
    }
}
