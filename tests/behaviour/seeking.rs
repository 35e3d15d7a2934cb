//! Search keys, seeks and index ranges.

use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;

use crate::Row;
use crate::currency::on_fresh;
use crate::cursor::{Cursor, is};
use crate::fixture::*;
use crate::harness::*;

/// An upper limit that belongs to its range.
const UP_TO: u32 = JET_bitRangeInclusive | JET_bitRangeUpperLimit;

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (90, || {
        on_fresh(|c| {
            is(c.prepare(JET_prepInsert), 0);
            let code = c.seek(JET_bitSeekEQ);
            is(c.set_long(ID, 6), 0);
            is(c.update(), 0);
            vec![code]
        })
    }),
    (91, || {
        on_fresh(|c| {
            let found = c.key(3).seek(JET_bitSeekEQ);
            is(c.id(), 3);
            vec![found, c.seek(JET_bitSeekEQ)]
        })
    }),
    (92, || {
        on_fresh(|c| {
            let missed = [JET_bitSeekEQ, JET_bitSeekGE, JET_bitSeekGT].map(|seek| {
                let code = c.key(9).seek(seek);
                is(c.previous(), 5);
                code
            });
            vec![each(&missed)]
        })
    }),
    (93, || sought(9, [(JET_bitSeekLE, 5), (JET_bitSeekLT, 5)])),
    (94, || sought(0, [(JET_bitSeekGE, 1), (JET_bitSeekGT, 1)])),
    (95, || {
        on_fresh(|c| {
            let code = c.key(0).seek(JET_bitSeekLE);
            is(c.next(), 1);
            vec![code]
        })
    }),
    (96, || {
        on_fresh(|c| {
            is(c.at(3).delete(), 0);
            let code = c.key(3).seek(JET_bitSeekEQ);
            is(c.next(), 4);
            vec![code]
        })
    }),
    (97, || {
        on_fresh(|c| {
            is(c.at(3).delete(), 0);
            is(c.key(3).seek(JET_bitSeekEQ), JET_errRecordNotFound);
            let code = c.step(JET_MovePrevious, 0);
            is(c.id(), 2);
            vec![code]
        })
    }),
    (98, || on_index(20, &[(JET_bitSeekEQ, 2), (JET_bitSeekLE, 2), (JET_bitSeekGE, 2)])),
    (99, || on_index(20, &[(JET_bitSeekGT, 4), (JET_bitSeekLT, 1)])),
    (100, || {
        on_fresh(|c| {
            is(c.on(c"iv").key(20).seek(JET_bitSeekEQ | JET_bitSetIndexRange), 0);
            assert_eq!([c.id(), c.next()], [2, 3]);
            let end = c.step(JET_MoveNext, 0);
            is(c.previous(), 4);
            vec![end]
        })
    }),
    (101, || {
        on_fresh(|c| {
            is(c.on(c"us").make_key(b"b", JET_bitNewKey), 0);
            vec![c.seek(JET_bitSeekEQ | JET_bitCheckUniqueness)]
        })
    }),
    (102, || {
        on_fresh(|c| {
            is(c.on(c"us").make_key(b"b", JET_bitNewKey), 0);
            let code = c.seek(JET_bitSeekEQ | JET_bitCheckUniqueness | JET_bitSetIndexRange);
            is(c.next(), 3);
            vec![code]
        })
    }),
    (103, || {
        on_fresh(|c| {
            is(c.on(c"iv").make_key(&[], JET_bitNewKey), 0);
            let code = c.seek(JET_bitSeekEQ);
            assert_eq!([c.id(), c.previous()], [5, JET_errNoCurrentRecord]);
            vec![code]
        })
    }),
    (104, || {
        on_fresh(|c| {
            let code = c.key(3).seek(JET_bitSeekGE | JET_bitSeekLE);
            // The original took the first of the bits and found the record: its code was success.
            vec![code, c.key(3).seek(JET_bitSeekGE)]
        })
    }),
    (105, || {
        on_fresh(|c| {
            let code = c.key(3).seek(0);
            is(c.seek(JET_bitSeekEQ), 0);
            vec![code]
        })
    }),
    (106, || {
        on_fresh(|c| {
            let code = c.key(3).make_key(&[1, 0, 0, 0], 0);
            is(c.seek(JET_bitSeekEQ), 0);
            vec![code]
        })
    }),
    (107, || on_fresh(|c| vec![c.make_key(&[1, 0, 0, 0], 0)])),
    (108, || {
        on_fresh(|c| {
            let code = c.key(3).make_key(&[1, 0], JET_bitNewKey);
            is(c.seek(JET_bitSeekEQ), JET_errKeyNotMade);
            vec![code]
        })
    }),
    (109, || {
        let both = JET_bitPartialColumnStartLimit | JET_bitPartialColumnEndLimit;
        on_fresh(|c| vec![c.on(c"us").make_key(b"b", JET_bitNewKey | both)])
    }),
    (110, || {
        let grbit = JET_bitNewKey | JET_bitPartialColumnEndLimit;
        on_fresh(|c| vec![c.on(c"iv").make_key(&[20, 0, 0, 0], grbit)])
    }),
    (111, || {
        on_fresh(|c| {
            let code = c.at(2).key(4).range(UP_TO);
            let (ids, end) = c.rest();
            assert_eq!(ids, [3, 4]);
            vec![code, end]
        })
    }),
    (112, || {
        on_fresh(|c| {
            is(c.at(2).key(4).range(JET_bitRangeUpperLimit), 0);
            let (ids, end) = c.rest();
            assert_eq!(ids, [3]);
            vec![end]
        })
    }),
    (113, || {
        on_fresh(|c| {
            is(c.at(2).key(4).range(UP_TO), 0);
            c.rest();
            let code = c.step(JET_MovePrevious, 0);
            is(c.id(), 5);
            vec![code]
        })
    }),
    (114, || {
        on_fresh(|c| {
            let code = c.at(5).key(4).range(JET_bitRangeUpperLimit);
            is(c.previous(), 5);
            vec![code]
        })
    }),
    (115, || on_fresh(|c| vec![c.at(2).range(JET_bitRangeRemove)])),
    (116, || {
        on_fresh(|c| {
            is(c.at(1).key(3).range(UP_TO), 0);
            let code = c.step(JET_MoveLast, 0);
            assert_eq!([c.id(), c.previous(), c.next()], [5, 4, 5]);
            vec![code]
        })
    }),
    (117, || {
        on_fresh(|c| {
            is(c.at(2).key(4).range(UP_TO), 0);
            let (code, count) = c.count(0);
            assert_eq!((count, c.id()), (3, 2));
            assert_eq!(c.rest().0, [3, 4, 5], "the range is gone");
            vec![code]
        })
    }),
    (118, || {
        on_fresh(|c| {
            is(c.first(), 1);
            let (code, count) = c.count(2);
            assert_eq!(count, 2);
            vec![code]
        })
    }),
    (119, || {
        let f = F::emptied();
        let (code, count) = f.cursor().count(0);
        assert_eq!(count, 0);
        vec![code]
    }),
    (290, || {
        on_fresh(|c| {
            c.on(c"iv");
            [10, 20, 30].map(|v| c.key(v).seek(JET_bitSeekEQ | JET_bitCheckUniqueness)).to_vec()
        })
    }),
    (291, || {
        on_fresh(|c| {
            is(c.on(c"iv").key(20).seek(JET_bitSeekGE | JET_bitSetIndexRange), 0);
            is(c.id(), 2);
            let (ids, end) = c.rest();
            assert_eq!(ids, [3, 4]);
            vec![end]
        })
    }),
    (292, || {
        on_fresh(|c| {
            is(c.first(), 1);
            is(c.previous(), JET_errNoCurrentRecord);
            let code = c.key(2).range(UP_TO);
            let (ids, end) = c.rest();
            assert_eq!(ids, [1, 2]);
            vec![code, end]
        })
    }),
    (293, || {
        on_fresh(|c| {
            is(c.at(1).key(3).range(UP_TO), 0);
            let code = c.range(UP_TO);
            assert_eq!(c.rest().0, [2, 3], "the old range limits");
            vec![code]
        })
    }),
    (294, || {
        on_fresh(|c| {
            is(c.at(1).delete(), 0);
            let code = c.key(3).range(UP_TO);
            let (ids, end) = c.rest();
            assert_eq!(ids, [2, 3]);
            vec![code, end]
        })
    }),
    (295, || {
        on_fresh(|c| {
            is(c.at(1).prepare(JET_prepInsert), 0);
            is(c.set_long(ID, 6), 0);
            is(c.key(3).range(UP_TO), 0);
            is(c.bookmark(255).code, 0);
            assert_eq!(c.count(0), (0, 3));
            vec![c.update()]
        })
    }),
    (300, || {
        let f = F::new();
        let c = pairs(&f);
        let missed = c.key(2).seek(JET_bitSeekEQ);
        let found = [(JET_bitSeekGE, (2, 1)), (JET_bitSeekGT, (2, 1)), (JET_bitSeekLE, (1, 3))].map(
            |(seek, pair)| {
                let code = c.key(2).seek(seek);
                assert_eq!((c.long(A), c.long(B)), pair);
                code
            },
        );
        [&[missed], &found[..]].concat()
    }),
    (301, || {
        let f = F::new();
        let c = pairs(&f);
        let end = |a: i32| c.make_key(&a.to_le_bytes(), JET_bitNewKey | JET_bitFullColumnEndLimit);
        let found = [(JET_bitSeekLE, (2, 3)), (JET_bitSeekGE, (3, 1))].map(|(seek, pair)| {
            is(end(2), 0);
            let code = c.seek(seek);
            assert_eq!((c.long(A), c.long(B)), pair);
            code
        });
        is(c.key(2).seek(JET_bitSeekGE), JET_wrnSeekNotEqual);
        is(end(2), 0);
        is(c.range(JET_bitRangeUpperLimit), 0);
        assert_eq!(c.count(0), (0, 3));
        found.to_vec()
    }),
    (302, || {
        let f = F::new();
        let (c, _) = create_table(f.session, f.dbid, c"p");
        is(add_column(c, (c"a", JET_coltypLong, 0, JET_bitColumnFixed, None)).1, 0);
        let codes = vec![
            c.make_key(&[1, 0, 0, 0], JET_bitNewKey),
            c.make_key(&[1, 0, 0, 0], JET_bitNewKey | JET_bitNormalizedKey),
            c.range(UP_TO),
        ];
        assert_eq!(c.current_index(), "");
        codes
    }),
    (303, || {
        let normalized =
            |c: Cursor, bytes: usize| c.make_key(&vec![0x7F; bytes], JET_bitNewKey | JET_bitNormalizedKey);
        on_fresh(|c| {
            is(c.index(c"iv"), 0);
            vec![normalized(c, 256), normalized(c, 257)]
        })
    }),
];

/// Seeks of a key on the primary index: the codes, each on the record the plan says.
fn sought<const SEEKS: usize>(key: i32, seeks: [(u32, i32); SEEKS]) -> Vec<i32> {
    on_fresh(|c| {
        let codes = seeks.map(|(seek, id)| {
            let code = c.key(key).seek(seek);
            is(c.id(), id);
            code
        });
        codes.to_vec()
    })
}

/// Seeks of a v on iv, which all give one code, each on the record the plan says.
fn on_index(v: i32, seeks: &[(u32, i32)]) -> Vec<i32> {
    on_fresh(|c| {
        c.on(c"iv");
        let codes = seeks.iter().map(|(seek, id)| {
            let code = c.key(v).seek(*seek);
            is(c.id(), *id);
            code
        });
        vec![each(&codes.collect::<Vec<_>>())]
    })
}

/// The first column of [`pairs`].
const A: u32 = 1;
/// The second column of [`pairs`].
const B: u32 = 2;

/// A cursor on a table with the index (a, b), primary, and a record for each a and b of 1, 2, 3.
fn pairs(f: &F) -> Cursor {
    let (c, code) = create_table(f.session, f.dbid, c"p");
    is(code, 0);
    for (name, id) in [(c"a", A), (c"b", B)] {
        assert_eq!(add_column(c, (name, JET_coltypLong, 0, JET_bitColumnFixed, None)), (id, 0));
    }
    is(create_index(c, c"ab", b"+a\0+b\0\0", JET_bitIndexPrimary), 0);
    for (a, b) in [1, 2, 3].into_iter().flat_map(|a| [1, 2, 3].map(|b| (a, b))) {
        is(c.prepare(JET_prepInsert), 0);
        is(c.set_long(A, a), 0);
        is(c.set_long(B, b), 0);
        is(c.update(), 0);
    }
    c
}
