//! What trees ask of the floor above: in whose name a change is made, and which version of a node a reader sees.
//!
//! The way of a change (spec 06 §3.1), with its page write-latched throughout:
//!
//! ```text
//! Author::version      conflict checked, before-image kept        may fail: nothing was changed
//! FileMap::next_dbtime
//! Author::log          the record is in the log buffer            may fail: Author::withdraw, nothing was changed
//! apply                the page changes                           may not fail
//! mark_changed         lgposModify and OB0 of the buffer
//! ```

use ese_format::lgpos::Lgpos;
use ese_format::log::record::Record;
use ese_format::node::NodeView;
use ese_format::page::PageView;

use crate::btree::{Tree, WritableTree};
use crate::error::Result;
use crate::file_map::FileMap;

/// Who makes a change, as page records say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Session number.
    pub procid: u16,
    /// Id of its level-0 transaction.
    pub trx_begin0: u32,
    /// Its transaction level.
    pub level: u8,
}

/// Where a change was logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Position of the last record of the change: the buffer's lgposModify. Null for a database that is not logged.
    pub position: Lgpos,
    /// Where the author's transaction begins in the log: the buffer's lgposOldestBegin0 (OB0). Null when not logged.
    pub oldest_begin0: Lgpos,
}

/// Whether a change can be rolled back and is seen by its author only until it is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// It makes a version.
    Versioned,
    /// It is final and seen by everybody at once: space trees, cleanup, JET_bitUpdateNoVersion.
    Unversioned,
}

/// A change to a node that makes a version (spec 06 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionedChange<'a> {
    /// The node is new, or its deleted flag is cleared.
    Insert,
    /// Its data is replaced.
    Replace {
        /// The data before.
        old: &'a [u8],
        /// Bytes of the data after.
        new_bytes: usize,
    },
    /// Its deleted flag is set.
    FlagDelete,
    /// A number inside its data changes by `delta`.
    Delta {
        /// Offset of the number.
        offset: u16,
        /// What is added.
        delta: i64,
        /// Bytes of the number: 4 or 8.
        width: u8,
    },
    /// Nothing changes; others may not write it.
    WriteLock,
    /// Nothing changes; others may only read-lock it.
    ReadLock,
}

/// In whose name pages are changed: a session in a transaction, or recovery undoing one.
pub trait Author {
    /// Who that is.
    fn stamp(&self) -> Stamp;

    /// Appends records, in this order, behind the begins that the session still owes the log. Every record may go to a
    /// new generation. For a database that is not logged nothing happens.
    ///
    /// # Errors
    /// Those of the log, among them `JET_errLogWriteFail` and `JET_errLogDiskFull`. None of the change may then be
    /// applied.
    fn log(&mut self, file: &FileMap, records: &[Record<'_>]) -> Result<Logged>;

    /// Makes a version of the node with this bookmark, after checking that no other transaction's version is in the
    /// way, and returns its rceid. The leaf is write-latched.
    ///
    /// # Errors
    /// `JET_errWriteConflict` (for [`VersionedChange::Insert`] over a deleted node: `JET_errKeyDuplicate`),
    /// `JET_errVersionStoreOutOfMemory`.
    fn version(
        &mut self,
        tree: &WritableTree,
        key: &[u8],
        data: &[u8],
        change: VersionedChange<'_>,
    ) -> Result<u32>;

    /// Takes a version back whose change was not logged.
    fn withdraw(&mut self, rceid: u32);

    /// Bytes of data that a rollback may put back into this node: the longest before-image among the uncommitted replaces
    /// of it, by whatever session; 0 when there is none. Only asked for nodes of trees with unique keys that carry the
    /// version flag; the leaf is latched. Free bytes of the page are kept for it (spec 02 §11.3), so that a rollback never
    /// splits.
    fn rollback_bytes(&self, tree: &WritableTree, key: &[u8]) -> usize;

    /// Logs the before-images that are not in the log yet for every open transaction's version on this page (UndoInfo,
    /// spec 06 §3.4): before nodes move to another page, and before the page is written.
    ///
    /// # Errors
    /// Those of the log.
    fn log_undo_images(&mut self, file: &FileMap, page: &PageView<'_>) -> Result<()>;
}

/// What a reader sees of a stored node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The node with the data that the page holds, even if the page says it is deleted.
    AsStored,
    /// No node.
    Hidden,
    /// The node with this data.
    Image(Vec<u8>),
}

/// Which versions of nodes a reader sees. A cursor without one sees what is on the page.
pub trait Visibility: std::fmt::Debug + Send + Sync {
    /// What this reader sees of a node that carries the version flag; the leaf is latched. Also asked for nodes that the
    /// page says are deleted: one of which there is no version (the flag may be stale) is [`Seen::Hidden`].
    fn see(&self, tree: &Tree, node: &NodeView<'_>) -> Seen;

    /// Whether there are no versions at all: every node is seen as its flags say. Looked at as [`Self::see`] is.
    fn sees_pages(&self) -> bool {
        false
    }
}
