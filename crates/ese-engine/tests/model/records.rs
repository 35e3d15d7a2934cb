//! Changes of records.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ese_engine::error::Error;
use ese_engine::table::{
    ColumnChange, ColumnRequest, EscrowGrbit, LockGrbit, Prepare, RetrieveGrbit, SetGrbit, UpdateGrbit,
};
use ese_format::error::JetError;

use crate::keys::{keys_of, primary_key};
use crate::kind::{Class, Shape};
use crate::navigate::{At, call};
use crate::play::{Expected, Flow, Play};
use crate::state::{Change, Column, Field, IndexDef, Role, Row, Step, Table, table_of};
use crate::versions::{Event, Node};

/// Records that a table has at most, more or less.
const ROWS_MAX: usize = 110;
/// Different values of the key column.
const IDS: usize = 160;
/// Values of a column at most.
const VALUES_MAX: usize = 5;

/// What an index that the session does not see may say to a change.
const OF_UNSEEN_INDEXES: [JetError; 3] =
    [JetError::KEY_DUPLICATE, JetError::NULL_KEY_DISALLOWED, JetError::KEY_TRUNCATED];

/// A change of a record that is being put together.
struct Draft {
    row: Row,
    /// Columns that were set.
    changed: BTreeSet<u32>,
}

impl Play {
    pub(crate) fn change_records(&mut self, at: At) -> Flow<()> {
        let full = self.table_at(at).rows.len() > ROWS_MAX;
        let result = match self.dice.below(36) {
            0..12 if !full => self.insert(at),
            12..15 if !full => self.copy(at, Prepare::InsertCopy),
            15..17 => self.copy(at, Prepare::InsertCopyReplaceOriginal),
            17..26 => self.replace(at),
            26..29 => self.add(at),
            29..31 => self.lock(at),
            _ => self.delete(at),
        };
        self.withdraw_unless(&result);
        result
    }

    fn withdraw_unless(&mut self, result: &Flow<()>) {
        if result.is_ok() {
            self.withdraw();
        }
    }

    // ---- indexes ----

    /// All indexes of a table that somebody sees, with a table that has their columns.
    fn all_indexes(&self, number: u64) -> BTreeMap<u64, (Rc<IndexDef>, Rc<Table>)> {
        let mut all = BTreeMap::new();
        let views = self.clients.iter().filter_map(|client| client.transaction.as_ref());
        let states = std::iter::once(&self.committed).chain(views.map(|transaction| &transaction.view));
        for state in states {
            let Some((_, table)) = table_of(state, number) else { continue };
            for (index, of) in &table.indexes {
                all.entry(*index).or_insert_with(|| (Rc::clone(&of.def), Rc::clone(table)));
            }
        }
        all
    }

    /// What indexes that the session does not see, or that are being deleted, may say.
    fn unseen_indexes(&self, who: usize, table: &Table) -> &'static [JetError] {
        let seen =
            |index: &u64| table.indexes.contains_key(index) && !self.is_index_gone(who, table.number, *index);
        let all = self.all_indexes(table.number);
        let is_settled = all.keys().all(seen) && table.indexes.keys().all(seen);
        if is_settled { &[] } else { &OF_UNSEEN_INDEXES }
    }

    /// The first objection that keys of a row meet in the indexes that the session sees.
    fn check_keys(
        &self,
        who: usize,
        table: &Table,
        row: &Row,
        changed: Option<&BTreeSet<u32>>,
    ) -> Result<(), JetError> {
        for (number, index) in &table.indexes {
            let concerned = changed.is_none_or(|changed| index.def.depends_on(changed));
            if concerned && !self.is_index_gone(who, table.number, *number) {
                keys_of(&index.def, table, row)?;
            }
        }
        Ok(())
    }

    /// Whether some unique index has a key of the row already, but for the records in `but`.
    fn check_unique(&self, who: usize, table: &Table, row: &Row, old: Option<&Row>, but: &[&[u8]]) -> bool {
        let mut unique = table.indexes.values().filter(|index| index.def.is_unique());
        unique.any(|index| {
            if self.is_index_gone(who, table.number, index.def.number) {
                return false;
            }
            let before = old.map(|old| keys_of(&index.def, table, old).unwrap_or_default());
            let before = before.unwrap_or_default();
            let keys = keys_of(&index.def, table, row).unwrap_or_default();
            keys.iter().any(|key| {
                let found = index.entries.range((key.clone(), Vec::new())..).next();
                let taken =
                    found.is_some_and(|(other, record)| other == key && !but.contains(&record.as_slice()));
                let node = Node::Entry(index.def.number, key.clone());
                let is_new = !before.contains(key);
                taken || (is_new && self.is_contended(who, &node))
            })
        })
    }

    /// Notes a change of a record with all that hangs on it.
    fn note_change(
        &mut self,
        who: usize,
        table: &Table,
        bookmark: &[u8],
        old: Option<&Row>,
        new: Option<&Row>,
    ) {
        self.note(who, Node::Record(table.number, bookmark.to_vec()), Event::Change);
        for (number, (def, of)) in self.all_indexes(table.number) {
            if !def.is_unique() {
                continue;
            }
            let keys = |row: Option<&Row>| -> BTreeSet<Vec<u8>> {
                let keys = row.map(|row| keys_of(&def, &of, row).unwrap_or_default());
                keys.unwrap_or_default().into_iter().collect()
            };
            let (before, after) = (keys(old), keys(new));
            for key in before.symmetric_difference(&after) {
                self.note(who, Node::Entry(number, key.clone()), Event::Change);
            }
        }
        let mut rows = old.into_iter().chain(new);
        // Long values of columns that the session does not see are let go of too.
        if let Some(row) = rows.next() {
            let lineage = row.lineage;
            self.note(who, Node::Lineage(lineage), Event::Change);
        }
    }

    /// Others may be changing long values that this record shares.
    fn of_long_values(&self, who: usize, row: &Row) -> &'static [JetError] {
        let contended = self.is_contended(who, &Node::Lineage(row.lineage));
        if contended { &[JetError::WRITE_CONFLICT] } else { &[] }
    }

    // ---- the copy buffer ----

    fn cancel(&mut self, at: At) -> Flow<()> {
        let cancelled = call!(self, at, |cursor, session| cursor.prepare(session, Prepare::Cancel));
        self.settle(cancelled, &Expected::default()).map(|_| ())
    }

    fn set(&mut self, at: At, change: &ColumnChange<'_>) -> Result<(), Error> {
        call!(self, at, |cursor, session| cursor.set_column(session, change).map(|_| ()))
    }

    /// Whether the record is so large that it may not fit.
    fn may_be_too_big(&self, table: &Table, row: &Row) -> bool {
        let mut bytes = 40;
        for (id, field) in &row.fields {
            let Field::Values(values) = field else { continue };
            let long = table.column(*id).is_none_or(|column| column.kind.is_long());
            let of = |value: &Rc<[u8]>| 14 + if long { value.len().min(12) } else { value.len() };
            bytes += values.iter().map(of).sum::<usize>();
        }
        bytes > self.machine.plan.page_size.bytes() / 2
    }

    /// Sets one value of a column; an answer where it was refused.
    fn set_value(&mut self, at: At, draft: &mut Draft, column: &Column) -> Flow<bool> {
        let dice = &mut self.dice;
        let count = match draft.row.fields.get(&column.id) {
            Some(Field::Values(values)) => values.len(),
            _ => 0,
        };
        let mut changes = true;
        let tagged = column.kind.class == Class::Tagged;
        let itag = match tagged && column.kind.multi_valued {
            true if count >= VALUES_MAX => 1 + dice.below(count),
            true => dice.below(count + 2),
            false => 1,
        };
        let place = if itag == 0 { count } else { (itag - 1).min(count) };
        let mut new = draft.row.clone();
        let mut change = ColumnChange { column: column.id, itag: itag as u32, ..ColumnChange::default() };
        let data;
        if dice.one_in(7) && column.role == Role::Plain {
            // NULL: a value goes, or the column says that it has none.
            match new.fields.get_mut(&column.id) {
                Some(Field::Values(values)) if place < values.len() && tagged => {
                    values.remove(place);
                    if values.is_empty() {
                        new.fields.insert(column.id, Field::Null);
                    }
                }
                _ if !tagged || (count == 0 && itag == 1) => drop(new.fields.insert(column.id, Field::Null)),
                _ => changes = false,
            }
        } else if column.kind.is_long() && dice.one_in(3) && (itag > 0 && itag <= count) {
            return self.edit_long(at, draft, column, itag);
        } else {
            data = column.kind.value(dice, self.machine.plan.long_bytes_max);
            let stored: Rc<[u8]> = column.kind.stored(&data).into();
            change.grbit = match data.is_empty() {
                true => SetGrbit::ZERO_LENGTH,
                false if column.kind.is_long() => {
                    let storage = [
                        SetGrbit::SEPARATE_LV,
                        SetGrbit::COMPRESSED,
                        SetGrbit::UNCOMPRESSED,
                        SetGrbit::INTRINSIC_LV,
                        SetGrbit::empty(),
                        SetGrbit::empty(),
                        SetGrbit::empty(),
                    ];
                    *dice.pick(&storage).expect("some")
                }
                false => SetGrbit::empty(),
            };
            change.data = &data;
            change.bytes = data.len() as u32;
            match new.fields.get_mut(&column.id) {
                Some(Field::Values(values)) if place < values.len() => values[place] = stored,
                Some(Field::Values(values)) => values.push(stored),
                _ => drop(new.fields.insert(column.id, Field::Values(vec![stored]))),
            }
        }
        let expected = self.of_size(at, &new);
        let set = self.set(at, &change);
        let accepted = self.settle(set, &expected)?.is_some();
        if accepted && changes {
            draft.row = new;
            draft.changed.insert(column.id);
        }
        Ok(accepted)
    }

    fn of_size(&self, at: At, row: &Row) -> Expected {
        let table = self.table_at(at);
        let too_big: &[JetError] =
            if self.may_be_too_big(&table, row) { &[JetError::RECORD_TOO_BIG] } else { &[] };
        Expected::default().or(too_big)
    }

    /// Appends to a long value, overwrites a part of it, or changes its size.
    fn edit_long(&mut self, at: At, draft: &mut Draft, column: &Column, itag: usize) -> Flow<bool> {
        let mut row = draft.row.clone();
        let Some(Field::Values(values)) = row.fields.get_mut(&column.id) else { return Ok(true) };
        let mut value = values[itag - 1].to_vec();
        let length = value.len();
        let count = if self.dice.one_in(8) { self.dice.below(9000) } else { self.dice.below(600) };
        let bytes = if column.kind.is_text() { self.dice.text(count) } else { self.dice.bytes(count) };
        let mut change =
            ColumnChange { column: column.id, itag: itag as u32, data: &bytes, ..ColumnChange::default() };
        change.bytes = bytes.len() as u32;
        let mut expected = Expected::default();
        match self.dice.below(5) {
            0 | 1 => {
                change.grbit = SetGrbit::APPEND_LV;
                value.extend_from_slice(&bytes);
            }
            2 => {
                change.grbit = SetGrbit::OVERWRITE_LV;
                let beyond = self.dice.one_in(12);
                let at = if beyond { length + 1 } else { self.dice.below(length + 1) };
                change.offset = at as u32;
                if beyond {
                    expected.code = Some(JetError::COLUMN_NO_CHUNK);
                } else {
                    value.resize(length.max(at + bytes.len()), 0);
                    value[at..at + bytes.len()].copy_from_slice(&bytes);
                }
            }
            3 => {
                // Text has no zeros: keys of the model's texts have none.
                let most = if column.kind.is_text() { length } else { 8000 };
                let size = 1 + self.dice.below(most);
                if column.kind.is_text() && size > length {
                    return Ok(true);
                }
                change.grbit = SetGrbit::SIZE_LV;
                change.data = &[];
                change.bytes = size as u32;
                value.resize(size, 0);
            }
            _ if bytes.is_empty() => return Ok(true),
            _ => {
                change.grbit = SetGrbit::OVERWRITE_LV | SetGrbit::SIZE_LV;
                let at = self.dice.below(length + 1);
                change.offset = at as u32;
                value.truncate(at);
                value.extend_from_slice(&bytes);
            }
        }
        values[itag - 1] = value.into();
        let expected = expected.or(&self.of_size(at, &row).maybe);
        let edited = self.set(at, &change);
        let refused_as_asked = expected.code.is_some();
        if self.settle(edited, &expected)?.is_none() {
            return Ok(refused_as_asked);
        }
        let part = SetGrbit::APPEND_LV | SetGrbit::OVERWRITE_LV;
        let is_nothing = bytes.is_empty() && change.grbit.intersects(part);
        if !is_nothing {
            draft.row = row;
            draft.changed.insert(column.id);
        }
        Ok(true)
    }

    /// Sets some columns. Whether all was accepted; otherwise the update is cancelled.
    fn set_some(&mut self, at: At, draft: &mut Draft, share: usize) -> Flow<bool> {
        let table = self.table_at(at);
        let in_transaction = self.level(at.who) > 0;
        for column in &table.columns {
            let is_key =
                table.primary.as_ref().is_some_and(|def| def.segments.iter().any(|(id, _)| *id == column.id));
            let settable =
                column.role == Role::Plain && !is_key && (in_transaction || !column.kind.is_long());
            if !settable || !self.dice.one_in(share) {
                continue;
            }
            if !self.set_value(at, draft, column)? {
                self.cancel(at)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sets the columns of the primary key and those that must have a value.
    fn set_keys(&mut self, at: At, draft: &mut Draft) -> Flow<()> {
        let table = self.table_at(at);
        for column in &table.columns {
            let is_key =
                table.primary.as_ref().is_some_and(|def| def.segments.iter().any(|(id, _)| *id == column.id));
            let wanted = column.role == Role::Required || is_key;
            if !wanted || (column.role == Role::Required && self.dice.one_in(40)) {
                continue;
            }
            let data = match column.kind.shape {
                Shape::Sized(4) => (self.dice.below(IDS) as i32 - 40).to_le_bytes().to_vec(),
                _ => column.kind.value(&mut self.dice, 100),
            };
            let grbit = if data.is_empty() { SetGrbit::ZERO_LENGTH } else { SetGrbit::empty() };
            let change = ColumnChange {
                column: column.id,
                itag: 1,
                data: &data,
                bytes: data.len() as u32,
                grbit,
                ..ColumnChange::default()
            };
            let set = self.set(at, &change);
            self.settle(set, &Expected::default())?;
            draft.row.set(column.id, &column.kind.stored(&data));
            draft.changed.insert(column.id);
        }
        Ok(())
    }

    // ---- insert ----

    /// The value that was drawn for a new record, which must be the next one.
    fn check_auto_increment(&mut self, at: At, table: &Table, row: &mut Row) -> Flow<()> {
        let Some(column) = table.with_role(Role::AutoIncrement).cloned() else { return Ok(()) };
        let request = ColumnRequest {
            column: column.id,
            itag: 1,
            grbit: RetrieveGrbit::COPY,
            ..ColumnRequest::default()
        };
        let mut buffer = [0; 8];
        let got = call!(self, at, |cursor, session| cursor.retrieve_column(session, &request, &mut buffer));
        let Some(got) = self.settle(got, &Expected::default())? else { return Ok(()) };
        let drawn = u64::from_le_bytes(buffer);
        match self.auto_increments.get(&table.number) {
            Some(last) => assert_eq!(drawn, last + 1, "autoincrement"),
            None => {
                let states = std::iter::once(table);
                let number = |row: &Rc<Row>| match row.values(&column).first() {
                    Some(value) => {
                        let mut wide = [0; 8];
                        wide[..value.len()].copy_from_slice(value);
                        u64::from_le_bytes(wide)
                    }
                    None => 0,
                };
                let highest = states.flat_map(|table| table.rows.values()).map(number).max().unwrap_or(0);
                assert!(drawn > highest, "autoincrement {drawn}, there is {highest}");
            }
        }
        self.auto_increments.insert(table.number, drawn);
        row.set(column.id, &buffer[..got.actual]);
        Ok(())
    }

    fn insert(&mut self, at: At) -> Flow<()> {
        let table = self.table_at(at);
        if self.level(at.who) == 0 && self.sequence_is_unknown(&table) {
            return Ok(());
        }
        self.tell("insert", || format!("{at:?}"));
        let expected = Expected::of(self.may_write(at.who));
        let prepared = call!(self, at, |cursor, session| cursor.prepare(session, Prepare::Insert));
        if self.settle(prepared, &expected)?.is_none() {
            return Ok(());
        }
        let lineage = self.number();
        let mut draft = Draft { row: Row { fields: BTreeMap::new(), lineage }, changed: BTreeSet::new() };
        self.check_auto_increment(at, &table, &mut draft.row)?;
        self.set_engine_columns(&table, &mut draft.row);
        self.set_keys(at, &mut draft)?;
        if !self.set_some(at, &mut draft, 2)? {
            return Ok(());
        }
        self.finish_insert(at, &table, draft, None)
    }

    fn set_engine_columns(&self, table: &Table, row: &mut Row) {
        if let Some(version) = table.with_role(Role::Version) {
            row.set(version.id, &[0; 4]);
        }
        if let Some(escrow) = table.with_role(Role::Escrow)
            && !row.fields.contains_key(&escrow.id)
        {
            row.set(escrow.id, escrow.default.as_deref().expect("escrow columns have a default"));
        }
    }

    fn may_write(&self, who: usize) -> Result<(), JetError> {
        if self.is_read_only(who) { Err(JetError::TRANS_READ_ONLY) } else { Ok(()) }
    }

    fn sequence_is_unknown(&self, table: &Table) -> bool {
        table.primary.is_none() && !self.sequences.contains_key(&table.number)
    }

    /// Finishes the prepared insert of a row, perhaps in place of the original with this bookmark.
    fn finish_insert(
        &mut self,
        at: At,
        table: &Rc<Table>,
        draft: Draft,
        original: Option<(Vec<u8>, bool)>,
    ) -> Flow<()> {
        let who = at.who;
        let row = Rc::new(draft.row);
        let moved = original.as_ref().filter(|(_, moves)| *moves).map(|(bookmark, _)| bookmark.clone());
        let old = moved.as_ref().map(|bookmark| Rc::clone(&table.rows[bookmark]));
        let mut remaining = Rc::clone(table);
        if let Some(bookmark) = &moved {
            Rc::make_mut(&mut remaining).remove(bookmark);
        }
        let predicted = self.predict_bookmark(table, &row);
        let verdict = self.judge_insert(who, &remaining, &row, &predicted, moved.as_deref());
        let mut maybe = self.unseen_indexes(who, table).to_vec();
        maybe.extend(self.of_size(at, &row).maybe);
        maybe.extend(self.of_long_values(who, &row));
        let expected = Expected::of(verdict).or(&maybe);
        let mut steps = Vec::new();
        if let Some(bookmark) = &moved {
            steps.push(Step { table: table.number, change: Change::Remove(bookmark.clone()) });
        }
        if let Some(bookmark) = predicted.clone().ok().flatten() {
            steps.push(Step { table: table.number, change: Change::Put(bookmark, Rc::clone(&row)) });
        }
        if expected.code.is_none() {
            self.announce(who, &steps);
        }
        let updated = call!(self, at, |cursor, session| cursor.update(session, None, UpdateGrbit::empty()));
        let refused = updated.as_ref().err().map(Error::jet);
        let Some(updated) = self.settle(updated, &expected)? else {
            self.after_refused_insert(table, refused);
            return self.cancel(at);
        };
        assert!(updated.inserted, "an insert says so");
        if table.primary.is_none() {
            self.learn_sequence(table, &updated.bookmark);
        }
        if let Ok(Some(bookmark)) = predicted {
            assert_eq!(updated.bookmark, bookmark, "the bookmark of the new record");
        } else {
            let put = Change::Put(updated.bookmark.clone(), Rc::clone(&row));
            steps.push(Step { table: table.number, change: put });
        }
        if let Some(bookmark) = &moved {
            self.note_change(who, table, bookmark, old.as_deref(), None);
        }
        self.note_change(who, table, &updated.bookmark, None, Some(&row));
        self.done(who, steps);
        Ok(())
    }

    /// The key of a new record; none where it is a number that is not known.
    fn predict_bookmark(&self, table: &Table, row: &Row) -> Result<Option<Vec<u8>>, JetError> {
        match &table.primary {
            Some(def) => primary_key(def, table, row).map(Some),
            None => {
                let last = self.sequences.get(&table.number);
                Ok(last.map(|last| (last + 1).to_be_bytes().to_vec()))
            }
        }
    }

    fn judge_insert(
        &self,
        who: usize,
        remaining: &Table,
        row: &Row,
        predicted: &Result<Option<Vec<u8>>, JetError>,
        moved: Option<&[u8]>,
    ) -> Result<(), JetError> {
        let required = remaining.columns.iter().filter(|column| column.role == Role::Required);
        if required.into_iter().any(|column| row.values(column).is_empty()) {
            return Err(JetError::NULL_INVALID);
        }
        if let Some(original) = moved
            && self.conflicts(who, &Node::Record(remaining.number, original.to_vec()), Event::Change)
        {
            return Err(JetError::WRITE_CONFLICT);
        }
        let bookmark = predicted.clone()?;
        self.check_keys(who, remaining, row, None)?;
        if let Some(bookmark) = bookmark {
            let node = Node::Record(remaining.number, bookmark.clone());
            if remaining.rows.contains_key(&bookmark) || self.is_contended(who, &node) {
                return Err(JetError::KEY_DUPLICATE);
            }
        }
        if self.check_unique(who, remaining, row, None, &[]) {
            return Err(JetError::KEY_DUPLICATE);
        }
        Ok(())
    }

    /// A number that was drawn is not given back.
    fn after_refused_insert(&mut self, table: &Table, refused: Option<JetError>) {
        if table.primary.is_some() {
            return;
        }
        match refused {
            Some(JetError::KEY_DUPLICATE | JetError::NULL_KEY_DISALLOWED | JetError::KEY_TRUNCATED) => {
                if let Some(last) = self.sequences.get_mut(&table.number) {
                    *last += 1;
                }
            }
            Some(JetError::NULL_INVALID) => {}
            _ => drop(self.sequences.remove(&table.number)),
        }
    }

    fn learn_sequence(&mut self, table: &Table, bookmark: &[u8]) {
        let number = u32::from_be_bytes(bookmark.try_into().expect("a number of four bytes"));
        match self.sequences.get(&table.number) {
            Some(last) => assert_eq!(number, last + 1, "the number of the record"),
            None => {
                let highest = table.rows.keys().next_back();
                assert!(
                    highest.is_none_or(|highest| bookmark > highest.as_slice()),
                    "the number of the record"
                );
            }
        }
        self.sequences.insert(table.number, number);
    }

    fn copy(&mut self, at: At, kind: Prepare) -> Flow<()> {
        let who = at.who;
        let (table, level) = (self.table_at(at), self.level(who));
        let moves = kind == Prepare::InsertCopyReplaceOriginal;
        if level == 0 && (moves && self.sequence_is_unknown(&table)) {
            return Ok(());
        }
        self.tell("copy", || format!("{at:?} {kind:?}"));
        let record = match self.may_write(who) {
            Ok(()) => self.position_mut(at).on_record(&table, level),
            Err(code) => Err(code),
        };
        let record = record.and_then(|record| {
            let node = Node::Record(table.number, record.clone());
            if !moves && level == 0 {
                return Err(JetError::NOT_IN_TRANSACTION);
            }
            if moves && level > 0 && self.conflicts(who, &node, Event::WriteLock) {
                return Err(JetError::WRITE_CONFLICT);
            }
            Ok(record)
        });
        let original = record.as_ref().ok().map(|bookmark| Rc::clone(&table.rows[bookmark]));
        let shared = original.as_ref().map_or(&[][..], |row| self.of_long_values(who, row));
        let expected = Expected::of(record.clone().map(|_| ())).or(shared);
        let prepared = call!(self, at, |cursor, session| cursor.prepare(session, kind));
        if self.settle(prepared, &expected)?.is_none() {
            return Ok(());
        }
        let (Ok(bookmark), Some(original)) = (record, original) else { unreachable!("it was refused") };
        if moves && level > 0 {
            self.note(who, Node::Record(table.number, bookmark.clone()), Event::WriteLock);
        }
        let mut draft = Draft { row: (*original).clone(), changed: BTreeSet::new() };
        if !moves {
            self.check_auto_increment(at, &table, &mut draft.row)?;
            if original.has_long_values(&table) {
                self.note(who, Node::Lineage(original.lineage), Event::Change);
            }
        }
        self.set_engine_columns(&table, &mut draft.row);
        if !moves || self.dice.one_in(2) {
            self.set_keys(at, &mut draft)?;
        }
        if !self.set_some(at, &mut draft, 6)? {
            return Ok(());
        }
        self.finish_insert(at, &table, draft, Some((bookmark, moves)))
    }

    // ---- replace ----

    fn replace(&mut self, at: At) -> Flow<()> {
        let who = at.who;
        let (table, level) = (self.table_at(at), self.level(who));
        let kind = if self.dice.one_in(4) { Prepare::ReplaceNoLock } else { Prepare::Replace };
        self.tell("replace", || format!("{at:?} {kind:?}"));
        let record = match self.may_write(who) {
            Ok(()) => self.position_mut(at).on_record(&table, level),
            Err(code) => Err(code),
        };
        let locks = kind == Prepare::Replace && level > 0;
        let record = record.and_then(|record| {
            let node = Node::Record(table.number, record.clone());
            let conflict = locks && self.conflicts(who, &node, Event::WriteLock);
            if conflict { Err(JetError::WRITE_CONFLICT) } else { Ok(record) }
        });
        let prepared = call!(self, at, |cursor, session| cursor.prepare(session, kind));
        let expected = Expected::of(record.clone().map(|_| ()));
        if self.settle(prepared, &expected)?.is_none() {
            return Ok(());
        }
        let Ok(bookmark) = record else { unreachable!("it was refused") };
        if locks {
            self.note(who, Node::Record(table.number, bookmark.clone()), Event::WriteLock);
        }
        let old = Rc::clone(&table.rows[&bookmark]);
        let mut draft = Draft { row: (*old).clone(), changed: BTreeSet::new() };
        if self.dice.one_in(30) {
            self.set_keys(at, &mut draft)?;
        }
        if !self.set_some(at, &mut draft, 5)? {
            return Ok(());
        }
        if self.dice.one_in(15) {
            return self.cancel(at);
        }
        self.finish_replace(at, &table, &bookmark, &old, draft)
    }

    fn finish_replace(
        &mut self,
        at: At,
        table: &Rc<Table>,
        bookmark: &[u8],
        old: &Rc<Row>,
        mut draft: Draft,
    ) -> Flow<()> {
        let who = at.who;
        let is_changed = !draft.changed.is_empty();
        if is_changed && let Some(version) = table.with_role(Role::Version) {
            let before = old
                .values(version)
                .first()
                .map_or(0, |value| i32::from_le_bytes(value[..4].try_into().expect("four bytes")));
            draft.row.set(version.id, &before.wrapping_add(1).to_le_bytes());
        }
        let node = Node::Record(table.number, bookmark.to_vec());
        let verdict = || -> Result<(), JetError> {
            if !is_changed {
                return Ok(());
            }
            if let Some(def) = &table.primary
                && primary_key(def, table, &draft.row)? != bookmark
            {
                return Err(JetError::RECORD_PRIMARY_CHANGED);
            }
            if self.conflicts(who, &node, Event::Change) {
                return Err(JetError::WRITE_CONFLICT);
            }
            self.check_keys(who, table, &draft.row, Some(&draft.changed))?;
            if self.check_unique(who, table, &draft.row, Some(old), &[bookmark]) {
                return Err(JetError::KEY_DUPLICATE);
            }
            Ok(())
        };
        let mut maybe = Vec::new();
        if is_changed {
            maybe.extend_from_slice(self.unseen_indexes(who, table));
            maybe.extend(self.of_size(at, &draft.row).maybe);
            maybe.extend(self.of_long_values(who, old));
        }
        let expected = Expected::of(verdict()).or(&maybe);
        let row = Rc::new(draft.row);
        let put = Change::Put(bookmark.to_vec(), Rc::clone(&row));
        let steps = vec![Step { table: table.number, change: put }];
        if expected.code.is_none() && is_changed {
            self.announce(who, &steps);
        }
        let updated = call!(self, at, |cursor, session| cursor.update(session, None, UpdateGrbit::empty()));
        let Some(updated) = self.settle(updated, &expected)? else { return self.cancel(at) };
        assert_eq!((updated.bookmark.as_slice(), updated.inserted), (bookmark, false));
        if is_changed {
            self.note_change(who, table, bookmark, Some(old), Some(&row));
            self.done(who, steps);
        }
        Ok(())
    }

    // ---- delete ----

    fn delete(&mut self, at: At) -> Flow<()> {
        self.tell("delete", || format!("{at:?}"));
        let who = at.who;
        let (table, level) = (self.table_at(at), self.level(who));
        let record = match self.may_write(who) {
            Ok(()) => self.position_mut(at).on_record(&table, level),
            Err(code) => Err(code),
        };
        let record = record.and_then(|record| {
            let node = Node::Record(table.number, record.clone());
            let conflict = self.conflicts(who, &node, Event::Change);
            if conflict { Err(JetError::WRITE_CONFLICT) } else { Ok(record) }
        });
        let shared =
            record.as_ref().map_or(&[][..], |bookmark| self.of_long_values(who, &table.rows[bookmark]));
        let expected = Expected::of(record.clone().map(|_| ())).or(shared);
        let mut steps = Vec::new();
        if let Ok(bookmark) = &record {
            steps.push(Step { table: table.number, change: Change::Remove(bookmark.clone()) });
            self.announce(who, &steps);
        }
        let deleted = call!(self, at, |cursor, session| cursor.delete(session));
        if let (Some(()), Ok(bookmark)) = (self.settle(deleted, &expected)?, record) {
            let row = Rc::clone(&table.rows[&bookmark]);
            self.note_change(who, &table, &bookmark, Some(&row), None);
            self.done(who, steps);
        }
        Ok(())
    }

    // ---- escrow and locks ----

    fn add(&mut self, at: At) -> Flow<()> {
        let who = at.who;
        let (table, level) = (self.table_at(at), self.level(who));
        let Some(column) = table.with_role(Role::Escrow).cloned() else { return Ok(()) };
        let delta = self.dice.below(21) as i32 - 10;
        self.tell("escrow update", || format!("{at:?} by {delta}"));
        let allowed = if level == 0 { Err(JetError::NOT_IN_TRANSACTION) } else { self.may_write(who) };
        let record = match allowed {
            Ok(()) => self.position_mut(at).on_record(&table, level),
            Err(code) => Err(code),
        };
        let node = |record: &Vec<u8>| Node::Record(table.number, record.clone());
        let record = record.and_then(|record| {
            let conflict = self.conflicts(who, &node(&record), Event::Delta(delta));
            if conflict { Err(JetError::WRITE_CONFLICT) } else { Ok(record) }
        });
        let expected = Expected::of(record.clone().map(|_| ()));
        let added = call!(self, at, |cursor, session| cursor.escrow_update(
            session,
            column.id,
            &delta.to_le_bytes(),
            4,
            EscrowGrbit::empty()
        ));
        let (Some(before), Ok(bookmark)) = (self.settle(added, &expected)?, record) else { return Ok(()) };
        let number = |table: &Table| {
            let value = &table.rows[&bookmark].values(&column)[0];
            i32::from_le_bytes(value[..4].try_into().expect("four bytes"))
        };
        let node = node(&bookmark);
        let on_page = if self.versions.has_own_change(&node, who) {
            number(&table)
        } else {
            let (_, committed) = table_of(&self.committed, table.number).expect("it is not this session's");
            number(committed).wrapping_add(self.versions.uncommitted_deltas(&node))
        };
        assert_eq!(before.before, on_page.to_le_bytes(), "the number before; {on_page} was expected");
        self.note(who, node, Event::Delta(delta));
        let change = Change::Add(bookmark, column.id, delta);
        self.done(who, vec![Step { table: table.number, change }]);
        Ok(())
    }

    fn lock(&mut self, at: At) -> Flow<()> {
        let who = at.who;
        let (table, level) = (self.table_at(at), self.level(who));
        if self.is_read_only(who) {
            return Ok(());
        }
        let (grbit, event) = match self.dice.one_in(2) {
            true => (LockGrbit::READ, Event::ReadLock),
            false => (LockGrbit::WRITE, Event::WriteLock),
        };
        self.tell("lock", || format!("{at:?} {event:?}"));
        let record = if level == 0 {
            Err(JetError::NOT_IN_TRANSACTION)
        } else {
            self.position_mut(at).on_record(&table, level)
        };
        let record = record.and_then(|record| {
            let conflict = self.conflicts(who, &Node::Record(table.number, record.clone()), event);
            if conflict { Err(JetError::WRITE_CONFLICT) } else { Ok(record) }
        });
        let locked = call!(self, at, |cursor, session| cursor.get_lock(session, grbit));
        let locked = self.settle(locked, &Expected::of(record.clone().map(|_| ())))?;
        if let (Some(()), Ok(bookmark)) = (locked, record) {
            self.note(who, Node::Record(table.number, bookmark), event);
        }
        Ok(())
    }
}
