//! Reading a page: a borrowed view whose accessors cost no allocation.

use std::ops::Range;

use zerocopy::FromBytes;

use super::{LargePageHeader, PageFlags, PageHeader, TAG_BYTES, check};
use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::node::{NodeFlags, NodeView};
use crate::page_size::PageSize;

/// A tag, its noise masked away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Bytes of the item.
    pub length: u16,
    /// Offset of the item from the end of the page header.
    pub offset: u16,
    /// The node flags kept here on small pages; none on large ones.
    pub flags: NodeFlags,
}

/// Mask of a tag's length and offset.
pub(super) const fn tag_mask(size: PageSize) -> u16 {
    if size.is_large() { 0x7FFF } else { 0x1FFF }
}

impl Tag {
    /// The tag of these two words.
    #[inline]
    pub(super) fn decode(length: u16, offset: u16, size: PageSize) -> Self {
        let mask = tag_mask(size);
        let flags = if size.is_large() { NodeFlags::empty() } else { NodeFlags::from_word(offset) };
        Self { length: length & mask, offset: offset & mask, flags }
    }
}

/// A line of a page: the bytes of a node and its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The stored bytes; on large pages the top bits of the first word are the flags.
    pub bytes: &'a [u8],
    /// The node flags.
    pub flags: NodeFlags,
    /// Where the line begins in the page.
    pub offset: usize,
}

/// The nodes of a page by their number.
#[derive(Clone, Copy, Debug)]
pub struct IndexedNodes<'a> {
    view: PageView<'a>,
    prefix: &'a [u8],
    reserved: usize,
}

impl<'a> IndexedNodes<'a> {
    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.view.tag_count() - self.reserved
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key prefix of the page.
    #[must_use]
    pub fn prefix(&self) -> &'a [u8] {
        self.prefix
    }

    /// The key of the node on line number `index` as it is stored: how many bytes of the page's prefix it begins with,
    /// and the others. `None` for a node that is not in order: [`Self::get`] tells what is wrong with it.
    #[inline]
    #[must_use]
    pub fn stored_key(&self, index: usize) -> Option<(usize, &'a [u8])> {
        let (line, flags) = self.view.quick_line(index + self.reserved)?;
        let (prefix, suffix, _) = NodeView::split(line, flags)?;
        (prefix <= self.prefix.len()).then_some((prefix, suffix))
    }

    /// The node on line number `index`, from 0.
    ///
    /// # Errors
    /// As [`PageView::node`].
    #[inline]
    pub fn get(&self, index: usize) -> FormatResult<NodeView<'a>> {
        match self.view.quick_node(index + self.reserved, || self.prefix) {
            Some(node) => Ok(node),
            None => self.view.node_with_prefix(index, self.prefix),
        }
    }
}

/// A page being read.
#[derive(Clone, Copy, Debug)]
pub struct PageView<'a> {
    bytes: &'a [u8],
    header: &'a PageHeader,
    size: PageSize,
    number: u32,
}

impl<'a> PageView<'a> {
    /// The first page of `bytes`, its structure checked in full (spec 01 §10.1). The checksum is another question:
    /// [`crate::checksum::verify_page`].
    ///
    /// # Errors
    /// -1118 when a large page carries another number, -357 for tags, -358 for nodes, -1206 for the rest.
    pub fn parse(bytes: &'a [u8], size: PageSize, number: u32) -> FormatResult<Self> {
        let view = Self::peek(bytes, size, number)?;
        check::structure(&view).map_err(|error| error.on_page(number))?;
        Ok(view)
    }

    /// The first page of `bytes` with only so much checked that the tag array lies inside it: for a page that was
    /// checked before, and for dumps of pages that fail the check. The accessors check what they give.
    ///
    /// # Errors
    /// When `bytes` is shorter than a page (-1018), or the tag array does not fit (-357).
    #[inline]
    pub fn peek(bytes: &'a [u8], size: PageSize, number: u32) -> FormatResult<Self> {
        let page = bytes.get(..size.bytes());
        let Some((page, (header, _))) =
            page.and_then(|page| Some((page, PageHeader::ref_from_prefix(page).ok()?)))
        else {
            let problem = Problem::Truncated { needed: size.bytes() as u64, available: bytes.len() as u64 };
            let jet = JetError::READ_VERIFY_FAILURE;
            return Err(FormatError::new(FileKind::Database, 0, "page", problem, jet).on_page(number));
        };
        let view = Self { bytes: page, header, size, number };
        let tags_max = view.data_bytes() / TAG_BYTES;
        if view.tag_count() > tags_max {
            let problem =
                Problem::OutOfRange { found: view.tag_count() as u64, min: 0, max: tags_max as u64 };
            return Err(view.error(34, "itag state", problem, JetError::PAGE_TAG_CORRUPTED));
        }
        Ok(view)
    }

    /// A view of a page that [`super::PageMut`] keeps in order.
    pub(super) fn of_edited(bytes: &'a [u8], header: &'a PageHeader, size: PageSize, number: u32) -> Self {
        Self { bytes, header, size, number }
    }

    /// The whole page.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The first 40 bytes.
    #[must_use]
    pub fn header(&self) -> &'a PageHeader {
        self.header
    }

    /// What large pages have behind the first 40 bytes.
    #[must_use]
    pub fn large_header(&self) -> Option<&'a LargePageHeader> {
        if !self.size.is_large() {
            return None;
        }
        let behind = self.bytes.get(size_of::<PageHeader>()..)?;
        LargePageHeader::ref_from_prefix(behind).ok().map(|(header, _)| header)
    }

    /// The page size.
    #[must_use]
    pub fn size(&self) -> PageSize {
        self.size
    }

    /// The page number the caller gave.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The dbtime of the last change.
    #[must_use]
    #[inline]
    pub fn dbtime(&self) -> u64 {
        self.header.dbtime.get()
    }

    /// The left sibling, 0 = none.
    #[must_use]
    #[inline]
    pub fn previous(&self) -> u32 {
        self.header.previous.get()
    }

    /// The right sibling, 0 = none.
    #[must_use]
    #[inline]
    pub fn next(&self) -> u32 {
        self.header.next.get()
    }

    /// The object id of the owning tree.
    #[must_use]
    #[inline]
    pub fn objid(&self) -> u32 {
        self.header.objid.get()
    }

    /// Free bytes, contiguous or not.
    #[must_use]
    pub fn free_bytes(&self) -> usize {
        self.header.free.get().into()
    }

    /// Free bytes that a rollback may claim.
    #[must_use]
    pub fn uncommitted_free_bytes(&self) -> usize {
        self.header.uncommitted_free.get().into()
    }

    /// The flags.
    #[must_use]
    #[inline]
    pub fn flags(&self) -> PageFlags {
        self.header.flags()
    }

    /// Number of tags, the reserved ones included.
    #[must_use]
    #[inline]
    pub fn tag_count(&self) -> usize {
        self.header.tag_count()
    }

    /// Number of reserved tags; 0 only on a page without tags.
    #[must_use]
    #[inline]
    pub fn reserved_tags(&self) -> usize {
        self.header.reserved_tags()
    }

    /// Number of lines.
    #[must_use]
    #[inline]
    pub fn line_count(&self) -> usize {
        self.tag_count() - self.reserved_tags()
    }

    /// Bytes between header and page end: items, tags and free bytes.
    #[must_use]
    pub fn data_bytes(&self) -> usize {
        self.size.bytes() - self.size.header_bytes()
    }

    /// Tag number `index`, the reserved ones counted.
    #[must_use]
    #[inline]
    pub fn tag(&self, index: usize) -> Option<Tag> {
        if index >= self.tag_count() {
            return None;
        }
        let place = self.size.bytes().checked_sub(TAG_BYTES * (index + 1))?;
        let [length_low, length_high, offset_low, offset_high] = *self.bytes.get(place..)?.first_chunk()?;
        let length = u16::from_le_bytes([length_low, length_high]);
        Some(Tag::decode(length, u16::from_le_bytes([offset_low, offset_high]), self.size))
    }

    /// The bytes of tag number `index`, the reserved ones counted.
    ///
    /// # Errors
    /// -357 when there is no such tag, or it points outside of the page's data.
    pub fn item(&self, index: usize) -> FormatResult<&'a [u8]> {
        self.tag_and_item(index).map(|(_, item)| item)
    }

    /// Tag number `index`, the reserved ones counted, and its bytes.
    ///
    /// # Errors
    /// -357 when there is no such tag, or it points outside of the page's data.
    #[inline]
    pub(super) fn tag_and_item(&self, index: usize) -> FormatResult<(Tag, &'a [u8])> {
        let Some(tag) = self.tag(index) else {
            let problem = Problem::OutOfRange { found: index as u64, min: 0, max: self.tag_count() as u64 };
            return Err(self.error(34, "tag number", problem, JetError::PAGE_TAG_CORRUPTED));
        };
        if tag.length == 0 {
            return Ok((tag, &[]));
        }
        let start = self.size.header_bytes() + usize::from(tag.offset);
        let end = start + usize::from(tag.length);
        let data_end = self.size.bytes() - TAG_BYTES * self.tag_count();
        match self.bytes.get(start..end) {
            Some(item) if end <= data_end => Ok((tag, item)),
            _ => {
                let problem =
                    Problem::OutOfRange { found: end as u64, min: start as u64, max: data_end as u64 };
                Err(self.tag_error(index, "tag", problem))
            }
        }
    }

    /// The bytes of tag 0: space header, split buffer or key prefix; empty on a page without tags.
    ///
    /// # Errors
    /// -357 when the tag points outside of the page's data.
    #[inline]
    pub fn external_header(&self) -> FormatResult<&'a [u8]> {
        match self.quick_item(0) {
            Some((header, _)) => Ok(header),
            None if self.tag_count() == 0 => Ok(&[]),
            None => self.item(0),
        }
    }

    /// The key prefix that nodes of this page share: tag 0, but nothing on roots (spec 02 §3).
    ///
    /// # Errors
    /// -357 when tag 0 points outside of the page's data.
    #[inline]
    pub fn key_prefix(&self) -> FormatResult<&'a [u8]> {
        if self.flags().contains(PageFlags::ROOT) { Ok(&[]) } else { self.external_header() }
    }

    /// Line number `index`, from 0.
    ///
    /// # Errors
    /// -354 when the page has fewer lines, -357 when the tag points outside of the page's data.
    #[inline]
    pub fn line(&self, index: usize) -> FormatResult<Line<'a>> {
        if index >= self.line_count() {
            let problem = Problem::OutOfRange { found: index as u64, min: 0, max: self.line_count() as u64 };
            return Err(self.error(34, "line number", problem, JetError::BAD_LINE_COUNT));
        }
        let (tag, bytes) = self.tag_and_item(index + self.reserved_tags())?;
        let flags = if self.size.is_large() {
            bytes
                .first_chunk()
                .map_or(NodeFlags::empty(), |word| NodeFlags::from_word(u16::from_le_bytes(*word)))
        } else {
            tag.flags
        };
        Ok(Line { bytes, flags, offset: self.size.header_bytes() + usize::from(tag.offset) })
    }

    /// The node on line number `index`, from 0.
    ///
    /// # Errors
    /// Those of [`Self::line`], and -358 when the node's lengths do not fit.
    #[inline]
    pub fn node(&self, index: usize) -> FormatResult<NodeView<'a>> {
        let prefix = || self.key_prefix().unwrap_or_default();
        match self.quick_node(index + self.reserved_tags(), prefix) {
            Some(node) => Ok(node),
            None => self.node_with_prefix(index, self.key_prefix()?),
        }
    }

    /// The flags of the node on line number `index`, from 0; `None` where there is none, or it is not in order.
    #[inline]
    #[must_use]
    pub fn node_flags(&self, index: usize) -> Option<NodeFlags> {
        self.quick_line(index + self.reserved_tags()).map(|(_, flags)| flags)
    }

    /// The data of the node on line number `index`, from 0; `None` where there is none, or it is not in order.
    #[inline]
    #[must_use]
    pub fn node_data(&self, index: usize) -> Option<&'a [u8]> {
        let (line, flags) = self.quick_line(index + self.reserved_tags())?;
        NodeView::split(line, flags).map(|(_, _, data)| data)
    }

    /// Where in the page the data of the node on line number `index` lies, and the node's flags; `None` where there is
    /// none, or it is not in order.
    #[inline]
    #[must_use]
    pub fn node_place(&self, index: usize) -> Option<(Range<usize>, NodeFlags)> {
        let (line, flags) = self.quick_line(index + self.reserved_tags())?;
        let (_, _, data) = NodeView::split(line, flags)?;
        // The data is the end of the line, and the line is in the page.
        let tag = self.tag(index + self.reserved_tags())?;
        let end = self.size.header_bytes() + usize::from(tag.offset) + line.len();
        Some((end - data.len()..end, flags))
    }

    /// The bytes and flags of a tag's line; `None` where there is none or it is not in order: the careful way tells.
    #[inline]
    fn quick_line(&self, tag: usize) -> Option<(&'a [u8], NodeFlags)> {
        let (bytes, tag) = self.quick_item(tag)?;
        let flags = if self.size.is_large() {
            NodeFlags::from_word(u16::from_le_bytes(*bytes.first_chunk()?))
        } else {
            tag.flags
        };
        Some((bytes, flags))
    }

    /// The bytes of a tag, and the tag; `None` where they do not lie in the page.
    #[inline]
    fn quick_item(&self, tag: usize) -> Option<(&'a [u8], Tag)> {
        let tag = self.tag(tag)?;
        let start = self.size.header_bytes() + usize::from(tag.offset);
        Some((self.bytes.get(start..start + usize::from(tag.length))?, tag))
    }

    /// The node of a tag; `None` where it is not in order.
    #[inline]
    fn quick_node(&self, tag: usize, prefix: impl FnOnce() -> &'a [u8]) -> Option<NodeView<'a>> {
        let (line, flags) = self.quick_line(tag)?;
        let (shared, suffix, data) = NodeView::split(line, flags)?;
        let prefix = if shared == 0 { &[] } else { prefix().get(..shared)? };
        Some(NodeView { flags, prefix, suffix, data })
    }

    /// The node on line number `index` of a page whose [`Self::key_prefix`] is at hand already.
    #[inline]
    pub(super) fn node_with_prefix(&self, index: usize, prefix: &'a [u8]) -> FormatResult<NodeView<'a>> {
        let line = self.line(index)?;
        NodeView::decode(line.bytes, line.flags, prefix)
            .map_err(|error| error.offset_by(line.offset as u64).on_page(self.number))
    }

    /// The nodes by their number, for searches that look at many: the prefix is taken from the page once.
    ///
    /// # Errors
    /// -357 when tag 0 points outside of the page's data.
    #[inline]
    pub fn indexed_nodes(&self) -> FormatResult<IndexedNodes<'a>> {
        Ok(IndexedNodes { view: *self, prefix: self.key_prefix()?, reserved: self.reserved_tags() })
    }

    /// The nodes of all lines, in order.
    pub fn nodes(&self) -> impl Iterator<Item = FormatResult<NodeView<'a>>> + use<'a> {
        let view = *self;
        let prefix = view.key_prefix();
        (0..view.line_count()).map(move |index| match &prefix {
            Ok(prefix) => view.node_with_prefix(index, prefix),
            Err(error) => Err(error.clone()),
        })
    }

    pub(super) fn error(
        &self,
        offset: usize,
        field: &'static str,
        problem: Problem,
        jet: JetError,
    ) -> FormatError {
        FormatError::new(FileKind::Database, offset as u64, field, problem, jet).on_page(self.number)
    }

    /// An error at the place of tag number `index`.
    pub(super) fn tag_error(&self, index: usize, field: &'static str, problem: Problem) -> FormatError {
        let place = self.size.bytes().saturating_sub(TAG_BYTES * (index + 1));
        self.error(place, field, problem, JetError::PAGE_TAG_CORRUPTED)
    }
}
