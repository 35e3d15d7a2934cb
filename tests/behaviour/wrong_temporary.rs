//! What programs do wrong with temporary tables (spec 09 §12.1).

use std::ptr::{null, null_mut};

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::api::*;

use crate::Case;
use crate::cursor::Cursor;
use crate::define::*;
use crate::harness::*;
use crate::temporary::*;

/// The cases.
pub(crate) const CASES: &[Case] = &[
    ("columns and flags that cannot be", columns_and_flags),
    ("NULL pointers and structures of a wrong size", pointers_and_structures),
    ("more key columns than a key has", many_key_columns),
    ("a table goes with its session", with_its_session),
];

fn columns_and_flags() {
    let fixture = Fixture::new();
    let key = column(c"", JET_coltypLong, JET_bitColumnTTKey);
    let blob = column(c"", JET_coltypLongBinary, 0);
    let forward = JET_bitTTForwardOnly;
    let not_forward = JET_errCannotMaterializeForwardOnlySort;
    let cases: [(&[NewColumn], u32, i32); 16] = [
        (&[key], forward | JET_bitTTIndexed, not_forward),
        (&[key], forward | JET_bitTTUpdatable, not_forward),
        (&[key], forward | JET_bitTTScrollable, not_forward),
        (&[key], forward | JET_bitTTForceMaterialization, not_forward),
        (&[key, blob], forward, not_forward),
        (&[long(c"")], forward, not_forward),
        (&[key, column(c"", 0, 0)], 0, JET_errInvalidColumnType),
        (&[key, column(c"", 13, 0)], 0, JET_errInvalidColumnType),
        (&[key, column(c"", 99, 0)], 0, JET_errInvalidColumnType),
        (&[key, NewColumn { code_page: 437, ..column(c"", JET_coltypText, 0) }], 0, JET_errInvalidCodePage),
        (&[key, NewColumn { code_page: 1, ..column(c"", JET_coltypLongText, 0) }], 0, JET_errInvalidCodePage),
        (&[], 0, 0),
        (&[key], 0x200, 0),
        (&[key], 0x8000_0000, 0),
        (&[key, blob], JET_bitTTIntrinsicLVsOnly, 0),
        (&[key, blob], 0, 0),
    ];
    for (columns, grbit, expected) in cases {
        let (code, cursor, _) = open_temporary(fixture.session, columns, grbit);
        assert_eq!(code, expected, "{columns:?}, grbit {grbit:#x}");
        if code == 0 {
            assert_eq!(cursor.close(), 0);
        } else {
            assert_eq!(cursor.table, JET_tableidNil);
        }
    }
}

fn pointers_and_structures() {
    let fixture = Fixture::new();
    let mut definitions = KEY_AND_NUMBER.each_ref().map(NewColumn::definition);
    let (mut table, mut ids) = (0, [0; 2]);
    let open = |definitions: *const JET_COLUMNDEF, count, table: *mut usize, ids: *mut u32| {
        // SAFETY: the callers pass NULL or lists as long as they say.
        unsafe { JetOpenTempTable(fixture.session, definitions, count, 0, table, ids) }
    };
    let (place, id_place, list) = (&raw mut table, ids.as_mut_ptr(), definitions.as_mut_ptr());
    assert_eq!(open(list, 2, null_mut(), id_place), JET_errInvalidParameter);
    assert_eq!(open(null(), 2, place, id_place), JET_errInvalidParameter);
    assert_eq!(open(list, 2, place, null_mut()), JET_errInvalidParameter);
    assert_eq!(open(list, u32::MAX, place, id_place), JET_errInvalidParameter);
    assert_eq!(open(null(), 0, place, null_mut()), 0, "no columns are columns too");
    for bytes in [0, 27, 29, u32::MAX] {
        // SAFETY: the list is a local that nothing else borrows.
        unsafe { (*list.add(1)).cbStruct = bytes };
        assert_eq!(open(list, 2, place, id_place), JET_errInvalidParameter, "{bytes} bytes of a column");
    }
    definitions[1].cbStruct = 28;
    let mut request = JET_OPENTEMPORARYTABLE {
        prgcolumndef: definitions.as_ptr(),
        ccolumn: 2,
        prgcolumnid: ids.as_mut_ptr(),
        ..zeroed::<JET_OPENTEMPORARYTABLE>()
    };
    let whole = size_of::<JET_OPENTEMPORARYTABLE>() as u32;
    let mut open = |bytes, key_most, var_seg_mac| {
        (request.cbStruct, request.cbKeyMost, request.cbVarSegMac) = (bytes, key_most, var_seg_mac);
        request.tableid = 7;
        // SAFETY: the lists are as long as the structure says.
        let code = unsafe { JetOpenTemporaryTable(fixture.session, &raw mut request) };
        (code, request.tableid)
    };
    for bytes in [0, whole - 1, whole + 1] {
        assert_eq!(open(bytes, 0, 0), (JET_errInvalidParameter, 7), "{bytes} bytes: nothing is written");
    }
    for (key_most, var_seg_mac) in [(254, 0), (100_000, 0), (255, 256)] {
        assert_eq!(
            open(whole, key_most, var_seg_mac).0,
            JET_errInvalidParameter,
            "{key_most}, {var_seg_mac}"
        );
    }
    let (code, table) = open(whole, 255, 255);
    assert_eq!((code, Cursor { session: fixture.session, table }.close()), (0, 0));
    // SAFETY: NULL is refused.
    unsafe {
        assert_eq!(JetOpenTemporaryTable(fixture.session, null_mut()), JET_errInvalidParameter);
        assert_eq!(JetOpenTemporaryTable2(fixture.session, null_mut()), JET_errInvalidParameter);
        assert_eq!(JetOpenTemporaryTable(0, null_mut()), JET_errInvalidSesid, "the session comes first");
    }
}

fn many_key_columns() {
    let fixture = Fixture::new();
    let columns = [column(c"", JET_coltypLong, JET_bitColumnTTKey); 20];
    let (t, ids) = temporary(fixture.session, &columns, JET_bitTTUnique);
    let insert = |differs_at: Option<usize>| {
        assert_eq!(t.prepare(JET_prepInsert), 0);
        for (place, id) in ids.iter().enumerate() {
            assert_eq!(t.set_long(*id, i32::from(differs_at == Some(place))), 0);
        }
        t.update()
    };
    // The last of them is no part of the key, so that the third row is the first one's duplicate.
    assert_eq!(each(&[insert(None), insert(Some(15)), insert(Some(19))]), 0);
    assert_eq!(t.all(ids[19]), [Some(0), Some(0)]);
}

fn with_its_session() {
    let fixture = Fixture::new();
    let other = fixture.running.session();
    let (t, ids) = temporary(other, &KEY_AND_NUMBER, 0);
    fill(t, &ids, &[(1, 1)]);
    assert_eq!(Cursor { session: fixture.session, ..t }.move_first(), JET_errSesidTableIdMismatch);
    assert_eq!(end_session(other), 0);
    assert_eq!(t.move_first(), JET_errInvalidSesid);
    assert_eq!(Cursor { session: fixture.session, ..t }.move_first(), JET_errInvalidTableId);
}
