//! What a compaction did, and the text that says it: `DFRGINFO.TXT`, tab-separated, one row a table (spec 10 §4.1).

use std::fmt;

use crate::compact::root_pages;
use crate::error::Result;
use crate::instance::AttachedDatabase;
use crate::io::Clock;
use crate::table::CopiedRecords;

/// What was done with one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableStatistics {
    /// Its name.
    pub name: String,
    /// Its own fixed and variable columns.
    pub fixed_or_variable: usize,
    /// Its own tagged columns.
    pub tagged: usize,
    /// All columns.
    pub columns: usize,
    /// Secondary indexes.
    pub secondary_indexes: usize,
    /// Pages it owned in the source.
    pub pages_owned: u64,
    /// Pages of them that were free.
    pub pages_available: u64,
    /// What was copied.
    pub copied: CopiedRecords,
    /// Time for making the table.
    pub milliseconds_creating: u64,
    /// Time for the records.
    pub milliseconds_copying: u64,
    /// Time for all of it.
    pub milliseconds: u64,
}

/// What a compaction did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactStatistics {
    /// The file name of the source.
    pub source: String,
    /// Bytes of its pages.
    pub source_bytes: u64,
    /// Pages it owned.
    pub source_pages_owned: u64,
    /// Pages of them that were free.
    pub source_pages_available: u64,
    /// Bytes of the target's pages.
    pub target_bytes: u64,
    /// The tables in the order in which they were copied.
    pub tables: Vec<TableStatistics>,
    /// When it began, in milliseconds since 1970.
    began: u64,
    /// Time until the target was there.
    milliseconds_creating: u64,
    /// Time for all of it.
    milliseconds: u64,
}

impl CompactStatistics {
    pub(super) fn begin(clock: &dyn Clock, source: &AttachedDatabase) -> Result<Self> {
        let (owned, available) = match root_pages(source) {
            Err(error) if error.format_error().is_some() => (0, 0),
            pages => pages?,
        };
        let file = source.file();
        let name = source.path().file_name().unwrap_or_default();
        Ok(Self {
            source: name.to_string_lossy().into_owned(),
            source_bytes: u64::from(file.page_count()) * file.page_size().bytes() as u64,
            source_pages_owned: owned,
            source_pages_available: available,
            began: clock.milliseconds(),
            ..Self::default()
        })
    }

    pub(super) fn created(&mut self, clock: &dyn Clock) {
        self.milliseconds_creating = clock.milliseconds().saturating_sub(self.began);
    }

    pub(super) fn end(&mut self, clock: &dyn Clock, target_bytes: u64) {
        self.milliseconds = clock.milliseconds().saturating_sub(self.began);
        self.target_bytes = target_bytes;
    }

    /// Records and values that were left out because they could not be read.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.tables.iter().map(|table| table.copied.left_out).sum()
    }
}

/// The columns of a table's row.
const TITLES: [&str; 15] = [
    "Table Name",
    "# Non-Derived Fixed/Variable Columns",
    "# Non-Derived Tagged Columns",
    "# Columns",
    "# Secondary Indexes",
    "Pages Owned (Source DB)",
    "Pages Avail. (Source DB)",
    "Table Create/Init. Time",
    "# Records Copied",
    "Raw Data Bytes Copied",
    "Raw Data LV Bytes Copied",
    "Leaf Pages Traversed",
    "Min. LV Pages Traversed",
    "Copy Records Time",
    "Copy Table Time",
];

/// Seconds and milliseconds; these are not padded, as everywhere in the tool.
struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 1000, self.0 % 1000)
    }
}

impl fmt::Display for CompactStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n\n***** Defragmentation of database '{}' started! [ESE version 10.00.0000.0000, (RETAIL)]\n",
            self.source
        )?;
        let created = Seconds(self.milliseconds_creating);
        writeln!(f, "New database created and initialized in {created} seconds.")?;
        writeln!(
            f,
            "    (Source database is {} bytes and it owns {} pages, of which {} are available.)\n\n",
            self.source_bytes, self.source_pages_owned, self.source_pages_available
        )?;
        writeln!(f, "{}\n", TITLES.join("\t"))?;
        for table in &self.tables {
            writeln!(f, "{table}")?;
        }
        writeln!(f, "\nDatabase defragmented to {} bytes.", self.target_bytes)?;
        // Nothing is kept in a temporary database here.
        writeln!(f, "Temp. database used 0 bytes during defragmentation.\n\n")?;
        writeln!(f, "***** Defragmentation completed in {} seconds.\n", Seconds(self.milliseconds))
    }
}

impl fmt::Display for TableStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let copied = &self.copied;
        write!(
            f,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            self.name,
            self.fixed_or_variable,
            self.tagged,
            self.columns,
            self.secondary_indexes,
            self.pages_owned,
            self.pages_available,
            Seconds(self.milliseconds_creating),
            copied.records,
            copied.record_bytes,
            copied.long_value_bytes,
            copied.leaves,
            copied.long_value_leaves,
            Seconds(self.milliseconds_copying),
            Seconds(self.milliseconds)
        )
    }
}
