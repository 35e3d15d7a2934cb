//! Reading the catalog's trees: with the eyes of a session, or as the pages have it.

use std::sync::Arc;

use ese_format::catalog::{
    CatalogRow, MSYSOBJECTS_ROOT_OBJECTS_INDEX, OBJID_LAST, ObjectName, RowKind, RowType, TableDefinition,
    TableFlags,
};
use ese_format::error::{FileKind, FormatError, JetError, Problem};
use ese_format::record::RecordView;

use crate::btree::{SeekOutcome, Tree, TreeCursor, TreeKind, Visibility};
use crate::cache::CachedFile;
use crate::catalog::TableSchema;
use crate::error::{Error, Result};

/// A look at the catalog. Whoever has a [`Visibility`] sees the rows of its snapshot, whoever has none sees the pages.
#[derive(Clone, Debug)]
pub(super) struct CatalogReader {
    file: Arc<CachedFile>,
    objects: Tree,
    visibility: Option<Arc<dyn Visibility>>,
}

impl CatalogReader {
    pub(super) fn new(objects: &Tree, visibility: Option<Arc<dyn Visibility>>) -> Self {
        Self { file: Arc::clone(objects.file()), objects: objects.clone(), visibility }
    }

    fn cursor_over(&self, tree: &Tree) -> TreeCursor {
        match &self.visibility {
            Some(visibility) => tree.cursor_seeing(Arc::clone(visibility)),
            None => tree.cursor(),
        }
    }

    pub(super) fn cursor(&self) -> TreeCursor {
        self.cursor_over(&self.objects)
    }

    /// The row of the table with this name, in bytes of code page 1252; letters a–z count as A–Z.
    pub(super) fn table_row_named(&self, name: &[u8]) -> Result<Option<CatalogRow>> {
        let (objid, root) = MSYSOBJECTS_ROOT_OBJECTS_INDEX;
        let mut names = self.cursor_over(&Tree::open(&self.file, root, objid, TreeKind::Index)?);
        if names.seek(&root_object_key(name), &[])? != SeekOutcome::Equal {
            return Ok(None);
        }
        let bookmark = names.node()?.map(|node| node.data.to_vec()).unwrap_or_default();
        drop(names);
        let mut cursor = self.cursor();
        if cursor.seek(&bookmark, &[])? != SeekOutcome::Equal {
            return Ok(None);
        }
        self.row(&cursor).map(Some)
    }

    /// The rows of a table, in their order.
    pub(super) fn rows_of(&self, objid: u32) -> Result<Vec<CatalogRow>> {
        let mut cursor = self.cursor();
        cursor.seek(&objid_key(objid), &[])?;
        self.rows_at(&mut cursor, objid)
    }

    /// The rows of a table that begin where the cursor is; leaves the cursor behind them.
    pub(super) fn rows_at(&self, cursor: &mut TreeCursor, objid: u32) -> Result<Vec<CatalogRow>> {
        let mut rows = Vec::new();
        while cursor.position().is_some() {
            let row = self.row(cursor)?;
            if row.objid_table != objid {
                break;
            }
            rows.push(row);
            cursor.move_next()?;
        }
        Ok(rows)
    }

    /// The row of a table with this type and id.
    pub(super) fn row_with_id(&self, objid: u32, row_type: RowType, id: u32) -> Result<Option<CatalogRow>> {
        let mut cursor = self.cursor();
        match cursor.seek(&id_key(objid, row_type, id), &[])? {
            SeekOutcome::Equal => self.row(&cursor).map(Some),
            _ => Ok(None),
        }
    }

    /// The names of all tables in the catalog's order of names, with their rows.
    pub(super) fn table_rows(&self) -> Result<Vec<CatalogRow>> {
        let (objid, root) = MSYSOBJECTS_ROOT_OBJECTS_INDEX;
        let mut names = self.cursor_over(&Tree::open(&self.file, root, objid, TreeKind::Index)?);
        let mut bookmarks = Vec::new();
        while names.move_next()? {
            bookmarks.extend(names.node()?.map(|node| node.data.to_vec()));
        }
        drop(names);
        let mut cursor = self.cursor();
        let mut rows = Vec::with_capacity(bookmarks.len());
        for bookmark in bookmarks {
            if cursor.seek(&bookmark, &[])? == SeekOutcome::Equal {
                rows.push(self.row(&cursor)?);
            }
        }
        Ok(rows)
    }

    /// The schema of a table from its rows. `load` gives the schema of its template, when it has one.
    pub(super) fn schema_of(
        &self,
        rows: &[CatalogRow],
        load: &mut dyn FnMut(u32) -> Result<Arc<TableSchema>>,
    ) -> Result<Arc<TableSchema>> {
        let template = self.template_of(rows, load)?;
        let definition = TableDefinition::from_rows(rows, template.as_deref().map(TableSchema::definition))
            .map_err(|error| self.on_root(error))?;
        Ok(Arc::new(TableSchema::new(definition, template)))
    }

    /// The template of a derived table. It must be one, and not be derived itself: one level only (spec 03 §11.6).
    fn template_of(
        &self,
        rows: &[CatalogRow],
        load: &mut dyn FnMut(u32) -> Result<Arc<TableSchema>>,
    ) -> Result<Option<Arc<TableSchema>>> {
        let Some(CatalogRow { kind: RowKind::Table(table), .. }) = rows.first() else { return Ok(None) };
        let Some(name) = &table.template_table else { return Ok(None) };
        let row = self.table_row_named(name.as_bytes())?;
        let flags = match row.as_ref().map(|row| &row.kind) {
            Some(RowKind::Table(template)) => template.flags,
            _ => TableFlags::empty(),
        };
        match row {
            Some(row) if flags.contains(TableFlags::TEMPLATE) && !flags.contains(TableFlags::DERIVED) => {
                load(row.objid_table).map(Some)
            }
            _ => {
                let problem = Problem::Invalid("names no template table");
                let jet = JetError::CATALOG_CORRUPTED;
                Err(self.on_root(FormatError::new(FileKind::Database, 0, "TemplateTable", problem, jet)))
            }
        }
    }

    /// The row under the cursor.
    pub(super) fn row(&self, cursor: &TreeCursor) -> Result<CatalogRow> {
        let (Some(node), Some((page, _))) = (cursor.node()?, cursor.position()) else {
            return Err(Error::refused(JetError::NO_CURRENT_RECORD, "the catalog cursor is on no row"));
        };
        RecordView::parse(node.data, page.record_format())
            .and_then(|view| CatalogRow::decode(&view))
            .and_then(|row| check_objid(&row).map(|()| row))
            .map_err(|error| self.file.format_error(error.on_page(page.number())))
    }

    fn on_root(&self, error: FormatError) -> Error {
        self.file.format_error(error.on_page(self.objects.root()))
    }

    pub(super) fn not_found(&self, name: &[u8]) -> Error {
        let about = format!("{}: table {}", self.file.path().display(), String::from_utf8_lossy(name));
        Error::refused(JetError::OBJECT_NOT_FOUND, about)
    }
}

fn check_objid(row: &CatalogRow) -> std::result::Result<(), FormatError> {
    if (1..=OBJID_LAST).contains(&row.objid_table) {
        return Ok(());
    }
    let problem = Problem::OutOfRange { found: row.objid_table.into(), min: 1, max: OBJID_LAST.into() };
    Err(FormatError::new(FileKind::Database, 0, "ObjidTable", problem, JetError::CATALOG_CORRUPTED))
}

/// A Long segment of a key.
fn long_segment(number: u32) -> [u8; 5] {
    let [a, b, c, d] = (number ^ 0x8000_0000).to_be_bytes();
    [0x7F, a, b, c, d]
}

/// The beginning of the primary keys of a table's rows (spec 03 §4).
pub(super) fn objid_key(objid: u32) -> [u8; 5] {
    long_segment(objid)
}

/// The beginning of the keys of a table's rows of one type.
fn type_key(objid: u32, row_type: RowType) -> Vec<u8> {
    let [high, low] = (row_type as u16 ^ 0x8000).to_be_bytes();
    let mut key = long_segment(objid).to_vec();
    key.extend([0x7F, high, low]);
    key
}

/// The primary key of a row: the index `Id`.
pub(super) fn id_key(objid: u32, row_type: RowType, id: u32) -> Vec<u8> {
    let mut key = type_key(objid, row_type);
    key.extend(long_segment(id));
    key
}

/// The key of a row in the index `Name`.
pub(super) fn name_key(objid: u32, row_type: RowType, name: &ObjectName) -> Vec<u8> {
    let mut key = type_key(objid, row_type);
    push_name(&mut key, name.as_bytes());
    key
}

/// The key of a table in `RootObjects` (spec 03 §4): a true Bit and a text in capitals.
pub(super) fn root_object_key(name: &[u8]) -> Vec<u8> {
    let mut key = vec![0x7F, 0xFF];
    push_name(&mut key, name);
    key
}

fn push_name(key: &mut Vec<u8>, name: &[u8]) {
    key.push(0x7F);
    key.extend(name.iter().map(u8::to_ascii_uppercase));
    key.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_spec_03_section_4() {
        let table = ObjectName::from_catalog(b"MSysObjects").expect("a short name");
        let hex = |key: Vec<u8>| key.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
        assert_eq!(hex(id_key(2, RowType::Table, 2)), "7F800000027F80017F80000002");
        assert_eq!(hex(name_key(2, RowType::Table, &table)), "7F800000027F80017F4D5359534F424A4543545300");
        assert_eq!(hex(root_object_key(b"MSysObjects")), "7FFF7F4D5359534F424A4543545300");
        let index = ObjectName::from_catalog(b"IxUnicode").expect("a short name");
        assert_eq!(hex(name_key(8, RowType::Index, &index)), "7F800000087F80037F4958554E49434F444500");
    }
}
