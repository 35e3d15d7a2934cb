//! The members of a table for `--json`.

use ese_format::catalog::{IndexFlags, RowKind, TableFlags};
use serde_json::{Value, json};

use super::TableRows;
use crate::export::western_text;

pub(super) fn table(table: &TableRows) -> Value {
    let columns: Vec<_> = table
        .by_name(|kind| if let RowKind::Column(column) = kind { Some(column) } else { None })
        .into_iter()
        .map(|(row, column)| {
            json!({
                "name": western_text(row.name.as_bytes()),
                "id": row.id,
                "type": column.column_type.to_string(),
                "length": column.bytes_max,
                "code_page": column.code_page().0,
                "offset": column.record_offset,
                "flags": column.flags.bits(),
                "default_length": column.default.as_ref().map(Vec::len),
            })
        })
        .collect();
    let indexes: Vec<_> = table
        .indexes()
        .into_iter()
        .map(|(row, index)| {
            json!({
                "name": western_text(row.name.as_bytes()),
                "objid": row.id,
                "root_page": index.fdp_page,
                "density": index.density,
                "flags": index.flags.bits(),
                "primary": index.flags.contains(IndexFlags::PRIMARY),
                "unique": index.flags.contains(IndexFlags::UNIQUE),
                "key_most": index.key_most,
                "locale": index.locale(),
                "segments": index.segments.iter().map(|segment| segment.fid).collect::<Vec<_>>(),
                "conditions": index.conditions.iter().map(|segment| segment.fid).collect::<Vec<_>>(),
            })
        })
        .collect();
    let long_values = table
        .long_values()
        .map(|(row, tree)| json!({ "objid": row.id, "root_page": tree.fdp_page, "density": tree.density }));
    json!({
        "name": western_text(&table.name),
        "objid": table.objid,
        "root_page": table.table.fdp_page,
        "pages": table.table.pages,
        "density": table.table.density,
        "flags": table.table.flags.bits(),
        "system": table.table.flags.contains(TableFlags::SYSTEM),
        "long_values": long_values,
        "columns": columns,
        "indexes": indexes,
    })
}
