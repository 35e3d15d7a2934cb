//! Changing separated long values: making, patching, sharing and giving them up (spec 04 §3, 09 §8.5).
//!
//! Invariants: every change is a version of the session's transaction, so that a rollback undoes it; a value is changed
//! in place by the holder of its only reference, who then also keeps others from taking one; a value whose last
//! reference goes is deleted with it, unless another transaction is counting it: then [`LongValueCounts`] deletes it when
//! the count has settled at zero.

use std::sync::Arc;

use ese_format::compression::{self, Compressed, CompressionPolicy};
use ese_format::error::JetError;
use ese_format::long_value::{LongValueFlags, LongValueId, LongValueKey, LongValueRoot};

use crate::btree::{DeltaWidth, LockKind, SeekOutcome, TreeKind, Versioning, WritableTree};
use crate::error::{Error, Result};
use crate::table::LongValueTree;
use crate::table::pending::PendingLong;
use crate::table::seen::{self, Sight};
use crate::table_state::TableState;
use crate::transaction::{CountHook, Session};

/// Where the reference count lies in the root of a value.
const REFERENCE_COUNT_OFFSET: u16 = 0;

/// The long values of a table, for changing them.
#[derive(Clone, Debug)]
pub struct LongValueStore {
    tree: WritableTree,
    reader: LongValueTree,
    state: Arc<TableState>,
}

impl LongValueStore {
    pub(super) fn new(tree: WritableTree, chunk_bytes: u32, state: Arc<TableState>) -> Self {
        let reader = LongValueTree::new(tree.tree().clone(), chunk_bytes);
        Self { tree, reader, state }
    }

    /// For reading.
    #[must_use]
    pub fn reader(&self) -> &LongValueTree {
        &self.reader
    }

    /// The tree.
    #[must_use]
    pub fn tree(&self) -> &WritableTree {
        &self.tree
    }

    /// A new identifier, of 8 bytes where the database wants that or the tree already has such.
    ///
    /// # Errors
    /// `JET_errOutOfLongValueIDs`, and those of reading the tree.
    pub(super) fn draw_id(&self) -> Result<LongValueId> {
        let mut last = self.state.long_value_ids.lock();
        let before = match *last {
            Some(number) => number,
            None => self.highest_id()?,
        };
        let wide_first = LongValueId::WIDE_FIRST.number();
        let wide = self.tree.map().features().wide_long_value_ids || before >= wide_first;
        let (next, end) = if wide {
            (before.max(wide_first - 1) + 1, LongValueId::WIDE_LAST.number())
        } else {
            (before + 1, LongValueId::NARROW_LAST.number())
        };
        let id = LongValueId::new(next).filter(|_| next <= end);
        let id =
            id.ok_or_else(|| Error::refused(JetError::OUT_OF_LONG_VALUE_I_DS, "long-value identifiers"))?;
        *last = Some(next);
        Ok(id)
    }

    /// The highest identifier in the tree, 0 for none.
    fn highest_id(&self) -> Result<u64> {
        let mut cursor = self.tree.tree().cursor();
        if !cursor.move_last()? {
            return Ok(0);
        }
        let key = cursor.node()?.map(|node| node.key().to_vec()).unwrap_or_default();
        let page = cursor.position().map_or(self.tree.tree().root(), |(page, _)| page.number());
        let key = LongValueKey::decode(&key)
            .map_err(|error| self.tree.map().file().format_error(error.on_page(page)))?;
        Ok(key.id().number())
    }

    /// Takes note of the identifiers in use before one of them goes: none is given out twice.
    fn note_ids(&self) -> Result<()> {
        let mut last = self.state.long_value_ids.lock();
        if last.is_none() {
            *last = Some(self.highest_id()?);
        }
        Ok(())
    }

    /// Writes a value with one reference: its first chunk, its root, its other chunks (spec 04 §3.4).
    ///
    /// # Errors
    /// Those of the tree. The caller then rolls back.
    pub(super) fn create(&self, session: &mut Session, id: LongValueId, value: &PendingLong) -> Result<()> {
        let sight = Some(session.visibility());
        let mut writer = ChunkWriter::new(self, id, &sight);
        let root = LongValueRoot { reference_count: 1, size: value.size(), flags: LongValueFlags::empty() };
        let mut offset = 0;
        loop {
            let mut inserted = 0;
            if offset < value.size() {
                inserted = writer.build(value, offset)?;
                self.tree.insert(session, &writer.key, &writer.stored, Versioning::Versioned)?;
            }
            if offset == 0 {
                self.insert_root(session, id, &root)?;
            }
            offset += inserted;
            if offset >= value.size() {
                return Ok(());
            }
        }
    }

    fn insert_root(&self, session: &mut Session, id: LongValueId, root: &LongValueRoot) -> Result<()> {
        let (mut key, mut data) = (Vec::new(), Vec::new());
        LongValueKey::Root(id).encode(&mut key);
        root.encode(&mut data);
        self.tree.insert(session, &key, &data, Versioning::Versioned)
    }

    /// Writes the changes of a value over itself. The caller holds its only reference.
    ///
    /// # Errors
    /// `JET_errWriteConflict` when another transaction counts it; those of the tree. The caller then rolls back.
    pub(super) fn apply(&self, session: &mut Session, id: LongValueId, value: &PendingLong) -> Result<()> {
        let sight = Some(session.visibility());
        let old = self.root(id, &sight)?;
        let mut root_key = Vec::new();
        LongValueKey::Root(id).encode(&mut root_key);
        // Nobody else may begin to share the value now.
        self.tree.lock(session, &root_key, &[], LockKind::Write)?;
        let chunk_bytes = self.reader.chunk_bytes().max(1);
        let mut writer = ChunkWriter::new(self, id, &sight);
        let mut offset = 0;
        while offset < value.size() {
            let end = offset.saturating_add(chunk_bytes).min(value.size());
            let old_end = offset.saturating_add(chunk_bytes).min(old.size);
            if offset >= old.size {
                writer.build(value, offset)?;
                self.tree.insert(session, &writer.key, &writer.stored, Versioning::Versioned)?;
            } else if end != old_end || value.is_changed(offset, end) {
                writer.build(value, offset)?;
                self.tree.replace(session, &writer.key, &writer.stored, Versioning::Versioned)?;
            }
            offset = end;
        }
        self.delete_chunks(session, id, value.size(), old.size)?;
        if old.size == value.size() {
            return Ok(());
        }
        // Last: until here the stored chunks are read by the size they were written with.
        let mut data = Vec::new();
        LongValueRoot { size: value.size(), ..old }.encode(&mut data);
        self.tree.replace(session, &root_key, &data, Versioning::Versioned)
    }

    /// Deletes the chunks from the first one at or above `from` up to the value's end.
    fn delete_chunks(&self, session: &mut Session, id: LongValueId, from: u32, size: u32) -> Result<()> {
        let chunk_bytes = self.reader.chunk_bytes().max(1);
        let mut key = Vec::new();
        let mut offset = from.div_ceil(chunk_bytes).checked_mul(chunk_bytes);
        while let Some(at) = offset.filter(|at| *at < size) {
            key.clear();
            LongValueKey::Chunk(id, at).encode(&mut key);
            self.tree.flag_delete(session, &key, &[], Versioning::Versioned)?;
            offset = at.checked_add(chunk_bytes);
        }
        Ok(())
    }

    /// The root of a value as a reader sees it.
    ///
    /// # Errors
    /// `JET_errLVCorrupted` when there is none.
    pub(super) fn root(&self, id: LongValueId, sight: &Sight) -> Result<LongValueRoot> {
        self.reader.read_as(id, sight).map(|reader| reader.root())
    }

    /// Counts one more reference.
    ///
    /// # Errors
    /// `JET_errWriteConflict` when another transaction is changing or deleting the value.
    pub(super) fn add_reference(&self, session: &mut Session, id: LongValueId) -> Result<()> {
        self.count(session, id, 1).map(|_before| ())
    }

    /// Changes the reference count and returns what it was on the page.
    fn count(&self, session: &mut Session, id: LongValueId, delta: i64) -> Result<i64> {
        let mut key = Vec::new();
        LongValueKey::Root(id).encode(&mut key);
        let width = DeltaWidth::Four;
        self.tree.delta(session, &key, REFERENCE_COUNT_OFFSET, width, delta, Versioning::Versioned)
    }

    /// Gives one reference up; with the last one the value goes.
    ///
    /// # Errors
    /// `JET_errWriteConflict` when another transaction is changing or deleting the value; those of the tree.
    pub(super) fn release(&self, session: &mut Session, id: LongValueId) -> Result<()> {
        self.note_ids()?;
        let sight = Some(session.visibility());
        let root = self.root(id, &sight)?;
        let deleted = root.reference_count <= 1 && self.try_delete(session, id, root.size)?;
        if !deleted {
            self.count(session, id, -1)?;
        }
        Ok(())
    }

    /// Deletes a value; false when another transaction is counting it.
    fn try_delete(&self, session: &mut Session, id: LongValueId, size: u32) -> Result<bool> {
        let mut key = Vec::new();
        LongValueKey::Root(id).encode(&mut key);
        match self.tree.flag_delete(session, &key, &[], Versioning::Versioned) {
            Ok(()) => self.delete_chunks(session, id, 0, size).map(|()| true),
            Err(error) if error.jet() == JetError::WRITE_CONFLICT => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Appends bytes of a value as a reader sees it.
    pub(super) fn append_range(
        &self,
        id: LongValueId,
        offset: u32,
        count: usize,
        sight: &Sight,
        into: &mut Vec<u8>,
    ) -> Result<()> {
        let start = into.len();
        let mut reader = self.reader.read_as(id, sight)?;
        let available = reader.size().saturating_sub(offset) as usize;
        into.resize(start + count.min(available), 0);
        let read = match into.get_mut(start..) {
            Some(buffer) => reader.read_at(buffer, offset)?,
            None => 0,
        };
        into.truncate(start + read);
        Ok(())
    }
}

/// Builds chunks of one value in buffers that are used again.
struct ChunkWriter<'s> {
    store: &'s LongValueStore,
    id: LongValueId,
    sight: &'s Sight,
    plain: Vec<u8>,
    stored: Vec<u8>,
    key: Vec<u8>,
}

impl<'s> ChunkWriter<'s> {
    fn new(store: &'s LongValueStore, id: LongValueId, sight: &'s Sight) -> Self {
        Self { store, id, sight, plain: Vec::new(), stored: Vec::new(), key: Vec::new() }
    }

    /// Puts key and stored form of the chunk at `offset` together; returns the bytes it stands for.
    fn build(&mut self, value: &PendingLong, offset: u32) -> Result<u32> {
        let chunk_bytes = self.store.reader.chunk_bytes().max(1);
        let count = value.size().saturating_sub(offset).min(chunk_bytes);
        self.key.clear();
        LongValueKey::Chunk(self.id, offset).encode(&mut self.key);
        self.plain.clear();
        let (store, sight) = (self.store, self.sight);
        value.append_range(offset, count as usize, &mut self.plain, &mut |base, at, bytes, into| {
            store.append_range(base, at, bytes, sight, into)
        })?;
        self.stored.clear();
        let shorter = value.compress
            && compression::compress(&self.plain, CompressionPolicy::default(), &mut self.stored)
                == Compressed::Yes
            && self.stored.len() < self.plain.len();
        if !shorter {
            std::mem::swap(&mut self.plain, &mut self.stored);
        }
        Ok(count)
    }
}

/// Deletes long values whose count has settled at zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct LongValueCounts;

impl CountHook for LongValueCounts {
    fn counted(&self, session: &mut Session, tree: &WritableTree, key: &[u8], offset: u16) -> Result<()> {
        if tree.tree().kind() != TreeKind::LongValue || offset != REFERENCE_COUNT_OFFSET {
            return Ok(());
        }
        let Ok(LongValueKey::Root(id)) = LongValueKey::decode(key) else { return Ok(()) };
        let mut cursor = tree.tree().cursor_seeing(session.visibility());
        if cursor.seek(key, &[])? != SeekOutcome::Equal {
            return Ok(());
        }
        let data = seen::data(&cursor)?.unwrap_or_default();
        if LongValueRoot::decode(data).map_or(true, |root| root.reference_count != 0) {
            return Ok(());
        }
        let mut keys = vec![key.to_vec()];
        while cursor.move_next()? {
            let next = cursor.node()?.map(|node| node.key().to_vec()).unwrap_or_default();
            if !matches!(LongValueKey::decode(&next), Ok(LongValueKey::Chunk(of, _)) if of == id) {
                break;
            }
            keys.push(next);
        }
        drop(cursor);
        keys.iter().try_for_each(|key| tree.flag_delete(session, key, &[], Versioning::Versioned))
    }
}
