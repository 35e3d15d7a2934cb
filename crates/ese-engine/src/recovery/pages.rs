//! The pages of a database under redo: the cache, with a gate that keeps pages back which a second crash could not undo.

use std::sync::Arc;

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::page::{PageMut, PageView};
use ese_format::page_size::PageSize;

use crate::btree::Logged;
use crate::cache::{CachedFile, PageWriteGuard, WriteGate};
use crate::error::{Error, Result};
use crate::redo::{HeldPages, RedoPage, RedoPages};

/// Pages by which a file grows at once where no ExtendDB announced it: old logs, and none that lies.
const GROWTH_PAGES_MAX: u32 = 1 << 16;

/// The gate of recovery. The log that is redone is durable, and headers name each generation before it is redone (W2):
/// only W3 is left.
#[derive(Debug)]
pub(super) struct RecoveryGate {
    dbid: u8,
    held: Arc<HeldPages>,
}

impl RecoveryGate {
    pub(super) fn new(dbid: u8, held: &Arc<HeldPages>) -> Arc<Self> {
        Arc::new(Self { dbid, held: Arc::clone(held) })
    }
}

impl WriteGate for RecoveryGate {
    fn may_write(&self, page: &PageView<'_>) -> bool {
        !self.held.holds(self.dbid, page.number())
    }

    fn before_write(&self, _page: &PageView<'_>, modified: Lgpos) -> Result<Lgpos> {
        Ok(modified)
    }

    fn make_durable(&self, _through: Lgpos) -> Result<()> {
        Ok(())
    }
}

/// The pages of a file.
#[derive(Clone, Debug)]
pub(super) struct CachedPages(pub(super) Arc<CachedFile>);

/// One of them.
#[derive(Debug)]
pub(super) struct CachedPage(PageWriteGuard);

impl RedoPage for CachedPage {
    fn view(&self) -> PageView<'_> {
        self.0.view()
    }

    fn page(&mut self) -> PageMut<'_> {
        self.0.page()
    }

    fn mark_changed(&mut self, position: Lgpos, oldest_begin0: Lgpos) {
        let oldest_begin0 = if oldest_begin0.is_null() { position } else { oldest_begin0 };
        self.0.mark_changed(Logged { position, oldest_begin0 });
    }
}

impl RedoPages for CachedPages {
    type Page = CachedPage;

    fn page_size(&self) -> PageSize {
        self.0.page_size()
    }

    fn latch(&self, page: u32) -> Result<CachedPage> {
        self.0.latch_write(page).map(CachedPage)
    }

    fn latch_new(&self, page: u32) -> Result<CachedPage> {
        let pages = self.0.page_count();
        if page > pages {
            if page - pages > GROWTH_PAGES_MAX {
                let about = format!("{}: a record builds page {page} of {pages}", self.0.path().display());
                return Err(Error::refused(JetError::FILE_IO_BEYOND_EOF, about));
            }
            self.0.set_page_count(page)?;
        }
        self.0.latch_new(page).map(CachedPage)
    }

    fn page_count(&self) -> u32 {
        self.0.page_count()
    }

    fn set_page_count(&self, pages: u32) -> Result<()> {
        self.0.set_page_count(pages)
    }
}
