//! Our backups beside those that Microsoft's engine took of its workload (data/ese/backup-full, backup-incremental): the
//! same layout of the stream, the same steps in the logs, the same ranges.

use std::collections::BTreeMap;

use ese_corpus::CorpusFile;
use ese_format::checksum::{PageVerdict, verify_page};
use ese_format::database_header::{DatabaseHeader, DatabaseState};
use ese_format::log::LogFile;
use ese_format::log::record::{BackupMethod, BackupPhase, BackupScope, Record};
use ese_format::page_size::PageSize;
use ese_format::trailer::Trailer;

use crate::backup::{FULL, INCREMENTAL, Memory, PAGE, Stage, workload};

/// Logs by their generations.
type Logs = BTreeMap<u32, Vec<u8>>;

/// What a reader of the log sees of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sign {
    /// A step: what it is, of how, how much, which database; and whether its upper generation is the one before its own
    /// (an update), or not said.
    Step(BackupPhase, BackupMethod, BackupScope, u8, Option<bool>),
    /// A note, up to its first figures and names.
    Note(String),
}

fn signs_of(logs: &Logs) -> Vec<Sign> {
    let mut signs = Vec::new();
    for (generation, content) in logs {
        let log = LogFile::read(content).unwrap();
        assert_eq!(log.header().generation.get().unsigned_abs(), *generation);
        for record in log.records() {
            match record.decode().unwrap() {
                Record::Backup2(step) => {
                    let high = step.info.generation_high.get();
                    let range = (step.phase == BackupPhase::UPDATE).then_some(high + 1 == *generation);
                    signs.push(Sign::Step(step.phase, step.method, step.scope, step.dbid, range));
                }
                Record::Trace(trace) => {
                    let text = String::from_utf8_lossy(trace.text).into_owned();
                    assert!(text.ends_with('\0') || !text.contains("ackup"), "{text:?}");
                    let said = text.split_once("] ").map_or("", |(_, said)| said);
                    let known = ["Start backup file", "Stop backup file", "BACKUP PREPARE LOGS (copy 0x"];
                    if let Some(known) = known.into_iter().find(|known| said.starts_with(known)) {
                        signs.push(Sign::Note(known.into()));
                    }
                }
                _ => {}
            }
        }
    }
    signs
}

/// Checks the stream of a database beside the logs of its set, and says what must be the same in all such streams.
fn check_stream(stream: &[u8], logs: &Logs) -> (bool, Option<DatabaseState>) {
    let pages = stream.len() / PAGE;
    let header = DatabaseHeader::decode(&stream[..PAGE]).unwrap();
    let current = header.fields.backup_full_current;
    let (lowest, highest) = (*logs.keys().next().unwrap(), *logs.keys().last().unwrap());
    assert_eq!((current.generation_low.get(), current.generation_high.get()), (lowest, 0));
    let mark = current.mark.generation.get().unsigned_abs();
    assert!((lowest..=highest).contains(&mark) && current.time.is_set());
    let required = header.fields.generation_min_required.get();
    assert!(lowest <= required && required <= header.fields.generation_max_required.get());
    for number in 1..=(pages - 3) as u32 {
        let page = &stream[(number as usize + 1) * PAGE..][..PAGE];
        let verdict = verify_page(page, PageSize::K4, number).unwrap();
        assert!(matches!(verdict, PageVerdict::Good(_) | PageVerdict::Uninitialized), "page {number}");
    }
    let trailer = Trailer::decode(&stream[(pages - 1) * PAGE..], PageSize::K4).unwrap();
    trailer.check_belongs_to(&header).unwrap();
    assert_eq!((trailer.backup.mark, trailer.backup.time), (current.mark, current.time));
    let high = trailer.backup.generation_high.get();
    assert!(mark <= high && high <= highest, "the generation behind the last page");
    for (before, after) in logs.values().zip(logs.values().skip(1)) {
        let (before, after) = (LogFile::read(before).unwrap(), LogFile::read(after).unwrap());
        after.header().check_follows(before.header()).unwrap();
    }
    (stream[..PAGE] == stream[PAGE..2 * PAGE], header.state())
}

fn logs_of(files: &[CorpusFile]) -> Logs {
    let logs = files.iter().filter_map(|file| {
        let digits = file.file_name().strip_prefix("edb")?.strip_suffix(".log")?;
        Some((u32::from_str_radix(digits, 16).ok()?, file.bytes()))
    });
    logs.collect()
}

#[test]
fn our_backups_are_laid_out_as_those_of_the_original() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("backups beside the original's");
    };
    let folder = corpus.join("ese/backup-incremental");
    let full = ese_corpus::files(&folder.join("full"));
    let mut theirs = logs_of(&full);
    let copy = full.iter().find(|file| file.file_name() == "src.edb").expect("a database").bytes();
    let their_stream = check_stream(&copy, &theirs);
    for later in ["incr1", "incr2"] {
        theirs.extend(logs_of(&ese_corpus::files(&folder.join(later))));
    }
    let other = ese_corpus::files(&corpus.join("ese/backup-full/full"));
    let other_copy = other.iter().find(|file| file.file_name() == "src.edb").expect("a database").bytes();
    assert_eq!(check_stream(&other_copy, &logs_of(&other)), their_stream);

    let mut stage = Stage::new(workload(31, ese_engine::log::Circular::Off));
    stage.write_generations(4);
    let (mut ours, mut our_stream) = (Logs::new(), None);
    for request in [FULL, INCREMENTAL, INCREMENTAL] {
        let mut memory = Memory::default();
        stage.instance.stream_backup(request, &mut memory).unwrap();
        let mut logs = Logs::new();
        let mut database = None;
        for (path, content) in memory.files {
            match LogFile::read(&content) {
                Ok(log) => {
                    let generation = log.header().generation.get().unsigned_abs();
                    logs.insert(generation, content);
                }
                Err(_) => database = Some((path, content)),
            }
        }
        if let Some((_, copy)) = database {
            our_stream = Some(check_stream(&copy, &logs));
        }
        ours.extend(logs);
        stage.write_generations(2);
    }
    assert_eq!(our_stream, Some(their_stream));
    let (ours, theirs) = (signs_of(&ours), signs_of(&theirs));
    assert_eq!(ours, theirs);
    ese_corpus::report!("backup: {} signs in the logs are the original's, in its order", ours.len());
}
