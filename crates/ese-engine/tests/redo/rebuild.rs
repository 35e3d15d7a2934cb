//! Spec 06 §20.1, §20.3 and §20.6: whole databases from logs alone, over dirty files, and over complete ones.

use std::path::Path;

use ese_corpus::{corpus, report, skipped};
use ese_engine::redo::{Redo, RedoCounts};
use ese_format::log::record::Record;
use ese_format::page::PageMut;
use ese_format::page_size::PageSize;

use crate::memory::{Compared, MemoryPages, OneDatabase};
use crate::sets::{Logs, begin_everywhere, bytes_of, feed, header_of, one_database};

/// A set: its name, where its logs are, and its database at their end.
struct Set {
    name: &'static str,
    logs: &'static [&'static str],
    database: &'static str,
}

const WHOLE: [Set; 12] = [
    Set {
        name: "crash-A",
        logs: &["ese/crash-A/dirty", "ese/crash-A/recovered"],
        database: "ese/crash-A/recovered/crash.edb",
    },
    Set {
        name: "crash-B",
        logs: &["ese/crash-B/dirty", "ese/crash-B/recovered"],
        database: "ese/crash-B/recovered/crash.edb",
    },
    Set {
        name: "crash-C",
        logs: &["ese/crash-C/dirty", "ese/crash-C/recovered"],
        database: "ese/crash-C/recovered/crash.edb",
    },
    Set {
        name: "crash-E",
        logs: &["ese/crash-E/dirty", "ese/crash-E/recovered"],
        database: "ese/crash-E/recovered/crash.edb",
    },
    Set {
        name: "crash-G",
        logs: &["ese/crash-G/dirty", "ese/crash-G/recovered"],
        database: "ese/crash-G/recovered/crash.edb",
    },
    Set { name: "types", logs: &["ese/types"], database: "ese/types/types.edb" },
    Set { name: "types-32k", logs: &["ese/types-32k"], database: "ese/types-32k/types.edb" },
    Set { name: "indexes", logs: &["ese/indexes"], database: "ese/indexes/indexes.edb" },
    Set { name: "fresh-4k", logs: &["ese/fresh-4k"], database: "ese/fresh-4k/fresh.edb" },
    Set { name: "fresh-8k", logs: &["ese/fresh-8k"], database: "ese/fresh-8k/fresh.edb" },
    Set { name: "fresh-16k", logs: &["ese/fresh-16k"], database: "ese/fresh-16k/fresh.edb" },
    Set { name: "fresh-32k", logs: &["ese/fresh-32k"], database: "ese/fresh-32k/fresh.edb" },
];

/// Replays all logs; gives what was done.
fn replay(logs: &Logs, target: &mut OneDatabase) -> RedoCounts {
    let mut redo = Redo::new();
    let mut through = None;
    logs.visit(|record| {
        if let Err(error) = feed(&mut redo, record, target) {
            panic!("{}: {:?}: {error}", record.position, record.record_type());
        }
        through = Some(record.position);
    });
    target.database.check_maps().expect("every page that was put off was cut off later");
    let counts = redo.counts();
    let left = redo.into_sessions().expect("every before-image is there");
    assert!(left.is_empty(), "open at {through:?}: {left:?}");
    counts
}

fn compare(name: &str, target: &OneDatabase, file: &[u8], is_asked: impl Fn(u32) -> bool) -> Compared {
    target.database.pages().compare(file, is_asked, |page, problem| report!("{name}: page {page}: {problem}"))
}

#[test]
fn databases_are_rebuilt_from_their_logs_alone() {
    let Some(corpus) = corpus() else { return skipped("databases_are_rebuilt_from_their_logs_alone") };
    let mut different = 0;
    for set in &WHOLE {
        let file = bytes_of(&corpus, set.database);
        let logs = Logs::of(&corpus, set.logs);
        let mut target = one_database(MemoryPages::new(header_of(&file).page_size()), 1, 0);
        let counts = replay(&logs, &mut target);
        let compared = compare(set.name, &target, &file, |_| true);
        report!("{} from generations {}: {compared:?}, {counts:?}", set.name, logs.generations());
        assert!(compared.pages > 10 && counts.skipped == 0, "{}", set.name);
        assert!(target.database.dbtime() <= header_of(&file).fields.dbtime.get(), "{}", set.name);
        different += compared.different;
    }
    assert_eq!(different, 0);
}

#[test]
fn dirty_files_are_brought_forward() {
    let Some(corpus) = corpus() else { return skipped("dirty_files_are_brought_forward") };
    let mut different = 0;
    for set in WHOLE.iter().filter(|set| set.name.starts_with("crash")) {
        let dirty = bytes_of(&corpus, &format!("ese/{}/dirty/crash.edb", set.name));
        let recovered = bytes_of(&corpus, set.database);
        let logs = Logs::of(&corpus, set.logs);
        let header = header_of(&dirty);
        let pages = MemoryPages::of_file(header.page_size(), &dirty);
        let loaded = pages.len();
        let required = header.fields.generation_max_required.get() as i32;
        let mut target = one_database(pages, 1, required);
        let counts = replay(&logs, &mut target);
        let compared = compare(set.name, &target, &recovered, |_| true);
        report!("{} over {loaded} dirty pages: {compared:?}, {counts:?}", set.name);
        assert!(counts.applied > 0, "{}: nothing had been flushed", set.name);
        different += compared.different;
    }
    assert_eq!(different, 0);
}

#[test]
fn fuzzy_backups_are_brought_forward() {
    let Some(corpus) = corpus() else { return skipped("fuzzy_backups_are_brought_forward") };
    let sets: [(&str, &str, &[&str], &str); 3] = [
        (
            "backup-full",
            "ese/backup-full/full",
            &["ese/backup-full/full", "ese/backup-full/restored"],
            "ese/backup-full/restored/src.edb",
        ),
        (
            "incremental 1",
            "ese/backup-incremental/full",
            &[
                "ese/backup-incremental/full",
                "ese/backup-incremental/incr1",
                "ese/backup-incremental/restored-incr1",
            ],
            "ese/backup-incremental/restored-incr1/src.edb",
        ),
        (
            "incremental 2",
            "ese/backup-incremental/full",
            &[
                "ese/backup-incremental/full",
                "ese/backup-incremental/incr1",
                "ese/backup-incremental/incr2",
                "ese/backup-incremental/restored-incr2",
            ],
            "ese/backup-incremental/restored-incr2/src.edb",
        ),
    ];
    let mut different = 0;
    for (name, full, folders, restored) in sets {
        let copy = bytes_of(&corpus, &format!("{full}/src.edb"));
        let logs = Logs::of(&corpus, folders);
        let in_copy = Logs::of(&corpus, &[full]);
        let size = header_of(&copy).page_size();
        // The last page of a streamed copy is its trailer.
        let pages =
            MemoryPages::of_file(size, copy.get(..copy.len() - size.bytes()).expect("longer than a page"));
        let loaded = pages.len();
        let through = in_copy.0.last_key_value().map_or(0, |(generation, _)| *generation);
        let mut target = one_database(pages, 1, through);
        let counts = replay(&logs, &mut target);
        let compared = compare(name, &target, &bytes_of(&corpus, restored), |_| true);
        report!("{name} over {loaded} pages, generations {}: {compared:?}, {counts:?}", logs.generations());
        different += compared.different;
    }
    assert_eq!(different, 0);
}

/// Puts the page that a record has the image of into memory, as it was before the record, unless it is there.
fn seed_from_image(record: &Record<'_>, size: PageSize, target: &mut OneDatabase) {
    let (image, page) = match record {
        Record::Split2(split) => (split.before_image(), &split.split.page),
        Record::Merge2(merge) => (merge.before_image(), &merge.merge.page),
        _ => return,
    };
    let number = page.page_number;
    if page.dbid != target.dbid || target.database.pages().get(number).is_some() {
        return;
    }
    if let Some(image) = image {
        let mut bytes = image.unpack(size).expect("an image of the corpus");
        PageMut::open(&mut bytes, size, number).expect("a page").set_dbtime(page.dbtime_before);
        target.database.pages().put(number, bytes);
        target.database.maps.remove(number);
    }
}

/// Replays the end of a stream: pages whose history begins inside of it are built, the others stay unknown.
pub(crate) fn replay_tail(logs: &Logs, target: &mut OneDatabase, size: PageSize) -> RedoCounts {
    let mut redo = Redo::new();
    begin_everywhere(&mut redo, target);
    logs.visit(|record| {
        let decoded = record.decode().expect("a record of the corpus");
        seed_from_image(&decoded, size, target);
        if let Err(error) = feed(&mut redo, record, target) {
            panic!("{}: {:?}: {error}", record.position, record.record_type());
        }
        if matches!(decoded, Record::Init2(_)) {
            begin_everywhere(&mut redo, target);
        }
    });
    redo.counts()
}

/// The sets of Windows: name, folder of the logs, database.
pub(crate) const WINDOWS: [(&str, &str, &str); 2] = [
    ("APT", "windows/srum-aptsimulator", "windows/srum-aptsimulator/SRUDB.dat"),
    ("Belkasoft", "windows/srum-belkasoft/Dirty", "windows/srum-belkasoft/Dirty/SRUDB.dat"),
];

#[test]
fn tracked_pages_of_windows_are_rebuilt() {
    let Some(corpus) = corpus() else { return skipped("tracked_pages_of_windows_are_rebuilt") };
    let (mut different, mut pages) = (0, 0);
    for (name, folder, database) in WINDOWS {
        let file = bytes_of(&corpus, database);
        let size = header_of(&file).page_size();
        let logs = Logs::of(&corpus, &[folder]);
        let mut target = one_database(MemoryPages::new(size), 1, i32::MAX);
        let counts = replay_tail(&logs, &mut target, size);
        let tracked: Vec<u32> = target.database.pages().numbers();
        let compared = compare(name, &target, &file, |page| tracked.binary_search(&page).is_ok());
        report!("{name}, generations {}: {compared:?}, {counts:?}", logs.generations());
        different += compared.different;
        pages += compared.pages;
    }
    report!("tracked pages of Windows: {pages}");
    assert!(pages >= 92 + 37, "{pages}");
    assert_eq!(different, 0);
}

#[test]
fn complete_databases_are_left_alone() {
    let Some(corpus) = corpus() else { return skipped("complete_databases_are_left_alone") };
    for (name, folder, database) in WINDOWS {
        let counts = replay_over_complete(&corpus, &[folder], database);
        report!("{name}, complete: {counts:?}");
        assert_eq!((counts.redone, counts.built, counts.skipped, counts.restored), (0, 0, 0, 0), "{name}");
        assert!(counts.applied > 500, "{name}");
    }
    for set in &WHOLE {
        let counts = replay_over_complete(&corpus, set.logs, set.database);
        report!("{}, complete: {counts:?}", set.name);
        assert_eq!(
            (counts.redone, counts.built, counts.skipped, counts.restored),
            (0, 0, 0, 0),
            "{}",
            set.name
        );
    }
}

fn replay_over_complete(corpus: &Path, folders: &[&str], database: &str) -> RedoCounts {
    let file = bytes_of(corpus, database);
    let size = header_of(&file).page_size();
    let logs = Logs::of(corpus, folders);
    let mut target = one_database(MemoryPages::of_file(size, &file), 1, i32::MAX);
    replay_tail(&logs, &mut target, size)
}
