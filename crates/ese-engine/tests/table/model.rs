//! Random rows of every type against a model: inserts, replaces, deletes, copies, parts of long values, nested
//! transactions committed and rolled back; then the verifier, and a reader of the file.

use std::collections::BTreeMap;

use ese_engine::catalog::{ColumnGrbit, IndexGrbit, NewColumn, NewCondition, NewDefault, NewIndex, NewTable};
use ese_engine::table::{
    ColumnChange, EnumerateGrbit, LongValueCounts, MakeKeyGrbit, Prepare, SeekGrbit, SetGrbit, UpdateGrbit,
};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_format::column_type::ColumnType;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;
use ese_format::version::DatabaseVersion;

use crate::stage::{Opened, Stage};

/// Numbers that a seed decides (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Bytes that shrink or do not, as it comes.
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        match self.below(3) {
            0 => (0..count).map(|_| self.next() as u8).collect(),
            1 => vec![self.next() as u8; count],
            _ => (0..count).map(|at| b'a' + ((at / 7) % 20) as u8).collect(),
        }
    }
}

/// How values of a column are made and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// This many bytes.
    Sized(usize),
    Bit,
    /// A fixed column, padded with this byte.
    Padded(usize, u8),
    /// At most so many bytes.
    Short(usize),
    Long,
}

#[derive(Clone, Debug)]
struct Column {
    name: &'static str,
    column_type: ColumnType,
    grbit: ColumnGrbit,
    shape: Shape,
    tagged: bool,
    id: u32,
}

fn column(name: &'static str, column_type: ColumnType, shape: Shape) -> Column {
    let tagged = column_type.is_long();
    Column { name, column_type, grbit: ColumnGrbit::empty(), shape, tagged, id: 0 }
}

fn tagged(name: &'static str, column_type: ColumnType, shape: Shape) -> Column {
    let grbit = ColumnGrbit::TAGGED | ColumnGrbit::MULTI_VALUED;
    Column { grbit, tagged: true, ..column(name, column_type, shape) }
}

/// Every type in every class it can have.
fn columns() -> Vec<Column> {
    use ColumnType as T;
    let fixed =
        |name, column_type, shape| Column { grbit: ColumnGrbit::FIXED, ..column(name, column_type, shape) };
    let long = |name, column_type, grbit| Column { grbit, ..column(name, column_type, Shape::Long) };
    vec![
        column("bit", T::Bit, Shape::Bit),
        column("byte", T::UnsignedByte, Shape::Sized(1)),
        column("short", T::Short, Shape::Sized(2)),
        column("long", T::Long, Shape::Sized(4)),
        column("currency", T::Currency, Shape::Sized(8)),
        column("single", T::IeeeSingle, Shape::Sized(4)),
        column("double", T::IeeeDouble, Shape::Sized(8)),
        column("date", T::DateTime, Shape::Sized(8)),
        column("ulong", T::UnsignedLong, Shape::Sized(4)),
        column("llong", T::LongLong, Shape::Sized(8)),
        column("guid", T::Guid, Shape::Sized(16)),
        column("ushort", T::UnsignedShort, Shape::Sized(2)),
        fixed("fbinary", T::Binary, Shape::Padded(20, 0)),
        fixed("ftext", T::Text, Shape::Padded(12, b' ')),
        column("vbinary", T::Binary, Shape::Short(255)),
        column("vtext", T::Text, Shape::Short(100)),
        tagged("tlong", T::Long, Shape::Sized(4)),
        tagged("tshort", T::Short, Shape::Sized(2)),
        tagged("tbinary", T::Binary, Shape::Short(200)),
        long("lbinary", T::LongBinary, ColumnGrbit::MULTI_VALUED),
        long("lcompressed", T::LongBinary, ColumnGrbit::COMPRESSED),
        long("ltext", T::LongText, ColumnGrbit::empty()),
    ]
}

type Row = BTreeMap<u32, Vec<Vec<u8>>>;
type Rows = BTreeMap<i32, Row>;

struct Scene {
    stage: Stage,
    session: Session,
    opened: Opened,
    columns: Vec<Column>,
    id: u32,
    unique: u32,
    version: u32,
    default: u32,
    dice: Dice,
    rows: Rows,
    /// The rows as they were when each open transaction began.
    undo: Vec<Rows>,
    long_value_bytes_max: usize,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    inserted: usize,
    copied: usize,
    replaced: usize,
    deleted: usize,
    duplicates: usize,
    rolled_back: usize,
    committed: usize,
    too_big: usize,
    edits: usize,
}

fn index<'a>(name: &'a str, key: &'a str, grbit: IndexGrbit) -> NewIndex<'a> {
    NewIndex { name: name.as_bytes(), key: key.as_bytes(), grbit: grbit.bits(), ..NewIndex::default() }
}

impl Scene {
    fn new(page_size: PageSize, version: DatabaseVersion, seed: u64, long_value_bytes_max: usize) -> Self {
        let stage = Stage::with_version(page_size, version);
        stage.transactions.set_count_hook(std::sync::Arc::new(LongValueCounts));
        let mut session = stage.session();
        let mut columns = columns();
        let long = u32::from(ColumnType::Long.code() as u16);
        let mut new: Vec<NewColumn<'_>> = vec![
            NewColumn {
                name: b"id",
                column_type: long,
                grbit: ColumnGrbit::NOT_NULL.bits(),
                ..NewColumn::default()
            },
            NewColumn { name: b"unique", column_type: long, ..NewColumn::default() },
            NewColumn {
                name: b"version",
                column_type: long,
                grbit: ColumnGrbit::VERSION.bits(),
                ..NewColumn::default()
            },
            NewColumn {
                name: b"default",
                column_type: long,
                default: NewDefault::Value(&[7, 0, 0, 0]),
                ..NewColumn::default()
            },
        ];
        new.extend(columns.iter().map(|column| NewColumn {
            name: column.name.as_bytes(),
            column_type: column.column_type.code(),
            grbit: column.grbit.bits(),
            bytes_max: match column.shape {
                Shape::Padded(size, _) | Shape::Short(size) => size as u32,
                _ => 0,
            },
            ..NewColumn::default()
        }));
        let none = IndexGrbit::empty();
        let present = [NewCondition { column: b"short", grbit: 2 }];
        let indexes = [
            index("primary", "+id\0\0", IndexGrbit::PRIMARY),
            index("unique", "+unique\0\0", IndexGrbit::UNIQUE | IndexGrbit::IGNORE_NULL),
            index("down", "-currency\0+vtext\0\0", none),
            index("guid", "+guid\0-date\0\0", IndexGrbit::IGNORE_ANY_NULL),
            index("multi", "+tlong\0\0", none),
            index("cross", "+tlong\0-tshort\0+bit\0\0", IndexGrbit::CROSS_PRODUCT),
            index("binary", "+vbinary\0+tbinary\0\0", none),
            index("long", "+lbinary\0\0", IndexGrbit::IGNORE_FIRST_NULL),
            index("fixed", "+ftext\0-fbinary\0+double\0\0", none),
            NewIndex { conditions: &present, ..index("if", "+long\0\0", none) },
            NewIndex {
                tuple_limits: Some([3, 10, 60, 2, 1]),
                ..index("tuples", "+ltext\0\0", IndexGrbit::TUPLE_LIMITS)
            },
            NewIndex { key_most: 600, ..index("wide", "+lcompressed\0+single\0\0", IndexGrbit::KEY_MOST) },
        ];
        let table = NewTable { name: b"t", columns: &new, indexes: &indexes, ..NewTable::default() };
        let mut opened = stage.create(&mut session, &table).expect("a legal table");
        let mut id_of = |name: &str| opened.column(&session, name).expect("it was made").to_api();
        let (id, unique, version, default) =
            (id_of("id"), id_of("unique"), id_of("version"), id_of("default"));
        for column in &mut columns {
            column.id = id_of(column.name);
        }
        Self {
            stage,
            session,
            opened,
            columns,
            id,
            unique,
            version,
            default,
            dice: Dice(seed),
            rows: Rows::new(),
            undo: Vec::new(),
            long_value_bytes_max,
            counts: Counts::default(),
        }
    }

    /// A value as it is set, and as it is stored.
    fn value(&mut self, shape: Shape) -> (Vec<u8>, Vec<u8>) {
        let dice = &mut self.dice;
        match shape {
            Shape::Bit => {
                let set = vec![dice.below(3) as u8];
                let stored = vec![if set[0] == 0 { 0 } else { 0xFF }];
                (set, stored)
            }
            Shape::Sized(size) => {
                // Few different ones, so that indexes have equal keys.
                let set = if dice.one_in(2) { vec![dice.below(4) as u8; size] } else { dice.bytes(size) };
                (set.clone(), set)
            }
            Shape::Padded(size, filler) => {
                let count = 1 + dice.below(size);
                let set = dice.bytes(count);
                let mut stored = set.clone();
                stored.resize(size, filler);
                (set, stored)
            }
            Shape::Short(max) => {
                let count = dice.below(max + 1);
                let set = dice.bytes(count);
                (set.clone(), set)
            }
            Shape::Long => {
                let count = match dice.below(40) {
                    0 => dice.below(self.long_value_bytes_max),
                    1..=4 => dice.below(20_000),
                    5..=12 => dice.below(2_000),
                    _ => dice.below(200),
                };
                let set = dice.bytes(count);
                (set.clone(), set)
            }
        }
    }

    fn set(
        &mut self,
        column: u32,
        data: &[u8],
        itag: u32,
        grbit: SetGrbit,
        offset: u32,
    ) -> Result<(), JetError> {
        let bytes = data.len() as u32;
        let change = ColumnChange { column, data, bytes, grbit, offset, itag };
        self.opened.cursor.set_column(&mut self.session, &change).map(|_| ()).map_err(|error| error.jet())
    }

    /// Sets some columns of the copy buffer and of the model's row.
    fn set_some(&mut self, row: &mut Row, share: usize) -> Result<(), JetError> {
        for column in self.columns.clone() {
            if !self.dice.one_in(share) {
                continue;
            }
            if self.dice.one_in(6) {
                self.set(column.id, b"", 1, SetGrbit::empty(), 0)?;
                remove_value(row, column.id, 0);
                continue;
            }
            if column.shape == Shape::Long && self.dice.one_in(3) {
                self.edit_long(row, &column)?;
                continue;
            }
            let (set, stored) = self.value(column.shape);
            let grbit = if set.is_empty() { SetGrbit::ZERO_LENGTH } else { self.storage(&column) };
            let count = row.get(&column.id).map_or(0, Vec::len);
            let itag = if column.tagged { self.dice.below(count.min(4) + 1) } else { 1 };
            self.set(column.id, &set, itag as u32, grbit, 0)?;
            let values = row.entry(column.id).or_default();
            match itag.checked_sub(1).and_then(|place| values.get_mut(place)) {
                Some(place) => *place = stored,
                None => values.push(stored),
            }
        }
        Ok(())
    }

    /// Where a long value is to be kept.
    fn storage(&mut self, column: &Column) -> SetGrbit {
        if column.shape != Shape::Long {
            return SetGrbit::empty();
        }
        match self.dice.below(6) {
            0 => SetGrbit::SEPARATE_LV,
            1 => SetGrbit::COMPRESSED,
            2 => SetGrbit::UNCOMPRESSED,
            _ => SetGrbit::empty(),
        }
    }

    /// Appends to a long value, overwrites a part of it, or changes its size.
    fn edit_long(&mut self, row: &mut Row, column: &Column) -> Result<(), JetError> {
        self.counts.edits += 1;
        let count = self.dice.below(5_000);
        let bytes = self.dice.bytes(count);
        let old = row.get(&column.id).and_then(|values| values.first()).cloned();
        let length = old.as_ref().map_or(0, Vec::len);
        let mut new = old.clone().unwrap_or_default();
        match self.dice.below(4) {
            0 => {
                self.set(column.id, &bytes, 1, SetGrbit::APPEND_LV, 0)?;
                new.extend_from_slice(&bytes);
            }
            1 => {
                if old.is_none() && bytes.is_empty() {
                    return Ok(());
                }
                let at = self.dice.below(length + 1);
                self.set(column.id, &bytes, 1, SetGrbit::OVERWRITE_LV, at as u32)?;
                new.resize(length.max(at + bytes.len()), 0);
                new[at..at + bytes.len()].copy_from_slice(&bytes);
            }
            2 => {
                let size = 1 + self.dice.below(8_000);
                let change = ColumnChange {
                    column: column.id,
                    data: &[],
                    bytes: size as u32,
                    grbit: SetGrbit::SIZE_LV,
                    offset: 0,
                    itag: 1,
                };
                let _ =
                    self.opened.cursor.set_column(&mut self.session, &change).map_err(|error| error.jet())?;
                new.resize(size, 0);
            }
            _ => {
                if bytes.is_empty() {
                    return Ok(());
                }
                let at = self.dice.below(length + 1);
                let grbit = SetGrbit::OVERWRITE_LV | SetGrbit::SIZE_LV;
                self.set(column.id, &bytes, 1, grbit, at as u32)?;
                new.truncate(at);
                new.extend_from_slice(&bytes);
            }
        }
        let values = row.entry(column.id).or_default();
        match values.first_mut() {
            Some(first) => *first = new,
            None => values.push(new),
        }
        Ok(())
    }

    /// Sets the column of the unique index; sometimes to what another row has.
    fn set_unique(&mut self, row: &mut Row, id: i32) -> Result<(), JetError> {
        let other = self.rows.keys().copied().nth(self.dice.below(self.rows.len()));
        let value = if self.dice.one_in(8) { other.unwrap_or(id) } else { id };
        self.set(self.unique, &value.to_le_bytes(), 1, SetGrbit::empty(), 0)?;
        row.insert(self.unique, vec![value.to_le_bytes().to_vec()]);
        Ok(())
    }

    fn is_duplicate(&self, row: &Row, own: Option<i32>) -> bool {
        let unique = |row: &Row| row.get(&self.unique).cloned();
        let (id, value) = (row[&self.id][0].clone(), unique(row));
        let id = i32::from_le_bytes(id.try_into().expect("four bytes"));
        if own != Some(id) && self.rows.contains_key(&id) {
            return true;
        }
        value.is_some() && self.rows.iter().any(|(other, row)| own != Some(*other) && unique(row) == value)
    }

    fn go_to(&mut self, id: i32) {
        let (cursor, session) = (&mut self.opened.cursor, &mut self.session);
        cursor.make_key(session, &id.to_le_bytes(), MakeKeyGrbit::NEW_KEY).expect("the primary order");
        let _ = cursor.seek(session, SeekGrbit::EQ).expect("the model has the row");
    }

    fn some_row(&mut self) -> Option<i32> {
        let place = self.dice.below(self.rows.len());
        self.rows.keys().copied().nth(place)
    }

    fn cancel(&mut self) {
        self.opened.cursor.prepare(&mut self.session, Prepare::Cancel).expect("something is prepared");
    }

    /// Finishes the update; the model follows when it was accepted.
    fn finish(&mut self, row: Row, own: Option<i32>, copy_of: Option<i32>) -> bool {
        let duplicate = self.is_duplicate(&row, own);
        let updated = self.opened.cursor.update(&mut self.session, None, UpdateGrbit::empty());
        match updated.map_err(|error| error.jet()) {
            Ok(_) => {
                assert!(!duplicate, "a duplicate was accepted");
                let id = i32::from_le_bytes(row[&self.id][0].clone().try_into().expect("four bytes"));
                let _ = copy_of;
                self.rows.insert(id, row);
                true
            }
            Err(JetError::KEY_DUPLICATE) => {
                assert!(duplicate, "no duplicate was refused");
                self.counts.duplicates += 1;
                self.cancel();
                false
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn insert(&mut self) {
        let id = self.dice.below(400) as i32 - 100;
        self.opened.cursor.prepare(&mut self.session, Prepare::Insert).expect("an updatable cursor");
        let mut row = Row::new();
        row.insert(self.version, vec![vec![0; 4]]);
        row.insert(self.default, vec![vec![7, 0, 0, 0]]);
        row.insert(self.id, vec![id.to_le_bytes().to_vec()]);
        self.set(self.id, &id.to_le_bytes(), 1, SetGrbit::empty(), 0).expect("a fixed column");
        let set = self.set_unique(&mut row, id).and_then(|()| self.set_some(&mut row, 2));
        if self.was_refused(set) {
            return;
        }
        if self.finish(row, None, None) {
            self.counts.inserted += 1;
        }
    }

    /// A record that became too big is given up.
    fn was_refused(&mut self, set: Result<(), JetError>) -> bool {
        match set {
            Ok(()) => false,
            Err(JetError::RECORD_TOO_BIG) => {
                self.counts.too_big += 1;
                self.cancel();
                true
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn replace(&mut self) {
        let Some(id) = self.some_row() else { return };
        self.go_to(id);
        self.opened.cursor.prepare(&mut self.session, Prepare::Replace).expect("nobody else is there");
        let mut row = self.rows[&id].clone();
        let set = if self.dice.one_in(4) { self.set_unique(&mut row, id) } else { Ok(()) };
        let set = set.and_then(|()| self.set_some(&mut row, 6));
        if self.was_refused(set) {
            return;
        }
        if self.dice.one_in(12) {
            self.cancel();
            return;
        }
        self.set(self.default, &[1, 0, 0, 0], 1, SetGrbit::empty(), 0).expect("a fixed column");
        row.insert(self.default, vec![vec![1, 0, 0, 0]]);
        let version = i32::from_le_bytes(row[&self.version][0].clone().try_into().expect("four bytes"));
        row.insert(self.version, vec![(version + 1).to_le_bytes().to_vec()]);
        if self.finish(row, Some(id), None) {
            self.counts.replaced += 1;
        }
    }

    fn copy(&mut self) {
        let Some(id) = self.some_row() else { return };
        self.go_to(id);
        let moves = self.dice.one_in(3);
        let kind = if moves { Prepare::InsertCopyReplaceOriginal } else { Prepare::InsertCopy };
        self.opened.cursor.prepare(&mut self.session, kind).expect("nobody else is there");
        let mut row = self.rows[&id].clone();
        row.insert(self.version, vec![vec![0; 4]]);
        let new = self.dice.below(400) as i32 - 100;
        self.set(self.id, &new.to_le_bytes(), 1, SetGrbit::empty(), 0).expect("a fixed column");
        row.insert(self.id, vec![new.to_le_bytes().to_vec()]);
        let set = self.set_unique(&mut row, new).and_then(|()| self.set_some(&mut row, 8));
        if self.was_refused(set) {
            return;
        }
        let original = moves.then(|| self.rows.remove(&id)).flatten();
        if self.finish(row, None, Some(id)) {
            self.counts.copied += 1;
        } else if let Some(original) = original {
            self.rows.insert(id, original);
        }
    }

    fn delete(&mut self) {
        let Some(id) = self.some_row() else { return };
        self.go_to(id);
        self.opened.cursor.delete(&mut self.session).expect("the model has the row");
        self.rows.remove(&id);
        self.counts.deleted += 1;
    }

    fn begin(&mut self) {
        self.session.begin(BeginKind::ReadWrite).expect("not too deep");
        self.undo.push(self.rows.clone());
    }

    fn commit(&mut self) {
        self.session.commit(CommitOptions::DURABLE).expect("nothing fails here");
        self.opened.cursor.after_commit(self.session.level());
        self.undo.pop();
        self.counts.committed += 1;
    }

    fn rollback(&mut self) {
        self.session.rollback().expect("nothing fails here");
        let level = self.session.level();
        let _ = self.opened.cursor.after_rollback(&mut self.session, level);
        self.rows = self.undo.pop().expect("a transaction was open");
        self.counts.rolled_back += 1;
    }

    fn step(&mut self) {
        if self.undo.is_empty() {
            self.begin();
        }
        match self.dice.below(24) {
            0..=7 => self.insert(),
            8..=12 => self.replace(),
            13..=14 => self.copy(),
            15..=18 => self.delete(),
            19..=20 if self.undo.len() < 5 => self.begin(),
            21 => self.rollback(),
            _ => self.commit(),
        }
    }

    /// The cursor finds what the model has.
    fn compare(&mut self) {
        let (cursor, session) = (&mut self.opened.cursor, &mut self.session);
        let mut here = cursor.move_first(session);
        for (id, row) in &self.rows {
            here.as_ref().unwrap_or_else(|error| panic!("row {id}: {error}"));
            let (columns, _) = cursor
                .enumerate_columns(session, None, usize::MAX, EnumerateGrbit::empty())
                .expect("a sound record");
            let found: Row = columns
                .into_iter()
                .map(|column| {
                    (column.column, column.values.into_iter().map(|value| value.data).collect::<Vec<_>>())
                })
                .filter(|(_, values)| !values.is_empty())
                .collect();
            for column in found.keys().chain(row.keys()) {
                assert_eq!(found.get(column), row.get(column), "row {id}, column {column}");
            }
            here = cursor.move_by(session, 1, ese_engine::table::MoveGrbit::empty());
        }
        assert_eq!(here.err().map(|error| error.jet()), Some(JetError::NO_CURRENT_RECORD));
    }
}

fn remove_value(row: &mut Row, column: u32, place: usize) {
    if let Some(values) = row.get_mut(&column) {
        if place < values.len() {
            values.remove(place);
        }
        if values.is_empty() {
            row.remove(&column);
        }
    }
}

fn play(page_size: PageSize, version: DatabaseVersion, seed: u64, steps: usize, long_value_bytes_max: usize) {
    let mut scene = Scene::new(page_size, version, seed, long_value_bytes_max);
    for step in 0..steps {
        scene.step();
        if step % 97 == 0 {
            scene.compare();
        }
    }
    while !scene.undo.is_empty() {
        scene.commit();
    }
    scene.compare();
    let rows = scene.rows.len();
    let Scene { stage, session, opened, counts, .. } = scene;
    drop(opened);
    drop(session);
    let database = stage.check();
    let table = database.open_table("t").expect("the table");
    let mut cursor = table.cursor();
    let mut found = 0;
    while cursor.move_next().expect("a sound tree") {
        found += 1;
    }
    assert_eq!(found, rows);
    ese_corpus::report!("{page_size:?} seed {seed}: {rows} rows left; {counts:?}");
}

#[test]
fn random_rows_of_every_type_are_those_of_the_model() {
    for (page_size, seed) in
        [(PageSize::K4, 1), (PageSize::K8, 2), (PageSize::K16, 3), (PageSize::K32, 4), (PageSize::K4, 5)]
    {
        play(page_size, DatabaseVersion::new(20, 0), seed, 1500, 60_000);
    }
}

#[test]
fn the_same_in_the_newest_format_with_wide_identifiers() {
    for (page_size, seed) in [(PageSize::K4, 11), (PageSize::K8, 12), (PageSize::K32, 13)] {
        play(page_size, DatabaseVersion::new(300, 0), seed, 1000, 60_000);
    }
}

#[test]
fn long_values_of_up_to_five_megabytes() {
    play(PageSize::K8, DatabaseVersion::new(20, 0), 21, 400, 5 << 20);
}
