//! Random DDL of several sessions beside a model: what each session sees is its snapshot with its own changes, and what
//! is committed is what all of them did.

use std::collections::BTreeMap;
use std::sync::Arc;

use ese_corpus::report;
use ese_engine::catalog::{ColumnScope, NewIndex, NewTable, RenamedColumn};
use ese_engine::error::Result;
use ese_engine::table::{IndexStart, MoveGrbit};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::stage::{Opened, Stage, long};

const SESSIONS: usize = 3;
const SEEDS: u64 = 20;
const STEPS: usize = 250;

/// What another transaction may be the reason for.
const CONFLICTS: [JetError; 12] = [
    JetError::WRITE_CONFLICT,
    JetError::WRITE_CONFLICT_PRIMARY_INDEX,
    JetError::TABLE_DUPLICATE,
    JetError::TABLE_LOCKED,
    JetError::TABLE_IN_USE,
    JetError::COLUMN_DUPLICATE,
    JetError::INDEX_DUPLICATE,
    JetError::KEY_DUPLICATE,
    JetError::COLUMN_IN_USE,
    JetError::OBJECT_NOT_FOUND,
    JetError::INDEX_NOT_FOUND,
    JetError::COLUMN_NOT_FOUND,
];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Table {
    /// Never the same for two tables, whatever their names.
    number: u64,
    /// By name: the number of the column.
    columns: BTreeMap<String, u32>,
    /// By name: the indexed column, and a number that no other index ever has.
    indexes: BTreeMap<String, (u32, u64)>,
    /// By key: the values of columns.
    rows: BTreeMap<i32, BTreeMap<u32, i32>>,
}

type State = BTreeMap<String, Table>;

/// A change of one table.
#[derive(Clone, Debug)]
enum Change {
    Create(String, Table),
    Delete,
    Rename(String),
    AddColumn(String, u32),
    DeleteColumn(u32),
    RenameColumn(u32, String),
    CreateIndex(String, u32, u64),
    DeleteIndex(String),
    Insert(i32, BTreeMap<u32, i32>),
    DeleteRow(i32),
}

#[derive(Clone, Debug)]
struct Step {
    table: u64,
    change: Change,
}

fn apply(state: &mut State, step: &Step) {
    if let Change::Create(name, table) = &step.change {
        assert!(state.insert(name.clone(), table.clone()).is_none(), "{name} is there twice");
        return;
    }
    let found = state.iter().find(|(_, table)| table.number == step.table);
    let Some(name) = found.map(|(name, _)| name.clone()) else {
        // Records of a table that somebody deleted meanwhile go with it, and indexes that were made and deleted again.
        let of_records = matches!(step.change, Change::Insert(..) | Change::DeleteRow(_));
        assert!(of_records || matches!(step.change, Change::CreateIndex(..) | Change::DeleteIndex(_)));
        return;
    };
    let mut table = state.remove(&name).expect("it was just found");
    let mut new_name = name;
    match step.change.clone() {
        Change::Create(..) | Change::Delete => return,
        Change::Rename(name) => new_name = name,
        Change::AddColumn(name, id) => assert_eq!(table.columns.insert(name, id), None),
        Change::DeleteColumn(id) => table.columns.retain(|_, known| *known != id),
        Change::RenameColumn(id, name) => {
            table.columns.retain(|_, known| *known != id);
            assert_eq!(table.columns.insert(name, id), None);
        }
        Change::CreateIndex(name, column, number) => {
            assert_eq!(table.indexes.insert(name, (column, number)), None);
        }
        Change::DeleteIndex(name) => drop(table.indexes.remove(&name)),
        Change::Insert(key, values) => assert_eq!(table.rows.insert(key, values), None),
        Change::DeleteRow(key) => drop(table.rows.remove(&key)),
    }
    assert!(state.insert(new_name, table).is_none());
}

/// A transaction of the model.
#[derive(Clone, Debug, Default)]
struct Transaction {
    snapshot: State,
    steps: Vec<Step>,
    /// Steps made before each level began.
    levels: Vec<usize>,
}

impl Transaction {
    fn view(&self) -> State {
        let mut state = self.snapshot.clone();
        self.steps.iter().for_each(|step| apply(&mut state, step));
        state
    }
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'t, T>(&mut self, of: impl IntoIterator<Item = &'t T>) -> Option<&'t T> {
        let all: Vec<&T> = of.into_iter().collect();
        let place = self.roll(all.len().max(1));
        all.get(place).copied()
    }
}

#[derive(Debug, Default)]
struct Counts {
    done: BTreeMap<&'static str, u64>,
    refused: BTreeMap<JetError, u64>,
    compared: u64,
}

struct Run {
    seed: u64,
    stage: Stage,
    sessions: Vec<Session>,
    open: Vec<Option<Transaction>>,
    committed: State,
    dice: Dice,
    numbers: u64,
    counts: Counts,
}

impl Run {
    fn new(seed: u64) -> Self {
        let stage = Stage::new(PageSize::K4);
        Self {
            seed,
            sessions: (0..SESSIONS).map(|_| stage.session()).collect(),
            stage,
            open: vec![None; SESSIONS],
            committed: State::new(),
            dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            numbers: 0,
            counts: Counts::default(),
        }
    }

    fn view(&self, who: usize) -> State {
        self.open[who].as_ref().map_or_else(|| self.committed.clone(), Transaction::view)
    }

    /// Whether some other session is in a transaction.
    fn is_alone(&self, who: usize) -> bool {
        self.open.iter().enumerate().all(|(other, open)| other == who || open.is_none())
    }

    fn step(&mut self) {
        let who = self.dice.roll(SESSIONS);
        match self.dice.roll(20) {
            0 | 1 => self.begin(who),
            2 | 3 => self.commit(who),
            4 => self.roll_back(who),
            kind => {
                let Some((what, change)) = self.choose(who, kind) else { return };
                self.perform(who, what, change);
            }
        }
    }

    fn begin(&mut self, who: usize) {
        if self.open[who].as_ref().is_some_and(|open| open.levels.len() >= 4) {
            return;
        }
        self.sessions[who].begin(BeginKind::ReadWrite).expect("fewer than seven levels");
        let snapshot = &self.committed;
        let open = self.open[who]
            .get_or_insert_with(|| Transaction { snapshot: snapshot.clone(), ..Transaction::default() });
        open.levels.push(open.steps.len());
    }

    fn commit(&mut self, who: usize) {
        let Some(open) = &mut self.open[who] else { return };
        self.sessions[who].commit(CommitOptions::DURABLE).expect("nothing is in the way of a commit");
        open.levels.pop();
        if open.levels.is_empty() {
            let open = self.open[who].take().expect("it is open");
            open.steps.iter().for_each(|step| apply(&mut self.committed, step));
        }
    }

    fn roll_back(&mut self, who: usize) {
        let Some(open) = &mut self.open[who] else { return };
        self.sessions[who].rollback().expect("a rollback");
        let steps = open.levels.pop().expect("a level is open");
        open.steps.truncate(steps);
        if open.levels.is_empty() {
            self.open[who] = None;
        }
    }

    fn name(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.dice.roll(6))
    }

    /// Something that is legal in the eyes of the session.
    fn choose(&mut self, who: usize, kind: usize) -> Option<(String, Change)> {
        let view = self.view(who);
        if kind == 5 || view.is_empty() {
            let name = self.name("T");
            self.numbers += 1;
            let columns = [("k".to_owned(), 1), ("a".to_owned(), 2)].into();
            let table = Table { number: self.numbers, columns, ..Table::default() };
            return (!view.contains_key(&name)).then_some((name.clone(), Change::Create(name, table)));
        }
        let name = self.dice.pick(view.keys())?.clone();
        let table = view.get(&name)?;
        let free = |column: &&u32| **column != 1 && !table.indexes.values().any(|(used, _)| used == *column);
        let change = match kind {
            6 => Change::Delete,
            7 => {
                let new = self.name("T");
                if view.contains_key(&new) {
                    return None;
                }
                Change::Rename(new)
            }
            8 | 9 => {
                let column = self.name("c");
                if table.columns.contains_key(&column) {
                    return None;
                }
                Change::AddColumn(column, 0)
            }
            10 => Change::DeleteColumn(*self.dice.pick(table.columns.values().filter(free))?),
            11 => {
                let column = self.name("c");
                if table.columns.contains_key(&column) || self.open[who].is_some() {
                    return None;
                }
                Change::RenameColumn(*self.dice.pick(table.columns.values())?, column)
            }
            12 | 13 => {
                let index = self.name("i");
                if table.indexes.contains_key(&index) {
                    return None;
                }
                let column = *self.dice.pick(table.columns.values())?;
                self.numbers += 1;
                Change::CreateIndex(index, column, self.numbers)
            }
            14 => Change::DeleteIndex(self.dice.pick(table.indexes.keys())?.clone()),
            15 => Change::DeleteRow(*self.dice.pick(table.rows.keys())?),
            _ => {
                let key = self.dice.roll(500) as i32;
                if table.rows.contains_key(&key) {
                    return None;
                }
                let set = |(_, id): (&String, &u32)| (*id, key.wrapping_mul(*id as i32));
                Change::Insert(key, table.columns.iter().map(set).collect())
            }
        };
        Some((name, change))
    }

    fn perform(&mut self, who: usize, name: String, mut change: Change) {
        let view = self.view(who);
        let number = match &change {
            Change::Create(_, table) => table.number,
            _ => view[&name].number,
        };
        let done = self.carry_out(who, &view, &name, &mut change);
        let what = match &change {
            Change::Create(..) => "create",
            Change::Delete => "delete",
            Change::Rename(_) => "rename",
            Change::AddColumn(..) => "add column",
            Change::DeleteColumn(_) => "delete column",
            Change::RenameColumn(..) => "rename column",
            Change::CreateIndex(..) => "create index",
            Change::DeleteIndex(_) => "delete index",
            Change::Insert(..) => "insert",
            Change::DeleteRow(_) => "delete row",
        };
        if let Err(error) = done {
            let jet = error.jet();
            assert!(CONFLICTS.contains(&jet), "seed {}: {what} of {name}: {error}", self.seed);
            assert!(
                !self.is_alone(who) || self.open[who].is_some(),
                "seed {}: {what} of {name} while nobody is in a transaction: {error}",
                self.seed
            );
            *self.counts.refused.entry(jet).or_default() += 1;
            return;
        }
        *self.counts.done.entry(what).or_default() += 1;
        let step = Step { table: number, change };
        match &mut self.open[who] {
            Some(open) => open.steps.push(step),
            None => apply(&mut self.committed, &step),
        }
    }

    fn carry_out(&mut self, who: usize, view: &State, name: &str, change: &mut Change) -> Result<()> {
        let stage = &self.stage;
        let catalog = Arc::clone(&stage.catalog);
        let session = &mut self.sessions[who];
        let column_named = |id: u32| {
            let columns = &view[name].columns;
            columns.iter().find(|(_, known)| **known == id).map(|(name, _)| name.clone()).expect("a column")
        };
        match change {
            Change::Create(name, table) => {
                let columns = [long("k"), long("a")];
                let primary = [NewIndex { name: b"pk", key: b"+k\0\0", grbit: 2, ..NewIndex::default() }];
                let new = NewTable {
                    name: name.as_bytes(),
                    columns: &columns,
                    indexes: &primary,
                    ..NewTable::default()
                };
                drop(stage.create(session, &new)?);
                assert_eq!(table.columns.len(), 2);
                Ok(())
            }
            Change::Delete => catalog.delete_table(session, name.as_bytes()),
            Change::Rename(new) => catalog.rename_table(session, name.as_bytes(), new.as_bytes()),
            Change::AddColumn(column, id) => {
                let mut opened = stage.open(session, name, 0)?;
                *id = opened.add_column(stage, session, &long(column))?.to_api();
                Ok(())
            }
            Change::DeleteColumn(id) => {
                let opened = stage.open(session, name, 0)?;
                let column = column_named(*id);
                catalog.delete_column(session, &opened.hold, column.as_bytes(), ColumnScope::All)
            }
            Change::RenameColumn(id, new) => {
                let opened = stage.open(session, name, 0)?;
                let column = column_named(*id);
                let same = RenamedColumn::Same;
                catalog.rename_column(session, &opened.hold, column.as_bytes(), new.as_bytes(), same)
            }
            Change::CreateIndex(index, column, _) => {
                let mut opened = stage.open(session, name, 0)?;
                let key = format!("+{}\0\0", column_named(*column));
                let new = NewIndex { name: index.as_bytes(), key: key.as_bytes(), ..NewIndex::default() };
                opened.create_index(stage, session, &new)
            }
            Change::DeleteIndex(index) => {
                let opened = stage.open(session, name, 0)?;
                catalog.delete_index(session, &opened.hold, index.as_bytes())
            }
            Change::Insert(_, values) => {
                let mut opened = stage.open(session, name, 0)?;
                let values: Vec<_> = values
                    .iter()
                    .map(|(id, value)| {
                        let column = opened.column(session, &column_named(*id)).expect("the session sees it");
                        assert_eq!(column.to_api(), *id);
                        (column, value.to_le_bytes())
                    })
                    .collect();
                let values: Vec<_> = values.iter().map(|(id, value)| (*id, &value[..])).collect();
                opened.insert(session, &values)
            }
            Change::DeleteRow(key) => {
                let mut opened = stage.open(session, name, 0)?;
                find(&mut opened, session, *key);
                opened.cursor.delete(session)
            }
        }
    }

    /// Every session sees its view, and nothing else.
    fn compare(&mut self) {
        for who in 0..SESSIONS {
            let view = self.view(who);
            let objects = self.stage.catalog.objects(&self.sessions[who]).expect("a sound catalog");
            let names: Vec<String> = objects
                .into_iter()
                .map(|object| String::from_utf8(object.name).expect("ASCII"))
                .filter(|name| !name.starts_with("MSys"))
                .collect();
            let expected: Vec<String> = view.keys().cloned().collect();
            assert_eq!(names, expected, "seed {}, session {who}", self.seed);
            for (name, table) in &view {
                match self.stage.open(&mut self.sessions[who], name, 0) {
                    Ok(mut opened) => self.compare_table(who, name, table, &mut opened),
                    Err(error) => {
                        let deleted = [JetError::TABLE_LOCKED, JetError::OBJECT_NOT_FOUND];
                        assert!(deleted.contains(&error.jet()), "seed {}: {name}: {error}", self.seed);
                        assert!(!self.is_alone(who) || self.open[who].is_some(), "seed {}", self.seed);
                    }
                }
            }
        }
    }

    fn compare_table(&mut self, who: usize, name: &str, table: &Table, opened: &mut Opened) {
        let _session = &mut self.sessions[who];
        let context = format!("seed {}, session {who}, table {name}", self.seed);
        let schema = Arc::clone(opened.cursor.table().schema());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("ASCII");
        let columns: BTreeMap<String, u32> =
            schema.columns().map(|column| (text(&column.name), column.id.to_api())).collect();
        assert_eq!(columns, table.columns, "{context}");
        let secondary = schema.indexes().iter().filter(|index| !index.is_primary());
        let indexes: BTreeMap<String, u32> = secondary
            .map(|index| (text(index.name.as_bytes()), u32::from(index.row.segments[0].fid)))
            .collect();
        // An index that another session deletes is gone for all at once (spec 09 §5.6), also for who still had it in its
        // snapshot; that somebody made another one with its name does not bring it back.
        let is_deleted = |index: &String| {
            let here = table.indexes.get(index);
            let is_same = |state: &State| {
                let known = state.values().find(|known| known.number == table.number);
                known.is_some_and(|known| known.indexes.get(index) == here)
            };
            let is_own = self.open[who].as_ref().is_some_and(|open| !is_same(&open.snapshot));
            let deletes = |step: &Step| {
                step.table == table.number
                    && matches!(&step.change, Change::DeleteIndex(name) if name == index)
            };
            let mut others = self.open.iter().enumerate().filter(|(other, _)| *other != who);
            !is_own && !is_same(&self.committed)
                || others.any(|(_, open)| open.iter().flat_map(|open| &open.steps).any(deletes))
        };
        let missing = table.indexes.iter().filter(|(name, (column, _))| indexes.get(*name) != Some(column));
        let missing: Vec<&String> = missing.map(|(name, _)| name).collect();
        assert!(missing.iter().all(|index| is_deleted(index)), "{context}: {missing:?}");
        assert_eq!(indexes.len() + missing.len(), table.indexes.len(), "{context}");
        let session = &mut self.sessions[who];
        let mut rows = BTreeMap::new();
        let mut moved = opened.cursor.move_first(session);
        while moved.is_ok() {
            let mut values = BTreeMap::new();
            for column in schema.columns() {
                if let Some(value) = opened.get(session, column.id).expect("a value") {
                    values.insert(column.id.to_api(), i32::from_le_bytes(value.try_into().expect("a Long")));
                }
            }
            rows.insert(values[&1], values);
            moved = opened.cursor.move_by(session, 1, MoveGrbit::empty());
        }
        let seen = |values: &BTreeMap<u32, i32>| {
            let known = values.iter().filter(|(id, _)| columns.values().any(|known| known == *id));
            known.map(|(id, value)| (*id, *value)).collect::<BTreeMap<_, _>>()
        };
        let expected: BTreeMap<i32, _> =
            table.rows.iter().map(|(key, values)| (*key, seen(values))).collect();
        assert_eq!(rows, expected, "{context}");
        for index in indexes.keys() {
            opened
                .cursor
                .set_current_index(session, index.as_bytes(), IndexStart::First)
                .expect("the session sees it");
            let mut entries = 0;
            let mut moved = opened.cursor.move_first(session);
            while moved.is_ok() {
                entries += 1;
                moved = opened.cursor.move_by(session, 1, MoveGrbit::empty());
            }
            assert_eq!(entries, expected.len(), "{context}, index {index}");
        }
        self.counts.compared += 1;
    }
}

fn find(opened: &mut Opened, session: &mut Session, key: i32) {
    let k = opened.column(session, "k");
    opened.cursor.move_first(session).expect("the session sees rows");
    loop {
        let column = k.unwrap_or(ese_format::column_type::ColumnId::own(1));
        let value = opened.get(session, column).expect("a value").expect("a key");
        if value == key.to_le_bytes() {
            return;
        }
        opened.cursor.move_by(session, 1, MoveGrbit::empty()).expect("the row is there");
    }
}

#[test]
fn random_ddl_of_several_sessions_agrees_with_a_model() {
    let seeds = std::env::var("ESE_SCHEMA_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let mut all = Counts::default();
    for seed in 1..=seeds {
        let mut run = Run::new(seed);
        for step in 0..STEPS {
            run.step();
            if step % 25 == 24 {
                run.compare();
            }
        }
        for who in 0..SESSIONS {
            while run.open[who].is_some() {
                if run.dice.roll(2) == 0 { run.commit(who) } else { run.roll_back(who) }
            }
        }
        run.compare();
        run.sessions.clear();
        let database = run.stage.check();
        let tables: Vec<String> =
            database.tables().expect("a sound catalog").iter().map(|table| table.name()).collect();
        let user = tables.iter().filter(|name| !name.starts_with("MSys")).count();
        assert_eq!(user, run.committed.len(), "seed {seed}");
        for (what, count) in run.counts.done {
            *all.done.entry(what).or_default() += count;
        }
        for (jet, count) in run.counts.refused {
            *all.refused.entry(jet).or_default() += count;
        }
        all.compared += run.counts.compared;
    }
    assert!(all.done.len() == 10, "every kind of change was made: {:?}", all.done);
    report!("schema model: seeds 1 to {seeds}, {} tables compared", all.compared);
    report!("  done {:?}", all.done);
    report!("  refused {:?}", all.refused);
}
