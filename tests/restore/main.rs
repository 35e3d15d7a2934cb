//! Hard recovery through the C interface: the plan of spec 07 §17.3 row by row in both forms, the results that
//! JetExternalRestore can have by their names, and what hostile callers and damaged sets come to.
//!
//! Rows run one after the other: the process has one mode and one table of parameters. `ESENT_ROWS` (names with commas)
//! runs only some.

#[path = "../backup/bed.rs"]
#[allow(dead_code, reason = "another test's, which uses all of it")]
mod bed;
mod codes;
mod damaged;
#[path = "../behaviour/harness.rs"]
#[allow(dead_code, reason = "another test's, which uses all of it")]
mod harness;
mod hostile;
mod rows;
mod stage;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bed::Form;

/// A row of the plan: its name, and its calls. It asserts.
pub(crate) type Row = (&'static str, fn(Form));

/// The process has one mode and one table of parameters: tests that make instances take turns.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    damaged::listen();
    turn
}

fn spoken(panic: Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

/// Runs rows in both forms; what is wrong is told at the end.
pub(crate) fn run(what: &str, all: &[Row]) {
    let _turn = one_at_a_time();
    let asked = std::env::var("ESENT_ROWS").ok();
    let wanted = |name: &str| asked.as_ref().is_none_or(|asked| asked.split(',').any(|one| one == name));
    let mut wrong = Vec::new();
    for form in [Form::A, Form::W] {
        let rows: Vec<_> = all.iter().filter(|(name, _)| wanted(name)).collect();
        let before = wrong.len();
        for (name, run) in &rows {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(form))) {
                wrong.push(format!("{name} in form {form:?}: {}", spoken(panic)));
            }
        }
        let failed = wrong.len() - before;
        ese_corpus::report!("{what}: {} of {} rows pass in form {form:?}", rows.len() - failed, rows.len());
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_row_of_the_plan_comes_out_as_planned() {
    run("restore", rows::ROWS);
}

#[test]
fn every_row_of_the_plan_is_there_once() {
    let planned: Vec<String> = (73..=124).map(|number| format!("T{number}")).collect();
    let rows: Vec<_> = rows::ROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(rows, planned);
}

#[test]
fn hostile_maps_ranges_and_paths_are_refused_before_anything_is_touched() {
    run("hostile restores", hostile::ROWS);
}
