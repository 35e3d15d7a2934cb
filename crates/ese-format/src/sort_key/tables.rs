//! The generated tables and how to look things up in them (`docs/format/sort-keys.md`). Nothing is parsed: each table is an
//! array of small records in the library's read-only data.

use super::Sort;

/// Weights of a unit: script member, alphanumeric, diacritic, case.
pub(super) type Weights = [u8; 4];

/// Of a unit that does not count.
const NOTHING: Weights = [0; 4];

macro_rules! table {
    ($name:literal, $size:literal) => {
        include_bytes!(concat!("tables/", $name)).as_chunks::<$size>().0
    };
}

static WEIGHTS: &[Weights] = table!("weights.bin", 4);
static EXPANSIONS: &[[u8; 4]] = table!("expansions.bin", 4);
static JAMO: &[[u8; 7]] = table!("jamo.bin", 7);
static FILTERS: &[[u8; 32]] = table!("filters.bin", 32);
static HEADS: &[[u8; 11]] = table!("heads.bin", 11);
static CONTRACTIONS: &[[u8; 7]] = table!("contractions.bin", 7);
static TAILS: &[[u8; 2]] = table!("tails.bin", 2);
static CASING: &[[u8; 6]] = table!("casing.bin", 6);

/// Weights of a unit in the default table.
#[inline]
pub(super) fn default_weights(unit: u16) -> Weights {
    WEIGHTS.get(usize::from(unit)).copied().unwrap_or(NOTHING)
}

/// The two units of the expansion with this index.
pub(super) fn expansion(index: u16) -> Option<[u16; 2]> {
    let [a, b, c, d] = *EXPANSIONS.get(usize::from(index))?;
    Some([u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])])
}

/// A conjoining jamo.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Jamo {
    pub is_old: bool,
    pub leading: u8,
    pub vowel: u8,
    pub trailing: u8,
    pub weight: u8,
}

/// What the jamo table says of a unit.
pub(super) fn jamo(unit: u16) -> Jamo {
    let found = JAMO.binary_search_by_key(&unit, |[low, high, ..]| u16::from_le_bytes([*low, *high]));
    match found.ok().and_then(|place| JAMO.get(place)) {
        Some([_, _, old, leading, vowel, trailing, weight]) => {
            Jamo { is_old: *old != 0, leading: *leading, vowel: *vowel, trailing: *trailing, weight: *weight }
        }
        None => Jamo::default(),
    }
}

/// What is particular to a sort.
#[derive(Clone, Copy, Debug)]
pub(super) struct SortTables {
    filter: &'static [u8; 32],
    heads: &'static [[u8; 11]],
    casing: &'static [[u8; 6]],
}

/// What begins with one unit in one sort.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// Weights that replace the default ones.
    pub exception: Option<Weights>,
    contractions: &'static [[u8; 7]],
}

impl SortTables {
    pub(super) fn of(sort: &Sort, with_casing: bool) -> Self {
        fn part<T>(table: &'static [T], (start, end): (u16, u16)) -> &'static [T] {
            table.get(usize::from(start)..usize::from(end)).unwrap_or_default()
        }
        let place = usize::from(sort.number().saturating_sub(1));
        Self {
            filter: FILTERS.get(place).unwrap_or(&[0; 32]),
            heads: part(HEADS, sort.heads),
            casing: if with_casing { part(CASING, sort.casing) } else { &[] },
        }
    }

    /// Whether the sort has nothing of its own.
    pub(super) fn are_empty(self) -> bool {
        self.heads.is_empty() && self.casing.is_empty()
    }

    #[inline]
    pub(super) fn head(self, unit: u16) -> Option<Head> {
        let kind = (unit ^ (unit >> 8)) & 0xFF;
        let bits = self.filter.get(usize::from(kind / 8)).copied().unwrap_or_default();
        if bits & (1 << (kind % 8)) == 0 { None } else { self.search(unit) }
    }

    fn search(self, unit: u16) -> Option<Head> {
        let place = self.heads.binary_search_by_key(&unit, |head| u16::from_le_bytes([head[0], head[1]]));
        let [_, _, has_weights, sm, aw, dw, cw, low, high, count_low, count_high] =
            *self.heads.get(place.ok()?)?;
        let first = usize::from(u16::from_le_bytes([low, high]));
        let count = usize::from(u16::from_le_bytes([count_low, count_high]));
        Some(Head {
            exception: (has_weights != 0).then_some([sm, aw, dw, cw]),
            contractions: CONTRACTIONS.get(first..first.saturating_add(count)).unwrap_or_default(),
        })
    }

    /// Weights of a unit in the sort.
    pub(super) fn weights(self, unit: u16) -> Weights {
        if let Some(weights) = self.casing_exception(unit) {
            return weights;
        }
        self.head(unit).and_then(|head| head.exception).unwrap_or_else(|| default_weights(unit))
    }

    /// The exception that linguistic casing makes for a unit.
    pub(super) fn casing_exception(self, unit: u16) -> Option<Weights> {
        let of = |entry: &&[u8; 6]| u16::from_le_bytes([entry[0], entry[1]]) == unit;
        self.casing.iter().find(of).map(|[_, _, sm, aw, dw, cw]| [*sm, *aw, *dw, *cw])
    }
}

impl Head {
    /// The longest contraction that goes on with `rest`: how many units of it, and the weights.
    pub(super) fn contraction(self, rest: &[[u8; 2]]) -> Option<(usize, Weights)> {
        self.contractions.iter().find_map(|[low, high, units, sm, aw, dw, cw]| {
            let units = usize::from(*units);
            let place = usize::from(u16::from_le_bytes([*low, *high]));
            let tail = TAILS.get(place..place.saturating_add(units))?;
            (rest.get(..units) == Some(tail)).then_some((units, [*sm, *aw, *dw, *cw]))
        })
    }
}
