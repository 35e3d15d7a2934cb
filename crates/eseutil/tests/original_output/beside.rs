//! Outputs of the original that lie beside the sets of files in `data/ese`, each with its command in the first line.

use std::path::{Path, PathBuf};

use super::{differences, normalise, run};

/// Dumps that are compared; `tests/log_dump` compares those of logs.
const KINDS: [&str; 4] = ["eseutil-mh", "eseutil-mk", "eseutil-mm", "eseutil-ms"];

/// The block of the table MSysDefrag2 has its labels cut to one letter there, a fault of that build (ese/eseutil has none).
const NOT_RUN: [&str; 1] = ["big/eseutil-ms.txt"];

/// A stored output and the file it is of.
struct Beside {
    stored: PathBuf,
    switch: String,
    shown: String,
    file: ese_corpus::CorpusFile,
}

/// Finds the file that a stored output is of: `eseutil-mh-<part>.txt` is of the file in the folder `<part>`, in which
/// dashes may stand for folders; without a part it is of the file beside it.
fn find(set: &Path, stored: PathBuf) -> Option<Beside> {
    let text = std::fs::read_to_string(&stored).ok()?;
    let command = text.lines().next()?.strip_prefix("command: eseutil ")?;
    let (switch, shown) = command.split_once(' ')?;
    let name = shown.rsplit('\\').next()?;
    let stem = stored.file_stem()?.to_str()?;
    let part = stem.splitn(3, '-').nth(2).unwrap_or_default();
    let file = [part.to_owned(), part.replace('-', "/"), String::new()]
        .iter()
        .find_map(|folder| ese_corpus::file(&set.join(folder), name))?;
    Some(Beside { switch: switch.to_owned(), shown: shown.to_owned(), file, stored })
}

fn compare(beside: &Beside) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    // The path as Windows had it, some of which is printed, is as good a file name here.
    let name = beside.shown.as_str();
    std::fs::write(folder.path().join(name), beside.file.bytes()).expect("the folder can be written");
    let stored = std::fs::read_to_string(&beside.stored).expect("it was read before");
    let stored = stored.split_once('\n').map_or("", |(_, text)| text);
    // Two differences of the set-up, not of the text: the frame's first line end, and the place of the exit status.
    let stored = stored.split("exit status: ").next().unwrap_or_default();
    let ours = run(&[&beside.switch, name], &folder);
    differences(&normalise::text(stored, folder.path()), &normalise::text(&ours.text, folder.path()))
}

#[test]
fn every_dump_stored_beside_its_file_is_printed_line_by_line() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("every_dump_stored_beside_its_file_is_printed_line_by_line");
    };
    let mut outputs: Vec<_> = ese_corpus::files(&corpus.join("ese"))
        .into_iter()
        .filter(|file| KINDS.iter().any(|kind| file.file_name().starts_with(kind)))
        .filter(|file| !NOT_RUN.contains(&file.name.as_str()))
        .collect();
    outputs.sort_by(|left, right| left.name.cmp(&right.name));
    let (mut equal, mut different) = (0, Vec::new());
    for output in &outputs {
        let set = output.path.parent().expect("a file is in a folder");
        let beside = find(set, output.path.clone()).unwrap_or_else(|| panic!("no file for {}", output.name));
        let found = compare(&beside);
        if found.is_empty() {
            equal += 1;
        } else {
            ese_corpus::report!("  {} ({} differences)\n{}", output.name, found.len(), found.join("\n"));
            different.push(output.name.clone());
        }
    }
    ese_corpus::report!("{equal} of {} dumps beside their files equal", outputs.len());
    assert!(outputs.len() >= 40, "{} stored dumps", outputs.len());
    assert!(different.is_empty(), "{different:?}");
}
