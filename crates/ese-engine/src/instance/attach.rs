//! Databases come to an instance and go: attach and detach (spec 06 §6, §14.2; 09 §4.2, §4.3).
//!
//! ```text
//! attach  AttachDB durable -> header dirty, durable -> gate opens, pages may be written -> SetDbVersion
//! detach  pages written, synced -> DetachDB durable -> header clean, durable -> the file is closed
//! ```
//!
//! Invariants: one thread at a time attaches, creates or detaches; the checkpoint stands still meanwhile; on an error of
//! attaching nothing is attached and, before the AttachDB record, nothing is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_format::attach_list::{AttachListBuilder, StoredPath};
use ese_format::catalog::DATABASE_ROOT;
use ese_format::database_header::{HeaderExpectation, StateRule};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{AttachDb, DatabaseFlags, DetachDb, DetachFlags, Record, SetDbVersion, Trace};
use ese_format::version::{self, DatabaseVersion, EFV_USE_ENGINE_DEFAULT};

use crate::btree::{Tree, TreeKind};
use crate::cache::{OpenGate, WriteBack};
use crate::catalog::{IndexChecking, StaleIndex, StaleIndexes};
use crate::error::{Error, Result};
use crate::file_map::{FileFeatures, FileMap, FileMapStart, Logging};
use crate::io::Access;
use crate::log::Log;
use crate::space::TreeSpace;
use crate::transaction::Session;

use super::Instance;
use super::attached::{AttachedDatabase, AttachedStart, Attachment, Writability};
use super::checkpoint::CheckpointHold;
use super::gate::LoggedGate;
use super::header_file::{AttachedLogging, GenerationFile, HeaderFile, draw_signature};
use super::in_use::{PathClaim, PathUse};
use super::settings::Rollover;

/// User databases of an instance: dbid 1 to 6.
pub const DATABASES_MAX: usize = 6;
/// The session number of records that are no session's (spec 05 §1).
const PROCID_NONE: u16 = 0xFFFF;
/// Since when attaching logs the version of the database (spec 05 §6).
const LOGS_VERSION_SINCE: u32 = 6;

/// What is to be attached, and how.
#[derive(Clone, Debug)]
pub struct AttachRequest {
    /// The file.
    pub path: PathBuf,
    /// Whether it may be changed.
    pub writability: Writability,
    /// Whether its changes are logged.
    pub logging: Logging,
    /// Pages it may have, 0 for any number.
    pub pages_max: u32,
}

/// The outcome of an attach.
#[derive(Clone, Debug)]
pub enum Attached {
    /// It is attached now.
    New(Arc<AttachedDatabase>),
    /// It was already, and stays as it was: JET_wrnDatabaseAttached.
    Already(Arc<AttachedDatabase>),
}

impl Attached {
    /// The database.
    #[must_use]
    pub fn database(&self) -> &Arc<AttachedDatabase> {
        match self {
            Self::New(database) | Self::Already(database) => database,
        }
    }
}

/// Pages that the database owns: what the file must have (spec 01 §1.3). A file may be longer by an extension, or shorter
/// when it is a broken copy.
fn logical_pages(database: &AttachedDatabase) -> Result<u32> {
    let (objid, root) = DATABASE_ROOT;
    let tree = Tree::open(database.file(), root, objid, TreeKind::Primary)?;
    let space = TreeSpace::read(&tree)?;
    Ok(space.owned.last().map_or(0, |owned| owned.node.extent.last))
}

/// Gives the file the pages that the database owns.
fn fit(database: &AttachedDatabase, pages: u32) -> Result<()> {
    let file = database.file();
    if pages == 0 || file.page_count() == pages {
        return Ok(());
    }
    file.set_page_count(pages)?;
    file.sync()
}

/// A path as log records store it.
pub(super) fn stored_path(path: &Path) -> Vec<u8> {
    StoredPath::encode_utf16(&path.to_string_lossy())
}

impl Instance {
    /// Attaches a database that was closed cleanly.
    ///
    /// # Errors
    /// In the order of spec 09 §4.2: `JET_errDatabaseSharingViolation`, `JET_errTooManyAttachedDatabases`,
    /// `JET_errFileNotFound`, `JET_errFileAccessDenied`, `JET_errDatabaseCorrupted`, `JET_errPageSizeMismatch`, the error
    /// of a state that is not clean, `JET_errInvalidDatabaseVersion`, `JET_errDatabaseSignInUse`; those of the log and
    /// the disk.
    pub fn attach_database(&self, session: &Session, request: &AttachRequest) -> Result<Attached> {
        let stale = match self.settings.text.checking {
            IndexChecking::AtAttach => StaleIndexes::Refused,
            IndexChecking::Off | IndexChecking::AtTableOpen => StaleIndexes::Kept,
        };
        self.attach_database_with(session, request, stale).map(|(attached, _)| attached)
    }

    /// As [`Self::attach_database`]; says what is done about indexes over text whose sort keys are stale, and what was.
    ///
    /// # Errors
    /// As [`Self::attach_database`], `JET_errSecondaryIndexCorrupted`, `JET_errPrimaryIndexCorrupted`.
    pub fn attach_database_with(
        &self,
        session: &Session,
        request: &AttachRequest,
        stale: StaleIndexes,
    ) -> Result<(Attached, Vec<StaleIndex>)> {
        let _one_at_a_time = self.administration.lock();
        let disk = &*self.settings.host.file_system;
        let path = disk.full_path(&request.path);
        if let Some(database) = self.database_at(&path) {
            return Ok((Attached::Already(database), Vec::new()));
        }
        self.check_runs()?;
        if disk.is_file(&path) {
            self.check_no_backup()?;
        }
        let claim = PathClaim::new(disk, &path, "", PathUse::Database)?;
        let dbid = self.free_dbid(&path)?;
        let header = self.open_header(&path, request)?;
        let logging = self.logging_of(request.writability, request.logging);
        let _hold = CheckpointHold::new(self);
        let features = self.features_of(header.header().version());
        let database = self.build(dbid, header, claim, request, (logging, features))?;
        match self.begin_use(session, &database, request, stale) {
            Ok(stale) => Ok((Attached::New(database), stale)),
            Err(error) => {
                self.remove(&database);
                Err(error)
            }
        }
    }

    /// Puts a database that was built among those that are attached.
    fn begin_use(
        &self,
        session: &Session,
        database: &Arc<AttachedDatabase>,
        request: &AttachRequest,
        stale: StaleIndexes,
    ) -> Result<Vec<StaleIndex>> {
        database.open_catalog()?;
        if request.writability == Writability::ReadOnly {
            self.insert(database);
            return Ok(Vec::new());
        }
        let stale = database.catalog()?.stale_indexes(stale)?;
        let pages = logical_pages(database)?;
        self.insert(database);
        self.make_dirty(session, database, request, database.map().logging())?;
        fit(database, pages)?;
        self.mend_indexes(database, &stale)?;
        Ok(stale)
    }

    /// Deletes and stamps indexes, in a session of the engine's own.
    fn mend_indexes(&self, database: &AttachedDatabase, stale: &[StaleIndex]) -> Result<()> {
        if stale.is_empty() {
            return Ok(());
        }
        let mut session = self.transactions.begin_system_session()?;
        database.catalog()?.mend_stale_indexes(&mut session, stale)
    }

    /// Whether changes to a database are logged, once the instance's own mode is asked too.
    pub(super) fn logging_of(&self, writability: Writability, wanted: Logging) -> Logging {
        let logs = self.log.is_some() && writability == Writability::Writable;
        if logs { wanted } else { Logging::Off }
    }

    /// Opens the file and checks its header; a damaged copy of it is put right.
    fn open_header(&self, path: &Path, request: &AttachRequest) -> Result<HeaderFile> {
        let disk = &*self.settings.host.file_system;
        let access = match request.writability {
            Writability::Writable => Access::ReadWrite,
            Writability::ReadOnly => Access::Read,
        };
        let mut header = HeaderFile::read(disk.open(path, access)?)?;
        let expected =
            HeaderExpectation { page_size: Some(self.settings.page_size), state: StateRule::MustBeClean };
        let failed = |error| Error::format(header.file().path(), error);
        header.header().check(expected).map_err(failed)?;
        version::accept_requested(header.header().version(), self.requested_format()).map_err(|jet| {
            let about = format!("{} has format {}", path.display(), header.header().version());
            Error::refused(jet, about)
        })?;
        if request.writability == Writability::Writable {
            let identity = header.header().fields.database_signature;
            if self.databases().iter().any(|database| database.signature() == identity) {
                let about = format!("{} is a copy of a database that is attached", path.display());
                return Err(Error::refused(JetError::DATABASE_SIGN_IN_USE, about));
            }
            header.mend()?;
        }
        Ok(header)
    }

    fn requested_format(&self) -> u32 {
        match self.settings.engine_format_version {
            0 => EFV_USE_ENGINE_DEFAULT,
            requested => requested,
        }
    }

    /// The database in memory, with nothing written yet.
    pub(super) fn build(
        &self,
        dbid: u8,
        header: HeaderFile,
        claim: PathClaim,
        request: &AttachRequest,
        (logging, features): (Logging, FileFeatures),
    ) -> Result<Arc<AttachedDatabase>> {
        let page_size = header.header().page_size();
        let file = self.cache.attach(Arc::clone(header.file()), page_size)?;
        let fields = &header.header().fields;
        let ours = self.log.as_ref().is_some_and(|log| log.signature() == fields.log_signature);
        let attachment = Attachment {
            attach: Lgpos::NULL,
            consistent: if ours { fields.lgpos_consistent } else { Lgpos::NULL },
            signature: fields.database_signature,
        };
        let map = FileMap::new(
            file,
            FileMapStart {
                dbid,
                logging,
                features,
                dbtime: fields.dbtime.get(),
                objid_last: fields.objid_last.get(),
                extension_pages: self.settings.extension_pages,
            },
        );
        map.set_pages_max(request.pages_max);
        Ok(AttachedDatabase::new(AttachedStart {
            map,
            writability: request.writability,
            host: self.settings.host.clone(),
            text: self.settings.text.clone(),
            header,
            attachment,
            claim,
        }))
    }

    /// What may be written into a database of this version by this instance.
    pub(super) fn features_of(&self, version: DatabaseVersion) -> FileFeatures {
        let log_update_major = self.log.as_ref().map_or(u32::MAX, |log| log.version().update_major);
        FileFeatures::of(version, log_update_major)
    }

    /// The steps of an attach that are seen on the disk.
    fn make_dirty(
        &self,
        session: &Session,
        database: &Arc<AttachedDatabase>,
        request: &AttachRequest,
        logging: Logging,
    ) -> Result<()> {
        match (&self.log, logging) {
            (Some(log), Logging::On) => {
                let attach = self.log_attach(session, log, database, request)?;
                let mut state = database.lock_header();
                let (generation, created) = log.newest_file();
                let logging = AttachedLogging::Logged {
                    attach,
                    stream: log.signature(),
                    newest: GenerationFile { generation, created },
                };
                state.file.attached(database.dbid(), logging, self.now())?;
                database.write_header(&mut state)?;
                state.settled = true;
                database.passed(&state);
                drop(state);
                database.file().set_gate(LoggedGate::new(log, &self.transactions, database));
                self.log_version(log, database)?;
                self.roll_if_asked(log)?;
            }
            _ => {
                let mut state = database.lock_header();
                let identity = draw_signature(&self.settings.host);
                let logging = AttachedLogging::Unlogged { identity };
                state.file.attached(database.dbid(), logging, self.now())?;
                database.write_header(&mut state)?;
                state.settled = true;
                drop(state);
                database.file().set_gate(Arc::new(OpenGate));
            }
        }
        self.delete_flush_map(database.path());
        Ok(())
    }

    fn log_attach(
        &self,
        session: &Session,
        log: &Log,
        database: &Arc<AttachedDatabase>,
        request: &AttachRequest,
    ) -> Result<Lgpos> {
        let header = database.header();
        let path = stored_path(database.path());
        let mut record = encode(&Record::AttachDb(AttachDb {
            procid: session.procid(),
            dbid: database.dbid(),
            max_pages: request.pages_max,
            consistent: header.fields.lgpos_consistent,
            database_signature: header.fields.database_signature,
            log_signature: header.fields.log_signature,
            flags: DatabaseFlags::UNICODE,
            path: &path,
        }))?;
        let appended = log.append_with(&mut record, &mut |position, _| database.set_attach(position))?;
        log.flush(appended.last)?;
        Ok(appended.last)
    }

    /// With aggressive rollover the log begins another generation, and says that it was made to (spec 05 §10).
    pub(crate) fn roll_if_asked(&self, log: &Log) -> Result<()> {
        if self.settings.rollover == Rollover::WhenFull {
            return Ok(());
        }
        log.roll()?;
        let record = encode(&Record::ForceLogRollover(Trace { procid: PROCID_NONE, text: &[] }))?;
        log.append(&[&record]).map(|_| ())
    }

    /// Tells the log which format the database has (spec 05 §10), where logs have a record for it.
    pub(super) fn log_version(&self, log: &Log, database: &AttachedDatabase) -> Result<()> {
        if log.version().update_major < LOGS_VERSION_SINCE {
            return Ok(());
        }
        let version = database.header().version();
        let record = encode(&Record::SetDbVersion(SetDbVersion {
            dbid: database.dbid(),
            major: version.version,
            update_major: version.update_major,
            update_minor: version.update_minor,
        }))?;
        log.append(&[&record]).map(|_| ())
    }

    /// A flush map that is not kept would tell lies: it goes (spec 01 §12.8). The header disowns it in any case.
    pub(super) fn delete_flush_map(&self, database: &Path) {
        let disk = &*self.settings.host.file_system;
        let map = database.with_extension("jfm");
        if map != database
            && disk.is_file(&map)
            && let Err(error) = disk.remove(&map)
        {
            tracing::warn!("a flush map stays: {error}");
        }
    }

    /// A number for another database, if the attach list has room for it too.
    pub(super) fn free_dbid(&self, path: &Path) -> Result<u8> {
        let full = || Error::refused(JetError::TOO_MANY_ATTACHED_DATABASES, format!("{}", path.display()));
        let databases = self.databases();
        let taken = |dbid: &u8| databases.iter().any(|database| database.dbid() == *dbid);
        let dbid = (1..=DATABASES_MAX as u8).find(|dbid| !taken(dbid)).ok_or_else(full)?;
        let mut list = AttachListBuilder::default();
        let paths =
            databases.iter().map(|database| database.path().to_path_buf()).chain([path.to_path_buf()]);
        for (number, path) in (1..).zip(paths) {
            let info = ese_format::attach_list::AttachInfo { dbid: number, ..Default::default() };
            list.push(info, &path.to_string_lossy()).map_err(|_| full())?;
        }
        Ok(dbid)
    }

    /// Detaches a database; its header is clean then.
    ///
    /// # Errors
    /// `JET_errDatabaseNotFound`; `JET_errDatabaseInUse` while a session has it open, or an old transaction needs
    /// versions of it; those of the log and the disk: the database stays attached unless its end was logged already.
    pub fn detach_database(&self, session: &Session, path: &Path) -> Result<()> {
        let _one_at_a_time = self.administration.lock();
        let path = self.settings.host.file_system.full_path(path);
        let database = self.database_at(&path).ok_or_else(|| {
            Error::refused(JetError::DATABASE_NOT_FOUND, format!("{} is not attached", path.display()))
        })?;
        self.check_no_backup()?;
        self.detach(session, &database)
    }

    /// Detaches all databases, the first first; stops at the first failure.
    ///
    /// # Errors
    /// As [`Self::detach_database`].
    pub fn detach_all(&self, session: &Session) -> Result<()> {
        let _one_at_a_time = self.administration.lock();
        self.check_no_backup()?;
        for database in self.databases() {
            self.detach(session, &database)?;
        }
        Ok(())
    }

    fn detach(&self, session: &Session, database: &Arc<AttachedDatabase>) -> Result<()> {
        let in_use = |about: &str| {
            let about = format!("{}: {about}", database.path().display());
            Err(Error::refused(JetError::DATABASE_IN_USE, about))
        };
        if database.is_open() {
            return in_use("a session has it open");
        }
        if database.writability() == Writability::ReadOnly {
            self.remove(database);
            return Ok(());
        }
        self.transactions.clean_file(database.file().id())?;
        if self.transactions.is_changing(database.file().id()) {
            return in_use("an open transaction needs versions of it");
        }
        database.file().write_back(WriteBack::All)?;
        let _hold = CheckpointHold::new(self);
        database.file().sync()?;
        let mark = match &self.log {
            Some(log) if database.is_logged() => Some(self.log_detach(session, log, database)?),
            _ => None,
        };
        self.make_clean(database, mark)?;
        if let Some(log) = self.log.as_deref().filter(|_| mark.is_some()) {
            self.roll_if_asked(log)?;
        }
        self.transactions.forget_file(database.file().id());
        self.remove(database);
        Ok(())
    }

    fn log_detach(&self, session: &Session, log: &Log, database: &AttachedDatabase) -> Result<Lgpos> {
        database.lock_header().settled = false;
        let path = stored_path(database.path());
        let record = encode(&Record::DetachDb(DetachDb {
            procid: session.procid(),
            dbid: database.dbid(),
            flags: DetachFlags::UNICODE,
            path: &path,
        }))?;
        let appended = log.append(&[&record])?;
        log.flush(appended.last)?;
        Ok(appended.last)
    }

    /// Writes the clean header of a database of which every page is durable.
    pub(super) fn make_clean(&self, database: &AttachedDatabase, mark: Option<Lgpos>) -> Result<()> {
        let map = database.map();
        let mut state = database.lock_header();
        state.settled = false;
        state.file.detached(mark, map.dbtime(), map.objid_last(), self.now())?;
        database.write_header(&mut state)
    }
}

/// The bytes of a record that the engine builds.
pub(crate) fn encode(record: &Record<'_>) -> Result<Vec<u8>> {
    record
        .encode()
        .map_err(|error| Error::refused(error.jet(), format!("{:?}: {error}", record.record_type())))
}

impl Instance {
    /// The attached database of this file.
    #[must_use]
    pub fn database_at(&self, path: &Path) -> Option<Arc<AttachedDatabase>> {
        let path = self.settings.host.file_system.full_path(path);
        self.databases().into_iter().find(|database| **database.path() == *path)
    }

    /// The attached database with this number; the temporary one has 0.
    #[must_use]
    pub fn database(&self, dbid: u8) -> Option<Arc<AttachedDatabase>> {
        self.slots.lock().get(usize::from(dbid))?.clone()
    }

    /// The attached user databases by their numbers, read-only ones included.
    #[must_use]
    pub fn databases(&self) -> Vec<Arc<AttachedDatabase>> {
        self.slots.lock().iter().skip(1).flatten().cloned().collect()
    }

    pub(super) fn insert(&self, database: &Arc<AttachedDatabase>) {
        if let Some(slot) = self.slots.lock().get_mut(usize::from(database.dbid())) {
            *slot = Some(Arc::clone(database));
        }
    }

    pub(super) fn remove(&self, database: &AttachedDatabase) {
        let removed = self.slots.lock().get_mut(usize::from(database.dbid())).and_then(Option::take);
        // Dropping it may close its file: not under the lock.
        drop(removed);
        database.leave();
    }
}
