//! Changes to nodes.

use ese_format::error::JetError;
use ese_format::space::RootHeader;

use crate::btree::{Author, Cleaned, DeltaWidth, LockKind, UndoneVersion, Versioning, WritableTree};
use crate::error::{Error, Result};

impl WritableTree {
    fn not_yet(&self) -> Error {
        Error::refused(JetError::FEATURE_NOT_AVAILABLE, format!("tree at page {}", self.tree().root()))
    }

    /// Inserts a node. Over a flag-deleted one with the same bookmark that one comes back with this data.
    ///
    /// # Errors
    /// `JET_errKeyDuplicate` (unique keys) and `JET_errMultiValuedIndexViolation` when there is such a node,
    /// `JET_errRecordTooBig` when no page could hold it, those of [`Author::version`], of the log, of space and of reading
    /// pages. Nothing was changed.
    pub fn insert(
        &self,
        _author: &mut dyn Author,
        _key: &[u8],
        _data: &[u8],
        _versioning: Versioning,
    ) -> Result<()> {
        Err(self.not_yet())
    }

    /// Replaces the data of a node; trees with unique keys only.
    ///
    /// # Errors
    /// `JET_errRecordDeleted` when there is no such node; otherwise as [`Self::insert`].
    pub fn replace(
        &self,
        _author: &mut dyn Author,
        _key: &[u8],
        _data: &[u8],
        _versioning: Versioning,
    ) -> Result<()> {
        Err(self.not_yet())
    }

    /// Sets the deleted flag of a node. `data` counts in trees with duplicate keys.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn flag_delete(
        &self,
        _author: &mut dyn Author,
        _key: &[u8],
        _data: &[u8],
        _versioning: Versioning,
    ) -> Result<()> {
        Err(self.not_yet())
    }

    /// Adds `delta` to the number at `offset` of a node's data and gives the number that was there.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn delta(
        &self,
        _author: &mut dyn Author,
        _key: &[u8],
        _offset: u16,
        _width: DeltaWidth,
        _delta: i64,
        _versioning: Versioning,
    ) -> Result<i64> {
        Err(self.not_yet())
    }

    /// Keeps others from changing a node until the transaction ends. Nothing is logged.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn lock(&self, _author: &mut dyn Author, _key: &[u8], _data: &[u8], _lock: LockKind) -> Result<()> {
        Err(self.not_yet())
    }

    /// Removes a node from its page, without a version: space trees, cleanup.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn delete(&self, _author: &mut dyn Author, _key: &[u8], _data: &[u8]) -> Result<()> {
        Err(self.not_yet())
    }

    /// Takes a version back on the page (spec 06 §11.2): logs its before-image if that is pending, then the undo. The
    /// version is the caller's to forget afterwards.
    ///
    /// # Errors
    /// Those of the log and of reading pages.
    pub fn undo(&self, _author: &mut dyn Author, _undone: &UndoneVersion<'_>) -> Result<()> {
        Err(self.not_yet())
    }

    /// Cleans the leaf on which this bookmark lies: removes its flag-deleted nodes that `needed` (asked with key, and
    /// data in trees with duplicate keys) does not want, and takes pages out of the tree that became empty or whose nodes
    /// fit beside.
    ///
    /// # Errors
    /// Those of the log, of space and of reading pages. The tree is in order, and may be less clean than it could be.
    pub fn clean(
        &self,
        _author: &mut dyn Author,
        _key: &[u8],
        _data: &[u8],
        _needed: &dyn Fn(&[u8], &[u8]) -> bool,
    ) -> Result<Cleaned> {
        Err(self.not_yet())
    }

    /// Sets the external header of the root: space header and auto-increment counter. A space tree's split buffer is set
    /// by [`Self::set_root_header_bytes`].
    ///
    /// # Errors
    /// Those of the log and of reading pages; `JET_errRecordTooBig` when the root has no room for a longer header.
    pub fn set_root_header(&self, author: &mut dyn Author, header: &RootHeader) -> Result<()> {
        self.set_root_header_bytes(author, &header.encode())
    }

    /// Sets the external header of the root to these bytes.
    ///
    /// # Errors
    /// As [`Self::set_root_header`].
    pub fn set_root_header_bytes(&self, _author: &mut dyn Author, _header: &[u8]) -> Result<()> {
        Err(self.not_yet())
    }
}
