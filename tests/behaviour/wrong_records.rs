//! What programs do wrong with records: NULL pointers, sizes that lie, unknown flags, lists with bad members, allocators
//! that have nothing left, handles that are none (spec 09 §1, §8, §9).

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::api::*;

use crate::Case;
use crate::cursor::Cursor;
use crate::define::*;
use crate::fixture::*;
use crate::harness::*;
use crate::values::*;

/// The cases.
pub(crate) const CASES: &[Case] = &[
    ("handles that are none", handles_that_are_none),
    ("retrieving with NULL and lying sizes", retrieving),
    ("setting with NULL and lying sizes", setting),
    ("lists of columns with a bad member", lists_with_a_bad_member),
    ("JetSetColumns keeps what came before a failure", set_columns_that_fail),
    ("updates with wrong arguments", updates),
    ("escrow with wrong arguments", escrow),
    ("record sizes and tagged lists with wrong arguments", sizes),
    ("locks with wrong flags", locks),
    ("enumerations with wrong arguments", enumerations),
    ("allocators that return NULL", allocators_that_return_null),
    ("after an update that failed it is still prepared", after_an_update_that_failed),
];

/// A call on a session and a cursor, all its other arguments in order.
type CursorCall = (&'static str, fn(usize, usize) -> i32);

/// All functions on records.
const CALLS: [CursorCall; 17] = [
    ("JetPrepareUpdate", |s, t| Cursor { session: s, table: t }.prepare(JET_prepInsert)),
    ("JetUpdate", |s, t| Cursor { session: s, table: t }.update()),
    // SAFETY: no bookmark is asked for.
    ("JetUpdate2", |s, t| unsafe { JetUpdate2(s, t, null_mut(), 0, null_mut(), 0) }),
    ("JetDelete", |s, t| Cursor { session: s, table: t }.delete()),
    ("JetSetColumn", |s, t| Cursor { session: s, table: t }.set_long(V, 1)),
    ("JetSetColumns", |s, t| Cursor { session: s, table: t }.set_columns(&mut [])),
    ("JetRetrieveColumn", |s, t| Cursor { session: s, table: t }.get(V).code),
    ("JetRetrieveColumns", |s, t| Cursor { session: s, table: t }.retrieve_columns(&mut [])),
    ("JetEnumerateColumns", |s, t| Cursor { session: s, table: t }.enumerate(None, 100, 0).code),
    ("JetEscrowUpdate", |s, t| Cursor { session: s, table: t }.escrow(E, 1, 0).0),
    ("JetGetLock", |s, t| Cursor { session: s, table: t }.lock(JET_bitReadLock)),
    ("JetGetRecordSize", |s, t| {
        let mut size = zeroed::<JET_RECSIZE>();
        // SAFETY: the place is a local.
        unsafe { JetGetRecordSize(s, t, &raw mut size, 0) }
    }),
    ("JetGetRecordSize2", |s, t| {
        let mut size = zeroed::<JET_RECSIZE2>();
        // SAFETY: the place is a local.
        unsafe { JetGetRecordSize2(s, t, &raw mut size, 0) }
    }),
    ("JetGetRecordSize3", |s, t| {
        let mut size = zeroed::<JET_RECSIZE3>();
        // SAFETY: the place is a local.
        unsafe { JetGetRecordSize3(s, t, &raw mut size, 0) }
    }),
    ("JetRetrieveTaggedColumnList", |s, t| {
        let mut count = 0;
        // SAFETY: the place is a local, and no entries are asked for.
        unsafe { JetRetrieveTaggedColumnList(s, t, &raw mut count, null_mut(), 0, 0, 0) }
    }),
    ("JetAddColumn", |s, t| Cursor { session: s, table: t }.add_column(&long(c"q")).0),
    ("JetCreateIndex", |s, t| Cursor { session: s, table: t }.create_index(&index(c"q", b"+d\0\0", 0))),
];

fn handles_that_are_none() {
    let scene = Scene::new().at(1);
    let (session, table) = (scene.s(), scene.c.table);
    let second = scene.second().session;
    let closed = scene.f.cursor();
    assert_eq!(closed.close(), 0);
    let ended = scene.f.running.session();
    assert_eq!(end_session(ended), 0);
    for (name, call) in CALLS {
        for nobody in [0, usize::MAX, ended, table, 0x1234_5678, 1] {
            assert_eq!(call(nobody, table), JET_errInvalidSesid, "{name} of session {nobody:#x}");
        }
        for nothing in [0, usize::MAX, closed.table, session, 0x1234_5678, 1] {
            assert_eq!(call(session, nothing), JET_errInvalidTableId, "{name} of cursor {nothing:#x}");
        }
        assert_eq!(call(second, table), JET_errSesidTableIdMismatch, "{name} of another's cursor");
        assert_eq!(call(0, 0), JET_errInvalidSesid, "{name}: the session comes first");
    }
    assert_eq!(scene.c.ids(), [1, 2, 3, 4, 5]);
}

/// JetRetrieveColumn as it is.
fn retrieve(
    c: Cursor,
    column: u32,
    data: *mut c_void,
    bytes: u32,
    grbit: u32,
    info: *mut JET_RETINFO,
) -> i32 {
    // SAFETY: the callers pass NULL or places as long as they say.
    unsafe { JetRetrieveColumn(c.session, c.table, column, data, bytes, null_mut(), grbit, info) }
}

fn retrieving() {
    let scene = Scene::new().at(1);
    let c = scene.c;
    let mut value = [0xCD_u8; 4];
    let place = value.as_mut_ptr().cast::<c_void>();
    assert_eq!(retrieve(c, V, place, 4, 0, null_mut()), 0, "nothing but the buffer");
    assert_eq!(value, [10, 0, 0, 0]);
    assert_eq!(
        retrieve(c, V, null_mut(), 0, 0, null_mut()),
        JET_wrnBufferTruncated,
        "a question for the size"
    );
    assert_eq!(retrieve(c, LB, null_mut(), 0, 0, null_mut()), JET_wrnColumnNull);
    value = [0xCD; 4];
    assert_eq!(retrieve(c, V, value.as_mut_ptr().cast(), 1, 0, null_mut()), JET_wrnBufferTruncated);
    assert_eq!(value, [10, 0xCD, 0xCD, 0xCD], "no byte beyond the room");
    assert_eq!(retrieve(c, LB, value.as_mut_ptr().cast(), 4, 0, null_mut()), JET_wrnColumnNull);
    assert_eq!(value, [10, 0xCD, 0xCD, 0xCD], "NULL touches nothing");
    for bytes in [0, 4, 15] {
        let mut info =
            JET_RETINFO { cbStruct: bytes, ibLongValue: 0, itagSequence: 1, columnidNextTagged: 9 };
        assert_eq!(retrieve(c, V, place, 4, 0, &raw mut info), JET_errInvalidParameter, "{bytes} bytes");
        assert_eq!(info.columnidNextTagged, 9);
    }
    let mut longer = JET_RETINFO { cbStruct: 99, ibLongValue: 0, itagSequence: 1, columnidNextTagged: 9 };
    assert_eq!(retrieve(c, V, place, 4, 0, &raw mut longer), 0);
    for id in [0x1_0001, 127 + 0x8000_0000, u32::MAX, 65_249] {
        let code = c.get(id).code;
        assert!([JET_errBadColumnId, JET_errColumnNotFound].contains(&code), "column {id:#x}: {code}");
    }
    assert_eq!(c.get_as(N, Ask { itag: 0, ..Ask::default() }).code, JET_errBadItagSequence);
    assert_eq!(c.get_as(0, Ask { itag: 0, ..Ask::default() }).code, JET_errBadItagSequence);
    assert_eq!(
        c.get_as(V, Ask { itag: 0, ..Ask::default() }).code,
        0,
        "a fixed column has one value, whatever the number"
    );
    assert_eq!(c.get_as(N, Ask { itag: u32::MAX, ..Ask::default() }).code, JET_wrnColumnNull);
    assert_eq!(
        c.get_as(V, Ask { offset: u32::MAX, ..Ask::default() }).code,
        0,
        "the offset is for long values"
    );
    assert_eq!(c.get_as(V, Ask { grbit: JET_bitRetrieveTuple, ..Ask::default() }).code, JET_errInvalidGrbit);
    assert_eq!((c.move_last(), c.move_next()), (0, JET_errNoCurrentRecord));
    assert_eq!(c.get(V).code, JET_errNoCurrentRecord);
}

fn setting() {
    let scene = Scene::new().in_transaction().replacing(1);
    let c = scene.c;
    let byte = [7_u8];
    for bytes in [0x8000_0000, u32::MAX] {
        assert_eq!(c.set_raw(LB, byte.as_ptr(), bytes, 0, None), JET_errInvalidParameter, "{bytes:#x} bytes");
        assert_eq!(c.set_raw(LB, null(), bytes, JET_bitSetSizeLV, None), JET_errInvalidParameter);
    }
    for bytes in [0, 4, 11] {
        let mut info = JET_SETINFO { cbStruct: bytes, ibLongValue: 0, itagSequence: 1 };
        // SAFETY: the value has the byte that is told, the rest are locals.
        let code = unsafe { JetSetColumn(c.session, c.table, LB, byte.as_ptr().cast(), 1, 0, &raw mut info) };
        assert_eq!(code, JET_errInvalidParameter, "{bytes} bytes of JET_SETINFO");
    }
    assert_eq!(c.get_copy(LB).code, JET_wrnColumnNull);
    for (data, expected) in [(&[1_u8, 2][..], JET_errInvalidBufferSize), (&[0; 8], JET_errInvalidBufferSize)]
    {
        assert_eq!(c.set(V, data), expected);
        assert_eq!(c.set_with(N, data, 0, 0, 1), expected);
    }
    assert_eq!(c.number_of_copy(V), Some(10));
    assert_eq!(c.numbers(N, JET_bitRetrieveCopy), [5, 6]);
    assert_eq!(
        c.set_as(LB, b"x", JET_bitSetSeparateLV | JET_bitSetIntrinsicLV),
        0,
        "taken as the original does"
    );
    assert_eq!(c.set_with(LB, b"x", JET_bitSetOverwriteLV, u32::MAX, 1), JET_errColumnNoChunk);
    assert_eq!(c.prepare(JET_prepCancel), 0);
    assert_eq!(c.prepare(JET_prepReadOnlyCopy), 0);
    assert_eq!(each(&[c.set_long(V, 1), c.update()]), JET_errUpdateNotPrepared);
}

fn lists_with_a_bad_member() {
    let scene = Scene::new().at(1);
    let (session, table) = (scene.s(), scene.c.table);
    // SAFETY: lists that are no lists are refused.
    unsafe {
        assert_eq!(JetRetrieveColumns(session, table, null_mut(), 0), 0);
        assert_eq!(JetRetrieveColumns(session, table, null_mut(), 1), JET_errInvalidParameter);
        assert_eq!(JetSetColumns(session, table, null_mut(), 1), JET_errInvalidParameter);
    }
    let mut value = [0; 4];
    let mut item = retrieve_item(V, &mut value);
    // SAFETY: a count beyond what any table has is refused before the list is looked at.
    let code = unsafe { JetRetrieveColumns(session, table, &raw mut item, u32::MAX) };
    assert_eq!((code, item.err), (JET_errInvalidParameter, UNTOUCHED));
    let mut item = set_item(V, &[0; 4]);
    // SAFETY: as above.
    let code = unsafe { JetSetColumns(session, table, &raw mut item, u32::MAX) };
    assert_eq!((code, item.err), (JET_errInvalidParameter, UNTOUCHED));
    // One bad member ends the call where it stands.
    let (mut first, mut third) = ([0xCD; 4], [0xCD; 4]);
    let mut items =
        [retrieve_item(ID, &mut first), retrieve_item(0x1_0001, &mut []), retrieve_item(V, &mut third)];
    assert_eq!(scene.c.retrieve_columns(&mut items), JET_errBadColumnId);
    assert_eq!(items.map(|item| item.err), [0, UNTOUCHED, UNTOUCHED]);
    assert_eq!((first, third), ([1, 0, 0, 0], [0xCD; 4]));
    // NULL and a buffer that is too short are no errors.
    let (mut short, mut whole) = ([0; 2], [0; 4]);
    let mut items = [retrieve_item(LB, &mut []), retrieve_item(V, &mut short), retrieve_item(D, &mut whole)];
    assert_eq!(scene.c.retrieve_columns(&mut items), JET_wrnBufferTruncated);
    assert_eq!(items.map(|item| item.err), [JET_wrnColumnNull, JET_wrnBufferTruncated, 0]);
    assert_eq!(items.map(|item| item.cbActual), [0, 4, 4]);
}

fn set_columns_that_fail() {
    let scene = Scene::new().in_transaction().replacing(1);
    let wide = [b'x'; 60];
    for (bad, expected) in [
        (set_item(500, b"x"), JET_errColumnNotFound),
        (set_item(0, b"x"), JET_errBadColumnId),
        (set_item(V, b"x"), JET_errInvalidBufferSize),
        (JET_SETCOLUMN { grbit: 0x8000_0000, ..set_item(LB, b"x") }, JET_errInvalidGrbit),
        (JET_SETCOLUMN { cbData: u32::MAX, ..set_item(LB, b"x") }, JET_errInvalidParameter),
    ] {
        let mut items = [set_item(S, &wide), bad, set_item(D, &[9, 0, 0, 0])];
        assert_eq!(scene.c.set_columns(&mut items), expected);
        assert_eq!(items.map(|item| item.err), [JET_wrnColumnMaxTruncated, UNTOUCHED, UNTOUCHED]);
        assert_eq!(scene.c.get_copy(S).data, [b'x'; 50], "what came before stays");
        assert_eq!(scene.c.number_of_copy(D), Some(7), "what comes after is not looked at");
        assert_eq!(scene.c.set(S, b"a"), 0);
    }
    // The number of the value is as the item says: 0 appends.
    let mut items = [JET_SETCOLUMN { itagSequence: 0, ..set_item(N, &[7, 0, 0, 0]) }, set_item(S, &wide)];
    assert_eq!(scene.c.set_columns(&mut items), JET_wrnColumnMaxTruncated);
    assert_eq!(scene.c.numbers(N, JET_bitRetrieveCopy), [5, 6, 7]);
}

fn updates() {
    let scene = Scene::new().at(1);
    let c = scene.c;
    for prep in [1, 6, 11, 99, u32::MAX] {
        assert_eq!(c.prepare(prep), JET_errInvalidParameter, "prep {prep}");
    }
    let scene = scene.inserting();
    assert_eq!(c.set_long(ID, 6), 0);
    let mut actual = 0;
    // SAFETY: NULL is no bookmark, whatever its length.
    let code = unsafe { JetUpdate(c.session, c.table, null_mut(), 100, &raw mut actual) };
    assert_eq!((code, actual), (0, 5), "the length is told without a buffer");
    let scene = scene.inserting();
    assert_eq!(each(&[c.set_long(ID, 7), c.set(S, b"seven")]), 0);
    let mut bookmark = [0_u8; 5];
    // SAFETY: the bookmark has five bytes.
    let code = unsafe { JetUpdate(c.session, c.table, bookmark.as_mut_ptr().cast(), 5, null_mut()) };
    assert_eq!((code, bookmark), (0, [0x7F, 0x80, 0, 0, 7]), "the bookmark without its length");
    // A replace gives what fits; without a buffer nothing.
    let scene = scene.replacing(7);
    let (mut two, mut actual) = ([0xCD_u8; 4], 99);
    // SAFETY: two bytes of four are lent.
    let code = unsafe { JetUpdate(c.session, c.table, two.as_mut_ptr().cast(), 2, &raw mut actual) };
    assert_eq!((code, two, actual), (0, [0x7F, 0x80, 0xCD, 0xCD], 5));
    let scene = scene.replacing(7);
    let mut untouched = 99;
    // SAFETY: no bookmark is asked for.
    let code = unsafe { JetUpdate(c.session, c.table, null_mut(), 0, &raw mut untouched) };
    assert_eq!((code, untouched), (0, 99));
    // Without versions: only an insert, only into a table that this transaction made.
    let update2 = |grbit| {
        // SAFETY: no bookmark is asked for.
        unsafe { JetUpdate2(c.session, c.table, null_mut(), 0, null_mut(), grbit) }
    };
    let scene = scene.replacing(7);
    assert_eq!(update2(JET_bitUpdateNoVersion), JET_errUpdateMustVersion);
    assert_eq!(c.prepare(JET_prepCancel), 0);
    let scene = scene.inserting();
    assert_eq!(each(&[c.set_long(ID, 8), c.set(S, b"eight")]), 0);
    assert_eq!(update2(JET_bitUpdateNoVersion), JET_errUpdateMustVersion);
    assert_eq!(update2(0), 0);
    assert_eq!(update2(0), JET_errUpdateNotPrepared);
    assert_eq!(scene.c.ids(), [1, 2, 3, 4, 5, 6, 7, 8]);
}

fn escrow() {
    let scene = Scene::new().at(1).in_transaction();
    let c = scene.c;
    let call = |column, bytes: u32, delta: *mut c_void, old: *mut c_void, room: u32| {
        // SAFETY: the callers pass NULL or places as long as they say.
        unsafe { JetEscrowUpdate(c.session, c.table, column, delta, bytes, old, room, null_mut(), 0) }
    };
    let (mut delta, mut old) = ([3_u8, 0, 0, 0, 0, 0, 0, 0], [0xCD_u8; 8]);
    let (delta, old_place) = (delta.as_mut_ptr().cast::<c_void>(), old.as_mut_ptr().cast::<c_void>());
    for bytes in [0, 1, 3, 8] {
        assert_eq!(call(E, bytes, delta, null_mut(), 0), JET_errInvalidBufferSize, "{bytes} bytes");
    }
    for room in [1, 3] {
        assert_eq!(call(E, 4, delta, old_place, room), JET_errInvalidBufferSize, "room for {room} bytes");
    }
    assert_eq!(call(E, 4, null_mut(), null_mut(), 0), JET_errInvalidParameter, "no delta");
    assert_eq!(call(N, 4, delta, null_mut(), 0), JET_errInvalidBufferSize, "a tagged column");
    assert_eq!(call(S, 4, delta, null_mut(), 0), JET_errInvalidBufferSize, "a variable column");
    assert_eq!(call(V, 4, delta, null_mut(), 0), JET_errInvalidOperation);
    assert_eq!(call(500, 4, delta, null_mut(), 0), JET_errColumnNotFound);
    assert_eq!(c.number(E), Some(0), "nothing was added");
    assert_eq!(call(E, 4, delta, old_place, 8), 0);
    assert_eq!(old, [0, 0, 0, 0, 0xCD, 0xCD, 0xCD, 0xCD]);
    assert_eq!(c.prepare(JET_prepReplace), 0);
    assert_eq!(call(E, 4, delta, null_mut(), 0), JET_errAlreadyPrepared);
    assert_eq!(c.prepare(JET_prepCancel), 0);
    assert_eq!(c.number(E), Some(3));
    assert_eq!(
        retrieve(c, E, old_place, 2, 0, null_mut()),
        JET_errInvalidBufferSize,
        "half of an escrow column"
    );
    assert_eq!(retrieve(c, E, null_mut(), 0, 0, null_mut()), JET_errInvalidBufferSize, "not even its size");
}

fn sizes() {
    let scene = Scene::new().at(1);
    let (session, table) = (scene.s(), scene.c.table);
    let mut size = zeroed::<JET_RECSIZE>();
    // SAFETY: the places are NULL or locals.
    unsafe {
        assert_eq!(JetGetRecordSize(session, table, null_mut(), 0), JET_errInvalidParameter);
        assert_eq!(JetGetRecordSize2(session, table, null_mut(), 0), JET_errInvalidParameter);
        assert_eq!(JetGetRecordSize3(session, table, null_mut(), 0), JET_errInvalidParameter);
        for grbit in [0x8000_0000, 0x100] {
            assert_eq!(JetGetRecordSize(session, table, &raw mut size, grbit), JET_errInvalidGrbit);
        }
        assert_eq!(JetGetRecordSize(session, table, &raw mut size, 0), 0);
        // Four longs, one letter, two values of four bytes; nothing separate.
        assert_eq!((size.cbData, size.cLongValues, size.cbLongValueData), (16 + 1 + 8, 0, 0));
        let once = size;
        assert_eq!(JetGetRecordSize(session, table, &raw mut size, JET_bitRecordSizeRunningTotal), 0);
        assert_eq!((size.cbData, size.cNonTaggedColumns), (2 * once.cbData, 2 * once.cNonTaggedColumns));
        let nothing = null_mut();
        assert_eq!(
            JetRetrieveTaggedColumnList(session, table, nothing, nothing.cast(), 0, 0, 0),
            JET_errInvalidParameter
        );
        let (mut count, mut entry) = (9, [0xCD_u8; 16]);
        let place = entry.as_mut_ptr().cast::<c_void>();
        assert_eq!(JetRetrieveTaggedColumnList(session, table, &raw mut count, place, 7, 0, 0), 0);
        assert_eq!((count, entry), (0, [0xCD; 16]), "no room for an entry");
        assert_eq!(JetRetrieveTaggedColumnList(session, table, &raw mut count, place, 15, 0, 0), 0);
        assert_eq!((count, &entry[..4], &entry[8..]), (1, &256_u32.to_le_bytes()[..], &[0xCD; 8][..]));
    }
}

fn locks() {
    let scene = Scene::new().at(1);
    assert_eq!(scene.c.lock(JET_bitWriteLock), JET_errNotInTransaction);
    let scene = scene.in_transaction();
    for grbit in [0, JET_bitReadLock | JET_bitWriteLock, 0x8000_0000] {
        assert_eq!(scene.c.lock(grbit), JET_errInvalidGrbit, "{grbit:#x}");
    }
    assert_eq!(scene.c.lock(JET_bitReadLock | 0x8000_0000), 0, "more bits do not matter");
    assert_eq!(scene.c.lock(JET_bitWriteLock), 0);
    assert_eq!((scene.c.move_last(), scene.c.move_next()), (0, JET_errNoCurrentRecord));
    assert_eq!(scene.c.lock(JET_bitWriteLock), JET_errNoCurrentRecord);
}

/// JetEnumerateColumns as it is; the code and the outputs.
fn enumerate_raw(
    c: Cursor,
    memory: &mut Memory,
    list: *mut JET_ENUMCOLUMNID,
    items: u32,
    grbit: u32,
) -> (i32, u32, *mut JET_ENUMCOLUMN) {
    let (mut count, mut array) = (99, std::ptr::dangling_mut());
    let context = std::ptr::from_mut(memory).cast();
    // SAFETY: the list is NULL or has as many items as is told, the places are locals.
    let code = unsafe {
        JetEnumerateColumns(
            c.session,
            c.table,
            items,
            list,
            &raw mut count,
            &raw mut array,
            Some(reallocate),
            context,
            1 << 20,
            grbit,
        )
    };
    (code, count, array)
}

fn enumerations() {
    let scene = Scene::new().at(1);
    let c = scene.c;
    let (mut count, mut array, mut memory) = (0, null_mut(), Memory::default());
    let (places, context) = ((&raw mut count, &raw mut array), (&raw mut memory).cast());
    let call = |count, array, realloc| {
        // SAFETY: the places are NULL or locals.
        unsafe {
            JetEnumerateColumns(c.session, c.table, 0, null_mut(), count, array, realloc, context, 9, 0)
        }
    };
    assert_eq!(call(null_mut(), places.1, Some(reallocate)), JET_errInvalidParameter);
    assert_eq!(call(places.0, null_mut(), Some(reallocate)), JET_errInvalidParameter);
    assert_eq!(call(places.0, places.1, None), JET_errInvalidParameter);
    let mut list = [JET_ENUMCOLUMNID { columnid: V, ctagSequence: 0, rgtagSequence: null_mut() }];
    let refused = [
        (JET_bitEnumerateLocal, false),
        (0x8000_0000, false),
        (JET_bitEnumerateTaggedOnly, true),
        (JET_bitEnumerateInRecordOnly | JET_bitEnumerateAsRefIfNotInRecord, false),
    ];
    for (grbit, listed) in refused {
        let (start, items) = if listed { (list.as_mut_ptr(), 1) } else { (null_mut(), 0) };
        let (code, count, array) = enumerate_raw(c, &mut memory, start, items, grbit);
        assert_eq!((code, count, array.is_null()), (JET_errInvalidGrbit, 0, true), "{grbit:#x}");
    }
    for items in [1, 5, u32::MAX] {
        let (code, count, array) = enumerate_raw(c, &mut memory, null_mut(), items, 0);
        assert_eq!((code, count, array.is_null()), (JET_errInvalidParameter, 0, true), "no list of {items}");
    }
    let (code, ..) = enumerate_raw(c, &mut memory, list.as_mut_ptr(), u32::MAX, 0);
    assert_eq!(code, JET_errInvalidParameter, "no table has so many columns");
    for tags in [1, u32::MAX] {
        list[0].ctagSequence = tags;
        let (code, ..) = enumerate_raw(c, &mut memory, list.as_mut_ptr(), 1, 0);
        assert_eq!(code, JET_errInvalidParameter, "no list of {tags} numbers");
    }
    assert_eq!((memory.calls, memory.blocks.len()), (0, 0), "nothing was allocated for what was refused");
    // Numbers of values: 0 is passed over, one beyond the last is NULL.
    let mut tags = [2, 0, 9, 1];
    let chosen = [JET_ENUMCOLUMNID { columnid: N, ctagSequence: 4, rgtagSequence: tags.as_mut_ptr() }];
    let answer = c.enumerate(Some(&chosen), 1 << 20, 0);
    assert_eq!(answer.code, 0);
    let values: Vec<_> =
        answer.columns[0].values.iter().map(|(_, err, data)| (*err, data.first().copied())).collect();
    assert_eq!(values, [(0, Some(6)), (JET_wrnColumnSkipped, None), (JET_wrnColumnNull, None), (0, Some(5))]);
    // The same column twice, and every bad kind of id.
    let listed = |columnid| JET_ENUMCOLUMNID { columnid, ctagSequence: 0, rgtagSequence: null_mut() };
    let answer = c.enumerate(Some(&[listed(V), listed(0x1_0001), listed(V), listed(u32::MAX)]), 1 << 20, 0);
    let errs: Vec<_> = answer.columns.iter().map(|column| column.err).collect();
    assert!(answer.code < 0 && errs[1] < 0 && errs[3] < 0, "{errs:?}");
    assert_eq!((errs[0], errs[2]), (0, 0));
}

fn allocators_that_return_null() {
    let scene = Scene::new().in_transaction().replacing(1);
    assert_eq!(each(&[scene.c.set(LB, &[7; 20_000]), scene.c.update()]), 0);
    let mut tags = [1, 2];
    let mut list = [
        JET_ENUMCOLUMNID { columnid: V, ctagSequence: 0, rgtagSequence: null_mut() },
        JET_ENUMCOLUMNID { columnid: N, ctagSequence: 2, rgtagSequence: tags.as_mut_ptr() },
        JET_ENUMCOLUMNID { columnid: LB, ctagSequence: 0, rgtagSequence: null_mut() },
    ];
    for grbit in [0, JET_bitEnumerateCompressOutput] {
        for (start, items) in [(null_mut(), 0), (list.as_mut_ptr(), 3)] {
            let mut failures = 0;
            loop {
                let mut memory = Memory { fails_at: Some(failures + 1), ..Memory::default() };
                let (code, count, array) = enumerate_raw(scene.c, &mut memory, start, items, grbit);
                if code == 0 {
                    assert!(memory.calls <= failures, "a call that failed is told");
                    break;
                }
                assert_eq!((code, count, array.is_null()), (JET_errOutOfMemory, 0, true), "call {failures}");
                assert_eq!(memory.blocks.len(), 0, "call {failures}: all is given back");
                failures += 1;
            }
            assert!(failures > 4, "every call of the allocator failed once: {failures}");
        }
    }
    // Nothing happened to the cursor, and with memory the same call works.
    assert_eq!(scene.c.enumerate(None, 1 << 20, 0).columns.len(), 7);
    // A value of no bytes takes no memory: NULL is an answer then.
    let scene = scene.replacing(1);
    assert_eq!(each(&[scene.c.set_as(LB, b"", JET_bitSetZeroLength), scene.c.update()]), 0);
    let answer = scene.c.enumerate(Some(&list[2..]), 1 << 20, 0);
    assert_eq!((answer.code, &answer.columns[0].values), (0, &vec![(1, 0, Vec::new())]));
}

fn after_an_update_that_failed() {
    let scene = Scene::new().inserting();
    let c = scene.c;
    let still = |code: i32| {
        assert_eq!(c.prepare(JET_prepInsert), JET_errAlreadyPrepared, "after {code}");
    };
    for (id, s, expected) in [
        (None, "x", JET_errNullInvalid),
        (Some(1), "x", JET_errKeyDuplicate),
        (Some(6), "a", JET_errKeyDuplicate),
    ] {
        if let Some(id) = id {
            assert_eq!(c.set_long(ID, id), 0);
        }
        assert_eq!(c.set(S, s.as_bytes()), 0);
        assert_eq!(c.update(), expected);
        still(expected);
    }
    assert_eq!(c.prepare(JET_prepCancel), 0);
    assert_eq!(c.update(), JET_errUpdateNotPrepared);
    assert_eq!(c.ids(), [1, 2, 3, 4, 5]);
    // A replace that would change the key.
    let scene = scene.replacing(2);
    assert_eq!(c.set_long(ID, 9), 0);
    assert_eq!(c.update(), JET_errRecordPrimaryChanged);
    assert_eq!(each(&[c.set_long(ID, 2), c.set_long(V, 21), c.update()]), 0);
    assert_eq!(scene.c.at(2).number(V), Some(21));
}
