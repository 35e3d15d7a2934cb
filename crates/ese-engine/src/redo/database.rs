//! What redo asks of a database: its pages, and what is known of how far it had come.

use ese_format::lgpos::Lgpos;
use ese_format::page::{PageMut, PageView, ReservedTagForm};
use ese_format::page_size::PageSize;

use super::maps::RedoMaps;
use crate::error::{Error, Result};

/// The pages of one database.
pub trait RedoPages {
    /// A page that nobody else can change while this lives.
    type Page: RedoPage;

    /// Bytes of a page.
    fn page_size(&self) -> PageSize;

    /// The page, read and checked.
    ///
    /// # Errors
    /// `JET_errFileIOBeyondEOF`, `JET_errPageNotInitialized` for a page of zeros, others for one that is damaged.
    fn latch(&self, page: u32) -> Result<Self::Page>;

    /// The page for building it from nothing; nothing is read. The file grows where it ends before the page.
    ///
    /// # Errors
    /// Those of growing the file.
    fn latch_new(&self, page: u32) -> Result<Self::Page>;

    /// Pages that the file holds.
    fn page_count(&self) -> u32;

    /// Makes the file hold this many pages.
    ///
    /// # Errors
    /// Those of the file.
    fn set_page_count(&self, pages: u32) -> Result<()>;
}

/// A latched page.
pub trait RedoPage {
    /// For reading.
    fn view(&self) -> PageView<'_>;

    /// For changing.
    fn page(&mut self) -> PageMut<'_>;

    /// It was changed by the record at `position`, whose transaction began at `oldest_begin0`.
    fn mark_changed(&mut self, position: Lgpos, oldest_begin0: Lgpos);
}

/// The databases that are attached at this point of the replay.
pub trait RedoTarget {
    /// Their pages.
    type Pages: RedoPages;

    /// The database with this number; `None` where its records are to be ignored.
    fn database(&mut self, dbid: u8) -> Option<&mut RedoDatabase<Self::Pages>>;
}

/// A database that is being replayed.
#[derive(Debug)]
pub struct RedoDatabase<P> {
    pages: P,
    reserved_tags: ReservedTagForm,
    attached: Lgpos,
    required_through: i32,
    last_resize: Lgpos,
    dbtime: u64,
    objid_last: u32,
    /// Pages that cannot be redone now.
    pub maps: RedoMaps,
}

/// What a [`RedoDatabase`] begins with.
#[derive(Clone, Copy, Debug)]
pub struct RedoDatabaseStart {
    /// How its pages say their number of reserved tags.
    pub reserved_tags: ReservedTagForm,
    /// lgposAttach of its header: records up to it are not about this attachment.
    pub attached: Lgpos,
    /// Last generation whose changes its pages may have (genMaxRequired at attach).
    pub required_through: i32,
    /// lgposLastResize of its header.
    pub last_resize: Lgpos,
    /// Largest dbtime known.
    pub dbtime: u64,
    /// Largest object id known.
    pub objid_last: u32,
}

impl<P: RedoPages> RedoDatabase<P> {
    /// A database whose replay begins.
    #[must_use]
    pub fn new(pages: P, start: RedoDatabaseStart) -> Self {
        Self {
            pages,
            reserved_tags: start.reserved_tags,
            attached: start.attached,
            required_through: start.required_through,
            last_resize: start.last_resize,
            dbtime: start.dbtime,
            objid_last: start.objid_last,
            maps: RedoMaps::default(),
        }
    }

    /// Its pages.
    #[must_use]
    pub fn pages(&self) -> &P {
        &self.pages
    }

    /// How its pages say their number of reserved tags.
    #[must_use]
    pub fn reserved_tags(&self) -> ReservedTagForm {
        self.reserved_tags
    }

    /// Sets how new pages say their number of reserved tags: the format's version changed.
    pub fn set_reserved_tags(&mut self, form: ReservedTagForm) {
        self.reserved_tags = form;
    }

    /// lgposAttach.
    #[must_use]
    pub fn attached(&self) -> Lgpos {
        self.attached
    }

    /// Last generation whose changes the pages may have had when redo began.
    #[must_use]
    pub fn required_through(&self) -> i32 {
        self.required_through
    }

    /// Whether pages may have changes of this position and later ones: "contains data from future logs".
    #[must_use]
    pub fn is_required(&self, position: Lgpos) -> bool {
        position.generation.get() <= self.required_through
    }

    /// lgposLastResize.
    #[must_use]
    pub fn last_resize(&self) -> Lgpos {
        self.last_resize
    }

    pub(super) fn set_last_resize(&mut self, position: Lgpos) {
        self.last_resize = self.last_resize.max(position);
    }

    /// Largest dbtime met.
    #[must_use]
    pub fn dbtime(&self) -> u64 {
        self.dbtime
    }

    /// Largest object id met.
    #[must_use]
    pub fn objid_last(&self) -> u32 {
        self.objid_last
    }

    /// Takes note of a record's dbtime and object id.
    pub fn saw(&mut self, dbtime: u64, objid: u32) {
        if dbtime < super::DBTIME_REVERTED {
            self.dbtime = self.dbtime.max(dbtime);
        }
        self.objid_last = self.objid_last.max(objid);
    }

    /// The error of the oldest page in a redo map, where one is left.
    ///
    /// # Errors
    /// That one.
    pub fn check_maps(&self) -> Result<()> {
        match self.maps.oldest() {
            None => Ok(()),
            Some((page, entry)) => {
                let about =
                    format!("page {page} could not be redone at {}: {:?}", entry.position, entry.kind);
                Err(Error::refused(entry.jet, about))
            }
        }
    }
}
