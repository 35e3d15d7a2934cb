//! The fixture of spec 09 §15 and short words for what its rows do: a session with a cursor over table `t`.

use ese_format::catalog::IndexFlags;
use ese_format::column_type::ColumnType;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;
use ese_format::record::ColumnFlags;

use super::bed::{Bed, Column, column, index};
use crate::error::Result;
use crate::table::cursor::IndexStart;
use crate::table::{
    ColumnChange, ColumnRequest, Completion, Cursor, MakeKeyGrbit, MoveGrbit, Prepare, RangeGrbit,
    RetrieveGrbit, SeekGrbit, SetGrbit, UpdateGrbit,
};
use crate::transaction::{BeginKind, CommitOptions, Session};

pub(super) const ID: u32 = 1;
pub(super) const V: u32 = 2;
pub(super) const D: u32 = 3;
pub(super) const E: u32 = 4;
pub(super) const S: u32 = 128;
pub(super) const N: u32 = 256;
pub(super) const LB: u32 = 257;

/// The columns of the fixture.
pub(super) fn columns() -> Vec<Column> {
    vec![
        column("id", 1, ColumnType::Long).flags(ColumnFlags::NOT_NULL),
        column("v", 2, ColumnType::Long),
        column("d", 3, ColumnType::Long).default(&7i32.to_le_bytes()),
        column("e", 4, ColumnType::Long).default(&0i32.to_le_bytes()).flags(ColumnFlags::ESCROW_UPDATE),
        column("s", 128, ColumnType::Text).max(50),
        column("n", 256, ColumnType::Long).flags(ColumnFlags::MULTI_VALUED),
        column("lb", 257, ColumnType::LongBinary),
    ]
}

/// The fixture without rows.
pub(super) fn empty_bed() -> Bed {
    let ignore_null = IndexFlags::ALLOW_ALL_NULLS;
    let indexes = [
        index("pk", &[1]).primary(),
        index("iv", &[2]),
        index("us", &[128]).unique(),
        index("in", &[256]).without(ignore_null).flags(IndexFlags::MULTI_VALUED),
    ];
    Bed::new(PageSize::K8, &columns(), &indexes)
}

/// The fixture.
pub(super) fn bed() -> Bed {
    let bed = empty_bed();
    let mut desk = Desk::at(&bed);
    for (id, v, s) in
        [(1, Some(10), "a"), (2, Some(20), "b"), (3, Some(20), "c"), (4, Some(30), "d"), (5, None, "e")]
    {
        desk.prepare(Prepare::Insert).unwrap();
        desk.set_number(ID, id).unwrap();
        if let Some(v) = v {
            desk.set_number(V, v).unwrap();
        }
        desk.set(S, s.as_bytes()).unwrap();
        if id == 1 {
            desk.set_number(N, 5).unwrap();
            desk.set_value(N, 0, &6i32.to_le_bytes(), SetGrbit::empty()).unwrap();
        }
        desk.update().unwrap();
    }
    drop(desk);
    bed
}

/// A session with a cursor.
pub(super) struct Desk {
    pub(super) cursor: Cursor,
    pub(super) session: Session,
}

/// The code of what a call returned.
pub(super) fn code<T>(result: &Result<T>) -> JetError {
    result.as_ref().err().map_or(JetError::SUCCESS, crate::error::Error::jet)
}

impl Desk {
    pub(super) fn at(bed: &Bed) -> Self {
        let mut session = bed.session();
        let cursor = bed.cursor(&mut session);
        Self { cursor, session }
    }

    /// A new desk whose cursor is on this row.
    pub(super) fn on(bed: &Bed, id: i32) -> Self {
        let mut desk = Self::at(bed);
        desk.go_to(id);
        desk
    }

    pub(super) fn go_to(&mut self, id: i32) {
        self.key(&id.to_le_bytes());
        assert_eq!(self.seek(SeekGrbit::EQ), JetError::SUCCESS);
    }

    pub(super) fn begin(&mut self) {
        self.session.begin(BeginKind::ReadWrite).unwrap();
    }

    pub(super) fn commit(&mut self) {
        self.session.commit(CommitOptions::DURABLE).unwrap();
        self.cursor.after_commit(self.session.level());
    }

    pub(super) fn rollback(&mut self) {
        self.session.rollback().unwrap();
        let level = self.session.level();
        let _ = self.cursor.after_rollback(&mut self.session, level);
    }

    pub(super) fn step(&mut self, rows: i32) -> JetError {
        code(&self.cursor.move_by(&mut self.session, rows, MoveGrbit::empty()))
    }

    pub(super) fn step_key(&mut self, rows: i32) -> JetError {
        code(&self.cursor.move_by(&mut self.session, rows, MoveGrbit::KEY_NE))
    }

    pub(super) fn first(&mut self) -> JetError {
        code(&self.cursor.move_first(&mut self.session))
    }

    pub(super) fn last(&mut self) -> JetError {
        code(&self.cursor.move_last(&mut self.session))
    }

    /// The first part of a new key.
    pub(super) fn key(&mut self, data: &[u8]) {
        self.make_key(data, MakeKeyGrbit::NEW_KEY).unwrap();
    }

    pub(super) fn make_key(&mut self, data: &[u8], grbit: MakeKeyGrbit) -> Result<()> {
        self.cursor.make_key(&mut self.session, data, grbit)
    }

    pub(super) fn seek(&mut self, grbit: SeekGrbit) -> JetError {
        match self.cursor.seek(&mut self.session, grbit) {
            Ok(Completion::Success) => JetError::SUCCESS,
            Ok(Completion::Warning(warning)) => warning,
            Err(error) => error.jet(),
        }
    }

    pub(super) fn range(&mut self, grbit: RangeGrbit) -> JetError {
        code(&self.cursor.set_index_range(&mut self.session, grbit))
    }

    pub(super) fn index(&mut self, name: &str) -> JetError {
        code(&self.cursor.set_current_index(&mut self.session, name.as_bytes(), IndexStart::First))
    }

    pub(super) fn index_here(&mut self, name: &str, itag: u32) -> JetError {
        let start = IndexStart::SameRecord { itag };
        code(&self.cursor.set_current_index(&mut self.session, name.as_bytes(), start))
    }

    pub(super) fn prepare(&mut self, kind: Prepare) -> Result<()> {
        self.cursor.prepare(&mut self.session, kind)
    }

    pub(super) fn set(&mut self, column: u32, data: &[u8]) -> Result<Completion> {
        self.set_value(column, 1, data, SetGrbit::empty())
    }

    pub(super) fn set_number(&mut self, column: u32, value: i32) -> Result<Completion> {
        self.set(column, &value.to_le_bytes())
    }

    pub(super) fn set_value(
        &mut self,
        column: u32,
        itag: u32,
        data: &[u8],
        grbit: SetGrbit,
    ) -> Result<Completion> {
        let change = ColumnChange { column, data, bytes: data.len() as u32, grbit, offset: 0, itag };
        self.cursor.set_column(&mut self.session, &change)
    }

    pub(super) fn set_part(&mut self, data: &[u8], offset: u32, grbit: SetGrbit) -> Result<Completion> {
        let change = ColumnChange { column: LB, data, bytes: data.len() as u32, grbit, offset, itag: 1 };
        self.cursor.set_column(&mut self.session, &change)
    }

    pub(super) fn set_size(&mut self, bytes: u32, grbit: SetGrbit) -> Result<Completion> {
        let change = ColumnChange { column: LB, data: &[], bytes, grbit, offset: 0, itag: 1 };
        self.cursor.set_column(&mut self.session, &change)
    }

    pub(super) fn update(&mut self) -> Result<Vec<u8>> {
        let updated = self.cursor.update(&mut self.session, None, UpdateGrbit::empty())?;
        Ok(updated.bookmark)
    }

    /// Inserts a row with nothing but an id.
    pub(super) fn insert(&mut self, id: i32) {
        self.prepare(Prepare::Insert).unwrap();
        self.set_number(ID, id).unwrap();
        self.set(S, format!("row {id}").as_bytes()).unwrap();
        self.update().unwrap();
    }

    pub(super) fn delete(&mut self) -> JetError {
        code(&self.cursor.delete(&mut self.session))
    }

    /// Code and bytes of a column.
    pub(super) fn get_with(&mut self, column: u32, itag: u32, grbit: RetrieveGrbit) -> (JetError, Vec<u8>) {
        let mut buffer = vec![0; 1 << 17];
        let request = ColumnRequest { column, grbit, offset: 0, itag };
        match self.cursor.retrieve_column(&mut self.session, &request, &mut buffer) {
            Ok(retrieved) => {
                buffer.truncate(retrieved.actual);
                (retrieved.completion.warning().unwrap_or(JetError::SUCCESS), buffer)
            }
            Err(error) => (error.jet(), Vec::new()),
        }
    }

    pub(super) fn get(&mut self, column: u32) -> (JetError, Vec<u8>) {
        self.get_with(column, 1, RetrieveGrbit::empty())
    }

    pub(super) fn copy(&mut self, column: u32) -> (JetError, Vec<u8>) {
        self.get_with(column, 1, RetrieveGrbit::COPY)
    }

    pub(super) fn number(&mut self, column: u32) -> std::result::Result<i32, JetError> {
        as_number(self.get(column))
    }

    pub(super) fn id(&mut self) -> std::result::Result<i32, JetError> {
        self.number(ID)
    }
}

pub(super) fn as_number((code, bytes): (JetError, Vec<u8>)) -> std::result::Result<i32, JetError> {
    match bytes.first_chunk() {
        Some(bytes) if code == JetError::SUCCESS => Ok(i32::from_le_bytes(*bytes)),
        _ => Err(code),
    }
}
