//! What all sessions that use one table share beyond its pages: the numbers given out, and who is changing which
//! record.
//!
//! Invariants: a number is given out once while the file is attached, whatever becomes of the transaction that drew it;
//! the locks here are taken before any latch or lock of a tree.

use once_cell::sync::OnceCell;
use std::collections::BTreeSet;

use parking_lot::Mutex;

use crate::lock_order::LeafMutex;

/// The shared state of one table, kept as long as its file is attached.
#[derive(Debug, Default)]
pub struct TableState {
    /// The autoincrement values.
    pub(crate) auto_increment: Mutex<Option<ReservedNumbers>>,
    /// The last number of a record in a table without a primary index.
    pub(crate) sequence: Mutex<Option<u32>>,
    /// The last long-value identifier given out, as a number.
    pub(crate) long_value_ids: Mutex<Option<u64>>,
    /// The tree of long values, where it was made since the file was attached: objid and root.
    pub(crate) long_values: OnceCell<(u32, u32)>,
    /// Held while the tree of long values is made.
    pub(crate) long_values_creation: Mutex<()>,
    /// Records with a replace prepared: number of the session and bookmark.
    pub(crate) prepared: LeafMutex<BTreeSet<(u16, Vec<u8>)>>,
}

/// Numbers that may be given out without touching the file again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReservedNumbers {
    /// The last one given out.
    pub(crate) last: u64,
    /// The last one that the file says may have been given out; `None` where the file does not say.
    pub(crate) reserved: Option<u64>,
    /// How many are reserved at the next time.
    pub(crate) batch: u64,
}
