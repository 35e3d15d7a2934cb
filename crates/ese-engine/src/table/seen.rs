//! Tree cursors that see what a session sees.

use std::sync::Arc;

use ese_format::node::NodeView;

use crate::btree::{Seen, Tree, TreeCursor, Visibility};
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

/// Sees every node of which somebody may see some version, deleted ones included.
#[derive(Debug)]
struct Everything;

impl Visibility for Everything {
    fn see(&self, _tree: &Tree, _node: &NodeView<'_>) -> Seen {
        Seen::AsStored
    }
}

/// A cursor that is on nodes whose deletion may still be undone as on all others.
pub(super) fn cursor_over_all(tree: &Tree) -> TreeCursor {
    tree.cursor_seeing(Arc::new(Everything))
}

/// The data of the node the cursor is on, as its reader sees it; `None` on no node.
pub(super) fn data(cursor: &TreeCursor) -> Result<Option<&[u8]>> {
    cursor.data()
}
