//! The I/O table of `/ml /s` and `/ml /v`: which database pages a log touches and what replaying it would read and
//! write (spec 10 §6.3.1).
//!
//! Invariants: a page counts as read when any reference reads it; reads are merged across gaps while the run stays
//! within 512 KB, gap pages counted as read; writes are runs of adjacent pages. Memory grows with the distinct pages
//! of one log, never with its references.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::page_references::{Access, PageReference};

/// Bytes one read may span (JET_paramMaxCoalesceReadSize, and the gap bound that it implies).
const READ_BYTES_MAX: u64 = 512 * 1024;

/// The references of one log.
#[derive(Debug, Default)]
pub(crate) struct IoSummary {
    references: BTreeMap<u8, u64>,
    pages: BTreeMap<(u8, u32), Access>,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct IoRow {
    references: u64,
    cache_pages: u64,
    reads: u64,
    pages_read: u64,
    writes: u64,
    pages_written: u64,
}

impl IoRow {
    fn add(&mut self, other: &Self) {
        self.references += other.references;
        self.cache_pages += other.cache_pages;
        self.reads += other.reads;
        self.pages_read += other.pages_read;
        self.writes += other.writes;
        self.pages_written += other.pages_written;
    }

    fn write(&self, label: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{label:>5}{:>13}{:>15}{:>7}{:>12}{:>9}{:>14}{:>10}{:>17}",
            self.references,
            self.cache_pages,
            self.reads + self.writes,
            self.pages_read + self.pages_written,
            self.reads,
            self.pages_read,
            self.writes,
            self.pages_written,
        )
    }

    fn to_json(self) -> Value {
        json!({
            "page_refs": self.references,
            "cache_pages": self.cache_pages,
            "ios": self.reads + self.writes,
            "pages_io": self.pages_read + self.pages_written,
            "reads": self.reads,
            "pages_read": self.pages_read,
            "writes": self.writes,
            "pages_written": self.pages_written,
        })
    }
}

impl IoSummary {
    /// Counts one reference.
    pub(crate) fn add(&mut self, reference: &PageReference) {
        *self.references.entry(reference.dbid).or_default() += 1;
        let access = self.pages.entry((reference.dbid, reference.page)).or_insert(reference.access);
        if reference.access == Access::Read {
            *access = Access::Read;
        }
    }

    /// All references.
    pub(crate) fn references(&self) -> u64 {
        self.references.values().sum()
    }

    /// The rows by database, ascending.
    fn rows(&self, page_bytes: u64) -> Vec<(u8, IoRow)> {
        self.references
            .iter()
            .map(|(&dbid, &references)| {
                let pages = || self.pages.range((dbid, 0)..=(dbid, u32::MAX));
                let read = pages().filter(|(_, access)| **access == Access::Read).map(|((_, page), _)| *page);
                let (reads, pages_read) =
                    runs(read, |run, page| span((run.0, page)).saturating_mul(page_bytes) <= READ_BYTES_MAX);
                let (writes, pages_written) =
                    runs(pages().map(|((_, page), _)| *page), |run, page| run.1.checked_add(1) == Some(page));
                let cache_pages = pages().count() as u64;
                (dbid, IoRow { references, cache_pages, reads, pages_read, writes, pages_written })
            })
            .collect()
    }

    /// Writes the table.
    pub(crate) fn write(&self, page_bytes: u64, out: &mut dyn Write) -> io::Result<()> {
        let (double, single) = ("=".repeat(102), "-".repeat(102));
        writeln!(
            out,
            "{double}\nDBID   # Page Refs  # Cache Pages  # IOs  # Pages IO  # Reads  # Pages Read  # Writes  \
             # Pages Written\n{single}"
        )?;
        let mut total = IoRow::default();
        for (dbid, row) in self.rows(page_bytes) {
            row.write(&dbid.to_string(), out)?;
            total.add(&row);
        }
        total.write("Total", out)?;
        writeln!(out, "{double}")
    }

    /// The same numbers for `--json`.
    pub(crate) fn to_json(&self, page_bytes: u64) -> Value {
        let mut total = IoRow::default();
        let databases: Vec<Value> = self
            .rows(page_bytes)
            .into_iter()
            .map(|(dbid, row)| {
                total.add(&row);
                let mut value = row.to_json();
                value["dbid"] = json!(dbid);
                value
            })
            .collect();
        json!({ "databases": databases, "total": total.to_json() })
    }
}

/// Number of runs and of pages spanned by them, over ascending pages; `joins((first, last), page)` says whether a page
/// belongs to the run.
fn runs(pages: impl Iterator<Item = u32>, joins: impl Fn((u32, u32), u32) -> bool) -> (u64, u64) {
    let (mut count, mut spanned) = (0, 0);
    let mut run: Option<(u32, u32)> = None;
    for page in pages {
        run = match run {
            Some(current) if joins(current, page) => Some((current.0, page)),
            finished => {
                spanned += finished.map_or(0, span);
                count += 1;
                Some((page, page))
            }
        };
    }
    (count, spanned + run.map_or(0, span))
}

fn span((first, last): (u32, u32)) -> u64 {
    u64::from(last) - u64::from(first) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(pages: &[(u32, Access)]) -> IoSummary {
        let mut summary = IoSummary::default();
        for &(page, access) in pages {
            summary.add(&PageReference::marker(1, page, access));
        }
        summary
    }

    #[test]
    fn reads_join_up_to_512_kilobytes_and_writes_only_neighbours() {
        let summary = summary(&[
            (1, Access::Read),
            (2, Access::Overwrite),
            (2, Access::Read),
            (128, Access::Read),
            (129, Access::Read),
            (130, Access::Overwrite),
        ]);
        let rows = summary.rows(4096);
        assert_eq!(
            rows,
            [(
                1,
                IoRow {
                    references: 6,
                    cache_pages: 5,
                    reads: 2,
                    pages_read: 129,
                    writes: 2,
                    pages_written: 5
                }
            )]
        );
    }

    #[test]
    fn the_highest_page_number_is_counted_without_overflow() {
        let rows = summary(&[(0, Access::Read), (u32::MAX, Access::Read)]).rows(32768);
        assert_eq!(rows[0].1.pages_read, 2);
        assert_eq!(rows[0].1.writes, 2);
    }
}
