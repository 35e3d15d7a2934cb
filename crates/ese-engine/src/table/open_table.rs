//! A table as cursors of sessions use it: one version of its schema, its trees, and what all its users share.
//!
//! Invariant: `indexes` has a tree for every secondary index of `schema`, in the same order.

use std::sync::Arc;

use ese_format::catalog::{IndexDefinition, IndexFlags, IndexSegment, ObjectName, SegmentFlags};
use ese_format::column_type::ColumnId;
use ese_format::error::JetError;
use ese_format::key::{IndexKeys, SegmentOrder, StoredText, primary_key_bytes_max};
use ese_format::long_value::chunk_bytes_default;
use ese_format::page_size::PageSize;
use ese_format::record::{ColumnDefinition, ColumnFlags, RecordBuilder, RecordFormat, RecordLimits};
use ese_format::sort_key::{Certainty, IndexText, Standing, Witnesses};

use crate::btree::{TreeKind, WritableTree};
use crate::catalog::TableSchema;
use crate::error::{Error, Result};
use crate::file_map::FileMap;
use crate::table::LongValueStore;
use crate::table_state::TableState;
use crate::transaction::Session;

/// The standing of an index's text that has to be verified before it is used.
fn needs_witnesses(index: &IndexDefinition) -> bool {
    index.row.flags.contains(IndexFlags::LOCALIZED_TEXT)
        && matches!(IndexText::of_row(&index.row).standing(), Standing::Adopted(_) | Standing::Foreign(_))
}

/// Who knows and changes the schemas of tables: the catalog of a database, or the keeper of temporary tables.
pub trait SchemaSource: std::fmt::Debug + Send + Sync {
    /// A number that changes whenever some schema may have changed for this session, as long as it is in one transaction
    /// or at level 0.
    fn generation(&self, session: &Session) -> u64;

    /// The schema of a table as the session sees it now.
    ///
    /// # Errors
    /// `JET_errObjectNotFound` when there is no such table for it, and those of reading the catalog.
    fn schema(&self, session: &Session, objid: u32) -> Result<Arc<TableSchema>>;

    /// The schema whose indexes a change of a record must keep up: those the session sees, and those others are making.
    ///
    /// # Errors
    /// As [`Self::schema`].
    fn maintained_schema(&self, session: &Session, objid: u32) -> Result<Arc<TableSchema>>;

    /// Runs a change of a record, from the look at the maintained schema, which it is given, to the last index entry: no
    /// index is built meanwhile. Called with no lock or latch held.
    ///
    /// # Errors
    /// Those of [`Self::maintained_schema`] and of `change`.
    fn changing_records(
        &self,
        session: &mut Session,
        objid: u32,
        change: &mut dyn FnMut(&mut Session, Arc<TableSchema>) -> Result<()>,
    ) -> Result<()> {
        let schema = self.maintained_schema(session, objid)?;
        change(session, schema)
    }

    /// Whether this session's transaction, not committed yet, made the table: only then nothing else can see it.
    fn is_new(&self, session: &Session, objid: u32) -> bool {
        let _ = (session, objid);
        false
    }

    /// The units that an index of another Windows shows, once all its keys were made again. Called with no lock or latch
    /// held.
    ///
    /// # Errors
    /// `JET_errSecondaryIndexCorrupted` or `JET_errPrimaryIndexCorrupted` where keys are others.
    fn witnesses(
        &self,
        session: &Session,
        table: &OpenTable,
        index: &IndexDefinition,
    ) -> Result<Arc<Witnesses>> {
        let _ = (session, table, index);
        Ok(Arc::default())
    }

    /// Who keeps sort keys that are stored in its indexes.
    fn stored_text(&self) -> &'static StoredText {
        StoredText::needing(Certainty::default())
    }

    /// Makes the tree of long values of a table that has none and returns its objid and root. It is there for everybody
    /// when the call returns, whatever becomes of the session's transaction. Called by one thread at a time for a table.
    ///
    /// # Errors
    /// Those of creating a tree.
    fn create_long_values(&self, session: &mut Session, table: &TableSchema) -> Result<(u32, u32)>;
}

/// A table, open. Clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct OpenTable {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    map: Arc<FileMap>,
    source: Arc<dyn SchemaSource>,
    schema: Arc<TableSchema>,
    primary: WritableTree,
    indexes: Vec<Option<WritableTree>>,
    /// Whether one of those has a tree.
    has_secondary: bool,
    /// What makes the keys of every index of the schema; none where its columns are not there.
    keys: Vec<Option<IndexKeys<'static>>>,
    /// The columns of every index of the schema, by their places in the layout; none for one that is not there.
    segments: Vec<Vec<Option<(usize, SegmentOrder)>>>,
    state: Arc<TableState>,
    limits: RecordLimits,
    defaults: RecordBuilder,
    default_bytes: usize,
    coverage_bytes: usize,
    special: SpecialColumns,
}

/// Columns that every update looks at.
#[derive(Clone, Debug, Default)]
pub(super) struct SpecialColumns {
    /// The autoincrement column.
    pub(super) auto_increment: Option<ColumnId>,
    /// The version column.
    pub(super) version: Option<ColumnId>,
    /// Columns that may not be NULL and that no default fills.
    pub(super) required: Vec<ColumnId>,
}

impl SpecialColumns {
    fn of(schema: &TableSchema) -> Self {
        let first =
            |flag| schema.columns().find(|column| column.flags.contains(flag)).map(|column| column.id);
        let is_required = |column: &&ColumnDefinition| {
            column.flags.contains(ColumnFlags::NOT_NULL) && column.default.is_none()
        };
        Self {
            auto_increment: first(ColumnFlags::AUTO_INCREMENT),
            version: first(ColumnFlags::VERSION),
            required: schema.columns().filter(is_required).map(|column| column.id).collect(),
        }
    }
}

/// The place of a segment's column in the layout, and how it compares.
fn segment_column(
    schema: &TableSchema,
    index: &IndexDefinition,
    segment: &IndexSegment,
) -> Option<(usize, SegmentOrder)> {
    let of_template = segment.flags.contains(SegmentFlags::TEMPLATE_COLUMN);
    let column = schema.layout().key_column(segment.fid, of_template)?;
    let place = schema.layout().columns().iter().position(|known| known.id == column.id)?;
    let descending = segment.flags.contains(SegmentFlags::DESCENDING);
    Some((place, SegmentOrder::of(index.row.flags, descending)))
}

impl OpenTable {
    /// Opens the trees of a table.
    ///
    /// # Errors
    /// Those of reading their roots.
    pub fn open(map: &Arc<FileMap>, source: Arc<dyn SchemaSource>, schema: Arc<TableSchema>) -> Result<Self> {
        let definition = schema.definition();
        for (root, policy) in schema.space_policies(map.file().page_size()) {
            map.set_space_policy(root, policy);
        }
        let primary =
            WritableTree::open(map, definition.table.fdp_page, definition.objid, TreeKind::Primary)?;
        let open_index = |index: &IndexDefinition| {
            if index.is_primary() {
                return Ok(None);
            }
            WritableTree::open(map, index.row.fdp_page, index.objid, TreeKind::Index).map(Some)
        };
        let indexes = definition.indexes.iter().map(open_index).collect::<Result<Vec<_>>>()?;
        let has_secondary = indexes.iter().any(Option::is_some);
        let keys_of = |index: &IndexDefinition| {
            let keeper = source.stored_text();
            let keys = IndexKeys::new(&index.row, schema.layout(), keeper);
            keys.ok().map(|keys| keys.into_owned(keeper))
        };
        let keys = definition.indexes.iter().map(keys_of).collect();
        let segments_of = |index: &IndexDefinition| {
            index.row.segments.iter().map(|segment| segment_column(&schema, index, segment)).collect()
        };
        let segments = definition.indexes.iter().map(segments_of).collect();
        let page_size = map.file().page_size();
        let key_bytes =
            definition.primary_index().map(|index| primary_key_bytes_max(&index.row, schema.layout()));
        let format = RecordFormat::of(page_size);
        let defaults = RecordBuilder::with_defaults(schema.layout(), format)
            .map_err(|error| map.file().format_error(error.on_page(definition.table.fdp_page)))?;
        let mut default_record = Vec::new();
        defaults
            .encode(&mut default_record)
            .map_err(|error| map.file().format_error(error.on_page(definition.table.fdp_page)))?;
        let default_bytes = |column: &ColumnDefinition| column.default.as_ref().map_or(0, Vec::len) + 2;
        let untagged: usize = schema.untagged_columns().map(default_bytes).sum();
        let inner = Inner {
            default_bytes: default_record.len(),
            coverage_bytes: usize::from(schema.layout().fixed_end()) + 32 + untagged,
            special: SpecialColumns::of(&schema),
            state: map.table_state(definition.objid),
            map: Arc::clone(map),
            source,
            limits: RecordLimits::new(page_size, key_bytes),
            primary,
            indexes,
            keys,
            segments,
            defaults,
            schema,
            has_secondary,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The same table with another version of its schema.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn with_schema(&self, schema: Arc<TableSchema>) -> Result<Self> {
        Self::open(&self.inner.map, Arc::clone(&self.inner.source), schema)
    }

    /// Whether two handles are of one table with one version of its schema.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Arc<TableSchema> {
        &self.inner.schema
    }

    /// Who knows its schema.
    #[must_use]
    pub fn source(&self) -> &Arc<dyn SchemaSource> {
        &self.inner.source
    }

    /// Its database.
    #[must_use]
    pub fn map(&self) -> &Arc<FileMap> {
        &self.inner.map
    }

    /// The tree of its records.
    #[must_use]
    pub fn primary(&self) -> &WritableTree {
        &self.inner.primary
    }

    /// The primary index, where there is one.
    #[must_use]
    pub fn primary_index(&self) -> Option<&IndexDefinition> {
        self.inner.schema.definition().primary_index()
    }

    /// Whether [`Self::secondary_indexes`] has any.
    pub(super) fn has_secondary_indexes(&self) -> bool {
        self.inner.has_secondary
    }

    /// The secondary indexes and their trees.
    pub fn secondary_indexes(&self) -> impl Iterator<Item = (&IndexDefinition, &WritableTree)> {
        let trees = self.inner.indexes.iter();
        self.inner
            .schema
            .indexes()
            .iter()
            .zip(trees)
            .filter_map(|(index, tree)| Some((index, tree.as_ref()?)))
    }

    /// Column and order of a segment of an index of the schema.
    pub(super) fn segment_of(
        &self,
        index: &IndexDefinition,
        place: usize,
    ) -> Option<(&ColumnDefinition, SegmentOrder)> {
        let (at, order) = (*self.inner.segments.get(self.place_of(index)?)?.get(place)?)?;
        self.inner.schema.layout().columns().get(at).map(|column| (column, order))
    }

    /// The place of an index in the schema.
    fn place_of(&self, index: &IndexDefinition) -> Option<usize> {
        self.inner.schema.indexes().iter().position(|known| known.objid == index.objid)
    }

    /// What makes the keys of an index of the schema.
    ///
    /// # Errors
    /// `JET_errCatalogCorrupted` for an index over a column that does not exist.
    pub(super) fn keys_of(&self, index: &IndexDefinition) -> Result<&IndexKeys<'static>> {
        let kept = self.place_of(index).and_then(|place| self.inner.keys.get(place)).and_then(Option::as_ref);
        kept.ok_or_else(|| {
            let about = format!("index {} of table {}", index.name, self.inner.schema.name());
            Error::refused(JetError::CATALOG_CORRUPTED, about)
        })
    }

    /// What text may be used with an index of another Windows, which is verified first; `None` for any other index.
    ///
    /// # Errors
    /// Those of [`SchemaSource::witnesses`].
    pub(super) fn witnesses(
        &self,
        session: &Session,
        index: &IndexDefinition,
    ) -> Result<Option<Arc<Witnesses>>> {
        if needs_witnesses(index) {
            self.source().witnesses(session, self, index).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The index at this place in the schema, and its tree.
    pub(super) fn index_at(&self, place: usize) -> Result<(&IndexDefinition, &WritableTree)> {
        let index = self.inner.schema.indexes().get(place);
        let tree = self.inner.indexes.get(place);
        index.zip(tree).map(|(index, tree)| (index, tree.as_ref().unwrap_or(&self.inner.primary))).ok_or_else(
            || Error::refused(JetError::INDEX_NOT_FOUND, format!("table {}", self.inner.schema.name())),
        )
    }

    /// The index with this name, by its place in the schema; letters a–z count as A–Z.
    ///
    /// # Errors
    /// `JET_errIndexNotFound`, `JET_errCantUseDeferredPopulateIndex`.
    pub(super) fn index_named(&self, name: &[u8]) -> Result<usize> {
        let wanted = ObjectName::new(name)
            .map_err(|error| Error::refused(JetError::INVALID_NAME, format!("name of an index: {error}")))?;
        let indexes = self.inner.schema.indexes();
        let place = indexes.iter().position(|index| index.name.is(wanted.as_bytes())).ok_or_else(|| {
            let about =
                format!("table {}, index {}", self.inner.schema.name(), String::from_utf8_lossy(name));
            Error::refused(JetError::INDEX_NOT_FOUND, about)
        })?;
        let deferred = |index: &IndexDefinition| index.row.flags.contains(IndexFlags::DEFERRED_POPULATE);
        if indexes.get(place).is_some_and(deferred) {
            let about = format!("index {} is not complete", String::from_utf8_lossy(name));
            return Err(Error::refused(JetError::CANT_USE_DEFERRED_POPULATE_INDEX, about));
        }
        Ok(place)
    }

    pub(super) fn state(&self) -> &Arc<TableState> {
        &self.inner.state
    }

    /// How large its records may be.
    #[must_use]
    pub fn limits(&self) -> RecordLimits {
        self.inner.limits
    }

    /// The page size of its database.
    #[must_use]
    pub fn page_size(&self) -> PageSize {
        self.inner.map.file().page_size()
    }

    /// The record an insert begins with.
    pub(super) fn defaults(&self) -> &RecordBuilder {
        &self.inner.defaults
    }

    /// Bytes of that record.
    pub(super) fn default_bytes(&self) -> usize {
        self.inner.default_bytes
    }

    /// Bytes by which the fixed and variable areas of a record can grow beside the values set.
    pub(super) fn coverage_bytes(&self) -> usize {
        self.inner.coverage_bytes
    }

    /// Columns that every update looks at.
    pub(super) fn special_columns(&self) -> &SpecialColumns {
        &self.inner.special
    }

    /// Its long values, where it ever separated one.
    ///
    /// # Errors
    /// Those of reading the root of their tree.
    pub fn long_values(&self) -> Result<Option<LongValueStore>> {
        let named = self.inner.schema.definition().long_values.as_ref();
        let place = named.map(|(objid, row)| (*objid, row.fdp_page));
        place.or_else(|| self.inner.state.long_values.get().copied()).map(|at| self.store(at)).transpose()
    }

    /// Its long values, which a record refers to.
    ///
    /// # Errors
    /// `JET_errLVCorrupted` when it has none, and as [`Self::long_values`].
    pub(super) fn existing_long_values(&self) -> Result<LongValueStore> {
        self.long_values()?.ok_or_else(|| {
            let name = self.inner.schema.name();
            let about = format!("table {name} refers to a long value and has no tree for them");
            Error::refused(JetError::LV_CORRUPTED, about)
        })
    }

    /// Its long values; their tree is made where there is none.
    pub(super) fn long_values_for_writing(&self, session: &mut Session) -> Result<LongValueStore> {
        if let Some(store) = self.long_values()? {
            return Ok(store);
        }
        let _creating = self.inner.state.long_values_creation.lock();
        if let Some(store) = self.long_values()? {
            return Ok(store);
        }
        let made = self.inner.source.create_long_values(session, &self.inner.schema)?;
        self.store(*self.inner.state.long_values.get_or_init(|| made))
    }

    fn store(&self, (objid, root): (u32, u32)) -> Result<LongValueStore> {
        let tree = WritableTree::open(&self.inner.map, root, objid, TreeKind::LongValue)?;
        let asked = self.inner.schema.definition().table.lv_chunk_bytes.filter(|bytes| *bytes > 0);
        let chunk_bytes = asked.unwrap_or_else(|| chunk_bytes_default(self.page_size()));
        Ok(LongValueStore::new(tree, chunk_bytes, Arc::clone(&self.inner.state)))
    }

    /// Bytes of the identifiers that new long values get.
    pub(super) fn long_value_id_bytes(&self) -> usize {
        if self.inner.map.features().wide_long_value_ids { 8 } else { 4 }
    }
}
