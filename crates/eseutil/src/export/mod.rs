//! `export` and `tables`: what a database holds, for people who read databases.
//!
//! Rows come in the order of the primary tree and are written as they are read: memory is bounded by one row and one
//! block of output, however large the table.

mod csv;
mod json_lines;
pub mod value;

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use ese_engine::catalog::TableSchema;
use ese_engine::database::{Database, OpenOptions};
use ese_engine::table::{Row, RowValues, Table};
use ese_format::catalog::TableFlags;
use ese_format::column_type::{ColumnId, western_character};
use ese_format::record::{ColumnDefinition, ColumnFlags};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle as BarStyle};
use serde_json::json;

use crate::command_line::{ExportFormat, ExportOptions, ProgressWish, Settings};
use crate::failure::{CommandResult, Failure};
use crate::output::{Output, ProgressStyle};
use value::{DateForm, ValueForm};

/// Bytes gathered before they are written.
const BLOCK_BYTES: usize = 256 << 10;

/// Whether rows must say which table they are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    OneTable,
    AllTables,
}

/// Writes rows in one of the formats.
trait RowWriter {
    /// What stands before the rows of a table.
    fn begin(&mut self, table: &ExportedTable, out: &mut Vec<u8>);

    /// One row.
    fn row(
        &mut self,
        table: &ExportedTable,
        row: &Row<'_>,
        out: &mut Vec<u8>,
    ) -> ese_engine::error::Result<()>;
}

/// A table and how each of its columns is written.
struct ExportedTable {
    name: String,
    columns: Vec<ExportedColumn>,
    by_id: HashMap<ColumnId, usize>,
}

/// A column and how its values are written.
struct ExportedColumn {
    id: ColumnId,
    name: String,
    form: ValueForm,
    is_multi_valued: bool,
}

impl ExportedTable {
    fn new(table: &Table, dates: DateForm) -> Self {
        let columns: Vec<_> =
            table.schema().columns().map(|column| ExportedColumn::new(column, dates)).collect();
        let by_id = columns.iter().enumerate().map(|(place, column)| (column.id, place)).collect();
        Self { name: table.schema().name(), columns, by_id }
    }

    /// Where a column stands among [`Self::columns`].
    fn place(&self, id: ColumnId) -> Option<usize> {
        self.by_id.get(&id).copied()
    }
}

impl ExportedColumn {
    fn new(column: &ColumnDefinition, dates: DateForm) -> Self {
        Self {
            id: column.id,
            name: western_text(&column.name),
            form: ValueForm { column_type: column.column_type, code_page: column.code_page, dates },
            is_multi_valued: column.flags.contains(ColumnFlags::MULTI_VALUED),
        }
    }

    /// The values of the column in one row: an array where it can hold several.
    fn write_json(
        &self,
        values: &RowValues<'_>,
        buffer: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> ese_engine::error::Result<()> {
        let is_array = self.is_multi_valued || values.count() > 1;
        if is_array {
            out.push(b'[');
        }
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            self.form.write_json(value?.read(buffer)?, out);
        }
        if is_array {
            out.push(b']');
        }
        Ok(())
    }
}

/// Text of an object's name.
pub(crate) fn western_text(name: &[u8]) -> String {
    name.iter().map(|byte| western_character(*byte)).collect()
}

/// Writes all rows of one table, or of all tables that are not system tables.
///
/// # Errors
/// Those of opening and reading the database; rows read before the error have been written.
pub fn run(options: &ExportOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    let database = open(&options.source)?;
    let failed = |error| Failure::of_engine(&error, &options.source);
    let tables = match &options.table {
        Some(name) => vec![database.open_table(name).map_err(failed)?],
        None => user_tables(&database).map_err(failed)?,
    };
    let dates = if options.raw_dates.is_wanted() { DateForm::Raw } else { DateForm::Rfc3339 };
    let scope = if options.table.is_some() { Scope::OneTable } else { Scope::AllTables };
    let mut writer: Box<dyn RowWriter> = match options.format {
        ExportFormat::JsonLines => Box::new(json_lines::JsonLines::new(scope)),
        ExportFormat::Csv => Box::new(csv::Csv::new(scope)),
    };
    let counter = row_counter(settings, out);
    for table in &tables {
        counter.set_message(table.schema().name());
        export_table(table, dates, writer.as_mut(), &counter, out)?;
    }
    out.flush()?;
    Ok(())
}

fn export_table(
    table: &Table,
    dates: DateForm,
    writer: &mut dyn RowWriter,
    counter: &ProgressBar,
    out: &mut Output<'_>,
) -> CommandResult {
    let exported = ExportedTable::new(table, dates);
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    writer.begin(&exported, &mut block);
    let result = export_rows(table, &exported, writer, &mut block, counter, out);
    // Also after an error: the rows before it are good.
    out.write_all(&block)?;
    result
}

/// Writes the rows, but for the last ones, which are left in `block`; a row that cannot be read leaves nothing there.
fn export_rows(
    table: &Table,
    exported: &ExportedTable,
    writer: &mut dyn RowWriter,
    block: &mut Vec<u8>,
    counter: &ProgressBar,
    out: &mut Output<'_>,
) -> CommandResult {
    let failed = |error| Failure::of_engine(&error, table.database().path());
    let mut rows_of_block = 0;
    let mut cursor = table.cursor();
    while cursor.move_next().map_err(failed)? {
        let start = block.len();
        let row = cursor.row().map_err(failed)?;
        writer.row(exported, &row, block).map_err(|error| {
            block.truncate(start);
            failed(error)
        })?;
        rows_of_block += 1;
        if block.len() >= BLOCK_BYTES {
            out.write_all(block)?;
            block.clear();
            counter.inc(std::mem::take(&mut rows_of_block));
        }
    }
    Ok(())
}

/// Counts rows on standard error while it is a terminal and the rows themselves go elsewhere; erased at the end.
fn row_counter(settings: &Settings, out: &Output<'_>) -> ProgressBar {
    if settings.progress == ProgressWish::None || out.progress() == ProgressStyle::Live {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = BarStyle::with_template("{spinner} {msg}: {human_pos} rows, {per_sec}") {
        bar.set_style(style);
    }
    bar.with_finish(indicatif::ProgressFinish::AndClear)
}

fn open(source: &Path) -> CommandResult<Database> {
    Database::open(source, &OpenOptions::default()).map_err(|error| Failure::of_engine(&error, source))
}

/// All tables that are not system tables, by name.
fn user_tables(database: &Database) -> ese_engine::error::Result<Vec<Table>> {
    let mut schemas = database.tables()?;
    schemas.retain(|schema| !is_system(schema));
    schemas.sort_by_key(|schema| schema.name().to_ascii_uppercase());
    schemas.iter().map(|schema| database.open_schema(schema)).collect()
}

fn is_system(schema: &TableSchema) -> bool {
    schema.definition().table.flags.contains(TableFlags::SYSTEM)
}

/// Lists the tables: name, tree, columns and indexes.
///
/// # Errors
/// Those of opening the database and reading its catalog.
pub fn list_tables(source: &Path, out: &mut Output<'_>) -> CommandResult {
    let database = open(source)?;
    let mut schemas = database.tables().map_err(|error| Failure::of_engine(&error, source))?;
    schemas.sort_by_key(|schema| schema.name().to_ascii_uppercase());
    writeln!(
        out,
        "{:<40} {:>8} {:>10} {:>8} {:>8}  Kind",
        "Table", "Objid", "Root page", "Columns", "Indexes"
    )?;
    let mut listed = Vec::new();
    for schema in schemas {
        let definition = schema.definition();
        let kind = if is_system(&schema) { "system" } else { "user" };
        writeln!(
            out,
            "{:<40} {:>8} {:>10} {:>8} {:>8}  {kind}",
            schema.name(),
            definition.objid,
            definition.table.fdp_page,
            schema.columns().count(),
            schema.indexes().len()
        )?;
        listed.push(json!({
            "name": schema.name(),
            "objid": definition.objid,
            "root_page": definition.table.fdp_page,
            "kind": kind,
            "columns": schema.columns().map(column_json).collect::<Vec<_>>(),
            "indexes": schema.indexes().iter().map(|index| index.name.to_string()).collect::<Vec<_>>(),
        }));
    }
    out.set("tables", listed);
    Ok(())
}

fn column_json(column: &ColumnDefinition) -> serde_json::Value {
    json!({
        "name": western_text(&column.name),
        "id": column.id.to_api(),
        "type": column.column_type.to_string(),
        "code_page": column.code_page.0,
        "multi_valued": column.flags.contains(ColumnFlags::MULTI_VALUED),
    })
}
