//! Records and long values from one table into an empty one of the same columns: what a compaction does with each table
//! (spec 09 §13.1).
//!
//! Keys stay as they are, so that records and index entries come out in their order and every insert goes to the end of its
//! tree. The columns of the new table have other numbers where some of the old one are deleted; a record is then
//! encoded anew. Long values follow the records that refer to them: they get identifiers in that order, one that is
//! shared is copied once, and one that no record refers to stays behind.
//!
//! Invariants: no latch is held on either table while the other is changed, nor while `watch` is called. Nothing is
//! versioned: whoever gives up gives up the whole new database.

use std::collections::HashMap;

use ese_format::error::{FormatError, FormatResult, JetError, Problem};
use ese_format::long_value::{
    ChunkForm, LongValueFlags, LongValueId, LongValueKey, LongValueRoot, chunk_expected_bytes,
};
use ese_format::node::KeyRef;
use ese_format::record::{
    ColumnDefinition, NewValue, RecordBuilder, RecordFormat, RecordView, TableLayout, Value,
};

use crate::btree::{SeekOutcome, Tree, TreeCursor, Versioning, WritableTree};
use crate::error::{Error, Result};
use crate::table::seen::{self, Sight};
use crate::table::{LongValueStore, OpenTable};
use crate::transaction::Session;

/// What is done about records and values that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damaged {
    /// They end the copy.
    Refused,
    /// They are left out (JET_bitCompactRepair).
    LeftOut,
}

/// What was copied of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopiedRecords {
    /// Records.
    pub records: u64,
    /// Records and values that could not be read and were left out.
    pub left_out: u64,
    /// Bytes of the records in the new table.
    pub record_bytes: u64,
    /// Bytes of long values as they are stored.
    pub long_value_bytes: u64,
    /// Leaves of the old table.
    pub leaves: u64,
    /// Leaves its long values fill at least.
    pub long_value_leaves: u64,
}

/// A node, copied off its page.
struct CopiedNode {
    key: Vec<u8>,
    data: Vec<u8>,
}

/// Calls `copy` with the nodes of a tree, leaf by leaf, no latch held. `copy` gets the record format of the leaf too.
fn leaf_by_leaf(
    tree: &Tree,
    sight: &Sight,
    copy: &mut dyn FnMut(RecordFormat, &[CopiedNode]) -> Result<()>,
) -> Result<()> {
    let mut cursor = seen::cursor_over(tree, sight);
    let mut batch = Vec::new();
    let mut here = cursor.move_next()?;
    while here {
        let (page, format) = place(&cursor).ok_or_else(no_place)?;
        batch.clear();
        while here && place(&cursor).is_some_and(|(now, _)| now == page) {
            let node = cursor.node()?.ok_or_else(no_place)?;
            let key = node.key().to_vec();
            let data = seen::data(&cursor)?.unwrap_or_default().to_vec();
            batch.push(CopiedNode { key, data });
            here = cursor.move_next()?;
        }
        cursor.release()?;
        copy(format, &batch)?;
        here = here && cursor.resume()?;
    }
    Ok(())
}

/// A cursor that moved is on a node; a copy that ended where one is not would be a loss nobody is told of.
fn no_place() -> Error {
    Error::refused(JetError::INTERNAL_ERROR, "a cursor that moved to a node is on none")
}

/// The leaf a cursor is on.
fn place(cursor: &TreeCursor) -> Option<(u32, RecordFormat)> {
    cursor.position().map(|(page, _)| (page.number(), page.record_format()))
}

/// Copies the entries of an index as they are.
///
/// # Errors
/// Those of both trees.
pub(crate) fn copy_entries(session: &mut Session, source: &Tree, target: &WritableTree) -> Result<()> {
    let sight = Some(session.visibility());
    leaf_by_leaf(source, &sight, &mut |_, nodes| {
        session.transactions().check_stopped()?;
        nodes
            .iter()
            .try_for_each(|node| target.insert(session, &node.key, &node.data, Versioning::Unversioned))
    })
}

/// Copies the records of `source` with their long values into `target`, which is empty. `watch` is called behind each leaf.
///
/// # Errors
/// Those of both tables, of `watch`; `JET_errRecordTooBig` where a record does not fit any more.
pub(crate) fn copy_records(
    session: &mut Session,
    source: &OpenTable,
    target: &OpenTable,
    damaged: Damaged,
    watch: &mut dyn FnMut(&mut Session) -> Result<()>,
) -> Result<CopiedRecords> {
    let sight = Some(session.visibility());
    let mut copy = RecordCopy {
        source,
        target,
        columns: ColumnPairs::between(source.schema().layout(), target.schema().layout()),
        long_values: LongValueCopy::new(source, target, &sight)?,
        damaged,
        copied: CopiedRecords::default(),
    };
    leaf_by_leaf(source.primary().tree(), &sight, &mut |format, nodes| {
        session.transactions().check_stopped()?;
        nodes.iter().try_for_each(|node| copy.record(session, format, node))?;
        copy.copied.leaves += 1;
        watch(session)
    })?;
    copy.long_values.finish(session)?;
    let page_bytes = target.page_size().bytes() as u64;
    copy.copied.long_value_bytes = copy.long_values.bytes;
    copy.copied.long_value_leaves = copy.long_values.bytes.div_ceil(page_bytes);
    Ok(copy.copied)
}

/// Which column of the old table is which of the new one.
struct ColumnPairs<'l> {
    layout: &'l TableLayout,
    pairs: Vec<(&'l ColumnDefinition, &'l ColumnDefinition)>,
    /// Whether all places are the same and none is a deleted column's: records can go as they are.
    are_same: bool,
}

impl<'l> ColumnPairs<'l> {
    fn between(old: &'l TableLayout, new: &'l TableLayout) -> Self {
        let pairs: Vec<_> = old
            .columns()
            .iter()
            .filter(|column| !column.is_deleted())
            .filter_map(|column| Some((column, new.column_named(&column.name)?)))
            .collect();
        let are_same = pairs.len() == old.columns().len()
            && pairs.len() == new.columns().len()
            && pairs.iter().all(|(old, new)| old.location == new.location);
        Self { layout: new, pairs, are_same }
    }
}

/// The copy of one table's records.
struct RecordCopy<'c> {
    source: &'c OpenTable,
    target: &'c OpenTable,
    columns: ColumnPairs<'c>,
    long_values: LongValueCopy<'c>,
    damaged: Damaged,
    copied: CopiedRecords,
}

impl RecordCopy<'_> {
    fn record(&mut self, session: &mut Session, format: RecordFormat, node: &CopiedNode) -> Result<()> {
        let encoded = match self.encoded(session, format, node) {
            Err(error) if self.damaged == Damaged::LeftOut && is_damage(&error) => {
                tracing::warn!(table = self.source.schema().name(), %error, "a record is left out");
                self.copied.left_out += 1;
                return Ok(());
            }
            encoded => encoded?,
        };
        let data = encoded.as_deref().unwrap_or(&node.data);
        self.copied.records += 1;
        self.copied.record_bytes += (node.key.len() + data.len()) as u64;
        self.target.primary().insert(session, &node.key, data, Versioning::Unversioned)
    }

    /// The record for the new table, or nothing where it stays as it is.
    fn encoded(
        &mut self,
        session: &mut Session,
        format: RecordFormat,
        node: &CopiedNode,
    ) -> Result<Option<Vec<u8>>> {
        let source = self.source;
        let failed = |error: FormatError| source.map().file().format_error(error);
        let view = RecordView::parse(&node.data, format).map_err(failed)?;
        let own_format = RecordFormat::of(self.target.page_size());
        let separated = separated_of(&view).map_err(failed)?;
        let as_is = self.columns.are_same && format == own_format;
        if as_is && separated.is_empty() {
            return Ok(None);
        }
        let layout = self.columns.layout;
        let known = |(fid, derived, _, _): &(u16, bool, usize, LongValueId)| {
            layout.column_at(*fid, *derived).is_some()
        };
        if !as_is || !separated.iter().all(known) {
            return self.encoded_by_columns(session, &view, own_format).map(Some);
        }
        let mut record = RecordBuilder::from_view(&view, own_format).map_err(failed)?;
        for (fid, derived, itag, id) in separated {
            let Some(column) = layout.column_at(fid, derived) else { continue };
            let value = self.separated(session, id)?;
            record.set(layout, column, itag, value).map_err(failed)?;
        }
        record.to_bytes().map(Some).map_err(failed)
    }

    /// Every value of the record, put where the new table has its column.
    fn encoded_by_columns(
        &mut self,
        session: &mut Session,
        view: &RecordView<'_>,
        format: RecordFormat,
    ) -> Result<Vec<u8>> {
        let source = self.source;
        let failed = |error: FormatError| source.map().file().format_error(error);
        let mut record = RecordBuilder::new(format);
        let layout = self.columns.layout;
        for place in 0..self.columns.pairs.len() {
            let Some((old, new)) = self.columns.pairs.get(place).copied() else { break };
            let values = view.values(old.location).map_err(failed)?;
            let set = |record: &mut RecordBuilder, itag, value| {
                record.set(layout, new, itag, value).map_err(failed)
            };
            if values.count() == 0 {
                if matches!(values.get(1).map_err(failed)?, Value::Null) {
                    set(&mut record, 1, NewValue::Null)?;
                }
                continue;
            }
            for (place, value) in values.iter().enumerate() {
                let value = match value.map_err(failed)? {
                    Value::Absent | Value::Null => NewValue::Null,
                    Value::Inline(bytes) => NewValue::Inline(bytes),
                    Value::Compressed(bytes) => NewValue::Compressed(bytes),
                    Value::Encrypted(bytes) => NewValue::Encrypted(bytes),
                    Value::Separated(id) => self.separated(session, id)?,
                };
                set(&mut record, place + 1, value)?;
            }
        }
        record.to_bytes().map_err(failed)
    }

    fn separated(&mut self, session: &mut Session, id: LongValueId) -> Result<NewValue<'static>> {
        if self.damaged == Damaged::LeftOut {
            // Looked at as a whole before any of it is written.
            match self.long_values.check(id) {
                Err(error) if is_damage(&error) => {
                    tracing::warn!(table = self.source.schema().name(), %error, "a long value is left out");
                    self.copied.left_out += 1;
                    return Ok(NewValue::Null);
                }
                checked => checked?,
            }
        }
        self.long_values.copy(session, id).map(NewValue::Separated)
    }
}

/// Whether an error says that something stored is not what it should be.
fn is_damage(error: &Error) -> bool {
    error.format_error().is_some()
}

/// FID, whether it is inherited, itag and identifier of every separated value.
fn separated_of(view: &RecordView<'_>) -> FormatResult<Vec<(u16, bool, usize, LongValueId)>> {
    let mut found = Vec::new();
    for column in view.tagged_area().iter() {
        let column = column?;
        for (place, value) in column.iter().enumerate() {
            if let Value::Separated(id) = value? {
                found.push((column.fid, column.derived, place + 1, id));
            }
        }
    }
    Ok(found)
}

/// A value that several records refer to, until the last of them came.
struct Shared {
    id: LongValueId,
    /// With the references that came so far.
    root: LongValueRoot,
    /// How many there are by the old table.
    references: u32,
}

/// The long values of a table on their way into another.
struct LongValueCopy<'c> {
    target: &'c OpenTable,
    sight: Sight,
    source: Option<(LongValueStore, TreeCursor)>,
    store: Option<LongValueStore>,
    shared: HashMap<LongValueId, Shared>,
    bytes: u64,
    /// All that the file of the old table has. Each chunk is there once: whoever copies more copies values again whose
    /// references were counted too low, and would fill any disk.
    bytes_max: u64,
    key: Vec<u8>,
}

impl<'c> LongValueCopy<'c> {
    fn new(source: &'c OpenTable, target: &'c OpenTable, sight: &Sight) -> Result<Self> {
        let file = source.map().file();
        let bytes_max = u64::from(file.page_count()) * file.page_size().bytes() as u64;
        let stored = source.long_values()?;
        let source = stored.map(|store| {
            let cursor = seen::cursor_over(store.tree().tree(), sight);
            (store, cursor)
        });
        Ok(Self {
            target,
            sight: sight.clone(),
            source,
            store: None,
            shared: HashMap::new(),
            bytes: 0,
            bytes_max,
            key: Vec::new(),
        })
    }

    /// Reads a value from its beginning to its end.
    fn check(&mut self, id: LongValueId) -> Result<()> {
        if self.shared.contains_key(&id) {
            return Ok(());
        }
        let root = self.find(id)?;
        let Some((store, cursor)) = &mut self.source else { return Ok(()) };
        cursor.release()?;
        if root.flags.contains(LongValueFlags::ENCRYPTED) {
            return Ok(());
        }
        let mut reader = store.reader().read_as(id, &self.sight)?;
        let mut chunk = Vec::new();
        while reader.append_next_chunk(&mut chunk)? {
            chunk.clear();
        }
        Ok(())
    }

    /// The identifier that a value has in the new table, where it is from now on.
    fn copy(&mut self, session: &mut Session, id: LongValueId) -> Result<LongValueId> {
        if let Some(shared) = self.shared.get_mut(&id) {
            shared.root.reference_count = shared.root.reference_count.saturating_add(1);
            let (new, root, references) = (shared.id, shared.root, shared.references);
            if root.reference_count >= references {
                // The last one: nobody asks for it again.
                self.shared.remove(&id);
                self.count_references(session, new, &root)?;
            }
            return Ok(new);
        }
        let root = self.find(id)?;
        let store = match &self.store {
            Some(store) => store.clone(),
            None => self.store.insert(self.target.long_values_for_writing(session)?).clone(),
        };
        let new = store.draw_id()?;
        let first = LongValueRoot { reference_count: 1, ..root };
        self.put(session, &store, LongValueKey::Root(new), &encoded(&first))?;
        self.chunks(session, &store, (id, new), &root)?;
        if root.reference_count > 1 {
            self.shared.insert(id, Shared { id: new, root: first, references: root.reference_count });
        }
        Ok(new)
    }

    /// Goes to the root of a value.
    fn find(&mut self, id: LongValueId) -> Result<LongValueRoot> {
        let Some((store, cursor)) = &mut self.source else {
            let tree = self.target.primary().tree();
            let problem =
                Problem::Invalid("a record refers to a long value and its table has no tree for them");
            return Err(tree.file().page_error(
                tree.root(),
                0,
                "long value",
                problem,
                JetError::LV_CORRUPTED,
            ));
        };
        let tree = store.tree().tree();
        let bad = |what| {
            let problem = Problem::Invalid(what);
            tree.file().page_error(tree.root(), 0, "long value", problem, JetError::LV_CORRUPTED)
        };
        self.key.clear();
        LongValueKey::Root(id).encode(&mut self.key);
        if cursor.seek(&self.key, &[])? != SeekOutcome::Equal {
            return Err(bad("a record refers to a value that the tree has not"));
        }
        let root = LongValueRoot::decode(seen::data(cursor)?.unwrap_or_default())
            .map_err(|error| tree.file().format_error(error.on_page(page_of(cursor))))?;
        if root.is_partially_deleted() || root.reference_count == 0 {
            return Err(bad("a record refers to a value whose deletion has begun"));
        }
        Ok(root)
    }

    /// Copies the chunks of the value whose root the cursor is on.
    fn chunks(
        &mut self,
        session: &mut Session,
        store: &LongValueStore,
        (old, new): (LongValueId, LongValueId),
        root: &LongValueRoot,
    ) -> Result<()> {
        let mut position = 0;
        while position < root.size {
            let Some((source, cursor)) = &mut self.source else { break };
            let failed = |error: FormatError| source.tree().tree().file().format_error(error);
            let expected =
                chunk_expected_bytes(root.size, source.reader().chunk_bytes(), position).map_err(failed)?;
            self.key.clear();
            LongValueKey::Chunk(old, position).encode(&mut self.key);
            let here = cursor.move_next()?;
            let is_next = |key: KeyRef<'_>| key == KeyRef::from(self.key.as_slice());
            if !here || !cursor.node()?.is_some_and(|node| is_next(node.key())) {
                let problem = Problem::Invalid("the chunk that follows is not there");
                let page = page_of(cursor);
                let file = source.tree().tree().file();
                return Err(file.page_error(page, 0, "chunk", problem, JetError::LV_CORRUPTED));
            }
            let chunk = seen::data(cursor)?.unwrap_or_default().to_vec();
            if !root.flags.contains(LongValueFlags::ENCRYPTED) {
                ChunkForm::of(chunk.len(), expected)
                    .map_err(|error| failed(error.on_page(page_of(cursor))))?;
            }
            self.bytes = self.bytes.saturating_add(chunk.len() as u64);
            if self.bytes > self.bytes_max {
                let problem = Problem::Invalid("more records refer to long values than these say");
                let page = page_of(cursor);
                let file = source.tree().tree().file();
                return Err(file.page_error(page, 0, "long value", problem, JetError::LV_CORRUPTED));
            }
            cursor.release()?;
            self.put(session, store, LongValueKey::Chunk(new, position), &chunk)?;
            position += expected;
            if position < root.size
                && let Some((_, cursor)) = &mut self.source
            {
                cursor.resume()?;
            }
        }
        match &mut self.source {
            Some((_, cursor)) => cursor.release(),
            None => Ok(()),
        }
    }

    fn put(
        &mut self,
        session: &mut Session,
        store: &LongValueStore,
        key: LongValueKey,
        data: &[u8],
    ) -> Result<()> {
        if let Some((_, cursor)) = &mut self.source {
            cursor.release()?;
        }
        let mut bytes = Vec::new();
        key.encode(&mut bytes);
        store.tree().insert(session, &bytes, data, Versioning::Unversioned)
    }

    /// Writes how many records refer to the values of which fewer came than the old table says.
    fn finish(&mut self, session: &mut Session) -> Result<()> {
        for shared in self.shared.values().filter(|shared| shared.root.reference_count > 1) {
            self.count_references(session, shared.id, &shared.root)?;
        }
        Ok(())
    }

    /// Writes how many records refer to a value.
    fn count_references(&self, session: &mut Session, id: LongValueId, root: &LongValueRoot) -> Result<()> {
        let Some(store) = &self.store else { return Ok(()) };
        let mut key = Vec::new();
        LongValueKey::Root(id).encode(&mut key);
        store.tree().replace(session, &key, &encoded(root), Versioning::Unversioned)
    }
}

fn encoded(root: &LongValueRoot) -> Vec<u8> {
    let mut data = Vec::new();
    root.encode(&mut data);
    data
}

fn page_of(cursor: &TreeCursor) -> u32 {
    cursor.position().map_or(cursor.tree().root(), |(page, _)| page.number())
}
