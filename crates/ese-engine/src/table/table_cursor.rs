//! A cursor over a table, in the order of its primary tree or of a secondary index (spec 09 §6.3, §7).
//!
//! The cursor has one place, on the tree whose order it follows. In the order of a secondary index, the row is fetched
//! from the primary tree when it is asked for, and not before.

use ese_format::catalog::{IndexDefinition, IndexFlags};
use ese_format::error::{JetError, Problem};
use ese_format::node::{KeyRef, NodeView};
use ese_format::record::RecordView;

use crate::btree::{SeekOutcome, TreeCursor};
use crate::error::{Error, Result};
use crate::table::{Row, Table};

/// A cursor over the rows of a table.
#[derive(Debug)]
pub struct TableCursor {
    table: Table,
    primary: TreeCursor,
    secondary: Option<Secondary>,
}

#[derive(Debug)]
struct Secondary {
    /// Its place among the indexes of the schema.
    index: usize,
    entries: TreeCursor,
    /// Whether the primary cursor is on the row of the entry.
    row_found: bool,
    bookmark: Vec<u8>,
}

impl TableCursor {
    pub(super) fn new(table: Table) -> Self {
        Self { primary: table.primary.cursor(), table, secondary: None }
    }

    /// A cursor over the index at this place among the indexes of the schema.
    pub(super) fn with_index(table: Table, place: usize) -> Result<Self> {
        let mut cursor = Self::new(table);
        let Some(index) = cursor.table.schema.indexes().get(place) else { return Ok(cursor) };
        if index.row.flags.contains(IndexFlags::DEFERRED_POPULATE) {
            let about = format!("index {} is not complete", index.name);
            return Err(Error::refused(JetError::CANT_USE_DEFERRED_POPULATE_INDEX, about));
        }
        if !index.is_primary() {
            let entries = cursor.table.index_tree(index)?.cursor();
            cursor.secondary =
                Some(Secondary { index: place, entries, row_found: false, bookmark: Vec::new() });
        }
        Ok(cursor)
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The secondary index whose order the cursor follows; `None` for the primary order.
    #[must_use]
    pub fn index(&self) -> Option<&IndexDefinition> {
        let place = self.secondary.as_ref()?.index;
        self.table.schema.indexes().get(place)
    }

    /// To the first entry. False when there is none; the cursor is then before the first.
    ///
    /// # Errors
    /// Those of a broken tree and of reading pages. After an error the cursor is before the first.
    pub fn move_first(&mut self) -> Result<bool> {
        self.current().move_first()
    }

    /// To the last entry. False when there is none; the cursor is then after the last.
    ///
    /// # Errors
    /// As [`Self::move_first`].
    pub fn move_last(&mut self) -> Result<bool> {
        self.current().move_last()
    }

    /// To the next entry; a new cursor is before the first. False at the end; the cursor is then after the last.
    ///
    /// # Errors
    /// As [`Self::move_first`].
    pub fn move_next(&mut self) -> Result<bool> {
        self.current().move_next()
    }

    /// To the entry before. False at the beginning; the cursor is then before the first.
    ///
    /// # Errors
    /// As [`Self::move_first`].
    pub fn move_previous(&mut self) -> Result<bool> {
        self.current().move_previous()
    }

    /// To the first entry at or above a normalised key of the order the cursor follows.
    ///
    /// # Errors
    /// As [`Self::move_first`].
    pub fn seek(&mut self, key: &[u8]) -> Result<SeekOutcome> {
        self.current().seek(key, &[])
    }

    /// To the row with this bookmark, in the primary order. False when there is none; the cursor is then before the row
    /// that would follow it.
    ///
    /// # Errors
    /// `JET_errInvalidOperation` while a secondary index is current, and as [`Self::move_first`].
    pub fn go_to_bookmark(&mut self, bookmark: &[u8]) -> Result<bool> {
        if self.secondary.is_some() {
            let about = "bookmarks are sought in the primary order";
            return Err(Error::refused(JetError::INVALID_OPERATION, about));
        }
        Ok(self.primary.seek(bookmark, &[])? == SeekOutcome::Equal)
    }

    /// Whether the cursor is on an entry.
    #[must_use]
    pub fn is_on_entry(&self) -> bool {
        self.secondary.as_ref().map_or(&self.primary, |secondary| &secondary.entries).position().is_some()
    }

    /// The key of the entry in the current order: the bookmark in the primary order, the normalised index key otherwise.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord` on no entry.
    pub fn key(&self) -> Result<KeyRef<'_>> {
        self.entry().map(|node| node.key())
    }

    /// The bookmark of the entry's row, without looking at the row.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord` on no entry.
    pub fn bookmark(&self) -> Result<KeyRef<'_>> {
        let node = self.entry()?;
        Ok(if self.secondary.is_some() { KeyRef::from(node.data) } else { node.key() })
    }

    /// The row of the entry.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord` on no entry; `JET_errSecondaryIndexCorrupted` for an entry without its row;
    /// `JET_errDatabaseCorrupted` for a record that is none.
    pub fn row(&mut self) -> Result<Row<'_>> {
        self.find_row()?;
        let node = self.primary.node()?.ok_or_else(no_current_record)?;
        let (page, _) = self.primary.position().ok_or_else(no_current_record)?;
        let record = RecordView::parse(node.data, page.record_format())
            .map_err(|error| self.table.database.file().format_error(error.on_page(page.number())))?;
        Ok(Row::new(&self.table, page.number(), node.key(), record))
    }

    /// Gives the latches up and remembers the place: for a cursor that will not be used for a while.
    ///
    /// # Errors
    /// `JET_errNodeCorrupted`.
    pub fn release(&mut self) -> Result<()> {
        self.primary.release()?;
        match &mut self.secondary {
            Some(secondary) => secondary.entries.release(),
            None => Ok(()),
        }
    }

    /// Latches the place again after [`Self::release`]. False when the entry is gone.
    ///
    /// # Errors
    /// As [`Self::move_first`].
    pub fn resume(&mut self) -> Result<bool> {
        self.current().resume()
    }

    fn current(&mut self) -> &mut TreeCursor {
        match &mut self.secondary {
            Some(secondary) => {
                secondary.row_found = false;
                &mut secondary.entries
            }
            None => &mut self.primary,
        }
    }

    fn entry(&self) -> Result<NodeView<'_>> {
        let cursor = self.secondary.as_ref().map_or(&self.primary, |secondary| &secondary.entries);
        cursor.node()?.ok_or_else(no_current_record)
    }

    /// In the order of a secondary index: the primary cursor goes to the row of the entry.
    fn find_row(&mut self) -> Result<()> {
        let Some(secondary) = &mut self.secondary else { return Ok(()) };
        if secondary.row_found && self.primary.position().is_some() {
            return Ok(());
        }
        let entry = secondary.entries.node()?.ok_or_else(no_current_record)?;
        secondary.bookmark.clear();
        secondary.bookmark.extend_from_slice(entry.data);
        if self.primary.seek(&secondary.bookmark, &[])? != SeekOutcome::Equal {
            let (page, _) = secondary.entries.position().ok_or_else(no_current_record)?;
            let problem = Problem::Invalid("an index entry points to no row");
            let jet = JetError::SECONDARY_INDEX_CORRUPTED;
            return Err(self.table.database.file().page_error(page.number(), 0, "bookmark", problem, jet));
        }
        secondary.row_found = true;
        Ok(())
    }
}

fn no_current_record() -> Error {
    Error::refused(JetError::NO_CURRENT_RECORD, "the cursor is on no entry")
}
