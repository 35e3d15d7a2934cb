//! A database file, opened.
//!
//! Opening reads the header pair, runs the checks of an attach in their order (spec 01 §5.3), attaches the file to a page
//! cache and opens the catalog. Nothing is ever written: the file is opened for reading and locked against writers only.
//!
//! Invariant: a [`Database`] that is not clean exists only where the caller asked for [`AcceptedStates::Any`].

use std::path::Path;
use std::sync::Arc;

use ese_format::database_header::{
    DatabaseHeader, HeaderExpectation, HeaderPair, PROBE_BYTES, StateRule, choose_header,
};
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::btree::{Tree, TreeKind};
use crate::cache::{CACHE_BYTES_DEFAULT, CachedFile, PageCache};
use crate::catalog::{Catalog, TableSchema};
use crate::error::{Error, Result};
use crate::io::{Access, FileSystem, OsFileSystem};
use crate::table::Table;

/// The root page and objid of the database itself, which owns all space (spec 02 §1).
const DATABASE_ROOT: u32 = 1;

/// Which databases may be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AcceptedStates {
    /// Those that were closed cleanly; any other is refused with the error of its state (spec 01 §4.2).
    #[default]
    CleanOnly,
    /// Any, for dumps: of a dirty one, pages may be older than others or broken.
    Any,
}

/// How to open a database.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The disk it is on.
    pub file_system: Arc<dyn FileSystem>,
    /// The cache it shares with others; `None` for one of its own with [`CACHE_BYTES_DEFAULT`].
    pub cache: Option<Arc<PageCache>>,
    /// Which states are accepted.
    pub states: AcceptedStates,
    /// The page size it must have; `None` for any.
    pub page_size: Option<PageSize>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            file_system: Arc::new(OsFileSystem),
            cache: None,
            states: AcceptedStates::CleanOnly,
            page_size: None,
        }
    }
}

/// An open database. Clones are handles to the same one; any number of threads may read it.
#[derive(Clone, Debug)]
pub struct Database {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: Arc<CachedFile>,
    headers: HeaderPair,
    catalog: Catalog,
}

impl Database {
    /// Opens a database for reading.
    ///
    /// # Errors
    /// The file's: `JET_errFileNotFound`, `JET_errFileAccessDenied`, `JET_errDiskIO`. The header's, in the order of
    /// spec 01 §5.3: `JET_errDatabaseCorrupted` when neither copy is good, `JET_errInvalidDatabaseVersion`,
    /// `JET_errPageSizeMismatch`, the error of a state that is not clean. The catalog root's.
    pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self> {
        let path = path.as_ref();
        let file = options.file_system.open(path, Access::Read)?;
        let mut first_bytes = vec![0; PROBE_BYTES];
        let count = file.read_at(&mut first_bytes, 0)?;
        first_bytes.truncate(count);
        let failed = |error| Error::format(file.path(), error);
        let headers = choose_header(&first_bytes)
            .map_err(|error| failed(error.with_jet(JetError::DATABASE_CORRUPTED)))?;
        let state = match options.states {
            AcceptedStates::CleanOnly => StateRule::MustBeClean,
            AcceptedStates::Any => StateRule::Any,
        };
        headers.header.check(HeaderExpectation { page_size: options.page_size, state }).map_err(failed)?;
        let cache = options.cache.clone().unwrap_or_else(|| PageCache::new(CACHE_BYTES_DEFAULT));
        let page_size = headers.header.page_size();
        let file = cache.attach(file, page_size)?;
        let catalog = Catalog::open(&file)?;
        Ok(Self { inner: Arc::new(Inner { file, headers, catalog }) })
    }

    /// The header that counts.
    #[must_use]
    pub fn header(&self) -> &DatabaseHeader {
        &self.inner.headers.header
    }

    /// The header and the state of its two copies.
    #[must_use]
    pub fn headers(&self) -> &HeaderPair {
        &self.inner.headers
    }

    /// The page size.
    #[must_use]
    pub fn page_size(&self) -> PageSize {
        self.inner.file.page_size()
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.inner.file.path()
    }

    /// The file's pages.
    #[must_use]
    pub fn file(&self) -> &Arc<CachedFile> {
        &self.inner.file
    }

    /// The catalog.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// The tree without nodes that owns all pages of the database.
    ///
    /// # Errors
    /// Those of reading page 1.
    pub fn root_tree(&self) -> Result<Tree> {
        Tree::open(&self.inner.file, DATABASE_ROOT, DATABASE_ROOT, TreeKind::Primary)
    }

    /// The schemas of all tables, system tables included, in the order of their objids.
    ///
    /// # Errors
    /// Those of reading the catalog.
    pub fn tables(&self) -> Result<Vec<Arc<TableSchema>>> {
        self.inner.catalog.tables()
    }

    /// Opens a table by its name, in bytes of code page 1252; letters a–z count as A–Z.
    ///
    /// # Errors
    /// `JET_errObjectNotFound`, and those of reading the catalog.
    pub fn open_table(&self, name: impl AsRef<[u8]>) -> Result<Table> {
        Table::open(self, self.inner.catalog.table_named(name.as_ref())?)
    }

    /// Opens a table by its schema, as [`Self::tables`] lists it.
    ///
    /// # Errors
    /// Those of reading its root.
    pub fn open_schema(&self, schema: &Arc<TableSchema>) -> Result<Table> {
        Table::open(self, Arc::clone(schema))
    }
}
