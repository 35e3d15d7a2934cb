//! Walks a tree and checks every invariant of spec 02 §8 on the way.

use ese_engine::cache::PageGuard;
use ese_format::node::NodeFlags;
use ese_format::page::{PageFlags, PageView};

use crate::stage::{Keys, OBJID, ROOT, Stage, Stored};

struct Walk<'s> {
    stage: &'s Stage,
    leaves: Vec<(u32, u32, u32)>,
    depth: Option<usize>,
    nodes: Vec<Stored>,
    pages: usize,
}

pub(crate) fn walk(stage: &Stage) -> Vec<Stored> {
    let mut walk = Walk { stage, leaves: Vec::new(), depth: None, nodes: Vec::new(), pages: 0 };
    walk.page(ROOT, 1, Vec::new(), None);
    walk.check_links();
    walk.check_order();
    assert_eq!(
        walk.pages,
        stage.pages.used() + 1,
        "every page that was taken is in the tree, or was given back"
    );
    walk.nodes
}

impl Walk<'_> {
    /// A page whose bookmarks are at or above `low` and below `high`; none is above everything.
    fn page(&mut self, number: u32, level: usize, low: Vec<u8>, high: Option<Vec<u8>>) {
        let page: PageGuard = self.stage.file.latch(number).unwrap();
        let view = PageView::parse(page.view().bytes(), page.view().size(), number).unwrap();
        let flags = view.flags();
        self.pages += 1;
        assert_eq!(view.objid(), OBJID);
        assert!(view.dbtime() <= self.stage.map.dbtime());
        assert_eq!(flags.contains(PageFlags::ROOT), number == ROOT);
        assert!(!flags.intersects(PageFlags::EMPTY | PageFlags::PRE_INIT));
        self.check_lines(&view);
        if flags.contains(PageFlags::LEAF) {
            assert!(!flags.contains(PageFlags::PARENT_OF_LEAF));
            assert_eq!(*self.depth.get_or_insert(level), level, "all leaves are at one depth");
            assert!(number == ROOT || view.line_count() > 0, "leaf {number} has no node");
            self.leaves.push((number, view.previous(), view.next()));
            for node in view.nodes() {
                let node = node.unwrap();
                let (key, data) = (node.key().to_vec(), node.data.to_vec());
                let duplicates = self.stage.tree.tree().has_duplicate_keys();
                let whole = if duplicates { [&key[..], &data[..]].concat() } else { key.clone() };
                assert!(whole >= low, "page {number}: below its left separator");
                assert!(high.as_ref().is_none_or(|high| whole < *high), "page {number}: above its separator");
                self.nodes.push(Stored { key, data, deleted: node.is_deleted() });
            }
            return;
        }
        assert_eq!((view.previous(), view.next(), view.uncommitted_free_bytes()), (0, 0, 0));
        let lines = view.line_count();
        assert!(lines > 0, "internal page {number} has no node");
        let mut low = low;
        for line in 0..lines {
            let node = view.node(line).unwrap();
            let key = node.key().to_vec();
            assert!(!node.flags.intersects(NodeFlags::VERSIONED | NodeFlags::DELETED));
            let above = if line + 1 == lines {
                assert_eq!(
                    high.clone().unwrap_or_default(),
                    key,
                    "the last key of page {number} is its parent's"
                );
                high.clone()
            } else {
                assert!(!key.is_empty() && key > low, "separators ascend on page {number}");
                Some(key)
            };
            let child = node.child_page().unwrap();
            let is_leaf = self.stage.file.latch(child).unwrap().view().flags().contains(PageFlags::LEAF);
            assert_eq!(flags.contains(PageFlags::PARENT_OF_LEAF), is_leaf);
            self.page(child, level + 1, std::mem::take(&mut low), above.clone());
            low = above.unwrap_or_default();
        }
    }

    /// Prefixes are used where they help, never on the root; the reserve is the sum of what rollbacks may claim or more.
    fn check_lines(&self, view: &PageView<'_>) {
        let prefix = view.key_prefix().unwrap();
        let mut claims = 0;
        for node in view.nodes() {
            let node = node.unwrap();
            let key = node.key();
            let common = key.common_prefix(prefix.into());
            let expected = if common > 2 { common } else { 0 };
            assert_eq!(
                node.prefix.len(),
                expected,
                "page {}: a node uses all of the prefix it can",
                view.number()
            );
            if node.flags.contains(NodeFlags::VERSIONED) && view.flags().contains(PageFlags::LEAF) {
                claims += crate::model::claim(self.stage, &key.to_vec(), node.data.len());
            }
        }
        assert!(view.uncommitted_free_bytes() >= claims, "page {}: room for every rollback", view.number());
        assert!(view.uncommitted_free_bytes() <= view.free_bytes());
    }

    fn check_links(&self) {
        for (index, (page, previous, next)) in self.leaves.iter().enumerate() {
            let before = index.checked_sub(1).map_or(0, |before| self.leaves[before].0);
            let after = self.leaves.get(index + 1).map_or(0, |leaf| leaf.0);
            assert_eq!((*previous, *next), (before, after), "links of leaf {page}");
        }
    }

    fn check_order(&self) {
        let duplicates = self.stage.tree.tree().has_duplicate_keys();
        let bookmark =
            |node: &Stored| (node.key.clone(), if duplicates { node.data.clone() } else { Vec::new() });
        for pair in self.nodes.windows(2) {
            assert!(bookmark(&pair[0]) < bookmark(&pair[1]), "nodes ascend");
        }
        assert!(duplicates == (self.stage_keys() == Keys::Duplicates));
    }

    fn stage_keys(&self) -> Keys {
        if self.stage.tree.tree().has_duplicate_keys() { Keys::Duplicates } else { Keys::Unique }
    }
}
