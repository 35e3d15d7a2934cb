//! Floor 6: the catalog, read from the tree of `MSysObjects` (spec 03).
//!
//! The trees of the catalog and its columns are hard-wired; rows become a [`TableSchema`] when a table is first asked
//! for, and are kept from then on. Look-ups go the way the engine's do: a name through the index `RootObjects`, a table
//! through the range of its rows in the primary order.
//!
//! Invariants: a schema was put together from rows in their order, all of one table; a template is never derived itself,
//! so that loading ends. The catalog lock is held while no page is latched.

mod grbit;
mod new_column;
mod new_index;
mod new_table;
mod schema;
mod space_hints;

use std::collections::HashMap;
use std::sync::Arc;

use ese_format::catalog::{
    CatalogRow, MSYSOBJECTS, MSYSOBJECTS_ROOT_OBJECTS_INDEX, OBJID_LAST, RowKind, TableDefinition, TableFlags,
};
use ese_format::error::{FileKind, FormatError, JetError, Problem};
use ese_format::record::RecordView;

pub use grbit::{ColumnGrbit, IndexGrbit, TableCreateGrbit, TableOpenGrbit};
pub use new_column::{ColumnMaximum, NewColumn, NewDefault};
pub use new_index::{KeyColumn, LOCALE_DEFAULT, NewCondition, NewIndex, NewLocale, parse_key};
pub use new_table::{ItemOutcome, NewCallback, NewTable, TableCreation};
pub use schema::TableSchema;
pub use space_hints::SpaceHints;

use crate::btree::{SeekOutcome, Tree, TreeCursor, TreeKind};
use crate::cache::CachedFile;
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
        let row = self.table_row_named(name)?.ok_or_else(|| self.not_found(name))?;
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
        let mut cursor = self.objects.cursor();
        cursor.seek(&objid_key(objid), &[])?;
        self.load(&mut cursor, objid)
    }

    /// The schemas of all tables in the order of their objids, system tables included.
    ///
    /// # Errors
    /// As [`Self::table_named`].
    pub fn tables(&self) -> Result<Vec<Arc<TableSchema>>> {
        let mut tables = Vec::new();
        let mut cursor = self.objects.cursor();
        let mut here = cursor.move_first()?;
        let mut last = 0;
        while here {
            let objid = self.row(&cursor)?.objid_table;
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
                None if !matches!(self.row(&cursor)?.kind, RowKind::Table(_)) => {
                    self.skip(&mut cursor, objid)?;
                }
                None => tables.push(self.load(&mut cursor, objid)?),
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
        let mut cursor = self.objects.cursor();
        while cursor.move_next()? {
            rows.push(self.row(&cursor)?);
        }
        Ok(rows)
    }

    /// The tree of `MSysObjects`.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.objects
    }

    /// Puts a table together from the rows that begin where the cursor is; leaves the cursor behind them.
    fn load(&self, cursor: &mut TreeCursor, objid: u32) -> Result<Arc<TableSchema>> {
        let mut rows = Vec::new();
        let page = cursor.position().map(|(page, _)| page.number());
        while cursor.position().is_some() {
            let row = self.row(cursor)?;
            if row.objid_table != objid {
                break;
            }
            rows.push(row);
            cursor.move_next()?;
        }
        let failed = |error: FormatError| {
            self.file.format_error(error.on_page(page.unwrap_or_else(|| self.objects.root())))
        };
        let template = self.template_of(&rows).map_err(|error| error.with_page(failed))?;
        let definition = TableDefinition::from_rows(&rows, template.as_deref().map(TableSchema::definition))
            .map_err(failed)?;
        let schema = Arc::new(TableSchema::new(definition, template));
        Ok(Arc::clone(self.schemas.lock().entry(objid).or_insert(schema)))
    }

    /// The template of a derived table. It must be one, and not be derived itself: one level only (spec 03 §11.6).
    fn template_of(
        &self,
        rows: &[CatalogRow],
    ) -> std::result::Result<Option<Arc<TableSchema>>, TemplateError> {
        let Some(CatalogRow { kind: RowKind::Table(table), .. }) = rows.first() else { return Ok(None) };
        let Some(name) = &table.template_table else { return Ok(None) };
        let row = self.table_row_named(name.as_bytes()).map_err(TemplateError::Other)?;
        let flags = match row.as_ref().map(|row| &row.kind) {
            Some(RowKind::Table(template)) => template.flags,
            _ => TableFlags::empty(),
        };
        match row {
            Some(row) if flags.contains(TableFlags::TEMPLATE) && !flags.contains(TableFlags::DERIVED) => {
                self.table(row.objid_table).map(Some).map_err(TemplateError::Other)
            }
            _ => Err(TemplateError::NoTemplate),
        }
    }

    fn table_row_named(&self, name: &[u8]) -> Result<Option<CatalogRow>> {
        let (objid, root) = MSYSOBJECTS_ROOT_OBJECTS_INDEX;
        let mut names = Tree::open(&self.file, root, objid, TreeKind::Index)?.cursor();
        if names.seek(&root_object_key(name), &[])? != SeekOutcome::Equal {
            return Ok(None);
        }
        let entry = names.node()?.map(|node| node.data.to_vec()).unwrap_or_default();
        let mut cursor = self.objects.cursor();
        if cursor.seek(&entry, &[])? != SeekOutcome::Equal {
            return Ok(None);
        }
        self.row(&cursor).map(Some)
    }

    /// Moves behind the rows of a table.
    fn skip(&self, cursor: &mut TreeCursor, objid: u32) -> Result<()> {
        cursor.seek(&objid_key(objid.saturating_add(1)), &[])?;
        Ok(())
    }

    fn row(&self, cursor: &TreeCursor) -> Result<CatalogRow> {
        let (Some(node), Some((page, _))) = (cursor.node()?, cursor.position()) else {
            return Err(Error::refused(JetError::NO_CURRENT_RECORD, "the catalog cursor is on no row"));
        };
        RecordView::parse(node.data, page.record_format())
            .and_then(|view| CatalogRow::decode(&view))
            .and_then(|row| check_objid(&row).map(|()| row))
            .map_err(|error| self.file.format_error(error.on_page(page.number())))
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

    fn not_found(&self, name: &[u8]) -> Error {
        let about = format!("{}: table {}", self.file.path().display(), String::from_utf8_lossy(name));
        Error::refused(JetError::OBJECT_NOT_FOUND, about)
    }
}

enum TemplateError {
    NoTemplate,
    Other(Error),
}

impl TemplateError {
    fn with_page(self, failed: impl Fn(FormatError) -> Error) -> Error {
        match self {
            Self::Other(error) => error,
            Self::NoTemplate => {
                let problem = Problem::Invalid("names no template table");
                let jet = JetError::CATALOG_CORRUPTED;
                failed(FormatError::new(FileKind::Database, 0, "TemplateTable", problem, jet))
            }
        }
    }
}

fn check_objid(row: &CatalogRow) -> std::result::Result<(), FormatError> {
    if (1..=OBJID_LAST).contains(&row.objid_table) {
        return Ok(());
    }
    let problem = Problem::OutOfRange { found: row.objid_table.into(), min: 1, max: OBJID_LAST.into() };
    Err(FormatError::new(FileKind::Database, 0, "ObjidTable", problem, JetError::CATALOG_CORRUPTED))
}

/// The beginning of the primary keys of a table's rows (spec 03 §4): a Long segment.
fn objid_key(objid: u32) -> [u8; 5] {
    let [a, b, c, d] = (objid ^ 0x8000_0000).to_be_bytes();
    [0x7F, a, b, c, d]
}

/// The key of a table in `RootObjects` (spec 03 §4): a true Bit and a text in capitals.
fn root_object_key(name: &[u8]) -> Vec<u8> {
    let mut key = vec![0x7F, 0xFF, 0x7F];
    key.extend(name.iter().map(u8::to_ascii_uppercase));
    key.push(0);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_specification() {
        assert_eq!(objid_key(2), [0x7F, 0x80, 0, 0, 2]);
        assert_eq!(root_object_key(b"basic"), b"\x7F\xFF\x7FBASIC\0");
    }
}
