//! A full set and those behind it, as one: which logs there are together, and how far each database can be brought.
//!
//! Invariant: a log of several sets is the same in all of them, else it is a flaw; only sound logs in one unbroken line from
//! the first that a database needs are counted on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ese_format::error::JetError;
use ese_format::logtime::Logtime;

use super::{BackupSet, CopyForm, Flaw, SetDatabase, SetLog, range_text};
use crate::failure::Failure;

/// How far a database of a chain can be brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To the end of this log.
    Through {
        /// The log.
        generation: i32,
        /// When it was begun.
        created: Logtime,
    },
    /// Nowhere: this log is not there, or is damaged.
    Missing(i32),
    /// Nowhere: it is no backup copy.
    NoCopy,
    /// Nowhere: its trailer is damaged or another's.
    BadCopy,
}

/// Sets in their order.
#[derive(Debug, Default)]
pub(crate) struct Chain<'s> {
    pub(crate) sets: Vec<&'s BackupSet>,
    pub(crate) logs: BTreeMap<i32, &'s SetLog>,
    /// The newest copy of each database.
    pub(crate) databases: Vec<&'s SetDatabase>,
    pub(crate) flaws: Vec<Flaw>,
}

impl<'s> Chain<'s> {
    /// Takes in the next set.
    pub(crate) fn push(&mut self, set: &'s BackupSet) {
        self.sets.push(set);
        for (generation, log) in &set.logs {
            self.push_log(*generation, log);
        }
        for database in &set.databases {
            self.check_stream(database);
            match self.databases.iter_mut().find(|known| known.identity == database.identity) {
                Some(known) if known.marked == database.marked => {
                    let what = format!("is the same backup copy as {}", known.path.display());
                    let failure =
                        Failure::of_file(JetError::DATABASE_SIGN_IN_USE, &database.path).with_detail(what);
                    self.flaws.push(Flaw { failure });
                }
                // A later full set takes the place of an earlier one.
                Some(known) => *known = database,
                None => self.databases.push(database),
            }
        }
    }

    fn push_log(&mut self, generation: i32, log: &'s SetLog) {
        if let Some(first) = self.logs.values().next()
            && first.stream != log.stream
        {
            let what = format!("is of another log stream than {}", first.path.display());
            return self.flaw(JetError::BAD_LOG_SIGNATURE, log, what);
        }
        match self.logs.get(&generation) {
            Some(known) if known.created != log.created || known.previous_created != log.previous_created => {
                let what = format!("is another log of this generation than {}", known.path.display());
                self.flaw(JetError::GIVEN_LOG_FILE_IS_NOT_CONTIGUOUS, log, what);
            }
            // A sound one takes the place of a damaged one.
            Some(known) if known.is_sound || !log.is_sound => {}
            _ => {
                self.logs.insert(generation, log);
            }
        }
    }

    fn flaw(&mut self, jet: JetError, log: &SetLog, what: String) {
        self.flaws.push(Flaw { failure: Failure::of_file(jet, &log.path).with_detail(what) });
    }

    fn check_stream(&mut self, database: &SetDatabase) {
        let first = self.logs.values().next();
        if let Some(log) = first.filter(|log| log.page_size.is_some_and(|size| size != database.page_size)) {
            let what = format!(
                "has pages of {} bytes, {} is of others",
                database.page_size.bytes(),
                log.path.display()
            );
            let failure = Failure::of_file(JetError::PAGE_SIZE_MISMATCH, &database.path).with_detail(what);
            self.flaws.push(Flaw { failure });
        }
        let foreign = first.filter(|log| log.stream != database.stream);
        if let (Some(log), true) = (foreign, database.form != CopyForm::Ordinary) {
            let what = format!("belongs to another log stream than {}", log.path.display());
            let jet = JetError::DATABASE_PATCH_FILE_MISMATCH;
            self.flaws.push(Flaw { failure: Failure::of_file(jet, &database.path).with_detail(what) });
        }
    }

    /// How far a database can be brought with the logs of the sets.
    pub(crate) fn reach(&self, database: &SetDatabase) -> Reach {
        match database.form {
            CopyForm::Ordinary => return Reach::NoCopy,
            _ if !database.is_sound => return Reach::BadCopy,
            _ => {}
        }
        let (low, high) = database.needed;
        let mut last: Option<&SetLog> = None;
        let mut generation = low;
        while let Some(log) = self.logs.get(&generation).filter(|log| {
            let follows = last.is_none_or(|last| last.created == log.previous_created);
            log.is_sound && follows && log.stream == database.stream
        }) {
            last = Some(log);
            generation = generation.saturating_add(1);
        }
        match last.filter(|last| last.generation >= high) {
            Some(last) => Reach::Through { generation: last.generation, created: last.created },
            None => Reach::Missing(generation),
        }
    }

    /// Notes logs that no database gets to: a restore would leave them out in silence. For when the last set is in.
    pub(crate) fn check_line(&mut self) {
        let mut cut_off = BTreeMap::new();
        for database in &self.databases {
            let Reach::Through { generation, .. } = self.reach(database) else { continue };
            let next = self.logs.range(generation.saturating_add(1)..).next();
            if let (Some(last), Some((_, log))) = (self.logs.get(&generation), next) {
                // What is wrong within a set was told when it was read.
                if log.is_sound && log.path.parent() != last.path.parent() {
                    cut_off.insert(log.generation, (*last, *log));
                }
            }
        }
        for (last, log) in cut_off.into_values() {
            if log.generation == last.generation.saturating_add(1) {
                let what = format!("does not follow {}", last.path.display());
                self.flaw(JetError::GIVEN_LOG_FILE_IS_NOT_CONTIGUOUS, log, what);
            } else {
                let gap = (last.generation.saturating_add(1), log.generation.saturating_sub(1));
                let what = format!("logs {} before it are in none of the sets", range_text(gap));
                self.flaw(JetError::MISSING_RESTORE_LOG_FILES, log, what);
            }
        }
    }

    /// Where the logs know a database to be: what the last log says that has it attached.
    pub(crate) fn logged_path(&self, database: &SetDatabase) -> Option<&'s str> {
        let mut logs = self.logs.values().rev();
        logs.find_map(|log| {
            log.attachments
                .iter()
                .find(|(identity, _)| *identity == database.identity)
                .map(|(_, path)| path.as_str())
        })
    }

    /// Folders of the sets.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        self.sets.iter().map(|set| set.folder.clone()).collect()
    }

    /// A gap between the logs of the sets, as a sentence.
    pub(crate) fn gap(&self) -> Option<String> {
        let generations: Vec<i32> = self.logs.keys().copied().collect();
        generations.windows(2).find_map(|pair| match pair {
            [before, after] if *after > before.saturating_add(1) => {
                let gap = (before.saturating_add(1), after.saturating_sub(1));
                Some(format!("logs {} are missing between the sets", range_text(gap)))
            }
            _ => None,
        })
    }
}
