//! A new database (spec 01 §7.1; 06 §6; 05 §10).
//!
//! ```text
//! CreateDB durable -> file of two header pages, state "just created"
//!   -> ExtendDB, root, catalog -> version -> system tables -> CreateDBFinish durable -> state "dirty"
//!   -> every page written
//! ```
//!
//! Until CreateDBFinish is durable a crash leaves no database: recovery deletes the file. A failure on the way does the
//! same at once, behind a DetachDB record that gives the number free.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_format::database_header::{DatabaseHeader, HeaderFlags, SORT_VERSION_IN_LOCALES_TABLE, StateChange};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{
    CreateDb, CreateDbFinish, CreateVersion, DatabaseFlags, DetachDb, DetachFlags, Record,
};
use ese_format::logtime::Logtime;
use ese_format::version::DatabaseVersion;

use crate::cache::{OpenGate, WriteBack};
use crate::catalog::{NewDatabase, Shadow, statement};
use crate::error::{Error, Result};
use crate::file_map::{DBTIME_FIRST, Logging};
use crate::io::{Access, Existing, FileSystem};
use crate::log::Log;
use crate::space::create_root;
use crate::transaction::Session;

use super::Instance;
use super::attach::{AttachRequest, encode, stored_path};
use super::attached::{AttachedDatabase, Writability};
use super::checkpoint::CheckpointHold;
use super::gate::LoggedGate;
use super::header_file::{AttachedLogging, GenerationFile, HeaderFile, draw_signature};
use super::in_use::{PathClaim, PathUse};

/// The version of the content that CreateDB announces: everything is logged (spec 05 §9).
const CONTENT_IS_LOGGED: CreateVersion = CreateVersion { version: 2, update: 0 };
/// What headers say of the operating system: Windows, to a program without a manifest (spec 01 §4).
const OS_VERSION: (u32, u32, u32) = (6, 2, 9200);
/// What is to be created.
#[derive(Clone, Debug)]
pub struct CreateRequest {
    /// The file.
    pub path: PathBuf,
    /// The call's grbit, for the log.
    pub grbit: u32,
    /// What about a file that is there.
    pub existing: Existing,
    /// Whether its changes are logged.
    pub logging: Logging,
    /// Whether it keeps a second catalog.
    pub shadow: Shadow,
    /// Pages it may have, 0 for any number.
    pub pages_max: u32,
}

/// Which version a new database has.
#[derive(Clone, Copy, Debug)]
enum NewFormat {
    /// What the instance writes.
    OfSettings,
    /// This one.
    Given(DatabaseVersion),
}

impl NewFormat {
    fn version(self, instance: &Instance) -> Result<DatabaseVersion> {
        match self {
            Self::OfSettings => instance.settings.database_version(),
            Self::Given(version) => Ok(version),
        }
    }
}

/// Bytes of a file's name at most.
const FILE_NAME_BYTES_MAX: usize = 255;

/// Refuses places where no file can be made. They must not get into the log: recovery would try them at every start.
fn check_place(disk: &dyn FileSystem, path: &Path) -> Result<()> {
    let refused =
        |why: &str| Err(Error::refused(JetError::INVALID_PATH, format!("{}: {why}", path.display())));
    let Some((folder, name)) = path.parent().zip(path.file_name()) else {
        return refused("is no file's path");
    };
    if name.len() > FILE_NAME_BYTES_MAX {
        return refused("the name is too long");
    }
    if !disk.is_folder(folder) {
        return refused("its folder does not exist");
    }
    if disk.is_folder(path) {
        return refused("is a folder");
    }
    Ok(())
}

impl Instance {
    /// Creates a database, which is attached then.
    ///
    /// # Errors
    /// `JET_errDatabaseDuplicate` when it is attached or the file exists, `JET_errDatabaseSharingViolation`,
    /// `JET_errFileAccessDenied` when the file to be overwritten is open in another process,
    /// `JET_errTooManyAttachedDatabases`, `JET_errInvalidPath` without its folder, `JET_errInvalidOperation` for "the
    /// format that the file has"; those of space, the log and the disk.
    pub fn create_database(
        &self,
        session: &mut Session,
        request: &CreateRequest,
    ) -> Result<Arc<AttachedDatabase>> {
        self.create(session, request, NewFormat::OfSettings)
    }

    /// As [`Self::create_database`], of this version whatever the settings say.
    ///
    /// # Errors
    /// As [`Self::create_database`].
    pub(crate) fn create_database_of_version(
        &self,
        session: &mut Session,
        request: &CreateRequest,
        version: DatabaseVersion,
    ) -> Result<Arc<AttachedDatabase>> {
        self.create(session, request, NewFormat::Given(version))
    }

    /// Gives up a database that was created, with its file; nobody has it open. Its creation must not have been logged.
    ///
    /// # Errors
    /// Those of the disk: the file stays then.
    pub(crate) fn abandon_database(&self, database: Arc<AttachedDatabase>) -> Result<()> {
        let _one_at_a_time = self.administration.lock();
        let path = database.path().to_path_buf();
        self.let_go(&database);
        drop(database);
        let disk = &*self.settings.host.file_system;
        if disk.is_file(&path) { disk.remove(&path) } else { Ok(()) }
    }

    fn create(
        &self,
        session: &mut Session,
        request: &CreateRequest,
        format: NewFormat,
    ) -> Result<Arc<AttachedDatabase>> {
        if session.level() != 0 {
            return Err(Error::refused(
                JetError::IN_TRANSACTION,
                "a database is created outside of transactions",
            ));
        }
        let _one_at_a_time = self.administration.lock();
        let disk = &*self.settings.host.file_system;
        let path = disk.full_path(&request.path);
        let duplicate =
            |what| Error::refused(JetError::DATABASE_DUPLICATE, format!("{} {what}", path.display()));
        if self.database_at(&path).is_some() {
            return Err(duplicate("is attached"));
        }
        self.check_runs()?;
        self.admit_new_work()?;
        let claim = PathClaim::new(disk, &path, "", PathUse::Database)?;
        let dbid = self.free_dbid(&path)?;
        if disk.is_file(&path) {
            if request.existing == Existing::Keep {
                return Err(duplicate("exists"));
            }
            // Nobody else may have it open: another process would write on into a file without a name.
            let exclusive = disk.open(&path, Access::ReadWrite)?;
            disk.remove(&path)?;
            drop(exclusive);
        }
        check_place(disk, &path)?;
        let version = format.version(self)?;
        let header = self.new_header(dbid, request)?;
        let hold = CheckpointHold::new(self);
        let begun = self.log_create(session, dbid, &path, request, &header)?;
        let created = self.begin_file(dbid, &path, request, header, claim, begun);
        let database = match created {
            Ok(database) => database,
            Err(error) => {
                self.undo_create(session, dbid, &path, request);
                return Err(error);
            }
        };
        self.insert(&database);
        let filled = self.fill(&database, request, version, session);
        drop(hold);
        if let Err(error) = filled {
            database.file().discard_changes();
            self.transactions.forget_file(database.file().id());
            self.remove(&database);
            drop(database);
            self.undo_create(session, dbid, &path, request);
            return Err(error);
        }
        Ok(database)
    }

    fn new_header(&self, dbid: u8, request: &CreateRequest) -> Result<DatabaseHeader> {
        let settings = &self.settings;
        let mut header = DatabaseHeader::new(settings.page_size);
        header
            .change_state(StateChange::JustCreated)
            .map_err(|error| Error::refused(error.jet(), format!("{}: {error}", request.path.display())))?;
        let logged = self.logging_of(Writability::Writable, request.logging) == Logging::On;
        let fields = &mut header.fields;
        fields.dbtime = DBTIME_FIRST.into();
        fields.dbid = u32::from(dbid).into();
        fields.database_signature = draw_signature(&settings.host);
        if let Some(log) = self.log.as_ref().filter(|_| logged) {
            fields.log_signature = log.signature();
        }
        if request.shadow == Shadow::Off {
            fields.flags = HeaderFlags::CATALOG_SHADOWING_OFF.bits().into();
        }
        let (os_major, os_minor, os_build) = OS_VERSION;
        fields.os_major = os_major.into();
        fields.os_minor = os_minor.into();
        fields.os_build = os_build.into();
        Ok(header)
    }

    /// Logs CreateDB, durably; the position is null for a database that is not logged.
    fn log_create(
        &self,
        session: &Session,
        dbid: u8,
        path: &Path,
        request: &CreateRequest,
        header: &DatabaseHeader,
    ) -> Result<Lgpos> {
        let logged = self.logging_of(Writability::Writable, request.logging) == Logging::On;
        let Some(log) = self.log.as_ref().filter(|_| logged) else {
            return Ok(Lgpos::NULL);
        };
        let path = stored_path(path);
        let record = encode(&Record::CreateDb(CreateDb {
            procid: session.procid(),
            dbid,
            grbit: request.grbit,
            max_pages: request.pages_max,
            database_signature: header.fields.database_signature,
            flags: DatabaseFlags::UNICODE | DatabaseFlags::VERSION_INFO,
            version: Some(CONTENT_IS_LOGGED),
            path: &path,
        }))?;
        let appended = log.append(&[&record])?;
        log.flush(appended.last)?;
        Ok(appended.last)
    }

    /// The file with its header and its initial size.
    fn begin_file(
        &self,
        dbid: u8,
        path: &Path,
        request: &CreateRequest,
        mut header: DatabaseHeader,
        claim: PathClaim,
        begun: Lgpos,
    ) -> Result<Arc<AttachedDatabase>> {
        let disk = &*self.settings.host.file_system;
        let file = disk.create(path, Existing::Keep)?;
        let generation = begun.generation.get().unsigned_abs();
        header.fields.lgpos_attach = begun;
        header.fields.generation_min_required = generation.into();
        header.fields.generation_min_consistent = generation.into();
        let mut header = HeaderFile::new(file, header);
        if let Some(log) = self.log.as_ref().filter(|_| !begun.is_null()) {
            let (generation, created) = log.newest_file();
            header.raise_max(GenerationFile { generation, created });
        }
        header.write(&self.settings.host)?;
        let logging = if begun.is_null() { Logging::Off } else { Logging::On };
        let wanted = AttachRequest {
            path: path.to_owned(),
            writability: Writability::Writable,
            logging,
            pages_max: request.pages_max,
        };
        // Until its version is raised a new file has none of what later versions brought.
        let features = self.features_of(header.header().version());
        let database = self.build(dbid, header, claim, &wanted, (logging, features))?;
        database.set_attach(begun);
        Ok(database)
    }

    /// Everything between the empty file and the finished database.
    fn fill(
        &self,
        database: &Arc<AttachedDatabase>,
        request: &CreateRequest,
        version: DatabaseVersion,
        session: &mut Session,
    ) -> Result<()> {
        let log = self.log.as_deref().filter(|_| database.is_logged());
        match &self.log {
            Some(log) if database.is_logged() => {
                database.file().set_gate(LoggedGate::new(log, &self.transactions, database));
            }
            _ => database.file().set_gate(Arc::new(OpenGate)),
        }
        self.settle(database, log)?;
        let pages = self.settings.initial_pages();
        let root = statement::run(session, |session| create_root(database.map(), session, pages))?;
        let content =
            NewDatabase { version, shadow: request.shadow, clock: Arc::clone(&self.settings.host.clock) };
        content.fill_catalog(&root, session)?;
        {
            let mut state = database.lock_header();
            state.file.raise_version(version);
            database.write_header(&mut state)?;
        }
        log.map_or(Ok(()), |log| self.log_version(log, database))?;
        database.map().set_features(self.features_of(version));
        content.fill_system_tables(&root, session)?;
        self.finish(database, log, session)?;
        log.map_or(Ok(()), |log| self.roll_if_asked(log))?;
        database.open_catalog()?;
        database.file().write_back(WriteBack::All)?;
        database.file().sync()?;
        self.delete_flush_map(database.path());
        Ok(())
    }

    /// From here on the header follows the generations of the log, so that pages may be written.
    fn settle(&self, database: &AttachedDatabase, log: Option<&Log>) -> Result<()> {
        let mut state = database.lock_header();
        state.settled = true;
        if let Some(log) = log {
            let (generation, created) = log.newest_file();
            if state.file.raise_max(GenerationFile { generation, created }) {
                database.write_header(&mut state)?;
            }
        }
        database.passed(&state);
        Ok(())
    }

    /// The content is complete: from here on a crash keeps the database.
    fn finish(&self, database: &Arc<AttachedDatabase>, log: Option<&Log>, session: &Session) -> Result<()> {
        let logging = match log {
            Some(log) => {
                let record = encode(&Record::CreateDbFinish(CreateDbFinish {
                    procid: session.procid(),
                    dbid: database.dbid(),
                }))?;
                let appended = log.append(&[&record])?;
                log.flush(appended.last)?;
                let (generation, created) = log.newest_file();
                AttachedLogging::Logged {
                    attach: database.attachment().attach,
                    stream: log.signature(),
                    newest: GenerationFile { generation, created },
                }
            }
            None => AttachedLogging::Unlogged { identity: database.signature() },
        };
        let mut state = database.lock_header();
        let resize = state.file.header().fields.lgpos_last_resize;
        state.file.attached(database.dbid(), logging, self.now())?;
        let fields = &mut state.file.header_mut().fields;
        fields.lgpos_last_resize = fields.lgpos_last_resize.max(resize);
        fields.sort_version = SORT_VERSION_IN_LOCALES_TABLE.into();
        database.write_header(&mut state)?;
        database.passed(&state);
        Ok(())
    }

    /// Takes back what a failed creation left: the file, and the number in the log.
    fn undo_create(&self, session: &Session, dbid: u8, path: &Path, request: &CreateRequest) {
        let logged = self.logging_of(Writability::Writable, request.logging) == Logging::On;
        let forget = || -> Result<()> {
            if let Some(log) = self.log.as_ref().filter(|_| logged) {
                let stored = stored_path(path);
                let record = encode(&Record::DetachDb(DetachDb {
                    procid: session.procid(),
                    dbid,
                    flags: DetachFlags::UNICODE,
                    path: &stored,
                }))?;
                let appended = log.append(&[&record])?;
                log.flush(appended.last)?;
            }
            let disk = &*self.settings.host.file_system;
            if disk.is_file(path) { disk.remove(path) } else { Ok(()) }
        };
        if let Err(error) = forget() {
            tracing::warn!("what a failed creation left stays: {error}");
        }
    }

    pub(crate) fn now(&self) -> Logtime {
        self.settings.host.clock.logtime()
    }
}
