//! The header as text, line by line as Windows' tool prints it (spec 10 §6.1).

use std::io::{self, Write};

use ese_format::backup_info::BackupInfo;
use ese_format::database_header::{DatabaseHeader, DatabaseState, HeaderFields, MAGIC};
use ese_format::lgpos::Lgpos;
use ese_format::logtime::Logtime;
use ese_format::page_size::PageSize;
use ese_format::signature::Signature;
use ese_format::trailer::Trailer;
use ese_format::version::{DATABASE_UPDATE_MAJOR_MAX, DATABASE_VERSION};
use zerocopy::little_endian::U32;

use super::HeaderCopy;
use crate::failure::{CommandResult, Failure};
use crate::output::Output;
use crate::source_file::SourceFile;
use crate::text_forms::{LgposText, LogtimeText, SignatureText, ZonelessText};

/// Newest update minor and engine format version this tool reads (spec 00 decision 2).
const UPDATE_MINOR_MAX: u32 = 620;
const EFV_MAX: u32 = 9620;
/// Value at offset 667 of a database: the ECC and maintenance block is printed for it alone.
const FILE_TYPE_DATABASE: u32 = 1;

/// Offsets of the signatures, whose computer names are printed as C strings (see [`computer_name`]).
const DATABASE_SIGNATURE: usize = 24;
const LOG_SIGNATURE: usize = 108;
const HEADER_FLUSH_SIGNATURE: usize = 584;
const FLUSH_MAP_SIGNATURE: usize = 612;
const REVERT_SNAPSHOT_SIGNATURE: usize = 688;

/// What a state value is called (spec 10 §6.1.1).
pub(crate) fn state_text(state: u32) -> &'static str {
    match DatabaseState::from_raw(state) {
        Some(DatabaseState::JustCreated) => "Just Created",
        Some(DatabaseState::DirtyShutdown) => "Dirty Shutdown",
        Some(DatabaseState::CleanShutdown) => "Clean Shutdown",
        Some(DatabaseState::BeingConverted) => "Being Converted",
        Some(DatabaseState::IncrementalReseedInProgress) => "Incremental Reseed In Progress",
        Some(DatabaseState::DirtyAndPatchedShutdown) => "Dirty and Patched Shutdown",
        Some(DatabaseState::RevertInProgress) => "Database Revert in Progress",
        Some(DatabaseState::ForceDetach) | None => "Illegal",
    }
}

/// Characters of a signature at most: the original prints it into a buffer of 128.
const SIGNATURE_TEXT_MAX: usize = 127;

/// The computer name of the signature at `offset`, as the original prints it: a C string in Latin-1 that, in files which
/// are no databases, runs on into the fields behind it. What moves a terminal's cursor is shown as `?`.
fn computer_name(page: &[u8], offset: usize) -> impl Iterator<Item = char> {
    let name = page.get(offset.saturating_add(12)..).unwrap_or_default();
    name.iter().take_while(|&&byte| byte != 0).map(|&byte| match byte {
        0x07..=0x0D | 0x1B | 0x7F..=0x9F => '?',
        byte => char::from(byte),
    })
}

fn signature_line(
    label: &str,
    signature: &Signature,
    offset: usize,
    copy: &HeaderCopy,
    out: &mut Output<'_>,
) -> io::Result<()> {
    let (random, time) = (signature.random, ZonelessText(&signature.created));
    let text = format!("Create time:{time} Rand:{random} Computer:");
    let text: String =
        text.chars().chain(computer_name(&copy.bytes, offset)).take(SIGNATURE_TEXT_MAX).collect();
    writeln!(out, "{label}: {text}")
}

fn position_line(label: &str, position: Lgpos, time: &Logtime, out: &mut Output<'_>) -> io::Result<()> {
    writeln!(out, "{label}: {}  {}", LgposText(position), LogtimeText(time))
}

fn time_line(label: &str, time: &Logtime, out: &mut Output<'_>) -> io::Result<()> {
    writeln!(out, "{label}: {}", LogtimeText(time))
}

/// Writes one copy from `Checksum Information` up to the maintenance block.
pub(super) fn copy(fields: &HeaderFields, copy: &HeaderCopy, out: &mut Output<'_>) -> io::Result<()> {
    writeln!(out, "Checksum Information:")?;
    writeln!(out, "Expected Checksum: 0x{:08x}", copy.stored)?;
    writeln!(out, "  Actual Checksum: 0x{:08x}\n", copy.computed)?;
    writeln!(out, "Fields:")?;
    identity(fields, copy, out)?;
    generations(fields, out)?;
    history(fields, copy, out)?;
    reseeds_and_patches(fields, out)?;
    backups(fields, out)?;
    sizes(fields, out)?;
    if fields.file_type.get() == FILE_TYPE_DATABASE {
        error_counts(fields, out)?;
        maintenance(fields, out)?;
    }
    Ok(())
}

fn identity(fields: &HeaderFields, copy: &HeaderCopy, out: &mut Output<'_>) -> io::Result<()> {
    let kind = if fields.attribute.get() == 0 { "Database" } else { "UNKNOWN" };
    writeln!(out, "        File Type: {kind}")?;
    writeln!(out, "         Checksum: 0x{:x}", fields.checksum.get())?;
    writeln!(out, "   Format ulMagic: 0x{:x}", fields.magic.get())?;
    writeln!(out, "   Engine ulMagic: 0x{MAGIC:x}")?;
    writeln!(
        out,
        " Format ulVersion: 0x{:x},{},{}  (attached by {})",
        fields.version.get(),
        fields.update_major,
        fields.update_minor,
        fields.efv_max_attached
    )?;
    writeln!(
        out,
        " Engine ulVersion: 0x{DATABASE_VERSION:x},{DATABASE_UPDATE_MAJOR_MAX},{UPDATE_MINOR_MAX}  \
         (efvCurrent = {EFV_MAX})"
    )?;
    let created_update = fields.create_update_major.get() & 0xFFFF;
    writeln!(out, "Created ulVersion: 0x{:x},{created_update}", fields.create_version.get())?;
    signature_line("     DB Signature", &fields.database_signature, DATABASE_SIGNATURE, copy, out)?;
    writeln!(out, "         cbDbPage: {}", fields.page_size)?;
    let dbtime = fields.dbtime.get();
    writeln!(out, "           dbtime: {dbtime} (0x{dbtime:x})")?;
    writeln!(out, "            State: {}", state_text(fields.state.get()))
}

fn generations(fields: &HeaderFields, out: &mut Output<'_>) -> io::Result<()> {
    let (min, max) = (fields.generation_min_required.get(), fields.generation_max_required.get());
    let pre_redo = fields.generation_pre_redo_min_required.get();
    writeln!(
        out,
        "     Log Required: {min}-{max} (0x{min:x}-0x{max:x}) [Min. Req. Pre-Redo: {pre_redo} (0x{pre_redo:x})]"
    )?;
    time_line("Gen. Max. Req. Creation Time", &fields.time_generation_max_required, out)?;
    let committed = fields.generation_max_committed.get();
    writeln!(out, "    Log Committed: 0-{committed} (0x0-0x{committed:x})")?;
    time_line("Gen. Max. Com. Creation Time", &fields.time_generation_max_create, out)?;
    let consistent = fields.generation_min_consistent.get();
    let pre_redo = fields.generation_pre_redo_min_consistent.get();
    writeln!(
        out,
        "   Log Consistent: {consistent} (0x{consistent:x}) [Pre-Redo: {pre_redo} (0x{pre_redo:x})]"
    )?;
    let recovering = fields.generation_recovering.get();
    writeln!(out, "   Log Recovering: {recovering} (0x{recovering:x})")
}

fn history(fields: &HeaderFields, copy: &HeaderCopy, out: &mut Output<'_>) -> io::Result<()> {
    let shadowed = if fields.flags.get() & 1 == 0 { "Yes" } else { "No" };
    writeln!(out, "         Shadowed: {shadowed}")?;
    writeln!(out, "       Last Objid: {}", fields.objid_last)?;
    let scrub = fields.dbtime_last_scrub.get();
    writeln!(out, "     Scrub Dbtime: {scrub} (0x{scrub:x})")?;
    time_line("       Scrub Date", &fields.time_scrub, out)?;
    writeln!(out, "     Repair Count: {}", fields.repair_count)?;
    time_line("      Repair Date", &fields.time_repair, out)?;
    writeln!(out, " Old Repair Count: {}", fields.repair_count_old)?;
    position_line("  Last Consistent", fields.lgpos_consistent, &fields.time_consistent, out)?;
    position_line("      Last Attach", fields.lgpos_attach, &fields.time_attach, out)?;
    position_line("      Last Detach", fields.lgpos_detach, &fields.time_detach, out)?;
    position_line("    Last ReAttach", fields.lgpos_last_reattach, &fields.time_last_reattach, out)?;
    // The slot is a 16-bit number to the original.
    writeln!(out, "             Dbid: {}", fields.dbid.get() & 0xFFFF)?;
    signature_line("    Log Signature", &fields.log_signature, LOG_SIGNATURE, copy, out)?;
    let sort = fields.sort_version.get();
    writeln!(
        out,
        "       OS Version: ({}.{}.{} SP {} NLS {:x}.{:x})",
        fields.os_major,
        fields.os_minor,
        fields.os_build,
        fields.os_service_pack,
        sort >> 32,
        sort & 0xFFFF_FFFF
    )
}

fn reseeds_and_patches(fields: &HeaderFields, out: &mut Output<'_>) -> io::Result<()> {
    let counts = [
        fields.incremental_reseed_count,
        fields.incremental_reseed_count_old,
        fields.page_patch_count,
        fields.page_patch_count_old,
    ];
    if counts.iter().all(|count| count.get() == 0) {
        return Ok(());
    }
    writeln!(out, "     Reseed Count: {}", fields.incremental_reseed_count)?;
    time_line("      Reseed Date", &fields.time_incremental_reseed, out)?;
    writeln!(out, " Old Reseed Count: {}", fields.incremental_reseed_count_old)?;
    writeln!(out, "      Patch Count: {}", fields.page_patch_count)?;
    time_line("       Patch Date", &fields.time_page_patch, out)?;
    writeln!(out, "  Old Patch Count: {}", fields.page_patch_count_old)
}

/// What a backup type is called behind its generations.
fn backup_type_text(kind: u32) -> &'static str {
    match kind {
        0 => "",
        1 => " - OSSnapshot",
        2 => " - Snapshot",
        _ => " - UNKNOWN",
    }
}

fn backup(title: &str, info: &BackupInfo, kind: u32, out: &mut Output<'_>) -> io::Result<()> {
    let (low, high) = (info.generation_low.get(), info.generation_high.get());
    writeln!(out, "\n{title}:")?;
    writeln!(out, "        Log Gen: {low}-{high} (0x{low:x}-0x{high:x}){}", backup_type_text(kind))?;
    writeln!(out, "           Mark: {}", LgposText(info.mark))?;
    writeln!(out, "           Mark: {}", LogtimeText(&info.time))
}

fn backups(fields: &HeaderFields, out: &mut Output<'_>) -> io::Result<()> {
    let full = fields.backup_type_full_previous.get();
    let incremental = fields.backup_type_incremental_previous.get();
    let copy = fields.backup_type_copy_previous.get();
    let differential = fields.backup_type_differential_previous.get();
    backup("Previous Full Backup", &fields.backup_full_previous, full, out)?;
    backup("Previous Incremental Backup", &fields.backup_incremental_previous, incremental, out)?;
    backup("Previous Copy Backup", &fields.backup_copy_previous, copy, out)?;
    backup("Previous Differential Backup", &fields.backup_differential_previous, differential, out)?;
    backup("Current Full Backup", &fields.backup_full_current, 0, out)?;
    backup("Current Shadow copy backup", &fields.backup_snapshot_current, 0, out)
}

fn sizes(fields: &HeaderFields, out: &mut Output<'_>) -> io::Result<()> {
    writeln!(out, "\n     cpgUpgrade55Format: {}", fields.upgrade_55_pages)?;
    writeln!(out, "    cpgUpgradeFreePages: {}", fields.upgrade_free_pages)?;
    writeln!(out, "cpgUpgradeSpaceMapPages: {}", fields.upgrade_space_map_pages)?;
    let resize = fields.lgpos_last_resize;
    let matches = if resize == fields.lgpos_attach {
        "(Matches \"Last Attach\", no subsequent resize)"
    } else if resize == fields.lgpos_consistent {
        "(Matches \"Last Consistent\", no subsequent resize)"
    } else {
        ""
    };
    writeln!(out, "\n      Last Resize: {}  {matches}", LgposText(resize))?;
    writeln!(out, "\n     Extend Count: {}", fields.extend_count)?;
    time_line("      Extend Date", &fields.time_last_extend, out)?;
    writeln!(out, "\n     Shrink Count: {}", fields.shrink_count)?;
    time_line("      Shrink Date", &fields.time_last_shrink, out)?;
    writeln!(out, "\n       Trim Count: {}", fields.trim_count)
}

fn count_text(count: U32) -> String {
    match count.get() {
        0 => "none".to_owned(),
        count => format!("found ({count})"),
    }
}

fn error_counts(fields: &HeaderFields, out: &mut Output<'_>) -> io::Result<()> {
    let dated = |count: U32, label: &str, time: &Logtime, out: &mut Output<'_>| {
        if count.get() == 0 { Ok(()) } else { time_line(label, time, out) }
    };
    let (success, failure, bad) = (fields.ecc_fix_success, fields.ecc_fix_fail, fields.bad_checksum);
    writeln!(out, "\n       ECC Fix Success Count: {}", count_text(success))?;
    dated(success, "   Last ECC Fix Success Date", &fields.time_ecc_fix_success, out)?;
    writeln!(out, "   Old ECC Fix Success Count: {}", count_text(fields.ecc_fix_success_old))?;
    writeln!(out, "         ECC Fix Error Count: {}", count_text(failure))?;
    dated(failure, "     Last ECC Fix Error Date", &fields.time_ecc_fix_fail, out)?;
    writeln!(out, "     Old ECC Fix Error Count: {}", count_text(fields.ecc_fix_fail_old))?;
    writeln!(out, "    Bad Checksum Error Count: {}", count_text(bad))?;
    dated(bad, "Last Bad Checksum Error Date", &fields.time_bad_checksum, out)?;
    writeln!(out, "Old bad Checksum Error Count: {}", count_text(fields.bad_checksum_old))
}

fn maintenance(fields: &HeaderFields, out: &mut Output<'_>) -> io::Result<()> {
    writeln!(out)?;
    time_line("  Last Database Maintenance Finish Date", &fields.time_scan_previous, out)?;
    time_line("Current Database Maintenance Start Date", &fields.time_scan_start, out)?;
    let continuous = fields.scan_highest_continuous_page;
    writeln!(out, "      Highest Continuous Database Maintenance Page: {continuous}")?;
    writeln!(out, "      Highest Database Maintenance Page: {}", fields.scan_highest_page)
}

/// Writes the flush signatures and what a revert left.
pub(super) fn signatures(fields: &HeaderFields, copy: &HeaderCopy, out: &mut Output<'_>) -> io::Result<()> {
    writeln!(out)?;
    let header =
        ("  Database Header Flush Signature", &fields.header_flush_signature, HEADER_FLUSH_SIGNATURE);
    let map = (" Flush Map Header Flush Signature", &fields.flush_map_signature, FLUSH_MAP_SIGNATURE);
    let snapshot =
        ("       RBS Header Flush Signature", &fields.revert_snapshot_signature, REVERT_SNAPSHOT_SIGNATURE);
    for (label, signature, offset) in [header, map, snapshot] {
        signature_line(label, signature, offset, copy, out)?;
    }
    if fields.revert_count.get() == 0 && fields.revert_page_count.get() == 0 {
        return Ok(());
    }
    writeln!(out, "\n     Revert Count: {}", fields.revert_count)?;
    time_line(" Revert From Date", &fields.time_revert_from, out)?;
    time_line("   Revert To Date", &fields.time_revert_to, out)?;
    writeln!(out, "Revert Page Count: {}", fields.revert_page_count)?;
    writeln!(out, "Last Commit Before Revert: {}  ", LgposText(fields.lgpos_commit_before_revert))
}

/// Writes the flush signatures of a header that a trailer was merged with: there are none left.
pub(super) fn no_signatures(out: &mut Output<'_>) -> io::Result<()> {
    let none = Signature::default();
    writeln!(out, "\n  Database Header Flush Signature: {}", SignatureText(&none))?;
    writeln!(out, " Flush Map Header Flush Signature: {}", SignatureText(&none))?;
    writeln!(out, "       RBS Header Flush Signature: {}", SignatureText(&none))
}

/// Reads the trailer page of a streamed backup, which the header waits to be merged with (spec 01 §13.6): the last page.
///
/// # Errors
/// JET_errDatabasePatchFileMismatch when it belongs to another backup, JET_errBadPatchPage when its checksum is wrong.
pub(super) fn read_trailer(file: &SourceFile, copy: &HeaderCopy, size: PageSize) -> CommandResult<Trailer> {
    let bytes = size.bytes() as u64;
    let offset = (file.length() / bytes).saturating_sub(1).saturating_mul(bytes);
    let page = file.bytes_at(offset, size.bytes())?;
    let belonging = |trailer: Trailer| {
        DatabaseHeader::decode(&copy.bytes).and_then(|header| trailer.check_belongs_to(&header))?;
        Ok(trailer)
    };
    Trailer::decode(&page, size)
        .and_then(belonging)
        .map_err(|error| Failure::of_format(error.offset_by(offset), file.path()))
}

/// Writes what the trailer page adds to the dump.
pub(super) fn trailer(trailer: &Trailer, out: &mut Output<'_>) -> io::Result<()> {
    backup("Patch Current Full Backup", &trailer.backup, 0, out)?;
    let (min, max) = (trailer.generation_min_required.get(), trailer.generation_max_required.get());
    let committed = trailer.generation_max_committed.get();
    if min == 0 && max == 0 && committed == 0 {
        return Ok(());
    }
    writeln!(out, "   Log Required: {min}-{max} (0x{min:x}-0x{max:x})")?;
    // No line end behind the first time: so it is in the original.
    write!(out, "   Gen. Max. Req. Creation Time: {}", LogtimeText(&trailer.time_generation_max_required))?;
    writeln!(out, "  Log Committed: {committed} (0x{committed:x})")?;
    writeln!(out, "  Gen. Max. Com. Creation Time: {}", LogtimeText(&trailer.time_generation_max_committed))
}
