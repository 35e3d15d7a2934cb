//! Backups restored elsewhere, and what is found in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_engine::cache::PageCache;
use ese_engine::database::{Database, OpenOptions};
use ese_engine::error::Result;
use ese_engine::instance::{Instance, InstanceSettings};
use ese_engine::io::OsFileSystem;
use ese_engine::recovery::{GenerationRange, MapEntry, MapOptions, NoControl};
use ese_engine::restore::{RestoreOptions, RestoreRequest, Restored, restore};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::error::JetError;
use tempfile::TempDir;

use crate::model::{Player, Rows, THREADS};
use crate::stage::{Point, Scene, Taken, database_name, settings_in};

/// A full backup and the backups of logs behind it.
#[derive(Clone, Debug)]
pub(crate) struct Set<'t> {
    pub(crate) full: &'t Taken,
    pub(crate) logs: Vec<&'t Taken>,
}

impl<'t> Set<'t> {
    pub(crate) fn of(full: &'t Taken) -> Self {
        Self { full, logs: Vec::new() }
    }

    fn last(&self) -> &'t Taken {
        self.logs.last().copied().unwrap_or(self.full)
    }

    /// What it holds at least and at most.
    pub(crate) fn bounds(&self) -> (Point, Point) {
        (self.last().least, self.last().most)
    }

    fn given(&self) -> GenerationRange {
        GenerationRange {
            low: self.full.report.generations.start,
            high: self.last().report.generations.end - 1,
        }
    }
}

/// A place where a set is restored.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
    scene: Scene,
    /// The databases that are wanted, by their numbers.
    databases: Vec<usize>,
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}

impl Place {
    /// With the files of the set.
    pub(crate) fn with(scene: &Scene, set: &Set<'_>, databases: &[usize]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["set", "databases", "logs", "system"] {
            std::fs::create_dir(folder.path().join(name)).expect("an empty folder");
        }
        let place = Self { folder, scene: *scene, databases: databases.to_vec() };
        for backup in std::iter::once(&set.full).chain(&set.logs) {
            for entry in std::fs::read_dir(&backup.folder).expect("the backup is there") {
                let path = entry.expect("it can be read").path();
                if path.extension().is_some_and(|extension| extension == "log") {
                    copy(&path, &place.path("set").join(path.file_name().expect("it has a name")));
                }
            }
        }
        for database in databases {
            copy(&set.full.folder.join(database_name(*database)), &place.database(*database));
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn database(&self, number: usize) -> PathBuf {
        self.path("databases").join(database_name(number))
    }

    /// Puts logs of a running or ended instance where the restore looks for more.
    pub(crate) fn add_logs_of(&self, live: &Path) {
        for entry in std::fs::read_dir(live).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            if path.extension().is_some_and(|extension| extension == "log") {
                copy(&path, &self.path("logs").join(path.file_name().expect("it has a name")));
            }
        }
    }

    pub(crate) fn settings(&self) -> InstanceSettings {
        let mut settings = settings_in(&self.scene, &self.path("system"));
        settings.log_folder = self.path("logs");
        settings.name = "restore".to_owned();
        settings
    }

    pub(crate) fn restore(&self, set: &Set<'_>, live: &Path, target: Option<&Instance>) -> Result<Restored> {
        let entry = |database: &usize| MapEntry {
            logged: Some(live.join(database_name(*database)).to_string_lossy().into_owned()),
            path: self.database(*database),
            options: MapOptions::empty(),
        };
        let request = RestoreRequest {
            settings: self.settings(),
            cache: PageCache::new(4 << 20),
            backup_folder: self.path("set"),
            given: set.given(),
            map: self.databases.iter().map(entry).collect(),
            target,
            options: RestoreOptions::empty(),
        };
        restore(&request, &mut NoControl)
    }

    /// Compares the restored databases with what the players have at that point, which lies within the bounds and is the
    /// same in all. The point.
    pub(crate) fn compare(&self, players: &mut [Player], (least, most): (Point, Point)) -> Point {
        let mut points: Vec<Point> = Vec::new();
        for database in &self.databases {
            let found = rows_of(&self.database(*database));
            let point: Point = std::array::from_fn(|thread| counted(&found, thread));
            for thread in 0..THREADS {
                let (low, count, high) = (least[thread], point[thread], most[thread]);
                assert!(
                    (low..=high).contains(&count),
                    "thread {thread} of database {database}: {count} transactions, not {low} to {high}"
                );
                players[thread].play_to(count);
            }
            points.push(point);
            compare_rows(&found, players, *database);
        }
        assert!(points.windows(2).all(|pair| pair[0] == pair[1]), "databases of one point: {points:?}");
        points.pop().expect("a set has a database")
    }

    /// Leaves the first database for other readers, if somebody wants it.
    pub(crate) fn keep(&self, name: &str) {
        let Some(folder) = std::env::var_os("ESENT_FIRE_KEEP").map(PathBuf::from) else { return };
        let first = *self.databases.first().expect("a set has a database");
        std::fs::create_dir_all(&folder).expect("a folder can be made there");
        copy(&self.database(first), &folder.join(format!("{name}.edb")));
    }
}

fn compare_rows(found: &Rows, players: &[Player], database: usize) {
    let expected: Rows = players.iter().flat_map(|player| player.rows_in(database)).collect();
    if *found == expected {
        return;
    }
    let missing: Vec<_> = expected.keys().filter(|key| !found.contains_key(key)).take(5).collect();
    let additional: Vec<_> = found.keys().filter(|key| !expected.contains_key(key)).take(5).collect();
    let other = |(key, value): &(&i32, &Vec<u8>)| expected.get(key).is_some_and(|right| right != *value);
    let different: Vec<_> = found.iter().filter(other).map(|(key, _)| key).take(5).collect();
    panic!("database {database}: missing {missing:?}, additional {additional:?}, different {different:?}");
}

fn counted(rows: &BTreeMap<i32, Vec<u8>>, thread: usize) -> u64 {
    let stored = rows.get(&Player::counter(thread));
    stored.map_or(0, |bytes| u64::from_le_bytes(bytes.as_slice().try_into().expect("eight bytes")))
}

/// The rows of a database in a file that was closed cleanly. The verifier finds nothing in it.
fn rows_of(path: &Path) -> Rows {
    let options = OpenOptions { file_system: Arc::new(OsFileSystem), ..OpenOptions::default() };
    let database = Database::open(path, &options).expect("a restored database is clean");
    let report = verify(&database, &VerifyOptions::default(), &mut |_| {});
    let orphans = report.findings.iter().filter(|finding| finding.what.contains("orphan")).count();
    assert_eq!((report.errors, orphans), (0, 0), "{:#?}", report.findings);
    let table = match database.open_table("rows") {
        Ok(table) => table,
        Err(error) if error.jet() == JetError::OBJECT_NOT_FOUND => panic!("no table in {}", path.display()),
        Err(error) => panic!("{error}"),
    };
    let layout = table.schema().layout();
    let column = |name: &[u8]| layout.column_named(name).expect("the table was created whole");
    let (key, value) = (column(b"key"), column(b"value"));
    let mut cursor = table.cursor();
    let mut rows = Rows::new();
    let mut buffer = Vec::new();
    while cursor.move_next().expect("a sound tree") {
        let row = cursor.row().expect("a sound record");
        let mut read = |column| {
            let values = row.values(column).expect("a sound record");
            let first = values.iter().next().expect("it was set").expect("sound");
            first.read(&mut buffer).expect("sound").to_vec()
        };
        let number = i32::from_le_bytes(read(key).try_into().expect("four bytes"));
        rows.insert(number, read(value));
    }
    rows
}
