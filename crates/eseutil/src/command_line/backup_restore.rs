//! What is asked of backups and restores: the options of `/c…`, `backup`, `restore`, `verify-backup`, and how both grammars
//! spell them.

use std::path::PathBuf;

use super::classic::{FormatVersion, Switches, invalid_option};
use super::words::{Words, set_once};
use super::{Command, UsageError, Wanted};

/// Which logs behind a set are replayed, when the user says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RollForward {
    /// As `Restore.env` says.
    #[default]
    AsRecorded,
    /// `/t` alone: those in the restore folder.
    FolderAlone,
    /// `/tNAME`: those of this instance.
    Instance(String),
    /// `/fPATH`: those in this folder, which also gets the new log and the checkpoint.
    Folder(String),
}

/// Options of `/cc`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestoreRunOptions {
    /// The folder with `Restore.env`.
    pub folder: PathBuf,
    /// Which logs behind the set are replayed.
    pub roll_forward: RollForward,
    /// `/k`: the folder and its logs stay.
    pub keep: Wanted,
    /// `--again`: also when it has been done.
    pub again: Wanted,
}

/// A database of a restore that goes to a place of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its file name, or the path at which it was backed up.
    pub what: String,
    /// Where it goes.
    pub place: String,
}

impl Placed {
    /// `WHAT=PLACE`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (what, place) = text.split_once('=')?;
        let is_whole = !what.is_empty() && !place.is_empty();
        is_whole.then(|| Self { what: what.to_owned(), place: place.to_owned() })
    }
}

/// Options of `restore`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestoreSetsOptions {
    /// Folders of backup sets: a full one, and those that go on behind it.
    pub sets: Vec<PathBuf>,
    /// `--to`: the folder for the databases.
    pub to: PathBuf,
    /// `--logs`: the folder of the instance's logs; `to` without it.
    pub logs: Option<String>,
    /// `--system`: the folder of its checkpoint; that of the logs without it.
    pub system: Option<String>,
    /// `--work`: the temporary folder; one inside `to` without it.
    pub work: Option<String>,
    /// `--map`: databases that go elsewhere.
    pub placed: Vec<Placed>,
    /// `--only`: databases that are wanted; all without it.
    pub only: Vec<String>,
    /// `--overwrite`: databases that are there already are replaced.
    pub overwrite: Wanted,
    /// `--set-only`: logs of the instance are not replayed behind the sets.
    pub set_only: Wanted,
    /// `--circular`: the source reused its logs.
    pub circular: Wanted,
    /// `--keep`: the temporary folder stays.
    pub keep: Wanted,
}

/// What is done with a "Restore in Progress" record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PendingAction {
    /// It is shown; a wrong one is an error.
    #[default]
    Show,
    /// What it asks for is done.
    Run,
    /// It is written.
    Create {
        /// First and last generation.
        logs: (i32, i32),
        /// Folder of the restored logs.
        backup_logs: String,
        /// Log folder of the instance; that of the restored logs without it.
        log_path: Option<String>,
        /// Pairs of old and new paths.
        map: Vec<Placed>,
    },
}

/// Options of `restore pending`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PendingOptions {
    /// The system folder.
    pub folder: PathBuf,
    /// What to do.
    pub action: PendingAction,
    /// `--drive`: folders of drive letters.
    pub drives: Vec<(char, PathBuf)>,
}

/// What a backup takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackupExtent {
    /// Databases and logs; logs that no later backup needs are deleted.
    #[default]
    Full,
    /// Databases and logs; nothing is deleted and no later backup counts on it.
    Copy,
    /// Logs since the last full or incremental backup, which are deleted afterwards.
    Incremental,
    /// Logs since the last full backup; none is deleted.
    Differential,
}

/// Where a backup goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupPlace {
    /// A new or empty folder.
    Folder(PathBuf),
    /// Standard output, as a tar stream.
    Stream,
}

/// Options of `backup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupOptions {
    /// The databases of one log stream.
    pub databases: Vec<PathBuf>,
    /// What is taken.
    pub extent: BackupExtent,
    /// Where it goes.
    pub place: BackupPlace,
    /// `--logs`: folder of the logs; that of the first database without it.
    pub logs: Option<String>,
    /// `--system`: folder of the checkpoint; that of the logs without it.
    pub system: Option<String>,
    /// `--base`: base name of the logs; found out without it.
    pub base: Option<String>,
    /// `--new-stream`: logs may be begun where there are none.
    pub new_stream: Wanted,
}

/// `/cm` and `/cc`.
pub(super) struct RestoreSwitches {
    runs: bool,
    target: Option<Option<String>>,
    run_in: Option<String>,
    options: RestoreRunOptions,
}

impl RestoreSwitches {
    /// The mode of a modifier.
    pub(super) fn with_modifier(letter: char) -> Option<Self> {
        let runs = match letter.to_ascii_lowercase() {
            'm' => false,
            'c' => true,
            _ => return None,
        };
        Some(Self { runs, target: None, run_in: None, options: RestoreRunOptions::default() })
    }
}

impl Switches for RestoreSwitches {
    const LETTERS: &'static str = "24813o!tfk";
    const FORMAT_VERSION: FormatVersion = FormatVersion::Unknown;
    const MISSING_SOURCE: (&'static str, usize) = ("Missing restore environment folder specification.", 1);
    const DEFAULT_SOURCE: Option<&'static str> = Some(".");

    fn switch(
        &mut self,
        whole: &str,
        letter: char,
        attached: &str,
        words: &mut Words,
    ) -> Result<(), UsageError> {
        match letter {
            _ if !self.runs => Err(invalid_option(whole)),
            't' if self.run_in.is_none() => {
                let attached = attached.trim_start_matches(':');
                let name = (!attached.is_empty()).then(|| attached.to_owned());
                set_once(&mut self.target, name, "target instance")
            }
            'f' if self.target.is_none() => {
                set_once(&mut self.run_in, words.value(attached, "restore path")?, "restore path")
            }
            'k' if attached.is_empty() => {
                self.options.keep = Wanted::Yes;
                Ok(())
            }
            _ => Err(invalid_option(whole)),
        }
    }

    fn finish(mut self, source: PathBuf) -> Result<Command, UsageError> {
        let folder = without_file_name(source);
        if !self.runs {
            return Ok(Command::RestoreShow(folder));
        }
        self.options.folder = folder;
        self.options.roll_forward = match (self.target, self.run_in) {
            (Some(None), _) => RollForward::FolderAlone,
            (Some(Some(name)), _) => RollForward::Instance(name),
            (None, Some(path)) => RollForward::Folder(path),
            (None, None) => RollForward::AsRecorded,
        };
        Ok(Command::RestoreRun(self.options))
    }
}

/// The folder, where the name of the file in it was said, too.
pub(super) fn without_file_name(source: PathBuf) -> PathBuf {
    let is_file = source.file_name().is_some_and(|name| name.eq_ignore_ascii_case("Restore.env"));
    match source.parent() {
        Some(parent) if is_file && parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) if is_file => parent.to_owned(),
        _ => source,
    }
}
