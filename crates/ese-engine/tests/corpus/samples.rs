//! What the corpus tests share: the databases and what the original engine read from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_corpus::CorpusFile;
use ese_engine::cache::PageCache;
use ese_engine::database::{AcceptedStates, Database, OpenOptions};
use ese_engine::error::Result;
use ese_engine::io::SimulatedFileSystem;

/// A database of the corpus with the dumps of its tables.
pub(crate) struct Sample {
    /// Its path below the corpus.
    pub(crate) name: String,
    pub(crate) file: CorpusFile,
    pub(crate) dumps: Vec<CorpusFile>,
}

/// Every database that the original engine's reading is known of.
pub(crate) fn samples(corpus: &Path) -> Vec<Sample> {
    let dumps: Vec<_> = ese_corpus::files_ending(&corpus.join("ese"), &[".jsonl"]);
    let mut samples: Vec<Sample> = Vec::new();
    for dump in dumps {
        let Some(database) = database_of(&dump.name) else { continue };
        let file = ese_corpus::file(corpus, &database)
            .unwrap_or_else(|| panic!("{} is of no {database}", dump.name));
        match samples.iter_mut().find(|sample| sample.name == database) {
            Some(sample) => sample.dumps.push(dump),
            None => samples.push(Sample { name: database, file, dumps: vec![dump] }),
        }
    }
    samples
}

/// The database, below the corpus, whose content a dump lists; `None` for the dumps of what no file holds any more.
fn database_of(dump: &str) -> Option<String> {
    let (folder, file) = dump.rsplit_once('/')?;
    if folder == "windows-dumps" {
        let name =
            file.strip_suffix(".expected.jsonl").or_else(|| file.strip_suffix(".expected-sys.jsonl"))?;
        let known = ["tables", "srum-aptsimulator", "srum-belkasoft-Clean", "ual"];
        let folder = known.iter().find(|folder| name.starts_with(&format!("{folder}-")))?;
        let file = name.strip_prefix(folder)?.strip_prefix('-')?;
        return Some(format!("windows/{}/{file}", folder.replace("-Clean", "/Clean")));
    }
    let database = match (folder, file) {
        (_, "expected-source-at-end.jsonl") => return None,
        (_, "expected-crash.jsonl") => "recovered/crash.edb".to_owned(),
        ("backup-full" | "backup-incremental" | "legacy", _) => {
            let restored = file.strip_prefix("expected-")?.strip_suffix(".jsonl")?;
            format!("{restored}/src.edb")
        }
        ("srum-belkasoft-recovered", _) => "SRUDB.dat".to_owned(),
        (fresh, _) if fresh.starts_with("fresh-") => "fresh.edb".to_owned(),
        (set, _) => format!("{}.edb", set.trim_end_matches("-32k")),
    };
    Some(format!("ese/{folder}/{database}"))
}

/// Opens a database held in memory, whatever its state.
pub(crate) fn open_bytes(bytes: Vec<u8>, cache: Option<Arc<PageCache>>) -> Result<Database> {
    let disk = SimulatedFileSystem::default();
    let path = PathBuf::from("/memory.edb");
    disk.put(&path, bytes);
    let options = OpenOptions {
        file_system: Arc::new(disk),
        cache,
        states: AcceptedStates::Any,
        ..OpenOptions::default()
    };
    Database::open(&path, &options)
}

/// Opens a database of the corpus, which must be clean.
pub(crate) fn open_sample(sample: &Sample, cache: Option<Arc<PageCache>>) -> Database {
    let disk = SimulatedFileSystem::default();
    let path = PathBuf::from("/").join(&sample.name);
    disk.put(&path, sample.file.bytes());
    let options = OpenOptions { file_system: Arc::new(disk), cache, ..OpenOptions::default() };
    Database::open(&path, &options).unwrap_or_else(|error| panic!("{}: {error}", sample.name))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
