//! Whether a page needs a record's change, and how it is got (spec 06 §2, §9.4).

use ese_format::error::JetError;
use ese_format::log::record::{BeforeImage, DBTIME_NIL};

use super::database::{RedoDatabase, RedoPage, RedoPages};
use super::maps::{RedoMapEntry, RedoMapKind};
use super::{At, DBTIME_REVERTED, DBTIME_SHRUNK, RedoCounts};
use crate::error::{Error, Result};

/// What a page's dbtime says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The page has the change.
    Applied,
    /// The page is as it was before the change.
    Needed,
    /// The page lost an earlier update.
    TooOld,
    /// The page is newer than the log says it can be.
    TooNew,
}

/// Compares a page's dbtime with those of a record (spec 06 §2). A nil `before` is never compared.
#[must_use]
pub fn verdict(page: u64, before: u64, after: u64) -> Verdict {
    if page >= after {
        Verdict::Applied
    } else if before == DBTIME_NIL || page == before {
        Verdict::Needed
    } else if page < before {
        Verdict::TooOld
    } else {
        Verdict::TooNew
    }
}

/// A page of a record.
#[derive(Debug)]
pub(super) enum Access<G> {
    /// It needs the change.
    Needed(G),
    /// It has the change, or a later one.
    Applied(G),
    /// It is in a redo map, or the record names no such page.
    Absent,
}

impl<G> Access<G> {
    /// The page if it needs the change.
    pub(super) fn needed(&mut self) -> Option<&mut G> {
        match self {
            Self::Needed(page) => Some(page),
            _ => None,
        }
    }

    pub(super) fn is_needed(&self) -> bool {
        matches!(self, Self::Needed(_))
    }
}

/// A page that a record changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) page: u32,
    pub(super) before: u64,
    pub(super) after: u64,
}

fn dbtime_error(jet: JetError, at: At, change: Change, found: u64) -> Error {
    let Change { page, before, after } = change;
    let about = format!(
        "page {page} has dbtime {found:#x}, the record at {} changes {before:#x} to {after:#x}",
        at.position
    );
    Error::refused(jet, about)
}

impl<P: RedoPages> RedoDatabase<P> {
    /// A page that exists already when the record is made. Page 0 is no page.
    pub(super) fn existing(
        &mut self,
        counts: &mut RedoCounts,
        at: At,
        change: Change,
    ) -> Result<Access<P::Page>> {
        if change.page == 0 {
            return Ok(Access::Absent);
        }
        if self.maps.get(change.page).is_some() {
            counts.skipped += 1;
            return Ok(Access::Absent);
        }
        let page = match self.pages().latch(change.page) {
            Ok(page) => page,
            Err(error) => {
                let excused =
                    matches!(error.jet(), JetError::FILE_IO_BEYOND_EOF | JetError::PAGE_NOT_INITIALIZED);
                if !excused || !self.is_required(at.position) {
                    return Err(error);
                }
                return Ok(self.put_off(counts, at, change.page, RedoMapKind::Zeroed, error.jet()));
            }
        };
        let found = page.view().dbtime();
        if found >= DBTIME_REVERTED {
            return self.special_page(counts, at, change, found);
        }
        match verdict(found, change.before, change.after) {
            Verdict::Applied if self.is_required(at.position) => {
                counts.applied += 1;
                Ok(Access::Applied(page))
            }
            Verdict::Applied => Err(dbtime_error(JetError::DB_TIME_BEYOND_MAX_REQUIRED, at, change, found)),
            Verdict::Needed => {
                counts.redone += 1;
                Ok(Access::Needed(page))
            }
            Verdict::TooOld if self.is_required(at.position) => {
                Ok(self.put_off(counts, at, change.page, RedoMapKind::BadDbtime, JetError::DB_TIME_TOO_OLD))
            }
            Verdict::TooOld => Err(dbtime_error(JetError::DB_TIME_TOO_OLD, at, change, found)),
            Verdict::TooNew => Err(dbtime_error(JetError::DB_TIME_TOO_NEW, at, change, found)),
        }
    }

    /// A page with one of the dbtimes that are no times.
    fn special_page(
        &mut self,
        counts: &mut RedoCounts,
        at: At,
        change: Change,
        found: u64,
    ) -> Result<Access<P::Page>> {
        let kind = match found {
            DBTIME_SHRUNK => RedoMapKind::Zeroed,
            DBTIME_REVERTED => RedoMapKind::DbtimeRevert,
            _ => return Err(dbtime_error(JetError::DB_TIME_TOO_NEW, at, change, found)),
        };
        if !self.is_required(at.position) {
            return Err(dbtime_error(JetError::PAGE_NOT_INITIALIZED, at, change, found));
        }
        Ok(self.put_off(counts, at, change.page, kind, JetError::PAGE_NOT_INITIALIZED))
    }

    fn put_off<G>(
        &mut self,
        counts: &mut RedoCounts,
        at: At,
        page: u32,
        kind: RedoMapKind,
        jet: JetError,
    ) -> Access<G> {
        counts.skipped += 1;
        self.maps.put(page, RedoMapEntry { kind, position: at.position, jet });
        Access::Absent
    }

    /// A page that the record builds.
    pub(super) fn built(
        &mut self,
        counts: &mut RedoCounts,
        at: At,
        page: u32,
        after: u64,
    ) -> Result<Access<P::Page>> {
        if page == 0 || page > ese_format::page::PAGE_NUMBER_MAX {
            return Err(super::log_corrupted(at.position, "a record builds an impossible page"));
        }
        self.maps.remove(page);
        if self.is_required(at.position)
            && let Ok(present) = self.pages().latch(page)
            && (after..DBTIME_REVERTED).contains(&present.view().dbtime())
        {
            counts.applied += 1;
            return Ok(Access::Applied(present));
        }
        counts.built += 1;
        self.pages().latch_new(page).map(Access::Needed)
    }

    /// The bytes of the image of a record that must have one; whether they are a page is still to be checked.
    pub(super) fn image(&self, image: Option<BeforeImage<'_>>, number: u32) -> Result<Vec<u8>> {
        let image = image.ok_or_else(|| image_error(number, "is missing".to_owned()))?;
        image
            .unpack(self.pages().page_size())
            .map_err(|error| Error::refused(JetError::LOG_CORRUPTED, format!("page {number}: {error}")))
    }
}

/// The before-image that a record must have is none.
pub(super) fn image_error(number: u32, what: String) -> Error {
    Error::refused(
        JetError::DATABASE_BUFFER_DEPENDENCIES_CORRUPTED,
        format!("before-image of page {number}: {what}"),
    )
}
