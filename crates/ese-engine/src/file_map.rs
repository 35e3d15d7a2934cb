//! What all trees of one attached, writable database share: the foot of floor 4.
//!
//! A [`FileMap`] gives out dbtimes and object ids, knows what the file's version allows to be written, and keeps the
//! locks of its trees.
//!
//! Invariants: a dbtime is given out once and grows; so do object ids; two handles of one tree share one
//! [`TreeLocks`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use ese_format::error::JetError;
use ese_format::page::ReservedTagForm;
use ese_format::version::DatabaseVersion;
use parking_lot::{Mutex, RwLock};

use crate::cache::CachedFile;
use crate::error::{Error, Result};
use crate::lock_order::LeafMutex;
use crate::space_policy::SpacePolicy;
use crate::table_state::TableState;

/// The dbtime of a new database before its first change (spec 06 §1).
pub const DBTIME_FIRST: u64 = 0x40;

/// Whether changes of a database go to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logging {
    /// They do; a crash loses nothing that was committed.
    On,
    /// They do not: the temporary database, and those attached with JET_bitDbRecoveryOff.
    Off,
}

/// What a rollback does with changes of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtRollback {
    /// It takes them back.
    Undone,
    /// They stay: a database created with JET_bitDbVersioningOff (spec 09 §4.1). A statement that fails is taken back
    /// all the same.
    Kept,
}

/// What may be written into a database and its log, by their versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFeatures {
    /// How pages say their number of reserved tags.
    pub reserved_tags: ReservedTagForm,
    /// NewPage records precede the use of a new page (database 1568.90 and log 8.4000.40, spec 05 §8.9).
    pub new_page_records: bool,
    /// 64-bit deltas (log 8.4000.20).
    pub delta64: bool,
    /// The auto-increment counter lives in the root header (update major 40, spec 02 §3.2).
    pub auto_increment_in_root: bool,
    /// New long values get identifiers of 8 bytes (database 1568.70.160, spec 04 §3.1).
    pub wide_long_value_ids: bool,
}

impl FileFeatures {
    /// What a database of this version may hold while the log is of `log_update_major`.
    #[must_use]
    pub fn of(database: DatabaseVersion, log_update_major: u32) -> Self {
        let since = |update_major| database.update_major >= update_major;
        Self {
            reserved_tags: if since(270) { ReservedTagForm::Counted } else { ReservedTagForm::Implied },
            new_page_records: since(90) && log_update_major >= 40,
            delta64: since(60) && log_update_major >= 20,
            auto_increment_in_root: since(40),
            wide_long_value_ids: database.has(DatabaseVersion::new(70, 160)),
        }
    }
}

/// The locks of one tree. Taken before any page latch: structure, then space, a child's space before its parent's.
#[derive(Debug, Default)]
pub struct TreeLocks {
    /// Held by whoever splits or merges pages of the tree.
    pub structure: Mutex<()>,
    /// Held by whoever reads or changes what the tree owns: root header's space part, OE and AE.
    pub space: Mutex<()>,
}

/// An attached, writable database as its trees see it.
#[derive(Debug)]
pub struct FileMap {
    file: Arc<CachedFile>,
    dbid: u8,
    logging: Logging,
    features: RwLock<FileFeatures>,
    dbtime: AtomicU64,
    objid_last: AtomicU32,
    extension_pages: AtomicU32,
    pages_max: AtomicU32,
    keeps_changes: AtomicBool,
    trees: LeafMutex<HashMap<u32, Weak<TreeLocks>>>,
    /// Of trees by their roots, where it is not the default.
    policies: LeafMutex<HashMap<u32, SpacePolicy>>,
    tables: LeafMutex<HashMap<u32, Arc<TableState>>>,
}

/// What a [`FileMap`] begins with.
#[derive(Clone, Copy, Debug)]
pub struct FileMapStart {
    /// Number in log records: 0 for the temporary database, 1 to 6 for others.
    pub dbid: u8,
    /// Whether changes are logged.
    pub logging: Logging,
    /// What may be written.
    pub features: FileFeatures,
    /// The last dbtime given out.
    pub dbtime: u64,
    /// The last object id given out.
    pub objid_last: u32,
    /// Pages by which the file grows (JET_paramDbExtensionSize).
    pub extension_pages: u32,
}

impl FileMap {
    /// The map of an attached file.
    #[must_use]
    pub fn new(file: Arc<CachedFile>, start: FileMapStart) -> Arc<Self> {
        Arc::new(Self {
            file,
            dbid: start.dbid,
            logging: start.logging,
            features: RwLock::new(start.features),
            dbtime: AtomicU64::new(start.dbtime.max(DBTIME_FIRST)),
            objid_last: AtomicU32::new(start.objid_last),
            extension_pages: AtomicU32::new(start.extension_pages.max(1)),
            pages_max: AtomicU32::new(0),
            keeps_changes: AtomicBool::new(false),
            trees: LeafMutex::default(),
            policies: LeafMutex::default(),
            tables: LeafMutex::default(),
        })
    }

    /// The file's pages.
    #[must_use]
    pub fn file(&self) -> &Arc<CachedFile> {
        &self.file
    }

    /// Number of the database in log records.
    #[must_use]
    pub fn dbid(&self) -> u8 {
        self.dbid
    }

    /// Whether changes are logged.
    #[must_use]
    pub fn logging(&self) -> Logging {
        self.logging
    }

    /// What may be written.
    #[must_use]
    pub fn features(&self) -> FileFeatures {
        *self.features.read()
    }

    /// The file's version was raised: from now on this may be written.
    pub fn set_features(&self, features: FileFeatures) {
        *self.features.write() = features;
    }

    /// A new dbtime, for one change.
    #[must_use]
    pub fn next_dbtime(&self) -> u64 {
        self.dbtime.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// The last dbtime given out or seen.
    #[must_use]
    pub fn dbtime(&self) -> u64 {
        self.dbtime.load(Ordering::Acquire)
    }

    /// Takes note of a dbtime that redo met: later ones are above it.
    pub fn saw_dbtime(&self, dbtime: u64) {
        self.dbtime.fetch_max(dbtime, Ordering::AcqRel);
    }

    /// A new object id.
    ///
    /// # Errors
    /// `JET_errOutOfObjectIDs` when the numbers are used up.
    pub fn next_objid(&self) -> Result<u32> {
        let draw = |last: u32| (last < ese_format::catalog::OBJID_LAST).then(|| last + 1);
        self.objid_last
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, draw)
            .map(|last| last + 1)
            .map_err(|_| Error::refused(JetError::OUT_OF_OBJECT_I_DS, "object ids of the database"))
    }

    /// The last object id given out or seen.
    #[must_use]
    pub fn objid_last(&self) -> u32 {
        self.objid_last.load(Ordering::Acquire)
    }

    /// Takes note of an object id that redo met.
    pub fn saw_objid(&self, objid: u32) {
        self.objid_last.fetch_max(objid, Ordering::AcqRel);
    }

    /// Pages by which the file grows.
    #[must_use]
    pub fn extension_pages(&self) -> u32 {
        self.extension_pages.load(Ordering::Relaxed)
    }

    /// Sets by how many pages the file grows.
    pub fn set_extension_pages(&self, pages: u32) {
        self.extension_pages.store(pages.max(1), Ordering::Relaxed);
    }

    /// Pages the database may have, 0 for any number.
    #[must_use]
    pub fn pages_max(&self) -> u32 {
        self.pages_max.load(Ordering::Relaxed)
    }

    /// Sets how many pages the database may have, 0 for any number.
    pub fn set_pages_max(&self, pages: u32) {
        self.pages_max.store(pages, Ordering::Relaxed);
    }

    /// What a rollback does with the changes.
    #[must_use]
    pub fn at_rollback(&self) -> AtRollback {
        if self.keeps_changes.load(Ordering::Relaxed) { AtRollback::Kept } else { AtRollback::Undone }
    }

    /// Says what a rollback does with the changes from now on.
    pub fn set_at_rollback(&self, at_rollback: AtRollback) {
        self.keeps_changes.store(at_rollback == AtRollback::Kept, Ordering::Relaxed);
    }

    /// What the sessions that use the table with this objid share; kept as long as the file is attached.
    #[must_use]
    pub fn table_state(&self, objid: u32) -> Arc<TableState> {
        Arc::clone(self.tables.lock().entry(objid).or_default())
    }

    /// How the tree with this root takes its pages, as far as anybody said.
    #[must_use]
    pub fn space_policy(&self, root: u32) -> SpacePolicy {
        self.policies.lock().get(&root).copied().unwrap_or_default()
    }

    /// Says how the tree with this root takes its pages; handles that are open keep what they have.
    pub fn set_space_policy(&self, root: u32, policy: SpacePolicy) {
        let mut policies = self.policies.lock();
        if policy == SpacePolicy::default() {
            policies.remove(&root);
        } else {
            policies.insert(root, policy);
        }
    }

    /// The locks of the tree with this root.
    #[must_use]
    pub fn tree_locks(&self, root: u32) -> Arc<TreeLocks> {
        let mut trees = self.trees.lock();
        if let Some(locks) = trees.get(&root).and_then(Weak::upgrade) {
            return locks;
        }
        trees.retain(|_, locks| locks.strong_count() > 0);
        let locks = Arc::new(TreeLocks::default());
        trees.insert(root, Arc::downgrade(&locks));
        locks
    }
}
