//! The table of cases in `data/ese/eseutil/INDEX.md`.

use std::path::Path;

/// One row: a command the original ran, and where its output is.
pub(crate) struct Case {
    /// The heading the row stands under.
    pub(crate) heading: String,
    /// Name of the stored output.
    pub(crate) file: String,
    /// The command line, program name first.
    pub(crate) command: String,
    /// The words that say what it was run on.
    pub(crate) input: String,
}

impl Case {
    /// The arguments after the program's name.
    pub(crate) fn arguments(&self) -> Vec<&str> {
        self.command.split(' ').skip(1).collect()
    }
}

/// Every row that is a command.
pub(crate) fn read(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut heading = String::new();
    let mut cases = Vec::new();
    for line in text.lines() {
        if let Some(words) = line.strip_prefix("## ") {
            words.clone_into(&mut heading);
        }
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, file, command, input, _exit, ..] = cells.as_slice() else { continue };
        let command = command.trim_matches('`');
        if !file.ends_with(".txt") || !command.starts_with("eseutil") {
            continue;
        }
        // `(last lines only)` and the like: what was kept of the output, not part of the command.
        let command = command.split(" (").next().unwrap_or(command);
        cases.push(Case {
            heading: heading.clone(),
            file: (*file).to_owned(),
            command: command.to_owned(),
            input: (*input).to_owned(),
        });
    }
    cases
}
