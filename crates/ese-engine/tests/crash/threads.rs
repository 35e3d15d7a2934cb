//! Eight sessions of eight threads on one table, with the engine's own threads beside them: small logs that are used
//! again, a cache much smaller than the table, commits of both kinds.
//!
//! Three seconds by default; `ESENT_STRESS_SECONDS` says how many.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ese_engine::catalog::Shadow;
use ese_engine::error::Result;
use ese_engine::file_map::Logging;
use ese_engine::instance::{AttachedDatabase, CreateRequest, Instance, InstanceSettings, TermKind};
use ese_engine::io::{Existing, Host, OsFileSystem};
use ese_engine::log::Circular;
use ese_engine::transaction::{BeginKind, CommitOptions, Session};

use crate::model::{Dice, Rows};
use crate::workload::{Table, create_table, rows_at};

const THREADS: i32 = 8;
const KEYS: u32 = 500;

fn settings(folder: &Path) -> InstanceSettings {
    let mut settings = InstanceSettings::in_folder(Host::system(), folder);
    settings.log_file_kb = Some(256);
    settings.circular = Circular::On;
    settings.cache_bytes = 200 * 4096;
    settings.checkpoint_depth = 512 << 10;
    settings
}

/// Changes rows of its own until it is told to stop; what the rows are then.
fn work(
    database: &Arc<AttachedDatabase>,
    mut session: Session,
    thread: i32,
    stop: &AtomicBool,
) -> Result<Rows> {
    let mut rows = Rows::new();
    let mut dice = Dice::new(thread as u64 + 77);
    let mut table = Table::open(database, &mut session)?;
    while !stop.load(Ordering::Relaxed) {
        let mut after = rows.clone();
        session.begin(BeginKind::ReadWrite)?;
        for _ in 0..=dice.roll(8) {
            let key = thread * 100_000 + dice.roll(KEYS) as i32;
            let most = if dice.roll(50) == 0 { 6000 } else { 300 };
            let count = dice.roll(most) as usize + 1;
            let value = dice.bytes(count);
            match (after.contains_key(&key), dice.roll(4)) {
                (false, _) => table.insert(&mut session, key, &value)?,
                (true, 0) => {
                    table.delete(&mut session, key)?;
                    after.remove(&key);
                    continue;
                }
                (true, _) => table.replace(&mut session, key, &value)?,
            }
            after.insert(key, value);
        }
        if dice.roll(10) == 0 {
            session.rollback()?;
            let _ = table.cursor.after_rollback(&mut session, 0);
            continue;
        }
        let durable = dice.roll(4) == 0;
        session.commit(if durable { CommitOptions::DURABLE } else { CommitOptions::LAZY })?;
        table.cursor.after_commit(0);
        rows = after;
    }
    table.cursor.close(&mut session)?;
    session.end()?;
    Ok(rows)
}

#[test]
fn eight_threads_change_one_table() {
    let seconds = std::env::var("ESENT_STRESS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("threads.edb");
    let instance = Instance::start(settings(folder.path())).expect("empty folders");
    let mut session = instance.transactions().begin_session().expect("the first session");
    let request = CreateRequest {
        path: path.clone(),
        grbit: 0,
        existing: Existing::Keep,
        logging: Logging::On,
        shadow: Shadow::Kept,
        pages_max: 0,
    };
    let database = instance.create_database(&mut session, &request).expect("an empty folder");
    create_table(&database, &mut session).expect("an empty database");
    let stop = AtomicBool::new(false);
    let rows = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let session = instance.transactions().begin_session().expect("there are numbers left");
                let (database, stop) = (&database, &stop);
                scope.spawn(move || work(database, session, thread, stop))
            })
            .collect();
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
        let mut rows = Rows::new();
        for worker in workers {
            rows.extend(worker.join().expect("no thread panics").expect("no call fails"));
        }
        rows
    });
    let log = instance.log().expect("it logs");
    println!(
        "{} rows after {seconds} s, log generation {:#x}, checkpoint {}, lowest archive {:?}",
        rows.len(),
        log.generation(),
        instance.checkpoint(),
        log.lowest_archive()
    );
    session.end().expect("it is in no transaction");
    drop(database);
    instance.stop(TermKind::Complete).expect("nothing is in use");
    drop(instance);
    let found = rows_at(Arc::new(OsFileSystem), &path).expect("the table was created");
    assert_eq!(found.len(), rows.len());
    assert!(found == rows, "rows differ");
}
