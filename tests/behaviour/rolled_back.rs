//! What a rollback leaves of cursors: their handles, positions, indexes, ranges and prepared updates.

use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;

use crate::Row;
use crate::cursor::{Cursor, is};
use crate::fixture::*;
use crate::harness::*;

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (68, || {
        let f = F::new();
        begin(f.session);
        let x = f.cursor();
        is(x.first(), 1);
        rollback(f.session, 0);
        vec![x.step(JET_MoveNext, 0)]
    }),
    (69, || {
        let f = F::new();
        let c = f.cursor().at(3);
        begin(f.session);
        is(c.next(), 4);
        rollback(f.session, 0);
        moved(c, 1)
    }),
    (260, || {
        let f = F::new();
        let c = f.cursor().at(3);
        begin(f.session);
        is(c.long(V), 20);
        rollback(f.session, 0);
        moved(c, 4)
    }),
    (261, || {
        let f = F::new();
        let c = f.cursor();
        begin(f.session);
        c.at(3);
        begin(f.session);
        rollback(f.session, 0);
        moved(c, 4)
    }),
    (262, || {
        let f = F::new();
        let c = f.cursor().at(2);
        begin(f.session);
        is(c.delete(), 0);
        is(c.id(), JET_errRecordDeleted);
        rollback(f.session, 0);
        is(c.id(), 2);
        moved(c, 3)
    }),
    (263, || {
        let f = F::new();
        let c = f.cursor().at(3);
        begin(f.session);
        is(c.index(c"iv"), 0);
        rollback(f.session, 0);
        assert_eq!(c.current_index(), "pk");
        moved(c, 1)
    }),
    (264, || {
        let f = F::new();
        let c = f.cursor().on(c"iv");
        is(c.first(), 5);
        begin(f.session);
        is(c.next(), 1);
        rollback(f.session, 0);
        is(c.id(), 1);
        moved(c, 5)
    }),
    (265, || {
        let f = F::new();
        let c = f.cursor();
        is(c.first(), 1);
        is(c.key(3).range(JET_bitRangeInclusive | JET_bitRangeUpperLimit), 0);
        begin(f.session);
        is(c.next(), 2);
        rollback(f.session, 0);
        let (ids, end) = c.rest();
        assert_eq!(ids, [1, 2, 3]);
        vec![end]
    }),
    (266, || {
        let f = F::new();
        let c = f.cursor();
        is(c.prepare(JET_prepInsert), 0);
        is(c.set_long(ID, 6), 0);
        begin(f.session);
        rollback(f.session, 0);
        vec![each(&[c.update(), is(c.at(6).id(), 6)])]
    }),
    (267, || {
        let f = F::new();
        let c = f.cursor();
        begin(f.session);
        is(c.prepare(JET_prepInsert), 0);
        is(c.set_long(ID, 6), 0);
        begin(f.session);
        is(c.set(LB, &[7; 20_000]), 0);
        is(c.update(), 0);
        rollback(f.session, 0);
        let code = c.update();
        is(c.key(6).seek(JET_bitSeekEQ), JET_errRecordNotFound);
        vec![code]
    }),
];

/// The code of a move to the next record, which has that id.
fn moved(c: Cursor, to: i32) -> Vec<i32> {
    let code = c.step(JET_MoveNext, 0);
    is(c.id(), to);
    vec![code]
}
