//! Columns of an existing table: add, delete, rename, another default (spec 09 §10.4, 03 §11.2–§11.5).

use std::sync::Arc;

use ese_format::catalog::{
    CatalogRow, IndexDefinition, IndexSegment, ObjectName, RowKind, RowType, SegmentFlags, TableFlags,
};
use ese_format::column_type::{ColumnClass, ColumnId, ColumnType};
use ese_format::error::JetError;
use ese_format::record::{ColumnDefinition, ColumnFlags, NewValue, RecordBuilder, RecordFormat, RecordView};

use crate::btree::Versioning;
use crate::catalog::live::LiveCatalog;
use crate::catalog::new_column::{ColumnContext, default_fits, object_name};
use crate::catalog::statement::{self, Alteration, PendingAlteration, check_may_alter, check_unversioned};
use crate::catalog::{
    ColumnGrbit, ColumnMaximum, CursorAccess, FixedSchema, NewColumn, TableHold, TableSchema,
};
use crate::error::{Error, Result};
use crate::table::{OpenTable, SchemaSource};
use crate::transaction::Session;

/// A column that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddedColumn {
    /// Its id.
    pub id: ColumnId,
    /// Whether its maximum was cut: `JET_wrnColumnMaxTruncated`.
    pub maximum: ColumnMaximum,
}

/// Which columns a name may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnScope {
    /// Those of the template too.
    All,
    /// The table's own: `JET_bitDeleteColumnIgnoreTemplateColumns`.
    Own,
}

/// What a renamed column becomes besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenamedColumn {
    /// Nothing else.
    Same,
    /// A placeholder in the primary index: `JET_bitColumnRenameConvertToPrimaryIndexPlaceholder`.
    PrimaryIndexPlaceholder,
}

fn no_column(schema: &TableSchema, name: &[u8]) -> Error {
    let about = format!("table {}, column {}", schema.name(), String::from_utf8_lossy(name));
    Error::refused(JetError::COLUMN_NOT_FOUND, about)
}

pub(super) fn fixed_ddl(schema: &TableSchema) -> Error {
    Error::refused(JetError::FIXED_DDL, format!("table {}", schema.name()))
}

/// Whether this session may change the schema of a table through this cursor.
pub(super) fn check_updatable(session: &Session, hold: &TableHold) -> Result<()> {
    if hold.access() == CursorAccess::ReadOnly {
        return Err(Error::refused(JetError::PERMISSION_DENIED, "the cursor is read-only"));
    }
    check_may_alter(session)
}

impl LiveCatalog {
    /// Adds a column to a table that may be in use.
    ///
    /// # Errors
    /// Those of spec 09 §10.3 and §10.4; nothing was changed then, but the column's number may be lost.
    pub fn add_column(
        self: &Arc<Self>,
        session: &mut Session,
        table: &OpenTable,
        hold: &TableHold,
        new: &NewColumn<'_>,
    ) -> Result<AddedColumn> {
        check_updatable(session, hold)?;
        let use_ = Arc::clone(hold.table());
        let exclusive = use_.is_exclusive(session.procid());
        let _turn = use_.serialize();
        let schema = self.schema(session, use_.objid())?;
        let flags = schema.definition().table.flags;
        if flags.contains(TableFlags::FIXED_DDL) && hold.fixed_schema() == FixedSchema::Kept {
            return Err(fixed_ddl(&schema));
        }
        let planned = new.plan(&ColumnContext {
            template: schema.template().map(|template| template.layout()),
            is_template: flags.contains(TableFlags::TEMPLATE),
            exclusive,
            version: self.version,
        })?;
        if flags.contains(TableFlags::TEMPLATE) && planned.class != ColumnClass::Tagged {
            return Err(fixed_ddl(&schema));
        }
        check_unversioned(session, new.grbit().contains(ColumnGrbit::UNVERSIONED) && !exclusive)?;
        let column_flags = planned.row.flags;
        if column_flags.contains(ColumnFlags::ESCROW_UPDATE)
            && table.primary().tree().cursor().move_first()?
        {
            return Err(Error::refused(
                JetError::TABLE_NOT_EMPTY,
                "an escrow column of a table with records",
            ));
        }
        let maximum = planned.maximum;
        let stored = self.maintained_schema(session, use_.objid())?;
        let id = statement::run(session, |session| {
            PendingAlteration::note(self, session, &use_, Alteration::Changed)?;
            let template = schema.template().map(Arc::as_ref);
            let (_, fid) = self.add_column_row(session, &use_, stored.layout(), template, planned)?;
            let altered = self.schema(session, use_.objid())?;
            self.check_record_size(altered.layout(), altered.definition().primary_index())?;
            let is_template = flags.contains(TableFlags::TEMPLATE);
            let id = if is_template { ColumnId::template(fid) } else { ColumnId::own(fid) };
            if column_flags.contains(ColumnFlags::AUTO_INCREMENT) {
                self.number_records(session, table, &altered, id)?;
            }
            Ok(id)
        })?;
        Ok(AddedColumn { id, maximum })
    }

    /// Numbers the records of a table from 1 on in a new autoincrement column (spec 03 §11.2).
    fn number_records(
        &self,
        session: &mut Session,
        table: &OpenTable,
        schema: &TableSchema,
        id: ColumnId,
    ) -> Result<()> {
        let Some(column) = schema.layout().column(id) else { return Err(no_column(schema, b"")) };
        let format = RecordFormat::of(self.page_size());
        let bytes = usize::from(column.column_type.fixed_size().unwrap_or(4));
        let mut number = 0_u64;
        let mut cursor = table.primary().tree().cursor_seeing(session.visibility());
        while cursor.move_next()? {
            let (Some(node), Some((page, _))) = (cursor.node()?, cursor.position()) else { break };
            number += 1;
            let failed = |error: ese_format::error::FormatError| {
                self.map.file().format_error(error.on_page(page.number()))
            };
            let view = RecordView::parse(node.data, page.record_format()).map_err(failed)?;
            let mut record = RecordBuilder::from_view(&view, format).map_err(failed)?;
            let value = number.to_le_bytes();
            let value = NewValue::Inline(value.get(..bytes).unwrap_or(&value));
            record.set(schema.layout(), column, 1, value).map_err(failed)?;
            let (key, data) = (node.key().to_vec(), record.to_bytes().map_err(failed)?);
            cursor.release()?;
            table.primary().replace(session, &key, &data, Versioning::Versioned)?;
            cursor.resume()?;
        }
        if self.map.features().auto_increment_in_root {
            self.set_auto_increment(session, table.primary(), number)?;
        }
        Ok(())
    }

    /// Deletes a column. Its values stay in the records and are never shown again.
    ///
    /// # Errors
    /// `JET_errPermissionDenied`, `JET_errFixedDDL`, `JET_errFixedInheritedDDL`, `JET_errColumnNotFound`,
    /// `JET_errColumnInUse` for a column of an index, `JET_errWriteConflict`.
    pub fn delete_column(
        self: &Arc<Self>,
        session: &mut Session,
        hold: &TableHold,
        name: &[u8],
        scope: ColumnScope,
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
        let inherited = |column: &ColumnDefinition| schema.template().is_some() && column.id.is_template();
        let mut named = schema.columns().filter(|column| column.name.eq_ignore_ascii_case(name.as_bytes()));
        let column = match scope {
            ColumnScope::All => named.next(),
            ColumnScope::Own => named.find(|column| !inherited(column)),
        };
        let column = column.ok_or_else(|| no_column(&schema, name.as_bytes()))?;
        if inherited(column) {
            let about = format!("column {name} is the template's");
            return Err(Error::refused(JetError::FIXED_INHERITED_DDL, about));
        }
        let maintained = self.maintained_schema(session, use_.objid())?;
        let uses = |index: &IndexDefinition| {
            let mut segments = index.row.segments.iter().chain(&index.row.conditions);
            let derived = schema.template().is_some();
            let of_template =
                |segment: &IndexSegment| derived && segment.flags.contains(SegmentFlags::TEMPLATE_COLUMN);
            segments.any(|segment| segment.fid == column.id.fid() && !of_template(segment))
        };
        if maintained.indexes().iter().any(uses) {
            return Err(Error::refused(
                JetError::COLUMN_IN_USE,
                format!("column {name} is part of an index"),
            ));
        }
        let old = self.column_row(session, &schema, column.id)?;
        statement::run(session, |session| {
            PendingAlteration::note(self, session, &use_, Alteration::Changed)?;
            let mut new = old.clone();
            new.name = object_name(format!("JetStub_{}_{}", old.objid_table, old.id).as_bytes())?;
            if let RowKind::Column(row) = &mut new.kind {
                row.column_type = ColumnType::Nil;
                if row.flags.contains(ColumnFlags::USER_DEFINED_DEFAULT) {
                    row.flags -= ColumnFlags::USER_DEFINED_DEFAULT | ColumnFlags::DEFAULT;
                }
            }
            self.trees.replace(session, &old, &new)
        })
    }

    /// Renames a column.
    ///
    /// # Errors
    /// `JET_errInTransaction` above level 0, `JET_errInvalidName`, `JET_errColumnNotFound`, `JET_errKeyDuplicate` for a
    /// name that is taken.
    pub fn rename_column(
        self: &Arc<Self>,
        session: &mut Session,
        hold: &TableHold,
        name: &[u8],
        new_name: &[u8],
        becomes: RenamedColumn,
    ) -> Result<()> {
        check_unversioned(session, true)?;
        check_updatable(session, hold)?;
        let (name, new_name) = (object_name(name)?, object_name(new_name)?);
        let use_ = Arc::clone(hold.table());
        let _turn = use_.serialize();
        let schema = self.schema(session, use_.objid())?;
        if schema.definition().table.flags.contains(TableFlags::FIXED_DDL)
            && hold.fixed_schema() == FixedSchema::Kept
        {
            return Err(fixed_ddl(&schema));
        }
        let column = self.own_column(&schema, &name)?;
        let old = self.column_row(session, &schema, column)?;
        statement::run(session, |session| {
            PendingAlteration::note(self, session, &use_, Alteration::Changed)?;
            let mut new = CatalogRow { name: new_name, ..old.clone() };
            if let (RowKind::Column(row), RenamedColumn::PrimaryIndexPlaceholder) = (&mut new.kind, becomes) {
                row.flags |= ColumnFlags::PRIMARY_INDEX_PLACEHOLDER;
            }
            self.trees.replace(session, &old, &new)
        })
    }

    /// Gives a column another default (`JetSetColumnDefaultValue`).
    ///
    /// # Errors
    /// `JET_errNullInvalid` for no bytes, `JET_errObjectNotFound`, `JET_errTableInUse` and `JET_errTableLocked` while another
    /// session has the table open, `JET_errColumnNotFound`, `JET_errColumnInUse` for a column of an index,
    /// `JET_errInvalidBufferSize`, `JET_errDefaultValueTooBig`.
    pub fn set_column_default(
        self: &Arc<Self>,
        session: &mut Session,
        table: &[u8],
        column: &[u8],
        value: &[u8],
    ) -> Result<()> {
        check_may_alter(session)?;
        if value.is_empty() {
            return Err(Error::refused(JetError::NULL_INVALID, "a default of no bytes"));
        }
        let (table, column) = (object_name(table)?, object_name(column)?);
        let schema = self.schema_named(session, table.as_bytes())?;
        let use_ = self.table_use(schema.definition().objid);
        use_.check_unused_by_others(session.procid())?;
        let _turn = use_.serialize();
        let id = self.own_column(&schema, &column)?;
        let maintained = self.maintained_schema(session, use_.objid())?;
        let mut segments = maintained.indexes().iter().flat_map(|index| &index.row.segments);
        if segments.any(|segment| segment.fid == id.fid()) {
            return Err(Error::refused(
                JetError::COLUMN_IN_USE,
                format!("column {column} is part of an index"),
            ));
        }
        let old = self.column_row(session, &schema, id)?;
        let mut new = old.clone();
        if let RowKind::Column(row) = &mut new.kind {
            if row.column_type.fixed_size().is_some_and(|size| usize::from(size) != value.len()) {
                return Err(Error::refused(
                    JetError::INVALID_BUFFER_SIZE,
                    format!("the default of {column}"),
                ));
            }
            if !default_fits(value, row.column_type, row.bytes_max) {
                return Err(Error::refused(
                    JetError::DEFAULT_VALUE_TOO_BIG,
                    format!("the default of {column}"),
                ));
            }
            row.default = Some(match row.column_type {
                ColumnType::Bit => vec![if value.first() == Some(&0) { 0 } else { 0xFF }],
                _ => value.to_vec(),
            });
            row.flags |= ColumnFlags::DEFAULT;
        }
        statement::run(session, |session| {
            PendingAlteration::note(self, session, &use_, Alteration::Changed)?;
            self.trees.replace(session, &old, &new)
        })
    }

    fn own_column(&self, schema: &TableSchema, name: &ObjectName) -> Result<ColumnId> {
        let is_template = schema.definition().table.flags.contains(TableFlags::TEMPLATE);
        let column = schema.layout().column_named(name.as_bytes());
        let own = column.filter(|column| is_template || !column.id.is_template());
        own.map(|column| column.id).ok_or_else(|| no_column(schema, name.as_bytes()))
    }

    /// The row of a column as the session sees it.
    fn column_row(&self, session: &Session, schema: &TableSchema, id: ColumnId) -> Result<CatalogRow> {
        let objid = schema.definition().objid;
        let row = self.reader(session).row_with_id(objid, RowType::Column, u32::from(id.fid()))?;
        row.ok_or_else(|| no_column(schema, b""))
    }
}
