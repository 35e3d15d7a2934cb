//! A session as the log shows it: level, open macros, versions (spec 06 §9.6.1).
//!
//! Invariants: a session whose Begin0 was not seen is before the start of redo, and nothing of it changes a page; a
//! version is in the list until its level is committed to 0, rolled back, or its Undo was met.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ese_format::lgpos::Lgpos;

use super::version::{HeldPages, RedoVersion};
use super::version_list::{NewVersion, VersionList};

/// A session.
#[derive(Clone, Debug)]
pub struct RedoSession {
    procid: u16,
    level: u8,
    trx_begin0: u32,
    start: Lgpos,
    began: bool,
    versions: VersionList,
    /// Versions whose before-image must still come.
    deferred: BTreeSet<u32>,
    /// Records of open macros, by their dbtime.
    macros: BTreeMap<u64, Vec<Vec<u8>>>,
}

impl RedoSession {
    pub(super) fn new(procid: u16, held: &Arc<HeldPages>) -> Self {
        Self {
            procid,
            level: 0,
            trx_begin0: 0,
            start: Lgpos::NULL,
            began: false,
            versions: VersionList::new(held),
            deferred: BTreeSet::new(),
            macros: BTreeMap::new(),
        }
    }

    /// Session number.
    #[must_use]
    pub fn procid(&self) -> u16 {
        self.procid
    }

    /// Transaction level; 0 outside of a transaction.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Id of the transaction.
    #[must_use]
    pub fn trx_begin0(&self) -> u32 {
        self.trx_begin0
    }

    /// Where the transaction begins.
    #[must_use]
    pub fn start(&self) -> Lgpos {
        self.start
    }

    /// Its versions, oldest first.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = RedoVersion> + '_ {
        self.versions.all()
    }

    /// dbtimes of the macros that are begun and neither committed nor aborted.
    pub fn open_macros(&self) -> impl Iterator<Item = u64> + '_ {
        self.macros.keys().copied()
    }

    /// Whether a Begin0 was seen.
    pub(super) fn began(&self) -> bool {
        self.began
    }

    pub(super) fn begin0(&mut self, position: Lgpos, trx_begin0: u32, level: u8) {
        self.trx_begin0 = trx_begin0;
        self.start = position;
        self.began = true;
        self.level = level;
    }

    pub(super) fn begin(&mut self, level: u8) {
        if self.began {
            self.level = level;
        }
    }

    pub(super) fn refresh(&mut self, trx_begin0: u32) {
        if self.began {
            self.level = 1;
            self.trx_begin0 = trx_begin0;
        }
    }

    pub(super) fn commit(&mut self, level_to: u8) {
        if self.began {
            self.level = level_to;
            self.versions.lower_levels(level_to);
        }
    }

    pub(super) fn commit0(&mut self) {
        self.level = 0;
        self.start = Lgpos::NULL;
        self.versions.clear();
        self.deferred.clear();
    }

    pub(super) fn rollback(&mut self, levels: u8) {
        if !self.began {
            return;
        }
        self.level = self.level.saturating_sub(levels);
        if self.level == 0 {
            return self.commit0();
        }
        self.versions.forget_above(self.level);
    }

    pub(super) fn macro_begin(&mut self, dbtime: u64) {
        self.macros.insert(dbtime, Vec::new());
    }

    pub(super) fn macro_abort(&mut self, dbtime: u64) {
        self.macros.remove(&dbtime);
    }

    pub(super) fn open_macro(&mut self, dbtime: u64) -> Option<&mut Vec<Vec<u8>>> {
        self.macros.get_mut(&dbtime)
    }

    pub(super) fn take_macro(&mut self, dbtime: u64) -> Option<Vec<Vec<u8>>> {
        self.macros.remove(&dbtime)
    }

    /// Whether a version with this id is in the list.
    pub(super) fn has_version(&self, rceid: u32) -> bool {
        self.versions.has(rceid)
    }

    /// Adds a version; one with its id that is there already stays.
    pub(super) fn add_version(&mut self, version: &NewVersion<'_>) {
        self.deferred.remove(&version.rceid);
        self.versions.add(version);
    }

    /// Notes that the before-image of a version is in the log.
    pub(super) fn image_is_logged(&mut self, rceid: u32) {
        self.versions.image_is_logged(rceid);
    }

    /// A version whose page has the change already: its before-image must come in an UndoInfo.
    pub(super) fn defer(&mut self, rceid: u32) {
        if !self.has_version(rceid) {
            self.deferred.insert(rceid);
        }
    }

    /// Takes a version out that was undone.
    pub(super) fn remove_version(&mut self, rceid: u32) -> Option<RedoVersion> {
        self.deferred.remove(&rceid);
        self.versions.remove(rceid)
    }

    /// A version whose before-image did not come.
    pub(super) fn first_deferred(&self) -> Option<u32> {
        self.deferred.first().copied()
    }
}
