//! Transactions, as far as they need no tables.

use esent::abi::structs::JET_COMMIT_ID;
use esent::abi::tables::bits::*;
use esent::api::*;

use crate::Row;
use crate::harness::*;

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (53, || {
        let fixture = Fixture::new();
        let seven: Vec<_> = (0..7).map(|_| begin(fixture.session)).collect();
        vec![each(&seven), begin(fixture.session)]
    }),
    (54, || {
        let fixture = Fixture::new();
        vec![each(&[commit(fixture.session, 0), rollback(fixture.session, 0)])]
    }),
    (55, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        let code = commit(fixture.session, 4);
        vec![each(&[code, code + holds(level(fixture.session) == 1)])]
    }),
    (56, || {
        let fixture = Fixture::new();
        vec![commit(fixture.session, JET_bitWaitLastLevel0Commit)]
    }),
    (57, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        begin(fixture.session);
        vec![each(&[rollback(fixture.session, JET_bitRollbackAll), holds(level(fixture.session) == 0)])]
    }),
    (75, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        let (code, touched) = commit_with_id(fixture.session, 0, 100);
        vec![each(&[code, code + holds(!touched)])]
    }),
    (256, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        let orders = [JET_bitWaitLastLevel0Commit, JET_bitWaitAllLevel0Commit, JET_bitForceNewLog];
        let alone = orders.map(|grbit| commit(fixture.session, grbit) + holds(level(fixture.session) == 1));
        vec![each(&alone), commit(fixture.session, JET_bitWaitLastLevel0Commit | JET_bitCommitLazyFlush)]
    }),
    (257, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        vec![rollback(fixture.session, 2)]
    }),
    (258, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        let (code, touched) = commit_with_id(fixture.session, JET_bitCommitLazyFlush, 100);
        vec![each(&[code, holds(!touched)])]
    }),
];

/// JetCommitTransaction2; its code, and whether the id was written.
fn commit_with_id(session: usize, grbit: u32, within: u32) -> (i32, bool) {
    // SAFETY: a structure of numbers may be all zero.
    let mut id: JET_COMMIT_ID = unsafe { std::mem::zeroed() };
    // SAFETY: the place is a local.
    let code = unsafe { JetCommitTransaction2(session, grbit, within, &raw mut id) };
    (code, id.commitId != 0)
}
