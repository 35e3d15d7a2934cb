//! What INDEX.md says to ignore, taken out of both texts.

use std::path::Path;

const BANNER: &str = "Extensible Storage Engine Utilities";

/// The lines of a text without what depends on the run, the machine or the version of the tool.
pub(crate) fn text(text: &str, folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let folder = folder.to_string_lossy();
    let mut lines = Vec::new();
    let mut rest = text.lines();
    while let Some(line) = rest.next() {
        if line.starts_with(BANNER) {
            // The four banner lines: licence wording of the public source.
            for _ in 0..3 {
                rest.next();
            }
            lines.push("<banner>".to_owned());
            continue;
        }
        lines.push(normal_line(&line.replace(&*folder, "<CURDIR>")));
    }
    without_own_words(without_file_system(lines))
}

/// Without the advice at the end of `/d`, which is in our own words (spec 10 §4.1), and without the move of a flush map:
/// this engine keeps none.
fn without_own_words(lines: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let (mut in_note, mut behind_map) = (false, false);
    for line in lines {
        in_note = line == "Note:" || (in_note && line.starts_with("  "));
        let is_map = line.starts_with("Moving ") && line.contains(".jfm' to '");
        let is_advice = in_note && line != "Note:";
        let is_gap = behind_map && line.is_empty();
        if !(is_advice || is_map || is_gap) {
            kept.push(line);
        }
        behind_map = is_map;
    }
    kept
}

/// Without the lines of `/ms` about the file system: they stand in the block under `File Information:`, which ends with
/// an empty line; of it only name, cluster and sizes are of the file.
fn without_file_system(lines: Vec<String>) -> Vec<String> {
    const OF_THE_FILE: [&str; 6] = [
        "File Information:",
        "  File Name:",
        "  Cluster Size:",
        "  Logical Size:",
        "  On-disk Size:",
        "   Space Saved:",
    ];
    let mut inside = false;
    lines
        .into_iter()
        .filter(|line| {
            inside = !line.is_empty() && (inside || line == "File Information:");
            !inside || OF_THE_FILE.iter().any(|start| line.starts_with(start))
        })
        .collect()
}

/// Lines of standard error in a fixed order, without our own sentences beside them.
pub(crate) fn errors(text: &str) -> Vec<String> {
    let mut lines: Vec<_> =
        text.lines().filter(|line| !line.starts_with("eseutil: ")).map(str::to_owned).collect();
    // Threads of the original finish in any order.
    lines.sort();
    lines
}

fn normal_line(line: &str) -> String {
    for (start, replacement) in [
        (" Engine ulVersion: ", " Engine ulVersion: <tool>"),
        ("      Engine LGVersion: ", "      Engine LGVersion: <tool>"),
        ("  Temp. Database: ", "  Temp. Database: <temporary>"),
        ("Operation completed successfully in ", "Operation completed successfully in <time>"),
    ] {
        if line.starts_with(start) {
            return replacement.to_owned();
        }
    }
    if let Some((start, _)) = line.split_once(" after ")
        && line.starts_with("Operation terminated")
    {
        return format!("{start} after <time>");
    }
    if line.contains(" milliseconds ") && line.starts_with(|first: char| first.is_ascii_digit()) {
        let words = line.trim_start_matches(|first: char| first.is_ascii_digit());
        return format!("<time>{words}");
    }
    if let Some((_, moved)) = line.strip_prefix("Moving '").and_then(|rest| rest.split_once("TEMPDFRG")) {
        let moved = moved.trim_start_matches(|digit: char| digit.is_ascii_digit());
        return format!("Moving '<temporary>{moved}");
    }
    if line.contains("<CURDIR>") {
        return line.replace('/', "\\");
    }
    io_table_row(line).unwrap_or_else(|| line.to_owned())
}

/// A row of the log I/O table without the columns of reads and of sums over them, where an unstable sort decides.
fn io_table_row(line: &str) -> Option<String> {
    let cells: Vec<_> = line.split_whitespace().collect();
    let [dbid, references, cache, _ios, _io_pages, _reads, _read_pages, writes, written] = cells.as_slice()
    else {
        return None;
    };
    let is_row = line.len() == 102 && (*dbid == "Total" || dbid.parse::<u32>().is_ok());
    is_row.then(|| format!("{dbid} {references} {cache} <reads> {writes} {written}"))
}
