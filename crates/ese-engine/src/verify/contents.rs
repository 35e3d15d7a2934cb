//! Records against the trees beside them: every secondary index computed from the rows and compared entry by entry, and
//! references to long values counted.
//!
//! Both sides of a comparison are sorted. What does not fit into the memory allowed is compared in passes: the rows whose
//! bookmark hashes to the pass, with the entries of those bookmarks.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use ese_format::catalog::{IndexDefinition, IndexFlags};
use ese_format::error::{FormatResult, JetError};
use ese_format::key::{ComparedText, IndexKeys};
use ese_format::long_value::{LongValueKey, LongValueRoot};
use ese_format::node::{KeyRef, NodeView};
use ese_format::record::{RecordView, Value};
use ese_format::sort_key::Standing;

use crate::btree::SeekOutcome;
use crate::cache::PageGuard;
use crate::error::Result;
use crate::table::{LongValueTree, Row, Table};
use crate::verify::columns::ColumnSizes;
use crate::verify::report::{Place, VerifyReport};
use crate::verify::walk::Walked;
use crate::verify::{IndexCheck, VerifyOptions};

/// What an entry costs in memory beside its bytes, and what a long value costs.
const ENTRY_BYTES: u64 = 24;
const REFERENCE_BYTES: u64 = 64;

/// Passes at most; one that needs more memory then takes it.
const PASSES_MAX: u64 = 1 << 16;

/// A secondary index that can be compared.
struct Comparable {
    /// Its place among the indexes of the schema.
    number: usize,
    place: Place,
}

/// The long values of the table.
struct LongValues {
    tree: LongValueTree,
    place: Place,
}

/// The contents of one table.
pub(super) struct Contents<'t> {
    table: &'t Table,
    place: &'t Place,
    options: VerifyOptions,
    pub(super) rows_are_damaged: bool,
    pub(super) long_values_are_damaged: bool,
    comparable: Vec<Comparable>,
    long_values: Option<LongValues>,
    /// Memory that one pass over everything would take.
    bytes: u64,
    columns: ColumnSizes<'t>,
}

/// Entries computed from rows: key and bookmark of each, one behind the other.
#[derive(Default)]
struct Entries {
    bytes: Vec<u8>,
    places: Vec<(Range<usize>, usize)>,
}

impl Entries {
    fn push(&mut self, key: &[u8], bookmark: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(bookmark);
        self.places.push((start..self.bytes.len(), middle));
    }

    fn entry(&self, (range, middle): &(Range<usize>, usize)) -> (&[u8], &[u8]) {
        let key = self.bytes.get(range.start..*middle).unwrap_or_default();
        (key, self.bytes.get(*middle..range.end).unwrap_or_default())
    }

    fn sort(&mut self) {
        let mut places = std::mem::take(&mut self.places);
        places.sort_unstable_by(|left, right| self.entry(left).cmp(&self.entry(right)));
        self.places = places;
    }

    fn memory(&self) -> u64 {
        self.bytes.len() as u64 + self.places.len() as u64 * ENTRY_BYTES
    }
}

/// One pass over the rows.
struct Pass<'k> {
    number: u64,
    passes: u64,
    hashes: &'k RandomState,
    /// For each comparable index its keys and what was computed.
    indexes: Vec<(IndexKeys<'k>, Entries)>,
    primary: Option<IndexKeys<'k>>,
    references: HashMap<u64, u32>,
}

impl Pass<'_> {
    fn has_bytes(&self, bookmark: KeyRef<'_>) -> bool {
        // Bookmarks come in one piece or two; they must hash alike.
        self.passes == 1 || self.hashes.hash_one(bookmark.to_vec()) % self.passes == self.number
    }

    fn has_number(&self, number: u64) -> bool {
        self.passes == 1 || self.hashes.hash_one(number) % self.passes == self.number
    }

    fn memory(&self) -> u64 {
        let entries: u64 = self.indexes.iter().map(|(_, entries)| entries.memory()).sum();
        entries + self.references.len() as u64 * REFERENCE_BYTES
    }
}

/// How a pass ended.
enum Passed {
    All,
    /// More memory than allowed was needed: with more passes.
    TooMuch,
}

impl<'t> Contents<'t> {
    pub(super) fn new(table: &'t Table, place: &'t Place, options: VerifyOptions) -> Self {
        Self {
            table,
            place,
            options,
            rows_are_damaged: false,
            long_values_are_damaged: false,
            comparable: Vec::new(),
            long_values: None,
            bytes: 0,
            columns: ColumnSizes::new(table.schema().layout()),
        }
    }

    /// A record is one.
    pub(super) fn record(&mut self, report: &mut VerifyReport, page: &PageGuard, node: &NodeView<'_>) {
        let checked = RecordView::parse(node.data, page.record_format()).and_then(|record| {
            record.check()?;
            self.columns.problem(&record)
        });
        match checked {
            Ok(None) => {}
            Ok(Some(what)) => {
                let what = format!("the row with key {}: {what}", hex(&node.key().to_vec()));
                report.damage_on(self.place, page.number(), JetError::DATABASE_CORRUPTED, what);
            }
            Err(error) => {
                self.rows_are_damaged = true;
                report.damage_on(self.place, page.number(), error.jet(), error.to_string());
            }
        }
    }

    /// A secondary index whose tree was walked.
    pub(super) fn add_index(
        &mut self,
        number: usize,
        place: Place,
        walked: Walked,
        report: &mut VerifyReport,
    ) {
        let Some(index) = self.table.schema().indexes().get(number) else { return };
        match self.comparable(index, walked) {
            Ok(()) => {
                report.counts.indexes_compared += 1;
                self.bytes += walked.bytes + walked.nodes * ENTRY_BYTES;
                self.comparable.push(Comparable { number, place });
            }
            Err(why) => {
                report.counts.indexes_not_compared += 1;
                if let Some((jet, why)) = why {
                    report.warn(
                        &place,
                        Some(index.row.fdp_page),
                        jet,
                        format!("not compared with the rows: {why}"),
                    );
                }
                if !walked.is_damaged {
                    self.entries_have_rows(index, &place, report);
                }
            }
        }
    }

    /// Whether the keys of an index can be computed, or why not; the reason is `None` where nobody asked for it.
    fn comparable(
        &self,
        index: &IndexDefinition,
        walked: Walked,
    ) -> std::result::Result<(), Option<(JetError, String)>> {
        if self.options.indexes == IndexCheck::StructureOnly {
            return Err(None);
        }
        let why = |jet, why: &str| Err(Some((jet, why.to_owned())));
        if walked.is_damaged {
            return why(JetError::SECONDARY_INDEX_CORRUPTED, "its tree is damaged");
        }
        if index.row.flags.contains(IndexFlags::DEFERRED_POPULATE) {
            return why(JetError::CANT_USE_DEFERRED_POPULATE_INDEX, "it is not complete");
        }
        match self.table.index_keys(index, &ComparedText) {
            Ok(keys) if !self.has_known_text(index, &keys) => {
                let version =
                    index.row.sort_version.map_or_else(|| "none".to_owned(), |known| known.to_string());
                let jet = JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED;
                why(
                    jet,
                    &format!(
                        "its text is sorted by another version of Windows (sort version {version}): it can be read here, but neither searched nor changed. Delete it and create it again, or use it with the Windows that made it. Its structure and its bookmarks are in order or said above"
                    ),
                )
            }
            Ok(_) => Ok(()),
            Err(error) => Err(Some((error.jet(), error.to_string()))),
        }
    }

    /// Whether the keys of an index can be computed. Those of a related Windows can if all of them are ours.
    fn has_known_text(&self, index: &IndexDefinition, keys: &IndexKeys<'_>) -> bool {
        let is_adopted = matches!(keys.index_text().standing(), Standing::Adopted(_));
        has_own_text(keys) || is_adopted && self.has_our_keys(index, keys).unwrap_or(false)
    }

    /// Whether the key of every entry is one that we make of its row.
    fn has_our_keys(&self, index: &IndexDefinition, keys: &IndexKeys<'_>) -> Result<bool> {
        let mut cursor = self.table.index_cursor(index.name.as_bytes())?;
        while cursor.move_next()? {
            let key = cursor.key()?.to_vec();
            if cursor.row()?.keys(keys)?.binary_search(&key).is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Every entry of an index points to a row.
    fn entries_have_rows(&self, index: &IndexDefinition, place: &Place, report: &mut VerifyReport) {
        if self.rows_are_damaged {
            return;
        }
        let walk = |report: &mut VerifyReport| -> Result<()> {
            let mut entries = self.table.index_tree(index)?.cursor();
            let mut rows = self.table.tree().cursor();
            while entries.move_next()? {
                let (Some(entry), Some((page, line))) = (entries.node()?, entries.position()) else { break };
                if rows.seek(entry.data, &[])? != SeekOutcome::Equal {
                    let what = format!("line {line} is an entry without its row");
                    report.damage_on(place, page.number(), JetError::SECONDARY_INDEX_CORRUPTED, what);
                }
            }
            Ok(())
        };
        if let Err(error) = walk(report) {
            report.failed(place, &error);
        }
    }

    /// The long-value tree, walked.
    pub(super) fn add_long_values(&mut self, tree: LongValueTree, place: Place, walked: Walked, values: u64) {
        self.long_values_are_damaged |= walked.is_damaged;
        self.bytes += values * REFERENCE_BYTES;
        self.long_values = Some(LongValues { tree, place });
    }

    /// Compares rows with indexes and references with long values.
    pub(super) fn compare(self, report: &mut VerifyReport) {
        if self.rows_are_damaged {
            if !self.comparable.is_empty() || self.long_values.is_some() {
                let what = "records are damaged: indexes and long values are not compared with them";
                report.warn(self.place, None, JetError::DATABASE_CORRUPTED, what);
            }
            return;
        }
        let hashes = RandomState::new();
        let memory = self.options.memory_bytes.max(1) as u64;
        let mut passes = self.bytes.div_ceil(memory).clamp(1, PASSES_MAX);
        let mut number = 0;
        while number < passes {
            match self.pass(number, passes, &hashes, report) {
                Ok(Passed::All) => number += 1,
                // Rows have more entries than the indexes hold. Passes that were done are done again in other cuts,
                // which may say a difference twice.
                Ok(Passed::TooMuch) => (number, passes) = (0, passes * 2),
                Err(error) => return report.failed(self.place, &error),
            }
        }
    }

    fn pass(
        &self,
        number: u64,
        passes: u64,
        hashes: &RandomState,
        report: &mut VerifyReport,
    ) -> Result<Passed> {
        let schema = self.table.schema();
        let mut pass =
            Pass { number, passes, hashes, indexes: Vec::new(), primary: None, references: HashMap::new() };
        for comparable in &self.comparable {
            if let Some(index) = schema.indexes().get(comparable.number) {
                pass.indexes.push((self.table.index_keys(index, &ComparedText)?, Entries::default()));
            }
        }
        if let Some(index) = schema.indexes().first().filter(|index| index.is_primary()) {
            let keys = self.table.index_keys(index, &ComparedText)?;
            pass.primary = Some(keys).filter(has_own_text);
        }
        let memory = (self.options.memory_bytes as u64).saturating_mul(2);
        let mut rows = self.table.cursor();
        while rows.move_next()? {
            self.row(&rows.row()?, &mut pass, report)?;
            if pass.memory() > memory && passes < PASSES_MAX {
                return Ok(Passed::TooMuch);
            }
        }
        let Pass { indexes, .. } = &mut pass;
        let computed: Vec<_> = std::mem::take(indexes).into_iter().map(|(_, entries)| entries).collect();
        for (comparable, entries) in self.comparable.iter().zip(computed) {
            if let Err(error) = self.index(comparable, entries, &pass, report) {
                report.failed(&comparable.place, &error);
            }
        }
        self.references(pass, report)?;
        Ok(Passed::All)
    }

    /// The entries and references of a row.
    fn row(&self, row: &Row<'_>, pass: &mut Pass<'_>, report: &mut VerifyReport) -> Result<()> {
        self.count_references(row, pass, report);
        if !pass.has_bytes(row.bookmark()) {
            return Ok(());
        }
        if let Some(keys) = &pass.primary {
            let computed = row.keys(keys);
            let key = row.bookmark();
            if !matches!(&computed, Ok(keys) if keys.len() == 1 && keys.iter().all(|own| key == KeyRef::from(own.as_slice())))
            {
                let why = computed
                    .err()
                    .map_or_else(|| "is not where its key belongs".to_owned(), |e| e.to_string());
                let what = format!("the row with key {} {why}", hex(&key.to_vec()));
                report.damage_on(self.place, row.page_number(), JetError::PRIMARY_INDEX_CORRUPTED, what);
            }
        }
        let bookmark = row.bookmark().to_vec();
        for (comparable, (keys, entries)) in self.comparable.iter().zip(&mut pass.indexes) {
            match row.keys(keys) {
                Ok(keys) => keys.iter().for_each(|key| entries.push(key, &bookmark)),
                Err(error) => {
                    let what = format!("keys of the row {} cannot be computed: {error}", hex(&bookmark));
                    report.damage_on(&comparable.place, row.page_number(), error.jet(), what);
                }
            }
        }
        Ok(())
    }

    fn count_references(&self, row: &Row<'_>, pass: &mut Pass<'_>, report: &mut VerifyReport) {
        let mut count = || -> FormatResult<()> {
            for column in row.record().tagged_area().iter() {
                for value in column?.iter() {
                    if let Value::Separated(id) = value?
                        && pass.has_number(id.number())
                    {
                        let count = pass.references.entry(id.number()).or_default();
                        *count = count.saturating_add(1);
                    }
                }
            }
            Ok(())
        };
        if let Err(error) = count() {
            report.damage_on(self.place, row.page_number(), error.jet(), error.to_string());
        }
    }

    /// Computed entries against those of the tree, both ascending.
    fn index(
        &self,
        comparable: &Comparable,
        mut computed: Entries,
        pass: &Pass<'_>,
        report: &mut VerifyReport,
    ) -> Result<()> {
        computed.sort();
        let Some(index) = self.table.schema().indexes().get(comparable.number) else { return Ok(()) };
        let corrupted = JetError::SECONDARY_INDEX_CORRUPTED;
        let missing = |report: &mut VerifyReport, page, (key, bookmark): (&[u8], &[u8])| {
            let what = format!("no entry for key {} of the row {}", hex(key), hex(bookmark));
            report.damage_on(&comparable.place, page, corrupted, what);
        };
        let mut wanted = computed.places.iter().map(|place| computed.entry(place)).peekable();
        let mut entries = self.table.index_tree(index)?.cursor();
        while entries.move_next()? {
            let (Some(entry), Some((page, line))) = (entries.node()?, entries.position()) else { break };
            let page = page.number();
            let here = entry.key();
            // Entries of other passes say where one of this pass is missing.
            while let Some(before) = wanted.next_if(|(key, bookmark)| {
                KeyRef::from(*key).cmp(&here).then(bookmark.cmp(&entry.data)).is_lt()
            }) {
                missing(report, page, before);
            }
            if !pass.has_bytes(KeyRef::from(entry.data)) {
                continue;
            }
            let is_here =
                |(key, bookmark): &(&[u8], &[u8])| KeyRef::from(*key) == here && *bookmark == entry.data;
            if wanted.next_if(is_here).is_none() {
                let what = format!(
                    "line {line} has key {} of the row {}, which has no such entry",
                    hex(&here.to_vec()),
                    hex(entry.data)
                );
                report.damage_on(&comparable.place, page, corrupted, what);
            }
        }
        for left in wanted {
            missing(report, index.row.fdp_page, left);
        }
        Ok(())
    }

    /// References against the counts of the values.
    fn references(&self, mut pass: Pass<'_>, report: &mut VerifyReport) -> Result<()> {
        if self.long_values_are_damaged {
            if pass.number == 0 {
                let what = "long values are damaged: references are not compared with them";
                report.warn(self.place, None, JetError::LV_CORRUPTED, what);
            }
            return Ok(());
        }
        let nowhere = self.place.part("long values");
        let place = self.long_values.as_ref().map_or(&nowhere, |values| &values.place);
        if let Some(values) = &self.long_values {
            let mut nodes = values.tree.tree().cursor();
            while nodes.move_next()? {
                let (Some(node), Some((page, _))) = (nodes.node()?, nodes.position()) else { break };
                let Ok(LongValueKey::Root(id)) = LongValueKey::decode(&node.key().to_vec()) else { continue };
                if !pass.has_number(id.number()) {
                    continue;
                }
                let Ok(root) = LongValueRoot::decode(node.data) else { continue };
                let found = pass.references.remove(&id.number()).unwrap_or(0);
                let (page, stored) = (page.number(), root.reference_count);
                if found == 0 {
                    let what = format!("{id:?} is an orphan: no record refers to it");
                    report.warn(place, Some(page), JetError::LV_CORRUPTED, what);
                } else if root.is_partially_deleted() {
                    let what = format!("{id:?} is being deleted, and {found} values refer to it");
                    report.damage_on(place, page, JetError::LV_CORRUPTED, what);
                } else if found != stored {
                    let what = format!("{id:?} says it has {stored} references, and has {found}");
                    report.damage_on(place, page, JetError::LV_CORRUPTED, what);
                }
            }
        }
        let mut left: Vec<_> = pass.references.into_iter().collect();
        left.sort_unstable();
        for (id, count) in left {
            let root = self
                .long_values
                .as_ref()
                .map_or(self.table.tree().root(), |values| values.tree.tree().root());
            let what = format!("LID {id:#x} does not exist, and {count} values refer to it");
            report.damage_on(place, root, JetError::LV_CORRUPTED, what);
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether the sort keys of an index are of our own version, or it has none.
fn has_own_text(keys: &IndexKeys<'_>) -> bool {
    !keys.has_unicode_text()
        || matches!(keys.index_text().standing(), Standing::Exact(_) | Standing::Private(_))
}
