//! The plan of spec 09 §15, row by row, through the C interface.
//!
//! A row is a function that makes its calls and gives the codes they returned, in the order of the plan; what the plan
//! says beyond codes the row asserts. Rows run one after the other: the process has one mode and one table of
//! parameters. `ESENT_ROWS` (numbers with commas) runs only some.

mod currency;
mod cursor;
mod databases;
mod define;
mod definitions;
mod defragmentation;
mod fixture;
mod harness;
mod hostile;
mod indexes;
mod information;
mod instances;
mod isolation;
mod maintenance;
mod opened;
mod record_cases;
mod records;
mod rolled_back;
mod seeking;
mod sessions;
mod temporary;
mod transactions;
mod values;
mod wrong_compact;
mod wrong_definitions;
mod wrong_records;
mod wrong_temporary;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A row: its number in the plan, and its calls.
pub(crate) type Row = (u32, fn() -> Vec<i32>);

/// A case beside the plan: what it is about, and its calls. It asserts.
pub(crate) type Case = (&'static str, fn());

/// What programs do wrong, by the functions that they call.
const CASES: [(&str, &[Case]); 5] = [
    ("compaction", wrong_compact::CASES),
    ("defragmentation", defragmentation::CASES),
    ("records", wrong_records::CASES),
    ("definitions", wrong_definitions::CASES),
    ("temporary tables", wrong_temporary::CASES),
];

/// The plan: a row's number, its area, and the codes by their names.
const PLAN: &str = include_str!("plan.txt");

/// The areas of the plan, and their rows.
const AREAS: [(&str, &[&[Row]]); 6] = [
    ("instances", &[instances::ROWS, sessions::ROWS]),
    ("databases", &[databases::ROWS, opened::ROWS]),
    ("transactions", &[transactions::ROWS, isolation::ROWS, rolled_back::ROWS, definitions::IN_TRANSACTIONS]),
    ("navigation", &[currency::ROWS, seeking::ROWS, indexes::ROWS]),
    ("records", &[records::ROWS, record_cases::ROWS]),
    ("definitions", &[definitions::ROWS, temporary::ROWS, maintenance::ROWS]),
];

/// Rows that do not pass yet, and why. One that passes has to leave the list.
const OPEN: &[(u32, &str)] = &[];

/// Rows that no program can test, and why.
const UNTESTABLE: &[(u32, &str)] = &[];

/// The process has one mode and one table of parameters: tests that make instances take turns.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A row of the plan.
struct Planned {
    area: &'static str,
    names: Vec<&'static str>,
    codes: Vec<i32>,
}

/// The plan by the number of the row.
fn plan() -> BTreeMap<u32, Planned> {
    let code = |name: &&str| {
        let error = esent::abi::tables::errors::ERRORS.iter().find(|error| error.name == *name);
        error.unwrap_or_else(|| panic!("{name} is an error of the facts")).value
    };
    let lines = PLAN.lines().filter(|line| !line.starts_with('#'));
    let rows = lines.map(|line| {
        let mut words = line.split_whitespace();
        let id = words.next().and_then(|word| word.parse().ok()).expect("a line begins with its number");
        let area = words.next().expect("a line names its area");
        let names: Vec<_> = words.collect();
        (id, Planned { area, codes: names.iter().map(code).collect(), names })
    });
    rows.collect()
}

/// The rows of an area that are to be run.
fn rows_of(lists: &[&'static [Row]]) -> Vec<&'static Row> {
    let asked: Option<Vec<u32>> = std::env::var("ESENT_ROWS")
        .ok()
        .map(|list| list.split(',').map(|id| id.parse().expect("ESENT_ROWS has numbers")).collect());
    let rows = lists.iter().flat_map(|list| list.iter());
    rows.filter(|(id, _)| asked.as_ref().is_none_or(|asked| asked.contains(id))).collect()
}

/// What a row gave, or what it said when it broke off.
fn outcome(run: fn() -> Vec<i32>) -> Result<Vec<i32>, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(spoken)
}

/// What a test said when it broke off.
fn spoken(panic: Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

#[test]
fn what_programs_do_wrong_is_answered_as_the_interface_says() {
    let _turn = one_at_a_time();
    let mut wrong = Vec::new();
    for (area, cases) in CASES {
        let failures = cases.iter().filter_map(|(name, run)| {
            let text = spoken(catch_unwind(AssertUnwindSafe(run)).err()?);
            Some(format!("{area}, {name}: {text}"))
        });
        let failures: Vec<_> = failures.collect();
        ese_corpus::report!(
            "wrong calls, {area}: {} of {} cases pass",
            cases.len() - failures.len(),
            cases.len()
        );
        wrong.extend(failures);
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_rows_of_the_plan_give_the_codes_of_the_plan() {
    let _turn = one_at_a_time();
    let plan = plan();
    let mut wrong = Vec::new();
    for (area, lists) in AREAS {
        let rows = rows_of(lists);
        let mut passed = 0;
        for (id, run) in &rows {
            let expected = &plan[id].codes;
            let given = outcome(*run);
            let passes = given.as_ref().is_ok_and(|given| given == expected);
            passed += u32::from(passes);
            match (passes, OPEN.iter().find(|(open, _)| open == id)) {
                (true, None) => {}
                (true, Some(_)) => ese_corpus::report!("behaviour: row {id} passes and is listed as open"),
                (false, Some((_, why))) => ese_corpus::report!("behaviour: row {id} is open: {why}"),
                (false, None) => wrong.push(format!("row {id}: expected {expected:?}, given {given:?}")),
            }
        }
        ese_corpus::report!("behaviour: area {area}: {passed} of {} rows pass", rows.len());
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_row_of_the_plan_is_run_or_said_to_be_untestable() {
    let mut rows = plan();
    for (area, lists) in AREAS {
        for (id, _) in lists.iter().flat_map(|list| list.iter()) {
            let planned =
                rows.remove(id).unwrap_or_else(|| panic!("row {id} is there twice, or not planned"));
            assert_eq!(planned.area, area, "row {id}");
        }
    }
    for (id, why) in UNTESTABLE {
        assert!(rows.remove(id).is_some(), "row {id} is run, or not planned");
        ese_corpus::report!("behaviour: row {id} cannot be tested: {why}");
    }
    assert!(rows.is_empty(), "nothing runs rows {:?}", rows.keys().collect::<Vec<_>>());
}

#[test]
fn the_plan_is_that_of_the_facts() {
    let facts = ese_corpus::facts().map(|folder| folder.join("behaviour.csv"));
    let Some(text) = facts.and_then(|path| std::fs::read_to_string(path).ok()) else {
        return ese_corpus::skipped("the plan beside the facts");
    };
    let planned: BTreeMap<_, _> = plan().into_iter().map(|(id, row)| (id, row.names.join(" "))).collect();
    let facts: BTreeMap<u32, String> = fields(&text)
        .into_iter()
        .skip(1)
        .filter_map(|row| Some((row.first()?.parse().ok()?, row.get(4)?.clone())))
        .collect();
    assert_eq!(planned, facts);
}

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
