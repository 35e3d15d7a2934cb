//! The blocks before a space table that show the engine's own tables of background work (spec 10 §6.5).
//!
//! The stored output of the original (`ese/big`) shows the layout with labels cut to their first letter; the labels here
//! are the names of the columns.

use std::io::Write;

use ese_engine::database::Database;
use ese_engine::table::Row;
use ese_format::column_type::ColumnType;
use ese_format::error::JetError;
use ese_format::record::ColumnDefinition;

use crate::export::value::{DateForm, ValueForm};
use crate::export::western_text;
use crate::failure::{CommandResult, Failure};
use crate::meta_dump::file_time;
use crate::output::Output;

/// Tables and the titles of their blocks.
const TABLES: [(&str, &str); 4] = [
    ("MSysOLD2", "MSysOLD"),
    ("MSysDefrag2", "MSysDefrag"),
    ("MSysScan1", "MSysScan"),
    ("MSysDatabaseMaintenance", "MSysDBM"),
];

/// One block for each of the tables that exists, one line for each column of each row.
pub(super) fn write(database: &Database, out: &mut Output<'_>) -> CommandResult {
    for (name, title) in TABLES {
        let failed = |error| Failure::of_engine(&error, database.path());
        let table = match database.open_table(name) {
            Ok(table) => table,
            Err(error) if error.jet() == JetError::OBJECT_NOT_FOUND => continue,
            Err(error) => return Err(failed(error)),
        };
        let title = format!("{} {title} DUMP ", "*".repeat(32));
        writeln!(out, "{title:*<84}")?;
        let mut cursor = table.cursor();
        while cursor.move_next().map_err(failed)? {
            let row = cursor.row().map_err(failed)?;
            for column in table.schema().columns().filter(|column| !column.column_type.is_long()) {
                let value = value(&row, column).map_err(failed)?;
                writeln!(out, "{:>20}: {value}", western_text(&column.name))?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn value<'c>(row: &Row<'c>, column: &'c ColumnDefinition) -> ese_engine::error::Result<String> {
    let Some(value) = row.value(column)? else { return Ok("NULL".to_owned()) };
    let mut buffer = Vec::new();
    let bytes = value.read(&mut buffer)?;
    let form =
        ValueForm { column_type: column.column_type, code_page: column.code_page, dates: DateForm::Rfc3339 };
    let mut text = Vec::new();
    form.write_text(bytes, &mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    let is_time = column.column_type == ColumnType::LongLong && column.name.ends_with(b"DateTime");
    Ok(match <[u8; 8]>::try_from(bytes).map(u64::from_le_bytes) {
        Ok(time) if is_time => format!("{text} {} ({time:#x})", file_time(Some(time))),
        _ => text,
    })
}
