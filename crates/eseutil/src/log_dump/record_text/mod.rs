//! The text of one log record, its name padded to nine columns and its details behind it (spec 10 §6.3.2).
//!
//! Invariant: every record that decodes has a text; what no table of the spec names shows as `*UNKNOWN*`.

mod lifecycle;
mod page_operations;

use std::fmt::{self, Write};

use ese_format::attach_list::PathEncoding;
use ese_format::log::record::{CommitContextLayout, ImageFlags, Record};

use super::record_names::dump_name;
use super::text::{ansi, stored_path};
use crate::command_line::Verbosity;
use lifecycle::write_time;
use page_operations::{Object, Page};

/// What a record's text depends on besides the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextStyle {
    /// Whether data is shown.
    pub(crate) verbosity: Verbosity,
    /// The layout of commit contexts in this log.
    pub(crate) commit_context: CommitContextLayout,
}

/// Appends name and details of `record` to `out`. Some records take several lines; the last line is left open.
pub(crate) fn write(out: &mut String, record: &Record<'_>, style: TextStyle) -> fmt::Result {
    let code = record.record_type() as u8;
    write!(out, "{:<9}", dump_name(code))?;
    if let Some(done) = page_operation(out, record, style.verbosity) {
        return done;
    }
    match record {
        Record::Begin(record) => lifecycle::begin(out, record.procid, record.levels),
        Record::Begin0(record) | Record::BeginDt(record) => {
            lifecycle::begin(out, record.procid, record.levels)?;
            write!(out, " {:x}", record.trx_begin0)
        }
        Record::Commit(record) => write!(out, " ({},to:{})", record.procid, record.level_to),
        Record::Commit0(record) => {
            write!(out, " ({},to:{}) {:x}", record.procid, record.level_to, record.trx_commit0)
        }
        Record::Rollback(record) => write!(out, " ({},{})", record.procid, record.level_count),
        Record::Refresh(record) => write!(out, " ({},{:x})", record.procid, record.trx_begin0),
        Record::PrepCommit(record) => write!(out, " ({})", record.procid),
        Record::PrepRollback(record) | Record::ForceWriteLog(record) => write!(out, " ({})", record.procid),
        Record::JetOp(record) => write!(out, " ({}) -- {}", record.procid, record.operation),
        Record::MacroBegin(mark) | Record::MacroCommit(mark) | Record::MacroAbort(mark) => {
            write!(out, " ({}) {:x}", mark.procid, mark.dbtime)
        }
        Record::MacroInfo(info) => lifecycle::macro_info(out, 1, info.pages()),
        Record::MacroInfo2(info) => lifecycle::macro_info(out, info.dbid, info.pages()),
        Record::CommitCtx(context) => {
            lifecycle::commit_context(out, context, style.commit_context, style.verbosity)
        }
        Record::Nop2(_) | Record::Ignored(_) => {
            let content = record.encoded_len().saturating_sub(5);
            write!(out, " (lrtyp = {code}, {content} bytes)")
        }
        Record::Trace(trace) | Record::ForceLogRollover(trace) => {
            lifecycle::trace(out, trace.procid, trace.text)
        }
        Record::Checksum(checksum) => lifecycle::range_checksum(out, checksum),
        Record::MultiSectorFlush(mark) => {
            let (isec, ib, checksum) = (mark.forward_isec, mark.forward_ib, mark.checksum);
            write!(out, " ({isec:X},{ib:X} checksum {checksum})")
        }
        Record::FragmentBegin(fragment) => {
            let inner = fragment.piece.first().map_or("*UNKNOWN*", |&code| dump_name(code));
            write!(
                out,
                " (Total {} bytes, current {} bytes, lrtyp {inner})",
                fragment.total,
                fragment.piece.len()
            )
        }
        Record::Fragment(fragment) => write!(out, " ({} bytes)", fragment.piece.len()),
        Record::Nop(_) | Record::End(_) | Record::ShutDownMark(_) | Record::RecoveryUndo(_) => Ok(()),
        _ => database_or_run(out, record),
    }
}

/// Operations on pages; none for other records.
fn page_operation(out: &mut String, record: &Record<'_>, verbosity: Verbosity) -> Option<fmt::Result> {
    use page_operations as pages;
    let no_image = (0, ImageFlags::empty());
    Some(match record {
        Record::Insert(record) => pages::insert(out, record, verbosity),
        Record::FlagInsert(record) => pages::flag_insert(out, record),
        Record::FlagInsertAndReplaceData(record) => pages::flag_insert_and_replace(out, record, verbosity),
        Record::FlagDelete(record) => pages::flag_delete(out, record),
        Record::Delete(record) => pages::delete(out, record),
        Record::Replace(record) => pages::replace(out, record, verbosity),
        Record::ReplaceD(record) => pages::replace_by_diff(out, record, verbosity),
        Record::Delta(record) => pages::delta(out, &record.node, i64::from(record.delta), record.offset),
        Record::Delta64(record) => pages::delta(out, &record.node, record.delta, record.offset),
        Record::SetExternalHeader(record) => pages::set_external_header(out, record, verbosity),
        Record::Undo(record) => pages::undo(out, record),
        Record::UndoInfo(record) => pages::undo_info(out, record, verbosity),
        Record::Scrub(record) => pages::scrub(out, record, verbosity),
        Record::EmptyTree(record) => pages::empty_tree(out, record, verbosity),
        Record::Split(record) => pages::split(out, &record.split, 0, ImageFlags::empty()),
        Record::Split2(record) => pages::split(out, &record.split, record.image.len(), record.image_flags),
        Record::Merge(record) => pages::merge(out, &record.merge, record.separator_key, no_image, verbosity),
        Record::Merge2(record) => {
            let image = (record.image.len(), record.image_flags);
            pages::merge(out, &record.merge, record.separator_key, image, verbosity)
        }
        Record::PageMove(record) => pages::page_move(out, record),
        Record::CreateMultipleExtentFdp(record) => pages::create_multiple_extent(out, record),
        Record::CreateSingleExtentFdp(record) => pages::create_single_extent(out, record),
        Record::ConvertFdp(record) => pages::convert(out, &record.convert),
        Record::ConvertFdp2(record) => pages::convert(out, &record.convert),
        _ => return page_mark(out, record),
    })
}

/// Records about a page that change none.
fn page_mark(out: &mut String, record: &Record<'_>) -> Option<fmt::Result> {
    Some(match record {
        Record::NewPage(record) => write!(
            out,
            " {:x},({},page:{},{})",
            record.dbtime,
            record.procid,
            Page(record.dbid, record.page_number),
            Object(record.dbid, record.objid),
        ),
        Record::RootPageMove(record) => {
            write!(out, " {:x},({},{})", record.dbtime, record.procid, Object(record.dbid, record.objid))
        }
        Record::PagePatchRequest(record) => {
            write!(out, " {:x},{}", record.dbtime, Page(record.dbid, record.page_number))
        }
        Record::ScanCheck(record) => {
            let page = Page(record.dbid, record.page_number);
            write!(out, " {:x},{:x}{page}", record.current_dbtime, record.page_dbtime)
        }
        Record::ScanCheck2(record) => lifecycle::scan_check2(out, record),
        Record::ExtentFreed(record) => lifecycle::extent_freed(out, &record.extent, 0),
        Record::ExtentFreed2(record) => lifecycle::extent_freed(out, &record.extent, record.dbtime),
        Record::FreeFdp(record) => lifecycle::free_tree(out, record),
        _ => return None,
    })
}

fn database_or_run(out: &mut String, record: &Record<'_>) -> fmt::Result {
    match record {
        Record::CreateDb(record) => lifecycle::create_database(out, record),
        Record::CreateDbFinish(record) => write!(out, " ({},{})", record.procid, record.dbid),
        Record::AttachDb(record) => lifecycle::attach_database(out, record),
        Record::DetachDb(record) => lifecycle::detach_database(out, record),
        Record::ReAttach(record) => lifecycle::re_attach(out, record),
        Record::SignalAttachDb(record) => write!(out, " (dbid:{})", record.dbid),
        Record::SetDbVersion(record) => write!(
            out,
            " (dbid:{}, DB ver:{}.{}.{})",
            record.dbid, record.major, record.update_major, record.update_minor
        ),
        Record::ExtendDb(record) => write!(out, " {}", Page(record.dbid, record.last_page)),
        Record::ShrinkDb(record) | Record::ShrinkDb2(record) => {
            out.write_char(' ')?;
            lifecycle::shrink(out, &record.shrink)
        }
        Record::ShrinkDb3(record) => {
            write!(out, " {:x}", record.dbtime)?;
            lifecycle::shrink(out, &record.shrink)
        }
        Record::TrimDb(record) => lifecycle::trim(out, record.dbid, record.first_page, record.page_count),
        Record::Init(record) => lifecycle::init(out, record.parameters, None),
        Record::Init2(record) => lifecycle::init(out, record.parameters, Some(record.time)),
        Record::Term2(record) => write_time(out, Some(record.time)),
        Record::RecoveryUndo2(record) => write_time(out, Some(record.time)),
        Record::RecoveryQuit(record) => lifecycle::recovery_quit(out, &record.run, None),
        Record::RecoveryQuit2(record) | Record::RecoveryQuitKeepAttachments(record) => {
            lifecycle::recovery_quit(out, &record.run, Some(record.time))
        }
        Record::FullBackup(record) | Record::IncBackup(record) => write!(out, " {}", ansi(record.path)),
        Record::Backup(record) => lifecycle::legacy_backup(out, record),
        Record::Backup2(record) => lifecycle::backup(out, record),
        Record::ExtRestore(record) => {
            let (instance, path) = record.parts(PathEncoding::Ansi);
            write!(out, " ({},{})", stored_path(instance), stored_path(path))
        }
        Record::ExtRestore2(record) => {
            let (instance, path) = record.parts(PathEncoding::Utf16);
            write!(out, " ({},{})", stored_path(instance), stored_path(path))
        }
        // Term in its old form says nothing that Term2's text shows.
        _ => Ok(()),
    }
}
