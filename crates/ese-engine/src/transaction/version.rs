//! One version: what a transaction did to one node, and what it takes to see the node without it.
//!
//! Invariants: a version points to its transaction's state and is committed exactly when that is; its node's name and its
//! before-image never change; it leaves the store once.

use std::mem::size_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use ese_format::lgpos::Lgpos;
use ese_format::node::KeyRef;

use crate::btree::{DeltaWidth, VersionedChange, WritableTree};
use crate::transaction::short_bytes::ShortBytes;
use crate::transaction::state::TransactionState;

/// Bytes that a version takes beside key, data and before-image: itself, its place in the store and in its session.
const VERSION_OVERHEAD: usize = size_of::<Version>() + 64;

/// A position in one word, for atomics. Zero is none.
pub(super) fn pack(position: Lgpos) -> u64 {
    let generation = u64::from(position.generation.get().cast_unsigned());
    generation << 32 | u64::from(position.isec.get()) << 16 | u64::from(position.ib.get())
}

/// The position in a word.
pub(super) fn unpack(word: u64) -> Lgpos {
    Lgpos::new((word >> 32) as u32 as i32, (word >> 16) as u16, word as u16)
}

/// The name of a node, as a page or a caller has it: file, tree, key, and data in trees with duplicate keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeName<'a> {
    pub(super) file: u32,
    pub(super) objid: u32,
    pub(super) key: KeyRef<'a>,
    pub(super) data: &'a [u8],
}

impl<'a> NodeName<'a> {
    /// The node of this bookmark. `data` is ignored in trees with unique keys.
    pub(super) fn of(tree: &WritableTree, key: &'a [u8], data: &'a [u8]) -> Self {
        let data = if tree.tree().has_duplicate_keys() { data } else { &[] };
        Self { file: tree.map().file().id(), objid: tree.tree().objid(), key: KeyRef::from(key), data }
    }

    /// A number that equal names share.
    pub(super) fn hash(&self, seed: u64) -> u64 {
        const PRIME: u64 = 0x0000_0100_0000_01B3;
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
        let start = seed ^ (u64::from(self.file) << 32 | u64::from(self.objid));
        let key = self.key.prefix.iter().chain(self.key.suffix).fold(start, step);
        let mut mixed = self.data.iter().fold(key ^ (self.key.len() as u64) << 40, step);
        mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        mixed ^ (mixed >> 32)
    }
}

/// What was done, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Insert,
    Replace {
        before: Box<[u8]>,
        /// The most bytes that the node's data had in this transaction.
        max_bytes: u16,
        /// Bytes that the replace set aside for rollbacks (cbDelta, docs/format/undo-info.md).
        set_aside: i16,
    },
    FlagDelete,
    Delta {
        offset: u16,
        delta: i64,
        width: DeltaWidth,
    },
    WriteLock,
    ReadLock,
}

impl Change {
    /// The kept form; `reserved` is what earlier versions of the node keep room for.
    pub(super) fn of(change: VersionedChange<'_>, reserved: usize) -> Self {
        match change {
            VersionedChange::Insert => Self::Insert,
            VersionedChange::Replace { old, new_bytes } => {
                let before = old.len().max(reserved);
                let max_bytes = before.max(new_bytes);
                let set_aside = (max_bytes - new_bytes) as isize - (before - old.len()) as isize;
                // Data is shorter than a page, and a page has 32 KB at most.
                Self::Replace { before: old.into(), max_bytes: max_bytes as u16, set_aside: set_aside as i16 }
            }
            VersionedChange::FlagDelete => Self::FlagDelete,
            VersionedChange::Delta { offset, delta, width } => {
                let width = if width == 8 { DeltaWidth::Eight } else { DeltaWidth::Four };
                Self::Delta { offset, delta, width }
            }
            VersionedChange::WriteLock => Self::WriteLock,
            VersionedChange::ReadLock => Self::ReadLock,
        }
    }

    /// Whether redo finds what was there before on the page only if the page had not been written: the change needs an
    /// UndoInfo (spec 06 §3.4).
    pub(super) fn has_undo_image(&self) -> bool {
        matches!(self, Self::Replace { .. } | Self::FlagDelete)
    }
}

/// A version.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) rceid: u32,
    pub(super) file: u32,
    pub(super) objid: u32,
    pub(super) fdp: u32,
    /// Bytes of the key in `name`.
    key_bytes: u32,
    level: AtomicU8,
    gone: AtomicBool,
    /// Key and data, one behind the other.
    name: ShortBytes,
    pub(super) hash: u64,
    pub(super) transaction: Arc<TransactionState>,
    pub(super) change: Change,
    /// Position of its UndoInfo; zero while there is none.
    undo_image: AtomicU64,
}

// Versions are made and freed by the thousand: with the two counts of its Arc and a word of the allocator's one takes no
// more than 128 bytes, two lines of the processor's cache.
const _: () = assert!(size_of::<Version>() <= 104);

/// Who makes a version, and of which node.
#[derive(Debug)]
pub(super) struct NewVersion<'a> {
    pub(super) rceid: u32,
    pub(super) node: NodeName<'a>,
    pub(super) fdp: u32,
    pub(super) level: u8,
    pub(super) transaction: &'a Arc<TransactionState>,
}

impl Version {
    pub(super) fn new(new: &NewVersion<'_>, hash: u64, change: Change) -> Arc<Self> {
        Arc::new(Self {
            rceid: new.rceid,
            file: new.node.file,
            objid: new.node.objid,
            fdp: new.fdp,
            key_bytes: new.node.key.len() as u32,
            name: ShortBytes::of([new.node.key.prefix, new.node.key.suffix, new.node.data]),
            hash,
            transaction: Arc::clone(new.transaction),
            change,
            level: AtomicU8::new(new.level),
            undo_image: AtomicU64::new(0),
            gone: AtomicBool::new(false),
        })
    }

    /// The node's key.
    pub(super) fn key(&self) -> &[u8] {
        self.name.get(..self.key_bytes as usize).unwrap_or_default()
    }

    /// The node's data, in trees with duplicate keys.
    pub(super) fn data(&self) -> &[u8] {
        self.name.get(self.key_bytes as usize..).unwrap_or_default()
    }

    /// Bytes that a version of this node takes, with a before-image of this length.
    pub(super) fn cost_of(node: &NodeName<'_>, before: usize) -> usize {
        VERSION_OVERHEAD + node.key.len() + node.data.len() + before
    }

    /// Bytes it takes.
    pub(super) fn cost(&self) -> usize {
        let before = if let Change::Replace { before, .. } = &self.change { before.len() } else { 0 };
        VERSION_OVERHEAD + self.name.len() + before
    }

    /// Whether it is one of this node.
    pub(super) fn is_of(&self, node: &NodeName<'_>) -> bool {
        self.file == node.file
            && self.objid == node.objid
            && KeyRef::from(self.key()) == node.key
            && self.data() == node.data
    }

    /// The level of its transaction that it belongs to.
    pub(super) fn level(&self) -> u8 {
        self.level.load(Ordering::Acquire)
    }

    /// Its level was committed.
    pub(super) fn set_level(&self, level: u8) {
        self.level.store(level, Ordering::Release);
    }

    /// Where its before-image is in the log.
    pub(super) fn undo_image(&self) -> Option<Lgpos> {
        Some(self.undo_image.load(Ordering::Acquire)).filter(|word| *word != 0).map(unpack)
    }

    /// Its before-image is in the log here.
    pub(super) fn set_undo_image(&self, position: Lgpos) {
        self.undo_image.store(pack(position), Ordering::Release);
    }

    /// Takes note that it left the store. False when it had already.
    pub(super) fn leave(&self) -> bool {
        !self.gone.swap(true, Ordering::AcqRel)
    }

    /// Whether it left the store: taken back, or needed by nobody.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }
}
