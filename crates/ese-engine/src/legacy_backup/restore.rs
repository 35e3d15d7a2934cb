//! A restore from a folder that a backup was written into (spec 07 §9.2): the copies go to their places, and hard
//! recovery does the rest.
//!
//! Invariant: what can be seen to be wrong with the set is told before any file is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_format::attach_list::Attachment;
use ese_format::error::JetError;
use ese_format::log::record::Record;
use ese_format::signature::Signature;

use crate::cache::PageCache;
use crate::error::{Error, Result};
use crate::instance::InstanceSettings;
use crate::io::{Access, Existing, FileSystem};
use crate::log::{Generation, LogFolder};
use crate::recovery::{
    BackupCopy, GenerationRange, MapEntry, MapOptions, RecoveryControl, RecoveryEvent, RecoveryProgress,
    answered,
};
use crate::restore::{
    Beyond, GivenLogs, RestoreOptions, RestoreRequest, Restored, check_beyond, check_no_link, restore,
};

use super::folder::{MissingFolders, sets_in};

/// Bytes that are copied at once.
const CHUNK_BYTES: usize = 1 << 20;
/// Who answers.
const PROGRESS: &str = "the progress callback";
/// Marks which databases a set restores.
const MARKER: &str = "pat";

/// What is restored, and where to.
#[derive(Debug)]
pub struct FolderRestore {
    /// The settings of the instance that restores.
    pub settings: InstanceSettings,
    /// The cache its databases share with others.
    pub cache: Arc<PageCache>,
    /// The folder of the set, or the one that holds the sets of atomic backups.
    pub source: PathBuf,
    /// Where the databases go; `None` for where they were.
    pub destination: Option<PathBuf>,
    /// What happens about folders that are not there.
    pub missing_folders: MissingFolders,
}

/// A copy, and where it goes.
struct Planned {
    copy: PathBuf,
    place: PathBuf,
}

/// Restores (JetRestoreInstance).
///
/// # Errors
/// `JET_errInvalidPath` for folders that are not there, `JET_errFileNotFound` where the source has no logs,
/// `JET_errPatchFileMissing` where it does not say which databases it restores; as [`restore`].
pub fn restore_folder(request: &FolderRestore, control: &mut dyn RecoveryControl) -> Result<Restored> {
    let (prepared, mut control) = prepare(request, control).inspect_err(
        |error| tracing::error!(event = 454, code = error.jet().code(), %error, "the restore failed"),
    )?;
    restore(&prepared, &mut control)
}

/// Looks at the set, copies its databases to their places, and says what recovery has to do.
fn prepare<'c>(
    request: &FolderRestore,
    control: &'c mut dyn RecoveryControl,
) -> Result<(RestoreRequest<'static>, CopiesCounted<'c>)> {
    let settings = &request.settings;
    let disk = &*settings.host.file_system;
    check_folders(request, disk)?;
    let (folder, given) = find_set(disk, settings, &request.source)?;
    let (extension, page_size) = (settings.log_settings()?.extension, settings.page_size);
    let logs = GivenLogs::examine(disk, &folder, &settings.base_name, extension, given, page_size)?;
    if disk.is_folder(&settings.log_folder) {
        let there =
            LogFolder::scan_only(disk, &settings.log_folder, &settings.base_name, logs.set().extension)?;
        let is_backup_folder = disk.full_path(&settings.log_folder) == disk.full_path(&folder);
        check_beyond(disk, &logs, &Beyond { folder: &there, is_backup_folder, target_high: None })?;
    }
    answered(control.progress(RecoveryProgress::Begin), PROGRESS)?;
    let planned = plan(request, disk, &folder, &logs)?;
    let mut control = CopiesCounted::new(control, given, planned.len());
    let mut buffer = vec![0; CHUNK_BYTES];
    for (number, Planned { copy, place }) in (1..).zip(&planned) {
        if disk.full_path(copy) != disk.full_path(place) {
            copy_file(disk, copy, place, &mut buffer)?;
        }
        answered(control.copied(number), PROGRESS)?;
    }
    let entry =
        |planned: Planned| MapEntry { logged: None, path: planned.place, options: MapOptions::empty() };
    let prepared = RestoreRequest {
        settings: settings.clone(),
        cache: Arc::clone(&request.cache),
        backup_folder: folder,
        given,
        map: planned.into_iter().map(entry).collect(),
        target: None,
        options: RestoreOptions::KEEP_STRAY_LOGS,
    };
    Ok((prepared, control))
}

/// Whoever watches a restore, with the copying of databases counted beside the logs: a tenth of these, divided among the
/// databases, and one unit at least for each (spec 07 §9.2).
struct CopiesCounted<'c> {
    control: &'c mut dyn RecoveryControl,
    generations: u64,
    databases: u64,
    /// Units of one database; a generation is one.
    share: u64,
    /// Percents that were told last.
    told: u8,
}

impl<'c> CopiesCounted<'c> {
    fn new(control: &'c mut dyn RecoveryControl, given: GenerationRange, databases: usize) -> Self {
        let generations = u64::from(given.high.saturating_sub(given.low).unsigned_abs()) + 1;
        let databases = databases as u64;
        let share = (generations / 10 / databases.max(1)).max(1);
        Self { control, generations, databases, share, told: 0 }
    }

    /// So many databases are copied, and this percentage of the logs is replayed.
    fn reached(&mut self, databases: u64, percent_of_logs: u8) -> JetError {
        let all = self.databases * self.share + self.generations;
        let done = databases * self.share * 100 + u64::from(percent_of_logs) * self.generations;
        let percent = u8::try_from(done / all).unwrap_or(100);
        if percent <= self.told {
            return JetError::SUCCESS;
        }
        self.told = percent;
        self.control.progress(RecoveryProgress::Percent(percent))
    }

    fn copied(&mut self, databases: u64) -> JetError {
        self.reached(databases, 0)
    }
}

impl RecoveryControl for CopiesCounted<'_> {
    fn decide(&mut self, event: &RecoveryEvent<'_>, default: JetError) -> JetError {
        self.control.decide(event, default)
    }

    fn progress(&mut self, progress: RecoveryProgress) -> JetError {
        match progress {
            // It began with the copying.
            RecoveryProgress::Begin => JetError::SUCCESS,
            RecoveryProgress::Percent(percent) => self.reached(self.databases, percent),
            RecoveryProgress::Complete | RecoveryProgress::Fail => self.control.progress(progress),
        }
    }
}

fn check_folders(request: &FolderRestore, disk: &dyn FileSystem) -> Result<()> {
    let settings = &request.settings;
    let folders = [request.destination.as_ref(), Some(&settings.system_folder), Some(&settings.log_folder)];
    for folder in folders.into_iter().flatten().filter(|folder| !disk.is_folder(folder)) {
        let refused = |about: String| {
            Err(Error::refused(JetError::INVALID_PATH, format!("{}: {about}", folder.display())))
        };
        match request.missing_folders {
            MissingFolders::Made => {
                disk.create_folder(folder).or_else(|error| refused(error.to_string()))?;
            }
            MissingFolders::Refused => return refused("there is no such folder".into()),
        }
    }
    Ok(())
}

/// The folder with the set, and which logs it has.
fn find_set(
    disk: &dyn FileSystem,
    settings: &InstanceSettings,
    source: &Path,
) -> Result<(PathBuf, GenerationRange)> {
    for folder in sets_in(source).into_iter().filter(|folder| disk.is_folder(folder)) {
        let found = LogFolder::scan(disk, &folder, &settings.base_name, settings.log_settings()?.extension)?;
        let archives = found.archives();
        if let (Some((low, _)), Some((high, _))) = (archives.first_key_value(), archives.last_key_value()) {
            return Ok((folder, GenerationRange { low: *low, high: *high }));
        }
    }
    Err(Error::refused(JetError::FILE_NOT_FOUND, format!("{} has no logs", source.display())))
}

/// The copies that have a marker, each with the place it goes to.
fn plan(
    request: &FolderRestore,
    disk: &dyn FileSystem,
    folder: &Path,
    logs: &GivenLogs,
) -> Result<Vec<Planned>> {
    let files = disk.list(folder)?;
    let is_marker = |path: &Path| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(MARKER));
    let markers: Vec<_> = files.iter().filter(|path| is_marker(path)).collect();
    if markers.is_empty() {
        let about = format!("{} does not say which databases it restores", folder.display());
        return Err(Error::refused(JetError::PATCH_FILE_MISSING, about));
    }
    let set = logs.set();
    let is_log = |path: &PathBuf| set.folder.archives().values().any(|log| log == path);
    let is_copy = |path: &PathBuf| {
        let has_marker = markers.iter().any(|marker| marker.file_stem() == path.file_stem());
        has_marker && !is_marker(path) && !is_log(path)
    };
    let mut planned: Vec<Planned> = Vec::new();
    for path in files.iter().filter(|path| is_copy(path)) {
        check_no_link(disk, path)?;
        let copy = BackupCopy::examine(disk, path, Access::Read, Some(request.settings.page_size))?;
        copy.check_set(&set.stream, set.given)?;
        let place = match &request.destination {
            Some(destination) => destination.join(path.file_name().unwrap_or_default()),
            None => place_in_logs(disk, logs, &copy.header().fields.database_signature)?,
        };
        check_no_link(disk, &place)?;
        planned.push(Planned { copy: path.clone(), place });
    }
    if planned.is_empty() {
        let about = format!("{} has none of the databases that it restores", folder.display());
        return Err(Error::refused(JetError::FILE_NOT_FOUND, about));
    }
    Ok(planned)
}

/// Where the logs say that a database was, the last of them first.
fn place_in_logs(disk: &dyn FileSystem, logs: &GivenLogs, identity: &Signature) -> Result<PathBuf> {
    let set = logs.set();
    for path in set.folder.archives().values().rev() {
        let generation = Generation::read(disk, path)?;
        let log = generation.log()?;
        let mut found = None;
        for record in log.records() {
            // Replaying the log says what is wrong with one that cannot be read.
            let (identity_of, path) = match record.decode() {
                Ok(Record::AttachDb(attach)) => {
                    (attach.database_signature, attach.stored_path().to_text().into_owned())
                }
                Ok(Record::CreateDb(create)) => {
                    (create.database_signature, create.stored_path().to_text().into_owned())
                }
                _ => continue,
            };
            if identity_of == *identity {
                found = Some(path);
            }
        }
        if found.is_none() {
            for attachment in log.header().attachments() {
                let Ok(Attachment { info, path }) = attachment else { break };
                if info.database_signature == *identity {
                    found = Some(path.to_text().into_owned());
                }
            }
        }
        if let Some(found) = found {
            return place_of(&found);
        }
    }
    let about = format!("{}: the logs do not know where a database was", set.path.display());
    Err(Error::refused(JetError::INVALID_PATH, about))
}

fn place_of(logged: &str) -> Result<PathBuf> {
    let path = PathBuf::from(logged);
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(Error::refused(JetError::INVALID_PATH, format!("{logged} is no path here: name a folder")))
    }
}

fn copy_file(disk: &dyn FileSystem, from: &Path, to: &Path, buffer: &mut [u8]) -> Result<()> {
    let source = disk.open(from, Access::Read)?;
    let target = disk.create(to, Existing::Replace)?;
    let mut offset = 0;
    loop {
        let count = source.read_at(buffer, offset)?;
        if count == 0 {
            return target.sync();
        }
        target.write_at(buffer.get(..count).unwrap_or_default(), offset)?;
        offset += count as u64;
    }
}
