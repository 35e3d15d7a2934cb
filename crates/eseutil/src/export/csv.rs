//! Comma-separated values (RFC 4180, lines end with a line feed).
//!
//! The first line names the columns. NULL is an empty field, a value without bytes is `""`; several values of one column
//! are a JSON array in one field. When all tables are exported, each comes with a line of its name before its header and
//! an empty line before the next.

use ese_engine::error::Result;
use ese_engine::table::Row;

use super::{ExportedTable, RowWriter, Scope};

/// Writes CSV.
pub(super) struct Csv {
    scope: Scope,
    tables: usize,
    value: Vec<u8>,
    field: Vec<u8>,
}

impl Csv {
    pub(super) fn new(scope: Scope) -> Self {
        Self { scope, tables: 0, value: Vec::new(), field: Vec::new() }
    }
}

/// Appends a field, quoted where it must be: when it is empty, or holds a comma, a quote or a line end.
fn write_field(text: &[u8], out: &mut Vec<u8>) {
    let is_plain = !text.is_empty() && !text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
    if is_plain {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

impl RowWriter for Csv {
    fn begin(&mut self, table: &ExportedTable, out: &mut Vec<u8>) {
        if self.scope == Scope::AllTables {
            if self.tables > 0 {
                out.push(b'\n');
            }
            write_field(table.name.as_bytes(), out);
            out.push(b'\n');
        }
        self.tables += 1;
        for (place, column) in table.columns.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            write_field(column.name.as_bytes(), out);
        }
        out.push(b'\n');
    }

    fn row(&mut self, table: &ExportedTable, row: &Row<'_>, out: &mut Vec<u8>) -> Result<()> {
        let mut next = 0;
        for column in row.columns() {
            let (definition, values) = column?;
            let Some(place) = table.place(definition.id) else { continue };
            let Some(column) = table.columns.get(place) else { continue };
            out.extend(std::iter::repeat_n(b',', place.saturating_sub(next)));
            next = place.max(next);
            self.field.clear();
            if column.is_multi_valued || values.count() > 1 {
                column.write_json(&values, &mut self.value, &mut self.field)?;
            } else if let Some(value) = values.get(1)? {
                column.form.write_text(value.read(&mut self.value)?, &mut self.field);
            }
            write_field(&self.field, out);
        }
        out.extend(std::iter::repeat_n(b',', table.columns.len().saturating_sub(next + 1)));
        out.push(b'\n');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_only_where_they_must_be() {
        let mut out = Vec::new();
        for field in ["plain", "", "a,b", "say \"so\"", "two\nlines"] {
            write_field(field.as_bytes(), &mut out);
            out.push(b'|');
        }
        assert_eq!(String::from_utf8_lossy(&out), "plain|\"\"|\"a,b\"|\"say \"\"so\"\"\"|\"two\nlines\"|");
    }
}
