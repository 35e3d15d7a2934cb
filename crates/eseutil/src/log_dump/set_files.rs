//! The files of a set: which generations there are, in which order they are read, which names are missing.
//!
//! Invariant: names are those on the disk; a generation that exists twice (five and eight digits) is read once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ese_format::log::names::{self, LogExtension, LogName};

use crate::command_line::GenerationRange;

/// One log of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SetFile {
    /// Full path.
    pub(super) path: PathBuf,
    /// Generation by the name; none for the current log.
    pub(super) generation: Option<u32>,
    /// Digits of the generation in the name.
    digits: u8,
}

/// The logs of one base name in one folder.
#[derive(Debug)]
pub(super) struct LogSet {
    base: String,
    extension: LogExtension,
    archives: BTreeMap<u32, SetFile>,
    current: Option<SetFile>,
}

impl LogSet {
    /// Looks for logs with the newer extension first; only when there are none, for those with the usual one.
    pub(super) fn find(folder: &Path, base: &str) -> io::Result<Self> {
        let mut sets = [LogExtension::Jtx, LogExtension::Log].map(|extension| Self {
            base: base.to_owned(),
            extension,
            archives: BTreeMap::new(),
            current: None,
        });
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let file_name = entry.file_name();
            let Some(name) = file_name.to_str().and_then(|name| names::parse(base, name)) else { continue };
            for set in &mut sets {
                set.add(&name, entry.path());
            }
        }
        let [jtx, log] = sets;
        Ok(if jtx.is_empty() { log } else { jtx })
    }

    fn add(&mut self, name: &LogName, path: PathBuf) {
        match *name {
            LogName::Current(extension) if extension == self.extension => {
                self.current = Some(SetFile { path, generation: None, digits: 0 });
            }
            LogName::Archived { generation, digits, extension } if extension == self.extension => {
                let generation = generation.unsigned_abs();
                let file = SetFile { path, generation: Some(generation), digits };
                let known = self.archives.entry(generation).or_insert_with(|| file.clone());
                if file.digits < known.digits {
                    *known = file;
                }
            }
            _ => {}
        }
    }

    /// Whether there is no log at all.
    pub(super) fn is_empty(&self) -> bool {
        self.archives.is_empty() && self.current.is_none()
    }

    /// The logs to read, in order. The current log belongs to an open range only.
    pub(super) fn in_range(&self, range: Option<GenerationRange>) -> impl Iterator<Item = &SetFile> {
        let (first, last) = range.map_or((0, None), |range| (range.first, range.last));
        let archives = self.archives.values().filter(move |file| {
            file.generation
                .is_some_and(|generation| generation >= first && last.is_none_or(|last| generation <= last))
        });
        archives.chain(self.current.iter().filter(move |_| last.is_none()))
    }

    /// The name of one missing log, or the names of a run of them in braces; written as `next`'s name is.
    pub(super) fn missing_names(&self, first: u32, last: u32, next: &SetFile) -> String {
        let (base, extension) = (&self.base, self.extension.log());
        let width = usize::from(next.digits);
        if first == last {
            format!("{base}{first:0width$X}.{extension}")
        } else {
            format!("{base}{{{first:0width$X} - {last:0width$X}}}.{extension}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> LogSet {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in names {
            fs::write(folder.path().join(name), []).expect("a temporary file");
        }
        LogSet::find(folder.path(), "edb").expect("the folder can be listed")
    }

    fn order(set: &LogSet, range: Option<GenerationRange>) -> Vec<String> {
        set.in_range(range)
            .filter_map(|file| Some(file.path.file_name()?.to_string_lossy().into_owned()))
            .collect()
    }

    #[test]
    fn archives_come_by_generation_and_the_current_log_last() {
        let set = set(&[
            "edb.log",
            "EDB0000a.log",
            "edb00009.LOG",
            "edb00100000.log",
            "edbtmp.log",
            "edbres00001.jrs",
        ]);
        assert_eq!(order(&set, None), ["edb00009.LOG", "EDB0000a.log", "edb00100000.log", "edb.log"]);
        let closed = GenerationRange { first: 0xA, last: Some(0xFF) };
        assert_eq!(order(&set, Some(closed)), ["EDB0000a.log"]);
        let open = GenerationRange { first: 0xA, last: None };
        assert_eq!(order(&set, Some(open)), ["EDB0000a.log", "edb00100000.log", "edb.log"]);
    }

    #[test]
    fn the_newer_extension_hides_the_usual_one() {
        assert_eq!(order(&set(&["edb.log", "edb00001.jtx"]), None), ["edb00001.jtx"]);
    }

    #[test]
    fn missing_logs_are_named_in_the_width_of_the_next() {
        let set = set(&["edb00001.log", "edb00004.log"]);
        let next = set.archives.get(&4).expect("it was written");
        assert_eq!(set.missing_names(2, 3, next), "edb{00002 - 00003}.log");
        assert_eq!(set.missing_names(3, 3, next), "edb00003.log");
    }
}
