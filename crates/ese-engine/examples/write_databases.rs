//! Writes databases of every page size for independent readers: `write_databases FOLDER [ROWS]`.
//!
//! Each has a table of rows inserted in random order, replaced and deleted, with two indexes, multi-values and long
//! values; a table of long values from 1 byte to 5 MB; and one more that was filled and deleted. Before a file is given out
//! it is read back: every value is what was set, and the verifier finds nothing.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_engine::catalog::{NewColumn, NewIndex, NewTable, Shadow};
use ese_engine::database::{Database, OpenOptions};
use ese_engine::file_map::Logging;
use ese_engine::instance::{CreateRequest, Instance, InstanceSettings, TermKind};
use ese_engine::io::{Existing, Host};
use ese_engine::table::{ColumnChange, Cursor, CursorMode, MakeKeyGrbit, Prepare, SeekGrbit, UpdateGrbit};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::page_size::PageSize;

type Done<T = ()> = Result<T, Box<dyn Error>>;

const ROWS_DEFAULT: usize = 25_000;
/// Changes in one transaction.
const BATCH: usize = 500;

const COLTYP_BIT: u32 = 1;
const COLTYP_LONG: u32 = 4;
const COLTYP_CURRENCY: u32 = 5;
const COLTYP_DOUBLE: u32 = 7;
const COLTYP_DATE_TIME: u32 = 8;
const COLTYP_BINARY: u32 = 9;
const COLTYP_TEXT: u32 = 10;
const COLTYP_LONG_BINARY: u32 = 11;
const COLTYP_LONG_TEXT: u32 = 12;
const COLTYP_GUID: u32 = 16;
const COLUMN_FIXED: u32 = 1;
const COLUMN_TAGGED: u32 = 2;
const COLUMN_NOT_NULL: u32 = 4;
const COLUMN_MULTI_VALUED: u32 = 0x400;
const INDEX_PRIMARY: u32 = 2;
const UTF_16: u32 = 1200;
const WESTERN: u32 = 1252;

/// Names, types, grbits and code pages of the columns of the first table.
const COLUMNS: [(&str, u32, u32, u32); 11] = [
    ("Id", COLTYP_LONG, COLUMN_FIXED | COLUMN_NOT_NULL, 0),
    ("Flag", COLTYP_BIT, 0, 0),
    ("Money", COLTYP_CURRENCY, 0, 0),
    ("Ratio", COLTYP_DOUBLE, 0, 0),
    ("When", COLTYP_DATE_TIME, 0, 0),
    ("Who", COLTYP_GUID, 0, 0),
    ("Name", COLTYP_TEXT, 0, WESTERN),
    ("Bytes", COLTYP_BINARY, 0, 0),
    ("Title", COLTYP_TEXT, COLUMN_TAGGED, UTF_16),
    ("Tags", COLTYP_LONG_TEXT, COLUMN_TAGGED | COLUMN_MULTI_VALUED, WESTERN),
    ("Body", COLTYP_LONG_BINARY, COLUMN_TAGGED, 0),
];

/// Values by column; none is NULL.
type Row = Vec<Vec<Vec<u8>>>;

/// Numbers that a seed decides.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(count).collect()
    }

    fn text(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| b'a' + self.below(26) as u8).collect()
    }

    fn row(&mut self, id: i32) -> Row {
        let title: Vec<u8> =
            (0..1 + self.below(30)).flat_map(|_| (0x3B1 + self.below(24) as u16).to_le_bytes()).collect();
        let long = match self.below(40) {
            0 => 20_000 + self.below(60_000),
            1..=5 => 1200 + self.below(4000),
            _ => self.below(300),
        };
        let maybe = |dice: &mut Self, value: Vec<u8>| if dice.below(6) == 0 { vec![] } else { vec![value] };
        let (money, ratio) =
            (self.next().to_le_bytes().to_vec(), (self.next() as f64 / 3e12).to_le_bytes().to_vec());
        let when = (36526.0 + self.below(9000) as f64 + 0.25).to_le_bytes().to_vec();
        let (who, name_bytes, byte_count) = (self.bytes(16), 1 + self.below(40), 1 + self.below(200));
        let (name, binary, body) = (self.text(name_bytes), self.bytes(byte_count), self.bytes(long));
        let tags = (0..self.below(5)).map(|number| format!("tag {id} {number}").into_bytes()).collect();
        vec![
            vec![id.to_le_bytes().to_vec()],
            vec![vec![if self.below(2) == 0 { 0 } else { 0xFF }]],
            maybe(self, money),
            maybe(self, ratio),
            maybe(self, when),
            maybe(self, who),
            maybe(self, name),
            maybe(self, binary),
            maybe(self, title),
            tags,
            if body.is_empty() { vec![] } else { vec![body] },
        ]
    }
}

/// A database being written, and what it should hold.
struct Writer {
    instance: Arc<Instance>,
    session: Session,
    catalog: Arc<ese_engine::catalog::LiveCatalog>,
}

impl Writer {
    fn create(path: &Path, page_size: PageSize) -> Done<Self> {
        let folder = path.with_extension("logs");
        std::fs::create_dir_all(&folder)?;
        let mut settings = InstanceSettings::in_folder(Host::system(), &folder);
        settings.page_size = page_size;
        settings.circular = ese_engine::log::Circular::On;
        let instance = Instance::start(settings)?;
        let request = CreateRequest {
            path: path.to_owned(),
            grbit: 0,
            existing: Existing::Replace,
            logging: Logging::On,
            shadow: Shadow::Kept,
            pages_max: 0,
        };
        let mut session = instance.transactions().begin_session()?;
        let database = instance.create_database(&mut session, &request)?;
        let catalog = Arc::clone(database.catalog()?);
        Ok(Self { instance, session, catalog })
    }

    fn begin(&mut self) -> Done {
        Ok(self.session.begin(BeginKind::ReadWrite).map(|_| ())?)
    }

    fn commit(&mut self) -> Done {
        Ok(self.session.commit(CommitOptions::LAZY).map(|_| ())?)
    }

    fn table(&mut self, new: &NewTable<'_>) -> Done<Cursor> {
        let opened = self.catalog.create_table(&mut self.session, new).table?;
        Ok(Cursor::over(&self.session, opened.table, CursorMode::Updatable))
    }

    fn set(&mut self, cursor: &mut Cursor, column: &str, values: &[Vec<u8>]) -> Done {
        let schema = cursor.table().schema();
        let column = schema.layout().column_named(column.as_bytes()).ok_or("a column")?.id.to_api();
        for (value, itag) in values.iter().zip(1..) {
            let bytes = u32::try_from(value.len())?;
            let change = ColumnChange { column, data: value, bytes, itag, ..ColumnChange::default() };
            cursor.set_column(&mut self.session, &change)?;
        }
        Ok(())
    }

    fn write(&mut self, cursor: &mut Cursor, kind: Prepare, row: &Row) -> Done {
        cursor.prepare(&mut self.session, kind)?;
        for ((name, ..), values) in COLUMNS.iter().zip(row) {
            self.set(cursor, name, values)?;
        }
        Ok(cursor.update(&mut self.session, None, UpdateGrbit::empty()).map(|_| ())?)
    }

    fn seek(&mut self, cursor: &mut Cursor, id: i32) -> Done {
        cursor.make_key(&mut self.session, &id.to_le_bytes(), MakeKeyGrbit::NEW_KEY)?;
        cursor.seek(&mut self.session, SeekGrbit::EQ)?;
        Ok(())
    }
}

fn columns() -> Vec<NewColumn<'static>> {
    let column = |(name, column_type, grbit, code_page): &(&'static str, u32, u32, u32)| NewColumn {
        name: name.as_bytes(),
        column_type: *column_type,
        grbit: *grbit,
        code_page: *code_page,
        ..NewColumn::default()
    };
    COLUMNS.iter().map(column).collect()
}

/// Rows inserted in random order; a third replaced, a quarter deleted, some inserted again.
fn write_rows(writer: &mut Writer, dice: &mut Dice, rows: usize) -> Done<BTreeMap<i32, Row>> {
    let indexes = [
        NewIndex { name: b"Primary", key: b"+Id\0\0", grbit: INDEX_PRIMARY, ..NewIndex::default() },
        NewIndex { name: b"ByName", key: b"+Name\0+Money\0\0", ..NewIndex::default() },
        NewIndex { name: b"ByTag", key: b"-Tags\0\0", ..NewIndex::default() },
    ];
    let columns = columns();
    let mut cursor = writer.table(&NewTable {
        name: b"Rows",
        columns: &columns,
        indexes: &indexes,
        ..NewTable::default()
    })?;
    let mut ids: Vec<i32> = (0..rows as i32).collect();
    for place in (1..ids.len()).rev() {
        ids.swap(place, dice.below(place + 1));
    }
    let mut model = BTreeMap::new();
    for batch in ids.chunks(BATCH) {
        writer.begin()?;
        for id in batch {
            let row = dice.row(*id);
            writer.write(&mut cursor, Prepare::Insert, &row)?;
            model.insert(*id, row);
        }
        writer.commit()?;
    }
    for batch in ids.chunks(BATCH) {
        writer.begin()?;
        for id in batch {
            match dice.below(12) {
                0..=3 => {
                    // Columns that are set keep no old value; those that are not keep theirs.
                    let mut row = dice.row(*id);
                    writer.seek(&mut cursor, *id)?;
                    let old = model.get(id).ok_or("a row")?;
                    for (new, old) in row.iter_mut().zip(old) {
                        if new.is_empty() {
                            new.clone_from(old);
                        }
                        // Setting itags 1 to n leaves those behind them.
                        let kept = old.iter().skip(new.len()).cloned().collect::<Vec<_>>();
                        new.extend(kept);
                    }
                    writer.write(&mut cursor, Prepare::Replace, &row)?;
                    model.insert(*id, row);
                }
                4..=6 => {
                    writer.seek(&mut cursor, *id)?;
                    cursor.delete(&mut writer.session)?;
                    model.remove(id);
                }
                _ => {}
            }
        }
        writer.commit()?;
    }
    writer.begin()?;
    for id in ids.iter().filter(|id| *id % 17 == 0) {
        if !model.contains_key(id) {
            let row = dice.row(*id);
            writer.write(&mut cursor, Prepare::Insert, &row)?;
            model.insert(*id, row);
        }
    }
    writer.commit()?;
    cursor.close(&mut writer.session)?;
    Ok(model)
}

/// Long values of all sizes from 1 byte to 5 MB, some of them cut and changed afterwards.
fn write_values(writer: &mut Writer, dice: &mut Dice) -> Done<BTreeMap<i32, Row>> {
    let indexes =
        [NewIndex { name: b"Primary", key: b"+Id\0\0", grbit: INDEX_PRIMARY, ..NewIndex::default() }];
    let columns = columns();
    let mut cursor = writer.table(&NewTable {
        name: b"Values",
        columns: &columns,
        indexes: &indexes,
        ..NewTable::default()
    })?;
    let mut model = BTreeMap::new();
    let mut size = 1usize;
    let mut id = 0;
    while size < 5 << 20 {
        for bytes in [size, size + 1 + dice.below(size)] {
            let mut row = dice.row(id);
            row[COLUMNS.len() - 1] = vec![dice.bytes(bytes.min(5 << 20))];
            writer.begin()?;
            writer.write(&mut cursor, Prepare::Insert, &row)?;
            writer.commit()?;
            model.insert(id, row);
            id += 1;
        }
        size *= 2;
    }
    for id in (0..id).step_by(3) {
        let row = model.get_mut(&id).ok_or("a row")?;
        let bytes = dice.below(100_000) + 1;
        row[COLUMNS.len() - 1] = vec![dice.bytes(bytes)];
        writer.begin()?;
        writer.seek(&mut cursor, id)?;
        cursor.prepare(&mut writer.session, Prepare::Replace)?;
        writer.set(&mut cursor, "Body", &row[COLUMNS.len() - 1].clone())?;
        cursor.update(&mut writer.session, None, UpdateGrbit::empty())?;
        writer.commit()?;
    }
    cursor.close(&mut writer.session)?;
    Ok(model)
}

/// A table that is filled and deleted.
fn write_and_delete(writer: &mut Writer, dice: &mut Dice) -> Done {
    let indexes =
        [NewIndex { name: b"Primary", key: b"+Id\0\0", grbit: INDEX_PRIMARY, ..NewIndex::default() }];
    let columns = columns();
    let new = NewTable { name: b"Gone", columns: &columns, indexes: &indexes, ..NewTable::default() };
    let mut cursor = writer.table(&new)?;
    writer.begin()?;
    for id in 0..500 {
        let row = dice.row(id);
        writer.write(&mut cursor, Prepare::Insert, &row)?;
    }
    writer.commit()?;
    cursor.close(&mut writer.session)?;
    Ok(writer.catalog.delete_table(&mut writer.session, b"Gone").map(|_| ())?)
}

/// Reads a table back; every value is what the model says.
fn read_back(database: &Database, name: &str, model: &BTreeMap<i32, Row>) -> Done<usize> {
    let table = database.open_table(name)?;
    let mut cursor = table.cursor();
    let (mut expected, mut values, mut buffer) = (model.iter(), 0, Vec::new());
    while cursor.move_next()? {
        let (id, row) = expected.next().ok_or("more rows than were written")?;
        let stored = cursor.row()?;
        for ((column, ..), wanted) in COLUMNS.iter().zip(row) {
            let definition = table.schema().layout().column_named(column.as_bytes()).ok_or("a column")?;
            let found = stored.values(definition)?;
            if found.count() != wanted.len() {
                return Err(
                    format!("{name} {id}.{column}: {} values, not {}", found.count(), wanted.len()).into()
                );
            }
            for (value, wanted) in found.iter().zip(wanted) {
                let value = value?;
                let found = value.read(&mut buffer)?;
                if found != wanted.as_slice() {
                    let at = found.iter().zip(wanted).position(|(found, wanted)| found != wanted);
                    let (has, should) = (found.len(), wanted.len());
                    let what = format!("{has} bytes instead of {should}, the first difference at {at:?}");
                    return Err(format!("{name} {id}.{column}: {what}").into());
                }
                values += 1;
            }
        }
    }
    if expected.next().is_some() {
        return Err(format!("{name}: rows are missing").into());
    }
    Ok(values)
}

fn write_database(path: &Path, page_size: PageSize, rows: usize) -> Done {
    let mut dice = Dice(page_size.bytes() as u64);
    let mut writer = Writer::create(path, page_size)?;
    let model = write_rows(&mut writer, &mut dice, rows)?;
    write_and_delete(&mut writer, &mut dice)?;
    let values = write_values(&mut writer, &mut dice)?;
    let Writer { instance, session, catalog } = writer;
    drop((session, catalog));
    instance.stop(TermKind::Complete)?;
    let database = Database::open(path, &OpenOptions::default())?;
    let read = read_back(&database, "Rows", &model)? + read_back(&database, "Values", &values)?;
    if database.open_table("Gone").is_ok() {
        return Err("the deleted table is still there".into());
    }
    let report = verify(&database, &VerifyOptions::default(), &mut |_| {});
    for finding in &report.findings {
        println!("{finding}");
    }
    if !report.is_sound() {
        return Err(format!("{} errors in {}", report.errors, path.display()).into());
    }
    println!(
        "{}: {} rows, {read} values read back, {} entries compared, {} long values, {} of {} pages leaked",
        path.display(),
        model.len() + values.len(),
        report.counts.entries,
        report.counts.long_values,
        report.counts.leaked_pages,
        report.counts.owned_pages
    );
    Ok(())
}

fn main() -> Done {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("write_databases FOLDER [ROWS]")?);
    let rows = match arguments.next() {
        Some(rows) => rows.to_string_lossy().parse()?,
        None => ROWS_DEFAULT,
    };
    std::fs::create_dir_all(&folder)?;
    for page_size in [PageSize::K4, PageSize::K8, PageSize::K16, PageSize::K32] {
        let name = format!("written-{}k.edb", page_size.bytes() / 1024);
        write_database(&folder.join(name), page_size, rows)?;
    }
    Ok(())
}
