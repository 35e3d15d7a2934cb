//! Records: prepared updates, columns set and retrieved, escrow, enumeration.

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;

use crate::Row;
use crate::cursor::Filled;
use crate::define::*;
use crate::fixture::*;
use crate::harness::*;
use crate::values::*;

/// The rows of the plan (spec 09 §15.5).
pub(crate) const ROWS: &[Row] = &[
    (135, || vec![Scene::new().c.set_long(V, 1)]),
    (136, || {
        let f = Scene::new().inserting();
        vec![f.c.prepare(JET_prepInsert)]
    }),
    (137, || vec![Scene::new().c.prepare(JET_prepCancel)]),
    (138, || {
        let f = Scene::new().inserting();
        let code = f.c.update();
        assert_eq!(f.c.prepare(JET_prepInsert), JET_errAlreadyPrepared);
        vec![code]
    }),
    (139, || {
        let f = Scene::new().inserting();
        f.c.set_long(ID, 1);
        let duplicate = f.c.update();
        f.c.set_long(ID, 8);
        let codes = vec![duplicate, f.c.update()];
        assert_eq!(f.c.ids(), [1, 2, 3, 4, 5, 8]);
        codes
    }),
    (140, || {
        let f = Scene::new().inserting();
        assert_eq!(each(&[f.c.set_long(ID, 6), f.c.set(S, b"a")]), 0);
        let code = f.c.update();
        assert_eq!(f.f.cursor().find(6), JET_errRecordNotFound);
        assert_eq!(f.c.prepare(JET_prepCancel), 0);
        assert_eq!(f.c.ids(), [1, 2, 3, 4, 5]);
        vec![code]
    }),
    (141, || {
        let f = Scene::new().at(3).inserting();
        f.c.set_long(ID, 6);
        let Filled { code, bytes, actual } = f.c.update_with_bookmark(255);
        assert_eq!((bytes.as_slice(), actual), (&[0x7F, 0x80, 0, 0, 6][..], 5));
        assert_eq!(f.c.number(ID), Some(3));
        vec![code]
    }),
    (142, || {
        let f = Scene::new().inserting();
        f.c.set_long(ID, 6);
        let Filled { code, actual, .. } = f.c.update_with_bookmark(2);
        assert_eq!(actual, 0, "a refused insert tells nothing");
        assert_eq!(f.f.cursor().find(6), JET_errRecordNotFound);
        let codes = vec![code, f.c.update()];
        assert_eq!(f.f.cursor().find(6), 0);
        codes
    }),
    (143, || {
        let f = Scene::new().replacing(1);
        f.c.set_long(ID, 9);
        vec![f.c.update()]
    }),
    (144, || {
        let f = Scene::new().replacing(1);
        let moved = f.c.move_next();
        let first = f.c.update();
        let (f, failed) = (f.replacing(5), JET_errNoCurrentRecord);
        assert_eq!(f.c.move_next(), failed);
        let second = f.c.update();
        let f = f.replacing(2);
        assert_eq!(f.c.step(0, 0), 0);
        vec![moved, each(&[first, second, f.c.update()])]
    }),
    (145, || {
        let got = Scene::new().inserting().c.get_copy(D);
        assert_eq!(got.data, [7, 0, 0, 0]);
        vec![got.code]
    }),
    (146, || {
        let f = Scene::new().replacing(1);
        f.c.set_long(V, 1);
        let (old, new) = (f.c.get(V), f.c.get_copy(V));
        assert_eq!((old.data, new.data), (vec![10, 0, 0, 0], vec![1, 0, 0, 0]));
        vec![each(&[old.code, new.code])]
    }),
    (147, || vec![Scene::new().replacing(1).c.set(V, &[1, 2, 3])]),
    (148, || {
        let f = Scene::new().replacing(1);
        let code = f.c.set(S, &[b'x'; 60]);
        assert_eq!(f.c.get_copy(S).data, [b'x'; 50]);
        vec![code]
    }),
    (149, || {
        let f = Scene::new().replacing(1);
        let empty = f.c.set_as(S, b"", JET_bitSetZeroLength);
        assert_eq!((f.c.get_copy(S).code, f.c.get_copy(S).actual), (0, 0));
        let mut codes = vec![empty];
        for (data, bytes) in [(b"x".as_ptr(), 0), (std::ptr::null(), 5)] {
            assert_eq!(f.c.set(S, b"q"), 0);
            codes.push(f.c.set_raw(S, data, bytes, 0, None));
            assert_eq!(f.c.get_copy(S).code, JET_wrnColumnNull);
        }
        vec![each(&codes)]
    }),
    (150, || {
        let f = Scene::new().replacing(3);
        let code = f.c.set_null(ID);
        assert_eq!(f.c.number_of_copy(ID), Some(3));
        vec![code]
    }),
    (151, || {
        let f = Scene::new().replacing(1);
        let codes = [0, 0x1_0001, 300, 65_248, 65_249, 0x8000_0001].map(|id| f.c.set_long(id, 1));
        let got = f.c.get(0);
        assert_eq!((got.code, got.data, got.next_tagged), (0, vec![5, 0, 0, 0], N));
        codes.to_vec()
    }),
    (152, || {
        let f = Scene::new().replacing(1);
        let mut item = set_item(LB, b"x");
        let codes = [f.c.set(LB, b"x"), f.c.set_null(LB), f.c.set_columns(std::slice::from_mut(&mut item))];
        assert_eq!(item.err, UNTOUCHED);
        vec![each(&codes)]
    }),
    (153, || {
        let f = appended();
        assert_eq!(f.c.get_copy(LB).data, b"abcd");
        vec![0]
    }),
    (154, || {
        let f = appended();
        let code = f.c.set_raw(LB, std::ptr::null(), 10, JET_bitSetSizeLV, None);
        assert_eq!(f.c.get_copy(LB).data, b"abcd\0\0\0\0\0\0");
        vec![code]
    }),
    (155, || {
        let f = appended();
        let code = f.c.set_with(LB, b"X", JET_bitSetOverwriteLV, 1, 1);
        assert_eq!(f.c.get_copy(LB).data, b"aXcd");
        vec![code]
    }),
    (156, || {
        let f = appended();
        let code = f.c.set_with(LB, b"X", JET_bitSetOverwriteLV, 9, 1);
        assert_eq!(f.c.get_copy(LB).data, b"abcd");
        vec![code]
    }),
    (157, || {
        let f = Scene::new().replacing(1);
        let codes = [f.c.set_with(N, &[7, 0, 0, 0], 0, 0, 0), f.c.set_with(N, &[], 0, 0, 1)];
        assert_eq!(f.c.numbers(N, JET_bitRetrieveCopy), [6, 7]);
        assert_eq!(f.c.count_of(N, JET_bitRetrieveCopy), 2);
        assert_eq!(f.c.count_of(N, 0), 2);
        vec![each(&codes)]
    }),
    (158, || {
        let f = Scene::new().replacing(1);
        let code = f.c.set_with(N, &[8, 0, 0, 0], 0, 0, 9);
        assert_eq!(f.c.numbers(N, JET_bitRetrieveCopy), [5, 6, 8]);
        vec![code]
    }),
    (159, || {
        let f = Scene::new().replacing(1);
        vec![f.c.set_with(N, &[5, 0, 0, 0], JET_bitSetUniqueMultiValues, 0, 0)]
    }),
    (160, || {
        let got = Scene::new().at(1).c.get_as(N, Ask { itag: 3, ..Ask::default() });
        assert_eq!(got.actual, 0);
        vec![got.code]
    }),
    (161, || {
        let f = Scene::new().at(1);
        let counts = [N, LB, V, D, 0].map(|column| f.c.count_of(column, 0));
        assert_eq!(counts, [2, 0, 1, 1, 2]);
        assert_eq!(f.c.count_of(D, JET_bitRetrieveIgnoreDefault), 1);
        vec![0]
    }),
    (162, || vec![Scene::new().at(2).c.get(N).code]),
    (163, || {
        let f = with_thousand_bytes();
        let some = f.c.get_as(LB, Ask { room: 10, ..Ask::default() });
        let none = f.c.get_as(LB, Ask { room: 0, ..Ask::default() });
        assert_eq!((some.actual, some.data.len(), none.actual), (1000, 10, 1000));
        vec![each(&[some.code, none.code])]
    }),
    (164, || {
        let f = with_thousand_bytes();
        let [tail, end, beyond] =
            [990, 1000, 2000].map(|offset| f.c.get_as(LB, Ask { offset, ..Ask::default() }));
        assert_eq!((tail.data.len(), end.actual, beyond.actual), (10, 0, 0));
        vec![tail.code, each(&[end.code, beyond.code])]
    }),
    (165, || vec![Scene::new().at(1).c.get(500).code]),
    (166, || {
        let f = Scene::new();
        assert_eq!(f.c.index(c"iv"), 0);
        assert_eq!(f.c.make_key(&20_i32.to_le_bytes(), JET_bitNewKey), 0);
        f.c.seek(JET_bitSeekEQ);
        let from_index = Ask { grbit: JET_bitRetrieveFromIndex, ..Ask::default() };
        let key = f.c.get_as(V, from_index);
        assert_eq!((key.code, key.data), (0, vec![20, 0, 0, 0]));
        vec![f.c.get_as(S, from_index).code]
    }),
    (167, || {
        let grbit = JET_bitRetrieveFromIndex | JET_bitRetrieveFromPrimaryBookmark;
        vec![Scene::new().at(1).c.get_as(ID, Ask { grbit, ..Ask::default() }).code]
    }),
    (168, || {
        let f = Scene::new().at(1);
        let c2 = f.c2().at(1);
        begin(f.s());
        begin(c2.session);
        assert_eq!(f.c.escrow(E, 3, 0), (0, 0));
        let (code, old) = c2.escrow(E, 4, 0);
        assert_eq!(old, 3, "the uncommitted delta of another session is on the page");
        assert_eq!((f.c.number(E), c2.number(E)), (Some(3), Some(4)), "each sees its own");
        assert_eq!(each(&[commit(f.s(), 0), commit(c2.session, 0)]), 0);
        assert_eq!(f.c.number(E), Some(7));
        vec![code]
    }),
    (169, || {
        let f = Scene::new().at(1).in_transaction();
        assert_eq!(f.c.escrow(E, 3, 0).0, 0);
        let c2 = f.c2().at(1);
        begin(c2.session);
        vec![c2.prepare(JET_prepReplace)]
    }),
    (170, || vec![Scene::new().at(1).c.escrow(E, 3, 0).0]),
    (171, || vec![Scene::new().at(1).in_transaction().c.escrow(V, 3, 0).0]),
    (172, || {
        let f = Scene::new();
        let columns = [long(c"id"), column(c"a", JET_coltypLong, JET_bitColumnAutoincrement)];
        let (cursor, ids) = table(c"u", &columns, &[]).made(f.s(), f.dbid());
        let mut drawn = Vec::new();
        for end in [None, Some(JET_prepCancel), None] {
            assert_eq!(cursor.prepare(JET_prepInsert), 0);
            drawn.extend(cursor.number_of_copy(ids[1]));
            assert_eq!(end.map_or_else(|| cursor.update(), |cancel| cursor.prepare(cancel)), 0);
        }
        assert_eq!(drawn, [1, 2, 3], "a value is drawn once, whatever becomes of it");
        assert_eq!(cursor.all(ids[1]), [Some(1), Some(3)], "the second record's is later than the first's");
        vec![0]
    }),
    (173, || {
        let f = Scene::new().at(1);
        assert_eq!(f.c.prepare(JET_prepInsertCopy), JET_errNotInTransaction);
        let f = f.in_transaction();
        assert_eq!(f.c.prepare(JET_prepInsertCopy), 0);
        assert_eq!(each(&[f.c.set_long(ID, 6), f.c.set(S, b"z")]), 0);
        let code = f.c.update();
        assert_eq!(f.c.number(ID), Some(1));
        assert_eq!((f.c.at(6).number(V), f.c.numbers(N, 0)), (Some(10), vec![5, 6]));
        vec![code]
    }),
    (174, || {
        let f = Scene::new().at(1);
        assert_eq!(f.c.prepare(JET_prepInsertCopyReplaceOriginal), 0);
        assert_eq!(f.c.set_long(ID, 8), 0);
        let refused = f.c.delete();
        assert_eq!(f.c.update(), 0);
        assert_eq!(f.f.cursor().ids(), [2, 3, 4, 5, 8]);
        assert_eq!(f.c.get(ID).code, JET_errRecordDeleted);
        assert_eq!((f.c.move_next(), f.c.number(ID)), (0, Some(2)));
        vec![refused]
    }),
    (175, || {
        let (mut changed_meanwhile, mut deleted) = (Vec::new(), Vec::new());
        for prep in [JET_prepReplace, JET_prepReplaceNoLock] {
            for changed in [11, 2] {
                let f = Scene::new().at(1);
                let c2 = f.c2().at(1);
                assert_eq!(each(&[f.c.prepare(prep), f.c.set(S, b"y")]), 0);
                assert_eq!(each(&[c2.prepare(JET_prepReplace), c2.set_long(V, changed), c2.update()]), 0);
                changed_meanwhile.push(f.c.update());
                assert_eq!(c2.delete(), 0);
                deleted.push(f.c.update());
            }
        }
        vec![each(&changed_meanwhile), each(&deleted)]
    }),
    (176, || {
        let f = Scene::new().at(1);
        let all = f.c.enumerate(None, 1 << 20, JET_bitEnumerateCompressOutput);
        let single = |column, data: &[u8]| EnumeratedColumn {
            column,
            err: JET_wrnColumnSingleValue,
            values: vec![(1, 0, data.to_vec())],
        };
        let many = vec![(1, 0, vec![5, 0, 0, 0]), (2, 0, vec![6, 0, 0, 0])];
        let expected = [
            single(ID, &[1, 0, 0, 0]),
            single(V, &[10, 0, 0, 0]),
            single(D, &[7, 0, 0, 0]),
            single(E, &[0; 4]),
            single(S, b"a"),
            EnumeratedColumn { column: N, err: 0, values: many },
        ];
        assert_eq!((all.code, all.columns.as_slice()), (0, &expected[..]));
        let f = f.at(5);
        let all = f.c.enumerate(None, 1 << 20, JET_bitEnumerateCompressOutput);
        let columns: Vec<_> = all.columns.iter().map(|column| column.column).collect();
        assert_eq!((all.code, columns), (0, vec![ID, V, D, E, S]));
        vec![all.columns[1].err]
    }),
    (177, || {
        let f = Scene::new().at(1);
        let both = f.c.enumerate(Some(&[listed(LB), listed(0)]), 1 << 20, 0);
        let without = f.c.enumerate(Some(&[listed(LB)]), 1 << 20, JET_bitEnumerateIgnoreDefault);
        assert_eq!((both.code, without.code), (0, 0));
        vec![both.columns[0].err, both.columns[1].err, without.columns[0].err]
    }),
];

/// F with "ab" and "cd" appended to `lb` of record 1 in a transaction, not yet updated.
fn appended() -> Scene {
    let f = Scene::new().in_transaction().replacing(1);
    let codes = [b"ab", b"cd"].map(|part| f.c.set_as(LB, part, JET_bitSetAppendLV));
    assert_eq!(each(&codes), 0);
    f
}

/// F with a `lb` of 1,000 bytes in record 1, which C is on.
fn with_thousand_bytes() -> Scene {
    let f = Scene::new().in_transaction().replacing(1);
    assert_eq!(each(&[f.c.set(LB, &[3; 1000]), f.c.update(), commit(f.s(), 0)]), 0);
    f
}

/// A column of a list, all its values.
fn listed(columnid: u32) -> JET_ENUMCOLUMNID {
    JET_ENUMCOLUMNID { columnid, ctagSequence: 0, rgtagSequence: std::ptr::null_mut() }
}
