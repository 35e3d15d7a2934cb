//! Size limits (spec 04 §2.1) and when a writer separates a long value (§3.5).

use crate::page_size::PageSize;

/// Largest line of a page without its tag.
#[must_use]
pub const fn node_bytes_max(page_size: PageSize) -> usize {
    page_size.bytes() - if page_size.is_large() { 88 } else { 48 }
}

/// Largest key an index may be created with.
#[must_use]
pub const fn index_key_bytes_max(page_size: PageSize) -> u16 {
    match page_size {
        PageSize::K2 => 500,
        PageSize::K4 => 1000,
        PageSize::K8 | PageSize::K16 | PageSize::K32 => 2000,
    }
}

/// How large a record of one table may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLimits {
    /// Most bytes of a record; more is `JET_errRecordTooBig`.
    pub record_bytes_max: usize,
}

impl RecordLimits {
    /// The limits of a table on pages of this size whose primary index has keys of at most `primary_key_bytes_max`
    /// bytes; `None` for a table without a primary index.
    #[must_use]
    pub fn new(page_size: PageSize, primary_key_bytes_max: Option<u16>) -> Self {
        const SEQUENTIAL_KEY_BYTES: u16 = 4;
        let key = usize::from(primary_key_bytes_max.unwrap_or(SEQUENTIAL_KEY_BYTES));
        let overhead = if page_size.is_large() { 4 + key } else { 2 + (2 + key).max(255) };
        Self { record_bytes_max: node_bytes_max(page_size).saturating_sub(overhead) }
    }

    /// Largest long value that can be kept in the record by asking for it (`JET_bitSetIntrinsicLV`).
    #[must_use]
    pub fn intrinsic_bytes_max(self) -> usize {
        self.record_bytes_max.saturating_sub(9)
    }
}

/// Largest long value a table keeps in the record of its own accord: the catalog's `SeparateLV`, 1023 where that is not
/// set, within the limits.
#[must_use]
pub fn intrinsic_bytes_preferred(separate_lv: Option<u32>, limits: RecordLimits, lid_bytes: usize) -> usize {
    const PREFERRED: u32 = 1023;
    let asked = separate_lv.filter(|bytes| *bytes != 0).unwrap_or(PREFERRED);
    let asked = usize::try_from(asked).unwrap_or(usize::MAX);
    asked.min(limits.intrinsic_bytes_max()).max(lid_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_and_node_limits_are_those_of_the_table_in_spec_04() {
        let expected = [
            (PageSize::K2, 2000, 1743, 1741),
            (PageSize::K4, 4048, 3791, 3789),
            (PageSize::K8, 8144, 7887, 7885),
            (PageSize::K16, 16296, 16288, 16037),
            (PageSize::K32, 32680, 32672, 32421),
        ];
        for (page_size, node, without_index, with_255) in expected {
            assert_eq!(node_bytes_max(page_size), node);
            assert_eq!(RecordLimits::new(page_size, None).record_bytes_max, without_index);
            assert_eq!(RecordLimits::new(page_size, Some(255)).record_bytes_max, with_255);
        }
    }

    #[test]
    fn values_up_to_1023_bytes_stay_in_the_record_unless_the_table_says_otherwise() {
        let limits = RecordLimits::new(PageSize::K4, None);
        assert_eq!(intrinsic_bytes_preferred(None, limits, 4), 1023);
        assert_eq!(intrinsic_bytes_preferred(Some(0), limits, 4), 1023);
        assert_eq!(intrinsic_bytes_preferred(Some(1), limits, 8), 8);
        assert_eq!(intrinsic_bytes_preferred(Some(1 << 20), limits, 4), 3782);
    }
}
