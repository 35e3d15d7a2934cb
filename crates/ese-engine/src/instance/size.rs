//! How large a database is, and making it larger (spec 09 §4.5).
//!
//! Two sizes: pages that the database owns, and pages of its file, which counts the two header pages too and may have
//! more behind the last owned one.

use std::path::Path;

use ese_format::catalog::DATABASE_ROOT;
use ese_format::database_header::{DatabaseState, PROBE_BYTES, choose_header};
use ese_format::error::JetError;

use crate::btree::{TreeKind, WritableTree};
use crate::catalog::statement;
use crate::error::{Error, Result};
use crate::io::{Access, FileSystem};
use crate::space::resize_file;
use crate::transaction::Session;

use super::attached::AttachedDatabase;

/// Header pages before page 1.
const HEADER_PAGES: u32 = 2;

/// The smallest size that JetSetDatabaseSize takes.
const SET_PAGES_MIN: u32 = 32;

/// Sizes in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseSizes {
    /// Of the file, the two header pages included (JET_DbInfoFilesize).
    pub file: u32,
    /// That the database owns (JET_DbInfoSpaceOwned).
    pub owned: u32,
    /// That are free (JET_DbInfoSpaceAvailable).
    pub available: u32,
    /// That lie beyond the end of the file.
    pub shelved: u32,
}

/// What a resize may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resize {
    /// Make it larger; a smaller size is no error and changes nothing.
    Grow,
    /// Make it smaller; a larger size is no error and changes nothing.
    Shrink,
    /// Either.
    Either,
}

impl AttachedDatabase {
    fn root(&self) -> Result<WritableTree> {
        let (objid, root) = DATABASE_ROOT;
        WritableTree::open(self.map(), root, objid, TreeKind::Primary)
    }

    /// The last page that the database owns and its file has.
    ///
    /// # Errors
    /// Those of reading the root's space.
    pub(crate) fn last_page(&self) -> Result<u32> {
        let space = self.root()?.space()?;
        let owned = space.owned.last().map_or(0, |owned| owned.node.extent.last);
        Ok(owned.min(self.file().page_count()))
    }

    /// The sizes, as of one moment.
    ///
    /// # Errors
    /// Those of reading the root's space.
    pub fn sizes(&self) -> Result<DatabaseSizes> {
        let space = self.root()?.space()?;
        let pages = |pages: u64| u32::try_from(pages).unwrap_or(u32::MAX);
        Ok(DatabaseSizes {
            file: self.file().page_count().saturating_add(HEADER_PAGES),
            owned: pages(space.owned_pages()),
            available: pages(space.available_pages()),
            shelved: pages(space.shelved_pages()),
        })
    }

    /// Makes the file so many pages long, header pages included, or as many more as growth is rounded up to; returns how
    /// long it is then. Logged in a transaction of its own.
    ///
    /// # Errors
    /// `JET_errFeatureNotAvailable` for a size that is smaller, where that is not "grow only": files are not made smaller.
    /// As [`WritableTree::allocate_pages`], and `JET_errTransReadOnly`.
    pub fn resize(&self, session: &mut Session, target: u32, resize: Resize) -> Result<u32> {
        let root = self.root()?;
        let length = || self.file().page_count().saturating_add(HEADER_PAGES);
        let now = length();
        match (target.cmp(&now), resize) {
            (std::cmp::Ordering::Less, Resize::Shrink | Resize::Either) => {
                let about = format!("{} is not made smaller", self.path().display());
                Err(Error::refused(JetError::FEATURE_NOT_AVAILABLE, about))
            }
            (std::cmp::Ordering::Greater, Resize::Grow | Resize::Either) => {
                let pages = target - HEADER_PAGES;
                statement::run(session, |session| resize_file(&root, session, pages))?;
                Ok(length())
            }
            _ => Ok(now),
        }
    }
}

/// Makes the file of a database that is not attached at least `pages` pages long behind its headers, and returns how
/// many it has then (JetSetDatabaseSize). The pages belong to nobody until the database grows into them.
///
/// # Errors
/// `JET_errInvalidParameter` below 32 pages, `JET_errFileAccessDenied` while it is attached, the error of its state when it
/// is not clean, those of the header and of the disk.
pub fn set_database_size(disk: &dyn FileSystem, path: &Path, pages: u32) -> Result<u32> {
    if pages < SET_PAGES_MIN {
        return Err(Error::refused(JetError::INVALID_PARAMETER, format!("a database of {pages} pages")));
    }
    let file = disk.open(path, Access::ReadWrite)?;
    let mut first_bytes = vec![0; PROBE_BYTES];
    let count = file.read_at(&mut first_bytes, 0)?;
    first_bytes.truncate(count);
    let failed = |error: ese_format::error::FormatError| Error::format(file.path(), error);
    let header = choose_header(&first_bytes)
        .map_err(|error| failed(error.with_jet(JetError::DATABASE_CORRUPTED)))?
        .header;
    if header.state() != Some(DatabaseState::CleanShutdown) {
        let about = format!("{} is not clean", path.display());
        return Err(Error::refused(JetError::DATABASE_INCONSISTENT, about));
    }
    let page_bytes = header.page_size().bytes() as u64;
    let now = (file.length()? / page_bytes).saturating_sub(u64::from(HEADER_PAGES));
    if u64::from(pages) > now {
        file.set_length((u64::from(pages) + u64::from(HEADER_PAGES)) * page_bytes)?;
        file.sync()?;
    }
    Ok(u32::try_from(now.max(u64::from(pages))).unwrap_or(u32::MAX))
}
