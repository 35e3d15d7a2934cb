//! A table of the same definition in another database: what a compaction makes before the records come (spec 09 §13.1).
//!
//! Rows are taken over as the catalog has them, with new trees and without what a new table has not: deleted columns,
//! statistics, indexes half-way to being populated. Columns are numbered anew, class by class in the order they had; rows
//! that name columns by number follow. Templates come before the tables derived from them.
//!
//! Indexes are built when the records are there. Text keys are made anew where they are certain to be those of the
//! index's stamp; other indexes over text are copied entry by entry, so that keys and stamp stay those of the Windows
//! that made them.

use std::sync::Arc;

use ese_format::catalog::schema::is_system_table;
use ese_format::catalog::{
    CallbackRow, CatalogRow, ColumnRow, IndexDefinition, IndexFlags, IndexRow, IndexSegment, LongColumn,
    PersistedSpaceHints, RowKind, SegmentFlags, TableDefinition, TableRow,
};
use ese_format::column_type::{ColumnId, ColumnType, class_of};
use ese_format::error::{FormatError, JetError};
use ese_format::long_value::chunk_bytes_default;
use ese_format::record::TableLayout;
use ese_format::sort_key::{IndexText, Standing};
use ese_format::space::RootHeader;

use crate::btree::{Tree, TreeKind, WritableTree};
use crate::catalog::create_index::{UniqueKeys, fill};
use crate::catalog::deleted_tree::DeletedTree;
use crate::catalog::live::LiveCatalog;
use crate::catalog::new_column::PlannedColumn;
use crate::catalog::statement::{self, Alteration, PendingAlteration};
use crate::catalog::table_use::TableUse;
use crate::catalog::{ColumnMaximum, TableSchema};
use crate::error::{Error, Result};
use crate::space::{NewTree, SpaceKind, Uniqueness, create_tree};
use crate::space_policy::SpacePolicy;
use crate::table::{LongValueTree, OpenTable, SchemaSource, copy_entries};
use crate::transaction::Session;

/// Columns that are added in one transaction.
const COLUMNS_AT_ONCE: usize = 256;
/// Bytes of a default's data that are taken over at most.
const CALLBACK_DATA_BYTES_MAX: usize = 64 << 10;

impl LiveCatalog {
    /// The tables that applications made, those that others are derived from first, else in the order of their names.
    ///
    /// # Errors
    /// Those of reading the catalog.
    pub(crate) fn tables_to_copy(&self, session: &Session) -> Result<Vec<Arc<TableSchema>>> {
        let rows = self.reader(session).table_rows()?;
        let own = rows.into_iter().filter(|row| !is_system_table(&row.name));
        let mut schemas: Vec<_> =
            own.map(|row| self.schema(session, row.objid_table)).collect::<Result<_>>()?;
        schemas.sort_by_key(|schema| schema.template().is_some());
        Ok(schemas)
    }

    /// Opens the trees of a table for its copy.
    ///
    /// # Errors
    /// Those of reading their roots.
    pub(crate) fn open_for_copy(&self, schema: Arc<TableSchema>) -> Result<OpenTable> {
        self.open_schema(schema)
    }

    /// Makes a table like one of another database, without its records. Its indexes have trees and no entries.
    ///
    /// # Errors
    /// Those of the source's catalog, of space and of this catalog.
    pub(crate) fn create_like(
        self: &Arc<Self>,
        session: &mut Session,
        source: &Self,
        schema: &TableSchema,
    ) -> Result<OpenTable> {
        // Several transactions, so that a table with very many columns does not fill the version store: whoever fails
        // gives up the whole database.
        let rows = source.reader(session).rows_of(schema.definition().objid)?;
        let mut copy = statement::run(session, |session| TableCopy::begin(self, session, schema))?;
        copy.add_columns(session, source, &rows)?;
        statement::run(session, |session| {
            copy.add_indexes(session)?;
            copy.add_callback(session)?;
            copy.keep_auto_increment(session, source)
        })?;
        let reader = self.reader(session);
        let made = reader.schema_of(&copy.rows, &mut |_| {
            copy.template.clone().ok_or_else(|| reader.not_found(schema.definition().name.as_bytes()))
        })?;
        self.open_schema(made)
    }

    /// Fills the indexes of a table that was made by [`Self::create_like`] and has its records.
    ///
    /// # Errors
    /// `JET_errKeyDuplicate` for two records with one key of a unique index, unless such are left out; those of both
    /// tables.
    pub(crate) fn fill_indexes_like(
        &self,
        session: &mut Session,
        source: &OpenTable,
        table: &OpenTable,
        duplicates: UniqueKeys,
    ) -> Result<()> {
        for (index, tree) in table.secondary_indexes() {
            let same = |(known, _): &(&IndexDefinition, &WritableTree)| known.name.is(index.name.as_bytes());
            let stored = source.secondary_indexes().find(same).map(|(_, tree)| tree.tree());
            let is_made_here = !index.row.flags.contains(IndexFlags::LOCALIZED_TEXT)
                || matches!(
                    IndexText::of_row(&index.row).standing(),
                    Standing::Exact(_) | Standing::Private(_)
                );
            let made = if is_made_here {
                self.entries(session, table, table.schema(), &index.row).map(Some)
            } else {
                Ok(None)
            };
            match (made, stored) {
                (Ok(Some(entries)), _) => fill(session, tree, &index.row, entries, duplicates)?,
                (Err(error), Some(stored))
                    if error.jet() == JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED =>
                {
                    copy_entries(session, stored, tree)?;
                }
                (Err(error), _) => return Err(error),
                (Ok(None), Some(stored)) => copy_entries(session, stored, tree)?,
                (Ok(None), None) => {
                    let about = format!("index {} of {}", index.name, source.schema().name());
                    return Err(Error::refused(JetError::INDEX_NOT_FOUND, about));
                }
            }
        }
        Ok(())
    }

    /// The bytes of a long column of this catalog.
    fn long_column(&self, session: &Session, column: &LongColumn) -> Result<Vec<u8>> {
        let id = match column {
            LongColumn::Inline(bytes) => return Ok(bytes.clone()),
            LongColumn::Separated(id) => *id,
        };
        let reader = self.reader(session);
        let own = reader.rows_of(self.trees.objects().tree().objid())?;
        let place = own.iter().find_map(|row| match &row.kind {
            RowKind::LongValue(values) => Some((row.id, values.fdp_page)),
            _ => None,
        });
        let (objid, root) = place.ok_or_else(|| {
            Error::refused(
                JetError::LV_CORRUPTED,
                "the catalog refers to a long value and has no tree for them",
            )
        })?;
        let tree = Tree::open(self.map.file(), root, objid, TreeKind::LongValue)?;
        let values = LongValueTree::of_tree(tree, chunk_bytes_default(self.page_size()));
        let mut bytes = Vec::new();
        values.read(id)?.append_rest(CALLBACK_DATA_BYTES_MAX, &mut bytes)?;
        Ok(bytes)
    }
}

/// A table coming into being as another is.
struct TableCopy<'c> {
    catalog: &'c Arc<LiveCatalog>,
    source: &'c TableDefinition,
    use_: Arc<TableUse>,
    template: Option<Arc<TableSchema>>,
    tree: WritableTree,
    /// Its rows so far, in the order of the catalog.
    rows: Vec<CatalogRow>,
}

impl<'c> TableCopy<'c> {
    /// Makes the tree and the row of the table.
    fn begin(catalog: &'c Arc<LiveCatalog>, session: &mut Session, schema: &'c TableSchema) -> Result<Self> {
        let source = schema.definition();
        let template = match &source.table.template_table {
            Some(name) => Some(catalog.schema_named(session, name.as_bytes())?),
            None => None,
        };
        let asked = &source.table;
        let shape = NewTree {
            kind: TreeKind::Primary,
            unique: Uniqueness::Unique,
            pages: asked.pages.clamp(1, PAGES_AT_ONCE_MAX),
            space: SpaceKind::Single,
            policy: SpacePolicy::of_row(asked.density, asked.space_hints.as_ref(), catalog.page_size()),
        };
        let tree = create_tree(&catalog.root_tree()?, session, shape)?;
        let (objid, root) = (tree.tree().objid(), tree.tree().root());
        let use_ = catalog.table_use(objid);
        let created = Alteration::Created(DeletedTree::of_table(objid, root));
        PendingAlteration::note(catalog, session, &use_, created)?;
        use_.set_creator(session.mark()?);
        let row = TableRow {
            fdp_page: root,
            root_flag: Some(0xFF),
            stats: None,
            fdp_last_set_time: catalog.fdp_time(),
            ..asked.clone()
        };
        let mut copy = Self { catalog, source, use_, template, tree, rows: Vec::new() };
        copy.add_row(session, objid, &source.name, RowKind::Table(row))?;
        Ok(copy)
    }

    fn objid(&self) -> u32 {
        self.use_.objid()
    }

    fn add_row(
        &mut self,
        session: &mut Session,
        id: u32,
        name: &ese_format::catalog::ObjectName,
        kind: RowKind,
    ) -> Result<()> {
        let row = CatalogRow { objid_table: self.objid(), id, name: name.clone(), kind };
        self.catalog.insert_row(session, &row)?;
        self.note_row(row);
        Ok(())
    }

    fn note_row(&mut self, row: CatalogRow) {
        let place =
            self.rows.partition_point(|other| (other.row_type(), other.id) < (row.row_type(), row.id));
        self.rows.insert(place, row);
    }

    /// The columns as far as there are rows of them.
    fn layout(&self) -> Result<TableLayout> {
        let template = self.template.as_deref().map(TableSchema::definition);
        TableDefinition::from_rows(&self.rows, template)
            .map(|definition| definition.layout)
            .map_err(|error| self.on_root(error))
    }

    fn on_root(&self, error: FormatError) -> Error {
        self.tree.tree().file().format_error(error.on_page(self.tree.tree().root()))
    }

    /// The table's own columns that are not deleted, in the order of their numbers.
    fn add_columns(
        &mut self,
        session: &mut Session,
        source: &LiveCatalog,
        rows: &[CatalogRow],
    ) -> Result<()> {
        // What new numbers begin behind: the columns of the template.
        let inherited = self.layout()?;
        for some in rows.chunks(COLUMNS_AT_ONCE) {
            statement::run(session, |session| {
                some.iter().try_for_each(|stored| self.add_column(session, source, &inherited, stored))
            })?;
            if rows.len() > COLUMNS_AT_ONCE {
                session.transactions().clean()?;
            }
        }
        statement::run(session, |session| self.renumber_dependencies(session))
    }

    fn add_column(
        &mut self,
        session: &mut Session,
        source: &LiveCatalog,
        inherited: &TableLayout,
        stored: &CatalogRow,
    ) -> Result<()> {
        let RowKind::Column(column) = &stored.kind else { return Ok(()) };
        if column.column_type == ColumnType::Nil {
            return Ok(());
        }
        let class = u16::try_from(stored.id).ok().and_then(class_of);
        let class = class.ok_or_else(|| {
            let about = format!("column {} of {}", stored.name, self.source.name);
            Error::refused(JetError::CATALOG_CORRUPTED, about)
        })?;
        let long = |column: &Option<LongColumn>| -> Result<Option<LongColumn>> {
            let bytes = column.as_ref().map(|column| source.long_column(session, column)).transpose()?;
            Ok(bytes.map(LongColumn::Inline))
        };
        let row = ColumnRow {
            record_offset: None,
            callback_data: long(&column.callback_data)?,
            callback_dependencies: long(&column.callback_dependencies)?,
            ..column.clone()
        };
        let planned =
            PlannedColumn { name: stored.name.clone(), class, row, maximum: ColumnMaximum::AsAsked };
        let template = self.template.as_deref();
        let (row, _) = self.catalog.add_column_row(session, &self.use_, inherited, template, planned)?;
        self.note_row(row);
        Ok(())
    }

    /// Defaults that depend on columns name them by their new numbers.
    fn renumber_dependencies(&mut self, session: &mut Session) -> Result<()> {
        let layout = self.layout()?;
        for place in 0..self.rows.len() {
            let Some(old) = self.rows.get(place).cloned() else { break };
            let RowKind::Column(column) = &old.kind else { continue };
            let Some(LongColumn::Inline(bytes)) = &column.callback_dependencies else { continue };
            let renumbered = bytes
                .as_chunks::<2>()
                .0
                .iter()
                .filter_map(|fid| self.number_of(&layout, u16::from_le_bytes(*fid), SegmentFlags::empty()))
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>();
            if renumbered == *bytes {
                continue;
            }
            let changed =
                ColumnRow { callback_dependencies: Some(LongColumn::Inline(renumbered)), ..column.clone() };
            let new = CatalogRow { kind: RowKind::Column(changed), ..old.clone() };
            self.catalog.trees.replace(session, &old, &new)?;
            if let Some(row) = self.rows.get_mut(place) {
                *row = new;
            }
        }
        Ok(())
    }

    /// The number that a column of the source has now.
    fn number_of(&self, layout: &TableLayout, fid: u16, flags: SegmentFlags) -> Option<u16> {
        let of_template = flags.contains(SegmentFlags::TEMPLATE_COLUMN);
        let own = || self.source.layout.column(ColumnId::own(fid));
        let old = self.source.layout.key_column(fid, of_template).or_else(own)?;
        layout.column_named(&old.name).map(|column| column.id.fid())
    }

    /// The indexes in the order of their object ids, the primary one first.
    fn add_indexes(&mut self, session: &mut Session) -> Result<()> {
        let layout = self.layout()?;
        let source = self.source;
        for index in &source.indexes {
            let renumbered = |segments: &[IndexSegment]| -> Result<Vec<IndexSegment>> {
                let new = |segment: &IndexSegment| {
                    let fid = self.number_of(&layout, segment.fid, segment.flags);
                    let fid = fid.ok_or_else(|| {
                        let about =
                            format!("index {} of {}: column {}", index.name, source.name, segment.fid);
                        Error::refused(JetError::CATALOG_CORRUPTED, about)
                    })?;
                    Ok(IndexSegment { fid, ..*segment })
                };
                segments.iter().map(new).collect()
            };
            let mut row = IndexRow {
                segments: renumbered(&index.row.segments)?,
                conditions: renumbered(&index.row.conditions)?,
                flags: index.row.flags.difference(IndexFlags::DEFERRED_POPULATE),
                stats: None,
                fdp_last_set_time: self.catalog.fdp_time(),
                ..index.row.clone()
            };
            let id = if index.is_primary() {
                row.fdp_page = self.tree.tree().root();
                self.objid()
            } else {
                let pages = initial_pages(row.space_hints.as_ref(), self.catalog);
                let tree = self.catalog.create_index_tree(session, &self.tree, &row, pages)?;
                row.fdp_page = tree.tree().root();
                tree.tree().objid()
            };
            self.add_row(session, id, &index.name, RowKind::Index(row))?;
        }
        Ok(())
    }

    fn add_callback(&mut self, session: &mut Session) -> Result<()> {
        const CALLBACK_ID: u32 = 5;
        let Some(CallbackRow { callback_types, function }) = self.source.callback.clone() else {
            return Ok(());
        };
        let name =
            ese_format::catalog::ObjectName::from_catalog(b"CB").map_err(|error| self.on_root(error))?;
        let row = CallbackRow { callback_types, function };
        self.add_row(session, CALLBACK_ID, &name, RowKind::Callback(row))
    }

    /// The highest number that may have been given out stays so.
    fn keep_auto_increment(&self, session: &mut Session, source: &LiveCatalog) -> Result<()> {
        if !self.catalog.map.features().auto_increment_in_root {
            return Ok(());
        }
        let old =
            Tree::open(source.map.file(), self.source.table.fdp_page, self.source.objid, TreeKind::Primary)?;
        let mark = {
            let root = old.latch_root()?;
            let header = root.view().external_header().and_then(RootHeader::decode);
            header.map_err(|error| old.file().format_error(error.on_page(old.root())))?.auto_increment
        };
        match mark {
            Some(mark) => self.catalog.set_auto_increment(session, &self.tree, mark),
            None => Ok(()),
        }
    }
}

/// Pages that a table or an index may ask for at its creation.
const PAGES_AT_ONCE_MAX: u32 = 4096;

/// Pages an index begins with.
fn initial_pages(hints: Option<&PersistedSpaceHints>, catalog: &LiveCatalog) -> u32 {
    let page_bytes = u32::try_from(catalog.page_size().bytes()).unwrap_or(u32::MAX);
    hints.map_or(1, |hints| hints.initial_bytes / page_bytes).clamp(1, PAGES_AT_ONCE_MAX)
}
