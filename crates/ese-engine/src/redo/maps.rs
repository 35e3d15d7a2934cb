//! Redo maps: pages that cannot be redone now and must turn out not to matter (spec 06 §9.4).
//!
//! A page that reads as nothing, or lost an update, inside the required range was cut off or trimmed by a record that is
//! still to come. It is left alone from then on; if that record never comes, the first such error ends the recovery.

use std::collections::BTreeMap;

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;

/// Why a page is in a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedoMapKind {
    /// It is beyond the end of the file, all zero, or was cut off by a shrink.
    Zeroed,
    /// It lost an earlier update.
    BadDbtime,
    /// A snapshot took it back.
    DbtimeRevert,
}

/// A page in a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedoMapEntry {
    /// Why.
    pub kind: RedoMapKind,
    /// The record that met it first.
    pub position: Lgpos,
    /// The error it is when nothing excuses it.
    pub jet: JetError,
}

/// The maps of one database.
#[derive(Clone, Debug, Default)]
pub struct RedoMaps {
    pages: BTreeMap<u32, RedoMapEntry>,
}

impl RedoMaps {
    /// Whether no page is in a map.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Number of pages in the maps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// The entry of a page.
    #[must_use]
    pub fn get(&self, page: u32) -> Option<&RedoMapEntry> {
        self.pages.get(&page)
    }

    /// Puts a page in; an entry it has already stays.
    pub fn put(&mut self, page: u32, entry: RedoMapEntry) {
        self.pages.entry(page).or_insert(entry);
    }

    /// Takes a page out that is built anew.
    pub fn remove(&mut self, page: u32) {
        self.pages.remove(&page);
    }

    /// Takes out the pages `first..=last`: they were cut off or trimmed.
    pub fn clear(&mut self, first: u32, last: u32) {
        self.pages.retain(|page, _| !(first..=last).contains(page));
    }

    /// Takes the pages `first..=last` out of the map of reverted pages.
    pub fn clear_reverted(&mut self, first: u32, last: u32) {
        self.pages
            .retain(|page, entry| entry.kind != RedoMapKind::DbtimeRevert || !(first..=last).contains(page));
    }

    /// The page that was met first, with its entry.
    #[must_use]
    pub fn oldest(&self) -> Option<(u32, RedoMapEntry)> {
        self.pages.iter().min_by_key(|(_, entry)| entry.position).map(|(page, entry)| (*page, *entry))
    }
}
