//! Definitions: tables, columns and indexes made, changed and told (spec 09 §15.6).

use std::ffi::{CStr, CString, c_void};
use std::path::Path;
use std::ptr::null;

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::Row;
use crate::cursor::Cursor;
use crate::define::*;
use crate::fixture::*;
use crate::harness::*;
use crate::information::*;
use crate::values::*;

/// The rows of the plan.
pub(crate) const ROWS: &[Row] = &[
    (178, || {
        let f = Scene::new();
        vec![create_table(f.s(), f.dbid(), c"t").1]
    }),
    (179, || {
        let f = Scene::new();
        let (long_name, blank) = ("x".repeat(65), format!("{} ", "y".repeat(64)));
        let bad = ["", " x", "a.b", &long_name, &blank].map(|name| CString::new(name).unwrap());
        let good = ["x ", "a/b", "ä"].map(|name| CString::new(name).unwrap());
        let [refused, taken] = [&bad[..], &good[..]].map(|names| {
            each(&names.iter().map(|name| create_table(f.s(), f.dbid(), name).1).collect::<Vec<_>>())
        });
        f.open(c"x", 0);
        // In the W form it is the same name: one byte of code page 1252 in the catalog.
        let (wide, mut table) = ([0xE4_u16, 0], 0);
        // SAFETY: the name ends with a zero, the place is a local.
        let code = unsafe { JetOpenTableW(f.s(), f.dbid(), wide.as_ptr(), null(), 0, 0, &raw mut table) };
        assert_eq!(code, 0);
        vec![refused, taken]
    }),
    (180, || {
        let f = Scene::new();
        let columns = [long(c"a"), column(c"b", JET_coltypBinary, 0)];
        let created =
            table(c"u", &columns, &[index(c"x", b"+a\0\0", JET_bitIndexPrimary)]).create(f.s(), f.dbid());
        assert_eq!((created.code, created.count, created.ids.as_slice()), (0, 4, &[1, 128][..]));
        assert_eq!((created.column_errs, created.index_errs), (vec![0, 0], vec![0]));
        let Second { session, dbid } = f.second();
        vec![Cursor::open(session, dbid, c"u", 0).1]
    }),
    (181, || {
        let f = Scene::new();
        let columns = [long(c"a"), column(c"b", 99, 0)];
        let created = table(c"u", &columns, &[index(c"x", b"+a\0\0", 0)]).create(f.s(), f.dbid());
        assert_eq!((created.count, created.table), (2, JET_tableidNil));
        assert_eq!(created.column_errs, [0, JET_errInvalidColumnType]);
        assert_eq!(created.index_errs, [UNTOUCHED]);
        assert_eq!(Cursor::open(f.s(), f.dbid(), c"u", 0).1, JET_errObjectNotFound);
        vec![created.code]
    }),
    (182, || {
        let f = Scene::new();
        let Second { session, dbid } = f.second();
        vec![Cursor::open(session, dbid, c"t", JET_bitTableDenyRead).1]
    }),
    (183, || {
        let (f, _c) = opened_with(JET_bitTableDenyRead);
        let Second { session, dbid } = f.second();
        vec![Cursor::open(session, dbid, c"t", 0).1]
    }),
    (184, || {
        let (_f, c) = opened_with(JET_bitTableReadOnly);
        vec![c.prepare(JET_prepInsert)]
    }),
    (185, || {
        let f = Scene::new();
        let Second { session, dbid } = f.second();
        let delete = |session, dbid, name: &CStr| {
            // SAFETY: the name ends with a zero.
            unsafe { JetDeleteTable(session, dbid, name.as_ptr()) }
        };
        let open = [delete(f.s(), f.dbid(), c"t"), delete(session, dbid, c"t")];
        let system = delete(f.s(), f.dbid(), c"MSysObjects");
        f.c.close();
        vec![each(&open), system, delete(f.s(), f.dbid(), c"t")]
    }),
    (186, || {
        let f = Scene::new().at(3);
        let code = f.c.add_column(&long(c"V")).0;
        assert_eq!(f.c.number(ID), Some(3));
        assert_eq!(f.c.add_column(&long(c"q")).0, 0);
        assert_eq!(f.c.get(ID).code, JET_errNoCurrentRecord);
        assert_eq!((f.c.move_next(), f.c.number(ID)), (0, Some(1)));
        vec![code]
    }),
    (187, || {
        let f = Scene::new();
        let (code, q) = f.c.add_column(&long(c"q").with_default(&[9, 0, 0, 0]));
        assert_eq!(f.at(1).c.number(q), Some(9));
        vec![code]
    }),
    (188, || {
        let f = Scene::new().at(3);
        let codes = [c"v", c"s", c"d"].map(|name| delete_column(f.c, name));
        assert_eq!((f.c.move_next(), f.c.number(ID)), (0, Some(1)));
        codes.to_vec()
    }),
    (189, || {
        let f = Scene::new();
        let (code, _) = f.c.add_column(&column(c"q", JET_coltypText, 0).with_most(300));
        assert_eq!(column_definition(f.c, c"q").1.cbMax, 255);
        vec![code]
    }),
    (190, || {
        let both = column(c"q", JET_coltypLong, JET_bitColumnTagged | JET_bitColumnFixed);
        vec![Scene::new().c.add_column(&both).0]
    }),
    (191, || {
        let f = Scene::new();
        let auto = |name| column(name, JET_coltypLong, JET_bitColumnAutoincrement);
        vec![table(c"u", &[auto(c"a"), auto(c"b")], &[]).create(f.s(), f.dbid()).code]
    }),
    (192, || {
        let f = Scene::new();
        let key_of = |columns: usize| {
            let key: Vec<u8> = (0..columns).flat_map(|_| *b"+v\0").chain([0]).collect();
            let new = NewIndex { name: c"many", key: key.leak(), grbit: 0 };
            f.c.create_index(&new)
        };
        let unsigned = f.c.create_index(&index(c"x", b"v\0\0", 0));
        let unknown = f.c.create_index(&index(c"x", b"+q\0\0", 0));
        let (too_many, most) = (key_of(17), key_of(16));
        let later = [index(c"y", b"-v\0d\0\0", 0), index(c"z", b"+v\0-v\0\0", 0)];
        vec![unsigned, unknown, too_many, most, each(&later.map(|index| f.c.create_index(&index)))]
    }),
    (193, || {
        let f = Scene::new();
        let code = f.c.create_index(&index(c"uv", b"+v\0\0", JET_bitIndexUnique));
        assert_eq!(f.c.index(c"uv"), JET_errIndexNotFound);
        vec![code]
    }),
    (194, || vec![Scene::new().c.create_index(&index(c"p", b"+v\0\0", JET_bitIndexPrimary))]),
    (195, || {
        let f = Scene::new();
        let code = f.c.create_index(&index(c"nn", b"+v\0\0", JET_bitIndexDisallowNull));
        assert_eq!(f.c.index(c"nn"), JET_errIndexNotFound);
        vec![code]
    }),
    (196, || {
        let f = Scene::new();
        let c2 = f.c2();
        assert_eq!(c2.index(c"iv"), 0);
        let others = delete_index(f.c, c"iv");
        assert_eq!(each(&[c2.close(), f.c.index(c"iv")]), 0);
        vec![each(&[others, delete_index(f.c, c"iv")])]
    }),
    (197, || vec![delete_index(Scene::new().c, c"pk")]),
    (198, || {
        let f = Scene::new();
        let (creator, _) =
            table(c"u", &[long(c"a")], &[]).with_grbit(JET_bitTableCreateFixedDDL).made(f.s(), f.dbid());
        let plain = f.open(c"u", 0).add_column(&long(c"b")).0;
        vec![plain, creator.add_column(&long(c"b")).0, delete_column(creator, c"a")]
    }),
    (199, || {
        let (_f, derived) = derived();
        // SAFETY: the name ends with a zero.
        let own_only = unsafe {
            JetDeleteColumn2(
                derived.session,
                derived.table,
                c"a".as_ptr(),
                JET_bitDeleteColumnIgnoreTemplateColumns,
            )
        };
        vec![delete_column(derived, c"a"), own_only]
    }),
    (200, || {
        let f = Scene::new().in_transaction();
        let inside = f.c.rename_column(c"v", c"w");
        rollback(f.s(), 0);
        vec![inside, f.c.rename_column(c"v", c"D")]
    }),
    (201, || {
        let f = Scene::new();
        let (code, rows) = index_list(f.c, c"");
        let told = |rows: &[IndexRow]| {
            rows.iter().map(|row| (row.name.clone(), row.grbit, row.keys, row.entries)).collect::<Vec<_>>()
        };
        let names = ["in", "iv", "pk", "us"].map(String::from);
        let expected = |counts: [(i32, i32); 4]| {
            let grbits = [8, 0, 3, 1];
            let rows = names.iter().cloned().zip(grbits).zip(counts);
            rows.map(|((name, grbit), (keys, entries))| (name, grbit, keys, entries)).collect::<Vec<_>>()
        };
        assert_eq!(told(&rows), expected([(0, 0); 4]));
        // SAFETY: any numbers may be passed.
        assert_eq!(unsafe { JetComputeStats(f.s(), f.c.table) }, 0);
        assert_eq!(told(&index_list(f.c, c"").1), expected([(2, 2), (4, 5), (5, 5), (5, 5)]));
        vec![code]
    }),
    (202, || {
        let f = Scene::new();
        let (code, rows) = column_list(f.c);
        assert_eq!(rows, ["d", "e", "id", "lb", "n", "s", "v"]);
        vec![code]
    }),
    (203, || {
        let f = Scene::new();
        let (code, rows) = object_list(f.s(), f.dbid());
        assert_eq!(rows, ["MSysLocales", "MSysObjects", "MSysObjectsShadow", "MSysObjids", "t"]);
        vec![code]
    }),
    (204, || {
        // That file is not at hand; the same call on those that are, which Windows wrote.
        let Some(corpus) = ese_corpus::corpus() else {
            ese_corpus::skipped("row 204");
            return vec![0];
        };
        let names = ["srum/SRUDB.dat", "srum-aptsimulator/SRUDB.dat", "srum-belkasoft/Clean/SRUDB.dat"];
        let codes: Vec<_> = names.iter().filter_map(|name| lists_in_order(&corpus, name)).collect();
        assert!(!codes.is_empty(), "the corpus has files of Windows");
        vec![each(&codes)]
    }),
    (205, || {
        let f = Scene::new();
        let mut place = [0_u8; 512];
        let codes = [3, 20, 21].map(|level| {
            // SAFETY: the place has as many bytes as is told.
            unsafe { JetGetTableInfo(f.s(), f.c.table, place.as_mut_ptr().cast::<c_void>(), 512, level) }
        });
        vec![each(&codes)]
    }),
    (324, || {
        let mut codes = Vec::new();
        let f = Scene::new().at(2);
        let place = |c: Cursor| (c.move_next(), c.number(ID));
        codes.push(f.c.add_column(&long(c"q")).0);
        assert_eq!(place(f.c), (0, Some(1)));
        codes.push(delete_column(f.c.at(2), c"q"));
        assert_eq!(place(f.c), (0, Some(1)));
        codes.push(f.c.at(2).create_index(&index(c"ix", b"+d\0\0", 0)));
        assert_eq!(place(f.c), (0, Some(3)));
        codes.push(delete_index(f.c.at(2), c"ix"));
        assert_eq!(place(f.c), (0, Some(3)));
        codes.push(f.c.at(2).rename_column(c"d", c"dd"));
        assert_eq!(place(f.c), (0, Some(3)));
        vec![each(&codes)]
    }),
    (325, || {
        let f = Scene::new();
        let (_creator, _) = table(c"u", &[long(c"a")], &[]).made(f.s(), f.dbid());
        let own = [0, JET_bitTableReadOnly, JET_bitTableDenyWrite, JET_bitTableDenyRead]
            .map(|grbit| Cursor::open(f.s(), f.dbid(), c"u", grbit).1);
        let Second { session, dbid } = f.second();
        vec![each(&own), Cursor::open(session, dbid, c"u", 0).1]
    }),
    (326, || {
        let f = Scene::new().at(2);
        let Second { session, dbid } = f.second();
        let own = rename_table(f.s(), f.dbid(), c"t", c"u");
        let other = rename_table(session, dbid, c"u", c"w");
        let on = f.c.move_next();
        assert_eq!(f.c.number(ID), Some(3));
        f.open(c"w", 0);
        vec![own, other, on]
    }),
    (327, || {
        let f = Scene::new();
        create_table(f.s(), f.dbid(), c"u");
        vec![each(&[rename_table(f.s(), f.dbid(), c"t", c"U"), f.c.rename_column(c"v", c"d")])]
    }),
    (328, || {
        let f = Scene::new();
        let columns = [
            long(c"id"),
            long(c"fixed").with_default(&[3, 0, 0, 0]),
            column(c"variable", JET_coltypBinary, 0).with_default(b"old "),
            column(c"tagged", JET_coltypLong, JET_bitColumnTagged).with_default(&[9, 0, 0, 0]),
        ];
        let (c, ids) = table(c"u", &columns, &[]).made(f.s(), f.dbid());
        let insert = |id| each(&[c.prepare(JET_prepInsert), c.set_long(ids[0], id), c.update()]);
        assert_eq!(insert(1), 0);
        let codes =
            [c"fixed", c"variable", c"tagged"].map(|name| set_default(f.s(), f.dbid(), c"u", name, b"new "));
        assert_eq!(insert(2), 0);
        let read = |c: Cursor| [1, 2, 3].map(|place: usize| c.get(ids[place]).data);
        assert_eq!(c.move_first(), 0);
        assert_eq!(read(c), [&[3, 0, 0, 0][..], b"old ", b"new "]);
        assert_eq!(c.move_next(), 0);
        assert_eq!(read(c), [b"new "; 3]);
        vec![each(&codes)]
    }),
    (329, || {
        let f = Scene::new();
        let Second { session, dbid } = f.second();
        let other = set_default(session, dbid, c"t", c"d", &[8, 0, 0, 0]);
        vec![other, set_default(f.s(), f.dbid(), c"t", c"d", &[8, 0, 0, 0])]
    }),
    (330, || {
        let f = Scene::new();
        let columns = [long(c"a"), long(c"b")];
        let (creator, _) = table(c"u", &columns, &[index(c"ix", b"+a\0\0", 0)])
            .with_grbit(JET_bitTableCreateFixedDDL)
            .made(f.s(), f.dbid());
        creator.close();
        let grbit = JET_bitTablePermitDDL | JET_bitTableDenyRead;
        let before = Cursor::open(f.s(), f.dbid(), c"u", grbit);
        before.0.close();
        // SAFETY: any numbers may be passed.
        assert_eq!(unsafe { JetIdle(f.s(), JET_bitIdleCompact) }, JET_wrnNoIdleActivity);
        let c = f.open(c"u", grbit);
        vec![
            c.add_column(&long(c"c")).0,
            c.create_index(&index(c"iy", b"+b\0\0", 0)),
            delete_column(c, c"b"),
            delete_index(c, c"ix"),
            before.1,
        ]
    }),
    (331, || {
        let f = Scene::new();
        let auto = column(c"auto", JET_coltypLong, JET_bitColumnAutoincrement);
        let plain = f.c.add_column(&auto).0;
        f.c.close();
        let c = f.open(c"t", JET_bitTableDenyRead);
        let (code, id) = c.add_column(&auto);
        assert_eq!(c.all(id), [1, 2, 3, 4, 5].map(Some));
        assert_eq!(each(&[c.prepare(JET_prepInsert), c.set_long(ID, 6)]), 0);
        assert_eq!(c.number_of_copy(id), Some(6));
        vec![plain, code]
    }),
    (332, || {
        let f = Scene::new();
        let columns = [long(c"a"), long(c"b")];
        let twice = table(c"u", &[long(c"a"), long(c"A")], &[]).create(f.s(), f.dbid());
        let nowhere = table(c"u", &columns, &[index(c"x", b"+q\0\0", 0)]).create(f.s(), f.dbid());
        let there = table(c"t", &columns, &[]).create(f.s(), f.dbid());
        let no_name = table(c" u", &columns, &[]).create(f.s(), f.dbid());
        assert_eq!([twice.count, nowhere.count, there.count, no_name.count], [3, 3, 1, 0]);
        assert_eq!([twice.table, nowhere.table, there.table, no_name.table], [JET_tableidNil; 4]);
        assert_eq!((twice.column_errs, nowhere.index_errs), (vec![0, 0], vec![JET_errColumnNotFound]));
        vec![twice.code, nowhere.code, there.code, no_name.code]
    }),
    (333, || {
        let f = Scene::new();
        let sizes = [0, 4, 76, 96].map(|bytes| (bytes, CString::new(format!("u{bytes}")).unwrap()));
        let first = sizes.each_ref().map(|(bytes, name)| {
            let mut create = zeroed::<JET_TABLECREATE_A>();
            (create.cbStruct, create.szTableName) = (*bytes, name.as_ptr().cast_mut());
            // SAFETY: the structure has no lists, and a name that ends with a zero.
            unsafe { JetCreateTableColumnIndex(f.s(), f.dbid(), &raw mut create) }
        });
        let mut later = Vec::new();
        for (bytes, _) in sizes {
            let mut second = zeroed::<JET_TABLECREATE2_A>();
            let mut third = zeroed::<JET_TABLECREATE3_A>();
            let mut fourth = zeroed::<JET_TABLECREATE4_A>();
            (second.cbStruct, third.cbStruct, fourth.cbStruct) = (bytes, bytes, bytes);
            let name = c"w".as_ptr().cast_mut();
            (second.szTableName, third.szTableName, fourth.szTableName) = (name, name, name);
            // SAFETY: the structures have no lists, and a name that ends with a zero.
            unsafe {
                later.push(JetCreateTableColumnIndex3A(f.s(), f.dbid(), &raw mut third));
                later.push(JetCreateTableColumnIndex4A(f.s(), f.dbid(), &raw mut fourth));
                if bytes as usize != size_of::<JET_TABLECREATE2_A>() {
                    later.push(JetCreateTableColumnIndex2(f.s(), f.dbid(), &raw mut second));
                }
            }
        }
        vec![each(&first), each(&later)]
    }),
    (334, || {
        let f = Scene::new();
        let empty = JET_bitIndexEmpty;
        vec![
            f.c.create_index(&index(c"x", b"+v\0\0", empty)),
            f.c.create_index(&index(c"x", b"+v\0\0", empty | JET_bitIndexIgnoreAnyNull)),
            f.c.create_index(&index(c"y", b"+d\0\0", empty | JET_bitIndexIgnoreAnyNull)),
        ]
    }),
    (335, || {
        let f = Scene::new().inserting();
        assert_eq!(each(&[f.c.set_long(ID, 6), f.c.set(S, b"hello world"), f.c.update()]), 0);
        assert_eq!(f.c.create_index(&index(c"tuples", b"+s\0\0", JET_bitIndexTuples)), 0);
        assert_eq!(f.c.index(c"tuples"), 0);
        assert_eq!(f.c.ids(), [6; 9]);
        let short = f.c.make_key(b"he", JET_bitNewKey);
        assert_eq!(f.c.move_first(), 0);
        vec![short, f.c.get_as(S, Ask { grbit: JET_bitRetrieveFromIndex, ..Ask::default() }).code]
    }),
    (336, || {
        let (f, c) = opened_with(JET_bitTableDenyRead);
        c.at(3);
        let batch = |second: NewIndex| {
            let mut list = [index(c"ix", b"+d\0\0", 0).create(), second.create()];
            c.create_indexes(&mut list)
        };
        let unique = batch(index(c"iy", b"+v\0\0", JET_bitIndexUnique));
        assert_eq!([c"ix", c"iy"].map(|name| c.index(name)), [JET_errIndexNotFound; 2]);
        let good = batch(index(c"iy", b"+v\0\0", 0));
        assert_eq!((c.move_next(), c.number(ID)), (0, Some(4)));
        begin(f.s());
        vec![good, unique, batch(index(c"iz", b"+v\0\0", 0))]
    }),
    (337, || {
        let f = Scene::new();
        let (c, _) = table(c"u", &[long(c"a")], &[]).made(f.s(), f.dbid());
        assert_eq!(each(&[c.prepare(JET_prepInsert), c.update(), c.move_first(), c.delete()]), 0);
        vec![c.create_index(&index(c"p", b"+a\0\0", JET_bitIndexPrimary))]
    }),
    (338, || {
        let f = Scene::new();
        let (c, ids) = table(c"u", &[long(c"a")], &[]).made(f.s(), f.dbid());
        let count = || {
            let mut count = 0_u32;
            let place = (&raw mut count).cast::<c_void>();
            // SAFETY: the place has four bytes.
            let code = unsafe { JetGetTableIndexInfo(f.s(), c.table, null(), place, 4, JET_IdxInfoCount) };
            (code, count)
        };
        assert_eq!(count(), (0, 1));
        assert_eq!(each(&[c.prepare(JET_prepInsert), c.set_long(ids[0], 5), c.update()]), 0);
        assert_eq!(c.create_index(&index(c"ia", b"+a\0\0", 0)), 0);
        assert_eq!(count(), (0, 2));
        let rows = index_list(c, c"").1;
        assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["ia"]);
        assert_eq!(each(&[c.index(c"ia"), c.move_first()]), 0);
        let (mut key, mut bookmark, mut lengths) = ([0_u8; 16], [0_u8; 16], [0_u32; 2]);
        let [key_length, bookmark_length] = lengths.each_mut();
        // SAFETY: the buffers have as many bytes as is told.
        let code = unsafe {
            JetGetSecondaryIndexBookmark(
                f.s(),
                c.table,
                key.as_mut_ptr().cast(),
                16,
                key_length,
                bookmark.as_mut_ptr().cast(),
                16,
                bookmark_length,
                0,
            )
        };
        assert_eq!(
            (&key[..5], &bookmark[..4], lengths),
            (&[0x7F, 0x80, 0, 0, 5][..], &[0, 0, 0, 1][..], [5, 4])
        );
        vec![code]
    }),
];

/// Rows about definitions in transactions (spec 09 §5.6).
pub(crate) const IN_TRANSACTIONS: &[Row] = &[
    (275, || {
        let f = Scene::new();
        let c2 = f.c2();
        begin(f.s());
        let q = f.c.add_column(&long(c"q"));
        assert_eq!(q.0, 0);
        let (duplicate, r) = (c2.add_column(&long(c"q")).0, c2.add_column(&long(c"r")));
        assert!(r.1 > q.1, "an id is given out once: {q:?}, {r:?}");
        assert_eq!(commit(f.s(), 0), 0);
        vec![duplicate, r.0]
    }),
    (276, || {
        let f = Scene::new();
        let c2 = f.c2();
        begin(f.s());
        assert_eq!(f.c.create_index(&index(c"ix", b"+d\0\0", 0)), 0);
        begin(c2.session);
        let same = c2.create_index(&index(c"ix", b"+d\0\0", 0));
        let other = c2.create_index(&index(c"iy", b"+d\0\0", 0));
        let before = c2.index(c"ix");
        assert_eq!(commit(f.s(), 0), 0);
        let after = c2.index(c"ix");
        assert_eq!(commit(c2.session, 0), 0);
        begin(c2.session);
        assert_eq!(c2.index(c"ix"), 0, "a transaction that began after the commit sees it");
        assert_eq!(c2.ids(), [1, 2, 3, 4, 5]);
        vec![same, other, each(&[before, after])]
    }),
    (277, || {
        let f = Scene::new();
        assert_eq!(f.c.create_index(&index(c"ix", b"+d\0\0", 0)), 0);
        let c2 = f.c2();
        begin(f.s());
        assert_eq!(delete_index(f.c, c"ix"), 0);
        let deleted = c2.index(c"ix");
        rollback(f.s(), 0);
        vec![deleted, c2.index(c"ix")]
    }),
    (278, || {
        let f = Scene::new();
        let c2 = f.c2().at(1);
        begin(c2.session);
        assert_eq!(c2.number(D), Some(7));
        assert_eq!(delete_column(f.c, c"d"), 0);
        assert_eq!(c2.number(D), Some(7), "an older transaction still has it");
        rollback(c2.session, 0);
        begin(c2.session);
        vec![c2.at(1).get(D).code]
    }),
];

/// Attaches a file of Windows for reading and lists its tables; the code, `None` when the file is not at hand or dirty.
fn lists_in_order(corpus: &Path, name: &str) -> Option<i32> {
    let file = ese_corpus::file(&corpus.join("windows"), name)?;
    set(None, JET_paramDatabasePageSize, 4096);
    let mut running = Running::created("srum");
    running.start();
    let session = running.session();
    let path = file.unpack_into(running.folder.path());
    let attached = attach(session, &path, JET_bitDbReadOnly);
    if attached == JET_errDatabaseDirtyShutdown || attached == JET_errDatabaseInconsistent {
        return None;
    }
    let (dbid, opened) = open(session, &path, JET_bitDbReadOnly);
    assert_eq!((attached, opened), (0, 0), "{name}");
    let (code, tables) = object_list(session, dbid);
    let mut sorted = tables.clone();
    sorted.sort_by_key(|table| table.to_ascii_lowercase());
    assert_eq!(tables, sorted, "the order of the catalog");
    assert!((12..=14).contains(&tables.len()), "{name} has {} tables", tables.len());
    assert!(tables.iter().any(|table| table == "SruDbIdMapTable"), "{name}");
    Some(code)
}

/// F with C closed, and a cursor opened with these flags instead.
fn opened_with(grbit: u32) -> (Scene, Cursor) {
    let f = Scene::new();
    assert_eq!(f.c.close(), 0);
    let c = f.open(c"t", grbit);
    (f, c)
}

/// A table derived from a template with column `a`, which has a column `b` of its own.
pub(crate) fn derived() -> (Scene, Cursor) {
    let f = Scene::new();
    let template = JET_bitTableCreateTemplateTable;
    let (parent, _) = table(c"parent", &[long(c"a")], &[]).with_grbit(template).made(f.s(), f.dbid());
    assert_eq!(parent.close(), 0);
    let (child, _) = table(c"child", &[long(c"b")], &[]).derived_from(c"parent").made(f.s(), f.dbid());
    (f, child)
}

/// JetRenameTable.
pub(crate) fn rename_table(session: usize, dbid: u32, name: &CStr, new_name: &CStr) -> i32 {
    // SAFETY: the names end with a zero.
    unsafe { JetRenameTable(session, dbid, name.as_ptr(), new_name.as_ptr()) }
}

/// JetSetColumnDefaultValue.
pub(crate) fn set_default(session: usize, dbid: u32, table: &CStr, column: &CStr, value: &[u8]) -> i32 {
    let (data, bytes) = (value.as_ptr().cast(), value.len() as u32);
    // SAFETY: the names end with a zero, the data has as many bytes as is told.
    unsafe { JetSetColumnDefaultValue(session, dbid, table.as_ptr(), column.as_ptr(), data, bytes, 0) }
}
