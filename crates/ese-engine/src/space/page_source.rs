//! Where trees get the pages for their splits: ordinary ones from what they own, space trees from their split buffers.

use std::sync::Arc;

use ese_format::error::JetError;
use ese_format::space::Extent;

use crate::btree::{Author, PageSource, WritableTree};
use crate::error::{Error, Result};
use crate::space::extent_tree::split_buffer;

/// The pages that an ordinary tree grows into: its own.
pub(crate) fn own_pages() -> Arc<dyn PageSource> {
    Arc::new(OwnPages)
}

/// Takes pages of a tree from the extents it owns.
#[derive(Debug)]
struct OwnPages;

impl PageSource for OwnPages {
    fn allocate(
        &self,
        tree: &WritableTree,
        author: &mut dyn Author,
        near: u32,
        count: u32,
    ) -> Result<Vec<u32>> {
        tree.allocate_pages(author, near, count)
    }

    fn free(&self, tree: &WritableTree, author: &mut dyn Author, page: u32) -> Result<()> {
        tree.free_pages(author, page, 1)
    }
}

/// Takes pages of a space tree from its split buffer, under the space lock of its owner.
#[derive(Debug)]
pub(super) struct SplitBufferPages;

impl PageSource for SplitBufferPages {
    fn allocate(
        &self,
        tree: &WritableTree,
        author: &mut dyn Author,
        _near: u32,
        count: u32,
    ) -> Result<Vec<u32>> {
        let mut buffer = split_buffer(tree)?;
        let pages: Vec<u32> = std::iter::from_fn(|| buffer.take()).take(count as usize).collect();
        if pages.len() < count as usize {
            let about = format!("split buffer of the space tree at page {}", tree.tree().root());
            return Err(Error::refused(JetError::SP_OUT_OF_OWN_EXT_CACHE_SPACE, about));
        }
        tree.set_root_header_bytes(author, &buffer.encode())?;
        Ok(pages)
    }

    /// A page that fits neither before a run nor into an empty place of the buffer is leaked.
    fn free(&self, tree: &WritableTree, author: &mut dyn Author, page: u32) -> Result<()> {
        let mut buffer = split_buffer(tree)?;
        if !buffer.give_back(page) {
            let Some(place) = buffer.runs.iter_mut().find(|run| run.count == 0) else {
                tracing::warn!(page, root = tree.tree().root(), "a page of a space tree is leaked");
                return Ok(());
            };
            *place = Extent { last: page, count: 1 };
        }
        tree.set_root_header_bytes(author, &buffer.encode())
    }
}
