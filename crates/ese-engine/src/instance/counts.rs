//! What becomes of numbers that were counted to zero: long values that nobody refers to, records that delete themselves.

use std::sync::{Arc, Weak};

use crate::btree::{TreeKind, WritableTree};
use crate::error::Result;
use crate::instance::Instance;
use crate::table::{LongValueCounts, SchemaSource, delete_at_zero};
use crate::transaction::{CountHook, Session};

/// The numbers in an instance's databases.
#[derive(Debug)]
pub(super) struct InstanceCounts {
    pub(super) instance: Weak<Instance>,
}

impl CountHook for InstanceCounts {
    fn counted(&self, session: &mut Session, tree: &WritableTree, key: &[u8], offset: u16) -> Result<()> {
        match tree.tree().kind() {
            TreeKind::LongValue => LongValueCounts.counted(session, tree, key, offset),
            TreeKind::Primary => self.record_counted(session, tree, key, offset),
            _ => Ok(()),
        }
    }
}

impl InstanceCounts {
    fn record_counted(
        &self,
        session: &mut Session,
        tree: &WritableTree,
        key: &[u8],
        offset: u16,
    ) -> Result<()> {
        let Some(instance) = self.instance.upgrade() else { return Ok(()) };
        let file = tree.map().file().id();
        let database = instance.databases().into_iter().find(|database| database.file().id() == file);
        // The temporary database has no catalog, and its tables no such columns.
        let Some(database) = database else { return Ok(()) };
        let source: Arc<dyn SchemaSource> = Arc::clone(database.catalog()?) as Arc<dyn SchemaSource>;
        delete_at_zero(session, tree, source, key, offset)
    }
}
