//! What works today, function by function: the one table behind `COMPAT.md`.
//!
//! A function that is not in [`STATES`] is not yet there: it returns JET_errFeatureNotAvailable.

use std::fmt::Write;

use crate::abi::tables::functions::FUNCTIONS;
use crate::abi::tables::{Form, Function, Visibility};

/// How far a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As the original, but for what the note says.
    Yes,
    /// Usable, with the limits the note says.
    Partial,
    /// Returns JET_errFeatureNotAvailable.
    NotYet,
}

impl State {
    fn shown(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partial => "partial",
            Self::NotYet => "not yet",
        }
    }
}

/// The functions that do something: name without A or W, state, note.
const STATES: &[(&str, State, &str)] = &[
    ("JetAttachDatabaseWithStreaming", State::Yes, "JET_errFeatureNotAvailable always, as the original"),
    ("JetConfigureProcessForCrashDump", State::Yes, "success, without effect on Linux"),
    ("JetCreateDatabaseWithStreaming", State::Yes, "JET_errFeatureNotAvailable always, as the original"),
    ("JetDefragment3", State::Yes, "JET_errInvalidParameter always, as the original"),
    ("JetGetErrorInfoW", State::Yes, ""),
    ("JetGetSystemParameter", State::Partial, "the table of the process; JET_paramPrintFunction reads as 0"),
    (
        "JetGetVersion",
        State::Partial,
        "answers as Windows 10.0 build 26100; the session is not checked while there are none",
    ),
    (
        "JetSetSystemParameter",
        State::Partial,
        "the table of the process; values are checked and kept, nothing uses them yet; JET_paramUnicodeIndexDefault cannot be set; JET_paramDatabasePageSize 4096 to 32768",
    ),
    ("JetSnapshotStart", State::Yes, "JET_wrnNyi always, as the original"),
    ("JetSnapshotStop", State::Yes, "JET_wrnNyi always, as the original"),
];

/// State and note of a function.
#[must_use]
pub fn state(function: &Function) -> (State, &'static str) {
    STATES
        .iter()
        .find(|(base, ..)| *base == function.base)
        .map_or((State::NotYet, ""), |(_, state, note)| (*state, *note))
}

/// The text of `COMPAT.md`.
#[must_use]
pub fn markdown() -> String {
    let count = |wanted: State| FUNCTIONS.iter().filter(|function| state(function).0 == wanted).count();
    let mut text = String::from("# What works\n\n");
    text += "Every function that libesent exports, with its state. Written by `cargo run -p abi-tool` from `src/compat.rs`;\n";
    text += "a test fails when this list, the exports of `libesent.so` and the code disagree. A difference from the original\n";
    text += "that is not told here is a bug.\n\n";
    text += "- **yes**: as the original, but for what the note says\n";
    text += "- **partial**: usable, with the limits that the note says\n";
    text += "- **not yet**: exported with its exact signature; reads no argument, changes nothing, returns JET_errFeatureNotAvailable\n\n";
    let _ = writeln!(
        text,
        "{} functions: {} yes, {} partial, {} not yet. Not exported on Linux: `ese`, `DllRegisterServer`, `DebugExtension*`.\n\
         `libesent_version`, the library's own, comes on top.\n",
        FUNCTIONS.len(),
        count(State::Yes),
        count(State::Partial),
        count(State::NotYet)
    );
    text += "| function | state | form | note |\n|---|---|---|---|\n";
    for function in FUNCTIONS {
        let form = match function.form {
            Form::Single => "",
            Form::Ansi => "A",
            Form::Wide | Form::WideOnly => "W",
            Form::AnsiAlias => "A, old name",
        };
        let kept_back = if function.visibility == Visibility::Public { "" } else { ", not in the header" };
        let form = format!("{form}{kept_back}");
        let (state, note) = state(function);
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {note} |",
            function.name,
            state.shown(),
            form.trim_start_matches(", ")
        );
    }
    text
}
