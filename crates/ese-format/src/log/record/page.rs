//! The prefixes that every page operation shares (spec 05 §8.1–8.2).
//!
//! ```text
//! LRPAGE   0  u8  type          LRNODE = LRPAGE and
//!          1  u16 procid        32  u32 rceid
//!          3  u8  dbid          36  u32 pgnoFDP
//!          4  u32 pgno          40  u32 objidFDP
//!          8  u64 dbtime, after
//!          16 u64 dbtime, before
//!          24 u32 trxBegin0
//!          28 u8  level
//!          29 u16 iline
//!          31 u8  flags
//! ```
//!
//! Invariant: over all records of a stream that touch one page, dbtime before is the dbtime after of the previous one.

use super::layout::{field_group, stored_bits};

/// The dbtime that stands for "none": a new page, the leaf operation of a split, an absent sibling.
pub const DBTIME_NIL: u64 = u64::MAX;

stored_bits! {
    /// What kind of page operation this is.
    pub struct PageOperationFlags(u8) {
        /// A version exists; redo must make one too.
        VERSIONED = 0x01,
        /// The node is deleted; not written today.
        DELETED = 0x02,
        /// The tree's keys are unique.
        UNIQUE = 0x04,
        /// An operation on a space tree.
        SPACE_TREE = 0x08,
        /// Done by a concurrent index build on behalf of another session.
        CONCURRENT_CREATE_INDEX = 0x10,
        /// Done by a background task of the engine.
        SYSTEM_TASK = 0x20,
    }
}

field_group! {
    /// What every page operation says: who, where and at which dbtime (LRPAGE without its type byte, 31 bytes).
    pub struct PageOperation {
        /// Session number.
        procid: u16,
        /// Database number.
        dbid: u8,
        /// The page operated on.
        page_number: u32,
        /// dbtime of the page after the operation.
        dbtime: u64,
        /// dbtime of the page before, or [`DBTIME_NIL`].
        dbtime_before: u64,
        /// Id of the level-0 transaction, a multiple of 4.
        trx_begin0: u32,
        /// Transaction level of the session.
        level: u8,
        /// Node index on the page; 0 where meaningless.
        line: u16,
        /// What kind of operation.
        flags: PageOperationFlags,
    }
}

field_group! {
    /// A page operation on a node of a tree (LRNODE without its type byte, 43 bytes).
    pub struct NodeOperation {
        /// Who, where, when.
        page: PageOperation,
        /// Id of the version, 0 where there is none.
        rceid: u32,
        /// Root page of the tree.
        fdp: u32,
        /// Object id of the tree.
        objid: u32,
    }
}
