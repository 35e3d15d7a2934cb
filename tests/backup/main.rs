//! External backup through the C interface: the plan of spec 07 §17.1 row by row in both forms, and the results that the
//! documentation of JetBeginExternalBackup lists.
//!
//! Rows run one after the other: the process has one mode and one table of parameters. `ESENT_ROWS` (names with commas)
//! runs only some.

mod bed;
#[path = "../behaviour/harness.rs"]
#[allow(dead_code, reason = "another test's, which uses all of it")]
mod harness;
mod results;
mod rows;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bed::Form;

/// A row of the plan: its name, and its calls. It asserts.
pub(crate) type Row = (&'static str, fn(Form));

/// The process has one mode and one table of parameters: tests that make instances take turns.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spoken(panic: Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

#[test]
fn every_row_of_the_plan_comes_out_as_planned() {
    let _turn = one_at_a_time();
    let asked = std::env::var("ESENT_ROWS").ok();
    let wanted = |name: &str| asked.as_ref().is_none_or(|asked| asked.split(',').any(|one| one == name));
    let mut wrong = Vec::new();
    for form in [Form::A, Form::W] {
        let rows: Vec<_> = rows::ROWS.iter().filter(|(name, _)| wanted(name)).collect();
        let before = wrong.len();
        for (name, run) in &rows {
            let begun = std::time::Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| run(form)));
            if begun.elapsed().as_secs() >= 3 {
                ese_corpus::report!("backup: {name} took {:?} in form {form:?}", begun.elapsed());
            }
            if let Err(panic) = outcome {
                wrong.push(format!("{name} in form {form:?}: {}", spoken(panic)));
            }
        }
        let failed = wrong.len() - before;
        ese_corpus::report!("backup: {} of {} rows pass in form {form:?}", rows.len() - failed, rows.len());
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_row_of_the_plan_is_there_once() {
    let mut planned: Vec<String> = (1..=60).map(|number| format!("T{number}")).collect();
    planned.push("T60a".into());
    let rows: Vec<_> = rows::ROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(rows, planned);
}
