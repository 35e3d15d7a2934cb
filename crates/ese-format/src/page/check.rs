//! The structural check of a page (spec 01 §10.1, spec 02 §8.1), in one pass without allocation.

use super::{PAGE_NUMBER_MAX, PageFlags, PageView, TAG_BYTES};
use crate::error::{FormatResult, JetError, Problem};

/// One bit per byte of the largest page.
struct Occupied {
    words: [u64; Self::WORDS],
}

impl Occupied {
    const WORDS: usize = 32768 / 64;

    /// Marks a run of bytes; whether all of them were free.
    fn claim(&mut self, start: usize, length: usize) -> bool {
        let end = start + length;
        let mut at = start;
        let mut free = true;
        while at < end {
            let Some(word) = self.words.get_mut(at / 64) else { return false };
            let bits = (64 - at % 64).min(end - at);
            let mask = (u64::MAX >> (64 - bits)) << (at % 64);
            free &= *word & mask == 0;
            *word |= mask;
            at += bits;
        }
        free
    }
}

/// The whole check.
pub(super) fn structure(page: &PageView<'_>) -> FormatResult<()> {
    large_header(page)?;
    flags(page)?;
    if page.flags().contains(PageFlags::PRE_INIT) {
        return pre_init(page);
    }
    accounting(page)?;
    tags(page)?;
    if !page.flags().contains(PageFlags::SPACE_TREE) {
        nodes(page)?;
    }
    Ok(())
}

fn large_header(page: &PageView<'_>) -> FormatResult<()> {
    let Some(header) = page.large_header() else { return Ok(()) };
    if header.page_number.get() != page.number() {
        let problem =
            Problem::Mismatch { found: header.page_number.get().into(), expected: page.number().into() };
        return Err(page.error(64, "page number", problem, JetError::READ_PGNO_VERIFY_FAILURE));
    }
    if header.reserved != [0; 12] {
        let problem = Problem::Invalid("reserved bytes are not zero");
        return Err(page.error(68, "reserved", problem, JetError::DATABASE_CORRUPTED));
    }
    Ok(())
}

fn flags(page: &PageView<'_>) -> FormatResult<()> {
    let flags = page.flags();
    let contradiction = if flags.contains(PageFlags::EMPTY | PageFlags::PRE_INIT) {
        "both empty and not yet used"
    } else if flags.contains(PageFlags::INDEX | PageFlags::LONG_VALUE) {
        "both of an index and of long values"
    } else if flags.contains(PageFlags::LEAF | PageFlags::PARENT_OF_LEAF) {
        "both a leaf and a parent of leaves"
    } else if flags.contains(PageFlags::REPAIR) {
        "left over from a repair"
    } else {
        return Ok(());
    };
    Err(page.error(36, "flags", Problem::Invalid(contradiction), JetError::DATABASE_CORRUPTED))
}

/// A page that was allocated and never used (spec 01 §13.1).
fn pre_init(page: &PageView<'_>) -> FormatResult<()> {
    let allowed = PageFlags::PRE_INIT
        | PageFlags::NEW_RECORD_FORMAT
        | PageFlags::NEW_CHECKSUM_FORMAT
        | PageFlags::FLUSH_TYPE_LOW
        | PageFlags::FLUSH_TYPE_HIGH;
    let header = page.header();
    let blank = allowed.contains(page.flags())
        && page.previous() == 0
        && page.next() == 0
        && header.itag_state.get() == 0
        && page.free_bytes() == page.data_bytes()
        && header.first_free.get() == 0;
    if !blank {
        let problem = Problem::Invalid("a page not yet used has more than an identity");
        return Err(page.error(36, "flags", problem, JetError::DATABASE_CORRUPTED));
    }
    Ok(())
}

fn accounting(page: &PageView<'_>) -> FormatResult<()> {
    let area = page.data_bytes();
    let header = page.header();
    let bounded = |offset, field, found: usize, max: usize| {
        if found <= max {
            return Ok(());
        }
        let problem = Problem::OutOfRange { found: found as u64, min: 0, max: max as u64 };
        Err(page.error(offset, field, problem, JetError::DATABASE_CORRUPTED))
    };
    bounded(28, "free bytes", page.free_bytes(), area)?;
    bounded(30, "uncommitted free bytes", page.uncommitted_free_bytes(), page.free_bytes())?;
    bounded(32, "first free byte", header.first_free.get().into(), area)?;
    for (offset, field, sibling) in [(16, "previous page", page.previous()), (20, "next page", page.next())] {
        bounded(offset, field, sibling as usize, PAGE_NUMBER_MAX as usize)?;
    }
    if page.tag_count() == 0 && !page.flags().contains(PageFlags::EMPTY) {
        let problem = Problem::Invalid("a page in use has no tags");
        return Err(page.error(34, "itag state", problem, JetError::DATABASE_CORRUPTED));
    }
    // Room for the tags, and for at least four bytes behind each tag but the first.
    let tags = page.tag_count();
    if TAG_BYTES * tags + 4 * tags.saturating_sub(1) > area {
        let problem = Problem::OutOfRange { found: tags as u64, min: 0, max: (area / 8) as u64 };
        return Err(page.error(34, "itag state", problem, JetError::PAGE_TAG_CORRUPTED));
    }
    Ok(())
}

fn tags(page: &PageView<'_>) -> FormatResult<()> {
    let mut occupied = Occupied { words: [0; Occupied::WORDS] };
    let mut used = TAG_BYTES * page.tag_count();
    let first_free = usize::from(page.header().first_free.get());
    for index in 0..page.tag_count() {
        let (tag, item) = page.tag_and_item(index)?;
        if item.is_empty() {
            if index >= page.reserved_tags() {
                return Err(page.tag_error(index, "tag", Problem::Invalid("a line without bytes")));
            }
            continue;
        }
        let (start, end) = (usize::from(tag.offset), usize::from(tag.offset) + item.len());
        if end > first_free {
            let problem = Problem::OutOfRange { found: end as u64, min: 0, max: first_free as u64 };
            return Err(page.tag_error(index, "tag", problem));
        }
        if !occupied.claim(start, item.len()) {
            return Err(page.tag_error(index, "tag", Problem::Invalid("overlaps another item")));
        }
        used += item.len();
    }
    if used + page.free_bytes() != page.data_bytes() {
        let expected = page.data_bytes().saturating_sub(used) as u64;
        let problem = Problem::Mismatch { found: page.free_bytes() as u64, expected };
        return Err(page.error(28, "free bytes", problem, JetError::DATABASE_CORRUPTED));
    }
    Ok(())
}

fn nodes(page: &PageView<'_>) -> FormatResult<()> {
    let is_leaf = page.flags().contains(PageFlags::LEAF);
    let last = page.line_count().checked_sub(1);
    let prefix = page.key_prefix()?;
    for index in 0..page.line_count() {
        let node = page.node_with_prefix(index, prefix)?;
        if node.key().is_empty() && (is_leaf || Some(index) != last) {
            let offset = page.line(index)?.offset;
            let problem = Problem::Invalid("a key without bytes");
            return Err(page.error(offset, "key", problem, JetError::NODE_CORRUPTED));
        }
    }
    Ok(())
}
