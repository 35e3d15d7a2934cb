//! Currency: where a cursor stands, before, on, between and after records, deleted ones too.

use esent::abi::structs::JET_RECPOS;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::api::*;

use crate::Row;
use crate::cursor::{Cursor, NULL, is};
use crate::fixture::*;
use crate::harness::*;

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (79, || on_fresh(|c| vec![each(&[c.retrieve(ID, 4, 0, 0, 1).code, is(c.id(), 1)])])),
    (80, || on_fresh(|c| moved(c, JET_MoveNext, 2))),
    (81, || on_fresh(|c| vec![c.bookmark(255).code])),
    (82, || {
        on_fresh(|c| {
            let code = c.step(JET_MovePrevious, 0);
            is(c.next(), 1);
            vec![code]
        })
    }),
    (83, || {
        on_fresh(|c| {
            let end = c.at(5).step(JET_MoveNext, 0);
            let mut codes = vec![end];
            codes.extend(moved(c, JET_MovePrevious, 5));
            codes
        })
    }),
    (84, || {
        on_fresh(|c| {
            is(c.at(1).step(3, 0), 0);
            is(c.id(), 4);
            let code = c.step(2, 0);
            is(c.previous(), 5);
            vec![code]
        })
    }),
    (85, || {
        let f = F::emptied();
        let c = f.cursor();
        let moves = [JET_MoveFirst, JET_MoveLast, 0].map(|rows| c.step(rows, 0));
        vec![each(&[each(&moves), c.retrieve(ID, 4, 0, 0, 1).code])]
    }),
    (86, || {
        on_fresh(|c| {
            is(c.at(2).delete(), 0);
            let codes = vec![c.retrieve(ID, 4, 0, 0, 1).code, c.step(0, 0)];
            is(c.next(), 3);
            codes
        })
    }),
    (87, || {
        on_fresh(|c| {
            is(c.at(2).delete(), 0);
            moved(c, JET_MovePrevious, 1)
        })
    }),
    (88, || {
        on_fresh(|c| {
            is(c.at(2).delete(), 0);
            let bookmark = c.bookmark(255);
            assert_eq!(bookmark.bytes, [0x7F, 0x80, 0, 0, 2]);
            let code = c.go_to(&bookmark.bytes);
            is(c.next(), 3);
            vec![bookmark.code, code]
        })
    }),
    (89, || {
        on_fresh(|c| {
            c.at(2);
            begin(c.session);
            let d = c.dup();
            is(d.at(2).delete(), 0);
            vec![c.retrieve(ID, 4, 0, 0, 1).code]
        })
    }),
    (279, || on_fresh(|c| vec![c.retrieve_key(255, 0).code, c.bookmark(255).code])),
    (280, || {
        on_fresh(|c| {
            let code = c.delete();
            is(c.next(), 2);
            is(c.previous(), JET_errNoCurrentRecord);
            vec![code]
        })
    }),
    (281, || {
        let f = F::new();
        let (c, other) = (f.cursor(), f.cursor());
        let mut position = JET_RECPOS { cbStruct: 16, centriesLT: 9, centriesInRange: 9, centriesTotal: 9 };
        let mut buffer = [0_u8; 16];
        // SAFETY: the position is a local of 16 bytes, and so is the buffer.
        let codes = unsafe {
            vec![
                JetGetRecordPosition(c.session, c.table, &raw mut position, 16),
                JetGetCursorInfo(other.session, other.table, buffer.as_mut_ptr().cast(), 0, 0),
            ]
        };
        assert_eq!(position.centriesLT, 0, "the first record has none before it");
        codes
    }),
    (282, || {
        with_second(|c, c2| {
            is(c.last(), 5);
            is(c.next(), JET_errNoCurrentRecord);
            is(c2.insert(9, "i"), 0);
            let code = c.step(JET_MoveNext, 0);
            is(c.previous(), 9);
            vec![code]
        })
    }),
    (283, || {
        with_second(|c, c2| {
            c.at(5);
            is(c2.insert(9, "i"), 0);
            moved(c, JET_MoveNext, 9)
        })
    }),
    (284, || {
        with_second(|c, c2| {
            is(c.first(), 1);
            is(c.previous(), JET_errNoCurrentRecord);
            is(c2.insert(0, "0"), 0);
            moved(c, JET_MoveNext, 0)
        })
    }),
    (285, || {
        let stood = |direction: i32| {
            let f = F::new();
            let (c, c2) = (f.cursor(), f.second().cursor());
            is(c.insert(20, "t"), 0);
            is(c.key(10).seek(JET_bitSeekEQ), JET_errRecordNotFound);
            is(c2.insert(10, "j"), 0);
            let code = c.step(0, 0);
            (code, c.after(c.step(direction, 0)))
        };
        let (forward, back) = (stood(JET_MoveNext), stood(JET_MovePrevious));
        assert_eq!((forward.1, back.1), (20, 5));
        vec![each(&[forward.0, back.0])]
    }),
    (286, || {
        with_second(|c, c2| {
            is(c.at(2).delete(), 0);
            is(c2.insert(2, "b"), 0);
            let read = c.retrieve(ID, 4, 0, 0, 1);
            assert_eq!((read.bytes, c.long(V)), (vec![2, 0, 0, 0], NULL));
            is(c.next(), 3);
            vec![read.code]
        })
    }),
    (287, || {
        on_fresh(|c| {
            let missing = [0x7F, 0x80, 0, 0, 9];
            let code = c.at(5).go_to(&missing);
            is(c.id(), 5);
            let end = c.step(JET_MoveNext, 0);
            is(c.first(), 1);
            is(c.key(3).range(JET_bitRangeInclusive | JET_bitRangeUpperLimit), 0);
            is(c.prepare(JET_prepInsert), 0);
            is(c.go_to(&missing), JET_errRecordDeleted);
            is(c.update(), JET_errUpdateNotPrepared);
            assert_eq!(c.rest(), (vec![2, 3, 4, 5], JET_errNoCurrentRecord), "the range is gone");
            vec![code, end]
        })
    }),
    (288, || {
        on_fresh(|c| {
            let key = c.on(c"iv").at(20).secondary_bookmark().1;
            let missing = [0x7F, 0x80, 0, 0, 9];
            is(c.first(), 5);
            let kept = c.go_to_entry(&key, &missing, 0);
            is(c.id(), 5);
            let between = |direction| {
                let code = c.go_to_entry(&key, &missing, JET_bitBookmarkPermitVirtualCurrency);
                (code, c.after(c.step(direction, 0)))
            };
            let (forward, back) = (between(JET_MoveNext), between(JET_MovePrevious));
            assert_eq!((forward.1, back.1), (4, 3));
            vec![kept, each(&[forward.0, back.0])]
        })
    }),
    (289, || {
        on_fresh(|c| {
            is(c.index(c"us"), 0);
            is(c.make_key(b"c", JET_bitNewKey), 0);
            is(c.seek(JET_bitSeekEQ), 0);
            let key = c.secondary_bookmark().1;
            is(c.first(), 1);
            let code = c.go_to_entry(&key, &[0x7F, 0x80, 0, 0, 9], 0);
            is(c.id(), 3);
            vec![code]
        })
    }),
    (127, || {
        on_fresh(|c| {
            let bookmark = c.at(3).bookmark(255).bytes;
            is(c.first(), 1);
            is(c.go_to(&bookmark), 0);
            is(c.id(), 3);
            let code = c.go_to(&[]);
            is(c.id(), 3);
            vec![code]
        })
    }),
    (128, || {
        on_fresh(|c| {
            let short = c.at(3).bookmark(2);
            assert_eq!(short.actual, 5);
            vec![short.code]
        })
    }),
    (129, || {
        on_fresh(|c| {
            let short = c.at(3).retrieve_key(2, 0);
            let whole = c.key(3).retrieve_key(255, JET_bitRetrieveCopy);
            assert_eq!((short.actual, whole.actual), (5, 5));
            let sought = (c.seek(JET_bitSeekEQ), c.retrieve_key(255, JET_bitRetrieveCopy));
            assert_eq!((sought.0, sought.1.actual), (0, 5));
            vec![short.code, each(&[whole.code, sought.1.code])]
        })
    }),
    (130, || on_fresh(|c| vec![c.at(3).secondary_bookmark().0])),
    (132, || {
        on_fresh(|c| {
            let stands = |before, total| c.after(c.go_to_position(before, total));
            assert_eq!([stands(0, 1), stands(1, 1), stands(1, 2), stands(0, 0)], [1, 5, 3, 1]);
            vec![c.go_to_position(2, 1)]
        })
    }),
];

/// Runs calls on a fresh cursor.
pub(crate) fn on_fresh(calls: impl FnOnce(Cursor) -> Vec<i32>) -> Vec<i32> {
    let f = F::new();
    calls(f.cursor())
}

/// Runs calls on a fresh cursor, and one of S2.
pub(crate) fn with_second(calls: impl FnOnce(Cursor, Cursor) -> Vec<i32>) -> Vec<i32> {
    let f = F::new();
    calls(f.cursor(), f.second().cursor())
}

/// The code of a move to the record with that id.
pub(crate) fn moved(c: Cursor, rows: i32, to: i32) -> Vec<i32> {
    let code = c.step(rows, 0);
    is(c.id(), to);
    vec![code]
}
