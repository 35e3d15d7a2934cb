//! Numbers and offsets of new columns (spec 03 §8.3, §8.4).
//!
//! Invariant: numbers only grow, whatever becomes of the columns that drew them.

use ese_format::column_type::ColumnClass;
use ese_format::error::JetError;
use ese_format::record::RECORD_HEADER_BYTES;

use crate::error::{Error, Result};

/// What was given out so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnNumbers {
    fixed: u16,
    variable: u16,
    tagged: u16,
    fixed_end: u16,
}

impl Default for ColumnNumbers {
    fn default() -> Self {
        Self { fixed: 0, variable: 0, tagged: 0, fixed_end: RECORD_HEADER_BYTES as u16 }
    }
}

impl ColumnNumbers {
    /// The number of a new column of a class and, for a fixed one of `size` bytes, its offset. `known` is the last number
    /// of the class that others know of, and the end of the fixed columns.
    ///
    /// # Errors
    /// `JET_errTooManyColumns`.
    pub(crate) fn draw(
        &mut self,
        class: ColumnClass,
        size: u16,
        (known_fid, known_end): (u16, u16),
    ) -> Result<(u16, Option<u16>)> {
        let slot = match class {
            ColumnClass::Fixed => &mut self.fixed,
            ColumnClass::Variable => &mut self.variable,
            ColumnClass::Tagged => &mut self.tagged,
        };
        let last = known_fid.max(*slot).max(class.first_fid() - 1);
        if last >= class.last_fid() {
            return Err(Error::refused(JetError::TOO_MANY_COLUMNS, format!("{class:?} columns")));
        }
        *slot = last + 1;
        if class != ColumnClass::Fixed {
            return Ok((last + 1, None));
        }
        let offset = self.fixed_end.max(known_end);
        self.fixed_end = offset.saturating_add(size);
        Ok((last + 1, Some(offset)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_columns_are_never_given_twice() {
        let mut numbers = ColumnNumbers::default();
        let mut draw = |known| numbers.draw(ColumnClass::Fixed, 4, known).expect("there is room");
        assert_eq!(draw((0, 4)), (1, Some(4)));
        assert_eq!(draw((0, 4)), (2, Some(8)));
        assert_eq!(draw((5, 40)), (6, Some(40)));
        assert_eq!(draw((0, 0)), (7, Some(44)));
        let variable = numbers.draw(ColumnClass::Variable, 0, (255, 44));
        assert_eq!(variable.map_err(|error| error.jet()), Err(JetError::TOO_MANY_COLUMNS));
    }
}
