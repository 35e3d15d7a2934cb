//! The index entries a row has, computed from its columns: what index upkeep writes and a verifier compares with.

use std::cell::RefCell;

use ese_format::catalog::IndexDefinition;
use ese_format::error::{FileKind, FormatError, FormatResult, Problem};
use ese_format::key::{IndexKeys, LongValueSource, RecordSource, TextKey};
use ese_format::long_value::LongValueId;

use crate::error::{Error, Result};
use crate::table::{Row, Table};

/// Entries of one record in one index at most: what a cross product of long lists could give is refused before it is
/// built. Generous beside what a page of values can hold.
const ENTRIES_PER_RECORD_MAX: usize = 1 << 20;

impl Table {
    /// Prepares to compute the keys of an index of this table. Sort keys of UTF-16 text come from `text`.
    ///
    /// # Errors
    /// `JET_errCatalogCorrupted` for a segment over a column that does not exist.
    pub fn index_keys<'t>(&'t self, index: &IndexDefinition, text: &'t dyn TextKey) -> Result<IndexKeys<'t>> {
        IndexKeys::new(&index.row, self.schema.layout(), text)
            .map_err(|error| self.database.file().format_error(error.on_page(index.row.fdp_page)))
    }
}

impl Row<'_> {
    /// The keys of all entries the row has in an index, ascending, each once; none where the index leaves it out.
    ///
    /// # Errors
    /// `JET_errNullKeyDisallowed` and `JET_errKeyTruncated` for a row that the index forbids; those of reading the columns,
    /// separated values included; those of the text keys.
    pub fn keys(&self, keys: &IndexKeys<'_>) -> Result<Vec<Vec<u8>>> {
        let long_values = LongValues { table: self.table(), failure: RefCell::new(None) };
        let source = RecordSource { record: *self.record(), long_values: &long_values };
        keys.keys(&source, ENTRIES_PER_RECORD_MAX).map_err(|error| {
            let failure = long_values.failure.take();
            failure.unwrap_or_else(|| self.failed(error))
        })
    }
}

/// The long values of a table as keys are built from them. What fails below formats, in a tree or on the disk, is kept
/// aside while a format error takes its place on the way up.
struct LongValues<'t> {
    table: &'t Table,
    failure: RefCell<Option<Error>>,
}

impl LongValues<'_> {
    fn append(&self, id: LongValueId, bytes_max: usize, into: &mut Vec<u8>) -> Result<()> {
        self.table.long_values()?.read(id)?.append_rest(bytes_max, into)
    }
}

impl LongValueSource for &LongValues<'_> {
    fn read(&self, id: LongValueId, bytes_max: usize, into: &mut Vec<u8>) -> FormatResult<()> {
        self.append(id, bytes_max, into).map_err(|failure| {
            let jet = failure.jet();
            self.failure.replace(Some(failure));
            let problem = Problem::Invalid("cannot be read");
            FormatError::new(FileKind::Database, 0, "long value", problem, jet)
        })
    }
}
