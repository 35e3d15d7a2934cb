//! Who uses a table: the access matrix of spec 09 §6.2, and what sessions that change its schema at the same time share.
//!
//! Invariants: a session that denies others reading is the only one to hold the table; the numbers of columns only grow,
//! whatever becomes of the transactions that drew them; a schema is shared by those alone who see every alteration of the
//! table that some open transaction may not see.

use std::sync::Arc;

use ese_format::catalog::{IndexDefinition, SegmentFlags};
use ese_format::column_type::ColumnClass;
use ese_format::error::JetError;
use ese_format::record::ColumnDefinition;
use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::catalog::column_numbers::ColumnNumbers;
use crate::catalog::{TableOpenGrbit, TableSchema};
use crate::error::{Error, Result};
use crate::lock_order::LeafMutex;
use crate::transaction::{Session, TransactionMark};

/// What a cursor keeps other sessions from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deny {
    /// Nothing.
    Nothing,
    /// Writing: `JET_bitTableDenyWrite`.
    Writing,
    /// Opening it at all: `JET_bitTableDenyRead`.
    Reading,
}

/// Whether a cursor may change records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorAccess {
    /// `JET_bitTableReadOnly`, or a read-only database.
    ReadOnly,
    /// Anything else.
    ReadWrite,
}

/// Whether a cursor may change the schema of a table whose schema is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixedSchema {
    /// It may not.
    Kept,
    /// `JET_bitTablePermitDDL`, or the cursor that created the table.
    Changeable,
}

#[derive(Clone, Copy, Debug)]
struct Holder {
    id: u64,
    session: u16,
    deny: Deny,
    access: CursorAccess,
    schema: FixedSchema,
}

/// A deleted table: by whom, and whether that is final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Deletion {
    #[default]
    No,
    Uncommitted(u16),
    Committed,
}

#[derive(Debug, Default)]
struct Inner {
    holders: Vec<Holder>,
    next_holder: u64,
    deletion: Deletion,
    /// Cursors that have a secondary index current, by the index's objid.
    current_indexes: Vec<(u64, u32)>,
    /// DDL statements on this table that some open transaction may not see, by number.
    alterations: Vec<(u64, TransactionMark)>,
    next_alteration: u64,
    /// The transaction that created the table, as long as it is open.
    creator: Option<TransactionMark>,
    /// Grows with every change of the schema, made or undone.
    version: u64,
    /// The schema in the eyes of who sees all alterations.
    newest: Option<Arc<TableSchema>>,
    maintained: Option<(u64, Arc<TableSchema>)>,
    /// Indexes whose rows a transaction has deleted that is not committed yet, by the number of the alteration.
    dropping: Vec<(u64, DroppedIndex)>,
    /// Indexes that are gone for all but those who roll back: by the number of the alteration, their object ids.
    dropped: Vec<(u64, u32)>,
    numbers: ColumnNumbers,
}

impl Inner {
    /// Whether a change that is not committed is the session's.
    fn is_own_change(&self, number: u64, session: &Session) -> bool {
        self.alterations.iter().any(|(known, mark)| *known == number && session.sees(mark))
    }
}

/// The use of one table.
#[derive(Debug)]
pub(crate) struct TableUse {
    objid: u32,
    /// Held by one DDL statement at a time.
    ddl: Mutex<()>,
    /// Shared by changes of records, exclusive while an index is built.
    records: RwLock<()>,
    inner: LeafMutex<Inner>,
}

fn refused(jet: JetError, objid: u32) -> Error {
    Error::refused(jet, format!("table with object id {objid}"))
}

impl TableUse {
    pub(super) fn new(objid: u32) -> Arc<Self> {
        Arc::new(Self { objid, ddl: Mutex::new(()), records: RwLock::new(()), inner: LeafMutex::default() })
    }

    /// Takes the turn of a DDL statement.
    pub(super) fn serialize(&self) -> MutexGuard<'_, ()> {
        crate::lock_order::assert_no_leaf_lock();
        self.ddl.lock()
    }

    /// Held while a record is changed, from the look at the schema to the last index entry.
    pub(super) fn change_records(&self) -> RwLockReadGuard<'_, ()> {
        crate::lock_order::assert_no_leaf_lock();
        self.records.read_recursive()
    }

    /// Keeps records from being changed.
    pub(super) fn stop_records(&self) -> RwLockWriteGuard<'_, ()> {
        crate::lock_order::assert_no_leaf_lock();
        self.records.write()
    }

    /// Opens a cursor.
    ///
    /// # Errors
    /// `JET_errTableLocked`, `JET_errTableInUse`, `JET_errObjectNotFound` for a table whose deletion is committed.
    pub(super) fn open(self: &Arc<Self>, session: u16, grbit: TableOpenGrbit) -> Result<TableHold> {
        let mut inner = self.inner.lock();
        let deny = if grbit.contains(TableOpenGrbit::DENY_READ) {
            Deny::Reading
        } else if grbit.contains(TableOpenGrbit::DENY_WRITE) {
            Deny::Writing
        } else {
            Deny::Nothing
        };
        let read_only = grbit.contains(TableOpenGrbit::READ_ONLY);
        match inner.deletion {
            Deletion::Uncommitted(_) => return Err(refused(JetError::TABLE_LOCKED, self.objid)),
            Deletion::Committed => return Err(refused(JetError::OBJECT_NOT_FOUND, self.objid)),
            Deletion::No => {}
        }
        for holder in &inner.holders {
            let own = holder.session == session;
            let jet = match (own, deny, holder.deny) {
                (true, Deny::Writing, Deny::Writing) => JetError::TABLE_IN_USE,
                (true, ..) => continue,
                (false, _, Deny::Reading) => JetError::TABLE_LOCKED,
                (false, Deny::Reading, _) | (false, Deny::Writing, Deny::Writing) => JetError::TABLE_IN_USE,
                (false, Deny::Writing, _) if holder.access == CursorAccess::ReadWrite => {
                    JetError::TABLE_IN_USE
                }
                (false, Deny::Nothing, Deny::Writing) if grbit.contains(TableOpenGrbit::UPDATABLE) => {
                    JetError::TABLE_LOCKED
                }
                (false, ..) => continue,
            };
            return Err(refused(jet, self.objid));
        }
        let access = if read_only { CursorAccess::ReadOnly } else { CursorAccess::ReadWrite };
        let id = inner.next_holder;
        inner.next_holder += 1;
        inner.holders.push(Holder { id, session, deny, access, schema: FixedSchema::Kept });
        Ok(TableHold { table: Arc::clone(self), id, access })
    }

    pub(super) fn objid(&self) -> u32 {
        self.objid
    }

    pub(super) fn is_open(&self) -> bool {
        !self.inner.lock().holders.is_empty()
    }

    /// Whether this session keeps all others out.
    pub(super) fn is_exclusive(&self, session: u16) -> bool {
        let inner = self.inner.lock();
        inner.holders.iter().any(|holder| holder.session == session && holder.deny == Deny::Reading)
    }

    /// Refuses when another session has the table open.
    pub(super) fn check_unused_by_others(&self, session: u16) -> Result<()> {
        let inner = self.inner.lock();
        let others = inner.holders.iter().filter(|holder| holder.session != session);
        let mut worst = None;
        for holder in others {
            worst = worst.max(Some(holder.deny));
        }
        match worst {
            None => Ok(()),
            Some(Deny::Reading) => Err(refused(JetError::TABLE_LOCKED, self.objid)),
            Some(_) => Err(refused(JetError::TABLE_IN_USE, self.objid)),
        }
    }

    /// Marks the table as deleted by a transaction, so that nobody opens it any more.
    ///
    /// # Errors
    /// `JET_errTableInUse` for a table that is open, `JET_errTableLocked` for one that another session holds exclusively
    /// or has deleted.
    pub(super) fn begin_deletion(&self, session: u16) -> Result<()> {
        let mut inner = self.inner.lock();
        match inner.deletion {
            Deletion::No => {}
            Deletion::Uncommitted(deleter) if deleter == session => {
                return Err(refused(JetError::OBJECT_NOT_FOUND, self.objid));
            }
            Deletion::Uncommitted(_) => return Err(refused(JetError::TABLE_LOCKED, self.objid)),
            Deletion::Committed => return Err(refused(JetError::OBJECT_NOT_FOUND, self.objid)),
        }
        let locked =
            inner.holders.iter().any(|holder| holder.session != session && holder.deny == Deny::Reading);
        if locked {
            return Err(refused(JetError::TABLE_LOCKED, self.objid));
        }
        if !inner.holders.is_empty() {
            return Err(refused(JetError::TABLE_IN_USE, self.objid));
        }
        inner.deletion = Deletion::Uncommitted(session);
        Ok(())
    }

    /// Whether its pages are given back, or will be.
    pub(super) fn is_deleted(&self) -> bool {
        self.inner.lock().deletion == Deletion::Committed
    }

    /// The deletion was undone.
    pub(super) fn undo_deletion(&self) {
        self.inner.lock().deletion = Deletion::No;
    }

    /// The deletion was committed, or the table's creation was undone.
    pub(super) fn complete_deletion(&self) {
        self.inner.lock().deletion = Deletion::Committed;
    }

    /// A DDL statement of this transaction has begun to change rows of the table, perhaps to drop an index. Gives the
    /// alteration's number.
    pub(super) fn begin_change(&self, mark: TransactionMark, dropped: Option<&DroppedIndex>) -> u64 {
        let mut inner = self.inner.lock();
        let number = inner.next_alteration;
        inner.next_alteration += 1;
        inner.alterations.push((number, mark));
        inner.dropping.extend(dropped.map(|dropped| (number, dropped.clone())));
        inner.dropped.extend(dropped.map(|dropped| (number, dropped.index.objid)));
        inner.changed();
        number
    }

    /// An alteration was rolled back, or is seen by everybody now.
    pub(super) fn end_change(&self, number: u64) {
        let mut inner = self.inner.lock();
        inner.alterations.retain(|(known, _)| *known != number);
        inner.dropping.retain(|(known, _)| *known != number);
        inner.dropped.retain(|(known, _)| *known != number);
        inner.changed();
    }

    /// The table is new: made by this transaction.
    pub(super) fn set_creator(&self, mark: TransactionMark) {
        self.inner.lock().creator = Some(mark);
    }

    /// Whether the session's present transaction has made the table.
    pub(super) fn is_created_by(&self, session: &Session) -> bool {
        let mut inner = self.inner.lock();
        if inner.creator.as_ref().is_some_and(TransactionMark::is_committed) {
            inner.creator = None;
        }
        inner.creator.as_ref().is_some_and(|mark| session.sees(mark))
    }

    /// Whether every session sees the same schema.
    pub(super) fn is_settled(&self) -> bool {
        self.inner.lock().alterations.is_empty()
    }

    /// What is known of the schema that a session sees.
    pub(super) fn sight_of(&self, session: &Session) -> Sight {
        let inner = self.inner.lock();
        let sees_all = inner.alterations.iter().all(|(_, mark)| session.sees(mark));
        let newest = if sees_all { Newest::Seen(inner.newest.clone()) } else { Newest::NotSeen };
        Sight { version: inner.version, newest }
    }

    /// The schema that the session sees, where it is known and nobody sees another one that matters for a change of a
    /// record: the session sees every alteration, and no index is being deleted.
    pub(super) fn newest_seen_by(&self, session: &Session) -> Option<Arc<TableSchema>> {
        let inner = self.inner.lock();
        let sees_all = inner.alterations.iter().all(|(_, mark)| session.sees(mark));
        inner.newest.as_ref().filter(|_| sees_all && inner.dropping.is_empty()).map(Arc::clone)
    }

    /// Keeps the schema in the eyes of who sees all alterations, unless there are others since it was looked at.
    pub(super) fn keep_newest(&self, version: u64, schema: &Arc<TableSchema>) {
        let mut inner = self.inner.lock();
        if inner.version == version {
            inner.newest = Some(Arc::clone(schema));
        }
    }

    pub(super) fn version(&self) -> u64 {
        self.inner.lock().version
    }

    /// The schema for the upkeep of indexes, if it is still that of the version.
    pub(super) fn maintained(&self, version: u64) -> Option<Arc<TableSchema>> {
        let inner = self.inner.lock();
        inner.maintained.as_ref().filter(|(of, _)| *of == version).map(|(_, schema)| Arc::clone(schema))
    }

    /// Keeps it.
    pub(super) fn keep_maintained(&self, version: u64, schema: &Arc<TableSchema>) {
        let mut inner = self.inner.lock();
        if inner.version == version {
            inner.maintained = Some((version, Arc::clone(schema)));
        }
    }

    /// Indexes that other transactions have deleted, but not for good yet: they are still kept up.
    pub(super) fn dropped_by_others(&self, session: &Session) -> Vec<DroppedIndex> {
        let inner = self.inner.lock();
        let of_others = inner.dropping.iter().filter(|(number, _)| !inner.is_own_change(*number, session));
        of_others.map(|(_, dropped)| dropped.clone()).collect()
    }

    /// Whether the session's transaction has deleted an index. It keeps that one up no more: when the deletion is taken
    /// back, so is every change of a record that came after it.
    pub(super) fn has_own_drop(&self, session: &Session) -> bool {
        let inner = self.inner.lock();
        inner.dropping.iter().any(|(number, _)| inner.is_own_change(*number, session))
    }

    /// Object ids of indexes that other sessions have deleted: nobody uses them any more, even who still sees their rows
    /// (spec 09 §5.6).
    pub(super) fn dropped(&self) -> Vec<u32> {
        self.inner.lock().dropped.iter().map(|(_, objid)| *objid).collect()
    }

    pub(super) fn end_drop(&self, objid: u32) {
        let mut inner = self.inner.lock();
        inner.dropping.retain(|(_, dropped)| dropped.index.objid != objid);
        inner.changed();
    }

    /// Refuses when a cursor has this index current.
    pub(super) fn check_index_unused(&self, objid: u32) -> Result<()> {
        if self.inner.lock().current_indexes.iter().any(|(_, current)| *current == objid) {
            return Err(Error::refused(JetError::INDEX_IN_USE, format!("index with object id {objid}")));
        }
        Ok(())
    }

    /// Draws the FID of a new column of a class, and its offset if it is a fixed one of `size` bytes. `known` is the last
    /// FID and the end of the fixed columns in the catalog, uncommitted columns included.
    ///
    /// # Errors
    /// `JET_errTooManyColumns`.
    pub(super) fn draw_column(
        &self,
        class: ColumnClass,
        size: u16,
        known: (u16, u16),
    ) -> Result<(u16, Option<u16>)> {
        self.inner.lock().numbers.draw(class, size, known)
    }
}

impl Inner {
    fn changed(&mut self) {
        self.version += 1;
        self.newest = None;
    }
}

/// What is known of the schema that a session sees.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    /// The version that was looked at.
    pub(super) version: u64,
    pub(super) newest: Newest,
}

/// Whether a session sees all alterations of a table.
#[derive(Clone, Debug)]
pub(super) enum Newest {
    /// It does; the schema, if it was put together already.
    Seen(Option<Arc<TableSchema>>),
    /// It does not: it has to look at the catalog itself.
    NotSeen,
}

/// An index that a transaction deletes, with its columns as they were: the same transaction may delete them next, and
/// the others go on to write the index until the end of it.
#[derive(Clone, Debug)]
pub(super) struct DroppedIndex {
    pub(super) index: IndexDefinition,
    pub(super) columns: Vec<ColumnDefinition>,
}

impl DroppedIndex {
    pub(super) fn of(schema: &TableSchema, index: &IndexDefinition) -> Self {
        let segments = index.row.segments.iter().chain(&index.row.conditions);
        let columns = segments.filter_map(|segment| {
            let of_template = segment.flags.contains(SegmentFlags::TEMPLATE_COLUMN);
            schema.layout().key_column(segment.fid, of_template).cloned()
        });
        Self { columns: columns.collect(), index: index.clone() }
    }
}

/// A cursor's hold on a table; let go of when it is dropped.
#[derive(Debug)]
pub struct TableHold {
    table: Arc<TableUse>,
    id: u64,
    access: CursorAccess,
}

impl TableHold {
    /// Whether the cursor may change records.
    #[must_use]
    pub fn access(&self) -> CursorAccess {
        self.access
    }

    /// Whether the cursor may change the schema of a table whose schema is fixed.
    #[must_use]
    pub fn fixed_schema(&self) -> FixedSchema {
        let inner = self.table.inner.lock();
        let own = inner.holders.iter().find(|holder| holder.id == self.id);
        own.map_or(FixedSchema::Kept, |holder| holder.schema)
    }

    pub(super) fn permit_ddl(&self) {
        let mut inner = self.table.inner.lock();
        for holder in inner.holders.iter_mut().filter(|holder| holder.id == self.id) {
            holder.schema = FixedSchema::Changeable;
        }
    }

    pub(super) fn table(&self) -> &Arc<TableUse> {
        &self.table
    }

    /// The hold of another cursor of the same session on the same table: it denies others nothing (`JetDupCursor`).
    #[must_use]
    pub fn duplicate(&self) -> Self {
        let mut inner = self.table.inner.lock();
        let session =
            inner.holders.iter().find(|holder| holder.id == self.id).map_or(0, |holder| holder.session);
        let id = inner.next_holder;
        inner.next_holder += 1;
        inner.holders.push(Holder {
            id,
            session,
            deny: Deny::Nothing,
            access: self.access,
            schema: FixedSchema::Kept,
        });
        Self { table: Arc::clone(&self.table), id, access: self.access }
    }

    /// Notes which secondary index the cursor has current, so that nobody deletes it; `None` for the primary order.
    pub fn set_current_index(&self, objid: Option<u32>) {
        let mut inner = self.table.inner.lock();
        inner.current_indexes.retain(|(holder, _)| *holder != self.id);
        inner.current_indexes.extend(objid.map(|objid| (self.id, objid)));
    }
}

impl Drop for TableHold {
    fn drop(&mut self) {
        let mut inner = self.table.inner.lock();
        inner.holders.retain(|holder| holder.id != self.id);
        inner.current_indexes.retain(|(holder, _)| *holder != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ_ONLY: TableOpenGrbit = TableOpenGrbit::READ_ONLY;
    const PLAIN: TableOpenGrbit = TableOpenGrbit::empty();
    const UPDATABLE: TableOpenGrbit = TableOpenGrbit::UPDATABLE;
    const DENY_WRITE: TableOpenGrbit = TableOpenGrbit::DENY_WRITE;
    const DENY_READ: TableOpenGrbit = TableOpenGrbit::DENY_READ;

    fn second_open(held: TableOpenGrbit, by: u16, wanted: TableOpenGrbit) -> Option<JetError> {
        let table = TableUse::new(8);
        let _held = table.open(by, held).expect("nobody has it yet");
        table.open(1, wanted).err().map(|error| error.jet())
    }

    #[test]
    fn the_access_matrix_is_that_of_spec_09_section_6_2() {
        let (ok, in_use, locked) = (None, Some(JetError::TABLE_IN_USE), Some(JetError::TABLE_LOCKED));
        let matrix = [
            (READ_ONLY, [ok, ok, ok, ok, locked]),
            (PLAIN, [ok, ok, ok, ok, locked]),
            (UPDATABLE, [ok, ok, ok, locked, locked]),
            (DENY_WRITE, [ok, in_use, in_use, in_use, locked]),
            (DENY_READ, [in_use, in_use, in_use, in_use, locked]),
        ];
        let held = [READ_ONLY, PLAIN, UPDATABLE, DENY_WRITE, DENY_READ];
        for (wanted, expected) in matrix {
            for (held, expected) in held.into_iter().zip(expected) {
                assert_eq!(second_open(held, 2, wanted), expected, "{wanted:?} while another holds {held:?}");
            }
        }
    }

    #[test]
    fn a_session_does_not_conflict_with_itself_except_denying_writing_twice() {
        let modes = [READ_ONLY, PLAIN, UPDATABLE, DENY_WRITE, DENY_READ];
        for held in modes {
            for wanted in modes {
                let twice = held == DENY_WRITE && wanted == DENY_WRITE;
                let expected = twice.then_some(JetError::TABLE_IN_USE);
                assert_eq!(second_open(held, 1, wanted), expected, "{wanted:?} over the own {held:?}");
            }
        }
    }

    #[test]
    fn a_table_is_deleted_only_while_nobody_has_it_open() {
        let table = TableUse::new(8);
        let held = table.open(1, PLAIN).expect("free");
        let refused = |session| table.begin_deletion(session).map_err(|error| error.jet());
        assert_eq!(refused(1), Err(JetError::TABLE_IN_USE));
        assert_eq!(refused(2), Err(JetError::TABLE_IN_USE));
        drop(held);
        let exclusive = table.open(1, DENY_READ).expect("free");
        assert_eq!(refused(2), Err(JetError::TABLE_LOCKED));
        drop(exclusive);
        assert_eq!(refused(1), Ok(()));
        assert_eq!(table.open(2, PLAIN).map_err(|error| error.jet()).err(), Some(JetError::TABLE_LOCKED));
        table.undo_deletion();
        assert!(table.open(2, PLAIN).is_ok());
        assert_eq!(refused(1), Ok(()));
        table.complete_deletion();
        let gone = table.open(2, PLAIN).map_err(|error| error.jet()).err();
        assert_eq!(gone, Some(JetError::OBJECT_NOT_FOUND));
    }
}
