//! Floor 4: space. Who owns which pages, and how trees get them and give them back (spec 02 §12–§13).
//!
//! A small tree owns one extent and keeps a bitmap in its root; a large one keeps its extents in two trees of its own,
//! the owned-extent tree (OE) and the available-extent tree (AE). Pages come from the parent: an index or the long
//! values from their table, a table from the database root, the root from the file, which grows.
//!
//! ```text
//! WritableTree::allocate_pages   a split: bitmap bit or first page of an available extent; else a secondary extent
//! OwnedSpace::give               an extent for a child: from the bitmap, the AE of system trees, or the parent's parent
//! OwnedSpace::acquire            a secondary extent: from the parent or the file into OE; then into AE
//! OwnedSpace::refill             pages set aside for the splits of OE and AE themselves, before these may split
//! WritableTree::free_pages       back into the bitmap or AE, joined; a whole extent goes back to the parent
//! ```
//!
//! Order of work (spec 02 §13.6): a page is taken from the parent's AE before it enters the child's OE, and enters OE
//! before AE; when it goes back it leaves AE, then OE, then enters the parent's AE. A crash in between leaks pages and
//! never gives one two owners.
//!
//! Locks: all of it under [`crate::file_map::TreeLocks::space`], a child's taken before its parent's. Space trees have no
//! lock of their own but that; no page is latched while another one's space lock is awaited.

mod allocate;
mod convert;
mod create;
mod extent_tree;
mod extents;
mod free;
mod grow;
mod new_page;
mod owned;
mod page_source;
mod refill;

pub use create::{NewTree, SpaceKind, Uniqueness, create_root, create_tree, delete_tree};
pub use extents::{ListedExtent, TreeSpace};
pub use grow::resize_file;
pub(crate) use page_source::own_pages;

#[cfg(test)]
mod tests;
