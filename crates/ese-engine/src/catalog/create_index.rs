//! Creating indexes on existing tables (spec 09 §10.6, 03 §11.2).
//!
//! A secondary index is built while no record of the table can be changed: its tree first, then its row, then the
//! entries of all records in the order of their keys. Entries are not versioned, for nobody but the creator knows the tree
//! before the end; a rollback gives the tree up whole. From the row on, changes of records by other sessions keep the
//! index up ([`SchemaSource::maintained_schema`]).
//!
//! The records that are indexed must be those that all later transactions will see: a change of the table by another
//! transaction that this one does not see is a write conflict.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ese_format::catalog::{CatalogRow, IndexFlags, IndexRow, RowKind, SegmentFlags, TableFlags};
use ese_format::error::JetError;
use ese_format::key::{IndexKeys, RecordSource, StoredText, primary_key_bytes_max};
use ese_format::node::NodeView;
use ese_format::record::RecordView;

use crate::btree::{Seen, Tree, TreeKind, Versioning, Visibility, WritableTree};
use crate::catalog::columns::{check_updatable, fixed_ddl};
use crate::catalog::deleted_tree::DeletedTree;
use crate::catalog::live::LiveCatalog;
use crate::catalog::new_index::{IndexContext, PlannedIndex};
use crate::catalog::sorted_entries::SortedEntries;
use crate::catalog::statement::{self, Alteration, PendingAlteration, check_unversioned};
use crate::catalog::table_use::TableUse;
use crate::catalog::{FixedSchema, IndexGrbit, ItemOutcome, NewIndex, TableHold, TableSchema};
use crate::error::{Error, Result};
use crate::table::{OpenTable, SchemaSource, StoredLongValues};
use crate::transaction::Session;

/// Entries of one record in one index at most.
const ENTRIES_PER_RECORD_MAX: usize = 1 << 20;

/// How long a call at level 0 waits for transactions that are changing the table, before it gives up.
const RETRIES: [Duration; 6] = [
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(4),
    Duration::from_millis(8),
    Duration::from_millis(16),
    Duration::from_millis(32),
];

/// What became of indexes to be created.
#[derive(Debug)]
pub struct IndexCreation {
    /// Of each in the order of the request.
    pub indexes: Vec<ItemOutcome>,
    /// Whether all are there; none is otherwise.
    pub result: Result<()>,
}

impl LiveCatalog {
    /// Creates indexes on a table.
    pub fn create_indexes(
        self: &Arc<Self>,
        session: &mut Session,
        table: &OpenTable,
        hold: &TableHold,
        new: &[NewIndex<'_>],
    ) -> IndexCreation {
        let mut outcomes = vec![ItemOutcome::Untouched; new.len()];
        let result = self.create_all(session, table, hold, new, &mut outcomes);
        IndexCreation { indexes: outcomes, result }
    }

    fn create_all(
        self: &Arc<Self>,
        session: &mut Session,
        table: &OpenTable,
        hold: &TableHold,
        new: &[NewIndex<'_>],
        outcomes: &mut [ItemOutcome],
    ) -> Result<()> {
        let use_ = Arc::clone(hold.table());
        let exclusive = use_.is_exclusive(session.procid());
        if new.len() != 1 {
            check_batch(session, exclusive, new)?;
        }
        let unversioned = new.iter().any(|index| index.grbit().contains(IndexGrbit::UNVERSIONED));
        check_unversioned(session, unversioned && !exclusive)?;
        check_updatable(session, hold)?;
        let _turn = use_.serialize();
        for pause in RETRIES {
            let tried = self.try_all(session, table, hold, new, outcomes);
            let conflict = tried.as_ref().is_err_and(|error| error.jet() == JetError::WRITE_CONFLICT);
            if !conflict || session.level() > 0 {
                return tried;
            }
            // Another transaction is changing the table: the next snapshot may hold it.
            std::thread::sleep(pause);
            outcomes.fill(ItemOutcome::Untouched);
        }
        self.try_all(session, table, hold, new, outcomes)
    }

    fn try_all(
        self: &Arc<Self>,
        session: &mut Session,
        table: &OpenTable,
        hold: &TableHold,
        new: &[NewIndex<'_>],
        outcomes: &mut [ItemOutcome],
    ) -> Result<()> {
        let use_ = Arc::clone(hold.table());
        // Taken before the snapshot, so that no record changes behind it, and given up before the end of the transaction:
        // others know of the indexes by then.
        let mut stopped = Some(use_.stop_records());
        let mut create = |session: &mut Session| {
            let schema = self.schema(session, use_.objid())?;
            let flags = schema.definition().table.flags;
            let fixed = flags.contains(TableFlags::FIXED_DDL);
            if fixed && (hold.fixed_schema() == FixedSchema::Kept || flags.contains(TableFlags::TEMPLATE)) {
                return Err(fixed_ddl(&schema));
            }
            for (index, outcome) in new.iter().zip(outcomes.iter_mut()) {
                let created = self.create_one(session, table, &use_, index);
                *outcome = match &created {
                    Ok(()) => ItemOutcome::Done,
                    Err(error) => ItemOutcome::Failed(error.jet()),
                };
                created?;
            }
            Ok(())
        };
        statement::run(session, |session| {
            let created = create(session);
            drop(stopped.take());
            created
        })
    }

    fn create_one(
        self: &Arc<Self>,
        session: &mut Session,
        table: &OpenTable,
        use_: &Arc<TableUse>,
        new: &NewIndex<'_>,
    ) -> Result<()> {
        let schema = self.schema(session, use_.objid())?;
        let definition = schema.definition();
        let planned = new.plan(&IndexContext {
            layout: schema.layout(),
            is_template: definition.table.flags.contains(TableFlags::TEMPLATE),
            page_size: self.page_size(),
            version: self.version,
            density: definition.table.density,
            text: &self.text,
        })?;
        if planned.is_primary() {
            return self.create_primary(session, table, use_, &schema, planned);
        }
        let stored = self.stored().rows_of(use_.objid())?;
        let same_name =
            |row: &CatalogRow| matches!(row.kind, RowKind::Index(_)) && row.name.is(planned.name.as_bytes());
        if stored.iter().any(same_name) {
            return Err(Error::refused(JetError::INDEX_DUPLICATE, planned.name.to_string()));
        }
        self.check_columns_stored(session, use_, &planned.row)?;
        let PlannedIndex { name, grbit, mut row, space } = planned;
        let entries = if grbit.contains(IndexGrbit::EMPTY) {
            SortedEntries::default()
        } else {
            self.entries(session, table, &schema, &row)?
        };
        let tree = self.create_index_tree(session, table.primary(), &row, space.initial_pages())?;
        row.fdp_page = tree.tree().root();
        row.fdp_last_set_time = self.fdp_time();
        let deleted = DeletedTree::of_part(use_, (tree.tree().objid(), tree.tree().root()), TreeKind::Index);
        PendingAlteration::note(self, session, use_, Alteration::TreeCreated(deleted))?;
        let catalog_row = CatalogRow {
            objid_table: use_.objid(),
            id: tree.tree().objid(),
            name,
            kind: RowKind::Index(row.clone()),
        };
        self.insert_row(session, &catalog_row)?;
        fill(session, &tree, &row, entries, UniqueKeys::Demanded)
    }

    /// A column that another transaction has deleted cannot be indexed, though this one still sees it.
    fn check_columns_stored(&self, session: &Session, use_: &TableUse, row: &IndexRow) -> Result<()> {
        let stored = self.maintained_schema(session, use_.objid())?;
        for segment in row.segments.iter().chain(&row.conditions) {
            let of_template = segment.flags.contains(SegmentFlags::TEMPLATE_COLUMN);
            let column = stored.layout().key_column(segment.fid, of_template);
            if column.is_none_or(|column| column.is_deleted()) {
                let about = format!("column {} is deleted by another transaction", segment.fid);
                return Err(Error::refused(JetError::WRITE_CONFLICT, about));
            }
        }
        Ok(())
    }

    /// The primary index has the table's own tree, which must be empty: its records have other keys.
    fn create_primary(
        self: &Arc<Self>,
        session: &mut Session,
        table: &OpenTable,
        use_: &Arc<TableUse>,
        schema: &TableSchema,
        planned: PlannedIndex,
    ) -> Result<()> {
        if self.maintained_schema(session, use_.objid())?.definition().primary_index().is_some() {
            return Err(Error::refused(JetError::INDEX_HAS_PRIMARY, planned.name.to_string()));
        }
        let tree = table.primary().tree();
        // Deleted records count until they are cleaned away (spec 09 §15.7).
        if tree.latch_root()?.view().line_count() > 0 {
            return Err(Error::refused(JetError::TABLE_NOT_EMPTY, schema.name()));
        }
        let mut row = planned.row;
        row.fdp_page = tree.root();
        row.fdp_last_set_time = self.fdp_time();
        let reduced = primary_key_bytes_max(&row, schema.layout());
        if reduced < row.key_most.unwrap_or(u16::from(u8::MAX)) {
            row.key_most = Some(reduced);
            row.var_seg_mac = row.var_seg_mac.filter(|most| *most < reduced);
        }
        PendingAlteration::note(self, session, use_, Alteration::Changed)?;
        let row = CatalogRow {
            objid_table: use_.objid(),
            id: use_.objid(),
            name: planned.name,
            kind: RowKind::Index(row),
        };
        self.insert_row(session, &row)
    }

    /// The entries of all records in a new index. No record can be changed meanwhile.
    pub(super) fn entries(
        &self,
        session: &mut Session,
        table: &OpenTable,
        schema: &TableSchema,
        row: &IndexRow,
    ) -> Result<SortedEntries> {
        let failed = |error: ese_format::error::FormatError| {
            self.map.file().format_error(error.on_page(schema.definition().table.fdp_page))
        };
        let strict = Arc::new(Strict::new(session.visibility()));
        let keys =
            IndexKeys::new(row, schema.layout(), StoredText::needing(self.text.certainty)).map_err(failed)?;
        let long_values = StoredLongValues::new(table, session.visibility());
        let mut entries = SortedEntries::default();
        let mut cursor = table.primary().tree().cursor_seeing(Arc::clone(&strict) as Arc<dyn Visibility>);
        while cursor.move_next()? {
            session.transactions().check_stopped()?;
            let (Some(node), Some((page, _))) = (cursor.node()?, cursor.position()) else { break };
            let record = RecordView::parse(node.data, page.record_format())
                .map_err(|error| self.map.file().format_error(error.on_page(page.number())))?;
            let source = RecordSource { record, long_values: &long_values };
            let of_record = keys
                .keys(&source, ENTRIES_PER_RECORD_MAX)
                .map_err(|error| long_values.take_failure().unwrap_or_else(|| failed(error)))?;
            let bookmark = node.key().to_vec();
            for key in of_record {
                entries.push(&key, &bookmark);
            }
        }
        drop(cursor);
        strict.check()?;
        Ok(entries)
    }
}

/// What two records with one key of a unique index come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UniqueKeys {
    /// An error.
    Demanded,
    /// The second has no entry (JET_bitCompactRepair).
    FirstWins,
}

/// Fills the tree of a new index.
pub(super) fn fill(
    session: &mut Session,
    tree: &WritableTree,
    row: &IndexRow,
    entries: SortedEntries,
    unique_keys: UniqueKeys,
) -> Result<()> {
    let unique = row.flags.contains(IndexFlags::UNIQUE);
    let mut last: Option<Vec<u8>> = None;
    for (key, bookmark) in entries.sorted() {
        if unique && last.as_ref() == Some(&key) {
            if unique_keys == UniqueKeys::FirstWins {
                continue;
            }
            return Err(Error::refused(
                JetError::KEY_DUPLICATE,
                "two records have one key of a unique index",
            ));
        }
        session.transactions().check_stopped()?;
        tree.insert(session, &key, &bookmark, Versioning::Unversioned)?;
        last = Some(key);
    }
    Ok(())
}

fn check_batch(session: &Session, exclusive: bool, new: &[NewIndex<'_>]) -> Result<()> {
    if session.level() > 0 {
        return Err(Error::refused(JetError::IN_TRANSACTION, "several indexes in one call"));
    }
    if !exclusive {
        let about = "several indexes in one call";
        return Err(Error::refused(JetError::EXCLUSIVE_TABLE_LOCK_REQUIRED, about));
    }
    let single = IndexGrbit::PRIMARY | IndexGrbit::UNVERSIONED | IndexGrbit::EMPTY;
    if new.iter().any(|index| index.grbit().intersects(single)) {
        return Err(Error::refused(JetError::INVALID_GRBIT, "several indexes in one call"));
    }
    Ok(())
}

/// Sees what a session sees and remembers whether the pages hold anything else.
#[derive(Debug)]
struct Strict {
    sight: Arc<dyn Visibility>,
    differs: AtomicBool,
}

impl Strict {
    fn new(sight: Arc<dyn Visibility>) -> Self {
        Self { sight, differs: AtomicBool::new(false) }
    }

    fn check(&self) -> Result<()> {
        if self.differs.load(Ordering::Acquire) {
            let about = "the table has changes of another transaction that this one does not see";
            return Err(Error::refused(JetError::WRITE_CONFLICT, about));
        }
        Ok(())
    }
}

impl Visibility for Strict {
    fn see(&self, tree: &Tree, node: &NodeView<'_>) -> Seen {
        let seen = self.sight.see(tree, node);
        let agrees = match &seen {
            Seen::AsStored => !node.is_deleted(),
            Seen::Hidden => node.is_deleted(),
            Seen::Image(image) => !node.is_deleted() && image == node.data,
        };
        if !agrees {
            self.differs.store(true, Ordering::Release);
        }
        seen
    }
}
