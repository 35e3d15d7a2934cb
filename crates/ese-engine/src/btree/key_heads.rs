//! The first bytes of a page's keys, side by side: what a search looks at first.
//!
//! A binary search over the nodes of a page touches a tag, a node and a key at every step, each somewhere else in the page.
//! Pages that are read often between two changes get an array of eight bytes of each key, behind the bytes that all of
//! them share: most searches end there and look at one node.
//!
//! Invariant: the heads are of the page as it is; whoever latches it for writing forgets them.

use std::ops::Range;

use ese_format::node::KeyRef;
use ese_format::page::{IndexedNodes, PageFlags, PageView};

/// Reads of a page since its last change that make the heads worth their cost.
pub(crate) const READS_BEFORE_HEADS: u32 = 4;

/// The heads of a leaf take no more than one part in this many of its bytes. Of the few internal pages every one has them.
const SHARE_MAX: usize = 8;

/// The heads of the keys of a page.
#[derive(Debug)]
pub(crate) struct KeyHeads {
    /// What all keys begin with.
    common: Box<[u8]>,
    /// The same where it fits into a head, and a mask of its bits.
    common_head: Option<(u64, u64)>,
    heads: Box<[u64]>,
    /// Of an internal page: what it takes to descend without looking at the page.
    children: Option<Children>,
}

/// Where the lines of an internal page lead.
#[derive(Debug)]
struct Children {
    /// Bytes of each key behind the common ones, those that have more than a head among them as [`BEYOND_HEAD`].
    lengths: Box<[u8]>,
    pages: Box<[u32]>,
    are_leaves: bool,
}

impl Children {
    /// Those of a page, of whose nodes `count` have a key, each with `shared` bytes before its head.
    fn of(page: &PageView<'_>, nodes: &IndexedNodes<'_>, count: usize, shared: usize) -> Option<Self> {
        let (mut lengths, mut pages) = (Vec::with_capacity(count), Vec::with_capacity(nodes.len()));
        for line in 0..nodes.len() {
            let node = nodes.get(line).ok()?;
            pages.push(node.child_page().ok()?);
            if line < count {
                lengths.push(length_behind(node.key().len() - shared));
            }
        }
        let are_leaves = page.flags().contains(PageFlags::PARENT_OF_LEAF);
        Some(Self { lengths: lengths.into_boxed_slice(), pages: pages.into_boxed_slice(), are_leaves })
    }
}

/// The length of what does not fit into a head.
const BEYOND_HEAD: u8 = 9;

/// A length behind the common bytes, as far as it matters.
#[inline]
fn length_behind(length: usize) -> u8 {
    length.min(usize::from(BEYOND_HEAD)) as u8
}

/// A child, and whether it is a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChildPage {
    pub(crate) number: u32,
    pub(crate) is_leaf: bool,
}

/// The first eight bytes of a key, zeros behind its end.
#[inline]
fn head(key: KeyRef<'_>) -> u64 {
    if key.prefix.is_empty()
        && let Some(bytes) = key.suffix.first_chunk()
    {
        return u64::from_be_bytes(*bytes);
    }
    head_of_few(key)
}

/// The head of a key's bytes behind the first `count`.
#[inline]
fn head_behind(key: KeyRef<'_>, count: usize) -> u64 {
    // The last eight bytes, without those of them that are not behind.
    if key.prefix.is_empty()
        && let Some(left) = key.suffix.len().checked_sub(count)
        && (1..size_of::<u64>()).contains(&left)
        && let Some(bytes) = key.suffix.last_chunk()
    {
        return u64::from_be_bytes(*bytes) << (8 * (size_of::<u64>() - left));
    }
    let rest = key.skip(count);
    let length = rest.suffix.len();
    if rest.prefix.is_empty() && (1..size_of::<u64>()).contains(&length) {
        let bytes = rest.suffix.iter().fold(0, |head, byte| head << 8 | u64::from(*byte));
        return bytes << (8 * (size_of::<u64>() - length));
    }
    head(rest)
}

fn head_of_few(key: KeyRef<'_>) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(key.prefix.iter().chain(key.suffix)).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(bytes)
}

impl KeyHeads {
    /// The heads of a page's keys; `None` for a page that would not gain by them, or has a node that is not in order.
    /// The last node of an internal page at the right edge has no key, and no head.
    pub(crate) fn of(page: &PageView<'_>) -> Option<Self> {
        let nodes = page.indexed_nodes().ok()?;
        let key = |line: usize| {
            let (prefix, suffix) = nodes.stored_key(line)?;
            Some(KeyRef::new(nodes.prefix().get(..prefix)?, suffix))
        };
        let count = nodes.len() - usize::from(key(nodes.len().checked_sub(1)?)?.is_empty());
        let last = key(count.checked_sub(1)?)?;
        let is_leaf = page.flags().contains(PageFlags::LEAF);
        if is_leaf && size_of::<u64>() * count > page.size().bytes() / SHARE_MAX {
            return None;
        }
        let shared = key(0)?.common_prefix(last);
        let common = last.take(shared).to_vec().into_boxed_slice();
        let mut heads = Vec::with_capacity(count);
        for line in 0..count {
            heads.push(head_behind(key(line)?, shared));
        }
        let children = if is_leaf { None } else { Children::of(page, &nodes, count, shared) };
        let common_head = (shared <= size_of::<u64>()).then(|| {
            let mask = if shared == 0 { 0 } else { u64::MAX << (8 * (size_of::<u64>() - shared)) };
            (head(KeyRef::from(&*common)), mask)
        });
        Some(Self { common, common_head, heads: heads.into_boxed_slice(), children })
    }

    /// Whether these are of an internal page, and say where its lines lead.
    pub(crate) fn has_children(&self) -> bool {
        self.children.is_some()
    }

    /// The child to descend to with a key: that of the first line whose separator is above it. `None` where the heads do
    /// not tell.
    #[inline]
    pub(crate) fn child_towards(&self, key: &[u8]) -> Option<ChildPage> {
        let children = self.children.as_ref()?;
        let like = self.lines_like(KeyRef::from(key));
        let mut line = like.start;
        if !like.is_empty() {
            let length = length_behind(key.len().checked_sub(self.common.len())?);
            let lengths = children.lengths.get(like)?;
            if length == BEYOND_HEAD || lengths.contains(&BEYOND_HEAD) {
                return None;
            }
            // Keys that begin alike are in the order of their lengths: what is behind the shorter one's end are zeros.
            line += lengths.iter().take_while(|other| **other <= length).count();
        }
        let number = children.pages.get(line).or(children.pages.last())?;
        Some(ChildPage { number: *number, is_leaf: children.are_leaves })
    }

    /// The lines whose keys begin as this one does: those before them are below it, those behind them above it.
    #[inline]
    pub(crate) fn lines_like(&self, key: KeyRef<'_>) -> Range<usize> {
        let shared = self.common.len();
        let begins_alike = if let Some((common, mask)) = self.common_head
            && key.prefix.is_empty()
            && key.suffix.len() >= size_of::<u64>()
        {
            (head(key) ^ common) & mask == 0
        } else if key.prefix.is_empty() {
            key.suffix.get(..shared) == Some(&*self.common)
        } else {
            key.take(shared) == KeyRef::from(&*self.common)
        };
        if !begins_alike {
            let at = if key < KeyRef::from(&*self.common) { 0 } else { self.heads.len() };
            return at..at;
        }
        let sought = head_behind(key, shared);
        let first = self.heads.partition_point(|head| *head < sought);
        let behind = self.heads.get(first..).unwrap_or_default();
        let like = behind.iter().take_while(|head| **head == sought).count();
        first..first + like
    }
}

#[cfg(test)]
mod tests {
    use ese_format::node::{NodeFlags, NodeImage};
    use ese_format::page::{NewPage, PageMut, ReservedTagForm};
    use ese_format::page_size::PageSize;

    use super::*;
    use crate::btree::search::{first_among, line_below};

    /// A page with these keys, a fifth of them stored against a prefix.
    fn page_of(keys: &[Vec<u8>], flags: PageFlags) -> Vec<u8> {
        let mut bytes = vec![0; PageSize::K8.bytes()];
        let new = NewPage { objid: 1, dbtime: 1, flags, reserved_tags: ReservedTagForm::Implied };
        let mut page = PageMut::create(&mut bytes, PageSize::K8, 7, new).unwrap();
        let prefix = keys.get(keys.len() / 2).cloned().unwrap_or_default();
        page.set_external_header(&[&prefix]).unwrap();
        for (line, key) in keys.iter().enumerate() {
            let data = (line as u32 + 1).to_le_bytes();
            let image = NodeImage::for_page(KeyRef::from(key.as_slice()), &data, &prefix).unwrap();
            page.insert_line(line, &image.parts(&mut [0; 4]), image.flags(NodeFlags::empty())).unwrap();
        }
        bytes
    }

    /// Keys that share beginnings, with ends of all lengths and with zeros at their ends.
    fn keys(seed: u64, count: usize) -> Vec<Vec<u8>> {
        let mut state = seed;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut keys: Vec<Vec<u8>> = (0..count)
            .map(|_| {
                let mut key = vec![0x7F; 1 + random(3) as usize];
                key.extend((0..random(14)).map(|_| [0, 1, 0x80, 0xFF][random(4) as usize]));
                key
            })
            .collect();
        keys.sort();
        keys.dedup();
        keys
    }

    #[test]
    fn a_search_with_heads_ends_where_one_without_does() {
        let (mut searches, mut told) = (0, 0);
        for seed in 0..200 {
            let stored = keys(seed, 60);
            let leaf = page_of(&stored, PageFlags::LEAF);
            let leaf = PageView::parse(&leaf, PageSize::K8, 7).unwrap();
            let mut separators = stored.clone();
            separators.push(Vec::new());
            let internal = page_of(&separators, PageFlags::PARENT_OF_LEAF);
            let internal = PageView::peek(&internal, PageSize::K8, 7).unwrap();
            let nodes = internal.indexed_nodes().unwrap();
            let (leaf_heads, heads) = (KeyHeads::of(&leaf).unwrap(), KeyHeads::of(&internal).unwrap());
            for sought in
                keys(seed + 1000, 100).iter().chain(&stored).chain([&vec![], &vec![0x7E], &vec![0x80]])
            {
                for data in [None, Some(&[][..]), Some(&[1, 0, 0, 0][..]), Some(&[9][..])] {
                    let plain = first_among(&leaf, None, sought, data).unwrap();
                    assert_eq!(
                        first_among(&leaf, Some(&leaf_heads), sought, data).unwrap(),
                        plain,
                        "{sought:?}"
                    );
                    let data = data.unwrap_or_default();
                    let plain = line_below(&nodes, None, sought, data).unwrap();
                    if data.is_empty()
                        && let Some(child) = heads.child_towards(sought)
                    {
                        let there = nodes.get(plain).unwrap().child_page().unwrap();
                        assert_eq!(child, ChildPage { number: there, is_leaf: true }, "{sought:?}");
                        told += 1;
                    }
                    assert_eq!(line_below(&nodes, Some(&heads), sought, data).unwrap(), plain, "{sought:?}");
                    searches += 2;
                }
            }
        }
        assert!(searches > 100_000);
        assert!(told > 10_000, "{told} of {searches} searches were decided by the heads");
    }

    #[test]
    fn a_page_without_keys_has_no_heads() {
        let empty = page_of(&[], PageFlags::LEAF);
        assert!(KeyHeads::of(&PageView::peek(&empty, PageSize::K8, 7).unwrap()).is_none());
        let one = page_of(&[Vec::new()], PageFlags::PARENT_OF_LEAF);
        assert!(KeyHeads::of(&PageView::peek(&one, PageSize::K8, 7).unwrap()).is_none());
    }
}
