//! Creating a table with its columns and indexes (spec 09 §10.2, 03 §11.1).

use std::sync::Arc;

use ese_format::catalog::{
    CallbackRow, CatalogRow, IndexDefinition, IndexFlags, IndexRow, ObjectName, RowKind, TableDefinition,
    TableFlags, TableRow,
};
use ese_format::column_type::{ColumnClass, ColumnId};
use ese_format::error::JetError;
use ese_format::key::primary_key_bytes_max;
use ese_format::long_value::chunk_bytes_default;
use ese_format::record::{ColumnFlags, RecordLimits, TableLayout};

use crate::btree::{TreeKind, WritableTree};
use crate::catalog::deleted_tree::DeletedTree;
use crate::catalog::live::{LiveCatalog, OpenedTable};
use crate::catalog::new_column::{ColumnContext, PlannedColumn, object_name};
use crate::catalog::new_index::{IndexContext, PlannedIndex};
use crate::catalog::space_hints::{DENSITY_DEFAULT, PlannedSpace, density};
use crate::catalog::statement::{self, Alteration, PendingAlteration};
use crate::catalog::table_use::TableUse;
use crate::catalog::{
    ColumnMaximum, ItemOutcome, NewIndex, NewTable, TableCreateGrbit, TableCreation, TableOpenGrbit,
    TableSchema,
};
use crate::error::{Error, Result};
use crate::space::{NewTree, SpaceKind, Uniqueness, create_tree};
use crate::space_policy::SpacePolicy;
use crate::transaction::Session;

/// `Id` of the row of a table's callback (spec 03 §3).
const CALLBACK_ID: u32 = 5;

/// What is told about a creation, good or bad.
#[derive(Debug, Default)]
struct Told {
    created: u32,
    column_ids: Vec<ColumnId>,
    columns: Vec<ItemOutcome>,
    indexes: Vec<ItemOutcome>,
    cut: bool,
}

/// A table coming into being.
struct Creation<'c> {
    catalog: &'c Arc<LiveCatalog>,
    use_: Arc<TableUse>,
    template: Option<Arc<TableSchema>>,
    tree: WritableTree,
    flags: TableFlags,
    density: u32,
    /// Its rows so far, in the order of the catalog.
    rows: Vec<CatalogRow>,
}

impl LiveCatalog {
    /// Creates a table with its columns and indexes and opens it exclusively.
    pub fn create_table(
        self: &Arc<Self>,
        session: &mut Session,
        new: &NewTable<'_>,
    ) -> TableCreation<OpenedTable> {
        let mut told = Told {
            columns: vec![ItemOutcome::Untouched; new.columns.len()],
            indexes: vec![ItemOutcome::Untouched; new.indexes.len()],
            ..Told::default()
        };
        let table = statement::run(session, |session| self.create(session, new, &mut told));
        TableCreation {
            created: told.created,
            column_ids: told.column_ids,
            columns: told.columns,
            indexes: told.indexes,
            maximum: if told.cut { ColumnMaximum::Cut } else { ColumnMaximum::AsAsked },
            table,
        }
    }

    fn create(
        self: &Arc<Self>,
        session: &mut Session,
        new: &NewTable<'_>,
        told: &mut Told,
    ) -> Result<OpenedTable> {
        let name = check_request(new)?;
        let template = self.template_for(session, new)?;
        told.created += 1;
        if self.stored().table_row_named(name.as_bytes())?.is_some() {
            return Err(Error::refused(JetError::TABLE_DUPLICATE, name.to_string()));
        }
        let mut creation = Creation::begin(self, session, new, name, template)?;
        let hold = creation.use_.open(session.procid(), TableOpenGrbit::DENY_READ)?;
        hold.permit_ddl();
        creation.inherit_indexes(session)?;
        for (place, column) in new.columns.iter().enumerate() {
            let planned = creation.plan_column(column);
            note(&mut told.columns, place, &planned);
            let planned = planned?;
            told.cut |= planned.maximum == ColumnMaximum::Cut;
            // A duplicate name is the catalog's to find: it counts as done (spec 09 §10.2).
            told.created += 1;
            told.column_ids.push(creation.add_column(session, planned)?);
        }
        let layout = creation.layout()?;
        for (place, index) in new.indexes.iter().enumerate() {
            let planned = creation.plan_index(index, &layout);
            note(&mut told.indexes, place, &planned);
            told.created += u32::from(planned.is_ok());
            creation.add_index(session, planned?, &layout)?;
        }
        if let Some(callback) = &new.callback {
            creation.add_callback(session, callback.function, callback.types)?;
            told.created += 1;
        }
        creation.check_record(&layout)?;
        creation.set_auto_increment(session, &layout)?;
        let schema = self.schema_from(session, &creation)?;
        Ok(OpenedTable { table: self.open_schema(schema)?, hold, out_of_date: None })
    }

    fn schema_from(&self, session: &Session, creation: &Creation<'_>) -> Result<Arc<TableSchema>> {
        let reader = self.reader(session);
        reader.schema_of(&creation.rows, &mut |_| {
            creation.template.clone().ok_or_else(|| reader.not_found(creation.rows_name()))
        })
    }

    fn template_for(&self, session: &Session, new: &NewTable<'_>) -> Result<Option<Arc<TableSchema>>> {
        let Some(name) = new.template.filter(|name| !name.is_empty()) else { return Ok(None) };
        let schema = self.schema_named(session, object_name(name)?.as_bytes())?;
        if !schema.definition().table.flags.contains(TableFlags::TEMPLATE) {
            let about = format!("{} is no template table", schema.name());
            return Err(Error::refused(JetError::DDL_NOT_INHERITABLE, about));
        }
        if new.grbit().contains(TableCreateGrbit::TEMPLATE) {
            let about = "a template derived from a template";
            return Err(Error::refused(JetError::CANNOT_NEST_DDL, about));
        }
        Ok(Some(schema))
    }

    /// Makes a tree for an index of a table, of the table's space.
    pub(super) fn create_index_tree(
        &self,
        session: &mut Session,
        table: &WritableTree,
        row: &IndexRow,
        pages: u32,
    ) -> Result<WritableTree> {
        let policy = SpacePolicy::of_row(row.density, row.space_hints.as_ref(), self.page_size());
        let unique =
            if row.flags.contains(IndexFlags::UNIQUE) { Uniqueness::Unique } else { Uniqueness::NonUnique };
        create_tree(
            table,
            session,
            NewTree { kind: TreeKind::Index, unique, pages, space: SpaceKind::Single, policy },
        )
    }
}

fn note<T>(outcomes: &mut [ItemOutcome], place: usize, planned: &Result<T>) {
    if let Some(outcome) = outcomes.get_mut(place) {
        *outcome = match planned {
            Ok(_) => ItemOutcome::Done,
            Err(error) => ItemOutcome::Failed(error.jet()),
        };
    }
}

/// What can be said of a request before the catalog is looked at.
fn check_request(new: &NewTable<'_>) -> Result<ObjectName> {
    let grbit = new.grbit();
    let never = TableCreateGrbit::SYSTEM | TableCreateGrbit::NO_FIXED_OR_VARIABLE_COLUMNS_IN_DERIVED;
    if grbit.intersects(never) {
        return Err(Error::refused(JetError::INVALID_GRBIT, "creating a table"));
    }
    let name = object_name(new.name)?;
    if new.space_hints.is_some() && new.indexes.iter().any(NewIndex::is_primary) {
        let about = "space hints of the table beside a primary index";
        return Err(Error::refused(JetError::SPACE_HINTS_INVALID, about));
    }
    Ok(name)
}

impl<'c> Creation<'c> {
    /// Makes the tree and the row of the table.
    fn begin(
        catalog: &'c Arc<LiveCatalog>,
        session: &mut Session,
        new: &NewTable<'_>,
        name: ObjectName,
        template: Option<Arc<TableSchema>>,
    ) -> Result<Self> {
        let space = table_space(catalog, new)?;
        let deferred = match &new.long_value_hints {
            Some(hints) => hints.plan(catalog.page_size(), 100)?.hints,
            None => None,
        };
        let chunk_bytes_max = chunk_bytes_default(catalog.page_size());
        let lv_chunk_bytes = Some(new.lv_chunk_bytes).filter(|bytes| *bytes != 0);
        if lv_chunk_bytes.is_some_and(|bytes| bytes > chunk_bytes_max) {
            return Err(Error::refused(JetError::INVALID_PARAMETER, "chunks larger than a page holds"));
        }
        let inherited = template.iter().flat_map(|template| template.indexes());
        let pages_of_indexes = new
            .indexes
            .iter()
            .filter(|index| !index.is_primary())
            .map(|index| {
                let hints = index.space_hints.as_ref();
                let planned = hints.and_then(|hints| hints.plan(catalog.page_size(), DENSITY_DEFAULT).ok());
                planned.map_or(1, |space| space.initial_pages())
            })
            .chain(inherited.filter(|index| !index.is_primary()).map(|_| 1))
            .fold(1, u32::saturating_add);
        let pages = space.pages.max(if pages_of_indexes == 1 { 0 } else { pages_of_indexes });
        let parent = catalog.root_tree()?;
        let shape = NewTree {
            kind: TreeKind::Primary,
            unique: Uniqueness::Unique,
            pages: pages.max(1),
            space: SpaceKind::Single,
            policy: SpacePolicy::of_row(space.density, space.hints.as_ref(), catalog.page_size()),
        };
        let tree = create_tree(&parent, session, shape)?;
        let (objid, root) = (tree.tree().objid(), tree.tree().root());
        let use_ = catalog.table_use(objid);
        let deleted = DeletedTree::of_table(objid, root);
        PendingAlteration::note(catalog, session, &use_, Alteration::Created(deleted))?;
        use_.set_creator(session.mark()?);
        let flags = table_flags(new.grbit(), template.is_some());
        let row = TableRow {
            fdp_page: root,
            density: space.density,
            flags,
            pages,
            root_flag: Some(0xFF),
            stats: None,
            template_table: template.as_ref().map(|template| template.definition().name.clone()),
            separate_lv: Some(new.separate_lv).filter(|bytes| *bytes != 0),
            space_hints: space.hints,
            deferred_lv_hints: deferred,
            lv_chunk_bytes,
            fdp_last_set_time: catalog.fdp_time(),
        };
        let row = CatalogRow { objid_table: objid, id: objid, name, kind: RowKind::Table(row) };
        catalog.insert_row(session, &row)?;
        Ok(Self { catalog, use_, template, tree, flags, density: space.density, rows: vec![row] })
    }

    fn objid(&self) -> u32 {
        self.use_.objid()
    }

    fn rows_name(&self) -> &[u8] {
        self.rows.first().map_or(&[], |row| row.name.as_bytes())
    }

    fn is_template(&self) -> bool {
        self.flags.contains(TableFlags::TEMPLATE)
    }

    /// Copies of the template's indexes: the primary one, then the others from the last objid to the first (spec 03
    /// §11.1).
    fn inherit_indexes(&mut self, session: &mut Session) -> Result<()> {
        let Some(template) = self.template.clone() else { return Ok(()) };
        let (primary, secondary): (Vec<&IndexDefinition>, Vec<_>) =
            template.indexes().iter().partition(|index| index.is_primary());
        for index in primary.into_iter().chain(secondary.into_iter().rev()) {
            let mut row = index.row.clone();
            row.flags = row.flags.difference(IndexFlags::TEMPLATE) | IndexFlags::DERIVED;
            row.stats = None;
            for segment in row.segments.iter_mut().chain(&mut row.conditions) {
                segment.flags |= ese_format::catalog::SegmentFlags::TEMPLATE_COLUMN;
            }
            self.add_index_row(session, index.name.clone(), row, 1)?;
        }
        Ok(())
    }

    fn plan_column(&self, column: &crate::catalog::NewColumn<'_>) -> Result<PlannedColumn> {
        let template = self.template.as_ref().map(|template| template.layout());
        column.plan(&ColumnContext {
            template,
            is_template: self.is_template(),
            exclusive: true,
            version: self.catalog.version,
        })
    }

    fn add_column(&mut self, session: &mut Session, planned: PlannedColumn) -> Result<ColumnId> {
        let layout = self.layout()?;
        let (row, id) =
            self.catalog.add_column_row(session, &self.use_, &layout, self.template.as_deref(), planned)?;
        let place =
            self.rows.partition_point(|other| (other.row_type(), other.id) < (row.row_type(), row.id));
        self.rows.insert(place, row);
        Ok(if self.is_template() { ColumnId::template(id) } else { ColumnId::own(id) })
    }

    fn layout(&self) -> Result<TableLayout> {
        let template = self.template.as_deref().map(TableSchema::definition);
        // Inherited index rows name columns of the template, which are there.
        TableDefinition::from_rows(&self.rows, template)
            .map(|definition| definition.layout)
            .map_err(|error| self.tree.tree().file().format_error(error.on_page(self.tree.tree().root())))
    }

    fn plan_index(&self, index: &NewIndex<'_>, layout: &TableLayout) -> Result<PlannedIndex> {
        let planned = index.plan(&IndexContext {
            layout,
            is_template: self.is_template(),
            page_size: self.catalog.page_size(),
            version: self.catalog.version,
            density: self.density,
            text: &self.catalog.text,
        })?;
        let has_primary = self.rows.iter().any(|row| match &row.kind {
            RowKind::Index(index) => index.flags.contains(IndexFlags::PRIMARY),
            _ => false,
        });
        if planned.is_primary() && has_primary {
            return Err(Error::refused(JetError::INDEX_HAS_PRIMARY, planned.name.to_string()));
        }
        Ok(planned)
    }

    fn add_index(&mut self, session: &mut Session, planned: PlannedIndex, _: &TableLayout) -> Result<()> {
        let pages = planned.space.initial_pages();
        self.add_index_row(session, planned.name, planned.row, pages)
    }

    fn add_index_row(
        &mut self,
        session: &mut Session,
        name: ObjectName,
        mut row: IndexRow,
        pages: u32,
    ) -> Result<()> {
        let id = if row.flags.contains(IndexFlags::PRIMARY) {
            row.fdp_page = self.tree.tree().root();
            self.objid()
        } else {
            let tree = self.catalog.create_index_tree(session, &self.tree, &row, pages)?;
            row.fdp_page = tree.tree().root();
            tree.tree().objid()
        };
        row.fdp_last_set_time = self.catalog.fdp_time();
        let row = CatalogRow { objid_table: self.objid(), id, name, kind: RowKind::Index(row) };
        self.catalog.insert_row(session, &row)?;
        let place =
            self.rows.partition_point(|other| (other.row_type(), other.id) < (row.row_type(), row.id));
        self.rows.insert(place, row);
        Ok(())
    }

    fn add_callback(&mut self, session: &mut Session, function: &[u8], types: u32) -> Result<()> {
        let name = object_name(b"CB")?;
        let callback = CallbackRow { callback_types: types, function: function.to_vec() };
        let row = CatalogRow {
            objid_table: self.objid(),
            id: CALLBACK_ID,
            name,
            kind: RowKind::Callback(callback),
        };
        self.catalog.insert_row(session, &row)?;
        self.rows.push(row);
        Ok(())
    }

    /// All fixed columns must fit into one record.
    fn check_record(&self, layout: &TableLayout) -> Result<()> {
        let template = self.template.as_deref().map(TableSchema::definition);
        let definition = TableDefinition::from_rows(&self.rows, template)
            .map_err(|error| self.tree.tree().file().format_error(error.on_page(self.tree.tree().root())))?;
        self.catalog.check_record_size(layout, definition.primary_index())
    }

    /// The counter of an autoincrement column lives in the root, where the format has a place for it (spec 03 §8.8).
    fn set_auto_increment(&self, session: &mut Session, layout: &TableLayout) -> Result<()> {
        if !self.catalog.map.features().auto_increment_in_root || !has_auto_increment(layout) {
            return Ok(());
        }
        self.catalog.set_auto_increment(session, &self.tree, 0)
    }
}

impl LiveCatalog {
    /// Adds the row of a legal column and gives its FID. Draws the number whatever becomes of the row.
    pub(super) fn add_column_row(
        &self,
        session: &mut Session,
        table: &TableUse,
        stored: &TableLayout,
        template: Option<&TableSchema>,
        planned: PlannedColumn,
    ) -> Result<(CatalogRow, u16)> {
        let flags = planned.row.flags;
        for single in [ColumnFlags::AUTO_INCREMENT, ColumnFlags::VERSION] {
            let is_there = |column: &ese_format::record::ColumnDefinition| {
                !column.is_deleted() && column.flags.contains(single)
            };
            if flags.contains(single) && stored.columns().iter().any(is_there) {
                return Err(Error::refused(JetError::COLUMN_REDUNDANT, planned.name.to_string()));
            }
        }
        let size = u16::try_from(planned.row.bytes_max).unwrap_or(u16::MAX);
        let known = last_column(stored, planned.class, template);
        let (fid, record_offset) = table.draw_column(planned.class, size, (known, stored.fixed_end()))?;
        let row = ese_format::catalog::ColumnRow { record_offset, ..planned.row };
        let row = CatalogRow {
            objid_table: table.objid(),
            id: u32::from(fid),
            name: planned.name,
            kind: RowKind::Column(row),
        };
        self.insert_row(session, &row)?;
        Ok((row, fid))
    }

    /// All fixed columns must fit into one record: `JET_errRecordTooBig`.
    pub(super) fn check_record_size(
        &self,
        layout: &TableLayout,
        primary: Option<&IndexDefinition>,
    ) -> Result<()> {
        let key = primary.map(|index| primary_key_bytes_max(&index.row, layout));
        let fixed = layout.columns().iter().filter(|column| column.location.class() == ColumnClass::Fixed);
        let last = fixed.map(|column| usize::from(column.location.fid())).max().unwrap_or(0);
        let bytes = usize::from(layout.fixed_end()) + last.div_ceil(8);
        if bytes > RecordLimits::new(self.page_size(), key).record_bytes_max {
            return Err(Error::refused(JetError::RECORD_TOO_BIG, "the fixed columns"));
        }
        Ok(())
    }

    /// Writes the highest autoincrement value that may have been given out into the root of a table.
    pub(super) fn set_auto_increment(
        &self,
        session: &mut Session,
        tree: &WritableTree,
        value: u64,
    ) -> Result<()> {
        tree.edit_root_header(session, &|header| header.auto_increment = Some(value))
    }
}

pub(super) fn has_auto_increment(layout: &TableLayout) -> bool {
    let counts = |column: &ese_format::record::ColumnDefinition| {
        !column.is_deleted() && column.flags.contains(ColumnFlags::AUTO_INCREMENT)
    };
    layout.columns().iter().any(counts)
}

/// The highest FID of a class: tagged columns of a derived table have a numbering of their own (spec 03 §11.6), unless
/// their template is of the first format.
fn last_column(layout: &TableLayout, class: ColumnClass, template: Option<&TableSchema>) -> u16 {
    let first_format = template.is_some_and(|template| {
        let mut columns = template.layout().columns().iter();
        columns.any(|column| !column.flags.contains(ColumnFlags::TEMPLATE_COLUMN))
    });
    let counts = |column: &&ese_format::record::ColumnDefinition| {
        let inherited = template.is_some() && column.id.is_template();
        column.location.class() == class && (class != ColumnClass::Tagged || !inherited || first_format)
    };
    layout.columns().iter().filter(counts).map(|column| column.location.fid()).max().unwrap_or(0)
}

fn table_flags(grbit: TableCreateGrbit, derived: bool) -> TableFlags {
    let mut flags = TableFlags::empty();
    flags.set(
        TableFlags::FIXED_DDL,
        grbit.intersects(TableCreateGrbit::FIXED_DDL | TableCreateGrbit::TEMPLATE),
    );
    flags.set(TableFlags::TEMPLATE, grbit.contains(TableCreateGrbit::TEMPLATE));
    flags.set(TableFlags::DERIVED, derived);
    flags
}

/// Density and size of the primary tree: the primary index's where one is created with the table, else the table's.
fn table_space(catalog: &LiveCatalog, new: &NewTable<'_>) -> Result<PlannedSpace> {
    let page_size = catalog.page_size();
    if let Some(primary) = new.indexes.iter().find(|index| index.is_primary()) {
        let asked = if new.pages == 1 { 0 } else { new.pages };
        return match &primary.space_hints {
            Some(hints) => hints.plan(page_size, DENSITY_DEFAULT),
            // A bad density is the index's to refuse, when its turn comes.
            None => Ok(PlannedSpace {
                density: density(primary.density, DENSITY_DEFAULT).unwrap_or(DENSITY_DEFAULT),
                pages: asked,
                hints: None,
            }),
        };
    }
    if let Some(hints) = &new.space_hints {
        return hints.plan(page_size, DENSITY_DEFAULT);
    }
    let pages = if new.pages == 1 { 0 } else { new.pages };
    Ok(PlannedSpace { density: density(new.density, DENSITY_DEFAULT)?, pages, hints: None })
}
