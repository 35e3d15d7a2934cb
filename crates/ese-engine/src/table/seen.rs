//! Tree cursors that see what a session sees.

use std::sync::Arc;

use crate::btree::{Tree, TreeCursor, Visibility};
use crate::error::Result;

/// Which versions a reader sees; `None` for what is on the pages.
pub(super) type Sight = Option<Arc<dyn Visibility>>;

/// A cursor over a tree for a reader.
pub(super) fn cursor_over(tree: &Tree, sight: &Sight) -> TreeCursor {
    match sight {
        Some(sight) => tree.cursor_seeing(Arc::clone(sight)),
        None => tree.cursor(),
    }
}

/// The data of the node the cursor is on, as its reader sees it; `None` on no node.
pub(super) fn data(cursor: &TreeCursor) -> Result<Option<&[u8]>> {
    Ok(cursor.node()?.map(|node| node.data))
}
