//! The fuzz entries of `ese-format`'s tests, by name.

#[path = "../../crates/ese-format/tests/fuzz_entries/mod.rs"]
mod fuzz_entries;

/// Runs the target called `name`.
///
/// # Panics
/// When there is none, or the target finds something.
pub fn run(name: &str, input: &[u8]) {
    let target = fuzz_entries::TARGETS.iter().find(|target| target.name == name);
    (target.expect("every binary is named after an entry").run)(input);
}
