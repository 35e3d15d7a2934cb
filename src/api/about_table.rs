//! The table that an information call is about: named in an open database, or the one a cursor is over.
//!
//! Invariant: when a call comes to its answer no cursor is held, so that the answer may open one itself.

use std::sync::Arc;

use ese_engine::btree::{TreeKind, WritableTree};
use ese_engine::catalog::TableSchema;
use ese_engine::file_map::FileMap;
use ese_engine::space::TreeSpace;
use ese_format::error::JetError;

use crate::abi::guard::CallResult;
use crate::abi::tables::typedefs::{JET_DBID, JET_ERR, JET_SESID, JET_TABLEID};
use crate::abi::text::ObjectName;
use crate::runtime::call::{SessionCall, with_database, with_given_cursor};
use crate::runtime::instance::AfterStop;

/// A table as the session sees it now.
pub(super) struct AboutTable {
    /// Its definition.
    pub(super) schema: Arc<TableSchema>,
    /// The file it is in.
    pub(super) map: Arc<FileMap>,
}

/// Pages of a tree, those of the trees below it included.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pages {
    /// That it owns.
    pub(super) owned: u32,
    /// Those of them that are free.
    pub(super) available: u32,
}

impl AboutTable {
    /// The space of one of the table's trees.
    ///
    /// # Errors
    /// Those of reading it.
    pub(super) fn space(&self, objid: u32, root: u32, kind: TreeKind) -> Result<TreeSpace, JetError> {
        Ok(WritableTree::open(&self.map, root, objid, kind)?.space()?)
    }

    /// As [`Self::space`], counted.
    ///
    /// # Errors
    /// Those of reading it.
    pub(super) fn pages(&self, objid: u32, root: u32, kind: TreeKind) -> Result<Pages, JetError> {
        let space = self.space(objid, root, kind)?;
        let count = |pages: u64| u32::try_from(pages).unwrap_or(u32::MAX);
        Ok(Pages { owned: count(space.owned_pages()), available: count(space.available_pages()) })
    }
}

/// A call about a table of a database by its name. The name is read when the call comes to it.
pub(super) fn of_named_table(
    sesid: JET_SESID,
    dbid: JET_DBID,
    name: impl FnOnce() -> Result<Vec<u8>, JetError>,
    answer: impl FnOnce(&mut SessionCall<'_>, &AboutTable) -> CallResult,
) -> JET_ERR {
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        let name = ObjectName::from_1252(&name()?)?;
        let schema = database.catalog()?.schema_named(&call.body()?.engine, name.as_bytes())?;
        answer(call, &AboutTable { schema, map: Arc::clone(database.map()) })
    })
}

/// A call about the columns or indexes of a cursor's table; those of temporary tables are not told (spec 09 §12.4).
pub(super) fn of_cursors_table(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    answer: impl FnOnce(&mut SessionCall<'_>, &AboutTable) -> CallResult,
) -> JET_ERR {
    with_given_cursor(sesid, tableid, AfterStop::Refused, |call, context| {
        let about = {
            let mut cursor = context.body()?;
            let (cursor, _) = cursor.over_database(JetError::ILLEGAL_OPERATION)?;
            cursor.refresh_schema(&call.body()?.engine)?;
            let table = cursor.table();
            AboutTable { schema: Arc::clone(table.schema()), map: Arc::clone(table.map()) }
        };
        answer(call, &about)
    })
}
