//! A B+ tree from sorted entries: leaves are filled one after the other and written at once, then the levels above them.
//!
//! Invariants: entries come in ascending order of key; a tree whose entries fit one page is its root alone; the
//! separator of two pages is the first key of the right one (equal keys live to the right, spec 02 §5.3).

use anyhow::{Result, ensure};
use ese_format::checksum::seal_page;
use ese_format::node::{KeyRef, NodeFlags, NodeImage};
use ese_format::page::{FlushType, NewPage, PageFlags, PageMut, ReservedTagForm};
use ese_format::page_size::PageSize;
use ese_format::space::RootHeader;

/// A node to load.
pub(super) struct Entry {
    /// The key.
    pub(super) key: Vec<u8>,
    /// The data.
    pub(super) data: Vec<u8>,
}

/// Where the pages of a tree go.
#[derive(Clone, Copy)]
pub(super) struct PageRange {
    /// The root.
    pub(super) root: u32,
    /// The first page that is not the root.
    pub(super) next: u32,
    /// The last page that may be used.
    pub(super) last: u32,
}

/// Bytes kept free on every page: room for the space header should the page turn out to be the root.
const RESERVED_BYTES: usize = 20;
/// Bytes of an internal node of a row's tree: key, child, count and tag; for the estimate of internal pages.
const INTERNAL_NODE_BYTES: usize = 15;

type Put<'a> = dyn FnMut(u32, &[u8]) -> Result<()> + 'a;

/// A page that may be written: its lines, and what the level above has to know.
struct Child {
    number: u32,
    first_key: Vec<u8>,
}

/// One tree being loaded.
pub(super) struct Loader {
    size: PageSize,
    objid: u32,
    flags: PageFlags,
    range: PageRange,
    filling: Vec<Entry>,
    filling_bytes: usize,
    /// Leaves written so far.
    children: Vec<Child>,
}

impl Loader {
    pub(super) fn new(size: PageSize, objid: u32, flags: PageFlags, range: PageRange) -> Self {
        Self { size, objid, flags, range, filling: Vec::new(), filling_bytes: 0, children: Vec::new() }
    }

    /// Pages of the tree, the root and the internal ones not counted.
    pub(super) fn pages_taken(&self) -> u32 {
        self.children.len() as u32 + 1
    }

    /// About as many pages as the levels above the leaves will take.
    pub(super) fn internal_pages_to_come(&self) -> u32 {
        let per_page = (self.size.bytes() - 200) / INTERNAL_NODE_BYTES;
        (self.children.len() / per_page + 2 + self.children.len() / per_page / per_page) as u32
    }

    fn capacity(&self) -> usize {
        self.size.bytes() - self.size.header_bytes() - RESERVED_BYTES
    }

    /// Adds the next entry.
    pub(super) fn push(&mut self, entry: &Entry, put: &mut Put<'_>) -> Result<()> {
        let bytes = entry.key.len() + entry.data.len() + 6;
        ensure!(bytes <= self.capacity(), "an entry of {bytes} bytes does not fit a page");
        if self.filling_bytes + bytes > self.capacity() {
            let leaf = std::mem::take(&mut self.filling);
            self.filling_bytes = 0;
            // More entries follow, so there is a right sibling: the next page.
            self.write_leaf(&leaf, self.range.next + 1, put)?;
        }
        self.filling_bytes += bytes;
        self.filling.push(Entry { key: entry.key.clone(), data: entry.data.clone() });
        Ok(())
    }

    fn write_leaf(&mut self, entries: &[Entry], right: u32, put: &mut Put<'_>) -> Result<()> {
        let left = self.children.last().map_or(0, |child| child.number);
        let number = self.take_page()?;
        let first_key = entries.first().map(|entry| entry.key.clone()).unwrap_or_default();
        put(number, &self.page(number, self.flags | PageFlags::LEAF, entries, (left, right), None)?)?;
        self.children.push(Child { number, first_key });
        Ok(())
    }

    fn take_page(&mut self) -> Result<u32> {
        let number = self.range.next;
        ensure!(number <= self.range.last, "the tree outgrows its extent");
        self.range.next += 1;
        Ok(number)
    }

    /// Writes what is left and the levels above; gives the last page of the tree. `header` makes the root's header of it.
    pub(super) fn finish(mut self, header: &dyn Fn(u32) -> RootHeader, put: &mut Put<'_>) -> Result<u32> {
        let root = self.range.root;
        let filling = std::mem::take(&mut self.filling);
        if self.children.is_empty() {
            let flags = self.flags | PageFlags::ROOT | PageFlags::LEAF;
            put(root, &self.page(root, flags, &filling, (0, 0), Some(&header(root)))?)?;
            return Ok(root);
        }
        self.write_leaf(&filling, 0, put)?;
        let mut level = std::mem::take(&mut self.children);
        let mut above_leaves = PageFlags::PARENT_OF_LEAF;
        loop {
            let nodes: usize = level.iter().map(|child| child.first_key.len() + 10).sum();
            if nodes <= self.capacity() {
                let last = self.range.next - 1;
                let entries = internal_entries(&level, None);
                let flags = self.flags | PageFlags::ROOT | above_leaves;
                put(root, &self.page(root, flags, &entries, (0, 0), Some(&header(last)))?)?;
                return Ok(last);
            }
            level = self.write_level(&level, above_leaves, put)?;
            above_leaves = PageFlags::empty();
        }
    }

    /// Writes one level of internal pages over `level` and gives them.
    fn write_level(&mut self, level: &[Child], flags: PageFlags, put: &mut Put<'_>) -> Result<Vec<Child>> {
        let mut written: Vec<Child> = Vec::new();
        let mut rest = level;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |child: &&Child| {
                bytes += child.first_key.len() + 10;
                bytes <= self.capacity() - 64
            };
            let count = rest.iter().take_while(fits).count().max(2).min(rest.len());
            let (here, behind) = rest.split_at(count);
            let number = self.take_page()?;
            let entries = internal_entries(here, behind.first());
            // Internal pages have no sibling links.
            put(number, &self.page(number, self.flags | flags, &entries, (0, 0), None)?)?;
            written.push(Child { number, first_key: here[0].first_key.clone() });
            rest = behind;
        }
        Ok(written)
    }

    fn page(
        &self,
        number: u32,
        flags: PageFlags,
        entries: &[Entry],
        (left, right): (u32, u32),
        header: Option<&RootHeader>,
    ) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.size.bytes()];
        let new = NewPage {
            objid: self.objid,
            dbtime: u64::from(number),
            flags,
            reserved_tags: ReservedTagForm::Implied,
        };
        let mut page = PageMut::create(&mut bytes, self.size, number, new)?;
        page.set_previous(left);
        page.set_next(right);
        if let Some(header) = header {
            page.set_external_header(&[&header.encode()])?;
        }
        for (index, entry) in entries.iter().enumerate() {
            let image = NodeImage::for_page(KeyRef::from(&entry.key[..]), &entry.data, &[])
                .map_err(|error| anyhow::anyhow!("a key is too long: {error:?}"))?;
            let mut counts = [0; 4];
            page.insert_line(index, &image.parts(&mut counts), image.flags(NodeFlags::empty()))?;
        }
        page.set_flush_type(FlushType::Rock);
        seal_page(&mut bytes, self.size, number)?;
        Ok(bytes)
    }
}

/// The nodes over `children`: the key is the separator to the right, null on the last page of a level.
fn internal_entries(children: &[Child], right: Option<&Child>) -> Vec<Entry> {
    let separators =
        children.iter().skip(1).chain(right).map(|child| child.first_key.clone()).chain([Vec::new()]);
    let entries = children.iter().zip(separators);
    entries.map(|(child, key)| Entry { key, data: child.number.to_le_bytes().to_vec() }).collect()
}
