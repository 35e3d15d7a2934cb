//! What is in a database: tables, columns, indexes with their entries, rows. Clones share what they do not change.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ese_engine::catalog::IndexGrbit;

use crate::keys::keys_of;
use crate::kind::Kind;

pub(crate) type Bytes = Rc<[u8]>;

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    /// A value must be set.
    Required,
    AutoIncrement,
    Version,
    Escrow,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// As the API numbers it.
    pub(crate) id: u32,
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    /// As it is read.
    pub(crate) default: Option<Bytes>,
}

/// The number of a column whose creation the power cut short.
pub(crate) const UNKNOWN_COLUMN: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum IndexOption {
    Unique,
    DisallowNull,
    IgnoreNull,
    IgnoreAnyNull,
    IgnoreFirstNull,
    NullsHigh,
    DisallowTruncation,
    CrossProduct,
}

impl IndexOption {
    pub(crate) fn grbit(self) -> IndexGrbit {
        match self {
            Self::Unique => IndexGrbit::UNIQUE,
            Self::DisallowNull => IndexGrbit::DISALLOW_NULL,
            Self::IgnoreNull => IndexGrbit::IGNORE_NULL,
            Self::IgnoreAnyNull => IndexGrbit::IGNORE_ANY_NULL,
            Self::IgnoreFirstNull => IndexGrbit::IGNORE_FIRST_NULL,
            Self::NullsHigh => IndexGrbit::SORT_NULLS_HIGH,
            Self::DisallowTruncation => IndexGrbit::DISALLOW_TRUNCATION,
            Self::CrossProduct => IndexGrbit::CROSS_PRODUCT,
        }
    }
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexDef {
    pub(crate) name: String,
    /// Never the same for two.
    pub(crate) number: u64,
    /// Columns, and whether they descend.
    pub(crate) segments: Vec<(u32, bool)>,
    pub(crate) options: BTreeSet<IndexOption>,
    /// Columns, and whether they must be NULL.
    pub(crate) conditions: Vec<(u32, bool)>,
    pub(crate) key_most: usize,
    pub(crate) tuples: Option<[u32; 5]>,
}

impl IndexDef {
    pub(crate) fn is_unique(&self) -> bool {
        self.options.contains(&IndexOption::Unique)
    }

    pub(crate) fn depends_on(&self, columns: &BTreeSet<u32>) -> bool {
        let mut ids = self.segments.iter().chain(&self.conditions);
        ids.any(|(id, _)| columns.contains(id))
    }
}

/// Key and record of an entry.
pub(crate) type EntryOf = (Vec<u8>, Vec<u8>);

#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) def: Rc<IndexDef>,
    pub(crate) entries: Rc<BTreeSet<EntryOf>>,
}

/// What a record has in a column; nothing at all where the column has its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Null,
    Values(Vec<Bytes>),
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) fields: BTreeMap<u32, Field>,
    /// The same for all copies of a record: they may share long values.
    pub(crate) lineage: u64,
}

impl Row {
    pub(crate) fn values<'r>(&'r self, column: &'r Column) -> &'r [Bytes] {
        match self.fields.get(&column.id) {
            None => column.default.as_slice(),
            Some(Field::Null) => &[],
            Some(Field::Values(values)) => values,
        }
    }

    pub(crate) fn set(&mut self, column: u32, value: &[u8]) {
        self.fields.insert(column, Field::Values(vec![value.into()]));
    }

    pub(crate) fn has_long_values(&self, table: &Table) -> bool {
        let mut long = table.columns.iter().filter(|column| column.kind.is_long());
        long.any(|column| !self.values(column).is_empty())
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Never the same for two.
    pub(crate) number: u64,
    pub(crate) columns: Vec<Rc<Column>>,
    pub(crate) primary: Option<Rc<IndexDef>>,
    /// By number.
    pub(crate) indexes: BTreeMap<u64, Index>,
    /// By bookmark.
    pub(crate) rows: BTreeMap<Vec<u8>, Rc<Row>>,
}

impl Table {
    pub(crate) fn column(&self, id: u32) -> Option<&Rc<Column>> {
        self.columns.iter().find(|column| column.id == id)
    }

    pub(crate) fn column_named(&self, name: &str) -> Option<&Rc<Column>> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(crate) fn with_role(&self, role: Role) -> Option<&Rc<Column>> {
        self.columns.iter().find(|column| column.role == role)
    }

    pub(crate) fn index_named(&self, name: &str) -> Option<&Index> {
        self.indexes.values().find(|index| index.def.name == name)
    }

    fn entries_of(&self, def: &IndexDef, bookmark: &[u8], row: &Row) -> Vec<EntryOf> {
        // An index that another transaction has deleted does not refuse anything any more.
        let keys = keys_of(def, self, row).unwrap_or_default();
        keys.into_iter().map(|key| (key, bookmark.to_vec())).collect()
    }

    pub(crate) fn put(&mut self, bookmark: &[u8], row: &Rc<Row>) {
        self.remove(bookmark);
        for number in self.indexes.keys().copied().collect::<Vec<_>>() {
            let def = Rc::clone(&self.indexes[&number].def);
            let made = self.entries_of(&def, bookmark, row);
            let index = self.indexes.get_mut(&number).expect("it was just there");
            Rc::make_mut(&mut index.entries).extend(made);
        }
        self.rows.insert(bookmark.to_vec(), Rc::clone(row));
    }

    pub(crate) fn remove(&mut self, bookmark: &[u8]) {
        let Some(row) = self.rows.remove(bookmark) else { return };
        for number in self.indexes.keys().copied().collect::<Vec<_>>() {
            let def = Rc::clone(&self.indexes[&number].def);
            let gone = self.entries_of(&def, bookmark, &row);
            let entries =
                Rc::make_mut(&mut self.indexes.get_mut(&number).expect("it was just there").entries);
            for entry in gone {
                assert!(entries.remove(&entry), "the model has an entry for every key");
            }
        }
    }

    pub(crate) fn add_index(&mut self, def: &Rc<IndexDef>) {
        let mut entries = BTreeSet::new();
        for (bookmark, row) in &self.rows {
            entries.extend(self.entries_of(def, bookmark, row));
        }
        let index = Index { def: Rc::clone(def), entries: Rc::new(entries) };
        self.indexes.insert(def.number, index);
    }
}

/// Tables by name.
pub(crate) type State = BTreeMap<String, Rc<Table>>;

pub(crate) fn table_of(state: &State, number: u64) -> Option<(&String, &Rc<Table>)> {
    state.iter().find(|(_, table)| table.number == number)
}

/// A change of one table.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    CreateTable(String, Rc<Table>),
    DeleteTable,
    RenameTable(String),
    AddColumn(Rc<Column>),
    DeleteColumn(u32),
    RenameColumn(u32, String),
    CreateIndex(Rc<IndexDef>),
    DeleteIndex(u64),
    Put(Vec<u8>, Rc<Row>),
    Remove(Vec<u8>),
    /// Adds to the number in an escrow column.
    Add(Vec<u8>, u32, i32),
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) table: u64,
    pub(crate) change: Change,
}

pub(crate) fn apply(state: &mut State, step: &Step) {
    if let Change::CreateTable(name, table) = &step.change {
        assert!(state.insert(name.clone(), Rc::clone(table)).is_none(), "{name} is there twice");
        return;
    }
    // What was changed in a table that somebody else deleted meanwhile goes with it.
    let Some(name) = table_of(state, step.table).map(|(name, _)| name.clone()) else { return };
    match &step.change {
        Change::DeleteTable => drop(state.remove(&name)),
        Change::RenameTable(new) => {
            let table = state.remove(&name).expect("it was just found");
            assert!(state.insert(new.clone(), table).is_none(), "{new} is there twice");
        }
        change => apply_to_table(Rc::make_mut(state.get_mut(&name).expect("it was just found")), change),
    }
}

fn apply_to_table(table: &mut Table, change: &Change) {
    match change {
        Change::CreateTable(..) | Change::DeleteTable | Change::RenameTable(_) => {}
        Change::AddColumn(column) => table.columns.push(Rc::clone(column)),
        Change::DeleteColumn(id) => table.columns.retain(|column| column.id != *id),
        Change::RenameColumn(id, name) => {
            for column in table.columns.iter_mut().filter(|column| column.id == *id) {
                Rc::make_mut(column).name.clone_from(name);
            }
        }
        Change::CreateIndex(def) => table.add_index(def),
        Change::DeleteIndex(number) => drop(table.indexes.remove(number)),
        Change::Put(bookmark, row) => table.put(bookmark, row),
        Change::Remove(bookmark) => table.remove(bookmark),
        Change::Add(bookmark, column, delta) => {
            let Some(row) = table.rows.get_mut(bookmark) else { return };
            let Some(Field::Values(values)) = Rc::make_mut(row).fields.get_mut(column) else {
                panic!("an escrow column has a number")
            };
            let before = i32::from_le_bytes(values[0][..4].try_into().expect("four bytes"));
            values[0] = before.wrapping_add(*delta).to_le_bytes()[..].into();
        }
    }
}
