//! Space hints as catalog rows keep them (spec 03 §10).
//!
//! ```text
//! 0  u8   version, 1
//! 1  u32  × n, trailing zeros left out; the first element depends on the column:
//!         table rows        grbit, maintenance density, growth, minimal extent, maximal extent
//!         index, LV rows    initial size, then as above
//!         deferred LV       initial density, initial size, then as above
//! ```

use super::corrupted;
use crate::error::{FormatResult, Problem};
use crate::little_endian::u32_at;

/// Which elements an array begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceHintsKind {
    /// `SpaceHints` of a table row.
    Table,
    /// `SpaceHints` of an index or long-value row.
    IndexOrLongValue,
    /// `SpaceDeferredLVHints` of a table row.
    DeferredLongValue,
}

impl SpaceHintsKind {
    /// Elements of the full array that this kind leaves out at its start.
    fn left_out(self) -> usize {
        match self {
            Self::Table => 2,
            Self::IndexOrLongValue => 1,
            Self::DeferredLongValue => 0,
        }
    }
}

const ELEMENTS: usize = 7;
const VERSION: u8 = 1;

/// The hints. What a kind does not hold here is kept elsewhere in the row: the initial density in `SpaceUsage`, a
/// table's initial size in `PagesOrLocale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PersistedSpaceHints {
    /// Initial density in percent (deferred long-value hints only).
    pub initial_density: u32,
    /// Initial size in bytes (not in table rows).
    pub initial_bytes: u32,
    /// `JET_bitSpaceHints…`
    pub grbit: u32,
    /// Density to keep, in percent; 0 for none.
    pub maintenance_density: u32,
    /// Growth in percent.
    pub growth: u32,
    /// Smallest extent in bytes.
    pub extent_bytes_min: u32,
    /// Largest extent in bytes.
    pub extent_bytes_max: u32,
}

impl PersistedSpaceHints {
    fn elements(&self) -> [u32; ELEMENTS] {
        [
            self.initial_density,
            self.initial_bytes,
            self.grbit,
            self.maintenance_density,
            self.growth,
            self.extent_bytes_min,
            self.extent_bytes_max,
        ]
    }

    /// Reads the column.
    ///
    /// # Errors
    /// A version other than 1, a length other than 1 + 4n, too many elements: `JET_errCatalogCorrupted`.
    pub fn decode(bytes: &[u8], kind: SpaceHintsKind) -> FormatResult<Self> {
        let Some((&VERSION, array)) = bytes.split_first() else {
            return Err(corrupted("SpaceHints", Problem::Invalid("have no known version")));
        };
        let count = array.len() / 4;
        if !array.len().is_multiple_of(4) || count > ELEMENTS - kind.left_out() {
            return Err(corrupted("SpaceHints", Problem::Invalid("have a length no hints have")));
        }
        let element = |index: usize| {
            let place = index.checked_sub(kind.left_out());
            place.and_then(|place| u32_at(array, 4 * place)).unwrap_or(0)
        };
        Ok(Self {
            initial_density: element(0),
            initial_bytes: element(1),
            grbit: element(2),
            maintenance_density: element(3),
            growth: element(4),
            extent_bytes_min: element(5),
            extent_bytes_max: element(6),
        })
    }

    /// The column's bytes; `None` where all elements are zero, which is stored as NULL.
    #[must_use]
    pub fn encode(&self, kind: SpaceHintsKind) -> Option<Vec<u8>> {
        let elements = self.elements();
        let kept = elements.get(kind.left_out()..).unwrap_or_default();
        let count = kept.iter().rposition(|element| *element != 0)? + 1;
        let bytes = kept.iter().take(count).flat_map(|element| element.to_le_bytes());
        Some(std::iter::once(VERSION).chain(bytes).collect())
    }
}
