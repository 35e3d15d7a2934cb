//! A compaction on a disk that fails, fills up or loses its power: the source is never touched, and the new file is
//! either whole and clean, or gone, or says that it is not clean.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use ese_engine::catalog::IndexChecking;
use ese_engine::compact::{CompactRequest, compact};
use ese_engine::database::{AcceptedStates, Database, OpenOptions};
use ese_engine::error::Result;
use ese_engine::file_map::Logging;
use ese_engine::instance::{AttachRequest, Instance, InstanceSettings, RecoveryMode, TermKind, Writability};
use ese_engine::io::{Host, PowerLoss, SimulatedFileSystem};
use ese_engine::table::Damaged;
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::database_header::DatabaseState;
use ese_format::error::JetError;

use crate::stage::{DATABASE, Machine};
use crate::workload::Workload;

const SOURCE: &str = "/x/source.edb";
const TARGET: &str = "/x/target.edb";
/// Points of each kind of failure that are tried.
const POINTS: u64 = 60;
/// Pages in the cache: so few that pages are written while the copy runs.
const CACHE_PAGES: usize = 24;
/// What a failing disk may answer.
const DOCUMENTED: [JetError; 3] = [JetError::DISK_IO, JetError::DISK_FULL, JetError::FILE_ACCESS_DENIED];

/// A closed database with long values, several tables and indexes.
fn source() -> Vec<u8> {
    let workload = Workload::long_values(3, 30);
    let machine = Machine::new(&workload);
    machine.run(&workload);
    machine.disk().content(Path::new(DATABASE)).expect("the workload makes a database")
}

fn disk_with(source: &[u8]) -> SimulatedFileSystem {
    let disk = SimulatedFileSystem::default();
    disk.put(SOURCE, source.to_vec());
    disk
}

/// Attaches, compacts, lets go.
fn run(disk: &SimulatedFileSystem) -> Result<()> {
    let mut settings =
        InstanceSettings::in_folder(Host::simulated(Arc::new(disk.clone()), 7), Path::new("/x"));
    settings.recovery = RecoveryMode::Off;
    settings.cache_bytes = CACHE_PAGES * 4096;
    settings.extension_pages = 16;
    settings.text.checking = IndexChecking::Off;
    let instance = Instance::start(settings)?;
    let mut session = instance.transactions().begin_session()?;
    let attach = AttachRequest {
        path: SOURCE.into(),
        writability: Writability::ReadOnly,
        logging: Logging::Off,
        pages_max: 0,
    };
    instance.attach_database(&session, &attach)?;
    let request = CompactRequest {
        source: SOURCE.into(),
        target: TARGET.into(),
        damaged: Damaged::Refused,
        statistics: None,
    };
    let compacted = compact(&instance, &mut session, &request, &mut |_| Ok(()));
    session.end()?;
    instance.stop(TermKind::Complete)?;
    compacted.map(drop)
}

/// Whether the new file is there; one that says it is clean must be sound.
fn check(disk: &SimulatedFileSystem, source: &[u8], when: &str) -> Option<DatabaseState> {
    assert!(disk.content(Path::new(SOURCE)).as_deref() == Some(source), "{when}: the source was touched");
    disk.content(Path::new(TARGET))?;
    let options = OpenOptions {
        file_system: Arc::new(disk.clone()),
        states: AcceptedStates::Any,
        ..OpenOptions::default()
    };
    let database = Database::open(TARGET, &options).ok()?;
    let state = database.header().state();
    if state == Some(DatabaseState::CleanShutdown) {
        let report = verify(&database, &VerifyOptions::default(), &mut |_| {});
        assert!(report.is_sound(), "{when}: {:?}", report.findings);
    }
    state
}

fn calls(source: &[u8]) -> (u64, u64, u64) {
    let disk = disk_with(source);
    run(&disk).expect("a whole disk");
    assert_eq!(check(&disk, source, "a whole disk"), Some(DatabaseState::CleanShutdown));
    (disk.calls(), disk.write_calls(), disk.used())
}

#[test]
fn a_compaction_that_fails_leaves_the_source_and_no_new_file() {
    let source = source();
    let (all, _, _) = calls(&source);
    let mut codes: BTreeMap<i32, u64> = BTreeMap::new();
    let (mut points, mut failures) = (0, 0);
    for kind in [ErrorKind::Other, ErrorKind::StorageFull] {
        for call in (0..all).step_by((all / POINTS).max(1) as usize) {
            let disk = disk_with(&source);
            disk.fail_once(call, kind);
            let when = format!("{kind:?} at call {call}");
            let done = run(&disk);
            disk.heal();
            points += 1;
            match done {
                Ok(()) => {
                    assert_eq!(check(&disk, &source, &when), Some(DatabaseState::CleanShutdown), "{when}");
                }
                Err(error) => {
                    assert!(DOCUMENTED.contains(&error.jet()), "{when}: {error}");
                    *codes.entry(error.jet().code()).or_default() += 1;
                    failures += 1;
                    // A failure behind the last step leaves the whole file.
                    let state = check(&disk, &source, &when);
                    assert!(matches!(state, None | Some(DatabaseState::CleanShutdown)), "{when}: {state:?}");
                    if state.is_none() {
                        run(&disk).unwrap_or_else(|error| panic!("{when}, again: {error}"));
                    }
                }
            }
        }
    }
    assert!(failures > points / 4, "{failures} of {points}");
    ese_corpus::report!(
        "compaction: {points} points of {all} calls, {failures} ended there, codes {codes:?}"
    );
}

#[test]
fn a_compaction_without_room_says_so_and_takes_its_file_away() {
    let source = source();
    let (_, _, used) = calls(&source);
    let start = source.len() as u64;
    let mut full = 0;
    for part in 1..20 {
        let disk = disk_with(&source);
        disk.set_size(Some(start + (used - start) * part / 20));
        let error = run(&disk).expect_err("there is no room");
        assert_eq!(error.jet(), JetError::DISK_FULL, "{error}");
        disk.set_size(None);
        assert_eq!(check(&disk, &source, "a full disk"), None);
        assert!(disk.content(Path::new(TARGET)).is_none(), "part {part}");
        full += 1;
    }
    ese_corpus::report!("compaction: {full} sizes of a full disk");
}

#[test]
fn a_power_cut_leaves_no_file_that_says_it_is_clean_and_is_not() {
    let source = source();
    let (_, writes, _) = calls(&source);
    let (mut cuts, mut clean) = (0, 0);
    for call in (0..writes).step_by((writes / POINTS).max(1) as usize) {
        let disk = disk_with(&source);
        let loss =
            if call % 2 == 0 { PowerLoss::LosesAllUnsynced } else { PowerLoss::KeepsSome { seed: call } };
        disk.cut_power_at(call, loss);
        assert!(run(&disk).is_err() || !disk.is_off(), "call {call}");
        disk.reboot();
        let state = check(&disk, &source, &format!("cut at call {call}"));
        cuts += 1;
        clean += u64::from(state == Some(DatabaseState::CleanShutdown));
    }
    ese_corpus::report!("compaction: {cuts} power cuts, {clean} with the new file whole");
}
