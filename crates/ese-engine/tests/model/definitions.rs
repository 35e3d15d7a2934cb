//! Tables, columns and indexes that come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ese_engine::catalog::{
    ColumnGrbit, ColumnScope, IndexGrbit, NewColumn, NewCondition, NewDefault, NewIndex, NewTable,
    OpenedTable, RenamedColumn,
};
use ese_format::error::JetError;

use crate::dice::Dice;
use crate::keys::{KEY_BYTES, keys_of};
use crate::kind::{KINDS, Kind, LONG, LONG_LONG, NAME, Shape};
use crate::navigate::NAMES;
use crate::play::{Expected, Flow, Play};
use crate::state::{Bytes, Change, Column, IndexDef, IndexOption, Role, Step, Table, UNKNOWN_COLUMN};
use crate::versions::{Event, Node};

/// Names of columns that come and go.
const COLUMNS: [&str; 12] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "ca", "cb"];
const INDEXES: [&str; 6] = ["i0", "i1", "i2", "i3", "i4", "i5"];
/// Secondary indexes of a table at most.
const INDEXES_MAX: usize = 5;
/// What statements of others may be the reason for.
const CONTENDED: [JetError; 10] = [
    JetError::WRITE_CONFLICT,
    JetError::TABLE_DUPLICATE,
    JetError::KEY_DUPLICATE,
    JetError::TABLE_LOCKED,
    JetError::COLUMN_DUPLICATE,
    JetError::COLUMN_IN_USE,
    JetError::COLUMN_NOT_FOUND,
    JetError::INDEX_DUPLICATE,
    JetError::INDEX_NOT_FOUND,
    JetError::OBJECT_NOT_FOUND,
];

/// JET_bitIndexColumnMustBeNull, JET_bitIndexColumnMustBeNonNull.
const MUST_BE_NULL: u32 = 1;
const MUST_BE_NON_NULL: u32 = 2;

/// An index as the engine is asked for it.
struct Asked {
    key: Vec<u8>,
    conditions: Vec<(Vec<u8>, u32)>,
}

impl Asked {
    fn of(def: &IndexDef, columns: &[Rc<Column>]) -> Self {
        let name = |id: u32| {
            let column = columns.iter().find(|column| column.id == id).expect("a column of the table");
            column.name.as_bytes().to_vec()
        };
        let mut key = Vec::new();
        for (id, descending) in &def.segments {
            key.push(if *descending { b'-' } else { b'+' });
            key.extend(name(*id));
            key.push(0);
        }
        key.push(0);
        let condition =
            |(id, null): &(u32, bool)| (name(*id), if *null { MUST_BE_NULL } else { MUST_BE_NON_NULL });
        Self { key, conditions: def.conditions.iter().map(condition).collect() }
    }

    fn conditions(&self) -> Vec<NewCondition<'_>> {
        self.conditions.iter().map(|(column, grbit)| NewCondition { column, grbit: *grbit }).collect()
    }
}

fn new_index<'a>(
    def: &'a IndexDef,
    asked: &'a Asked,
    conditions: &'a [NewCondition<'a>],
    primary: bool,
) -> NewIndex<'a> {
    let mut grbit = def.options.iter().fold(IndexGrbit::empty(), |grbit, option| grbit | option.grbit());
    grbit.set(IndexGrbit::PRIMARY, primary);
    grbit.set(IndexGrbit::KEY_MOST, def.key_most != KEY_BYTES);
    grbit.set(IndexGrbit::TUPLE_LIMITS, def.tuples.is_some());
    NewIndex {
        name: def.name.as_bytes(),
        key: &asked.key,
        grbit: grbit.bits(),
        key_most: def.key_most as u32,
        tuple_limits: def.tuples,
        conditions,
        ..NewIndex::default()
    }
}

fn new_column<'a>(column: &'a Column) -> NewColumn<'a> {
    let mut grbit = ColumnGrbit::from_bits_retain(column.kind.grbit());
    match column.role {
        Role::Plain => {}
        Role::Required => grbit |= ColumnGrbit::NOT_NULL,
        Role::AutoIncrement => grbit |= ColumnGrbit::AUTO_INCREMENT,
        Role::Version => grbit |= ColumnGrbit::VERSION,
        Role::Escrow => grbit |= ColumnGrbit::ESCROW_UPDATE,
    }
    NewColumn {
        name: column.name.as_bytes(),
        column_type: column.kind.column_type.code(),
        grbit: grbit.bits(),
        bytes_max: column.kind.bytes_max(),
        code_page: 0,
        default: column.default.as_deref().map_or(NewDefault::None, NewDefault::Value),
    }
}

fn random_column(dice: &mut Dice, name: &str) -> Column {
    let kind: Kind = *dice.pick(&KINDS).expect("some");
    let mut default: Option<Bytes> = None;
    if dice.one_in(4) {
        let value = match kind.shape {
            Shape::Long => dice.text(20),
            _ => kind.value(dice, 20),
        };
        // A default has bytes, and fixed ones have all of theirs.
        default = (!value.is_empty()).then(|| kind.stored(&value).into());
    }
    Column { name: name.into(), id: UNKNOWN_COLUMN, kind, role: Role::Plain, default }
}

/// An index over some columns.
fn random_index(dice: &mut Dice, name: &str, number: u64, columns: &[Rc<Column>]) -> IndexDef {
    let mut usable: Vec<&Rc<Column>> = columns
        .iter()
        .filter(|column| matches!(column.role, Role::Plain | Role::Required) && column.id != UNKNOWN_COLUMN)
        .collect();
    let mut segments: Vec<(u32, bool)> = Vec::new();
    let parts = 1 + dice.below(3);
    let mut first_kind = None;
    while segments.len() < parts && !usable.is_empty() {
        let column = usable.swap_remove(dice.below(usable.len()));
        first_kind.get_or_insert(column.kind);
        segments.push((column.id, dice.one_in(3)));
    }
    let mut options = BTreeSet::new();
    let mut choose = |options: &mut BTreeSet<IndexOption>, option, share| {
        if dice.one_in(share) {
            options.insert(option);
        }
    };
    choose(&mut options, IndexOption::Unique, 4);
    choose(&mut options, IndexOption::NullsHigh, 6);
    choose(&mut options, IndexOption::DisallowTruncation, 10);
    choose(&mut options, IndexOption::CrossProduct, 5);
    choose(&mut options, IndexOption::IgnoreNull, 5);
    choose(&mut options, IndexOption::IgnoreFirstNull, 8);
    choose(&mut options, IndexOption::IgnoreAnyNull, 8);
    let ignores = [IndexOption::IgnoreNull, IndexOption::IgnoreFirstNull, IndexOption::IgnoreAnyNull];
    if ignores.iter().all(|option| !options.contains(option)) {
        choose(&mut options, IndexOption::DisallowNull, 12);
        if options.contains(&IndexOption::DisallowNull) {
            options.remove(&IndexOption::NullsHigh);
        }
    }
    let mut tuples = None;
    let binary = |kind: Kind| {
        use ese_format::column_type::ColumnType as T;
        matches!(kind.column_type, T::Binary | T::Text | T::LongBinary | T::LongText)
    };
    if first_kind.is_some_and(binary) && dice.one_in(6) {
        options.remove(&IndexOption::Unique);
        tuples = Some([3, 10, 60, 2, 1]);
    }
    let mut conditions = Vec::new();
    if dice.one_in(6)
        && let Some(column) = dice.pick(columns).filter(|column| column.id != UNKNOWN_COLUMN)
    {
        conditions.push((column.id, dice.one_in(3)));
    }
    let key_most = if dice.one_in(6) { 600 } else { KEY_BYTES };
    IndexDef { name: name.into(), number, segments, options, conditions, key_most, tuples }
}

impl Play {
    /// A statement of a session.
    pub(crate) fn define(&mut self, who: usize) -> Flow<()> {
        if self.is_read_only(who) {
            return Ok(());
        }
        let tables = self.view(who).len();
        let kind = if tables < 2 { 0 } else { self.dice.below(20) };
        let result = match kind {
            0..3 => self.create_table(who),
            3 if tables > 3 => self.delete_table(who),
            4 => self.rename_table(who),
            5..9 => self.add_column(who),
            9..11 => self.delete_column(who),
            11 => self.rename_column(who),
            12..16 => self.create_index(who),
            _ => self.delete_index(who),
        };
        if result.is_ok() {
            self.withdraw();
        }
        result
    }

    fn any_name(&mut self) -> String {
        NAMES[self.dice.below(NAMES.len())].to_owned()
    }

    /// A table that the session sees, more likely than not.
    fn some_table(&mut self, who: usize) -> String {
        let names: Vec<String> = self.view(who).keys().cloned().collect();
        if self.dice.one_in(10) {
            self.any_name()
        } else {
            self.dice.pick(&names).cloned().unwrap_or_default()
        }
    }

    fn contended(&self, who: usize, nodes: &[Node]) -> &'static [JetError] {
        let is_contended = nodes.iter().any(|node| self.is_contended(who, node));
        if is_contended { &CONTENDED } else { &[] }
    }

    fn note_all(&mut self, who: usize, nodes: Vec<Node>) {
        nodes.into_iter().for_each(|node| self.note(who, node, Event::Change));
    }

    // ---- tables ----

    fn random_table(&mut self) -> Table {
        let number = self.number();
        let dice = &mut self.dice;
        let column = |name: &str, kind: Kind, role: Role, default: Option<Bytes>| {
            Rc::new(Column { name: name.into(), id: UNKNOWN_COLUMN, kind, role, default })
        };
        let mut columns =
            vec![column("id", LONG, Role::Required, None), column("name", NAME, Role::Plain, None)];
        if dice.one_in(2) {
            let kind = if dice.one_in(2) { LONG } else { LONG_LONG };
            columns.push(column("auto", kind, Role::AutoIncrement, None));
        }
        if dice.one_in(2) {
            columns.push(column("version", LONG, Role::Version, None));
        }
        if dice.one_in(2) {
            columns.push(column("escrow", LONG, Role::Escrow, Some(7i32.to_le_bytes()[..].into())));
        }
        let plain = 3 + dice.below(6);
        for name in COLUMNS.iter().take(plain) {
            let column = random_column(dice, name);
            columns.push(Rc::new(column));
        }
        // Until the engine says others, columns are numbered by their places.
        for (place, column) in columns.iter_mut().enumerate() {
            Rc::make_mut(column).id = place as u32;
        }
        let primary = match dice.below(5) {
            0 => None,
            1 => Some(vec![(0, true)]),
            2 => Some(vec![(1, false), (0, false)]),
            _ => Some(vec![(0, false)]),
        };
        let primary = primary.map(|segments| {
            Rc::new(IndexDef {
                name: "primary".into(),
                number: 0,
                segments,
                options: BTreeSet::new(),
                conditions: Vec::new(),
                key_most: KEY_BYTES,
                tuples: None,
            })
        });
        let mut table = Table { number, columns, primary, indexes: BTreeMap::new(), rows: BTreeMap::new() };
        let indexes = self.dice.below(3);
        for name in INDEXES.iter().take(indexes) {
            let number = self.number();
            let def = random_index(&mut self.dice, name, number, &table.columns);
            table.add_index(&Rc::new(def));
        }
        table
    }

    fn create_table(&mut self, who: usize) -> Flow<()> {
        let name = self.any_name();
        let table = self.random_table();
        self.tell("create table", || {
            let kinds: Vec<_> = table.columns.iter().map(|column| (&column.name, column.kind)).collect();
            let defs: Vec<_> = table.indexes.values().map(|index| &index.def).collect();
            format!("{name} number {} by {who}: {kinds:?} {:?} {defs:?}", table.number, table.primary)
        });
        let is_there = self.view(who).contains_key(&name);
        let node = Node::Name(name.clone());
        let verdict = if is_there { Err(JetError::TABLE_DUPLICATE) } else { Ok(()) };
        let expected = Expected::of(verdict).or(self.contended(who, std::slice::from_ref(&node)));
        let step = |table: &Table| Step {
            table: table.number,
            change: Change::CreateTable(name.clone(), Rc::new(table.clone())),
        };
        if !is_there {
            let steps = [step(&unnumbered(&table))];
            if !self.committed.contains_key(&name) {
                self.announce(who, &steps);
            }
        }
        let columns: Vec<_> = table.columns.iter().map(|column| new_column(column)).collect();
        let defs: Vec<(&Rc<IndexDef>, bool)> = table
            .primary
            .iter()
            .map(|def| (def, true))
            .chain(table.indexes.values().map(|index| (&index.def, false)))
            .collect();
        let asked: Vec<Asked> = defs.iter().map(|(def, _)| Asked::of(def, &table.columns)).collect();
        let conditions: Vec<_> = asked.iter().map(Asked::conditions).collect();
        let indexes: Vec<_> = defs
            .iter()
            .zip(asked.iter().zip(&conditions))
            .map(|((def, primary), (asked, conditions))| new_index(def, asked, conditions, *primary))
            .collect();
        let new =
            NewTable { name: name.as_bytes(), columns: &columns, indexes: &indexes, ..NewTable::default() };
        let catalog = self.running().catalog();
        let created = catalog.create_table(&mut self.clients[who].session, &new);
        let ids: Vec<u32> = created.column_ids.iter().map(|id| id.to_api()).collect();
        let opened = created.table.map(|OpenedTable { table, hold, .. }| drop((table, hold)));
        if self.settle(opened, &expected)?.is_none() {
            return Ok(());
        }
        let table = renumbered(&table, &ids);
        self.auto_increments.insert(table.number, 0);
        self.sequences.insert(table.number, 0);
        self.note_all(who, vec![node, Node::Schema(table.number)]);
        let steps = vec![step(&table)];
        self.done(who, steps);
        Ok(())
    }

    fn has_open_cursor(&self, table: u64) -> bool {
        self.clients.iter().flat_map(|client| &client.cursors).any(|open| open.table == table)
    }

    fn delete_table(&mut self, who: usize) -> Flow<()> {
        let name = self.some_table(who);
        self.tell("delete table", || format!("{name} by {who}"));
        let (mut expected, table) = self.opening(who, &name);
        if let Some(table) = &table
            && self.has_open_cursor(table.number)
        {
            expected = Expected::of(Err(JetError::TABLE_IN_USE));
        }
        let mut nodes = vec![Node::Name(name.clone())];
        nodes.extend(table.as_ref().map(|table| Node::Schema(table.number)));
        let expected = expected.or(self.contended(who, &nodes));
        let number = table.map_or(0, |table| table.number);
        let steps = vec![Step { table: number, change: Change::DeleteTable }];
        if expected.code.is_none() {
            self.announce(who, &steps);
        }
        let catalog = self.running().catalog();
        let deleted = catalog.delete_table(&mut self.clients[who].session, name.as_bytes());
        if self.settle(deleted, &expected)?.is_some() {
            self.note_all(who, nodes);
            self.done(who, steps);
        }
        Ok(())
    }

    fn rename_table(&mut self, who: usize) -> Flow<()> {
        let (name, new) = (self.some_table(who), self.any_name());
        if name == new {
            return Ok(());
        }
        self.tell("rename table", || format!("{name} to {new} by {who}"));
        let table = self.view(who).get(&name).cloned();
        let verdict = match &table {
            None => Err(JetError::OBJECT_NOT_FOUND),
            Some(_) if self.view(who).contains_key(&new) => Err(JetError::KEY_DUPLICATE),
            Some(_) => Ok(()),
        };
        let mut nodes = vec![Node::Name(name.clone()), Node::Name(new.clone())];
        nodes.extend(table.as_ref().map(|table| Node::Schema(table.number)));
        let expected = Expected::of(verdict).or(self.contended(who, &nodes));
        let number = table.map_or(0, |table| table.number);
        let steps = vec![Step { table: number, change: Change::RenameTable(new.clone()) }];
        if expected.code.is_none() && !self.committed.contains_key(&new) {
            self.announce(who, &steps);
        }
        let catalog = self.running().catalog();
        let renamed = catalog.rename_table(&mut self.clients[who].session, name.as_bytes(), new.as_bytes());
        if self.settle(renamed, &expected)?.is_some() {
            self.note_all(who, nodes);
            self.done(who, steps);
        }
        Ok(())
    }

    /// Opens a table for a statement.
    fn open_for(&mut self, who: usize, name: &str) -> Flow<Option<(OpenedTable, Rc<Table>)>> {
        let (expected, table) = self.opening(who, name);
        let catalog = self.running().catalog();
        let opened = catalog.open_table(&self.clients[who].session, name.as_bytes(), 0);
        let opened = self.settle(opened, &expected)?;
        Ok(opened.zip(table))
    }

    // ---- columns ----

    fn add_column(&mut self, who: usize) -> Flow<()> {
        let name = self.some_table(who);
        let column_name = COLUMNS[self.dice.below(COLUMNS.len())];
        let mut column = random_column(&mut self.dice, column_name);
        self.tell("add column", || format!("{column:?} to {name} by {who}"));
        let Some((opened, table)) = self.open_for(who, &name)? else { return Ok(()) };
        let node = Node::Schema(table.number);
        let is_there = table.column_named(column_name).is_some();
        let verdict = if is_there { Err(JetError::COLUMN_DUPLICATE) } else { Ok(()) };
        let expected = Expected::of(verdict).or(self.contended(who, std::slice::from_ref(&node)));
        let step = |column: &Column| Step {
            table: table.number,
            change: Change::AddColumn(Rc::new(column.clone())),
        };
        if !is_there {
            self.announce(who, &[step(&column)]);
        }
        let new = column.clone();
        let catalog = self.running().catalog();
        let session = &mut self.clients[who].session;
        let added = catalog.add_column(session, &opened.table, &opened.hold, &new_column(&new));
        if let Some(added) = self.settle(added, &expected)? {
            column.id = added.id.to_api();
            self.note(who, node, Event::Change);
            let steps = vec![step(&column)];
            self.done(who, steps);
        }
        Ok(())
    }

    fn delete_column(&mut self, who: usize) -> Flow<()> {
        let name = self.some_table(who);
        let column_name = COLUMNS[self.dice.below(COLUMNS.len())];
        self.tell("delete column", || format!("{column_name} of {name} by {who}"));
        let Some((opened, table)) = self.open_for(who, &name)? else { return Ok(()) };
        let node = Node::Schema(table.number);
        let verdict = match table.column_named(column_name) {
            None => Err(JetError::COLUMN_NOT_FOUND),
            Some(column) => {
                let one = BTreeSet::from([column.id]);
                let uses = |index: &crate::state::Index| {
                    index.def.depends_on(&one) && !self.is_index_gone(who, table.number, index.def.number)
                };
                if table.indexes.values().any(uses) { Err(JetError::COLUMN_IN_USE) } else { Ok(()) }
            }
        };
        // An index whose deletion is not committed may still come back.
        let deletes =
            |(of, change): (u64, &Change)| of == table.number && matches!(change, Change::DeleteIndex(_));
        let is_pending = self.own_steps(who).chain(self.others_steps(who)).any(deletes);
        let in_use: &[JetError] = if is_pending { &[JetError::COLUMN_IN_USE] } else { &[] };
        let contended = self.contended(who, std::slice::from_ref(&node));
        let expected = Expected::of(verdict).or(contended).or(in_use);
        let id = table.column_named(column_name).map_or(0, |column| column.id);
        let steps = vec![Step { table: table.number, change: Change::DeleteColumn(id) }];
        if expected.code.is_none() {
            self.announce(who, &steps);
        }
        let catalog = self.running().catalog();
        let session = &mut self.clients[who].session;
        let deleted = catalog.delete_column(session, &opened.hold, column_name.as_bytes(), ColumnScope::All);
        if self.settle(deleted, &expected)?.is_some() {
            self.note(who, node, Event::Change);
            self.done(who, steps);
        }
        Ok(())
    }

    fn rename_column(&mut self, who: usize) -> Flow<()> {
        let name = self.some_table(who);
        let (old, new) = (COLUMNS[self.dice.below(COLUMNS.len())], COLUMNS[self.dice.below(COLUMNS.len())]);
        if old == new {
            return Ok(());
        }
        self.tell("rename column", || format!("{old} of {name} to {new} by {who}"));
        let Some((opened, table)) = self.open_for(who, &name)? else { return Ok(()) };
        let node = Node::Schema(table.number);
        let verdict = if self.level(who) > 0 {
            Err(JetError::IN_TRANSACTION)
        } else if table.column_named(old).is_none() {
            Err(JetError::COLUMN_NOT_FOUND)
        } else if table.column_named(new).is_some() {
            Err(JetError::KEY_DUPLICATE)
        } else {
            Ok(())
        };
        let expected = Expected::of(verdict).or(self.contended(who, std::slice::from_ref(&node)));
        let id = table.column_named(old).map_or(0, |column| column.id);
        let steps = vec![Step { table: table.number, change: Change::RenameColumn(id, new.into()) }];
        if expected.code.is_none() {
            self.announce(who, &steps);
        }
        let catalog = self.running().catalog();
        let session = &mut self.clients[who].session;
        let (old, new) = (old.as_bytes(), new.as_bytes());
        let renamed = catalog.rename_column(session, &opened.hold, old, new, RenamedColumn::Same);
        if self.settle(renamed, &expected)?.is_some() {
            self.note(who, node, Event::Change);
            self.done(who, steps);
        }
        Ok(())
    }

    // ---- indexes ----

    /// What the records that the session sees say to a new index.
    fn judge_index(&self, table: &Table, def: &IndexDef) -> Result<(), JetError> {
        let mut all = BTreeSet::new();
        let mut duplicate = false;
        for row in table.rows.values() {
            for key in keys_of(def, table, row)? {
                duplicate |= !all.insert(key);
            }
        }
        if duplicate && def.is_unique() { Err(JetError::KEY_DUPLICATE) } else { Ok(()) }
    }

    fn create_index(&mut self, who: usize) -> Flow<()> {
        let name = self.some_table(who);
        let index_name = INDEXES[self.dice.below(INDEXES.len())];
        let view = self.view(who).get(&name).cloned();
        let Some(columns) = view.as_ref().map(|table| table.columns.clone()) else { return Ok(()) };
        let number = self.number();
        let def = Rc::new(random_index(&mut self.dice, index_name, number, &columns));
        let count = view.map_or(0, |table| table.indexes.len());
        let at_once = self.level(who) == 0;
        if count >= INDEXES_MAX {
            return Ok(());
        }
        self.tell("create index", || format!("{def:?} on {name} by {who}"));
        let Some((opened, table)) = self.open_for(who, &name)? else { return Ok(()) };
        let unseen = self.versions.has_unseen_records(table.number, self.looker(who));
        if at_once && unseen {
            // The engine would wait for the others.
            return Ok(());
        }
        let node = Node::Schema(table.number);
        let gone = table
            .index_named(index_name)
            .is_some_and(|index| self.is_index_gone(who, table.number, index.def.number));
        let mut maybe = self.contended(who, std::slice::from_ref(&node)).to_vec();
        if unseen {
            maybe.push(JetError::WRITE_CONFLICT);
        }
        if gone {
            return Ok(());
        }
        let verdict = match table.index_named(index_name) {
            Some(_) => Err(JetError::INDEX_DUPLICATE),
            None => self.judge_index(&table, &def),
        };
        let expected = Expected::of(verdict).or(&maybe);
        let steps = vec![Step { table: table.number, change: Change::CreateIndex(Rc::clone(&def)) }];
        if expected.code.is_none() {
            self.announce(who, &steps);
        }
        let asked = Asked::of(&def, &table.columns);
        let conditions = asked.conditions();
        let new = new_index(&def, &asked, &conditions, false);
        let catalog = self.running().catalog();
        let session = &mut self.clients[who].session;
        let created = catalog.create_indexes(session, &opened.table, &opened.hold, &[new]);
        if self.settle(created.result, &expected)?.is_some() {
            self.note(who, node, Event::Change);
            self.done(who, steps);
        }
        Ok(())
    }

    fn delete_index(&mut self, who: usize) -> Flow<()> {
        let name = self.some_table(who);
        let view = self.view(who).get(&name).cloned();
        let known: Vec<String> = view
            .iter()
            .flat_map(|table| table.indexes.values().map(|index| index.def.name.clone()))
            .collect();
        let index_name = match self.dice.pick(&known) {
            Some(known) => known.clone(),
            None => INDEXES[self.dice.below(INDEXES.len())].to_owned(),
        };
        self.tell("delete index", || format!("{index_name} of {name} by {who}"));
        let Some((opened, table)) = self.open_for(who, &name)? else { return Ok(()) };
        let node = Node::Schema(table.number);
        let index = table.index_named(&index_name).map(|index| index.def.number);
        let current = |number: u64| {
            let mut cursors = self.clients.iter().flat_map(|client| &client.cursors);
            cursors.any(|open| open.table == table.number && open.position.index == Some(number))
        };
        let verdict = match index {
            None => Err(JetError::INDEX_NOT_FOUND),
            Some(number) if self.is_index_gone(who, table.number, number) => Err(JetError::INDEX_NOT_FOUND),
            Some(number) if current(number) => Err(JetError::INDEX_IN_USE),
            Some(_) => Ok(()),
        };
        let expected = Expected::of(verdict).or(self.contended(who, std::slice::from_ref(&node)));
        let steps = vec![Step { table: table.number, change: Change::DeleteIndex(index.unwrap_or(0)) }];
        if expected.code.is_none() {
            self.announce(who, &steps);
        }
        let catalog = self.running().catalog();
        let session = &mut self.clients[who].session;
        let deleted = catalog.delete_index(session, &opened.hold, index_name.as_bytes());
        if self.settle(deleted, &expected)?.is_some() {
            self.note(who, node, Event::Change);
            self.done(who, steps);
        }
        Ok(())
    }

    // ---- comparing ----

    /// A session sees its view, and nothing else.
    pub(crate) fn compare(&mut self, who: usize) -> Flow<()> {
        self.tell("compare", || format!("by {who}"));
        let running = self.running.take().expect("an instance runs between operations");
        let compared = self.compare_with(&running, who);
        self.running = Some(running);
        compared
    }

    fn compare_with(&mut self, running: &crate::stage::Running, who: usize) -> Flow<()> {
        let own = self.level(who) == 0;
        if own {
            // Several tables are read as of one moment.
            self.begin(who, true);
        }
        let names = crate::stage::names(running, &self.clients[who].session);
        let Some(names) = self.settle(names, &Expected::default())? else { return Ok(()) };
        let view: Vec<String> = self.view(who).keys().cloned().collect();
        assert_eq!(names, view, "names of tables");
        for name in names {
            let (expected, table) = self.opening(who, &name);
            if table.is_none() && expected.code == Some(JetError::TABLE_LOCKED) {
                continue;
            }
            let dumped = crate::stage::dump_table(running, &mut self.clients[who].session, &name);
            let Some(found) = self.settle(dumped, &expected)? else { continue };
            let table = table.expect("it could be opened");
            let mut wanted = crate::stage::expected_table(&table);
            for index in table.indexes.values() {
                if self.is_index_gone(who, table.number, index.def.number) {
                    wanted.indexes.remove(&index.def.name);
                }
            }
            if let Some(what) = crate::stage::difference(&wanted, &found) {
                panic!("session {who}, table {name}: {what}");
            }
        }
        if own {
            let rolled = self.clients[who].session.commit(ese_engine::transaction::CommitOptions::LAZY);
            self.settle(rolled.map(|_| ()), &Expected::default())?;
            self.end_comparing(who);
        }
        Ok(())
    }
}

/// A table whose columns have no numbers yet.
fn unnumbered(table: &Table) -> Table {
    // Numbers are taken from the catalog when a crash has left the table there.
    let mut table = table.clone();
    for column in &mut table.columns {
        Rc::make_mut(column).id |= 1 << 31;
    }
    let mark = |id: &mut u32| *id |= 1 << 31;
    remap(&mut table, mark);
    table
}

/// A table with the numbers that its columns got, by their places.
fn renumbered(table: &Table, ids: &[u32]) -> Table {
    let mut table = table.clone();
    for column in &mut table.columns {
        let column = Rc::make_mut(column);
        column.id = ids[column.id as usize];
    }
    remap(&mut table, |id| *id = ids[*id as usize]);
    table
}

/// Changes the numbers of columns in all indexes.
pub(crate) fn remap(table: &mut Table, mut change: impl FnMut(&mut u32)) {
    let mut of_def = |def: &mut Rc<IndexDef>| {
        let def = Rc::make_mut(def);
        def.segments.iter_mut().for_each(|(id, _)| change(id));
        def.conditions.iter_mut().for_each(|(id, _)| change(id));
    };
    if let Some(def) = &mut table.primary {
        of_def(def);
    }
    table.indexes.values_mut().for_each(|index| of_def(&mut index.def));
}
