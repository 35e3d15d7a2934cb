//! What is to be done with the stream that is found: nothing, a new one, or redo from where (spec 06 §8.2, §8.3).

use std::path::Path;

use ese_format::attach_list::{ATTACH_LIST_BYTES, AttachList};
use ese_format::checkpoint::Checkpoint;
use ese_format::error::{FileKind, JetError};
use ese_format::lgpos::Lgpos;
use ese_format::signature::Signature;

use super::control::{MissingLogAction, OpenLogReason, RecoveryControl, RecoveryEvent};
use super::driver::{Driver, RedoStart, answered, missing_answer, missing_current_default};
use super::options::RecoveryOptions;
use super::stream::{OpenGeneration, Stream};
use super::{LoggedAttach, RecoveryRequest};
use crate::error::{Error, Result};
use crate::instance::HeaderFile;
use crate::io::Access;
use crate::log::{LastFile, Mended, checkpoint_file, mend_tail};

/// What to do.
pub(super) enum Plan {
    /// There is no log: a new stream begins.
    NewStream,
    /// The stream was closed, and the checkpoint says so too.
    Closed { generation: OpenGeneration, checkpoint: Box<Checkpoint> },
    /// Redo.
    Recover(Box<Found>),
}

/// Where redo begins, and with what.
pub(super) struct Found {
    pub(super) start: RedoStart,
    /// The attach list there.
    pub(super) attachments: Box<[u8; ATTACH_LIST_BYTES]>,
    /// Identity of the stream.
    pub(super) signature: Signature,
    /// The checkpoint to go on from; zeros where there is none.
    pub(super) checkpoint: Box<Checkpoint>,
}

/// No error.
const SUCCESS: JetError = JetError::from_code(0);

/// Looks at the stream.
///
/// # Errors
/// Those of spec 06 §8.4 that need no redo: -528, -501, -514, -541, -1213 and their like.
pub(super) fn make(
    request: &RecoveryRequest<'_>,
    options: RecoveryOptions,
    stream: &Stream,
    control: &mut dyn RecoveryControl,
) -> Result<Plan> {
    let folder = &stream.folder;
    if folder.is_empty() {
        if options.contains(RecoveryOptions::STREAM_MUST_EXIST) {
            let about = format!("{} has no logs", stream.settings.folder.display());
            return Err(Error::refused(JetError::MISSING_LOG_FILE, about));
        }
        return Ok(Plan::NewStream);
    }
    let present = read_checkpoint(stream, None);
    let proven = present.as_ref().map_or(Lgpos::NULL, |checkpoint| checkpoint.checkpoint);
    let last = last_of(options, stream, proven, control)?;
    let signature = last.header.signature;
    delete_out_of_range(request, options, stream, &last)?;
    let path = stream.settings.checkpoint_path();
    let answer = control.decide(&RecoveryEvent::OpenCheckpoint { path: &path }, SUCCESS);
    let leaves_out = answer == JetError::FILE_NOT_FOUND;
    if !leaves_out {
        answered(answer, "the recovery callback")?;
    }
    let checkpoint = present.filter(|checkpoint| !leaves_out && checkpoint.signature == signature);
    if let Some(checkpoint) = checkpoint {
        let end = last.generation.log()?.clean_end().map(|(position, _)| position);
        if last.file == LastFile::Current && end == Some(checkpoint.checkpoint) {
            return Ok(Plan::Closed { generation: last, checkpoint });
        }
        return from_checkpoint(request, stream, last, checkpoint, control);
    }
    if stream.disk.is_file(&path) {
        stream.disk.remove(&path)?;
    }
    from_lowest(request, options, stream, last, control)
}

/// The last generation, its end put right; where the current log is missing, the last archived one.
fn last_of(
    options: RecoveryOptions,
    stream: &Stream,
    proven: Lgpos,
    control: &mut dyn RecoveryControl,
) -> Result<OpenGeneration> {
    let Some(current) = stream.folder.current() else {
        let last = stream.folder.archives().last_key_value().map_or(0, |(generation, _)| *generation);
        let path = stream.current_path();
        let event = RecoveryEvent::MissingLog {
            generation: last.saturating_add(1),
            is_current: true,
            next: MissingLogAction::ContinueToRedo,
            path: &path,
            databases: &[],
        };
        let default = missing_current_default(stream, options);
        answered(missing_answer(control.decide(&event, default)), "the current log is missing")?;
        mend(stream, &stream.archive_path(last), proven)?;
        return stream.open_archive(last);
    };
    mend(stream, current, proven)?;
    stream.open(current, LastFile::Current)
}

/// Puts right what a power cut did to the end of a log. What it did not do is met when the log is read.
pub(super) fn mend(stream: &Stream, path: &Path, proven: Lgpos) -> Result<()> {
    match mend_tail(&*stream.disk, path, proven)? {
        Mended::Sound | Mended::Damaged => {}
        mended => tracing::warn!(path = %path.display(), ?mended, "the end of the log is put right"),
    }
    Ok(())
}

/// The checkpoint, if it is a good one of this stream.
fn read_checkpoint(stream: &Stream, signature: Option<&Signature>) -> Option<Box<Checkpoint>> {
    let path = stream.settings.checkpoint_path();
    match checkpoint_file::read(&*stream.disk, &path) {
        Ok(checkpoint) if signature.is_none_or(|signature| checkpoint.signature == *signature) => {
            Some(checkpoint)
        }
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(%error, "the checkpoint counts as missing");
            None
        }
    }
}

/// JET_paramDeleteOutOfRangeLogs: archived logs of this stream at or behind the current one go; the current one defines
/// the end (spec 06 §9.3).
fn delete_out_of_range(
    request: &RecoveryRequest<'_>,
    options: RecoveryOptions,
    stream: &Stream,
    last: &OpenGeneration,
) -> Result<()> {
    let deletes = request.settings.delete_out_of_range_logs
        && !options.contains(RecoveryOptions::IGNORE_LOST_LOGS)
        && last.file == LastFile::Current;
    if !deletes {
        return Ok(());
    }
    for (generation, path) in stream.folder.archives().range(last.header.generation.get()..) {
        let same_stream = stream
            .open(path, LastFile::Archived)
            .is_ok_and(|archived| archived.header.signature == last.header.signature);
        if same_stream {
            tracing::warn!("log {generation:#x} is behind the current one and goes");
            stream.disk.remove(path)?;
        }
    }
    Ok(())
}

/// Redo from the checkpoint.
fn from_checkpoint(
    request: &RecoveryRequest<'_>,
    stream: &Stream,
    last: OpenGeneration,
    checkpoint: Box<Checkpoint>,
    control: &mut dyn RecoveryControl,
) -> Result<Plan> {
    let generation = checkpoint.checkpoint.generation.get();
    if let Some(super::StopPosition::AfterGeneration(stop)) = request.stop
        && stop < generation
    {
        let about = format!("the checkpoint is in generation {generation:#x} already");
        return Err(Error::refused(JetError::RECOVERED_WITHOUT_UNDO, about));
    }
    let signature = last.header.signature;
    let first = open_first(stream, last, generation, control)?;
    let listed = checkpoint.attachments(first.header.version()).is_some();
    let (from, attachments) = if listed {
        (checkpoint.checkpoint, Box::new(checkpoint.attach_list))
    } else {
        (Lgpos::NULL, Box::new(first.header.attach_list))
    };
    let start = RedoStart { first, from };
    Ok(Plan::Recover(Box::new(Found { start, attachments, signature, checkpoint })))
}

/// Redo without a checkpoint: from where mapped databases need it, else from the lowest log.
fn from_lowest(
    request: &RecoveryRequest<'_>,
    options: RecoveryOptions,
    stream: &Stream,
    last: OpenGeneration,
    control: &mut dyn RecoveryControl,
) -> Result<Plan> {
    let lowest = stream.folder.archives().first_key_value().map(|(generation, _)| *generation);
    let inferred =
        options.contains(RecoveryOptions::INFER_CHECKPOINT).then(|| inferred_generation(request)).flatten();
    let generation = inferred.or(lowest).unwrap_or(last.header.generation.get());
    let signature = last.header.signature;
    let first = open_first(stream, last, generation, control)?;
    let attachments = Box::new(first.header.attach_list);
    let start = RedoStart { first, from: Lgpos::NULL };
    let checkpoint = Box::new(Checkpoint::zeroed());
    Ok(Plan::Recover(Box::new(Found { start, attachments, signature, checkpoint })))
}

/// The least generation that a database of the map needs.
fn inferred_generation(request: &RecoveryRequest<'_>) -> Option<i32> {
    let disk = &request.settings.host.file_system;
    let needed = request.map.iter().flatten().filter_map(|entry| {
        let file = disk.open(&entry.path, Access::Read).ok()?;
        let header = HeaderFile::read_pair(&*file).ok()?.header;
        i32::try_from(header.fields.generation_min_required.get()).ok().filter(|generation| *generation > 0)
    });
    needed.min()
}

/// Opens the generation where redo begins: the current log, or an archived one.
fn open_first(
    stream: &Stream,
    last: OpenGeneration,
    generation: i32,
    control: &mut dyn RecoveryControl,
) -> Result<OpenGeneration> {
    let is_last = last.header.generation.get() == generation;
    let file = if is_last { last.file } else { LastFile::Archived };
    let is_current = file == LastFile::Current;
    let path = if is_current { stream.current_path() } else { stream.archive_path(generation) };
    let event = RecoveryEvent::OpenLog {
        generation,
        is_current,
        reason: OpenLogReason::Redo,
        path: &path,
        databases: &[],
    };
    answered(control.decide(&event, SUCCESS), "the recovery callback")?;
    if is_last {
        return Ok(last);
    }
    if !stream.folder.archives().contains_key(&generation) {
        let about = format!("generation {generation:#x}, where redo begins");
        return Err(Error::refused(JetError::MISSING_LOG_FILE, about));
    }
    let first = stream.open_archive(generation)?;
    if first.header.signature != last.header.signature {
        let about = format!("{} is of another stream", first.generation.path().display());
        return Err(Error::refused(JetError::BAD_LOG_SIGNATURE, about));
    }
    Ok(first)
}

impl Driver<'_> {
    /// Attaches what a stored attach list names.
    pub(super) fn attach_stored(&mut self, list: &[u8; ATTACH_LIST_BYTES]) -> Result<()> {
        let mut attachments = Vec::new();
        for attachment in AttachList::new(list, FileKind::Log) {
            let attachment =
                attachment.map_err(|error| Error::refused(error.jet(), format!("attach list: {error}")))?;
            let logged = LoggedAttach {
                attach: attachment.info.attach,
                consistent: attachment.info.consistent,
                database: attachment.info.database_signature,
                stream: self.databases.around.stream,
            };
            attachments.push((logged, attachment));
        }
        self.attach_listed(&attachments)
    }

    /// Behind the last generation (spec 06 §10, §11.1 step 3): is everything there that the log and the headers name?
    pub(super) fn check_end(&mut self, last: &OpenGeneration) -> Result<()> {
        for (_, attached) in self.databases.attached() {
            attached.redo.check_maps()?;
        }
        self.check_required(last)?;
        if self.end.quit.is_some() {
            return self.check_deferred();
        }
        let shown = self.databases.shown();
        let default = if self.options.contains(RecoveryOptions::WITHOUT_UNDO) {
            JetError::RECOVERED_WITHOUT_UNDO
        } else {
            SUCCESS
        };
        let event = RecoveryEvent::BeginUndo { databases: &shown };
        answered(self.control.decide(&event, default), "undo is not wanted")?;
        self.check_deferred()
    }

    /// Whether the log reached what the headers require (spec 06 §10 step 3).
    fn check_required(&mut self, last: &OpenGeneration) -> Result<()> {
        let reached = last.header.generation.get().unsigned_abs();
        let ignores = self.options.contains(RecoveryOptions::IGNORE_LOST_LOGS);
        let mut lost = Vec::new();
        for (dbid, attached) in self.databases.attached() {
            let fields = &attached.header.header().fields;
            let about = || format!("{}: the log ends with {reached:#x}", attached.path().display());
            if fields.generation_max_required.get() > reached {
                return Err(Error::refused(JetError::REQUIRED_LOG_FILES_MISSING, about()));
            }
            if fields.generation_max_committed.get() > reached {
                if !ignores {
                    return Err(Error::refused(JetError::COMMITTED_LOG_FILES_MISSING, about()));
                }
                lost.push(dbid);
            }
        }
        for dbid in lost {
            let created = last.header.created;
            self.databases.change_header(dbid, |fields| {
                fields.generation_max_committed = reached.into();
                fields.time_generation_max_create = created;
                fields.generation_recovering = 0.into();
            })?;
            self.end.warning = Some(JetError::WRN_COMMITTED_LOG_FILES_LOST);
        }
        Ok(())
    }

    /// Databases that the log has attached and that are not here (spec 06 §11.1 step 3).
    fn check_deferred(&self) -> Result<()> {
        use super::attach::Deferral;
        use super::databases::Slot;
        use super::options::MapOptions;
        let ignores = self.options.contains(RecoveryOptions::IGNORE_MISSING_DATABASES);
        for slot in self.databases.slots.values() {
            let Slot::Deferred { logged_path, why, options } = slot else { continue };
            let excused = options.contains(MapOptions::IGNORE_WHEN_MISSING)
                || (ignores && !options.contains(MapOptions::FAIL_WHEN_MISSING))
                || (*why == Deferral::ConsistentInFuture && self.end.ends_with_mark)
                || (*why == Deferral::Skipped && ignores);
            if excused {
                continue;
            }
            let jet = match why {
                Deferral::AccessDenied => JetError::ACCESS_DENIED,
                _ => JetError::ATTACHED_DATABASE_MISMATCH,
            };
            return Err(Error::refused(jet, format!("{logged_path}: {why:?}")));
        }
        Ok(())
    }
}
