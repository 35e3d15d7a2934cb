//! What the leaves of a long-value tree tell of its values, gathered in one pass in key order.
//!
//! The figures for seeks and bytes follow the original tool's arithmetic, which counts from page 0 and lets the extra
//! seeks wrap below zero (seen in its output for every tree of the samples).

use super::fields::{Field as F, Field};
use super::statistics::{
    EXTRA_SEEK_BOUNDS, EXTRA_SIZE_BOUNDS, Histogram, RATIO_BOUNDS, SEEK_BOUNDS, SIZE_BOUNDS, fixed,
};

/// Statistics of the values of one tree.
#[derive(Clone, Debug)]
pub(crate) struct LongValues {
    count: u64,
    references: u64,
    corrupted: u64,
    separated_root_chunks: u64,
    partially_deleted: u64,
    lid_max: u64,
    size: Measure,
    stored: Measure,
    ratio: Histogram,
    seeks: Measure,
    bytes: Measure,
    extra_seeks: Measure,
    extra_bytes: Measure,
    open: Option<OpenValue>,
    page_bytes: u64,
}

/// A sum (it wraps, as the original's does) and its histogram.
#[derive(Clone, Debug)]
struct Measure {
    sum: u64,
    histogram: Histogram,
}

impl Measure {
    fn new(bounds: &'static [u64]) -> Self {
        Self { sum: 0, histogram: Histogram::new(bounds) }
    }

    fn add(&mut self, value: u64) {
        self.sum = self.sum.wrapping_add(value);
        self.histogram.add(value);
    }
}

/// The value whose chunks are being read.
#[derive(Clone, Copy, Debug)]
struct OpenValue {
    lid: u64,
    root_page: u32,
    size: u64,
    stored: u64,
    chunks: u64,
    last_page: u32,
    seeks: u64,
}

impl LongValues {
    pub(crate) fn new(page_bytes: usize) -> Self {
        Self {
            count: 0,
            references: 0,
            corrupted: 0,
            separated_root_chunks: 0,
            partially_deleted: 0,
            lid_max: 0,
            size: Measure::new(SIZE_BOUNDS),
            stored: Measure::new(SIZE_BOUNDS),
            ratio: Histogram::new(RATIO_BOUNDS),
            seeks: Measure::new(SEEK_BOUNDS),
            bytes: Measure::new(SIZE_BOUNDS),
            extra_seeks: Measure::new(EXTRA_SEEK_BOUNDS),
            extra_bytes: Measure::new(EXTRA_SIZE_BOUNDS),
            open: None,
            page_bytes: page_bytes as u64,
        }
    }

    /// A root node: a new value begins.
    pub(crate) fn root(&mut self, lid: u64, references: u32, size: u32, page: u32) {
        self.close();
        self.count += 1;
        self.lid_max = self.lid_max.max(lid);
        if references == u32::MAX {
            self.partially_deleted += 1;
        } else {
            self.references += u64::from(references);
        }
        self.open = Some(OpenValue {
            lid,
            root_page: page,
            size: u64::from(size),
            stored: 0,
            chunks: 0,
            last_page: page,
            seeks: 0,
        });
    }

    /// A chunk of `stored` bytes; one without a root before it is a corrupted value.
    pub(crate) fn chunk(&mut self, lid: u64, stored: u64, page: u32) {
        let Some(value) = self.open.as_mut().filter(|value| value.lid == lid) else {
            self.corrupted += 1;
            return;
        };
        if value.chunks == 0 && page != value.root_page {
            self.separated_root_chunks += 1;
        }
        if page != value.last_page && page != value.last_page.wrapping_add(1) {
            value.seeks += 1;
        }
        value.chunks += 1;
        value.stored += stored;
        value.last_page = page;
    }

    /// Closes the last value: call once after the last node.
    pub(crate) fn close(&mut self) {
        let Some(value) = self.open.take() else { return };
        let page = self.page_bytes;
        let bytes = (u64::from(value.last_page) + 1).saturating_mul(page);
        let least = value.size.div_ceil(page).max(1).saturating_mul(page);
        self.size.add(value.size);
        self.stored.add(value.stored);
        self.ratio.add((value.stored * 100).checked_div(value.size).unwrap_or(100));
        self.seeks.add(value.seeks);
        self.bytes.add(bytes);
        self.extra_seeks.add(value.seeks.wrapping_sub(1));
        self.extra_bytes.add(bytes.saturating_sub(least));
    }

    pub(crate) fn cell(&self, field: Field) -> Option<String> {
        let width = field.width();
        let number = |value: u64| Some(format!("{value:>width$}"));
        let mean = |measure: &Measure| {
            let mean = if self.count == 0 { 0.0 } else { measure.sum as f64 / self.count as f64 };
            Some(format!("{:>width$}", fixed(mean, 2)))
        };
        match field {
            F::LvRefs => number(self.references),
            F::LvCorrupted => number(self.corrupted),
            F::LvSeparatedRootChunks => number(self.separated_root_chunks),
            F::LvPartiallyDeleted => number(self.partially_deleted),
            F::LidMax => Some(format!("0x{:>width$X}", self.lid_max)),
            F::LvSize => {
                let mean = if self.count == 0 { 0.0 } else { self.size.sum as f64 / self.count as f64 };
                Some(format!("{:>8},{:>5}", self.count, mean.round()))
            }
            F::LvSizeHisto => Some(self.size.histogram.cell()),
            F::LvComp => mean(&self.stored),
            F::LvCompHisto => Some(self.stored.histogram.cell()),
            F::LvRatioHisto => Some(self.ratio.cell()),
            F::LvSeeks => mean(&self.seeks),
            F::LvSeeksHisto => Some(self.seeks.histogram.cell()),
            F::LvBytes => mean(&self.bytes),
            F::LvBytesHisto => Some(self.bytes.histogram.cell()),
            F::LvExtraSeeks => mean(&self.extra_seeks),
            F::LvExtraSeeksHisto => Some(self.extra_seeks.histogram.cell()),
            F::LvExtraBytes => mean(&self.extra_bytes),
            F::LvExtraBytesHisto => Some(self.extra_bytes.histogram.cell()),
            _ => None,
        }
    }
}
