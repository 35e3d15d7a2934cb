//! Temporary tables (spec 09 §12): rows of one session, sorted, in a database that nobody recovers.
//!
//! A temporary table is a B-tree of the temporary database with a cursor over it. One with a key that need not be
//! materialised is a *sort*: rows go in first, and come out in the order of the key afterwards; which call is allowed in
//! which phase is [`TemporaryTable::admit`]'s to say. Everything a cursor does with records is the cursor's own.
//!
//! Invariants: a sort's rows make no versions, a materialised table's do and are rolled back; a tree is given back when
//! its last cursor is gone.

mod call;
mod keeper;
mod request;
mod table;

pub use call::TemporaryCall;
pub use keeper::TemporaryTables;
pub use request::{NewTemporaryColumn, NewTemporaryTable, RowOrder, TemporaryGrbit};
pub use table::TemporaryTable;
