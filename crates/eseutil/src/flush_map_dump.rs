//! `/mp`: the header of a flush map, or one of its pages (spec 10 §6.9).

use std::io::{self, Write};
use std::path::Path;

use ese_format::checksum::{BlockStart, ecc_block, verify_header};
use ese_format::error::{FileKind, FormatError, JetError, Problem};
use ese_format::flush_map::{
    FlushMapFields, FlushMapHeader, MAP_PAGE_BYTES, MapPage, MapState, PAGES_PER_MAP_PAGE,
};
use ese_format::logtime::Logtime;
use serde_json::{Value, json};

use crate::command_line::{DumpOptions, Verbosity};
use crate::failure::{CommandResult, Failure};
use crate::output::Output;
use crate::source_file::SourceFile;
use crate::text_forms::{LogtimeText, SignatureText, logtime_json, signature_json};

/// States on one line of the page dump.
const STATES_PER_LINE: usize = 32;
/// Flag of a map page: its checksum is in the ECC form.
const FLAG_ECC: u32 = 0x2000;

/// Dumps a flush map.
///
/// # Errors
/// JET_errReadVerifyFailure when it is none or is damaged, JET_errFileIOBeyondEOF for a page behind its end.
pub fn run(source: &Path, options: &DumpOptions, out: &mut Output<'_>) -> CommandResult {
    out.frame(format_args!("Flush map file: {}\n", source.display()))?;
    let result = dump(source, options, out);
    write!(out, "{}", if result.is_ok() { "\n\n" } else { "\n\n\n" })?;
    result
}

fn dump(source: &Path, options: &DumpOptions, out: &mut Output<'_>) -> CommandResult {
    let file = SourceFile::open(source)?;
    let of_format = |error: FormatError| Failure::of_format(error, source);
    let header = file.bytes_at(0, MAP_PAGE_BYTES)?;
    let Some(number) = options.page.filter(|&page| page >= 0) else {
        if !header.is_empty() && header.iter().all(|&byte| byte == 0) {
            writeln!(out, "\n\nFlush map file header is empty.")?;
            return Ok(());
        }
        let header_value = FlushMapHeader::decode(&header).map_err(of_format)?;
        header_text(&header_value, &header, out)?;
        return Ok(());
    };
    let map_page_number =
        u32::try_from(number).map_err(|_| Failure::of_file(JetError::FILE_IO_BEYOND_EOF, source))?;
    let offset = u64::from(map_page_number).saturating_add(1).saturating_mul(MAP_PAGE_BYTES as u64);
    let page = file.bytes_at(offset, MAP_PAGE_BYTES)?;
    if page.len() < MAP_PAGE_BYTES {
        let problem = Problem::Truncated { needed: MAP_PAGE_BYTES as u64, available: page.len() as u64 };
        let jet = JetError::FILE_IO_BEYOND_EOF;
        return Err(of_format(
            FormatError::new(FileKind::FlushMap, offset, "map page", problem, jet).on_page(map_page_number),
        ));
    }
    if page.iter().all(|&byte| byte == 0) {
        writeln!(out, "\n\nFlush map data page is empty.")?;
        return Ok(());
    }
    let map_page = MapPage::decode(&page, map_page_number).map_err(of_format)?;
    page_text(&map_page, &page, options.verbosity, out)?;
    Ok(())
}

fn checksums(persisted: u64, calculated: u64, out: &mut Output<'_>) -> io::Result<()> {
    writeln!(out, "\n\nChecksum Information:")?;
    line("Persisted Checksum", format_args!("0x{persisted:016x}"), out)?;
    line("Calculated Checksum", format_args!("0x{calculated:016x}"), out)?;
    writeln!(out, "\nFields:")
}

fn line(label: &str, value: std::fmt::Arguments<'_>, out: &mut Output<'_>) -> io::Result<()> {
    writeln!(out, "{label:>36}: {value}")
}

/// Hexadecimal in C's alternate form: zero has no `0x`.
fn alternate_hex(number: u32) -> String {
    if number == 0 { "0".to_owned() } else { format!("{number:#x}") }
}

fn yes_no(flag: bool) -> &'static str {
    if flag { "Yes" } else { "No" }
}

fn header_text(header: &FlushMapHeader, bytes: &[u8], out: &mut Output<'_>) -> io::Result<()> {
    let fields = &header.fields;
    let stored = fields.checksum.get();
    let computed = verify_header(bytes).map_or_else(|(_, computed)| computed, |()| stored);
    checksums(stored.into(), computed.into(), out)?;
    let version = (fields.version, fields.update_major, fields.update_minor);
    line("Version", format_args!("{}.{}.{}", version.0, version.1, version.2), out)?;
    let flags = fields.flags.get();
    let clean = yes_no(header.state() == MapState::Clean);
    let new_form = yes_no(flags & FLAG_ECC != 0);
    line("Flags", format_args!("0x{flags:08x} (Clean:{clean}, NewChecksumFormat:{new_form})"), out)?;
    line("File Type", format_args!("{}", fields.file_type), out)?;
    let mut time = |label, time: &Logtime| line(label, format_args!("{}", LogtimeText(time)), out);
    time("Flush Map Creation", &fields.time_create)?;
    time("Last Flush Map Attach", &fields.time_attach)?;
    time("Last Flush Map Detach", &fields.time_detach)?;
    for (label, generation) in [
        ("Log Required Min.", fields.generation_min_required.get()),
        ("Log Required Min. (Next)", fields.generation_min_required_target.get()),
    ] {
        line(label, format_args!("{generation} ({})", alternate_hex(generation)), out)?;
    }
    let mut time = |label, time: &Logtime| line(label, format_args!("{}", LogtimeText(time)), out);
    time("Last Flush Map Full Flush Started", &fields.time_flush_started)?;
    time("Last Flush Map Full Flush Completed", &fields.time_flush_completed)?;
    for (label, signature) in [
        ("DB Header Flush Signature", &fields.header_flush_signature),
        ("Flush Map Header Flush Signature", &fields.flush_map_signature),
    ] {
        line(label, format_args!("{}", SignatureText(signature)), out)?;
    }
    out.set("header", header_json(fields, header.state()));
    Ok(())
}

fn header_json(fields: &FlushMapFields, state: MapState) -> Value {
    json!({
        "checksum": fields.checksum.get(),
        "version": {
            "version": fields.version.get(),
            "update_major": fields.update_major.get(),
            "update_minor": fields.update_minor.get(),
        },
        "flags": fields.flags.get(),
        "clean": state == MapState::Clean,
        "file_type": fields.file_type.get(),
        "created": logtime_json(&fields.time_create),
        "last_attach": logtime_json(&fields.time_attach),
        "last_detach": logtime_json(&fields.time_detach),
        "log_required_min": fields.generation_min_required.get(),
        "log_required_min_next": fields.generation_min_required_target.get(),
        "last_full_flush_started": logtime_json(&fields.time_flush_started),
        "last_full_flush_completed": logtime_json(&fields.time_flush_completed),
        "header_flush_signature": signature_json(&fields.header_flush_signature),
        "flush_map_signature": signature_json(&fields.flush_map_signature),
    })
}

fn page_text(page: &MapPage, bytes: &[u8], verbosity: Verbosity, out: &mut Output<'_>) -> io::Result<()> {
    let stored = bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
    let computed = ecc_block(bytes, BlockStart::Header, page.number()).unwrap_or_default();
    checksums(stored, computed, out)?;
    let dbtime = page.dbtime_max().unwrap_or(-1);
    line("DB Time Max.", format_args!("{} (0x{dbtime:016x})", dbtime.cast_unsigned()), out)?;
    line("Flush Map Page Number", format_args!("{0} (0x{0:08x})", page.number()), out)?;
    line("Flags", format_args!("0x{FLAG_ECC:08x} (NewChecksumFormat:Yes)"), out)?;
    let states: Vec<u8> = (0..PAGES_PER_MAP_PAGE).map(|slot| page.state(slot).bits()).collect();
    out.set(
        "page",
        json!({
            "checksum": format!("{stored:#018x}"),
            "dbtime_max": page.dbtime_max(),
            "map_page_number": page.number(),
            "first_database_page": u64::from(page.number()).saturating_mul(PAGES_PER_MAP_PAGE.into()),
            "states": states,
        }),
    );
    if verbosity == Verbosity::Summary {
        return Ok(());
    }
    writeln!(out, "\nFlush States ({PAGES_PER_MAP_PAGE} database pages):")?;
    writeln!(out, "PGNO      : FLUSH STATE")?;
    let first = page.number().saturating_mul(PAGES_PER_MAP_PAGE);
    for (number, states) in (first..).step_by(STATES_PER_LINE).zip(states.chunks(STATES_PER_LINE)) {
        write!(out, "0x{number:08x}: ")?;
        for state in states {
            write!(out, "{state} ")?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}
