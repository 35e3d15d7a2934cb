//! The before-image of a page inside Split2 and Merge2 (spec 05 §8.6).
//!
//! ```text
//! flag 2  one compressed value: byte 0 = scheme << 3 (0x18 XPRESS, 0x30 XPRESS10, 0x38 LZ4)
//! flag 1  a page whose free gap was cut out: the last T bytes are its tags, T = 4 x number of tags
//! none    the page as it is
//! ```
//!
//! Invariant: the image already carries the record's own dbtime; its checksum is stale.

use crate::compression::decompress;
use crate::error::{FormatResult, Problem};
use crate::little_endian::u16_at;
use crate::page_size::PageSize;

use super::layout::record_error;
use super::structure::ImageFlags;

/// Offset of cbFree in a page header.
const FREE_BYTES_AT: usize = 28;
/// Offset of the number of tags in a page header; only the low twelve bits count.
const TAG_COUNT_AT: usize = 34;
const TAG_COUNT_MASK: u16 = 0x0FFF;
const BYTES_PER_TAG: usize = 4;

/// A page as it was before its nodes moved, still packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeforeImage<'a> {
    bytes: &'a [u8],
    flags: ImageFlags,
}

impl<'a> BeforeImage<'a> {
    pub(super) fn new(bytes: &'a [u8], flags: ImageFlags) -> Option<Self> {
        (!bytes.is_empty()).then_some(Self { bytes, flags })
    }

    /// The stored bytes.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How they are packed.
    #[must_use]
    pub fn flags(&self) -> ImageFlags {
        self.flags
    }

    /// The whole page.
    ///
    /// # Errors
    /// JET_errLogFileCorrupt for a value that does not inflate, a result that is no page, or a dehydrated page whose
    /// tag array does not fit.
    pub fn unpack(&self, page_size: PageSize) -> FormatResult<Vec<u8>> {
        let mut short = Vec::new();
        if self.flags.contains(ImageFlags::COMPRESSED) {
            decompress(self.bytes, page_size.bytes(), &mut short)
                .map_err(|error| record_error(0, "compressed before-image", error.problem().clone()))?;
        } else {
            short.extend_from_slice(self.bytes);
        }
        if self.flags.contains(ImageFlags::DEHYDRATED) {
            return rehydrate(&short, page_size);
        }
        if short.len() != page_size.bytes() {
            let problem = Problem::Mismatch { found: short.len() as u64, expected: page_size.bytes() as u64 };
            return Err(record_error(0, "before-image (length)", problem));
        }
        Ok(short)
    }
}

/// Puts the free gap back into a page that was logged without it.
fn rehydrate(short: &[u8], page_size: PageSize) -> FormatResult<Vec<u8>> {
    let truncated = || {
        let needed = page_size.header_bytes() as u64;
        let problem = Problem::Truncated { needed, available: short.len() as u64 };
        record_error(0, "dehydrated before-image", problem)
    };
    let tag_count = u16_at(short, TAG_COUNT_AT).ok_or_else(truncated)? & TAG_COUNT_MASK;
    let tag_bytes = BYTES_PER_TAG * usize::from(tag_count);
    let body = short.len().checked_sub(tag_bytes).filter(|body| *body >= page_size.header_bytes());
    let (Some(body), Some(gap)) = (body, page_size.bytes().checked_sub(short.len())) else {
        return Err(truncated());
    };
    let free = usize::from(u16_at(short, FREE_BYTES_AT).ok_or_else(truncated)?) + gap;
    let free = u16::try_from(free).map_err(|_| {
        let problem = Problem::OutOfRange { found: free as u64, min: 0, max: u64::from(u16::MAX) };
        record_error(FREE_BYTES_AT, "dehydrated before-image.cbFree", problem)
    })?;
    let mut page = Vec::with_capacity(page_size.bytes());
    page.extend_from_slice(&short[..body]);
    page.resize(body + gap, 0);
    page.extend_from_slice(&short[body..]);
    page[FREE_BYTES_AT..FREE_BYTES_AT + 2].copy_from_slice(&free.to_le_bytes());
    Ok(page)
}
