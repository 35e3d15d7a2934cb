//! The image of a page that a split or merge logs before nodes leave it (spec 05 §8.6).
//!
//! It is compressed where that makes it shorter: every log stream we write is of a version that allows it
//! (8.4000.5 and up). The free gap is not cut out; compression takes care of it.

use ese_format::compression::{Compressed, compress_image};
use ese_format::log::record::ImageFlags;
use ese_format::page::PageView;

/// Where a page header has the dbtime.
const DBTIME: std::ops::Range<usize> = 8..16;

/// An image, packed.
#[derive(Debug, Default)]
pub(super) struct PackedImage {
    pub(super) bytes: Vec<u8>,
    pub(super) flags: ImageFlags,
}

impl PackedImage {
    /// The page as it is, but with the dbtime that the operation gives it.
    pub(super) fn of(page: &PageView<'_>, dbtime: u64) -> Self {
        let mut image = page.bytes().to_vec();
        if let Some(place) = image.get_mut(DBTIME) {
            place.copy_from_slice(&dbtime.to_le_bytes());
        }
        let mut packed = Vec::with_capacity(image.len());
        if compress_image(&image, &mut packed) == Compressed::Yes {
            Self { bytes: packed, flags: ImageFlags::COMPRESSED }
        } else {
            Self { bytes: image, flags: ImageFlags::empty() }
        }
    }
}
