//! Hard recovery of the original engine's backup sets: to the rows the original engine read, from every prefix of a
//! chain, and through every power cut.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_corpus::{corpus, report, skipped};
use ese_engine::cache::PageCache;
use ese_engine::database::{AcceptedStates, Database, OpenOptions};
use ese_engine::error::Result;
use ese_engine::instance::{Instance, InstanceSettings, TermKind};
use ese_engine::io::{Background, FileSystem, Host, PowerLoss, SimulatedFileSystem};
use ese_engine::recovery::{
    GenerationRange, MapEntry, MapOptions, NoControl, RecoveryControl, RecoveryEvent, RecoveryProgress,
};
use ese_engine::restore::{RestoreOptions, RestoreRequest, Restored, restore};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::backup_info::BackupInfo;
use ese_format::database_header::{DatabaseHeader, DatabaseState, choose_header};
use ese_format::error::JetError;
use ese_format::log::names::GenerationDigits;
use ese_format::log::{LogFile, LogHeader};

use crate::original_engine::compare;
use crate::samples::Sample;

const LOGGED: &str = r"C:\ese\backup-full\src.edb";
const COPY: &str = "/db/src.edb";

/// A set of the corpus.
#[derive(Clone, Copy, Debug)]
struct Set {
    name: &'static str,
    /// The folder with the copy.
    copy: &'static str,
    /// The folders with the logs, the later over the earlier.
    logs: &'static [&'static str],
    given: (i32, i32),
    /// What the original engine read afterwards.
    expected: &'static str,
    /// The file that its restore left.
    restored: &'static str,
}

const SETS: [Set; 4] = [
    Set {
        name: "backup-full",
        copy: "ese/backup-full/full",
        logs: &["ese/backup-full/full"],
        given: (5, 14),
        expected: "ese/backup-full/expected-restored.jsonl",
        restored: "ese/backup-full/restored/src.edb",
    },
    Set {
        name: "backup-incremental, the first",
        copy: "ese/backup-incremental/full",
        logs: &["ese/backup-incremental/full", "ese/backup-incremental/incr1"],
        given: (6, 0x13),
        expected: "ese/backup-incremental/expected-restored-incr1.jsonl",
        restored: "ese/backup-incremental/restored-incr1/src.edb",
    },
    Set {
        name: "backup-incremental, both",
        copy: "ese/backup-incremental/full",
        logs: &[
            "ese/backup-incremental/full",
            "ese/backup-incremental/incr1",
            "ese/backup-incremental/incr2",
        ],
        given: (6, 0x14),
        expected: "ese/backup-incremental/expected-restored-incr2.jsonl",
        restored: "ese/backup-incremental/restored-incr2/src.edb",
    },
    Set {
        name: "legacy, atomic",
        copy: "ese/legacy/bk/new",
        logs: &["ese/legacy/bk/new"],
        given: (2, 9),
        expected: "ese/legacy/expected-restored-bk.jsonl",
        restored: "ese/legacy/restored-bk/src.edb",
    },
];

/// A set on a simulated disk: the logs in /bk, the copy in /db, what the restore writes in /log and /sys.
struct Scene {
    disk: SimulatedFileSystem,
    given: GenerationRange,
}

impl Scene {
    fn of(corpus: &Path, set: &Set) -> Self {
        // A page reaches the disk as a whole, or not at all: torn ones are for fresh copies.
        let disk = SimulatedFileSystem::with_sectors("edb", 4096);
        for folder in set.logs {
            for file in ese_corpus::files_ending(&corpus.join(folder), &[".log"]) {
                disk.put(Path::new("/bk").join(file.file_name()), file.bytes());
            }
        }
        let copy = ese_corpus::file(corpus, &format!("{}/src.edb", set.copy)).expect("a copy");
        disk.put(COPY, copy.bytes());
        Self { disk, given: GenerationRange { low: set.given.0, high: set.given.1 } }
    }

    /// The same files on another disk.
    fn copied(&self) -> Self {
        let disk = SimulatedFileSystem::with_sectors("edb", 4096);
        for folder in ["/bk", "/db", "/log", "/sys"] {
            for path in self.disk.list(Path::new(folder)).unwrap() {
                disk.put(&path, self.disk.content(&path).unwrap());
            }
        }
        Self { disk, given: self.given }
    }

    fn host(&self) -> Host {
        let host = Host::simulated(Arc::new(self.disk.clone()), 1);
        Host { background: Background::Inline, ..host }
    }

    fn settings(&self) -> InstanceSettings {
        let mut settings = InstanceSettings::in_folder(self.host(), Path::new("/sys"));
        settings.log_folder = PathBuf::from("/log");
        settings.digits = GenerationDigits::Eight;
        settings.name = "Restore0001".to_owned();
        settings
    }

    fn restore(&self, control: &mut dyn RecoveryControl) -> Result<Restored> {
        let map = MapEntry {
            logged: Some(LOGGED.to_owned()),
            path: PathBuf::from(COPY),
            options: MapOptions::empty(),
        };
        let request = RestoreRequest {
            settings: self.settings(),
            cache: PageCache::new(8 << 20),
            backup_folder: PathBuf::from("/bk"),
            given: self.given,
            map: vec![map],
            target: None,
            options: RestoreOptions::empty(),
        };
        restore(&request, control)
    }

    fn header(&self) -> DatabaseHeader {
        choose_header(&self.disk.content(Path::new(COPY)).unwrap()).expect("a header").header
    }

    fn database(&self) -> Database {
        let options = OpenOptions {
            file_system: Arc::new(self.disk.clone()),
            states: AcceptedStates::CleanOnly,
            ..OpenOptions::default()
        };
        Database::open(COPY, &options).unwrap_or_else(|error| panic!("{error}"))
    }

    fn check_content(&self, corpus: &Path, set: &Set) -> String {
        let dump = ese_corpus::file(corpus, set.expected).expect("a dump");
        let file = ese_corpus::file(corpus, set.restored).expect("a database");
        let database = self.database();
        let sample = Sample { name: set.name.to_owned(), file, dumps: vec![dump] };
        let counts = compare(&sample, &database);
        let report = verify(&database, &VerifyOptions::default(), &mut |_| {});
        for finding in report.damage() {
            report!("{}: {finding}", set.name);
        }
        assert!(report.is_sound(), "{}", set.name);
        counts.to_string()
    }

    /// The logs of the set, for comparing them.
    fn sources(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let paths = self.disk.list(Path::new("/bk")).unwrap();
        paths.into_iter().map(|path| (path.clone(), self.disk.content(&path).unwrap())).collect()
    }

    /// A clean header without a memory of backups, a log and a checkpoint that an instance starts with.
    fn check_ended(&self) {
        let header = self.header();
        assert_eq!(header.state(), Some(DatabaseState::CleanShutdown));
        let fields = &header.fields;
        let none = BackupInfo::default();
        assert_eq!(
            [
                fields.backup_full_previous,
                fields.backup_incremental_previous,
                fields.backup_full_current,
                fields.backup_snapshot_current,
                fields.backup_copy_previous,
                fields.backup_differential_previous,
            ],
            [none; 6]
        );
        assert_eq!(fields.generation_max_required.get(), 0);
        let paths = self.disk.list(Path::new("/log")).unwrap();
        assert_eq!(paths, [PathBuf::from("/log/edb.log")]);
        let instance = Instance::start(self.settings()).expect("an instance starts with what is there");
        instance.stop(TermKind::Complete).expect("it stops");
    }
}

#[test]
fn the_backup_sets_of_the_original_engine_are_restored_to_their_rows() {
    let Some(corpus) = corpus() else {
        return skipped("the_backup_sets_of_the_original_engine_are_restored_to_their_rows");
    };
    for set in &SETS {
        let scene = Scene::of(&corpus, set);
        let sources = scene.sources();
        let restored = scene.restore(&mut NoControl).unwrap_or_else(|error| panic!("{}: {error}", set.name));
        assert_eq!(scene.sources(), sources, "{}: the set is as it was", set.name);
        assert_eq!(restored.warning, None);
        assert_eq!(restored.generation, set.given.1 + 1);
        scene.check_ended();
        let file = ese_corpus::file(&corpus, set.restored).expect("a database");
        let length = |bytes: &[u8]| bytes.len();
        let (ours, theirs) = (scene.disk.content(Path::new(COPY)).unwrap(), file.bytes());
        assert_eq!(length(&ours), length(&theirs), "{}: no trailer, no page too many", set.name);
        report!("{}: {}; {:?}", set.name, scene.check_content(&corpus, set), restored.counts);
    }
}

/// Writes down what is told, in the words of spec 07 §22.2.
#[derive(Default)]
struct Told(Vec<String>);

impl RecoveryControl for Told {
    fn decide(&mut self, event: &RecoveryEvent<'_>, default: JetError) -> JetError {
        self.0.push(match event {
            RecoveryEvent::OpenLog { generation, path, databases, reason, .. } => {
                format!("open {generation:#x} {reason:?} {} {}", path.display(), databases.len())
            }
            RecoveryEvent::MissingLog { generation, path, databases, next, .. } => {
                format!("missing {generation:#x} {next:?} {} {}", path.display(), databases.len())
            }
            RecoveryEvent::BeginUndo { databases } => format!("undo {}", databases.len()),
            RecoveryEvent::Notification { event } => format!("event {event}"),
            other => format!("{other:?}"),
        });
        default
    }

    fn progress(&mut self, progress: RecoveryProgress) -> JetError {
        self.0.push(format!("{progress:?}"));
        JetError::from_code(0)
    }
}

#[test]
fn what_a_restore_tells_is_in_the_order_of_the_original() {
    let Some(corpus) = corpus() else {
        return skipped("what_a_restore_tells_is_in_the_order_of_the_original");
    };
    let scene = Scene::of(&corpus, &SETS[0]);
    let mut told = Told::default();
    scene.restore(&mut told).expect("it is restored");
    let told = told.0;
    let events: Vec<_> = told.iter().filter(|line| !line.starts_with("Percent")).cloned().collect();
    let mut expected = vec!["Begin".to_owned()];
    for generation in 5..=14 {
        let databases = u8::from(generation > 5);
        expected.push(format!("open {generation:#x} Redo /bk/edb{generation:08X}.log {databases}"));
        expected.push("event 301".to_owned());
    }
    expected.extend([
        "open 0xf Redo /bk/edb0000000F.log 1".to_owned(),
        "open 0xf Redo /log/edb0000000F.log 1".to_owned(),
        "open 0xf Redo /log/edb.log 1".to_owned(),
        "missing 0xf ContinueToUndo /log/edb.log 1".to_owned(),
        "undo 1".to_owned(),
        "Complete".to_owned(),
    ]);
    assert_eq!(events, expected);
    let percents: Vec<u32> = told
        .iter()
        .filter_map(|line| line.strip_prefix("Percent(")?.strip_suffix(')')?.parse().ok())
        .collect();
    assert!(percents.is_sorted_by(|left, right| left < right), "{percents:?}");
    assert!(percents.iter().all(|percent| *percent < 100) && percents.len() > 50, "{percents:?}");
}

#[test]
fn the_records_of_the_new_log_are_those_of_the_original() {
    let Some(corpus) = corpus() else {
        return skipped("the_records_of_the_new_log_are_those_of_the_original");
    };
    for set in &SETS {
        let scene = Scene::of(&corpus, set);
        scene.restore(&mut NoControl).expect("it is restored");
        let ours = scene.disk.content(Path::new("/log/edb.log")).unwrap();
        let folder = set.restored.rsplit_once('/').unwrap().0;
        let theirs = ese_corpus::file(&corpus, &format!("{folder}/edb.log")).expect("a log").bytes();
        let kinds = |bytes: &[u8]| -> Vec<String> {
            let log = LogFile::read(bytes).expect("a log");
            let records = log.records().filter(|record| !record.is_padding());
            records.map(|record| format!("{} {}", record.position, record.record_type())).collect()
        };
        let (ours_header, theirs_header) =
            (LogHeader::read(&ours).expect("a header"), LogHeader::read(&theirs).expect("a header"));
        assert_eq!(ours_header.generation, theirs_header.generation);
        assert_eq!(ours_header.previous_created, theirs_header.previous_created);
        assert_eq!(ours_header.signature, theirs_header.signature);
        // Without their dbtimes: the original's run drew some more.
        let attached = |header: &LogHeader| -> Vec<_> {
            let list = header.attachments().map(|one| one.expect("an attachment"));
            list.map(|one| {
                (one.info.dbid, one.info.attach, one.info.consistent, one.path.to_text().into_owned())
            })
            .collect()
        };
        assert_eq!(attached(ours_header), attached(theirs_header));
        assert_eq!(kinds(&ours), kinds(&theirs), "{}", set.name);
    }
}

/// Every power cut of a restore: a second one succeeds, with the copy as the first left it and with a fresh one.
#[test]
fn a_restore_that_lost_its_power_succeeds_the_second_time() {
    let Some(corpus) = corpus() else {
        return skipped("a_restore_that_lost_its_power_succeeds_the_second_time");
    };
    let set = &SETS[0];
    let fresh = Scene::of(&corpus, set);
    let sources = fresh.sources();
    let whole = fresh.copied();
    let before = whole.disk.write_calls();
    whole.restore(&mut NoControl).expect("it is restored");
    let writes = whole.disk.write_calls() - before;
    let reference = logical_pages(&whole);
    let (mut cuts, mut again, mut others, mut complete) = (0_u32, 0_u32, 0_u32, 0_u32);
    for cut in 0..writes {
        for loss in [PowerLoss::LosesAllUnsynced, PowerLoss::KeepsSome { seed: cut }] {
            let scene = fresh.copied();
            scene.disk.cut_power_at(cut, loss);
            assert!(scene.restore(&mut NoControl).is_err(), "write {cut} of {writes} failed");
            scene.disk.reboot();
            assert_eq!(scene.sources(), sources, "the set is as it was");
            let with_fresh_copy = scene.copied();
            with_fresh_copy.disk.put(COPY, fresh.disk.content(Path::new(COPY)).unwrap());
            for (what, scene) in [("as it was left", scene), ("a fresh copy", with_fresh_copy)] {
                match scene.restore(&mut NoControl) {
                    Ok(_) => {}
                    // The power went when the copy was a database already.
                    Err(error) if error.jet() == JetError::RESTORE_OF_NON_BACKUP_DATABASE => {
                        assert_eq!(scene.header().state(), Some(DatabaseState::CleanShutdown), "write {cut}");
                        assert_eq!(what, "as it was left");
                        complete += 1;
                    }
                    Err(error) => panic!("write {cut} of {writes}, {loss:?}, {what}: {error}"),
                }
                assert_eq!(scene.sources(), sources, "the set is as it was");
                // What was undone twice may lie elsewhere in its page; the rows are the same.
                if logical_pages(&scene) != reference {
                    scene.check_content(&corpus, set);
                    others += 1;
                }
                again += 1;
            }
            cuts += 1;
        }
    }
    report!(
        "{cuts} power cuts in {writes} writes, {again} restores afterwards, {others} to other bytes, {complete} were complete"
    );
}

/// The pages that hold something, without what each run stamps anew: checksums, dbtimes, flags.
fn logical_pages(scene: &Scene) -> Vec<Vec<u8>> {
    let bytes = scene.disk.content(Path::new(COPY)).unwrap();
    bytes.chunks(4096).skip(2).map(|page| page.get(40..).unwrap_or_default().to_vec()).collect()
}
