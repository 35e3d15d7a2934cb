//! The members of `/ms --json`.

use serde_json::{Value, json};

use super::row::{Row, Run};
use super::volume::FileInformation;

pub(super) fn file(information: &FileInformation) -> Value {
    json!({
        "volume": information.volume,
        "file_system": information.file_system,
        "cluster_bytes": information.cluster_bytes,
        "logical_bytes": information.logical_bytes,
        "on_disk_bytes": information.on_disk_bytes,
    })
}

pub(super) fn row(row: &Row) -> Value {
    let runs = |runs: &[Run]| {
        runs.iter().map(|run| json!({ "first": run.first, "pages": run.pages })).collect::<Vec<_>>()
    };
    let space = &row.space;
    let shape = row.shape.as_ref();
    json!({
        "name": row.name,
        "table": row.owning_table,
        "type": row.kind.word(),
        "objid": row.objid,
        "root_page": row.root,
        "extents": if space.multiple { "multiple" } else { "single" },
        "primary_pages": space.primary_pages,
        "owned": space.owned_pages(),
        "available": space.available_pages(),
        "split_buffers": space.split_buffers,
        "data": shape.map(|shape| shape.data_pages),
        "internal": shape.map(|shape| shape.internal_pages),
        "depth": shape.map(|shape| shape.depth),
        "auto_increment": row.auto_increment,
        "owned_extents": runs(&space.owned),
        "available_extents": runs(&space.available),
    })
}
