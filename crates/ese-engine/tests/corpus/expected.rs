//! The expected dumps: what the original engine read from a database, one JSON object a line (data/ese/README.md).

use serde_json::Value;

/// One line of a dump.
pub(crate) enum Line {
    Table { name: String, columns: Vec<ExpectedColumn> },
    Row { bookmark: String, values: Vec<(String, Vec<ExpectedValue>)>, from_default: Vec<String> },
    Index { name: String, grbit: u32, segments: String },
    Entry { index: String, key: String, bookmark: String },
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ExpectedColumn {
    pub(crate) name: String,
    pub(crate) id: u32,
    pub(crate) coltyp: u32,
    pub(crate) code_page: u32,
    pub(crate) bytes_max: u32,
    pub(crate) grbit: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ExpectedValue {
    Bytes(String),
    Digest { length: u64, sha256: String },
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field} in {value}")).to_owned()
}

fn number(value: &Value, field: &str) -> u32 {
    value[field]
        .as_u64()
        .and_then(|number| number.try_into().ok())
        .unwrap_or_else(|| panic!("no {field} in {value}"))
}

fn column(value: &Value) -> ExpectedColumn {
    ExpectedColumn {
        name: text(value, "name"),
        id: number(value, "id"),
        coltyp: number(value, "coltyp"),
        code_page: number(value, "cp"),
        bytes_max: number(value, "cbMax"),
        grbit: number(value, "grbit"),
    }
}

fn cell(value: &Value) -> ExpectedValue {
    match value {
        Value::String(hex) => ExpectedValue::Bytes(hex.clone()),
        digest => ExpectedValue::Digest {
            length: digest["len"].as_u64().expect("a digest has a length"),
            sha256: text(digest, "sha256"),
        },
    }
}

fn row(value: &Value) -> Line {
    let cells = value["v"].as_object().expect("a row has values");
    let values = cells
        .iter()
        .map(|(name, cells)| {
            (
                name.clone(),
                cells.as_array().expect("a column has a list of values").iter().map(cell).collect(),
            )
        })
        .collect();
    let from_default =
        value.get("fromDefault").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Line::Row {
        bookmark: text(value, "bm"),
        values,
        from_default: from_default.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

/// Reads a line of a dump.
pub(crate) fn parse(line: &str) -> Line {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    if value.get("table").is_some() {
        let columns = value["columns"].as_array().expect("a table has columns").iter().map(column).collect();
        Line::Table { name: text(&value, "table"), columns }
    } else if value.get("index").is_some() {
        Line::Index {
            name: text(&value, "index"),
            grbit: number(&value, "grbit"),
            segments: text(&value, "segs"),
        }
    } else if value.get("i").is_some() {
        Line::Entry { index: text(&value, "i"), key: text(&value, "key"), bookmark: text(&value, "bm") }
    } else {
        row(&value)
    }
}
