//! What every page record of a change says: who, where, when (spec 05 §8.1–8.2).

use ese_format::error::{JetError, Problem};
use ese_format::log::record::{DBTIME_NIL, NodeOperation, PageOperation, PageOperationFlags};
use ese_format::page::{PageFlags, PageView};

use crate::btree::{Stamp, WritableTree};
use crate::error::Result;

/// How far a page may be ahead of its database before that is damage.
const DBTIMES_AHEAD_MAX: u64 = 1 << 20;

/// The dbtimes of a page before and after an operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dbtimes {
    pub(super) before: u64,
    pub(super) after: u64,
}

impl Dbtimes {
    /// Of a page that is part of a macro: the macro's record of the page tells its dbtime before.
    pub(super) fn inside_macro(after: u64) -> Self {
        Self { before: DBTIME_NIL, after }
    }
}

impl WritableTree {
    /// A dbtime for a change of these pages. It must be above what they carry (spec 02 §11.1). Pages of a cleanly closed
    /// database may be a little ahead of its header (Catalog1.edb is, spec 02 §8): the clock is set forward to them.
    pub(super) fn draw_dbtime(&self, pages: &[PageView<'_>]) -> Result<u64> {
        let dbtime = self.map().next_dbtime();
        let Some(ahead) =
            pages.iter().max_by_key(|page| page.dbtime()).filter(|page| page.dbtime() >= dbtime)
        else {
            return Ok(dbtime);
        };
        if ahead.dbtime() - dbtime > DBTIMES_AHEAD_MAX {
            let problem = Problem::OutOfRange { found: ahead.dbtime(), min: 0, max: dbtime - 1 };
            return Err(self.tree().broken(ahead.number(), "dbtime", problem, JetError::DB_TIME_CORRUPTED));
        }
        self.map().saw_dbtime(ahead.dbtime());
        Ok(self.map().next_dbtime())
    }

    /// The beginning of a record about `page`.
    pub(super) fn page_operation(
        &self,
        stamp: Stamp,
        page: u32,
        dbtimes: Dbtimes,
        line: usize,
    ) -> PageOperation {
        let class = self.tree().class;
        let mut flags = PageOperationFlags::empty();
        flags.set(PageOperationFlags::UNIQUE, !class.contains(PageFlags::NON_UNIQUE_KEYS));
        flags.set(PageOperationFlags::SPACE_TREE, class.contains(PageFlags::SPACE_TREE));
        PageOperation {
            procid: stamp.procid,
            dbid: self.map().dbid(),
            page_number: page,
            dbtime: dbtimes.after,
            dbtime_before: dbtimes.before,
            trx_begin0: stamp.trx_begin0,
            level: stamp.level,
            // A page has fewer lines than a u16 can say.
            line: line as u16,
            flags,
        }
    }

    /// The beginning of a record about a node; `rceid` 0 means that it makes no version.
    pub(super) fn node_operation(
        &self,
        stamp: Stamp,
        page: u32,
        dbtimes: Dbtimes,
        line: usize,
        rceid: u32,
    ) -> NodeOperation {
        let mut page = self.page_operation(stamp, page, dbtimes, line);
        page.flags.set(PageOperationFlags::VERSIONED, rceid != 0);
        NodeOperation { page, rceid, fdp: self.tree().fdp(), objid: self.tree().objid() }
    }
}

impl WritableTree {
    /// Checks that a leaf is the right sibling of another.
    pub(super) fn check_right_sibling(&self, left: &PageView<'_>, right: &PageView<'_>) -> Result<()> {
        let tree = self.tree();
        let jet = JetError::BAD_PAGE_LINK;
        tree.check_member(right, jet)?;
        if right.previous() != left.number() || left.next() != right.number() {
            let problem =
                Problem::Mismatch { found: right.previous().into(), expected: left.number().into() };
            return Err(tree.broken(right.number(), "pgnoPrev", problem, jet));
        }
        if !right.flags().contains(PageFlags::LEAF) {
            let problem = Problem::Invalid("the sibling of a leaf is no leaf");
            return Err(tree.broken(right.number(), "flags", problem, jet));
        }
        Ok(())
    }
}
