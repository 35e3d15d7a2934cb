//! How one tree takes its pages: what the space hints of its table or index say (spec 03 §10), in the terms of space and
//! splits (spec 02 §9.1, §13).
//!
//! Hints are wishes: whatever they say, a tree is sound, and a file that was written without them can be continued with
//! them. What a hint asks of defragmentation (the density to keep) and of reading ahead is kept in the catalog only. Hints
//! of sequential growth ask for contiguous pages on spinning disks; here they change nothing
//! (`docs/format/space-hints.md`).

use bitflags::bitflags;
use ese_format::catalog::PersistedSpaceHints;
use ese_format::page_size::PageSize;

/// Percent of a leaf that appended records fill, unless the schema says otherwise (spec 02 §9.1).
pub const DENSITY_DEFAULT: u8 = 80;
/// Densities that a leaf may be asked to have.
const DENSITY_MIN: u32 = 20;
const DENSITY_MAX: u32 = 100;

bitflags! {
    /// The bits of the hints that decide about extents; the others ask nothing of space.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct SpacePolicyFlags: u32 {
        /// JET_bitSpaceHintsUtilizeParentSpace: children of this tree get their extents from its free pages first.
        const UTILIZE_PARENT_SPACE = 0x1;
        /// JET_bitSpaceHintsUtilizeExactExtents: it is given no more pages than it asks for.
        const EXACT_EXTENTS = 0x200;
    }
}

/// How a tree takes its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpacePolicy {
    /// Percent of a leaf that appended records fill, 20 to 100. Trees of long values and space trees are always filled.
    pub density: u8,
    /// Percent of its last extent that the next one has; used where extents have bounds.
    pub growth_percent: u32,
    /// Pages of its extents at least.
    pub extent_pages_min: u32,
    /// Pages of its extents at most; 0 for no hint about extents.
    pub extent_pages_max: u32,
    /// What else decides about its extents.
    pub flags: SpacePolicyFlags,
}

impl Default for SpacePolicy {
    fn default() -> Self {
        Self {
            density: DENSITY_DEFAULT,
            growth_percent: 0,
            extent_pages_min: 0,
            extent_pages_max: 0,
            flags: SpacePolicyFlags::empty(),
        }
    }
}

impl SpacePolicy {
    /// The policy of a tree of this density and with these hints in its catalog row. Values that no row should have are
    /// brought into bounds: a damaged catalog makes no damaged tree.
    #[must_use]
    pub fn of_row(density: u32, hints: Option<&PersistedSpaceHints>, page_size: PageSize) -> Self {
        let density = match density {
            0 => DENSITY_DEFAULT,
            // 20 to 100 fits.
            percent => percent.clamp(DENSITY_MIN, DENSITY_MAX) as u8,
        };
        let Some(hints) = hints else { return Self { density, ..Self::default() } };
        let page_bytes = u32::try_from(page_size.bytes()).unwrap_or(u32::MAX);
        let pages = |bytes: u32| bytes.div_ceil(page_bytes);
        Self {
            density,
            growth_percent: hints.growth,
            extent_pages_min: pages(hints.extent_bytes_min.min(hints.extent_bytes_max)),
            extent_pages_max: pages(hints.extent_bytes_max),
            flags: SpacePolicyFlags::from_bits_truncate(hints.grbit),
        }
    }

    /// Pages of the extent that follows one of `last` pages (spec 02 §13.6 step 3).
    #[must_use]
    pub fn extent_after(&self, last: u32) -> u32 {
        let (min, max) = (self.extent_pages_min, self.extent_pages_max);
        if max == 0 {
            return last;
        }
        let grown = u64::from(last) * u64::from(self.growth_percent) / 100;
        let grown = u32::try_from(grown).unwrap_or(u32::MAX).max(last.saturating_add(1));
        grown.clamp(min, max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(growth_percent: u32, extent_pages_min: u32, extent_pages_max: u32) -> SpacePolicy {
        SpacePolicy { growth_percent, extent_pages_min, extent_pages_max, ..SpacePolicy::default() }
    }

    #[test]
    fn without_hints_an_extent_is_as_large_as_the_last() {
        assert_eq!([1, 16, 400].map(|last| SpacePolicy::default().extent_after(last)), [1, 16, 400]);
    }

    #[test]
    fn equal_bounds_are_a_constant_size() {
        assert_eq!([1, 16, 400].map(|last| policy(300, 64, 64).extent_after(last)), [64, 64, 64]);
    }

    #[test]
    fn growth_is_a_percentage_and_one_page_at_least_between_the_bounds() {
        let policy = policy(150, 8, 100);
        assert_eq!([1, 8, 9, 60, 99, 5000].map(|last| policy.extent_after(last)), [8, 12, 13, 90, 100, 100]);
        assert_eq!(SpacePolicy { growth_percent: 100, ..policy }.extent_after(20), 21);
        assert_eq!(SpacePolicy { growth_percent: 49_999, ..policy }.extent_after(u32::MAX), 100);
    }

    #[test]
    fn rows_with_impossible_hints_give_possible_policies() {
        let hints = PersistedSpaceHints {
            extent_bytes_min: u32::MAX,
            extent_bytes_max: 8192,
            grbit: u32::MAX,
            ..PersistedSpaceHints::default()
        };
        let policy = SpacePolicy::of_row(7, Some(&hints), PageSize::K4);
        assert_eq!((policy.density, policy.extent_pages_min, policy.extent_pages_max), (20, 2, 2));
        assert_eq!(policy.flags, SpacePolicyFlags::all());
        assert_eq!(SpacePolicy::of_row(0, None, PageSize::K4), SpacePolicy::default());
    }
}
