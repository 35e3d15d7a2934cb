//! The joint between the C face and the engine: starting an instance with the parameters of a program, and the page cache
//! that all instances share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use ese_engine::cache::PageCache;
use ese_engine::catalog::LiveCatalog;
use ese_engine::instance::{
    AttachedDatabase, Instance, InstanceSettings, StartRequest, Started, Writability,
};
use ese_engine::recovery::{MapEntry, RecoveryControl, RecoveryOptions, StopPosition};
use ese_format::error::JetError;
use parking_lot::Mutex;
use widestring::U16Str;

use crate::abi::tables::bits::JET_bitTableReadOnly;
use crate::abi::tables::params::*;
use crate::abi::tables::typedefs::JET_GRBIT;
use crate::parameters::ParameterStore;
use crate::runtime::settings;

/// What a recovery is asked for (JetInit3).
#[derive(Debug)]
pub struct Recovery {
    /// The flags of the call.
    pub options: RecoveryOptions,
    /// Where databases are now.
    pub map: Option<Vec<MapEntry>>,
    /// Where redo stops.
    pub stop: Option<StopPosition>,
}

/// The page cache of the process, as long as an instance uses it.
static CACHE: Mutex<Weak<PageCache>> = Mutex::new(Weak::new());

/// The page cache of the process, made where no instance uses it yet.
///
/// # Errors
/// `JET_errInvalidParameter` for a page size that there is not.
pub fn shared_cache() -> Result<Arc<PageCache>, JetError> {
    let mut shared = CACHE.lock();
    if let Some(cache) = shared.upgrade() {
        return Ok(cache);
    }
    let cache = PageCache::new(settings::cache_bytes(settings::page_size()?));
    *shared = Arc::downgrade(&cache);
    Ok(cache)
}

/// Pages that the cache of the process holds now (JET_paramCacheSize); none without an instance.
#[must_use]
pub fn cached_pages() -> usize {
    let cache = CACHE.lock().upgrade();
    let page_bytes = settings::page_size().map(ese_format::page_size::PageSize::bytes);
    cache.zip(page_bytes.ok()).map_or(0, |(cache, page_bytes)| cache.statistics().bytes / page_bytes)
}

/// Starts an instance, after recovering it.
///
/// # Errors
/// Those of the settings, of recovery and of the files.
pub fn start(
    name: Option<&U16Str>,
    parameters: &ParameterStore,
    recovery: Recovery,
    control: &mut dyn RecoveryControl,
) -> Result<Started, JetError> {
    let settings = settings::settings_of(name, parameters)?;
    if parameters.number(JET_paramCreatePathIfNotExist) != 0 {
        create_folders(&settings)?;
    }
    let Recovery { options, map, stop } = recovery;
    let request = StartRequest { settings, cache: shared_cache()?, options, map, stop };
    Ok(Instance::start_recovering(request, control)?)
}

/// Makes the folders that the instance's own files are in.
fn create_folders(settings: &InstanceSettings) -> Result<(), JetError> {
    let temporary = settings.temporary_path.parent().map(Path::to_path_buf);
    let folders = [Some(settings.system_folder.clone()), Some(settings.log_folder.clone()), temporary];
    let mut folders = folders.into_iter().flatten();
    folders.try_for_each(|folder| std::fs::create_dir_all(folder).map_err(|_| JetError::INVALID_PATH))
}

/// A parameter was set while an instance runs.
pub fn parameter_changed(instance: &Instance, id: u32, parameters: &ParameterStore) {
    let narrow = |id| u32::try_from(parameters.number(id)).unwrap_or(u32::MAX);
    match id {
        JET_paramCacheSizeMin | JET_paramCacheSizeMax | JET_paramConfiguration => {
            if let Ok(page_size) = settings::page_size() {
                instance.cache().set_capacity(settings::cache_bytes(page_size));
            }
        }
        JET_paramDbExtensionSize => {
            for database in instance.databases() {
                database.map().set_extension_pages(narrow(id));
            }
        }
        JET_paramMaxTransactionSize => instance.transactions().set_transaction_percent(narrow(id)),
        JET_paramCommitDefault => instance.transactions().set_commit_default(narrow(id)),
        _ => {}
    }
}

/// The paths of the attached, logged databases of an instance.
#[must_use]
pub fn logged_databases(instance: &Instance) -> Vec<PathBuf> {
    let logged = instance.databases().into_iter().filter(|database| database.is_logged());
    logged.map(|database| database.path().to_path_buf()).collect()
}

/// The catalog of a database, for changing it.
///
/// # Errors
/// `JET_errPermissionDenied` for a database that is attached for reading.
pub fn writable_catalog(database: &AttachedDatabase) -> Result<Arc<LiveCatalog>, JetError> {
    if database.writability() == Writability::ReadOnly {
        return Err(JetError::PERMISSION_DENIED);
    }
    Ok(Arc::clone(database.catalog()?))
}

/// What a table is opened with: of a database that is attached for reading, for reading.
#[must_use]
pub fn open_grbit(database: &AttachedDatabase, grbit: JET_GRBIT) -> JET_GRBIT {
    match database.writability() {
        Writability::ReadOnly => grbit | JET_bitTableReadOnly,
        Writability::Writable => grbit,
    }
}
