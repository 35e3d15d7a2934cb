//! Totals by record type: the table under a verbose log dump and the histogram of `--json` (spec 10 §6.3.2).
//!
//! Invariant: one counter for each of the 256 values a type byte can have, so that nothing a log holds is lost or
//! grows memory.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::record_names::{dump_name, type_name};

/// Records and bytes of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TypeTotal {
    /// How many records.
    pub(crate) records: u64,
    /// Their bytes after reassembly.
    pub(crate) bytes: u64,
}

/// Records and bytes by type.
#[derive(Clone, Debug)]
pub(crate) struct Statistics {
    by_type: [TypeTotal; 256],
}

impl Default for Statistics {
    fn default() -> Self {
        Self { by_type: [TypeTotal::default(); 256] }
    }
}

impl Statistics {
    /// Counts records of `bytes` bytes together.
    pub(crate) fn add(&mut self, record_type: u8, records: u64, bytes: u64) {
        let total = &mut self.by_type[usize::from(record_type)];
        total.records += records;
        total.bytes += bytes;
    }

    /// Adds everything another log counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (total, more) in self.by_type.iter_mut().zip(&other.by_type) {
            total.records += more.records;
            total.bytes += more.bytes;
        }
    }

    /// All records.
    pub(crate) fn total(&self) -> TypeTotal {
        self.by_type.iter().fold(TypeTotal::default(), |sum, one| TypeTotal {
            records: sum.records + one.records,
            bytes: sum.bytes + one.bytes,
        })
    }

    /// Records of types that the format does not know.
    pub(crate) fn unknown_types(&self) -> u64 {
        self.occurring().filter(|(code, _)| type_name(*code).is_none()).map(|(_, total)| total.records).sum()
    }

    /// Types that occur, ascending.
    fn occurring(&self) -> impl Iterator<Item = (u8, TypeTotal)> {
        (0..=u8::MAX).zip(self.by_type).filter(|(_, total)| total.records > 0)
    }

    /// Writes totals and table, from the empty line after the records on.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let all = self.total();
        writeln!(out, "\nclrTotal    =  {}\ncbTotal     =  {}\n", all.records, all.bytes)?;
        let (double, single) = ("=".repeat(54), "-".repeat(54));
        writeln!(out, "{double}\nOp         # Records     Avg. Size      clr / cb Pct  \n{single}")?;
        for (record_type, total) in self.occurring() {
            // The first forms of Init, Term, RecoveryUndo and RecoveryQuit have no row in the original's table.
            if matches!(record_type, 1 | 2 | 17 | 18) {
                continue;
            }
            let unknown = match type_name(record_type) {
                Some(_) => String::new(),
                None => format!(" (type {record_type})"),
            };
            writeln!(
                out,
                "{:<9}  {:>7}       {:>7}      {:>5}% /{:>5}%{unknown}",
                dump_name(record_type),
                total.records,
                total.bytes / total.records,
                percent(total.records, all.records),
                percent(total.bytes, all.bytes),
            )?;
        }
        writeln!(out, "{double}")
    }

    /// The histogram for `--json`, most frequent first: name of the type to records and bytes.
    pub(crate) fn to_json(&self) -> Value {
        let mut rows: Vec<(u8, TypeTotal)> = self.occurring().collect();
        rows.sort_by_key(|(record_type, total)| (std::cmp::Reverse(total.records), *record_type));
        let histogram: Map<String, Value> = rows
            .into_iter()
            .map(|(record_type, total)| {
                let name =
                    type_name(record_type).map_or_else(|| format!("Unknown{record_type}"), str::to_owned);
                (name, json!({ "type": record_type, "records": total.records, "bytes": total.bytes }))
            })
            .collect();
        Value::Object(histogram)
    }
}

/// A share in percent with one decimal; sums of file bytes are far below 2^53. Ties go away from zero as in the C
/// library of the original (1 of 80 is 1.3 %), where Rust's own formatting goes to the even digit.
fn percent(part: u64, whole: u64) -> String {
    let share = if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
    let twentieths = (share * 20.0).round();
    let is_tie = twentieths % 2.0 == 1.0 && share.mul_add(20.0, -twentieths) == 0.0;
    let rounded = if is_tie { (twentieths + 1.0) / 20.0 } else { share };
    format!("{rounded:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_tenth_of_a_percent_is_rounded_up() {
        assert_eq!(
            [percent(1, 80), percent(3, 80), percent(1, 3), percent(0, 0)],
            ["1.3", "3.8", "33.3", "0.0"]
        );
        assert_eq!(percent(7, 2000), "0.3", "0.35 is no tie: the number next to it is a little less");
    }

    #[test]
    fn the_table_has_one_row_for_each_type_that_occurs() {
        let mut statistics = Statistics::default();
        statistics.add(5, 1, 4);
        statistics.add(5, 1, 4);
        statistics.add(29, 1, 100);
        statistics.add(200, 1, 1);
        let mut text = Vec::new();
        statistics.write(&mut text).expect("a vector takes every byte");
        let text = String::from_utf8(text).expect("the table is ASCII");
        assert!(text.starts_with("\nclrTotal    =  4\ncbTotal     =  109\n\n"), "{text}");
        assert!(text.contains("\nBegin            2             4       50.0% /  7.3%\n"), "{text}");
        assert!(text.contains("\nInsert           1           100       25.0% / 91.7%\n"), "{text}");
        assert!(
            text.contains("\n*UNKNOWN*        1             1       25.0% /  0.9% (type 200)\n"),
            "{text}"
        );
    }
}
