//! `Restore.env`: what a restore in a temporary folder is about, kept while its sets arrive and until hard recovery has
//! used them (spec 07 §14.2). The format is this project's own; Microsoft's has never been published.
//!
//! ```text
//! [libesent restore environment]      first line, else the file is of another kind (-1812)
//! Version=1
//! …                                   Key=Value, UTF-8, LF or CR LF, no quoting, unknown keys kept
//! [Database 1]
//! …
//! [End]
//! Crc32=<8 hex digits>                of every byte before this line
//! ```
//!
//! Invariants: a value that was read or is written satisfies every rule below, so whoever has a [`RestoreEnvironment`] need
//! not check it again; reading changes nothing; names in it are names of files, never ways out of a folder.

mod text;
mod time;

use std::fmt;
use std::path::{Path, PathBuf};

use ese_format::error::JetError;
use ese_format::log::names::LogExtension;
use ese_format::logtime::Logtime;
use ese_format::signature::Signature;

use crate::error::{Error, Result};
use crate::io::FileSystem;
use crate::small_file;

pub use time::{ctime_text, time_text};

/// The name of the file in the temporary folder.
pub const FILE_NAME: &str = "Restore.env";
/// Bytes that such a file has at most.
pub const BYTES_MAX: u64 = 1 << 20;
/// Databases of a restore at most: those a restore map may have (spec 07 §11.2).
pub const DATABASES_MAX: usize = 14;

/// How a log that is not in the set is treated (spec 07 §14.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestoreMode {
    /// Back to where it came from: logs of the running folder are replayed behind those of the set.
    #[default]
    Normal,
    /// To another server, or the original is another database now: only what lies in the folder is replayed.
    Victimized,
    /// Into a recovery group: its own folders take the part of the running ones.
    RecoveryGroup,
}

/// How far hard recovery of the folder is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecoverStatus {
    /// Nothing can be said.
    Invalid,
    /// Sets have been restored, nothing more.
    #[default]
    NotStarted,
    /// Hard recovery began.
    Started,
    /// It came to its end, with the error that is recorded beside.
    Ended,
}

/// Whether the source reused its logs when the set was made; logs cannot tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CircularAtBackup {
    /// It kept them: logs in the running folder must fit.
    #[default]
    No,
    /// It did not: logs in the running folder are not looked at.
    Yes,
}

/// A GUID in its stored form: a 32-bit and two 16-bit little-endian numbers, eight bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guid(pub [u8; 16]);

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a0, a1, a2, a3, b0, b1, c0, c1, d0, d1, e @ ..] = self.0;
        let (first, second, third) = (
            u32::from_le_bytes([a0, a1, a2, a3]),
            u16::from_le_bytes([b0, b1]),
            u16::from_le_bytes([c0, c1]),
        );
        write!(f, "{first:08X}-{second:04X}-{third:04X}-{d0:02X}{d1:02X}-")?;
        e.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl Guid {
    /// The GUID of the text `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lengths_fit = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
        let digits: String = text.split('-').collect();
        if !lengths_fit || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = u128::from_str_radix(&digits, 16).ok()?.to_be_bytes();
        bytes[0..4].reverse();
        bytes[4..6].reverse();
        bytes[6..8].reverse();
        Some(Self(bytes))
    }
}

/// One database of a restore.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvironmentDatabase {
    /// What people call it.
    pub display_name: String,
    /// Its GUID in the directory of its server; zero where there is none.
    pub guid: Guid,
    /// Where it was when it was backed up, as its own system wrote it; empty: its identity tells.
    pub source_file: String,
    /// Where it is restored to: an absolute path.
    pub destination_file: PathBuf,
    /// Its identity.
    pub signature: Signature,
    /// Keys that this version does not know, in their order.
    pub unknown: Vec<(String, String)>,
}

/// What a restore is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreEnvironment {
    /// The temporary folder, as it was called when the sets were restored.
    pub restore_path: String,
    /// What the restoring program noted.
    pub annotation: String,
    /// The server restored to.
    pub server_name: String,
    /// The instance that was backed up.
    pub source_instance: String,
    /// The instance restored to; empty: the source.
    pub target_instance: String,
    /// System path of the instance that recovers; empty: the folder.
    pub restore_instance_system_path: String,
    /// Log path of the instance that recovers; empty: the folder.
    pub restore_instance_log_path: String,
    /// Log folder of the instance that the databases belong to; empty: unknown.
    pub running_log_path: String,
    /// System folder of that instance; empty: as its log folder.
    pub running_system_path: String,
    /// Three characters.
    pub log_base_name: String,
    /// Extension of the logs.
    pub log_extension: LogExtension,
    /// First generation of the sets.
    pub low_log: i32,
    /// Last generation of the sets.
    pub high_log: i32,
    /// Identity of the log stream.
    pub log_signature: Signature,
    /// Whether the source reused its logs.
    pub circular: CircularAtBackup,
    /// How further logs are treated.
    pub mode: RestoreMode,
    /// When the last set was restored, in UTC; all zero: never.
    pub last_restore_time: Logtime,
    /// How far hard recovery is.
    pub recover_status: RecoverStatus,
    /// What it ended with, in the backup library's form (spec 07 §16).
    pub recover_error: u32,
    /// When it ended, in UTC; all zero: never.
    pub recover_time: Logtime,
    /// The databases, 1 to [`DATABASES_MAX`].
    pub databases: Vec<EnvironmentDatabase>,
    /// Keys that this version does not know, in their order.
    pub unknown: Vec<(String, String)>,
}

impl RestoreEnvironment {
    /// An environment of one set of logs, without databases yet.
    #[must_use]
    pub fn new(log_base_name: &str, logs: (i32, i32), log_signature: Signature) -> Self {
        Self {
            restore_path: String::new(),
            annotation: String::new(),
            server_name: String::new(),
            source_instance: String::new(),
            target_instance: String::new(),
            restore_instance_system_path: String::new(),
            restore_instance_log_path: String::new(),
            running_log_path: String::new(),
            running_system_path: String::new(),
            log_base_name: log_base_name.to_owned(),
            log_extension: LogExtension::Log,
            low_log: logs.0,
            high_log: logs.1,
            log_signature,
            circular: CircularAtBackup::No,
            mode: RestoreMode::Normal,
            last_restore_time: Logtime::default(),
            recover_status: RecoverStatus::NotStarted,
            recover_error: 0,
            recover_time: Logtime::default(),
            databases: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// Reads `Restore.env` in a folder.
    ///
    /// # Errors
    /// `JET_errFileNotFound` without one, `JET_errFileInvalidType` for a file of another kind, `JET_errInvalidParameter` for one
    /// that breaks a rule; each says which.
    pub fn load(disk: &dyn FileSystem, folder: &Path) -> Result<Self> {
        let path = folder.join(FILE_NAME);
        let bytes = small_file::read(disk, &path, BYTES_MAX, JetError::INVALID_PARAMETER)?;
        Self::decode(&bytes, &path)
    }

    /// The environment of the bytes of a file; `path` is for messages.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn decode(bytes: &[u8], path: &Path) -> Result<Self> {
        text::decode(bytes)
            .map_err(|flaw| Error::refused(flaw.jet, format!("{}: {}", path.display(), flaw.what)))
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// `JET_errInvalidParameter` for what could not be read back.
    pub fn encode(&self) -> Result<Vec<u8>> {
        text::encode(self).map_err(|flaw| Error::refused(flaw.jet, format!("{FILE_NAME}: {}", flaw.what)))
    }

    /// Writes `Restore.env` in a folder, durably and as a whole.
    ///
    /// # Errors
    /// As [`Self::encode`]; those of the disk.
    pub fn save(&self, disk: &dyn FileSystem, folder: &Path) -> Result<()> {
        small_file::replace(disk, &folder.join(FILE_NAME), &self.encode()?)
    }

    /// Takes in a further set of the same stream: the range is widened, a database that is there already is replaced.
    ///
    /// # Errors
    /// `JET_errBadLogSignature` for a set of another stream; nothing is changed then.
    pub fn take_in(&mut self, further: &Self) -> Result<()> {
        if further.log_signature != self.log_signature {
            let about = "the logs of the further set are of another stream than those restored before";
            return Err(Error::refused(JetError::BAD_LOG_SIGNATURE, about));
        }
        self.low_log = self.low_log.min(further.low_log);
        self.high_log = self.high_log.max(further.high_log);
        if further.circular == CircularAtBackup::Yes {
            self.circular = CircularAtBackup::Yes;
        }
        self.last_restore_time = further.last_restore_time;
        self.recover_status = RecoverStatus::NotStarted;
        self.recover_error = 0;
        self.recover_time = Logtime::default();
        for database in &further.databases {
            let known = self.databases.iter_mut().find(|known| {
                known.signature == database.signature || known.destination_file == database.destination_file
            });
            match known {
                Some(known) => known.clone_from(database),
                None => self.databases.push(database.clone()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
