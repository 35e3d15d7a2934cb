//! Separated long values: the tree they lie in, and reading one of them piece by piece (spec 04 §3).
//!
//! A value is a root node and chunks in the order of their offsets. A reader believes neither: it goes from chunk to chunk
//! as they are there, each must be the one that follows and inflate to exactly its share, so that what it returns has
//! the size the root says, and a lie costs no more memory than the chunks that are really there.

use ese_format::error::{JetError, Problem};
use ese_format::long_value::{
    LongValueFlags, LongValueId, LongValueKey, LongValueRoot, append_chunk, chunk_expected_bytes,
    chunk_offset_of,
};

use ese_format::node::KeyRef;

use crate::btree::{SeekOutcome, Tree, TreeCursor};
use crate::error::{Error, Result};
use crate::table::seen::{self, Sight};

/// Bytes reserved at most before the first chunk was seen.
const RESERVE_BYTES_MAX: usize = 1 << 20;

/// The long-value tree of a table.
#[derive(Clone, Debug)]
pub struct LongValueTree {
    tree: Tree,
    chunk_bytes: u32,
}

impl LongValueTree {
    pub(super) fn new(tree: Tree, chunk_bytes: u32) -> Self {
        Self { tree, chunk_bytes }
    }

    /// The values in this tree: those of the catalog, which is no table for cursors.
    pub(crate) fn of_tree(tree: Tree, chunk_bytes: u32) -> Self {
        Self::new(tree, chunk_bytes)
    }

    /// The tree itself.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Bytes of every chunk but the last of a value.
    #[must_use]
    pub fn chunk_bytes(&self) -> u32 {
        self.chunk_bytes
    }

    /// A reader at the beginning of a value.
    ///
    /// # Errors
    /// `JET_errLVCorrupted` when there is no such value (any more), `JET_errColumnNoEncryptionKey` for an encrypted one, and
    /// those of reading the tree.
    pub fn read(&self, id: LongValueId) -> Result<LongValueReader> {
        self.read_as(id, &None)
    }

    /// As [`Self::read`], for a reader that sees these versions.
    pub(super) fn read_as(&self, id: LongValueId, sight: &Sight) -> Result<LongValueReader> {
        let mut key = Vec::new();
        LongValueKey::Root(id).encode(&mut key);
        let mut cursor = seen::cursor_over(&self.tree, sight);
        if cursor.seek(&key, &[])? != SeekOutcome::Equal {
            let problem = Problem::Invalid("a record refers to a value that the tree has not");
            return Err(self.corrupted(self.tree.root(), "long-value id", problem));
        }
        let root = {
            let data = seen::data(&cursor)?.unwrap_or_default();
            LongValueRoot::decode(data).map_err(|error| on_page(&cursor, error))?
        };
        if root.is_partially_deleted() {
            let problem = Problem::Invalid("a record refers to a value whose deletion has begun");
            return Err(self.corrupted(self.tree.root(), "reference count", problem));
        }
        if root.flags.contains(LongValueFlags::ENCRYPTED) {
            let about = format!("long value {id:?} is encrypted");
            return Err(Error::refused(JetError::COLUMN_NO_ENCRYPTION_KEY, about));
        }
        Ok(LongValueReader { cursor, id, root, chunk_bytes: self.chunk_bytes, position: 0, key })
    }

    fn corrupted(&self, page: u32, field: &'static str, problem: Problem) -> Error {
        self.tree.file().page_error(page, 0, field, problem, JetError::LV_CORRUPTED)
    }
}

/// Reads one long value from its beginning, or from anywhere.
#[derive(Debug)]
pub struct LongValueReader {
    cursor: TreeCursor,
    id: LongValueId,
    root: LongValueRoot,
    chunk_bytes: u32,
    /// Offset of the next chunk; the size when there is none.
    position: u32,
    key: Vec<u8>,
}

impl LongValueReader {
    /// Bytes of the value.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.root.size
    }

    /// Its root.
    pub(super) fn root(&self) -> LongValueRoot {
        self.root
    }

    /// How many values in records are this one.
    #[must_use]
    pub fn reference_count(&self) -> u32 {
        self.root.reference_count
    }

    /// Appends the next chunk. False at the end.
    ///
    /// # Errors
    /// `JET_errLVCorrupted` for a chunk that is not there or not of its size, `JET_errDecompressionFailed` for a scheme that
    /// is not supported, and those of reading the tree.
    pub fn append_next_chunk(&mut self, into: &mut Vec<u8>) -> Result<bool> {
        if self.position >= self.root.size {
            return Ok(false);
        }
        let expected = chunk_expected_bytes(self.root.size, self.chunk_bytes, self.position)
            .map_err(|error| on_page(&self.cursor, error))?;
        self.key.clear();
        LongValueKey::Chunk(self.id, self.position).encode(&mut self.key);
        let here = self.cursor.move_next()?;
        let Some(node) = self.cursor.node()?.filter(|_| here) else { return Err(self.missing_chunk()) };
        if node.key() != KeyRef::from(self.key.as_slice()) {
            return Err(self.missing_chunk());
        }
        let data = seen::data(&self.cursor)?.unwrap_or_default();
        append_chunk(data, expected, into).map_err(|error| on_page(&self.cursor, error))?;
        self.position += expected;
        Ok(true)
    }

    /// Appends what is left of the value, but at most `max_bytes`.
    ///
    /// # Errors
    /// As [`Self::append_next_chunk`].
    pub fn append_rest(&mut self, max_bytes: usize, into: &mut Vec<u8>) -> Result<()> {
        let left = (self.root.size - self.position.min(self.root.size)) as usize;
        into.reserve(left.min(max_bytes).min(RESERVE_BYTES_MAX));
        let end = into.len().saturating_add(max_bytes);
        while into.len() < end && self.append_next_chunk(into)? {}
        into.truncate(end);
        Ok(())
    }

    /// Fills `buffer` with the bytes from `offset` on and says how many there were. The next chunk is then the one after
    /// the last byte read.
    ///
    /// # Errors
    /// As [`Self::append_next_chunk`].
    pub fn read_at(&mut self, buffer: &mut [u8], offset: u32) -> Result<usize> {
        let wanted = buffer.len().min(self.root.size.saturating_sub(offset) as usize);
        if wanted == 0 {
            return Ok(0);
        }
        self.go_to(chunk_offset_of(offset, self.chunk_bytes))?;
        let (mut chunk, mut filled) = (Vec::new(), 0);
        while filled < wanted {
            let start = self.position;
            chunk.clear();
            if !self.append_next_chunk(&mut chunk)? {
                break;
            }
            let skip = offset.saturating_sub(start) as usize;
            let from = chunk.get(skip..).unwrap_or_default();
            let count = from.len().min(wanted - filled);
            if let (Some(to), Some(from)) = (buffer.get_mut(filled..filled + count), from.get(..count)) {
                to.copy_from_slice(from);
            }
            filled += count;
        }
        Ok(filled)
    }

    /// Places the cursor so that the next node is the chunk at `chunk_offset`.
    fn go_to(&mut self, chunk_offset: u32) -> Result<()> {
        if self.position == chunk_offset && self.cursor.position().is_some() {
            return Ok(());
        }
        self.key.clear();
        LongValueKey::Chunk(self.id, chunk_offset).encode(&mut self.key);
        self.cursor.seek(&self.key, &[])?;
        // One step back: the first chunk has the root before it, every other one its neighbour.
        self.cursor.move_previous()?;
        self.position = chunk_offset;
        Ok(())
    }

    fn missing_chunk(&self) -> Error {
        let page = self.cursor.position().map_or(self.cursor.tree().root(), |(page, _)| page.number());
        let problem = Problem::Invalid("the chunk that follows is not there");
        self.cursor.tree().file().page_error(page, 0, "chunk", problem, JetError::LV_CORRUPTED)
    }
}

fn on_page(cursor: &TreeCursor, error: ese_format::error::FormatError) -> Error {
    let page = cursor.position().map_or(cursor.tree().root(), |(page, _)| page.number());
    cursor.tree().file().format_error(error.on_page(page))
}
