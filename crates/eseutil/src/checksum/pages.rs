//! The verdict on every page of a chunk, and its sums: no I/O, no text.
//!
//! Invariants: a page counts once; the sums of chunks added up in any order are those of the file.

use ese_format::checksum::{PageVerdict, verify_header, verify_page};
use ese_format::page_size::PageSize;
use ese_format::trailer::looks_like_trailer;

/// How the pages of a file are to be judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    /// Bytes of a page.
    pub(super) size: PageSize,
    /// Whole pages in the file, headers included.
    pub(super) pages: u64,
    /// Pages at the start that are header copies.
    pub(super) header_pages: u64,
}

/// What is wrong with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// A header copy, or the trailer page of a backup copy.
    Header { stored: u32, computed: u32 },
    /// A page beyond repair.
    Bad { stored: u64, computed: u64 },
    /// A page of which one bit is wrong, counted from the start of the page.
    Correctable { bit: u32 },
}

/// A page with something wrong; `index` counts pages from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) index: u64,
    pub(super) damage: Damage,
}

/// Sums over pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) seen: u64,
    pub(super) bad: u64,
    pub(super) correctable: u64,
    pub(super) uninitialized: u64,
    /// Highest dbtime of a good page, and the page that has it first.
    pub(super) highest_dbtime: Option<(u64, u64)>,
}

impl Sums {
    /// Adds the sums of pages behind these.
    pub(super) fn add(&mut self, other: &Self) {
        self.seen = self.seen.saturating_add(other.seen);
        self.bad = self.bad.saturating_add(other.bad);
        self.correctable = self.correctable.saturating_add(other.correctable);
        self.uninitialized = self.uninitialized.saturating_add(other.uninitialized);
        if let Some((dbtime, index)) = other.highest_dbtime {
            self.note_dbtime(dbtime, index);
        }
    }

    fn note_dbtime(&mut self, dbtime: u64, index: u64) {
        if self.highest_dbtime.is_none_or(|(highest, _)| dbtime > highest) {
            self.highest_dbtime = Some((dbtime, index));
        }
    }
}

/// Offset of the dbtime in a page.
const DBTIME_OFFSET: usize = 8;

/// Judges the whole pages of `bytes`, of which the first is page `first_index` of the file.
pub(super) fn judge(
    bytes: &[u8],
    first_index: u64,
    geometry: &Geometry,
    findings: &mut Vec<Finding>,
) -> Sums {
    let mut sums = Sums::default();
    for (page, index) in bytes.chunks_exact(geometry.size.bytes()).zip(first_index..geometry.pages) {
        sums.seen = sums.seen.saturating_add(1);
        let is_header = index < geometry.header_pages
            || (index.saturating_add(1) == geometry.pages && looks_like_trailer(page));
        let verdict = if is_header { judge_header(page) } else { judge_page(page, index, geometry) };
        match verdict {
            Verdict::Good => {
                if !is_header {
                    sums.note_dbtime(dbtime_of(page), index);
                }
            }
            Verdict::Zero => sums.uninitialized = sums.uninitialized.saturating_add(1),
            Verdict::Damaged(damage) => {
                if matches!(damage, Damage::Correctable { .. }) {
                    sums.correctable = sums.correctable.saturating_add(1);
                    sums.note_dbtime(dbtime_of(page), index);
                } else {
                    sums.bad = sums.bad.saturating_add(1);
                }
                findings.push(Finding { index, damage });
            }
        }
    }
    sums
}

enum Verdict {
    Good,
    Zero,
    Damaged(Damage),
}

fn judge_header(page: &[u8]) -> Verdict {
    match verify_header(page) {
        Ok(()) => Verdict::Good,
        Err(_) if page.iter().all(|&byte| byte == 0) => Verdict::Zero,
        Err((stored, computed)) => Verdict::Damaged(Damage::Header { stored, computed }),
    }
}

fn judge_page(page: &[u8], index: u64, geometry: &Geometry) -> Verdict {
    let number = u32::try_from(page_number(index)).unwrap_or(u32::MAX);
    match verify_page(page, geometry.size, number) {
        Ok(PageVerdict::Good(_)) => Verdict::Good,
        Ok(PageVerdict::Uninitialized) => Verdict::Zero,
        Ok(PageVerdict::Correctable(bits)) => {
            Verdict::Damaged(Damage::Correctable { bit: bits.iter().next().unwrap_or_default() })
        }
        Ok(PageVerdict::Bad { stored, computed, .. }) => Verdict::Damaged(Damage::Bad { stored, computed }),
        // Cannot be: the page is whole. Counted as bad rather than passed over.
        Err(_) => Verdict::Damaged(Damage::Bad { stored: 0, computed: 0 }),
    }
}

/// The page number behind an index: the header copies are -1 and 0.
pub(super) fn page_number(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX).saturating_sub(1)
}

fn dbtime_of(page: &[u8]) -> u64 {
    page.get(DBTIME_OFFSET..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
