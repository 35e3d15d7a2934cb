//! Redo over the generations of a stream (spec 06 §9.1–9.3): what is done with every record, and between two logs.

use ese_format::attach_list::Attachment;
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::LogEnd;
use ese_format::log::record::{
    AttachDb, Backup2, BackupPhase, CommitContextFlags, CommitContextLayout, CreateDb, Record,
};
use ese_format::log::version::LogVersion;
use ese_format::version::DatabaseVersion;

use super::attach::{AttachSource, LoggedAttach};
use super::control::{MissingLogAction, OpenLogReason, RecoveryControl, RecoveryEvent, RecoveryProgress};
use super::databases::Databases;
use super::options::{RecoveryOptions, StopPosition};
use super::stream::{Next, OpenGeneration, Stream};
use crate::backup::header_note::HeaderNote;
use crate::error::{Error, Result};
use crate::instance::GenerationFile;
use crate::log::LastFile;
use crate::redo::Redo;

/// No error.
const SUCCESS: JetError = JetError::from_code(0);

/// An answer of the application as a result.
pub(super) fn answered(answer: JetError, about: &str) -> Result<()> {
    if answer.code() < 0 { Err(Error::refused(answer, about)) } else { Ok(()) }
}

/// Where redo begins.
#[derive(Debug)]
pub(super) struct RedoStart {
    pub(super) first: OpenGeneration,
    /// Records before it are not redone; null for all of the generation.
    pub(super) from: Lgpos,
}

/// How the stream ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct EndOfLog {
    /// The last ShutDownMark.
    pub(super) last_mark: Option<Lgpos>,
    /// Whether nothing that counts is behind it.
    pub(super) ends_with_mark: bool,
    /// The Term or RecoveryQuit that nothing that counts is behind.
    pub(super) quit: Option<Lgpos>,
    /// Whether logs were left out that held commits.
    pub(super) warning: Option<JetError>,
}

/// A replay under way.
pub(super) struct Driver<'a> {
    pub(super) stream: &'a Stream,
    pub(super) databases: Databases,
    pub(super) redo: Redo,
    pub(super) options: RecoveryOptions,
    pub(super) deletes_out_of_range: bool,
    pub(super) stop: Option<StopPosition>,
    pub(super) control: &'a mut dyn RecoveryControl,
    /// lgposRedo.
    pub(super) position: Lgpos,
    /// Where redo began.
    pub(super) redo_from: Lgpos,
    pub(super) end: EndOfLog,
    /// First generation, and how many there are at least: for the progress.
    span: (i32, i32),
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        stream: &'a Stream,
        databases: Databases,
        redo: Redo,
        options: RecoveryOptions,
        control: &'a mut dyn RecoveryControl,
    ) -> Self {
        Self {
            stream,
            databases,
            redo,
            options,
            deletes_out_of_range: false,
            stop: None,
            control,
            position: Lgpos::NULL,
            redo_from: Lgpos::NULL,
            end: EndOfLog::default(),
            span: (0, 1),
        }
    }

    /// Attaches what was attached where redo begins.
    pub(super) fn attach_listed(&mut self, attachments: &[(LoggedAttach, Attachment<'_>)]) -> Result<()> {
        for (logged, attachment) in attachments {
            let info = attachment.info;
            let path = attachment.path.to_text().into_owned();
            let redo = self.redo_from;
            let max_pages = info.max_pages.get();
            self.databases.attach(info.dbid, path, logged, AttachSource::List, redo, max_pages)?;
            if let Some((_, attached)) = self.databases.attached_mut().find(|(dbid, _)| *dbid == info.dbid) {
                attached.redo.saw(info.dbtime.get(), info.objid_last.get());
            }
        }
        Ok(())
    }

    /// Redoes everything; gives the last generation.
    ///
    /// # Errors
    /// Those of spec 06 §8.4.
    pub(super) fn run(&mut self, start: RedoStart) -> Result<OpenGeneration> {
        let RedoStart { mut first, from } = start;
        let last_known = self.stream.folder.archives().last_key_value().map(|(generation, _)| *generation);
        let begin = first.header.generation.get();
        self.span = (begin, (last_known.unwrap_or(begin).max(begin) - begin).saturating_add(2));
        let mut from = from;
        loop {
            self.generation(&first, from)?;
            from = Lgpos::NULL;
            match self.next(&first)? {
                Next::Generation(next) => {
                    first = *next;
                    self.report_progress(first.header.generation.get())?;
                }
                Next::End => return Ok(first),
                Next::Missing => {
                    self.missing_behind(first.header.generation.get())?;
                    return Ok(first);
                }
            }
        }
    }

    fn report_progress(&mut self, reached: i32) -> Result<()> {
        let (begin, count) = self.span;
        let done = i64::from(reached - begin).clamp(0, i64::from(count)) * 100 / i64::from(count.max(1));
        let percent = u8::try_from(done).unwrap_or(100);
        answered(self.control.progress(RecoveryProgress::Percent(percent)), "the progress callback")
    }

    /// Redoes one generation from a position on.
    fn generation(&mut self, opened: &OpenGeneration, from: Lgpos) -> Result<()> {
        let began =
            GenerationFile { generation: opened.header.generation.get(), created: opened.header.created };
        self.databases.begin_generation(began)?;
        self.tell_attached(began.generation)?;
        let version = opened.header.version();
        let log = opened.generation.log()?;
        let mut records = log.records();
        for record in records.by_ref() {
            if record.position < from {
                continue;
            }
            if matches!(self.stop, Some(StopPosition::Before(stop)) if record.position >= stop) {
                let about = format!("redo stops before {}", record.position);
                return Err(Error::refused(JetError::RECOVERED_WITHOUT_UNDO, about));
            }
            self.position = record.position;
            let decoded = record.decode().map_err(|error| Error::format(opened.generation.path(), error))?;
            self.record(&decoded, &record.bytes, version)?;
        }
        match records.end() {
            Some(LogEnd::Damaged(damage)) => {
                let jet = self.damage_code(began.generation, damage.error.jet());
                let error = damage.error.clone().with_jet(jet);
                return Err(Error::format(opened.generation.path(), error));
            }
            // A record that was never finished is dropped; in front of another generation there is none.
            Some(LogEnd::TornRecord(position)) => {
                tracing::warn!(%position, "the last record of the log was never finished");
            }
            _ => {}
        }
        self.databases.check_generation_time(began).or_else(|error| {
            if self.options.contains(RecoveryOptions::IGNORE_LOST_LOGS) { Ok(()) } else { Err(error) }
        })?;
        if matches!(self.stop, Some(StopPosition::AfterGeneration(stop)) if began.generation >= stop) {
            let about = format!("redo stops behind generation {:#x}", began.generation);
            return Err(Error::refused(JetError::RECOVERED_WITHOUT_UNDO, about));
        }
        Ok(())
    }

    /// Damage in a log that no database requires may be accepted with what is behind it.
    fn damage_code(&self, generation: i32, jet: JetError) -> JetError {
        let attaches = self.databases.attached().next().is_some();
        if jet == JetError::LOG_FILE_CORRUPT && attaches && self.databases.is_beyond_required(generation) {
            JetError::COMMITTED_LOG_FILE_CORRUPT
        } else {
            jet
        }
    }

    /// Databases that have everything they had before can be read.
    fn tell_attached(&mut self, generation: i32) -> Result<()> {
        let mut paths = Vec::new();
        for (_, attached) in self.databases.attached_mut() {
            if !attached.is_told && generation > attached.redo.required_through() {
                attached.is_told = true;
                paths.push(attached.path().to_owned());
            }
        }
        for path in paths {
            let event = RecoveryEvent::AttachedDatabase { path: &path };
            answered(self.control.decide(&event, SUCCESS), "the recovery callback")?;
        }
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>, bytes: &[u8], version: LogVersion) -> Result<()> {
        if matches!(record, Record::Nop(_) | Record::Nop2(_) | Record::Checksum(_)) {
            return Ok(());
        }
        self.end.quit = None;
        let position = self.position;
        match record {
            Record::ShutDownMark(_) => {
                self.end.last_mark = Some(position);
                self.end.ends_with_mark = true;
                return Ok(());
            }
            Record::Trace(_)
            | Record::JetOp(_)
            | Record::ForceWriteLog(_)
            | Record::ForceLogRollover(_)
            | Record::RecoveryUndo(_)
            | Record::RecoveryUndo2(_)
            | Record::FullBackup(_)
            | Record::IncBackup(_)
            | Record::Backup(_)
            | Record::End(_) => return Ok(()),
            Record::Backup2(backup) => return self.backup(backup),
            Record::CommitCtx(context) => {
                let layout = commit_context_layout(version);
                let flags = context.flags(layout).unwrap_or(CommitContextFlags::empty());
                if !flags.contains(CommitContextFlags::CALLBACK) {
                    return Ok(());
                }
                let event = RecoveryEvent::CommitContext {
                    bytes: context.user_bytes(layout),
                    is_before_commit: flags.contains(CommitContextFlags::PRE_COMMIT),
                };
                return answered(self.control.decide(&event, SUCCESS), "the recovery callback");
            }
            _ => self.end.ends_with_mark = false,
        }
        match record {
            Record::Init(_) | Record::Init2(_) => self.redo.end_sessions(),
            Record::Term(_) | Record::Term2(_) | Record::RecoveryQuit(_) | Record::RecoveryQuit2(_) => {
                self.redo.end_sessions();
                let mark = self.end.last_mark.unwrap_or(position);
                self.tell_detaching()?;
                self.databases.detach_all(mark)?;
                self.end.quit = Some(position);
            }
            Record::RecoveryQuitKeepAttachments(_) => {
                self.redo.end_sessions();
                self.end.quit = Some(position);
            }
            Record::CreateDb(create) => self.create(create)?,
            Record::CreateDbFinish(finish) => self.databases.finish_create(finish.dbid)?,
            Record::AttachDb(attach) => self.attach(attach)?,
            Record::DetachDb(detach) => self.databases.detach(detach.dbid, position)?,
            Record::ReAttach(attach) => {
                self.databases.change_header(attach.dbid, |fields| fields.lgpos_last_reattach = position)?;
            }
            Record::SetDbVersion(version) => {
                let new = DatabaseVersion {
                    version: version.major,
                    update_major: version.update_major,
                    update_minor: version.update_minor,
                };
                self.databases.set_version(version.dbid, new)?;
            }
            Record::MultiSectorFlush(_) => {
                let about = format!("log record at {position}: {}", record.record_type());
                return Err(Error::refused(JetError::LOG_CORRUPTED, about));
            }
            _ => self.redo.record(position, record, bytes, &mut self.databases)?,
        }
        Ok(())
    }

    fn tell_detaching(&mut self) -> Result<()> {
        let paths: Vec<_> =
            self.databases.attached().map(|(_, attached)| attached.path().to_owned()).collect();
        for path in paths {
            let event = RecoveryEvent::DetachingDatabase { path: &path };
            answered(self.control.decide(&event, SUCCESS), "the recovery callback")?;
        }
        Ok(())
    }

    fn create(&mut self, create: &CreateDb<'_>) -> Result<()> {
        // Without a version 2.0 the content of the new database is not in the log.
        if create.version.is_none_or(|version| version.version < 2) {
            let about = format!("CreateDB at {}: {:?}", self.position, create.version);
            return Err(Error::refused(JetError::INVALID_CREATE_DB_VERSION, about));
        }
        let path = create.stored_path().to_text().into_owned();
        let identity = create.database_signature;
        self.databases.create(create.dbid, path, identity, self.position, create.max_pages)
    }

    fn attach(&mut self, attach: &AttachDb<'_>) -> Result<()> {
        let logged = LoggedAttach {
            attach: self.position,
            consistent: attach.consistent,
            database: attach.database_signature,
            stream: attach.log_signature,
        };
        let path = attach.stored_path().to_text().into_owned();
        let position = self.position;
        self.databases.attach(attach.dbid, path, &logged, AttachSource::Record, position, attach.max_pages)
    }

    /// A backup that was made is noted in the header.
    fn backup(&mut self, backup: &Backup2<'_>) -> Result<()> {
        if backup.phase != BackupPhase::UPDATE || backup.dbid == 0 {
            return Ok(());
        }
        let note = HeaderNote { method: backup.method, scope: backup.scope, info: backup.info };
        self.databases.change_header(backup.dbid, |fields| {
            note.apply(fields);
        })
    }

    /// Tells of a log that is about to be opened.
    pub(super) fn tell_open(&mut self, generation: i32, file: LastFile, reason: OpenLogReason) -> Result<()> {
        let is_current = file == LastFile::Current;
        let path = if is_current { self.stream.current_path() } else { self.stream.archive_path(generation) };
        let databases = self.databases.shown();
        let event =
            RecoveryEvent::OpenLog { generation, is_current, reason, path: &path, databases: &databases };
        answered(self.control.decide(&event, SUCCESS), "the recovery callback")
    }

    /// The generation behind one (spec 06 §9.3).
    fn next(&mut self, previous: &OpenGeneration) -> Result<Next> {
        if previous.file == LastFile::Current {
            return Ok(Next::End);
        }
        let wanted = previous.header.generation.get().saturating_add(1);
        self.tell_open(wanted, LastFile::Archived, OpenLogReason::Redo)?;
        let opened = if self.stream.folder.archives().contains_key(&wanted) {
            self.stream.open_archive(wanted)
        } else {
            self.tell_open(wanted, LastFile::Current, OpenLogReason::Redo)?;
            match self.stream.folder.current() {
                Some(path) => self.stream.open(path, LastFile::Current),
                None => return Ok(Next::Missing),
            }
        };
        let checked = opened.and_then(|next| Stream::check_follows(previous, &next).map(|()| next));
        match checked {
            Ok(next) => Ok(Next::Generation(Box::new(next))),
            Err(error) => self.out_of_sequence(wanted, error),
        }
    }

    /// A log that does not follow: where no database requires it, its loss may be accepted (spec 06 §9.3).
    fn out_of_sequence(&mut self, wanted: i32, error: Error) -> Result<Next> {
        let attaches = self.databases.attached().next().is_some();
        if !attaches || !self.databases.is_beyond_required(wanted) {
            return Err(error);
        }
        let accepts = self.options.contains(RecoveryOptions::IGNORE_LOST_LOGS) && self.deletes_out_of_range;
        if !accepts {
            let jet = match error.jet() {
                JetError::LOG_FILE_CORRUPT => JetError::COMMITTED_LOG_FILE_CORRUPT,
                _ => JetError::COMMITTED_LOG_FILES_MISSING,
            };
            let event = RecoveryEvent::SignalErrorCondition;
            answered(self.control.decide(&event, jet), &error.to_string())?;
        }
        tracing::warn!(%error, "logs from generation {wanted:#x} on are given up");
        for (generation, path) in self.stream.folder.archives().range(wanted..).rev() {
            tracing::warn!("log {generation:#x} is deleted");
            self.stream.disk.remove(path)?;
        }
        if let Some(current) = self.stream.folder.current() {
            self.stream.disk.remove(current)?;
        }
        self.end.warning = Some(JetError::WRN_COMMITTED_LOG_FILES_REMOVED);
        Ok(Next::End)
    }

    /// No file holds the next generation, and there is no current log.
    fn missing_behind(&mut self, last: i32) -> Result<()> {
        let missing = last.saturating_add(1);
        let refused = |what: &str| {
            let about = format!("generation {missing:#x}: {what}");
            Err(Error::refused(JetError::MISSING_LOG_FILE, about))
        };
        if self.stream.folder.archives().range(missing..).next().is_some() {
            return refused("a later log is there");
        }
        if self.stop.is_some() {
            return refused("redo was to stop at a later position");
        }
        let path = self.stream.current_path();
        let databases = self.databases.shown();
        let event = RecoveryEvent::MissingLog {
            generation: missing,
            is_current: true,
            next: MissingLogAction::ContinueToUndo,
            path: &path,
            databases: &databases,
        };
        let default = missing_current_default(self.stream, self.options);
        answered(missing_answer(self.control.decide(&event, default)), "the current log is missing")
    }
}

/// What a missing current log is without anybody to ask: nothing between the two renames of a roll, nor where it was
/// allowed.
pub(super) fn missing_current_default(stream: &Stream, options: RecoveryOptions) -> JetError {
    let allowed = RecoveryOptions::IGNORE_LOST_LOGS | RecoveryOptions::ALLOW_MISSING_CURRENT_LOG;
    if stream.folder.temporary().is_some() || options.intersects(allowed) {
        SUCCESS
    } else {
        JetError::MISSING_LOG_FILE
    }
}

/// Both answers that mean "it is missing" are one error.
pub(super) fn missing_answer(answer: JetError) -> JetError {
    if answer == JetError::FILE_NOT_FOUND { JetError::MISSING_LOG_FILE } else { answer }
}

/// The form of commit contexts in logs of this version (spec 05 §6, §9).
fn commit_context_layout(version: LogVersion) -> CommitContextLayout {
    let parts = (version.update_major, version.update_minor);
    let has_flags = match parts.0 {
        0..=3 => false,
        4 => parts.1 >= 8,
        5 => parts.1 >= 2,
        _ => true,
    };
    if version.is_segmented() && has_flags { CommitContextLayout::New } else { CommitContextLayout::Old }
}
