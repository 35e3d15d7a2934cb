//! One JSON object a line.
//!
//! ```text
//! {"Id":1,"Name":"first","Tags":["a","b"]}                       of one table
//! {"table":"People","row":{"Id":1,"Name":"first"}}               of all tables
//! ```
//!
//! NULL columns are left out; a multi-valued column is an array even when it holds one value.

use ese_engine::error::Result;
use ese_engine::table::Row;

use super::value::write_json_string;
use super::{ExportedTable, RowWriter, Scope};

/// Writes JSON lines.
pub(super) struct JsonLines {
    scope: Scope,
    table: Vec<u8>,
    keys: Vec<Vec<u8>>,
    value: Vec<u8>,
}

impl JsonLines {
    pub(super) fn new(scope: Scope) -> Self {
        Self { scope, table: Vec::new(), keys: Vec::new(), value: Vec::new() }
    }
}

impl RowWriter for JsonLines {
    fn begin(&mut self, table: &ExportedTable, _out: &mut Vec<u8>) {
        self.table.clear();
        write_json_string(&table.name, &mut self.table);
        self.keys = table
            .columns
            .iter()
            .map(|column| {
                let mut key = Vec::new();
                write_json_string(&column.name, &mut key);
                key.push(b':');
                key
            })
            .collect();
    }

    fn row(&mut self, table: &ExportedTable, row: &Row<'_>, out: &mut Vec<u8>) -> Result<()> {
        if self.scope == Scope::AllTables {
            out.extend_from_slice(b"{\"table\":");
            out.extend_from_slice(&self.table);
            out.extend_from_slice(b",\"row\":");
        }
        out.push(b'{');
        let mut is_first = true;
        for column in row.columns() {
            let (definition, values) = column?;
            let Some(place) = table.place(definition.id) else { continue };
            let (Some(column), Some(key)) = (table.columns.get(place), self.keys.get(place)) else {
                continue;
            };
            if !is_first {
                out.push(b',');
            }
            is_first = false;
            out.extend_from_slice(key);
            column.write_json(&values, &mut self.value, out)?;
        }
        out.extend_from_slice(if self.scope == Scope::AllTables { b"}}\n" } else { b"}\n" });
        Ok(())
    }
}
