//! Where in a tree a node lies, as a fraction: an estimate from the lines on the way to it (spec 09 §7.7).
//!
//! Invariant: exact for a tree of one page, as far as no node of it is deleted.

use ese_format::page::PageFlags;

use crate::btree::{Bookmark, Target, Tree};
use crate::cache::PageGuard;
use crate::error::Result;

/// A place as so many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// Nodes before it.
    pub below: u64,
    /// Nodes.
    pub total: u64,
}

impl Tree {
    /// Where a bookmark lies or would lie.
    ///
    /// # Errors
    /// Those of a descent.
    pub fn estimate(&self, key: &[u8], data: &[u8]) -> Result<Fraction> {
        let mut fraction = Fraction { below: 0, total: 1 };
        let mut page = self.latch_root()?;
        let mut level = 1;
        while !page.view().flags().contains(PageFlags::LEAF) {
            self.check_level(&page, level)?;
            let line = self.line_towards(&page, Target::Bookmark { key, data })?;
            fraction = fraction.within(line, page.view().line_count());
            page = self.latch_below(&page, line)?;
            level += 1;
        }
        let whole = self.has_duplicate_keys().then_some(data);
        let line = self.first_line_at_or_above(&page, key, whole)?;
        Ok(fraction.within(line, page.view().line_count()))
    }

    /// A node at about this place; `None` in a tree without nodes on the way there.
    ///
    /// # Errors
    /// Those of a descent.
    pub fn bookmark_near(&self, place: Fraction) -> Result<Option<Bookmark>> {
        let whole = u128::from(place.total.max(1));
        let mut part = u128::from(place.below).min(whole);
        let mut page = self.latch_root()?;
        let mut level = 1;
        loop {
            let lines = page.view().line_count();
            let Some(last) = lines.checked_sub(1) else { return Ok(None) };
            let scaled = part * lines as u128;
            let line = usize::try_from(scaled / whole).unwrap_or(last).min(last);
            part = (scaled - line as u128 * whole).min(whole);
            if page.view().flags().contains(PageFlags::LEAF) {
                let node = self.node(&page, line)?;
                let data = if self.has_duplicate_keys() { node.data.to_vec() } else { Vec::new() };
                return Ok(Some(Bookmark { key: node.key().to_vec(), data }));
            }
            self.check_level(&page, level)?;
            page = self.latch_below(&page, line)?;
            level += 1;
        }
    }

    fn latch_below(&self, page: &PageGuard, line: usize) -> Result<PageGuard> {
        let child = self.child(page, line)?;
        self.latch_child(page, child)
    }
}

impl Fraction {
    /// The place `line` of `lines` inside this one.
    fn within(self, line: usize, lines: usize) -> Self {
        let lines = (lines as u64).max(1);
        Self {
            below: self.below.saturating_mul(lines).saturating_add(line as u64),
            total: self.total.saturating_mul(lines),
        }
    }
}
