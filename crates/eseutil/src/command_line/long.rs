//! The long forms: verbs and `--options` (spec 10 §10).
//!
//! One table, [`VERBS`], feeds the parser and the help; every verb names the Windows switches it stands for.

use std::ffi::OsString;
use std::path::PathBuf;

use super::backup_restore::without_file_name;
use super::classic_dump::{field_list, generation_range};
use super::{
    CheckOptions, ChecksumOptions, Command, CompactOptions, Dump, DumpKind, DumpOptions, ExportFormat,
    ExportOptions, MovedDatabase, PageRange, RecoverOptions, SpaceTrees, UsageError, Verbosity, Wanted,
};

/// One verb of the long forms.
pub struct Verb {
    /// One or two words.
    pub name: &'static str,
    /// What stands after the options.
    pub operands: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The Windows switches that do the same.
    pub classic: &'static str,
    /// Its own options.
    pub options: &'static [LongOption],
    /// Members of the JSON document's `result`.
    pub json: &'static str,
    /// A command line that works.
    pub example: &'static str,
    build: fn(&Given) -> Result<Command, UsageError>,
}

/// One option of a verb.
pub struct LongOption {
    /// With its two dashes.
    pub name: &'static str,
    /// What its value is called, when it takes one.
    pub value: Option<&'static str>,
    /// What it does.
    pub help: &'static str,
}

const fn flag(name: &'static str, help: &'static str) -> LongOption {
    LongOption { name, value: None, help }
}

const fn valued(name: &'static str, value: &'static str, help: &'static str) -> LongOption {
    LongOption { name, value: Some(value), help }
}

const TABLE: LongOption = valued("--table", "TABLE", "this table only (/t)");
const FULL: LongOption = flag("--full", "everything (/v)");
const PAGE: LongOption = valued("--page", "PAGE", "page number (/p)");

/// Every verb.
pub const VERBS: &[Verb] = &[
    Verb {
        name: "dump header",
        operands: "FILE…",
        summary: "database header",
        classic: "/mh",
        options: &[flag("--both", "both copies (/v)")],
        json: "file, copy_used (primary or shadow), primary, shadow: one member per line of the text, snake case",
        example: "eseutil dump header SRUDB.dat --json",
        build: |given| {
            given.dump(DumpKind::Header, DumpOptions { verbosity: given.verbosity("--both"), ..given.none() })
        },
    },
    Verb {
        name: "dump checkpoint",
        operands: "FILE…",
        summary: "checkpoint file",
        classic: "/mk",
        options: &[],
        json: "checkpoint: one member per line of the text; attachments",
        example: "eseutil dump checkpoint SRU.chk",
        build: |given| given.dump(DumpKind::Checkpoint, given.none()),
    },
    Verb {
        name: "dump log",
        operands: "FILE|BASE…",
        summary: "one log, or all logs of a base name",
        classic: "/ml",
        options: &[
            flag("--records", "every record (/v1)"),
            flag("--data", "every record and its data (/v)"),
            flag("--io", "I/O table (/s)"),
            valued("--csv", "FILE", "records as CSV into FILE (/c)"),
            valued("--range", "FIRST[-LAST]", "generations, hexadecimal (/r)"),
        ],
        json: "logs: header, records per type, totals, damage of each log",
        example: "eseutil dump log SRU --range=4F-50",
        build: build_log,
    },
    Verb {
        name: "dump meta",
        operands: "FILE…",
        summary: "tables, columns and indexes",
        classic: "/mm",
        options: &[TABLE, FULL],
        json: "tables: columns and indexes of each",
        example: "eseutil dump meta SRUDB.dat --table=MSysObjects --full",
        build: |given| {
            let options = DumpOptions {
                verbosity: given.verbosity("--full"),
                table: given.text("--table"),
                ..given.none()
            };
            given.dump(DumpKind::MetaData, options)
        },
    },
    Verb {
        name: "dump space",
        operands: "FILE…",
        summary: "space usage of every tree",
        classic: "/ms",
        options: &[
            TABLE,
            valued("--fields", "LIST", "fields and #sets (/f)"),
            flag("--all", "small trees too (/v)"),
            flag("--trees", "space trees (/d1)"),
            flag("--extents", "space trees and their extents (/d2)"),
            flag("--leaks", "leaked pages (/l)"),
            flag("--csv", "comma-separated columns (/csv)"),
        ],
        json: "trees: one object per row; summary",
        example: "eseutil dump space SRUDB.dat --leaks",
        build: build_space,
    },
    Verb {
        name: "dump pages",
        operands: "FILE…",
        summary: "what every page is used for",
        classic: "/mc /v",
        options: &[
            valued("--range", "FIRST-LAST", "pages (/p)"),
            flag("--totals", "the totals alone (without /v)"),
            flag("--full-categorization", "tell more kinds apart (/f)"),
        ],
        json: "totals, pages",
        example: "eseutil dump pages SRUDB.dat --range=4-9",
        build: build_pages,
    },
    Verb {
        name: "dump node",
        operands: "FILE…",
        summary: "one node, by place or by bookmark",
        classic: "/m /n, /m /i, /m /p /k",
        options: &[
            PAGE,
            valued("--line", "LINE", "line on the page; -1 all (/n)"),
            valued("--tag", "TAG", "tag on the page (/i)"),
            valued("--seek", "HEX", "key of the bookmark, from the root page given (/k)"),
            valued("--data", "HEX", "data of the bookmark (/d)"),
        ],
        json: "nodes",
        example: "eseutil dump node SRUDB.dat --page=31 --line=0",
        build: build_node,
    },
    Verb {
        name: "dump page",
        operands: "FILE…",
        summary: "one page",
        classic: "/m /p",
        options: &[PAGE, flag("--full", "allocation map and raw bytes (/v)")],
        json: "page",
        example: "eseutil dump page SRUDB.dat --page=31 --full",
        build: |given| {
            let page = given.number("--page")?;
            let page = page.ok_or_else(|| UsageError::Long("--page is missing".to_owned()))?;
            let options =
                DumpOptions { verbosity: given.verbosity("--full"), page: Some(page), ..given.none() };
            given.dump(DumpKind::Page, options)
        },
    },
    Verb {
        name: "dump tree",
        operands: "FILE…",
        summary: "every node of every tree",
        classic: "/mn",
        options: &[TABLE, flag("--deleted", "deleted nodes too (/a)")],
        json: "trees",
        example: "eseutil dump tree SRUDB.dat --table=MSysObjids",
        build: |given| {
            let options = DumpOptions {
                table: given.text("--table"),
                deleted_nodes: given.wanted("--deleted"),
                ..given.none()
            };
            given.dump(DumpKind::Nodes, options)
        },
    },
    Verb {
        name: "dump flushmap",
        operands: "FILE…",
        summary: "flush map",
        classic: "/mp",
        options: &[valued("--page", "PAGE", "this map page, -1 the header (/p)"), FULL],
        json: "header, or page",
        example: "eseutil dump flushmap SRUDB.jfm --page=0 --full",
        build: |given| {
            let options = DumpOptions {
                verbosity: given.verbosity("--full"),
                page: given.number("--page")?,
                ..given.none()
            };
            given.dump(DumpKind::FlushMap, options)
        },
    },
    Verb {
        name: "checksum",
        operands: "FILE…",
        summary: "every checksum of databases, logs, log sets, checkpoints and flush maps",
        classic: "/k",
        options: &[
            flag("--skip-database", "name the database but do not read it (/e)"),
            valued("--pause", "N", "sleep a second after every N reads"),
        ],
        json: "kind; of a database: pages_seen, bad, correctable, uninitialized, wrong_page_numbers, highest_dbtime, \
               damaged (page, file_offset, field, problem of each)",
        example: "eseutil checksum SRUDB.dat SRU.chk --json",
        build: |given| {
            let pause_after_reads = given.number("--pause")?.map(u32::try_from).transpose();
            Ok(Command::Checksum(ChecksumOptions {
                sources: given.files()?,
                skip_database: given.wanted("--skip-database"),
                temporary: None,
                pause_after_reads: pause_after_reads
                    .map_err(|_| UsageError::Long("--pause takes a number of reads".to_owned()))?,
            }))
        },
    },
    Verb {
        name: "check",
        operands: "FILE…",
        summary: "whether databases are sound: trees, space, indexes rebuilt from the rows, long values",
        classic: "/g",
        options: &[
            valued("--report", "PREFIX", "write PREFIX.INTEG.RAW (/f)"),
            flag("--no-indexes", "do not rebuild and compare indexes (/b)"),
            flag("--yes", "check a database that is not clean without asking (/o)"),
        ],
        json: "errors, warnings, counts, findings (severity, code, name, table, part, page, what of each)",
        example: "eseutil check SRUDB.dat --json",
        build: |given| {
            Ok(Command::Check(CheckOptions {
                sources: given.files()?,
                report_prefix: given.text("--report"),
                skip_indexes: given.wanted("--no-indexes"),
                assume_yes: given.wanted("--yes"),
                ..CheckOptions::default()
            }))
        },
    },
    Verb {
        name: "recover",
        operands: "BASE",
        summary: "bring databases to what was committed, from their logs",
        classic: "/r",
        options: &[
            valued("--logs", "FOLDER", "where the logs are (/l)"),
            valued("--system", "FOLDER", "where the checkpoint is (/s)"),
            valued("--databases", "FOLDER", "where all databases are, whatever the log says (/d)"),
            valued("--move", "NEW[=OLD]", "where one database is; several times (/n)"),
            flag("--others-in-place", "databases without --move stay where the log says (/n*)"),
            flag("--ignore-missing", "go on when a database is missing; it stays as it is (/i)"),
            flag("--truncate", "delete the logs that are not needed any more (/t)"),
            flag("--stop-before-undo", "redo only (/u)"),
            valued("--stop-at", "GEN", "stop behind this generation, decimal (/u)"),
            flag("--accept-log-loss", "commits in the last logs may be lost (/a)"),
            flag("--new-stream", "begin a stream where there are no logs (/e)"),
            flag("--verbose", "every step (/v)"),
        ],
        json: "redone, built, already_applied, restored, versions, warning",
        example: "eseutil recover SRU --databases .",
        build: build_recover,
    },
    Verb {
        name: "backup",
        operands: "DATABASE… --to FOLDER | --stream",
        summary: "back up databases that nobody has open, and the logs that make the copies whole",
        classic: "/b",
        options: &[
            valued("--to", "FOLDER", "a new or empty folder for the set"),
            flag("--stream", "the set as a tar stream on standard output"),
            flag(
                "--incremental",
                "the logs since the last full or incremental backup; they are deleted afterwards",
            ),
            flag("--differential", "the logs since the last full backup; none is deleted"),
            flag("--copy", "a full set that later incremental backups do not count on; no log is deleted"),
            valued("--logs", "FOLDER", "where the logs are; the folder of the first database without it"),
            valued("--system", "FOLDER", "where the checkpoint is; the folder of the logs without it"),
            valued("--base", "NAME", "base name of the logs, where there are several"),
            flag("--new-stream", "begin logs where there are none"),
        ],
        json: "kind, base_name, low_log, high_log, files (name, bytes), bytes, deleted_logs, seconds",
        example: "eseutil backup mail.edb --to /backup/monday",
        build: backup_restore::build_backup,
    },
    Verb {
        name: "verify-backup",
        operands: "SET…",
        summary: "checksums, signatures and continuity of backup sets, and what can be restored to which point",
        classic: "none",
        options: &[],
        json: "sets (folder, databases, logs, problems), points (low_log, high_log, time, databases, sets), restorable",
        example: "eseutil verify-backup /backup/monday /backup/tuesday",
        build: |given| Ok(Command::VerifyBackup(given.files()?)),
    },
    Verb {
        name: "restore show",
        operands: "FOLDER",
        summary: "Restore.env: what a restore in this folder is about",
        classic: "/cm",
        options: &[],
        json: "environment: one member per key of Restore.env, snake case; databases",
        example: "eseutil restore show /restore/sg1",
        build: |given| Ok(Command::RestoreShow(without_file_name(given.one_file()?))),
    },
    Verb {
        name: "restore run",
        operands: "FOLDER",
        summary: "hard recovery of a folder with Restore.env",
        classic: "/cc",
        options: &[
            flag("--folder-alone", "replay the logs of the folder and no others (/t)"),
            valued("--instance", "NAME", "replay the logs of this instance behind them (/tNAME)"),
            valued(
                "--run-in",
                "FOLDER",
                "replay the logs of this folder behind them; it gets the new log (/f)",
            ),
            flag("--keep-logs", "keep the folder (/k)"),
            flag("--again", "also when Restore.env says that it has been done"),
        ],
        json: "environment, folder_kept, redone, generation",
        example: "eseutil restore run /restore/sg1 --keep-logs",
        build: backup_restore::build_restore_run,
    },
    Verb {
        name: "restore pending",
        operands: "[FOLDER]",
        summary: "the \"Restore in Progress\" record of a system folder: shown and checked, carried out, or written",
        classic: "none",
        options: &[
            flag("--run", "do what it asks for, as a service does at its start"),
            flag("--create", "write it"),
            valued("--low", "GEN", "with --create: first log, hexadecimal"),
            valued("--high", "GEN", "with --create: last log, hexadecimal"),
            valued("--backup-logs", "FOLDER", "with --create: where the restored logs are"),
            valued("--logs", "FOLDER", "with --create: log folder of the instance"),
            valued("--map", "OLD=NEW", "with --create: where a database was and is; several times"),
            valued("--drive", "X=FOLDER", "what a drive letter in the record stands for; several times"),
        ],
        json: "record: low_log, high_log, map, log_path, backup_log_path, checkpoint_path, state; or null; done",
        example: "eseutil restore pending /var/lib/esent/sg1",
        build: backup_restore::build_pending,
    },
    Verb {
        name: "restore",
        operands: "SET… --to FOLDER",
        summary: "restore a full backup set and those that go on behind it, and run hard recovery",
        classic: "/cc",
        options: &[
            valued("--to", "FOLDER", "where the databases go"),
            valued(
                "--map",
                "NAME=PATH",
                "where one database goes: its file name or its old path; several times",
            ),
            valued("--only", "NAME", "this database alone; several times"),
            valued("--logs", "FOLDER", "log folder of the instance; --to without it"),
            valued("--system", "FOLDER", "folder of its checkpoint; that of the logs without it"),
            valued("--work", "FOLDER", "temporary folder, new or empty; one in --to without it"),
            flag("--overwrite", "replace databases that are there already"),
            flag("--set-only", "replay no logs of the instance behind those of the sets"),
            flag("--circular", "the source reused its logs (its log headers say it, too)"),
            flag("--keep", "keep the temporary folder"),
        ],
        json: "environment, databases, folder_kept, redone, generation",
        example: "eseutil restore /backup/monday /backup/tuesday --to /var/lib/esent/sg1",
        build: backup_restore::build_restore_sets,
    },
    Verb {
        name: "error",
        operands: "CODE…",
        summary: "what an error code means, and its other forms",
        classic: "none",
        options: &[],
        json: "codes: given, code, name, text, backup_library, engine",
        example: "eseutil error 0xc8000212",
        build: |given| {
            let codes = given.operands.iter().map(|code| code.to_string_lossy().into_owned());
            let codes: Vec<_> = codes.collect();
            if codes.is_empty() {
                return Err(UsageError::Long("no code is given".to_owned()));
            }
            Ok(Command::ErrorCodes(codes))
        },
    },
    Verb {
        name: "compact",
        operands: "FILE",
        summary: "a database without its holes: copied into a new file, which takes its place",
        classic: "/d",
        options: &[
            valued("--to", "NEW", "leave the compacted database there, and FILE as it is (/t /p)"),
            flag("--in-place", "put the compacted database in the place of FILE (default)"),
            valued("--backup", "FILE", "keep the old database under this name (/b)"),
            flag("--statistics", "write DFRGINFO.TXT (/n)"),
        ],
        json: "database, bytes_before, bytes_after, tables, records",
        example: "eseutil compact SRUDB.dat --backup=SRUDB.before",
        build: build_compact,
    },
    Verb {
        name: "export",
        operands: "FILE [TABLE]",
        summary: "all rows of a table, or of all tables",
        classic: "none",
        options: &[
            valued("--format", "jsonl|csv", "one JSON object a line (default), or CSV"),
            flag("--raw", "DateTime as the stored double"),
        ],
        json: "none: the rows are the output",
        example: "eseutil export SRUDB.dat MSysObjects --format csv",
        build: build_export,
    },
    Verb {
        name: "tables",
        operands: "FILE",
        summary: "names of the tables",
        classic: "none",
        options: &[],
        json: "tables",
        example: "eseutil tables SRUDB.dat",
        build: |given| Ok(Command::Tables(given.one_file()?)),
    },
    Verb {
        name: "info",
        operands: "FILE…",
        summary: "kind, version, page size and state of a file",
        classic: "none",
        options: &[],
        json: "kind, format_version, page_size, state",
        example: "eseutil info SRUDB.dat",
        build: |given| Ok(Command::Info(given.files()?)),
    },
];

/// Verbs of spec 10 §10.2 that later versions have.
pub const LATER_VERBS: &[(&str, &str)] = &[
    ("repair", "Repair (/p)"),
    ("copy", "Copy file (/y)"),
    ("scrub", "Secure (/z)"),
    ("trim", "Trim (/z /t)"),
];

/// Whether a word is, or begins, a verb of the long forms.
#[must_use]
pub fn is_verb(word: &str) -> bool {
    VERBS.iter().any(|verb| verb.name.split(' ').next() == Some(word))
        || LATER_VERBS.iter().any(|(name, _)| *name == word)
}

mod backup_restore;

/// What was given to a verb.
struct Given {
    options: Vec<(&'static str, String)>,
    operands: Vec<OsString>,
}

/// Understands everything after the program's name.
///
/// # Errors
/// [`UsageError::Long`].
pub fn parse(arguments: &[OsString]) -> Result<Command, UsageError> {
    let word = |index: usize| arguments.get(index).and_then(|argument| argument.to_str()).unwrap_or_default();
    if let Some((_, mode)) = LATER_VERBS.iter().find(|(name, _)| *name == word(0)) {
        return Ok(Command::Unavailable(mode));
    }
    let two_words = format!("{} {}", word(0), word(1));
    let Some(verb) = VERBS.iter().find(|verb| verb.name == word(0) || verb.name == two_words) else {
        return Err(UsageError::Long(format!(
            "'{}' is no command; `eseutil --help` lists the commands",
            two_words.trim()
        )));
    };
    let words = verb.name.split(' ').count();
    let given = read(verb, arguments.get(words..).unwrap_or_default())?;
    (verb.build)(&given)
}

/// `-`, or a number below zero: no option.
fn is_number_or_dash(text: &str) -> bool {
    text.get(1..).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn read(verb: &Verb, arguments: &[OsString]) -> Result<Given, UsageError> {
    let mut given = Given { options: Vec::new(), operands: Vec::new() };
    let mut waiting = arguments.iter();
    while let Some(argument) = waiting.next() {
        if argument == "--" {
            given.operands.extend(waiting.cloned());
            break;
        }
        let is_option = |text: &&str| text.starts_with('-') && !is_number_or_dash(text);
        let Some(text) = argument.to_str().filter(is_option) else {
            given.operands.push(argument.clone());
            continue;
        };
        let (name, attached) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        let option = verb.options.iter().find(|option| option.name == name).ok_or_else(|| {
            UsageError::Long(format!("'{name}' is no option of {0}; see `eseutil {0} --help`", verb.name))
        })?;
        let value = match (option.value, attached) {
            (None, None) => String::new(),
            (None, Some(_)) => return Err(UsageError::Long(format!("{name} takes no value"))),
            (Some(_), Some(value)) => value,
            (Some(what), None) => waiting
                .next()
                .and_then(|value| value.to_str())
                .ok_or_else(|| UsageError::Long(format!("{name} needs a value: {what}")))?
                .to_owned(),
        };
        given.options.push((option.name, value));
    }
    Ok(given)
}

impl Given {
    fn none(&self) -> DumpOptions {
        DumpOptions::default()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.options.iter().rev().find(|(given, _)| *given == name).map(|(_, value)| value.clone())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.options.iter().filter(move |(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    fn wanted(&self, name: &str) -> Wanted {
        if self.text(name).is_some() { Wanted::Yes } else { Wanted::No }
    }

    fn verbosity(&self, name: &str) -> Verbosity {
        if self.wanted(name).is_wanted() { Verbosity::Data } else { Verbosity::Summary }
    }

    fn number(&self, name: &str) -> Result<Option<i64>, UsageError> {
        self.text(name)
            .map(|value| {
                value.parse().map_err(|_| UsageError::Long(format!("{name}: '{value}' is no number")))
            })
            .transpose()
    }

    fn files(&self) -> Result<Vec<PathBuf>, UsageError> {
        if self.operands.is_empty() {
            return Err(UsageError::Long("no file is named".to_owned()));
        }
        Ok(self.operands.iter().map(PathBuf::from).collect())
    }

    fn one_file(&self) -> Result<PathBuf, UsageError> {
        match self.files()?.as_slice() {
            [file] => Ok(file.clone()),
            _ => Err(UsageError::Long("one file is enough".to_owned())),
        }
    }

    fn dump(&self, kind: DumpKind, options: DumpOptions) -> Result<Command, UsageError> {
        Ok(Command::Dump(Dump { kind, sources: self.files()?, options }))
    }
}

fn build_compact(given: &Given) -> Result<Command, UsageError> {
    let target = given.text("--to").map(PathBuf::from);
    let backup = given.text("--backup").map(PathBuf::from);
    if target.is_some() && (backup.is_some() || given.wanted("--in-place").is_wanted()) {
        return Err(UsageError::Long("--to leaves the file as it is: no --in-place, no --backup".to_owned()));
    }
    let keeps_source = if target.is_some() { Wanted::Yes } else { Wanted::No };
    Ok(Command::Compact(CompactOptions {
        source: given.one_file()?,
        target,
        backup,
        keeps_source,
        statistics: given.wanted("--statistics"),
        ..CompactOptions::default()
    }))
}

fn build_recover(given: &Given) -> Result<Command, UsageError> {
    let base_name = given.one_file()?.to_string_lossy().into_owned();
    let stop_generation = match given.number("--stop-at")? {
        None => None,
        Some(generation) => Some(
            i32::try_from(generation)
                .ok()
                .filter(|generation| *generation > 0)
                .ok_or_else(|| UsageError::Long(format!("--stop-at: '{generation}' is no generation")))?,
        ),
    };
    let moves = given.options.iter().filter(|(name, _)| *name == "--move").map(|(_, value)| {
        let (new, old) = value.split_once('=').map_or((value.as_str(), None), |(new, old)| (new, Some(old)));
        MovedDatabase { new: new.to_owned(), old: old.map(str::to_owned) }
    });
    let moved: Vec<_> = moves.collect();
    let databases = given.text("--databases");
    if databases.is_some() && !moved.is_empty() {
        return Err(UsageError::Long("either --databases or --move".to_owned()));
    }
    let stops = given.wanted("--stop-before-undo").is_wanted() || stop_generation.is_some();
    Ok(Command::Recover(RecoverOptions {
        base_name,
        logs: given.text("--logs"),
        system: given.text("--system"),
        databases: databases.map(Some),
        moved,
        unnamed_stay: given.wanted("--others-in-place"),
        ignore_missing: given.wanted("--ignore-missing"),
        truncate: given.wanted("--truncate"),
        without_undo: if stops { Wanted::Yes } else { Wanted::No },
        stop_generation,
        accept_loss: given.wanted("--accept-log-loss"),
        may_be_empty: given.wanted("--new-stream"),
        verbose: given.wanted("--verbose"),
        ..RecoverOptions::default()
    }))
}

fn build_log(given: &Given) -> Result<Command, UsageError> {
    let verbosity = if given.wanted("--data").is_wanted() {
        Verbosity::Data
    } else if given.wanted("--records").is_wanted() {
        Verbosity::Structure
    } else {
        Verbosity::Summary
    };
    let generations = given
        .text("--range")
        .map(|range| {
            generation_range(&range)
                .ok_or_else(|| UsageError::Long(format!("--range: '{range}' is no range of generations")))
        })
        .transpose()?;
    let options = DumpOptions {
        verbosity,
        io_table: given.wanted("--io"),
        csv_file: given.text("--csv").map(PathBuf::from),
        generations,
        ..given.none()
    };
    given.dump(DumpKind::Log, options)
}

fn build_space(given: &Given) -> Result<Command, UsageError> {
    let fields = field_list(&given.text("--fields").unwrap_or_default())
        .map_err(|unknown| UsageError::Long(format!("--fields: '{unknown}' is no field")))?;
    let space_trees = if given.wanted("--extents").is_wanted() {
        SpaceTrees::Extents
    } else if given.wanted("--trees").is_wanted() {
        SpaceTrees::Rows
    } else {
        SpaceTrees::Hidden
    };
    let options = DumpOptions {
        verbosity: given.verbosity("--all"),
        table: given.text("--table"),
        csv_columns: given.wanted("--csv"),
        leaks: given.wanted("--leaks"),
        space_trees,
        fields,
        ..given.none()
    };
    given.dump(DumpKind::Space, options)
}

fn build_pages(given: &Given) -> Result<Command, UsageError> {
    let pages = given
        .text("--range")
        .map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((&range, &range));
            match (first.parse(), last.parse()) {
                (Ok(first), _) if last.is_empty() || last == "max" => Ok(PageRange { first, last: None }),
                (Ok(first), Ok(last)) => Ok(PageRange { first, last: Some(last) }),
                _ => Err(UsageError::Long(format!("--range: '{range}' is no range of pages"))),
            }
        })
        .transpose()?;
    let options = DumpOptions {
        verbosity: if given.wanted("--totals").is_wanted() { Verbosity::Summary } else { Verbosity::Data },
        full_categorization: given.wanted("--full-categorization"),
        pages,
        ..given.none()
    };
    given.dump(DumpKind::SpaceCategory, options)
}

fn build_node(given: &Given) -> Result<Command, UsageError> {
    let page = given.number("--page")?.ok_or_else(|| UsageError::Long("--page is missing".to_owned()))?;
    let (kind, line) = match (given.number("--line")?, given.number("--tag")?, given.text("--seek")) {
        (line, None, None) => (DumpKind::Node, Some(line.unwrap_or(-1))),
        (None, tag @ Some(_), None) => (DumpKind::Tag, tag),
        (None, None, Some(_)) => (DumpKind::Seek, None),
        _ => return Err(UsageError::Long("only one of --line, --tag and --seek".to_owned())),
    };
    let options = DumpOptions {
        page: Some(page),
        line,
        key: given.text("--seek"),
        data: given.text("--data"),
        ..given.none()
    };
    given.dump(kind, options)
}

fn build_export(given: &Given) -> Result<Command, UsageError> {
    let format = match given.text("--format").as_deref() {
        None | Some("jsonl") => ExportFormat::JsonLines,
        Some("csv") => ExportFormat::Csv,
        Some(other) => return Err(UsageError::Long(format!("--format: '{other}' is neither jsonl nor csv"))),
    };
    let (source, table) = match given.operands.as_slice() {
        [source] => (source, None),
        [source, table] => (source, Some(table.to_string_lossy().into_owned())),
        _ => return Err(UsageError::Long("export takes a database and at most one table".to_owned())),
    };
    Ok(Command::Export(ExportOptions {
        source: source.into(),
        table,
        format,
        raw_dates: given.wanted("--raw"),
    }))
}
