//! Where a tree gets the pages it grows into: the seam between splits and space.
//!
//! An ordinary tree takes them from what it owns, a space tree from its split buffer (spec 02 §13.3, §13.8). Splits and
//! merges know only this trait.

use std::fmt;

use crate::btree::{Author, WritableTree};
use crate::error::Result;

/// Gives pages to a tree and takes them back. Called with no page latch held; for an ordinary tree with its structure
/// lock, for a space tree with the space lock of its owner.
pub trait PageSource: fmt::Debug + Send + Sync {
    /// Takes `count` pages for `tree`, near page `near` where that is possible, and logs it. The pages' contents mean
    /// nothing; nobody else uses them.
    ///
    /// # Errors
    /// `JET_errOutOfDatabaseSpace`, and those of the log and of reading pages. No page is then taken, or those taken are
    /// leaked.
    fn allocate(
        &self,
        tree: &WritableTree,
        author: &mut dyn Author,
        near: u32,
        count: u32,
    ) -> Result<Vec<u32>>;

    /// Gives a page of `tree` back that no page of it points at any more.
    ///
    /// # Errors
    /// Those of the log and of reading pages. The page is then leaked, which is tolerated (spec 02 §10.3).
    fn free(&self, tree: &WritableTree, author: &mut dyn Author, page: u32) -> Result<()>;
}
