//! Who sees what, and who may change what: the rules of spec 09 §5.3 and §5.5 over the versions of one node.
//!
//! Invariants: nothing here waits, and nothing changes a version. Versions of a node come newest first.

use ese_format::node::NodeView;

use crate::btree::{DeltaWidth, Seen, VersionedChange};
use crate::transaction::version::{Change, Version};

/// A session as a reader or as one who is about to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reader {
    /// Number of the session.
    pub(super) session: u64,
    /// The newest commit that its snapshot holds; the greatest number outside of transactions.
    pub(super) snapshot: u64,
}

impl Reader {
    /// Whether it sees what this version did: its own changes, and what was committed before its begin.
    pub(super) fn sees(&self, version: &Version) -> bool {
        match version.transaction.commit() {
            Some(number) => number <= self.snapshot,
            None => version.transaction.session == self.session,
        }
    }
}

/// Whether a change of a node with these versions is in another transaction's way.
pub(super) fn conflicts<'v>(
    mut versions: impl Iterator<Item = &'v Version>,
    author: Reader,
    change: &VersionedChange<'_>,
) -> bool {
    versions.any(|version| {
        let shared = match change {
            VersionedChange::ReadLock => version.change == Change::ReadLock,
            VersionedChange::Delta { .. } => matches!(version.change, Change::Delta { .. }),
            _ => false,
        };
        !shared && !author.sees(version)
    })
}

/// What the reader sees of a node that has these versions.
pub(super) fn seen<'v>(
    versions: impl Iterator<Item = &'v Version>,
    reader: Reader,
    node: &NodeView<'_>,
) -> Seen {
    let mut deleted = node.is_deleted();
    let mut image: Option<Vec<u8>> = None;
    for version in versions {
        match (&version.change, reader.sees(version)) {
            // Deltas and read locks of several transactions lie one over the other.
            (Change::Delta { .. } | Change::ReadLock, true) => {}
            // Whoever made this saw everything below it.
            (_, true) => break,
            (Change::Insert, false) => deleted = true,
            (Change::FlagDelete, false) => deleted = false,
            (Change::Replace { before, .. }, false) => image = Some(before.to_vec()),
            (Change::Delta { offset, delta, width }, false) => {
                take_off(image.get_or_insert_with(|| node.data.to_vec()), *offset, *delta, *width);
            }
            (Change::WriteLock | Change::ReadLock, false) => {}
        }
    }
    match image {
        _ if deleted => Seen::Hidden,
        Some(image) => Seen::Image(image),
        None => Seen::AsStored,
    }
}

/// Takes a delta off the number at `offset`.
fn take_off(data: &mut [u8], offset: u16, delta: i64, width: DeltaWidth) {
    let Some(number) = data.get_mut(usize::from(offset)..) else { return };
    match width {
        DeltaWidth::Four => {
            if let Some(bytes) = number.first_chunk_mut::<4>() {
                *bytes = i32::from_le_bytes(*bytes).wrapping_sub(delta as i32).to_le_bytes();
            }
        }
        DeltaWidth::Eight => {
            if let Some(bytes) = number.first_chunk_mut::<8>() {
                *bytes = i64::from_le_bytes(*bytes).wrapping_sub(delta).to_le_bytes();
            }
        }
    }
}
