//! The block of `/mm /v` that shows `MSysLocales`, a store of keys and values (spec 03 §13.2).

use std::io::Write;

use ese_engine::database::Database;
use ese_engine::error::Result;
use ese_engine::table::{Row, Table};

use crate::failure::CommandResult;
use crate::output::Output;

/// Elements of one type: what the value column is.
const BINARY: u8 = 3;
const LONG_LONG: u8 = 4;

/// Writes one line for each element. A store that cannot be read is no reason to stop: the line says so.
pub(super) fn dump(database: &Database, out: &mut Output<'_>) -> CommandResult {
    writeln!(out, "******************************* MSysLocales **********************************")?;
    match elements(database) {
        Ok(elements) => {
            for (place, element) in elements.iter().enumerate() {
                writeln!(out, "KVP Elem[{place}] {element}")?;
            }
        }
        Err(error) => {
            let code = error.jet().code();
            writeln!(out, "Failed to dump MSysLocales table with: {code} (continuing on ...).")?;
        }
    }
    writeln!(out, "{}", "*".repeat(78))?;
    Ok(())
}

fn elements(database: &Database) -> Result<Vec<String>> {
    let table = database.open_table("MSysLocales")?;
    let mut cursor = table.cursor();
    let mut elements = Vec::new();
    while cursor.move_next()? {
        elements.push(element(&table, &cursor.row()?)?);
    }
    Ok(elements)
}

fn element<'c>(table: &'c Table, row: &Row<'c>) -> Result<String> {
    let key = bytes(table, row, b"Key")?;
    let units = key.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let key: String = char::decode_utf16(units)
        .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
        .take_while(|character| *character != '\0')
        .collect();
    let kind = bytes(table, row, b"Type")?.first().copied().unwrap_or(0);
    let value = match kind {
        BINARY => bytes(table, row, b"rgbValue")?
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .join(" "),
        LONG_LONG => bytes(table, row, b"i64Value")?
            .as_slice()
            .try_into()
            .map_or(String::new(), |value| i64::from_le_bytes(value).to_string()),
        _ => bytes(table, row, b"iValue")?
            .as_slice()
            .try_into()
            .map_or(String::new(), |value| i32::from_le_bytes(value).to_string()),
    };
    Ok(format!("key = {key}, type = {kind}, value = {value}"))
}

/// The column's value in this row; nothing where it has none, or the table no such column.
fn bytes<'c>(table: &'c Table, row: &Row<'c>, column: &[u8]) -> Result<Vec<u8>> {
    let Some(column) = table.schema().layout().column_named(column) else { return Ok(Vec::new()) };
    let mut buffer = Vec::new();
    match row.value(column)? {
        Some(value) => Ok(value.read(&mut buffer)?.to_vec()),
        None => Ok(Vec::new()),
    }
}
