//! Details of transactions, databases, runs of the engine and backups (spec 10 §6.3.2).

use std::fmt::{self, Write};

use ese_format::log::header::LogParameters;
use ese_format::log::record::{
    AttachDb, Backup, Backup2, BackupKind, BackupMethod, BackupPhase, BackupScope, BeginLevels,
    CommitContext, CommitContextFlags, CommitContextLayout, CreateDb, DatabaseFlags, DetachDb,
    ExtentFreedFlags, FreeFdp, FreedExtent, FreedTree, RangeChecksum, ReAttach, RunFields, ScanCheck2,
    ScanCheckFlags, ShrinkFields,
};
use ese_format::logtime::Logtime;

use super::super::header_block;
use super::super::text::{Data, RecordLgpos, RecordSignature, RecordTime, ansi, stored_path};
use super::page_operations::Page;
use crate::command_line::Verbosity;

/// Pages that TrimDB and ExtentFreed list at most.
const PAGES_LISTED_MAX: u32 = 31;

pub(super) fn begin(out: &mut String, procid: u16, levels: BeginLevels) -> fmt::Result {
    write!(
        out,
        " ({procid},from:{},to:{})",
        levels.from(),
        u16::from(levels.from()) + u16::from(levels.count())
    )
}

pub(super) fn macro_info(out: &mut String, dbid: u8, pages: impl Iterator<Item = u32>) -> fmt::Result {
    out.write_char(' ')?;
    for page in pages {
        write!(out, "{},", Page(dbid, page))?;
    }
    Ok(())
}

pub(super) fn commit_context(
    out: &mut String,
    record: &CommitContext<'_>,
    layout: CommitContextLayout,
    verbosity: Verbosity,
) -> fmt::Result {
    let flags = record.flags(layout);
    write!(out, " ({}) ", record.procid)?;
    if let Some(flags) = flags {
        let letter = |bit, letter| if flags.contains(bit) { letter } else { "" };
        write!(
            out,
            "[{}{}{}]",
            letter(CommitContextFlags::CUSTOMER_DATA, "C"),
            letter(CommitContextFlags::CALLBACK, "R"),
            letter(CommitContextFlags::PRE_COMMIT, "P"),
        )?;
    }
    let private = flags.is_some_and(|flags| flags.contains(CommitContextFlags::CUSTOMER_DATA));
    let shown = if private { verbosity } else { Verbosity::Data };
    write!(out, "{}", Data { pieces: &[record.user_bytes(layout)], verbosity: shown })
}

pub(super) fn create_database(out: &mut String, record: &CreateDb<'_>) -> fmt::Result {
    let (version, update) = record.version.map_or((0, 0), |version| (version.version, version.update));
    write!(
        out,
        " ({},{},{}) Version: 0x{version:x},0x{update:x} cpgMax: {} Sig: {} sparse: {}",
        record.procid,
        stored_path(record.stored_path()),
        record.dbid,
        record.max_pages,
        RecordSignature(&record.database_signature),
        u8::from(record.flags.contains(DatabaseFlags::SPARSE)),
    )
}

pub(super) fn attach_database(out: &mut String, record: &AttachDb<'_>) -> fmt::Result {
    write!(
        out,
        " ({},{},{}) cpgMax: {} consistent:({})   SigDb: {}   SigLog: {} sparse: {}",
        record.procid,
        stored_path(record.stored_path()),
        record.dbid,
        record.max_pages,
        RecordLgpos(record.consistent),
        RecordSignature(&record.database_signature),
        RecordSignature(&record.log_signature),
        u8::from(record.flags.contains(DatabaseFlags::SPARSE)),
    )
}

pub(super) fn detach_database(out: &mut String, record: &DetachDb<'_>) -> fmt::Result {
    write!(out, " ({},{},{})", record.procid, stored_path(record.stored_path()), record.dbid)
}

pub(super) fn re_attach(out: &mut String, record: &ReAttach) -> fmt::Result {
    write!(
        out,
        " [{}:], consistent:({}) attach:({}) SigDb: {}",
        record.dbid,
        RecordLgpos(record.consistent),
        RecordLgpos(record.attach),
        RecordSignature(&record.database_signature),
    )
}

pub(super) fn shrink(out: &mut String, shrink: &ShrinkFields) -> fmt::Result {
    write!(out, "[{}:{}:{}]", shrink.dbid, shrink.last_page, shrink.page_count)
}

/// ` [dbid:first+count]` and the pages one by one, as far as they are listed.
fn page_list(out: &mut String, dbid: u8, first: u32, count: u32) -> fmt::Result {
    out.write_str(" (")?;
    for page in (0..count.min(PAGES_LISTED_MAX)).filter_map(|index| first.checked_add(index)) {
        write!(out, "{} ", Page(dbid, page))?;
    }
    out.write_char(')')
}

pub(super) fn trim(out: &mut String, dbid: u8, first: u32, count: u32) -> fmt::Result {
    write!(out, " [{dbid}:{first}+{count}]")?;
    page_list(out, dbid, first, count)
}

pub(super) fn extent_freed(out: &mut String, extent: &FreedExtent, dbtime: u64) -> fmt::Result {
    let FreedExtent { dbid, first_page, page_count, flags } = *extent;
    let root = if flags.contains(ExtentFreedFlags::TABLE_ROOT) { "R" } else { "" };
    let empty = if flags.contains(ExtentFreedFlags::EMPTY_PAGES) { "E" } else { "" };
    write!(out, " {dbtime:x} [{dbid}:{first_page}+{page_count}],[{root}{empty}]")?;
    page_list(out, dbid, first_page, u32::try_from(page_count).unwrap_or(0))
}

pub(super) fn scan_check2(out: &mut String, record: &ScanCheck2) -> fmt::Result {
    let ScanCheck2 { dbid, page_number, flags, page_dbtime, current_dbtime, .. } = *record;
    let source = flags & (ScanCheckFlags::SOURCE_SCAN | ScanCheckFlags::SOURCE_SHRINK);
    let object = if flags.contains(ScanCheckFlags::OBJID_INVALID) { "IVO" } else { "VO" };
    let empty = if flags.contains(ScanCheckFlags::EMPTY_PAGE) { "EP" } else { "NEP" };
    let (page, source) = (Page(dbid, page_number), source.bits());
    write!(out, " {current_dbtime:x},{page_dbtime:x}{page},source:{source},{object},{empty}")
}

pub(super) fn free_tree(out: &mut String, record: &FreeFdp) -> fmt::Result {
    let kind = match record.tree {
        FreedTree::TABLE => "T",
        FreedTree::INDEX => "I",
        _ => "?",
    };
    write!(out, " {:x}:({} ({kind}))", record.trx_committed, Page(record.dbid, record.fdp))
}

/// Init and Init2: the time where there is one, then the parameters of the run and an empty line.
pub(super) fn init(out: &mut String, parameters: &LogParameters, time: Option<Logtime>) -> fmt::Result {
    write_time(out, time)?;
    writeln!(out, "\n      Env SystemPath:{}", ansi(&parameters.system_path))?;
    writeln!(out, "      Env LogFilePath:{}", ansi(&parameters.log_path))?;
    write!(out, "{}", header_block::Environment(parameters))
}

/// ` (time)`, or nothing in the old forms of a record.
pub(super) fn write_time(out: &mut String, time: Option<Logtime>) -> fmt::Result {
    time.map_or(Ok(()), |time| write!(out, " ({})", RecordTime(time)))
}

/// RecoveryQuit in its three forms.
pub(super) fn recovery_quit(out: &mut String, run: &RunFields, time: Option<Logtime>) -> fmt::Result {
    write_time(out, time)?;
    writeln!(out, "\n      Quit on {} Restore.", if run.hard == 0 { "Soft" } else { "Hard" })?;
    writeln!(out, "      RedoFrom:({})", RecordLgpos(run.redo_from))?;
    writeln!(out, "      UndoRecordFrom:({})", RecordLgpos(run.begun))
}

pub(super) fn trace(out: &mut String, procid: u16, text: &[u8]) -> fmt::Result {
    write!(out, " ({procid}) {}", ansi(text))
}

pub(super) fn legacy_backup(out: &mut String, record: &Backup<'_>) -> fmt::Result {
    let kind = match record.kind {
        BackupKind::FULL => "FullBackup",
        BackupKind::INCREMENTAL => "IncrementalBackup",
        BackupKind::SNAPSHOT_START => "StartSnapshot",
        BackupKind::SNAPSHOT_STOP => "StopSnapshot",
        BackupKind::TRUNCATE_LOGS => "TruncateLogs",
        BackupKind::OS_SNAPSHOT => "OSSnapshot",
        BackupKind::OS_SNAPSHOT_INCREMENTAL => "OSIncrementalSnapshot",
        _ => "*UNKNOWN*",
    };
    write!(out, " {kind}")?;
    path_behind(out, record.path)
}

pub(super) fn backup(out: &mut String, record: &Backup2<'_>) -> fmt::Result {
    let phase = match record.phase {
        BackupPhase::BEGIN => "Begin",
        BackupPhase::PREPARE_LOGS => "PrepLogs",
        BackupPhase::TRUNCATE => "Truncate",
        BackupPhase::UPDATE => "Update",
        BackupPhase::ABORT => "Torpedos Away!",
        BackupPhase::STOP => "Stop",
        _ => "*UNKNOWN*",
    };
    let method = match record.method {
        BackupMethod::NORMAL => "External",
        BackupMethod::OS_SNAPSHOT => "OSSnapshot",
        BackupMethod::SNAPSHOT => "Snapshot",
        BackupMethod::SURROGATE => "Surrogate",
        _ => "*UNKNOWN*",
    };
    let scope = match record.scope {
        BackupScope::FULL => "Full",
        BackupScope::INCREMENTAL => "Incremental",
        BackupScope::COPY => "Copy",
        BackupScope::DIFFERENTIAL => "Differential",
        _ => "*UNKNOWN*",
    };
    let info = &record.info;
    write!(
        out,
        " {phase}( {method}:{scope}, dbid={}, phaseDetails[({}),({}),({},{})] )",
        record.dbid,
        RecordLgpos(info.mark),
        RecordTime(info.time),
        info.generation_low.get(),
        info.generation_high.get(),
    )?;
    path_behind(out, record.path)
}

fn path_behind(out: &mut String, path: &[u8]) -> fmt::Result {
    let path = ansi(path);
    if path.is_empty() { Ok(()) } else { write!(out, " {path}") }
}

/// A range checksum of a version-7 log.
pub(super) fn range_checksum(out: &mut String, record: &RangeChecksum) -> fmt::Result {
    let RangeChecksum { bytes_before, bytes_after, next, checksum, short_checksum, short_flag } = *record;
    let ranges = format_args!("(0x{bytes_before:X},0x{bytes_after:X},0x{next:X} checksum ").to_string();
    match short_flag {
        RangeChecksum::SHORT_USED => write!(out, " {ranges}[0x{checksum:X},0x{short_checksum:X}])"),
        RangeChecksum::SHORT_UNUSED => write!(out, " {ranges}[0x{checksum:X}])"),
        _ => write!(out, " CORRUPT {ranges}[0x{checksum:X},0x{short_checksum:X}])"),
    }
}
