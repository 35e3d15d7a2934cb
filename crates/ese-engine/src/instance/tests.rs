//! Instances on the simulated disk, on the real one, and with copies of real databases.

use std::path::{Path, PathBuf};

use ese_format::database_header::{DatabaseState, HeaderFields};
use ese_format::log::LogFile;
use ese_format::log::record::{Record, RecordType};
use ese_format::version::EFV_DEFAULT;

use super::*;
use crate::cache::WriteBack;
use crate::catalog::Shadow;
use crate::file_map::Logging;
use crate::io::{Existing, FileSystem, Host, PowerLoss, SimulatedFileSystem};
use crate::log::{LogFolder, checkpoint_file};
use crate::transaction::{BeginKind, CommitOptions, Session};

const DATABASE: &str = "/x/test.edb";

pub(super) fn settings(disk: &SimulatedFileSystem) -> InstanceSettings {
    let host = Host::simulated(Arc::new(disk.clone()), 11);
    let mut settings = InstanceSettings::in_folder(host, Path::new("/x"));
    settings.log_file_kb = Some(64);
    settings
}

pub(super) fn start(disk: &SimulatedFileSystem) -> Arc<Instance> {
    Instance::start(settings(disk)).unwrap()
}

pub(super) fn session(instance: &Instance) -> Session {
    instance.transactions().begin_session().unwrap()
}

fn create_request(path: impl Into<PathBuf>) -> CreateRequest {
    CreateRequest {
        path: path.into(),
        grbit: 0,
        existing: Existing::Keep,
        logging: Logging::On,
        shadow: Shadow::Kept,
        pages_max: 0,
    }
}

pub(super) fn attach_request(path: impl Into<PathBuf>) -> AttachRequest {
    AttachRequest {
        path: path.into(),
        writability: Writability::Writable,
        logging: Logging::On,
        pages_max: 0,
    }
}

pub(super) fn create(instance: &Instance, path: &str) -> Arc<AttachedDatabase> {
    instance.create_database(&mut session(instance), &create_request(path)).unwrap()
}

pub(super) fn attach(instance: &Instance, path: &str) -> Arc<AttachedDatabase> {
    let Attached::New(database) =
        instance.attach_database(&session(instance), &attach_request(path)).unwrap()
    else {
        panic!("it was attached already");
    };
    database
}

fn fields(disk: &SimulatedFileSystem, path: &str) -> HeaderFields {
    let bytes = disk.content(Path::new(path)).unwrap();
    let pair = ese_format::database_header::choose_header(&bytes).unwrap();
    assert_eq!(pair.primary, ese_format::database_header::CopyState::Good);
    assert_eq!(pair.shadow, ese_format::database_header::CopyState::Good);
    pair.header.fields
}

fn state(fields: &HeaderFields) -> Option<DatabaseState> {
    DatabaseState::from_raw(fields.state.get())
}

/// Every record of the stream but padding, with its position.
fn records(disk: &SimulatedFileSystem) -> Vec<(RecordType, Lgpos)> {
    let folder =
        LogFolder::scan(disk, Path::new("/x"), "edb", ese_format::log::names::LogExtension::Log).unwrap();
    let mut found = Vec::new();
    for path in folder.archives().values().map(PathBuf::as_path).chain(folder.current()) {
        let bytes = disk.content(path).unwrap();
        let log = LogFile::read(&bytes).unwrap();
        let records = log.records();
        found.extend(
            records
                .filter(|record| !record.is_padding())
                .map(|record| (record.record_type(), record.position)),
        );
    }
    found
}

fn position_of(disk: &SimulatedFileSystem, wanted: RecordType) -> Lgpos {
    let all = records(disk);
    all.iter().rev().find(|(found, _)| *found == wanted).unwrap_or_else(|| panic!("{wanted:?} in {all:?}")).1
}

#[test]
fn a_run_without_databases_leaves_init_mark_and_term_and_a_checkpoint_that_names_it() {
    let disk = SimulatedFileSystem::default();
    for run in 1..=3 {
        let instance = start(&disk);
        instance.stop(TermKind::Complete).unwrap();
        drop(instance);
        let found = records(&disk);
        let types: Vec<_> = found.iter().map(|(record_type, _)| *record_type).collect();
        let one = [RecordType::Init2, RecordType::ShutDownMark, RecordType::Term2];
        assert_eq!(types, one.repeat(run));
        let checkpoint = checkpoint_file::read(&disk, Path::new("/x/edb.chk")).unwrap();
        let term = found.last().unwrap().1;
        assert_eq!(checkpoint.checkpoint, term);
        assert!(checkpoint.checkpoint_flags().is_empty());
        let init = found[found.len() - 3].1;
        assert_eq!(init.ib.get(), 0, "a run begins on a fresh segment");
        let bytes = disk.content(Path::new("/x/edb.log")).unwrap();
        let log = LogFile::read(&bytes).unwrap();
        assert_eq!(log.clean_end(), Some((term, RecordType::Term2)));
        let last = log.records().filter(|record| !record.is_padding()).last().unwrap();
        let Record::Term2(end) = last.decode().unwrap() else { panic!("the last record is a Term2") };
        assert_eq!(end.run.begun, init);
    }
}

#[test]
fn a_new_database_goes_through_the_states_of_its_header() {
    let disk = SimulatedFileSystem::default();
    let instance = start(&disk);
    let database = create(&instance, DATABASE);
    let dirty = fields(&disk, DATABASE);
    assert_eq!(state(&dirty), Some(DatabaseState::DirtyShutdown));
    assert_eq!(dirty.lgpos_attach, position_of(&disk, RecordType::CreateDb));
    assert_eq!((dirty.lgpos_consistent, dirty.lgpos_detach), (Lgpos::NULL, Lgpos::NULL));
    let generation = dirty.lgpos_attach.generation.get() as u32;
    assert_eq!(dirty.generation_min_required.get(), generation);
    assert!(dirty.generation_max_required.get() >= generation);
    assert_eq!(dirty.generation_max_committed, dirty.generation_max_required);
    assert_eq!(dirty.log_signature, instance.log().unwrap().signature());
    assert_eq!(database.file().page_count(), 254);
    assert_eq!(disk.content(Path::new(DATABASE)).unwrap().len(), 256 * 4096);
    drop(database);
    instance.stop(TermKind::Complete).unwrap();
    let clean = fields(&disk, DATABASE);
    let mark = position_of(&disk, RecordType::ShutDownMark);
    assert_eq!(state(&clean), Some(DatabaseState::CleanShutdown));
    assert_eq!((clean.lgpos_consistent, clean.lgpos_detach), (mark, mark));
    assert_eq!((clean.generation_min_required.get(), clean.generation_max_required.get()), (0, 0));
    assert_eq!(clean.time_consistent, clean.time_detach);
    assert!(clean.dbtime.get() > 0x40);
    assert_eq!(clean.database_signature, dirty.database_signature);
    let types: Vec<_> = records(&disk).into_iter().map(|(record_type, _)| record_type).collect();
    let wanted = [RecordType::Init2, RecordType::CreateDb];
    assert_eq!(types[..2], wanted);
    assert!(types.contains(&RecordType::CreateMultipleExtentFdp));
    assert!(types.contains(&RecordType::CreateDbFinish));
    assert!(!types.contains(&RecordType::DetachDb), "the end of a run says it for all");
}

#[test]
fn attach_and_detach_write_their_records_and_headers() {
    let disk = SimulatedFileSystem::default();
    let instance = start(&disk);
    drop(create(&instance, DATABASE));
    instance.detach_database(&session(&instance), Path::new(DATABASE)).unwrap();
    let clean = fields(&disk, DATABASE);
    let detach = position_of(&disk, RecordType::DetachDb);
    assert_eq!(state(&clean), Some(DatabaseState::CleanShutdown));
    assert_eq!((clean.lgpos_consistent, clean.lgpos_detach), (detach, detach));
    let database = attach(&instance, DATABASE);
    let dirty = fields(&disk, DATABASE);
    let record = position_of(&disk, RecordType::AttachDb);
    assert_eq!(state(&dirty), Some(DatabaseState::DirtyShutdown));
    assert_eq!((dirty.lgpos_attach, dirty.lgpos_detach), (record, Lgpos::NULL));
    assert_eq!(dirty.lgpos_consistent, detach, "kept while it is dirty");
    assert_ne!(dirty.header_flush_signature, clean.header_flush_signature);
    let again = instance.attach_database(&session(&instance), &attach_request(DATABASE)).unwrap();
    assert!(matches!(again, Attached::Already(_)));
    drop(again);
    database.open(1, OpenMode::Shared).unwrap();
    let in_use = instance.detach_database(&session(&instance), Path::new(DATABASE)).unwrap_err();
    assert_eq!(in_use.jet(), JetError::DATABASE_IN_USE);
    database.close(1).unwrap();
    drop(database);
    instance.detach_all(&session(&instance)).unwrap();
    let missing = instance.detach_database(&session(&instance), Path::new(DATABASE)).unwrap_err();
    assert_eq!(missing.jet(), JetError::DATABASE_NOT_FOUND);
    instance.stop(TermKind::Abrupt).unwrap();
    assert_eq!(fields(&disk, DATABASE).lgpos_consistent, position_of(&disk, RecordType::DetachDb));
}

#[test]
fn a_database_moves_from_one_stream_to_another() {
    let disk = SimulatedFileSystem::default();
    let instance = start(&disk);
    drop(create(&instance, DATABASE));
    instance.stop(TermKind::Complete).unwrap();
    drop(instance);
    let mut elsewhere = settings(&disk);
    elsewhere.base_name = "alt".into();
    elsewhere.host = Host::simulated(Arc::new(disk.clone()), 99);
    let instance = Instance::start(elsewhere).unwrap();
    let before = fields(&disk, DATABASE);
    let database = attach(&instance, DATABASE);
    let after = fields(&disk, DATABASE);
    assert_ne!(after.log_signature, before.log_signature);
    assert_eq!(after.log_signature, instance.log().unwrap().signature());
    assert_eq!(after.lgpos_consistent, Lgpos::NULL);
    assert_eq!(after.database_signature, before.database_signature);
    drop(database);
    instance.stop(TermKind::Complete).unwrap();
}

#[test]
fn headers_follow_the_generations_of_the_log_and_the_checkpoint_follows_the_pages() {
    let disk = SimulatedFileSystem::default();
    let instance = start(&disk);
    let database = create(&instance, DATABASE);
    let log = Arc::clone(instance.log().unwrap());
    let first = fields(&disk, DATABASE).generation_min_required.get();
    for _ in 0..3 {
        log.roll().unwrap();
    }
    let (newest, created) = log.newest_file();
    let rolled = fields(&disk, DATABASE);
    assert_eq!(rolled.generation_max_required.get(), newest as u32);
    assert_eq!(rolled.generation_max_committed.get(), newest as u32);
    assert_eq!(rolled.time_generation_max_create, created);
    assert_eq!(rolled.generation_min_required.get(), first);
    assert_eq!(database.waypoint(), newest);
    database.file().write_back(WriteBack::All).unwrap();
    instance.update_checkpoint().unwrap();
    assert_eq!(instance.checkpoint().generation.get(), newest);
    let moved = fields(&disk, DATABASE);
    assert_eq!(moved.generation_min_required.get(), newest as u32);
    let checkpoint = checkpoint_file::read(&disk, Path::new("/x/edb.chk")).unwrap();
    assert_eq!(checkpoint.checkpoint, instance.checkpoint());
    let attached: Vec<_> =
        checkpoint.attachments(LogHeaderVersion::of(&disk)).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(attached.len(), 1);
    assert_eq!(attached[0].path.to_text(), DATABASE);
    assert_eq!(attached[0].info.attach, rolled.lgpos_attach);
    let bytes = disk.content(Path::new("/x/edb.log")).unwrap();
    let header = *LogFile::read(&bytes).unwrap().header();
    assert_eq!(header.attachments().count(), 1, "the header of a log lists what is attached");
}

/// The version of the current log.
struct LogHeaderVersion;

impl LogHeaderVersion {
    fn of(disk: &SimulatedFileSystem) -> ese_format::log::LogVersion {
        let bytes = disk.content(Path::new("/x/edb.log")).unwrap();
        LogFile::read(&bytes).unwrap().header().version()
    }
}

#[test]
fn new_databases_of_every_page_size_and_format_are_sound() {
    use ese_format::page_size::PageSize;
    for page_size in [PageSize::K4, PageSize::K8, PageSize::K16, PageSize::K32] {
        for (efv, shadow) in [(8920, Shadow::Kept), (9180, Shadow::Kept), (9180, Shadow::Off)] {
            let disk = SimulatedFileSystem::default();
            let mut settings = settings(&disk);
            settings.page_size = page_size;
            settings.engine_format_version = efv;
            settings.log_file_kb = Some(256);
            settings.rollover = Rollover::Aggressive;
            let instance = Instance::start(settings).unwrap();
            let mut request = create_request(DATABASE);
            request.shadow = shadow;
            drop(instance.create_database(&mut session(&instance), &request).unwrap());
            instance.detach_all(&session(&instance)).unwrap();
            drop(attach(&instance, DATABASE));
            instance.stop(TermKind::Complete).unwrap();
            let made = fields(&disk, DATABASE);
            let format = ese_format::version::engine_format(efv).unwrap().database;
            assert_eq!(made.update_major.get(), format.update_major);
            let expects_resize = format.update_major >= 110;
            assert_eq!(made.lgpos_last_resize == made.lgpos_consistent, expects_resize);
            let types: Vec<_> = records(&disk).into_iter().map(|(record_type, _)| record_type).collect();
            assert_eq!(types.contains(&RecordType::SetDbVersion), efv == 9180);
            assert_eq!(types.iter().filter(|found| **found == RecordType::ForceLogRollover).count(), 3);
            let options =
                crate::database::OpenOptions { file_system: Arc::new(disk.clone()), ..Default::default() };
            let database = crate::database::Database::open(DATABASE, &options).unwrap();
            let report = crate::verify::verify(&database, &Default::default(), &mut |_| {});
            assert_eq!(report.errors, 0, "{page_size:?} {efv}: {:?}", report.findings);
            assert_eq!(report.warnings, u64::from(shadow == Shadow::Off), "{:?}", report.findings);
        }
    }
}

#[test]
fn an_open_transaction_holds_the_checkpoint_back() {
    let disk = SimulatedFileSystem::default();
    let instance = start(&disk);
    let database = create(&instance, DATABASE);
    let log = Arc::clone(instance.log().unwrap());
    let mut session = instance.transactions().begin_session().unwrap();
    session.begin(BeginKind::ReadWrite).unwrap();
    let root =
        crate::btree::WritableTree::open(database.map(), 1, 1, crate::btree::TreeKind::Primary).unwrap();
    let tree = crate::space::create_tree(
        &root,
        &mut session,
        crate::space::NewTree {
            kind: crate::btree::TreeKind::Primary,
            unique: crate::space::Uniqueness::Unique,
            pages: 1,
            space: crate::space::SpaceKind::Single,
            policy: crate::space_policy::SpacePolicy::default(),
        },
    )
    .unwrap();
    tree.insert(&mut session, b"key", b"data", crate::btree::Versioning::Versioned).unwrap();
    let begin = instance.transactions().checkpoint_bound().unwrap();
    log.roll().unwrap();
    database.file().write_back(WriteBack::All).unwrap();
    instance.update_checkpoint().unwrap();
    assert_eq!(instance.checkpoint(), begin);
    let refused = instance.stop(TermKind::Complete).unwrap_err();
    assert_eq!(refused.jet(), JetError::TOO_MANY_ACTIVE_USERS);
    session.commit(CommitOptions::DURABLE).unwrap();
    database.file().write_back(WriteBack::All).unwrap();
    instance.update_checkpoint().unwrap();
    assert!(instance.checkpoint() > begin);
    session.end().unwrap();
    drop((database, root, tree));
    instance.stop(TermKind::Complete).unwrap();
}

#[test]
fn logs_of_another_size_are_refused_behind_recovery_or_make_room_for_a_new_stream() {
    for ending in [TermKind::Complete, TermKind::Dirty] {
        let disk = SimulatedFileSystem::default();
        let instance = start(&disk);
        drop(create(&instance, DATABASE));
        instance.log().unwrap().roll().unwrap();
        let ended = instance.stop(ending).map_err(|error| error.jet());
        assert_eq!(ended.is_err(), ending == TermKind::Dirty);
        drop(instance);
        let mut other = settings(&disk);
        other.log_file_kb = Some(128);
        let refused = Instance::start(other.clone()).unwrap_err();
        assert_eq!(refused.jet(), JetError::LOG_FILE_SIZE_MISMATCH_DATABASES_CONSISTENT);
        let recovered = fields(&disk, DATABASE);
        assert_eq!(state(&recovered), Some(DatabaseState::CleanShutdown), "recovery came to its end");
        other.cleanup_mismatched_logs = true;
        other.circular = crate::log::Circular::Off;
        let refused = Instance::start(other.clone()).unwrap_err();
        assert_eq!(refused.jet(), JetError::INVALID_SETTINGS, "only logs that are used again may go");
        other.circular = crate::log::Circular::On;
        let instance = Instance::start(other.clone()).unwrap();
        assert_eq!(instance.log().unwrap().generation(), 1, "a new stream");
        assert_eq!(disk.content(Path::new("/x/edb.log")).unwrap().len(), 128 << 10);
        drop(attach(&instance, DATABASE));
        instance.stop(TermKind::Complete).unwrap();
        drop(instance);
        Instance::start(other).unwrap().stop(TermKind::Complete).unwrap();
    }
}

#[test]
fn a_power_cut_while_logs_of_another_size_go_leaves_a_stream_that_starts() {
    let other_size = |disk: &SimulatedFileSystem| {
        let mut other = settings(disk);
        (other.log_file_kb, other.circular) = (Some(128), crate::log::Circular::On);
        other.cleanup_mismatched_logs = true;
        other
    };
    let filled = || {
        let disk = SimulatedFileSystem::default();
        let instance = start(&disk);
        drop(create(&instance, DATABASE));
        (0..3).for_each(|_| instance.log().unwrap().roll().unwrap());
        instance.stop(TermKind::Complete).unwrap();
        disk
    };
    let disk = filled();
    let before = disk.write_calls();
    Instance::start(other_size(&disk)).unwrap().stop(TermKind::Complete).unwrap();
    let calls = disk.write_calls() - before;
    assert!(calls > 10, "{calls} calls");
    for cut in 0..calls {
        let disk = filled();
        disk.cut_power_at(cut, PowerLoss::KeepsSome { seed: cut + 1 });
        // That the checkpoint cannot be written is no error.
        let _ = Instance::start(other_size(&disk)).and_then(|instance| instance.stop(TermKind::Complete));
        assert!(disk.is_off(), "the power was cut at call {cut}");
        disk.reboot();
        let instance = Instance::start(other_size(&disk));
        let instance = instance.unwrap_or_else(|error| panic!("cut at call {cut}: {error}"));
        drop(attach(&instance, DATABASE));
        instance.stop(TermKind::Complete).unwrap();
    }
    println!("{calls} power cuts");
}

#[test]
fn changes_are_refused_while_the_checkpoint_is_too_far_behind() {
    let disk = SimulatedFileSystem::default();
    let mut deep = settings(&disk);
    deep.checkpoint_too_deep = 3;
    let instance = Instance::start(deep).unwrap();
    let database = create(&instance, DATABASE);
    let log = Arc::clone(instance.log().unwrap());
    let root =
        crate::btree::WritableTree::open(database.map(), 1, 1, crate::btree::TreeKind::Primary).unwrap();
    let (mut holds, mut writes) = (session(&instance), session(&instance));
    let insert = |session: &mut Session, key: &[u8]| {
        root.insert(session, key, b"data", crate::btree::Versioning::Versioned).map_err(|error| error.jet())
    };
    holds.begin(BeginKind::ReadWrite).unwrap();
    assert_eq!(insert(&mut holds, b"first"), Ok(()));
    for _ in 0..3 {
        log.roll().unwrap();
        writes.begin(BeginKind::ReadWrite).unwrap();
        assert_eq!(insert(&mut writes, b"while it is near"), Ok(()));
        writes.rollback().unwrap();
    }
    log.roll().unwrap();
    writes.begin(BeginKind::ReadWrite).unwrap();
    assert_eq!(insert(&mut writes, b"too late"), Err(JetError::CHECKPOINT_DEPTH_TOO_DEEP));
    writes.rollback().unwrap();
    holds.rollback().unwrap();
    database.file().write_back(WriteBack::All).unwrap();
    instance.update_checkpoint().unwrap();
    writes.begin(BeginKind::ReadWrite).unwrap();
    assert_eq!(insert(&mut writes, b"again"), Ok(()));
    writes.rollback().unwrap();
    drop((database, holds, writes));
    drop(root);
    instance.stop(TermKind::Complete).unwrap();
}

#[test]
fn a_dirty_stop_leaves_databases_dirty_and_they_cannot_be_attached_without_their_logs() {
    let disk = SimulatedFileSystem::default();
    let instance = start(&disk);
    drop(create(&instance, DATABASE));
    let dirty = instance.stop(TermKind::Dirty).unwrap_err();
    assert_eq!(dirty.jet(), JetError::DIRTY_SHUTDOWN);
    drop(instance);
    assert_eq!(state(&fields(&disk, DATABASE)), Some(DatabaseState::DirtyShutdown));
    let mut without = settings(&disk);
    without.recovery = RecoveryMode::Off;
    let instance = Instance::start(without).unwrap();
    let refused = instance.attach_database(&session(&instance), &attach_request(DATABASE)).unwrap_err();
    assert_eq!(refused.jet(), JetError::DATABASE_DIRTY_SHUTDOWN);
    instance.stop(TermKind::Complete).unwrap();
}

#[test]
fn without_logging_a_database_gets_a_new_identity_and_no_positions() {
    let disk = SimulatedFileSystem::default();
    let mut without = settings(&disk);
    without.recovery = RecoveryMode::Off;
    let instance = Instance::start(without).unwrap();
    drop(create(&instance, DATABASE));
    instance.detach_all(&session(&instance)).unwrap();
    let made = fields(&disk, DATABASE);
    assert_eq!((made.lgpos_attach, made.lgpos_consistent), (Lgpos::NULL, Lgpos::NULL));
    assert!(!made.log_signature.is_set());
    drop(attach(&instance, DATABASE));
    assert_ne!(fields(&disk, DATABASE).database_signature, made.database_signature);
    instance.stop(TermKind::Complete).unwrap();
    assert_eq!(state(&fields(&disk, DATABASE)), Some(DatabaseState::CleanShutdown));
    assert!(!disk.is_file(Path::new("/x/edb.log")));
}

#[test]
fn two_instances_do_not_share_folders_or_files() {
    let disk = SimulatedFileSystem::default();
    let first = start(&disk);
    let code = |settings: InstanceSettings| Instance::start(settings).unwrap_err().jet();
    assert_eq!(code(settings(&disk)), JetError::TEMP_PATH_IN_USE);
    let mut second = settings(&disk);
    second.temporary_path = "/x/other.edb".into();
    assert_eq!(code(second.clone()), JetError::SYSTEM_PATH_IN_USE);
    second.system_folder = "/y".into();
    assert_eq!(code(second.clone()), JetError::LOG_FILE_PATH_IN_USE);
    second.log_folder = "/y".into();
    let second = Instance::start(second).unwrap();
    drop(create(&first, DATABASE));
    let shared = second.attach_database(&session(&second), &attach_request(DATABASE)).unwrap_err();
    assert_eq!(shared.jet(), JetError::DATABASE_SHARING_VIOLATION);
    first.stop(TermKind::Complete).unwrap();
    second.attach_database(&session(&second), &attach_request(DATABASE)).unwrap();
    second.stop(TermKind::Complete).unwrap();
}

#[test]
fn a_thread_that_still_looks_at_a_database_keeps_it_from_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let in_folder = |name: &str| {
        let mut settings = InstanceSettings::in_folder(Host::system(), &folder.path().join(name));
        settings.log_file_kb = Some(64);
        std::fs::create_dir(folder.path().join(name)).unwrap();
        settings
    };
    let path = folder.path().join("test.edb");
    let path = path.to_str().unwrap();
    let [first, second] = ["a", "b"].map(|name| Instance::start(in_folder(name)).unwrap());
    let mut held = vec![create(&first, path)];
    for instance in [&first, &second, &first] {
        let owner = held.last().unwrap();
        let detached =
            [&first, &second].map(|instance| instance.detach_database(&session(instance), Path::new(path)));
        assert_eq!(detached.iter().filter(|detached| detached.is_ok()).count(), 1);
        let too_late = owner.change_header(|fields| fields.backup_full_current = fields.backup_full_previous);
        assert_eq!(too_late.unwrap_err().jet(), JetError::FILE_ACCESS_DENIED);
        assert_eq!(owner.file().set_page_count(1000).unwrap_err().jet(), JetError::FILE_ACCESS_DENIED);
        held.push(attach(instance, path));
    }
    first.stop(TermKind::Abrupt).unwrap();
    held.push(attach(&second, path));
    second.stop(TermKind::Dirty).unwrap_err();
    drop(second);
    let mut again = InstanceSettings::in_folder(Host::system(), &folder.path().join("b"));
    again.log_file_kb = Some(64);
    let second = Instance::start(again).unwrap();
    attach(&second, path);
    second.stop(TermKind::Complete).unwrap();
}

#[test]
fn only_six_databases_are_attached() {
    let disk = SimulatedFileSystem::default();
    let mut small = settings(&disk);
    small.extension_pages = 16;
    let instance = Instance::start(small).unwrap();
    for number in 1..=6 {
        let database = create(&instance, &format!("/x/{number}.edb"));
        assert_eq!(database.dbid(), number);
    }
    let request = create_request("/x/7.edb");
    let full = instance.create_database(&mut session(&instance), &request).unwrap_err();
    assert_eq!(full.jet(), JetError::TOO_MANY_ATTACHED_DATABASES);
    assert!(!disk.is_file(Path::new("/x/7.edb")));
    let mut duplicate = create_request("/x/3.edb");
    duplicate.existing = Existing::Replace;
    let error = instance.create_database(&mut session(&instance), &duplicate).unwrap_err();
    assert_eq!(error.jet(), JetError::DATABASE_DUPLICATE);
    instance.stop(TermKind::Complete).unwrap();
}

#[test]
fn a_creation_that_fails_leaves_no_file_and_gives_its_number_back() {
    let disk = SimulatedFileSystem::default();
    let instance = start(&disk);
    disk.set_size(Some(disk.used() + 20 * 4096));
    let error = instance.create_database(&mut session(&instance), &create_request(DATABASE)).unwrap_err();
    assert_eq!(error.jet(), JetError::DISK_FULL);
    disk.set_size(None);
    assert!(!disk.is_file(Path::new(DATABASE)));
    assert_eq!(create(&instance, DATABASE).dbid(), 1);
    instance.stop(TermKind::Complete).unwrap();
}

#[test]
fn the_temporary_database_is_made_when_it_is_asked_for_and_goes_with_the_instance() {
    let disk = SimulatedFileSystem::default();
    let instance = start(&disk);
    let temporary = Path::new("/x/tmp.edb");
    assert!(!disk.is_file(temporary));
    let first = instance.temporary_tables().unwrap();
    assert!(Arc::ptr_eq(&first, &instance.temporary_tables().unwrap()));
    drop(first);
    let database = instance.database(0).unwrap();
    assert_eq!((database.dbid(), database.is_logged()), (0, false));
    assert_eq!(database.catalog().unwrap_err().jet(), JetError::INVALID_DATABASE_ID);
    drop(database);
    assert!(disk.is_file(temporary));
    assert!(instance.databases().is_empty());
    instance.stop(TermKind::Complete).unwrap();
    assert!(!disk.is_file(temporary));
}

#[test]
fn a_power_cut_at_every_write_of_a_run_leaves_headers_that_say_what_happened() {
    let run = |disk: &SimulatedFileSystem| -> Result<()> {
        let mut small = settings(disk);
        small.extension_pages = 16;
        let instance = Instance::start(small)?;
        let database = instance.create_database(&mut session(&instance), &create_request(DATABASE))?;
        drop(database);
        instance.detach_all(&session(&instance))?;
        instance.attach_database(&session(&instance), &attach_request(DATABASE))?;
        instance.stop(TermKind::Complete)
    };
    let total = {
        let disk = SimulatedFileSystem::default();
        run(&disk).unwrap();
        disk.write_calls()
    };
    let (mut clean, mut dirty, mut just_created) = (0, 0, 0);
    for call in 0..total {
        let disk = SimulatedFileSystem::default();
        disk.cut_power_at(call, PowerLoss::KeepsSome { seed: call + 1 });
        let outcome = run(&disk);
        assert!(disk.is_off());
        // That the checkpoint cannot be written is no error.
        assert!(outcome.is_err() || disk.write_calls() > total - 10);
        disk.reboot();
        let Some(bytes) = disk.content(Path::new(DATABASE)) else { continue };
        let Ok(pair) = ese_format::database_header::choose_header(&bytes) else {
            let found = records(&disk);
            let finished = found.iter().any(|(found, _)| *found == RecordType::CreateDbFinish);
            assert!(!finished, "call {call}: a finished database has a header");
            continue;
        };
        let fields = pair.header.fields;
        match state(&fields) {
            Some(DatabaseState::CleanShutdown) => {
                clean += 1;
                let ends = [RecordType::DetachDb, RecordType::ShutDownMark];
                let logged = records(&disk);
                let named =
                    logged.iter().any(|(found, at)| ends.contains(found) && *at == fields.lgpos_detach);
                assert!(named, "call {call}: a clean header names a record that is in the log");
            }
            Some(DatabaseState::DirtyShutdown) => {
                dirty += 1;
                assert!(fields.generation_min_required <= fields.generation_max_required);
                assert!(fields.generation_min_required.get() > 0);
            }
            Some(DatabaseState::JustCreated) => just_created += 1,
            other => panic!("call {call}: {other:?}"),
        }
    }
    println!("{total} power cuts: {clean} clean, {dirty} dirty, {just_created} just created");
    assert!(clean > 0 && dirty > 0 && just_created > 0);
}

#[test]
fn on_the_real_disk_with_threads() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = InstanceSettings::in_folder(Host::system(), folder.path());
    settings.log_file_kb = Some(64);
    settings.circular = crate::log::Circular::On;
    let path = folder.path().join("real.edb");
    for run in 0..2 {
        let instance = Instance::start(settings.clone()).unwrap();
        let locked = InstanceSettings { temporary_path: folder.path().join("b.edb"), ..settings.clone() };
        assert_eq!(Instance::start(locked).unwrap_err().jet(), JetError::SYSTEM_PATH_IN_USE);
        if run == 0 {
            instance.create_database(&mut session(&instance), &create_request(&path)).unwrap();
        } else {
            let map = path.with_extension("jfm");
            std::fs::write(&map, b"a map of another life").unwrap();
            instance.attach_database(&session(&instance), &attach_request(&path)).unwrap();
            assert!(!map.exists(), "a flush map that nobody keeps goes");
        }
        for _ in 0..5 {
            instance.log().unwrap().roll().unwrap();
        }
        instance.stop(TermKind::Complete).unwrap();
    }
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name != "tmp.edb"), "{names:?}");
    assert_eq!(ese_format::version::engine_format(EFV_DEFAULT).unwrap().database.update_major, 20);
}

#[test]
fn a_file_that_another_process_has_open_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = InstanceSettings::in_folder(Host::system(), folder.path());
    settings.log_file_kb = Some(64);
    let path = folder.path().join("in-use.edb");
    std::fs::write(&path, b"the database of another process").unwrap();
    // A lock belongs to the open file, so that one held here is in the way as another process's is.
    let other = std::fs::File::open(&path).unwrap();
    other.lock().unwrap();
    let instance = Instance::start(settings).unwrap();
    let request = CreateRequest { existing: Existing::Replace, ..create_request(&path) };
    let refused = instance.create_database(&mut session(&instance), &request).unwrap_err();
    assert_eq!(refused.jet(), JetError::FILE_ACCESS_DENIED);
    assert_eq!(std::fs::read(&path).unwrap(), b"the database of another process");
    drop(other);
    instance.create_database(&mut session(&instance), &request).unwrap();
    instance.stop(TermKind::Complete).unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 1 << 16);
}

#[test]
fn copies_of_real_databases_are_attached_and_detached_unchanged_and_dirty_ones_are_refused() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("copies of real databases are attached");
    };
    let (mut clean, mut cut, mut dirty, mut refused) = (0, 0, 0, 0);
    for file in ese_corpus::files_ending(&corpus, &[".edb", ".dat", ".db", ".mdb"]) {
        let bytes = file.bytes();
        let Ok(pair) = ese_format::database_header::choose_header(&bytes) else { continue };
        let before = pair.header;
        let disk = SimulatedFileSystem::default();
        disk.put(DATABASE, bytes.clone());
        let mut settings = settings(&disk);
        settings.page_size = before.page_size();
        let instance = Instance::start(settings).unwrap();
        let attached = instance.attach_database(&session(&instance), &attach_request(DATABASE));
        match before.state() {
            Some(DatabaseState::CleanShutdown) => {
                drop(attached.unwrap_or_else(|error| panic!("{}: {error}", file.name)));
                instance.detach_all(&session(&instance)).unwrap();
                let after = disk.content(Path::new(DATABASE)).unwrap();
                let headers = 2 * before.page_size().bytes();
                // What lies behind the last page that is owned is cut off.
                assert!(bytes[headers..].starts_with(&after[headers..]), "{}: a page changed", file.name);
                cut += usize::from(after.len() < bytes.len());
                let after = fields(&disk, DATABASE);
                assert_eq!(after.database_signature, before.fields.database_signature);
                assert_eq!(after.dbtime, before.fields.dbtime, "{}", file.name);
                assert_eq!(after.objid_last, before.fields.objid_last);
                assert_eq!(after.update_major, before.fields.update_major, "versions are kept");
                assert_eq!(after.update_minor, before.fields.update_minor);
                assert!(!after.flush_map_signature.is_set());
                clean += 1;
            }
            Some(DatabaseState::DirtyShutdown) => {
                let error = attached.unwrap_err().jet();
                let expected =
                    [JetError::DATABASE_DIRTY_SHUTDOWN, JetError::SOFT_RECOVERY_ON_BACKUP_DATABASE];
                assert!(expected.contains(&error), "{}: {error}", file.name);
                assert!(
                    disk.content(Path::new(DATABASE)).unwrap() == bytes,
                    "{}: nothing is written",
                    file.name
                );
                dirty += 1;
            }
            _ => refused += usize::from(attached.is_err()),
        }
        instance.stop(TermKind::Complete).unwrap();
    }
    ese_corpus::report!(
        "{clean} clean databases attached and detached ({cut} cut to what they own), {dirty} dirty ones refused, {refused} others"
    );
    assert!(clean > 20 && dirty > 3);
}
