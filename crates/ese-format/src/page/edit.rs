//! Changing a page in memory under the free-space rules (spec 01 §10.2).
//!
//! Invariants: after every call the accounting of spec 01 §10.1 holds if it held before; a call that fails has changed
//! nothing, except that it may have brought the items together. Freed bytes and unused tag bits are zeroed. Nothing
//! here checks key order, and nothing computes a checksum: that is [`crate::checksum::seal_page`], at the write.

use thiserror::Error;
use zerocopy::{FromBytes, IntoBytes};

use super::view::tag_mask;
use super::{FlushType, LargePageHeader, PageFlags, PageHeader, PageView, TAG_BYTES, TAGS_MAX, Tag};
use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::node::NodeFlags;
use crate::page_size::PageSize;

/// Why a page was not changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EditError {
    /// The page has not enough free bytes: split it.
    #[error("{needed} bytes are needed, {free} are free")]
    Full {
        /// Bytes the change needs, a new tag included.
        needed: usize,
        /// Free bytes of the page.
        free: usize,
    },
    /// The page has no such line.
    #[error("line {line} of {lines}")]
    NoSuchLine {
        /// The line asked for.
        line: usize,
        /// Lines of the page.
        lines: usize,
    },
    /// A line must have at least one byte (two to carry flags on a large page), and no more than a tag can say.
    #[error("a line of {length} bytes")]
    BadLength {
        /// The length asked for.
        length: usize,
    },
    /// The page has as many tags as its header can count.
    #[error("the page has {TAGS_MAX} tags")]
    TooManyTags,
    /// The page has no external header yet, or is already in use.
    #[error("the page is not in the state this needs: allocated, in use")]
    WrongStage,
    /// The page's own accounting does not hold.
    #[error(transparent)]
    Corrupted(#[from] FormatError),
}

impl EditError {
    /// The JET code this ends as where nobody handles it.
    #[must_use]
    pub fn jet(&self) -> JetError {
        match self {
            Self::Corrupted(error) => error.jet(),
            Self::NoSuchLine { .. } => JetError::BAD_LINE_COUNT,
            Self::Full { .. } | Self::BadLength { .. } => JetError::RECORD_TOO_BIG,
            Self::TooManyTags | Self::WrongStage => JetError::INTERNAL_ERROR,
        }
    }
}

/// How the header of a page says its number of reserved tags (spec 01 §9.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReservedTagForm {
    /// Not at all; one is implied. Files below update major 270.
    #[default]
    Implied,
    /// By a count of 1.
    Counted,
}

/// What a new page begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewPage {
    /// Object id of the owning tree.
    pub objid: u32,
    /// The dbtime of the operation that makes the page.
    pub dbtime: u64,
    /// Flags; [`PageFlags::NEW_RECORD_FORMAT`] is added.
    pub flags: PageFlags,
    /// How the page says its number of reserved tags.
    pub reserved_tags: ReservedTagForm,
}

/// A page being changed.
#[derive(Debug)]
pub struct PageMut<'a> {
    bytes: &'a mut [u8],
    size: PageSize,
    number: u32,
}

type Edit = Result<(), EditError>;

fn total_length(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

impl<'a> PageMut<'a> {
    /// The first page of `bytes`, which was checked by [`PageView::parse`] when it was read.
    ///
    /// # Errors
    /// Those of [`PageView::peek`].
    pub fn open(bytes: &'a mut [u8], size: PageSize, number: u32) -> FormatResult<Self> {
        PageView::peek(bytes, size, number)?;
        let (bytes, _) = bytes.split_at_mut(size.bytes());
        Ok(Self { bytes, size, number })
    }

    /// Makes the first page of `bytes` an allocated page that is not in use yet: an identity and nothing else
    /// (spec 01 §13.1).
    ///
    /// # Errors
    /// When `bytes` is shorter than a page.
    pub fn allocate(
        bytes: &'a mut [u8],
        size: PageSize,
        number: u32,
        objid: u32,
        dbtime: u64,
    ) -> FormatResult<Self> {
        let available = bytes.len() as u64;
        let Some((bytes, _)) = bytes.split_at_mut_checked(size.bytes()) else {
            let problem = Problem::Truncated { needed: size.bytes() as u64, available };
            return Err(FormatError::new(FileKind::Database, 0, "page", problem, JetError::INTERNAL_ERROR));
        };
        let mut page = Self { bytes, size, number };
        page.reallocate(objid, dbtime);
        Ok(page)
    }

    /// Makes this page what [`Self::allocate`] makes, whatever it held.
    pub fn reallocate(&mut self, objid: u32, dbtime: u64) {
        self.bytes.fill(0);
        let free = self.data_bytes() as u16;
        let header = self.header_mut();
        header.dbtime = dbtime.into();
        header.objid = objid.into();
        header.free = free.into();
        header.flags = (PageFlags::PRE_INIT | PageFlags::NEW_RECORD_FORMAT).bits().into();
        self.put_own_number();
    }

    /// Makes this page a copy of `page`, its own number kept. The structure of the copy is the caller's to check.
    ///
    /// # Errors
    /// Those of [`PageView::peek`]; nothing was changed then.
    pub fn load(&mut self, page: &[u8]) -> FormatResult<()> {
        let source = PageView::peek(page, self.size, self.number)?;
        self.bytes.copy_from_slice(source.bytes());
        self.put_own_number();
        Ok(())
    }

    fn put_own_number(&mut self) {
        let number = self.number;
        if self.size.is_large()
            && let Some(behind) = self.bytes.get_mut(size_of::<PageHeader>()..)
            && let Ok((large, _)) = LargePageHeader::mut_from_prefix(behind)
        {
            large.page_number = number.into();
        }
    }

    /// Makes the first page of `bytes` a new page in use: an empty external header and no lines.
    ///
    /// # Errors
    /// When `bytes` is shorter than a page.
    pub fn create(bytes: &'a mut [u8], size: PageSize, number: u32, new: NewPage) -> Result<Self, EditError> {
        let mut page = Self::allocate(bytes, size, number, new.objid, new.dbtime)?;
        page.consume(new.flags, new.reserved_tags)?;
        Ok(page)
    }

    /// Takes an allocated page into use with these flags; [`PageFlags::NEW_RECORD_FORMAT`] is added.
    ///
    /// # Errors
    /// [`EditError::WrongStage`] when the page is in use already.
    pub fn consume(&mut self, flags: PageFlags, form: ReservedTagForm) -> Edit {
        if !self.view().flags().contains(PageFlags::PRE_INIT) || self.view().tag_count() != 0 {
            return Err(EditError::WrongStage);
        }
        let free = (self.data_bytes() - TAG_BYTES) as u16;
        let header = self.header_mut();
        header.free = free.into();
        header.first_free = 0.into();
        header.uncommitted_free = 0.into();
        header.itag_state = match form {
            ReservedTagForm::Implied => 1,
            ReservedTagForm::Counted => 0x1001,
        }
        .into();
        header.flags = ((flags | PageFlags::NEW_RECORD_FORMAT) - PageFlags::PRE_INIT).bits().into();
        self.put_tag(0, Tag { length: 0, offset: 0, flags: NodeFlags::empty() });
        Ok(())
    }

    /// The page for reading.
    #[must_use]
    pub fn view(&self) -> PageView<'_> {
        PageView::of_edited(self.bytes, self.header(), self.size, self.number)
    }

    /// The whole page, for a byte-wise copy.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }

    fn header(&self) -> &PageHeader {
        PageHeader::ref_from_prefix(self.bytes).expect("a page is longer than its header").0
    }

    fn header_mut(&mut self) -> &mut PageHeader {
        PageHeader::mut_from_prefix(self.bytes).expect("a page is longer than its header").0
    }

    fn data_bytes(&self) -> usize {
        self.size.bytes() - self.size.header_bytes()
    }

    /// Sets the dbtime of a change; a page that is changed is no longer scrubbed.
    pub fn set_dbtime(&mut self, dbtime: u64) {
        let header = self.header_mut();
        header.dbtime = dbtime.into();
        let flags = header.flags() - PageFlags::SCRUBBED;
        header.flags = flags.bits().into();
    }

    /// Sets the left sibling, 0 = none.
    pub fn set_previous(&mut self, page: u32) {
        self.header_mut().previous = page.into();
    }

    /// Sets the right sibling, 0 = none.
    pub fn set_next(&mut self, page: u32) {
        self.header_mut().next = page.into();
    }

    /// Sets the flags as they are given.
    pub fn set_flags(&mut self, flags: PageFlags) {
        self.header_mut().flags = flags.bits().into();
    }

    /// Sets the flush type, at the write.
    pub fn set_flush_type(&mut self, flush_type: FlushType) {
        let flags = self.header().flags().with_flush_type(flush_type);
        self.set_flags(flags);
    }

    /// Sets the part of the free bytes that a rollback may claim; never more than there are.
    pub fn set_uncommitted_free_bytes(&mut self, bytes: usize) {
        let header = self.header_mut();
        let bytes = bytes.min(header.free.get().into());
        header.uncommitted_free = (bytes as u16).into();
    }

    /// Inserts a line before line `index` (at the end when it is the number of lines). The bytes are the parts one
    /// after the other.
    ///
    /// # Errors
    /// [`EditError::Full`] when bytes and tag do not fit; otherwise see [`EditError`].
    pub fn insert_line(&mut self, index: usize, parts: &[&[u8]], flags: NodeFlags) -> Edit {
        let view = self.view();
        let (tags, lines, tag_index) = (view.tag_count(), view.line_count(), index + view.reserved_tags());
        if tags == 0 {
            return Err(EditError::WrongStage);
        }
        if index > lines {
            return Err(EditError::NoSuchLine { line: index, lines });
        }
        if tags >= TAGS_MAX {
            return Err(EditError::TooManyTags);
        }
        let length = self.checked_length(parts, flags)?;
        self.make_room(length + TAG_BYTES)?;
        self.shift_tags(tag_index, tags, Shift::Up);
        self.set_tag_count(tags + 1);
        let offset = self.header().first_free.get();
        self.put_tag(tag_index, Tag { length: length as u16, offset, flags });
        self.put_item(offset.into(), parts);
        self.put_line_flags(offset.into(), length, flags);
        self.account(-((length + TAG_BYTES) as isize), length as isize)
    }

    /// Replaces the bytes and flags of line `index`.
    ///
    /// # Errors
    /// [`EditError::Full`] when the growth does not fit; otherwise see [`EditError`].
    pub fn replace_line(&mut self, index: usize, parts: &[&[u8]], flags: NodeFlags) -> Edit {
        let tag_index = self.existing_line(index)?;
        let length = self.checked_length(parts, flags)?;
        let offset = self.replace_item(tag_index, parts, flags)?;
        self.put_line_flags(offset, length, flags);
        Ok(())
    }

    /// Sets the flags of line `index`.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn set_line_flags(&mut self, index: usize, flags: NodeFlags) -> Edit {
        let tag_index = self.existing_line(index)?;
        let length = self.view().item(tag_index)?.len();
        let tag = self.tag(tag_index)?;
        if self.size.is_large() && length < 2 {
            return Err(EditError::BadLength { length });
        }
        self.put_tag(tag_index, Tag { flags, ..tag });
        self.put_line_flags(tag.offset.into(), length, flags);
        Ok(())
    }

    /// Deletes line `index`; the lines behind it move up one place.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn delete_line(&mut self, index: usize) -> Edit {
        let tag_index = self.existing_line(index)?;
        let length = self.free_item(tag_index)?;
        let tags = self.view().tag_count();
        self.shift_tags(tag_index, tags, Shift::Down);
        self.set_tag_count(tags - 1);
        self.account((length + TAG_BYTES) as isize, 0)?;
        if tags - 1 == 1 && self.tag(0)?.length == 0 {
            self.header_mut().first_free = 0.into();
        }
        Ok(())
    }

    /// Replaces tag 0: space header, split buffer or key prefix.
    ///
    /// # Errors
    /// [`EditError::Full`] when the growth does not fit; otherwise see [`EditError`].
    pub fn set_external_header(&mut self, parts: &[&[u8]]) -> Edit {
        if self.view().tag_count() == 0 {
            return Err(EditError::WrongStage);
        }
        let length = total_length(parts);
        if length > tag_mask(self.size).into() {
            return Err(EditError::BadLength { length });
        }
        self.replace_item(0, parts, NodeFlags::empty())?;
        Ok(())
    }

    /// Replaces the data of the node on line `index`; its key stays. `flags` are the node's new flags, Compressed as
    /// it was.
    ///
    /// # Errors
    /// [`EditError::Full`] when the growth does not fit; otherwise see [`EditError`].
    pub fn replace_data(&mut self, index: usize, data: &[u8], mut flags: NodeFlags) -> Edit {
        const SHORT: usize = 256;
        let view = self.view();
        let (line, node) = (view.line(index)?, view.node(index)?);
        flags.set(NodeFlags::COMPRESSED, node.flags.contains(NodeFlags::COMPRESSED));
        let head = line.bytes.get(..line.bytes.len() - node.data.len()).unwrap_or_default();
        if data.is_empty() {
            return Err(EditError::BadLength { length: head.len() });
        }
        let mut short = [0; SHORT];
        match short.get_mut(..head.len()) {
            Some(copy) => {
                copy.copy_from_slice(head);
                let head = head.len();
                self.replace_line(index, &[short.get(..head).unwrap_or_default(), data], flags)
            }
            None => {
                let head = head.to_vec();
                self.replace_line(index, &[&head, data], flags)
            }
        }
    }

    /// Overwrites bytes of the data of the node on line `index`, in place.
    ///
    /// # Errors
    /// [`EditError::BadLength`] when they do not lie inside the data; otherwise see [`EditError`].
    pub fn overwrite_data(&mut self, index: usize, offset: usize, bytes: &[u8]) -> Edit {
        let view = self.view();
        let (line, node) = (view.line(index)?, view.node(index)?);
        let room = node.data.len().checked_sub(offset).filter(|room| *room >= bytes.len());
        let Some(room) = room else { return Err(EditError::BadLength { length: offset + bytes.len() }) };
        let at = line.offset + line.bytes.len() - room;
        if let Some(place) = self.bytes.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        Ok(())
    }

    /// Removes tag 0's bytes and every line; identity, siblings and flags stay.
    pub fn clear(&mut self) {
        let (size, area) = (self.size, self.data_bytes());
        if let Some(data) = self.bytes.get_mut(size.header_bytes()..) {
            data.fill(0);
        }
        let header = self.header_mut();
        header.itag_state = if header.counts_reserved_tags() { 0x1001 } else { 1 }.into();
        header.free = ((area - TAG_BYTES) as u16).into();
        header.uncommitted_free = 0.into();
        header.first_free = 0.into();
    }

    /// Removes the prefix and every line and marks the page as emptied (spec 02 §10.3): what a page looks like when it
    /// leaves its tree. Siblings, object id and the other flags stay.
    pub fn empty(&mut self) {
        self.clear();
        let header = self.header_mut();
        header.flags = (header.flags() | PageFlags::EMPTY).bits().into();
    }

    /// Brings all items together at the start of the data area, in the order of their places; tags keep their index.
    ///
    /// # Errors
    /// When a tag points outside of the data area, or items overlap so that they do not fit.
    pub fn reorganise(&mut self) -> Edit {
        let view = self.view();
        let tags = view.tag_count();
        let mut order = Vec::with_capacity(tags);
        for index in 0..tags {
            let length = view.item(index)?.len();
            let offset = self.tag(index)?.offset;
            order.push((if length == 0 { 0 } else { offset }, index, length));
        }
        order.sort_unstable();
        let header_bytes = self.size.header_bytes();
        let room = self.data_bytes() - TAG_BYTES * tags;
        let total: usize = order.iter().map(|(_, _, length)| length).sum();
        if total > room {
            return Err(self.corrupted(32, "first free byte", total, room));
        }
        let area = self.bytes.get(header_bytes..header_bytes + room).unwrap_or_default().to_vec();
        let mut at = 0;
        for (offset, index, length) in order {
            let old = area.get(usize::from(offset)..usize::from(offset) + length).unwrap_or_default();
            self.put_item(at, &[old]);
            let tag = self.tag(index)?;
            self.put_tag(index, Tag { offset: at as u16, ..tag });
            at += length;
        }
        self.zero(at, room - at);
        self.header_mut().first_free = (at as u16).into();
        Ok(())
    }

    fn existing_line(&self, index: usize) -> Result<usize, EditError> {
        let view = self.view();
        let lines = view.line_count();
        if index < lines {
            Ok(index + view.reserved_tags())
        } else {
            Err(EditError::NoSuchLine { line: index, lines })
        }
    }

    fn checked_length(&self, parts: &[&[u8]], flags: NodeFlags) -> Result<usize, EditError> {
        let length = total_length(parts);
        let lowest = if self.size.is_large() && !flags.is_empty() { 2 } else { 1 };
        if (lowest..=usize::from(tag_mask(self.size))).contains(&length) {
            Ok(length)
        } else {
            Err(EditError::BadLength { length })
        }
    }

    fn tag(&self, index: usize) -> Result<Tag, EditError> {
        let tags = self.view().tag_count();
        self.view().tag(index).ok_or_else(|| self.corrupted(34, "tag number", index, tags))
    }

    /// Puts new bytes under a tag, in place if they fit there, else at the end; gives the offset they are at now.
    fn replace_item(
        &mut self,
        tag_index: usize,
        parts: &[&[u8]],
        flags: NodeFlags,
    ) -> Result<usize, EditError> {
        let tag = self.tag(tag_index)?;
        let (old, new) = (self.view().item(tag_index)?.len(), total_length(parts));
        let offset = usize::from(tag.offset);
        let is_last = old > 0 && offset + old == usize::from(self.header().first_free.get());
        let growth = new.saturating_sub(old);
        let free = self.view().free_bytes();
        if growth > free {
            return Err(EditError::Full { needed: growth, free });
        }
        if growth == 0 || (is_last && growth <= self.contiguous()?) {
            self.put_item(offset, parts);
            self.zero(offset + new, old.saturating_sub(new));
            let offset = if new == 0 { 0 } else { tag.offset };
            self.put_tag(tag_index, Tag { length: new as u16, offset, flags });
            let change = new as isize - old as isize;
            self.account(-change, if is_last { change } else { 0 })?;
            return Ok(offset.into());
        }
        self.free_item(tag_index)?;
        self.account(old as isize, 0)?;
        self.make_room(new)?;
        let offset = self.header().first_free.get();
        self.put_tag(tag_index, Tag { length: new as u16, offset, flags });
        self.put_item(offset.into(), parts);
        self.account(-(new as isize), new as isize)?;
        Ok(offset.into())
    }

    /// Zeroes an item and empties its tag, giving its length; free bytes are the caller's to account for.
    fn free_item(&mut self, tag_index: usize) -> Result<usize, EditError> {
        let tag = self.tag(tag_index)?;
        let length = self.view().item(tag_index)?.len();
        let offset = usize::from(tag.offset);
        let is_last = length > 0 && offset + length == usize::from(self.header().first_free.get());
        self.zero(offset, length);
        self.put_tag(tag_index, Tag { length: 0, offset: 0, flags: NodeFlags::empty() });
        if is_last {
            self.header_mut().first_free = (offset as u16).into();
        }
        Ok(length)
    }

    /// Bytes between the last item and the tag array.
    fn contiguous(&self) -> Result<usize, EditError> {
        let used = usize::from(self.header().first_free.get()) + TAG_BYTES * self.view().tag_count();
        let area = self.data_bytes();
        area.checked_sub(used).ok_or_else(|| self.corrupted(32, "first free byte", used, area))
    }

    /// Makes `needed` bytes contiguous.
    fn make_room(&mut self, needed: usize) -> Edit {
        let free = self.view().free_bytes();
        if needed > free {
            return Err(EditError::Full { needed, free });
        }
        if self.contiguous()? >= needed {
            return Ok(());
        }
        self.reorganise()?;
        let contiguous = self.contiguous()?;
        if contiguous >= needed { Ok(()) } else { Err(self.corrupted(28, "free bytes", free, contiguous)) }
    }

    /// Adds to the free bytes and to the first free byte.
    fn account(&mut self, free: isize, first_free: isize) -> Edit {
        let area = self.data_bytes();
        let moved = |field: u16, change: isize| {
            usize::from(field).checked_add_signed(change).filter(|value| *value <= area)
        };
        let header = self.header();
        let (Some(new_free), Some(new_first)) =
            (moved(header.free.get(), free), moved(header.first_free.get(), first_free))
        else {
            return Err(self.corrupted(28, "free bytes", header.free.get().into(), area));
        };
        let header = self.header_mut();
        header.free = (new_free as u16).into();
        header.first_free = (new_first as u16).into();
        let uncommitted = header.uncommitted_free.get().min(new_free as u16);
        header.uncommitted_free = uncommitted.into();
        Ok(())
    }

    fn set_tag_count(&mut self, tags: usize) {
        let header = self.header_mut();
        let reserved = header.itag_state.get() & 0x7000;
        header.itag_state = (reserved | tags as u16).into();
    }

    /// Moves tags `from..tags` one place.
    fn shift_tags(&mut self, from: usize, tags: usize, shift: Shift) {
        let page = self.size.bytes();
        let place = |index: usize| page - TAG_BYTES * index;
        match shift {
            Shift::Up => self.bytes.copy_within(place(tags)..place(from), place(tags + 1)),
            Shift::Down => {
                self.bytes.copy_within(place(tags)..place(from + 1), place(tags - 1));
                if let Some(last) = self.bytes.get_mut(place(tags)..place(tags - 1)) {
                    last.fill(0);
                }
            }
        }
    }

    fn put_tag(&mut self, index: usize, tag: Tag) {
        let offset = if self.size.is_large() { tag.offset } else { tag.flags.put_into(tag.offset) };
        let place = self.size.bytes() - TAG_BYTES * (index + 1);
        if let Some(bytes) = self.bytes.get_mut(place..place + TAG_BYTES) {
            bytes.copy_from_slice([tag.length.to_le_bytes(), offset.to_le_bytes()].as_bytes());
        }
    }

    fn put_item(&mut self, offset: usize, parts: &[&[u8]]) {
        let mut at = self.size.header_bytes() + offset;
        for part in parts {
            if let Some(place) = self.bytes.get_mut(at..at + part.len()) {
                place.copy_from_slice(part);
            }
            at += part.len();
        }
    }

    /// Puts the flags of a line of a large page into its first word.
    fn put_line_flags(&mut self, offset: usize, length: usize, flags: NodeFlags) {
        let at = self.size.header_bytes() + offset;
        if self.size.is_large()
            && length >= 2
            && let Some(word) = self.bytes.get_mut(at..).and_then(|line| line.first_chunk_mut())
        {
            *word = flags.put_into(u16::from_le_bytes(*word)).to_le_bytes();
        }
    }

    fn zero(&mut self, offset: usize, length: usize) {
        let at = self.size.header_bytes() + offset;
        if let Some(place) = self.bytes.get_mut(at..at + length) {
            place.fill(0);
        }
    }

    fn corrupted(&self, offset: u64, field: &'static str, found: usize, max: usize) -> EditError {
        let problem = Problem::OutOfRange { found: found as u64, min: 0, max: max as u64 };
        let jet = JetError::DATABASE_CORRUPTED;
        FormatError::new(FileKind::Database, offset, field, problem, jet).on_page(self.number).into()
    }
}

/// Which way tags move.
enum Shift {
    /// To make place for one.
    Up,
    /// To close the place of one.
    Down,
}
