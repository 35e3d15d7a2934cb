//! Space hints of trees as `/mm` and `/ms` show them: what the catalog leaves out is filled in (spec 03 §10, 10 §6.4.1).

use ese_format::catalog::{IndexRow, LongValueRow, PersistedSpaceHints, TableRow};
use ese_format::page_size::PageSize;

/// `JET_bitSpaceHintsUtilizeParentSpace`.
const UTILIZE_PARENT_SPACE: u32 = 0x1;
const MAINTENANCE_DENSITY_DEFAULT: u32 = 80;
const GROWTH_PERCENT_DEFAULT: u32 = 100;
/// Smallest and largest extent of trees without hints, pages.
const EXTENT_PAGES_DEFAULT: (u64, u64) = (4, 16);

/// Hints with every default filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpaceHints {
    pub(crate) initial_density: u32,
    pub(crate) initial_bytes: u64,
    pub(crate) grbit: u32,
    pub(crate) maintenance_density: u32,
    pub(crate) growth_percent: u32,
    pub(crate) min_extent_bytes: u64,
    pub(crate) max_extent_bytes: u64,
}

/// The hints of a table's primary tree.
pub(crate) fn of_table(row: &TableRow, page_size: PageSize) -> SpaceHints {
    let initial_bytes = u64::from(row.pages) * page_size.bytes() as u64;
    filled_in(row.density, initial_bytes, &row.space_hints.unwrap_or_default(), page_size)
}

/// The hints of an index.
pub(crate) fn of_index(row: &IndexRow, page_size: PageSize) -> SpaceHints {
    of_child(row.density, row.space_hints, page_size)
}

/// The hints of a long-value tree.
pub(crate) fn of_long_values(row: &LongValueRow, page_size: PageSize) -> SpaceHints {
    of_child(row.density, row.space_hints, page_size)
}

/// The hints for the long-value tree a table does not have yet.
pub(crate) fn of_deferred_long_values(hints: &PersistedSpaceHints, page_size: PageSize) -> SpaceHints {
    of_child(hints.initial_density, Some(*hints), page_size)
}

fn of_child(density: u32, hints: Option<PersistedSpaceHints>, page_size: PageSize) -> SpaceHints {
    let hints = hints.unwrap_or_default();
    let initial_bytes = match hints.initial_bytes {
        0 => page_size.bytes() as u64,
        bytes => u64::from(bytes),
    };
    filled_in(density, initial_bytes, &hints, page_size)
}

fn filled_in(
    initial_density: u32,
    initial_bytes: u64,
    hints: &PersistedSpaceHints,
    page_size: PageSize,
) -> SpaceHints {
    let page_bytes = page_size.bytes() as u64;
    let (min_pages, max_pages) =
        if hints.grbit & UTILIZE_PARENT_SPACE != 0 { (1, 1) } else { EXTENT_PAGES_DEFAULT };
    let bytes_or = |value: u32, pages: u64| if value == 0 { pages * page_bytes } else { u64::from(value) };
    let or = |value: u32, default: u32| if value == 0 { default } else { value };
    SpaceHints {
        initial_density,
        initial_bytes,
        grbit: hints.grbit,
        maintenance_density: or(hints.maintenance_density, MAINTENANCE_DENSITY_DEFAULT),
        growth_percent: or(hints.growth, GROWTH_PERCENT_DEFAULT),
        min_extent_bytes: bytes_or(hints.extent_bytes_min, min_pages),
        max_extent_bytes: bytes_or(hints.extent_bytes_max, max_pages),
    }
}
