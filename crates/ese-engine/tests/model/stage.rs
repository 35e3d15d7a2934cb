//! The machine of a seed: a simulated disk, the settings of its instances, the database on it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ese_engine::catalog::{LiveCatalog, Shadow};
use ese_engine::database::{Database, OpenOptions};
use ese_engine::error::Result;
use ese_engine::file_map::Logging;
use ese_engine::instance::{
    AttachRequest, AttachedDatabase, CreateRequest, Instance, InstanceSettings, Writability,
};
use ese_engine::io::{Existing, Host, SimulatedFileSystem};
use ese_engine::log::Circular;
use ese_engine::table::{Cursor, CursorMode, EnumerateGrbit, IndexStart, MoveGrbit, RetrieveGrbit};
use ese_engine::transaction::Session;
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::dice::Dice;
use crate::state::{EntryOf, State, UNKNOWN_COLUMN};

const FOLDER: &str = "/m";
const DATABASE: &str = "/m/db.edb";
/// Engine formats: the default of today's Windows, and the newest.
const FORMATS: [u32; 2] = [8920, 9180];

/// What a seed decides once.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) page_size: PageSize,
    pub(crate) circular: Circular,
    pub(crate) log_kb: u32,
    pub(crate) cache_pages: usize,
    pub(crate) checkpoint_depth: u64,
    pub(crate) extension_pages: u32,
    pub(crate) format: u32,
    pub(crate) sessions: usize,
    pub(crate) long_bytes_max: usize,
}

impl Plan {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let sizes = [PageSize::K4, PageSize::K8, PageSize::K16, PageSize::K32];
        Self {
            page_size: *dice.pick(&sizes).expect("four"),
            circular: if dice.one_in(2) { Circular::On } else { Circular::Off },
            log_kb: *dice.pick(&[64, 128, 256]).expect("three"),
            cache_pages: *dice.pick(&[24, 48, 128]).expect("three"),
            checkpoint_depth: *dice.pick(&[32 << 10, 128 << 10, 512 << 10]).expect("three"),
            extension_pages: *dice.pick(&[1, 8, 64]).expect("three"),
            format: *dice.pick(&FORMATS).expect("two"),
            sessions: 3 + dice.below(4),
            long_bytes_max: *dice.pick(&[5_000, 30_000, 100_000]).expect("three"),
        }
    }
}

/// The machine.
pub(crate) struct Machine {
    pub(crate) disk: SimulatedFileSystem,
    pub(crate) plan: Plan,
    seed: u64,
}

/// An instance that runs, with its database.
pub(crate) struct Running {
    pub(crate) instance: Arc<Instance>,
    pub(crate) database: Arc<AttachedDatabase>,
}

impl Running {
    pub(crate) fn catalog(&self) -> Arc<LiveCatalog> {
        Arc::clone(self.database.catalog().expect("a user database has a catalog"))
    }
}

impl Machine {
    pub(crate) fn new(seed: u64, plan: Plan) -> Self {
        // A page is whole or not there at all (docs/format/log-tail.md).
        let disk = SimulatedFileSystem::with_sectors("edb", plan.page_size.bytes());
        Self { disk, plan, seed }
    }

    pub(crate) fn start(&self) -> Result<Arc<Instance>> {
        let host = Host::simulated(Arc::new(self.disk.clone()), self.seed ^ self.disk.write_calls());
        let mut settings = InstanceSettings::in_folder(host, Path::new(FOLDER));
        settings.page_size = self.plan.page_size;
        settings.log_file_kb = Some(self.plan.log_kb);
        settings.circular = self.plan.circular;
        settings.cache_bytes = self.plan.cache_pages * self.plan.page_size.bytes();
        settings.checkpoint_depth = self.plan.checkpoint_depth;
        settings.extension_pages = self.plan.extension_pages;
        settings.engine_format_version = self.plan.format;
        Instance::start(settings)
    }

    pub(crate) fn create(&self) -> Result<Running> {
        let instance = self.start()?;
        let mut session = instance.transactions().begin_session()?;
        let request = CreateRequest {
            path: DATABASE.into(),
            grbit: 0,
            existing: Existing::Keep,
            logging: Logging::On,
            shadow: Shadow::Kept,
            pages_max: 0,
        };
        let database = instance.create_database(&mut session, &request)?;
        Ok(Running { instance, database })
    }

    pub(crate) fn attach(&self, instance: &Arc<Instance>) -> Result<Running> {
        let session = instance.transactions().begin_session()?;
        let request = AttachRequest {
            path: DATABASE.into(),
            writability: Writability::Writable,
            logging: Logging::On,
            pages_max: 0,
        };
        let attached = instance.attach_database(&session, &request)?;
        Ok(Running { instance: Arc::clone(instance), database: Arc::clone(attached.database()) })
    }

    pub(crate) fn detach(&self, running: Running) -> Result<Arc<Instance>> {
        let Running { instance, database } = running;
        drop(database);
        let session = instance.transactions().begin_session()?;
        instance.detach_database(&session, Path::new(DATABASE))?;
        Ok(instance)
    }

    /// The verifier finds nothing in a database that nobody has attached.
    pub(crate) fn verify(&self, when: &str) {
        let options = OpenOptions { file_system: Arc::new(self.disk.clone()), ..OpenOptions::default() };
        let database = Database::open(DATABASE, &options).unwrap_or_else(|error| panic!("{when}: {error}"));
        let report = verify(&database, &VerifyOptions::default(), &mut |_| ());
        let damage: Vec<_> = report.damage().map(|finding| format!("{finding:?}")).collect();
        assert!(report.is_sound(), "{when}: the verifier: {}", damage.join("\n"));
    }
}

/// The values of a record by column.
pub(crate) type Values = BTreeMap<u32, Vec<Vec<u8>>>;

/// A table as it was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TableDump {
    pub(crate) columns: BTreeMap<String, u32>,
    pub(crate) indexes: BTreeMap<String, Vec<EntryOf>>,
    pub(crate) rows: BTreeMap<Vec<u8>, Values>,
}

pub(crate) type Dump = BTreeMap<String, TableDump>;

/// The values of the record under the cursor.
pub(crate) fn values_here(cursor: &mut Cursor, session: &mut Session) -> Result<Values> {
    let (columns, missing) = cursor.enumerate_columns(session, None, usize::MAX, EnumerateGrbit::empty())?;
    assert_eq!(missing, None, "no column was asked for");
    let values = columns
        .into_iter()
        .map(|column| (column.column, column.values.into_iter().map(|value| value.data).collect::<Vec<_>>()));
    Ok(values.filter(|(_, values)| !values.is_empty()).collect())
}

/// A table as a session sees it.
pub(crate) fn dump_table(running: &Running, session: &mut Session, name: &str) -> Result<TableDump> {
    let opened = running.catalog().open_table(session, name.as_bytes(), 0)?;
    let _hold = opened.hold;
    let mut cursor = Cursor::over(session, opened.table, CursorMode::Updatable);
    let schema = Arc::clone(cursor.table().schema());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("ASCII");
    let mut dump = TableDump {
        columns: schema.columns().map(|column| (text(&column.name), column.id.to_api())).collect(),
        ..TableDump::default()
    };
    let mut moved = cursor.move_first(session);
    while moved.is_ok() {
        let bookmark = cursor.bookmark()?;
        let values = values_here(&mut cursor, session)?;
        dump.rows.insert(bookmark, values);
        moved = cursor.move_by(session, 1, MoveGrbit::empty());
    }
    expect_end(moved)?;
    for index in schema.indexes().iter().filter(|index| !index.is_primary()) {
        cursor.set_current_index(session, index.name.as_bytes(), IndexStart::First)?;
        let mut entries = Vec::new();
        let mut moved = cursor.move_first(session);
        while moved.is_ok() {
            entries.push((cursor.retrieve_key(session, RetrieveGrbit::empty())?, cursor.bookmark()?));
            moved = cursor.move_by(session, 1, MoveGrbit::empty());
        }
        expect_end(moved)?;
        dump.indexes.insert(text(index.name.as_bytes()), entries);
    }
    Ok(dump)
}

fn expect_end(moved: Result<()>) -> Result<()> {
    match moved {
        Err(error) if error.jet() != JetError::NO_CURRENT_RECORD => Err(error),
        _ => Ok(()),
    }
}

/// The names of all tables that are not the engine's.
pub(crate) fn names(running: &Running, session: &Session) -> Result<Vec<String>> {
    let objects = running.catalog().objects(session)?;
    let names = objects.into_iter().map(|object| String::from_utf8(object.name).expect("ASCII"));
    Ok(names.filter(|name| !name.starts_with("MSys")).collect())
}

pub(crate) fn dump(running: &Running, session: &mut Session) -> Result<Dump> {
    let names = names(running, session)?;
    names.into_iter().map(|name| dump_table(running, session, &name).map(|table| (name, table))).collect()
}

/// What a table of the model looks like when it is read, apart from indexes that are gone for all at once.
pub(crate) fn expected_table(table: &crate::state::Table) -> TableDump {
    let values = |row: &crate::state::Row| -> Values {
        let of = table.columns.iter().map(|column| {
            (column.id, row.values(column).iter().map(|value| value.to_vec()).collect::<Vec<_>>())
        });
        of.filter(|(_, values)| !values.is_empty()).collect()
    };
    TableDump {
        columns: table.columns.iter().map(|column| (column.name.clone(), column.id)).collect(),
        indexes: table
            .indexes
            .values()
            .map(|index| (index.def.name.clone(), index.entries.iter().cloned().collect()))
            .collect(),
        rows: table.rows.iter().map(|(bookmark, row)| (bookmark.clone(), values(row))).collect(),
    }
}

/// Where two readings of a table differ, in few words.
pub(crate) fn difference(expected: &TableDump, found: &TableDump) -> Option<String> {
    let known = |name: &String, id: &u32| {
        found.columns.get(name).is_some_and(|other| other == id || *id == UNKNOWN_COLUMN)
    };
    let same_columns = expected.columns.len() == found.columns.len()
        && expected.columns.iter().all(|(name, id)| known(name, id));
    if !same_columns {
        return Some(format!("columns {:?}, expected {:?}", found.columns, expected.columns));
    }
    for key in expected.rows.keys().chain(found.rows.keys()) {
        match (expected.rows.get(key), found.rows.get(key)) {
            (None, _) => return Some(format!("a row {key:x?} too many")),
            (_, None) => return Some(format!("row {key:x?} is missing")),
            (Some(wanted), Some(seen)) => {
                if let Some(what) = row_difference(wanted, seen) {
                    return Some(format!("row {key:x?}: {what}"));
                }
            }
        }
    }
    for name in expected.indexes.keys().chain(found.indexes.keys()) {
        let (wanted, seen) = (expected.indexes.get(name), found.indexes.get(name));
        if wanted != seen {
            let lost = |of: Option<&Vec<EntryOf>>, other: Option<&Vec<EntryOf>>| -> Vec<EntryOf> {
                let other = other.map(Vec::as_slice).unwrap_or_default();
                let mut lost: Vec<_> =
                    of.into_iter().flatten().filter(|entry| !other.contains(entry)).cloned().collect();
                lost.truncate(3);
                lost
            };
            return Some(format!(
                "index {name}: there {} and {}, missing {:x?}, too many {:x?}",
                wanted.is_some(),
                seen.is_some(),
                lost(wanted, seen),
                lost(seen, wanted)
            ));
        }
    }
    None
}

pub(crate) fn row_difference(expected: &Values, found: &Values) -> Option<String> {
    let brief = |values: Option<&Vec<Vec<u8>>>| {
        let part = |value: &Vec<u8>| format!("{} bytes {:x?}", value.len(), &value[..value.len().min(24)]);
        values.map(|values| values.iter().map(part).collect::<Vec<_>>())
    };
    let mut columns = expected.keys().chain(found.keys());
    let differs = columns.find(|column| expected.get(column) != found.get(column))?;
    Some(format!(
        "column {differs:#x} has {:?}, expected {:?}",
        brief(found.get(differs)),
        brief(expected.get(differs))
    ))
}

/// Where a reading of the database differs from a state of the model.
pub(crate) fn dump_difference(expected: &State, found: &Dump) -> Option<String> {
    let (wanted, seen): (Vec<_>, Vec<_>) = (expected.keys().collect(), found.keys().collect());
    if wanted != seen {
        return Some(format!("tables {seen:?}, expected {wanted:?}"));
    }
    expected.iter().find_map(|(name, table)| {
        difference(&expected_table(table), &found[name]).map(|what| format!("table {name}: {what}"))
    })
}
