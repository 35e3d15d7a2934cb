//! Runs every command whose output the original tool left in `data/ese/eseutil` on the same input, and compares line by
//! line. The table of cases is that folder's `INDEX.md`; the differences that are allowed are those it names.

mod beside;
mod index;
mod input;
mod normalise;

use std::path::Path;
use std::process::{Command, Stdio};

use index::Case;
use tempfile::TempDir;

/// Families of commands, by the start of the command line, that must agree. A family that is missing here is not run.
const FAMILIES: &[Family] = &[
    Family { name: "usage", heading: "Usage and bad switches", commands: &["eseutil"] },
    Family { name: "/mh", heading: "Header", commands: &["eseutil /mh"] },
    Family { name: "/mk", heading: "Header", commands: &["eseutil /mk"] },
    Family { name: "/mp", heading: "Header", commands: &["eseutil /mp"] },
    Family { name: "/ml", heading: "Logs", commands: &["eseutil /ml"] },
    Family { name: "/mm", heading: "Meta data", commands: &["eseutil /mm"] },
    Family { name: "/ms", heading: "Space", commands: &["eseutil /ms"] },
    Family { name: "/k", heading: "Logs", commands: &["eseutil /k"] },
    Family { name: "/k", heading: "Checksum", commands: &["eseutil /k"] },
    Family { name: "/g", heading: "Integrity", commands: &["eseutil /g"] },
    Family { name: "/r", heading: "Recovery", commands: &["eseutil /r"] },
    Family { name: "/d", heading: "Compaction", commands: &["eseutil /d"] },
];

/// Cases that cannot be run here, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("l-bit2-single-v-tail.txt", PART),
    ("l-miss4f-v-skeleton.txt", PART),
    ("l-swap-v-skeleton.txt", PART),
    ("l-hdr-v-skeleton.txt", PART),
    ("usage-cm-missing.txt", "the Windows variant has no restore mode; esentutl has none here either"),
    ("g-index.txt", "the verdict comes from sort keys that are not Windows'"),
    ("g-belka-dirty.txt", OWN_WORDS),
    ("g-o-belka-dirty.txt", OWN_WORDS),
    ("g-d-bit2.txt", WHERE_IT_STOPS),
    ("g-d-zero.txt", WHERE_IT_STOPS),
    ("g-d-swap.txt", WHERE_IT_STOPS),
    ("g-d-trunc2.txt", WHERE_IT_STOPS),
    ("r-c8.txt", "logs with five digits are found with eight, too"),
    ("r-wrongdb.txt", "the other database is not in the corpus"),
    ("r-kf2.txt", LATER),
    ("r-kff.txt", LATER),
    ("r-pp2.txt", LATER),
];
const LATER: &str = "shrinking and reclaiming are later versions'";
const OWN_WORDS: &str = "the paragraph about log files is in our own words; tests/check.rs has the rest";
const WHERE_IT_STOPS: &str = "the bar stops where the original stopped reading; tests/check.rs has the rest";
const PART: &str = "a part of the output is stored; tests/log_dump compares it";

/// Cases whose exit status differs from the original's by decision (docs/eseutil.md): usage help asked for, and a
/// header of which one copy is damaged.
const STATUS_BY_DECISION: &[(&str, i32)] = &[
    ("usage-q.txt", 0),
    ("mh-on-log.txt", 1),
    ("mh-d-hdr1.txt", 1),
    ("mh-d-hdr1-v.txt", 1),
    ("mh-d-hdr2.txt", 1),
    ("mh-d-hdrzero1.txt", 1),
];

struct Family {
    name: &'static str,
    heading: &'static str,
    commands: &'static [&'static str],
}

impl Family {
    fn has(&self, case: &Case) -> bool {
        case.heading.starts_with(self.heading)
            && self.commands.iter().any(|command| case.command.starts_with(command))
    }
}

/// What one run left.
struct Run {
    text: String,
    errors: String,
    status: i32,
}

fn run(arguments: &[&str], folder: &TempDir) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_eseutil"))
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    Run {
        text: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        status: output.status.code().unwrap_or(i32::MAX),
    }
}

/// The lines of a stored output: text, standard error, exit status.
fn stored(corpus: &Path, case: &Case) -> (String, String, i32) {
    let path = corpus.join("ese/eseutil").join(&case.file);
    let all = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (all, status) = all.rsplit_once("exit status: ").unwrap_or((&all, "0"));
    let (text, errors) = all.split_once("--- standard error ---\n").unwrap_or((all, ""));
    (text.to_owned(), errors.to_owned(), status.trim().parse().expect("an exit status is a number"))
}

/// Lines that differ, as `line: stored | ours`; empty when none do.
fn differences(stored: &[String], ours: &[String]) -> Vec<String> {
    (0..stored.len().max(ours.len()))
        .filter(|&line| stored.get(line) != ours.get(line))
        .map(|line| {
            let show =
                |lines: &[String]| lines.get(line).map_or("<no line>".to_owned(), |text| format!("{text:?}"));
            format!(
                "    line {}: stored {}\n    {:>width$}  ours {}",
                line + 1,
                show(stored),
                "",
                show(ours),
                width = 8
            )
        })
        .collect()
}

fn compare(case: &Case, corpus: &Path) -> Result<(), Vec<String>> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    input::materialise(case, corpus, folder.path()).map_err(|reason| vec![format!("    input: {reason}")])?;
    let ours = run(&case.arguments(), &folder);
    let (text, errors, status) = stored(corpus, case);
    let mut found =
        differences(&normalise::text(&text, folder.path()), &normalise::text(&ours.text, folder.path()));
    found.extend(differences(&normalise::errors(&errors), &normalise::errors(&ours.errors)));
    let decided = STATUS_BY_DECISION.iter().find(|(file, _)| *file == case.file).map(|(_, status)| *status);
    let agrees = match decided {
        Some(expected) => ours.status == expected,
        None => (ours.status == 0) == (status == 0),
    };
    if !agrees {
        found.push(format!("    exit status: stored {status}, ours {}", ours.status));
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

#[test]
fn every_stored_output_of_the_original_is_printed_line_by_line() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("every_stored_output_of_the_original_is_printed_line_by_line");
    };
    let cases = index::read(&corpus.join("ese/eseutil/INDEX.md"));
    assert!(cases.len() > 250, "INDEX.md lists {} cases", cases.len());
    let only = std::env::var("ESEUTIL_CASE").ok();
    let mut failed = Vec::new();
    for family in FAMILIES {
        let mut passed = 0;
        let mut of_family = 0;
        for case in cases.iter().filter(|case| family.has(case)) {
            if only.as_ref().is_some_and(|only| !case.file.starts_with(only)) {
                continue;
            }
            if let Some((_, reason)) = NOT_RUN.iter().find(|(file, _)| *file == case.file) {
                ese_corpus::report!("  not run: {} ({reason})", case.file);
                continue;
            }
            of_family += 1;
            match compare(case, &corpus) {
                Ok(()) => passed += 1,
                Err(lines) => {
                    let shown = lines.iter().take(12).cloned().collect::<Vec<_>>().join("\n");
                    ese_corpus::report!(
                        "  {}: {} ({} differences)\n{shown}",
                        case.file,
                        case.command,
                        lines.len()
                    );
                    failed.push(case.file.clone());
                }
            }
        }
        ese_corpus::report!("{}: {passed} of {of_family} stored outputs equal", family.name);
        assert!(of_family > 0 || only.is_some(), "no case of {}", family.name);
    }
    assert!(failed.is_empty(), "{} stored outputs differ: {failed:?}", failed.len());
}
