//! Lists and single facts of columns, indexes and objects, and what is wrong with a question.

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::api::*;

use crate::calls::*;
use crate::fixture::{People, TABLE, create_index, open_table, seek, set_index};
use crate::harness::{begin, close, commit, end_session};

#[test]
fn columns_are_listed_by_name_by_id_and_short() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, cursor) = people.handles();
    for form in FORMS {
        for asked in [Asked::Named(dbid, "PEOPLE"), Asked::Cursor(cursor)] {
            let by_name = columns(form, session, asked, JET_ColInfoList);
            let names: Vec<_> = by_name.iter().map(|column| column.name.as_str()).collect();
            assert_eq!(names, ["age", "Id", "Name", "notes", "Wide"]);
            assert!(by_name.iter().all(|column| column.order.is_none()));
            let name = &by_name[2];
            assert_eq!((name.coltyp, name.code_page, name.bytes_max), (JET_coltypText, 1252, 60));
            assert_eq!(name.base, (TABLE.to_owned(), "Name".to_owned()));
            assert_eq!(by_name[0].default.as_deref(), Some(&7_u32.to_le_bytes()[..]));
            assert_eq!(by_name[3].default.as_deref(), Some(&b"none"[..]));
            assert_eq!((by_name[4].code_page, by_name[4].bytes_max), (1200, 255));
            let grbit = JET_bitColumnFixed | JET_bitColumnNotNULL | JET_bitColumnUpdatable;
            assert_eq!((by_name[1].grbit, by_name[3].grbit), (grbit, JET_bitColumnTagged | 0x20));

            let bits =
                JET_ColInfoList | JET_ColInfoGrbitSortByColumnid | JET_ColInfoGrbitNonDerivedColumnsOnly;
            let by_id = columns(form, session, asked, JET_ColInfoListSortColumnid);
            assert_eq!(by_id, columns(form, session, asked, bits));
            assert!(by_id.is_sorted_by_key(|column| column.id));
            assert!(by_id.iter().all(|column| column.order == Some(column.id)));
            let compact = columns(form, session, asked, JET_ColInfoListCompact);
            assert_eq!(compact.iter().map(|column| column.id).collect::<Vec<_>>(), [1, 2, 128, 129, 256]);
            assert!(compact.iter().all(|column| column.order.is_none()));
        }
    }
}

#[test]
fn the_least_of_columns_is_their_names_and_ids() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, _, cursor) = people.handles();
    let level = JET_ColInfoList | JET_ColInfoGrbitMinimalInfo;
    let asked = Asked::Cursor(cursor);
    let (code, answer) = column_info(Form::Wide, session, asked, "", 80, level);
    let list: JET_COLUMNLIST = value(&answer);
    assert_eq!((code, list.cRecord), (0, 5));
    let ids = [list.columnidcolumnid, list.columnidcoltyp, list.columnidDefault, list.columnidBaseTableName];
    for row in rows(session, list.tableid, &ids) {
        assert!(row[0].is_some() && row[1..].iter().all(Option::is_none), "{row:?}");
    }
}

#[test]
fn a_column_is_told_by_its_name_and_by_its_id() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, cursor) = people.handles();
    for form in FORMS {
        for asked in [Asked::Named(dbid, TABLE), Asked::Cursor(cursor)] {
            let (code, answer) = column_info(form, session, asked, "NAME", 28, JET_ColInfo);
            let column: JET_COLUMNDEF = value(&answer);
            assert_eq!((code, column.cbStruct, column.columnid), (0, 28, people.name));
            assert_eq!((column.coltyp, column.cp, column.cbMax), (JET_coltypText, 1252, 60));
            // The id stands where the name would: four bytes, and zeros for the end of a text.
            let id = String::from_utf8(vec![people.age as u8]).expect("a small number");
            let (code, answer) = column_info(form, session, asked, &id, 28, JET_ColInfoByColid);
            assert!(code == 0 || code == -1507, "{code}: as much of the id as the text has");
            if code == 0 {
                assert_eq!(value::<JET_COLUMNDEF>(&answer).columnid, people.age);
            }
            assert_eq!(column_info(form, session, asked, "Name", 27, JET_ColInfo).0, -1038);
            assert_eq!(column_info(form, session, asked, "none", 28, JET_ColInfo).0, -1507);
            assert_eq!(column_info(form, session, asked, "", 28, JET_ColInfo).0, -1507);
            assert_eq!(column_info(form, session, asked, "Name", 28, JET_ColInfoSysTabCursor).0, -1001);
            for unknown in [2, 9, 100] {
                assert_eq!(column_info(form, session, asked, "Name", 28, unknown).0, -1003);
            }
            for list in [JET_ColInfoList, JET_ColInfoListCompact, JET_ColInfoListSortColumnid] {
                assert_eq!(column_info(form, session, asked, "", 79, list).0, -1038);
            }
        }
        let base = [540, 1052][usize::from(form == Form::Wide)];
        assert_eq!(column_info(form, session, Asked::Cursor(cursor), "Id", base, JET_ColInfoBase).0, 0);
        assert_eq!(
            column_info(form, session, Asked::Cursor(cursor), "Id", base - 1, JET_ColInfoBase).0,
            -1038
        );
        assert_eq!(column_info(form, session, Asked::Named(dbid, "nobody"), "Id", 28, 0).0, -1305);
        assert_eq!(column_info(form, session, Asked::Named(dbid, "no.name"), "Id", 28, 0).0, -1002);
        assert_eq!(column_info(form, session, Asked::Named(dbid + 1, TABLE), "Id", 28, 0).0, -1010);
        assert_eq!(column_info(form, session, Asked::Cursor(0), "Id", 28, 0).0, -1310);
        assert_eq!(column_info(form, 0, Asked::Cursor(cursor), "Id", 28, 0).0, -1104);
    }
    // SAFETY: no place for the answer, and for the id.
    unsafe {
        let none = std::ptr::null_mut();
        assert_eq!(JetGetTableColumnInfo(session, cursor, c"Id".as_ptr(), none, 28, JET_ColInfo), -1003);
        assert_eq!(JetGetTableColumnInfo(session, cursor, c"".as_ptr(), none, 80, JET_ColInfoList), -1003);
        let mut answer = nothing();
        let at = answer.as_mut_ptr().cast();
        let by_id = JET_ColInfoByColid;
        assert_eq!(JetGetTableColumnInfo(session, cursor, std::ptr::null(), at, 28, by_id), -1003);
        let id = (&raw const people.notes).cast();
        assert_eq!(JetGetTableColumnInfo(session, cursor, id, at, 28, by_id), 0);
        assert_eq!(value::<JET_COLUMNDEF>(&answer).columnid, people.notes);
        assert_eq!(JetGetColumnInfo(session, dbid, std::ptr::null(), id, at, 28, by_id), -1002);
    }
}

#[test]
fn indexes_are_listed_with_their_key_columns() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, cursor) = people.handles();
    for form in FORMS {
        for asked in [Asked::Named(dbid, TABLE), Asked::Cursor(cursor)] {
            let list = indexes(form, session, asked, "", JET_IdxInfoList);
            let told: Vec<_> = list
                .iter()
                .map(|row| (row.index.as_str(), row.column.as_str(), row.place, row.columns, row.descending))
                .collect();
            let expected = [
                ("ages", "age", 0, 1, 0),
                ("Names", "Name", 0, 2, JET_bitKeyDescending),
                ("Names", "age", 1, 2, 0),
                ("Primary", "Id", 0, 1, 0),
            ];
            assert_eq!(told, expected);
            assert_eq!(list.iter().map(|row| row.grbit).collect::<Vec<_>>(), [0, 1, 1, 3]);
            assert!(list.iter().all(|row| row.counts == [0; 3]));
            assert!(list.iter().all(|row| (row.langid, row.lcmap_flags) == (0x409, 0x30401)));
            assert_eq!(list.iter().map(|row| row.code_page).collect::<Vec<_>>(), [0, 1252, 0, 0]);
            assert_eq!(indexes(form, session, asked, "NAMES", JET_IdxInfo), list[1..3]);
            assert_eq!(index_info(form, session, asked, "none", 88, JET_IdxInfo).0, -1404);
            let old = index_info(form, session, asked, "", 84, JET_IdxInfoList);
            let old_list: JET_INDEXLIST = value(&old.1);
            assert_eq!((old.0, old_list.cbStruct, old_list.cRecord), (0, 84, 4));
            assert_eq!(close_table(session, old_list.tableid), 0);
            assert_eq!(index_info(form, session, asked, "", 83, JET_IdxInfoList).0, -1038);
        }
    }
}

#[test]
fn single_facts_of_an_index() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, cursor) = people.handles();
    let narrow = |answer: &Answer| u32::from(value::<u16>(answer));
    for form in FORMS {
        for asked in [Asked::Named(dbid, TABLE), Asked::Cursor(cursor)] {
            let ask = |index, bytes, level| index_info(form, session, asked, index, bytes, level);
            assert_eq!(value::<u32>(&ask("ages", 4, JET_IdxInfoSpaceAlloc).1), 90);
            assert_eq!(value::<u32>(&ask("ages", 4, JET_IdxInfoLCID).1), 0x409);
            let (code, answer) = ask("ages", 2, JET_IdxInfoLCID);
            assert_eq!((code, value::<u32>(&answer)), (0, 0x5A5A_0409), "two bytes and no more");
            assert_eq!(ask("ages", 1, JET_IdxInfoLCID).0, -1038);
            assert_eq!(value::<u32>(&ask("", 4, JET_IdxInfoCount).1), 3);
            assert_eq!(narrow(&ask("ages", 2, JET_IdxInfoVarSegMac).1), 255);
            assert_eq!(narrow(&ask("ages", 2, JET_IdxInfoKeyMost).1), 255);
            let (code, answer) = ask("ages", 170, JET_IdxInfoLocaleName);
            assert_eq!((code, value::<u16>(&answer)), (0, 0), "no locale without UTF-16");
            assert_eq!(ask("ages", 169, JET_IdxInfoLocaleName).0, -1038);
            assert_eq!(value::<u32>(&ask("ages", 4, JET_IdxInfoSortVersion).1), 0);
            assert_eq!(value::<[u8; 16]>(&ask("ages", 16, JET_IdxInfoSortId).1), [0; 16]);
            for index in ["ages", "Primary"] {
                let owned = value::<u32>(&ask(index, 4, JET_IdxInfoSpaceOwned).1);
                let free = value::<u32>(&ask(index, 4, JET_IdxInfoSpaceAvailable).1);
                assert!(owned >= 1 && free < owned, "{index}: {free} of {owned}");
            }
            for level in [2, 3, 4] {
                assert_eq!(ask("ages", 88, level).0, -1001);
            }
            assert_eq!(ask("ages", 88, 20).0, -1003);
            for (level, bytes) in [(5, 4), (7, 4), (8, 2), (9, 20), (10, 2), (15, 4), (17, 16), (18, 4)] {
                assert_eq!(ask("ages", bytes - 1, level).0, -1038, "level {level}");
            }
            for level in (5..20).filter(|level| *level != JET_IdxInfoCount) {
                assert_eq!(ask("none", 400, level).0, -1404, "level {level}");
            }
        }
    }
    let (code, answer) =
        index_info(Form::Ansi, session, Asked::Cursor(cursor), "ages", 20, JET_IdxInfoIndexId);
    let mut id: JET_INDEXID = value(&answer);
    // SAFETY: the id is a local, no name is given.
    let chosen =
        unsafe { JetSetCurrentIndex4(session, cursor, std::ptr::null(), &raw mut id, JET_bitMoveFirst, 1) };
    assert_eq!((code, chosen), (0, 0));
}

#[test]
fn an_index_is_made_again_from_what_is_told_of_it() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, _, cursor) = people.handles();
    assert_eq!(begin(session), 0);
    let flags = JET_bitIndexDisallowNull;
    assert_eq!(create_index(session, cursor, "again", b"-Name\0+Id\0\0", flags), 0);
    assert_eq!(commit(session, 0), 0);
    let asked = Asked::Cursor(cursor);
    let before = indexes(Form::Ansi, session, asked, "again", JET_IdxInfo);
    for form in FORMS {
        for (level, bytes) in [
            (JET_IdxInfoCreateIndex, size_of::<JET_INDEXCREATE_A>()),
            (JET_IdxInfoCreateIndex2, size_of::<JET_INDEXCREATE2_A>()),
            (JET_IdxInfoCreateIndex3, size_of::<JET_INDEXCREATE3_A>()),
        ] {
            let mut answer = nothing();
            let room = size_of_val(&answer) as u32;
            let code = index_info_into(form, session, asked, "again", &mut answer, room, level);
            let told: JET_INDEXCREATE_A = value(&answer);
            assert_eq!((code, told.cbStruct as usize, told.err), (0, bytes, 0));
            assert_eq!((told.ulDensity, told.cbKeyMost, told.cConditionalColumn), (90, 255, 0));
            let units = if form == Form::Wide { 2 } else { 1 };
            assert_eq!(told.cbKey, 11 * units);
            let mut small = nothing();
            for room in [0, 40, bytes as u32, bytes as u32 + 16] {
                let code = index_info_into(form, session, asked, "again", &mut small, room, level);
                assert!(code == -1038, "{code} with {room} bytes");
                assert_eq!(small, nothing(), "nothing is written");
            }
            let at = answer.as_mut_ptr();
            // SAFETY: the name ends with a zero; the structure came from the engine, of the level's generation and form.
            let codes = unsafe {
                let deleted = JetDeleteIndex(session, cursor, c"again".as_ptr());
                let created = match (level, form) {
                    (JET_IdxInfoCreateIndex, Form::Ansi) => JetCreateIndex2(session, cursor, at.cast(), 1),
                    (JET_IdxInfoCreateIndex, Form::Wide) => JetCreateIndex2W(session, cursor, at.cast(), 1),
                    (JET_IdxInfoCreateIndex2, Form::Ansi) => JetCreateIndex3A(session, cursor, at.cast(), 1),
                    (JET_IdxInfoCreateIndex2, Form::Wide) => JetCreateIndex3W(session, cursor, at.cast(), 1),
                    (_, Form::Ansi) => JetCreateIndex4A(session, cursor, at.cast(), 1),
                    (_, Form::Wide) => JetCreateIndex4W(session, cursor, at.cast(), 1),
                };
                (deleted, created)
            };
            assert_eq!(codes, (0, 0), "level {level}, {form:?}");
            assert_eq!(indexes(Form::Ansi, session, asked, "again", JET_IdxInfo), before);
        }
    }
}

#[test]
fn objects_are_listed_and_told_by_name() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, _) = people.handles();
    let expected = [
        ("MSysLocales", 0x8800_0000),
        ("MSysObjects", 0xC000_0000),
        ("MSysObjectsShadow", 0xC000_0000),
        ("MSysObjids", 0xC800_0000),
        (TABLE, 0),
    ];
    for form in FORMS {
        for level in [JET_ObjInfoList, JET_ObjInfoListNoStats] {
            let list = objects(form, session, dbid, level);
            let told: Vec<_> = list.iter().map(|object| (object.name.as_str(), object.flags)).collect();
            assert_eq!(told, expected);
        }
        let ask = |names, bytes, level| object_info(form, session, dbid, names, bytes, level);
        for container in ["", "Tables", "TABLES"] {
            let (code, answer) = ask((container, "People"), 40, JET_ObjInfo);
            let object: JET_OBJECTINFO = value(&answer);
            assert_eq!((code, object.cbStruct, object.objtyp, object.grbit), (0, 40, 1, 7));
            assert_eq!((object.flags, object.cRecord, object.cPage), (0, 0, 0));
        }
        assert_eq!(ask(("Chairs", TABLE), 40, JET_ObjInfo).0, -1305);
        assert_eq!(ask(("Chairs", ""), 56, JET_ObjInfoList).0, -1305);
        assert_eq!(ask(("", "nobody"), 40, JET_ObjInfoNoStats).0, -1305);
        assert_eq!(ask(("", TABLE), 39, JET_ObjInfo).0, -1038);
        assert_eq!(ask(("", ""), 55, JET_ObjInfoList).0, -1038);
        for level in [3, 4, 6, 7] {
            assert_eq!(ask(("", TABLE), 56, level).0, -1001);
        }
        assert_eq!(ask(("", TABLE), 56, 8).0, -1003);
        assert_eq!(object_info(form, session, dbid + 1, ("", TABLE), 40, 0).0, -1010);
        assert_eq!(object_info(form, 0, dbid, ("", TABLE), 40, 0).0, -1104);
    }
    // SAFETY: no place for an answer; names that are not given.
    unsafe {
        let (none, no_name) = (std::ptr::null_mut(), std::ptr::null());
        assert_eq!(JetGetObjectInfo(session, dbid, 1, no_name, no_name, none, 56, JET_ObjInfoList), -1003);
        let mut answer = nothing();
        let at = answer.as_mut_ptr().cast();
        assert_eq!(JetGetObjectInfo(session, dbid, 1, no_name, no_name, at, 40, JET_ObjInfo), -1002);
        assert_eq!(JetGetObjectInfo(session, dbid, 3, no_name, c"people".as_ptr(), at, 40, 0), -1305);
        assert_eq!(JetGetObjectInfo(session, dbid, 3, no_name, no_name, at, 56, JET_ObjInfoList), 0);
        let list: JET_OBJECTLIST = value(&answer);
        assert_eq!((list.cRecord, move_by(session, list.tableid, 0)), (0, -1603));
        assert_eq!(close_table(session, list.tableid), 0);
    }
}

#[test]
fn a_list_is_a_temporary_table() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, cursor) = people.handles();
    let (code, answer) = column_info(Form::Ansi, session, Asked::Cursor(cursor), "", 80, JET_ColInfoList);
    let list: JET_COLUMNLIST = value(&answer);
    assert_eq!(code, 0);
    let name = |cursor| text(Form::Ansi, retrieve(session, cursor, list.columnidcolumnname).as_ref());
    assert_eq!(name(list.tableid), "age", "it is on the first row");
    assert_eq!((move_by(session, list.tableid, 2), name(list.tableid).as_str()), (0, "Name"));
    assert_eq!((move_by(session, list.tableid, -1), name(list.tableid).as_str()), (0, "Id"));
    // The order column is NULL, the name follows.
    // SAFETY: the name has its length.
    unsafe {
        let none = std::ptr::null();
        assert_eq!(JetMakeKey(session, list.tableid, none, 0, JET_bitNewKey), 0);
        assert_eq!(JetMakeKey(session, list.tableid, c"NOTES".as_ptr().cast(), 5, 0), 0);
        assert_eq!(JetSeek(session, list.tableid, JET_bitSeekEQ), 0);
    }
    assert_eq!(name(list.tableid), "notes");
    // What a temporary table does not tell or do.
    let asked = Asked::Cursor(list.tableid);
    assert_eq!(column_info(Form::Ansi, session, asked, "x", 28, JET_ColInfo).0, -1312);
    assert_eq!(index_info(Form::Ansi, session, asked, "", 88, JET_IdxInfoList).0, -1312);
    assert_eq!(table_info(Form::Ansi, session, list.tableid, 256, JET_TblInfoName).0, -1906);
    let (code, answer) = table_info(Form::Ansi, session, list.tableid, 40, JET_TblInfo);
    assert_eq!((code, value::<JET_OBJECTINFO>(&answer).cRecord), (0, 5));
    // SAFETY: any numbers may be passed.
    assert_eq!(unsafe { JetPrepareUpdate(session, list.tableid, JET_prepInsert) }, -1312);
    assert_eq!(close(session, dbid), 0);
    assert_eq!(name(list.tableid), "notes", "it is of no database");
    assert_eq!(close_table(session, list.tableid), 0);
    assert_eq!(close_table(session, list.tableid), -1310);
}

#[test]
fn lists_count_among_the_temporary_tables_and_go_with_their_session() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, _) = people.handles();
    let mut lists = Vec::new();
    let code = loop {
        let (code, answer) = object_info(Form::Wide, session, dbid, ("", ""), 56, JET_ObjInfoList);
        if code != 0 || lists.len() > 1000 {
            break code;
        }
        lists.push(value::<JET_OBJECTLIST>(&answer).tableid);
    };
    assert_eq!(code, -1701, "JET_errTooManySorts after {}", lists.len());
    assert_eq!(close_table(session, lists[0]), 0);
    assert_eq!(objects(Form::Wide, session, dbid, JET_ObjInfoList).len(), 5);
    assert_eq!(end_session(session), 0);
    assert_eq!(close_table(session, lists[1]), -1104);
}

#[test]
fn a_schema_is_told_as_the_transaction_sees_it() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, _, cursor) = people.handles();
    let other = people.base.running.session();
    let (dbid, code) = crate::harness::open(other, &people.base.database, 0);
    assert_eq!((code, close_table(session, cursor)), (0, 0));
    let cursor = open_table(session, people.base.dbid, TABLE);
    let seen = || indexes(Form::Ansi, other, Asked::Named(dbid, TABLE), "", JET_IdxInfoList).len();
    assert_eq!(begin(other), 0);
    assert_eq!(seen(), 4);
    assert_eq!(begin(session), 0);
    assert_eq!(create_index(session, cursor, "new", b"-age\0\0", 0), 0);
    assert_eq!(indexes(Form::Ansi, session, Asked::Cursor(cursor), "", JET_IdxInfoList).len(), 5);
    assert_eq!((seen(), commit(session, 0), seen()), (4, 0, 4));
    assert_eq!(commit(other, 0), 0);
    assert_eq!(seen(), 5);
    assert_eq!(set_index(session, cursor, "new"), 0);
    assert_eq!(seek(session, cursor, &40_u32.to_le_bytes(), JET_bitSeekEQ), 0);
}
