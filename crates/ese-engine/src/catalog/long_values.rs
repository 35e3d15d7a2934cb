//! The tree of a table's long values, made when the first one leaves its record (spec 03 §11.2).

use std::sync::Arc;

use ese_format::catalog::{CatalogRow, LongValueRow, ObjectName, RowKind};
use ese_format::error::JetError;

use crate::btree::{TreeKind, WritableTree};
use crate::catalog::TableSchema;
use crate::catalog::deleted_tree::DeletedTree;
use crate::catalog::live::LiveCatalog;
use crate::catalog::statement::{self, Alteration, PendingAlteration};
use crate::error::{Error, Result};
use crate::space::{NewTree, SpaceKind, Uniqueness, create_tree};
use crate::space_policy::SpacePolicy;
use crate::transaction::Transactions;

/// Density of every tree of long values (spec 03 §10).
const DENSITY: u32 = 100;

impl LiveCatalog {
    /// Makes the tree of long values in a transaction of its own, so that it is there for everybody at once, and gives its
    /// objid and root.
    ///
    /// # Errors
    /// Those of space, of the log and of the catalog.
    pub(super) fn create_long_value_tree(
        &self,
        transactions: &Arc<Transactions>,
        table: &TableSchema,
    ) -> Result<(u32, u32)> {
        let catalog = self.shared();
        let definition = table.definition();
        let use_ = catalog.table_use(definition.objid);
        let mut session = transactions.begin_system_session()?;
        let root = definition.table.fdp_page;
        let parent = WritableTree::open(&self.map, root, definition.objid, TreeKind::Primary)?;
        let hints = table.long_value_hints();
        let page_bytes = u32::try_from(self.page_size().bytes()).unwrap_or(u32::MAX);
        let pages = hints.map_or(1, |hints| (hints.initial_bytes / page_bytes).max(1));
        statement::run(&mut session, |session| {
            let shape = NewTree {
                kind: TreeKind::LongValue,
                unique: Uniqueness::Unique,
                pages,
                space: SpaceKind::Single,
                policy: SpacePolicy::of_row(DENSITY, hints, self.page_size()),
            };
            let tree = create_tree(&parent, session, shape)?;
            let name = ObjectName::from_catalog(b"LV")
                .map_err(|error| Error::refused(JetError::INTERNAL_ERROR, error.to_string()))?;
            let (objid, root) = (tree.tree().objid(), tree.tree().root());
            let deleted = DeletedTree::of_part(&use_, (objid, root), TreeKind::LongValue);
            PendingAlteration::note(&catalog, session, &use_, Alteration::TreeCreated(deleted))?;
            let row = LongValueRow {
                fdp_page: root,
                density: DENSITY,
                flags: 0,
                pages: 1,
                space_hints: None,
                fdp_last_set_time: self.fdp_time(),
            };
            let row =
                CatalogRow { objid_table: definition.objid, id: objid, name, kind: RowKind::LongValue(row) };
            self.insert_row(session, &row)?;
            Ok((objid, root))
        })
    }
}
