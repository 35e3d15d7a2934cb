//! Floor 7: compaction. A database is copied, table by table, into a new file without its holes (spec 09 §13.1, 10 §4.1).
//!
//! ```text
//! source   attached, opened for this session alone, read
//! target   created without a log -> tables, their records and long values, their indexes -> detached, clean
//! ```
//!
//! Invariants: nothing of the source is written. The target is there, clean and durable, when [`compact`] succeeds; after
//! an error it is gone, after a crash it is a file that is not clean. No lock and no latch is held while the caller is
//! told of the progress.

mod statistics;

use std::path::PathBuf;
use std::sync::Arc;

use ese_format::catalog::DATABASE_ROOT;
use ese_format::column_type::ColumnClass;
use ese_format::error::JetError;
use ese_format::version::DatabaseVersion;

use crate::btree::{Tree, TreeKind};
use crate::catalog::{LiveCatalog, Shadow, TableSchema, UniqueKeys};
use crate::error::{Error, Result};
use crate::file_map::Logging;
use crate::instance::{AttachedDatabase, CreateRequest, Instance, OpenMode, Writability};
use crate::io::Existing;
use crate::small_file;
use crate::space::TreeSpace;
use crate::table::{Damaged, copy_records};
use crate::transaction::Session;

pub use statistics::{CompactStatistics, TableStatistics};

/// The lowest version that new databases have.
const VERSION_LOWEST: DatabaseVersion = DatabaseVersion::new(20, 0);

/// What is to be compacted.
#[derive(Clone, Debug)]
pub struct CompactRequest {
    /// The database, which is attached.
    pub source: PathBuf,
    /// The new file, which must not be there.
    pub target: PathBuf,
    /// What is done about damage.
    pub damaged: Damaged,
    /// Where the statistics go, if anybody wants them (JET_bitCompactStats).
    pub statistics: Option<PathBuf>,
}

/// How far a compaction is, in pages of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactProgress {
    /// Pages that are done; only grows.
    pub done: u32,
    /// All of them.
    pub total: u32,
}

/// Is told how far a compaction is; an error of its ends it.
pub type Watcher<'w> = &'w mut dyn FnMut(CompactProgress) -> Result<()>;

/// Compacts an attached database into a new file.
///
/// # Errors
/// `JET_errInTransaction`, `JET_errDatabaseNotFound` for a source that is not attached, `JET_errDatabaseInUse` while a session
/// has it open, `JET_errDatabaseDuplicate` for a target that is there; those of `watch`, of reading the source and of
/// creating and filling a database.
pub fn compact(
    instance: &Instance,
    session: &mut Session,
    request: &CompactRequest,
    watch: Watcher<'_>,
) -> Result<CompactStatistics> {
    if session.level() != 0 {
        return Err(Error::refused(
            JetError::IN_TRANSACTION,
            "a database is compacted outside of transactions",
        ));
    }
    let source = instance.database_at(&request.source).ok_or_else(|| {
        let about = format!("{} is not attached", request.source.display());
        Error::refused(JetError::DATABASE_NOT_FOUND, about)
    })?;
    let holder = u64::from(session.procid()) | HOLDER_IS_ENGINE;
    source.open(holder, OpenMode::Exclusive).map_err(|error| {
        Error::refused(JetError::DATABASE_IN_USE, format!("{}: {error}", request.source.display()))
    })?;
    let compacted = compact_held(instance, session, &source, request, watch);
    source.close(holder)?;
    compacted
}

/// A holder of a database that is no application's session: those have smaller numbers.
const HOLDER_IS_ENGINE: u64 = 1 << 63;

fn compact_held(
    instance: &Instance,
    session: &mut Session,
    source: &Arc<AttachedDatabase>,
    request: &CompactRequest,
    watch: Watcher<'_>,
) -> Result<CompactStatistics> {
    let clock = &*instance.settings().host.clock;
    let mut statistics = CompactStatistics::begin(clock, source)?;
    if source.writability() == Writability::Writable {
        // What is deleted and not cleaned away yet is not to be walked over.
        instance.transactions().clean()?;
    }
    let version = version_of_target(instance, source);
    let create = CreateRequest {
        path: request.target.clone(),
        grbit: 0,
        existing: Existing::Keep,
        logging: Logging::Off,
        shadow: Shadow::Kept,
        pages_max: 0,
    };
    let target = instance.create_database_of_version(session, &create, version)?;
    statistics.created(clock);
    let filled = fill(instance, session, (source, &target), request, &mut statistics, watch).and_then(|()| {
        let bytes = u64::from(target.file().page_count()) * target.file().page_size().bytes() as u64;
        statistics.end(clock, bytes);
        // While the target can still be given up.
        tell(instance, request, &statistics)?;
        finish(instance, session, source, &target)
    });
    if let Err(error) = filled {
        if let Err(second) = instance.abandon_database(target) {
            tracing::warn!(%second, "what a compaction left behind stays");
        }
        return Err(error);
    }
    Ok(statistics)
}

/// Writes the statistics where they are wanted.
fn tell(instance: &Instance, request: &CompactRequest, statistics: &CompactStatistics) -> Result<()> {
    let Some(path) = &request.statistics else { return Ok(()) };
    let disk = &*instance.settings().host.file_system;
    small_file::replace(disk, &disk.full_path(path), statistics.to_string().as_bytes())
}

/// The version of the source or, where that is higher, the one that the instance gives new databases.
fn version_of_target(instance: &Instance, source: &AttachedDatabase) -> DatabaseVersion {
    let asked = instance.settings().database_version().unwrap_or(VERSION_LOWEST);
    source.header().version().max(asked).max(VERSION_LOWEST)
}

/// Writes everything and makes the header a clean one that knows where it comes from.
fn finish(
    instance: &Instance,
    session: &Session,
    source: &AttachedDatabase,
    target: &Arc<AttachedDatabase>,
) -> Result<()> {
    let old = source.header().fields;
    target.change_header(|fields| {
        fields.repair_count = old.repair_count;
        fields.time_repair = old.time_repair;
        fields.repair_count_old = old.repair_count;
    })?;
    instance.detach_database(session, target.path())
}

/// Pages of the source that a table takes.
fn pages_of(catalog_file: &AttachedDatabase, schema: &TableSchema) -> Result<(u64, u64)> {
    let definition = schema.definition();
    let root = definition.table.fdp_page;
    let tree = Tree::open(catalog_file.file(), root, definition.objid, TreeKind::Primary)?;
    let space = TreeSpace::read(&tree)?;
    Ok((space.owned_pages(), space.available_pages()))
}

/// Copies every table.
fn fill(
    instance: &Instance,
    session: &mut Session,
    (source, target): (&Arc<AttachedDatabase>, &Arc<AttachedDatabase>),
    request: &CompactRequest,
    statistics: &mut CompactStatistics,
    watch: Watcher<'_>,
) -> Result<()> {
    let clock = &*instance.settings().host.clock;
    let catalog = source.catalog()?;
    let schemas = catalog.tables_to_copy(session)?;
    let mut tables = Vec::with_capacity(schemas.len());
    let mut total = 0_u64;
    for schema in schemas {
        let pages = match pages_of(source, &schema) {
            // A space tree that cannot be read is not needed for the records.
            Err(error) if error.format_error().is_some() => (1, 0),
            pages => pages?,
        };
        total += pages.0;
        tables.push((schema, pages));
    }
    let mut progress = Progress { done: 0, total, watch };
    progress.tell(0)?;
    for (schema, (pages, available)) in tables {
        let began = clock.milliseconds();
        let copied = Job { catalog, target: target.catalog()?, schema: &schema, damaged: request.damaged }
            .copy(session, clock, pages, &mut progress)?;
        progress.done += pages;
        progress.tell(0)?;
        let (fixed_or_variable, tagged) = own_columns(&schema);
        statistics.tables.push(TableStatistics {
            name: schema.name(),
            fixed_or_variable,
            tagged,
            columns: schema.columns().count(),
            secondary_indexes: schema.indexes().iter().filter(|index| !index.is_primary()).count(),
            pages_owned: pages,
            pages_available: available,
            milliseconds: clock.milliseconds().saturating_sub(began),
            ..copied
        });
    }
    Ok(())
}

/// Fixed or variable columns, and tagged ones, that are not a template's.
fn own_columns(schema: &TableSchema) -> (usize, usize) {
    let inherited = schema.template().is_some();
    let own = || schema.columns().filter(|column| !(inherited && column.id.is_template()));
    let tagged = own().filter(|column| column.location.class() == ColumnClass::Tagged).count();
    (own().count() - tagged, tagged)
}

/// How far the whole is.
struct Progress<'w> {
    done: u64,
    total: u64,
    watch: Watcher<'w>,
}

impl Progress<'_> {
    /// Tells of so many pages of the table that is being copied.
    fn tell(&mut self, of_table: u64) -> Result<()> {
        let pages = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let done = self.done.saturating_add(of_table).min(self.total);
        (self.watch)(CompactProgress { done: pages(done), total: pages(self.total) })
    }
}

/// One table to be copied.
struct Job<'j> {
    catalog: &'j Arc<LiveCatalog>,
    target: &'j Arc<LiveCatalog>,
    schema: &'j Arc<TableSchema>,
    damaged: Damaged,
}

impl Job<'_> {
    fn copy(
        &self,
        session: &mut Session,
        clock: &dyn crate::io::Clock,
        pages: u64,
        progress: &mut Progress<'_>,
    ) -> Result<TableStatistics> {
        let began = clock.milliseconds();
        let source = self.catalog.open_for_copy(Arc::clone(self.schema))?;
        let table = self.target.create_like(session, self.catalog, self.schema)?;
        let created = clock.milliseconds();
        let mut leaves = 0;
        let copied = copy_records(session, &source, &table, self.damaged, &mut |_| {
            leaves += 1;
            progress.tell(leaves.min(pages))
        })?;
        let records_copied = clock.milliseconds();
        let unique_keys = match self.damaged {
            Damaged::Refused => UniqueKeys::Demanded,
            Damaged::LeftOut => UniqueKeys::FirstWins,
        };
        self.target.fill_indexes_like(session, &source, &table, unique_keys)?;
        Ok(TableStatistics {
            copied,
            milliseconds_creating: created.saturating_sub(began),
            milliseconds_copying: records_copied.saturating_sub(created),
            ..TableStatistics::default()
        })
    }
}

/// Pages that a database owns and, of those, that are free.
fn root_pages(database: &AttachedDatabase) -> Result<(u64, u64)> {
    let (objid, root) = DATABASE_ROOT;
    let space = TreeSpace::read(&Tree::open(database.file(), root, objid, TreeKind::Primary)?)?;
    Ok((space.owned_pages(), space.available_pages()))
}
