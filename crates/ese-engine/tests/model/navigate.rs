//! Cursors: opening, moving, seeking, reading.

use std::collections::BTreeMap;
use std::rc::Rc;

use ese_engine::table::{
    ColumnRequest, Completion, Cursor, CursorMode, IndexStart, MakeKeyGrbit, MoveGrbit, RangeGrbit,
    RetrieveGrbit, SeekGrbit,
};
use ese_format::error::JetError;

use crate::keys::{End, segment};
use crate::kind::Class;
use crate::place::{Order, Place, Position, Range, Relation};
use crate::play::{Expected, Flow, OpenCursor, Play};
use crate::stage::{Values, row_difference, values_here};
use crate::state::{Change, IndexDef, IndexOption, Role, Table, table_of};

/// Cursors that a session has open at most.
const CURSORS_MAX: usize = 4;
/// Names that tables may have.
pub(crate) const NAMES: [&str; 6] = ["T0", "T1", "T2", "T3", "T4", "T5"];
/// More than any key has.
const FILL_BYTES: usize = 1100;

/// A cursor of a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) who: usize,
    pub(crate) cursor: usize,
}

/// Calls the engine's cursor with its session.
macro_rules! call {
    ($play:expr, $at:expr, |$cursor:ident, $session:ident| $body:expr) => {{
        let client = &mut $play.clients[$at.who];
        let ($cursor, $session) = (&mut client.cursors[$at.cursor].cursor, &mut client.session);
        $body
    }};
}
pub(crate) use call;

impl Play {
    pub(crate) fn use_cursor(&mut self, who: usize) -> Flow<()> {
        let count = self.clients[who].cursors.len();
        if count == 0 || (count < CURSORS_MAX && self.dice.one_in(40)) {
            let name = NAMES[self.dice.below(NAMES.len())];
            return self.open(who, name);
        }
        let at = At { who, cursor: self.dice.below(count) };
        match self.dice.below(100) {
            0..3 => self.close(at),
            3 if count < CURSORS_MAX => self.duplicate(at),
            4..11 => self.set_index(at),
            11..29 => self.move_somewhere(at),
            29..41 => self.seek(at),
            41..45 => self.limit(at),
            45..50 => self.go_to_bookmark(at),
            50..57 => self.read(at),
            57..61 => self.read_part(at),
            61..63 => self.read_key(at),
            63 => self.count_entries(at),
            _ => self.change_records(at),
        }
    }

    pub(crate) fn position(&self, at: At) -> &Position {
        &self.clients[at.who].cursors[at.cursor].position
    }

    pub(crate) fn position_mut(&mut self, at: At) -> &mut Position {
        &mut self.clients[at.who].cursors[at.cursor].position
    }

    pub(crate) fn table_at(&self, at: At) -> Rc<Table> {
        self.table(at.who, self.clients[at.who].cursors[at.cursor].table)
    }

    // ---- open and close ----

    /// What opening a table answers.
    pub(crate) fn opening(&self, who: usize, name: &str) -> (Expected, Option<Rc<Table>>) {
        let Some(table) = self.view(who).get(name) else {
            return (Expected::of(Err(JetError::OBJECT_NOT_FOUND)), None);
        };
        let number = table.number;
        if self
            .others_steps(who)
            .any(|(table, change)| table == number && matches!(change, Change::DeleteTable))
        {
            return (Expected::of(Err(JetError::TABLE_LOCKED)), None);
        }
        let is_own = self
            .own_steps(who)
            .any(|(table, change)| table == number && matches!(change, Change::CreateTable(..)));
        if !is_own && table_of(&self.committed, number).is_none() {
            return (Expected::of(Err(JetError::OBJECT_NOT_FOUND)), None);
        }
        (Expected::default(), Some(Rc::clone(table)))
    }

    pub(crate) fn own_steps(&self, who: usize) -> impl Iterator<Item = (u64, &Change)> {
        let own = self.clients[who].transaction.as_ref();
        own.into_iter().flat_map(|transaction| &transaction.steps).map(|step| (step.table, &step.change))
    }

    pub(crate) fn others_steps(&self, who: usize) -> impl Iterator<Item = (u64, &Change)> {
        let others = self.clients.iter().enumerate().filter(move |(other, _)| *other != who);
        let open = others.filter_map(|(_, client)| client.transaction.as_ref());
        open.flat_map(|transaction| &transaction.steps).map(|step| (step.table, &step.change))
    }

    fn open(&mut self, who: usize, name: &str) -> Flow<()> {
        self.tell("open", || format!("{name} by {who}"));
        let (expected, table) = self.opening(who, name);
        let catalog = self.running().catalog();
        let opened = catalog.open_table(&self.clients[who].session, name.as_bytes(), 0);
        let opened = self.settle(opened, &expected)?;
        let (Some(opened), Some(table)) = (opened, table) else { return Ok(()) };
        let level = self.level(who);
        let client = &mut self.clients[who];
        client.cursors.push(OpenCursor {
            table: table.number,
            cursor: Cursor::over(&client.session, opened.table, CursorMode::Updatable),
            hold: opened.hold,
            position: Position::new(level),
        });
        Ok(())
    }

    fn close(&mut self, at: At) -> Flow<()> {
        self.tell("close", || format!("{at:?}"));
        let client = &mut self.clients[at.who];
        let open = client.cursors.swap_remove(at.cursor);
        let closed = open.cursor.close(&mut client.session);
        self.settle(closed, &Expected::default()).map(|_| ())
    }

    fn duplicate(&mut self, at: At) -> Flow<()> {
        self.tell("duplicate", || format!("{at:?}"));
        let level = self.level(at.who);
        let client = &mut self.clients[at.who];
        let from = &client.cursors[at.cursor];
        let copy = OpenCursor {
            table: from.table,
            cursor: from.cursor.duplicate(&mut client.session),
            hold: from.hold.duplicate(),
            position: Position::new(level),
        };
        client.cursors.push(copy);
        Ok(())
    }

    // ---- order ----

    /// Whether somebody else has deleted the index, so that nobody selects it any more.
    pub(crate) fn is_index_gone(&self, who: usize, table: u64, index: u64) -> bool {
        let deletes =
            |(_, change): (u64, &Change)| matches!(change, Change::DeleteIndex(number) if *number == index);
        if self.others_steps(who).any(deletes) {
            return true;
        }
        let creates = |(of, change): (u64, &Change)| match change {
            Change::CreateIndex(def) => def.number == index,
            Change::CreateTable(..) => of == table,
            _ => false,
        };
        let is_committed =
            table_of(&self.committed, table).is_some_and(|(_, table)| table.indexes.contains_key(&index));
        !is_committed && !self.own_steps(who).any(creates)
    }

    fn set_index(&mut self, at: At) -> Flow<()> {
        let table = self.table_at(at);
        let numbers: Vec<u64> = table.indexes.keys().copied().collect();
        let same = self.dice.one_in(3);
        let index = if self.dice.one_in(4) { None } else { self.dice.pick(&numbers).copied() };
        let name = match index {
            Some(number) => table.indexes[&number].def.name.clone(),
            None if self.dice.one_in(12) => "nowhere".to_owned(),
            None => String::new(),
        };
        self.tell("set index", || format!("{at:?} to {name:?}, same record {same}"));
        let level = self.level(at.who);
        let missing =
            name == "nowhere" || index.is_some_and(|number| self.is_index_gone(at.who, table.number, number));
        let expected = if missing {
            Err(JetError::INDEX_NOT_FOUND)
        } else {
            self.position_mut(at).set_index(&table, level, index, same)
        };
        let start = if same { IndexStart::SameRecord { itag: 1 } } else { IndexStart::First };
        let client = &mut self.clients[at.who];
        let open = &mut client.cursors[at.cursor];
        let set = open.cursor.set_current_index(&mut client.session, name.as_bytes(), start);
        let current = open.cursor.current_index().filter(|index| !index.is_primary());
        open.hold.set_current_index(current.map(|index| index.objid));
        self.settle(set, &Expected::of(expected)).map(|_| ())
    }

    /// The definition of the order that a cursor follows; none in a table without a primary index.
    pub(crate) fn current_def(&self, at: At, table: &Table) -> Option<Rc<IndexDef>> {
        match self.position(at).index {
            Some(number) => Some(Rc::clone(&table.indexes[&number].def)),
            None => table.primary.clone(),
        }
    }

    // ---- moves ----

    fn move_somewhere(&mut self, at: At) -> Flow<()> {
        let (table, level) = (self.table_at(at), self.level(at.who));
        match self.dice.below(8) {
            0 => {
                self.tell("move first", || format!("{at:?}"));
                let expected = self.position_mut(at).move_to_end(&table, level, true);
                let moved = call!(self, at, |cursor, session| cursor.move_first(session));
                self.settle(moved, &Expected::of(expected))?;
            }
            1 => {
                self.tell("move last", || format!("{at:?}"));
                let expected = self.position_mut(at).move_to_end(&table, level, false);
                let moved = call!(self, at, |cursor, session| cursor.move_last(session));
                self.settle(moved, &Expected::of(expected))?;
            }
            _ => {
                let rows = *self.dice.pick(&[1, 1, 1, 1, -1, -1, -1, 2, -2, 7, -7, 0]).expect("some");
                let other_key = self.dice.one_in(6);
                self.tell("move", || format!("{at:?} by {rows}, other key {other_key}"));
                let expected = self.position_mut(at).move_by(&table, level, rows, other_key);
                let grbit = if other_key { MoveGrbit::KEY_NE } else { MoveGrbit::empty() };
                let moved = call!(self, at, |cursor, session| cursor.move_by(session, rows, grbit));
                self.settle(moved, &Expected::of(expected))?;
            }
        }
        self.check_bookmark(at);
        Ok(())
    }

    /// The cursor is where the model has it.
    fn check_bookmark(&mut self, at: At) {
        let expected = self.position(at).bookmark();
        let found = self.clients[at.who].cursors[at.cursor].cursor.bookmark().map_err(|error| error.jet());
        assert_eq!(found, expected, "the bookmark; the model is at {:?}", self.position(at));
    }

    fn count_entries(&mut self, at: At) -> Flow<()> {
        self.tell("count entries", || format!("{at:?}"));
        let (table, level) = (self.table_at(at), self.level(at.who));
        let max = self.dice.below(3) as u64 * 5;
        let position = self.position_mut(at);
        let is_empty = position.place == Place::DeferredFirst && position.resolve(&table, level).is_err();
        let position = self.position(at).clone();
        let order = Order::of(&table, position.index);
        let expected = match &position.place {
            _ if is_empty => Ok(0),
            Place::On(entry) if order.is_there(entry) => {
                Ok(order.count_from(entry, position.range.as_ref(), max))
            }
            Place::On(_) => Err(JetError::RECORD_DELETED),
            _ => Err(JetError::NO_CURRENT_RECORD),
        };
        if expected.is_ok() {
            self.position_mut(at).range = None;
        }
        let counted = call!(self, at, |cursor, session| cursor.index_record_count(session, max));
        if let Some(counted) = self.settle(counted, &Expected::of(expected.map(|_| ())))? {
            assert_eq!(Ok(counted), expected);
        }
        Ok(())
    }

    // ---- keys ----

    /// Makes a search key; gives the model's. `None` where there can be none.
    fn make_key(&mut self, at: At, table: &Table) -> Flow<Option<Vec<u8>>> {
        let def = self.current_def(at, table);
        let by_parts = def.as_ref().filter(|def| def.tuples.is_none() && !self.dice.clone().one_in(3));
        self.dice.next();
        match by_parts.cloned() {
            Some(def) => self.make_key_of_values(at, table, &def),
            None => self.make_normalized_key(at, table),
        }
    }

    fn make_normalized_key(&mut self, at: At, table: &Table) -> Flow<Option<Vec<u8>>> {
        let keys: Vec<Vec<u8>> = match self.position(at).index {
            None => table.rows.keys().cloned().collect(),
            Some(number) => table.indexes[&number].entries.iter().map(|(key, _)| key.clone()).collect(),
        };
        let Some(mut key) = self.dice.pick(&keys).cloned() else { return Ok(None) };
        match self.dice.below(6) {
            0 if key.len() > 1 => drop(key.pop()),
            1 => {
                let last = key.len() - 1;
                key[last] = key[last].wrapping_add(1);
            }
            _ => {}
        }
        let made =
            call!(self, at, |cursor, session| cursor.make_key(session, &key, MakeKeyGrbit::NORMALIZED_KEY));
        self.settle(made, &Expected::default())?;
        Ok(Some(key))
    }

    fn make_key_of_values(&mut self, at: At, table: &Table, def: &IndexDef) -> Flow<Option<Vec<u8>>> {
        let parts = 1 + self.dice.below(def.segments.len());
        let rows: Vec<_> = table.rows.values().cloned().collect();
        let row = self.dice.pick(&rows).cloned();
        let (mut key, mut end) = (Vec::new(), End::Whole);
        let mut grbit = MakeKeyGrbit::NEW_KEY;
        for (place, (id, descending)) in def.segments.iter().take(parts).enumerate() {
            let column = table.column(*id).expect("a key column is there");
            let of_row = row.as_ref().map(|row| row.values(column).to_vec()).unwrap_or_default();
            let of_row = self.dice.pick(&of_row).map(|value| value.to_vec());
            let value = match self.dice.below(8) {
                0 => Some(column.kind.stored(&column.kind.value(&mut self.dice, 300))),
                1 => None,
                _ => of_row,
            };
            // A value of no bytes of a column that can have none, where it could have some, is NULL to JetMakeKey.
            let value = value.filter(|value| !value.is_empty() || column.kind.class != Class::Fixed);
            let start = key.len();
            let nulls_high = def.options.contains(&IndexOption::NullsHigh);
            if end == End::Whole {
                end =
                    segment(&mut key, value.as_deref(), &column.kind, *descending, nulls_high, def.key_most);
            }
            if value.as_ref().is_some_and(Vec::is_empty) {
                grbit |= MakeKeyGrbit::KEY_DATA_ZERO_LENGTH;
            }
            let is_last = place + 1 == parts;
            let limit = if is_last { self.dice.below(6) } else { 5 };
            let has_parts = column.kind.is_text()
                || (column.kind.class != Class::Fixed
                    && matches!(
                        column.kind.column_type,
                        ese_format::column_type::ColumnType::Binary
                            | ese_format::column_type::ColumnType::LongBinary
                    ));
            let bytes = value.as_ref().map_or(0, Vec::len);
            let bytes = if def.key_most == crate::keys::KEY_BYTES { bytes.min(255) } else { bytes };
            let cut = (has_parts && bytes > 0 && end == End::Whole).then(|| {
                let body = if column.kind.is_text() {
                    let delimiter = if *descending { 0xFF } else { 0 };
                    key[start + 1..].iter().rposition(|byte| *byte == delimiter).expect("text has an end")
                } else {
                    bytes + (bytes - 1) / 8
                };
                start + 1 + body
            });
            match limit {
                0 => grbit |= MakeKeyGrbit::FULL_COLUMN_START_LIMIT,
                1 => {
                    grbit |= MakeKeyGrbit::FULL_COLUMN_END_LIMIT;
                    key.resize(FILL_BYTES, 0xFF);
                }
                2 if has_parts => {
                    grbit |= MakeKeyGrbit::PARTIAL_COLUMN_START_LIMIT;
                    key.truncate(cut.unwrap_or(key.len()));
                }
                3 if has_parts => {
                    grbit |= MakeKeyGrbit::PARTIAL_COLUMN_END_LIMIT;
                    match cut {
                        // The rest of the last chunk, and its end (spec 04 §7.7).
                        Some(cut) if !column.kind.is_text() => key[cut..].fill(0xFF),
                        cut => {
                            key.truncate(cut.unwrap_or(key.len()));
                            key.resize(FILL_BYTES, 0xFF);
                        }
                    }
                }
                _ => {}
            }
            let data = value.unwrap_or_default();
            let made = call!(self, at, |cursor, session| cursor.make_key(session, &data, grbit));
            self.settle(made, &Expected::default())?;
            grbit = MakeKeyGrbit::empty();
        }
        Ok(Some(key))
    }

    fn seek(&mut self, at: At) -> Flow<()> {
        let (table, level) = (self.table_at(at), self.level(at.who));
        let relations = [
            (Relation::Equal, SeekGrbit::EQ),
            (Relation::Less, SeekGrbit::LT),
            (Relation::LessOrEqual, SeekGrbit::LE),
            (Relation::GreaterOrEqual, SeekGrbit::GE),
            (Relation::Greater, SeekGrbit::GT),
        ];
        let (relation, mut grbit) = *self.dice.pick(&relations).expect("five");
        let Some(key) = self.make_key(at, &table)? else { return Ok(()) };
        let limits = relation == Relation::Equal && self.dice.one_in(4);
        self.tell("seek", || format!("{at:?} {relation:?} {:x?}, range {limits}", &key[..key.len().min(40)]));
        let mut expected = self.position_mut(at).seek(&table, level, &key, relation);
        if limits {
            grbit |= SeekGrbit::SET_INDEX_RANGE;
            if expected.is_ok() {
                let range = Range { limit: key.clone(), upper: true, inclusive: true };
                expected = self.position_mut(at).limit(&table, level, range).map(|()| true);
            }
        }
        let sought = call!(self, at, |cursor, session| cursor.seek(session, grbit));
        let told = self.settle(sought, &Expected::of(expected.map(|_| ())))?;
        if let Some(completion) = told {
            let asked = matches!(relation, Relation::LessOrEqual | Relation::GreaterOrEqual);
            let not_equal = asked && expected == Ok(false);
            let wanted = if not_equal {
                Completion::Warning(JetError::WRN_SEEK_NOT_EQUAL)
            } else {
                Completion::Success
            };
            assert_eq!(completion, wanted);
        }
        self.check_bookmark(at);
        Ok(())
    }

    fn limit(&mut self, at: At) -> Flow<()> {
        let (table, level) = (self.table_at(at), self.level(at.who));
        if self.current_def(at, &table).is_none() {
            return Ok(());
        }
        let Some(key) = self.make_key(at, &table)? else { return Ok(()) };
        let (upper, inclusive, instant) = (self.dice.one_in(2), self.dice.one_in(2), self.dice.one_in(5));
        self.tell("limit", || format!("{at:?} upper {upper} inclusive {inclusive} instant {instant}"));
        let expected = self.position_mut(at).limit(&table, level, Range { limit: key, upper, inclusive });
        if instant {
            self.position_mut(at).range = None;
        }
        let mut grbit = RangeGrbit::empty();
        grbit.set(RangeGrbit::UPPER_LIMIT, upper);
        grbit.set(RangeGrbit::INCLUSIVE, inclusive);
        grbit.set(RangeGrbit::INSTANT_DURATION, instant);
        let limited = call!(self, at, |cursor, session| cursor.set_index_range(session, grbit));
        self.settle(limited, &Expected::of(expected)).map(|_| ())
    }

    // ---- bookmarks ----

    fn go_to_bookmark(&mut self, at: At) -> Flow<()> {
        let (table, level) = (self.table_at(at), self.level(at.who));
        // Also records that the session does not see.
        let committed = table_of(&self.committed, table.number).map(|(_, table)| Rc::clone(table));
        let known = committed.filter(|_| self.dice.one_in(4)).unwrap_or_else(|| Rc::clone(&table));
        let bookmarks: Vec<Vec<u8>> = known.rows.keys().cloned().collect();
        let Some(bookmark) = self.dice.pick(&bookmarks).cloned() else { return Ok(()) };
        self.tell("go to bookmark", || format!("{at:?} {bookmark:x?}"));
        let expected = self.position_mut(at).go_to_bookmark(&table, level, &bookmark);
        let gone = call!(self, at, |cursor, session| cursor.go_to_bookmark(session, &bookmark));
        self.settle(gone, &Expected::of(expected))?;
        self.check_bookmark(at);
        Ok(())
    }

    fn read_key(&mut self, at: At) -> Flow<()> {
        self.tell("read key", || format!("{at:?}"));
        let (table, level) = (self.table_at(at), self.level(at.who));
        let resolved = self.position_mut(at).resolve(&table, level);
        let position = self.position(at);
        let expected = resolved.and_then(|()| match &position.place {
            Place::On(entry) if Order::of(&table, position.index).is_there(entry) => Ok(entry.0.clone()),
            Place::On(_) => Err(JetError::RECORD_DELETED),
            _ => Err(JetError::NO_CURRENT_RECORD),
        });
        let key = call!(self, at, |cursor, session| cursor.retrieve_key(session, RetrieveGrbit::empty()));
        if let Some(key) = self.settle(key, &Expected::of(expected.clone().map(|_| ())))? {
            assert_eq!(Ok(key), expected);
        }
        Ok(())
    }

    // ---- values ----

    fn read(&mut self, at: At) -> Flow<()> {
        self.tell("read", || format!("{at:?}"));
        let (table, level) = (self.table_at(at), self.level(at.who));
        let record = self.position_mut(at).on_record(&table, level);
        let values = call!(self, at, |cursor, session| values_here(cursor, session));
        let values = self.settle(values, &Expected::of(record.clone().map(|_| ())))?;
        if let (Some(values), Ok(bookmark)) = (values, record) {
            let row = &table.rows[&bookmark];
            let expected: BTreeMap<_, _> = table
                .columns
                .iter()
                .map(|column| (column.id, row.values(column).iter().map(|value| value.to_vec()).collect()))
                .filter(|(_, values): &(u32, Vec<Vec<u8>>)| !values.is_empty())
                .collect();
            let expected: Values = expected;
            if let Some(what) = row_difference(&expected, &values) {
                panic!("record {bookmark:x?}: {what}");
            }
        }
        Ok(())
    }

    /// A part of one value.
    fn read_part(&mut self, at: At) -> Flow<()> {
        let (table, level) = (self.table_at(at), self.level(at.who));
        let Some(column) = self.dice.pick(&table.columns).cloned() else { return Ok(()) };
        let itag = 1 + self.dice.below(3);
        let offset = if column.kind.is_long() { self.dice.below(5000) } else { 0 };
        let room = self.dice.below(9000);
        self.tell("read part", || format!("{at:?} {} value {itag} from {offset}, {room} bytes", column.name));
        let record = self.position_mut(at).on_record(&table, level);
        let request = ColumnRequest {
            column: column.id,
            itag: itag as u32,
            offset: offset as u32,
            ..ColumnRequest::default()
        };
        let mut buffer = vec![0; room];
        let got = call!(self, at, |cursor, session| cursor.retrieve_column(session, &request, &mut buffer));
        // The number of an escrow column is read whole.
        let too_short = column.role == Role::Escrow && room < 4;
        let whole = |_| if too_short { Err(JetError::INVALID_BUFFER_SIZE) } else { Ok(()) };
        let got = self.settle(got, &Expected::of(record.clone().and_then(whole)))?;
        let (Some(got), Ok(bookmark)) = (got, record) else { return Ok(()) };
        let place = if column.kind.class == Class::Tagged { itag - 1 } else { 0 };
        let values = table.rows[&bookmark].values(&column);
        let warning = got.completion.warning();
        match values.get(place) {
            None => assert_eq!(warning, Some(JetError::WRN_COLUMN_NULL), "{}", column.name),
            Some(value) => {
                let rest = value.get(offset..).unwrap_or_default();
                assert_eq!(got.actual, rest.len(), "length of {}", column.name);
                let count = rest.len().min(room);
                assert_eq!(buffer[..count], rest[..count], "bytes of {}", column.name);
                assert_eq!(warning.is_some(), rest.len() > room, "{warning:?}");
            }
        }
        Ok(())
    }
}
