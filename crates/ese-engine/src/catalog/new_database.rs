//! What a new database holds before its first user: the catalog, its shadow, `MSysObjids` and `MSysLocales` (spec 03 §14,
//! 02 §14).
//!
//! ```text
//! objid  page                        objid  page
//!   1     1  root (made before)        5     10  index RootObjects of MSysObjects
//!   2     4  MSysObjects, 20 pages     6     29  MSysObjids (30, 33 behind larger shadows)
//!   3    24  MSysObjectsShadow         7     30  MSysLocales
//!   4     7  index Name of MSysObjects
//! ```
//!
//! Invariant: trees are made in the order in which their object ids count.

use std::sync::Arc;

use ese_format::catalog::schema::{
    CatalogGeneration, MSYSLOCALES_OBJID, MSYSOBJIDS_OBJID, new_database_rows,
};
use ese_format::catalog::{
    CatalogRow, MSYSOBJECTS, MSYSOBJECTS_NAME_INDEX, MSYSOBJECTS_ROOT_OBJECTS_INDEX, MSYSOBJECTS_SHADOW,
    RowKind, TableDefinition,
};
use ese_format::error::JetError;
use ese_format::key::{IndexKeys, NoLongValues, NoTextKey, RecordSource};
use ese_format::record::{NewValue, RecordBuilder, RecordFormat, RecordView};
use ese_format::version::DatabaseVersion;

use crate::btree::{TreeKind, Versioning, WritableTree};
use crate::catalog::TableSchema;
use crate::catalog::live::filetime;
use crate::catalog::statement;
use crate::catalog::writing::{CatalogTrees, ObjidTable, Shadow};
use crate::error::{Error, Result};
use crate::file_map::FileMap;
use crate::io::Clock;
use crate::space::{NewTree, SpaceKind, Uniqueness, create_tree};
use crate::space_policy::SpacePolicy;
use crate::transaction::Session;

/// Since when the store of `MSysLocales` has two more columns (spec 03 §13.2).
const STORE_2: DatabaseVersion = DatabaseVersion::new(250, 520);

/// What a new database is to be.
#[derive(Clone, Debug)]
pub struct NewDatabase {
    /// Its version.
    pub version: DatabaseVersion,
    /// Whether the shadow catalog is kept.
    pub shadow: Shadow,
    /// Tells when trees got their roots.
    pub clock: Arc<dyn Clock>,
}

/// Type of a value in `MSysLocales`: one of the store itself, or a number.
#[derive(Clone, Copy)]
pub(super) enum StoreValue {
    Schema = 1,
    Number = 2,
}

impl NewDatabase {
    fn generation(&self) -> CatalogGeneration {
        if self.version.has(STORE_2) {
            CatalogGeneration::Windows11 { created: filetime(self.clock.as_ref()) }
        } else {
            CatalogGeneration::Windows10
        }
    }

    /// Fills a database that has a root and nothing else: [`Self::fill_catalog`], then [`Self::fill_system_tables`].
    ///
    /// # Errors
    /// Those of space, of trees and of the log. The database is then good for nothing.
    pub fn fill(&self, root: &WritableTree, session: &mut Session) -> Result<()> {
        self.fill_catalog(root, session)?;
        self.fill_system_tables(root, session)
    }

    fn rows(&self, root: &WritableTree) -> Vec<CatalogRow> {
        new_database_rows(self.generation(), root.map().file().page_size())
    }

    /// Makes the catalog and its shadow, in a transaction of its own. All of it is of the first format: the version is
    /// raised behind it.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub fn fill_catalog(&self, root: &WritableTree, session: &mut Session) -> Result<()> {
        let rows = self.rows(root);
        statement::run(session, |session| {
            let trees = self.system_trees(root, session, &rows)?;
            let own = || rows.iter().filter(|row| row.objid_table < MSYSOBJIDS_OBJID);
            own().try_for_each(|row| trees.insert(session, row))
        })
    }

    /// Makes `MSysObjids` and `MSysLocales`, each in a transaction of its own; the caller makes them durable.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub fn fill_system_tables(&self, root: &WritableTree, session: &mut Session) -> Result<()> {
        let (map, rows) = (root.map(), self.rows(root));
        let trees = CatalogTrees::open(map, self.shadow)?;
        let objids = statement::run(session, |session| {
            let objids = self.single_tree(root, session, &rows, MSYSOBJIDS_OBJID)?;
            let own = || rows.iter().filter(|row| row.objid_table == MSYSOBJIDS_OBJID);
            own().try_for_each(|row| trees.insert(session, row))?;
            let objids = ObjidTable::open(map, &objids)?;
            let mut known = rows.iter().filter(|row| row.objid_table <= MSYSOBJIDS_OBJID);
            known.try_for_each(|row| objids.insert(session, row))?;
            Ok(objids)
        })?;
        let locales = statement::run(session, |session| {
            let locales = self.single_tree(root, session, &rows, MSYSLOCALES_OBJID)?;
            for row in rows.iter().filter(|row| row.objid_table == MSYSLOCALES_OBJID) {
                trees.insert(session, row)?;
                objids.insert(session, row)?;
            }
            Ok(locales)
        })?;
        self.fill_locales(map, session, &locales)
    }

    /// The trees of the catalog, each with its space trees and at its page.
    fn system_trees(
        &self,
        root: &WritableTree,
        session: &mut Session,
        rows: &[CatalogRow],
    ) -> Result<CatalogTrees> {
        let mut make = |parent: &WritableTree, place, kind, pages| {
            let new = NewTree {
                kind,
                unique: Uniqueness::Unique,
                pages,
                space: SpaceKind::Multiple,
                policy: SpacePolicy::default(),
            };
            expect_place(create_tree(parent, session, new)?, place)
        };
        let pages = |objid| table_pages(rows, objid);
        let objects = make(root, MSYSOBJECTS, TreeKind::Primary, pages(MSYSOBJECTS.0))?;
        make(root, MSYSOBJECTS_SHADOW, TreeKind::Primary, pages(MSYSOBJECTS_SHADOW.0))?;
        make(&objects, MSYSOBJECTS_NAME_INDEX, TreeKind::Index, 0)?;
        make(&objects, MSYSOBJECTS_ROOT_OBJECTS_INDEX, TreeKind::Index, 0)?;
        CatalogTrees::open(root.map(), self.shadow)
    }

    /// The tree of a system table of one page, and its schema.
    fn single_tree(
        &self,
        root: &WritableTree,
        session: &mut Session,
        rows: &[CatalogRow],
        objid: u32,
    ) -> Result<TableSchema> {
        let mut own: Vec<CatalogRow> = rows.iter().filter(|row| row.objid_table == objid).cloned().collect();
        own.sort_by_key(|row| (row.row_type(), row.id));
        let definition = TableDefinition::from_rows(&own, None)
            .map_err(|error| Error::refused(JetError::INTERNAL_ERROR, error.to_string()))?;
        let new = NewTree {
            kind: TreeKind::Primary,
            unique: Uniqueness::Unique,
            pages: 1,
            space: SpaceKind::Single,
            policy: SpacePolicy::default(),
        };
        expect_place(create_tree(root, session, new)?, (objid, definition.table.fdp_page))?;
        Ok(TableSchema::new(definition, None))
    }

    /// The version of the store and the mark that says it counts (spec 03 §13.2).
    fn fill_locales(&self, map: &Arc<FileMap>, session: &mut Session, locales: &TableSchema) -> Result<()> {
        let update = if self.version.has(STORE_2) { 2 } else { 0 };
        let values = [
            (".Schema\\External\\Major", StoreValue::Schema, 1),
            (".Schema\\External\\Minor", StoreValue::Schema, 0),
            (".Schema\\External\\Update", StoreValue::Schema, 0),
            (".Schema\\Internal\\Major", StoreValue::Schema, 1),
            (".Schema\\Internal\\Minor", StoreValue::Schema, 0),
            (".Schema\\Internal\\Update", StoreValue::Schema, update),
            ("MSysLocalesConsistent", StoreValue::Number, 1),
        ];
        let definition = locales.definition();
        let tree = WritableTree::open(map, definition.table.fdp_page, definition.objid, TreeKind::Primary)?;
        statement::run(session, |session| {
            values.into_iter().try_for_each(|(key, value_type, number)| {
                let (key, record) = locale_record(locales, map, key, value_type, number)?;
                tree.insert(session, &key, &record, Versioning::Versioned)
            })
        })
    }
}

/// Key and record of a row of `MSysLocales`.
pub(super) fn locale_record(
    locales: &TableSchema,
    map: &FileMap,
    key: &str,
    value_type: StoreValue,
    number: i32,
) -> Result<(Vec<u8>, Vec<u8>)> {
    let failed = |error: ese_format::error::FormatError| map.file().format_error(error);
    let missing = || Error::refused(JetError::INTERNAL_ERROR, "a column of MSysLocales");
    let format = RecordFormat::of(map.file().page_size());
    let layout = locales.layout();
    let mut record = RecordBuilder::with_defaults(layout, format).map_err(failed)?;
    let stored_key: Vec<u8> =
        key.encode_utf16().chain(std::iter::once(0)).flat_map(u16::to_le_bytes).collect();
    let values: [(&[u8], &[u8]); 3] =
        [(b"Key", &stored_key), (b"Type", &[value_type as u8]), (b"iValue", &number.to_le_bytes())];
    for (name, value) in values {
        let column = layout.column_named(name).ok_or_else(missing)?;
        record.set(layout, column, 1, NewValue::Inline(value)).map_err(failed)?;
    }
    let record = record.to_bytes().map_err(failed)?;
    let index = locales.definition().primary_index().ok_or_else(missing)?;
    let view = RecordView::parse(&record, format).map_err(failed)?;
    let mut key = Vec::new();
    IndexKeys::new(&index.row, layout, &NoTextKey)
        .and_then(|keys| {
            keys.primary_key(&RecordSource { record: view, long_values: NoLongValues }, &mut key)
        })
        .map_err(failed)?;
    Ok((key, record))
}

fn table_pages(rows: &[CatalogRow], objid: u32) -> u32 {
    let of_table = rows.iter().find_map(|row| match &row.kind {
        RowKind::Table(table) if row.objid_table == objid => Some(table.pages),
        _ => None,
    });
    of_table.unwrap_or(1)
}

/// A tree of a new database that is not where every reader looks for it.
fn expect_place(tree: WritableTree, (objid, root): (u32, u32)) -> Result<WritableTree> {
    let found = (tree.tree().objid(), tree.tree().root());
    if found == (objid, root) {
        return Ok(tree);
    }
    let about = format!("system tree {objid} at page {} instead of {root}, object id {}", found.1, found.0);
    Err(Error::refused(JetError::DATABASE_CORRUPTED, about))
}
