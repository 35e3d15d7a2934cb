//! Records: what was met on the way (spec 09 §15.7).

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;

use crate::Row;
use crate::cursor::Cursor;
use crate::define::*;
use crate::fixture::*;
use crate::harness::*;
use crate::values::*;

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (306, || {
        let f = Scene::new().in_transaction();
        assert_eq!((f.c.move_last(), f.c.move_next()), (0, JET_errNoCurrentRecord));
        let code = f.c.escrow(E, 3, 0).0;
        assert_eq!(f.c.all(E), [Some(0); 5]);
        vec![code]
    }),
    (307, || {
        let f = Scene::new().at(1);
        let refused = [JET_prepInsertCopy, JET_prepReadOnlyCopy].map(|prep| f.c.prepare(prep));
        let mut taken = Vec::new();
        for prep in [JET_prepInsertCopyDeleteOriginal, JET_prepInsertCopyReplaceOriginal] {
            taken.extend([f.c.prepare(prep), f.c.prepare(JET_prepCancel)]);
        }
        vec![each(&refused), each(&taken)]
    }),
    (308, || {
        let f = Scene::new().at(1).inserting();
        assert_eq!(f.c.number(ID), Some(1));
        vec![f.c.get_copy(ID).code]
    }),
    (309, || {
        let got = Scene::new().at(3).c.get_copy(ID);
        assert_eq!(got.data, [3, 0, 0, 0]);
        vec![got.code]
    }),
    (310, || {
        let f = Scene::new();
        let insert = |id, s: Option<&[u8]>| {
            assert_eq!(each(&[f.c.prepare(JET_prepInsert), f.c.set_long(ID, id)]), 0);
            if let Some(s) = s {
                assert_eq!(f.c.set(S, s), 0);
            }
            let code = f.c.update();
            if code != 0 {
                assert_eq!(f.c.prepare(JET_prepCancel), 0);
            }
            code
        };
        assert_eq!(insert(6, None), 0);
        vec![insert(7, None), insert(7, Some(b"A"))]
    }),
    (311, || {
        let f = Scene::new();
        let columns = [long(c"id"), long(c"v"), column(c"ver", JET_coltypLong, JET_bitColumnVersion)];
        let (cursor, ids) = table(c"u", &columns, &[]).made(f.s(), f.dbid());
        assert_eq!(each(&[cursor.prepare(JET_prepInsert), cursor.set_long(ids[1], 5)]), 0);
        assert_eq!(cursor.get_copy(ids[2]).code, JET_wrnColumnNull, "it is there with the update");
        assert_eq!(each(&[cursor.update(), cursor.move_first()]), 0);
        assert_eq!(cursor.number(ids[2]), Some(0));
        let same = [cursor.prepare(JET_prepReplace), cursor.set_long(ids[1], 5), cursor.update()];
        assert_eq!(cursor.number(ids[2]), Some(1), "its own value is a change");
        let nothing = [cursor.prepare(JET_prepReplace), cursor.update()];
        assert_eq!(cursor.number(ids[2]), Some(1));
        assert_eq!(cursor.prepare(JET_prepReplace), 0);
        assert_eq!(cursor.set_long(ids[2], 5), JET_errInvalidColumnType);
        vec![each(&[each(&same), each(&nothing)])]
    }),
    (312, || {
        let f = Scene::new();
        let (code, added) = f.c.add_column(&column(c"must", JET_coltypLong, JET_bitColumnNotNULL));
        assert_eq!(code, 0);
        let f = f.replacing(1);
        assert_eq!(f.c.get(added).code, JET_wrnColumnNull);
        let old = [f.c.set_long(V, 11), f.c.update()];
        let f = f.inserting();
        f.c.set_long(ID, 6);
        vec![each(&old), f.c.update()]
    }),
    (313, || {
        let f = Scene::new().in_transaction().replacing(1);
        let mut codes =
            vec![f.c.set(LB, b"abcd"), f.c.set_raw(LB, std::ptr::null(), 0, JET_bitSetSizeLV, None)];
        assert_eq!(f.c.get_copy(LB).code, JET_wrnColumnNull);
        codes.push(f.c.set(LB, b"abcd"));
        codes.push(f.c.set_raw(LB, std::ptr::null(), 0, JET_bitSetSizeLV | JET_bitSetZeroLength, None));
        assert_eq!((f.c.get_copy(LB).code, f.c.get_copy(LB).actual), (0, 0));
        codes.push(f.c.set_null(LB));
        assert_eq!(f.c.get_copy(LB).code, JET_wrnColumnNull);
        codes.push(f.c.set_raw(LB, std::ptr::null(), 0, JET_bitSetAppendLV, None));
        assert_eq!((f.c.get_copy(LB).code, f.c.get_copy(LB).actual), (0, 0));
        vec![each(&codes)]
    }),
    (314, || {
        let mut codes = Vec::new();
        for (data, grbit, expected) in [
            (b"XY".as_slice(), JET_bitSetAppendLV | JET_bitSetOverwriteLV, b"XY".as_slice()),
            (b"Q", JET_bitSetOverwriteLV | JET_bitSetSizeLV, b"aQ"),
        ] {
            let f = Scene::new().in_transaction().replacing(1);
            codes.extend([f.c.set(LB, b"abcd"), f.c.set_with(LB, data, grbit, 1, 1)]);
            assert_eq!(f.c.get_copy(LB).data, expected);
        }
        vec![each(&codes)]
    }),
    (315, || {
        let f = Scene::new().in_transaction().replacing(1);
        let unique = [JET_bitSetUniqueMultiValues, JET_bitSetUniqueNormalizedMultiValues];
        let parts = [JET_bitSetAppendLV, JET_bitSetOverwriteLV, JET_bitSetSizeLV];
        let mut refused = vec![0x8000_0000, 0x4000_0000, JET_bitSetContiguousLV];
        refused.extend(unique.iter().flat_map(|unique| parts.map(|part| unique | part)));
        let codes: Vec<_> = refused.iter().map(|grbit| f.c.set_as(LB, b"x", *grbit)).collect();
        vec![each(&codes)]
    }),
    (316, || {
        let (f, cursor, column) = with_tagged_default();
        let in_transaction = begin(f.s());
        assert_eq!(cursor.number(column), Some(9));
        assert_eq!(each(&[in_transaction, cursor.prepare(JET_prepReplace)]), 0);
        let code = cursor.set_with(column, &[4, 0, 0, 0], 0, 0, 2);
        assert_eq!(cursor.numbers(column, JET_bitRetrieveCopy), [4]);
        vec![code]
    }),
    (317, || {
        let (_f, cursor, column) = with_tagged_default();
        assert_eq!(each(&[cursor.prepare(JET_prepReplace), cursor.set_null(column), cursor.update()]), 0);
        assert_eq!(cursor.get(column).code, JET_wrnColumnNull);
        let got = cursor.get_as(0, Ask { grbit: JET_bitRetrieveNull, ..Ask::default() });
        assert_eq!(got.next_tagged, column);
        assert_eq!((cursor.count_of(column, 0), cursor.count_of(0, 0)), (0, 0));
        vec![got.code]
    }),
    (318, || {
        let f = Scene::new().in_transaction().replacing(1);
        assert_eq!(each(&[f.c.set(LB, &[7; 20_000]), f.c.update()]), 0);
        assert_eq!(f.c.prepare(JET_prepInsertCopy), 0);
        assert_eq!(each(&[f.c.set_long(ID, 6), f.c.set(S, b"z"), f.c.update()]), 0);
        let count = f.c.get_as(LB, Ask { grbit: JET_bitRetrieveLongValueRefCount, ..Ask::default() });
        assert_eq!(count.data, 2_u32.to_le_bytes());
        assert_eq!(each(&[f.c.at(6).prepare(JET_prepReplace), 0]), 0);
        assert!(f.c.set_as(LB, b"!", JET_bitSetAppendLV) >= 0);
        assert_eq!(f.c.update(), 0);
        assert_eq!((f.c.get(LB).actual, f.c.at(1).get(LB).actual), (20_001, 20_000));
        vec![count.code]
    }),
    (319, || {
        let f = Scene::new().at(1).in_transaction();
        let deltas = [f.c.escrow(E, 5, JET_bitEscrowNoRollback), f.c.escrow(E, 5, 0)];
        assert_eq!(deltas, [(0, 0), (0, 5)]);
        let code = rollback(f.s(), 0);
        assert_eq!(f.c.at(1).number(E), Some(5));
        vec![code]
    }),
    (320, || {
        let f = Scene::new();
        let columns = [long(c"id"), column(c"a", JET_coltypLong, JET_bitColumnAutoincrement)];
        let (cursor, ids) = table(c"u", &columns, &[]).made(f.s(), f.dbid());
        for _ in 0..3 {
            assert_eq!(each(&[cursor.prepare(JET_prepInsert), cursor.update()]), 0);
        }
        assert_eq!(cursor.prepare(JET_prepInsertMustSetAutoIncrement), 0);
        let codes = vec![
            cursor.update(),
            cursor.set_long(ids[1], 0),
            cursor.set_long(ids[1], 4),
            cursor.set_long(ids[1], 2),
        ];
        assert_eq!(cursor.update(), 0);
        assert_eq!(cursor.all(ids[1]), [1, 2, 3, 2].map(Some));
        assert_eq!(f.c.prepare(JET_prepInsertMustSetAutoIncrement), JET_errIllegalOperation);
        codes
    }),
    (321, || {
        let f = Scene::new().at(1);
        let (mut short, mut whole) = ([0xCD; 2], [0xCD; 4]);
        let mut items =
            [retrieve_item(V, &mut short), retrieve_item(500, &mut []), retrieve_item(D, &mut whole)];
        let code = f.c.retrieve_columns(&mut items);
        assert_eq!((items[0].err, items[0].cbActual), (JET_wrnBufferTruncated, 4));
        assert_eq!(items.map(|item| item.err)[1..], [UNTOUCHED; 2]);
        assert_eq!((short, whole), ([10, 0], [0xCD; 4]));
        vec![code]
    }),
    (322, || {
        let f = Scene::new().at(1);
        let answer = f.c.enumerate(Some(&[listed(V), listed(500), listed(D)]), 1 << 20, 0);
        let errs: Vec<_> = answer.columns.iter().map(|column| column.err).collect();
        assert_eq!(errs, [0, JET_errColumnNotFound, 0]);
        assert_eq!(answer.columns[2].values, [(1, 0, vec![7, 0, 0, 0])]);
        vec![answer.code]
    }),
    (323, || {
        let f = Scene::new().in_transaction().replacing(1);
        assert_eq!(each(&[f.c.set(LB, &[7; 20_000]), f.c.update()]), 0);
        let only = |most, grbit| f.c.enumerate(Some(&[listed(LB)]), most, grbit).columns.remove(0).values;
        for grbit in [0, JET_bitEnumerateCompressOutput] {
            let [(itag, err, data)] = &only(10, grbit)[..] else { panic!("one value") };
            assert_eq!((*itag, *err, data.as_slice()), (1, JET_wrnColumnTruncated, &[7; 10][..]));
        }
        let cut = only(10, 0)[0].1;
        vec![cut, only(1 << 20, JET_bitEnumerateInRecordOnly)[0].1]
    }),
    (341, || {
        let (_f, cursor, column) = with_tagged_default();
        let ids = |grbit| {
            let answer = cursor.enumerate(None, 1 << 20, grbit);
            assert_eq!(answer.code, 0);
            answer.columns.iter().map(|column| column.column).collect::<Vec<_>>()
        };
        assert_eq!((ids(0), ids(JET_bitEnumerateIgnoreDefault)), (vec![1, 2, column], vec![1, 2]));
        assert_eq!(each(&[cursor.prepare(JET_prepReplace), cursor.set_null(column), cursor.update()]), 0);
        let errs = [0, JET_bitEnumerateIgnoreDefault].map(|grbit| {
            let answer = cursor.enumerate(None, 1 << 20, grbit);
            assert_eq!((answer.columns[2].column, answer.columns.len()), (column, 3));
            answer.columns[2].err
        });
        vec![each(&errs)]
    }),
];

/// A column of a list, all its values.
fn listed(columnid: u32) -> JET_ENUMCOLUMNID {
    JET_ENUMCOLUMNID { columnid, ctagSequence: 0, rgtagSequence: std::ptr::null_mut() }
}

/// A table of one record with `id`, a fixed column with default 3 and a tagged one with default 9, and the cursor on it.
fn with_tagged_default() -> (Scene, Cursor, u32) {
    let f = Scene::new();
    let columns = [
        long(c"id"),
        long(c"fixed").with_default(&[3, 0, 0, 0]),
        column(c"tagged", JET_coltypLong, JET_bitColumnTagged).with_default(&[9, 0, 0, 0]),
    ];
    let (cursor, ids) = table(c"u", &columns, &[]).made(f.s(), f.dbid());
    let codes =
        [cursor.prepare(JET_prepInsert), cursor.set_long(ids[0], 1), cursor.update(), cursor.move_first()];
    assert_eq!(each(&codes), 0);
    (f, cursor, ids[2])
}
