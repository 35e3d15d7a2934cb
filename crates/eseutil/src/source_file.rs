//! The file a command is about: opened read-only, never followed into a pipe, read at given offsets.
//!
//! Invariants: only regular files and block devices are opened; nothing is ever written; the length is that at the time
//! of opening.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt};
use std::path::{Path, PathBuf};

use ese_format::database_header::{self, HeaderPair, PROBE_BYTES};
use ese_format::error::{FileKind, JetError};
use ese_format::file_type;
use ese_format::page_size::PageSize;

use crate::command_line::Settings;
use crate::failure::{CommandResult, Failure};
use crate::output::Output;

/// A file open for reading.
#[derive(Debug)]
pub struct SourceFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl SourceFile {
    /// Opens a file.
    ///
    /// # Errors
    /// The JET error of the operating system's; JET_errFileAccessDenied for folders, pipes and sockets.
    pub fn open(path: &Path) -> CommandResult<Self> {
        let of_io = |error: &io::Error| Failure::of_io(error, path);
        let kind = fs::metadata(path).map_err(|error| of_io(&error))?.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            let what = if kind.is_dir() { "is a folder" } else { "is no regular file" };
            return Err(Failure::of_file(JetError::FILE_ACCESS_DENIED, path).with_detail(what));
        }
        let mut file = File::open(path).map_err(|error| of_io(&error))?;
        let length = file.seek(SeekFrom::End(0)).map_err(|error| of_io(&error))?;
        Ok(Self { path: path.to_owned(), file, length })
    }

    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes in the file.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads at `offset` until the buffer is full or the file ends; gives the number of bytes read.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Up to `count` bytes from `offset`; fewer where the file ends.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn bytes_at(&self, offset: u64, count: usize) -> CommandResult<Vec<u8>> {
        let available = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; count.min(available)];
        let filled = self.read_at(offset, &mut bytes).map_err(|error| Failure::of_io(&error, &self.path))?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// The first bytes, enough to tell what the file is.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn probe(&self) -> CommandResult<Vec<u8>> {
        self.bytes_at(0, PROBE_BYTES)
    }

    /// The kind of file, where a header of that kind is sound.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn kind(&self) -> CommandResult<Option<FileKind>> {
        Ok(file_type::identify(&self.probe()?))
    }

    /// The database header, whatever file this is.
    ///
    /// # Errors
    /// JET_errDatabaseCorrupted when neither copy is sound.
    pub fn header(&self) -> CommandResult<HeaderPair> {
        let is_patch = self.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pat"));
        if is_patch && self.length == 0 {
            let what =
                "is an empty patch file: the marker that JetBackup leaves, with nothing in it (spec 07 §2.6)";
            return Err(Failure::of_file(JetError::DATABASE_CORRUPTED, &self.path).with_detail(what));
        }
        database_header::choose_header(&self.probe()?)
            .map_err(|error| Failure::of_format(error, &self.path).with_jet(JetError::DATABASE_CORRUPTED))
    }
}

/// Opens a file whose pages are to be read and finds the page size: the user's, or the header's. On failure the start
/// phase's error line is printed (spec 10 §2.4).
///
/// # Errors
/// What keeps the file from being opened, or JET_errDatabaseCorrupted when no header tells the page size.
pub fn open_with_page_size(
    path: &Path,
    settings: &Settings,
    out: &mut Output<'_>,
) -> CommandResult<(SourceFile, PageSize)> {
    let opened = SourceFile::open(path).and_then(|file| {
        let size = match settings.page_size {
            Some(size) => size,
            None => file.header()?.header.page_size(),
        };
        Ok((file, size))
    });
    opened.or_else(|failure| Err(access_error(failure, path, settings, out)?))
}

/// Prints the start phase's error line alone and gives the failure back: modes that take no page size give no advice.
///
/// # Errors
/// When standard output cannot be written.
pub fn access_error_line(failure: Failure, path: &Path, out: &mut Output<'_>) -> CommandResult<Failure> {
    if let Failure::Jet(jet) = &failure {
        let code = jet.error.code();
        out.frame(format_args!(
            "Error: Access to source database '{}' failed with Jet error {code}.\n\n",
            path.display()
        ))?;
    }
    Ok(failure)
}

/// Prints the start phase's error line, with advice where the header is no help, and gives the failure back.
///
/// # Errors
/// When standard output cannot be written.
pub fn access_error(
    failure: Failure,
    path: &Path,
    settings: &Settings,
    out: &mut Output<'_>,
) -> CommandResult<Failure> {
    let failure = access_error_line(failure, path, out)?;
    let Failure::Jet(jet) = &failure else { return Ok(failure) };
    if jet.error == JetError::DATABASE_CORRUPTED && settings.page_size.is_none() {
        // Spelled as in the original: scripts compare it.
        out.frame(format_args!(
            "This may have happenned due to a corrupted database header. Explicitly setting a page size might bypass \
             this failure.\n\n"
        ))?;
    }
    Ok(failure)
}
