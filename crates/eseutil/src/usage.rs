//! Banner and help: of the Windows switches as Windows' tool lays them out, and of the long forms (spec 10 §1.6,
//! §2.1, §10.4).

use std::io::{self, Write};

use crate::command_line::long::{LATER_VERBS, LongOption, VERBS, Verb};

/// Name shown in the classic help: argument 0 without folder, in capitals.
#[must_use]
pub fn program_name(argument_zero: Option<&std::ffi::OsStr>) -> String {
    argument_zero
        .map(std::path::Path::new)
        .and_then(std::path::Path::file_name)
        .map_or_else(|| "ESEUTIL".to_owned(), |name| name.to_string_lossy().to_uppercase())
}

/// Writes the four banner lines and the empty one.
///
/// # Errors
/// When `out` cannot be written.
pub fn banner(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Extensible Storage Engine Utilities (libesent)")?;
    writeln!(out, "Version {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "{}", env!("CARGO_PKG_REPOSITORY"))?;
    writeln!(out, "Licensed under the MIT License.\n")
}

/// Writes the help of the Windows switches, as far as Windows' tool gets without a key press.
///
/// # Errors
/// When `out` cannot be written.
pub fn classic_help(out: &mut dyn Write, program: &str) -> io::Result<()> {
    const MODES: &[(&str, &str)] = &[
        ("Defragmentation", "/d <database name> [options]"),
        ("Recovery", "/r <logfile base name> [options]"),
        ("Integrity", "/g <database name> [options]"),
        ("Checksum", "/k <file name> [options]"),
        ("Repair", "/p <database name> [options]"),
        ("File Dump", "/m[mode-modifier] <filename>"),
        ("Copy File", "/y <source file> [options]"),
    ];
    writeln!(
        out,
        "DESCRIPTION:  Database utilities for the Extensible Storage Engine for Microsoft(R) Windows(R).\n"
    )?;
    writeln!(out, "MODES OF OPERATION:")?;
    for (mode, syntax) in MODES {
        writeln!(out, "{mode:>21}:  {program} {syntax}")?;
    }
    writeln!(out, "\n<<<<<  Press a key for more help  >>>>>")?;
    writeln!(out, "D=Defragmentation, R=Recovery, G=inteGrity, K=checKsum,")?;
    write!(out, "P=rePair, M=file duMp, Y=copY file\n=> \n\n")
}

/// Writes the help of the long forms: of one verb, or of all.
///
/// # Errors
/// When `out` cannot be written.
pub fn long_help(out: &mut dyn Write, verb: Option<&str>) -> io::Result<()> {
    let wanted = verb.unwrap_or_default();
    let first_word = wanted.split(' ').next().unwrap_or_default();
    match VERBS.iter().find(|verb| verb.name == wanted || verb.name == first_word) {
        Some(verb) => verb_help(out, verb),
        None => overview(out),
    }
}

fn overview(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "eseutil {} - looks into ESE databases, logs and checkpoints\n",
        env!("CARGO_PKG_VERSION")
    )?;
    writeln!(out, "usage: eseutil COMMAND [options] FILE...        `eseutil COMMAND --help` tells more")?;
    writeln!(
        out,
        "       eseutil /MODE FILE [switches]           the switches of Windows' esentutl, all of them\n"
    )?;
    writeln!(out, "Commands, and the switches they stand for:")?;
    for verb in VERBS {
        writeln!(out, "  {:<16}  {:<24} {}", verb.name, verb.classic, verb.summary)?;
    }
    writeln!(out, "\nKnown, but not available in this version (status 1, JET_errFeatureNotAvailable):")?;
    for (name, mode) in LATER_VERBS {
        writeln!(out, "  {name:<16}  {mode}")?;
    }
    writeln!(out, "\nOptions of every command, with either spelling:")?;
    global_options(out)?;
    writeln!(out)?;
    json_shape(out)?;
    writeln!(out)?;
    exit_statuses(out)
}

fn global_options(out: &mut dyn Write) -> io::Result<()> {
    for (option, help) in [
        ("--json", "one JSON document on standard output (its shape is below)"),
        ("--quiet", "no banner (/o)"),
        ("--page-size=N", "page size in bytes, when the file cannot tell it (/4, /8, /16, /32)"),
        (
            "--progress=WHEN",
            "auto: a live bar on a terminal, else Windows' dotted ruler; plain: the ruler; none",
        ),
        (
            "--exit-code=low8",
            "exit status: low eight bits of the JET error, as Windows' tool seen from a Unix shell",
        ),
        ("--crlf", "lines end with CR LF"),
        ("--csv-utf16", "a CSV file of log records in UTF-16LE, as Windows' tool writes it"),
        ("--help, --version", ""),
    ] {
        writeln!(out, "  {option:<18} {help}")?;
    }
    Ok(())
}

fn json_shape(out: &mut dyn Write) -> io::Result<()> {
    for line in [
        "The document of --json: {tool, version, command, source: [files], result: {...}, error, damage, elapsed, warnings}.",
        "`result` is the command's own (`eseutil COMMAND --help`); of several files it is {files: [{source, result, ...}]}.",
        "`error` is null or {code, name, text, file, file_kind, page, offset, field, problem, detail}, unknown members left",
        "out; `damage` lists the same for damage that the command could do without. Times are RFC 3339, log positions",
        "{generation, sector, offset, text}; what is not set is null; numbers above 2^53 are strings.",
    ] {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn exit_statuses(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Exit status: 0 success; 1 any error, damaged and malformed files included; 2 wrong command line;\n\
         4 the database was not shut down cleanly (-550); 5 the file cannot be opened."
    )
}

fn verb_help(out: &mut dyn Write, verb: &Verb) -> io::Result<()> {
    writeln!(out, "eseutil {} [options] {}\n", verb.name, verb.operands)?;
    writeln!(out, "  {}", verb.summary)?;
    writeln!(out, "  Windows' switches: {}\n", verb.classic)?;
    for LongOption { name, value, help } in verb.options {
        let option = match value {
            Some(value) => format!("{name}={value}"),
            None => (*name).to_owned(),
        };
        writeln!(out, "  {option:<22} {help}")?;
    }
    if !verb.options.is_empty() {
        writeln!(out)?;
    }
    global_options(out)?;
    writeln!(out, "\n`result` under --json: {}", verb.json)?;
    writeln!(out, "Example: {}\n", verb.example)?;
    json_shape(out)?;
    writeln!(out)?;
    exit_statuses(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overview_names_every_command() {
        let mut text = Vec::new();
        long_help(&mut text, None).expect("a vector takes every byte");
        let text = String::from_utf8(text).expect("help is UTF-8");
        for name in VERBS.iter().map(|verb| verb.name).chain(LATER_VERBS.iter().map(|(name, _)| *name)) {
            assert!(text.contains(name), "{name}");
        }
    }

    #[test]
    fn every_example_is_a_command_line_that_parses() {
        for verb in VERBS {
            let words: Vec<_> = verb.example.split(' ').map(std::ffi::OsString::from).collect();
            assert!(crate::command_line::parse(&words).is_ok(), "{}", verb.example);
        }
    }
}
