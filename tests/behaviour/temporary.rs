//! Temporary tables (spec 09 §12, §15.6).

use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::api::*;

use crate::Row;
use crate::cursor::Cursor;
use crate::define::*;
use crate::harness::*;

/// The columns of most tables here: a key, and a number.
pub(crate) const KEY_AND_NUMBER: [NewColumn; 2] =
    [column(c"", JET_coltypLong, JET_bitColumnTTKey), long(c"")];

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (206, || {
        let fixture = Fixture::new();
        let mut ends = Vec::new();
        for grbit in [JET_bitTTUnique, 0] {
            let (t, ids) = temporary(fixture.session, &KEY_AND_NUMBER, grbit);
            fill(t, &ids, &[(3, 30), (1, 10), (3, 31)]);
            assert_eq!((t.move_first(), t.number(ids[0]), t.number(ids[1])), (0, Some(1), Some(10)));
            assert_eq!(
                (t.move_next(), t.number(ids[0]), t.number(ids[1])),
                (0, Some(3), Some(30)),
                "the first one stays"
            );
            ends.push(t.move_next());
        }
        let (t, ids) = temporary(fixture.session, &KEY_AND_NUMBER, JET_bitTTForwardOnly);
        fill(t, &ids, &[(3, 30), (1, 10), (3, 31)]);
        assert_eq!(t.all(ids[0]), [1, 3, 3].map(Some));
        vec![each(&ends)]
    }),
    (207, || {
        let (_fixture, t, ids) = open_sort(0);
        let before = t.step(-1, 0);
        fill(t, &ids, &[(1, 1), (2, 2)]);
        assert_eq!(t.move_first(), 0);
        vec![each(&[before, t.step(-1, 0)])]
    }),
    (208, || {
        let (_fixture, t, ids) = open_sort(0);
        let (mut bookmark, mut actual) = ([0_u8; 16], 0);
        // SAFETY: the bookmark has as many bytes as is told.
        let place =
            unsafe { JetGetBookmark(t.session, t.table, bookmark.as_mut_ptr().cast(), 16, &raw mut actual) };
        assert_eq!(t.prepare(JET_prepInsert), 0);
        vec![each(&[place, t.get_copy(ids[0]).code])]
    }),
    (209, || {
        let fixture = Fixture::new();
        let grbit = JET_bitTTForwardOnly | JET_bitTTUpdatable;
        vec![open_temporary(fixture.session, &KEY_AND_NUMBER, grbit).0]
    }),
    (210, || {
        let (_fixture, t, ids) = open_sort(JET_bitTTForceMaterialization);
        fill(t, &ids, &[(1, 1), (3, 3)]);
        let codes = [t.prepare(JET_prepInsert), t.set_long(ids[0], 3)];
        assert_eq!(each(&codes), 0);
        vec![t.update()]
    }),
    (211, || vec![open_sort(0).1.first()]),
    (212, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        let (t, _) = temporary(fixture.session, &KEY_AND_NUMBER, 0);
        assert_eq!(rollback(fixture.session, 0), 0);
        vec![each(&[t.move_first(), t.prepare(JET_prepInsert), t.close()])]
    }),
    (342, || {
        let fixture = Fixture::new();
        let both = [JET_bitTTUpdatable, JET_bitTTUpdatable | JET_bitTTIndexed].map(|grbit| {
            let (t, ids) = temporary(fixture.session, &KEY_AND_NUMBER, grbit);
            fill(t, &ids, &[(5, 0), (3, 0)]);
            assert_eq!(t.all(ids[0]), [3, 5].map(Some));
            let mut last = 0;
            for key in [4, 1, 3] {
                assert_eq!(each(&[last, t.prepare(JET_prepInsert), t.set_long(ids[0], key)]), 0);
                last = t.update();
            }
            (last, t.all(ids[0]).into_iter().flatten().collect::<Vec<_>>())
        });
        assert_eq!(both[0], (0, vec![3, 5, 4, 1, 3]));
        assert_eq!(both[1].1, [1, 3, 4, 5]);
        vec![both[1].0]
    }),
    (343, || {
        let (_fixture, t, ids) = open_sort(JET_bitTTScrollable | JET_bitTTIndexed);
        fill(t, &ids, &[(5, 0), (1, 0), (3, 0)]);
        let seek = |grbit| {
            assert_eq!(t.make_key(&[2, 0, 0, 0], JET_bitNewKey), 0);
            t.seek(grbit)
        };
        let above = seek(JET_bitSeekGE);
        assert_eq!(t.number(ids[0]), Some(3));
        let below = seek(JET_bitSeekLE);
        assert_eq!(t.number(ids[0]), Some(1));
        vec![above, below, seek(JET_bitSeekEQ)]
    }),
    (344, || {
        let (fixture, t, ids) = open_sort(JET_bitTTForceMaterialization);
        fill(t, &ids, &[(1, 1)]);
        begin(fixture.session);
        assert_eq!(t.move_first(), 0);
        let (mut text, mut count) = ([0_i8; 64], 0);
        let place = text.as_mut_ptr();
        // SAFETY: the places have as many bytes as is told.
        let refused = unsafe {
            [
                JetGetLock(t.session, t.table, JET_bitWriteLock),
                JetGetCurrentIndex(t.session, t.table, place, 64),
                JetIndexRecordCount(t.session, t.table, &raw mut count, 0),
                JetGetTableColumnInfo(t.session, t.table, c"a".as_ptr(), place.cast(), 64, JET_ColInfo),
                JetGetTableIndexInfo(t.session, t.table, c"".as_ptr(), place.cast(), 64, JET_IdxInfoCount),
            ]
        };
        // SAFETY: as above.
        let name = unsafe { JetGetTableInfo(t.session, t.table, place.cast(), 64, JET_TblInfoName) };
        vec![each(&refused), name]
    }),
    (345, || {
        let fixture = Fixture::new();
        let down = JET_bitColumnTTKey | JET_bitColumnTTDescending;
        let columns = [column(c"", JET_coltypLong, down), column(c"", JET_coltypLong, JET_bitColumnTTKey)];
        let low =
            [(Some(2), None), (Some(2), Some(1)), (Some(1), Some(1)), (Some(1), Some(2)), (None, Some(5))];
        let high =
            [(None, Some(5)), (Some(2), Some(1)), (Some(2), None), (Some(1), Some(1)), (Some(1), Some(2))];
        for (grbit, expected) in [(0, low), (JET_bitTTSortNullsHigh, high)] {
            let (t, ids) = temporary(fixture.session, &columns, grbit);
            for (a, b) in
                [(Some(1), Some(2)), (None, Some(5)), (Some(2), Some(1)), (Some(1), Some(1)), (Some(2), None)]
            {
                assert_eq!(t.prepare(JET_prepInsert), 0);
                let codes =
                    [a.map(|a| t.set_long(ids[0], a)), b.map(|b| t.set_long(ids[1], b)), Some(t.update())];
                assert_eq!(each(&codes.into_iter().flatten().collect::<Vec<_>>()), 0);
            }
            let (first, second) = (t.all(ids[0]), t.all(ids[1]));
            assert_eq!(first.into_iter().zip(second).collect::<Vec<_>>(), expected);
        }
        vec![0]
    }),
];

/// JetOpenTempTable; the code, the cursor and the columns' ids.
pub(crate) fn open_temporary(session: usize, columns: &[NewColumn], grbit: u32) -> (i32, Cursor, Vec<u32>) {
    let definitions: Vec<_> = columns.iter().map(NewColumn::definition).collect();
    let (mut ids, mut table) = (vec![0_u32; columns.len()], 0);
    // SAFETY: both lists have as many items as is told.
    let code = unsafe {
        JetOpenTempTable(
            session,
            definitions.as_ptr(),
            definitions.len() as u32,
            grbit,
            &raw mut table,
            ids.as_mut_ptr(),
        )
    };
    (code, Cursor { session, table }, ids)
}

/// As [`open_temporary`], where nothing may fail.
pub(crate) fn temporary(session: usize, columns: &[NewColumn], grbit: u32) -> (Cursor, Vec<u32>) {
    let (code, cursor, ids) = open_temporary(session, columns, grbit);
    assert_eq!(code, 0, "JetOpenTempTable");
    (cursor, ids)
}

/// A table of a key and a number in a fresh fixture.
fn open_sort(grbit: u32) -> (Fixture, Cursor, Vec<u32>) {
    let fixture = Fixture::new();
    let (cursor, ids) = temporary(fixture.session, &KEY_AND_NUMBER, grbit);
    (fixture, cursor, ids)
}

/// Inserts keys and numbers.
pub(crate) fn fill(t: Cursor, ids: &[u32], rows: &[(i32, i32)]) {
    for (key, value) in rows {
        let codes =
            [t.prepare(JET_prepInsert), t.set_long(ids[0], *key), t.set_long(ids[1], *value), t.update()];
        assert_eq!(each(&codes), 0);
    }
}
