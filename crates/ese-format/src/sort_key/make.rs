//! The way from text to sort key (spec 11 §4).

use super::certainty::{Level, MadeKey, SortKey};
use super::extra::Kana;
use super::tables::{self, SortTables, Weights, default_weights};
use super::weight_list::{DEFAULT_WEIGHT, ShortBytes, WeightList};
use super::{REVERSE_DIACRITICS, Sort, THREE_BYTES, jamo, number};
use crate::catalog::{LCMAP_FLAGS_DEFAULT, LcMapFlags};
use crate::key::KeyEnd;

const SEPARATOR: u8 = 0x01;
const TERMINATOR: u8 = 0x00;
/// Bits of a case weight that count.
const CASE_MASK: u8 = 0x3F;
const CASE_BITS: u8 = 0x18;
const KANA_TYPE_BIT: u8 = 0x20;
const WIDTH_BIT: u8 = 0x01;

/// One text unit, little-endian.
pub(super) type Unit = [u8; 2];

/// How text becomes a sort key: a sort and flags.
#[derive(Clone, Copy, Debug)]
pub struct SortRules {
    sort: &'static Sort,
    flags: LcMapFlags,
    pub(super) case_mask: u8,
    /// Case is written at all.
    has_case_part: bool,
    pub(super) tables: SortTables,
    has_tables: bool,
    /// The least level of any key.
    level: Level,
    /// Symbols, digits and letters with no mark go the short way.
    is_simple: bool,
}

impl SortRules {
    /// The rules of a sort with these flags. Sorts whose tables are left out go by the default table.
    #[must_use]
    pub fn new(sort: &'static Sort, flags: LcMapFlags) -> Self {
        let used = sort.used();
        let has = |flag| flags.contains(flag);
        let mut case_mask = CASE_MASK;
        for (flag, bits) in [
            (LcMapFlags::IGNORE_CASE, CASE_BITS),
            (LcMapFlags::IGNORE_KANA_TYPE, KANA_TYPE_BIT),
            (LcMapFlags::IGNORE_WIDTH, WIDTH_BIT),
        ] {
            if has(flag) {
                case_mask &= !bits;
            }
        }
        let tables = SortTables::of(used, has(LcMapFlags::LINGUISTIC_CASING));
        let doubtful = LcMapFlags::DIGITS_AS_NUMBERS
            | LcMapFlags::LINGUISTIC_IGNORE_CASE
            | LcMapFlags::LINGUISTIC_IGNORE_DIACRITIC
            | LcMapFlags::BYTE_REVERSED
            | LcMapFlags::UPPERCASE;
        let level = if !sort.is_known_whole() || flags.intersects(doubtful) {
            Level::Uncertain
        } else if sort == Sort::default_sort() && flags == LCMAP_FLAGS_DEFAULT {
            Level::Witnessed
        } else {
            Level::Published
        };
        let not_simple = LcMapFlags::IGNORE_SYMBOLS
            | LcMapFlags::DIGITS_AS_NUMBERS
            | LcMapFlags::LINGUISTIC_IGNORE_CASE
            | LcMapFlags::LINGUISTIC_IGNORE_DIACRITIC;
        Self {
            sort: used,
            flags,
            case_mask,
            has_case_part: !(has(LcMapFlags::IGNORE_CASE) && has(LcMapFlags::IGNORE_WIDTH)),
            tables,
            has_tables: !tables.are_empty(),
            level,
            is_simple: !flags.intersects(not_simple),
        }
    }

    /// The first unit of a text that no real key shows; the first of all where sort or flags are to blame.
    #[must_use]
    pub fn first_unwitnessed(&self, text: &[u8]) -> Option<u16> {
        let mut units = text.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
        let is_doubted = |unit: &u16| self.level != Level::Witnessed || !is_witnessed(*unit);
        units.find(is_doubted)
    }

    /// Appends the sort key of `text`, UTF-16 little-endian, its final `00` included, to `key`; what goes beyond `room` bytes
    /// is cut off. An odd last byte of the text counts for nothing.
    pub fn make<'k>(&self, text: &[u8], room: usize, key: &'k mut Vec<u8>) -> MadeKey<'k> {
        let (units, _) = text.as_chunks::<2>();
        let start = key.len();
        let (end, level, unit) = if self.flags.contains(LcMapFlags::UPPERCASE) {
            (upper_case(units, room, key), self.level, 0)
        } else if self.flags.contains(LcMapFlags::BYTE_REVERSED) {
            // Whole pairs are swapped, so one more byte than there is room for may come into it.
            let end = self.run(units, room.saturating_add(2) & !1, key);
            key.get_mut(start..).unwrap_or_default().as_chunks_mut::<2>().0.iter_mut().for_each(|pair| {
                pair.reverse();
            });
            let fits = key.len().saturating_sub(start) <= room;
            key.truncate(start.saturating_add(room));
            (if fits { end.0 } else { KeyEnd::Truncated }, end.1, end.2)
        } else {
            self.run(units, room, key)
        };
        match level {
            Level::Witnessed => MadeKey::Witnessed(SortKey::new(key, start, end)),
            Level::Published => MadeKey::Published(SortKey::new(key, start, end)),
            Level::Uncertain => MadeKey::Uncertain(SortKey::new(key, start, end), unit),
        }
    }

    fn run(&self, units: &[Unit], room: usize, key: &mut Vec<u8>) -> (KeyEnd, Level, u16) {
        let mut making = Making {
            rules: self,
            units,
            place: 0,
            primary: Primary { start: key.len(), key, room, bytes: 0 },
            diacritic: WeightList::new(),
            case: WeightList::new(),
            special: ShortBytes::new(),
            kana: Kana::default(),
            level: self.level,
            uncertain_unit: 0,
            has_private_use: false,
        };
        making.read_units();
        let end = making.finish();
        (end, making.level, making.uncertain_unit)
    }

    fn weights(&self, unit: u16) -> Weights {
        if self.has_tables { self.tables.weights(unit) } else { default_weights(unit) }
    }

    fn has(&self, flag: LcMapFlags) -> bool {
        self.flags.contains(flag)
    }
}

/// The text in capitals, big-endian, and two zeros (spec 11 §1, 04 §9.1).
fn upper_case(units: &[Unit], room: usize, key: &mut Vec<u8>) -> KeyEnd {
    let capitals = |unit: &Unit| -> [u8; 2] {
        let unit = u16::from_le_bytes(*unit);
        let mut upper = char::from_u32(u32::from(unit)).map(char::to_uppercase).into_iter().flatten();
        let single = upper.next().filter(|_| upper.next().is_none());
        single.and_then(|upper| u16::try_from(u32::from(upper)).ok()).unwrap_or(unit).to_be_bytes()
    };
    let bytes = units.len().saturating_mul(2).saturating_add(2);
    let whole = units.iter().map(capitals).chain([[0, 0]]).flatten();
    key.extend(whole.take(room));
    if bytes <= room { KeyEnd::Whole } else { KeyEnd::Truncated }
}

/// The primary part, which goes to the key as it comes.
struct Primary<'k> {
    key: &'k mut Vec<u8>,
    start: usize,
    room: usize,
    /// How many there would be without a limit.
    bytes: usize,
}

impl Primary<'_> {
    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes <= self.room {
            self.key.extend_from_slice(bytes);
        } else {
            self.key.extend_from_slice(bytes);
            self.key.truncate(self.start.saturating_add(self.room));
        }
    }

    /// Nothing more of the text can show: the separators alone do not fit.
    #[inline]
    fn is_full(&self) -> bool {
        self.bytes >= self.room
    }
}

/// A key in the making.
pub(super) struct Making<'r, 'k> {
    pub(super) rules: &'r SortRules,
    pub(super) units: &'r [Unit],
    /// The unit that is looked at.
    pub(super) place: usize,
    primary: Primary<'k>,
    diacritic: WeightList,
    case: WeightList,
    special: ShortBytes,
    pub(super) kana: Kana,
    level: Level,
    uncertain_unit: u16,
    has_private_use: bool,
}

impl Making<'_, '_> {
    fn read_units(&mut self) {
        while !self.primary.is_full() {
            let Some(unit) = self.units.get(self.place) else { return };
            let unit = u16::from_le_bytes(*unit);
            let taken = match self.rules.has_tables {
                false => self.weigh(default_weights(unit), unit),
                true => self.weigh_in_sort(unit),
            };
            self.place = self.place.saturating_add(taken);
        }
    }

    /// Adds a unit or contraction by the tables of the sort and says how many units that took.
    fn weigh_in_sort(&mut self, unit: u16) -> usize {
        let head = self.rules.tables.head(unit);
        let rest = self.units.get(self.place.saturating_add(1)..).unwrap_or_default();
        if let Some((more, weights)) = head.and_then(|head| head.contraction(rest)) {
            // Sources differ on contractions that begin with a mark or an expansion (spec 11 §4.1).
            if default_weights(unit)[0] <= 12 {
                self.doubt(unit);
            }
            self.weigh(weights, unit);
            return more.saturating_add(1);
        }
        let casing = self.rules.tables.casing_exception(unit);
        let exception = casing.or_else(|| head.and_then(|head| head.exception));
        self.weigh(exception.unwrap_or_else(|| default_weights(unit)), unit)
    }

    #[inline]
    fn weigh(&mut self, weights: Weights, unit: u16) -> usize {
        let [sm, aw, dw, cw] = weights;
        if matches!(sm, 7..=20) && dw == DEFAULT_WEIGHT && self.rules.is_simple {
            self.witness(unit);
            self.primary.push(&[sm, aw]);
            self.diacritic.push_default();
            if self.rules.has_case_part {
                self.case.push(cw & self.rules.case_mask);
            }
            return 1;
        }
        self.weigh_any(weights, unit)
    }

    fn weigh_any(&mut self, weights: Weights, unit: u16) -> usize {
        let [sm, aw, dw, cw] = weights;
        let masked = [sm, aw, dw, cw & self.rules.case_mask];
        self.witness(unit);
        match sm {
            0 => {}
            1 => self.mark(dw),
            2 => self.expand(u16::from_le_bytes([dw, cw]), unit),
            3 => self.add_kana(masked, unit),
            4 => {
                self.doubt(unit);
                let cluster = jamo::Cluster::at(self.units, self.place);
                self.primary.push(&cluster.weights());
                self.diacritic.push_default();
                self.case.push_default();
                return cluster.units;
            }
            5 => {
                self.primary.push(&[0xFD, 0xFF, aw, dw]);
                self.diacritic.push_default();
                self.case.push_default();
            }
            6..=12 if self.rules.has(LcMapFlags::IGNORE_SYMBOLS) => {}
            6 if !self.rules.has(LcMapFlags::STRING_SORT) => self.punctuation(masked, unit),
            13 if self.rules.has(LcMapFlags::DIGITS_AS_NUMBERS) => {
                if let Some(run) = number::Run::at(self.units, self.place) {
                    self.primary.push(run.weights());
                    self.diacritic.push(dw);
                    self.case.push(masked[3]);
                    return run.units();
                }
                self.plain(masked);
            }
            _ => self.plain(masked),
        }
        1
    }

    /// A unit that just has its weights (spec 11 §4.1).
    fn plain(&mut self, [sm, aw, dw, cw]: Weights) {
        let three_bytes = self.rules.sort.has(THREE_BYTES) && matches!(sm, 192..=239);
        if matches!(sm, 169..=175) || three_bytes {
            self.primary.push(&[sm, aw, dw]);
            self.case.push(cw);
            self.has_private_use = true;
            return;
        }
        let (dw, cw) = self.linguistic(sm, dw, cw);
        self.primary.push(&[sm, aw]);
        self.diacritic.push(dw);
        self.case.push(cw);
    }

    /// What the linguistic flags leave of diacritic and case.
    fn linguistic(&self, sm: u8, dw: u8, cw: u8) -> (u8, u8) {
        let applies = sm <= 41 && sm != 40;
        let or_default = |flag, weight| {
            if applies && self.rules.has(flag) { DEFAULT_WEIGHT } else { weight }
        };
        (
            or_default(LcMapFlags::LINGUISTIC_IGNORE_DIACRITIC, dw),
            or_default(LcMapFlags::LINGUISTIC_IGNORE_CASE, cw),
        )
    }

    fn mark(&mut self, dw: u8) {
        let (dw, _) = self.linguistic(1, dw, DEFAULT_WEIGHT);
        self.diacritic.add_to_last(dw);
    }

    /// One unit that counts as two, the second perhaps again (spec 11 §4.4).
    fn expand(&mut self, index: u16, unit: u16) {
        const NESTED_MAX: usize = 8;
        let mut index = index;
        for _ in 0..NESTED_MAX {
            let Some([first, second]) = tables::expansion(index) else { return };
            let [sm, aw, dw, cw] = self.rules.weights(first);
            self.doubt_part(sm, unit);
            self.plain([sm, aw, dw, cw & self.rules.case_mask]);
            let [sm, aw, dw, cw] = self.rules.weights(second);
            if sm != 2 {
                self.doubt_part(sm, unit);
                return self.plain([sm, aw, dw, cw & self.rules.case_mask]);
            }
            index = u16::from_le_bytes([dw, cw]);
        }
    }

    fn doubt_part(&mut self, sm: u8, unit: u16) {
        if sm < 5 {
            self.doubt(unit);
        }
    }

    /// Hyphens, apostrophes and control characters count behind everything else (spec 11 §4.2).
    fn punctuation(&mut self, [_, aw, dw, cw]: Weights, unit: u16) {
        let position = self.primary.bytes / 2;
        if self.has_private_use || position > usize::from(u16::MAX) {
            self.doubt(unit);
        }
        let (dw, cw) = self.linguistic(6, dw, cw);
        // More than there is room for cannot show.
        if self.special.len() < self.primary.room {
            let position = u16::MAX.wrapping_sub(u16::try_from(position & 0xFFFF).unwrap_or_default());
            for byte in position.to_be_bytes() {
                self.special.push(byte);
            }
            self.special.push(aw);
            self.special.push(cw | dw.wrapping_shl(3));
        }
    }

    /// A kana or a mark of repetition or length (spec 11 §4.5).
    fn add_kana(&mut self, weights: Weights, unit: u16) {
        let [sm, aw, dw, cw] = weights;
        let (dw, _) = self.linguistic(sm, dw, DEFAULT_WEIGHT);
        let nonspace = !self.rules.has(LcMapFlags::IGNORE_NON_SPACE);
        // U+30A0 is a hyphen by its looks (spec 11 §0).
        if unit == 0x30A0 {
            self.doubt(unit);
        }
        if aw >= 2 {
            self.primary.push(&[Kana::SM, aw]);
            self.diacritic.push(dw);
            self.case.push_default();
            return self.kana.add(cw, Kana::ORDINARY, nonspace);
        }
        match self.kana_base() {
            Base::None => self.primary.push(&[0xFF, 0xFF]),
            Base::Other { sm, aw } => {
                self.doubt(unit);
                self.primary.push(&[sm, aw]);
                self.diacritic.push(dw);
                self.case.push_default();
            }
            Base::Kana { aw: base_aw, cw: base_cw } => {
                let base_cw = base_cw & self.rules.case_mask;
                let (base_aw, base_cw) = if aw == 1 {
                    (base_aw & 0x87, base_cw & !WIDTH_BIT | cw & WIDTH_BIT)
                } else {
                    (base_aw, base_cw)
                };
                self.primary.push(&[Kana::SM, base_aw]);
                self.diacritic.push(dw);
                self.case.push_default();
                self.kana.add(base_cw, aw.wrapping_add(4), nonspace);
            }
        }
    }

    /// What a mark of repetition or length at this place repeats. What the mark before it found is remembered, so that a
    /// text of marks is walked once.
    fn kana_base(&mut self) -> Base {
        let mut base = Base::None;
        for place in (0..self.place).rev() {
            if let Some((at, found)) = self.kana.last_base
                && at == place
            {
                base = found;
                break;
            }
            let Some(unit) = self.units.get(place) else { break };
            let [sm, aw, _, cw] = self.rules.weights(u16::from_le_bytes(*unit));
            match (sm, aw) {
                (0 | 1, _) | (3, 0 | 1) => continue,
                (2, _) => {}
                (3, _) => base = Base::Kana { aw, cw },
                _ => base = Base::Other { sm, aw },
            }
            break;
        }
        self.kana.last_base = Some((self.place, base));
        base
    }

    #[inline]
    fn witness(&mut self, unit: u16) {
        if self.level == Level::Witnessed && !is_witnessed(unit) {
            self.level = Level::Published;
        }
    }

    fn doubt(&mut self, unit: u16) {
        if self.level != Level::Uncertain {
            self.level = Level::Uncertain;
            self.uncertain_unit = unit;
        }
    }

    /// Writes what comes behind the primary part (spec 11 §4.6).
    fn finish(&mut self) -> KeyEnd {
        if self.primary.is_full() {
            return KeyEnd::Truncated;
        }
        let rules = self.rules;
        self.primary.push(&[SEPARATOR]);
        if !rules.has(LcMapFlags::IGNORE_NON_SPACE) {
            if rules.sort.has(REVERSE_DIACRITICS) {
                self.diacritic.reverse();
            }
            self.primary.push(self.diacritic.significant());
        }
        self.primary.push(&[SEPARATOR]);
        if rules.has_case_part {
            self.primary.push(self.case.significant());
        }
        self.primary.push(&[SEPARATOR]);
        if let Some(groups) = self.kana.groups() {
            for (group, delimiter) in groups.into_iter().zip([0xFF, 0x02, 0xFF, 0xFF]) {
                self.primary.push(group);
                self.primary.push(&[delimiter]);
            }
        }
        self.primary.push(&[SEPARATOR]);
        self.primary.push(self.special.as_mut_slice());
        self.primary.push(&[TERMINATOR]);
        if self.primary.bytes <= self.primary.room { KeyEnd::Whole } else { KeyEnd::Truncated }
    }
}

/// What a mark of repetition or length stands behind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Base {
    /// Nothing that could be repeated.
    None,
    /// A kana.
    Kana {
        /// Its alphanumeric weight.
        aw: u8,
        /// Its case weight.
        cw: u8,
    },
    /// Some other unit.
    Other {
        /// Its script member.
        sm: u8,
        /// Its alphanumeric weight.
        aw: u8,
    },
}

/// Whether keys in real files show the weights of a unit (spec 11 §0), or it has none.
#[inline]
pub(super) fn is_witnessed(unit: u16) -> bool {
    const fn ascii() -> u128 {
        let shown = b" $&'()*+,-.0123456789:?\\_~ABCDEFGHIJKLMNOPRSTUVWXYabcdefghijklmnopqrstuvwxyz";
        let mut bits = 1u128;
        let mut place = 0;
        while place < shown.len() {
            bits |= 1 << shown[place];
            place += 1;
        }
        bits
    }
    const ASCII: u128 = ascii();
    match unit {
        0..=0x7F => ASCII >> unit & 1 != 0,
        0x2019 | 0xD83E | 0xDD8A => true,
        other => default_weights(other)[0] == 0,
    }
}
