//! Keys of the model: spec 04 §6 and §7 once more, in the plainest form, apart from the engine's own.

use std::rc::Rc;

use ese_format::column_type::ColumnType;
use ese_format::error::JetError;

use crate::kind::{Class, Kind};
use crate::state::{Bytes, Column, IndexDef, IndexOption, Row, Table};

const NULL_LOW: u8 = 0x00;
const NULL_HIGH: u8 = 0xC0;
const ZERO_LENGTH: u8 = 0x40;
const VALUE: u8 = 0x7F;
pub(crate) const KEY_BYTES: usize = 255;

/// Whether a key is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    Cut,
}

/// Appends the segment of one value.
pub(crate) fn segment(
    key: &mut Vec<u8>,
    value: Option<&[u8]>,
    kind: &Kind,
    descending: bool,
    nulls_high: bool,
    key_most: usize,
) -> End {
    let start = key.len();
    let room = key_most.saturating_sub(start);
    if room == 0 {
        return End::Cut;
    }
    let mut end = End::Whole;
    match value {
        None => key.push(if nulls_high { NULL_HIGH } else { NULL_LOW }),
        Some([]) if kind.class != Class::Fixed => key.push(ZERO_LENGTH),
        Some(value) => {
            key.push(VALUE);
            end = body(key, value, kind, room - 1, key_most);
            if key.len() - start > room {
                key.truncate(start + room);
                end = End::Cut;
            }
        }
    }
    if descending {
        key[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
    end
}

fn body(key: &mut Vec<u8>, value: &[u8], kind: &Kind, room: usize, key_most: usize) -> End {
    let source = if key_most == KEY_BYTES { &value[..value.len().min(KEY_BYTES)] } else { value };
    match kind.column_type {
        ColumnType::Text | ColumnType::LongText => return text(key, source, room),
        ColumnType::Binary if kind.class == Class::Fixed => key.extend_from_slice(value),
        ColumnType::Binary | ColumnType::LongBinary => {
            let count = source.chunks(8).count();
            for (place, chunk) in source.chunks(8).enumerate() {
                key.extend_from_slice(chunk);
                key.resize(key.len() + 8 - chunk.len(), 0);
                key.push(if place + 1 < count { 9 } else { chunk.len() as u8 });
            }
        }
        ColumnType::Bit => key.push(if value[0] == 0 { 0 } else { 0xFF }),
        ColumnType::Guid => {
            let order = [10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3];
            key.extend(order.map(|place: usize| value[place]));
        }
        number => {
            let start = key.len();
            key.extend(value.iter().rev());
            let negative = key[start] & 0x80 != 0;
            match number {
                ColumnType::Short | ColumnType::Long | ColumnType::Currency | ColumnType::LongLong => {
                    key[start] ^= 0x80;
                }
                ColumnType::IeeeSingle | ColumnType::IeeeDouble | ColumnType::DateTime if negative => {
                    key[start..].iter_mut().for_each(|byte| *byte = !*byte);
                }
                ColumnType::IeeeSingle | ColumnType::IeeeDouble | ColumnType::DateTime => key[start] ^= 0x80,
                _ => {}
            }
        }
    }
    End::Whole
}

/// Letters without case; nothing of the model's texts is a zero.
fn text(key: &mut Vec<u8>, source: &[u8], room: usize) -> End {
    if source.len() < room {
        key.extend(source.iter().map(u8::to_ascii_uppercase));
        key.push(0);
        return End::Whole;
    }
    if let Some(last) = room.checked_sub(1) {
        key.extend(source[..last].iter().map(u8::to_ascii_uppercase));
        key.push(source[last].wrapping_sub(0x20));
    }
    End::Cut
}

/// What the NULLs of a key mean.
enum Entry {
    Wanted,
    Last,
    Dropped,
}

fn judge(def: &IndexDef, nulls: &[bool]) -> Result<Entry, JetError> {
    if !nulls.contains(&true) {
        return Ok(Entry::Wanted);
    }
    let has = |option| def.options.contains(&option);
    if has(IndexOption::DisallowNull) {
        return Err(JetError::NULL_KEY_DISALLOWED);
    }
    let all = !nulls.contains(&false);
    let allows_some = !has(IndexOption::IgnoreAnyNull);
    let allows_first = allows_some && !has(IndexOption::IgnoreFirstNull);
    let allows_all = allows_first && !has(IndexOption::IgnoreNull);
    Ok(match (all, nulls[0]) {
        (true, _) if allows_all => Entry::Last,
        (false, true) if allows_first => Entry::Wanted,
        (false, false) if allows_some => Entry::Wanted,
        _ => Entry::Dropped,
    })
}

/// The key columns of an index with the values that a record has in them.
struct Source {
    columns: Vec<(Rc<Column>, bool, Vec<Bytes>)>,
}

impl Source {
    fn of(def: &IndexDef, table: &Table, row: &Row) -> Self {
        let of_segment = |(id, descending): &(u32, bool)| {
            let column = Rc::clone(table.column(*id).expect("a key column is there"));
            let values = row.values(&column).to_vec();
            (column, *descending, values)
        };
        Self { columns: def.segments.iter().map(of_segment).collect() }
    }

    fn build(
        &self,
        def: &IndexDef,
        itags: &[usize],
        first: Option<&[u8]>,
    ) -> Result<(Vec<u8>, Vec<bool>), JetError> {
        let (mut key, mut nulls, mut end) = (Vec::new(), Vec::new(), End::Whole);
        for (place, (column, descending, values)) in self.columns.iter().enumerate() {
            let own = values.get(itags[place]).map(|value| &value[..]);
            let value = first.filter(|_| place == 0).or(own);
            nulls.push(value.is_none());
            if end == End::Whole {
                let high = def.options.contains(&IndexOption::NullsHigh);
                let mut kind = column.kind;
                if first.is_some() && place == 0 && kind.column_type == ColumnType::Binary {
                    // Substrings have no fixed length.
                    kind.class = Class::Variable;
                }
                end = segment(&mut key, value, &kind, *descending, high, def.key_most);
            }
        }
        if end == End::Cut && def.options.contains(&IndexOption::DisallowTruncation) {
            return Err(JetError::KEY_TRUNCATED);
        }
        Ok((key, nulls))
    }

    /// Number of values that take part in each column.
    fn counts(&self, def: &IndexDef) -> Vec<usize> {
        let mut seen = false;
        let mut count = |multi: bool, values: usize| {
            let varies = multi && (def.options.contains(&IndexOption::CrossProduct) || !seen);
            seen |= multi;
            if varies { values.max(1) } else { 1 }
        };
        self.columns.iter().map(|(column, _, values)| count(column.kind.multi_valued, values.len())).collect()
    }

    fn tuples(
        &self,
        def: &IndexDef,
        itags: &[usize],
        [min, max, most, increment, start]: [u32; 5],
    ) -> Tuples {
        let Some(value) = self.columns[0].2.get(itags[0]) else { return Ok((Vec::new(), true)) };
        let (min, max) = (min as usize, max as usize);
        let mut keys = Vec::new();
        for number in 0..most as usize {
            let from = start as usize + increment as usize * number;
            let Some(rest) = value.get(from..).filter(|rest| rest.len() >= min) else { break };
            let (key, nulls) = self.build(def, itags, Some(&rest[..rest.len().min(max)]))?;
            match judge(def, &nulls)? {
                Entry::Dropped => return Ok((keys, true)),
                _ => keys.push(key),
            }
        }
        Ok((keys, false))
    }
}

/// Keys of the tuples of one value, and whether no further combination counts.
type Tuples = Result<(Vec<Vec<u8>>, bool), JetError>;

/// Whether all columns of an index are there: those of one that another transaction has deleted may not be.
fn is_whole(def: &IndexDef, table: &Table) -> bool {
    def.segments.iter().chain(&def.conditions).all(|(id, _)| table.column(*id).is_some())
}

fn meets_conditions(def: &IndexDef, table: &Table, row: &Row) -> bool {
    def.conditions.iter().all(|(id, must_be_null)| {
        let column = table.column(*id).expect("a column of a condition is there");
        row.values(column).is_empty() == *must_be_null
    })
}

/// The keys of a record in an index, sorted, each once.
pub(crate) fn keys_of(def: &IndexDef, table: &Table, row: &Row) -> Result<Vec<Vec<u8>>, JetError> {
    let mut keys = Vec::new();
    if !is_whole(def, table) || !meets_conditions(def, table, row) {
        return Ok(keys);
    }
    let source = Source::of(def, table, row);
    let counts = source.counts(def);
    let mut itags = vec![0; counts.len()];
    'combinations: loop {
        if let Some(limits) = def.tuples {
            let (tuples, ends) = source.tuples(def, &itags, limits)?;
            keys.extend(tuples);
            if ends {
                break;
            }
        } else {
            let (key, nulls) = source.build(def, &itags, None)?;
            match judge(def, &nulls)? {
                Entry::Dropped => break,
                Entry::Wanted => keys.push(key),
                Entry::Last => {
                    keys.push(key);
                    break;
                }
            }
        }
        for place in (0..itags.len()).rev() {
            itags[place] += 1;
            if itags[place] < counts[place] {
                continue 'combinations;
            }
            itags[place] = 0;
        }
        break;
    }
    keys.sort();
    keys.dedup();
    Ok(keys)
}

/// The key of the entry that the first values of a record give.
pub(crate) fn first_key(def: &IndexDef, table: &Table, row: &Row) -> Result<Option<Vec<u8>>, JetError> {
    if !meets_conditions(def, table, row) {
        return Ok(None);
    }
    let source = Source::of(def, table, row);
    let itags = vec![0; def.segments.len()];
    if let Some(limits) = def.tuples {
        return Ok(source.tuples(def, &itags, limits)?.0.into_iter().next());
    }
    let (key, nulls) = source.build(def, &itags, None)?;
    Ok(match judge(def, &nulls)? {
        Entry::Dropped => None,
        _ => Some(key),
    })
}

/// The key of a record in the primary index.
pub(crate) fn primary_key(def: &IndexDef, table: &Table, row: &Row) -> Result<Vec<u8>, JetError> {
    let source = Source::of(def, table, row);
    let (key, nulls) = source.build(def, &vec![0; def.segments.len()], None)?;
    judge(def, &nulls)?;
    Ok(key)
}
