//! Indexes that another Windows made are looked at before they are used: all keys must be the ones that we make (spec 11
//! §8.5).
//!
//! ```text
//! walk the index -> for each entry its record -> its keys by our rules -> the entry's is among them
//! all are    the index is verified; its texts are witnesses for their units
//! one is not the index is neither searched nor changed while the database is attached
//! ```
//!
//! Invariant: nobody changes an index before it is verified, so that what is walked stands still.

use std::collections::HashMap;
use std::sync::Arc;

use ese_format::catalog::{IndexDefinition, SortVersion};
use ese_format::error::{FormatResult, JetError};
use ese_format::key::{ComparedText, IndexKeys, KeyEnd, RecordSource, TextKey};
use ese_format::record::RecordView;
use ese_format::sort_key::{IndexText, Witnesses};

use crate::btree::{SeekOutcome, Tree, TreeCursor};
use crate::error::{Error, Result};
use crate::lock_order::LeafMutex;
use crate::table::{OpenTable, StoredLongValues};
use crate::transaction::Session;

/// Entries of one record in one index at most.
const ENTRIES_PER_RECORD_MAX: usize = 1 << 20;

/// What the keys of an index depend on.
type Making = (Option<SortVersion>, Option<[u8; 16]>, u32);

/// What was found out about the indexes of a database since it was attached.
#[derive(Debug, Default)]
pub(super) struct VerifiedIndexes {
    known: LeafMutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Whether all keys of an index are ours, by its object id.
    agree: HashMap<u32, bool>,
    /// The units that indexes of one making show.
    witnesses: HashMap<Making, Arc<Witnesses>>,
}

impl VerifiedIndexes {
    /// The units that a stale but related index shows, once all its keys were made again.
    ///
    /// # Errors
    /// `JET_errSecondaryIndexCorrupted` or `JET_errPrimaryIndexCorrupted` for an index with other keys; those of reading.
    pub(super) fn witnesses(
        &self,
        session: &Session,
        table: &OpenTable,
        index: &IndexDefinition,
    ) -> Result<Arc<Witnesses>> {
        let making = (index.row.sort_version, index.row.sort_id, index.row.lcmap_flags().bits());
        if let Some(known) = self.known(index, &making)? {
            return Ok(known);
        }
        let recorder = Recorder::default();
        let differing = Walk { session, table, index }.differing(&recorder)?;
        // Somebody else may have been through with it meanwhile, and have changed it since.
        if let Some(known) = self.known(index, &making)? {
            return Ok(known);
        }
        let mut found = self.known.lock();
        found.agree.insert(index.objid, differing.is_none());
        if let Some(what) = differing {
            drop(found);
            tracing::warn!(index = %index.name, "sort keys differ from those of this engine: {what}");
            return Err(differs(index));
        }
        let mut witnesses = recorder.witnesses.lock().clone();
        if let Some(others) = found.witnesses.get(&making) {
            witnesses.join(others);
        }
        let witnesses = Arc::new(witnesses);
        found.witnesses.insert(making, Arc::clone(&witnesses));
        Ok(witnesses)
    }

    fn known(&self, index: &IndexDefinition, making: &Making) -> Result<Option<Arc<Witnesses>>> {
        let known = self.known.lock();
        match known.agree.get(&index.objid) {
            None => Ok(None),
            Some(true) => Ok(known.witnesses.get(making).cloned()),
            Some(false) => {
                drop(known);
                Err(differs(index))
            }
        }
    }
}

fn differs(index: &IndexDefinition) -> Error {
    let jet = if index.is_primary() {
        JetError::PRIMARY_INDEX_CORRUPTED
    } else {
        JetError::SECONDARY_INDEX_CORRUPTED
    };
    Error::refused(jet, format!("index {} has sort keys of another version of Windows", index.name))
}

/// Keeps every key and remembers the units of those that are whole.
#[derive(Debug, Default)]
struct Recorder {
    witnesses: parking_lot::Mutex<Witnesses>,
}

impl TextKey for Recorder {
    fn append_sort_key(
        &self,
        index: &IndexText,
        text: &[u8],
        room: usize,
        key: &mut Vec<u8>,
    ) -> FormatResult<KeyEnd> {
        let end = ComparedText.append_sort_key(index, text, room, key)?;
        if end == KeyEnd::Whole {
            self.witnesses.lock().add(text);
        }
        Ok(end)
    }
}

/// One walk through an index.
struct Walk<'w> {
    session: &'w Session,
    table: &'w OpenTable,
    index: &'w IndexDefinition,
}

impl Walk<'_> {
    /// The first entry whose key is not among those of its record.
    fn differing(&self, recorder: &Recorder) -> Result<Option<String>> {
        let file = self.table.map().file();
        let keys = IndexKeys::new(&self.index.row, self.table.schema().layout(), recorder)
            .map_err(|error| file.format_error(error))?;
        let primary = self.table.primary().tree();
        let is_primary = self.index.is_primary();
        let entries = self.table.secondary_indexes().find(|(index, _)| index.objid == self.index.objid);
        let tree = match (is_primary, &entries) {
            (true, _) => primary,
            (false, Some((_, tree))) => tree.tree(),
            (false, None) => return Ok(None),
        };
        let mut walked = self.cursor(tree);
        let mut records = self.cursor(primary);
        while walked.move_next()? {
            self.session.transactions().check_stopped()?;
            let Some(entry) = walked.node()? else { break };
            let (key, bookmark) = (entry.key().to_vec(), entry.data.to_vec());
            if is_primary {
                let made = self.primary_key(&keys, &bookmark)?;
                if made != key {
                    return Ok(Some(format!("a record has the key {key:02X?}, ours is {made:02X?}")));
                }
                continue;
            }
            if records.seek(&bookmark, &[])? != SeekOutcome::Equal {
                return Ok(Some(format!("the entry {key:02X?} has no record")));
            }
            let Some(node) = records.node()? else { break };
            let made = self.keys_of(&keys, node.data)?;
            if made.binary_search(&key).is_err() {
                return Ok(Some(format!("an entry has the key {key:02X?}, ours are {made:02X?}")));
            }
        }
        Ok(None)
    }

    fn cursor(&self, tree: &Tree) -> TreeCursor {
        tree.cursor_seeing(self.session.visibility())
    }

    fn primary_key(&self, keys: &IndexKeys<'_>, record: &[u8]) -> Result<Vec<u8>> {
        let mut key = Vec::new();
        self.with_source(record, |source| keys.primary_key(source, &mut key).map(|_| ()))?;
        Ok(key)
    }

    fn keys_of(&self, keys: &IndexKeys<'_>, record: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.with_source(record, |source| keys.keys(source, ENTRIES_PER_RECORD_MAX))
    }

    fn with_source<T>(
        &self,
        record: &[u8],
        build: impl FnOnce(&RecordSource<'_, &StoredLongValues<'_>>) -> FormatResult<T>,
    ) -> Result<T> {
        let file = self.table.map().file();
        let format = ese_format::record::RecordFormat::of(file.page_size());
        let long_values = StoredLongValues::new(self.table, self.session.visibility());
        let record = RecordView::parse(record, format).map_err(|error| file.format_error(error))?;
        build(&RecordSource { record, long_values: &long_values })
            .map_err(|error| long_values.take_failure().unwrap_or_else(|| file.format_error(error)))
    }
}
