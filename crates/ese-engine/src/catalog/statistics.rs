//! `JetComputeStats`: counts of entries, keys and pages, kept in the catalog until the next time (spec 03 §6.4).

use std::sync::Arc;

use ese_format::catalog::{CatalogRow, RowKind};
use ese_format::page::PageFlags;

use crate::btree::{Tree, Visibility};
use crate::catalog::TableHold;
use crate::catalog::live::LiveCatalog;
use crate::catalog::statement::{self, Alteration, PendingAlteration};
use crate::error::Result;
use crate::table::OpenTable;
use crate::transaction::Session;

/// Counts of one tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    entries: u32,
    keys: u32,
    pages: u32,
}

impl LiveCatalog {
    /// Counts the entries, keys and pages of every index of a table into the catalog.
    ///
    /// # Errors
    /// Those of reading the trees, `JET_errWriteConflict`.
    pub fn compute_statistics(
        self: &Arc<Self>,
        session: &mut Session,
        table: &OpenTable,
        hold: &TableHold,
    ) -> Result<()> {
        let use_ = Arc::clone(hold.table());
        let _turn = use_.serialize();
        statement::run(session, |session| {
            PendingAlteration::note(self, session, &use_, Alteration::Changed)?;
            let sight = session.visibility();
            let milliseconds = self.milliseconds();
            for row in self.reader(session).rows_of(use_.objid())? {
                let mut row: CatalogRow = row;
                match &mut row.kind {
                    RowKind::Table(table_row) => {
                        let counts = count(table.primary().tree(), &sight)?;
                        table_row.stats = Some(counts.encode(milliseconds));
                    }
                    RowKind::Index(index) if row.id != row.objid_table => {
                        let root = index.fdp_page;
                        let tree = Tree::open(self.map.file(), root, row.id, crate::btree::TreeKind::Index)?;
                        index.stats = Some(count(&tree, &sight)?.encode(milliseconds));
                    }
                    _ => continue,
                }
                self.trees.replace_unshadowed(session, &row)?;
            }
            Ok(())
        })
    }
}

fn count(tree: &Tree, sight: &Arc<dyn Visibility>) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut cursor = tree.cursor_seeing(Arc::clone(sight));
    let mut last = Vec::new();
    while cursor.move_next()? {
        let Some(node) = cursor.node()? else { break };
        let key = node.key().to_vec();
        if counts.entries == 0 || key != last {
            counts.keys = counts.keys.saturating_add(1);
        }
        last = key;
        counts.entries = counts.entries.saturating_add(1);
    }
    drop(cursor);
    tree.visit_pages(&mut |_, page| {
        if page.view().flags().contains(PageFlags::LEAF) {
            counts.pages = counts.pages.saturating_add(1);
        }
        Ok(())
    })?;
    Ok(counts)
}

impl Counts {
    /// Three counts and an OLE date: days since 1899-12-30.
    fn encode(self, milliseconds: u64) -> Vec<u8> {
        const DAYS_1899_TO_1970: f64 = 25_569.0;
        const MILLISECONDS_A_DAY: f64 = 86_400_000.0;
        let date = DAYS_1899_TO_1970 + milliseconds as f64 / MILLISECONDS_A_DAY;
        let counts = [self.entries, self.keys, self.pages].into_iter().flat_map(u32::to_le_bytes);
        counts.chain(date.to_le_bytes()).collect()
    }
}
