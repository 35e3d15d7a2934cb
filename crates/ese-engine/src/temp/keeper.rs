//! The temporary tables of an instance.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ese_format::catalog::DATABASE_ROOT;
use ese_format::error::JetError;
use ese_format::version::DatabaseVersion;

use crate::btree::{TreeKind, WritableTree};
use crate::catalog::TableSchema;
use crate::catalog::deleted_tree::{DeletedTree, TreeOwner, free_later};
use crate::error::{Error, Result};
use crate::file_map::FileMap;
use crate::lock_order::LeafMutex;
use crate::space::{NewTree, SpaceKind, Uniqueness, create_tree};
use crate::space_policy::SpacePolicy;
use crate::table::SchemaSource;
use crate::temp::request::{Keyed, Planned};
use crate::transaction::{Session, Transactions};

/// The temporary database of an instance: its schemas, which no catalog keeps.
#[derive(Debug)]
pub struct TemporaryTables {
    map: Arc<FileMap>,
    transactions: Arc<Transactions>,
    version: DatabaseVersion,
    /// Most tables at a time (JET_paramMaxTemporaryTables).
    tables_max: AtomicU32,
    schemas: LeafMutex<HashMap<u32, Arc<TableSchema>>>,
}

/// The tree of a temporary table; given back when the last cursor lets go of it.
#[derive(Debug)]
pub(super) struct TemporaryTree {
    keeper: Arc<TemporaryTables>,
    pub(super) objid: u32,
    root: u32,
    /// A tree whose long values its records refer to.
    _base: Option<Arc<TemporaryTree>>,
}

impl Drop for TemporaryTree {
    fn drop(&mut self) {
        self.keeper.schemas.lock().remove(&self.objid);
        let keeper = Arc::clone(&self.keeper);
        let owner = Arc::clone(&keeper) as Arc<dyn TreeOwner>;
        let tree = DeletedTree::of_table(self.objid, self.root);
        if let Err(error) = free_later(&keeper.transactions, owner, tree) {
            tracing::error!(objid = self.objid, %error, "the pages of a temporary table are lost");
        }
    }
}

impl TemporaryTables {
    /// The tables of a temporary database, which has a root and nothing else.
    #[must_use]
    pub fn new(
        map: &Arc<FileMap>,
        transactions: &Arc<Transactions>,
        version: DatabaseVersion,
        tables_max: u32,
    ) -> Arc<Self> {
        Arc::new(Self {
            map: Arc::clone(map),
            transactions: Arc::clone(transactions),
            version,
            tables_max: AtomicU32::new(tables_max),
            schemas: LeafMutex::default(),
        })
    }

    /// Sets how many tables there may be at a time.
    pub fn set_tables_max(&self, tables_max: u32) {
        self.tables_max.store(tables_max, Ordering::Relaxed);
    }

    /// Pages of the temporary database.
    #[must_use]
    pub fn pages(&self) -> u32 {
        self.map.file().page_count()
    }

    pub(super) fn map(&self) -> &Arc<FileMap> {
        &self.map
    }

    pub(super) fn version(&self) -> DatabaseVersion {
        self.version
    }

    /// Makes the tree of a table.
    ///
    /// # Errors
    /// `JET_errTooManySorts`, and those of space.
    pub(super) fn create(
        self: &Arc<Self>,
        session: &mut Session,
        planned: &Planned,
        keyed: Keyed,
        base: Option<Arc<TemporaryTree>>,
    ) -> Result<(Arc<TemporaryTree>, Arc<TableSchema>)> {
        let used = u32::try_from(self.schemas.lock().len()).unwrap_or(u32::MAX);
        if base.is_none() && used >= self.tables_max.load(Ordering::Relaxed) {
            return Err(Error::refused(JetError::TOO_MANY_SORTS, format!("{used} temporary tables")));
        }
        let (objid, root) = DATABASE_ROOT;
        let parent = WritableTree::open(&self.map, root, objid, TreeKind::Primary)?;
        let shape = NewTree {
            kind: TreeKind::Primary,
            unique: Uniqueness::Unique,
            pages: 1,
            space: SpaceKind::Single,
            policy: SpacePolicy::default(),
        };
        let tree = create_tree(&parent, session, shape)?;
        let (objid, root) = (tree.tree().objid(), tree.tree().root());
        let schema = Arc::new(TableSchema::new(planned.definition(objid, root, keyed)?, None));
        self.schemas.lock().insert(objid, Arc::clone(&schema));
        let tree = TemporaryTree { keeper: Arc::clone(self), objid, root, _base: base };
        Ok((Arc::new(tree), schema))
    }
}

impl TreeOwner for TemporaryTables {
    fn give_back(&self, session: &mut Session, tree: &DeletedTree) -> Result<()> {
        tree.free(&self.map, session)
    }

    fn file_of_trees(&self) -> u32 {
        self.map.file().id()
    }
}

impl SchemaSource for TemporaryTables {
    fn generation(&self, _session: &Session) -> u64 {
        0
    }

    fn schema(&self, _session: &Session, objid: u32) -> Result<Arc<TableSchema>> {
        let schema = self.schemas.lock().get(&objid).map(Arc::clone);
        schema.ok_or_else(|| {
            Error::refused(JetError::OBJECT_NOT_FOUND, format!("temporary table with object id {objid}"))
        })
    }

    fn maintained_schema(&self, session: &Session, objid: u32) -> Result<Arc<TableSchema>> {
        self.schema(session, objid)
    }

    fn create_long_values(&self, session: &mut Session, table: &TableSchema) -> Result<(u32, u32)> {
        let definition = table.definition();
        let root = definition.table.fdp_page;
        let parent = WritableTree::open(&self.map, root, definition.objid, TreeKind::Primary)?;
        let shape = NewTree {
            kind: TreeKind::LongValue,
            unique: Uniqueness::Unique,
            pages: 1,
            space: SpaceKind::Single,
            policy: SpacePolicy::default(),
        };
        let tree = create_tree(&parent, session, shape)?;
        Ok((tree.tree().objid(), tree.tree().root()))
    }

    fn is_new(&self, _session: &Session, _objid: u32) -> bool {
        true
    }
}
