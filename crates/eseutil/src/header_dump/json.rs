//! The header as JSON: one member per line of the text, in its order, snake case of its label (spec 10 §10.3).

use ese_format::backup_info::BackupInfo;
use ese_format::database_header::HeaderFields;
use ese_format::lgpos::Lgpos;
use ese_format::logtime::Logtime;
use ese_format::trailer::Trailer;
use serde_json::{Value, json};

use super::text::state_text;
use crate::text_forms::{lgpos_json, logtime_json, signature_json, u64_json};

fn event(position: Lgpos, time: &Logtime) -> Value {
    json!({ "lgpos": lgpos_json(position), "time": logtime_json(time) })
}

fn counted(count: u32, time: &Logtime, old: u32) -> Value {
    json!({ "count": count, "time": logtime_json(time), "old_count": old })
}

/// One backup mark; null when there is none.
fn backup(info: &BackupInfo) -> Value {
    if *info == BackupInfo::default() {
        return Value::Null;
    }
    json!({
        "generation_low": info.generation_low.get(),
        "generation_high": info.generation_high.get(),
        "mark": lgpos_json(info.mark),
        "time": logtime_json(&info.time),
    })
}

/// What the trailer page adds.
pub(super) fn trailer(trailer: &Trailer) -> Value {
    json!({
        "backup": backup(&trailer.backup),
        "log_required": {
            "min": trailer.generation_min_required.get(),
            "max": trailer.generation_max_required.get(),
        },
        "log_committed": trailer.generation_max_committed.get(),
        "generation_max_required_time": logtime_json(&trailer.time_generation_max_required),
        "generation_max_committed_time": logtime_json(&trailer.time_generation_max_committed),
    })
}

fn typed_backup(info: &BackupInfo, kind: u32) -> Value {
    let mut value = backup(info);
    if !value.is_null() {
        value["type"] = json!(kind);
    }
    value
}

/// Every field of one copy.
pub(super) fn fields(fields: &HeaderFields, page: &[u8]) -> Value {
    let mut members = identity(fields, page);
    for part in [history(fields), backups(fields), counts(fields)] {
        if let (Some(members), Value::Object(part)) = (members.as_object_mut(), part) {
            members.extend(part);
        }
    }
    members
}

fn identity(fields: &HeaderFields, page: &[u8]) -> Value {
    json!({
        "checksum": fields.checksum.get(),
        "magic": fields.magic.get(),
        "format_version": {
            "version": fields.version.get(),
            "update_major": fields.update_major.get(),
            "update_minor": fields.update_minor.get(),
            "attached_by": fields.efv_max_attached.get(),
        },
        "created_version": {
            "version": fields.create_version.get(),
            "update_major": fields.create_update_major.get(),
        },
        "file_type": fields.file_type.get(),
        "attribute": fields.attribute.get(),
        "db_signature": signature_json(&fields.database_signature),
        "page_size": fields.page_size.get(),
        "header_bytes": page.len(),
        "dbtime": u64_json(fields.dbtime.get()),
        "state": { "value": fields.state.get(), "text": state_text(fields.state.get()) },
        "log_required": {
            "min": fields.generation_min_required.get(),
            "max": fields.generation_max_required.get(),
            "min_pre_redo": fields.generation_pre_redo_min_required.get(),
        },
        "generation_max_required_time": logtime_json(&fields.time_generation_max_required),
        "log_committed": fields.generation_max_committed.get(),
        "generation_max_committed_time": logtime_json(&fields.time_generation_max_create),
        "log_consistent": {
            "min": fields.generation_min_consistent.get(),
            "pre_redo": fields.generation_pre_redo_min_consistent.get(),
        },
        "log_recovering": fields.generation_recovering.get(),
    })
}

fn history(fields: &HeaderFields) -> Value {
    let sort = fields.sort_version.get();
    json!({
        "flags": fields.flags.get(),
        "shadowed": fields.flags.get() & 1 == 0,
        "last_objid": fields.objid_last.get(),
        "scrub": { "dbtime": u64_json(fields.dbtime_last_scrub.get()), "time": logtime_json(&fields.time_scrub) },
        "repair": counted(fields.repair_count.get(), &fields.time_repair, fields.repair_count_old.get()),
        "last_consistent": event(fields.lgpos_consistent, &fields.time_consistent),
        "last_attach": event(fields.lgpos_attach, &fields.time_attach),
        "last_detach": event(fields.lgpos_detach, &fields.time_detach),
        "last_reattach": event(fields.lgpos_last_reattach, &fields.time_last_reattach),
        "dbid": fields.dbid.get(),
        "log_signature": signature_json(&fields.log_signature),
        "os_version": {
            "major": fields.os_major.get(),
            "minor": fields.os_minor.get(),
            "build": fields.os_build.get(),
            "service_pack": fields.os_service_pack.get(),
            "nls_version": sort >> 32,
            "nls_defined_version": sort & 0xFFFF_FFFF,
        },
        "reseed": counted(
            fields.incremental_reseed_count.get(),
            &fields.time_incremental_reseed,
            fields.incremental_reseed_count_old.get(),
        ),
        "patch":
            counted(fields.page_patch_count.get(), &fields.time_page_patch, fields.page_patch_count_old.get()),
    })
}

fn backups(fields: &HeaderFields) -> Value {
    json!({
        "previous_full_backup":
            typed_backup(&fields.backup_full_previous, fields.backup_type_full_previous.get()),
        "previous_incremental_backup":
            typed_backup(&fields.backup_incremental_previous, fields.backup_type_incremental_previous.get()),
        "previous_copy_backup":
            typed_backup(&fields.backup_copy_previous, fields.backup_type_copy_previous.get()),
        "previous_differential_backup":
            typed_backup(&fields.backup_differential_previous, fields.backup_type_differential_previous.get()),
        "current_full_backup": backup(&fields.backup_full_current),
        "current_shadow_copy_backup": backup(&fields.backup_snapshot_current),
    })
}

fn counts(fields: &HeaderFields) -> Value {
    json!({
        "last_resize": lgpos_json(fields.lgpos_last_resize),
        "extend": { "count": fields.extend_count.get(), "time": logtime_json(&fields.time_last_extend) },
        "shrink": { "count": fields.shrink_count.get(), "time": logtime_json(&fields.time_last_shrink) },
        "trim_count": fields.trim_count.get(),
        "ecc_fix_success": counted(
            fields.ecc_fix_success.get(),
            &fields.time_ecc_fix_success,
            fields.ecc_fix_success_old.get(),
        ),
        "ecc_fix_error":
            counted(fields.ecc_fix_fail.get(), &fields.time_ecc_fix_fail, fields.ecc_fix_fail_old.get()),
        "bad_checksum":
            counted(fields.bad_checksum.get(), &fields.time_bad_checksum, fields.bad_checksum_old.get()),
        "maintenance": {
            "finished": logtime_json(&fields.time_scan_previous),
            "started": logtime_json(&fields.time_scan_start),
            "highest_continuous_page": fields.scan_highest_continuous_page.get(),
            "highest_page": fields.scan_highest_page.get(),
        },
        "header_flush_signature": signature_json(&fields.header_flush_signature),
        "flush_map_signature": signature_json(&fields.flush_map_signature),
        "revert_snapshot_signature": signature_json(&fields.revert_snapshot_signature),
        "revert": {
            "count": fields.revert_count.get(),
            "from": logtime_json(&fields.time_revert_from),
            "to": logtime_json(&fields.time_revert_to),
            "page_count": fields.revert_page_count.get(),
            "last_commit_before": lgpos_json(fields.lgpos_commit_before_revert),
        },
    })
}
