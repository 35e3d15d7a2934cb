//! Versions that redo makes again for transactions that may have to be undone (spec 06 §7).

use std::collections::HashMap;

use crate::apply::{DeltaWidth, UndoneChange};
use crate::cache::HashByPage;
use crate::lock_order::LeafMutex;

/// What was done to a node, with what its undo needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedoChange {
    /// It was inserted.
    Insert,
    /// It was marked deleted.
    FlagDelete,
    /// Its data was replaced.
    Replace {
        /// The data before.
        before: Vec<u8>,
    },
    /// A counter changed.
    Delta {
        /// Offset of the counter.
        offset: u16,
        /// Its bytes.
        width: DeltaWidth,
        /// What was added.
        delta: i64,
    },
}

impl RedoChange {
    /// The change as [`crate::apply::undo`] takes it.
    #[must_use]
    pub fn undone(&self) -> UndoneChange<'_> {
        match self {
            Self::Insert => UndoneChange::Insert,
            Self::FlagDelete => UndoneChange::FlagDelete,
            Self::Replace { before } => UndoneChange::Replace { before },
            Self::Delta { offset, width, delta } => {
                UndoneChange::Delta { offset: *offset, width: *width, delta: *delta }
            }
        }
    }
}

/// Whether the before-image of a version is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageLogged {
    /// An UndoInfo has it, or none is ever needed.
    Yes,
    /// Its undo logs an UndoInfo first.
    No,
}

/// A version of a node, of a transaction that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedoVersion {
    /// Number of the database.
    pub dbid: u8,
    /// Root of the tree.
    pub fdp: u32,
    /// Object id of the tree.
    pub objid: u32,
    /// Key of the bookmark.
    pub key: Vec<u8>,
    /// Data of the bookmark; `None` in a tree with unique keys.
    pub data: Option<Vec<u8>>,
    /// Its id.
    pub rceid: u32,
    /// Transaction level.
    pub level: u8,
    /// What was done.
    pub change: RedoChange,
    /// Whether the before-image is in the log.
    pub image: ImageLogged,
    /// The page that was changed, where it may not be written before the before-image is in the log.
    pub held_page: Option<u32>,
}

/// Pages with uncommitted changes whose before-images are not in the log: written now, a second crash could not undo
/// them (spec 06 §3.2 W3; redo itself logs nothing).
#[derive(Debug, Default)]
pub struct HeldPages {
    /// How many versions hold a page, by database number and page.
    pages: LeafMutex<HashMap<(u8, u32), usize, HashByPage>>,
}

impl HeldPages {
    /// Whether a page of this database is held.
    #[must_use]
    pub fn holds(&self, dbid: u8, page: u32) -> bool {
        self.pages.lock().contains_key(&(dbid, page))
    }

    /// One more version holds this page.
    pub(super) fn hold(&self, dbid: u8, page: u32) {
        *self.pages.lock().entry((dbid, page)).or_insert(0) += 1;
    }

    /// Versions hold these pages no more: they are undone, committed, or their before-images are in the log.
    pub(super) fn release(&self, released: impl IntoIterator<Item = (u8, u32)>) {
        let mut released = released.into_iter().peekable();
        if released.peek().is_none() {
            return;
        }
        let mut pages = self.pages.lock();
        for held in released {
            if let Some(count) = pages.get_mut(&held) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    pages.remove(&held);
                }
            }
        }
    }
}
