//! The version store: the versions of all nodes, found by the node's name.
//!
//! Invariants: versions of one node are in the order in which they were made; they are looked at and added with the
//! node's leaf latched (exclusively, to add); a shard's lock is held for that look only; the bytes counted are those of
//! the versions held.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ese_format::node::NodeView;

use crate::btree::{Seen, VersionedChange};
use crate::lock_order::LeafMutex;
use crate::transaction::rules::{self, Reader};
use crate::transaction::version::{Change, NewVersion, NodeName, Version};

/// Parts of the store with a lock each.
const SHARDS: usize = 64;

/// The hasher of maps whose keys are hashes already.
#[derive(Clone, Copy, Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// All versions whose nodes' names have one hash, oldest first. More than one node in it is rare, and most nodes have
/// one version.
#[derive(Debug)]
enum Versions {
    One(Arc<Version>),
    Many(Vec<Arc<Version>>),
}

impl Versions {
    fn push(&mut self, version: Arc<Version>) {
        match self {
            Self::One(first) => *self = Self::Many(vec![Arc::clone(first), version]),
            Self::Many(versions) => versions.push(version),
        }
    }

    /// Takes a version out, and says whether others are left.
    fn remove(&mut self, version: &Version) -> bool {
        let is_it = |kept: &Arc<Version>| std::ptr::eq(&raw const **kept, version);
        match self {
            Self::One(only) => !is_it(only),
            Self::Many(versions) => {
                versions.retain(|kept| !is_it(kept));
                !versions.is_empty()
            }
        }
    }
}

impl Deref for Versions {
    type Target = [Arc<Version>];

    fn deref(&self) -> &[Arc<Version>] {
        match self {
            Self::One(version) => std::slice::from_ref(version),
            Self::Many(versions) => versions,
        }
    }
}

type Shard = HashMap<u64, Versions, BuildHasherDefault<AsIs>>;

/// The store.
#[derive(Debug)]
pub(super) struct VersionStore {
    shards: Box<[LeafMutex<Shard>]>,
    seed: u64,
    count: AtomicUsize,
    bytes: AtomicUsize,
}

impl VersionStore {
    pub(super) fn new(seed: u64) -> Self {
        let shards = (0..SHARDS).map(|_| LeafMutex::default()).collect();
        Self { shards, seed, count: AtomicUsize::new(0), bytes: AtomicUsize::new(0) }
    }

    /// Bytes of all versions.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Versions held. Who holds the latch of a page sees the versions of its nodes counted.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    fn shard(&self, hash: u64) -> &LeafMutex<Shard> {
        self.shards.get(shard_of(hash)).expect("the index is less than the number of shards")
    }

    /// Calls `look` with the versions of a node, newest first.
    fn with<R>(
        &self,
        node: &NodeName<'_>,
        look: impl FnOnce(&mut dyn Iterator<Item = &Arc<Version>>) -> R,
    ) -> R {
        let hash = node.hash(self.seed);
        let shard = self.shard(hash).lock();
        let versions = shard.get(&hash).map(Deref::deref).unwrap_or_default();
        look(&mut versions.iter().rev().filter(|version| version.is_of(node)))
    }

    /// Makes a version, unless another transaction's is in the way.
    pub(super) fn add(
        &self,
        new: &NewVersion<'_>,
        author: Reader,
        change: VersionedChange<'_>,
    ) -> Option<Arc<Version>> {
        let hash = new.node.hash(self.seed);
        let mut shard = self.shard(hash).lock();
        let entry = shard.entry(hash);
        let versions = if let Entry::Occupied(versions) = &entry { &**versions.get() } else { &[] };
        let of_node = || versions.iter().rev().map(Arc::as_ref).filter(|version| version.is_of(&new.node));
        if rules::conflicts(of_node(), author, &change) {
            return None;
        }
        let reserved = of_node().filter_map(reserved_bytes).max().unwrap_or(0);
        let version = Version::new(new, hash, Change::of(change, reserved));
        put_in(entry, Arc::clone(&version));
        self.count_in(&version);
        Some(version)
    }

    /// Adds a version that redo rebuilt.
    pub(super) fn restore(&self, new: &NewVersion<'_>, change: Change) -> Arc<Version> {
        let hash = new.node.hash(self.seed);
        let version = Version::new(new, hash, change);
        put_in(self.shard(hash).lock().entry(hash), Arc::clone(&version));
        self.count_in(&version);
        version
    }

    fn count_in(&self, version: &Version) {
        self.count.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(version.cost(), Ordering::Relaxed);
    }

    /// Takes a version out; nothing happens when it is out.
    pub(super) fn remove(&self, version: &Version) {
        let mut shard = self.shard(version.hash).lock();
        if !version.leave() {
            return;
        }
        let mut gone = None;
        if let Entry::Occupied(mut versions) = shard.entry(version.hash)
            && !versions.get_mut().remove(version)
        {
            gone = Some(versions.remove());
        }
        drop(shard);
        drop(gone);
        self.count.fetch_sub(1, Ordering::AcqRel);
        self.bytes.fetch_sub(version.cost(), Ordering::Relaxed);
    }

    /// Takes versions out; nothing happens with those that are out. Each shard is locked once.
    pub(super) fn remove_all(&self, versions: &[&Version]) {
        if versions.len() < SHARDS {
            versions.iter().for_each(|version| self.remove(version));
            return;
        }
        let mut gone = Vec::new();
        for group in by_shard(versions) {
            let Some(first) = group.first() else { continue };
            let (mut count, mut bytes) = (0, 0);
            let mut shard = self.shard(first.hash).lock();
            for version in group.iter().filter(|version| version.leave()) {
                count += 1;
                bytes += version.cost();
                if let Entry::Occupied(mut versions) = shard.entry(version.hash)
                    && !versions.get_mut().remove(version)
                {
                    gone.push(versions.remove());
                }
            }
            drop(shard);
            gone.clear();
            self.count.fetch_sub(count, Ordering::AcqRel);
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Takes out every version of a file.
    pub(super) fn remove_file(&self, file: u32) {
        for shard in &self.shards {
            let all: Vec<_> = shard
                .lock()
                .values()
                .flat_map(|versions| versions.iter())
                .filter(|version| version.file == file)
                .cloned()
                .collect();
            all.iter().for_each(|version| self.remove(version));
        }
    }

    /// Whether a transaction that is not committed made a version in this file.
    pub(super) fn is_changing(&self, file: u32) -> bool {
        let open = |version: &&Arc<Version>| version.file == file && version.transaction.commit().is_none();
        let changes =
            |shard: &Shard| shard.values().flat_map(|versions| versions.iter()).any(|version| open(&version));
        self.shards.iter().any(|shard| changes(&shard.lock()))
    }

    /// What a reader sees of a node that carries the version flag.
    pub(super) fn see(&self, name: &NodeName<'_>, reader: Reader, node: &NodeView<'_>) -> Seen {
        if self.count() == 0 {
            return rules::seen(std::iter::empty(), reader, node);
        }
        self.with(name, |versions| rules::seen(versions.map(Arc::as_ref), reader, node))
    }

    /// Whether there is any version of a node.
    pub(super) fn has_versions(&self, node: &NodeName<'_>) -> bool {
        self.count() != 0 && self.with(node, |versions| versions.next().is_some())
    }

    /// Whether a transaction of another session changed a node and is not over.
    pub(super) fn is_changed_by_another(&self, node: &NodeName<'_>, session: u64) -> bool {
        let is_change = |version: &Arc<Version>| {
            !matches!(version.change, Change::ReadLock | Change::WriteLock)
                && version.transaction.commit().is_none()
                && version.transaction.session != session
        };
        self.count() != 0 && self.with(node, |mut versions| (&mut versions).any(is_change))
    }

    /// The longest before-image among the uncommitted replaces of a node.
    pub(super) fn rollback_bytes(&self, node: &NodeName<'_>) -> usize {
        if self.count() == 0 {
            return 0;
        }
        let before = |version: &Arc<Version>| match &version.change {
            Change::Replace { before, .. } if version.transaction.commit().is_none() => before.len(),
            _ => 0,
        };
        self.with(node, |versions| versions.map(before).max().unwrap_or(0))
    }

    /// The versions of a node that may need their before-images in the log before its page is written.
    pub(super) fn with_undo_images(&self, node: &NodeName<'_>, found: &mut Vec<Arc<Version>>) {
        self.with(node, |versions| {
            found.extend(versions.filter(|version| version.change.has_undo_image()).cloned());
        });
    }
}

fn shard_of(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}

/// Versions by their shards: counted, then put to their places.
fn by_shard<'v>(versions: &[&'v Version]) -> Vec<Vec<&'v Version>> {
    let mut counts = [0; SHARDS];
    for version in versions {
        if let Some(count) = counts.get_mut(shard_of(version.hash)) {
            *count += 1;
        }
    }
    let mut groups: Vec<Vec<_>> = counts.iter().map(|count| Vec::with_capacity(*count)).collect();
    for version in versions {
        if let Some(group) = groups.get_mut(shard_of(version.hash)) {
            group.push(*version);
        }
    }
    groups
}

/// Adds a version behind the others of its hash.
fn put_in(entry: Entry<'_, u64, Versions>, version: Arc<Version>) {
    match entry {
        Entry::Occupied(mut versions) => versions.get_mut().push(version),
        Entry::Vacant(place) => {
            place.insert(Versions::One(version));
        }
    }
}

/// Bytes that an uncommitted replace keeps for its node.
fn reserved_bytes(version: &Version) -> Option<usize> {
    match version.change {
        Change::Replace { max_bytes, .. } if version.transaction.commit().is_none() => Some(max_bytes.into()),
        _ => None,
    }
}
