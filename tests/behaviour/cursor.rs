//! A program's view of a cursor: calls with plain arguments. What can fail gives the code; a reading gives a number that
//! is the value where there is one (the fixture's are positive) and the code where there is none.

use std::ffi::{CStr, c_void};
use std::ptr::{null, null_mut};

use esent::abi::structs::{JET_RECPOS, JET_RETINFO, JET_SETINFO};
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::api::*;

/// NULL as a value of [`Cursor::long`].
pub(crate) const NULL: i32 = 1004;

/// A cursor and its session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    /// The session.
    pub(crate) session: usize,
    /// The cursor.
    pub(crate) table: usize,
}

/// What a call that fills a buffer gave.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Filled {
    /// The code.
    pub(crate) code: i32,
    /// The bytes that were written: as many as fit of those that there are.
    pub(crate) bytes: Vec<u8>,
    /// How many there are.
    pub(crate) actual: u32,
}

/// Runs a call on a buffer of `room` bytes.
pub(crate) fn fill(room: u32, call: impl FnOnce(*mut c_void, *mut u32) -> i32) -> Filled {
    let (mut bytes, mut actual) = (vec![0xEE; room as usize], 0);
    let code = call(bytes.as_mut_ptr().cast(), &raw mut actual);
    bytes.truncate(if code < 0 { 0 } else { actual as usize });
    Filled { code, bytes, actual }
}

impl Cursor {
    /// JetOpenTable; the cursor, and the code.
    pub(crate) fn open(session: usize, dbid: u32, name: &CStr, grbit: u32) -> (Self, i32) {
        let mut table = 0;
        // SAFETY: the name is NUL-terminated, the place a local.
        let code = unsafe { JetOpenTable(session, dbid, name.as_ptr(), null(), 0, grbit, &raw mut table) };
        (Self { session, table }, code)
    }

    /// JetDupCursor.
    pub(crate) fn dup(self) -> Self {
        let mut table = 0;
        // SAFETY: the place is a local.
        assert_eq!(unsafe { JetDupCursor(self.session, self.table, &raw mut table, 0) }, 0);
        Self { table, ..self }
    }

    /// JetCloseTable.
    pub(crate) fn close(self) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetCloseTable(self.session, self.table) }
    }

    /// JetMove.
    pub(crate) fn step(self, rows: i32, grbit: u32) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetMove(self.session, self.table, rows, grbit) }
    }

    /// JetMove to the first record; its id.
    pub(crate) fn first(self) -> i32 {
        self.after(self.step(JET_MoveFirst, 0))
    }

    /// JetMove to the last record; its id.
    pub(crate) fn last(self) -> i32 {
        self.after(self.step(JET_MoveLast, 0))
    }

    /// JetMove to the next record; its id.
    pub(crate) fn next(self) -> i32 {
        self.after(self.step(JET_MoveNext, 0))
    }

    /// JetMove to the previous record; its id.
    pub(crate) fn previous(self) -> i32 {
        self.after(self.step(JET_MovePrevious, 0))
    }

    /// The id where a call succeeded, or the call's code.
    pub(crate) fn after(self, code: i32) -> i32 {
        if code < 0 { code } else { self.id() }
    }

    /// The id of the current record.
    pub(crate) fn id(self) -> i32 {
        self.long(crate::fixture::ID)
    }

    /// A column of four bytes, [`NULL`] where it is that, or the code.
    pub(crate) fn long(self, column: u32) -> i32 {
        self.long_with(column, 0, 1)
    }

    /// As [`Self::long`], with a grbit and an itagSequence.
    pub(crate) fn long_with(self, column: u32, grbit: u32, itag: u32) -> i32 {
        let read = self.retrieve(column, 4, grbit, 0, itag);
        match <[u8; 4]>::try_from(read.bytes) {
            Ok(bytes) => i32::from_le_bytes(bytes),
            Err(_) => read.code,
        }
    }

    /// JetRetrieveColumn into `room` bytes.
    pub(crate) fn retrieve(self, column: u32, room: u32, grbit: u32, offset: u32, itag: u32) -> Filled {
        let mut info =
            JET_RETINFO { cbStruct: 16, ibLongValue: offset, itagSequence: itag, columnidNextTagged: 0 };
        fill(room, |buffer, actual| {
            // SAFETY: the buffer has as many bytes as are told, the rest are locals.
            unsafe {
                JetRetrieveColumn(
                    self.session,
                    self.table,
                    column,
                    buffer,
                    room,
                    actual,
                    grbit,
                    &raw mut info,
                )
            }
        })
    }

    /// JetPrepareUpdate.
    pub(crate) fn prepare(self, kind: u32) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetPrepareUpdate(self.session, self.table, kind) }
    }

    /// JetSetColumn with what JET_SETINFO says.
    pub(crate) fn set_with(self, column: u32, value: &[u8], grbit: u32, offset: u32, itag: u32) -> i32 {
        let mut info = JET_SETINFO { cbStruct: 12, ibLongValue: offset, itagSequence: itag };
        let (data, length) = (value.as_ptr().cast(), value.len() as u32);
        // SAFETY: the value has as many bytes as are told, the information is a local.
        unsafe { JetSetColumn(self.session, self.table, column, data, length, grbit, &raw mut info) }
    }

    /// JetSetColumn of a whole value.
    pub(crate) fn set(self, column: u32, value: &[u8]) -> i32 {
        self.set_with(column, value, 0, 0, 1)
    }

    /// JetSetColumn of four bytes.
    pub(crate) fn set_long(self, column: u32, value: i32) -> i32 {
        self.set(column, &value.to_le_bytes())
    }

    /// JetSetColumn of NULL.
    pub(crate) fn set_null(self, column: u32) -> i32 {
        // SAFETY: NULL without bytes is the value NULL.
        unsafe { JetSetColumn(self.session, self.table, column, null(), 0, 0, null_mut()) }
    }

    /// JetUpdate.
    pub(crate) fn update(self) -> i32 {
        // SAFETY: no bookmark is asked for.
        unsafe { JetUpdate(self.session, self.table, null_mut(), 0, null_mut()) }
    }

    /// JetUpdate, with the bookmark.
    pub(crate) fn update_with_bookmark(self, room: u32) -> Filled {
        fill(room, |buffer, actual| {
            // SAFETY: the buffer has as many bytes as are told.
            unsafe { JetUpdate(self.session, self.table, buffer, room, actual) }
        })
    }

    /// Inserts a record with an id and an s; the first code that is not success.
    pub(crate) fn insert(self, id: i32, s: &str) -> i32 {
        first_failure(&[
            &|| self.prepare(JET_prepInsert),
            &|| self.set_long(crate::fixture::ID, id),
            &|| self.set(crate::fixture::S, s.as_bytes()),
            &|| self.update_or_cancel(),
        ])
    }

    /// Changes a column of the current record; the first code that is not success.
    pub(crate) fn replace(self, column: u32, value: i32) -> i32 {
        first_failure(&[&|| self.prepare(JET_prepReplace), &|| self.set_long(column, value), &|| {
            self.update_or_cancel()
        }])
    }

    /// JetUpdate, and the update is cancelled where that fails.
    fn update_or_cancel(self) -> i32 {
        let code = self.update();
        if code < 0 {
            self.prepare(JET_prepCancel);
        }
        code
    }

    /// JetDelete.
    pub(crate) fn delete(self) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetDelete(self.session, self.table) }
    }

    /// JetGetLock.
    pub(crate) fn lock(self, grbit: u32) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetGetLock(self.session, self.table, grbit) }
    }

    /// JetEscrowUpdate by a number of four bytes; the code, and the old value.
    pub(crate) fn escrow(self, column: u32, by: i32, grbit: u32) -> (i32, i32) {
        let (mut by, mut old) = (by, i32::MIN);
        // SAFETY: both numbers are locals of four bytes.
        let code = unsafe {
            JetEscrowUpdate(
                self.session,
                self.table,
                column,
                (&raw mut by).cast(),
                4,
                (&raw mut old).cast(),
                4,
                null_mut(),
                grbit,
            )
        };
        (code, old)
    }

    /// JetMakeKey.
    pub(crate) fn make_key(self, value: &[u8], grbit: u32) -> i32 {
        let (data, length) = (value.as_ptr().cast(), value.len() as u32);
        // SAFETY: the value has as many bytes as are told.
        unsafe { JetMakeKey(self.session, self.table, data, length, grbit) }
    }

    /// A new search key of one number.
    pub(crate) fn key(self, value: i32) -> Self {
        assert_eq!(self.make_key(&value.to_le_bytes(), JET_bitNewKey), 0, "JetMakeKey");
        self
    }

    /// JetSeek.
    pub(crate) fn seek(self, grbit: u32) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetSeek(self.session, self.table, grbit) }
    }

    /// Finds a record on the primary index, or on a current index of one number.
    pub(crate) fn at(self, value: i32) -> Self {
        assert_eq!(self.key(value).seek(JET_bitSeekEQ), 0, "JetSeek");
        self
    }

    /// JetSetIndexRange.
    pub(crate) fn range(self, grbit: u32) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetSetIndexRange(self.session, self.table, grbit) }
    }

    /// JetSetCurrentIndex.
    pub(crate) fn index(self, name: &CStr) -> i32 {
        // SAFETY: the name is NUL-terminated.
        unsafe { JetSetCurrentIndex(self.session, self.table, name.as_ptr()) }
    }

    /// JetSetCurrentIndex2.
    pub(crate) fn index_with(self, name: &CStr, grbit: u32) -> i32 {
        // SAFETY: the name is NUL-terminated.
        unsafe { JetSetCurrentIndex2(self.session, self.table, name.as_ptr(), grbit) }
    }

    /// JetSetCurrentIndex3.
    pub(crate) fn index_at_value(self, name: &CStr, grbit: u32, itag: u32) -> i32 {
        // SAFETY: the name is NUL-terminated.
        unsafe { JetSetCurrentIndex3(self.session, self.table, name.as_ptr(), grbit, itag) }
    }

    /// The cursor on another index, before anything moved on it.
    pub(crate) fn on(self, name: &CStr) -> Self {
        assert_eq!(self.index(name), 0, "JetSetCurrentIndex");
        self
    }

    /// JetGetCurrentIndex.
    pub(crate) fn current_index(self) -> String {
        let mut name = [0; 65];
        // SAFETY: the buffer has 65 letters.
        let code = unsafe { JetGetCurrentIndex(self.session, self.table, name.as_mut_ptr(), 65) };
        // SAFETY: the call ends the text with a NUL, and the buffer was all NUL before.
        let text = unsafe { CStr::from_ptr(name.as_ptr()) }.to_string_lossy().into_owned();
        if code == 0 { text } else { code.to_string() }
    }

    /// JetIndexRecordCount up to `most` (0: all); the code, and the count.
    pub(crate) fn count(self, most: u32) -> (i32, u32) {
        let mut count = u32::MAX;
        // SAFETY: the place is a local.
        let code = unsafe { JetIndexRecordCount(self.session, self.table, &raw mut count, most) };
        (code, count)
    }

    /// JetGetBookmark into `room` bytes.
    pub(crate) fn bookmark(self, room: u32) -> Filled {
        fill(room, |buffer, actual| {
            // SAFETY: the buffer has as many bytes as are told.
            unsafe { JetGetBookmark(self.session, self.table, buffer, room, actual) }
        })
    }

    /// JetGotoBookmark.
    pub(crate) fn go_to(self, bookmark: &[u8]) -> i32 {
        let (data, length) = (bookmark.as_ptr().cast_mut().cast(), bookmark.len() as u32);
        // SAFETY: the bookmark has as many bytes as are told; the call only reads them.
        unsafe { JetGotoBookmark(self.session, self.table, data, length) }
    }

    /// JetGetSecondaryIndexBookmark: the code, the entry's key, the record's bookmark.
    pub(crate) fn secondary_bookmark(self) -> (i32, Vec<u8>, Vec<u8>) {
        let mut key = Vec::new();
        let mut code = 0;
        let primary = fill(256, |bookmark, bookmark_actual| {
            let read = fill(256, |buffer, actual| {
                // SAFETY: both buffers have 256 bytes.
                unsafe {
                    JetGetSecondaryIndexBookmark(
                        self.session,
                        self.table,
                        buffer,
                        256,
                        actual,
                        bookmark,
                        256,
                        bookmark_actual,
                        0,
                    )
                }
            });
            (key, code) = (read.bytes, read.code);
            code
        });
        (code, key, primary.bytes)
    }

    /// JetGotoSecondaryIndexBookmark.
    pub(crate) fn go_to_entry(self, key: &[u8], bookmark: &[u8], grbit: u32) -> i32 {
        let (key_data, data) = (key.as_ptr().cast_mut().cast(), bookmark.as_ptr().cast_mut().cast());
        let lengths = (key.len() as u32, bookmark.len() as u32);
        // SAFETY: both have as many bytes as are told; the call only reads them.
        unsafe {
            JetGotoSecondaryIndexBookmark(
                self.session,
                self.table,
                key_data,
                lengths.0,
                data,
                lengths.1,
                grbit,
            )
        }
    }

    /// JetRetrieveKey into `room` bytes.
    pub(crate) fn retrieve_key(self, room: u32, grbit: u32) -> Filled {
        fill(room, |buffer, actual| {
            // SAFETY: the buffer has as many bytes as are told.
            unsafe { JetRetrieveKey(self.session, self.table, buffer, room, actual, grbit) }
        })
    }

    /// JetGotoPosition to entry `before` of `total`.
    pub(crate) fn go_to_position(self, before: u32, total: u32) -> i32 {
        let mut position =
            JET_RECPOS { cbStruct: 16, centriesLT: before, centriesInRange: 1, centriesTotal: total };
        // SAFETY: the position is a local.
        unsafe { JetGotoPosition(self.session, self.table, &raw mut position) }
    }

    /// The ids from the next record on, and the code that ended them.
    pub(crate) fn rest(self) -> (Vec<i32>, i32) {
        let mut ids = Vec::new();
        loop {
            match self.step(JET_MoveNext, 0) {
                0 => ids.push(self.id()),
                code => return (ids, code),
            }
            assert!(ids.len() < 1000, "a table of the tests has fewer records");
        }
    }
}

/// The first code of calls made in order that is no success, and 0 where all are.
pub(crate) fn first_failure(calls: &[&dyn Fn() -> i32]) -> i32 {
    calls.iter().map(|call| call()).find(|code| *code != 0).unwrap_or(0)
}

/// Asserts that a number is what the plan says, and gives the code of success: rows check on their way.
#[track_caller]
pub(crate) fn is(given: i32, wanted: i32) -> i32 {
    assert_eq!(given, wanted);
    0
}
