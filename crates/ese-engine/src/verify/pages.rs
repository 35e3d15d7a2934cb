//! Who uses a page: one bit for each page of the file, and the extents of every tree (spec 02 §12.8).

use ese_format::error::JetError;
use ese_format::space::Extent;

use crate::verify::report::{Place, VerifyReport};

/// What a page is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A page of a tree.
    Tree,
    /// Free.
    Available,
    /// Kept back for splits of a space tree.
    SplitBuffer,
}

impl Use {
    fn said(self) -> &'static str {
        match self {
            Self::Tree => "is a page of this tree",
            Self::Available => "is free here",
            Self::SplitBuffer => "is in the split buffer",
        }
    }
}

/// What one tree owns.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) place: Place,
    /// Ascending, disjoint.
    pub(super) extents: Vec<Extent>,
    /// 0 the database, 1 a table, 2 an index or the long values.
    pub(super) depth: u8,
}

impl Owner {
    pub(super) fn owns(&self, page: u32) -> bool {
        contains(&self.extents, page)
    }
}

/// Whether a page lies in one of the extents, which are ascending.
fn contains(extents: &[Extent], page: u32) -> bool {
    let behind = extents.partition_point(|extent| extent.last < page);
    extents.get(behind).is_some_and(|extent| extent.first() <= page)
}

/// The uses of all pages.
#[derive(Debug)]
pub(super) struct Claims {
    used: Vec<u64>,
    pages: u32,
    owners: Vec<Owner>,
    /// What the tree being walked owns; `None` where that is not known.
    bounds: Option<Vec<Extent>>,
    /// Whether some tree could not be walked in full: pages nobody claimed may be its.
    pub(super) is_incomplete: bool,
}

impl Claims {
    pub(super) fn new(pages: u32) -> Self {
        let words = (pages as usize + 1).div_ceil(64);
        Self { used: vec![0; words], pages, owners: Vec::new(), bounds: None, is_incomplete: false }
    }

    /// Pages of the file.
    pub(super) fn pages(&self) -> u32 {
        self.pages
    }

    /// From now on pages of a tree must lie in these extents.
    pub(super) fn set_bounds(&mut self, owned: Option<&[Extent]>) {
        self.bounds = owned.map(<[Extent]>::to_vec);
    }

    /// Remembers what a tree owns.
    pub(super) fn add_owner(&mut self, owner: Owner) {
        self.owners.push(owner);
    }

    /// Takes a page for a use; false, and a finding, when somebody else has it.
    pub(super) fn claim(
        &mut self,
        page: u32,
        for_use: Use,
        place: &Place,
        report: &mut VerifyReport,
    ) -> bool {
        if page == 0 || page > self.pages {
            let what =
                format!("{}, and is beyond the end of the file ({} pages)", for_use.said(), self.pages);
            report.damage_on(place, page, JetError::DATABASE_CORRUPTED, what);
            return false;
        }
        if let Some(owned) = self.bounds.as_ref().filter(|_| for_use == Use::Tree)
            && !contains(owned, page)
        {
            report.damage_on(
                place,
                page,
                JetError::SP_OWN_EXT_CORRUPTED,
                "is used and not owned by this tree",
            );
        }
        let (word, bit) = (page as usize / 64, 1u64 << (page % 64));
        let Some(word) = self.used.get_mut(word) else { return false };
        if *word & bit != 0 {
            let owners = self.owners_of(page);
            let what = format!("{}, but is used a second time (owned by {owners})", for_use.said());
            let jet = match for_use {
                Use::Available | Use::SplitBuffer => JetError::SP_AVAIL_EXT_CORRUPTED,
                Use::Tree => JetError::DATABASE_CORRUPTED,
            };
            report.damage_on(place, page, jet, what);
            return false;
        }
        *word |= bit;
        true
    }

    /// The names of all trees that own a page.
    fn owners_of(&self, page: u32) -> String {
        let names = self.owners.iter().filter(|owner| owner.owns(page)).map(|owner| owner.place.to_string());
        names.collect::<Vec<_>>().join("; ")
    }

    fn is_used(&self, page: u32) -> bool {
        self.used.get(page as usize / 64).is_some_and(|word| word >> (page % 64) & 1 == 1)
    }

    /// Reports the pages that the database owns and nobody uses, as runs, under the name of the last owner.
    pub(super) fn report_leaks(&self, report: &mut VerifyReport) {
        let Some(root) = self.owners.iter().find(|owner| owner.depth == 0) else { return };
        for extent in &root.extents {
            let mut pages = extent.pages().take_while(|page| *page <= self.pages).peekable();
            while let Some(first) = pages.next() {
                if self.is_used(first) {
                    continue;
                }
                let owner = self.last_owner(first);
                let mut last = first;
                while let Some(next) = pages.peek().copied()
                    && !self.is_used(next)
                    && owner.is_some_and(|owner| {
                        self.last_owner(next).is_some_and(|other| std::ptr::eq(owner, other))
                    })
                {
                    last = next;
                    pages.next();
                }
                let place = owner.map(|owner| owner.place.clone()).unwrap_or_default();
                report.counts.leaked_pages += u64::from(last - first) + 1;
                let what = if first == last {
                    format!("page {first} is leaked: owned, in no tree and not free")
                } else {
                    format!("pages {first} to {last} are leaked: owned, in no tree and not free")
                };
                report.warn(&place, Some(first), JetError::DATABASE_LEAK_IN_SPACE, what);
            }
        }
    }

    /// The owner furthest from the root.
    fn last_owner(&self, page: u32) -> Option<&Owner> {
        self.owners.iter().filter(|owner| owner.owns(page)).max_by_key(|owner| owner.depth)
    }
}
