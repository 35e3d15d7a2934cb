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
            let (log_path, instance) = record.parts(PathEncoding::Ansi);
            write!(out, " ({},{})", stored_path(log_path), stored_path(instance))
        }
        Record::ExtRestore2(record) => {
            let (log_path, instance) = record.parts(PathEncoding::Utf16);
            write!(out, " ({},{})", stored_path(log_path), stored_path(instance))
        }
        // Term in its old form says nothing that Term2's text shows.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ese_format::log::RecordType;

    fn text_of(bytes: &[u8], verbosity: Verbosity) -> String {
        let record = Record::decode(bytes).expect("the test's record is sound");
        let mut text = String::new();
        let style = TextStyle { verbosity, commit_context: CommitContextLayout::New };
        write(&mut text, &record, style).expect("a String takes every text");
        text
    }

    /// Bytes from hexadecimal digits in groups.
    fn bytes(hexadecimal: &str) -> Vec<u8> {
        let digits: String = hexadecimal.split_whitespace().collect();
        let pairs = (0..digits.len() / 2).filter_map(|index| digits.get(2 * index..2 * index + 2));
        pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal digits")).collect()
    }

    #[test]
    fn every_type_has_a_text_that_starts_with_its_name() {
        for record_type in RecordType::ALL {
            let mut zeros = vec![0; 4096];
            zeros[0] = *record_type as u8;
            let Ok(record) = Record::decode(&zeros) else { continue };
            for verbosity in [Verbosity::Structure, Verbosity::Data] {
                let text = text_of(&zeros, verbosity);
                let name = dump_name(record.record_type() as u8);
                assert!(text.starts_with(&format!("{name:<9}")), "{record_type}: {text}");
            }
        }
    }

    /// Types that no file at hand has, by the patterns of spec 10 §6.3.2.
    #[test]
    fn records_that_no_file_shows_follow_the_patterns_of_the_specification() {
        for (record, expected) in [
            ("4E 01 0A000000 05000000", "ShrinkDB  [1:10:5]"),
            ("63 01 0A000000 05000000 FF00000000000000", "ShrinkDB3 ff[1:10:5]"),
            ("51 02 07000000 03000000", "TrimDB    [2:7+3] ([2:7] [2:8] [2:9] )"),
            ("65 01 07000000 01000000 03 1000000000000000", "ExtFreed2 10 [1:7+1],[RE] ([1:7] )"),
            (
                "62 01 09000000 41 0500000000000000 0600000000000000 00000000",
                "ScanChk2  6,5[1:9],source:1,VO,EP",
            ),
            ("4A 0A000000 01 2A000000 10000000 01", "FreeFDP   10:([1:42] (T))"),
            ("60 1100000000000000 01 0D000000 0500", "PageMoveR 11,(5,objid:[1:13])"),
            ("61 03", "SAttachDB (dbid:3)"),
            ("10 0500 01 0600 00 433A5C612E00", "DetachDB  (5,C:\\a.,1)"),
            ("0D 0500 FF24000000000000", "McroAbort (5) 24ff"),
            ("49 0D000000 02 02000000 07000000 08000000", "McroInfo2 [2:7],[2:8],"),
            ("5B 03000000 000000", "Ignored   (lrtyp = 91, 3 bytes)"),
            ("45 07000000 0500 01 DEADBEEF", "CommitCtx (5) [R]DE AD BE EF "),
            ("3D FFFF 0300 686900", "FRollLog  (65535) hi"),
            (
                "32 00000700 17000000 0000000000000000 00 000C150A037A290E",
                "Term      (3/10/2022 21:12:00.916)",
            ),
        ] {
            assert_eq!(text_of(&bytes(record), Verbosity::Data), expected);
        }
    }
}
