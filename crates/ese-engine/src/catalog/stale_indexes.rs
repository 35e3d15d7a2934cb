//! Indexes over UTF-16 text whose sort keys are of another version, looked for when a database is attached (spec 11 §8.4,
//! 03 §9.5).
//!
//! ```text
//! MSysLocales names nothing stale      nothing to do, the catalog is not walked
//! stale and empty                      stamped anew
//! stale, secondary                     JET_errSecondaryIndexCorrupted, or deleted where the caller wants that
//! stale, primary                       JET_errPrimaryIndexCorrupted
//! ```

use std::sync::Arc;

use ese_format::catalog::{CatalogRow, IndexDefinition, IndexFlags, IndexRow, RowKind, SortVersion};
use ese_format::error::JetError;
use ese_format::sort_key::{ExactStamp, IndexText, PrivateStamp, Sort, Stamp, Standing};

use crate::btree::{Tree, TreeKind};
use crate::catalog::deleted_tree::DeletedTree;
use crate::catalog::live::LiveCatalog;
use crate::catalog::statement::{self, Alteration, PendingAlteration};
use crate::catalog::table_use::DroppedIndex;
use crate::catalog::{IndexChecking, TableOpenGrbit, TableSchema};
use crate::error::{Error, Result};
use crate::table::SchemaSource;
use crate::transaction::Session;

/// The language of files before Windows 8 that has a name everywhere.
const LCID_EN_US: u32 = 0x0409;

/// What is done about indexes when a database is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum StaleIndexes {
    /// Nothing: they are neither searched nor changed (JET_paramEnableIndexChecking off).
    Kept,
    /// Stale ones refuse the attach.
    #[default]
    Refused,
    /// Stale ones are deleted (JET_bitDbDeleteCorruptIndexes).
    Deleted,
    /// All over UTF-16 text are deleted, stale or not (JET_bitDbDeleteUnicodeIndexes).
    AllTextDeleted,
}

/// An index that was deleted or stamped anew when its database was attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleIndex {
    row: CatalogRow,
    action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Delete,
    Stamp,
}

impl StaleIndex {
    /// Whether it goes.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.action == Action::Delete
    }
}

impl LiveCatalog {
    /// What is to be done about the indexes of a database that is being attached. Reads only.
    ///
    /// # Errors
    /// `JET_errSecondaryIndexCorrupted`, `JET_errPrimaryIndexCorrupted`; those of reading.
    pub fn stale_indexes(&self, wanted: StaleIndexes) -> Result<Vec<StaleIndex>> {
        if wanted == StaleIndexes::Kept {
            return Ok(Vec::new());
        }
        let all = wanted == StaleIndexes::AllTextDeleted;
        if !all && !self.names_stale_text()? {
            return Ok(Vec::new());
        }
        let reader = self.stored();
        let mut cursor = reader.cursor();
        let mut found = Vec::new();
        while cursor.move_next()? {
            let row = reader.row(&cursor)?;
            let RowKind::Index(index) = &row.kind else { continue };
            if !index.flags.contains(IndexFlags::LOCALIZED_TEXT) {
                continue;
            }
            let standing = IndexText::of_row(index).standing();
            let is_stale = !standing.is_up_to_date();
            let is_primary = index.flags.contains(IndexFlags::PRIMARY);
            let action = match (is_stale, is_primary) {
                (false, true) => continue,
                (false, false) if !all => continue,
                (false, false) => Action::Delete,
                (true, _) if !all && self.is_empty(&row, index)? && locale_of(index).is_some() => {
                    Action::Stamp
                }
                (true, true) => return Err(self.stale(&row, index, JetError::PRIMARY_INDEX_CORRUPTED)),
                (true, false) if wanted == StaleIndexes::Refused => {
                    return Err(self.stale(&row, index, JetError::SECONDARY_INDEX_CORRUPTED));
                }
                (true, false) => Action::Delete,
            };
            found.push(StaleIndex { row, action });
        }
        Ok(found)
    }

    /// The error that an index refuses an attach with, and what can be done about it.
    fn stale(&self, row: &CatalogRow, index: &IndexRow, jet: JetError) -> Error {
        let rows = self.stored().rows_of(row.objid_table).unwrap_or_default();
        let table = rows.first().map_or_else(|| row.objid_table.to_string(), |table| table.name.to_string());
        let version = index.sort_version.map_or_else(|| "none".to_owned(), |version| version.to_string());
        let remedy = if jet == JetError::PRIMARY_INDEX_CORRUPTED {
            "it is the primary index: attach the database for reading only and copy the table, or use it with the Windows that made it"
        } else {
            "attach the database with JET_bitDbDeleteCorruptIndexes, which deletes the index, and create it again, or use it with the Windows that made it"
        };
        let about = format!(
            "index {} of table {table}: its text is sorted by another version of Windows (sort version {version}); {remedy}",
            row.name
        );
        tracing::warn!("{about}");
        Error::refused(jet, about)
    }

    /// Deletes and stamps what [`Self::stale_indexes`] found.
    ///
    /// # Errors
    /// Those of trees and of the log.
    pub fn mend_stale_indexes(self: &Arc<Self>, session: &mut Session, found: &[StaleIndex]) -> Result<()> {
        for stale in found {
            let RowKind::Index(index) = &stale.row.kind else { continue };
            match stale.action {
                Action::Delete => self.delete_stale(session, &stale.row, index)?,
                Action::Stamp => self.stamp_anew(session, &stale.row, index)?,
            }
        }
        Ok(())
    }

    /// Where indexes are looked at when their table is opened: what a reader is warned of. Others are refused.
    pub(super) fn check_text(&self, schema: &TableSchema, grbit: TableOpenGrbit) -> Result<Option<JetError>> {
        if self.text.checking != IndexChecking::AtTableOpen {
            return Ok(None);
        }
        let is_stale = |index: &&IndexDefinition| {
            index.row.flags.contains(IndexFlags::LOCALIZED_TEXT)
                && !IndexText::of_row(&index.row).standing().is_up_to_date()
        };
        let Some(index) = schema.indexes().iter().find(is_stale) else { return Ok(None) };
        let (warning, error) = if index.is_primary() {
            (JetError::WRN_PRIMARY_INDEX_OUT_OF_DATE, JetError::PRIMARY_INDEX_CORRUPTED)
        } else {
            (JetError::WRN_SECONDARY_INDEX_OUT_OF_DATE, JetError::SECONDARY_INDEX_CORRUPTED)
        };
        let is_foreign = matches!(IndexText::of_row(&index.row).standing(), Standing::Foreign(_));
        let may_be_used = grbit.contains(TableOpenGrbit::ALLOW_OUT_OF_DATE) && is_foreign;
        if grbit.contains(TableOpenGrbit::READ_ONLY) || may_be_used {
            return Ok(Some(warning));
        }
        let about = format!(
            "index {} of table {}: its text is sorted by another version of Windows",
            index.name,
            schema.name()
        );
        Err(Error::refused(error, about))
    }

    /// Whether some index was ever made with sort keys that are stale now. A database that does not count its indexes has to
    /// be walked.
    fn names_stale_text(&self) -> Result<bool> {
        let Some(locales) = self.locales() else { return Ok(true) };
        let stale = |(version, id): &(SortVersion, Option<[u8; 16]>)| {
            let flags = ese_format::catalog::LCMAP_FLAGS_DEFAULT;
            !Standing::of(Some(*version), id.as_ref(), flags).is_up_to_date()
        };
        Ok(locales.combinations()?.iter().any(stale))
    }

    fn is_empty(&self, row: &CatalogRow, index: &IndexRow) -> Result<bool> {
        let kind = if row.id == row.objid_table { TreeKind::Primary } else { TreeKind::Index };
        let tree = Tree::open(self.map.file(), index.fdp_page, row.id, kind)?;
        Ok(!tree.cursor().move_next()?)
    }

    fn delete_stale(
        self: &Arc<Self>,
        session: &mut Session,
        row: &CatalogRow,
        index: &IndexRow,
    ) -> Result<()> {
        let use_ = self.table_use(row.objid_table);
        let _turn = use_.serialize();
        let schema = self.schema(session, row.objid_table)?;
        let Some(definition) = schema.indexes().iter().find(|known| known.objid == row.id) else {
            return Ok(());
        };
        tracing::warn!(table = %schema.name(), index = %row.name, "index deleted: its sort keys are of another version");
        let tree = DeletedTree::of_part(&use_, (row.id, index.fdp_page), TreeKind::Index);
        statement::run(session, |session| {
            let alteration = Alteration::IndexDeleted(Box::new(DroppedIndex::of(&schema, definition)), tree);
            PendingAlteration::note(self, session, &use_, alteration)?;
            self.delete_row(session, row)
        })
    }

    fn stamp_anew(self: &Arc<Self>, session: &mut Session, row: &CatalogRow, index: &IndexRow) -> Result<()> {
        let Some(locale) = locale_of(index) else { return Ok(()) };
        let sort = Sort::of_locale(&locale);
        let (version, id) = match ExactStamp::new(sort, index.lcmap_flags()) {
            Some(exact) => (exact.version(), exact.sort_id()),
            None => {
                let private = PrivateStamp::new(sort);
                (private.version(), private.sort_id())
            }
        };
        self.set_stamp(session, row, index, &locale, (version, id))
    }

    fn set_stamp(
        self: &Arc<Self>,
        session: &mut Session,
        row: &CatalogRow,
        index: &IndexRow,
        locale: &str,
        (version, id): (SortVersion, [u8; 16]),
    ) -> Result<()> {
        let mut stamped = index.clone();
        stamped.locale_id = 0;
        stamped.locale_name =
            (!locale.is_empty()).then(|| locale.encode_utf16().flat_map(u16::to_le_bytes).collect());
        stamped.sort_version = Some(version);
        stamped.sort_id = Some(id);
        if let Some(locales) = self.locales() {
            locales.count(session.transactions(), &stamped)?;
        }
        let new = CatalogRow { kind: RowKind::Index(stamped), ..row.clone() };
        let use_ = self.table_use(row.objid_table);
        let _turn = use_.serialize();
        statement::run(session, |session| {
            PendingAlteration::note(self, session, &use_, Alteration::Changed)?;
            self.trees.replace(session, row, &new)
        })
    }
}

#[cfg(test)]
impl LiveCatalog {
    /// Gives the indexes of a table over text the stamp of another Windows, with the default sort.
    pub(crate) fn stamp_for_test(self: &Arc<Self>, session: &mut Session, table: u32, version: SortVersion) {
        for row in self.stored().rows_of(table).unwrap() {
            if let RowKind::Index(index) = &row.kind {
                let stamp = (version, Sort::default_sort().id());
                self.set_stamp(session, &row, index, "en-US", stamp).unwrap();
            }
        }
    }
}

/// The name of an index's locale; `None` for a number that has none here.
fn locale_of(index: &IndexRow) -> Option<String> {
    match (index.locale(), index.locale_id) {
        (Some(name), _) => Some(name),
        (None, 0) => Some(String::new()),
        (None, LCID_EN_US) => Some("en-US".to_owned()),
        (None, _) => None,
    }
}
