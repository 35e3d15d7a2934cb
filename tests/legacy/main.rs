//! Backups into folders and snapshots of volumes through the C interface: the rows of spec 07 §17.2 and §17.4, in the A
//! and the W forms.
//!
//! A row makes its calls and asserts what the plan says; rows run one after the other, because the process has one mode
//! and one table of parameters. `ESENT_ROWS` (numbers with commas) runs only some.

#[path = "../behaviour/cursor.rs"]
#[allow(dead_code, reason = "shared with the tests of the facts' rows")]
mod cursor;
#[path = "../behaviour/fixture.rs"]
#[allow(dead_code, reason = "shared with the tests of the facts' rows")]
mod fixture;
mod folder;
mod folders;
#[path = "../behaviour/harness.rs"]
#[allow(dead_code, reason = "shared with the tests of the facts' rows")]
mod harness;
mod snapshot;
mod snapshots;
mod source;
mod sources;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which of its two forms a function is called in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// With texts of bytes.
    Ansi,
    /// With texts of UTF-16.
    Wide,
}

/// A row of the plan: its number, and its calls.
pub(crate) type Row = (u32, fn(Form));

/// The chapters of the plan.
const AREAS: [(&str, &[Row]); 2] =
    [("folders (spec 07 §17.2)", folders::ROWS), ("snapshots (spec 07 §17.4)", snapshots::ROWS)];

/// Rows that do not pass yet, and why. One that passes has to leave the list.
const OPEN: &[(u32, &str)] = &[];

/// The process has one mode and one table of parameters: tests take turns.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a row said when it broke off.
fn failure(run: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(run)).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    Some(text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default())
}

#[test]
fn the_rows_of_the_plan_hold_in_both_forms() {
    let _alone = alone();
    let asked = std::env::var("ESENT_ROWS").ok();
    let asked: Option<Vec<u32>> =
        asked.map(|list| list.split(',').map(|id| id.parse().expect("ESENT_ROWS has numbers")).collect());
    let mut wrong = Vec::new();
    for (area, rows) in AREAS {
        let rows: Vec<_> =
            rows.iter().filter(|(id, _)| asked.as_ref().is_none_or(|asked| asked.contains(id))).collect();
        let mut passed = 0;
        for (id, run) in &rows {
            let failures: Vec<_> = [Form::Ansi, Form::Wide]
                .into_iter()
                .filter_map(|form| failure(|| run(form)).map(|text| format!("T{id} {form:?}: {text}")))
                .collect();
            match (failures.is_empty(), OPEN.iter().find(|(open, _)| open == id)) {
                (true, None) => passed += 1,
                (true, Some(_)) => wrong.push(format!("T{id} passes and is listed as open")),
                (false, Some((_, why))) => ese_corpus::report!("T{id} is open: {why}"),
                (false, None) => wrong.extend(failures),
            }
        }
        ese_corpus::report!("{area}: {passed} of {} rows pass", rows.len());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
