//! What the verifier found.

use std::fmt;

use ese_format::error::JetError;

use crate::error::Error;

/// Findings kept with their text; those beyond are counted.
pub const FINDINGS_MAX: usize = 1000;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing that keeps the database from being used: leaked pages, orphaned values, what could not be compared.
    Warning,
    /// Damage.
    Error,
}

/// Where in the schema a finding is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The table, `None` for the database's own trees.
    pub table: Option<String>,
    /// The tree of the table: an index, `long values`, the space trees; `None` for its records.
    pub part: Option<String>,
}

impl Place {
    /// The records of a table.
    #[must_use]
    pub fn table(name: impl Into<String>) -> Self {
        Self { table: Some(name.into()), part: None }
    }

    /// A part of the table, or of the database.
    #[must_use]
    pub fn part(&self, part: impl Into<String>) -> Self {
        Self { table: self.table.clone(), part: Some(part.into()) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.table.as_deref().unwrap_or("database"))?;
        self.part.as_ref().map_or(Ok(()), |part| write!(f, ", {part}"))
    }
}

/// Something wrong, or worth to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The code a reader of that place would meet.
    pub jet: JetError,
    /// The table and tree.
    pub place: Place,
    /// The page, where it is about one.
    pub page: Option<u32>,
    /// What is wrong, for a person.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        };
        write!(f, "{severity}: {}: ", self.place)?;
        if let Some(page) = self.page {
            write!(f, "page {page}: ")?;
        }
        write!(f, "{} [{} ({})]", self.what, self.jet.name(), self.jet.code())
    }
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerifyCounts {
    /// Tables.
    pub tables: u64,
    /// Trees, space trees not counted.
    pub trees: u64,
    /// Pages of trees, those of space trees included.
    pub pages: u64,
    /// Records.
    pub rows: u64,
    /// Entries of secondary indexes.
    pub entries: u64,
    /// Secondary indexes that were rebuilt and compared.
    pub indexes_compared: u64,
    /// Secondary indexes whose keys could not be computed: their structure alone was checked.
    pub indexes_not_compared: u64,
    /// Separated long values.
    pub long_values: u64,
    /// Pages owned by the database.
    pub owned_pages: u64,
    /// Pages of the file, the two headers not counted.
    pub file_pages: u64,
    /// Pages that some tree owns, nobody uses, and that are not free.
    pub leaked_pages: u64,
}

/// The outcome of a verification.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// The first [`FINDINGS_MAX`] findings, in the order of the walk.
    pub findings: Vec<Finding>,
    /// All errors, those not kept included.
    pub errors: u64,
    /// All warnings, those not kept included.
    pub warnings: u64,
    /// What was looked at.
    pub counts: VerifyCounts,
}

impl VerifyReport {
    /// Whether no damage was found.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.errors == 0
    }

    /// The kept findings that are damage.
    pub fn damage(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    pub(super) fn add(&mut self, finding: Finding) {
        match finding.severity {
            Severity::Warning => self.warnings += 1,
            Severity::Error => self.errors += 1,
        }
        // Damage is never crowded out by warnings.
        if self.findings.len() >= FINDINGS_MAX && finding.severity == Severity::Error {
            let warning = self.findings.iter().rposition(|kept| kept.severity == Severity::Warning);
            warning.map(|place| self.findings.remove(place));
        }
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    /// Damage on a page.
    pub(super) fn damage_on(&mut self, place: &Place, page: u32, jet: JetError, what: impl Into<String>) {
        self.add(Finding {
            severity: Severity::Error,
            jet,
            place: place.clone(),
            page: Some(page),
            what: what.into(),
        });
    }

    /// An error that reading met.
    pub(super) fn failed(&mut self, place: &Place, error: &Error) {
        self.add(Finding {
            severity: Severity::Error,
            jet: error.jet(),
            place: place.clone(),
            page: error.format_error().and_then(ese_format::error::FormatError::page),
            what: error.to_string(),
        });
    }

    /// A warning.
    pub(super) fn warn(&mut self, place: &Place, page: Option<u32>, jet: JetError, what: impl Into<String>) {
        let (place, what) = (place.clone(), what.into());
        self.add(Finding { severity: Severity::Warning, jet, place, page, what });
    }
}
