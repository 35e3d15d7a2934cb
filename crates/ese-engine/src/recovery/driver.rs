//! Redo over the generations of a stream (spec 06 §9.1–9.3): what is done with every record, and between two logs.

use std::path::Path;

use ese_format::attach_list::Attachment;
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{
    AttachDb, Backup2, BackupPhase, CommitContextFlags, CommitContextLayout, CreateDb, Record,
};
use ese_format::log::version::LogVersion;
use ese_format::log::{LogDamage, LogEnd};
use ese_format::version::DatabaseVersion;

use super::attach::{AttachSource, LoggedAttach};
use super::backup_copy::GenerationRange;
use super::control::{MissingLogAction, OpenLogReason, RecoveryControl, RecoveryEvent, RecoveryProgress};
use super::databases::Databases;
use super::options::{RecoveryOptions, StopPosition};
use super::plan::mend;
use super::progress::ProgressMeter;
use super::stream::{Next, OpenGeneration, Prefetch, Stream};
use crate::backup::header_note::HeaderNote;
use crate::error::{Error, Result};
use crate::instance::GenerationFile;
use crate::log::{Generation, LastFile, LogHeaderFile};
use crate::redo::{Redo, RedoDatabase, RedoTarget};

/// No error.
const SUCCESS: JetError = JetError::from_code(0);
/// The event "a log was replayed".
const EVENT_LOG_REPLAYED: u32 = 301;

/// An answer of the application as a result.
pub(crate) fn answered(answer: JetError, about: &str) -> Result<()> {
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
    /// Which of the stream's folders the next generation is looked for in first.
    source: usize,
    /// The generation that is read while another one is redone.
    prefetch: Prefetch,
    meter: ProgressMeter,
    /// Generation and segment of the record before.
    segment: (i32, u16),
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
            source: 0,
            prefetch: Prefetch::default(),
            meter: ProgressMeter::new(0, 1, 0),
            segment: (0, 0),
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
        self.meter = self.stream.progress_meter(first.header.generation.get());
        let mut from = from;
        loop {
            self.read_ahead(first.header.generation.get());
            self.generation(&first, from)?;
            self.tell_replayed()?;
            from = Lgpos::NULL;
            match self.next(&first)? {
                Next::Generation(next) => {
                    first = *next;
                    self.report_progress(&first, 0)?;
                }
                Next::End => return Ok(first),
                Next::Missing => {
                    self.missing_behind(first.header.generation.get())?;
                    return Ok(first);
                }
            }
        }
    }

    fn report_progress(&mut self, opened: &OpenGeneration, segment: u16) -> Result<()> {
        match self.meter.reached(&opened.header, segment) {
            Some(percent) => {
                let answer = self.control.progress(RecoveryProgress::Percent(percent));
                answered(answer, "the progress callback")
            }
            None => Ok(()),
        }
    }

    /// A restore says after each log that it is done; nobody's answer counts.
    fn tell_replayed(&mut self) -> Result<()> {
        if self.databases.around.hard.is_some() {
            let event = RecoveryEvent::Notification { event: EVENT_LOG_REPLAYED };
            let _ = self.control.decide(&event, SUCCESS);
        }
        Ok(())
    }

    /// Has the generation behind one read meanwhile.
    fn read_ahead(&mut self, generation: i32) {
        if self.databases.around.host.background != crate::io::Background::Threads {
            return;
        }
        let wanted = generation.saturating_add(1);
        if let Some(path) = self.stream.archive_from(self.source, wanted) {
            self.prefetch.begin(&self.stream.disk, path);
        }
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
            let segment = (began.generation, record.first_segment);
            if self.segment != segment {
                let is_first = std::mem::replace(&mut self.segment, segment).0 == 0;
                if !is_first {
                    self.report_progress(opened, record.first_segment)?;
                }
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
                let jet = self.damage_code(opened, damage);
                let error = damage.error.clone().with_jet(jet);
                return Err(Error::format(opened.generation.path(), error));
            }
            // A record that was never finished is dropped; in front of another generation there is none.
            Some(LogEnd::TornRecord(position)) => {
                self.check_may_be_torn(opened, *position)?;
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

    /// A log that was archived when it was copied ends with a whole record; the current one may not.
    fn check_may_be_torn(&self, opened: &OpenGeneration, position: Lgpos) -> Result<()> {
        let Some(given) = self.databases.around.hard else { return Ok(()) };
        if opened.file == LastFile::Current {
            return Ok(());
        }
        let jet = self.hard_damage_code(opened, given, TornAtEnd::Yes);
        let about = format!("{}: the record at {position} has no end", opened.generation.path().display());
        Err(Error::refused(jet, about))
    }

    /// What damage in a log is called while a backup is restored (spec 07 §11.8): torn is only the end of the last log.
    fn hard_damage_code(&self, opened: &OpenGeneration, given: GenerationRange, torn: TornAtEnd) -> JetError {
        let generation = opened.header.generation.get();
        let is_given = generation <= given.high;
        let is_last = if is_given {
            generation == given.high
        } else {
            opened.file == LastFile::Current
                || self.stream.archive_from(self.source, generation.saturating_add(1)).is_none()
        };
        match (is_given, is_last && torn == TornAtEnd::Yes) {
            (true, true) => JetError::LOG_TORN_WRITE_DURING_HARD_RESTORE,
            (true, false) => JetError::LOG_CORRUPT_DURING_HARD_RESTORE,
            (false, true) => JetError::LOG_TORN_WRITE_DURING_HARD_RECOVERY,
            (false, false) => JetError::LOG_CORRUPT_DURING_HARD_RECOVERY,
        }
    }

    /// Damage in a log that no database requires may be accepted with what is behind it.
    fn damage_code(&self, opened: &OpenGeneration, damage: &LogDamage) -> JetError {
        let (generation, jet) = (opened.header.generation.get(), damage.error.jet());
        if let Some(given) = self.databases.around.hard {
            let is_end = opened.generation.is_last_written(damage.position.isec.get());
            let torn = if is_end { TornAtEnd::Yes } else { TornAtEnd::No };
            return self.hard_damage_code(opened, given, torn);
        }
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
        let position = self.position;
        let is_known = |redo: &RedoDatabase<_>| position <= redo.attached();
        if self.databases.database(backup.dbid).is_none_or(|redo| is_known(redo)) {
            return Ok(());
        }
        let note = HeaderNote { method: backup.method, scope: backup.scope, info: backup.info };
        self.databases.change_header(backup.dbid, |fields| {
            note.apply(fields);
        })
    }

    /// Tells of a log that is about to be opened.
    pub(super) fn tell_open(
        &mut self,
        generation: i32,
        file: LastFile,
        path: &Path,
        reason: OpenLogReason,
    ) -> Result<()> {
        let is_current = file == LastFile::Current;
        let databases = self.databases.shown();
        let event = RecoveryEvent::OpenLog { generation, is_current, reason, path, databases: &databases };
        answered(self.control.decide(&event, SUCCESS), "the recovery callback")
    }

    /// The generation behind one (spec 06 §9.3, 07 §11.8).
    fn next(&mut self, previous: &OpenGeneration) -> Result<Next> {
        if previous.file == LastFile::Current {
            return Ok(Next::End);
        }
        let wanted = previous.header.generation.get().saturating_add(1);
        let Some(opened) = self.find(wanted)? else { return Ok(Next::Missing) };
        let checked = opened.and_then(|next| Stream::check_follows(previous, &next).map(|()| next));
        match checked {
            Ok(next) => Ok(Next::Generation(Box::new(next))),
            Err(error) => self.out_of_sequence(wanted, error),
        }
    }

    /// Looks for a generation: folder by folder, without going back; as the current log in the last one only.
    fn find(&mut self, wanted: i32) -> Result<Option<Result<OpenGeneration>>> {
        let stream = self.stream;
        while let Some(earlier) = stream.earlier.get(self.source) {
            if earlier.is_asked_for(wanted) {
                let path = stream.archive_path_in(earlier, wanted);
                self.tell_open(wanted, LastFile::Archived, &path, OpenLogReason::Redo)?;
                if let Some(path) = earlier.holds(wanted) {
                    return Ok(Some(self.open_archive(path, wanted)));
                }
            }
            self.source += 1;
        }
        let path = stream.archive_path(wanted);
        self.tell_open(wanted, LastFile::Archived, &path, OpenLogReason::Redo)?;
        if stream.folder.archives().contains_key(&wanted) {
            return Ok(Some(self.open_archive(&path, wanted)));
        }
        self.tell_open(wanted, LastFile::Current, &stream.current_path(), OpenLogReason::Redo)?;
        let Some(path) = stream.folder.current() else { return Ok(None) };
        if self.databases.around.hard.is_some() {
            // What a crash left of an earlier restore, or of the run whose logs these are. A soft recovery did that
            // before it began.
            mend(stream, path, Lgpos::NULL)?;
        }
        Ok(Some(stream.open(path, LastFile::Current)))
    }

    /// Opens an archived generation, read ahead where that was begun.
    fn open_archive(&mut self, path: &Path, generation: i32) -> Result<OpenGeneration> {
        let read = match self.prefetch.take(path) {
            Some(read) => read,
            None => Generation::read(&*self.stream.disk, path),
        };
        self.stream.opened_archive(read?, generation)
    }

    /// A log that does not follow: where no database requires it, its loss may be accepted (spec 06 §9.3).
    fn out_of_sequence(&mut self, wanted: i32, error: Error) -> Result<Next> {
        let attaches = self.databases.attached().next().is_some();
        let is_hard = self.databases.around.hard.is_some();
        if is_hard && self.deletes_out_of_range && self.removes_older_current(wanted)? {
            return Ok(Next::End);
        }
        if is_hard || !attaches || !self.databases.is_beyond_required(wanted) {
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

    /// JET_paramDeleteOutOfRangeLogs: a current log of before the generation that is wanted goes, and redo is over.
    fn removes_older_current(&self, wanted: i32) -> Result<bool> {
        let Some(path) = self.stream.folder.current() else { return Ok(false) };
        let is_older = LogHeaderFile::read(&*self.stream.disk, path)
            .is_ok_and(|current| current.header.generation.get() < wanted);
        if is_older && !self.stream.folder.archives().contains_key(&wanted) {
            tracing::warn!("{} is older than the logs that are restored and goes", path.display());
            self.stream.disk.remove(path)?;
            return Ok(true);
        }
        Ok(false)
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
        let default = if self.databases.around.hard.is_some() {
            // Whether the logs reached far enough is looked at next.
            SUCCESS
        } else {
            missing_current_default(self.stream, self.options)
        };
        answered(missing_answer(self.control.decide(&event, default)), "the current log is missing")
    }
}

/// Whether damage is where the last write of a log was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TornAtEnd {
    Yes,
    No,
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
