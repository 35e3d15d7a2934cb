//! Sets that come as a stream: what `eseutil backup --stream` wrote, from a file or from standard input (`-`). It is unpacked
//! into a folder beside the destination, which is gone again at the end.
//!
//! Invariants: a file of the stream lands in that folder or nowhere, whatever its name; nothing there is followed or replaced; a
//! stream that breaks off is no set.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use ese_format::error::JetError;

use crate::backup::tar::{self, BLOCK_BYTES, Member};
use crate::failure::{CommandResult, Failure};
use crate::output::Output;

/// Stands for standard input.
const STANDARD_INPUT: &str = "-";
/// Files of a set at most.
const FILES_MAX: usize = 1 << 20;
/// Bytes that are copied at once.
const COPY_BYTES: usize = 1 << 20;

/// The folders of sets, those of streams until this is dropped.
#[derive(Debug)]
pub(super) struct SetFolders {
    pub(super) folders: Vec<PathBuf>,
    unpacked: Vec<Unpacked>,
}

/// A folder of this program with the files of a stream.
#[derive(Debug)]
struct Unpacked {
    folder: PathBuf,
    names: BTreeSet<String>,
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        // What cannot be deleted stays.
        for name in &self.names {
            let _ = fs::remove_file(self.folder.join(name));
        }
        let _ = fs::remove_dir(&self.folder);
    }
}

impl SetFolders {
    /// Unpacks those of the sets that are streams.
    ///
    /// # Errors
    /// JET_errInvalidPath for a file that is no stream and for names that are none; JET_errFileIOBeyondEOF for a stream that
    /// breaks off; JET_errInvalidParameter for standard input twice; those of the disk.
    pub(super) fn open(sets: &[PathBuf], to: &Path, out: &Output<'_>) -> CommandResult<Self> {
        let mut opened = Self { folders: Vec::new(), unpacked: Vec::new() };
        if sets.iter().filter(|set| set.as_os_str() == STANDARD_INPUT).count() > 1 {
            return Err(
                Failure::from(JetError::INVALID_PARAMETER).with_detail("standard input is one stream")
            );
        }
        for set in sets {
            let from_input = set.as_os_str() == STANDARD_INPUT;
            let folder = if from_input {
                opened.unpack(&mut io::stdin().lock(), Path::new("standard input"), to, out)?
            } else if set.is_file() {
                let mut file = File::open(set).map_err(|error| Failure::of_io(&error, set))?;
                opened.unpack(&mut file, set, to, out)?
            } else {
                set.clone()
            };
            opened.folders.push(folder);
        }
        Ok(opened)
    }

    fn unpack(
        &mut self,
        stream: &mut dyn Read,
        about: &Path,
        to: &Path,
        out: &Output<'_>,
    ) -> CommandResult<PathBuf> {
        let mut reader = Reader { stream, about, out };
        // One that is none is told before a folder is made.
        let first = reader.member()?;
        let folder = self.make_folder(to)?;
        let mut unpacked = Unpacked { folder: folder.clone(), names: BTreeSet::new() };
        let mut next = first;
        let mut buffer = vec![0; COPY_BYTES];
        while let Some(member) = next {
            if unpacked.names.len() >= FILES_MAX || unpacked.names.contains(&member.name) {
                let what = format!("has the file '{}' twice, or too many files", member.name);
                return Err(reader.refused(JetError::INVALID_PATH, what));
            }
            let path = folder.join(&member.name);
            let mut file = File::create_new(&path).map_err(|error| Failure::of_io(&error, &path))?;
            unpacked.names.insert(member.name);
            reader.copy(member.bytes, &mut file, &path, &mut buffer)?;
            next = reader.member()?;
        }
        self.unpacked.push(unpacked);
        Ok(folder)
    }

    /// A new folder on the disk of the destination.
    fn make_folder(&self, to: &Path) -> CommandResult<PathBuf> {
        let to = std::path::absolute(to)?;
        let above = to.ancestors().skip(1).find(|path| path.is_dir()).unwrap_or(Path::new("/"));
        let name = format!(".eseutil-stream-{}-{}", std::process::id(), self.unpacked.len());
        let folder = above.join(name);
        // What is in the stream is for whoever unpacks it.
        DirBuilder::new().mode(0o700).create(&folder).map_err(|error| Failure::of_io(&error, &folder))?;
        Ok(folder)
    }
}

/// Reads a stream.
struct Reader<'s, 'a> {
    stream: &'s mut dyn Read,
    about: &'s Path,
    out: &'s Output<'a>,
}

impl Reader<'_, '_> {
    fn refused(&self, jet: JetError, what: impl Into<String>) -> Failure {
        Failure::of_file(jet, self.about).with_detail(what)
    }

    fn cut(&self, error: &io::Error) -> Failure {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return self
                .refused(JetError::FILE_IO_BEYOND_EOF, "breaks off: the backup was not written to its end");
        }
        Failure::of_io(error, self.about)
    }

    /// The next file; `None` at the end that the writer gave the stream.
    fn member(&mut self) -> CommandResult<Option<Member>> {
        let mut block = [0; BLOCK_BYTES];
        self.stream.read_exact(&mut block).map_err(|error| self.cut(&error))?;
        match tar::member(&block) {
            Ok(None) => Ok(None),
            Ok(Some(member)) => Ok(Some(member)),
            Err(what) => Err(self.refused(JetError::INVALID_PATH, what)),
        }
    }

    fn copy(&mut self, bytes: u64, file: &mut File, path: &Path, buffer: &mut [u8]) -> CommandResult {
        let mut left = bytes;
        while left > 0 {
            self.out.go_on()?;
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let part = buffer.get_mut(..count).unwrap_or_default();
            self.stream.read_exact(part).map_err(|error| self.cut(&error))?;
            file.write_all(part).map_err(|error| Failure::of_io(&error, path))?;
            left -= count as u64;
        }
        let mut padding = [0; BLOCK_BYTES];
        let over = tar::padding(bytes);
        let padding = padding.get_mut(..over).unwrap_or_default();
        self.stream.read_exact(padding).map_err(|error| self.cut(&error))
    }
}
