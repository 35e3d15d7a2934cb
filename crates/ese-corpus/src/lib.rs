//! Finds and unpacks the real files that tests run on.
//!
//! The corpus is the folder named by `ESENT_CORPUS`, or `shared/data` beside the project. It is never committed. A test
//! that needs it calls [`corpus`] and returns early with [`skipped`] where it is absent, so that a skip is always said.

#![forbid(unsafe_code)]

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

/// The folder of real files, when this machine has it.
#[must_use]
pub fn corpus() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("ESENT_CORPUS").map(PathBuf::from) {
        return path.is_dir().then_some(path);
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .ancestors()
        .map(|folder| folder.join("shared/data"))
        .find(|path| path.join("README.md").is_file())
}

/// The folder of fact tables beside the corpus, when this machine has it.
#[must_use]
pub fn facts() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("ESENT_FACTS").map(PathBuf::from) {
        return path.is_dir().then_some(path);
    }
    corpus().and_then(|data| data.parent().map(|shared| shared.join("facts"))).filter(|path| path.is_dir())
}

/// Says that a test did not run for want of the corpus.
pub fn skipped(test: &str) {
    report_line(format_args!("SKIPPED {test}: no corpus here (set ESENT_CORPUS to the data folder)"));
}

/// Writes a line to standard error past the capture of the test runner, so that a passing test can say what it counted.
pub fn report_line(line: fmt::Arguments<'_>) {
    // A run whose standard error is gone has nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Says what a test found, also when it passes: arguments as for `println!`.
#[macro_export]
macro_rules! report {
    ($($argument:tt)*) => {
        $crate::report_line(format_args!($($argument)*))
    };
}

/// A file of the corpus.
#[derive(Clone, Debug)]
pub struct CorpusFile {
    /// Path below the corpus, without `.gz`.
    pub name: String,
    /// Where the file is, `.gz` included.
    pub path: PathBuf,
}

impl CorpusFile {
    /// The whole content, unpacked.
    ///
    /// # Panics
    /// When the file cannot be read: a broken corpus is a broken test run.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let raw = fs::read(&self.path).unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        if self.path.extension().is_some_and(|extension| extension == "gz") {
            let mut unpacked = Vec::new();
            GzDecoder::new(&raw[..])
                .read_to_end(&mut unpacked)
                .unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
            unpacked
        } else {
            raw
        }
    }

    /// The file name without folders and without `.gz`.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// Writes the unpacked file into `folder` under its own name and returns the path.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn unpack_into(&self, folder: &Path) -> PathBuf {
        let target = folder.join(self.file_name());
        fs::write(&target, self.bytes()).unwrap_or_else(|error| panic!("{}: {error}", target.display()));
        target
    }
}

/// Every file below `folder`, in the order of their names.
#[must_use]
pub fn files(folder: &Path) -> Vec<CorpusFile> {
    fn walk(folder: &Path, base: &Path, found: &mut Vec<CorpusFile>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                walk(&path, base, found);
            } else if let Some(name) = path.strip_prefix(base).ok().and_then(Path::to_str) {
                let name = name.strip_suffix(".gz").unwrap_or(name).to_owned();
                found.push(CorpusFile { name, path });
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort_by(|left, right| left.name.cmp(&right.name));
    found
}

/// The one file `name` (without `.gz`) of the corpus, when it is there.
#[must_use]
pub fn file(corpus: &Path, name: &str) -> Option<CorpusFile> {
    [corpus.join(name), corpus.join(format!("{name}.gz"))]
        .into_iter()
        .find(|path| path.is_file())
        .map(|path| CorpusFile { name: name.to_owned(), path })
}

/// Databases, logs, checkpoints and flush maps among [`files`], told by their names.
#[must_use]
pub fn files_ending(folder: &Path, endings: &[&str]) -> Vec<CorpusFile> {
    files(folder)
        .into_iter()
        .filter(|file| endings.iter().any(|ending| file.name.ends_with(ending)))
        .collect()
}
