//! Where a backup goes: a folder, or a tar stream on standard output; with a bar for whoever watches.
//!
//! Invariants: every file of a folder is new, and durable before the logs are truncated; what a backup that fails has written into
//! a folder is deleted again.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ese_engine::backup::{BackupFile, BackupSink, FolderSink};
use ese_engine::error::{Error, IoOperation, Result};
use ese_engine::io::OsFileSystem;
use serde_json::{Value, json};

use super::tar;
use crate::interruption::{BACKUP_ENDS_WITH, Interruption};
use crate::output::Output;
use crate::progress::Progress;

/// Where the bytes go.
#[derive(Debug)]
enum Target {
    Folder { sink: FolderSink, folder: PathBuf },
    Stream,
}

/// A sink that shows how far it is.
pub(super) struct Sink<'o, 'a> {
    target: Target,
    out: &'o mut Output<'a>,
    bar: Option<Progress>,
    done: u64,
    /// Names and lengths of the files so far.
    files: Vec<(String, u64)>,
    left: u64,
    /// The signal that ended the backup.
    interruption: Option<Interruption>,
}

impl fmt::Debug for Sink<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("target", &self.target).field("done", &self.done).finish_non_exhaustive()
    }
}

fn stream_error(error: io::Error) -> Error {
    Error::io(IoOperation::Write, Path::new("standard output"), None, error)
}

impl<'o, 'a> Sink<'o, 'a> {
    /// Into a folder that is there and empty; or, without one, to standard output.
    pub(super) fn new(folder: Option<&Path>, bar: Option<Progress>, out: &'o mut Output<'a>) -> Self {
        let target = match folder {
            Some(folder) => Target::Folder {
                sink: FolderSink::new(Arc::new(OsFileSystem), folder),
                folder: folder.to_owned(),
            },
            None => Target::Stream,
        };
        Self { target, out, bar, done: 0, files: Vec::new(), left: 0, interruption: None }
    }

    /// The files, for the JSON document.
    pub(super) fn files_json(&self) -> Vec<Value> {
        self.files.iter().map(|(name, bytes)| json!({ "name": name, "bytes": bytes })).collect()
    }

    /// The signal that ended the backup, if one did.
    pub(super) fn interruption(&self) -> Option<Interruption> {
        self.interruption
    }

    /// Goes on, unless a signal asks for the end.
    fn go_on(&mut self) -> Result<()> {
        self.interruption = self.out.interruption();
        match self.interruption {
            Some(interruption) => Err(Error::refused(BACKUP_ENDS_WITH, interruption.to_string())),
            None => Ok(()),
        }
    }

    /// Ends the bar.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.bar.take().map_or(Ok(()), |bar| bar.complete(self.out))
    }

    /// Deletes what a backup that failed has written.
    pub(super) fn abandon(&mut self) -> io::Result<()> {
        if let Some(bar) = self.bar.take() {
            bar.fail(self.out)?;
        }
        if let Target::Folder { folder, .. } = &self.target {
            for (name, _) in &self.files {
                let file = folder.join(name);
                if let Err(error) = std::fs::remove_file(&file)
                    && error.kind() != io::ErrorKind::NotFound
                {
                    self.out.complain(format_args!(
                        "eseutil: {}: could not be deleted again: {error}",
                        file.display()
                    ))?;
                }
            }
        }
        Ok(())
    }
}

impl BackupSink for Sink<'_, '_> {
    fn begin_file(&mut self, file: BackupFile<'_>, bytes: u64) -> Result<()> {
        self.go_on()?;
        let name = file.path().file_name().unwrap_or_default();
        match &mut self.target {
            Target::Folder { sink, .. } => sink.begin_file(file, bytes)?,
            Target::Stream => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
                let header = tar::header(name.as_encoded_bytes(), bytes, now).map_err(stream_error)?;
                self.out.raw().write_all(&header).map_err(stream_error)?;
            }
        }
        self.files.push((name.to_string_lossy().into_owned(), bytes));
        self.left = bytes;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.go_on()?;
        match &mut self.target {
            Target::Folder { sink, .. } => sink.write(bytes)?,
            Target::Stream => self.out.raw().write_all(bytes).map_err(stream_error)?,
        }
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.done = self.done.saturating_add(bytes.len() as u64);
        match &mut self.bar {
            Some(bar) => bar.advance(self.done, self.out).map_err(stream_error),
            None => Ok(()),
        }
    }

    fn end_file(&mut self) -> Result<()> {
        match &mut self.target {
            Target::Folder { sink, .. } => sink.end_file(),
            Target::Stream if self.left > 0 => {
                Err(stream_error(io::Error::other("a file ended before its announced length")))
            }
            Target::Stream => {
                let bytes = self.files.last().map_or(0, |(_, bytes)| *bytes);
                tar::pad(self.out.raw(), bytes).map_err(stream_error)
            }
        }
    }

    fn complete(&mut self) -> Result<()> {
        self.go_on()?;
        match &mut self.target {
            Target::Folder { sink, .. } => sink.complete(),
            Target::Stream => tar::finish(self.out.raw()).map_err(stream_error),
        }
    }
}
