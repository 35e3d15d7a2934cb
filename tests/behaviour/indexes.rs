//! The current index, moves by key, filters, and the meeting of two ranges.

use std::ffi::CStr;

use esent::abi::structs::{JET_INDEX_COLUMN, JET_INDEXRANGE, JET_RECORDLIST};
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::api::*;

use crate::Row;
use crate::currency::on_fresh;
use crate::cursor::{Cursor, is};
use crate::fixture::*;
use crate::harness::*;

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (120, || {
        on_fresh(|c| {
            let code = c.at(3).index(c"iv");
            is(c.id(), 5);
            vec![code]
        })
    }),
    (121, || {
        on_fresh(|c| {
            let code = c.at(3).index_with(c"iv", JET_bitNoMove);
            assert_eq!([c.id(), c.next()], [3, 4]);
            is(c.index_with(c"pk", JET_bitNoMove), 0);
            assert_eq!([c.id(), c.next()], [4, 5]);
            vec![code]
        })
    }),
    (122, || {
        on_fresh(|c| {
            let code = c.at(3).index_with(c"in", JET_bitNoMove);
            assert_eq!((c.current_index().as_str(), c.id()), ("in", 3));
            vec![code]
        })
    }),
    (123, || {
        on_fresh(|c| {
            let code = c.at(1).index_at_value(c"in", JET_bitNoMove, 2);
            is(c.long_with(N, JET_bitRetrieveFromIndex, 1), 6);
            vec![code]
        })
    }),
    (124, || {
        on_fresh(|c| {
            let code = c.at(1).index_at_value(c"in", JET_bitNoMove, 3);
            assert_eq!((c.current_index().as_str(), c.id()), ("in", 1));
            vec![code, c.step(0, 0)]
        })
    }),
    (125, || {
        on_fresh(|c| {
            vec![
                c.index(c"nope"),
                c.index_with(c"iv", 1),
                each(&[c" x", c"a.b"].map(|name: &CStr| c.index(name))),
            ]
        })
    }),
    (126, || {
        on_fresh(|c| {
            is(c.on(c"iv").at(20).id(), 2);
            is(c.replace(V, 40), 0);
            assert_eq!([c.id(), c.long(V), c.long_with(V, JET_bitRetrieveFromIndex, 1)], [2, 40, 20]);
            let code = c.step(0, 0);
            is(c.next(), 3);
            vec![code]
        })
    }),
    (131, || {
        on_fresh(|c| {
            is(c.on(c"iv").at(20).id(), 2);
            let by_key = |rows| {
                let code = c.step(rows, JET_bitMoveKeyNE);
                (code, c.id())
            };
            assert_eq!([by_key(1), by_key(-1), by_key(-1)], [(0, 4), (0, 3), (0, 1)]);
            is(c.at(20).id(), 2);
            vec![c.step(1, JET_bitMoveKeyNE)]
        })
    }),
    (133, || {
        on_fresh(|c| {
            let two = 2_i32.to_le_bytes();
            let code = filter(c, ID, JET_relopGreaterThan, Some(&two));
            assert_eq!((c.first(), c.rest().0), (3, vec![4, 5]));
            vec![code]
        })
    }),
    (134, || {
        on_fresh(|c| {
            let two = 2_i32.to_le_bytes();
            is(filter(c, ID, JET_relopGreaterThan, Some(&two)), 0);
            is(c.first(), 3);
            vec![each(&[c.step(0, 0), c.index(c"iv")])]
        })
    }),
    (296, || {
        on_fresh(|c| {
            is(c.at(3).prepare(JET_prepInsert), 0);
            let code = c.index(c"nope");
            is(c.id(), 3);
            vec![code, c.update()]
        })
    }),
    (297, || {
        on_fresh(|c| {
            c.on(c"iv").key(20);
            is(c.index(c"iv"), 0);
            let same = c.seek(JET_bitSeekEQ);
            c.key(20).on(c"us");
            vec![same, c.seek(JET_bitSeekEQ)]
        })
    }),
    (298, || {
        on_fresh(|c| {
            is(c.at(1).delete(), 0);
            let code = c.index_with(c"iv", JET_bitNoMove);
            assert_eq!((c.current_index().as_str(), c.next()), ("iv", 5));
            vec![code]
        })
    }),
    (299, || {
        on_fresh(|c| {
            is(c.last(), 5);
            is(c.next(), JET_errNoCurrentRecord);
            let code = c.index_with(c"iv", JET_bitNoMove);
            assert_eq!(c.current_index(), "pk");
            vec![code]
        })
    }),
    (304, || {
        on_fresh(|c| {
            let twenty = 20_i32.to_le_bytes();
            let tests: [(i32, &[i32]); 8] = [
                (JET_relopEquals, &[2, 3]),
                (JET_relopNotEquals, &[1, 4, 5]),
                (JET_relopLessThanOrEqual, &[1, 2, 3, 5]),
                (JET_relopLessThan, &[1, 5]),
                (JET_relopGreaterThanOrEqual, &[2, 3, 4]),
                (JET_relopGreaterThan, &[4]),
                (JET_relopBitmaskEqualsZero, &[1, 5]),
                (JET_relopBitmaskNotEqualsZero, &[2, 3, 4]),
            ];
            let codes = tests.map(|(relation, ids)| {
                let code = filter(c, V, relation, Some(&twenty));
                let first = c.first();
                let found = [vec![first], c.rest().0].concat();
                assert_eq!(found, ids, "relation {relation}");
                code
            });
            vec![each(&codes)]
        })
    }),
    (305, || {
        let f = F::new();
        let (on_v, on_s) = (f.cursor().on(c"iv"), f.cursor().on(c"us"));
        is(on_v.key(10).seek(JET_bitSeekEQ | JET_bitSetIndexRange), 0);
        is(on_s.make_key(b"c", JET_bitNewKey), 0);
        is(on_s.seek(JET_bitSeekEQ | JET_bitSetIndexRange), 0);
        let mut ranges = [on_v, on_s].map(|cursor| JET_INDEXRANGE {
            cbStruct: size_of::<JET_INDEXRANGE>() as u32,
            tableid: cursor.table,
            grbit: JET_bitRecordInIndex,
        });
        let mut list = JET_RECORDLIST {
            cbStruct: size_of::<JET_RECORDLIST>() as u32,
            tableid: 0,
            cRecord: 7,
            columnidBookmark: 0,
        };
        // SAFETY: the ranges are two, the list is a local.
        let code = unsafe { JetIntersectIndexes(f.session, ranges.as_mut_ptr(), 2, &raw mut list, 0) };
        assert_eq!(list.cRecord, 0);
        let empty = Cursor { session: f.session, table: list.tableid };
        is(empty.step(JET_MoveFirst, 0), JET_errNoCurrentRecord);
        is(empty.close(), 0);
        vec![code]
    }),
];

/// JetSetCursorFilter with one test.
fn filter(c: Cursor, columnid: u32, relop: i32, value: Option<&[u8]>) -> i32 {
    let (pv, cb) = value
        .map_or((std::ptr::null_mut(), 0), |value| (value.as_ptr().cast_mut().cast(), value.len() as u32));
    let mut test = JET_INDEX_COLUMN { columnid, relop, pv, cb, grbit: 0 };
    // SAFETY: the test is a local, its value has as many bytes as it says.
    unsafe { JetSetCursorFilter(c.session, c.table, &raw mut test, 1, 0) }
}
