//! Where a cursor is, and where calls take it (spec 09 §6.3, §7).

use std::collections::BTreeSet;
use std::ops::Bound;

use ese_format::error::JetError;

use crate::state::{EntryOf, Table};

/// The entries of one order of a table.
pub(crate) enum Order<'t> {
    Primary(&'t Table),
    Secondary { entries: &'t BTreeSet<EntryOf>, unique: bool },
}

impl<'t> Order<'t> {
    pub(crate) fn of(table: &'t Table, index: Option<u64>) -> Self {
        match index {
            None => Self::Primary(table),
            Some(number) => {
                let index = &table.indexes[&number];
                Self::Secondary { entries: &index.entries, unique: index.def.is_unique() }
            }
        }
    }

    pub(crate) fn has_unique_keys(&self) -> bool {
        matches!(self, Self::Primary(_) | Self::Secondary { unique: true, .. })
    }

    pub(crate) fn first(&self) -> Option<EntryOf> {
        match self {
            Self::Primary(table) => table.rows.keys().next().map(|key| (key.clone(), key.clone())),
            Self::Secondary { entries, .. } => entries.first().cloned(),
        }
    }

    pub(crate) fn last(&self) -> Option<EntryOf> {
        match self {
            Self::Primary(table) => table.rows.keys().next_back().map(|key| (key.clone(), key.clone())),
            Self::Secondary { entries, .. } => entries.last().cloned(),
        }
    }

    /// The first entry with this key or a greater one.
    pub(crate) fn at_or_after(&self, key: &[u8]) -> Option<EntryOf> {
        match self {
            Self::Primary(table) => {
                table.rows.range(key.to_vec()..).next().map(|(key, _)| (key.clone(), key.clone()))
            }
            Self::Secondary { entries, .. } => entries.range((key.to_vec(), Vec::new())..).next().cloned(),
        }
    }

    /// The first entry with a greater key.
    pub(crate) fn behind_key(&self, key: &[u8]) -> Option<EntryOf> {
        // The least key behind this one.
        let next = [key, &[0]].concat();
        self.at_or_after(&next)
    }

    /// The last entry with a smaller key.
    pub(crate) fn before_key(&self, key: &[u8]) -> Option<EntryOf> {
        match self {
            Self::Primary(table) => {
                table.rows.range(..key.to_vec()).next_back().map(|(key, _)| (key.clone(), key.clone()))
            }
            Self::Secondary { entries, .. } => {
                entries.range(..(key.to_vec(), Vec::new())).next_back().cloned()
            }
        }
    }

    fn after(&self, (key, record): &EntryOf) -> Option<EntryOf> {
        match self {
            Self::Secondary { entries, unique: false } => {
                let from = Bound::Excluded((key.clone(), record.clone()));
                entries.range((from, Bound::Unbounded)).next().cloned()
            }
            _ => self.behind_key(key),
        }
    }

    fn before(&self, (key, record): &EntryOf) -> Option<EntryOf> {
        match self {
            Self::Secondary { entries, unique: false } => {
                entries.range(..(key.clone(), record.clone())).next_back().cloned()
            }
            _ => self.before_key(key),
        }
    }

    pub(crate) fn is_there(&self, (key, record): &EntryOf) -> bool {
        match self {
            Self::Primary(table) => table.rows.contains_key(key),
            Self::Secondary { entries, unique: false } => entries.contains(&(key.clone(), record.clone())),
            Self::Secondary { .. } => self.at_or_after(key).is_some_and(|(found, _)| found == *key),
        }
    }

    /// Entries from this one on, one that is gone included.
    pub(crate) fn count_from(&self, from: &EntryOf, range: Option<&Range>, max: u64) -> u64 {
        let mut here = Some(from.clone());
        let mut count = 0;
        while let Some(entry) = here.filter(|_| max == 0 || count < max) {
            if range.is_some_and(|range| range.upper && !range.contains(&entry.0)) {
                break;
            }
            count += 1;
            here = self.after(&entry);
        }
        count
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    DeferredFirst,
    BeforeFirst,
    AfterLast,
    On(EntryOf),
    /// At a key without an entry.
    Virtual(Vec<u8>),
}

#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) limit: Vec<u8>,
    pub(crate) upper: bool,
    pub(crate) inclusive: bool,
}

impl Range {
    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        match key.cmp(&self.limit) {
            std::cmp::Ordering::Equal => self.inclusive,
            order => order.is_lt() == self.upper,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    GreaterOrEqual,
    Greater,
}

/// A cursor of the model.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    /// Number of the index it follows; none is the primary order.
    pub(crate) index: Option<u64>,
    pub(crate) place: Place,
    /// The record that calls on the record mean while it follows an index.
    pub(crate) record: Option<Vec<u8>>,
    pub(crate) range: Option<Range>,
    pub(crate) opened_level: u8,
    navigated_level: u8,
    index_level: u8,
}

type Told = Result<(), JetError>;

impl Position {
    pub(crate) fn new(level: u8) -> Self {
        Self {
            index: None,
            place: Place::DeferredFirst,
            record: None,
            range: None,
            opened_level: level,
            navigated_level: 0,
            index_level: 0,
        }
    }

    fn order<'t>(&self, table: &'t Table) -> Order<'t> {
        Order::of(table, self.index)
    }

    fn arrive(&mut self, entry: EntryOf, level: u8) {
        self.record = self.index.map(|_| entry.1.clone());
        self.place = Place::On(entry);
        self.navigated_level = self.navigated_level.max(level);
    }

    fn leave(&mut self, place: Place, level: u8) {
        self.place = place;
        self.record = None;
        self.navigated_level = self.navigated_level.max(level);
    }

    fn step(&mut self, table: &Table, level: u8, forward: bool) -> bool {
        let order = self.order(table);
        let found = match (forward, &self.place) {
            (true, Place::BeforeFirst | Place::DeferredFirst) => order.first(),
            (false, Place::AfterLast) => order.last(),
            (true, Place::AfterLast) | (false, Place::BeforeFirst | Place::DeferredFirst) => None,
            (true, Place::Virtual(key)) => order.behind_key(key),
            (false, Place::Virtual(key)) => order.before_key(key),
            (true, Place::On(entry)) => order.after(entry),
            (false, Place::On(entry)) => order.before(entry),
        };
        match found {
            Some(entry) => {
                self.arrive(entry, level);
                true
            }
            None => {
                self.leave(if forward { Place::AfterLast } else { Place::BeforeFirst }, level);
                false
            }
        }
    }

    pub(crate) fn move_to_end(&mut self, table: &Table, level: u8, first: bool) -> Told {
        self.range = None;
        self.step_to_end(table, level, first)
    }

    fn step_to_end(&mut self, table: &Table, level: u8, first: bool) -> Told {
        let from = if first { Place::BeforeFirst } else { Place::AfterLast };
        self.place = from.clone();
        if self.step(table, level, first) {
            return Ok(());
        }
        self.leave(from, level);
        Err(JetError::NO_CURRENT_RECORD)
    }

    pub(crate) fn resolve(&mut self, table: &Table, level: u8) -> Told {
        if self.place != Place::DeferredFirst {
            return Ok(());
        }
        self.step_to_end(table, level, true)
    }

    pub(crate) fn move_by(&mut self, table: &Table, level: u8, rows: i32, other_key: bool) -> Told {
        self.resolve(table, level)?;
        if rows == 0 {
            return match &self.place {
                Place::On(entry) if self.order(table).is_there(entry) => Ok(()),
                Place::On(_) => Err(JetError::RECORD_DELETED),
                _ => Err(JetError::NO_CURRENT_RECORD),
            };
        }
        let forward = rows > 0;
        for _ in 0..rows.unsigned_abs() {
            let before = match &self.place {
                Place::On((key, _)) if other_key && !self.order(table).has_unique_keys() => Some(key.clone()),
                _ => None,
            };
            loop {
                if !self.step(table, level, forward) {
                    return Err(JetError::NO_CURRENT_RECORD);
                }
                let Place::On((key, _)) = &self.place else { break };
                if before.as_ref() != Some(key) {
                    break;
                }
            }
            let Place::On((key, _)) = &self.place else { continue };
            if self.range.as_ref().is_some_and(|range| range.upper == forward && !range.contains(key)) {
                self.range = None;
                self.leave(if forward { Place::AfterLast } else { Place::BeforeFirst }, level);
                return Err(JetError::NO_CURRENT_RECORD);
            }
        }
        Ok(())
    }

    /// Whether the entry that was found has the key.
    pub(crate) fn seek(
        &mut self,
        table: &Table,
        level: u8,
        key: &[u8],
        relation: Relation,
    ) -> Result<bool, JetError> {
        self.range = None;
        let order = self.order(table);
        let equal = order.at_or_after(key).filter(|(found, _)| found == key);
        let found = match relation {
            Relation::Equal => {
                let Some(entry) = equal else {
                    self.leave(Place::Virtual(key.to_vec()), level);
                    return Err(JetError::RECORD_NOT_FOUND);
                };
                Some(entry)
            }
            Relation::GreaterOrEqual => order.at_or_after(key),
            Relation::Greater => order.behind_key(key),
            Relation::LessOrEqual => equal.or_else(|| order.before_key(key)),
            Relation::Less => order.before_key(key),
        };
        let Some(entry) = found else {
            let forward = matches!(relation, Relation::Greater | Relation::GreaterOrEqual);
            self.leave(if forward { Place::AfterLast } else { Place::BeforeFirst }, level);
            return Err(JetError::RECORD_NOT_FOUND);
        };
        let is_equal = entry.0 == key;
        self.arrive(entry, level);
        Ok(is_equal)
    }

    pub(crate) fn limit(&mut self, table: &Table, level: u8, range: Range) -> Told {
        self.resolve(table, level)?;
        let key = match &self.place {
            Place::On((key, _)) | Place::Virtual(key) => Some(key.clone()),
            _ => None,
        };
        let (upper, inside) = (range.upper, key.as_ref().map(|key| range.contains(key)));
        self.range = Some(range);
        match inside {
            None => Err(JetError::NO_CURRENT_RECORD),
            Some(true) => Ok(()),
            Some(false) => {
                self.range = None;
                self.leave(if upper { Place::AfterLast } else { Place::BeforeFirst }, level);
                Err(JetError::NO_CURRENT_RECORD)
            }
        }
    }

    /// The bookmark of the record that is read or changed.
    pub(crate) fn on_record(&mut self, table: &Table, level: u8) -> Result<Vec<u8>, JetError> {
        self.resolve(table, level)?;
        let bookmark = match (&self.record, &self.place) {
            (Some(record), _) => record.clone(),
            (None, Place::On((key, _))) => key.clone(),
            _ => return Err(JetError::NO_CURRENT_RECORD),
        };
        if table.rows.contains_key(&bookmark) { Ok(bookmark) } else { Err(JetError::RECORD_DELETED) }
    }

    /// What JetGetBookmark says.
    pub(crate) fn bookmark(&self) -> Result<Vec<u8>, JetError> {
        match &self.place {
            Place::On((_, record)) => Ok(self.record.clone().unwrap_or_else(|| record.clone())),
            _ => Err(JetError::NO_CURRENT_RECORD),
        }
    }

    fn go_to_entry_of_record(&mut self, table: &Table, level: u8, bookmark: &[u8]) -> Told {
        let Some(number) = self.index else {
            self.arrive((bookmark.to_vec(), bookmark.to_vec()), level);
            return Ok(());
        };
        self.record = Some(bookmark.to_vec());
        let row = &table.rows[bookmark];
        let key = crate::keys::first_key(&table.indexes[&number].def, table, row);
        match key.expect("a record that is there has legal keys") {
            None => Err(JetError::NO_CURRENT_RECORD),
            Some(key) => {
                self.arrive((key, bookmark.to_vec()), level);
                Ok(())
            }
        }
    }

    pub(crate) fn go_to_bookmark(&mut self, table: &Table, level: u8, bookmark: &[u8]) -> Told {
        self.range = None;
        if !table.rows.contains_key(bookmark) {
            return Err(JetError::RECORD_DELETED);
        }
        if self.index.is_some() {
            self.leave(Place::BeforeFirst, level);
        }
        self.go_to_entry_of_record(table, level, bookmark)
    }

    pub(crate) fn set_index(&mut self, table: &Table, level: u8, index: Option<u64>, same: bool) -> Told {
        let keep = if same {
            if !matches!(self.place, Place::On(_)) {
                return Err(JetError::NO_CURRENT_RECORD);
            }
            Some(self.bookmark()?)
        } else {
            None
        };
        self.range = None;
        if self.index != index || !same {
            self.index = index;
            self.index_level = if index.is_some() { level } else { 0 };
        }
        self.leave(Place::DeferredFirst, level);
        let Some(bookmark) = keep else { return Ok(()) };
        self.place = Place::BeforeFirst;
        if !table.rows.contains_key(&bookmark) {
            return Err(JetError::RECORD_DELETED);
        }
        self.go_to_entry_of_record(table, level, &bookmark)
    }

    pub(crate) fn after_commit(&mut self, level: u8) {
        self.opened_level = self.opened_level.min(level);
        self.navigated_level = self.navigated_level.min(level);
        self.index_level = self.index_level.min(level);
    }

    /// Whether it stays open.
    pub(crate) fn after_rollback(&mut self, level: u8) -> bool {
        if self.opened_level > level {
            return false;
        }
        if self.index.is_some() && self.index_level > level {
            self.index = None;
            self.record = None;
            self.range = None;
            self.place = Place::BeforeFirst;
        }
        if self.navigated_level > level {
            self.place = Place::BeforeFirst;
            if self.index.is_none() {
                self.record = None;
            }
            self.navigated_level = level;
        }
        true
    }
}
