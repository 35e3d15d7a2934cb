//! Writing the catalog: every row goes to `MSysObjects` with its two indexes, to the shadow, and to `MSysObjids` where it
//! stands for a tree (spec 03 §6.1, §11, §13.1).
//!
//! Invariant: the records of `MSysObjects` and its shadow are the same bytes. A row that fails half-way is undone by its
//! statement.

use std::sync::Arc;

use ese_format::catalog::{
    CatalogRow, MSYSOBJECTS, MSYSOBJECTS_NAME_INDEX, MSYSOBJECTS_ROOT_OBJECTS_INDEX, MSYSOBJECTS_SHADOW,
    ObjectName, RowType,
};
use ese_format::error::JetError;
use ese_format::record::{NewValue, RecordBuilder, RecordFormat, TableLayout};

use crate::btree::{Author, TreeKind, Versioning, WritableTree};
use crate::catalog::TableSchema;
use crate::catalog::reading::{id_key, name_key, objid_key, root_object_key};
use crate::error::{Error, Result};
use crate::file_map::FileMap;

/// Whether a database keeps `MSysObjectsShadow` up (spec 03 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shadow {
    /// It does.
    Kept,
    /// The header says it does not: the shadow stays empty.
    Off,
}

/// The trees of the catalog, writable.
#[derive(Clone, Debug)]
pub(super) struct CatalogTrees {
    objects: WritableTree,
    names: WritableTree,
    root_objects: WritableTree,
    shadow: Option<WritableTree>,
    format: RecordFormat,
}

impl CatalogTrees {
    pub(super) fn open(map: &Arc<FileMap>, shadow: Shadow) -> Result<Self> {
        let tree = |(objid, root): (u32, u32), kind| WritableTree::open(map, root, objid, kind);
        Ok(Self {
            objects: tree(MSYSOBJECTS, TreeKind::Primary)?,
            names: tree(MSYSOBJECTS_NAME_INDEX, TreeKind::Index)?,
            root_objects: tree(MSYSOBJECTS_ROOT_OBJECTS_INDEX, TreeKind::Index)?,
            shadow: match shadow {
                Shadow::Kept => Some(tree(MSYSOBJECTS_SHADOW, TreeKind::Primary)?),
                Shadow::Off => None,
            },
            format: RecordFormat::of(map.file().page_size()),
        })
    }

    pub(super) fn objects(&self) -> &WritableTree {
        &self.objects
    }

    /// Adds a row.
    ///
    /// # Errors
    /// A row of this name, or with this id, is there, if only for another session: `JET_errTableDuplicate`,
    /// `JET_errColumnDuplicate`, `JET_errIndexDuplicate`.
    pub(super) fn insert(&self, author: &mut dyn Author, row: &CatalogRow) -> Result<()> {
        let duplicate = |error: Error| match (error.jet(), row.row_type()) {
            (JetError::KEY_DUPLICATE, RowType::Table) => renamed(row, JetError::TABLE_DUPLICATE),
            (JetError::KEY_DUPLICATE, RowType::Column) => renamed(row, JetError::COLUMN_DUPLICATE),
            (JetError::KEY_DUPLICATE, RowType::Index) => renamed(row, JetError::INDEX_DUPLICATE),
            _ => error,
        };
        let (key, record) = (id_of(row), self.record(row)?);
        // The name decides first: it is what can be a duplicate.
        if row.row_type() == RowType::Table {
            let name = root_object_key(row.name.as_bytes());
            self.root_objects.insert(author, &name, &key, Versioning::Versioned).map_err(duplicate)?;
        }
        let name = name_key(row.objid_table, row.row_type(), &row.name);
        self.names.insert(author, &name, &key, Versioning::Versioned).map_err(duplicate)?;
        self.objects.insert(author, &key, &record, Versioning::Versioned).map_err(duplicate)?;
        match &self.shadow {
            Some(shadow) => shadow.insert(author, &key, &record, Versioning::Versioned),
            None => Ok(()),
        }
    }

    /// Puts `new` in the place of `old`; both have the same table, type and id.
    ///
    /// # Errors
    /// `JET_errKeyDuplicate` for a name that is taken; `JET_errWriteConflict`.
    pub(super) fn replace(&self, author: &mut dyn Author, old: &CatalogRow, new: &CatalogRow) -> Result<()> {
        let (key, record) = (id_of(new), self.record(new)?);
        self.objects.replace(author, &key, &record, Versioning::Versioned)?;
        self.rename_entries(author, old, &new.name)?;
        match &self.shadow {
            Some(shadow) => shadow.replace(author, &key, &record, Versioning::Versioned),
            None => Ok(()),
        }
    }

    /// Moves the index entries of a row to another name. Keys have no case: a name that differs in it alone keeps them.
    fn rename_entries(&self, author: &mut dyn Author, old: &CatalogRow, name: &ObjectName) -> Result<()> {
        let key = id_of(old);
        let name_of = |name: &ObjectName| name_key(old.objid_table, old.row_type(), name);
        if name_of(&old.name) == name_of(name) {
            return Ok(());
        }
        self.names.insert(author, &name_of(name), &key, Versioning::Versioned)?;
        self.names.flag_delete(author, &name_of(&old.name), &[], Versioning::Versioned)?;
        if old.row_type() == RowType::Table {
            let (before, after) = (root_object_key(old.name.as_bytes()), root_object_key(name.as_bytes()));
            self.root_objects.insert(author, &after, &key, Versioning::Versioned)?;
            self.root_objects.flag_delete(author, &before, &[], Versioning::Versioned)?;
        }
        Ok(())
    }

    /// Deletes a row.
    ///
    /// # Errors
    /// `JET_errWriteConflict`.
    pub(super) fn delete(&self, author: &mut dyn Author, row: &CatalogRow) -> Result<()> {
        let key = id_of(row);
        self.objects.flag_delete(author, &key, &[], Versioning::Versioned)?;
        let name = name_key(row.objid_table, row.row_type(), &row.name);
        self.names.flag_delete(author, &name, &[], Versioning::Versioned)?;
        if row.row_type() == RowType::Table {
            let name = root_object_key(row.name.as_bytes());
            self.root_objects.flag_delete(author, &name, &[], Versioning::Versioned)?;
        }
        match &self.shadow {
            // A shadow that lacks a row is of an older engine's making; it still goes from there.
            Some(shadow) => absent_is_fine(shadow.flag_delete(author, &key, &[], Versioning::Versioned)),
            None => Ok(()),
        }
    }

    /// Replaces the row in `MSysObjects` alone: statistics (spec 03 §6.1).
    pub(super) fn replace_unshadowed(&self, author: &mut dyn Author, row: &CatalogRow) -> Result<()> {
        let record = self.record(row)?;
        self.objects.replace(author, &id_of(row), &record, Versioning::Versioned)
    }

    fn record(&self, row: &CatalogRow) -> Result<Vec<u8>> {
        let root = self.objects.tree().root();
        let failed = |error: ese_format::error::FormatError| {
            self.objects.tree().file().format_error(error.on_page(root))
        };
        row.encode(self.format).map_err(failed)
    }
}

fn id_of(row: &CatalogRow) -> Vec<u8> {
    id_key(row.objid_table, row.row_type(), row.id)
}

fn renamed(row: &CatalogRow, jet: JetError) -> Error {
    Error::refused(jet, format!("{} of object {}", row.name, row.objid_table))
}

fn absent_is_fine(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if matches!(error.jet(), JetError::RECORD_DELETED | JetError::RECORD_NOT_FOUND) => Ok(()),
        other => other,
    }
}

/// `MSysObjids`: which table each tree belongs to (spec 03 §13.1).
#[derive(Clone, Debug)]
pub(super) struct ObjidTable {
    tree: WritableTree,
    layout: TableLayout,
    format: RecordFormat,
}

impl ObjidTable {
    pub(super) fn open(map: &Arc<FileMap>, schema: &TableSchema) -> Result<Self> {
        let definition = schema.definition();
        Ok(Self {
            tree: WritableTree::open(map, definition.table.fdp_page, definition.objid, TreeKind::Primary)?,
            layout: definition.layout.clone(),
            format: RecordFormat::of(map.file().page_size()),
        })
    }

    /// Notes the tree of a row, if it stands for one of its own.
    pub(super) fn insert(&self, author: &mut dyn Author, row: &CatalogRow) -> Result<()> {
        let Some(key) = key_of_tree(row) else { return Ok(()) };
        let failed = |error: ese_format::error::FormatError| {
            self.tree.tree().file().format_error(error.on_page(self.tree.tree().root()))
        };
        let mut record = RecordBuilder::new(self.format);
        let row_type = row.row_type() as u16;
        let values: [(&[u8], &[u8]); 3] = [
            (b"objid", &row.id.to_le_bytes()),
            (b"objidTable", &row.objid_table.to_le_bytes()),
            (b"type", &row_type.to_le_bytes()),
        ];
        for (name, value) in values {
            let Some(column) = self.layout.column_named(name) else {
                let about = "MSysObjids has not the columns it should have";
                return Err(Error::refused(JetError::CATALOG_CORRUPTED, about));
            };
            record.set(&self.layout, column, 1, NewValue::Inline(value)).map_err(failed)?;
        }
        let record = record.to_bytes().map_err(failed)?;
        self.tree.insert(author, &key, &record, Versioning::Versioned)
    }

    /// Forgets the tree of a row.
    pub(super) fn delete(&self, author: &mut dyn Author, row: &CatalogRow) -> Result<()> {
        let Some(key) = key_of_tree(row) else { return Ok(()) };
        absent_is_fine(self.tree.flag_delete(author, &key, &[], Versioning::Versioned))
    }
}

/// The key in `MSysObjids` of the tree a row stands for: tables, long values, and indexes but for primary ones.
fn key_of_tree(row: &CatalogRow) -> Option<[u8; 5]> {
    let has_tree = match row.row_type() {
        RowType::Table | RowType::LongValue => true,
        RowType::Index => row.id != row.objid_table,
        _ => false,
    };
    has_tree.then(|| objid_key(row.id))
}
