//! The rows of `facts/behaviour.csv` (the test plan of spec 09 §15) through the C interface, for the families that work.
//!
//! A row is a function that makes its calls and gives the codes they returned, in the order of the facts. Rows run one
//! after the other: the process has one mode and one table of parameters.

mod databases;
mod harness;
mod instances;
mod transactions;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A row: its number in the facts, and its calls.
pub(crate) type Row = (u32, fn() -> Vec<i32>);

/// Rows that do not pass yet, and why. One that passes has to leave the list.
const OPEN: &[(u32, &str)] = &[];

/// Lines of a CSV file as their fields.
fn fields(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\r' => {}
            _ => field.push(letter),
        }
    }
    rows
}

/// The codes that the facts expect, by the number of the row.
fn expected() -> Option<BTreeMap<u32, (Vec<i32>, String)>> {
    let text = std::fs::read_to_string(ese_corpus::facts()?.join("behaviour.csv")).ok()?;
    let code = |name: &str| {
        let error = esent::abi::tables::errors::ERRORS.iter().find(|error| error.name == name);
        error.unwrap_or_else(|| panic!("{name} is an error of the facts")).value
    };
    let rows = fields(&text).into_iter().skip(1).filter_map(|row| {
        let codes = row.get(4)?.split_whitespace().map(code).collect();
        Some((row.first()?.parse().ok()?, (codes, format!("{}: {}", row.get(2)?, row.get(3)?))))
    });
    Some(rows.collect())
}

#[test]
fn the_rows_of_the_facts_give_the_codes_of_the_facts() {
    let Some(expected) = expected() else {
        return ese_corpus::skipped("behaviour");
    };
    let areas: [(&str, &[Row]); 3] = [
        ("instances, parameters, sessions", instances::ROWS),
        ("databases", databases::ROWS),
        ("transactions", transactions::ROWS),
    ];
    let mut wrong = Vec::new();
    for (area, rows) in areas {
        let mut passed = 0;
        for (id, run) in rows {
            let (codes, calls) = &expected[id];
            let given = catch_unwind(AssertUnwindSafe(run));
            let passes = given.as_ref().is_ok_and(|given| given == codes);
            passed += u32::from(passes);
            let given = given.ok();
            match (passes, OPEN.iter().find(|(open, _)| open == id)) {
                (true, None) => {}
                (true, Some(_)) => wrong.push(format!("row {id} passes and is listed as open")),
                (false, Some((_, why))) => ese_corpus::report!("behaviour, open: row {id}: {why}"),
                (false, None) => {
                    wrong.push(format!("row {id} ({calls}): expected {codes:?}, given {given:?}"));
                }
            }
        }
        ese_corpus::report!("behaviour, {area}: {passed} of {} rows", rows.len());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
