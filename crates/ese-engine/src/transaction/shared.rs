//! What other threads read of a session.
//!
//! Invariant: a snapshot is published before it is used, and withdrawn after its last use; so is the place where a
//! transaction begins in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ese_format::lgpos::Lgpos;
use ese_format::node::NodeView;

use crate::btree::{Seen, Tree, Visibility};
use crate::transaction::SessionKind;
use crate::transaction::numbers::Numbers;
use crate::transaction::rules::Reader;
use crate::transaction::store::VersionStore;
use crate::transaction::version::{NodeName, pack, unpack};

/// The snapshot of a session that is in no transaction: whatever is committed.
const NO_SNAPSHOT: u64 = u64::MAX;

/// What other threads read of a session: its snapshot, and where its transaction begins in the log.
#[derive(Debug)]
pub(super) struct SessionShared {
    id: u64,
    procid: u16,
    kind: SessionKind,
    snapshot: AtomicU64,
    /// lgposStart, packed. Set before the Begin0 is appended, to a position not behind it.
    start: AtomicU64,
    /// It ended, but its transaction could not.
    abandoned: AtomicBool,
    store: Arc<VersionStore>,
}

impl SessionShared {
    pub(super) fn new(id: u64, procid: u16, kind: SessionKind, store: Arc<VersionStore>) -> Self {
        Self {
            id,
            procid,
            kind,
            snapshot: AtomicU64::new(NO_SNAPSHOT),
            start: AtomicU64::new(0),
            abandoned: AtomicBool::new(false),
            store,
        }
    }

    pub(super) fn procid(&self) -> u16 {
        self.procid
    }

    pub(super) fn kind(&self) -> SessionKind {
        self.kind
    }

    pub(super) fn snapshot(&self) -> u64 {
        self.snapshot.load(Ordering::SeqCst)
    }

    pub(super) fn is_in_transaction(&self) -> bool {
        self.snapshot() != NO_SNAPSHOT
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    pub(super) fn start(&self) -> Option<Lgpos> {
        Some(self.start.load(Ordering::SeqCst)).filter(|word| *word != 0).map(unpack)
    }

    pub(super) fn set_start(&self, start: Lgpos) {
        self.start.store(pack(start), Ordering::SeqCst);
    }

    pub(super) fn clear_start(&self) {
        self.start.store(0, Ordering::SeqCst);
    }

    /// Publishes the newest commit as its snapshot. Whoever looks for the oldest snapshot after a newer commit sees it.
    pub(super) fn take_snapshot(&self, numbers: &Numbers) {
        let mut newest = numbers.newest_commit();
        loop {
            self.snapshot.store(newest, Ordering::SeqCst);
            let now = numbers.newest_commit();
            if now == newest {
                return;
            }
            newest = now;
        }
    }

    pub(super) fn give_snapshot_up(&self) {
        self.snapshot.store(NO_SNAPSHOT, Ordering::SeqCst);
    }

    pub(super) fn reader(&self) -> Reader {
        Reader { session: self.id, snapshot: self.snapshot() }
    }
}

impl Visibility for SessionShared {
    fn see(&self, tree: &Tree, node: &NodeView<'_>) -> Seen {
        let data = if tree.has_duplicate_keys() { node.data } else { &[] };
        let name = NodeName { file: tree.file().id(), objid: tree.objid(), key: node.key(), data };
        self.store.see(&name, self.reader(), node)
    }

    fn sees_pages(&self) -> bool {
        self.store.count() == 0
    }
}
