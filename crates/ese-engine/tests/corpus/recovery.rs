//! Recovery of what others left: crashed sets of the original engine, Windows' own dirty set, whole databases from their
//! logs alone; and what is refused, as the original tool refused it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_corpus::{corpus, report, skipped};
use ese_engine::cache::PageCache;
use ese_engine::database::{AcceptedStates, Database, OpenOptions};
use ese_engine::error::Result;
use ese_engine::instance::InstanceSettings;
use ese_engine::io::{Background, Host, SimulatedFileSystem};
use ese_engine::recovery::{
    NoControl, Recovered, RecoveryOptions, RecoveryRequest, StopPosition, open_stream,
};
use ese_engine::transaction::{Transactions, VersionLimits};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::checkpoint::Checkpoint;
use ese_format::database_header::{DatabaseHeader, DatabaseState, choose_header};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::LogFile;
use ese_format::log::names::GenerationDigits;
use ese_format::log::record::Record;
use ese_format::page_size::PageSize;

use crate::memory::MemoryPages;
use crate::original_engine::compare;
use crate::samples::samples;

const FOLDER: &str = "/db";

/// A stream in a simulated folder.
struct Scene {
    disk: SimulatedFileSystem,
    base: &'static str,
    digits: GenerationDigits,
    page_size: PageSize,
    options: RecoveryOptions,
    stop: Option<StopPosition>,
    deletes_out_of_range: bool,
    /// Whether databases are looked for in the folder.
    redirects: bool,
}

impl Scene {
    /// The files of these folders of the corpus.
    fn of(corpus: &Path, folders: &[&str]) -> Self {
        let disk = SimulatedFileSystem::default();
        for folder in folders {
            for file in ese_corpus::files(&corpus.join(folder)) {
                let known = [".log", ".edb", ".dat", ".chk", ".jfm"];
                if !file.name.contains('/') && known.iter().any(|ending| file.name.ends_with(ending)) {
                    disk.put(Path::new(FOLDER).join(&file.name), file.bytes());
                }
            }
        }
        Self {
            disk,
            base: "edb",
            digits: GenerationDigits::Eight,
            page_size: PageSize::K4,
            options: RecoveryOptions::empty(),
            stop: None,
            deletes_out_of_range: false,
            redirects: true,
        }
    }

    /// The dirty set of Windows.
    fn windows(corpus: &Path) -> Self {
        let scene = Self::of(corpus, &["windows/srum-belkasoft/Dirty"]);
        Self { base: "SRU", digits: GenerationDigits::FiveThenEight, ..scene }
    }

    fn host(&self) -> Host {
        let host = Host::simulated(Arc::new(self.disk.clone()), 1);
        Host { background: Background::Inline, ..host }
    }

    fn recover(&self) -> Result<Recovered> {
        let mut settings = InstanceSettings::in_folder(self.host(), Path::new(FOLDER));
        settings.base_name = self.base.to_owned();
        settings.digits = self.digits;
        settings.page_size = self.page_size;
        settings.delete_out_of_range_logs = self.deletes_out_of_range;
        settings.alternate_database_folder = self.redirects.then(|| PathBuf::from(FOLDER));
        let request = RecoveryRequest {
            settings: &settings,
            cache: &PageCache::new(8 << 20),
            transactions: &Transactions::new(self.host(), VersionLimits::default()),
            options: self.options,
            map: None,
            stop: self.stop,
        };
        open_stream(&request, &mut NoControl)
    }

    fn refused(&self) -> Option<JetError> {
        self.recover().err().map(|error| error.jet())
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(FOLDER).join(name)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        self.disk.content(&self.path(name)).unwrap_or_else(|| panic!("no {name}"))
    }

    fn put(&self, name: &str, bytes: Vec<u8>) {
        self.disk.put(self.path(name), bytes);
    }

    fn remove(&self, name: &str) {
        ese_engine::io::FileSystem::remove(&self.disk, &self.path(name)).unwrap();
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.bytes(name);
        change(&mut bytes);
        self.put(name, bytes);
    }

    fn header(&self, name: &str) -> DatabaseHeader {
        choose_header(&self.bytes(name)).expect("a header").header
    }

    fn edit_header(&self, name: &str, edit: impl FnOnce(&mut DatabaseHeader)) {
        let mut header = self.header(name);
        edit(&mut header);
        let page = header.encode();
        self.change(name, |bytes| {
            bytes[..page.len()].copy_from_slice(&page);
            bytes[page.len()..2 * page.len()].copy_from_slice(&page);
        });
    }

    fn checkpoint(&self) -> Lgpos {
        let bytes = self.bytes(&format!("{}.chk", self.base));
        Checkpoint::read(&bytes).expect("a checkpoint").0.checkpoint
    }

    /// What the current log ends with.
    fn last_records(&self, count: usize) -> Vec<String> {
        let bytes = self.bytes(&format!("{}.log", self.base));
        let log = LogFile::read(&bytes).expect("a log");
        let names: Vec<_> = log
            .records()
            .filter(|record| !record.is_padding())
            .map(|record| record.record_type().to_string())
            .collect();
        names[names.len().saturating_sub(count)..].to_vec()
    }

    fn database(&self, name: &str) -> Database {
        let options = OpenOptions {
            file_system: Arc::new(self.disk.clone()),
            states: AcceptedStates::CleanOnly,
            ..OpenOptions::default()
        };
        Database::open(&self.path(name), &options).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Compares rows and indexes with the original engine's reading, and lets the verifier look.
    fn check_content(&self, corpus: &Path, name: &str, sample: &str) -> String {
        let samples = samples(corpus);
        let sample = samples.iter().find(|known| known.name == sample).expect("a sample");
        let database = self.database(name);
        let counts = compare(sample, &database);
        let report = verify(&database, &VerifyOptions::default(), &mut |_| {});
        for finding in report.damage() {
            report!("{name}: {finding}");
        }
        assert!(report.is_sound(), "{name}");
        counts.to_string()
    }

    /// A clean header and a checkpoint at the end of the log.
    fn check_ended(&self, name: &str) {
        let header = self.header(name);
        assert_eq!(header.state(), Some(DatabaseState::CleanShutdown), "{name}");
        let fields = &header.fields;
        let generations = [
            fields.generation_min_required,
            fields.generation_max_required,
            fields.generation_max_committed,
            fields.generation_recovering,
        ];
        assert_eq!(generations.map(|generation| generation.get()), [0; 4], "{name}");
        assert_eq!(fields.lgpos_consistent, fields.lgpos_detach, "{name}");
        let bytes = self.bytes(&format!("{}.log", self.base));
        let end = LogFile::read(&bytes).expect("a log").clean_end().map(|(position, _)| position);
        assert_eq!(end, Some(self.checkpoint()), "{name}");
    }
}

#[test]
fn crashed_databases_have_what_was_committed() {
    let Some(corpus) = corpus() else { return skipped("crashed_databases_have_what_was_committed") };
    for set in ["crash-A", "crash-B", "crash-C", "crash-E", "crash-G"] {
        let scene = Scene::of(&corpus, &[&format!("ese/{set}/dirty")]);
        let recovered = scene.recover().unwrap_or_else(|error| panic!("{set}: {error}"));
        let counts = recovered.counts;
        drop(recovered);
        scene.check_ended("crash.edb");
        let theirs = ese_corpus::file(&corpus, &format!("ese/{set}/recovered/crash.edb")).unwrap().bytes();
        let ours = MemoryPages::of_file(PageSize::K4, &scene.bytes("crash.edb"));
        let mut differing = Vec::new();
        let pages = ours.compare(&theirs, |_| true, |page, problem| differing.push((page, problem)));
        for (page, problem) in differing.iter().take(30) {
            report!("{set}: page {page}: {problem}");
        }
        let content = scene.check_content(&corpus, "crash.edb", &format!("ese/{set}/recovered/crash.edb"));
        report!("{set}: {content}; pages against the original's recovery: {pages:?}; {counts:?}");
        assert_eq!(scene.last_records(2), ["ShutDownMark", "RecoveryQuit2"], "{set}");
        assert_eq!(pages.different, 0, "{set}");
    }
}
