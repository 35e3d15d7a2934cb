//! libesent through its safe engine: a table with an 8-byte primary key and a binary value.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use ese_engine::catalog::{LiveCatalog, NewColumn, NewIndex, NewTable, Shadow};
use ese_engine::file_map::Logging;
use ese_engine::instance::{CreateRequest, Instance, InstanceSettings};
use ese_engine::io::{Existing, Host};
use ese_engine::log::Circular;
use ese_engine::table::{
    ColumnChange, ColumnRequest, Cursor, CursorMode, MakeKeyGrbit, MoveGrbit, Prepare, SeekGrbit, UpdateGrbit,
};
use ese_engine::transaction::{BeginKind, CommitOptions};

use super::{Commit, Session, Store, VALUE_BYTES, Write, value_of};

/// JET_coltypLongLong and JET_coltypBinary.
const LONG_LONG: u32 = 15;
const BINARY: u32 = 9;
/// JET_bitIndexPrimary | JET_bitIndexUnique.
const PRIMARY: u32 = 3;
/// The first fixed and the first variable column.
const KEY: u32 = 1;
const VALUE: u32 = 128;

/// Name of the database file.
pub const DATABASE: &str = "rows.edb";

/// An instance with one database.
pub struct Libesent {
    instance: Arc<Instance>,
    catalog: Arc<LiveCatalog>,
}

impl Libesent {
    /// See [`super::Create`].
    pub fn create(folder: &Path, cache_bytes: usize) -> Result<Box<dyn Store>> {
        Ok(Box::new(Self::open(folder, cache_bytes, Circular::On)?))
    }

    /// As [`Self::create`], with a choice of what becomes of old logs.
    pub fn open(folder: &Path, cache_bytes: usize, circular: Circular) -> Result<Self> {
        let mut settings = InstanceSettings::in_folder(Host::system(), folder);
        settings.cache_bytes = cache_bytes;
        settings.circular = circular;
        let instance = Instance::start(settings)?;
        let mut session = instance.transactions().begin_session()?;
        let request = CreateRequest {
            path: folder.join(DATABASE),
            grbit: 0,
            existing: Existing::Keep,
            logging: Logging::On,
            shadow: Shadow::Kept,
            pages_max: 0,
        };
        let database = instance.create_database(&mut session, &request)?;
        let catalog = Arc::clone(database.catalog()?);
        let columns = [
            NewColumn { name: b"key", column_type: LONG_LONG, ..NewColumn::default() },
            NewColumn { name: b"value", column_type: BINARY, bytes_max: 255, ..NewColumn::default() },
        ];
        let indexes =
            [NewIndex { name: b"primary", key: b"+key\0\0", grbit: PRIMARY, ..NewIndex::default() }];
        let table = NewTable { name: b"rows", columns: &columns, indexes: &indexes, ..NewTable::default() };
        drop(catalog.create_table(&mut session, &table).table?);
        Ok(Self { instance, catalog })
    }

    /// The instance, for backups.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }
}

impl Drop for Libesent {
    fn drop(&mut self) {
        if let Err(error) = self.instance.stop(ese_engine::instance::TermKind::Complete) {
            eprintln!("the instance does not stop: {error}");
        }
    }
}

impl Store for Libesent {
    fn name(&self) -> &'static str {
        "libesent"
    }

    fn session(&self) -> Result<Box<dyn Session + '_>> {
        let session = self.instance.transactions().begin_session()?;
        let opened = self.catalog.open_table(&session, b"rows", 0)?;
        let cursor = Cursor::over(&session, opened.table, CursorMode::Updatable);
        Ok(Box::new(LibesentSession { session, cursor, value: [0; VALUE_BYTES], _hold: opened.hold }))
    }
}

struct LibesentSession {
    session: ese_engine::transaction::Session,
    cursor: Cursor,
    value: [u8; VALUE_BYTES],
    _hold: ese_engine::catalog::TableHold,
}

impl LibesentSession {
    fn seek(&mut self, key: u64) -> Result<()> {
        self.cursor.make_key(&mut self.session, &key.to_le_bytes(), MakeKeyGrbit::NEW_KEY)?;
        let found = self.cursor.seek(&mut self.session, SeekGrbit::EQ)?;
        ensure!(found.warning().is_none(), "the row {key} is missing");
        Ok(())
    }

    fn first_byte(&mut self) -> Result<u64> {
        let request = ColumnRequest { column: VALUE, itag: 1, ..ColumnRequest::default() };
        let retrieved = self.cursor.retrieve_column(&mut self.session, &request, &mut self.value)?;
        ensure!(retrieved.actual == VALUE_BYTES, "a value of {} bytes", retrieved.actual);
        Ok(u64::from(*self.value.first().context("an empty value")?))
    }

    fn set(&mut self, column: u32, data: &[u8]) -> Result<()> {
        let change =
            ColumnChange { column, data, bytes: data.len() as u32, itag: 1, ..ColumnChange::default() };
        let _ = self.cursor.set_column(&mut self.session, &change)?;
        Ok(())
    }
}

impl Session for LibesentSession {
    fn write(&mut self, keys: &[u64], write: Write, commit: Commit) -> Result<()> {
        self.session.begin(BeginKind::ReadWrite)?;
        for key in keys {
            match write {
                Write::Insert => {
                    self.cursor.prepare(&mut self.session, Prepare::Insert)?;
                    self.set(KEY, &key.to_le_bytes())?;
                }
                Write::Update => {
                    self.seek(*key)?;
                    self.cursor.prepare(&mut self.session, Prepare::Replace)?;
                }
            }
            self.set(VALUE, &value_of(*key, write))?;
            self.cursor.update(&mut self.session, None, UpdateGrbit::empty())?;
        }
        self.session.commit(match commit {
            Commit::Lazy => CommitOptions::LAZY,
            Commit::Durable => CommitOptions::DURABLE,
        })?;
        Ok(())
    }

    fn read(&mut self, keys: &[u64]) -> Result<u64> {
        self.session.begin(BeginKind::ReadOnly)?;
        let mut sum = 0;
        for key in keys {
            self.seek(*key)?;
            sum += self.first_byte()?;
        }
        self.session.commit(CommitOptions::DURABLE)?;
        Ok(sum)
    }

    fn scan(&mut self) -> Result<(u64, u64)> {
        self.session.begin(BeginKind::ReadOnly)?;
        let (mut count, mut sum) = (0, 0);
        let mut moved = self.cursor.move_first(&mut self.session);
        while moved.is_ok() {
            count += 1;
            sum += self.first_byte()?;
            moved = self.cursor.move_by(&mut self.session, 1, MoveGrbit::empty());
        }
        self.session.commit(CommitOptions::DURABLE)?;
        Ok((count, sum))
    }
}
