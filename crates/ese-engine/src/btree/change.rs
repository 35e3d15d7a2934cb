//! What is asked of a tree that is changed, where keys and data are not enough.

use crate::apply::DeltaWidth;

/// What a lock of a node keeps others from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// From changing it.
    Read,
    /// From changing and from locking it.
    Write,
}

/// Whether the before-image of a version is in the log already (UndoInfo, spec 06 §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoImage {
    /// It is not; the undo logs it.
    Pending,
    /// It is.
    Logged,
}

/// A version that is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UndoneVersion<'a> {
    /// Its id.
    pub rceid: u32,
    /// The transaction level it was made at.
    pub level: u8,
    /// Key of its node.
    pub key: &'a [u8],
    /// Data of its node in trees with duplicate keys, else empty.
    pub data: &'a [u8],
    /// What it did.
    pub change: UndoneChange<'a>,
}

/// What the version that is taken back did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoneChange<'a> {
    /// It inserted the node, or cleared its deleted flag.
    Insert,
    /// It replaced the data.
    Replace {
        /// The data before.
        before: &'a [u8],
        /// Bytes that the node's data had at most.
        max_bytes: usize,
        /// Bytes of the page that the replace set aside for rollbacks; negative when it took of those set aside before
        /// (cbDelta, docs/format/undo-info.md).
        set_aside: isize,
        /// Whether `before` is in the log.
        image: UndoImage,
    },
    /// It set the deleted flag.
    FlagDelete {
        /// Whether an UndoInfo is in the log.
        image: UndoImage,
    },
    /// It added `delta`.
    Delta {
        /// Offset of the number.
        offset: u16,
        /// What was added.
        delta: i64,
        /// Bytes of the number.
        width: DeltaWidth,
    },
}

/// What a cleanup took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Nodes removed.
    pub nodes: u32,
    /// Pages given back.
    pub pages: u32,
}
