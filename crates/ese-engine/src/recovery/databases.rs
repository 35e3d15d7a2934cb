//! The databases of a stream while it is redone: which are attached, and what their headers say (spec 06 §9.9, §9.2.1).
//!
//! Invariants: a header names a generation before the first record of it is redone; it becomes clean only after every
//! page was written and synced; a database that is not attached is not touched.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ese_format::backup_info::BackupInfo;
use ese_format::catalog::DATABASE_ROOT;
use ese_format::database_header::{
    DatabaseHeader, DatabaseState, HeaderExpectation, RequiredGenerations, StateChange, StateRule,
};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::page_size::PageSize;
use ese_format::signature::Signature;
use ese_format::version::DatabaseVersion;

use super::attach::{AttachDecision, AttachSource, Deferral, LoggedAttach, decide};
use super::backup_copy::{GenerationRange, adopt_by_itself};
use super::control::RecoveringDatabase;
use super::location::{Location, Locations};
use super::options::{MapOptions, RecoveryOptions};
use super::pages::{CachedPages, RecoveryGate};
use crate::btree::{Tree, TreeKind};
use crate::cache::{CachedFile, PageCache, WriteBack};
use crate::error::{Error, Result};
use crate::file_map::FileFeatures;
use crate::instance::{AttachedLogging, GenerationFile, HeaderFile};
use crate::io::{Access, Existing, Host};
use crate::redo::{HeldPages, RedoDatabase, RedoDatabaseStart, RedoTarget};
use crate::space::TreeSpace;

/// Since when headers keep what redo lowered (spec 06 §1).
const PRE_REDO: DatabaseVersion = DatabaseVersion::new(160, 360);

/// A database that the log has attached and whose file belongs to that.
#[derive(Debug)]
pub(super) struct Attached {
    /// Its path in the log.
    pub(super) logged_path: String,
    pub(super) header: HeaderFile,
    pub(super) file: Arc<CachedFile>,
    pub(super) redo: RedoDatabase<CachedPages>,
    /// Largest size in pages, as logged.
    pub(super) max_pages: u32,
    /// Whether its CreateDBFinish is still to come.
    pub(super) is_unfinished: bool,
    /// Whether the application knows that it can be read.
    pub(super) is_told: bool,
}

impl Attached {
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    fn fields(&self) -> &ese_format::database_header::HeaderFields {
        &self.header.header().fields
    }

    /// The largest dbtime known.
    pub(super) fn dbtime(&self) -> u64 {
        self.redo.dbtime()
    }
}

/// A database that the log has attached.
#[derive(Debug)]
pub(super) enum Slot {
    Attached(Box<Attached>),
    Deferred { logged_path: String, why: Deferral, options: MapOptions },
}

/// What all of them need.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) host: Host,
    pub(super) cache: Arc<PageCache>,
    pub(super) locations: Locations,
    pub(super) options: RecoveryOptions,
    pub(super) stream: Signature,
    pub(super) page_size: PageSize,
    pub(super) held: Arc<HeldPages>,
    /// The logs of the set, where a backup is restored.
    pub(super) hard: Option<GenerationRange>,
}

/// The slots by their numbers.
#[derive(Debug)]
pub(super) struct Databases {
    pub(super) around: Surroundings,
    pub(super) slots: BTreeMap<u8, Slot>,
    /// The generation that is redone.
    pub(super) generation: GenerationFile,
}

impl RedoTarget for Databases {
    type Pages = CachedPages;

    fn database(&mut self, dbid: u8) -> Option<&mut RedoDatabase<CachedPages>> {
        let Some(Slot::Attached(attached)) = self.slots.get_mut(&dbid) else { return None };
        let skips = self.around.options.contains(RecoveryOptions::SKIP_BEFORE_REQUIRED)
            && self.generation.generation.unsigned_abs() < attached.fields().generation_min_required.get();
        (!skips).then_some(&mut attached.redo)
    }
}

impl Databases {
    /// The attached ones, with their numbers.
    pub(super) fn attached(&self) -> impl Iterator<Item = (u8, &Attached)> {
        self.slots.iter().filter_map(|(dbid, slot)| match slot {
            Slot::Attached(attached) => Some((*dbid, &**attached)),
            Slot::Deferred { .. } => None,
        })
    }

    /// The attached ones, for changing.
    pub(super) fn attached_mut(&mut self) -> impl Iterator<Item = (u8, &mut Attached)> {
        self.slots.iter_mut().filter_map(|(dbid, slot)| match slot {
            Slot::Attached(attached) => Some((*dbid, &mut **attached)),
            Slot::Deferred { .. } => None,
        })
    }

    /// For the application's eyes.
    pub(super) fn shown(&self) -> Vec<RecoveringDatabase> {
        let shown = self.attached().map(|(_, attached)| RecoveringDatabase {
            path: attached.path().to_owned(),
            header: attached.header.header().clone(),
        });
        shown.collect()
    }

    /// Attaches what the log says was attached, or finds why not.
    ///
    /// # Errors
    /// Spec 06 §8.4: -551, -543, -544, -1216, -1206, -1018 and their like.
    pub(super) fn attach(
        &mut self,
        dbid: u8,
        logged_path: String,
        logged: &LoggedAttach,
        source: AttachSource,
        redo: Lgpos,
        max_pages: u32,
    ) -> Result<()> {
        let slot = self.attach_slot(dbid, &logged_path, logged, source, redo, max_pages)?;
        let slot = slot.unwrap_or_else(|(why, options)| Slot::Deferred { logged_path, why, options });
        self.slots.insert(dbid, slot);
        Ok(())
    }

    fn attach_slot(
        &mut self,
        dbid: u8,
        logged_path: &str,
        logged: &LoggedAttach,
        source: AttachSource,
        redo: Lgpos,
        max_pages: u32,
    ) -> Result<std::result::Result<Slot, (Deferral, MapOptions)>> {
        let disk = Arc::clone(&self.around.host.file_system);
        let (path, options) = match self.around.locations.of(&*disk, logged_path, &logged.database) {
            Location::At { path, options } => (path, options),
            Location::Skipped => return Ok(Err((Deferral::Skipped, MapOptions::empty()))),
        };
        let excused = options.contains(MapOptions::IGNORE_WHEN_MISSING);
        let mut header = match self.open(&path) {
            Ok(Ok(header)) => header,
            Ok(Err(why)) => return Ok(Err((why, options))),
            Err(_) if excused => return Ok(Err((Deferral::Missing, options))),
            Err(error) => return Err(error),
        };
        fix_patched(&mut header, logged);
        let decision = decide(header.header(), logged, &self.around.stream, source, redo);
        let decision = match decision {
            Ok(decision) => decision,
            Err(_) if excused => return Ok(Err((Deferral::Foreign, options))),
            Err(jet) => return Err(Error::refused(jet, attach_text(&path, header.header(), logged))),
        };
        match decision {
            AttachDecision::Defer(why) => return Ok(Err((why, options))),
            AttachDecision::AttachAsIs => {
                self.check_attachable(&path, header.header(), logged)?;
                if header.header().is_backup_copy() && self.around.hard.is_none() {
                    adopt_by_itself(&mut header, &self.around.host)?;
                    self.check_attachable(&path, header.header(), logged)?;
                }
            }
            AttachDecision::AttachAnew => {
                let logging = AttachedLogging::Logged {
                    attach: logged.attach,
                    stream: self.around.stream,
                    newest: self.generation,
                };
                let copy_of = header.header().fields.backup_full_current;
                header.attached(dbid, logging, self.around.host.clock.logtime())?;
                self.keep_copy_mark(&mut header, copy_of);
            }
        }
        lower_min_required(header.header_mut(), self.generation.generation);
        let fields = &mut header.header_mut().fields;
        fields.generation_recovering = self.generation.generation.unsigned_abs().into();
        header.write(&self.around.host)?;
        self.take_in(dbid, logged_path.to_owned(), header, max_pages).map(Ok)
    }

    /// A restored database stays a backup copy until the restore is over: whoever begins it again finds it as it has to
    /// be (spec 07 §18, D19).
    fn keep_copy_mark(&self, header: &mut HeaderFile, copy_of: BackupInfo) {
        if self.around.hard.is_some() {
            header.header_mut().fields.backup_full_current = copy_of;
        }
    }

    /// Opens a file and reads its header; the inner error is why it cannot be attached now.
    fn open(&self, path: &Path) -> Result<std::result::Result<HeaderFile, Deferral>> {
        let file = match self.around.host.file_system.open(path, Access::ReadWrite) {
            Ok(file) => file,
            Err(error) => {
                return match error.jet() {
                    JetError::FILE_NOT_FOUND | JetError::INVALID_PATH => Ok(Err(Deferral::Missing)),
                    JetError::FILE_ACCESS_DENIED => Ok(Err(Deferral::AccessDenied)),
                    _ => Err(error),
                };
            }
        };
        let path = Arc::clone(file.path());
        let header = HeaderFile::read(file).map_err(|error| match error.format_error() {
            Some(format) => Error::format(&path, format.clone().with_jet(JetError::READ_VERIFY_FAILURE)),
            None => error,
        })?;
        let expected = HeaderExpectation { page_size: Some(self.around.page_size), state: StateRule::Any };
        header.header().check(expected).map_err(|error| Error::format(&path, error))?;
        Ok(Ok(header))
    }

    /// The checks behind the decision to attach (spec 06 §9.9, step 6).
    fn check_attachable(&self, path: &Path, header: &DatabaseHeader, logged: &LoggedAttach) -> Result<()> {
        let min = header.fields.generation_min_required.get();
        let generation = self.generation.generation.unsigned_abs();
        let is_patched = header.state() == Some(DatabaseState::DirtyAndPatchedShutdown);
        if min != 0 && min < generation && !is_patched {
            let about = format!("{} needs generation {min:#x}, redo is at {generation:#x}", path.display());
            return Err(Error::refused(JetError::REQUIRED_LOG_FILES_MISSING, about));
        }
        if header.needs_trailer() && !self.around.options.contains(RecoveryOptions::ALLOW_BACKUP_COPIES) {
            let about = attach_text(path, header, logged);
            return Err(Error::refused(JetError::SOFT_RECOVERY_ON_BACKUP_DATABASE, about));
        }
        Ok(())
    }

    /// A slot for a file whose header is as it has to be.
    fn take_in(&self, dbid: u8, logged_path: String, mut header: HeaderFile, max_pages: u32) -> Result<Slot> {
        header.mend()?;
        let file = self.around.cache.attach(Arc::clone(header.file()), header.header().page_size())?;
        file.set_gate(RecoveryGate::new(dbid, &self.around.held));
        let fields = &header.header().fields;
        let max_required = i32::try_from(fields.generation_max_required.get()).unwrap_or(i32::MAX);
        // A resize beyond the required range is one of a file that this one was copied from.
        let last_resize = fields.lgpos_last_resize.min(Lgpos::new(max_required, u16::MAX, u16::MAX));
        let start = RedoDatabaseStart {
            reserved_tags: FileFeatures::of(header.header().version(), 0).reserved_tags,
            attached: fields.lgpos_attach,
            required_through: max_required,
            last_resize,
            dbtime: fields.dbtime.get(),
            objid_last: fields.objid_last.get(),
        };
        let is_unfinished = header.header().state() == Some(DatabaseState::JustCreated);
        let redo = RedoDatabase::new(CachedPages(Arc::clone(&file)), start);
        let attached = Attached { logged_path, header, file, redo, max_pages, is_unfinished, is_told: false };
        Ok(Slot::Attached(Box::new(attached)))
    }

    /// CreateDB: the file is made, or is there already (spec 06 §9.9).
    pub(super) fn create(
        &mut self,
        dbid: u8,
        logged_path: String,
        identity: Signature,
        position: Lgpos,
        max_pages: u32,
    ) -> Result<()> {
        let disk = Arc::clone(&self.around.host.file_system);
        let (path, options) = match self.around.locations.of(&*disk, &logged_path, &identity) {
            Location::At { path, options } => (path, options),
            Location::Skipped => {
                let why = Deferral::Skipped;
                let slot = Slot::Deferred { logged_path, why, options: MapOptions::empty() };
                self.slots.insert(dbid, slot);
                return Ok(());
            }
        };
        let found = if disk.is_file(&path) { self.open(&path) } else { Ok(Err(Deferral::Missing)) };
        let defer = match found {
            Ok(Err(Deferral::AccessDenied)) => Some(Deferral::AccessDenied),
            Ok(Err(_)) | Err(_) => None,
            Ok(Ok(mut header)) => match created_before(&header, &self.around.stream, identity, position)? {
                Present::Worthless => None,
                Present::Another(Deferral::Foreign) if options.contains(MapOptions::OVERWRITE_ON_CREATE) => {
                    None
                }
                Present::Another(why) => Some(why),
                Present::TheOne => {
                    lower_min_required(header.header_mut(), self.generation.generation);
                    header.header_mut().fields.generation_recovering =
                        self.generation.generation.unsigned_abs().into();
                    header.write(&self.around.host)?;
                    let slot = self.take_in(dbid, logged_path, header, max_pages)?;
                    self.slots.insert(dbid, slot);
                    return Ok(());
                }
            },
        };
        let slot = match defer {
            Some(why) => Slot::Deferred { logged_path, why, options },
            None => match self.new_file(dbid, &path, identity, position)? {
                Some(header) => self.take_in(dbid, logged_path, header, max_pages)?,
                None => Slot::Deferred { logged_path, why: Deferral::Missing, options },
            },
        };
        self.slots.insert(dbid, slot);
        Ok(())
    }

    /// A file with nothing but a header; `None` where there is no folder for it.
    fn new_file(
        &self,
        dbid: u8,
        path: &Path,
        identity: Signature,
        position: Lgpos,
    ) -> Result<Option<HeaderFile>> {
        let file = match self.around.host.file_system.create(path, Existing::Replace) {
            Ok(file) => file,
            Err(error) if [JetError::FILE_NOT_FOUND, JetError::INVALID_PATH].contains(&error.jet()) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut header = DatabaseHeader::new(self.around.page_size);
        header.change_state(StateChange::JustCreated).map_err(|error| Error::format(file.path(), error))?;
        let fields = &mut header.fields;
        fields.database_signature = identity;
        fields.log_signature = self.around.stream;
        fields.lgpos_attach = position;
        fields.time_attach = self.around.host.clock.logtime();
        fields.dbid = u32::from(dbid).into();
        fields.sort_version = ese_format::database_header::SORT_VERSION_IN_LOCALES_TABLE.into();
        file.set_length(2 * self.around.page_size.bytes() as u64)?;
        let mut header = HeaderFile::new(file, header);
        header.write(&self.around.host)?;
        Ok(Some(header))
    }

    /// CreateDBFinish: the database is complete.
    pub(super) fn finish_create(&mut self, dbid: u8) -> Result<()> {
        let (host, stream, newest) = (self.around.host.clone(), self.around.stream, self.generation);
        let Some(Slot::Attached(attached)) = self.slots.get_mut(&dbid) else { return Ok(()) };
        if !attached.is_unfinished {
            return Ok(());
        }
        let attach = attached.header.header().fields.lgpos_attach;
        let logging = AttachedLogging::Logged { attach, stream, newest };
        attached.header.attached(dbid, logging, host.clock.logtime())?;
        attached.header.write(&host)?;
        attached.is_unfinished = false;
        Ok(())
    }

    /// SetDbVersion: parts of the version only grow.
    pub(super) fn set_version(&mut self, dbid: u8, version: DatabaseVersion) -> Result<()> {
        let host = self.around.host.clone();
        let Some(Slot::Attached(attached)) = self.slots.get_mut(&dbid) else { return Ok(()) };
        if version > attached.header.header().version() {
            attached.header.raise_version(version);
            attached.header.write(&host)?;
            let form = FileFeatures::of(attached.header.header().version(), 0).reserved_tags;
            attached.redo.set_reserved_tags(form);
        }
        Ok(())
    }

    /// Changes a header and writes it.
    pub(super) fn change_header(
        &mut self,
        dbid: u8,
        change: impl FnOnce(&mut ese_format::database_header::HeaderFields),
    ) -> Result<()> {
        let host = self.around.host.clone();
        let Some(Slot::Attached(attached)) = self.slots.get_mut(&dbid) else { return Ok(()) };
        change(&mut attached.header.header_mut().fields);
        attached.header.write(&host)
    }

    /// A generation begins (spec 06 §9.2.1): headers name it before anything of it is redone.
    pub(super) fn begin_generation(&mut self, began: GenerationFile) -> Result<()> {
        self.generation = began;
        let host = self.around.host.clone();
        let is_hard = self.around.hard.is_some();
        let generation = began.generation.unsigned_abs();
        for (_, attached) in self.attached_mut() {
            if began.generation > attached.redo.required_through() {
                attached.redo.check_maps()?;
            }
            let header = &mut attached.header;
            let max_required = header.header().fields.generation_max_required.get();
            if header.header().state() == Some(DatabaseState::DirtyAndPatchedShutdown)
                && max_required <= generation
                && attached.redo.maps.is_empty()
            {
                unpatch(header)?;
            }
            if header.header().state() != Some(DatabaseState::DirtyShutdown) {
                continue;
            }
            let raised = header.raise_max(began);
            let recovering = header.header().fields.generation_recovering.get();
            if recovering < generation {
                header.header_mut().fields.generation_recovering = generation.into();
            }
            // Within the logs of a set every header names all of them; no need to say which one it is each time.
            if raised || (recovering < generation && !is_hard) {
                header.write(&host)?;
            }
        }
        Ok(())
    }

    /// Whether every attached database can do without this generation.
    pub(super) fn is_beyond_required(&self, generation: i32) -> bool {
        let generation = generation.unsigned_abs();
        self.attached().all(|(_, attached)| attached.fields().generation_max_required.get() < generation)
    }

    /// Behind a generation: the log is the one that headers mean (spec 06 §9.3).
    pub(super) fn check_generation_time(&self, ended: GenerationFile) -> Result<()> {
        for (_, attached) in self.attached() {
            let fields = attached.fields();
            if fields.generation_max_required.get() != ended.generation.unsigned_abs() {
                continue;
            }
            let required = fields.time_generation_max_required;
            let committed_is_required =
                fields.generation_max_committed.get() == fields.generation_max_required.get();
            let expected = if required.is_set() || !committed_is_required {
                required
            } else {
                fields.time_generation_max_create
            };
            if expected.is_set() && expected != ended.created {
                let about =
                    format!("{} means another generation {:#x}", attached.path().display(), ended.generation);
                return Err(Error::refused(JetError::REQUIRED_LOG_FILES_MISSING, about));
            }
        }
        Ok(())
    }

    /// DetachDB: the database is closed cleanly at this position.
    pub(super) fn detach(&mut self, dbid: u8, position: Lgpos) -> Result<()> {
        if let Some(Slot::Attached(attached)) = self.slots.remove(&dbid) {
            self.close(*attached, position)?;
        }
        Ok(())
    }

    /// Term, RecoveryQuit: all databases are closed cleanly at the mark in front of it.
    pub(super) fn detach_all(&mut self, mark: Lgpos) -> Result<()> {
        for (_, slot) in std::mem::take(&mut self.slots) {
            if let Slot::Attached(attached) = slot {
                self.close(*attached, mark)?;
            }
        }
        Ok(())
    }

    /// Writes all pages of a database, then its clean header.
    pub(super) fn close(&self, mut attached: Attached, mark: Lgpos) -> Result<()> {
        attached.redo.check_maps()?;
        if attached.is_unfinished {
            return self.remove_unfinished(attached);
        }
        attached.file.write_back(WriteBack::All)?;
        if attached.file.dirty_pages() > 0 {
            let about = format!("{}: pages are left that cannot be written", attached.path().display());
            return Err(Error::refused(JetError::LOG_CORRUPTED, about));
        }
        attached.file.sync()?;
        fit_to_owned(&attached.file)?;
        let now = self.around.host.clock.logtime();
        let (dbtime, objid_last) = (attached.dbtime(), attached.redo.objid_last());
        let copy_of = attached.header.header().fields.backup_full_current;
        attached.header.detached(Some(mark), dbtime, objid_last, now)?;
        self.keep_copy_mark(&mut attached.header, copy_of);
        attached.header.write(&self.around.host)?;
        attached.file.let_go();
        Ok(())
    }

    /// A database whose creation was not finished is none.
    fn remove_unfinished(&self, attached: Attached) -> Result<()> {
        let path = attached.path().to_owned();
        attached.file.discard_changes();
        drop(attached);
        self.around.host.file_system.remove(&path)
    }

    /// Leaves headers dirty: the end of a recovery that does not undo, or failed.
    pub(super) fn leave_dirty(&mut self, pages: LeftPages) {
        for (_, attached) in self.attached_mut() {
            if pages == LeftPages::Written {
                let written = attached.file.write_back(WriteBack::All).and_then(|_| attached.file.sync());
                if let Err(error) = written {
                    tracing::warn!(%error, "pages are left that recovery changed");
                }
            }
            attached.file.discard_changes();
        }
        self.slots.clear();
    }
}

/// What becomes of changed pages when a recovery ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftPages {
    /// They are written, as far as they may be: redo was sound.
    Written,
    /// They are forgotten: a record that failed may have left one half changed. The next recovery makes them again.
    Forgotten,
}

/// Gives a file the pages that its database owns (spec 01 §1.3): a crash may leave it longer by what was about to be
/// used.
pub(super) fn fit_to_owned(file: &Arc<CachedFile>) -> Result<()> {
    let (objid, root) = DATABASE_ROOT;
    let tree = Tree::open(file, root, objid, TreeKind::Primary)?;
    let owned = TreeSpace::read(&tree)?.owned.last().map_or(0, |owned| owned.node.extent.last);
    if owned != 0 && file.page_count() != owned {
        file.set_page_count(owned)?;
        file.sync()?;
    }
    Ok(())
}

fn attach_text(path: &Path, header: &DatabaseHeader, logged: &LoggedAttach) -> String {
    let fields = &header.fields;
    format!(
        "{}: consistent at {}, attached at {}; the log says {} and {}",
        path.display(),
        fields.lgpos_consistent,
        fields.lgpos_attach,
        logged.consistent,
        logged.attach
    )
}

/// What a file is that is there at a CreateDB.
enum Present {
    /// A creation that was never finished, or nothing known: it is overwritten.
    Worthless,
    /// What this record made.
    TheOne,
    /// Something else.
    Another(Deferral),
}

/// Looks at a file that is there at a CreateDB.
fn created_before(
    header: &HeaderFile,
    stream: &Signature,
    identity: Signature,
    position: Lgpos,
) -> Result<Present> {
    let path = header.file().path().display().to_string();
    let header = header.header();
    match header.state() {
        Some(
            DatabaseState::DirtyShutdown
            | DatabaseState::CleanShutdown
            | DatabaseState::DirtyAndPatchedShutdown,
        ) => {}
        Some(DatabaseState::IncrementalReseedInProgress) => {
            return Err(Error::refused(JetError::DATABASE_INCOMPLETE_INCREMENTAL_RESEED, path));
        }
        Some(DatabaseState::RevertInProgress) => {
            return Err(Error::refused(JetError::DATABASE_INCOMPLETE_REVERT, path));
        }
        _ => return Ok(Present::Worthless),
    }
    let fields = &header.fields;
    if fields.log_signature != *stream {
        return Ok(Present::Another(Deferral::Foreign));
    }
    Ok(match fields.lgpos_attach.cmp(&position) {
        std::cmp::Ordering::Less => Present::Another(Deferral::Foreign),
        std::cmp::Ordering::Greater => Present::Another(Deferral::Later),
        std::cmp::Ordering::Equal if fields.database_signature != identity => {
            Present::Another(Deferral::Foreign)
        }
        std::cmp::Ordering::Equal if fields.lgpos_attach <= fields.lgpos_consistent => {
            Present::Another(Deferral::ConsistentInFuture)
        }
        std::cmp::Ordering::Equal => Present::TheOne,
    })
}

/// A patched database whose attach lies ahead of what it needs goes back to the logged attach (spec 06 §9.9, step 2).
fn fix_patched(header: &mut HeaderFile, logged: &LoggedAttach) {
    let state = header.header().state();
    let fields = &mut header.header_mut().fields;
    if state == Some(DatabaseState::DirtyAndPatchedShutdown)
        && fields.database_signature == logged.database
        && fields.lgpos_attach.generation.get().unsigned_abs() > fields.generation_min_required.get()
    {
        fields.lgpos_attach = logged.attach;
        fields.lgpos_consistent = logged.consistent;
    }
}

/// A patched database that has all it needs is an ordinary dirty one.
fn unpatch(header: &mut HeaderFile) -> Result<()> {
    let fields = &header.header().fields;
    let generations = RequiredGenerations {
        min: fields.generation_min_required.get(),
        max: fields.generation_max_required.get(),
        created: fields.time_generation_max_create,
    };
    let path = Arc::clone(header.file().path());
    let change = StateChange::Attached(Some(generations));
    header.header_mut().change_state(change).map_err(|error| Error::format(&path, error))
}

/// Redo that begins before a header says it must lowers what the header says: a crash now must begin there again.
fn lower_min_required(header: &mut DatabaseHeader, generation: i32) {
    let keeps = header.version().has(PRE_REDO);
    let generation = generation.unsigned_abs();
    let fields = &mut header.fields;
    let min = fields.generation_min_required.get();
    if min <= generation {
        return;
    }
    if keeps && fields.generation_pre_redo_min_required.get() == 0 {
        fields.generation_pre_redo_min_required = min.into();
        fields.generation_pre_redo_min_consistent = fields.generation_min_consistent;
    }
    fields.generation_min_required = generation.into();
    fields.generation_min_consistent = generation.into();
}
