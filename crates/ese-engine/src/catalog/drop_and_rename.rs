//! Deleting tables and indexes, renaming tables (spec 09 §10.5, §10.6, 03 §11.4, §11.5).

use std::sync::Arc;

use ese_format::catalog::schema::is_system_table;
use ese_format::catalog::{CatalogRow, IndexFlags, RowKind, RowType, TableFlags};
use ese_format::error::JetError;

use crate::btree::TreeKind;
use crate::catalog::TableHold;
use crate::catalog::columns::{check_updatable, fixed_ddl};
use crate::catalog::deleted_tree::DeletedTree;
use crate::catalog::live::LiveCatalog;
use crate::catalog::new_column::object_name;
use crate::catalog::statement::{self, Alteration, PendingAlteration, check_may_alter};
use crate::catalog::table_use::DroppedIndex;
use crate::error::{Error, Result};
use crate::table::SchemaSource;
use crate::transaction::Session;

/// System tables that are never deleted.
const KEPT: [&str; 4] = ["MSysObjects", "MSysObjectsShadow", "MSysObjids", "MSysLocales"];

impl LiveCatalog {
    /// Deletes a table. Its space is free when no open transaction can see it any more.
    ///
    /// # Errors
    /// `JET_errInvalidName`, `JET_errObjectNotFound`, `JET_errCannotDeleteSystemTable`,
    /// `JET_errCannotDeleteTemplateTable`, `JET_errTableInUse` and `JET_errTableLocked` for an open one,
    /// `JET_errWriteConflict`.
    pub fn delete_table(self: &Arc<Self>, session: &mut Session, name: &[u8]) -> Result<()> {
        check_may_alter(session)?;
        let name = object_name(name)?;
        if KEPT.iter().any(|kept| name.is(kept.as_bytes())) {
            return Err(Error::refused(JetError::CANNOT_DELETE_SYSTEM_TABLE, name.to_string()));
        }
        let reader = self.reader(session);
        let row = reader.table_row_named(name.as_bytes())?;
        let row = row.ok_or_else(|| reader.not_found(name.as_bytes()))?;
        let RowKind::Table(table) = &row.kind else { return Err(reader.not_found(name.as_bytes())) };
        if table.flags.contains(TableFlags::TEMPLATE) {
            return Err(Error::refused(JetError::CANNOT_DELETE_TEMPLATE_TABLE, name.to_string()));
        }
        let use_ = self.table_use(row.objid_table);
        let _turn = use_.serialize();
        use_.begin_deletion(session.procid())?;
        let tree = DeletedTree::of_table(row.objid_table, table.fdp_page);
        let mut noted = false;
        let deleted = statement::run(session, |session| {
            PendingAlteration::note(self, session, &use_, Alteration::Deleted(tree))?;
            noted = true;
            let mut rows = self.reader(session).rows_of(row.objid_table)?;
            // Rows that another transaction has added are in the way: deleting them is a write conflict.
            for stored in self.stored().rows_of(row.objid_table)? {
                let is_known =
                    |known: &CatalogRow| (known.row_type(), known.id) == (stored.row_type(), stored.id);
                if !rows.iter().any(is_known) {
                    rows.push(stored);
                }
            }
            rows.iter().try_for_each(|row| self.delete_row(session, row))
        });
        if deleted.is_err() && !noted {
            use_.undo_deletion();
        }
        deleted?;
        Ok(())
    }

    /// Renames a table. Open cursors go on under the new name.
    ///
    /// # Errors
    /// `JET_errInvalidName`, `JET_errObjectNotFound`, `JET_errKeyDuplicate` for a name that is taken, `JET_errFixedDDL` for
    /// template, fixed and system tables, `JET_errTableLocked` for one that another session has deleted.
    pub fn rename_table(self: &Arc<Self>, session: &mut Session, name: &[u8], new_name: &[u8]) -> Result<()> {
        check_may_alter(session)?;
        let (name, new_name) = (object_name(name)?, object_name(new_name)?);
        let reader = self.reader(session);
        let old = reader.table_row_named(name.as_bytes())?;
        let old = old.ok_or_else(|| reader.not_found(name.as_bytes()))?;
        let RowKind::Table(table) = &old.kind else { return Err(reader.not_found(name.as_bytes())) };
        let fixed = TableFlags::FIXED_DDL | TableFlags::TEMPLATE | TableFlags::SYSTEM;
        if table.flags.intersects(fixed) || is_system_table(&old.name) {
            return Err(Error::refused(JetError::FIXED_DDL, format!("table {name}")));
        }
        let use_ = self.table_use(old.objid_table);
        let _turn = use_.serialize();
        statement::run(session, |session| {
            PendingAlteration::note(self, session, &use_, Alteration::Changed)?;
            let new = CatalogRow { name: new_name, ..old.clone() };
            self.trees.replace(session, &old, &new)
        })
    }

    /// Deletes a secondary index.
    ///
    /// # Errors
    /// `JET_errPermissionDenied`, `JET_errFixedDDL`, `JET_errFixedInheritedDDL`, `JET_errIndexNotFound`,
    /// `JET_errIndexMustStay` for the primary one, `JET_errIndexInUse` when a cursor has it current,
    /// `JET_errWriteConflict`.
    pub fn delete_index(
        self: &Arc<Self>,
        session: &mut Session,
        hold: &TableHold,
        name: &[u8],
    ) -> Result<()> {
        check_updatable(session, hold)?;
        let name = object_name(name)?;
        let use_ = Arc::clone(hold.table());
        let _turn = use_.serialize();
        let schema = self.schema(session, use_.objid())?;
        let definition = schema.definition();
        if definition.table.flags.contains(TableFlags::FIXED_DDL) {
            return Err(fixed_ddl(&schema));
        }
        let index = definition.indexes.iter().find(|index| index.name.is(name.as_bytes()));
        let index = index.ok_or_else(|| {
            Error::refused(JetError::INDEX_NOT_FOUND, format!("table {}, index {name}", schema.name()))
        })?;
        if index.row.flags.contains(IndexFlags::DERIVED) {
            return Err(Error::refused(
                JetError::FIXED_INHERITED_DDL,
                format!("index {name} is the template's"),
            ));
        }
        if index.is_primary() {
            return Err(Error::refused(JetError::INDEX_MUST_STAY, format!("index {name}")));
        }
        use_.check_index_unused(index.objid)?;
        let row = self.reader(session).row_with_id(use_.objid(), RowType::Index, index.objid)?;
        let row = row.ok_or_else(|| Error::refused(JetError::INDEX_NOT_FOUND, name.to_string()))?;
        let tree = DeletedTree::of_part(&use_, (index.objid, index.row.fdp_page), TreeKind::Index);
        statement::run(session, |session| {
            let alteration = Alteration::IndexDeleted(Box::new(DroppedIndex::of(&schema, index)), tree);
            PendingAlteration::note(self, session, &use_, alteration)?;
            self.delete_row(session, &row)
        })?;
        Ok(())
    }
}
