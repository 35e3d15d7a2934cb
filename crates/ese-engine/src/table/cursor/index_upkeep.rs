//! Index entries that follow a change of a record (spec 04 §7, 09 §8.2).
//!
//! Invariant: keys of a stored record are computed before its long values change.

use ese_format::catalog::{IndexDefinition, IndexFlags, IndexSegment, SegmentFlags};
use ese_format::column_type::ColumnId;
use ese_format::error::JetError;
use ese_format::key::{IndexKeys, TextPurpose, VerifiedText};
use ese_format::record::RecordView;

use crate::btree::{SeekOutcome, Versioning, WritableTree};
use crate::error::{Error, Result};
use crate::table::OpenTable;
use crate::transaction::Session;

use super::place::with_key_source;

/// Entries of one record in one index at most: what a cross product of long lists could give is refused before it is
/// built. Generous beside what a page of values can hold.
const ENTRIES_PER_RECORD_MAX: usize = 1 << 20;

/// Bytes that few keys have more of.
const KEY_BYTES_MOSTLY: usize = 32;

/// The keys of a record in some indexes of its table, by the indexes' places among the secondary ones.
pub(super) type RecordKeys = Vec<(usize, Vec<Vec<u8>>)>;

/// The key of a record in the primary index.
pub(super) fn primary_key(
    table: &OpenTable,
    index: &IndexDefinition,
    record: RecordView<'_>,
    session: &Session,
) -> Result<Vec<u8>> {
    let mut key = Vec::with_capacity(KEY_BYTES_MOSTLY);
    with_keys(table, index, session, |keys| {
        with_key_source(table, record, session.sight(), |source| keys.primary_key(source, &mut key))
    })?;
    Ok(key)
}

/// Runs what uses the keys of an index. One of another Windows is verified before, and takes text that it shows.
fn with_keys<T>(
    table: &OpenTable,
    index: &IndexDefinition,
    session: &Session,
    work: impl FnOnce(&IndexKeys<'_>) -> Result<T>,
) -> Result<T> {
    let failed = |error| table.map().file().format_error(error);
    let layout = table.schema().layout();
    let done = match table.witnesses(session, index)? {
        None => table.keys_of(index).and_then(work),
        Some(witnesses) => {
            let keeper = VerifiedText { witnesses: &witnesses, purpose: TextPurpose::Store };
            IndexKeys::new(&index.row, layout, &keeper).map_err(failed).and_then(|keys| work(&keys))
        }
    };
    done.inspect_err(|error| tell_of_uncertain_text(table, index, error))
}

/// Text whose key is not certain is refused, and whoever runs the program is told where and which unit it was.
#[cold]
fn tell_of_uncertain_text(table: &OpenTable, index: &IndexDefinition, error: &Error) {
    if error.jet() == JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED {
        let (table, index) = (table.schema().name(), &index.name);
        tracing::warn!(%table, %index, "text refused, since its sort key is not certain to be Windows': {error}");
    }
}

/// The keys of a record in all secondary indexes, or in those with a column of `changed`.
pub(super) fn keys_of_record(
    table: &OpenTable,
    record: RecordView<'_>,
    changed: Option<&[ColumnId]>,
    session: &Session,
) -> Result<RecordKeys> {
    let mut all = RecordKeys::new();
    if !table.has_secondary_indexes() {
        return Ok(all);
    }
    for (place, (index, _)) in table.secondary_indexes().enumerate() {
        let left_out = index.row.flags.contains(IndexFlags::DEFERRED_POPULATE)
            || changed.is_some_and(|changed| !depends_on(table, index, changed));
        if left_out {
            continue;
        }
        let keys = with_keys(table, index, session, |keys| {
            with_key_source(table, record, session.sight(), |source| {
                keys.keys(source, ENTRIES_PER_RECORD_MAX)
            })
        })?;
        all.push((place, keys));
    }
    Ok(all)
}

/// Whether a key column or condition of an index is among these columns.
pub(super) fn depends_on(table: &OpenTable, index: &IndexDefinition, changed: &[ColumnId]) -> bool {
    let is_changed = |segment: &IndexSegment| {
        let of_template = segment.flags.contains(SegmentFlags::TEMPLATE_COLUMN);
        let column = table.schema().layout().key_column(segment.fid, of_template);
        column.is_some_and(|column| changed.contains(&column.id))
    };
    index.row.segments.iter().chain(&index.row.conditions).any(is_changed)
}

/// Whether indexes that are unique on request are held to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OptionalUniqueness {
    /// They may have a key twice.
    Ignored,
    /// They may not: `JET_bitUpdateEnforceOptionallyUniqueIndices`.
    Enforced,
}

/// Refuses a record that shares a key with another one in an index that is unique on request. Its entries are there
/// already: of two sessions that do this at the same time, one at least sees the other's.
///
/// # Errors
/// `JET_errKeyDuplicate`, those of the trees.
pub(super) fn check_optionally_unique(table: &OpenTable, keys: &RecordKeys, bookmark: &[u8]) -> Result<()> {
    let all: Vec<_> = table.secondary_indexes().collect();
    for (place, keys) in keys {
        let Some((index, tree)) = all.get(*place) else { continue };
        if !index.row.flags.contains(IndexFlags::OPTIONALLY_UNIQUE) {
            continue;
        }
        for key in keys {
            // Against all data, whoever sees it (spec 09 §5.5).
            let mut cursor = tree.tree().cursor();
            let mut here = cursor.seek(key, &[])? == SeekOutcome::Equal;
            while here {
                let node = cursor.node()?;
                let same_key = node.as_ref().is_some_and(|node| node.key().to_vec() == *key);
                let is_other = node.is_some_and(|node| node.data != bookmark);
                if same_key && is_other {
                    let about = format!("another record has the key in index {}", index.name);
                    return Err(Error::refused(JetError::KEY_DUPLICATE, about));
                }
                here = same_key && cursor.move_next()?;
            }
        }
    }
    Ok(())
}

/// Makes the entries of a new record.
pub(super) fn insert_entries(
    session: &mut Session,
    table: &OpenTable,
    keys: &RecordKeys,
    bookmark: &[u8],
    versioning: Versioning,
) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    for (tree, keys) in in_trees(table, keys) {
        keys.iter().try_for_each(|key| tree.insert(session, key, bookmark, versioning))?;
    }
    Ok(())
}

/// Deletes the entries of a record.
pub(super) fn delete_entries(
    session: &mut Session,
    table: &OpenTable,
    keys: &RecordKeys,
    bookmark: &[u8],
) -> Result<()> {
    for (tree, keys) in in_trees(table, keys) {
        keys.iter().try_for_each(|key| delete_entry(session, tree, key, bookmark))?;
    }
    Ok(())
}

/// Turns the entries of a record before a change into those after it. Both are of the same indexes.
pub(super) fn change_entries(
    session: &mut Session,
    table: &OpenTable,
    (before, after): (&RecordKeys, &RecordKeys),
    bookmark: &[u8],
) -> Result<()> {
    for ((tree, old), (_, new)) in in_trees(table, before).zip(after) {
        let gone = old.iter().filter(|key| new.binary_search(key).is_err());
        for key in gone {
            delete_entry(session, tree, key, bookmark)?;
        }
        let made = new.iter().filter(|key| old.binary_search(key).is_err());
        for key in made {
            tree.insert(session, key, bookmark, Versioning::Versioned)?;
        }
    }
    Ok(())
}

fn in_trees<'t>(
    table: &'t OpenTable,
    keys: &'t RecordKeys,
) -> impl Iterator<Item = (&'t WritableTree, &'t Vec<Vec<u8>>)> {
    let mut trees = table.secondary_indexes().map(|(_, tree)| tree).enumerate();
    keys.iter().filter_map(move |(place, keys)| {
        let (_, tree) = trees.by_ref().find(|(at, _)| at == place)?;
        Some((tree, keys))
    })
}

/// Deletes one entry, which must be there.
fn delete_entry(session: &mut Session, tree: &WritableTree, key: &[u8], bookmark: &[u8]) -> Result<()> {
    let data: &[u8] = if tree.tree().has_duplicate_keys() { bookmark } else { &[] };
    tree.flag_delete(session, key, data, Versioning::Versioned).map_err(|error| {
        let missing = [JetError::RECORD_NOT_FOUND, JetError::RECORD_DELETED, JetError::NO_CURRENT_RECORD];
        if !missing.contains(&error.jet()) {
            return error;
        }
        tracing::error!(page = tree.tree().root(), "an index has no entry for a record that it should have");
        let about = format!("index with root page {}: a record has no entry", tree.tree().root());
        Error::refused(JetError::SECONDARY_INDEX_CORRUPTED, about)
    })
}
