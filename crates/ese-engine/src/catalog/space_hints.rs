//! Space hints as a caller gives them, checked and brought into the form the catalog keeps (spec 03 §10).

use ese_format::catalog::PersistedSpaceHints;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::error::{Error, Result};

/// Density of a tree whose creator asked for none.
pub(super) const DENSITY_DEFAULT: u32 = 80;
const DENSITY: std::ops::RangeInclusive<u32> = 20..=100;
const GROWTH: std::ops::RangeInclusive<u32> = 100..=49_999;
const EXTENT_BYTES_END: u32 = 100 << 20;
const GRBITS: u32 = 0x3FF;
const SCAN_FORWARD: u32 = 0x10;
const SCAN_BACKWARD: u32 = 0x20;

/// `JET_SPACEHINTS` without its size: sizes in bytes, densities and growth in percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpaceHints {
    /// Density at append; 0 for the default.
    pub initial_density: u32,
    /// Initial size.
    pub initial_bytes: u32,
    /// `JET_bitSpaceHints…`
    pub grbit: u32,
    /// Density to keep.
    pub maintenance_density: u32,
    /// Growth of each extent.
    pub growth: u32,
    /// Smallest extent.
    pub extent_bytes_min: u32,
    /// Largest extent.
    pub extent_bytes_max: u32,
}

/// Hints in the catalog's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlannedSpace {
    pub density: u32,
    /// Pages to begin with, 0 for one.
    pub pages: u32,
    pub hints: Option<PersistedSpaceHints>,
}

impl PlannedSpace {
    /// Pages a tree really begins with.
    pub(super) fn initial_pages(&self) -> u32 {
        self.pages.max(1)
    }
}

fn invalid(what: &str) -> Error {
    Error::refused(JetError::SPACE_HINTS_INVALID, format!("space hints: {what}"))
}

/// A density, the default in place of 0.
///
/// # Errors
/// `JET_errDensityInvalid`.
pub(super) fn density(asked: u32, default: u32) -> Result<u32> {
    match asked {
        0 => Ok(default),
        asked if DENSITY.contains(&asked) => Ok(asked),
        asked => Err(Error::refused(JetError::DENSITY_INVALID, format!("density {asked} percent"))),
    }
}

impl SpaceHints {
    /// Checks the hints and rounds sizes to pages.
    pub(super) fn plan(&self, page_size: PageSize, default_density: u32) -> Result<PlannedSpace> {
        let density = density(self.initial_density, default_density)?;
        if self.maintenance_density != 0 && !DENSITY.contains(&self.maintenance_density) {
            return Err(Error::refused(JetError::DENSITY_INVALID, "space hints: maintenance density"));
        }
        if self.growth != 0 && !GROWTH.contains(&self.growth) {
            return Err(invalid("growth"));
        }
        if self.extent_bytes_min > self.extent_bytes_max || self.extent_bytes_max >= EXTENT_BYTES_END {
            return Err(invalid("extents"));
        }
        let both = SCAN_FORWARD | SCAN_BACKWARD;
        if self.grbit & !GRBITS != 0 || self.grbit & both == both {
            return Err(invalid("grbit"));
        }
        let page = u32::try_from(page_size.bytes()).unwrap_or(u32::MAX);
        let pages = self.initial_bytes.div_ceil(page);
        let whole = |bytes: u32| bytes.div_ceil(page).saturating_mul(page);
        let pages = if pages == 1 { 0 } else { pages };
        let hints = PersistedSpaceHints {
            initial_density: density,
            initial_bytes: pages.saturating_mul(page),
            grbit: self.grbit,
            maintenance_density: self.maintenance_density,
            growth: self.growth,
            extent_bytes_min: whole(self.extent_bytes_min),
            extent_bytes_max: whole(self.extent_bytes_max),
        };
        Ok(PlannedSpace { density, pages, hints: Some(hints) })
    }

    /// What a catalog row says of a tree.
    #[must_use]
    pub fn of_row(density: u32, initial_bytes: u32, hints: Option<PersistedSpaceHints>) -> Self {
        let hints = hints.unwrap_or_default();
        Self {
            initial_density: density,
            initial_bytes,
            grbit: hints.grbit,
            maintenance_density: hints.maintenance_density,
            growth: hints.growth,
            extent_bytes_min: hints.extent_bytes_min,
            extent_bytes_max: hints.extent_bytes_max,
        }
    }
}
