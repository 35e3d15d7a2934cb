//! A database that an instance makes, beside those the original engine made: page by page, and record by record of the
//! log.

mod sizes;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ese_engine::catalog::Shadow;
use ese_engine::database::{Database, OpenOptions};
use ese_engine::file_map::Logging;
use ese_engine::instance::{AttachedDatabase, CreateRequest, Instance, InstanceSettings, TermKind};
use ese_engine::io::{Existing, Host, SimulatedFileSystem};
use ese_engine::transaction::Session;
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::log::LogFile;
use ese_format::log::record::{Record, RecordType};
use ese_format::page::{PageFlags, PageView};
use ese_format::page_size::PageSize;

const DATABASE: &str = "/x/fresh.edb";

/// Lets `use_it` have a new database with a session, and stops the instance.
fn with_database(
    page_size: PageSize,
    use_it: impl FnOnce(&AttachedDatabase, &mut Session),
) -> SimulatedFileSystem {
    let disk = SimulatedFileSystem::default();
    let host = Host::simulated(Arc::new(disk.clone()), 5);
    let mut settings = InstanceSettings::in_folder(host, Path::new("/x"));
    settings.page_size = page_size;
    settings.engine_format_version = 9600;
    settings.log_file_kb = Some(256);
    let instance = Instance::start(settings).unwrap();
    let request = CreateRequest {
        path: DATABASE.into(),
        grbit: 0,
        existing: Existing::Keep,
        logging: Logging::On,
        shadow: Shadow::Kept,
        pages_max: 0,
    };
    let mut session = instance.transactions().begin_session().unwrap();
    let database = instance.create_database(&mut session, &request).unwrap();
    use_it(&database, &mut session);
    drop(database);
    drop(session);
    instance.stop(TermKind::Complete).unwrap();
    disk
}

/// A new database on its disk.
fn create(page_size: PageSize) -> SimulatedFileSystem {
    with_database(page_size, |_, _| {})
}

fn fresh(corpus: &Path, page_size: PageSize) -> Vec<u8> {
    let name = format!("ese/fresh-{}k/fresh.edb", page_size.bytes() / 1024);
    ese_corpus::file(corpus, &name).unwrap_or_else(|| panic!("{name} is in the corpus")).bytes()
}

fn page(file: &[u8], size: PageSize, number: u32) -> Option<PageView<'_>> {
    let bytes = file.get(size.bytes() * (number as usize + 1)..)?.get(..size.bytes())?;
    bytes.iter().any(|byte| *byte != 0).then(|| PageView::parse(bytes, size, number).unwrap())
}

const SIZES: [PageSize; 4] = [PageSize::K4, PageSize::K8, PageSize::K16, PageSize::K32];

#[test]
fn every_page_is_what_the_original_engine_makes_of_it() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("every_page_is_what_the_original_engine_makes_of_it");
    };
    let (mut pages, mut nodes, mut equal) = (0, 0, 0);
    for size in SIZES {
        let (theirs, ours) = (fresh(&corpus, size), create(size).content(Path::new(DATABASE)).unwrap());
        assert_eq!(ours.len(), theirs.len(), "{size:?}: bytes of the file");
        for number in 1..=254 {
            let (ours, theirs) = (page(&ours, size, number), page(&theirs, size, number));
            let (Some(ours), Some(theirs)) = (ours, theirs) else {
                assert_eq!(ours.is_some(), theirs.is_some(), "{size:?}, page {number} is in use");
                continue;
            };
            pages += 1;
            let image = PageFlags::FLUSH_TYPE_LOW | PageFlags::FLUSH_TYPE_HIGH | PageFlags::SCRUBBED;
            let head =
                |page: &PageView<'_>| (page.flags() - image, page.objid(), page.previous(), page.next());
            assert_eq!(head(&ours), head(&theirs), "{size:?}, page {number}");
            let tag = |page: &PageView<'_>| page.external_header().unwrap().to_vec();
            assert_eq!(tag(&ours), tag(&theirs), "{size:?}, page {number}: tag 0");
            let listed = |page: &PageView<'_>| -> Vec<(Vec<u8>, Vec<u8>)> {
                let live = page.nodes().map(Result::unwrap).filter(|node| !node.is_deleted());
                live.map(|node| (node.key().to_vec(), node.data.to_vec())).collect()
            };
            let (mut ours, mut theirs) = (listed(&ours), listed(&theirs));
            if number == 30 {
                // The original was asked for a sort version afterwards, which it keeps there.
                let keys: Vec<_> = ours.iter().map(|(key, _)| key.clone()).collect();
                theirs.retain(|(key, _)| keys.contains(key));
            }
            let keys =
                |nodes: &[(Vec<u8>, Vec<u8>)]| nodes.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
            assert_eq!(keys(&ours), keys(&theirs), "{size:?}, page {number}: keys");
            nodes += ours.len();
            // The roots' birthdays are the only data that may differ.
            ours.retain(|node| !theirs.contains(node));
            equal += theirs.len() - ours.len();
            assert!(ours.len() <= 4, "{size:?}, page {number}: {ours:x?}");
        }
    }
    ese_corpus::report!("{pages} pages with {nodes} nodes, {equal} of them byte for byte");
}

/// The records that change pages, in order: type, page, and how often in a row.
fn page_records(log: &[u8]) -> Vec<(RecordType, u32)> {
    let file = LogFile::read(log).unwrap();
    let mut found = Vec::new();
    for record in file.records() {
        let decoded = record.decode().unwrap();
        let page = match &decoded {
            Record::NewPage(new) => new.page_number,
            other => match other.page_operation() {
                Some(page) => page.page_number,
                None => match decoded.record_type() {
                    RecordType::ExtendDb | RecordType::SetDbVersion | RecordType::CreateDbFinish => 0,
                    _ => continue,
                },
            },
        };
        found.push((decoded.record_type(), page));
    }
    found
}

#[test]
fn the_log_makes_the_catalog_with_the_records_of_the_original() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("the_log_makes_the_catalog_with_the_records_of_the_original");
    };
    let log = ese_corpus::file(&corpus, "ese/fresh-4k/edb.log").expect("the log is in the corpus");
    let theirs = page_records(&log.bytes());
    let ours = page_records(&create(PageSize::K4).content(Path::new("/x/edb.log")).unwrap());
    // Two things are done another way: the index entries of a catalog row come before the row, since a name decides
    // whether there may be one; and an extent's node goes at once, where the original marks it first.
    let by_page = |records: &[(RecordType, u32)]| {
        let mut pages: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for (kind, page) in records.iter().take_while(|(kind, _)| *kind != RecordType::SetDbVersion) {
            let kind = if *kind == RecordType::FlagDelete { RecordType::Delete } else { *kind };
            pages.entry(*page).or_default().push(kind.name());
        }
        pages
    };
    let (ours, theirs) = (by_page(&ours), by_page(&theirs));
    let records: usize = ours.values().map(Vec::len).sum();
    ese_corpus::report!("{records} records on {} pages make the catalog, as the original's do", ours.len());
    assert_eq!(ours, theirs);
}

#[test]
fn the_verifier_is_content_with_every_page_size() {
    for size in PageSize::ALL {
        let disk = create(size);
        let options = OpenOptions { file_system: Arc::new(disk), ..OpenOptions::default() };
        let database = Database::open(DATABASE, &options).unwrap();
        let report = verify(&database, &VerifyOptions::default(), &mut |_| {});
        assert!(report.is_sound() && report.warnings == 0, "{size:?}: {:#?}", report.findings);
        assert_eq!(report.counts.tables, 4);
        assert_eq!(report.counts.indexes_compared, 2);
    }
}
