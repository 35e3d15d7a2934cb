//! The "Restore in Progress" record: what a service must do at its next start before it opens its databases (spec 07
//! §15). Windows services keep it in their registry key; here it is a file beside the checkpoint, in the form of a registry
//! export, so that one can be carried to the other.
//!
//! Invariants: a record that was read or is written satisfies every rule of spec 07 §15.2; the engine never acts on it by
//! itself (`JetInit` ignores it), only whoever asks for it; reading changes nothing.

mod registry_text;

use std::path::{Path, PathBuf};

use ese_format::error::JetError;

use crate::error::{Error, Result};
use crate::io::FileSystem;
use crate::small_file;
use registry_text::{RegistryKey, RegistryValue};

/// The name of the file in the system folder.
pub const FILE_NAME: &str = "Restore in Progress.reg";
/// Bytes that such a file has at most.
pub const BYTES_MAX: u64 = 256 << 10;
/// Databases of a record at most: those a restore map may have (spec 07 §11.2).
pub const DATABASES_MAX: usize = 14;
/// Where the writer puts the record.
const KEY: &str = "HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\libesent\\Restore in Progress";
/// The last component of every such key.
const KEY_NAME: &str = "Restore in Progress";

/// What the next start has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordState {
    /// Hard recovery is still to be run.
    #[default]
    Pending,
    /// The logs have been replayed: the record is to be deleted, nothing else.
    Recovered,
}

/// A database of the record: where it was, where it is now. Paths as they are written, Windows' or local ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedDatabase {
    /// The path that the logs name.
    pub old: String,
    /// The path of the restored file.
    pub new: String,
}

/// The record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreInProgress {
    /// First generation; it takes the part of a checkpoint.
    pub low_log: i32,
    /// Last generation that must be replayed.
    pub high_log: i32,
    /// Databases, 1 to [`DATABASES_MAX`].
    pub map: Vec<RecordedDatabase>,
    /// Log folder of the instance.
    pub log_path: String,
    /// Folder of the logs that were restored.
    pub backup_log_path: String,
    /// Folder of the checkpoint.
    pub checkpoint_path: String,
    /// What is left to do.
    pub state: RecordState,
}

/// The letters of drives and the folders they stand for.
pub type DriveMap = [(char, PathBuf)];

fn invalid(about: impl Into<String>) -> Error {
    Error::refused(JetError::INVALID_PARAMETER, about)
}

/// What kind of absolute path a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PathForm {
    Local,
    Drive(char),
    /// `\\host\X$\…`: a drive shared for administration.
    SharedDrive(char),
    OtherShare,
}

/// The form of an absolute path without `.` and `..`; `None` for any other text.
fn form_of(path: &str) -> Option<PathForm> {
    let climbs = path.split(['/', '\\']).any(|part| part == "." || part == "..");
    if climbs || path.contains(['\0', '\n', '\r']) {
        return None;
    }
    if path.starts_with('/') {
        return Some(PathForm::Local);
    }
    let mut characters = path.chars();
    if let Some(share) = path.strip_prefix("\\\\") {
        let mut parts = share.split('\\');
        let (host, name) = (parts.next()?, parts.next()?);
        if host.is_empty() || name.is_empty() {
            return None;
        }
        let mut letters = name.chars();
        return Some(match (letters.next(), letters.as_str()) {
            (Some(drive), "$") if drive.is_ascii_alphabetic() => {
                PathForm::SharedDrive(drive.to_ascii_uppercase())
            }
            _ => PathForm::OtherShare,
        });
    }
    match (characters.next(), characters.next(), characters.next()) {
        (Some(drive), Some(':'), Some('\\' | '/')) if drive.is_ascii_alphabetic() => {
            Some(PathForm::Drive(drive.to_ascii_uppercase()))
        }
        _ => None,
    }
}

/// The path of this machine that a recorded path stands for: its own paths as they are, those with a drive letter, shared or
/// not, by the drive map.
///
/// # Errors
/// `JET_errInvalidPath` for a drive that is not in the map and for other shares; `JET_errInvalidParameter` for relative
/// paths.
pub fn local_path(recorded: &str, drives: &DriveMap) -> Result<PathBuf> {
    let (drive, rest) = match form_of(recorded) {
        Some(PathForm::Local) => return Ok(PathBuf::from(recorded)),
        Some(PathForm::Drive(drive)) => (drive, recorded.get(2..).unwrap_or_default()),
        Some(PathForm::SharedDrive(drive)) => {
            let after_host =
                recorded.get(2..).and_then(|path| path.split_once('\\')).map_or("", |(_, rest)| rest);
            (drive, after_host.get(2..).unwrap_or_default())
        }
        Some(PathForm::OtherShare) => {
            let about = format!(
                "{recorded}: only shares of drives (\\\\host\\X$\\...) can be mapped to this machine"
            );
            return Err(Error::refused(JetError::INVALID_PATH, about));
        }
        None => return Err(invalid(format!("{recorded}: no absolute path"))),
    };
    let mapped = drives.iter().find(|(letter, _)| letter.eq_ignore_ascii_case(&drive));
    let (_, folder) = mapped.ok_or_else(|| {
        let about = format!("{recorded}: drive {drive}: is not mapped to a folder of this machine");
        Error::refused(JetError::INVALID_PATH, about)
    })?;
    let mut path = folder.clone();
    rest.split(['\\', '/']).filter(|part| !part.is_empty()).for_each(|part| path.push(part));
    Ok(path)
}

impl RestoreInProgress {
    /// Reads the record of a system folder; `None` where there is none, or one that only says that it is deleted.
    ///
    /// # Errors
    /// `JET_errFileInvalidType` for a file that is too large or no registry export; `JET_errInvalidParameter` for a record that breaks a
    /// rule; those of the disk.
    pub fn load(disk: &dyn FileSystem, system_folder: &Path) -> Result<Option<Self>> {
        let path = system_folder.join(FILE_NAME);
        match small_file::read(disk, &path, BYTES_MAX, JetError::FILE_INVALID_TYPE) {
            Ok(bytes) => Self::decode(&bytes, &path),
            Err(error) if error.jet() == JetError::FILE_NOT_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The record in the bytes of a registry export; `path` is for messages.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn decode(bytes: &[u8], path: &Path) -> Result<Option<Self>> {
        let named = |error: Error| match error {
            Error::Refused(refusal) => {
                Error::refused(refusal.jet, format!("{}: {}", path.display(), refusal.about))
            }
            other => other,
        };
        if bytes.len() as u64 > BYTES_MAX {
            let about = format!("{}: more than {BYTES_MAX} bytes", path.display());
            return Err(Error::refused(JetError::FILE_INVALID_TYPE, about));
        }
        let key = registry_text::decode(bytes, KEY_NAME).map_err(named)?;
        key.map(|key| Self::of_key(&key).map_err(named)).transpose()
    }

    fn of_key(key: &RegistryKey) -> Result<Self> {
        let number = |names: &[&str]| {
            let value = names.iter().find_map(|name| key.value(name));
            match value {
                None => Err(invalid(format!("{} is missing", names.first().copied().unwrap_or_default()))),
                Some(RegistryValue::Number(number)) => Ok(*number),
                Some(_) => {
                    Err(invalid(format!("{} is no number", names.first().copied().unwrap_or_default())))
                }
            }
        };
        let generation = |names: &[&str]| {
            number(names).and_then(|number| {
                let generation = i32::try_from(number).ok().filter(|generation| *generation > 0);
                generation.ok_or_else(|| invalid(format!("generation {number:#x} is no generation of a log")))
            })
        };
        let (low_log, high_log) = (
            generation(&["LowLog Number", "LowLogNumber"])?,
            generation(&["HighLog Number", "HighLogNumber"])?,
        );
        let path = |name: &str| match key.value(name) {
            None => Ok(None),
            Some(RegistryValue::Text(path)) => Ok(Some(path.clone())),
            Some(_) => Err(invalid(format!("{name} is no string"))),
        };
        let backup_log_path = path("BackupLogPath")?.ok_or_else(|| invalid("BackupLogPath is missing"))?;
        let record = Self {
            low_log,
            high_log,
            map: map_of(key)?,
            log_path: path("LogPath")?.unwrap_or_else(|| backup_log_path.clone()),
            checkpoint_path: path("CheckpointFilePath")?.unwrap_or_else(|| backup_log_path.clone()),
            backup_log_path,
            state: match key.value("EDB Database recovered") {
                None => RecordState::Pending,
                Some(RegistryValue::Bytes(bytes)) => match bytes.as_slice() {
                    [0] => RecordState::Pending,
                    [_] => RecordState::Recovered,
                    _ => return Err(invalid("EDB Database recovered is not one byte")),
                },
                Some(_) => return Err(invalid("EDB Database recovered is not one byte")),
            },
        };
        record.check()?;
        Ok(record)
    }

    /// Every rule of a record.
    fn check(&self) -> Result<()> {
        if self.low_log < 1 || self.low_log > self.high_log {
            return Err(invalid(format!("logs {:#x} to {:#x} are no range", self.low_log, self.high_log)));
        }
        if self.map.is_empty() || self.map.len() > DATABASES_MAX {
            return Err(invalid(format!(
                "EDB_RstMap has {} databases, 1 to {DATABASES_MAX} may be",
                self.map.len()
            )));
        }
        let paths = [&self.log_path, &self.backup_log_path, &self.checkpoint_path];
        let databases = self.map.iter().flat_map(|database| [&database.old, &database.new]);
        for path in paths.into_iter().chain(databases) {
            if form_of(path).is_none() {
                return Err(invalid(format!("'{}' is no absolute path", path.escape_debug())));
            }
        }
        for (index, database) in self.map.iter().enumerate() {
            if self.map.iter().take(index).any(|earlier| earlier.new == database.new) {
                return Err(invalid(format!("two databases have the new path {}", database.new)));
            }
        }
        Ok(())
    }

    /// The bytes of the file: UTF-16 with its mark, as regedit writes exports.
    ///
    /// # Errors
    /// `JET_errInvalidParameter` for a record that breaks a rule.
    pub fn encode(&self) -> Result<Vec<u8>> {
        self.check()?;
        let state = if self.state == RecordState::Recovered { 1 } else { 0 };
        let strings = self.map.iter().flat_map(|database| [database.old.as_str(), database.new.as_str()]);
        let text = |path: &String| RegistryValue::Text(path.clone());
        let values = [
            ("BackupLogPath", text(&self.backup_log_path)),
            ("CheckpointFilePath", text(&self.checkpoint_path)),
            ("EDB Database recovered", RegistryValue::Bytes(vec![state])),
            ("EDB_RstMap", RegistryValue::Strings(strings.map(str::to_owned).collect())),
            ("EDB_RstMap Size", RegistryValue::Number(u32::try_from(self.map.len()).unwrap_or(u32::MAX))),
            ("HighLog Number", RegistryValue::Number(self.high_log.unsigned_abs())),
            ("LogPath", text(&self.log_path)),
            ("LowLog Number", RegistryValue::Number(self.low_log.unsigned_abs())),
        ];
        let comments = self.map.iter().map(|database| format!("{} -> {}", database.old, database.new));
        let bytes = registry_text::encode(KEY, &comments.collect::<Vec<_>>(), &values);
        if bytes.len() as u64 > BYTES_MAX {
            return Err(invalid("the record is longer than any that is read"));
        }
        Ok(bytes)
    }

    /// Writes the record of a system folder, durably and as a whole.
    ///
    /// # Errors
    /// As [`Self::encode`]; those of the disk.
    pub fn save(&self, disk: &dyn FileSystem, system_folder: &Path) -> Result<()> {
        small_file::replace(disk, &system_folder.join(FILE_NAME), &self.encode()?)
    }

    /// Takes in the logs of a further set.
    pub fn widen(&mut self, low_log: i32, high_log: i32) {
        self.low_log = self.low_log.min(low_log);
        self.high_log = self.high_log.max(high_log);
    }

    /// Deletes the record of a system folder, if it has one.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn delete(disk: &dyn FileSystem, system_folder: &Path) -> Result<()> {
        small_file::remove_if_there(disk, &system_folder.join(FILE_NAME))
    }
}

/// The pairs of `EDB_RstMap`.
fn map_of(key: &RegistryKey) -> Result<Vec<RecordedDatabase>> {
    let strings = match key.value("EDB_RstMap") {
        None => return Err(invalid("EDB_RstMap is missing")),
        Some(RegistryValue::Strings(strings)) => strings,
        Some(_) => return Err(invalid("EDB_RstMap is no list of strings")),
    };
    let (pairs, rest) = strings.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(invalid(format!("EDB_RstMap has {} strings, which is no even number", strings.len())));
    }
    match key.value("EDB_RstMap Size") {
        None => {}
        Some(RegistryValue::Number(size)) if usize::try_from(*size) == Ok(pairs.len()) => {}
        Some(RegistryValue::Number(size)) => {
            return Err(invalid(format!("EDB_RstMap Size is {size}, EDB_RstMap has {} pairs", pairs.len())));
        }
        Some(_) => return Err(invalid("EDB_RstMap Size is no number")),
    }
    Ok(pairs.iter().map(|[old, new]| RecordedDatabase { old: old.clone(), new: new.clone() }).collect())
}

#[cfg(test)]
mod tests;
