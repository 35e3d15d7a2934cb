//! Facts of the table of a cursor, temporary tables included.

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::api::*;

use crate::calls::*;
use crate::fixture::{People, TABLE};
use crate::harness::{begin, commit};

fn number(session: usize, cursor: usize, level: u32) -> u32 {
    let (code, answer) = table_info(Form::Wide, session, cursor, 4, level);
    assert_eq!(code, 0, "level {level}");
    assert_eq!(table_info(Form::Ansi, session, cursor, 4, level).1, answer, "both forms alike");
    assert_eq!(table_info(Form::Ansi, session, cursor, 3, level).0, -1038);
    value(&answer)
}

#[test]
fn a_table_has_a_name_a_database_and_space() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, cursor) = people.handles();
    let (code, answer) = table_info(Form::Ansi, session, cursor, 7, JET_TblInfoName);
    assert_eq!((code, &value::<[u8; 8]>(&answer)), (0, b"people\0Z"));
    let (code, answer) = table_info(Form::Wide, session, cursor, 14, JET_TblInfoName);
    let wide: [u16; 7] = value(&answer);
    assert_eq!((code, String::from_utf16_lossy(&wide)), (0, "people\0".to_owned()));
    for (form, bytes) in [(Form::Ansi, 6), (Form::Wide, 13)] {
        let (code, answer) = table_info(form, session, cursor, bytes, JET_TblInfoName);
        assert_eq!((code, answer), (-1038, nothing()), "nothing is written");
        let (code, answer) = table_info(form, session, cursor, 65, JET_TblInfoTemplateTableName);
        assert_eq!((code, value::<u8>(&answer)), (0, 0), "there is no template");
        assert_eq!(table_info(form, session, cursor, 64, JET_TblInfoTemplateTableName).0, -1038);
    }
    assert_eq!(number(session, cursor, JET_TblInfoDbid), dbid);
    let (code, answer) = table_info(Form::Ansi, session, cursor, 8, JET_TblInfoSpaceAlloc);
    assert_eq!((code, value::<[u32; 2]>(&answer)), (0, [4, 85]));
    let (owned, free) =
        (number(session, cursor, JET_TblInfoSpaceOwned), number(session, cursor, JET_TblInfoSpaceAvailable));
    assert!(owned >= 4 && free < owned, "{free} of {owned}");
    assert_eq!(number(session, cursor, JET_TblInfoLVChunkMax), 8192 - 82);
    assert!(number(session, cursor, JET_TblInfoObjectId) > 4);
    assert_eq!(number(session, cursor, JET_TblInfoSpaceOwnedLV), 0);
    people.write_notes(100_000);
    let long_values = number(session, cursor, JET_TblInfoSpaceOwnedLV);
    assert!(long_values >= 13, "{long_values} pages of long values");
    assert!(number(session, cursor, JET_TblInfoSpaceAvailableLV) < long_values);
    assert!(number(session, cursor, JET_TblInfoSpaceOwned) > long_values, "the table owns them too");
}

#[test]
fn the_extents_of_a_table_follow_its_counts_as_far_as_there_is_room() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, _, cursor) = people.handles();
    people.write_notes(200_000);
    let (code, answer) = table_info(Form::Ansi, session, cursor, 4096, JET_TblInfoSpaceUsage);
    let told: [u32; 1024] = value(&answer);
    assert_eq!(code, 0);
    let mut pairs = told[2..].chunks(2);
    for pages in [told[0], told[1]] {
        let extents: Vec<_> = pairs.by_ref().take_while(|pair| **pair != [0, 0]).collect();
        assert_eq!(extents.iter().map(|extent| extent[1]).sum::<u32>(), pages, "{extents:?}");
        assert!(extents.iter().all(|extent| extent[0] >= extent[1]));
    }
    for bytes in [8, 15, 16, 24] {
        let (code, answer) = table_info(Form::Ansi, session, cursor, bytes, JET_TblInfoSpaceUsage);
        let whole = (bytes / 8 * 2) as usize;
        let given: [u32; 1024] = value(&answer);
        assert_eq!((code, &given[..whole]), (0, &told[..whole]));
        assert_eq!(given[whole], 0x5A5A_5A5A, "a pair that does not fit is not written");
    }
    assert_eq!(table_info(Form::Ansi, session, cursor, 7, JET_TblInfoSpaceUsage).0, -1038);
}

#[test]
fn levels_that_there_are_not() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, _, cursor) = people.handles();
    for form in FORMS {
        for level in [3, 4, 5, 6, 8, 14, 15, 20, 21, u32::MAX] {
            assert_eq!(table_info(form, session, cursor, 400, level).0, -1001, "level {level}");
        }
        assert_eq!(table_info(form, session, cursor, 39, JET_TblInfo).0, -1038);
        assert_eq!(table_info(form, session, cursor, 7, JET_TblInfoSpaceAlloc).0, -1038);
        assert_eq!(table_info(form, session, 0, 40, JET_TblInfo).0, -1310);
        assert_eq!(table_info(form, 0, cursor, 40, JET_TblInfo).0, -1104);
        // The table has no autoincrement column.
        let level = JET_TblInfoRetrieveAndReserveAutoIncrement;
        assert_eq!(table_info(form, session, cursor, 4, level).0, -1906);
    }
    // SAFETY: no place for an answer, no value.
    unsafe {
        for level in [0, 1, 2, 7, 9, 10, 11, 12, 13, 17, 18, 19] {
            assert_eq!(JetGetTableInfo(session, cursor, std::ptr::null_mut(), 400, level), -1003);
        }
        assert_eq!(JetSetTableInfo(session, cursor, std::ptr::null(), 0, JET_TblInfoEncryptionKey), -1001);
        assert_eq!(JetSetTableInfoW(session, 0, std::ptr::null(), 0, JET_TblInfoEncryptionKey), -1310);
    }
    let other = people.base.running.session();
    assert_eq!(table_info(Form::Ansi, other, cursor, 40, JET_TblInfo).0, -1114, "another session's cursor");
}

#[test]
fn an_autoincrement_value_is_taken_from_the_table() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, _) = people.handles();
    assert_eq!(begin(session), 0);
    let mut columns = [column_create(c"n", JET_bitColumnFixed | JET_bitColumnAutoincrement)];
    // SAFETY: a structure of numbers and pointers may be all zero.
    let mut create: JET_TABLECREATE_A = unsafe { std::mem::zeroed() };
    create.cbStruct = size_of::<JET_TABLECREATE_A>() as u32;
    create.szTableName = c"counted".as_ptr().cast_mut();
    create.rgcolumncreate = columns.as_mut_ptr();
    create.cColumns = 1;
    // SAFETY: the structures are locals.
    assert_eq!(unsafe { JetCreateTableColumnIndex(session, dbid, &raw mut create) }, 0);
    assert_eq!(commit(session, 0), 0);
    let level = JET_TblInfoRetrieveAndReserveAutoIncrement;
    for expected in 1..4 {
        let (code, answer) = table_info(Form::Ansi, session, create.tableid, 4, level);
        assert_eq!((code, value::<u32>(&answer)), (0, expected));
    }
    for bytes in [0, 3, 5, 8] {
        assert_eq!(table_info(Form::Ansi, session, create.tableid, bytes, level).0, -1047);
    }
}

fn column_create(name: &'static std::ffi::CStr, grbit: u32) -> JET_COLUMNCREATE_A {
    // SAFETY: a structure of numbers and pointers may be all zero.
    let mut column: JET_COLUMNCREATE_A = unsafe { std::mem::zeroed() };
    column.cbStruct = size_of::<JET_COLUMNCREATE_A>() as u32;
    column.szColumnName = name.as_ptr().cast_mut();
    column.coltyp = JET_coltypLong;
    column.grbit = grbit;
    column
}

/// A temporary table with one column; the first rows are 3, 1, 3.
fn temporary(session: usize, grbit: u32) -> usize {
    // SAFETY: a structure of numbers may be all zero.
    let mut column: JET_COLUMNDEF = unsafe { std::mem::zeroed() };
    column.cbStruct = size_of::<JET_COLUMNDEF>() as u32;
    column.coltyp = JET_coltypLong;
    column.grbit = JET_bitColumnTTKey;
    let (mut cursor, mut id) = (0, 0);
    // SAFETY: the structures are locals.
    let code =
        unsafe { JetOpenTempTable(session, &raw const column, 1, grbit, &raw mut cursor, &raw mut id) };
    assert_eq!(code, 0, "JetOpenTempTable");
    for number in [3_u32, 1, 2] {
        // SAFETY: the value is a local, no bookmark is wanted.
        unsafe {
            let none = std::ptr::null_mut::<std::ffi::c_void>();
            assert_eq!(JetPrepareUpdate(session, cursor, JET_prepInsert), 0);
            assert_eq!(JetSetColumn(session, cursor, id, (&raw const number).cast(), 4, 0, none.cast()), 0);
            assert_eq!(JetUpdate(session, cursor, none, 0, none.cast()), 0);
        }
    }
    cursor
}

#[test]
fn a_sort_tells_how_many_rows_it_has_and_nothing_else() {
    let _alone = crate::alone();
    let people = People::new();
    let session = people.base.session;
    let sort = temporary(session, JET_bitTTScrollable);
    let ask = |cursor, level| table_info(Form::Ansi, session, cursor, 256, level);
    assert_eq!(ask(sort, JET_TblInfo).0, -1312, "rows still go in");
    assert_eq!(move_by(session, sort, 0), 0);
    let (code, answer) = ask(sort, JET_TblInfo);
    let info: JET_OBJECTINFO = value(&answer);
    assert_eq!((code, info.objtyp, info.cRecord), (0, JET_objtypTable, 3));
    for level in (1..20).filter(|level| ![3, 4, 5, 6, 8].contains(level)) {
        assert_eq!(ask(sort, level).0, -1906, "level {level}");
    }
    let table = temporary(session, JET_bitTTForceMaterialization);
    for level in [JET_TblInfoName, JET_TblInfoDbid, JET_TblInfoTemplateTableName] {
        assert_eq!(ask(table, level).0, -1906, "level {level}");
    }
    assert_eq!(number(session, table, JET_TblInfoSpaceOwned), 1);
    for cursor in [sort, table] {
        let asked = Asked::Cursor(cursor);
        assert_eq!(column_info(Form::Wide, session, asked, "", 80, JET_ColInfoList).0, -1312);
        assert_eq!(index_info(Form::Wide, session, asked, "", 4, JET_IdxInfoCount).0, -1312);
    }
}

#[test]
fn what_a_table_inherits_is_told_with_its_template() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, _) = people.handles();
    assert_eq!(begin(session), 0);
    let mut cursors = Vec::new();
    for (name, column, grbit, template) in
        [(c"base", c"of_base", JET_bitTableCreateTemplateTable, None), (c"derived", c"own", 0, Some(c"base"))]
    {
        let mut columns = [column_create(column, JET_bitColumnTagged)];
        // SAFETY: a structure of numbers and pointers may be all zero.
        let mut create: JET_TABLECREATE_A = unsafe { std::mem::zeroed() };
        create.cbStruct = size_of::<JET_TABLECREATE_A>() as u32;
        create.szTableName = name.as_ptr().cast_mut();
        create.szTemplateTableName = template.map_or(std::ptr::null_mut(), |name| name.as_ptr().cast_mut());
        create.rgcolumncreate = columns.as_mut_ptr();
        create.cColumns = 1;
        create.grbit = grbit;
        // SAFETY: the structures are locals.
        assert_eq!(unsafe { JetCreateTableColumnIndex(session, dbid, &raw mut create) }, 0);
        cursors.push(create.tableid);
    }
    assert_eq!(commit(session, 0), 0);
    let derived = cursors[1];
    let (code, answer) = table_info(Form::Ansi, session, derived, 65, JET_TblInfoTemplateTableName);
    assert_eq!((code, &value::<[u8; 5]>(&answer)), (0, b"base\0"));
    let asked = Asked::Cursor(derived);
    let names = |level| {
        let list = columns(Form::Wide, session, asked, level);
        list.into_iter().map(|column| (column.name, column.base.0)).collect::<Vec<_>>()
    };
    let (of_base, own) =
        (("of_base".to_owned(), "base".to_owned()), ("own".to_owned(), "derived".to_owned()));
    assert_eq!(names(JET_ColInfoList), [of_base, own.clone()]);
    assert_eq!(names(JET_ColInfoList | JET_ColInfoGrbitNonDerivedColumnsOnly), [own]);
    let flags = |name| {
        let (code, answer) = object_info(Form::Ansi, session, dbid, ("", name), 40, JET_ObjInfo);
        assert_eq!(code, 0);
        value::<JET_OBJECTINFO>(&answer).flags
    };
    let fixed = JET_bitObjectTableFixedDDL;
    assert_eq!(flags("base") & !fixed, JET_bitObjectTableTemplate);
    assert_eq!((flags("derived"), flags(TABLE)), (JET_bitObjectTableDerived, 0));
}
