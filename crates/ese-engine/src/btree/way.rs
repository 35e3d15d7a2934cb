//! The internal pages on the way down a tree, as a cursor last saw them: a descent that latches the leaf alone.
//!
//! Of each page only the heads of its keys and its children are kept, which the page shares with all who keep them, and
//! a stamp. A way counts when every stamp of it is current after its leaf was latched: at that moment none of its pages
//! had changed since its heads were made, so the leaf is the one that a descent under latches would have come to. Where
//! the heads do not tell, or a page has changed, the cursor descends under latches and notes what it passes.

use std::sync::Arc;

use crate::btree::{DEPTH_MAX, KeyHeads};
use crate::cache::{PageGuard, PageStamp};

/// Pages that are kept: the upper levels of a large tree. Each has its place by its number.
const PAGES_MAX: usize = 256;

/// Descents of a cursor that show that it is not one for a single search.
const DESCENTS_BEFORE_NOTES: u8 = 3;

#[derive(Debug)]
struct KnownPage {
    number: u32,
    stamp: PageStamp,
    heads: Arc<KeyHeads>,
}

/// The internal pages that a cursor knows.
#[derive(Debug, Default)]
pub(super) struct Way {
    pages: Vec<Option<KnownPage>>,
    descents: u8,
}

/// The pages of one way, by their places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    places: [u8; DEPTH_MAX],
    count: usize,
}

/// Internal pages of a tree that was filled in order lie at even distances: their numbers are spread.
fn place_of(page: u32) -> usize {
    let spread = page.wrapping_mul(0x9E37_79B1) >> 16;
    spread as usize % PAGES_MAX
}

impl Way {
    /// A descent under latches begins.
    pub(super) fn begin_descent(&mut self) {
        self.descents = self.descents.saturating_add(1);
    }

    /// Keeps what is known of an internal page, if anything is.
    pub(super) fn note(&mut self, page: &PageGuard) {
        if self.descents < DESCENTS_BEFORE_NOTES {
            return;
        }
        let Some(heads) = page.key_heads().filter(|heads| heads.has_children()) else { return };
        if self.pages.is_empty() {
            self.pages.resize_with(PAGES_MAX, || None);
        }
        if let Some(place) = self.pages.get_mut(place_of(page.number())) {
            *place = Some(KnownPage { number: page.number(), stamp: page.stamp(), heads: Arc::clone(heads) });
        }
    }

    fn page(&self, number: u32) -> Option<&KnownPage> {
        let known = self.pages.get(place_of(number)).and_then(Option::as_ref)?;
        (known.number == number && known.stamp.is_current()).then_some(known)
    }

    /// The leaf to which the pages known lead with a key, and those pages: to be asked again when the leaf is latched.
    pub(super) fn leaf_towards(&self, root: u32, key: &[u8]) -> Option<(u32, Passed)> {
        let mut passed = Passed { places: [0; DEPTH_MAX], count: 0 };
        let mut number = root;
        for place in &mut passed.places {
            let child = self.page(number)?.heads.child_towards(key)?;
            // There are fewer places than a byte can say.
            *place = place_of(number) as u8;
            passed.count += 1;
            if child.is_leaf {
                return Some((child.number, passed));
            }
            number = child.number;
        }
        None
    }

    /// Whether none of these pages has changed.
    pub(super) fn holds(&self, passed: &Passed) -> bool {
        passed.places.iter().take(passed.count).all(|place| {
            let known = self.pages.get(usize::from(*place)).and_then(Option::as_ref);
            known.is_some_and(|known| known.stamp.is_current())
        })
    }
}
