//! The versions of one session while redo runs. Nearly all of them are forgotten at the commit of their transaction, so
//! none is allocated by itself: their bytes lie behind each other, and what undo needs is put together when it asks.
//!
//! Invariants: the list is in the order of the versions' ids, which is that of the changes; those that came late, as one
//! that is rebuilt from its UndoInfo does, are kept apart and belong between the others; no id is there twice.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use ese_format::node::KeyRef;

use super::version::{HeldPages, ImageLogged, RedoChange, RedoVersion};
use crate::apply::{DeltaWidth, UndoneChange};

/// Bytes of versions that a list keeps room for when it was emptied, and up to which it is not made smaller.
const ROOM_KEPT: usize = 1 << 20;

/// A version as it is made; see [`RedoVersion`].
#[derive(Clone, Copy, Debug)]
pub(super) struct NewVersion<'a> {
    pub(super) dbid: u8,
    pub(super) fdp: u32,
    pub(super) objid: u32,
    pub(super) key: KeyRef<'a>,
    pub(super) data: Option<&'a [u8]>,
    pub(super) rceid: u32,
    pub(super) level: u8,
    pub(super) change: UndoneChange<'a>,
    pub(super) image: ImageLogged,
    pub(super) held_page: Option<u32>,
}

/// What was done, without the data before.
#[derive(Clone, Copy, Debug)]
enum KeptChange {
    Insert,
    FlagDelete,
    Replace,
    Delta { offset: u16, width: DeltaWidth, delta: i64 },
}

/// A version without its bytes. They begin at `start`: the key, the data of the bookmark, the data before.
#[derive(Clone, Copy, Debug)]
struct Kept {
    /// Its id, counted from the list's base.
    place: i32,
    rceid: u32,
    fdp: u32,
    objid: u32,
    held_page: Option<u32>,
    start: usize,
    key: usize,
    data: Option<usize>,
    before: usize,
    change: KeptChange,
    dbid: u8,
    level: u8,
    image: ImageLogged,
    /// It was undone; its place may be taken again.
    is_gone: bool,
}

impl Kept {
    /// How many bytes are its own.
    fn len(&self) -> usize {
        self.key + self.data.unwrap_or(0) + self.before
    }
}

/// The versions of a session.
#[derive(Clone, Debug)]
pub(super) struct VersionList {
    /// An id of this transaction: ids wrap around.
    base: u32,
    bytes: Vec<u8>,
    in_order: Vec<Kept>,
    late: BTreeMap<i32, Kept>,
    /// The size at which it is looked for bytes that no version needs any more.
    compact_at: usize,
    held: Arc<HeldPages>,
}

impl VersionList {
    pub(super) fn new(held: &Arc<HeldPages>) -> Self {
        Self {
            base: 0,
            bytes: Vec::new(),
            in_order: Vec::new(),
            late: BTreeMap::new(),
            compact_at: ROOM_KEPT,
            held: Arc::clone(held),
        }
    }

    fn place_of(&self, rceid: u32) -> i32 {
        rceid.wrapping_sub(self.base).cast_signed()
    }

    fn is_empty(&self) -> bool {
        self.in_order.is_empty() && self.late.is_empty()
    }

    fn get_mut(&mut self, rceid: u32) -> Option<&mut Kept> {
        let place = self.place_of(rceid);
        let found = match self.in_order.binary_search_by_key(&place, |kept| kept.place) {
            Ok(index) => self.in_order.get_mut(index).filter(|kept| !kept.is_gone),
            Err(_) => None,
        };
        found.or_else(|| self.late.get_mut(&place))
    }

    /// Whether a version with this id is in the list.
    pub(super) fn has(&self, rceid: u32) -> bool {
        let place = self.place_of(rceid);
        let in_order = self.in_order.binary_search_by_key(&place, |kept| kept.place).ok();
        in_order.and_then(|index| self.in_order.get(index)).is_some_and(|kept| !kept.is_gone)
            || self.late.contains_key(&place)
    }

    /// Adds a version; one with its id that is there already stays.
    pub(super) fn add(&mut self, version: &NewVersion<'_>) {
        if self.is_empty() {
            self.base = version.rceid;
            self.bytes.clear();
            self.compact_at = ROOM_KEPT;
        } else if self.size() > self.compact_at {
            self.compact();
        }
        let place = self.place_of(version.rceid);
        let is_newest = self.in_order.last().is_none_or(|last| last.place < place);
        if is_newest && self.late.is_empty() {
            let kept = self.keep(place, version);
            self.in_order.push(kept);
        } else if !self.has(version.rceid) {
            let kept = self.keep(place, version);
            match self.in_order.binary_search_by_key(&place, |kept| kept.place) {
                // The place of one that was undone.
                Ok(index) => {
                    if let Some(gone) = self.in_order.get_mut(index) {
                        *gone = kept;
                    }
                }
                Err(index) if index == self.in_order.len() => self.in_order.push(kept),
                Err(_) => match self.late.entry(place) {
                    Entry::Vacant(entry) => drop(entry.insert(kept)),
                    Entry::Occupied(_) => {}
                },
            }
        }
    }

    /// What the list takes in memory, those that are gone included.
    fn size(&self) -> usize {
        self.bytes.len() + self.in_order.len() * size_of::<Kept>()
    }

    /// Gives up what belongs to versions that are gone. The next time comes when as much was added as there is now.
    fn compact(&mut self) {
        self.in_order.retain(|kept| !kept.is_gone);
        let all = || self.in_order.iter().chain(self.late.values());
        let mut bytes = Vec::with_capacity(all().map(Kept::len).sum());
        for kept in self.in_order.iter_mut().chain(self.late.values_mut()) {
            let start = bytes.len();
            bytes.extend_from_slice(self.bytes.get(kept.start..kept.start + kept.len()).unwrap_or_default());
            kept.start = start;
        }
        self.bytes = bytes;
        self.in_order.shrink_to(self.in_order.len().saturating_mul(2));
        self.compact_at = self.size().saturating_mul(2).max(ROOM_KEPT);
    }

    /// Keeps the bytes of a version that will be in the list, and its page from being written.
    fn keep(&mut self, place: i32, version: &NewVersion<'_>) -> Kept {
        let start = self.bytes.len();
        let (change, before): (KeptChange, &[u8]) = match version.change {
            UndoneChange::Insert => (KeptChange::Insert, &[]),
            UndoneChange::FlagDelete => (KeptChange::FlagDelete, &[]),
            UndoneChange::Replace { before } => (KeptChange::Replace, before),
            UndoneChange::Delta { offset, width, delta } => (KeptChange::Delta { offset, width, delta }, &[]),
        };
        for piece in [version.key.prefix, version.key.suffix, version.data.unwrap_or_default(), before] {
            self.bytes.extend_from_slice(piece);
        }
        if let Some(page) = version.held_page {
            self.held.hold(version.dbid, page);
        }
        Kept {
            place,
            rceid: version.rceid,
            fdp: version.fdp,
            objid: version.objid,
            held_page: version.held_page,
            start,
            key: version.key.len(),
            data: version.data.map(<[u8]>::len),
            before: before.len(),
            change,
            dbid: version.dbid,
            level: version.level,
            image: version.image,
            is_gone: false,
        }
    }

    /// A version with its bytes.
    fn whole(&self, kept: &Kept) -> RedoVersion {
        let data_at = kept.start + kept.key;
        let before_at = data_at + kept.data.unwrap_or(0);
        let copy = |from: usize, count: usize| {
            self.bytes.get(from..from + count).map(<[u8]>::to_vec).unwrap_or_default()
        };
        RedoVersion {
            dbid: kept.dbid,
            fdp: kept.fdp,
            objid: kept.objid,
            key: copy(kept.start, kept.key),
            data: kept.data.map(|count| copy(data_at, count)),
            rceid: kept.rceid,
            level: kept.level,
            change: match kept.change {
                KeptChange::Insert => RedoChange::Insert,
                KeptChange::FlagDelete => RedoChange::FlagDelete,
                KeptChange::Replace => RedoChange::Replace { before: copy(before_at, kept.before) },
                KeptChange::Delta { offset, width, delta } => RedoChange::Delta { offset, width, delta },
            },
            image: kept.image,
            held_page: kept.held_page,
        }
    }

    /// All of them, oldest first.
    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = RedoVersion> + '_ {
        let in_order = self.in_order.iter().filter(|kept| !kept.is_gone);
        let mut kept: Vec<&Kept> = in_order.chain(self.late.values()).collect();
        kept.sort_by_key(|kept| kept.place);
        kept.into_iter().map(|kept| self.whole(kept))
    }

    /// Notes that the before-image of a version is in the log: its page may be written.
    pub(super) fn image_is_logged(&mut self, rceid: u32) {
        let Some(kept) = self.get_mut(rceid) else { return };
        kept.image = ImageLogged::Yes;
        let (dbid, held) = (kept.dbid, kept.held_page.take());
        self.held.release(held.map(|page| (dbid, page)));
    }

    /// Takes a version out that was undone.
    pub(super) fn remove(&mut self, rceid: u32) -> Option<RedoVersion> {
        let place = self.place_of(rceid);
        let kept = match self.late.remove(&place) {
            Some(kept) => kept,
            None => {
                let kept = self.get_mut(rceid)?;
                kept.is_gone = true;
                *kept
            }
        };
        self.held.release(kept.held_page.map(|page| (kept.dbid, page)));
        let version = self.whole(&kept);
        while self.in_order.pop_if(|last| last.is_gone).is_some() {}
        Some(version)
    }

    /// A commit to this level.
    pub(super) fn lower_levels(&mut self, level: u8) {
        for kept in self.in_order.iter_mut().chain(self.late.values_mut()) {
            kept.level = kept.level.min(level);
        }
    }

    /// Forgets the versions above a level: they were rolled back.
    pub(super) fn forget_above(&mut self, level: u8) {
        let held = &self.held;
        let stays = |kept: &Kept| {
            let stays = kept.level <= level && !kept.is_gone;
            if !stays && !kept.is_gone {
                held.release(kept.held_page.map(|page| (kept.dbid, page)));
            }
            stays
        };
        self.in_order.retain(stays);
        self.late.retain(|_, kept| stays(kept));
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        let kept = self.in_order.iter().filter(|kept| !kept.is_gone).chain(self.late.values());
        self.held.release(kept.filter_map(|kept| Some((kept.dbid, kept.held_page?))));
        self.in_order.clear();
        self.late.clear();
        self.bytes.clear();
        self.bytes.shrink_to(ROOM_KEPT);
        self.in_order.shrink_to(ROOM_KEPT / size_of::<Kept>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(rceid: u32, level: u8, key: &'static [u8]) -> NewVersion<'static> {
        NewVersion {
            dbid: 1,
            fdp: 5,
            objid: 7,
            key: KeyRef::from(key),
            data: None,
            rceid,
            level,
            change: UndoneChange::Replace { before: b"was" },
            image: ImageLogged::No,
            held_page: Some(rceid % 100),
        }
    }

    fn list() -> VersionList {
        VersionList::new(&Arc::default())
    }

    fn ids(list: &VersionList) -> Vec<u32> {
        list.all().map(|version| version.rceid).collect()
    }

    #[test]
    fn versions_come_out_in_the_order_of_their_ids_across_the_wrap_and_however_late() {
        let mut list = list();
        for rceid in [u32::MAX - 1, 4, 8, u32::MAX - 5, 6, 4] {
            list.add(&made(rceid, 1, b"k"));
        }
        assert_eq!(ids(&list), [u32::MAX - 5, u32::MAX - 1, 4, 6, 8]);
        assert!(list.has(6) && !list.has(5));
    }

    #[test]
    fn a_version_has_its_own_bytes() {
        let mut list = list();
        let bookmark = NewVersion { data: Some(b"data"), change: UndoneChange::Insert, ..made(1, 1, b"") };
        list.add(&NewVersion { key: KeyRef::new(b"pre", b"fix"), ..bookmark });
        list.add(&made(2, 1, b"other"));
        let [first, second] = list.all().collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(
            (&first.key[..], first.data.as_deref(), first.change),
            (&b"prefix"[..], Some(&b"data"[..]), RedoChange::Insert)
        );
        assert_eq!(
            (&second.key[..], second.data, second.change),
            (&b"other"[..], None, RedoChange::Replace { before: b"was".to_vec() })
        );
    }

    #[test]
    fn a_version_that_was_undone_is_gone_and_its_id_may_come_again() {
        let mut list = list();
        for rceid in 1..=4 {
            list.add(&made(rceid, 1, b"k"));
        }
        assert_eq!(list.remove(2).map(|version| version.rceid), Some(2));
        assert!(list.remove(2).is_none() && !list.has(2));
        list.add(&made(2, 1, b"again"));
        assert_eq!(ids(&list), [1, 2, 3, 4]);
        for rceid in [4, 3, 2, 1] {
            assert!(list.remove(rceid).is_some());
        }
        assert!(list.is_empty());
    }

    #[test]
    fn versions_that_come_and_go_above_one_that_stays_leave_nothing_behind() {
        let before = [7; 4000];
        let long = |rceid, level| NewVersion {
            change: UndoneChange::Replace { before: &before },
            ..made(rceid, level, b"key")
        };
        let mut list = list();
        for rceid in [1, 1000, 1002] {
            list.add(&long(rceid, 1));
        }
        list.add(&long(500, 1));
        for cycle in 0..5000_u32 {
            let newer = 2000 + cycle * 4;
            for rceid in [1001, newer, newer + 1, newer + 2] {
                list.add(&long(rceid, 2));
            }
            // One undone by itself, one between the others whose id comes again, the rest forgotten.
            assert!(list.remove(newer + 2).is_some() && list.remove(1000).is_some());
            list.add(&long(1000, 1));
            list.forget_above(1);
            assert!(
                list.bytes.capacity() <= 4 * ROOM_KEPT,
                "{} bytes in cycle {cycle}",
                list.bytes.capacity()
            );
        }
        assert_eq!(ids(&list), [1, 500, 1000, 1002]);
        assert!(list.all().all(|version| {
            version.key == b"key" && version.change == RedoChange::Replace { before: before.to_vec() }
        }));
    }

    #[test]
    fn places_of_undone_versions_below_a_newer_one_are_given_up() {
        let mut list = list();
        for rceid in 1..=100_000 {
            list.add(&made(rceid, 1, b"k"));
            assert!(rceid == 1 || list.remove(rceid - 1).is_some());
        }
        assert!(list.size() <= 2 * ROOM_KEPT, "{}", list.size());
        assert_eq!(ids(&list), [100_000]);
    }

    #[test]
    fn pages_are_held_as_long_as_a_version_needs_it() {
        let mut list = list();
        let held = Arc::clone(&list.held);
        for (rceid, level) in [(1, 1), (2, 2), (101, 2), (3, 3), (4, 3)] {
            list.add(&made(rceid, level, b"k"));
        }
        list.image_is_logged(2);
        assert!(!held.holds(1, 2) && held.holds(1, 3));
        list.lower_levels(2);
        list.forget_above(2);
        assert_eq!(ids(&list), [1, 2, 3, 4, 101]);
        list.remove(1);
        assert!(held.holds(1, 1), "a second version holds it");
        list.forget_above(1);
        assert!(ids(&list).is_empty() && !held.holds(1, 1) && !held.holds(1, 3));
        list.add(&made(9, 1, b"k"));
        list.clear();
        assert!(!held.holds(1, 9) && list.is_empty());
    }
}
