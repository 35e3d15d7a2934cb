//! The compact sort tables of `ese-format`, made from the tables of figures in `facts/sort` (spec 11).
//!
//! ```text
//! weights.bin       65,536 × 4     SM AW DW CW of each UTF-16 unit, zeros where it has none
//! expansions.bin       730 × 4     u16 first, u16 second, by index
//! jamo.bin             357 × 7     u16 unit, old, leading, vowel, trailing, weight; ascending
//! filters.bin           75 × 32    per sort: bit (unit ^ unit >> 8) & 255 is set if some unit of that kind has a head
//! heads.bin              n × 11    u16 unit, 1 if weights follow, SM AW DW CW, u16 first contraction, u16 how many;
//!                                  ascending within a sort
//! contractions.bin   7,038 × 7     u16 place of the tail, its units, SM AW DW CW; of one head the longest first
//! tails.bin              n × 2     u16 units of contractions behind their first
//! casing.bin             8 × 6     u16 unit, SM AW DW CW: exceptions of linguistic casing; ascending within a sort
//! vectors.txt                      test vectors, one a line: source, locale, flags, units, key
//! ../sorts.rs                      the sorts: locale names, peculiarities, which heads are theirs
//! ```
//! Numbers are little-endian. Invariant: everything a table points at is there; the library relies on it only as far as it
//! takes "not there" for "no weight".

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

const UNITS: usize = 0x1_0000;
const FILTER_BYTES: usize = 32;

type Weights = [u8; 4];

/// Where the committed tables are.
#[must_use]
pub fn library_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ese-format/src/sort_key/tables")
}

/// Every generated file by its name, made from the figures in `folder`.
///
/// # Errors
/// A file that is not there, or has not the columns and numbers it should have.
pub fn generated_files(folder: &Path) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let sorts = Sorts::new(folder)?;
    Ok(vec![
        ("weights.bin", weights(folder)?),
        ("expansions.bin", expansions(folder)?),
        ("jamo.bin", jamo(folder)?),
        ("filters.bin", sorts.filters),
        ("heads.bin", sorts.heads),
        ("contractions.bin", sorts.contractions),
        ("tails.bin", sorts.tails),
        ("casing.bin", sorts.casing),
        ("vectors.txt", vectors(folder)?),
        ("../sorts.rs", sorts.source.into_bytes()),
    ])
}

/// The rows of a table, each by the names of its columns.
fn rows(folder: &Path, name: &str) -> Result<Vec<BTreeMap<String, String>>> {
    let path = folder.join(name);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().context("an empty table")?.split(',').collect();
    lines
        .map(|line| {
            // Only the last column may hold commas.
            let values: Vec<&str> = line.splitn(header.len(), ',').collect();
            ensure!(values.len() == header.len(), "{name}: {line}");
            Ok(header.iter().zip(values).map(|(key, value)| ((*key).to_owned(), value.to_owned())).collect())
        })
        .collect()
}

fn text<'r>(row: &'r BTreeMap<String, String>, column: &str) -> Result<&'r str> {
    row.get(column).map(String::as_str).with_context(|| format!("no column {column}"))
}

fn number(row: &BTreeMap<String, String>, column: &str) -> Result<u8> {
    text(row, column)?.parse().with_context(|| format!("{column} of {row:?}"))
}

fn unit(row: &BTreeMap<String, String>, column: &str) -> Result<u16> {
    u16::from_str_radix(text(row, column)?, 16).with_context(|| format!("{column} of {row:?}"))
}

fn weights_of(row: &BTreeMap<String, String>) -> Result<Weights> {
    Ok([number(row, "sm")?, number(row, "aw")?, number(row, "dw")?, number(row, "cw")?])
}

/// The weights of the unit behind the one with these, in a run with this step.
fn stepped([sm, aw, dw, cw]: Weights, step: &str) -> Result<Weights> {
    let over = || format!("a run goes too far: {sm} {aw} {dw}");
    let up = |weight: u8| weight.checked_add(1).with_context(over);
    Ok(match step {
        "k" => [sm, aw, dw, cw],
        "A" if aw == u8::MAX => [up(sm)?, 2, dw, cw],
        "a" | "A" => [sm, up(aw)?, dw, cw],
        "D" if dw == u8::MAX => [sm, up(aw)?, 2, cw],
        "d" | "D" => [sm, aw, up(dw)?, cw],
        other => bail!("step {other}"),
    })
}

fn weights(folder: &Path) -> Result<Vec<u8>> {
    let mut table = vec![[0u8; 4]; UNITS];
    for row in rows(folder, "weights.csv")? {
        let (first, last) = (unit(&row, "first")?, unit(&row, "last")?);
        let step = text(&row, "step")?;
        let mut current = weights_of(&row)?;
        for place in first..=last {
            if place != first {
                current = stepped(current, step)?;
            }
            *table.get_mut(usize::from(place)).context("no such unit")? = current;
        }
    }
    Ok(table.concat())
}

fn expansions(folder: &Path) -> Result<Vec<u8>> {
    let mut pairs: BTreeMap<usize, [u16; 2]> = BTreeMap::new();
    for row in rows(folder, "expansions.csv")? {
        let index = text(&row, "index")?.parse()?;
        let pair = [unit(&row, "first")?, unit(&row, "second")?];
        let before = pairs.insert(index, pair);
        ensure!(before.is_none_or(|before| before == pair), "expansion {index} twice");
    }
    ensure!(pairs.keys().copied().eq(0..pairs.len()), "expansions with gaps");
    Ok(pairs.into_values().flatten().flat_map(u16::to_le_bytes).collect())
}

fn jamo(folder: &Path) -> Result<Vec<u8>> {
    let mut table = BTreeMap::new();
    for row in rows(folder, "jamo.csv")? {
        let mut values = [0u8; 5];
        for (value, column) in values.iter_mut().zip(["old", "leading", "vowel", "trailing", "weight"]) {
            *value = number(&row, column)?;
        }
        table.insert(unit(&row, "code")?, values);
    }
    Ok(table.into_iter().flat_map(|(code, values)| code.to_le_bytes().into_iter().chain(values)).collect())
}

fn vectors(folder: &Path) -> Result<Vec<u8>> {
    let mut lines = String::new();
    for row in rows(folder, "vectors.csv")? {
        let locale = match text(&row, "locale")? {
            "(invariant)" => "-",
            name => name,
        };
        let units: String = text(&row, "text")?.split(' ').collect();
        let units = if units.is_empty() { "-" } else { &units };
        let (source, flags, key) = (text(&row, "source")?, text(&row, "flags")?, text(&row, "key")?);
        writeln!(lines, "{source} {locale} {flags} {units} {key}")?;
    }
    Ok(lines.into_bytes())
}

/// What begins with one unit in one sort.
#[derive(Default)]
struct Head {
    exception: Option<Weights>,
    /// Tail and weights.
    contractions: Vec<(Vec<u16>, Weights)>,
}

#[derive(Default)]
struct Sorts {
    filters: Vec<u8>,
    heads: Vec<u8>,
    contractions: Vec<u8>,
    tails: Vec<u8>,
    casing: Vec<u8>,
    source: String,
}

const HEAD_BYTES: usize = 11;
const CONTRACTION_BYTES: usize = 7;
const CASING_BYTES: usize = 6;

impl Sorts {
    fn new(folder: &Path) -> Result<Self> {
        let mut heads: BTreeMap<String, BTreeMap<u16, Head>> = BTreeMap::new();
        let mut casing: BTreeMap<String, BTreeMap<u16, Weights>> = BTreeMap::new();
        for row in rows(folder, "exceptions.csv")? {
            let (sort, code) = (text(&row, "sort")?.to_owned(), unit(&row, "code")?);
            let weights = weights_of(&row)?;
            let before = match text(&row, "casing")? {
                "" => heads.entry(sort).or_default().entry(code).or_default().exception.replace(weights),
                "L" => casing.entry(sort).or_default().insert(code, weights),
                other => bail!("casing {other}"),
            };
            ensure!(before.is_none(), "an exception twice: {row:?}");
        }
        for row in rows(folder, "contractions.csv")? {
            let units = text(&row, "chars")?.split(' ').map(|unit| u16::from_str_radix(unit, 16));
            let units = units.collect::<Result<Vec<_>, _>>()?;
            let (first, tail) = units.split_first().context("an empty contraction")?;
            ensure!((1..=7).contains(&tail.len()), "a contraction of {} units", units.len());
            let of_sort = heads.entry(text(&row, "sort")?.to_owned()).or_default();
            of_sort.entry(*first).or_default().contractions.push((tail.to_vec(), weights_of(&row)?));
        }
        let mut made = Self::default();
        made.source.push_str(SOURCE_HEAD);
        for row in rows(folder, "sorts.csv")? {
            let sort = text(&row, "sort")?;
            let heads = made.add_heads(heads.remove(sort).unwrap_or_default())?;
            let casing = made.add_casing(casing.remove(sort).unwrap_or_default());
            made.describe(&row, heads, casing)?;
        }
        made.source.push_str("];\n");
        ensure!(heads.is_empty() && casing.is_empty(), "rows of sorts that do not exist");
        Ok(made)
    }

    fn add_heads(&mut self, mut heads: BTreeMap<u16, Head>) -> Result<Range<usize>> {
        let start = self.heads.len() / HEAD_BYTES;
        let mut filter = [0u8; FILTER_BYTES];
        for (unit, head) in &mut heads {
            let kind = (unit ^ (unit >> 8)) & 0xFF;
            *filter.get_mut(usize::from(kind / 8)).context("no such kind")? |= 1 << (kind % 8);
            head.contractions.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
            let first = u16::try_from(self.contractions.len() / CONTRACTION_BYTES)?;
            for (tail, weights) in &head.contractions {
                let place = self.place_of(tail)?;
                self.contractions.extend(place.to_le_bytes());
                self.contractions.push(u8::try_from(tail.len())?);
                self.contractions.extend(weights);
            }
            self.heads.extend(unit.to_le_bytes());
            self.heads.push(u8::from(head.exception.is_some()));
            self.heads.extend(head.exception.unwrap_or_default());
            self.heads.extend(first.to_le_bytes());
            self.heads.extend(u16::try_from(head.contractions.len())?.to_le_bytes());
        }
        self.filters.extend(filter);
        Ok(start..self.heads.len() / HEAD_BYTES)
    }

    /// Where the tail is among the tails; it is added if it is not there yet.
    fn place_of(&mut self, tail: &[u16]) -> Result<u16> {
        let bytes: Vec<u8> = tail.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let found = self.tails.windows(bytes.len()).step_by(2).position(|window| window == bytes);
        let place = found.unwrap_or(self.tails.len() / 2);
        if found.is_none() {
            self.tails.extend(bytes);
        }
        u16::try_from(place).context("too many tails")
    }

    fn add_casing(&mut self, casing: BTreeMap<u16, Weights>) -> Range<usize> {
        let start = self.casing.len() / CASING_BYTES;
        for (unit, weights) in casing {
            self.casing.extend(unit.to_le_bytes().into_iter().chain(weights));
        }
        start..self.casing.len() / CASING_BYTES
    }

    fn describe(
        &mut self,
        row: &BTreeMap<String, String>,
        heads: Range<usize>,
        casing: Range<usize>,
    ) -> Result<()> {
        let number = u8::from_str_radix(text(row, "sort")?, 16)?;
        let guid = text(row, "guid")?;
        ensure!(
            guid == format!("{number:08X}-57EE-1E5C-00B4-D0000BB1E11E"),
            "sort {number:02X} has another GUID: {guid}"
        );
        let names = match text(row, "locales")? {
            "(all other locales and the invariant locale)" => "",
            names => names,
        };
        let names: Vec<&str> = names.split(' ').filter(|name| !name.is_empty()).collect();
        let peculiarities = [
            ("three_byte_cjk", "THREE_BYTES"),
            ("reverse_diacritics", "REVERSE_DIACRITICS"),
            ("double_contraction", "DOUBLE_CONTRACTIONS"),
            ("inverse_casing", "INVERSE_CASING"),
        ];
        let mut flags = Vec::new();
        for (column, name) in peculiarities {
            if text(row, column)? == "1" {
                flags.push(name);
            }
        }
        let tables = if text(row, "in_tables")? == "1" { "Here" } else { "LeftOut" };
        let flags = if flags.is_empty() { "NONE".to_owned() } else { flags.join(" | ") };
        writeln!(
            self.source,
            "    Sort {{ number: 0x{number:02X}, locales: &{names:?}, peculiarities: {flags}, tables: {tables}, heads: \
             ({}, {}), casing: ({}, {}) }},",
            heads.start, heads.end, casing.start, casing.end
        )?;
        Ok(())
    }
}

const SOURCE_HEAD: &str = "\
// Generated by sort-tables from facts/sort/sorts.csv: see docs/format/sort-keys.md.

use super::Tables::{Here, LeftOut};
use super::{DOUBLE_CONTRACTIONS, INVERSE_CASING, NONE, REVERSE_DIACRITICS, Sort, THREE_BYTES};

#[rustfmt::skip]
pub(super) static SORTS: &[Sort] = &[
";
