//! Distributions, histograms and the sizes they are printed in (spec 10 §6.6).

use std::fmt::Write as _;

/// Count, extremes, mean and spread of a series, without keeping the series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Distribution {
    count: u64,
    min: u64,
    max: u64,
    total: u64,
    sum_of_squares: f64,
}

impl Distribution {
    pub(crate) fn add(&mut self, value: u64) {
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.count += 1;
        self.total = self.total.saturating_add(value);
        self.sum_of_squares += (value as f64) * (value as f64);
    }

    pub(crate) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.total as f64 / self.count as f64 }
    }

    fn standard_deviation(&self) -> f64 {
        let mean = self.mean();
        (self.sum_of_squares / self.count.max(1) as f64 - mean * mean).max(0.0).sqrt()
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Six cells, 47 columns; only the count where there is nothing to describe.
    pub(crate) fn cell(&self) -> String {
        if self.count == 0 {
            return format!("{:>8},{:>5},{:>5},{:>7},{:>5},{:>12}", 0, "", "", "", "", "");
        }
        format!(
            "{:>8},{:>5},{:>5},{:>7},{:>5},{:>12}",
            self.count,
            self.min,
            self.mean().round(),
            self.standard_deviation().round(),
            self.max,
            self.total
        )
    }
}

/// Counts by upper bound; what exceeds the last bound falls into the bucket after it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Histogram {
    bounds: &'static [u64],
    counts: Vec<u64>,
}

impl Histogram {
    pub(crate) fn new(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1] }
    }

    pub(crate) fn add(&mut self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
    }

    /// One cell of ten columns for each bucket.
    pub(crate) fn cell(&self) -> String {
        let mut text = String::new();
        for (index, count) in self.counts.iter().enumerate() {
            let _ = write!(text, "{}{count:>10}", if index == 0 { "" } else { "," });
        }
        text
    }
}

/// Pages of a run of neighbours.
pub(crate) const RUN_BOUNDS: &[u64] = &[1, 2, 3, 4, 8, 16, 32, 64, 96, 128];
/// Nodes of a page.
pub(crate) const NODE_BOUNDS: &[u64] = &[1, 2, 3, 4, 8, 16, 32, 64, 96, 128, 256, 512, 1024];
/// Bytes of a long value.
pub(crate) const SIZE_BOUNDS: &[u64] =
    &[4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20];
/// Stored bytes in per cent of the value.
pub(crate) const RATIO_BOUNDS: &[u64] = &[30, 40, 50, 60, 70, 80, 90, 93, 95, 97];
/// Jumps while a long value is read.
pub(crate) const SEEK_BOUNDS: &[u64] = &[1, 2, 3, 4, 5, 6, 7, 8, 16, 32];
/// Jumps beyond the necessary ones.
pub(crate) const EXTRA_SEEK_BOUNDS: &[u64] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 16];
/// Bytes read beyond the necessary ones.
pub(crate) const EXTRA_SIZE_BOUNDS: &[u64] =
    &[0, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20];

/// Megabytes with three digits, as the tool rounds them: any rest counts as one more thousandth.
pub(crate) fn megabytes(pages: u64, page_bytes: usize) -> String {
    let kilobytes = pages.saturating_mul(page_bytes as u64) / 1024;
    let rest = kilobytes % 1024;
    format!("{}.{:03}", kilobytes / 1024, rest * 1000 / 1024 + u64::from(rest != 0))
}

/// A number with these decimals where a half goes up, as the original's library prints it; Rust's goes to the even digit.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let scale = if decimals == 1 { 10.0 } else { 100.0 };
    // Larger numbers have no such decimals.
    let rounded = if value.abs() < 1e12 { (value * scale).round() / scale } else { value };
    format!("{rounded:.decimals$}")
}

/// `part` in per cent of `whole`, 0 where there is no whole.
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_prints_like_the_original() {
        let mut nodes = Distribution::default();
        assert_eq!(nodes.cell(), "       0,     ,     ,       ,     ,            ");
        nodes.add(38);
        nodes.add(59);
        assert_eq!(nodes.cell(), "       2,   38,   49,     11,   59,          97");
    }

    #[test]
    fn extents_of_unequal_size_spread_as_a_population() {
        let mut extents = Distribution::default();
        [20, 20, 4].into_iter().for_each(|pages| extents.add(pages));
        assert_eq!(extents.cell(), "       3,    4,   15,      8,   20,          44");
    }

    #[test]
    fn megabytes_keep_the_rounding_slip_of_the_original() {
        assert_eq!(megabytes(1, 4096), "0.004");
        assert_eq!(megabytes(254, 4096), "0.993");
        assert_eq!(megabytes(256, 4096), "1.000");
    }

    #[test]
    fn halves_go_up() {
        assert_eq!(fixed(percent(1, 32), 2), "3.13");
        assert_eq!(fixed(percent(1, 16), 1), "6.3");
        assert_eq!(fixed(1_024_819_115_206_086_144.0, 2), "1024819115206086144.00");
    }

    #[test]
    fn a_value_on_a_bound_falls_below_it() {
        let mut sizes = Histogram::new(SIZE_BOUNDS);
        sizes.add(4096);
        sizes.add(4097);
        sizes.add(3 << 20);
        assert!(sizes.cell().starts_with("         1,         1,         0"));
        assert!(sizes.cell().ends_with("         1"));
    }
}
